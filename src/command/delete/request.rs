//! The deletion of one group, and how long it may take.

use crate::command::fetch_groups;
use crate::diagnose::commands::gateway_option;
use crate::error::Failure;
use crate::gateway::Group;
use crate::grouping::{LabelSet, NoKey};
use crate::http::{Client, Method, Request};
use crate::output::Printer;
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for a deletion to take effect: a gateway with a full queue took up to a second.
const PATIENCE: Duration = Duration::from_secs(1);
/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(50);

/// A group without a certain path is not deleted: the path could be another group's.
pub(super) fn not_deleted(why: NoKey, client: &Client) -> Failure {
    let status = match why {
        NoKey::Inexact => {
            format!(
                ", but `pushgw status{}` names the command that deletes it",
                gateway_option(client.connection())
            )
        }
        NoKey::UnknownNames | NoKey::NeedsUtf8Names | NoKey::Unwritable => String::new(),
    };
    anyhow::anyhow!("not deleted: {why}{status}").into()
}

/// Asks the gateway to delete the group of this path.
pub(super) fn send(client: &Client, path: String, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let endpoint = &client.connection().endpoint;
    let request = Request { method: Method::Delete, endpoint, path, body: None };
    crate::command::send(client, &request, printer)?;
    Ok(())
}

/// Fetches the groups until none of the deleted ones is among them or [`PATIENCE`] ends: deletions are queued, but
/// usually done by the first fetch.
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

/// The group with these labels, among groups in the order in which they are listed.
pub(super) fn find<'a>(groups: &'a [Group], labels: &LabelSet) -> Option<&'a Group> {
    groups.binary_search_by(|group| group.labels.cmp(labels)).ok().map(|place| &groups[place])
}
