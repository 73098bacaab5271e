//! Parses the edits that the help of a diagnostic suggests.

use pushgw::exposition::{Code, Diagnostic};
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// An edit that a help suggests.
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: String,
}

impl Edit {
    pub(super) fn apply(&self, text: &[u8]) -> Vec<u8> {
        [&text[..self.range.start], self.with.as_bytes(), &text[self.range.end..]].concat()
    }
}

/// Matches help that replaces the marked text.
static MARKED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:write|did you mean|in seconds:|in decimal:|, or) `([^`]+)`").unwrap());
/// Matches help that suggests a name similar to the marked word.
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new("for example `([^`]+)`").unwrap());
static PATH: LazyLock<Regex> = LazyLock::new(|| Regex::new("each backslash of the path: `([^`]+)`").unwrap());
static TYPE_LINE: LazyLock<Regex> = LazyLock::new(|| Regex::new("`(# TYPE [^`]+)`").unwrap());

/// Returns the edits that the help of a diagnostic suggests. There are several if it offers a choice.
pub(super) fn edits(text: &[u8], found: &Diagnostic) -> Vec<Edit> {
    let Some(help) = &found.help else { return Vec::new() };
    let line = line_of(text, found.span.start);
    if help.starts_with("remove this line") {
        return vec![Edit { range: line, with: String::new() }];
    }
    if let Some(with) = TYPE_LINE.captures(help).map(|found| found[1].to_owned()) {
        let is_type_line = text[line.clone()].starts_with(b"# TYPE");
        let range = if is_type_line { line } else { line.start..line.start };
        return vec![Edit { range, with: if is_type_line { with } else { with + "\n" } }];
    }
    // A metric name ends at other characters than a label name.
    let name_ends: &[u8] = if found.code == Code::MetricName { b" {\n" } else { b"{=,\n" };
    let words = [(&*WORD, name_ends), (&*PATH, b"\"\n")];
    for (pattern, ends) in words {
        if let Some(with) = pattern.captures(help).map(|found| found[1].to_owned()) {
            return vec![Edit { range: word_at(text, found.span.start, ends), with }];
        }
    }
    MARKED
        .captures_iter(help)
        .map(|with| Edit { range: found.span.clone(), with: with[1].to_owned() })
        .collect()
}

fn line_of(text: &[u8], at: usize) -> Range<usize> {
    word_at(text, at, b"\n")
}

/// Returns the range around `at` up to one of `ends` on each side.
fn word_at(text: &[u8], at: usize, ends: &[u8]) -> Range<usize> {
    let is_end = |byte: &u8| ends.contains(byte);
    let start = text[..at].iter().rposition(is_end).map_or(0, |start| start + 1);
    start..text[at..].iter().position(is_end).map_or(text.len(), |len| at + len)
}
