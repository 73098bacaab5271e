//! State shared by all rules.

use super::code::Code;
use super::family::FamilyTable;
use super::findings::{Findings, Message};
use super::options::CheckOptions;
use std::ops::Range;

/// A text, the rules for checking it, and the findings so far.
pub(super) struct Context<'a> {
    pub(super) bytes: &'a [u8],
    /// Positions in `bytes` at which the files start.
    pub(super) starts: &'a [usize],
    pub(super) options: &'a CheckOptions<'a>,
    pub(super) families: FamilyTable<'a>,
    /// There is an invalid TYPE line, which may have been meant for a metric that has no type now.
    pub(super) has_invalid_type_line: bool,
    /// Number of timestamps that the repairs remove.
    pub(super) stripped: usize,
    /// Number of diagnostics about features that exist only in OpenMetrics.
    pub(super) openmetrics: usize,
    /// The diagnostics about what only OpenMetrics has and the gateway rejects: their number, and the first one.
    pub(super) openmetrics_errors: (usize, Option<(Code, Range<usize>, Message)>),
    pub(super) findings: Findings,
}

impl Context<'_> {
    /// Reports an error about what only OpenMetrics has. If there are several, the format is the error.
    pub(super) fn openmetrics_error(
        &mut self,
        code: Code,
        span: Range<usize>,
        message: impl FnOnce() -> Message,
    ) {
        self.openmetrics += 1;
        self.findings.parse_errors += 1;
        let (count, first) = &mut self.openmetrics_errors;
        *count += 1;
        if first.is_none() {
            *first = Some((code, span, message()));
        }
    }

    /// Reports trailing whitespace in a line where the server does not accept it.
    pub(super) fn trailing_whitespace(&mut self, span: Range<usize>) {
        if span.is_empty() {
            return;
        }
        let (code, text) = if self.bytes[span.clone()].contains(&b'\r') {
            (Code::CarriageReturn, "the line ends with a carriage return")
        } else {
            (Code::TrailingWhitespace, "the line ends with a space or tab")
        };
        self.findings.repair(code, span, "", || Message::new(text));
    }
}
