//! The metric families of a text and their types: which family a name belongs to depends on what was declared
//! before, as `setOrCreateCurrentMF` in `prometheus/common expfmt/text_parse.go` decides it.

use super::hash::{self, Index};
pub(super) use super::model::Kind;
use super::text::token::{Brief, Token, short};
use std::borrow::Cow;
use std::num::NonZeroU32;

/// What a sample is to its family, by its name's ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The name is the family's own.
    Whole,
    Count,
    Sum,
    Bucket,
}

/// What a text has on a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mention {
    /// A HELP line that has a text.
    Help,
    /// A TYPE line; a faulty one counts.
    Type,
    /// A sample.
    Sample,
    /// A HELP line whose text is nothing but carriage returns.
    BlankHelp,
}

/// One metric family, in twelve bytes: a text may have a million of them.
#[derive(Debug)]
pub(super) struct Family {
    name: Brief,
    /// `None` until a TYPE line or a first sample has fixed it.
    pub(super) kind: Option<Kind>,
    /// `kind` is a guess, for the TYPE line names none.
    pub(super) guessed: bool,
    pub(super) note: Note,
    /// A bit for each [`Mention`] that was seen.
    mentions: u8,
}

/// What is kept in mind about a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    Nothing,
    /// The reader knows of a sample that is dropped; once is enough.
    Stray,
    /// Its first sample has no labels and is not among the series yet: it is alone in most families.
    Alone,
}

impl Family {
    pub(super) fn has(&self, mention: Mention) -> bool {
        self.mentions & 1 << mention as u8 != 0
    }
}

/// All families of a text.
#[derive(Debug)]
pub(super) struct Families<'a> {
    text: &'a [u8],
    all: Vec<Family>,
    /// Where the mentions of each kind stand that are not where the family's name was first read. Each list ends with the
    /// last of them: most texts need none for samples alone, and none for what each family begins with.
    places: [Vec<Option<At>>; 4],
    index: Index,
}

/// A place in the text, in half a word and a form of which `Option` costs nothing.
type At = NonZeroU32;

impl<'a> Families<'a> {
    /// Those of a text, of less than 2 GiB.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, all: Vec::new(), places: Default::default(), index: Index::default() }
    }

    /// How many there are; their numbers are below.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Notes where a family is mentioned. The first mention counts, but of TYPE lines the last: those before it were faulty.
    #[inline]
    pub(super) fn mention(&mut self, number: usize, mention: Mention, at: usize) {
        let family = &mut self.all[number];
        if family.has(mention) && mention != Mention::Type {
            return;
        }
        family.mentions |= 1 << mention as u8;
        // The name was read before or here, so that a place elsewhere is never 0.
        let places = &mut self.places[mention as usize];
        if at != family.name.at as usize {
            if places.len() <= number {
                places.resize(number + 1, None);
            }
            places[number] = At::new(short(at));
        }
    }

    /// Where that mention stands.
    #[inline]
    pub(super) fn place(&self, number: usize, mention: Mention) -> Option<usize> {
        let family = &self.all[number];
        let elsewhere = self.places[mention as usize].get(number).copied().flatten();
        family.has(mention).then(|| elsewhere.map_or(family.name.at, At::get) as usize)
    }

    /// The family that `name` belongs to, made if there is none.
    pub(super) fn resolve(&mut self, name: &Token<'a>) -> (usize, Part) {
        let hash = name.hash();
        let text = name.text();
        if let Some(found) = self.find(&text, hash) {
            return found;
        }
        let number = self.all.len();
        let Self { text, all, index, .. } = self;
        index.insert(hash, number, |number| all[number].name.token(text).hash());
        all.push(Family {
            name: Brief::new(name),
            kind: None,
            guessed: false,
            note: Note::Nothing,
            mentions: 0,
        });
        (number, Part::Whole)
    }

    /// The family that `name` would belong to.
    pub(super) fn lookup(&self, name: &[u8]) -> Option<(usize, Part)> {
        self.find(name, hash::bytes(name))
    }

    /// The family of exactly this name.
    pub(super) fn exact(&self, name: &[u8]) -> Option<usize> {
        self.by_hash(name, hash::bytes(name))
    }

    /// What the name of a family means.
    pub(super) fn name(&self, number: usize) -> Cow<'a, [u8]> {
        self.all[number].name.token(self.text).text()
    }

    fn find(&self, name: &[u8], hash: u64) -> Option<(usize, Part)> {
        if let Some(number) = self.by_hash(name, hash) {
            return Some((number, Part::Whole));
        }
        let (base, part) = split(name)?;
        let number = self.exact(base)?;
        let fits = match self.all[number].kind {
            Some(Kind::Summary) => part != Part::Bucket,
            Some(Kind::Histogram | Kind::GaugeHistogram) => true,
            Some(Kind::Counter | Kind::Gauge | Kind::Untyped) | None => false,
        };
        fits.then_some((number, part))
    }

    fn by_hash(&self, name: &[u8], hash: u64) -> Option<usize> {
        self.index.find(hash, |number| self.all[number].name.token(self.text).is(name))
    }
}

impl std::ops::Index<usize> for Families<'_> {
    type Output = Family;

    fn index(&self, number: usize) -> &Family {
        &self.all[number]
    }
}

impl std::ops::IndexMut<usize> for Families<'_> {
    fn index_mut(&mut self, number: usize) -> &mut Self::Output {
        &mut self.all[number]
    }
}

/// Splits the ending of a part of a histogram or summary off a name.
pub(super) fn split(name: &[u8]) -> Option<(&[u8], Part)> {
    [(&b"_count"[..], Part::Count), (b"_sum", Part::Sum), (b"_bucket", Part::Bucket)]
        .into_iter()
        .find_map(|(ending, part)| Some((name.strip_suffix(ending)?, part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_belongs_to_what_was_declared_before() {
        let text = "h h_count h_sum s s_count s_bucket ";
        let mut families = Families::new(text.as_bytes());
        let token = |name: &str| {
            let at = text.find(&format!("{name} ")).unwrap();
            Token::plain(&text.as_bytes()[at..at + name.len()], at)
        };
        let (early, part) = families.resolve(&token("h_count"));
        assert_eq!(part, Part::Whole);
        let (histogram, _) = families.resolve(&token("h"));
        families[histogram].kind = Some(Kind::Histogram);
        assert_eq!(families.resolve(&token("h_sum")), (histogram, Part::Sum));
        assert_eq!(families.resolve(&token("h_count")), (early, Part::Whole));
        let (summary, _) = families.resolve(&token("s"));
        families[summary].kind = Some(Kind::Summary);
        assert_eq!(families.resolve(&token("s_count")), (summary, Part::Count));
        assert_ne!(families.resolve(&token("s_bucket")).0, summary);
    }
}
