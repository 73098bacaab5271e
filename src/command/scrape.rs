//! Scrapes a gateway as Prometheus does, and finds what Prometheus 2 or 3 would drop.

use super::listener;
use crate::diagnose::{Problem, prometheus, scrape, scrape_failure};
use crate::error::Failure;
use crate::gateway::{self, ServerStatus, Snapshot};
use crate::http::{self, Client, Response};
use crate::output::Printer;

pub(super) struct Scraped {
    pub samples: u64,
    /// The reason why the scrape failed; `None` if it succeeded.
    pub refusal: Option<String>,
    /// Whether the gateway's metrics are inconsistent. Such a gateway also rejects every push.
    pub rejects_pushes: bool,
    /// Problems that keep Prometheus from getting any metrics, with their fixes.
    pub problems: Vec<Problem>,
    /// Problems that affect only some versions of Prometheus.
    pub warnings: Vec<String>,
}

impl Scraped {
    /// Scrapes the gateway. An error status is a valid result, so nothing is retried.
    pub(super) fn new(
        client: &Client,
        about: &ServerStatus,
        snapshot: &Snapshot,
        printer: &mut Printer<'_>,
    ) -> Result<Self, Failure> {
        let endpoint = &client.connection().endpoint;
        let answer = gateway::get_once(client, endpoint, about.telemetry_path(), &mut listener(printer));
        match answer {
            Ok(answer) => Self::of_answer(answer, client, about, snapshot, printer),
            Err(error) => Self::of_error(&error, client, snapshot, printer),
        }
    }

    fn of_answer(
        answer: Response,
        client: &Client,
        about: &ServerStatus,
        snapshot: &Snapshot,
        printer: &mut Printer<'_>,
    ) -> Result<Self, Failure> {
        let connection = client.connection();
        let media_type = answer.header("content-type").map(str::to_owned);
        let scrape::Scrape { samples, errors } = read(answer, client, about)?;
        let mut problems = scrape_failure::of_scrape(&errors, snapshot, connection);
        let mut warnings = Vec::new();
        if !errors.is_empty() && about.is_on("push.enable-utf8-names") == Some(true) {
            // Prometheus 2 receives escaped names, and different names can be equal after escaping. A problem that does
            // not affect Prometheus 3 is only a warning.
            let newer = gateway::unescaped(client);
            let endpoint = &connection.endpoint;
            let answer = gateway::get_once(&newer, endpoint, about.telemetry_path(), &mut listener(printer))?;
            let errors = read(answer, &newer, about)?.errors;
            let older =
                std::mem::replace(&mut problems, scrape_failure::of_scrape(&errors, snapshot, connection));
            let gone = older.into_iter().filter(|problem| !problems.contains(problem));
            warnings.extend(gone.map(|problem| format!("with Prometheus 2: {}", problem.message)));
        }
        problems.extend(prometheus::unreadable_media_type(media_type.as_deref()));
        Ok(Self { samples, refusal: None, rejects_pushes: false, problems, warnings })
    }

    fn of_error(
        error: &http::Error,
        client: &Client,
        snapshot: &Snapshot,
        printer: &mut Printer<'_>,
    ) -> Result<Self, Failure> {
        let mut problems = Vec::new();
        let rejects_pushes = prometheus::is_inconsistent(&error.kind);
        if rejects_pushes {
            let words = error.kind.words().unwrap_or_default();
            let connection = client.connection();
            problems = scrape_failure::of_refusal(words, snapshot, connection, |read| {
                gateway::fetch_contents(client, &connection.endpoint, read, &mut listener(printer))
            })?;
        }
        let refusal = Some(prometheus::reason(&error.kind));
        Ok(Self { samples: 0, refusal, rejects_pushes, problems, warnings: Vec::new() })
    }

    /// Returns true if the gateway answered the scrape with metrics.
    pub(super) fn ok(&self) -> bool {
        self.refusal.is_none()
    }
}

fn read(answer: Response, client: &Client, about: &ServerStatus) -> Result<scrape::Scrape, Failure> {
    let endpoint = &client.connection().endpoint;
    scrape::scan(answer.reader())
        .map_err(|error| gateway::unread(client, endpoint, about.telemetry_path(), error).into())
}
