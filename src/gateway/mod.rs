//! The server: what it is asked, what it answers.
//!
//! Everything here is pure but `fetch`, which asks through the client of [`crate::http`]. The folder `store` knows what a
//! gateway holds.

mod about;
mod fetch;
mod group_url;
pub mod store;

pub use crate::http::{
    Answer, Answered, Body, Client, Connection, Credentials, EXPOSITION_TEXT, Encoding, Event, Fault,
    FaultKind, Header, HeaderError, Login, Material, MaterialError, Method, Proxy, ProxyError, REDACTED,
    ROWS, Request, Route, Row, Scheme, Stage, Tls, TlsFault, USER_AGENT, Url as Endpoint, UrlError, curl,
    is_exempt,
};
pub use about::About;
pub use fetch::{
    Listener, Snapshot, fetch_contents, fetch_families, fetch_groups, fetch_status, get, unescaped, unread,
};
pub use group_url::{GatewayUrlError, GroupUrl, gateway_url};
pub use store::{FamilySize, Group, GroupsError, Kind, Selection, Size, State};
