//! Runs the commands of a page with separate gateways.

use super::blocks::steps;
use super::{GATEWAY_NAME, timeless};
use crate::support::{Gateway, fetch, is_installed, newest_gateway};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The name of the second gateway on the pages.
const NEW_GATEWAY_NAME: &str = "new-gateway:9091";

pub(super) struct Session {
    gateway: Gateway,
    new_gateway: Gateway,
    folder: tempfile::TempDir,
}

impl Session {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let metrics = "echo backup_seconds 12.5\necho backup_size_bytes 3e9";
        for (program, script) in [("backup-metrics", metrics), ("run-tests", metrics), ("backup", "exit 0")] {
            let path = folder.path().join(program);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let gateway = || Gateway::start(newest_gateway(), &[]);
        Self { gateway: gateway(), new_gateway: gateway(), folder }
    }

    /// Runs a line in bash, with `pushgw` and the producers on PATH.
    fn bash(&self, line: &str, variables: &BTreeMap<String, String>) -> Output {
        let bin = Path::new(env!("CARGO_BIN_EXE_pushgw")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{}:{path}", bin.display(), self.folder.path().display());
        let gateway = ("PUSHGATEWAY_URL".to_owned(), GATEWAY_NAME.to_owned());
        let variables = std::iter::once(gateway).chain(variables.clone());
        Command::new("bash")
            .args(["-c", &format!("exec 2>&1; {}", self.with_addresses(line))])
            .env_clear()
            .envs(variables.map(|(name, value)| (name, self.with_addresses(&value))))
            .env("PATH", path)
            .env("HOSTNAME", "web-1")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("bash starts")
    }

    fn with_addresses(&self, line: &str) -> String {
        line.replace(NEW_GATEWAY_NAME, &self.new_gateway.address().to_string())
            .replace(GATEWAY_NAME, &self.gateway.address().to_string())
    }

    /// Runs a command, and returns its output and exit status as shown on a page.
    fn command(&self, line: &str) -> String {
        let done = self.bash(line, &BTreeMap::new());
        let mut output = String::from_utf8_lossy(&done.stdout)
            .replace(&self.new_gateway.address().to_string(), NEW_GATEWAY_NAME)
            .replace(&self.gateway.address().to_string(), GATEWAY_NAME);
        if !output.is_empty() && !output.ends_with('\n') {
            output.push('\n');
        }
        match done.status.code() {
            Some(0) => output,
            Some(code) => format!("{output}(exit status {code})\n"),
            None => panic!("{line}: {}", done.status),
        }
    }

    /// Runs the commands of a console block and returns the block with their real output.
    pub(super) fn console(&self, body: &str) -> String {
        let mut made = String::new();
        for step in steps(body) {
            let output = self.command(step.command);
            let same = timeless(&output) == timeless(&step.output);
            _ = write!(made, "$ {}\n{}", step.command, if same { step.output } else { output });
        }
        made
    }

    /// Runs a command that must succeed, and returns its output.
    fn unattended(&self, line: &str, variables: &BTreeMap<String, String>) -> String {
        let done = self.bash(line, variables);
        let output = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{line}: {}\n{output}", done.status);
        output
    }

    /// Runs the commands of a user's crontab, which has variables, and five time fields before each command. An
    /// unescaped `%` would end a command.
    pub(super) fn crontab(&self, body: &str) {
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
                let (time, rest) = command.trim_start().split_once(' ').expect("five time fields");
                assert!(time.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c)), "{time} in {line:?}");
                command = rest;
            }
            assert!(!command.replace("\\%", "").contains('%'), "an unescaped % in {line:?}");
            let output = self.unattended(&command.replace("\\%", "%"), &variables);
            assert_eq!(output, "", "cron would mail the output of {line:?}");
        }
    }

    /// Runs the commands of systemd units, each of which follows a comment with its path. `systemd-analyze verify`
    /// checks the units if it is installed.
    pub(super) fn units(&self, body: &str) {
        let pushgw = env!("CARGO_BIN_EXE_pushgw");
        let mut files = Vec::new();
        for unit in body.split("# /etc/systemd/system/").skip(1) {
            let (name, text) = unit.split_once('\n').unwrap();
            assert!(
                !text.contains("pushgw ") || text.contains("/usr/bin/pushgw "),
                "{name}: systemd needs a path"
            );
            let path = self.folder.path().join(name);
            fs::write(&path, text.replace("/usr/bin/pushgw", pushgw)).unwrap();
            files.push(path);
            let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            if let Some(command) = value("ExecStart") {
                let variables = value("Environment").and_then(|pair| pair.split_once('='));
                let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
                self.unattended(&command.replace("/usr/bin/", ""), &variables.into_iter().collect());
            }
        }
        assert!(!files.is_empty(), "a unit starts with the comment `# /etc/systemd/system/NAME`");
        if is_installed("systemd-analyze") {
            let done =
                Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&files).output().unwrap();
            let stderr = String::from_utf8_lossy(&done.stderr);
            let ours = stderr.lines().filter(|line| line.contains("pushgw"));
            assert_eq!(ours.collect::<Vec<_>>(), Vec::<&str>::new(), "systemd-analyze verify");
        }
    }

    pub(super) fn yaml(&self, body: &str) {
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

    /// Runs the steps of a workflow in order, with the variables that the block sets.
    fn workflow(&self, body: &str) {
        let mut variables: BTreeMap<String, String> =
            [("GITHUB_REPOSITORY".to_owned(), "owner/repository".to_owned())].into();
        for (name, value) in body.lines().filter_map(|line| line.trim().split_once(": ")) {
            if name.starts_with("PUSHGATEWAY_") {
                let value = if value.contains("${{ secrets.") { "secret" } else { value };
                let value = value.replace("https://gateway.example.com", &format!("http://{GATEWAY_NAME}"));
                variables.insert(name.to_owned(), value);
            }
        }
        let steps: Vec<&str> =
            body.lines().filter_map(|line| line.trim_start().strip_prefix("- run: ")).collect();
        assert!(!steps.is_empty(), "a workflow has a step `- run: `");
        for step in steps {
            assert_eq!(self.unattended(step, &variables), "", "{step}");
        }
    }
}

fn promtool(command: &[&str], file: &Path) {
    let prometheus = fetch("prometheus").into_iter().next().expect("tests/fetch.sh finds a Prometheus");
    let done =
        Command::new(prometheus.path.with_file_name("promtool")).args(command).arg(file).output().unwrap();
    assert!(done.status.success(), "promtool {command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
