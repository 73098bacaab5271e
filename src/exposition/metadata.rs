//! The rules of HELP and TYPE lines.

use super::code::Code;
use super::context::Context;
use super::family::Suffix;
use super::findings::{Message, QUOTED_NAME};
use super::messages::{self, quoted};
use super::model::kind::Kind;
use super::names::is_valid_name;
use super::text::lines::{line_from, trimmed_len};
use super::text::scan::{self, Metadata};
use super::text::token::Token;
use crate::grouping::LegacyName;
use std::ops::Range;

/// Checks `# HELP name text`. Returns the family that it names.
pub(super) fn help<'a>(context: &mut Context<'a>, line: &Metadata<'a>) -> Option<usize> {
    let (number, _) = family(context, line)?;
    let Some(text) = line.text.clone() else { return Some(number) };
    let bytes = &context.bytes[text.clone()];
    if !is_first_help(context, &line.name, number, bytes) || !escapes(context, &text) {
        return Some(number);
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = text.start + error.valid_up_to();
        context.findings.error(Code::HelpInvalidUtf8, at..at + 1, || {
            Message::new("the HELP text is not valid UTF-8")
                .help("the gateway would accept it, but then Prometheus could not scrape the gateway")
        });
    }
    let returns = bytes.iter().rev().take_while(|byte| **byte == b'\r').count();
    if returns > 0 {
        let span = text.end - returns..text.end;
        context.findings.cut_or_insert(span.clone(), "");
        context.findings.warning(Code::HelpCarriageReturn, span, || {
            Message::new("the HELP text ends with a carriage return, which the gateway would store")
                .help("end each line with a newline only")
        });
    }
    Some(number)
}

/// Whether a HELP line is the first one of its family. The repairs remove carriage returns, so a text of nothing else
/// becomes no text, and the line does not count as a second one.
fn is_first_help<'a>(context: &mut Context<'a>, name: &Token<'a>, number: usize, text: &[u8]) -> bool {
    let is_blank = text.iter().all(|byte| *byte == b'\r');
    let family = &mut context.families[number];
    let first = family.help();
    let is_second = first.is_some() || family.has_blank_help;
    if is_blank {
        family.has_blank_help = true;
    } else {
        family.add_help(name);
    }
    if !is_second {
        return true;
    }
    let (bytes, family) = (context.bytes, context.families.name(number));
    let message = || {
        Message::new(format!("second HELP line for {}", quoted(&family)))
            .help("remove this line; a metric has one HELP line")
            .related(first.map(|first| line_from(bytes, first)), "first HELP line")
    };
    let is_repaired = is_blank || first.is_none();
    if is_repaired {
        context.findings.repaired(Code::DuplicateHelp, name.span(), message);
    } else {
        context.findings.error(Code::DuplicateHelp, name.span(), message);
    }
    is_repaired
}

/// Whether the parser accepts the escapes in a HELP text.
fn escapes(context: &mut Context<'_>, text: &Range<usize>) -> bool {
    let bytes = &context.bytes[text.clone()];
    let mut rest = bytes.iter().enumerate();
    while let Some((at, byte)) = rest.next() {
        if *byte != b'\\' {
            continue;
        }
        match rest.next() {
            Some((_, b'\\' | b'n')) => {}
            Some((_, b'"')) => {
                let at = text.start + at;
                let text = "older gateways, such as 1.5.1, reject `\\\"` in a HELP text; a plain `\"` works everywhere";
                context.findings.older_gateways(text, at..at + 2);
            }
            _ => {
                let end = at + 1 + scan::character(&bytes[at + 1..]);
                let span = text.start + at..text.start + end;
                context.findings.error(Code::Escape, span, || messages::escape(&bytes[at..end]));
                return false;
            }
        }
    }
    true
}

/// Checks `# TYPE name type`. Returns the family that it names.
pub(super) fn type_line<'a>(context: &mut Context<'a>, line: &Metadata<'a>) -> Option<usize> {
    let (number, suffix) = family(context, line)?;
    let Some(text) = line.text.clone() else { return Some(number) };
    let family = &mut context.families[number];
    if family.kind.is_some() && !family.kind_is_guessed {
        second_type(context, &line.name, number, suffix);
        return Some(number);
    }
    let bytes = &context.bytes[text.clone()];
    let length = trimmed_len(bytes);
    let (name, span) = (&bytes[..length], text.start..text.start + length);
    let kind = Kind::parse(name);
    let is_invalid = kind.is_none() && length > 0;
    family.kind = kind;
    family.kind_is_guessed = is_invalid;
    family.add_type_line(&line.name);
    if kind == Some(Kind::GaugeHistogram) {
        let text = "gateways before 1.11.2 do not support gauge histograms";
        context.findings.older_gateways(text, span.clone());
    }
    if is_invalid {
        let metric = line.name.text();
        let (message, guess) = messages::unknown_type(&metric, name);
        context.families[number].kind = Some(guess.unwrap_or(Kind::Untyped));
        // The help has the whole line if the name changes too.
        let is_renamed = name.eq_ignore_ascii_case(b"info") && !metric.ends_with(b"_info");
        let span = if is_renamed { start_of_comment(context.bytes, &line.name)..span.end } else { span };
        context.findings.error(Code::UnknownType, span, || message);
    } else {
        context.trailing_whitespace(span.end..text.end);
    }
    Some(number)
}

/// Where the `#` is of the HELP or TYPE line with this name.
fn start_of_comment(bytes: &[u8], name: &Token<'_>) -> usize {
    let start = name.span().start;
    memchr::memrchr(b'#', &bytes[..start]).unwrap_or(start)
}

/// A TYPE line of a family whose type a TYPE line or the first sample has already set.
fn second_type(context: &mut Context<'_>, name: &Token<'_>, number: usize, suffix: Suffix) {
    let bytes = context.bytes;
    let family = quoted(&context.families.name(number));
    if let Some(first) = context.families[number].type_line() {
        context.findings.error(Code::DuplicateType, name.span(), || {
            let text = if suffix == Suffix::None {
                format!("second TYPE line for {family}")
            } else {
                format!("{} belongs to {family}, which already has a type", quoted(name.raw()))
            };
            Message::new(text)
                .help("remove this line; a metric has one TYPE line")
                .related(line_from(bytes, first), "first TYPE line")
        });
    } else {
        let first = context.families[number].sample();
        context.findings.error(Code::TypeAfterSamples, name.span(), || {
            Message::new(format!("the TYPE line of {family} comes after its first sample"))
                .help("move it before the samples")
                .related(first.map(|first| line_from(bytes, first)), "first sample")
        });
    }
}

/// The family of a HELP or TYPE line, unless the server ignores the line or rejects the name.
fn family<'a>(context: &mut Context<'a>, line: &Metadata<'a>) -> Option<(usize, Suffix)> {
    if line.ignored {
        if !line.name.is_plain() {
            context.findings.older_gateways(QUOTED_NAME, line.name.span());
        }
        return None;
    }
    is_valid_name(&line.name, LegacyName::Metric, context.rules.utf8_names, &mut context.findings)
        .then(|| context.families.get_or_add(&line.name))
}
