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

use clap::{CommandFactory, FromArgMatches};
use env::Environment;
use error::{Failure, exit_code};
use output::{Printer, Terminal, Verbosity};
use std::ffi::OsString;
use std::io::{Read, Write};

/// The process's streams.
pub struct Streams<'a> {
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// Standard output.
    pub stdout: &'a mut dyn Write,
    /// Standard error.
    pub stderr: &'a mut dyn Write,
}

/// Runs the program with `args` (the program's name first) and returns its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: &Environment, streams: Streams<'_>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|first| first == command::complete::NAME) {
        let answered = command::complete::run(&args[2..], environment, streams.stdout);
        // The script that listens has nobody to tell.
        return if answered.is_ok() { exit_code::DONE } else { exit_code::OTHER };
    }
    let mut command = command_line();
    if let Some(width) = environment.width {
        command = command.term_width(width);
    }
    let cli = match parse(&mut command, args) {
        Ok(cli) => cli,
        Err(said) => return say(&said, environment, streams),
    };
    let (terminal, verbosity) = config::output(&cli.output, environment);
    let mut printer = Printer::new(streams.stdout, streams.stderr, terminal, verbosity);
    let mut context = command::Context { environment, stdin: streams.stdin, printer: &mut printer };
    // What is still buffered can fail to be written too, and must be told while there is a printer to tell it.
    let done =
        command::run(cli.command, &mut context).and_then(|()| printer.flush().map_err(Failure::output));
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
fn parse(command: &mut clap::Command, mut args: Vec<OsString>) -> Result<cli::Cli, clap::Error> {
    // `pushgw help push` is `pushgw push --help`. clap's own command `help` would be listed, completed and documented
    // with the others.
    if args.get(1).is_some_and(|first| first == "help") {
        args.remove(1);
        args.truncate(2);
        args.push("--help".into());
    }
    let is_cut = args.last().is_some_and(|last| last == "--");
    let matches = command.try_get_matches_from_mut(&args).map_err(|mut error| {
        cli::mistake::explain(&mut error, command, &args);
        error
    })?;
    let cli = cli::Cli::from_arg_matches(&matches)?;
    match &cli.command {
        cli::Command::Push(push) | cli::Command::Add(push) if is_cut && push.producer.is_empty() => {
            let told = "no COMMAND behind `--`: is the variable set?";
            Err(command.error(clap::error::ErrorKind::MissingRequiredArgument, told))
        }
        _ => Ok(cli),
    }
}

/// The command line as clap knows it, for the generator of the manual pages.
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

/// Says what clap has to say: the help or the version on standard output, a fault on standard error.
fn say(said: &clap::Error, environment: &Environment, streams: Streams<'_>) -> u8 {
    let Streams { stdout, stderr, .. } = streams;
    let is_terminal =
        if said.use_stderr() { environment.stderr_is_terminal } else { environment.stdout_is_terminal };
    let text = said.render();
    let text = if config::colour(output::ColourChoice::Auto, is_terminal, environment) {
        text.ansi().to_string()
    } else {
        text.to_string()
    };
    if said.use_stderr() {
        // Who can't be told of the fault still has the exit code.
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
        return u8::try_from(said.exit_code()).unwrap_or(exit_code::USAGE);
    }
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    match written.map_err(Failure::output) {
        Ok(()) => exit_code::DONE,
        Err(failure) => {
            let mut printer = Printer::new(stdout, stderr, Terminal::default(), Verbosity::default());
            tell(&failure, &mut printer);
            failure.exit_code()
        }
    }
}
