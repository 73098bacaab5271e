//! Waiting with a time limit.

use std::time::{Duration, Instant};

/// After this time, a test counts as hung. Far more than a loaded machine needs.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Polls until `condition` holds, for what a gateway does after its response (it queues a DELETE).
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < TIMEOUT, "waited {TIMEOUT:?} for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
