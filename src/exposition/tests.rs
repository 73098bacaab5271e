//! Tests the results of each rule, including the highlighted text. `tests/it/differential.rs` compares the checker with
//! real gateways.

use super::*;
use crate::grouping::{GroupingKey, KeyRules, Label};

fn report(text: &[u8], options: &CheckOptions<'_>) -> Report {
    check(Text { bytes: text, starts: &[0] }, options)
}

/// Returns the diagnostics as strings, each with severity, code and highlighted text.
fn found_with(text: &[u8], options: &CheckOptions<'_>) -> Vec<String> {
    let report = report(text, options);
    assert_eq!(report.diagnostics.len(), report.errors + report.fixed + report.warnings);
    let line = |diagnostic: &Diagnostic| {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Fixed => "fixed",
            Severity::Warning => "warning",
        };
        let marked = String::from_utf8_lossy(&text[diagnostic.span.clone()]);
        let marked = marked.replace('\r', "\\r").replace('\t', "\\t").replace('\u{feff}', "BOM");
        format!("{severity} {} `{marked}`", diagnostic.code.as_str())
    };
    report.diagnostics.iter().map(line).collect()
}

fn found(text: impl AsRef<[u8]>) -> Vec<String> {
    found_with(text.as_ref(), &CheckOptions::PLAIN)
}

fn key(labels: &[(&str, &str)]) -> GroupingKey {
    let labels =
        labels.iter().map(|(name, value)| Label { name: (*name).to_owned(), value: (*value).to_owned() });
    GroupingKey::new("x", labels, KeyRules::default()).unwrap()
}

#[track_caller]
fn assert_found(text: &str, expected: &[&str]) {
    assert_eq!(found(text), expected, "{text:?}");
}

#[track_caller]
fn help(text: &str) -> String {
    let report = report(text.as_bytes(), &CheckOptions::PLAIN);
    report.diagnostics[0].help.clone().unwrap_or_default()
}

#[test]
fn good_texts_have_no_diagnostics() {
    for text in [
        "a 1\n",
        "# HELP a Some help with \\\\ and \\n.\n# TYPE a counter\na{b=\"x\",c=\"\\\"\\\\\\n\"} 1e3\n",
        "\n \t\n  a\t{ b = \"x\" , }\t-.5\n",
        "#TYPE a gauge\na 1\n",
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
        "# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 3\ns_count 2\n",
        "# EOF\na 1\n# UNIT a seconds\n",
        "a{b=\"}\",c=\",\",d=\"#\"} 1\n",
        "# TYPE never_sampled gauge\na 1\n   ",
        "a 1\n# TYPE go_goroutines gauge\ngo_goroutines{x=\"y\"} 1\n",
    ] {
        assert_found(text, &[]);
    }
}

#[test]
fn names() {
    assert_found("my-metric 1\n", &["error metric-name `-`"]);
    assert_found("my.metric{a=\"b\"} 1\n", &["error metric-name `.`"]);
    assert_found("1st 1\n", &["error metric-name `1`"]);
    assert_found("é 1\n", &["error metric-name `é`"]);
    assert_found("# TYPE my-metric gauge\n", &["error metric-name `-`"]);
    assert_found("# TYPE 9 gauge\na 1\n", &["error metric-name `9`"]);
    assert_found("\"\" 1\n", &["error metric-name `\"\"`"]);
    assert_found("{\"my.metric\"} 1\n", &["error utf8-name `\"my.metric\"`"]);
    assert_found("{\"a\",\"b\"} 1\n", &["error multiple-metric-names `\"b\"`"]);
    assert_found("{\"a\" \"b\"} 1\n", &["error metric-name `\"`"]);
    assert_found("{a=\"x\"} 1\n", &["error nameless-sample `{a=\"x\"}`"]);
    assert_eq!(
        help("my-metric 1\n"),
        "a metric name can contain only letters, digits, `_` and `:`; for example `my_metric`"
    );
    assert!(help("# TYPE my-metric.total gauge\n").ends_with("for example `my_metric_total`"));
}

#[test]
fn labels() {
    assert_found("a{my-label=\"x\"} 1\n", &["error label-name `-`"]);
    assert_found("a{1=\"x\"} 1\n", &["error label-name `1`"]);
    assert_found("a{b=\"x\",,} 1\n", &["error label-name `,`"]);
    assert_found("a{b} 1\n", &["error label-value `}`"]);
    assert_found("a{b=x} 1\n", &["error label-value `x`"]);
    assert_found("a{b='x'} 1\n", &["error label-value `'`"]);
    assert_found("a{b=“x”} 1\n", &["error label-value `“`"]);
    assert_found("a{b=\"x\" c=\"y\"} 1\n", &["error missing-comma `c`"]);
    assert_found("a{b=\"x\"\n", &["error unclosed-brace ``"]);
    assert_found("a{\n", &["error unclosed-brace ``"]);
    assert_found("a{b=\"x} 1\n", &["error unclosed-quote `\"x} 1`"]);
    assert_found("a{b=\"x\ny\"} 1\n", &["error unclosed-quote `\"x`"]);
    assert_found("a{path=\"C:\\temp\"} 1\n", &[r"error escape `\t`"]);
    assert_eq!(found(b"a{b=\"x\xff\"} 1\n"), ["error invalid-utf8 `\u{fffd}`"]);
    assert_found("a{b=\"x\",c=\"\",b=\"y\"} 1\n", &["error duplicate-label `b`"]);
    assert_found("a{__name__=\"x\"} 1\n", &["error name-label `__name__=\"x\"`"]);
    assert_found("a{__b=\"x\"} 1\n", &["error reserved-label `__b`"]);
    assert_found(
        "{\"a\",\"b.c\"=\"x\"} 1\n",
        &["warning older-gateway `\"a\"`", "error utf8-name `\"b.c\"`"],
    );
}

#[test]
fn a_label_that_occurs_often_among_many() {
    let mut text = String::from("a{");
    for number in 0..1_000 {
        text.push_str(&["n", &(number % 400).to_string(), "=\"x\","].concat());
    }
    text.push_str("\"n7\"=\"y\"} 1\n");
    let report = report(text.as_bytes(), &CheckOptions::PLAIN);
    assert_eq!((report.errors, report.warnings), (601, 1));
    let last = report.diagnostics.iter().rfind(|found| found.code == Code::DuplicateLabel).unwrap();
    assert_eq!(&text[last.span.clone()], "\"n7\"");
    assert_eq!(last.related[0].span.start, text.find("n7=").unwrap());
}

#[test]
fn values() {
    assert_found("a\n", &["error missing-value ``"]);
    assert_found("a{b=\"x\"}\n", &["error missing-value ``"]);
    assert_found("a 1,5\n", &["error value `1,5`"]);
    assert_found("a 1e999\n", &["error value `1e999`"]);
    assert_found("a 0x1F\n", &["error value `0x1F`"]);
    assert_found("a 1b 2\n", &["error joined-lines `1b`"]);
    assert_found("a 1other_metric{b=\"c\"} 2\n", &["error joined-lines `1other_metric{b=\"c\"}`"]);
    assert_found("a 1 now\n", &["error invalid-timestamp `now`"]);
    assert_found("a 1 1700000000\n", &["error timestamp `1700000000`"]);
    assert_found("a 1 1700000000.5\n", &["error invalid-timestamp `1700000000.5`"]);
    assert_found("a 1 1 1\n", &["error trailing-text `1`"]);
    assert_found("a 1 # {t=\"x\"} 1\n", &["error exemplar `# {t=\"x\"} 1`"]);
    assert_found("a 1 5 # {t=\"x\"} 1\n", &["error exemplar `# {t=\"x\"} 1`"]);
    assert_eq!(help("a 1,5\n"), "write `1.5`; `LC_ALL=C` makes most programs do this");
    assert!(help("a 1b 2\n").contains("`--data-binary`"));
    assert!(help("a 1 1700000000\n").contains("`--strip-timestamps`"));
}

#[test]
fn types_and_helps() {
    assert_found("# TYPE a conter\na 1\n", &["error unknown-type `conter`"]);
    assert_eq!(help("# TYPE a conter\n"), "did you mean `counter`?");
    assert_eq!(
        help("# TYPE a info\n"),
        "`info` is an OpenMetrics type; write `# TYPE a_info gauge`, and use that name in the HELP line too"
    );
    assert_found("# TYPE a gauge\n# TYPE a counter\na 1\n", &["error duplicate-type `a`"]);
    assert_found("a 1\n# TYPE a gauge\n", &["error type-after-samples `a`"]);
    assert_found(
        "# TYPE s summary\n# TYPE s_sum gauge\ns_sum 1\ns_count 1\n",
        &["error duplicate-type `s_sum`"],
    );
    assert_found("# HELP a x\n# HELP a y\na 1\n", &["error duplicate-help `a`"]);
    assert_found("# HELP a C:\\x\na 1\n", &[r"error escape `\x`"]);
    assert_found("# HELP a x\\\na 1\n", &[r"error escape `\`"]);
    assert_eq!(found(b"# HELP a \xff\na 1\n"), ["error help-invalid-utf8 `\u{fffd}`"]);
}

#[test]
fn histograms_and_summaries() {
    assert_found(
        "# TYPE h histogram\nh_bucket{le=\"fast\"} 1\nh_sum 1\nh_count 1\n",
        &["error bucket-bound `fast`"],
    );
    assert_found("# TYPE s summary\ns{quantile=\"p99\"} 1\ns_sum 1\ns_count 1\n", &["error quantile `p99`"]);
    assert_found(
        "# TYPE h histogram\nh_bucket{le=\"+Inf\"} -1\nh_sum 1\nh_count 1\n",
        &["error negative-count `-1`"],
    );
    assert_found(
        "# TYPE h histogram\nh 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
        &["warning dropped-sample `h`"],
    );
    assert_found("# TYPE a histgram\na 1\n", &["error unknown-type `histgram`"]);
    assert_eq!(
        help("# TYPE h histogram\nh_bucket 1\n"),
        "its samples have the suffix `_bucket` and the label `le`, or the suffix `_sum` or `_count`"
    );
    // A HELP line before the TYPE line makes the bucket a separate metric.
    let text = "# HELP h_bucket x\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
    assert_found(text, &["error suffix-collision `h_bucket`"]);
    assert!(help(text).starts_with("remove this line;"));
    assert_eq!(report(text.as_bytes(), &CheckOptions::PLAIN).diagnostics[0].span, 7..15);
    assert_found("# TYPE s summary\ns_sum 1\n", &["warning missing-part `s_sum`"]);
    assert!(help("c_count 1\n# TYPE c summary\nc_sum 0\n").contains("write the TYPE line of `c` before it"));
    assert_eq!(
        help("# TYPE c_count counter\nc_count 5\n# TYPE c summary\nc{quantile=\"0.5\"} 0\nc_sum 1\n"),
        "rename `c_count` or `c`; both have a TYPE line"
    );
    assert_found("# TYPE s summary\ns_sum 1\ns_count 1.5\n", &["warning summary-count `1.5`"]);
    assert_found(
        "h_count 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\n",
        &["error suffix-collision `h_count`"],
    );
    assert_found(
        "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.50\"} 1\ns_sum 1\ns_count 1\n",
        &["warning duplicate-part `s{quantile=\"0.5\"}`"],
    );
    assert_found(
        "# TYPE s summary\ns_sum 1\ns_count 1\na 1\ns_count 2\n",
        &["warning duplicate-part `s_sum`"],
    );
    // The lines of a histogram need not be consecutive, and their labels can be in any order.
    let scattered = "# TYPE h histogram\nh_sum{a=\"1\",b=\"2\"} 1\nh_sum 1\nother 1\nh_bucket{b=\"2\",le=\"+Inf\",a=\"1\"} 1\n\
        h_count{b=\"2\",a=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n";
    assert_found(scattered, &[]);
}

#[test]
fn series() {
    assert_found(
        "a{b=\"x\",c=\"y\"} 1\na{c=\"y\",b=\"x\"} 2\n",
        &["error duplicate-series `a{c=\"y\",b=\"x\"}`"],
    );
    assert_found(
        "a{b=\"\\n\"} 1\n{\"a\",b=\"\\n\"} 2\n",
        &["error duplicate-series `{\"a\",b=\"\\n\"}`", "warning older-gateway `\"a\"`"],
    );
    assert_found("a 1\na{instance=\"\"} 2\n", &["error duplicate-series `a{instance=\"\"}`"]);
    // Every push has a job label.
    let federated = "up{job=\"a\"} 1\nup{job=\"b\"} 1\n";
    assert_found(
        federated,
        &["warning overwritten-label `job=\"a\"`", "error duplicate-series `up{job=\"b\"}`"],
    );
    // The gateway does not ignore labels with empty values.
    assert_found("a 1\na{b=\"\"} 2\n", &[]);
}

#[test]
fn all_duplicates_are_found_in_a_large_text() {
    let mut text = String::new();
    for number in 0..20_000 {
        text.push_str(&["a{n=\"", &(number % 15_000).to_string(), "\"} 1\n"].concat());
    }
    let report = report(text.as_bytes(), &CheckOptions::PLAIN);
    assert_eq!((report.errors, report.samples, report.families), (5_000, 20_000, 1));
    let first = &report.diagnostics[0];
    assert_eq!(&text[first.span.clone()], "a{n=\"0\"}");
    assert_eq!(first.related[0].span, 0..first.span.len());
}

#[test]
fn the_grouping_key_overwrites_labels() {
    let grouping = key(&[("a", "1"), ("instance", "i")]);
    let options = CheckOptions { grouping: Some(&grouping), ..CheckOptions::PLAIN };
    assert_eq!(found_with(b"m{a=\"1\"} 1\n", &options), [""; 0]);
    assert_eq!(
        found_with(b"m{a=\"2\"} 1\nm{instance=\"j\",b=\"x\"} 1\n", &options),
        ["warning overwritten-label `a=\"2\"`", "warning overwritten-label `instance=\"j\"`",]
    );
    assert_eq!(found_with(b"m{a=\"1\"} 1\nm 2\n", &options), ["error duplicate-series `m`"]);
    let twice = b"# TYPE s summary\ns_sum{a=\"1\"} 1\ns_count{a=\"1\"} 1\ns_sum 1\ns_count 1\n";
    assert_eq!(found_with(twice, &options), ["error duplicate-series `s_sum`"]);
}

#[test]
fn labels_of_the_grouping_key_with_another_meaning() {
    let (le, quantile) = (key(&[("le", "1")]), key(&[("quantile", "1")]));
    let (le, quantile) = (
        CheckOptions { grouping: Some(&le), ..CheckOptions::PLAIN },
        CheckOptions { grouping: Some(&quantile), ..CheckOptions::PLAIN },
    );
    let histogram = Code::LeInKey.example();
    let summary = Code::QuantileInKey.example();
    assert_eq!(found_with(histogram, &le)[0], "error le-in-key `h_sum`");
    assert_eq!(found_with(summary, &quantile)[0], "error quantile-in-key `s_sum`");
    assert!(found_with(histogram, &quantile)[0].starts_with("warning missing-part"));
    assert!(found_with(summary, &le)[0].starts_with("warning missing-part"));
}

#[test]
fn names_that_the_gateway_uses_itself() {
    assert_found("push_time_seconds 1\n", &["error reserved-name `push_time_seconds`"]);
    assert_found("pushgateway_build_info{a=\"b\"} 1\n", &["error reserved-name `pushgateway_build_info`"]);
    assert_found("go_goroutines 1\n", &["error gateway-type-conflict `go_goroutines`"]);
    assert_found("go_gc_duration_seconds_sum 1\n", &["error suffix-collision `go_gc_duration_seconds_sum`"]);
    assert_eq!(
        help("process_open_fds 7\n"),
        "declare it as the gateway does: `# TYPE process_open_fds gauge`; or rename the metric"
    );
    assert!(help("go_gc_duration_seconds_sum 7\n").contains("`# TYPE go_gc_duration_seconds summary`"));
    // Only the type conflict is reported, although `_sum` and `_count` also become separate metrics.
    assert_found(
        "go_gc_duration_seconds{quantile=\"0\"} 1\ngo_gc_duration_seconds_sum 1\ngo_gc_duration_seconds_count 1\n",
        &["error gateway-type-conflict `go_gc_duration_seconds`"],
    );
    let openmetrics = "# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total 1.2\n";
    assert_found(openmetrics, &["error gateway-type-conflict `process_cpu_seconds_total`"]);
    assert!(help(openmetrics).ends_with("write `# TYPE process_cpu_seconds_total counter`"));
}

#[test]
fn openmetrics() {
    assert_found("# TYPE a counter\na_total 1\na_created 1\n", &["warning openmetrics-counter `a`"]);
    let whole = "# TYPE a counter\na_total 1\na_created 1\n# EOF\n";
    assert_found(whole, &["warning openmetrics `# TYPE a counter`", "warning openmetrics-counter `a`"]);
    assert!(help(whole).contains("`Accept: text/plain;version=0.0.4`"));
    assert_found(
        "# TYPE b info\nb_info 1\nt 1 # {t=\"x\"} 1\n",
        &[
            // Both errors are reported as one, because fixing them separately would lose the type and the exemplar.
            "error wrong-format `# TYPE b info`",
        ],
    );
    assert!(help("# TYPE b info\nb_info 1\nt 1 # {t=\"x\"} 1\n").contains("`# EOF`"));
    assert!(help("# TYPE a counter\na_total 1\n").ends_with("`# TYPE a_total counter`"));
    assert!(help("# HELP a x\n# TYPE a counter\na_total 1\n").contains("use that name in the HELP line too"));
    assert_found("# TYPE a counter\n# TYPE a_total counter\na_total 1\n", &[]);
    // The `default_type` option adds a TYPE line.
    let text = b"# TYPE a counter\na_total 1\n";
    assert_eq!(
        found_with(text, &CheckOptions { default_type: Some("counter"), ..CheckOptions::PLAIN }),
        [""; 0]
    );
    let untyped = CheckOptions { default_type: Some("untyped"), ..CheckOptions::PLAIN };
    assert_eq!(found_with(text, &untyped), ["warning openmetrics-counter `a`"]);
    assert_found("# TYPE a info\n", &["error unknown-type `# TYPE a info`"]);
}

#[test]
fn text_that_is_accepted_with_another_meaning() {
    assert_found("backup_size: 12\n", &["warning colon-name `backup_size:`"]);
    assert_eq!(help("backup_seconds: 12.5\n"), "write `backup_seconds`, without the colon");
    assert_found("a:b 1\n", &[]);
    for line in
        ["# type a gauge", "# TYPE: a gauge", "#Type a counter", "# help a x", "# HELP: a x", "#Help a x y"]
    {
        let word = &line[1..].trim_start()[..line[1..].trim_start().find(' ').unwrap()];
        assert_found(&format!("{line}\na 1\n"), &[&format!("warning ignored-type-line `{word}`")]);
    }
    for line in [
        "# type of a gauge",
        "# TYPE",
        "# the type a gauge",
        "# types a gauge",
        "# help",
        "# help is at https://x",
        "# helper a x",
        "# HELP: for a see b",
    ] {
        assert_found(&format!("{line}\na 1\n"), &[]);
    }
    let other = "# HELP daily_cluster_ok x\n# TYPE daily_cluster_ok counter\ndaily_node_ok 1\n";
    assert_found(other, &["warning other-type-line `daily_cluster_ok`"]);
    assert!(help(other).contains("`daily_node_ok`"));
    assert_found("# TYPE build gauge\nbuild_info 1\n", &["warning other-type-line `build`"]);
    let parts = "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
    let helps = "# HELP h_bucket x\n# HELP h_sum x\n# HELP h_count x\n# TYPE h histogram\n";
    for (text, code, marked, words) in [
        ("# TYPE a\na 1\n", "ignored-type-line", "a", "is the variable that should"),
        ("# TYPE a \na 1\n", "ignored-type-line", "a", "is the variable that should"),
        ("# TYPE a \r\na 1\n", "ignored-type-line", "a", "is the variable that should"),
        ("# TYPE gauge\na 1\n", "ignored-type-line", "gauge", "is the variable that should"),
        ("#\u{a0}TYPE a gauge\na 1\n", "ignored-type-line", "TYPE", "write `TYPE`, with plain spaces"),
        ("# TYPE\u{a0}a gauge\na 1\n", "ignored-type-line", "TYPE", "write `TYPE`, with plain spaces"),
        ("# HELP\u{a0}a x y\na 1\n", "ignored-type-line", "HELP", "write `HELP`, with plain spaces"),
        ("# TYPE a: gauge\na 1\n", "other-type-line", "a:", "write `a` here"),
        ("# TYPE h gauge\nh_bucket{le=\"1\"} 1\n", "other-type-line", "h", "declare `h` as a histogram"),
        ("# TYPE h summary\nh_bucket{le=\"1\"} 1\n", "other-type-line", "h", "declare `h` as a histogram"),
        (&format!("{parts}# TYPE h histogram\n"), "other-type-line", "h", "move it before the samples"),
        (&format!("{helps}{parts}"), "other-type-line", "h", "remove the HELP line of `h_bucket`"),
    ] {
        assert_eq!(found(text)[0], format!("warning {code} `{marked}`"), "{text:?}");
        assert!(help(text).contains(words), "{text:?}: {}", help(text));
    }
    assert_found("## TYPE a gauge\n# # TYPE a gauge\na 1\n# HELP a\n", &[]);
    for text in [
        "# TYPE daily_a counter\ndaily_b 1\ndaily_a 1\n",
        "# TYPE daily_a counter\n# TYPE daily_b counter\ndaily_b 1\n",
        "# TYPE other_a counter\ndaily_b 1\n",
        "daily_b 1\n# TYPE daily_a counter\ndaily_b{x=\"y\"} 1\n",
    ] {
        assert_found(text, &[]);
    }
    assert_found("a{path=\"C:\\new\\network\"} 1\n", &["warning windows-path `C:\\new\\network`"]);
    assert_eq!(help("a{path=\"C:\\new\"} 1\n"), "double each backslash in the path: `C:\\\\new`");
    assert_found("a{path=\"C:\\\\new\\n\"} 1\na{path=\"C: \\n\"} 1\na{path=\"x\\n\"} 1\n", &[]);
}

#[test]
fn an_empty_text() {
    for text in ["", "\n", "# HELP a x\n", "  "] {
        assert_found(text, &["error no-samples ``"]);
        assert_eq!(
            found_with(text.as_bytes(), &CheckOptions { allow_empty: true, ..CheckOptions::PLAIN }),
            [""; 0]
        );
    }
    // An invalid sample still counts as a sample.
    assert_found("a-b 1\n", &["error metric-name `-`"]);
}

#[test]
fn input_in_another_format_is_one_error() {
    for text in [
        &b"<!DOCTYPE html>\n<html>\n<p>502\n"[..],
        b"{\"status\":\"success\",\n\"data\":[]}\n",
        b"\x1f\x8b\x08\0\0\n\0\0\n",
        b"\xff\xfea\0 \x001\0\n\0b\0",
    ] {
        let report = report(text, &CheckOptions::PLAIN);
        let codes: Vec<_> = report.diagnostics.iter().map(|found| found.code).collect();
        assert_eq!(codes, [Code::WrongFormat], "{}", text.escape_ascii());
    }
}

#[test]
fn an_error_neither_hides_nor_causes_others() {
    assert_found(
        "a-b 1\nc 1,5\nd 1 5\n# TYPE e bogus\ne 1\n# TYPE e gauge\n",
        &["error metric-name `-`", "error value `1,5`", "error timestamp `5`", "error unknown-type `bogus`"],
    );
    // The line that could not be parsed may be the missing part.
    assert_found("# TYPE h histogram\nh_sum 1\nh_count{ 1\n", &["error label-name `1`"]);
}

#[test]
fn each_of_two_invalid_lines_is_reported() {
    let lines = [
        "@ 1,5",
        "@ 12 ms",
        "@-x 1",
        "@{x=y} 1",
        "@{x=\"y\" z=\"w\"} 1",
        "@{x=\"y\"}} 1",
        "@ $V",
        "@ 1 # comment",
        "@ 1 2026-11-28",
        "@ 1 2 3",
        "@ 12 345 678",
        "@=5",
        "@ 1b 2",
        "# TYPE @ guage",
        "# TYPE @-x gauge",
        "# HELP @ C:\\temp",
        "12 @",
        "@{x=\"y\",x=\"z\"} 1",
        "{\"@.x\"} 1",
        "\"@ 1\"",
    ];
    for (first, second) in lines.iter().flat_map(|first| lines.map(|second| (*first, second))) {
        let text = format!("{}\n{}\nend 1\n", first.replace('@', "a"), second.replace('@', "b"));
        let report = report(text.as_bytes(), &CheckOptions::PLAIN);
        let errors = report.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        let starts = errors.map(|found| text[..found.span.start].matches('\n').count());
        assert_eq!(starts.collect::<Vec<_>>(), [0, 1], "{text}{report:#?}");
    }
    assert_found(
        "# TYPE s summary\ns_count 1 ms\ns_sum 1,5\n",
        &["error invalid-timestamp `ms`", "error value `1,5`"],
    );
}

#[test]
fn openmetrics_names_in_a_gauge_histogram() {
    let text = "# TYPE h gaugehistogram\nh_bucket{le=\"+Inf\"} 2\nh_gcount 2\nh_gsum 5\n";
    assert_found(
        text,
        &["warning older-gateway `gaugehistogram`", "warning missing-part `h_bucket{le=\"+Inf\"}`"],
    );
    let missing = &report(text.as_bytes(), &CheckOptions::PLAIN).diagnostics[1];
    let help = "`_gcount` and `_gsum` become two untyped metrics; write `_count` and `_sum`";
    assert_eq!(missing.help.as_deref(), Some(help));
    let text = text.replace("h_g", "h_");
    assert_found(&text, &["warning older-gateway `gaugehistogram`"]);
}

#[test]
fn consequences_of_an_error_are_not_reported() {
    for part in ["s_su=m 2", "s_sum 1,5", "s_sum1", "s_sum{a=b} 1"] {
        let text = format!("# TYPE s summary\ns_count 1\n{part}\n");
        let report = report(text.as_bytes(), &CheckOptions::PLAIN);
        assert_eq!((report.errors, report.warnings), (1, 0), "{part}: {report:#?}");
    }
    // A label value with line breaks, which may contain quotes.
    let traceback = "a{err=\"Traceback\n  File 'x', line 3\n    foo_1(1)\nValueError: bad\"} 1\nb 2\n";
    assert_found(traceback, &["error unclosed-quote `\"Traceback`"]);
    assert_found("a{err=\"x\n\\\"y\\\"\nba\nr\"} 1\nb 2\n", &["error unclosed-quote `\"x`"]);
    assert_found(
        "a{b=\"x} 1\nb-c 2\nc{d=\"e\"} 1\n",
        &["error unclosed-quote `\"x} 1`", "error metric-name `-`"],
    );
    assert_found(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nDate: x\r\n\r\na 1\nb-c 1\n",
        &["error metric-name `/`", "error metric-name `-`"],
    );
    for (text, found) in [
        ("a{\n  b=\"c\",\n  d=\"e\"\n} 1\nf 2\n", "error unclosed-brace ``"),
        ("a{b\n=\"c\"} 1\n", "error unclosed-brace ``"),
        ("a\n{b=\"c\"} 1\n", "error missing-value ``"),
        ("a{b=\"c\"}\n 1\n", "error missing-value ``"),
        ("# TYPE a gaug\ne\na 1\n", "error unknown-type `gaug`"),
        ("# TYPE process_open/fds gauge\nprocess_open_fds 1\n", "error metric-name `/`"),
        (
            "# TYPE h histogram\nh_bucket{lex=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
            "warning dropped-sample `h_bucket`",
        ),
    ] {
        assert_found(text, &[found]);
    }
    let lint = CheckOptions { lint: true, ..CheckOptions::PLAIN };
    assert_eq!(
        found_with(b"# HELP a x\na 1\nReading aB=\"x\" list\nINFO: x{aB=\"c\"}\n", &lint),
        ["error value `aB=\"x\"`", "error value `x{aB=\"c\"}`"]
    );
}

#[test]
fn a_whole_line_in_quotes() {
    for utf8_names in [false, true] {
        let options = CheckOptions { utf8_names, ..CheckOptions::PLAIN };
        assert_eq!(
            found_with(b"\"some_metric 3.14\" \r\n", &options),
            ["error missing-value `\"some_metric 3.14\"`"]
        );
    }
    assert!(help("\"some_metric 3.14\"\n").starts_with("write `some_metric 3.14`;"));
    assert_found("\"some metric\"\n", &["error utf8-name `\"some metric\"`"]);
}

#[test]
fn repairs() {
    for (text, repaired, expected) in [
        ("a 1", "a 1\n", &["fixed missing-newline ``"][..]),
        ("a 1\r\nb 2\r\n", "a 1\nb 2\n", &["fixed carriage-return `\\r`", "fixed carriage-return `\\r`"]),
        ("\u{feff}a 1\n", "a 1\n", &["fixed byte-order-mark `BOM`"]),
        ("a 1 \t\n", "a 1\n", &["fixed trailing-whitespace ` \\t`"]),
        ("# TYPE a gauge \na 1\n", "# TYPE a gauge\na 1\n", &["fixed trailing-whitespace ` `"]),
        ("# TYPE a gauge\r\na 1\n", "# TYPE a gauge\na 1\n", &["fixed carriage-return `\\r`"]),
        ("a 1\n\r\n", "a 1\n\n", &["fixed carriage-return `\\r`"]),
        ("# HELP a x \r\na 1\n", "# HELP a x \na 1\n", &["warning help-carriage-return `\\r`"]),
        ("# EOF", "# EOF\n", &["error no-samples ``", "fixed missing-newline ``"]),
        ("a 1 \r", "a 1\n", &["fixed carriage-return ` \\r`", "fixed missing-newline ``"]),
    ] {
        assert_found(text, expected);
        let splices = report(text.as_bytes(), &CheckOptions::PLAIN).splices;
        assert_eq!(apply(text.as_bytes(), &splices), repaired.as_bytes(), "{text:?}");
    }
}

#[test]
fn repeated_help_and_type_lines_are_removed() {
    let (first, again) = ("# HELP a x\n# TYPE a gauge\na{f=\"1\"} 1\n", "a{f=\"2\"} 2\n");
    for (lines, kept, expected) in [
        (
            "# HELP a x\n# TYPE a gauge\n",
            "\n\n",
            &["fixed duplicate-help `a`", "fixed duplicate-type `a`"][..],
        ),
        (
            "#  HELP  a   x\r\n# TYPE a\tGAUGE \r\n",
            "\n\n",
            &["fixed duplicate-help `a`", "fixed duplicate-type `a`"],
        ),
        ("# HELP a xx\n", "# HELP a xx\n", &["error duplicate-help `a`"]),
        ("# HELP a a x\n", "# HELP a a x\n", &["error duplicate-help `a`"]),
        ("# TYPE a counter\n", "# TYPE a counter\n", &["error duplicate-type `a`"]),
        ("# TYPE a counte\n", "# TYPE a counte\n", &["error duplicate-type `a`"]),
    ] {
        let text = [first, lines, again].concat();
        assert_found(&text, expected);
        let repaired =
            apply(text.as_bytes(), &report(text.as_bytes(), &CheckOptions::PLAIN).splices).into_owned();
        assert_eq!(String::from_utf8(repaired).unwrap(), [first, kept, again].concat(), "{lines:?}");
    }
    // The files do not end with a newline.
    let text = Text { bytes: b"a 1\n# HELP b x# HELP b x\nb 1\n# HELP b x\n# HELP b b x", starts: &[0, 14] };
    let found: Vec<_> =
        check(text, &CheckOptions::PLAIN).diagnostics.iter().map(|found| found.severity).collect();
    assert_eq!(found, [Severity::Fixed, Severity::Fixed, Severity::Fixed, Severity::Error, Severity::Fixed]);
    assert_found("a 1\n# TYPE a untyped\n", &["fixed type-after-samples `a`"]);
    // The `default_type` option adds a TYPE line.
    let gauge = CheckOptions { default_type: Some("gauge"), ..CheckOptions::PLAIN };
    assert_eq!(found_with(b"a 1\n# TYPE a gauge\n", &gauge), ["fixed type-after-samples `a`"]);
    // `s_sum` belongs to the summary `s`, which already has a type.
    let summary = "# TYPE s summary\ns_sum 1\ns_count 1\n";
    assert_found(&format!("{summary}# TYPE s_sum summary\n"), &["error duplicate-type `s_sum`"]);
    let options = CheckOptions { repair: false, ..CheckOptions::PLAIN };
    assert_eq!(found_with(b"# TYPE a gauge\n# TYPE a gauge\na 1\n", &options), ["error duplicate-type `a`"]);
}

#[test]
fn without_repairs_there_are_errors() {
    let options = CheckOptions { repair: false, ..CheckOptions::PLAIN };
    assert_eq!(
        found_with(b"a 1 \nb 1", &options),
        ["error trailing-whitespace ` `", "error missing-newline ``"]
    );
    assert_eq!(found_with(b"# HELP a x\r\na 1\n", &options), ["warning help-carriage-return `\\r`"]);
    assert!(report(b"# HELP a x\r\na 1 ", &options).splices.is_empty());
}

#[test]
fn files_are_repaired_one_by_one() {
    let text = Text { bytes: b"a 1\xef\xbb\xbfb 2\r\nc 3", starts: &[0, 3, 9, 11] };
    let report = check(text, &CheckOptions::PLAIN);
    assert_eq!(report.errors, 0, "{report:#?}");
    assert_eq!(apply(text.bytes, &report.splices).as_ref(), b"a 1\nb 2\n\nc 3\n".as_slice());
}

#[test]
fn the_default_type_is_for_metrics_without_a_type() {
    let options = CheckOptions { default_type: Some("gauge"), ..CheckOptions::PLAIN };
    let text = b"# HELP a x\na 1\n# TYPE b counter\nb 2\n# TYPE h histogram\nh_sum 1\nh_count 1\nh_bucket{le=\"+Inf\"} 1\n\
        {\"c\"} 3\na{x=\"y\"} 4\ngo_goroutines 5\n";
    let report = report(text, &options);
    assert_eq!(report.errors, 0, "{report:#?}");
    let repaired = String::from_utf8(apply(text, &report.splices).into_owned()).unwrap();
    assert_eq!(
        repaired,
        "# HELP a x\n# TYPE a gauge\na 1\n# TYPE b counter\nb 2\n# TYPE h histogram\nh_sum 1\nh_count 1\n\
         h_bucket{le=\"+Inf\"} 1\n# TYPE \"c\" gauge\n{\"c\"} 3\na{x=\"y\"} 4\n# TYPE go_goroutines gauge\ngo_goroutines 5\n"
    );
}

#[test]
fn timestamps_are_stripped_on_request() {
    let options = CheckOptions { strip_timestamps: true, ..CheckOptions::PLAIN };
    let text = b"a 1 1700000000000\nb 2\t-5 \nc 3 1.5\nd 4 x\n";
    assert_eq!(
        found_with(text, &options),
        [
            "warning stripped-number `-5`",
            "fixed trailing-whitespace ` `",
            "warning stripped-number `1.5`",
            "error invalid-timestamp `x`"
        ]
    );
    assert_eq!(report(text, &options).stripped, 3);
    for time in ["1700000000", "1700000000.5", "1700000000123", "631152000", "-0.0e0"] {
        let text = format!("a 1 {time}\n");
        let expected = if time == "-0.0e0" { vec!["warning stripped-number `-0.0e0`"] } else { vec![] };
        assert_eq!(found_with(text.as_bytes(), &options), expected, "{time}");
    }
    let splices = report(text, &options).splices;
    assert_eq!(apply(text, &splices).as_ref(), b"a 1\nb 2\nc 3\nd 4 x\n");
}

#[test]
fn the_number_of_diagnostics_is_limited_and_errors_come_first() {
    let text = [&b"a 1 \n".repeat(100)[..], b"b-c 1\n", &b"d x\n".repeat(100)].concat();
    let options = CheckOptions { max_diagnostics: 3, ..CheckOptions::PLAIN };
    let report = report(&text, &options);
    // The hundred `a` lines are one series and 99 duplicates.
    assert_eq!((report.errors, report.fixed), (99 + 1 + 100, 100));
    assert_eq!(report.diagnostics.len(), 3);
    assert!(report.diagnostics.iter().all(|found| found.severity == Severity::Error));
    assert!(report.diagnostics.is_sorted_by_key(|found| found.span.start));
    assert_eq!(report.diagnostics[0].span, 5..6);
}

#[test]
fn no_kind_of_problem_hides_another() {
    let text =
        ["# HELP a x\n", &"a 1 1700000000000\n".repeat(30), "rows 1,5\n", &"b-c 1\n".repeat(10)].concat();
    let options = CheckOptions { max_diagnostics: 20, ..CheckOptions::PLAIN };
    let report = report(text.as_bytes(), &options);
    let shown = |code| report.diagnostics.iter().filter(|found| found.code == code).count();
    let codes = [Code::Timestamp, Code::DuplicateSeries, Code::Value, Code::MetricName];
    // The first three diagnostics of each code are kept, and then other diagnostics in order of position.
    assert_eq!(codes.map(shown), [8, 8, 1, 3]);
    assert!(report.diagnostics.is_sorted_by_key(|found| found.span.start));
    let error = |code, count| (Severity::Error, code, count);
    assert_eq!(
        report.counts,
        [
            error(Code::Timestamp, 30),
            error(Code::DuplicateSeries, 29),
            error(Code::MetricName, 10),
            error(Code::Value, 1)
        ]
    );
}

#[test]
fn samples_without_a_name() {
    assert_found("{} 1\n", &["error nameless-sample `{}`"]);
    assert_found("a 1\n# TYPE b gauge\n {x=\"y\"} 2\n", &["error nameless-sample `{x=\"y\"}`"]);
    assert_found(
        "a 1\n{x=\"y\"} 2\n{x=\"z\",} 3 4\nb 1\nb 1\n",
        &[
            "error nameless-sample `{x=\"y\"}`",
            "error nameless-sample `{x=\"z\",}`",
            "error duplicate-series `b`",
        ],
    );
    // The nameless sample may be the missing part of the histogram.
    assert_found(
        "# TYPE h histogram\nh_sum 1\n{le=\"+Inf\"} 1\n",
        &["error nameless-sample `{le=\"+Inf\"}`"],
    );
}

#[test]
fn a_name_between_braces_is_read_after_the_line_before() {
    assert_found(
        "# TYPE h histogram\na 1\n{\"h_bucket\",x=\"y\",le=\"1\"} 1\n",
        &["error parser-crash `{\"h_bucket\",x=\"y\",le=\"1\"}`", "warning older-gateway `\"h_bucket\"`"],
    );
    let summary = "# TYPE s summary\ns{quantile=\"1\"} 1\ns_sum 1\ns_count 1\n";
    assert_found(
        &format!("{summary}{{quantile=\"1\",a}} 1\n"),
        &["error parser-crash `{quantile=\"1\",a}`", "warning older-gateway `a`"],
    );
    // The parser reads a line correctly if the previous line is for the same metric, or if no label has a special
    // meaning.
    let good = "# TYPE h histogram\n{\"h_bucket\",le=\"+Inf\"} 1\n{\"h_sum\"} 1\n{\"h_count\"} 1\n";
    assert_found(good, &["warning older-gateway `\"h_bucket\"`"]);
    assert_found("a 1\n{le=\"1\",b} 1\n{b} 2\n", &["warning older-gateway `b`"]);
    assert_found(
        "a 1\n{le=\"1\",b} 1\n{b,le=\"1\"} 2\n",
        &["warning older-gateway `b`", "error duplicate-series `{b,le=\"1\"}`"],
    );
}

#[test]
fn each_example_has_its_code() {
    let (le, quantile) = (key(&[("le", "1")]), key(&[("quantile", "1")]));
    for code in Code::ALL {
        let grouping = match code {
            Code::LeInKey => Some(&le),
            Code::QuantileInKey => Some(&quantile),
            _ => None,
        };
        let lint = code.category() == Category::Lint;
        let strip_timestamps = *code == Code::StrippedNumber;
        let format = match code.category() {
            Category::Openmetrics => TextFormat::Openmetrics,
            _ => TextFormat::Prometheus,
        };
        let options = CheckOptions { grouping, strip_timestamps, lint, format, ..CheckOptions::PLAIN };
        let report = report(code.example(), &options);
        assert!(report.diagnostics.iter().any(|found| found.code == *code), "{code:?}: {report:#?}");
        assert!(report.diagnostics.len() <= 2, "{code:?}: {report:#?}");
    }
}
