//! A command line that is still being typed: what can stand at its cursor. Nothing is asked of the world; what only a
//! gateway knows is told as a question.

use crate::cli::{Cli, ConnectionArgs};
use clap::{Arg, ArgAction, Args as _, Command, CommandFactory as _, FromArgMatches as _, ValueHint};

/// What can stand at the cursor.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The part of the word at the cursor that stays whatever follows, such as `--format=` or `-j`.
    pub(super) fixed: String,
    /// What follows it.
    pub(super) what: What,
}

/// The kinds of things that can stand there.
#[derive(Debug)]
pub(super) enum What {
    /// One of these.
    Words(Vec<Candidate>),
    /// A file's name.
    File,
    /// A command with its arguments, which begins so many words before the one at the cursor.
    Command(usize),
    /// What a gateway's groups have.
    Groups(Box<Groups>),
}

/// A word that can stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The word.
    pub(super) word: String,
    /// What it means.
    pub(super) meaning: String,
}

/// A question about a gateway's groups.
#[derive(Debug)]
pub(super) struct Groups {
    /// What of them.
    pub(super) part: Part,
    /// A value is written `NAME=VALUE`.
    pub(super) named: bool,
    /// The labels of the group that are typed already, as `NAME=VALUE`.
    pub(super) labels: Vec<String>,
    /// The matchers that are typed already.
    pub(super) matchers: Vec<String>,
    /// The connection options that are typed already.
    pub(super) connection: ConnectionArgs,
}

/// A part of a group's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The values of this label.
    Values(String),
    /// The names of the labels; with or without `job`.
    Names {
        /// `job` is one of them.
        job: bool,
    },
}

/// What can stand in place of `current`, behind the whole words `before`; the program's name is not among them.
#[must_use]
pub(super) fn wanted(before: &[String], current: &str) -> Wanted {
    let mut program = Cli::command();
    program.build();
    let mut typed = Typed { command: &program, is_program: true, values: Vec::new(), pending: None };
    for (at, word) in before.iter().enumerate() {
        if word == "--" && typed.pending.is_none() {
            let has_producer = typed.command.get_positionals().any(Arg::is_last_set);
            let what = if has_producer { What::Command(before.len() - at - 1) } else { words([]) };
            return Wanted { fixed: String::new(), what };
        }
        if !typed.take(word) {
            return Wanted { fixed: String::new(), what: words([]) };
        }
    }
    typed.wanted(current)
}

/// What the words before the cursor say.
struct Typed<'a> {
    command: &'a Command,
    is_program: bool,
    values: Vec<(&'a Arg, String)>,
    /// The option whose value comes next.
    pending: Option<&'a Arg>,
}

impl<'a> Typed<'a> {
    /// Takes one more word down; false where nothing can be said of what follows.
    fn take(&mut self, word: &str) -> bool {
        if let Some(option) = self.pending.take() {
            self.values.push((option, word.to_owned()));
        } else if let Some((option, fixed)) = self.attached(word) {
            self.values.push((option, word[fixed..].to_owned()));
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

    /// The options that a word names, without values: `--long`, or a cluster of short ones.
    fn named(&self, word: &str) -> Vec<&'a Arg> {
        match word.strip_prefix("--") {
            Some(name) => self.long(name).into_iter().collect(),
            None => word.chars().skip(1).map_while(|name| self.short(name)).collect(),
        }
    }

    /// The option that a word names together with its value, and where in the word the value begins.
    fn attached(&self, word: &str) -> Option<(&'a Arg, usize)> {
        if let Some(rest) = word.strip_prefix("--") {
            let (name, _) = rest.split_once('=')?;
            return Some((self.long(name).filter(takes_value)?, "--=".len() + name.len()));
        }
        for (at, name) in word.strip_prefix('-')?.char_indices() {
            let option = self.short(name)?;
            let behind = 1 + at + name.len_utf8();
            if takes_value(&option) {
                let value = behind + usize::from(word[behind..].starts_with('='));
                return (behind < word.len()).then_some((option, value));
            }
        }
        None
    }

    fn wanted(&self, current: &str) -> Wanted {
        let (fixed, what) = if let Some(option) = self.pending {
            (0, self.value(option, current))
        } else if let Some((option, fixed)) = self.attached(current) {
            (fixed, self.value(option, &current[fixed..]))
        } else if current == "-" || current.starts_with("--") {
            (0, words(self.options()))
        } else if current.starts_with('-') {
            // A cluster that is whole already: the shell goes on to the next word.
            let is_known = self.named(current).len() == current.chars().count() - 1;
            (0, words(is_known.then(|| candidate(current, ""))))
        } else {
            (0, self.operand())
        };
        Wanted { fixed: current[..fixed].to_owned(), what }
    }

    /// The long options that can still be given.
    fn options(&self) -> Vec<Candidate> {
        let is_given = |option: &Arg| self.values.iter().any(|(given, _)| given.get_id() == option.get_id());
        let repeats = |option: &Arg| matches!(option.get_action(), ArgAction::Append | ArgAction::Count);
        let excludes = |one: &Arg, other: &Arg| {
            let conflicts = self.command.get_arg_conflicts_with(one);
            conflicts.iter().any(|conflict| conflict.get_id() == other.get_id())
        };
        let can_be = |option: &&Arg| {
            let fits = |(given, _): &(&'a Arg, String)| !excludes(given, option) && !excludes(option, given);
            (!is_given(option) || repeats(option)) && self.values.iter().all(fits)
        };
        let named = self.command.get_arguments().filter(can_be).filter_map(|option| {
            Some(candidate(&format!("--{}", option.get_long()?), &summary(option.get_help())))
        });
        named.collect()
    }

    /// What can stand where no option stands.
    fn operand(&self) -> What {
        if self.is_program {
            let commands = self.command.get_subcommands();
            return words(commands.map(|c| candidate(c.get_name(), &summary(c.get_about()))));
        }
        match self.command.get_positionals().find(|operand| !operand.is_last_set()) {
            Some(operand) => self.value(operand, ""),
            None => words(self.options()),
        }
    }

    /// What can be an option's value, of which this is typed.
    fn value(&self, option: &Arg, typed: &str) -> What {
        let listed = option.get_possible_values();
        if !listed.is_empty() {
            return words(listed.iter().map(|value| candidate(value.get_name(), &summary(value.get_help()))));
        }
        if matches!(option.get_value_hint(), ValueHint::FilePath) {
            return What::File;
        }
        match option.get_id().as_str() {
            "compress" => words(["none", "gzip"].map(|value| candidate(value, ""))),
            id @ ("job" | "instance") => self.groups(Part::Values(id.to_owned()), false),
            id @ ("labels" | "matchers") => match typed.split_once('=') {
                // Of a regular expression, and of what is not equal, no value is better than another.
                Some((name, value)) if !name.ends_with('!') && !value.starts_with(['~', '=']) => {
                    self.groups(Part::Values(name.to_owned()), true)
                }
                Some(_) => words([]),
                None => self.groups(Part::Names { job: id == "matchers" }, true),
            },
            _ => words([]),
        }
    }

    fn groups(&self, part: Part, named: bool) -> What {
        let given = |wanted: &str| {
            let values = self.values.iter().filter(move |(option, _)| option.get_id() == wanted);
            values.map(|(_, value)| value.clone()).collect::<Vec<String>>()
        };
        let mut labels = given("labels");
        labels.extend(given("job").iter().map(|job| format!("job={job}")));
        labels.extend(given("instance").iter().map(|instance| format!("instance={instance}")));
        match self.connection() {
            Some(connection) => {
                let matchers = given("matchers");
                What::Groups(Box::new(Groups { part, named, labels, matchers, connection }))
            }
            None => words([]),
        }
    }

    /// The connection options that are typed; `None` where the command has none.
    fn connection(&self) -> Option<ConnectionArgs> {
        let options = ConnectionArgs::augment_args(Command::new("connection").no_binary_name(true));
        let is_one = |option: &Arg| options.get_arguments().any(|known| known.get_id() == option.get_id());
        if !self.command.get_arguments().any(is_one) {
            return None;
        }
        let given = self.values.iter().filter(|(option, _)| is_one(option)).filter_map(|(option, value)| {
            let name = option.get_long()?;
            Some(if takes_value(option) { format!("--{name}={value}") } else { format!("--{name}") })
        });
        let given: Vec<String> = given.collect();
        ConnectionArgs::from_arg_matches(&options.try_get_matches_from(given).ok()?).ok()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that filter wants")]
fn takes_value(option: &&Arg) -> bool {
    option.get_action().takes_values()
}

/// Whether the next word is its value: not where the value can be left out.
fn needs_value(option: &Arg) -> bool {
    takes_value(&option) && option.get_num_args().is_none_or(|range| range.min_values() > 0)
}

fn words(candidates: impl IntoIterator<Item = Candidate>) -> What {
    What::Words(candidates.into_iter().collect())
}

fn candidate(word: &str, meaning: &str) -> Candidate {
    Candidate { word: word.to_owned(), meaning: meaning.to_owned() }
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
        fn no_line_makes_it_panic(
            words in proptest::collection::vec(
                "push|delete|list|check|completions|--|-j|-jx|-fnj|-l=|--label=a|--[a-z-]{0,9}=?|-[a-zA-Z=é]{0,3}|[a=~!é ]{0,4}",
                0..7,
            ),
            current in "-?-?[a-zé]{0,6}[=!~]{0,2}[aé]?",
        ) {
            let _ = wanted(&words, &current);
        }
    }
}
