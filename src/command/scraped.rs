//! What a scrape of a gateway comes to: fetched as Prometheus does, and held to the rules of its versions 2 and 3.

use super::{culprits, listener};
use crate::error::Failure;
use crate::gateway::about::About;
use crate::gateway::heal::Trouble;
use crate::gateway::store::scrape;
use crate::gateway::{self, Answer, Client, Connection, FaultKind, Header, Store};
use crate::output::Printer;

/// How Prometheus 3 asks for names that are not escaped; it can have other media types than this in its list.
const UNESCAPED: &str = "text/plain;version=1.0.0;escaping=allow-utf-8";

/// What Prometheus 3 reads (`prometheus/prometheus model/textparse/interface.go`, seen on 3.5.3); version 2 reads
/// anything as text.
const MEDIA_TYPES: [&str; 3] =
    ["text/plain", "application/openmetrics-text", "application/vnd.google.protobuf"];

/// A scrape.
pub(super) struct Scraped {
    pub samples: u64,
    /// Why there was none.
    pub refusal: Option<String>,
    /// Why Prometheus gets nothing, and what helps.
    pub troubles: Vec<Trouble>,
    /// What matters to some.
    pub warnings: Vec<String>,
}

impl Scraped {
    /// Scrapes. What is asked for is the answer, a 500 too, so it is not asked for again.
    pub(super) fn new(
        client: &Client,
        about: &About,
        store: &Store,
        printer: &mut Printer<'_>,
    ) -> Result<Self, Failure> {
        let endpoint = &client.connection().endpoint;
        let answer = gateway::get_once(client, endpoint, about.telemetry_path(), &mut listener(printer));
        match answer {
            Ok(answer) => Self::of_answer(answer, client, about, store, printer),
            Err(fault) => Self::of_fault(&fault, client, store, printer),
        }
    }

    fn of_answer(
        answer: Answer,
        client: &Client,
        about: &About,
        store: &Store,
        printer: &mut Printer<'_>,
    ) -> Result<Self, Failure> {
        let connection = client.connection();
        let media_type = answer.header("content-type").map(str::to_owned);
        let scrape::Scrape { samples, faults } = read(answer, client, about)?;
        let mut troubles = culprits::of_scrape(&faults, store, connection);
        let mut warnings = Vec::new();
        if !faults.is_empty() && about.is_on("push.enable-utf8-names") == Some(true) {
            // For whoever does not ask for them, names are escaped, and two can become one.
            let newer = Client::new(&Connection {
                headers: [connection.headers.as_slice(), &[Header::new("Accept", UNESCAPED)]].concat(),
                ..connection.clone()
            });
            let endpoint = &connection.endpoint;
            let answer = gateway::get_once(&newer, endpoint, about.telemetry_path(), &mut listener(printer))?;
            let faults = read(answer, &newer, about)?.faults;
            let older = std::mem::replace(&mut troubles, culprits::of_scrape(&faults, store, connection));
            let gone = older.into_iter().filter(|trouble| !troubles.contains(trouble));
            warnings.extend(gone.map(|trouble| format!("before Prometheus 3, {}", trouble.message)));
        }
        troubles.extend(foreign(media_type.as_deref()));
        Ok(Self { samples, refusal: None, troubles, warnings })
    }

    fn of_fault(
        fault: &gateway::Fault,
        client: &Client,
        store: &Store,
        printer: &mut Printer<'_>,
    ) -> Result<Self, Failure> {
        let words = fault.kind.words().unwrap_or_default();
        let is_refusal = matches!(&fault.kind, FaultKind::Status(answered) if answered.status == 500);
        let mut troubles = Vec::new();
        if is_refusal {
            troubles = culprits::of_refusal(words, store, client, client.connection(), printer)?;
        }
        // The first line is the same for all, the second says how many errors there are, or the only one.
        let reason = words.lines().map(str::trim).filter(|line| !line.is_empty()).nth(1);
        let refusal = match reason.filter(|_| is_refusal) {
            Some(reason) => format!("a scrape is answered with 500: {}", reason.trim_end_matches(':')),
            None => fault.kind.message(),
        };
        Ok(Self { samples: 0, refusal: Some(refusal), troubles, warnings: Vec::new() })
    }

    /// Whether there was an answer.
    pub(super) fn ok(&self) -> bool {
        self.refusal.is_none()
    }
}

fn read(answer: Answer, client: &Client, about: &About) -> Result<scrape::Scrape, Failure> {
    let endpoint = &client.connection().endpoint;
    scrape::scan(answer.reader())
        .map_err(|error| gateway::unread(client, endpoint, about.telemetry_path(), error).into())
}

/// A media type that Prometheus 3 does not read. No gateway says it; something before it does, or takes its header away.
fn foreign(content_type: Option<&str>) -> Option<Trouble> {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if MEDIA_TYPES.iter().any(|known| media_type.eq_ignore_ascii_case(known)) {
        return None;
    }
    let said = match media_type {
        "" => "without a Content-Type".to_owned(),
        other => format!("with the Content-Type `{other}`"),
    };
    Some(Trouble {
        message: format!(
            "the metrics come {said}, not the gateway's `text/plain`: Prometheus 3 drops the whole scrape unless its fallback_scrape_protocol says how to read them"
        ),
        groups: Vec::new(),
        commands: Vec::new(),
    })
}
