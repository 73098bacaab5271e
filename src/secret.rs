//! Passwords and tokens, which must never be shown.
//!
//! [`Secret`] does not implement `Display`, and its `Debug` output hides the text. So a secret can reach a log or a
//! message only through [`Secret::expose`], which is easy to search for.

use std::fmt;

/// Placeholder that is shown instead of a secret.
pub(crate) const REDACTED: &str = "REDACTED";

#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the secret text. Call this only to send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Environment variables that contain secrets or may contain them.
pub const SECRET_VARIABLES: [&str; 3] =
    ["PUSHGATEWAY_PASSWORD", "PUSHGATEWAY_BEARER_TOKEN", "PUSHGATEWAY_HEADER"];

/// Environment variables with the URL of a server, which may contain a password or a token.
pub const URL_VARIABLES: [&str; 2] = ["PUSHGATEWAY_URL", "PUSHGATEWAY_REMOTE_WRITE"];

/// Returns true if the URL has a user or a query, which may contain a secret.
pub fn may_have_secret(url: &str) -> bool {
    url.contains('?') || without_user(url) != url
}

/// Removes the user and the password from a URL, with or without its scheme. Any other text is returned unchanged.
pub fn without_user(url: &str) -> String {
    // Look for the scheme's `//` only before the first `@`, because a `//` after it is part of the path.
    let before_at = url.split_once('@').map_or(url, |(before, _)| before);
    let start = before_at.find("//").map_or(0, |at| at + 2);
    let rest = &url[start..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let user_info = match rest[..end].rfind('@') {
        Some(at) if start > 0 || has_user(&rest[..at]) => Some(at),
        // A password may contain an unescaped `/`, `?` or `#`, so the user info may end further to the right.
        None if has_user(&rest[..end]) => rest.rfind('@'),
        _ => None,
    };
    match user_info {
        Some(at) => format!("{}{}", &url[..start], &rest[at + 1..]),
        None => url.to_owned(),
    }
}

/// Removes the user, the password and the query values from text that may be a URL. Any other text is returned
/// unchanged.
pub fn without_user_and_query(url: &str) -> String {
    let url = without_user(url);
    match url.split_once('?') {
        Some((before, query))
            if !before.contains(char::is_whitespace) && (before.contains("://") || query.contains('=')) =>
        {
            format!("{before}?{}", without_values(query))
        }
        _ => url,
    }
}

/// Redacts the values in a query string. A part without a `=` counts as a value.
pub fn without_values(query: &str) -> String {
    let hide = |part: &str| match part.split_once('=') {
        Some((name, _)) => format!("{name}={REDACTED}"),
        None => REDACTED.to_owned(),
    };
    query.split('&').map(hide).collect::<Vec<_>>().join("&")
}

/// Returns true if the text has the form `USER:PASSWORD` and not `HOST:PORT`.
fn has_user(text: &str) -> bool {
    let is_user = |c: char| c.is_alphanumeric() || "._~%+-".contains(c);
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(':').is_some_and(|(user, password)| user.chars().all(is_user) && !is_port(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_s_user_and_password_are_removed() {
        for (url, shown) in [
            ("http://u:p@gw/x", "http://gw/x"),
            ("//u@gw", "//gw"),
            ("/x/@y", "/x/@y"),
            ("http://gw/x@y", "http://gw/x@y"),
            ("http://gw?x=@", "http://gw?x=@"),
            ("http://gw:9091/x@y", "http://gw:9091/x@y"),
            ("http://u:p/q@gw/x", "http://gw/x"),
            ("http//u:p@gw", "http//gw"),
            ("http:/u:p@gw", "gw"),
            ("u:p@gw:9091", "gw:9091"),
            ("u:p?q#r@gw:9091", "gw:9091"),
            (":p@gw", "gw"),
            ("a@b.prom", "a@b.prom"),
            ("a{b=\"c:d@e\"} 1", "a{b=\"c:d@e\"} 1"),
            ("/login?to=a:b@c", "/login?to=a:b@c"),
            ("x", "x"),
            ("", ""),
        ] {
            assert_eq!(without_user(url), shown);
        }
    }

    #[test]
    fn the_values_of_a_query_are_removed() {
        for (url, shown) in [
            ("http://u:p@gw/w?a=1&b&c=", "http://gw/w?a=REDACTED&REDACTED&c=REDACTED"),
            ("gw:9090/w?t=x?y", "gw:9090/w?t=REDACTED"),
            ("http://gw?x", "http://gw?REDACTED"),
            ("what?.prom", "what?.prom"),
            ("a{b=\"c\"} ?d=1", "a{b=\"c\"} ?d=1"),
            ("x", "x"),
        ] {
            assert_eq!(without_user_and_query(url), shown);
        }
    }

    #[test]
    fn debug_output_hides_a_secret() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(***) Secret(***)");
        assert_eq!(secret.expose(), "hunter2");
    }
}
