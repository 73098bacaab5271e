//! Metric families, their series and samples.

use super::kind::Kind;
use crate::exposition::text::number::{self, Float};
use std::collections::BTreeMap;

/// The labels of a series, sorted by name.
pub type Labels = BTreeMap<String, String>;

/// One metric family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    pub name: String,
    pub kind: Kind,
    /// Its HELP text; empty where there is none.
    pub help: String,
    /// The HELP text has bytes that are not UTF-8; `help` has U+FFFD in their place.
    pub help_is_cut: bool,
    /// Its series. A histogram or summary counts as one.
    pub series: Vec<Series>,
}

/// One series, or one histogram or summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Its labels, without the `le` and `quantile` of the parts.
    pub labels: Labels,
    /// Its value.
    pub value: Value,
}

/// The value of a series. Numbers are kept as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Number(String),
    Parts {
        /// Upper bound or quantile and its number, in the order of the bounds.
        parts: Vec<(String, String)>,
        sum: String,
        count: String,
    },
    /// The gateway's API does not report it.
    Unknown,
}

/// One line with a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The name, with the ending of a part.
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub value: String,
}

/// Sorts the parts of a histogram or summary by their bounds. Of several with the same bound the last one stays, as in the
/// gateway's API.
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

/// A number of a text, as the gateway reads it.
pub fn number(text: &str) -> Option<f64> {
    match number::float(text.as_bytes()) {
        Float::Value(value) => Some(value),
        Float::OutOfRange | Float::Invalid => None,
    }
}
