//! The grouping key as the checker needs it: what the gateway writes over the labels of each series.
//!
//! `sanitizeLabels` in `prometheus/pushgateway storage/diskmetricstore.go` sets all of the key's labels, and adds
//! `instance=""` where neither the key nor the series has one. The series are compared after that.

use super::hash;
use super::text::token::{Label, Token};
use crate::grouping::GroupingKey;

/// One label of the key.
#[derive(Debug)]
pub(super) struct KeyLabel<'a> {
    pub(super) name: &'a [u8],
    /// `None` where the key is not known: any push has a job.
    pub(super) value: Option<&'a [u8]>,
    hash: u64,
    /// The reader knows by now that it overwrites a label.
    pub(super) said: bool,
}

/// The labels of the grouping key.
#[derive(Debug)]
pub(super) struct Key<'a> {
    pub(super) labels: Vec<KeyLabel<'a>>,
    adds_instance: bool,
}

impl<'a> Key<'a> {
    pub(super) fn new(grouping: Option<&'a GroupingKey>) -> Self {
        match grouping {
            Some(key) => Self::from_labels(key.labels().map(|(name, value)| (name, Some(value)))),
            None => Self::from_labels([("job", None)]),
        }
    }

    fn from_labels(labels: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let labels: Vec<_> = labels
            .into_iter()
            .map(|(name, value)| KeyLabel {
                name: name.as_bytes(),
                value: value.map(str::as_bytes),
                hash: hash::bytes(name.as_bytes()),
                said: false,
            })
            .collect();
        let adds_instance = labels.iter().all(|label| label.name != b"instance");
        Self { labels, adds_instance }
    }

    /// The label of the key that overwrites the label `name`, whose hash is `hash`.
    #[inline]
    pub(super) fn position(&self, name: &Token<'_>, hash: u64) -> Option<usize> {
        self.labels.iter().position(|label| label.hash == hash && name.is(label.name))
    }

    /// Whether the key has a label of this name.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.labels.iter().any(|label| label.name == name)
    }

    /// Whether `label` is `instance=""`, which the gateway would add anyway.
    #[inline]
    pub(super) fn would_add(&self, label: &Label<'_>) -> bool {
        self.adds_instance && label.value.raw().is_empty() && label.name.is(b"instance")
    }

    /// Whether `label` tells one series from another in the end.
    pub(super) fn keeps(&self, label: &Label<'_>) -> bool {
        !self.would_add(label) && self.position(&label.name, label.name.hash()).is_none()
    }
}
