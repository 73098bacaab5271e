//! Checks that help, messages, comments and documentation use common technical terms. Each pattern here is a habit to
//! avoid, with the words to write instead.

use regex::{Regex, RegexBuilder};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Files and folders to search. Generated text is not included, because its sources are.
const SEARCHED: &[&str] = &[
    ".ci/run",
    ".github",
    "CHANGELOG.md",
    "Cargo.toml",
    "README.md",
    "benches",
    "deny.toml",
    "docs",
    "examples",
    "man/prose",
    "packaging",
    "src",
    "tests",
];

/// Files to skip: this file, which lists the habits, and a copy of a file shared with other projects.
const SKIPPED: [&str; 2] = ["tests/it/words.rs", "tests/data/grouping.tsv"];

/// Habits to avoid, and what to write instead. A space also matches `_`, so that identifiers are also checked.
const HABITS: &[(&str, &str)] = &[
    ("(is|are|was) no [a-z]+", "is not a, are not"),
    ("(is|are|was|be|been|as) told|told as|tells", "is reported, shows, says"),
    ("(it|they|what|that|which|text|line|name) stands?|stands (in|at|for|behind|there)", "is, is in"),
    ("behind", "after"),
    ("anew", "again"),
    ("heal(s|ed|ing)?|cure[sd]?|mend(s|ed|ing)?", "fix"),
    ("harms?", "break, problem"),
    ("blam(e[sd]?|ing)|culprits?", "cause"),
    ("faults?|faulty", "error, problem, invalid"),
    ("(is|are|was|be) taken|takes? (it|them|what)", "is accepted, accepts"),
    ("wants", "needs, requires"),
    ("(has|have) (it|them) from", "gets it from"),
    ("failed for now|for now", "temporary failure"),
    ("(another|further|each|next|more|all its) tr(y|ies)|tried again", "retry, retried"),
    ("look-ups?", "lookup, query"),
    ("blanks|(a|one|the) blank", "space"),
    ("authorities", "CAs"),
    ("as if unset", "counts as unset"),
    ("spoken to", "supported, or say what is wrong with the URL"),
    ("all in all", "in total"),
    ("(is|are) packed|packing", "is compressed, compression"),
    ("ended by signal", "was killed by SIGINT"),
    ("doomed", "selected, to be deleted"),
    ("colour(s|ed|ing|less|ful)?", "color"),
    ("gateways? (would )?refus(e|es|ed)|refused by", "reject"),
    ("held to", "checked against, must match"),
    ("to be had|can be had", "available"),
    ("for want of", "without"),
    ("none of (ours|theirs)|is nobody's", "is not ours"),
    ("(in|of) the words of", "as in"),
    ("where there (is|are) none", "if it is missing"),
    ("at will", "on demand"),
    ("the way there", "the connection"),
    ("so many", "that many, N"),
    ("goes? stale", "becomes outdated"),
];

/// Correct English that a pattern would match, and names from other projects.
const ALLOWED: &[&str] = &[
    "there (is|are|was) no",
    "(is|are|was) no (longer|more)",
    "behind (a|the|another) (reverse )?proxy",
    "(left|leave|leaves) behind",
    "blank line",
    "stands? (for|still)",
    "taken (away|from)",
    "(segmentation|page) fault",
    // These are a systemd setting and a function of rustls.
    "wants=",
    "wants write",
];

fn any_case(pattern: &str) -> Regex {
    RegexBuilder::new(pattern).case_insensitive(true).build().unwrap()
}

struct Habits {
    allowed: Regex,
    /// All patterns combined, because most lines match none of them.
    any: Regex,
    each: Vec<(Regex, &'static str)>,
}

impl Habits {
    fn new() -> Self {
        let patterns: Vec<String> = HABITS.iter().map(|(habit, _)| format!(r"\b({habit})\b")).collect();
        let each = patterns.iter().zip(HABITS).map(|(pattern, (_, instead))| (any_case(pattern), *instead));
        Self {
            allowed: any_case(&format!(r"\b({})", ALLOWED.join("|"))),
            any: any_case(&patterns.join("|")),
            each: each.collect(),
        }
    }

    /// Returns the habits in a line, each with what to write instead.
    fn of(&self, line: &str) -> Vec<(String, &'static str)> {
        let line = line.replace('_', " ");
        if !self.any.is_match(&line) {
            return Vec::new();
        }
        let line = self.allowed.replace_all(&line, "");
        let found = |(pattern, instead): &(Regex, &'static str)| {
            Some((pattern.find(&line)?.as_str().to_owned(), *instead))
        };
        self.each.iter().filter_map(found).collect()
    }

    /// Appends a line for each habit in a file or in the files of a folder, and in their names.
    fn search(&self, path: &str, found: &mut Vec<String>) {
        let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if full.is_dir() {
            let mut names: Vec<_> =
                fs::read_dir(full).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            for name in names {
                self.search(&format!("{path}/{}", name.to_str().unwrap()), found);
            }
        } else if !SKIPPED.contains(&path) {
            let mut report = |place: String, line: &str| {
                let habits = self.of(line).into_iter();
                found.extend(habits.map(|(habit, instead)| format!("{place}: \"{habit}\": write {instead}")));
            };
            report(path.to_owned(), path);
            for (number, line) in fs::read_to_string(full).unwrap_or_default().lines().enumerate() {
                report(format!("{path}:{}", number + 1), line);
            }
        }
    }
}

#[test]
fn no_text_has_a_habit_to_avoid() {
    let (habits, mut found) = (Habits::new(), Vec::new());
    for path in SEARCHED {
        habits.search(path, &mut found);
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &found {
        let place = line.split_once(": ").map_or("", |(place, _)| place);
        *counts.entry(place.split_once([':']).map_or(place, |(path, _)| path)).or_default() += 1;
    }
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, count) in counts {
        *folders.entry(path.rsplit_once('/').map_or(path, |(folder, _)| folder)).or_default() += count;
    }
    let mut summary = String::new();
    for (folder, count) in folders {
        _ = writeln!(summary, "{count:5} {folder}");
    }
    assert!(found.is_empty(), "{}\n\n{summary}{:5} in total", found.join("\n"), found.len());
}

#[test]
fn habits_are_found_and_plain_english_is_not() {
    let habits = Habits::new();
    let found = |line| habits.of(line).into_iter().map(|(habit, _)| habit).collect::<Vec<_>>();
    assert_eq!(found("error: `x` is no number"), ["is no number"]);
    assert_eq!(found("fn every_fault_is_told() {"), ["is told", "fault"]);
    assert_eq!(found("The lines come behind the files."), ["behind"]);
    assert_eq!(found("/// Where it stands; what heals it."), ["it stands", "heals"]);
    for line in [
        "there is no group, and it is no longer listed",
        "a healthy gateway behind a reverse proxy",
        "the default of an outstanding request",
        "Wants=network-online.target",
        "connection refused: it cannot stand still",
        "a blank line",
    ] {
        assert_eq!(found(line), Vec::<String>::new(), "{line}");
    }
}
