//! Parses the HTTP URLs that users give: scheme, host, port, path, and optional credentials.
//!
//! A general-purpose URL library normalizes the path like a browser, which can change the resource that the
//! path refers to. This parser keeps the path as written and only percent-encodes bytes that are not allowed
//! in a request. Credentials are stored separately and are never part of an error message.

use crate::secret::{Secret, without_values};
use percent_encoding::percent_decode_str;
use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use thiserror::Error;

/// Maximum length of the user, password and host together, and of the path before the path of a group.
pub const MAX_PREFIX: usize = 5_000;
/// Maximum length of a path and query. The HTTP library accepts URLs of up to 65,534 bytes.
const MAX_PATH: usize = 60_000 + MAX_PREFIX;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The user name and password from a URL, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    /// `None` if the user name is not followed by a colon.
    pub password: Option<Secret>,
}

/// An HTTP or HTTPS URL. `Display` omits the credentials and redacts the query values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    scheme: Scheme,
    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    host: String,
    port: Option<u16>,
    /// The path, which is empty or starts with a slash.
    path: String,
    /// The text after the `?`, which may contain secrets.
    query: Option<Secret>,
    credentials: Option<Credentials>,
}

impl Url {
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the host. An IPv6 address has no brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, or the scheme's default port.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }

    /// Returns the path as written. It is empty or starts with a slash.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Replaces the path. The new path must be empty or start with a slash.
    #[must_use]
    pub(crate) fn with_path(self, path: impl Into<String>) -> Self {
        Self { path: path.into(), ..self }
    }

    /// Replaces the scheme. An explicit port is kept.
    #[must_use]
    pub(crate) fn with_scheme(self, scheme: Scheme) -> Self {
        Self { scheme, ..self }
    }

    /// Sets the port if the URL has none.
    #[must_use]
    pub(crate) fn or_port(self, port: u16) -> Self {
        Self { port: self.port.or(Some(port)), ..self }
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Appends `path`, which must start with a slash, to the URL without its credentials.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// Returns the URL to send in a request: like [`Url::join`], but with the unredacted query at the end.
    pub(super) fn sent(&self, path: &str) -> String {
        match &self.query {
            Some(query) => format!("{}{}{path}?{}", self.origin(), self.path, query.expose()),
            None => self.join(path),
        }
    }

    /// Returns each query value twice: as written and percent-decoded.
    pub(crate) fn query_values(&self) -> Vec<Secret> {
        let query = self.query.as_ref().map_or("", |query| query.expose());
        let values = query.split('&').map(|part| part.split_once('=').map_or(part, |(_, value)| value));
        let both =
            |value: &str| [value.to_owned(), percent_decode_str(value).decode_utf8_lossy().into_owned()];
        values.filter(|value| !value.is_empty()).flat_map(both).map(Secret::new).collect()
    }

    /// Parses a URL that may have a query.
    pub(crate) fn parse_with_query(text: &str) -> Result<Self, UrlError> {
        parse(text, true)
    }

    /// Formats the host, and the port if the URL has one: `gw:9091`, `gw`, `[::1]:9091`.
    pub(crate) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", Bracketed(&self.host)),
            None => Bracketed(&self.host).to_string(),
        }
    }

    /// Formats the host and port for CONNECT, which requires a port.
    pub(super) fn authority_with_port(&self) -> String {
        format!("{}:{}", Bracketed(&self.host), self.port())
    }

    /// Formats the scheme, host and port: `https://gw:9091`.
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority())
    }

    /// Returns true if the host is this machine, which can't be reached through a proxy.
    pub(crate) fn is_loopback(&self) -> bool {
        if let Ok(address) = self.host.parse::<Ipv4Addr>() {
            return address.is_loopback();
        }
        if let Ok(address) = self.host.parse::<Ipv6Addr>() {
            return address.to_canonical().is_loopback();
        }
        is_localhost(&self.host)
    }
}

/// Returns true for `localhost` and its subdomains, which are always this machine (RFC 6761, section 6.3).
pub(super) fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())?;
        f.write_str(&self.path)?;
        match &self.query {
            Some(query) => write!(f, "?{}", without_values(query.expose())),
            None => Ok(()),
        }
    }
}

/// A host formatted for a URL, with brackets around an IPv6 address.
struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

/// Parses `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/PATH]`. The default scheme is http.
impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        parse(text, false)
    }
}

fn parse(text: &str, may_have_query: bool) -> Result<Url, UrlError> {
    if text.is_empty() {
        return Err(UrlError::Empty);
    }
    match text.chars().find(|c| c.is_whitespace() || c.is_control()) {
        Some(' ') => return Err(UrlError::Space),
        Some(found) => return Err(UrlError::Invisible { found }),
        None => {}
    }
    if text.starts_with(['"', '\'']) {
        return Err(UrlError::Quoted);
    }
    let (scheme, rest) = scheme(text)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let (credentials, host_port) = match authority.rsplit_once('@') {
        Some((user_info, host_port)) => (credentials(user_info)?, host_port),
        None => (None, authority),
    };
    if matches!(authority, "http" | "https") && path.starts_with("//") {
        return Err(UrlError::Slashes);
    }
    // An unescaped `/`, `?` or `#` ends the authority early, so the host may be part of the password.
    let may_be_password = authority.contains([':', '@']) && path.replace("@base64", "").contains('@');
    let (host, port) = host_and_port(host_port).map_err(|error| match error {
        _ if may_be_password && error != UrlError::Slashes => UrlError::Unescaped,
        UrlError::NoBrackets { url } => {
            let scheme = if text.contains("://") { format!("{}://", scheme.as_str()) } else { String::new() };
            let path = path.split(['?', '#']).next().unwrap_or_default();
            UrlError::NoBrackets { url: format!("{scheme}{url}{path}") }
        }
        error => error,
    })?;
    let (path, query) = match path.split_once('?') {
        Some((path, query)) if may_have_query && !may_be_password => (path, Some(query)),
        _ => (path, None),
    };
    let is_odd = |c: &char| matches!(c, '#' | '\\') || (*c == '?' && query.is_none());
    match path.chars().chain(query.unwrap_or_default().chars()).find(is_odd) {
        Some(_) if may_be_password => return Err(UrlError::Unescaped),
        Some('\\') => return Err(UrlError::Backslash),
        Some(found) => return Err(UrlError::NotInPath { found }),
        None => {}
    }
    let (path, query) = (sendable(path)?, query.map(sendable).transpose()?);
    if authority.len() > MAX_PREFIX || path.len() + query.as_ref().map_or(0, String::len) > MAX_PATH {
        return Err(UrlError::TooLong);
    }
    Ok(Url { scheme, host, port, path, query: query.map(Secret::new), credentials })
}

fn scheme(text: &str) -> Result<(Scheme, &str), UrlError> {
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    match text.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(is_scheme) => match scheme.to_ascii_lowercase().as_str() {
            "http" => Ok((Scheme::Http, rest)),
            "https" => Ok((Scheme::Https, rest)),
            _ => Err(UrlError::BadScheme { scheme: scheme.to_owned() }),
        },
        _ if starts_with_broken_scheme(text) => Err(UrlError::Slashes),
        _ => Ok((Scheme::Http, text)),
    }
}

/// Returns true if the colon after the scheme is missing, as in `http//gw`.
fn starts_with_broken_scheme(text: &str) -> bool {
    let lost = |start: &str| text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start));
    lost("http//") || lost("https//")
}

fn credentials(user_info: &str) -> Result<Option<Credentials>, UrlError> {
    let decode = |text: &str| {
        check_escapes(text).map_err(|()| UrlError::BadCredentials)?;
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| UrlError::BadCredentials)
    };
    if user_info.is_empty() {
        return Ok(None);
    }
    let (user, password) = match user_info.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (user_info, None),
    };
    let password = password.map(decode).transpose()?.map(Secret::new);
    Ok(Some(Credentials { user: decode(user)?, password }))
}

fn host_and_port(text: &str) -> Result<(String, Option<u16>), UrlError> {
    if let Some(rest) = text.strip_prefix('[') {
        let bad = || UrlError::BadHost { host: text.to_owned() };
        let (address, rest) = rest.split_once(']').ok_or_else(bad)?;
        let address: Ipv6Addr = address.parse().map_err(|_| bad())?;
        let port = match rest.strip_prefix(':') {
            Some(digits) => Some(port(digits)?),
            None if rest.is_empty() => None,
            None => return Err(bad()),
        };
        return Ok((address.to_string(), port));
    }
    if text.contains('=') {
        return Err(UrlError::Assignment);
    }
    let is_address = |text: &str| text.parse::<Ipv6Addr>().is_ok();
    match text.rsplit_once(':') {
        // Four digits or more are probably the port.
        Some((address, digits)) if is_address(address) && digits.len() > 3 && port(digits).is_ok() => {
            return Err(UrlError::NoBrackets { url: format!("[{address}]:{digits}") });
        }
        _ if is_address(text) => return Err(UrlError::NoBrackets { url: format!("[{text}]") }),
        _ => {}
    }
    let (host, port) = match text.split_once(':') {
        Some((host, digits)) if matches!(host, "http" | "https") && port(digits).is_err() => {
            return Err(UrlError::Slashes);
        }
        Some((host, digits)) => (host, Some(port(digits)?)),
        None => (text, None),
    };
    check_host(host)?;
    Ok((host.to_owned(), port))
}

fn port(digits: &str) -> Result<u16, UrlError> {
    let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
    let port = digits.parse().ok().filter(|port| all_digits && *port != 0);
    port.ok_or_else(|| match digits {
        "" => UrlError::EmptyPort,
        _ => UrlError::BadPort { port: digits.to_owned() },
    })
}

/// Checks a host name or IPv4 address. Underscores are allowed, because they are common in container names.
fn check_host(host: &str) -> Result<(), UrlError> {
    if host.is_empty() {
        return Err(UrlError::NoHost);
    }
    if !host.is_ascii() {
        return Err(UrlError::NotAscii { host: host.to_owned() });
    }
    let labels = host.strip_suffix('.').unwrap_or(host).split('.');
    let good = |label: &str| {
        let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(letters)
    };
    let numbers_only = host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let is_address = host.parse::<Ipv4Addr>().is_ok();
    if host.len() > 254 || !labels.clone().all(good) || (numbers_only && !is_address) {
        return Err(UrlError::BadHost { host: host.to_owned() });
    }
    Ok(())
}

/// Percent-encodes the bytes of a path or query that are not allowed in a request.
fn sendable(path: &str) -> Result<String, UrlError> {
    check_escapes(path).map_err(|()| UrlError::BadEscape)?;
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        // RFC 3986 allows these in a path: unreserved characters, sub-delims, `:`, `@`, `/` and escapes.
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Ok(out)
}

/// Checks that two hexadecimal digits follow each `%`.
fn check_escapes(text: &str) -> Result<(), ()> {
    let bytes = text.as_bytes();
    let good = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if text.match_indices('%').all(|(at, _)| good(at)) { Ok(()) } else { Err(()) }
}

/// The part of a message that explains how to escape characters that would end a password in a URL.
const UNESCAPED: &str = "`@`, `/`, `?` and `#` as %40, %2F, %3F and %23";

/// An error for an invalid URL. No variant contains credentials.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum UrlError {
    #[error("the URL is empty: is a variable unset?")]
    Empty,
    #[error("the URL contains a space: remove it, or write %20 in a path")]
    Space,
    /// The URL contains a control character, or whitespace other than a space.
    #[error("the URL contains the character U+{:04X}", u32::from(*.found))]
    Invisible { found: char },
    /// The URL starts with a quote, for example because an env file was not read by a shell.
    #[error("the URL starts with a quote: remove the quotes")]
    Quoted,
    #[error("unsupported scheme `{scheme}`: use http:// or https://")]
    BadScheme { scheme: String },
    /// The scheme is repeated, or is not followed by `://`.
    #[error("the scheme is malformed: write http://HOST:PORT")]
    Slashes,
    #[error("the URL has no host: write http://HOST:PORT")]
    NoHost,
    #[error("`{host}` is not a valid host name or address")]
    BadHost { host: String },
    #[error("host name `{host}` is not ASCII: write its punycode form, which starts with xn--")]
    NotAscii { host: String },
    #[error("an IPv6 address needs brackets: write {url}")]
    NoBrackets { url: String },
    #[error("the URL is an assignment: write only the part after the `=`")]
    Assignment,
    #[error("the URL has a colon but no port: is a variable unset?")]
    EmptyPort,
    #[error("`{port}` is not a valid port: use a number from 1 to 65535")]
    BadPort { port: String },
    /// The URL has an `@` after the host, so part of a password may have been parsed as the host or port.
    #[error("the URL has an `@` after its host: in a password, write {UNESCAPED}")]
    Unescaped,
    #[error("the user or password in the URL is not percent-encoded UTF-8: write %25 for a `%`")]
    BadCredentials,
    #[error("the URL contains a backslash: write `/`, or %5C in a path")]
    Backslash,
    /// The URL contains `?` or `#`.
    #[error("unexpected `{found}` in the URL: remove it and the rest, or write %{:02X} in a path", u32::from(*.found))]
    NotInPath { found: char },
    #[error("the URL contains a `%` without two hexadecimal digits: write %25 for a `%`")]
    BadEscape,
    #[error("the URL is too long: its user, host and path can have up to {MAX_PREFIX} bytes")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn the_scheme_the_port_and_the_path_are_optional() {
        let table = [
            ("gw:9091", "http://gw:9091", 9091),
            ("localhost", "http://localhost", 80),
            ("http://localhost:9091", "http://localhost:9091", 9091),
            ("HTTPS://gw", "https://gw", 443),
            ("[::1]:9091", "http://[::1]:9091", 9091),
            ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/", 80),
            ("127.0.0.1:1", "http://127.0.0.1:1", 1),
            ("https://gw.example.org.:65535", "https://gw.example.org.:65535", 65535),
            ("push_gateway_1:9091", "http://push_gateway_1:9091", 9091),
            ("gw/push/gw", "http://gw/push/gw", 80),
            ("http://gw/api/v1/write", "http://gw/api/v1/write", 80),
            ("http://gw//a/../b/", "http://gw//a/../b/", 80),
            ("http://gw/a%2fb/%C3%BC", "http://gw/a%2fb/%C3%BC", 80),
            ("http://gw/ü\"", "http://gw/%C3%BC%22", 80),
            ("http://@gw", "http://gw", 80),
        ];
        for (text, shown, port) in table {
            let url = url(text);
            assert_eq!((url.to_string().as_str(), url.port()), (shown, port), "{text}");
            assert_eq!(url.credentials(), None);
        }
    }

    #[test]
    fn the_parts_of_a_url_are_formatted_for_each_use() {
        let url = url("https://[fd00::1]/p");
        assert_eq!(url.join("/x/a%2Bb"), "https://[fd00::1]/p/x/a%2Bb");
        assert_eq!((url.origin(), url.authority()), ("https://[fd00::1]".to_owned(), "[fd00::1]".to_owned()));
        assert_eq!(url.authority_with_port(), "[fd00::1]:443");
        assert_eq!(url.with_path("/q").to_string(), "https://[fd00::1]/q");
    }

    #[test]
    fn credentials_are_decoded_and_hidden() {
        let secured = url("https://al%40ice:p%40ss:w@rd@gw:9091/p");
        let credentials = secured.credentials().unwrap();
        assert_eq!(credentials.user, "al@ice");
        assert_eq!(credentials.password.as_ref().unwrap().expose(), "p@ss:w@rd");
        assert_eq!(secured.to_string(), "https://gw:9091/p");
        assert!(!format!("{secured:?}").contains("p@ss"));

        assert_eq!(url("me@gw").credentials().unwrap().password, None);
        assert_eq!(url("me:@gw").credentials().unwrap().password, Some(Secret::new("")));
    }

    #[test]
    fn the_values_of_a_query_are_sent_and_not_shown() {
        let url = Url::parse_with_query("http://gw/w?a=1&token=hunter%202&hunter3&b=").unwrap();
        assert_eq!(url.to_string(), "http://gw/w?a=REDACTED&token=REDACTED&REDACTED&b=REDACTED");
        assert!(!format!("{url:?}").contains("hunter"));
        assert_eq!(url.sent(""), "http://gw/w?a=1&token=hunter%202&hunter3&b=");
        let values: Vec<_> = url.query_values().iter().map(|value| value.expose().to_owned()).collect();
        assert_eq!(values, ["1", "1", "hunter%202", "hunter 2", "hunter3", "hunter3"]);
        for (text, error) in [
            (
                "http://gw/w?a=hunter2#x",
                "unexpected `#` in the URL: remove it and the rest, or write %23 in a path",
            ),
            ("http://gw/w?a=hunter2\\", "the URL contains a backslash: write `/`, or %5C in a path"),
            (
                "http://gw/w?a=hunter%zz",
                "the URL contains a `%` without two hexadecimal digits: write %25 for a `%`",
            ),
            (
                "http://me:hunter2?x@gw",
                "the URL has an `@` after its host: in a password, write `@`, `/`, `?` and `#` as %40, %2F, %3F and %23",
            ),
        ] {
            assert_eq!(Url::parse_with_query(text).unwrap_err().to_string(), error, "{text}");
        }
    }

    #[test]
    fn loopback_hosts_are_known() {
        for local in ["localhost", "LocalHost.:1", "a.localhost", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"]
        {
            assert!(url(local).is_loopback(), "{local}");
        }
        for remote in ["gw", "localhost.example", "notlocalhost", "10.0.0.1", "[::]", "[fe80::1]", "0.0.0.0"]
        {
            assert!(!url(remote).is_loopback(), "{remote}");
        }
    }

    #[test]
    fn a_malformed_url_is_rejected_with_the_reason() {
        let no_host = "the URL has no host: write http://HOST:PORT";
        let assignment = "the URL is an assignment: write only the part after the `=`";
        let slashes = "the scheme is malformed: write http://HOST:PORT";
        let table = [
            ("", "the URL is empty: is a variable unset?"),
            ("ftp://x", "unsupported scheme `ftp`: use http:// or https://"),
            ("\"http://gw:9091\"", "the URL starts with a quote: remove the quotes"),
            ("'gw:9091'", "the URL starts with a quote: remove the quotes"),
            ("http://", no_host),
            ("http:///metrics", no_host),
            ("://gw", "unsupported scheme ``: use http:// or https://"),
            ("/metrics", no_host),
            (":9091", no_host),
            ("http://me:pw@", no_host),
            ("gw:", "the URL has a colon but no port: is a variable unset?"),
            ("gw:0", "`0` is not a valid port: use a number from 1 to 65535"),
            ("gw:65536", "`65536` is not a valid port: use a number from 1 to 65535"),
            ("gw:+80", "`+80` is not a valid port: use a number from 1 to 65535"),
            ("http:gw", slashes),
            ("https:/gw:9091", slashes),
            ("http://http://gw", slashes),
            ("http:\\\\gw", slashes),
            ("::1", "an IPv6 address needs brackets: write [::1]"),
            ("::1:19391", "an IPv6 address needs brackets: write [::1]:19391"),
            ("http://::1:9091/p", "an IPv6 address needs brackets: write http://[::1]:9091/p"),
            ("https://me:pw@2001:db8::1", "an IPv6 address needs brackets: write https://[2001:db8::1]"),
            ("1:2:3:4:5:6:7:9091", "an IPv6 address needs brackets: write [1:2:3:4:5:6:7:9091]"),
            ("url=http://gw:9091", assignment),
            ("PUSHGATEWAY_URL=gw", assignment),
            ("[::1", "`[::1` is not a valid host name or address"),
            ("[::1]9091", "`[::1]9091` is not a valid host name or address"),
            ("[gw]", "`[gw]` is not a valid host name or address"),
            ("g%77", "`g%77` is not a valid host name or address"),
            ("a..b", "`a..b` is not a valid host name or address"),
            ("gw|x", "`gw|x` is not a valid host name or address"),
            ("256.0.0.1", "`256.0.0.1` is not a valid host name or address"),
            (
                "bücher.example",
                "host name `bücher.example` is not ASCII: write its punycode form, which starts with xn--",
            ),
            ("http://gw /x", "the URL contains a space: remove it, or write %20 in a path"),
            ("http://gw\r", "the URL contains the character U+000D"),
            ("http://gw\u{a0}", "the URL contains the character U+00A0"),
            ("http://gw?x", "unexpected `?` in the URL: remove it and the rest, or write %3F in a path"),
            ("http://gw/#x", "unexpected `#` in the URL: remove it and the rest, or write %23 in a path"),
            ("http://gw\\x", "the URL contains a backslash: write `/`, or %5C in a path"),
            ("http://gw/%zz", "the URL contains a `%` without two hexadecimal digits: write %25 for a `%`"),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Url>().unwrap_err().to_string(), expected, "{text}");
        }
        let long = "a".repeat(64);
        let error = long.parse::<Url>().unwrap_err().to_string();
        assert_eq!(error, format!("`{long}` is not a valid host name or address"));
    }

    #[test]
    fn no_message_shows_a_password() {
        for text in [
            "http://me:hunter2@",
            "http://me:hunter2@gw:x",
            "http://me:hunter2@g w",
            "http://me:hunter2%zz@gw",
            "http://me:hunter2%ff@gw",
            "http://me:hunter2/@gw",
            "http://me:hunter2?@gw",
            "http://me:hunter2#@gw:9091",
            "me:hunter2\\@gw",
            "ftp://me:hunter2@gw",
            "me=hunter2:x@g=w",
            "url=http://me:hunter2@gw",
        ] {
            let error = text.parse::<Url>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}: {error:?}");
        }
    }

    proptest! {
        #[test]
        fn a_parsed_url_is_written_as_it_is_read(
            text in "\\PC{0,20}|(https?://)?[a-z0-9.:@%/\\[\\]?#]{0,20}"
        ) {
            if let Ok(url) = text.parse::<Url>() {
                prop_assert!(url.to_string().bytes().all(|b| b.is_ascii_graphic()));
                let bare = Url { credentials: None, ..url };
                prop_assert_eq!(bare.to_string().parse::<Url>(), Ok(bare));
            }
        }
    }
}
