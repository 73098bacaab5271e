//! Tests `list`, `status` and `delete` with real gateways that have unusual contents, flags or proxies, and with
//! servers that are not Pushgateways.

use crate::support::{Client, Gateway, Request, Server, date, newest_gateway, on_every_gateway, pushgw};

/// These metrics replace the group's labels and state in the API's JSON.
const SHADOWING: &str = "# TYPE labels gauge\nlabels{metrics=\"x\"} 1\nlast_push_successful 1\nmetrics 1\n";

#[test]
fn an_endless_value_is_not_read_into_memory() {
    // The endless value can be before, in or after a group, or be a name.
    for start in [
        r#"{"status":"success","data":[{"labels":{"job":""#,
        r#"{"status":"success","data":[{"labels":{""#,
        r#"{"status":"success","data":[{"labels":{"job":"x"},"m":{"type":"GAUGE","help":""#,
        r#"{"status":"success","data":[{"labels":{"job":"x"},"m":{"type":"GAUGE","metrics":[{"labels":{},"value":""#,
        r#"{"status":""#,
        r#"{"status":"success","data":[],"x":""#,
        r#"{"status":"error","error":""#,
        r#"{"status":"success","data":[{"labels":{"job":"x"},"m":1"#,
        r#"{"status":"success","x":-1"#,
    ] {
        let server = Server::start(move |connection, _| {
            if connection.read_request().is_some() {
                connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
                connection.send(start);
                let more = if start.ends_with('1') { "111" } else { "\\\"x" };
                // pushgw gives up long before 48 MB.
                (0..16).for_each(|_| connection.send(more.repeat(1 << 20)));
            }
        });
        let message = "the response has a value that is longer than 4 MiB";
        pushgw().args(["list", "-g", &server.url()]).code(1).stderr_has(message).run();
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn metrics_named_like_the_api_fields() {
    on_every_gateway(|gateway| {
        gateway.put("/metrics/job/a", SHADOWING);
        gateway.put("/metrics/job/b/instance/i/metrics/%EF%BF%BD", SHADOWING);
        let rejected =
            gateway.rejects("PUT", "/metrics/job/c/l@base64/Lw", "# TYPE metrics gauge\nmetrics 1\n");
        assert!(rejected, "the type differs");
        let paths =
            ["/metrics/job/a", "/metrics/job/b/instance/i/metrics/%EF%BF%BD", "/metrics/job/c/l@base64/Lw"];
        let list = pushgw().args(["list", "--format", "path"]).on(gateway);
        list.stdout(paths.map(|path| format!("{path}\n")).concat()).run();
        let states = pushgw().args(["list", "--failed", "--format", "path"]).on(gateway);
        states.stdout(format!("{}\n", paths[2])).run();
        pushgw().args(["show", "-j", "a"]).on(gateway).stdout_has("labels{metrics=\"x\"} 1\n").run();
        pushgw().arg("status").on(gateway).stdout_has("groups    3, 6 series").run();
        pushgw().args(["delete", "--match", "metrics=~.+", "--yes"]).on(gateway).run();
        pushgw().args(["delete", "-j", "a"]).on(gateway).run();
        pushgw().args(["list", "--format", "path"]).on(gateway).stdout(format!("{}\n", paths[2])).run();
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn label_names_that_need_a_gateway_with_utf8_names() {
    const NAMES: [&str; 10] = ["foo.bar", "a b", "λ", "a\"b", "{}", "1a", "a/b", "..", ",", "a-b"];
    let gateway = Gateway::start(newest_gateway(), &["--push.enable-utf8-names"]);
    for name in NAMES {
        let label = format!("{name}=v");
        pushgw().args(["push", "--utf8-names", "-j", "odd", "-l", &label, "-m", "m 1"]).on(&gateway).run();
    }
    pushgw().args(["push", "-j", "plain", "-m", "m 1"]).on(&gateway).run();
    assert_eq!(gateway.keys().len(), NAMES.len() + 1);
    pushgw().arg("status").on(&gateway).stdout_has("OK: Prometheus can scrape the gateway").run();
    let one = ["delete", "--utf8-names", "-j", "odd", "-l", "a b=v"];
    pushgw().args(one).on(&gateway).run();
    assert!(gateway.keys().iter().all(|key| !key.contains_key("a b")));
    pushgw()
        .args(["delete", "-j", "odd", "-l", "foo.bar=w", "--utf8-names"])
        .on(&gateway)
        .code(8)
        .stderr_has("\"foo.bar\"=\"v\"")
        .run();
    pushgw().args(["delete", "--match", "job=odd", "--yes"]).on(&gateway).run();
    pushgw().args(["list", "--format", "path"]).on(&gateway).stdout("/metrics/job/plain\n").run();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_route_prefix() {
    let gateway = Gateway::start(newest_gateway(), &["--web.route-prefix=/some/where"]);
    let url = gateway.url();
    for form in [url.clone(), format!("{url}/"), format!("{url}/metrics"), url.replace("http://", "")] {
        let call = |args: &[&str]| pushgw().args(args).args(["-g", &form]);
        call(&["push", "-j", "x", "-m", "m 1"]).run();
        call(&["show", "-j", "x"]).stdout("# TYPE m untyped\nm 1\n").run();
        call(&["list", "--format", "path"]).stdout("/metrics/job/x\n").run();
        call(&["status"]).stdout_has("OK: Prometheus can scrape the gateway").run();
        call(&["delete", "-j", "x"]).run();
        call(&["delete", "-j", "x"]).code(8).any_stderr().run();
        call(&["push", "-j", "y", "-m", "m 1"]).run();
        call(&["delete", "--all", "--yes"]).run();
        assert!(gateway.keys().is_empty(), "{form}");
    }
}

/// The API is missing before version 1.2.0, or with a proxy that serves only the metrics.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_real_gateway_without_the_api() {
    on_every_gateway(|gateway| {
        gateway.put("/metrics/job/a/l/%22%7D%2C", "m 1\n");
        gateway.put("/metrics/job/b", "m 1\n");
        let _ = gateway.rejects("PUT", "/metrics/job/c", "# TYPE m gauge\nm 1\n");
        let before = gateway.keys().len();
        let address = gateway.address();
        let server = Server::start(move |connection, _| {
            let mut client = Client::new(address);
            while let Some(Request { method, path, body, .. }) = connection.read_request() {
                if path.starts_with("/api/") {
                    connection.answer(404, &[], "404 page not found\n");
                } else {
                    let answer = client.request(&method, path.as_bytes(), &[], &body).unwrap();
                    connection.answer(answer.status, &[("Content-Type", "text/plain")], answer.body);
                }
            }
        });
        let call = |args: &[&str]| pushgw().args(args).args(["-g", &server.url()]);
        let warning = "the groups were read from /metrics";
        let paths = "/metrics/job/a/l/%22%7D%2C\n/metrics/job/b\n/metrics/job/c\n";
        call(&["list", "--format", "path"]).stdout(paths).stderr_has(warning).run();
        call(&["list", "--failed", "--format", "path"]).stdout("/metrics/job/c\n").stderr_has(warning).run();
        call(&["status"]).stdout_has("groups    3").stdout_has("OK: Prometheus can scrape the gateway").run();
        call(&["show", "-j", "b"]).code(1).stderr_has("no /api/v1/metrics").run();
        call(&["delete", "-j", "b"]).run();
        call(&["delete", "--match", "job=a", "--yes"]).stderr_has(warning).run();
        assert_eq!((before, gateway.keys().len()), (3, 1));
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn an_empty_gateway() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    pushgw().arg("list").on(&gateway).run();
    pushgw().args(["list", "--format", "json"]).on(&gateway).stdout("[]\n").run();
    pushgw().args(["delete", "--all", "--yes"]).on(&gateway).run();
    pushgw().args(["show", "--all"]).on(&gateway).code(8).any_stderr().run();
    pushgw().arg("status").on(&gateway).stdout_has("groups    0\n").run();
}

#[test]
fn a_scripted_gateway_without_the_api() {
    let server = || {
        Server::start(|connection, _| {
            while let Some(request) = connection.read_request() {
                match request.path.as_str() {
                    "/metrics" => connection.answer(
                        200,
                        &[("Content-Type", "text/plain")],
                        "# TYPE m gauge\nm{instance=\"\",job=\"a\"} 1\npush_time_seconds{instance=\"\",job=\"a\"} 1.7e+09\npushgateway_build_info 1\n",
                    ),
                    "/-/healthy" | "/-/ready" => connection.answer(200, &[], "OK"),
                    _ => connection.answer(404, &[], "404 page not found"),
                }
            }
        })
    };
    let warning = "the groups were read from /metrics";
    let (list, show, status) = (server(), server(), server());
    pushgw()
        .args(["list", "--format", "path", "-g", &list.url()])
        .stdout("/metrics/job/a\n")
        .stderr_has(warning)
        .run();
    pushgw().args(["show", "-j", "a", "-g", &show.url()]).code(1).stderr_has("no /api/v1/metrics").run();
    pushgw()
        .args(["status", "-g", &status.url()])
        .stdout_has(warning)
        .stdout_has("scrape    3 samples")
        .run();
}

#[test]
fn a_server_that_is_not_a_pushgateway() {
    for body in ["<html>", "{}", "", r#"{"status":"success","data":["job"]}"#] {
        for command in [&["status"][..], &["list"], &["show", "--all"], &["delete", "--all", "--yes"]] {
            let server = Server::answering(200, body);
            pushgw()
                .args(command)
                .args(["-g", &server.url()])
                .code(1)
                .stderr_has("the server did not answer like a Pushgateway: ")
                .run();
        }
    }
}

/// A gateway can have thousands of such groups.
#[test]
fn groups_without_a_path_are_named_up_to_a_limit() {
    for (count, more) in
        [(20, ""), (21, "and 1 more group is left out"), (5_020, "and 5,000 more groups are left out")]
    {
        let pushed = r#""last_push_successful":true,"push_time_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"1"}]}"#;
        let group = |labels: String| format!(r#"{{"labels":{{{labels}}},{pushed}}}"#);
        // A gateway requires a job, but a program that imitates one may not.
        let unnamed = (0..count).map(|number| group(format!(r#""a":"{number:04}""#)));
        let groups: Vec<_> = [group(r#""job":"x""#.to_owned())].into_iter().chain(unnamed).collect();
        let body = format!(r#"{{"status":"success","data":[{}]}}"#, groups.join(","));
        let server = Server::start(move |connection, _| {
            while connection.read_request().is_some() {
                connection.answer(200, &[date()], &body);
            }
        });
        let named = (0..20).map(|number| {
            format!("warning: {{a=\"{number:04}\"}} is left out: no URL path can address it\n")
        });
        let warnings = named.collect::<String>()
            + &if more.is_empty() { String::new() } else { format!("warning: {more}\n") };
        for (args, result) in [
            (["list", "--format=path"], "/metrics/job/x\n"),
            (["show", "--all"], "# pushgw group /metrics/job/x\n"),
        ] {
            pushgw().args(args).args(["-g", &server.url()]).stdout(result).stderr(&warnings).run();
        }
    }
}
