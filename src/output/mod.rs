//! The only writer of the program: what is said, on which stream, in which color, and made safe to look at.
//!
//! Nothing here reads the environment or asks a stream what it is. The caller resolves that once into a
//! [`Terminal`] and a [`Verbosity`]; everything below follows from these two values, so that a test can stand
//! in front of any terminal by writing it down.

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
