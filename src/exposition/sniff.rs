//! Detects input in another format, such as an error page, JSON or compressed data, so that it is reported as one error
//! instead of one error per line.
//!
//! A log line at the start of a file can look like JSON. If a valid line follows, the file is therefore treated as
//! metrics.

use super::model::kind::Kind;
use super::text::lines;
use super::text::number::is_float;
use super::text::scan::{self, Line};

const TEXT: &str =
    "the Pushgateway accepts the Prometheus text format: a name, a space and a value on each line";

/// Returns the format of a file that is not metrics, and a suggested fix. This function is called only if the first
/// line is invalid, so it never changes whether the file is accepted.
pub(super) fn other_format(file: &[u8]) -> Option<(&'static str, &'static str)> {
    let text = file.trim_ascii_start();
    Some(match file {
        [0x1f, 0x8b, ..] => ("compressed with gzip", "decompress it first, for example with `gunzip -c`"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            ("compressed with zstd", "decompress it first, for example with `zstd -dc`")
        }
        [0xff, 0x06, 0x00, 0x00, b's', b'N', ..] => ("compressed with snappy", "decompress it first"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=255, 0, 1..=255, ..] | [1..=255, 0, 1..=255, 0, ..] => {
            ("UTF-16 text", "write it as UTF-8; in PowerShell: `Out-File -Encoding utf8`")
        }
        _ if is_protobuf(file) => {
            ("in the protobuf format", "request the text format: `Accept: text/plain;version=0.0.4`")
        }
        [b'#', b'!', b'/', ..] => ("a script", "push what it prints: `./FILE | pushgw push ...`"),
        _ if has_good_line(file) => return None,
        _ if begins_with(text, b"<!doctype") || begins_with(text, b"<html") => {
            ("HTML", "is it an error page? check what the URL returns")
        }
        _ if begins_with(text, b"<?xml") => ("XML", TEXT),
        _ if is_json(text) && text.starts_with(b"{'") => ("a Python dictionary", TEXT),
        _ if is_json(text) => ("JSON", TEXT),
        _ if is_csv(text) => ("CSV", TEXT),
        _ if is_binary(file, 16) => ("binary data", TEXT),
        _ => return None,
    })
}

fn begins_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Returns whether any of the first lines is a sample or a TYPE line. Returns false for files that look like HTML or
/// are mostly binary, because an HTML page or an archive can contain such lines.
fn has_good_line(file: &[u8]) -> bool {
    const MAX_LINES: usize = 50;
    if file.starts_with(b"<") && file.trim_ascii_end().ends_with(b">") || is_binary(file, 3) {
        return false;
    }
    let is_end = |rest: &[u8]| rest.is_empty() || rest.len() > 9 && is_float(rest);
    let (mut start, mut labels) = (0, Vec::new());
    for _ in 0..MAX_LINES {
        let Some(line) = lines::next(file, &(0..file.len()), start, &mut labels) else { return false };
        start = line.all.end + 1;
        match scan::line(file, line.trimmed, &mut labels) {
            Ok(Line::Sample(sample))
                if is_end(&file[sample.rest.clone()]) && is_float(&file[sample.value.clone()]) =>
            {
                return true;
            }
            Ok(Line::Type(line))
                if line.text.as_ref().is_some_and(|text| Kind::parse(&file[text.clone()]).is_some()) =>
            {
                return true;
            }
            _ => {}
        }
    }
    false
}

/// Returns whether the text starts with the header and the first row of a CSV file.
fn is_csv(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let is_header =
        |line: &[u8]| line.iter().all(|byte| byte.is_ascii_alphabetic() || b"_\",;".contains(byte));
    let has_separator = |line: &[u8]| line[..line.len().max(1) - 1].iter().any(|byte| b",;".contains(byte));
    lines.next().is_some_and(|line| is_header(line) && has_separator(line))
        && lines.next().is_some_and(has_separator)
}

/// Returns whether the text starts like a JSON object or array. An object must have a colon after its first key,
/// because `{"a"` can also be the start of a sample with a quoted name.
fn is_json(text: &[u8]) -> bool {
    match text {
        [b'[', rest @ ..] => is_json_array(rest.trim_ascii_start()),
        [b'{', rest @ ..] => match rest.trim_ascii_start() {
            [quote @ (b'"' | b'\''), rest @ ..] => {
                let end = rest.iter().position(|byte| byte == quote).map_or(rest.len(), |end| end + 1);
                rest[end..].trim_ascii_start().first() == Some(&b':')
            }
            _ => false,
        },
        _ => false,
    }
}

/// Returns whether the text after a `[` continues a JSON array. Log lines such as `[1/3] x` or `[12:00] x` do not.
fn is_json_array(text: &[u8]) -> bool {
    match text {
        [b'{' | b']' | b'"', ..] => true,
        [b'[', rest @ ..] => is_json_array(rest.trim_ascii_start()),
        [b'0'..=b'9' | b'-', ..] => {
            let is_number = |byte: &&u8| byte.is_ascii_digit() || b".eE+-".contains(byte);
            let number = text.iter().take_while(is_number).count();
            match text[number..].trim_ascii_start() {
                [b']', rest @ ..] => matches!(rest, [] | [b',' | b']' | b'\r' | b'\n', ..]),
                rest => is_float(&text[..number]) && rest.starts_with(b","),
            }
        }
        _ => false,
    }
}

/// Returns whether the file starts with a `MetricFamily` message: its length, followed by field 1 (the name) and the
/// length of the name.
fn is_protobuf(file: &[u8]) -> bool {
    let length = file.iter().take(5).take_while(|&&byte| byte >= 0x80).count() + 1;
    match file.get(length..) {
        Some([0x0a, name, rest @ ..]) => {
            let name = rest.get(..usize::from(*name)).unwrap_or_default();
            !name.is_empty()
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
                && matches!(rest.get(name.len()), Some(0x12 | 0x18))
        }
        _ => false,
    }
}

/// Returns whether the file contains more than one control character per `usual` bytes. If `usual` is greater than 3, a
/// single NUL byte is enough. In random data, about every ninth byte is a control character. ESC is not counted because
/// colored output contains it, and bytes above 0x7f are not counted because they can be letters in a legacy encoding.
fn is_binary(file: &[u8], usual: usize) -> bool {
    let head = &file[..file.len().min(1024)];
    let is_unusual = |byte: &&u8| byte.is_ascii_control() && !byte.is_ascii_whitespace() && **byte != 0x1b;
    let is_mostly_text = head.iter().filter(is_unusual).count() <= 1 + head.len() / usual;
    !is_mostly_text || usual > 3 && head.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_detected() {
        for (bytes, format) in [
            (&b"\n<!DOCTYPE html>\n<html>"[..], "HTML"),
            (b"<?xml version=\"1.0\"?>", "XML"),
            (b"{\"status\": \"success\"}", "JSON"),
            (b"{\n  \"a\" : 1\n}\n", "JSON"),
            (b"[{\"a\": 1}]", "JSON"),
            (b"name,value\nbackup_size,12\n", "CSV"),
            (b"\"name\";\"value\"\r\n\"a\";\"1\"\r\n", "CSV"),
            (b"{'a': 1}\n", "a Python dictionary"),
            (b"#!/bin/sh\ncat <<E\na 1\nE\n", "a script"),
            (b"\x1f\x8b\x08\x00", "compressed with gzip"),
            (b"\x28\xb5\x2f\xfd\x04", "compressed with zstd"),
            (b"\xff\xfea\0 \x001\0", "UTF-16 text"),
            (b"a\0 \x001\0\n\0", "UTF-16 text"),
            (b"\x0b\x0a\x03foo\x18\x01\x22\x00", "in the protobuf format"),
            (b"\x7fELF\x02\x01\x01\0\0", "binary data"),
            (b"BZh9\x17\x72\x45\x38\x50\x90\x0c\xc3\x1f\x9e\xd1\x05", "binary data"),
        ] {
            assert_eq!(other_format(bytes).map(|(what, _)| what), Some(format), "{bytes:?}");
        }
    }

    #[test]
    fn a_line_of_a_log_is_not_another_format() {
        for line in [
            "[2026-01-01 00:00:00] dump started",
            "[1/3] dumping",
            "[12:00:01] x",
            "[1700000000] x",
            "[0;32mINFO[0m start",
            "[[ -n x ]]",
        ] {
            assert_eq!(other_format(line.as_bytes()), None, "{line}");
        }
        // Each line is recognized as another format unless a valid line follows.
        for line in
            ["{\"level\":\"info\",\"msg\":\"x\"}", "|\x08/\x08-\x08\\\x08|\x08/\x08", "[\"a\", 1]", "[1]"]
        {
            assert!(other_format(line.as_bytes()).is_some(), "{line}");
            for good in ["rows 1", "# TYPE rows gauge", "rows{a=\"b\"} 1e3\r"] {
                assert_eq!(other_format(format!("{line}\nx y\n{good}\n").as_bytes()), None, "{line}");
            }
        }
        assert!(other_format(b"<html>\nError 502\n</html>\n").is_some());
        let archive = ["m.prom", &"\0".repeat(200), "rows 1\n"].concat();
        assert!(other_format(archive.as_bytes()).is_some());
    }

    #[test]
    fn invalid_metrics_are_not_another_format() {
        for text in [
            "a-b 1\n",
            "a,1\nb,2\n",
            "done;\n",
            "a,b\nmy-c 1\n",
            "a,b\nc,d\ne 1 1700000000000\n",
            "{\"a\",b=\"x\" 1\n",
            "{a=\"x\"} 1\n",
            "",
            "\n\nfoo",
            "# TYPE x y\n",
            "\x1b[1mfoo\x1b[0m",
        ] {
            assert_eq!(other_format(text.as_bytes()), None, "{text}");
        }
    }
}
