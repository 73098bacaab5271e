//! Detects input that is not metrics in the text format: an error page, JSON, compressed data. It gets one error instead of
//! one for each line.

/// What the input looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtherFormat {
    Html,
    Xml,
    Json,
    Gzip,
    Zstd,
    Snappy,
    Utf16,
    Protobuf,
    Binary,
}

impl OtherFormat {
    /// Detects the format of a file. It is only called if the first line is invalid, so it never changes the verdict.
    pub(super) fn detect(file: &[u8]) -> Option<Self> {
        let text = file.trim_ascii_start();
        Some(match file {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0xff, 0x06, 0x00, 0x00, b's', b'N', ..] => Self::Snappy,
            [0xff, 0xfe, ..]
            | [0xfe, 0xff, ..]
            | [0, 1..=255, 0, 1..=255, ..]
            | [1..=255, 0, 1..=255, 0, ..] => Self::Utf16,
            _ if is_protobuf(file) => Self::Protobuf,
            _ if begins_with(text, b"<!doctype") || begins_with(text, b"<html") => Self::Html,
            _ if begins_with(text, b"<?xml") => Self::Xml,
            _ if is_json(text) => Self::Json,
            _ if is_binary(file) => Self::Binary,
            _ => return None,
        })
    }

    /// What it is, and how to fix it.
    pub(super) fn describe(self) -> (&'static str, &'static str) {
        const TEXT: &str =
            "the Pushgateway accepts the Prometheus text format: a name, a space and a value on each line";
        match self {
            Self::Html => ("HTML", "is it an error page? check what its URL returns"),
            Self::Xml => ("XML", TEXT),
            Self::Json => ("JSON", TEXT),
            Self::Gzip => ("compressed with gzip", "decompress it first, for example with `gunzip -c`"),
            Self::Zstd => ("compressed with zstd", "decompress it first, for example with `zstd -dc`"),
            Self::Snappy => ("compressed with snappy", "decompress it first"),
            Self::Utf16 => ("UTF-16 text", "write it as UTF-8; in PowerShell: `Out-File -Encoding utf8`"),
            Self::Protobuf => {
                ("in the protobuf format", "request the text format: `Accept: text/plain;version=0.0.4`")
            }
            Self::Binary => ("binary data", TEXT),
        }
    }
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
            (&b"\n<!DOCTYPE html>\n<html>"[..], OtherFormat::Html),
            (b"<?xml version=\"1.0\"?>", OtherFormat::Xml),
            (b"{\"status\": \"success\"}", OtherFormat::Json),
            (b"{\n  \"a\" : 1\n}\n", OtherFormat::Json),
            (b"[{\"a\": 1}]", OtherFormat::Json),
            (b"\x1f\x8b\x08\x00", OtherFormat::Gzip),
            (b"\x28\xb5\x2f\xfd\x04", OtherFormat::Zstd),
            (b"\xff\xfea\0 \x001\0", OtherFormat::Utf16),
            (b"a\0 \x001\0\n\0", OtherFormat::Utf16),
            (b"\x0b\x0a\x03foo\x18\x01\x22\x00", OtherFormat::Protobuf),
            (b"\x7fELF\x02\x01\x01\0\0", OtherFormat::Binary),
            (b"BZh9\x17\x72\x45\x38\x50\x90\x0c\xc3\x1f\x9e\xd1\x05", OtherFormat::Binary),
        ] {
            assert_eq!(OtherFormat::detect(bytes), Some(format), "{bytes:?}");
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
            assert_eq!(OtherFormat::detect(text.as_bytes()), None, "{text}");
        }
    }
}
