//! Hash functions for series and names, and a compact index from names to numbers.
//!
//! The hash of a series is the *sum* of the hashes of its labels. It does not depend on the order of labels, so they
//! need not be sorted. If two hashes are equal, callers compare the bytes. The hash therefore affects only the speed of
//! a check, never its result. The seed is random for each process, so nobody can craft input whose labels all collide
//! and make the check quadratic.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const INCREMENT: u64 = 0xd1b5_4a32_d192_ed03;

static START: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(INCREMENT));

/// Multiplies `a` and `b` and XORs the two halves of the product, so that each input bit can affect each output bit.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "each half has 64 bits")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

#[inline]
pub(super) fn bytes(bytes: &[u8]) -> u64 {
    bytes_from(*START, bytes)
}

#[inline]
fn bytes_from(start: u64, bytes: &[u8]) -> u64 {
    let mut hash = start ^ (bytes.len() as u64).wrapping_mul(INCREMENT);
    let mut rest = bytes;
    while let Some((word, tail)) = rest.split_first_chunk::<8>() {
        hash = fold(hash ^ u64::from_le_bytes(*word), INCREMENT);
        rest = tail;
    }
    fold(hash ^ last_word(bytes, rest), MULTIPLIER)
}

/// Returns `rest`, which has fewer than eight bytes, as a word. If `bytes` is long enough, reads its last eight bytes,
/// which is faster although some of them were already hashed.
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

/// Combines the hashes of a label's name and value. The hash of a series uses the sum over all labels.
#[inline]
pub(super) fn label(name: u64, value: u64) -> u64 {
    fold(name ^ INCREMENT, value ^ name.rotate_left(23)).wrapping_add(name)
}

/// Combines the number of the family and the sum of the label hashes into the hash of a series.
#[inline]
pub(super) fn series(family: usize, labels: u64) -> u64 {
    fold(labels ^ MULTIPLIER, (family as u64).wrapping_add(1).wrapping_mul(INCREMENT))
}

/// A hash table with open addressing that maps names to numbers. It uses four bytes per slot and is at most two thirds
/// full. The caller stores the names and compares them.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    /// A slot contains the upper half of the hash, in which the bits that select the slot are replaced by the number
    /// plus one. Empty slots are 0. There are always more slots than numbers.
    slots: Vec<u32>,
}

impl NameIndex {
    /// Returns the number of the name with this hash for which `same` returns true.
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

    /// Loads the slot of this hash into the CPU cache. Otherwise, lookups among a million names would wait for memory.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        let at = upper(hash) as usize & self.slots.len().wrapping_sub(1);
        std::hint::black_box(self.slots.get(at).copied());
    }

    /// Adds a new name with the next number. `hash_of` returns the hash of the name with a given number.
    pub(super) fn insert(&mut self, hash: u64, number: usize, hash_of: impl Fn(usize) -> u64) {
        if (number + 1) * 3 > self.slots.len() * 2 {
            // The table is rebuilt in place, so there are never two tables in memory.
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
        let short =
            |bits| u32::try_from(bits).expect("an input of less than 4 GiB has fewer than 2^32 names");
        self.slots[at] = tag & !short(mask) | short(number + 1);
    }
}

fn upper(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_made_to_collide_for_a_known_start_do_not_collide() {
        let value = |first: u64| {
            let known_start = MULTIPLIER ^ 16_u64.wrapping_mul(INCREMENT);
            let second = fold(known_start ^ first, INCREMENT);
            bytes(&[first.to_le_bytes(), second.to_le_bytes()].concat())
        };
        assert_ne!(value(1), value(2));
    }

    /// If the seed were known, texts that share a slot would be easy to find, and adding them all would be quadratic.
    /// The seed must affect each length that is hashed differently: long values, names, and short label names.
    #[test]
    fn texts_crafted_for_a_known_seed_do_not_share_a_slot() {
        type Text = fn(u32) -> String;
        const SLOTS: u32 = 1024;
        let slot = |hash: u64| upper(hash) % SLOTS;
        let kinds: [(&str, Text); 4] = [
            ("a label value of two words", |number| format!("/api/v1/users/{number:08}")),
            ("a metric name", |number| format!("requests_{number}")),
            ("a label name", |number| format!("l_{number:05}")),
            ("a short label name", |number| format!("{number:03x}")),
        ];
        for (kind, text) in kinds {
            let shares = |text: &String| slot(bytes_from(MULTIPLIER, text.as_bytes())) == 0;
            let found: Vec<String> = (0..100_000).map(text).filter(shares).collect();
            assert!(found.len() > 50, "{kind}: {}", found.len());
            let mut slots: Vec<u32> = found.iter().map(|text| slot(bytes(text.as_bytes()))).collect();
            slots.sort_unstable();
            slots.dedup();
            assert!(slots.len() > found.len() / 2, "{kind}: {} in {} slots", found.len(), slots.len());
        }
    }

    #[test]
    fn every_length_up_to_two_words_counts() {
        let zeros = [0; 16];
        for length in 0..zeros.len() {
            assert_ne!(bytes(&zeros[..length]), bytes(&zeros[..=length]), "{length}");
        }
    }
}
