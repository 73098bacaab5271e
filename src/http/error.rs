//! The ways in which an exchange with a gateway goes wrong: one closed list, and one table with the words, the exit
//! code and the hint of each. Pure; `client` decides which one it was.
//!
//! The table is data so that a test can walk it: every row is provoked by a server that misbehaves, and the words and
//! the exit code that come out are the row's.

use std::fmt;
use std::time::Duration;

/// How an exchange went wrong, and which one it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Method and URL, without credentials.
    pub request: String,
    /// How often it was tried.
    pub tries: u32,
    /// What happened the last time.
    pub kind: FaultKind,
}

impl Fault {
    /// The fault of a request that was tried once.
    #[must_use]
    pub fn new(request: String, kind: FaultKind) -> Self {
        Self { request, tries: 1, kind }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.request, self.kind.message())?;
        if matches!(self.kind, FaultKind::TimedOut(Stage::Waiting | Stage::Answer, _))
            && !self.request.starts_with("GET ")
        {
            f.write_str("; the request may still take effect")?;
        }
        if self.tries > 1 { write!(f, " (tried {} times)", self.tries) } else { Ok(()) }
    }
}

/// What is always the same about a way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the message says in any case.
    pub words: &'static str,
    /// The exit code: scripts act on it.
    pub exit_code: u8,
    /// Whether another try can help.
    pub retried: bool,
    /// What the reader can do.
    pub hint: Option<&'static str>,
}

/// Declares each row once, by name and in the table.
macro_rules! rows {
    ($($name:ident = $words:literal, $code:literal, $retried:ident, $hint:expr;)*) => {
        $(const $name: Row = Row { words: $words, exit_code: $code, retried: rows!($retried), hint: $hint };)*
        /// Every way in which an exchange goes wrong.
        pub const ROWS: &[Row] = &[$($name),*];
    };
    (retried) => { true };
    (final) => { false };
}

rows! {
    NAME_LOOKUP = "the host's name has no address", 6, retried, Some("name the gateway with -g or PUSHGATEWAY_URL");
    CONNECT = "can't connect", 6, retried, Some("name the gateway with -g or PUSHGATEWAY_URL");
    CONNECT_TIMED_OUT = "no connection within", 6, retried,
        Some("--connect-timeout sets the limit of one try, --timeout that of all");
    PROXY = "can't get through the proxy", 6, retried,
        Some("--proxy or the proxy variables name it; --no-proxy goes without it");
    PROXY_AUTHENTICATION = "the proxy wants authentication", 4, final,
        Some("give user and password in the proxy's URL: http://USER:PASSWORD@PROXY:PORT");
    PROXY_REFUSED = "the proxy refused", 4, final,
        Some("the proxy does not let this host or port through; --no-proxy goes without it");
    PROXY_FAILED = "the proxy failed for now", 5, retried, None;
    TLS_AUTHORITY = "the server's certificate is not signed by an authority that is trusted here", 6, final,
        Some("--ca-cert FILE trusts the authority in FILE besides the system's");
    TLS_EXPIRED = "the server's certificate has expired", 6, final, Some("or is this machine's clock wrong?");
    TLS_NOT_YET = "the server's certificate is not valid yet", 6, final, Some("or is this machine's clock wrong?");
    TLS_NAME = "the server's certificate is for another name", 6, final,
        Some("name the gateway by a name in its certificate");
    TLS_CLIENT = "the server does not take the client's certificate", 6, final,
        Some("--cert FILE and --key FILE give one");
    TLS_VERSION = "the server speaks only an old version of TLS", 6, final, Some("pushgw speaks TLS 1.2 and 1.3");
    TLS_NONE = "the server does not speak TLS", 6, final, Some("is it http:// in place of https://?");
    TLS_OTHER = "no secure connection", 6, final, None;
    BROKEN_HANDSHAKE = "the connection broke before it was secure", 6, retried, None;
    BROKEN_SENDING = "the connection broke while the request was sent", 6, retried, None;
    BROKEN_WAITING = "the connection broke before an answer came", 6, retried, None;
    BROKEN_ANSWER = "the connection broke in the middle of the answer", 6, retried, None;
    CLOSED = "the server closed the connection without an answer", 6, retried, Some(
        "Pushgateway 1.11.0 and 1.11.1 do so where others answer 400: the push clashes with what the gateway holds \
         (`pushgw list` shows its groups)"
    );
    CUT_SHORT = "the answer ends in the middle", 6, retried, None;
    TIMED_OUT_SENDING = "the request could not be sent within", 7, final, Some("--timeout sets the limit");
    TIMED_OUT = "no answer within", 7, final, Some("--timeout sets the limit");
    NOT_HTTP = "the answer is not HTTP", 1, final, Some("is this the gateway's port, and is it https://?");
    REDIRECT = "the gateway redirects", 4, final,
        Some("a redirect means another group's URL, or another server: give -g the final URL");
    BAD_REQUEST = "the gateway refused (400 Bad Request)", 4, final, None;
    UNAUTHORIZED = "the gateway wants other credentials", 4, final, Some(
        "-u USER with --password-file or PUSHGATEWAY_PASSWORD, or --bearer-token-file or PUSHGATEWAY_BEARER_TOKEN"
    );
    FORBIDDEN = "the gateway forbids it", 4, final, Some("the gateway, or a proxy before it, knows you and says no");
    NOT_FOUND = "the gateway has no such path", 4, final,
        Some("is there a path prefix (--web.route-prefix)? give it with the URL: -g http://gateway:9091/prefix");
    METHOD = "the gateway does not take this method there", 4, final,
        Some("is the URL the gateway's own, without a path that isn't a prefix?");
    TOO_LARGE = "the push is too large", 4, final, Some(
        "something before the gateway limits the size: push smaller groups, or try --compress gzip"
    );
    MEDIA_TYPE = "the gateway does not read this kind of body", 4, final,
        Some("is it an aggregation gateway, or one without gzip? try --compress none");
    TOO_MANY = "the gateway wants fewer requests", 5, retried,
        Some("--retries and --timeout let pushgw wait longer");
    REFUSED = "the gateway refused", 4, final, None;
    UNAVAILABLE = "the gateway failed for now", 5, retried, None;
    FAILED = "the gateway failed", 5, final, None;
    ODD_STATUS = "the answer's status is none of a gateway's", 1, final, None;
    NOT_A_PUSHGATEWAY = "this is no Pushgateway's answer", 1, final, Some("is the URL the gateway's?");
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The host's name has no address: the resolver's reason.
    NameLookup(String),
    /// No connection: the operating system's reason, for each address that was tried.
    Connect(String),
    /// No connection within the time limit.
    ConnectTimedOut(Duration),
    /// The way through the proxy failed before the gateway was reached.
    Proxy {
        /// The proxy's URL without credentials.
        proxy: String,
        /// What happened on the way.
        kind: Box<FaultKind>,
    },
    /// The proxy answered for itself with a status that is no success.
    ProxyStatus {
        /// The proxy's URL without credentials.
        proxy: String,
        /// Its answer.
        answered: Box<Answered>,
    },
    /// The connection is not secure.
    Tls(TlsFault),
    /// The connection broke: when, and the operating system's reason.
    Broken(Stage, String),
    /// The server closed the connection without an answer.
    Closed,
    /// The answer ends before its end.
    CutShort,
    /// Not done within the time limit.
    TimedOut(Stage, Duration),
    /// The answer is not HTTP: what is wrong with it.
    NotHttp(String),
    /// The server answered with a status that is no success.
    Status(Box<Answered>),
    /// The server answered with success, but not as a Pushgateway does: what was missed.
    NotAPushgateway(String),
}

/// How far an exchange had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Connected, but not yet secure.
    Handshake,
    /// Not all of the request was sent.
    Sending,
    /// All was sent, and nothing of an answer had come.
    Waiting,
    /// A part of the answer had come.
    Answer,
}

/// Why a connection is not secure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// Nobody that is trusted has signed the certificate, which is described.
    Authority(String),
    /// The certificate, described, is past its date.
    Expired(String),
    /// The certificate, described, is before its date.
    NotYet(String),
    /// The certificate is for these names.
    Name(String),
    /// The server wants a client certificate, or another one: its alert.
    Client(String),
    /// No version of TLS in common: the reason.
    Version(String),
    /// What came is not TLS.
    None,
    /// Anything else: the TLS library's reason.
    Other(String),
}

/// An answer that is no success, as far as it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// The status code.
    pub status: u16,
    /// Where a redirect points to.
    pub location: Option<String>,
    /// How long the server asks to wait before the next try.
    pub retry_after: Option<Duration>,
    /// The server's own words: the beginning of the body, as it came.
    pub words: String,
    /// The words are a page of HTML.
    pub html: bool,
}

impl FaultKind {
    /// The row of the table that this is.
    #[must_use]
    pub fn row(&self) -> Row {
        match self {
            Self::NameLookup(_) => NAME_LOOKUP,
            Self::Connect(_) => CONNECT,
            Self::ConnectTimedOut(_) => CONNECT_TIMED_OUT,
            Self::Proxy { .. } => PROXY,
            Self::ProxyStatus { answered, .. } => match answered.status {
                407 => PROXY_AUTHENTICATION,
                408 | 425 | 429 | 500..=599 => PROXY_FAILED,
                _ => PROXY_REFUSED,
            },
            Self::Tls(fault) => fault.row(),
            Self::Broken(Stage::Handshake, _) => BROKEN_HANDSHAKE,
            Self::Broken(Stage::Sending, _) => BROKEN_SENDING,
            Self::Broken(Stage::Waiting, _) => BROKEN_WAITING,
            Self::Broken(Stage::Answer, _) => BROKEN_ANSWER,
            Self::Closed => CLOSED,
            Self::CutShort => CUT_SHORT,
            Self::TimedOut(Stage::Handshake | Stage::Sending, _) => TIMED_OUT_SENDING,
            Self::TimedOut(Stage::Waiting | Stage::Answer, _) => TIMED_OUT,
            Self::NotHttp(_) => NOT_HTTP,
            Self::Status(answered) => answered.row(),
            Self::NotAPushgateway(_) => NOT_A_PUSHGATEWAY,
        }
    }

    /// The exit code (see `error::Failure::exit_code` for the whole table).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.row().exit_code
    }

    /// Whether another try can help.
    #[must_use]
    pub fn is_retried(&self) -> bool {
        match self {
            // What speaks no HTTP, or no TLS, will not speak it later.
            Self::Proxy { kind, .. } => kind.is_retried(),
            _ => self.row().retried,
        }
    }

    /// How long the server asks to wait before the next try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status(answered) | Self::ProxyStatus { answered, .. } => answered.retry_after,
            _ => None,
        }
    }

    /// What happened, in one line.
    #[must_use]
    pub fn message(&self) -> String {
        let words = self.row().words;
        match self {
            Self::NameLookup(reason) | Self::Connect(reason) | Self::Broken(_, reason)
                if !reason.is_empty() =>
            {
                format!("{words}: {reason}")
            }
            Self::NotHttp(reason) | Self::NotAPushgateway(reason) => format!("{words}: {reason}"),
            Self::ConnectTimedOut(limit) | Self::TimedOut(_, limit) => format!("{words} {limit:?}"),
            Self::Proxy { proxy, kind } => format!("{words} {proxy}: {}", kind.message()),
            Self::ProxyStatus { proxy, answered } => format!("{words} {}: {proxy}", answered.status_line()),
            Self::Tls(fault) => fault.message(),
            Self::Status(answered) => answered.message(),
            Self::NameLookup(_) | Self::Connect(_) | Self::Broken(..) | Self::Closed | Self::CutShort => {
                words.to_owned()
            }
        }
    }

    /// The server's own words, where it said any that a reader can use.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Status(answered) | Self::ProxyStatus { answered, .. } if !answered.html => {
                Some(answered.words.trim()).filter(|words| !words.is_empty())
            }
            _ => None,
        }
    }

    /// Who said the words.
    #[must_use]
    pub fn speaker(&self) -> &'static str {
        match self {
            Self::ProxyStatus { .. } => "the proxy",
            _ => "the gateway",
        }
    }

    /// What the reader can do.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        self.row().hint
    }
}

impl TlsFault {
    fn row(&self) -> Row {
        match self {
            Self::Authority(_) => TLS_AUTHORITY,
            Self::Expired(_) => TLS_EXPIRED,
            Self::NotYet(_) => TLS_NOT_YET,
            Self::Name(_) => TLS_NAME,
            Self::Client(_) => TLS_CLIENT,
            Self::Version(_) => TLS_VERSION,
            Self::None => TLS_NONE,
            Self::Other(_) => TLS_OTHER,
        }
    }

    fn message(&self) -> String {
        let words = self.row().words;
        match self {
            Self::Authority(detail)
            | Self::Expired(detail)
            | Self::NotYet(detail)
            | Self::Name(detail)
            | Self::Client(detail)
            | Self::Version(detail)
            | Self::Other(detail)
                if !detail.is_empty() =>
            {
                format!("{words}: {detail}")
            }
            _ => words.to_owned(),
        }
    }
}

impl Answered {
    fn row(&self) -> Row {
        match self.status {
            300..=399 => REDIRECT,
            400 => BAD_REQUEST,
            401 => UNAUTHORIZED,
            403 => FORBIDDEN,
            404 => NOT_FOUND,
            405 => METHOD,
            407 => PROXY_AUTHENTICATION,
            413 => TOO_LARGE,
            415 => MEDIA_TYPE,
            429 => TOO_MANY,
            408 | 425 | 500 | 502 | 503 | 504 => UNAVAILABLE,
            402..=499 => REFUSED,
            501..=599 => FAILED,
            _ => ODD_STATUS,
        }
    }

    fn message(&self) -> String {
        let words = self.row().words;
        let page = if self.html { ", with a page of HTML" } else { "" };
        let status = self.status_line();
        match (self.status, &self.location) {
            (300..=399, Some(location)) => {
                format!("{words} {status} to {location}, which is not followed{page}")
            }
            (300..=399, None) => format!("{words} {status}, which is not followed{page}"),
            (400, _) => format!("{words}{page}"),
            _ => format!("{words} {status}{page}"),
        }
    }

    /// `(404 Not Found)`.
    fn status_line(&self) -> String {
        match reason(self.status) {
            "" => format!("({})", self.status),
            reason => format!("({} {reason})", self.status),
        }
    }
}

/// The registered phrase of the status codes that a gateway or a proxy before it answers with.
fn reason(status: u16) -> &'static str {
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
    use std::collections::BTreeSet;

    #[test]
    fn no_two_rows_say_the_same() {
        let words: BTreeSet<&str> = ROWS.iter().map(|row| row.words).collect();
        assert_eq!(words.len(), ROWS.len());
        assert!(ROWS.iter().all(|row| matches!(row.exit_code, 1 | 4..=7)));
    }

    #[test]
    fn the_status_decides_the_exit_code_and_the_next_try() {
        for status in 100..1000 {
            let answered = Answered { status, ..Answered::default() };
            let kind = FaultKind::Status(Box::new(answered));
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
            assert!(kind.message().starts_with(kind.row().words));
            assert!(kind.message().contains(&status.to_string()));
        }
    }

    #[test]
    fn a_message_has_its_details() {
        let redirect = Answered {
            status: 301,
            location: Some("http://other/".to_owned()),
            html: true,
            ..Answered::default()
        };
        let fault = Fault {
            tries: 3,
            ..Fault::new("PUT http://gw/".to_owned(), FaultKind::Status(Box::new(redirect)))
        };
        assert_eq!(
            fault.to_string(),
            "PUT http://gw/: the gateway redirects (301 Moved Permanently) to http://other/, which is not followed, \
             with a page of HTML (tried 3 times)"
        );
        let proxy = FaultKind::Proxy {
            proxy: "http://proxy:3128".to_owned(),
            kind: Box::new(FaultKind::ConnectTimedOut(Duration::from_millis(300))),
        };
        assert_eq!(
            proxy.message(),
            "can't get through the proxy http://proxy:3128: no connection within 300ms"
        );
    }
}
