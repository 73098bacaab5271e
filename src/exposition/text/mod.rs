//! The lexing of the text format: lines, tokens, and numbers as the server reads them.

pub(super) mod lines;
pub(super) mod number;
pub(super) mod scan;
pub(super) mod token;
