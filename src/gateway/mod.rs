//! A Pushgateway: what it holds, how it is asked, and which responses only it gives.
//!
//! Everything here is pure but `fetch` and `exchange`, which use the client of [`crate::http`]. The folder `store` knows
//! what a gateway holds.

mod about;
mod exchange;
mod fetch;
mod group_url;
pub mod store;

pub use about::About;
pub(crate) use exchange::{EXPOSITION_TEXT, send};
pub use fetch::{
    Listener, Snapshot, fetch_contents, fetch_families, fetch_groups, fetch_status, get, get_once, unescaped,
    unread,
};
pub(crate) use group_url::gateway_url;
pub use group_url::{GatewayUrlError, GroupUrl};
pub use store::{FamilySize, Group, GroupsError, Kind, Selection, Size, State};
