//! The ways in which an exchange with a gateway goes wrong: one closed list with the words, the hint and the
//! exit code of each. Pure; `client` decides which one it was.

use std::time::Duration;

/// How an exchange went wrong, and which one it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Method and URL, without credentials.
    pub request: String,
    /// What happened.
    pub kind: FaultKind,
}

/// What happened. The exit code is the row's first property: scripts act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The host's name has no address.
    NameLookup,
    /// No connection: the operating system's reason.
    Connect(String),
    /// No connection within the time limit.
    ConnectTimedOut,
    /// The connection is not secure: the TLS library's reason.
    Tls(String),
    /// The connection broke while the request was sent or the answer awaited: the operating system's reason.
    Broken(String),
    /// The server closed the connection without an answer.
    Closed,
    /// No whole answer within the time limit.
    TimedOut(Duration),
    /// The answer is not HTTP: what is wrong with it.
    NotHttp(String),
    /// The server answered with a status that is no success.
    Status(Answered),
    /// The server answered with success, but not as a Pushgateway does: what was missed.
    NotAPushgateway(String),
}

/// An answer that is no success, as far as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status code.
    pub status: u16,
    /// Where a redirect points to.
    pub location: Option<String>,
    /// The server's own words: the beginning of the body, as it came.
    pub words: String,
    /// The words are a page of HTML.
    pub html: bool,
}

impl FaultKind {
    /// The exit code (see `error::Failure::exit_code` for the whole table).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotHttp(_) | Self::NotAPushgateway(_) => 1,
            Self::Status(answered) => match answered.status {
                408 | 425 | 429 | 500..=599 => 5,
                300..=499 => 4,
                _ => 1,
            },
            Self::NameLookup
            | Self::Connect(_)
            | Self::ConnectTimedOut
            | Self::Tls(_)
            | Self::Broken(_)
            | Self::Closed => 6,
            Self::TimedOut(_) => 7,
        }
    }

    /// What happened, in one line.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::NameLookup => "the host's name has no address".to_owned(),
            Self::Connect(reason) => format!("can't connect: {reason}"),
            Self::ConnectTimedOut => "no connection within the time limit".to_owned(),
            Self::Tls(reason) => format!("no secure connection: {reason}"),
            Self::Broken(reason) => format!("the connection broke: {reason}"),
            Self::Closed => "the server closed the connection without an answer".to_owned(),
            Self::TimedOut(limit) => format!("no answer within {limit:?}; the request may still take effect"),
            Self::NotHttp(reason) => format!("the answer is not HTTP: {reason}"),
            Self::Status(answered) => answered.message(),
            Self::NotAPushgateway(missed) => format!("this is no Pushgateway's answer: {missed}"),
        }
    }

    /// The server's own words, where it said any that a reader can use.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Status(answered) if !answered.html => {
                Some(answered.words.trim()).filter(|words| !words.is_empty())
            }
            _ => None,
        }
    }

    /// What the reader can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NameLookup | Self::Connect(_) => Some("name the gateway with -g or PUSHGATEWAY_URL"),
            Self::Closed => Some(
                "Pushgateway 1.11.0 and 1.11.1 do so where others answer 400: the push clashes with what the gateway holds (`pushgw list` shows its groups)",
            ),
            Self::TimedOut(_) => Some("--timeout sets the limit"),
            Self::Status(answered) => answered.hint(),
            Self::ConnectTimedOut
            | Self::Tls(_)
            | Self::Broken(_)
            | Self::NotHttp(_)
            | Self::NotAPushgateway(_) => None,
        }
    }
}

impl Answered {
    fn message(&self) -> String {
        let reason = reason(self.status);
        let status =
            if reason.is_empty() { self.status.to_string() } else { format!("{} {reason}", self.status) };
        let page = if self.html { ", with a page of HTML" } else { "" };
        match (self.status, &self.location) {
            (300..=399, Some(location)) => {
                format!("the gateway redirects ({status}) to {location}, which is not followed{page}")
            }
            (300..=399, None) => format!("the gateway redirects ({status}), which is not followed{page}"),
            (408 | 425 | 429 | 500..=599, _) => format!("the gateway failed for now ({status}){page}"),
            _ => format!("the gateway refused ({status}){page}"),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self.status {
            300..=399 => {
                Some("a redirect means another group's URL, or another server: give -g the final URL")
            }
            401 => Some("the gateway, or a proxy before it, wants other credentials"),
            404 => Some(
                "is there a path prefix (--web.route-prefix)? give it with the URL: -g http://gateway:9091/prefix",
            ),
            405 => Some("is the URL the gateway's own, without a path that isn't a prefix?"),
            _ => None,
        }
    }
}

/// The registered phrase of the status codes that a gateway or a proxy before it answers with.
fn reason(status: u16) -> &'static str {
    match status {
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        425 => "Too Early",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
