//! What can't be exposed together: the gateway's own check of its whole store, so that a refusal can be explained by
//! the groups that it is about.
//!
//! The rules are those of `client_golang prometheus/registry.go` (`processMetric`, `checkSuffixCollisions`,
//! `checkMetricConsistency`), each seen on 1.5.1 and 1.11.2. The gateway's words name the metric but not the group, and
//! blame whichever group its map happens to yield second.

use super::contents::{Family, Series};
use super::groups::Kind;
use super::text::series_name;
use crate::grouping::LabelSet;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash as _, Hasher as _};

/// As many series that are there twice are told; one is as bad as a thousand.
const TOLD: usize = 20;

/// Two things that clash. Groups are told by their places in what was searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clash {
    /// One family with several types.
    Types {
        /// The family.
        family: String,
        /// Each type and the groups that have it.
        kinds: BTreeMap<Kind, Vec<usize>>,
    },
    /// A series is there twice.
    Twice {
        /// The series.
        series: String,
        /// The group that has it.
        first: usize,
        /// The group that has it too; the same one, if the series is in it twice.
        second: usize,
    },
    /// A family has the name of a part of a histogram or summary.
    Suffix {
        /// The family.
        family: String,
        /// The groups that have it.
        groups: Vec<usize>,
        /// The histogram or summary.
        composite: String,
        /// Which of both it is.
        kind: Kind,
        /// The groups that have that.
        composites: Vec<usize>,
    },
    /// A label that no series may have: its name begins with `__`, or it is a summary's `quantile`.
    Label {
        /// The family.
        family: String,
        /// The label's name.
        label: String,
        /// The group.
        group: usize,
    },
}

impl Clash {
    /// Whether the group at this place has part in it.
    #[must_use]
    pub fn involves(&self, place: usize) -> bool {
        match self {
            Self::Types { kinds, .. } => kinds.values().flatten().any(|group| *group == place),
            Self::Twice { first, second, .. } => place == *first || place == *second,
            Self::Suffix { groups, composites, .. } => groups.iter().chain(composites).any(|g| *g == place),
            Self::Label { group, .. } => place == *group,
        }
    }
}

/// Collects what groups hold, in a few words for each series, and tells what of it clashes.
#[derive(Debug, Default)]
pub struct Clashes {
    kinds: BTreeMap<String, BTreeMap<Kind, Vec<usize>>>,
    series: HashMap<u64, usize>,
    found: Vec<Clash>,
}

impl Clashes {
    /// Adds what the group at `place` holds.
    pub fn add(&mut self, place: usize, families: &[Family]) {
        for family in families.iter().filter(|family| !family.series.is_empty()) {
            let kinds = self.kinds.entry(family.name.clone()).or_default();
            kinds.entry(family.kind).or_default().push(place);
            for series in &family.series {
                self.add_series(place, family, series);
            }
        }
    }

    fn add_series(&mut self, place: usize, family: &Family, series: &Series) {
        let mut hasher = DefaultHasher::new();
        family.name.hash(&mut hasher);
        series.labels.hash(&mut hasher);
        match self.series.entry(hasher.finish()) {
            Entry::Vacant(entry) => drop(entry.insert(place)),
            Entry::Occupied(entry) if self.found.len() < TOLD => self.found.push(Clash::Twice {
                series: series_name(&family.name, series, &LabelSet::default()),
                first: *entry.get(),
                second: place,
            }),
            Entry::Occupied(_) => {}
        }
        let forbidden =
            |name: &&String| name.starts_with("__") || (family.kind == Kind::Summary && *name == "quantile");
        if self.found.len() < TOLD
            && let Some(label) = series.labels.keys().find(forbidden)
        {
            let (family, label) = (family.name.clone(), label.clone());
            self.found.push(Clash::Label { family, label, group: place });
        }
    }

    /// All that clashes: types first, since a family of two types has other clashes that are none then.
    #[must_use]
    pub fn find(self) -> Vec<Clash> {
        let several = self.kinds.iter().filter(|(_, kinds)| kinds.len() > 1);
        let mut found: Vec<Clash> = several
            .map(|(family, kinds)| Clash::Types { family: family.clone(), kinds: kinds.clone() })
            .collect();
        for family in self.kinds.keys() {
            found.extend(
                ["_count", "_sum", "_bucket"].iter().filter_map(|suffix| self.suffix(family, suffix)),
            );
        }
        found.extend(self.found);
        found
    }

    fn suffix(&self, family: &str, suffix: &str) -> Option<Clash> {
        let composite = family.strip_suffix(suffix)?;
        let all = |kinds: &BTreeMap<Kind, Vec<usize>>| kinds.values().flatten().copied().collect();
        let (kind, composites) = self.kinds.get(composite)?.iter().find(|(kind, _)| match kind {
            Kind::Histogram | Kind::GaugeHistogram => true,
            Kind::Summary => suffix != "_bucket",
            Kind::Counter | Kind::Gauge | Kind::Untyped => false,
        })?;
        Some(Clash::Suffix {
            family: family.to_owned(),
            groups: self.kinds.get(family).map(all).unwrap_or_default(),
            composite: composite.to_owned(),
            kind: *kind,
            composites: composites.clone(),
        })
    }
}

/// The families that the gateway says clash with its own, such as `go_goroutines`: of these it tells the name alone,
/// and in one form only (`gathered metric family NAME has type …`, `… has help …`; seen on 1.5.1 and 1.11.2).
#[must_use]
pub fn own_families(words: &str) -> Vec<String> {
    let mut names: Vec<String> = words
        .lines()
        .filter_map(|line| line.split_once("gathered metric family ")?.1.split_once(" has "))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::pushed;
    use crate::grouping::{GroupingKey, KeyRules, Label};

    /// What clashes among texts pushed to groups with these values of the label `g`.
    fn clashes(groups: &[(&str, &str)]) -> Vec<Clash> {
        let mut clashes = Clashes::default();
        for (place, (value, text)) in groups.iter().enumerate() {
            let key = GroupingKey::new("j", [Label::new("g", *value)], KeyRules::default()).unwrap();
            clashes.add(place, &pushed::families(text.as_bytes(), &key));
        }
        clashes.find()
    }

    #[test]
    fn types_must_agree() {
        let found = clashes(&[
            ("a", "# TYPE q gauge\nq 1\n"),
            ("b", "# TYPE q counter\nq 1\n"),
            ("c", "# TYPE q gauge\nq 1\n"),
        ]);
        let kinds = [(Kind::Gauge, vec![0, 2]), (Kind::Counter, vec![1])].into_iter().collect();
        assert_eq!(found, [Clash::Types { family: "q".into(), kinds }]);
        assert!(found[0].involves(1) && !found[0].involves(3));
        // A family without samples is none.
        assert_eq!(clashes(&[("a", "# TYPE q gauge\n"), ("b", "# TYPE q counter\nq 1\n")]), []);
    }

    #[test]
    fn a_series_can_be_in_two_groups() {
        let mut clashes = Clashes::default();
        let key = |labels: &[(&str, &str)]| {
            let labels = labels.iter().map(|(n, v)| Label::new(*n, *v));
            GroupingKey::new("c", labels, KeyRules::default()).unwrap()
        };
        clashes.add(0, &pushed::families(b"m{t=\"1\"} 1\n", &key(&[])));
        clashes.add(1, &pushed::families(b"m 1\n", &key(&[("t", "1")])));
        clashes.add(2, &pushed::families(b"m 1\n", &key(&[("t", "2")])));
        let series = r#"m{job="c",t="1"}"#.to_owned();
        assert_eq!(clashes.find(), [Clash::Twice { series, first: 0, second: 1 }]);
    }

    #[test]
    fn the_parts_of_a_histogram_have_names() {
        let found = clashes(&[
            ("a", "# TYPE foo histogram\nfoo_count 1\n"),
            ("b", "foo_count 1\nfoo_bucket{le=\"1\"} 1\nfoo_max 1\n"),
        ]);
        let suffix = |family: &str| Clash::Suffix {
            family: family.into(),
            groups: vec![1],
            composite: "foo".into(),
            kind: Kind::Histogram,
            composites: vec![0],
        };
        assert_eq!(found, [suffix("foo_bucket"), suffix("foo_count")]);
        let summary = "# TYPE foo summary\nfoo_count 1\n";
        assert_eq!(clashes(&[("a", summary), ("b", "foo_bucket 1\n")]), []);
    }

    #[test]
    fn labels_that_no_series_may_have() {
        let found = clashes(&[("a", "m{__x=\"1\"} 1\n")]);
        assert_eq!(found, [Clash::Label { family: "m".into(), label: "__x".into(), group: 0 }]);
    }

    #[test]
    fn the_gateways_own_families_are_named_by_it() {
        let words = "2 error(s) occurred:\n* gathered metric family go_goroutines has type COUNTER but should have GAUGE\n* gathered metric family pushgateway_http_requests_total has help \"\" but should have \"Total HTTP requests\"\n";
        assert_eq!(own_families(words), ["go_goroutines", "pushgateway_http_requests_total"]);
    }
}
