//! Builds HTTP requests.
//!
//! Sending, `--dry-run` and `--as-curl` all use the same [`Request`], so their headers and body can't differ.

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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    Identity,
    /// The header value must be lowercase, because Pushgateway 1.5 compares it case-sensitively.
    Gzip,
    /// The Snappy block format, without framing.
    Snappy,
}

impl Encoding {
    /// Returns the value of the `Content-Encoding` header.
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
    /// An additional header that describes the body.
    header: Option<(&'static str, &'static str)>,
}

impl<'a> Body<'a> {
    pub(crate) fn new(text: &'a [u8], media_type: &'static str, encoding: Encoding) -> Self {
        let sent = match encoding {
            Encoding::Identity => Cow::Borrowed(text),
            Encoding::Gzip => Cow::Owned(gzip(text)),
            // Compression fails only for more than 4 GiB.
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
    // Writing to a `Vec` can't fail.
    let _ = encoder.write_all(text);
    encoder.finish().unwrap_or_default()
}

#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub method: Method,
    pub endpoint: &'a Url,
    /// The path that is appended to the endpoint's path and sent as is.
    pub path: String,
    pub body: Option<Body<'a>>,
}

impl Request<'_> {
    /// Returns the URL with its full path, but without credentials or query values.
    pub(crate) fn url(&self) -> String {
        self.endpoint.join(&self.path)
    }

    /// Returns the URL that is sent, with the query values.
    pub(super) fn sent_url(&self) -> String {
        self.endpoint.sent(&self.path)
    }

    /// Returns the method and URL for messages, such as `PUT http://gw:9091/metrics/job/x`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method.as_str(), self.url())
    }

    /// Returns the headers in the order in which they are printed: our own, then `added`. An added header
    /// replaces our own header of the same name. `Host` is not included.
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

    /// Returns what `--dry-run` prints before the body: the method and URL, the headers, and an empty line.
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
