//! The errors that can end the program. Each one has an exit code, a message and possibly a hint.
//!
//! Exit codes are defined only here. Errors are printed by `lib::run`, or by `command::batch` if more requests follow.

use crate::http;
use crate::os::reason;
use std::io;

/// Exit codes. Scripts depend on them: 2, 3 and 4 are permanent; 5, 6 and 7 can be retried.
pub mod exit_code {
    /// Success.
    pub const DONE: u8 = 0;
    /// Other error: unreadable file, not a Pushgateway, unhealthy gateway (status).
    pub const OTHER: u8 = 1;
    /// Usage error: invalid option, group, selection, URL or duration.
    pub const USAGE: u8 = 2;
    /// The input has errors; nothing was sent.
    pub const INPUT: u8 = 3;
    /// Rejected by the server: any 3xx, any other 4xx; or stored only in part.
    pub const REJECTED: u8 = 4;
    /// Temporary failure of the gateway: 5xx, 408, 425, 429.
    pub const UNAVAILABLE: u8 = 5;
    /// Unreachable: DNS lookup, connection, TLS, reset, closed without an answer.
    pub const UNREACHABLE: u8 = 6;
    /// Timed out; the metrics may have been stored.
    pub const TIMED_OUT: u8 = 7;
    /// No such group.
    pub const NO_SUCH_GROUP: u8 = 8;
    /// `run` could not start the command. `env` and `timeout` use the same status.
    pub(crate) const NOT_RUN: u8 = 125;
}

/// An error that ends a command.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line is invalid, or an environment variable that replaces an option is invalid.
    #[error("{message}")]
    Usage { message: String, hint: Option<String> },
    /// The input is invalid. The diagnostics have already been printed.
    #[error("{message}")]
    Input { message: String },
    #[error("{0}")]
    Exchange(Box<http::Error>),
    /// The gateway rejected a push, and its groups show why.
    #[error("{error}")]
    Explained {
        error: Box<http::Error>,
        /// One line for each conflict and each command that fixes it.
        why: Vec<String>,
    },
    /// A remote-write receiver stored only some of the samples.
    #[error("{message}")]
    PartlyStored {
        message: String,
        /// The receiver's message, without its first line.
        details: Option<String>,
        hint: Option<String>,
    },
    /// At least one of many requests failed. Each error has already been printed.
    #[error("{}", requests_failed(*.count))]
    Several {
        count: usize,
        /// The error that determines the exit code.
        worst: Box<Failure>,
    },
    /// A command needs at least one group, but the selection matches none.
    #[error("no group on {gateway} matches the selection")]
    NothingSelected { gateway: String, hint: Option<String> },
    /// The gateway has problems, which have already been printed.
    #[error("{gateway} is not healthy")]
    Unhealthy { gateway: String },
    #[error("no group {group} {place}")]
    NoSuchGroup {
        group: String,
        /// The gateway or directory: `on http://gw:9091` or `in /var/lib/node_exporter`.
        place: String,
        /// Existing groups with the same job.
        others: Vec<String>,
        hint: Option<String>,
    },
    /// The command whose output was to be pushed failed, so nothing was sent.
    #[error("{message}")]
    Producer {
        /// The command's exit code, with which pushgw also exits.
        code: u8,
        message: String,
        hint: Option<String>,
    },
    /// `run` did not start its command.
    #[error("{0}")]
    NotRun(Box<Failure>),
    /// The command started by `run` exited with this status, or the report failed with it. Any message has already been
    /// printed.
    #[error("the command exited with status {0}")]
    CommandStatus(u8),
    /// An input file cannot be read.
    #[error("{message}")]
    File { message: String, hint: Option<String> },
    /// Any other error, with its chain of causes.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
    /// Standard output was closed by its reader. The program stops, but this does not count as an error.
    #[error("the reader closed the output")]
    OutputClosed,
}

fn requests_failed(count: usize) -> String {
    if count == 1 { "1 request failed".to_owned() } else { format!("{count} requests failed") }
}

impl Failure {
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    pub fn usage_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    /// Creates the failure for an error while writing to standard output.
    #[expect(clippy::needless_pass_by_value, reason = "the signature that map_err needs")]
    pub fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::Other(anyhow::anyhow!("can't write to standard output: {}", reason(&error)))
        }
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Self::OutputClosed => exit_code::DONE,
            Self::Other(_) | Self::File { .. } | Self::Unhealthy { .. } => exit_code::OTHER,
            Self::Usage { .. } => exit_code::USAGE,
            Self::Input { .. } => exit_code::INPUT,
            Self::PartlyStored { .. } => exit_code::REJECTED,
            Self::Exchange(error) | Self::Explained { error, .. } => error.kind.exit_code(),
            Self::Several { worst, .. } => worst.exit_code(),
            Self::NoSuchGroup { .. } | Self::NothingSelected { .. } => exit_code::NO_SUCH_GROUP,
            Self::Producer { code, .. } | Self::CommandStatus(code) => *code,
            Self::NotRun(_) => exit_code::NOT_RUN,
        }
    }

    /// Returns a word that identifies the kind of error. Programs depend on it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::Input { .. } => "input",
            Self::File { .. } => "file",
            Self::PartlyStored { .. } => "rejected",
            Self::Exchange(_) | Self::Explained { .. } => match self.exit_code() {
                exit_code::REJECTED => "rejected",
                exit_code::UNAVAILABLE => "unavailable",
                exit_code::UNREACHABLE => "unreachable",
                exit_code::TIMED_OUT => "timeout",
                _ => "bad-response",
            },
            Self::Several { worst, .. } => worst.code(),
            Self::NothingSelected { .. } | Self::NoSuchGroup { .. } => "no-such-group",
            Self::Unhealthy { .. } => "unhealthy",
            Self::Producer { .. } | Self::CommandStatus(_) | Self::NotRun(_) => "command",
            Self::Other(_) | Self::OutputClosed => "other",
        }
    }

    /// Returns true if the same request could succeed when retried.
    pub fn is_temporary(&self) -> bool {
        let temporary = [exit_code::UNAVAILABLE, exit_code::UNREACHABLE, exit_code::TIMED_OUT];
        !matches!(self, Self::Producer { .. }) && temporary.contains(&self.exit_code())
    }

    /// Returns the lines to print below the message: the response, or the groups with the same job.
    pub fn details(&self) -> Option<String> {
        match self {
            Self::Exchange(error) | Self::Explained { error, .. } => {
                error.kind.words().map(|words| format!("{} says: {words}", error.speaker()))
            }
            Self::NoSuchGroup { others, .. } if !others.is_empty() => {
                let some: Vec<&str> = others.iter().take(10).map(String::as_str).collect();
                let more = if others.len() > some.len() { ", ..." } else { "" };
                let have =
                    if others.len() == 1 { "1 group has" } else { &format!("{} groups have", others.len()) };
                Some(format!("{have} this job: {}{more}", some.join(", ")))
            }
            Self::PartlyStored { details, .. } => details.clone(),
            Self::NotRun(failure) => failure.details(),
            _ => None,
        }
    }

    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. }
            | Self::File { hint, .. }
            | Self::Producer { hint, .. }
            | Self::NoSuchGroup { hint, .. }
            | Self::PartlyStored { hint, .. }
            | Self::NothingSelected { hint, .. } => hint.clone(),
            Self::Exchange(error) => error.hint.clone(),
            Self::Explained { why, .. } => Some(why.join("\n")),
            Self::NotRun(failure) => failure.hint(),
            Self::Input { .. }
            | Self::Several { .. }
            | Self::Unhealthy { .. }
            | Self::CommandStatus(_)
            | Self::Other(_)
            | Self::OutputClosed => None,
        }
    }
}

impl From<http::Error> for Failure {
    fn from(error: http::Error) -> Self {
        Self::Exchange(Box::new(error))
    }
}
