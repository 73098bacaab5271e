//! Invalid lines that go on in the next lines, which then are not checked: a label value with line breaks, and the headers
//! of an HTTP response.

use super::text::lines::{self, LineSpan};
use super::text::number::is_float;
use super::text::scan::{self, Line, SyntaxError, SyntaxErrorKind};
use super::text::token::LabelPair;
use std::ops::Range;

/// A longer value or a larger number of headers is not recognized, so that the check stays linear.
const MAX_LINES: usize = 64;
const MAX_LEN: usize = 8_192;

/// Where the line starts that comes after what the invalid line `first` began. `None` if that is only the line itself.
pub(super) fn end<'a>(
    bytes: &'a [u8],
    first: &LineSpan,
    file: &Range<usize>,
    scratch: &mut Vec<LabelPair<'a>>,
) -> Option<usize> {
    let line = &bytes[first.all.clone()];
    if is_status_line(line) {
        return Some(end_of_headers(bytes, first.all.end + 1, file.end));
    }
    let is_open = |error: &SyntaxError| error.kind == SyntaxErrorKind::OpenValue;
    if !line.contains(&b'"')
        || !scan::line(bytes, first.trimmed.clone(), scratch).is_err_and(|error| is_open(&error))
    {
        return None;
    }
    let limit = file.end.min(first.all.start + MAX_LEN);
    let mut start = first.all.end + 1;
    for _ in 0..MAX_LINES {
        let line = lines::next(bytes, &(file.start..limit), start, scratch)?;
        start = line.all.end + 1;
        if !bytes[line.all.clone()].contains(&b'"') {
            continue;
        }
        match scan::line(bytes, first.all.start..line.trimmed.end, scratch) {
            Ok(Line::Sample(sample)) => return is_float(&bytes[sample.value]).then_some(start),
            Err(error) if is_open(&error) => {}
            _ => return None,
        }
    }
    None
}

/// Whether a line is the first one of an HTTP response, as in the output of `curl -i`.
pub(super) fn is_status_line(line: &[u8]) -> bool {
    matches!(line, [b'H', b'T', b'T', b'P', b'/', b'1'..=b'3', ..])
}

fn end_of_headers(bytes: &[u8], mut start: usize, file_end: usize) -> usize {
    let is_header = |line: &[u8]| {
        let name = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
        name > 0 && line.get(name) == Some(&b':')
    };
    for _ in 0..MAX_LINES {
        let Some(rest) = bytes.get(start..file_end).filter(|rest| !rest.is_empty()) else { break };
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..len].trim_ascii();
        let is_blank = line.is_empty();
        if is_blank || is_header(line) {
            start += len + 1;
        }
        if is_blank || !is_header(line) {
            break;
        }
    }
    start
}
