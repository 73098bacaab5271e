//! Text that must not be shown: passwords and tokens. Pure.
//!
//! The type has no `Display`, and its `Debug` hides the text. A secret can reach a log, a message or a screen only
//! through [`Secret::expose`], which is easy to search for.

use std::fmt;

/// A password or token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the code that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// The variables whose values are or may be secrets.
pub const SECRET_VARIABLES: [&str; 3] =
    ["PUSHGATEWAY_PASSWORD", "PUSHGATEWAY_BEARER_TOKEN", "PUSHGATEWAY_HEADER"];

/// Removes the user and the password from a URL. Any other text is returned unchanged.
pub fn without_user(url: &str) -> String {
    let Some(start) = url.find("//").map(|at| at + 2) else { return url.to_owned() };
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
