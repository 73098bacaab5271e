//! Runs the commands from `examples/` with a real gateway and stand-ins for the user's programs, and checks what they
//! push and what happens if something fails. `readme` checks that README shows the same text.

use crate::support::{
    Gateway, Pushgw, is_installed, newest_gateway, read_repo_file, repo_file, shell, wait_until,
};
use regex::Regex;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The user's own program, which prints metrics.
const BACKUP: &str = "/usr/local/bin/db-backup";

fn example(name: &str) -> String {
    read_repo_file(&format!("examples/{name}"))
}

fn gateway() -> Gateway {
    Gateway::start(newest_gateway(), &[])
}

/// Returns a shell call with a backup program that exits with `$exit`.
fn with_backup(command: &str) -> Pushgw {
    assert!(command.contains(BACKUP), "{command}");
    shell(&command.replace(BACKUP, "sh ./db-backup")).file("db-backup", "exit ${exit:-0}\n")
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

/// Returns the value of `Key=value` in a systemd unit.
fn setting<'a>(unit: &'a str, key: &str) -> &'a str {
    unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).expect(key)
}

/// The metrics of `pushgw run` after a success, with both expectations.
const REPORTED: [&str; 9] = [
    "job_expected_duration_seconds",
    "job_expected_interval_seconds",
    "job_last_completion_timestamp_seconds",
    "job_last_cpu_seconds",
    "job_last_duration_seconds",
    "job_last_exit_status",
    "job_last_max_resident_memory_bytes",
    "job_last_start_timestamp_seconds",
    "job_last_success_timestamp_seconds",
];

/// Runs a command that reports a backup, first successfully and then with a failure.
fn reports_the_backup(command: &str, labels: &[(&str, &str)]) {
    let gateway = gateway();
    with_backup(command).on(&gateway).run();
    assert_group(&gateway, labels, &REPORTED);
    with_backup(command).on(&gateway).env("exit", "9").code(9).run();
    assert_group(&gateway, labels, &REPORTED);
    with_backup(command).env("PUSHGATEWAY_URL", "http://127.0.0.1:1").stderr_has("can't connect").run();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_service_reports_the_backup() {
    let unit = example("pushgw-backup.service");
    let command = setting(&unit, "ExecStart").strip_prefix("/usr/bin/").unwrap().replace("%H", "db1");
    reports_the_backup(&command, &[("instance", "db1"), ("job", "db_backup")]);
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_kubernetes_job_reports_the_backup() {
    let manifest = example("kubernetes-cronjob.yml");
    let command = manifest.lines().find_map(|line| line.trim().strip_prefix("command: [")).unwrap();
    let command = command.trim_end_matches(']').replace(", ", " ");
    reports_the_backup(&command, &[("job", "db_backup")]);
}

#[test]
fn systemd_accepts_the_units() {
    if !is_installed("systemd-analyze") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // systemd-analyze requires all programs to exist.
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
    // It also reports problems in other units on this machine.
    let ours: Vec<_> = stderr.lines().filter(|line| line.contains("pushgw-backup")).collect();
    assert!(done.status.success() && ours.is_empty(), "{stderr}");
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_crontab_commands_push_and_print_nothing() {
    let table = example("crontab");
    let lines: Vec<&str> =
        table.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
    let expected = [
        ("backup", &[("instance", "web-2"), ("job", "db_backup")][..], &REPORTED[..], 1),
        ("backup-metrics", &[("job", "db_size")], &["backup_seconds"], 0),
    ];
    assert_eq!(lines.len(), expected.len(), "{table}");
    for (line, (name, labels, families, after_failure)) in lines.into_iter().zip(expected) {
        let (_, command) = line.split_once("* * *  ").unwrap();
        let gateway = gateway();
        let output = if name == "backup" { "" } else { "echo backup_seconds 12.5;" };
        let command = command.strip_suffix(name).unwrap();
        let call = || {
            shell(&format!("{command} sh ./{name}"))
                .file(name, format!("{output} exit ${{exit:-0}}\n"))
                .on(&gateway)
        };
        call().env("exit", "9").code(9).any_stderr().run();
        assert_eq!(gateway.groups().len(), after_failure, "{command}");
        call().run();
        assert_group(&gateway, labels, families);
    }
}

/// Returns the commands in the crontabs of a page, as cron passes them to the shell.
fn crontab_commands(page: &str) -> Vec<String> {
    let blocks =
        Regex::new(r"(?ms)^```crontab\n(.*?)^```|^[^\n]*crontab[^\n]*:\n\n((?:    [^\n]*\n)+)").unwrap();
    let times = Regex::new(r"^\s*(?:[\d*/,-]+\s+){5}").unwrap();
    let variable = Regex::new("^[A-Z_]+=").unwrap();
    let mut commands = Vec::new();
    for block in blocks.captures_iter(page) {
        let lines = block.iter().skip(1).flatten().flat_map(|text| text.as_str().lines());
        for line in lines.map(str::trim).filter(|line| !variable.is_match(line)) {
            let command = times.replace(line, "");
            assert!(!command.replace(r"\%", "").contains('%'), "cron ends the command at `%`: {line}");
            commands.push(command.replace(r"\%", "%"));
        }
    }
    let entries = page.lines().filter(|line| times.is_match(line)).count();
    assert!(entries <= commands.len(), "a crontab without a sentence that names it:\n{page}");
    commands
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn crontabs_on_pages_push_and_print_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, script) in [("backup", "exit 0"), ("backup-metrics", "echo backup_seconds 12.5")] {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let (gateway, mut seen) = (gateway(), 0);
    let prose = fs::read_dir(repo_file("man/prose")).unwrap().map(|page| page.unwrap().path());
    let docs = fs::read_dir(repo_file("docs")).unwrap().map(|page| page.unwrap().path());
    let pages = prose
        .chain(docs)
        .chain([repo_file("README.md")])
        .filter(|page| page.extension().is_some_and(|it| it == "md"));
    for page in pages {
        for command in crontab_commands(&fs::read_to_string(page).unwrap()) {
            gateway.clear();
            shell(&format!("PATH={}:$PATH; {command}", folder.path().display())).on(&gateway).run();
            assert_eq!(gateway.groups().len(), 1, "{command}");
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen} commands");
}

/// Mounts empty folders over everything that cron reads and writes, and starts cron with the crontab `$TABLE`.
const CRON: &str = r#"
set -e
for folder in /run /var/spool /etc/cron.d; do [ ! -d $folder ] || mount -t tmpfs none $folder; done
[ ! -e /etc/crontab ] || mount --bind /dev/null /etc/crontab
mkdir -p /var/spool/cron/crontabs
printf %s "$TABLE" >/var/spool/cron/crontabs/root
chmod 600 /var/spool/cron/crontabs/root
exec cron -f"#;

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn cron_runs_the_crontab() {
    let unshare = ["--mount", "--pid", "--fork", "--kill-child"];
    let can =
        || Command::new("unshare").args(unshare).arg("true").output().is_ok_and(|it| it.status.success());
    if !is_installed("cron") || !can() {
        eprintln!("skipped: cron is not installed, or can't be kept from the machine's own tables");
        return;
    }
    let (gateway, folder) = (gateway(), tempfile::tempdir().unwrap());
    for (name, script) in [("backup", "exit 3"), ("backup-metrics", "echo backup_seconds 12.5")] {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let built = Path::new(env!("CARGO_BIN_EXE_pushgw")).parent().unwrap();
    let path = format!("PATH={}:{}:/usr/bin:/bin\n", built.display(), folder.path().display());
    // cron runs `@reboot` commands when it starts.
    let table = example("crontab").replace("17 3 * * *", "@reboot").replace("30 3 * * *", "@reboot");
    let table = table.replace("http://localhost:9091", &gateway.url());
    let cron = Command::new("unshare")
        .args(unshare)
        .args(["sh", "-c", CRON])
        .env("TABLE", path + &table)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let cron = KilledOnDrop(cron);
    let has = |sample: &str| gateway.samples().iter().any(|line| line == sample);
    wait_until("the failure", || has("job_last_exit_status{instance=\"web-2\",job=\"db_backup\"} 3"));
    wait_until("the output", || has("backup_seconds{instance=\"\",job=\"db_size\"} 12.5"));
    drop(cron);
}

struct KilledOnDrop(Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
