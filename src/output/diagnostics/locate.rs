//! Finds the file, line and column of an offset.
//!
//! Diagnostics are sorted by offset, but their related positions are not. So there is a checkpoint every 64
//! KiB and another at the last position found, and each search starts at the nearest preceding one. A text of
//! 100 MB is read only once, regardless of the number of diagnostics and the length of its lines.

use super::SourceText;
use crate::output::sanitize::{Unit, units};
use memchr::{memchr_iter, memrchr};
use std::ops::Range;

/// One of the files (or `-m` options) that make up the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The name in messages: the path as the user wrote it, `<stdin>` or `<metric>`.
    pub name: String,
    /// The offset of the file's first byte in the whole text.
    pub start: usize,
    /// The line number of the first line. It is 1, unless this is only part of a file.
    pub first_line: usize,
}

/// The position of a byte, as shown to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Location<'a> {
    pub(super) name: &'a str,
    /// The line number in the file, starting at 1.
    pub(super) line: usize,
    /// The character number in the line, starting at 1. An invalid byte counts as a character.
    pub(super) column: usize,
    /// The offset of the line in the whole text.
    pub(super) line_start: usize,
    /// The offset of the end of the file in the whole text.
    pub(super) file_end: usize,
}

/// The distance between two checkpoints.
const STEP: usize = 64 * 1024;

#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    offset: usize,
    file: usize,
    line: usize,
    line_start: usize,
    column: usize,
}

fn file_start(sources: SourceText<'_>, file: usize, start: usize) -> Checkpoint {
    let line = sources.files.get(file).map_or(1, |source| source.first_line);
    Checkpoint { offset: start, file, line, line_start: start, column: 1 }
}

pub(super) struct Locator<'a> {
    sources: SourceText<'a>,
    last: Checkpoint,
    /// One checkpoint per [`STEP`], in ascending order. The first one is at offset 0.
    checkpoints: Vec<Checkpoint>,
}

impl<'a> Locator<'a> {
    pub(super) fn new(sources: SourceText<'a>) -> Self {
        let first = file_start(sources, 0, 0);
        Self { sources, last: first, checkpoints: vec![first] }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.sources.bytes
    }

    /// Returns the location of the first byte of a span, or of the position that an empty span marks.
    pub(super) fn locate(&mut self, span: &Range<usize>) -> Location<'a> {
        let offset = self.character_start(span.start.min(self.bytes().len()));
        let file = self.file_of(offset, span.is_empty());
        self.add_checkpoints(offset);
        self.last = self.advance(self.nearest(offset), offset, file);
        Location {
            name: self.sources.files.get(file).map_or("<input>", |source| &source.name),
            line: self.last.line,
            column: self.last.column,
            line_start: self.last.line_start,
            file_end: self.start_of(file + 1),
        }
    }

    /// Returns the file that contains an offset. An empty span between two files belongs to the first file if
    /// its last line has no newline, because the missing newline is the problem.
    fn file_of(&self, offset: usize, is_gap: bool) -> usize {
        let file_of = |offset: usize| {
            self.sources.files.partition_point(|source| source.start <= offset).saturating_sub(1)
        };
        if is_gap && offset > 0 && self.bytes()[offset - 1] != b'\n' {
            return file_of(offset - 1);
        }
        file_of(offset)
    }

    fn start_of(&self, file: usize) -> usize {
        let end = self.bytes().len();
        self.sources.files.get(file).map_or(end, |source| source.start.min(end))
    }

    /// Returns the offset of the first byte of the character at `offset`.
    fn character_start(&self, offset: usize) -> usize {
        let bytes = self.bytes();
        (1..=3)
            .filter_map(|back| offset.checked_sub(back))
            .find(|&at| {
                let character = &bytes[at..bytes.len().min(at + 4)];
                matches!(units(character).next(), Some(Unit::Char(c)) if at + c.len_utf8() > offset)
            })
            .unwrap_or(offset)
    }

    /// Adds the missing checkpoints up to `offset`.
    fn add_checkpoints(&mut self, offset: usize) {
        while let Some(&checkpoint) = self.checkpoints.last()
            && checkpoint.offset + STEP <= offset
        {
            let next = self.character_start(checkpoint.offset + STEP);
            self.checkpoints.push(self.advance(checkpoint, next, self.file_of(next, false)));
        }
    }

    /// Returns the last known position at or before `offset`.
    fn nearest(&self, offset: usize) -> Checkpoint {
        let after = self.checkpoints.partition_point(|checkpoint| checkpoint.offset <= offset);
        let checkpoint = self.checkpoints[after.saturating_sub(1)];
        if (checkpoint.offset..=offset).contains(&self.last.offset) { self.last } else { checkpoint }
    }

    /// Moves from a known position to a later one.
    fn advance(&self, from: Checkpoint, offset: usize, file: usize) -> Checkpoint {
        let mut checkpoint = if from.file == file {
            from
        } else {
            file_start(self.sources, file, self.start_of(file).min(offset))
        };
        let between = &self.bytes()[checkpoint.offset..offset];
        if let Some(newline) = memrchr(b'\n', between) {
            checkpoint.line += memchr_iter(b'\n', between).count();
            checkpoint.line_start = checkpoint.offset + newline + 1;
            checkpoint.offset = checkpoint.line_start;
            checkpoint.column = 1;
        }
        checkpoint.column += units(&self.bytes()[checkpoint.offset..offset]).count();
        checkpoint.offset = offset;
        checkpoint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &[u8])]) -> (Vec<u8>, Vec<SourceFile>) {
        let (mut bytes, mut sources) = (Vec::new(), Vec::new());
        for (name, content) in files {
            sources.push(SourceFile { name: (*name).to_owned(), start: bytes.len(), first_line: 1 });
            bytes.extend_from_slice(content);
        }
        (bytes, sources)
    }

    /// Computes the expected result by counting from the start of the file each time.
    fn counted(bytes: &[u8], files: &[SourceFile], offset: usize) -> (String, usize, usize) {
        let source = files.iter().rfind(|source| source.start <= offset).unwrap();
        let before = &bytes[source.start..offset];
        let line = before.split(|&byte| byte == b'\n').count();
        let column = String::from_utf8_lossy(before.rsplit(|&byte| byte == b'\n').next().unwrap());
        (source.name.clone(), line, column.chars().count() + 1)
    }

    #[test]
    fn columns_are_characters_and_stray_bytes() {
        let (bytes, files) = sources(&[("a", b"e\xcc\x81\xf0\x9f\x8e\x89\xff\xe2\x82x")]);
        let mut locator = Locator::new(SourceText { bytes: &bytes, files: &files });
        let columns: Vec<_> =
            (0..=bytes.len()).map(|at| locator.locate(&(at..bytes.len() + 1)).column).collect();
        assert_eq!(columns, [1, 2, 2, 3, 3, 3, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn lines_are_counted_in_each_file() {
        let (bytes, files) =
            sources(&[("a", b"1\n2\n"), ("empty", b""), ("b", b"1\n2"), ("c", b"1"), ("d", b"")]);
        let mut locator = Locator::new(SourceText { bytes: &bytes, files: &files });
        let mut at = |span: Range<usize>| {
            let place = locator.locate(&span);
            (place.name, place.line, place.column, place.line_start, place.file_end)
        };
        assert_eq!(at(2..3), ("a", 2, 1, 2, 4));
        assert_eq!(at(4..5), ("b", 1, 1, 4, 7));
        assert_eq!(at(4..4), ("b", 1, 1, 4, 7));
        // Offset 7 is both the end of `b` and the start of `c`.
        assert_eq!(at(7..7), ("b", 2, 2, 6, 7));
        assert_eq!(at(7..8), ("c", 1, 1, 7, 8));
        assert_eq!(at(8..8), ("c", 1, 2, 7, 8));
        assert_eq!(at(99..99), ("c", 1, 2, 7, 8));
        assert_eq!(at(0..1), ("a", 1, 1, 0, 4));
    }

    #[test]
    fn a_part_of_a_file_has_the_lines_of_the_file() {
        let bytes = b"1\n2\n";
        let part = |start, first_line| SourceFile { name: "a".to_owned(), start, first_line };
        let files = [part(0, 7), part(2, 20)];
        let mut locator = Locator::new(SourceText { bytes, files: &files });
        assert_eq!(locator.locate(&(2..3)).line, 20);
        assert_eq!(locator.locate(&(0..1)).line, 7);
        assert_eq!(locator.locate(&(4..4)).line, 21);
    }

    #[test]
    fn an_empty_input_has_a_location() {
        let mut locator = Locator::new(SourceText { bytes: b"", files: &[] });
        let place = locator.locate(&(0..0));
        assert_eq!((place.name, place.line, place.column), ("<input>", 1, 1));
    }

    #[test]
    fn any_order_of_offsets_gives_the_counted_location() {
        let line = "métric{l=\"日本\"} 1\n";
        let (bytes, files) = sources(&[
            ("a", line.repeat(9_000).as_bytes()),
            ("b", "x".repeat(200_000).as_bytes()),
            ("c", line.repeat(4_000).as_bytes()),
        ]);
        let mut locator = Locator::new(SourceText { bytes: &bytes, files: &files });
        // The step is coprime to the length, so the offsets are spread over the whole text, forwards and
        // backwards.
        let mut offset = 0;
        for _ in 0..200 {
            offset = (offset + 123_457) % bytes.len();
            let start = (offset..bytes.len()).find(|&at| bytes[at] & 0xc0 != 0x80).unwrap();
            let place = locator.locate(&(start..start + 1));
            assert_eq!((place.name.to_owned(), place.line, place.column), counted(&bytes, &files, start));
        }
        assert!(locator.checkpoints.len() > 5);
    }
}
