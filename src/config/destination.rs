//! The destination of metrics: a gateway or a directory. Every command gets its destination from here.

use super::{connection, empty};
use crate::cli::ConnectionArgs;
use crate::env::Environment;
use crate::error::Failure;
use crate::http::Connection;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

/// The destination of one group's metrics.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a process has one")]
pub(crate) enum Destination {
    Gateway(Connection),
    Textfile(Textfile),
}

/// The directory of `node_exporter`'s textfile collector.
#[derive(Clone, Debug)]
pub(crate) struct Textfile {
    pub(crate) directory: PathBuf,
    /// Time limit for waiting until other processes have finished writing to it.
    pub(crate) timeout: Duration,
}

impl Destination {
    /// Returns the same destination with this time limit.
    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        match self {
            Self::Gateway(connection) => Self::Gateway(Connection { timeout, ..connection }),
            Self::Textfile(textfile) => Self::Textfile(Textfile { timeout, ..textfile }),
        }
    }
}

/// Returns the option that names a gateway. `url` is the value of `--url`.
fn gateway_option(url: Option<&OsStr>, args: &ConnectionArgs) -> Option<&'static str> {
    url.map(|_| "--url").or(args.gateway.as_ref().map(|_| "--gateway"))
}

/// Rejects options that name two destinations.
pub(super) fn only_one(url: Option<&OsStr>, args: &ConnectionArgs) -> Result<(), Failure> {
    match gateway_option(url, args) {
        Some(option) if args.textfile.is_some() => Err(Failure::usage_with_hint(
            format!("{option} and --textfile name two destinations"),
            "remove one of them: a push goes either to a gateway or into a directory",
        )),
        _ => Ok(()),
    }
}

/// Returns the directory and the option or variable that names it, or `None` if the destination is a gateway.
fn directory<'a>(
    url: Option<&OsStr>,
    args: &'a ConnectionArgs,
    environment: &'a Environment,
) -> Result<Option<(&'static str, &'a OsStr)>, Failure> {
    only_one(url, args)?;
    match &args.textfile {
        Some(directory) if directory.is_empty() => return Err(empty("--textfile")),
        Some(directory) => return Ok(Some(("--textfile", directory))),
        None if gateway_option(url, args).is_some() => return Ok(None),
        None => {}
    }
    let Some(directory) = environment.variable("PUSHGATEWAY_TEXTFILE") else { return Ok(None) };
    if environment.variable("PUSHGATEWAY_URL").is_some() {
        return Err(Failure::usage_with_hint(
            "PUSHGATEWAY_URL and PUSHGATEWAY_TEXTFILE name two destinations",
            "choose one with -g URL or --textfile DIR, or unset a variable",
        ));
    }
    Ok(Some(("PUSHGATEWAY_TEXTFILE", directory)))
}

/// Returns the directory if it is the destination.
pub(super) fn textfile(
    url: Option<&OsStr>,
    args: &ConnectionArgs,
    environment: &Environment,
) -> Result<Option<Textfile>, Failure> {
    let Some((_, directory)) = directory(url, args, environment)? else { return Ok(None) };
    Ok(Some(Textfile { directory: directory.into(), timeout: connection::timeout(args, environment)? }))
}

/// Rejects a directory as the destination of a command that needs a gateway.
pub(super) fn require_gateway(
    url: Option<&OsStr>,
    args: &ConnectionArgs,
    environment: &Environment,
) -> Result<(), Failure> {
    let Some((origin, _)) = directory(url, args, environment)? else { return Ok(()) };
    Err(Failure::usage_with_hint(
        format!("{origin}: only push, add, run and delete of one group can use a directory"),
        "use -g URL: this needs a gateway",
    ))
}

/// Returns the connection, for a command that needs a gateway.
pub(crate) fn gateway_connection(
    args: &ConnectionArgs,
    environment: &Environment,
) -> Result<Connection, Failure> {
    require_gateway(None, args, environment)?;
    connection::resolve(connection::endpoint(args, environment)?, args, environment)
}
