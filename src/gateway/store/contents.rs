//! What a group holds, read from the API's JSON: the metrics themselves, as exact as the API tells them.
//!
//! The API writes numbers as Go prints them, which loses nothing, and shows a native histogram by its boundaries only
//! and of a gauge histogram nothing at all (`pushgateway api/v1/api.go`, seen on 1.11.2); of these it is told that they
//! can't be given back.

use super::api::has_escaped_replacement;
use super::group::{FAILURE_TIME, Kind, PUSH_TIME};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The labels of a series, sorted by name.
pub type Labels = BTreeMap<String, String>;

/// One metric family of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Its HELP text; empty where there is none.
    pub help: String,
    /// The HELP text holds bytes that are not UTF-8, which stand in `help` as U+FFFD.
    pub help_is_cut: bool,
    /// Its series, a histogram or summary counting as one.
    pub series: Vec<Series>,
}

/// One series, or one histogram or summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// All its labels, those of the group among them; without `le` and `quantile` of the parts.
    pub labels: Labels,
    /// What it says.
    pub value: Value,
}

/// What a series says. Numbers are texts, as exact as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One number.
    Number(String),
    /// Parts, their sum and their count: a summary's quantiles or a histogram's buckets, in the order of the bounds.
    Parts {
        /// Quantile or upper bound, and its number.
        parts: Vec<(String, String)>,
        /// `_sum`.
        sum: String,
        /// `_count`.
        count: String,
    },
    /// The API does not tell.
    Untold,
}

#[derive(Deserialize)]
struct RawFamily<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    help: Option<&'a RawValue>,
    metrics: Vec<RawSeries>,
}

#[derive(Deserialize)]
struct RawSeries {
    labels: Labels,
    value: Option<String>,
    quantiles: Option<BTreeMap<String, String>>,
    /// An object of bounds, or for a native histogram a list.
    buckets: Option<serde_json::Value>,
    sum: Option<String>,
    count: Option<String>,
}

/// The families of one group of `/api/v1/metrics`, sorted by name, without the two that the gateway itself adds.
#[must_use]
pub fn families(group: &RawValue) -> Vec<Family> {
    // Whether a member is a family is seen by its shape: one called `labels` stands in the labels' place.
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(group.get()).unwrap_or_default();
    let pushed = members.into_iter().filter(|(name, _)| name != PUSH_TIME && name != FAILURE_TIME);
    pushed.filter_map(|(name, raw)| Some(family(name, serde_json::from_str(raw.get()).ok()?))).collect()
}

fn family(name: String, raw: RawFamily<'_>) -> Family {
    let kind = Kind::parse(&raw.kind);
    let help = raw.help.map(RawValue::get).unwrap_or_default();
    Family {
        name,
        kind,
        help: serde_json::from_str(help).unwrap_or_default(),
        help_is_cut: has_escaped_replacement(help),
        series: raw.metrics.into_iter().map(|series| series.finish(kind)).collect(),
    }
}

impl RawSeries {
    fn finish(self, kind: Kind) -> Series {
        let Self { labels, value, quantiles, buckets, sum, count } = self;
        let buckets = buckets.map(|buckets| serde_json::from_value(buckets).ok());
        let parts = match (kind, quantiles, buckets) {
            (Kind::Summary, Some(quantiles), _) => Some(quantiles),
            (Kind::Histogram, _, Some(buckets)) => buckets,
            _ => None,
        };
        let value = match (kind, parts, value) {
            (Kind::Summary | Kind::Histogram, Some(parts), _) => Value::Parts {
                parts: in_order(parts),
                sum: sum.unwrap_or_default(),
                count: count.unwrap_or_default(),
            },
            (Kind::Counter | Kind::Gauge | Kind::Untyped, _, Some(value)) => Value::Number(value),
            _ => Value::Untold,
        };
        Series { labels, value }
    }
}

fn in_order(parts: BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut parts: Vec<_> = parts.into_iter().collect();
    let bound = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    parts.sort_by(|(a, _), (b, _)| bound(a).total_cmp(&bound(b)));
    parts
}
