//! Waiting, with an end to it.

use std::time::{Duration, Instant};

/// How long anything may take before a test calls it hung. Far above what a loaded machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until `condition` holds, for what a gateway does after it has answered (it queues a DELETE).
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
