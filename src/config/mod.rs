//! From what was typed to what will be done: a flag beats a variable, a variable beats the default, and the rules
//! that need more than one option hold. Behind this room nobody sees clap or a variable.

mod connection;
mod operators;

pub use crate::cli::{ListFormat, ListSort, Shell, StatusFormat};
pub use operators::{Delete, Doomed, List, Restore, Show, Shown, Status};

use crate::cli;
use crate::env::Environment;
use crate::error::Failure;
use crate::exposition::Rules;
use crate::gateway::{Connection, Method};
use crate::grouping::{Emptiness, GroupingKey, KeyRules, Label, Names, PathError};
use crate::input::Origin;
use crate::output::{self, Charset, ColorChoice, ColorVariables, Stream, Terminal, Verbosity};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// `push` or `add`, ready to be done.
#[derive(Clone, Debug)]
pub struct Push {
    /// PUT or POST.
    pub method: Method,
    /// The group.
    pub key: GroupingKey,
    /// The text and what it is held to.
    pub check: Check,
    /// What becomes of the request.
    pub action: Action,
    /// How to reach the gateway.
    pub connection: Connection,
}

/// What becomes of a push's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is sent.
    Send,
    /// It is printed.
    Print,
    /// It is printed as a curl command.
    PrintCurl,
    /// What it would change is printed.
    Diff,
}

/// `check`, and the same part of `push` and `add`.
#[derive(Clone, Debug)]
pub struct Check {
    /// Where the text comes from.
    pub origins: Vec<Origin>,
    /// What the text is held to, whatever group it goes to.
    pub rules: Rules<'static>,
    /// Warnings count as errors.
    pub strict: bool,
    /// How diagnostics are shown.
    pub message_format: output::MessageFormat,
}

impl Check {
    /// What the text is held to, with the group that it goes to.
    #[must_use]
    pub fn rules<'a>(&self, grouping: Option<&'a GroupingKey>) -> Rules<'a> {
        Rules { grouping, ..self.rules }
    }
}

/// The connection alone, for a look in passing.
///
/// # Errors
///
/// [`Failure::Usage`], and files that can't be read.
pub fn connection(args: &cli::ConnectionArgs, environment: &Environment) -> Result<Connection, Failure> {
    connection::to_gateway(args, environment)
}

/// The printer's surroundings.
#[must_use]
pub fn terminal(color: ColorChoice, environment: &Environment) -> Terminal {
    let variables = ColorVariables {
        no_color: environment.variable("NO_COLOR"),
        clicolor_force: environment.variable("CLICOLOR_FORCE"),
    };
    let is_dumb = environment.variable("TERM") == Some(OsStr::new("dumb"));
    let stream = |is_terminal| {
        let moves_cursor = is_terminal && !is_dumb;
        Stream { is_terminal, moves_cursor, color: output::color(color, moves_cursor, variables) }
    };
    let locale = |name| environment.variable(name).and_then(OsStr::to_str);
    Terminal {
        stdout: stream(environment.stdout_is_terminal),
        stderr: stream(environment.stderr_is_terminal),
        width: environment.width,
        charset: Charset::from_locale(locale("LC_ALL"), locale("LC_CTYPE"), locale("LANG")),
    }
}

/// How much the printer says.
#[must_use]
pub fn verbosity(args: &cli::OutputArgs) -> Verbosity {
    match (args.quiet, args.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, 1) => Verbosity::Verbose,
        (false, _) => Verbosity::Debug,
    }
}

impl Push {
    /// Resolves `push` (`Method::Put`) or `add` (`Method::Post`).
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`].
    pub fn resolve(method: Method, args: &cli::PushArgs, environment: &Environment) -> Result<Self, Failure> {
        no_url(&args.input.files)?;
        let rules = KeyRules { emptiness: Emptiness::Refuse, names: names(args.input.utf8_names) };
        let (key, endpoint) = match &args.group.url {
            Some(url) => {
                let url = connection::group_url(url, &args.connection)?;
                (url.key(rules).map_err(in_url)?, url.endpoint)
            }
            None => (key(&args.group, rules)?, connection::endpoint(&args.connection, environment)?),
        };
        let action = match (args.dry_run, args.as_curl) {
            (false, false) => Action::Send,
            (true, _) if args.diff => Action::Diff,
            (true, _) => Action::Print,
            (false, true) => Action::PrintCurl,
        };
        let connection = connection::resolve(endpoint, &args.connection, environment)?;
        let check = check(&args.input, &args.report, &args.producer, environment)?;
        Ok(Self { method, key, check, action, connection })
    }
}

/// Resolves `check`: the text, and the group where one is named.
///
/// # Errors
///
/// [`Failure::Usage`].
pub fn resolve_check(
    args: &cli::CheckArgs,
    environment: &Environment,
) -> Result<(Check, Option<GroupingKey>), Failure> {
    let rules = KeyRules { emptiness: Emptiness::Refuse, names: names(args.input.utf8_names) };
    let named = args.group.job.is_some() || args.group.instance.is_some() || !args.group.labels.is_empty();
    let key = match &args.group.url {
        Some(url) => Some(connection::parsed_group_url(url)?.key(rules).map_err(in_url)?),
        None if named => Some(key(&args.group, rules)?),
        None => None,
    };
    let mut check = check(&args.input, &args.report, &[], environment)?;
    check.rules.lint = args.lint;
    Ok((check, key))
}

fn key(args: &cli::GroupArgs, rules: KeyRules) -> Result<GroupingKey, Failure> {
    let Some(job) = &args.job else {
        return Err(Failure::usage_with_hint("no job is given", "-j JOB names the group's job"));
    };
    let job = unicode("--job", job)?;
    let mut labels = Vec::new();
    for label in &args.labels {
        let label: Label =
            unicode("--label", label)?.parse().map_err(|error| Failure::usage(format!("{error}")))?;
        labels.push(label);
    }
    if let Some(instance) = &args.instance {
        labels.push(Label::new("instance", unicode("--instance", instance)?));
    }
    GroupingKey::new(job, labels, rules).map_err(|error| Failure::usage(error.to_string()))
}

fn names(utf8: bool) -> Names {
    if utf8 { Names::Utf8 } else { Names::Legacy }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn in_url(error: PathError) -> Failure {
    Failure::usage(format!("--url: {error}"))
}

/// The value as text. `option` names it in the message.
fn unicode<'a>(option: &str, value: &'a OsStr) -> Result<&'a str, Failure> {
    value.to_str().ok_or_else(|| {
        Failure::usage(format!(
            "{option}: the value is not UTF-8: {}",
            value.as_encoded_bytes().escape_ascii()
        ))
    })
}

/// An option's value from its flag or its variable, with the name of the one that decided. An empty variable is
/// unset; an empty flag is a fault, most often a shell variable that was not set.
fn given<'a>(
    flag: Option<&'a OsString>,
    option: &'static str,
    variable: &'static str,
    environment: &'a Environment,
) -> Result<Option<(&'static str, &'a OsStr)>, Failure> {
    match flag {
        Some(value) if value.is_empty() => Err(empty(option)),
        Some(value) => Ok(Some((option, value))),
        None => Ok(environment.variable(variable).map(|value| (variable, value))),
    }
}

/// The same as text.
fn setting<'a>(
    flag: Option<&'a OsString>,
    option: &'static str,
    variable: &'static str,
    environment: &'a Environment,
) -> Result<Option<(&'static str, &'a str)>, Failure> {
    let given = given(flag, option, variable, environment)?;
    given.map(|(origin, value)| Ok((origin, unicode(origin, value)?))).transpose()
}

fn empty(option: &str) -> Failure {
    Failure::usage(format!("{option} is empty: is the variable set?"))
}

/// `producer` is the command in place of the other sources, if there is one.
fn check(
    args: &cli::InputArgs,
    report: &cli::ReportArgs,
    producer: &[OsString],
    environment: &Environment,
) -> Result<Check, Failure> {
    let origins = match producer {
        [] => origins(&args.files, &args.metrics, environment)?,
        [program, ..] if program.is_empty() => {
            return Err(Failure::usage("the COMMAND has an empty name: is the variable set?"));
        }
        command => vec![Origin::Command(command.to_vec())],
    };
    Ok(check_of(args, report, origins))
}

fn check_of(args: &cli::InputArgs, report: &cli::ReportArgs, origins: Vec<Origin>) -> Check {
    Check {
        origins,
        rules: Rules {
            utf8_names: args.utf8_names,
            allow_empty: args.allow_empty,
            default_type: args.default_type.map(|kind| match kind {
                cli::DefaultType::Gauge => "gauge",
                cli::DefaultType::Counter => "counter",
                cli::DefaultType::Untyped => "untyped",
            }),
            strip_timestamps: args.strip_timestamps,
            repair: !args.no_fix,
            max_diagnostics: report.max_diagnostics,
            ..Rules::PLAIN
        },
        strict: args.strict,
        message_format: report.message_format,
    }
}

/// A URL where a FILE stands, as in curl's command line. It is not shown: a password may be in it.
fn no_url(files: &[PathBuf]) -> Result<(), Failure> {
    let is_url = |path: &PathBuf| path.starts_with("http:") || path.starts_with("https:");
    if files.iter().any(is_url) {
        return Err(Failure::usage_with_hint(
            "a FILE is a URL",
            "--url URL names a group on its gateway; -g URL names the gateway alone",
        ));
    }
    Ok(())
}

/// The sources in the order in which they make the text: files as given, then the lines of `-m`.
fn origins(
    files: &[PathBuf],
    metrics: &[OsString],
    environment: &Environment,
) -> Result<Vec<Origin>, Failure> {
    let is_stdin = |path: &PathBuf| path.as_path() == Path::new("-");
    let mut origins: Vec<Origin> = files
        .iter()
        .map(|path| if is_stdin(path) { Origin::Stdin } else { Origin::File(path.clone()) })
        .collect();
    if files.is_empty() && metrics.is_empty() {
        origins.push(Origin::Stdin);
    }
    match origins.iter().filter(|origin| **origin == Origin::Stdin).count() {
        1 if environment.stdin_is_terminal => {
            return Err(Failure::usage_with_hint(
                "standard input is a terminal",
                "pipe the metrics in, name a FILE, or give a line with -m 'name value'",
            ));
        }
        0 | 1 => {}
        _ => return Err(Failure::usage("standard input (`-`) can be read only once")),
    }
    if files.iter().any(|path| path.as_os_str().is_empty()) {
        return Err(Failure::usage("a FILE has an empty name: is the variable set?"));
    }
    if !metrics.is_empty() {
        let lines: Result<Vec<_>, _> =
            metrics.iter().map(|line| unicode("--metric", line).map(str::to_owned)).collect();
        origins.push(Origin::Metrics(lines?));
    }
    Ok(origins)
}
