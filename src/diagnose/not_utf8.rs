//! Finds groups whose keys are not valid UTF-8.
//!
//! The API replaces invalid bytes with U+FFFD. But the error response to a scrape contains all labels of each
//! affected series, with octal or hexadecimal escapes (seen on 1.5.1, 1.11.0 and 1.11.2). The spaces between
//! the labels differ between builds.

use super::commands::delete_path;
use crate::grouping::{Names, depends_on_names, in_path};
use crate::http::Connection;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Returns the commands that delete these groups, based on the gateway's response to a failed scrape.
pub fn not_utf8(words: &str, names: Option<Names>, connection: &Connection) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for line in words.lines().filter(|line| line.contains("whose value is not utf8")) {
        // The gateway adds this metric to each group, with exactly the labels of the key.
        if line.contains("\"push_time_seconds\"")
            && let Some(path) = quoted_labels(line).and_then(|labels| raw_path(&labels, names))
        {
            commands.push(delete_path(&path, connection));
        }
    }
    commands.sort_unstable();
    commands.dedup();
    commands
}

/// Parses the labels of a series in the response: `{ label:{name:"job"  value:"x"} ... }`.
fn quoted_labels(line: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut labels = BTreeMap::new();
    let mut rest = &line[..line.rfind("has a label named")?];
    while let Some(at) = rest.find("name:\"") {
        let (name, after) = unquote(&rest[at + "name:\"".len()..])?;
        let after = after.trim_start().strip_prefix("value:\"")?;
        let (value, after) = unquote(after)?;
        labels.insert(String::from_utf8(name).ok()?, value);
        rest = after;
    }
    Some(labels)
}

/// Unescapes protobuf's text format up to the closing quote. Returns the bytes and the text after the quote.
fn unquote(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        out.extend_from_slice(&rest.as_bytes()[..at]);
        if rest.as_bytes()[at] == b'"' {
            return Some((out, &rest[at + 1..]));
        }
        rest = &rest[at + 1..];
        let escape = rest.chars().next()?;
        let (digits, radix) = match escape {
            'x' => (rest.get(1..3)?, 16),
            '0'..='7' => (rest.get(..3)?, 8),
            _ => ("", 0),
        };
        if digits.is_empty() {
            let byte = match escape {
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                other => u8::try_from(other).ok()?,
            };
            out.push(byte);
            rest = &rest[escape.len_utf8()..];
        } else {
            out.push(u8::from_str_radix(digits, radix).ok()?);
            rest = &rest[3..];
        }
    }
}

/// Returns the path of a group whose label values can be any bytes. An empty `instance` is omitted, because
/// the gateway most likely added it.
fn raw_path(labels: &BTreeMap<String, Vec<u8>>, names: Option<Names>) -> Option<String> {
    let mut path = String::from("/metrics");
    let job = labels.get_key_value("job")?;
    let others =
        labels.iter().filter(|(name, value)| *name != "job" && !(*name == "instance" && value.is_empty()));
    for (name, value) in std::iter::once(job).chain(others) {
        if names.is_none() && depends_on_names(name) {
            return None;
        }
        let name = in_path(name, names.unwrap_or_default())?;
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        let _ = match std::str::from_utf8(value) {
            Ok(text) if !text.is_empty() && value.iter().all(plain) => {
                write!(path, "/{name}/{text}")
            }
            Ok("") => write!(path, "/{name}@base64/="),
            _ => write!(path, "/{name}@base64/{}", URL_SAFE_NO_PAD.encode(value)),
        };
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gateway() -> Connection {
        Connection::direct("http://gw:9091/a")
    }

    #[test]
    fn the_bytes_of_a_key_are_read_from_the_response() {
        let seen = [
            // The response of Pushgateway 1.5.1.
            r#"* collected metric "push_time_seconds" { label:<name:"instance" value:"" > label:<name:"job" value:"a\377\"\nb" > label:<name:"l" value:"\377" > label:<name:"m" value:"\376" > gauge:<value:0 > } has a label named "job" whose value is not utf8: "a\xff\"\nb""#,
            // The response of Pushgateway 1.11.2.
            r#"* collected metric "push_time_seconds" { label:{name:"instance"  value:""}  label:{name:"job"  value:"a\xff\"\nb"}  label:{name:"l"  value:"\xff"}  label:{name:"m"  value:"\xfe"}  gauge:{value:0}} has a label named "job" whose value is not utf8: "a\xff\"\nb""#,
        ];
        for line in seen {
            let words = format!("2 error(s) occurred:\n{line}\n{line}\n");
            assert_eq!(
                not_utf8(&words, None, &gateway()),
                [
                    "pushgw delete -f --url http://gw:9091/a/metrics/job@base64/Yf8iCmI/l@base64/_w/m@base64/_g"
                ]
            );
        }
        let other = r#"* collected metric "a" { label:{name:"l"  value:"\xff"} } has a label named "l" whose value is not utf8: "\xff""#;
        assert_eq!(not_utf8(other, None, &gateway()), [""; 0]);
    }

    #[test]
    fn a_name_that_a_gateway_may_decode_gets_no_command() {
        let line = r#""push_time_seconds" { label:{name:"job" value:"\xff"} label:{name:"U__x" value:"v"} } has a label named "job" whose value is not utf8: "\xff""#;
        assert_eq!(not_utf8(line, None, &gateway()), [""; 0]);
    }

    proptest! {
        #[test]
        fn no_answer_causes_a_panic(words in "(name:|value:|\"|\\\\|x|3|é|label|[a-f0-9]| ){0,40}") {
            let line = format!("\"push_time_seconds\" {words} has a label named x whose value is not utf8");
            let _ = not_utf8(&line, None, &gateway());
        }
    }
}
