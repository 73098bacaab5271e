//! Finds metrics that can't be exposed together. This reimplements the gateway's consistency check to find
//! the groups that cause an error.
//!
//! The rules are from `client_golang prometheus/registry.go` (`processMetric`, `checkSuffixCollisions`,
//! `checkMetricConsistency`). Each rule was seen on 1.5.1 and 1.11.2. The gateway's response includes the
//! metric's name, but not the groups that contain it.

use crate::exposition::model::series_name;
use crate::gateway::contents::{Family, Series};
use crate::gateway::{Group, Kind};
use crate::grouping::LabelSet;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

/// Maximum number of duplicate series, and of forbidden labels, to report.
const REPORTED: usize = 20;

/// Suffixes of the series of a histogram or summary.
const ENDINGS: [&str; 3] = ["_count", "_sum", "_bucket"];

/// A group, or `None` for the push that is compared with the groups.
pub type Holder<'a> = Option<&'a Group>;

/// Metrics that cannot be exposed together, and the groups that contain them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collision<'a> {
    /// A family that has several types.
    Types { family: String, kinds: BTreeMap<Kind, Vec<Holder<'a>>> },
    /// A series that exists more than once.
    Twice {
        series: String,
        /// A group that contains the series twice is listed twice.
        holders: Vec<Holder<'a>>,
    },
    /// A family that has the same name as a series of a histogram or summary, such as `x_count`.
    Suffix {
        family: String,
        holders: Vec<Holder<'a>>,
        composite: String,
        kind: Kind,
        composites: Vec<Holder<'a>>,
    },
    /// A forbidden label: a name that starts with `__`, or `quantile` in a summary.
    Label { family: String, label: String, holder: Holder<'a> },
}

impl Collision<'_> {
    pub fn involves_push(&self) -> bool {
        match self {
            Self::Types { kinds, .. } => kinds.values().flatten().any(Option::is_none),
            Self::Twice { holders, .. } => holders.iter().any(Option::is_none),
            Self::Suffix { holders, composites, .. } => holders.iter().chain(composites).any(Option::is_none),
            Self::Label { holder, .. } => holder.is_none(),
        }
    }
}

/// Finds collisions between groups. Groups are added one at a time, because all of them together might not
/// fit into memory. About 35 bytes are kept per series, and names only for collisions.
#[derive(Debug, Default)]
pub struct Collisions {
    /// Number of holders added so far. Holders are numbered from 0 in the order added.
    count: usize,
    hasher: RandomState,
    /// The holders of each family, by the hash of the name and the type.
    families: HashMap<(u64, Kind), Vec<usize>>,
    /// The first holder of each series, by the hash of its name and labels.
    series: HashMap<u64, usize>,
    /// Names of families that have several types, or that collide with a series of a histogram or summary.
    colliding: BTreeSet<String>,
    /// All holders of each series that exists more than once.
    twice: BTreeMap<String, Vec<usize>>,
    /// Forbidden labels, as triples of a family, a label and the number of a holder.
    labels: BTreeSet<(String, String, usize)>,
}

impl Collisions {
    /// Adds the families of a group or of the push, and returns the holder's number.
    pub fn add(&mut self, families: &[Family]) -> usize {
        let holder = self.count;
        self.count += 1;
        // A family without samples is not exposed.
        for family in families.iter().filter(|family| !family.series.is_empty()) {
            self.add_family(holder, family);
            for series in &family.series {
                self.add_series(holder, family, series);
            }
        }
        holder
    }

    fn add_family(&mut self, holder: usize, family: &Family) {
        let Family { name, kind, .. } = family;
        let holders = self.families.entry((self.hasher.hash_one(name), *kind)).or_default();
        holders.push(holder);
        // If a colliding family is added later, the collision is found then.
        if holders.len() == 1 {
            let has_other_kind =
                ALL_KINDS.iter().any(|other| other != kind && !self.holders(name, *other).is_empty());
            if has_other_kind || self.composite(name).is_some() {
                self.colliding.insert(name.clone());
            }
            for part in ENDINGS.iter().filter(|ending| has_part(*kind, ending)) {
                let part = format!("{name}{part}");
                if ALL_KINDS.iter().any(|kind| !self.holders(&part, *kind).is_empty()) {
                    self.colliding.insert(part);
                }
            }
        }
        if let Some(label) = family.series.iter().find_map(|series| forbidden_label(family, series)) {
            self.labels.insert((name.clone(), label.to_owned(), holder));
            if self.labels.len() > REPORTED {
                self.labels.pop_last();
            }
        }
    }

    fn add_series(&mut self, holder: usize, family: &Family, series: &Series) {
        match self.series.entry(self.hasher.hash_one((&family.name, &series.labels))) {
            Entry::Vacant(entry) => drop(entry.insert(holder)),
            Entry::Occupied(first) => {
                let name = series_name(&family.name, series, &LabelSet::default());
                self.twice.entry(name).or_insert_with(|| vec![*first.get()]).push(holder);
                if self.twice.len() > REPORTED {
                    self.twice.pop_last();
                }
            }
        }
    }

    fn holders(&self, family: &str, kind: Kind) -> &[usize] {
        self.families.get(&(self.hasher.hash_one(family), kind)).map_or(&[], Vec::as_slice)
    }

    /// Returns the histogram or summary that exposes a series with this name, and its type.
    fn composite<'a>(&self, family: &'a str) -> Option<(&'a str, Kind)> {
        let (composite, ending) = split_ending(family)?;
        let mut kinds = ALL_KINDS.into_iter().filter(|kind| has_part(*kind, ending));
        Some((composite, kinds.find(|kind| !self.holders(composite, *kind).is_empty())?))
    }

    /// Returns all collisions. `groups` contains the groups with their numbers, in the order in which to
    /// report them. A holder whose number is not in `groups` is the push.
    pub fn find<'a>(&self, groups: impl IntoIterator<Item = (&'a Group, usize)>) -> Vec<Collision<'a>> {
        let mut by_number: Vec<(usize, Holder<'a>)> = vec![(usize::MAX, None); self.count];
        for (place, (group, number)) in groups.into_iter().enumerate() {
            if let Some(holder) = by_number.get_mut(number) {
                *holder = (place, Some(group));
            }
        }
        let holders = |numbers: &[usize]| {
            let mut holders: Vec<_> = numbers.iter().map(|number| by_number[*number]).collect();
            holders.sort_by_key(|(place, _)| *place);
            holders.into_iter().map(|(_, holder)| holder).collect::<Vec<_>>()
        };
        let mut found = Vec::new();
        for family in &self.colliding {
            let kinds = ALL_KINDS.iter().map(|kind| (*kind, holders(self.holders(family, *kind))));
            let kinds: BTreeMap<_, _> = kinds.filter(|(_, holders)| !holders.is_empty()).collect();
            if kinds.len() > 1 {
                found.push(Collision::Types { family: family.clone(), kinds });
            }
        }
        for family in &self.colliding {
            if let Some((composite, kind)) = self.composite(family) {
                let all = ALL_KINDS.iter().flat_map(|kind| self.holders(family, *kind)).copied();
                found.push(Collision::Suffix {
                    family: family.clone(),
                    holders: holders(&all.collect::<Vec<_>>()),
                    composite: composite.to_owned(),
                    kind,
                    composites: holders(self.holders(composite, kind)),
                });
            }
        }
        found.extend(
            self.twice.iter().map(|(series, numbers)| Collision::Twice {
                series: series.clone(),
                holders: holders(numbers),
            }),
        );
        found.extend(self.labels.iter().map(|(family, label, number)| Collision::Label {
            family: family.clone(),
            label: label.clone(),
            holder: by_number[*number].1,
        }));
        found
    }
}

/// Returns the names of all families that these families can collide with.
pub fn colliding_names(families: &[Family]) -> HashSet<String> {
    let mut names = HashSet::new();
    for Family { name, .. } in families {
        names.insert(name.clone());
        names.extend(split_ending(name).map(|(composite, _)| composite.to_owned()));
        names.extend(ENDINGS.map(|ending| format!("{name}{ending}")));
    }
    names
}

const ALL_KINDS: [Kind; 6] =
    [Kind::Counter, Kind::Gauge, Kind::Summary, Kind::Histogram, Kind::GaugeHistogram, Kind::Untyped];

fn split_ending(name: &str) -> Option<(&str, &'static str)> {
    ENDINGS.iter().find_map(|ending| Some((name.strip_suffix(ending)?, *ending)))
}

/// Returns true if a family of this type exposes a series with this suffix.
fn has_part(kind: Kind, ending: &str) -> bool {
    match kind {
        Kind::Histogram | Kind::GaugeHistogram => true,
        Kind::Summary => ending != "_bucket",
        Kind::Counter | Kind::Gauge | Kind::Untyped => false,
    }
}

/// Returns a label of the series that is forbidden in general or for the family's type.
fn forbidden_label<'a>(family: &Family, series: &'a Series) -> Option<&'a str> {
    let is_forbidden =
        |name: &&String| name.starts_with("__") || (family.kind == Kind::Summary && *name == "quantile");
    series.labels.keys().find(is_forbidden).map(String::as_str)
}

/// Returns the gateway's own families, such as `go_goroutines`, that collide with a group according to the
/// gateway's response. Only these are reported without labels and in this form (`gathered metric family NAME
/// has type ...`, `... has help ...`; seen on 1.5.1 and 1.11.2).
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

/// Returns the pairs of families that collide according to the gateway's response, because one has the same
/// name as a series of the other (`collected metric named "x_sum" collides with previously collected summary
/// named "x"`, or the other way round; seen on 1.5.1 and 1.11.2). A family in no group is the gateway's own.
pub fn colliding_pairs(words: &str) -> Vec<(String, String)> {
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
    use crate::gateway::api::from_api;
    use crate::gateway::pushed;
    use crate::grouping::{GroupingKey, KeyRules, Names};

    /// Adds holders (pairs of a job and metrics) and returns the collisions. The job `push` is the push.
    fn of(held: &[(&str, &str)]) -> Vec<String> {
        let mut collisions = Collisions::default();
        let mut groups = Vec::new();
        for (job, text) in held {
            let key = GroupingKey::new(*job, [], KeyRules::default()).unwrap();
            let mut families = pushed::families(text.as_bytes(), &key);
            // Two groups can contain the same series only if its job label is removed.
            for series in families.iter_mut().flat_map(|family| &mut family.series) {
                series.labels.remove("job");
            }
            let number = collisions.add(&families);
            let json = format!(r#"{{"status":"success","data":[{{"labels":{{"job":"{job}"}}}}]}}"#);
            let group = from_api(json.as_bytes(), Names::Legacy).unwrap().remove(0);
            groups.extend((*job != "push").then_some((group, number)));
        }
        groups.sort_by(|(a, _), (b, _)| a.labels.cmp(&b.labels));
        let found = collisions.find(groups.iter().map(|(group, number)| (group, *number)));
        let line = |collision: &Collision<'_>| {
            let line = line(collision);
            assert_eq!(collision.involves_push(), line.contains("push"), "{line}");
            line
        };
        found.iter().map(line).collect()
    }

    fn line(collision: &Collision<'_>) -> String {
        let job =
            |holder: &Holder<'_>| holder.map_or("push", |group| group.labels.get("job").unwrap()).to_owned();
        let jobs = |holders: &[Holder<'_>]| holders.iter().map(job).collect::<Vec<_>>().join(" ");
        match collision {
            Collision::Types { family, kinds } => {
                let kinds =
                    kinds.iter().map(|(kind, holders)| format!("{} in {}", kind.as_str(), jobs(holders)));
                format!("{family}: {}", kinds.collect::<Vec<_>>().join(", "))
            }
            Collision::Twice { series, holders } => format!("{series} in {}", jobs(holders)),
            Collision::Suffix { family, holders, composite, kind, composites } => {
                format!(
                    "{family} in {}: {} {composite} in {}",
                    jobs(holders),
                    kind.as_str(),
                    jobs(composites)
                )
            }
            Collision::Label { family, label, holder } => format!("{family}: {label} in {}", job(holder)),
        }
    }

    #[test]
    fn types_must_agree() {
        let gauge = "# TYPE q gauge\nq{a=\"1\"} 1\n";
        let found =
            of(&[("c", gauge), ("b", "# TYPE q counter\nq 1\n"), ("a", "# TYPE q gauge\nq{a=\"2\"} 1\n")]);
        assert_eq!(found, ["q: counter in b, gauge in a c"]);
        // A family without samples is not exposed.
        assert_eq!(of(&[("a", "# TYPE q gauge\n"), ("b", "# TYPE q counter\nq 1\n")]), [""; 0]);
    }

    #[test]
    fn a_series_can_exist_more_than_once() {
        let found = of(&[
            ("c", "m{t=\"1\"} 1\n"),
            ("a", "m{t=\"1\"} 1\nm{t=\"2\"} 1\n"),
            ("b", "m{t=\"1\"} 1\nm{t=\"3\"} 1\nm{t=\"3\"} 1\n"),
        ]);
        assert_eq!(found, [r#"m{t="1"} in a b c"#, r#"m{t="3"} in b b"#]);
    }

    #[test]
    fn a_limited_number_of_series_is_reported_with_all_holders() {
        let text =
            |from: u32| (from..100).map(|n| format!("m{{n=\"{n:02}\"}} 1\n")).collect::<Vec<_>>().concat();
        let found = of(&[("c", &text(0)), ("b", &text(50)), ("a", &text(40)), ("d", &text(0))]);
        assert_eq!(found.len(), REPORTED);
        assert_eq!(found[0], r#"m{n="00"} in c d"#);
        let found = of(&[("c", &text(99)), ("b", &text(0)), ("a", &text(90)), ("d", &text(90))]);
        assert_eq!(found.last().unwrap(), r#"m{n="99"} in a b c d"#);
    }

    #[test]
    fn a_family_can_collide_with_a_sample_of_a_histogram() {
        let histogram = ("a", "# TYPE foo histogram\nfoo_count 1\n");
        let parts = ("b", "foo_count 1\nfoo_bucket{le=\"1\"} 1\nfoo_max 1\n");
        let expected = ["foo_bucket in b: histogram foo in a", "foo_count in b: histogram foo in a"];
        assert_eq!(of(&[histogram, parts]), expected);
        assert_eq!(of(&[parts, histogram]), expected);
        let summary = "# TYPE foo summary\nfoo_count 1\n";
        assert_eq!(of(&[("a", summary), ("b", "foo_bucket 1\n")]), [""; 0]);
    }

    #[test]
    fn a_push_can_collide_with_existing_metrics() {
        let held = "a 1\nb_sum 1\nc 1\n# TYPE d summary\nd_sum 1\n";
        let push = "# TYPE a gauge\na{x=\"1\"} 1\n# TYPE b summary\nb_sum 1\nc 1\nd_count 1\ne 1\n";
        assert_eq!(
            of(&[("held", held), ("push", push)]),
            [
                "a: gauge in push, untyped in held",
                "b_sum in held: summary b in push",
                "d_count in push: summary d in held",
                "c in held push"
            ]
        );
        let key = GroupingKey::new("push", [], KeyRules::default()).unwrap();
        let names = colliding_names(&pushed::families(b"# TYPE b summary\nb_sum 1\n", &key));
        assert!(["b", "b_sum", "b_count"].iter().all(|name| names.contains(*name)), "{names:?}");
        assert!(colliding_names(&pushed::families(b"d_count 1\n", &key)).contains("d"));
    }

    #[test]
    fn forbidden_labels_are_found() {
        assert_eq!(of(&[("a", "m{__x=\"1\"} 1\n")]), ["m: __x in a"]);
    }

    #[test]
    fn the_gateways_own_families_are_read_from_its_response() {
        let words = "2 error(s) occurred:\n* gathered metric family go_goroutines has type COUNTER but should have GAUGE\n* gathered metric family pushgateway_http_requests_total has help \"\" but should have \"Total HTTP requests\"\n";
        assert_eq!(own_families(words), ["go_goroutines", "pushgateway_http_requests_total"]);
        assert_eq!(colliding_pairs(words), []);
        let words = "2 error(s) occurred:\n* collected metric named \"x_sum\" collides with previously collected summary named \"x\"\n* collected histogram or summary named \"y\" collides with previously collected metric named \"y_count\"\n";
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(colliding_pairs(words), [pair("x_sum", "x"), pair("y", "y_count")]);
    }
}
