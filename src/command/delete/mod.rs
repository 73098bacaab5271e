//! `delete`: one group by its complete key, or (in `selection`) all groups of a selection.
//!
//! The gateway answers 202 to any deletion, also of a group that is not there, and deletes later. So the groups are
//! fetched before the deletion, to see that the group exists, and after it, until the group is gone. `--force` skips both.

mod request;
mod selection;

use super::{Context, listener};
use crate::config::{Delete, DeleteTarget};
use crate::error::Failure;
use crate::gateway::{self, Group};
use crate::grouping::{GroupingKey, NoKey};
use crate::http::Client;
use crate::output::Printer;
use request::{PATIENCE, PAUSE, not_deleted, send};
use std::thread;
use std::time::Instant;

/// Deletes, or says what it would delete.
pub(super) fn run(delete: &Delete, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let client = Client::new(&delete.connection);
    match &delete.target {
        DeleteTarget::Selection { selection, confirmed } => {
            selection::run(delete, &client, selection, *confirmed, context)
        }
        DeleteTarget::Group { path, key } => {
            let name = key.as_ref().map_or_else(|| path.clone(), GroupingKey::to_string);
            let key = key.as_ref().filter(|_| !delete.force);
            let path = match key {
                Some(key) => require(&client, delete, key, context.printer)?.unwrap_or_else(|| path.clone()),
                None => path.clone(),
            };
            if delete.dry_run {
                return context.printer.line(format!("would delete {name}")).map_err(Failure::output);
            }
            send(&client, delete, path, context.printer)?;
            if let Some(key) = key {
                wait_until_gone(&client, delete, key, context.printer)?;
            }
            context.printer.success(&format!("deleted {name} on {}", delete.connection.endpoint));
            Ok(())
        }
    }
}

/// Looks for the group. Returns its path if the gateway reads label names differently than `--utf8-names` says: the given
/// path would then be another group's.
fn require(
    client: &Client,
    delete: &Delete,
    key: &GroupingKey,
    printer: &mut Printer<'_>,
) -> Result<Option<String>, Failure> {
    let groups = gateway::fetch_groups(client, &delete.connection.endpoint, &mut listener(printer))?.groups;
    if let Some(group) = find(&groups, key) {
        return match group.path() {
            Ok(path) => Ok((path != key.path()).then_some(path)),
            Err(why @ NoKey::NeedsUtf8Names) => Err(not_deleted(why, &delete.connection)),
            Err(NoKey::Inexact | NoKey::UnknownNames | NoKey::Unwritable) => Ok(None),
        };
    }
    let hint = "--force deletes without looking; absence is then no error";
    Err(no_such_group(&groups, key, delete.connection.endpoint.to_string(), Some(hint)))
}

/// The group is not there, but these of the same job are.
pub(super) fn no_such_group<'a>(
    groups: impl IntoIterator<Item = &'a Group>,
    key: &GroupingKey,
    gateway: String,
    hint: Option<&'static str>,
) -> Failure {
    let same_job = |group: &&Group| group.labels.get("job") == Some(key.job());
    let others = groups.into_iter().filter(same_job).map(|group| group.labels.to_string()).collect();
    Failure::NoSuchGroup { group: key.to_string(), gateway, others, hint }
}

fn find<'a>(groups: &'a [Group], key: &GroupingKey) -> Option<&'a Group> {
    groups.iter().find(|group| group.labels.iter().eq(key.labels()))
}

/// Waits for the queued deletion, which is usually done by the first fetch.
fn wait_until_gone(
    client: &Client,
    delete: &Delete,
    key: &GroupingKey,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let begin = Instant::now();
    loop {
        let groups =
            gateway::fetch_groups(client, &delete.connection.endpoint, &mut listener(printer))?.groups;
        if find(&groups, key).is_none() {
            return Ok(());
        }
        if begin.elapsed() >= PATIENCE {
            break;
        }
        thread::sleep(PAUSE);
    }
    Err(Failure::Other(anyhow::anyhow!(
        "the gateway accepted the deletion of {key}, but still lists the group after {:.1?}: it was pushed to again, or the deletion is still queued",
        begin.elapsed()
    )))
}
