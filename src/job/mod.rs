//! The metrics that `run` reports about a job, and the alerting rules for them. This module does no I/O.

mod alerting_rules;
mod metrics;

pub use alerting_rules::{Selector, rules};
pub use metrics::{CpuTime, Expectations, JobRun};

use std::fmt;
use std::str::FromStr;

/// Prefix of the metric names of `run`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricPrefix(String);

impl MetricPrefix {
    fn name(&self, rest: &str) -> String {
        format!("{}_{rest}", self.0)
    }
}

impl Default for MetricPrefix {
    fn default() -> Self {
        Self("job".to_owned())
    }
}

/// An error for a prefix that can't start a metric name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixError(String);

impl fmt::Display for PrefixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` can't begin a metric name: use letters, digits and `_`, and do not start with a digit",
            self.0
        )
    }
}

impl FromStr for MetricPrefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let is_valid = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_valid { Ok(Self(text.to_owned())) } else { Err(PrefixError(text.to_owned())) }
    }
}
