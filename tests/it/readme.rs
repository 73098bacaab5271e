//! README's commands do what README says, and nothing stands there that nobody checks. Every fenced block is one of:
//!
//! - `console`: run. `$ ` begins a command, what follows is its output, both streams, and `(exit status N)` behind it
//!   where that isn't 0. All of them run in order in one shell session with one fresh gateway, which README calls
//!   `localhost:9091`, and a second one, `new-gateway:9091`.
//! - `bash`: functions, known to the session from there on.
//! - `crontab`, `ini` (systemd's units): read as cron and systemd read them, and the commands run: they succeed, and say
//!   nothing, so that cron sends no mail.
//! - `yaml`: Prometheus's own promtool reads its configuration and its rules; the steps of a workflow are run.
//! - `sh`: the commands that continuous integration runs.
//!
//! `backup-metrics` and `run-tests` are a producer of our own. To write the outputs anew:
//! `SNAPSHOTS=overwrite cargo test --test it readme -- --include-ignored`.

use crate::support::{Gateway, fetch, lacks, newest_gateway};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What README calls the gateway.
pub(crate) const CALLED: &str = "localhost:9091";
/// And the one that its groups are moved to.
const CALLED_NEW: &str = "new-gateway:9091";

/// A piece of README: text, or a fenced block of that kind.
enum Piece<'a> {
    Text(&'a str),
    Block { kind: &'a str, body: &'a str },
}

/// A command of a console block and what README says of it.
struct Step<'a> {
    command: &'a str,
    output: String,
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn readme() -> String {
    fs::read_to_string(file("README.md")).unwrap()
}

fn pieces(readme: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = readme;
    while let Some(begin) = rest.find("```") {
        let (before, fenced) = rest.split_at(begin);
        let (kind, fenced) = fenced[3..].split_once('\n').expect("a fence is a line");
        let (body, after) = fenced.split_once("```\n").expect("every block ends");
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Block { kind, body });
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn steps(body: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for line in body.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command, output: String::new() }),
            (None, Some(step)) => _ = writeln!(step.output, "{line}"),
            (None, None) => panic!("a console block begins with a command, not with {line:?}"),
        }
    }
    steps
}

/// The output without what differs from run to run: times, and ages, which keep their place in a table.
pub(crate) fn timeless(output: &str) -> String {
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.]+Z").unwrap();
    let age = regex::Regex::new(r"( +)(\d+)s(  | ago|\n)").unwrap();
    let output = time.replace_all(output, "TIME");
    let now = |age: &regex::Captures<'_>| {
        let place = if age[1].len() > 1 { age[1].len() + age[2].len() } else { 2 };
        format!("{:>place$}s{}", 0, &age[3])
    };
    age.replace_all(&output, now).into_owned()
}

/// One shell session's worth of surroundings.
struct Session {
    gateway: Gateway,
    new_gateway: Gateway,
    folder: tempfile::TempDir,
    functions: String,
}

impl Session {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for producer in ["backup-metrics", "run-tests"] {
            let path = folder.path().join(producer);
            fs::write(&path, "#!/bin/sh\necho backup_seconds 12.5\necho backup_size_bytes 3e9\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let gateway = || Gateway::start(newest_gateway(), &[]);
        Self { gateway: gateway(), new_gateway: gateway(), folder, functions: String::new() }
    }

    /// Runs a line in bash, with `pushgw` and the producers on PATH.
    fn bash(&self, line: &str, variables: &BTreeMap<String, String>) -> Output {
        let bin = Path::new(env!("CARGO_BIN_EXE_pushgw")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{}:{path}", bin.display(), self.folder.path().display());
        let gateway = ("PUSHGATEWAY_URL".to_owned(), CALLED.to_owned());
        let variables = std::iter::once(gateway).chain(variables.clone());
        Command::new("bash")
            .args(["-c", &format!("exec 2>&1; {}{}", self.functions, self.addressed(line))])
            .env_clear()
            .envs(variables.map(|(name, value)| (name, self.addressed(&value))))
            .env("PATH", path)
            .env("HOSTNAME", "web-1")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("bash starts")
    }

    fn addressed(&self, line: &str) -> String {
        line.replace(CALLED_NEW, &self.new_gateway.address().to_string())
            .replace(CALLED, &self.gateway.address().to_string())
    }

    /// A command as it stands behind `$ `, and all that comes of it.
    fn command(&self, line: &str) -> String {
        let done = self.bash(line, &BTreeMap::new());
        let mut output = String::from_utf8_lossy(&done.stdout)
            .replace(&self.new_gateway.address().to_string(), CALLED_NEW)
            .replace(&self.gateway.address().to_string(), CALLED);
        if !output.is_empty() && !output.ends_with('\n') {
            output.push('\n');
        }
        match done.status.code() {
            Some(0) => output,
            Some(code) => format!("{output}(exit status {code})\n"),
            None => panic!("{line}: {}", done.status),
        }
    }

    /// Runs the commands of a console block and writes it as it should be.
    fn console(&self, body: &str) -> String {
        let mut made = String::new();
        for step in steps(body) {
            let output = self.command(step.command);
            let same = timeless(&output) == timeless(&step.output);
            _ = write!(made, "$ {}\n{}", step.command, if same { step.output } else { output });
        }
        made
    }

    /// A command that nobody watches: it works, and what it says is given back.
    fn unwatched(&self, line: &str, variables: &BTreeMap<String, String>) -> String {
        let done = self.bash(line, variables);
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{line}: {}\n{said}", done.status);
        said
    }

    /// A user's crontab: variables, and five fields of time before each command. A `%` would be a line's end there.
    fn crontab(&self, body: &str) {
        let mut variables = BTreeMap::new();
        for line in body.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some((name, value)) = line
                .split_once('=')
                .filter(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
            {
                variables.insert(name.to_owned(), value.to_owned());
                continue;
            }
            let mut command = line;
            for _ in 0..5 {
                let (time, rest) = command.trim_start().split_once(' ').expect("five fields of time");
                assert!(time.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c)), "{time} in {line:?}");
                command = rest;
            }
            assert!(!command.replace("\\%", "").contains('%'), "a bare % in {line:?}");
            let said = self.unwatched(&command.replace("\\%", "%"), &variables);
            assert_eq!(said, "", "cron would mail the output of {line:?}");
        }
    }

    /// Files of systemd, each begun by a comment with its path. systemd's own check reads them where there is one.
    fn units(&self, body: &str) {
        let pushgw = env!("CARGO_BIN_EXE_pushgw");
        let mut files = Vec::new();
        for unit in body.split("# /etc/systemd/system/").skip(1) {
            let (name, text) = unit.split_once('\n').unwrap();
            assert!(
                !text.contains("pushgw ") || text.contains("/usr/bin/pushgw "),
                "{name}: systemd wants a path"
            );
            let path = self.folder.path().join(name);
            fs::write(&path, text.replace("/usr/bin/pushgw", pushgw)).unwrap();
            files.push(path);
            let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            if let Some(command) = value("ExecStart") {
                let variables = value("Environment").and_then(|pair| pair.split_once('='));
                let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
                self.unwatched(&command.replace("/usr/bin/", ""), &variables.into_iter().collect());
            }
        }
        assert!(!files.is_empty(), "a unit begins with the comment `# /etc/systemd/system/NAME`");
        // Where there is none, the units were at least run.
        if !lacks("systemd-analyze") {
            let done =
                Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&files).output().unwrap();
            let said = String::from_utf8_lossy(&done.stderr);
            let ours = said.lines().filter(|line| line.contains("pushgw"));
            assert_eq!(ours.collect::<Vec<_>>(), Vec::<&str>::new(), "systemd-analyze verify");
        }
    }

    fn yaml(&self, body: &str) {
        let name = self.folder.path().join("block.yml");
        fs::write(&name, body).unwrap();
        if body.starts_with("scrape_configs:") {
            promtool(&["check", "config"], &name);
        } else if body.starts_with("groups:") {
            promtool(&["check", "rules"], &name);
        } else {
            self.workflow(body);
        }
    }

    /// The steps of a workflow, run one after the other with the variables that the block gives them.
    fn workflow(&self, body: &str) {
        let mut variables: BTreeMap<String, String> =
            [("GITHUB_REPOSITORY".to_owned(), "owner/repository".to_owned())].into();
        for (name, value) in body.lines().filter_map(|line| line.trim().split_once(": ")) {
            if name.starts_with("PUSHGATEWAY_") {
                let value = if value.contains("${{ secrets.") { "secret" } else { value };
                let value = value.replace("https://gateway.example.com", &format!("http://{CALLED}"));
                variables.insert(name.to_owned(), value);
            }
        }
        let steps: Vec<&str> =
            body.lines().filter_map(|line| line.trim_start().strip_prefix("- run: ")).collect();
        assert!(!steps.is_empty(), "a workflow has a step `- run: `");
        for step in steps {
            assert_eq!(self.unwatched(step, &variables), "", "{step}");
        }
    }
}

fn promtool(command: &[&str], file: &Path) {
    let prometheus = fetch("prometheus").into_iter().next().expect("tests/fetch.sh finds a Prometheus");
    let done =
        Command::new(prometheus.path.with_file_name("promtool")).args(command).arg(file).output().unwrap();
    assert!(done.status.success(), "promtool {command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
#[ignore = "needs a real Pushgateway and promtool (fetched on first use)"]
fn every_block_does_what_it_says() {
    if lacks("curl") {
        return;
    }
    let text = readme();
    let mut session = Session::start();
    let mut made = String::new();
    for piece in pieces(&text) {
        let (kind, body) = match piece {
            Piece::Text(text) => {
                made.push_str(text);
                continue;
            }
            Piece::Block { kind, body } => (kind, body),
        };
        let body = match kind {
            "console" => session.console(body),
            other => {
                match other {
                    "bash" => session.functions.push_str(body),
                    "crontab" => session.crontab(body),
                    "ini" => session.units(body),
                    "yaml" => session.yaml(body),
                    "sh" => assert!(body.lines().all(|line| CI.contains(&line)), "nobody runs {body}"),
                    _ => panic!("nobody checks a block of the kind {other:?}:\n{body}"),
                }
                body.to_owned()
            }
        };
        _ = write!(made, "```{kind}\n{body}```\n");
    }
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(file("README.md"), made).unwrap();
    } else {
        snapbox::assert_data_eq!(made, snapbox::Data::text(text).raw());
    }
}

/// A reader copies a file or what README shows of it: there is one text.
#[test]
fn what_readme_shows_to_copy_is_an_example() {
    let text = readme();
    let shown = pieces(&text).into_iter().filter_map(|piece| match piece {
        Piece::Block { kind: "bash", body } => Some(("functions.sh", body)),
        Piece::Block { kind: "crontab", body } => Some(("crontab", body)),
        Piece::Block { kind: "yaml", body } if body.contains("\njobs:\n") => {
            Some(("github-actions.yml", body))
        }
        _ => None,
    });
    let mut files = Vec::new();
    for (name, body) in shown {
        let example = fs::read_to_string(file("examples").join(name)).unwrap();
        // The file has a comment on top, and README a sentence.
        assert!(
            example.ends_with(&format!("\n\n{body}")),
            "examples/{name} does not end with README's\n{body}"
        );
        files.push(name);
    }
    assert_eq!(files, ["crontab", "github-actions.yml", "functions.sh"]);
}

/// The commands with which README sends a newcomer off.
const CI: [&str; 2] = ["cargo run --example quickstart", "cargo test -- --include-ignored"];

#[test]
fn the_two_commands_are_those_that_continuous_integration_runs() {
    let (readme, ci) = (readme(), fs::read_to_string(file(".ci/run")).unwrap());
    for command in CI {
        assert!(readme.lines().any(|line| line == command), "README lost `{command}`");
        assert!(ci.contains(command), ".ci/run lost `{command}`");
    }
}

#[test]
fn what_readme_points_to_is_there() {
    let link = regex::Regex::new(r"\]\(([^)#]+)?(#[^)]*)?\)").unwrap();
    let text = readme();
    let anchor = |title: &str| {
        let title = title.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        format!("#{}", title.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect::<String>())
    };
    let anchors: Vec<String> = text.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
    for found in link.captures_iter(&text) {
        match (found.get(1), found.get(2)) {
            (Some(path), _) if path.as_str().contains("://") => {}
            (Some(path), _) => assert!(file(path.as_str()).exists(), "no {}", path.as_str()),
            (None, Some(title)) => {
                assert!(anchors.iter().any(|a| a == title.as_str()), "no {}", title.as_str());
            }
            (None, None) => panic!("an empty link"),
        }
    }
}

#[test]
fn the_help_s_variables_and_statuses_are_in_readme() {
    let readme = readme();
    let mut command = pushgw::command_line();
    let program = command.render_long_help().to_string();
    let (_, statuses) = program.split_once("Exit status:\n").expect("the program's help ends with them");
    for (status, meaning) in statuses.lines().filter_map(|line| line.trim().split_once("  ")) {
        assert!(readme.contains(&format!("| {status} | {meaning} |\n")), "README lacks exit status {status}");
    }
    let push = command.find_subcommand_mut("push").unwrap().render_long_help().to_string();
    let variable = regex::Regex::new("PUSHGATEWAY_[A-Z_]+").unwrap();
    for found in variable.find_iter(&push) {
        assert!(readme.contains(&format!("`{}`", found.as_str())), "README lacks {}", found.as_str());
    }
}

#[test]
fn the_version_has_its_entry_in_the_changelog() {
    let changes = fs::read_to_string(file("CHANGELOG.md")).unwrap();
    let newest = changes.lines().find_map(|line| line.strip_prefix("## ")).expect("an entry");
    let version = newest.split(' ').next();
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")), "Cargo.toml's version has no entry in CHANGELOG.md");
}

#[test]
fn ages_keep_their_place_in_a_table() {
    assert_eq!(timeless("g    1     12s  ok\nup 103s\nx 7s ago\n"), "g    1      0s  ok\nup 0s\nx 0s ago\n");
}
