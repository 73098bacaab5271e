//! Decides whether a stream is colored, and defines the styles.
//!
//! The `colored` crate has one switch for the whole process and sets it based only on standard output. That
//! is wrong for standard error if only one of the two is a terminal (`pushgw list 2>err.log`). So the switch
//! is always on, and [`color`] decides for each stream.

use clap::ValueEnum;
use colored::Colorize;
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

/// The environment variables that `--color=auto` depends on. `None` means unset.
#[derive(Clone, Copy, Debug, Default)]
pub struct ColorVariables<'a> {
    /// `NO_COLOR`, which turns color off if it is not empty (<https://no-color.org>).
    pub no_color: Option<&'a OsStr>,
    /// `CLICOLOR_FORCE` or `FORCE_COLOR`, which turn color on if they are neither empty nor `0`
    /// (<https://bixense.com/clicolors>, <https://force-color.org>).
    pub force: Option<&'a OsStr>,
}

/// Decides whether to color a stream. The flag takes precedence over the variables, and `NO_COLOR` over
/// `CLICOLOR_FORCE` and `FORCE_COLOR`. If none of them decides, a terminal that supports color gets color.
pub fn color(choice: ColorChoice, supports_color: bool, variables: ColorVariables<'_>) -> bool {
    let set = |value: Option<&OsStr>| value.is_some_and(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if set(variables.no_color) => false,
        ColorChoice::Auto if set(variables.force) && variables.force != Some("0".as_ref()) => true,
        ColorChoice::Auto => supports_color,
    }
}

/// The meaning of a piece of text. [`Style::paint`] converts it to escape codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    #[default]
    Plain,
    /// The header of a table.
    Heading,
    /// Less important text, such as a path after a name, or a debug line.
    Faint,
    /// Important text that is neither good nor bad.
    Strong,
    Good,
    /// Also used for the word `warning`.
    Warning,
    /// Also used for the word `error`.
    Bad,
    /// Used for the words `hint` and `help`.
    Hint,
    /// Used for the words `note` and `fixed`.
    Note,
}

impl Style {
    /// Returns the text, with escape codes if `color` is true.
    pub fn paint(self, text: &str, color: bool) -> String {
        if !color || text.is_empty() {
            return text.to_owned();
        }
        let text = match self {
            Self::Plain => text.clear(),
            Self::Heading | Self::Strong => text.bold(),
            Self::Faint => text.dimmed(),
            Self::Good => text.green(),
            Self::Warning => text.yellow().bold(),
            Self::Bad => text.red().bold(),
            Self::Hint => text.cyan().bold(),
            Self::Note => text.green().bold(),
        };
        text.to_string()
    }
}

/// Turns on the global switch of the `colored` crate; see the module documentation.
pub(crate) fn take_over() {
    colored::control::set_override(true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_then_variables_then_terminal() {
        use ColorChoice::{Always, Auto, Never};
        // choice, supports_color, NO_COLOR, CLICOLOR_FORCE, colored
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
        for (choice, supports_color, no_color, force, expected) in table {
            let variables =
                ColorVariables { no_color: no_color.map(OsStr::new), force: force.map(OsStr::new) };
            assert_eq!(
                color(choice, supports_color, variables),
                expected,
                "{choice:?} {supports_color} {variables:?}"
            );
        }
    }

    #[test]
    fn paint_only_if_color_is_enabled() {
        take_over();
        assert_eq!(Style::Bad.paint("error", false), "error");
        assert_eq!(Style::Bad.paint("error", true), "\x1b[1;31merror\x1b[0m");
        assert_eq!(Style::Plain.paint("text", true), "text");
        assert_eq!(Style::Bad.paint("", true), "");
    }
}
