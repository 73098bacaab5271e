//! One line of a text, cut into borrowed tokens.
//!
//! The grammar is that of the server's own parser (`prometheus/common expfmt/text_parse.go`), state by state, and
//! not a document's: a quote may begin in the middle of a name, `{"name",label="x"}` is a sample, `#TYPE` needs no
//! blank. No token of that grammar can span two lines, so a line is scanned alone and a fault ends only its line.
//!
//! What depends on other lines (the type of a family, whether a name is taken) is not decided here.

use super::token::{Label, Labels, Token};
use std::ops::Range;

/// A line that the grammar takes.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    /// Nothing but blanks.
    Blank,
    /// A comment that means nothing to the server.
    Comment,
    /// `# HELP name text`.
    Help(Meta<'a>),
    /// `# TYPE name type`.
    Type(Meta<'a>),
    /// A sample; its labels are in the list that [`line()`] filled.
    Sample(Sample<'a>),
}

/// What follows the keyword of a HELP or TYPE line.
#[derive(Debug)]
pub(crate) struct Meta<'a> {
    /// The name, unless the line ends right behind it: nothing is declared then.
    pub(crate) name: Option<Token<'a>>,
    /// The name where nothing is declared.
    pub(crate) idle: Option<Token<'a>>,
    /// The rest of the line, from the first byte that is no blank; `None` where the line ends before.
    pub(crate) text: Option<Range<usize>>,
}

/// A line with a name or labels, and a value.
#[derive(Debug)]
pub(crate) struct Sample<'a> {
    /// The name; `None` in a line such as `{a="b"} 1`, where the server goes on with what it read last.
    pub(crate) name: Option<Token<'a>>,
    /// How many labels stood before the name; only a line that begins with `{` can have any.
    pub(crate) labels_before_name: usize,
    /// The line begins with `{`.
    pub(crate) braced: bool,
    /// The value, unread, up to a blank; empty where the line ends.
    pub(crate) value: Range<usize>,
    /// What follows the value, from the first byte that is no blank.
    pub(crate) rest: Range<usize>,
}

/// A line that the grammar does not take, whatever the other lines say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// The bytes to blame; empty at the end of the line.
    pub(crate) span: Range<usize>,
}

/// What is wrong with a line, by the state that the server's parser is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// A line begins with a byte that begins no name (`readingMetricName`).
    NoMetricName,
    /// The same behind HELP or TYPE (`startComment`).
    NoNameInComment,
    /// A label name was due (`startLabelName`).
    NoLabelName,
    /// A quoted name is not closed before the line ends.
    OpenName,
    /// A label value is not closed before the line ends.
    OpenValue,
    /// A backslash before something else than `\`, `"` or `n`.
    Escape,
    /// A label name without `=` behind it.
    NoEquals,
    /// In a line that begins with `{`: a name that neither `,` nor `}` nor `=` follows.
    NameEnd,
    /// In a line that begins with `{`: two names.
    SecondName,
    /// `=` without `"` behind it (`startLabelValue`).
    NoQuote,
    /// A label value that neither `,` nor `}` follows.
    NoComma,
}

/// Scans the line `bytes[range]`, whose newline, there or not, is outside of `range`. `labels` is cleared and then
/// filled, so that its memory serves all lines.
pub(crate) fn line<'a>(
    bytes: &'a [u8],
    range: Range<usize>,
    labels: &mut Labels<'a>,
) -> Result<Line<'a>, Fault> {
    labels.clear();
    let mut cursor = Cursor { bytes: &bytes[..range.end], at: range.start };
    cursor.skip_blanks();
    match cursor.peek() {
        None => Ok(Line::Blank),
        Some(b'#') => {
            cursor.at += 1;
            cursor.comment()
        }
        Some(b'{') => {
            let (name, labels_before_name) = cursor.braces(Braces::WithName, labels)?;
            Ok(Line::Sample(cursor.value(name, labels_before_name, true)))
        }
        Some(_) => {
            let name = cursor.metric_name()?;
            let Some(name) = name else { return Err(cursor.fault(FaultKind::NoMetricName)) };
            if name.is_empty() {
                return Err(Fault { kind: FaultKind::NoMetricName, span: name.span() });
            }
            cursor.skip_blanks();
            if cursor.peek() == Some(b'{') {
                cursor.braces(Braces::LabelsOnly, labels)?;
            }
            Ok(Line::Sample(cursor.value(Some(name), 0, false)))
        }
    }
}

/// Whether a metric name may stand between the braces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Braces {
    LabelsOnly,
    WithName,
}

/// A place in a line. The end of `bytes` is the end of the line.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// A fault at the character under the cursor.
    fn fault(&self, kind: FaultKind) -> Fault {
        Fault { kind, span: self.at..self.at + character(&self.bytes[self.at..]) }
    }

    /// The bytes up to the next blank.
    fn word(&mut self) -> Range<usize> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
        self.at += length;
        self.at - length..self.at
    }

    /// `startComment`: the byte behind `#` is under the cursor.
    fn comment(&mut self) -> Result<Line<'a>, Fault> {
        self.skip_blanks();
        let keyword = self.word();
        let help = match &self.bytes[keyword] {
            b"HELP" => true,
            b"TYPE" => false,
            _ => return Ok(Line::Comment),
        };
        // A keyword that ends its line is a comment as well, and so is one with nothing behind its name.
        if self.peek().is_none() {
            return Ok(Line::Comment);
        }
        self.skip_blanks();
        let name = self.metric_name()?;
        let meta = match self.peek() {
            None => Meta { name: None, idle: name, text: None },
            Some(b' ' | b'\t') if name.is_some() => {
                self.skip_blanks();
                let text = (self.at < self.bytes.len()).then_some(self.at..self.bytes.len());
                Meta { name, idle: None, text }
            }
            Some(_) => return Err(self.fault(FaultKind::NoNameInComment)),
        };
        Ok(if help { Line::Help(meta) } else { Line::Type(meta) })
    }

    /// `readTokenAsMetricName`.
    #[inline]
    fn metric_name(&mut self) -> Result<Option<Token<'a>>, Fault> {
        self.name(class::METRIC)
    }

    /// A name: `None` if the byte under the cursor begins none. `class` says which letters it may hold outside of quotes.
    #[inline]
    fn name(&mut self, class: u8) -> Result<Option<Token<'a>>, Fault> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => return self.quoted_name(start).map(Some),
            Some(byte) if class::OF[byte as usize] & class & class::START != 0 => {}
            _ => return Ok(None),
        }
        let rest = &self.bytes[start..];
        let length =
            rest.iter().position(|byte| class::OF[*byte as usize] & class == 0).unwrap_or(rest.len());
        self.at += length;
        // The server takes a quote in the middle of a name: `a"b c"` is the name `ab c`.
        if self.peek() == Some(b'"') {
            return self.quoted_name(start).map(Some);
        }
        Ok(Some(Token::plain(&self.bytes[start..self.at], start)))
    }

    /// The rest of a name that began at `start`, from its opening quote to behind its closing one, where it ends.
    #[cold]
    fn quoted_name(&mut self, start: usize) -> Result<Token<'a>, Fault> {
        let open = self.at;
        self.at += 1;
        self.until_quote(open, FaultKind::OpenName)?;
        Ok(Token::quoted(&self.bytes[start..self.at], start))
    }

    /// Goes behind the closing quote; returns whether there was a backslash.
    #[inline]
    fn until_quote(&mut self, open: usize, unclosed: FaultKind) -> Result<bool, Fault> {
        let mut escapes = false;
        loop {
            let is_special = |byte| matches!(byte, b'"' | b'\\');
            let search = |bytes: &[u8]| memchr::memchr2(b'"', b'\\', bytes);
            let Some(found) = near(&self.bytes[self.at..], is_special, search) else {
                return Err(Fault { kind: unclosed, span: open..self.bytes.len() });
            };
            self.at += found;
            if self.bytes[self.at] == b'"' {
                self.at += 1;
                return Ok(escapes);
            }
            escapes = true;
            let Some(b'\\' | b'"' | b'n') = self.bytes.get(self.at + 1) else {
                let end = self.at + 1 + character(&self.bytes[self.at + 1..]);
                return Err(Fault { kind: FaultKind::Escape, span: self.at..end });
            };
            self.at += 2;
        }
    }

    /// `startLabelName` and `startLabelValue`: the opening brace is under the cursor; goes behind the closing one.
    /// The metric name is returned with the number of labels before it.
    fn braces(
        &mut self,
        allowed: Braces,
        labels: &mut Labels<'a>,
    ) -> Result<(Option<Token<'a>>, usize), Fault> {
        self.at += 1;
        let mut name = None;
        let mut before = 0;
        loop {
            self.skip_blanks();
            if self.peek() == Some(b'}') {
                break;
            }
            let token = self.name(class::LABEL)?;
            let Some(token) = token else { return Err(self.fault(FaultKind::NoLabelName)) };
            if token.is_empty() {
                return Err(Fault { kind: FaultKind::NoLabelName, span: token.span() });
            }
            self.skip_blanks();
            if self.peek() == Some(b'=') {
                self.at += 1;
                labels.push(&Label { name: token, value: self.label_value()? });
                self.skip_blanks();
                if !matches!(self.peek(), Some(b',' | b'}')) {
                    return Err(self.fault(FaultKind::NoComma));
                }
            } else if allowed == Braces::LabelsOnly {
                return Err(self.fault(FaultKind::NoEquals));
            } else if name.is_some() {
                return Err(Fault { kind: FaultKind::SecondName, span: token.span() });
            } else if !matches!(self.peek(), Some(b',' | b'}')) {
                return Err(self.fault(FaultKind::NameEnd));
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

    /// `startLabelValue` and `readTokenAsLabelValue`.
    #[inline]
    fn label_value(&mut self) -> Result<Token<'a>, Fault> {
        self.skip_blanks();
        if self.peek() != Some(b'"') {
            return Err(self.fault(FaultKind::NoQuote));
        }
        let open = self.at;
        self.at += 1;
        let escapes = self.until_quote(open, FaultKind::OpenValue)?;
        let raw = &self.bytes[open + 1..self.at - 1];
        Ok(if escapes { Token::quoted(raw, open + 1) } else { Token::plain(raw, open + 1) })
    }

    /// `readingValue`: what stands behind the name and the labels.
    #[inline]
    fn value(&mut self, name: Option<Token<'a>>, labels_before_name: usize, braced: bool) -> Sample<'a> {
        self.skip_blanks();
        let value = self.word();
        self.skip_blanks();
        Sample { name, labels_before_name, braced, value, rest: self.at..self.bytes.len() }
    }
}

/// Where the first byte stands that `is` takes and `search` finds. It is mostly so near that a search by words does not
/// pay.
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

/// How many bytes the first character has: one where it is not UTF-8, none at the end.
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

/// The letters of unquoted names, as one table look-up a byte.
mod class {
    /// May stand in a label name and in a metric name.
    pub(crate) const LABEL: u8 = 0b011;
    /// `:` too.
    pub(crate) const METRIC: u8 = 0b111;
    /// Those bits of a class that allow a letter to be the first.
    pub(crate) const START: u8 = 0b101;

    /// Which bits each byte has.
    pub(crate) const OF: [u8; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            #[expect(clippy::cast_possible_truncation, reason = "below 256")]
            let letter = byte as u8;
            table[byte] = match letter {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => 0b001,
                b'0'..=b'9' => 0b010,
                b':' => 0b100,
                _ => 0,
            };
            byte += 1;
        }
        table
    };
}
