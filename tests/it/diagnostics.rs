//! A snapshot of the human-readable output of `check` for the example of each code. To regenerate it:
//! `SNAPSHOTS=overwrite cargo test --test it diagnostics`.

use pushgw::env::Environment;
use pushgw::exposition::{Category, Code};
use snapbox::Data;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

/// Runs `pushgw check` in this process on standard input. Returns standard output followed by standard error.
fn check(options: &[&str], text: &[u8]) -> String {
    let mut environment = Environment::default();
    environment.variables.insert("LC_ALL".into(), "C.UTF-8".into());
    let args = ["pushgw", "check"].iter().chain(options).map(OsString::from);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let streams =
        pushgw::Streams { stdin: &mut &*text, stdout: &mut stdout, stderr: &mut stderr, progress: None };
    let code = pushgw::run(args, &environment, streams);
    let mut shown = String::from_utf8([stdout, stderr].concat()).unwrap();
    if code != 0 {
        _ = writeln!(shown, "(exit status {code})");
    }
    shown
}

/// Returns the options that the example of a code needs.
fn options(code: Code) -> Vec<&'static str> {
    match code {
        Code::QuantileInKey => vec!["-j", "j", "-l", "quantile=0.5"],
        Code::LeInKey => vec!["-j", "j", "-l", "le=1"],
        Code::StrippedNumber => vec!["--strip-timestamps"],
        Code::OverwrittenLabel => vec!["-j", "j"],
        Code::Openmetrics => vec!["--format", "prometheus"],
        Code::MissingEof => vec!["--format", "openmetrics"],
        _ if code.category() == Category::Lint => vec!["--lint"],
        _ => vec![],
    }
}

#[test]
fn every_code_explains_its_example() {
    let mut all = String::new();
    for code in Code::ALL {
        let options = options(*code);
        let shown = check(&options, code.example());
        assert!(shown.contains(&format!("[{}]", code.as_str())), "{code:?}: {shown}");
        let command = ["pushgw", "check"].iter().chain(&options).copied().collect::<Vec<_>>().join(" ");
        _ = writeln!(all, "=== {}: {command}\n\n{shown}", code.as_str());
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/diagnostics.txt");
    if !file.exists() && std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(&file, &all).unwrap();
    }
    snapbox::assert_data_eq!(all, Data::read_from(&file, None).raw());
}

#[test]
fn an_example_has_at_most_two_diagnostics() {
    for code in Code::ALL {
        let shown = check(&[&["--message-format", "short"], &*options(*code)].concat(), code.example());
        let reported = shown.lines().filter(|line| line.starts_with("<stdin>:")).count();
        assert!((1..=2).contains(&reported), "{code:?}: {shown}");
    }
}
