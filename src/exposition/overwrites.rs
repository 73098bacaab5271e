//! The labels of the grouping key, which overwrite the labels of each series in the gateway.
//!
//! `sanitizeLabels` in `prometheus/pushgateway storage/diskmetricstore.go` sets all labels of the key, and adds
//! `instance=""` if neither the key nor the series has an `instance` label. The gateway compares series only after this
//! step.

use super::code::Code;
use super::findings::{Findings, Message};
use super::hash;
use super::messages::quoted;
use super::text::token::{LabelPair, Token};
use crate::grouping::GroupingKey;

#[derive(Debug)]
struct Overwrite<'a> {
    name: &'a [u8],
    /// `None` for the `job` label if the grouping key is unknown. Every push has a `job` label, but here its value is
    /// not known.
    value: Option<&'a [u8]>,
    name_hash: u64,
    /// Whether a warning about this label was already reported.
    is_reported: bool,
}

#[derive(Debug)]
pub(super) struct Overwrites<'a> {
    labels: Vec<Overwrite<'a>>,
    adds_instance: bool,
}

impl<'a> Overwrites<'a> {
    pub(super) fn new(grouping: Option<&'a GroupingKey>) -> Self {
        let labels = match grouping {
            Some(key) => key.labels().map(|(name, value)| (name, Some(value))).collect(),
            None => vec![("job", None)],
        };
        let labels: Vec<_> = labels
            .into_iter()
            .map(|(name, value)| Overwrite {
                name: name.as_bytes(),
                value: value.map(str::as_bytes),
                name_hash: hash::bytes(name.as_bytes()),
                is_reported: false,
            })
            .collect();
        let adds_instance = labels.iter().all(|label| label.name != b"instance");
        Self { labels, adds_instance }
    }

    /// Creates an empty set of labels, for input that is not pushed.
    pub(super) fn none() -> Self {
        Self { labels: Vec::new(), adds_instance: false }
    }

    /// Returns the index of the grouping-key label that overwrites the label `name`.
    #[inline]
    pub(super) fn find(&self, name: &Token<'_>, name_hash: u64) -> Option<usize> {
        self.labels.iter().position(|label| label.name_hash == name_hash && name.is(label.name))
    }

    /// Returns whether the key has a label with this name.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.labels.iter().any(|label| label.name == name)
    }

    /// Returns whether `label` is `instance=""`, which the gateway would add anyway.
    #[inline]
    pub(super) fn would_add(&self, label: &LabelPair<'_>) -> bool {
        self.adds_instance && label.value.raw().is_empty() && label.name.is(b"instance")
    }

    /// Returns whether the gateway stores `label` unchanged.
    pub(super) fn keeps(&self, label: &LabelPair<'_>) -> bool {
        !self.would_add(label) && self.find(&label.name, label.name.hash()).is_none()
    }

    /// Returns whether a warning about the grouping-key label at this index was already reported.
    #[inline]
    pub(super) fn is_reported(&self, index: usize) -> bool {
        self.labels[index].is_reported
    }

    /// Warns if the grouping-key label at this index changes the value of `label`. Each grouping-key label causes only
    /// one warning.
    #[inline]
    pub(super) fn check(&mut self, index: usize, label: &LabelPair<'_>, findings: &mut Findings) {
        let overwrite = &mut self.labels[index];
        if overwrite.is_reported || overwrite.value.is_some_and(|value| label.value.is(value)) {
            return;
        }
        overwrite.is_reported = true;
        let value = overwrite.value;
        findings.warning(Code::OverwrittenLabel, label.span(), || {
            let name = quoted(&label.name.text());
            Message::new(match value {
                Some(value) => format!("the grouping key overwrites the label {name} with {}", quoted(value)),
                None => format!("the grouping key overwrites the label {name}"),
            })
            .help("remove or rename the label")
        });
    }
}
