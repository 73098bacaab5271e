//! Decides whether and when to retry a request. The elapsed time and a random number are arguments.
//!
//! The first wait is 100 to 200 ms, and the range doubles with each attempt. The waits are random, so that
//! jobs that failed at the same time do not all retry at the same time. If a wait would exceed the time
//! limit, the last error is returned instead.

use super::error::ErrorKind;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::time::Duration;

/// The first wait is between one and two times this duration.
const FIRST: Duration = Duration::from_millis(100);
/// Maximum wait, unless the server asks for a longer one.
const LONGEST: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// Maximum number of attempts after the first one.
    pub(super) retries: u32,
    /// Time limit for all attempts and waits together.
    pub(super) limit: Duration,
}

impl Policy {
    /// Returns the wait before the next attempt, or `None` if the request should not be retried. `tries`
    /// attempts have failed, the last one with `kind`.
    pub(super) fn next(
        &self,
        tries: u32,
        kind: &ErrorKind,
        elapsed: Duration,
        random: u64,
    ) -> Option<Duration> {
        if tries > self.retries || !kind.is_retried() {
            return None;
        }
        let wait = backoff(tries, random).max(kind.retry_after().unwrap_or_default());
        (elapsed.checked_add(wait)? < self.limit).then_some(wait)
    }
}

/// Returns the wait after this many attempts. It starts at one to two times `FIRST`, doubles with each
/// attempt, and is at most `LONGEST`.
fn backoff(tries: u32, random: u64) -> Duration {
    let base = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16));
    let part = u32::try_from(random % 1000).unwrap_or_default();
    (base + base / 1000 * part).min(LONGEST)
}

/// Parses the seconds or date in a `Retry-After` header. Returns zero for a date in the past.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let then = rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::super::error::Rejection;
    use super::*;
    use proptest::prelude::*;

    const POLICY: Policy = Policy { retries: 2, limit: Duration::from_secs(30) };

    fn busy(retry_after: Option<Duration>) -> ErrorKind {
        ErrorKind::Status(Box::new(Rejection { status: 503, retry_after, ..Rejection::default() }))
    }

    fn millis(wait: Option<Duration>) -> Option<u128> {
        wait.map(|wait| wait.as_millis())
    }

    #[test]
    fn waits_double_and_are_random() {
        let always = Policy { retries: 100, limit: Duration::MAX };
        let wait = |tries, random| millis(always.next(tries, &busy(None), Duration::ZERO, random)).unwrap();
        assert_eq!([wait(1, 0), wait(1, 500), wait(1, 999)], [100, 150, 199]);
        assert_eq!([wait(2, 0), wait(3, 0), wait(5, 0)], [200, 400, 1600]);
        assert_eq!([wait(6, 999), wait(7, 0), wait(100, 0)], [5000, 5000, 5000]);
    }

    #[test]
    fn retries_end() {
        let zero = Duration::ZERO;
        assert!(POLICY.next(2, &busy(None), zero, 0).is_some());
        assert!(POLICY.next(3, &busy(None), zero, 0).is_none());
        assert!(Policy { retries: 0, ..POLICY }.next(1, &busy(None), zero, 0).is_none());
        assert!(POLICY.next(1, &ErrorKind::NotHttp(String::new()), zero, 0).is_none());
    }

    #[test]
    fn a_wait_beyond_the_limit_is_not_started() {
        let wait = |elapsed| POLICY.next(1, &busy(None), Duration::from_millis(elapsed), 0);
        assert_eq!(wait(29_900), None);
        assert_eq!(millis(wait(29_899)), Some(100));
        assert_eq!(POLICY.next(1, &busy(None), Duration::MAX, 0), None);
    }

    #[test]
    fn the_server_may_ask_for_a_longer_wait() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(POLICY.next(1, &busy(seconds(7)), Duration::ZERO, 0), seconds(7));
        assert_eq!(millis(POLICY.next(1, &busy(seconds(0)), Duration::ZERO, 0)), Some(100));
        assert_eq!(POLICY.next(1, &busy(seconds(30)), Duration::ZERO, 0), None);
        assert_eq!(POLICY.next(1, &busy(seconds(u64::MAX)), Duration::ZERO, 0), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-23T09:20:36Z".parse().unwrap();
        for (value, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Mon, 23 Nov 2026 09:20:40 GMT", Some(4)),
            ("Mon, 23 Nov 2026 09:20:30 GMT", Some(0)),
            ("", None),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn a_wait_always_fits(tries: u32, random: u64, retries: u32, limit in 0u64..100_000, elapsed: u64) {
            let policy = Policy { retries, limit: Duration::from_millis(limit) };
            let elapsed = Duration::from_millis(elapsed);
            if let Some(wait) = policy.next(tries, &busy(None), elapsed, random) {
                prop_assert!(elapsed + wait < policy.limit);
                prop_assert!(wait >= FIRST && wait <= LONGEST);
            }
        }

        #[test]
        fn no_value_causes_a_panic(value in "\\PC{0,40}") {
            let _ = retry_after(&value, Timestamp::UNIX_EPOCH);
        }
    }
}
