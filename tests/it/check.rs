//! Tests `pushgw check`, and the same check in `push` and `add`: sources, output formats, positions, severities, and
//! the summary line.

use crate::support::{Pushgw, Server, Tty, pushgw};
use serde_json::json;

const ACCEPTED: &str = "# HELP a_seconds x\n# TYPE a_seconds gauge\na_seconds 1\na_seconds{b=\"c\"} 2\n";

fn check() -> Pushgw {
    pushgw().arg("check")
}

#[test]
fn valid_text_prints_nothing_in_a_pipe() {
    check().stdin(ACCEPTED).run();
    check().file("m.prom", ACCEPTED).arg("m.prom").run();
    check().args(["-m", "a 1"]).run();
    check().args(["-m", "a 1", "--lint", "-q"]).run();
}

#[test]
fn a_terminal_shows_a_summary_of_valid_text() {
    check().stdin(ACCEPTED).arg("-v").stderr("1 metric, 2 samples; no problems\n").run();
    check().stdin(ACCEPTED).tty(&[Tty::Stderr], 80).screen_has("1 metric, 2 samples; no problems\n").run();
    check().stdin(ACCEPTED).arg("-q").tty(&[Tty::Stderr], 80).screen_has("").run();
    check()
        .args(["-v", "-m", "a 1\nb 1 ", "--message-format", "short"])
        .stdout("<metric>:2:4: fixed: the line ends with a space or tab\n")
        .stderr("2 metrics, 2 samples; 1 repair\n")
        .run();
    check()
        .args(["-v", "--strip-timestamps"])
        .stdin("a 1 1700000000000\nb 2 1700000000000\n")
        .stderr("note: removed 2 timestamps\n2 metrics, 2 samples; no problems\n")
        .run();
    check().args(["-v", "--allow-empty"]).stderr("0 metrics, 0 samples; no problems\n").run();
}

#[test]
fn a_url_as_a_file_leads_to_curl() {
    let says = "error: FILE is a URL\nhint: use curl -s http://gw:9100/metrics | pushgw check\n";
    check().arg("http://gw:9100/metrics").code(2).stderr(says).run();
}

/// Returns a call that reads two files, standard input and `-m`, with a problem in each of them.
fn several_sources() -> Pushgw {
    check()
        .file("one.prom", "good 1\nbad 1,5\n")
        .file(
            "two.prom",
            "# HELP wide \u{4e16}\u{754c}\twhat\nwide{a=\"\u{4e16}e\u{301}\",1b=\"\"} 1\nlast 1",
        )
        .stdin("x{job=\"y\"} 1 \n")
        .args(["one.prom", "two.prom", "-", "-m", "m 1 2", "-j", "j"])
        .code(3)
}

const COUNTS: &str = "error: 3 errors, 2 repairs, 1 warning; a gateway would reject this input\n";

#[test]
fn short_format_has_the_source_and_column() {
    several_sources()
        .args(["--message-format", "short"])
        .stdout(
            "one.prom:2:5: error: `1,5` has a decimal comma\n\
             two.prom:2:14: error: a label name cannot begin with a digit\n\
             two.prom:3:7: fixed: the last line does not end with a newline\n\
             <stdin>:1:3: warning: the grouping key overwrites the label `job` with `j`\n\
             <stdin>:1:13: fixed: the line ends with a space or tab\n\
             <metric>:1:5: error: Pushgateway and node_exporter reject timestamps\n",
        )
        .stderr(COUNTS)
        .run();
}

#[test]
fn json_format_has_one_object_per_line() {
    let run = several_sources().args(["--message-format", "json"]).any_stdout().any_stderr().run();
    let summary: serde_json::Value = serde_json::from_str(&run.stderr()).unwrap();
    assert_eq!(format!("error: {}\n", summary["message"].as_str().unwrap()), COUNTS);
    let found: Vec<serde_json::Value> =
        run.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), 6);
    let first = json!({
        "severity": "error",
        "code": "value",
        "file": "one.prom",
        "line": 2,
        "column": 5,
        "message": "`1,5` has a decimal comma",
        "help": "write `1.5`; `LC_ALL=C` makes most programs do this",
    });
    assert_eq!(found[0], first);
    let positions: Vec<_> = found
        .iter()
        .map(|found| {
            let text = |name: &str| found[name].as_str().unwrap();
            let number = |name: &str| found[name].as_u64().unwrap();
            (text("file"), number("line"), number("column"), text("severity"), text("code"))
        })
        .collect();
    assert_eq!(
        positions[1..],
        [
            ("two.prom", 2, 14, "error", "label-name"),
            ("two.prom", 3, 7, "fixed", "missing-newline"),
            ("<stdin>", 1, 3, "warning", "overwritten-label"),
            ("<stdin>", 1, 13, "fixed", "trailing-whitespace"),
            ("<metric>", 1, 5, "error", "timestamp"),
        ]
    );
}

#[test]
fn github_format_has_workflow_commands() {
    several_sources()
        .args(["--message-format", "github"])
        .stdout_has("::error file=one.prom,line=2,col=5,title=value::one.prom:2:5: `1,5` has a decimal comma%0Ahelp: write")
        .stdout_has("\n::notice file=two.prom,line=3,col=7,title=missing-newline::")
        .stdout_has("\n::warning file=<stdin>,line=1,col=3,title=overwritten-label::")
        .stdout_has("\n::error file=<metric>,line=1,col=5,title=timestamp::")
        .stderr(COUNTS.replace("error: ", "::error::"))
        .run();
}

#[test]
fn human_format_marks_wide_and_combining_characters() {
    several_sources()
        .env("LC_ALL", "C.UTF-8")
        .stdout_has(
            "error[label-name]: a label name cannot begin with a digit\n --> two.prom:2:14\n  |\n\
             2 | wide{a=\"\u{4e16}e\u{301}\",1b=\"\"} 1\n  |              ^\n",
        )
        .stdout_has(" --> one.prom:2:5\n")
        .stdout_has(" --> <metric>:1:5\n")
        .stderr(COUNTS)
        .run();
}

#[test]
fn the_summary_counts_problems_with_the_right_plurals() {
    let short = || check().args(["--message-format", "short"]).code(3).any_stdout();
    short().stdin("a 1,5\n").stderr("error: 1 error; a gateway would reject this input\n").run();
    short()
        .stdin("a 1,5\nb x")
        .stderr("error: 2 errors, 1 repair; a gateway would reject this input\n")
        .run();
    short()
        .stdin("a x\nh{job=\"x\"} 1 \n# HELP c d\r\nc 1")
        .stderr("error: 1 error, 2 repairs, 2 warnings; a gateway would reject this input\n")
        .run();
    // A gateway would accept these.
    short().stdin("").stderr("error: 1 error; push would not send this input\n").run();
    short().stdin("push_time_seconds 1\n").stderr("error: 1 error; push would not send this input\n").run();
}

#[test]
fn quiet_shows_only_errors() {
    check()
        .args(["-q", "--message-format", "short"])
        .stdin("a x\nb{job=\"x\"} 1 \n")
        .code(3)
        .stdout("<stdin>:1:3: error: `x` is not a number\n")
        .stderr("error: 1 error, 1 repair, 1 warning; a gateway would reject this input\n")
        .run();
    check().arg("-q").stdin("b{job=\"x\"} 1 \n").run();
}

#[test]
fn no_fix_makes_repairs_errors() {
    let text = "a 1 \r\nb 2";
    check().arg("-q").stdin(text).run();
    check()
        .args(["--no-fix", "--message-format", "short"])
        .stdin(text)
        .code(3)
        .stdout(
            "<stdin>:1:4: error: the line ends with a carriage return\n\
             <stdin>:2:4: error: the last line does not end with a newline\n",
        )
        .stderr("error: 2 errors; a gateway would reject this input\n")
        .run();
}

#[test]
fn strict_makes_warnings_errors() {
    let text = "a{job=\"x\"} 1\n";
    let short = || check().args(["--message-format", "short"]).stdin(text);
    let place = "<stdin>:1:3:";
    let message = "the grouping key overwrites the label `job`";
    short().stdout(format!("{place} warning: {message}\n")).run();
    // Even -q shows the problems that determine the exit status.
    for quiet in [&[][..], &["-q"]] {
        short()
            .arg("--strict")
            .args(quiet)
            .code(3)
            .stdout(format!("{place} error: {message}\n"))
            .stderr("error: 1 warning, which --strict treats as an error\n")
            .run();
    }
    short()
        .args(["--strict", "-m", "h{job=\"x\"} 1,5 \n# HELP c x\r\nc 1"])
        .code(3)
        .any_stdout()
        .stderr_has("error: 1 error, 1 repair, 2 warnings, which --strict treats as errors; a gateway would reject this input")
        .run();
    check().arg("--strict").stdin("a 1 \nb 2").any_stdout().run();
}

#[test]
fn strict_warnings_stop_push_and_add() {
    for command in ["push", "add"] {
        let server = Server::unused();
        pushgw()
            .args([command, "--strict", "-j", "j", "-g", &server.url(), "--message-format", "short"])
            .stdin("a{job=\"x\"} 1\n")
            .code(3)
            .stderr(
                "<stdin>:1:3: error: the grouping key overwrites the label `job` with `j`\n\
                 error: 1 warning, which --strict treats as an error; nothing was sent\n",
            )
            .run();
    }
}

#[test]
fn verbose_push_shows_repairs() {
    let push =
        || pushgw().args(["push", "-j", "j", "-n", "--message-format", "short"]).stdin("\u{feff}a 1 \nb 2");
    let body = "a 1\nb 2\n";
    push().stdout_has(format!("\n\n{body}")).run();
    push()
        .arg("-v")
        .stdout_has(format!("\n\n{body}"))
        .stderr(
            "<stdin>:1:1: fixed: the file begins with a byte-order mark\n\
             <stdin>:1:5: fixed: the line ends with a space or tab\n\
             <stdin>:2:4: fixed: the last line does not end with a newline\n",
        )
        .run();
}

#[test]
fn comments_like_help_and_type_lines_are_reported() {
    let call = |text: &str| {
        let call = pushgw().args(["push", "-j", "x", "-n", "--message-format", "short"]);
        call.stdin(format!("{text}\na 1\n")).any_stdout()
    };
    for (comment, word) in [
        ("# help a x", "HELP"),
        ("# HELP: a x", "HELP"),
        ("# type a gauge", "TYPE"),
        ("# TYPE: a gauge", "TYPE"),
    ] {
        let says =
            format!("<stdin>:1:3: warning: this comment has no effect; is it meant to be a {word} line?\n");
        call(comment).stderr(&says).run();
        // With the word from the help, the line has its effect.
        let fixed = comment.replacen(comment.split(' ').nth(1).unwrap(), word, 1);
        call(&fixed).run();
    }
    for comment in
        ["# help", "# helper a x", "# help is at https://x", "# type of the backup", "# typed by hand"]
    {
        call(comment).run();
    }
}

#[test]
fn utf8_names_need_an_option() {
    let text = "{\"my.metric\",\"my.label\"=\"x\"} 1\n";
    check().args(["--utf8-names", "-q"]).stdin(text).run();
    check()
        .args(["-q", "--message-format", "short"])
        .stdin(text)
        .code(3)
        .stdout_has("<stdin>:1:2: error: ")
        .stderr_has("; a gateway would reject this input")
        .run();
}

#[test]
fn diagnostics_above_the_limit_are_counted() {
    let text = "a x\nb x\nc x\nd x ";
    check()
        .args(["--max-diagnostics", "2", "--message-format", "short"])
        .stdin(text)
        .code(3)
        .stdout("<stdin>:1:3: error: `x` is not a number\n<stdin>:2:3: error: `x` is not a number\n")
        .stderr(
            "warning: 4 more problems not shown (--max-diagnostics)\n\
             error: 4 errors, 2 repairs; a gateway would reject this input\n",
        )
        .run();
    check()
        .args(["--max-diagnostics", "0"])
        .stdin("a x\n")
        .code(3)
        .stderr_has("warning: 1 more problem not shown (--max-diagnostics)\n")
        .stderr_has("error: 1 error; ")
        .run();
}

#[test]
fn lint_findings_are_warnings_or_strict_errors() {
    let text = "# TYPE backupSize_kb counter\nbackupSize_kb{quantile=\"x\"} 1\n";
    let short = || check().args(["--message-format", "short"]).stdin(text);
    short().run();
    let findings = |severity: &str| {
        [
            "1:8: SEVERITY: the metric `backupSize_kb` has no HELP text",
            "1:8: SEVERITY: the counter `backupSize_kb` does not end with `_total`",
            "1:13: SEVERITY: the name `backupSize_kb` is in camelCase",
            "1:19: SEVERITY: `kb` is an abbreviated unit",
            "2:15: SEVERITY: the label `quantile` is for summaries, but `backupSize_kb` is a counter",
        ]
        .map(|line| format!("<stdin>:{}\n", line.replace("SEVERITY", severity)))
        .concat()
    };
    short().arg("--lint").stdout(findings("warning")).run();
    short()
        .args(["--lint", "-v"])
        .stdout(findings("warning"))
        .stderr("1 metric, 1 sample; 5 warnings\n")
        .run();
    short()
        .args(["--lint", "--strict"])
        .code(3)
        .stdout(findings("error"))
        .stderr("error: 5 warnings, which --strict treats as errors\n")
        .run();
    pushgw().args(["push", "-j", "j", "--lint"]).code(2).stderr_has("unexpected argument '--lint'").run();
}

#[test]
fn lint_findings_appear_next_to_errors() {
    let lint = || check().args(["--lint", "--message-format", "short"]).any_code().any_stderr();
    lint()
        .stdin("a_ms 1,5\n# HELP bC x\nbC 1\n")
        .stdout(
            "<stdin>:1:1: warning: the metric `a_ms` has no HELP text\n\
             <stdin>:1:3: warning: `ms` is an abbreviated unit\n\
             <stdin>:1:6: error: `1,5` has a decimal comma\n\
             <stdin>:3:1: warning: the name `bC` is in camelCase\n",
        )
        .run();
    // Input that is not metrics text is not linted.
    lint()
        .stdin("{\n  \"aB\": 1,\n  \"cD\": 2\n}\n")
        .stdout("<stdin>:1:1: error: the input is JSON, not metrics in the text format\n")
        .run();
    // A type set on the command line counts.
    lint()
        .args(["--type", "counter"])
        .stdin("# HELP a x\na 1\n")
        .stdout("<stdin>:2:1: warning: the counter `a` does not end with `_total`\n")
        .run();
}

#[test]
fn an_unreadable_source_has_its_own_exit_code() {
    check().arg("absent.prom").code(1).stderr_has("error: can't read absent.prom: ").run();
    check().arg(".").code(1).stderr_has("error: can't read .: it is a directory\n").run();
    check().args(["-", "-"]).code(2).stderr_has("can be read only once").run();
}

#[test]
fn the_help_explains_lint_and_exit_status() {
    check()
        .arg("--help")
        .stdout_has("promtool check metrics")
        .stdout_has("--lint")
        .stdout_has("The exit status is 0 without errors and 3")
        .run();
}

#[test]
fn several_files_are_checked_as_one_text() {
    check()
        .file("1.prom", "# HELP a x\n# TYPE a gauge\na{f=\"1\"} 1\n")
        .file("2.prom", "# HELP a x\n# TYPE a gauge\na{f=\"2\"} 2\n")
        .args(["--message-format", "short", "1.prom", "2.prom"])
        .stdout("2.prom:1:8: fixed: the HELP line for `a` is repeated (first HELP line: 1.prom:1)\n2.prom:2:8: fixed: the TYPE line for `a` is repeated (first TYPE line: 1.prom:2)\n")
        .run();
}

/// An unset variable in `echo "$NAME{host=\"$h\"} 1"` has this effect. If the check took quadratic time, it would take
/// minutes.
#[test]
fn many_lines_without_a_metric_name_are_reported() {
    for line in
        ["{host=\"1234\"} 1\n", "{label_1234=\"x\"} 1\n", "{a=\"1\",label_1234=\"x\"} 1234\n", "{} 1234\n"]
    {
        let lines = (0..100_000).map(|number| line.replace("1234", &number.to_string()));
        let text: String = std::iter::once("up 1\n".to_owned()).chain(lines).collect();
        pushgw()
            .arg("check")
            .stdin(text)
            .code(3)
            .any_stdout()
            .stderr_has("error: 100000 errors; push would not send this input\n")
            .run();
    }
}
