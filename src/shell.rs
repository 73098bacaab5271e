//! Quotes a word for the shell that a printed command is pasted into. Pure.
//!
//! The reader's shell is not known, so the result is read alike by bash, dash, zsh and fish. A control character has no
//! visible form that all four read: it stays as it is, and where it is shown as an escape, the word names nothing.

/// Characters that no shell changes, wherever they are in a word.
const PLAIN: &[u8] = b"-_./:@+,";

/// Characters that are plain but at the start of a word: zsh replaces `=ls`, fish replaces `%self`.
const PLAIN_INSIDE: [char; 2] = ['=', '%'];

/// Whether `text` means itself in every shell, also as a part of a longer word.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || PLAIN.contains(&byte))
}

/// `text` as one word.
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
        // A single quote can't be in single quotes, and in fish a backslash escapes there. Double quotes hold both.
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
