//! Detects input that is not metrics in the text format: an error page, JSON, compressed data. It gets one error instead of
//! one for each line.

const TEXT: &str =
    "the Pushgateway accepts the Prometheus text format: a name, a space and a value on each line";

/// The format of a file that is not metrics, and how to fix it. It is only called if the first line is invalid, so it never
/// changes the verdict.
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
        _ if begins_with(text, b"<!doctype") || begins_with(text, b"<html") => {
            ("HTML", "is it an error page? check what its URL returns")
        }
        _ if begins_with(text, b"<?xml") => ("XML", TEXT),
        _ if is_json(text) => ("JSON", TEXT),
        _ if is_binary(file) => ("binary data", TEXT),
        _ => return None,
    })
}

fn begins_with(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Whether the first two tokens are those of a JSON object or array. `{"a"` alone may be a sample with a quoted name.
fn is_json(text: &[u8]) -> bool {
    match text {
        [b'[', rest @ ..] => {
            matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[' | b']' | b'"' | b'0'..=b'9'))
        }
        [b'{', rest @ ..] => match rest.trim_ascii_start() {
            [b'"', rest @ ..] => {
                let end = rest.iter().position(|&byte| byte == b'"').map_or(rest.len(), |end| end + 1);
                rest[end..].trim_ascii_start().first() == Some(&b':')
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether it is a sequence of `MetricFamily` messages: a length, then field 1 (the name) with its length.
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

/// Whether there is a NUL, or more control characters than any text has (every ninth random byte is one). ESC does not count,
/// because colored output is text. Bytes from 0x80 do not count either: they may be letters of an old encoding.
fn is_binary(file: &[u8]) -> bool {
    let head = &file[..file.len().min(1024)];
    let is_unusual = |byte: &&u8| byte.is_ascii_control() && !byte.is_ascii_whitespace() && **byte != 0x1b;
    head.contains(&0) || head.iter().filter(is_unusual).count() > 1 + head.len() / 16
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
    fn invalid_metrics_are_not_another_format() {
        for text in [
            "a-b 1\n",
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
