//! Faults in the reader's words: what is wrong, and what to write instead.
//!
//! The server's own messages speak of its parser's states (`expected float as value, got "1n"`). Here the usual causes
//! are told apart, each with its cure; none of this changes whether a line is refused.

use super::Code;
use super::family::Kind;
use super::findings::Detail;
use super::text::number::{self, Float};
use super::text::scan::{Fault, FaultKind, character};
use std::ops::Range;

/// Foreign text for a message: in backticks, shortened, whatever its bytes are.
pub(super) fn quoted(bytes: &[u8]) -> String {
    const LONGEST: usize = 60;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * LONGEST)]);
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < bytes.len() && text.chars().count() >= LONGEST {
        short.push_str("...");
    }
    format!("`{}`", visible(&short))
}

/// `text` with its control characters escaped. Quotes and backslashes stand as they were written.
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

/// The character that begins `bytes`, for a message.
fn first_character(bytes: &[u8]) -> String {
    quoted(&bytes[..character(bytes)])
}

/// What a fault of the grammar is called, where it is, and what to do.
pub(super) fn fault(bytes: &[u8], line: Range<usize>, fault: &Fault) -> (Code, Range<usize>, Detail) {
    let span = fault.span.clone();
    let blamed = &bytes[span.clone()];
    let at_end = span.start >= line.end;
    let (code, detail) = match fault.kind {
        FaultKind::NoMetricName => (Code::MetricName, no_metric_name(blamed)),
        FaultKind::NoNameInComment => (Code::MetricName, no_name_in_comment(bytes, line, &span)),
        FaultKind::NoLabelName | FaultKind::NoEquals | FaultKind::NoQuote | FaultKind::NoComma if at_end => {
            let detail = Detail::new("the labels are not closed before the line ends")
                .help("close them with `}`; a line break in a label value is written `\\n`");
            (Code::UnclosedBrace, detail)
        }
        FaultKind::NoLabelName => (Code::LabelName, no_label_name(blamed)),
        FaultKind::OpenName | FaultKind::OpenValue => {
            let detail = Detail::new("the quote is not closed before the line ends")
                .help("a line break in a label value is written `\\n`, and a quote `\\\"`");
            (Code::UnclosedQuote, detail)
        }
        FaultKind::Escape => (Code::Escape, escape(blamed)),
        FaultKind::NoEquals => no_equals(bytes, line, &span),
        FaultKind::NameEnd if at_end => (
            Code::UnclosedBrace,
            Detail::new("the braces are not closed before the line ends").help("close them with `}`"),
        ),
        FaultKind::NameEnd => {
            let message = format!("{} after the metric name between the braces", first_character(blamed));
            let help = "a comma or `}` ends the name; a name with other characters than letters, digits and `_` needs quotes";
            (Code::MetricName, Detail::new(message).help(help))
        }
        FaultKind::SecondName => {
            let message = format!("{} is a second metric name between the braces", quoted(blamed));
            (Code::SecondName, Detail::new(message).help("a label needs a value: `name=\"value\"`"))
        }
        FaultKind::NoQuote => (Code::LabelValue, no_quote(blamed)),
        FaultKind::NoComma => (Code::LabelSeparator, no_comma(blamed)),
    };
    (code, span, detail)
}

fn no_metric_name(blamed: &[u8]) -> Detail {
    let detail = Detail::new(format!("a line can't begin with {}", first_character(blamed)));
    match blamed {
        b"\"\"" => Detail::new("the metric name is empty"),
        [b'0'..=b'9', ..] => Detail::new("a metric name can't begin with a digit"),
        b"\xef\xbb\xbf" => detail.help("it is a byte-order mark in the middle of the text; remove it"),
        b"\r" => detail.help("it is a carriage return; end lines with a newline alone"),
        b"$" => detail.help("is it a shell variable that was not replaced?"),
        b"/" | b"-" | b";" => detail.help("a comment begins with `#`"),
        _ => detail.help("a metric name begins with a letter, `_` or `:`"),
    }
}

fn no_name_in_comment(bytes: &[u8], line: Range<usize>, span: &Range<usize>) -> Detail {
    let start = bytes[line.start..span.start].iter().rposition(|byte| matches!(byte, b' ' | b'\t'));
    let start = start.map_or(line.start, |at| line.start + at + 1);
    let end = bytes[span.start..line.end].iter().position(|byte| matches!(byte, b' ' | b'\t'));
    let word = &bytes[start..end.map_or(line.end, |at| span.start + at)];
    let help = "a metric name has letters, digits, `_` and `:`, and no digit first";
    Detail::new(format!("{} is no metric name", quoted(word))).help(match suggest_name(word) {
        Some(name) => format!("{help}; for example `{name}`"),
        None => format!("{help}; a comment that is neither HELP nor TYPE may say anything"),
    })
}

fn no_label_name(blamed: &[u8]) -> Detail {
    match blamed {
        b"\"\"" => Detail::new("the label name is empty"),
        b"," => Detail::new("a label is missing before the comma").help("remove the comma"),
        b"=" => Detail::new("a label name is missing before `=`"),
        [b'0'..=b'9', ..] => Detail::new("a label name can't begin with a digit"),
        b"\xe2\x80\x9c" | b"\xe2\x80\x9d" => Detail::new("a typographic quote")
            .help("use the plain quote `\"`; a word processor may have replaced it"),
        _ => Detail::new(format!("a label name can't begin with {}", first_character(blamed)))
            .help("a label name begins with a letter or `_`"),
    }
}

fn no_equals(bytes: &[u8], line: Range<usize>, span: &Range<usize>) -> (Code, Detail) {
    let name = &bytes[line.start..span.start];
    let start =
        name.iter().rposition(|byte| matches!(byte, b'{' | b',' | b' ' | b'\t')).map_or(0, |at| at + 1);
    let name = &name[start..];
    match bytes[span.start] {
        b'}' | b',' => {
            let message = if name.is_empty() {
                "a label has no value".to_owned()
            } else {
                format!("the label {} has no value", quoted(name))
            };
            (Code::LabelValue, Detail::new(message).help("write it as `name=\"value\"`"))
        }
        b':' => (Code::LabelName, Detail::new("`:` after a label name").help("write it as `name=\"value\"`")),
        _ if name.is_empty() => {
            let message = format!("{} where `=` is due", first_character(&bytes[span.clone()]));
            (Code::LabelName, Detail::new(message).help("write it as `name=\"value\"`"))
        }
        _ => {
            let message = format!("a label name can't hold {}", first_character(&bytes[span.clone()]));
            (Code::LabelName, Detail::new(message).help("a label name has letters, digits and `_` only"))
        }
    }
}

fn no_quote(blamed: &[u8]) -> Detail {
    match blamed {
        b"'" => Detail::new("a label value in single quotes").help("use double quotes: `name=\"value\"`"),
        b"\\" => Detail::new("a backslash before the label value")
            .help("the shell has kept it; write `name=\"value\"`"),
        b"\xe2\x80\x9c" | b"\xe2\x80\x9d" => Detail::new("a typographic quote")
            .help("use the plain quote `\"`; a word processor may have replaced it"),
        _ => Detail::new("the label value is not quoted")
            .help("write it as `name=\"value\"`; a shell may have eaten the quotes"),
    }
}

fn no_comma(blamed: &[u8]) -> Detail {
    let message = format!("{} after a label value", first_character(blamed));
    Detail::new(message).help(
        "separate labels by a comma and close them with `}`; a quote inside of a value is written `\\\"`",
    )
}

/// A backslash that the server does not take.
pub(super) fn escape(blamed: &[u8]) -> Detail {
    let detail = if blamed.len() == 1 {
        Detail::new("a backslash ends the line")
    } else {
        Detail::new(format!("the escape {} is not known", quoted_raw(blamed)))
    };
    detail.help("a backslash is written `\\\\`; the others are `\\\"` and `\\n`")
}

/// As [`quoted`], with backslashes as they are.
fn quoted_raw(bytes: &[u8]) -> String {
    format!("`{}`", String::from_utf8_lossy(bytes))
}

/// A value that is no number. `behind_name` is the name if nothing at all stands between the two.
/// `followed`: something follows on the line.
pub(super) fn value(value: &[u8], behind_name: Option<&[u8]>, followed: bool) -> (Code, Detail) {
    if value.is_empty() {
        return (
            Code::MissingValue,
            Detail::new("the value is missing").help("write it behind a blank: `name 1`"),
        );
    }
    if let Some(name) = behind_name {
        let (code, message) =
            (Code::MetricName, format!("a metric name can't hold {}", first_character(value)));
        let word = [name, value].concat();
        let help = suggest_name(&word).map_or_else(
            || "a metric name has letters, digits, `_` and `:` only".to_owned(),
            |name| format!("a metric name has letters, digits, `_` and `:` only; for example `{name}`"),
        );
        return (code, Detail::new(message).help(help));
    }
    let number =
        value.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')).count();
    let (head, tail) = value.split_at(number);
    let is_number = number::is_float(head);
    let text = quoted(value);
    match tail {
        _ if number::float(value) == Float::OutOfRange => (
            Code::Value,
            Detail::new(format!("{text} is too large"))
                .help("the largest value is 1.7976931348623157e308; beyond is `+Inf`"),
        ),
        [b',', digits @ ..] if is_number && digits.iter().all(u8::is_ascii_digit) => {
            let fixed = format!("{}.{}", String::from_utf8_lossy(head), String::from_utf8_lossy(digits));
            (
                Code::Value,
                Detail::new(format!("{text} has a decimal comma"))
                    .help(format!("write `{fixed}`; `LC_ALL=C` makes most programs do so")),
            )
        }
        [b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':', ..] if is_number && joins(tail, followed) => {
            let message = format!("{text} is a value and the next line's name in one");
            (
                Code::JoinedLines,
                Detail::new(message).help("`curl -d` removes newlines; `--data-binary` keeps them"),
            )
        }
        [b'#', ..] if is_number => (
            Code::JoinedLines,
            Detail::new(format!("{text} is a value and the next line in one"))
                .help("`curl -d` removes newlines; `--data-binary` keeps them"),
        ),
        _ => (Code::Value, other_value(value, &text, is_number, tail)),
    }
}

/// Whether what follows a number may be the name that began the next line, and is no unit or exponent.
fn joins(tail: &[u8], followed: bool) -> bool {
    const UNITS: [&[u8]; 19] = [
        b"s", b"ms", b"us", b"ns", b"m", b"h", b"d", b"b", b"kb", b"mb", b"gb", b"tb", b"k", b"g", b"t",
        b"ki", b"mi", b"gi", b"kib",
    ];
    let lower = tail.to_ascii_lowercase();
    let name =
        tail.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':')).count();
    let exponent = matches!(lower.as_slice(), [b'e' | b'x' | b'p' | b'_', ..]) && name < 5;
    (followed || !UNITS.contains(&lower.as_slice()))
        && !exponent
        && (name == tail.len() || tail[name] == b'{')
}

fn other_value(value: &[u8], text: &str, is_number: bool, tail: &[u8]) -> Detail {
    let lower = value.to_ascii_lowercase();
    let detail = Detail::new(format!("{text} is no number"));
    match lower.as_slice() {
        b"true" | b"yes" | b"ok" | b"up" | b"on" => detail.help("write `1`"),
        b"false" | b"no" | b"down" | b"off" => detail.help("write `0`"),
        b"null" | b"none" | b"n/a" | b"-" | b"undefined" => detail.help("write `NaN`, or leave the line out"),
        b"+nan" | b"-nan" => detail.help("write `NaN`, without a sign"),
        [b'"' | b'\'', ..] => detail.help("a value stands without quotes"),
        [b'$', ..] => detail.help("is it a shell variable that was not replaced?"),
        [b'0', b'x', ..] => detail.help("write it in decimal"),
        [b'{', ..] => detail.help("labels stand right behind the name, once"),
        _ if value.contains(&b'_') && value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'_') => {
            detail.help("write the digits without `_`")
        }
        _ if value.contains(&b'\r') => {
            detail.help("lines end with a newline; a carriage return alone does not end one")
        }
        _ if is_number && !tail.is_empty() => detail.help("write the number alone, without a unit"),
        _ => detail,
    }
}

/// What follows a value and is no timestamp.
pub(super) fn rest(rest: &[u8]) -> (Code, Detail) {
    if rest.starts_with(b"#") {
        let detail = Detail::new("the text format has no exemplars, nor comments behind a value")
            .help("leave out what follows the value; exemplars are OpenMetrics");
        return (Code::Exemplar, detail);
    }
    let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
    let word = &rest[..end];
    let detail = Detail::new(format!("{} is no timestamp", quoted(word)));
    let detail = match word {
        _ if number::is_float(word) => {
            detail.help("leave it out: the gateway takes no timestamps, and this one is no whole number")
        }
        [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] if end < rest.len() => detail
            .help("does the next line begin here? `curl -d` removes newlines; `--data-binary` keeps them"),
        _ => detail.help("leave out what follows the value"),
    };
    (Code::BadTimestamp, detail)
}

const TYPES: &str = "it is `counter`, `gauge`, `histogram`, `summary` or `untyped`";

/// A type that the text format does not have, and the one that was perhaps meant.
pub(super) fn unknown_type(text: &[u8]) -> (Detail, Option<Kind>) {
    let detail = Detail::new(format!("{} is no type of the text format", quoted(text)));
    let lower = text.to_ascii_lowercase();
    match lower.as_slice() {
        b"unknown" => (detail.help("`unknown` is OpenMetrics; write `untyped`"), Some(Kind::Untyped)),
        b"info" | b"stateset" => {
            let name = String::from_utf8_lossy(&lower);
            (detail.help(format!("`{name}` is OpenMetrics; write `gauge`")), Some(Kind::Gauge))
        }
        // The distance takes quadratic time, and no misspelled type is this long.
        lower if lower.len() > 32 => (detail.help(TYPES), None),
        lower => {
            let lower = String::from_utf8_lossy(lower);
            let (distance, name, kind) = Kind::NAMES
                .into_iter()
                .map(|(name, kind)| (strsim::osa_distance(&lower, name), name, kind))
                .min_by_key(|(distance, ..)| *distance)
                .unwrap_or((usize::MAX, "", Kind::Untyped));
            if distance * 3 <= name.len() + 1 {
                (detail.help(format!("did you mean `{name}`?")), Some(kind))
            } else {
                (detail.help(TYPES), None)
            }
        }
    }
}

/// A name as it might be meant: `my-metric.total` gives `my_metric_total`.
fn suggest_name(word: &[u8]) -> Option<String> {
    let end = word.iter().position(|byte| matches!(byte, b'{' | b' ' | b'=')).unwrap_or(word.len());
    let word = std::str::from_utf8(&word[..end]).ok()?;
    let name: String =
        word.chars().map(|c| if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' }).collect();
    let useful = name.len() <= 60 && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    (useful && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
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
            "a metric name has letters, digits, `_` and `:` only; for example `foo_bar`"
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
    fn foreign_text_is_shortened_and_made_visible() {
        assert_eq!(quoted(b"a\x1b[31m\xff"), "`a\\u{1b}[31m\u{fffd}`");
        assert!(quoted(&[b'x'; 1000]).chars().count() < 70);
        assert!(quoted(&[b'x'; 60]).ends_with("x`"));
    }
}
