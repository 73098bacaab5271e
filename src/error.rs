//! The closed set of ways to fail, each with its exit code, its words and its hint.
//!
//! Nothing else decides an exit code. A failure is printed by `lib::run`, or where many requests go on after it
//! (`command::worst`).

use crate::http;
use crate::os::reason;
use std::fmt;
use std::io;

/// The exit codes. Scripts rely on them: 2, 3 and 4 will fail again; 5, 6 and 7 may be tried later.
pub mod exit_code {
    /// Done.
    pub const DONE: u8 = 0;
    /// Anything else: an unreadable file, another server's answer, status of an unhealthy gateway.
    pub const OTHER: u8 = 1;
    /// Usage: every fault of the group, the selection, the URL, a duration or an option.
    pub const USAGE: u8 = 2;
    /// The input is not what a gateway accepts; nothing was sent.
    pub const INPUT: u8 = 3;
    /// The gateway refused: any 3xx, any other 4xx.
    pub const REFUSED: u8 = 4;
    /// Failed for now: 5xx, 408, 425, 429.
    pub const UNAVAILABLE: u8 = 5;
    /// Unreachable: name look-up, connect, TLS, reset, closed without an answer.
    pub const UNREACHABLE: u8 = 6;
    /// Timed out: it may have been stored.
    pub const TIMED_OUT: u8 = 7;
    /// No such group.
    pub const NO_SUCH_GROUP: u8 = 8;
}

/// A way to fail.
#[derive(Debug)]
pub enum Failure {
    /// The command line, or a variable that stands for a part of it, can't be used.
    Usage {
        /// What is wrong, with the name of the object.
        message: String,
        /// The option that mends it.
        hint: Option<String>,
    },
    /// The input is not what a gateway accepts; the diagnostics have been printed.
    Input {
        /// How many problems there were and what becomes of it.
        message: String,
    },
    /// The exchange with the gateway went wrong.
    Gateway(Box<http::Error>),
    /// The gateway refused a push, and why is seen in what it holds.
    Explained {
        /// The refusal.
        fault: Box<http::Error>,
        /// What clashes with what, and what to do, a line each.
        why: Vec<String>,
    },
    /// Several of many requests failed; each has been told.
    Several {
        /// How many.
        count: usize,
        /// The one that decides the exit code.
        worst: Box<Failure>,
    },
    /// A selection selected nothing where something was asked for.
    NothingSelected {
        /// The gateway asked.
        gateway: String,
    },
    /// The gateway is not healthy; what is wrong has been told.
    Unhealthy {
        /// The gateway asked.
        gateway: String,
    },
    /// The group is not there.
    NoSuchGroup {
        /// The group asked for.
        group: String,
        /// The gateway asked.
        gateway: String,
        /// The groups of the same job that are there.
        others: Vec<String>,
        /// What the reader can do.
        hint: Option<&'static str>,
    },
    /// The command whose output was to be pushed failed; nothing was sent.
    Producer {
        /// Its exit code, which becomes ours.
        code: u8,
        /// What became of it.
        message: String,
    },
    /// A file of the text can't be read.
    File {
        /// Which, and why not.
        message: String,
        /// What may have been meant.
        hint: Option<&'static str>,
    },
    /// Anything else, with the chain of its causes.
    Other(anyhow::Error),
    /// The reader of the standard output went away: the end of the work, but no fault.
    OutputClosed,
}

impl Failure {
    /// A fault of the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: None }
    }

    /// A fault of the command line, with what mends it.
    pub fn usage_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    /// A failure to write the result.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
    pub fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::Other(anyhow::anyhow!("can't write to standard output: {}", reason(&error)))
        }
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::OutputClosed => exit_code::DONE,
            Self::Other(_) | Self::File { .. } | Self::Unhealthy { .. } => exit_code::OTHER,
            Self::Usage { .. } => exit_code::USAGE,
            Self::Input { .. } => exit_code::INPUT,
            Self::Gateway(fault) | Self::Explained { fault, .. } => fault.kind.exit_code(),
            Self::Several { worst, .. } => worst.exit_code(),
            Self::NoSuchGroup { .. } | Self::NothingSelected { .. } => exit_code::NO_SUCH_GROUP,
            Self::Producer { code, .. } => *code,
        }
    }

    /// Lines that belong under the message: the server's words, or what else is there.
    #[must_use]
    pub fn details(&self) -> Option<String> {
        match self {
            Self::Gateway(fault) | Self::Explained { fault, .. } => {
                fault.kind.words().map(|words| format!("{} says: {words}", fault.speaker()))
            }
            Self::NoSuchGroup { others, .. } if !others.is_empty() => {
                Some(format!("groups of that job: {}", others.join(", ")))
            }
            _ => None,
        }
    }

    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::Gateway(fault) => fault.hint.map(str::to_owned),
            Self::NoSuchGroup { hint, .. } | Self::File { hint, .. } => hint.map(str::to_owned),
            Self::Explained { why, .. } => Some(why.join("\n")),
            Self::Input { .. }
            | Self::Several { .. }
            | Self::NothingSelected { .. }
            | Self::Unhealthy { .. }
            | Self::Producer { .. }
            | Self::Other(_)
            | Self::OutputClosed => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { message, .. }
            | Self::Producer { message, .. }
            | Self::Input { message }
            | Self::File { message, .. } => f.write_str(message),
            Self::Gateway(fault) | Self::Explained { fault, .. } => fault.fmt(f),
            Self::Several { count: 1, .. } => f.write_str("1 request failed"),
            Self::Several { count, .. } => write!(f, "{count} requests failed"),
            Self::NothingSelected { gateway } => write!(f, "no group on {gateway} is selected"),
            Self::Unhealthy { gateway } => write!(f, "{gateway} is not healthy"),
            Self::NoSuchGroup { group, gateway, .. } => write!(f, "no group {group} on {gateway}"),
            Self::Other(error) => write!(f, "{error:#}"),
            Self::OutputClosed => f.write_str("the reader of the output went away"),
        }
    }
}

impl From<http::Error> for Failure {
    fn from(fault: http::Error) -> Self {
        Self::Gateway(Box::new(fault))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}
