//! Sends the requests of a write, detects which protocol version the receiver supports, and reads its receipts.

use super::encode::{self, Encoded};
use super::hint;
use super::receipt::{self, Receipt};
use super::series::Payload;
use super::version::{Version, VersionChoice};
use crate::http::{
    Body, Client, Encoding, Error, ErrorKind, Event, Method, Request, Response, login_hint, page_name,
};
use std::{fmt, thread};

/// The result of a successful write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The version of the last request.
    pub version: Version,
    /// Whether the receiver has confirmed that it stored all samples.
    pub confirmed: bool,
}

impl Written {
    /// Returns a warning if the receiver did not confirm a version 2.0 request, although that version requires it.
    pub fn unconfirmed_warning(self) -> Option<&'static str> {
        (self.version == Version::V2 && !self.confirmed).then_some(
            "not confirmed by the receiver: it may support only version 1.0 and have stored nothing",
        )
    }
}

/// Formats the result, for example as `2.0, confirmed`.
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let confirmed = if self.confirmed { "confirmed" } else { "not confirmed by the receiver" };
        write!(f, "{}, {confirmed}", self.version.as_str())
    }
}

/// The reason why a write failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// A request failed.
    #[error("{0}")]
    Exchange(Box<Error>, Totals),
    /// The receiver reports that it stored fewer samples than were sent.
    #[error("{request}: the receiver stored {stored} of {sent} samples")]
    PartlyStored {
        /// Method and URL.
        request: String,
        stored: usize,
        sent: usize,
        /// The message from the receiver.
        words: String,
        hint: Option<&'static str>,
        totals: Totals,
    },
}

/// Sample counts of a failed write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Samples in the requests before the failed one.
    pub before: usize,
    /// Samples in the requests after the failed one, which were not sent.
    pub after: usize,
    /// Samples in all requests.
    pub all: usize,
}

impl From<Error> for WriteError {
    fn from(error: Error) -> Self {
        Self::Exchange(Box::new(error), Totals::default())
    }
}

/// Sends the requests of one write and remembers which version the receiver supports.
#[derive(Debug)]
pub struct RemoteWriter<'a> {
    client: &'a Client,
    choice: VersionChoice,
    version: Version,
}

/// A receiver's reply to a request.
struct Reply {
    /// Method and URL.
    request: String,
    result: Result<(), Error>,
    receipt: Option<Receipt>,
}

impl<'a> RemoteWriter<'a> {
    pub fn new(client: &'a Client, choice: VersionChoice) -> Self {
        let version = match choice {
            VersionChoice::Auto => Version::V2,
            VersionChoice::Only(version) => version,
        };
        Self { client, choice, version }
    }

    /// Returns the head of the request whose samples start at `start` in the text.
    pub fn head(&self, payload: &Payload<'_>, start: usize) -> String {
        let Encoded { bytes, .. } = encode::encode(payload, start, self.version);
        self.request(&bytes, self.version).head(&self.client.connection().headers)
    }

    /// Sends all samples, in as many requests as needed. The next one is encoded while the current one is sent.
    pub fn send(
        &mut self,
        payload: &Payload<'_>,
        listener: &mut dyn FnMut(Event),
    ) -> Result<Written, WriteError> {
        let mut written = Written { version: self.version, confirmed: true };
        let encode = |start, version| encode::encode(payload, start, version);
        let (mut start, mut number) = (0, 0);
        let mut encoded = encode(start, self.version);
        loop {
            let version = self.version;
            let (one, encoded_ahead) = thread::scope(|scope| {
                let thread = encoded.next.and_then(|next| {
                    thread::Builder::new().spawn_scoped(scope, move || encode(next, version)).ok()
                });
                let one = self.exchange(&encoded, &|| encode(start, Version::V1).bytes, listener);
                (one, thread.and_then(|thread| thread.join().ok()))
            });
            let one = one.map_err(|error| error.in_request(number, &payload.requests()))?;
            written = Written { confirmed: written.confirmed && one.confirmed, ..one };
            let Some(next) = encoded.next else { return Ok(written) };
            (start, number) = (next, number + 1);
            // Without a thread, or if the receiver turned out to support only version 1.0, the request is encoded here.
            let encoded_ahead = encoded_ahead.filter(|_| version == self.version);
            encoded = encoded_ahead.unwrap_or_else(|| encode(start, self.version));
        }
    }

    /// Sends an empty request, which stores nothing.
    pub fn probe(&mut self, listener: &mut dyn FnMut(Event)) -> Result<Written, WriteError> {
        let empty = Encoded { bytes: encode::empty(self.version), samples: 0, next: None };
        self.exchange(&empty, &|| encode::empty(Version::V1), listener)
    }

    /// Sends one request. If the receiver may not support version 2.0, sends `encode_v1()` instead.
    fn exchange(
        &mut self,
        encoded: &Encoded,
        encode_v1: &dyn Fn() -> Vec<u8>,
        listener: &mut dyn FnMut(Event),
    ) -> Result<Written, WriteError> {
        let first = self.post(&encoded.bytes, self.version, listener);
        let is_automatic = self.choice == VersionChoice::Auto && self.version == Version::V2;
        if !is_automatic || !first.may_need_version_1() {
            return first.written(self.version, encoded.samples);
        }
        listener(Event::Exchange(
            "* the receiver did not confirm remote write 2.0, so the request is sent again as 1.0".to_owned(),
        ));
        let second = self.post(&encode_v1(), Version::V1, listener);
        if second.status() == Some(415) {
            // The receiver supports only version 2.0, so its first response is used.
            return first.written(Version::V2, encoded.samples);
        }
        let written = second.written(Version::V1, encoded.samples)?;
        self.version = Version::V1;
        Ok(written)
    }

    fn request<'r>(&'r self, bytes: &'r [u8], version: Version) -> Request<'r> {
        let body = Body::new(bytes, version.media_type(), Encoding::Snappy)
            .with_header("X-Prometheus-Remote-Write-Version", version.header());
        let endpoint = &self.client.connection().endpoint;
        Request { method: Method::Post, endpoint, path: String::new(), body: Some(body) }
    }

    fn post(&self, bytes: &[u8], version: Version, listener: &mut dyn FnMut(Event)) -> Reply {
        let request = self.request(bytes, version);
        match self.client.send(&request, listener) {
            Ok(response) => {
                let receipt = Receipt::read(|name| response.header(name));
                let result = match receipt {
                    Some(_) => Ok(()),
                    None => foreign(self.client, &request, response).map_or(Ok(()), Err),
                };
                Reply { request: request.name(), result, receipt }
            }
            Err(error) => {
                let receipt = match &error.kind {
                    ErrorKind::Status(rejection) => Receipt::read(|name| rejection.header(name)),
                    _ => None,
                };
                let hint =
                    hint::hint(&error.kind, self.choice, version, self.client.connection()).or(error.hint);
                Reply { request: request.name(), result: Err(Error { hint, ..error }), receipt }
            }
        }
    }
}

/// Returns an error if a successful response does not come from a receiver. A receiver responds with an empty body,
/// unlike a page such as `/metrics`.
fn foreign(client: &Client, request: &Request<'_>, mut response: Response) -> Option<Error> {
    let status = response.status;
    let mut hint = hint::PATHS;
    let body = if response.is_html() {
        let title = client.page_title(response);
        hint = login_hint(&title).unwrap_or(hint);
        page_name(&title)
    } else {
        let body = response.start();
        if body.trim_ascii().is_empty() {
            return None;
        }
        response
            .foreign_text(&body)
            .unwrap_or("text, but a remote-write receiver should return an empty response")
            .to_owned()
    };
    let reason = format!("it answered {status} with {body}");
    let kind = ErrorKind::Unexpected { expected: "a remote-write receiver", reason };
    Some(Error { hint: Some(hint.to_owned()), ..Error::new(request, kind) })
}

impl Reply {
    fn status(&self) -> Option<u16> {
        match &self.result {
            Err(Error { kind: ErrorKind::Status(rejection), .. }) => Some(rejection.status),
            _ => None,
        }
    }

    fn may_need_version_1(&self) -> bool {
        self.receipt.is_none()
            && (self.result.is_ok() || self.status().is_some_and(receipt::may_need_version_1))
    }

    /// Returns what was written, or an error if not all samples were stored.
    fn written(self, version: Version, sent: usize) -> Result<Written, WriteError> {
        let Self { request, result, receipt } = self;
        match (result, receipt) {
            (Ok(()), Some(Receipt { stored })) if stored < sent => {
                Err(WriteError::partly_stored(request, (stored, sent), ""))
            }
            (Ok(()), receipt) => Ok(Written { version, confirmed: receipt.is_some() }),
            // If the receiver stored all samples, the error is about something else.
            (Err(error), Some(Receipt { stored })) if stored < sent && !error.kind.is_retried() => {
                let words = error.kind.words().unwrap_or_default();
                Err(WriteError::partly_stored(request, (stored, sent), words))
            }
            (Err(error), _) => Err(error.into()),
        }
    }
}

impl WriteError {
    fn partly_stored(request: String, (stored, sent): (usize, usize), words: &str) -> Self {
        let (hint, words) = (hint::of_samples(words), words.to_owned());
        Self::PartlyStored { request, stored, sent, words, hint, totals: Totals::default() }
    }

    /// Adds which of several requests failed, and the result of the others. `requests` is the number of samples in each.
    fn in_request(mut self, failed: usize, requests: &[usize]) -> Self {
        let (number, of) = (failed + 1, requests.len());
        if of < 2 {
            return self;
        }
        let sum = |requests: &[usize]| requests.iter().sum();
        let others =
            Totals { before: sum(&requests[..failed]), after: sum(&requests[number..]), all: sum(requests) };
        match &mut self {
            Self::Exchange(error, totals) => {
                error.request = format!("{}, request {number} of {of}", error.request).into();
                *totals = others;
            }
            Self::PartlyStored { request, totals, .. } => {
                *request = format!("{request}, request {number} of {of}");
                *totals = others;
            }
        }
        self
    }
}
