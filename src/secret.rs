//! Text that must not be shown: passwords and tokens. Pure.
//!
//! [`Secret`] has no `Display`, and its `Debug` hides the text. So a secret can reach a log or a message only through
//! [`Secret::expose`], which is easy to search for.

use std::fmt;

/// A password or token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text. Only for code that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Environment variables that contain secrets, or may contain them.
pub const SECRET_VARIABLES: [&str; 3] =
    ["PUSHGATEWAY_PASSWORD", "PUSHGATEWAY_BEARER_TOKEN", "PUSHGATEWAY_HEADER"];

/// Removes the user and the password from a URL, even if its scheme is missing or misspelled. Any other text is
/// returned unchanged.
pub fn without_user(url: &str) -> String {
    let Some(at) = url.find('@') else { return url.to_owned() };
    let start = match url[..at].find("//") {
        Some(slashes) => slashes + 2,
        // Without a scheme, only `USER:PASSWORD@` is recognized: `a@b` may not be a URL.
        None => match url[..at].rfind('/').map_or(0, |slash| slash + 1) {
            start if url[start..at].contains(':') => start,
            _ => return url.to_owned(),
        },
    };
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    match url[start..end].rfind('@') {
        Some(at) => format!("{}{}", &url[..start], &url[start + at + 1..]),
        None => url.to_owned(),
    }
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
            ("me:p@gw:9091", "gw:9091"),
            ("http:/me:p@gw/x", "http:/gw/x"),
            ("http//me:p@gw", "http//gw"),
            ("me:p@q@gw/x@y", "gw/x@y"),
            ("me:p@gw//x", "gw//x"),
            ("a@b", "a@b"),
            ("a:b/c@d", "a:b/c@d"),
            ("x", "x"),
            ("", ""),
        ] {
            assert_eq!(without_user(url), shown);
        }
    }

    #[test]
    fn debug_output_hides_a_secret() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(***) Secret(***)");
        assert_eq!(secret.expose(), "hunter2");
    }
}
