//! Checks HELP and TYPE lines.

use super::code::Code;
use super::context::Context;
use super::family::{Suffix, split_suffix};
use super::findings::{Message, QUOTED_NAME};
use super::messages::{self, quoted};
use super::model::kind::Kind;
use super::names::is_valid_name;
use super::text::lines::{Text, line_from, line_in_file, trimmed_len};
use super::text::scan::{self, Metadata};
use super::text::spans::name_at;
use super::text::token::Token;
use crate::grouping::LegacyName;
use std::ops::Range;

/// Checks the HELP line `all`, which ends with `trailing` whitespace. Returns the family, unless a repair removes the
/// line.
pub(super) fn help<'a>(
    context: &mut Context<'a>,
    all: &Range<usize>,
    line: &Metadata<'a>,
    trailing: Range<usize>,
) -> Option<usize> {
    let family = family(context, line);
    let text = line.text.clone();
    let (Some((number, _)), Some(text)) = (family, text) else {
        context.trailing_whitespace(trailing);
        return family.map(|(number, _)| number);
    };
    if is_repeated_help(context, number, &text) {
        repeated(context, Code::DuplicateHelp, &line.name, all, context.families[number].help());
        return None;
    }
    context.trailing_whitespace(trailing);
    if !is_first_help(context, &line.name, number, &context.bytes[text.clone()]) || !escapes(context, &text) {
        return Some(number);
    }
    help_text(context, &text);
    Some(number)
}

/// Reports problems in a HELP text that the parser ignores: invalid UTF-8, and carriage returns at the end.
fn help_text(context: &mut Context<'_>, text: &Range<usize>) {
    let bytes = &context.bytes[text.clone()];
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
}

/// Returns whether a HELP line has the same text as the first HELP line of the family.
fn is_repeated_help(context: &Context<'_>, number: usize, text: &Range<usize>) -> bool {
    let Some(first) = context.families[number].help() else { return false };
    let bytes = context.bytes;
    let first = &bytes[line_in_file(Text { bytes, starts: context.starts }, first)];
    let text = &bytes[text.clone()];
    let trimmed = |text: &[u8]| text.len() - text.iter().rev().take_while(|byte| **byte == b'\r').count();
    let (first, text) = (&first[..trimmed(first)], &text[..trimmed(text)]);
    first.strip_suffix(text).is_some_and(|before| {
        matches!(before.last(), Some(b' ' | b'\t'))
            && !text.is_empty()
            && name_len(before) == before.trim_ascii_end().len()
    })
}

/// Returns the length of the name at the start of `text`.
fn name_len(text: &[u8]) -> usize {
    name_at(text, 0).end
}

/// Removes a HELP or TYPE line that repeats the `first` one. Its newline is kept, so that line numbers do not change.
fn repeated(
    context: &mut Context<'_>,
    code: Code,
    name: &Token<'_>,
    all: &Range<usize>,
    first: Option<usize>,
) {
    let bytes = context.bytes;
    let keyword = if code == Code::DuplicateHelp { "HELP" } else { "TYPE" };
    context.findings.cut_or_insert(all.clone(), "");
    context.findings.repaired(code, name.span(), || {
        let name = quoted(&name.text());
        let text = if code == Code::TypeAfterSamples {
            format!("the TYPE line of {name} comes after its first sample")
        } else {
            format!("the {keyword} line for {name} is repeated")
        };
        Message::new(text)
            .help("remove this line; the gateway accepts one for each metric, before its samples")
            .related(first.map(|first| line_from(bytes, first)), format!("first {keyword} line"))
    });
}

/// Reports a HELP line that is not the first one for its family. Returns false if repairs cannot fix the line. A line
/// that contains only carriage returns is not an error, because repairs remove them.
fn is_first_help<'a>(context: &mut Context<'a>, name: &Token<'a>, number: usize, text: &[u8]) -> bool {
    let is_blank = text.iter().all(|byte| *byte == b'\r');
    let families = &mut context.families;
    let first = families[number].help();
    let is_second = first.is_some() || families.with_blank_help.contains(&number);
    if is_blank {
        families.with_blank_help.insert(number);
    } else {
        families[number].add_help(name);
    }
    if !is_second {
        return true;
    }
    let (bytes, family) = (context.bytes, context.families.name(number));
    let message = || {
        Message::new(format!("duplicate HELP line for {}", quoted(&family)))
            .help("remove this line; a metric has only one HELP line, for all its samples")
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

/// Reports the first invalid escape in a HELP text. Returns true if there is none.
fn escapes(context: &mut Context<'_>, text: &Range<usize>) -> bool {
    let bytes = &context.bytes[text.clone()];
    let mut next = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[next..]) {
        let at = next + found;
        next = at + 2;
        match bytes.get(at + 1) {
            Some(b'\\' | b'n') => {}
            Some(b'"') => {
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

/// Checks the TYPE line `all`, which ends with `trailing` whitespace. Returns the family, unless a repair removes the
/// line.
pub(super) fn type_line<'a>(
    context: &mut Context<'a>,
    all: &Range<usize>,
    line: &Metadata<'a>,
    trailing: Range<usize>,
) -> Option<usize> {
    let family = family(context, line);
    without_type(context, line, family.is_some());
    let text = line.text.clone();
    let (Some((number, suffix)), Some(text)) = (family, text) else {
        context.trailing_whitespace(trailing);
        return family.map(|(number, _)| number);
    };
    if is_repeated_type(context, (number, suffix), &text) {
        let first = context.families[number].type_line();
        let code = if first.is_some() { Code::DuplicateType } else { Code::TypeAfterSamples };
        repeated(context, code, &line.name, all, first);
        return None;
    }
    context.trailing_whitespace(trailing);
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
        context.has_invalid_type_line = true;
        let is_openmetrics =
            [&b"info"[..], b"stateset", b"unknown"].iter().any(|kind| name.eq_ignore_ascii_case(kind));
        // If the suggested fix also changes the name, it replaces the whole line, so the whole line is highlighted.
        let is_renamed = message.help.as_ref().is_some_and(|help| help.contains("write `# TYPE"));
        let span = if is_renamed { start_of_comment(context.bytes, &line.name)..span.end } else { span };
        if is_openmetrics {
            context.openmetrics_error(Code::UnknownType, span, || message);
        } else {
            context.findings.error(Code::UnknownType, span, || message);
        }
    } else {
        context.trailing_whitespace(span.end..text.end);
    }
    Some(number)
}

/// Warns about a TYPE line that has only one word.
fn without_type(context: &mut Context<'_>, line: &Metadata<'_>, has_family: bool) {
    let text = &context.bytes[line.text.clone().unwrap_or_default()];
    if trimmed_len(text) == 0 && (line.ignored || has_family) {
        context.findings.warning(Code::IgnoredTypeLine, line.name.span(), || {
            Message::new("the name or the type is missing, so this line has no effect")
                .help(messages::EMPTY_VARIABLE)
        });
    }
}

/// Returns the position of the `#` in the HELP or TYPE line that contains `name`.
fn start_of_comment(bytes: &[u8], name: &Token<'_>) -> usize {
    let start = name.span().start;
    memchr::memrchr(b'#', &bytes[..start]).unwrap_or(start)
}

/// Returns whether a TYPE line repeats the type that its family already has from another TYPE line or from its first
/// sample.
fn is_repeated_type(context: &Context<'_>, (number, suffix): (usize, Suffix), text: &Range<usize>) -> bool {
    let family = &context.families[number];
    let text = &context.bytes[text.clone()];
    family.kind.is_some()
        && !family.kind_is_guessed
        && suffix == Suffix::None
        && family.kind == Kind::parse(&text[..trimmed_len(text)])
}

/// Reports a TYPE line for a family whose type was already set by an earlier TYPE line or by its first sample.
fn second_type(context: &mut Context<'_>, name: &Token<'_>, number: usize, suffix: Suffix) {
    let bytes = context.bytes;
    let family = quoted(&context.families.name(number));
    if let Some(first) = context.families[number].type_line() {
        context.findings.error(Code::DuplicateType, name.span(), || {
            let text = if suffix == Suffix::None {
                format!("duplicate TYPE line for {family}")
            } else {
                format!("{} belongs to {family}, which already has a type", quoted(name.raw()))
            };
            Message::new(text)
                .help("remove one of the two lines; a metric can have only one type")
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

/// Warns about a comment that looks like a TYPE line, or like a HELP line before a line for the same metric.
pub(super) fn comment(context: &mut Context<'_>, line: &Range<usize>) {
    let text = &context.bytes[line.clone()];
    // 0xc2 and 0xa0 are the bytes of a no-break space.
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | 0xc2 | 0xa0);
    let Some(at) = text.iter().position(|byte| !is_space(byte) && *byte != b'#') else { return };
    let mut words = text[at..].split(is_space).filter(|word| !word.is_empty());
    let (Some(keyword), Some(name), Some(third)) = (words.next(), words.next(), words.next()) else { return };
    let word = keyword.strip_suffix(b":").unwrap_or(keyword);
    let has_other_space = text[..at].contains(&0xa0) || text.get(at + keyword.len()) == Some(&0xc2);
    if !LegacyName::Metric.is(name) || matches!(keyword, b"TYPE" | b"HELP") && !has_other_space {
        return;
    }
    let start = line.start + at;
    let next = &context.bytes[(line.end + 1).min(context.bytes.len())..];
    let is_next = || next.strip_prefix(b"# TYPE ").unwrap_or(next).starts_with(name);
    let is_help = word.eq_ignore_ascii_case(b"HELP") && is_next();
    let is_type =
        word.eq_ignore_ascii_case(b"TYPE") && Kind::parse(third).is_some() && words.next().is_none();
    if !is_type && !is_help {
        return;
    }
    let meant = if is_type { "TYPE" } else { "HELP" };
    context.findings.warning(Code::IgnoredTypeLine, start..start + keyword.len(), || {
        let spaces = if has_other_space { ", with plain spaces" } else { "" };
        Message::new(format!("this comment has no effect; is it meant to be a {meant} line?"))
            .help(format!("write `{meant}`{spaces}"))
    });
}

/// Warns about TYPE lines without samples that are followed by a sample with a similar name but no TYPE line, or that
/// come after all parts of the histogram or summary.
pub(super) fn other_type_lines(mut pairs: Vec<(usize, usize)>, context: &mut Context<'_>) {
    let families = &context.families;
    pairs.extend(families.numbers().filter_map(|number| {
        families[number].kind.filter(|kind| kind.is_composite())?;
        let sum = families.exact(&[&families.name(number), &b"_sum"[..]].concat())?;
        (families[sum].sample()? < families[number].type_line()?).then_some((number, sum))
    }));
    for (declared, sampled) in pairs {
        let (family, other) = (&context.families[declared], &context.families[sampled]);
        let (name, other_name) = (context.families.name(declared), context.families.name(sampled));
        let first_word =
            |name: &[u8]| name.split(|byte| matches!(byte, b'_' | b':')).next().map(<[u8]>::to_vec);
        let is_openmetrics = other_name.strip_prefix(&*name) == Some(b"_total");
        let Some(at) = family.type_line() else { continue };
        if family.sample().is_none()
            && !family.kind_is_guessed
            && other.type_line().is_none()
            && other.is_metric
            && first_word(&name) == first_word(&other_name)
            && !is_openmetrics
        {
            context.findings.warning(Code::OtherTypeLine, name_at(context.bytes, at), || {
                let is_part = split_suffix(&other_name).is_some_and(|(base, _)| base == &*name);
                let is_composite = is_part && family.kind.is_some_and(Kind::is_composite);
                let (name, quoted_other) = (quoted(&name), quoted(&other_name));
                Message::new(format!("this line is for {name}, so {quoted_other} is untyped")).help(
                    if is_part && other_name.ends_with(b"_bucket") && family.kind != Some(Kind::Histogram) {
                        format!("declare {name} as a histogram")
                    } else if is_composite && other.sample() < Some(at) {
                        "move it before the samples".to_owned()
                    } else if is_composite {
                        format!("remove the HELP line of {quoted_other}, and those of the other parts")
                    } else {
                        format!(
                            "if meant for the next sample, write {quoted_other} here and in the HELP line"
                        )
                    },
                )
            });
        }
    }
}

/// Returns the family of a HELP or TYPE line, unless the server ignores the line or rejects the name.
fn family<'a>(context: &mut Context<'a>, line: &Metadata<'a>) -> Option<(usize, Suffix)> {
    if line.ignored {
        if !line.name.is_plain() {
            context.findings.older_gateways(QUOTED_NAME, line.name.span());
        }
        return None;
    }
    is_valid_name(&line.name, LegacyName::Metric, context.options.utf8_names, &mut context.findings)
        .then(|| context.families.get_or_add(&line.name))
}
