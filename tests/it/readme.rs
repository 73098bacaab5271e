//! README's commands do what README says. Every ```` ```console ```` block is run, in order, in one shell session with
//! one fresh gateway, which README calls `localhost:9091`. `$ ` begins a command, what follows is its output, both
//! streams, and `(exit status N)` behind it where that isn't 0.
//!
//! To write the outputs anew: `SNAPSHOTS=overwrite cargo test --test it readme -- --include-ignored`.

use crate::support::{Gateway, newest_gateway};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const CALLED: &str = "localhost:9091";

/// A command of README and what README says of it.
struct Step<'a> {
    command: &'a str,
    output: String,
}

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The text in pieces: what stands between the console blocks, and the steps of each.
fn blocks(readme: &str) -> Vec<(&str, Vec<Step<'_>>)> {
    let mut blocks = Vec::new();
    let mut rest = readme;
    while let Some((before, after)) = rest.split_once("```console\n") {
        let (block, after) = after.split_once("```\n").expect("every block ends");
        let mut steps: Vec<Step<'_>> = Vec::new();
        for line in block.lines() {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step { command, output: String::new() }),
                (None, Some(step)) => _ = writeln!(step.output, "{line}"),
                (None, None) => panic!("a console block begins with a command, not with {line:?}"),
            }
        }
        blocks.push((before, steps));
        rest = after;
    }
    blocks.push((rest, Vec::new()));
    blocks
}

/// The output without what differs from run to run: times, and ages in the table.
fn timeless(output: &str) -> String {
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.]+Z").unwrap();
    let age = regex::Regex::new(r" \d+s(  | ago|\n)").unwrap();
    age.replace_all(&time.replace_all(output, "TIME"), " 0s$1").into_owned()
}

/// One shell session's worth of surroundings.
struct Session {
    gateway: Gateway,
    folder: tempfile::TempDir,
}

impl Session {
    fn run(&self, command: &str) -> String {
        let address = self.gateway.address().to_string();
        let bin = Path::new(env!("CARGO_BIN_EXE_pushgw")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let script = format!("exec 2>&1; {}", command.replace(CALLED, &address));
        let done = Command::new("bash")
            .args(["-c", &script])
            .env_clear()
            .env("PATH", path)
            .env("LC_ALL", "C.UTF-8")
            .env("PUSHGATEWAY_URL", self.gateway.url())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("bash starts");
        let mut output = String::from_utf8_lossy(&done.stdout).replace(&address, CALLED);
        if !output.is_empty() && !output.ends_with('\n') {
            output.push('\n');
        }
        match done.status.code() {
            Some(0) => output,
            Some(code) => format!("{output}(exit status {code})\n"),
            None => panic!("{command}: {}", done.status),
        }
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn every_command_answers_as_written() {
    let text = readme();
    let session =
        Session { gateway: Gateway::start(newest_gateway(), &[]), folder: tempfile::tempdir().unwrap() };
    let mut made = String::new();
    for (before, steps) in blocks(&text) {
        made.push_str(before);
        if steps.is_empty() {
            continue;
        }
        made.push_str("```console\n");
        for step in steps {
            let output = session.run(step.command);
            let same = timeless(&output) == timeless(&step.output);
            let output = if same { step.output } else { output };
            _ = write!(made, "$ {}\n{output}", step.command);
        }
        made.push_str("```\n");
    }
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"), made).unwrap();
    } else {
        snapbox::assert_data_eq!(made, snapbox::Data::text(text).raw());
    }
}

#[test]
fn the_two_commands_are_those_that_continuous_integration_runs() {
    let (readme, ci) =
        (readme(), fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run")).unwrap());
    for command in ["cargo run --example quickstart", "cargo test -- --include-ignored"] {
        assert!(readme.contains(command), "README lost `{command}`");
        assert!(ci.contains(command), ".ci/run lost `{command}`");
    }
}
