//! A pushed text as the gateway would hold it: families with the labels of the group, to be compared with what is
//! there.
//!
//! The text has been checked before, so nothing is refused here; a line that can't be read is passed over. What goes
//! together follows `prometheus/common expfmt/text_parse.go setOrCreateCurrentMF`: a line belongs to the histogram or
//! summary of its name without the suffix if the text has declared one above, else to the family of its own name.

use super::group::{FAILURE_TIME, PUSH_TIME};
use super::line::{sample, skip_blanks, take_metric_name};
use crate::exposition::model::{Family, Kind, Labels, Series, Value};
use crate::grouping::GroupingKey;
use std::collections::{BTreeMap, HashMap};

/// The families of a text that is pushed to this group, sorted by name.
#[must_use]
pub fn families(text: &[u8], key: &GroupingKey) -> Vec<Family> {
    let mut reader = Reader { key, families: BTreeMap::new(), places: HashMap::new() };
    for line in text.split(|byte| *byte == b'\n') {
        let line = skip_blanks(line);
        match line.strip_prefix(b"#") {
            Some(comment) => reader.comment(skip_blanks(comment)),
            None => reader.sample(line),
        }
    }
    let of_gateway = |name: &str| name == PUSH_TIME || name == FAILURE_TIME;
    reader.families.into_values().filter(|f| !f.series.is_empty() && !of_gateway(&f.name)).collect()
}

struct Reader<'a> {
    key: &'a GroupingKey,
    families: BTreeMap<String, Family>,
    /// Where in its family each histogram and summary is.
    places: HashMap<(String, Labels), usize>,
}

impl Reader<'_> {
    fn comment(&mut self, comment: &[u8]) {
        let end = comment.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(comment.len());
        let (word, rest) = comment.split_at(end);
        let Some((name, rest)) = take_metric_name(skip_blanks(rest)) else { return };
        let text = String::from_utf8_lossy(skip_blanks(rest)).into_owned();
        match word {
            b"HELP" => self.family(&string(&name)).help = unescape_help(&text),
            b"TYPE" => {
                self.family(&string(&name)).kind =
                    Kind::parse(text.trim_end().as_bytes()).unwrap_or_default();
            }
            _ => {}
        }
    }

    fn family(&mut self, name: &str) -> &mut Family {
        let new = || Family { name: name.to_owned(), ..Family::default() };
        self.families.entry(name.to_owned()).or_insert_with(new)
    }

    /// The family of a line with this name.
    fn family_of(&self, name: &str) -> String {
        if self.families.contains_key(name) {
            return name.to_owned();
        }
        let is =
            |base: &str, kinds: &[Kind]| self.families.get(base).is_some_and(|f| kinds.contains(&f.kind));
        for suffix in ["_sum", "_count", "_bucket"] {
            let kinds: &[Kind] = match suffix {
                "_bucket" => &[Kind::Histogram, Kind::GaugeHistogram],
                _ => &[Kind::Summary, Kind::Histogram, Kind::GaugeHistogram],
            };
            if let Some(base) = name.strip_suffix(suffix).filter(|base| is(base, kinds)) {
                return base.to_owned();
            }
        }
        name.to_owned()
    }

    fn sample(&mut self, line: &[u8]) {
        let Ok(sample) = sample(line) else { return };
        let name = string(&sample.name);
        let mut labels: Labels = sample.labels.iter().map(|(n, v)| (string(n), string(v))).collect();
        let family = self.family_of(&name);
        let kind = self.family(&family).kind;
        let part = match kind {
            Kind::Summary => labels.remove("quantile"),
            Kind::Histogram | Kind::GaugeHistogram => labels.remove("le"),
            Kind::Counter | Kind::Gauge | Kind::Untyped => None,
        };
        for (name, value) in self.key.labels() {
            labels.insert(name.to_owned(), value.to_owned());
        }
        labels.entry("instance".to_owned()).or_default();
        let value = sample.value.to_owned();
        if matches!(kind, Kind::Counter | Kind::Gauge | Kind::Untyped) {
            self.family(&family).series.push(Series { labels, value: Value::Number(value) });
            return;
        }
        let suffix = name.strip_prefix(family.as_str()).unwrap_or_default().to_owned();
        self.part(&family, labels, &suffix, part, value);
    }

    /// A line of a histogram or summary.
    fn part(&mut self, family: &str, labels: Labels, suffix: &str, bound: Option<String>, number: String) {
        let next = self.family(family).series.len();
        let place = *self.places.entry((family.to_owned(), labels.clone())).or_insert(next);
        let series = &mut self.family(family).series;
        if place == series.len() {
            let zero = || "0".to_owned();
            let value = Value::Parts { parts: Vec::new(), sum: zero(), count: zero() };
            series.push(Series { labels, value });
        }
        let Some(Series { value: Value::Parts { parts, sum, count }, .. }) = series.get_mut(place) else {
            return;
        };
        match (suffix, bound) {
            ("_sum", _) => *sum = number,
            ("_count", _) => *count = number,
            (_, Some(bound)) => parts.push((bound, number)),
            (_, None) => {}
        }
    }
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// In a HELP text a quote is no escape's end: older gateways refuse `\"`, newer ones read a quote.
fn unescape_help(text: &str) -> String {
    string(&super::line::unescape(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::write_families;
    use crate::grouping::{KeyRules, Label, LabelSet};

    fn key() -> GroupingKey {
        GroupingKey::new("a", [Label::new("l", "1")], KeyRules::default()).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = "# HELP c how \\\\ many\\nlines\n# TYPE c counter\nc{a=\"\\\"x\\\\\"} 1e+06\nc 2\n\
            # TYPE h histogram\nh_bucket{m=\"1\",le=\"0.5\"} 1\nh_bucket{m=\"1\",le=\"+Inf\"} 3\nh_sum{m=\"1\"} NaN\nh_count{m=\"1\"} 3\n\
            # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 4\ns_count 5\n# TYPE u untyped\nu -0\n";
        let families = families(text.as_bytes(), &key());
        let mut again = String::new();
        write_families(&mut again, &LabelSet::from(&key()), &families);
        assert_eq!(again, text);
        assert_eq!(families[0].series[1].labels.len(), 3, "the group's labels and the instance are added");
    }

    #[test]
    fn the_groups_labels_overwrite_and_what_is_loose_is_read() {
        let text = "#TYPE c COUNTER\n c{job=\"zzz\",instance=\"i\"}1\nh_count 4\n# TYPE empty gauge\nnovalue\npush_time_seconds 1\n";
        let families = families(text.as_bytes(), &key());
        let names: Vec<_> = families.iter().map(|f| (f.name.as_str(), f.kind)).collect();
        assert_eq!(names, [("c", Kind::Counter), ("h_count", Kind::Untyped)]);
        let labels = &families[0].series[0].labels;
        assert_eq!((labels["job"].as_str(), labels["instance"].as_str()), ("a", "i"));
    }
}
