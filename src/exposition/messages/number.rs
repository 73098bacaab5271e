//! Explains values that are not valid numbers: numbers with separators or units, dates, and durations.

use crate::exposition::text::number::is_float;

/// An explanation of why a value is not a number, and how to write it instead. `what` is printed after the value.
pub(super) struct Explanation {
    pub(super) what: &'static str,
    pub(super) help: String,
}

const NOT_A_NUMBER: &str = "is not a number";
pub(super) const UNIX_TIME: &str = "write a time as seconds since 1970, as printed by `date +%s`";
const ONLY_THE_NUMBER: &str = "write only the number, without a unit";

/// Explains a value that begins with a digit, a sign or a separator.
pub(super) fn explain(text: &str) -> Option<Explanation> {
    let not_a_number = |help: String| Some(Explanation { what: NOT_A_NUMBER, help });
    if let Some(decimal) = other_base(text) {
        return not_a_number(format!("write it in decimal: `{decimal}`"));
    }
    if is_date(text) {
        return not_a_number(UNIX_TIME.to_owned());
    }
    // These are the Unicode minus sign, en dash and em dash.
    let positive = text.trim_start_matches(['\u{2212}', '\u{2013}', '\u{2014}']);
    if positive.len() < text.len() && is_float(positive.as_bytes()) {
        return not_a_number(format!("write `-{positive}`"));
    }
    if let Some(seconds) = clock(text).or_else(|| duration(text)) {
        return not_a_number(format!("write the duration in seconds: `{seconds}`"));
    }
    let time = text.rsplit('-').next().filter(|_| text.starts_with(|c: char| c.is_ascii_digit()));
    if time.is_some_and(|time| clock(time).or_else(|| clock(&format!("0:{time}"))).is_some()) {
        return not_a_number("write the time in seconds".to_owned());
    }
    let number = text.trim_end_matches([',', ';', '\u{a0}']);
    if number.len() < text.len() && is_float(number.as_bytes()) {
        let what = "has a separator after the number";
        return Some(Explanation { what, help: format!("write `{number}`") });
    }
    let (number, unit) = number.split_at(number_len(number));
    let is_unit = !unit.starts_with(['.', '-', '+', '#', ':', '{', '*', '^', '×', '\\', '\0', '\x1b', '\r']);
    // A fraction such as `1/2`, or a number that was cut off, such as `1.5e`.
    let is_part = unit.strip_prefix('/').is_some_and(|unit| is_float(unit.as_bytes()))
        || unit.trim_end_matches(['+', '-']).eq_ignore_ascii_case("e");
    let found = separators(number);
    if unit.is_empty() {
        return found;
    }
    match found {
        Some(found) => Some(Explanation { help: format!("{ONLY_THE_NUMBER}; {}", found.help), ..found }),
        None if is_unit && !is_part && is_float(number.as_bytes()) => {
            not_a_number(ONLY_THE_NUMBER.to_owned())
        }
        None => None,
    }
}

/// Returns the length of the number at the start of `text`, including separators and the exponent.
fn number_len(text: &str) -> usize {
    let is_number = |c: char| c.is_ascii_digit() || is_separator(c);
    let start = usize::from(text.starts_with(['+', '-']));
    let end = text[start..].find(|c| !is_number(c)).map_or(text.len(), |end| start + end);
    let exponent = text[end..].strip_prefix(['e', 'E']).unwrap_or_default();
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let len = digits.bytes().take_while(u8::is_ascii_digit).count();
    if len == 0 { end } else { text.len() - digits.len() + len }
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | '\'' | '_' | '\u{2019}' | '\u{a0}' | '\u{202f}' | '\u{2009}')
}

/// Explains a number with a decimal comma or thousands separators.
pub(super) fn separators(text: &str) -> Option<Explanation> {
    let sign = usize::from(text.starts_with(['+', '-']));
    let (sign, number) = text.split_at(sign);
    let (number, exponent) = number.split_at(number.find(['e', 'E']).unwrap_or(number.len()));
    let found: Vec<char> = number.chars().filter(|c| !c.is_ascii_digit()).collect();
    let (first, last) = (*found.first()?, *found.last()?);
    let groups: Vec<&str> = number.split(|c: char| !c.is_ascii_digit()).collect();
    let (fraction, whole) = groups.split_last()?;
    let is_fraction = matches!(last, '.' | ',') && found.iter().filter(|c| **c == last).count() == 1;
    // An IP address, or a version such as `1.22.333`, is not a number.
    let is_byte = |group: &&str| group.parse::<u8>().is_ok_and(|byte| byte.to_string() == **group);
    let is_address = last == '.' && groups.len() == 4 && groups.iter().all(is_byte);
    if first == '.' && (is_address || whole.iter().skip(1).any(|group| group.len() != 3)) {
        return None;
    }
    let with_point = format!("{sign}{}.{fraction}{exponent}", whole.concat());
    let joined = format!("{sign}{}{exponent}", groups.concat());
    let decimal = |number: &str| Explanation {
        what: "has a decimal comma",
        help: format!("write `{number}`; `LC_ALL=C` makes most programs do this"),
    };
    let thousands =
        |number: &str| Explanation { what: "has thousands separators", help: format!("write `{number}`") };
    let explained = match found.len() {
        1 if last == ',' && exponent.is_empty() && !number.starts_with('0') && are_thousands(&groups) => {
            let help = format!("write `{with_point}`, or `{joined}` if the comma is a thousands separator");
            Explanation { what: "contains a comma", help }
        }
        1 if last == ',' => decimal(&with_point),
        1 if last == '.' => return None,
        _ if found.iter().all(|c| *c == first) && (first == '_' || are_thousands(&groups)) => {
            thousands(&joined)
        }
        2.. if is_fraction
            && found[..found.len() - 1].iter().all(|c| *c == first)
            && are_thousands(whole) =>
        {
            if last == ',' {
                decimal(&with_point)
            } else {
                thousands(&with_point)
            }
        }
        _ => return None,
    };
    [&with_point, &joined].iter().all(|number| is_float(number.as_bytes())).then_some(explained)
}

/// Returns whether the digits are grouped by thousands separators. In some countries, the groups have two digits.
fn are_thousands(groups: &[&str]) -> bool {
    match groups {
        [first, middle @ .., last] => {
            (1..=3).contains(&first.len())
                && middle.iter().all(|group| matches!(group.len(), 2 | 3))
                && last.len() == 3
        }
        _ => false,
    }
}

/// Joins a value and the text after it if together they form a number with spaces as thousands separators, such as `12
/// 345.5`.
pub(in crate::exposition) fn with_spaces(value: &[u8], rest: &[u8]) -> Option<String> {
    let is_number = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let first = if let [b'+' | b'-', digits @ ..] = value { digits } else { value };
    let mut parts = rest.splitn(2, |byte| matches!(byte, b'.' | b','));
    let (groups, fraction) = (parts.next().unwrap_or_default(), parts.next().unwrap_or(b"0"));
    let is_grouped = (1..=3).contains(&first.len())
        && is_number(first)
        && !first.starts_with(b"0")
        && groups.split(|byte| *byte == b' ').all(|group| group.len() == 3 && is_number(group))
        && !fraction.is_empty()
        && is_number(fraction);
    let joined = || String::from_utf8_lossy(&[value, rest].concat()).replace(' ', "").replace(',', ".");
    is_grouped.then(joined)
}

/// Converts an integer in another base, such as `0x1f`, to decimal.
fn other_base(text: &str) -> Option<u64> {
    let (prefix, digits) = text.split_at_checked(2)?;
    let base = match prefix {
        "0x" | "0X" => 16,
        "0b" | "0B" => 2,
        "0o" | "0O" => 8,
        _ => return None,
    };
    u64::from_str_radix(digits, base).ok()
}

/// Returns whether the text is a date such as `2026-01-31`, `31.01.2026` or `01/31/2026`, with or without a time.
fn is_date(text: &str) -> bool {
    ['-', '/', '.'].into_iter().any(|separator| {
        let parts: Vec<&str> = text.splitn(3, separator).collect();
        let digits = |part: &str| part.bytes().take_while(u8::is_ascii_digit).count();
        let is_number = |part: &&str| digits(part) == part.len();
        match parts[..] {
            [year, month, day] if year.len() == 4 => {
                is_number(&year)
                    && is_number(&month)
                    && (1..=2).contains(&month.len())
                    && (1..=2).contains(&digits(day))
            }
            [day, month, year] => {
                let is_short = |part: &str| (1..=2).contains(&part.len()) && is_number(&part);
                is_short(day) && is_short(month) && digits(year) == 4
            }
            _ => false,
        }
    })
}

/// Converts a time such as `00:01:23` to seconds.
fn clock(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    let [hours, minutes, seconds] = parts[..] else { return None };
    let all = [hours, minutes, seconds].map(|part| part.parse().ok().filter(|n| (0.0..1e3).contains(n)));
    let [Some(hours), Some(minutes), Some(seconds)] = all else { return None };
    Some(hours * 3_600.0 + minutes * 60.0 + seconds)
}

/// Converts a duration with several units, such as Go's `1m30s`, to seconds.
fn duration(text: &str) -> Option<f64> {
    let iso = text.strip_prefix("PT").map(str::to_ascii_lowercase);
    let (mut rest, mut seconds, mut parts) =
        (iso.as_deref().unwrap_or(text), 0.0, usize::from(iso.is_some()));
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        seconds += number
            * match &rest[..unit] {
                "w" => 604_800.0,
                "d" => 86_400.0,
                "h" => 3_600.0,
                "m" | "min" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                _ => return None,
            };
        rest = &rest[unit..];
        parts += 1;
    }
    (parts > 1).then_some(seconds)
}
