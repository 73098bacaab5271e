//! `delete`: one group, named whole, as `rm` does it.
//!
//! The gateway answers 202 to the deletion of anything and does it later. So a look before says whether the group is
//! there, and looks after it wait until it is gone; `--force` takes neither.

use super::Context;
use crate::config::Delete;
use crate::error::Failure;
use crate::gateway::{self, Answer, Client, Group, Method, Request};
use crate::grouping::GroupingKey;
use crate::output::Printer;
use std::thread;
use std::time::Duration;

/// The looks after a deletion, and the pause before each: a gateway with a full queue took up to a second.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// Deletes the group, or says that it would.
pub(super) fn run(delete: &Delete, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let client = Client::new(&delete.connection);
    let request = Request {
        method: Method::Delete,
        endpoint: &delete.connection.endpoint,
        path: delete.path.clone(),
        body: None,
    };
    match &delete.key {
        Some(key) if !delete.force => {
            require(&client, delete, key)?;
            if delete.dry_run {
                return told(delete, context.printer);
            }
            send(&client, &request)?;
            wait_until_gone(&client, delete, key)?;
        }
        _ if delete.dry_run => return told(delete, context.printer),
        _ => send(&client, &request)?,
    }
    context.printer.success(&format!("deleted {} on {}", name(delete), delete.connection.endpoint));
    Ok(())
}

/// The group as messages call it.
fn name(delete: &Delete) -> String {
    delete.key.as_ref().map_or_else(|| delete.path.clone(), GroupingKey::to_string)
}

fn told(delete: &Delete, printer: &mut Printer<'_>) -> Result<(), Failure> {
    printer.line(format!("would delete {}", name(delete))).map_err(Failure::output)
}

fn require(client: &Client, delete: &Delete, key: &GroupingKey) -> Result<(), Failure> {
    let groups = gateway::look(client, &delete.connection.endpoint)?.groups;
    if holds(&groups, key) {
        return Ok(());
    }
    let same_job = |group: &&Group| group.labels.get("job") == Some(key.job());
    Err(Failure::NoSuchGroup {
        group: key.to_string(),
        gateway: delete.connection.endpoint.to_string(),
        others: groups.iter().filter(same_job).map(|group| group.labels.to_string()).collect(),
    })
}

fn holds(groups: &[Group], key: &GroupingKey) -> bool {
    groups.iter().any(|group| group.labels.iter().eq(key.labels()))
}

fn send(client: &Client, request: &Request<'_>) -> Result<(), Failure> {
    match client.send(request)? {
        Answer { status: 202, .. } => Ok(()),
        Answer { status, .. } => Err(Failure::Other(anyhow::anyhow!(
            "{}: answered {status}, where a Pushgateway answers 202: this is another server, and nothing says that it deleted anything",
            request.name()
        ))),
    }
}

/// The deletion is queued; usually the first look already finds it done.
fn wait_until_gone(client: &Client, delete: &Delete, key: &GroupingKey) -> Result<(), Failure> {
    for _ in 0..LOOKS {
        if !holds(&gateway::look(client, &delete.connection.endpoint)?.groups, key) {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
    Err(Failure::Other(anyhow::anyhow!(
        "the gateway took the deletion of {key}, but still lists the group after {:?}: it was pushed to again, or the deletion is still queued",
        PAUSE * LOOKS
    )))
}
