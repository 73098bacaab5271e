//! Implements `--diff`: shows what a push would add, change and remove in the existing group.

use crate::command::{Context, fetch_contents};
use crate::config::Push;
use crate::error::Failure;
use crate::exposition::model::Family;
use crate::gateway::diff::{ChangeKind, changes};
use crate::gateway::pushed;
use crate::grouping::LabelSet;
use crate::http::{Client, Connection};
use crate::output::{Style, StyledText};
use std::io;

/// Fetches the group and prints the differences.
pub(super) fn run(
    push: &Push,
    connection: &Connection,
    body: &[u8],
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let group = LabelSet::from(&push.key);
    let same_job = |labels: &LabelSet| labels.get("job") == Some(push.key.job());
    let keep = |labels: &LabelSet, families| if same_job(labels) { families } else { Vec::new() };
    let snapshot = fetch_contents(&Client::new(connection), keep, context.printer)?;
    let held = snapshot.groups.into_iter().find(|(other, _)| other.labels == group);
    let before = held.map(|(_, families)| families);
    print(push, before.as_deref(), &pushed::families(body, &push.key), context)
}

/// Prints the differences between the group and the pushed metrics.
pub(super) fn print(
    push: &Push,
    before: Option<&[Family]>,
    pushed: &[Family],
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let group = LabelSet::from(&push.key);
    let differences = changes(&group, before.unwrap_or_default(), pushed, super::replaces(push));
    let mut print = || -> io::Result<()> {
        for change in &differences {
            let (style, sign) = match change.kind {
                ChangeKind::Added => (Style::Good, '+'),
                ChangeKind::Changed => (Style::Warning, '~'),
                ChangeKind::Removed => (Style::Bad, '-'),
            };
            context.printer.line([StyledText::new(style, format!("{sign} {}", change.what))])?;
        }
        Ok(())
    };
    print().map_err(Failure::output)?;
    let state = if before.is_some() { "" } else { " (new group)" };
    let count = |kind| differences.iter().filter(|change| change.kind == kind).count();
    let [added, altered, removed] = [ChangeKind::Added, ChangeKind::Changed, ChangeKind::Removed].map(count);
    context
        .printer
        .success(&format!("{}{state}: {added} added, {altered} changed, {removed} removed", push.key));
    Ok(())
}
