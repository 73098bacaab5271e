//! Finds arguments that clap would accept with a different meaning than intended, before clap parses them.

use super::tips::{OPTIONS, is_plain};
use super::words::{needs_next, short, takes_value, without_secrets};
use crate::shell::quote;
use clap::Command;
use std::ffi::{OsStr, OsString};

/// An argument that is almost certainly a mistake.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// Returns true if [`find`] might report this argument, or if it could be a negative value. This check is cheap, while
/// the others need the options of all subcommands, which take time to build.
pub(super) fn may_be(arg: &OsStr) -> bool {
    match arg.as_encoded_bytes() {
        [b'-', b'-', long @ ..] => long.iter().find(|byte| b" =".contains(byte)) == Some(&b' '),
        [b'-', _, _, ..] | [b'-', b'0'..=b'9'] => true,
        [first, ..] => !first.is_ascii(),
        [] => false,
    }
}

/// Returns the first mistake in the arguments of `command`, a subcommand whose options have all been built.
pub(super) fn find(command: &Command, args: &[OsString]) -> Option<Mistake> {
    let mut args = args.iter().take_while(|arg| *arg != "--").map(|arg| arg.to_string_lossy());
    while let Some(arg) = args.next() {
        if let Some(mistake) = long_dash(&arg)
            .or_else(|| one_word(command, &arg))
            .or_else(|| single_dash(command, &arg, args.clone().next().as_deref()))
        {
            return Some(mistake);
        }
        if needs_next(command, &arg) {
            args.next();
        }
    }
    None
}

/// Finds options that start with a long dash, such as `–job`. Word processors replace `--` with such a dash.
fn long_dash(arg: &str) -> Option<Mistake> {
    let name = arg.trim_start_matches(['\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}']);
    if name.len() == arg.len() || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let dashes = if name.len() == 1 { "-" } else { "--" };
    let option = name.split('=').next().unwrap_or_default();
    Some(Mistake {
        message: format!("`{}` begins with a long dash", arg.split('=').next().unwrap_or_default()),
        hint: format!("type it with plain hyphens: {dashes}{option}"),
    })
}

/// Finds `"-j x -l a=b"` and `"--job x"`, whose quotes turn several words into one.
fn one_word(command: &Command, arg: &str) -> Option<Mistake> {
    let words: Vec<&str> = arg.split_whitespace().collect();
    let is_option = |word: &str| {
        ["-j", "-l", "-i"].contains(&word) || word.starts_with("--") && needs_next(command, word)
    };
    let first = words.first().filter(|first| words.len() > 1 && is_option(first))?;
    let shown = without_secrets(command, &words);
    let message = format!("`{first}` and its value are one word");
    let has_options = words[1..].iter().any(|word| word.starts_with('-'));
    // The words after a header's name may be a part of the secret.
    let hint = if shown.len() == words.len() && first.starts_with("--") && !has_options {
        let value = arg.trim_start().strip_prefix(first).unwrap_or_default().trim();
        format!("remove the quotes: {first} {}", quote(value))
    } else if shown.len() == words.len() {
        let shown: Vec<String> = shown.iter().map(|word| quote(word)).collect();
        format!("remove the quotes: {}", shown.join(" "))
    } else {
        "remove the quotes".to_owned()
    };
    Some(Mistake { message, hint })
}

/// Finds long options with a single dash, such as `-job=x`. Go programs accept them, but clap parses this one as `-j
/// ob=x`.
fn single_dash(command: &Command, arg: &str, next: Option<&str>) -> Option<Mistake> {
    let body = arg.strip_prefix('-').filter(|body| !body.starts_with('-'))?;
    let (name, value) = body.split_once('=').map_or((body, None), |(name, value)| (name, Some(value)));
    let first = name.chars().next()?;
    let known = command.get_arguments().find_map(|option| {
        let long = option.get_long().filter(|long| long.replace('-', "_") == name.replace('-', "_"))?;
        // The value of another option may be a secret.
        let is_harmless = ["job", "instance", "label", "match", "older-than", "type", "format", "timeout"];
        let is_shown = |value: &str| is_plain(value) && is_harmless.contains(&long);
        let attached = value.filter(|value| is_shown(value)).map(|value| format!("={value}"));
        let separate = next.filter(|next| value.is_none() && is_shown(next)).map(|next| format!(" {next}"));
        Some(format!("use --{long}{}", attached.or(separate).unwrap_or_default()))
    });
    // clap would accept some options of other programs with another meaning: `-json` as `-j son`.
    let theirs =
        || OPTIONS.iter().find(|(theirs, _)| theirs.contains(&name)).map(|(_, hint)| (*hint).to_owned());
    let valued = short(command, first).filter(|option| takes_value(option));
    // `-job_name=x` begins with `-job`.
    let longer = || {
        let long = valued?.get_long().filter(|long| name.starts_with(long))?;
        Some(format!("use --{long} {}", valued?.get_value_names()?.first()?))
    };
    let hint = known.or_else(theirs).filter(|_| name.chars().count() > 1).or_else(longer)?;
    let read_as = match valued {
        Some(_) => format!(" is read as `-{first} {}`", &name[first.len_utf8()..]),
        None => " is not an option".to_owned(),
    };
    Some(Mistake { message: format!("`-{name}`{read_as}"), hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(args: &[&str]) -> Option<(String, String)> {
        let mut program = crate::command_line();
        program.build();
        let command = program.find_subcommand(args[0]).unwrap();
        let args: Vec<OsString> = args[1..].iter().map(OsString::from).collect();
        find(command, &args).map(|mistake| (mistake.message, mistake.hint))
    }

    #[test]
    fn single_dashes_and_long_dashes_are_mistakes() {
        for (args, message, hint) in [
            (&["push", "-job=x", "f"][..], "`-job` is read as `-j ob`", "use --job=x"),
            (&["push", "-job", "x", "f"], "`-job` is read as `-j ob`", "use --job x"),
            (&["push", "-j", "x", "-label=team=a"], "`-label` is read as `-l abel`", "use --label=team=a"),
            (&["push", "-job_name=x"], "`-job_name` is read as `-j ob_name`", "use --job JOB"),
            (&["push", "-labels", "a=b"], "`-labels` is read as `-l abels`", "use --label NAME=VALUE"),
            (&["push", "-j", "x", "-quiet"], "`-quiet` is not an option", "use --quiet"),
            (&["push", "-j", "x", "-user=a:secret"], "`-user` is read as `-u ser`", "use --user"),
            (
                &["delete", "-older-than", "7d"],
                "`-older-than` is read as `-o lder-than`",
                "use --older-than 7d",
            ),
            (&["delete", "-older_than=7d"], "`-older_than` is read as `-o lder_than`", "use --older-than=7d"),
            (&["push", "–job", "x"], "`–job` begins with a long dash", "type it with plain hyphens: --job"),
            (&["push", "-j x -l a=b -u me:secret"], "`-j` and its value are one word", "remove the quotes"),
            (&["push", "--job x", "f"], "`--job` and its value are one word", "remove the quotes: --job x"),
            (
                &["list", "--label a=b --wide"],
                "`--label` and its value are one word",
                "remove the quotes: --label a=b --wide",
            ),
            (
                &["push", "--metric a 1"],
                "`--metric` and its value are one word",
                "remove the quotes: --metric 'a 1'",
            ),
            (&["push", "--user me:x"], "`--user` and its value are one word", "remove the quotes"),
            (&["push", "-j x --header A: x"], "`-j` and its value are one word", "remove the quotes"),
            (&["push", "-group=x"], "`-group` is read as `-g roup`", "use -j JOB and -l NAME=VALUE"),
            (&["push", "—j", "x"], "`—j` begins with a long dash", "type it with plain hyphens: -j"),
        ] {
            assert_eq!(found(args), Some((message.to_owned(), hint.to_owned())), "{args:?}");
        }
    }

    #[test]
    fn values_clusters_and_producers_are_not_mistakes() {
        for args in [
            &["push", "-jx", "-i", "-job", "f"][..],
            &["push", "-j", "-instance"],
            &["push", "-j=x", "-l", "a=b", "-qn"],
            &["push", "--job", "-job", "--label=-label=a"],
            &["push", "-j", "x", "--", "tool", "-job=y", "–x"],
            &["push", "-j", "x", "-"],
            &["list", "--watch", "-q"],
            &["push", "-m", "--job x", "--label=a=b c", "--quiet x"],
        ] {
            assert_eq!(found(args), None, "{args:?}");
        }
    }
}
