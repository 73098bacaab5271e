//! Lexes the text format: lines, tokens and numbers are interpreted as the server does.

pub(crate) mod lines;
pub(crate) mod number;
pub(crate) mod scan;
pub(crate) mod spans;
pub(crate) mod token;
