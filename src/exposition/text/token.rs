//! A name or a label value as it stands in the text, and what it means; and the labels of a line, of which there may be a
//! million.

use crate::exposition::hash;
use std::borrow::Cow;
use std::ops::Range;

/// Borrowed bytes that know their place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    raw: &'a [u8],
    at: usize,
    /// There is no quote to drop and no escape to resolve.
    plain: bool,
}

impl<'a> Token<'a> {
    /// A token that means what it says.
    #[inline]
    pub(crate) fn plain(raw: &'a [u8], at: usize) -> Self {
        Self { raw, at, plain: true }
    }

    /// A token that may hold quotes, which mean nothing, and escapes.
    #[inline]
    pub(crate) fn quoted(raw: &'a [u8], at: usize) -> Self {
        Self { raw, at, plain: false }
    }

    /// As written.
    #[inline]
    pub(crate) fn raw(&self) -> &'a [u8] {
        self.raw
    }

    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Where it stands in the text.
    #[inline]
    pub(crate) fn span(&self) -> Range<usize> {
        self.at..self.at + self.raw.len()
    }

    /// What it means: quotes dropped, escapes resolved.
    #[inline]
    pub(crate) fn text(&self) -> Cow<'a, [u8]> {
        if self.plain { Cow::Borrowed(self.raw) } else { Cow::Owned(unescape(self.raw)) }
    }

    /// Whether it means nothing at all, as `""` does.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.raw.iter().all(|&byte| byte == b'"') && self.text().is_empty()
    }

    /// Whether it means `text`.
    #[inline]
    pub(crate) fn is(&self, text: &[u8]) -> bool {
        if self.plain { self.raw == text } else { unescape(self.raw) == text }
    }

    /// Whether both mean the same.
    #[inline]
    pub(crate) fn same(&self, other: &Token<'_>) -> bool {
        if self.plain && other.plain { self.raw == other.raw } else { self.text() == other.text() }
    }

    /// The hash of what it means.
    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        if self.plain { hash::bytes(self.raw) } else { hash::bytes(&unescape(self.raw)) }
    }
}

fn unescape(raw: &[u8]) -> Vec<u8> {
    resolve_escapes(raw, false)
}

/// The text without its escapes. Quotes mean nothing in a name; in a HELP text they are text.
#[cold]
pub(crate) fn resolve_escapes(raw: &[u8], keep_quotes: bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' if !keep_quotes => {}
            b'\\' => text.extend(bytes.next().map(|&escaped| if escaped == b'n' { b'\n' } else { escaped })),
            _ => text.push(byte),
        }
    }
    text
}

/// One label of a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label<'a> {
    pub(crate) name: Token<'a>,
    /// What stands between the quotes.
    pub(crate) value: Token<'a>,
}

/// A token without its text, in a third of the memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Brief {
    pub(crate) at: u32,
    /// Of the token as written; in the highest bit whether it may hold quotes.
    length: u32,
}

const QUOTED: u32 = 1 << 31;

impl Brief {
    #[inline]
    pub(crate) fn new(token: &Token<'_>) -> Self {
        let quoted = if token.plain { 0 } else { QUOTED };
        Self { at: short(token.at), length: short(token.raw.len()) | quoted }
    }

    /// The token; `text` is the whole text.
    #[inline]
    pub(crate) fn token(self, text: &[u8]) -> Token<'_> {
        let (at, length) = (self.at as usize, (self.length & !QUOTED) as usize);
        Token { raw: &text[at..at + length], at, plain: self.length & QUOTED == 0 }
    }
}

/// A place or a length in half a word.
#[inline]
pub(crate) fn short(at: usize) -> u32 {
    u32::try_from(at).ok().filter(|at| at & QUOTED == 0).expect("a text has less than 2 GiB, as it promises")
}

/// The labels of a line, in sixteen bytes each.
#[derive(Debug)]
pub(crate) struct Labels<'a> {
    text: &'a [u8],
    all: Vec<(Brief, Brief)>,
}

impl<'a> Labels<'a> {
    /// None yet; `text` is the whole text.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, all: Vec::new() }
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
    }

    #[inline]
    pub(crate) fn push(&mut self, Label { name, value }: &Label<'_>) {
        self.all.push((Brief::new(name), Brief::new(value)));
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The name of the label at a position.
    pub(crate) fn name(&self, index: usize) -> Token<'a> {
        self.all[index].0.token(self.text)
    }

    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = Label<'a>> + Clone {
        let text = self.text;
        self.all.iter().map(move |(name, value)| Label { name: name.token(text), value: value.token(text) })
    }
}

impl Label<'_> {
    /// From the name to the closing quote.
    pub(crate) fn span(&self) -> Range<usize> {
        self.name.span().start..self.value.span().end + 1
    }
}
