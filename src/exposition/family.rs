//! The metric families in the input and their types. As in `setOrCreateCurrentMF` (`prometheus/common
//! expfmt/text_parse.go`), the family of a name depends on the preceding lines.

use super::hash::{self, NameIndex};
use super::model::kind::Kind;
use super::text::token::Token;
use std::borrow::Cow;
use std::collections::HashSet;
use std::num::NonZeroU32;
use std::ops::Range;

/// The suffix that a sample name adds to the family name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suffix {
    None,
    Count,
    Sum,
    Bucket,
}

/// The family of a sample, with its type and the sample's suffix.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleFamily {
    pub(super) number: usize,
    pub(super) kind: Kind,
    pub(super) suffix: Suffix,
}

/// The state of a metric family. The input can have a million families, so each entry has only 24 bytes.
#[derive(Debug, Default)]
pub(super) struct FamilyEntry {
    name_start: u32,
    name_len: u32,
    /// `None` until a TYPE line or the first sample sets it.
    pub(super) kind: Option<Kind>,
    /// Whether the type in the TYPE line is invalid, so that `kind` is a guess.
    pub(super) kind_is_guessed: bool,
    /// Whether at least one sample is valid or has a value that looks like a number. Otherwise, the lines may be prose.
    pub(super) is_metric: bool,
    /// Whether adding the first sample to the series table was postponed. This saves memory, because most families
    /// without labels have only one sample.
    pub(super) first_sample_pending: bool,
    help: Option<Position>,
    type_line: Option<Position>,
    sample: Option<Position>,
}

/// A position in the input, plus one, so that an `Option<Position>` has only 32 bits.
#[derive(Clone, Copy, Debug)]
struct Position(NonZeroU32);

impl Position {
    fn of(name: &Token<'_>) -> Self {
        Self(NonZeroU32::MIN.saturating_add(offset(name.span().start)))
    }

    fn get(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl FamilyEntry {
    /// Returns the position of the name in the first HELP line.
    pub(super) fn help(&self) -> Option<usize> {
        self.help.map(Position::get)
    }

    /// Returns the position of the name in the last TYPE line. Any earlier TYPE lines have invalid types.
    pub(super) fn type_line(&self) -> Option<usize> {
        self.type_line.map(Position::get)
    }

    /// Returns the position of the name in the first sample.
    pub(super) fn sample(&self) -> Option<usize> {
        self.sample.map(Position::get)
    }

    pub(super) fn add_help(&mut self, name: &Token<'_>) {
        self.help.get_or_insert(Position::of(name));
    }

    pub(super) fn add_type_line(&mut self, name: &Token<'_>) {
        self.type_line = Some(Position::of(name));
    }

    pub(super) fn add_sample(&mut self, name: &Token<'_>) {
        self.sample.get_or_insert(Position::of(name));
    }

    fn name<'a>(&self, text: &'a [u8]) -> Token<'a> {
        let start = self.name_start as usize;
        let raw = &text[start..start + self.name_len as usize];
        if raw.last() == Some(&b'"') { Token::quoted(raw, start) } else { Token::plain(raw, start) }
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("the input is smaller than 4 GiB")
}

/// All families in the input, numbered in order of first appearance.
#[derive(Debug)]
pub(super) struct FamilyTable<'a> {
    text: &'a [u8],
    all: Vec<FamilyEntry>,
    index: NameIndex,
    /// The last name that is exactly the name of a family. The next line usually has the same name.
    last: Option<(&'a [u8], usize)>,
    /// Histograms and summaries with a sample that the gateway drops.
    pub(super) with_dropped_sample: HashSet<usize>,
    /// Families with a HELP line whose text is empty or consists only of carriage returns.
    pub(super) with_blank_help: HashSet<usize>,
}

impl<'a> FamilyTable<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            all: Vec::new(),
            index: NameIndex::default(),
            last: None,
            with_dropped_sample: HashSet::new(),
            with_blank_help: HashSet::new(),
        }
    }

    pub(super) fn numbers(&self) -> Range<usize> {
        0..self.all.len()
    }

    /// Returns the family that `name` belongs to, and the suffix of the name. Adds a family if there is none.
    pub(super) fn get_or_add(&mut self, name: &Token<'a>) -> (usize, Suffix) {
        if let Some((last, number)) = self.last
            && name.is_plain()
            && name.raw() == last
        {
            return (number, Suffix::None);
        }
        let (number, suffix) = self.find_or_add(name);
        self.last = (name.is_plain() && suffix == Suffix::None).then_some((name.raw(), number));
        (number, suffix)
    }

    fn find_or_add(&mut self, name: &Token<'a>) -> (usize, Suffix) {
        let hash = name.hash();
        if let Some(found) = self.find(&name.text(), hash) {
            return found;
        }
        let number = self.all.len();
        let Self { text, all, index, .. } = self;
        index.insert(hash, number, |number| all[number].name(text).hash());
        let (name_start, name_len) = (offset(name.span().start), offset(name.raw().len()));
        all.push(FamilyEntry { name_start, name_len, ..FamilyEntry::default() });
        (number, Suffix::None)
    }

    /// Returns the family of a sample with this name.
    pub(super) fn of_sample(&self, name: &[u8]) -> Option<usize> {
        self.find(name, hash::bytes(name)).map(|(number, _)| number)
    }

    /// Prefetches the memory that [`Self::get_or_add`] reads for a name with this hash.
    pub(super) fn prefetch(&self, hash: u64) {
        self.index.prefetch(hash);
    }

    /// Returns the family with exactly this name.
    pub(super) fn exact(&self, name: &[u8]) -> Option<usize> {
        self.by_hash(name, hash::bytes(name))
    }

    pub(super) fn name(&self, number: usize) -> Cow<'a, [u8]> {
        self.all[number].name(self.text).text()
    }

    fn find(&self, name: &[u8], hash: u64) -> Option<(usize, Suffix)> {
        if let Some(number) = self.by_hash(name, hash) {
            return Some((number, Suffix::None));
        }
        let (base, suffix) = split_suffix(name)?;
        let number = self.exact(base)?;
        let fits = match self.all[number].kind {
            Some(Kind::Summary) => suffix != Suffix::Bucket,
            Some(Kind::Histogram | Kind::GaugeHistogram) => true,
            Some(Kind::Counter | Kind::Gauge | Kind::Untyped) | None => false,
        };
        fits.then_some((number, suffix))
    }

    fn by_hash(&self, name: &[u8], hash: u64) -> Option<usize> {
        self.index.find(hash, |number| self.all[number].name(self.text).is(name))
    }
}

impl std::ops::Index<usize> for FamilyTable<'_> {
    type Output = FamilyEntry;

    fn index(&self, number: usize) -> &FamilyEntry {
        &self.all[number]
    }
}

impl std::ops::IndexMut<usize> for FamilyTable<'_> {
    fn index_mut(&mut self, number: usize) -> &mut Self::Output {
        &mut self.all[number]
    }
}

/// Splits a name into the family name and the suffix of a histogram or summary sample.
pub(super) fn split_suffix(name: &[u8]) -> Option<(&[u8], Suffix)> {
    // The last letter shows that most names have no suffix.
    if !matches!(name.last(), Some(b't' | b'm')) {
        return None;
    }
    [(&b"_count"[..], Suffix::Count), (b"_sum", Suffix::Sum), (b"_bucket", Suffix::Bucket)]
        .into_iter()
        .find_map(|(suffix, kind)| Some((name.strip_suffix(suffix)?, kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_belongs_to_a_family_declared_before() {
        let text = "h h_count h_sum s s_count s_bucket ";
        let mut families = FamilyTable::new(text.as_bytes());
        let token = |name: &str| {
            let at = text.find(&format!("{name} ")).unwrap();
            Token::plain(&text.as_bytes()[at..at + name.len()], at)
        };
        let (early, suffix) = families.get_or_add(&token("h_count"));
        assert_eq!(suffix, Suffix::None);
        let (histogram, _) = families.get_or_add(&token("h"));
        families[histogram].kind = Some(Kind::Histogram);
        assert_eq!(families.get_or_add(&token("h_sum")), (histogram, Suffix::Sum));
        assert_eq!(families.get_or_add(&token("h_count")), (early, Suffix::None));
        let (summary, _) = families.get_or_add(&token("s"));
        families[summary].kind = Some(Kind::Summary);
        assert_eq!(families.get_or_add(&token("s_count")), (summary, Suffix::Count));
        assert_ne!(families.get_or_add(&token("s_bucket")).0, summary);
    }
}
