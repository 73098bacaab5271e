//! Headers given by the user, and headers with credentials.
//!
//! Any header could contain a token, so only the values of well-known headers are printed.

use crate::secret::{REDACTED, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::str::FromStr;
use thiserror::Error;

/// Headers whose values are printed.
const PUBLIC: &[&str] = &[
    "accept",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "forwarded",
    "host",
    "traceparent",
    "user-agent",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-prometheus-remote-write-version",
    "x-request-id",
    "x-scope-orgid",
];

/// Headers that users can't set, because their values could contradict the body or the connection.
const RESERVED: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-prometheus-remote-write-version",
];

/// Maximum length of a header that users set, and of a user, a password or a token, in bytes. The HTTP library
/// needs a buffer for each header, and the one for basic authentication contains the user and the password in base64.
pub const MAX_HEADER: usize = 24_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    name: String,
    value: Secret,
}

impl Header {
    /// Creates a header that pushgw sets itself, without validation.
    pub(crate) fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Secret::new(value) }
    }

    /// Creates the header for basic authentication (RFC 7617).
    pub(crate) fn basic(user: &str, password: &Secret) -> Self {
        let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
        Self::new("Authorization", format!("Basic {pair}"))
    }

    /// Creates the header for a bearer token (RFC 6750).
    pub(crate) fn bearer(token: &Secret) -> Self {
        Self::new("Authorization", format!("Bearer {}", token.expose()))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the unredacted value for sending. Printed text must use [`Header::shown`] instead.
    pub(crate) fn value(&self) -> &Secret {
        &self.value
    }

    /// Returns true if the header has this name, ignoring case.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(crate) fn is_secret(&self) -> bool {
        !PUBLIC.iter().any(|public| self.is(public))
    }

    /// Returns the value, or [`REDACTED`] if it may be secret.
    pub(crate) fn shown(&self) -> &str {
        if self.is_secret() { REDACTED } else { self.value.expose() }
    }
}

/// Parses `NAME: VALUE`.
impl FromStr for Header {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let (name, value) = text.split_once(':').ok_or(HeaderError::NoColon)?;
        let (name, value) = (name.trim_end(), value.trim());
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(HeaderError::BadName);
        }
        let name = name.to_owned();
        if value.is_empty() {
            return Err(HeaderError::NoValue { name });
        }
        if value.chars().any(char::is_control) {
            return Err(HeaderError::BadValue { name });
        }
        if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
            return Err(HeaderError::Reserved { name });
        }
        Ok(Self { name, value: Secret::new(value) })
    }
}

/// An error for an invalid header. No variant contains a header value, or text that could be one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HeaderError {
    #[error("the header has no colon: write 'NAME: VALUE'")]
    NoColon,
    #[error("the text before the colon is not a valid header name")]
    BadName,
    #[error("the header {name} has no value: is a variable unset?")]
    NoValue { name: String },
    #[error("the value of the header {name} contains a control character")]
    BadValue { name: String },
    #[error("pushgw sets the header {name} itself")]
    Reserved { name: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Header {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let header = header("X-Scope-OrgID:  team a:b ");
        assert_eq!((header.name(), header.value().expose()), ("X-Scope-OrgID", "team a:b"));
        for (text, expected) in [
            ("hunter2", "the header has no colon: write 'NAME: VALUE'"),
            ("hunter 2: x", "the text before the colon is not a valid header name"),
            (": x", "the text before the colon is not a valid header name"),
            ("X-Key: ", "the header X-Key has no value: is a variable unset?"),
            ("X-Key: hunter2\r\nX: y", "the value of the header X-Key contains a control character"),
            ("content-LENGTH: 3", "pushgw sets the header content-LENGTH itself"),
        ] {
            let error = text.parse::<Header>().unwrap_err().to_string();
            assert_eq!(error, expected);
            assert!(!error.contains("hunter"));
        }
    }

    #[test]
    fn only_well_known_headers_are_shown() {
        assert_eq!(header("host: gw.example").shown(), "gw.example");
        assert_eq!(header("X-Scope-OrgID: team").shown(), "team");
        for secret in ["Authorization: Basic aHVudGVyMg==", "X-Api-Key: hunter2", "Cookie: session=hunter2"] {
            assert_eq!(header(secret).shown(), REDACTED);
            assert!(!format!("{:?}", header(secret)).contains("hunter2"));
        }
    }

    #[test]
    fn credentials_are_headers() {
        // The example from RFC 7617.
        let basic = Header::basic("Aladdin", &Secret::new("open sesame"));
        assert_eq!(basic.value().expose(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(Header::basic("test", &Secret::new("123£")).value().expose(), "Basic dGVzdDoxMjPCow==");
        assert_eq!(Header::bearer(&Secret::new("abc")).value().expose(), "Bearer abc");
        assert!(basic.is("authorization") && basic.is_secret());
    }
}
