//! Checks the input file by file, line by line, and then as a whole.
//!
//! The checker reports all problems, not only the first one. After an error, it continues with the next line. It does
//! not report problems that are only consequences of an earlier error.

use super::code::Code;
use super::context::Context;
use super::diagnostic::Report;
use super::family::FamilyTable;
use super::findings::{Findings, Message, RollbackPoint};
use super::messages;
use super::openmetrics::OpenmetricsTables;
use super::options::{CheckOptions, TextFormat};
use super::sample::{SampleRules, SampleTable};
use super::text::lines::{self, LineSpan, Text};
use super::text::scan::{self, Line, SyntaxError};
use super::text::token::LabelPair;
use super::{collisions, duplicates, lint, metadata, multiline, openmetrics, single_series, sniff};
use std::ops::Range;

/// Checks the input and returns the diagnostics and the repairs.
///
/// The result matches Pushgateway 1.11 with an empty store: the gateway rejects the text if and only if the report
/// contains an error or a repair. The exceptions are errors of [`Category::Pushgw`](super::code::Category::Pushgw),
/// which only pushgw reports.
pub fn check(text: Text<'_>, options: &CheckOptions<'_>) -> Report {
    let mut checker = Checker {
        context: Context {
            bytes: text.bytes,
            starts: text.starts,
            options,
            families: FamilyTable::new(text.bytes),
            has_invalid_type_line: false,
            stripped: 0,
            openmetrics: 0,
            openmetrics_errors: (0, None),
            findings: Findings::new(options),
        },
        samples: SampleRules::new(text.bytes, options),
        openmetrics: None,
        current: None,
    };
    for (number, (mark, file)) in lines::files(text).enumerate() {
        if openmetrics::is_format(number, &text.bytes[file.clone()], options) {
            checker.openmetrics_file(mark, &file);
        } else {
            checker.file(mark, &file);
        }
    }
    checker.finish(text)
}

struct Checker<'a> {
    context: Context<'a>,
    samples: SampleRules<'a>,
    /// The state for OpenMetrics files, or `None` if there are none so far.
    openmetrics: Option<OpenmetricsTables<'a>>,
    /// The family that the server's parser read last. The parser initially assigns lines that begin with `{` to it.
    current: Option<usize>,
}

impl<'a> Checker<'a> {
    fn openmetrics_file(&mut self, mark: Range<usize>, file: &Range<usize>) {
        self.byte_order_mark(mark);
        let Self { context, samples, openmetrics, .. } = self;
        let tables = openmetrics.get_or_insert_with(|| OpenmetricsTables::new(context.bytes));
        openmetrics::read_file(file, samples, context, tables);
        self.current = None;
    }

    fn byte_order_mark(&mut self, mark: Range<usize>) {
        if !mark.is_empty() {
            let message = || Message::new("the file begins with a byte-order mark");
            self.context.findings.repair(Code::ByteOrderMark, mark, "", message);
        }
    }

    fn file(&mut self, mark: Range<usize>, file: &Range<usize>) {
        self.byte_order_mark(mark);
        let mut start = file.start;
        let mut labels = Vec::new();
        let mut has_content = false;
        loop {
            while let Some(next) = self.samples.check_fast(start..file.end, &mut self.context) {
                start = next;
                has_content = true;
            }
            let Some(line) = lines::next(self.context.bytes, file, start, &mut labels) else { break };
            start = line.all.end + 1;
            let point = (!has_content).then(|| self.context.findings.rollback_point());
            let before = self.context.findings.parse_errors;
            let is_content = self.line(&line, &mut labels);
            let is_rejected = self.context.findings.parse_errors > before;
            if is_rejected {
                start = multiline::end(self.context.bytes, &line, file, &mut labels).unwrap_or(start);
            }
            if let Some(point) = point.filter(|_| is_content && is_rejected)
                && self.is_other_format(&line, file, &point)
            {
                return;
            }
            // A script begins with comments.
            has_content |= is_content && (is_rejected || self.context.bytes[line.all.start] != b'#');
            if !line.has_newline && is_content {
                let end = line.all.end;
                let message = || Message::new("the last line does not end with a newline");
                self.context.findings.repair(Code::MissingNewline, end..end, "\n", message);
            }
        }
    }

    /// Checks whether a file with an invalid first line is in another format. If so, reports that as its only error and
    /// returns true.
    fn is_other_format(&mut self, first: &LineSpan, file: &Range<usize>, point: &RollbackPoint) -> bool {
        let Some((what, help)) = sniff::other_format(&self.context.bytes[file.clone()]) else {
            return false;
        };
        self.context.findings.roll_back(point, first.all.start);
        self.context.openmetrics_errors = (0, None);
        let at = first.trimmed.start;
        let span = at..at + scan::character(&self.context.bytes[at..]);
        self.context.findings.error(Code::WrongFormat, span, || {
            Message::new(format!("the input is {what}, not metrics in the text format")).help(help)
        });
        true
    }

    /// Checks one line. Returns false if the line is blank.
    fn line(&mut self, line: &LineSpan, labels: &mut Vec<LabelPair<'a>>) -> bool {
        let LineSpan { all, trimmed, .. } = line;
        let (bytes, trailing) = (self.context.bytes, trimmed.end..all.end);
        let result = scan::line(bytes, trimmed.clone(), labels);
        let is_content = !matches!(result, Ok(Line::Blank));
        match &result {
            Ok(Line::Sample(sample)) => {
                let (parts, table) = ((sample, &labels[..]), SampleTable::Series);
                let checked = self.samples.check(all.start, parts, self.current, table, &mut self.context);
                self.current = checked.map(|(family, _)| family).or(self.current);
                if !sample.value.is_empty() && !multiline::is_status_line(&bytes[trimmed.clone()]) {
                    self.context.trailing_whitespace(trailing);
                }
            }
            Ok(Line::Blank) => self.context.trailing_whitespace(trailing),
            Ok(Line::Comment) => {
                metadata::comment(&mut self.context, trimmed);
                self.context.trailing_whitespace(trailing);
            }
            Ok(Line::Help(line)) => {
                self.current = metadata::help(&mut self.context, all, line, trailing).or(self.current);
            }
            Ok(Line::Type(line)) => {
                self.current = metadata::type_line(&mut self.context, all, line, trailing).or(self.current);
            }
            Err(error) => self.syntax_error(error, trimmed.clone()),
        }
        is_content
    }

    fn syntax_error(&mut self, error: &SyntaxError, line: Range<usize>) {
        self.samples.unread += 1;
        let bytes = self.context.bytes;
        self.context.has_invalid_type_line |= bytes[line.clone()].trim_ascii_start().starts_with(b"#");
        self.context.findings.parse_errors += 1;
        let code = messages::syntax_code(bytes, &line, error);
        self.context.findings.error_at(code, error.span.start, || messages::syntax_error(bytes, line, error));
    }

    /// Checks the input as a whole and returns the report.
    fn finish(self, text: Text<'_>) -> Report {
        let Self { mut context, samples, openmetrics: tables, .. } = self;
        let SampleRules { labels, series, count, unread, other_type_lines, .. } = samples;
        if context.options.lint {
            lint::check(text, &context.families, &mut context.findings);
        }
        collisions::check(&labels.overwrites, &mut context);
        let (mut exemplars, mut units) = (0, 0);
        if let Some(tables) = tables {
            (exemplars, units) = (tables.exemplars, tables.units);
            openmetrics::check_repeats(text, tables, &labels.overwrites, &mut context);
            context.findings.sort_splices();
        }
        metadata::other_type_lines(other_type_lines, &mut context);
        is_openmetrics(text, &mut context);
        if context.options.remote_write {
            single_series::check(text, &labels.overwrites, &mut context);
        } else {
            duplicates::check(text, series, &labels.overwrites, unread == 0, &mut context);
        }
        let Context { options, families, mut findings, stripped, .. } = context;
        if count == 0 && unread == 0 && !findings.has_errors() && !options.allow_empty {
            let end = text.bytes.len();
            findings.error(Code::NoSamples, end..end, || messages::no_samples(text.bytes, options));
        }
        let families = families.numbers().filter(|number| families[*number].sample().is_some()).count();
        Report { samples: count, families, stripped, exemplars, units, ..findings.into_report() }
    }
}

/// Reports that the input is OpenMetrics if it contains several OpenMetrics features, or one feature and a final `#
/// EOF`.
fn is_openmetrics(text: Text<'_>, context: &mut Context<'_>) {
    let is_complete = text.bytes.trim_ascii_end().ends_with(b"# EOF");
    let (errors, first) = std::mem::take(&mut context.openmetrics_errors);
    match first {
        Some((_, span, _)) if errors > 1 || is_complete => {
            context
                .findings
                .error(Code::WrongFormat, span, || openmetrics_message(is_complete, context.options));
        }
        Some((code, span, message)) => context.findings.error(code, span, || message),
        None if context.openmetrics > usize::from(!is_complete) => {
            let first = lines::line_from(text.bytes, 0);
            let message = || openmetrics_message(is_complete, context.options);
            context.findings.warning(Code::Openmetrics, first, message);
        }
        None => {}
    }
}

fn openmetrics_message(is_complete: bool, options: &CheckOptions<'_>) -> Message {
    const OTHER_FORMAT: &str =
        "or request the text format from the server: `Accept: text/plain;version=0.0.4`";
    if is_complete || options.format == TextFormat::Prometheus {
        let instead = if is_complete {
            "use `--format openmetrics`, or `pushgw convert`"
        } else {
            "save the metrics to a file that ends with the line `# EOF`, and convert it with `pushgw convert FILE`"
        };
        return Message::new("this is OpenMetrics text, but it is parsed as the Prometheus text format")
            .help(format!("{instead}; {OTHER_FORMAT}"));
    }
    Message::new("this is OpenMetrics text, but its last line is not `# EOF`")
        .help(format!("if it is complete, add the line `# EOF`, so that pushgw converts it; {OTHER_FORMAT}"))
}
