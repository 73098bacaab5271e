//! Headers that the user gives, and the credentials that become one. Pure.
//!
//! Whatever a user puts into a header may be a secret: tokens have many names. So a value is shown only where the
//! header is known to be harmless, and every other is shown as [`REDACTED`].

use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::str::FromStr;

/// What stands where a secret would be shown.
pub const REDACTED: &str = "REDACTED";

/// Headers whose values are nobody's secret.
const HARMLESS: &[&str] = &[
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
    "x-request-id",
    "x-scope-orgid",
];

/// Headers that say how the message is framed or what it holds: with another value it would be another message.
const OURS: &[&str] = &[
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
];

/// A header of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    name: String,
    value: Secret,
}

impl Header {
    /// A header of our own.
    #[must_use]
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Secret::new(value) }
    }

    /// User and password, as RFC 7617 has them.
    #[must_use]
    pub fn basic(user: &str, password: &Secret) -> Self {
        let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
        Self::new("Authorization", format!("Basic {pair}"))
    }

    /// A token, as RFC 6750 has it.
    #[must_use]
    pub fn bearer(token: &Secret) -> Self {
        Self::new("Authorization", format!("Bearer {}", token.expose()))
    }

    /// The name as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, for the one place that sends it.
    #[must_use]
    pub fn value(&self) -> &Secret {
        &self.value
    }

    /// Whether it has this name; case does not matter.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether the value must not be seen.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        !HARMLESS.iter().any(|harmless| self.is(harmless))
    }

    /// The value as it may be shown.
    #[must_use]
    pub fn shown(&self) -> &str {
        if self.is_secret() { REDACTED } else { self.value.expose() }
    }
}

/// Reads `NAME: VALUE`.
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
        if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
            return Err(HeaderError::Ours { name });
        }
        Ok(Self { name, value: Secret::new(value) })
    }
}

/// Why a text is no header. No variant holds a value, or text that may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// No colon.
    NoColon,
    /// What stands before the colon is no name.
    BadName,
    /// Nothing behind the colon.
    NoValue {
        /// The header's name.
        name: String,
    },
    /// A control character in the value.
    BadValue {
        /// The header's name.
        name: String,
    },
    /// A header that only the program itself can set.
    Ours {
        /// The header's name.
        name: String,
    },
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoColon => f.write_str("a header is written as 'NAME: VALUE', and there is no colon"),
            Self::BadName => f.write_str("what stands before the colon is no header's name"),
            Self::NoValue { name } => write!(f, "the header {name} has no value: is the variable set?"),
            Self::BadValue { name } => {
                write!(f, "the value of the header {name} has a control character in it")
            }
            Self::Ours { name } => write!(f, "the header {name} is pushgw's own to set"),
        }
    }
}

impl std::error::Error for HeaderError {}

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
        for (text, told) in [
            ("hunter2", "a header is written as 'NAME: VALUE', and there is no colon"),
            ("hunter 2: x", "what stands before the colon is no header's name"),
            (": x", "what stands before the colon is no header's name"),
            ("X-Key: ", "the header X-Key has no value: is the variable set?"),
            ("X-Key: hunter2\r\nX: y", "the value of the header X-Key has a control character in it"),
            ("content-LENGTH: 3", "the header content-LENGTH is pushgw's own to set"),
        ] {
            let error = text.parse::<Header>().unwrap_err().to_string();
            assert_eq!(error, told);
            assert!(!error.contains("hunter"));
        }
    }

    #[test]
    fn only_harmless_values_are_shown() {
        assert_eq!(header("host: gw.example").shown(), "gw.example");
        assert_eq!(header("X-Scope-OrgID: team").shown(), "team");
        for secret in ["Authorization: Basic aHVudGVyMg==", "X-Api-Key: hunter2", "Cookie: session=hunter2"] {
            assert_eq!(header(secret).shown(), REDACTED);
            assert!(!format!("{:?}", header(secret)).contains("hunter2"));
        }
    }

    #[test]
    fn credentials_are_headers() {
        // The example of RFC 7617.
        let basic = Header::basic("Aladdin", &Secret::new("open sesame"));
        assert_eq!(basic.value().expose(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(Header::basic("test", &Secret::new("123£")).value().expose(), "Basic dGVzdDoxMjPCow==");
        assert_eq!(Header::bearer(&Secret::new("abc")).value().expose(), "Bearer abc");
        assert!(basic.is("authorization") && basic.is_secret());
    }
}
