//! Tests each major version of Prometheus with real gateways: Prometheus stores the pushed metrics, `status` predicts
//! whether it can scrape a gateway, and its matchers select the same groups as pushgw's.

use crate::support::{
    Gateway, Program, Prometheus, Server, base64, gateways, newest_gateway, prometheus_versions, pushgw,
    wait_until,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;

#[test]
#[ignore = "needs a real Pushgateway and a real Prometheus (fetched on first use)"]
fn prometheus_stores_what_was_pushed() {
    for program in prometheus_versions() {
        eprintln!("Prometheus {}", program.version);
        test_stored_values(program);
    }
}

fn test_stored_values(program: &Program) {
    let gateway = Gateway::start(newest_gateway(), &[]);
    let push = |instance: &str, values: [u32; 3]| {
        let text = format!(
            "processing_time_seconds{{quality=\"hd\"}} {}\nprocessed_videos_total{{quality=\"hd\"}} {}\nprocessed_bytes_total{{quality=\"hd\"}} {}\n",
            values[0], values[1], values[2]
        );
        pushgw()
            .args(["push", "-j", "video_processing", "-i", instance, "--type", "gauge"])
            .on(&gateway)
            .stdin(text)
            .run();
    };
    push("mp4_node1", [120, 10, 4400]);
    push("mov_node1", [400, 250, 96000]);
    let prometheus = Prometheus::start(program, &[gateway.address()]);
    let query = || prometheus.query(r#"{job="video_processing",quality="hd"}"#);
    wait_until("a scrape", || query().len() == 6);
    let found: Vec<String> = query()
        .iter()
        .map(|(labels, value)| {
            let label = |name: &str| labels[name].as_str().unwrap().to_owned();
            format!("{} {} {value}", label("instance"), label("__name__"))
        })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert_eq!(
        found,
        [
            "mov_node1 processed_bytes_total 96000",
            "mov_node1 processed_videos_total 250",
            "mov_node1 processing_time_seconds 400",
            "mp4_node1 processed_bytes_total 4400",
            "mp4_node1 processed_videos_total 10",
            "mp4_node1 processing_time_seconds 120",
        ]
    );
    // Prometheus also sees replaced and deleted groups.
    pushgw()
        .args(["push", "-j", "video_processing", "-i", "mp4_node1", "--type", "gauge"])
        .on(&gateway)
        .stdin("processing_time_seconds{quality=\"hd\"} 666\n")
        .run();
    pushgw().args(["delete", "-j", "video_processing", "-i", "mov_node1"]).on(&gateway).run();
    wait_until("the next scrape", || query().len() == 1);
    assert_eq!(query()[0].1, "666");
}

#[test]
#[ignore = "needs a real Pushgateway and a real Prometheus (fetched on first use)"]
fn status_predicts_whether_prometheus_can_scrape() {
    let cases: [(&str, &[u8], &str); 9] = [
        ("/metrics/job/plain", b"m 1\n", ""),
        ("/metrics/job/help", b"# HELP m caf\xe9\nm 1\n", "help text"),
        (
            "/metrics/job/l/le/5",
            b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\n",
            "\"le\" is not unique",
        ),
        ("/metrics/job/nul", b"# HELP m \0x\0\nm{l=\"\0\"} 1\n", ""),
        ("/metrics/job/cr", b"# HELP m x\r\nm{l=\"\r\"} 1\n", ""),
        ("/metrics/job/vt", b"# HELP m \x0b\xc2\xa0\nm{l=\"\\\\\\n\\\"\"} 1\n", ""),
        ("/metrics/job/odd", b"# TYPE s summary\ns{quantile=\"NaN\"} 1\ns_count 1\n", ""),
        ("/metrics/job/le", b"m{le=\"1\"} 1\n", ""),
        ("/metrics/job/nothing", b"", ""),
    ];
    let programs = [&gateways()[0], newest_gateway()];
    let all = programs.iter().flat_map(|program| cases.iter().map(move |case| (program, case)));
    let mut targets: Vec<_> = all
        .map(|(program, (path, body, error))| {
            let gateway = Gateway::start(program, &[]);
            assert_eq!(gateway.put(path, body).status, 200, "{path}");
            Target { name: path, address: gateway.address(), old: error, new: error, _gateway: gateway }
        })
        .collect();
    // Prometheus 2 receives escaped names, and different names can be equal after escaping.
    for (name, body, old) in [
        ("/metrics/job/utf8/foo.bar/v", &b"{\"n.n\",l=\"1\"} 1\n"[..], ""),
        ("/metrics/job/escaped", b"m{\"a.b\"=\"1\",a_b=\"2\"} 1\n", "\"a_b\" is not unique"),
    ] {
        let gateway = Gateway::start(newest_gateway(), &["--push.enable-utf8-names"]);
        assert_eq!(gateway.put(name, body).status, 200, "{name}");
        targets.push(Target { name, address: gateway.address(), old, new: "", _gateway: gateway });
    }
    assert_status_agrees(&targets);
}

/// A server to scrape, and the error reported by Prometheus 2 and by later versions.
struct Target<T> {
    name: &'static str,
    address: SocketAddr,
    old: &'static str,
    new: &'static str,
    _gateway: T,
}

/// Asserts that Prometheus reports the expected error, and that `status` predicts it.
fn assert_status_agrees<T>(targets: &[Target<T>]) {
    let addresses: Vec<_> = targets.iter().map(|target| target.address).collect();
    let all: Vec<_> =
        prometheus_versions().iter().map(|p| (&*p.version, Prometheus::start(p, &addresses))).collect();
    for Target { name, address, old, new, .. } in targets {
        for (version, prometheus) in &all {
            let expected = if version.starts_with("2.") { old } else { new };
            wait_until("a scrape", || prometheus.scrape_error(*address).is_some());
            let error = prometheus.scrape_error(*address).unwrap();
            let is_expected = error.contains(expected) && error.is_empty() == expected.is_empty();
            assert!(is_expected, "{name}, Prometheus {version}: {error}");
        }
        let status = pushgw()
            .args(["status", "--format", "json", "-g", &address.to_string()])
            .any_code()
            .any_stdout()
            .any_stderr()
            .run();
        let report: Value = serde_json::from_slice(&status.stdout).unwrap();
        assert_eq!(report["scrape"]["ok"], new.is_empty(), "{name}:\n{report:#}");
        let warned = report["warnings"].to_string().contains("with Prometheus 2: ");
        assert_eq!(warned, !old.is_empty() && new.is_empty(), "{name}:\n{report:#}");
    }
}

/// A proxy in front of a gateway can remove or change the `Content-Type`.
#[test]
#[ignore = "needs a real Prometheus (fetched on first use)"]
fn status_predicts_which_media_types_prometheus_accepts() {
    let target = |name: &'static str, new: &'static str| {
        let server = Server::start(move |connection, _| {
            while let Some(request) = connection.read_request() {
                let headers = if name.is_empty() { Vec::new() } else { vec![("Content-Type", name)] };
                match request.path.as_str() {
                    "/metrics" => connection.answer(200, &headers, "pushgateway_build_info 1\n"),
                    "/-/healthy" | "/-/ready" => connection.answer(200, &[], "OK"),
                    _ => connection.answer(404, &[], "404 page not found"),
                }
            }
        });
        Target { name, address: server.address(), old: "", new, _gateway: server }
    };
    assert_status_agrees(&[
        target("text/plain; version=0.0.4; charset=utf-8", ""),
        target("TEXT/Plain", ""),
        target("", "blank Content-Type"),
        target("application/octet-stream", "unsupported Content-Type"),
        target("text/html; charset=utf-8", "unsupported Content-Type"),
    ]);
}

/// Values of a label, to be selected by matchers. The first value contains a line break, which a dot matches in pushgw
/// and since Prometheus 3.
const VALUES: [&str; 19] = [
    "a\nb", "a,b", "a", "b", "ab", "aab", "a b", "a.b", "A", "é", "É", "٣", "12", "[a]", "a&b", "a-b",
    "a{2}", "{", "",
];
const EXPRESSIONS: [&str; 44] = [
    "a",
    "a|b",
    "a.*",
    ".*b",
    ".+",
    ".*",
    "",
    "a.b",
    "a\\.b",
    "(a|b)+",
    "[ab]+",
    "[^a]+",
    "(?i)a",
    "(?i)é",
    "\\d+",
    "\\D",
    "\\w+",
    "\\W",
    "a\\sb",
    "\\S+",
    ".*\\b",
    "a\\Bb",
    ".*\\B",
    "\\p{Latin}+",
    "a{2}b",
    "a{2,}b",
    "a{b",
    "{",
    "a\\{2}",
    "[a&&b]+",
    "[a&b]+",
    "[[]a]",
    "[]a[]+",
    "[+--ab]+",
    "[--b]+",
    "[[:alpha:]]+",
    "\\Qa.b\\E",
    "\\Q[\\E.*",
    "\\pL+",
    "\\p{Lu}",
    "\\x{e9}",
    "(?-s:a.b)",
    "(?P<name>a)",
    "^a$",
];

#[test]
#[ignore = "needs a real Pushgateway and a real Prometheus (fetched on first use)"]
fn matchers_select_the_same_as_in_prometheus() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    for (number, value) in VALUES.iter().enumerate() {
        let value = base64(value);
        gateway.put(format!("/metrics/job/j/n/{number}/l@base64/{value}"), "m 1\n");
    }
    // Add a group without the label.
    gateway.put("/metrics/job/j/n/none", "m 1\n");
    let ours = |operator: &str, value: &str| -> BTreeSet<String> {
        let matcher = format!("l{operator}{value}");
        let list =
            pushgw().args(["list", "--format", "json", "--match", &matcher]).on(&gateway).any_stdout().run();
        let groups: Vec<Value> = serde_json::from_slice(&list.stdout).unwrap();
        groups.iter().map(|group| group["labels"]["n"].as_str().unwrap().to_owned()).collect()
    };
    let expressions = EXPRESSIONS.iter().flat_map(|e| [("=~", *e), ("!~", *e)]);
    let matchers = expressions.chain(VALUES.iter().flat_map(|v| [("=", *v), ("!=", *v)]));
    let ours: Vec<_> = matchers.map(|(operator, value)| (operator, value, ours(operator, value))).collect();
    for program in prometheus_versions() {
        let is_old = program.version.starts_with("2.");
        let wrong = disagreements(&Prometheus::start(program, &[gateway.address()]), is_old, &ours);
        assert!(wrong.is_empty(), "Prometheus {}:\n{}", program.version, wrong.join("\n"));
    }
}

/// Returns the matchers for which Prometheus and pushgw select different groups.
fn disagreements(
    prometheus: &Prometheus,
    is_old: bool,
    ours: &[(&str, &str, BTreeSet<String>)],
) -> Vec<String> {
    wait_until("a scrape", || prometheus.query("m").len() == VALUES.len() + 1);
    let mut wrong = Vec::new();
    for (operator, value, ours) in ours {
        // JSON strings are quoted like Go strings, except for some non-ASCII characters, which do not occur here.
        let query = format!("m{{l{operator}{}}}", serde_json::to_string(value).unwrap());
        let found = prometheus.query(&query);
        let theirs: BTreeSet<_> = found.iter().map(|(l, _)| l["n"].as_str().unwrap().to_owned()).collect();
        let is_dot_at_break = |n: &&String| is_old && n.as_str() == "0" && operator.contains('~');
        if theirs.symmetric_difference(ours).any(|n| !is_dot_at_break(&n)) {
            wrong.push(format!("l{operator}{value}: Prometheus {theirs:?}, pushgw {ours:?}"));
        }
    }
    wrong
}
