//! `--message-format github`: GitHub Actions workflow commands, which create annotations in a pull request.
//!
//! The message repeats the location, because the log of a step shows only the message. The escaping rules are
//! from <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>: `%`, CR and LF are
//! escaped everywhere, and `:` and `,` only in properties.

use super::{Appearance, Location, location_name};
use crate::exposition::{Diagnostic, Severity};
use crate::output::message::github_data;
use crate::output::sanitize::Charset;

pub(super) fn render(diagnostic: &Diagnostic, location: Location<'_>, look: Appearance) -> String {
    // The log of a step is always UTF-8, and the file name must match exactly.
    let look = Appearance { charset: Charset::Unicode, ..look };
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Fixed => "notice",
    };
    let mut message = format!("{}: {}", location_name(location, look), look.text(&diagnostic.message));
    if let Some(help) = &diagnostic.help {
        let mut label = "help: ";
        for line in help.lines() {
            message.push('\n');
            message.push_str(std::mem::take(&mut label));
            message.push_str(&look.text(line));
        }
    }
    format!(
        "::{command} file={},line={},col={},title={}::{}\n",
        property(&look.text(location.name)),
        location.line,
        location.column,
        property(diagnostic.code.as_str()),
        github_data(&message),
    )
}

fn property(text: &str) -> String {
    github_data(text).replace(':', "%3A").replace(',', "%2C")
}
