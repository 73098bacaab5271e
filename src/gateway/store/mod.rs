//! What a gateway holds: its groups, read from its answers, and what can be told of them. Pure.
//!
//! `api` and `metrics` read the [`Group`]s, `contents` the families of one, `scrape` what Prometheus would; `conflict` and
//! `collisions` find what breaks a gateway, `selection` what an operator means, and `diff` what a push (`pushed`) would change.
//! `text` writes a group as it can be pushed again, and `line` takes a line of any text apart.

pub mod api;
pub mod collisions;
pub mod conflict;
pub mod contents;
pub mod diff;
mod group;
mod line;
mod metrics;
pub mod pushed;
pub mod scrape;
mod selection;
#[cfg(test)]
mod tests;
pub mod text;

pub use group::{FamilySize, Group, GroupsError, Kind, Size, State};
pub use metrics::from_text;
pub use selection::Selection;
