//! `list`: the gateway's groups, as a table, as JSON or as paths; once, or again and again.

use super::selected::{Selected, warn_of_conflicts, warn_of_text};
use super::{Context, listener};
use crate::config::{List, ListFormat, ListSort};
use crate::env;
use crate::error::Failure;
use crate::gateway::{self, Client, Group, Store};
use crate::output::Printer;
use std::cmp::Reverse;
use std::thread;
use std::time::{Duration, Instant};

/// Of the time that passes, looking takes at most one part in so many.
const LOOK_SHARE: u32 = 10;

/// Looks and prints what fits.
pub(super) fn run(list: &List, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let client = Client::new(&list.connection);
    let Some(pause) = list.watch else {
        return print(list, &look(list, &client, context.printer)?, context.printer);
    };
    let mut is_first = true;
    loop {
        let begin = Instant::now();
        let looked = look(list, &client, context.printer);
        let took = begin.elapsed();
        match looked {
            // A gateway that can't be reached at first is a mistake; one that goes away later comes back.
            Err(failure) if is_first => return Err(failure),
            Err(failure) => context.printer.warning(&failure.to_string()),
            Ok(store) => {
                context.printer.repaint(env::width()).map_err(Failure::output)?;
                print(list, &store, context.printer)?;
            }
        }
        context.printer.flush().map_err(Failure::output)?;
        is_first = false;
        thread::sleep(rest(pause, took));
    }
}

/// How long to wait after a look that took so long.
fn rest(pause: Duration, took: Duration) -> Duration {
    pause.max(took * (LOOK_SHARE - 1))
}

fn look(list: &List, client: &Client, printer: &mut Printer<'_>) -> Result<Store, Failure> {
    let endpoint = &list.connection.endpoint;
    Ok(if list.metrics {
        gateway::look_at_families(client, endpoint, &|_| true, &mut listener(printer))?
    } else {
        gateway::look(client, endpoint, &mut listener(printer))?
    })
}

fn print(list: &List, store: &Store, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let fits = |place: &usize| list.selection.fits(&store.groups[*place], store.now);
    let mut places: Vec<usize> = (0..store.groups.len()).filter(fits).collect();
    sort(&mut places, &store.groups, list.sort);
    let selected = Selected { store, places, metrics: list.metrics };
    if selected.places.is_empty() && list.format == ListFormat::Table {
        let which = if list.selection.is_empty() { "no groups" } else { "no group of these" };
        printer.success(&format!("{which} on {}", list.connection.endpoint));
    }
    selected.print(list.format, printer).map_err(Failure::output)?;
    warn_of_text(store, printer);
    if list.metrics && store.from_text {
        printer.warning("/metrics does not tell which metrics a group holds");
    }
    warn_of_conflicts(store, &list.connection, printer);
    Ok(())
}

/// Sorts, leaving what is equal in the order of the groups.
fn sort(places: &mut [usize], groups: &[Group], by: ListSort) {
    match by {
        ListSort::Group => {}
        ListSort::Age => places.sort_by_key(|place| groups[*place].last_push),
        ListSort::Series => {
            places.sort_by_key(|place| Reverse(groups[*place].size.map(|size| size.series)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_takes_a_tenth_of_the_time_at_most() {
        let seconds = Duration::from_secs_f64;
        assert_eq!(rest(seconds(2.0), seconds(0.1)), seconds(2.0));
        assert_eq!(rest(seconds(2.0), seconds(3.0)), seconds(27.0));
    }
}
