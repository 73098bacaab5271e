//! The bytes of a text: a vector that grows, or for one large file memory whose size is known before.
//!
//! The kernel hands memory out page by page, and for 100 MB in pages of 4 KiB that takes longer than to check them. So a
//! large file is read into memory for which huge pages are asked: where the kernel has none, it is memory as any other.

use memmap2::{MmapMut, MmapOptions};
use std::io::{self, Read};
use std::ops::Deref;

/// From this size on, which is two huge pages, they pay.
const LARGE: usize = 4 << 20;

/// Bytes in memory.
#[derive(Debug, Default)]
pub struct Bytes {
    grown: Vec<u8>,
    /// In place of `grown`: memory, and how much of it is used.
    mapped: Option<(MmapMut, usize)>,
}

impl Bytes {
    /// Reads up to `length` bytes and one more, by which the end is known, into memory of its own; `None` if that does not
    /// pay or can't be had.
    pub(super) fn of_large(from: &mut impl Read, length: usize) -> io::Result<Option<Self>> {
        let room = length.saturating_add(1);
        if room < LARGE {
            return Ok(None);
        }
        let Ok(mut memory) = MmapOptions::new().len(room).map_anon() else { return Ok(None) };
        #[cfg(target_os = "linux")]
        // Only advice: a kernel without huge pages refuses it and gives others.
        let _ = memory.advise(memmap2::Advice::HugePage);
        let mut read = 0;
        while read < room {
            match from.read(&mut memory[read..]) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(Self { grown: Vec::new(), mapped: Some((memory, read)) }))
    }

    /// The bytes as a vector, to which more can be added.
    pub fn grow(&mut self) -> &mut Vec<u8> {
        if let Some((memory, length)) = self.mapped.take() {
            self.grown = memory[..length].to_vec();
        }
        &mut self.grown
    }
}

impl Clone for Bytes {
    fn clone(&self) -> Self {
        Self { grown: self.to_vec(), mapped: None }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.mapped {
            Some((memory, length)) => &memory[..*length],
            None => &self.grown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_text_is_the_same_in_memory_of_its_own() {
        let text: Vec<u8> = (0..LARGE + 5).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let mut bytes = Bytes::of_large(&mut text.as_slice(), text.len()).unwrap().unwrap();
        assert!(*bytes == *text);
        assert!(*bytes.clone() == *text);
        bytes.grow().push(b'x');
        assert!(*bytes == *[text, vec![b'x']].concat());
    }

    #[test]
    fn of_a_text_that_grew_one_byte_more_is_read() {
        let text = vec![b'x'; LARGE + 9];
        assert_eq!(Bytes::of_large(&mut text.as_slice(), LARGE).unwrap().unwrap().len(), LARGE + 1);
        assert_eq!(Bytes::of_large(&mut text.as_slice(), LARGE + 100).unwrap().unwrap().len(), LARGE + 9);
    }

    #[test]
    fn a_small_text_grows() {
        assert!(Bytes::of_large(&mut &b"a 1\n"[..], 4).unwrap().is_none());
    }
}
