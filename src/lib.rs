//! pushgw pushes Prometheus metrics to a Pushgateway, says before sending what the gateway would refuse, and shows
//! and cleans what the gateway holds.
//!
//! This library is the program: `main.rs` only hands the process to [`run`]. It is no stable interface for others.
//!
//! # The map
//!
//! The rooms are named after the domain, and data goes through them forwards only:
//! [`cli`] → [`config`] → [`input`] → [`exposition`] → [`gateway`] → [`http`] → [`output`] → exit code ([`error`]).
//!
//! | room | what it owns |
//! | --- | --- |
//! | [`cli`] | the options and their help as clap structs, parsing, and what clap prints itself |
//! | [`env`](mod@env) | variables and terminals, captured once |
//! | [`config`] | flag > variable > default, and the rules across options |
//! | [`command`] | one file a subcommand |
//! | [`complete`] | what the tab key completes, for the scripts of all shells |
//! | [`input`] | files and standard input, read whole |
//! | [`exposition`] | the text format: scanner, rules, repairs, diagnostics, and metrics as values (pure) |
//! | [`grouping`] | labels, the grouping key, its path, matchers (pure) |
//! | [`gateway`] | what a Pushgateway is asked, and what it answers |
//! | [`diagnose`] | what is wrong with a gateway, and the commands that fix it (pure) |
//! | [`http`] | URLs, requests, the errors of an exchange (pure), and the client (the only one that names ureq) |
//! | [`output`] | the only writer: streams, color, tables, diagnostics as text |
//! | [`error`] | the ways to fail and their exit codes |
//! | [`duration`](mod@duration), [`os`], [`secret`], [`shell`] | what several rooms need: `30s`, what the system tells, what is never shown, quoting for a shell |
//!
//! Who may use whom is held by `tests/it/layering.rs`.
//!
//! # Adding to it
//!
//! `.ci/run` is all that must hold in the end. What is generated and checked in says in the failure of its test how to
//! make it anew.
//!
//! **An option**
//! 1. A field in [`cli`]. Its doc comment is the help: the first line for `-h`, the rest for `--help`. An option of the
//!    connection names its variable as `[env: …]` and its default as `[default: …]`.
//! 2. Its value in [`config`] (of the connection in `config/connection`, of a selection in `config/operators`):
//!    flag, else variable, else default, and a usage failure that names the option. Nothing behind that room knows
//!    options, so it goes on as a field of what the rooms behind it take: [`gateway::Connection`], [`exposition::Rules`].
//!    If the gateway can't be reached without it, `diagnose/commands.rs` (`way`) adds it to the commands that are printed.
//! 3. A test of what a user sees of it, and README's table of the configuration. Of an option of the connection,
//!    `tests/it/help.rs` wants a value too.
//! 4. `SNAPSHOTS=overwrite cargo test --test it man_pages` writes the manual pages. The completions ask the program; values
//!    that clap doesn't list are in `complete/line.rs`.
//!
//! **A rule of the checker, and its diagnostic**
//! 1. See a gateway do it, and find the function of the server that does: the rule's comment names it.
//! 2. An entry in [`exposition::Code`]: name, stage, one sentence, the shortest text that shows it. The list of the
//!    manual and the tests that go through all rules, with the gateways' verdict among them, take it from there. The
//!    stage is a promise. `Parse` and `Store`: the gateway refuses the text, and `differential` asks it. `Ours`: it may
//!    take it, and harm follows. `Advice`: it stores something else, and `round_trip` finds a warning about a good text.
//!    `Convention`: promtool says so too, and `lint` compares.
//! 3. The rule where what it is about is read: a line in `exposition/{check,sample,labels}.rs`, the whole text in
//!    `collisions.rs` and `duplicates.rs`, a convention in `lint.rs`. It calls `findings.error`, `fixed` or `warning` with the
//!    bytes that are meant; words that need thought are in `messages.rs`.
//! 4. A line in `exposition/tests.rs` that shows which bytes are marked. Where the example needs an option to be found,
//!    `tests/it/diagnostics.rs` and the manual's generator say which.
//! 5. `SNAPSHOTS=overwrite cargo test --test it -- diagnostics man_pages`, and a look at how it reads in
//!    `tests/data/diagnostics.txt`.
//!
//! **A version of the gateway**
//! 1. Its Debian suite and its release in `tests/fetch.sh` (`suites`, `releases`). All tests of real gateways run on it
//!    from then on; with `PUSHGATEWAY_BIN` they run on any other, alone.
//! 2. What then fails is what the version does otherwise. The test says so with `Gateway::version`; what a user should
//!    know is a warning (`Code::OlderGateway`, by `Checker::older`).
//! 3. What it answers to `/api/v1/metrics` and `/metrics`, for the tests of the readers: `tests/data/groups/VERSION.json`
//!    and `.txt`, and their names where `tests/data/groups` is included.

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
pub mod os;
pub mod output;
pub mod secret;
pub mod shell;

use clap::CommandFactory as _;
use env::Environment;
use error::{Failure, exit_code};
use output::{Channel, Printer, Verbosity};
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
    /// Standard error once more, for the thread that shows there what takes long; `None` has it shown nowhere.
    pub progress: Option<Box<dyn Write + Send>>,
}

/// Runs the program with `args` (the program's name first) and returns its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: &Environment, streams: Streams<'_>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|first| first == complete::NAME) {
        let answered = complete::run(&args[2..], environment, streams.stdout);
        // The script that listens has nobody to tell.
        return if answered.is_ok() { exit_code::DONE } else { exit_code::OTHER };
    }
    let color = cli::parse::color_choice(&args);
    let parsed = cli::parse::parse(command_line(), environment.width, args);
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
            let _ = cli::parse::say(Channel::Message, said, &mut printer);
            return exit_code::USAGE;
        }
        Err(said) => cli::parse::say(Channel::Result, said, &mut printer).map_err(Failure::output),
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
