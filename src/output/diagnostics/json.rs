//! `--message-format json`: one JSON object per line. Nothing is shortened or sanitized, because programs
//! read the output, and JSON escapes control characters.

use super::{Location, severity_name};
use crate::exposition::Diagnostic;
use serde::Serialize;

/// A diagnostic as JSON. Programs may depend on the fields and their order.
#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    severity: &'a str,
    code: &'a str,
    file: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
    help: Option<&'a str>,
}

pub(super) fn render(diagnostic: &Diagnostic, location: Location<'_>) -> String {
    let object = JsonDiagnostic {
        severity: severity_name(diagnostic.severity).0,
        code: diagnostic.code.as_str(),
        file: location.name,
        line: location.line,
        column: location.column,
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
    };
    // The object contains only strings and numbers, so this can't fail.
    let mut line = serde_json::to_string(&object).unwrap_or_default();
    line.push('\n');
    line
}
