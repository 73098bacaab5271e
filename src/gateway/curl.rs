//! The curl command that does what a request does, for those who want to see it or to go without pushgw. Pure.

use super::request::Request;
use std::fmt;
use std::time::Duration;

/// The body can't be written down in a shell script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NulInBody;

impl fmt::Display for NulInBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body holds a NUL byte, which no shell command can carry; --dry-run prints it")
    }
}

impl std::error::Error for NulInBody {}

/// The command for a POSIX shell, with the body as a here-document: an argument has a length limit that bodies
/// reach, and a file would be sent without the repairs.
///
/// # Errors
///
/// [`NulInBody`].
pub fn command(request: &Request<'_>, timeout: Duration) -> Result<Vec<u8>, NulInBody> {
    let mut words = vec!["curl".to_owned()];
    // --path-as-is: curl would resolve dot segments of a prefix; --globoff: brackets and braces mean themselves.
    for flag in ["--silent", "--show-error", "--fail-with-body", "--path-as-is", "--globoff"] {
        words.push(flag.to_owned());
    }
    words.push(format!("--max-time {}", timeout.as_secs_f64()));
    words.push(format!("--request {}", request.method.as_str()));
    for (name, value) in request.headers() {
        // curl counts the length itself.
        if name != "Content-Length" {
            words.push(format!("--header {}", quote(&format!("{name}: {value}"))));
        }
    }
    if request.endpoint.credentials().is_some() {
        words.push("--user REDACTED".to_owned());
    }
    if request.body.is_some() {
        words.push("--data-binary @-".to_owned());
    }
    words.push(quote(&request.url()));
    let mut command = words.join(" ").into_bytes();
    if let Some(body) = request.body {
        here_document(&mut command, body)?;
    }
    command.push(b'\n');
    Ok(command)
}

fn here_document(command: &mut Vec<u8>, body: &[u8]) -> Result<(), NulInBody> {
    if body.contains(&0) {
        return Err(NulInBody);
    }
    let mut end = "EOF".to_owned();
    while body.split(|byte| *byte == b'\n').any(|line| line == end.as_bytes()) {
        end.push('_');
    }
    command.extend_from_slice(format!(" <<'{end}'\n").as_bytes());
    command.extend_from_slice(body);
    if body.last().is_some_and(|last| *last != b'\n') {
        command.push(b'\n');
    }
    command.extend_from_slice(end.as_bytes());
    Ok(())
}

/// `text` as one word of a POSIX shell.
#[must_use]
pub fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%=+,~".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) && !text.starts_with('~') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_touch_them() {
        for (text, quoted) in [
            ("http://gw:9091/metrics/job/a%20b", "http://gw:9091/metrics/job/a%20b"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("~x", "'~x'"),
        ] {
            assert_eq!(quote(text), quoted);
        }
    }

    #[test]
    fn the_here_document_ends_where_the_body_does() {
        let mut command = Vec::new();
        here_document(&mut command, b"a 1\nEOF\nEOF_\n").unwrap();
        assert_eq!(command, b" <<'EOF__'\na 1\nEOF\nEOF_\nEOF__");
        assert_eq!(here_document(&mut command, b"a{l=\"\0\"} 1\n"), Err(NulInBody));
    }
}
