//! A Pushgateway: what it holds, how it is asked, and which responses only it gives.
//!
//! Everything here is pure but `look` and `exchange`, which use the client of [`crate::http`]. The folder `store` knows
//! what a gateway holds.

pub mod about;
mod exchange;
mod group_url;
pub mod heal;
mod look;
pub mod store;

// The names by which the other rooms still know the parts of `http`.
pub use crate::http::curl;
pub(crate) use crate::http::is_exempt;
pub use crate::http::{
    Body, CaCertificates, Client, ClientIdentity, Connection, Credentials, Encoding, Error as Fault,
    ErrorKind as FaultKind, Event, Header, Login, Method, PemError, Proxy, Request, Response as Answer,
    Route, Scheme, Tls, Url as Endpoint,
};
pub(crate) use exchange::{EXPOSITION_TEXT, send};
pub(crate) use group_url::gateway_url;
pub use group_url::{GatewayUrlError, GroupUrl};
pub use look::{Listener, Store, get, get_once, look, look_at_families, look_inside, unread};
pub use store::{FamilySize, Group, GroupsError, Keep, Kind, Selection, Size, State};
