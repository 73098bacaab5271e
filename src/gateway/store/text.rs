//! Metrics as exposition text that can be pushed again and gives the same metrics.
//!
//! What the gateway adds is left out, or the text could be pushed to no other group: the labels of the group, and the
//! empty `instance` that a series without one gets.

use super::contents::{Family, Series, Value};
use super::group::Kind;
use crate::grouping::{LabelSet, is_legacy_name};
use std::fmt::Write as _;

/// Appends the families of a group with these labels.
pub fn write(out: &mut String, group: &LabelSet, families: &[Family]) {
    for family in families.iter().filter(|family| family.series.iter().any(is_told)) {
        let name = if is_metric_name(&family.name) { family.name.clone() } else { quoted(&family.name) };
        if !family.help.is_empty() {
            let _ = writeln!(out, "# HELP {name} {}", family.help.replace('\\', "\\\\").replace('\n', "\\n"));
        }
        let _ = writeln!(out, "# TYPE {name} {}", family.kind.as_str());
        for series in &family.series {
            write_series(out, group, family, series);
        }
    }
}

/// What the text of a group does not say although the group has it, a sentence each.
#[must_use]
pub fn losses(families: &[Family]) -> Vec<String> {
    let mut losses = Vec::new();
    for family in families {
        let name = &family.name;
        let untold = family.series.iter().filter(|series| !is_told(series)).count();
        if untold > 0 {
            let what = if family.kind == Kind::GaugeHistogram { "gauge" } else { "native" };
            losses.push(format!(
                "`{name}` is left out: the gateway's API does not tell {what} histograms ({untold} here)"
            ));
        }
        if family.help_is_cut {
            losses.push(format!(
                "the HELP text of `{name}` has bytes that are not UTF-8: they are shown as U+FFFD"
            ));
        }
    }
    losses
}

/// One series as a line has it, for messages.
#[must_use]
pub fn series_name(family: &str, series: &Series, without: &LabelSet) -> String {
    let mut out = String::new();
    push_name(&mut out, family, &own_labels(series, without), None);
    out
}

fn is_told(series: &Series) -> bool {
    series.value != Value::Untold
}

fn write_series(out: &mut String, group: &LabelSet, family: &Family, series: &Series) {
    let labels = own_labels(series, group);
    let mut line = |suffix: &str, part: Option<(&str, &str)>, value: &str| {
        push_name(out, &format!("{}{suffix}", family.name), &labels, part);
        let _ = writeln!(out, " {value}");
    };
    match &series.value {
        Value::Untold => {}
        Value::Number(value) => line("", None, value),
        Value::Parts { parts, sum, count } => {
            let (suffix, label) =
                if family.kind == Kind::Summary { ("", "quantile") } else { ("_bucket", "le") };
            for (bound, value) in parts {
                line(suffix, Some((label, bound)), value);
            }
            line("_sum", None, sum);
            line("_count", None, count);
        }
    }
}

/// The labels that were pushed with it.
fn own_labels<'a>(series: &'a Series, group: &LabelSet) -> Vec<(&'a str, &'a str)> {
    let added =
        |name: &str, value: &str| group.get(name).is_some() || (name == "instance" && value.is_empty());
    let labels = series.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    labels.filter(|(name, value)| !added(name, value)).collect()
}

fn push_name(out: &mut String, name: &str, labels: &[(&str, &str)], part: Option<(&str, &str)>) {
    let legacy = is_metric_name(name);
    if legacy {
        out.push_str(name);
    }
    if legacy && labels.is_empty() && part.is_none() {
        return;
    }
    out.push('{');
    if !legacy {
        out.push_str(&quoted(name));
    }
    let mut first = legacy;
    for (name, value) in labels.iter().copied().chain(part) {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        let name = if is_legacy_name(name) { name.to_owned() } else { quoted(name) };
        let _ = write!(out, "{name}={}", quoted(value));
    }
    out.push('}');
}

/// In quotes, with the escapes of the format.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// A name that needs no quotes: as a label's, with colons.
fn is_metric_name(name: &str) -> bool {
    is_legacy_name(&name.replace(':', "_"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::needless_raw_string_hashes, reason = "snapbox writes them so")]

    use super::*;
    use crate::gateway::store::contents::families;
    use serde_json::value::RawValue;
    use snapbox::{IntoData, assert_data_eq, str};

    fn shown(json: &str, group: &[(&str, &str)]) -> (String, Vec<String>) {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        let families = families(&raw);
        let mut out = String::new();
        write(&mut out, &group.iter().copied().collect(), &families);
        (out, losses(&families))
    }

    #[test]
    fn everything_that_the_api_tells_is_written() {
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
    fn what_the_api_does_not_tell_is_named() {
        let json = r#"{"labels":{"job":"a"},
            "g":{"type":"GAUGE_HISTOGRAM","metrics":[{"labels":{"job":"a"},"value":"0"}]},
            "m":{"type":"GAUGE","help":"x\ufffd","metrics":[{"labels":{"job":"a"},"value":"0"}]},
            "n":{"type":"HISTOGRAM","metrics":[{"buckets":[[0,"1","2","3"]],"count":"5","labels":{"job":"a"},"sum":"12.5"}]}}"#;
        let (text, losses) = shown(json, &[("job", "a")]);
        assert_eq!(text, "# HELP m x\u{fffd}\n# TYPE m gauge\nm 0\n");
        assert_eq!(
            losses,
            [
                "`g` is left out: the gateway's API does not tell gauge histograms (1 here)",
                "the HELP text of `m` has bytes that are not UTF-8: they are shown as U+FFFD",
                "`n` is left out: the gateway's API does not tell native histograms (1 here)",
            ]
        );
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
        // And a label of the group called `metrics` makes no family of the labels.
        let json = r#"{"labels":{"job":"a","metrics":"foo","type":"GAUGE"},"last_push_successful":true}"#;
        assert_eq!(shown(json, &[("job", "a")]).0, "");
    }
}
