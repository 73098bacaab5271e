//! `--message-format short`: one line a diagnostic, as editors and `grep` know it from other tools.

use super::{Appearance, Place, place_name, severity_name};
use crate::exposition::Diagnostic;

pub(super) fn render(diagnostic: &Diagnostic, place: Place<'_>, look: Appearance) -> String {
    let severity = severity_name(diagnostic.severity);
    let severity = super::severity_style(diagnostic.severity).paint(severity, look.color);
    format!("{}: {severity}: {}\n", place_name(place, look), look.text(&diagnostic.message))
}
