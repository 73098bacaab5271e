//! Parses the URL of a Pushgateway, and the URL of a group as used in curl scripts.

use crate::grouping::{GroupingKey, KeyRules, PathError};
use crate::http::{MAX_PREFIX, Url, UrlError};
use percent_encoding::percent_decode_str;
use std::fmt::Write as _;
use std::str::FromStr;
use thiserror::Error;

/// The port of a gateway whose URL has neither a scheme nor a port.
pub(super) const DEFAULT_PORT: u16 = 9091;

/// Parses the URL of a gateway. If it has no scheme, the default port is 9091 instead of 80.
///
/// One trailing `/metrics` is removed, because users copy the URL from a browser. If the gateway's path
/// prefix ends in `/metrics`, users must write it twice.
pub(crate) fn gateway_url(text: &str) -> Result<Url, GatewayUrlError> {
    let url: Url = text.parse()?;
    let has_scheme = ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let url = if has_scheme { url } else { url.or_port(DEFAULT_PORT) };
    let path = url.path().trim_end_matches('/');
    if let Some(start) = group_start(path) {
        let gateway = path[..start].to_owned();
        return Err(GatewayUrlError::GroupUrl { gateway: url.with_path(gateway).to_string() });
    }
    let prefix = path.strip_suffix("/metrics").unwrap_or(path).trim_end_matches('/').to_owned();
    check_prefix(&prefix)?;
    Ok(url.with_path(prefix))
}

/// The URL of one group, as given with `--url`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupUrl {
    pub endpoint: Url,
    /// The group's path relative to the gateway's URL, as written: `/metrics/job...`.
    pub path: String,
}

impl GroupUrl {
    /// Parses a URL that may contain invalid UTF-8. Only `--url` supports such groups.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, GatewayUrlError> {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                let _ = write!(text, "%{byte:02X}");
            }
        }
        text.parse()
    }

    /// Parses the grouping key in the path.
    pub(crate) fn key(&self, rules: KeyRules) -> Result<GroupingKey, PathError> {
        GroupingKey::parse_path(&self.path, rules)
    }
}

/// Splits the URL at the *first* `/metrics/job`, where a gateway without a path prefix would split it. A
/// label `metrics` with the value `job` is more likely than a prefix that contains `/metrics/job`.
impl FromStr for GroupUrl {
    type Err = GatewayUrlError;

    fn from_str(text: &str) -> Result<Self, GatewayUrlError> {
        let url: Url = text.parse()?;
        let start = group_start(url.path()).ok_or(GatewayUrlError::NoGroup)?;
        let (prefix, path) = url.path().split_at(start);
        check_prefix(prefix)?;
        let (prefix, path) = (prefix.to_owned(), path.to_owned());
        Ok(Self { endpoint: url.with_path(prefix), path })
    }
}

/// Returns the position of the first `/metrics/job` or `/metrics/job@base64`, which may be percent-encoded.
fn group_start(path: &str) -> Option<usize> {
    let is = |segment: &str, wanted: &[&str]| {
        let segment = percent_decode_str(segment).decode_utf8_lossy();
        wanted.contains(&&*segment)
    };
    let starts: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
    let segment = |i: usize| &path[starts[i] + 1..starts.get(i + 1).copied().unwrap_or(path.len())];
    let found = (1..starts.len())
        .find(|i| is(segment(i - 1), &["metrics"]) && is(segment(*i), &["job", "job@base64"]));
    found.map(|i| starts[i - 1])
}

/// Rejects empty and dot segments, because Go's HTTP server redirects such paths.
fn check_prefix(path: &str) -> Result<(), GatewayUrlError> {
    if path.len() > MAX_PREFIX {
        return Err(UrlError::TooLong.into());
    }
    let odd = |segment: &str| matches!(&*percent_decode_str(segment).decode_utf8_lossy(), "" | "." | "..");
    // An `@` here probably follows a password with an unescaped `/`, so the host is part of the password.
    if path.rsplit_once('@').is_some_and(|(_, host)| !host.is_empty() && !host.starts_with('/')) {
        return Err(UrlError::Unescaped.into());
    }
    if path.split('/').skip(1).any(odd) {
        // A path with an `@` may contain a user name and password after a malformed scheme.
        let path = if path.contains('@') { String::new() } else { format!(" `{path}`") };
        return Err(GatewayUrlError::OddPath { path });
    }
    Ok(())
}

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GatewayUrlError {
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error("the URL's path{path} has an empty, `.` or `..` segment, which gateways redirect")]
    OddPath { path: String },
    /// This is a group's URL, but a gateway's URL is expected.
    #[error("this is the URL of a group, not of a gateway: write {gateway}, or use --url for the group")]
    GroupUrl { gateway: String },
    /// This is a gateway's URL, but a group's URL is expected.
    #[error("{}", PathError::NoGroup)]
    NoGroup,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grouping::{EmptyValues, Names};
    use proptest::prelude::*;

    #[test]
    fn a_gateway_s_url_may_end_in_metrics() {
        let table = [
            ("gw:9091", "http://gw:9091"),
            ("http://[::1]/", "http://[::1]"),
            ("https://gw.example.org.:65535/", "https://gw.example.org.:65535"),
            ("http://gw:9091/metrics", "http://gw:9091"),
            ("http://gw:9091/metrics/", "http://gw:9091"),
            ("http://gw:9091///", "http://gw:9091"),
            ("gw", "http://gw:9091"),
            ("127.0.0.1", "http://127.0.0.1:9091"),
            ("me:x@[::1]/p", "http://[::1]:9091/p"),
            ("gw:80", "http://gw:80"),
            ("HTTP://gw", "http://gw"),
            ("https://gw", "https://gw"),
            ("gw/push/gw", "http://gw:9091/push/gw"),
            ("http://gw/push/metrics/", "http://gw/push"),
            ("http://gw/metrics/metrics", "http://gw/metrics"),
            ("http://gw/my-metrics", "http://gw/my-metrics"),
            ("http://gw/job/metrics", "http://gw/job"),
            ("http://gw/api/v1/import/prometheus", "http://gw/api/v1/import/prometheus"),
        ];
        for (text, url) in table {
            assert_eq!(gateway_url(text).unwrap().to_string(), url, "{text}");
        }
    }

    #[test]
    fn paths_that_no_gateway_has_are_rejected() {
        let group =
            "this is the URL of a group, not of a gateway: write http://gw, or use --url for the group";
        let at = "the URL has an `@` after its host: in a password, write `@`, `/`, `?` and `#` as %40, %2F, %3F and %23";
        let table = [
            ("ftp://x", "unsupported scheme `ftp`: use http:// or https://"),
            (
                "http://gw/a//b",
                "the URL's path `/a//b` has an empty, `.` or `..` segment, which gateways redirect",
            ),
            (
                "http://gw/%2e%2E/b",
                "the URL's path `/%2e%2E/b` has an empty, `.` or `..` segment, which gateways redirect",
            ),
            ("http://gw/metrics/job/x/instance/a", group),
            (
                "gw/p/metrics/job/x",
                "this is the URL of a group, not of a gateway: write http://gw:9091/p, or use --url for the group",
            ),
            ("http://me:hunter2@gw/metrics/job/x", group),
            ("http://gw/metrics/job%40base64/eA", group),
            ("http://u:a@b/c@host", at),
            ("http://u:12/c@host", at),
            ("http://u:a/c@host", at),
            ("http://u:12?c@host", at),
            ("u:a@b#c@host", at),
            ("http://u:a@b_c!/x@host", at),
            ("http//u:a@host", "the scheme is malformed: write http://HOST:PORT"),
            ("https//u:a@host", "the scheme is malformed: write http://HOST:PORT"),
            ("gw//u:a@host", at),
        ];
        for (text, expected) in table {
            assert_eq!(gateway_url(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_groups_url_is_split_where_the_group_begins() {
        let table = [
            ("http://gw:9091/metrics/job/x", "http://gw:9091", "/metrics/job/x"),
            ("gw/p/q/metrics/job@base64/eA==/a/1/", "http://gw/p/q", "/metrics/job@base64/eA==/a/1/"),
            ("https://me:pw@gw/metrics/job/x", "https://gw", "/metrics/job/x"),
            ("gw/metrics/gw/metrics/job/x", "http://gw/metrics/gw", "/metrics/job/x"),
            ("gw/metrics/job/x/metrics/job", "http://gw", "/metrics/job/x/metrics/job"),
            ("gw/metrics/metrics/job/x", "http://gw/metrics", "/metrics/job/x"),
            ("gw/metrics/job", "http://gw", "/metrics/job"),
            ("gw/metrics/job//instance/", "http://gw", "/metrics/job//instance/"),
            ("gw/%6detrics/job%40base64/eA", "http://gw", "/%6detrics/job%40base64/eA"),
            ("gw/metrics/job/../l/%2e%2f", "http://gw", "/metrics/job/../l/%2e%2f"),
            ("gw/metrics/job/ü<\"", "http://gw", "/metrics/job/%C3%BC%3C%22"),
        ];
        for (text, gateway, path) in table {
            let url: GroupUrl = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((url.endpoint.to_string().as_str(), url.path.as_str()), (gateway, path), "{text}");
            assert_eq!(url.endpoint.join(&url.path), format!("{gateway}{path}"));
        }
        for text in ["gw", "gw/metrics", "gw/metrics/jobs/x", "gw/job/metrics"] {
            assert_eq!(text.parse::<GroupUrl>(), Err(GatewayUrlError::NoGroup), "{text}");
        }
        for text in ["gw//metrics/job/x", "gw/../metrics/job/x"] {
            assert!(matches!(text.parse::<GroupUrl>(), Err(GatewayUrlError::OddPath { .. })), "{text}");
        }
        assert_eq!("gw/metrics/job/x?".parse::<GroupUrl>(), Err(UrlError::NotInPath { found: '?' }.into()));
    }

    #[test]
    fn bytes_that_are_not_utf8_reach_the_path() {
        let url = GroupUrl::from_bytes(b"gw/metrics/job/\xc3\xbc\xff/l/\xe2\x82").unwrap();
        assert_eq!(url.path, "/metrics/job/%C3%BC%FF/l/%E2%82");
        let rules = KeyRules { names: Names::Legacy, empty_values: EmptyValues::Allow };
        assert!(matches!(url.key(rules), Err(PathError::NotUtf8 { .. })));
        assert!(GroupUrl::from_bytes(b"g\xff/metrics/job/x").is_err());
    }

    proptest! {
        #[test]
        fn no_text_causes_a_panic(text in "\\PC{0,20}|(https?://)?[a-z0-9.:@%/\\[\\]?#]{0,20}") {
            if let Ok(url) = gateway_url(&text) {
                // A prefix that ends in `/metrics` does not round-trip, because parsing removes it.
                let again = gateway_url(&url.to_string());
                let same = again.as_ref().is_ok_and(|again| again.to_string() == url.to_string());
                prop_assert!(same || url.path().ends_with("/metrics"), "{again:?}");
            }
            let _ = GroupUrl::from_bytes(text.as_bytes());
        }

        #[test]
        fn a_keys_url_names_the_key(job in "\\PC{1,10}", value in "\\PC{1,10}") {
            let rules = KeyRules::default();
            let labels = [crate::grouping::Label::new("l", value)];
            let key = GroupingKey::new(job, labels, rules).unwrap();
            let url: GroupUrl = gateway_url("http://gw/p").unwrap().join(&key.path()).parse().unwrap();
            prop_assert_eq!(url.key(rules), Ok(key));
        }
    }
}
