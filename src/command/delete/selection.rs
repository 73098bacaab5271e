//! `delete` by selection: fetch, show, ask, fetch again, delete each group by its own key, fetch once more.
//!
//! The groups are fetched three times, however many there are. The first fetch selects. The second, after an answer that
//! may have taken a person hours, spares the groups that were pushed to meanwhile. The third shows what is really gone,
//! because the gateway answers 202 to everything.

use super::request::{PATIENCE, PAUSE, not_deleted, send};
use crate::command::batch::BatchErrors;
use crate::command::group_output::{Selected, warn_of_conflicts, warn_of_text};
use crate::command::{Context, listener, plural};
use crate::config::{Delete, ListFormat};
use crate::diagnose::commands::gateway_option;
use crate::error::Failure;
use crate::gateway::{self, Group, Selection, Snapshot};
use crate::grouping::LabelSet;
use crate::http::{Client, ErrorKind, Url};
use crate::os::reason;
use crate::output::{Channel, Printer};
use std::io::{self, BufRead as _, BufReader};
use std::thread;
use std::time::Instant;

/// Deletes the selected groups, or shows them.
pub(super) fn run(
    delete: &Delete,
    client: &Client,
    selection: &Selection,
    confirmed: bool,
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let endpoint = &delete.connection.endpoint;
    let mut snapshot = gateway::fetch_groups(client, endpoint, &mut listener(context.printer))?;
    warn_of_text(&snapshot, context.printer);
    let mut places = chosen(&snapshot, selection);
    if selection.asks_for_pushes() && !delete.force && !places.is_empty() {
        refuse_if_broken(&snapshot, delete, client, context.printer)?;
    }
    if delete.dry_run {
        let selected = Selected { snapshot: &snapshot, places, metrics: false };
        let format = delete.format.unwrap_or(ListFormat::Table);
        return selected.print(format, context.printer).map_err(Failure::output);
    }
    if !places.is_empty() && !confirmed {
        let selected = Selected { snapshot: &snapshot, places, metrics: false };
        let amount = selected.places.len();
        // An error of standard error cannot be reported.
        let _ = context.printer.table(Channel::Message, &selected.table());
        let question = format!("delete {} on {endpoint}? [y/N]", plural(amount, "group"));
        if !ask(&question, context)? {
            context.printer.success("nothing was deleted");
            return print(delete.format, &snapshot, Vec::new(), context.printer).map_err(Failure::output);
        }
        let asked: Vec<Group> = selected.places.iter().map(|place| snapshot.groups[*place].clone()).collect();
        snapshot = gateway::fetch_groups(client, endpoint, &mut listener(context.printer))?;
        places = unchanged(&snapshot, &asked, context.printer);
    }
    if places.is_empty() {
        context.printer.success("no group to delete");
        return print(delete.format, &snapshot, places, context.printer).map_err(Failure::output);
    }
    let sent = delete_each(delete, client, &snapshot, &places, context.printer);
    finish(delete, client, &snapshot, places.len(), sent, context.printer)
}

/// Prints the deleted groups in the requested format. Without any, JSON is still an array, for programs that read it.
fn print(
    format: Option<ListFormat>,
    snapshot: &Snapshot,
    places: Vec<usize>,
    printer: &mut Printer<'_>,
) -> io::Result<()> {
    format.map_or(Ok(()), |format| Selected { snapshot, places, metrics: false }.print(format, printer))
}

fn chosen(snapshot: &Snapshot, selection: &Selection) -> Vec<usize> {
    (0..snapshot.groups.len())
        .filter(|place| selection.fits(&snapshot.groups[*place], snapshot.now))
        .collect()
}

/// Rejects the deletion on a gateway that rejects every push, because healthy groups look old or failed there.
///
/// The keys of the groups do not show every cause, but each cause makes a scrape fail.
fn refuse_if_broken(
    snapshot: &Snapshot,
    delete: &Delete,
    client: &Client,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let endpoint = &delete.connection.endpoint;
    let mut broken = !snapshot.conflicts.broken.is_empty();
    if broken {
        warn_of_conflicts(snapshot, &delete.connection, printer);
    } else if let Err(failure) = scrape(client, endpoint, printer) {
        let is_refusal = matches!(&failure, Failure::Exchange(error)
            if matches!(&error.kind, ErrorKind::Status(answered) if answered.status == 500));
        if !is_refusal {
            printer.warning(
                "nothing was deleted: it is not known whether this gateway rejects every push (--force deletes anyway)",
            );
            return Err(failure);
        }
        broken = true;
        let option = gateway_option(&delete.connection);
        printer.warning("a scrape of the gateway fails");
        printer.hint(&format!(
            "this names the groups that cause it, and the commands that fix it\npushgw status{option}"
        ));
    }
    if !broken {
        return Ok(());
    }
    Err(Failure::Other(anyhow::anyhow!(
        "nothing was deleted: this gateway rejects every push, so healthy groups look old or failed. Fix it first (see above), or use --force."
    )))
}

/// Scrapes the gateway as Prometheus does.
fn scrape(client: &Client, endpoint: &Url, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let about = gateway::fetch_status(client, endpoint, &mut listener(printer))?;
    // A 500 is the expected answer of a broken gateway, so there is nothing to retry.
    gateway::get_once(client, endpoint, about.telemetry_path(), &mut listener(printer))?;
    Ok(())
}

/// The answer of the person at the terminal. The end of input means no.
fn ask(question: &str, context: &mut Context<'_, '_>) -> Result<bool, Failure> {
    context.printer.prompt(question);
    let mut answer = Vec::new();
    BufReader::new(&mut *context.stdin)
        .read_until(b'\n', &mut answer)
        .map_err(|error| anyhow::anyhow!("can't read the answer: {}", reason(&error)))?;
    if answer.pop() != Some(b'\n') {
        // The answer was not confirmed with Enter.
        context.printer.end_question();
        return Ok(false);
    }
    let answer = String::from_utf8_lossy(&answer).trim().to_ascii_lowercase();
    Ok(answer == "y" || answer == "yes")
}

/// The places of the groups that have not changed since the question.
fn unchanged(snapshot: &Snapshot, asked: &[Group], printer: &mut Printer<'_>) -> Vec<usize> {
    let mut places = Vec::new();
    for (place, group) in snapshot.groups.iter().enumerate() {
        let Some(then) = find(asked, &group.labels) else { continue };
        if same_push(then, group) {
            places.push(place);
        } else {
            printer.warning(&format!("{} was pushed to meanwhile and is kept", group.labels));
        }
    }
    places
}

/// The group with these labels, among groups in the order in which they are listed.
fn find<'a>(groups: &'a [Group], labels: &LabelSet) -> Option<&'a Group> {
    groups.binary_search_by(|group| group.labels.cmp(labels)).ok().map(|place| &groups[place])
}

fn same_push(a: &Group, b: &Group) -> bool {
    (a.last_push, a.last_failure) == (b.last_push, b.last_failure)
}

/// The results of the requests.
#[derive(Default)]
struct Sent {
    /// The places of the groups whose deletion the gateway accepted.
    accepted: Vec<usize>,
    /// The others.
    errors: BatchErrors,
}

fn delete_each(
    delete: &Delete,
    client: &Client,
    snapshot: &Snapshot,
    places: &[usize],
    printer: &mut Printer<'_>,
) -> Sent {
    let mut all = Sent::default();
    for (done, place) in places.iter().enumerate() {
        let group = &snapshot.groups[*place];
        printer.progress().begin(&format!("deleting {}/{}: {}", done + 1, places.len(), group.labels));
        let sent = match group.path() {
            Ok(path) => send(client, delete, path, printer),
            Err(why) => Err(not_deleted(why, &delete.connection)),
        };
        if sent.is_ok() {
            all.accepted.push(*place);
        }
        if all.errors.add(sent, &group.labels.to_string(), printer) {
            break;
        }
    }
    printer.progress().end();
    all
}

/// Checks which groups are gone, and reports it.
fn finish(
    delete: &Delete,
    client: &Client,
    before: &Snapshot,
    wanted: usize,
    Sent { accepted, errors }: Sent,
    printer: &mut Printer<'_>,
) -> Result<(), Failure> {
    let (there, again) = match left(delete, client, before, &accepted, printer) {
        Ok(left) => left,
        // The deletions were sent, but their result is not known.
        Err(failure) => return Err(errors.failure().unwrap_or(failure)),
    };
    for place in &again {
        printer.warning(&format!("{} was pushed to again and is back", before.groups[*place].labels));
    }
    let is_left = |place: &usize| there.contains(place) || again.contains(place);
    let gone: Vec<usize> = accepted.iter().copied().filter(|place| !is_left(place)).collect();
    let amount = format!(
        "deleted {} of {} on {}",
        gone.len() + again.len(),
        plural(wanted, "group"),
        delete.connection.endpoint
    );
    // A closed output does not change what was deleted.
    let told = print(delete.format, before, gone, printer);
    if let Some(failure) = errors.failure() {
        printer.warning(&amount);
        return Err(failure);
    }
    if !there.is_empty() {
        let names = there.iter().map(|place| before.groups[*place].labels.to_string());
        return Err(Failure::Other(anyhow::anyhow!(
            "{amount}: the gateway accepted the deletions, but still lists {}",
            names.collect::<Vec<_>>().join(", ")
        )));
    }
    printer.success(&amount);
    told.map_err(Failure::output)
}

/// Which of these groups, whose deletions were accepted, are still there: as they were, and pushed to again. Deletions
/// are queued, so the groups are fetched until none is there or [`PATIENCE`] ends.
fn left(
    delete: &Delete,
    client: &Client,
    before: &Snapshot,
    places: &[usize],
    printer: &mut Printer<'_>,
) -> Result<(Vec<usize>, Vec<usize>), Failure> {
    if places.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let begin = Instant::now();
    loop {
        let now = gateway::fetch_groups(client, &delete.connection.endpoint, &mut listener(printer))?.groups;
        let (mut there, mut again) = (Vec::new(), Vec::new());
        for place in places {
            let was = &before.groups[*place];
            match find(&now, &was.labels) {
                Some(is) if same_push(is, was) => there.push(*place),
                Some(_) => again.push(*place),
                None => {}
            }
        }
        if there.is_empty() || begin.elapsed() >= PATIENCE {
            return Ok((there, again));
        }
        thread::sleep(PAUSE);
    }
}
