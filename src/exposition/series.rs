//! Which series are the same.
//!
//! Each line leaves eight bytes: its place, and of its hash what the place leaves room for. They are sorted once at the
//! end, and where two hashes are equal the two lines are read again and compared, so that the answer is exact and no
//! label is ever copied. In a text of 100 MB a hash has 32 bits, so that of a million series a hundred are compared in vain.

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

const PARTS_BITS: u32 = 5;

/// A line, or the lines of one histogram that follow one another: in the highest bits as much of the hash as there is
/// room for, then where the line begins, then the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u64);

/// Makes entries, and takes them apart.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// How many bits hold all but the hash.
    low_bits: u32,
}

impl Layout {
    /// For a text of this length.
    fn new(length: usize) -> Self {
        Self { low_bits: PARTS_BITS + usize::BITS - length.leading_zeros() }
    }

    fn entry(self, hash: u64, line: usize, parts: Parts) -> Entry {
        Entry(hash >> self.low_bits << self.low_bits | (line as u64) << PARTS_BITS | u64::from(parts.0))
    }

    fn hash(self, entry: Entry) -> u64 {
        entry.0 >> self.low_bits
    }

    fn line(self, entry: Entry) -> usize {
        ((entry.0 & ((1 << self.low_bits) - 1)) >> PARTS_BITS) as usize
    }
}

impl Entry {
    #[expect(clippy::cast_possible_truncation, reason = "the lowest bits are what is wanted")]
    fn parts(self) -> Parts {
        Parts(self.0 as u8 & ((1 << PARTS_BITS) - 1))
    }

    fn with(self, parts: Parts) -> Self {
        Self(self.0 | u64::from(self.parts().and(parts).0))
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
#[derive(Debug)]
pub(super) struct Series {
    layout: Layout,
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
    /// For a text of this length.
    pub(super) fn new(length: usize) -> Self {
        Self { layout: Layout::new(length), entries: Vec::new(), last: None, last_position: None }
    }

    /// A line with a series of its own.
    #[inline]
    pub(super) fn simple(&mut self, hash: u64, line: usize) {
        self.interrupt();
        self.entries.push(self.layout.entry(hash, line, Parts::default()));
    }

    /// A line that is no part of the last histogram or summary.
    #[inline]
    pub(super) fn interrupt(&mut self) {
        self.last = None;
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
            *entry = entry.with(parts);
            return;
        }
        self.last = Some(identity);
        self.entries.push(self.layout.entry(hash, line, parts.and(Parts::COMPOSITE)));
    }

    /// Finds the series that are the same.
    pub(super) fn resolve(&mut self, verdict: &mut impl Verdict) {
        let layout = self.layout;
        self.entries.sort_unstable();
        let mut rest = self.entries.as_slice();
        while let [first, tail @ ..] = rest {
            let equal = tail.iter().take_while(|entry| layout.hash(**entry) == layout.hash(*first)).count();
            if equal > 0 {
                layout.run(&rest[..=equal], verdict);
            } else if first.parts().has(Parts::COMPOSITE) {
                verdict.composite(layout.line(*first), first.parts());
            }
            rest = &rest[1 + equal..];
        }
    }
}

impl Layout {
    /// Entries with the same hash, which are the same series unless hashes collide.
    #[cold]
    fn run(self, entries: &[Entry], verdict: &mut impl Verdict) {
        let mut distinct: Vec<(usize, Parts)> = Vec::new();
        'entries: for entry in entries {
            for (line, parts) in &mut distinct {
                match verdict.relation(*line, self.line(*entry)) {
                    Relation::Different => continue,
                    Relation::Together => *parts = parts.and(entry.parts()),
                    Relation::Duplicate => verdict.duplicate(*line, self.line(*entry)),
                }
                continue 'entries;
            }
            distinct.push((self.line(*entry), entry.parts()));
        }
        for (line, parts) in distinct {
            if parts.has(Parts::COMPOSITE) {
                verdict.composite(line, parts);
            }
        }
    }
}
