//! Compares the verdict of a gateway with the checker's verdict on the same text.

use super::generate;
use crate::support::{Client, Random};
use pushgw::exposition::{Category, CheckOptions, Code, Diagnostic, Report, Severity, Text, apply, check};
use pushgw::grouping::{GroupingKey, KeyRules, Label};
use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;

/// The labels, in addition to `job`, with which the cases are pushed.
const KEYS: [&[(&str, &str)]; 9] = [
    &[],
    &[],
    &[],
    &[("instance", "x")],
    &[("a", "1")],
    &[],
    &[("quantile", "0.5")],
    &[("le", "1")],
    &[("b", "2"), ("instance", "y")],
];

/// A text, and options for pushing it.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) text: Vec<u8>,
    /// The start of each file in the text.
    pub(super) starts: Vec<usize>,
    pub(super) utf8_names: bool,
    key: GroupingKey,
    /// Whether to push the repaired text instead of the original.
    repaired: bool,
    default_type: Option<&'static str>,
    strip_timestamps: bool,
}

impl Case {
    pub(super) fn generate(random: &mut Random, utf8_names: bool) -> Self {
        let text = generate::text(random);
        let repaired = random.chance(30);
        let mut starts = vec![0];
        // Only repaired texts can have several files, because the repairs make concatenated files valid.
        if repaired && random.chance(30) {
            starts.extend([random.below(text.len() + 1), random.below(text.len() + 1)]);
            starts.sort_unstable();
        }
        Self {
            text,
            starts,
            utf8_names,
            key: key(random.pick(&KEYS)),
            repaired,
            default_type: (repaired && random.chance(40))
                .then(|| random.pick(&["gauge", "counter", "untyped"])),
            strip_timestamps: repaired && random.chance(40),
        }
    }

    /// Returns a case for each key, with the text unchanged and with the text repaired.
    pub(super) fn all_of(text: &[u8], utf8_names: bool) -> impl Iterator<Item = Self> {
        KEYS.iter().skip(2).flat_map(move |labels| {
            let new = move |repaired| Self {
                text: text.to_vec(),
                starts: vec![0],
                utf8_names,
                key: key(labels),
                repaired,
                default_type: None,
                strip_timestamps: false,
            };
            [new(false), new(true)]
        })
    }

    pub(super) fn check(&self) -> Report {
        check(Text { bytes: &self.text, starts: &self.starts }, &self.options())
    }

    pub(super) fn options(&self) -> CheckOptions<'_> {
        CheckOptions {
            grouping: Some(&self.key),
            utf8_names: self.utf8_names,
            allow_empty: true,
            default_type: self.default_type,
            strip_timestamps: self.strip_timestamps,
            ..CheckOptions::PLAIN
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.text[..self.text.len().min(2_000)];
        writeln!(f, "text, {} bytes: b\"{}\"", self.text.len(), shown.escape_ascii())?;
        write!(
            f,
            "files at {:?}, key: {}, utf8_names: {}, repaired: {}, default_type: {:?}, strip_timestamps: {}",
            self.starts, self.key, self.utf8_names, self.repaired, self.default_type, self.strip_timestamps
        )
    }
}

fn key(labels: &[(&str, &str)]) -> GroupingKey {
    let labels =
        labels.iter().map(|(name, value)| Label { name: (*name).to_owned(), value: (*value).to_owned() });
    GroupingKey::new("x", labels, KeyRules::default()).unwrap()
}

/// The result of a push, or the checker's prediction of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    /// Rejected by the parser, with the line number.
    Parse(usize),
    /// Rejected by the store.
    Store,
    /// The parser crashed and the connection was closed. The gateway does not report the line.
    Crash,
}

impl Verdict {
    /// Returns true if the checker's verdict is the same.
    fn agrees(&self, ours: &Self) -> bool {
        match (self, ours) {
            (Self::Crash, Self::Parse(_)) => true,
            (gateways, ours) => gateways == ours,
        }
    }
}

/// Returns the checker's verdict.
fn our_verdict(report: &Report, text: &[u8]) -> Verdict {
    let refusals = report.diagnostics.iter().filter(|diagnostic| diagnostic.severity != Severity::Warning);
    let refusals: Vec<_> =
        refusals.filter(|diagnostic| diagnostic.code.category() != Category::Pushgw).collect();
    let parse = refusals.iter().filter(|diagnostic| diagnostic.code.category() == Category::Parser);
    match parse.map(|diagnostic| diagnostic.span.start).min() {
        Some(at) => Verdict::Parse(text[..at].split(|byte| *byte == b'\n').count()),
        None if refusals.is_empty() => Verdict::Accepted,
        None => Verdict::Store,
    }
}

/// A case on which the checker and the gateway disagree.
#[derive(Debug)]
pub(super) struct Disagreement {
    case: Case,
    gateway: (Verdict, String),
    ours: Verdict,
    report: Report,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, gateway: (verdict, body), ours, report } = self;
        writeln!(f, "{case}\nthe gateway: {verdict:?} {body}\nthe checker: {ours:?}")?;
        for diagnostic in &report.diagnostics {
            writeln!(
                f,
                "  {:?} {:?} {:?} {}",
                diagnostic.severity, diagnostic.code, diagnostic.span, diagnostic.message
            )?;
        }
        Ok(())
    }
}

/// The results of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) accepted: u64,
    parse: u64,
    store: u64,
    crash: u64,
    /// Number of texts that were not pushed because only pushgw rejects them. Some would affect later pushes.
    not_pushed: u64,
    /// Number of texts with a line that the server's parser misreads.
    misread: u64,
    warned: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.parse += other.parse;
        self.store += other.store;
        self.crash += other.crash;
        self.not_pushed += other.not_pushed;
        self.misread += other.misread;
        self.warned += other.warned;
    }

    pub(super) fn judged(&self) -> u64 {
        self.accepted + self.parse + self.store + self.crash
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, parse, store, crash, not_pushed, misread, warned } = self;
        write!(
            f,
            "{} judged: {accepted} accepted ({warned} of them with a warning), {parse} rejected by the parser, {store} by \
             the store, {crash} crashed the parser; {not_pushed} not pushed, and {misread} for a line that the parser misreads",
            self.judged()
        )
    }
}

/// A gateway to compare with.
pub(super) struct Oracle {
    client: Client,
    /// The group of the last push.
    group: Option<String>,
}

impl Oracle {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { client: Client::new(address), group: None }
    }

    /// Pushes a case and compares the verdicts.
    pub(super) fn judge(&mut self, case: &Case, tally: &mut Tally) -> Result<(), Box<Disagreement>> {
        let report = case.check();
        let body = if case.repaired { apply(&case.text, &report.splices) } else { (&*case.text).into() };
        // Repairs do not change the number of lines, except by inserting a TYPE line.
        let report_of_body = if case.repaired {
            check(Text { bytes: &body, starts: &[0] }, &case.options())
        } else {
            report.clone()
        };
        let has = |codes: &[Code]| report_of_body.diagnostics.iter().any(|found| codes.contains(&found.code));
        if has(&[Code::ReservedName]) {
            tally.not_pushed += 1;
            return Ok(());
        }
        if has(&[Code::NamelessSample, Code::ParserCrash]) {
            assert!(report_of_body.errors > 0, "{case}");
            tally.misread += 1;
            return Ok(());
        }
        let ours = our_verdict(&report_of_body, &body);
        let gateway = self.push(&case.key.path(), &body);
        match gateway.0 {
            Verdict::Accepted => tally.accepted += 1,
            Verdict::Parse(_) => tally.parse += 1,
            Verdict::Store => tally.store += 1,
            Verdict::Crash => tally.crash += 1,
        }
        // If a text needs only repairs, it must be accepted after them. A file in another format gets no repairs, so the
        // next file would continue its last line.
        let is_cut = case.starts.len() > 1 && report.diagnostics.iter().any(|d| d.code == Code::WrongFormat);
        let promised = !case.repaired
            || is_cut
            || (gateway.0 == Verdict::Accepted)
                == report.diagnostics.iter().all(|diagnostic| {
                    diagnostic.severity != Severity::Error || diagnostic.code.category() == Category::Pushgw
                });
        if gateway.0.agrees(&ours) && promised {
            tally.warned += u64::from(gateway.0 == Verdict::Accepted && report.warnings > 0);
            return Ok(());
        }
        Err(Box::new(Disagreement { case: case.clone(), gateway, ours, report }))
    }

    /// Pushes a case to an older gateway, unless the checker warns about older gateways. Returns true if it was pushed,
    /// and the gateway's error message if it was rejected.
    pub(super) fn is_accepted_too(&mut self, case: &Case) -> Result<bool, String> {
        let report = case.check();
        let silent = |diagnostic: &Diagnostic| {
            diagnostic.severity == Severity::Warning && diagnostic.code != Code::OlderGateway
        };
        if !report.diagnostics.iter().all(silent) {
            return Ok(false);
        }
        match self.push(&case.key.path(), &apply(&case.text, &report.splices)) {
            (Verdict::Accepted, _) => Ok(true),
            (_, message) => Err(message),
        }
    }

    fn push(&mut self, path: &str, body: &[u8]) -> (Verdict, String) {
        if let Some(group) = self.group.take_if(|group| group != path) {
            // The server processes this before the next push.
            self.client.request("DELETE", group.as_bytes(), &[], b"").unwrap();
        }
        self.group = Some(path.to_owned());
        let answer = match self.client.request("PUT", path.as_bytes(), &[], body) {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return (Verdict::Crash, String::new()),
            Err(error) => panic!("{error}: {}", body.escape_ascii()),
        };
        let text = answer.text();
        let verdict = match answer.status {
            200 => Verdict::Accepted,
            400 => match text.strip_prefix("text format parsing error in line ") {
                Some(rest) => Verdict::Parse(rest.split(':').next().unwrap().parse().unwrap()),
                None => Verdict::Store,
            },
            status => panic!("{status}: {text}"),
        };
        (verdict, text)
    }

    /// Removes lines and then bytes from a case as long as the verdicts still differ.
    pub(super) fn shrink(&mut self, mut smallest: Box<Disagreement>) -> Box<Disagreement> {
        let mut budget = 3_000;
        for simpler in [
            Case { repaired: false, ..smallest.case.clone() },
            Case { starts: vec![0], ..smallest.case.clone() },
            Case { key: key(&[]), ..smallest.case.clone() },
        ] {
            if let Err(disagreement) = self.judge(&simpler, &mut Tally::default()) {
                smallest = disagreement;
            }
        }
        loop {
            let before = smallest.case.text.len();
            for pieces in
                [lines(&smallest.case.text), smallest.case.text.chunks(1).map(<[u8]>::to_vec).collect()]
            {
                let mut pieces = pieces;
                let mut at = pieces.len();
                while at > 0 && budget > 0 {
                    at -= 1;
                    budget -= 1;
                    let piece = pieces.remove(at);
                    let case = Case { text: pieces.concat(), ..smallest.case.clone() };
                    match self.judge(&case, &mut Tally::default()) {
                        Ok(()) => pieces.insert(at, piece),
                        Err(disagreement) => smallest = disagreement,
                    }
                }
            }
            if smallest.case.text.len() == before || budget == 0 {
                return smallest;
            }
        }
    }
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}
