//! The bytes of a text: a vector that grows, or for one large file memory whose size is known before.
//!
//! The kernel hands memory out page by page and clears each page first. For 100 MB in pages of 4 KiB that takes longer than
//! to check them, so huge pages are asked for: where the kernel has none, it is memory as any other. Even then reading is
//! mostly clearing, so that two threads share it.

use memmap2::{MmapMut, MmapOptions};
use std::fs::File;
use std::io::{self, Seek as _};
use std::ops::Deref;
use std::os::unix::fs::FileExt as _;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// From this size on, which is two huge pages, they pay.
const LARGE: usize = 4 << 20;
/// What a thread reads at a time.
const PIECE: usize = 4 << 20;
/// How many threads read a file. On two processors, the only machine measured, four were no faster.
const THREADS: usize = 2;

/// Bytes in memory.
#[derive(Debug, Default)]
pub struct Bytes {
    grown: Vec<u8>,
    /// In place of `grown`: memory, and how much of it is used.
    mapped: Option<(MmapMut, usize)>,
}

impl Bytes {
    /// Reads a file from where it stands, up to `length` bytes and one more, by which the end is known, into memory of its
    /// own; `None` if that does not pay or can't be had.
    pub(super) fn of_large(file: &File, length: usize) -> io::Result<Option<Self>> {
        let room = length.saturating_add(1);
        if room < LARGE {
            return Ok(None);
        }
        let Ok(mut memory) = MmapOptions::new().len(room).map_anon() else { return Ok(None) };
        #[cfg(target_os = "linux")]
        // Only advice: a kernel without huge pages refuses it and gives others.
        let _ = memory.advise(memmap2::Advice::HugePage);
        let read = read_by_pieces(file, (&*file).stream_position()?, &mut memory)?;
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

/// Reads a file from `start` on to its end or that of `memory`, by as many threads as can be had; how many bytes.
fn read_by_pieces(file: &File, start: u64, memory: &mut [u8]) -> io::Result<usize> {
    let pieces = Mutex::new((start..).step_by(PIECE).zip(memory.chunks_mut(PIECE)));
    let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
    let read = || {
        let mut length = 0;
        while let Some((start, piece)) = next() {
            length += read_piece(file, start, piece)?;
        }
        Ok(length)
    };
    thread::scope(|scope| {
        let others: Vec<_> =
            (1..THREADS).map_while(|_| thread::Builder::new().spawn_scoped(scope, read).ok()).collect();
        let own = read();
        others
            .into_iter()
            .map(|other| other.join().unwrap_or_else(|cause| resume_unwind(cause)))
            .chain([own])
            .sum()
    })
}

/// Reads from `start` on until `piece` is full or the file ends; how many bytes.
fn read_piece(file: &File, start: u64, piece: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < piece.len() {
        match file.read_at(&mut piece[length..], start + length as u64) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file.rewind().unwrap();
        file
    }

    #[test]
    fn a_large_text_is_the_same_in_memory_of_its_own() {
        let text: Vec<u8> = (0..3 * PIECE + 5).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let mut bytes = Bytes::of_large(&file(&text), text.len()).unwrap().unwrap();
        assert!(*bytes == *text);
        assert!(*bytes.clone() == *text);
        bytes.grow().push(b'x');
        assert!(*bytes == *[text, vec![b'x']].concat());
    }

    #[test]
    fn of_a_text_that_grew_one_byte_more_is_read() {
        let text = vec![b'x'; LARGE + 9];
        assert_eq!(Bytes::of_large(&file(&text), LARGE).unwrap().unwrap().len(), LARGE + 1);
        assert_eq!(Bytes::of_large(&file(&text), LARGE + 100).unwrap().unwrap().len(), LARGE + 9);
    }

    #[test]
    fn a_file_is_read_from_where_it_stands() {
        let text: Vec<u8> = (0..LARGE + 9).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let mut file = file(&text);
        file.seek(io::SeekFrom::Start(7)).unwrap();
        assert!(*Bytes::of_large(&file, text.len()).unwrap().unwrap() == text[7..]);
    }

    #[test]
    fn a_small_text_grows() {
        assert!(Bytes::of_large(&file(b"a 1\n"), 4).unwrap().is_none());
    }
}
