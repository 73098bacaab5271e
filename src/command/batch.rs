//! Combines the results of many requests into one exit status: each error is printed when it occurs, and the worst one
//! determines the status.

use crate::error::{Failure, exit_code};
use crate::output::Printer;

/// After this many consecutive requests fail to reach the gateway, the rest are skipped, because each one would use up
/// all of its retries.
const GIVE_UP: u32 = 3;

/// Errors collected while sending a batch of requests.
#[derive(Debug, Default)]
pub(super) struct BatchErrors {
    failure: Option<Failure>,
    count: usize,
    unreached: u32,
}

impl BatchErrors {
    /// Records the result of a request and prints the error, if any. Returns true if the remaining requests should be
    /// skipped.
    pub(super) fn add(&mut self, result: Result<(), Failure>, what: &str, printer: &mut Printer<'_>) -> bool {
        let Err(failure) = result else {
            self.unreached = 0;
            return false;
        };
        self.count += 1;
        let reached = !matches!(failure.exit_code(), exit_code::UNREACHABLE | exit_code::TIMED_OUT);
        self.unreached = if reached { 0 } else { self.unreached + 1 };
        let details = failure.details().unwrap_or_default();
        printer.error(failure.code(), &format!("{what}: {failure}"), details, failure.hint().as_deref());
        if self.failure.as_ref().is_none_or(|known| rank(failure.exit_code()) > rank(known.exit_code())) {
            self.failure = Some(failure);
        }
        self.unreached >= GIVE_UP
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Returns the error for the whole batch, or `None` if every request succeeded. The individual errors have already
    /// been printed.
    pub(super) fn failure(self) -> Option<Failure> {
        let worst = self.failure?;
        Some(Failure::Several { count: self.count, worst: Box::new(worst) })
    }
}

/// Ranks exit codes by severity. A permanent error is worse than one that can be retried.
fn rank(code: u8) -> u8 {
    match code {
        exit_code::UNAVAILABLE => 1,
        exit_code::UNREACHABLE => 2,
        exit_code::TIMED_OUT => 3,
        _ => 4,
    }
}
