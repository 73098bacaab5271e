//! `--message-format json`: one object a line. Nothing is cut or made safe here: a program reads it, and JSON
//! escapes control characters by itself.

use super::{Place, severity_name};
use crate::exposition::Diagnostic;
use serde::Serialize;

/// The fields and their order are part of the command line's contract.
#[derive(Serialize)]
struct Object<'a> {
    severity: &'a str,
    code: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
    help: Option<&'a str>,
}

pub(super) fn render(diagnostic: &Diagnostic, place: Place<'_>) -> String {
    let object = Object {
        severity: severity_name(diagnostic.severity),
        code: diagnostic.code.as_str(),
        file: place.name,
        line: place.line,
        column: place.column,
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
    };
    // Strings and numbers alone: there is nothing in it that can't be written.
    let mut line = serde_json::to_string(&object).unwrap_or_default();
    line.push('\n');
    line
}
