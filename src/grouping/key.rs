//! Validates grouping keys and builds their paths.
//!
//! The gateway accepts some keys that break it: an empty `instance` next to a group without one, invalid
//! UTF-8 in a value, or an escaped name that decodes to `__x`. After that, every push fails and every scrape
//! gets status 500 (seen on 1.5.1 and 1.11.2). Functions that create a key from user input reject these keys.

use super::label::{Label, LabelSet, write_labels};
use super::names::{self, ESCAPED_PREFIX, Names, RESERVED_PREFIX, is_legacy_name};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

/// Maximum length of a path in bytes. Go's server accepts 1 MiB for the request line and headers, but proxies
/// accept far less, and a longer path is probably a mistake.
pub const MAX_PATH: usize = 60_000;

/// The characters to percent-encode: all except the unreserved ones of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The handling of empty label values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyValues {
    /// Used by commands that store metrics, because an empty value usually comes from an unset variable.
    #[default]
    Reject,
    /// Used by commands that read or delete groups, because groups with empty values exist.
    Allow,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyRules {
    pub names: Names,
    pub empty_values: EmptyValues,
}

/// The labels that identify a group: `job` and any others. Each name is unique.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupingKey {
    job: String,
    /// All labels except `job`, sorted by name. Each name can be used in a path (see `names::in_path`).
    labels: BTreeMap<String, String>,
    /// The label names that the gateway accepts, which determine how names are written in the path.
    names: Names,
}

impl GroupingKey {
    /// Creates a key. Rejects keys that the gateway would reject or misread, or that would break it.
    pub fn new(
        job: impl Into<String>,
        labels: impl IntoIterator<Item = Label>,
        rules: KeyRules,
    ) -> Result<Self, KeyError> {
        let labels: Vec<Label> = labels.into_iter().collect();
        for label in &labels {
            check_name(&label.name, rules.names, false)?;
        }
        Self::with_checked_names(job.into(), labels, rules)
    }

    /// Creates a key like [`GroupingKey::new`] from labels whose names have passed [`check_name`].
    pub(super) fn with_checked_names(
        job: String,
        labels: Vec<Label>,
        rules: KeyRules,
    ) -> Result<Self, KeyError> {
        if job.is_empty() {
            return Err(KeyError::EmptyJob);
        }
        let mut by_name = BTreeMap::new();
        for Label { name, value } in labels {
            if value.is_empty() && rules.empty_values == EmptyValues::Reject {
                return Err(KeyError::EmptyValue { name });
            }
            match by_name.entry(name) {
                Entry::Vacant(entry) => drop(entry.insert(value)),
                Entry::Occupied(entry) => return Err(KeyError::Twice { name: entry.key().clone() }),
            }
        }
        let key = Self { job, labels: by_name, names: rules.names };
        match key.path().len() {
            0..=MAX_PATH => Ok(key),
            bytes => Err(KeyError::TooLong { bytes }),
        }
    }

    /// Returns the key of a group that the gateway lists, which can violate the rules of [`Self::new`].
    ///
    /// `names` is `None` if it is unknown which label names the gateway accepts. The listed groups do not
    /// show it, because a gateway keeps them when it is restarted with the other setting.
    pub fn from_listing(labels: &LabelSet, names: Option<Names>) -> Result<Self, NoKey> {
        let mut labels = labels.0.clone();
        let job = labels.remove("job").filter(|job| !job.is_empty()).ok_or(NoKey::Unwritable)?;
        let writable = |names| labels.keys().all(|name| names::in_path(name, names).is_some());
        if !writable(Names::Utf8) {
            return Err(NoKey::Unwritable);
        }
        let names = match names {
            None if labels.keys().any(|name| names::depends_on_names(name)) => {
                return Err(NoKey::UnknownNames);
            }
            Some(Names::Legacy) if !writable(Names::Legacy) => return Err(NoKey::NeedsUtf8Names),
            names => names.unwrap_or_default(),
        };
        Ok(Self { job, labels, names })
    }

    /// Returns the value of `job`, which is never empty.
    pub fn job(&self) -> &str {
        &self.job
    }

    /// Returns the value of a label, including `job`.
    pub fn get(&self, name: &str) -> Option<&str> {
        if name == "job" { Some(&self.job) } else { self.labels.get(name).map(String::as_str) }
    }

    /// Iterates over all labels: `job` first, and the others sorted by name.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        std::iter::once(("job", self.job.as_str()))
            .chain(self.labels.iter().map(|(n, v)| (n.as_str(), v.as_str())))
    }

    /// Returns the percent-encoded path of the group relative to the gateway's URL: `/metrics/job/...`.
    ///
    /// Values are percent-encoded if possible, because some servers that imitate a Pushgateway do not support
    /// `@base64`. Other values are base64-encoded, because the gateway redirects an empty segment, `.` and
    /// `..` to another group's URL and reads `%2F` as a slash (seen on 1.5.1 and 1.11.2).
    pub fn path(&self) -> String {
        let mut path = String::from("/metrics");
        for (name, value) in self.labels() {
            path.push('/');
            // Every name in a key can be used in a path.
            path.push_str(&names::in_path(name, self.names).unwrap_or_default());
            if value.is_empty() {
                path.push_str("@base64/=");
            } else if matches!(value, "." | "..") || value.contains('/') {
                path.push_str("@base64/");
                URL_SAFE_NO_PAD.encode_string(value, &mut path);
            } else {
                path.push('/');
                path.extend(utf8_percent_encode(value, ENCODED));
            }
        }
        path
    }
}

impl fmt::Display for GroupingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_labels(f, self.labels())
    }
}

impl From<&GroupingKey> for LabelSet {
    fn from(key: &GroupingKey) -> Self {
        key.labels().collect()
    }
}

/// Checks a label name by the server's rules (`pushgateway handler/push.go splitLabels`). If `was_escaped`,
/// the name was given in its `U__` form, and a decoded name that starts with `U__` is intended.
pub(super) fn check_name(name: &str, names: Names, was_escaped: bool) -> Result<(), KeyError> {
    let owned = name.to_owned();
    match names {
        _ if name.is_empty() => Err(KeyError::EmptyName),
        _ if name == "job" => Err(KeyError::JobAgain),
        _ if name.starts_with(RESERVED_PREFIX) => Err(KeyError::ReservedName { name: owned }),
        _ if name.starts_with(ESCAPED_PREFIX) && !was_escaped => {
            Err(KeyError::EscapedName { name: owned, names })
        }
        Names::Legacy if !is_legacy_name(name) => Err(KeyError::BadName { name: owned }),
        Names::Utf8 if names::in_path(name, names).is_none() => Err(KeyError::UnwritableName { name: owned }),
        _ => Ok(()),
    }
}

/// An error for a listed group without a key, because no path is certain to identify this group and no other.
/// The message is printed after the group's labels and a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    #[error("the gateway's API does not report the exact labels")]
    Inexact,
    #[error(
        "the path depends on --push.enable-utf8-names, which the gateway's /api/v1/status does not report"
    )]
    UnknownNames,
    #[error("no URL path can address it while the gateway runs without --push.enable-utf8-names")]
    NeedsUtf8Names,
    #[error("no URL path can address it")]
    Unwritable,
}

/// An error for an invalid grouping key. The message names the label and the option to use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the job is empty: is a variable unset? set the job with --job")]
    EmptyJob,
    #[error("`job` is not allowed as a label: use --job only")]
    JobAgain,
    #[error("{}", twice(.name))]
    Twice { name: String },
    #[error("a label has an empty name")]
    EmptyName,
    #[error(
        "`{name}` is not a valid label name: use letters, digits and `_`, and do not start with a digit \
         (--utf8-names is for gateways that accept other names)"
    )]
    BadName { name: String },
    #[error("label `{name}` starts with `__`, which is reserved for Prometheus: choose another name")]
    ReservedName { name: String },
    #[error("{}", escaped_name(.name, *.names))]
    EscapedName { name: String, names: Names },
    /// Even a gateway with UTF-8 names can't decode the name from a path.
    #[error(
        "label `{name}` has a character above U+FFFFF, which a gateway can't decode: choose another name"
    )]
    UnwritableName { name: String },
    #[error("{}", empty_value(.name))]
    EmptyValue { name: String },
    #[error(
        "the path of this group would have {bytes} bytes, but the limit is {MAX_PATH}: use fewer or shorter --label values"
    )]
    TooLong { bytes: usize },
}

fn twice(name: &str) -> String {
    match name {
        "instance" => "label `instance` is set twice (--instance also sets it): set it only once".to_owned(),
        _ => format!("label `{name}` is set twice: use --label {name}=... only once"),
    }
}

fn escaped_name(name: &str, names: Names) -> String {
    let decoded = names::unescape(name);
    let advice = match names {
        Names::Legacy => {
            "which a gateway with UTF-8 names decodes: choose another name, or use the decoded one \
                          with --utf8-names"
                .to_owned()
        }
        Names::Utf8 if decoded == name => "the prefix of escaped names: choose another name".to_owned(),
        Names::Utf8 => format!("the prefix of escaped names: use the decoded name, --label '{decoded}=...'"),
    };
    format!("label `{name}` starts with `U__`, {advice}")
}

fn empty_value(name: &str) -> String {
    match name {
        "instance" => "label `instance` has an empty value: is a variable unset? (if the same group \
                       exists without `instance`, every push to the gateway then fails)"
            .to_owned(),
        _ => {
            format!("label `{name}` has an empty value: is a variable unset? If not, omit --label {name}=...")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const READ: KeyRules = KeyRules { names: Names::Legacy, empty_values: EmptyValues::Allow };
    const UTF8: KeyRules = KeyRules { names: Names::Utf8, empty_values: EmptyValues::Reject };

    fn key(job: &str, labels: &[(&str, &str)], rules: KeyRules) -> Result<GroupingKey, KeyError> {
        GroupingKey::new(job, labels.iter().map(|(n, v)| Label::new(*n, *v)), rules)
    }

    /// Parses test vectors with the columns job, labels (as JSON), path, and source of the case.
    fn vectors(table: &str) -> Vec<(String, Vec<Label>, String)> {
        let rows = table.lines().filter(|line| !line.starts_with('#'));
        rows.map(|row| {
            let columns: Vec<&str> = row.split('\t').collect();
            let labels: BTreeMap<String, String> = serde_json::from_str(columns[1]).unwrap();
            let labels = labels.iter().map(|(n, v)| Label::new(n, v)).collect();
            (columns[0].to_owned(), labels, columns[2].to_owned())
        })
        .collect()
    }

    #[test]
    fn the_paths_are_those_of_the_client_libraries() {
        let vectors = vectors(include_str!("../../tests/data/grouping.tsv"));
        assert!(vectors.len() >= 16);
        for (job, labels, path) in vectors {
            let key = GroupingKey::new(job, labels, READ).unwrap();
            assert_eq!(key.path(), path);
            assert_eq!(GroupingKey::parse_path(&path, READ), Ok(key));
        }
    }

    #[test]
    fn an_invalid_key_is_an_error_that_names_the_option() {
        let error = |job: &str, labels: &[(&str, &str)], rules: KeyRules| {
            key(job, labels, rules).unwrap_err().to_string()
        };
        let push = KeyRules::default();
        assert_eq!(error("", &[], push), "the job is empty: is a variable unset? set the job with --job");
        assert_eq!(error("", &[], READ), "the job is empty: is a variable unset? set the job with --job");
        assert_eq!(error("x", &[("job", "y")], push), "`job` is not allowed as a label: use --job only");
        assert_eq!(
            error("x", &[("a", "1"), ("a", "1")], push),
            "label `a` is set twice: use --label a=... only once"
        );
        assert_eq!(
            error("x", &[("instance", "1"), ("instance", "2")], READ),
            "label `instance` is set twice (--instance also sets it): set it only once"
        );
        for name in ["1a", "a-b", "a.b", "a:b", "é"] {
            assert!(
                error("x", &[(name, "1")], push)
                    .starts_with(&format!("`{name}` is not a valid label name: "))
            );
        }
        assert!(error("x", &[("", "1")], push).contains("empty name"));
        assert!(error("x", &[("", "1")], UTF8).contains("empty name"));
        assert!(error("x", &[("__a", "1")], push).contains("`__a` starts with `__`"));
        assert!(error("x", &[("__a.b", "1")], UTF8).contains("`__a.b` starts with `__`"));
        assert!(error("x", &[("U__a", "1")], push).contains("--utf8-names"));
        assert!(error("x", &[("U__a_2e_b", "1")], UTF8).ends_with("use the decoded name, --label 'a.b=...'"));
        assert!(error("x", &[("U__a_", "1")], UTF8).ends_with("choose another name"));
        assert!(error("x", &[("a\u{100000}", "1")], UTF8).contains("above U+FFFFF"));
        assert_eq!(
            error("x", &[("host", "")], push),
            "label `host` has an empty value: is a variable unset? If not, omit --label host=..."
        );
        assert!(error("x", &[("instance", "")], push).contains("is a variable unset?"));
    }

    #[test]
    fn empty_values_are_allowed_for_reading() {
        let key = key("x", &[("instance", "")], READ).unwrap();
        assert_eq!(key.path(), "/metrics/job/x/instance@base64/=");
        assert_eq!(key.to_string(), r#"{job="x",instance=""}"#);
        assert_eq!((key.get("job"), key.get("instance"), key.get("a")), (Some("x"), Some(""), None));
    }

    #[test]
    fn a_path_has_a_maximum_length() {
        let room = MAX_PATH - "/metrics/job/x/l/".len();
        assert_eq!(key("x", &[("l", &"v".repeat(room))], UTF8).unwrap().path().len(), MAX_PATH);
        let error = key("x", &[("l", &"v".repeat(room + 1))], UTF8).unwrap_err();
        assert_eq!(error, KeyError::TooLong { bytes: MAX_PATH + 1 });
        // The limit applies to the encoded length.
        assert!(key("x", &[("l", &" ".repeat(room / 3))], UTF8).is_ok());
        assert!(key("x", &[("l", &" ".repeat(room / 3 + 1))], UTF8).is_err());
    }

    #[test]
    fn names_beyond_the_legacy_ones_are_escaped() {
        let key = key("x", &[("foo.bar", "a/b"), ("z", "1")], UTF8).unwrap();
        assert_eq!(key.path(), "/metrics/job/x/U__foo_2e_bar@base64/YS9i/z/1");
        assert_eq!(key.to_string(), r#"{job="x","foo.bar"="a/b",z="1"}"#);
    }

    type Path = Result<&'static str, NoKey>;

    /// The labels of a listed group, and its paths on gateways without and with UTF-8 names.
    type Row = (&'static [(&'static str, &'static str)], Path, Path);

    #[test]
    fn a_listed_group_has_a_path_if_there_is_one() {
        let path = |labels: &[(&str, &str)], names| {
            let set = labels.iter().copied().collect();
            GroupingKey::from_listing(&set, names).map(|key| key.path())
        };
        let (legacy, utf8) = (Some(Names::Legacy), Some(Names::Utf8));
        let table: [Row; 8] = [
            (&[("job", "x"), ("a", "")], Ok("/metrics/job/x/a@base64/="), Ok("/metrics/job/x/a@base64/=")),
            (&[("job", "x"), ("U__a", "1")], Ok("/metrics/job/x/U__a/1"), Ok("/metrics/job/x/U__U____a/1")),
            (
                &[("job", "x"), ("U__a_2e_b", "1")],
                Ok("/metrics/job/x/U__a_2e_b/1"),
                Ok("/metrics/job/x/U__U____a__2e__b/1"),
            ),
            (&[("job", "x"), ("__a", "1")], Err(NoKey::NeedsUtf8Names), Ok("/metrics/job/x/U______a/1")),
            (
                &[("job", "x"), ("U__a", "1"), ("a.b", "2")],
                Err(NoKey::NeedsUtf8Names),
                Ok("/metrics/job/x/U__U____a/1/U__a_2e_b/2"),
            ),
            (&[("job", "x"), ("\u{100000}", "1")], Err(NoKey::Unwritable), Err(NoKey::Unwritable)),
            (&[("job", "")], Err(NoKey::Unwritable), Err(NoKey::Unwritable)),
            (&[("a", "x")], Err(NoKey::Unwritable), Err(NoKey::Unwritable)),
        ];
        for (labels, without, with) in table {
            assert_eq!(path(labels, legacy), without.map(str::to_owned), "{labels:?}");
            assert_eq!(path(labels, utf8), with.map(str::to_owned), "{labels:?}");
            let unknown = if without == with { without } else { Err(NoKey::UnknownNames) };
            assert_eq!(path(labels, None), unknown.map(str::to_owned), "{labels:?}");
        }
    }

    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-z./%+?#;&=@ \n\0é😀]{0,8}",
            Just(".".to_owned()),
            Just("..".to_owned()),
            Just("@base64".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn a_key_survives_its_path(
            job in value(),
            labels in proptest::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,6}", value(), 0..6),
        ) {
            let labels = labels.iter().map(|(n, v)| Label::new(n, v));
            if let Ok(key) = GroupingKey::new(job, labels, READ) {
                let path = key.path();
                prop_assert!(path.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert_eq!(GroupingKey::parse_path(&path, READ), Ok(key));
            }
        }

        #[test]
        fn a_utf8_key_survives_its_path(
            labels in proptest::collection::btree_map("\\PC{1,5}|[a-z_./@:U]{1,8}", value(), 0..4),
        ) {
            let rules = KeyRules { names: Names::Utf8, empty_values: EmptyValues::Allow };
            let labels = labels.iter().map(|(n, v)| Label::new(n, v));
            if let Ok(key) = GroupingKey::new("x", labels, rules) {
                prop_assert_eq!(GroupingKey::parse_path(&key.path(), rules), Ok(key));
            }
        }

        #[test]
        fn flags_and_a_path_follow_the_same_rules(
            labels in proptest::collection::btree_map("[a-zU_]{1,4}", value(), 0..4),
        ) {
            let set: LabelSet = labels.into_iter().chain([("job".to_owned(), "x".to_owned())]).collect();
            let flags = set.0.iter().filter(|(n, _)| *n != "job").map(|(n, v)| Label::new(n, v));
            let by_flags = GroupingKey::new("x", flags, KeyRules::default());
            if let Ok(listed) = GroupingKey::from_listing(&set, Some(Names::Legacy)) {
                let by_path = GroupingKey::parse_path(&listed.path(), KeyRules::default());
                prop_assert_eq!(by_flags.ok(), by_path.ok());
            } else {
                prop_assert!(by_flags.is_err());
            }
        }
    }
}
