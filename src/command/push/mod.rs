//! `push` (PUT) and `add` (POST): reads and checks everything before it sends a single request.

mod diff;
pub(super) mod groups;

use super::show::GROUP_LINE;
use super::{Context, check};
use crate::config::{Action, Push};
use crate::diagnose::refusal;
use crate::env::stdin_has_bytes;
use crate::error::Failure;
use crate::gateway::EXPOSITION_TEXT;
use crate::http::{Body, Client, Method, Request, curl};
use crate::input;
use memchr::memmem;

/// Pushes, or only prints what would be pushed.
pub(super) fn run(push: &Push, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    push_text(push, context)?;
    // This is checked last, because the writer of the pipe may have started later than this process.
    if context.environment.stdin_is_pipe && !push.check.reads_stdin() && stdin_has_bytes() {
        context.printer.warning("standard input holds data that was not read");
        context.printer.hint("add `-` to the files to read it, or </dev/null if it is not for pushgw");
    }
    Ok(())
}

fn push_text(push: &Push, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let input = input::read(&push.check.origins, context.stdin, context.printer.progress())?;
    reject_group_lines(&input.bytes)?;
    let accepted = check::accept(&push.check, Some(&push.key), &input, context.printer)?;
    let request = Request {
        method: push.method,
        endpoint: &push.connection.endpoint,
        path: push.key.path(),
        body: Some(Body::new(&accepted.body, EXPOSITION_TEXT, push.connection.encoding)),
    };
    match push.action {
        Action::Print => {
            context
                .printer
                .result(request.head(&push.connection.headers).as_bytes())
                .map_err(Failure::output)?;
            context.printer.result(&accepted.body).map_err(Failure::output)
        }
        Action::PrintCurl => {
            let command = curl::command(&request, &push.connection).map_err(anyhow::Error::new)?;
            context.printer.result(&command).map_err(Failure::output)
        }
        Action::Diff => diff::run(push, &accepted.body, context),
        Action::Send => {
            let client = Client::new(&push.connection);
            context.printer.progress().on_interrupt("interrupted: the push may have been stored");
            let answer = super::send(&client, &request, context.printer).map_err(|error| {
                let refused =
                    refusal::RejectedPush { method: push.method, key: &push.key, body: &accepted.body };
                super::explain(error, &refused, &client, context.printer)
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
            context.printer.success(&format!(
                "{done} {} on {}: {}",
                push.key, push.connection.endpoint, accepted.amount
            ));
            Ok(())
        }
    }
}

/// Rejects the output of `show` for several groups. Their group lines are comments, so all metrics would go to one
/// group.
fn reject_group_lines(text: &[u8]) -> Result<(), Failure> {
    let another = format!("\n{GROUP_LINE}");
    if text.starts_with(GROUP_LINE.as_bytes()) && memmem::find(text, another.as_bytes()).is_some() {
        return Err(Failure::usage_with_hint(
            "the input is the output of `pushgw show` for several groups, and would all go to one group",
            "to push each to its own group: --groups FILE, or --groups - for standard input",
        ));
    }
    Ok(())
}
