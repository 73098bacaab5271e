//! The `push` (PUT) and `add` (POST) subcommands. They read and check all input before sending a request.

mod diff;
pub(super) mod groups;

use super::remote_write;
use super::show::GROUP_LINE;
use super::textfile::{self, Update};
use super::{Context, check};
use crate::command::check::Accepted;
use crate::config::{Action, Destination, Push, Textfile};
use crate::diagnose::refusal;
use crate::env::stdin_has_bytes;
use crate::error::Failure;
use crate::gateway::EXPOSITION_TEXT;
use crate::gateway::diff::Replaces;
use crate::http::{Body, Client, Connection, Method, Request, curl_command};
use crate::input;
use memchr::memmem;

/// Pushes the metrics, or only prints what would be pushed.
pub(super) fn run(push: &Push, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    push_text(push, context)?;
    // This check comes last, because the process that writes to the pipe may have started after this one.
    if !context.environment.stdin_is_terminal && !push.reads_stdin && stdin_has_bytes() {
        context.printer.warning("standard input has data that was not read");
        context.printer.hint("add `-` to the files to read it, or use </dev/null to ignore it");
    }
    Ok(())
}

fn push_text(push: &Push, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let input = input::read(&push.check.origins, context.stdin, context.printer.progress())?;
    reject_group_lines(&input.bytes)?;
    let accepted = check::accept(&push.check, Some(&push.key), &input, context.printer)?;
    match &push.destination {
        Destination::Gateway(connection) => to_gateway(push, connection, &accepted, context),
        Destination::Textfile(textfile) => to_file(push, textfile, &accepted, context),
        Destination::RemoteWrite(receiver) => {
            remote_write::push(push.action, receiver, &push.key, &accepted.body, context)
        }
    }
}

fn replaces(push: &Push) -> Replaces {
    match push.method {
        Method::Post => Replaces::Families,
        _ => Replaces::Group,
    }
}

fn to_file(
    push: &Push,
    textfile: &Textfile,
    accepted: &Accepted<'_>,
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let (key, body, replaces) = (&push.key, &accepted.body, replaces(push));
    if push.action != Action::Send {
        let update = Update::preview(textfile, key, body, replaces)?;
        return match push.action {
            Action::Diff => diff::print(push, update.before.as_deref(), &update.pushed, context),
            _ => update.print(context.printer),
        };
    }
    let path = textfile::write(textfile, key, body, replaces)?;
    let done = if replaces == Replaces::Families { "added to" } else { "pushed to" };
    context.printer.success(&format!("{done} {key} in {}: {}", path.display(), accepted.amount));
    Ok(())
}

fn to_gateway(
    push: &Push,
    connection: &Connection,
    accepted: &Accepted<'_>,
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let request = Request {
        method: push.method,
        endpoint: &connection.endpoint,
        path: push.key.path(),
        body: Some(Body::new(&accepted.body, EXPOSITION_TEXT, connection.encoding)),
    };
    match push.action {
        Action::Print => {
            context.printer.result(request.head(&connection.headers).as_bytes()).map_err(Failure::output)?;
            context.printer.result(&accepted.body).map_err(Failure::output)
        }
        Action::PrintCurl => {
            let command = curl_command::command(&request, connection).map_err(anyhow::Error::new)?;
            context.printer.result(&command).map_err(Failure::output)
        }
        Action::Diff => diff::run(push, connection, &accepted.body, context),
        Action::Send => {
            let client = Client::new(connection);
            context.printer.progress().on_interrupt("interrupted: the push may have been stored");
            let answer = super::send(&client, &request, context.printer).map_err(|error| {
                let refused =
                    refusal::RejectedPush { method: push.method, key: &push.key, body: &accepted.body };
                super::explain(error, &refused, &client, false, context.printer)
            })?;
            if answer.status == 202 {
                context.printer.success(
                    "the gateway answered 202: it runs without consistency checks, so the push was queued, not verified",
                );
            }
            let done = match push.method {
                Method::Post => "added to",
                _ => "pushed to",
            };
            context
                .printer
                .success(&format!("{done} {} on {}: {}", push.key, connection.endpoint, accepted.amount));
            Ok(())
        }
    }
}

/// Rejects the output of `show` for several groups. The group lines are comments, so all metrics would end up in one
/// group.
fn reject_group_lines(text: &[u8]) -> Result<(), Failure> {
    let another = format!("\n{GROUP_LINE}");
    if text.starts_with(GROUP_LINE.as_bytes()) && memmem::find(text, another.as_bytes()).is_some() {
        return Err(Failure::usage_with_hint(
            "the input is the output of `pushgw show` for several groups, but all of it would go to one group",
            "to push each group separately: --groups FILE, or --groups - for standard input",
        ));
    }
    Ok(())
}
