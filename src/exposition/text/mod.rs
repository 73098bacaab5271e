//! A lexer that interprets lines, tokens and numbers the way the server does.

pub(crate) mod lines;
pub(crate) mod number;
pub(crate) mod scan;
pub(crate) mod spans;
pub(crate) mod token;
