//! The only place that names ureq: a request goes out, an answer or a fault comes back.
//!
//! What ureq is told, and why: follow no redirect (a redirected PUT becomes a GET that answers 200), take no status
//! as an error (the body has the gateway's reason), send the body whole with its length, and give up in time.

use super::Endpoint;
use super::fault::{Answered, Fault, FaultKind};
use super::request::{Method, Request};
use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, Read};
use std::time::Duration;
use ureq::http::header::{HeaderMap, HeaderName};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error, RequestBuilder, Timeout};

/// As much of a refusal is read; the rest would not be shown.
const WORDS_LIMIT: u64 = 64 * 1024;

/// How to reach the gateway.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Where it is.
    pub endpoint: Endpoint,
    /// For the whole exchange.
    pub timeout: Duration,
    /// For the connection alone.
    pub connect_timeout: Duration,
}

/// A way to one gateway; connections are kept between requests.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    timeout: Duration,
}

/// A successful answer (2xx).
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The server's clock, as its `Date` header has it.
    pub date: Option<String>,
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
            .timeout_global(Some(connection.timeout))
            .timeout_connect(Some(connection.connect_timeout.min(connection.timeout)))
            .proxy(None)
            .user_agent(super::request::USER_AGENT)
            .accept("*/*")
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), Names::default());
        Self { agent, timeout: connection.timeout }
    }

    /// Sends `request` and returns the answer where it is a success.
    ///
    /// # Errors
    ///
    /// Everything else, with the request's name.
    pub fn send(&self, request: &Request<'_>) -> Result<Answer, Fault> {
        self.exchange(request).map_err(|kind| Fault { request: request.name(), kind })
    }

    fn exchange(&self, request: &Request<'_>) -> Result<Answer, FaultKind> {
        let url = request.url();
        let body = request.body.unwrap_or_default();
        let answer = match request.method {
            Method::Get => with_headers(self.agent.get(url), request).call(),
            Method::Delete => with_headers(self.agent.delete(url), request).call(),
            Method::Put => with_headers(self.agent.put(url), request).send(body),
            Method::Post => with_headers(self.agent.post(url), request).send(body),
        };
        let (head, mut body) = answer.map_err(|error| self.classify(error))?.into_parts();
        let status = head.status.as_u16();
        if head.status.is_success() {
            return Ok(Answer { status, date: text(&head.headers, ureq::http::header::DATE), body });
        }
        let mut words = Vec::new();
        // What can't be read of a refusal is not worth another message: the status has the verdict.
        let _ = body.as_reader().take(WORDS_LIMIT).read_to_end(&mut words);
        let html =
            text(&head.headers, ureq::http::header::CONTENT_TYPE).is_some_and(|t| t.starts_with("text/html"));
        let location = text(&head.headers, ureq::http::header::LOCATION);
        Err(FaultKind::Status(Answered {
            status,
            location,
            words: String::from_utf8_lossy(&words).into_owned(),
            html,
        }))
    }

    /// The fault behind an error that came while an answer's body was read.
    #[must_use]
    pub fn classify_read(&self, error: io::Error) -> FaultKind {
        match error.downcast::<Error>() {
            Ok(error) => self.classify(error),
            Err(error) => classify_io(&error),
        }
    }

    fn classify(&self, error: Error) -> FaultKind {
        match error {
            Error::HostNotFound => FaultKind::NameLookup,
            Error::Timeout(Timeout::Connect | Timeout::Resolve) => FaultKind::ConnectTimedOut,
            Error::Timeout(_) => FaultKind::TimedOut(self.timeout),
            Error::Io(error) => classify_io(&error),
            Error::Tls(reason) => FaultKind::Tls(reason.to_owned()),
            Error::Rustls(error) => FaultKind::Tls(error.to_string()),
            Error::Protocol(error) => FaultKind::NotHttp(error.to_string()),
            error => FaultKind::Connect(error.to_string()),
        }
    }
}

/// The fault behind an error of the operating system, which names no phase: the kind has to do.
fn classify_io(error: &io::Error) -> FaultKind {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => FaultKind::Closed,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            FaultKind::Broken(plain(error))
        }
        _ => FaultKind::Connect(plain(error)),
    }
}

/// The error's text without the operating system's number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

fn with_headers<B>(mut builder: RequestBuilder<B>, request: &Request<'_>) -> RequestBuilder<B> {
    for (name, value) in request.headers() {
        builder = builder.header(name, value);
    }
    if let Some(credentials) = request.endpoint.credentials() {
        let password = credentials.password.as_ref().map_or("", Secret::expose);
        let pair = STANDARD.encode(format!("{}:{password}", credentials.user));
        builder = builder.header("Authorization", format!("Basic {pair}"));
    }
    builder
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// ureq's own look-up, whose errors are told apart from those of the connection.
#[derive(Debug, Default)]
struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(|error| match error {
            Error::Io(_) => Error::HostNotFound,
            error => error,
        })
    }
}
