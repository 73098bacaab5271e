//! How many columns a text takes on a terminal, and text cut or wrapped to a number of columns.

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

/// A sentence in lines of at most `limit` columns, where there is a limit: broken at blanks, so that a word that is longer
/// stays whole. The first line has `taken` columns before it, the others are moved in by `indent`.
pub(super) fn wrap(text: &str, taken: usize, indent: usize, limit: Option<usize>) -> Cow<'_, str> {
    /// With less room it would be harder to read than what the terminal itself makes of it.
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
    fn a_sentence_is_broken_at_blanks() {
        let text = "the gateway refused the push: it holds 日本語 already";
        assert_eq!(wrap(text, 7, 7, None), text);
        assert_eq!(wrap(text, 7, 7, Some(80)), text);
        assert_eq!(
            wrap(text, 7, 7, Some(32)),
            "the gateway refused the\n       push: it holds 日本語\n       already"
        );
        assert_eq!(wrap(text, 0, 2, Some(32)), "the gateway refused the push: it\n  holds 日本語 already");
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
