//! Splits one line of text into borrowed tokens.
//!
//! The grammar follows the server's parser (`prometheus/common expfmt/text_parse.go`) state by state rather than the
//! documented format: a quote can start in the middle of a name, `{"name",label="x"}` is a sample, and `#TYPE` needs no
//! space. No token spans two lines, so each line is scanned separately and an error affects only that line.
//!
//! Rules that depend on other lines, such as the type of a family, are not checked here.

use super::token::{LabelPair, Token};
use crate::grouping::LegacyName;
use std::ops::Range;

/// A line that matches the grammar.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    Blank,
    /// A comment that the server ignores.
    Comment,
    Help(Metadata<'a>),
    Type(Metadata<'a>),
    /// A sample. [`line()`] stores its labels in a separate list.
    Sample(SampleLine<'a>),
}

#[derive(Debug)]
pub(crate) struct Metadata<'a> {
    pub(crate) name: Token<'a>,
    /// Whether the line ends right after the name, without a space. The server ignores such lines.
    pub(crate) ignored: bool,
    /// The rest of the line, or `None` if it contains only spaces.
    pub(crate) text: Option<Range<usize>>,
}

#[derive(Debug)]
pub(crate) struct SampleLine<'a> {
    /// `None` in a line such as `{a="b"} 1`.
    pub(crate) name: Option<Token<'a>>,
    /// Number of labels before the name. It is nonzero only if the line begins with `{`.
    pub(crate) labels_before_name: usize,
    pub(crate) braced: bool,
    /// The value, which ends at the next space. Empty if the line has no value.
    pub(crate) value: Range<usize>,
    /// The rest of the line after the value and any spaces.
    pub(crate) rest: Range<usize>,
}

impl SampleLine<'_> {
    /// Returns the range of the sample's name and labels. `line` is the position where the line starts.
    pub(crate) fn series_span(&self, bytes: &[u8], line: usize) -> Range<usize> {
        let head = &bytes[line..self.value.start];
        let indent = head.len() - head.trim_ascii_start().len();
        line + indent..line + head.trim_ascii_end().len()
    }
}

/// A grammar error in a single line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) kind: SyntaxErrorKind,
    /// The invalid bytes. Empty if the error is at the end of the line.
    pub(crate) span: Range<usize>,
}

/// The kind of syntax error. The names in parentheses are states of the server's parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SyntaxErrorKind {
    /// The line begins with a byte that cannot start a name (`readingMetricName`).
    NoMetricName,
    /// The text after HELP or TYPE begins with a byte that cannot start a name (`startComment`).
    NoNameInComment,
    /// A label name is missing (`startLabelName`).
    NoLabelName,
    OpenName,
    OpenValue,
    /// A backslash that is not followed by `\`, `"` or `n`.
    Escape,
    NoEquals,
    /// In a line that begins with `{`, a name is not followed by `,`, `}` or `=`.
    NameEnd,
    /// A line that begins with `{` contains a second metric name.
    SecondName,
    /// An `=` that is not followed by `"` (`startLabelValue`).
    NoQuote,
    /// A label value that is not followed by `,` or `}`.
    NoComma,
}

/// Scans the line `bytes[range]`, which must not contain a newline. Replaces the contents of `labels`, so that callers
/// can reuse one list for all lines.
pub(crate) fn line<'a>(
    bytes: &'a [u8],
    range: Range<usize>,
    labels: &mut Vec<LabelPair<'a>>,
) -> Result<Line<'a>, SyntaxError> {
    labels.clear();
    let mut cursor = Cursor { bytes: &bytes[..range.end], at: range.start, any_escape: false };
    cursor.skip_spaces();
    match cursor.peek() {
        None => Ok(Line::Blank),
        Some(b'#') => {
            cursor.at += 1;
            cursor.comment()
        }
        Some(_) => cursor.sample(labels).map(Line::Sample),
    }
}

/// Scans the OpenMetrics sample `bytes[range]`, in which a backslash can precede any character. Spaces are accepted
/// wherever the text format accepts them, so the caller must check them.
pub(crate) fn openmetrics_sample<'a>(
    bytes: &'a [u8],
    range: Range<usize>,
    labels: &mut Vec<LabelPair<'a>>,
) -> Result<SampleLine<'a>, SyntaxError> {
    labels.clear();
    Cursor { bytes: &bytes[..range.end], at: range.start, any_escape: true }.sample(labels)
}

/// Scans the labels of an exemplar. The opening brace is at `range.start`. Returns the position after the closing
/// brace.
pub(crate) fn exemplar_labels<'a>(
    bytes: &'a [u8],
    range: Range<usize>,
    labels: &mut Vec<LabelPair<'a>>,
) -> Result<usize, SyntaxError> {
    labels.clear();
    let mut cursor = Cursor { bytes: &bytes[..range.end], at: range.start, any_escape: true };
    cursor.braces(Braces::LabelsOnly, labels)?;
    Ok(cursor.at)
}

/// Whether a metric name is allowed inside the braces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Braces {
    LabelsOnly,
    WithName,
}

/// A position in a line. `bytes` ends at the end of the line.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether a backslash in a label value can precede any character, as in OpenMetrics.
    any_escape: bool,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_spaces(&mut self) {
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Creates an error for the character at the cursor.
    fn error(&self, kind: SyntaxErrorKind) -> SyntaxError {
        SyntaxError { kind, span: self.at..self.at + character(&self.bytes[self.at..]) }
    }

    /// Reads up to the next space or tab.
    fn word(&mut self) -> Range<usize> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
        self.at += length;
        self.at - length..self.at
    }

    /// Scans a sample that starts at the cursor.
    #[expect(clippy::inline_always, reason = "else the result is copied")]
    #[inline(always)]
    fn sample(&mut self, labels: &mut Vec<LabelPair<'a>>) -> Result<SampleLine<'a>, SyntaxError> {
        if self.peek() == Some(b'{') {
            let (name, labels_before_name) = self.braces(Braces::WithName, labels)?;
            return Ok(self.value(name, labels_before_name, true));
        }
        let Some(name) = self.name(LegacyName::Metric)? else {
            return Err(self.error(SyntaxErrorKind::NoMetricName));
        };
        if name.is_empty() {
            return Err(SyntaxError { kind: SyntaxErrorKind::NoMetricName, span: name.span() });
        }
        self.skip_spaces();
        if self.peek() == Some(b'{') {
            self.braces(Braces::LabelsOnly, labels)?;
        }
        Ok(self.value(Some(name), 0, false))
    }

    /// Implements `startComment`. The cursor is after the `#`.
    fn comment(&mut self) -> Result<Line<'a>, SyntaxError> {
        self.skip_spaces();
        let keyword = self.word();
        let is_help = match &self.bytes[keyword] {
            b"HELP" => true,
            b"TYPE" => false,
            _ => return Ok(Line::Comment),
        };
        self.skip_spaces();
        if self.peek().is_none() {
            return Ok(Line::Comment);
        }
        let name = self.name(LegacyName::Metric)?;
        let metadata = match (name, self.peek()) {
            (Some(name), None) => Metadata { name, ignored: true, text: None },
            (Some(name), Some(b' ' | b'\t')) => {
                self.skip_spaces();
                let text = (self.at < self.bytes.len()).then_some(self.at..self.bytes.len());
                Metadata { name, ignored: false, text }
            }
            _ => return Err(self.error(SyntaxErrorKind::NoNameInComment)),
        };
        Ok(if is_help { Line::Help(metadata) } else { Line::Type(metadata) })
    }

    /// Implements `readTokenAsMetricName` and `readTokenAsLabelName`. Returns `None` if a name cannot start at the
    /// cursor. `unquoted` defines which names are valid without quotes.
    #[inline]
    fn name(&mut self, unquoted: LegacyName) -> Result<Option<Token<'a>>, SyntaxError> {
        let start = self.at;
        if self.peek() == Some(b'"') {
            return self.quoted_name(start).map(Some);
        }
        let length = unquoted.length(&self.bytes[start..]);
        if length == 0 {
            return Ok(None);
        }
        self.at += length;
        // The server accepts a quote in the middle of a name: `a"b c"` is the name `ab c`.
        if self.peek() == Some(b'"') {
            return self.quoted_name(start).map(Some);
        }
        Ok(Some(Token::plain(&self.bytes[start..self.at], start)))
    }

    /// Reads the rest of a name that starts at `start`, from the opening quote at the cursor to the closing quote.
    #[cold]
    fn quoted_name(&mut self, start: usize) -> Result<Token<'a>, SyntaxError> {
        let open = self.at;
        self.at += 1;
        self.until_quote(open, SyntaxErrorKind::OpenName)?;
        Ok(Token::quoted(&self.bytes[start..self.at], start))
    }

    /// Moves the cursor past the closing quote. Returns whether the quoted text contains a backslash.
    #[inline]
    fn until_quote(&mut self, open: usize, unclosed: SyntaxErrorKind) -> Result<bool, SyntaxError> {
        let mut escapes = false;
        loop {
            let is_special = |byte| matches!(byte, b'"' | b'\\');
            let search = |bytes: &[u8]| memchr::memchr2(b'"', b'\\', bytes);
            let Some(found) = near(&self.bytes[self.at..], is_special, search) else {
                return Err(SyntaxError { kind: unclosed, span: open..self.bytes.len() });
            };
            self.at += found;
            if self.bytes[self.at] == b'"' {
                self.at += 1;
                return Ok(escapes);
            }
            escapes = true;
            let next = self.bytes.get(self.at + 1);
            let is_valid = matches!(next, Some(b'\\' | b'"' | b'n')) || self.any_escape && next.is_some();
            if !is_valid {
                let end = self.at + 1 + character(&self.bytes[self.at + 1..]);
                return Err(SyntaxError { kind: SyntaxErrorKind::Escape, span: self.at..end });
            }
            self.at += 2;
        }
    }

    /// Implements `startLabelName` and `startLabelValue`. Moves the cursor from the opening brace past the closing
    /// brace. Returns the metric name and the number of labels before it.
    fn braces(
        &mut self,
        allowed: Braces,
        labels: &mut Vec<LabelPair<'a>>,
    ) -> Result<(Option<Token<'a>>, usize), SyntaxError> {
        self.at += 1;
        let mut name = None;
        let mut before = 0;
        loop {
            self.skip_spaces();
            if self.peek() == Some(b'}') {
                break;
            }
            let Some(token) = self.name(LegacyName::Label)? else {
                return Err(self.error(SyntaxErrorKind::NoLabelName));
            };
            if token.is_empty() {
                return Err(SyntaxError { kind: SyntaxErrorKind::NoLabelName, span: token.span() });
            }
            self.skip_spaces();
            if self.peek() == Some(b'=') {
                self.at += 1;
                labels.push(LabelPair { name: token, value: self.label_value()? });
                self.skip_spaces();
                if !matches!(self.peek(), Some(b',' | b'}')) {
                    return Err(self.error(SyntaxErrorKind::NoComma));
                }
            } else if allowed == Braces::LabelsOnly {
                return Err(self.error(SyntaxErrorKind::NoEquals));
            } else if name.is_some() {
                return Err(SyntaxError { kind: SyntaxErrorKind::SecondName, span: token.span() });
            } else if !matches!(self.peek(), Some(b',' | b'}')) {
                return Err(self.error(SyntaxErrorKind::NameEnd));
            } else {
                name = Some(token);
                before = labels.len();
            }
            if self.peek() == Some(b'}') {
                break;
            }
            self.at += 1;
        }
        self.at += 1;
        Ok((name, before))
    }

    /// Implements `startLabelValue` and `readTokenAsLabelValue`.
    #[inline]
    fn label_value(&mut self) -> Result<Token<'a>, SyntaxError> {
        self.skip_spaces();
        if self.peek() != Some(b'"') {
            return Err(self.error(SyntaxErrorKind::NoQuote));
        }
        let open = self.at;
        self.at += 1;
        let escapes = self.until_quote(open, SyntaxErrorKind::OpenValue)?;
        let raw = &self.bytes[open + 1..self.at - 1];
        Ok(if escapes { Token::quoted(raw, open + 1) } else { Token::plain(raw, open + 1) })
    }

    /// Implements `readingValue`: reads the value after the name and the labels, and the rest of the line.
    #[inline]
    fn value(&mut self, name: Option<Token<'a>>, labels_before_name: usize, braced: bool) -> SampleLine<'a> {
        self.skip_spaces();
        let value = self.word();
        self.skip_spaces();
        SampleLine { name, labels_before_name, braced, value, rest: self.at..self.bytes.len() }
    }
}

/// Returns the index of the first byte for which `is` returns true. The first few bytes are checked in a loop, because
/// a match is usually so close that setting up `search` would take longer.
#[inline]
pub(crate) fn near(
    bytes: &[u8],
    is: impl Fn(u8) -> bool,
    search: impl Fn(&[u8]) -> Option<usize>,
) -> Option<usize> {
    const NEAR: usize = 24;
    let head = &bytes[..bytes.len().min(NEAR)];
    let found = head.iter().position(|byte| is(*byte));
    found.or_else(|| Some(head.len() + search(&bytes[head.len()..])?))
}

/// Returns the length of the first character in bytes: 1 if it is not valid UTF-8, 0 if there is none.
pub(crate) fn character(bytes: &[u8]) -> usize {
    let width = match bytes.first() {
        None => return 0,
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        Some(_) => return 1,
    };
    match bytes.get(..width) {
        Some(first) if std::str::from_utf8(first).is_ok() => width,
        _ => 1,
    }
}
