//! The `delete` subcommand: deletes one group by its complete key, or all selected groups (see `selection`).
//!
//! The gateway answers 202 to any deletion, even if the group does not exist, and deletes asynchronously. So pushgw
//! first fetches the groups to check that the group exists, and afterwards polls until it is gone. `--force` skips both
//! steps.

mod selection;
mod verify;

use super::{Context, fetch_groups, textfile};
use crate::config::{Delete, DeleteTarget, matchers};
use crate::diagnose::commands::gateway_option;
use crate::error::Failure;
use crate::gateway::Group;
use crate::grouping::{GroupingKey, Label, LabelSet, Matcher, NoKey};
use crate::http::{Client, Connection, curl_command};
use crate::output::Printer;
use crate::shell::quote;
use std::time::Instant;
use verify::{fetch_after, find, not_deleted, send};

/// Deletes the groups, or prints what would be deleted.
pub(super) fn run(delete: &Delete, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    match &delete.target {
        DeleteTarget::Selection { selection, confirmation, connection } => {
            selection::run(delete, &Client::new(connection), selection, *confirmation, context)
        }
        DeleteTarget::Path { path, connection } => one_group(delete, connection, path, None, context),
        DeleteTarget::Group { path, key, connection } => {
            one_group(delete, connection, path, Some(key), context)
        }
        DeleteTarget::File { key, textfile } => {
            textfile::delete(textfile, key, (delete.force, delete.dry_run), context)
        }
    }
}

fn one_group(
    delete: &Delete,
    connection: &Connection,
    path: &str,
    key: Option<&GroupingKey>,
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    if delete.as_curl {
        let command = curl_command::command(&verify::request(connection, path.to_owned()), connection);
        return context.printer.result(&command.map_err(anyhow::Error::new)?).map_err(Failure::output);
    }
    let client = Client::new(connection);
    let name = key.map_or_else(|| path.to_owned(), GroupingKey::to_string);
    let key = key.filter(|_| !delete.force);
    let path = match key {
        Some(key) => {
            require(&client, key, delete.dry_run, context.printer)?.unwrap_or_else(|| path.to_owned())
        }
        None => path.to_owned(),
    };
    if delete.dry_run {
        return context.printer.line(format!("would delete {name}")).map_err(Failure::output);
    }
    send(&client, path, context.printer)
        .map_err(|error| super::explain_prometheus(error, &client, context.printer))?;
    if let Some(key) = key {
        wait_until_gone(&client, key, context.printer)?;
    }
    let done = if key.is_some() { "deleted" } else { "requested the deletion of" };
    context.printer.success(&format!("{done} {name} on {}", connection.endpoint));
    Ok(())
}

/// Checks that the group exists. If the gateway decodes label names differently than `--utf8-names` implies, returns
/// the path to use instead, because the original path would identify a different group.
fn require(
    client: &Client,
    key: &GroupingKey,
    dry_run: bool,
    printer: &mut Printer<'_>,
) -> Result<Option<String>, Failure> {
    let groups = fetch_groups(client, printer)?.groups;
    let Some(group) = find(&groups, &LabelSet::from(key)) else {
        let option = gateway_option(client.connection());
        return Err(no_such_group(&groups, key, client, &|labels| {
            let matchers = matchers(labels);
            if dry_run {
                return format!("to select them: pushgw delete {matchers}{option} --dry-run");
            }
            format!("to delete them: pushgw delete {matchers}{option}\nto delete without checking: --force")
        }));
    };
    match group.path() {
        Ok(path) => Ok((path != key.path()).then_some(path)),
        Err(why @ NoKey::NeedsUtf8Names) => Err(not_deleted(why, client)),
        Err(NoKey::Inexact | NoKey::UnknownNames | NoKey::Unwritable) => Ok(None),
    }
}

/// Creates the error for a missing group, which lists the other groups of the same job. `command` creates a hint with a
/// command that selects groups by the given labels.
pub(super) fn no_such_group<'a>(
    groups: impl IntoIterator<Item = &'a Group>,
    key: &GroupingKey,
    client: &Client,
    command: &dyn Fn(&[Label]) -> String,
) -> Failure {
    let all: Vec<Label> = key.labels().map(|(name, value)| Label::new(name, value)).collect();
    let same_job = |group: &&Group| group.labels.get("job") == Some(key.job());
    let others: Vec<&Group> = groups.into_iter().filter(same_job).collect();
    let has = |group: &&Group, label: &Label| group.labels.get(&label.name) == Some(label.value.as_str());
    let has_all = others.iter().any(|group| all.iter().all(|label| has(group, label)));
    let (mut reason, mut options) = (None, String::new());
    for label in &all {
        let is_exact = others.iter().any(|group| has(group, label));
        let meant = Matcher::equal(&label.name, &label.value).meant().filter(|_| !is_exact);
        reason = reason.or(meant.as_ref().map(|(_, why)| *why));
        let matcher = meant.map_or_else(|| label.matcher(), |(meant, _)| meant);
        options.extend([" --match ", &quote(&matcher)]);
    }
    let option = gateway_option(client.connection());
    let hint = match reason {
        Some(why) => format!("{why}: use{options}"),
        None if has_all => command(&all),
        None if others.is_empty() => format!("to list all groups: pushgw list{option}"),
        // Their labels differ from those that were typed, so no command that changes them.
        None => format!("to list them: pushgw list {}{option}", matchers(&all[..1])),
    };
    let others = others.iter().map(|group| group.labels.to_string()).collect();
    let place = format!("on {}", client.connection().endpoint);
    Failure::NoSuchGroup { group: key.to_string(), place, others, hint: Some(hint) }
}

fn wait_until_gone(client: &Client, key: &GroupingKey, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let begin = Instant::now();
    let labels = LabelSet::from(key);
    let groups = fetch_after(client, |group| group.labels == labels, printer)?;
    if find(&groups, &labels).is_none() {
        return Ok(());
    }
    Err(Failure::Other(anyhow::anyhow!(
        "the gateway accepted the deletion of {key}, but still lists the group after {:.1?}: either it was pushed again, or the deletion is still queued",
        begin.elapsed()
    )))
}
