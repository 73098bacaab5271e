//! The grammar of a line. It is stricter than in the text format: tokens are separated by exactly one space, and no
//! other spaces are allowed.

use super::time::Time;
use crate::exposition::code::Code;
use crate::exposition::text::number::is_float;
use crate::exposition::text::scan::{self, SampleLine, SyntaxError, character};
use crate::exposition::text::token::{LabelPair, Token};
use crate::grouping::LegacyName;
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Type,
    Help,
    Unit,
}

impl Keyword {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Type => "TYPE",
            Self::Help => "HELP",
            Self::Unit => "UNIT",
        }
    }
}

/// A line that begins with `#`.
#[derive(Debug)]
pub(super) enum HashLine<'a> {
    Eof,
    Metadata(MetadataLine<'a>),
}

#[derive(Clone, Debug)]
pub(super) struct MetadataLine<'a> {
    pub(super) keyword: Keyword,
    pub(super) name: Token<'a>,
    /// The rest of the line: the type, the HELP text or the unit.
    pub(super) text: Range<usize>,
}

/// The tokens of a sample, except for its labels, which are stored in a separate list.
#[derive(Debug)]
pub(super) struct SampleTokens<'a> {
    pub(super) sample: SampleLine<'a>,
    pub(super) timestamp: Option<(Range<usize>, Time)>,
    /// The exemplar, from its `#` to the end of the line.
    pub(super) exemplar: Option<Range<usize>>,
}

#[derive(Debug)]
pub(super) struct GrammarError {
    pub(super) kind: GrammarErrorKind,
    /// The invalid bytes. Empty if something is missing.
    pub(super) span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum GrammarErrorKind {
    /// An error in the syntax that both formats share.
    Syntax(SyntaxError),
    EmptyLine,
    CarriageReturn,
    /// A space or tab where none is allowed.
    Space,
    /// A tab instead of a space.
    NoSpace,
    /// A name in quotes before the braces.
    QuotedName,
    /// A name that is only partly in quotes.
    PartlyQuoted(Code),
    /// A comma before the closing brace.
    Comma,
    NoMetricName,
    Timestamp,
    /// A comment that is not metadata.
    Comment,
    /// A line that starts with `# EOF` but contains more text.
    TextAfterEof,
    /// A metadata line that ends after the keyword or the name.
    Incomplete(Keyword),
    /// An invalid name in a metadata line.
    MetadataName(Keyword),
    Exemplar(ExemplarError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExemplarError {
    /// There are no labels after the `#`.
    NoLabels,
    NoValue,
    Value,
    Timestamp,
    /// There is text after the timestamp.
    Text,
    /// The labels have too many characters. The value is the number of characters.
    TooLong(usize),
    DuplicateLabel,
    ReservedLabel,
    InvalidUtf8,
}

/// Maximum total number of characters in the label names and values of an exemplar.
pub(super) const MAX_EXEMPLAR_CHARS: usize = 128;

type Scanned<T> = Result<T, GrammarError>;

fn error<T>(kind: GrammarErrorKind, span: Range<usize>) -> Scanned<T> {
    Err(GrammarError { kind, span })
}

/// Scans a line that begins with `#`.
pub(super) fn hash_line(bytes: &[u8], line: Range<usize>) -> Scanned<HashLine<'_>> {
    let text = &bytes[line.clone()];
    if text == b"# EOF" {
        return Ok(HashLine::Eof);
    }
    no_carriage_return(text, &line)?;
    let keyword = match text.get(..7) {
        Some(b"# TYPE ") => Keyword::Type,
        Some(b"# HELP ") => Keyword::Help,
        Some(b"# UNIT ") => Keyword::Unit,
        _ => return other_comment(text, &line),
    };
    let start = line.start + 7;
    let rest = &bytes[start..line.end];
    let Some((name, length)) = metadata_name(rest, start) else {
        return match rest.first() {
            None => error(GrammarErrorKind::Incomplete(keyword), line.end..line.end),
            Some(b' ' | b'\t') => error(GrammarErrorKind::Space, start..start + 1),
            Some(_) => error(GrammarErrorKind::MetadataName(keyword), start..start + character(rest)),
        };
    };
    let at = start + length;
    match bytes[at..line.end].first() {
        Some(b' ') => {}
        None => return error(GrammarErrorKind::Incomplete(keyword), at..at),
        Some(b'\t') => return error(GrammarErrorKind::NoSpace, at..at + 1),
        Some(_) => {
            let length = character(&bytes[at..line.end]);
            return error(GrammarErrorKind::MetadataName(keyword), at..at + length);
        }
    }
    let text = at + 1..line.end;
    if keyword != Keyword::Help
        && let Some(space) = bytes[text.clone()].iter().position(|byte| matches!(byte, b' ' | b'\t'))
    {
        let at = text.start + space;
        let spaces = bytes[at..text.end].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        return error(GrammarErrorKind::Space, at..at + spaces);
    }
    Ok(HashLine::Metadata(MetadataLine { keyword, name, text }))
}

/// Returns the error for a line that begins with `#` but is neither metadata nor `# EOF`.
fn other_comment<T>(text: &[u8], line: &Range<usize>) -> Scanned<T> {
    let keywords = [Keyword::Type, Keyword::Help, Keyword::Unit];
    if let Some(after) = text.strip_prefix(b"# EOF") {
        let span = line.start + 5..line.end;
        let is_blank = after.trim_ascii().is_empty();
        return error(if is_blank { GrammarErrorKind::Space } else { GrammarErrorKind::TextAfterEof }, span);
    }
    let words = text.strip_prefix(b"#").unwrap_or_default().trim_ascii_start();
    let meant = |keyword: &&Keyword| {
        let name = keyword.as_str().as_bytes();
        words.strip_prefix(name).is_some_and(|rest| matches!(rest.first(), None | Some(b' ' | b'\t')))
    };
    match keywords.iter().find(meant) {
        Some(keyword) if text.get(..6) == Some(&[b"# ", keyword.as_str().as_bytes()].concat()) => {
            let end = (line.start + 6).min(line.end);
            error(GrammarErrorKind::Incomplete(*keyword), end..line.end.min(end + 1))
        }
        Some(_) => {
            let spaces = text.len() - 1 - words.len();
            let kind = if spaces == 0 { GrammarErrorKind::NoSpace } else { GrammarErrorKind::Space };
            error(kind, line.start + 1..line.start + 1 + spaces)
        }
        None => error(GrammarErrorKind::Comment, line.clone()),
    }
}

/// Returns the name at the start of `rest`, which may be quoted, and its length.
fn metadata_name(rest: &[u8], start: usize) -> Option<(Token<'_>, usize)> {
    if rest.first() == Some(&b'"') {
        let mut end = 1;
        while rest.get(end)? != &b'"' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        return Some((Token::quoted(&rest[..=end], start), end + 1));
    }
    let length = LegacyName::Metric.length(rest);
    (length > 0).then(|| (Token::plain(&rest[..length], start), length))
}

fn no_carriage_return(text: &[u8], line: &Range<usize>) -> Scanned<()> {
    let returns = text.iter().rev().take_while(|byte| **byte == b'\r').count();
    if returns > 0 { error(GrammarErrorKind::CarriageReturn, line.end - returns..line.end) } else { Ok(()) }
}

/// Scans a sample line. Replaces the contents of `labels`.
pub(super) fn sample<'a>(
    bytes: &'a [u8],
    line: Range<usize>,
    labels: &mut Vec<LabelPair<'a>>,
    scratch: &mut Vec<LabelPair<'a>>,
) -> Scanned<SampleTokens<'a>> {
    match bytes[line.clone()] {
        [] => return error(GrammarErrorKind::EmptyLine, line),
        [b' ' | b'\t', ..] => return error(GrammarErrorKind::Space, line.start..line.start + 1),
        [.., b'\r'] => no_carriage_return(&bytes[line.clone()], &line)?,
        _ => {}
    }
    let sample = match scan::openmetrics_sample(bytes, line.clone(), labels) {
        Ok(sample) => sample,
        Err(syntax) => {
            let span = syntax.span.clone();
            return error(GrammarErrorKind::Syntax(syntax), span);
        }
    };
    layout(bytes, line.start, &sample, labels)?;
    let rest = match rest(bytes, sample.value.end, line.end, scratch) {
        Err(_) if !is_float(&bytes[sample.value.clone()]) => (None, None),
        rest => rest?,
    };
    Ok(SampleTokens { sample, timestamp: rest.0, exemplar: rest.1 })
}

/// Checks that the tokens of a sample are separated only by the bytes that the format requires.
#[inline]
fn layout(bytes: &[u8], line: usize, sample: &SampleLine<'_>, labels: &[LabelPair<'_>]) -> Scanned<()> {
    let mut at = line;
    if !sample.braced
        && let Some(name) = &sample.name
    {
        if !name.is_plain() {
            return error(GrammarErrorKind::QuotedName, name.span());
        }
        at = name.span().end;
    }
    if sample.braced && sample.name.is_none() {
        return error(GrammarErrorKind::NoMetricName, line..line + 1);
    }
    // Apart from spaces, the scanner skips only a comma before the closing brace, so no other bytes can occur here.
    if !labels.is_empty()
        || sample.braced
        || bytes[at..sample.value.start].trim_ascii_start().starts_with(b"{")
    {
        at = braces(bytes, at, sample, labels)?;
    }
    match &bytes[at..sample.value.start] {
        [b' '] => Ok(()),
        _ if sample.value.is_empty() => Ok(()),
        [b' ', ..] => error(GrammarErrorKind::Space, at + 1..sample.value.start),
        [_, ..] => error(GrammarErrorKind::NoSpace, at..at + 1),
        [] if is_float(&bytes[sample.value.clone()]) => error(GrammarErrorKind::NoSpace, at..at),
        [] => Ok(()),
    }
}

/// Checks the bytes between the tokens inside the braces that open at `at`. Returns the position after the closing
/// brace.
fn braces(bytes: &[u8], at: usize, sample: &SampleLine<'_>, labels: &[LabelPair<'_>]) -> Scanned<usize> {
    let mut at = expect(bytes, at, b'{')?;
    let mut is_first = true;
    let name = sample.name.filter(|_| sample.braced);
    for index in 0..=labels.len() {
        if let Some(name) = name
            && index == sample.labels_before_name
        {
            at = if is_first { at } else { expect(bytes, at, b',')? };
            at = expect_at(bytes, at, name.span().start)? + name.raw().len();
            quotes(&name, Code::MetricName)?;
            is_first = false;
        }
        let Some(label) = labels.get(index) else { break };
        at = if is_first { at } else { expect(bytes, at, b',')? };
        // OpenMetrics 1.0 has no quoted names. Client libraries that write them also write a space after the comma.
        if name.is_none() || bytes[at] != b' ' {
            expect_at(bytes, at, label.name.span().start)?;
        }
        quotes(&label.name, Code::LabelName)?;
        at = label.name.span().start;
        at = expect(bytes, at + label.name.raw().len(), b'=')?;
        at = expect(bytes, at, b'"')? + label.value.raw().len() + 1;
        is_first = false;
    }
    if bytes[at] == b',' {
        return error(GrammarErrorKind::Comma, at..at + 1);
    }
    expect(bytes, at, b'}')
}

/// Checks that a name is quoted entirely or not at all.
#[inline]
fn quotes(name: &Token<'_>, code: Code) -> Scanned<()> {
    let raw = name.raw();
    if name.is_plain() || metadata_name(raw, 0).is_some_and(|(_, length)| length == raw.len()) {
        return Ok(());
    }
    error(GrammarErrorKind::PartlyQuoted(code), name.span())
}

/// Checks that `byte` is at `at` and returns the position after it.
#[inline]
fn expect(bytes: &[u8], at: usize, byte: u8) -> Scanned<usize> {
    if bytes[at] == byte { Ok(at + 1) } else { error(GrammarErrorKind::Space, at..at + 1) }
}

/// Checks that the next token starts at `at`. `start` is its actual position.
#[inline]
fn expect_at(bytes: &[u8], at: usize, start: usize) -> Scanned<usize> {
    if at == start {
        return Ok(at);
    }
    let kind = if bytes[at] == b',' { GrammarErrorKind::Comma } else { GrammarErrorKind::Space };
    error(kind, at..at + 1)
}

type Rest = (Option<(Range<usize>, Time)>, Option<Range<usize>>);

/// Scans the optional timestamp and exemplar after the value, which ends at `at`.
#[inline]
fn rest<'a>(bytes: &'a [u8], at: usize, end: usize, labels: &mut Vec<LabelPair<'a>>) -> Scanned<Rest> {
    if at == end {
        return Ok((None, None));
    }
    let start = space(bytes, at, end)?;
    if bytes[start] == b'#' {
        exemplar(bytes, start..end, labels)?;
        return Ok((None, Some(start..end)));
    }
    let word = word(bytes, start, end);
    let Some(time) = Time::parse(&bytes[word.clone()]) else {
        return error(GrammarErrorKind::Timestamp, word);
    };
    let timestamp = Some((word.clone(), time));
    if word.end == end {
        return Ok((timestamp, None));
    }
    let start = space(bytes, word.end, end)?;
    if bytes[start] != b'#' {
        return error(GrammarErrorKind::Timestamp, start..end);
    }
    exemplar(bytes, start..end, labels)?;
    Ok((timestamp, Some(start..end)))
}

/// Checks that there is a single space at `at`, followed by another token. Returns the position of that token.
fn space(bytes: &[u8], at: usize, end: usize) -> Scanned<usize> {
    let spaces = bytes[at..end].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match (spaces, bytes[at]) {
        _ if at + spaces == end => error(GrammarErrorKind::Space, at..end),
        (1, b' ') => Ok(at + 1),
        (0 | 1, _) => error(GrammarErrorKind::NoSpace, at..at + spaces),
        _ => error(GrammarErrorKind::Space, at + 1..at + spaces),
    }
}

fn word(bytes: &[u8], start: usize, end: usize) -> Range<usize> {
    let length = bytes[start..end].iter().position(|byte| matches!(byte, b' ' | b'\t'));
    start..length.map_or(end, |length| start + length)
}

/// Scans an exemplar: `# {labels} value timestamp`.
fn exemplar<'a>(bytes: &'a [u8], range: Range<usize>, labels: &mut Vec<LabelPair<'a>>) -> Scanned<()> {
    let wrong = |kind, span| error(GrammarErrorKind::Exemplar(kind), span);
    let end = range.end;
    if bytes[range.clone()].get(..3) != Some(b"# {") {
        return wrong(ExemplarError::NoLabels, range);
    }
    let start = range.start + 2;
    let at = match scan::exemplar_labels(bytes, start..end, labels) {
        Ok(at) => at,
        Err(syntax) => {
            let span = syntax.span.clone();
            return error(GrammarErrorKind::Syntax(syntax), span);
        }
    };
    let no_name =
        SampleLine { name: None, labels_before_name: 0, braced: false, value: at..at, rest: at..at };
    braces(bytes, start, &no_name, labels)?;
    exemplar_labels(labels, &(start..at))?;
    if at == end {
        return wrong(ExemplarError::NoValue, at..at);
    }
    let value = word(bytes, space(bytes, at, end)?, end);
    if !is_float(&bytes[value.clone()]) {
        return wrong(ExemplarError::Value, value);
    }
    if value.end == end {
        return Ok(());
    }
    let timestamp = word(bytes, space(bytes, value.end, end)?, end);
    if Time::parse(&bytes[timestamp.clone()]).is_none() {
        return wrong(ExemplarError::Timestamp, timestamp);
    }
    if timestamp.end < end { wrong(ExemplarError::Text, timestamp.end..end) } else { Ok(()) }
}

fn exemplar_labels(labels: &[LabelPair<'_>], braces: &Range<usize>) -> Scanned<()> {
    let wrong = |kind, span| error(GrammarErrorKind::Exemplar(kind), span);
    let mut chars = 0;
    for (index, label) in labels.iter().enumerate() {
        let (name, value) = (label.name.text(), label.value.text());
        let (Ok(name_text), Ok(value)) = (std::str::from_utf8(&name), std::str::from_utf8(&value)) else {
            return wrong(ExemplarError::InvalidUtf8, label.span());
        };
        chars += name_text.chars().count() + value.chars().count();
        // Beyond the limit, characters are only counted. This keeps the search for duplicate names short.
        if chars > MAX_EXEMPLAR_CHARS {
            continue;
        }
        if labels[..index].iter().any(|other| other.name.same(&label.name)) {
            return wrong(ExemplarError::DuplicateLabel, label.name.span());
        }
        if name.starts_with(b"__") {
            return wrong(ExemplarError::ReservedLabel, label.name.span());
        }
    }
    if chars > MAX_EXEMPLAR_CHARS {
        return wrong(ExemplarError::TooLong(chars), braces.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan_sample(text: &str) -> Result<(usize, bool, bool), String> {
        let (mut labels, mut scratch) = (Vec::new(), Vec::new());
        match sample(text.as_bytes(), 0..text.len(), &mut labels, &mut scratch) {
            Ok(tokens) => Ok((labels.len(), tokens.timestamp.is_some(), tokens.exemplar.is_some())),
            Err(error) => Err(format!("{:?} {:?}", error.kind, error.span)),
        }
    }

    #[test]
    fn samples_have_single_spaces() {
        assert_eq!(scan_sample("a 1"), Ok((0, false, false)));
        assert_eq!(scan_sample("a{} 1"), Ok((0, false, false)));
        assert_eq!(scan_sample(r#"a{b="x\d\"",c=""} 1 2.5"#), Ok((2, true, false)));
        assert_eq!(scan_sample(r#"a{b=" # "} 1 2 # {} 1 2"#), Ok((1, true, true)));
        assert_eq!(scan_sample(r#"{"a.b",c="x"} 1"#), Ok((1, false, false)));
        for (text, error) in [
            ("", "EmptyLine 0..0"),
            (" a 1", "Space 0..1"),
            (r#"{a"b.c"} 1"#, "PartlyQuoted(MetricName) 1..7"),
            (r#"a{b"c"="x"} 1"#, "PartlyQuoted(LabelName) 2..6"),
            ("a  1", "Space 2..3"),
            ("a\t1", "NoSpace 1..2"),
            ("a 1 ", "Space 3..4"),
            ("a 1\r", "CarriageReturn 3..4"),
            ("a {b=\"x\"} 1", "Space 1..2"),
            ("a{b=\"x\", c=\"y\"} 1", "Space 8..9"),
            ("a{b=\"x\",} 1", "Comma 7..8"),
            ("a{b=\"x\"}1", "NoSpace 8..8"),
            ("a{b= \"x\"} 1", "Space 4..5"),
            ("a 1 2 3", "Timestamp 6..7"),
            ("a 1 #", "Exemplar(NoLabels) 4..5"),
            ("a 1 # {}1", "NoSpace 8..8"),
            ("a 1 # {} 1 1 1", "Exemplar(Text) 12..14"),
            ("a 1 # {} 1 ", "Space 10..11"),
        ] {
            assert_eq!(scan_sample(text), Err(error.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_exemplar_has_at_most_128_characters_of_labels() {
        let line = |length: usize| format!("a 1 # {{b=\"{}\"}} 1", "ä".repeat(length));
        assert_eq!(scan_sample(&line(127)), Ok((0, false, true)));
        assert_eq!(scan_sample(&line(128)), Err("Exemplar(TooLong(129)) 6..268".to_owned()));
    }

    #[test]
    fn lines_of_metadata_have_a_keyword_a_name_and_a_text() {
        let scan = |text: &'static str| match hash_line(text.as_bytes(), 0..text.len()) {
            Ok(HashLine::Eof) => "end".to_owned(),
            Ok(HashLine::Metadata(line)) => format!("{:?} {:?}", line.keyword, &text[line.text]),
            Err(error) => format!("{:?} {:?}", error.kind, error.span),
        };
        for (text, expected) in [
            ("# EOF", "end"),
            ("# HELP a ", "Help \"\""),
            ("# HELP a  x ", "Help \" x \""),
            ("# TYPE \"a.b\" gauge", "Type \"gauge\""),
            ("# EOF ", "Space 5..6"),
            ("# EOFx", "TextAfterEof 5..6"),
            ("# TYPE a gauge ", "Space 14..15"),
            ("# TYPE  a gauge", "Space 7..8"),
            ("#TYPE a gauge", "NoSpace 1..1"),
            ("# HELP", "Incomplete(Help) 6..6"),
            ("# HELP a", "Incomplete(Help) 8..8"),
            ("# HELP a\tx", "NoSpace 8..9"),
            ("# FOO a x", "Comment 0..9"),
            ("# TYPE a.b gauge", "MetadataName(Type) 8..9"),
        ] {
            assert_eq!(scan(text), expected, "{text}");
        }
    }
}
