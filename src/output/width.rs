//! How many columns a text takes on a terminal, and text cut to a number of columns.

use super::sanitise::Charset;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns of a text that is safe to show.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// A text in at most `limit` columns, with an ellipsis at its end if something had to go. The result may be
/// a column narrower where half of a wide character would be left.
pub(super) fn fit(text: &str, limit: usize, charset: Charset) -> Cow<'_, str> {
    if columns(text) <= limit {
        return Cow::Borrowed(text);
    }
    let ellipsis = charset.ellipsis();
    let ellipsis = if columns(ellipsis) <= limit { ellipsis } else { "" };
    let mut left = limit - columns(ellipsis);
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let width = c.width().unwrap_or(0);
        if width > left {
            break;
        }
        left -= width;
        end = at + c.len_utf8();
    }
    Cow::Owned(format!("{}{ellipsis}", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_are_never_halved() {
        assert_eq!(fit("日本語", 6, Charset::Unicode), "日本語");
        assert_eq!(fit("日本語", 5, Charset::Unicode), "日本…");
        assert_eq!(fit("日本語", 4, Charset::Unicode), "日…");
        assert_eq!(fit("ae\u{301}io", 3, Charset::Unicode), "ae\u{301}…");
        assert_eq!(fit("abcdef", 5, Charset::Ascii), "ab...");
        assert_eq!(fit("abcdef", 1, Charset::Unicode), "…");
        assert_eq!(fit("abcdef", 2, Charset::Ascii), "ab");
        assert_eq!(fit("abcdef", 0, Charset::Unicode), "");
    }
}
