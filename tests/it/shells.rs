//! Runs the commands that pushgw prints, in every shell into which a user may paste them.

mod generated;

use crate::support::{
    Gateway, Program, Random, base64, gateways, in_shell, is_installed, pushgw, wait_until,
};
use pushgw::shell::quote;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use tempfile::TempDir;

/// A group's labels.
type Labels = BTreeMap<String, String>;

/// Number of random labels for each gateway and shell.
const LABELS: usize = 10;

/// Values that need base64 in a path, or look like base64.
const PATH_VALUES: [&str; 6] = ["", ".", "..", "a/b", "/", "YQ=="];

/// Text that a shell or pushgw could misread. `PWNED` is replaced by the path of a file that no command may create.
const UNUSUAL: [&str; 44] = [
    "~",
    "~/x",
    "~root",
    "a:~",
    "a=~",
    "=",
    "=ls",
    "=nosuch",
    "%self",
    "%",
    "%41",
    "\\",
    "\\\\",
    "'",
    "\"",
    "\\'",
    "\\;",
    "$HOME",
    "${HOME}",
    "$(touch PWNED)",
    "`touch PWNED`",
    ";touch PWNED;",
    "&touch PWNED&",
    "|touch PWNED|",
    ">PWNED",
    "(touch PWNED)",
    "*",
    "?",
    "[a-z]",
    "{a,b}",
    "!",
    "!!",
    "#",
    " #",
    "^",
    "-",
    "--",
    "/",
    ".",
    "..",
    "\n",
    "\t",
    "@base64",
    "é\u{202e}",
];

const LEGACY_NAMES: [&str; 6] = ["a", "_", "A1", "instances", "U__x", "U__a_2e_b"];

const NAMES: [&str; 15] = [
    "a",
    "_",
    "A1",
    "instances",
    "a=b",
    "=a",
    "-a",
    "a.b",
    "~",
    "a b",
    "$HOME",
    "x@base64",
    "U__x",
    "U__a_2e_b",
    "__x",
];

/// Returns the installed shells.
fn shells() -> Vec<&'static str> {
    ["bash", "dash", "zsh", "fish"].into_iter().filter(|shell| is_installed(shell)).collect()
}

fn unusual_text(random: &mut Random, file: &Path) -> String {
    let text: String = match random.below(4) {
        0 => {
            let length = 1 + random.below(6);
            random.text(length)
        }
        pieces => (0..pieces).map(|_| random.pick(&UNUSUAL)).collect(),
    };
    text.replace("PWNED", &file.to_string_lossy())
}

#[test]
fn every_shell_reads_a_quoted_word_the_same_way() {
    let mut random = Random::new();
    let home = TempDir::new().unwrap();
    let file = home.path().join("pwned");
    let mut words: Vec<String> = UNUSUAL.into_iter().map(str::to_owned).collect();
    words.extend((0..100).map(|_| unusual_text(&mut random, &file)));
    words.extend(["", "it's", "a\\", "\\';touch x;#", "''\\\\''"].map(str::to_owned));
    // An argument can't contain NUL.
    words.retain(|word| !word.contains('\0'));
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    let separated: String = words.iter().flat_map(|word| [word, "\0"]).collect();
    for shell in shells() {
        let script = format!("env printf '%s\\0' {}", quoted.join(" "));
        in_shell(shell, &script).env("HOME", home.path()).stdout(&separated).run();
        assert!(!file.exists(), "{shell} ran a part of a word");
    }
}

/// Returns the path of a group on a gateway with or without UTF-8 names. This does not use pushgw's own encoder.
fn path(labels: &Labels, utf8_names: bool) -> String {
    let mut path = "/metrics".to_owned();
    let others = labels.iter().filter(|(name, _)| *name != "job");
    for (name, value) in labels.get_key_value("job").into_iter().chain(others) {
        path.push('/');
        if utf8_names {
            path.push_str("U__");
            for c in name.chars() {
                let _ = match c {
                    '_' => write!(path, "__"),
                    c if c.is_ascii_alphabetic() => write!(path, "{c}"),
                    c => write!(path, "_{:x}_", u32::from(c)),
                };
            }
        } else {
            path.push_str(name);
        }
        let _ = write!(path, "@base64/{}", base64(value));
    }
    path.replacen("/U__job@", "/job@", 1)
}

/// Returns labels that this label could be mistaken for.
fn misreadings(name: &str, value: &str, home: &str) -> Vec<(String, String)> {
    let unescaped = value.replace("\\\\", "\\").replace("\\'", "'");
    let readings = [
        value.replace("${HOME}", home).replace("$HOME", home),
        value.replace('~', home),
        value.replace("~root", "/root"),
        value.replace(['\\', '\'', '"'], ""),
        value.replace("%41", "A"),
        value.split([';', '#', ' ', '\n', '|', '&', '\'']).next().unwrap_or_default().to_owned(),
        value.trim_start_matches('=').to_owned(),
        unescaped,
        String::new(),
    ];
    let mut labels: Vec<_> = readings.into_iter().map(|reading| (name.to_owned(), reading)).collect();
    if let Some((before, after)) = name.split_once('=').filter(|(before, _)| !before.is_empty()) {
        labels.push((before.to_owned(), format!("{after}={value}")));
    }
    if let Some(plain) = name.strip_prefix("U__") {
        labels.push((plain.to_owned(), value.to_owned()));
    }
    labels
}

/// A gateway that groups with unusual labels have broken.
struct BrokenGateway<'a> {
    gateway: &'a Gateway,
    utf8_names: bool,
    home: &'a TempDir,
}

impl BrokenGateway<'_> {
    /// Pushes each group with and without an empty `instance`, and the groups that it could be mistaken for.
    fn fill(&self, cases: &[Labels]) {
        let home = self.home.path().to_string_lossy();
        let with_instance = |labels: &Labels| {
            let mut labels = labels.clone();
            labels.insert("instance".to_owned(), String::new());
            labels
        };
        let targets: BTreeSet<&Labels> = cases.iter().collect();
        let mut groups: BTreeSet<Labels> =
            cases.iter().map(with_instance).chain(cases.iter().cloned()).collect();
        for case in cases {
            let labels = case.iter().filter(|(name, _)| *name != "job");
            let misread = labels.flat_map(|(name, value)| {
                misreadings(name, value, &home).into_iter().map(move |other| (name, other))
            });
            for (name, misreading) in misread {
                let mut other = case.clone();
                other.remove(name);
                other.extend([misreading]);
                // Together with a group without `instance`, this would be another conflict.
                if !targets.contains(&other) {
                    groups.insert(with_instance(&other));
                }
            }
        }
        let groups: Vec<Labels> = groups.into_iter().collect();
        for group in &groups {
            // The gateway rejects an inconsistent push but stores the group. 1.11.0 then closes the connection.
            let _ = self.gateway.request("PUT", path(group, self.utf8_names), "");
        }
        wait_until("all the groups", || sorted(self.gateway.keys()) == groups);
    }

    /// Returns each command, and the group that it must delete.
    fn commands(&self) -> Vec<(String, Labels)> {
        let output = pushgw()
            .args(["status", "--format", "json"])
            .on(self.gateway)
            .code(1)
            .any_stdout()
            .any_stderr()
            .run();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let problems = report["problems"].as_array().unwrap().iter();
        problems
            .map(|problem| {
                let [command] = problem["commands"].as_array().unwrap().as_slice() else {
                    panic!("one command is expected: {problem}")
                };
                let group = problem["groups"].as_array().unwrap().last().unwrap();
                (command.as_str().unwrap().to_owned(), serde_json::from_value(group.clone()).unwrap())
            })
            .collect()
    }

    #[track_caller]
    fn run(&self, shell: &str, command: &str, target: &Labels) {
        let mut expected = sorted(self.gateway.keys());
        assert!(expected.contains(target), "{target:?} exists before: {command}");
        expected.retain(|group| group != target);
        let file = self.home.path().join("pwned");
        in_shell(shell, command).env("HOME", self.home.path()).run();
        assert!(!file.exists(), "{shell} ran a part of a label: {command}");
        wait_until("the deletion", || !self.gateway.keys().contains(target));
        assert_eq!(sorted(self.gateway.keys()), expected, "{shell} with {command}");
    }
}

fn sorted(mut groups: Vec<Labels>) -> Vec<Labels> {
    groups.sort();
    groups
}

#[track_caller]
fn try_commands(program: &Program, utf8_names: bool, random: &mut Random) {
    let home = TempDir::new().unwrap();
    let flag = utf8_names.then_some("--push.enable-utf8-names");
    let file = home.path().join("pwned");
    // A number makes the cases unique.
    let mut cases: Vec<Labels> = (0..LABELS)
        .map(|number| {
            let name = match random.below(3) {
                // A gateway can't decode a name with a character above U+FFFFF.
                0 if utf8_names => unusual_text(random, &file).replace(|c| c > '\u{fffff}', "a"),
                _ if utf8_names => random.pick(&NAMES).to_owned(),
                _ => random.pick(&LEGACY_NAMES).to_owned(),
            };
            let job = if random.once_in(3) { unusual_text(random, &file) } else { "x".to_owned() };
            [("job".to_owned(), format!("{job}{number}")), (name, unusual_text(random, &file))].into()
        })
        .collect();
    cases.extend(PATH_VALUES.into_iter().enumerate().map(|(number, value)| {
        [("job".to_owned(), format!("path{number}")), ("a".to_owned(), value.to_owned())].into()
    }));
    for shell in shells() {
        let gateway = Gateway::start(program, flag.as_slice());
        let broken = BrokenGateway { gateway: &gateway, utf8_names, home: &home };
        broken.fill(&cases);
        let commands = broken.commands();
        assert_eq!(commands.len(), cases.len(), "{commands:#?}");
        for (command, target) in &commands {
            broken.run(shell, command, target);
        }
        assert_eq!(gateway.metrics().status, 200);
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_fix_command_deletes_only_its_group_in_every_shell() {
    let mut random = Random::new();
    for program in gateways() {
        try_commands(program, false, &mut random);
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_fix_command_deletes_only_its_group_among_utf8_names() {
    let mut random = Random::new();
    // 1.5.1 does not support UTF-8 names.
    for program in gateways().iter().filter(|program| program.version != "1.5.1") {
        try_commands(program, true, &mut random);
    }
}
