//! Computes what a push would change in a group, series by series.

use crate::exposition::model::{Family, Value, metric_name, number, series_name};
use crate::grouping::LabelSet;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: ChangeKind,
    /// The changed series, TYPE line or HELP line, as text.
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Changed,
    Removed,
}

/// The families of the group that a push replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// All families (PUT).
    Group,
    /// Only families with the same names (POST).
    Families,
}

/// Compares a group before and after a push, by family and series.
pub fn changes(group: &LabelSet, before: &[Family], pushed: &[Family], replaces: Replaces) -> Vec<Change> {
    let mut changes = Vec::new();
    for pair in pairs(before, pushed, |family| &family.name).into_values() {
        match pair {
            (None, Some(new)) => declare(&mut changes, ChangeKind::Added, new, group),
            (Some(old), None) if replaces == Replaces::Group => {
                declare(&mut changes, ChangeKind::Removed, old, group);
            }
            (Some(old), Some(new)) => compare(&mut changes, old, new, group),
            (_, None) => {}
        }
    }
    changes
}

/// Pairs the items of both lists that have the same key.
fn pairs<'a, K: Ord, T>(
    before: &'a [T],
    after: &'a [T],
    key: impl Fn(&'a T) -> &'a K,
) -> BTreeMap<&'a K, (Option<&'a T>, Option<&'a T>)> {
    let mut pairs = BTreeMap::<_, (Option<&T>, Option<&T>)>::new();
    for old in before {
        pairs.entry(key(old)).or_default().0 = Some(old);
    }
    for new in after {
        pairs.entry(key(new)).or_default().1 = Some(new);
    }
    pairs
}

/// Records that a whole family is added or removed.
fn declare(changes: &mut Vec<Change>, kind: ChangeKind, family: &Family, group: &LabelSet) {
    let named = |series| format!("{} {}", series_name(&family.name, series, group), value(&series.value));
    changes.push(Change {
        kind,
        what: format!("# TYPE {} {}", metric_name(&family.name), family.kind.as_str()),
    });
    changes.extend(family.series.iter().map(|series| Change { kind, what: named(series) }));
}

fn compare(changes: &mut Vec<Change>, old: &Family, new: &Family, group: &LabelSet) {
    let name = &new.name;
    let mut change = |kind, what| changes.push(Change { kind, what });
    if old.kind != new.kind {
        let name = metric_name(name);
        change(ChangeKind::Changed, format!("# TYPE {name} {} -> {}", old.kind.as_str(), new.kind.as_str()));
    }
    if old.help != new.help {
        let name = metric_name(name);
        change(ChangeKind::Changed, format!("# HELP {name} {:?} -> {:?}", old.help, new.help));
    }
    let series = pairs(&old.series, &new.series, |series| &series.labels);
    let whole = |series| format!("{} {}", series_name(name, series, group), value(&series.value));
    for pair in series.values() {
        match *pair {
            (Some(old), None) => change(ChangeKind::Removed, whole(old)),
            (Some(old), Some(new)) if !same(&old.value, &new.value) => {
                change(ChangeKind::Changed, format!("{} -> {}", whole(old), value(&new.value)));
            }
            _ => {}
        }
    }
    for new in series.values().filter_map(|pair| if pair.0.is_none() { pair.1 } else { None }) {
        change(ChangeKind::Added, whole(new));
    }
}

/// Formats a value on one line. A histogram or summary is shown as count, sum, and buckets or quantiles.
fn value(value: &Value) -> String {
    match value {
        Value::Number(number) => number.clone(),
        Value::Unknown => "(not reported by the API)".to_owned(),
        Value::Parts { parts, sum, count } => {
            let mut text = format!("count {count} sum {sum}");
            for (bound, number) in parts {
                let _ = write!(text, " {bound}:{number}");
            }
            text
        }
    }
}

/// Returns true if the values are equal as numbers. The gateway writes `1e+06` for `1000000`.
fn same(a: &Value, b: &Value) -> bool {
    let equal = |a: &str, b: &str| match (number(a), number(b)) {
        // Treat NaN as equal to NaN, and -0 as equal to 0.
        (Some(a), Some(b)) => {
            a.total_cmp(&b).is_eq()
                || a.partial_cmp(&b).is_some_and(Ordering::is_eq)
                || (a.is_nan() && b.is_nan())
        }
        _ => a == b,
    };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => equal(a, b),
        (
            Value::Parts { parts: a, sum: a_sum, count: a_count },
            Value::Parts { parts: b, sum: b_sum, count: b_count },
        ) => equal(a_sum, b_sum) && equal(a_count, b_count) && same_parts(a, b),
        (Value::Unknown, Value::Unknown) => true,
        _ => false,
    }
}

fn same_parts(a: &[(String, String)], b: &[(String, String)]) -> bool {
    let sorted = |parts: &[(String, String)]| {
        let bits = |text: &str| number(text).map(|number| (number + 0.0).to_bits()).unwrap_or_default();
        let mut parts: Vec<_> = parts.iter().map(|(bound, number)| (bits(bound), bits(number))).collect();
        parts.sort_unstable();
        parts
    };
    sorted(a) == sorted(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::pushed;
    use crate::grouping::{GroupingKey, KeyRules};

    fn lines(before: &str, after: &str, replaces: Replaces) -> Vec<String> {
        let key = GroupingKey::new("j", [], KeyRules::default()).unwrap();
        let families = |text: &str| pushed::families(text.as_bytes(), &key);
        let changes = changes(&LabelSet::from(&key), &families(before), &families(after), replaces);
        let sign = |kind| match kind {
            ChangeKind::Added => '+',
            ChangeKind::Changed => '~',
            ChangeKind::Removed => '-',
        };
        changes.into_iter().map(|change| format!("{} {}", sign(change.kind), change.what)).collect()
    }

    #[test]
    fn a_put_replaces_the_group_and_a_post_families() {
        let (before, after) =
            ("# TYPE a gauge\na 1\nb{l=\"1\"} 1\nb{l=\"2\"} 2\n", "b{l=\"2\"} 3\nb{l=\"3\"} 3\nc 1\n");
        let families =
            [r#"- b{l="1"} 1"#, r#"~ b{l="2"} 2 -> 3"#, r#"+ b{l="3"} 3"#, "+ # TYPE c untyped", "+ c 1"];
        assert_eq!(lines(before, after, Replaces::Families), families);
        let group = ["- # TYPE a gauge", "- a 1"];
        assert_eq!(lines(before, after, Replaces::Group), [&group[..], &families[..]].concat());
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let text = "a 1000000\nb NaN\n# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_count 1\n";
        let same = "a 1e+06\nb nan\n# TYPE h histogram\nh_bucket{le=\"1\"} 1e0\nh_count 1\nh_sum 0\n";
        assert_eq!(lines(text, same, Replaces::Group), [""; 0]);
        let other = "a 1000001\n# HELP b \"x\"\nb 1\n# TYPE h summary\nh{quantile=\"1\"} 1\nh_count 2\n";
        assert_eq!(
            lines(text, other, Replaces::Group),
            [
                "~ a 1000000 -> 1000001",
                r#"~ # HELP b "" -> "\"x\"""#,
                "~ b NaN -> 1",
                "~ # TYPE h histogram -> summary",
                "~ h count 1 sum 0 1.0:1 -> count 2 sum 0 1:1",
            ]
        );
    }
}
