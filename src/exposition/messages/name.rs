//! Messages for errors where a metric name should start or end.

use super::{COLOR, SHELL_QUOTES, TEMPLATE, first_character, number, quoted};
use crate::exposition::code::Code;
use crate::exposition::findings::Message;
use crate::exposition::multiline::{is_status_line, is_valid};
use crate::exposition::text::number::{begins_like_number, is_float};
use crate::exposition::text::scan::{SampleLine, character};
use memchr::memmem;
use std::ops::Range;

pub(super) const LOG_LINE: &str = "is it a log line? write only metrics to standard output";
pub(super) const SHELL: &str = "is it a shell command? push what it prints";
const UTF16: &str = "is it UTF-16 text? write it as UTF-8; in PowerShell: `Out-File -Encoding utf8`";
const SPACES: [(&[u8], &str); 3] = [
    (b"\xc2\xa0", "a no-break space"),
    (b"\xe2\x80\xaf", "a narrow no-break space"),
    (b"\xe3\x80\x80", "an ideographic space"),
];

fn space(character: &[u8]) -> Option<&'static str> {
    SPACES.iter().find(|(space, _)| *space == character).map(|(_, name)| *name)
}

/// Explains a line that does not begin with a name.
pub(super) fn no_name(line: &[u8], marked: &[u8], is_first: bool) -> Message {
    let message = Message::new(format!("a line cannot begin with {}", first_character(marked)));
    if let Some(name) = space(marked) {
        return message.help(format!("it is {name}; write a plain space"));
    }
    let starts = |with: &[&[u8]]| with.iter().any(|start| line.trim_ascii_start().starts_with(start));
    match marked {
        b"\"\"" => Message::new("the metric name is empty"),
        [b'0'..=b'9', ..] => begins_with_digit(line, is_first),
        b"\xef\xbb\xbf" => message.help("this is a byte-order mark in the middle of the text; remove it"),
        b"\r" => message.help("this is a carriage return; end each line with a newline only"),
        b"\x1b" => message.help(COLOR),
        b"\0" | b"\xff" | b"\xfe" => message.help(UTF16),
        b"$" if starts(&[b"$ "]) => message.help(SHELL),
        b"<" if starts(&[b"<%"]) => message.help(TEMPLATE),
        b"$" => message.help("is it a shell variable that was not expanded?"),
        b"/" | b"-" | b";" if starts(&[b"// ", b"-- ", b"; "]) => message.help("begin a comment with `#`"),
        b"-" if starts(&[b"-e ", b"-n ", b"-ne ", b"-en "]) => message.help("use `printf` instead of `echo`"),
        b"'" | b"`" => message.help(SHELL_QUOTES),
        b"[" | b"|" | b"<" | b">" | b"(" | b"*" | b"=" | b"+" => message.help(LOG_LINE),
        _ => message.help("a metric name begins with a letter, `_` or `:`"),
    }
}

fn begins_with_digit(line: &[u8], is_first: bool) -> Message {
    let message = Message::new("a metric name cannot begin with a digit");
    let words: Vec<_> = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).take(3).collect();
    let is_time = |word: &[u8]| word.iter().any(|byte| b":/-".contains(byte));
    match words[..] {
        [word] if is_float(word) => message.help(if is_first || line.starts_with(b" ") {
            super::EMPTY_VARIABLE
        } else {
            "is it part of the value above? `grep -c ... || echo 0` prints two lines"
        }),
        [first, second, third]
            if ![first, second].iter().any(|word| is_float(word) || is_time(word))
                && begins_like_number(second)
                && is_float(third) =>
        {
            message.help("were lines joined? end each line with a newline")
        }
        [first, second, ..] if !is_float(second) || is_time(first) => message.help(LOG_LINE),
        _ => message,
    }
}

/// Explains an invalid name in a HELP or TYPE line.
pub(super) fn in_comment(bytes: &[u8], line: Range<usize>, span: &Range<usize>) -> Message {
    let start = bytes[line.start..span.start].iter().rposition(|byte| matches!(byte, b' ' | b'\t'));
    let start = start.map_or(line.start, |at| line.start + at + 1);
    let end = bytes[span.start..line.end].iter().position(|byte| matches!(byte, b' ' | b'\t'));
    let word = &bytes[start..end.map_or(line.end, |at| span.start + at)];
    let help = "a metric name can contain only letters, digits, `_` and `:`, and cannot begin with a digit";
    // Without a text after it, the word may be more than a name.
    let is_name = end.is_some() || word.is_ascii() && !word.contains(&b'=');
    Message::new(format!("{} is not a valid metric name", quoted(word))).help(
        match suggest(word).filter(|_| is_name) {
            Some(name) => format!("{help}; for example `{name}`"),
            None => format!("{help}; a comment that does not begin with HELP or TYPE can contain any text"),
        },
    )
}

/// Explains a metric name that is followed by an invalid character. Either the space before the value is missing, or
/// the character is in the middle of the intended name.
pub(super) fn followed_by_other(
    bytes: &[u8],
    name: Range<usize>,
    sample: &SampleLine<'_>,
) -> (Code, Range<usize>, Message) {
    let (value, rest) = (&bytes[sample.value.clone()], &bytes[sample.rest.clone()]);
    let character = sample.value.start..sample.value.start + character(value);
    let message =
        Message::new(format!("a metric name cannot contain {}", special(&bytes[character.clone()])));
    let line = &bytes[name.start..sample.rest.end.max(sample.value.end)];
    if is_status_line(line) {
        let message = Message::new("these are HTTP response headers");
        return (Code::MetricName, character, message.help("remove them; run `curl` without `-i`"));
    }
    if let Some(help) = meant(line, &bytes[name.clone()]) {
        let end = if rest.is_empty() { sample.value.end } else { sample.rest.end };
        return (Code::MetricName, name.start..end, message.help(help));
    }
    let word = &bytes[name.start..sample.value.end];
    let help = "a metric name can contain only letters, digits, `_` and `:`";
    let labels = memchr::memchr(b'{', line).zip(memchr::memrchr(b'}', line)).filter(|(from, to)| from < to);
    let labels = labels.map_or(&[][..], |(from, to)| &line[from..=to]);
    let is_useful = |name: &String| is_valid(&[name.as_bytes(), labels, b" 1"].concat());
    let message = match suggest(word).filter(is_useful) {
        _ if value.starts_with(b"\x1b") => message.help(COLOR),
        _ if value.starts_with(b"\0") => message.help(UTF16),
        // In logfmt, every word is `key=value`.
        _ if value[0] == b'='
            && [&b" level="[..], b" msg="].iter().any(|key| memmem::find(line, key).is_some()) =>
        {
            message.help(LOG_LINE)
        }
        _ if matches!(value[0], b'=' | b',' | b';' | b'|') => message.help(
            "separate the name and the value with a space; if the value comes from a variable, is the variable unset?",
        ),
        _ if !rest.is_empty() && !line.iter().any(u8::is_ascii_digit) => message.help(LOG_LINE),
        Some(name) => message.help(format!("{help}; for example `{name}`")),
        None => message.help(help),
    };
    (Code::MetricName, character, message)
}

fn special(character: &[u8]) -> String {
    space(character).map_or_else(|| first_character(character), str::to_owned)
}

/// Suggests a fix for a line with brackets, or with a separator other than a space.
fn meant(line: &[u8], name: &[u8]) -> Option<String> {
    let (line, name) = (std::str::from_utf8(line).ok()?, std::str::from_utf8(name).ok()?);
    let after = line.strip_prefix(name)?;
    if let Some(help) = influx(line, name) {
        return Some(help);
    }
    if let Some((labels, value)) =
        after.strip_prefix(['[', '(']).and_then(|after| after.split_once([']', ')']))
        && is_float(value.trim().as_bytes())
    {
        return Some(if_valid("labels go in braces", &format!("{name}{{{labels}}} {}", value.trim())));
    }
    let separator = ['=', ',', ';', '|', '\u{a0}', '\u{202f}', '\u{3000}'];
    let arrow = ["->", "=>", "==", ":="].iter().find_map(|arrow| after.strip_prefix(arrow));
    let value = arrow.or_else(|| after.strip_prefix(separator))?.trim().trim_matches(['"', '\'']);
    let value =
        number::separators(value).is_none().then_some(value).filter(|value| is_float(value.as_bytes()))?;
    Some(format!("separate the name and the value with a space: write `{name} {value}`"))
}

/// Suggests a sample for a line such as `rows,stage=a value=10` (`InfluxDB` line protocol).
fn influx(line: &str, name: &str) -> Option<String> {
    let mut words = line.split_ascii_whitespace();
    let (series, field) = (words.next()?, words.next()?);
    let (field, value) = field.split_once('=')?;
    let value = value.strip_suffix('i').unwrap_or(value);
    let tags = series.strip_prefix(name)?.strip_prefix(',')?.split(',').map(|tag| tag.split_once('='));
    let labels: Option<Vec<_>> =
        tags.map(|tag| tag.map(|(name, value)| format!("{name}=\"{value}\""))).collect();
    let suffix = if field == "value" { String::new() } else { format!("_{field}") };
    let sample = format!("{name}{suffix}{{{}}} {value}", labels?.join(","));
    Some(if_valid("this looks like InfluxDB line protocol", &sample))
}

/// Suggests a sample, or only its syntax if the text is not a valid sample.
fn if_valid(what: &str, sample: &str) -> String {
    if is_valid(sample.as_bytes()) {
        return format!("{what}; write `{sample}`");
    }
    format!("{what}; write each value as `name{{label=\"value\"}} 1`")
}

/// Returns a valid name similar to `word`, such as `my_metric_total` for `my-metric.total`.
pub(super) fn suggest(word: &[u8]) -> Option<String> {
    let end = word.iter().position(|byte| *byte == b'{').unwrap_or(word.len());
    let word = std::str::from_utf8(&word[..end]).ok()?;
    let name: String =
        word.chars().map(|c| if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' }).collect();
    // Addresses, words of a sentence, StatsD lines and a literal `\t` are not names with a wrong character.
    let is_other = word.contains("//") || word.contains(['@', '|', '\\']) || word.ends_with('.');
    let is_useful = !is_other && name.len() <= 60 && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    (is_useful && !name.starts_with(|c: char| c.is_ascii_digit()))
        .then(|| name.trim_end_matches('_').to_owned())
}
