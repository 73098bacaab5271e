//! A connection, with or without TLS, whose reads and writes fail after a deadline.
//!
//! The operating system's socket timeout applies to a single call, so a server that sends a byte now and then
//! would never trigger it. Therefore the timeout is set to the remaining time before each call.

use crate::os::UnixStream;
use rustls::{ClientConnection, StreamOwned};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket whose reads and writes fail after the deadline.
#[derive(Debug)]
pub(super) struct DeadlineStream {
    socket: Socket,
    deadline: Instant,
}

impl DeadlineStream {
    pub(super) fn new(socket: Socket, deadline: Instant) -> Self {
        Self { socket, deadline }
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Returns true if the peer has neither closed the connection nor sent unexpected data.
    fn is_quiet(&self) -> bool {
        match &self.socket {
            Socket::Tcp(stream) => {
                let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
                let quiet = peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
                stream.set_nonblocking(false).is_ok() && quiet
            }
            // std has no peek for Unix sockets, and a new local connection is cheap.
            Socket::Unix(_) => false,
        }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    fn call<T>(
        &mut self,
        mut operation: impl FnMut(&mut Socket, Duration) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let left = self.left()?;
            match operation(&mut self.socket, left) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // On Unix, a socket timeout is reported as WouldBlock.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                result => return result,
            }
        }
    }
}

impl Read for DeadlineStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.call(|socket, left| match socket {
            Socket::Tcp(stream) => stream.set_read_timeout(Some(left)).and_then(|()| stream.read(buffer)),
            Socket::Unix(stream) => stream.set_read_timeout(Some(left)).and_then(|()| stream.read(buffer)),
        })
    }
}

impl Write for DeadlineStream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.call(|socket, left| match socket {
            Socket::Tcp(stream) => stream.set_write_timeout(Some(left)).and_then(|()| stream.write(buffer)),
            Socket::Unix(stream) => stream.set_write_timeout(Some(left)).and_then(|()| stream.write(buffer)),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) enum Stream {
    Plain(DeadlineStream),
    Tls(Box<StreamOwned<ClientConnection, DeadlineStream>>),
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(if self.is_tls() { "Tls" } else { "Plain" }).finish()
    }
}

impl Stream {
    /// Performs the TLS handshake.
    pub(super) fn handshake(mut conn: ClientConnection, mut sock: DeadlineStream) -> io::Result<Self> {
        while conn.is_handshaking() {
            let sent = write_pending(&mut conn, &mut sock);
            if conn.is_handshaking() {
                if conn.read_tls(&mut sock)? == 0 {
                    return Err(sent.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()));
                }
                conn.process_new_packets().map_err(|error| {
                    // Send the TLS alert, which reports the reason to the server.
                    let _ = write_pending(&mut conn, &mut sock);
                    io::Error::new(io::ErrorKind::InvalidData, error)
                })?;
            }
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(conn, sock))))
    }

    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        match self {
            Self::Plain(stream) => stream.set_deadline(deadline),
            Self::Tls(stream) => stream.sock.set_deadline(deadline),
        }
    }

    /// Returns true if the connection can be used for another request.
    pub(super) fn is_quiet(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_quiet(),
            Self::Tls(stream) => stream.sock.is_quiet(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => read_tls_stream(stream, buffer),
        }
    }
}

/// Reads even if writing fails. A server that rejects the client's certificate sends an alert and closes the
/// connection, and the alert must still be read.
fn read_tls_stream(
    stream: &mut StreamOwned<ClientConnection, DeadlineStream>,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let StreamOwned { conn, sock } = stream;
    loop {
        let _ = write_pending(conn, sock);
        match conn.reader().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // Many servers omit close_notify. The length of the response shows whether it is complete.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            result => return result,
        }
        conn.read_tls(sock)?;
        conn.process_new_packets().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    }
}

fn write_pending(conn: &mut ClientConnection, sock: &mut DeadlineStream) -> io::Result<()> {
    while conn.wants_write() {
        if conn.write_tls(sock)? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(buffer),
            Self::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
