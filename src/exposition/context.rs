//! The state shared by all checks.

use super::code::Code;
use super::family::FamilyTable;
use super::findings::{Findings, Message};
use super::options::CheckOptions;
use std::ops::Range;

/// The input, the options of the check, and the findings so far.
pub(super) struct Context<'a> {
    pub(super) bytes: &'a [u8],
    /// Start of each file in `bytes`.
    pub(super) starts: &'a [usize],
    pub(super) options: &'a CheckOptions<'a>,
    pub(super) families: FamilyTable<'a>,
    /// Whether there is an invalid TYPE line, which may have been meant for a metric that is now untyped.
    pub(super) has_invalid_type_line: bool,
    /// Number of timestamps removed by `--strip-timestamps`.
    pub(super) stripped: usize,
    /// Number of diagnostics about features that exist only in OpenMetrics.
    pub(super) openmetrics: usize,
    /// Number of errors about OpenMetrics features that the gateway rejects, and the first of these errors.
    pub(super) openmetrics_errors: (usize, Option<(Code, Range<usize>, Message)>),
    pub(super) findings: Findings,
}

impl Context<'_> {
    /// Records an error about a feature that exists only in OpenMetrics. Multiple such errors are reported as a single
    /// error about the format.
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

    /// Reports trailing whitespace that the server does not accept.
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
