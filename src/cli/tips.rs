//! Suggestions for commands and options of other programs, such as curl, that pushgw does not have. clap itself
//! suggests only names with a similar spelling.

use super::words::{filled_in, names_a_job, selects, without_secrets};
use crate::shell::quote;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};
use std::ffi::OsString;
use std::fmt::Write as _;

/// Commands of other programs, each with the pushgw command to use instead, and its arguments.
const COMMANDS: &[(&[&str], &str, &str)] = &[
    (&["put", "send", "publish", "upload", "replace", "write"], "push", "-j JOB [FILE]"),
    (
        &["post", "append", "merge", "patch", "pushadd", "push-add", "push_add", "update", "upsert"],
        "add",
        "-j JOB [FILE]",
    ),
    (
        &["del", "remove", "prune", "purge", "clean", "cleanup", "expire"],
        "delete",
        "-j JOB, or pushgw delete --older-than 7d",
    ),
    (&["groups", "jobs"], "list", ""),
    (&["watch", "top"], "list --watch", ""),
    (
        &["get", "cat", "dump", "export", "backup", "metrics", "describe", "inspect"],
        "show",
        "-j JOB, or pushgw show --all",
    ),
    (&["wipe", "clear", "delete-all"], "delete", "-j JOB, or pushgw delete --all"),
    (&["version"], "--version", ""),
    (&["man", "manual", "usage"], "COMMAND --help,", "or man pushgw"),
    (&["import", "restore", "load"], "push --groups", "FILE"),
    (&["health", "healthy", "ready", "ping", "info", "doctor"], "status", ""),
    (&["lint", "validate", "verify", "test"], "check", "[FILE]"),
    (&["complete", "completion"], "completions", "bash"),
    (&["exec", "time", "wrap", "cron", "monitor"], "run", "-j JOB -- COMMAND"),
    (&["alerts", "rule"], "rules", ""),
    (&["openmetrics", "open-metrics", "om"], "convert", "[FILE], or push -j JOB --format openmetrics [FILE]"),
    (
        &["remote-write", "remote", "remotewrite", "remote_write", "rw"],
        "push --remote-write",
        "URL -j JOB [FILE]",
    ),
];

/// The tip for an option that means JSON output in other programs.
const JSON: &str =
    "use --format json for the results of list and status, or --message-format json for problems and errors";

/// Options of other programs, each with a suggestion for what to use instead.
pub(super) const OPTIONS: &[(&[&str], &str)] = &[
    (
        &["d", "data", "data-binary", "data-raw", "body", "T", "upload-file", "F", "form", "file"],
        "metrics come from a FILE, from standard input, or from -m 'name value'",
    ),
    (&["X", "request", "method"], "push sends PUT, add sends POST and delete sends DELETE"),
    (&["host", "server", "address", "addr", "endpoint", "pushgateway", "gateway-url", "port"], "use -g URL"),
    (&["newer-than", "younger-than"], "only --older-than selects by age"),
    (&["not-match"], "use --match 'NAME!=VALUE'"),
    (&["older", "age", "min-age", "max-age", "ttl", "stale"], "use --older-than 7d"),
    (&["p", "pass", "password"], "use --password-file FILE or the variable PUSHGATEWAY_PASSWORD"),
    (
        &["token", "bearer", "bearer-token", "oauth2-bearer"],
        "use --bearer-token-file FILE or the variable PUSHGATEWAY_BEARER_TOKEN",
    ),
    (&["x"], "use --proxy URL"),
    (&["k"], "--ca-cert FILE adds a CA to trust; --insecure accepts any certificate"),
    (&["cacert"], "use --ca-cert FILE"),
    (
        &["s", "S", "silent"],
        "-q prints only errors; on success, nothing is printed anyway unless the output is a terminal",
    ),
    (
        &["f", "fail", "fail-with-body"],
        "a FILE needs no option, and a rejected push always fails with exit status 4",
    ),
    (&["L", "location"], "redirects are never followed: a redirected push would store nothing"),
    (&["max-time"], "use --timeout 30s, which includes retries"),
    (&["grouping-key", "groupingkey", "grouping", "group"], "use -j JOB and -l NAME=VALUE"),
    (&["no-prompt", "no-confirm", "assume-yes"], "only delete asks, unless --yes is given"),
    (&["o", "output", "json", "format"], JSON),
];

/// Adds a suggestion to clap's error about `args`, and removes wrong suggestions made by clap.
pub(super) fn suggest(error: &mut Error, command: &Command, args: &[OsString]) {
    let named = args.iter().skip(1).find_map(|arg| command.find_subcommand(arg));
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let Some(typed) = text(error, ContextKind::InvalidSubcommand) else { return };
            if let Some(meant) = meant_command(&typed, command, args) {
                error.remove(ContextKind::SuggestedSubcommand);
                add_tip(error, &meant);
            } else if error
                .get(ContextKind::SuggestedSubcommand)
                .is_some_and(|names| names.to_string().split(", ").any(|name| name == "rm"))
            {
                // This name is short enough to be similar to many others.
                error.remove(ContextKind::SuggestedSubcommand);
                error.remove(ContextKind::Suggested);
            }
        }
        ErrorKind::UnknownArgument => {
            let Some(typed) = text(error, ContextKind::InvalidArg) else { return };
            // clap suggests `-- --typed`, but that argument would also be rejected, or run as a COMMAND.
            error.remove(ContextKind::Suggested);
            if text(error, ContextKind::SuggestedArg).is_some_and(|option| !is_likely(&option, &typed)) {
                error.remove(ContextKind::SuggestedArg);
            }
            if let Some(meant) = meant_option(&typed, named, command, args) {
                error.remove(ContextKind::SuggestedArg);
                error.remove(ContextKind::Usage);
                add_tip(error, &meant);
            } else if let Some(option) = named.and_then(|named| abbreviated(named, &typed)) {
                error.insert(ContextKind::SuggestedArg, ContextValue::String(format!("--{option}")));
            }
        }
        ErrorKind::ArgumentConflict
            if text(error, ContextKind::InvalidArg).is_some_and(|a| a.starts_with("--url")) =>
        {
            add_tip(error, "--url URL names a group and its gateway; -g URL names only the gateway");
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let option = text(error, ContextKind::InvalidArg).unwrap_or_default();
            let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
            if let Some(meant) = meant_value(&option, &value, named) {
                error.remove(ContextKind::SuggestedValue);
                add_tip(error, &meant);
            }
        }
        _ => {}
    }
    // In all other commands, `--remote-write` takes a URL.
    let typed = text(error, ContextKind::InvalidArg).unwrap_or_default();
    let is_flag = error.kind() == ErrorKind::TooManyValues && typed.starts_with("--remote-write");
    if args.get(1).is_some_and(|name| name == "rules") && (is_flag || typed.contains("://")) {
        add_tip(
            error,
            "rules --remote-write does not accept a URL: the rules are the same for every receiver",
        );
    }
}

/// Returns a suggestion for an invalid value.
fn meant_value(option: &str, value: &str, command: Option<&Command>) -> Option<String> {
    const OPENMETRICS: [&str; 5] = ["om", "open", "open-metrics", "open_metrics", "openmetric"];
    if value.is_empty() {
        return Some("is a variable unset?".to_owned());
    }
    if !option.starts_with("--format ") {
        return None;
    }
    if ["human", "short", "json", "github"].contains(&value) {
        return Some(format!("--format is the input format; for problems use --message-format {value}"));
    }
    let is_openmetrics = OPENMETRICS.iter().any(|name| value.eq_ignore_ascii_case(name))
        && command.is_some_and(|command| knows(command, "strip-timestamps"));
    is_openmetrics.then(|| "use --format openmetrics".to_owned())
}

/// Options that are never suggested as corrections, because nobody should use them by accident.
const DANGEROUS: &[&str] = &["--insecure", "--force", "--all", "--yes", "--allow-empty"];

/// Returns true if `typed` is close enough to an option suggested by clap. clap itself suggests `--insecure` for
/// `--since`.
fn is_likely(option: &str, typed: &str) -> bool {
    let typed = typed.split('=').next().unwrap_or_default();
    !DANGEROUS.contains(&option)
        && option != "--help"
        && strsim::normalized_damerau_levenshtein(option, typed) >= 0.7
}

/// Returns the only option that begins with `typed`, such as `dry-run` for `--dry`, or that `typed` begins with, such as
/// `job` for `--job_name`.
fn abbreviated<'a>(command: &'a Command, typed: &str) -> Option<&'a str> {
    let typed = typed.strip_prefix("--")?.split('=').next()?.replace('_', "-");
    let is_similar = |long: &&str| typed.starts_with(&format!("{long}-")) || long.starts_with(&typed);
    let mut options = command.get_arguments().filter_map(clap::Arg::get_long).filter(is_similar);
    let option = options.next().filter(|_| options.next().is_none() && typed.len() > 2)?;
    // An abbreviation of `--allow-empty` is unlikely to be a mistake.
    let is_dangerous = option != "allow-empty" && DANGEROUS.contains(&&*format!("--{option}"));
    (!is_dangerous).then_some(option)
}

fn meant_command(typed: &str, program: &Command, args: &[OsString]) -> Option<String> {
    if typed.contains("://") || typed.contains("/metrics/job") {
        return Some("use --url for the URL of a group: pushgw push --url URL [FILE]".to_owned());
    }
    let (_, ours, arguments) =
        COMMANDS.iter().find(|(theirs, ..)| theirs.iter().any(|t| t.eq_ignore_ascii_case(typed)))?;
    let meant = filled_in(ours, typed, args, program).unwrap_or_else(|| format!("{ours} {arguments}"));
    Some(format!("use pushgw {}", meant.trim_end()))
}

/// Returns `typed` for use in a suggested command. If a shell could interpret it, or it may contain a password
/// (`USER:PASSWORD@HOST`), returns `instead`.
fn quotable<'a>(typed: &'a str, instead: &'a str) -> &'a str {
    if is_plain(typed) { typed } else { instead }
}

/// Returns true if `typed` can safely be repeated in a command.
pub(super) fn is_plain(typed: &str) -> bool {
    typed.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:/=".contains(c)) && !typed.starts_with('=')
}

/// Returns a suggestion for the unknown argument `typed`. `command` is the subcommand of `program` on the command line.
fn meant_option(
    typed: &str,
    command: Option<&Command>,
    program: &Command,
    args: &[OsString],
) -> Option<String> {
    if !typed.starts_with('-') {
        let tip = meant_operand(typed, command?, program, args)?;
        return Some(if loses_dry_run(&tip, args) { tip + " --dry-run" } else { tip });
    }
    let name = typed.trim_start_matches('-').split('=').next().unwrap_or_default();
    if ["o", "output"].contains(&name)
        && let Some(printer @ ("convert" | "rules")) = command.map(Command::get_name)
    {
        let input = if printer == "convert" { " [FILE]" } else { "" };
        return Some(format!("the result goes to standard output: pushgw {printer}{input} > FILE"));
    }
    if let Some((_, meant)) = OPTIONS.iter().find(|(theirs, _)| theirs.contains(&name)) {
        return Some((*meant).to_owned());
    }
    if name == "openmetrics" && command.is_some_and(|command| knows(command, "strip-timestamps")) {
        return Some("use --format openmetrics".to_owned());
    }
    if name == "all" && command.is_some_and(|command| command.get_name() == "list") {
        return Some("without a selection, list prints every group".to_owned());
    }
    match command {
        None if args.get(1).is_some_and(|arg| arg == "-version") => Some("use pushgw --version".to_owned()),
        None => Some("the command comes first: pushgw COMMAND [OPTIONS]".to_owned()),
        Some(command) => {
            let others = program.get_subcommands().filter(|other| knows(other, name));
            let others: Vec<&str> = others.map(Command::get_name).collect();
            (!others.is_empty())
                .then(|| format!("{command} does not have this option, unlike {}", others.join(", ")))
        }
    }
}

/// Returns true if the command line is a `delete --dry-run`, but the command in `tip` would delete.
fn loses_dry_run(tip: &str, args: &[OsString]) -> bool {
    let is_dry = |word: &str| word == "--dry-run" || word.starts_with("-n");
    let is_given = args.iter().filter_map(|arg| arg.to_str()).any(is_dry);
    is_given && tip.contains(": pushgw delete ") && !tip.split(' ').any(is_dry)
}

/// Returns a suggestion for an unknown argument that is not an option.
fn meant_operand(typed: &str, command: &Command, program: &Command, args: &[OsString]) -> Option<String> {
    let words = || args.iter().filter_map(|arg| arg.to_str());
    let port = typed.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    let has_port = port.is_some_and(|port| port >= 1024) && !typed.contains('=');
    if typed.contains("/metrics/job") && knows(command, "url") {
        Some(format!("use --url for the URL of a group: pushgw {command} --url URL"))
    } else if (typed.contains("://") || has_port) && knows(command, "gateway") {
        Some(format!("use -g for the URL of a gateway: pushgw {command} -g {}", quotable(typed, "URL")))
    } else if typed.split_once('=').is_some_and(|(name, _)| is_plain(name.trim_start_matches('{')))
        && knows(command, "match")
    {
        // `list` accepts matchers beside -j, but for the others -j and -l name one group.
        let names_one = knows(command, "all") && names_a_job(words());
        // A label of `-l` has exactly this value, without quotes.
        if names_one && !is_plain(typed) {
            return Some(format!(
                "use only matchers: pushgw {command} --match job=JOB --match {}",
                quote(typed)
            ));
        }
        let option = if names_one { "-l" } else { "--match" };
        let meant = filled_in(&format!("{command} {option}"), args.get(1)?.to_str()?, args, program);
        let meant = meant.unwrap_or_else(|| format!("{command} {option} NAME=VALUE"));
        Some(format!("use {option}: pushgw {meant}"))
    } else if command.get_name() == "run" {
        let job = if args.iter().any(|arg| arg == "--") {
            "use -j for the job"
        } else {
            "the command comes after `--`"
        };
        let meant = group_options(typed).map(|group| format!("run {group} -- COMMAND"));
        let meant = meant.or_else(|| filled_in("run", "run", args, program));
        Some(format!("{job}: pushgw {}", meant.unwrap_or_else(|| "run -j JOB -- COMMAND".to_owned())))
    } else if knows(command, "all") && selects(words()) {
        Some(format!("select the job with --match job={}", quotable(typed, "JOB")))
    } else if knows(command, "job") && !names_a_job(words()) {
        let name = command.get_name();
        let meant = group_options(typed).map(|group| format!("{name} {group}"));
        let meant = meant.or_else(|| filled_in(name, name, args, program)).unwrap_or_else(|| {
            let mut meant = format!("{name} -j {}", quotable(typed, "JOB"));
            for word in without_secrets(command, &words().collect::<Vec<_>>()) {
                if word != typed && word.contains('=') && is_plain(&word) && !word.starts_with('-') {
                    meant.extend([" -l ", &word]);
                }
            }
            meant
        });
        Some(format!("use -j for the job: pushgw {meant}"))
    } else {
        None
    }
}

/// Returns the options for the group with this path, such as `job/ci/repo/a`.
fn group_options(path: &str) -> Option<String> {
    let mut parts = path.trim_matches('/').trim_start_matches("metrics/").strip_prefix("job/")?.split('/');
    let mut options = format!("-j {}", parts.next()?);
    while let Some(name) = parts.next() {
        write!(options, " -l {name}={}", parts.next()?).ok()?;
    }
    is_plain(path).then_some(options)
}

fn knows(command: &Command, option: &str) -> bool {
    let has_name = |arg: &clap::Arg| {
        arg.get_long() == Some(option) || arg.get_short().is_some_and(|short| option == short.to_string())
    };
    command.get_arguments().any(|arg| !arg.is_hide_set() && has_name(arg))
}

fn text(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn add_tip(error: &mut Error, tip: &str) {
    let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip.to_owned())]);
    error.insert(ContextKind::Suggested, tips);
}
