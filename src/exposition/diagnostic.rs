//! What the checker says about a text, as data. How it looks on a screen is `output`'s business.

use super::code::Code;
use std::ops::Range;

/// How much a finding matters to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The gateway refuses the text, or takes it and harm follows.
    Error,
    /// The gateway refuses the text as written; `push` and `add` repair it without changing what it means.
    Fixed,
    /// The gateway takes the text, but stores something else than was written, or a convention is not kept.
    Warning,
}

/// One finding at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The stable name of the rule.
    pub code: Code,
    /// The bytes of the text that it is about; empty at a place where something is missing.
    pub span: Range<usize>,
    /// What is wrong, in the reader's words: lower case, no final dot.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// Other places that belong to it, such as the first of two equal series.
    pub related: Vec<Related>,
}

/// A second place that a [`Diagnostic`] points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The bytes of the text.
    pub span: Range<usize>,
    /// Why this place is shown.
    pub message: String,
}
