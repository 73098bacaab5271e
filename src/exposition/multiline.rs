//! Finds the end of an invalid line that continues on the following lines: a label value or labels with line breaks,
//! lines in shell quotes, a line that was split in two, the headers of an HTTP response, or UTF-16 text. The following
//! lines are not checked separately.

use super::model::kind::Kind;
use super::text::lines::{self, LineSpan};
use super::text::number::is_float;
use super::text::scan::SyntaxErrorKind::{OpenName, OpenValue};
use super::text::scan::{self, Line, SampleLine, SyntaxError};
use super::text::token::LabelPair;
use std::ops::Range;

/// Maximum number of lines and bytes that are joined. The limits keep the check linear in the size of the input.
const MAX_LINES: usize = 64;
const MAX_LEN: usize = 8_192;

/// Returns the start of the next line to check, or `None` if the invalid line `first` does not continue on the
/// following lines.
pub(super) fn end<'a>(
    bytes: &'a [u8],
    first: &LineSpan,
    file: &Range<usize>,
    scratch: &mut Vec<LabelPair<'a>>,
) -> Option<usize> {
    if is_status_line(&bytes[first.all.clone()]) {
        return Some(end_of_headers(bytes, first.all.end + 1, file.end));
    }
    if bytes[first.all.clone()].contains(&0) {
        let rest = bytes[..file.end].get(first.all.end + 1..).unwrap_or_default();
        let lines = rest.split_inclusive(|byte| *byte == b'\n').take_while(|line| line.starts_with(b"\0"));
        return Some(first.all.end + 1 + lines.map(<[u8]>::len).sum::<usize>());
    }
    let file = file.start..file.end.min(first.all.start + MAX_LEN);
    match scan::line(bytes, first.trimmed.clone(), scratch) {
        Err(SyntaxError { kind: OpenName | OpenValue, .. }) => end_of_value(bytes, first, &file, scratch),
        Err(error) if error.span.start >= first.trimmed.end => end_of_line(bytes, first, &file, MAX_LINES),
        // More text after these lines would not make them valid.
        Ok(Line::Help(_)) => None,
        Ok(Line::Sample(sample)) if is_float(&bytes[sample.value.clone()]) => None,
        _ => end_of_line(bytes, first, &file, 1),
    }
}

/// Returns the start of the line after text in quotes with line breaks.
fn end_of_value<'a>(
    bytes: &'a [u8],
    first: &LineSpan,
    file: &Range<usize>,
    scratch: &mut Vec<LabelPair<'a>>,
) -> Option<usize> {
    let mut start = first.all.end + 1;
    for _ in 0..MAX_LINES {
        let line = lines::next(bytes, file, start, scratch)?;
        start = line.all.end + 1;
        if !bytes[line.all.clone()].contains(&b'"') {
            continue;
        }
        match scan::line(bytes, first.all.start..line.trimmed.end, scratch) {
            // Only quotes around whole lines are shell quotes.
            Ok(Line::Sample(sample)) => {
                let is_quoted = bytes[first.trimmed.start] == b'"';
                return (!is_quoted || sample.value.is_empty()).then_some(start);
            }
            Err(SyntaxError { kind: OpenName | OpenValue, .. }) => {}
            _ => return None,
        }
    }
    None
}

/// Joins the lines after `first` until the result is valid, and returns the start of the line after them. A line that
/// is valid on its own is not a continuation.
fn end_of_line(bytes: &[u8], first: &LineSpan, file: &Range<usize>, max_lines: usize) -> Option<usize> {
    let mut joined = bytes[first.all.clone()].to_vec();
    // Without a value, only the line break separates the name and the value.
    if max_lines == 1 && is_unfinished(&joined) {
        joined.push(b' ');
    }
    let mut start = first.all.end + 1;
    for _ in 0..max_lines {
        let line = lines::next(bytes, file, start, &mut Vec::new())?;
        let text = &bytes[line.trimmed];
        if is_valid(text) {
            return None;
        }
        joined.extend_from_slice(text);
        start = line.all.end + 1;
        if is_valid(&joined) {
            return Some(start);
        }
        if !is_unfinished(&joined) {
            return None;
        }
    }
    None
}

/// Returns whether more text could make the line valid.
fn is_unfinished(line: &[u8]) -> bool {
    match scan::line(line, 0..line.len(), &mut Vec::new()) {
        Ok(Line::Sample(sample)) => sample.value.is_empty(),
        Ok(_) => false,
        Err(error) => error.span.end >= line.len(),
    }
}

/// Returns whether the line is a sample that ends with a valid value, a TYPE line with a valid type, a HELP line, a
/// comment or blank.
pub(super) fn is_valid(line: &[u8]) -> bool {
    match scan::line(line, 0..line.len(), &mut Vec::new()) {
        Ok(Line::Sample(SampleLine { name: Some(name), value, rest, .. })) => {
            name.is_plain() && is_float(&line[value]) && rest.is_empty()
        }
        Ok(Line::Type(metadata)) => metadata.text.is_some_and(|text| Kind::parse(&line[text]).is_some()),
        Ok(Line::Help(_) | Line::Comment | Line::Blank) => true,
        Ok(Line::Sample(_)) | Err(_) => false,
    }
}

/// Returns whether the line is the status line of an HTTP response, as in the output of `curl -i`.
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
