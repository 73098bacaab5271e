//! The clock of scripted gateways. It agrees with this machine's, because pushgw warns about a difference.

use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use std::sync::LazyLock;

static NOW: LazyLock<Timestamp> = LazyLock::new(Timestamp::now);
static DATE: LazyLock<String> = LazyLock::new(|| {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&NOW).expect("a year of four digits")
});

/// Returns the Unix time of the first call. It does not change, so that ages are exact.
pub(crate) fn clock() -> i64 {
    NOW.as_second()
}

/// Returns the Date header for [`clock`].
pub(crate) fn date() -> (&'static str, &'static str) {
    ("Date", &DATE)
}
