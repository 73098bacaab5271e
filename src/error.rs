//! The closed set of ways to fail, each with its exit code, message and hint.
//!
//! Nothing else decides an exit code. `lib::run` prints a failure; if other requests follow it, `command::batch` does.

use crate::http;
use crate::os::reason;
use std::io;

/// The exit codes. Scripts rely on them: 2, 3 and 4 are permanent; 5, 6 and 7 can be retried.
pub mod exit_code {
    /// Success.
    pub const DONE: u8 = 0;
    /// Other error: unreadable file, server that is not a Pushgateway, unhealthy gateway (status).
    pub const OTHER: u8 = 1;
    /// Usage error: invalid option, group, selection, URL or duration.
    pub const USAGE: u8 = 2;
    /// The input has errors; nothing was sent.
    pub const INPUT: u8 = 3;
    /// Rejected by the gateway: any 3xx, any other 4xx.
    pub const REJECTED: u8 = 4;
    /// Temporary failure of the gateway: 5xx, 408, 425, 429.
    pub const UNAVAILABLE: u8 = 5;
    /// Unreachable: DNS lookup, connection, TLS, reset, closed without an answer.
    pub const UNREACHABLE: u8 = 6;
    /// Timed out; the metrics may have been stored.
    pub const TIMED_OUT: u8 = 7;
    /// No such group.
    pub const NO_SUCH_GROUP: u8 = 8;
    /// `run` could not run the command, as with `env` and `timeout`.
    pub(crate) const NOT_RUN: u8 = 125;
}

/// A way to fail.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line, or a variable that replaces a part of it, is invalid.
    #[error("{message}")]
    Usage { message: String, hint: Option<String> },
    /// The input is invalid. The diagnostics have been printed.
    #[error("{message}")]
    Input { message: String },
    #[error("{0}")]
    Exchange(Box<http::Error>),
    /// The gateway rejected a push, and its groups show why.
    #[error("{error}")]
    Explained {
        error: Box<http::Error>,
        /// What conflicts with what, and how to fix it, a line each.
        why: Vec<String>,
    },
    /// Some of many requests failed. Each error has been printed.
    #[error("{}", requests_failed(*.count))]
    Several {
        count: usize,
        /// The one that decides the exit code.
        worst: Box<Failure>,
    },
    /// No group matches the selection of a command that needs one.
    #[error("no group on {gateway} is selected")]
    NothingSelected { gateway: String, hint: Option<String> },
    /// What is wrong with the gateway has been printed.
    #[error("{gateway} is not healthy")]
    Unhealthy { gateway: String },
    #[error("no group {group} {place}")]
    NoSuchGroup {
        group: String,
        /// `on http://gw:9091`, `in /var/lib/node_exporter`.
        place: String,
        /// The existing groups of the same job.
        others: Vec<String>,
        hint: Option<String>,
    },
    /// The command whose output was to be pushed failed; nothing was sent.
    #[error("{message}")]
    Producer {
        /// Its exit code, which becomes ours.
        code: u8,
        message: String,
        hint: Option<&'static str>,
    },
    /// `run` did not run its command.
    #[error("{0}")]
    NotRun(Box<Failure>),
    /// The command of `run` exited with this status, or its report failed with this one. What is to be said was printed.
    #[error("the command exited with status {0}")]
    CommandStatus(u8),
    /// A file of the input cannot be read.
    #[error("{message}")]
    File { message: String, hint: Option<String> },
    /// Anything else, with the chain of its causes.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
    /// The reader of standard output has gone away. That ends the work, but is not an error.
    #[error("the reader of the output has gone away")]
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

    /// An error of standard output.
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
            Self::Exchange(error) | Self::Explained { error, .. } => error.kind.exit_code(),
            Self::Several { worst, .. } => worst.exit_code(),
            Self::NoSuchGroup { .. } | Self::NothingSelected { .. } => exit_code::NO_SUCH_GROUP,
            Self::Producer { code, .. } | Self::CommandStatus(code) => *code,
            Self::NotRun(_) => exit_code::NOT_RUN,
        }
    }

    /// Whether a retry may succeed.
    pub fn is_temporary(&self) -> bool {
        let temporary = [exit_code::UNAVAILABLE, exit_code::UNREACHABLE, exit_code::TIMED_OUT];
        !matches!(self, Self::Producer { .. }) && temporary.contains(&self.exit_code())
    }

    /// Lines below the message: the server's answer, or the groups that exist.
    pub fn details(&self) -> Option<String> {
        match self {
            Self::Exchange(error) | Self::Explained { error, .. } => {
                error.kind.words().map(|words| format!("{} says: {words}", error.speaker()))
            }
            Self::NoSuchGroup { others, .. } if !others.is_empty() => {
                let some: Vec<&str> = others.iter().take(5).map(String::as_str).collect();
                let more = if others.len() > some.len() { ", ..." } else { "" };
                let have =
                    if others.len() == 1 { "1 group has" } else { &format!("{} groups have", others.len()) };
                Some(format!("{have} this job: {}{more}", some.join(", ")))
            }
            Self::NotRun(failure) => failure.details(),
            _ => None,
        }
    }

    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. }
            | Self::File { hint, .. }
            | Self::NoSuchGroup { hint, .. }
            | Self::NothingSelected { hint, .. } => hint.clone(),
            Self::Exchange(error) => error.hint.map(str::to_owned),
            Self::Producer { hint, .. } => hint.map(str::to_owned),
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
