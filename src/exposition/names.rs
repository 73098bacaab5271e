//! Rules for quoted metric and label names. Names without quotes are already checked by the scanner.

use super::code::Code;
use super::findings::{Findings, Message, QUOTED_NAME};
use super::messages::quoted;
use super::text::token::Token;
use crate::grouping::LegacyName;

/// Reports a name that the gateway rejects. Returns whether the name is valid. Unless `utf8_names` is set, the name
/// must be a valid `legacy` name.
#[inline]
pub(super) fn is_valid_name(
    name: &Token<'_>,
    legacy: LegacyName,
    utf8_names: bool,
    findings: &mut Findings,
) -> bool {
    name.is_plain() || is_valid_quoted(name, legacy, utf8_names, findings)
}

#[cold]
fn is_valid_quoted(name: &Token<'_>, legacy: LegacyName, utf8_names: bool, findings: &mut Findings) -> bool {
    let text = name.text();
    if text.is_empty() || std::str::from_utf8(&text).is_err() {
        let code = if legacy == LegacyName::Metric { Code::MetricName } else { Code::LabelName };
        findings.error(code, name.span(), || {
            Message::new(if text.is_empty() { "the name is empty" } else { "the name is not valid UTF-8" })
        });
        return false;
    }
    if !legacy.is(&text) && !utf8_names {
        let remote_write = findings.remote_write;
        findings.error(Code::Utf8Name, name.span(), || {
            if remote_write {
                return Message::new(format!("the name {} is accepted only with UTF-8 names enabled", quoted(&text)))
                    .help("use letters, digits and `_`; or use `--utf8-names` if the receiver accepts such names");
            }
            Message::new(format!("the gateway accepts the name {} only with UTF-8 names enabled", quoted(&text)))
                .help(
                    "use letters, digits and `_`; or start the gateway with `--push.enable-utf8-names` and use `--utf8-names`",
                )
        });
        return false;
    }
    findings.older_gateways(QUOTED_NAME, name.span());
    true
}
