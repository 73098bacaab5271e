//! The results of a check. `output` decides how they are displayed.

use super::code::Code;
use super::fix::Splice;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The gateway rejects the text, or accepts it and breaks later.
    Error,
    /// The gateway rejects the text as written. `push` and `add` repair it without changing its meaning.
    Fixed,
    /// The gateway accepts the text but stores something else, or the text does not follow a convention.
    Warning,
}

/// A problem at one position in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: Code,
    /// The bytes that the diagnostic highlights. Empty if something is missing.
    pub span: Range<usize>,
    /// Description of the problem: lower case, no final period.
    pub message: String,
    pub help: Option<String>,
    /// Other relevant positions, such as the first of two equal series.
    pub related: Vec<Related>,
}

/// Another position that a [`Diagnostic`] refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub span: Range<usize>,
    /// A label that explains the position, such as `first occurrence`.
    pub message: String,
}

#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Diagnostics sorted by position. There are at most `CheckOptions::max_diagnostics`.
    pub diagnostics: Vec<Diagnostic>,
    // The next three fields count all diagnostics, including those that were not kept.
    pub errors: usize,
    pub fixed: usize,
    pub warnings: usize,
    /// The number of diagnostics for each severity and code, sorted by severity and then by descending count.
    pub counts: Vec<(Severity, Code, usize)>,
    pub samples: usize,
    /// Number of metric families with samples.
    pub families: usize,
    /// Number of timestamps removed by `--strip-timestamps`.
    pub stripped: usize,
    /// Number of exemplars removed by the conversion from OpenMetrics.
    pub exemplars: usize,
    /// Number of units removed by the conversion from OpenMetrics.
    pub units: usize,
    /// The repairs, in order and without overlaps.
    pub splices: Vec<Splice>,
}
