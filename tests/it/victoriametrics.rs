//! Tests a real VictoriaMetrics, which accepts pushes but is not a Pushgateway.

use crate::support::{VictoriaMetrics, pushgw, wait_until};

/// Formats a line of the export as `labels = values`.
fn series(line: &str) -> String {
    let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
    format!("{} = {}", line["metric"], line["values"])
}

#[test]
#[ignore = "needs a real VictoriaMetrics (fetched on first use)"]
fn push_works_and_other_commands_report_an_import_path() {
    let server = VictoriaMetrics::start();
    let call = |args: &[&str]| {
        let url = format!("http://{}/api/v1/import/prometheus", server.address());
        pushgw().args(args).env("PUSHGATEWAY_URL", url)
    };
    call(&["push", "-j", "vm", "-l", "a=b c", "-m", "pushed_one{x=\"y\"} 1"]).run();
    // Because of the slash, the path contains base64, to which VictoriaMetrics answers 204.
    call(&["add", "-j", "vm/2", "-m", "pushed_two 2", "--compress", "gzip"]).run();
    let mut stored = Vec::new();
    wait_until("the pushed series", || {
        stored = server.export("{__name__=~\"pushed.*\"}").lines().map(series).collect();
        stored.len() >= 2
    });
    stored.sort();
    assert_eq!(
        stored,
        [
            r#"{"__name__":"pushed_one","a":"b c","job":"vm","x":"y"} = [1]"#,
            r#"{"__name__":"pushed_two","job":"vm/2"} = [2]"#,
        ]
    );
    let no_groups = "an import endpoint, as in VictoriaMetrics, accepts pushes but has no groups";
    for args in [&["delete", "-j", "vm"][..], &["delete", "-f", "-j", "vm"], &["list"]] {
        call(args)
            .code(1)
            .stderr_has("the server did not answer like a Pushgateway")
            .stderr_has(no_groups)
            .run();
    }
}
