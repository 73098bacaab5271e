//! The process's surroundings as a value: variables, and which streams are terminals.
//!
//! Captured once in `main` and passed in, so that no other room asks the process and a test can build any
//! surroundings by hand.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;

/// What the process was started with, besides its arguments.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The variables, by name.
    pub variables: BTreeMap<OsString, OsString>,
    /// Standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// How many columns the terminal has, where standard output or standard error is one.
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
            width: terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
        }
    }

    /// The variable's value; an empty one counts as unset.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
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
