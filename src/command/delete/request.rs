//! The deletion of one group, and how long it may take.

use crate::config::Delete;
use crate::diagnose::commands::gateway_option;
use crate::error::Failure;
use crate::grouping::NoKey;
use crate::http::{Client, Connection, Method, Request};
use crate::output::Printer;
use std::time::Duration;

/// How long to wait for a deletion to take effect: a gateway with a full queue took up to a second.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// The pause between two checks.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// A group without a certain path is not deleted: the path could be another group's.
pub(super) fn not_deleted(why: NoKey, connection: &Connection) -> Failure {
    let status = match why {
        NoKey::Inexact => {
            format!(", but `pushgw status{}` names the command that deletes it", gateway_option(connection))
        }
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
    crate::command::send(client, &request, printer)?;
    Ok(())
}
