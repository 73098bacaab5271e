//! The only place that names ureq (but for `room`, its buffers): a request goes out, an answer or a fault comes back.
//!
//! What ureq is told, and why: follow no redirect (a redirected PUT becomes a GET that answers 200), take no status
//! as an error (the body has the gateway's reason), send the body whole with its length, and give up in time. Its
//! connections are ours (`connect`, `wire`): so each failure is known with the step at which it happened, and comes
//! through ureq as a value of our own inside [`Error::Other`].

use super::buffers::Room;
use super::connect::{Connector, Limit};
use super::connection::Connection;
use super::error::{Answered, Fault, FaultKind, Stage};
use super::proxy::Route;
use super::request::{Method, Request};
use super::retry::{self, Policy};
use super::stream::Wire;
use super::tls;
use crate::os::reason;
use crate::secret::without_user;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use ureq::http::header::{self, HeaderMap, HeaderName};
use ureq::http::response::Parts;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{self, Buffers, ConnectionDetails, NextTimeout, Transport, time};
use ureq::{Agent, Error, RequestBuilder, Timeout};

/// As much of a refusal is read; the rest would not be shown.
const WORDS_LIMIT: u64 = 64 * 1024;
/// As long a refusal's words are waited for: its status has already said what matters.
const WORDS_PATIENCE: Duration = Duration::from_secs(2);
/// No gateway sends longer headers.
const HEAD_LIMIT: usize = 64 * 1024;
/// The room for an answer: the longest headers and some body.
const INPUT_BUFFER: usize = 2 * HEAD_LIMIT;
/// The room for a request: the longest path that is sent (60,000 bytes) and a host.
const OUTPUT_BUFFER: usize = 128 * 1024;

/// A way to one gateway; connections are kept between requests.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    connection: Connection,
    notes: Notes,
    /// How often a try failed: connections from before are not used again.
    failures: Arc<AtomicU32>,
}

/// What happens while a request is on its way, for those who want to hear of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A try failed, and there will be another.
    Retry {
        /// How many have failed.
        tries: u32,
        /// How the last one did.
        reason: String,
        /// How long until the next.
        wait: Duration,
    },
    /// The gateway has been asked, for the first or another time, and its answer is waited for.
    Waiting {
        /// The gateway, without its secrets.
        gateway: String,
        /// Which try it is, from 1.
        tries: u32,
    },
    /// A line about the exchange. It holds no secret.
    Exchange(String),
}

/// A successful answer (2xx).
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The server's clock, as its `Date` header has it.
    pub date: Option<String>,
    /// What it says its body is.
    pub content_type: Option<String>,
    body: ureq::Body,
}

impl Answer {
    /// The body, as it comes in.
    #[must_use]
    pub fn reader(self) -> impl Read {
        self.body.into_reader()
    }
}

impl Client {
    /// Prepares the way; nothing is sent or looked up yet.
    #[must_use]
    pub fn new(connection: &Connection) -> Self {
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_connect(Some(connection.connect_timeout))
            .proxy(None)
            .max_response_header_size(HEAD_LIMIT)
            .input_buffer_size(INPUT_BUFFER)
            .output_buffer_size(OUTPUT_BUFFER)
            .build();
        let notes = Notes::default();
        let failures = Arc::new(AtomicU32::new(0));
        let connector = Connect {
            connector: Connector::new(connection.clone()),
            timeout: connection.timeout,
            forwarded: match &connection.route {
                Route::Forward(_) => Some(connection.endpoint.origin()),
                Route::Direct | Route::Tunnel(_) | Route::Unix(_) => None,
            },
            notes: notes.clone(),
            failures: Arc::clone(&failures),
        };
        let agent = Agent::with_parts(config, connector, NoNames);
        Self { agent, connection: connection.clone(), notes, failures }
    }

    /// The way.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Sends `request`, again where that can help, and returns the answer where it is a success. The listener hears
    /// what happens meanwhile.
    ///
    /// # Errors
    ///
    /// Everything else, with the request's name.
    pub fn send(&self, request: &Request<'_>, listener: &mut dyn FnMut(Event)) -> Result<Answer, Fault> {
        let Connection { retries, timeout: limit, .. } = self.connection;
        let policy = Policy { retries, limit };
        let start = Instant::now();
        let mut tries = 1;
        loop {
            let left = limit.saturating_sub(start.elapsed()).max(Duration::from_millis(1));
            let exchanged = self.exchange(request, tries, left, listener);
            let kind = match exchanged {
                Ok(answer) => return Ok(answer),
                Err(kind) => kind,
            };
            let random = RandomState::new().hash_one(tries);
            let Some(wait) = policy.next(tries, &kind, start.elapsed(), random) else {
                return Err(Fault { request: request.name(), tries, kind });
            };
            self.failures.fetch_add(1, Ordering::Relaxed);
            listener(Event::Retry { tries, reason: kind.message(), wait });
            thread::sleep(wait);
            tries += 1;
        }
    }

    fn exchange(
        &self,
        request: &Request<'_>,
        tries: u32,
        left: Duration,
        listener: &mut dyn FnMut(Event),
    ) -> Result<Answer, FaultKind> {
        self.sent(request, listener);
        listener(Event::Waiting { gateway: self.connection.endpoint.to_string(), tries });
        let answer = self.call(request, left);
        for note in self.notes.lock().drain(..) {
            listener(Event::Exchange(note));
        }
        let (head, body) = answer.map_err(|error| self.classify(error))?.into_parts();
        self.received(&head, listener);
        let status = head.status.as_u16();
        let content_type = text(&head.headers, header::CONTENT_TYPE);
        let html = content_type.as_ref().is_some_and(|t| t.starts_with("text/html"));
        if !head.status.is_success() {
            return Err(FaultKind::Status(Box::new(self.answered(&head, body, html))));
        }
        match foreign_success(request.method, status, html) {
            Some(what) => Err(FaultKind::NotAPushgateway(what)),
            None => Ok(Answer { status, date: text(&head.headers, header::DATE), content_type, body }),
        }
    }

    fn call(&self, request: &Request<'_>, left: Duration) -> Result<ureq::http::Response<ureq::Body>, Error> {
        let url = request.url();
        match request.method {
            Method::Get => self.prepared(self.agent.get(url), request, left).call(),
            Method::Delete => self.prepared(self.agent.delete(url), request, left).call(),
            Method::Put => self.prepared(self.agent.put(url), request, left).send(body(request)),
            Method::Post => self.prepared(self.agent.post(url), request, left).send(body(request)),
        }
    }

    fn prepared<B>(
        &self,
        builder: RequestBuilder<B>,
        request: &Request<'_>,
        left: Duration,
    ) -> RequestBuilder<B> {
        let patience = (request.method != Method::Get).then_some(WORDS_PATIENCE);
        let mut builder = builder.config().timeout_global(Some(left)).timeout_recv_body(patience).build();
        for header in request.headers(&self.connection.headers) {
            builder = builder.header(header.name(), header.value().expose().as_bytes());
        }
        if let Route::Forward(proxy) = &self.connection.route
            && let Some(header) = proxy.authorization()
        {
            builder = builder.header(header.name(), header.value().expose().as_bytes());
        }
        builder
    }

    fn answered(&self, head: &Parts, body: ureq::Body, html: bool) -> Answered {
        let mut words = Vec::new();
        // What can't be read of a refusal is not worth another message: the status has the verdict.
        let _ = body.into_reader().take(WORDS_LIMIT).read_to_end(&mut words);
        let now = text(&head.headers, header::DATE).and_then(|date| rfc2822::parse(&date).ok());
        let now = now.map_or_else(Timestamp::now, |date| date.timestamp());
        let safe = |text: &str| self.connection.without_secrets(text).into_owned();
        Answered {
            status: head.status.as_u16(),
            location: text(&head.headers, header::LOCATION).map(|location| without_user(&safe(&location))),
            retry_after: text(&head.headers, header::RETRY_AFTER)
                .and_then(|value| retry::retry_after(&value, now)),
            words: safe(&String::from_utf8_lossy(&words)),
            html,
        }
    }

    fn sent(&self, request: &Request<'_>, listener: &mut dyn FnMut(Event)) {
        listener(Event::Exchange(format!("> {}", request.name())));
        for header in request.headers(&self.connection.headers) {
            listener(Event::Exchange(format!("> {}: {}", header.name(), header.shown())));
        }
    }

    fn received(&self, head: &Parts, listener: &mut dyn FnMut(Event)) {
        listener(Event::Exchange(format!("< {}", head.status)));
        for (name, value) in &head.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = match *name {
                header::SET_COOKIE => super::header::REDACTED.to_owned(),
                header::LOCATION => without_user(&self.connection.without_secrets(&value)),
                _ => self.connection.without_secrets(&value).into_owned(),
            };
            listener(Event::Exchange(format!("< {name}: {value}")));
        }
    }

    /// The fault behind an error that came while an answer's body was read.
    #[must_use]
    pub fn classify_read(&self, error: io::Error) -> FaultKind {
        self.classify(Error::from(error))
    }

    fn classify(&self, error: Error) -> FaultKind {
        match error {
            Error::Other(other) => match other.downcast::<Known>() {
                Ok(known) => known.0,
                Err(other) => FaultKind::NotHttp(other.to_string()),
            },
            Error::Timeout(Timeout::Connect) => FaultKind::ConnectTimedOut(self.connection.connect_timeout),
            Error::Timeout(_) => FaultKind::TimedOut(Stage::Waiting, self.connection.timeout),
            Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => FaultKind::CutShort,
            Error::Io(error) => FaultKind::Broken(Stage::Answer, reason(&error)),
            Error::LargeResponseHeader(..) => {
                FaultKind::NotHttp(format!("its headers are longer than {} KiB", HEAD_LIMIT / 1024))
            }
            Error::Protocol(error) => FaultKind::NotHttp(error.to_string()),
            error => FaultKind::NotHttp(error.to_string()),
        }
    }
}

/// What gives away a success that is none: it comes from something else than a gateway, and nothing was done.
///
/// A page of HTML is what asks for a password or lets into a network. To anything but a push, VictoriaMetrics' import
/// path answers 200 or 204 and does nothing (seen on 1.112.0).
fn foreign_success(method: Method, status: u16, html: bool) -> Option<String> {
    const IMPORT: &str = "an import path, such as VictoriaMetrics has, takes pushes, and has no groups";
    match method {
        Method::Delete if status != 202 => Some(format!(
            "it answers {status} to a deletion, where a Pushgateway answers 202; {IMPORT} to delete"
        )),
        Method::Get if status == 204 => Some(format!("it answers 204, and nothing; {IMPORT} to show")),
        Method::Put | Method::Post | Method::Delete if html => {
            Some(format!("it answers {status} with a page of HTML, where a gateway says nothing"))
        }
        Method::Get | Method::Put | Method::Post | Method::Delete => None,
    }
}

fn body<'a>(request: &'a Request<'_>) -> &'a [u8] {
    request.body.as_ref().map_or(&[], |body| body.sent())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// What the connector says of its steps. Shared, because it works inside of ureq.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fault on its way through ureq.
#[derive(Debug)]
struct Known(FaultKind);

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message())
    }
}

impl std::error::Error for Known {}

impl From<Known> for Error {
    fn from(known: Known) -> Self {
        Self::Other(Box::new(known))
    }
}

/// Looks nothing up: the connector does, where the way needs it.
#[derive(Debug)]
struct NoNames;

impl Resolver for NoNames {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Our connections for ureq.
#[derive(Debug)]
struct Connect {
    connector: Connector,
    timeout: Duration,
    /// What goes before the path where a proxy is asked for the whole URL.
    forwarded: Option<String>,
    notes: Notes,
    failures: Arc<AtomicU32>,
}

impl transport::Connector for Connect {
    type Out = Carrier;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Carrier>, Error> {
        let connect_timeout = details.config.timeouts().connect.unwrap_or(self.timeout);
        let limit = Limit {
            deadline: deadline(details.timeout),
            limit: if details.timeout.reason == Timeout::Connect { connect_timeout } else { self.timeout },
        };
        let wire = self.connector.open(limit, &mut |note| self.notes.lock().push(note)).map_err(Known)?;
        Ok(Some(Carrier {
            wire,
            room: Room::new(details.config.input_buffer_size(), details.config.output_buffer_size()),
            timeout: self.timeout,
            forwarded: self.forwarded.clone(),
            state: State::New,
            broken: None,
            failures: Arc::clone(&self.failures),
            failures_before: self.failures.load(Ordering::Relaxed),
        }))
    }
}

fn deadline(timeout: NextTimeout) -> Instant {
    let now = Instant::now();
    match timeout.after {
        time::Duration::Exact(after) => now.checked_add(after).unwrap_or(now),
        // ureq is always given a limit.
        time::Duration::NotHappening => now,
    }
}

/// How far the exchange on a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The next byte to send is a request's first.
    New,
    /// A part of a request was sent.
    Sending,
    /// An answer is awaited.
    Waiting,
    /// A part of an answer was read.
    Reading,
}

/// A connection for ureq, which tells failures by the step at which they happened.
///
/// A server may answer before it has read the whole request, and close: so a failure to send is kept, the rest of the
/// request is dropped, and the answer is read if there is one.
#[derive(Debug)]
struct Carrier {
    wire: Wire,
    room: Room,
    timeout: Duration,
    forwarded: Option<String>,
    state: State,
    broken: Option<String>,
    failures: Arc<AtomicU32>,
    failures_before: u32,
}

impl Carrier {
    fn send(&mut self, amount: usize) -> io::Result<()> {
        let output = &self.room.output()[..amount];
        if self.state == State::New
            && let Some(origin) = &self.forwarded
            && let Some(at) = output.iter().position(|byte| *byte == b' ')
        {
            let (method, rest) = output.split_at(at + 1);
            self.wire.write_all(&[method, origin.as_bytes(), rest].concat())?;
        } else {
            self.wire.write_all(output)?;
        }
        self.wire.flush()
    }

    /// The fault behind an error of the connection.
    fn fault(&mut self, error: &io::Error) -> FaultKind {
        if let Some(fault) = tls::fault(error) {
            return FaultKind::Tls(fault);
        }
        let stage = match self.state {
            State::New | State::Sending => Stage::Sending,
            State::Waiting => Stage::Waiting,
            State::Reading => Stage::Answer,
        };
        match (error.kind(), self.broken.take()) {
            (io::ErrorKind::TimedOut, _) => FaultKind::TimedOut(stage, self.timeout),
            (_, Some(reason)) => FaultKind::Broken(Stage::Sending, reason),
            (_, None) => FaultKind::Broken(stage, reason(error)),
        }
    }
}

impl Transport for Carrier {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.room
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if matches!(self.state, State::Waiting | State::Reading) {
            self.state = State::New;
        }
        if self.broken.is_some() {
            return Ok(());
        }
        self.wire.set_deadline(deadline(timeout));
        let sent = self.send(amount);
        self.state = State::Sending;
        match sent {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Known(self.fault(&error)).into()),
            Err(error) => {
                self.broken = Some(reason(&error));
                Ok(())
            }
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if self.state != State::Reading {
            self.state = State::Waiting;
        }
        self.wire.set_deadline(deadline(timeout));
        let read = self.wire.read(self.room.input_append_buf());
        let amount = read.map_err(|error| Known(self.fault(&error)))?;
        if amount == 0 && self.state == State::Waiting {
            let kind = match self.broken.take() {
                Some(reason) => FaultKind::Broken(Stage::Sending, reason),
                None => FaultKind::Closed,
            };
            return Err(Known(kind).into());
        }
        self.state = State::Reading;
        self.room.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // A server that failed may be about to close, and behind one address there may be several servers.
        let is_of_before = self.failures.load(Ordering::Relaxed) != self.failures_before;
        self.broken.is_none() && !is_of_before && self.wire.is_quiet()
    }

    fn is_tls(&self) -> bool {
        self.wire.is_secure()
    }
}
