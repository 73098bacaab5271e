//! One file a subcommand, all of one shape: `run(what config resolved, context) -> Result<(), Failure>`.

mod add_and_push;
mod check;
mod completions;
mod delete;
mod list;

use crate::cli::Command;
use crate::config;
use crate::env::Environment;
use crate::error::Failure;
use crate::gateway::{Answer, Client, Event, Fault, Method, Request};
use crate::output::Printer;
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
        Command::Push(args) => {
            add_and_push::run(&config::Push::resolve(Method::Put, &args, environment)?, context)
        }
        Command::Add(args) => {
            add_and_push::run(&config::Push::resolve(Method::Post, &args, environment)?, context)
        }
        Command::Delete(args) => delete::run(&config::Delete::resolve(&args, environment)?, context),
        Command::List(args) => list::run(&config::List::resolve(&args, environment)?, context),
        Command::Check(args) => {
            let (settings, key) = config::resolve_check(&args, environment)?;
            check::run(&settings, key.as_ref(), context)
        }
        Command::Completions { shell } => completions::run(shell, context),
    }
}

/// Sends a request and tells what happens meanwhile: further tries with `-v`, the whole exchange with `-vv`.
fn send(client: &Client, request: &Request<'_>, printer: &mut Printer<'_>) -> Result<Answer, Fault> {
    client.send_told(request, &mut |event| match event {
        Event::Retry { tries, reason, wait } => {
            printer.note(&format!("try {tries} failed: {reason}; the next in {} ms", wait.as_millis()));
        }
        Event::Exchange(line) => printer.debug(line),
    })
}
