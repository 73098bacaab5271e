//! A label as given by the user, and a set of labels with its display format.
//!
//! The format `{job="x",instance="a"}` is the same as in Prometheus, so it can be pasted into a query.

use super::names::is_legacy_name;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::str::FromStr;

/// A label as given with `-l NAME=VALUE`. The grouping key checks whether the name is valid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    pub name: String,
    /// The value, which may be empty.
    pub value: String,
}

impl Label {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

impl Label {
    /// Returns the `--match` argument that selects groups with this label. Simple values are not quoted.
    pub fn matcher(&self) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:-".contains(c);
        let Self { name, value } = self;
        if is_legacy_name(name) && value.chars().all(is_plain) {
            return format!("{name}={value}");
        }
        let quoted = |text: &str| {
            format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n"))
        };
        let name = if is_legacy_name(name) { name.clone() } else { quoted(name) };
        format!("{name}={}", quoted(value))
    }
}

/// An error for an argument that is not a valid label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    #[error("`{argument}` has no `=`: write labels as NAME=VALUE")]
    NoEquals { argument: String },
    #[error("`{argument}` has no name before the `=`: write labels as NAME=VALUE")]
    NoName { argument: String },
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(argument: &str) -> Result<Self, LabelError> {
        match argument.split_once('=') {
            None => Err(LabelError::NoEquals { argument: argument.to_owned() }),
            Some(("", _)) => Err(LabelError::NoName { argument: argument.to_owned() }),
            Some((name, value)) => Ok(Self::new(name, value)),
        }
    }
}

/// Labels by name. A listed group can have labels that a [`GroupingKey`](super::GroupingKey) rejects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct LabelSet(pub BTreeMap<String, String>);

impl LabelSet {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Iterates over all labels: `job` first, and the others sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let job = self.0.get_key_value("job");
        let others = self.0.iter().filter(|(name, _)| *name != "job");
        job.into_iter().chain(others).map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Sorts by job, then by the other labels. A set without a job comes first.
impl Ord for LabelSet {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.get("job").cmp(&other.get("job")).then_with(|| self.iter().cmp(other.iter()))
    }
}

impl PartialOrd for LabelSet {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for LabelSet {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(labels: I) -> Self {
        Self(labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Display for LabelSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_labels(f, self.iter())
    }
}

/// Writes labels in query syntax, with control characters escaped.
pub(super) fn write_labels<'a>(
    f: &mut fmt::Formatter<'_>,
    labels: impl Iterator<Item = (&'a str, &'a str)>,
) -> fmt::Result {
    f.write_char('{')?;
    for (i, (name, value)) in labels.enumerate() {
        if i > 0 {
            f.write_char(',')?;
        }
        if is_legacy_name(name) {
            f.write_str(name)?;
        } else {
            write_quoted(f, name)?;
        }
        f.write_char('=')?;
        write_quoted(f, value)?;
    }
    f.write_char('}')
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            _ if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            _ => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_split_at_its_first_equals_sign() {
        assert_eq!("a=b=c".parse(), Ok(Label::new("a", "b=c")));
        assert_eq!("instance=".parse(), Ok(Label::new("instance", "")));
        assert_eq!(" a = b ".parse(), Ok(Label::new(" a ", " b ")));
    }

    #[test]
    fn an_argument_that_is_not_a_label_is_an_error() {
        let error = |text: &str| text.parse::<Label>().unwrap_err().to_string();
        assert_eq!(error("a"), "`a` has no `=`: write labels as NAME=VALUE");
        assert_eq!(error(""), "`` has no `=`: write labels as NAME=VALUE");
        assert_eq!(error("=b"), "`=b` has no name before the `=`: write labels as NAME=VALUE");
    }

    #[test]
    fn labels_read_as_in_a_query() {
        let set: LabelSet = [("a", "1"), ("job", "x\"\\\n\u{1b}é"), ("foo.bar", "")].into_iter().collect();
        assert_eq!(set.to_string(), r#"{job="x\"\\\n\u001bé",a="1","foo.bar"=""}"#);
        assert_eq!(LabelSet::default().to_string(), "{}");
    }

    #[test]
    fn sets_sort_by_job() {
        let set = |labels: &[(&str, &str)]| labels.iter().copied().collect::<LabelSet>();
        let mut sets =
            [set(&[("a", "0"), ("job", "y")]), set(&[("job", "x"), ("z", "1")]), set(&[("job", "x")])];
        sets.sort_unstable();
        assert_eq!(sets.map(|s| s.to_string()), [r#"{job="x"}"#, r#"{job="x",z="1"}"#, r#"{job="y",a="0"}"#]);
    }
}
