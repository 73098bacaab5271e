//! `push --dry-run --diff`: shows what the push would add, change and remove in the current group.

use crate::command::{Context, fetch_contents};
use crate::config::Push;
use crate::error::Failure;
use crate::gateway::diff::{ChangeKind, Replaces, changes};
use crate::gateway::pushed;
use crate::grouping::LabelSet;
use crate::http::{Client, Method};
use crate::output::{Style, StyledText};
use std::io;

/// Fetches the group and prints the differences.
pub(super) fn run(push: &Push, body: &[u8], context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let group = LabelSet::from(&push.key);
    let same_job = |labels: &LabelSet| labels.get("job") == Some(push.key.job());
    let keep = |labels: &LabelSet, families| if same_job(labels) { families } else { Vec::new() };
    let snapshot = fetch_contents(&Client::new(&push.connection), keep, context.printer)?;
    let held = snapshot.groups.into_iter().find(|(other, _)| other.labels == group);
    let is_there = held.is_some();
    let before = held.map(|(_, families)| families).unwrap_or_default();
    let replaces = match push.method {
        Method::Post => Replaces::Families,
        _ => Replaces::Group,
    };
    let differences = changes(&group, &before, &pushed::families(body, &push.key), replaces);
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
    let state = if is_there { "" } else { " (the group does not exist yet)" };
    let count = |kind| differences.iter().filter(|change| change.kind == kind).count();
    let [added, altered, removed] = [ChangeKind::Added, ChangeKind::Changed, ChangeKind::Removed].map(count);
    context
        .printer
        .success(&format!("{}{state}: {added} added, {altered} changed, {removed} removed", push.key));
    Ok(())
}
