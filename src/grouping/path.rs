//! Parses a grouping key from the path of a group's URL, as found in curl scripts.
//!
//! The path is parsed as on the server: Go unescapes it, redirects paths that are not clean, and matches the
//! route. Then `pushgateway handler/push.go splitLabels` splits it. It is an error if the server would store
//! the metrics under another key, or not at all.

use super::key::{GroupingKey, KeyError, KeyRules, check_name};
use super::label::Label;
use super::names::{self, Names};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The suffix of a name whose value is base64-encoded.
const BASE64_SUFFIX: &str = "@base64";

/// Go's `base64.RawURLEncoding`, which accepts extra bits in the last character.
const GO_BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

impl GroupingKey {
    /// Parses the key from a percent-encoded path `/metrics/job/...`, without the gateway's prefix, query or
    /// fragment. Rejects a path that the gateway would reject, redirect or misread.
    pub fn parse_path(path: &str, rules: KeyRules) -> Result<Self, PathError> {
        let segments = path.split('/').map(unescape).collect::<Result<Vec<_>, _>>()?;
        let [root, metrics, job_name, rest @ ..] = segments.as_slice() else {
            return Err(PathError::NoGroup);
        };
        let (job_name, job_in_base64) = split_suffix(job_name);
        if !root.is_empty() || metrics != "metrics" || job_name != "job" {
            return Err(PathError::NoGroup);
        }
        let (job, rest) = rest.split_first().ok_or(KeyError::EmptyJob)?;
        let job = value("job", job, job_in_base64)?;

        // The server treats `/job/a/` like `/job/a`, but rejects a slash after a label's value.
        let rest = if rest == [""] { &[] } else { rest };
        let mut labels = Vec::with_capacity(rest.len() / 2);
        let mut pairs = rest.chunks_exact(2);
        for (i, pair) in pairs.by_ref().enumerate() {
            let last = 2 * i + 2 == rest.len();
            labels.push(label(&pair[0], &pair[1], last, rules)?);
        }
        match pairs.remainder() {
            [] if job.is_empty() => Err(KeyError::EmptyJob.into()),
            [] => Ok(Self::with_checked_names(job, labels, rules)?),
            [name, ..] if name.is_empty() => Err(PathError::FinalSlash),
            [name, ..] => Err(PathError::NoValue { name: split_suffix(name).0.to_owned() }),
        }
    }
}

fn unescape(segment: &str) -> Result<String, PathError> {
    let bytes = segment.as_bytes();
    for (at, _) in segment.match_indices('%') {
        match bytes.get(at + 1..at + 3) {
            Some(b"2F" | b"2f") => return Err(PathError::EncodedSlash { segment: segment.to_owned() }),
            Some(hex) if hex.iter().all(u8::is_ascii_hexdigit) => {}
            _ => return Err(PathError::BadEscape { segment: segment.to_owned() }),
        }
    }
    let text = percent_decode_str(segment).decode_utf8();
    text.map(Into::into).map_err(|_| PathError::NotUtf8 { segment: segment.to_owned() })
}

fn split_suffix(name: &str) -> (&str, bool) {
    match name.strip_suffix(BASE64_SUFFIX) {
        Some(name) => (name, true),
        None => (name, false),
    }
}

fn label(name: &str, text: &str, last: bool, rules: KeyRules) -> Result<Label, PathError> {
    let (name, in_base64) = split_suffix(name);
    if name.is_empty() && !in_base64 {
        return Err(PathError::EmptyName);
    }
    dots(name, name)?;
    let name = match rules.names {
        Names::Legacy => Cow::Borrowed(name),
        Names::Utf8 => names::unescape(name),
    };
    if text.is_empty() && !last {
        // The path has two slashes in a row. The server redirects, even if empty values are allowed.
        return Err(KeyError::EmptyValue { name: name.into_owned() }.into());
    }
    let value = value(&name, text, in_base64)?;
    check_name(&name, rules.names, matches!(name, Cow::Owned(_)))?;
    Ok(Label::new(name, value))
}

fn value(name: &str, text: &str, in_base64: bool) -> Result<String, PathError> {
    dots(name, text)?;
    if !in_base64 {
        return Ok(text.to_owned());
    }
    // Go's decoder ignores line breaks, and the server strips all padding.
    let text: String = text.trim_end_matches('=').chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = GO_BASE64.decode(text).map_err(|_| PathError::BadBase64 { name: name.to_owned() })?;
    String::from_utf8(bytes).map_err(|_| PathError::ValueNotUtf8 { name: name.to_owned() })
}

fn dots(name: &str, segment: &str) -> Result<(), PathError> {
    if matches!(segment, "." | "..") {
        return Err(PathError::Dots { name: name.to_owned(), segment: segment.to_owned() });
    }
    Ok(())
}

/// An error for a path that does not identify a group. `segment` is the text as written in the URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path does not start with `/metrics/job/`.
    #[error(
        "the URL does not name a group: it must end with /metrics/job/JOB or /metrics/job/JOB/NAME/VALUE"
    )]
    NoGroup,
    #[error("`{segment}` in the URL has a `%` without two hexadecimal digits: write %25 for a `%`")]
    BadEscape { segment: String },
    #[error("`{segment}` in the URL has a %2F, which the gateway reads as a slash: {USE_FLAGS}")]
    EncodedSlash { segment: String },
    #[error(
        "label `{name}` in the URL is `{segment}`, so the gateway would redirect the request to another group: {USE_FLAGS}"
    )]
    Dots { name: String, segment: String },
    /// The path has two slashes where a label name is expected. The gateway would respond with a redirect.
    #[error("the URL has two slashes in a row: is a variable in it unset?")]
    EmptyName,
    #[error("the URL ends with a slash: remove it")]
    FinalSlash,
    #[error("label `{name}` in the URL has no value: write /NAME/VALUE pairs after the job")]
    NoValue { name: String },
    #[error("label `{name}` in the URL is marked `@base64`, but its value is not URL-safe base64")]
    BadBase64 { name: String },
    #[error("label `{name}` in the URL is not UTF-8 and would break the gateway")]
    ValueNotUtf8 { name: String },
    #[error("`{segment}` in the URL is not UTF-8 and would break the gateway")]
    NotUtf8 { segment: String },
    #[error(transparent)]
    Key(#[from] KeyError),
}

const USE_FLAGS: &str = "name the group with --job and --label, which encode it";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grouping::{EmptyValues, LabelSet};
    use proptest::prelude::*;

    const PUSH: KeyRules = KeyRules { names: Names::Legacy, empty_values: EmptyValues::Reject };
    const READ: KeyRules = KeyRules { names: Names::Legacy, empty_values: EmptyValues::Allow };
    const UTF8: KeyRules = KeyRules { names: Names::Utf8, empty_values: EmptyValues::Reject };

    fn read(path: &str, rules: KeyRules) -> Result<String, PathError> {
        GroupingKey::parse_path(path, rules).map(|key| LabelSet::from(&key).to_string())
    }

    #[test]
    fn a_path_is_read_as_the_server_reads_it() {
        let table = [
            ("/metrics/job/a", r#"{job="a"}"#),
            ("/metrics/job/a/", r#"{job="a"}"#),
            ("/metrics/job/a/l/...", r#"{job="a",l="..."}"#),
            ("/metrics/job/a/l/..b", r#"{job="a",l="..b"}"#),
            ("/metrics/job@base64/Lg", r#"{job="."}"#),
            ("/metrics/job%40base64/Lg", r#"{job="."}"#),
            ("/%6detrics/j%6Fb/a", r#"{job="a"}"#),
            ("/metrics/job/a/l@base64/Li4=", r#"{job="a",l=".."}"#),
            ("/metrics/job/a+b/l/a%2Bb", r#"{job="a+b",l="a+b"}"#),
            ("/metrics/job/a%20b", r#"{job="a b"}"#),
            ("/metrics/job/x%252Fy", r#"{job="x%2Fy"}"#),
            ("/metrics/job/%3F%23%26%3D%3B", r#"{job="?#&=;"}"#),
            ("/metrics/job/a;b=c/l/a:b@c", r#"{job="a;b=c",l="a:b@c"}"#),
            ("/metrics/job/Π", r#"{job="Π"}"#),
            ("/metrics/job/%CE%A0", r#"{job="Π"}"#),
            ("/metrics/job/%00%0A", r#"{job="\u0000\n"}"#),
            ("/metrics/job/a/l@base64/AA", r#"{job="a",l="\u0000"}"#),
            ("/metrics/job/a/l@base64/Pz8_", r#"{job="a",l="???"}"#),
            ("/metrics/job/a/l@base64/YWI=", r#"{job="a",l="ab"}"#),
            ("/metrics/job/a/l@base64/YWI%3D", r#"{job="a",l="ab"}"#),
            ("/metrics/job/a/l@base64/YWI==", r#"{job="a",l="ab"}"#),
            ("/metrics/job/a/l@base64/YWJ", r#"{job="a",l="ab"}"#),
            ("/metrics/job/a/l@base64/Y%0AWI", r#"{job="a",l="ab"}"#),
            ("/metrics/job/a/b/1/a/2", r#"{job="a",a="2",b="1"}"#),
        ];
        for (path, labels) in table {
            assert_eq!(read(path, PUSH).as_deref(), Ok(labels), "{path}");
        }
    }

    #[test]
    fn empty_values_are_allowed_for_reading() {
        for path in ["l/", "l@base64/=", "l@base64/==", "l@base64/"] {
            let path = format!("/metrics/job/a/{path}");
            assert_eq!(read(&path, READ).as_deref(), Ok(r#"{job="a",l=""}"#), "{path}");
            assert_eq!(
                read(&path, PUSH),
                Err(PathError::Key(KeyError::EmptyValue { name: "l".to_owned() })),
                "{path}"
            );
        }
        // The server would redirect, so this is an error with both rules.
        for rules in [PUSH, READ] {
            let error = read("/metrics/job/a/l//m/x", rules).unwrap_err();
            assert_eq!(error, PathError::Key(KeyError::EmptyValue { name: "l".to_owned() }));
        }
    }

    #[test]
    fn a_path_that_the_server_would_misread_is_an_error() {
        let table = [
            ("", "does not name a group"),
            ("/", "does not name a group"),
            ("/metrics", "does not name a group"),
            ("/metrics/", "does not name a group"),
            ("/metrics/instance/b/job/a", "does not name a group"),
            ("/Metrics/Job/a", "does not name a group"),
            ("//metrics/job/a", "does not name a group"),
            ("metrics/job/a", "does not name a group"),
            ("/metrics/job", "the job is empty"),
            ("/metrics/job/", "the job is empty"),
            ("/metrics/job//instance/a", "the job is empty"),
            ("/metrics/job@base64/=", "the job is empty"),
            ("/metrics/job/.", "`.`, so the gateway would redirect"),
            ("/metrics/job/%2E%2e", "`..`, so the gateway would redirect"),
            ("/metrics/job/a/l/..", "`..`, so the gateway would redirect"),
            ("/metrics/job/a/../b", "`..`, so the gateway would redirect"),
            ("/metrics/job/a/l@base64/.", "`.`, so the gateway would redirect"),
            ("/metrics/job/a//", "two slashes"),
            ("/metrics/job/a//l/x", "two slashes"),
            ("/metrics/job/a/l/x//m/y", "two slashes"),
            ("/metrics/job/a/l", "label `l` in the URL has no value"),
            ("/metrics/job/a/k/v/", "the URL ends with a slash: remove it"),
            ("/metrics/job/x%2Fy", "%2F, which the gateway reads as a slash"),
            ("/metrics/job/a/l@base64/Pz8%2f", "%2F, which the gateway reads as a slash"),
            ("/metrics/job/100%", "write %25"),
            ("/metrics/job/%zz", "write %25"),
            ("/metrics/job/%+f", "write %25"),
            ("/metrics/job/a/l@base64/a+b", "label `l` in the URL is marked `@base64`"),
            ("/metrics/job/a/l@base64/YW=I", "is not URL-safe base64"),
            ("/metrics/job@base64/a", "label `job` in the URL is marked `@base64`"),
            ("/metrics/job/%FF", "`%FF` in the URL is not UTF-8"),
            ("/metrics/job/a/l@base64/_w", "label `l` in the URL is not UTF-8"),
            ("/metrics/job/a/job/b", "`job` is not allowed as a label"),
            ("/metrics/job/a/l/1/l/2", "label `l` is set twice"),
            ("/metrics/job/a/l/1/l@base64/YQ", "label `l` is set twice"),
            ("/metrics/job/a/__l/1", "reserved for Prometheus"),
            ("/metrics/job/a/l-x/1", "`l-x` is not a valid label name"),
            ("/metrics/job/a/1l/1", "`1l` is not a valid label name"),
            ("/metrics/job/a/@base64/YQ", "empty name"),
            ("/metrics/job/a/U__a_2e_b/1", "starts with `U__`"),
        ];
        for (path, expected) in table {
            let error = read(path, PUSH).unwrap_err().to_string();
            assert!(error.contains(expected), "{path}: {error}");
        }
    }

    #[test]
    fn a_gateway_with_utf8_names_decodes_them() {
        assert_eq!(read("/metrics/job/a/U__b_2e_c/1", UTF8).as_deref(), Ok(r#"{job="a","b.c"="1"}"#));
        assert_eq!(read("/metrics/job/a/b.c@base64/YQ", UTF8).as_deref(), Ok(r#"{job="a","b.c"="a"}"#));
        // If a gateway with UTF-8 names lists the label `U__x`, `show` prints this path.
        assert_eq!(read("/metrics/job/a/U__U____x/1", UTF8).as_deref(), Ok(r#"{job="a",U__x="1"}"#));
        for (path, expected) in [
            ("/metrics/job/a/U______x/1", "reserved for Prometheus"),
            ("/metrics/job/a/U__job/1", "`job` is not allowed as a label"),
            ("/metrics/job/a/U__b_/1", "starts with `U__`"),
            ("/metrics/job/a/b.c/1/U__b_2e_c/1", "`b.c` is set twice"),
        ] {
            let error = read(path, UTF8).unwrap_err().to_string();
            assert!(error.contains(expected), "{path}: {error}");
        }
    }

    proptest! {
        #[test]
        fn parse_path_never_panics(path in "/metrics/job(@base64)?/[a-zA-Z0-9_/%@=.é+-]{0,30}|\\PC{0,30}") {
            for rules in [PUSH, READ, UTF8] {
                if let Ok(key) = GroupingKey::parse_path(&path, rules) {
                    prop_assert_eq!(GroupingKey::parse_path(&key.path(), rules), Ok(key));
                }
            }
        }
    }
}
