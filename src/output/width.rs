//! Measures the width of text on a terminal, and cuts or wraps text to a width. Widths are in columns.

use super::sanitize::Charset;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns the width of sanitized text.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Cuts text to at most `limit` columns and marks the cut with an ellipsis. The result is one column narrower
/// if the cut would split a wide character.
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

/// Shortens a key such as `{job="db_backup"}` to at most `limit` columns. The quoted values are cut in the
/// middle, the longest first. Returns `None` if the values would become too short to recognize.
pub(super) fn shorten_values(key: &str, limit: usize, charset: Charset) -> Option<String> {
    const LEAST: usize = 9;
    if columns(key) <= limit {
        return Some(key.to_owned());
    }
    let pieces: Vec<&str> = split_at_quotes(key);
    // Every other piece is a value.
    let shortened = |least: usize| -> String {
        let piece = |(at, piece): (usize, &&str)| match at % 2 {
            1 => fit_middle(piece, least, charset),
            _ => (*piece).to_owned(),
        };
        pieces.iter().enumerate().map(piece).collect()
    };
    let fits = |least: usize| columns(&shortened(least)) <= limit;
    let (mut most, mut too_much) = (LEAST, limit.max(LEAST + 1));
    while too_much - most > 1 {
        let middle = most.midpoint(too_much);
        if fits(middle) {
            most = middle;
        } else {
            too_much = middle;
        }
    }
    fits(most).then(|| shortened(most))
}

/// Splits text at the quotes that are not escaped.
fn split_at_quotes(text: &str) -> Vec<&str> {
    let (mut pieces, mut start, mut is_escaped, mut is_inside) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        if c == '"' && !is_escaped {
            // The quotes are part of the text around the value.
            let end = if is_inside { at } else { at + 1 };
            pieces.push(&text[start..end]);
            start = end;
            is_inside = !is_inside;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    pieces.push(&text[start..]);
    pieces
}

/// Cuts text to at most `limit` columns, with an ellipsis in the middle.
fn fit_middle(text: &str, limit: usize, charset: Charset) -> String {
    if columns(text) <= limit {
        return text.to_owned();
    }
    let left = limit.saturating_sub(columns(charset.ellipsis()));
    let take = |chars: &mut dyn Iterator<Item = char>, mut left: usize| -> String {
        let fits = |c: &char| {
            let width = c.width().unwrap_or(0);
            let fits = width <= left;
            left -= width.min(left);
            fits
        };
        chars.take_while(fits).collect()
    };
    let start = take(&mut text.chars(), left.div_ceil(2));
    let end: String = take(&mut text.chars().rev(), left / 2).chars().rev().collect();
    format!("{start}{}{end}", charset.ellipsis())
}

/// Breaks text into lines of at most `limit` columns, at any character.
pub(super) fn fold(text: &str, limit: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut column = 0;
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if column + width > limit && column > 0 {
            lines.push(String::new());
            column = 0;
        }
        column += width;
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    }
    lines
}

/// Wraps text at spaces to at most `limit` columns, if there is a limit. A longer word is not split. The
/// first line starts at column `taken`, and the others are indented by `indent` columns.
pub(super) fn wrap(text: &str, taken: usize, indent: usize, limit: Option<usize>) -> Cow<'_, str> {
    /// Minimum number of columns to wrap. Below this, the terminal's own wrapping is easier to read.
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
        // The width is too narrow to wrap, or a word is too long.
        assert_eq!(wrap(text, 7, 7, Some(22)), text);
        assert_eq!(
            wrap("run pushgw-with-a-long-name now", 2, 2, Some(20)),
            "run\n  pushgw-with-a-long-name\n  now"
        );
    }

    #[test]
    fn values_are_shortened_in_the_middle() {
        let key = r#"{job="video_processing_nightly",path="a\"b",instance="mp4_node1"}"#;
        let shorten = |limit| shorten_values(key, limit, Charset::Unicode);
        assert_eq!(shorten(80).unwrap(), key);
        assert_eq!(shorten(60).unwrap(), r#"{job="video_pro…g_nightly",path="a\"b",instance="mp4_node1"}"#);
        assert_eq!(shorten(50).unwrap(), r#"{job="vide…htly",path="a\"b",instance="mp4_node1"}"#);
        assert_eq!(shorten(49), None);
        assert_eq!(
            shorten_values(r#"{job="日本語日本語日本語"}"#, 18, Charset::Unicode).unwrap(),
            r#"{job="日本…語語"}"#.replace("語語", "本語")
        );
        assert_eq!(fold("日本語ab", 4), ["日本", "語ab"]);
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
