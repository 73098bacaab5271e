//! The environment of the process: its variables, and which of its streams are terminals.
//!
//! The environment is captured once in `main` and passed around as a value, so that a test can run the program in any
//! environment. Properties that can change while the program runs, such as the terminal size, are queried when they are
//! needed.

pub use crate::os::stdin_has_bytes;
use crate::os::{find_in_path, owns_terminal, stdin_is_pipe};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};

/// The environment of the process, without its arguments.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each describes a stream")]
pub struct Environment {
    pub variables: HashMap<OsString, OsString>,
    pub stdin_is_terminal: bool,
    pub stdin_is_pipe: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
    /// Width of the terminal in columns, if a stream is a terminal.
    pub width: Option<usize>,
}

impl Environment {
    /// Captures the environment of this process.
    pub fn capture() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdin_is_pipe: stdin_is_pipe(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            width: width(),
        }
    }

    /// Returns true if a shell would find a program with this name in PATH.
    pub fn is_program(&self, name: &str) -> bool {
        let path = self.variable("PATH").unwrap_or_default();
        !name.contains('/') && find_in_path(path, OsStr::new(name)).is_some()
    }

    /// Returns the value of a variable. An empty variable counts as unset.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}

/// Returns the current width of the terminal in columns, if a stream is a terminal. `--watch` calls this repeatedly,
/// because the window can be resized.
pub fn width() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// Returns the current height of the terminal in lines, if a stream is a terminal.
pub fn height() -> Option<usize> {
    terminal_size::terminal_size().map(|(_, height)| usize::from(height.0))
}

/// A writer for standard error that discards everything while the process is in the background (`pushgw push ... &`),
/// because a progress line would overwrite what the user is typing.
#[derive(Debug)]
pub struct Foreground;

impl Write for Foreground {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if owns_terminal() { io::stderr().write(bytes) } else { Ok(bytes.len()) }
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
