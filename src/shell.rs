//! Quotes words in commands that a user pastes into a shell.
//!
//! The user's shell is not known, so the result must mean the same in bash, dash, zsh and fish. Control characters are
//! left unchanged, because no escape sequence works in all four shells. A terminal shows them as escapes, so a command
//! that contains one can't be pasted.

/// Punctuation that no shell treats specially anywhere in a word.
const PLAIN: &[u8] = b"-_./:@+,";

/// Characters that are special only at the start of a word: zsh expands `=ls`, fish expands `%self`.
const PLAIN_INSIDE: [char; 2] = ['=', '%'];

/// Returns true if every shell treats `text` literally, even as part of a longer word.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || PLAIN.contains(&byte))
}

/// Quotes `text` as a single word, if necessary.
pub fn quote(text: &str) -> String {
    let without_inside = text.replace(PLAIN_INSIDE, "");
    if is_plain(&without_inside) && !text.is_empty() && !text.starts_with(PLAIN_INSIDE) {
        return text.to_owned();
    }
    if text.is_empty() {
        return "''".to_owned();
    }
    let mut word = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        // Single quotes can't contain a single quote, and fish treats a backslash in them as an escape. Double quotes
        // can contain both.
        let end = rest.find(['\'', '\\']).unwrap_or(rest.len());
        if end > 0 {
            word.extend(["'", &rest[..end], "'"]);
            rest = &rest[end..];
        }
        let end = rest.find(|c| c != '\'' && c != '\\').unwrap_or(rest.len());
        if end > 0 {
            word.extend(["\"", &rest[..end].replace('\\', r"\\"), "\""]);
            rest = &rest[end..];
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_if_a_shell_would_change_them() {
        for (text, quoted) in [
            (
                "http://gw:9091/metrics/job/a%20b/instance@base64/=",
                "http://gw:9091/metrics/job/a%20b/instance@base64/=",
            ),
            ("-l", "-l"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$HOME", "'$HOME'"),
            ("~x", "'~x'"),
            ("path=~/x", "'path=~/x'"),
            ("a:~", "'a:~'"),
            ("=ls", "'=ls'"),
            ("%self", "'%self'"),
            ("http://[::1]:9091", "'http://[::1]:9091'"),
            ("it's", r#"'it'"'"'s'"#),
            (r"a\", r#"'a'"\\""#),
            (r"\';touch x;#", r#""\\'"';touch x;#'"#),
        ] {
            assert_eq!(quote(text), quoted);
        }
    }
}
