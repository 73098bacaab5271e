//! Splits the input into files and lines. Separates the parts that repairs remove: byte-order marks and trailing
//! whitespace.

use super::scan;
use super::token::LabelPair;
use std::ops::Range;

/// The text to check: the body of one push, which can come from several files. It must be smaller than 4 GiB. `input`
/// reads at most 1 GiB.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// The concatenated bytes of all files.
    pub bytes: &'a [u8],
    /// Start of each file in `bytes`, in ascending order. The first one is 0.
    pub starts: &'a [usize],
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The position of a line.
#[derive(Clone, Debug)]
pub(crate) struct LineSpan {
    /// The line without its newline.
    pub(crate) all: Range<usize>,
    /// The line without its newline and without the trailing whitespace that a repair removes.
    pub(crate) trimmed: Range<usize>,
    pub(crate) has_newline: bool,
}

/// Returns two ranges for each file: its byte-order marks and its content. A file can start with several marks if
/// several tools wrote to it.
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

/// Returns the line that starts at `start`, or `None` at the end of the file.
#[inline]
pub(crate) fn next<'a>(
    bytes: &'a [u8],
    file: &Range<usize>,
    start: usize,
    scratch: &mut Vec<LabelPair<'a>>,
) -> Option<LineSpan> {
    if start >= file.end {
        return None;
    }
    let newline = memchr::memchr(b'\n', &bytes[start..file.end]);
    let all = start..newline.map_or(file.end, |at| start + at);
    let trimmed = all.start..trimmed_end(bytes, &all, scratch);
    Some(LineSpan { all, trimmed, has_newline: newline.is_some() })
}

#[inline]
fn trimmed_end<'a>(bytes: &'a [u8], line: &Range<usize>, scratch: &mut Vec<LabelPair<'a>>) -> usize {
    match bytes[line.clone()].last() {
        Some(b' ' | b'\t' | b'\r') => trim(bytes, line, scratch),
        _ => line.end,
    }
}

/// Returns the length of `bytes` without trailing spaces, tabs and carriage returns.
pub(crate) fn trimmed_len(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r')).map_or(0, |at| at + 1)
}

/// Returns the end of a line after trimming. Whitespace that the server accepts is kept: at the end of a comment, and
/// in a line that contains nothing else.
#[cold]
fn trim<'a>(bytes: &'a [u8], line: &Range<usize>, scratch: &mut Vec<LabelPair<'a>>) -> usize {
    let text = &bytes[line.clone()];
    let end = trimmed_len(text);
    let has_return = text[end..].contains(&b'\r');
    let is_comment = text.iter().find(|byte| !matches!(byte, b' ' | b'\t')) == Some(&b'#');
    let keep = if is_comment {
        !has_return || scan::line(bytes, line.clone(), scratch).is_ok()
    } else {
        end == 0 && !has_return
    };
    if keep { line.end } else { line.start + end }
}

/// Returns the range from `at` to the end of the line.
pub(crate) fn line_from(bytes: &[u8], at: usize) -> Range<usize> {
    at..memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end)
}

/// Returns the range from `at` to the end of the line, or to the end of the file if the final newline is missing.
pub(crate) fn line_in_file(text: Text<'_>, at: usize) -> Range<usize> {
    let next_file = text.starts.partition_point(|start| *start <= at);
    let file_end = text.starts.get(next_file).copied().unwrap_or(text.bytes.len());
    at..line_from(text.bytes, at).end.min(file_end)
}
