//! Parses durations in Prometheus syntax, such as `90s`, `2h`, `1h30m` and `7d`.
//!
//! The grammar is the same as in `model.ParseDuration` of prometheus/common: whole numbers with units, from the largest
//! unit to the smallest, each at most once. A day has 24 hours, a week 7 days and a year 365 days.

use std::time::Duration;
use thiserror::Error;

/// Units from the largest to the smallest, with their length in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 60 * 60 * 1000),
    ("w", 7 * 24 * 60 * 60 * 1000),
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

/// The reason why a string is not a valid duration. Each variant except `Empty` contains the string.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum DurationError {
    #[error("the duration is empty: write it like 90s, 2h or 1h30m")]
    Empty,
    #[error("`{0}` is not a duration: write it like 90s, 2h or 1h30m")]
    NoNumber(String),
    #[error("`{0}` has no unit: write {0}s for seconds")]
    OnlyNumber(String),
    #[error("`{0}` ends in a number without a unit: write it like 90s, 2h or 1h30m")]
    NoUnit(String),
    #[error("`{0}` has a fraction: use whole numbers and smaller units, as in 1h30m or 500ms")]
    Fraction(String),
    #[error("`{text}` is negative: write {meant}")]
    Signed { text: String, meant: String },
    #[error("`{text}` has the unknown unit `{unit}`: write {meant}")]
    MeantUnit { text: String, unit: String, meant: String },
    #[error("`{text}` has the unknown unit `{unit}`: m is minutes, and a month is 30d")]
    Month { text: String, unit: String },
    #[error("`{text}` has the unknown unit `{unit}`: the units are y, w, d, h, m, s and ms")]
    UnknownUnit { text: String, unit: String },
    #[error("the units of `{0}` are out of order: write each once, largest first, as in 1h30m")]
    Order(String),
    #[error("`{0}` is too long")]
    TooLong(String),
}

/// Parses a duration such as `1h30m`. A bare `0` is accepted, as in Prometheus.
pub(crate) fn parse(text: &str) -> Result<Duration, DurationError> {
    let owned = || text.to_owned();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.is_empty() {
        return Err(DurationError::Empty);
    }
    if let Some(meant) = text.strip_prefix('-').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    {
        parse(meant)?;
        return Err(DurationError::Signed { text: owned(), meant: meant.to_owned() });
    }
    if let Some(meant) = text.strip_suffix(" ago") {
        parse(meant)?;
        let (text, unit) = (owned(), "ago".to_owned());
        return Err(DurationError::MeantUnit { text, unit, meant: meant.to_owned() });
    }
    let mut millis: u64 = 0;
    let mut units = UNITS.as_slice();
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, after) = split_while(rest, |c| c.is_ascii_digit());
        let (unit, after) = split_while(after, |c| !c.is_ascii_digit());
        let number = match (digits, unit) {
            ("", _) => return Err(DurationError::NoNumber(owned())),
            (digits, "") if digits == text => return Err(DurationError::OnlyNumber(owned())),
            (_, "") => return Err(DurationError::NoUnit(owned())),
            (_, unit) if unit.starts_with(['.', ',']) => return Err(DurationError::Fraction(owned())),
            (digits, _) => digits.parse::<u64>().map_err(|_| DurationError::TooLong(owned()))?,
        };
        let Some(at) = units.iter().position(|(name, _)| *name == unit) else {
            let is_known = UNITS.iter().any(|(name, _)| *name == unit);
            return Err(if is_known { DurationError::Order(owned()) } else { unknown_unit(text, unit) });
        };
        let part = number.checked_mul(units[at].1);
        millis =
            part.and_then(|part| millis.checked_add(part)).ok_or_else(|| DurationError::TooLong(owned()))?;
        units = &units[at + 1..];
        rest = after;
    }
    // The same limit as in Prometheus: nanoseconds in a signed 64-bit integer, about 292 years.
    if millis > i64::MAX.unsigned_abs() / 1_000_000 {
        return Err(DurationError::TooLong(owned()));
    }
    Ok(Duration::from_millis(millis))
}

/// Returns the error for an unknown unit. It suggests the right spelling for common variants such as `min` or `days`.
fn unknown_unit(text: &str, unit: &str) -> DurationError {
    let lower = unit.trim().to_ascii_lowercase();
    let known = match lower.as_str() {
        "mo" | "mon" | "month" | "months" => None,
        "m" if unit.trim() == "M" => None,
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => Some("ms"),
        "s" | "sec" | "secs" | "second" | "seconds" => Some("s"),
        "m" | "min" | "mins" | "minute" | "minutes" => Some("m"),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "d" | "day" | "days" => Some("d"),
        "w" | "wk" | "wks" | "week" | "weeks" => Some("w"),
        "y" | "yr" | "yrs" | "year" | "years" => Some("y"),
        _ => return DurationError::UnknownUnit { text: text.to_owned(), unit: unit.to_owned() },
    };
    let (text, unit) = (text.to_owned(), unit.to_owned());
    match known {
        Some(known) => DurationError::MeantUnit { meant: text.replacen(&unit, known, 1), text, unit },
        None => DurationError::Month { text, unit },
    }
}

fn split_while(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

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
    fn a_text_that_is_not_a_duration_gets_a_reason() {
        let table = [
            ("", "the duration is empty: write it like 90s, 2h or 1h30m"),
            ("30", "`30` has no unit: write 30s for seconds"),
            ("1h30", "`1h30` ends in a number without a unit: write it like 90s, 2h or 1h30m"),
            ("soon", "`soon` is not a duration: write it like 90s, 2h or 1h30m"),
            ("-5s", "`-5s` is negative: write 5s"),
            ("-7", "`7` has no unit: write 7s for seconds"),
            ("--5s", "`--5s` is not a duration: write it like 90s, 2h or 1h30m"),
            ("7days", "`7days` has the unknown unit `days`: write 7d"),
            ("1week", "`1week` has the unknown unit `week`: write 1w"),
            ("7D", "`7D` has the unknown unit `D`: write 7d"),
            ("1h30sec", "`1h30sec` has the unknown unit `sec`: write 1h30s"),
            ("1M", "`1M` has the unknown unit `M`: m is minutes, and a month is 30d"),
            ("2months", "`2months` has the unknown unit `months`: m is minutes, and a month is 30d"),
            (" 5s", "` 5s` is not a duration: write it like 90s, 2h or 1h30m"),
            ("1.5h", "`1.5h` has a fraction: use whole numbers and smaller units, as in 1h30m or 500ms"),
            ("1d ago", "`1d ago` has the unknown unit `ago`: write 1d"),
            ("2 weeks ago", "`2 weeks` has the unknown unit ` weeks`: write 2w"),
            ("long ago", "`long` is not a duration: write it like 90s, 2h or 1h30m"),
            ("5min", "`5min` has the unknown unit `min`: write 5m"),
            ("5S", "`5S` has the unknown unit `S`: write 5s"),
            ("5 s", "`5 s` has the unknown unit ` s`: write 5s"),
            ("5µs", "`5µs` has the unknown unit `µs`: the units are y, w, d, h, m, s and ms"),
            ("30m1h", "the units of `30m1h` are out of order: write each once, largest first, as in 1h30m"),
            ("1s1s", "the units of `1s1s` are out of order: write each once, largest first, as in 1h30m"),
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
        fn no_text_causes_a_panic(text in "\\PC{0,12}|[0-9ywdhms.]{0,24}") {
            let _ = parse(&text);
        }
    }
}
