//! Many requests, one exit code: each failure is told when it happens, and the worst of them decides.

use crate::error::{Failure, exit_code};
use crate::output::Printer;

/// After so many in a row that did not reach the gateway, the rest is not tried: each takes the whole of its retries.
const GIVE_UP: u32 = 3;

/// What failed so far.
#[derive(Debug, Default)]
pub(super) struct Worst {
    failure: Option<Failure>,
    count: usize,
    unreached: u32,
}

impl Worst {
    /// Takes down one result, and tells a failure. True if the rest should not be tried.
    pub(super) fn add(&mut self, result: Result<(), Failure>, what: &str, printer: &mut Printer<'_>) -> bool {
        let Err(failure) = result else {
            self.unreached = 0;
            return false;
        };
        self.count += 1;
        let reached = !matches!(failure.exit_code(), exit_code::UNREACHABLE | exit_code::TIMED_OUT);
        self.unreached = if reached { 0 } else { self.unreached + 1 };
        let details = failure.details().unwrap_or_default();
        printer.error(&format!("{what}: {failure}"), details, failure.hint().as_deref());
        if self.failure.as_ref().is_none_or(|known| rank(failure.exit_code()) > rank(known.exit_code())) {
            self.failure = Some(failure);
        }
        self.unreached >= GIVE_UP
    }

    /// How many failed.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The failure of the whole; `None` if nothing failed. All of it has been told.
    pub(super) fn failure(self) -> Option<Failure> {
        let worst = self.failure?;
        Some(Failure::Several { count: self.count, worst: Box::new(worst) })
    }
}

/// What will fail again is worse than what may be tried later.
fn rank(code: u8) -> u8 {
    match code {
        exit_code::UNAVAILABLE => 1,
        exit_code::UNREACHABLE => 2,
        exit_code::TIMED_OUT => 3,
        _ => 4,
    }
}
