//! Finds problems with a gateway and the commands that fix them. Callers pass closures to send requests.
//!
//! `conflict` and `not_utf8` check the grouping keys, and `collisions` checks the metrics. `scrape` and
//! `prometheus` check the response to a scrape, `scrape_failure` finds the groups that make it fail, and
//! `refusal` explains why a push was rejected. `commands` builds the commands.

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

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A description of the problem and the affected groups.
    pub message: String,
    /// The groups that cause the problem. Empty if they are unknown.
    pub groups: Vec<LabelSet>,
    /// The commands that fix the problem, in the order in which to run them. Empty if none are known.
    pub commands: Vec<String>,
}

impl Problem {
    /// Creates a problem whose cause and fix are unknown.
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), groups: Vec::new(), commands: Vec::new() }
    }
}

/// Formats the names of groups, such as `{job="a"}, {job="b"} and 7 others`.
pub fn names(groups: &[&Group]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = groups.iter().take(NAMED).map(|group| group.labels.to_string()).collect();
    match groups.len().saturating_sub(NAMED) {
        0 if named.is_empty() => "an unknown group".to_owned(),
        0 => named.join(", "),
        1 => format!("{} and 1 other", named.join(", ")),
        more => format!("{} and {more} others", named.join(", ")),
    }
}
