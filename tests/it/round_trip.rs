//! Tests that the gateway stores what was written. Repaired texts are pushed, and read back with parsers other than
//! pushgw's own. `prometheus-parse` reads `/metrics`. Label values that it can't parse (commas, braces, quotes,
//! newlines) are read from the API's JSON.

use crate::differential;
use crate::support::{Gateway, Random, in_process, newest_gateway, on_every_gateway, pushgw};
use prometheus_parse::{Scrape, Value};
use pushgw::exposition::{CheckOptions, Severity, Text, apply, check};
use std::collections::{BTreeMap, BTreeSet};

const PATH: &str = "/metrics/job/stored";
const TEXTS: usize = 150;

/// A text with insignificant irregularities, and its meaning.
#[derive(Debug, Default)]
struct Written {
    text: Vec<u8>,
    /// The value of each sample, by type, name and labels.
    samples: BTreeMap<String, String>,
    helps: BTreeMap<String, String>,
}

impl Written {
    fn generate(random: &mut Random) -> Self {
        let mut written = Self::default();
        if random.chance(20) {
            written.text.extend_from_slice(b"\xef\xbb\xbf");
        }
        for family in 0..=random.below(4) {
            written.family(random, family);
        }
        while random.chance(30) && matches!(written.text.last(), Some(b'\r' | b'\n')) {
            written.text.pop();
        }
        written
    }

    fn family(&mut self, random: &mut Random, family: usize) {
        let kind = random.pick(&["counter", "gauge", "histogram", "summary", "untyped"]);
        let name = format!("m{family}");
        if random.chance(50) {
            let help = random.pick(&["seconds since then", "é, and {} \"quoted\"", "a # b"]);
            self.line(random, &format!("# HELP {name} {help}"), "");
            self.helps.insert(name.clone(), help.to_owned());
        }
        if kind != "untyped" || random.chance(50) {
            let spelled = if random.chance(20) { kind.to_uppercase() } else { kind.to_owned() };
            let mark = random.pick(&["# ", "#", " #\t"]);
            self.line(random, &format!("{mark}TYPE\t{name} {spelled}"), " ");
        }
        for series in 0..=random.below(2) {
            let mut labels = vec![("z", series.to_string())];
            if random.chance(40) {
                labels.push(("path", random.pick(&["/var/tmp", "é ü", "x y", "a:b;c", "", "😀"]).to_owned()));
            }
            match kind {
                "histogram" => {
                    for (le, value) in [("0.5", "1"), ("1", "2"), ("+Inf", "7")] {
                        self.sample(
                            random,
                            kind,
                            &format!("{name}_bucket"),
                            &[&labels[..], &[("le", le.into())]].concat(),
                            value,
                        );
                    }
                    self.sample(random, "untyped", &format!("{name}_sum"), &labels, "12.5");
                    self.sample(random, "untyped", &format!("{name}_count"), &labels, "7");
                }
                "summary" => {
                    for (quantile, value) in [("0.5", "1.5"), ("0.99", "NaN")] {
                        self.sample(
                            random,
                            kind,
                            &name,
                            &[&labels[..], &[("quantile", quantile.into())]].concat(),
                            value,
                        );
                    }
                    self.sample(random, "untyped", &format!("{name}_sum"), &labels, "3e-9");
                    self.sample(random, "untyped", &format!("{name}_count"), &labels, "4");
                }
                _ => {
                    let value =
                        random.pick(&["0", "-1.5", ".25", "1e21", "+Inf", "-inf", "nan", "007", "4421"]);
                    self.sample(random, kind, &name, &labels, value);
                }
            }
        }
    }

    fn sample(
        &mut self,
        random: &mut Random,
        kind: &str,
        name: &str,
        labels: &[(&str, String)],
        value: &str,
    ) {
        let equals = random.pick(&["=", "=", " = "]);
        let mut pairs: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}{equals}\"{value}\"")).collect();
        if random.chance(30) {
            pairs.reverse();
        }
        let space = random.pick(&["", "", " "]);
        let comma = random.pick(&["", "", ","]);
        let line = format!("{space}{name}{space}{{{}{comma}}} {space}{value}", pairs.join(","));
        self.line(random, &line, " ");
        let mut labels: BTreeMap<_, _> = labels.iter().map(|(name, value)| (*name, value.clone())).collect();
        labels.insert("job", "stored".to_owned());
        labels.insert("instance", String::new());
        self.samples
            .insert(format!("{kind} {name} {labels:?}"), number(value.to_lowercase().parse().unwrap()));
    }

    /// Appends a line whose end may need a repair.
    fn line(&mut self, random: &mut Random, line: &str, space: &str) {
        self.text.extend_from_slice(line.as_bytes());
        if random.chance(10) {
            self.text.extend_from_slice(space.as_bytes());
        }
        self.text.extend_from_slice(random.pick(&[b"\n".as_slice(), b"\n", b"\n", b"\r\n"]));
    }
}

fn number(value: f64) -> String {
    format!("{value:?}")
}

/// Reads the gateway's metrics with `prometheus-parse`, in the form of [`Written::samples`].
fn read_back(gateway: &Gateway) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let text = gateway.metrics().text();
    let scrape = Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap();
    let mut samples = BTreeMap::new();
    for sample in scrape.samples.iter().filter(|sample| sample.labels.get("job") == Some("stored")) {
        let name = &sample.metric;
        let mut put = |kind: &str, name: &str, bound: Option<(&str, f64)>, value: f64| {
            let mut labels: BTreeMap<_, _> =
                sample.labels.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            if let Some((label, bound)) = bound {
                let bound = if bound == f64::INFINITY { "+Inf".to_owned() } else { bound.to_string() };
                labels.insert(label, bound);
            }
            samples.insert(format!("{kind} {name} {labels:?}"), number(value));
        };
        match &sample.value {
            Value::Counter(value) => put("counter", name, None, *value),
            Value::Gauge(value) => put("gauge", name, None, *value),
            Value::Untyped(value) => put("untyped", name, None, *value),
            Value::Histogram(buckets) => {
                for bucket in buckets {
                    put("histogram", &format!("{name}_bucket"), Some(("le", bucket.less_than)), bucket.count);
                }
            }
            Value::Summary(quantiles) => {
                for quantile in quantiles {
                    put("summary", name, Some(("quantile", quantile.quantile)), quantile.count);
                }
            }
        }
    }
    samples.retain(|sample, _| {
        !sample.contains("push_time_seconds") && !sample.contains("push_failure_time_seconds")
    });
    (samples, scrape.docs.into_iter().collect())
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn repaired_texts_are_stored_unchanged() {
    on_every_gateway(|gateway| {
        let mut random = Random::with_seed(4421);
        let mut repaired = 0;
        for _ in 0..TEXTS {
            let written = Written::generate(&mut random);
            let report = check(Text { bytes: &written.text, starts: &[0] }, &CheckOptions::PLAIN);
            let text = written.text.escape_ascii();
            assert_eq!(report.errors, 0, "{text}\n{:#?}", report.diagnostics);
            assert!(
                report.diagnostics.iter().all(|found| found.severity != Severity::Warning
                    || found.code.as_str() == "help-carriage-return"),
                "{text}\n{:#?}",
                report.diagnostics
            );
            assert_eq!(report.samples, written.samples.len(), "{text}");
            repaired += usize::from(report.fixed > 0);
            let answer = gateway.put(PATH, apply(&written.text, &report.splices));
            assert_eq!(answer.status, 200, "{text}\n{}", answer.text());
            let (samples, helps) = read_back(gateway);
            assert_eq!(samples, written.samples, "{text}");
            for (name, help) in &written.helps {
                assert_eq!(helps.get(name), Some(help), "{text}");
            }
        }
        assert!(repaired > TEXTS / 2, "{repaired} of {TEXTS}");
    });
}

/// Tests label values with every character that must be escaped, and with others.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn label_values_are_stored_unchanged() {
    const PIECES: [&str; 12] = ["a", "\"", "\\", "\n", ",", "}", "=", "{", "#", "\t", "é", "\u{0}"];
    on_every_gateway(|gateway| {
        let mut random = Random::with_seed(4421);
        let mut values = BTreeSet::new();
        for _ in 0..500 {
            values.insert((0..random.below(6)).map(|_| random.pick(&PIECES)).collect::<String>());
        }
        let mut text = String::new();
        for value in &values {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            text.extend(["m{v=\"", &value, "\"} 1\r\n"]);
        }
        let report = check(Text { bytes: text.as_bytes(), starts: &[0] }, &CheckOptions::PLAIN);
        assert_eq!((report.errors, report.warnings), (0, 0), "{:#?}", report.diagnostics);
        let answer = gateway.put(PATH, apply(text.as_bytes(), &report.splices));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let groups = gateway.groups();
        let metrics = groups[0].families["m"]["metrics"].as_array().unwrap();
        let stored: BTreeSet<_> =
            metrics.iter().map(|metric| metric["labels"]["v"].as_str().unwrap().to_owned()).collect();
        assert_eq!(stored, values);
    });
}

/// `--diff` must interpret a text like the gateway does.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn diff_shows_what_the_gateway_stores() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    for (text, change) in [
        ("m\"x\" 1\n", "+ # TYPE mx untyped\n+ mx 1\n"),
        ("# TYPE a ga\\uge\na 1\n", "+ # TYPE a gauge\n+ a 1\n"),
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 2\n",
            "+ # TYPE h histogram\n+ h count 0 sum 0 1.0:2\n",
        ),
    ] {
        let push = |options: &[&str]| {
            pushgw().args(["push", "-q", "-j", "d"]).args(options).on(&gateway).stdin(text)
        };
        push(&["--dry-run", "--diff"]).stdout(change).run();
        push(&[]).run();
        push(&["--dry-run", "--diff"]).run();
        pushgw().args(["delete", "-q", "-j", "d"]).on(&gateway).run();
    }
}

/// After a generated text has been repaired and pushed, `--diff` must show no difference. A run is deterministic, with
/// the same seed as in `differential`.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn diff_is_empty_after_a_push() {
    const CASES: usize = 800;
    const KEYS: [&[&str]; 4] = [&[], &["-l", "instance=x"], &["-l", "a=1"], &["-l", "b=2", "-l", "job2=y"]];
    let seed = differential::setting("PUSHGW_TEST_SEED", differential::SEED);
    for utf8_names in [false, true] {
        let flags: &[&str] = if utf8_names { &["--push.enable-utf8-names"] } else { &[] };
        let gateway = Gateway::start(newest_gateway(), flags);
        let mut random = Random::with_seed(seed);
        let mut accepted = 0;
        for case in 0..CASES {
            let text = differential::text(&mut random);
            let mut key = vec!["-j", "x"];
            key.extend(random.pick(&KEYS));
            let mut options = key.clone();
            options.extend(utf8_names.then_some("--utf8-names"));
            options.extend(random.chance(20).then_some("--strip-timestamps"));
            options.extend(random.chance(20).then_some("--type=gauge"));
            let call = |words: &[&str], options: &[&str]| {
                in_process(&gateway.url(), &text, words.iter().chain(options))
            };
            let pushed = call(&["push"], &options);
            let context =
                format!("{}\n{options:?}, case {case}, PUSHGW_TEST_SEED={seed}", text.escape_ascii());
            assert!(matches!(pushed.code, 0 | 3), "{context}\n{pushed:?}");
            if pushed.code == 3 {
                continue;
            }
            let left = call(&["push", "-q", "--dry-run", "--diff"], &options);
            call(&["delete", "-q", "--force"], &key);
            // The checker warns about such a count, because the gateway stores only its integer part, or a different
            // value.
            if pushed.stderr.contains("[summary-count]") {
                continue;
            }
            accepted += 1;
            // The API omits gauge histograms, and reports 0 if a count or bucket of a histogram is NaN.
            let is_reported = |line: &&str| {
                let new = line.split(" -> ").last().unwrap_or_default().to_lowercase();
                !line.contains("(not reported by the API)")
                    && !new.contains("count nan")
                    && !new.contains(":nan")
            };
            let lines: Vec<_> = left.stdout.lines().filter(is_reported).collect();
            assert_eq!((left.code, &*left.stderr, lines), (0, "", vec![]), "{context}");
        }
        assert!(accepted * 3 > CASES, "{accepted} of {CASES}");
    }
}
