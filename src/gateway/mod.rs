//! The server: what it is asked, what it answers.
//!
//! Everything here is pure but `fetch`, which asks through the client of [`crate::http`]. The folder `store` knows what a
//! gateway holds.

mod about;
mod exchange;
mod fetch;
mod group_url;
pub mod store;

pub use about::About;
pub use exchange::{EXPOSITION_TEXT, send, send_once};
pub use fetch::{
    Listener, Snapshot, fetch_contents, fetch_families, fetch_groups, fetch_status, get, get_once, unescaped,
    unread,
};
pub use group_url::{GatewayUrlError, GroupUrl, gateway_url};
pub use store::{FamilySize, Group, GroupsError, Kind, Selection, Size, State};
