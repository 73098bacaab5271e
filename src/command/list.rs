//! The `list` subcommand: prints the gateway's groups as a table, as JSON or as paths, once or repeatedly.

use super::group_output::{Selected, different_clocks, warn_of_conflicts, warn_of_nothing, warn_of_text};
use super::{Context, listener, plural, thousands, watch};
use crate::config::{List, ListFormat, ListSort};
use crate::env;
use crate::error::Failure;
use crate::gateway::{self, FamilySize, Group, Snapshot};
use crate::http::Client;
use crate::output::Printer;
use std::cmp::Ordering;

/// Fetches the groups and prints the selected ones.
pub(super) fn run(list: &List, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let client = Client::new(&list.connection);
    let Some(pause) = list.watch else {
        return print(list, &fetch(list, &client, context.printer)?, usize::MAX, context.printer);
    };
    let fetch = |context: &mut Context<'_, '_>| fetch(list, &client, context.printer);
    watch::repeat(pause, context, fetch, |snapshot, free, context| {
        let is_screen = context.environment.stdout_is_terminal && list.format == ListFormat::Table;
        let height = if is_screen { env::height() } else { None };
        let left = height.map_or(usize::MAX, |height| height.saturating_sub(free));
        print(list, snapshot, left, context.printer)
    })
}

fn fetch(list: &List, client: &Client, printer: &mut Printer<'_>) -> Result<Snapshot, Failure> {
    let wanted = |_: &FamilySize| list.metrics;
    Ok(gateway::fetch_families(client, &list.connection.endpoint, &wanted, &mut listener(printer))?)
}

/// Prints the selected groups in at most `height` lines, because more lines would scroll the headings off the screen.
fn print(list: &List, snapshot: &Snapshot, height: usize, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let fits = |place: &usize| list.selection.fits(&snapshot.groups[*place], snapshot.now);
    let mut places: Vec<usize> = (0..snapshot.groups.len()).filter(fits).collect();
    sort(&mut places, &snapshot.groups, list.sort);
    let all = places.len();
    places.truncate(shown(places.iter().map(|place| 1 + snapshot.groups[*place].families.len()), height));
    let left_out = all - places.len();
    let selected = Selected { snapshot, places, metrics: list.metrics, wide: list.wide };
    if selected.places.is_empty() {
        warn_of_nothing(&list.selection, printer);
    }
    if selected.places.is_empty() && list.format == ListFormat::Table {
        let which = if list.selection.is_empty() { "no groups" } else { "no matching groups" };
        printer.success(&format!("{which} on {}", list.connection.endpoint));
    }
    selected.print(list.format, printer).map_err(Failure::output)?;
    if list.watch.is_none()
        && list.format == ListFormat::Table
        && printer.terminal.stdout.is_terminal
        && all > 0
    {
        let count = match (all, snapshot.groups.len()) {
            (all, in_all) if all < in_all => format!("{} of {}", thousands(all), plural(in_all, "group")),
            (all, _) => plural(all, "group"),
        };
        printer.success(&count);
    }
    if left_out > 0 {
        let more = format!("and {left_out} more: use --sort and --match to choose which groups are shown");
        printer.line(more).map_err(Failure::output)?;
    }
    warn_of_text(snapshot, printer);
    if let Some(message) = different_clocks(snapshot) {
        printer.warning(&message);
    }
    if list.metrics && snapshot.from_text {
        printer.warning("/metrics does not show which metrics a group contains");
    }
    warn_of_conflicts(snapshot, &list.connection, printer);
    Ok(())
}

/// Returns how many groups fit on a screen of this height, given the number of lines for each group. Two lines are
/// reserved for the headings and the cursor, and one more for a note if not all groups fit.
fn shown(lines: impl Iterator<Item = usize>, height: usize) -> usize {
    let room = height.saturating_sub(2);
    let (mut taken, mut all, mut most) = (0_usize, 0, 0);
    for lines in lines {
        taken += lines;
        all += 1;
        if taken < room {
            most = all;
        }
    }
    if taken <= room { all } else { most.max(1) }
}

/// Sorts the groups. The order of equal groups does not change.
fn sort(places: &mut [usize], groups: &[Group], by: ListSort) {
    let series = |group: &Group| group.size.map(|size| size.series);
    places.sort_by(|a, b| {
        let (a, b) = (&groups[*a], &groups[*b]);
        match by {
            ListSort::Group => Ordering::Equal,
            ListSort::Age => a.last_push.cmp(&b.last_push),
            ListSort::Series => series(b).cmp(&series(a)),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_fit_the_screen() {
        let ones = |amount| std::iter::repeat_n(1, amount);
        assert_eq!(shown(ones(500), usize::MAX), 500);
        assert_eq!(shown(ones(8), 10), 8);
        assert_eq!(shown(ones(9), 10), 7);
        assert_eq!(shown([3, 3, 3].into_iter(), 10), 2);
        assert_eq!(shown([5, 3].into_iter(), 10), 2);
        // At least one group is shown, even in a very small window.
        assert_eq!(shown([30, 3].into_iter(), 2), 1);
        assert_eq!(shown(ones(0), 10), 0);
    }
}
