//! A group on a gateway, and the errors for a response that is not a list of groups.

pub use crate::exposition::model::Kind;
use crate::grouping::{GroupingKey, LabelSet, Names, NoKey};
use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};
use std::io;

/// The metric with the time of the last successful push, which the gateway adds to each group.
pub(super) const PUSH_TIME: &str = "push_time_seconds";

/// The metric with the time of the last rejected push, which the gateway adds to each group.
pub(super) const FAILURE_TIME: &str = "push_failure_time_seconds";

/// The result of the last push to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Ok,
    /// The last push was rejected, but an earlier one succeeded.
    Failed,
    /// No push has ever succeeded. The gateway creates a group even for a push that it rejects.
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

/// The size of a group, not counting the two metrics that the gateway adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Number of metric families. Each family has one TYPE line in the exposition format.
    pub metrics: u64,
    /// Number of series that `/metrics` exposes and Prometheus stores. This includes every bucket and
    /// quantile, `_sum` and `_count`, and the `+Inf` bucket that the gateway adds.
    pub series: u64,
}

/// The name, type and size of one metric family of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FamilySize {
    pub name: String,
    pub kind: Kind,
    /// Number of series in the exposition format.
    pub series: u64,
    /// True if the HELP text contains invalid UTF-8.
    pub help_is_cut: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The labels of the grouping key as reported by the gateway, which replaces invalid UTF-8 with U+FFFD.
    pub labels: LabelSet,
    /// The grouping key, or the reason why it is unknown. An ambiguous key counts as unknown.
    pub key: Result<GroupingKey, NoKey>,
    /// `None` if the groups were read from the text of `/metrics`.
    pub size: Option<Size>,
    /// The group's families. Empty unless they were requested.
    pub families: Vec<FamilySize>,
    /// Time of the last successful push, rounded to microseconds.
    pub last_push: Option<Timestamp>,
    /// Time of the last rejected push.
    pub last_failure: Option<Timestamp>,
    pub state: State,
}

impl Group {
    pub fn path(&self) -> Result<String, NoKey> {
        self.key.as_ref().map(GroupingKey::path).map_err(|why| *why)
    }

    /// Resolves a grouping key that depends on how the gateway parses label names in a path.
    pub fn resolve(&mut self, names: Option<Names>) {
        if self.key == Err(NoKey::UnknownNames) {
            self.key = GroupingKey::from_listing(&self.labels, names);
        }
    }
}

/// An error for a response that is not a list of groups.
#[derive(Debug, thiserror::Error)]
pub enum GroupsError {
    #[error("can't read the response: {0}")]
    Read(#[source] io::Error),
    /// The response is empty. VictoriaMetrics responds this way.
    #[error("the response is empty")]
    Empty,
    #[error("the response is incomplete")]
    Incomplete,
    /// The response is not JSON. For example, it is a web page.
    #[error("the response is not JSON")]
    NotJson,
    #[error("the response is not a list of groups")]
    NotGroups,
    #[error("the response has a {what} that is longer than {} MiB", limit >> 20)]
    TooLong { what: &'static str, limit: usize },
    #[error("the gateway's API failed: {reason}")]
    Failed { reason: String },
    /// The text lacks the metrics that every Pushgateway exposes.
    #[error("the response contains no Pushgateway metrics")]
    NoGateway,
    /// The text contains the metrics of another server.
    #[error("this is a {server} server, not a Pushgateway")]
    OtherServer { server: String },
}

impl GroupsError {
    /// Converts an error that occurred while parsing a value of the response.
    pub(super) fn from_json(error: &serde_json::Error) -> Self {
        if error.is_data() { Self::NotGroups } else { Self::NotJson }
    }
}

/// Values of the two metrics that the gateway adds to a group, in seconds since the epoch. 0 means never.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) push: Option<f64>,
    pub(super) failure: Option<f64>,
}

impl Times {
    /// Creates a group with these times. `successful` is the API's `last_push_successful`, if known.
    pub(super) fn group(
        self,
        labels: LabelSet,
        key: Result<GroupingKey, NoKey>,
        size: Option<Size>,
        successful: Option<bool>,
    ) -> Group {
        let (last_push, last_failure) = (self.push.and_then(timestamp), self.failure.and_then(timestamp));
        // This is the gateway's own rule (`pushgateway storage/interface.go LastPushSuccess`). If the push
        // time can't be parsed, assume success.
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
