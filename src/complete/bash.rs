//! Parses the raw command line that bash passes, and quotes candidates for it. zsh and fish do both themselves.
//!
//! readline replaces only the end of a word: the part after the last character of `COMP_WORDBREAKS` (which contains `:`
//! and `=`), or after the opening quote.

/// The command line up to the cursor.
#[derive(Debug, Default)]
pub(super) struct BashLine {
    /// The unquoted words. The last one is at the cursor and may be empty.
    pub(super) words: Vec<String>,
    /// Length of the part of the last word that readline keeps.
    kept: usize,
    /// The quote character that is still open at the cursor.
    quote: Option<char>,
}

impl BashLine {
    pub(super) fn read(line: &str, breaks: &str) -> Self {
        let mut read = Self::default();
        let mut word: Option<String> = None;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            if read.quote.is_none() && c.is_whitespace() {
                read.words.extend(word.take());
                read.kept = 0;
                continue;
            }
            let word = word.get_or_insert_default();
            match (c, read.quote) {
                ('\'' | '"', None) => {
                    read.quote = Some(c);
                    read.kept = word.len();
                }
                (c, Some(quote)) if c == quote => {
                    read.quote = None;
                    read.kept = word.len();
                }
                ('\\', None) => word.extend(chars.next()),
                ('\\', Some('"')) => {
                    // Inside double quotes, a backslash escapes only these characters.
                    let escaped = chars.next_if(|next| "\\\"$`".contains(*next));
                    word.push(escaped.unwrap_or('\\'));
                }
                (c, quote) => {
                    word.push(c);
                    if quote.is_none() && breaks.contains(c) {
                        read.kept = word.len();
                    }
                }
            }
        }
        read.words.push(word.unwrap_or_default());
        read
    }

    /// Returns the replacement for the end of the word if the candidate starts with the typed text.
    pub(super) fn completed(&self, candidate: &str) -> Option<String> {
        let typed = self.words.last()?;
        let rest = candidate.strip_prefix(typed.as_str()).and_then(|_| candidate.get(self.kept..))?;
        match self.quote {
            Some('\'') => Some(rest.replace('\'', r"'\''")),
            // An interactive bash performs history expansion on `!` even inside double quotes.
            Some(_) if rest.contains('!') => None,
            Some(_) => Some(escape(rest, |c| "\\\"$`".contains(c))),
            None => Some(escape(rest, |c| {
                c.is_ascii() && !c.is_ascii_alphanumeric() && !"_./:=@%+,-".contains(c)
            })),
        }
    }
}

fn escape(text: &str, special: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if special(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BREAKS: &str = " \t\n\"'><=;|&(:";

    fn words(line: &str) -> Vec<String> {
        BashLine::read(line, BREAKS).words
    }

    #[test]
    fn words_are_read_as_the_shell_reads_them() {
        assert_eq!(words("pushgw  del"), ["pushgw", "del"]);
        assert_eq!(words("pushgw "), ["pushgw", ""]);
        assert_eq!(words(r#"p -j 'a b'c "d \"e\x" f\ g"#), ["p", "-j", "a bc", r#"d "e\x"#, "f g"]);
        assert_eq!(words("p ''"), ["p", ""]);
        assert_eq!(words("p 'open it"), ["p", "open it"]);
    }

    #[test]
    fn only_the_end_of_a_word_is_replaced() {
        let completed = |line: &str, candidate: &str| BashLine::read(line, BREAKS).completed(candidate);
        assert_eq!(completed("p -l zo", "zone=").as_deref(), Some("zone="));
        assert_eq!(completed("p -l zone=u", "zone=us east").as_deref(), Some(r"us\ east"));
        assert_eq!(completed("p -i host:92", "host:9200").as_deref(), Some("9200"));
        assert_eq!(completed(r"p -j it\'", "it's $x").as_deref(), Some(r"it\'s\ \$x"));
        assert_eq!(completed("p -j 'it", "it's $x").as_deref(), Some(r"it'\''s $x"));
        assert_eq!(completed("p -j \"it", "it's $x").as_deref(), Some(r"it's \$x"));
        assert_eq!(completed("p -j \"w", "wow!"), None);
        assert_eq!(completed("p -j b", "abc"), None);
    }

    proptest! {
        /// After readline's replacement, the last word of the line is the candidate.
        #[test]
        fn a_completed_word_is_the_candidate(
            candidate in "[a-zé:='\"\\\\$` !*~#&|-]{1,12}",
            typed in 0usize..12,
            quote in prop::sample::select(vec!["", "'", "\""]),
        ) {
            let typed: String = candidate.chars().take(typed).collect();
            let typed = match quote {
                "" => escape(&typed, |c| c.is_ascii() && !c.is_ascii_alphanumeric() && !":=-".contains(c)),
                // These characters can't be typed inside such quotes without an escape.
                quote if typed.contains(quote) || typed.contains(['\\', '$', '`']) => return Ok(()),
                quote => format!("{quote}{typed}"),
            };
            let before = format!("pushgw -j {typed}");
            let line = BashLine::read(&before, BREAKS);
            let Some(end) = line.completed(&candidate) else { return Ok(()) };
            // Find the part to replace in the raw line, as readline does.
            let word = &before["pushgw -j ".len()..];
            let mut begin = quote.len();
            if quote.is_empty() {
                let mut escaped = false;
                for (at, c) in word.char_indices() {
                    if !escaped && BREAKS.contains(c) {
                        begin = at + 1;
                    }
                    escaped = c == '\\' && !escaped;
                }
            }
            let completed = format!("pushgw -j {}{end}{quote}", &word[..begin]);
            prop_assert_eq!(words(&completed).pop(), Some(candidate), "{}", completed);
        }
    }
}
