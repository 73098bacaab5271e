//! The server: what it is asked, what it answers.
//!
//! Everything here is pure but `look`, which asks through the client of [`crate::http`]. The folder `store` knows what
//! a gateway holds.

mod about;
mod look;
pub mod store;

pub use crate::http::{
    Answer, Answered, Body, Client, Connection, Credentials, EXPOSITION_TEXT, Encoding, Endpoint, Event,
    Fault, FaultKind, GroupUrl, Header, HeaderError, Login, Material, MaterialError, Method, Proxy,
    ProxyError, REDACTED, ROWS, Request, Route, Row, Scheme, Stage, Tls, TlsFault, USER_AGENT, UrlError,
    curl, is_exempt,
};
pub use about::About;
pub use look::{Listener, Store, about, get, look, look_at_families, look_inside, unescaped, unread};
pub use store::{FamilySize, Group, GroupsError, Keep, Kind, Selection, Size, State};
