//! `__complete`, which no help mentions: the scripts in `completions/` call it when the tab key is pressed, with the line
//! as it stands there. All that they complete is decided here, once for all shells.
//!
//! `pushgw __complete zsh|fish WORD... CURRENT` or `pushgw __complete bash LINE WORDBREAKS`; the answer's first line says
//! what it is, and the others are candidates:
//!
//! | first line | then |
//! | --- | --- |
//! | `words` | a candidate a line; for zsh and fish a tab and what it means may follow |
//! | `file`, a tab, and the part of the current word that stays | nothing: the shell knows its files |
//! | `command`, a tab, and how many words before the current one it begins | nothing |
//!
//! Whatever goes wrong, there are no candidates and nothing is said: a message would garble the line that is typed.

mod bash;

use crate::cli::line::{self, Candidate, Groups, Part, Wanted, What};
use crate::config;
use crate::env::Environment;
use crate::gateway::{self, Client, Group, Selection};
use crate::grouping::{Label, Matcher};
use crate::output::{Charset, sanitise};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The name by which the scripts call.
pub const NAME: &str = "__complete";

/// As long a person waits for the tab key.
const PATIENCE: Duration = Duration::from_secs(1);

/// Answers the script that was called with these words behind [`NAME`].
///
/// # Errors
///
/// A failure to write the answer.
pub fn run(args: &[OsString], environment: &Environment, out: &mut dyn Write) -> io::Result<()> {
    let args: Vec<String> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bash", typed, breaks] => {
            let line = bash::Line::read(typed, breaks);
            let Some((current, before)) = line.words.split_last() else { return Ok(()) };
            let Some(program_and) = before.split_first() else { return Ok(()) };
            answer(&line::wanted(program_and.1, current), environment, out, |candidate| {
                line.completed(&candidate.word)
            })
        }
        ["zsh" | "fish", before @ .., current] => {
            let before: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
            answer(&line::wanted(&before, current), environment, out, |Candidate { word, meaning }| {
                Some(if meaning.is_empty() { word } else { format!("{word}\t{meaning}") })
            })
        }
        _ => Ok(()),
    }
}

fn answer(
    wanted: &Wanted,
    environment: &Environment,
    out: &mut dyn Write,
    shown: impl Fn(Candidate) -> Option<String>,
) -> io::Result<()> {
    let candidates = match &wanted.what {
        What::File => return writeln!(out, "file\t{}", wanted.fixed),
        What::Command(words) => return writeln!(out, "command\t{words}"),
        What::Words(candidates) => candidates.clone(),
        What::Groups(groups) => {
            let parts = in_time(groups, environment).into_iter().filter(|word| {
                // By itself such a word would be an option.
                !wanted.fixed.is_empty() || !word.starts_with('-')
            });
            parts.map(|word| Candidate { word, meaning: String::new() }).collect()
        }
    };
    writeln!(out, "words")?;
    for Candidate { word, meaning } in candidates {
        let candidate = Candidate { word: format!("{}{word}", wanted.fixed), meaning };
        if let Some(line) = shown(candidate) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// What the gateway says within [`PATIENCE`], whatever it is that takes longer; else nothing.
fn in_time(groups: &Groups, environment: &Environment) -> BTreeSet<String> {
    let Some(selection) = selection(groups) else { return BTreeSet::new() };
    let Ok(mut connection) = config::connection(&groups.connection, environment) else {
        return BTreeSet::new();
    };
    connection.timeout = connection.timeout.min(PATIENCE);
    connection.retries = 0;
    let (sender, seen) = mpsc::channel();
    // Left behind when it takes too long: the process ends without it.
    thread::spawn(move || {
        let snapshot = gateway::fetch_groups(&Client::new(&connection), &connection.endpoint, &mut |_| {});
        // Nobody listens any more if it took too long.
        let _ = sender.send(snapshot);
    });
    let Ok(Ok(snapshot)) = seen.recv_timeout(PATIENCE) else { return BTreeSet::new() };
    let fitting = snapshot.groups.iter().filter(|group| selection.fits(group, snapshot.now));
    // A key that the listing does not tell exactly would be another's.
    let exact = fitting.filter(|group| group.key.is_ok());
    exact.flat_map(|group| parts(group, groups)).filter(|word| can_be_typed(word)).collect()
}

/// The groups that fit what is typed already; `None` where that is not right yet.
fn selection(groups: &Groups) -> Option<Selection> {
    let label = |text: &String| text.parse::<Label>().map(|label| Matcher::equal(label.name, label.value));
    let labels = groups.labels.iter().map(|text| label(text).ok());
    let matchers = groups.matchers.iter().map(|text| text.parse().ok());
    let matchers = labels.chain(matchers).collect::<Option<Vec<Matcher>>>()?;
    Some(Selection { matchers, ..Selection::default() })
}

/// What of this group's key can stand at the cursor.
fn parts(group: &Group, groups: &Groups) -> Vec<String> {
    let is_given = |name: &str| {
        groups.labels.iter().any(|label| label.split_once('=').is_some_and(|(given, _)| given == name))
    };
    match &groups.part {
        Part::Names { job } => {
            let names = group.labels.iter().map(|(name, _)| name);
            let open = names.filter(|name| (*job || *name != "job") && !is_given(name));
            open.map(|name| format!("{name}=")).collect()
        }
        Part::Values(label) => {
            let value = group.labels.get(label).filter(|value| !value.is_empty());
            value
                .map(|value| if groups.named { format!("{label}={value}") } else { value.to_owned() })
                .into_iter()
                .collect()
        }
    }
}

/// Whether the word is what it looks like, on one line.
fn can_be_typed(word: &str) -> bool {
    sanitise::text(word, Charset::Unicode) == word
}
