//! The process's surroundings: variables, and which streams are terminals.
//!
//! Captured once in `main` as a value and passed in, so that no other room asks the process and a test can build any
//! surroundings by hand. What changes while we run stands here too: a terminal's width, and who owns it.

use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};

/// What the process was started with, besides its arguments.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The variables, by name.
    pub variables: HashMap<OsString, OsString>,
    /// Standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// How many columns the terminal has, where a stream is one.
    pub width: Option<usize>,
}

impl Environment {
    /// Reads the surroundings of this process.
    #[must_use]
    pub fn capture() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            width: width(),
        }
    }

    /// The variable's value; an empty one counts as unset.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}

/// How many columns the terminal has now, where a stream is one. For who goes on: a window can be resized.
#[must_use]
pub fn width() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// How many lines the terminal has now, where a stream is one.
#[must_use]
pub fn height() -> Option<usize> {
    terminal_size::terminal_size().map(|(_, height)| usize::from(height.0))
}

/// Standard error while we are in the foreground of its terminal. In the background (`pushgw push ... &`) it takes
/// nothing: a line that is painted again and again would spoil the one that is typed meanwhile.
#[derive(Debug)]
pub struct Foreground;

impl Foreground {
    fn is_ours() -> bool {
        // A terminal that controls nothing has no foreground.
        tcgetpgrp(io::stderr()).map_or(true, |group| group == getpgrp())
    }
}

impl Write for Foreground {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if Self::is_ours() { io::stderr().write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Environment {
        Environment {
            variables: variables.iter().map(|(n, v)| (n.into(), v.into())).collect(),
            ..Environment::default()
        }
    }

    #[test]
    fn an_empty_variable_is_unset() {
        assert_eq!(with(&[("A", "")]).variable("A"), None);
        assert_eq!(with(&[("A", "x")]).variable("A"), Some(OsStr::new("x")));
    }
}
