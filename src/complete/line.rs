//! Determines the candidates for the word at the cursor. This module does no I/O: if the candidates come from a
//! gateway, the result is a query.

use crate::cli::{Cli, ConnectionArgs};
use clap::{Arg, ArgAction, Args as _, Command, CommandFactory as _, FromArgMatches as _, ValueHint};

/// The candidates for the word at the cursor.
#[derive(Debug)]
pub(super) struct Completion {
    /// The part of the word at the cursor that is kept before each candidate, such as `--format=` or `-j`.
    pub(super) prefix: String,
    pub(super) candidates: Candidates,
}

#[derive(Debug)]
pub(super) enum Candidates {
    Words(Vec<Candidate>),
    /// File names, which the shell completes itself.
    File,
    /// A command with its arguments, which starts this many words before the cursor.
    Command(usize),
    /// Labels of the gateway's groups, which must be fetched.
    Groups(Box<GroupQuery>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) word: String,
    /// A description of the candidate, which may be empty.
    pub(super) description: String,
}

/// A query for the labels of a gateway's groups.
#[derive(Debug)]
pub(super) struct GroupQuery {
    pub(super) part: KeyPart,
    /// Whether candidates have the form `NAME=VALUE`.
    pub(super) named: bool,
    /// The labels typed so far, as `NAME=VALUE`.
    pub(super) labels: Vec<String>,
    /// The matchers typed so far.
    pub(super) matchers: Vec<String>,
    /// The connection options typed so far.
    pub(super) connection: ConnectionArgs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyPart {
    /// The values of the label with this name.
    Values(String),
    /// Label names, with or without `job`.
    Names { job: bool },
}

/// Completes `current` after the words `before`, which do not include the program's name.
pub(super) fn complete(before: &[String], current: &str) -> Completion {
    let mut program = Cli::command();
    program.build();
    // `help` is not one of clap's commands. It accepts the name of one command.
    let before = match before {
        [help] if help == "help" => &[],
        [help, ..] if help == "help" => {
            return Completion { prefix: String::new(), candidates: words([]) };
        }
        _ => before,
    };
    let mut typed = TypedLine { command: &program, is_program: true, values: Vec::new(), pending: None };
    for (at, word) in before.iter().enumerate() {
        let candidates = if word == "--" && typed.pending.is_none() {
            let has_producer = typed.command.get_positionals().any(Arg::is_last_set);
            if has_producer { Candidates::Command(before.len() - at - 1) } else { words([]) }
        } else if typed.add(word) {
            continue;
        } else {
            words([])
        };
        return Completion { prefix: String::new(), candidates };
    }
    typed.complete(current)
}

struct TypedLine<'a> {
    command: &'a Command,
    is_program: bool,
    values: Vec<(&'a Arg, String)>,
    /// The option whose value is expected next.
    pending: Option<&'a Arg>,
}

impl<'a> TypedLine<'a> {
    /// Adds a word. Returns false if nothing can be completed after it.
    fn add(&mut self, word: &str) -> bool {
        if let Some(option) = self.pending.take() {
            self.values.push((option, word.to_owned()));
        } else if let Some((option, value)) = self.attached(word) {
            self.values.push((option, word[value..].to_owned()));
        } else if word.starts_with('-') && word.len() > 1 {
            let options = self.named(word);
            self.pending = options.last().copied().filter(|option| needs_value(option));
            let switches = options.into_iter().filter(|option| !needs_value(option));
            self.values.extend(switches.map(|option| (option, String::new())));
        } else if self.is_program {
            let Some(command) = self.command.find_subcommand(word) else { return false };
            (self.command, self.is_program) = (command, false);
        }
        true
    }

    fn long(&self, name: &str) -> Option<&'a Arg> {
        self.command.get_arguments().find(|option| option.get_long() == Some(name))
    }

    fn short(&self, name: char) -> Option<&'a Arg> {
        self.command.get_arguments().find(|option| option.get_short() == Some(name))
    }

    /// Returns the options in a word that contains no value: `--long`, or a cluster of short options.
    fn named(&self, word: &str) -> Vec<&'a Arg> {
        match word.strip_prefix("--") {
            Some(name) => self.long(name).into_iter().collect(),
            None => word.chars().skip(1).map_while(|name| self.short(name)).collect(),
        }
    }

    /// Returns the option in a word that also contains its value, and the position of the value.
    fn attached(&self, word: &str) -> Option<(&'a Arg, usize)> {
        if let Some(rest) = word.strip_prefix("--") {
            let (name, _) = rest.split_once('=')?;
            return Some((self.long(name).filter(takes_value)?, "--=".len() + name.len()));
        }
        for (at, name) in word.strip_prefix('-')?.char_indices() {
            let option = self.short(name)?;
            let end = 1 + at + name.len_utf8();
            if takes_value(&option) {
                let value = end + usize::from(word[end..].starts_with('='));
                return (end < word.len()).then_some((option, value));
            }
        }
        None
    }

    fn complete(&self, current: &str) -> Completion {
        let (prefix, candidates) = if let Some(option) = self.pending {
            (0, self.value(option, current))
        } else if let Some((option, value)) = self.attached(current) {
            (value, self.value(option, &current[value..]))
        } else if current == "-" || current.starts_with("--") {
            (0, words(self.options()))
        } else if current.starts_with('-') {
            // A complete cluster is its own candidate, so that the shell moves on to the next word.
            let is_complete = self.named(current).len() == current.chars().count() - 1;
            (0, words(is_complete.then(|| candidate(current, ""))))
        } else {
            (0, self.operand())
        };
        Completion { prefix: current[..prefix].to_owned(), candidates }
    }

    /// Returns the long options that can still be added. Hidden options are left out, because they exist only to
    /// improve error messages.
    fn options(&self) -> Vec<Candidate> {
        let is_given = |option: &Arg| self.values.iter().any(|(given, _)| given.get_id() == option.get_id());
        let repeats = |option: &Arg| matches!(option.get_action(), ArgAction::Append | ArgAction::Count);
        let excludes = |one: &Arg, other: &Arg| {
            let conflicts = self.command.get_arg_conflicts_with(one);
            conflicts.iter().any(|conflict| conflict.get_id() == other.get_id())
        };
        let can_be = |option: &&Arg| {
            let fits = |(given, _): &(&'a Arg, String)| !excludes(given, option) && !excludes(option, given);
            !option.is_hide_set() && (!is_given(option) || repeats(option)) && self.values.iter().all(fits)
        };
        let named = self.command.get_arguments().filter(can_be).filter_map(|option| {
            Some(candidate(&format!("--{}", option.get_long()?), &summary(option.get_help())))
        });
        named.collect()
    }

    /// Returns the candidates for a word that is not an option.
    fn operand(&self) -> Candidates {
        if self.is_program {
            let commands = self.command.get_subcommands();
            return words(commands.map(|c| candidate(c.get_name(), &summary(c.get_about()))));
        }
        match self.command.get_positionals().find(|operand| !operand.is_last_set()) {
            Some(operand) => self.value(operand, ""),
            None => words(self.options()),
        }
    }

    /// Returns the candidates for an option's value, of which `typed` has been entered so far.
    fn value(&self, option: &Arg, typed: &str) -> Candidates {
        let listed = option.get_possible_values();
        if !listed.is_empty() {
            return words(listed.iter().map(|value| candidate(value.get_name(), &summary(value.get_help()))));
        }
        if matches!(option.get_value_hint(), ValueHint::FilePath | ValueHint::DirPath) {
            return Candidates::File;
        }
        match option.get_id().as_str() {
            "compress" => words(["none", "gzip"].map(|value| candidate(value, ""))),
            id @ ("job" | "instance") => self.groups(KeyPart::Values(id.to_owned()), false),
            id @ ("labels" | "matchers") => match typed.split_once('=') {
                // Complete the value only after `=`. After `!=`, `=~` and `!~`, it need not be a value from the
                // gateway.
                Some((name, value)) if !name.ends_with('!') && !value.starts_with(['~', '=']) => {
                    self.groups(KeyPart::Values(name.to_owned()), true)
                }
                Some(_) => words([]),
                None => self.groups(KeyPart::Names { job: id == "matchers" }, true),
            },
            _ => words([]),
        }
    }

    fn groups(&self, part: KeyPart, named: bool) -> Candidates {
        let given = |id: &str| {
            let values = self.values.iter().filter(move |(option, _)| option.get_id() == id);
            values.map(|(_, value)| value.clone()).collect::<Vec<String>>()
        };
        let mut labels = given("labels");
        labels.extend(given("job").iter().map(|job| format!("job={job}")));
        labels.extend(given("instance").iter().map(|instance| format!("instance={instance}")));
        match self.connection() {
            Some(connection) => {
                let matchers = given("matchers");
                Candidates::Groups(Box::new(GroupQuery { part, named, labels, matchers, connection }))
            }
            None => words([]),
        }
    }

    /// Returns the connection options typed so far, or `None` if the command has no such options.
    fn connection(&self) -> Option<ConnectionArgs> {
        let options = ConnectionArgs::augment_args(Command::new("connection").no_binary_name(true));
        let is_known = |option: &Arg| options.get_arguments().any(|known| known.get_id() == option.get_id());
        if !self.command.get_arguments().any(is_known) {
            return None;
        }
        let given =
            self.values.iter().filter(|(option, _)| is_known(option)).filter_map(|(option, value)| {
                let name = option.get_long()?;
                Some(if takes_value(option) { format!("--{name}={value}") } else { format!("--{name}") })
            });
        let given: Vec<String> = given.collect();
        ConnectionArgs::from_arg_matches(&options.try_get_matches_from(given).ok()?).ok()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "filter passes a reference")]
fn takes_value(option: &&Arg) -> bool {
    option.get_action().takes_values()
}

/// Returns true if the option's value is the next word. An optional value must be attached.
fn needs_value(option: &Arg) -> bool {
    takes_value(&option) && option.get_num_args().is_none_or(|range| range.min_values() > 0)
}

fn words(candidates: impl IntoIterator<Item = Candidate>) -> Candidates {
    Candidates::Words(candidates.into_iter().collect())
}

fn candidate(word: &str, description: &str) -> Candidate {
    Candidate { word: word.to_owned(), description: description.to_owned() }
}

fn summary(help: Option<&clap::builder::StyledStr>) -> String {
    help.map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_line_causes_a_panic(
            words in proptest::collection::vec(
                "push|delete|list|check|completions|--|-j|-jx|-fnj|-l=|--label=a|--[a-z-]{0,9}=?|-[a-zA-Z=é]{0,3}|[a=~!é ]{0,4}",
                0..7,
            ),
            current in "-?-?[a-zé]{0,6}[=!~]{0,2}[aé]?",
        ) {
            let _ = complete(&words, &current);
        }
    }
}
