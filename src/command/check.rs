//! `check`, and the same look at the text that `push` and `add` take before they send.

use super::Context;
use crate::config::Check;
use crate::error::Failure;
use crate::exposition::{self, Report, Text};
use crate::grouping::GroupingKey;
use crate::input::{self, Input};
use crate::output::{Channel, Printer, Sources};
use std::borrow::Cow;

/// A text that a gateway accepts.
pub(super) struct Accepted<'a> {
    /// The bytes to send: the input's own, with the repairs.
    pub body: Cow<'a, [u8]>,
    samples: usize,
    families: usize,
}

impl Accepted<'_> {
    /// `2 metrics, 5 samples`.
    pub(super) fn amount(&self) -> String {
        let plural = |count: usize, noun: &str| match count {
            1 => format!("1 {noun}"),
            _ => format!("{count} {noun}s"),
        };
        format!("{}, {}", plural(self.families, "metric"), plural(self.samples, "sample"))
    }
}

/// Reads and checks; the diagnostics are the result.
pub(super) fn run(
    settings: &Check,
    grouping: Option<&GroupingKey>,
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let input = input::read(&settings.origins, context.stdin)?;
    let report = report(settings, grouping, &input);
    show(settings, &input, &report, Channel::Result, context.printer)?;
    refuse(settings, &report, "a gateway would refuse it")
}

/// Checks before a push: problems go to standard error, and nothing but a text that a gateway accepts comes back.
pub(super) fn accept<'a>(
    settings: &Check,
    grouping: Option<&GroupingKey>,
    input: &'a Input,
    printer: &mut Printer<'_>,
) -> Result<Accepted<'a>, Failure> {
    let report = report(settings, grouping, input);
    show(settings, input, &report, Channel::Message, printer)?;
    refuse(settings, &report, "nothing was sent")?;
    let body = exposition::apply(&input.bytes, &report.splices);
    Ok(Accepted { body, samples: report.samples, families: report.families })
}

pub(super) fn report(settings: &Check, grouping: Option<&GroupingKey>, input: &Input) -> Report {
    let starts: Vec<usize> = input.sources.iter().map(|source| source.start).collect();
    exposition::check(Text { bytes: &input.bytes, starts: &starts }, &settings.rules(grouping))
}

fn show(
    settings: &Check,
    input: &Input,
    report: &Report,
    channel: Channel,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let sources = Sources { bytes: &input.bytes, files: &input.sources };
    printer.diagnostics(channel, settings.message_format, sources, report).map_err(Failure::output)
}

fn refuse(settings: &Check, report: &Report, consequence: &'static str) -> Result<(), Failure> {
    let errors = report.errors + if settings.strict { report.warnings } else { 0 };
    if errors == 0 { Ok(()) } else { Err(Failure::Input { errors, consequence }) }
}
