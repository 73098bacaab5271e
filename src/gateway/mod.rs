//! The server: where it is, what it is asked, what it answers.
//!
//! Everything here is pure but `client`, the only place that names ureq, `look`, which asks through it, and what carries
//! it: `connect`, `tls` and `wire`.

pub mod about;
mod certificate;
pub mod clash;
mod client;
pub mod conflict;
mod connect;
mod connection;
pub mod contents;
pub mod curl;
pub mod diff;
mod endpoint;
mod fault;
pub mod groups;
mod header;
pub mod heal;
mod line;
mod look;
mod proxy;
pub mod pushed;
mod request;
mod retry;
mod room;
pub mod scrape;
mod selection;
pub mod text;
mod tls;
mod wire;

pub use client::{Answer, Client, Event};
pub use connection::{Connection, Login, Tls};
pub use endpoint::{Credentials, Endpoint, GroupUrl, Scheme, UrlError};
pub use fault::{Answered, Fault, FaultKind, ROWS, Row, Stage, TlsFault};
pub use groups::{FamilySize, Group, GroupsError, Keep, Kind, Size, State};
pub use header::{Header, HeaderError, REDACTED};
pub use look::{Listener, Store, get, look, look_at_families, look_inside};
pub use proxy::{Proxy, ProxyError, Route, is_exempt};
pub use request::{Body, EXPOSITION_TEXT, Encoding, Method, Request, USER_AGENT};
pub use selection::Selection;
pub use tls::{Material, MaterialError};
