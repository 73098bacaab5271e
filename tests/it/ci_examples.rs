//! Runs the steps of the GitHub action and the CI examples with a real gateway, in the same order and with the same
//! variables as a CI runner. `packaging/lint` checks the files' schemas.

use crate::support::release::{release, write_program};
use crate::support::{Gateway, Pushgw, newest_gateway, program, read_repo_file, repo_file};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A step of the action: its variables and its script.
struct Step {
    variables: BTreeMap<String, String>,
    script: String,
}

/// Returns the lines below `key:` in a block of YAML, without their indentation.
fn block(text: &str, key: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.trim().trim_start_matches("- ") == key).expect(key);
    let indent = |line: &str| line.len() - line.trim_start().len();
    let depth = indent(lines[at]);
    let below = lines[at + 1..].iter().take_while(|line| line.is_empty() || indent(line) > depth);
    let inner = indent(lines[at + 1]);
    below.flat_map(|line| [line.get(inner..).unwrap_or_default(), "\n"]).collect()
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let pair = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.lines().filter_map(pair).collect()
}

/// Returns the items of a YAML list, such as `- echo`.
fn items(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.strip_prefix("- ").expect("an item")).collect()
}

/// Returns the action's steps for these inputs.
fn action(inputs: &BTreeMap<String, String>) -> Vec<Step> {
    let action = read_repo_file("packaging/action/action.yml");
    let (declared, steps) = action.split_once("\nruns:\n").unwrap();
    for input in inputs.keys() {
        assert!(declared.contains(&format!("\n  {input}:\n")), "the action has no input {input}");
    }
    let value = |expression: &str| {
        let name = expression.strip_prefix("${{ inputs.")?.strip_suffix(" }}")?;
        assert!(declared.contains(&format!("\n  {name}:\n")), "{expression}");
        Some(inputs.get(name).cloned().unwrap_or_else(|| default_of(declared, name)))
    };
    let step = |text: &str| Step {
        variables: pairs(&block(text, "env:"))
            .into_iter()
            .map(|(name, expression)| (name, value(&expression).unwrap_or_default()))
            .collect(),
        script: block(text, "run: |"),
    };
    steps.split("    - name: ").skip(1).map(step).collect()
}

fn default_of(declared: &str, input: &str) -> String {
    pairs(&block(declared, &format!("{input}:"))).remove("default").unwrap_or_default()
}

/// The folders of a CI runner: a release that contains the built pushgw, and the checkout.
struct Runner {
    folder: tempfile::TempDir,
}

impl Runner {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_pushgw"));
        for (path, bytes) in release(VERSION, &["bin/pushgw"], &program) {
            fs::write(folder.path().join(&path[1..]), bytes).unwrap();
        }
        fs::create_dir(folder.path().join("checkout")).unwrap();
        fs::write(folder.path().join("path"), "").unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(Path::new(&self.path("checkout")).join(name), text).unwrap();
    }

    /// Returns a call that runs a script like `shell: bash` does, with the PATH set by earlier steps.
    fn bash(&self, script: &str) -> Pushgw {
        let added = fs::read_to_string(self.path("path")).unwrap();
        let path =
            added.lines().chain([std::env::var("PATH").unwrap().as_str()]).collect::<Vec<_>>().join(":");
        program("env")
            .args([
                "-C",
                &self.path("checkout"),
                "bash",
                "--noprofile",
                "--norc",
                "-eo",
                "pipefail",
                "-c",
                script,
            ])
            .env("PATH", path)
            .env("HOME", self.path("home"))
    }

    /// Runs all steps of the action except the last one, which is returned.
    fn action(&self, inputs: &[(&str, &str)]) -> Pushgw {
        let mut inputs: BTreeMap<String, String> =
            inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        inputs.insert("download-url".to_owned(), self.path(""));
        let mut last = None;
        for step in action(&inputs) {
            if let Some(before) = last.replace(step) {
                self.step(&before).stdout_has(format!("installed pushgw {VERSION} to ")).run();
            }
        }
        self.step(&last.expect("the action has steps"))
    }

    fn step(&self, step: &Step) -> Pushgw {
        let call = self
            .bash(&step.script)
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTION_PATH", repo_file("packaging/action"))
            .env("GITHUB_PATH", self.path("path"))
            .env("RUNNER_TEMP", self.path("temp"));
        step.variables.iter().fold(call, |call, (name, value)| call.env(name, value))
    }
}

#[track_caller]
fn assert_group(gateway: &Gateway, labels: &[(&str, &str)], families: &[&str]) {
    let groups = gateway.groups();
    let [group] = &groups[..] else { panic!("not one group: {groups:?}") };
    let expected = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(group.labels, expected);
    assert_eq!(group.families.keys().collect::<Vec<_>>(), families);
}

/// The labels of the group that the examples push.
const LABELS: [(&str, &str); 2] = [("job", "ci"), ("repo", "someone/something")];

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_github_example_pushes_and_annotates_errors() {
    let example = read_repo_file("examples/github-actions.yml");
    let gateway = Gateway::start(newest_gateway(), &[]);
    let mut inputs = pairs(&block(&example, "with:"));
    for value in inputs.values_mut() {
        *value = value
            .replace("${{ github.repository }}", "someone/something")
            .replace("https://gateway.example.com", &gateway.url())
            .replace("${{ secrets.PUSHGATEWAY_TOKEN }}", "token");
        assert!(!value.contains("${{"), "{value}");
    }
    let inputs: Vec<(&str, &str)> =
        inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let runner = Runner::new();
    runner.write("metrics.prom", "ok 1\ntests_seconds 12,5\n");
    let call = runner.action(&inputs);
    call.code(3).stderr_has("::error file=metrics.prom,line=2,").run();
    assert_eq!(gateway.groups().len(), 0);
    runner.write("metrics.prom", "ok 1\ntests_seconds 12.5\n");
    runner.action(&inputs).any_stdout().any_stderr().run();
    assert_group(&gateway, &LABELS, &["ok", "tests_seconds"]);
}

#[test]
fn the_github_example_pushes_after_failed_tests() {
    let example = read_repo_file("examples/github-actions.yml");
    assert!(example.contains("\n        if: ${{ !cancelled() }}\n"), "{example}");
}

#[test]
fn the_examples_name_the_repository_of_the_manifest() {
    let repository = env!("CARGO_PKG_REPOSITORY");
    let name = repository.strip_prefix("https://github.com/").unwrap();
    let uses = format!("- uses: {name}/packaging/action@");
    assert!(read_repo_file("examples/github-actions.yml").contains(&uses), "{uses}");
    let download = format!("PUSHGW_DOWNLOAD_URL: {repository}/releases/latest/download\n");
    assert!(read_repo_file("examples/gitlab-ci.yml").contains(&download), "{download}");
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_action_passes_words_with_spaces_and_options() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    let runner = Runner::new();
    runner.write("a b.prom", "ok 1\n");
    let labels = "repo=a b\nbranch=$(touch injected)\n";
    let inputs = [("command", "push"), ("job", "nightly"), ("labels", labels), ("files", "a b.prom")];
    let call = runner.action(&[&inputs[..], &[("options", "--type\ngauge")]].concat());
    call.on(&gateway).any_stdout().any_stderr().run();
    let expected = [("branch", "$(touch injected)"), ("job", "nightly"), ("repo", "a b")];
    assert_group(&gateway, &expected, &["ok"]);
    assert!(!Path::new(&runner.path("checkout/injected")).exists());
    let call = runner.action(&[("command", "pull"), ("job", "nightly")]);
    call.code(2).stdout("::error::unknown command `pull`: use add, push, run or none\n").run();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_action_runs_a_job_and_reports_how_it_went() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    let runner = Runner::new();
    let inputs = [("command", "run"), ("job", "nightly"), ("run", "echo \"a  b\"; exit 3")];
    let call = runner.action(&inputs);
    call.on(&gateway).code(3).stdout("a  b\n").any_stderr().run();
    let groups = gateway.groups();
    let [group] = &groups[..] else { panic!("not one group: {groups:?}") };
    assert_eq!(group.labels["job"], "nightly");
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_gitlab_example_pushes() {
    let example = read_repo_file("examples/gitlab-ci.yml");
    let gateway = Gateway::start(newest_gateway(), &[]);
    let runner = Runner::new();
    let install = block(&example, "before_script:");
    let install = items(&install).pop().unwrap();
    assert_eq!(install, r#"curl -fsSL "$PUSHGW_DOWNLOAD_URL/install.sh" | sh"#);
    // Use a prefix as on GitLab, because the default prefix for root is outside of the test's folder.
    let script = fs::read_to_string(repo_file("packaging/install.sh")).unwrap();
    fs::write(runner.path("install.sh"), script).unwrap();
    let install = install.replace("| sh", &format!("| sh -s -- --prefix '{}'", runner.path("temp")));
    let url = format!("file://{}", runner.path(""));
    runner
        .bash(&install.replace("$PUSHGW_DOWNLOAD_URL", &url))
        .env("PUSHGW_DOWNLOAD_URL", runner.path(""))
        .stdout_has("installed pushgw")
        .run();
    fs::write(runner.path("path"), runner.path("temp/bin")).unwrap();
    write_program(Path::new(&runner.path("temp/bin/run-tests")), "#!/bin/sh\necho ok 1\nexit ${failed:-0}\n");

    let script = block(&example, "script:");
    let after = block(&example, "after_script:");
    for failed in ["0", "1"] {
        for line in items(&script) {
            runner.bash(line).env("failed", failed).code(failed.parse().unwrap()).run();
        }
        for line in items(&after) {
            let call = runner.bash(line).env("CI", "true").env("CI_PROJECT_PATH", LABELS[1].1);
            call.on(&gateway).any_stdout().any_stderr().run();
        }
        assert_group(&gateway, &LABELS, &["ok"]);
    }
}
