//! Reads and checks the text exposition format (version 0.0.4) in the same way as the Pushgateway. Pure: no I/O.
//!
//! A check must accept exactly the texts that a gateway accepts. `tests/it/differential.rs` compares it with real ones.
//!
//! - `text` splits a text into lines and tokens.
//! - `check` goes through the lines. `metadata` checks HELP and TYPE lines, `sample` and `labels` check samples, and
//!   `fast_path` skips the parts of a line that are the same as in the preceding line. `multiline` finds the end of an
//!   invalid line that continues in the next lines.
//! - `collisions` and `duplicates` check the text as a whole, and `lint` checks the conventions. For remote
//!   write, `single_series` takes the place of `duplicates`.
//! - `openmetrics` reads files in that format, with the same tables and findings, and converts them.
//! - `context` contains the shared state, `family` and `series` are tables, and `overwrites` contains the labels of the
//!   grouping key.
//! - `findings` collects the diagnostics, and `messages` creates their texts.

mod check;
mod code;
mod collisions;
mod context;
mod diagnostic;
mod duplicates;
mod family;
mod fast_path;
mod findings;
mod fix;
mod hash;
mod labels;
mod lint;
mod messages;
mod metadata;
pub mod model;
mod multiline;
mod names;
mod openmetrics;
mod options;
mod overwrites;
mod sample;
mod series;
mod single_series;
mod sniff;
mod text;

pub use check::check;
pub use code::{Category, Code};
pub use diagnostic::{Diagnostic, Related, Report, Severity};
pub use fix::{Splice, apply};
pub use options::{CheckOptions, TextFormat};
pub use text::lines::Text;
pub(crate) use text::number::is_float;
pub(crate) use text::token::resolve_escapes;

#[cfg(test)]
mod tests;
