//! Tests `pushgw rules`: promtool accepts the rules, and they fire only for the right jobs.

use crate::support::{prometheus_versions, pushgw};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

fn rules(options: &[&str]) -> String {
    pushgw().arg("rules").args(options).any_stdout().run().stdout()
}

#[test]
fn the_options_change_the_metrics_and_not_the_alerts() {
    let plain = rules(&[]);
    for alert in ["JobFailed", "JobOverdue", "JobNeverSucceeded", "JobHung"] {
        let line = format!("      - alert: {alert}\n");
        for options in [&[][..], &["--prefix", "nightly"], &["--remote-write"]] {
            assert!(rules(options).contains(&line), "{options:?} {alert}");
        }
    }
    assert_eq!(
        rules(&["--prefix", "nightly"]),
        plain.replace("job_", "nightly_").replace("e_of_nightly_", "e_of_job_")
    );
    let wrapped = rules(&["--remote-write"]);
    let expressions = wrapped.lines().filter(|line| !line.trim_start().starts_with('#'));
    let bare = expressions
        .filter(|line| line.matches("job_").count() != line.matches("last_over_time(job_").count());
    assert_eq!(bare.collect::<Vec<_>>(), Vec::<&str>::new());
    pushgw().args(["rules", "--prefix", "a-b"]).code(2).stderr_has("can't begin a metric name").run();
    pushgw().args(["rules", "--prefix", ""]).code(2).stderr_has("--prefix is empty").run();
}

/// A job and its metrics for every minute of two days, in the series notation of promtool's unit tests.
struct Job {
    name: &'static str,
    /// Pairs of a metric and its values.
    series: &'static [(&'static str, &'static str)],
}

const JOBS: &[Job] = &[
    // This job succeeded at minute 0 and runs every hour.
    Job {
        name: "good",
        series: &[
            ("last_start_timestamp_seconds", "0+0x59 3600+0x59 7200+0x3000"),
            ("last_completion_timestamp_seconds", "60+0x59 3660+0x59 7260+0x3000"),
            ("last_success_timestamp_seconds", "60+0x59 3660+0x59 7260+0x3000"),
        ],
    },
    Job {
        name: "failed",
        series: &[
            ("last_start_timestamp_seconds", "3600+0x3000"),
            ("last_completion_timestamp_seconds", "3660+0x3000"),
            ("last_success_timestamp_seconds", "60+0x3000"),
        ],
    },
    Job {
        name: "never",
        series: &[
            ("last_start_timestamp_seconds", "3600+0x3000"),
            ("last_completion_timestamp_seconds", "3660+0x3000"),
        ],
    },
    Job {
        name: "overdue",
        series: &[
            ("last_start_timestamp_seconds", "0+0x3000"),
            ("last_completion_timestamp_seconds", "60+0x3000"),
            ("last_success_timestamp_seconds", "60+0x3000"),
            ("expected_interval_seconds", "3600+0x3000"),
        ],
    },
    // This job has been running since minute 10, but should take only 20 minutes.
    Job {
        name: "hung",
        series: &[
            ("last_start_timestamp_seconds", "600+0x3000"),
            ("last_completion_timestamp_seconds", "60+0x3000"),
            ("last_success_timestamp_seconds", "60+0x3000"),
            ("expected_duration_seconds", "1200+0x3000"),
        ],
    },
    Job {
        name: "first_run_hangs",
        series: &[
            ("last_start_timestamp_seconds", "600+0x3000"),
            ("expected_duration_seconds", "1200+0x3000"),
        ],
    },
];

/// A time, an alert, and the jobs for which it fires.
const ALERTS: &[(&str, &str, &[&str])] = &[
    ("29m", "JobFailed", &["failed", "never"]),
    ("29m", "JobOverdue", &[]),
    ("29m", "JobHung", &[]),
    ("31m", "JobHung", &["first_run_hangs", "hung"]),
    ("60m", "JobOverdue", &[]),
    ("62m", "JobOverdue", &["overdue"]),
    ("23h", "JobNeverSucceeded", &[]),
    ("25h", "JobNeverSucceeded", &["first_run_hangs", "never"]),
    ("25h", "JobFailed", &["failed", "never"]),
    ("25h", "JobHung", &["first_run_hangs", "hung"]),
];

/// Returns the unit test for promtool. It also compares the texts of the alerts.
fn unit_test(rules: &str, prefix: &str, jobs: &str) -> String {
    let mut test = String::from("rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n");
    test.push_str("  input_series:\n");
    for job in JOBS {
        for (metric, values) in job.series {
            let values = if jobs == "once" { once(values) } else { (*values).to_owned() };
            let series = format!("{prefix}_{metric}{{job=\"{}\"}}", job.name);
            _ = writeln!(test, "  - series: '{series}'\n    values: '{values}'");
        }
    }
    test.push_str("  promql_expr_test:\n");
    for (at, alert, jobs) in ALERTS {
        let expr = format!("count by (job) (ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}})");
        let none = if jobs.is_empty() { " []" } else { "" };
        _ = writeln!(test, "  - expr: '{expr}'\n    eval_time: {at}\n    exp_samples:{none}");
        for job in *jobs {
            _ = writeln!(test, "    - labels: '{{job=\"{job}\"}}'\n      value: 1");
        }
    }
    assert!(rules.contains(prefix));
    test
}

/// Returns the series with a sample only in its first minute, as sent by remote write.
fn once(values: &str) -> String {
    values.split_once('+').map_or(values, |(first, _)| first).to_owned()
}

fn promtool(path: &Path, args: &[&str], folder: &Path) {
    let done = Command::new(path).args(args).current_dir(folder).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    assert!(done.status.success(), "{} {args:?}: {}", path.display(), String::from_utf8_lossy(&said));
}

#[test]
#[ignore = "needs promtool (fetched on first use)"]
fn promtool_accepts_the_rules_and_they_fire() {
    for program in prometheus_versions() {
        let path = program.path.with_file_name("promtool");
        for (options, prefix, jobs) in [
            (&[][..], "job", "always"),
            (&["--prefix", "nightly"], "nightly", "always"),
            (&["--remote-write"], "job", "once"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let rules = rules(options);
            std::fs::write(folder.path().join("test.yml"), unit_test(&rules, prefix, jobs)).unwrap();
            std::fs::write(folder.path().join("rules.yml"), rules).unwrap();
            promtool(&path, &["check", "rules", "rules.yml"], folder.path());
            promtool(&path, &["test", "rules", "test.yml"], folder.path());
        }
    }
}
