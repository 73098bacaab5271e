//! An HTTP request. Pure.
//!
//! The same value is used for sending, `--dry-run` and `--as-curl`, so their output can't differ.

use super::header::Header;
use super::url::Url;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;

pub(super) const USER_AGENT: &str = concat!("pushgw/", env!("CARGO_PKG_VERSION"));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Put,
    Post,
    Delete,
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// Compression of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    Identity,
    /// The header value must be in lower case, because Pushgateway 1.5 compares it exactly.
    Gzip,
    /// The block format, without frames.
    Snappy,
}

impl Encoding {
    /// The value of `Content-Encoding`.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Snappy => Some("snappy"),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Body<'a> {
    text: &'a [u8],
    media_type: &'static str,
    sent: Cow<'a, [u8]>,
    encoding: Encoding,
    /// A header that describes the body, besides its type and encoding.
    header: Option<(&'static str, &'static str)>,
}

impl<'a> Body<'a> {
    pub(crate) fn new(text: &'a [u8], media_type: &'static str, encoding: Encoding) -> Self {
        let sent = match encoding {
            Encoding::Identity => Cow::Borrowed(text),
            Encoding::Gzip => Cow::Owned(gzip(text)),
            // Only more than 4 GiB can't be compressed.
            Encoding::Snappy => Cow::Owned(snap::raw::Encoder::new().compress_vec(text).unwrap_or_default()),
        };
        Self { text, media_type, sent, encoding, header: None }
    }

    /// Adds a header that describes the body.
    #[must_use]
    pub(crate) fn with_header(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    pub(crate) fn text(&self) -> &'a [u8] {
        self.text
    }

    pub(crate) fn sent(&self) -> &[u8] {
        &self.sent
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::default());
    // Writing to a vector can't fail.
    let _ = encoder.write_all(text);
    encoder.finish().unwrap_or_default()
}

#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub method: Method,
    pub endpoint: &'a Url,
    /// Appended to the path of the endpoint, and sent as is.
    pub path: String,
    pub body: Option<Body<'a>>,
}

impl Request<'_> {
    /// The URL with its full path, but without credentials or query values.
    pub(crate) fn url(&self) -> String {
        self.endpoint.join(&self.path)
    }

    /// The URL that is sent.
    pub(super) fn sent_url(&self) -> String {
        self.endpoint.sent(&self.path)
    }

    /// The method and URL for messages, such as `PUT http://gw:9091/metrics/job/x`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method.as_str(), self.url())
    }

    /// The headers in the order in which they are shown: first our own, then `added`, which replace those of the same
    /// name. `Host` is not included.
    pub(crate) fn headers(&self, added: &[Header]) -> Vec<Header> {
        let mut headers = vec![Header::new("User-Agent", USER_AGENT), Header::new("Accept", "*/*")];
        if self.method == Method::Get {
            // Some proxies compress the response if this header is missing.
            headers.push(Header::new("Accept-Encoding", "identity"));
        }
        if let Some(body) = &self.body {
            headers.push(Header::new("Content-Type", body.media_type));
            headers.extend(body.encoding.name().map(|name| Header::new("Content-Encoding", name)));
            headers.extend(body.header.map(|(name, value)| Header::new(name, value)));
            headers.push(Header::new("Content-Length", body.sent.len().to_string()));
        }
        headers.retain(|header| !added.iter().any(|added| added.is(header.name())));
        headers.extend_from_slice(added);
        headers
    }

    /// The part that `--dry-run` prints before the body: method and URL, headers, and an empty line.
    pub(crate) fn head(&self, added: &[Header]) -> String {
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
    fn a_gzip_body_decompresses_to_the_text() {
        let text = "a_metric 1\n".repeat(10_000);
        let body = Body::new(text.as_bytes(), "text/plain", Encoding::Gzip);
        assert!(body.sent().len() < text.len() / 50);
        let mut decompressed = String::new();
        flate2::read::GzDecoder::new(body.sent()).read_to_string(&mut decompressed).unwrap();
        assert_eq!(decompressed, text);
    }

    #[test]
    fn an_added_header_replaces_our_own() {
        let endpoint: Url = "http://gw:9091".parse().unwrap();
        let body = Some(Body::new(b"a 1\n", "text/plain", Encoding::Identity));
        let request = Request { method: Method::Put, endpoint: &endpoint, path: "/x".to_owned(), body };
        let added = [Header::new("user-agent", "mine/1"), Header::new("X-Key", "hunter2")];
        assert_eq!(
            request.head(&added),
            "PUT http://gw:9091/x\nAccept: */*\nContent-Type: text/plain\n\
             Content-Length: 4\nuser-agent: mine/1\nX-Key: REDACTED\n\n"
        );
    }
}
