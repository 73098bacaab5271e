//! Compares the checker and the conversion with `client_python`, which runs in a separate process (`oracle.py`).
//!
//! - Accepted texts have the same meaning. The converted text, and the text that `client_python` itself generates after
//!   parsing the OpenMetrics text, must be the same to its parser of the Prometheus format. This compares families,
//!   types, help, the order of samples, and the bits of their values, but neither the order of families nor timestamps,
//!   which are stripped.
//! - Both give the same verdict on a text, except for the differences in `excuse`.
//!
//! A run is deterministic, see `differential`.

use super::corpus::{Converted, cases, client_rust, convert, first_error_line};
use super::generate;
use crate::differential::{SEED, setting};
use crate::support::{InProcessOutput, Random, TIMEOUT, fetch, in_process, repo_file};
use pushgw::exposition::Code;
use serde::Deserialize;
use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// Number of generated texts in a run, and number of mutated texts.
const CASES: u64 = 1_000;

struct Oracle {
    child: Child,
    stdin: ChildStdin,
    answers: Receiver<String>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    /// The error with which `client_python` rejects the text.
    error: Option<String>,
    /// The difference in the converted text, if any.
    difference: Option<String>,
}

impl Oracle {
    fn start() -> Self {
        let python = fetch("prometheus-client").remove(0).path;
        let mut child = Command::new(python)
            .arg(repo_file("tests/it/openmetrics/oracle.py"))
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, stdin, answers }
    }

    fn ask(&mut self, text: &[u8], converted: Option<&str>) -> Answer {
        let length = converted.map_or(-1, |converted| i64::try_from(converted.len()).unwrap());
        let mut request = format!("{} {length}\n", text.len()).into_bytes();
        request.extend_from_slice(text);
        request.extend_from_slice(converted.unwrap_or_default().as_bytes());
        self.stdin.write_all(&request).unwrap();
        let answer = self.answers.recv_timeout(TIMEOUT).expect("client_python answers");
        serde_json::from_str(&answer).unwrap()
    }

    /// Returns a description of what is wrong with the verdict or the conversion of this text, if anything.
    fn judge(&mut self, text: &[u8]) -> Option<String> {
        let output = convert(text);
        let answer = self.ask(text, output.text.as_deref());
        let problem = match (&output.text, &answer.error) {
            (Some(_), Some(error)) => format!("client_python rejects it: {error}"),
            (None, None) => "pushgw rejects it".to_owned(),
            _ => answer.difference?,
        };
        if excuse(text, answer.error.as_deref(), &output).is_some() {
            return None;
        }
        Some(match output.text {
            Some(converted) => format!("{problem}\nconverted:\n{converted}"),
            None => format!("{problem}\n{:#?}", output.diagnostics),
        })
    }

    /// Like [`Oracle::judge`], but panics with the shortest text that has the same problem.
    #[track_caller]
    fn assert_agrees(&mut self, text: &[u8], context: &str) {
        let Some(mut problem) = self.judge(text) else { return };
        let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let mut at = 0;
        while at < lines.len() {
            let mut fewer = lines.clone();
            fewer.remove(at);
            match self.judge(&fewer.concat()) {
                Some(still) => (lines, problem) = (fewer, still),
                None => at += 1,
            }
        }
        panic!("{context}\n{}\n{problem}", lines.concat().escape_ascii().to_string().replace("\\n", "\n"));
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the reason why pushgw's verdict may differ from `client_python`'s.
fn excuse(text: &[u8], error: Option<&str>, converted: &Converted) -> Option<&'static str> {
    let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    if let Some(error) = error {
        let is_quoted = text.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"{\""));
        return match error {
            "ValueError: " if is_quoted => {
                Some("client_python does not read a quoted name that has no metadata")
            }
            _ if error.contains("# {") && error.contains("\\\"") => {
                Some("client_python does not know escapes when it looks for the end of an exemplar's labels")
            }
            _ if error.starts_with("AttributeError") || error.starts_with("TypeError") => {
                Some("client_python cannot compare timestamps that are written in different ways")
            }
            _ => None,
        };
    }
    if converted.text.is_some() {
        return has(b" -0.").then_some("client_python reads the timestamp -0.5 as 0.5");
    }
    let is_only = |codes: &[Code]| converted.diagnostics.iter().all(|found| codes.contains(&found.code));
    if is_only(&[Code::DuplicateSeries, Code::BucketOrder, Code::IncompleteHistogram]) {
        return if has_repeated_series(text) {
            Some("client_python ignores a sample whose series was there before with the same timestamp")
        } else {
            text.windows(9)
                .any(|part| part == b"quantile=")
                .then_some("a gateway compares quantiles as numbers")
        };
    }
    // An incomplete histogram is often caused by an invalid sample.
    let first = converted.diagnostics.iter().find(|found| found.code != Code::IncompleteHistogram)?;
    let (before, rest) = text.split_at(first.span.start);
    let before = before.rsplit(|byte| *byte == b'\n').next()?;
    let rest = rest.split(|byte| *byte == b'\n').next()?;
    // An invalid TYPE line causes errors in the samples after it.
    let is_metadata = before.first().or(rest.first()) == Some(&b'#');
    if !is_metadata && !is_only(&[first.code, Code::IncompleteHistogram]) {
        return None;
    }
    match first.code {
        Code::Spacing => {
            Some("client_python accepts several spaces, spaces around labels, and any character after labels")
        }
        Code::Value if before.ends_with(b"}") => Some("client_python accepts any character after labels"),
        Code::InvalidComment => Some("client_python does not look at the first word of metadata"),
        _ if [before, rest].concat().contains(&b'\r') => {
            Some("client_python removes white space around words")
        }
        Code::LabelName | Code::MetricName if before.last() == Some(&b'"') => {
            Some("client_python accepts text after the closing quote of a name")
        }
        Code::LabelName if first.message.ends_with("`:`") => {
            Some("client_python accepts a colon in the name of a label")
        }
        Code::MultipleMetricNames if rest.contains(&b':') || has(b"\"\"") => {
            Some("the last two, in a line with a quoted name")
        }
        Code::Quantile | Code::BucketBound if first.message.ends_with("is not a number") => {
            Some("client_python accepts white space around the numbers in labels")
        }
        Code::Value
            if rest.len() > 3
                && matches!(rest[0], b'+' | b'-')
                && rest[1..4].eq_ignore_ascii_case(b"nan") =>
        {
            Some("client_python accepts NaN with a sign")
        }
        Code::InvalidExemplar if first.message.contains("is not a number") => {
            Some("client_python accepts numbers in exemplars that are too large")
        }
        Code::Value if first.message.ends_with("is too large") => {
            Some("client_python takes a number that does not fit for infinity")
        }
        Code::InvalidTimestamp if rest[..first.span.len()].contains(&b'"') => {
            Some("client_python ignores what is in quotes after the value")
        }
        Code::InvalidTimestamp if rest[..first.span.len()].iter().any(|byte| matches!(byte, b'e' | b'E')) => {
            Some("the text format has no such timestamp")
        }
        _ => None,
    }
}

fn has_repeated_series(text: &[u8]) -> bool {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let series = |line: &[u8]| {
        let end = line.windows(2).position(|two| two == b"} ");
        let end = end.or_else(|| line.iter().position(|byte| *byte == b' '));
        let mut series = line[..end.unwrap_or(line.len())].to_vec();
        // The labels can be in another order.
        series.sort_unstable();
        series
    };
    let mut seen = HashSet::new();
    !lines.map(series).all(|series| seen.insert(series))
}

/// Runs `judge` with the numbers of the cases in two threads, each with its own oracle and random input.
fn in_two_threads(judge: impl Fn(&mut Oracle, &mut Random, &str) + Sync) {
    let (seed, cases) = (setting("PUSHGW_TEST_SEED", SEED), setting("PUSHGW_TEST_CASES", CASES));
    let context = format!("PUSHGW_TEST_SEED={seed} PUSHGW_TEST_CASES={cases}");
    thread::scope(|scope| {
        for offset in 0..2 {
            let (judge, context) = (&judge, &context);
            scope.spawn(move || {
                let mut oracle = Oracle::start();
                let mut random = Random::with_seed(seed.wrapping_mul(2).wrapping_add(offset));
                for _ in 0..cases.div_ceil(2) {
                    judge(&mut oracle, &mut random, context);
                }
            });
        }
    });
}

#[test]
#[ignore = "needs Python's prometheus-client (fetched on first use)"]
fn texts_of_other_projects_keep_their_meaning() {
    let mut oracle = Oracle::start();
    oracle.assert_agrees(client_rust().as_bytes(), "client_rust");
    for case in cases().iter().filter(|case| case.only.is_none()) {
        oracle.assert_agrees(case.text.as_bytes(), &case.name);
    }
}

#[test]
#[ignore = "needs Python's prometheus-client (fetched on first use)"]
fn generated_texts_keep_their_meaning() {
    in_two_threads(|oracle, random, context| {
        let utf8_names = random.chance(30);
        let text = generate::text(random, utf8_names);
        let answer = oracle.ask(&text, None);
        assert!(answer.error.is_none(), "{context}\n{}\n{answer:?}", String::from_utf8_lossy(&text));
        oracle.assert_agrees(&text, context);
    });
}

#[test]
#[ignore = "needs Python's prometheus-client (fetched on first use)"]
fn a_mutated_text_gets_the_same_verdict() {
    in_two_threads(|oracle, random, context| {
        let utf8_names = random.chance(30);
        let text = generate::text(random, utf8_names);
        let text = generate::mutate(random, &text);
        oracle.assert_agrees(&text, context);
    });
}

/// Runs `pushgw convert` on this text, with one message per line.
fn call(text: &str) -> InProcessOutput {
    in_process("http://127.0.0.1:1", text.as_bytes(), ["convert", "--message-format", "short"])
}

#[test]
fn valid_texts_of_other_projects_are_converted() {
    for case in cases().iter().filter(|case| case.is_valid()) {
        let output = call(&case.text);
        let converted = convert(case.text.as_bytes()).text.unwrap();
        assert_eq!((output.code, output.stdout, &*output.stderr), (0, converted, ""), "{case:?}");
    }
    assert_eq!(call(&client_rust()).code, 0);
}

#[test]
fn invalid_texts_of_other_projects_are_rejected_at_the_right_line() {
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| !case.lines.is_empty()) {
        let output = call(&case.text);
        let line = first_error_line(&output.stderr);
        if (output.code, &*output.stdout) != (3, "") || !line.is_some_and(|line| case.lines.contains(&line)) {
            wrong.push(format!("{case:?}\nexit {}, {}{}", output.code, output.stdout, output.stderr));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
