//! The route to a server: direct, through a proxy, or through a Unix socket.
//!
//! Like curl, pushgw sends plain HTTP requests to the proxy with the absolute URL. HTTPS requests use a
//! CONNECT tunnel. Plain HTTP requests with credentials use a tunnel too, so that the proxy does not parse
//! their headers.

use super::header::Header;
use super::url::{Credentials, Scheme, Url, UrlError};
use crate::secret::Secret;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use thiserror::Error;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    Direct,
    /// A proxy that receives requests with an absolute URL.
    Forward(Proxy),
    Tunnel(Proxy),
    Unix(PathBuf),
}

impl Route {
    pub(crate) fn through(proxy: Proxy, endpoint: &Url, has_credentials: bool) -> Self {
        match endpoint.scheme() {
            Scheme::Http if !has_credentials => Self::Forward(proxy),
            Scheme::Http | Scheme::Https => Self::Tunnel(proxy),
        }
    }
}

/// A proxy that is reached over plain HTTP. `Display` writes its URL without the credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy(Url);

impl Proxy {
    pub(crate) fn host(&self) -> &str {
        self.0.host()
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port()
    }

    /// Returns the credentials for the proxy itself, not for the server.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.0.credentials()
    }

    pub(crate) fn authorization(&self) -> Option<Header> {
        let Credentials { user, password } = self.credentials()?;
        let nothing = Secret::new("");
        let header = Header::basic(user, password.as_ref().unwrap_or(&nothing));
        Some(Header::new("Proxy-Authorization", header.value().expose()))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Parses `[http://][USER:PASSWORD@]HOST[:PORT]`.
impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let url: Url = text.parse().map_err(|error| match error {
            UrlError::BadScheme { scheme } => ProxyError::Scheme { scheme },
            error => ProxyError::Url(error),
        })?;
        match url.scheme() {
            Scheme::Https => Err(ProxyError::Scheme { scheme: "https".to_owned() }),
            Scheme::Http if url.path().trim_end_matches('/').is_empty() => Ok(Self(url.with_path(""))),
            Scheme::Http => Err(ProxyError::Path),
        }
    }
}

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProxyError {
    #[error(transparent)]
    Url(UrlError),
    #[error("`{scheme}` proxies are not supported: use http://HOST:PORT")]
    Scheme { scheme: String },
    #[error("a proxy URL cannot have a path: write http://HOST:PORT")]
    Path,
}

/// Returns true if `NO_PROXY` contains this endpoint. Its entries are separated by commas or spaces. An entry
/// is `*` for all hosts, a domain (including its subdomains), an IP address, or a network such as
/// `10.0.0.0/8`. It can end with `:PORT`.
pub(crate) fn is_exempt(no_proxy: &str, endpoint: &Url) -> bool {
    let entries = no_proxy.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
    let host = endpoint.host().trim_end_matches('.').to_ascii_lowercase();
    entries.into_iter().any(|entry| {
        let (name, port) = split_port(entry);
        port.is_none_or(|port| port == endpoint.port()) && matches(name, &host)
    })
}

fn matches(entry: &str, host: &str) -> bool {
    if entry == "*" {
        return true;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        let address = address.to_canonical();
        return match entry.split_once('/') {
            Some((network, bits)) => in_network(address, network, bits),
            None => entry.parse::<IpAddr>().is_ok_and(|entry| entry.to_canonical() == address),
        };
    }
    let domain = entry.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
    host.strip_suffix(&domain)
        .is_some_and(|rest| !domain.is_empty() && (rest.is_empty() || rest.ends_with('.')))
}

/// Splits entries such as `name:8080` and `[::1]:8080`. An IPv6 address without brackets has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    if let Some(rest) = entry.strip_prefix('[')
        && let Some((address, rest)) = rest.split_once(']')
    {
        return (address, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match entry.split_once(':') {
        Some((name, port)) if !port.contains(':') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn in_network(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let same = |a: u128, b: u128, width: u32| bits <= width && (bits == 0 || (a ^ b) >> (width - bits) == 0);
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn endpoint(url: &str) -> Url {
        url.parse().unwrap()
    }

    #[test]
    fn a_proxy_is_a_host_and_a_port() {
        let proxy: Proxy = "http://me:p%40ss@proxy.example:3128/".parse().unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("proxy.example", 3128));
        assert_eq!(proxy.to_string(), "http://proxy.example:3128");
        assert_eq!(proxy.credentials().unwrap().password.as_ref().unwrap().expose(), "p@ss");
        assert_eq!("proxy".parse::<Proxy>().unwrap().port(), 80);
        for (text, expected) in [
            ("socks5://p:1080", "`socks5` proxies are not supported: use http://HOST:PORT"),
            ("https://p", "`https` proxies are not supported: use http://HOST:PORT"),
            ("http://p/x", "a proxy URL cannot have a path: write http://HOST:PORT"),
            ("http://", "the URL has no host: write http://HOST:PORT"),
        ] {
            assert_eq!(text.parse::<Proxy>().unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn credentials_go_through_a_tunnel() {
        let proxy: Proxy = "proxy:3128".parse().unwrap();
        let route = |url, has_credentials| Route::through(proxy.clone(), &endpoint(url), has_credentials);
        assert!(matches!(route("http://gw", false), Route::Forward(_)));
        assert!(matches!(route("http://gw", true), Route::Tunnel(_)));
        assert!(matches!(route("https://gw", false), Route::Tunnel(_)));
    }

    #[test]
    fn no_proxy_lists_names_networks_and_ports() {
        let table = [
            ("", "http://gw.example", false),
            (" , ", "http://gw.example", false),
            ("*", "http://gw.example", true),
            ("gw.example", "http://gw.example:9091", true),
            ("GW.Example.", "http://gw.example", true),
            ("gw.example", "http://gw.EXAMPLE.", true),
            ("example", "http://gw.example", true),
            (".example", "http://gw.example", true),
            (".gw.example", "http://gw.example", true),
            ("*.example", "http://gw.example", true),
            ("w.example", "http://gw.example", false),
            ("gw.example.org", "http://gw.example", false),
            ("other, gw.example other2", "http://gw.example", true),
            ("gw.example:9091", "http://gw.example:9091", true),
            ("gw.example:9092", "http://gw.example:9091", false),
            ("gw.example:443", "https://gw.example", true),
            ("10.1.2.3", "http://10.1.2.3:9091", true),
            ("10.1.2.3:9091", "http://10.1.2.3:9091", true),
            ("0.1.2.3", "http://10.1.2.3", false),
            ("1.2.3", "http://10.1.2.3", false),
            ("10.0.0.0/8", "http://10.1.2.3", true),
            ("10.0.0.0/8", "http://11.1.2.3", false),
            ("0.0.0.0/0", "http://11.1.2.3", true),
            ("10.1.2.3/32", "http://10.1.2.3", true),
            ("10.0.0.0/33", "http://10.1.2.3", false),
            ("10.0.0.0/x", "http://10.1.2.3", false),
            ("fd00::/8", "http://[fd00::1]:9091", true),
            ("fd00::/8", "http://[fe80::1]:9091", false),
            ("fd00::1", "http://[fd00::1]", true),
            ("[fd00::1]:9091", "http://[fd00::1]:9091", true),
            ("[fd00::1]:9092", "http://[fd00::1]:9091", false),
            ("10.0.0.0/8", "http://gw.example", false),
            (".", "http://gw.example", false),
        ];
        for (no_proxy, url, exempt) in table {
            assert_eq!(is_exempt(no_proxy, &endpoint(url)), exempt, "{no_proxy:?} {url}");
        }
    }

    proptest! {
        #[test]
        fn no_entry_causes_a_panic(no_proxy in "[0-9a-f:./,*\\[\\]]{0,40}|\\PC{0,40}") {
            let _ = is_exempt(&no_proxy, &endpoint("http://10.1.2.3"));
            let _ = is_exempt(&no_proxy, &endpoint("http://[fd00::1]"));
            let _ = is_exempt(&no_proxy, &endpoint("http://gw.example"));
            let _ = no_proxy.parse::<Proxy>();
        }
    }
}
