//! Metric families, with their series and samples.

use super::kind::Kind;
use crate::exposition::text::number::{self, Float};
use std::collections::BTreeMap;

/// Labels of a series, sorted by name.
pub type Labels = BTreeMap<String, String>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    pub name: String,
    pub kind: Kind,
    /// The HELP text. Empty if there is none.
    pub help: String,
    /// Whether the HELP text was invalid UTF-8. In `help`, invalid bytes are replaced by U+FFFD.
    pub help_is_cut: bool,
    /// The series. A histogram or summary is a single entry.
    pub series: Vec<Series>,
}

/// A series, or a complete histogram or summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The labels, except `le` of histogram buckets and `quantile` of summaries.
    pub labels: Labels,
    pub value: Value,
}

/// The value of a series. Numbers are kept as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Number(String),
    Parts {
        /// The bucket bounds or quantiles with their values, sorted by bound.
        parts: Vec<(String, String)>,
        sum: String,
        count: String,
    },
    /// The gateway's API does not report the value.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The name, including a suffix such as `_sum`.
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub value: String,
}

/// Sorts the parts of a histogram or summary by their bounds. If several parts have the same bound, only the last one
/// is kept, as in the gateway's API.
pub fn sort_parts(parts: &mut Vec<(String, String)>) {
    let bound = |(text, _): &(String, String)| number(text).unwrap_or(f64::NAN);
    parts.sort_by(|a, b| bound(a).total_cmp(&bound(b)));
    parts.dedup_by(|next, kept| {
        let again = bound(next).to_bits() == bound(kept).to_bits() && !bound(kept).is_nan();
        if again {
            std::mem::swap(next, kept);
        }
        again
    });
}

/// Parses a number the way the gateway does.
pub fn number(text: &str) -> Option<f64> {
    match number::float(text.as_bytes()) {
        Float::Value(value) => Some(value),
        Float::OutOfRange | Float::Invalid => None,
    }
}
