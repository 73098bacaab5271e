//! Runs ureq on our own connections. Only this file and `buffers` use ureq.
//!
//! ureq writes the request and parses the response. These features of ureq are disabled:
//! - redirects, because a redirected PUT would become a GET whose 200 looks like success
//! - errors for non-2xx statuses, because the body contains the server's error message
//! - proxies and DNS lookup, because `connect` implements both
//!
//! Connection errors pass through ureq as an [`ErrorKind`] in [`Error::Other`], which preserves the phase.

use super::buffers::ConnectionBuffers;
use super::connect::{Connector, Deadline};
use super::connection::Connection;
use super::error::{ErrorKind, Phase, header_of};
use super::header::Header;
use super::proxy::Route;
use super::request::{Method, Request};
use super::stream::Stream;
use super::tls;
use crate::os::reason;
use memchr::memmem;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{self, Buffers, ConnectionDetails, NextTimeout, Transport, time};
use ureq::{Error, RequestBuilder, Timeout};

/// Time limit for the response body of a write. Only error responses have one, and the status matters more.
const BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum size of the headers of a response.
const MAX_HEAD: usize = 64 * 1024;
/// Size of the input buffer, which is large enough for the longest headers and part of the body. glibc does not write
/// zeros to memory of this size.
const INPUT_BUFFER: usize = 128 * 1024;
/// Size of the output buffer, which is large enough for a request head with the longest path (60,000 bytes).
const OUTPUT_BUFFER: usize = 128 * 1024;

#[derive(Debug)]
pub(super) struct Agent {
    inner: ureq::Agent,
    connection: Arc<Connection>,
    notes: Notes,
    send_error: SendError,
    generation: Arc<AtomicU32>,
}

/// The error that interrupted sending a request. It is shared with the connection, which ureq owns.
type SendError = Arc<Mutex<Option<String>>>;

/// Maximum number of body bytes to read when looking for an error message or a title.
const MAX_START: u64 = 64 * 1024;

/// A response whose body has not been read yet.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// The status code and reason phrase, such as `200 OK`.
    pub(super) status_line: String,
    pub(super) headers: Vec<(String, String)>,
    body: ureq::Body,
}

impl Response {
    /// Returns the value of a header. The name must be lowercase.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header_of(&self.headers, name)
    }

    /// Returns true if the media type of the body is HTML.
    pub(crate) fn is_html(&self) -> bool {
        let media_type = self.header("content-type").and_then(|value| value.split(';').next());
        let html = ["text/html", "application/xhtml+xml"];
        media_type.is_some_and(|given| html.iter().any(|name| name.eq_ignore_ascii_case(given.trim())))
    }

    /// Reads up to [`MAX_START`] bytes of the body. If reading fails, returns the bytes read so far.
    pub(crate) fn start(&mut self) -> Vec<u8> {
        let mut start = Vec::new();
        let _ = self.body.as_reader().take(MAX_START).read_to_end(&mut start);
        start
    }

    /// Describes the body of a 2xx response if it shows that the request failed: an HTML page or a JSON error.
    pub(crate) fn foreign_body(&mut self) -> Option<&'static str> {
        let body = self.start();
        self.foreign_text(&body)
    }

    /// Like [`Response::foreign_body`], for a body that was already read.
    pub(crate) fn foreign_text(&self, body: &[u8]) -> Option<&'static str> {
        if self.header("content-type").is_none() && body.trim_ascii_start().starts_with(b"<") {
            return Some("an HTML page");
        }
        let json: serde_json::Value = serde_json::from_slice(body).ok()?;
        let has_error =
            ["error", "errors"].iter().any(|name| json.get(name).is_some_and(|value| !value.is_null()));
        (has_error || json["status"] == "error").then_some("a JSON error")
    }

    /// Returns the compression of the body, or `None` if it is not compressed.
    pub(crate) fn encoding(&self) -> Option<&str> {
        self.header("content-encoding").filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))
    }

    pub(crate) fn reader(self) -> impl Read {
        self.body.into_reader()
    }
}

impl Agent {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        let config = ureq::Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_connect(Some(connection.connect_timeout))
            .proxy(None)
            .max_response_header_size(MAX_HEAD)
            .input_buffer_size(INPUT_BUFFER)
            .output_buffer_size(OUTPUT_BUFFER)
            .build();
        let (notes, generation) = (Notes::default(), Arc::new(AtomicU32::new(0)));
        let send_error = SendError::default();
        let connector = AdapterConnector {
            connector: Connector::new(Arc::clone(&connection)),
            timeout: connection.timeout,
            origin: match &connection.route {
                Route::Forward(_) => Some(connection.endpoint.origin()),
                Route::Direct | Route::Tunnel(_) | Route::Unix(_) => None,
            },
            notes: notes.clone(),
            send_error: Arc::clone(&send_error),
            generation: Arc::clone(&generation),
        };
        let inner = ureq::Agent::with_parts(config, connector, NullResolver);
        Self { inner, connection, notes, send_error, generation }
    }

    /// Sends a request once with these headers and returns the response, regardless of its status.
    pub(super) fn call(
        &self,
        request: &Request<'_>,
        headers: &[Header],
        limit: Duration,
    ) -> Result<Response, ErrorKind> {
        let url = request.sent_url();
        *lock(&self.send_error) = None;
        let body = request.body.as_ref().map_or(&[][..], |body| body.sent());
        let result = match request.method {
            Method::Get => prepared(self.inner.get(url), headers, limit, None).call(),
            Method::Delete => prepared(self.inner.delete(url), headers, limit, Some(BODY_TIMEOUT)).call(),
            Method::Put => prepared(self.inner.put(url), headers, limit, Some(BODY_TIMEOUT)).send(body),
            Method::Post => prepared(self.inner.post(url), headers, limit, Some(BODY_TIMEOUT)).send(body),
        };
        let send_error = lock(&self.send_error).take();
        let (head, body) = result.map_err(|error| self.error_kind(error))?.into_parts();
        if let Some(reason) = send_error.filter(|_| head.status.is_success()) {
            // The server responded with success, but closed the connection before it had read the whole
            // request. So it can't have stored the data.
            return Err(ErrorKind::Broken(Phase::Sending, reason));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        Ok(Response {
            status: head.status.as_u16(),
            status_line: head.status.to_string(),
            headers: headers.collect(),
            body,
        })
    }

    /// Removes and returns the notes about connections that were opened since the last call.
    pub(super) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.notes))
    }

    /// Makes the next request use a new connection. A failing server may be about to close the old one, and a
    /// load balancer may route a new one to another server.
    pub(super) fn drop_connections(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Converts an error that occurred while reading the body of a response.
    pub(super) fn body_error(&self, error: io::Error) -> ErrorKind {
        self.error_kind(Error::from(error))
    }

    fn error_kind(&self, error: Error) -> ErrorKind {
        match error {
            Error::Other(other) => match other.downcast::<ErrorKind>() {
                Ok(kind) => *kind,
                Err(other) => ErrorKind::NotHttp(other.to_string()),
            },
            Error::Timeout(Timeout::Connect) => ErrorKind::ConnectTimedOut(self.connection.connect_timeout),
            Error::Timeout(_) => ErrorKind::TimedOut(Phase::Waiting, self.connection.timeout),
            Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => ErrorKind::Incomplete,
            Error::Io(error) => ErrorKind::Broken(Phase::Reading, reason(&error)),
            Error::LargeResponseHeader(..) => {
                ErrorKind::NotHttp(format!("the headers are larger than {} KiB", MAX_HEAD / 1024))
            }
            Error::Protocol(error) => ErrorKind::NotHttp(error.to_string()),
            error => ErrorKind::NotHttp(error.to_string()),
        }
    }
}

fn prepared<B>(
    builder: RequestBuilder<B>,
    headers: &[Header],
    limit: Duration,
    body_timeout: Option<Duration>,
) -> RequestBuilder<B> {
    let builder = builder.config().timeout_global(Some(limit)).timeout_recv_body(body_timeout).build();
    headers
        .iter()
        .fold(builder, |builder, header| builder.header(header.name(), header.value().expose().as_bytes()))
}

/// Lines about the steps of connecting. They are shared with the connector, which ureq owns.
type Notes = Arc<Mutex<Vec<String>>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wrapped(kind: ErrorKind) -> Error {
    Error::Other(Box::new(kind))
}

/// A resolver that returns no addresses. [`Connector`] does the DNS lookup if the route needs one.
#[derive(Debug)]
struct NullResolver;

impl Resolver for NullResolver {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

#[derive(Debug)]
struct AdapterConnector {
    connector: Connector,
    timeout: Duration,
    /// Scheme, host and port, set if requests go to a proxy that needs absolute URLs.
    origin: Option<String>,
    notes: Notes,
    send_error: SendError,
    generation: Arc<AtomicU32>,
}

impl transport::Connector for AdapterConnector {
    type Out = Adapter;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Adapter>, Error> {
        let connect_timeout = details.config.timeouts().connect.unwrap_or(self.timeout);
        let deadline = Deadline {
            at: instant(details.timeout),
            limit: if details.timeout.reason == Timeout::Connect { connect_timeout } else { self.timeout },
        };
        let mut note = |note| lock(&self.notes).push(note);
        let stream = self.connector.open(deadline, &mut note).map_err(wrapped)?;
        let (input, output) = (details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Adapter {
            stream,
            buffers: ConnectionBuffers::new(input, output),
            timeout: self.timeout,
            origin: self.origin.clone(),
            phase: Phase::Handshake,
            send_error: None,
            last_send_error: Arc::clone(&self.send_error),
            generation: Arc::clone(&self.generation),
            own_generation: self.generation.load(Ordering::Relaxed),
        }))
    }
}

fn instant(timeout: NextTimeout) -> Instant {
    let now = Instant::now();
    match timeout.after {
        time::Duration::Exact(after) => now.checked_add(after).unwrap_or(now),
        // This can't occur, because every request has a time limit.
        time::Duration::NotHappening => now,
    }
}

/// Adapts our connection to ureq's transport interface.
///
/// A server may respond and close the connection before it has read the whole request. So a send error is
/// saved, the rest of the request is discarded, and the response is read if there is one.
#[derive(Debug)]
struct Adapter {
    stream: Stream,
    buffers: ConnectionBuffers,
    timeout: Duration,
    origin: Option<String>,
    phase: Phase,
    /// The operating system's error, set if the request could not be sent completely.
    send_error: Option<String>,
    last_send_error: SendError,
    generation: Arc<AtomicU32>,
    own_generation: u32,
}

impl Adapter {
    /// Sends `amount` bytes of the output buffer. A request for a proxy gets an absolute URL.
    fn send(&mut self, amount: usize, starts_request: bool) -> io::Result<()> {
        let output = &self.buffers.output()[..amount];
        if starts_request
            && let Some(origin) = &self.origin
            && let Some(space) = output.iter().position(|byte| *byte == b' ')
        {
            let (method, rest) = output.split_at(space + 1);
            self.stream.write_all(&[method, origin.as_bytes(), rest].concat())?;
        } else {
            self.stream.write_all(output)?;
        }
        self.stream.flush()
    }

    /// Skips interim responses, because ureq rejects a 100 with headers. Returns false if one is incomplete.
    fn skip_interim_responses(&mut self) -> bool {
        while may_be_interim(self.buffers.input()) {
            match head_end(self.buffers.input()) {
                Some(end) => self.buffers.input_consume(end),
                None => return self.buffers.input().len() > MAX_HEAD,
            }
        }
        true
    }

    fn error_kind(&mut self, error: &io::Error) -> ErrorKind {
        if let Some(error) = tls::error_of(error) {
            return ErrorKind::Tls(error);
        }
        match (error.kind(), self.send_error.take()) {
            (io::ErrorKind::TimedOut, _) => ErrorKind::TimedOut(self.phase, self.timeout),
            (_, Some(reason)) => ErrorKind::Broken(Phase::Sending, reason),
            (_, None) => ErrorKind::Broken(self.phase, reason(error)),
        }
    }
}

/// Returns true if the input is, or may become, an interim response: 1xx except 101.
fn may_be_interim(input: &[u8]) -> bool {
    const START: &[u8] = b"HTTP/1.1 1";
    let known = input.len().min(START.len());
    input[..known] == START[..known] && !input[known..].starts_with(b"01")
}

/// Returns the length of the head of a response, including the empty line.
fn head_end(input: &[u8]) -> Option<usize> {
    let end = |mark: &[u8]| memmem::find(input, mark).map(|at| at + mark.len());
    [end(b"\n\r\n"), end(b"\n\n")].into_iter().flatten().min()
}

impl Transport for Adapter {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let starts_request = self.phase != Phase::Sending;
        self.phase = Phase::Sending;
        if self.send_error.is_some() {
            return Ok(());
        }
        self.stream.set_deadline(instant(timeout));
        match self.send(amount, starts_request) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(wrapped(self.error_kind(&error))),
            Err(error) => {
                let reason = reason(&error);
                *lock(&self.last_send_error) = Some(reason.clone());
                self.send_error = Some(reason);
                Ok(())
            }
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if self.phase != Phase::Reading {
            self.phase = Phase::Waiting;
        }
        self.stream.set_deadline(instant(timeout));
        loop {
            let read = self.stream.read(self.buffers.input_append_buf());
            let amount = read.map_err(|error| wrapped(self.error_kind(&error)))?;
            if amount == 0 && self.phase == Phase::Waiting && self.buffers.input().is_empty() {
                return Err(wrapped(match self.send_error.take() {
                    Some(reason) => ErrorKind::Broken(Phase::Sending, reason),
                    None => ErrorKind::Closed,
                }));
            }
            self.buffers.input_appended(amount);
            if amount == 0 || self.phase == Phase::Reading || self.skip_interim_responses() {
                self.phase = Phase::Reading;
                return Ok(amount > 0);
            }
        }
    }

    fn is_open(&mut self) -> bool {
        let is_current = self.generation.load(Ordering::Relaxed) == self.own_generation;
        self.send_error.is_none() && is_current && self.stream.is_quiet()
    }

    fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }
}
