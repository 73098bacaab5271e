//! Reads and checks the text exposition format (version 0.0.4) in the same way as the Pushgateway. Pure: no I/O.
//!
//! A check must accept exactly the texts that a gateway accepts. `tests/it/differential.rs` compares it with real ones.
//!
//! - `text` splits a text into lines and tokens.
//! - `check` goes through the lines. `multiline` finds the end of an invalid one that goes on in the next line. `metadata` has the rules of HELP and TYPE lines, `sample` and `labels` those of samples,
//!   and `fast_path` skips what does not change from line to line.
//! - `collisions` and `duplicates` have the rules of the text as a whole, and `lint` the conventions.
//! - `openmetrics` reads files in that format, with the same tables and findings, and converts them.
//! - `context` is what all of them share, `family` and `series` are its tables, and `overwrites` the labels of the grouping key.
//! - `findings` collects the diagnostics, and `messages` has their words.

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
mod overwrites;
mod rules;
mod sample;
mod series;
mod sniff;
mod text;

pub use check::check;
pub use code::{Category, Code};
pub use diagnostic::{Diagnostic, Related, Report, Severity};
pub use fix::{Splice, apply};
pub use rules::{Rules, TextFormat};
pub use text::lines::Text;
pub(crate) use text::number::is_float;
pub(crate) use text::token::resolve_escapes;

#[cfg(test)]
mod tests;
