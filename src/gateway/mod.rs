//! The server: where it is, what it is asked, what it answers.
//!
//! Everything here is pure but the folder `client`, which sends and receives, and `fetch`, which asks through it. The folder
//! `store` knows what a gateway holds.

mod about;
mod client;
mod connection;
pub mod curl;
mod endpoint;
mod fault;
mod fetch;
mod header;
pub mod heal;
mod proxy;
mod request;
mod retry;
pub mod store;

pub use about::About;
pub use client::{Answer, Client, Event, Material, MaterialError};
pub use connection::{Connection, Login, Tls};
pub use endpoint::{Credentials, Endpoint, GroupUrl, Scheme, UrlError};
pub use fault::{Answered, Fault, FaultKind, ROWS, Row, Stage, TlsFault};
pub use fetch::{
    Listener, Snapshot, fetch_contents, fetch_families, fetch_groups, fetch_status, get, unescaped, unread,
};
pub use header::{Header, HeaderError, REDACTED};
pub use proxy::{Proxy, ProxyError, Route, is_exempt};
pub use request::{Body, EXPOSITION_TEXT, Encoding, Method, Request, USER_AGENT};
pub use store::{FamilySize, Group, GroupsError, Kind, Selection, Size, State};
