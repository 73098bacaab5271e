//! Sends requests, retries temporary failures, and reports events.

use super::agent::{Agent, Response};
use super::connection::Connection;
use super::error::{Error, ErrorKind, Rejection};
use super::header::Header;
use super::page;
use super::proxy::Route;
use super::request::Request;
use super::retry::{self, Policy};
use crate::secret::{REDACTED, without_user};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Sends requests to one server. Connections are reused.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    connection: Arc<Connection>,
}

/// Events reported while a request is in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `tries` attempts have failed, the last one because of `reason`. The request will be sent again after
    /// `wait`. `asked` is true if the server requested this wait.
    Retry { tries: u32, reason: String, wait: Duration, asked: bool },
    /// A request is being sent. `server` is a URL without credentials. `tries` is 1 for the first attempt.
    Waiting { server: String, tries: u32 },
    /// A line about the request or the response, with secrets redacted.
    Exchange(String),
}

impl Client {
    /// Creates a client without connecting.
    pub(crate) fn new(connection: &Connection) -> Self {
        let connection = Arc::new(connection.clone());
        Self { agent: Agent::new(Arc::clone(&connection)), connection }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns a client for one attempt within the remaining time, or `None` if no time is left.
    pub(crate) fn with_time_left(&self, elapsed: Duration) -> Option<Self> {
        let timeout = self.connection.timeout.checked_sub(elapsed).filter(|left| !left.is_zero())?;
        Some(Self::new(&Connection { timeout, retries: 0, ..(*self.connection).clone() }))
    }

    /// Sends a request, retries it after temporary failures, and returns a 2xx response.
    ///
    /// The request must be safe to repeat, because the server may have processed an attempt that failed.
    pub(crate) fn send(
        &self,
        request: &Request<'_>,
        listener: &mut dyn FnMut(Event),
    ) -> Result<Response, Error> {
        self.send_with_retries(request, self.connection.retries, listener)
    }

    /// Sends a request like [`Client::send`], but without retries.
    pub(crate) fn send_once(
        &self,
        request: &Request<'_>,
        listener: &mut dyn FnMut(Event),
    ) -> Result<Response, Error> {
        self.send_with_retries(request, 0, listener)
    }

    fn send_with_retries(
        &self,
        request: &Request<'_>,
        retries: u32,
        listener: &mut dyn FnMut(Event),
    ) -> Result<Response, Error> {
        let limit = self.connection.timeout;
        let policy = Policy { retries, limit };
        let start = Instant::now();
        let mut tries = 1;
        loop {
            let left = limit.saturating_sub(start.elapsed()).max(Duration::from_millis(1));
            let kind = match self.exchange(request, tries, left, listener) {
                Ok(response) => return Ok(response),
                Err(kind) => kind,
            };
            let random = RandomState::new().hash_one(tries);
            let Some(wait) = policy.next(tries, &kind, start.elapsed(), random) else {
                return Err(Error { tries, elapsed: start.elapsed(), ..Error::new(request, kind) });
            };
            self.agent.drop_connections();
            let asked = kind.retry_after() == Some(wait);
            listener(Event::Retry { tries, reason: kind.message(), wait, asked });
            thread::sleep(wait);
            tries += 1;
        }
    }

    /// Returns the error for a response whose body could not be read completely.
    pub(crate) fn body_error(&self, request: &Request<'_>, error: io::Error) -> Error {
        Error::new(request, self.agent.body_error(error))
    }

    /// Returns the title of an HTML page with secrets redacted, or an empty string if it has no title.
    pub(crate) fn page_title(&self, mut response: Response) -> String {
        let page = response.start();
        page::title(&self.connection.without_secrets(&String::from_utf8_lossy(&page)))
    }

    fn exchange(
        &self,
        request: &Request<'_>,
        tries: u32,
        limit: Duration,
        listener: &mut dyn FnMut(Event),
    ) -> Result<Response, ErrorKind> {
        let mut headers = request.headers(&self.connection.headers);
        report_request(request, &headers, listener);
        listener(Event::Waiting { server: self.connection.endpoint.to_string(), tries });
        if let Route::Forward(proxy) = &self.connection.route {
            headers.extend(proxy.authorization());
        }
        let result = self.agent.call(request, &headers, limit);
        for note in self.agent.take_notes() {
            listener(Event::Exchange(note));
        }
        let response = result?;
        self.report_response(&response, listener);
        match response.status {
            200..=299 => Ok(response),
            _ => Err(ErrorKind::Status(Box::new(self.rejection(response)))),
        }
    }

    fn rejection(&self, mut response: Response) -> Rejection {
        // Retry-After may be a date, so compare it with the server's clock if the response has a Date header.
        let now = response.header("date").and_then(|date| rfc2822::parse(date).ok());
        let now = now.map_or_else(Timestamp::now, |date| date.timestamp());
        let retry_after = response.header("retry-after").and_then(|value| retry::retry_after(value, now));
        let without_secrets = |text: &str| self.connection.without_secrets(text).into_owned();
        let location = response.header("location").map(|url| without_user(&without_secrets(url)));
        let (status, html, is_text) = (response.status, response.is_html(), response.encoding().is_none());
        let headers = std::mem::take(&mut response.headers);
        let words = if is_text { response.start() } else { Vec::new() };
        let words = without_secrets(&String::from_utf8_lossy(&words));
        let page = (html || page::is_page(&words)).then(|| page::title(&words));
        let had_credentials = self.connection.headers.iter().any(Header::is_secret);
        Rejection { status, location, retry_after, words, page, had_credentials, headers }
    }

    fn report_response(&self, response: &Response, listener: &mut dyn FnMut(Event)) {
        listener(Event::Exchange(format!("< {}", response.status_line)));
        for (name, value) in &response.headers {
            let value = match name.as_str() {
                "set-cookie" => REDACTED.into(),
                "location" => without_user(&self.connection.without_secrets(value)).into(),
                _ => self.connection.without_secrets(value),
            };
            listener(Event::Exchange(format!("< {name}: {value}")));
        }
    }
}

fn report_request(request: &Request<'_>, headers: &[Header], listener: &mut dyn FnMut(Event)) {
    listener(Event::Exchange(format!("> {}", request.name())));
    for header in headers {
        listener(Event::Exchange(format!("> {}: {}", header.name(), header.shown())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remaining_time_is_for_one_attempt() {
        let client = Client::new(&Connection::direct("http://gw"));
        let left = |elapsed| {
            let client = client.with_time_left(Duration::from_millis(elapsed))?;
            Some((client.connection().timeout.as_millis(), client.connection().retries))
        };
        assert_eq!(
            [left(0), left(29_999), left(30_000), left(31_000)],
            [Some((30_000, 0)), Some((1, 0)), None, None]
        );
    }
}
