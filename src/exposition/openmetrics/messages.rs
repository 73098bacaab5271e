//! The diagnostic codes and messages of grammar errors.

use super::line::{ExemplarError, GrammarError, GrammarErrorKind, Keyword, MAX_EXEMPLAR_CHARS};
use crate::exposition::code::Code;
use crate::exposition::findings::Message;
use crate::exposition::messages::{self, quoted};
use crate::exposition::text::number::is_float;
use crate::exposition::text::scan::character;
use std::ops::Range;

pub(super) fn code(bytes: &[u8], line: &Range<usize>, error: &GrammarError) -> Code {
    match &error.kind {
        GrammarErrorKind::Syntax(syntax) => messages::syntax_code(bytes, line, syntax),
        GrammarErrorKind::EmptyLine | GrammarErrorKind::Space | GrammarErrorKind::NoSpace => Code::Spacing,
        GrammarErrorKind::CarriageReturn => Code::CarriageReturn,
        GrammarErrorKind::QuotedName | GrammarErrorKind::NoMetricName | GrammarErrorKind::MetadataName(_) => {
            Code::MetricName
        }
        GrammarErrorKind::PartlyQuoted(code) => *code,
        GrammarErrorKind::Comma => Code::LabelName,
        GrammarErrorKind::Timestamp => Code::InvalidTimestamp,
        GrammarErrorKind::Comment => Code::InvalidComment,
        GrammarErrorKind::TextAfterEof => Code::TextAfterEof,
        GrammarErrorKind::Incomplete(_) => Code::Metadata,
        GrammarErrorKind::Exemplar(_) => Code::InvalidExemplar,
    }
}

/// Returns the span and the message of an error in `line`.
pub(super) fn message(bytes: &[u8], line: &Range<usize>, error: &GrammarError) -> (Range<usize>, Message) {
    let span = error.span.clone();
    let message = match &error.kind {
        GrammarErrorKind::Syntax(syntax) => return messages::syntax_error(bytes, line.clone(), syntax),
        GrammarErrorKind::EmptyLine => {
            Message::new("OpenMetrics does not allow empty lines").help("remove this line")
        }
        GrammarErrorKind::CarriageReturn => Message::new("the line ends with a carriage return")
            .help("remove all carriage returns, for example with `tr -d '\\r'`"),
        GrammarErrorKind::Space => space(bytes, line, &span),
        GrammarErrorKind::NoSpace if span.is_empty() => {
            Message::new("a space is missing").help("write exactly one space here")
        }
        GrammarErrorKind::NoSpace => {
            Message::new("there is a tab instead of a space").help("write exactly one space here")
        }
        GrammarErrorKind::QuotedName => Message::new("the quoted name is before the braces")
            .help("write it as the first word in the braces: `{\"my.metric\"} 1`"),
        GrammarErrorKind::PartlyQuoted(_) => Message::new("only part of the name is in quotes")
            .help("write the whole name in quotes, or without quotes"),
        GrammarErrorKind::NoMetricName => {
            Message::new("the metric name is missing").help("write the sample as `name{label=\"value\"} 1`")
        }
        GrammarErrorKind::Comma => {
            Message::new("there is a comma without a label after it").help("remove the comma")
        }
        GrammarErrorKind::Timestamp => timestamp(bytes, line, &span),
        GrammarErrorKind::Comment => Message::new("OpenMetrics does not allow comments")
            .help("remove this line; only `# HELP`, `# TYPE`, `# UNIT` and `# EOF` lines begin with `#`"),
        GrammarErrorKind::TextAfterEof => Message::new("there is text after `# EOF`")
            .help("`# EOF` must be the last line; does another exposition begin here?"),
        GrammarErrorKind::Incomplete(keyword) => incomplete(*keyword),
        GrammarErrorKind::MetadataName(keyword) => metadata_name(*keyword, &bytes[span.clone()]),
        GrammarErrorKind::Exemplar(error) => exemplar(*error, &bytes[span.clone()]),
    };
    (span, message)
}

fn space(bytes: &[u8], line: &Range<usize>, span: &Range<usize>) -> Message {
    let text = if span.end == line.end {
        "the line ends with a space or tab"
    } else if span.start == line.start {
        "the line begins with a space or tab"
    } else if !matches!(bytes[span.start], b' ' | b'\t') {
        "unexpected text between two labels"
    } else {
        "OpenMetrics does not allow a space or tab here"
    };
    Message::new(text).help("remove it; separate words with exactly one space")
}

fn timestamp(bytes: &[u8], line: &Range<usize>, span: &Range<usize>) -> Message {
    let text = &bytes[span.clone()];
    let message = Message::new(format!("{} is not a timestamp", quoted(text)));
    if text.contains(&b'#') {
        return message.help("write an exemplar as ` # {name=\"value\"} 0.5`");
    }
    if !text[0].is_ascii_digit() && !is_float(text) {
        return messages::rest(&bytes[span.start..line.end], bytes[line.start..span.start].contains(&b'{')).1;
    }
    message.help("a timestamp is a number of seconds since 1970, such as 1700000000.5")
}

fn incomplete(keyword: Keyword) -> Message {
    let (what, example) = match keyword {
        Keyword::Type => ("a name and a type", "# TYPE name gauge"),
        Keyword::Help => ("a name, a space and the HELP text, which may be empty", "# HELP name text"),
        Keyword::Unit => ("a name and a unit", "# UNIT name_seconds seconds"),
    };
    Message::new(format!("the {} line is incomplete", keyword.as_str()))
        .help(format!("write {what}: `{example}`"))
}

fn metadata_name(keyword: Keyword, marked: &[u8]) -> Message {
    let first = quoted(&marked[..character(marked)]);
    Message::new(format!("the metric name in this {} line cannot contain {first}", keyword.as_str()))
        .help("a metric name can contain only letters, digits, `_` and `:`")
}

fn exemplar(error: ExemplarError, marked: &[u8]) -> Message {
    const SYNTAX: &str = "write an exemplar as ` # {name=\"value\"} 0.5`; a timestamp can follow";
    match error {
        ExemplarError::NoLabels => Message::new("the exemplar has no labels").help(SYNTAX),
        ExemplarError::NoValue => Message::new("the exemplar has no value").help(SYNTAX),
        ExemplarError::Value => {
            Message::new(format!("the exemplar's value {} is not a number", quoted(marked))).help(SYNTAX)
        }
        ExemplarError::Timestamp => {
            Message::new(format!("the exemplar's timestamp {} is not a number of seconds", quoted(marked)))
                .help(SYNTAX)
        }
        ExemplarError::Text => Message::new("there is text after the exemplar").help(SYNTAX),
        ExemplarError::TooLong(chars) => Message::new(format!(
            "the exemplar's labels have {chars} characters"
        ))
        .help(format!("label names and values can have at most {MAX_EXEMPLAR_CHARS} characters in total")),
        ExemplarError::DuplicateLabel => {
            Message::new(format!("the exemplar has the label {} twice", quoted(marked)))
        }
        ExemplarError::ReservedLabel => {
            Message::new(format!("the label {} begins with two underscores", quoted(marked)))
                .help("Prometheus reserves such names; remove the underscores")
        }
        ExemplarError::InvalidUtf8 => Message::new("a label of the exemplar is not valid UTF-8"),
    }
}
