//! One HTTP exchange: where to, how, what is sent, and what comes back or went wrong.

mod buffers;
mod certificate;
mod client;
mod connect;
mod connection;
pub mod curl;
mod error;
mod header;
mod proxy;
mod request;
mod retry;
mod stream;
mod tls;
mod url;

pub use client::{Answer, Client, Event};
pub use connection::{Connection, Login, Tls};
pub use error::{Answered, Fault, FaultKind, ROWS, Row, Stage, TlsFault};
pub use header::{Header, HeaderError, REDACTED};
pub use proxy::{Proxy, ProxyError, Route, is_exempt};
pub use request::{Body, EXPOSITION_TEXT, Encoding, Method, Request, USER_AGENT};
pub use tls::{Material, MaterialError};
pub use url::{Credentials, Scheme, Url, UrlError};
