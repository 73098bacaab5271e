//! Tests the steps of `cargo run --example quickstart` with every Pushgateway version. The step in which Prometheus
//! scrapes the gateway is in `prometheus`.

use crate::support::{Gateway, fetch, is_installed, on_every_gateway, pushgw, shell};
use std::process::Command;

/// Pushes a group of the video example.
fn push_videos(gateway: &Gateway, instance: &str, [seconds, videos, bytes]: [u32; 3]) {
    pushgw()
        .args(["push", "-j", "video_processing", "-i", instance, "--type", "gauge"])
        .on(gateway)
        .stdin(format!(
            "processing_time_seconds{{quality=\"hd\"}} {seconds}\n\
             processed_videos_total{{quality=\"hd\"}} {videos}\n\
             processed_bytes_total{{quality=\"hd\"}} {bytes}\n"
        ))
        .run();
}

fn two_groups(gateway: &Gateway) {
    push_videos(gateway, "mp4_node1", [120, 10, 4400]);
    push_videos(gateway, "mov_node1", [400, 250, 96_000]);
}

/// Returns the names and values of a group's samples.
fn videos(gateway: &Gateway, instance: &str) -> Vec<(String, String)> {
    let labels = format!("{{instance=\"{instance}\",job=\"video_processing\",quality=\"hd\"}}");
    let sample = |line: &String| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        Some((series.strip_suffix(&labels)?.to_owned(), value.to_owned()))
    };
    gateway.samples().iter().filter_map(sample).collect()
}

#[track_caller]
fn assert_videos(gateway: &Gateway, instance: &str, expected: &[(&str, &str)]) {
    let owned: Vec<_> = expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    assert_eq!(videos(gateway, instance), owned);
}

const MOV_NODE1: [(&str, &str); 3] = [
    ("processed_bytes_total", "96000"),
    ("processed_videos_total", "250"),
    ("processing_time_seconds", "400"),
];

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn step_1_one_metric() {
    on_every_gateway(|gateway| {
        shell("echo 'example_metric 4421' | pushgw add -j db_backup").on(gateway).run();
        assert_eq!(gateway.samples(), [r#"example_metric{instance="",job="db_backup"} 4421"#]);
        assert!(gateway.metrics().text().contains("# TYPE example_metric untyped\n"));

        shell("echo 'example_metric 4421' | pushgw add -j db_backup --type gauge").on(gateway).run();
        assert_eq!(gateway.samples(), [r#"example_metric{instance="",job="db_backup"} 4421"#]);
        assert!(gateway.metrics().text().contains("# TYPE example_metric gauge\n"));
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn step_2_two_groups_of_one_job() {
    on_every_gateway(|gateway| {
        shell("echo 'example_metric 4421' | pushgw add -j db_backup").on(gateway).run();
        two_groups(gateway);
        assert_videos(
            gateway,
            "mp4_node1",
            &[
                ("processed_bytes_total", "4400"),
                ("processed_videos_total", "10"),
                ("processing_time_seconds", "120"),
            ],
        );
        assert_videos(gateway, "mov_node1", &MOV_NODE1);
        assert!(gateway.metrics().text().contains("# TYPE processed_bytes_total gauge\n"));

        let list = ["list", "--match", "job=video_processing"];
        let listed = pushgw().args(list).on(gateway).any_stdout().run().stdout();
        let rows: Vec<Vec<&str>> = listed.lines().map(|row| row.split_whitespace().collect()).collect();
        assert_eq!(rows[0].join(" "), "GROUP METRICS SERIES LAST PUSH STATE");
        let group = |row: &Vec<&str>| [row[0].to_owned(), [row[1], row[2], row[4]].join(" ")];
        assert_eq!(
            rows[1..].iter().map(group).collect::<Vec<_>>(),
            [
                [r#"{job="video_processing",instance="mov_node1"}"#, "3 3 ok"],
                [r#"{job="video_processing",instance="mp4_node1"}"#, "3 3 ok"],
            ]
        );
        pushgw()
            .args(list)
            .args(["--format", "path"])
            .on(gateway)
            .stdout(
                "/metrics/job/video_processing/instance/mov_node1\n\
                 /metrics/job/video_processing/instance/mp4_node1\n",
            )
            .run();
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn step_3_add_replaces_the_metrics_of_the_same_name() {
    on_every_gateway(|gateway| {
        two_groups(gateway);
        shell("echo 'processing_time_seconds{quality=\"hd\"} 999' | pushgw add -j video_processing -i mp4_node1 --type gauge")
            .on(gateway)
            .run();
        assert_videos(
            gateway,
            "mp4_node1",
            &[
                ("processed_bytes_total", "4400"),
                ("processed_videos_total", "10"),
                ("processing_time_seconds", "999"),
            ],
        );
        assert_videos(gateway, "mov_node1", &MOV_NODE1);
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn step_4_push_replaces_the_group() {
    on_every_gateway(|gateway| {
        two_groups(gateway);
        shell("echo 'processing_time_seconds{quality=\"hd\"} 666' | pushgw push -j video_processing -i mp4_node1 --type gauge")
            .on(gateway)
            .run();
        assert_videos(gateway, "mp4_node1", &[("processing_time_seconds", "666")]);
        assert_videos(gateway, "mov_node1", &MOV_NODE1);
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn step_5_delete_removes_one_group() {
    on_every_gateway(|gateway| {
        two_groups(gateway);
        let delete = || pushgw().args(["delete", "-j", "video_processing", "-i", "mp4_node1"]).on(gateway);
        delete().run();
        assert_videos(gateway, "mp4_node1", &[]);
        assert_videos(gateway, "mov_node1", &MOV_NODE1);
        assert_eq!(gateway.keys().len(), 1);

        let before = gateway.snapshot();
        delete()
            .code(8)
            .stderr(format!(
                "error: no group {{job=\"video_processing\",instance=\"mp4_node1\"}} on {}\n  \
                 1 group has this job: {{job=\"video_processing\",instance=\"mov_node1\"}}\n\
                 hint: to list them: pushgw list --match job=video_processing -g {}\n",
                gateway.url(),
                gateway.url()
            ))
            .run();
        delete().arg("--force").run();
        assert_eq!(gateway.snapshot(), before);
    });
}

/// Runs a script with Python's client library. The prelude imports what the scripts need.
#[track_caller]
fn python(gateway: &Gateway, script: &str) {
    let library = fetch("prometheus-client").remove(0);
    let prelude = "import sys\n\
                   from prometheus_client import *\n\
                   from prometheus_client.exposition import *\n\
                   gateway, registry = sys.argv[1], CollectorRegistry()\n";
    let done = Command::new(&library.path)
        .args(["-c", &format!("{prelude}{script}"), &gateway.url()])
        .env_clear()
        .output()
        .unwrap();
    assert!(done.status.success(), "{script}\n{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
#[ignore = "needs a real Pushgateway and Python's prometheus-client (fetched on first use)"]
fn step_6_groups_pushed_by_python_can_be_listed_and_deleted() {
    if !is_installed("python3") {
        return;
    }
    on_every_gateway(|gateway| {
        two_groups(gateway);
        let before = gateway.snapshot();
        python(
            gateway,
            "Gauge('last_success_unixtime', 'Last time it worked', registry=registry).set(1700000000)\n\
             push_to_gateway(gateway, job='example_job', registry=registry)\n\
             push_to_gateway(gateway, job='example_job', registry=registry, grouping_key={\n\
             'path': '/var/media', 'empty': '', 'odd': 'a%20é?'})\n",
        );
        let list = || pushgw().args(["list", "-j", "example_job", "--format", "path"]).on(gateway);
        list()
            .stdout(
                "/metrics/job/example_job\n\
                 /metrics/job/example_job/empty@base64/=/odd/a%2520%C3%A9%3F/path@base64/L3Zhci9tZWRpYQ\n",
            )
            .run();
        pushgw()
            .args(["list", "-j", "example_job"])
            .on(gateway)
            .stdout_has(r#"{job="example_job",empty="","#)
            .run();

        pushgw().args(["delete", "-j", "example_job"]).on(gateway).run();
        list().stdout_has("/path@base64/L3Zhci9tZWRpYQ\n").run();
        pushgw()
            .args([
                "delete",
                "-j",
                "example_job",
                "-l",
                "path=/var/media",
                "-l",
                "empty=",
                "-l",
                "odd=a%20é?",
            ])
            .on(gateway)
            .run();
        assert_eq!(gateway.snapshot(), before);
    });
}

#[test]
#[ignore = "needs a real Pushgateway and Python's prometheus-client (fetched on first use)"]
fn step_6_python_can_change_and_delete_our_groups() {
    if !is_installed("python3") {
        return;
    }
    on_every_gateway(|gateway| {
        let samples = || gateway.samples();
        let groups = [
            ("grouping_key={}", r#"instance="",job="both""#, &["-j", "both"][..]),
            (
                "grouping_key={'instance': 'é/..', 'empty_is_not': '='}",
                r#"empty_is_not="=",instance="é/..",job="both""#,
                &["-j", "both", "-i", "é/..", "-l", "empty_is_not=="],
            ),
        ];
        for (key, labels, group) in groups {
            let ours = "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n";
            // The value `=` is a warning, because the user may have meant `==`.
            pushgw().arg("push").args(group).on(gateway).stdin(ours).any_stderr().run();
            let call = |function: &str| {
                let call = format!("{function}(gateway, job='both', registry=registry, {key})\n");
                python(gateway, &format!("Gauge('b', '', registry=registry).set(2)\n{call}"));
            };
            call("pushadd_to_gateway");
            assert_eq!(samples(), [format!("a{{{labels}}} 1"), format!("b{{{labels}}} 2")]);
            call("push_to_gateway");
            assert_eq!(samples(), [format!("b{{{labels}}} 2")]);
            pushgw().arg("add").args(group).on(gateway).any_stderr().stdin("# TYPE a gauge\na 3\n").run();
            assert_eq!(samples(), [format!("a{{{labels}}} 3"), format!("b{{{labels}}} 2")]);
            python(gateway, &format!("delete_from_gateway(gateway, job='both', {key})\n"));
            crate::support::wait_until("an empty gateway", || gateway.keys().is_empty());
        }
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn step_8_a_missing_final_newline_is_repaired() {
    on_every_gateway(|gateway| {
        assert!(gateway.rejects("PUT", "/metrics/job/cleaner", "runs 1"), "plain curl gets this response");
        assert_eq!(gateway.snapshot(), Vec::<serde_json::Value>::new());
        shell("printf 'runs 1' | pushgw push -j cleaner --no-fix")
            .on(gateway)
            .code(3)
            .stderr(
                "error[missing-newline]: the last line does not end with a newline\n --> <stdin>:1:7\n  |\n\
                 1 | runs 1\n  |       ^\n\nerror: 1 error; nothing was sent\n",
            )
            .run();
        assert_eq!(gateway.snapshot(), Vec::<serde_json::Value>::new());
        shell("printf 'runs 1' | pushgw push -j cleaner").on(gateway).run();
        assert_eq!(gateway.samples(), [r#"runs{instance="",job="cleaner"} 1"#]);
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn step_8_an_unset_variable_is_an_error() {
    on_every_gateway(|gateway| {
        two_groups(gateway);
        let before = gateway.snapshot();
        for group in
            [r#"-j cleaner -i "$UNSET""#, r#"--url "$PUSHGATEWAY_URL/metrics/job/cleaner/instance/$UNSET""#]
        {
            shell(&format!("echo 'runs 1' | pushgw push {group}"))
                .on(gateway)
                .code(2)
                .stderr(format!(
                    "error: {}label `instance` has an empty value: is a variable unset? (if the same group exists \
                     without `instance`, every push to the gateway then fails)\n",
                    if group.starts_with("--url") { "--url: " } else { "" }
                ))
                .run();
        }
        shell(r#"echo 'runs 1' | pushgw push -j "$UNSET""#)
            .on(gateway)
            .code(2)
            .stderr("error: the job is empty: is a variable unset? set the job with --job\n")
            .run();
        assert_eq!(gateway.snapshot(), before);
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn step_8_a_job_can_be_named_dot_dot() {
    on_every_gateway(|gateway| {
        two_groups(gateway);
        let before = gateway.groups();
        assert_eq!(gateway.put("/metrics/job/..", "runs 1\n").status, 301, "plain curl gets this response");
        shell(r#"echo 'runs 1' | pushgw push --url "$PUSHGATEWAY_URL/metrics/job/..""#)
            .on(gateway)
            .code(2)
            .stderr(
                "error: --url: label `job` in the URL is `..`, so the gateway would redirect the request to another group: name \
                 the group with --job and --label, which encode it\n",
            )
            .run();
        assert_eq!(gateway.groups(), before);
        shell("echo 'runs 1' | pushgw push -j ..").on(gateway).run();
        assert!(gateway.samples().contains(&r#"runs{instance="",job=".."} 1"#.to_owned()));
        shell("pushgw delete -j ..").on(gateway).run();
        assert_eq!(gateway.groups(), before);
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn step_8_empty_input_deletes_nothing() {
    on_every_gateway(|gateway| {
        two_groups(gateway);
        let before = gateway.snapshot();
        for script in [
            "false | pushgw push -j video_processing -i mp4_node1",
            "false | pushgw add -j video_processing -i mp4_node1",
            "echo '# TYPE runs gauge' | pushgw push -j video_processing -i mp4_node1",
        ] {
            let stderr = shell(script).on(gateway).code(3).any_stderr().run().stderr();
            assert_eq!(stderr.matches("error[no-samples]").count(), 1, "{stderr}");
            assert!(stderr.ends_with("error: 1 error; nothing was sent\n"), "{stderr}");
        }
        assert_eq!(gateway.snapshot(), before);
        shell("false | pushgw push -j video_processing -i mp4_node1 --allow-empty").on(gateway).run();
        assert_videos(gateway, "mp4_node1", &[]);
        assert_videos(gateway, "mov_node1", &MOV_NODE1);
    });
}
