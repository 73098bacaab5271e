//! Formats messages without a position for the machine-readable formats of `--message-format`.

use super::sanitize::{self, Charset};
use clap::ValueEnum;
use serde::Serialize;

/// The values of `--message-format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// The line, with a mark under the problem
    #[default]
    Human,
    /// One line: file, line, column, severity and message
    Short,
    /// One JSON object per line
    Json,
    /// Workflow commands of GitHub Actions
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
    Note,
}

/// A message as JSON, with the same fields as a diagnostic. Only an error has a code.
#[derive(Serialize)]
struct JsonMessage<'a> {
    severity: &'a str,
    code: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    help: Option<&'a str>,
}

/// Formats a message as one line, including the newline. Returns `None` for a human-readable format.
pub(super) fn render(
    format: MessageFormat,
    level: Level,
    code: Option<&str>,
    message: &str,
    help: Option<&str>,
) -> Option<String> {
    let (severity, command) = match level {
        Level::Error => ("error", "error"),
        Level::Warning => ("warning", "warning"),
        Level::Note => ("note", "notice"),
    };
    match format {
        MessageFormat::Human | MessageFormat::Short => None,
        MessageFormat::Json => {
            let (file, line, column) = (None, None, None);
            let object = JsonMessage { severity, code, file, line, column, message, help };
            // The object contains only strings, so this can't fail.
            Some(serde_json::to_string(&object).unwrap_or_default() + "\n")
        }
        MessageFormat::Github => {
            let hint = help.map(|help| format!("\nhint: {help}")).unwrap_or_default();
            let text = format!("{message}{hint}");
            // The log of a step is UTF-8 in every locale.
            let lines: Vec<_> = text.lines().map(|line| sanitize::text(line, Charset::Unicode)).collect();
            Some(format!("::{command}::{}\n", github_data(&lines.join("\n"))))
        }
    }
}

/// Escapes the text of a workflow command. The rules are from
/// <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>.
pub(super) fn github_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
