//! Converts the parsed command line into the settings of each command. A flag overrides an environment variable, which
//! overrides the default. This module also checks rules that involve several options.

mod connection;
mod destination;
mod groups;
pub(crate) mod mistakes;
mod push;
mod run;
pub(crate) mod variables;

pub use groups::List;

pub(crate) use crate::cli::{ListFormat, ListSort, Shell, StatusFormat};
pub(crate) use destination::{Destination, Receiver, Textfile, Use, gateway_connection};
pub(crate) use groups::{
    Confirmation, Delete, DeleteTarget, Show, ShowTarget, Status, StatusTarget, matchers,
};
pub(crate) use push::{Action, Check, Push, PushGroups};
pub(crate) use run::{AlertingRules, Run};

use crate::cli;
use crate::env::Environment;
use crate::error::Failure;
use crate::grouping::{GroupingKey, KeyRules, Label, LabelError, Names, PathError};
use crate::http::Url;
use crate::output::{self, Charset, ColorChoice, ColorVariables, OutputStream, Terminal, Verbosity};
use crate::textfile::{MAX_NAME, file_name};
use std::ffi::{OsStr, OsString};

/// Returns the terminal properties that the printer needs.
pub(crate) fn terminal(color: ColorChoice, environment: &Environment) -> Terminal {
    let variables = ColorVariables {
        no_color: environment.variable("NO_COLOR"),
        force: environment.variable("CLICOLOR_FORCE").or(environment.variable("FORCE_COLOR")),
    };
    let is_dumb = environment.variable("TERM") == Some(OsStr::new("dumb"));
    let stream = |is_terminal| {
        let moves_cursor = is_terminal && !is_dumb;
        OutputStream { is_terminal, moves_cursor, color: output::color(color, moves_cursor, variables) }
    };
    let locale = |name| environment.variable(name).and_then(OsStr::to_str);
    Terminal {
        stdout: stream(environment.stdout_is_terminal),
        stderr: stream(environment.stderr_is_terminal),
        width: environment.width,
        charset: Charset::from_locale(locale("LC_ALL"), locale("LC_CTYPE"), locale("LANG")),
    }
}

/// Converts `-q` and `-v` to a verbosity.
pub(crate) fn verbosity(args: &cli::OutputArgs) -> Verbosity {
    match (args.quiet, args.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, 1) => Verbosity::Verbose,
        (false, _) => Verbosity::Debug,
    }
}

/// Returns true in a CI job, whose log should show what was done.
pub(crate) fn is_ci(environment: &Environment) -> bool {
    ["CI", "GITHUB_ACTIONS"].iter().any(|name| environment.variable(name) == Some(OsStr::new("true")))
}

/// Builds the grouping key from `-j`, `-l` and `-i`.
fn grouping_key(args: &cli::GroupArgs, rules: KeyRules) -> Result<GroupingKey, Failure> {
    let Some(job) = &args.job else {
        return Err(Failure::usage_with_hint("the group's job is missing", "add -j JOB"));
    };
    let job = utf8("--job", job)?;
    let labels = labels(&args.labels, args.instance.as_deref())?;
    GroupingKey::new(job, labels, rules).map_err(|error| Failure::usage(error.to_string()))
}

/// Parses the labels in `-l` and `-i`.
fn labels(labels: &[OsString], instance: Option<&OsStr>) -> Result<Vec<Label>, Failure> {
    let parse = |label| {
        utf8("--label", label)?.parse().map_err(|error: LabelError| Failure::usage(error.to_string()))
    };
    let mut labels = labels.iter().map(|label| parse(label)).collect::<Result<Vec<Label>, Failure>>()?;
    if let Some(instance) = instance {
        labels.push(Label::new("instance", utf8("--instance", instance)?));
    }
    Ok(labels)
}

/// Returns the key and the gateway, from `--url` or from separate options.
fn named_group(
    args: &cli::GroupArgs,
    connection: &cli::ConnectionArgs,
    rules: KeyRules,
    environment: &Environment,
) -> Result<(GroupingKey, Url), Failure> {
    let Some(url) = &args.url else {
        // If the URL of a group is given as the gateway, this is reported and not that the job is missing.
        let endpoint = connection::endpoint(connection, environment)?;
        return Ok((grouping_key(args, rules)?, endpoint));
    };
    let url = connection::group_url(url, connection, environment)?;
    Ok((url.key(rules).map_err(in_url)?, url.endpoint))
}

/// Returns the key and the destination of the group to write.
fn group_destination(
    args: &cli::GroupArgs,
    connection: &cli::ConnectionArgs,
    rules: KeyRules,
    environment: &Environment,
) -> Result<(GroupingKey, Destination), Failure> {
    match destination::without_gateway(args.url.as_deref(), connection, environment, Use::Write)? {
        Some(textfile @ Destination::Textfile(_)) => return Ok((file_key(args, rules)?, textfile)),
        Some(receiver) => return Ok((grouping_key(args, rules)?, receiver)),
        None => {}
    }
    let (key, endpoint) = named_group(args, connection, rules, environment)?;
    Ok((key, Destination::Gateway(connection::resolve(endpoint, connection, environment)?)))
}

/// Returns the grouping key of a group that is stored as a file.
fn file_key(args: &cli::GroupArgs, rules: KeyRules) -> Result<GroupingKey, Failure> {
    let key = grouping_key(args, rules)?;
    match file_name(&key).len() {
        0..=MAX_NAME => Ok(key),
        bytes => Err(Failure::usage(format!(
            "--textfile: the file name would have {bytes} bytes, but the limit is {MAX_NAME}: use fewer or shorter values"
        ))),
    }
}

fn names(utf8: bool) -> Names {
    if utf8 { Names::Utf8 } else { Names::Legacy }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err passes the error by value")]
fn in_url(error: PathError) -> Failure {
    Failure::usage(format!("--url: {error}"))
}

/// Converts a value to UTF-8. The error message starts with `option`.
fn utf8<'a>(option: &str, value: &'a OsStr) -> Result<&'a str, Failure> {
    value.to_str().ok_or_else(|| {
        Failure::usage(format!(
            "{option}: the value is not UTF-8: {}",
            value.as_encoded_bytes().escape_ascii()
        ))
    })
}

/// Creates the error for an empty value, which usually comes from an unset shell variable.
fn empty(option: &str) -> Failure {
    Failure::usage(format!("{option} is empty: is a variable unset?"))
}
