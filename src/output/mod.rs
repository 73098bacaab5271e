//! Writes all output of the program: chooses the stream, colors the text, and makes it safe to print.
//!
//! Nothing here reads the environment or checks whether a stream is a terminal. The caller does that once and
//! creates a [`Terminal`] and a [`Verbosity`], so tests can simulate any terminal.

mod color;
pub mod diagnostics;
mod line;
mod message;
mod printer;
mod progress;
pub mod sanitize;
mod table;
mod width;

#[cfg(test)]
pub(crate) use color::take_over;
pub use color::{ColorChoice, ColorVariables, Style, color};
pub use diagnostics::{SourceFile, SourceText};
#[cfg(test)]
pub(crate) use line::Appearance;
pub use line::{StyledLine, StyledText};
pub use message::MessageFormat;
pub use printer::{Channel, OutputStream, Printer, Terminal, Verbosity};
pub use progress::Progress;
pub use sanitize::Charset;
pub use table::{Column, Table};
