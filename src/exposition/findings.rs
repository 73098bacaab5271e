//! Collects what the checker finds: all of it is counted, the first of it is kept.
//!
//! What is kept is bounded, for a text of a million faults must not become a gigabyte of messages. Messages are made
//! only for what is kept.

use super::{Code, Diagnostic, Related, Report, Rules, Severity, Stage};
use std::ops::Range;

/// What a reader is told about a finding.
#[derive(Debug, Default)]
pub(super) struct Detail {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) related: Vec<Related>,
}

impl Detail {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn related(mut self, span: Range<usize>, message: impl Into<String>) -> Self {
        self.related.push(Related { span, message: message.into() });
        self
    }
}

/// The findings so far.
#[derive(Debug)]
pub(super) struct Findings {
    limit: usize,
    repair: bool,
    /// How many errors are the parser's and can't be repaired.
    parse_faults: usize,
    errors: Kept,
    fixed: Kept,
    warnings: Kept,
}

impl Findings {
    pub(super) fn new(rules: &Rules<'_>) -> Self {
        Self {
            limit: rules.max_diagnostics,
            repair: rules.repair,
            parse_faults: 0,
            errors: Kept::default(),
            fixed: Kept::default(),
            warnings: Kept::default(),
        }
    }

    pub(super) fn error(&mut self, code: Code, span: Range<usize>, detail: impl FnOnce() -> Detail) {
        self.parse_faults += usize::from(code.stage() == Stage::Parse);
        self.add(Severity::Error, code, span, detail);
    }

    /// An error of the parser's, as [`Findings::error_found`].
    pub(super) fn parse_fault(&mut self, start: usize, find: impl FnOnce() -> (Code, Range<usize>, Detail)) {
        self.parse_faults += 1;
        self.error_found(start, find);
    }

    /// An error of which more than that is found out only if it is kept; `start` is near enough to tell.
    pub(super) fn error_found(&mut self, start: usize, find: impl FnOnce() -> (Code, Range<usize>, Detail)) {
        self.errors.count += 1;
        if self.errors.has_room(self.limit, start) {
            let (code, span, Detail { message, help, related }) = find();
            let severity = Severity::Error;
            self.errors.first.push(Diagnostic { severity, code, span, message, help, related });
        }
    }

    /// Something that is repaired, or an error where nothing is to be repaired.
    pub(super) fn fixed(&mut self, code: Code, span: Range<usize>, detail: impl FnOnce() -> Detail) {
        let severity = if self.repair { Severity::Fixed } else { Severity::Error };
        self.add(severity, code, span, detail);
    }

    pub(super) fn warning(&mut self, code: Code, span: Range<usize>, detail: impl FnOnce() -> Detail) {
        self.add(Severity::Warning, code, span, detail);
    }

    /// How many errors there are.
    pub(super) fn errors(&self) -> usize {
        self.errors.count
    }

    /// How many errors are the parser's and can't be repaired.
    pub(super) fn parse_faults(&self) -> usize {
        self.parse_faults
    }

    /// How many findings there are of each severity, for [`Findings::take_back`].
    pub(super) fn counts(&self) -> [usize; 3] {
        [self.errors.count, self.fixed.count, self.warnings.count]
    }

    /// Forgets what was found in the line that begins at `start` since there were so many findings.
    pub(super) fn take_back(&mut self, counts: [usize; 3], start: usize) {
        // What is missing at the end of a file has an empty span where the next one begins.
        let earlier = |span: &Range<usize>| span.start < start || span.start == start && span.is_empty();
        for (kept, count) in [&mut self.errors, &mut self.fixed, &mut self.warnings].into_iter().zip(counts) {
            kept.count = count;
            kept.first.retain(|diagnostic| earlier(&diagnostic.span));
        }
    }

    fn add(&mut self, severity: Severity, code: Code, span: Range<usize>, detail: impl FnOnce() -> Detail) {
        let kept = match severity {
            Severity::Error => &mut self.errors,
            Severity::Fixed => &mut self.fixed,
            Severity::Warning => &mut self.warnings,
        };
        kept.count += 1;
        if kept.has_room(self.limit, span.start) {
            let Detail { message, help, related } = detail();
            kept.first.push(Diagnostic { severity, code, span, message, help, related });
        }
    }

    /// The counts, and the diagnostics in the order of their places. Where there are too many, errors go before
    /// repairs and repairs before warnings.
    pub(super) fn into_report(self) -> Report {
        let (errors, fixed, warnings) = (self.errors.count, self.fixed.count, self.warnings.count);
        let mut diagnostics = Vec::new();
        for mut kept in [self.errors, self.fixed, self.warnings] {
            kept.shorten(self.limit - diagnostics.len());
            diagnostics.append(&mut kept.first);
        }
        sort(&mut diagnostics);
        Report { diagnostics, errors, fixed, warnings, ..Report::default() }
    }
}

/// The findings of one severity.
#[derive(Debug, Default)]
struct Kept {
    count: usize,
    /// Up to twice the limit, which makes sorting rare.
    first: Vec<Diagnostic>,
    /// Whatever begins here or later would not be kept.
    full_from: Option<usize>,
}

impl Kept {
    fn has_room(&mut self, limit: usize, start: usize) -> bool {
        if limit == 0 || self.full_from.is_some_and(|from| start >= from) {
            return false;
        }
        if self.first.len() >= limit.saturating_mul(2) {
            self.shorten(limit);
            self.full_from = self.first.last().map(|last| last.span.start);
            return self.full_from.is_none_or(|from| start < from);
        }
        true
    }

    fn shorten(&mut self, limit: usize) {
        sort(&mut self.first);
        self.first.truncate(limit);
    }
}

/// In the order of their places.
fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
}
