//! A connection whose every read and write ends at one moment, however slowly the other side goes on.
//!
//! A socket's own time limit is for one call: a server that takes or gives a byte now and then would never run into
//! it. So the time that is left is set before each call.

use rustls::{ClientConnection, StreamOwned};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket with a moment at which everything ends.
#[derive(Debug)]
pub(super) struct Timed {
    socket: Socket,
    deadline: Instant,
}

impl Timed {
    pub(super) fn new(socket: Socket, deadline: Instant) -> Self {
        Self { socket, deadline }
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Whether the other side has neither closed nor said anything unasked.
    fn is_quiet(&self) -> bool {
        match &self.socket {
            Socket::Tcp(stream) => {
                let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
                let quiet = peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
                stream.set_nonblocking(false).is_ok() && quiet
            }
            // std can't peek here. A new connection to a local socket costs next to nothing.
            Socket::Unix(_) => false,
        }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    fn retried<T>(&mut self, mut call: impl FnMut(&mut Socket, Duration) -> io::Result<T>) -> io::Result<T> {
        loop {
            let left = self.left()?;
            match call(&mut self.socket, left) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What a socket's time limit is called on Unix.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                result => return result,
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.retried(|socket, left| match socket {
            Socket::Tcp(stream) => stream.set_read_timeout(Some(left)).and_then(|()| stream.read(buffer)),
            Socket::Unix(stream) => stream.set_read_timeout(Some(left)).and_then(|()| stream.read(buffer)),
        })
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.retried(|socket, left| match socket {
            Socket::Tcp(stream) => stream.set_write_timeout(Some(left)).and_then(|()| stream.write(buffer)),
            Socket::Unix(stream) => stream.set_write_timeout(Some(left)).and_then(|()| stream.write(buffer)),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection, plain or secure.
pub(super) enum Wire {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(if self.is_secure() { "Tls" } else { "Plain" }).finish()
    }
}

impl Wire {
    /// Makes a connection secure.
    pub(super) fn secured(mut conn: ClientConnection, mut sock: Timed) -> io::Result<Self> {
        while conn.is_handshaking() {
            let sent = write_pending(&mut conn, &mut sock);
            if conn.is_handshaking() {
                if conn.read_tls(&mut sock)? == 0 {
                    return Err(sent.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()));
                }
                conn.process_new_packets().map_err(|error| {
                    // The server shall know why, if it still listens.
                    let _ = write_pending(&mut conn, &mut sock);
                    io::Error::new(io::ErrorKind::InvalidData, error)
                })?;
            }
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(conn, sock))))
    }

    pub(super) fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        match self {
            Self::Plain(timed) => timed.set_deadline(deadline),
            Self::Tls(stream) => stream.sock.set_deadline(deadline),
        }
    }

    /// Whether another request can be sent on it.
    pub(super) fn is_quiet(&self) -> bool {
        match self {
            Self::Plain(timed) => timed.is_quiet(),
            Self::Tls(stream) => stream.sock.is_quiet(),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.read(buffer),
            Self::Tls(stream) => read_secure(stream, buffer),
        }
    }
}

/// Reads what the server said, whatever became of what was to be sent: a server that refuses a client's certificate
/// says so and closes, and is heard although nothing can be sent to it any more.
fn read_secure(stream: &mut StreamOwned<ClientConnection, Timed>, buffer: &mut [u8]) -> io::Result<usize> {
    let StreamOwned { conn, sock } = stream;
    loop {
        let _ = write_pending(conn, sock);
        match conn.reader().read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // Without TLS's own goodbye the length of the answer has to tell whether it is whole, as without TLS.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            result => return result,
        }
        conn.read_tls(sock)?;
        conn.process_new_packets().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    }
}

fn write_pending(conn: &mut ClientConnection, sock: &mut Timed) -> io::Result<()> {
    while conn.wants_write() {
        if conn.write_tls(sock)? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.write(buffer),
            Self::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(timed) => timed.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
