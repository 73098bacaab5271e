//! Sends the request that deletes a group, and verifies that the group is gone.

use crate::command::fetch_groups;
use crate::diagnose::commands::gateway_option;
use crate::error::Failure;
use crate::gateway::Group;
use crate::grouping::{LabelSet, NoKey};
use crate::http::{self, Client, Connection, Method, Request};
use crate::output::Printer;
use std::thread;
use std::time::{Duration, Instant};

/// Maximum time to wait for a deletion to take effect. A gateway with a full queue took up to a second.
const PATIENCE: Duration = Duration::from_secs(1);
/// Pause between checks.
const PAUSE: Duration = Duration::from_millis(50);

/// Creates the error for a group that is not deleted because its path is uncertain and could identify another group.
pub(super) fn not_deleted(why: NoKey, client: &Client) -> Failure {
    let status = match why {
        NoKey::Inexact => {
            format!(
                "; `pushgw status{}` prints the command that deletes it",
                gateway_option(client.connection())
            )
        }
        NoKey::UnknownNames | NoKey::NeedsUtf8Names | NoKey::Unwritable => String::new(),
    };
    anyhow::anyhow!("not deleted: {why}{status}").into()
}

/// Deletes the group with this path.
pub(super) fn send(client: &Client, path: String, printer: &mut Printer<'_>) -> Result<(), http::Error> {
    crate::command::send(client, &request(client.connection(), path), printer).map(drop)
}

/// Returns the request that deletes the group with this path.
pub(super) fn request(connection: &Connection, path: String) -> Request<'_> {
    Request { method: Method::Delete, endpoint: &connection.endpoint, path, body: None }
}

/// Fetches the groups until the deleted ones are gone or [`PATIENCE`] has passed. The gateway queues deletions, but has
/// usually processed them by the first fetch.
pub(super) fn fetch_after(
    client: &Client,
    is_deleted: impl Fn(&Group) -> bool,
    printer: &mut Printer<'_>,
) -> Result<Vec<Group>, Failure> {
    let begin = Instant::now();
    loop {
        let groups = fetch_groups(client, printer)?.groups;
        if begin.elapsed() >= PATIENCE || !groups.iter().any(&is_deleted) {
            return Ok(groups);
        }
        thread::sleep(PAUSE);
    }
}

/// Finds the group with these labels. `groups` must be sorted by labels, as they are when fetched.
pub(super) fn find<'a>(groups: &'a [Group], labels: &LabelSet) -> Option<&'a Group> {
    groups.binary_search_by(|group| group.labels.cmp(labels)).ok().map(|place| &groups[place])
}
