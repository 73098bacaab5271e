//! Generates texts from the samples that a receiver must store.

use crate::support::{Random, Receiver};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A text to push, with its group and the expected samples.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    /// Labels of the group, in addition to the job.
    pub(super) group: BTreeMap<String, String>,
    pub(super) samples: Vec<Sample>,
    /// Whether all values are numbers of at most 12 digits, which a decimal float represents exactly.
    pub(super) has_short_numbers: bool,
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the group {:?} with this text: {:?}", self.group, self.text)
    }
}

/// A sample as a receiver must store it.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// All labels including `__name__`, except the group's labels and labels with empty values.
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
    /// The timestamp in the text, if any.
    pub(super) timestamp: Option<i64>,
}

/// Label names that sort before and after `__name__`.
const LABELS: [&str; 10] = ["A", "Zone", "_", "_A", "_a", "a", "a1", "instance", "path", "zone"];

impl Written {
    /// Generates a text. Timestamps are at most ten minutes before `now`. Without `infinity`, all values are finite
    /// numbers or NaN.
    pub(super) fn generate(random: &mut Random, now: i64, infinity: bool) -> Self {
        let mut written = Self { has_short_numbers: random.chance(50), ..Self::default() };
        for _ in 0..random.below(3) {
            let name = random.pick(&["instance", "env", "A", "zone"]);
            let value = Some(value_of_label(random)).filter(|value| !value.is_empty());
            written.group.insert(name.to_owned(), value.unwrap_or_else(|| "a".to_owned()));
        }
        for number in 0..=random.below(4) {
            written.family(random, number, now, infinity);
        }
        written
    }

    /// Returns true if this receiver stores the text unchanged.
    pub(super) fn is_kept_by(&self, receiver: &Receiver) -> bool {
        let values =
            || self.samples.iter().flat_map(|sample| sample.labels.values()).chain(self.group.values());
        match receiver {
            Receiver::Prometheus { .. } => true,
            Receiver::VictoriaMetrics(_) | Receiver::Vmagent { .. } => self.has_short_numbers,
            Receiver::InfluxDb(_) => {
                self.has_short_numbers && !values().any(|value| value.contains(['\\', '\n']))
            }
        }
    }

    fn family(&mut self, random: &mut Random, number: usize, now: i64, infinity: bool) {
        let kind = random.pick(&["counter", "gauge", "histogram", "summary", "untyped", ""]);
        let name = random.pick(&["m", "M_", "job:rate:", "_", "seconds_"]).to_owned() + &number.to_string();
        if random.chance(50) {
            let help = random.pick(&["seconds since then", "é \\\\ and \\n {} \"quoted\"", ""]);
            let _ = writeln!(self.text, "# HELP {name} {help}");
        }
        if !kind.is_empty() {
            let _ = writeln!(self.text, "# TYPE {name} {kind}");
        }
        let timestamp = random.chance(30).then(|| now - i64::try_from(random.below(600_000)).unwrap());
        let is_short = self.has_short_numbers;
        for series in 0..=random.below(2) {
            let mut labels = labels(random);
            labels.push(("series", series.to_string()));
            let mut sample = |suffix: &str, more: Option<(&'static str, &str)>, value: (f64, String)| {
                let mut labels = labels.clone();
                labels.extend(more.map(|(name, value)| (name, value.to_owned())));
                self.sample(random, &format!("{name}{suffix}"), labels, value, timestamp);
            };
            let count = |value: f64| (value, value.to_string());
            match kind {
                "histogram" => {
                    for (le, value) in [("0.5", 1.0), ("1", 2.0), ("+Inf", 7.0)] {
                        sample("_bucket", Some(("le", le)), count(value));
                    }
                    sample("_sum", None, count(12.5));
                    sample("_count", None, count(7.0));
                }
                "summary" => {
                    sample("", Some(("quantile", "0.5")), count(1.5));
                    let value = if is_short { 2.0 } else { f64::NAN };
                    sample("", Some(("quantile", "0.99")), count(value));
                    sample("_sum", None, count(3e-9));
                    sample("_count", None, count(4.0));
                }
                _ => {
                    let value = if is_short { short(random) } else { value(random, infinity) };
                    let value = (value, written(random, value));
                    self.sample(random, &name, labels, value, timestamp);
                }
            }
        }
    }

    fn sample(
        &mut self,
        random: &mut Random,
        name: &str,
        mut labels: Vec<(&str, String)>,
        (value, number): (f64, String),
        timestamp: Option<i64>,
    ) {
        if random.chance(30) {
            labels.reverse();
        }
        let pairs: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let time = timestamp.map(|time| format!(" {time}")).unwrap_or_default();
        let _ = writeln!(self.text, "{name}{{{}}} {number}{time}", pairs.join(","));
        let labels = labels.into_iter().chain([("__name__", name.to_owned())]);
        let labels = labels.map(|(name, value)| (name.to_owned(), value));
        let labels =
            labels.filter(|(name, value)| !value.is_empty() && !self.group.contains_key(name)).collect();
        self.samples.push(Sample { labels, value, timestamp });
    }
}

/// Generates different labels in random order.
fn labels(random: &mut Random) -> Vec<(&'static str, String)> {
    let mut labels = Vec::new();
    for name in LABELS {
        if random.chance(20) {
            labels.insert(random.below(labels.len() + 1), (name, value_of_label(random)));
        }
    }
    labels
}

fn value_of_label(random: &mut Random) -> String {
    match random.below(4) {
        0 => random.pick(&["/var/tmp", "a b", "\"", "\\", "a\nb", "\\n", "{},=", "é", "😀", ""]).to_owned(),
        1 => {
            let length = random.below(12);
            random.text(length).replace(['\0', '\r'], "-")
        }
        _ => random.pick(&["a", "b", "db-1", "eu"]).to_owned(),
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn short(random: &mut Random) -> f64 {
    random.pick(&[0.0, 1.0, 12.5, 1_795_820_946.25, -3.0, 1e21, -1e-7, 0.000_123, 100_000.0])
}

fn value(random: &mut Random, infinity: bool) -> f64 {
    let value = match random.below(8) {
        0 => random.pick(&[-0.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, 9_007_199_254_740_993.0]),
        1 => random.pick(&[f64::INFINITY, f64::NEG_INFINITY]),
        2 => f64::NAN,
        3 => short(random),
        _ => f64::from_bits(random.next()),
    };
    if value.is_infinite() && !infinity { 1.5 } else { value }
}

/// Formats a number in a random notation.
fn written(random: &mut Random, value: f64) -> String {
    match random.below(4) {
        _ if value.is_nan() => random.pick(&["NaN", "nan", "NAN"]).to_owned(),
        0 => format!("{value:e}"),
        1 => format!("{value:?}"),
        2 if value.is_sign_positive() => format!("+{value}"),
        _ => format!("{value}"),
    }
}
