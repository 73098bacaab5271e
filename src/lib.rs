//! pushgw pushes Prometheus metrics to a Pushgateway, says before sending what the gateway would refuse, and shows
//! and cleans what the gateway holds.
//!
//! This library is the program: `main.rs` only hands the process to [`run`]. It is no stable interface for others.
//!
//! # The map
//!
//! The rooms are named after the domain, and data goes through them forwards only:
//! arguments → [`config`] → [`input`] → [`exposition`] → [`gateway`] → [`output`] → exit code ([`error`]).
//!
//! | room | what it owns |
//! | --- | --- |
//! | [`cli`] | the options and their help, as clap structs |
//! | [`env`](mod@env) | variables and terminals, captured once |
//! | [`config`] | flag > variable > default, and the rules across options |
//! | [`command`] | one file a subcommand |
//! | [`input`] | files and standard input, read whole |
//! | [`exposition`] | the text format: scanner, rules, repairs, diagnostics (pure) |
//! | [`grouping`] | labels, the grouping key, its path, matchers (pure) |
//! | [`gateway`] | the server: addresses, requests, what it answers (pure), and the client (the only one that names ureq) |
//! | [`output`] | the only writer: streams, colour, tables, diagnostics as text |
//! | [`error`] | the ways to fail and their exit codes |
//!
//! Who may use whom is held by `tests/it/layering.rs`.

pub mod cli;
pub mod command;
pub mod config;
pub mod duration;
pub mod env;
pub mod error;
pub mod exposition;
pub mod gateway;
pub mod grouping;
pub mod input;
pub mod output;
pub mod secret;
pub mod signal;

use clap::error::ContextValue;
use clap::{CommandFactory, FromArgMatches, ValueEnum as _};
use env::Environment;
use error::{Failure, exit_code};
use output::{Channel, Printer, Verbosity, sanitise};
use std::ffi::OsString;
use std::io::{self, Read, Write};

/// The process's streams.
pub struct Streams<'a> {
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// Standard output.
    pub stdout: &'a mut dyn Write,
    /// Standard error.
    pub stderr: &'a mut dyn Write,
    /// Standard error once more, for the thread that shows there what takes long; `None` has it shown nowhere.
    pub progress: Option<Box<dyn Write + Send>>,
}

/// Runs the program with `args` (the program's name first) and returns its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: &Environment, streams: Streams<'_>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let color = colour_choice(&args);
    let mut command = command_line().term_width(help_width(environment));
    let parsed = parse(&mut command, args);
    let (terminal, verbosity) = match &parsed {
        Ok(cli) => (config::terminal(cli.output.color, environment), config::verbosity(&cli.output)),
        Err(_) => (config::terminal(color, environment), Verbosity::default()),
    };
    let mut printer =
        Printer::new(streams.stdout, streams.stderr, terminal, verbosity).with_progress(streams.progress);
    let done = match parsed {
        Ok(cli) => {
            let mut context = command::Context { environment, stdin: streams.stdin, printer: &mut printer };
            command::run(cli.command, &mut context)
        }
        Err(said) if said.use_stderr() => {
            // Who can't be told of the fault still has the exit code.
            let _ = say(Channel::Message, said, &mut printer);
            return exit_code::USAGE;
        }
        Err(said) => say(Channel::Result, said, &mut printer).map_err(Failure::output),
    };
    // What is still buffered can fail to be written too, and must be told while there is a printer to tell it.
    let done = done.and_then(|()| printer.flush().map_err(Failure::output));
    if let Err(failure) = &done {
        tell(failure, &mut printer);
    }
    match done {
        Ok(()) => exit_code::DONE,
        Err(failure) => failure.exit_code(),
    }
}

/// Reads the arguments. clap takes a `--` with nothing behind it for no `--` at all, and what stands there as `-- $CMD`
/// without the variable would be a push of standard input.
fn parse(command: &mut clap::Command, args: Vec<OsString>) -> Result<cli::Cli, clap::Error> {
    let is_cut = args.last().is_some_and(|last| last == "--");
    let cli = cli::Cli::from_arg_matches(&command.try_get_matches_from_mut(args)?)?;
    match &cli.command {
        cli::Command::Push(push) | cli::Command::Add(push) if is_cut && push.producer.is_empty() => {
            let told = "no COMMAND behind `--`: is the variable set?";
            Err(command.error(clap::error::ErrorKind::MissingRequiredArgument, told))
        }
        _ => Ok(cli),
    }
}

/// What `--color` says, for what clap says itself: at a fault and at `--help` it tells nothing of the other options.
fn colour_choice(args: &[OsString]) -> cli::ColorWhen {
    let mut args = args.iter().take_while(|arg| *arg != "--").filter_map(|arg| arg.to_str());
    while let Some(arg) = args.next() {
        let value = if arg == "--color" { args.next() } else { arg.strip_prefix("--color=") };
        if let Some(choice) = value.and_then(|value| cli::ColorWhen::from_str(value, false).ok()) {
            return choice;
        }
    }
    cli::ColorWhen::Auto
}

/// As wide as the terminal, unless that is hard to read.
fn help_width(environment: &Environment) -> usize {
    const WIDEST: usize = 100;
    environment.width.map_or(WIDEST, |width| width.clamp(1, WIDEST))
}

/// The command line as clap knows it, for the generators of the completions and the manual pages.
#[must_use]
pub fn command_line() -> clap::Command {
    cli::Cli::command()
}

fn tell(failure: &Failure, printer: &mut Printer<'_>) {
    if !matches!(failure, Failure::OutputClosed) {
        let details = failure.details().unwrap_or_default();
        printer.error(&failure.to_string(), details, failure.hint().as_deref());
    }
}

/// Says what clap has to say: the help, the version, or a fault, which quotes what was typed.
fn say(channel: Channel, mut said: clap::Error, printer: &mut Printer<'_>) -> io::Result<()> {
    let terminal = printer.terminal();
    let safe = |text: &String| sanitise::text(text, terminal.charset).into_owned();
    let quoted = said.context().filter_map(|(kind, value)| match value {
        ContextValue::String(text) => Some((kind, ContextValue::String(safe(text)))),
        ContextValue::Strings(texts) => Some((kind, ContextValue::Strings(texts.iter().map(safe).collect()))),
        _ => None,
    });
    for (kind, value) in quoted.collect::<Vec<_>>() {
        said.insert(kind, value);
    }
    let stream = match channel {
        Channel::Result => terminal.stdout,
        Channel::Message => terminal.stderr,
    };
    let text = said.render();
    printer.write(channel, &if stream.colour { text.ansi().to_string() } else { text.to_string() })
}
