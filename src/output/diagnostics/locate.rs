//! From a byte's offset to file, line and column.
//!
//! Findings come in the order of their places, the places related to them in any. So a place is remembered every
//! 64 KiB, and the last one that was asked for; any other is reached from the nearest of them. A text of 100 MB
//! is thus read once, however many findings there are and however long its lines.

use super::Sources;
use crate::output::sanitize::{Unit, units};
use memchr::{memchr_iter, memrchr};
use std::ops::Range;

/// One of the files (or `-m` options) that make up the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// How messages call it: the path as it was given, `<stdin>` or `<metric>`.
    pub name: String,
    /// Where its first byte is in the whole text.
    pub start: usize,
    /// The number of its first line: 1, unless this is a part of a file.
    pub first_line: usize,
}

/// Where a byte is, as a person counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The file.
    pub(super) name: &'a str,
    /// The line in its file, from 1.
    pub(super) line: usize,
    /// The character in its line, from 1; a byte that is not UTF-8 counts as one.
    pub(super) column: usize,
    /// Where the line begins in the whole text.
    pub(super) line_start: usize,
    /// Where the file ends in the whole text.
    pub(super) file_end: usize,
}

/// How far apart the remembered places are.
const STEP: usize = 64 * 1024;

/// A place that others are reached from.
#[derive(Clone, Copy, Debug)]
struct Mark {
    offset: usize,
    file: usize,
    line: usize,
    line_start: usize,
    column: usize,
}

fn file_start(sources: Sources<'_>, file: usize, start: usize) -> Mark {
    let line = sources.files.get(file).map_or(1, |source| source.first_line);
    Mark { offset: start, file, line, line_start: start, column: 1 }
}

/// Finds places in a text; see the file's comment.
pub(super) struct Locator<'a> {
    sources: Sources<'a>,
    last: Mark,
    /// Places a [`STEP`] from each other, ascending, the first one at 0.
    marks: Vec<Mark>,
}

impl<'a> Locator<'a> {
    pub(super) fn new(sources: Sources<'a>) -> Self {
        let first = file_start(sources, 0, 0);
        Self { sources, last: first, marks: vec![first] }
    }

    /// The whole text.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.sources.bytes
    }

    /// The place of a span's first byte, or of the gap that an empty span is.
    pub(super) fn locate(&mut self, span: &Range<usize>) -> Place<'a> {
        let offset = self.character_start(span.start.min(self.bytes().len()));
        let file = self.file_of(offset, span.is_empty());
        self.remember(offset);
        self.last = self.advance(self.known_before(offset), offset, file);
        Place {
            name: self.sources.files.get(file).map_or("<input>", |source| &source.name),
            line: self.last.line,
            column: self.last.column,
            line_start: self.last.line_start,
            file_end: self.start_of(file + 1),
        }
    }

    /// Which file an offset belongs to. The end of one is the start of the next; a gap there is in the first if
    /// that one does not end its last line, because then it is what is missing from that line.
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

    /// The first byte of the character that the byte at `offset` is a part of.
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

    /// Adds the marks that are missing up to `offset`.
    fn remember(&mut self, offset: usize) {
        while let Some(&mark) = self.marks.last()
            && mark.offset + STEP <= offset
        {
            let next = self.character_start(mark.offset + STEP);
            self.marks.push(self.advance(mark, next, self.file_of(next, false)));
        }
    }

    /// The place that is known nearest before `offset`.
    fn known_before(&self, offset: usize) -> Mark {
        let after = self.marks.partition_point(|mark| mark.offset <= offset);
        let mark = self.marks[after.saturating_sub(1)];
        if (mark.offset..=offset).contains(&self.last.offset) { self.last } else { mark }
    }

    /// From one place to a later one.
    fn advance(&self, from: Mark, offset: usize, file: usize) -> Mark {
        let mut mark = if from.file == file {
            from
        } else {
            file_start(self.sources, file, self.start_of(file).min(offset))
        };
        let between = &self.bytes()[mark.offset..offset];
        if let Some(newline) = memrchr(b'\n', between) {
            mark.line += memchr_iter(b'\n', between).count();
            mark.line_start = mark.offset + newline + 1;
            mark.offset = mark.line_start;
            mark.column = 1;
        }
        mark.column += units(&self.bytes()[mark.offset..offset]).count();
        mark.offset = offset;
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &[u8])]) -> (Vec<u8>, Vec<Source>) {
        let (mut bytes, mut sources) = (Vec::new(), Vec::new());
        for (name, content) in files {
            sources.push(Source { name: (*name).to_owned(), start: bytes.len(), first_line: 1 });
            bytes.extend_from_slice(content);
        }
        (bytes, sources)
    }

    /// The same by counting from the start of the file each time.
    fn counted(bytes: &[u8], files: &[Source], offset: usize) -> (String, usize, usize) {
        let source = files.iter().rfind(|source| source.start <= offset).unwrap();
        let before = &bytes[source.start..offset];
        let line = before.split(|&byte| byte == b'\n').count();
        let column = String::from_utf8_lossy(before.rsplit(|&byte| byte == b'\n').next().unwrap());
        (source.name.clone(), line, column.chars().count() + 1)
    }

    #[test]
    fn columns_are_characters_and_stray_bytes() {
        let (bytes, files) = sources(&[("a", b"e\xcc\x81\xf0\x9f\x8e\x89\xff\xe2\x82x")]);
        let mut locator = Locator::new(Sources { bytes: &bytes, files: &files });
        let columns: Vec<_> =
            (0..=bytes.len()).map(|at| locator.locate(&(at..bytes.len() + 1)).column).collect();
        assert_eq!(columns, [1, 2, 2, 3, 3, 3, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn lines_are_counted_in_each_file() {
        let (bytes, files) =
            sources(&[("a", b"1\n2\n"), ("empty", b""), ("b", b"1\n2"), ("c", b"1"), ("d", b"")]);
        let mut locator = Locator::new(Sources { bytes: &bytes, files: &files });
        let mut at = |span: Range<usize>| {
            let place = locator.locate(&span);
            (place.name, place.line, place.column, place.line_start, place.file_end)
        };
        assert_eq!(at(2..3), ("a", 2, 1, 2, 4));
        assert_eq!(at(4..5), ("b", 1, 1, 4, 7));
        assert_eq!(at(4..4), ("b", 1, 1, 4, 7));
        // What is missing at the end of a file, and what stands at the start of the next one.
        assert_eq!(at(7..7), ("b", 2, 2, 6, 7));
        assert_eq!(at(7..8), ("c", 1, 1, 7, 8));
        assert_eq!(at(8..8), ("c", 1, 2, 7, 8));
        assert_eq!(at(99..99), ("c", 1, 2, 7, 8));
        assert_eq!(at(0..1), ("a", 1, 1, 0, 4));
    }

    #[test]
    fn a_part_of_a_file_has_the_lines_of_the_file() {
        let bytes = b"1\n2\n";
        let part = |start, first_line| Source { name: "a".to_owned(), start, first_line };
        let files = [part(0, 7), part(2, 20)];
        let mut locator = Locator::new(Sources { bytes, files: &files });
        assert_eq!(locator.locate(&(2..3)).line, 20);
        assert_eq!(locator.locate(&(0..1)).line, 7);
        assert_eq!(locator.locate(&(4..4)).line, 21);
    }

    #[test]
    fn nothing_is_no_file() {
        let mut locator = Locator::new(Sources { bytes: b"", files: &[] });
        let place = locator.locate(&(0..0));
        assert_eq!((place.name, place.line, place.column), ("<input>", 1, 1));
    }

    #[test]
    fn any_order_gives_the_same_as_counting() {
        let line = "métric{l=\"日本\"} 1\n";
        let (bytes, files) = sources(&[
            ("a", line.repeat(9_000).as_bytes()),
            ("b", "x".repeat(200_000).as_bytes()),
            ("c", line.repeat(4_000).as_bytes()),
        ]);
        let mut locator = Locator::new(Sources { bytes: &bytes, files: &files });
        // A step that is coprime to the length visits places all over the text, forwards and backwards.
        let mut offset = 0;
        for _ in 0..200 {
            offset = (offset + 123_457) % bytes.len();
            let start = (offset..bytes.len()).find(|&at| bytes[at] & 0xc0 != 0x80).unwrap();
            let place = locator.locate(&(start..start + 1));
            assert_eq!((place.name.to_owned(), place.line, place.column), counted(&bytes, &files, start));
        }
        assert!(locator.marks.len() > 5);
    }
}
