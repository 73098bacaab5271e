//! OpenMetrics timestamps, in seconds since 1970.

use crate::exposition::text::number::{self, Float};

/// A timestamp with nanosecond resolution. Further digits are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time {
    nanoseconds: i128,
    /// The timestamp in milliseconds, as client libraries compute it.
    pub(super) milliseconds: i128,
}

impl Time {
    /// Parses a timestamp. Returns `None` if `text` is not a decimal number or is absurdly large.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let unsigned = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
        let Float::Value(seconds) = number::float(text) else { return None };
        if !unsigned.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
            return None;
        }
        let (nanoseconds, seconds) = exact(unsigned).map_or_else(
            || float(seconds),
            |nanoseconds| {
                let nanoseconds = if text.starts_with(b"-") { -nanoseconds } else { nanoseconds };
                (nanoseconds, parts(nanoseconds))
            },
        );
        let milliseconds = (seconds * 1_000.0).trunc();
        #[expect(clippy::cast_possible_truncation, reason = "it is small enough")]
        (milliseconds.abs() < 1e30).then_some(Self { nanoseconds, milliseconds: milliseconds as i128 })
    }
}

const NANOSECONDS: i128 = 1_000_000_000;

/// Converts a number of seconds without an exponent to nanoseconds.
fn exact(unsigned: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(unsigned).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    if whole.len() > 27 || fraction.contains(['e', 'E']) {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    Some(whole * NANOSECONDS + digits.parse::<i128>().ok()?)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the whole seconds are exact, and larger numbers are rejected"
)]
fn float(seconds: f64) -> (i128, f64) {
    ((seconds * 1e9) as i128, seconds)
}

/// Converts nanoseconds to seconds in the same way as `client_python`.
#[expect(clippy::cast_precision_loss, reason = "the same loss as in other clients")]
fn parts(nanoseconds: i128) -> f64 {
    (nanoseconds / NANOSECONDS) as f64 + (nanoseconds % NANOSECONDS) as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_decimal_numbers() {
        for (text, milliseconds) in [
            ("0", 0),
            ("1.5", 1_500),
            ("-1.5", -1_500),
            (".25", 250),
            ("1700000000.123456789123", 1_700_000_000_123),
            ("1e3", 1_000_000),
        ] {
            assert_eq!(
                Time::parse(text.as_bytes()).map(|time| time.milliseconds),
                Some(milliseconds),
                "{text}"
            );
        }
        for text in ["", "NaN", "+Inf", "1_2", "1.1.1", "0x1", "1e300", "now"] {
            assert_eq!(Time::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn times_are_compared_exactly() {
        let time = |text: &str| Time::parse(text.as_bytes()).unwrap();
        assert!(time("1700000000.000000001") > time("1700000000"));
        assert!(time("-2") < time("-1.5"));
        assert_eq!(time("0.0000000001"), time("0"));
    }
}
