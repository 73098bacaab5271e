//! The `check` subcommand, and the check that `push` and `add` run before they send anything.

use super::{Context, plural};
use crate::config::Check;
use crate::error::Failure;
use crate::exposition::{self, Category, CheckOptions, Report, Severity, Text};
use crate::grouping::GroupingKey;
use crate::input::{self, Input};
use crate::output::{Channel, Printer, SourceText, diagnostics};
use std::borrow::Cow;

/// Input that passed the check and can be sent.
pub(super) struct Accepted<'a> {
    /// The bytes to send, with repairs applied.
    pub body: Cow<'a, [u8]>,
    pub amount: String,
}

/// Reads and checks the input, and prints the diagnostics to standard output.
pub(super) fn run(
    settings: &Check,
    grouping: Option<&GroupingKey>,
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let input = input::read(&settings.origins, context.stdin, context.printer.progress())?;
    let report = report(settings, grouping, &input, false);
    // If standard output is closed early, the exit status still reflects the result of the check.
    let shown = show(&input, &report, Channel::Result, context.printer);
    let refused = report.diagnostics.iter().any(|found| {
        found.severity == Severity::Error
            && matches!(found.code.category(), Category::Parser | Category::Store)
    });
    let consequence = if refused {
        Some("a gateway would reject this input")
    } else if report.errors > 0 {
        Some("push would not send this input")
    } else {
        None
    };
    refuse(settings, &report, consequence).and(shown)?;
    note_removed(settings, &report, context.printer);
    context.printer.success(&format!("{}; {}", amount(&report), diagnostics::summary(&report)));
    Ok(())
}

/// Checks the input before a push and prints problems to standard error. Returns an error unless a gateway would accept
/// the text.
pub(super) fn accept<'a>(
    settings: &Check,
    grouping: Option<&GroupingKey>,
    input: &'a Input,
    printer: &mut Printer<'_>,
) -> Result<Accepted<'a>, Failure> {
    accept_or(settings, grouping, input, Some("nothing was sent"), printer)
}

/// Like [`accept`], but the error message ends with `consequence`.
pub(super) fn accept_or<'a>(
    settings: &Check,
    grouping: Option<&GroupingKey>,
    input: &'a Input,
    consequence: Option<&str>,
    printer: &mut Printer<'_>,
) -> Result<Accepted<'a>, Failure> {
    let report = report(settings, grouping, input, true);
    show(input, &report, Channel::Message, printer)?;
    refuse(settings, &report, consequence)?;
    note_removed(settings, &report, printer);
    let body = exposition::apply(&input.bytes, &report.splices);
    Ok(Accepted { body, amount: amount(&report) })
}

/// Prints how many timestamps, exemplars and units a push leaves out, only with `-v`.
fn note_removed(settings: &Check, report: &Report, printer: &mut Printer<'_>) {
    if report.stripped > 0 {
        printer.note(&format!("removed {}", plural(report.stripped, "timestamp")));
    }
    for (count, noun) in [(report.exemplars, "exemplar"), (report.units, "unit")] {
        if count > 0 {
            let count = plural(count, noun);
            printer.note(&if settings.options.remote_write {
                format!("removed {count}: remote write does not send {noun}s")
            } else {
                format!("removed {count}, which the text format does not support")
            });
        }
    }
}

/// Formats the counts, such as `2 metrics, 5 samples`.
fn amount(report: &Report) -> String {
    format!("{}, {}", plural(report.families, "metric"), plural(report.samples, "sample"))
}

/// Checks the input. With `--strict`, warnings are shown as errors, but they are still counted separately.
fn report(settings: &Check, grouping: Option<&GroupingKey>, input: &Input, edits: bool) -> Report {
    let starts: Vec<usize> = input.sources.iter().map(|source| source.start).collect();
    let text = Text { bytes: &input.bytes, starts: &starts };
    let options = CheckOptions { edits, prometheus_files: &input.option_lines, ..settings.options(grouping) };
    let mut report = exposition::check(text, &options);
    if settings.strict {
        for found in report.diagnostics.iter_mut().filter(|found| found.severity == Severity::Warning) {
            found.severity = Severity::Error;
        }
    }
    report
}

fn show(input: &Input, report: &Report, channel: Channel, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let sources = SourceText { bytes: &input.bytes, files: &input.sources };
    printer.diagnostics(channel, sources, report).map_err(Failure::output)
}

/// Returns an error if the report contains errors. Its message ends with `consequence`.
fn refuse(settings: &Check, report: &Report, consequence: Option<&str>) -> Result<(), Failure> {
    let strict = settings.strict && report.warnings > 0;
    if report.errors == 0 && !strict {
        return Ok(());
    }
    let mut message = diagnostics::summary(report);
    if strict {
        message.push_str(", which --strict treats as ");
        message.push_str(if report.warnings == 1 { "an error" } else { "errors" });
    }
    if let Some(consequence) = consequence {
        message.push_str("; ");
        message.push_str(consequence);
    }
    Err(Failure::Input { message })
}
