//! Parses the command line, and prints clap's help, version and errors. They follow the same rules as all other output:
//! `--color` and its variables, the width of the terminal, and no control characters.

use crate::cli;
use crate::cli::mistakes::{self, Mistake};
use crate::cli::words;
use crate::output::{Channel, Printer, sanitize};
use crate::secret::without_user_and_query;
use clap::error::{ContextValue, ErrorKind};
use clap::{FromArgMatches as _, ValueEnum};
use std::ffi::OsString;
use std::io;

/// Maximum width of the help. Longer lines are hard to read.
const MAX_WIDTH: usize = 100;

/// The reason why parsing the command line did not result in a command.
#[derive(Debug)]
pub(crate) enum ParseError {
    /// A clap error, which can also be the help or version to print.
    Clap(clap::Error),
    Mistake(Mistake),
}

impl From<clap::Error> for ParseError {
    fn from(error: clap::Error) -> Self {
        Self::Clap(error)
    }
}

pub(crate) fn parse(
    mut command: clap::Command,
    width: Option<usize>,
    mut args: Vec<OsString>,
) -> Result<cli::Cli, ParseError> {
    // Without an explicit width, clap would query the terminal of the process itself.
    command = command.term_width(width.map_or(MAX_WIDTH, |width| width.clamp(1, MAX_WIDTH)));
    // `pushgw help push` means `pushgw push --help`. clap's own `help` command would appear in the list of commands.
    if args.get(1).is_some_and(|first| first == "help") {
        args.remove(1);
        args.truncate(2);
        args.push("--help".into());
    }
    let is_about_pushgw =
        |first: &OsString| ["-V", "--version", "-h", "--help"].iter().any(|flag| first == flag);
    let starts_with_option = args
        .get(1)
        .is_some_and(|first| first.as_encoded_bytes().starts_with(b"-") && !is_about_pushgw(first));
    if starts_with_option || args.iter().take_while(|arg| *arg != "--").any(|arg| mistakes::may_be(arg)) {
        command.build();
        options_after_command(&command, &mut args);
        if let Some(named) = args.get(1).and_then(|name| command.find_subcommand(name)) {
            words::join_negative_values(named, &mut args);
            if let Some(mistake) = mistakes::find(named, &args[2..]) {
                return Err(ParseError::Mistake(mistake));
            }
        }
    }
    // clap ignores a trailing `--`. With `-- $CMD` and an empty variable, standard input would be pushed.
    let ends_in_dashes = args.last().is_some_and(|last| last == "--");
    let mut matches = command.try_get_matches_from_mut(&args).map_err(|mut error| {
        if error.use_stderr() {
            // Suggestions need the options of all subcommands.
            command.build();
            cli::tips::suggest(&mut error, &command, &args);
        }
        error
    })?;
    let cli = cli::Cli::from_arg_matches_mut(&mut matches)?;
    if let cli::Command::Push(push) | cli::Command::Add(push) = &cli.command
        && ends_in_dashes
        && push.args.producer.is_empty()
    {
        let message = "COMMAND is missing after `--`: is a variable unset?";
        return Err(command.error(ErrorKind::MissingRequiredArgument, message).into());
    }
    // Dropping the definition of all options takes a twentieth of the CPU instructions of a small push.
    std::mem::forget(command);
    Ok(cli)
}

/// Moves options that precede the subcommand to the place after it, so that a shell alias for `pushgw -g URL` works.
fn options_after_command(program: &clap::Command, args: &mut [OsString]) {
    // An option has the same meaning in all subcommands, so it takes a value if it does in any of them.
    let has_value = |arg: &str| program.get_subcommands().any(|command| words::needs_next(command, arg));
    let mut place = 1;
    while let Some(arg) = args.get(place).and_then(|arg| arg.to_str()).filter(|arg| arg.starts_with('-')) {
        if ["-V", "--version"].contains(&arg) {
            return;
        }
        place += if has_value(arg) { 2 } else { 1 };
    }
    if args.get(place).is_some_and(|name| program.find_subcommand(name).is_some()) {
        args[1..=place].rotate_right(1);
    }
}

/// Returns the value of an option such as `--color`, for errors and help printed by clap. In these cases, clap does not
/// return the parsed options.
pub(crate) fn value_of<T: ValueEnum>(option: &str, args: &[OsString]) -> Option<T> {
    let mut args = args.iter().take_while(|arg| *arg != "--").filter_map(|arg| arg.to_str());
    while let Some(arg) = args.next() {
        let rest = arg.strip_prefix(option);
        let value = rest.and_then(|rest| if rest.is_empty() { args.next() } else { rest.strip_prefix('=') });
        if let Some(value) = value.and_then(|value| T::from_str(value, false).ok()) {
            return Some(value);
        }
    }
    None
}

/// Returns true if the subcommand is `run`. Usage errors of `run` have a different exit code, because its command could
/// exit with 2.
pub(crate) fn names_run(program: &clap::Command, args: &[OsString]) -> bool {
    args.iter().skip(1).find(|word| program.find_subcommand(word).is_some()).is_some_and(|name| name == "run")
}

/// Prints clap's help, version or error. The text is sanitized, because an error may quote the arguments.
pub(crate) fn print(channel: Channel, mut message: clap::Error, printer: &mut Printer<'_>) -> io::Result<()> {
    let terminal = printer.terminal;
    // A URL in the wrong place may contain a password or a token.
    let safe = |text: &String| sanitize::text(&without_user_and_query(text), terminal.charset).into_owned();
    let quoted = message.context().filter_map(|(kind, value)| match value {
        ContextValue::String(text) => Some((kind, ContextValue::String(safe(text)))),
        ContextValue::Strings(texts) => Some((kind, ContextValue::Strings(texts.iter().map(safe).collect()))),
        _ => None,
    });
    for (kind, value) in quoted.collect::<Vec<_>>() {
        message.insert(kind, value);
    }
    let stream = match channel {
        Channel::Result => terminal.stdout,
        Channel::Message => terminal.stderr,
    };
    let text = message.render();
    if channel == Channel::Message && printer.is_for_programs() {
        let (message, tips) = message_and_tips(&text.to_string());
        printer.error("usage", &message, "", tips.as_deref());
        return Ok(());
    }
    printer.write(channel, &if stream.color { text.ansi().to_string() } else { text.to_string() })
}

/// Returns the first paragraph of a clap error on one line, and its tips. The usage is omitted.
fn message_and_tips(text: &str) -> (String, Option<String>) {
    let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let tips: Vec<&str> = rest.lines().filter_map(|line| line.trim_start().strip_prefix("tip: ")).collect();
    (message, Some(tips.join("\n")).filter(|tips| !tips.is_empty()))
}
