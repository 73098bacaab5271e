//! Fetches the groups of a Pushgateway, sends requests to it, and checks its responses.
//!
//! `api` and `text` parse the list of [`Group`]s, and `contents` parses the metrics of one group. `conflict`
//! finds grouping keys that break a gateway, `selection` filters groups, and `diff` computes what a push
//! would change. Only `fetch` and `exchange` send requests.

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
