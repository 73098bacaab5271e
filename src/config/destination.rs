//! Determines the destination of a command: a gateway, a directory, or a remote-write receiver.

use super::{connection, empty};
use crate::cli::{ConnectionArgs, RemoteWriteVersion};
use crate::env::Environment;
use crate::error::Failure;
use crate::http::{Connection, Url};
use crate::remote_write::{Version, VersionChoice};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

/// The destination for the metrics of a group.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    Gateway(Connection),
    Textfile(Textfile),
    RemoteWrite(Receiver),
}

/// The directory of `node_exporter`'s textfile collector.
#[derive(Clone, Debug)]
pub(crate) struct Textfile {
    pub(crate) directory: PathBuf,
    /// Maximum time to wait for other processes that are writing to the directory.
    pub(crate) timeout: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    pub(crate) connection: Connection,
    pub(crate) version: VersionChoice,
}

impl Destination {
    /// Returns the same destination with this time limit.
    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        match self {
            Self::Gateway(connection) => Self::Gateway(Connection { timeout, ..connection }),
            Self::Textfile(textfile) => Self::Textfile(Textfile { timeout, ..textfile }),
            Self::RemoteWrite(Receiver { connection, version }) => {
                let connection = Connection { timeout, ..connection };
                Self::RemoteWrite(Receiver { connection, version })
            }
        }
    }
}

/// A destination set by the user, with the option or variable that sets it.
#[derive(Clone, Copy)]
enum Named<'a> {
    Gateway(&'static str),
    Textfile(&'static str, &'a OsStr),
    RemoteWrite(&'static str, &'a OsStr),
}

impl Named<'_> {
    fn origin(self) -> &'static str {
        match self {
            Self::Gateway(origin) | Self::Textfile(origin, _) | Self::RemoteWrite(origin, _) => origin,
        }
    }

    /// Returns the option for this kind of destination, as shown in hints.
    fn option(self) -> &'static str {
        match self {
            Self::Gateway(_) => "-g URL",
            Self::Textfile(..) => "--textfile DIR",
            Self::RemoteWrite(..) => "--remote-write URL",
        }
    }
}

/// How a command uses its destination.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The command writes metrics, or checks whether they could be written.
    Write,
    /// The command needs groups. A remote-write receiver has none, so `PUSHGATEWAY_REMOTE_WRITE` is ignored.
    Groups,
}

/// Returns the destinations given on the command line. `url` is the value of `--url`.
fn flags<'a>(url: Option<&OsStr>, args: &'a ConnectionArgs) -> Vec<Named<'a>> {
    let gateway = url.map(|_| "--url").or(args.gateway.as_ref().map(|_| "--gateway"));
    let textfile = args.textfile.as_deref().map(|directory| Named::Textfile("--textfile", directory));
    let receiver = args.remote_write.as_deref().map(|url| Named::RemoteWrite("--remote-write", url));
    [gateway.map(Named::Gateway), textfile, receiver].into_iter().flatten().collect()
}

/// Rejects options that name two destinations, and options that do not apply to the destination.
pub(super) fn agree(url: Option<&OsStr>, args: &ConnectionArgs) -> Result<(), Failure> {
    match flags(url, args)[..] {
        [one, other, ..] => Err(Failure::usage_with_hint(
            format!("{} and {} both set a destination", one.origin(), other.origin()),
            "remove one of them: a push goes to one destination",
        )),
        [Named::RemoteWrite(..)] if args.compress.is_some() => Err(Failure::usage(SNAPPY)),
        [Named::Gateway(_) | Named::Textfile(..)] if args.remote_write_version.is_some() => {
            Err(no_receiver())
        }
        _ => Ok(()),
    }
}

const SNAPPY: &str = "--compress is for gateways: remote write always uses snappy";

fn no_receiver() -> Failure {
    Failure::usage_with_hint("--remote-write-version needs a remote-write receiver", "add --remote-write URL")
}

/// Returns the destination set by the user, or `None` for the default gateway.
fn named<'a>(
    url: Option<&OsStr>,
    args: &'a ConnectionArgs,
    environment: &'a Environment,
    purpose: Use,
) -> Result<Option<Named<'a>>, Failure> {
    let named = any_named(url, args, environment, purpose)?;
    if args.remote_write_version.is_some() && !matches!(named, Some(Named::RemoteWrite(..))) {
        return Err(no_receiver());
    }
    Ok(named)
}

fn any_named<'a>(
    url: Option<&OsStr>,
    args: &'a ConnectionArgs,
    environment: &'a Environment,
    purpose: Use,
) -> Result<Option<Named<'a>>, Failure> {
    agree(url, args)?;
    // A path in `--url` identifies a group, but not its gateway.
    let path = url.filter(|url| args.gateway.is_none() && url.as_encoded_bytes().starts_with(b"/"));
    if let (None, Some(flag)) = (path, flags(url, args).pop()) {
        return match flag {
            Named::RemoteWrite(..) if purpose == Use::Groups => Err(Failure::usage_with_hint(
                "--remote-write: a remote-write receiver has no groups",
                "query the receiver instead, or use -g URL for a gateway",
            )),
            Named::Textfile(option, value) | Named::RemoteWrite(option, value) if value.is_empty() => {
                Err(empty(option))
            }
            flag => Ok(Some(flag)),
        };
    }
    let variable = |name| environment.variable(name).map(|value| (name, value));
    let receiver = variable("PUSHGATEWAY_REMOTE_WRITE").filter(|_| purpose == Use::Write);
    let variables: Vec<Named<'_>> = [
        variable("PUSHGATEWAY_URL").map(|(name, _)| Named::Gateway(name)),
        variable("PUSHGATEWAY_TEXTFILE").map(|(name, value)| Named::Textfile(name, value)),
        receiver.map(|(name, value)| Named::RemoteWrite(name, value)),
    ]
    .into_iter()
    .flatten()
    .collect();
    match variables[..] {
        [one, other, ..] => Err(Failure::usage_with_hint(
            format!("{} and {} both set a destination", one.origin(), other.origin()),
            format!("choose one with {} or {}, or unset a variable", one.option(), other.option()),
        )),
        [other @ (Named::Textfile(..) | Named::RemoteWrite(..))] if path.is_some() => {
            Err(Failure::usage_with_hint(
                format!("--url and {} both set a destination", other.origin()),
                format!("choose one with -g URL or {}", other.option()),
            ))
        }
        _ => Ok(variables.first().copied()),
    }
}

/// Returns the directory or the receiver if it is the destination, or `None` if a gateway is.
pub(super) fn without_gateway(
    url: Option<&OsStr>,
    args: &ConnectionArgs,
    environment: &Environment,
    purpose: Use,
) -> Result<Option<Destination>, Failure> {
    Ok(match named(url, args, environment, purpose)? {
        None | Some(Named::Gateway(_)) => None,
        Some(Named::Textfile(_, directory)) => {
            let timeout = connection::timeout(args, environment)?;
            Some(Destination::Textfile(Textfile { directory: directory.into(), timeout }))
        }
        Some(Named::RemoteWrite(origin, url)) => {
            Some(Destination::RemoteWrite(receiver((origin, url), args, environment)?))
        }
    })
}

fn receiver(
    (origin, url): (&'static str, &OsStr),
    args: &ConnectionArgs,
    environment: &Environment,
) -> Result<Receiver, Failure> {
    if args.compress.is_some() {
        return Err(Failure::usage(SNAPPY));
    }
    let url = Url::parse_with_query(connection::private_utf8(origin, url)?);
    let url = url.map_err(|error| Failure::usage(format!("{origin}: {error}")))?;
    if url.path().ends_with("/api/v1/import/prometheus") {
        return Err(Failure::usage(format!(
            "{origin}: this path accepts the text format; the remote-write path is /api/v1/write"
        )));
    }
    let url = if matches!(url.path(), "" | "/") { url.with_path("/api/v1/write") } else { url };
    let connection = connection::resolve(url, args, environment)?;
    let version = match args.remote_write_version.unwrap_or_default() {
        RemoteWriteVersion::Auto => VersionChoice::Auto,
        RemoteWriteVersion::V1 => VersionChoice::Only(Version::V1),
        RemoteWriteVersion::V2 => VersionChoice::Only(Version::V2),
    };
    Ok(Receiver { connection: Connection { url_from: Some(origin), ..connection }, version })
}

/// Returns true if the destination is a remote-write receiver. An error counts as false.
pub(super) fn is_remote_write(url: Option<&OsStr>, args: &ConnectionArgs, environment: &Environment) -> bool {
    matches!(named(url, args, environment, Use::Write), Ok(Some(Named::RemoteWrite(..))))
}

/// Rejects all destinations except a gateway.
pub(super) fn require_gateway(
    url: Option<&OsStr>,
    args: &ConnectionArgs,
    environment: &Environment,
    purpose: Use,
) -> Result<(), Failure> {
    match named(url, args, environment, purpose)? {
        None | Some(Named::Gateway(_)) => Ok(()),
        Some(Named::Textfile(origin, _)) => Err(Failure::usage_with_hint(
            format!("{origin} works only with push, add, run and delete for a single group"),
            "use -g URL: this command needs a gateway",
        )),
        Some(Named::RemoteWrite(origin, _)) => Err(Failure::usage_with_hint(
            format!("{origin} works only with status, or with push, add and run for a single group"),
            "use -g URL: this command needs a gateway",
        )),
    }
}

/// Returns the connection for a command that needs a gateway.
pub(crate) fn gateway_connection(
    args: &ConnectionArgs,
    environment: &Environment,
    purpose: Use,
) -> Result<Connection, Failure> {
    require_gateway(None, args, environment, purpose)?;
    connection::resolve(connection::endpoint(args, environment)?, args, environment)
}
