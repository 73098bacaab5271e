//! Reads the texts in `tests/data/openmetrics`, and converts texts.

use crate::support::read_repo_file;
use pushgw::exposition::{CheckOptions, Diagnostic, Text, TextFormat, apply, check};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) text: String,
    /// The lines on which the first error may be reported; empty if the text is valid.
    #[serde(default)]
    pub(super) lines: Vec<usize>,
    /// The reason why only `client_python` accepts the text.
    pub(super) only: Option<String>,
    /// Whether a series has more than one sample.
    #[serde(default)]
    pub(super) points: bool,
}

impl Case {
    pub(super) fn is_valid(&self) -> bool {
        self.lines.is_empty() && self.only.is_none() && !self.points
    }
}

pub(super) fn cases() -> Vec<Case> {
    let text = read_repo_file("tests/data/openmetrics/cases.jsonl");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns a text written by the Rust client library.
pub(super) fn client_rust() -> String {
    read_repo_file("tests/data/openmetrics/client_rust.txt")
}

/// The result of a check and conversion.
#[derive(Debug)]
pub(super) struct Converted {
    /// The text in the Prometheus format, if there was no error.
    pub(super) text: Option<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Checks and converts a text like `pushgw convert`, but without starting a process.
pub(super) fn convert(text: &[u8]) -> Converted {
    let format = TextFormat::Openmetrics;
    convert_with(
        text,
        &CheckOptions {
            format,
            convert_only: true,
            utf8_names: true,
            allow_empty: true,
            ..CheckOptions::PLAIN
        },
    )
}

/// Like [`convert`], but with these rules.
pub(super) fn convert_with(text: &[u8], rules: &CheckOptions<'_>) -> Converted {
    let report = check(Text { bytes: text, starts: &[0] }, rules);
    let converted = (report.errors == 0).then(|| apply(text, &report.splices).into_owned());
    Converted {
        text: converted.map(|text| String::from_utf8(text).unwrap()),
        diagnostics: report.diagnostics,
    }
}

/// Returns the line number of the first error in these messages.
pub(super) fn first_error_line(short: &str) -> Option<usize> {
    let error = short.lines().find(|line| line.contains(": error: "))?;
    error.split(':').find_map(|part| part.parse().ok())
}
