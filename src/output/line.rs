//! Human-readable lines of styled text, and how they look on a stream.

use super::Style;
use super::sanitize::{self, Charset};
use super::width;
use std::borrow::Cow;

/// The appearance of human-readable text on one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Appearance {
    pub(crate) color: bool,
    /// Maximum width of a line, or `None` if the stream is not a terminal. Without a maximum, nothing is cut.
    pub(crate) width: Option<usize>,
    pub(crate) charset: Charset,
}

impl Appearance {
    /// Wraps text. A command to copy is not wrapped, so that it stays on one line.
    pub(super) fn wrap(self, text: &str, taken: usize, indent: usize) -> Cow<'_, str> {
        width::wrap(text, taken, indent, self.width.filter(|_| !text.starts_with("pushgw ")))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StyledText {
    style: Style,
    text: String,
}

impl StyledText {
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self { style, text: text.into() }
    }

    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(Style::Plain, text)
    }

    /// Appends the text, cut to `limit` columns. Returns the columns used and whether the text is complete.
    fn push_to(&self, out: &mut String, look: Appearance, limit: usize) -> (usize, bool) {
        let text = sanitize::text(&self.text, look.charset);
        let shown = width::fit(&text, limit, look.charset);
        out.push_str(&self.style.paint(&shown, look.color));
        (width::columns(&shown), shown.len() == text.len())
    }
}

/// A human-readable line: one or more pieces of styled text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StyledLine(Vec<StyledText>);

impl StyledLine {
    pub(super) fn columns(&self, look: Appearance) -> usize {
        self.0.iter().map(|span| width::columns(&sanitize::text(&span.text, look.charset))).sum()
    }

    /// Returns the sanitized text without styles.
    pub(super) fn plain(&self, look: Appearance) -> String {
        self.0.iter().map(|span| sanitize::text(&span.text, look.charset)).collect()
    }

    /// Appends the line, cut to `limit` columns. Returns the columns used.
    pub(super) fn push_to(&self, out: &mut String, look: Appearance, limit: usize) -> usize {
        let mut used = 0;
        for span in &self.0 {
            let (columns, is_whole) = span.push_to(out, look, limit - used);
            used = (used + columns).min(limit);
            if !is_whole {
                break;
            }
        }
        used
    }

    /// Appends the whole line as a paragraph. If there are several pieces, the first is a name, and wrapped
    /// lines are indented to align with the text after it.
    pub(super) fn push_paragraph(&self, out: &mut String, look: Appearance) {
        let indent = match self.0.as_slice() {
            [name, _, ..] => width::columns(&sanitize::text(&name.text, look.charset)),
            _ => 2,
        };
        self.push_wrapped(out, look, 0, indent);
    }

    /// Appends the whole line, wrapped at spaces. The first line starts at column `taken`, and the others are
    /// indented by `indent` columns.
    pub(super) fn push_wrapped(&self, out: &mut String, look: Appearance, taken: usize, indent: usize) {
        let mut column = taken;
        for StyledText { style, text } in &self.0 {
            let text = sanitize::text(text, look.charset);
            let shown = look.wrap(&text, column, indent);
            column = match shown.rsplit_once('\n') {
                Some((_, last)) => width::columns(last),
                None => column + width::columns(&shown),
            };
            out.push_str(&style.paint(&shown, look.color));
        }
    }

    /// Appends the line like [`Self::push_to`], but shortens the first piece instead of the others, if at
    /// least `narrowest` columns of it remain.
    pub(super) fn push_with_end(&self, out: &mut String, look: Appearance, limit: usize, narrowest: usize) {
        let [first, end @ ..] = self.0.as_slice() else { return };
        let end = Self(end.to_vec());
        let (all, end_columns) = (self.columns(look), end.columns(look));
        if all > limit && end_columns + narrowest <= limit {
            let (columns, _) = first.push_to(out, look, limit - end_columns);
            end.push_to(out, look, limit - columns);
        } else {
            self.push_to(out, look, limit);
        }
    }
}

impl From<&str> for StyledLine {
    fn from(text: &str) -> Self {
        Self(vec![StyledText::plain(text)])
    }
}

impl From<String> for StyledLine {
    fn from(text: String) -> Self {
        Self(vec![StyledText::plain(text)])
    }
}

impl From<Vec<StyledText>> for StyledLine {
    fn from(spans: Vec<StyledText>) -> Self {
        Self(spans)
    }
}

impl<const N: usize> From<[StyledText; N]> for StyledLine {
    fn from(spans: [StyledText; N]) -> Self {
        Self(spans.into())
    }
}
