//! Generates the parts of a manual page that come from the options: their help, the usage, the variables, and the exit
//! statuses.

use super::roff::{escape, filled, inline};
use std::fmt::Write as _;

/// Returns the usage lines of the help.
pub(super) fn usages(command: &clap::Command) -> Vec<String> {
    let usage = command.clone().render_usage().to_string();
    usage.trim_start_matches("Usage: ").lines().map(str::to_owned).collect()
}

/// Formats usage lines as a synopsis, with literal words in bold and placeholders in italics.
pub(super) fn synopsis(usages: &[String]) -> String {
    let mut out = String::new();
    for usage in usages {
        let words = usage.split_whitespace().map(|word| {
            let plain = word.replace(['<', '>'], "");
            // Brackets, bars and dots around a word are in the normal font.
            let inner = plain.trim_matches(['[', ']', '{', '}', '|', '.']);
            let is_typed =
                inner.starts_with('-') || inner.chars().all(|c| c.is_ascii_lowercase() || c == '|');
            let font = if is_typed { 'B' } else { 'I' };
            let styled = format!("\\f{font}{}\\fR", escape(inner));
            if inner.is_empty() { plain } else { plain.replacen(inner, &styled, 1) }
        });
        _ = write!(out, ".PP\n{}", filled(&words.collect::<Vec<_>>().join(" ")));
    }
    out.replacen(".PP\n", "", 1)
}

/// Returns each command with its summary.
pub(super) fn commands(program: &clap::Command) -> String {
    let mut out = String::new();
    for command in program.get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        _ = write!(out, ".TP\n.BR pushgw\\-{} (1)\n{}", command.get_name(), filled(&prose(&about)));
    }
    out
}

/// Returns all options below their headings, in the order of the help.
pub(super) fn options(command: &clap::Command) -> String {
    let mut headings: Vec<&str> = Vec::new();
    for heading in command.get_arguments().filter_map(clap::Arg::get_help_heading) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    let mut out = String::new();
    for heading in headings {
        _ = writeln!(out, ".SS \"{}\"", escape(heading));
        let mut below: Vec<&clap::Arg> =
            command.get_arguments().filter(|option| option.get_help_heading() == Some(heading)).collect();
        below.retain(|option| !option.is_hide_set());
        below.sort_by_key(|option| !option.is_positional());
        for option in below {
            out.push_str(&one(option));
        }
    }
    out
}

fn one(option: &clap::Arg) -> String {
    let mut names: Vec<String> = Vec::new();
    names.extend(option.get_short().map(|name| format!("\\fB\\-{name}\\fR")));
    names.extend(option.get_long().map(|name| format!("\\fB{}\\fR", escape(&format!("--{name}")))));
    let mut term = names.join(", ");
    let value = option.get_value_names().unwrap_or_default().first().map(|name| escape(name));
    match value.filter(|_| option.is_positional() || option.get_action().takes_values()) {
        Some(value) if option.is_last_set() => _ = write!(term, "\\fB\\-\\-\\fR \\fI{value}\\fR..."),
        Some(value) if option.is_positional() => _ = write!(term, "\\fI{value}\\fR"),
        Some(value) if option.get_num_args().is_some_and(|range| range.min_values() == 0) => {
            _ = write!(term, " [\\fI{value}\\fR]");
        }
        Some(value) => _ = write!(term, " \\fI{value}\\fR"),
        None => {}
    }
    let mut out = format!(".TP\n{term}\n");
    for (at, paragraph) in paragraphs(option).into_iter().enumerate() {
        if at > 0 {
            out.push_str(".IP\n");
        }
        out.push_str(&filled(&paragraph));
    }
    out
}

/// Returns an option's help, default and variable.
fn paragraphs(option: &clap::Arg) -> Vec<String> {
    let help = option.get_long_help().or(option.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut paragraphs: Vec<String> = Vec::new();
    for paragraph in help.split("\n\n") {
        if let Some(variable) = bracketed(paragraph, "env") {
            let last = paragraphs.last_mut().expect("a summary comes first");
            _ = write!(last, " Variable: \\fB{}\\fR.", escape(&variable));
            continue;
        }
        let default = bracketed(paragraph, "default");
        let text = match &default {
            Some(default) => paragraph.replace(&format!("[default: {default}]"), ""),
            None => paragraph.to_owned(),
        };
        let mut text = prose(text.trim());
        if let Some(default) = default {
            _ = write!(text, " Default: \\fB{}\\fR.", escape(&default));
        }
        paragraphs.push(text.trim().to_owned());
    }
    let of_clap: Vec<_> = option.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let is_value = option.get_action().takes_values() && !option.is_hide_default_value_set();
    if let (true, [default]) = (is_value, of_clap.as_slice()) {
        _ = write!(paragraphs[0], " Default: \\fB{}\\fR.", escape(default));
    }
    paragraphs
}

/// Returns the variables of the connection options.
pub(super) fn environment(command: &clap::Command) -> String {
    let mut out = String::new();
    for option in command.get_arguments() {
        let help = option.get_long_help().map(ToString::to_string).unwrap_or_default();
        let Some(variable) = bracketed(&help, "env") else { continue };
        let summary = option.get_help().map(ToString::to_string).unwrap_or_default();
        let name = option.get_long().expect("an option with a variable has a long name");
        let text = format!("\\fB{}\\fR: {}", escape(&format!("--{name}")), with_default(&summary));
        _ = write!(out, ".TP\n\\fB{}\\fR\n{}", escape(&variable), filled(&text));
    }
    out
}

fn with_default(summary: &str) -> String {
    match bracketed(summary, "default") {
        Some(default) => {
            let text = prose(summary.replace(&format!("[default: {default}]"), "").trim());
            format!("{text} Default: \\fB{}\\fR.", escape(&default))
        }
        None => prose(summary),
    }
}

/// Returns the text of `[key: …]`.
fn bracketed(text: &str, key: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("[{key}: "))?;
    Some(rest.split_once(']')?.0.to_owned())
}

/// Formats help as prose, with a full stop and with `code` in bold.
fn prose(help: &str) -> String {
    let text = help.replace('*', "\\*");
    assert!(!text.contains("\\*"), "a star is markup in the pages: {help}");
    let mut text = inline(&text);
    if !text.is_empty() && !text.ends_with(['.', ':', '?']) {
        text.push('.');
    }
    text
}

/// Returns these exit statuses with the explanations from the program's help.
pub(super) fn exit_status(program: &clap::Command, wanted: &str) -> String {
    let help = program.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let (_, table) = help.split_once("Exit status:\n").expect("the help has the table");
    let mut out = String::new();
    for code in wanted.split_whitespace() {
        let line = table.lines().find_map(|line| line.trim_start().strip_prefix(&format!("{code}  ")));
        let meaning = line.unwrap_or_else(|| panic!("the help has no exit status {code}"));
        _ = write!(out, ".TP\n\\fB{code}\\fR\n{}", filled(&format!("{}.", escape(meaning))));
    }
    out
}

/// Returns only the examples from the help.
pub(super) fn examples(command: &clap::Command) -> Vec<String> {
    let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let (_, lines) = help.split_once("Examples:\n").expect("every command has examples");
    lines.lines().map_while(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}
