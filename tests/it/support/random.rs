//! Reproducible random input: the same seed gives the same values on every machine.
//!
//! The default seed is fixed, so every run tests the same input. `PUSHGW_TEST_SEED=N` sets a different seed. If a test
//! fails, its seed is printed.

use std::thread;

/// The `SplitMix64` generator.
#[derive(Debug)]
pub(crate) struct Random {
    /// The seed from `PUSHGW_TEST_SEED` or its default; `None` if the test chose one.
    seed: Option<u64>,
    state: u64,
}

impl Random {
    #[track_caller]
    pub(crate) fn new() -> Self {
        let seed = match std::env::var("PUSHGW_TEST_SEED") {
            Ok(seed) => seed.parse().expect("PUSHGW_TEST_SEED is a number"),
            Err(_) => 1,
        };
        Self { seed: Some(seed), state: seed }
    }

    /// Creates a generator with this seed, ignoring `PUSHGW_TEST_SEED`.
    pub(crate) fn with_seed(seed: u64) -> Self {
        Self { seed: None, state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`, which must not be 0. The slight bias does not matter here.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a usize fits");
        usize::try_from(self.next() % end).expect("it is less than a usize")
    }

    /// Returns true with a probability of one in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Returns true with a probability of `percent`.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Returns one of `rare` with a probability of `percent`, and one of `common` otherwise.
    pub(crate) fn mostly<T: Copy>(&mut self, percent: usize, common: &[T], rare: &[T]) -> T {
        let from = if self.chance(percent) { rare } else { common };
        self.pick(from)
    }

    /// Returns a random character, usually ASCII.
    pub(crate) fn char(&mut self) -> char {
        let end = self.pick(&[0x20, 0x7f, 0x7f, 0x100, 0x3000, 0x11_0000]);
        loop {
            let c = u32::try_from(self.below(end)).expect("a character's number fits");
            if let Some(c) = char::from_u32(c) {
                return c;
            }
        }
    }

    /// Returns a text with this number of random characters.
    pub(crate) fn text(&mut self, chars: usize) -> String {
        (0..chars).map(|_| self.char()).collect()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

impl Drop for Random {
    fn drop(&mut self) {
        if let Some(seed) = self.seed.filter(|_| thread::panicking()) {
            eprintln!("to get the same random input: PUSHGW_TEST_SEED={seed}");
        }
    }
}
