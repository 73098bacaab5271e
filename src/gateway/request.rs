//! A request as data: what will be sent, before anything is. Pure.
//!
//! The same value goes to the socket, to `--dry-run` and to `--as-curl`, so the three can't differ.

use super::Endpoint;
use std::fmt::Write as _;

/// What every request says of its sender.
pub const USER_AGENT: &str = concat!("pushgw/", env!("CARGO_PKG_VERSION"));

/// The media type of the exposition format. A Pushgateway reads anything but protobuf as text; other servers
/// that speak the protocol look at it.
pub const EXPOSITION_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The methods that a gateway's API has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Look.
    Get,
    /// Replace the group.
    Put,
    /// Replace the metrics of the same name in the group.
    Post,
    /// Remove the group.
    Delete,
}

impl Method {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// One request to a gateway.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// Where the gateway is.
    pub endpoint: &'a Endpoint,
    /// The path behind the endpoint's own, as it goes out: nothing rewrites it any more.
    pub path: String,
    /// The text that is pushed; `None` where the method has no body.
    pub body: Option<&'a [u8]>,
}

impl Request<'_> {
    /// The URL without credentials.
    #[must_use]
    pub fn url(&self) -> String {
        self.endpoint.join(&self.path)
    }

    /// `PUT http://gateway:9091/metrics/job/x`, for messages.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method.as_str(), self.url())
    }

    /// The headers that depend on the request alone, in the order in which they are shown.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let body = self.body.map(|body| {
            [("Content-Type", EXPOSITION_TEXT.to_owned()), ("Content-Length", body.len().to_string())]
        });
        std::iter::once(("User-Agent", USER_AGENT.to_owned())).chain(body.into_iter().flatten())
    }

    /// The request as `--dry-run` prints it: method and URL, headers, a blank line; the body comes behind.
    #[must_use]
    pub fn head(&self) -> String {
        let mut head = format!("{}\n", self.name());
        for (name, value) in self.headers() {
            let _ = writeln!(head, "{name}: {value}");
        }
        head.push('\n');
        head
    }
}
