//! Detects families with conflicting names. A family claims its own name and the names of all samples that its type can
//! have. A counter `a` and a gauge `a_created` therefore cannot be in the same input.

use super::kind::{MetricType, Part};
use crate::exposition::hash::{self, NameIndex};
use crate::exposition::text::lines::line_from;
use crate::exposition::text::token::Token;
use crate::grouping::LegacyName;

/// A name that two families claim.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NameClash {
    /// A family with this name already exists, at this position.
    SameFamily(usize),
    /// Another family claims this name for itself or for a sample. The name of that family is at this position.
    Claimed(Vec<u8>, usize),
}

/// All families in the input, in the order of their lines. There can be a million of them, so each one needs only five
/// bytes and its slots in the index.
#[derive(Debug)]
pub(super) struct ClaimedNames<'a> {
    text: &'a [u8],
    /// The position of each name in the first line of its family.
    starts: Vec<u32>,
    kinds: Vec<MetricType>,
    index: NameIndex,
}

impl<'a> ClaimedNames<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, starts: Vec::new(), kinds: Vec::new(), index: NameIndex::default() }
    }

    /// Adds a family whose first line contains `name`. Returns an error if another family claims one of its names. The
    /// new family is still added unless the other one has the same name.
    pub(super) fn add(&mut self, name: &Token<'a>, kind: MetricType) -> Result<(), NameClash> {
        let hash = name.hash();
        let clash = self.clash(name, hash, kind);
        if let Some(NameClash::SameFamily(first)) = clash {
            return Err(NameClash::SameFamily(first));
        }
        let (text, starts) = (self.text, &self.starts);
        self.index.insert(hash, starts.len(), |number| token(text, starts[number] as usize).hash());
        self.starts.push(u32::try_from(name.span().start).expect("the input is smaller than 4 GiB"));
        self.kinds.push(kind);
        clash.map_or(Ok(()), Err)
    }

    /// Returns the number and type of the family that the line at this position belongs to.
    pub(super) fn of_line(&self, line: usize) -> Option<(usize, MetricType)> {
        let end = line_from(self.text, line).end;
        let after = self.starts.partition_point(|start| (*start as usize) < end);
        let number = after.checked_sub(1)?;
        Some((number, self.kinds[number]))
    }

    pub(super) fn name(&self, number: usize) -> Token<'a> {
        token(self.text, self.start(number))
    }

    /// Prefetches the memory that [`Self::add`] reads for a name with this hash.
    pub(super) fn prefetch(&self, hash: u64) {
        self.index.prefetch(hash);
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    fn clash(&self, name: &Token<'a>, hash: u64, kind: MetricType) -> Option<NameClash> {
        let text = name.text();
        if let Some(first) = self.by_hash(&text, hash) {
            return Some(NameClash::SameFamily(self.start(first)));
        }
        if let Some(other) = self.with_sample(&text) {
            return Some(NameClash::Claimed(text.into_owned(), self.start(other)));
        }
        let longer = kind.parts().iter().filter(|part| **part != Part::Value);
        longer.into_iter().find_map(|part| {
            let longer = [&text, part.suffix().as_bytes()].concat();
            let other = self.exact(&longer).or_else(|| self.with_sample(&longer))?;
            Some(NameClash::Claimed(longer, self.start(other)))
        })
    }

    /// Returns the family that claims this name for a sample with a suffix.
    fn with_sample(&self, name: &[u8]) -> Option<usize> {
        Part::ALL.into_iter().filter(|part| *part != Part::Value).find_map(|part| {
            let base = name.strip_suffix(part.suffix().as_bytes())?;
            self.exact(base).filter(|number| self.kinds[*number].parts().contains(&part))
        })
    }

    fn exact(&self, name: &[u8]) -> Option<usize> {
        self.by_hash(name, hash::bytes(name))
    }

    fn by_hash(&self, name: &[u8], hash: u64) -> Option<usize> {
        self.index.find(hash, |number| self.name(number).is(name))
    }

    fn start(&self, number: usize) -> usize {
        self.starts[number] as usize
    }
}

/// Parses the name at this position again.
fn token(text: &[u8], at: usize) -> Token<'_> {
    let rest = &text[at..];
    if rest.first() != Some(&b'"') {
        return Token::plain(&rest[..LegacyName::Metric.length(rest)], at);
    }
    let mut end = 1;
    while !matches!(rest.get(end), Some(b'"') | None) {
        end += if rest[end] == b'\\' { 2 } else { 1 };
    }
    Token::quoted(&rest[..rest.len().min(end + 1)], at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds families with these types and returns the result for the last one.
    fn add(families: &[(&str, MetricType)]) -> Result<(), NameClash> {
        let text = families.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
        let mut names = ClaimedNames::new(text.as_bytes());
        let (mut at, mut last) = (0, Ok(()));
        for (name, kind) in families {
            last = names.add(&token(text.as_bytes(), at), *kind);
            at += name.len() + 1;
        }
        last
    }

    #[test]
    fn a_family_claims_the_names_of_its_samples() {
        use MetricType::{Counter, Gauge, Histogram, Summary};
        let clash = |name: &str| Err(NameClash::Claimed(name.as_bytes().to_vec(), 0));
        assert_eq!(add(&[("a", Counter), ("a_created", Gauge)]), clash("a_created"));
        assert_eq!(add(&[("a_created", Gauge), ("a", Counter)]), clash("a_created"));
        assert_eq!(add(&[("a_count", Histogram), ("a", Summary)]), clash("a_count"));
        assert_eq!(add(&[("a", Counter), ("\"a\"", Gauge)]), Err(NameClash::SameFamily(0)));
        assert_eq!(add(&[("a", Gauge), ("a_total", Counter)]), Ok(()));
        assert_eq!(add(&[("a", Counter), ("a_count", Gauge)]), Ok(()));
    }
}
