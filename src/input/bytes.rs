//! The bytes of a text: a vector while they are few, then memory in huge pages.
//!
//! The kernel hands memory out page by page and clears each page first. For 100 MB in pages of 4 KiB that takes longer than
//! to check them, so huge pages are asked for: where the kernel has none, it is memory as any other. Even then reading is
//! mostly clearing, which two processors do in half the time of one.

use super::LIMIT;
use memmap2::{MmapMut, MmapOptions};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::os::unix::fs::FileExt as _;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// From this size on, which is two huge pages, they pay.
const LARGE: usize = 4 << 20;
/// What the huge pages have room for: all that may be read, and lines of the command line. Each is taken when it is used.
const ROOM: usize = LIMIT + LARGE;
/// A pipe hands over no more at a time. Its writer would wait while a huge page is cleared, which takes longer in the end.
const PIPE: usize = 64 << 10;
/// What a thread reads at a time.
const PIECE: usize = 4 << 20;
/// Four were no faster than these, where there are two processors.
const THREADS: usize = 2;

/// Bytes in memory, which grow at their end.
#[derive(Debug, Default)]
pub struct Bytes {
    few: Vec<u8>,
    /// In place of `few`.
    many: Option<Many>,
}

/// Memory in huge pages, and how much of it is used.
#[derive(Debug)]
struct Many {
    memory: MmapMut,
    used: usize,
}

impl Bytes {
    /// Appends bytes.
    pub fn append(&mut self, bytes: &[u8]) {
        match self.many(bytes.len()) {
            Some(many) => many.append(bytes),
            None => self.few.extend_from_slice(bytes),
        }
    }

    /// Appends all that there is to read; how many bytes.
    pub(super) fn read(&mut self, from: &mut dyn Read) -> io::Result<usize> {
        let before = self.len();
        if self.many.is_none() {
            let few = LARGE.saturating_sub(before);
            let read = from.take(few as u64).read_to_end(&mut self.few)?;
            if read < few {
                return Ok(read);
            }
            // Many, then: what they come from is seen by how much of them comes at a time.
            let mut next = vec![0; PIPE + 1];
            let length = again(|| from.read(&mut next))?;
            let many = if length > PIPE { self.many(length) } else { None };
            let Some(many) = many else {
                return Ok(few + read_on(&mut next[..length].chain(from), &mut self.few)?);
            };
            many.append(&next);
        }
        while let Some(many) = self.many(1) {
            match again(|| from.read(many.spare()))? {
                0 => return Ok(self.len() - before),
                more => many.used += more,
            }
        }
        read_on(from, &mut self.few)?;
        Ok(self.len() - before)
    }

    /// Appends a file that was just opened, `length` bytes and one more, by which its end is known; how many.
    pub(super) fn read_file(&mut self, file: &File, length: usize) -> io::Result<usize> {
        let room = length + 1;
        if let Some(many) = self.many(room) {
            let read = read_by_pieces(file, &mut many.spare()[..room])?;
            many.used += read;
            return Ok(read);
        }
        self.few.try_reserve_exact(room)?;
        file.take(room as u64).read_to_end(&mut self.few)
    }

    /// The huge pages, with room for so many bytes more; `None` where they don't pay or can't be had.
    fn many(&mut self, more: usize) -> Option<&mut Many> {
        let length = self.len() + more;
        match &mut self.many {
            Some(many) if length > many.memory.len() => {
                self.few = many.bytes().to_vec();
                self.many = None;
            }
            None if (LARGE..=ROOM).contains(&length) => {
                let mut many = Many::new()?;
                many.append(&std::mem::take(&mut self.few));
                self.many = Some(many);
            }
            Some(_) | None => {}
        }
        self.many.as_mut()
    }
}

impl Many {
    fn new() -> Option<Self> {
        let memory = MmapOptions::new().len(ROOM).no_reserve_swap().map_anon().ok()?;
        #[cfg(target_os = "linux")]
        // Only advice: a kernel without huge pages refuses it and gives others.
        let _ = memory.advise(memmap2::Advice::HugePage);
        Some(Self { memory, used: 0 })
    }

    fn bytes(&self) -> &[u8] {
        &self.memory[..self.used]
    }

    fn spare(&mut self) -> &mut [u8] {
        &mut self.memory[self.used..]
    }

    /// Appends bytes, for which there must be room.
    fn append(&mut self, bytes: &[u8]) {
        self.spare()[..bytes.len()].copy_from_slice(bytes);
        self.used += bytes.len();
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.many.as_ref().map_or(&self.few, Many::bytes)
    }
}

/// Appends all that there is to read to a long vector; how many bytes. `read_to_end` alone would end the process where one
/// that is full can't grow.
fn read_on(from: &mut dyn Read, vector: &mut Vec<u8>) -> io::Result<usize> {
    let before = vector.len();
    loop {
        vector.try_reserve(PIECE)?;
        if from.take(PIECE as u64).read_to_end(vector)? < PIECE {
            return Ok(vector.len() - before);
        }
    }
}

/// Reads a file from its beginning to its end or that of `memory`, by as many threads as can be had; how many bytes.
fn read_by_pieces(file: &File, memory: &mut [u8]) -> io::Result<usize> {
    let pieces = Mutex::new((0..).step_by(PIECE).zip(memory.chunks_mut(PIECE)));
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
fn read_piece(file: &File, start: usize, piece: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < piece.len() {
        match again(|| file.read_at(&mut piece[length..], (start + length) as u64))? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

/// Reads once, and again where a signal came between.
fn again(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek as _, Write as _};

    /// A text in which no piece is like another.
    fn text(length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file.rewind().unwrap();
        file
    }

    struct Pipe<'a>(&'a [u8]);

    impl Read for Pipe<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = into.len().min(PIPE);
            self.0.read(&mut into[..length])
        }
    }

    #[test]
    fn all_ways_to_append_give_the_same_bytes() {
        for length in [0, 5, LARGE - 1, LARGE, LARGE + 1, 3 * PIECE + 5] {
            let text = text(length);
            let file = file(&text);
            let mut all = Bytes::default();
            assert_eq!(all.read(&mut &*text).unwrap(), length);
            assert!(*all == *text);
            assert_eq!(all.read_file(&file, length).unwrap(), length);
            all.append(&text);
            assert_eq!(all.read(&mut Pipe(&text)).unwrap(), length);
            assert!(*all == *text.repeat(4));
            let mut piped = Bytes::default();
            assert_eq!(piped.read(&mut Pipe(&text)).unwrap(), length);
            assert_eq!(piped.read(&mut &*text).unwrap(), length);
            assert!(*piped == *text.repeat(2));
        }
    }

    #[test]
    fn of_a_file_that_grew_one_byte_more_is_read() {
        for (before, now, read) in
            [(4, 9, 5), (9, 4, 4), (LARGE, LARGE + 9, LARGE + 1), (LARGE + 100, LARGE, LARGE)]
        {
            assert_eq!(Bytes::default().read_file(&file(&text(now)), before).unwrap(), read);
        }
    }

    #[test]
    fn more_than_there_is_room_for_is_kept() {
        let memory = MmapOptions::new().len(4).map_anon().unwrap();
        let mut all = Bytes { few: Vec::new(), many: Some(Many { memory, used: 0 }) };
        all.append(b"abc");
        all.append(b"def");
        assert_eq!(all.read(&mut &b"g"[..]).unwrap(), 1);
        assert_eq!(*all, *b"abcdefg");
    }
}
