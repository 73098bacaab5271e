//! The files under `examples/` that a user copies do what they say: their commands are run as they stand there, on a real
//! gateway, with stand-ins only for what is the user's own.

use crate::support::{Gateway, Pushgw, newest_gateway, shell};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The user's own program, which prints metrics.
const BACKUP: &str = "/usr/local/bin/db-backup";

fn example(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)).unwrap()
}

fn gateway() -> Gateway {
    Gateway::start(newest_gateway(), &[])
}

/// A shell with the backup in its directory; `$exit` is the status with which that ends.
fn with_backup(command: &str) -> Pushgw {
    assert!(command.contains(BACKUP), "{command}");
    shell(&command.replace(BACKUP, "sh ./db-backup"))
        .file("db-backup", "echo backup_seconds 12.5; exit ${exit:-0}\n")
}

/// The gateway has this group alone, with these metrics.
#[track_caller]
fn holds(gateway: &Gateway, labels: &[(&str, &str)], families: &[&str]) {
    let groups = gateway.groups();
    let [group] = &groups[..] else { panic!("not one group: {groups:?}") };
    let expected = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(group.labels, expected);
    assert_eq!(group.families.keys().collect::<Vec<_>>(), families);
}

/// The value of `Key=value` in a unit.
fn setting<'a>(unit: &'a str, key: &str) -> &'a str {
    unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).expect(key)
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_service_pushes_what_the_backup_says() {
    let unit = example("pushgw-backup.service");
    let command = setting(&unit, "ExecStart").strip_prefix("/usr/bin/").unwrap().replace("%H", "db1");
    let gateway = gateway();
    with_backup(&command).on(&gateway).run();
    holds(&gateway, &[("instance", "db1"), ("job", "db_backup")], &["backup_seconds"]);
    with_backup(&command).on(&gateway).env("exit", "9").code(9).stderr_has("nothing was sent").run();
}

#[test]
fn systemd_has_nothing_to_say_of_the_units() {
    let folder = tempfile::tempdir().unwrap();
    // The paths are where a package and an administrator put programs: here they have to be this machine's.
    let true_program = "/bin/true";
    for name in ["pushgw-backup.service", "pushgw-backup.timer"] {
        let unit = example(name).replace("/usr/bin/pushgw", env!("CARGO_BIN_EXE_pushgw"));
        fs::write(folder.path().join(name), unit.replace(BACKUP, true_program)).unwrap();
    }
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "pushgw-backup.service", "pushgw-backup.timer"])
        .current_dir(folder.path())
        .output();
    let Ok(done) = verify else {
        eprintln!("skipped: there is no systemd-analyze");
        return;
    };
    let said = String::from_utf8_lossy(&done.stderr);
    if said.contains("Failed to initialize manager") {
        eprintln!("skipped: systemd-analyze can't work here (a bare container): {said}");
        return;
    }
    // It also looks at the machine's own units, which are none of ours.
    let ours: Vec<_> = said.lines().filter(|line| line.contains("pushgw-backup")).collect();
    assert!(done.status.success() && ours.is_empty(), "{said}");
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_crontab_line_is_silent_and_pushes() {
    let table = example("crontab");
    let line = table.lines().find(|line| line.contains(" root ")).unwrap();
    let (when, command) = line.split_once(" root ").unwrap();
    assert_eq!(when.split(' ').count(), 5, "{when}");
    assert!(!command.contains('%'), "cron takes a % for the end of the line");
    let gateway = gateway();
    with_backup(command).on(&gateway).run();
    holds(&gateway, &[("job", "db_backup")], &["backup_seconds"]);
    with_backup(command).on(&gateway).env("exit", "9").code(9).stderr_has("nothing was sent").run();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_shell_function_passes_the_status_on_and_pushes_it() {
    let gateway = gateway();
    let call = |command: &str| {
        let script = format!("exec bash -euc '. ./functions.sh; {command}'");
        shell(&script).file("functions.sh", example("functions.sh"))
    };
    call("timed nightly true").on(&gateway).run();
    let all = ["job_duration_seconds", "job_exit_status", "job_last_success_timestamp_seconds"];
    holds(&gateway, &[("job", "nightly")], &all);
    call("timed nightly sh -c \"echo out; exit 3\"").on(&gateway).code(3).stdout("out\n").run();
    holds(&gateway, &[("job", "nightly")], &all);
    let status = &gateway.groups()[0].families["job_exit_status"];
    assert!(status.to_string().contains("\"value\":\"3\""), "{status}");
    let away = call("timed nightly true").env("PUSHGATEWAY_URL", "http://127.0.0.1:1");
    away.env("PUSHGATEWAY_RETRIES", "0").stderr_has("can't connect").run();
}

/// What stands behind `run:` in a workflow, step by step.
fn steps(workflow: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((indent, command)) = line.split_once("run: ") else { continue };
        if command != "|" {
            steps.push(command.to_owned());
            continue;
        }
        let inside = format!("{}  ", " ".repeat(indent.len()));
        let mut block = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with(&inside)) {
            block.push_str(line.trim_start());
            block.push('\n');
        }
        steps.push(block);
    }
    steps
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_workflow_pushes_and_points_at_faults() {
    let steps = steps(&example("github-actions.yml"));
    assert_eq!(steps.len(), 3, "{steps:?}");
    let gateway = gateway();
    // As the runner does: each step is a file for a bash of its own.
    let call = |steps: &[String]| {
        let mut call = shell("exec 2>&1; for step in step*; do bash -e $step || exit; done")
            .file("make", "#!/bin/sh\n")
            .env("GITHUB_REPOSITORY", "someone/something")
            .env("GITHUB_WORKFLOW", "metrics")
            .env("GITHUB_ACTIONS", "true")
            .env("CI", "true")
            .on(&gateway);
        for (at, step) in steps.iter().enumerate() {
            call = call.file(format!("step{at}"), step.replace("make\n", "sh ./make\n"));
        }
        call
    };
    call(&steps).any_stdout().run();
    let labels = [("job", "ci"), ("repo", "someone/something"), ("workflow", "metrics")];
    holds(&gateway, &labels, &["ci_build_seconds", "ci_last_success_timestamp_seconds"]);
    for step in &steps[1..] {
        call(std::slice::from_ref(step))
            .file("metrics.prom", "ok 1\nci_build_seconds 12,5\n")
            .code(3)
            .stdout_has("::error file=metrics.prom,line=2,")
            .run();
    }
}
