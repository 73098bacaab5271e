//! Collects diagnostics and repairs. All diagnostics are counted, but only the first ones are kept.
//!
//! The input can contain a million errors. The number of kept diagnostics is therefore limited, and messages are built
//! only for diagnostics that are kept.

use super::code::{Category, Code};
use super::diagnostic::{Diagnostic, Related, Report, Severity};
use super::fix::Splice;
use super::options::CheckOptions;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// The message, help and related positions of a diagnostic.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) help: Option<String>,
    pub(super) related: Vec<Related>,
}

impl Message {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn related(mut self, span: impl Into<Option<Range<usize>>>, text: impl Into<String>) -> Self {
        self.related.extend(span.into().map(|span| Related { span, message: text.into() }));
        self
    }
}

/// The warning about quoted names, which older gateways reject.
pub(super) const QUOTED_NAME: &str = "gateways before 1.10 reject metric names in quotes or inside braces";

#[expect(clippy::struct_excessive_bools, reason = "each is an option of the check")]
#[derive(Debug, Default)]
pub(super) struct Findings {
    limit: usize,
    repair: bool,
    keeps_edits: bool,
    pub(super) remote_write: bool,
    convert_only: bool,
    /// Number of errors that the server's parser would report and that cannot be repaired.
    pub(super) parse_errors: usize,
    kept: BTreeMap<(Severity, Code), Kept>,
    splices: Vec<Splice>,
    older_gateways: Vec<&'static str>,
}

/// A snapshot of the findings for [`Findings::roll_back`].
#[derive(Clone, Debug)]
pub(super) struct RollbackPoint {
    counts: BTreeMap<(Severity, Code), usize>,
    splices: usize,
}

/// The first diagnostics of each code, up to this number, take precedence over later diagnostics of other codes.
const FEW: usize = 3;

impl Findings {
    pub(super) fn new(options: &CheckOptions<'_>) -> Self {
        Self {
            limit: options.max_diagnostics,
            repair: options.repair,
            keeps_edits: options.edits,
            remote_write: options.remote_write,
            convert_only: options.convert_only,
            ..Self::default()
        }
    }

    /// Returns whether there is an error with this code.
    pub(super) fn has_error(&self, code: Code) -> bool {
        self.kept.contains_key(&(Severity::Error, code))
    }

    pub(super) fn error(&mut self, code: Code, span: Range<usize>, message: impl FnOnce() -> Message) {
        self.parse_errors += usize::from(code.category() == Category::Parser);
        self.add(Severity::Error, code, span, message);
    }

    /// Adds an error whose span is computed only if the error is kept. `start` is used only to decide whether to keep
    /// the error, so it can be approximate.
    pub(super) fn error_at(
        &mut self,
        code: Code,
        start: usize,
        find: impl FnOnce() -> (Range<usize>, Message),
    ) {
        if self.count_one(Severity::Error, code, start) {
            let (span, message) = find();
            self.keep(Severity::Error, code, span, message);
        }
    }

    /// Adds a problem that is repaired by replacing `span` with `with`. If repairs are disabled, the problem is an
    /// error.
    pub(super) fn repair(
        &mut self,
        code: Code,
        span: Range<usize>,
        with: &'static str,
        message: impl FnOnce() -> Message,
    ) {
        self.cut_or_insert(span.clone(), with);
        self.repaired(code, span, message);
    }

    /// Adds a problem whose repair has already been added. If repairs are disabled, the problem is an error.
    pub(super) fn repaired(&mut self, code: Code, span: Range<usize>, message: impl FnOnce() -> Message) {
        let severity = if self.repair { Severity::Fixed } else { Severity::Error };
        self.add(severity, code, span, message);
    }

    pub(super) fn warning(&mut self, code: Code, span: Range<usize>, message: impl FnOnce() -> Message) {
        if !self.convert_only || code.is_about_content() {
            self.add(Severity::Warning, code, span, message);
        }
    }

    /// Warns about older gateways, once for each incompatibility.
    pub(super) fn older_gateways(&mut self, what: &'static str, span: Range<usize>) {
        if !self.older_gateways.contains(&what) {
            self.older_gateways.push(what);
            self.warning(Code::OlderGateway, span, || Message::new(what));
        }
    }

    /// Adds an edit if repairs are enabled.
    pub(super) fn cut_or_insert(&mut self, range: Range<usize>, with: &'static str) {
        if self.repair {
            self.splice(range, Cow::Borrowed(with.as_bytes()));
        }
    }

    /// Adds an edit even if repairs are disabled.
    pub(super) fn splice(&mut self, range: Range<usize>, with: Cow<'static, [u8]>) {
        if self.keeps_edits {
            self.splices.push(Splice { range, with });
        }
    }

    /// Sorts the edits, because the conversion from OpenMetrics does not add them in order.
    pub(super) fn sort_splices(&mut self) {
        self.splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    }

    pub(super) fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    pub(super) fn rollback_point(&self) -> RollbackPoint {
        let counts = self.kept.iter().map(|(code, kept)| (*code, kept.count)).collect();
        RollbackPoint { counts, splices: self.splices.len() }
    }

    /// Drops all findings since `point`. They must be in the line that starts at `line`.
    pub(super) fn roll_back(&mut self, point: &RollbackPoint, line: usize) {
        // A missing newline at the end of a file is reported with an empty span at the start of the next file.
        let is_earlier = |span: &Range<usize>| span.start < line || span.start == line && span.is_empty();
        for (code, kept) in &mut self.kept {
            kept.count = point.counts.get(code).copied().unwrap_or(0);
            kept.first.retain(|diagnostic| is_earlier(&diagnostic.span));
        }
        self.splices.truncate(point.splices);
    }

    /// Returns whether the problem affects only gateways, and the text is not sent to one.
    fn is_ignored(&self, code: Code) -> bool {
        self.remote_write && code.needs_gateway()
    }

    fn count(&self, severity: Severity) -> usize {
        self.kept.iter().filter(|((of, _), _)| *of == severity).map(|(_, kept)| kept.count).sum()
    }

    fn add(&mut self, severity: Severity, code: Code, span: Range<usize>, message: impl FnOnce() -> Message) {
        if self.count_one(severity, code, span.start) {
            self.keep(severity, code, span, message());
        }
    }

    /// Counts a problem at this position. Returns whether its diagnostic is kept.
    fn count_one(&mut self, severity: Severity, code: Code, start: usize) -> bool {
        if self.is_ignored(code) {
            return false;
        }
        let kept = self.kept.entry((severity, code)).or_default();
        kept.count += 1;
        kept.has_room(self.limit, start)
    }

    fn keep(&mut self, severity: Severity, code: Code, span: Range<usize>, message: Message) {
        let Message { text: message, help, related } = message;
        let diagnostic = Diagnostic { severity, code, span, message, help, related };
        self.kept.entry((severity, code)).or_default().push(diagnostic, self.limit);
    }

    /// Returns the counts, the repairs, and the diagnostics sorted by position. If there are too many diagnostics,
    /// errors take precedence over repairs, and repairs over warnings. Within a severity, the first few diagnostics of
    /// each code take precedence.
    pub(super) fn into_report(self) -> Report {
        let counts =
            [Severity::Error, Severity::Fixed, Severity::Warning].map(|severity| self.count(severity));
        let [errors, fixed, warnings] = counts;
        let counts = self.kept.iter().filter(|(_, kept)| kept.count > 0);
        let mut counts: Vec<_> =
            counts.map(|((severity, code), kept)| (*severity, *code, kept.count)).collect();
        counts.sort_by_key(|(severity, _, count)| (*severity, usize::MAX - count));
        let mut diagnostics = Vec::new();
        for ((severity, _), mut kept) in self.kept {
            kept.shorten(self.limit);
            let ranked = kept.first.into_iter().enumerate();
            diagnostics.extend(ranked.map(|(rank, found)| (severity, rank.min(FEW), found)));
        }
        diagnostics.sort_by_key(|(severity, rank, found)| (*severity, *rank, found.span.start));
        diagnostics.truncate(self.limit);
        let mut diagnostics: Vec<_> = diagnostics.into_iter().map(|(_, _, found)| found).collect();
        sort(&mut diagnostics);
        Report { diagnostics, errors, fixed, warnings, counts, splices: self.splices, ..Report::default() }
    }
}

/// The diagnostics with the same severity and code.
#[derive(Debug, Default)]
struct Kept {
    count: usize,
    /// The diagnostics kept so far. There can be up to twice the limit, so that sorting is rarely needed.
    first: Vec<Diagnostic>,
    /// No kept diagnostic starts after this position.
    last: usize,
}

impl Kept {
    /// Returns whether a diagnostic at this position would be one of the first.
    fn has_room(&self, limit: usize, start: usize) -> bool {
        self.first.len() < limit || start < self.last
    }

    fn push(&mut self, diagnostic: Diagnostic, limit: usize) {
        self.last = self.last.max(diagnostic.span.start);
        self.first.push(diagnostic);
        if self.first.len() >= limit.saturating_mul(2) {
            self.shorten(limit);
        }
    }

    fn shorten(&mut self, limit: usize) {
        sort(&mut self.first);
        self.first.truncate(limit);
        self.last = self.first.last().map_or(0, |last| last.span.start);
    }
}

/// Sorts by position. At the same position, the diagnostic about the format of the whole input comes first.
fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.code != Code::Openmetrics));
}
