//! The width of text on a terminal, in columns, and text cut or wrapped to a width.

use super::sanitize::Charset;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width of a sanitized text.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Cuts a text to at most `limit` columns and marks the cut with an ellipsis. The result is a column narrower if half of
/// a wide character would be left.
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

/// Wraps a text at spaces to at most `limit` columns, if there is a limit. A longer word stays whole. The first line has
/// `taken` columns before it, the others are indented by `indent` columns.
pub(super) fn wrap(text: &str, taken: usize, indent: usize, limit: Option<usize>) -> Cow<'_, str> {
    /// In less space, the terminal's own wrapping is easier to read.
    const NARROWEST: usize = 16;
    let Some(limit) = limit.filter(|limit| *limit >= indent + NARROWEST) else {
        return text.into();
    };
    if taken + columns(text) <= limit {
        return text.into();
    }
    let (mut out, mut column, mut is_first) = (String::new(), taken, true);
    for word in text.split(' ') {
        if !std::mem::take(&mut is_first) {
            if column + 1 + columns(word) > limit {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            } else {
                out.push(' ');
                column += 1;
            }
        }
        out.push_str(word);
        column += columns(word);
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_at_spaces() {
        let text = "the gateway rejected the push: it has 日本語 already";
        assert_eq!(wrap(text, 7, 7, None), text);
        assert_eq!(wrap(text, 7, 7, Some(80)), text);
        assert_eq!(
            wrap(text, 7, 7, Some(32)),
            "the gateway rejected the\n       push: it has 日本語\n       already"
        );
        assert_eq!(wrap(text, 0, 2, Some(32)), "the gateway rejected the push:\n  it has 日本語 already");
        // Too narrow to be worth it, and a word that is too long.
        assert_eq!(wrap(text, 7, 7, Some(22)), text);
        assert_eq!(
            wrap("run pushgw-with-a-long-name now", 2, 2, Some(20)),
            "run\n  pushgw-with-a-long-name\n  now"
        );
    }

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
