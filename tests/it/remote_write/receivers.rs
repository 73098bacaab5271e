//! Tests how each kind of receiver handles each kind of request, and what pushgw reports. There is one test per
//! receiver, which calls a function for each request. The stored samples are read once, at the end.

use crate::support::{Prometheus, Pushgw, RawSeries, Receiver, Version, now, prometheus_versions, pushgw};
use std::cell::RefCell;
use std::collections::BTreeMap;

type Labels = &'static [(&'static str, &'static [u8])];

/// A receiver, and the samples that it must have stored at the end of the test.
struct Column {
    receiver: Receiver,
    /// `metric value` by job, ordered by series and time.
    expected: RefCell<BTreeMap<String, Vec<String>>>,
}

impl Column {
    fn test(receiver: Receiver) {
        eprintln!("{}", receiver.name());
        let column = Self { receiver, expected: RefCell::default() };
        column.good();
        column.the_same_sample_again();
        column.another_value_for_the_same_time();
        column.rejected_times();
        column.what_receivers_drop_or_damage();
        column.not_a_number_and_infinity();
        column.nothing();
        let mut stored: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for sample in column.receiver.stored() {
            let job = sample.labels.get("job").cloned().unwrap_or_default();
            stored.entry(job).or_default().push(format!("{} {}", sample.name(), sample.value));
        }
        assert_eq!(stored, column.expected.into_inner());
    }

    /// Returns a call of `pushgw push -v` with this job and text.
    fn push(&self, job: &str, version: &str, text: &str) -> Pushgw {
        let options = ["push", "-v", "-j", job, "--remote-write-version", version];
        pushgw().args(options).env("PUSHGATEWAY_REMOTE_WRITE", self.receiver.url()).stdin(text)
    }

    fn expect(&self, job: &str, samples: &[&str]) {
        if !samples.is_empty() {
            let samples = samples.iter().map(|sample| (*sample).to_owned()).collect();
            self.expected.borrow_mut().insert(job.to_owned(), samples);
        }
    }

    fn wrote(&self, count: &str, job: &str, version: &str) -> String {
        let confirmed = if version == "2.0" { "confirmed" } else { "not confirmed by the receiver" };
        // The values in a query string are not printed, because they can be secrets.
        let url = self.receiver.url().replace("db=pushed", "db=REDACTED");
        format!("wrote {count} of {{job=\"{job}\"}} to {url} (remote write {version}, {confirmed})")
    }

    fn good(&self) {
        let version = if self.receiver.confirms() { "2.0" } else { "1.0" };
        self.push("good", "auto", "a 1\nb{x=\"y\"} 2\n")
            .stderr_has(self.wrote("2 samples", "good", version))
            .run();
        self.expect("good", &["a 1.0", "b 2.0"]);
        self.push("as 1.0", "1.0", "a 1\n").stderr_has(self.wrote("1 sample", "as 1.0", "1.0")).run();
        self.expect("as 1.0", &["a 1.0"]);
        let call = self.push("as 2.0", "2.0", "a 1\n");
        if self.receiver.confirms() {
            call.stderr_has(self.wrote("1 sample", "as 2.0", "2.0")).run();
            self.expect("as 2.0", &["a 1.0"]);
        } else {
            // These receivers answer 204 and store nothing.
            call.stderr_has("warning: ").stderr_has("not confirmed by the receiver").run();
        }
    }

    fn the_same_sample_again(&self) {
        let text = format!("a 1 {}\n", now());
        for version in ["1.0", "auto", "auto"] {
            self.push("again", version, &text).any_stderr().run();
        }
        let copies = if self.receiver.keeps_duplicates() { 3 } else { 1 };
        self.expect("again", &["a 1.0"].repeat(copies));
    }

    fn another_value_for_the_same_time(&self) {
        for version in ["1.0", "auto"] {
            let (job, time) = (format!("other value {version}"), now());
            self.push(&job, version, &format!("a 1 {time}\n")).any_stderr().run();
            let call = self.push(&job, version, &format!("a 2 {time}\nb 1 {time}\n"));
            if self.receiver.is_prometheus() {
                self.rejected(call, &job, version, "duplicate sample for timestamp");
            } else {
                call.any_stderr().run();
                let both = self.receiver.keeps_duplicates();
                self.expect(&job, if both { &["a 1.0", "a 2.0", "b 1.0"] } else { &["a 2.0", "b 1.0"] });
            }
        }
    }

    /// Asserts that the first of two samples is rejected. `a 1` has been pushed before.
    fn rejected(&self, call: Pushgw, job: &str, version: &str, reason: &str) {
        if self.receiver.confirms() && version == "auto" {
            call.code(4).stderr_has(format!("the receiver stored 1 of 2 samples: {reason}")).run();
            self.expect(job, &["a 1.0", "b 1.0"]);
        } else {
            // With version 1.0, the whole request is rolled back.
            call.code(4).stderr_has(reason).run();
            self.expect(job, &["a 1.0"]);
        }
    }

    /// Pushes samples that are older than the last one, two hours old, and twenty minutes in the future. Prometheus
    /// 2.42 stores the last of these.
    fn rejected_times(&self) {
        let (minute, is_prometheus) = (60_000, self.receiver.is_prometheus());
        for (offset, reason, is_rejected) in [
            (-minute, "out of order sample", is_prometheus),
            (-120 * minute, "out of bounds", is_prometheus),
            (20 * minute, "out of bounds", self.receiver.confirms()),
        ] {
            for version in ["1.0", "auto"] {
                let (job, start) = (format!("offset {offset} {version}"), now());
                self.push(&job, version, &format!("a 1 {start}\n")).any_stderr().run();
                let call = self.push(&job, version, &format!("a 2 {}\nb 1 {start}\n", start + offset));
                if is_rejected {
                    self.rejected(call, &job, version, reason);
                } else {
                    call.any_stderr().run();
                    let (first, second) = if offset < 0 { ("a 2.0", "a 1.0") } else { ("a 1.0", "a 2.0") };
                    self.expect(&job, &[first, second, "b 1.0"]);
                }
            }
        }
    }

    /// Tests that pushgw rejects samples that a receiver of version 1.0 would drop or change.
    fn what_receivers_drop_or_damage(&self) {
        let time = now();
        let cases: [(&str, &str, Labels, &[u8]); 4] = [
            (
                "duplicate label",
                "label `x`",
                &[("__name__", b"a"), ("x", b"1"), ("x", b"2")],
                b"a{x=\"1\",x=\"2\"} 1\n",
            ),
            ("not UTF-8", "UTF-8", &[("__name__", b"a"), ("x", b"\xff")], b"a{x=\"\xff\"} 1\n"),
            ("no name", "the metric name is missing", &[("x", b"1")], b"{x=\"1\"} 1\n"),
            ("a series twice", "good", &[("__name__", b"good")], b"good 2\ngood 1\n"),
        ];
        for (case, words, labels, text) in cases {
            pushgw()
                .args(["push", "-j", "rejected", "--remote-write", &self.receiver.url()])
                .stdin(text)
                .code(3)
                .stderr_has(words)
                .run();
            for version in [Version::V1, Version::V2] {
                let job = format!("{case} {version:?}");
                let good = RawSeries::new(&[("__name__", "good"), ("job", &*job)], 2.0, time);
                let bad = RawSeries::new(&[labels, &[("job", job.as_bytes())]].concat(), 1.0, time);
                let answer = self.receiver.write(version, &[good, bad]);
                let is_known = version == Version::V1 || self.receiver.confirms();
                let receipt = (version == Version::V2 && self.receiver.confirms()).then_some(case);
                let (status, written) = match receipt {
                    // Prometheus counts both samples but stores only one.
                    Some("a series twice") => (204, Some("2")),
                    Some(_) => (400, Some("1")),
                    // Senders would retry forever after this error of Prometheus 2.42.
                    None if job == "duplicate label V1"
                        && self.receiver.name().starts_with("Prometheus 2.") =>
                    {
                        (500, None)
                    }
                    None => (204, None),
                };
                assert_eq!(answer.status, status, "{job}: {}", answer.text());
                let header = answer.head.header("x-prometheus-remote-write-samples-written");
                assert_eq!(header, written, "{job}");
                if is_known && status != 500 {
                    self.expect(&job, self.damaged(case));
                }
            }
        }
    }

    /// Returns the samples that are stored if the valid sample `good 2` is sent together with an invalid one.
    fn damaged(&self, case: &str) -> &'static [&'static str] {
        match case {
            _ if self.receiver.confirms() => &["good 2.0"],
            "a series twice" if self.receiver.is_prometheus() => &["good 2.0"],
            "a series twice" if self.receiver.keeps_duplicates() => &["good 1.0", "good 2.0"],
            "a series twice" => &["good 1.0"],
            "no name" => &["good 2.0", " 1.0"],
            _ => &["a 1.0", "good 2.0"],
        }
    }

    /// Tests NaN and infinity. `VictoriaMetrics` and `InfluxDB` drop NaN.
    fn not_a_number_and_infinity(&self) {
        self.push("nan", "auto", "a NaN\nb 1\n").any_stderr().run();
        let has_nan = self.receiver.is_prometheus();
        self.expect("nan", if has_nan { &["a NaN", "b 1.0"] } else { &["b 1.0"] });
        let call = self.push("inf", "auto", "a +Inf\nb -Inf\nc 1\n");
        if self.receiver.name() == "InfluxDB" {
            call.code(4).stderr_has("+/-Inf is an unsupported value for field value").run();
        } else {
            call.any_stderr().run();
            self.expect("inf", &["a inf", "b -inf", "c 1.0"]);
        }
    }

    /// Tests `status`, which sends an empty request.
    fn nothing(&self) {
        for version in [Version::V1, Version::V2] {
            assert_eq!(self.receiver.write(version, &[]).status, 204);
        }
        let (verdict, version) = if self.receiver.confirms() {
            ("OK: the receiver accepts samples and confirms how many it stored\n", "2.0, confirmed\n")
        } else {
            (
                "OK: the receiver accepts samples, but does not confirm them\n",
                "1.0, not confirmed by the receiver\n",
            )
        };
        pushgw()
            .args(["status", "--remote-write", &self.receiver.url()])
            .stdout_has(verdict)
            .stdout_has(version)
            .run();
    }
}

#[test]
#[ignore = "needs a real Prometheus (fetched on first use)"]
fn prometheus_3() {
    Column::test(Receiver::newest_prometheus());
}

#[test]
#[ignore = "needs a real Prometheus (fetched on first use)"]
fn prometheus_2() {
    Column::test(Receiver::oldest_prometheus());
}

#[test]
#[ignore = "needs a real VictoriaMetrics (fetched on first use)"]
fn victoria_metrics() {
    Column::test(Receiver::victoria_metrics());
}

#[test]
#[ignore = "needs a real vmagent (fetched on first use)"]
fn vmagent() {
    Column::test(Receiver::vmagent());
}

#[test]
#[ignore = "needs a real InfluxDB (fetched on first use)"]
fn influx_db() {
    Column::test(Receiver::influx_db());
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

/// Times in seconds or nanoseconds where milliseconds are expected, and the reverse in OpenMetrics. Most receivers say
/// nothing about that, and store the sample where it is not found, or not at all.
#[test]
#[ignore = "needs real receivers (fetched on first use)"]
fn times_in_another_unit() {
    for receiver in Receiver::all() {
        let url = receiver.url();
        let push = |job: &str, text: &str| {
            pushgw().args(["push", "-j", job, "--remote-write", &url]).stdin(text).any_code()
        };
        let mut codes = Vec::new();
        let start = now();
        let seconds = start / 1000;
        for (job, text) in [
            ("seconds", format!("a 1 {seconds}\n")),
            ("milliseconds", format!("# TYPE a gauge\na 1 {seconds}000\n# EOF\n")),
            ("nanoseconds", format!("a 1 {seconds}000000000\n")),
        ] {
            let call = push(job, &text).stderr_has("warning[timestamp]: ");
            let output = call.stderr_has(format!("it looks like {job}: write `{seconds}")).run();
            codes.push(output.status.code().unwrap());
        }
        codes.push(push("right", "a 1\n").any_stderr().run().status.code().unwrap());
        let expected = match () {
            () if receiver.confirms() => [0, 4, 4, 0],
            // A time in the far future is accepted, and then the present is too old.
            () if receiver.is_prometheus() => [0, 0, 0, 4],
            () => [0, 0, 0, 0],
        };
        assert_eq!(codes, expected, "{}", receiver.name());
        let mut found = receiver.stored();
        found.retain(|sample| (start..=now()).contains(&sample.timestamp));
        let found: Vec<_> = found.iter().map(|sample| &*sample.labels["job"]).collect();
        assert_eq!(found, if expected[3] == 0 { vec!["right"] } else { vec![] }, "{}", receiver.name());
    }
}

/// Receivers accept requests of twice the size of those of pushgw. `InfluxDB` rejects 25 MB, Prometheus and
/// `VictoriaMetrics` 32 MiB.
#[test]
#[ignore = "needs real receivers (fetched on first use)"]
fn large_requests_are_accepted() {
    for receiver in Receiver::all() {
        for (version, mebibytes) in [(Version::V1, 8), (Version::V1, 16), (Version::V2, 8), (Version::V2, 16)]
        {
            let value = "x".repeat((32 << 10) - 40);
            let one = |n| {
                RawSeries::new(
                    &[("__name__", "a"), ("job", "large"), ("x", &format!("{n}{value}"))],
                    1.0,
                    now(),
                )
            };
            let series: Vec<_> = (0..mebibytes * 32).map(one).collect();
            let answer = receiver.write(version, &series);
            assert_eq!(answer.status, 204, "{} {version:?}: {}", receiver.name(), answer.text());
        }
    }
}

/// Their labels are larger than what Prometheus accepts in one request.
#[test]
#[ignore = "needs a real Prometheus (fetched on first use)"]
fn series_with_long_labels_are_stored() {
    let receiver = Receiver::newest_prometheus();
    let Receiver::Prometheus { server, .. } = &receiver else { unreachable!() };
    let value = "x".repeat(4_000);
    let line = |n| format!("a{{n=\"{n}\",x=\"{n}{value}\"}} {n}\n");
    let text = (0..12_000).map(line).collect::<Vec<_>>().concat();
    for version in ["auto", "1.0"] {
        pushgw()
            .args(["push", "-v", "-j", version, "--remote-write-version", version])
            .args(["--remote-write", &receiver.url()])
            .stdin(&text)
            .stderr_has("wrote 12,000 samples of ")
            .run();
        let sum = server.query(&format!("sum(a{{job=\"{version}\"}})"));
        assert_eq!(sum[0].1, "71994000", "0 + 1 + ... + 11,999");
    }
}
