//! Finds groups that a gateway has accepted but can't serve.
//!
//! The gateway adds an empty `instance` label to every series that has none. So two groups that differ only
//! in an empty or missing `instance` expose the same series. If both exist, the gateway rejects every push to
//! *any* group and responds to every scrape with 500, but the health checks succeed (seen on Pushgateway
//! 1.5.1, 1.11.0 and 1.11.2). A grouping key that can't be exposed has the same effect. Deleting the group
//! fixes the gateway.

use super::group::Group;
use crate::grouping::NoKey;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A reason why a gateway rejects every push. The numbers are indexes into the list of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conflict {
    /// The gateway can't distinguish two groups. The one with an empty `instance` should be deleted.
    EmptyInstance { without: usize, with_empty: usize },
    /// A label value or the job is not valid UTF-8.
    NotUtf8 { group: usize },
    /// A label name starts with `__`. Only a gateway with UTF-8 names accepts it, in escaped form.
    ReservedName { group: usize },
}

impl Conflict {
    /// Returns the groups that are involved in this conflict.
    fn groups(&self) -> Vec<usize> {
        match *self {
            Self::EmptyInstance { without, with_empty } => vec![without, with_empty],
            Self::NotUtf8 { group } | Self::ReservedName { group } => vec![group],
        }
    }
}

/// Two or more groups that differ only in labels with empty values. The gateway accepts them, but Prometheus
/// treats them as one and drops all but one of their samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicates {
    pub groups: Vec<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflicts {
    pub broken: Vec<Conflict>,
    pub duplicates: Vec<Duplicates>,
    /// All groups that appear in `broken`.
    involved: HashSet<usize>,
}

impl Conflicts {
    /// Returns true if the group at this index breaks the gateway.
    pub fn involves(&self, place: usize) -> bool {
        self.involved.contains(&place)
    }
}

/// Finds the conflicts between these groups.
pub fn find<'a>(groups: impl IntoIterator<Item = &'a Group>) -> Conflicts {
    let mut found = Conflicts::default();
    let mut exposed = HashMap::<(Vec<_>, &str), usize>::new();
    let mut scraped = BTreeMap::<Vec<_>, Vec<usize>>::new();
    for (place, group) in groups.into_iter().enumerate() {
        let labels = || group.labels.iter();
        if labels().any(|(name, _)| name.starts_with("__")) {
            found.broken.push(Conflict::ReservedName { group: place });
        }
        if group.key == Err(NoKey::Inexact) && labels().any(|(_, value)| value.contains('\u{fffd}')) {
            // Don't compare such groups, because different groups can look the same in the response.
            found.broken.push(Conflict::NotUtf8 { group: place });
            continue;
        }
        scraped.entry(labels().filter(|(_, value)| !value.is_empty()).collect()).or_default().push(place);

        let instance = group.labels.get("instance");
        let others = labels().filter(|(name, _)| *name != "instance").collect();
        if let Some(other) = exposed.insert((others, instance.unwrap_or_default()), place) {
            let (without, with_empty) = if instance.is_some() { (other, place) } else { (place, other) };
            found.broken.push(Conflict::EmptyInstance { without, with_empty });
        }
    }
    found.duplicates = duplicates(scraped, &found.broken);
    found.involved = found.broken.iter().flat_map(Conflict::groups).collect();
    found.broken.sort_unstable();
    found
}

/// Returns the groups that Prometheus can't distinguish, except for pairs that already break the gateway.
fn duplicates(scraped: BTreeMap<Vec<(&str, &str)>, Vec<usize>>, broken: &[Conflict]) -> Vec<Duplicates> {
    let pairs: HashSet<BTreeSet<usize>> =
        broken.iter().map(|conflict| conflict.groups().into_iter().collect()).collect();
    let is_pair = |groups: &[usize]| groups.len() == 2 && pairs.contains(&groups.iter().copied().collect());
    let several = scraped.into_values().filter(|groups| groups.len() > 1 && !is_pair(groups));
    several.map(|groups| Duplicates { groups }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::api::from_api;
    use crate::grouping::Names;

    /// Creates groups from their labels as JSON.
    fn groups(labels: &[&str]) -> Vec<Group> {
        let groups = labels.iter().map(|labels| format!(r#"{{"labels":{{{labels}}}}}"#));
        let json = format!(r#"{{"status":"success","data":[{}]}}"#, groups.collect::<Vec<_>>().join(","));
        from_api(json.as_bytes(), Names::Utf8).unwrap()
    }

    #[test]
    fn groups_that_break_real_gateways_are_found() {
        for json in [
            include_str!("../../tests/data/groups/1.5.1.json"),
            include_str!("../../tests/data/groups/1.11.0.json"),
            include_str!("../../tests/data/groups/1.11.2.json"),
        ] {
            let groups = from_api(json.as_bytes(), Names::Legacy).unwrap();
            let found = find(&groups);
            let named = |place: usize| groups[place].labels.to_string();
            let [Conflict::EmptyInstance { without, with_empty }, Conflict::NotUtf8 { group }] =
                found.broken[..]
            else {
                panic!("{found:?}");
            };
            assert_eq!(named(without), r#"{job="c"}"#);
            assert_eq!(named(with_empty), r#"{job="c",instance=""}"#);
            assert_eq!(named(group), r#"{job="bytes",l="�"}"#);
            assert!(found.involves(without) && found.involves(with_empty) && found.involves(group));
            let [Duplicates { groups: pair }] = &found.duplicates[..] else { panic!("{found:?}") };
            assert_eq!(
                pair.iter().map(|place| named(*place)).collect::<Vec<_>>(),
                [r#"{job="d",l="1"}"#, r#"{job="d",l="1",m=""}"#]
            );
        }
    }

    #[test]
    fn an_empty_instance_alone_breaks_nothing() {
        let alone = groups(&[r#""job":"x","instance":"""#, r#""job":"y""#, r#""job":"x","instance":"i""#]);
        assert_eq!(find(&alone), Conflicts::default());
        let other_labels = groups(&[r#""job":"x","instance":"","a":"1""#, r#""job":"x","a":"2""#]);
        assert_eq!(find(&other_labels), Conflicts::default());
    }

    #[test]
    fn a_reserved_name_breaks_a_gateway_with_utf8_names() {
        // Seen on 1.11.2 with --push.enable-utf8-names, after a push to /metrics/job/x/U______x/v.
        let reserved = groups(&[r#""__x":"v\"","job":"x""#]);
        assert_eq!(find(&reserved).broken, [Conflict::ReservedName { group: 0 }]);
    }

    #[test]
    fn a_pair_that_breaks_a_gateway_is_reported_once() {
        let three = groups(&[r#""job":"x""#, r#""job":"x","instance":"""#, r#""job":"x","a":"""#]);
        let found = find(&three);
        assert_eq!(found.broken.len(), 1);
        assert_eq!(found.duplicates.iter().map(|d| d.groups.len()).collect::<Vec<_>>(), [3]);
        let found = find(&three.into_iter().filter(|g| g.labels.get("a").is_none()).collect::<Vec<_>>());
        assert_eq!((found.broken.len(), found.duplicates.len()), (1, 0));
    }
}
