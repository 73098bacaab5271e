//! Settings of `push`, `add` and `check`: the group, the metrics, and what to do with the request.

use super::{
    Destination, Use, connection, empty, gateway_connection, group_destination, grouping_key, in_url,
    mistakes, names, utf8,
};
use crate::cli;
use crate::env::Environment;
use crate::error::Failure;
use crate::exposition::{CheckOptions, TextFormat};
use crate::grouping::{EmptyValues, GroupingKey, KeyRules};
use crate::http::{Connection, Method};
use crate::input::Origin;
use crate::secret::may_have_secret;
use crate::shell::quote;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub(crate) struct Push {
    /// The HTTP method, PUT or POST.
    pub(crate) method: Method,
    pub(crate) key: GroupingKey,
    pub(crate) check: Check,
    /// Whether an input, the COMMAND or the file of an option is standard input.
    pub(crate) reads_stdin: bool,
    pub(crate) action: Action,
    pub(crate) destination: Destination,
}

/// What to do with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Send,
    Print,
    /// Print a curl command that sends the request.
    PrintCurl,
    /// Print what the request would change.
    Diff,
}

/// Settings of `check`, which `push` and `add` also use to check their input.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) origins: Vec<Origin>,
    /// The options of the check, without the group, which [`Check::options`] adds.
    pub(crate) options: CheckOptions<'static>,
    /// Whether warnings count as errors.
    pub(crate) strict: bool,
}

impl Check {
    /// Returns the options for checking text that is pushed to this group.
    pub(crate) fn options<'a>(&self, grouping: Option<&'a GroupingKey>) -> CheckOptions<'a> {
        CheckOptions { grouping, ..self.options }
    }

    /// Resolves the settings of `check`, and the group if one is given.
    pub(crate) fn resolve(
        args: &cli::CheckArgs,
        environment: &Environment,
    ) -> Result<(Self, Option<GroupingKey>), Failure> {
        no_url("check", &args.input.files)?;
        let rules = key_rules(&args.input);
        let group = &args.group;
        let is_named = group.job.is_some() || group.instance.is_some() || !group.labels.is_empty();
        let key = match &group.url {
            Some(url) => Some(
                connection::parsed_group_url(url, connection::DEFAULT_GATEWAY)?.key(rules).map_err(in_url)?,
            ),
            None if is_named => Some(grouping_key(group, rules)?),
            None => None,
        };
        let mut check = check(&args.input, &args.report, origins("check", &args.input, environment)?);
        check.options.lint = args.lint;
        Ok((check, key))
    }

    /// Resolves the settings of `convert`.
    pub(crate) fn resolve_convert(
        args: &cli::ConvertArgs,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        no_url("convert", &args.files)?;
        let input = cli::InputArgs {
            files: args.files.clone(),
            metrics: Vec::new(),
            format: args.format,
            default_type: args.default_type,
            strip_timestamps: args.strip_timestamps,
            allow_empty: true,
            no_fix: false,
            strict: false,
            utf8_names: true,
        };
        let mut check = check(&input, &args.report, origins("convert", &input, environment)?);
        check.options.convert_only = true;
        Ok(check)
    }
}

impl Push {
    /// Resolves the settings of `push` (`Method::Put`) or `add` (`Method::Post`).
    pub(crate) fn resolve(
        method: Method,
        args: &cli::PushArgs,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        no_url("push", &args.input.files)?;
        let rules = key_rules(&args.input);
        let (key, destination) = group_destination(&args.group, &args.connection, rules, environment)?;
        fits(args, &destination)?;
        let action = match (args.dry_run, args.as_curl) {
            _ if args.diff => Action::Diff,
            (false, false) => Action::Send,
            (true, _) => Action::Print,
            (false, true) => Action::PrintCurl,
        };
        let origins = match args.producer.as_slice() {
            [] => origins("push", &args.input, environment)?,
            [program, ..] if program.is_empty() => return Err(empty("COMMAND")),
            command => vec![Origin::Command(command.to_vec())],
        };
        let mut check = check(&args.input, &args.report, origins);
        check.options.remote_write = matches!(destination, Destination::RemoteWrite(_));
        check.options.adds = method == Method::Post;
        let reads_stdin = check.origins.iter().any(reads_stdin) || has_stdin(&args.connection);
        Ok(Self { method, key, check, reads_stdin, action, destination })
    }
}

fn reads_stdin(origin: &Origin) -> bool {
    match origin {
        Origin::Stdin | Origin::Command(_) => true,
        Origin::File(path) => is_stdin(path.as_ref()),
        Origin::Metrics(_) => false,
    }
}

/// Returns true if an option reads a secret or a certificate from standard input.
fn has_stdin(args: &cli::ConnectionArgs) -> bool {
    let files = [&args.password_file, &args.bearer_token_file, &args.ca_cert, &args.cert, &args.key];
    files.into_iter().flatten().any(|file| is_stdin(file.as_ref()))
}

fn is_stdin(path: &Path) -> bool {
    ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].iter().any(|name| path == Path::new(name))
}

/// Rejects options that the destination does not support.
fn fits(args: &cli::PushArgs, destination: &Destination) -> Result<(), Failure> {
    let (message, hint) = match destination {
        Destination::Textfile(_) if args.as_curl => (
            "--as-curl needs a gateway, but the destination is a directory",
            "--dry-run prints the file that would be written",
        ),
        Destination::RemoteWrite(_) if args.as_curl => (
            "--as-curl needs a gateway: the body of a remote-write request is binary",
            "--dry-run prints the request with its samples as text",
        ),
        Destination::RemoteWrite(_) if args.diff => (
            "--diff needs a gateway or a directory: a remote-write receiver does not report its contents",
            "--dry-run prints the samples that would be sent",
        ),
        _ => return Ok(()),
    };
    Err(Failure::usage_with_hint(message, hint))
}

/// Settings of `push --groups` and `add --groups`.
#[derive(Clone, Debug)]
pub(crate) struct PushGroups {
    /// The HTTP method, PUT or POST.
    pub(crate) method: Method,
    pub(crate) check: Check,
    pub(crate) connection: Connection,
}

impl PushGroups {
    /// Resolves the settings of `push --groups` or `add --groups`. Returns `None` if `--groups` was not given.
    pub(crate) fn resolve(
        method: Method,
        args: &cli::PushArgs,
        environment: &Environment,
    ) -> Result<Option<Self>, Failure> {
        let Some(file) = &args.groups else { return Ok(None) };
        if file.as_os_str().is_empty() {
            return Err(empty("--groups"));
        }
        if args.input.format == cli::InputFormat::Openmetrics {
            return Err(Failure::usage_with_hint(
                "--groups reads the text format, not OpenMetrics",
                "push OpenMetrics to one group: pushgw push -j JOB FILE",
            ));
        }
        let origin = origin(file);
        if origin == Origin::Stdin && environment.stdin_is_terminal {
            return Err(Failure::usage_with_hint(
                "--groups: standard input is a terminal",
                "use --groups FILE with a file written by `pushgw show --all`",
            ));
        }
        let mut check = check(&args.input, &args.report, vec![origin]);
        check.options.format = TextFormat::Prometheus;
        check.options.adds = method == Method::Post;
        let connection = gateway_connection(&args.connection, environment, Use::Write)?;
        Ok(Some(Self { method, check, connection }))
    }
}

/// Returns the rules for the key of a group that is pushed to.
fn key_rules(args: &cli::InputArgs) -> KeyRules {
    KeyRules { empty_values: EmptyValues::Reject, names: names(args.utf8_names) }
}

fn check(args: &cli::InputArgs, report: &cli::ReportArgs, origins: Vec<Origin>) -> Check {
    Check {
        origins,
        options: CheckOptions {
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
            format: format(args.format),
            ..CheckOptions::PLAIN
        },
        strict: args.strict,
    }
}

/// Converts the value of `--format` for the input.
pub(super) fn format(format: cli::InputFormat) -> TextFormat {
    match format {
        cli::InputFormat::Auto => TextFormat::Auto,
        cli::InputFormat::Prometheus => TextFormat::Prometheus,
        cli::InputFormat::Openmetrics => TextFormat::Openmetrics,
    }
}

/// Rejects a FILE of `command` that is a URL, which curl users may try. The hint shows it only if it has no secret.
fn no_url(command: &str, files: &[PathBuf]) -> Result<(), Failure> {
    if let Some(url) = files.iter().find(|path| is_url(path)) {
        let url = url.to_string_lossy();
        let url = if may_have_secret(&url) { "URL".to_owned() } else { quote(&url) };
        let hint = match command {
            "push" => "use --url URL for the URL of a group, -g URL for the URL of a gateway".to_owned(),
            _ => format!("use curl -s {url} | pushgw {command}"),
        };
        return Err(Failure::usage_with_hint("FILE is a URL", hint));
    }
    Ok(())
}

fn is_url(path: &Path) -> bool {
    path.starts_with("http:") || path.starts_with("https:")
}

/// Returns the sources of `command` (`push` includes `add`) in the order in which they are read: the files as given,
/// then the lines of `-m`.
fn origins(command: &str, args: &cli::InputArgs, environment: &Environment) -> Result<Vec<Origin>, Failure> {
    mistakes::of_missing_file(command, args, environment)?;
    let mut origins: Vec<Origin> = args.files.iter().map(|path| origin(path)).collect();
    if args.files.is_empty() && args.metrics.is_empty() {
        origins.push(Origin::Stdin);
    }
    match origins.iter().filter(|origin| **origin == Origin::Stdin).count() {
        1 if environment.stdin_is_terminal && args.files.is_empty() => {
            return Err(Failure::usage_with_hint(
                "standard input is a terminal",
                "pipe the metrics in, name a FILE, or give a line with -m 'name value'",
            ));
        }
        0 | 1 => {}
        _ => return Err(Failure::usage("standard input (`-`) can be read only once")),
    }
    if args.files.iter().any(|path| path.as_os_str().is_empty()) {
        return Err(empty("FILE"));
    }
    if !args.allow_empty && args.metrics.iter().any(|line| line.is_empty()) {
        return Err(empty("--metric"));
    }
    if let Some(file) = args.metrics.iter().find_map(|line| file_in_line(line)) {
        let hint = format!("name a FILE without -m: {file}");
        return Err(Failure::usage_with_hint("--metric needs a line of metrics, not a file", hint));
    }
    if !args.metrics.is_empty() {
        let lines: Result<Vec<String>, Failure> =
            args.metrics.iter().map(|line| utf8("--metric", line).map(str::to_owned)).collect();
        origins.push(Origin::Metrics(lines?));
    }
    Ok(origins)
}

/// Returns the quoted name of a file that was given to `-m`, which needs a line of metrics.
pub(super) fn file_in_line(line: &OsStr) -> Option<String> {
    let name = line.to_str()?.trim_start_matches('@');
    (name == "-" || !name.contains(' ') && Path::new(name).is_file()).then(|| quote(name))
}

fn origin(path: &Path) -> Origin {
    if path == Path::new("-") { Origin::Stdin } else { Origin::File(path.to_owned()) }
}
