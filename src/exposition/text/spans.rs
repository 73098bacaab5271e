//! Finds the range to highlight in a diagnostic. Only the start of the range is stored.

use super::lines::line_from;
use super::scan::{self, Line};
use std::ops::Range;

/// Returns the range of the metric name that starts at `at`, including quotes.
pub(crate) fn name_at(bytes: &[u8], at: usize) -> Range<usize> {
    let rest = &bytes[line_from(bytes, at)];
    let quote = usize::from(rest.first() == Some(&b'"'));
    let is_end = |byte: &u8| {
        if quote == 1 { *byte == b'"' } else { matches!(byte, b'{' | b' ' | b'\t' | b',' | b'}') }
    };
    let length = rest[quote..].iter().position(is_end).map_or(rest.len(), |length| length + 2 * quote);
    at..at + length
}

/// Returns the range of the name and the labels in the sample line that starts at `line`.
pub(crate) fn series_at(bytes: &[u8], line: usize) -> Range<usize> {
    let line = line_from(bytes, line);
    match scan::line(bytes, line.clone(), &mut Vec::new()) {
        Ok(Line::Sample(sample)) => sample.series_span(bytes, line.start),
        _ => line,
    }
}
