//! Durations as Prometheus writes them: `90s`, `2h`, `1h30m`, `7d`. Pure.
//!
//! The grammar is that of `prometheus/common model.ParseDuration`, because our readers write such durations in their
//! Prometheus configuration all day: whole numbers with units from the largest to the smallest, each at most once. A
//! day has 24 hours, a week 7 days and a year 365 days.

use std::fmt;
use std::time::Duration;

/// The units from the largest to the smallest, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 60 * 60 * 1000),
    ("w", 7 * 24 * 60 * 60 * 1000),
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads a duration such as `1h30m`. A bare `0` is taken, as Prometheus does.
///
/// # Errors
///
/// Anything else.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let error = |reason| DurationError { text: text.to_owned(), reason };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.is_empty() {
        return Err(error(Reason::Empty));
    }
    let mut millis: u64 = 0;
    let mut units = UNITS.as_slice();
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, after) = split_while(rest, |c| c.is_ascii_digit());
        let (unit, after) = split_while(after, |c| !c.is_ascii_digit());
        let number = match (digits, unit) {
            ("", _) => return Err(error(Reason::NoNumber)),
            (_, "") => return Err(error(Reason::NoUnit)),
            (_, unit) if unit.starts_with(['.', ',']) => return Err(error(Reason::Fraction)),
            (digits, _) => digits.parse::<u64>().map_err(|_| error(Reason::TooLong))?,
        };
        let Some(at) = units.iter().position(|(name, _)| *name == unit) else {
            let known = UNITS.iter().any(|(name, _)| *name == unit);
            return Err(error(if known { Reason::Order } else { Reason::UnknownUnit(unit.to_owned()) }));
        };
        let part = number.checked_mul(units[at].1);
        millis = part.and_then(|part| millis.checked_add(part)).ok_or_else(|| error(Reason::TooLong))?;
        units = &units[at + 1..];
        rest = after;
    }
    // The limit of Prometheus: nanoseconds in 64 bits with a sign, some 292 years.
    if millis > i64::MAX.unsigned_abs() / 1_000_000 {
        return Err(error(Reason::TooLong));
    }
    Ok(Duration::from_millis(millis))
}

fn split_while(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurationError {
    text: String,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Empty,
    NoNumber,
    NoUnit,
    Fraction,
    UnknownUnit(String),
    Order,
    TooLong,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match &self.reason {
            Reason::Empty => f.write_str("a duration is empty: write it as 90s, 2h or 1h30m"),
            Reason::NoNumber => write!(f, "`{text}` is no duration: write it as 90s, 2h or 1h30m"),
            Reason::NoUnit if text.bytes().all(|b| b.is_ascii_digit()) => {
                write!(f, "`{text}` has no unit: write {text}s for seconds")
            }
            Reason::NoUnit => {
                write!(f, "`{text}` ends in a number without a unit: write it as 90s, 2h or 1h30m")
            }
            Reason::Fraction => {
                write!(f, "`{text}` has a fraction: write whole numbers and smaller units, as 1h30m or 500ms")
            }
            Reason::UnknownUnit(unit) => {
                write!(f, "`{text}` has the unknown unit `{unit}`: the units are y, w, d, h, m, s and ms")
            }
            Reason::Order => {
                write!(
                    f,
                    "`{text}` has its units out of order: each is given once, the largest first, as 1h30m"
                )
            }
            Reason::TooLong => write!(f, "`{text}` is too long"),
        }
    }
}

impl std::error::Error for DurationError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_those_of_prometheus() {
        let table = [
            ("0", 0),
            ("0s", 0),
            ("500ms", 500),
            ("90s", 90_000),
            ("2h", 7_200_000),
            ("1h30m", 5_400_000),
            ("1m1ms", 60_001),
            ("007s", 7_000),
            ("7d", 604_800_000),
            ("1w", 604_800_000),
            ("1y1w1d1h1m1s1ms", 31_536_000_000 + 604_800_000 + 86_400_000 + 3_600_000 + 60_000 + 1_000 + 1),
            ("292y", 292 * 31_536_000_000),
        ];
        for (text, millis) in table {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_told() {
        let table = [
            ("", "a duration is empty: write it as 90s, 2h or 1h30m"),
            ("30", "`30` has no unit: write 30s for seconds"),
            ("1h30", "`1h30` ends in a number without a unit: write it as 90s, 2h or 1h30m"),
            ("soon", "`soon` is no duration: write it as 90s, 2h or 1h30m"),
            ("-5s", "`-5s` is no duration: write it as 90s, 2h or 1h30m"),
            (" 5s", "` 5s` is no duration: write it as 90s, 2h or 1h30m"),
            ("1.5h", "`1.5h` has a fraction: write whole numbers and smaller units, as 1h30m or 500ms"),
            ("5min", "`5min` has the unknown unit `min`: the units are y, w, d, h, m, s and ms"),
            ("5S", "`5S` has the unknown unit `S`: the units are y, w, d, h, m, s and ms"),
            ("5 s", "`5 s` has the unknown unit ` s`: the units are y, w, d, h, m, s and ms"),
            ("5µs", "`5µs` has the unknown unit `µs`: the units are y, w, d, h, m, s and ms"),
            ("30m1h", "`30m1h` has its units out of order: each is given once, the largest first, as 1h30m"),
            ("1s1s", "`1s1s` has its units out of order: each is given once, the largest first, as 1h30m"),
            ("293y", "`293y` is too long"),
            ("99999999999999999999s", "`99999999999999999999s` is too long"),
            ("18446744073709551615y", "`18446744073709551615y` is too long"),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text).unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,12}|[0-9ywdhms.]{0,24}") {
            let _ = parse(&text);
        }
    }
}
