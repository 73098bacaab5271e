//! The subcommands. Each one is a module with a `run` function, which gets the resolved settings and a [`Context`]. The
//! other modules are shared by several subcommands.

mod batch;
mod check;
mod completions;
mod convert;
mod delete;
mod group_output;
mod group_table;
mod list;
mod push;
mod receiver_status;
mod remote_write;
mod rules;
mod run;
mod scrape;
mod show;
mod status;
mod textfile;
mod watch;

use crate::cli::Command;
use crate::config;
use crate::diagnose::{commands, refusal};
use crate::env::Environment;
use crate::error::Failure;
use crate::exposition::model::Family;
use crate::gateway::{self, Group, Snapshot};
use crate::grouping::LabelSet;
use crate::http::{self, Client, ErrorKind, Event, Method, Request, Response};
use crate::output::Printer;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Read};
use std::time::Duration;

/// The environment, standard input and printer that every subcommand uses.
pub struct Context<'a, 'out> {
    pub environment: &'a Environment,
    pub stdin: &'a mut dyn Read,
    pub printer: &'a mut Printer<'out>,
}

pub fn run(command: Command, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let environment = context.environment;
    for suspicion in config::mistakes::of_command(&command, environment)? {
        context.printer.warning(&suspicion.message);
        context.printer.hint(&suspicion.hint);
    }
    match command {
        Command::Push(ref options) | Command::Add(ref options) => {
            let method = if matches!(command, Command::Push(_)) { Method::Put } else { Method::Post };
            let pushed = match config::PushGroups::resolve(method, &options.args, environment)? {
                Some(groups) => push::groups::run(&groups, context),
                None => push::run(&config::Push::resolve(method, &options.args, environment)?, context),
            };
            match pushed {
                Err(failure) if options.args.best_effort && failure.is_temporary() => {
                    context.printer.warning(&format!("{failure} (ignored because of --best-effort)"));
                    Ok(())
                }
                pushed => pushed,
            }
        }
        Command::Delete(options) => {
            delete::run(&config::Delete::resolve(&options.args, environment)?, context)
        }
        Command::List(options) => list::run(&config::List::resolve(&options.args, environment)?, context),
        Command::Show(options) => show::run(&config::Show::resolve(&options.args, environment)?, context),
        Command::Status(options) => {
            status::run(&config::Status::resolve(&options.args, environment)?, context)
        }
        Command::Check(options) => {
            let (settings, key) = config::Check::resolve(&options.args, environment)?;
            check::run(&settings, key.as_ref(), context)
        }
        Command::Convert(options) => {
            convert::run(&config::Check::resolve_convert(&options.args, environment)?, context)
        }
        Command::Run(options) => {
            let settings = config::Run::resolve(options.args, environment);
            run::run(settings.map_err(|failure| Failure::NotRun(Box::new(failure)))?, context)
        }
        Command::Rules(options) => rules::run(&config::AlertingRules::resolve(&options.args)?, context),
        Command::Completions(options) => completions::run(options.args.shell, context),
    }
}

fn fetch_groups(client: &Client, printer: &mut Printer<'_>) -> Result<Snapshot, Failure> {
    Ok(gateway::fetch_groups(client, &client.connection().endpoint, &mut listener(printer))?)
}

/// Fetches the gateway's groups and calls `make` with the families of each one. Returns an error if the gateway lacks
/// the API, because only the API shows which families a group has.
fn fetch_contents<T: Default>(
    client: &Client,
    make: impl FnMut(&LabelSet, Vec<Family>) -> T,
    printer: &mut Printer<'_>,
) -> Result<Snapshot<(Group, T)>, Failure> {
    let endpoint = &client.connection().endpoint;
    let snapshot = gateway::fetch_contents(client, endpoint, make, &mut listener(printer))?;
    if snapshot.from_text {
        return Err(Failure::Other(anyhow::anyhow!(
            "{endpoint} has no /api/v1/metrics, and /metrics does not show the contents of a group"
        )));
    }
    Ok(snapshot)
}

/// Sends a request. Prints retries with `-v`, and all requests and responses with `-vv`.
fn send(client: &Client, request: &Request<'_>, printer: &mut Printer<'_>) -> Result<Response, http::Error> {
    gateway::send(client, request, &mut listener(printer))
}

/// Returns a hint if the server turns out to be Prometheus. `of_many` is true for `push --groups` and `delete`,
/// which have no remote-write equivalent.
fn prometheus_hint(
    error: &http::Error,
    client: &Client,
    of_many: bool,
    listener: &mut dyn FnMut(Event),
) -> Option<String> {
    let connection = client.connection();
    let is_missing = matches!(&error.kind, ErrorKind::Status(rejection) if rejection.status == 404);
    if !is_missing || !gateway::is_prometheus(client, &connection.endpoint, listener) {
        return None;
    }
    let what = "this is a Prometheus server, not a Pushgateway";
    Some(if of_many {
        what.to_owned()
    } else {
        let instead = commands::write_instead(connection);
        format!("{what}\nif it runs with --web.enable-remote-write-receiver, use {instead}")
    })
}

/// Converts the error of a deletion, and adds a hint if the server turns out to be Prometheus.
fn explain_prometheus(mut error: http::Error, client: &Client, printer: &mut Printer<'_>) -> Failure {
    let client = client.with_time_left(error.elapsed);
    let hint = client.and_then(|client| prometheus_hint(&error, &client, true, &mut listener(printer)));
    error.hint = hint.or(error.hint);
    error.into()
}

/// Converts the error of a push, and adds the cause if it can be found in the gateway's groups.
fn explain(
    error: http::Error,
    push: &refusal::RejectedPush<'_>,
    client: &Client,
    of_many: bool,
    printer: &mut Printer<'_>,
) -> Failure {
    let connection = client.connection();
    let endpoint = &connection.endpoint;
    // The requests made here share the time limit of the failed request.
    let Some(client) = client.with_time_left(error.elapsed) else { return error.into() };
    if let Some(hint) = prometheus_hint(&error, &client, of_many, &mut listener(printer)) {
        return http::Error { hint: Some(hint), ..error }.into();
    }
    let mut fetch_error = None;
    let fetch = |read: refusal::Read<'_>| {
        let fetched = gateway::fetch_contents(&client, endpoint, read, &mut listener(printer));
        fetched.map_err(|error| fetch_error = Some(error)).ok()
    };
    let why = refusal::explain(&error.kind, push, connection, fetch);
    // If the server closes every connection, the push is not the cause.
    if let Some(other) =
        fetch_error.filter(|other| other.kind == ErrorKind::Closed && error.kind == other.kind)
    {
        return http::Error { hint: other.hint, ..error }.into();
    }
    if why.is_empty() { error.into() } else { Failure::Explained { error: Box::new(error), why } }
}

/// Returns a callback that prints the events of a request.
fn listener(printer: &mut Printer<'_>) -> impl FnMut(Event) {
    move |event| match event {
        Event::Retry { tries, reason, wait, asked } => {
            printer.note(&retry_note(tries, &reason, wait));
            if asked {
                printer.progress().pause(&format!("waiting {}s, as the server requested", wait.as_secs()));
            }
        }
        Event::Waiting { server, tries } => {
            printer.progress().wait_for(&format!("waiting for {server}"), tries);
        }
        Event::Exchange(line) => printer.debug(line),
    }
}

fn retry_note(tries: u32, reason: &str, wait: Duration) -> String {
    format!("attempt {tries} failed: {reason}; retrying in {} ms", wait.as_millis())
}

fn print_json(value: &impl Serialize, printer: &mut Printer<'_>) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    printer.result(&text)
}

/// Formats a count with its noun, such as `1 group` or `2 groups`.
fn plural<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    if count == N::from(1) { format!("1 {noun}") } else { format!("{} {noun}s", thousands(count)) }
}

/// Formats an integer with thousands separators, such as `10,000`.
fn thousands(count: impl Display) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
