//! Reads and checks OpenMetrics 1.0, and converts it to the text format.
//!
//! OpenMetrics has a stricter grammar than the text format, and more types. The samples keep their names, so the
//! conversion changes few bytes: it is a list of edits of the text, like the repairs. The rules of the gateway for the
//! converted text are applied to the original lines, so that every diagnostic points to the text that the user wrote.
//!
//! - `reader` goes through the lines of a file. `line` has the grammar of one line, and `messages` its error messages.
//! - `kind` has the types, `family` the rules of metadata, and `names` the names that families claim.
//! - `sample` has the rules of values and labels, and `points` those of the order of samples; `time` reads timestamps.
//! - `convert` makes the edits.

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

#[cfg(test)]
mod tests;

/// The line that ends a text.
const EOF: &[u8] = b"# EOF";

/// Returns whether the file with this number is OpenMetrics.
pub(super) fn is_format(number: usize, file: &[u8], options: &CheckOptions<'_>) -> bool {
    match options.format {
        _ if options.prometheus_files.contains(&number) => false,
        TextFormat::Prometheus => false,
        TextFormat::Openmetrics => true,
        TextFormat::Auto => {
            let text = file.trim_ascii_end();
            text.strip_suffix(EOF).is_some_and(|before| matches!(before.last(), None | Some(b'\n')))
        }
    }
}
