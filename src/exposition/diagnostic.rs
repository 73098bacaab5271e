//! What the checker reports about a text, as data. `output` decides how it looks on a screen.

use super::code::Code;
use super::fix::Splice;
use std::ops::Range;

/// How serious a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The gateway rejects the text, or accepts it and breaks later.
    Error,
    /// The gateway rejects the text as written. `push` and `add` repair it without changing its meaning.
    Fixed,
    /// The gateway accepts the text but stores something else, or the text does not follow a convention.
    Warning,
}

/// One problem at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: Code,
    /// The bytes in question. Empty where something is missing.
    pub span: Range<usize>,
    /// What is wrong: lower case, no final dot.
    pub message: String,
    pub help: Option<String>,
    /// Other places that matter, such as the first of two equal series.
    pub related: Vec<Related>,
}

/// A second place of a [`Diagnostic`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub span: Range<usize>,
    /// Why this place is shown.
    pub message: String,
}

/// The result of a check.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The diagnostics in the order of their places, at most `Rules::max_diagnostics`.
    pub diagnostics: Vec<Diagnostic>,
    // The counts of all diagnostics, kept or not.
    pub errors: usize,
    pub fixed: usize,
    pub warnings: usize,
    /// The same counts for each code, the largest ones of a severity first.
    pub counts: Vec<(Severity, Code, usize)>,
    pub samples: usize,
    /// The number of metric families with samples.
    pub families: usize,
    /// How many timestamps the repairs remove.
    pub stripped: usize,
    /// The repairs, in order, without overlaps.
    pub splices: Vec<Splice>,
}
