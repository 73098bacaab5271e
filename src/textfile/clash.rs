//! Finds conflicts between two files in the directory. `node_exporter` merges all files: it drops a series that is in
//! two files, or a metric with two types, and reports an error for a metric with two HELP texts.

use crate::exposition::model::{Family, Kind, series_name};
use crate::grouping::LabelSet;
use std::collections::{HashMap, HashSet};

/// A conflict between the file to be written and another file. Callers append the path of the other file to the
/// message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Clash {
    #[error("{name} is {}, but {} in", .ours.with_article(), .theirs.with_article())]
    Type { name: String, ours: Kind, theirs: Kind },
    #[error("{name} has a different HELP text in")]
    Help { name: String },
    #[error("the series {series} is also in")]
    Series { series: String },
    #[error("{part} is the name of a sample of {} {whole}, which conflicts with", article(*.kind))]
    Part { part: String, whole: String, kind: Kind },
}

fn article(kind: Kind) -> String {
    format!("the {}", kind.as_str())
}

/// Returns the first clash between `ours` and the families of another file.
pub fn find_clash(ours: &[Family], theirs: &[Family]) -> Option<Clash> {
    let by_name: HashMap<&str, &Family> =
        theirs.iter().map(|family| (family.name.as_str(), family)).collect();
    let own: HashMap<&str, &Family> = ours.iter().map(|family| (family.name.as_str(), family)).collect();
    let same = ours.iter().find_map(|family| clash_of(family, by_name.get(family.name.as_str())?));
    same.or_else(|| ours.iter().find_map(|whole| part(whole, &by_name)))
        .or_else(|| theirs.iter().find_map(|whole| part(whole, &own)))
}

/// Returns the clash between two families with the same name, if there is one.
fn clash_of(ours: &Family, theirs: &Family) -> Option<Clash> {
    let name = ours.name.clone();
    if ours.kind != theirs.kind {
        return Some(Clash::Type { name, ours: ours.kind, theirs: theirs.kind });
    }
    if ours.help != theirs.help {
        return Some(Clash::Help { name });
    }
    let held: HashSet<_> = theirs.series.iter().map(|series| &series.labels).collect();
    let twice = ours.series.iter().find(|series| held.contains(&series.labels))?;
    Some(Clash::Series { series: series_name(&name, twice, &LabelSet::default()) })
}

/// Returns a clash if one of `others` has the same name as a sample of the histogram or summary `whole`, such as
/// `x_sum`.
fn part(whole: &Family, others: &HashMap<&str, &Family>) -> Option<Clash> {
    let suffixes: &[&str] = match whole.kind {
        kind if kind.has_buckets() => &["_bucket", "_sum", "_count"],
        Kind::Summary => &["_sum", "_count"],
        _ => &[],
    };
    let names = suffixes.iter().map(|suffix| format!("{}{suffix}", whole.name));
    let part = names.into_iter().find(|name| others.contains_key(name.as_str()))?;
    Some(Clash::Part { part, whole: whole.name.clone(), kind: whole.kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::read_families;

    #[test]
    fn metrics_that_node_exporter_would_drop_are_a_clash() {
        let read = |text: &str| read_families(text.as_bytes());
        for (ours, theirs, said) in [
            ("a{job=\"x\"} 1\n", "a{job=\"y\"} 1\nb 1\n", None),
            ("# TYPE h histogram\nh_sum 1\n", "h_max 1\n", None),
            ("# HELP a b\na{job=\"x\"} 1\n", "# HELP a b\na{job=\"y\"} 1\n", None),
            (
                "# TYPE a gauge\na 1\n",
                "# TYPE a counter\na{l=\"1\"} 1\n",
                Some("a is a gauge, but a counter in"),
            ),
            (
                "# HELP a b\na{job=\"x\"} 1\n",
                "# HELP a c\na{job=\"y\"} 1\n",
                Some("a has a different HELP text in"),
            ),
            ("# HELP a b\na{job=\"x\"} 1\n", "a{job=\"y\"} 1\n", Some("a has a different HELP text in")),
            ("b 1\na{l=\"1\"} 1\n", "a{l=\"1\"} 2\n", Some("the series a{l=\"1\"} is also in")),
            (
                "h_sum 1\n",
                "# TYPE h histogram\nh_sum{job=\"y\"} 1\n",
                Some("h_sum is the name of a sample of the histogram h, which conflicts with"),
            ),
            (
                "# TYPE s summary\ns_sum{job=\"y\"} 1\n",
                "s_count 1\n",
                Some("s_count is the name of a sample of the summary s, which conflicts with"),
            ),
        ] {
            let found = find_clash(&read(ours), &read(theirs)).map(|clash| clash.to_string());
            assert_eq!(found.as_deref(), said, "{ours}{theirs}");
        }
    }
}
