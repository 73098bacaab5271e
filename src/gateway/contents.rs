//! Reads the metrics of a group from the API's JSON.
//!
//! The API formats numbers as Go does, without losing precision. It reports native histograms incompletely
//! and gauge histograms without data (`pushgateway api/v1/api.go`, seen on 1.11.2), so these can't be copied.

use super::group::{FAILURE_TIME, PUSH_TIME};
use crate::exposition::is_float;
pub use crate::exposition::model::{Family, Series};
use crate::exposition::model::{Kind, Labels, Value, sort_parts};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub(super) struct RawFamily<'a, S> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    help: Option<&'a RawValue>,
    pub(super) metrics: Vec<S>,
}

impl<S> RawFamily<'_, S> {
    pub(super) fn kind(&self) -> Kind {
        Kind::parse(self.kind.as_bytes()).unwrap_or_default()
    }

    pub(super) fn help_is_cut(&self) -> bool {
        self.help.is_some_and(|help| has_escaped_replacement(help.get()))
    }
}

#[derive(Deserialize)]
struct RawSeries {
    labels: Labels,
    value: Option<String>,
    quantiles: Option<BTreeMap<String, String>>,
    /// An object that maps bounds to counts, or a list for a native histogram.
    buckets: Option<serde_json::Value>,
    sum: Option<String>,
    count: Option<String>,
}

/// Parses the families of one group from `/api/v1/metrics`. They are sorted by name and exclude the two
/// families that the gateway adds.
pub fn families(group: &str) -> Vec<Family> {
    // A metric called `labels` replaces the group's labels, so check the shape of each member, not its name.
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(group).unwrap_or_default();
    let pushed = members.into_iter().filter(|(name, _)| name != PUSH_TIME && name != FAILURE_TIME);
    pushed.filter_map(|(name, raw)| Some(family(name, serde_json::from_str(raw.get()).ok()?))).collect()
}

/// Returns true if a JSON string contains the *escape* of U+FFFD. Go writes the escape for an invalid byte,
/// but the character itself if it was in the original string (seen on 1.5.1 and 1.11.2).
pub(super) fn has_escaped_replacement(raw: &str) -> bool {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        let escape = &rest.as_bytes()[at + 1..];
        if escape.len() >= 5 && escape[..5].eq_ignore_ascii_case(b"ufffd") {
            return true;
        }
        // The JSON is valid, so the character after the backslash is ASCII.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

fn family(name: String, raw: RawFamily<'_, RawSeries>) -> Family {
    let kind = raw.kind();
    Family {
        name,
        kind,
        help: raw.help.and_then(|help| serde_json::from_str(help.get()).ok()).unwrap_or_default(),
        help_is_cut: raw.help_is_cut(),
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
            (Kind::Summary | Kind::Histogram, Some(parts), _) => {
                let mut parts: Vec<_> = parts.into_iter().collect();
                sort_parts(&mut parts);
                Value::Parts { parts, sum: sum.unwrap_or_default(), count: count.unwrap_or_default() }
            }
            (Kind::Counter | Kind::Gauge | Kind::Untyped, _, Some(value)) => Value::Number(value),
            _ => Value::Unknown,
        };
        Series { labels, value: if is_numeric(&value) { value } else { Value::Unknown } }
    }
}

/// Returns true if every value is a valid number. Other text could inject lines for another metric or group.
fn is_numeric(value: &Value) -> bool {
    let is_number = |text: &String| is_float(text.as_bytes());
    match value {
        Value::Number(number) => is_number(number),
        Value::Parts { parts, sum, count } => {
            let parts = parts.iter().flat_map(|(bound, number)| [bound, number]);
            parts.chain([sum, count]).all(is_number)
        }
        Value::Unknown => true,
    }
}

/// Returns one sentence for each part of these families that the API does not report.
pub fn losses(families: &[Family]) -> Vec<String> {
    let mut losses = Vec::new();
    for family in families {
        let name = &family.name;
        let missing = family.series.iter().filter(|series| series.value == Value::Unknown).count();
        if missing > 0 {
            let what = match family.kind {
                Kind::GaugeHistogram => "gauge histograms",
                Kind::Histogram => "native histograms",
                _ => "its value as a number",
            };
            losses.push(format!(
                "`{name}` is left out: the gateway's API does not report {what} ({missing} series)"
            ));
        }
        if family.help_is_cut {
            losses
                .push(format!("the HELP text of `{name}` contains invalid UTF-8, which is shown as U+FFFD"));
        }
    }
    losses
}

#[cfg(test)]
mod tests {
    #![allow(clippy::needless_raw_string_hashes, reason = "snapbox writes them so")]

    use super::*;
    use crate::exposition::model::write_families;
    use snapbox::{IntoData, assert_data_eq, str};

    fn shown(json: &str, group: &[(&str, &str)]) -> (String, Vec<String>) {
        let families = families(json);
        let mut out = String::new();
        write_families(&mut out, &group.iter().copied().collect(), &families);
        (out, losses(&families))
    }

    #[test]
    fn everything_that_the_api_reports_is_written() {
        let json = r##"{"labels":{"job":"a"},"last_push_successful":true,
            "push_time_seconds":{"type":"GAUGE","metrics":[{"labels":{"instance":"","job":"a"},"value":"1"}]},
            "h":{"type":"HISTOGRAM","help":"a\\b\nc \"q\"","metrics":[
                {"buckets":{"+Inf":"3","1":"1","1e-07":"0","-5":"0","2.5":"3.5"},"count":"3","labels":{"instance":"","job":"a","x":"\"\\\n"},"sum":"NaN"}]},
            "s":{"type":"SUMMARY","metrics":[{"count":"12345678901234567168","labels":{"instance":"i","job":"a"},"quantiles":{"0.99":"-Inf","0.5":"NaN"},"sum":"4"}]},
            "job:rate:5m":{"type":"COUNTER","metrics":[{"labels":{"instance":"","job":"a"},"value":"1e+06"}]},
            "a.b":{"type":"GAUGE","metrics":[{"labels":{"instance":"","job":"a","l.x":"3"},"value":"-0"},{"labels":{"instance":"","job":"a"},"value":"+Inf"}]},
            "u":{"type":"UNTYPED","metrics":[{"labels":{"instance":"","job":"a"},"value":"5e-324"}]}}"##;
        let (text, losses) = shown(json, &[("job", "a")]);
        assert_data_eq!(
            text,
            str![[r#"
# TYPE "a.b" gauge
{"a.b","l.x"="3"} -0
{"a.b"} +Inf
# HELP h a\\b\nc "q"
# TYPE h histogram
h_bucket{x="\"\\\n",le="-5"} 0
h_bucket{x="\"\\\n",le="1e-07"} 0
h_bucket{x="\"\\\n",le="1"} 1
h_bucket{x="\"\\\n",le="2.5"} 3.5
h_bucket{x="\"\\\n",le="+Inf"} 3
h_sum{x="\"\\\n"} NaN
h_count{x="\"\\\n"} 3
# TYPE job:rate:5m counter
job:rate:5m 1e+06
# TYPE s summary
s{instance="i",quantile="0.5"} NaN
s{instance="i",quantile="0.99"} -Inf
s_sum{instance="i"} 4
s_count{instance="i"} 12345678901234567168
# TYPE u untyped
u 5e-324

"#]]
            .raw()
        );
        assert_eq!(losses, Vec::<String>::new());
    }

    #[test]
    fn what_the_api_does_not_report_is_listed() {
        let json = r#"{"labels":{"job":"a"},
            "g":{"type":"GAUGE_HISTOGRAM","metrics":[{"labels":{"job":"a"},"value":"0"}]},
            "m":{"type":"GAUGE","help":"x\ufffd","metrics":[{"labels":{"job":"a"},"value":"0"}]},
            "n":{"type":"HISTOGRAM","metrics":[{"buckets":[[0,"1","2","3"]],"count":"5","labels":{"job":"a"},"sum":"12.5"}]}}"#;
        let (text, losses) = shown(json, &[("job", "a")]);
        assert_eq!(text, "# HELP m x\u{fffd}\n# TYPE m gauge\nm 0\n");
        assert_eq!(
            losses,
            [
                "`g` is left out: the gateway's API does not report gauge histograms (1 series)",
                "the HELP text of `m` contains invalid UTF-8, which is shown as U+FFFD",
                "`n` is left out: the gateway's API does not report native histograms (1 series)",
            ]
        );
    }

    #[test]
    fn a_value_that_is_not_a_number_is_left_out() {
        let evil = r"1\n# pushgw group /metrics/job/victim\nevil 1";
        let gauge = format!(r#""type":"GAUGE","metrics":[{{"labels":{{"job":"a"}},"value":"{evil}"}}]"#);
        let parts = |kind: &str, name: &str, bound: &str, number: &str, sum: &str, count: &str| {
            format!(
                r#""type":"{kind}","metrics":[{{"labels":{{"job":"a"}},"{name}":{{"{bound}":"{number}"}},"sum":"{sum}","count":"{count}"}}]"#
            )
        };
        for family in [
            gauge.clone(),
            gauge.replace("GAUGE", "COUNTER"),
            gauge.replace(evil, ""),
            gauge.replace(evil, "1 "),
            gauge.replace(evil, "1 # x"),
            gauge.replace(evil, "0x"),
            parts("SUMMARY", "quantiles", "0.5", evil, "1", "1"),
            parts("SUMMARY", "quantiles", "0.5", "1", evil, "1"),
            parts("SUMMARY", "quantiles", "0.5", "1", "1", evil),
            parts("SUMMARY", "quantiles", evil, "1", "1", "1"),
            parts("HISTOGRAM", "buckets", "1", evil, "1", "1"),
            parts("HISTOGRAM", "buckets", "1", "1", "", "1"),
        ] {
            let (text, losses) =
                shown(&format!(r#"{{"labels":{{"job":"a"}},"m":{{{family}}}}}"#), &[("job", "a")]);
            assert_eq!((text.as_str(), losses.len()), ("", 1), "{family}");
        }
    }

    #[test]
    fn metrics_with_the_names_of_the_apis_own_members_are_found() {
        let metric = r#"{"type":"GAUGE","metrics":[{"labels":{"instance":"","job":"a"},"value":"5"}]}"#;
        let json = format!(r#"{{"labels":{metric},"last_push_successful":{metric}}}"#);
        let (text, _) = shown(&json, &[("job", "a")]);
        assert_eq!(
            text,
            "# TYPE labels gauge\nlabels 5\n# TYPE last_push_successful gauge\nlast_push_successful 5\n"
        );
        // A group label called `metrics` does not turn `labels` into a family.
        let json = r#"{"labels":{"job":"a","metrics":"foo","type":"GAUGE"},"last_push_successful":true}"#;
        assert_eq!(shown(json, &[("job", "a")]).0, "");
    }
}
