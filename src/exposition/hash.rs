//! A small, fast, order-free hash for series and a compact index of names.
//!
//! A series is a set of labels: its hash is the *sum* of its pairs' hashes, so that no label list is ever
//! sorted on the way. A hash only ever proposes that two series are equal; the bytes decide. The hash is not
//! keyed: the text is the caller's own, and a caller who wants a slow check can have one.

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const INCREMENT: u64 = 0xd1b5_4a32_d192_ed03;

/// Both halves of the full product: each input bit reaches each output bit.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

/// The hash of a string of bytes.
#[inline]
pub(super) fn bytes(bytes: &[u8]) -> u64 {
    let mut hash = MULTIPLIER ^ (bytes.len() as u64).wrapping_mul(INCREMENT);
    let mut rest = bytes;
    while let Some((word, tail)) = rest.split_first_chunk::<8>() {
        hash = fold(hash ^ u64::from_le_bytes(*word), INCREMENT);
        rest = tail;
    }
    fold(hash ^ last_word(bytes, rest), MULTIPLIER)
}

/// The bytes of `rest`, fewer than eight, which end `bytes`; and some before them where there are any, for that is faster.
#[inline]
fn last_word(bytes: &[u8], rest: &[u8]) -> u64 {
    if rest.is_empty() {
        0
    } else if let Some(word) = bytes.last_chunk::<8>() {
        u64::from_le_bytes(*word)
    } else if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
    } else {
        rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
    }
}

/// The hash of one label of a series, from the hashes of its name and its value; these are summed.
#[inline]
pub(super) fn pair(name: u64, value: u64) -> u64 {
    fold(name ^ INCREMENT, value ^ name.rotate_left(23)).wrapping_add(name)
}

/// The hash of a series from the sum of its pairs and the number of its family.
#[inline]
pub(super) fn series(family: usize, pairs: u64) -> u64 {
    fold(pairs ^ MULTIPLIER, (family as u64).wrapping_add(1).wrapping_mul(INCREMENT))
}

/// An open-addressing table from the hash of a name to its number. The names themselves stay with the caller, who
/// compares: four bytes a slot, at most two thirds full.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The upper half of the hash, in which the bits that tell the slot are replaced by the number plus one; 0 is an
    /// empty slot. There are always more slots than numbers.
    slots: Vec<u32>,
}

impl Index {
    /// The number of the name with this hash for which `same` holds.
    pub(super) fn find(&self, hash: u64, same: impl Fn(usize) -> bool) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let (tag, mask) = (upper(hash), self.slots.len() - 1);
        let mut at = tag as usize & mask;
        loop {
            let number = (self.slots[at] as usize & mask).checked_sub(1)?;
            if (self.slots[at] ^ tag) as usize & !mask == 0 && same(number) {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds the next number, which [`Index::find`] did not find; `hash_of` tells the hashes of those before.
    pub(super) fn insert(&mut self, hash: u64, number: usize, hash_of: impl Fn(usize) -> u64) {
        if (number + 1) * 3 > self.slots.len() * 2 {
            // The table grows in its place, so that no second one is ever held.
            let size = (self.slots.len() * 2).max(64);
            self.slots.clear();
            self.slots.resize(size, 0);
            (0..number).for_each(|number| self.put(hash_of(number), number));
        }
        self.put(hash, number);
    }

    fn put(&mut self, hash: u64, number: usize) {
        let (tag, mask) = (upper(hash), self.slots.len() - 1);
        let mut at = tag as usize & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        let short = |bits| u32::try_from(bits).expect("fewer than 2^32 names: the text has less bytes");
        self.slots[at] = tag & !short(mask) | short(number + 1);
    }
}

fn upper(hash: u64) -> u32 {
    (hash >> 32) as u32
}
