//! Which series are the same.
//!
//! Each line leaves sixteen bytes: a hash and its place. They are sorted once at the end, and where two hashes are equal
//! the two lines are read again and compared, so that the answer is exact and no label is ever copied.

/// What the lines of one histogram or summary have given it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(u8);

impl Parts {
    pub(super) const COUNT: Self = Self(1);
    pub(super) const SUM: Self = Self(2);
    /// The bucket of all observations, `le="+Inf"`.
    pub(super) const INFINITY: Self = Self(4);
    /// It is a histogram or summary; the lines of one make one series.
    pub(super) const COMPOSITE: Self = Self(8);
    /// Something of it is given twice.
    pub(super) const REPEATED: Self = Self(16);

    /// Both together; what can be there only once and is in both is given twice.
    pub(super) fn and(self, other: Self) -> Self {
        let twice = self.0 & other.0 & (Self::COUNT.0 | Self::SUM.0 | Self::INFINITY.0) != 0;
        Self(self.0 | other.0 | if twice { Self::REPEATED.0 } else { 0 })
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A line, or the lines of one histogram that follow one another.
#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    /// Where the line begins, and in the lowest bits the parts.
    place: u64,
}

const PARTS_BITS: u32 = 5;

impl Entry {
    fn new(hash: u64, line: usize, parts: Parts) -> Self {
        Self { hash, place: (line as u64) << PARTS_BITS | u64::from(parts.0) }
    }

    fn line(self) -> usize {
        (self.place >> PARTS_BITS) as usize
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lowest bits are what is wanted")]
    fn parts(self) -> Parts {
        Parts(self.place as u8 & ((1 << PARTS_BITS) - 1))
    }
}

/// What two lines are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// Two series.
    Different,
    /// Two lines of one histogram or summary.
    Together,
    /// The same series twice.
    Duplicate,
}

/// All series of a text.
#[derive(Debug, Default)]
pub(super) struct Series {
    entries: Vec<Entry>,
    /// The family and the hash of all labels of the last histogram or summary, whose lines mostly come together, and
    /// where in it the last line stood.
    last: Option<(usize, u64)>,
    last_position: Option<f64>,
}

/// What [`Series::resolve`] tells about the lines.
pub(super) trait Verdict {
    /// Compares the series of the lines that begin at two places.
    fn relation(&mut self, first: usize, second: usize) -> Relation;
    /// The line `second` gives the series of the line `first` again.
    fn duplicate(&mut self, first: usize, second: usize);
    /// All that the lines of a histogram or summary, whose first one begins at `line`, have given it.
    fn composite(&mut self, line: usize, parts: Parts);
}

impl Series {
    /// A line with a series of its own.
    #[inline]
    pub(super) fn simple(&mut self, hash: u64, line: usize) {
        self.last = None;
        self.entries.push(Entry::new(hash, line, Parts::default()));
    }

    /// A line of a histogram or summary. `identity` is the family, and the hash of all labels that tell it from others in
    /// the text; `position` the bucket or quantile.
    #[inline]
    pub(super) fn part(
        &mut self,
        (hash, line): (u64, usize),
        parts: Parts,
        position: Option<f64>,
        identity: (usize, u64),
    ) {
        let last_position = std::mem::replace(&mut self.last_position, position);
        if self.last == Some(identity)
            && let Some(entry) = self.entries.last_mut()
        {
            let again = position.is_some() && position == last_position;
            let parts = if again { parts.and(Parts::REPEATED) } else { parts };
            *entry = Entry::new(entry.hash, entry.line(), entry.parts().and(parts));
            return;
        }
        self.last = Some(identity);
        self.entries.push(Entry::new(hash, line, parts.and(Parts::COMPOSITE)));
    }

    /// Finds the series that are the same.
    pub(super) fn resolve(mut self, verdict: &mut impl Verdict) {
        self.entries.sort_unstable_by_key(|entry| (entry.hash, entry.place));
        let mut rest = self.entries.as_slice();
        while let [first, tail @ ..] = rest {
            let equal = tail.iter().take_while(|entry| entry.hash == first.hash).count();
            if equal > 0 {
                run(&rest[..=equal], verdict);
            } else if first.parts().has(Parts::COMPOSITE) {
                verdict.composite(first.line(), first.parts());
            }
            rest = &rest[1 + equal..];
        }
    }
}

/// Entries with the same hash, which are the same series unless hashes collide.
#[cold]
fn run(entries: &[Entry], verdict: &mut impl Verdict) {
    let mut distinct: Vec<(usize, Parts)> = Vec::new();
    'entries: for entry in entries {
        for (line, parts) in &mut distinct {
            match verdict.relation(*line, entry.line()) {
                Relation::Different => continue,
                Relation::Together => *parts = parts.and(entry.parts()),
                Relation::Duplicate => verdict.duplicate(*line, entry.line()),
            }
            continue 'entries;
        }
        distinct.push((entry.line(), entry.parts()));
    }
    for (line, parts) in distinct {
        if parts.has(Parts::COMPOSITE) {
            verdict.composite(line, parts);
        }
    }
}
