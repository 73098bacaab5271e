//! Tests the diagnostics and the conversion.

use crate::exposition::{CheckOptions, Severity, Text, TextFormat, apply, check};
use proptest::prelude::*;

const CONVERT: CheckOptions<'static> = CheckOptions {
    format: TextFormat::Openmetrics,
    convert_only: true,
    allow_empty: true,
    utf8_names: true,
    ..CheckOptions::PLAIN
};

/// Returns the diagnostics, each as line number, code and highlighted text, and the converted text.
fn report(text: &str, options: &CheckOptions<'_>) -> (Vec<String>, String) {
    let report = check(Text { bytes: text.as_bytes(), starts: &[0] }, options);
    let show = |found: &crate::exposition::Diagnostic| {
        let line = text[..found.span.start].matches('\n').count() + 1;
        format!("{line} {} `{}`", found.code.as_str(), &text[found.span.clone()])
    };
    let errors = report.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let converted = String::from_utf8(apply(text.as_bytes(), &report.splices).into_owned()).unwrap();
    (errors.map(show).collect(), converted)
}

#[track_caller]
fn converts(text: &str, expected: &str) {
    let (errors, converted) = report(&format!("{text}# EOF\n"), &CONVERT);
    assert_eq!((errors, converted.as_str()), (vec![], expected), "{text}");
}

#[track_caller]
fn rejects(text: &str, expected: &[&str]) {
    let (errors, _) = report(&format!("{text}# EOF\n"), &CONVERT);
    assert_eq!(errors, expected, "{text}");
}

#[test]
fn metadata_gets_the_suffix_of_the_samples() {
    converts(
        "# HELP a x\n# TYPE a counter\na_total 1\n",
        "# HELP a_total x\n# TYPE a_total counter\na_total 1\n",
    );
    converts("# TYPE a counter\n", "# TYPE a_total counter\n");
    converts("# TYPE a info\n# HELP a \\\"x\\\" \\y\n", "# TYPE a_info gauge\n# HELP a_info \"x\" \\\\y\n");
    converts(
        "# TYPE \"a.b\" counter\n{\"a.b_total\"} 1\n",
        "# TYPE \"a.b_total\" counter\n{\"a.b_total\"} 1\n",
    );
    converts("# UNIT a_seconds seconds\n", "# TYPE a_seconds untyped\n");
    converts("# HELP a x\na 1\n", "# HELP a x\na 1\n");
}

#[test]
fn invalid_values_are_explained_as_in_the_text_format() {
    for (line, help) in [
        ("my-metric 1", "for example `my_metric`"),
        ("a=5", "write `a 5`"),
        ("a\u{a0}5", "write `a 5`"),
        ("a{x=\"y\"}: 5", "write only a space between the name and the value"),
        ("a{x=\"y\"} ", "is the variable that should contain it empty?"),
        ("a 12 ms", "write only the number, without a unit"),
        ("a 3 GB free", "is it a log line? write only metrics to standard output"),
        ("a 1 2x", "a timestamp is a number of seconds since 1970, such as 1700000000.5"),
        ("Backup finished in 12 s", "is it a log line? write only metrics to standard output"),
        ("a{x=\"y\"}1", "write exactly one space here"),
        ("a 1 NaN", "a timestamp is a number of seconds since 1970, such as 1700000000.5"),
    ] {
        let text = format!("{line}\n# EOF\n");
        let found = check(Text { bytes: text.as_bytes(), starts: &[0] }, &CONVERT).diagnostics;
        assert!(found[0].help.as_deref().unwrap().ends_with(help), "{line}: {found:?}");
    }
}

#[test]
fn samples_that_the_text_format_lacks_become_gauges() {
    converts(
        "# TYPE a summary\n# HELP a x\na_created{b=\"y\"} 1\na_sum{b=\"y\"} 2\na_count{b=\"y\"} 3\nz 1\n",
        "# TYPE a summary\n# HELP a x\na_sum{b=\"y\"} 2\na_count{b=\"y\"} 3\n# HELP a_created x\n# TYPE a_created gauge\na_created{b=\"y\"} 1\nz 1\n",
    );
}

#[test]
fn a_sample_with_the_same_timestamp_is_left_out() {
    converts("a 1 1.0\na 2 1.0000000001\na 3 2\n", "# TYPE a untyped\na 1 1000\na 3 2000\n");
}

#[test]
fn values_match_the_type() {
    for (text, value) in [
        ("# TYPE a counter\na_total NaN\n", "NaN"),
        ("# TYPE a info\na_info 2\n", "2"),
        ("# TYPE a stateset\na{a=\"x\"} 0.5\n", "0.5"),
        ("# TYPE a summary\na_sum -1\n", "-1"),
        ("# TYPE a summary\na{quantile=\"0.5\"} -1\n", "-1"),
        ("# TYPE a summary\na_count 1.5\n", "1.5"),
        ("# TYPE a histogram\na_bucket{le=\"+Inf\"} +Inf\n", "+Inf"),
    ] {
        let errors = report(&format!("{text}# EOF\n"), &CONVERT).0;
        assert_eq!(errors[0], format!("2 value-range `{value}`"), "{text}");
    }
    converts(
        "# TYPE a counter\na_total +Inf\n# TYPE b stateset\nb{b=\"x\"} 1.0\n",
        "# TYPE a_total counter\na_total +Inf\n# TYPE b gauge\nb{b=\"x\"} 1.0\n",
    );
}

#[test]
fn labels_match_the_type() {
    rejects("# TYPE a summary\na 1\n", &["2 sample-label `a`"]);
    rejects("# TYPE a summary\na{quantile=\"1.5\"} 1\n", &["2 quantile `1.5`"]);
    rejects("# TYPE a stateset\na{b=\"x\"} 1\n", &["2 sample-label `a`"]);
    let bucket = |le: &str| format!("# TYPE a histogram\na_bucket{{{le}}} 1\n");
    assert_eq!(report(&(bucket("le=\"inf\"") + "# EOF\n"), &CONVERT).0[0], "2 bucket-bound `inf`");
    assert_eq!(report(&(bucket("") + "# EOF\n"), &CONVERT).0[0], "2 sample-label `a_bucket`");
    assert_eq!(report(&(bucket("le=\"1\",le=\"2\"") + "# EOF\n"), &CONVERT).0[0], "2 duplicate-label `le`");
}

#[test]
fn the_lines_of_a_group_are_consecutive() {
    let counter = "# TYPE a counter\na_total{b=\"1\"} 1\na_total{b=\"2\"} 1\na_created{b=\"1\"} 1\n";
    rejects(counter, &["4 split-metric `a_created{b=\"1\"}`"]);
    rejects("a{b=\"1\"} 1\na{b=\"2\"} 1\na{b=\"1\"} 1\n", &["3 duplicate-series `a{b=\"1\"}`"]);
    rejects("a 1\na 2\n", &["2 duplicate-series `a`"]);
    let states = "# TYPE a stateset\na{b=\"1\",a=\"x\"} 1\na{b=\"2\",a=\"x\"} 1\na{b=\"1\",a=\"y\"} 1\n";
    rejects(states, &["4 split-metric `a{b=\"1\",a=\"y\"}`"]);
    rejects("# TYPE a stateset\na{a=\"x\"} 1\na{a=\"x\"} 1\n", &["3 duplicate-series `a{a=\"x\"}`"]);
    rejects(
        "# TYPE a info\na_info{b=\"x\"} 1\na_info 1\na_info{b=\"x\"} 1\n",
        &["4 duplicate-series `a_info{b=\"x\"}`"],
    );
    rejects(
        "# TYPE a summary\na{quantile=\"1\"} 1\na{quantile=\"0\"} 1\na{quantile=\"1.0\"} 1\n",
        &["4 duplicate-series `a{quantile=\"1.0\"}`"],
    );
}

#[test]
fn families_are_consecutive_and_have_unique_names() {
    rejects("# TYPE a gauge\na 1\nb 1\na{c=\"x\"} 1\n", &["4 split-metric `a`"]);
    rejects("# TYPE a counter\na 1\n", &["2 sample-name `a`"]);
    rejects("# TYPE a_total counter\na_total 1\n", &["2 sample-name `a_total`"]);
    rejects("# TYPE a_created gauge\n# TYPE a counter\n", &["2 name-clash `a`"]);
    rejects("# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_count 1\n", &["3 name-clash `a_count`"]);
}

#[test]
fn metadata_is_strict() {
    rejects("# TYPE a untyped\n", &["1 unknown-type `untyped`"]);
    rejects("# TYPE a gauge\n# TYPE a gauge\n", &["2 duplicate-type `a`"]);
    rejects("# HELP a x\n# HELP a x\n", &["2 duplicate-help `a`"]);
    rejects("# UNIT a_s s\n# UNIT a_s s\n", &["2 unit `a_s`"]);
    rejects("# TYPE a_s info\n# UNIT a_s s\n", &["2 unit `s`"]);
    rejects("# UNIT as s\n", &["1 unit `s`"]);
    rejects("a 1\n# TYPE a gauge\n", &["2 metadata `a`"]);
}

#[test]
fn histograms_are_complete() {
    let histogram = |lines: &str| format!("# TYPE h histogram\n{lines}");
    let infinite = "h_bucket{le=\"+Inf\"} 2\n";
    rejects(&histogram("h_sum 1\n"), &["2 incomplete-histogram `h_sum`"]);
    rejects(&histogram(&format!("{infinite}h_sum 1\n")), &["3 incomplete-histogram `h_sum`"]);
    rejects(&histogram(&format!("{infinite}h_count 2\n")), &["3 incomplete-histogram `h_count`"]);
    rejects(&histogram(&format!("{infinite}h_sum 1\nh_count 1\n")), &["4 incomplete-histogram `h_count`"]);
    let negative = format!("h_bucket{{le=\"-1\"}} 1\n{infinite}h_sum 1\nh_count 2\n");
    rejects(&histogram(&negative), &["4 incomplete-histogram `h_sum`"]);
    rejects(
        &histogram(&format!("h_bucket{{le=\"1\"}} 3\n{infinite}")),
        &["3 bucket-order `h_bucket{le=\"+Inf\"}`"],
    );
    let text =
        "# TYPE h gaugehistogram\nh_bucket{le=\"-1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_gsum -5\nh_gcount 2\n";
    converts(
        text,
        "# TYPE h histogram\nh_bucket{le=\"-1\"} 1\nh_bucket{le=\"+Inf\"} 2\n# TYPE h_gcount gauge\nh_gcount 2\n# TYPE h_gsum gauge\nh_gsum -5\n",
    );
}

#[test]
fn timestamps_of_a_group_ascend() {
    rejects("a 1 2\na 1 1\n", &["2 timestamp-order `1`"]);
    rejects("a 1 2\na 1\n", &["2 timestamp-order `a`"]);
    rejects("a 1 2x\n", &["1 invalid-timestamp `2x`"]);
    converts("a 1 1\na 1 1.5\n", "# TYPE a untyped\na 1 1000\na 1 1500\n");
}

#[test]
fn exemplars_belong_to_counters_and_buckets() {
    rejects("a 1 # {} 1\n", &["1 invalid-exemplar `# {} 1`"]);
    rejects("# TYPE a counter\na_created 1 # {} 1\n", &["2 invalid-exemplar `# {} 1`"]);
    converts("# TYPE a counter\na_total 1 5 # {b=\"}\"} 1 2\n", "# TYPE a_total counter\na_total 1 5000\n");
}

const EVERY_TYPE: &str = "# TYPE a counter\n# HELP a x\na_total{b=\"1\"} 1 # {c=\"x\"} 1\na_created{b=\"1\"} 2\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n# TYPE s stateset\ns{s=\"on\"} 1\ns{s=\"off\"} 0\n# EOF";

#[test]
fn every_truncated_text_is_reported() {
    assert_eq!(report(EVERY_TYPE, &CONVERT).0, [""; 0]);
    for end in 0..EVERY_TYPE.len() {
        let (errors, _) = report(&EVERY_TYPE[..end], &CONVERT);
        assert!(errors.last().is_some_and(|last| last.contains("missing-eof")), "{end}: {errors:?}");
    }
}

#[test]
fn another_format_is_named_instead_of_the_missing_end() {
    for (text, expected) in [
        ("{\"a\":1}\n", &["1 wrong-format `{`"][..]),
        ("\n<html>\n<p>\n", &["2 wrong-format `<`"]),
        ("{\"a\"} 1\n", &["2 missing-eof ``"]),
    ] {
        assert_eq!(report(text, &CONVERT).0, expected, "{text}");
    }
}

#[test]
fn text_after_the_end_is_an_error() {
    let after = |text: &str| report(text, &CONVERT).0;
    assert_eq!(after("a 1\n# EOF\nb 1\n# EOF\n"), ["3 text-after-eof `b 1`"]);
    assert_eq!(after("a 1\n# EOF\n\n"), ["3 text-after-eof ``"]);
    assert_eq!(after("a 1\n# EOF \n"), ["2 spacing ` `"]);
    assert_eq!(after("a 1\n# EOF\r\n"), ["2 carriage-return `\r`"]);
}

/// Generates similar lines, which use the fast path, and some other lines in between.
fn texts() -> impl Strategy<Value = String> {
    let head = prop::sample::select(vec![
        "a{x=@} ",
        "b_total{x=@} ",
        "b_created{x=@} ",
        "h_bucket{x=\"1\",le=@} ",
        "h_sum{x=@} ",
        "h_count{x=@} ",
        "s{quantile=@} ",
        "s_sum{x=@} ",
        "i_info{x=@} ",
        "t{t=@} ",
        "t{t=\"1\",x=@} ",
        "# TYPE b counter\n# HELP b ",
        "# TYPE h histogram\n# HELP h ",
        "# TYPE s summary\n# HELP s ",
        "# TYPE i info\n# HELP i ",
        "# TYPE t stateset\n# HELP t ",
    ]);
    let value = prop::sample::select(vec![
        "\"0\"", "\"1\"", "\"2\"", "\"0.5\"", "\"+Inf\"", "\"inf\"", "\"v\"", "\"\"", "\"a\\d\"", "\"ä\"",
    ]);
    let number = prop_oneof![
        8 => prop::sample::select(vec!["0", "1", "2"]),
        1 => prop::sample::select(vec!["-1", "NaN", "1.5", "+Inf", "x", "1 5", "1 6", "1 # {} 1", "1 "]),
    ];
    let run = (head, prop::collection::vec((value, number), 1..6)).prop_map(|(head, lines)| {
        let line = |(value, number): (&str, &str)| head.replacen('@', value, 1) + number + "\n";
        lines.into_iter().map(line).collect::<String>()
    });
    prop::collection::vec(run, 1..8).prop_map(|runs| runs.concat() + "# EOF\n")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(ProptestConfig::default().cases * 8) })]
    /// Invalid UTF-8 disables the fast path and changes nothing else.
    #[test]
    fn the_fast_path_changes_nothing(text in texts()) {
        let slow = [text.as_bytes(), b"\xff"].concat();
        let gateway = CheckOptions { format: TextFormat::Openmetrics, ..CheckOptions::PLAIN };
        for options in [CONVERT, gateway] {
            let show = |bytes: &[u8]| {
                let report = check(Text { bytes, starts: &[0] }, &options);
                let found: Vec<_> =
                    report.diagnostics.iter().filter(|found| found.span.start < text.len()).collect();
                let splices: Vec<_> = report.splices.iter().filter(|splice| splice.range.end < text.len()).collect();
                format!("{found:#?} {splices:?} {} {}", report.samples, report.families)
            };
            prop_assert_eq!(show(text.as_bytes()), show(&slow), "{}", text);
        }
    }
}

#[test]
fn the_first_occurrence_is_that_of_the_same_series() {
    let related = |text: &str, options: &CheckOptions<'_>| {
        let text = format!("{text}# EOF\n");
        let report = check(Text { bytes: text.as_bytes(), starts: &[0] }, options);
        let found = &report.diagnostics[0];
        let mark = found.related.first().map(|other| {
            let line = text[..other.span.start].matches('\n').count() + 1;
            format!("{line} {}", &text[other.span.clone()])
        });
        (found.message.clone(), mark)
    };
    let histogram = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\nh_count 1\n";
    let twice = |series: &str| format!("the series `{series}` occurs twice");
    assert_eq!(related(histogram, &CONVERT), (twice("h_count"), Some("3 h_count".to_owned())));
    let counter = "# TYPE c counter\nc_created{a=\"x\"} 1 5\nc_total{a=\"x\"} 1 5\nc_total{a=\"x\"} 1 6\n";
    let strip = CheckOptions { strip_timestamps: true, ..CONVERT };
    assert_eq!(related(counter, &strip), (twice("c_total{a=\"x\"}"), Some("3 c_total{a=\"x\"}".to_owned())));
    let (mixed, _) = related("# TYPE c counter\nc_total 1 5\nc_created 1\n", &CONVERT);
    assert!(mixed.ends_with("but the previous sample of the same metric has one"), "{mixed}");
    let (mixed, _) = related("a 1 5\na 1\n", &CONVERT);
    assert!(mixed.ends_with("but the previous sample of the same series has one"), "{mixed}");
    let text = "# TYPE c counter\nc_total 1 5\nc_created 1\n# EOF\n";
    assert_eq!(report(text, &strip).0, Vec::<String>::new());
}
