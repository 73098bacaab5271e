//! The server: where it is, what it is asked, what it answers.
//!
//! Everything here is pure but the folder `client`, which sends and receives, and `look`, which asks through it. The folder
//! `store` knows what a gateway holds.

mod about;
mod client;
mod connection;
pub mod curl;
mod endpoint;
mod fault;
mod header;
mod look;
mod proxy;
mod request;
mod retry;
pub mod store;

pub use about::About;
pub use client::{Answer, Client, Event, Material, MaterialError};
pub use connection::{Connection, Login, Tls};
pub use endpoint::{Credentials, Endpoint, GroupUrl, Scheme, UrlError};
pub use fault::{Answered, Fault, FaultKind, ROWS, Row, Stage, TlsFault};
pub use header::{Header, HeaderError, REDACTED};
pub use look::{Listener, Store, about, get, look, look_at_families, look_inside, unescaped, unread};
pub use proxy::{Proxy, ProxyError, Route, is_exempt};
pub use request::{Body, EXPOSITION_TEXT, Encoding, Method, Request, USER_AGENT};
pub use store::{FamilySize, Group, GroupsError, Keep, Kind, Selection, Size, State};
