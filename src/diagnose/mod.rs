//! What is wrong with a gateway, and the commands that fix it. Pure: requests are made by closures that are handed in.
//!
//! `conflict` and `not_utf8` are about the keys of the groups, `collisions` about their metrics, `scrape` and `prometheus`
//! about what a scrape gets, `scrape_failure` about the groups that make it fail, and `refusal` about a push that the
//! gateway rejected. `commands` writes the commands.

pub mod collisions;
pub mod commands;
mod conflict;
mod not_utf8;
pub mod prometheus;
pub mod refusal;
pub mod scrape;
pub mod scrape_failure;
mod scrape_line;

pub use commands::{delete, push_again};
pub use conflict::conflicts;
pub use not_utf8::not_utf8;

use crate::gateway::Group;
use crate::grouping::LabelSet;
use serde::Serialize;

/// Something that is wrong with a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What is wrong, and in which groups.
    pub message: String,
    /// The groups that cause it; empty if they are not known.
    pub groups: Vec<LabelSet>,
    /// The commands that fix it, to be run one after the other; empty if none is known.
    pub commands: Vec<String>,
}

impl Problem {
    /// A problem whose cause and fix are not known.
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), groups: Vec::new(), commands: Vec::new() }
    }
}

/// `{job="a"}, {job="b"} and 7 others`.
pub fn names(groups: &[&Group]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = groups.iter().take(NAMED).map(|group| group.labels.to_string()).collect();
    match groups.len().saturating_sub(NAMED) {
        0 if named.is_empty() => "no group that is listed".to_owned(),
        0 => named.join(", "),
        1 => format!("{} and 1 other", named.join(", ")),
        more => format!("{} and {more} others", named.join(", ")),
    }
}
