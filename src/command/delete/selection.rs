//! Deletes the groups that match a selection.
//!
//! The groups are fetched up to three times. The first fetch selects the groups. A user may take hours to confirm, so
//! the second fetch excludes groups that were pushed to in the meantime. The third one shows which groups are really
//! gone, because the gateway answers 202 to every deletion.

use super::verify::{fetch_after, find, not_deleted, send};
use crate::command::batch::BatchErrors;
use crate::command::group_output::{
    Selected, different_clocks, warn_of_conflicts, warn_of_nothing, warn_of_text,
};
use crate::command::{Context, fetch_groups, listener, plural, thousands};
use crate::config::{Confirmation, Delete, ListFormat};
use crate::diagnose::commands::gateway_option;
use crate::error::Failure;
use crate::gateway::{self, Group, Selection, Snapshot};
use crate::http::{self, Client, ErrorKind};
use crate::os::reason;
use crate::output::{Channel, Printer, Verbosity};
use std::io::{self, BufRead as _, BufReader};

/// Maximum number of groups listed before the confirmation prompt. Larger selections are summarized by job.
const LISTED: usize = 50;

/// Deletes the selected groups, or only shows them with `--dry-run`.
pub(super) fn run(
    delete: &Delete,
    client: &Client,
    selection: &Selection,
    confirmation: Confirmation,
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let endpoint = &client.connection().endpoint;
    let mut snapshot = fetch_groups(client, context.printer)?;
    warn_of_text(&snapshot, context.printer);
    let fits = |place: &usize| selection.fits(&snapshot.groups[*place], snapshot.now);
    let mut places: Vec<usize> = (0..snapshot.groups.len()).filter(fits).collect();
    if places.is_empty() {
        warn_of_nothing(selection, context.printer);
    }
    if selection.older_than.is_some() && !delete.force {
        refuse_different_clocks(&snapshot)?;
    }
    if selection.asks_for_pushes() && !delete.force && !places.is_empty() {
        refuse_if_broken(&snapshot, client, context.printer)?;
    }
    if delete.dry_run {
        let selected = Selected { snapshot: &snapshot, places, metrics: false, wide: false };
        let format = delete.format.unwrap_or(ListFormat::Table);
        return selected.print(format, context.printer).map_err(Failure::output);
    }
    if !places.is_empty() && confirmation != Confirmation::Given {
        if confirmation == Confirmation::Missing {
            return Err(Failure::usage_with_hint(
                "deleting a selection needs confirmation, but there is no terminal",
                "--dry-run shows what would be deleted, --yes deletes without asking",
            ));
        }
        let selected = Selected { snapshot: &snapshot, places, metrics: false, wide: false };
        let (amount, all) = (selected.places.len(), snapshot.groups.len());
        let is_summary = amount > LISTED && context.printer.verbosity < Verbosity::Verbose;
        let table = if is_summary { selected.jobs() } else { selected.table().with_whole_keys() };
        // A failed write to standard error can't be reported anywhere.
        let _ = context.printer.table(Channel::Message, &table);
        if is_summary {
            context.printer.hint("-v shows every group");
        }
        let question =
            format!("Delete {} of {} on {endpoint}? [y/N]", thousands(amount), plural(all, "group"));
        if !ask(&question, context)? {
            context.printer.success("nothing was deleted");
            return print(delete.format, &snapshot, Vec::new(), context.printer).map_err(Failure::output);
        }
        let asked: Vec<Group> = selected.places.iter().map(|place| snapshot.groups[*place].clone()).collect();
        snapshot = fetch_groups(client, context.printer)?;
        places = unchanged(&snapshot, &asked, context.printer);
    }
    if places.is_empty() {
        context.printer.success("no group to delete");
        return print(delete.format, &snapshot, places, context.printer).map_err(Failure::output);
    }
    let sent = delete_each(client, &snapshot, &places, context.printer);
    finish(delete, client, &snapshot, places.len(), sent, context.printer)
}

/// Prints the deleted groups in the requested format. If no group was deleted, JSON output is an empty array, so that
/// programs can still parse it.
fn print(
    format: Option<ListFormat>,
    snapshot: &Snapshot,
    places: Vec<usize>,
    printer: &mut Printer<'_>,
) -> io::Result<()> {
    format.map_or(Ok(()), |format| {
        Selected { snapshot, places, metrics: false, wide: false }.print(format, printer)
    })
}

/// Returns an error if the clocks of the gateway and of this machine differ, because healthy groups may look old.
fn refuse_different_clocks(snapshot: &Snapshot) -> Result<(), Failure> {
    let Some(message) = different_clocks(snapshot) else { return Ok(()) };
    Err(Failure::Other(anyhow::anyhow!(
        "nothing was deleted: {message}. Fix the clocks first, or use --force to trust the gateway's clock."
    )))
}

/// Returns an error if the gateway rejects every push, because even healthy groups then look old or failed.
///
/// Not every cause is visible in the grouping keys, so the gateway is also scraped: any problem of this kind makes a
/// scrape fail.
fn refuse_if_broken(snapshot: &Snapshot, client: &Client, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let connection = client.connection();
    if snapshot.conflicts.broken.is_empty() {
        let Err(error) = scrape(client, printer) else { return Ok(()) };
        if !matches!(&error.kind, ErrorKind::Status(answered) if answered.status == 500) {
            printer.warning(
                "nothing was deleted: can't tell whether this gateway rejects every push (--force deletes anyway)",
            );
            return Err(error.into());
        }
        printer.warning("scraping the gateway fails");
        printer.hint(&format!(
            "to see which groups cause this, and how to fix it:\npushgw status{}",
            gateway_option(connection)
        ));
    } else {
        warn_of_conflicts(snapshot, connection, printer);
    }
    Err(Failure::Other(anyhow::anyhow!(
        "nothing was deleted: this gateway rejects every push, so healthy groups look old or failed. Fix it first (see above), or use --force."
    )))
}

/// Scrapes the gateway as Prometheus does.
fn scrape(client: &Client, printer: &mut Printer<'_>) -> Result<(), http::Error> {
    let endpoint = &client.connection().endpoint;
    let about = gateway::fetch_status(client, endpoint, &mut listener(printer))?;
    // A broken gateway is expected to answer 500, so there is nothing to retry.
    gateway::get_once(client, endpoint, about.telemetry_path(), &mut listener(printer)).map(drop)
}

/// Reads the user's answer from the terminal. End of input means no.
fn ask(question: &str, context: &mut Context<'_, '_>) -> Result<bool, Failure> {
    context.printer.prompt(question);
    let mut answer = Vec::new();
    BufReader::new(&mut *context.stdin)
        .read_until(b'\n', &mut answer)
        .map_err(|error| anyhow::anyhow!("can't read the answer: {}", reason(&error)))?;
    if answer.pop() != Some(b'\n') {
        // The input ended before the user pressed Enter.
        context.printer.end_question();
        return Ok(false);
    }
    let answer = String::from_utf8_lossy(&answer).trim().to_ascii_lowercase();
    Ok(answer == "y" || answer == "yes")
}

/// Returns the indices of the groups that have not changed since they were shown.
fn unchanged(snapshot: &Snapshot, asked: &[Group], printer: &mut Printer<'_>) -> Vec<usize> {
    let mut places = Vec::new();
    for (place, group) in snapshot.groups.iter().enumerate() {
        let Some(then) = find(asked, &group.labels) else { continue };
        if same_push(then, group) {
            places.push(place);
        } else {
            let labels = &group.labels;
            printer
                .warning(&format!("{labels} was not deleted, because it was pushed again in the meantime"));
        }
    }
    places
}

fn same_push(a: &Group, b: &Group) -> bool {
    (a.last_push, a.last_failure) == (b.last_push, b.last_failure)
}

/// Deletes each group. Returns the indices of the groups whose deletion was accepted, and the errors.
fn delete_each(
    client: &Client,
    snapshot: &Snapshot,
    places: &[usize],
    printer: &mut Printer<'_>,
) -> (Vec<usize>, BatchErrors) {
    let (mut accepted, mut errors) = (Vec::new(), BatchErrors::default());
    let all = plural(places.len(), "group");
    let interrupted = |accepted: &[usize]| format!("interrupted: {} of {all} deleted", accepted.len());
    printer.progress().guard();
    for (done, place) in places.iter().enumerate() {
        let group = &snapshot.groups[*place];
        printer.progress().begin(&format!("deleting {}/{}: {}", done + 1, places.len(), group.labels));
        printer.progress().on_interrupt(&interrupted(&accepted));
        let sent = match group.path() {
            Ok(path) => send(client, path, printer).map_err(Failure::from),
            Err(why) => Err(not_deleted(why, client)),
        };
        if sent.is_ok() {
            accepted.push(*place);
        }
        if errors.add(sent, &group.labels.to_string(), printer) {
            break;
        }
    }
    printer.progress().on_interrupt(&interrupted(&accepted));
    printer.progress().end();
    (accepted, errors)
}

/// Checks and reports which groups are gone.
fn finish(
    delete: &Delete,
    client: &Client,
    before: &Snapshot,
    wanted: usize,
    (accepted, errors): (Vec<usize>, BatchErrors),
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let (gone, left, again) = match outcome(client, before, &accepted, printer) {
        Ok(outcome) => outcome,
        // The deletions were sent, but their outcome is unknown.
        Err(failure) => return Err(errors.failure().unwrap_or(failure)),
    };
    for group in &again {
        printer.warning(&format!("{} was deleted, but has been pushed again since", group.labels));
    }
    let amount = format!(
        "deleted {} of {} on {}",
        gone.len() + again.len(),
        plural(wanted, "group"),
        client.connection().endpoint
    );
    // The groups are gone even if printing them fails, so the error is returned last.
    let shown = print(delete.format, before, gone, printer);
    if let Some(failure) = errors.failure() {
        printer.warning(&amount);
        return Err(failure);
    }
    if !left.is_empty() {
        let names: Vec<String> = left.iter().map(|group| group.labels.to_string()).collect();
        return Err(Failure::Other(anyhow::anyhow!(
            "{amount}: the gateway accepted the deletions, but still lists {}",
            names.join(", ")
        )));
    }
    printer.success(&amount);
    shown.map_err(Failure::output)
}

/// Indices of the groups that are gone, the groups that still exist unchanged, and the groups that were pushed to
/// again.
type Outcome<'a> = (Vec<usize>, Vec<&'a Group>, Vec<&'a Group>);

/// Determines what happened to the groups whose deletion was accepted.
fn outcome<'a>(
    client: &Client,
    before: &'a Snapshot,
    places: &[usize],
    printer: &mut Printer<'_>,
) -> Result<Outcome<'a>, Failure> {
    let (mut gone, mut left, mut again) = Outcome::default();
    if places.is_empty() {
        return Ok((gone, left, again));
    }
    let deleted: Vec<Group> = places.iter().map(|place| before.groups[*place].clone()).collect();
    let is_left = |now: &Group| find(&deleted, &now.labels).is_some_and(|was| same_push(was, now));
    let now = fetch_after(client, is_left, printer)?;
    for place in places {
        let was = &before.groups[*place];
        match find(&now, &was.labels) {
            None => gone.push(*place),
            Some(is) if same_push(is, was) => left.push(was),
            Some(_) => again.push(was),
        }
    }
    Ok((gone, left, again))
}
