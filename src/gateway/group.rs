//! A group as a gateway holds it, and why a response is not a list of groups.

use super::string_limit::{STRING_LIMIT, StringTooLong};
pub use crate::exposition::model::Kind;
use crate::grouping::{GroupingKey, LabelSet, Names, NoKey};
use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};
use std::io;

/// Each group has this metric: the time of the last change.
pub(super) const PUSH_TIME: &str = "push_time_seconds";

/// Each group has this metric: the time of the last change that was rejected.
pub(super) const FAILURE_TIME: &str = "push_failure_time_seconds";

/// The result of the last push to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Ok,
    /// It was rejected, and an earlier one succeeded.
    Failed,
    /// No push ever succeeded: the gateway creates a group for a push that it rejects.
    Never,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Never => "never",
        }
    }
}

/// How much a group holds, without the two metrics that the gateway itself puts into each group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Metric families: names that a TYPE line would declare.
    pub metrics: u64,
    /// Series as `/metrics` exposes them and Prometheus stores them: every bucket, every quantile, `_sum` and `_count`
    /// count, and so does the `+Inf` bucket that the gateway adds. This is the number that storage and scrapes pay for.
    pub series: u64,
}

/// One metric family of a group, counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FamilySize {
    pub name: String,
    pub kind: Kind,
    /// How many series it is exposed as.
    pub series: u64,
    /// Its HELP text has bytes that are not UTF-8.
    pub help_is_cut: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The grouping key as the gateway shows it: U+FFFD replaces bytes that are not UTF-8.
    pub labels: LabelSet,
    /// The key, or why it is not known: a key that may be another group's is never used.
    pub key: Result<GroupingKey, NoKey>,
    /// `None` if the groups were read from the text of `/metrics`.
    pub size: Option<Size>,
    /// Its families; empty unless they were requested.
    pub families: Vec<FamilySize>,
    /// The last successful push, in microseconds.
    pub last_push: Option<Timestamp>,
    /// The last push that was rejected.
    pub last_failure: Option<Timestamp>,
    pub state: State,
}

impl Group {
    pub fn path(&self) -> Result<String, NoKey> {
        self.key.as_ref().map(GroupingKey::path).map_err(|why| *why)
    }

    /// Settles a key that depends on how the gateway reads names in a path.
    pub fn resolve(&mut self, names: Option<Names>) {
        if self.key == Err(NoKey::UnknownNames) {
            self.key = GroupingKey::from_listing(&self.labels, names);
        }
    }
}

/// Why a response is not a list of groups.
#[derive(Debug, thiserror::Error)]
pub enum GroupsError {
    #[error("can't read the response: {0}")]
    Read(#[source] io::Error),
    /// VictoriaMetrics answers this way.
    #[error("the response is empty")]
    Empty,
    #[error("the response is incomplete")]
    Incomplete,
    /// For example, a web page.
    #[error("the response is not JSON")]
    NotJson,
    #[error("the response is not a list of groups")]
    NotGroups,
    #[error("the response has a string that is longer than {} MiB", STRING_LIMIT >> 20)]
    StringTooLong,
    #[error("the gateway's API failed: {reason}")]
    Failed { reason: String },
    /// A text without the metrics that every Pushgateway has.
    #[error("the response has no metric of a Pushgateway")]
    NoGateway,
}

impl GroupsError {
    pub(super) fn from_json(error: serde_json::Error) -> Self {
        use serde_json::error::Category;
        match error.classify() {
            Category::Io => {
                let error = io::Error::from(error);
                match error.get_ref() {
                    Some(inner) if inner.is::<StringTooLong>() => Self::StringTooLong,
                    _ => Self::Read(error),
                }
            }
            Category::Eof if (error.line(), error.column()) == (1, 0) => Self::Empty,
            Category::Eof => Self::Incomplete,
            Category::Syntax => Self::NotJson,
            Category::Data => Self::NotGroups,
        }
    }
}

/// The values of the two metrics of each group, in seconds; 0 means never.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) push: Option<f64>,
    pub(super) failure: Option<f64>,
}

impl Times {
    /// `successful` is from the API, unless a metric of that name hides it.
    pub(super) fn group(
        self,
        labels: LabelSet,
        key: Result<GroupingKey, NoKey>,
        size: Option<Size>,
        successful: Option<bool>,
    ) -> Group {
        let (last_push, last_failure) = (self.push.and_then(timestamp), self.failure.and_then(timestamp));
        // The server's own rule, `pushgateway storage/interface.go LastPushSuccess`. A time that can't be read says
        // nothing.
        let successful = successful.unwrap_or(last_push.is_none() || last_failure <= last_push);
        let state = if self.push == Some(0.0) {
            State::Never
        } else if successful {
            State::Ok
        } else {
            State::Failed
        };
        Group { labels, key, size, families: Vec::new(), last_push, last_failure, state }
    }
}

pub(super) fn timestamp(seconds: f64) -> Option<Timestamp> {
    if seconds <= 0.0 {
        return None;
    }
    let since_epoch = SignedDuration::try_from_secs_f64(seconds).ok()?;
    let exact = Timestamp::from_duration(since_epoch).ok()?;
    exact.round(TimestampRound::new().smallest(Unit::Microsecond)).ok()
}
