//! Creates the edits that convert OpenMetrics to the text format.
//!
//! The result is equivalent to what client libraries write in the text format. The metadata of counters and info
//! metrics gets the suffix of the samples, and types that the text format lacks become gauges or histograms.
//! `_created`, `_gcount` and `_gsum` samples become separate gauges after the other samples of the family.

use super::family::CurrentFamily;
use super::kind::{MetricType, Part};
use super::line::{MetadataLine, SampleTokens};
use crate::exposition::context::Context;
use crate::exposition::fix::{self, Splice};
use crate::exposition::text::token::LabelPair;
use std::borrow::Cow;
use std::ops::Range;

/// Converts the metadata of a family and appends the samples that became gauges. The family has `samples` samples and
/// ends at `end`.
pub(super) fn family(family: &CurrentFamily<'_>, samples: usize, end: usize, context: &mut Context<'_>) {
    let kind = family.kind();
    for line in [&family.help, &family.type_line].into_iter().flatten() {
        let name = line.name.span();
        let name_end = if line.name.is_plain() { name.end } else { name.end - 1 };
        insert(name_end, kind.text_suffix(), context);
    }
    if let Some(line) = &family.type_line {
        let text = kind.text_kind().as_str();
        if context.bytes[line.text.clone()] != *text.as_bytes() {
            splice(line.text.clone(), Cow::Borrowed(text.as_bytes()), context);
        }
    } else if let Some(sample) = family.sample {
        type_line(family, samples, sample, context);
    }
    if let Some(line) = &family.help {
        let text = &context.bytes[line.text.clone()];
        for edit in escapes(text, line.text.start, true) {
            splice(edit.range, edit.with, context);
        }
    }
    if let Some(line) = &family.unit {
        let start = line.name.span().start - b"# UNIT ".len();
        let is_alone = family.type_line.is_none() && family.help.is_none() && family.sample.is_none();
        let with = if is_alone { type_line_for(family, "untyped") } else { Vec::new() };
        splice(start..line.text.end + 1, Cow::Owned(with), context);
    }
    own_gauges(family, end, context);
}

/// Adds a missing TYPE line before the first sample of a family. This is done if the type is given as an option, or if
/// some parsers would otherwise not recognize the samples as one family.
fn type_line(family: &CurrentFamily<'_>, samples: usize, sample: usize, context: &mut Context<'_>) {
    let kind = match context.options.default_type {
        Some(kind) => kind,
        None if family.help.is_none() && samples > 1 => "untyped",
        None => return,
    };
    splice(sample..sample, Cow::Owned(type_line_for(family, kind)), context);
}

/// Returns a TYPE line for a family that has none.
fn type_line_for(family: &CurrentFamily<'_>, kind: &str) -> Vec<u8> {
    [b"# TYPE ", family.name.raw(), b" ", kind.as_bytes(), b"\n"].concat()
}

/// Appends to the family the samples that became gauges. Each gauge gets its own metadata.
fn own_gauges(family: &CurrentFamily<'_>, end: usize, context: &mut Context<'_>) {
    let mut text = Vec::new();
    for part in [Part::Created, Part::GaugeCount, Part::GaugeSum] {
        let mut lines = family.moved.iter().filter(|(of, _)| *of == part).map(|(_, line)| line).peekable();
        if lines.peek().is_none() {
            continue;
        }
        let name = with_suffix(family.name.raw(), part.suffix());
        if let Some(help) = &family.help {
            text.extend([b"# HELP ", &*name, b" "].concat());
            text.extend_from_slice(&help_text(help, context.bytes));
            text.push(b'\n');
        }
        text.extend([b"# TYPE ", &*name, b" gauge\n"].concat());
        lines.for_each(|line| text.extend_from_slice(line));
    }
    if !text.is_empty() {
        splice(end..end, Cow::Owned(text), context);
    }
}

/// Adds a suffix to a name, which may be quoted.
fn with_suffix(name: &[u8], suffix: &str) -> Vec<u8> {
    match name.strip_suffix(b"\"") {
        Some(open) => [open, suffix.as_bytes(), b"\""].concat(),
        None => [name, suffix.as_bytes()].concat(),
    }
}

fn help_text<'a>(line: &MetadataLine<'_>, bytes: &'a [u8]) -> Cow<'a, [u8]> {
    let text = &bytes[line.text.clone()];
    fix::apply(text, &escapes(text, 0, true))
}

/// Returns the edits for a sample line, which ends at `end`.
pub(super) fn sample(
    tokens: &SampleTokens<'_>,
    labels: &[LabelPair<'_>],
    end: usize,
    context: &Context<'_>,
) -> Vec<Splice> {
    let mut edits = Vec::new();
    for label in labels.iter().filter(|label| !label.value.is_plain()) {
        edits.extend(escapes(label.value.raw(), label.value.span().start, false));
    }
    let mut last = tokens.sample.value.end;
    if let Some((span, time)) = &tokens.timestamp {
        if context.options.strip_timestamps {
            edits.push(Splice { range: last..span.end, with: Cow::Borrowed(b"") });
        } else {
            let with = Cow::Owned(time.milliseconds.to_string().into_bytes());
            edits.push(Splice { range: span.clone(), with });
        }
        last = span.end;
    }
    if tokens.exemplar.is_some() {
        edits.push(Splice { range: last..end, with: Cow::Borrowed(b"") });
    }
    edits
}

/// Returns `line` with the edits applied.
pub(super) fn edited(line: Range<usize>, mut edits: Vec<Splice>, bytes: &[u8]) -> Vec<u8> {
    for edit in &mut edits {
        edit.range = edit.range.start - line.start..edit.range.end - line.start;
    }
    fix::apply(&bytes[line], &edits).into_owned()
}

/// Returns the edits for the escapes in `text`, which starts at `start`. In OpenMetrics, a backslash that is not
/// followed by `\`, `n` or `"` is a literal backslash. In the text format, `\"` is not a valid escape in a HELP text.
fn escapes(text: &[u8], start: usize, is_help: bool) -> Vec<Splice> {
    let mut edits = Vec::new();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &text[at..]) {
        at += found;
        let range = start + at..start + at;
        match text.get(at + 1) {
            Some(b'"') if is_help => {
                edits.push(Splice { range: range.start..range.end + 1, with: Cow::Borrowed(b"") });
                at += 2;
            }
            Some(b'\\' | b'n' | b'"') => at += 2,
            _ => {
                edits.push(Splice { range, with: Cow::Borrowed(b"\\") });
                at += 1;
            }
        }
    }
    edits
}

fn insert(at: usize, text: &'static str, context: &mut Context<'_>) {
    if !text.is_empty() {
        splice(at..at, Cow::Borrowed(text.as_bytes()), context);
    }
}

pub(super) fn splice(range: Range<usize>, with: Cow<'static, [u8]>, context: &mut Context<'_>) {
    context.findings.splice(range, with);
}

/// Removes a line, including its newline.
pub(super) fn cut_line(line: &Range<usize>, context: &mut Context<'_>) {
    splice(line.start..line.end + 1, Cow::Borrowed(b""), context);
}

/// Returns whether the family of this part has a different name in the text format.
pub(super) fn is_renamed(kind: MetricType, part: Part) -> bool {
    part.is_own_gauge() || !kind.text_suffix().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_converted_to_the_text_format() {
        let help = |text: &[u8]| fix::apply(text, &escapes(text, 0, true)).into_owned();
        let label = |text: &[u8]| fix::apply(text, &escapes(text, 0, false)).into_owned();
        assert_eq!(help(br#"a \"b\" \\ \n \d \"#), br#"a "b" \\ \n \\d \\"#);
        assert_eq!(label(br#"a \"b\" \\ \n \d"#), br#"a \"b\" \\ \n \\d"#);
    }
}
