//! The rules of a sample's labels, and the hash that tells its series from others.
//!
//! Line after line has the same label names, so what was found out about them is kept: their hashes, that none stands
//! twice, and which of them the grouping key overwrites. The next line of the same shape has only its values looked at.

use super::Code;
use super::check::Checker;
use super::family::Kind;
use super::findings::Detail;
use super::hash;
use super::messages::quoted;
use super::text::number::{self, Float};
use super::text::token::{Label, Labels, Token};

/// What of a hash is kept beside the position of a label, which has the other bits: a text has less than 2 GiB.
const LABEL_HASH: u64 = !0 << 32;
/// From how many labels on the shape is not kept: its memory must stay small beside the text.
const TOO_MANY_LABELS: usize = 256;

/// What the labels of a sample add up to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// The server's parser takes them.
    pub(super) good: bool,
    /// The hash of those that tell the series from others in the text.
    pub(super) all: u64,
    /// The hash of those that still do after the gateway has written its grouping key over them.
    pub(super) kept: u64,
    /// The value of `le` or `quantile`, in a family that has it.
    pub(super) position: Option<f64>,
}

impl Sums {
    const NONE: Self = Self { good: true, all: 0, kept: 0, position: None };
}

/// What a label is to its series.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// It tells the series from others, unless it is `instance=""`.
    Own,
    /// The label of the grouping key at this position overwrites it.
    Overwritten(usize),
    /// The `le` of a bucket or the `quantile` of a summary.
    Position,
}

/// The label names of a line that is good, in their order.
#[derive(Debug, Default)]
pub(super) struct Shape<'a> {
    /// The type of the family; `None` where the line has no shape to keep.
    kind: Option<Kind>,
    names: Vec<(&'a [u8], u64, Role)>,
}

impl Shape<'_> {
    /// Whether there is one, of a family of this type.
    #[inline]
    pub(super) fn is_of(&self, kind: Kind) -> bool {
        self.kind == Some(kind)
    }

    /// The hash of each name, and what the label is.
    pub(super) fn roles(&self) -> impl Iterator<Item = (u64, Role)> {
        self.names.iter().map(|(_, hash, role)| (*hash, *role))
    }

    /// Whether `labels` have the same names.
    #[inline]
    pub(super) fn fits(&self, labels: &Labels<'_>, kind: Kind) -> bool {
        self.is_of(kind)
            && self.names.len() == labels.len()
            && self
                .names
                .iter()
                .zip(labels.iter())
                .all(|((name, ..), label)| label.name.is_plain() && label.name.raw() == *name)
    }
}

impl<'a> Checker<'a> {
    /// Sums up labels of the last line's shape.
    #[inline]
    pub(super) fn labels_as_before(&mut self, labels: &Labels<'a>) -> Sums {
        let mut sums = Sums::NONE;
        for (index, label) in labels.iter().enumerate() {
            let (_, name, role) = self.shape.names[index];
            sums.good &= self.utf8(&label);
            self.add(&mut sums, &label, name, role);
        }
        sums
    }

    /// Checks and sums up labels of a family of this type.
    pub(super) fn labels(&mut self, labels: &Labels<'a>, kind: Kind) -> Sums {
        let mut sums = Sums::NONE;
        // A bit for each hash of a name: as long as none is set twice, no name stands twice.
        let (mut seen, mut again) = (0_u64, false);
        let mut keep = labels.len() < TOO_MANY_LABELS;
        self.shape.names.clear();
        for label in labels.iter() {
            let mut good = label.name.is_plain() || self.quoted_name(&label.name, Code::LabelName);
            good &= self.utf8(&label);
            let is_position = kind.is_position(&label.name);
            if good && !is_position && label.name.text().starts_with(b"__") {
                good = self.reserved_label(&label);
                keep = false;
            }
            sums.good &= good;
            let name = label.name.hash();
            let role = if is_position {
                Role::Position
            } else {
                let bit = 1 << (name >> 58);
                again |= seen & bit != 0;
                seen |= bit;
                self.key.position(&label.name, name).map_or(Role::Own, Role::Overwritten)
            };
            self.add(&mut sums, &label, name, role);
            if keep {
                self.shape.names.push((label.name.raw(), name, role));
            }
        }
        if again {
            sums.good &= self.unique(labels, kind);
        }
        keep &= sums.good && labels.iter().all(|label| label.name.is_plain());
        self.shape.kind = keep.then_some(kind);
        sums
    }

    /// Adds one label to the sums.
    #[inline]
    fn add(&mut self, sums: &mut Sums, label: &Label<'a>, name: u64, role: Role) {
        if let Role::Position = role {
            match self.position(label) {
                Some(position) => sums.position = Some(position),
                None => sums.good = false,
            }
            return;
        }
        let pair = hash::pair(name, label.value.hash());
        sums.all = sums.all.wrapping_add(pair);
        if let Role::Overwritten(position) = role {
            self.overwritten(position, label);
        } else if !self.key.would_add(label) {
            sums.kept = sums.kept.wrapping_add(pair);
        }
    }

    /// Whether the value is UTF-8. Mostly the whole text is.
    #[inline]
    fn utf8(&mut self, label: &Label<'a>) -> bool {
        self.is_utf8 || std::str::from_utf8(label.value.raw()).is_ok() || self.not_utf8(label)
    }

    /// Whether no label stands twice, the `le` of buckets and the `quantile` of summaries apart.
    #[cold]
    fn unique(&mut self, labels: &Labels<'a>, kind: Kind) -> bool {
        let mut good = true;
        let mut complain = |first: &Token<'a>, second: &Token<'a>| {
            good = false;
            self.findings.error(Code::DuplicateLabel, second.span(), || {
                Detail::new(format!("the label {} is given twice", quoted(&second.text())))
                    .related(first.span(), "the first one")
            });
        };
        // Of each name the upper half of its hash, and in the lower half which label it is: a line may have a million.
        let names = labels.iter().enumerate();
        let names = names.filter(|(_, label)| !kind.is_position(&label.name));
        let mut names: Vec<_> =
            names.map(|(index, label)| label.name.hash() & LABEL_HASH | index as u64).collect();
        names.sort_unstable();
        for run in names.chunk_by(|one, other| (one ^ other) & LABEL_HASH == 0).filter(|run| run.len() > 1) {
            let mut distinct: Vec<Token<'a>> = Vec::new();
            for name in run.iter().map(|entry| labels.name((entry & !LABEL_HASH) as usize)) {
                match distinct.iter().find(|first| first.same(&name)) {
                    Some(first) => complain(first, &name),
                    None => distinct.push(name),
                }
            }
        }
        good
    }

    /// The value of `le` or `quantile`, if it is a number.
    fn position(&mut self, label: &Label<'a>) -> Option<f64> {
        if let Float::Value(value) = number::float(&label.value.text()) {
            return Some(value);
        }
        self.findings.error(Code::Position, label.value.span(), || {
            let name = quoted(label.name.raw());
            Detail::new(format!("the value of {name} is no number"))
                .help("the bucket of all observations has `le=\"+Inf\"`")
        });
        None
    }

    #[cold]
    fn not_utf8(&mut self, label: &Label<'a>) -> bool {
        let valid = std::str::from_utf8(label.value.raw()).map_or_else(|error| error.valid_up_to(), str::len);
        let at = label.value.span().start + valid;
        self.findings.error(Code::NotUtf8, at..at + 1, || {
            Detail::new(format!("the value of the label {} is not UTF-8", quoted(&label.name.text())))
        });
        false
    }

    /// A label that begins with `__`: the parser refuses `__name__`, and the store the others.
    #[cold]
    fn reserved_label(&mut self, label: &Label<'a>) -> bool {
        if label.name.is(b"__name__") {
            self.findings.error(Code::NameLabel, label.span(), || {
                Detail::new("the label `__name__` is given").help("write the name before the braces")
            });
            return false;
        }
        self.findings.error(Code::ReservedLabel, label.name.span(), || {
            Detail::new(format!("the label {} begins with two underscores", quoted(&label.name.text())))
                .help("Prometheus keeps such names to itself; drop the underscores")
        });
        true
    }

    /// A label that the grouping key has too; said once for each label of the key.
    #[inline]
    fn overwritten(&mut self, position: usize, label: &Label<'a>) {
        let key = &mut self.key.labels[position];
        if key.said || key.value.is_some_and(|value| label.value.is(value)) {
            return;
        }
        key.said = true;
        let value = key.value;
        self.findings.warning(Code::OverwrittenLabel, label.span(), || {
            let name = quoted(&label.name.text());
            Detail::new(match value {
                Some(value) => format!("the grouping key overwrites the label {name} with {}", quoted(value)),
                None => format!("the grouping key overwrites the label {name}"),
            })
            .help("leave the label out, or name it in another way")
        });
    }
}
