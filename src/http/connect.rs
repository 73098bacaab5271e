//! Opens connections: DNS lookup, TCP or Unix socket, proxy, and TLS.
//!
//! Each step has its own error, and all steps share one deadline. Unneeded steps are skipped: an IP address
//! needs no DNS lookup, and plain HTTP needs no TLS configuration.

use super::connection::Connection;
use super::error::{ErrorKind, Phase, Rejection, TlsError};
use super::page;
use super::proxy::{Proxy, Route};
use super::request::USER_AGENT;
use super::stream::{DeadlineStream, Socket, Stream};
use super::tls;
use super::url::{Scheme, is_localhost};
use crate::os::{UnixStream, reason};
use crate::secret::without_user;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// Maximum size of the head of a proxy's response to CONNECT.
const MAX_PROXY_HEAD: usize = 16 * 1024;
/// Maximum number of bytes read from the body of a proxy's error response.
const MAX_PROXY_WORDS: u64 = 2 * 1024;
/// Time limit for the body of a proxy's error response.
const PROXY_WORDS_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum number of addresses to try for a host name.
const MAX_ADDRESSES: usize = 8;

/// Opens connections to the configured server over the configured route.
#[derive(Debug)]
pub(super) struct Connector {
    connection: Arc<Connection>,
    /// The TLS configuration, created for the first TLS connection because that reads the system's CAs.
    tls: OnceLock<Result<Arc<ClientConfig>, TlsError>>,
}

/// The deadline for connecting, and the time limit to show in messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    pub(super) at: Instant,
    pub(super) limit: Duration,
}

impl Deadline {
    fn left(self) -> Result<Duration, ErrorKind> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(self.error()) } else { Ok(left) }
    }

    fn error(self) -> ErrorKind {
        ErrorKind::ConnectTimedOut(self.limit)
    }
}

impl Connector {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self { connection, tls: OnceLock::new() }
    }

    /// Opens a connection and calls `note` with a line about each step.
    pub(super) fn open(&self, deadline: Deadline, note: &mut dyn FnMut(String)) -> Result<Stream, ErrorKind> {
        let endpoint = &self.connection.endpoint;
        let stream = match &self.connection.route {
            Route::Direct => tcp(endpoint.host(), endpoint.port(), deadline, note)?,
            Route::Unix(path) => unix(path, deadline, note)?,
            Route::Forward(proxy) => to_proxy(proxy, deadline, note)?,
            Route::Tunnel(proxy) => {
                let mut stream = to_proxy(proxy, deadline, note)?;
                self.open_tunnel(proxy, &mut stream, deadline, note)?;
                stream
            }
        };
        match endpoint.scheme() {
            Scheme::Http => Ok(Stream::Plain(stream)),
            Scheme::Https => self.handshake(stream, deadline, note),
        }
    }

    /// Asks the proxy to open a tunnel to the server.
    fn open_tunnel(
        &self,
        proxy: &Proxy,
        stream: &mut DeadlineStream,
        deadline: Deadline,
        note: &mut dyn FnMut(String),
    ) -> Result<(), ErrorKind> {
        let target = self.connection.endpoint.authority_with_port();
        let mut request =
            format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {USER_AGENT}\r\n");
        if let Some(header) = proxy.authorization() {
            let _ = write!(request, "{}: {}\r\n", header.name(), header.value().expose());
        }
        request.push_str("\r\n");
        let proxy_error = |kind| ErrorKind::Proxy { proxy: proxy.to_string(), kind: Box::new(kind) };
        stream
            .write_all(request.as_bytes())
            .map_err(|error| proxy_error(io_error(&error, Phase::Sending, deadline)))?;
        let head = read_proxy_head(stream, deadline).map_err(proxy_error)?;
        let Some(status) = status(&head) else {
            return Err(proxy_error(ErrorKind::NotHttp("the first line is not a status line".to_owned())));
        };
        note(format!("the proxy {proxy} answered {status} to CONNECT {target}"));
        if (200..300).contains(&status) {
            return Ok(());
        }
        let words = read_proxy_words(stream, &head, deadline);
        let words = self.connection.without_secrets(&words).into_owned();
        let page = page::is_page(&words).then(|| page::title(&words));
        let rejection = Box::new(Rejection { status, words, page, ..Rejection::default() });
        Err(ErrorKind::ProxyStatus { proxy: proxy.to_string(), rejection })
    }

    fn handshake(
        &self,
        stream: DeadlineStream,
        deadline: Deadline,
        note: &mut dyn FnMut(String),
    ) -> Result<Stream, ErrorKind> {
        let configuration = self.tls.get_or_init(|| tls::configuration(&self.connection.tls));
        let configuration =
            Arc::clone(configuration.as_ref().map_err(|error| ErrorKind::Tls(error.clone()))?);
        let other = |reason: String| ErrorKind::Tls(TlsError::Other(reason));
        let name = ServerName::try_from(self.connection.endpoint.host().to_owned())
            .map_err(|_| other("a certificate cannot contain this host name".to_owned()))?;
        let client = ClientConnection::new(configuration, name).map_err(|error| other(error.to_string()))?;
        let stream = Stream::handshake(client, stream)
            .map_err(|error| io_error(&error, Phase::Handshake, deadline))?;
        note("TLS handshake finished".to_owned());
        Ok(stream)
    }
}

fn to_proxy(
    proxy: &Proxy,
    deadline: Deadline,
    note: &mut dyn FnMut(String),
) -> Result<DeadlineStream, ErrorKind> {
    tcp(proxy.host(), proxy.port(), deadline, note)
        .map_err(|kind| ErrorKind::Proxy { proxy: proxy.to_string(), kind: Box::new(kind) })
}

fn unix(path: &Path, deadline: Deadline, note: &mut dyn FnMut(String)) -> Result<DeadlineStream, ErrorKind> {
    let owned = path.to_owned();
    let stream = with_deadline(deadline, move || UnixStream::connect(owned))?.map_err(|error| {
        let path = without_user(&path.to_string_lossy());
        ErrorKind::Connect(format!("{path}: {}", reason(&error)))
    })?;
    note(format!("connected to {}", path.display()));
    Ok(DeadlineStream::new(Socket::Unix(stream), deadline.at))
}

/// Connects to the first address that accepts the connection. Each address except the last gets half of the
/// remaining time, so that an address that does not respond leaves time for the others.
fn tcp(
    host: &str,
    port: u16,
    deadline: Deadline,
    note: &mut dyn FnMut(String),
) -> Result<DeadlineStream, ErrorKind> {
    let addresses = addresses(host, port, deadline)?;
    let mut reasons = Vec::new();
    for (at, address) in addresses.iter().enumerate() {
        let left = deadline.left()?;
        let share = if at + 1 == addresses.len() { left } else { left / 2 };
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                note(format!("connected to {address}"));
                // The head and the body are written separately. With Nagle's algorithm, the body would wait
                // for an ACK.
                let _ = stream.set_nodelay(true);
                return Ok(DeadlineStream::new(Socket::Tcp(stream), deadline.at));
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => reasons.push((address, None)),
            Err(error) => reasons.push((address, Some(reason(&error)))),
        }
    }
    if reasons.iter().all(|(_, reason)| reason.is_none()) {
        return Err(deadline.error());
    }
    let reasons: Vec<String> = reasons
        .into_iter()
        .map(|(address, reason)| format!("{address}: {}", reason.as_deref().unwrap_or("timed out")))
        .collect();
    Err(ErrorKind::Connect(reasons.join("; ")))
}

fn addresses(host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>, ErrorKind> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    if is_localhost(host) {
        let both = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];
        return Ok(both.map(|address| SocketAddr::new(address, port)).to_vec());
    }
    lookup(host.to_owned(), port, deadline)
}

fn lookup(host: String, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>, ErrorKind> {
    let found = with_deadline(deadline, move || {
        (host.as_str(), port).to_socket_addrs().map(|found| found.take(MAX_ADDRESSES).collect::<Vec<_>>())
    })?;
    match found {
        Ok(found) if found.is_empty() => Err(ErrorKind::Dns("the host name has no address".to_owned())),
        Ok(found) => Ok(found),
        Err(error) => {
            let reason = reason(&error);
            let reason = reason.strip_prefix("failed to lookup address information: ").unwrap_or(&reason);
            Err(ErrorKind::Dns(reason.to_owned()))
        }
    }
}

/// Runs a call that can't be given a timeout: a DNS lookup, or connecting to a Unix socket. The call runs in
/// a thread that is abandoned at the deadline.
fn with_deadline<T: Send + 'static>(
    deadline: Deadline,
    call: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<io::Result<T>, ErrorKind> {
    let (sender, result) = mpsc::channel();
    let left = deadline.left()?;
    let spawned = thread::Builder::new().spawn(move || {
        // This fails if the deadline has passed, because the receiver is gone.
        let _ = sender.send(call());
    });
    match spawned {
        Ok(_) => result.recv_timeout(left).map_err(|_| deadline.error()),
        Err(error) => Ok(Err(error)),
    }
}

/// Converts an I/O error that occurred before the request was sent.
fn io_error(error: &io::Error, phase: Phase, deadline: Deadline) -> ErrorKind {
    if let Some(error) = tls::error_of(error) {
        return ErrorKind::Tls(error);
    }
    match error.kind() {
        io::ErrorKind::TimedOut => deadline.error(),
        io::ErrorKind::UnexpectedEof => ErrorKind::Broken(phase, "closed by the peer".to_owned()),
        _ => ErrorKind::Broken(phase, reason(error)),
    }
}

/// Reads the head of a proxy's response, including the empty line. It reads one byte at a time, because the
/// bytes after the head are tunneled data.
fn read_proxy_head(stream: &mut DeadlineStream, deadline: Deadline) -> Result<Vec<u8>, ErrorKind> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        match stream.read(&mut byte) {
            Ok(0) if head.is_empty() => return Err(ErrorKind::Closed),
            Ok(0) => return Err(ErrorKind::Incomplete),
            Ok(_) => head.extend_from_slice(&byte),
            Err(error) => return Err(io_error(&error, Phase::Waiting, deadline)),
        }
        if head.len() > MAX_PROXY_HEAD {
            return Err(ErrorKind::NotHttp(format!(
                "the headers are larger than {} KiB",
                MAX_PROXY_HEAD / 1024
            )));
        }
    }
    Ok(head)
}

fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\n').next()?).ok()?;
    line.strip_prefix("HTTP/1.")?.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Reads the start of a proxy's error response. Returns an empty string without a Content-Length.
fn read_proxy_words(stream: &mut DeadlineStream, head: &[u8], deadline: Deadline) -> String {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<u64>().ok());
    let mut words = Vec::new();
    stream.set_deadline(deadline.at.min(Instant::now() + PROXY_WORDS_TIMEOUT));
    // Ignore read errors, because the status is more important than the body.
    let _ = stream.take(length.unwrap_or(0).min(MAX_PROXY_WORDS)).read_to_end(&mut words);
    String::from_utf8_lossy(&words).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline() -> Deadline {
        Deadline { at: Instant::now() + Duration::from_secs(60), limit: Duration::from_secs(60) }
    }

    #[test]
    fn addresses_and_localhost_need_no_lookup() {
        let found = |host: &str| {
            let found = addresses(host, 9091, deadline()).unwrap();
            found.iter().map(SocketAddr::to_string).collect::<Vec<_>>()
        };
        assert_eq!(found("10.1.2.3"), ["10.1.2.3:9091"]);
        assert_eq!(found("fd00::1"), ["[fd00::1]:9091"]);
        for host in ["localhost", "LOCALHOST.", "gw.localhost"] {
            assert_eq!(found(host), ["[::1]:9091", "127.0.0.1:9091"]);
        }
    }

    #[test]
    fn the_status_is_read_from_the_first_line() {
        for (head, found) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", Some(200)),
            ("HTTP/1.0 407\r\n\r\n", Some(407)),
            ("SSH-2.0-OpenSSH\r\n", None),
            ("HTTP/1.1 abc\r\n", None),
            ("", None),
        ] {
            assert_eq!(status(head.as_bytes()), found, "{head:?}");
        }
    }
}
