//! The bytes of an input: in a vector, or in a memory map for one large file.

use memmap2::MmapMut;
use std::ops::Deref;

/// The bytes of an input: `file` if the input is a single large file, otherwise `grown`.
#[derive(Debug, Default)]
pub struct Bytes {
    grown: Vec<u8>,
    file: Option<MmapMut>,
}

impl Bytes {
    /// Allocates zeroed memory for a large file of `length` bytes.
    ///
    /// The kernel zeroes each page on first use. With 4 KiB pages this takes longer than reading the file, so
    /// huge pages are requested. A kernel without them ignores the request.
    pub(super) fn for_file(length: usize) -> std::io::Result<MmapMut> {
        let memory = MmapMut::map_anon(length)?;
        #[cfg(target_os = "linux")]
        let _ = memory.advise(memmap2::Advice::HugePage);
        Ok(memory)
    }

    /// Returns the bytes as a vector that can grow.
    pub fn grow(&mut self) -> &mut Vec<u8> {
        if let Some(memory) = self.file.take() {
            self.grown = memory.to_vec();
        }
        &mut self.grown
    }
}

impl From<MmapMut> for Bytes {
    fn from(file: MmapMut) -> Self {
        Self { grown: Vec::new(), file: Some(file) }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.file.as_deref().unwrap_or(&self.grown)
    }
}
