//! Writes diagnostics in the four formats of `--message-format`. Each format has its own module.
//!
//! `locate` finds the locations for all formats. The text may be large and have thousands of diagnostics, so
//! the formats read only the affected lines.

mod github;
mod human;
mod json;
mod locate;
mod short;

pub use locate::SourceFile;

use super::line::Appearance;
use super::message::MessageFormat;
use super::printer::{Channel, Printer, Verbosity};
use super::{Style, sanitize};
use crate::exposition::{Diagnostic, Report, Severity};
use locate::{Location, Locator};
use std::io;

/// The text of the diagnostics, and the files that it comes from.
#[derive(Clone, Copy, Debug)]
pub struct SourceText<'a> {
    /// The contents of all files, concatenated.
    pub bytes: &'a [u8],
    /// The files, sorted by offset. The first one starts at 0.
    pub files: &'a [SourceFile],
}

/// Maximum length of a human-readable message. It is limited because a message can quote untrusted text.
const MESSAGE_CHARS: usize = 1_000;

impl Appearance {
    /// Formats a message, help text or name on one line, shortened and safe to print.
    fn text(self, text: &str) -> String {
        let text = sanitize::shorten(text, MESSAGE_CHARS, self.charset);
        sanitize::text(&text, self.charset).into_owned()
    }
}

impl Printer<'_> {
    /// Writes the diagnostics, and the number of diagnostics that are missing from the report.
    ///
    /// With `-q`, only errors are written. In human-readable formats, `push` and `add` show repairs only with
    /// `-v`. Other formats and `check` always include them.
    pub fn diagnostics(
        &mut self,
        channel: Channel,
        sources: SourceText<'_>,
        report: &Report,
    ) -> io::Result<()> {
        let (look, format) = (self.look(channel), self.format);
        let mut locator = Locator::new(sources);
        for diagnostic in &report.diagnostics {
            if is_wanted(diagnostic.severity, channel, format, self.verbosity) {
                self.write(channel, &render(diagnostic, format, &mut locator, look))?;
            }
        }
        let all = report.errors + report.fixed + report.warnings;
        let hidden = all.saturating_sub(report.diagnostics.len());
        if hidden > 0 {
            // Always written to standard error, because machine-readable formats have no field for it.
            let s = if hidden == 1 { "" } else { "s" };
            self.warning(&format!("{hidden} more problem{s} not shown (--max-diagnostics)"));
        }
        Ok(())
    }
}

/// Formats the counts, such as `2 errors, 1 repair, 3 warnings`, or `no problems`. If some problems are not
/// shown and the errors have several codes, the errors are also counted by code.
pub fn summary(report: &Report) -> String {
    let counted = [(report.errors, "error"), (report.fixed, "repair"), (report.warnings, "warning")];
    let mut words: Vec<_> = counted
        .into_iter()
        .filter(|&(count, _)| count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    let codes: Vec<_> = report
        .counts
        .iter()
        .filter(|(severity, ..)| *severity == Severity::Error)
        .map(|(_, code, count)| format!("{count} {}", code.as_str()))
        .collect();
    if report.diagnostics.len() < report.errors + report.fixed + report.warnings && codes.len() > 1 {
        words[0] = format!("{} ({})", words[0], codes.join(", "));
    }
    if words.is_empty() { "no problems".to_owned() } else { words.join(", ") }
}

fn is_wanted(severity: Severity, channel: Channel, format: MessageFormat, verbosity: Verbosity) -> bool {
    match severity {
        Severity::Error => true,
        Severity::Warning => verbosity >= Verbosity::Normal,
        Severity::Fixed => match (channel, format) {
            (Channel::Message, MessageFormat::Human | MessageFormat::Short) => {
                verbosity >= Verbosity::Verbose
            }
            _ => verbosity >= Verbosity::Normal,
        },
    }
}

/// Formats one diagnostic, with a newline at the end.
fn render(
    diagnostic: &Diagnostic,
    format: MessageFormat,
    locator: &mut Locator<'_>,
    look: Appearance,
) -> String {
    let location = locator.locate(&diagnostic.span);
    match format {
        MessageFormat::Human => human::render(diagnostic, locator, look),
        MessageFormat::Short => short::render(&with_related(diagnostic, locator), location, look),
        MessageFormat::Json => json::render(&with_related(diagnostic, locator), location),
        MessageFormat::Github => github::render(&with_related(diagnostic, locator), location, look),
    }
}

/// Adds the related positions to the message, for formats that do not show them.
fn with_related(diagnostic: &Diagnostic, locator: &mut Locator<'_>) -> Diagnostic {
    let mut diagnostic = diagnostic.clone();
    for related in &diagnostic.related {
        let Location { name, line, .. } = locator.locate(&related.span);
        diagnostic.message = format!("{} ({}: {name}:{line})", diagnostic.message, related.message);
    }
    diagnostic
}

/// Returns the name of a severity, which programs may depend on, and its style.
fn severity_name(severity: Severity) -> (&'static str, Style) {
    match severity {
        Severity::Error => ("error", Style::Bad),
        Severity::Fixed => ("fixed", Style::Note),
        Severity::Warning => ("warning", Style::Warning),
    }
}

/// Formats a location as `file:line:column`, for human-readable formats.
fn location_name(location: Location<'_>, look: Appearance) -> String {
    format!("{}:{}:{}", look.text(location.name), location.line, location.column)
}

#[cfg(test)]
mod tests;
