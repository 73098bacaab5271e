//! The bytes of a text: a vector, or the memory of one large file.

use memmap2::MmapMut;
use std::ops::Deref;

/// The bytes of a text: `file` if the text is one large file, else `grown`.
#[derive(Debug, Default)]
pub struct Bytes {
    grown: Vec<u8>,
    file: Option<MmapMut>,
}

impl Bytes {
    /// Memory for a large file of `length` bytes, all zero.
    ///
    /// The kernel clears each page before it hands it out. With pages of 4 KiB this takes longer than reading the file,
    /// so huge pages are used. A kernel without them ignores the advice.
    pub(super) fn for_file(length: usize) -> std::io::Result<MmapMut> {
        let memory = MmapMut::map_anon(length)?;
        #[cfg(target_os = "linux")]
        let _ = memory.advise(memmap2::Advice::HugePage);
        Ok(memory)
    }

    /// The bytes as a vector that can grow.
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
