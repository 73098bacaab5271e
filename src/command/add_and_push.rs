//! `push` (PUT) and `add` (POST): read all, check all, send once.

use super::explain::{Refused, explain};
use super::show::GROUP_LINE;
use super::{Context, check, diff};
use crate::config::{Action, Push};
use crate::error::Failure;
use crate::gateway::{Body, Client, EXPOSITION_TEXT, Method, Request, curl};
use crate::input;
use memchr::memmem;

/// Pushes, or prints what would be pushed.
pub(super) fn run(push: &Push, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let input = input::read(&push.check.origins, context.stdin, context.printer.progress())?;
    no_mixture(&input.bytes)?;
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
            let answer = super::send(&client, &request, context.printer).map_err(|fault| {
                let refused = Refused { method: push.method, key: &push.key, body: &accepted.body };
                explain(fault, &refused, &client, context.printer)
            })?;
            if answer.status == 202 {
                context.printer.warning(
                    "the gateway answered 202: it runs without consistency checks, so the push was queued, not verified",
                );
            }
            let done = match push.method {
                Method::Post => "added to",
                _ => "pushed to",
            };
            context.printer.success(&format!(
                "{done} {} on {}: {}",
                push.key,
                push.connection.endpoint,
                accepted.amount()
            ));
            Ok(())
        }
    }
}

/// What `show` printed of several groups would be mixed in one: to the gateway the lines between them are comments.
fn no_mixture(text: &[u8]) -> Result<(), Failure> {
    let another = format!("\n{GROUP_LINE}");
    if text.starts_with(GROUP_LINE.as_bytes()) && memmem::find(text, another.as_bytes()).is_some() {
        return Err(Failure::usage_with_hint(
            "the text is what `pushgw show` printed of several groups: in one they would be mixed",
            "--groups FILE pushes each to its own; --groups - reads standard input",
        ));
    }
    Ok(())
}
