//! Selects groups by their labels, the age of the last push, or whether it failed.

use super::group::{Group, State};
use crate::grouping::Matcher;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Conditions that a group must meet to be selected. Without conditions, every group is selected.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub matchers: Vec<Matcher>,
    /// Selects groups whose last successful push is older than this, and groups that never had one.
    pub older_than: Option<Duration>,
    /// Selects groups whose last push was rejected.
    pub failed: bool,
}

impl Selection {
    pub fn fits(&self, group: &Group, now: Timestamp) -> bool {
        self.matchers.iter().all(|matcher| matcher.matches(&group.labels))
            && self.older_than.is_none_or(|limit| is_older(group, now, limit))
            && (!self.failed || group.state != State::Ok)
    }

    /// Returns true if a condition depends on the results of pushes. If the gateway rejects every push, such
    /// a condition matches healthy groups.
    pub fn asks_for_pushes(&self) -> bool {
        self.older_than.is_some() || self.failed
    }

    /// Returns true if at least one condition does not match an empty or missing label. Deletions require
    /// such a condition, as Prometheus queries do.
    pub fn is_specific(&self) -> bool {
        self.asks_for_pushes() || self.matchers.iter().any(|matcher| !matcher.matches_empty())
    }

    /// Returns true if the conditions only require a non-empty job, which every group has.
    pub fn is_every_group(&self) -> bool {
        !self.is_empty() && !self.asks_for_pushes() && self.matchers.iter().all(Matcher::requires_any_job)
    }

    pub fn is_empty(&self) -> bool {
        self.matchers.is_empty() && !self.asks_for_pushes()
    }
}

fn is_older(group: &Group, now: Timestamp, limit: Duration) -> bool {
    let Some(pushed) = group.last_push else { return group.state == State::Never };
    let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
    now.duration_since(pushed) > limit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::api::from_api;
    use crate::grouping::Names;

    fn group(pushed: &str, failed: &str) -> Group {
        let gauge = |name: &str, value: &str| {
            format!(r#""{name}":{{"type":"GAUGE","metrics":[{{"labels":{{"job":"x"}},"value":"{value}"}}]}}"#)
        };
        let json = format!(
            r#"{{"status":"success","data":[{{"labels":{{"job":"x"}},{},{}}}]}}"#,
            gauge("push_time_seconds", pushed),
            gauge("push_failure_time_seconds", failed),
        );
        from_api(json.as_bytes(), Names::Legacy).unwrap().remove(0)
    }

    #[test]
    fn the_age_is_measured_from_the_last_success() {
        let now = Timestamp::from_second(10_000).unwrap();
        let older = |group: &Group, seconds| {
            let selection =
                Selection { older_than: Some(Duration::from_secs(seconds)), ..Selection::default() };
            selection.fits(group, now)
        };
        let pushed = group("9900.5", "0");
        assert!(older(&pushed, 99) && !older(&pushed, 100));
        // A later failure does not reset the age, and a push time in the future is not old.
        assert!(older(&group("9900", "9999"), 60));
        assert!(!older(&group("10500", "0"), 0));
        assert!(older(&group("0", "9999"), 1_000_000), "it never had one");
        assert!(!older(&pushed, u64::MAX));
    }

    #[test]
    fn a_time_that_cannot_be_read_selects_nothing() {
        let older = Selection { older_than: Some(Duration::ZERO), ..Selection::default() };
        let failed = Selection { failed: true, ..Selection::default() };
        let now = Timestamp::from_second(10_000).unwrap();
        // The third value is in milliseconds.
        for odd in ["NaN", "1e308", "1795448233000", "-1", "+Inf", "", "x"] {
            let group = group(odd, "0");
            assert!(!older.fits(&group, now) && !failed.fits(&group, now), "{odd}");
            assert_eq!((group.last_push, group.state), (None, State::Ok));
        }
    }

    #[test]
    fn failed_depends_only_on_the_last_push() {
        let failed = Selection { failed: true, ..Selection::default() };
        for (pushed, refused, expected) in
            [("5", "0", false), ("5", "4", false), ("5", "6", true), ("0", "6", true)]
        {
            assert_eq!(failed.fits(&group(pushed, refused), Timestamp::UNIX_EPOCH), expected, "{pushed}");
        }
    }

    #[test]
    fn a_matcher_for_missing_labels_is_not_specific() {
        let selection = |matchers: &[&str]| Selection {
            matchers: matchers.iter().map(|m| m.parse().unwrap()).collect(),
            ..Selection::default()
        };
        assert!(!selection(&[]).is_specific() && selection(&[]).is_empty());
        assert!(!selection(&["instance=", "a!=x"]).is_specific());
        assert!(selection(&["instance=", "job=x"]).is_specific());
        assert!(
            selection(&["job!=", "job!~"]).is_every_group() && selection(&["job!=\"\""]).is_every_group()
        );
        assert!(!selection(&["job!=", "a=b"]).is_every_group() && !selection(&[]).is_every_group());
        assert!(Selection { failed: true, ..selection(&["instance="]) }.is_specific());
    }
}
