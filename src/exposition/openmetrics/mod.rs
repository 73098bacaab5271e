//! Parses and checks OpenMetrics 1.0, and converts it to the text format.
//!
//! OpenMetrics has a stricter grammar than the text format, and more types. Samples keep their names, so the conversion
//! changes few bytes. Like the repairs, it is a list of edits to the text. The gateway's rules for the converted text
//! are applied to the original lines, so that diagnostics point to the text that the user wrote.
//!
//! - `reader` reads a file line by line. `line` implements the grammar of a line, and `messages` its error messages.
//! - `kind` defines the metric types, `family` checks metadata, and `names` detects families with conflicting names.
//! - `sample` checks values and labels, `points` checks the order of samples, and `time` parses timestamps.
//! - `repeats` finds repeated series, and `convert` creates the edits.

mod convert;
mod family;
mod kind;
mod line;
mod messages;
mod names;
mod points;
mod reader;
mod repeats;
mod sample;
mod time;

pub(super) use reader::{OpenmetricsTables, read_file};
pub(super) use repeats::check as check_repeats;

use super::options::{CheckOptions, TextFormat};
use super::sniff;

#[cfg(test)]
mod tests;

/// The last line of an OpenMetrics file.
const EOF: &[u8] = b"# EOF";

/// Returns whether the file with this index is OpenMetrics.
pub(super) fn is_format(number: usize, file: &[u8], options: &CheckOptions<'_>) -> bool {
    match options.format {
        _ if options.prometheus_files.contains(&number) => false,
        TextFormat::Prometheus => false,
        // A line that begins with one of these bytes, or like a JSON object, is invalid in both formats, and the reader
        // of the text format reports what the file is instead.
        TextFormat::Openmetrics => {
            let start = file.trim_ascii_start().first();
            !matches!(start, Some(0 | 0x1f | b'(' | b'<' | b'[' | b'{' | 0xfe | 0xff))
                || sniff::other_format(file).is_none()
        }
        TextFormat::Auto => {
            let text = file.trim_ascii_end();
            text.strip_suffix(EOF).is_some_and(|before| matches!(before.last(), None | Some(b'\n')))
        }
    }
}
