//! Formats the metrics of a run as text. All of them are gauges. The HELP text of each metric is constant, because a
//! gateway logs a warning if it differs between groups.

use super::MetricPrefix;
use std::fmt::{Display, Write as _};
use std::time::Duration;

/// The values of `--expect-every` and `--expect-within`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expectations {
    /// Maximum time between two successful runs.
    pub every: Option<Duration>,
    /// Maximum duration of a run.
    pub within: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
pub struct JobRun {
    /// The start time, measured from the Unix epoch like `completion`.
    pub start: Duration,
    pub completion: Duration,
    pub duration: Duration,
    pub exit_status: u8,
    pub is_success: bool,
    pub cpu: Option<CpuTime>,
    pub max_resident_bytes: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct CpuTime {
    pub user: Duration,
    pub system: Duration,
}

impl Expectations {
    /// Returns the metrics to push at the start of a run. `start` is the time since the Unix epoch.
    pub fn start_text(&self, prefix: &MetricPrefix, start: Duration) -> String {
        let mut text = MetricText { prefix, text: String::new() };
        text.start(start);
        text.expectations(self);
        text.text
    }
}

impl JobRun {
    /// Returns the metrics to push at the end of a run. They include the metrics of the start, so the two requests can
    /// arrive in any order.
    pub fn text(&self, prefix: &MetricPrefix, expectations: &Expectations) -> String {
        let completion = seconds(to_millis(self.completion));
        let mut text = MetricText { prefix, text: String::new() };
        text.start(self.start);
        text.gauge(
            "last_completion_timestamp_seconds",
            "Unix time at which the job last ended.",
            &completion,
        );
        if self.is_success {
            text.gauge(
                "last_success_timestamp_seconds",
                "Unix time at which the job last succeeded.",
                &completion,
            );
        }
        text.gauge("last_duration_seconds", "Duration of the job's last run.", seconds(self.duration));
        let help = "Exit status of the job's last run, or 128 plus the number of the signal that killed it.";
        text.gauge("last_exit_status", help, self.exit_status);
        if let Some(CpuTime { user, system }) = self.cpu {
            let name = text.head("last_cpu_seconds", "CPU time of the job's last run.");
            text.sample(&format!("{name}{{mode=\"user\"}}"), seconds(user));
            text.sample(&format!("{name}{{mode=\"system\"}}"), seconds(system));
        }
        let help = "Peak resident memory of the largest process of the job's last run.";
        text.gauge("last_max_resident_memory_bytes", help, self.max_resident_bytes);
        text.expectations(expectations);
        text.text
    }
}

struct MetricText<'a> {
    prefix: &'a MetricPrefix,
    text: String,
}

impl MetricText<'_> {
    fn start(&mut self, start: Duration) {
        let help = "Unix time at which the job last started.";
        self.gauge("last_start_timestamp_seconds", help, seconds(to_millis(start)));
    }

    fn expectations(&mut self, expectations: &Expectations) {
        if let Some(every) = expectations.every {
            let help = "Expected maximum time between successes of the job.";
            self.gauge("expected_interval_seconds", help, seconds(every));
        }
        if let Some(within) = expectations.within {
            let help = "Expected maximum duration of a run of the job.";
            self.gauge("expected_duration_seconds", help, seconds(within));
        }
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        let name = self.head(name, help);
        self.sample(&name, value);
    }

    /// Appends HELP and TYPE lines, and returns the metric's name.
    fn head(&mut self, name: &str, help: &str) -> String {
        let name = self.prefix.name(name);
        // Writing to a string never fails.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
        name
    }

    fn sample(&mut self, series: &str, value: impl Display) {
        let _ = writeln!(self.text, "{series} {value}");
    }
}

fn to_millis(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Formats a time in seconds with microsecond precision and without trailing zeros. An `f64` would be less precise.
fn seconds(time: Duration) -> String {
    let text = format!("{}.{:06}", time.as_secs(), time.subsec_micros());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: JobRun = JobRun {
        start: Duration::from_nanos(1_795_808_363_123_999_999),
        completion: Duration::from_secs(1_795_808_400),
        duration: Duration::from_micros(36_876_001),
        exit_status: 0,
        is_success: true,
        cpu: Some(CpuTime { user: Duration::from_millis(1_500), system: Duration::ZERO }),
        max_resident_bytes: 4096,
    };

    #[test]
    fn a_success_has_all_metrics() {
        let expectations = Expectations {
            every: Some(Duration::from_secs(93_600)),
            within: Some(Duration::from_millis(1_500)),
        };
        let prefix = MetricPrefix::default();
        let text = RUN.text(&prefix, &expectations);
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            "job_last_start_timestamp_seconds 1795808363.123",
            "job_last_completion_timestamp_seconds 1795808400",
            "job_last_success_timestamp_seconds 1795808400",
            "job_last_duration_seconds 36.876001",
            "job_last_exit_status 0",
            "job_last_cpu_seconds{mode=\"user\"} 1.5",
            "job_last_cpu_seconds{mode=\"system\"} 0",
            "job_last_max_resident_memory_bytes 4096",
            "job_expected_interval_seconds 93600",
            "job_expected_duration_seconds 1.5",
        ];
        assert_eq!(samples, expected);
        let start = expectations.start_text(&prefix, RUN.start);
        assert!(start.lines().all(|line| text.lines().any(|other| other == line)), "{start}");
    }

    #[test]
    fn a_failure_keeps_the_time_of_the_last_success() {
        let failed = JobRun { exit_status: 3, is_success: false, ..RUN };
        let text = failed.text(&"nightly".parse().unwrap(), &Expectations::default());
        assert!(text.contains("\nnightly_last_exit_status 3\n"), "{text}");
        assert!(!text.contains("success") && !text.contains("expected"), "{text}");
    }

    #[test]
    fn a_prefix_begins_a_metric_name() {
        for text in ["job", "_", "a_b9"] {
            assert!(text.parse::<MetricPrefix>().is_ok(), "{text}");
        }
        for text in ["", "9a", "a-b", "a:b", "é"] {
            assert!(text.parse::<MetricPrefix>().is_err(), "{text}");
        }
    }
}
