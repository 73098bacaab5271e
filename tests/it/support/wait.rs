//! Waits with a time limit.

use std::time::{Duration, Instant};

/// Time after which a test counts as hung. It is far longer than a loaded machine needs.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Polls until `condition` holds, for effects that follow a response. For example, a gateway queues a DELETE.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < TIMEOUT, "waited {TIMEOUT:?} for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
