//! The grouping key.

use std::collections::BTreeMap;

/// The labels that name a group: `job` and any others, each name once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupingKey {
    job: String,
    /// All labels but `job`, sorted by name.
    labels: BTreeMap<String, String>,
}

impl GroupingKey {
    /// All labels with `job` first and the others sorted by name.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        std::iter::once(("job", self.job.as_str()))
            .chain(self.labels.iter().map(|(n, v)| (n.as_str(), v.as_str())))
    }
}
