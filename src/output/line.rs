//! A line for people: pieces of text with a meaning each, and how they look on a stream.

use super::Style;
use super::sanitise::{self, Charset};
use super::width;
use std::borrow::Cow;

/// How things for people look on one stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) color: bool,
    /// The columns that a line may take; `None` where nobody looks, so that nothing is cut in a pipe.
    pub(super) width: Option<usize>,
    pub(super) charset: Charset,
}

impl Look {
    /// The text in lines that fit; a command to copy stays in one piece.
    pub(super) fn wrap(self, text: &str, taken: usize, indent: usize) -> Cow<'_, str> {
        width::wrap(text, taken, indent, self.width.filter(|_| !text.starts_with("pushgw ")))
    }
}

/// A piece of a line with one meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    style: Style,
    text: String,
}

impl Span {
    /// A piece that is marked out.
    #[must_use]
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self { style, text: text.into() }
    }

    /// A piece like any other.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(Style::Plain, text)
    }

    /// Appends it in at most `limit` columns; how many it took, and whether that was all of it.
    fn push_to(&self, out: &mut String, look: Look, limit: usize) -> (usize, bool) {
        let text = sanitise::text(&self.text, look.charset);
        let shown = width::fit(&text, limit, look.charset);
        out.push_str(&self.style.paint(&shown, look.color));
        (width::columns(&shown), shown.len() == text.len())
    }
}

/// A line for people: text, or several pieces with a meaning each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(Vec<Span>);

impl Line {
    /// The columns that it takes.
    pub(super) fn columns(&self, look: Look) -> usize {
        self.0.iter().map(|span| width::columns(&sanitise::text(&span.text, look.charset))).sum()
    }

    /// Appends it as it is shown, in at most `limit` columns, and says how many it took.
    pub(super) fn push_to(&self, out: &mut String, look: Look, limit: usize) -> usize {
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

    /// Appends all of it as a paragraph. Of several pieces the first one is a name for the others, which stand behind it.
    pub(super) fn push_paragraph(&self, out: &mut String, look: Look) {
        let indent = match self.0.as_slice() {
            [name, _, ..] => width::columns(&sanitise::text(&name.text, look.charset)),
            _ => 2,
        };
        self.push_wrapped(out, look, 0, indent);
    }

    /// Appends all of it, wrapped at blanks where the terminal is narrower: the first line has `taken` columns before it,
    /// the others are moved in by `indent`.
    pub(super) fn push_wrapped(&self, out: &mut String, look: Look, taken: usize, indent: usize) {
        let mut column = taken;
        for Span { style, text } in &self.0 {
            let text = sanitise::text(text, look.charset);
            let shown = look.wrap(&text, column, indent);
            column = match shown.rsplit_once('\n') {
                Some((_, last)) => width::columns(last),
                None => column + width::columns(&shown),
            };
            out.push_str(&style.paint(&shown, look.color));
        }
    }

    /// The same as [`Self::push_to`], but the first piece is shortened for the sake of the others, as long as it keeps `narrowest` columns.
    pub(super) fn push_with_end(&self, out: &mut String, look: Look, limit: usize, narrowest: usize) {
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

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self(vec![Span::plain(text)])
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self(vec![Span::plain(text)])
    }
}

impl From<Vec<Span>> for Line {
    fn from(spans: Vec<Span>) -> Self {
        Self(spans)
    }
}

impl<const N: usize> From<[Span; N]> for Line {
    fn from(spans: [Span; N]) -> Self {
        Self(spans.into())
    }
}
