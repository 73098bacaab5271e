//! pushgw pushes Prometheus metrics to a Pushgateway. It reports anything that the gateway would reject before sending
//! it. It also lists, shows and deletes the groups on a gateway.
//!
//! This library contains the whole program: `main.rs` only passes the arguments, environment and streams to [`run`].
//! The API is not stable.
//!
//! # Modules
//!
//! The modules are named after the domain, and data flows through them in one direction:
//! [`cli`] → [`config`] → [`input`] → [`exposition`] → [`gateway`] or [`remote_write`] → [`http`], or [`textfile`] → [`output`] → exit code ([`error`]).
//!
//! | module | responsible for |
//! | --- | --- |
//! | [`cli`] | options and their help as clap structs, parsing, suggestions for typos |
//! | [`env`](mod@env) | variables and terminals, captured once |
//! | [`config`] | settings: flag > variable > default, and rules that involve several options |
//! | [`command`] | the subcommands |
//! | [`complete`] | completion candidates for the scripts of all shells |
//! | [`input`] | reading files, standard input and the output of commands |
//! | [`exposition`] | the text format: scanner, metric model, checker, repairs, diagnostics; OpenMetrics and its conversion (pure) |
//! | [`grouping`] | labels, the grouping key and its path, matchers (pure) |
//! | [`gateway`] | the data on a Pushgateway: groups, contents, differences (pure), and `fetch`, which requests it |
//! | [`diagnose`] | problems of a gateway, and the commands that fix them (pure) |
//! | [`textfile`] | the files of `node_exporter`'s textfile collector: names, content, clashes (pure), and `directory` |
//! | [`remote_write`] | remote-write requests (pure), and `exchange`, which sends them |
//! | [`http`] | requests to any server: URLs, connections, retries, errors; only `agent` and `buffers` use ureq |
//! | [`output`] | everything that is printed: streams, color, tables, diagnostics |
//! | [`error`] | all errors and their exit codes |
//! | [`job`] | the metrics that `run` reports about a job, and the alerting rules for them (pure) |
//! | [`process`] | child processes and signals |
//! | [`os`] | differences between operating systems, and messages for their errors |
//! | [`duration`](mod@duration), [`secret`], [`shell`] | shared utilities: parsing `30s`, hiding secrets, quoting |
//!
//! Modules marked as pure do no I/O. `tests/it/layering.rs` checks the dependencies between modules.
//!
//! # How to add
//!
//! **An option**: add a field in [`cli`] (its doc comment is the help text), resolve its value in [`config`], test what
//! a user sees, and add a row to the README's table. If the gateway cannot be reached without the option, also add it
//! to the printed commands in `diagnose/commands.rs`.
//!
//! **A checker rule**: verify the rule on a real gateway. Add an [`exposition::Code`] with the shortest text that
//! triggers it, and implement the rule where the line is parsed. The tests check the code's category against real
//! gateways.
//!
//! **A gateway version**: add its Debian suite and release to `tests/fetch.sh`, and its responses to
//! `tests/data/groups`. All tests against real gateways then also run with this version.
//!
//! Afterwards, update the manual pages and snapshots:
//! `SNAPSHOTS=overwrite cargo test --test it -- diagnostics man_pages`

pub mod cli;
pub mod command;
pub mod complete;
pub mod config;
pub mod diagnose;
pub mod duration;
pub mod env;
pub mod error;
pub mod exposition;
pub mod gateway;
pub mod grouping;
pub mod http;
pub mod input;
pub mod job;
pub mod os;
pub mod output;
pub mod process;
pub mod remote_write;
pub mod secret;
pub mod shell;
pub mod textfile;

use clap::CommandFactory as _;
use cli::parse::ParseError;
use env::Environment;
use error::{Failure, exit_code};
use http::ErrorKind;
use output::{Channel, ColorChoice, Printer, Verbosity};
use std::ffi::OsString;
use std::io::{Read, Write};

/// The standard streams of the process.
pub struct Streams<'a> {
    pub stdin: &'a mut dyn Read,
    pub stdout: &'a mut dyn Write,
    pub stderr: &'a mut dyn Write,
    /// A second handle to standard error, for the progress thread; `None` disables the progress line.
    pub progress: Option<Box<dyn Write + Send>>,
}

/// Runs the program with `args`, which start with the program name, and returns the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: &Environment, streams: Streams<'_>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|first| first == complete::NAME) {
        let answered = complete::run(&args[2..], environment, streams.stdout);
        // The completion script cannot report an error.
        return if answered.is_ok() { exit_code::DONE } else { exit_code::OTHER };
    }
    let color = cli::parse::value_of("--color", &args).unwrap_or(ColorChoice::Auto);
    let format = cli::parse::value_of("--message-format", &args);
    let program = command_line();
    let usage = if cli::parse::names_run(&program, &args) { exit_code::NOT_RUN } else { exit_code::USAGE };
    let parsed = cli::parse::parse(program, environment.width, args);
    let (color, verbosity, format) = match &parsed {
        Ok(cli) => {
            let output = cli.command.output();
            (output.color, config::verbosity(output), output.message_format)
        }
        Err(_) => (color, Verbosity::default(), format.unwrap_or_default()),
    };
    let terminal = config::terminal(color, environment);
    let mut printer = Printer::new(streams.stdout, streams.stderr, terminal, verbosity)
        .with_format(format)
        .with_progress(streams.progress)
        .with_ci(config::is_ci(environment));
    let mut unused_credentials = None;
    let done = match parsed {
        Ok(cli) => {
            unused_credentials = cli
                .command
                .connection()
                .and_then(|args| config::variables::unused_credentials(args, environment));
            let mut context = command::Context { environment, stdin: streams.stdin, printer: &mut printer };
            command::run(cli.command, &mut context)
        }
        Err(ParseError::Clap(said)) if said.use_stderr() => {
            // If standard error is closed, the exit code still reports the error.
            let _ = cli::parse::print(Channel::Message, said, &mut printer);
            return usage;
        }
        Err(ParseError::Clap(said)) => {
            cli::parse::print(Channel::Result, said, &mut printer).map_err(Failure::output)
        }
        Err(ParseError::Mistake(mistake)) => {
            report(&Failure::usage_with_hint(mistake.message, mistake.hint), None, environment, &mut printer);
            return usage;
        }
    };
    // Flushing the output can fail too, so it is done while the printer can still report an error.
    let done = done.and_then(|()| printer.flush().map_err(Failure::output));
    if let Err(failure) = &done {
        report(failure, unused_credentials, environment, &mut printer);
    }
    match done {
        Ok(()) => exit_code::DONE,
        Err(failure) => failure.exit_code(),
    }
}

/// Returns the clap command, from which the manual pages are generated.
pub fn command_line() -> clap::Command {
    cli::Cli::command()
}

/// Prints a failure, with hints about environment variables that may have caused it.
fn report(failure: &Failure, unused: Option<String>, environment: &Environment, printer: &mut Printer<'_>) {
    if matches!(failure, Failure::OutputClosed | Failure::CommandStatus(_)) {
        return;
    }
    let mut hints: Vec<String> = failure.hint().into_iter().collect();
    if let Failure::Exchange(error) | Failure::Explained { error, .. } = failure {
        let needs_login = matches!(&error.kind, ErrorKind::Status(answer) if answer.status == 401);
        hints.extend(unused.filter(|_| needs_login));
        hints.extend(config::variables::misspelt(environment, &error.server));
    }
    let hints = Some(hints.join("\n")).filter(|hints| !hints.is_empty());
    let details = failure.details().unwrap_or_default();
    printer.error(failure.code(), &failure.to_string(), details, hints.as_deref());
}
