//! Makes untrusted text safe to print: a server's response, a label value, a file name, a line of a file.
//!
//! Such text can contain escape sequences that move the cursor or rename the window, a lone CR that
//! overwrites the line, marks that reverse the reading direction, and zero-width characters. They are shown
//! as visible escapes. Output for programs (`json`, `path`, `show`) is exact and not sanitized.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The characters that a terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// All characters, in a UTF-8 locale.
    #[default]
    Unicode,
    /// ASCII only. All other characters are shown as escapes.
    Ascii,
}

impl Charset {
    /// Returns the character set of the locale, from the first variable that is not empty, as in POSIX.
    pub fn from_locale(lc_all: Option<&str>, lc_ctype: Option<&str>, lang: Option<&str>) -> Self {
        let locale = [lc_all, lc_ctype, lang].into_iter().flatten().find(|value| !value.is_empty());
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { Self::Unicode } else { Self::Ascii }
    }

    /// Returns the text that marks a cut.
    pub fn ellipsis(self) -> &'static str {
        match self {
            Self::Unicode => "…",
            Self::Ascii => "...",
        }
    }
}

/// Maximum number of lines of a server's response to show.
pub const BODY_LINES: usize = 10;
/// Maximum number of characters of a server's response to show.
pub const BODY_CHARS: usize = 2_000;

/// The start of a workflow command. GitHub Actions recognizes it anywhere in a log line, and `::` at the
/// start of a line. Untrusted text must not run such commands.
const COMMAND: &str = "##[";

/// A character of text that may not be valid UTF-8. Each invalid byte counts as a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Char(char),
    /// A byte that is not part of valid UTF-8.
    Byte(u8),
}

impl Unit {
    /// Returns the length in bytes.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Char(c) => c.len_utf8(),
            Self::Byte(_) => 1,
        }
    }

    /// Appends a visible form of the character, without control or invisible characters.
    pub(super) fn push_visible(self, out: &mut String, charset: Charset) {
        // Writing to a String can't fail.
        let _ = match self {
            Self::Byte(byte) => write!(out, "\\x{byte:02x}"),
            Self::Char(c) if is_plain(c, charset) => out.write_char(c),
            Self::Char('\n') => out.write_str("\\n"),
            Self::Char('\r') => out.write_str("\\r"),
            Self::Char('\t') => out.write_str("\\t"),
            Self::Char(c) if c.is_ascii_control() => write!(out, "\\x{:02x}", u32::from(c)),
            Self::Char(c) => write!(out, "\\u{{{:x}}}", u32::from(c)),
        };
    }
}

/// Iterates over the characters of text that may not be valid UTF-8.
pub(super) fn units(bytes: &[u8]) -> impl Iterator<Item = Unit> {
    bytes.utf8_chunks().flat_map(|chunk| {
        chunk.valid().chars().map(Unit::Char).chain(chunk.invalid().iter().copied().map(Unit::Byte))
    })
}

/// Returns the text on one line, with invisible characters shown as escapes.
pub fn text(text: &str, charset: Charset) -> Cow<'_, str> {
    if text.chars().all(|c| is_plain(c, charset)) && !text.contains(COMMAND) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(bytes(text.as_bytes(), charset))
}

/// Returns bytes on one line like [`text`]. Invalid UTF-8 is shown as `\xff`.
pub fn bytes(bytes: &[u8], charset: Charset) -> String {
    let mut out = String::with_capacity(bytes.len());
    for unit in units(bytes) {
        unit.push_visible(&mut out, charset);
    }
    out.replace(COMMAND, r"##\x5b")
}

/// Cuts text to at most `limit` characters, including the ellipsis that marks the cut.
pub fn shorten(text: &str, limit: usize, charset: Charset) -> Cow<'_, str> {
    if text.len() <= limit || text.chars().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    let ellipsis = charset.ellipsis();
    let kept = limit.saturating_sub(ellipsis.chars().count());
    let end = text.char_indices().nth(kept).map_or(text.len(), |(at, _)| at);
    Cow::Owned(format!("{}{ellipsis}", &text[..end]))
}

/// Returns the sanitized lines of a server's response: at most [`BODY_LINES`] lines and [`BODY_CHARS`]
/// characters, with an ellipsis at the cut. Empty lines are dropped.
///
/// A gateway responds with a line or two, but a proxy in front of it may respond with a whole web page.
pub fn body(body: &[u8], charset: Charset) -> Vec<String> {
    let all = body.trim_ascii();
    let seen = &all[..character_start(all, 4 * (BODY_CHARS + 1))];
    let mut left = BODY_CHARS;
    let mut lines = Vec::new();
    for line in seen.split(|&byte| byte == b'\n').take(BODY_LINES) {
        let parts = line.trim_ascii_end().split(|&byte| byte == b'\t').map(|part| bytes(part, charset));
        let mut line = parts.collect::<Vec<_>>().join("  ");
        if line.trim_start().starts_with("::") {
            line = line.replacen("::", r"\x3a:", 1);
        }
        let shown = shorten(&line, left, charset);
        let was_cut = shown.len() != line.len();
        left -= shown.chars().count().min(left);
        lines.push(shown.into_owned());
        if was_cut {
            return lines;
        }
    }
    lines.retain(|line| !line.is_empty());
    if seen.len() < all.len() || memchr::memchr_iter(b'\n', seen).count() >= BODY_LINES {
        lines.push(charset.ellipsis().to_owned());
    }
    lines
}

/// Returns the start of the character that contains the byte at `limit`, or the end of a shorter text. The
/// rest is never read, because a response may be megabytes long.
fn character_start(bytes: &[u8], limit: usize) -> usize {
    if bytes.len() <= limit {
        return bytes.len();
    }
    // A character has at most three bytes after the first.
    (limit.saturating_sub(3)..=limit).rev().find(|&at| bytes[at] & 0xc0 != 0x80).unwrap_or(limit)
}

/// Returns true if a character is shown unchanged.
fn is_plain(c: char, charset: Charset) -> bool {
    let is_visible_ascii = matches!(c, ' '..='~');
    is_visible_ascii || charset == Charset::Unicode && !c.is_control() && !is_hidden(c)
}

/// Returns true for non-ASCII characters that control a terminal, are invisible, or look like a space. These
/// are the C1 controls, which some terminals interpret as escape sequences, bidirectional marks, separators,
/// spaces, and all characters with the Unicode property `Default_Ignorable_Code_Point`.
///
/// Other combining marks are not included, because they visibly change the preceding character.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{a0}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{1680}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3000}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_invisible_characters_become_escapes() {
        let table = [
            ("plain text, über 日本 🎉", "plain text, über 日本 🎉"),
            ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
            ("\x1b[2J\x1b[1;31merror", r"\x1b[2J\x1b[1;31merror"),
            ("a\rb\tc\nd\0\x7f", r"a\rb\tc\nd\x00\x7f"),
            ("\u{9b}31m\u{85}", r"\u{9b}31m\u{85}"),
            ("job=\u{202e}nimda\u{202c}", r"job=\u{202e}nimda\u{202c}"),
            ("\u{2066}x\u{2069}\u{200e}\u{61c}", r"\u{2066}x\u{2069}\u{200e}\u{61c}"),
            ("zero\u{200b}width\u{200d}\u{feff}", r"zero\u{200b}width\u{200d}\u{feff}"),
            ("a\u{2028}b\u{ad}c\u{e0041}", r"a\u{2028}b\u{ad}c\u{e0041}"),
            ("e\u{301}", "e\u{301}"),
            ("x\u{34f}y\u{17b4}\u{180b}\u{180f}", r"x\u{34f}y\u{17b4}\u{180b}\u{180f}"),
            ("a\u{fe00}b\u{fe0f}\u{e0100}\u{e01ef}", r"a\u{fe00}b\u{fe0f}\u{e0100}\u{e01ef}"),
            ("\u{e0080}\u{e0fff}\u{1bca0}\u{1d17a}\u{fff0}", r"\u{e0080}\u{e0fff}\u{1bca0}\u{1d17a}\u{fff0}"),
            ("\u{a0}\u{2003}\u{2800}\u{3000}", r"\u{a0}\u{2003}\u{2800}\u{3000}"),
            ("\u{1680}\u{202f}\u{205f}", r"\u{1680}\u{202f}\u{205f}"),
            ("\u{fffd}\u{ffe0}\u{2007c}", "\u{fffd}\u{ffe0}\u{2007c}"),
        ];
        for (foreign, shown) in table {
            assert_eq!(text(foreign, Charset::Unicode), shown);
        }
        assert_eq!(text("über 日", Charset::Ascii), r"\u{fc}ber \u{65e5}");
        assert_eq!(bytes(b"a\xff\xe2\x82b\xc3\xa9", Charset::Unicode), r"a\xff\xe2\x82bé");
    }

    #[test]
    fn a_workflow_command_is_escaped() {
        for (foreign, shown) in [
            ("##[add-mask]x", r"##\x5badd-mask]x"),
            ("a ###[error]b##[c", r"a ###\x5berror]b##\x5bc"),
            ("# #[x] #[y] ::z", "# #[x] #[y] ::z"),
        ] {
            assert_eq!(text(foreign, Charset::Unicode), shown);
            assert_eq!(bytes(foreign.as_bytes(), Charset::Ascii), shown);
        }
        let lines =
            body(b"::stop-commands::x\n \t::add-mask::y\r\na ::b::\n##[debug]c\n:::d", Charset::Unicode);
        let shown =
            [r"\x3a:stop-commands::x", r"   \x3a:add-mask::y", "a ::b::", r"##\x5bdebug]c", r"\x3a::d"];
        assert_eq!(lines, shown);
    }

    #[test]
    fn sanitized_text_is_plain() {
        for charset in [Charset::Unicode, Charset::Ascii] {
            for c in '\0'..=char::MAX {
                let mut out = String::new();
                Unit::Char(c).push_visible(&mut out, charset);
                assert!(out.chars().all(|c| is_plain(c, charset)), "{c:?} became {out:?}");
                assert_eq!(text(c.encode_utf8(&mut [0; 4]), charset), out);
            }
        }
    }

    #[test]
    fn the_locale_decides_the_characters() {
        use Charset::{Ascii, Unicode};
        let table = [
            (None, None, Some("en_GB.UTF-8"), Unicode),
            (None, None, Some("C.utf8"), Unicode),
            (Some(""), None, Some("C.UTF-8"), Unicode),
            (Some("C"), None, Some("C.UTF-8"), Ascii),
            (None, Some("POSIX"), Some("C.UTF-8"), Ascii),
            (None, Some("C.UTF-8"), Some("C"), Unicode),
            (None, None, Some("de_DE.ISO-8859-1"), Ascii),
            (None, None, None, Ascii),
        ];
        for (lc_all, lc_ctype, lang, expected) in table {
            assert_eq!(
                Charset::from_locale(lc_all, lc_ctype, lang),
                expected,
                "{lc_all:?} {lc_ctype:?} {lang:?}"
            );
        }
    }

    #[test]
    fn shorten_counts_characters() {
        assert_eq!(shorten("日本語", 3, Charset::Unicode), "日本語");
        assert_eq!(shorten("日本語文", 3, Charset::Unicode), "日本…");
        assert_eq!(shorten("abcdef", 5, Charset::Ascii), "ab...");
        assert_eq!(shorten("abcdef", 0, Charset::Unicode), "…");
        assert_eq!(shorten("", 0, Charset::Unicode), "");
    }

    #[test]
    fn a_body_is_a_few_safe_lines() {
        let shown = |text: &[u8]| body(text, Charset::Unicode);
        assert_eq!(shown(b"\n 404 page not found\r\n"), ["404 page not found"]);
        assert_eq!(shown(b"2 errors:\n\t* a\x1b[2J\n* \xff\n"), ["2 errors:", r"  * a\x1b[2J", r"* \xff"]);
        assert_eq!(shown(b" \n"), [""; 0]);
        assert_eq!(shown(br#"{a="x\ty"}"#), [r#"{a="x\ty"}"#]);

        let page = "<p>\n".repeat(10_000);
        let lines = shown(page.as_bytes());
        assert_eq!(lines.len(), BODY_LINES + 1);
        assert_eq!(lines.last().unwrap(), "…");

        let ten = "x\n".repeat(BODY_LINES);
        assert_eq!(shown(ten.as_bytes()), ["x"; BODY_LINES]);

        let long = "é".repeat(1_000_000);
        let lines = shown(long.as_bytes());
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].chars().count(), BODY_CHARS);
        assert!(lines[0].ends_with("é…"));

        // The examined part ends in the middle of a character.
        let wide = format!("a{}", "🎉".repeat(2 * BODY_CHARS));
        let lines = shown(wide.as_bytes());
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].chars().count(), BODY_CHARS);
        assert!(lines[0].ends_with("🎉…"));
    }
}
