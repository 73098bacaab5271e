//! The server: what it is asked, what it answers.
//!
//! Everything here is pure but `look`, which asks through the client of [`crate::http`]. The folder `store` knows what
//! a gateway holds.

pub mod about;
mod group_url;
pub mod heal;
mod look;
pub mod store;

pub use crate::http::{
    Answer, Answered, Body, Client, Connection, Credentials, EXPOSITION_TEXT, Encoding, Event, Fault,
    FaultKind, Header, HeaderError, Login, Material, MaterialError, Method, Proxy, ProxyError, REDACTED,
    ROWS, Request, Route, Row, Scheme, Stage, Tls, TlsFault, USER_AGENT, Url as Endpoint, UrlError, curl,
    is_exempt,
};
pub use group_url::{GatewayUrlError, GroupUrl, gateway_url};
pub use look::{Listener, Store, get, look, look_at_families, look_inside, unread};
pub use store::{FamilySize, Group, GroupsError, Keep, Kind, Selection, Size, State};
