//! Messages for invalid values, and for invalid text after a value.

use super::name::{self, LOG_LINE, SHELL};
use super::{TYPOGRAPHIC_QUOTES, number, quoted};
use crate::exposition::code::Code;
use crate::exposition::findings::Message;
use crate::exposition::multiline::is_valid;
use crate::exposition::text::number::{Float, begins_like_number, float, is_float};
use crate::exposition::text::scan::SampleLine;
use crate::exposition::text::token::Token;
use crate::grouping::LegacyName;
use std::ops::Range;

pub(in crate::exposition) const JOINED_LINES: &str = "does the next line begin here? end each line with a newline; in a shell, quote the variable: `\"$metrics\"`";
const CURL: &str = "end each line with a newline; `curl -d` removes newlines, `--data-binary` keeps them";
const YAML: &str = "is it YAML or a log line? write each metric as a name, a space and a number";
const LABELS: &str = "write all labels in one pair of braces right after the name: `name{label=\"value\"}`";
const ONE_PER_LINE: &str = "write each sample on its own line, or give each its own `-m`";

/// Explains a value that is not a number.
pub(in crate::exposition) fn value(
    bytes: &[u8],
    sample: &SampleLine<'_>,
    has_labels: bool,
) -> (Code, Range<usize>, Message) {
    let span = sample.value.clone();
    let (value, rest) = (&bytes[span.clone()], &bytes[sample.rest.clone()]);
    if value.is_empty() {
        return missing(bytes, sample);
    }
    if let Some(message) = line_break(value) {
        return (Code::JoinedLines, span, message);
    }
    if let Some(plain) = sample.name.filter(Token::is_plain) {
        if plain.span().end == span.start {
            return name::followed_by_other(bytes, plain.span(), sample);
        }
        let is_keyword = matches!(plain.raw(), b"HELP" | b"TYPE") && !has_labels && !rest.is_empty();
        if is_keyword && !starts_with_number(rest) {
            let keyword = String::from_utf8_lossy(plain.raw()).into_owned();
            let message = Message::new(format!("a {keyword} line must begin with `#`"));
            return (Code::Value, plain.span(), message.help(format!("write `# {keyword}`")));
        }
    }
    if !has_labels && is_prose(value, rest) {
        let message = Message::new(format!("{} is not a number", quoted(value)));
        let help = match is_date_in_words(value, rest) {
            true => number::UNIX_TIME,
            false if sample.name.is_some_and(is_command) => SHELL,
            false => LOG_LINE,
        };
        return (Code::Value, span, message.help(help));
    }
    let is_joined = value.starts_with(b",") && bytes[..span.start].ends_with(b"}");
    let (code, message) = if is_joined { (Code::Value, word(value, rest)) } else { invalid(value, rest) };
    if has_labels || message.help.is_some() && !value.contains(&b'{') {
        return (code, span, message);
    }
    match word_before_name(sample, bytes).or_else(|| space_in_name(bytes, sample)) {
        Some((span, help)) => (code, span, message.help(help)),
        None if message.help.is_some() => (code, span, message),
        None if ends_with_colon(sample) => (code, span, message.help(YAML)),
        None if rest.contains(&b' ') => (code, span, message.help(LOG_LINE)),
        None => (code, span, message),
    }
}

fn missing(bytes: &[u8], sample: &SampleLine<'_>) -> (Code, Range<usize>, Message) {
    let message = Message::new("the value is missing");
    if let Some((token, name, value)) = sample.name.and_then(|name| {
        let text = std::str::from_utf8(name.raw()).ok().filter(|_| name.is_plain())?;
        let (before, after) = text.rsplit_once(':')?;
        is_float(after.as_bytes()).then_some((name, before, after))
    }) {
        let help = format!("separate the name and the value with a space: write `{name} {value}`");
        return (Code::MissingValue, token.span(), message.help(help));
    }
    let has_space = matches!(bytes[..sample.value.start].last(), Some(b' ' | b'\t'));
    let message = message.help(if has_space {
        super::EMPTY_VARIABLE
    } else if ends_with_colon(sample) {
        YAML
    } else {
        "write it after a space; if it comes from a variable, is the variable empty?"
    });
    (Code::MissingValue, sample.value.clone(), message)
}

/// Returns whether the metric name is a shell command.
fn is_command(name: Token<'_>) -> bool {
    matches!(name.raw(), b"echo" | b"printf" | b"export")
}

/// Finds a type or a shell command before the name.
fn word_before_name(sample: &SampleLine<'_>, bytes: &[u8]) -> Option<(Range<usize>, String)> {
    let first = sample.name.filter(Token::is_plain)?;
    if is_command(first) {
        return Some((first.span(), SHELL.to_owned()));
    }
    let line = &bytes[sample.value.start..sample.rest.end];
    (matches!(first.raw(), b"counter" | b"gauge") && is_valid(line)).then(|| {
        let help = format!("write `{}`; the type belongs in a TYPE line", String::from_utf8_lossy(line));
        (first.span().start..sample.rest.end, help)
    })
}

/// Finds a word between the name and the value that may be part of the name.
fn space_in_name(bytes: &[u8], sample: &SampleLine<'_>) -> Option<(Range<usize>, String)> {
    let name = sample.name.filter(|name| name.is_plain() && !begins_with_level(name.raw()))?;
    let line = &bytes[sample.value.start..sample.rest.end];
    let (word, after) = line.split_at(line.iter().position(|byte| b"{: \t".contains(byte))?);
    let first = name.raw().strip_suffix(b":").unwrap_or(name.raw());
    let meant = [first, b"_", word, after.strip_prefix(b":").unwrap_or(after)].concat();
    (LegacyName::Label.is(word) && is_valid(&meant)).then(|| {
        let meant = String::from_utf8_lossy(&meant);
        let help = format!("a metric name cannot contain spaces; write `{meant}`");
        (name.span().start..sample.rest.end, help)
    })
}

/// Returns whether the metric name ends with a colon, like a key in YAML, or begins with a log level.
fn ends_with_colon(sample: &SampleLine<'_>) -> bool {
    sample.name.is_some_and(|name| name.raw().ends_with(b":") || begins_with_level(name.raw()))
}

/// Returns whether the name begins with a log level, such as `INFO:root:` in a log written by Python.
fn begins_with_level(name: &[u8]) -> bool {
    let levels = [&b"DEBUG:"[..], b"INFO:", b"WARN:", b"WARNING:", b"ERROR:", b"CRITICAL:", b"FATAL:"];
    levels.iter().any(|level| name.starts_with(level) || name.eq_ignore_ascii_case(level))
}

/// Explains an invalid value that is not empty. `rest` is the text after it.
fn invalid(value: &[u8], rest: &[u8]) -> (Code, Message) {
    let is_number_byte = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    let (number, tail) = value.split_at(value.iter().take_while(is_number_byte).count());
    let text = quoted(value);
    let not_a_number = Message::new(format!("{text} is not a number"));
    if float(value) == Float::OutOfRange {
        let help = "the largest value is 1.7976931348623157e308; use `+Inf` for anything larger";
        return (Code::Value, Message::new(format!("{text} is too large")).help(help));
    }
    if is_float(number) {
        if tail.starts_with(b"#") && !(number.ends_with(b"1.") && tail.len() > 1) {
            let help =
                if tail.len() > 1 || !rest.is_empty() { CURL } else { "remove the text after the number" };
            return (Code::JoinedLines, not_a_number.help(help));
        }
        let is_exponent = matches!(tail, [b'e' | b'x' | b'p' | b'E' | b'X' | b'P' | b'_', ..]);
        if sample_name(tail, rest).is_some_and(|name| name > 4 || !is_exponent) {
            let help = format!("remove the unit, or, if the next line begins here, {CURL}");
            return (Code::JoinedLines, not_a_number.help(help));
        }
        let next = tail.get(1).or(rest.first());
        if matches!(tail, [b';' | b',', ..]) && next.is_some_and(u8::is_ascii_alphabetic) && !rest.is_empty()
        {
            let text = format!("a sample cannot end with {}", quoted(&tail[..1]));
            return (Code::Value, Message::new(text).help(ONE_PER_LINE));
        }
    }
    let message = match std::str::from_utf8(value).ok().and_then(number::explain) {
        Some(explained) => Message::new(format!("{text} {}", explained.what)).help(explained.help),
        None => word(value, rest),
    };
    (Code::Value, message)
}

/// Returns the length of the metric name if a word and the text after it could be a sample.
pub(super) fn sample_name(word: &[u8], rest: &[u8]) -> Option<usize> {
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    let name = word.iter().take_while(is_name).count();
    let is_last = rest.rsplit(|byte| *byte == b' ').next().is_some_and(is_float);
    let is_followed = word.get(name) == Some(&b'{')
        || name == word.len()
            && (starts_with_number(rest) || rest.starts_with(b"{") || begins_like_number(rest) && is_last);
    (is_followed && matches!(word, [b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':', ..])).then_some(name)
}

/// Splits the text after its first word.
pub(in crate::exposition) fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    (&text[..end], text[end..].trim_ascii())
}

/// Returns whether the first word is a number.
fn starts_with_number(text: &[u8]) -> bool {
    is_float(first_word(text).0)
}

/// Returns whether several words follow the name instead of a value, as in prose.
fn is_prose(value: &[u8], rest: &[u8]) -> bool {
    let is_word =
        matches!(value, [b'a'..=b'z' | b'A'..=b'Z' | b'[' | b'(' | b'/' | b'<' | b'>' | b'*' | b'"', ..]);
    let is_label = value.windows(2).any(|pair| pair == b"=\"");
    let is_log_time = value[0].is_ascii_digit() && value.contains(&b':') && rest.contains(&b' ');
    rest != b"value>"
        && (is_log_time || is_word && !is_label && !rest.is_empty() && !starts_with_number(rest))
}

/// Returns whether the text is a date as printed by `date`, such as `Fri Nov 27 20:54:17 UTC 2026`.
fn is_date_in_words(value: &[u8], rest: &[u8]) -> bool {
    let days = [&b"Mon"[..], b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    days.iter().any(|day| value.starts_with(day)) && rest.contains(&b':')
}

/// Explains an escaped line break that the shell's `echo` did not convert.
pub(super) fn line_break(text: &[u8]) -> Option<Message> {
    let has = |escape: &[u8]| memchr::memmem::find(text, escape).is_some();
    if has(b"\\n") {
        let help = "use `printf` instead of `echo`; bash also has `$'...'`";
        return Some(Message::new("`\\n` is not a line break here").help(help));
    }
    has(b"`n").then(|| {
        let help = "PowerShell interprets them only in double quotes";
        Message::new("the backtick and `n` are not a line break here").help(help)
    })
}

/// Explains a value that does not look like a number at all. Only a timestamp may follow a word that is replaced.
fn word(value: &[u8], rest: &[u8]) -> Message {
    let message = Message::new(format!("{} is not a number", quoted(value)));
    let lower = value.to_ascii_lowercase();
    let is_last = rest.is_empty() || rest.len() > 9 && is_float(rest);
    match lower.as_slice() {
        b"true" | b"yes" | b"ok" | b"up" | b"on" if is_last => message.help("write `1`"),
        b"false" | b"no" | b"down" | b"off" if is_last => message.help("write `0`"),
        b"\"\"" | b"''" => message.help(super::EMPTY_VARIABLE),
        b"<no" => message.help(super::TEMPLATE),
        b"null" | b"nil" | b"<nil>" | b"none" | b"n/a" | b"-" | b"undefined" if is_last => {
            message.help("write `NaN`, or remove the line")
        }
        // The C runtime of older Windows versions prints `-1.#IND` and `1.#QNAN`.
        [b'1', b'.', b'#', b'i', b'n', b'f', ..] => message.help("write `+Inf`"),
        [b'-', b'1', b'.', b'#', b'i', b'n', b'f', ..] => message.help("write `-Inf`"),
        [b'1', b'.', b'#', ..] | [b'-', b'1', b'.', b'#', ..] if is_last => message.help("write `NaN`"),
        b"+nan" | b"-nan" => message.help("write `NaN` without a sign"),
        _ if [&b"'"[..], b"\""].iter().chain(&TYPOGRAPHIC_QUOTES).any(|quote| value.starts_with(quote)) => {
            message.help("write the value without quotes")
        }
        [b'%', b'a'..=b'z', ..] => message.help(super::TEMPLATE),
        [b'$', ..] => message.help("is it a shell variable that was not expanded?"),
        [b'}', ..] => message.help("write only one `}` after the labels"),
        [b'{', _, ..] if !value.contains(&b'=') => message.help(super::TEMPLATE),
        [b'{', ..] => message.help(LABELS),
        _ if value.windows(2).skip(1).any(|pair| pair == b"=\"") => message.help(LABELS),
        b"->" | [b'=' | b':' | b',' | b';' | b'|', ..] => {
            message.help("write only a space between the name and the value")
        }
        _ if value.contains(&0x1b) => message.help(super::COLOR),
        _ if value.contains(&b'\r') => {
            message.help("end each line with a newline; a carriage return does not end a line")
        }
        _ => message,
    }
}

/// Explains invalid text after a value, where only a timestamp is allowed.
pub(in crate::exposition) fn rest(rest: &[u8], has_labels: bool) -> (Code, Message) {
    if rest.starts_with(b"# HELP ") || rest.starts_with(b"# TYPE ") {
        let message = Message::new("another line begins after the value").help(JOINED_LINES);
        return (Code::InvalidTimestamp, message);
    }
    if rest.starts_with(b"#") {
        let message = Message::new("the text format does not allow exemplars or comments after a value")
            .help("remove the text after the value; exemplars are an OpenMetrics feature");
        return (Code::Exemplar, message);
    }
    if let Some(message) = line_break(rest) {
        return (Code::InvalidTimestamp, message);
    }
    let (word, after) = first_word(rest);
    let is_word = matches!(word, [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..]);
    let is_line = !matches!(word, b"of" | b"in" | b"at") && sample_name(word, after).is_some();
    let message = Message::new(format!("{} is not a timestamp", quoted(word)));
    let message = match word {
        _ if is_float(word) => message.help(
            "a timestamp is a whole number, and pushed samples have none; remove it, or use `--strip-timestamps`",
        ),
        b";" | b"," | b"&&" | b"||" if !after.is_empty() => message.help(ONE_PER_LINE),
        [b'{', ..] => message.help(LABELS),
        _ if is_line => message.help(JOINED_LINES),
        b"//" | b"--" => message.help("remove the text after the value"),
        _ if !after.is_empty() && !has_labels => message.help(LOG_LINE),
        _ if is_word || word == b"%" || !word[0].is_ascii() => {
            message.help("write only the number, without a unit")
        }
        _ => message.help("remove the text after the value"),
    };
    (Code::InvalidTimestamp, message)
}
