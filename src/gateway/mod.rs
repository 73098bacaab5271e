//! The server: what it is asked, what it answers.
//!
//! Everything here is pure but `look`, which asks through the client of [`crate::http`]. The folder `store` knows what
//! a gateway holds.

pub mod about;
mod exchange;
mod group_url;
pub mod heal;
mod look;
pub mod store;

pub use crate::http::{
    Body, CaCertificates, Client, ClientIdentity, Connection, Credentials, ERROR_CLASSES, Encoding,
    Error as Fault, ErrorClass, ErrorKind as FaultKind, Event, Header, HeaderError, Login, Method, PemError,
    Phase, Proxy, ProxyError, REDACTED, Rejection, Request, Response as Answer, Route, Scheme, Tls, TlsError,
    USER_AGENT, Url as Endpoint, UrlError, curl, is_exempt,
};
pub use exchange::{EXPOSITION_TEXT, send, send_once};
pub use group_url::{GatewayUrlError, GroupUrl, gateway_url};
pub use look::{Listener, Store, get, get_once, look, look_at_families, look_inside, unread};
pub use store::{FamilySize, Group, GroupsError, Keep, Kind, Selection, Size, State};
