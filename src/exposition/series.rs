//! Finds series that occur more than once.
//!
//! Each line needs eight bytes, which contain its offset and as many bits of its series hash as fit. The entries are
//! sorted once, at the end. Lines with equal hashes are parsed again and compared, so the result is exact and labels
//! are never copied. In a 100 MB input, a hash has 32 bits, so about a hundred out of a million series are compared
//! unnecessarily.

/// The parts of one histogram or summary found so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(u8);

impl Parts {
    pub(super) const COUNT: Self = Self(1);
    pub(super) const SUM: Self = Self(2);
    /// The last bucket, with `le="+Inf"`.
    pub(super) const INFINITY: Self = Self(4);
    /// The series is a histogram or summary, so it consists of several lines.
    pub(super) const COMPOSITE: Self = Self(8);
    /// At least one part occurs more than once.
    pub(super) const REPEATED: Self = Self(16);

    /// Combines the parts of two entries. Adds `REPEATED` if both contain a part that is allowed only once.
    pub(super) fn and(self, other: Self) -> Self {
        let twice = self.0 & other.0 & (Self::COUNT.0 | Self::SUM.0 | Self::INFINITY.0) != 0;
        Self(self.0 | other.0 | if twice { Self::REPEATED.0 } else { 0 })
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

const PARTS_BITS: u32 = 5;

/// A line, or consecutive lines of one histogram or summary. From the highest to the lowest bit, it contains part of
/// the hash, the offset of the first line, and the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u64);

/// The layout of the bits in an [`Entry`].
#[derive(Clone, Copy, Debug)]
struct EntryLayout {
    /// Number of bits below the hash.
    low_bits: u32,
}

impl EntryLayout {
    fn new(text_len: usize) -> Self {
        Self { low_bits: PARTS_BITS + usize::BITS - text_len.leading_zeros() }
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
    #[expect(clippy::cast_possible_truncation, reason = "the parts are the lowest bits")]
    fn parts(self) -> Parts {
        Parts(self.0 as u8 & ((1 << PARTS_BITS) - 1))
    }

    fn with(self, parts: Parts) -> Self {
        Self(self.0 | u64::from(self.parts().and(parts).0))
    }
}

/// The relation between two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    DifferentSeries,
    /// Both lines are parts of the same histogram or summary.
    SameComposite,
    DuplicateSeries,
}

/// All series in the input.
#[derive(Debug)]
pub(super) struct SeriesTable {
    layout: EntryLayout,
    entries: Vec<Entry>,
    /// The family and hash of the current histogram or summary, whose lines are usually consecutive.
    last: Option<(usize, u64)>,
    /// The bucket bound or quantile in the last line of the current histogram or summary.
    last_bound: Option<f64>,
}

/// Parses lines again for [`SeriesTable::compare`].
pub(super) trait CompareLines {
    /// Compares the lines that start at two offsets.
    fn compare(&mut self, first: usize, second: usize) -> Relation;
    /// Called if the lines that start at `first` and `second` contain the same series.
    fn duplicate(&mut self, first: usize, second: usize);
    /// Called for each histogram or summary. Its first line starts at `line`.
    fn composite(&mut self, line: usize, parts: Parts);
}

impl SeriesTable {
    pub(super) fn new(text_len: usize) -> Self {
        Self { layout: EntryLayout::new(text_len), entries: Vec::new(), last: None, last_bound: None }
    }

    /// Adds a line that is a complete series.
    #[inline]
    pub(super) fn add(&mut self, hash: u64, line: usize) {
        self.end_composite();
        self.entries.push(self.layout.entry(hash, line, Parts::default()));
    }

    /// Ends the current histogram or summary. The next line is not part of it.
    #[inline]
    pub(super) fn end_composite(&mut self) {
        self.last = None;
    }

    /// Adds a line of a histogram or summary. `identity` consists of the family number and the `in_text` hash. `bound`
    /// is the bucket bound or quantile.
    #[inline]
    pub(super) fn add_part(
        &mut self,
        (hash, line): (u64, usize),
        parts: Parts,
        bound: Option<f64>,
        identity: (usize, u64),
    ) {
        let last_bound = std::mem::replace(&mut self.last_bound, bound);
        if self.last == Some(identity)
            && let Some(entry) = self.entries.last_mut()
        {
            let is_repeated = bound.is_some() && bound == last_bound;
            let parts = if is_repeated { parts.and(Parts::REPEATED) } else { parts };
            *entry = entry.with(parts);
            return;
        }
        self.last = Some(identity);
        self.entries.push(self.layout.entry(hash, line, parts.and(Parts::COMPOSITE)));
    }

    /// Finds equal series and passes every histogram and summary to `lines`.
    pub(super) fn compare(mut self, lines: &mut impl CompareLines) {
        let layout = self.layout;
        self.entries.sort_unstable();
        let mut rest = self.entries.as_slice();
        while let [first, tail @ ..] = rest {
            let equal = tail.iter().take_while(|entry| layout.hash(**entry) == layout.hash(*first)).count();
            if equal > 0 {
                layout.compare(&rest[..=equal], lines);
            } else if first.parts().has(Parts::COMPOSITE) {
                lines.composite(layout.line(*first), first.parts());
            }
            rest = &rest[1 + equal..];
        }
    }
}

impl EntryLayout {
    /// Compares entries with the same hash. They are the same series unless the hashes collide.
    #[cold]
    fn compare(self, entries: &[Entry], lines: &mut impl CompareLines) {
        let mut distinct: Vec<(usize, Parts)> = Vec::new();
        'entries: for entry in entries {
            for (line, parts) in &mut distinct {
                match lines.compare(*line, self.line(*entry)) {
                    Relation::DifferentSeries => continue,
                    Relation::SameComposite => *parts = parts.and(entry.parts()),
                    Relation::DuplicateSeries => lines.duplicate(*line, self.line(*entry)),
                }
                continue 'entries;
            }
            distinct.push((self.line(*entry), entry.parts()));
        }
        for (line, parts) in distinct {
            if parts.has(Parts::COMPOSITE) {
                lines.composite(line, parts);
            }
        }
    }
}
