//! Tests the diagnostics for common mistakes: the code, the highlighted text, and part of the help.

use super::{Kind, quoted, unknown_type};
use crate::exposition::{CheckOptions, Report, Text, check};

fn report(text: &str) -> Report {
    check(Text { bytes: text.as_bytes(), starts: &[0] }, &CheckOptions::PLAIN)
}

/// Checks that each input causes exactly one diagnostic. A case consists of the input, the code, the highlighted text,
/// and part of the message or help. `|` means that there is no help.
#[track_caller]
fn assert_each(cases: &[(&str, &str, &str, &str)]) {
    for (text, code, marked, words) in cases {
        let report = report(&format!("{text}\n"));
        let found: Vec<_> = report
            .diagnostics
            .iter()
            .map(|found| (found.code.as_str(), text.get(found.span.clone()).unwrap_or_default()))
            .collect();
        assert_eq!(found, [(*code, *marked)], "{text:?}: {report:#?}");
        let found = &report.diagnostics[0];
        let said = format!("{}; {}", found.message, found.help.as_deref().unwrap_or("|"));
        assert!(said.contains(words), "{text:?}: {said}");
    }
}

#[test]
fn units_are_not_lines_that_were_joined() {
    for value in [
        "3.2GiB",
        "45C",
        "2200rpm",
        "12.1V",
        "150W",
        "2.4GHz",
        "100Mbps",
        "226202814n",
        "3days",
        "5L",
        "1.0f",
        "1j",
        "50%",
        "10ms",
        "-5dBm",
    ] {
        let text = format!("a {value}");
        assert_each(&[(&text, "value", value, "write only the number, without a unit")]);
    }
    assert_each(&[
        ("dir_size 12K\t/var/log", "value", "12K", "without a unit"),
        ("used 1.234GiB / 2GiB", "value", "1.234GiB", "without a unit"),
        ("a 5 MB", "invalid-timestamp", "MB", "without a unit"),
        ("files 12 345", "timestamp", "12 345", "write `12345` if the spaces separate thousands"),
        ("files -1 234 567", "trailing-text", "-1 234 567", "write `-1234567` if"),
        ("files 12 345,67", "invalid-timestamp", "12 345,67", "write `12345.67` if"),
        ("a 5 (ok)", "invalid-timestamp", "(ok)", "remove the text after the value"),
        ("a 12 /etc/passwd", "invalid-timestamp", "/etc/passwd", "remove the text after the value"),
        ("cpu 1 2 3 4 5", "trailing-text", "3 4 5", "choose one column"),
        ("lines 12 20 300 /x", "trailing-text", "300 /x", "choose one column"),
        ("a 12 34", "timestamp", "34", "--strip-timestamps"),
        ("a 0 345", "timestamp", "345", "--strip-timestamps"),
        ("a 1234 567", "timestamp", "567", "--strip-timestamps"),
        ("a 1b 2", "joined-lines", "1b", "`--data-binary`"),
        ("a 1b 2c 3", "joined-lines", "1b", "`--data-binary`"),
        ("disk 12.5age 300ok 1", "joined-lines", "12.5age", "`--data-binary`"),
        ("12.5age 300ok 1", "metric-name", "1", "were lines joined?"),
        ("2026-11-28 18:30:43 5", "metric-name", "2", "a log line"),
        ("5xx_errors 3", "metric-name", "5", "begin with a digit; |"),
        ("a 1b{c=\"d\"} 2", "joined-lines", "1b{c=\"d\"}", "`--data-binary`"),
        ("a 1# TYPE b gauge", "joined-lines", "1#", "`--data-binary`"),
        ("a 1#", "joined-lines", "1#", "remove the text after the number"),
        ("a 0b101", "value", "0b101", "write it in decimal: `5`"),
        ("a 0o17", "value", "0o17", "write it in decimal: `15`"),
        ("a 0x1F", "value", "0x1F", "write it in decimal: `31`"),
    ]);
}

#[test]
fn times_are_written_in_seconds() {
    assert_each(&[
        ("run 1m30s", "value", "1m30s", "in seconds: `90`"),
        ("run 2h0m0s", "value", "2h0m0s", "in seconds: `7200`"),
        ("run 1h2m3.5s", "value", "1h2m3.5s", "in seconds: `3723.5`"),
        ("run 00:01:23", "value", "00:01:23", "in seconds: `83`"),
        ("run 12:30", "value", "12:30", "the time in seconds"),
        ("run 1-02:03:04", "value", "1-02:03:04", "the time in seconds"),
        ("a 127.0.0.1:9091", "value", "127.0.0.1:9091", "a number; |"),
        ("a 8080:80", "value", "8080:80", "a number; |"),
        ("a 2026:11:28", "value", "2026:11:28", "a number; |"),
        ("a 5:", "value", "5:", "a number; |"),
        ("last 2026-01-01T00:00:00Z", "value", "2026-01-01T00:00:00Z", "`date +%s`"),
        ("backup_done 2026-11-27", "value", "2026-11-27", "`date +%s`"),
        ("backup_done 2026-11-27 10:00:00", "value", "2026-11-27", "`date +%s`"),
        ("backup_done 27.11.2026", "value", "27.11.2026", "`date +%s`"),
    ]);
}

#[test]
fn commas_and_separators_in_numbers() {
    assert_each(&[
        ("a 1,5", "value", "1,5", "write `1.5`; `LC_ALL=C`"),
        ("load1 0.52,", "value", "0.52,", "write `0.52`"),
        ("a 5;", "value", "5;", "write `5`"),
        ("load1 0,52,", "value", "0,52,", "write `0.52`"),
        ("avg 1.234,56", "value", "1.234,56", "write `1234.56`; `LC_ALL=C`"),
        ("raw 0,000000e+00", "value", "0,000000e+00", "write `0.000000e+00`; `LC_ALL=C`"),
        ("mem 1,2Gi", "value", "1,2Gi", "without a unit; write `1.2`"),
        ("files 1,234,567", "value", "1,234,567", "write `1234567`"),
        ("files 1,234.56", "value", "1,234.56", "write `1234.56`"),
        ("files 1'234", "value", "1'234", "write `1234`"),
        ("files 1.234.567", "value", "1.234.567", "write `1234567`"),
        ("files -1\u{a0}234,5", "value", "-1\u{a0}234,5", "write `-1234.5`"),
        ("files 1_000", "value", "1_000", "write `1000`"),
        ("files 12,34,567", "value", "12,34,567", "write `1234567`"),
        (
            "files 12,345",
            "value",
            "12,345",
            "write `12.345`, or `12345` if the comma is a thousands separator",
        ),
        ("files 0,345", "value", "0,345", "write `0.345`"),
        ("a ,5", "value", ",5", "write `.5`"),
        ("a 1.2.3", "value", "1.2.3", "is not a number"),
        ("a 1.22.333", "value", "1.22.333", "a number; |"),
        ("a 192.168.100.200", "value", "192.168.100.200", "a number; |"),
        ("a{x=\"y\"},12", "value", ",12", "write only a space"),
    ]);
}

#[test]
fn a_space_separates_the_name_and_the_value() {
    for (text, sample) in [
        ("backup_size,12", "backup_size 12"),
        ("backup_size;12", "backup_size 12"),
        ("backup_size|12", "backup_size 12"),
        ("BACKUP_SIZE=12", "BACKUP_SIZE 12"),
        ("a=1", "a 1"),
        ("a\u{a0}1", "a 1"),
        ("a\u{3000}1", "a 1"),
        ("a = 1", "= 1"),
        ("a[x=\"y\"] 1", "a{x=\"y\"} 1"),
        ("rows,stage=biw value=10", "rows{stage=\"biw\"} 10"),
        ("rows,stage=biw,a=b count=10i", "rows_count{stage=\"biw\",a=\"b\"} 10"),
    ] {
        if sample == "= 1" {
            assert_each(&[(text, "value", "=", "only a space")]);
        } else {
            assert_each(&[(text, "metric-name", text, &format!("write `{sample}`"))]);
        }
    }
    assert_each(&[
        ("a=$x", "metric-name", "=", "separate the name and the value with a space"),
        ("a\u{a0}b 1", "metric-name", "\u{a0}", "a no-break space"),
        ("a\u{3000}b 1", "metric-name", "\u{3000}", "an ideographic space"),
        ("my-metric 1", "metric-name", "-", "for example `my_metric`"),
        ("my-metric{a=\"b\", level=\"c\"} 1", "metric-name", "-", "for example `my_metric`"),
        ("my-metric 12ms", "metric-name", "-", "for example `my_metric`"),
        ("my-metric 1 1700000000", "metric-name", "-", "for example `my_metric`"),
        ("# HELP my-metric", "metric-name", "-", "for example `my_metric`"),
        ("user@host 1", "metric-name", "@", "a metric name can contain only letters, digits, `_` and `:`"),
        ("a 1.000.000.000", "value", "1.000.000.000", "write `1000000000`"),
        ("my.m{x=\"a b\"} 1", "metric-name", ".", "for example `my_m`"),
        ("a\u{200b} 1", "metric-name", "\u{200b}", "for example `a`"),
        ("cpu,host=a x=0.5,y=9i", "metric-name", "cpu,host=a x=0.5,y=9i", "write each value as"),
    ]);
}

#[test]
fn an_invalid_sample_is_not_suggested() {
    for (text, help) in [
        ("cpu(total) 1", "labels go in braces; write each value as `name{label=\"value\"} 1`"),
        ("arr[\"a\"] 1", "labels go in braces; write each value as `name{label=\"value\"} 1`"),
        ("a(x='y') 1", "labels go in braces; write each value as `name{label=\"value\"} 1`"),
        ("cpu,host=\"a\" value=1", "InfluxDB line protocol; write each value as `name{label=\"value\"} 1`"),
        ("rows,my-host=a value=1", "InfluxDB line protocol; write each value as `name{label=\"value\"} 1`"),
        ("cpu,host=a usage.user=5", "InfluxDB line protocol; write each value as `name{label=\"value\"} 1`"),
        ("# TYPE a=gauge", "HELP or TYPE can contain any text"),
        ("# TYPE a, gauge", "for example `a`"),
        ("a\\t1", "letters, digits, `_` and `:`"),
        ("jobs.done:5|c", "letters, digits, `_` and `:`"),
        ("done.", "letters, digits, `_` and `:`"),
        ("root@db1:~# cat metrics", "letters, digits, `_` and `:`"),
        ("\"my m 1\"", "write it without quotes; in cmd.exe, `echo` prints the quotes"),
    ] {
        let found = report(&format!("{text}\n")).diagnostics;
        assert!(found[0].help.as_deref().unwrap().ends_with(help), "{text}: {found:?}");
    }
}

#[test]
fn line_breaks_that_stayed_escapes() {
    assert_each(&[
        ("a 1\\nb 2", "joined-lines", "1\\nb", "`printf`"),
        ("a 1\\n", "joined-lines", "1\\n", "`printf`"),
        ("a 1`nb 2", "joined-lines", "1`nb", "PowerShell"),
        ("# TYPE a gauge\\na 1\\n", "unknown-type", "gauge\\na 1\\n", "`printf`"),
        (
            "# TYPE rows counter rows{a=\"b\"} 10",
            "unknown-type",
            "counter rows{a=\"b\"} 10",
            "quote the variable",
        ),
        ("# TYPE rows counter rows 10", "unknown-type", "counter rows 10", "quote the variable"),
        ("# TYPE a gaugea 10", "unknown-type", "gaugea 10", "quote the variable"),
        ("# TYPE a gauge IMP", "unknown-type", "gauge IMP", "write `gauge`"),
        ("# TYPE a gauge The size", "unknown-type", "gauge The size", "write `gauge`; a description belongs"),
        ("a 1\rb 2", "value", "1\rb", "end each line with a newline"),
        ("a 1 b 2", "invalid-timestamp", "b", "quote the variable"),
        ("a 1 # TYPE b gauge", "invalid-timestamp", "#", "quote the variable"),
        ("a 1; b 2", "value", "1;", "write each sample on its own line"),
        ("a 1, b 2", "value", "1,", "write each sample on its own line"),
        ("a 1 ; b 2", "invalid-timestamp", ";", "write each sample on its own line"),
    ]);
}

#[test]
fn independent_errors_on_following_lines_are_reported() {
    for (text, codes) in [
        ("\"a 1\nb 2x\nc{d=\"e\"} 3\n", ["unclosed-quote", "value"]),
        ("a\0 1\nb\0 1\n", ["metric-name", "metric-name"]),
        ("a,b\nmy-c 1\n", ["metric-name", "metric-name"]),
    ] {
        let found: Vec<_> =
            report(&format!("z 1\n{text}")).diagnostics.iter().map(|found| found.code.as_str()).collect();
        assert_eq!(found, codes, "{text:?}");
    }
}

#[test]
fn prose_is_recognized() {
    for (text, marked) in [
        ("Running on host1 since Monday", "on"),
        ("Warning: no space left", "no"),
        ("Warning: Undefined variable $x", "Undefined"),
        ("Reading package lists...", "package"),
        ("mysqldump: [Warning] Using a password", "[Warning]"),
    ] {
        assert_each(&[(text, "value", marked, "a log line")]);
    }
    assert_each(&[
        ("WARNING: 5 files were skipped", "invalid-timestamp", "files", "a log line"),
        ("[2026-01-01 00:00:00] dump started", "metric-name", "[", "a log line"),
        ("2026-01-01 00:00:00 dump started", "metric-name", "2", "a log line"),
        ("a 1234 files, 5.678 GiB", "invalid-timestamp", "files,", "a log line"),
        ("a 5 of 10", "invalid-timestamp", "of", "a log line"),
        ("Nov 28 18:30:43 db1 cron[1]: x", "invalid-timestamp", "18:30:43", "a log line"),
        ("I1128 18:30:43.1 1 main.go:12] x", "value", "18:30:43.1", "a log line"),
        ("server up 3 days", "value", "up", "a log line"),
        ("INFO:root:started", "missing-value", "", "a log line"),
        ("ERROR:root:failed once", "value", "once", "a log line"),
        ("time=\"12:00\" level=info msg=\"x y\"", "metric-name", "=", "a log line"),
        ("ts=1.5 caller=main.go:3 level=info msg=x", "metric-name", "=", "a log line"),
        ("error: code: 5", "value", "code:", "is it YAML or a log line?"),
        ("OK - load 0.5", "value", "-", "a log line"),
        ("a{x=\"y\"} None (timeout)", "value", "None", "a number; |"),
        ("up yes", "value", "yes", "write `1`"),
        ("up no 1700000000", "value", "no", "write `0`"),
        ("a null", "value", "null", "write `NaN`"),
    ]);
}

#[test]
fn common_causes_are_named() {
    assert_each(&[
        ("a{b=\"c\"}", "missing-value", "", "is the variable empty"),
        ("HELP a text", "value", "HELP", "write `# HELP`"),
        ("gauge a 1", "value", "gauge a 1", "write `a 1`; the type belongs in a TYPE line"),
        ("echo a 1", "value", "echo", "is it a shell command?"),
        ("echo \"a 1\"", "value", "\"a", "is it a shell command?"),
        ("set size 1", "value", "set size 1", "write `set_size 1`"),
        ("gauge a{b=\"c\"} 1", "value", "gauge a{b=\"c\"} 1", "write `a{b=\"c\"} 1`; the type"),
        ("free disk{a=\"b\"} 1", "value", "free disk{a=\"b\"} 1", "write `free_disk{a=\"b\"} 1`"),
        ("free: disk: 1", "value", "free: disk: 1", "write `free_disk 1`"),
        ("# TYPE gauge a\na 1", "unknown-type", "# TYPE gauge a", "write `# TYPE a gauge`"),
        ("a\n1\nb 2", "missing-value", "", "is the variable empty?"),
        ("a %s", "value", "%s", "a template that was not filled in"),
        ("a <no value>", "value", "<no", "a template that was not filled in"),
        ("a \"\"", "value", "\"\"", "should contain it empty?"),
        ("b 1/2", "value", "1/2", "a number; |"),
        ("b 5/s", "value", "5/s", "without a unit"),
        ("b 1.5e+", "value", "1.5e+", "a number; |"),
        ("a 1\nb 5\0\0", "value", "5\0\0", "a number; |"),
        ("a 5*60", "value", "5*60", "a number; |"),
        ("a 1 // x y", "invalid-timestamp", "//", "remove the text after the value"),
        ("$ echo a 1", "metric-name", "$", "is it a shell command?"),
        ("free disk 1", "value", "free disk 1", "write `free_disk 1`"),
        (": 1", "colon-name", ":", "should contain it empty?"),
        ("{'a': 1}", "wrong-format", "{", "a Python dictionary"),
        ("#!/bin/sh\n# x\nset -e\necho a 1", "wrong-format", "s", "a script"),
        ("a{x=\"one\ntwo\"}\nb 2", "unclosed-quote", "\"one", "as `\\n`"),
        ("a 1\nb\0 \x002\0\r\0\n\0c\0 \x003\0\r\0\n\0", "metric-name", "\0", "write it as UTF-8"),
        ("TYPE a gauge", "value", "TYPE", "write `# TYPE`"),
        ("\x1b[32ma\x1b[0m 1", "metric-name", "\x1b", "color code"),
        ("a \x1b[32m1\x1b[0m", "value", "\x1b[32m1\x1b[0m", "color code"),
        ("0", "metric-name", "0", "is the variable that should contain it empty?"),
        ("a 1\n 12", "metric-name", "1", "is the variable that should contain it empty?"),
        ("a 1\n0", "metric-name", "0", "`grep -c ... || echo 0`"),
        ("a 1\x1b[0m", "value", "1\x1b[0m", "color code"),
        ("a 1.#INF00", "value", "1.#INF00", "write `+Inf`"),
        ("a -1.#IND", "value", "-1.#IND", "write `NaN`"),
        ("a{b=\u{2018}y\u{2019}} 1", "label-value", "\u{2018}", "typographic quote"),
        ("a{b=\u{ab}y\u{bb}} 1", "label-value", "\u{ab}", "typographic quote"),
        ("a{job-id=\"x\"} 1", "label-name", "-", "for example `job_id`"),
        ("a{app.kubernetes.io/name=\"x\"} 1", "label-name", ".", "for example `app_kubernetes_io_name`"),
        ("a{b:\"x\"} 1", "label-name", ":", "write it as `name=\"value\"`"),
        ("'a 1'", "metric-name", "'", "shell quotes"),
        ("\"a 1\nb 2\"", "unclosed-quote", "\"a 1", "shell quotes"),
        ("\"a{x=\"y\"} 1\"", "missing-value", "\"a{x=\"y\"} 1\"", "write `a{x=\"y\"} 1`"),
        ("\"a 1\\nb 2\\n\"", "missing-value", "\"a 1\\nb 2\\n\"", "write it without quotes"),
        ("-e a 1", "metric-name", "-", "use `printf` instead of `echo`"),
        ("-rw-r--r-- 1 root", "metric-name", "-", "begins with a letter"),
        ("// x", "metric-name", "/", "begin a comment with `#`"),
        ("/dev/sda1 4", "metric-name", "/", "begins with a letter"),
        ("{__name__=\"a\",x=\"y\"} 1", "name-label", "__name__=\"a\"", "before the braces"),
        ("a{{x=\"y\"}} 1", "label-name", "{", "a template that was not filled in"),
        ("{% for x %}", "label-name", "%", "a template that was not filled in"),
        ("a{x=\"y\"} {{ .Value }}", "value", "{{", "a template that was not filled in"),
        ("a{x=\"y\"} {value}", "value", "{value}", "a template that was not filled in"),
        ("a{x=\"y\"} {b=\"c\"} 1", "value", "{b=\"c\"}", "in one pair of braces"),
        ("a{x=\"y\"}} 1", "value", "}", "only one `}`"),
        ("a{x=~\"y\"} 1", "label-value", "~", "only `=` before its value; write it as"),
        ("a{x!=\"y\"} 1", "label-name", "!", "unexpected `!` after a label name; write it as"),
        ("{\"level\":\"info\"}\na 1", "metric-name", ":", "JSON log"),
        ("[1/3] dumping\na 1", "metric-name", "[", "a log line"),
    ]);
}

#[test]
fn backslashes_of_windows_paths() {
    assert_each(&[
        ("a{path=\"C:\\new\\temp\"} 1", "escape", "\\t", "`C:\\\\new\\\\temp`"),
        (r#"a{path="\\srv\data"} 1"#, "escape", r"\d", r"`\\\\srv\\data`"),
        (r#"a{path="\\srv\new"} 1"#, "windows-path", r"\\srv\new", r"`\\\\srv\\new`"),
        ("a{d=\"Disk C:\\\", c=\"SE\"} 1", "missing-comma", "\\\"", "write `\\\\\"`"),
        ("a{d=\"C:\\\"} 1", "unclosed-quote", "\\\"", "write `\\\\\"`"),
        ("a{d=\"say \\\"x\\\" z\" c=\"d\"} 1", "missing-comma", "c", "separate labels with a comma"),
    ]);
}

#[test]
fn text_of_the_user_is_shortened_and_escaped() {
    assert_eq!(quoted(b"a\x1b[31m\xff"), "`a\\u{1b}[31m\u{fffd}`");
    assert!(quoted(&[b'x'; 1000]).chars().count() < 70);
    assert!(quoted(&[b'x'; 60]).ends_with("x`"));
}

#[test]
fn misspelled_types_are_guessed() {
    for (text, kind) in [
        ("conter", Some(Kind::Counter)),
        ("guage", Some(Kind::Gauge)),
        ("histogramm", Some(Kind::Histogram)),
        ("sumary", Some(Kind::Summary)),
        ("unknown", Some(Kind::Untyped)),
        ("info", Some(Kind::Gauge)),
        ("bogus", None),
        ("", None),
        ("a very long story about something else", None),
    ] {
        assert_eq!(unknown_type(b"a", text.as_bytes()).1, kind, "{text}");
    }
}

#[test]
fn bounds_and_quantiles() {
    for (quantile, words) in [
        ("50%", "between 0 and 1; write `0.5`"),
        ("p99", "write `0.99`"),
        ("p999", "write `0.999`"),
        ("99.9%", "write `0.999`"),
        ("5%", "write `0.05`"),
        ("100%", "write `1`"),
        ("95th", "write `0.95`"),
        ("max", "write `1`"),
        ("median", "write `0.5`"),
        ("0,5", "write `0.5`; `LC_ALL=C`"),
        ("mean", "a quantile is a number between 0 and 1"),
        ("150%", "a quantile is a number between 0 and 1"),
        ("99,9", "a quantile is a number between 0 and 1"),
        (" 99", "a quantile is a number between 0 and 1"),
    ] {
        let text = format!("# TYPE s summary\ns{{quantile=\"{quantile}\"}} 1\ns_sum 1\ns_count 1");
        assert_each(&[(&text, "quantile", quantile, words)]);
    }
    for (bound, words) in [
        ("1s", "without a unit"),
        ("+Inf.", "`+Inf` for the last bucket"),
        ("0,1", "write `0.1`"),
        ("\u{221e}", "write `+Inf`"),
        ("<=5", "write `5`"),
    ] {
        let text = format!("# TYPE h histogram\nh_bucket{{le=\"{bound}\"}} 1\nh_sum 1\nh_count 1");
        assert_each(&[(&text, "bucket-bound", bound, words)]);
    }
}

#[test]
fn a_text_without_samples() {
    for (text, words) in [
        ("# HELP a x\\n# TYPE a gauge\\na 1\n", "use `printf` instead of `echo`"),
        ("# HELP a text # TYPE a counter a 10\n", "quote the variable"),
        ("# HELP a text# TYPE a countera 10\n", "quote the variable"),
        ("# HELP a text\n", "did the command that writes the metrics fail?"),
        ("", "did the command that writes the metrics fail?"),
    ] {
        let found = report(text).diagnostics;
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert!(found[0].help.as_deref().unwrap().contains(words), "{text:?}: {found:?}");
        assert_eq!(
            found[0].help.as_deref().unwrap().contains("--allow-empty"),
            words.starts_with("did"),
            "{text:?}"
        );
    }
}

#[test]
fn neighbors_of_common_mistakes() {
    assert_each(&[
        ("a 5 %", "invalid-timestamp", "%", "without a unit"),
        ("temp 21 \u{b0}C", "invalid-timestamp", "\u{b0}C", "without a unit"),
        ("x \u{2212}5", "value", "\u{2212}5", "write `-5`"),
        ("d PT1M30S", "value", "PT1M30S", "in seconds: `90`"),
        ("rows->12", "metric-name", "rows->12", "write `rows 12`"),
        ("rows==12", "metric-name", "rows==12", "write `rows 12`"),
        ("rows:12", "missing-value", "rows:12", "write `rows 12`"),
        ("a(x=\"y\") 1", "metric-name", "a(x=\"y\") 1", "write `a{x=\"y\"} 1`"),
        ("a{'x'='y'} 1", "label-name", "'", "without quotes"),
        ("a x=\"y\" 1", "value", "x=\"y\"", "labels in one pair of braces"),
        ("a 1{x=\"y\"}", "value", "1{x=\"y\"}", "labels in one pair of braces"),
        ("a 1 {x=\"y\"}", "invalid-timestamp", "{x=\"y\"}", "labels in one pair of braces"),
        ("  File \"x\", line 3, in foo", "value", "\"x\",", "a log line"),
        ("backup size 12", "value", "backup size 12", "write `backup_size 12`"),
        ("a b: 1", "value", "a b: 1", "write `a_b 1`"),
        ("a: b: 1", "value", "a: b: 1", "write `a_b 1`"),
        ("a: b", "value", "b", "is it YAML or a log line?"),
        ("a:", "missing-value", "", "is it YAML or a log line?"),
        ("a{b=\"c\"} d:", "value", "d:", "is not a number"),
        ("a 1;b 2", "value", "1;b", "on its own line"),
        ("last Fri Nov 27 20:54:17 UTC 2026", "value", "Fri", "`date +%s`"),
        ("# TYPE a gauge # in bytes", "unknown-type", "gauge # in bytes", "write `gauge`"),
        ("# TYPE a gauge # TYPE b gauge", "unknown-type", "gauge # TYPE b gauge", "quote the variable"),
        ("a {x=\"y\"}: 5", "value", ":", "only a space"),
    ]);
}
