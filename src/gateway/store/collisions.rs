//! What can't be exposed together: the gateway's own check of its whole store, so that a refusal can be explained by
//! the groups that it is about.
//!
//! The rules are those of `client_golang prometheus/registry.go` (`processMetric`, `checkSuffixCollisions`,
//! `checkMetricConsistency`), each seen on 1.5.1 and 1.11.2. The gateway's words name the metric but not the group, and
//! blame whichever group its map happens to yield second.

use super::contents::{Family, Series};
use super::group::Kind;
use super::text::series_name;
use crate::grouping::LabelSet;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash as _, Hasher as _};

/// As many series that are there twice are told; one is as bad as a thousand.
const TOLD: usize = 20;

/// As many series are suspected: many times what is told, for a few are suspected wrongly.
const SUSPECTED: usize = 100_000;

/// The endings of the names of a histogram's or summary's parts.
const ENDINGS: [&str; 3] = ["_count", "_sum", "_bucket"];

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

/// The first of two passes over a store that is too large to be held: what can clash in it. It takes some bytes for
/// each name of a family, and for the series 16 MiB however many there are.
#[derive(Debug, Default)]
pub struct Survey {
    /// The types of each family, a bit each.
    kinds: HashMap<u64, u8>,
    /// Families with the name of a part: the name without the ending, and the types that have such a part.
    parts: HashMap<u64, (u64, u8)>,
    seen: Filter,
    suspects: Suspects,
}

impl Survey {
    /// Looks at what a group holds.
    pub fn add(&mut self, families: &[Family]) {
        for family in families.iter().filter(|family| !family.series.is_empty()) {
            let name = hash_name(&family.name);
            *self.kinds.entry(name).or_default() |= bit(family.kind);
            if let Some((stem, ending)) = split_ending(&family.name) {
                let kinds = ALL_KINDS.into_iter().filter(|kind| has_part(*kind, ending));
                self.parts.insert(name, (hash_name(stem), kinds.map(bit).sum()));
            }
            for series in &family.series {
                let hash = hash_series(family, series);
                if self.seen.was_there(hash) && self.suspects.series.len() < SUSPECTED {
                    self.suspects.series.insert(hash);
                }
                if forbidden_label(family, series).is_some() {
                    self.suspects.families.insert(name);
                }
            }
        }
    }

    /// What the second pass is to look at.
    #[must_use]
    pub fn suspects(self) -> Suspects {
        let Self { kinds, parts, mut suspects, .. } = self;
        suspects
            .families
            .extend(kinds.iter().filter(|(_, kinds)| kinds.count_ones() > 1).map(|(name, _)| *name));
        for (name, (stem, composites)) in parts {
            if kinds.get(&stem).is_some_and(|kinds| kinds & composites != 0) {
                suspects.families.extend([name, stem]);
            }
        }
        suspects
    }
}

/// Which series were seen, in fixed room: two bits for each series, and no answer but a rare wrong yes (at a million
/// series, one in some thousands).
#[derive(Debug, Default)]
struct Filter(Vec<u64>);

impl Filter {
    const BITS: u64 = 1 << 27;

    /// Whether this was there already; from now on it is.
    fn was_there(&mut self, hash: u64) -> bool {
        // Not before the first series: most gateways that are looked at have other troubles.
        self.0.resize(usize::try_from(Self::BITS / 64).unwrap_or(usize::MAX), 0);
        let mut was_there = true;
        for bit in [hash % Self::BITS, (hash >> 32) % Self::BITS] {
            let (word, mask) = (&mut self.0[usize::try_from(bit / 64).unwrap_or(0)], 1 << (bit % 64));
            was_there &= *word & mask != 0;
            *word |= mask;
        }
        was_there
    }
}

/// What can clash: names of families and series, as hashes.
#[derive(Debug, Default)]
pub struct Suspects {
    families: HashSet<u64>,
    series: HashSet<u64>,
}

impl Suspects {
    /// What a push with these families can clash with.
    #[must_use]
    pub fn of(pushed: &[Family]) -> Self {
        let mut suspects = Self::default();
        for family in pushed {
            suspects.families.insert(hash_name(&family.name));
            suspects.families.extend(split_ending(&family.name).map(|(stem, _)| hash_name(stem)));
            suspects.families.extend(ENDINGS.map(|ending| hash_name(&format!("{}{ending}", family.name))));
            suspects.series.extend(family.series.iter().map(|series| hash_series(family, series)));
        }
        suspects
    }

    /// Whether there is nothing to look at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.families.is_empty() && self.series.is_empty()
    }
}

/// Collects what groups hold of what is suspected, in a few words for each, and tells what of it clashes.
#[derive(Debug)]
pub struct Clashes {
    suspects: Suspects,
    /// How many groups were added.
    groups: usize,
    kinds: BTreeMap<String, BTreeMap<Kind, Vec<usize>>>,
    /// Each suspected series, with its name once it is there twice.
    series: HashMap<u64, (Option<String>, Vec<usize>)>,
    labels: Vec<Clash>,
}

impl Clashes {
    /// Looks for clashes among these.
    #[must_use]
    pub fn among(suspects: Suspects) -> Self {
        let (kinds, series) = (BTreeMap::new(), HashMap::new());
        Self { suspects, groups: 0, kinds, series, labels: Vec::new() }
    }

    /// Adds what a group holds, and numbers the groups as they come.
    pub fn add(&mut self, families: &[Family]) -> usize {
        let group = self.groups;
        self.groups += 1;
        for family in families.iter().filter(|family| !family.series.is_empty()) {
            if self.suspects.families.contains(&hash_name(&family.name)) {
                let kinds = self.kinds.entry(family.name.clone()).or_default();
                kinds.entry(family.kind).or_default().push(group);
                self.add_label(group, family);
            }
            for series in &family.series {
                self.add_series(group, family, series);
            }
        }
        group
    }

    fn add_label(&mut self, group: usize, family: &Family) {
        let label = family.series.iter().find_map(|series| forbidden_label(family, series));
        if let Some(label) = label.filter(|_| self.labels.len() < TOLD) {
            let (family, label) = (family.name.clone(), label.to_owned());
            self.labels.push(Clash::Label { family, label, group });
        }
    }

    fn add_series(&mut self, group: usize, family: &Family, series: &Series) {
        let hash = hash_series(family, series);
        if self.suspects.series.contains(&hash) {
            let (name, groups) = self.series.entry(hash).or_default();
            groups.push(group);
            if groups.len() > 1 && name.is_none() {
                *name = Some(series_name(&family.name, series, &LabelSet::default()));
            }
        }
    }

    /// All that clashes: types first, since a family of two types has other clashes that are none then. Groups are told
    /// by their places in `order`, which has the number of each; one that is not in it keeps its number.
    #[must_use]
    pub fn find(mut self, order: &[usize]) -> Vec<Clash> {
        let places: HashMap<usize, usize> =
            order.iter().enumerate().map(|(place, group)| (*group, place)).collect();
        let place = |group: &usize| places.get(group).copied().unwrap_or(*group);
        let sorted = |groups: &[usize]| {
            let mut groups: Vec<usize> = groups.iter().map(place).collect();
            groups.sort_unstable();
            groups
        };
        for groups in self.kinds.values_mut().flat_map(BTreeMap::values_mut) {
            *groups = sorted(groups);
        }
        let kinds = self.kinds;
        let several = kinds.iter().filter(|(_, kinds)| kinds.len() > 1);
        let mut found: Vec<Clash> = several
            .map(|(family, kinds)| Clash::Types { family: family.clone(), kinds: kinds.clone() })
            .collect();
        found.extend(kinds.keys().filter_map(|family| suffix(&kinds, family)));
        let mut twice: Vec<(String, Vec<usize>)> =
            self.series.into_values().filter_map(|(name, groups)| Some((name?, sorted(&groups)))).collect();
        twice.sort();
        let pairs = twice.into_iter().flat_map(|(series, groups)| {
            let first = groups[0];
            groups.into_iter().skip(1).map(move |second| Clash::Twice {
                series: series.clone(),
                first,
                second,
            })
        });
        found.extend(pairs.take(TOLD));
        found.extend(self.labels.into_iter().map(|clash| match clash {
            Clash::Label { family, label, group } => Clash::Label { family, label, group: place(&group) },
            other => other,
        }));
        found
    }
}

/// The clash of a family that has the name of a part.
fn suffix(all: &BTreeMap<String, BTreeMap<Kind, Vec<usize>>>, family: &str) -> Option<Clash> {
    let (composite, ending) = split_ending(family)?;
    let (kind, composites) = all.get(composite)?.iter().find(|(kind, _)| has_part(**kind, ending))?;
    let groups = all.get(family)?.values().flatten().copied().collect();
    Some(Clash::Suffix {
        family: family.to_owned(),
        groups,
        composite: composite.to_owned(),
        kind: *kind,
        composites: composites.clone(),
    })
}

const ALL_KINDS: [Kind; 6] =
    [Kind::Counter, Kind::Gauge, Kind::Summary, Kind::Histogram, Kind::GaugeHistogram, Kind::Untyped];

fn bit(kind: Kind) -> u8 {
    1 << kind as u8
}

fn split_ending(name: &str) -> Option<(&str, &'static str)> {
    ENDINGS.iter().find_map(|ending| Some((name.strip_suffix(ending)?, *ending)))
}

/// Whether a family of this type has a part with this ending.
fn has_part(kind: Kind, ending: &str) -> bool {
    match kind {
        Kind::Histogram | Kind::GaugeHistogram => true,
        Kind::Summary => ending != "_bucket",
        Kind::Counter | Kind::Gauge | Kind::Untyped => false,
    }
}

/// A label that no series may have, or none of this family.
fn forbidden_label<'a>(family: &Family, series: &'a Series) -> Option<&'a str> {
    let is_forbidden =
        |name: &&String| name.starts_with("__") || (family.kind == Kind::Summary && *name == "quantile");
    series.labels.keys().find(is_forbidden).map(String::as_str)
}

fn hash_name(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

fn hash_series(family: &Family, series: &Series) -> u64 {
    let mut hasher = DefaultHasher::new();
    family.name.hash(&mut hasher);
    series.labels.hash(&mut hasher);
    hasher.finish()
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
    names.sort_unstable();
    names.dedup();
    names
}

/// The pairs of families that the gateway says collide, one of which has the name of a part of the other (`collected
/// metric named "x_sum" collides with previously collected summary named "x"`, or the other way round; seen on 1.5.1
/// and 1.11.2). Of one that no group has, the gateway's own is the other.
#[must_use]
pub fn collisions(words: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = words
        .lines()
        .filter(|line| line.contains(" collides with previously collected "))
        .filter_map(|line| {
            let mut names = line.split("named \"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0));
            Some((names.next()?.to_owned(), names.next()?.to_owned()))
        })
        .collect();
    pairs.sort();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::store::pushed;
    use crate::grouping::{GroupingKey, KeyRules, Label};

    /// What clashes among texts pushed to groups with these values of the label `g`.
    fn clashes(groups: &[(&str, &str)]) -> Vec<Clash> {
        let held = groups.iter().map(|(value, text)| {
            let key = GroupingKey::new("j", [Label::new("g", *value)], KeyRules::default()).unwrap();
            pushed::families(text.as_bytes(), &key)
        });
        of_store(&held.collect::<Vec<_>>())
    }

    /// What clashes in a store with these groups.
    fn of_store(held: &[Vec<Family>]) -> Vec<Clash> {
        let mut survey = Survey::default();
        for families in held {
            survey.add(families);
        }
        let mut clashes = Clashes::among(survey.suspects());
        let order: Vec<usize> = held.iter().map(|families| clashes.add(families)).collect();
        clashes.find(&order)
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
        let key = |labels: &[(&str, &str)]| {
            let labels = labels.iter().map(|(n, v)| Label::new(*n, *v));
            GroupingKey::new("c", labels, KeyRules::default()).unwrap()
        };
        let held = [
            pushed::families(b"m{t=\"1\"} 1\n", &key(&[])),
            pushed::families(b"m 1\n", &key(&[("t", "1")])),
            pushed::families(b"m 1\n", &key(&[("t", "2")])),
        ];
        let series = r#"m{job="c",t="1"}"#.to_owned();
        let twice = |first, second| [Clash::Twice { series: series.clone(), first, second }];
        assert_eq!(of_store(&held), twice(0, 1));
        // As it comes in, the store has another order than it is told in.
        let mut clashes = Clashes::among(Suspects::of(&held[1]));
        assert_eq!(held.each_ref().map(|families| clashes.add(families)), [0, 1, 2]);
        assert_eq!(clashes.find(&[2, 0, 1]), twice(1, 2));
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
    fn a_push_is_held_to_what_it_can_clash_with() {
        let key = |job| GroupingKey::new(job, [], KeyRules::default()).unwrap();
        let held = pushed::families(b"a 1\nb_sum 1\nc 1\n# TYPE d summary\nd_sum 1\n", &key("held"));
        let push = pushed::families(
            b"# TYPE a gauge\na 1\n# TYPE b summary\nb_sum 1\nc 1\nd_count 1\ne 1\n",
            &key("push"),
        );
        let mut clashes = Clashes::among(Suspects::of(&push));
        clashes.add(&held);
        clashes.add(&push);
        let found = clashes.find(&[0]).into_iter().map(|clash| match clash {
            Clash::Types { family, .. } | Clash::Suffix { family, .. } | Clash::Label { family, .. } => {
                family
            }
            Clash::Twice { series, .. } => series,
        });
        assert_eq!(found.collect::<Vec<_>>(), ["a", "b_sum", "d_count"]);
    }

    #[test]
    fn what_was_seen_is_seen_again_and_little_else() {
        let mut filter = Filter::default();
        let hash = |number: u32| hash_name(&number.to_string());
        assert!((0..100_000).filter(|number| filter.was_there(hash(*number))).count() < 10);
        assert!((0..100_000).all(|number| filter.was_there(hash(number))));
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
        assert_eq!(collisions(words), []);
        let words = "2 error(s) occurred:\n* collected metric named \"x_sum\" collides with previously collected summary named \"x\"\n* collected histogram or summary named \"y\" collides with previously collected metric named \"y_count\"\n";
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(collisions(words), [pair("x_sum", "x"), pair("y", "y_count")]);
    }
}
