//! Runs the commands of the files in `examples/` on a real gateway, with stand-ins for the user's own programs: what they
//! push, and what happens if something fails. `readme` checks that README shows the same text.

use crate::support::{Gateway, Pushgw, is_installed, newest_gateway, read_repo_file, shell};
use std::fs;
use std::process::Command;

/// The user's own program, which prints metrics.
const BACKUP: &str = "/usr/local/bin/db-backup";

fn example(name: &str) -> String {
    read_repo_file(&format!("examples/{name}"))
}

fn gateway() -> Gateway {
    Gateway::start(newest_gateway(), &[])
}

/// A shell with a backup program that exits with `$exit`.
fn with_backup(command: &str) -> Pushgw {
    assert!(command.contains(BACKUP), "{command}");
    shell(&command.replace(BACKUP, "sh ./db-backup"))
        .file("db-backup", "echo backup_seconds 12.5; exit ${exit:-0}\n")
}

/// Asserts that the gateway has only this group, with these metrics.
#[track_caller]
fn assert_group(gateway: &Gateway, labels: &[(&str, &str)], families: &[&str]) {
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
fn the_service_pushes_the_output_of_the_backup() {
    let unit = example("pushgw-backup.service");
    let command = setting(&unit, "ExecStart").strip_prefix("/usr/bin/").unwrap().replace("%H", "db1");
    let gateway = gateway();
    with_backup(&command).on(&gateway).run();
    assert_group(&gateway, &[("instance", "db1"), ("job", "db_backup")], &["backup_seconds"]);
    with_backup(&command).on(&gateway).env("exit", "9").code(9).stderr_has("nothing was sent").run();
}

#[test]
fn systemd_accepts_the_units() {
    if !is_installed("systemd-analyze") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // systemd-analyze requires that the programs exist.
    let true_program = "/bin/true";
    for name in ["pushgw-backup.service", "pushgw-backup.timer"] {
        let unit = example(name).replace("/usr/bin/pushgw", env!("CARGO_BIN_EXE_pushgw"));
        fs::write(folder.path().join(name), unit.replace(BACKUP, true_program)).unwrap();
    }
    let done = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "pushgw-backup.service", "pushgw-backup.timer"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    if stderr.contains("Failed to initialize manager") {
        eprintln!("skipped: systemd-analyze does not work in this container: {stderr}");
        return;
    }
    // It also reports problems of the machine's other units.
    let ours: Vec<_> = stderr.lines().filter(|line| line.contains("pushgw-backup")).collect();
    assert!(done.status.success() && ours.is_empty(), "{stderr}");
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_crontab_commands_push_and_print_nothing() {
    let table = example("crontab");
    let lines: Vec<&str> =
        table.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert_eq!(lines.len(), 2, "{table}");
    for (line, instance) in lines.into_iter().zip(["web-1", "web-2"]) {
        let (_, command) = line.split_once("* * *  ").unwrap();
        let gateway = gateway();
        let call = || {
            shell(&command.replace("backup-metrics", "sh ./backup-metrics"))
                .file("backup-metrics", "echo backup_seconds 12.5; exit ${exit:-0}\n")
                .on(&gateway)
        };
        call().env("exit", "9").code(9).any_stderr().run();
        assert_eq!(gateway.groups().len(), 0, "{command}");
        call().run();
        assert_group(&gateway, &[("instance", instance), ("job", "db_backup")], &["backup_seconds"]);
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_shell_function_returns_the_status_and_pushes_it() {
    let gateway = gateway();
    let call = |command: &str| {
        let script = format!("exec bash -euc '. ./functions.sh; {command}'");
        shell(&script).file("functions.sh", example("functions.sh")).env("HOSTNAME", "web-1")
    };
    let labels = [("instance", "web-1"), ("job", "nightly")];
    call("timed nightly true").on(&gateway).run();
    let all = ["job_duration_seconds", "job_exit_status", "job_last_success_timestamp_seconds"];
    assert_group(&gateway, &labels, &all);
    call("timed nightly sh -c \"echo out; exit 3\"").on(&gateway).code(3).stdout("out\n").run();
    assert_group(&gateway, &labels, &all);
    let status = &gateway.groups()[0].families["job_exit_status"];
    assert!(status.to_string().contains("\"value\":\"3\""), "{status}");
    let away = call("timed nightly true").env("PUSHGATEWAY_URL", "http://127.0.0.1:1");
    away.env("PUSHGATEWAY_RETRIES", "0").stderr_has("can't connect").run();
}
