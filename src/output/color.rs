//! Whether a stream is colored, and what each meaning looks like.
//!
//! The `colored` crate keeps one switch for the whole process and sets it by looking at standard output alone,
//! which is wrong for one of the two streams whenever they differ (`pushgw list 2>err.log`). So its switch is
//! turned on for good, and a boolean a stream, decided by [`color`], says whether it is asked at all.

use clap::ValueEnum;
use colored::{ColoredString, Colorize};
use std::ffi::OsStr;

/// The values of `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    Auto,
    /// Also in a pipe or a file
    Always,
    /// Never
    Never,
}

/// The variables that have a say in `--color=auto`, as they stand in the environment; `None` is unset.
#[derive(Clone, Copy, Debug, Default)]
pub struct ColorVariables<'a> {
    /// `NO_COLOR`: any value but the empty one turns color off (<https://no-color.org>).
    pub no_color: Option<&'a OsStr>,
    /// `CLICOLOR_FORCE`: any value but the empty one and `0` turns color on (<https://bixense.com/clicolors>).
    pub clicolor_force: Option<&'a OsStr>,
}

/// Whether one stream is colored, which understands escape sequences (`moves_cursor`) or does not. The flag beats the variables, `NO_COLOR`
/// beats `CLICOLOR_FORCE`, and that one beats what is known about the stream.
#[must_use]
pub fn color(choice: ColorChoice, moves_cursor: bool, variables: ColorVariables<'_>) -> bool {
    let set = |value: Option<&OsStr>| value.is_some_and(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if set(variables.no_color) => false,
        ColorChoice::Auto
            if set(variables.clicolor_force) && variables.clicolor_force != Some("0".as_ref()) =>
        {
            true
        }
        ColorChoice::Auto => moves_cursor,
    }
}

/// What a piece of text means; [`Style::paint`] knows what that looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Nothing special.
    #[default]
    Plain,
    /// The head of a table.
    Heading,
    /// What stands back: a path beside its name, a debug line.
    Faint,
    /// Stands out without being good or bad.
    Strong,
    /// As it should be.
    Good,
    /// Worth a look; also the word `warning`.
    Warning,
    /// Broken or refused; also the word `error`.
    Bad,
    /// What the reader can do; the words `hint` and `help`.
    Hint,
    /// Something told on request; the words `note` and `fixed`.
    Note,
}

impl Style {
    /// The text with its escape codes if `color`, and as it is otherwise.
    #[must_use]
    pub fn paint(self, text: &str, color: bool) -> String {
        if !color || text.is_empty() {
            return text.to_owned();
        }
        self.apply(text).to_string()
    }

    fn apply(self, text: &str) -> ColoredString {
        match self {
            Self::Plain => text.clear(),
            Self::Heading | Self::Strong => text.bold(),
            Self::Faint => text.dimmed(),
            Self::Good => text.green(),
            Self::Warning => text.yellow().bold(),
            Self::Bad => text.red().bold(),
            Self::Hint => text.cyan().bold(),
            Self::Note => text.green().bold(),
        }
    }
}

/// Takes the decision away from `colored`; see the file's comment. Harmless when repeated.
pub(crate) fn take_over() {
    colored::control::set_override(true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_then_variables_then_terminal() {
        use ColorChoice::{Always, Auto, Never};
        // choice, a terminal that moves_cursor, NO_COLOR, CLICOLOR_FORCE, colored
        let table = [
            (Auto, true, None, None, true),
            (Auto, false, None, None, false),
            (Auto, true, Some("1"), None, false),
            (Auto, true, Some("0"), None, false),
            (Auto, true, Some(""), None, true),
            (Auto, false, None, Some("1"), true),
            (Auto, false, None, Some("0"), false),
            (Auto, true, None, Some("0"), true),
            (Auto, false, None, Some(""), false),
            (Auto, true, Some("1"), Some("1"), false),
            (Always, false, Some("1"), None, true),
            (Never, true, None, Some("1"), false),
        ];
        for (choice, moves_cursor, no_color, clicolor_force, expected) in table {
            let variables = ColorVariables {
                no_color: no_color.map(OsStr::new),
                clicolor_force: clicolor_force.map(OsStr::new),
            };
            assert_eq!(
                color(choice, moves_cursor, variables),
                expected,
                "{choice:?} {moves_cursor} {variables:?}"
            );
        }
    }

    #[test]
    fn paint_only_where_asked() {
        take_over();
        assert_eq!(Style::Bad.paint("error", false), "error");
        assert_eq!(Style::Bad.paint("error", true), "\x1b[1;31merror\x1b[0m");
        assert_eq!(Style::Plain.paint("text", true), "text");
        assert_eq!(Style::Bad.paint("", true), "");
    }
}
