//! The hidden command `__complete`, which the scripts in `completions/` call when the user presses Tab. It determines
//! the candidates for all shells.
//!
//! The call is `pushgw __complete zsh|fish WORD... CURRENT` or `pushgw __complete bash LINE WORDBREAKS`. The first line
//! of the output determines what follows:
//!
//! | first line | then |
//! | --- | --- |
//! | `words` | one candidate per line; for zsh and fish, a tab and a description may follow |
//! | `file`, a tab, and the part of the current word to keep | nothing: the shell completes file names itself |
//! | `command`, a tab, and the number of words between its start and the current word | nothing |
//!
//! Errors produce no candidates and no message, because a message would garble the command line.

mod bash;
mod line;

use crate::config;
use crate::env::Environment;
use crate::gateway::{self, Group, Selection};
use crate::grouping::{Label, Matcher};
use crate::http::Client;
use crate::output::{Charset, sanitize};
use bash::BashLine;
use line::{Candidate, Candidates, Completion, GroupQuery, KeyPart};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub(crate) const NAME: &str = "__complete";

/// Time limit for a response from the gateway. It is short, because the user is waiting.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs `__complete`. `args` are the arguments after [`NAME`].
pub(crate) fn run(args: &[OsString], environment: &Environment, out: &mut dyn Write) -> io::Result<()> {
    let args: Vec<String> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bash", typed, breaks] => {
            let line = BashLine::read(typed, breaks);
            let [_program, before @ .., current] = line.words.as_slice() else { return Ok(()) };
            answer(&line::complete(before, current), environment, out, |candidate| {
                line.completed(&candidate.word)
            })
        }
        ["zsh" | "fish", before @ .., current] => {
            let before: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
            answer(&line::complete(&before, current), environment, out, |Candidate { word, description }| {
                Some(if description.is_empty() { word } else { format!("{word}\t{description}") })
            })
        }
        _ => Ok(()),
    }
}

fn answer(
    completion: &Completion,
    environment: &Environment,
    out: &mut dyn Write,
    format: impl Fn(Candidate) -> Option<String>,
) -> io::Result<()> {
    let prefix = &completion.prefix;
    let candidates = match &completion.candidates {
        Candidates::File => return writeln!(out, "file\t{prefix}"),
        Candidates::Command(words) => return writeln!(out, "command\t{words}"),
        Candidates::Words(candidates) => candidates.clone(),
        Candidates::Groups(query) => {
            let words = from_gateway(query, environment).into_iter().filter(|word| {
                // A separate word that starts with `-` would be parsed as an option.
                !prefix.is_empty() || !word.starts_with('-')
            });
            words.map(|word| Candidate { word, description: String::new() }).collect()
        }
    };
    writeln!(out, "words")?;
    for Candidate { word, description } in candidates {
        if let Some(line) = format(Candidate { word: format!("{prefix}{word}"), description }) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// Queries the gateway for candidates. Returns none if that takes longer than [`GATEWAY_TIMEOUT`].
fn from_gateway(query: &GroupQuery, environment: &Environment) -> BTreeSet<String> {
    let Some(selection) = selection(query) else { return BTreeSet::new() };
    let Ok(mut connection) = config::gateway_connection(&query.connection, environment, config::Use::Groups)
    else {
        return BTreeSet::new();
    };
    connection.timeout = connection.timeout.min(GATEWAY_TIMEOUT);
    connection.retries = 0;
    let (sender, receiver) = mpsc::channel();
    // A separate thread sends the query, so that the time limit also applies to DNS lookups. The thread ends with the
    // process. If it can't be started, the receiver fails immediately.
    let _ = thread::Builder::new().spawn(move || {
        let snapshot = gateway::fetch_groups(&Client::new(&connection), &connection.endpoint, &mut |_| {});
        // This fails if the receiver has already timed out.
        let _ = sender.send(snapshot);
    });
    let Ok(Ok(snapshot)) = receiver.recv_timeout(GATEWAY_TIMEOUT) else { return BTreeSet::new() };
    let fitting = snapshot.groups.iter().filter(|group| selection.fits(group, snapshot.now));
    // If a group's key is not known exactly, the candidates could name another group.
    let exact = fitting.filter(|group| group.key.is_ok());
    exact.flat_map(|group| words(group, query)).filter(|word| can_be_typed(word)).collect()
}

/// Builds a selection from the options typed so far. Returns `None` if one of them is incomplete.
fn selection(query: &GroupQuery) -> Option<Selection> {
    let label = |text: &String| text.parse::<Label>().map(|label| Matcher::equal(label.name, label.value));
    let labels = query.labels.iter().map(|text| label(text).ok());
    let matchers = query.matchers.iter().map(|text| text.parse().ok());
    let matchers = labels.chain(matchers).collect::<Option<Vec<Matcher>>>()?;
    Some(Selection { matchers, ..Selection::default() })
}

/// Returns the candidates from the group's labels.
fn words(group: &Group, query: &GroupQuery) -> Vec<String> {
    let is_given = |name: &str| {
        query.labels.iter().any(|label| label.split_once('=').is_some_and(|(given, _)| given == name))
    };
    match &query.part {
        KeyPart::Names { job } => {
            let names = group.labels.iter().map(|(name, _)| name);
            let open = names.filter(|name| (*job || *name != "job") && !is_given(name));
            open.map(|name| format!("{name}=")).collect()
        }
        KeyPart::Values(label) => {
            let value = group.labels.get(label).filter(|value| !value.is_empty());
            value
                .map(|value| if query.named { format!("{label}={value}") } else { value.to_owned() })
                .into_iter()
                .collect()
        }
    }
}

/// Returns true if the word is a single line without invisible characters.
fn can_be_typed(word: &str) -> bool {
    sanitize::text(word, Charset::Unicode) == word
}
