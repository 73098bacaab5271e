//! The names that the families of a text claim. A family claims its own name and the names of all samples that its type
//! can have, so that a counter `a` and a gauge `a_created` cannot be in one text.

use super::kind::{MetricType, Part};
use crate::exposition::hash::{self, NameIndex};
use crate::exposition::text::token::Token;
use crate::grouping::LegacyName;

/// A family. A text may have a million of them, so offsets have 32 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    /// Where the first line of the family starts.
    line: u32,
    /// Where the name starts, in that line.
    name: u32,
    pub(super) kind: MetricType,
}

impl Claim {
    pub(super) fn name_at(&self) -> usize {
        self.name as usize
    }
}

/// A name that two families claim.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NameClash {
    /// The same family is already in the text; its name is at this position.
    SameFamily(usize),
    /// Another family has this name, or a sample of this name; its name is at this position.
    Claimed(Vec<u8>, usize),
}

/// All families of a text in the order of their lines.
#[derive(Debug)]
pub(super) struct ClaimedNames<'a> {
    text: &'a [u8],
    claims: Vec<Claim>,
    index: NameIndex,
}

impl<'a> ClaimedNames<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, claims: Vec::new(), index: NameIndex::default() }
    }

    /// Adds a family whose first line starts at `line`. Returns an error if another family claims one of its names. It
    /// is added nevertheless, unless that family has the same name.
    pub(super) fn add(&mut self, line: usize, name: &Token<'a>, kind: MetricType) -> Result<(), NameClash> {
        let clash = self.clash(name, kind);
        if let Some(NameClash::SameFamily(first)) = clash {
            return Err(NameClash::SameFamily(first));
        }
        let number = self.claims.len();
        let (text, claims) = (self.text, &self.claims);
        self.index.insert(name.hash(), number, |number| token(text, claims[number].name_at()).hash());
        self.claims.push(Claim { line: offset(line), name: offset(name.span().start), kind });
        clash.map_or(Ok(()), Err)
    }

    /// Returns the family that the line at this position belongs to, as its number and type.
    pub(super) fn of_line(&self, line: usize) -> Option<(usize, Claim)> {
        let after = self.claims.partition_point(|claim| claim.line as usize <= line);
        let number = after.checked_sub(1)?;
        Some((number, self.claims[number]))
    }

    pub(super) fn name(&self, claim: Claim) -> Token<'a> {
        token(self.text, claim.name_at())
    }

    pub(super) fn len(&self) -> usize {
        self.claims.len()
    }

    fn clash(&self, name: &Token<'a>, kind: MetricType) -> Option<NameClash> {
        let text = name.text();
        if let Some(first) = self.exact(&text) {
            return Some(NameClash::SameFamily(first.name_at()));
        }
        if let Some(other) = self.with_sample(&text) {
            return Some(NameClash::Claimed(text.into_owned(), other.name_at()));
        }
        let longer = kind.parts().iter().filter(|part| **part != Part::Value);
        longer.into_iter().find_map(|part| {
            let longer = [&text, part.suffix().as_bytes()].concat();
            let other = self.exact(&longer).or_else(|| self.with_sample(&longer))?;
            Some(NameClash::Claimed(longer, other.name_at()))
        })
    }

    /// Returns the family that claims this name for a sample with a suffix.
    fn with_sample(&self, name: &[u8]) -> Option<Claim> {
        Part::ALL.into_iter().filter(|part| *part != Part::Value).find_map(|part| {
            let base = name.strip_suffix(part.suffix().as_bytes())?;
            self.exact(base).filter(|claim| claim.kind.parts().contains(&part))
        })
    }

    fn exact(&self, name: &[u8]) -> Option<Claim> {
        let is = |number: usize| token(self.text, self.claims[number].name_at()).is(name);
        self.index.find(hash::bytes(name), is).map(|number| self.claims[number])
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("a text is smaller than 4 GiB")
}

/// Reads the name at this position again.
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

    /// Adds families with these types; the last one decides the result.
    fn add(families: &[(&str, MetricType)]) -> Result<(), NameClash> {
        let text = families.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
        let mut names = ClaimedNames::new(text.as_bytes());
        let (mut at, mut last) = (0, Ok(()));
        for (name, kind) in families {
            last = names.add(at, &token(text.as_bytes(), at), *kind);
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
