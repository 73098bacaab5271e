//! Errors of HTTP requests, with their messages, exit codes and hints.
//!
//! The error classes are in a table, so that a test can trigger each one with a misbehaving server.

use super::request::Request;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// A request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The method and the URL without credentials.
    pub request: Box<str>,
    /// The server's host and port.
    pub server: Box<str>,
    pub tries: u32,
    /// Total duration of all attempts.
    pub elapsed: Duration,
    /// The error of the last attempt.
    pub kind: ErrorKind,
    /// A suggestion for the user. A caller that knows the type of the server may replace it.
    pub hint: Option<String>,
}

impl Error {
    /// Creates the error for a request that was sent once.
    pub fn new(request: &Request<'_>, kind: ErrorKind) -> Self {
        let (request, server) = (request.name().into(), request.endpoint.authority().into());
        let hint = kind.class().hint.map(str::to_owned);
        Self { request, server, tries: 1, elapsed: Duration::ZERO, hint, kind }
    }

    /// Returns the name of the server or proxy that sent [`ErrorKind::words`].
    pub(crate) fn speaker(&self) -> Cow<'_, str> {
        match &self.kind {
            ErrorKind::ProxyStatus { .. } => "the proxy".into(),
            ErrorKind::Status(rejection) if rejection.status == 407 => "the proxy".into(),
            _ => Cow::Borrowed(&self.server),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.request, self.kind)?;
        if matches!(self.kind, ErrorKind::TimedOut(Phase::Waiting | Phase::Reading, _))
            && !self.request.starts_with("GET ")
        {
            f.write_str("; the request may still take effect")?;
        }
        if self.tries > 1 { write!(f, " (tried {} times)", self.tries) } else { Ok(()) }
    }
}

impl std::error::Error for Error {}

/// The properties shared by all errors of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorClass {
    /// The start of the message, which is unique to the class.
    pub message: &'static str,
    /// The exit code, which scripts depend on.
    pub exit_code: u8,
    pub retried: bool,
    pub hint: Option<&'static str>,
}

/// Declares each class as a constant and adds it to the table.
macro_rules! classes {
    ($($name:ident = $message:literal, $code:literal, $retried:ident, $hint:expr;)*) => {
        $(const $name: ErrorClass =
            ErrorClass { message: $message, exit_code: $code, retried: classes!($retried), hint: $hint };)*
        pub const ERROR_CLASSES: &[ErrorClass] = &[$($name),*];
    };
    (retried) => { true };
    (final) => { false };
}

classes! {
    DNS = "DNS lookup failed", 6, retried, Some("check the host name in the URL");
    CONNECT = "can't connect", 6, retried, Some("check the host and the port in the URL");
    CONNECT_TIMED_OUT = "can't connect within", 6, retried,
        Some("--connect-timeout is the limit for one attempt, --timeout for all attempts");
    PROXY = "can't use the proxy", 6, retried,
        Some("the proxy is set by --proxy or a proxy variable; --no-proxy connects directly");
    PROXY_AUTHENTICATION = "the proxy requires authentication", 4, final,
        Some("add the user and password to the proxy URL: http://USER:PASSWORD@PROXY:PORT");
    PROXY_REJECTED = "the proxy rejected the request", 4, final,
        Some("the proxy does not allow this host or port; --no-proxy connects directly");
    PROXY_UNAVAILABLE = "temporary proxy error", 5, retried, None;
    TLS_UNTRUSTED = "the server's certificate is not signed by a trusted CA", 6, final,
        Some("--ca-cert FILE trusts the CA in FILE in addition to the system's");
    TLS_EXPIRED = "the server's certificate has expired", 6, final, Some("is this machine's clock right?");
    TLS_NOT_YET_VALID = "the server's certificate is not valid yet", 6, final,
        Some("is this machine's clock right?");
    TLS_NAME = "the server's certificate is for a different host", 6, final,
        Some("use a host name that is in the certificate");
    TLS_NO_NAMES = "the server's certificate has no subject alternative name", 6, final,
        Some("clients ignore the common name: issue a certificate with subjectAltName=DNS:HOST");
    TLS_CLIENT = "the server requires a valid client certificate", 6, final,
        Some("set it with --cert FILE and --key FILE");
    TLS_VERSION = "the server supports only an old version of TLS", 6, final, Some("pushgw supports TLS 1.2 and 1.3");
    TLS_NONE = "the server does not use TLS on this port", 6, final, Some("should the URL start with http://?");
    TLS_UNSUPPORTED = "the server and pushgw have no TLS algorithm in common", 6, final,
        Some("pushgw supports certificates with RSA, ECDSA (P-256, P-384) and Ed25519 keys");
    TLS_OTHER = "the TLS handshake failed", 6, final, None;
    BROKEN_HANDSHAKE = "the connection was lost during the TLS handshake", 6, retried, None;
    BROKEN_SENDING = "the connection was lost while sending the request", 6, retried, None;
    BROKEN_WAITING = "the connection was lost before a response arrived", 6, retried, None;
    BROKEN_READING = "the connection was lost while reading the response", 6, retried, None;
    CLOSED = "the server closed the connection without a response", 6, retried, None;
    INCOMPLETE = "the response is incomplete", 6, retried, None;
    TIMED_OUT_SENDING = "the request could not be sent within", 7, final, Some("--timeout sets the limit");
    TIMED_OUT = "no response within", 7, final, Some("--timeout sets the limit");
    NOT_HTTP = "the response is not HTTP", 1, final,
        Some("check the port in the URL, and whether the URL should start with https://");
    REDIRECT = "the server sent a redirect", 4, final, Some("use the final URL if it is the right server");
    BAD_REQUEST = "the server rejected the request (400 Bad Request)", 4, final, None;
    LOGIN = "the server requires a login", 4, final, Some(
        "use -u USER with --password-file or PUSHGATEWAY_PASSWORD, or --bearer-token-file or \
         PUSHGATEWAY_BEARER_TOKEN"
    );
    CREDENTIALS = "the server rejected the credentials", 4, final,
        Some("check the user and password, or the token: are they valid for this server?");
    FORBIDDEN = "the request is forbidden", 4, final,
        Some("the server, or a proxy in front of it, does not allow this request");
    FORBIDDEN_HERE = "requests without credentials are forbidden", 4, final,
        Some("the server, or a proxy in front of it, may require a login (-u, --bearer-token-file) or block your IP");
    NOT_FOUND = "the server has no such path", 4, final, Some("check the path in the URL");
    METHOD = "the server does not allow this method on this path", 4, final, Some("check the path in the URL");
    TOO_LARGE = "the request body is too large", 4, final, Some(
        "the server, or a proxy in front of it, limits the size: send less at once, or try --compress gzip"
    );
    MEDIA_TYPE = "the server does not accept this type of body", 4, final, None;
    TOO_MANY = "the server limits the request rate", 5, retried,
        Some("increase --retries and --timeout to wait longer");
    REJECTED = "the server rejected the request", 4, final, None;
    UNAVAILABLE = "temporary server error", 5, retried, None;
    FAILED = "server error", 5, final, None;
    ODD_STATUS = "unexpected status", 1, final, None;
    UNEXPECTED = "the server did not answer like", 1, final, Some("check the host, the port and the path in the URL");
}

#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", self.message())]
pub enum ErrorKind {
    /// The DNS lookup failed. The string is the resolver's error.
    Dns(String),
    /// Connecting failed. The string contains the operating system's error for each address.
    Connect(String),
    ConnectTimedOut(Duration),
    /// The proxy could not be used. `proxy` is the proxy's URL without credentials.
    Proxy {
        proxy: String,
        kind: Box<ErrorKind>,
    },
    /// The proxy itself rejected the request.
    ProxyStatus {
        proxy: String,
        rejection: Box<Rejection>,
    },
    Tls(TlsError),
    /// The connection was lost in this phase. The string is the operating system's error.
    Broken(Phase, String),
    /// The server closed the connection without a response.
    Closed,
    /// The response ended too early.
    Incomplete,
    TimedOut(Phase, Duration),
    NotHttp(String),
    /// The response has a status other than 2xx.
    Status(Box<Rejection>),
    /// The status is 2xx, but the server is not of the `expected` type, such as `a Pushgateway`.
    Unexpected {
        expected: &'static str,
        reason: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No part of the request has been sent.
    Handshake,
    Sending,
    /// The request was sent completely, but no part of the response has arrived.
    Waiting,
    Reading,
}

/// A TLS error. The strings describe the certificate or the reason for the error.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", self.message())]
pub enum TlsError {
    Untrusted(String),
    Expired(String),
    NotYetValid(String),
    Name(String),
    /// The certificate has only a common name, which is not checked, and no subject alternative names.
    NoNames(String),
    /// The server requires a client certificate, or rejected the one that was sent.
    Client(String),
    /// The server supports neither TLS 1.2 nor TLS 1.3.
    Version,
    /// The server sent data that is not TLS.
    NotTls,
    /// The client and the server have no algorithm in common.
    Unsupported(String),
    Other(String),
}

/// A response whose status is not 2xx.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejection {
    pub status: u16,
    /// The target of a redirect.
    pub location: Option<String>,
    /// The wait that the server requested before a retry.
    pub retry_after: Option<Duration>,
    /// The start of the body, with secrets redacted.
    pub words: String,
    /// The title of the body if it is an HTML page, or an empty string if the page has no title.
    pub page: Option<String>,
    /// True if the request had credentials.
    pub had_credentials: bool,
    /// The headers of the response, with lowercase names.
    pub headers: Vec<(String, String)>,
}

impl ErrorKind {
    pub(crate) fn class(&self) -> ErrorClass {
        match self {
            Self::Dns(_) => DNS,
            Self::Connect(_) => CONNECT,
            Self::ConnectTimedOut(_) => CONNECT_TIMED_OUT,
            Self::Proxy { .. } => PROXY,
            Self::ProxyStatus { rejection, .. } => match rejection.status {
                407 => PROXY_AUTHENTICATION,
                408 | 425 | 429 | 500..=599 => PROXY_UNAVAILABLE,
                _ => PROXY_REJECTED,
            },
            Self::Tls(error) => error.class(),
            Self::Broken(Phase::Handshake, _) => BROKEN_HANDSHAKE,
            Self::Broken(Phase::Sending, _) => BROKEN_SENDING,
            Self::Broken(Phase::Waiting, _) => BROKEN_WAITING,
            Self::Broken(Phase::Reading, _) => BROKEN_READING,
            Self::Closed => CLOSED,
            Self::Incomplete => INCOMPLETE,
            Self::TimedOut(Phase::Handshake | Phase::Sending, _) => TIMED_OUT_SENDING,
            Self::TimedOut(Phase::Waiting | Phase::Reading, _) => TIMED_OUT,
            Self::NotHttp(_) => NOT_HTTP,
            Self::Status(rejection) => rejection.class(),
            Self::Unexpected { .. } => UNEXPECTED,
        }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        self.class().exit_code
    }

    pub(crate) fn is_retried(&self) -> bool {
        match self {
            // If the proxy does not speak HTTP, a retry can't succeed.
            Self::Proxy { kind, .. } => kind.is_retried(),
            _ => self.class().retried,
        }
    }

    /// Returns the wait that the server requested before a retry.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status(rejection) | Self::ProxyStatus { rejection, .. } => rejection.retry_after,
            _ => None,
        }
    }

    /// Returns the message as one line.
    pub(crate) fn message(&self) -> String {
        let message = self.class().message;
        match self {
            Self::Dns(reason) | Self::Connect(reason) | Self::Broken(_, reason) | Self::NotHttp(reason) => {
                with_reason(message, reason)
            }
            Self::ConnectTimedOut(limit) | Self::TimedOut(_, limit) => format!("{message} {limit:?}"),
            Self::Proxy { proxy, kind } => format!("{message} {proxy}: {kind}"),
            Self::ProxyStatus { proxy, rejection } => {
                format!("{message} {}: {proxy}{}", rejection.status_line(), rejection.page_name())
            }
            Self::Tls(error) => error.message(),
            Self::Status(rejection) => rejection.message(),
            Self::Unexpected { expected, reason } => format!("{message} {expected}: {reason}"),
            Self::Closed | Self::Incomplete => message.to_owned(),
        }
    }

    /// Returns the body of a rejection from the server or the proxy, unless it is empty or an HTML page.
    pub(crate) fn words(&self) -> Option<&str> {
        match self {
            Self::Status(rejection) | Self::ProxyStatus { rejection, .. } if rejection.page.is_none() => {
                Some(rejection.words.trim()).filter(|words| !words.is_empty())
            }
            _ => None,
        }
    }
}

/// Returns the value of a header in a response. The name must be lowercase.
pub(super) fn header_of<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn with_reason(message: &str, reason: &str) -> String {
    if reason.is_empty() { message.to_owned() } else { format!("{message}: {reason}") }
}

impl TlsError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Untrusted(_) => TLS_UNTRUSTED,
            Self::Expired(_) => TLS_EXPIRED,
            Self::NotYetValid(_) => TLS_NOT_YET_VALID,
            Self::Name(_) => TLS_NAME,
            Self::NoNames(_) => TLS_NO_NAMES,
            Self::Client(_) => TLS_CLIENT,
            Self::Version => TLS_VERSION,
            Self::NotTls => TLS_NONE,
            Self::Unsupported(_) => TLS_UNSUPPORTED,
            Self::Other(_) => TLS_OTHER,
        }
    }

    fn message(&self) -> String {
        let reason = match self {
            Self::Untrusted(reason)
            | Self::Expired(reason)
            | Self::NotYetValid(reason)
            | Self::Name(reason)
            | Self::NoNames(reason)
            | Self::Unsupported(reason)
            | Self::Client(reason)
            | Self::Other(reason) => reason,
            Self::Version | Self::NotTls => "",
        };
        with_reason(self.class().message, reason)
    }
}

impl Rejection {
    /// Returns the value of a header. The name must be lowercase.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header_of(&self.headers, name)
    }

    fn class(&self) -> ErrorClass {
        match self.status {
            300..=399 => REDIRECT,
            400 => BAD_REQUEST,
            401 if self.had_credentials => CREDENTIALS,
            401 => LOGIN,
            403 if self.had_credentials => FORBIDDEN,
            403 => FORBIDDEN_HERE,
            404 => NOT_FOUND,
            405 => METHOD,
            407 => PROXY_AUTHENTICATION,
            413 => TOO_LARGE,
            415 => MEDIA_TYPE,
            429 => TOO_MANY,
            408 | 425 | 500 | 502 | 503 | 504 => UNAVAILABLE,
            402..=499 => REJECTED,
            501..=599 => FAILED,
            _ => ODD_STATUS,
        }
    }

    fn message(&self) -> String {
        let message = self.class().message;
        let (status, page) = (self.status_line(), self.page_name());
        let wait = self.retry_after.filter(|wait| self.class().retried && !wait.is_zero());
        let wait =
            wait.map(|wait| format!("; the server asks to wait {}s", wait.as_secs())).unwrap_or_default();
        match (self.status, &self.location) {
            (300..=399, Some(location)) => {
                format!("{message} {status} to {location}{page}; redirects are not followed")
            }
            (300..=399, None) => format!("{message} {status}{page}; redirects are not followed"),
            (400, _) => format!("{message}{page}"),
            _ => format!("{message} {status}{page}{wait}"),
        }
    }

    /// Returns `, with the HTML page TITLE`, or an empty string if the body is not an HTML page.
    fn page_name(&self) -> String {
        match self.page.as_deref() {
            None => String::new(),
            // The titles of many error pages only repeat the status.
            Some(title) if title.is_empty() || self.status_line() == format!("({title})") => {
                ", with an HTML page".to_owned()
            }
            Some(title) => format!(", with the HTML page `{title}`"),
        }
    }

    /// Formats the status code and reason phrase, such as `(404 Not Found)`.
    fn status_line(&self) -> String {
        match reason_phrase(self.status) {
            "" => format!("({})", self.status),
            phrase => format!("({} {phrase})", self.status),
        }
    }
}

/// Returns the reason phrase of a status code that servers or proxies send in practice, or an empty string.
fn reason_phrase(status: u16) -> &'static str {
    match status {
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        425 => "Too Early",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        511 => "Network Authentication Required",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_classes_have_the_same_message() {
        let messages: BTreeSet<&str> = ERROR_CLASSES.iter().map(|class| class.message).collect();
        assert_eq!(messages.len(), ERROR_CLASSES.len());
        assert!(ERROR_CLASSES.iter().all(|class| matches!(class.exit_code, 1 | 4..=7)));
    }

    #[test]
    fn the_status_decides_the_exit_code_and_the_retry() {
        for status in 100..1000 {
            let rejection = Rejection { status, ..Rejection::default() };
            let kind = ErrorKind::Status(Box::new(rejection));
            let code = match status {
                408 | 425 | 429 | 500..=599 => 5,
                300..=499 => 4,
                _ => 1,
            };
            assert_eq!(kind.exit_code(), code, "{status}");
            assert_eq!(
                kind.is_retried(),
                matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
                "{status}"
            );
            assert!(kind.message().starts_with(kind.class().message));
            assert!(kind.message().contains(&status.to_string()));
        }
    }

    #[test]
    fn a_message_has_its_details() {
        let endpoint = "http://gw:9091/p".parse().unwrap();
        let request = Request { method: Method::Put, endpoint: &endpoint, path: "/x".to_owned(), body: None };
        let redirect = Rejection {
            status: 301,
            location: Some("http://other/".to_owned()),
            page: Some("Moved <to>".to_owned()),
            ..Rejection::default()
        };
        let error = Error { tries: 3, ..Error::new(&request, ErrorKind::Status(Box::new(redirect))) };
        assert_eq!(
            error.to_string(),
            "PUT http://gw:9091/p/x: the server sent a redirect (301 Moved Permanently) to http://other/, with \
             the HTML page `Moved <to>`; redirects are not followed (tried 3 times)"
        );
        assert_eq!(error.speaker(), "gw:9091");
        let proxy = ErrorKind::Proxy {
            proxy: "http://proxy:3128".to_owned(),
            kind: Box::new(ErrorKind::ConnectTimedOut(Duration::from_millis(300))),
        };
        assert_eq!(proxy.to_string(), "can't use the proxy http://proxy:3128: can't connect within 300ms");
    }
}
