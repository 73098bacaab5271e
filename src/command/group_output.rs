//! Prints the selected groups for `list` and `delete`: as a table, as JSON or as paths. Also warns about groups that
//! break the gateway.

use super::group_table::{self, GroupRow};
use super::{plural, print_json, thousands};
use crate::config::ListFormat;
use crate::diagnose::commands::{LACKS_CREDENTIALS, gateway_option, lacks_credentials};
use crate::diagnose::conflicts;
use crate::gateway::{Group, Selection, Snapshot};
use crate::grouping::{LabelSet, Matcher, NoKey};
use crate::http::Connection;
use crate::output::{Channel, Column, Printer, Table};
use crate::shell::quote;
use jiff::Timestamp;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// Maximum number of jobs in a summary.
const JOBS: usize = 50;

/// Maximum number of conflicts, and of groups without a path, that are reported one by one.
const SHOWN: usize = 20;

/// A selection of the groups in a snapshot, by index.
pub(super) struct Selected<'a> {
    pub snapshot: &'a Snapshot,
    pub places: Vec<usize>,
    /// Whether to also show the metric families.
    pub metrics: bool,
    /// Whether to show full group names, no matter how wide the table gets.
    pub wide: bool,
}

impl Selected<'_> {
    pub(super) fn print(&self, format: ListFormat, printer: &mut Printer<'_>) -> io::Result<()> {
        match format {
            ListFormat::Table => printer.table(Channel::Result, &self.table().wide(self.wide)),
            ListFormat::Json => self.json(printer),
            ListFormat::Path => self.paths(printer),
        }
    }

    pub(super) fn table(&self) -> Table {
        group_table::groups(self.groups().map(|(place, group)| GroupRow {
            group: group.labels.to_string(),
            metrics: group.size.map(|size| size.metrics),
            series: group.size.map(|size| size.series),
            age: group.last_push.map(|pushed| age(self.snapshot.now, pushed)),
            state: group.state,
            failed: group.last_failure.map(|failed| age(self.snapshot.now, failed)),
            conflict: self.snapshot.conflicts.involves(place),
            families: group.families.clone(),
        }))
    }

    /// Returns a table with the number of groups per job, in descending order.
    pub(super) fn jobs(&self) -> Table {
        let mut jobs: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, group) in self.groups() {
            *jobs.entry(group.labels.get("job").unwrap_or_default()).or_default() += 1;
        }
        let mut jobs: Vec<_> = jobs.into_iter().collect();
        jobs.sort_by_key(|(_, groups)| Reverse(*groups));
        let mut table = Table::new([Column::key("JOB"), Column::number("GROUPS")]).with_whole_keys();
        for (job, groups) in jobs.iter().take(JOBS) {
            table.row([(*job).into(), thousands(groups).into()]);
        }
        if let Some(more) = jobs.len().checked_sub(JOBS).filter(|more| *more > 0) {
            table.row([format!("and {} more jobs", thousands(more)).into()]);
        }
        table
    }

    fn groups(&self) -> impl Iterator<Item = (usize, &Group)> {
        self.places.iter().filter_map(|&place| Some((place, self.snapshot.groups.get(place)?)))
    }

    fn json(&self, printer: &mut Printer<'_>) -> io::Result<()> {
        let rows: Vec<Row<'_>> = self
            .groups()
            .map(|(place, group)| Row {
                labels: &group.labels,
                path: group.path().ok(),
                metrics: group.size.map(|size| size.metrics),
                series: group.size.map(|size| size.series),
                last_push: group.last_push.map(|time| time.to_string()),
                last_failure: group.last_failure.map(|time| time.to_string()),
                state: group.state.as_str(),
                conflict: self.snapshot.conflicts.involves(place),
                families: self.metrics.then(|| {
                    let families = group.families.iter();
                    families
                        .map(|f| FamilyRow { name: &f.name, kind: f.kind.as_str(), series: f.series })
                        .collect()
                }),
            })
            .collect();
        print_json(&rows, printer)
    }

    fn paths(&self, printer: &mut Printer<'_>) -> io::Result<()> {
        let mut unnamed = Vec::new();
        for (_, group) in self.groups() {
            match group.path() {
                Ok(path) => printer.result(format!("{path}\n").as_bytes())?,
                Err(why) => unnamed.push((&group.labels, why)),
            }
        }
        warn_of_unnamed(&unnamed, printer);
        Ok(())
    }
}

/// Warns about groups without a path, up to a limit.
pub(super) fn warn_of_unnamed(groups: &[(&LabelSet, NoKey)], printer: &mut Printer<'_>) {
    for (labels, why) in groups.iter().take(SHOWN) {
        printer.warning(&format!("{labels} is left out: {why}"));
    }
    if groups.len() > SHOWN {
        let (more, verb) = (groups.len() - SHOWN, if groups.len() == SHOWN + 1 { "is" } else { "are" });
        printer.warning(&format!("and {} {verb} left out", plural(more, "more group")));
    }
}

/// Returns the time from `then` to `now`. The gateway's `Date` header has a resolution of one second, so a push can
/// appear to be slightly in the future; its age is then zero.
pub(super) fn age(now: Timestamp, then: Timestamp) -> Duration {
    now.duration_since(then).try_into().unwrap_or_default()
}

/// A group in the output of `--format json`. Scripts depend on these fields.
#[derive(Serialize)]
struct Row<'a> {
    labels: &'a LabelSet,
    path: Option<String>,
    metrics: Option<u64>,
    series: Option<u64>,
    last_push: Option<String>,
    last_failure: Option<String>,
    state: &'static str,
    conflict: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    families: Option<Vec<FamilyRow<'a>>>,
}

#[derive(Serialize)]
struct FamilyRow<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    series: u64,
}

/// Warns about conflicts that break the gateway, and prints the commands that fix them, up to a limit.
pub(super) fn warn_of_conflicts(snapshot: &Snapshot, connection: &Connection, printer: &mut Printer<'_>) {
    let groups: Vec<&Group> = snapshot.groups.iter().collect();
    let problems = conflicts(&groups, &snapshot.conflicts, connection);
    for problem in problems.iter().take(SHOWN) {
        printer.warning(&problem.message);
        match problem.commands.as_slice() {
            [] => printer.hint(&format!("for details: pushgw status{}", gateway_option(connection))),
            commands => printer.hint(&commands.join("\n")),
        }
    }
    if problems.len() > SHOWN {
        printer.warning(&format!("{} more conflicts break the gateway", problems.len() - SHOWN));
        printer.hint(&format!("to see all: pushgw status{} --format json", gateway_option(connection)));
    }
    if !problems.is_empty() && lacks_credentials(connection) {
        printer.hint(LACKS_CREDENTIALS);
    }
}

/// Returns a message if the clocks of the gateway and of this machine differ, so that ages may be wrong.
pub(super) fn different_clocks<G>(snapshot: &Snapshot<G>) -> Option<String> {
    snapshot.different_clocks().map(|(gateway, local)| {
        format!(
            "the gateway's clock says {gateway:.0}, but this machine's says {local:.0}: ages may be wrong"
        )
    })
}

/// Warns if the groups were read from `/metrics`, which does not show everything.
pub(super) fn warn_of_text(snapshot: &Snapshot, printer: &mut Printer<'_>) {
    if snapshot.from_text {
        printer.warning(
            "the gateway has no /api/v1/metrics: the groups were read from /metrics, which does not distinguish an empty `instance` from a missing one",
        );
    }
}

/// Returns the reason why a selection matches nothing, and a hint with the matcher that was probably meant.
pub(super) fn meant(selection: &Selection) -> Option<(&'static str, String)> {
    let matchers = &selection.matchers;
    let either = matchers.iter().find_map(|one| matchers.iter().find_map(|other| one.either(other)));
    let (meant, why) = either.or_else(|| matchers.iter().find_map(Matcher::meant))?;
    Some((why, format!("use --match {}", quote(&meant))))
}

/// Warns that a selection matches nothing, if a different matcher was probably meant.
pub(super) fn warn_of_nothing(selection: &Selection, printer: &mut Printer<'_>) {
    if let Some((why, hint)) = meant(selection) {
        printer.warning(&format!("0 groups selected: {why}"));
        printer.hint(&hint);
    }
}
