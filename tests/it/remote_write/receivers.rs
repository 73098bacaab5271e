//! What each kind of receiver does with each kind of request, and what pushgw says about it. A test is a receiver, and
//! calls a function for each request.

use crate::support::{
    Prometheus, Pushgw, RawSeries, Receiver, Stored, Version, now, prometheus_versions, pushgw,
};

/// A call of `pushgw push -v` with this job and text.
fn push(receiver: &Receiver, job: &str, version: &str, text: &str) -> Pushgw {
    let options = ["push", "-v", "-j", job, "--remote-write-version", version];
    pushgw().args(options).env("PUSHGATEWAY_REMOTE_WRITE", receiver.url()).stdin(text)
}

/// The stored samples with this job: metric, timestamp and value.
#[track_caller]
fn stored(receiver: &Receiver, job: &str) -> Vec<(String, i64, String)> {
    let of_job = |sample: &Stored| sample.labels.get("job").is_some_and(|value| value == job);
    let samples = receiver.stored().into_iter().filter(of_job);
    samples.map(|sample| (sample.name().to_owned(), sample.timestamp, sample.value)).collect()
}

/// The values of the stored samples with this job: `metric value`.
#[track_caller]
fn values(receiver: &Receiver, job: &str) -> Vec<String> {
    stored(receiver, job).into_iter().map(|(name, _, value)| format!("{name} {value}")).collect()
}

fn wrote(receiver: &Receiver, count: &str, job: &str, version: &str) -> String {
    let confirmed = if version == "2.0" { "confirmed" } else { "not confirmed by the receiver" };
    // The values of a query are not printed, because they can be secrets.
    let url = receiver.url().replace("db=pushed", "db=REDACTED");
    format!("wrote {count} of {{job=\"{job}\"}} to {url} (remote write {version}, {confirmed})")
}

fn every_row(receiver: &Receiver) {
    eprintln!("{}", receiver.name());
    good(receiver);
    good_as_1_0(receiver);
    good_as_2_0(receiver);
    the_same_sample_again(receiver);
    another_value_for_the_same_time(receiver);
    older_than_the_last(receiver);
    two_hours_old(receiver);
    twenty_minutes_ahead(receiver);
    what_receivers_drop_or_damage(receiver);
    not_a_number_and_infinity(receiver);
    nothing(receiver);
}

fn good(receiver: &Receiver) {
    let version = if receiver.confirms() { "2.0" } else { "1.0" };
    push(receiver, "good", "auto", "a 1\nb{x=\"y\"} 2\n")
        .stderr_has(wrote(receiver, "2 samples", "good", version))
        .run();
    assert_eq!(values(receiver, "good"), ["a 1.0", "b 2.0"]);
}

fn good_as_1_0(receiver: &Receiver) {
    push(receiver, "v1", "1.0", "a 1\n").stderr_has(wrote(receiver, "1 sample", "v1", "1.0")).run();
    assert_eq!(values(receiver, "v1"), ["a 1.0"]);
}

/// Three of four answer 204 and store nothing.
fn good_as_2_0(receiver: &Receiver) {
    let call = push(receiver, "v2", "2.0", "a 1\n");
    if receiver.confirms() {
        call.stderr_has(wrote(receiver, "1 sample", "v2", "2.0")).run();
        assert_eq!(values(receiver, "v2"), ["a 1.0"]);
    } else {
        call.stderr_has("warning: ").stderr_has("not confirmed by the receiver").run();
        assert_eq!(values(receiver, "v2"), [""; 0]);
    }
}

fn the_same_sample_again(receiver: &Receiver) {
    let text = format!("a 1 {}\n", now());
    for version in ["1.0", "auto", "auto"] {
        push(receiver, "again", version, &text).any_stderr().run();
    }
    // VictoriaMetrics removes duplicates only with -dedup.minScrapeInterval.
    let copies = if receiver.keeps_duplicates() { 3 } else { 1 };
    assert_eq!(values(receiver, "again"), vec!["a 1.0"; copies]);
}

fn another_value_for_the_same_time(receiver: &Receiver) {
    let time = now();
    for version in ["1.0", "auto"] {
        let job = format!("other value {version}");
        push(receiver, &job, version, &format!("a 1 {time}\n")).any_stderr().run();
        let call = push(receiver, &job, version, &format!("a 2 {time}\nb 1 {time}\n"));
        if receiver.is_prometheus() {
            // All of a request with version 1.0 is rolled back.
            let partly = receiver.confirms() && version == "auto";
            let words = if partly { "the receiver stored 1 of 2 samples: " } else { "" }.to_owned();
            call.code(4).stderr_has(words + "duplicate sample for timestamp").run();
            assert_eq!(values(receiver, &job), if partly { vec!["a 1.0", "b 1.0"] } else { vec!["a 1.0"] });
        } else if receiver.keeps_duplicates() {
            call.any_stderr().run();
            assert_eq!(values(receiver, &job), ["a 1.0", "a 2.0", "b 1.0"]);
        } else {
            call.any_stderr().run();
            assert_eq!(values(receiver, &job), ["a 2.0", "b 1.0"], "the last value wins");
        }
    }
}

/// What Prometheus rejects because of its time, and the others store.
fn rejected_time(receiver: &Receiver, name: &str, time: i64, reason: &str, is_rejected: bool) {
    let start = now();
    for version in ["1.0", "auto"] {
        let job = format!("{name} {version}");
        push(receiver, &job, version, &format!("a 1 {start}\n")).any_stderr().run();
        let call = push(receiver, &job, version, &format!("a 2 {time}\nb 1 {start}\n"));
        if !is_rejected {
            call.any_stderr().run();
            let mut expected = [("a", start, "1.0"), ("a", time, "2.0"), ("b", start, "1.0")];
            expected.sort_unstable();
            assert_eq!(
                stored(receiver, &job),
                expected.map(|(name, time, value)| (name.to_owned(), time, value.to_owned()))
            );
        } else if receiver.confirms() && version == "auto" {
            call.code(4).stderr_has(format!("the receiver stored 1 of 2 samples: {reason}")).run();
            assert_eq!(values(receiver, &job), ["a 1.0", "b 1.0"]);
        } else {
            call.code(4).stderr_has(reason).run();
            assert_eq!(values(receiver, &job), ["a 1.0"], "the whole request is rolled back");
        }
    }
}

fn older_than_the_last(receiver: &Receiver) {
    rejected_time(receiver, "older", now() - 60_000, "out of order sample", receiver.is_prometheus());
}

fn two_hours_old(receiver: &Receiver) {
    rejected_time(receiver, "old", now() - 2 * 3_600_000, "out of bounds", receiver.is_prometheus());
}

/// Prometheus 2.42 stores it.
fn twenty_minutes_ahead(receiver: &Receiver) {
    rejected_time(receiver, "ahead", now() + 20 * 60_000, "out of bounds", receiver.confirms());
}

/// pushgw rejects what a receiver of version 1.0 would drop or store as something else.
fn what_receivers_drop_or_damage(receiver: &Receiver) {
    let good = |job: &str| RawSeries::new(&[("__name__", "good"), ("job", job)], 2.0, now());
    let cases: [(&str, RawSeries, &[u8], &str); 4] = [
        (
            "duplicate label",
            RawSeries::new(
                &[("__name__", "a"), ("job", "duplicate label"), ("x", "1"), ("x", "2")],
                1.0,
                now(),
            ),
            b"a{x=\"1\",x=\"2\"} 1\n",
            "label `x`",
        ),
        (
            "not UTF-8",
            RawSeries::new(&[("__name__", &b"a"[..]), ("job", b"not UTF-8"), ("x", b"\xff")], 1.0, now()),
            b"a{x=\"\xff\"} 1\n",
            "UTF-8",
        ),
        (
            "no name",
            RawSeries::new(&[("job", "no name"), ("x", "1")], 1.0, now()),
            b"{x=\"1\"} 1\n",
            "the metric name is missing",
        ),
        (
            "a series twice",
            RawSeries::new(&[("__name__", "good"), ("job", "a series twice")], 1.0, now()),
            b"good 2\ngood 1\n",
            "good",
        ),
    ];
    for (job, bad, text, words) in cases {
        pushgw()
            .args(["push", "-j", job, "--remote-write", &receiver.url()])
            .stdin(text)
            .code(3)
            .stderr_has(words)
            .run();
        assert_eq!(values(receiver, job), [""; 0], "{job}");
        let answer = receiver.write(Version::V1, &[good(job), bad.clone()]);
        let is_complete = values(receiver, job).len() == 2;
        // Prometheus 2.42 answers 500 to a duplicate label: no sender would stop to retry it.
        let status = if receiver.name().contains("2.42") && job == "duplicate label" { 500 } else { 204 };
        assert_eq!(answer.status, status, "{job}: {}", answer.text());
        if receiver.confirms() {
            assert!(!is_complete, "{job}: dropped in silence");
            let answer = receiver.write(Version::V2, &[good(job), bad]);
            assert_eq!(answer.status, 400, "{job}");
            assert_eq!(answer.head.header("x-prometheus-remote-write-samples-written"), Some("1"), "{job}");
        }
    }
}

/// `VictoriaMetrics` and `InfluxDB` drop NaN.
fn not_a_number_and_infinity(receiver: &Receiver) {
    let drops = !receiver.is_prometheus();
    push(receiver, "nan", "auto", "a NaN\nb 1\n").any_stderr().run();
    assert_eq!(values(receiver, "nan"), if drops { vec!["b 1.0"] } else { vec!["a NaN", "b 1.0"] });
    let call = push(receiver, "inf", "auto", "a +Inf\nb -Inf\nc 1\n");
    if receiver.name() == "InfluxDB" {
        call.code(4).stderr_has("+/-Inf is an unsupported value for field value").run();
        assert_eq!(values(receiver, "inf"), [""; 0]);
    } else {
        call.any_stderr().run();
        assert_eq!(values(receiver, "inf"), ["a inf", "b -inf", "c 1.0"]);
    }
}

/// `status` sends an empty request.
fn nothing(receiver: &Receiver) {
    for version in [Version::V1, Version::V2] {
        assert_eq!(receiver.write(version, &[]).status, 204);
    }
    let before = receiver.stored();
    let (verdict, version) = if receiver.confirms() {
        ("OK: the receiver accepts samples and confirms what it stores\n", "2.0, confirmed\n")
    } else {
        (
            "OK: the receiver accepts samples, but does not confirm them\n",
            "1.0, not confirmed by the receiver\n",
        )
    };
    pushgw()
        .args(["status", "--remote-write", &receiver.url()])
        .stdout_has(verdict)
        .stdout_has(version)
        .run();
    assert_eq!(receiver.stored(), before);
}

#[test]
#[ignore = "needs a real Prometheus (fetched on first use)"]
fn prometheus_3() {
    every_row(&Receiver::newest_prometheus());
}

#[test]
#[ignore = "needs a real Prometheus (fetched on first use)"]
fn prometheus_2() {
    every_row(&Receiver::prometheus().remove(0));
}

#[test]
#[ignore = "needs a real VictoriaMetrics (fetched on first use)"]
fn victoria_metrics() {
    every_row(&Receiver::victoria_metrics());
}

#[test]
#[ignore = "needs a real vmagent (fetched on first use)"]
fn vmagent() {
    every_row(&Receiver::vmagent());
}

#[test]
#[ignore = "needs a real InfluxDB (fetched on first use)"]
fn influx_db() {
    every_row(&Receiver::influx_db());
}

#[test]
#[ignore = "needs a real Prometheus (fetched on first use)"]
fn a_prometheus_whose_receiver_is_off() {
    for program in prometheus_versions() {
        let prometheus = Prometheus::start_with_flags(program, &[]);
        let url = format!("http://{}", prometheus.address());
        let flag = "--web.enable-remote-write-receiver";
        pushgw()
            .args(["push", "-j", "a", "-m", "b 1", "--remote-write", &url])
            .code(4)
            .stderr_has("404")
            .stderr_has(flag)
            .run();
        pushgw().args(["status", "--remote-write", &url]).code(1).any_stdout().stderr_has(flag).run();
    }
}
