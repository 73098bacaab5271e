//! Tests that receivers store what was pushed. Generated texts are pushed and read back by query, and the bits of each
//! value, all labels and the timestamps are compared.
//!
//! Only Prometheus stores everything unchanged. `VictoriaMetrics` keeps about 13 digits of a value and drops NaN.
//! `InfluxDB` also drops NaN, and corrupts labels with a backslash. So each text is also sent by a second encoder, and
//! both must have the same effect.
//!
//! A run is deterministic. `PUSHGW_TEST_SEED` and `PUSHGW_TEST_CASES` set the seed and the number of texts.

use super::generate::Written;
use crate::differential::{SEED, setting};
use crate::support::{Random, RawSeries, Receiver, Stored, Version, in_process, now};
use std::collections::BTreeMap;
use std::thread;

/// Number of texts for each receiver and version.
const TEXTS: u64 = 60;

/// A pushed text, and how it was sent.
struct Case {
    written: Written,
    job: String,
    /// The first and the last possible time of its samples.
    times: (i64, i64),
}

/// Returns the job that the second encoder uses for a case.
fn second(job: &str) -> String {
    format!("second {job}")
}

impl Case {
    fn push(receiver: &Receiver, job: String, version: &str, written: Written) -> Self {
        let start = now();
        let group =
            written.group.iter().flat_map(|(name, value)| ["-l".to_owned(), format!("{name}={value}")]);
        let url = receiver.url();
        let args = ["push", "-j", &job, "--remote-write", &url, "--remote-write-version", version];
        let args = args.map(str::to_owned).into_iter().chain(group);
        let output = in_process("", written.text.as_bytes(), args);
        assert_eq!(output.code, 0, "{}: {written}\n{output:?}", receiver.name());
        let times = (start, now());
        let case = Self { written, job, times };
        let series: Vec<_> = case.expected(&second(&case.job), times.0, |labels, time, value| {
            RawSeries::new(&labels.iter().collect::<Vec<_>>(), value, time)
        });
        let answer = receiver.write(Version::V1, &series);
        assert_eq!(answer.status, 204, "{}", answer.text());
        case
    }

    /// Returns each sample with its sorted labels and a timestamp.
    fn expected<T>(
        &self,
        job: &str,
        time: i64,
        one: impl Fn(BTreeMap<String, String>, i64, f64) -> T,
    ) -> Vec<T> {
        let samples = self.written.samples.iter().map(|sample| {
            let mut labels = sample.labels.clone();
            labels.extend(self.written.group.clone());
            labels.insert("job".to_owned(), job.to_owned());
            one(labels, sample.timestamp.unwrap_or(time), sample.value)
        });
        samples.collect()
    }

    /// Compares the stored samples. Returns true if they are what was written.
    fn compare(&self, receiver: &Receiver, stored: &BTreeMap<String, Vec<Stored>>) -> bool {
        let samples = stored.get(&self.job).map(Vec::as_slice).unwrap_or_default();
        // All samples without a timestamp get the same time.
        let times = samples.iter().map(|sample| sample.timestamp);
        let explicit: Vec<_> = self.written.samples.iter().filter_map(|sample| sample.timestamp).collect();
        let time = times.clone().find(|time| !explicit.contains(time)).unwrap_or(self.times.0);
        assert!(
            (self.times.0..=self.times.1).contains(&time),
            "{}: {time}, {}",
            receiver.name(),
            self.written
        );
        let mut expected = self.expected(&self.job, time, Stored::new);
        expected.sort();
        if self.written.is_kept_by(receiver) {
            assert_eq!(samples, expected, "{}: {}", receiver.name(), self.written);
        }
        let mut others = stored.get(&second(&self.job)).cloned().unwrap_or_default();
        for other in &mut others {
            other.labels.insert("job".to_owned(), self.job.clone());
            if other.timestamp == self.times.0 {
                other.timestamp = time;
            }
        }
        others.sort();
        assert_eq!(samples, others, "{}: {}", receiver.name(), self.written);
        samples == expected
    }
}

/// Pushes texts with each version, then reads all of them back.
fn round_trip(receiver: &Receiver, versions: &[&str], seed: u64, texts: u64) {
    let mut random = Random::with_seed(seed);
    let infinity = receiver.name() != "InfluxDB";
    let mut cases = Vec::new();
    for version in versions {
        for number in 0..texts {
            let written = Written::generate(&mut random, now(), infinity);
            cases.push(Case::push(receiver, format!("{version} {number}"), version, written));
        }
    }
    let mut stored: BTreeMap<String, Vec<Stored>> = BTreeMap::new();
    for sample in receiver.stored() {
        stored.entry(sample.labels.get("job").cloned().unwrap_or_default()).or_default().push(sample);
    }
    let exact = cases.iter().filter(|case| case.compare(receiver, &stored)).count();
    eprintln!("{}: {exact} of {} texts exactly", receiver.name(), cases.len());
}

#[test]
#[ignore = "needs real receivers (fetched on first use)"]
fn samples_come_back_by_query() {
    let (seed, texts) = (setting("PUSHGW_TEST_SEED", SEED), setting("PUSHGW_TEST_CASES", TEXTS));
    eprintln!("PUSHGW_TEST_SEED={seed} PUSHGW_TEST_CASES={texts}");
    thread::scope(|scope| {
        for receiver in Receiver::all() {
            scope.spawn(move || {
                let versions =
                    if receiver.confirms() { &["auto", "1.0", "2.0"][..] } else { &["auto", "1.0"] };
                let start = std::time::Instant::now();
                round_trip(&receiver, versions, seed, texts);
                eprintln!("{:?}", start.elapsed());
            });
        }
    });
}
