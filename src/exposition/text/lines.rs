//! The lines of a text as the repairs leave them: without byte-order marks, and without what may be trimmed off a
//! line's end.

use super::scan;
use super::token::Labels;
use crate::exposition::Text;
use std::ops::Range;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One line and its surroundings.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// All of the line, without its newline.
    pub(crate) all: Range<usize>,
    /// The line without what is trimmed off its end.
    pub(crate) trimmed: Range<usize>,
    /// The file that it is in, without a byte-order mark.
    pub(crate) file: Range<usize>,
    /// It ends with a newline.
    pub(crate) ended: bool,
}

/// The files of a text; each as its byte-order mark and the rest. Mostly there is no mark, but
/// where tools write one each there may be more.
pub(crate) fn files(text: Text<'_>) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let bytes = text.bytes;
    let ends = text.starts.iter().skip(1).copied().chain([bytes.len()]);
    ends.scan(0, move |start, end| {
        let file = *start..end.clamp(*start, bytes.len());
        *start = file.end;
        let marks = bytes[file.clone()].chunks_exact(BYTE_ORDER_MARK.len());
        let mark = BYTE_ORDER_MARK.len() * marks.take_while(|mark| *mark == BYTE_ORDER_MARK).count();
        Some((file.start..file.start + mark, file.start + mark..file.end))
    })
}

/// The next line of a file, of which the rest begins at `start`; `None` at its end.
#[inline]
pub(crate) fn next<'a>(
    bytes: &'a [u8],
    file: &Range<usize>,
    start: usize,
    scratch: &mut Labels<'a>,
) -> Option<Place> {
    if start >= file.end {
        return None;
    }
    let newline = memchr::memchr(b'\n', &bytes[start..file.end]);
    let all = start..newline.map_or(file.end, |at| start + at);
    let trimmed = all.start..trim(bytes, &all, scratch);
    Some(Place { all, trimmed, file: file.clone(), ended: newline.is_some() })
}

/// Where a line ends without what may be trimmed off its end: blanks and carriage returns, but neither of a comment that
/// the server takes with them nor of an empty line that has blanks only.
#[inline]
fn trim<'a>(bytes: &'a [u8], line: &Range<usize>, scratch: &mut Labels<'a>) -> usize {
    match bytes[line.clone()].last() {
        Some(b' ' | b'\t' | b'\r') => trim_blanks(bytes, line, scratch),
        _ => line.end,
    }
}

/// How long `bytes` is without the blanks and carriage returns at its end.
pub(crate) fn trimmed(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r')).map_or(0, |at| at + 1)
}

#[cold]
fn trim_blanks<'a>(bytes: &'a [u8], line: &Range<usize>, scratch: &mut Labels<'a>) -> usize {
    let text = &bytes[line.clone()];
    let end = trimmed(text);
    let returns = text[end..].contains(&b'\r');
    let comment = text.iter().find(|byte| !matches!(byte, b' ' | b'\t')) == Some(&b'#');
    let keep = if comment {
        !returns || scan::line(bytes, line.clone(), scratch).is_ok()
    } else {
        end == 0 && !returns
    };
    if keep { line.end } else { line.start + end }
}
