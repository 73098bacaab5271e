//! A request as data: what will be sent, before anything is. Pure.
//!
//! The same value goes to the socket, to `--dry-run` and to `--as-curl`, so the three can't differ.

use super::header::Header;
use super::url::Url;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;

/// What every request says of its sender.
pub const USER_AGENT: &str = concat!("pushgw/", env!("CARGO_PKG_VERSION"));

/// The media type of the exposition format. A Pushgateway reads anything but protobuf as text; other servers
/// that speak the protocol look at it.
pub const EXPOSITION_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The methods that a gateway's API has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
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

/// How a body is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    #[default]
    Identity,
    /// In gzip, which a Pushgateway reads since 1.5.0, under this lower-case name alone before 1.6.0.
    Gzip,
}

/// The text that is pushed.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    text: &'a [u8],
    sent: Cow<'a, [u8]>,
    encoding: Encoding,
}

impl<'a> Body<'a> {
    /// Packs a text.
    #[must_use]
    pub fn new(text: &'a [u8], encoding: Encoding) -> Self {
        let sent = match encoding {
            Encoding::Identity => Cow::Borrowed(text),
            Encoding::Gzip => Cow::Owned(gzip(text)),
        };
        Self { text, sent, encoding }
    }

    /// The text, for people.
    #[must_use]
    pub fn text(&self) -> &'a [u8] {
        self.text
    }

    /// The bytes, for the socket.
    #[must_use]
    pub fn sent(&self) -> &[u8] {
        &self.sent
    }

    /// How the bytes are packed.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::default());
    // Writing to memory does not fail.
    let _ = packer.write_all(text);
    packer.finish().unwrap_or_default()
}

/// One request to a gateway.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// Where the gateway is.
    pub endpoint: &'a Url,
    /// The path behind the endpoint's own, as it goes out: nothing rewrites it any more.
    pub path: String,
    /// The text that is pushed; `None` where the method has no body.
    pub body: Option<Body<'a>>,
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

    /// All headers but those that say where the request goes, in the order in which they are shown: ours, then those
    /// that the connection adds. One of the user's takes the place of ours of the same name.
    #[must_use]
    pub fn headers(&self, added: &[Header]) -> Vec<Header> {
        let mut headers = vec![Header::new("User-Agent", USER_AGENT), Header::new("Accept", "*/*")];
        if let Some(body) = &self.body {
            headers.push(Header::new("Content-Type", EXPOSITION_TEXT));
            if body.encoding == Encoding::Gzip {
                headers.push(Header::new("Content-Encoding", "gzip"));
            }
            headers.push(Header::new("Content-Length", body.sent.len().to_string()));
        }
        headers.retain(|header| !added.iter().any(|added| added.is(header.name())));
        headers.extend_from_slice(added);
        headers
    }

    /// The request as `--dry-run` prints it: method and URL, headers, a blank line; the body comes behind.
    #[must_use]
    pub fn head(&self, added: &[Header]) -> String {
        let mut head = format!("{}\n", self.name());
        for header in self.headers(added) {
            let _ = writeln!(head, "{}: {}", header.name(), header.shown());
        }
        head.push('\n');
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_packed_body_is_the_text() {
        let text = "a_metric 1\n".repeat(10_000);
        let body = Body::new(text.as_bytes(), Encoding::Gzip);
        assert!(body.sent().len() < text.len() / 50);
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(body.sent()).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
    }

    #[test]
    fn the_user_s_header_takes_the_place_of_ours() {
        let endpoint: Url = "http://gw:9091".parse().unwrap();
        let body = Some(Body::new(b"a 1\n", Encoding::Identity));
        let request = Request { method: Method::Put, endpoint: &endpoint, path: "/x".to_owned(), body };
        let added = [Header::new("user-agent", "mine/1"), Header::new("X-Key", "hunter2")];
        assert_eq!(
            request.head(&added),
            "PUT http://gw:9091/x\nAccept: */*\nContent-Type: text/plain; version=0.0.4; charset=utf-8\n\
             Content-Length: 4\nuser-agent: mine/1\nX-Key: REDACTED\n\n"
        );
    }
}
