//! What was meant by words that `pushgw` doesn't have: those of curl, of a file system and of other programs for the
//! same. clap finds what is spelled alike; these are spelled otherwise.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};
use std::ffi::OsString;

/// Commands as others call them, and ours.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["put", "send", "publish", "upload", "replace", "write"], "push -j JOB [FILE]"),
    (&["post", "append", "merge", "patch"], "add -j JOB [FILE]"),
    (
        &["rm", "del", "remove", "wipe", "prune", "purge", "clean", "cleanup", "expire"],
        "delete -j JOB, or pushgw delete --older-than 7d",
    ),
    (&["ls", "groups", "jobs"], "list"),
    (&["get", "cat", "dump", "export", "backup", "metrics"], "show -j JOB, or pushgw show --all"),
    (&["import", "restore", "load"], "push --groups FILE"),
    (&["health", "healthy", "ready", "ping", "info", "doctor"], "status"),
    (&["lint", "validate", "verify", "test"], "check [FILE]"),
    (&["complete", "completion"], "completions bash"),
];

/// Options as others call them, and what to do here.
const OPTIONS: &[(&[&str], &str)] = &[
    (
        &["d", "data", "data-binary", "data-raw", "body", "T", "upload-file", "F", "form", "file"],
        "the metrics come from FILEs or standard input, or from -m 'name value'",
    ),
    (&["X", "request", "method"], "push sends PUT, add sends POST and delete sends DELETE"),
    (
        &["host", "server", "address", "addr", "endpoint", "pushgateway", "gateway-url", "port"],
        "-g URL names the gateway",
    ),
    (&["older", "age", "min-age", "max-age", "ttl", "stale"], "--older-than 7d selects by age"),
    (
        &["p", "pass", "password"],
        "--password-file FILE or the variable PUSHGATEWAY_PASSWORD gives the password",
    ),
    (
        &["token", "bearer", "bearer-token", "oauth2-bearer"],
        "--bearer-token-file FILE or the variable PUSHGATEWAY_BEARER_TOKEN gives the token",
    ),
    (&["k"], "--insecure trusts any server"),
    (&["cacert"], "--ca-cert FILE names the authorities"),
    (&["s", "S", "silent"], "-q says nothing but errors; in a pipe success is silent anyway"),
    (
        &["f", "fail", "fail-with-body"],
        "a FILE needs no option, and a refusal always fails: with exit status 4, and with its reason",
    ),
    (&["L", "location"], "no redirect is followed: a redirected push would store nothing"),
    (&["max-time"], "--timeout 30s limits the request with all its retries"),
    (&["grouping-key", "groupingkey", "grouping", "group"], "-j JOB and -l NAME=VALUE name the group"),
    (
        &["o", "output", "json"],
        "--format json is what list and status have, --message-format json the others",
    ),
];

/// Adds to a refusal of `args` what was probably meant, and takes away what clap guessed wrong.
pub(super) fn explain(error: &mut Error, command: &Command, args: &[OsString]) {
    let named = args.iter().skip(1).find_map(|arg| command.find_subcommand(arg));
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let Some(typed) = text(error, ContextKind::InvalidSubcommand) else { return };
            if let Some(meant) = meant_command(&typed) {
                error.remove(ContextKind::SuggestedSubcommand);
                tell(error, &meant);
            }
        }
        ErrorKind::UnknownArgument => {
            let Some(typed) = text(error, ContextKind::InvalidArg) else { return };
            // clap's `-- --typed` would be a COMMAND or is refused just as well.
            error.remove(ContextKind::Suggested);
            if let Some(meant) = meant_option(&typed, named, command, args) {
                error.remove(ContextKind::SuggestedArg);
                error.remove(ContextKind::Usage);
                tell(error, &meant);
            }
        }
        ErrorKind::ArgumentConflict
            if text(error, ContextKind::InvalidArg).is_some_and(|a| a.starts_with("--url")) =>
        {
            tell(error, "--url names a whole group with its gateway; -g URL names the gateway alone");
        }
        _ => {}
    }
}

fn meant_command(typed: &str) -> Option<String> {
    if typed.contains("://") || typed.contains("/metrics/job") {
        return Some("a group's URL goes behind --url: pushgw push --url URL [FILE]".to_owned());
    }
    let (_, ours) =
        COMMANDS.iter().find(|(theirs, _)| theirs.iter().any(|t| t.eq_ignore_ascii_case(typed)))?;
    Some(format!("the command for that is pushgw {ours}"))
}

/// What was typed as part of a command to be typed; else `instead`, where it might not be what it looks like, or might
/// hold a password (`USER:PASSWORD@HOST`).
fn quotable<'a>(typed: &'a str, instead: &'a str) -> &'a str {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/".contains(c);
    if typed.chars().all(is_plain) { typed } else { instead }
}

/// `command` is the one of `program` that is named somewhere on the line.
fn meant_option(
    typed: &str,
    command: Option<&Command>,
    program: &Command,
    args: &[OsString],
) -> Option<String> {
    if !typed.starts_with('-') {
        let command = command?;
        return if typed.contains("/metrics/job") && knows(command, "url") {
            Some(format!("a group's URL goes behind --url: pushgw {command} --url URL"))
        } else if typed.contains("://") && knows(command, "gateway") {
            Some(format!("-g URL names the gateway: pushgw {command} -g {}", quotable(typed, "URL")))
        } else if knows(command, "job") && !names_a_job(args) {
            Some(format!("-j JOB names a job: pushgw {command} -j {}", quotable(typed, "JOB")))
        } else {
            None
        };
    }
    let name = typed.trim_start_matches('-').split('=').next().unwrap_or_default();
    if let Some((_, meant)) = OPTIONS.iter().find(|(theirs, _)| theirs.contains(&name)) {
        return Some((*meant).to_owned());
    }
    match command {
        None => Some("the command comes first: pushgw COMMAND [OPTIONS]".to_owned()),
        // Else `pushgw -g URL push` would be told that there is no -g.
        Some(command) => {
            if knows(command, name) {
                return Some(format!("options stand behind the command: pushgw {command} {typed}"));
            }
            let others: Vec<&str> =
                program.get_subcommands().filter(|other| knows(other, name)).map(Command::get_name).collect();
            let (last, before) = others.split_last()?;
            let others = if before.is_empty() {
                (*last).to_owned()
            } else {
                format!("{} and {last}", before.join(", "))
            };
            Some(format!("{command} has no such option; it is one of {others}"))
        }
    }
}

fn knows(command: &Command, option: &str) -> bool {
    command.get_arguments().any(|arg| {
        arg.get_long() == Some(option) || arg.get_short().is_some_and(|short| option == short.to_string())
    })
}

/// Whether `-j JOB` is there already, so that one word more is no job.
fn names_a_job(args: &[OsString]) -> bool {
    args.iter().filter_map(|arg| arg.to_str()).any(|arg| arg.starts_with("-j") || arg.starts_with("--job"))
}

fn text(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn tell(error: &mut Error, tip: &str) {
    let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip.to_owned())]);
    error.insert(ContextKind::Suggested, tips);
}
