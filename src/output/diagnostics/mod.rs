//! Diagnostics in the four forms of `--message-format`, one file each.
//!
//! All forms name a place in the same way (`locate`). The rest differs: a person needs the line with a mark below it, an
//! editor one line, a program every field, GitHub its commands. A text can be large and have thousands of findings, so no
//! form reads more of it than the lines in question.

mod github;
mod human;
mod json;
mod locate;
mod short;

pub use locate::Source;

use super::line::Appearance;
use super::printer::{Channel, Printer, Verbosity};
use super::{Style, sanitize};
use crate::exposition::{Diagnostic, Report, Severity};
use clap::ValueEnum;
use locate::{Locator, Place};
use std::io;

/// The values of `--message-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// The line, with a mark under the problem
    Human,
    /// One line: file, line, column, severity and message
    Short,
    /// One JSON object per line
    Json,
    /// Workflow commands of GitHub Actions
    Github,
}

/// The text that the diagnostics are about: all bytes, and the files that they came from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// All bytes, one file after the other.
    pub bytes: &'a [u8],
    /// The files in the order of their starts, the first one at 0. Lines are counted in each of its own.
    pub files: &'a [Source],
}

/// Maximum length of a message for people, in characters. It can quote foreign text.
const MESSAGE_CHARS: usize = 1_000;

impl Appearance {
    /// A message, a help or a name, on one line and safe.
    fn text(self, text: &str) -> String {
        let text = sanitize::shorten(text, MESSAGE_CHARS, self.charset);
        sanitize::text(&text, self.charset).into_owned()
    }
}

impl Printer<'_> {
    /// Writes the findings, and how many more there are if the report holds only a part.
    ///
    /// With `-q` only errors are written. People see the repairs of a push with `-v` only; programs and `check` get all of
    /// them.
    ///
    /// # Errors
    ///
    /// As [`Printer::result`], for [`Channel::Result`]; never for [`Channel::Message`].
    pub fn diagnostics(
        &mut self,
        channel: Channel,
        format: MessageFormat,
        sources: Sources<'_>,
        report: &Report,
    ) -> io::Result<()> {
        let look = self.look(channel);
        let mut locator = Locator::new(sources);
        let verbosity = self.verbosity();
        for diagnostic in &report.diagnostics {
            if is_wanted(diagnostic.severity, channel, format, verbosity) {
                self.write(channel, &render(diagnostic, format, &mut locator, look))?;
            }
        }
        let hidden = hidden(report);
        if hidden > 0 {
            // On standard error in any case: the forms for programs have no place for it.
            let s = if hidden == 1 { "" } else { "s" };
            self.warning(&format!("{hidden} more problem{s} not shown (--max-diagnostics)"));
        }
        Ok(())
    }
}

/// The counts in words, such as `2 errors, 1 repair, 3 warnings`; `no problems` if there are none.
#[must_use]
pub fn summary(report: &Report) -> String {
    let counted = [(report.errors, "error"), (report.fixed, "repair"), (report.warnings, "warning")];
    let words: Vec<_> = counted
        .into_iter()
        .filter(|&(count, _)| count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() { "no problems".to_owned() } else { words.join(", ") }
}

/// How many findings the report only counts.
fn hidden(report: &Report) -> usize {
    (report.errors + report.fixed + report.warnings).saturating_sub(report.diagnostics.len())
}

fn is_wanted(severity: Severity, channel: Channel, format: MessageFormat, verbosity: Verbosity) -> bool {
    match severity {
        Severity::Error => true,
        Severity::Warning => verbosity >= Verbosity::Normal,
        Severity::Fixed => match (channel, format) {
            (Channel::Message, MessageFormat::Human | MessageFormat::Short) => {
                verbosity >= Verbosity::Verbose
            }
            (Channel::Message, MessageFormat::Json | MessageFormat::Github) | (Channel::Result, _) => {
                verbosity >= Verbosity::Normal
            }
        },
    }
}

/// One diagnostic, its last newline included.
fn render(
    diagnostic: &Diagnostic,
    format: MessageFormat,
    locator: &mut Locator<'_>,
    look: Appearance,
) -> String {
    match format {
        MessageFormat::Human => human::render(diagnostic, locator, look),
        MessageFormat::Short => short::render(diagnostic, locator.locate(&diagnostic.span), look),
        MessageFormat::Json => json::render(diagnostic, locator.locate(&diagnostic.span)),
        MessageFormat::Github => github::render(diagnostic, locator.locate(&diagnostic.span), look),
    }
}

/// The name of a severity; part of the command line's contract.
fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Fixed => "fixed",
        Severity::Warning => "warning",
    }
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => Style::Bad,
        Severity::Fixed => Style::Note,
        Severity::Warning => Style::Warning,
    }
}

/// `file:line:column` for people.
fn place_name(place: Place<'_>, look: Appearance) -> String {
    format!("{}:{}:{}", look.text(place.name), place.line, place.column)
}

#[cfg(test)]
mod tests;
