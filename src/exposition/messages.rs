//! The words of diagnostics that depend on the text: what is wrong, and how to fix it.
//!
//! The server's own messages describe the states of its parser (`expected float as value, got "1n"`). The functions here
//! distinguish the usual causes. They never change whether a line is rejected.

use super::code::Code;
use super::findings::Message;
use super::model::kind::Kind;
use super::text::number::{self, Float};
use super::text::scan::{SyntaxError, SyntaxErrorKind, character};
use std::ops::Range;

pub(super) const JOINED_LINES: &str =
    "does the next line begin here? `curl -d` removes newlines; `--data-binary` keeps them";
const LABEL_SYNTAX: &str = "write it as `name=\"value\"`";
const PLAIN_QUOTE: &str = "use the plain quote `\"`; a word processor may have replaced it";

/// Text of the user for a message: in backticks, shortened, and safe to print.
pub(super) fn quoted(bytes: &[u8]) -> String {
    const MAX_CHARS: usize = 60;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * MAX_CHARS)]);
    let mut short: String = text.chars().take(MAX_CHARS).collect();
    if short.len() < bytes.len() && text.chars().count() >= MAX_CHARS {
        short.push_str("...");
    }
    format!("`{}`", visible(&short))
}

/// `text` with its control characters escaped. Quotes and backslashes stay as they are.
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

/// The first character of `bytes`, for a message.
fn first_character(bytes: &[u8]) -> String {
    quoted(&bytes[..character(bytes)])
}

/// The code, the place and the words of a syntax error.
pub(super) fn syntax_error(
    bytes: &[u8],
    line: Range<usize>,
    error: &SyntaxError,
) -> (Code, Range<usize>, Message) {
    use SyntaxErrorKind as Kind;
    let span = error.span.clone();
    let marked = &bytes[span.clone()];
    let at_end = span.start >= line.end;
    let (code, message) = match error.kind {
        Kind::NoMetricName => (Code::MetricName, no_metric_name(marked)),
        Kind::NoNameInComment => (Code::MetricName, no_name_in_comment(bytes, line, &span)),
        Kind::NoLabelName | Kind::NoEquals | Kind::NoQuote | Kind::NoComma if at_end => {
            let message = Message::new("the labels are not closed before the line ends")
                .help("close them with `}`; write a line break in a label value as `\\n`");
            (Code::UnclosedBrace, message)
        }
        Kind::NoLabelName => (Code::LabelName, no_label_name(marked)),
        Kind::OpenName | Kind::OpenValue => {
            let message = Message::new("the quote is not closed before the line ends")
                .help("write a line break in a label value as `\\n`, and a quote as `\\\"`");
            (Code::UnclosedQuote, message)
        }
        Kind::Escape => (Code::Escape, escape(marked)),
        Kind::NoEquals => no_equals(bytes, line, &span),
        Kind::NameEnd if at_end => {
            let message = Message::new("the braces are not closed before the line ends");
            (Code::UnclosedBrace, message.help("close them with `}`"))
        }
        Kind::NameEnd => {
            let text = format!("unexpected {} after the metric name in the braces", first_character(marked));
            let help = "end the name with a comma or `}`; quote a name that has other characters than letters, digits and `_`";
            (Code::MetricName, Message::new(text).help(help))
        }
        Kind::SecondName => {
            let text = format!("{} is a second metric name in the braces", quoted(marked));
            let help = "if it is a label, add its value: `name=\"value\"`";
            (Code::MultipleMetricNames, Message::new(text).help(help))
        }
        Kind::NoQuote => (Code::LabelValue, no_quote(marked)),
        Kind::NoComma => (Code::MissingComma, no_comma(marked)),
    };
    (code, span, message)
}

fn no_metric_name(marked: &[u8]) -> Message {
    let message = Message::new(format!("a line cannot begin with {}", first_character(marked)));
    match marked {
        b"\"\"" => Message::new("the metric name is empty"),
        [b'0'..=b'9', ..] => Message::new("a metric name cannot begin with a digit"),
        b"\xef\xbb\xbf" => message.help("it is a byte-order mark in the middle of the text; remove it"),
        b"\r" => message.help("it is a carriage return; end each line with a newline only"),
        b"$" => message.help("is it a shell variable that was not expanded?"),
        b"/" | b"-" | b";" => message.help("begin a comment with `#`"),
        _ => message.help("a metric name begins with a letter, `_` or `:`"),
    }
}

fn no_name_in_comment(bytes: &[u8], line: Range<usize>, span: &Range<usize>) -> Message {
    let start = bytes[line.start..span.start].iter().rposition(|byte| matches!(byte, b' ' | b'\t'));
    let start = start.map_or(line.start, |at| line.start + at + 1);
    let end = bytes[span.start..line.end].iter().position(|byte| matches!(byte, b' ' | b'\t'));
    let word = &bytes[start..end.map_or(line.end, |at| span.start + at)];
    let help = "a metric name has letters, digits, `_` and `:`, and does not begin with a digit";
    Message::new(format!("{} is not a valid metric name", quoted(word))).help(match suggest_name(word) {
        Some(name) => format!("{help}; for example `{name}`"),
        None => format!("{help}; a comment that does not begin with HELP or TYPE can have any text"),
    })
}

fn no_label_name(marked: &[u8]) -> Message {
    match marked {
        b"\"\"" => Message::new("the label name is empty"),
        b"," => Message::new("a label is missing before the comma").help("remove the comma"),
        b"=" => Message::new("a label name is missing before `=`"),
        [b'0'..=b'9', ..] => Message::new("a label name cannot begin with a digit"),
        b"\xe2\x80\x9c" | b"\xe2\x80\x9d" => Message::new("typographic quote").help(PLAIN_QUOTE),
        _ => Message::new(format!("a label name cannot begin with {}", first_character(marked)))
            .help("a label name begins with a letter or `_`"),
    }
}

fn no_equals(bytes: &[u8], line: Range<usize>, span: &Range<usize>) -> (Code, Message) {
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
            (Code::LabelValue, Message::new(text).help(LABEL_SYNTAX))
        }
        b':' => (Code::LabelName, Message::new("`:` after a label name").help(LABEL_SYNTAX)),
        _ if name.is_empty() => {
            let text = format!("expected `=`, found {}", first_character(&bytes[span.clone()]));
            (Code::LabelName, Message::new(text).help(LABEL_SYNTAX))
        }
        _ => {
            let text = format!("a label name cannot contain {}", first_character(&bytes[span.clone()]));
            (Code::LabelName, Message::new(text).help("a label name has only letters, digits and `_`"))
        }
    }
}

fn no_quote(marked: &[u8]) -> Message {
    match marked {
        b"'" => Message::new("label value in single quotes").help("use double quotes: `name=\"value\"`"),
        b"\\" => Message::new("backslash before the label value")
            .help("the shell did not remove it; write `name=\"value\"`"),
        b"\xe2\x80\x9c" | b"\xe2\x80\x9d" => Message::new("typographic quote").help(PLAIN_QUOTE),
        _ => Message::new("the label value is not quoted")
            .help("write it as `name=\"value\"`; the shell may have removed the quotes"),
    }
}

fn no_comma(marked: &[u8]) -> Message {
    Message::new(format!("unexpected {} after a label value", first_character(marked)))
        .help("separate labels with a comma and close them with `}`; write a quote inside a value as `\\\"`")
}

/// An escape that the server does not accept.
pub(super) fn escape(marked: &[u8]) -> Message {
    let message = if marked.len() == 1 {
        Message::new("the line ends with a backslash")
    } else {
        Message::new(format!("invalid escape `{}`", String::from_utf8_lossy(marked)))
    };
    message.help("write a backslash as `\\\\`; the only other escapes are `\\\"` and `\\n`")
}

/// A value that is not a number. `joined_name` is the metric name if there is no space between the two. `is_followed`: the
/// line goes on after the value.
pub(super) fn value(value: &[u8], joined_name: Option<&[u8]>, is_followed: bool) -> (Code, Message) {
    if value.is_empty() {
        let help = "write it after a space: `name 1`; if it comes from a variable, is the variable empty?";
        return (Code::MissingValue, Message::new("the value is missing").help(help));
    }
    if let Some(name) = joined_name {
        return (Code::MetricName, invalid_letter(name, value));
    }
    let is_number_byte = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    let (number, tail) = value.split_at(value.iter().take_while(is_number_byte).count());
    let is_number = number::is_float(number);
    let text = quoted(value);
    match tail {
        _ if number::float(value) == Float::OutOfRange => {
            let help = "the largest value is 1.7976931348623157e308; use `+Inf` for anything larger";
            (Code::Value, Message::new(format!("{text} is too large")).help(help))
        }
        [b',', digits @ ..] if is_number && digits.iter().all(u8::is_ascii_digit) => {
            let fixed = format!("{}.{}", String::from_utf8_lossy(number), String::from_utf8_lossy(digits));
            let help = format!("write `{fixed}`; `LC_ALL=C` makes most programs do so");
            (Code::Value, Message::new(format!("{text} has a decimal comma")).help(help))
        }
        [b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':', ..] if is_number && may_be_next_line(tail, is_followed) => {
            let help = "remove the unit; or, if the next line begins here: `curl -d` removes newlines, `--data-binary` keeps them";
            (Code::JoinedLines, Message::new(format!("{text} is not a number")).help(help))
        }
        [b'#', ..] if is_number => {
            (Code::JoinedLines, Message::new(format!("{text} is not a number")).help(JOINED_LINES))
        }
        _ => (Code::Value, other_value(value, &text, is_number, tail)),
    }
}

/// A metric name that is followed by an invalid letter.
fn invalid_letter(name: &[u8], rest: &[u8]) -> Message {
    let help = "a metric name has only letters, digits, `_` and `:`";
    let message = Message::new(format!("a metric name cannot contain {}", first_character(rest)));
    match suggest_name(&[name, rest].concat()) {
        Some(name) => message.help(format!("{help}; for example `{name}`")),
        None => message.help(help),
    }
}

/// Whether the text after a number may be the name that begins the next line, and not a unit or an exponent.
fn may_be_next_line(tail: &[u8], is_followed: bool) -> bool {
    const UNITS: [&[u8]; 19] = [
        b"s", b"ms", b"us", b"ns", b"m", b"h", b"d", b"b", b"kb", b"mb", b"gb", b"tb", b"k", b"g", b"t",
        b"ki", b"mi", b"gi", b"kib",
    ];
    let lower = tail.to_ascii_lowercase();
    let name =
        tail.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')).count();
    let is_exponent = matches!(lower.as_slice(), [b'e' | b'x' | b'p' | b'_', ..]) && name < 5;
    (is_followed || !UNITS.contains(&lower.as_slice()))
        && !is_exponent
        && (name == tail.len() || tail[name] == b'{')
}

fn other_value(value: &[u8], text: &str, is_number: bool, tail: &[u8]) -> Message {
    let lower = value.to_ascii_lowercase();
    let message = Message::new(format!("{text} is not a number"));
    match lower.as_slice() {
        b"true" | b"yes" | b"ok" | b"up" | b"on" => message.help("write `1`"),
        b"false" | b"no" | b"down" | b"off" => message.help("write `0`"),
        b"null" | b"none" | b"n/a" | b"-" | b"undefined" => message.help("write `NaN`, or remove the line"),
        b"+nan" | b"-nan" => message.help("write `NaN` without a sign"),
        [b'"' | b'\'', ..] => message.help("write the value without quotes"),
        [b'$', ..] => message.help("is it a shell variable that was not expanded?"),
        [b'0', b'x', ..] => message.help("write it in decimal"),
        [b'{', ..] => message.help("write all labels in one pair of braces, right after the name"),
        _ if value.contains(&b'_') && value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'_') => {
            message.help("write the digits without `_`")
        }
        _ if value.contains(&b'\r') => {
            message.help("end each line with a newline; a carriage return does not end a line")
        }
        _ if is_number && !tail.is_empty() => message.help("write only the number, without a unit"),
        _ => message,
    }
}

/// Text after a value that is not a timestamp.
pub(super) fn rest(rest: &[u8]) -> (Code, Message) {
    if rest.starts_with(b"#") {
        let message = Message::new("the text format has no exemplars, and no comments after a value")
            .help("remove what follows the value; exemplars are OpenMetrics");
        return (Code::Exemplar, message);
    }
    let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
    let word = &rest[..end];
    let message = Message::new(format!("{} is not a timestamp", quoted(word)));
    let message = match word {
        _ if number::is_float(word) => message.help(
            "a timestamp is a whole number, and the gateway rejects timestamps; remove it, or use `--strip-timestamps`",
        ),
        [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] if end < rest.len() => message.help(JOINED_LINES),
        _ => message.help("remove what follows the value"),
    };
    (Code::InvalidTimestamp, message)
}

const TYPES: &str = "the types are `counter`, `gauge`, `histogram`, `summary` and `untyped`";

/// A type that the text format does not have, and the type that was probably meant.
pub(super) fn unknown_type(text: &[u8]) -> (Message, Option<Kind>) {
    let message = Message::new(format!("{} is not a type of the text format", quoted(text)));
    let lower = text.to_ascii_lowercase();
    match lower.as_slice() {
        b"unknown" => (message.help("`unknown` is OpenMetrics; write `untyped`"), Some(Kind::Untyped)),
        b"info" => {
            let help = "`info` is OpenMetrics; write `gauge`, and the name with its suffix `_info`";
            (message.help(help), Some(Kind::Gauge))
        }
        b"stateset" => (message.help("`stateset` is OpenMetrics; write `gauge`"), Some(Kind::Gauge)),
        // The distance takes quadratic time, and no misspelled type is this long.
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
            } else {
                (message.help(TYPES), None)
            }
        }
    }
}

/// A valid name that is like `word`: `my-metric.total` gives `my_metric_total`.
fn suggest_name(word: &[u8]) -> Option<String> {
    let end = word.iter().position(|byte| matches!(byte, b'{' | b' ' | b'=')).unwrap_or(word.len());
    let word = std::str::from_utf8(&word[..end]).ok()?;
    let name: String =
        word.chars().map(|c| if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' }).collect();
    let is_useful = name.len() <= 60 && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    (is_useful && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help_for(text: &str) -> String {
        value(text.as_bytes(), None, false).1.help.unwrap_or_default()
    }

    #[test]
    fn values_are_explained() {
        assert_eq!(help_for("1,5"), "write `1.5`; `LC_ALL=C` makes most programs do so");
        assert!(help_for("1n").contains("--data-binary"));
        assert!(help_for("1foo{a=\"b\"}").contains("--data-binary"));
        assert!(help_for("1#").contains("--data-binary"));
        assert!(help_for("10ms").contains("without a unit"));
        assert!(help_for("-nan").contains("without a sign"));
        assert!(help_for("0x1F").contains("decimal"));
        assert!(help_for("1e999").contains("+Inf"));
        assert_eq!(value(b"", None, false).0, Code::MissingValue);
        assert_eq!(
            value(b"-bar", Some(b"foo"), false).1.help.unwrap(),
            "a metric name has only letters, digits, `_` and `:`; for example `foo_bar`"
        );
    }

    #[test]
    fn misspelled_types_are_guessed() {
        for (text, kind) in [
            ("conter", Some(Kind::Counter)),
            ("guage", Some(Kind::Gauge)),
            ("histogramm", Some(Kind::Histogram)),
            ("sumary", Some(Kind::Summary)),
            ("unknown", Some(Kind::Untyped)),
            ("info", Some(Kind::Gauge)),
            ("bogus", None),
            ("", None),
            ("a very long story about something else", None),
        ] {
            assert_eq!(unknown_type(text.as_bytes()).1, kind, "{text}");
        }
    }

    #[test]
    fn text_of_the_user_is_shortened_and_escaped() {
        assert_eq!(quoted(b"a\x1b[31m\xff"), "`a\\u{1b}[31m\u{fffd}`");
        assert!(quoted(&[b'x'; 1000]).chars().count() < 70);
        assert!(quoted(&[b'x'; 60]).ends_with("x`"));
    }
}
