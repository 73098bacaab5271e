//! Tests that the memory usage of `list` and `status` depends on the number of groups, and not on the number of
//! samples.

use crate::support::{Gateway, Server, date, newest_gateway, wait_until};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Read as _;
use std::process::{Command, Stdio};

/// The number of groups on each gateway.
const GROUPS: usize = 300;

/// Returns the peak memory of `pushgw` in kB after it has printed this many bytes, and its whole output.
fn peak_when_printed(args: &[&str], bytes: usize) -> (u64, Vec<u8>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pushgw"))
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut printed = vec![0; bytes];
    stdout.read_exact(&mut printed).unwrap();
    // The process is still running, because it uses --watch or its output is larger than a pipe's buffer.
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    if args.contains(&"--watch") {
        child.kill().unwrap();
    }
    stdout.read_to_end(&mut printed).unwrap();
    child.wait().unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    (peak.trim().trim_end_matches("kB").trim().parse().unwrap(), printed)
}

/// Starts a gateway whose groups have this many series each and the metric `shared`. Returns it with the size of its
/// listing.
fn filled(series: usize) -> (Gateway, usize) {
    let gateway = Gateway::start(newest_gateway(), &["--push.disable-consistency-check"]);
    let mut body = String::new();
    for number in 0..series {
        let _ = writeln!(body, "metric_{}{{series=\"{number}\"}} {number}", number / 10);
    }
    for group in 0..GROUPS {
        // Long names make the report larger than a pipe's buffer.
        let kind = if group % 2 == 0 { "gauge" } else { "counter" };
        let path = format!("/metrics/job/batch/instance/{group}{}", "x".repeat(200));
        gateway.put(path, format!("# TYPE shared {kind}\nshared 1\n{body}"));
    }
    wait_until("all groups", || gateway.keys().len() == GROUPS);
    let size = gateway.get("/api/v1/metrics").body.len();
    (gateway, size)
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn memory_grows_with_the_groups_and_not_with_the_samples() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let peaks = |series: usize| {
        let (gateway, size) = filled(series);
        let listed = GROUPS * "/metrics/job/batch/instance/".len();
        let list = ["list", "--format", "path", "--watch", "1000", "-g", &gateway.url()];
        let (list, _) = peak_when_printed(&list, listed);
        // This breaks the scrape, so `status` must find the cause in the listing.
        gateway.put("/metrics/job/twice", "metric_3{series=\"30\"} 1\nmetric_3{series=\"30\"} 2\n");
        wait_until("a gateway that is broken", || gateway.metrics().status == 500);
        let (status, report) = peak_when_printed(&["status", "--format", "json", "-g", &gateway.url()], 1);
        let report: Value = serde_json::from_slice(&report).unwrap();
        let message = |at: usize| report["problems"][at]["message"].as_str().unwrap();
        assert!(message(0).contains("`shared` has several types"), "{}", message(0));
        assert!(message(1).contains("occurs twice in {job=\"twice\"}"), "{}", message(1));
        assert_eq!(report["problems"][0]["groups"].as_array().unwrap().len(), GROUPS / 2);
        (list, status, size)
    };
    let (small, large) = (peaks(1), peaks(60));
    assert!(large.2 > 5_000_000, "a listing of {} bytes is too small for this test", large.2);
    let assert_similar = |what: &str, large: u64, small: u64| {
        assert!(large < small + 4_000, "{what}: {large} kB for a large store, {small} kB for a small one");
    };
    assert_similar("list", large.0, small.0);
    assert_similar("status", large.1, small.1);
}

#[test]
fn without_enough_memory_there_is_a_message_and_status_1() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let mut text = String::new();
    for number in 0..60_000 {
        let _ = writeln!(
            text,
            "# HELP job_value_{number} A value.\n# TYPE job_value_{number} gauge\njob_value_{number} 1"
        );
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let check = ["check", file.path().to_str().unwrap()];
    let failures = fails_with_a_message_until_there_is_enough(&check, 500);
    assert!(failures.iter().any(|message| message.contains("memory allocation of")));
}

#[test]
fn without_enough_memory_a_large_listing_has_a_message_too() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let group = |number| {
        let gauge = r#"{"type":"GAUGE","metrics":[{"labels":{},"value":"1"}]}"#;
        format!(
            r#"{{"labels":{{"job":"x","instance":"{number}"}},"last_push_successful":true,"push_time_seconds":{gauge},"m":{gauge}}}"#
        )
    };
    let groups: Vec<String> = (0..3_000).map(group).collect();
    let body = format!(r#"{{"status":"success","data":[{}]}}"#, groups.join(","));
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            connection.answer(200, &[date()], &body);
        }
    });
    for args in [["list", "-v"], ["show", "--all"]] {
        let failures =
            fails_with_a_message_until_there_is_enough(&[&args[..], &["-g", &server.url()]].concat(), 4_000);
        assert!(!failures.is_empty());
    }
}

/// Runs `pushgw` with all limits of memory from the first one with which it starts to the first one that is enough.
/// Returns the messages of the other ones.
fn fails_with_a_message_until_there_is_enough(args: &[&str], step: usize) -> Vec<String> {
    let limited = |kilobytes: u32, args: &[&str]| {
        let command = format!("ulimit -v {kilobytes} && exec \"$0\" \"$@\"");
        Command::new("sh").args(["-c", &command, env!("CARGO_BIN_EXE_pushgw")]).args(args).output().unwrap()
    };
    // Parsing the options of the command needs most of the stack. If the stack can't grow, no message is possible.
    let help = [args[0], "--help"];
    let enough_to_start = (5_000..).step_by(1_000).find(|limit| limited(*limit, &help).status.success());
    let mut messages = Vec::new();
    for limit in (enough_to_start.unwrap()..200_000).step_by(step) {
        let output = limited(limit, args);
        let message = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            Some(0) => break,
            Some(1) => assert!(
                message.contains("not enough memory") || message.contains("memory allocation of"),
                "{message}"
            ),
            _ => panic!("with {limit} kB: {} {message}", output.status),
        }
        messages.push(message);
    }
    messages
}
