//! Parses and checks the Prometheus text format (version 0.0.4) the way the Pushgateway does. Pure: no I/O.
//!
//! The checker must accept exactly what a gateway accepts. `tests/it/differential.rs` compares it with real gateways.
//!
//! - `text` splits the input into lines and tokens.
//! - `check` reads the input line by line. `metadata` checks HELP and TYPE lines, `sample` and `labels` check samples,
//!   and `fast_path` skips the parts of a line that match the previous line. `multiline` finds the end of an invalid
//!   line that was split across several lines.
//! - `collisions` and `duplicates` check the input as a whole, and `lint` checks naming conventions. Remote write uses
//!   `single_series` instead of `duplicates`.
//! - `openmetrics` checks OpenMetrics files and converts them to the text format. It uses the same tables and findings.
//! - `context` contains the shared state, `family` and `series` contain lookup tables, and `overwrites` contains the
//!   labels of the grouping key.
//! - `findings` collects the diagnostics, and `messages` builds their messages.

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
