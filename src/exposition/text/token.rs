//! Names and label values, both as written and with escapes resolved.

use crate::exposition::hash;
use std::borrow::Cow;
use std::ops::Range;

/// A name or label value, and its position in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    raw: &'a [u8],
    start: usize,
    /// Whether the token contains no quotes and no escapes.
    plain: bool,
}

impl<'a> Token<'a> {
    /// Creates a token that contains neither quotes nor escapes.
    #[inline]
    pub(crate) fn plain(raw: &'a [u8], start: usize) -> Self {
        Self { raw, start, plain: true }
    }

    /// Creates a token that may contain quotes or escapes.
    #[inline]
    pub(crate) fn quoted(raw: &'a [u8], start: usize) -> Self {
        Self { raw, start, plain: false }
    }

    /// Returns the token as written.
    #[inline]
    pub(crate) fn raw(&self) -> &'a [u8] {
        self.raw
    }

    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    #[inline]
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.start + self.raw.len()
    }

    /// Returns the token without quotes and with escapes resolved.
    #[inline]
    pub(crate) fn text(&self) -> Cow<'a, [u8]> {
        if self.plain { Cow::Borrowed(self.raw) } else { Cow::Owned(unescape(self.raw)) }
    }

    /// Returns whether the token is empty apart from its quotes, such as `""`.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.raw.iter().all(|&byte| byte == b'"') && self.text().is_empty()
    }

    /// Returns whether the token equals `text` after removing quotes and resolving escapes.
    #[inline]
    pub(crate) fn is(&self, text: &[u8]) -> bool {
        if self.plain { self.raw == text } else { unescape(self.raw) == text }
    }

    /// Returns whether both tokens have the same text.
    #[inline]
    pub(crate) fn same(&self, other: &Token<'_>) -> bool {
        if self.plain && other.plain { self.raw == other.raw } else { self.text() == other.text() }
    }

    /// Returns the hash of the token without quotes and with escapes resolved.
    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        if self.plain { hash::bytes(self.raw) } else { hash::bytes(&unescape(self.raw)) }
    }
}

fn unescape(raw: &[u8]) -> Vec<u8> {
    resolve_escapes(raw, false)
}

/// Resolves the escapes in a token. Quotes are removed from names but kept in HELP texts. A backslash that does not
/// start a valid escape is kept. Only OpenMetrics label values can contain one.
#[cold]
pub(crate) fn resolve_escapes(raw: &[u8], keep_quotes: bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' if !keep_quotes => {}
            b'\\' => match bytes.next() {
                Some(b'n') => text.push(b'\n'),
                Some(&escaped) if keep_quotes || matches!(escaped, b'\\' | b'"') => text.push(escaped),
                other => text.extend([b'\\'].iter().chain(other)),
            },
            _ => text.push(byte),
        }
    }
    text
}

/// A label of a sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelPair<'a> {
    pub(crate) name: Token<'a>,
    /// The value, without the quotes around it.
    pub(crate) value: Token<'a>,
}

impl LabelPair<'_> {
    /// Returns the range from the start of the name to the closing quote.
    pub(crate) fn span(&self) -> Range<usize> {
        self.name.span().start..self.value.span().end + 1
    }

    /// Returns whether both labels have the same name and value after resolving escapes.
    fn same(&self, other: &LabelPair<'_>) -> bool {
        self.name.same(&other.name) && self.value.same(&other.value)
    }
}

/// Sorts labels by name, as required by [`same_labels`].
pub(crate) fn sort_labels(labels: &mut [LabelPair<'_>]) {
    labels.sort_unstable_by(|a, b| a.name.text().cmp(&b.name.text()));
}

/// Returns whether two sorted sequences of labels are equal.
pub(crate) fn same_labels<'l, 'a: 'l>(
    first: impl IntoIterator<Item = &'l LabelPair<'a>>,
    second: impl IntoIterator<Item = &'l LabelPair<'a>>,
) -> bool {
    let mut second = second.into_iter();
    first.into_iter().all(|label| second.next().is_some_and(|other| label.same(other)))
        && second.next().is_none()
}
