//! Each rule's message: the human format of `check` for the rule's own example, all in one file to read through. To
//! regenerate it: `SNAPSHOTS=overwrite cargo test --test it diagnostics`.

use crate::support::{assert_snapshot, in_process_with};
use pushgw::env::Environment;
use pushgw::exposition::{Category, Code};
use std::fmt::Write as _;

/// Runs `pushgw check` in this process; returns standard output followed by standard error.
fn check(options: &[&str], text: &[u8]) -> String {
    let mut environment = Environment::default();
    environment.variables.insert("LC_ALL".into(), "C.UTF-8".into());
    let output = in_process_with(&environment, text, ["check"].iter().chain(options));
    let mut shown = output.stdout + &output.stderr;
    if output.code != 0 {
        _ = writeln!(shown, "(exit status {})", output.code);
    }
    shown
}

/// The options with which the rule applies to its example.
fn options(code: Code) -> Vec<&'static str> {
    match code {
        Code::QuantileInKey => vec!["-j", "j", "-l", "quantile=0.5"],
        Code::LeInKey => vec!["-j", "j", "-l", "le=1"],
        Code::OverwrittenLabel => vec!["-j", "j"],
        _ if code.category() == Category::Lint => vec!["--lint"],
        _ => vec![],
    }
}

#[test]
fn every_rule_explains_its_example() {
    let mut all = String::new();
    for code in Code::ALL {
        let options = options(*code);
        let shown = check(&options, code.example());
        assert!(shown.contains(&format!("[{}]", code.as_str())), "{code:?}: {shown}");
        let command = ["pushgw", "check"].iter().chain(&options).copied().collect::<Vec<_>>().join(" ");
        _ = writeln!(all, "=== {}: {command}\n\n{shown}", code.as_str());
    }
    assert_snapshot("tests/data/diagnostics.txt", all);
}

#[test]
fn an_example_has_at_most_two_problems() {
    for code in Code::ALL {
        let shown = check(&[&["--message-format", "short"], &*options(*code)].concat(), code.example());
        let problems = shown.lines().filter(|line| line.starts_with("<stdin>:")).count();
        assert!((1..=2).contains(&problems), "{code:?}: {shown}");
    }
}
