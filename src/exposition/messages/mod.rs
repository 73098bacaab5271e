//! Diagnostic messages that depend on the input, with suggested fixes.
//!
//! The server's own messages describe the states of its parser (`expected float as value, got "1n"`). These functions
//! recognize common mistakes instead. They never change whether a line is rejected.

mod bound;
mod name;
mod number;
mod value;

use super::code::Code;
use super::findings::Message;
use super::model::kind::Kind;
use super::options::CheckOptions;
use super::text::scan::{SyntaxError, SyntaxErrorKind, character};
use crate::grouping::LegacyName;
pub(super) use bound::bound;
pub(super) use number::with_spaces;
use std::ops::Range;
pub(super) use value::{JOINED_LINES, first_word, rest, value};

const LABEL_SYNTAX: &str = "write it as `name=\"value\"`";
pub(super) const EMPTY_VARIABLE: &str = "is the variable that should contain it empty?";
const SHELL_QUOTES: &str = "are these shell quotes? remove them";
const TEMPLATE: &str = "is it a template that was not filled in?";
const COLOR: &str = "is it a color code? turn colors off, for example with `NO_COLOR=1`";
/// Quotation marks used by word processors or in other languages.
const TYPOGRAPHIC_QUOTES: [&[u8]; 10] = [
    b"\xe2\x80\x9c",
    b"\xe2\x80\x9d",
    b"\xe2\x80\x9e",
    b"\xe2\x80\x98",
    b"\xe2\x80\x99",
    b"\xe2\x80\x9a",
    b"\xc2\xab",
    b"\xc2\xbb",
    b"\xe2\x80\xb3",
    b"\xc2\xb4",
];
const PLAIN_QUOTE: &str = "use the plain quote `\"`; a word processor may have replaced it";

/// Quotes user input for a message: in backticks, shortened, and safe to print.
pub(super) fn quoted(bytes: &[u8]) -> String {
    const MAX_CHARS: usize = 60;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * MAX_CHARS)]);
    let mut short: String = text.chars().take(MAX_CHARS).collect();
    if short.len() < bytes.len() && text.chars().count() >= MAX_CHARS {
        short.push_str("...");
    }
    format!("`{}`", visible(&short))
}

/// Escapes the control characters in `text`. Quotes and backslashes are not escaped.
fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => visible.push(c),
            _ => visible.extend(c.escape_debug()),
        }
    }
    visible
}

/// Quotes the first character of `bytes` for a message.
fn first_character(bytes: &[u8]) -> String {
    quoted(&bytes[..character(bytes)])
}

/// Explains that the input has no samples. The sample lines may have ended up in a HELP text.
pub(super) fn no_samples(text: &[u8], options: &CheckOptions<'_>) -> Message {
    let message = Message::new(if options.remote_write {
        "the text has no samples, so there is nothing to send"
    } else if options.adds {
        "the text has no samples, so there is nothing to add"
    } else {
        "the text has no samples; pushing it would empty the group"
    });
    let lines = text.split(|byte| *byte == b'\n');
    for line in lines.filter_map(|line| line.trim_ascii_start().strip_prefix(b"#")).take(100) {
        let has = |part: &[u8]| memchr::memmem::find(line, part).is_some();
        if has(b"\\n#") || has(b"\\n") && line.starts_with(b" HELP ") {
            return message.help("the lines are in a HELP text: `\\n` is not a line break there; use `printf` instead of `echo`");
        }
        if has(b"# TYPE ") || has(b"# HELP ") {
            return message.help(
                "the lines were joined in a HELP text; in a shell, quote the variable: `\"$metrics\"`",
            );
        }
    }
    message.help(if options.remote_write {
        "did the command that writes the metrics fail?"
    } else if options.adds {
        "did the command that writes the metrics fail? if the text may be empty, use `--allow-empty`"
    } else {
        "did the command that writes the metrics fail? to empty the group on purpose, use `--allow-empty`"
    })
}

/// Returns the diagnostic code for a syntax error.
pub(super) fn syntax_code(bytes: &[u8], line: &Range<usize>, error: &SyntaxError) -> Code {
    use SyntaxErrorKind as Kind;
    let at_end = error.span.start >= line.end;
    match error.kind {
        Kind::NoLabelName | Kind::NoEquals | Kind::NoQuote | Kind::NoComma | Kind::NameEnd if at_end => {
            Code::UnclosedBrace
        }
        Kind::NoMetricName | Kind::NoNameInComment | Kind::NameEnd => Code::MetricName,
        Kind::NoEquals if matches!(bytes[error.span.start], b'}' | b',') => Code::LabelValue,
        Kind::NoLabelName | Kind::NoEquals => Code::LabelName,
        Kind::OpenName | Kind::OpenValue => Code::UnclosedQuote,
        Kind::Escape => Code::Escape,
        Kind::SecondName => Code::MultipleMetricNames,
        Kind::NoQuote => Code::LabelValue,
        Kind::NoComma => Code::MissingComma,
    }
}

/// Returns the span and the message of a syntax error.
pub(super) fn syntax_error(bytes: &[u8], line: Range<usize>, error: &SyntaxError) -> (Range<usize>, Message) {
    use SyntaxErrorKind as Kind;
    let span = error.span.clone();
    let marked = &bytes[span.clone()];
    let at_end = span.start >= line.end;
    let message = match error.kind {
        Kind::NoMetricName => name::no_name(&bytes[line.clone()], marked, line.start == 0),
        Kind::NoNameInComment => name::in_comment(bytes, line, &span),
        Kind::NoLabelName | Kind::NoEquals | Kind::NoQuote | Kind::NoComma if at_end => {
            Message::new("the labels are not closed before the line ends")
                .help("close them with `}`; write a line break in a label value as `\\n`")
        }
        Kind::NoLabelName => no_label_name(marked),
        Kind::OpenName if span.start == line.start => {
            Message::new("the quote is not closed before the line ends").help(SHELL_QUOTES)
        }
        Kind::OpenName | Kind::OpenValue => return unclosed_quote(bytes, span),
        Kind::Escape => path(bytes, &line, &span).unwrap_or_else(|| escape(marked)),
        Kind::NoEquals => no_equals(bytes, line, &span),
        Kind::NameEnd => name_end(marked, at_end),
        Kind::SecondName => Message::new(format!("{} is a second metric name in the braces", quoted(marked)))
            .help("if it is a label, add its value: `name=\"value\"`"),
        Kind::NoQuote => no_quote(marked),
        Kind::NoComma => return no_comma(bytes, line, span),
    };
    (span, message)
}

fn name_end(marked: &[u8], at_end: bool) -> Message {
    if at_end {
        return Message::new("the braces are not closed before the line ends").help("close them with `}`");
    }
    let text = format!("unexpected {} after the metric name in the braces", first_character(marked));
    Message::new(text).help(if marked == b":" {
        "is it a JSON log line? write only metrics to standard output"
    } else {
        "end the name with a comma or `}`; quote a name that has characters other than letters, digits and `_`"
    })
}

fn no_label_name(marked: &[u8]) -> Message {
    match marked {
        b"\"\"" => Message::new("the label name is empty"),
        b"," => Message::new("a label is missing before the comma").help("remove the comma"),
        b"=" => Message::new("a label name is missing before `=`"),
        [b'0'..=b'9', ..] => Message::new("a label name cannot begin with a digit"),
        b"'" => Message::new("the label name is in single quotes")
            .help("write it without quotes: `name=\"value\"`"),
        _ if TYPOGRAPHIC_QUOTES.contains(&marked) => {
            Message::new("this is a typographic quote").help(PLAIN_QUOTE)
        }
        _ => Message::new(format!("a label name cannot begin with {}", first_character(marked))).help(
            if matches!(marked, b"{" | b"%") { TEMPLATE } else { "a label name begins with a letter or `_`" },
        ),
    }
}

fn no_equals(bytes: &[u8], line: Range<usize>, span: &Range<usize>) -> Message {
    let name = &bytes[line.start..span.start];
    let start =
        name.iter().rposition(|byte| matches!(byte, b'{' | b',' | b' ' | b'\t')).map_or(0, |at| at + 1);
    let name = &name[start..];
    match bytes[span.start] {
        b'}' | b',' => {
            let text = if name.is_empty() {
                "a label has no value".to_owned()
            } else {
                format!("the label {} has no value", quoted(name))
            };
            Message::new(text).help(LABEL_SYNTAX)
        }
        byte @ (b':' | b'!') if matches!(bytes.get(span.end), Some(b'"' | b' ' | b'\'' | b'=')) => {
            Message::new(format!("unexpected `{}` after a label name", char::from(byte))).help(LABEL_SYNTAX)
        }
        _ if name.is_empty() => {
            let text = format!("expected `=`, found {}", first_character(&bytes[span.clone()]));
            Message::new(text).help(LABEL_SYNTAX)
        }
        _ => {
            let text = format!("a label name cannot contain {}", first_character(&bytes[span.clone()]));
            let end = bytes[span.start..line.end].iter().position(|byte| *byte == b'=');
            let suggested =
                end.and_then(|end| name::suggest(&[name, &bytes[span.start..span.start + end]].concat()));
            let example =
                suggested.map_or(String::new(), |name| format!("; for example `{}`", name.replace(':', "_")));
            let help = format!("a label name can contain only letters, digits and `_`{example}");
            Message::new(text).help(help)
        }
    }
}

fn no_quote(marked: &[u8]) -> Message {
    match marked {
        b"'" => {
            Message::new("the label value is in single quotes").help("use double quotes: `name=\"value\"`")
        }
        b"\\" => Message::new("there is a backslash before the label value")
            .help("the shell did not remove it; write it as `name=\"value\"`"),
        _ if TYPOGRAPHIC_QUOTES.contains(&marked) => {
            Message::new("this is a typographic quote").help(PLAIN_QUOTE)
        }
        b"=" | b"~" | b">" => Message::new("a label has only `=` before its value").help(LABEL_SYNTAX),
        _ => Message::new("the label value is not quoted")
            .help("write it as `name=\"value\"`; the shell may have removed the quotes"),
    }
}

fn unclosed_quote(bytes: &[u8], span: Range<usize>) -> (Range<usize>, Message) {
    if let Some(quote) = escaped_end(bytes, &span) {
        return (quote, escaped_quote());
    }
    let message = Message::new("the quote is not closed before the line ends")
        .help("write a line break in a label value as `\\n`, and a quote as `\\\"`");
    (span, message)
}

fn no_comma(bytes: &[u8], line: Range<usize>, span: Range<usize>) -> (Range<usize>, Message) {
    if let Some(quote) = escaped_end(bytes, &(line.start..span.start)) {
        return (quote, escaped_quote());
    }
    let text = format!("unexpected {} after a label value", first_character(&bytes[span.clone()]));
    let help = "separate labels with a comma and close them with `}`; write a quote inside a value as `\\\"`";
    (span, Message::new(text).help(help))
}

/// Finds an escaped quote where the label value was probably meant to end, as in `"C:\",`.
fn escaped_end(bytes: &[u8], range: &Range<usize>) -> Option<Range<usize>> {
    let is_end = |after: &[u8]| matches!(after.trim_ascii_start(), [b',' | b'}', ..]);
    let text = &bytes[range.clone()];
    let found = memchr::memmem::find_iter(text, b"\\\"").find(|at| is_end(&text[at + 2..]))?;
    Some(range.start + found..range.start + found + 2)
}

fn escaped_quote() -> Message {
    Message::new("the backslash makes this quote part of the value")
        .help("to end the value with a backslash, write `\\\\\"`")
}

/// Explains an invalid escape in a Windows path. All backslashes in the path must be doubled, even if they form valid
/// escapes.
fn path(bytes: &[u8], line: &Range<usize>, span: &Range<usize>) -> Option<Message> {
    let start = line.start + bytes[line.start..span.start].iter().rposition(|byte| *byte == b'"')? + 1;
    let len = bytes[start..line.end].iter().position(|byte| *byte == b'"')?;
    let value = &bytes[start..start + len];
    is_windows_path(value).then(|| {
        let path = String::from_utf8_lossy(value).replace('\\', r"\\");
        Message::new(format!("invalid escape {}", quoted(&bytes[span.clone()])))
            .help(format!("double each backslash in the path: `{path}`"))
    })
}

/// Returns whether a label value starts like a Windows path, such as `C:\dir` or `\\server\dir`.
pub(super) fn is_windows_path(value: &[u8]) -> bool {
    matches!(value, [b'\\', b'\\', next, ..] if next.is_ascii_alphanumeric())
        || matches!(value, [drive, b':', b'\\', next, ..] if drive.is_ascii_alphabetic() && *next != b'\\')
}

/// Explains an escape that the server does not accept.
pub(super) fn escape(marked: &[u8]) -> Message {
    let message = if marked.len() == 1 {
        Message::new("the line ends with a backslash")
    } else {
        Message::new(format!("invalid escape `{}`", String::from_utf8_lossy(marked)))
    };
    message.help("write a backslash as `\\\\`; the only other escapes are `\\\"` and `\\n`")
}

const TYPES: &str = "the types are `counter`, `gauge`, `histogram`, `summary` and `untyped`";

/// Explains a type that does not exist in the text format. Also returns the type that was probably meant.
pub(super) fn unknown_type(metric: &[u8], text: &[u8]) -> (Message, Option<Kind>) {
    if let Some(found) = type_and_more(text) {
        return found;
    }
    let message = Message::new(format!("{} is not a valid type in the text format", quoted(text)));
    let lower = text.to_ascii_lowercase();
    match lower.as_slice() {
        b"unknown" => {
            (message.help("`unknown` is an OpenMetrics type; write `untyped`"), Some(Kind::Untyped))
        }
        b"info" if metric.ends_with(b"_info") => {
            (message.help("`info` is an OpenMetrics type; write `gauge`"), Some(Kind::Gauge))
        }
        b"info" => {
            let name = String::from_utf8_lossy(metric);
            let text = format!("write `# TYPE {name}_info gauge`, and use that name in the HELP line too");
            (message.help(format!("`info` is an OpenMetrics type; {text}")), Some(Kind::Gauge))
        }
        b"stateset" => (message.help("`stateset` is an OpenMetrics type; write `gauge`"), Some(Kind::Gauge)),
        // Computing the distance takes quadratic time, and no misspelled type is this long.
        lower if lower.len() > 32 => (message.help(TYPES), None),
        lower => {
            let lower = String::from_utf8_lossy(lower);
            let (distance, name, kind) = Kind::NAMES
                .into_iter()
                .map(|(name, kind)| (strsim::osa_distance(&lower, name), name, kind))
                .min_by_key(|(distance, ..)| *distance)
                .unwrap_or((usize::MAX, "", Kind::Untyped));
            if distance * 3 <= name.len() + 1 {
                (message.help(format!("did you mean `{name}`?")), Some(kind))
            } else if let Some(kind) = Kind::parse(metric).filter(|_| LegacyName::Metric.is(text)) {
                let (name, kind_name) = (String::from_utf8_lossy(text), kind.as_str());
                (message.help(format!("the name comes first; write `# TYPE {name} {kind_name}`")), None)
            } else {
                (message.help(TYPES), None)
            }
        }
    }
}

/// Explains a TYPE line with text after the type. Often a missing newline has joined the next line to it.
fn type_and_more(text: &[u8]) -> Option<(Message, Option<Kind>)> {
    let escape = memchr::memmem::find(text, b"\\n").and_then(|end| Kind::parse(&text[..end]));
    if let Some(kind) = escape {
        return Some((value::line_break(text)?, Some(kind)));
    }
    let mut ends = (1..=text.len().min(16)).rev();
    let (kind, end) = ends.find_map(|end| Some((Kind::parse(&text[..end])?, end)))?;
    let (first, after) = text.split_at(end);
    let (word, rest) = first_word(after.trim_ascii());
    let message = Message::new(format!("there is text after the type {}", quoted(first)));
    if value::sample_name(word, rest).is_some() || word == b"#" && matches!(rest, [_, b'E' | b'Y', ..]) {
        return Some((message.help(JOINED_LINES), Some(kind)));
    }
    let help = format!("write `{}`; a description belongs in a HELP line", kind.as_str());
    matches!(after, [b' ' | b'\t', ..]).then_some((message.help(help), Some(kind)))
}

#[cfg(test)]
mod tests;
