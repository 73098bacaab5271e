//! Checks the labels of a sample and computes the hash of its series.
//!
//! Most lines have the same label names as the previous line. The hash of each name is therefore stored, along with
//! whether the grouping key overwrites the label. If the next line has the same names, only its values are checked.

use super::code::Code;
use super::findings::{Findings, Message};
use super::hash;
use super::messages::{self, quoted};
use super::model::kind::Kind;
use super::names::is_valid_name;
use super::options::CheckOptions;
use super::overwrites::Overwrites;
use super::text::number::{self, Float};
use super::text::token::{LabelPair, Token};
use crate::grouping::LegacyName;

/// The bits of a hash that are stored together with the index of a label. The index uses the other bits.
const HASH_BITS: u64 = !0 << 32;
/// To limit memory use, label names are not stored if a line has at least this many labels.
const MAX_KEPT_NAMES: usize = 256;

/// The hash of a series, not including its family.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SeriesHash {
    /// The hash of the labels as written.
    pub(super) in_text: u64,
    /// The hash of the labels that the grouping key does not overwrite.
    pub(super) in_group: u64,
    /// The bucket bound or quantile, which is not part of the hashes.
    pub(super) bound: Option<f64>,
}

/// The role of a label in its series.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// Identifies the series, unless the label is `instance=""`.
    Own,
    /// Overwritten by the grouping-key label at this index.
    Overwritten(usize),
    /// The `le` of a bucket or the `quantile` of a summary.
    Bound,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LabelName<'a> {
    name: &'a [u8],
    pub(super) hash: u64,
    pub(super) role: Role,
}

/// The label names of a valid line, in order.
#[derive(Debug, Default)]
pub(super) struct LabelNames<'a> {
    /// The type of the family, or `None` if no names are stored.
    kind: Option<Kind>,
    names: Vec<LabelName<'a>>,
}

impl<'a> LabelNames<'a> {
    /// Returns the names if they belong to a family of this type.
    #[inline]
    pub(super) fn of_kind(&self, kind: Kind) -> Option<&[LabelName<'a>]> {
        (self.kind == Some(kind)).then_some(&self.names)
    }

    /// Returns whether `labels` have the stored names, in the same order.
    #[inline]
    fn fit(&self, labels: &[LabelPair<'_>], kind: Kind) -> bool {
        self.kind == Some(kind)
            && self.names.len() == labels.len()
            && self
                .names
                .iter()
                .zip(labels)
                .all(|(known, label)| label.name.is_plain() && label.name.raw() == known.name)
    }
}

/// Checks the labels of samples and keeps state between them.
#[derive(Debug)]
pub(super) struct LabelRules<'a> {
    pub(super) overwrites: Overwrites<'a>,
    /// The label names of the previous line.
    pub(super) names: LabelNames<'a>,
    utf8_names: bool,
    /// Whether the whole input is valid UTF-8.
    is_utf8: bool,
}

impl<'a> LabelRules<'a> {
    pub(super) fn new(options: &CheckOptions<'a>, is_utf8: bool) -> Self {
        Self {
            overwrites: if options.convert_only {
                Overwrites::none()
            } else {
                Overwrites::new(options.grouping)
            },
            names: LabelNames::default(),
            utf8_names: options.utf8_names,
            is_utf8,
        }
    }

    /// Checks the labels of a sample. Returns the hash of its series, or `None` if the server's parser rejects the
    /// labels. `kind` is the type of its family.
    #[inline]
    pub(super) fn check(
        &mut self,
        labels: &[LabelPair<'a>],
        kind: Kind,
        findings: &mut Findings,
    ) -> Option<SeriesHash> {
        if self.names.fit(labels, kind) {
            self.check_values(labels, findings)
        } else {
            self.check_all(labels, kind, findings)
        }
    }

    /// Checks labels that have the same names as in the previous line.
    #[inline]
    fn check_values(&mut self, labels: &[LabelPair<'a>], findings: &mut Findings) -> Option<SeriesHash> {
        let (mut hash, mut are_valid) = (SeriesHash::default(), true);
        for (index, label) in labels.iter().enumerate() {
            let LabelName { hash: name_hash, role, .. } = self.names.names[index];
            are_valid &= self.is_valid_utf8(label, findings);
            are_valid &= self.add(&mut hash, label, (name_hash, role), findings);
        }
        are_valid.then_some(hash)
    }

    fn check_all(
        &mut self,
        labels: &[LabelPair<'a>],
        kind: Kind,
        findings: &mut Findings,
    ) -> Option<SeriesHash> {
        let (mut hash, mut are_valid) = (SeriesHash::default(), true);
        // The hash of each name sets one bit. If no bit is set twice, the names are unique.
        let (mut seen, mut may_repeat) = (0_u64, false);
        let mut keep = labels.len() < MAX_KEPT_NAMES;
        self.names.names.clear();
        for label in labels {
            let mut is_valid = is_valid_name(&label.name, LegacyName::Label, self.utf8_names, findings);
            is_valid &= self.is_valid_utf8(label, findings);
            let is_bound = kind.is_bound(&label.name);
            if is_valid && !is_bound && label.name.text().starts_with(b"__") {
                is_valid = check_reserved(label, findings);
                keep = false;
            }
            let name_hash = label.name.hash();
            let role = if is_bound {
                Role::Bound
            } else {
                let bit = 1 << (name_hash >> 58);
                may_repeat |= seen & bit != 0;
                seen |= bit;
                self.overwrites.find(&label.name, name_hash).map_or(Role::Own, Role::Overwritten)
            };
            are_valid &= self.add(&mut hash, label, (name_hash, role), findings) && is_valid;
            if keep {
                self.names.names.push(LabelName { name: label.name.raw(), hash: name_hash, role });
            }
        }
        if may_repeat {
            are_valid &= are_unique(labels, kind, findings);
        }
        keep &= are_valid && labels.iter().all(|label| label.name.is_plain());
        self.names.kind = keep.then_some(kind);
        are_valid.then_some(hash)
    }

    /// Adds a label to the hash. Returns false for an invalid bucket bound or quantile.
    #[inline]
    fn add(
        &mut self,
        hash: &mut SeriesHash,
        label: &LabelPair<'a>,
        (name_hash, role): (u64, Role),
        findings: &mut Findings,
    ) -> bool {
        if let Role::Bound = role {
            let bound = bound(label, findings);
            hash.bound = bound.or(hash.bound);
            return bound.is_some();
        }
        if !label.value.is_plain() {
            check_path(label, findings);
        }
        let label_hash = hash::label(name_hash, label.value.hash());
        hash.in_text = hash.in_text.wrapping_add(label_hash);
        if let Role::Overwritten(index) = role {
            self.overwrites.check(index, label, findings);
        } else if !self.overwrites.would_add(label) {
            hash.in_group = hash.in_group.wrapping_add(label_hash);
        }
        true
    }

    #[inline]
    fn is_valid_utf8(&self, label: &LabelPair<'a>, findings: &mut Findings) -> bool {
        self.is_utf8 || check_utf8(label, findings)
    }
}

#[cold]
fn check_utf8(label: &LabelPair<'_>, findings: &mut Findings) -> bool {
    let Err(error) = std::str::from_utf8(label.value.raw()) else { return true };
    let at = label.value.span().start + error.valid_up_to();
    findings.error(Code::InvalidUtf8, at..at + 1, || {
        Message::new(format!("the value of the label {} is not valid UTF-8", quoted(&label.name.text())))
    });
    false
}

/// Warns about a Windows path in which `\n` is parsed as a line break.
#[cold]
fn check_path(label: &LabelPair<'_>, findings: &mut Findings) {
    let value = label.value.raw();
    let has_break = value.iter().scan(false, |is_escaped, byte| {
        let found = *is_escaped && *byte == b'n';
        *is_escaped = !*is_escaped && *byte == b'\\';
        Some(found)
    });
    if messages::is_windows_path(value) && { has_break }.any(|found| found) {
        findings.warning(Code::WindowsPath, label.value.span(), || {
            let path = String::from_utf8_lossy(value).replace('\\', r"\\");
            Message::new("`\\n` in this path is a line break")
                .help(format!("double each backslash in the path: `{path}`"))
        });
    }
}

/// Reports duplicate label names, ignoring bucket bounds and quantiles. Returns true if there are none.
#[cold]
fn are_unique(labels: &[LabelPair<'_>], kind: Kind, findings: &mut Findings) -> bool {
    let mut is_unique = true;
    let mut report = |first: &Token<'_>, second: &Token<'_>| {
        is_unique = false;
        findings.error(Code::DuplicateLabel, second.span(), || {
            Message::new(format!("the label {} occurs twice", quoted(&second.text())))
                .related(first.span(), "first occurrence")
        });
    };
    // A line can have a million labels, so only one word is stored for each: half of its hash and its index.
    let names = labels.iter().enumerate().filter(|(_, label)| !kind.is_bound(&label.name));
    let mut names: Vec<_> =
        names.map(|(index, label)| label.name.hash() & HASH_BITS | index as u64).collect();
    names.sort_unstable();
    for run in names.chunk_by(|one, other| (one ^ other) & HASH_BITS == 0).filter(|run| run.len() > 1) {
        let mut distinct: Vec<&Token<'_>> = Vec::new();
        for name in run.iter().map(|entry| &labels[(entry & !HASH_BITS) as usize].name) {
            match distinct.iter().find(|first| first.same(name)) {
                Some(first) => report(first, name),
                None => distinct.push(name),
            }
        }
    }
    is_unique
}

/// Returns the value of `le` or `quantile` if it is a number. Otherwise, reports an error.
fn bound(label: &LabelPair<'_>, findings: &mut Findings) -> Option<f64> {
    if let Float::Value(value) = number::float(&label.value.text()) {
        return Some(value);
    }
    let is_bucket = label.name.is(b"le");
    let code = if is_bucket { Code::BucketBound } else { Code::Quantile };
    findings.error(code, label.value.span(), || messages::bound(label.value.raw(), is_bucket));
    None
}

/// Reports a label name that begins with `__`. The parser rejects `__name__`, and the store rejects the others. Returns
/// whether the parser accepts the name.
#[cold]
pub(super) fn check_reserved(label: &LabelPair<'_>, findings: &mut Findings) -> bool {
    if label.name.is(b"__name__") {
        findings.error(Code::NameLabel, label.span(), || {
            Message::new("the metric name is given as the label `__name__`")
                .help("write the name before the braces")
        });
        return false;
    }
    findings.error(Code::ReservedLabel, label.name.span(), || {
        Message::new(format!("the label {} begins with two underscores", quoted(&label.name.text())))
            .help("Prometheus reserves such names; remove the underscores")
    });
    true
}
