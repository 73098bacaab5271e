//! `list`: the gateway's groups, as a table, as JSON or as paths.

use super::Context;
use crate::cli::ListFormat;
use crate::config::List;
use crate::error::Failure;
use crate::gateway::{self, Client, Group, Store};
use crate::output::{self, Channel, GroupRow};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Looks once and prints what fits.
pub(super) fn run(list: &List, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let store = gateway::look(&Client::new(&list.connection), &list.connection.endpoint)?;
    if store.from_text {
        context.printer.warning(
            "the gateway has no /api/v1/metrics: the groups are read from /metrics, which doesn't tell an empty `instance` from none",
        );
    }
    let fits = |group: &Group| list.matchers.iter().all(|matcher| matcher.matches(&group.labels));
    let chosen: Vec<(usize, &Group)> =
        store.groups.iter().enumerate().filter(|(_, group)| fits(group)).collect();
    let printed = match list.format {
        ListFormat::Table => table(&store, &chosen, context),
        ListFormat::Json => json(&store, &chosen, context),
        ListFormat::Path => paths(&chosen, context),
    };
    printed.map_err(Failure::output)
}

fn table(store: &Store, chosen: &[(usize, &Group)], context: &mut Context<'_, '_>) -> std::io::Result<()> {
    let rows = chosen.iter().map(|(place, group)| GroupRow {
        group: group.labels.to_string(),
        metrics: group.size.map(|size| size.metrics),
        series: group.size.map(|size| size.series),
        age: group.last_push.map(|pushed| age(store.now, pushed)),
        state: group.state,
        conflict: store.conflicts.involves(*place),
    });
    context.printer.table(Channel::Result, &output::groups(rows))
}

/// How long ago, by the gateway's clock. Its header has whole seconds, so that a push can lie a little ahead.
fn age(now: Timestamp, then: Timestamp) -> Duration {
    now.duration_since(then).try_into().unwrap_or_default()
}

/// A group as `--format json` has it: part of the command line's contract.
#[derive(Serialize)]
struct Row<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    path: Option<String>,
    metrics: Option<u64>,
    series: Option<u64>,
    last_push: Option<String>,
    last_failure: Option<String>,
    state: &'static str,
    conflict: bool,
}

fn json(store: &Store, chosen: &[(usize, &Group)], context: &mut Context<'_, '_>) -> std::io::Result<()> {
    let rows: Vec<Row<'_>> = chosen
        .iter()
        .map(|(place, group)| Row {
            labels: group.labels.iter().collect(),
            path: group.path(),
            metrics: group.size.map(|size| size.metrics),
            series: group.size.map(|size| size.series),
            last_push: group.last_push.map(|time| time.to_string()),
            last_failure: group.last_failure.map(|time| time.to_string()),
            state: group.state.as_str(),
            conflict: store.conflicts.involves(*place),
        })
        .collect();
    let mut text = serde_json::to_vec_pretty(&rows)?;
    text.push(b'\n');
    context.printer.result(&text)
}

fn paths(chosen: &[(usize, &Group)], context: &mut Context<'_, '_>) -> std::io::Result<()> {
    for (_, group) in chosen {
        match group.path() {
            Some(path) => context.printer.result(format!("{path}\n").as_bytes())?,
            None => context
                .printer
                .warning(&format!("the gateway's API does not tell the path of {}", group.labels)),
        }
    }
    Ok(())
}
