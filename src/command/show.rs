//! The `show` subcommand: prints the metrics of groups as text that can be pushed again, to the same or another
//! gateway.

use super::delete::no_such_group;
use super::group_output::{meant, warn_of_unnamed};
use super::{Context, fetch_contents};
use crate::config::{Show, ShowTarget, matchers};
use crate::diagnose::commands::gateway_option;
use crate::error::Failure;
use crate::exposition::model::{Family, write_families};
use crate::gateway::contents::losses;
use crate::gateway::{Group, State};
use crate::grouping::{Label, LabelSet};
use crate::http::Client;
use crate::output::Printer;
use std::io;

/// Start of the line that precedes each group if several are printed. `push --groups` reads these lines.
pub(super) const GROUP_LINE: &str = "# pushgw group ";

/// A group as text, with a message about each part that the text cannot represent.
#[derive(Debug, Default)]
struct Copied {
    text: String,
    losses: Vec<String>,
}

/// Fetches the groups and prints the requested ones.
pub(super) fn run(show: &Show, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let wanted = |labels: &LabelSet| match &show.target {
        ShowTarget::Group(key) => labels.get("job") == Some(key.job()),
        ShowTarget::Selection(selection) => {
            // These labels may lack an empty `instance`, but a matcher treats an empty label like a missing one.
            selection.matchers.iter().all(|matcher| matcher.matches(labels))
        }
    };
    let copy = |labels: &LabelSet, families: Vec<Family>| {
        let mut copied = Copied::default();
        if wanted(labels) {
            write_families(&mut copied.text, labels, &families);
            copied.losses = losses(&families);
        }
        copied
    };
    let client = Client::new(&show.connection);
    let snapshot = fetch_contents(&client, copy, context.printer)?;
    let printed = match &show.target {
        ShowTarget::Group(key) => {
            let found = snapshot.groups.iter().find(|(group, _)| group.labels.iter().eq(key.labels()));
            let Some((group, copied)) = found else {
                let groups = snapshot.groups.iter().map(|(group, _)| group);
                let command = |labels: &[Label]| {
                    let option = gateway_option(&show.connection);
                    format!("to show them: pushgw show {}{option}", matchers(labels))
                };
                return Err(no_such_group(groups, key, &client, &command));
            };
            print(group, copied, None, context.printer)
        }
        ShowTarget::Selection(selection) => {
            let fits = |(group, _): &&(Group, Copied)| selection.fits(group, snapshot.now);
            let mut chosen = snapshot.groups.iter().filter(fits).peekable();
            if chosen.peek().is_none() {
                let hint = meant(selection).map(|(why, hint)| format!("{why}: {hint}"));
                let gateway = show.connection.endpoint.to_string();
                return Err(Failure::NothingSelected { gateway, hint });
            }
            several(chosen, context.printer)
        }
    };
    printed.map_err(Failure::output)
}

fn several<'a>(
    groups: impl Iterator<Item = &'a (Group, Copied)>,
    printer: &mut Printer<'_>,
) -> io::Result<()> {
    let mut unnamed = Vec::new();
    for (group, copied) in groups {
        if group.state == State::Never {
            // The group has no metrics. Pushing it again would make it look as if a push had succeeded.
            printer.note(&format!("{} is left out: it never had a successful push", group.labels));
            continue;
        }
        match group.path() {
            Ok(path) => print(group, copied, Some(&path), printer)?,
            Err(why) => unnamed.push((&group.labels, why)),
        }
    }
    warn_of_unnamed(&unnamed, printer);
    Ok(())
}

/// Prints a group, after a line with its path if there is one.
fn print(group: &Group, copied: &Copied, path: Option<&str>, printer: &mut Printer<'_>) -> io::Result<()> {
    for loss in &copied.losses {
        printer.warning(&format!("{}: {loss}", group.labels));
    }
    if let Some(path) = path {
        printer.result(format!("{GROUP_LINE}{path}\n").as_bytes())?;
    }
    printer.result(copied.text.as_bytes())
}
