//! Where a gateway is, read from the URL that a user writes, and a group's URL from an old curl script.
//!
//! There is no general URL library behind this: those clean paths up as browsers do, and a cleaned path can be another
//! group's. Whatever stands in the path here reaches the socket as it was written; only bytes that can't stand in a
//! request at all are percent-encoded, which the server reads as the same bytes. Credentials are taken out of the URL
//! at once and are in no error, so that no message can carry them.

use crate::grouping::{GroupingKey, KeyRules, PathError};
use crate::secret::Secret;
use percent_encoding::percent_decode_str;
use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// How a gateway is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// As it stands in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where a URL names none: 80 or 443.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// User and password from a URL, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// What stands before the colon.
    pub user: String,
    /// What stands behind it; `None` without a colon.
    pub password: Option<Secret>,
}

/// Where a gateway is. `Display` writes its URL without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    host: String,
    port: Option<u16>,
    /// Empty, or with a slash in front and none behind.
    prefix: String,
    credentials: Option<Credentials>,
}

impl Endpoint {
    /// How it is spoken to.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's own where the URL names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }

    /// What stands between the host and the gateway's own paths: empty, or as `/prefix`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// User and password, if the URL had them.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The full URL of one of the gateway's paths, which starts with a slash; without credentials.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// Whether the gateway is on this machine, so that no proxy can lead to it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        if let Ok(address) = self.host.parse::<Ipv4Addr>() {
            return address.is_loopback();
        }
        if let Ok(address) = self.host.parse::<Ipv6Addr>() {
            return address.to_canonical().is_loopback();
        }
        let host = self.host.strip_suffix('.').unwrap_or(&self.host).to_ascii_lowercase();
        host == "localhost" || host.ends_with(".localhost")
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.as_str())?;
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.prefix)
    }
}

/// Reads the URL of a gateway: the scheme may be missing, a trailing `/` or `/metrics` is taken off once (a gateway
/// whose prefix ends in `/metrics` is named by writing that twice).
impl FromStr for Endpoint {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (mut endpoint, path) = split(text)?;
        let path = path.trim_end_matches('/');
        if group_at(path).is_some() {
            return Err(UrlError::WholeGroup);
        }
        endpoint.prefix = prefix(path.strip_suffix("/metrics").unwrap_or(path).trim_end_matches('/'))?;
        Ok(endpoint)
    }
}

/// The URL of one group, as `--url` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupUrl {
    /// The gateway.
    pub endpoint: Endpoint,
    /// The group's path behind the gateway's URL as it was written, `/metrics/job…`.
    pub path: String,
}

impl GroupUrl {
    /// Reads a URL of any bytes, as the operating system gives them. Bytes that are not UTF-8 can name a group that
    /// nothing else can.
    ///
    /// # Errors
    ///
    /// As for `FromStr`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UrlError> {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            chunk.invalid().iter().for_each(|byte| push_escaped(&mut text, *byte));
        }
        text.parse()
    }

    /// The key in the path.
    ///
    /// # Errors
    ///
    /// A path that the gateway would refuse or read otherwise than it was meant.
    pub fn key(&self, rules: KeyRules) -> Result<GroupingKey, PathError> {
        GroupingKey::parse_path(&self.path, rules)
    }

    /// The full URL without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        self.endpoint.join(&self.path)
    }
}

/// The group's path begins at the *first* `/metrics/job`: a label called `metrics` with the value `job` is more likely
/// than a prefix that has both words, and a gateway without a prefix reads the URL so.
impl FromStr for GroupUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (mut endpoint, path) = split(text)?;
        let at = group_at(&path).ok_or(UrlError::NoGroup)?;
        endpoint.prefix = prefix(&path[..at])?;
        Ok(Self { endpoint, path: path[at..].to_owned() })
    }
}

/// Where `/metrics/job` or `/metrics/job@base64` begins, however it is escaped.
fn group_at(path: &str) -> Option<usize> {
    let is = |segment: &str, wanted: &[&str]| {
        let segment = percent_decode_str(segment).decode_utf8_lossy();
        wanted.contains(&&*segment)
    };
    let starts: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
    let segment = |i: usize| &path[starts[i] + 1..starts.get(i + 1).copied().unwrap_or(path.len())];
    let found = (1..starts.len())
        .find(|i| is(segment(i - 1), &["metrics"]) && is(segment(*i), &["job", "job@base64"]));
    found.map(|i| starts[i - 1])
}

/// The prefix as it is, if a server takes it so: Go's redirects what has empty or dotted segments.
fn prefix(path: &str) -> Result<String, UrlError> {
    let odd = |segment: &str| matches!(&*percent_decode_str(segment).decode_utf8_lossy(), "" | "." | "..");
    if path.split('/').skip(1).any(odd) {
        return Err(UrlError::OddPath { path: path.to_owned() });
    }
    Ok(path.to_owned())
}

/// Everything but the path, and the path: empty or with a slash in front, and fit for a request.
fn split(text: &str) -> Result<(Endpoint, String), UrlError> {
    if text.is_empty() {
        return Err(UrlError::Empty);
    }
    if let Some(found) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Err(UrlError::Blank { found });
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
    // An `@` further on may end a password with a character in it that ends the host: then the host is part of it.
    let unsafe_to_show = credentials.is_none() && host_port.contains(':') && path.contains('@');
    let (host, port) = host_and_port(host_port).map_err(|error| match error {
        UrlError::BadPort { .. } if unsafe_to_show => UrlError::BadPort { port: None },
        error => error,
    })?;
    if let Some(found) = path.chars().find(|c| matches!(c, '?' | '#' | '\\')) {
        return Err(UrlError::NotInPath { found });
    }
    let path = sendable(path)?;
    Ok((Endpoint { scheme, host, port, prefix: String::new(), credentials }, path))
}

fn scheme(text: &str) -> Result<(Scheme, &str), UrlError> {
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    match text.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(is_scheme) => match scheme.to_ascii_lowercase().as_str() {
            "http" => Ok((Scheme::Http, rest)),
            "https" => Ok((Scheme::Https, rest)),
            _ => Err(UrlError::BadScheme { scheme: scheme.to_owned() }),
        },
        _ => Ok((Scheme::Http, text)),
    }
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
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(UrlError::NoBrackets { address: text.to_owned() });
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
    port.ok_or_else(|| UrlError::BadPort { port: Some(digits.to_owned()) })
}

/// A name by the letters that DNS and resolvers take, the underscore of container names among them.
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

/// The path with the bytes that can't stand in a request percent-encoded, and all else as it is.
fn sendable(path: &str) -> Result<String, UrlError> {
    check_escapes(path).map_err(|()| UrlError::BadEscape)?;
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        // RFC 3986: unreserved, sub-delims, and what else a segment may have.
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            push_escaped(&mut out, byte);
        }
    }
    Ok(out)
}

fn push_escaped(out: &mut String, byte: u8) {
    let _ = write!(out, "%{byte:02X}");
}

/// Whether two hexadecimal digits follow each `%`.
fn check_escapes(text: &str) -> Result<(), ()> {
    let bytes = text.as_bytes();
    let good = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if text.match_indices('%').all(|(at, _)| good(at)) { Ok(()) } else { Err(()) }
}

/// Why a text is no URL of a gateway or group. No variant holds credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// Nothing at all.
    Empty,
    /// A blank, a line break or another control character.
    Blank {
        /// The first of them.
        found: char,
    },
    /// Quotes around it, as from a file of variables that no shell reads.
    Quoted,
    /// Neither `http` nor `https`.
    BadScheme {
        /// What stands before `://`.
        scheme: String,
    },
    /// No host.
    NoHost,
    /// No name and no address.
    BadHost {
        /// What stands in its place.
        host: String,
    },
    /// A name with letters that DNS does not have.
    NotAscii {
        /// The name.
        host: String,
    },
    /// An IPv6 address without brackets.
    NoBrackets {
        /// The address.
        address: String,
    },
    /// A scheme without its two slashes, or twice.
    Slashes,
    /// No port.
    BadPort {
        /// What stands in its place, unless it may be part of a password.
        port: Option<String>,
    },
    /// User or password are escaped wrongly or are not UTF-8.
    BadCredentials,
    /// A character that ends a path or is mistaken for a slash.
    NotInPath {
        /// `?`, `#` or a backslash.
        found: char,
    },
    /// A `%` that two hexadecimal digits do not follow.
    BadEscape,
    /// A path that servers redirect.
    OddPath {
        /// The path.
        path: String,
    },
    /// A group's URL where a gateway's should be.
    WholeGroup,
    /// A gateway's URL where a group's should be.
    NoGroup,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the URL is empty: is the variable set?"),
            Self::Blank { found: ' ' } => f.write_str("the URL has a space in it: write %20 in a path"),
            Self::Blank { found } => write!(f, "the URL has the character U+{:04X} in it", u32::from(*found)),
            Self::Quoted => f.write_str("the URL begins with a quote: leave the quotes out"),
            Self::BadScheme { scheme } => {
                write!(f, "`{scheme}` can't be spoken to a gateway: the URL starts with http:// or https://")
            }
            Self::Slashes => f.write_str("the scheme stands once, and two slashes behind it: write http://HOST:PORT"),
            Self::NoHost => f.write_str("the URL names no host: write http://HOST:PORT"),
            Self::BadHost { host } => write!(f, "`{host}` is no host name or address"),
            Self::NotAscii { host } => {
                write!(f, "host name `{host}` is not ASCII: write its punycode form, which starts with xn--")
            }
            Self::NoBrackets { address } => write!(f, "write the IPv6 address in brackets: [{address}]"),
            Self::BadPort { port: Some(port) } if port.is_empty() => {
                f.write_str("the URL has a colon and no port behind it: is the variable set?")
            }
            Self::BadPort { port: Some(port) } => write!(f, "`{port}` is no port: a port is a number from 1 to 65535"),
            Self::BadPort { port: None } => f.write_str(
                "the URL has no valid port (write `/`, `?` and `#` in a password as %2F, %3F and %23)",
            ),
            Self::BadCredentials => {
                f.write_str("user or password in the URL are not percent-encoded UTF-8: write %25 for a `%`")
            }
            Self::NotInPath { found: '\\' } => f.write_str("the URL has a backslash in it: write `/`, or %5C in a value"),
            Self::NotInPath { found } => write!(
                f,
                "`{found}` in the URL ends its path, and the gateway ignores what follows: write %{:02X} in a value",
                u32::from(*found)
            ),
            Self::BadEscape => f.write_str("the URL has a `%` without two hexadecimal digits: write %25 for a `%`"),
            Self::OddPath { path } => {
                write!(f, "the URL's path `{path}` has an empty, `.` or `..` segment, which gateways redirect")
            }
            Self::WholeGroup => f.write_str(
                "that is the URL of a group, not of a gateway: give it with --url in place of --gateway, --job and \
                 --label",
            ),
            Self::NoGroup => PathError::NoGroup.fmt(f),
        }
    }
}

impl std::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grouping::{EmptyValues, Names};
    use proptest::prelude::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn told(text: &str) -> String {
        text.parse::<Endpoint>().unwrap_err().to_string()
    }

    #[test]
    fn a_gateway_is_named_as_people_name_one() {
        let table = [
            ("gw:9091", "http://gw:9091", 9091),
            ("localhost", "http://localhost", 80),
            ("http://localhost:9091", "http://localhost:9091", 9091),
            ("HTTPS://gw", "https://gw", 443),
            ("[::1]:9091", "http://[::1]:9091", 9091),
            ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]", 80),
            ("127.0.0.1:1", "http://127.0.0.1:1", 1),
            ("https://gw.example.org.:65535/", "https://gw.example.org.:65535", 65535),
            ("push_gateway_1:9091", "http://push_gateway_1:9091", 9091),
            ("http://gw:9091/metrics", "http://gw:9091", 9091),
            ("http://gw:9091/metrics/", "http://gw:9091", 9091),
            ("http://gw:9091///", "http://gw:9091", 9091),
            ("gw/push/gw", "http://gw/push/gw", 80),
            ("http://gw/push/metrics/", "http://gw/push", 80),
            ("http://gw/metrics/metrics", "http://gw/metrics", 80),
            ("http://gw/my-metrics", "http://gw/my-metrics", 80),
            ("http://gw/job/metrics", "http://gw/job", 80),
            ("http://gw/api/v1/import/prometheus", "http://gw/api/v1/import/prometheus", 80),
            ("http://gw/a%2fb/%C3%BC", "http://gw/a%2fb/%C3%BC", 80),
            ("http://gw/ü\"", "http://gw/%C3%BC%22", 80),
            ("http://@gw", "http://gw", 80),
        ];
        for (text, url, port) in table {
            let endpoint = endpoint(text);
            assert_eq!((endpoint.to_string().as_str(), endpoint.port()), (url, port), "{text}");
            assert_eq!(endpoint.credentials(), None);
        }
    }

    #[test]
    fn a_path_is_joined_as_it_is() {
        let path = "/metrics/job@base64/Li4/l/a%2Bb";
        assert_eq!(endpoint("gw:1/p/").join(path), "http://gw:1/p/metrics/job@base64/Li4/l/a%2Bb");
    }

    #[test]
    fn credentials_are_decoded_and_hidden() {
        let gateway = endpoint("https://al%40ice:p%40ss:w@rd@gw:9091/p");
        let credentials = gateway.credentials().unwrap();
        assert_eq!(credentials.user, "al@ice");
        assert_eq!(credentials.password.as_ref().unwrap().expose(), "p@ss:w@rd");
        assert_eq!(gateway.to_string(), "https://gw:9091/p");
        assert!(!format!("{gateway:?}").contains("p@ss"));

        assert_eq!(endpoint("me@gw").credentials().unwrap().password, None);
        assert_eq!(endpoint("me:@gw").credentials().unwrap().password, Some(Secret::new("")));
    }

    #[test]
    fn loopback_is_known() {
        for local in ["localhost", "LocalHost.:1", "a.localhost", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"]
        {
            assert!(endpoint(local).is_loopback(), "{local}");
        }
        for remote in ["gw", "localhost.example", "notlocalhost", "10.0.0.1", "[::]", "[fe80::1]", "0.0.0.0"]
        {
            assert!(!endpoint(remote).is_loopback(), "{remote}");
        }
    }

    #[test]
    fn what_is_no_gateway_is_told() {
        let table = [
            ("", "the URL is empty: is the variable set?"),
            ("ftp://x", "`ftp` can't be spoken to a gateway: the URL starts with http:// or https://"),
            ("\"http://gw:9091\"", "the URL begins with a quote: leave the quotes out"),
            ("'gw:9091'", "the URL begins with a quote: leave the quotes out"),
            ("http://", "the URL names no host: write http://HOST:PORT"),
            ("http:///metrics", "the URL names no host: write http://HOST:PORT"),
            ("://gw", "`` can't be spoken to a gateway: the URL starts with http:// or https://"),
            ("/metrics", "the URL names no host: write http://HOST:PORT"),
            (":9091", "the URL names no host: write http://HOST:PORT"),
            ("http://me:pw@", "the URL names no host: write http://HOST:PORT"),
            ("gw:", "the URL has a colon and no port behind it: is the variable set?"),
            ("gw:0", "`0` is no port: a port is a number from 1 to 65535"),
            ("gw:65536", "`65536` is no port: a port is a number from 1 to 65535"),
            ("gw:+80", "`+80` is no port: a port is a number from 1 to 65535"),
            ("http:gw", "the scheme stands once, and two slashes behind it: write http://HOST:PORT"),
            ("https:/gw:9091", "the scheme stands once, and two slashes behind it: write http://HOST:PORT"),
            ("http://http://gw", "the scheme stands once, and two slashes behind it: write http://HOST:PORT"),
            ("::1", "write the IPv6 address in brackets: [::1]"),
            ("[::1", "`[::1` is no host name or address"),
            ("[::1]9091", "`[::1]9091` is no host name or address"),
            ("[gw]", "`[gw]` is no host name or address"),
            ("g%77", "`g%77` is no host name or address"),
            ("a..b", "`a..b` is no host name or address"),
            ("gw|x", "`gw|x` is no host name or address"),
            ("256.0.0.1", "`256.0.0.1` is no host name or address"),
            (
                "bücher.example",
                "host name `bücher.example` is not ASCII: write its punycode form, which starts with xn--",
            ),
            ("http://gw /x", "the URL has a space in it: write %20 in a path"),
            ("http://gw\r", "the URL has the character U+000D in it"),
            ("http://gw\u{a0}", "the URL has the character U+00A0 in it"),
            (
                "http://gw?x",
                "`?` in the URL ends its path, and the gateway ignores what follows: write %3F in a value",
            ),
            (
                "http://gw/#x",
                "`#` in the URL ends its path, and the gateway ignores what follows: write %23 in a value",
            ),
            ("http:\\\\gw", "the scheme stands once, and two slashes behind it: write http://HOST:PORT"),
            ("http://gw\\x", "the URL has a backslash in it: write `/`, or %5C in a value"),
            ("http://gw/%zz", "the URL has a `%` without two hexadecimal digits: write %25 for a `%`"),
            (
                "http://gw/a//b",
                "the URL's path `/a//b` has an empty, `.` or `..` segment, which gateways redirect",
            ),
            (
                "http://gw/%2e%2E/b",
                "the URL's path `/%2e%2E/b` has an empty, `.` or `..` segment, which gateways redirect",
            ),
            (
                "http://gw/p/metrics/job/x",
                "that is the URL of a group, not of a gateway: give it with --url in place of --gateway, --job and --label",
            ),
            (
                "http://gw/metrics/job%40base64/eA",
                "that is the URL of a group, not of a gateway: give it with --url in place of --gateway, --job and --label",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(told(text), expected, "{text}");
        }
        let long = "a".repeat(64);
        assert_eq!(told(&long), format!("`{long}` is no host name or address"));
    }

    #[test]
    fn no_message_tells_a_password() {
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
            "http://me:hunter2@gw/metrics/job/x",
        ] {
            let error = text.parse::<Endpoint>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}: {error:?}");
        }
    }

    #[test]
    fn a_groups_url_is_split_where_the_group_begins() {
        let table = [
            ("http://gw:9091/metrics/job/x", "http://gw:9091", "/metrics/job/x"),
            ("gw/p/q/metrics/job@base64/eA==/a/1/", "http://gw/p/q", "/metrics/job@base64/eA==/a/1/"),
            ("https://me:pw@gw/metrics/job/x", "https://gw", "/metrics/job/x"),
            ("gw/metrics/gw/metrics/job/x", "http://gw/metrics/gw", "/metrics/job/x"),
            ("gw/metrics/job/x/metrics/job", "http://gw", "/metrics/job/x/metrics/job"),
            ("gw/metrics/metrics/job/x", "http://gw/metrics", "/metrics/job/x"),
            ("gw/metrics/job", "http://gw", "/metrics/job"),
            ("gw/metrics/job//instance/", "http://gw", "/metrics/job//instance/"),
            ("gw/%6detrics/job%40base64/eA", "http://gw", "/%6detrics/job%40base64/eA"),
            ("gw/metrics/job/../l/%2e%2f", "http://gw", "/metrics/job/../l/%2e%2f"),
            ("gw/metrics/job/ü<\"", "http://gw", "/metrics/job/%C3%BC%3C%22"),
        ];
        for (text, gateway, path) in table {
            let url: GroupUrl = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((url.endpoint.to_string().as_str(), url.path.as_str()), (gateway, path), "{text}");
            assert_eq!(url.url(), format!("{gateway}{path}"));
        }
        for text in ["gw", "gw/metrics", "gw/metrics/jobs/x", "gw/job/metrics"] {
            assert_eq!(text.parse::<GroupUrl>(), Err(UrlError::NoGroup), "{text}");
        }
        for text in ["gw//metrics/job/x", "gw/../metrics/job/x"] {
            assert!(matches!(text.parse::<GroupUrl>(), Err(UrlError::OddPath { .. })), "{text}");
        }
        assert_eq!("gw/metrics/job/x?".parse::<GroupUrl>(), Err(UrlError::NotInPath { found: '?' }));
    }

    #[test]
    fn bytes_that_are_not_utf8_reach_the_path() {
        let url = GroupUrl::from_bytes(b"gw/metrics/job/\xc3\xbc\xff/l/\xe2\x82").unwrap();
        assert_eq!(url.path, "/metrics/job/%C3%BC%FF/l/%E2%82");
        let rules = KeyRules { names: Names::Legacy, empty_values: EmptyValues::Allow };
        assert!(matches!(url.key(rules), Err(PathError::NotUtf8 { .. })));
        assert!(GroupUrl::from_bytes(b"g\xff/metrics/job/x").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,20}|(https?://)?[a-z0-9.:@%/\\[\\]?#]{0,20}") {
            if let Ok(endpoint) = text.parse::<Endpoint>() {
                prop_assert!(endpoint.to_string().bytes().all(|b| b.is_ascii_graphic()));
                let bare = Endpoint { credentials: None, ..endpoint };
                // Only a prefix that ends in `/metrics` is not read back: it is taken for the gateway's own path.
                if !bare.prefix.ends_with("/metrics") {
                    prop_assert_eq!(bare.to_string().parse::<Endpoint>(), Ok(bare));
                }
            }
            let _ = GroupUrl::from_bytes(text.as_bytes());
        }

        #[test]
        fn a_keys_url_names_the_key(job in "\\PC{1,10}", value in "\\PC{1,10}") {
            let rules = KeyRules::default();
            let labels = [crate::grouping::Label::new("l", value)];
            let key = GroupingKey::new(job, labels, rules).unwrap();
            let url: GroupUrl = endpoint("http://gw/p").join(&key.path()).parse().unwrap();
            prop_assert_eq!(url.key(rules), Ok(key));
        }
    }
}
