//! Large stores: memory grows with the groups and not with what they hold, and a gateway without an API, or with
//! something else in its place, is told so.

use crate::support::{Gateway, Server, newest_gateway, pushgw, wait_until};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// The most memory that `pushgw list` has taken when it has listed this, in kB; and how many groups it listed.
fn peak_of_list(url: &str, groups: usize) -> u64 {
    // Watching keeps the process alive after the look, so that its own account of it can be read.
    let mut child = Command::new(env!("CARGO_BIN_EXE_pushgw"))
        .args(["list", "--format", "path", "--watch", "1000", "-g", url])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(groups);
    assert_eq!(lines.map_while(Result::ok).count(), groups);
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches("kB").trim().parse().unwrap()
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn memory_grows_with_the_groups_and_not_with_the_samples() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let peak = |series: usize| {
        let gateway = Gateway::start(newest_gateway(), &["--push.disable-consistency-check"]);
        let mut body = String::new();
        for number in 0..series {
            let _ = writeln!(body, "metric_{}{{series=\"{number}\"}} {number}", number / 10);
        }
        for group in 0..300 {
            gateway.put(format!("/metrics/job/batch/instance/{group}"), &body);
        }
        wait_until("all groups", || gateway.keys().len() == 300);
        let size = gateway.get("/api/v1/metrics").body.len();
        (peak_of_list(&gateway.url(), 300), size)
    };
    let ((small, _), (large, size)) = (peak(1), peak(400));
    assert!(size > 8_000_000, "{size} bytes of answer are a test");
    assert!(large < small + 4_000, "{large} kB for a store of {size} bytes, {small} kB for a small one");
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn an_empty_store() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    pushgw().arg("list").on(&gateway).run();
    pushgw().args(["list", "--format", "json"]).on(&gateway).stdout("[]\n").run();
    pushgw().args(["delete", "--all", "--yes"]).on(&gateway).run();
    pushgw().args(["show", "--all"]).on(&gateway).code(8).any_stderr().run();
    pushgw().arg("status").on(&gateway).stdout_has("groups    0\n").run();
}

#[test]
fn a_gateway_without_the_api() {
    let server = || {
        Server::start(|connection, _| {
            while let Some(request) = connection.read_request() {
                match request.path.as_str() {
                    "/metrics" => connection.answer(
                        200,
                        &[],
                        "# TYPE m gauge\nm{instance=\"\",job=\"a\"} 1\npush_time_seconds{instance=\"\",job=\"a\"} 1.7e+09\npushgateway_build_info 1\n",
                    ),
                    "/-/healthy" | "/-/ready" => connection.answer(200, &[], "OK"),
                    _ => connection.answer(404, &[], "404 page not found"),
                }
            }
        })
    };
    let told = "the groups are read from /metrics";
    let (list, show, status) = (server(), server(), server());
    pushgw()
        .args(["list", "--format", "path", "-g", &list.url()])
        .stdout("/metrics/job/a\n")
        .stderr_has(told)
        .run();
    pushgw().args(["show", "-j", "a", "-g", &show.url()]).code(1).stderr_has("no /api/v1/metrics").run();
    pushgw()
        .args(["status", "-g", &status.url()])
        .stdout_has(told)
        .stdout_has("scrape    yes, 3 samples")
        .run();
}

#[test]
fn a_server_that_is_no_pushgateway() {
    for body in ["<html>", "{}", "", r#"{"status":"success","data":["job"]}"#] {
        for command in [&["status"][..], &["list"], &["show", "--all"], &["delete", "--all", "--yes"]] {
            let server = Server::answering(200, body);
            pushgw().args(command).args(["-g", &server.url()]).code(1).stderr_has("no Pushgateway").run();
        }
    }
}
