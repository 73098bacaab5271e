//! `--message-format short`: one line per diagnostic, in the format that editors and `grep` use.

use super::{Appearance, Location, location_name, severity_name};
use crate::exposition::Diagnostic;

pub(super) fn render(diagnostic: &Diagnostic, location: Location<'_>, look: Appearance) -> String {
    let (severity, style) = severity_name(diagnostic.severity);
    let severity = style.paint(severity, look.color);
    format!("{}: {severity}: {}\n", location_name(location, look), look.text(&diagnostic.message))
}
