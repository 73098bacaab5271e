//! Checks the text of `/metrics` as Prometheus does.
//!
//! Prometheus can show a target as down although the gateway responds with 200, because a single bad line
//! makes Prometheus drop the whole scrape. Such a line has a HELP text that is not valid UTF-8, or a series
//! with the same label twice (Prometheus 2.42 reports "help text is not a valid utf8 string" or "label name
//! \"le\" is not unique").
//!
//! The rules are from `prometheus/prometheus model/textparse/promparse.go` and the scrape loop, which accepts
//! duplicate series. The text is read line by line, because it can be large.

use super::scrape_line::{sample, skip_spaces, take_metric_name};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};

/// Maximum number of errors to collect. Prometheus itself stops at the first one.
const MAX_ERRORS: usize = 50;
/// Maximum number of bytes in a line, to limit memory use.
const LINE_LIMIT: u64 = 4 * 1024 * 1024;

/// A line that makes Prometheus drop the scrape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    /// The line number, starting at 1.
    pub line: u64,
    pub reason: Reason,
}

/// The reason why Prometheus rejects a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A HELP text is not valid UTF-8.
    HelpNotUtf8 { family: String },
    /// A series has the same label twice.
    LabelTwice {
        series: String,
        label: String,
        /// The values of each label, by name.
        labels: BTreeMap<String, Vec<String>>,
    },
    /// The line has a syntax error. No known gateway produces such a line.
    Syntax {
        /// A description of the expected text.
        expected: String,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrape {
    pub samples: u64,
    /// The lines that make Prometheus drop the scrape. Empty if Prometheus accepts it.
    pub errors: Vec<LineError>,
}

/// Checks the text of `/metrics`.
///
/// # Errors
///
/// Returns an error if the response can't be read completely.
pub fn scan(text: impl Read) -> io::Result<Scrape> {
    let mut reader = BufReader::new(text);
    let mut scrape = Scrape::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        // The last line is valid without a newline, because Prometheus adds it.
        let is_cut = !line.ends_with(b"\n") && u64::try_from(line.len()) == Ok(LINE_LIMIT);
        line.pop_if(|byte| *byte == b'\n');
        let checked =
            if is_cut { Err(Reason::Syntax { expected: "a shorter line".to_owned() }) } else { check(&line) };
        match checked {
            Ok(is_sample) => scrape.samples += u64::from(is_sample),
            Err(reason) if scrape.errors.len() < MAX_ERRORS => {
                scrape.errors.push(LineError { line: number, reason });
            }
            Err(_) => {}
        }
    }
    Ok(scrape)
}

/// Checks a line. Returns true if it is a sample.
fn check(line: &[u8]) -> Result<bool, Reason> {
    let line = skip_spaces(line);
    match line.first() {
        None => Ok(false),
        Some(b'#') => comment(&line[1..]).map(|()| false),
        Some(_) => check_sample(line).map(|()| true),
    }
}

fn comment(text: &[u8]) -> Result<(), Reason> {
    let spaces = |text: &[u8]| text.len() - skip_spaces(text).len();
    let body = skip_spaces(text);
    // Without a space after the `#`, the line is an ordinary comment.
    let keyword = body.get(..4).filter(|word| spaces(text) > 0 && (*word == b"HELP" || *word == b"TYPE"));
    let Some(keyword) = keyword.filter(|_| spaces(&body[4..]) > 0) else { return Ok(()) };
    let expected = |expected: &str| Reason::Syntax { expected: expected.to_owned() };
    let (name, rest) = take_metric_name(skip_spaces(&body[4..]))
        .ok_or_else(|| expected("a metric name after HELP or TYPE"))?;
    // A single character separates the name from the text.
    let text = rest.get(1..).unwrap_or_default();
    if keyword == b"HELP" {
        return match std::str::from_utf8(text) {
            Ok(_) => Ok(()),
            Err(_) => Err(Reason::HelpNotUtf8 { family: string(&name) }),
        };
    }
    match text {
        b"counter" | b"gauge" | b"histogram" | b"summary" | b"untyped" => Ok(()),
        _ => Err(expected("a type that Prometheus knows")),
    }
}

fn check_sample(line: &[u8]) -> Result<(), Reason> {
    let expected = |expected: &str| Reason::Syntax { expected: expected.to_owned() };
    let sample = sample(line).map_err(expected)?;
    let is_number = !sample.value.contains(['_', 'p', 'P']) && sample.value.parse::<f64>().is_ok();
    let is_time = sample.timestamp.is_none_or(|time| time.parse::<i64>().is_ok());
    if !is_number || !is_time {
        return Err(expected("a number"));
    }
    if sample.labels.iter().any(|(_, value)| std::str::from_utf8(value).is_err()) {
        return Err(expected("label values in UTF-8"));
    }
    let names = || sample.labels.iter().map(|(name, _)| name);
    let twice = names().enumerate().find(|(at, name)| names().take(*at).any(|other| other == *name));
    let Some((_, label)) = twice else { return Ok(()) };
    let mut labels: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &sample.labels {
        labels.entry(string(name)).or_default().push(string(value));
    }
    Err(Reason::LabelTwice { series: string(&sample.name), label: string(label), labels })
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn errors(text: &[u8]) -> Vec<(u64, String)> {
        let shown = |reason: Reason| match reason {
            Reason::HelpNotUtf8 { family } => format!("help {family}"),
            Reason::LabelTwice { series, label, labels } => format!("{series} {label} {:?}", labels[&label]),
            Reason::Syntax { expected } => expected,
        };
        scan(text).unwrap().errors.into_iter().map(|error| (error.line, shown(error.reason))).collect()
    }

    #[test]
    fn lines_that_make_prometheus_drop_a_scrape_are_found() {
        let text = b"# HELP a x\xffy\n# TYPE a gauge\na 1\n# TYPE h histogram\n\
            h_bucket{instance=\"\",job=\"l\",le=\"5\",le=\"1\"} 1\nb{l=\"\xff\"} 1\n";
        assert_eq!(
            errors(text),
            [
                (1, "help a".to_owned()),
                (5, r#"h_bucket le ["5", "1"]"#.to_owned()),
                (6, "label values in UTF-8".to_owned())
            ]
        );
        for (line, expected) in [
            ("# TYPE a gaugehistogram\n", "a type that Prometheus knows"),
            ("# TYPE a COUNTER\n", "a type that Prometheus knows"),
            ("# HELP 1a x\n", "a metric name after HELP or TYPE"),
            ("a 0x_1\n", "a number"),
            ("a 1 x\n", "a number"),
            ("{} 1\n", "a metric name"),
        ] {
            assert_eq!(errors(line.as_bytes()), [(1, expected.to_owned())], "{line}");
        }
    }

    #[test]
    fn responses_of_real_gateways_are_accepted() {
        for text in [
            include_str!("../../tests/data/groups/1.5.1.txt"),
            include_str!("../../tests/data/groups/1.11.0.txt"),
            include_str!("../../tests/data/groups/1.11.2.txt"),
        ] {
            let lines = text.lines().filter(|line| !line.starts_with('#')).count();
            let scrape = scan(text.as_bytes()).unwrap();
            assert_eq!(scrape.errors, []);
            assert_eq!(scrape.samples, lines as u64);
        }
        // Prometheus drops only the duplicate series, and a NUL byte is valid UTF-8.
        let accepted = "#HELP\n# HELPING a\n#\n\n# HELP a\n# HELP \"b c\" x\na NaN\na{l=\"\0\"} +Inf 12\na NaN\n{\"b c\"} 1";
        assert_eq!(scan(accepted.as_bytes()).unwrap(), Scrape { samples: 4, errors: Vec::new() });
    }

    proptest! {
        #[test]
        fn no_text_causes_a_panic(text in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = scan(text.as_slice());
        }
    }
}
