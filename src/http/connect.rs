//! From a host's name to a connection that a request can be sent on: look-up, connect, proxy, TLS.
//!
//! Each step has its own fault, so that a message can say which one it was; and all of them together have one time
//! limit. Nothing is done that the way at hand doesn't need: an address is not looked up, `localhost` is known, and
//! TLS is not touched for plain HTTP.

use super::connection::Connection;
use super::error::{Answered, FaultKind, Stage, TlsFault};
use super::proxy::{Proxy, Route};
use super::request::USER_AGENT;
use super::stream::{Socket, Timed, Wire};
use super::tls;
use super::url::{Scheme, is_localhost};
use crate::os::reason;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// No answer of a proxy to CONNECT is longer.
const PROXY_HEAD: usize = 16 * 1024;
/// As much of a proxy's words is read.
const PROXY_WORDS: u64 = 2 * 1024;
/// As many addresses of one name are tried.
const ADDRESSES: usize = 8;

/// Opens connections along one way.
#[derive(Debug)]
pub(super) struct Connector {
    connection: Connection,
    tls: OnceLock<Result<Arc<ClientConfig>, TlsFault>>,
}

/// The end of all steps, and the limit that it comes from, for the message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) deadline: Instant,
    pub(super) limit: Duration,
}

impl Limit {
    fn left(self) -> Result<Duration, FaultKind> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(self.fault()) } else { Ok(left) }
    }

    fn fault(self) -> FaultKind {
        FaultKind::ConnectTimedOut(self.limit)
    }
}

impl Connector {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, tls: OnceLock::new() }
    }

    /// Opens a connection; `note` hears of the steps.
    pub(super) fn open(&self, limit: Limit, note: &mut dyn FnMut(String)) -> Result<Wire, FaultKind> {
        let endpoint = &self.connection.endpoint;
        let timed = match &self.connection.route {
            Route::Direct => tcp(endpoint.host(), endpoint.port(), limit, note)?,
            Route::Unix(path) => unix(path, limit, note)?,
            Route::Forward(proxy) => to_proxy(proxy, limit, note)?,
            Route::Tunnel(proxy) => {
                let mut timed = to_proxy(proxy, limit, note)?;
                self.tunnel(proxy, &mut timed, limit, note)?;
                timed
            }
        };
        match endpoint.scheme() {
            Scheme::Http => Ok(Wire::Plain(timed)),
            Scheme::Https => self.secure(timed, limit, note),
        }
    }

    /// Asks the proxy for a tunnel to the gateway.
    fn tunnel(
        &self,
        proxy: &Proxy,
        timed: &mut Timed,
        limit: Limit,
        note: &mut dyn FnMut(String),
    ) -> Result<(), FaultKind> {
        let endpoint = &self.connection.endpoint;
        let target = endpoint.authority_with_port();
        let mut request =
            format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {USER_AGENT}\r\n");
        if let Some(header) = proxy.authorization() {
            let _ = write!(request, "{}: {}\r\n", header.name(), header.value().expose());
        }
        request.push_str("\r\n");
        let through = |kind: FaultKind| FaultKind::Proxy { proxy: proxy.to_string(), kind: Box::new(kind) };
        timed.write_all(request.as_bytes()).map_err(|error| through(step(&error, Stage::Sending, limit)))?;
        let head = proxy_head(timed, limit).map_err(through)?;
        let Some(status) = status(&head) else {
            return Err(through(FaultKind::NotHttp("its first line is no status".to_owned())));
        };
        note(format!("the proxy {proxy} answered {status} to CONNECT {target}"));
        if (200..300).contains(&status) {
            return Ok(());
        }
        let words = proxy_words(timed, &head, limit);
        let words = self.connection.without_secrets(&words).into_owned();
        let html = words.trim_start().starts_with('<');
        let answered = Box::new(Answered { status, words, html, ..Answered::default() });
        Err(FaultKind::ProxyStatus { proxy: proxy.to_string(), answered })
    }

    fn secure(&self, timed: Timed, limit: Limit, note: &mut dyn FnMut(String)) -> Result<Wire, FaultKind> {
        let configuration = self.tls.get_or_init(|| tls::configuration(&self.connection.tls));
        let configuration =
            Arc::clone(configuration.as_ref().map_err(|fault| FaultKind::Tls(fault.clone()))?);
        let other = |reason: String| FaultKind::Tls(TlsFault::Other(reason));
        let name = ServerName::try_from(self.connection.endpoint.host().to_owned());
        let name = name.map_err(|_| other("the host's name can't be in a certificate".to_owned()))?;
        let client = ClientConnection::new(configuration, name).map_err(|error| other(error.to_string()))?;
        let wire = Wire::secured(client, timed).map_err(|error| step(&error, Stage::Handshake, limit))?;
        note("the connection is secure".to_owned());
        Ok(wire)
    }
}

fn to_proxy(proxy: &Proxy, limit: Limit, note: &mut dyn FnMut(String)) -> Result<Timed, FaultKind> {
    tcp(proxy.host(), proxy.port(), limit, note)
        .map_err(|kind| FaultKind::Proxy { proxy: proxy.to_string(), kind: Box::new(kind) })
}

fn unix(path: &Path, limit: Limit, note: &mut dyn FnMut(String)) -> Result<Timed, FaultKind> {
    let wanted = path.to_owned();
    let stream = in_time(limit, move || UnixStream::connect(wanted))?
        .map_err(|error| FaultKind::Connect(format!("{}: {}", path.display(), reason(&error))))?;
    note(format!("connected to {}", path.display()));
    Ok(Timed::new(Socket::Unix(stream), limit.deadline))
}

/// Connects to the first address that answers. One that is silent may take half of the time that is left, so that
/// there is some for the next.
fn tcp(host: &str, port: u16, limit: Limit, note: &mut dyn FnMut(String)) -> Result<Timed, FaultKind> {
    let addresses = addresses(host, port, limit)?;
    let mut reasons = Vec::new();
    for (at, address) in addresses.iter().enumerate() {
        let left = limit.left()?;
        let share = if at + 1 == addresses.len() { left } else { left / 2 };
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                note(format!("connected to {address}"));
                // Head and body are written apart; neither shall wait for the other's acknowledgement.
                let _ = stream.set_nodelay(true);
                return Ok(Timed::new(Socket::Tcp(stream), limit.deadline));
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => reasons.push((address, None)),
            Err(error) => reasons.push((address, Some(reason(&error)))),
        }
    }
    if reasons.iter().all(|(_, reason)| reason.is_none()) {
        return Err(limit.fault());
    }
    let reasons: Vec<String> = reasons
        .into_iter()
        .map(|(address, reason)| format!("{address}: {}", reason.as_deref().unwrap_or("no answer in time")))
        .collect();
    Err(FaultKind::Connect(reasons.join("; ")))
}

fn addresses(host: &str, port: u16, limit: Limit) -> Result<Vec<SocketAddr>, FaultKind> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    if is_localhost(host) {
        let both = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];
        return Ok(both.map(|address| SocketAddr::new(address, port)).to_vec());
    }
    look_up(host.to_owned(), port, limit)
}

fn look_up(host: String, port: u16, limit: Limit) -> Result<Vec<SocketAddr>, FaultKind> {
    let found = in_time(limit, move || {
        (host.as_str(), port).to_socket_addrs().map(|found| found.take(ADDRESSES).collect::<Vec<_>>())
    })?;
    match found {
        Ok(found) if found.is_empty() => Err(FaultKind::NameLookup(String::new())),
        Ok(found) => Ok(found),
        Err(error) => {
            let reason = reason(&error);
            let reason = reason.strip_prefix("failed to lookup address information: ").unwrap_or(&reason);
            Err(FaultKind::NameLookup(reason.to_owned()))
        }
    }
}

/// What `call` comes to, if it does in time. For what has no time limit of its own: the resolver, and a local socket
/// whose server accepts nobody. It is asked in a thread, which is left behind if it takes too long.
fn in_time<T: Send + 'static>(
    limit: Limit,
    call: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<io::Result<T>, FaultKind> {
    let (sender, answer) = mpsc::channel();
    let left = limit.left()?;
    let asked = thread::Builder::new().spawn(move || {
        // Nobody listens any more where the time was up.
        let _ = sender.send(call());
    });
    match asked {
        Ok(_) => answer.recv_timeout(left).map_err(|_| limit.fault()),
        Err(error) => Ok(Err(error)),
    }
}

/// The fault behind an error before the request could be sent.
fn step(error: &io::Error, stage: Stage, limit: Limit) -> FaultKind {
    if let Some(fault) = tls::fault(error) {
        return FaultKind::Tls(fault);
    }
    match error.kind() {
        io::ErrorKind::TimedOut => limit.fault(),
        io::ErrorKind::UnexpectedEof => FaultKind::Broken(stage, "closed by the other side".to_owned()),
        _ => FaultKind::Broken(stage, reason(error)),
    }
}

/// A proxy's answer up to its empty line, byte by byte: what follows belongs to the tunnel.
fn proxy_head(timed: &mut Timed, limit: Limit) -> Result<Vec<u8>, FaultKind> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        match timed.read(&mut byte) {
            Ok(0) if head.is_empty() => return Err(FaultKind::Closed),
            Ok(0) => return Err(FaultKind::CutShort),
            Ok(_) => head.extend_from_slice(&byte),
            Err(error) => return Err(step(&error, Stage::Waiting, limit)),
        }
        if head.len() > PROXY_HEAD {
            return Err(FaultKind::NotHttp("its headers don't end".to_owned()));
        }
    }
    Ok(head)
}

fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\n').next()?).ok()?;
    line.strip_prefix("HTTP/1.")?.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// What a proxy says of its refusal, if it says how long that is. Not worth a wait of more than a second.
fn proxy_words(timed: &mut Timed, head: &[u8], limit: Limit) -> String {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<u64>().ok());
    let mut words = Vec::new();
    timed.set_deadline(limit.deadline.min(Instant::now() + Duration::from_secs(1)));
    let _ = timed.take(length.unwrap_or(0).min(PROXY_WORDS)).read_to_end(&mut words);
    String::from_utf8_lossy(&words).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit() -> Limit {
        Limit { deadline: Instant::now() + Duration::from_secs(60), limit: Duration::from_secs(60) }
    }

    #[test]
    fn addresses_and_localhost_need_no_look_up() {
        let told = |host: &str| {
            let found = addresses(host, 9091, limit()).unwrap();
            found.iter().map(SocketAddr::to_string).collect::<Vec<_>>()
        };
        assert_eq!(told("10.1.2.3"), ["10.1.2.3:9091"]);
        assert_eq!(told("fd00::1"), ["[fd00::1]:9091"]);
        for host in ["localhost", "LOCALHOST.", "gw.localhost"] {
            assert_eq!(told(host), ["[::1]:9091", "127.0.0.1:9091"]);
        }
    }

    #[test]
    fn a_status_is_read_out_of_a_head() {
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
