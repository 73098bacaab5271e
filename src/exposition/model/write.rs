//! Writes metrics in the text format. Pushing the output again results in the same metrics.
//!
//! Labels that the gateway adds are omitted: the labels of the group, and an empty `instance` label. Otherwise, the
//! output could not be pushed to another group.

use super::family::{Family, Series, Value};
use super::kind::Kind;
use crate::grouping::{LabelSet, LegacyName, is_legacy_name};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Appends the families of the group with these labels.
pub fn write_families(out: &mut String, group: &LabelSet, families: &[Family]) {
    let is_reported = |series: &Series| series.value != Value::Unknown;
    for family in families.iter().filter(|family| family.series.iter().any(is_reported)) {
        let name = metric_name(&family.name);
        if !family.help.is_empty() {
            let _ = writeln!(out, "# HELP {name} {}", family.help.replace('\\', "\\\\").replace('\n', "\\n"));
        }
        let _ = writeln!(out, "# TYPE {name} {}", family.kind.as_str());
        for series in &family.series {
            write_series(out, group, family, series);
        }
    }
}

/// Formats the name of a metric for a HELP or TYPE line.
pub fn metric_name(name: &str) -> Cow<'_, str> {
    if LegacyName::Metric.is(name.as_bytes()) { Cow::Borrowed(name) } else { Cow::Owned(quoted(name)) }
}

/// Formats the name and labels of a series as in a sample line. Omits the labels in `without`.
pub fn series_name(family: &str, series: &Series, without: &LabelSet) -> String {
    let mut out = String::new();
    push_name(&mut out, family, &own_labels(series, without), None);
    out
}

fn write_series(out: &mut String, group: &LabelSet, family: &Family, series: &Series) {
    let labels = own_labels(series, group);
    let mut line = |suffix: &str, part: Option<(&str, &str)>, value: &str| {
        push_name(out, &format!("{}{suffix}", family.name), &labels, part);
        let _ = writeln!(out, " {value}");
    };
    match &series.value {
        Value::Unknown => {}
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

/// Returns the labels of the series, excluding labels that the gateway added.
fn own_labels<'a>(series: &'a Series, group: &LabelSet) -> Vec<(&'a str, &'a str)> {
    let added =
        |name: &str, value: &str| group.get(name).is_some() || (name == "instance" && value.is_empty());
    let labels = series.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    labels.filter(|(name, value)| !added(name, value)).collect()
}

/// Formats the name and labels of a sample as in a sample line.
pub fn sample_name<'l>(name: &[u8], labels: impl Iterator<Item = (&'l [u8], &'l [u8])>) -> String {
    let labels: Vec<_> =
        labels.map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value))).collect();
    let labels: Vec<_> = labels.iter().map(|(name, value)| (&**name, &**value)).collect();
    let mut out = String::new();
    push_name(&mut out, &String::from_utf8_lossy(name), &labels, None);
    out
}

fn push_name(out: &mut String, name: &str, labels: &[(&str, &str)], part: Option<(&str, &str)>) {
    let legacy = LegacyName::Metric.is(name.as_bytes());
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

/// Quotes and escapes a string as the text format requires.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
