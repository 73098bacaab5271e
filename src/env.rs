//! The environment of the process: variables, and which streams are terminals.
//!
//! It is captured once in `main` and passed in as a value, so that a test can run the program in any environment. What
//! changes during a run is here, too: the size of the terminal, and whether the process is in the foreground.

use rustix::fs::{FileType, Stat, fstat};
use rustix::io::ioctl_fionread;
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};

/// What the process was started with, besides its arguments.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about a stream")]
pub struct Environment {
    pub variables: HashMap<OsString, OsString>,
    pub stdin_is_terminal: bool,
    pub stdin_is_pipe: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
    /// The columns of the terminal, if a stream is one.
    pub width: Option<usize>,
}

impl Environment {
    /// The environment of this process.
    pub fn capture() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdin_is_pipe: fstat(io::stdin()).is_ok_and(|stdin| is_pipe(&stdin)),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            width: width(),
        }
    }

    /// Whether a shell would find a program of this name.
    pub fn is_program(&self, name: &str) -> bool {
        let path = self.variable("PATH").unwrap_or_default();
        !name.contains('/') && std::env::split_paths(path).any(|folder| folder.join(name).is_file())
    }

    /// The variable's value; an empty one counts as unset.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}

fn is_pipe(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Fifo
}

/// Whether standard input, a pipe, holds bytes that nobody has read.
pub fn stdin_has_bytes() -> bool {
    ioctl_fionread(io::stdin()).is_ok_and(|bytes| bytes > 0)
}

/// The columns that the terminal has now, if a stream is one. For `--watch`: a window can be resized.
pub fn width() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// The lines that the terminal has now, if a stream is one.
pub fn height() -> Option<usize> {
    terminal_size::terminal_size().map(|(_, height)| usize::from(height.0))
}

/// Standard error, but only while the process is in the foreground of the terminal. In the background (`pushgw push ...
/// &`) it drops what is written: a progress line would overwrite what the user types meanwhile.
#[derive(Debug)]
pub struct Foreground;

impl Foreground {
    fn is_ours() -> bool {
        // Without a controlling terminal there is no foreground.
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
    fn an_empty_variable_counts_as_unset() {
        assert_eq!(with(&[("A", "")]).variable("A"), None);
        assert_eq!(with(&[("A", "x")]).variable("A"), Some(OsStr::new("x")));
    }
}
