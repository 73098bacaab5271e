//! Tests moving, saving and restoring groups with `show` and `push --groups`. Also tests `push --diff`.

use crate::support::{
    Gateway, Server, gateways, newest_gateway, on_every_gateway, pushgw, shell, wait_until,
};
use std::fmt::Write as _;

/// Every feature of the text format.
const EVERYTHING: &str = r#"# HELP c how \\ many\nlines "q" é
# TYPE c counter
c{a="\"x\"\\\n",instance="own"} 1e+06
c 12345678901234567
# TYPE g gauge
g{v="nan"} NaN
g{v="inf"} +Inf
g{v="-inf"} -Inf
g{v="-0"} -0
g{v="tiny"} 4.9e-324
g{v="big"} 1.7976931348623157e308
# TYPE h histogram
h_bucket{m="1",le="0.0000001"} 0
h_bucket{m="1",le="2.50"} 3
h_bucket{m="1",le="+Inf"} 4
h_sum{m="1"} NaN
h_count{m="1"} 4
# TYPE job:rate:5m untyped
job:rate:5m 1
# TYPE labels gauge
labels 5
# TYPE last_push_successful gauge
last_push_successful{x="{},="} 5
# TYPE s summary
s{quantile="0.5"} NaN
s{quantile="0.99"} -Inf
s_sum 4
s_count 5
"#;

/// Each file of a program that writes several has the HELP and TYPE lines, which a gateway rejects if they are repeated.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn two_files_of_one_family_are_one_push() {
    let file =
        |name: &str| format!("# HELP rows Rows in a table.\n# TYPE rows gauge\nrows{{table=\"{name}\"}} 1\n");
    on_every_gateway(|gateway| {
        let push = |args: &[&str]| {
            let push = pushgw().args(["push", "-j", "x"]).on(gateway);
            push.file("one.prom", file("one")).file("two.prom", file("two")).args(args)
        };
        assert!(gateway.rejects("PUT", "/metrics/job/x", file("one") + &file("two")));
        push(&["one.prom", "two.prom"]).run();
        let show =
            "# HELP rows Rows in a table.\n# TYPE rows gauge\nrows{table=\"one\"} 1\nrows{table=\"two\"} 1\n";
        pushgw().args(["show", "-j", "x"]).on(gateway).stdout(show).run();
        // A different type is an error, and the group does not change.
        let other = file("three").replace("gauge", "counter");
        push(&["one.prom", "other.prom"])
            .file("other.prom", other)
            .code(3)
            .stderr_has("other.prom:2:8")
            .run();
        pushgw().args(["show", "-j", "x"]).on(gateway).stdout(show).run();
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_group_can_be_copied_to_another_gateway() {
    on_every_gateway(|gateway| {
        let other = Gateway::start(newest_gateway(), &[]);
        gateway.put("/metrics/job@base64/YS9i/l/%22%2C%7D", EVERYTHING);
        let script = format!(
            "pushgw show -j a/b -l 'l=\",}}' -g {} | pushgw push -j a/b -l 'l=\",}}' -g {} --strict --no-fix",
            gateway.url(),
            other.url()
        );
        shell(&script).run();
        assert_eq!(other.samples(), gateway.samples());
        // `Gateway::groups` can't read metrics named like the API's own fields, so compare the text.
        let show = |gateway: &Gateway| {
            pushgw().args(["show", "-j", "a/b", "-l", "l=\",}"]).on(gateway).any_stdout().run().stdout()
        };
        assert_eq!(show(&other), show(gateway));
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_thousand_groups_can_be_saved_and_restored() {
    let unchecked = ["--push.disable-consistency-check"];
    let source = Gateway::start(newest_gateway(), &unchecked);
    let mut file = String::new();
    for number in 0..1000 {
        let _ = writeln!(
            file,
            "# pushgw group /metrics/job/j{}/n/{number}/odd/{}\n# HELP m text\n# TYPE m gauge\nm{{l=\"{number}\"}} {number}.5\n# TYPE h histogram\nh_bucket{{le=\"1\"}} {number}\nh_bucket{{le=\"+Inf\"}} {number}\nh_sum 1\nh_count {number}",
            number % 7,
            ["a%20b", "%22", "%7D%2C", "%CE%BB", "%0A", "..."][number % 6],
        );
    }
    // Add a group without metrics.
    file.push_str("# pushgw group /metrics/job/empty\n");
    let queued = "202: it runs without consistency checks";
    let options = ["--groups", "-", "--allow-empty"];
    pushgw().arg("push").args(options).on(&source).stdin(&file).stderr_has(queued).run();
    // Without consistency checks, pushes are also queued.
    wait_until("1001 groups", || source.groups().len() == 1001);
    for program in gateways() {
        let target = Gateway::start(program, &unchecked);
        let script = format!(
            "pushgw show --all -g {} | pushgw push --groups - --allow-empty -g {}",
            source.url(),
            target.url()
        );
        shell(&script).stderr_has(queued).run();
        wait_until("1001 groups", || target.groups().len() == 1001);
        assert_eq!(target.groups(), source.groups());
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_file_of_groups_is_checked_before_anything_is_sent() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    let group = |path: &str| format!("# pushgw group {path}\n");
    let ok = format!("{}m 1\n", group("/metrics/job/a"));
    for (file, messages) in [
        (format!("{ok}{}m 1\nm 2,5\n", group("/metrics/job/b")), vec!["groups.prom:5:3"]),
        (format!("{ok}{ok}"), vec!["groups.prom:3: the group {job=\"a\"} occurs twice in the file"]),
        (format!("{ok}{}m 1\n", group("/metrics/jobs/b")), vec!["groups.prom:3: "]),
        (format!("{ok}{}m 1\n", group("/metrics/job/b/instance@base64/=")), vec!["empty instance"]),
        ("m 1\n".to_owned(), vec!["groups.prom:1: this line does not belong to a group", "pushgw show"]),
        (String::new(), vec!["contains no group"]),
        // The file was cut off.
        (
            format!("{ok}{}# TYPE m gauge\n", group("/metrics/job/b")),
            vec!["groups.prom:", "pushing it would empty the group", "use `--allow-empty`"],
        ),
    ] {
        let mut call =
            pushgw().args(["push", "--groups", "groups.prom"]).file("groups.prom", &file).on(&gateway);
        for message in messages {
            call = call.stderr_has(message);
        }
        call.code(3).run();
        assert_eq!(gateway.keys().len(), 0, "{file}");
    }
    // A rejected group does not stop the others, but sets the exit code.
    let file = format!(
        "{ok}{}# TYPE m counter\nm 1\n{}n 1\n",
        group("/metrics/job/b"),
        group("/metrics/job/c/l@base64/=")
    );
    pushgw()
        .args(["push", "--groups", "groups.prom"])
        .file("groups.prom", &file)
        .on(&gateway)
        .code(4)
        .stderr_has("`m` is untyped in group {job=\"a\"}")
        .stderr_has("pushed 2 of 3 groups")
        .run();
    assert_eq!(gateway.samples().len(), 2);
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_output_for_several_groups_separates_them() {
    on_every_gateway(|gateway| {
        gateway.put("/metrics/job/b/l@base64/=", "# TYPE m gauge\nm 2\n");
        gateway.put("/metrics/job/a", "# TYPE m gauge\nm 1\n");
        let _ = gateway.request("PUT", "/metrics/job/c", "# TYPE m counter\nm 1\n");
        let two = "# pushgw group /metrics/job/a\n# TYPE m gauge\nm 1\n# pushgw group /metrics/job/b/l@base64/=\n# TYPE m gauge\nm 2\n";
        pushgw().args(["show", "--all"]).on(gateway).stdout(two).run();
        let mixed = "the output of `pushgw show` for several groups";
        pushgw().args(["push", "-j", "x"]).stdin(two).on(gateway).code(2).stderr_has(mixed).run();
        let b = "# pushgw group /metrics/job/b/l@base64/=\n# TYPE m gauge\nm 2\n";
        pushgw().args(["show", "--match", "job=b"]).on(gateway).stdout(b).run();
        pushgw().args(["show", "-j", "b", "-l", "l="]).on(gateway).stdout("# TYPE m gauge\nm 2\n").run();
        let url = format!("{}/metrics/job/a", gateway.url());
        pushgw().args(["show", "--url", &url]).stdout("# TYPE m gauge\nm 1\n").run();
        let others = "1 group has this job: {job=\"b\",l=\"\"}";
        pushgw().args(["show", "-j", "b"]).on(gateway).code(8).stderr_has(others).run();
        pushgw()
            .args(["show", "--match", "job=x"])
            .on(gateway)
            .code(8)
            .stderr_has("matches the selection")
            .run();
        pushgw().arg("show").on(gateway).code(2).stderr_has("--match job=x").run();
        pushgw().args(["show", "--all"]).on(gateway).closed_stdout().run();
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn show_warns_about_metrics_that_the_api_omits() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    gateway.put(
        "/metrics/job/a",
        b"# HELP m x\xff\nm 1\n# TYPE g gaugehistogram\ng_bucket{le=\"1\"} 4\ng_count 4\ng_sum 1\n",
    );
    pushgw()
        .args(["show", "-j", "a"])
        .on(&gateway)
        .stdout("# HELP m x\u{fffd}\n# TYPE m untyped\nm 1\n")
        .stderr_has("`g` is left out: the gateway's API does not report gauge histograms (1 series)")
        .stderr_has("the HELP text of `m` contains invalid UTF-8")
        .run();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn diff_shows_what_a_push_would_change() {
    on_every_gateway(|gateway| {
        let new = "+ # TYPE m gauge\n+ m 1\n+ m{l=\"1\"} 2\n";
        let diff = |command: &str, text: &str| {
            pushgw().args([command, "-j", "a", "--dry-run", "--diff"]).on(gateway).stdin(text)
        };
        let text = "# TYPE m gauge\nm 1\nm{l=\"1\"} 2\n";
        diff("push", text).stdout(new).run();
        assert_eq!(gateway.keys().len(), 0);
        gateway.put("/metrics/job/a", text);
        diff("push", text).run();
        diff("push", "n 1\n")
            .stdout("- # TYPE m gauge\n- m 1\n- m{l=\"1\"} 2\n+ # TYPE n untyped\n+ n 1\n")
            .run();
        diff("add", "n 1\n").stdout("+ # TYPE n untyped\n+ n 1\n").run();
        diff("add", "# TYPE m gauge\nm 1.0\nm{l=\"1\"} 3\n").stdout("~ m{l=\"1\"} 2 -> 3\n").run();
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_rejected_push_is_explained_by_the_stored_groups() {
    on_every_gateway(|gateway| {
        let stored = "# TYPE q gauge\nq 1\n# TYPE foo_count gauge\nfoo_count 1\n# TYPE bar summary\nbar_sum 1\nbar_count 1\n";
        gateway.put("/metrics/job/b", stored);
        gateway.put("/metrics/job/c", "m{t=\"1\"} 1\n");
        let code = if gateway.version() == "1.11.0" { 6 } else { 4 };
        for (group, text, why) in [
            (
                vec!["-j", "d"],
                "# TYPE q counter\nq 1\n",
                "`q` is a gauge in group {job=\"b\"}, but a counter in this push",
            ),
            (
                vec!["-j", "c", "-l", "t=1"],
                "m 2\n",
                "`m{job=\"c\",t=\"1\"}` already exists in group {job=\"c\"}",
            ),
            (
                vec!["-j", "d"],
                "# TYPE foo summary\nfoo_sum 1\nfoo_count 1\n",
                "the summary `foo` has a sample named `foo_count`, which is a separate metric in group {job=\"b\"}",
            ),
            (
                vec!["-j", "d"],
                "# TYPE bar_sum gauge\nbar_sum 1\n",
                "`bar_sum` is the name of a sample of the summary `bar` in group {job=\"b\"}",
            ),
        ] {
            pushgw().arg("push").args(group).on(gateway).stdin(text).code(code).stderr_has(why).run();
        }
    });
}

const TWO_GROUPS: &str =
    "# pushgw group /metrics/job/a\nm 1 1700000000000\n# pushgw group /metrics/job/b\nn 2\n";

#[test]
fn groups_can_not_be_combined_with_dry_run_options() {
    let server = Server::unused();
    for switches in [&["--dry-run"][..], &["--diff"], &["--as-curl"], &["--dry-run", "--diff"]] {
        for command in ["push", "add"] {
            pushgw()
                .args([command, "--groups", "-", "-g", &server.url()])
                .args(switches)
                .stdin(TWO_GROUPS)
                .code(2)
                .stderr_has("cannot be used with")
                .run();
        }
    }
    pushgw()
        .args(["push", "-j", "x", "-m", "a 1", "--diff", "--as-curl", "-g", &server.url()])
        .code(2)
        .stderr_has("cannot be used with")
        .run();
}

/// Repairs also apply when they are not reported, with or without -q.
#[test]
fn groups_are_checked_and_repaired_when_quiet_too() {
    let pushed = |options: &[&str], text: &str| {
        let server = Server::answering(200, "");
        pushgw().args(["push", "--groups", "-", "-g", &server.url()]).args(options).stdin(text).run();
        let bodies = server.requests().into_iter().map(|request| String::from_utf8(request.body).unwrap());
        bodies.collect::<Vec<_>>()
    };
    assert_eq!(pushed(&["--strip-timestamps"], TWO_GROUPS), ["m 1\n", "n 2\n"]);
    let stamped = TWO_GROUPS.replace(" 1700000000000", "");
    let typed = ["# TYPE m gauge\nm 1\n", "# TYPE n gauge\nn 2\n"];
    assert_eq!(pushed(&["--type", "gauge"], &stamped), typed);
    let silent = ["--max-diagnostics", "0", "--quiet"];
    assert_eq!(pushed(&silent, "# pushgw group /metrics/job/a\r\nm 1\r\n"), ["m 1\n"]);
    let server = Server::unused();
    pushgw()
        .args(["push", "--groups", "-", "--max-diagnostics", "0", "-g", &server.url()])
        .stdin(TWO_GROUPS)
        .code(3)
        .stderr_has("nothing was sent")
        .run();
}

/// Line numbers refer to the file, even after repairs in earlier groups.
#[test]
fn findings_of_a_group_have_the_line_numbers_of_the_file() {
    let file = "# pushgw group /metrics/job/a\r\n\
        m{job=\"x\"} 1\r\n\
        # pushgw group /metrics/job/b\r\n\
        # TYPE n gauge\r\n\
        \r\n\
        n 2,5\r\n\
        # pushgw group /metrics/job/c\r\n\
        o{l=\"1\"} 1\r\n\
        o{l=\"1\"} 2";
    let server = Server::unused();
    pushgw()
        .args(["push", "--groups", "groups.prom", "--message-format", "short", "-v", "-g", &server.url()])
        .file("groups.prom", file)
        .code(3)
        .stderr_has("groups.prom:2:3: warning: the grouping key overwrites the label `job`")
        .stderr_has("groups.prom:4:15: fixed: ")
        .stderr_has("groups.prom:6:3: error: ")
        .stderr_has("groups.prom:8:11: fixed: ")
        .stderr_has("groups.prom:9:1: error: the series `o{l=\"1\"}` occurs twice")
        .stderr_has("2 of 3 groups can't be pushed; nothing was sent")
        .run();
}

#[test]
fn groups_are_in_the_text_format() {
    let server = Server::unused();
    let push = |options: &[&str]| {
        let file = format!("{TWO_GROUPS}# EOF\n");
        pushgw().args(["push", "--groups", "f", "-g", &server.url()]).args(options).file("f", file)
    };
    push(&["--format", "openmetrics"])
        .code(2)
        .stderr_has("--groups reads the text format, not OpenMetrics")
        .run();
    let output = push(&[]).code(3).any_stderr().run().stderr();
    assert!(
        output.contains("f:5: the file is in OpenMetrics format: it contains a `# EOF` line"),
        "{output}"
    );
    assert!(output.contains("as `pushgw show` prints it"), "{output}");
    assert!(output.contains("1 error; nothing was sent"), "{output}");
    assert!(!output.contains("convert") && !output.contains("--format"), "{output}");
    let metrics = "# TYPE b info\nb_info{v=\"1\"} 1\n# TYPE u unknown\nu 1\n";
    pushgw()
        .args(["push", "--groups", "f", "-g", &server.url()])
        .file("f", format!("# pushgw group /metrics/job/x\n{metrics}"))
        .code(3)
        .stderr_has("this is OpenMetrics text, but it is parsed as the Prometheus text format\n --> f:2:1\n")
        .stderr_has("a file that ends with the line `# EOF`, and convert it with `pushgw convert FILE`; or")
        .run();
    pushgw()
        .args(["convert", "f"])
        .file("f", format!("{metrics}# EOF\n"))
        .stdout_has("# TYPE u untyped\n")
        .run();
}

#[test]
fn a_path_that_is_not_utf8_is_rejected() {
    pushgw()
        .args(["push", "--groups", "groups.prom", "-g", "127.0.0.1:1"])
        .file("groups.prom", b"# pushgw group /metrics/job/\xff\nm 1\n")
        .code(3)
        .stderr_has("groups.prom:1: the group's path is not UTF-8")
        .run();
}

/// A file that was edited on Windows has a repair in each line. If this took quadratic time, it would take minutes.
#[test]
fn a_large_file_with_crlf_is_pushed() {
    let group =
        |number| format!("# pushgw group /metrics/job/{number}\r\n# TYPE m gauge\r\nm{{l=\"1\"}} 1\r\n");
    // Without a gateway, the push ends after three groups.
    pushgw()
        .args(["push", "--groups", "groups.prom", "--retries", "0", "-g", "127.0.0.1:1"])
        .file("groups.prom", (0..64_000).map(group).collect::<String>())
        .code(6)
        .stderr_has("pushed 0 of 64,000 groups to")
        .run();
}
