//! The clock of scripted gateways. It agrees with this machine's, because pushgw warns about a difference.

use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use std::cell::Cell;

thread_local! {
    static NOW: Cell<Option<Timestamp>> = const { Cell::new(None) };
}

/// Returns the time of the first call in a test. It does not change during the test, so that ages are exact.
pub(crate) fn now() -> Timestamp {
    NOW.get().unwrap_or_else(|| {
        let now = Timestamp::now();
        set_now(now);
        now
    })
}

/// Gives a thread the time of the test that started it.
pub(crate) fn set_now(now: Timestamp) {
    NOW.set(Some(now));
}

/// Returns [`now`] as Unix time.
pub(crate) fn clock() -> i64 {
    now().as_second()
}

/// Returns the Date header for [`now`].
pub(crate) fn date() -> (&'static str, &'static str) {
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now()).expect("a year of four digits");
    ("Date", date.leak())
}
