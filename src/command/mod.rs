//! One file a subcommand, all of one shape: `run(what config resolved, context) -> Result<(), Failure>`.

mod add_and_push;
mod check;
mod completions;
mod culprits;
mod delete;
mod delete_selection;
mod diff;
mod explain;
mod list;
mod restore;
mod scraped;
mod selected;
mod show;
mod status;
mod worst;

use crate::cli::Command;
use crate::config;
use crate::env::Environment;
use crate::error::Failure;
use crate::gateway::{self, Answer, Client, Event, Fault, Method, Request};
use crate::output::Printer;
use std::fmt::Display;
use std::io::Read;

/// What every subcommand is handed.
pub struct Context<'a, 'out> {
    /// The surroundings.
    pub environment: &'a Environment,
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// The only writer.
    pub printer: &'a mut Printer<'out>,
}

/// Does what the command line says.
///
/// # Errors
///
/// Every [`Failure`] there is.
pub fn run(command: Command, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let environment = context.environment;
    match command {
        Command::Push(ref late) | Command::Add(ref late) => {
            let method = if matches!(command, Command::Push(_)) { Method::Put } else { Method::Post };
            match config::Restore::resolve(method, &late.0, environment)? {
                Some(restore) => restore::run(&restore, context),
                None => add_and_push::run(&config::Push::resolve(method, &late.0, environment)?, context),
            }
        }
        Command::Delete(late) => delete::run(&config::Delete::resolve(&late.0, environment)?, context),
        Command::List(late) => list::run(&config::List::resolve(&late.0, environment)?, context),
        Command::Show(late) => show::run(&config::Show::resolve(&late.0, environment)?, context),
        Command::Status(late) => status::run(&config::Status::resolve(&late.0, environment)?, context),
        Command::Check(late) => {
            let (settings, key) = config::resolve_check(&late.0, environment)?;
            check::run(&settings, key.as_ref(), context)
        }
        Command::Completions { shell } => completions::run(shell.into(), context),
    }
}

/// Sends a request and tells what happens meanwhile: further tries with `-v`, the whole exchange with `-vv`.
fn send(client: &Client, request: &Request<'_>, printer: &mut Printer<'_>) -> Result<Answer, Fault> {
    gateway::send(client, request, &mut listener(printer))
}

/// Tells what happens during an exchange, and that it is waited for.
fn listener(printer: &mut Printer<'_>) -> impl FnMut(Event) {
    move |event| match event {
        Event::Retry { tries, reason, wait } => {
            printer.note(&format!("try {tries} failed: {reason}; the next in {} ms", wait.as_millis()));
        }
        Event::Waiting { server, tries } => {
            printer.progress().wait_for(&format!("waiting for {server}"), tries);
        }
        Event::Exchange(line) => printer.debug(line),
    }
}

/// `1 group`, `2 groups`.
fn plural<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    if count == N::from(1) { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
