//! Breaks real gateways in every known way, and checks that `status` names the groups that cause the problem, and that
//! the printed commands fix it.

use crate::support::{
    Gateway, Output, Server, Tty, gateways, newest_gateway, on_every_gateway, pushgw, shell, wait_until,
};
use serde_json::Value;
use std::thread;
use std::time::Duration;

/// The time limit of a push includes the requests that explain a rejection.
#[test]
fn a_rejected_push_is_explained_only_within_the_time_limit() {
    let rejection = "pushed metrics are invalid or inconsistent with existing metrics";
    let broken =
        r#"{"status":"success","data":[{"labels":{"job":"a"}},{"labels":{"job":"a","instance":""}}]}"#;
    let run = |pause_before: u64, pause_after: u64| {
        let server = Server::start(move |connection, _| {
            while let Some(request) = connection.read_request() {
                if request.method == "GET" {
                    thread::sleep(Duration::from_millis(pause_after));
                    connection.answer(200, &[], broken);
                } else {
                    thread::sleep(Duration::from_millis(pause_before));
                    connection.answer(400, &[], rejection);
                }
            }
        });
        let push = pushgw().args(["push", "-j", "x", "-m", "a 1", "-g", &server.url(), "--timeout", "4s"]);
        push.code(4).stderr_has(rejection).run().stderr()
    };
    let explanation = "are the same to the gateway";
    assert!(run(0, 0).contains(explanation));
    // Each of the two requests fits into the limit, but both together do not.
    thread::scope(|scope| {
        for (before, after) in [(2_000, 3_000), (3_000, 2_000), (1_500, 3_500)] {
            scope.spawn(move || {
                let message = run(before, after);
                assert!(!message.contains(explanation), "{message}");
            });
        }
    });
}

/// Pushes and ignores the response, because a push that breaks a gateway can be rejected, stored, or both.
fn break_with(gateway: &Gateway, method: &str, path: &str, body: &[u8]) {
    // 1.11.0 closes the connection instead of responding with 400.
    let _ = gateway.request(method, path, body);
}

fn status(gateway: &Gateway) -> Value {
    let output =
        pushgw().args(["status", "--format", "json"]).on(gateway).any_code().any_stdout().any_stderr().run();
    let report: Value = serde_json::from_slice(&output.stdout).expect("status prints JSON");
    assert_eq!(report["ok"] == true, output.status.success(), "{output}");
    report
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// Returns the commands for all problems, as printed in the table.
fn printed_commands(output: &Output) -> Vec<String> {
    let stdout = output.stdout();
    stdout.lines().filter_map(|line| line.strip_prefix("fix:")).map(|c| c.trim().to_owned()).collect()
}

/// Asserts that `status` reports this reason and these groups, and that its commands fix the gateway.
#[track_caller]
fn assert_reported_and_fixed(gateway: &Gateway, reason: &str, jobs: &[&str]) {
    let report = status(gateway);
    assert_eq!(report["ok"], false, "{report:#}");
    let problems = report["problems"].as_array().unwrap();
    let messages: Vec<_> = problems.iter().map(|p| p["message"].as_str().unwrap().to_owned()).collect();
    assert!(messages.iter().any(|message| message.contains(reason)), "{report:#}");
    let groups: Vec<String> = problems
        .iter()
        .flat_map(|problem| problem["groups"].as_array().unwrap())
        .map(|labels| labels["job"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(groups, jobs, "{report:#}");

    let table = pushgw().arg("status").on(gateway).code(1).any_stdout().stderr_has("is not healthy").run();
    let commands = printed_commands(&table);
    let in_json: Vec<String> = problems.iter().flat_map(|problem| list(&problem["commands"])).collect();
    assert_eq!(commands, in_json);
    assert!(!commands.is_empty(), "{table}");
    // Run the commands like a user does, in another shell in which no variable sets the gateway.
    for command in &commands {
        shell(command).any_stderr().run();
    }
    wait_until("a gateway that serves", || gateway.metrics().status == 200);
    let report = status(gateway);
    assert_eq!(report["ok"], true, "{report:#}");
    assert!(!gateway.rejects("PUT", "/metrics/job/after", "after 1\n"), "it accepts pushes again");
    gateway.delete("/metrics/job/after");
    // The deletion is queued, and the following steps must not see this group.
    wait_until("the deletion", || gateway.keys().iter().all(|key| key["job"] != "after"));
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_pair_of_groups_with_and_without_an_empty_instance() {
    on_every_gateway(|gateway| {
        for (first, second) in [("", "/instance/"), ("/instance@base64/=", "")] {
            break_with(gateway, "PUT", &format!("/metrics/job/a%20b/l@base64/eC95{first}"), b"a 1\n");
            break_with(gateway, "PUT", &format!("/metrics/job/a%20b/l@base64/eC95{second}"), b"a 1\n");
            assert_eq!(gateway.metrics().status, 500, "the push breaks the gateway");
            assert_reported_and_fixed(gateway, "are the same to the gateway", &["a b", "a b"]);
            gateway.clear();
        }
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_key_that_is_not_utf8() {
    on_every_gateway(|gateway| {
        break_with(gateway, "PUT", "/metrics/job/x/l@base64/_w", b"a 1\n");
        break_with(gateway, "PUT", "/metrics/job@base64/Yf8iCmI/m@base64/_g/n/v%20w/o@base64/=", b"a 1\n");
        assert_eq!(gateway.metrics().status, 500, "the push breaks the gateway");
        assert_reported_and_fixed(gateway, "contains invalid UTF-8", &["a\u{fffd}\"\nb", "x"]);
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn an_escaped_name_that_is_reserved() {
    // 1.5.1 does not support such names.
    for program in gateways().iter().filter(|program| program.version != "1.5.1") {
        let gateway = Gateway::start(program, &["--push.enable-utf8-names"]);
        break_with(&gateway, "PUT", "/metrics/job/x/U______x/v%22", b"a 1\n");
        assert_eq!(gateway.metrics().status, 500, "the push breaks the gateway");
        assert_reported_and_fixed(&gateway, "starts with `__`", &["x"]);
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_metric_with_the_name_of_a_gateway_metric() {
    // The gateway must be empty, because its own metric has no sample before the first push.
    on_every_gateway(|gateway| {
        let own = b"# TYPE pushgateway_http_push_size_bytes gauge\npushgateway_http_push_size_bytes 1\n";
        break_with(gateway, "PUT", "/metrics/job/r", own);
        assert_eq!(gateway.metrics().status, 500, "the push breaks the gateway");
        assert_reported_and_fixed(gateway, "one of the gateway's own metrics", &["r"]);
    });
    on_every_gateway(|gateway| {
        let part =
            b"# TYPE pushgateway_http_push_size_bytes_count gauge\npushgateway_http_push_size_bytes_count 1\n";
        break_with(gateway, "PUT", "/metrics/job/part", part);
        assert_eq!(gateway.metrics().status, 500, "the push breaks the gateway");
        assert_reported_and_fixed(
            gateway,
            "the gateway's own metric `pushgateway_http_push_size_bytes` and is in {job=\"part\"}",
            &["part"],
        );
    });
}

/// The gateway works, but Prometheus drops the samples of one of the two groups.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn groups_that_differ_only_in_an_empty_label() {
    on_every_gateway(|gateway| {
        gateway.put("/metrics/job/a", "m 1\n");
        gateway.put("/metrics/job/a/l/", "m 2\n");
        let report = status(gateway);
        assert_eq!((&report["ok"], &report["scrape"]["ok"]), (&Value::Bool(true), &Value::Bool(true)));
        assert_eq!(
            list(&report["warnings"]),
            [
                r#"{job="a"}, {job="a",l=""} differ only in empty labels: Prometheus drops the samples of all but one"#
            ]
        );
        // This group can be deleted like any other.
        pushgw().args(["delete", "-j", "a", "-l", "l="]).on(gateway).run();
        assert_eq!(list(&status(gateway)["warnings"]), [""; 0]);
        assert_eq!(gateway.samples(), [r#"m{instance="",job="a"} 1"#]);
    });
}

/// The problem that `status` reports, the jobs of the groups that it names, and the paths and bodies of the pushes that
/// cause the problem.
type Recipe = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn conflicts_without_consistency_checks() {
    for program in gateways() {
        let gateway = Gateway::start(program, &["--push.disable-consistency-check"]);
        let recipes: [Recipe; 9] = [
            (
                "several types",
                &["b"],
                &[("a", "# TYPE q gauge\nq 1\n"), ("c", "# TYPE q gauge\nq{a=\"1\"} 1\n"), ("b", "q 1\n")],
            ),
            ("occurs twice in", &["a"], &[("a", "m 1\nm 2\n")]),
            ("is in both", &["g"], &[("g", "m{t=\"1\"} 1\n"), ("g/t/1", "m 1\n")]),
            (
                "the name of a sample of the summary `foo`",
                &["b"],
                &[("a", "# TYPE foo summary\nfoo_sum 1\n"), ("b", "foo_count 1\n")],
            ),
            (
                "the name of a sample of the histogram `foo`",
                &["b"],
                &[("a", "foo_bucket 1\n"), ("b", "# TYPE foo histogram\nfoo_count 1\n")],
            ),
            ("the forbidden label `__x`", &["a"], &[("a", "m{__x=\"1\"} 1\n")]),
            ("the forbidden label `quantile`", &["g"], &[("g/quantile/1", "# TYPE s summary\ns_count 1\n")]),
            (
                "`go_goroutines` is one of the gateway's own metrics",
                &["a"],
                &[("a", "# TYPE go_goroutines counter\ngo_goroutines 1\n")],
            ),
            (
                "collides with the gateway's own metric `go_gc_duration_seconds`",
                &["a"],
                &[("a", "go_gc_duration_seconds_count 1\n"), ("b", "m 1\n")],
            ),
        ];
        for (reason, jobs, pushes) in recipes {
            for (path, body) in pushes {
                break_with(&gateway, "PUT", &format!("/metrics/job/{path}"), body.as_bytes());
                // Pushes are queued here, so either group can be reported.
                let job = path.split('/').next().unwrap();
                wait_until("the push", || {
                    gateway.keys().iter().any(|k| k["job"] == job && (k.len() == 2) == path.contains('/'))
                });
            }
            wait_until("a gateway that is broken", || gateway.metrics().status == 500);
            let report = status(&gateway);
            assert_eq!(list(&report["warnings"]).len(), 1, "the checks are off: {report:#}");
            assert_reported_and_fixed(&gateway, reason, jobs);
            gateway.clear();
        }
    }
}

/// A single fix deletes all groups except the first one, because each of the others would break the gateway again.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_series_in_three_groups() {
    for program in gateways() {
        let gateway = Gateway::start(program, &["--push.disable-consistency-check"]);
        for (path, body) in
            [("g/t/1", "m{u=\"2\"} 1\n"), ("g", "m{t=\"1\",u=\"2\"} 1\n"), ("g/u/2", "m{t=\"1\"} 1\n")]
        {
            let before = gateway.keys().len();
            break_with(&gateway, "PUT", &format!("/metrics/job/{path}"), body.as_bytes());
            wait_until("the push", || gateway.keys().len() > before);
        }
        let reason = r#"`m{job="g",t="1",u="2"}` is in {job="g"}, {job="g",t="1"}, {job="g",u="2"}"#;
        assert_reported_and_fixed(&gateway, reason, &["g", "g"]);
        assert_eq!(gateway.keys().len(), 1);
        assert_eq!(gateway.keys()[0].get("t").map(String::as_str), Some("1"), "the first that was pushed to");
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn groups_that_break_only_the_scrape() {
    on_every_gateway(|gateway| {
        gateway.put("/metrics/job/h", b"# HELP m caf\xe9\n# TYPE m gauge\nm{l=\"1\"} 1.5\n");
        gateway.put("/metrics/job/l/le/5", b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\n");
        assert_eq!(gateway.metrics().status, 200, "the gateway itself finds nothing wrong");
        assert_reported_and_fixed(gateway, "is not UTF-8, so Prometheus drops", &["h", "l"]);
        // The metric with the invalid HELP text was pushed again, and is not lost.
        assert_eq!(gateway.samples(), [r#"m{instance="",job="h",l="1"} 1.5"#]);
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn list_and_a_rejected_push_name_the_pair_and_the_fix() {
    on_every_gateway(|gateway| {
        break_with(gateway, "PUT", "/metrics/job/c", b"a 1\n");
        break_with(gateway, "PUT", "/metrics/job/c/instance/", b"a 1\n");
        let fix = format!("pushgw delete -j c -l instance= -g {}", gateway.url());
        pushgw().arg("list").on(gateway).stdout_has("conflict").stderr_has(&fix).run();
        // A healthy push is rejected too; 1.11.0 closes the connection.
        let code = if gateway.version() == "1.11.0" { 6 } else { 4 };
        let others = "other groups broke the gateway, so it rejects every push, not only this one\n";
        let push = pushgw().args(["push", "-j", "new", "-m", "b 1"]).on(gateway);
        push.code(code).stderr_has(others).stderr_has(&fix).run();
        // On a broken gateway, healthy groups look old and failed.
        for age in ["--older-than=0s", "--failed"] {
            let refused = "nothing was deleted: this gateway rejects every push";
            pushgw()
                .args(["delete", age, "--yes"])
                .on(gateway)
                .code(1)
                .stderr_has(&fix)
                .stderr_has(refused)
                .run();
        }
        assert_eq!(gateway.keys().len(), 3);
        pushgw().args(["delete", "--failed", "--yes", "--force"]).on(gateway).any_stderr().run();
        assert_eq!(gateway.keys().len(), 1);
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_healthy_gateway_has_no_problem() {
    on_every_gateway(|gateway| {
        gateway.put("/metrics/job/a", "m 1\n");
        let _ = gateway.request("PUT", "/metrics/job/b", "# TYPE m gauge\nm 1\n");
        let table = pushgw().arg("status").on(gateway).any_stdout().run().stdout();
        let version = format!("version   {}", gateway.version());
        for part in [
            version.as_str(),
            "OK: Prometheus can scrape the gateway\n",
            "probes    /-/healthy OK, /-/ready OK",
            "groups    2, 1 series",
            "failed    {job=\"b\"}",
            "scrape    ",
            "1 failed group: pushgw delete --failed -g http://",
        ] {
            assert!(table.contains(part), "{part} is not in:\n{table}");
        }
        let report = status(gateway);
        assert_eq!(report["features"]["consistency_checks"], true);
        assert_eq!(report["failed"][0]["path"], "/metrics/job/b");
        assert_eq!(report["problems"], Value::Array(Vec::new()));
        // A closed standard output does not change the verdict.
        pushgw().arg("status").on(gateway).closed_stdout().run();
        break_with(gateway, "PUT", "/metrics/job/a/instance/", b"m 1\n");
        pushgw().arg("status").on(gateway).closed_stdout().code(1).any_stderr().run();
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn unusual_addresses() {
    let gateway =
        Gateway::start(newest_gateway(), &["--web.route-prefix=/pre", "--web.telemetry-path=/telemetry"]);
    gateway.put("/metrics/job/a", "m 1\n");
    pushgw().arg("status").on(&gateway).stdout_has("OK: Prometheus can scrape the gateway").run();
    pushgw().args(["list", "--format", "path"]).on(&gateway).stdout("/metrics/job/a\n").run();
    pushgw()
        .args(["status", "-g", &gateway.address().to_string()])
        .code(4)
        .stderr_has("--web.route-prefix")
        .run();
    pushgw().args(["status", "-g", "127.0.0.1:1"]).code(6).stderr_has("connect").run();
    let screen = pushgw().arg("status").on(&gateway).tty(&[Tty::Stdout], 60).run().screen();
    assert!(screen.contains("\u{1b}[32mOK: "), "{screen:?}");
}
