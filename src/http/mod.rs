//! HTTP requests to any server: URLs, connections, retries, and errors.
//!
//! This module does not depend on the type of server. `client` sends requests with retries, `agent` and
//! `buffers` wrap ureq, and `connect` opens connections. The only other files with I/O are `stream` and `tls`.

mod agent;
mod buffers;
mod certificate;
mod client;
mod connect;
mod connection;
pub mod curl_command;
mod error;
mod header;
mod hint;
mod identity;
mod page;
mod proxy;
mod request;
mod retry;
mod stream;
mod tls;
mod url;

pub use agent::Response;
pub use client::{Client, Event};
pub use connection::{Connection, Login, Tls};
pub use error::{ERROR_CLASSES, Error, ErrorClass, ErrorKind, Phase, Rejection, TlsError};
pub use header::{Header, HeaderError, MAX_HEADER};
pub(crate) use hint::{hint, login_hint};
pub use identity::{CaCertificates, ClientIdentity, PemError, PemFile};
pub(crate) use page::page_name;
pub(crate) use proxy::is_exempt;
pub use proxy::{Proxy, ProxyError, Route};
pub use request::{Body, Encoding, Method, Request};
pub use url::{Credentials, MAX_PREFIX, Scheme, Url, UrlError};
