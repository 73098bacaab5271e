//! From the words of the command line to the structs of `cli`, and what clap says itself: the help, the version, and the
//! faults that it finds. All of that moves_cursor what the rest of the program moves_cursor: `--color` and the variables, the terminal's
//! width, and what can be shown safely.

use crate::cli;
use crate::output::{Channel, ColorChoice, Printer, sanitize};
use crate::secret::without_user;
use clap::error::{ContextValue, ErrorKind};
use clap::{FromArgMatches as _, ValueEnum as _};
use std::ffi::OsString;
use std::io;

/// The help is as wide as the terminal, but not wider than can be read.
const WIDEST: usize = 100;

/// Reads the arguments. clap takes a `--` with nothing behind it for no `--` at all, and what stands there as `-- $CMD`
/// without the variable would be a push of standard input.
///
/// # Errors
///
/// What clap has to say instead: a fault, and also the help and the version.
pub fn parse(
    mut command: clap::Command,
    width: Option<usize>,
    mut args: Vec<OsString>,
) -> Result<cli::Cli, clap::Error> {
    // Without a width clap would ask the process's streams itself.
    command = command.term_width(width.map_or(WIDEST, |width| width.clamp(1, WIDEST)));
    // `pushgw help push` is `pushgw push --help`. clap's own command `help` would be listed, completed and documented
    // with the others.
    if args.get(1).is_some_and(|first| first == "help") {
        args.remove(1);
        args.truncate(2);
        args.push("--help".into());
    }
    let is_cut = args.last().is_some_and(|last| last == "--");
    let matches = command.try_get_matches_from_mut(&args).map_err(|mut error| {
        if error.use_stderr() {
            // What was meant may be another subcommand's option.
            command.build();
            cli::suggest::explain(&mut error, &command, &args);
        }
        error
    })?;
    let cli = cli::Cli::from_arg_matches(&matches)?;
    match &cli.command {
        cli::Command::Push(push) | cli::Command::Add(push) if is_cut && push.0.producer.is_empty() => {
            let told = "no COMMAND behind `--`: is the variable set?";
            Err(command.error(ErrorKind::MissingRequiredArgument, told))
        }
        _ => Ok(cli),
    }
}

/// What `--color` says, for what clap says itself: at a fault and at `--help` it tells nothing of the other options.
#[must_use]
pub fn color_choice(args: &[OsString]) -> ColorChoice {
    let mut args = args.iter().take_while(|arg| *arg != "--").filter_map(|arg| arg.to_str());
    while let Some(arg) = args.next() {
        let value = if arg == "--color" { args.next() } else { arg.strip_prefix("--color=") };
        if let Some(choice) = value.and_then(|value| ColorChoice::from_str(value, false).ok()) {
            return choice;
        }
    }
    ColorChoice::Auto
}

/// Says what clap has to say: the help, the version, or a fault, which quotes what was typed.
///
/// # Errors
///
/// As [`Printer::result`], for [`Channel::Result`].
pub fn say(channel: Channel, mut said: clap::Error, printer: &mut Printer<'_>) -> io::Result<()> {
    let terminal = printer.terminal();
    // A URL that was typed in the wrong place can have a password in it.
    let safe = |text: &String| sanitize::text(&without_user(text), terminal.charset).into_owned();
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
    printer.write(channel, &if stream.color { text.ansi().to_string() } else { text.to_string() })
}
