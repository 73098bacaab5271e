//! A name or a label value as it stands in the text, and what it means.

use super::hash;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

/// Borrowed bytes that know their place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    raw: &'a [u8],
    at: usize,
    /// There is no quote to drop and no escape to resolve.
    plain: bool,
}

impl<'a> Token<'a> {
    /// A token that means what it says.
    #[inline]
    pub(super) fn plain(raw: &'a [u8], at: usize) -> Self {
        Self { raw, at, plain: true }
    }

    /// A token that may hold quotes, which mean nothing, and escapes.
    #[inline]
    pub(super) fn quoted(raw: &'a [u8], at: usize) -> Self {
        Self { raw, at, plain: false }
    }

    /// As written.
    #[inline]
    pub(super) fn raw(&self) -> &'a [u8] {
        self.raw
    }

    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Where it stands in the text.
    #[inline]
    pub(super) fn span(&self) -> Range<usize> {
        self.at..self.at + self.raw.len()
    }

    /// What it means: quotes dropped, escapes resolved.
    #[inline]
    pub(super) fn text(&self) -> Cow<'a, [u8]> {
        if self.plain { Cow::Borrowed(self.raw) } else { Cow::Owned(unescape(self.raw)) }
    }

    /// Whether it means nothing at all, as `""` does.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.raw.iter().all(|&byte| byte == b'"') && self.text().is_empty()
    }

    /// Whether it means `text`.
    #[inline]
    pub(super) fn is(&self, text: &[u8]) -> bool {
        if self.plain { self.raw == text } else { unescape(self.raw) == text }
    }

    /// Whether both mean the same.
    #[inline]
    pub(super) fn same(&self, other: &Token<'_>) -> bool {
        if self.plain && other.plain { self.raw == other.raw } else { self.text() == other.text() }
    }

    /// The order of what they mean, and then of their places.
    pub(super) fn cmp(&self, other: &Token<'_>) -> Ordering {
        let texts =
            if self.plain && other.plain { self.raw.cmp(other.raw) } else { self.text().cmp(&other.text()) };
        texts.then(self.at.cmp(&other.at))
    }

    /// The hash of what it means.
    #[inline]
    pub(super) fn hash(&self) -> u64 {
        if self.plain { hash::bytes(self.raw) } else { hash::bytes(&unescape(self.raw)) }
    }
}

#[cold]
fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' => {}
            b'\\' => text.extend(bytes.next().map(|&escaped| if escaped == b'n' { b'\n' } else { escaped })),
            _ => text.push(byte),
        }
    }
    text
}

/// One label of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label<'a> {
    pub(super) name: Token<'a>,
    /// What stands between the quotes.
    pub(super) value: Token<'a>,
}

impl Label<'_> {
    /// From the name to the closing quote.
    pub(super) fn span(&self) -> Range<usize> {
        self.name.span().start..self.value.span().end + 1
    }
}
