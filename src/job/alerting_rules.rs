//! The alerting rules for the metrics of `run`, as a Prometheus rule file.

use super::MetricPrefix;

/// How Prometheus gets the metrics, which determines how the rules query them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Scraped from a gateway, which exposes the last value until it is replaced.
    Scraped,
    /// Received through remote write. Queries ignore samples older than five minutes.
    Received,
}

const HEADER: &str = "\
# Alerting rules for all jobs that `pushgw run` reports. Printed by `pushgw rules`.
";

const SCRAPED: &str = "\
# The scrape of the gateway needs `honor_labels: true`, so that `job` is the job and not the gateway.
";

const RECEIVED: &str = "\
# A sample that was sent by remote write disappears from queries after five minutes. last_over_time finds it for 14 days,
# so these rules work for jobs that run at least every 14 days.
";

const RULES: &str = "\
#
# A job that never ran has no metrics, so the rules for all jobs cannot detect it. Write a separate rule for such a job:
#
#   - alert: JobNeverRan
#     expr: absent({start_of_db_backup})
#     for: 26h

groups:
  - name: pushgw_run
    rules:
      # The last run failed. --ok-status defines which exit statuses count as success.
      - alert: JobFailed
        expr: |
          {completion} > {success}
          or
          ({completion} unless {success})
        labels:
          severity: warning
        annotations:
          summary: Job {{ $labels.job }} failed
          description: The last run of the job {{ $labels.job }} failed.

      # The last success is longer ago than --expect-every allows.
      - alert: JobOverdue
        expr: time() - {success} > {interval}
        labels:
          severity: warning
        annotations:
          summary: Job {{ $labels.job }} is overdue
          description: The job {{ $labels.job }} last succeeded {{ $value | humanizeDuration }} ago, which is longer than expected.

      # The job has started, but has never succeeded. The first run may take up to a day.
      - alert: JobNeverSucceeded
        expr: {start} unless {success}
        for: 1d
        labels:
          severity: warning
        annotations:
          summary: Job {{ $labels.job }} has never succeeded
          description: The job {{ $labels.job }} has been reported for at least a day, but has never succeeded.

      # A run started, has not ended, and takes longer than --expect-within allows. A power failure or kill -9 during the
      # run has the same result.
      - alert: JobHung
        expr: |
          time() - {start} > {duration}
          and
          ({start} > {completion} or ({start} unless {completion}))
        labels:
          severity: warning
        annotations:
          summary: Job {{ $labels.job }} has not ended
          description: The job {{ $labels.job }} started {{ $value | humanizeDuration }} ago and is still running, or was killed.
";

pub fn rules(prefix: &MetricPrefix, selector: Selector) -> String {
    let metric = |name: &str, labels: &str| {
        let name = prefix.name(name);
        match selector {
            Selector::Scraped => format!("{name}{labels}"),
            Selector::Received => format!("last_over_time({name}{labels}[14d])"),
        }
    };
    let about = match selector {
        Selector::Scraped => SCRAPED,
        Selector::Received => RECEIVED,
    };
    let mut text = [HEADER, about, RULES].concat();
    for (place, name, labels) in [
        ("{start_of_db_backup}", "last_start_timestamp_seconds", "{job=\"db_backup\"}"),
        ("{start}", "last_start_timestamp_seconds", ""),
        ("{completion}", "last_completion_timestamp_seconds", ""),
        ("{success}", "last_success_timestamp_seconds", ""),
        ("{interval}", "expected_interval_seconds", ""),
        ("{duration}", "expected_duration_seconds", ""),
    ] {
        text = text.replace(place, &metric(name, labels));
    }
    text
}
