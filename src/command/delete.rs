//! `delete`: one group, named whole, as `rm` does it; or (in `delete_selection`) all groups of a selection.
//!
//! The gateway answers 202 to any deletion, also of a group that is not there, and deletes later. So the groups are
//! fetched before the deletion, to see that the group exists, and after it, until the group is gone. `--force` skips both.

use super::{Context, delete_selection, listener};
use crate::config::{Delete, Doomed};
use crate::error::Failure;
use crate::gateway::{self, Client, Connection, Group, Method, Request};
use crate::grouping::{GroupingKey, NoKey};
use crate::output::Printer;
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for a deletion to show: a gateway with a full queue took up to a second.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// The pause between two fetches while waiting.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// Deletes, or says what it would delete.
pub(super) fn run(delete: &Delete, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let client = Client::new(&delete.connection);
    match &delete.doomed {
        Doomed::Selection { selection, confirmed } => {
            delete_selection::run(delete, &client, selection, *confirmed, context)
        }
        Doomed::Group { path, key } => {
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

/// A group that no path is sure to name is left alone, for the path could be another group's.
pub(super) fn not_deleted(why: NoKey, connection: &Connection) -> Failure {
    let status = match why {
        NoKey::Inexact => format!(
            ", but `pushgw status{}` names the command that deletes it",
            gateway::heal::gateway_option(connection)
        ),
        NoKey::UnknownNames | NoKey::NeedsUtf8Names | NoKey::Unwritable => String::new(),
    };
    Failure::Other(anyhow::anyhow!("not deleted: {why}{status}"))
}

/// Asks the gateway to delete the group of this path.
pub(super) fn send(
    client: &Client,
    delete: &Delete,
    path: String,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let endpoint = &delete.connection.endpoint;
    let request = Request { method: Method::Delete, endpoint, path, body: None };
    super::send(client, &request, printer)?;
    Ok(())
}

/// The deletion is queued; it is usually done by the first fetch.
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
        "the gateway took the deletion of {key}, but still lists the group after {:.1?}: it was pushed to again, or the deletion is still queued",
        begin.elapsed()
    )))
}
