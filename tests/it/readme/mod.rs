//! Checks README.md and docs/*.md. Every code block is run or parsed, and the shown output is compared. The kinds of
//! blocks are:
//!
//! - `console`: `$ ` starts a command. Its output (both streams) follows, and `(exit status N)` unless that is 0. The
//!   commands of a page run in order, with a new gateway as `localhost:9091` and another as `new-gateway:9091`.
//! - `crontab`, `ini` (systemd units): the commands are run. They must succeed, and commands in a crontab must print
//!   nothing.
//! - `yaml`: promtool checks Prometheus configuration and rules; the steps of a workflow are run.
//! - `sh`: commands that `.ci/run` or another script runs, or mentions in a comment. `packaging/test` runs the lines
//!   under Install.
//! - `dockerfile`: not run.
//!
//! `backup-metrics` and `run-tests` are stand-ins that print two metrics. `backup` is a stand-in that prints nothing.
//!
//! To update the shown outputs, README's table of exit statuses, and the picture:
//!
//!     SNAPSHOTS=overwrite cargo test --test it -- --include-ignored readme recording

mod blocks;
mod session;

use crate::support::{is_installed, overwrites_snapshots, read_repo_file, repo_file};
use blocks::{Piece, pieces};
use session::Session;
use std::fmt::Write as _;
use std::fs;

/// The name of the gateway on the pages.
pub(crate) const GATEWAY_NAME: &str = "localhost:9091";

/// Files that contain the commands of `sh` blocks.
const SCRIPTS: [&str; 7] = [
    ".ci/run",
    ".github/workflows/release.yml",
    "benches/compare.py",
    "examples/cluster.sh",
    "packaging/Dockerfile",
    "packaging/test",
    "tests/it/readme/mod.rs",
];

/// Returns the paths of the pages, relative to the repository.
fn pages() -> Vec<String> {
    let docs = fs::read_dir(repo_file("docs")).unwrap();
    let mut pages: Vec<String> =
        docs.map(|entry| format!("docs/{}", entry.unwrap().file_name().to_str().unwrap())).collect();
    pages.push("README.md".to_owned());
    pages.sort();
    pages
}

/// Replaces values that differ between runs: times become `TIME`, and ages become `0s` in the same column.
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

/// Returns the exit statuses and their meanings as listed by `--help`.
fn statuses() -> Vec<(String, String)> {
    let help = pushgw::command_line().render_long_help().to_string();
    let (_, statuses) = help.split_once("Exit status:\n").expect("--help ends with the exit statuses");
    let row = |line: &str| {
        let (status, meaning) = line.trim().split_once("  ")?;
        Some((status.to_owned(), meaning.to_owned()))
    };
    statuses.lines().filter_map(row).collect()
}

/// Replaces the meanings in the table of exit statuses by the ones from `--help`.
fn with_statuses(text: &str) -> String {
    let mut text = text.to_owned();
    for (status, meaning) in statuses() {
        let row = regex::Regex::new(&format!(r"(?m)^\| {status} \| .*\|$")).unwrap();
        text = row.replace(&text, regex::NoExpand(&format!("| {status} | {meaning} |"))).into_owned();
    }
    text
}

/// Runs the blocks of a page, and returns the page with the real outputs.
fn run(page: &str) -> String {
    let session = Session::start();
    let scripts = SCRIPTS.map(read_repo_file).concat();
    let mut made = String::new();
    for piece in pieces(page) {
        let (kind, body) = match piece {
            Piece::Text(text) => {
                made.push_str(&with_statuses(text));
                continue;
            }
            Piece::Block { kind, body } => (kind, body),
        };
        let mut shown = body.to_owned();
        match kind {
            "console" => shown = session.console(body),
            "crontab" => session.crontab(body),
            "ini" => session.units(body),
            "yaml" => session.yaml(body),
            "sh" => {
                let command = |line: &str| line.split("  #").next().unwrap_or_default().trim_end().to_owned();
                let url = concat!("URL=", env!("CARGO_PKG_REPOSITORY"), "/releases/latest/download");
                let known = |line: &String| scripts.contains(line) || line == url;
                let missing = body.lines().map(command).find(|line| !known(line));
                assert_eq!(missing, None, "none of {SCRIPTS:?} has this command");
            }
            "dockerfile" => {}
            _ => panic!("no check for a block of the kind {kind:?}:\n{body}"),
        }
        _ = write!(made, "```{kind}\n{shown}```\n");
    }
    made
}

#[test]
#[ignore = "needs a real Pushgateway and promtool (fetched on first use)"]
fn every_block_is_run_and_shows_the_real_output() {
    if !is_installed("curl") {
        return;
    }
    for page in pages() {
        let text = read_repo_file(&page);
        let made = run(&text);
        if overwrites_snapshots() {
            fs::write(repo_file(&page), made).unwrap();
        } else {
            snapbox::assert_data_eq!(made, snapbox::Data::text(text).raw());
        }
    }
}

/// Readers copy either the block or the file, so both must be the same.
#[test]
fn blocks_match_the_files_in_examples() {
    let text = read_repo_file("README.md");
    let shown = pieces(&text).into_iter().filter_map(|piece| match piece {
        Piece::Block { kind: "crontab", body } => Some(("crontab", body)),
        Piece::Block { kind: "yaml", body } if body.contains("- uses:") => Some(("github-actions.yml", body)),
        _ => None,
    });
    let mut files = Vec::new();
    for (name, body) in shown {
        // The file starts with a comment, and a workflow file also has the other steps of the job.
        assert!(
            read_repo_file(&format!("examples/{name}")).ends_with(&format!("\n{body}")),
            "examples/{name} does not end with README's\n{body}"
        );
        files.push(name);
    }
    assert_eq!(files, ["crontab", "github-actions.yml"]);
}

#[test]
fn readme_and_ci_have_the_two_commands_for_contributors() {
    let (readme, ci) = (read_repo_file("README.md"), read_repo_file(".ci/run"));
    for command in ["cargo run --example quickstart", "cargo test -- --include-ignored"] {
        assert!(readme.lines().any(|line| line == command), "README does not contain `{command}`");
        assert!(ci.contains(command), ".ci/run does not contain `{command}`");
    }
}

/// Returns the anchors that GitHub generates for the headings of a page.
fn anchors(page: &str) -> Vec<String> {
    let anchor = |title: &str| {
        let title = title.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        title.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    page.lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

#[test]
fn links_lead_to_a_file_and_a_heading() {
    let link = regex::Regex::new(r"\]\(([^)#]*)(?:#([^)]*))?\)").unwrap();
    for page in pages() {
        let text = read_repo_file(&page);
        for found in link.captures_iter(&text).filter(|found| !found[1].contains("://")) {
            let target = match &found[1] {
                "" => repo_file(&page),
                path => repo_file(&page).parent().unwrap().join(path),
            };
            assert!(target.exists(), "{page}: broken link {}", &found[0]);
            if let Some(title) = found.get(2) {
                let titles = anchors(&fs::read_to_string(target).unwrap());
                assert!(
                    titles.iter().any(|anchor| anchor == title.as_str()),
                    "{page}: no title for {}",
                    &found[0]
                );
            }
        }
    }
}

#[test]
fn readme_lists_every_variable_and_exit_status_of_the_help() {
    let readme = read_repo_file("README.md");
    for (status, meaning) in statuses() {
        assert!(
            readme.contains(&format!("| {status} | {meaning} |\n")),
            "README does not contain exit status {status}"
        );
    }
    let mut command = pushgw::command_line();
    command.build();
    let push = command.find_subcommand_mut("push").unwrap().render_long_help().to_string();
    let variable = regex::Regex::new("PUSHGATEWAY_[A-Z_]+").unwrap();
    for found in variable.find_iter(&push) {
        assert!(
            readme.contains(&format!("`{}`", found.as_str())),
            "README does not contain {}",
            found.as_str()
        );
    }
}

#[test]
fn readme_has_at_most_250_lines() {
    assert!(read_repo_file("README.md").lines().count() <= 250);
}

#[test]
fn the_changelog_starts_with_this_version() {
    let changes = read_repo_file("CHANGELOG.md");
    let newest = changes.lines().find_map(|line| line.strip_prefix("## ")).expect("an entry");
    let version = newest.split(' ').next();
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")), "Cargo.toml's version has no entry in CHANGELOG.md");
}

#[test]
fn ages_keep_their_column_in_a_table() {
    assert_eq!(timeless("g    1     12s  ok\nup 103s\nx 7s ago\n"), "g    1      0s  ok\nup 0s\nx 0s ago\n");
}
