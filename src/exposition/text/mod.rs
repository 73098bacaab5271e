//! The lexing of the text format: lines, tokens, and numbers as the server reads them.

pub(crate) mod lines;
pub(crate) mod number;
pub(crate) mod scan;
pub(crate) mod spans;
pub(crate) mod token;
