//! Finds options and their values in a command line that clap rejects, and builds the command that was meant.

use crate::output::{Charset, sanitize};
use crate::secret::without_user_and_query;
use crate::shell::quote;
use clap::{Arg, Command};
use std::ffi::OsString;

/// Returns the command `ours`, which may end in an option such as `--groups`, with the words of the command line after
/// `typed`. Returns `None` if that is not a valid command, or if a word can't be printed.
pub(super) fn filled_in(ours: &str, typed: &str, args: &[OsString], program: &Command) -> Option<String> {
    let mut words = args.iter().skip(1).map(|arg| arg.to_str()).collect::<Option<Vec<_>>>()?;
    words.remove(words.iter().position(|word| *word == typed)?);
    if words.is_empty() || words.iter().any(|word| sanitize::text(word, Charset::Ascii) != *word) {
        return None;
    }
    let (name, option) = ours.split_once(' ').unwrap_or((ours, ""));
    let command = program.find_subcommand(name)?;
    let dashes = words.iter().position(|word| *word == "--").unwrap_or(words.len());
    let mut own = without_secrets(command, &words[..dashes]);
    let mut producer: Vec<String> = words.iter().skip(dashes + 1).map(|word| (*word).to_owned()).collect();
    let operand = first_operand(command, &own);
    if name == "run" && dashes == words.len() {
        producer = own.split_off(operand);
    }
    let typed = || own.iter().map(String::as_str);
    let has_job = names_a_job(typed()) || typed().any(|word| word.starts_with("--url"));
    let has_group = has_job || selects(typed());
    // `run` has no operand before its command.
    let is_job = match name {
        "show" | "delete" => !has_group && option.is_empty(),
        "run" => !has_job && operand < own.len(),
        _ => false,
    };
    if is_job {
        own.insert(operand, "-j".to_owned());
    } else if matches!(name, "push" | "add" | "run") && !has_job && option != "--groups" {
        own.splice(..0, ["-j".to_owned(), "JOB".to_owned()]);
    }
    if !option.is_empty() {
        let operand = first_operand(command, &own);
        own.insert(operand, option.to_owned());
    }
    if may_have_secret(&producer) || name == "run" && producer.is_empty() {
        producer = vec!["COMMAND".to_owned()];
    }
    own.insert(0, name.to_owned());
    if !producer.is_empty() {
        own.push("--".to_owned());
        own.append(&mut producer);
    }
    program
        .clone()
        .try_get_matches_from(["pushgw"].into_iter().chain(own.iter().map(String::as_str)))
        .ok()?;
    Some(own.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" "))
}

/// Returns true if `-j JOB` is one of the words, which means that another word is not a job.
pub(super) fn names_a_job<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    words.any(|word| word.starts_with("-j") || word.starts_with("--job"))
}

/// Returns true if an option selects groups, so that `-j JOB` would be a conflict.
pub(super) fn selects<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    let options = ["--match", "--older-than", "--failed", "--all"];
    words.any(|word| options.iter().any(|option| word.starts_with(option)))
}

/// Returns the place of the first word that is neither an option nor its value.
fn first_operand(command: &Command, words: &[String]) -> usize {
    let mut place = 0;
    while let Some(word) = words.get(place).filter(|word| word.len() > 1 && word.starts_with('-')) {
        place += if needs_next(command, word) { 2 } else { 1 };
    }
    place.min(words.len())
}

/// Removes the user and the headers, and the credentials in URLs.
pub(super) fn without_secrets(command: &Command, words: &[&str]) -> Vec<String> {
    let mut shown = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !is_secret(word) {
            shown.push(without_user_and_query(word));
        } else if needs_next(command, word) {
            words.next();
        }
    }
    shown
}

/// Returns true if the value of this option may be a secret.
fn is_secret(word: &str) -> bool {
    match word.strip_prefix('-') {
        Some(long) if long.starts_with('-') => long.starts_with("-user") || long.starts_with("-header"),
        // In a cluster such as `-qu`, the letters after the first option with a value are that value.
        Some(cluster) => {
            cluster.chars().take_while(|c| !"jligmo".contains(*c)).any(|c| matches!(c, 'u' | 'H'))
        }
        None => false,
    }
}

/// Returns true if the words of another program may contain a password or a token.
fn may_have_secret(words: &[String]) -> bool {
    const OPTIONS: [&str; 8] = ["-u", "-p", "-H", "--user", "--pass", "--header", "--token", "--secret"];
    words.iter().any(|word| {
        OPTIONS.iter().any(|option| word.starts_with(option)) || without_user_and_query(word) != *word
    })
}

/// Joins each option and its negative value with `=`. clap would mistake a value such as `-1s` for an option, and its
/// setting for such values would also accept `--`.
pub(super) fn join_negative_values(command: &Command, args: &mut Vec<OsString>) {
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    for place in (1..end).rev() {
        let is_negative = matches!(args[place].as_encoded_bytes(), [b'-', b'0'..=b'9', ..]);
        let before = args[place - 1].to_str().and_then(|option| option.strip_prefix("--"));
        let has_value =
            |name: &str| command.get_arguments().any(|o| o.get_long() == Some(name) && takes_value(o));
        if is_negative && before.is_some_and(has_value) {
            let value = args.remove(place);
            args[place - 1].push("=");
            args[place - 1].push(value);
        }
    }
}

/// Returns true if the value of this option is the next argument.
pub(super) fn needs_next(command: &Command, arg: &str) -> bool {
    if let Some(name) = arg.strip_prefix("--") {
        return command
            .get_arguments()
            .any(|option| option.get_long() == Some(name) && takes_value(option) && !is_optional(option));
    }
    let Some(cluster) = arg.strip_prefix('-') else { return false };
    let mut letters = cluster.chars();
    while let Some(option) = letters.next().and_then(|letter| short(command, letter)) {
        if takes_value(option) {
            return letters.as_str().is_empty();
        }
    }
    false
}

pub(super) fn short(command: &Command, letter: char) -> Option<&Arg> {
    command.get_arguments().find(|option| option.get_short() == Some(letter))
}

pub(super) fn takes_value(option: &Arg) -> bool {
    option.get_action().takes_values()
}

fn is_optional(option: &Arg) -> bool {
    option.get_num_args().is_some_and(|count| count.min_values() == 0)
}
