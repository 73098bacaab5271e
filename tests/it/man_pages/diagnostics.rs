//! Generates the manual's explanation of each checker code, with an example that is checked.

use super::roff::{escape, filled};
use pushgw::exposition::{self, Category, CheckOptions, Code, Severity, Text, TextFormat};
use pushgw::grouping::{EmptyValues, GroupingKey, KeyRules, Label, Names};
use std::fmt::Write as _;

/// Returns every code with its explanation and its example.
pub(super) fn diagnostics() -> String {
    let mut text = String::new();
    for (category, heading) in [
        (Category::Parser, "Rejected by the gateway's parser"),
        (Category::Store, "Rejected by the gateway's store"),
        (Category::Pushgw, "Rejected by pushgw, because the gateway may accept it and then break"),
        (Category::Openmetrics, "Rejected by pushgw in OpenMetrics input"),
        (Category::Advice, "Warnings"),
        (Category::Lint, "Warnings with --lint"),
    ] {
        _ = writeln!(text, ".SS \"{}\"", escape(heading));
        for code in Code::ALL.iter().filter(|code| code.category() == category) {
            let fixed = if severity(*code) == Severity::Fixed { " (repaired)" } else { "" };
            let summary = filled(&escape(code.summary()));
            _ = write!(text, ".TP\n\\fB{}\\fR{fixed}\n{summary}", escape(code.as_str()));
            if let Some(needed) = needed_label(*code) {
                _ = writeln!(text, "For example with \\fB{}\\fR:", escape(&format!("-l {needed}=x")));
            }
            _ = writeln!(text, ".nf\n{}\n.fi", example(*code));
        }
    }
    text
}

/// Returns the label that the group needs for the example of a code.
fn needed_label(code: Code) -> Option<&'static str> {
    match code {
        Code::QuantileInKey => Some("quantile"),
        Code::LeInKey => Some("le"),
        _ => None,
    }
}

/// Returns the severity of the diagnostic for the example of a code.
fn severity(code: Code) -> Severity {
    let labels = needed_label(code).map(|name| Label::new(name, "x"));
    let names = KeyRules { empty_values: EmptyValues::Reject, names: Names::Legacy };
    let key = GroupingKey::new("j", labels, names).unwrap();
    let strip_timestamps = code == Code::StrippedNumber;
    let format = match code.category() {
        Category::Openmetrics => TextFormat::Openmetrics,
        _ => TextFormat::Prometheus,
    };
    let rules =
        CheckOptions { grouping: Some(&key), strip_timestamps, lint: true, format, ..CheckOptions::PLAIN };
    let report = exposition::check(Text { bytes: code.example(), starts: &[0] }, &rules);
    report.diagnostics.iter().find(|found| found.code == code).expect("an example of its rule").severity
}

/// Returns the lines of the example, with invisible characters in angle brackets.
fn example(code: Code) -> String {
    let bytes = code.example();
    let mut text = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if at + 1 < bytes.len() => text.push('\n'),
            b'\n' => {}
            b'\r' => text.push_str("<CR>"),
            b' ' if bytes.get(at + 1).is_none_or(|next| *next == b'\n') => text.push_str("<space>"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => _ = write!(text, "<{byte:02X}>"),
        }
    }
    if !bytes.ends_with(b"\n") {
        text.push_str("<end of the file>");
    }
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}
