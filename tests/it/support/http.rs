//! A minimal HTTP/1.1 client and server on plain sockets. Tests must control and see the exact bytes, whereas a library
//! could normalize a path, follow a redirect, retry, or add a header.

use super::TIMEOUT;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The first line and the headers of a request or response.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// The first line, byte for byte, without its line end.
    pub(crate) first: Vec<u8>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    /// Returns the value of the first header with this name, ignoring case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Reads up to the empty line. Returns `None` if the peer closed the connection before the first byte.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(first) = line(from)? else { return Ok(None) };
        let mut headers = Vec::new();
        loop {
            let line = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                return Ok(Some(Self { first, headers }));
            }
            let line = String::from_utf8_lossy(&line);
            let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    /// Reads the body if the headers announce one.
    pub(crate) fn read_body(&self, from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
        let mut body = Vec::new();
        if self.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            loop {
                let size = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
                let size =
                    std::str::from_utf8(&size).ok().and_then(|size| u64::from_str_radix(size, 16).ok());
                let size = size.ok_or(io::ErrorKind::InvalidData)?;
                read_exactly(from, size, &mut body)?;
                line(from)?;
                if size == 0 {
                    return Ok(Some(body));
                }
            }
        }
        let Some(length) = self.header("content-length") else { return Ok(None) };
        let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        read_exactly(from, length, &mut body)?;
        Ok(Some(body))
    }
}

fn line(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

fn read_exactly(from: &mut impl BufRead, length: u64, into: &mut Vec<u8>) -> io::Result<()> {
    let read = from.take(length).read_to_end(into)?;
    if u64::try_from(read) == Ok(length) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// A server's response.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Returns the body as text, in which invalid UTF-8 becomes U+FFFD.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A client for one server, with one connection that is kept alive.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Sends one request with exactly these bytes as its path, and reads the response.
    ///
    /// If the server has closed the idle connection, the request is retried once on a new one. If the server closes the
    /// connection without a response, as Pushgateway 1.11.0 does when it rejects a push, the error is `UnexpectedEof`.
    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &[u8],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Response> {
        let request = self.bytes(method, path, headers, body);
        let reused = self.connection.is_some();
        match self.exchange(method, &request) {
            Err(error) if reused && is_hang_up(&error) => self.exchange(method, &request),
            result => result,
        }
    }

    fn bytes(&self, method: &str, path: &[u8], headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let mut request = [method.as_bytes(), b" ", path, b" HTTP/1.1\r\n"].concat();
        let mut header = |name: &str, value: &str| request.extend(format!("{name}: {value}\r\n").bytes());
        header("Host", &self.address.to_string());
        header("Content-Length", &body.len().to_string());
        for (name, value) in headers {
            header(name, value);
        }
        request.extend(b"\r\n");
        request.extend(body);
        request
    }

    /// Takes the connection and puts it back only if it can be reused.
    fn exchange(&mut self, method: &str, request: &[u8]) -> io::Result<Response> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => BufReader::new(connect(self.address)?),
        };
        connection.get_mut().write_all(request)?;
        let head = Head::read(&mut connection)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = status(&head.first).ok_or(io::ErrorKind::InvalidData)?;
        let close = head.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let body = if method == "HEAD" || status == 204 || status == 304 {
            Vec::new()
        } else if let Some(body) = head.read_body(&mut connection)? {
            body
        } else {
            let mut body = Vec::new();
            connection.read_to_end(&mut body)?;
            return Ok(Response { status, head, body });
        };
        if !close {
            self.connection = Some(connection);
        }
        Ok(Response { status, head, body })
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn status(first: &[u8]) -> Option<u16> {
    std::str::from_utf8(first).ok()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}
