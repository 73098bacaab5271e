//! The server: where it is, what it is asked, what it answers.
//!
//! Everything here is pure but `client`, the only place that names ureq, `look`, which asks through it, and what carries
//! it: `connect`, `tls` and `wire`.

mod certificate;
mod client;
pub mod conflict;
mod connect;
mod connection;
pub mod curl;
mod endpoint;
mod fault;
pub mod groups;
mod header;
mod look;
mod proxy;
mod request;
mod retry;
mod tls;
mod wire;

pub use client::{Answer, Client, Event};
pub use connection::{Connection, Tls};
pub use endpoint::{Credentials, Endpoint, GroupUrl, Scheme, UrlError};
pub use fault::{Answered, Fault, FaultKind, ROWS, Row, Stage, TlsFault};
pub use groups::{Group, GroupsError, Size, State};
pub use header::{Header, HeaderError, REDACTED};
pub use look::{Store, look};
pub use proxy::{Proxy, ProxyError, Route, is_exempt};
pub use request::{Body, EXPOSITION_TEXT, Encoding, Method, Request, USER_AGENT};
pub use tls::{Material, MaterialError};
