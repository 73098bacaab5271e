//! The bytes of an input: in a vector, or in a memory map for one large file.

use memmap2::MmapMut;
use std::ops::Deref;

/// The bytes of an input: `file` if the input is a single large file, otherwise `grown`.
#[derive(Debug, Default)]
pub struct Bytes {
    grown: Vec<u8>,
    file: Option<MmapMut>,
    file_length: usize,
}

/// The size of a huge page on most CPUs, in bytes.
pub(super) const HUGE_PAGE: usize = 2 << 20;

impl Bytes {
    /// Allocates zeroed memory for a large file of `length` bytes.
    ///
    /// The kernel zeroes each page on first use. With 4 KiB pages this takes longer than reading the file, so
    /// huge pages are requested. Linux aligns only whole huge pages. A kernel without them ignores the request.
    pub(super) fn for_file(length: usize) -> std::io::Result<Self> {
        let memory = MmapMut::map_anon(length.next_multiple_of(HUGE_PAGE))?;
        #[cfg(target_os = "linux")]
        let _ = memory.advise(memmap2::Advice::HugePage);
        Ok(Self { grown: Vec::new(), file: Some(memory), file_length: length })
    }

    /// Returns the memory of a large file.
    pub(super) fn file(&mut self) -> &mut [u8] {
        self.file.as_mut().map_or(&mut [], |memory| &mut memory[..self.file_length])
    }

    /// Returns the bytes as a vector that can grow.
    pub fn grow(&mut self) -> &mut Vec<u8> {
        if self.file.is_some() {
            self.grown = self.to_vec();
            self.file = None;
        }
        &mut self.grown
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.file.as_ref().map_or(&self.grown, |memory| &memory[..self.file_length])
    }
}
