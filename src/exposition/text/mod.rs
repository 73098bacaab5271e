//! Lexes the text format: interprets lines, tokens and numbers as the server does.

pub(crate) mod lines;
pub(crate) mod number;
pub(crate) mod scan;
pub(crate) mod spans;
pub(crate) mod token;
