//! Tests that real gateways and promtool accept converted text, and that gateways store it with the right types.

use super::corpus::{Case, cases, client_rust, convert};
use super::generate;
use crate::support::{Gateway, Random, in_process, on_every_gateway, prometheus_versions};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// All types, with every feature that the Prometheus format lacks.
const ALL_TYPES: &str = r#"# UNIT req_seconds seconds
# TYPE req_seconds counter
# HELP req_seconds In \"all\".
req_seconds_total{path="/"} 17 # {trace_id="x"} 0.5 1732748400.1
req_seconds_created{path="/"} 1732748400.1
# TYPE size gauge
size -Inf
# TYPE lat histogram
lat_sum 3.5
lat_count 2
lat_bucket{le="1.0"} 1 # {} 0.5
lat_bucket{le="+Inf"} 2
lat_created 1732748400
# TYPE queue gaugehistogram
queue_bucket{le="+Inf"} 4
queue_gcount 4
queue_gsum 3
# TYPE rpc summary
rpc{quantile="0.5"} NaN
rpc_count 4
rpc_sum 3
# TYPE build info
build_info{version="1"} 1
# TYPE state stateset
state{state="on"} 1
state{state="off"} 0
# TYPE other unknown
other 1
bare 1
# EOF
"#;

fn texts() -> Vec<Vec<u8>> {
    let mut random = Random::with_seed(2);
    let generated = (0..100).map(|_| generate::text(&mut random, false));
    let cases = cases().into_iter().filter(Case::is_valid).map(|case| case.text.into_bytes());
    cases.chain([client_rust().into_bytes(), ALL_TYPES.into()]).chain(generated).collect()
}

/// Returns the type of each family in the group `{job="om"}`.
fn types(gateway: &Gateway) -> BTreeMap<String, String> {
    let groups = gateway.groups();
    let group = groups.iter().find(|group| group.labels["job"] == "om").expect("the group");
    assert!(group.last_push_successful);
    let kind = |family: &serde_json::Value| family["type"].as_str().unwrap().to_lowercase();
    group.families.iter().map(|(name, family)| (name.clone(), kind(family))).collect()
}

fn push(gateway: &Gateway, text: &[u8]) {
    let args = [
        "push",
        "-j",
        "om",
        "--format",
        "openmetrics",
        "--strip-timestamps",
        "--allow-empty",
        "--retries",
        "0",
    ];
    let output = in_process(&gateway.url(), text, args);
    assert_eq!(output.code, 0, "{}\n{}", String::from_utf8_lossy(text), output.stderr);
    let metrics = gateway.metrics();
    assert_eq!(metrics.status, 200, "{}\n{}", String::from_utf8_lossy(text), metrics.text());
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn each_type_is_stored_as_a_prometheus_type() {
    on_every_gateway(|gateway| {
        push(gateway, ALL_TYPES.as_bytes());
        let expected = [
            ("bare", "untyped"),
            ("build_info", "gauge"),
            ("lat", "histogram"),
            ("lat_created", "gauge"),
            ("other", "untyped"),
            ("queue", "histogram"),
            ("queue_gcount", "gauge"),
            ("queue_gsum", "gauge"),
            ("req_seconds_created", "gauge"),
            ("req_seconds_total", "counter"),
            ("rpc", "summary"),
            ("size", "gauge"),
            ("state", "gauge"),
        ];
        assert_eq!(types(gateway), expected.map(|(name, kind)| (name.to_owned(), kind.to_owned())).into());
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn gateways_accept_converted_text() {
    on_every_gateway(|gateway| {
        for text in texts() {
            push(gateway, &text);
            let converted = convert(&text).text.unwrap();
            let stored = if converted.is_empty() { BTreeMap::new() } else { types(gateway) };
            let lines = converted.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
            for (name, kind) in lines {
                // A family without samples is not stored.
                if let Some(stored) = stored.get(name) {
                    assert_eq!(stored, kind, "{name} in\n{}", String::from_utf8_lossy(&text));
                }
            }
        }
    });
}

#[test]
#[ignore = "needs promtool (fetched on first use)"]
fn promtool_accepts_converted_text() {
    for program in prometheus_versions() {
        // Use one call per text, because a family may occur in several texts.
        for text in texts().iter().step_by(5).chain([&ALL_TYPES.as_bytes().to_vec()]) {
            let converted = convert(text).text.unwrap();
            let mut promtool = Command::new(program.path.with_file_name("promtool"))
                .args(["check", "metrics"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            // promtool may stop reading at an error.
            let _ = promtool.stdin.take().unwrap().write_all(converted.as_bytes());
            let done = promtool.wait_with_output().unwrap();
            // Exit status 3 means that promtool only has complaints about the style.
            let stderr = String::from_utf8_lossy(&done.stderr);
            assert!(
                matches!(done.status.code(), Some(0 | 3)),
                "promtool {}: {stderr}\n{converted}",
                program.version
            );
        }
    }
}
