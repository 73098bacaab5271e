//! Tests `pushgw convert` and `--format`: the detection of OpenMetrics, the printed and pushed text, and the messages.

use crate::support::{Pushgw, Server, pushgw};

/// One metric of each type.
const EVERY_TYPE: &str = r#"# TYPE jobs counter
# HELP jobs Jobs \"done\" so far.
jobs_total{queue="a"} 17 # {trace_id="x y"} 1 1520879607.7
jobs_created{queue="a"} 1520430000.123
jobs_total{queue="b\d"} 18
jobs_created{queue="b\d"} 1520430000.5
# TYPE build info
build_info{version="1.2"} 1
# TYPE state stateset
state{state="on"} 1
state{state="off"} 0
# TYPE queue_seconds gaugehistogram
# UNIT queue_seconds seconds
queue_seconds_bucket{le="1.0"} 1
queue_seconds_bucket{le="+Inf"} 2 # {} 3
queue_seconds_gcount 2
queue_seconds_gsum 3.5
# TYPE other unknown
other 5
bare 6
# EOF
"#;

const CONVERTED: &str = r#"# TYPE jobs_total counter
# HELP jobs_total Jobs "done" so far.
jobs_total{queue="a"} 17
jobs_total{queue="b\\d"} 18
# HELP jobs_created Jobs "done" so far.
# TYPE jobs_created gauge
jobs_created{queue="a"} 1520430000.123
jobs_created{queue="b\\d"} 1520430000.5
# TYPE build_info gauge
build_info{version="1.2"} 1
# TYPE state gauge
state{state="on"} 1
state{state="off"} 0
# TYPE queue_seconds histogram
queue_seconds_bucket{le="1.0"} 1
queue_seconds_bucket{le="+Inf"} 2
# TYPE queue_seconds_gcount gauge
queue_seconds_gcount 2
# TYPE queue_seconds_gsum gauge
queue_seconds_gsum 3.5
# TYPE other untyped
other 5
bare 6
"#;

fn last_body(server: &Server) -> String {
    let request = server.requests().pop().expect("a request");
    String::from_utf8(request.body).unwrap()
}

fn convert() -> Pushgw {
    pushgw().arg("convert")
}

#[test]
fn every_type_is_converted() {
    convert().stdin(EVERY_TYPE).stdout(CONVERTED).run();
    convert().file("m.om", EVERY_TYPE).args(["m.om"]).stdout(CONVERTED).run();
    convert().file("m.om", EVERY_TYPE).args(["m.om", "-"]).stdin("z 1\n# EOF").stdout_has("z 1\n").run();
}

#[test]
fn omitted_parts_are_reported_with_v() {
    let notes = "note: removed 2 exemplars, which the text format does not support\n\
                 note: removed 1 unit, which the text format does not support\n\
                 converted: 9 metrics, 13 samples\n";
    convert().stdin(EVERY_TYPE).arg("-v").stdout(CONVERTED).stderr(notes).run();
}

#[test]
fn exemplars_are_not_sent_by_remote_write() {
    let args = ["push", "-j", "x", "--remote-write", "http://127.0.0.1:1/", "--dry-run", "-v"];
    pushgw()
        .args(args)
        .stdin(EVERY_TYPE)
        .any_stdout()
        .stderr_has("note: removed 2 exemplars: remote write does not send exemplars\n")
        .run();
}

#[test]
fn a_push_sends_the_converted_text() {
    let server = Server::answering(200, "");
    for format in ["auto", "openmetrics"] {
        let args = ["push", "-j", "x", "-g", &server.url(), "--format", format];
        pushgw().args(args).stdin(EVERY_TYPE).run();
        assert_eq!(last_body(&server), CONVERTED);
    }
    let args = ["add", "-j", "x", "-g", &server.url(), "--format", "openmetrics", "-m", "extra 1", "-"];
    pushgw().args(args).stdin(EVERY_TYPE).run();
    assert_eq!(last_body(&server), format!("{CONVERTED}extra 1\n"));
}

#[test]
fn text_that_does_not_end_with_eof_is_cut_off() {
    let cut = "<stdin>:2:1: error: the text is cut off: its last line is not `# EOF`\n";
    let check = || pushgw().args(["check", "--format", "openmetrics", "--message-format", "short"]);
    check()
        .stdin("a 1\n")
        .code(3)
        .stdout(cut)
        .stderr("error: 1 error; push would not send this input\n")
        .run();
    check()
        .stdin("a 1\n# EO")
        .code(3)
        .stdout_has("<stdin>:2:5: error: the text is cut off")
        .any_stderr()
        .run();
    convert().stdin("a 1\n").code(3).stderr_has("error: 1 error; nothing was printed\n").run();
    convert().code(3).stderr_has("[missing-eof]").run();
    // Without --format, this is Prometheus text.
    pushgw().arg("check").stdin("a 1\n").run();
    convert().args(["--format", "auto"]).stdin("a 1\n").stdout("a 1\n").run();
}

#[test]
fn convert_reports_lost_types() {
    let auto = |text: &str| {
        let call = convert().args(["--format", "auto", "--message-format", "short"]).stdin(text);
        call.any_stdout().any_stderr().run().stderr()
    };
    let lost = "<stdin>:1:8: warning: `jobs_total` is untyped: the TYPE line is for `jobs`\n";
    assert_eq!(auto("# TYPE jobs counter\njobs_total 1\n"), lost);
    assert!(auto("# type jobs counter\njobs 1\n").contains("warning: this comment has no effect; is it"));
    // The warnings that only matter to a gateway are left out.
    assert_eq!(auto("# TYPE h histogram\nh_bucket{le=\"1\"} 1\npushgateway_x: 1\n"), "");
}

#[test]
fn problems_have_positions_in_the_original_text() {
    let text = "# TYPE a counter\na_total -1\na_total{b=\"x\", c=\"y\"} 2\n# TYPE go_threads counter\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# EOF\n";
    pushgw()
        .args(["check", "--message-format", "short"])
        .stdin(text)
        .code(3)
        .stdout(
            "<stdin>:2:9: error: the `_total` of a counter cannot be `-1`\n\
             <stdin>:3:15: error: OpenMetrics does not allow a space or tab here\n\
             <stdin>:6:1: error: the histogram has no bucket with `le=\"+Inf\"`\n",
        )
        .any_stderr()
        .run();
}

#[test]
fn the_rules_of_the_gateway_apply_to_the_result() {
    let check = |text: &str| {
        let call = pushgw().args(["check", "-j", "x", "--message-format", "short"]).stdin(text).any_code();
        call.any_stdout().any_stderr().run().stdout()
    };
    let text = "# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total 1\n# EOF\n";
    assert_eq!(check(text), "", "the gateway's own metric has this type");
    let text = "# TYPE process_cpu_seconds_total gauge\nprocess_cpu_seconds_total 1\n# EOF\n";
    assert!(check(text).starts_with("<stdin>:1:8: error: `process_cpu_seconds_total` is a gauge here"));
    assert!(
        check("push_time_seconds 1\n# EOF\n")
            .starts_with("<stdin>:1:1: error: the gateway itself uses the name")
    );
    assert!(
        check("a{job=\"y\"} 1\n# EOF\n").starts_with("<stdin>:1:3: warning: the grouping key overwrites")
    );
    let twice = "a{b=\"1\",job=\"y\"} 1\na{job=\"z\",b=\"1\"} 2\n# EOF\n";
    assert!(check(twice).contains("<stdin>:2:1: error: the series `a{job=\"z\",b=\"1\"}` occurs twice"));
    assert!(check("# EOF\n").contains("the text has no samples"));
}

#[test]
fn timestamps_are_seconds() {
    let text = "a 1 1700000000.5\na{b=\"x\"} 2\n# EOF\n";
    let says = "<stdin>:1:5: error: Pushgateway and node_exporter reject timestamps\n";
    let check = || pushgw().args(["check", "--message-format", "short"]).stdin(text);
    check().code(3).stdout(says).any_stderr().run();
    check().arg("--strip-timestamps").run();
    convert().stdin(text).stdout("# TYPE a untyped\na 1 1700000000500\na{b=\"x\"} 2\n").run();
    convert().arg("--strip-timestamps").stdin(text).stdout("# TYPE a untyped\na 1\na{b=\"x\"} 2\n").run();
}

#[test]
fn openmetrics_without_its_last_line_is_reported_once() {
    let text = "# TYPE build info\nbuild_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"on\"} 1\n# TYPE c counter\nc_total 1 # {t=\"x\"} 1\n# TYPE u unknown\nu 1\n";
    let call = || pushgw().args(["check", "--message-format", "short"]).stdin(text).code(3);
    let named = "<stdin>:1:1: error: this is OpenMetrics text, but its last line is not `# EOF`\n";
    call().stdout_has(named).stderr("error: 1 error, 1 warning; a gateway would reject this input\n").run();
    pushgw().arg("check").stdin(format!("{text}# EOF\n")).run();
    pushgw()
        .args(["check", "--format", "prometheus"])
        .stdin(format!("{text}# EOF\n"))
        .code(3)
        .stdout_has("this is OpenMetrics text, but it is parsed as the Prometheus text format")
        .stdout_has("use `--format openmetrics`, or `pushgw convert`")
        .any_stderr()
        .run();
}

#[test]
fn the_metrics_of_a_job_can_be_openmetrics() {
    let server = Server::answering(200, "");
    let url = server.url();
    let run = |format: &str, script: &str| {
        let args =
            ["run", "-j", "x", "-g", &url, "--format", format, "--metrics", "own.om", "--", "sh", "-c"];
        pushgw().args(args).arg(script)
    };
    let write = "printf '# TYPE rows counter\\nrows_total 5\\n# EOF\\n' >own.om";
    for format in ["auto", "openmetrics"] {
        run(format, write).run();
        let body = last_body(&server);
        assert!(body.contains("job_last_exit_status 0\n"), "{body}");
        assert!(body.ends_with("# TYPE rows_total counter\nrows_total 5\n"), "{body}");
    }
    run("openmetrics", "echo rows 5 >own.om").stderr_has("x was reported without its metrics").run();
}

#[test]
fn timestamps_of_a_job_s_metrics_can_be_removed() {
    let server = Server::answering(200, "");
    let url = server.url();
    let run = |options: &[&str]| {
        let args = ["run", "-j", "x", "-g", &url, "--metrics", "own.om"];
        let write = "printf 'rows 5 1700000000.5\\n# EOF\\n' >own.om";
        pushgw().args(args).args(options).args(["--", "sh", "-c", write])
    };
    run(&[]).stderr_has("or use `--strip-timestamps`").run();
    assert!(!last_body(&server).contains("rows"));
    run(&["--strip-timestamps"]).run();
    assert!(last_body(&server).ends_with("\nrows 5\n"), "{}", last_body(&server));
}

#[test]
fn a_metric_in_two_files_is_an_error() {
    let text = "# TYPE a counter\na_total 1\n# EOF\n";
    pushgw()
        .args(["check", "one.om", "two.om", "--message-format", "short"])
        .file("one.om", text)
        .file("two.om", text)
        .code(3)
        .stdout("two.om:1:8: error: the lines of `a` are not consecutive (first line of `a`: one.om:1)\n")
        .any_stderr()
        .run();
    pushgw()
        .args(["check", "one.prom", "two.om", "--message-format", "short"])
        .file("one.prom", "a_total 1\n")
        .file("two.om", text)
        .code(3)
        .stdout("two.om:2:1: error: the metric `a_total` is already in another file (the other one: one.prom:1)\n")
        .any_stderr()
        .run();
    let both = |first: &str, second: &str, prometheus: &str| {
        let call = pushgw().args(["check", first, second]).any_code().any_stdout().any_stderr();
        let output = call.file("k.om", text).file("k.prom", prometheus).run();
        (output.status.code(), output.stdout())
    };
    let (code, says) = both("k.prom", "k.om", "a_total{b=\"x\"} 1\n");
    assert!(code == Some(3) && says.contains("put the OpenMetrics file first, or push the files"), "{says}");
    assert_eq!(both("k.om", "k.prom", "a_total{b=\"x\"} 1\n"), (Some(0), String::new()));
    let same = "# TYPE a_total counter\na_total{b=\"x\"} 1\n";
    assert!(both("k.prom", "k.om", same).1.contains("put the OpenMetrics file first"));
    assert_eq!(both("k.om", "k.prom", same).0, Some(0));
    let typed = "# TYPE a_total gauge\na_total{b=\"x\"} 1\n";
    let (code, says) = both("k.prom", "k.om", typed);
    assert!(code == Some(3) && says.contains("help: push the files to different groups"), "{says}");
    assert_eq!(both("k.om", "k.prom", typed).0, Some(3));
}

/// Tests commands and options of other programs, with the suggested replacements.
#[test]
fn the_intended_command_is_suggested() {
    for (call, code, hint) in [
        ("convert -- cat a.om", 1, "hint: for the output of a command: cat a.om | pushgw convert\n"),
        ("convert http://me:x@gw/metrics", 2, "hint: use curl -s URL | pushgw convert\n"),
        ("convert -o f a.om", 2, "tip: the result goes to standard output: pushgw convert [FILE] > FILE\n"),
        ("convert --output=f a.om", 2, "pushgw convert [FILE] > FILE\n"),
        ("convert --format om f", 2, "tip: use --format openmetrics\n"),
        ("run -j x --format OM -- true", 125, "tip: use --format openmetrics\n"),
        ("push -j x --openmetrics f", 2, "tip: use --format openmetrics\n"),
        ("openmetrics f", 2, "tip: use pushgw convert f\n"),
        ("remote-write http://gw", 2, "tip: use pushgw push -j JOB --remote-write http://gw\n"),
        ("remote_write", 2, "tip: use pushgw push --remote-write URL -j JOB [FILE]\n"),
    ] {
        let output = pushgw().args(call.split(' ')).code(code).stderr_has(hint).run().stderr();
        assert!(!output.contains("similar") && !output.contains("'rm'"), "{call}: {output}");
    }
    let output = pushgw().args(["list", "--openmetrics"]).code(2).any_stderr().run().stderr();
    assert!(!output.contains("use --format openmetrics"), "{output}");
    let output = pushgw().args(["remover", "x"]).code(2).any_stderr().run().stderr();
    assert!(!output.contains("'rm'") && !output.contains("\n\n\n"), "{output}");
}
