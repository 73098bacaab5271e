//! Access to a Pushgateway: fetching its groups, sending requests, and checking the responses.
//!
//! `api` and `text` read the [`Group`]s, `contents` reads the metrics of one group. `conflict` finds keys that break a
//! gateway, `selection` filters groups, and `diff` shows what a push (`pushed`) would change. All of these are pure.
//! Only `fetch` and `exchange` use the client of [`crate::http`].

pub mod api;
pub mod conflict;
pub mod contents;
pub mod diff;
mod exchange;
mod fetch;
mod group;
mod group_url;
mod hint;
mod json_stream;
pub mod pushed;
mod selection;
mod server_status;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use exchange::{EXPOSITION_TEXT, send};
pub use fetch::{
    Listener, Snapshot, fetch_contents, fetch_families, fetch_groups, fetch_status, get, get_once,
    is_prometheus, unescaped, unread,
};
pub use group::{FamilySize, Group, GroupsError, Kind, Size, State};
pub(crate) use group_url::gateway_url;
pub use group_url::{GatewayUrlError, GroupUrl};
pub use selection::Selection;
pub use server_status::ServerStatus;
