//! A scripted server for behavior that a real gateway does not show on demand, such as hanging, resetting or answering
//! slowly.
//!
//! A test provides a closure that handles each connection. The server records every request. It fails the test if the
//! closure panics, or if no client connects, because a test of an error proves nothing without a request.
//! [`Server::unused`] instead fails if a client connects.

use super::http::Head;
use super::{Client, TIMEOUT, clock};
use rustix::net::sockopt::set_socket_linger;
use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The request target, in which invalid UTF-8 becomes U+FFFD.
    pub(crate) path: String,
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }
}

/// A function that handles a connection, given its number.
type Handler = Arc<dyn Fn(&mut Connection, usize) + Send + Sync>;

/// A server on a free loopback port.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<Vec<JoinHandle<()>>>>,
    /// Whether the server must be called. If false, it must not be called.
    expects_calls: bool,
}

#[derive(Debug, Default)]
struct Shared {
    stopping: AtomicBool,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    /// Open connections by number, so that `stop` can close them.
    open: Mutex<BTreeMap<usize, TcpStream>>,
}

impl Shared {
    fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<usize, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Runs `handler` on each connection, with its number from 0. When it returns, the connection is closed.
    #[track_caller]
    pub(crate) fn start(handler: impl Fn(&mut Connection, usize) + Send + Sync + 'static) -> Self {
        Self::start_boxed(Arc::new(handler), true)
    }

    /// Starts a server that gives the same response to every request.
    #[track_caller]
    pub(crate) fn answering(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self::start(move |connection, _| {
            while connection.read_request().is_some() {
                connection.answer(status, &[], &body);
            }
        })
    }

    /// Starts a server that serves these bodies by path, and answers 404 for all other paths.
    #[track_caller]
    pub(crate) fn serving(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self::start(move |connection, _| {
            while let Some(request) = connection.read_request() {
                match files.get(&request.path) {
                    Some(body) => connection.answer(200, &[], body),
                    None => connection.answer(404, &[], "404 page not found\n"),
                }
            }
        })
    }

    /// Starts a server that fails the test if a client connects.
    #[track_caller]
    pub(crate) fn unused() -> Self {
        Self::start_boxed(Arc::new(|_: &mut Connection, _| {}), false)
    }

    /// Starts the server. This function is not generic, so that it is compiled only once.
    #[track_caller]
    fn start_boxed(handler: Handler, expects_calls: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared::default());
        let inner = Arc::clone(&shared);
        let now = clock::now();
        let acceptor = thread::spawn(move || {
            let mut handlers = Vec::new();
            for stream in listener.incoming() {
                if inner.stopping.load(Ordering::SeqCst) {
                    break;
                }
                let stream = stream.expect("a connection");
                let number = inner.connections.fetch_add(1, Ordering::SeqCst);
                let mut connection = Connection::new(stream, number, &inner).expect("a socket's settings");
                let handler = Arc::clone(&handler);
                handlers.push(thread::spawn(move || {
                    clock::set_now(now);
                    handler(&mut connection, number);
                }));
            }
            handlers
        });
        Self { address, shared, acceptor: Some(acceptor), expects_calls }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the complete requests, in the order in which they were received.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests().clone()
    }

    /// Returns the number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Returns the only request. Panics unless there was exactly one.
    #[track_caller]
    pub(crate) fn request(&self) -> Request {
        let requests = self.requests();
        let [request] = &requests[..] else { panic!("one request is expected, not {requests:#?}") };
        request.clone()
    }

    /// Returns a client for this server, for tests of the server itself.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Closes all connections and waits for their threads. Returns true if none of them panicked.
    fn stop(&mut self) -> bool {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // `accept` blocks, so connect once to make the acceptor check the flag.
        let _ = TcpStream::connect_timeout(&self.address, TIMEOUT);
        let handlers = self.acceptor.take().map(JoinHandle::join);
        for stream in self.shared.open().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        match handlers {
            Some(Ok(handlers)) => {
                let panics = handlers.into_iter().filter_map(|handler| handler.join().err());
                panics.count() == 0
            }
            Some(Err(_)) => false,
            None => true,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let handlers_succeeded = self.stop();
        if thread::panicking() {
            eprintln!("--- requests to {}:\n{:#?}\n---", self.address, self.shared.requests());
            return;
        }
        assert!(handlers_succeeded, "the server's handler panicked; its message is above");
        let connections = self.connections();
        if self.expects_calls {
            assert!(connections > 0, "the server was never called");
        } else {
            assert!(connections == 0, "the server was called: {:#?}", self.shared.requests());
        }
    }
}

/// The server's side of a connection. Errors when sending are ignored, because the client may already be gone.
#[derive(Debug)]
pub(crate) struct Connection {
    number: usize,
    stream: BufReader<TcpStream>,
    shared: Arc<Shared>,
}

impl Connection {
    fn new(stream: TcpStream, number: usize, shared: &Arc<Shared>) -> io::Result<Self> {
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        shared.open().insert(number, stream.try_clone()?);
        Ok(Self { number, stream: BufReader::new(stream), shared: Arc::clone(shared) })
    }

    /// Reads and records one complete request. Returns `None` if the client has closed the connection.
    pub(crate) fn read_request(&mut self) -> Option<Request> {
        let head = self.read_head()?;
        if head.header("expect").is_some() {
            self.send("HTTP/1.1 100 Continue\r\n\r\n");
        }
        let body = head.read_body(&mut self.stream).ok()?.unwrap_or_default();
        self.record(head, body)
    }

    /// Records a request.
    fn record(&self, head: Head, body: Vec<u8>) -> Option<Request> {
        let first = String::from_utf8_lossy(&head.first).into_owned();
        let (method, rest) = first.split_once(' ')?;
        let path = rest.strip_suffix(" HTTP/1.1")?;
        let request = Request { method: method.into(), path: path.into(), head, body };
        self.shared.requests().push(request.clone());
        Some(request)
    }

    /// Reads, records and answers one request on a different stream, such as TLS on top of the connection. Returns
    /// `None` if the client has closed the connection.
    pub(crate) fn serve_on(
        &self,
        stream: &mut BufReader<impl Read + Write>,
        answer: &[u8],
    ) -> Option<Request> {
        let head = Head::read(stream).ok()??;
        let body = head.read_body(stream).ok()?.unwrap_or_default();
        let request = self.record(head, body);
        stream.get_mut().write_all(answer).ok()?;
        request
    }

    /// Returns the underlying socket.
    pub(crate) fn socket(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    /// Reads only the first line and the headers, and records nothing.
    pub(crate) fn read_head(&mut self) -> Option<Head> {
        Head::read(&mut self.stream).ok()?
    }

    /// Reads this number of bytes and discards them.
    pub(crate) fn read_bytes(&mut self, count: u64) {
        let _ = io::copy(&mut self.stream.by_ref().take(count), &mut io::sink());
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.get_mut().write_all(bytes.as_ref());
    }

    /// Sends a complete response and keeps the connection open.
    pub(crate) fn answer(&mut self, status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let head = format!("HTTP/1.1 {status} Scripted\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
        self.send([head.as_bytes(), body].concat());
    }

    /// Sends one byte at a time, with a pause before each, until the client closes the connection.
    pub(crate) fn drip(&mut self, bytes: impl AsRef<[u8]>, pause: Duration) {
        for byte in bytes.as_ref() {
            thread::sleep(pause);
            if self.stream.get_mut().write_all(&[*byte]).is_err() {
                break;
            }
        }
    }

    /// Sends nothing until the client gives up or the test ends.
    pub(crate) fn hang(&mut self) {
        let _ = io::copy(&mut self.stream, &mut io::sink());
    }

    /// Makes the connection end with a reset instead of an orderly close when the handler returns.
    pub(crate) fn reset(&mut self) {
        set_socket_linger(self.stream.get_ref(), Some(Duration::ZERO)).expect("a socket's setting");
    }
}

impl Drop for Connection {
    /// Drops the second handle too, because a socket is closed only with its last handle.
    fn drop(&mut self) {
        self.shared.open().remove(&self.number);
    }
}
