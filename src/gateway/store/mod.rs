//! What a gateway holds: its groups, and what they show. Pure.
//!
//! `api` and `metrics` read the [`Group`]s, `contents` the families of one; `conflict` and `collisions` find what breaks a
//! gateway, `selection` what an operator means, and `diff` what a push (`pushed`) would change. The metrics themselves
//! are those of `exposition/model`.

pub mod api;
pub mod collisions;
pub mod conflict;
pub mod contents;
pub mod diff;
mod group;
mod metrics;
pub mod pushed;
mod selection;
#[cfg(test)]
mod tests;

pub use group::{FamilySize, Group, GroupsError, Kind, Size, State};
pub use metrics::from_text;
pub use selection::Selection;
