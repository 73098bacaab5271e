//! Parses numbers like Go's `strconv`. The server uses `ParseInt`, and `ParseFloat` after rejecting some characters.
//!
//! Rust and Go round the same way, but Go rejects out-of-range values (`1e999`) and a signed `nan`. Hexadecimal numbers
//! are never valid: Go requires a `p` in them, which the server's `parseFloat` (`prometheus/common
//! expfmt/text_parse.go`) rejects, along with `_`.

/// The result of parsing a token as a float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Float {
    /// A number that the server accepts.
    Value(f64),
    /// The syntax is valid, but the number is too large for a 64-bit float.
    OutOfRange,
    Invalid,
}

/// Returns whether the server accepts `token` as a value. Simple decimal numbers are recognized without parsing them.
pub(crate) fn is_float(token: &[u8]) -> bool {
    is_plain(token) || matches!(float(token), Float::Value(_))
}

/// Returns whether `token` is a number or was probably meant as one, such as `1,5` or `5MB`.
pub(crate) fn begins_like_number(token: &[u8]) -> bool {
    is_float(token) || split_sign(token).1.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// Returns whether the token is a decimal number, with an optional sign and decimal point, that is too short to
/// overflow.
#[inline]
fn is_plain(token: &[u8]) -> bool {
    let (_, digits) = split_sign(token);
    let (mut points, mut count) = (0, 0);
    for &byte in digits {
        match byte {
            b'0'..=b'9' => count += 1,
            b'.' => points += 1,
            _ => return false,
        }
    }
    points <= 1 && (1..300).contains(&count)
}

/// Returns whether the number is negative, and the number without its sign.
#[inline]
fn split_sign(token: &[u8]) -> (bool, &[u8]) {
    match token {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    }
}

/// Parses `token` like Go's `strconv.ParseFloat`, except that `p`, `P` and `_` are invalid.
pub(crate) fn float(token: &[u8]) -> Float {
    let (negative, unsigned) = split_sign(token);
    let value = if let Some(value) = short_decimal(unsigned) {
        value
    } else if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        f64::INFINITY
    } else if token.eq_ignore_ascii_case(b"nan") {
        f64::NAN
    } else {
        match decimal(unsigned) {
            Some(value) if value.is_infinite() => return Float::OutOfRange,
            Some(value) => value,
            None => return Float::Invalid,
        }
    };
    Float::Value(if negative { -value } else { value })
}

/// Parses an unsigned decimal number of at most 15 characters without an exponent. The digits and the power of ten are
/// exact as floats, so only the division rounds.
fn short_decimal(token: &[u8]) -> Option<f64> {
    let (mut digits, mut scale, mut has_point) = (0.0, 1.0, false);
    for byte in token {
        match byte {
            b'0'..=b'9' => {
                digits = digits * 10.0 + f64::from(byte - b'0');
                scale *= if has_point { 10.0 } else { 1.0 };
            }
            b'.' if !has_point => has_point = true,
            _ => return None,
        }
    }
    (usize::from(has_point) < token.len() && token.len() <= 15).then(|| digits / scale)
}

/// Parses an unsigned decimal number. Returns infinity if it is out of range.
fn decimal(token: &[u8]) -> Option<f64> {
    let split = token.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let mantissa = &token[..split.unwrap_or(token.len())];
    let digits = mantissa.iter().filter(|byte| byte.is_ascii_digit()).count();
    let point = usize::from(mantissa.contains(&b'.'));
    if digits == 0 || point + digits != mantissa.len() {
        return None;
    }
    let exponent = split.map_or(Some(0), |split| exponent(&token[split + 1..]))?;
    if digits > GO_DIGITS {
        return long_decimal(mantissa, exponent);
    }
    let mantissa = std::str::from_utf8(mantissa).ok()?;
    if exponent == 0 { mantissa.parse().ok() } else { format!("{mantissa}e{exponent}").parse().ok() }
}

/// Maximum number of digits that Go's slow algorithm keeps.
const GO_DIGITS: usize = 800;

/// Parses a number with more digits than Go keeps. If the exponent is out of range for Go's fast algorithm
/// (`eiselLemire64`), Go uses the slow one (`decimal.set`), which drops excess integer digits and thereby makes the
/// number smaller.
#[cold]
fn long_decimal(mantissa: &[u8], exponent: i32) -> Option<f64> {
    let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
    let (whole, fraction) = (&mantissa[..point], mantissa.get(point + 1..).unwrap_or_default());
    let whole = &whole[whole.iter().take_while(|digit| **digit == b'0').count()..];
    let zeros =
        if whole.is_empty() { fraction.iter().take_while(|digit| **digit == b'0').count() } else { 0 };
    let digits = [whole, &fraction[zeros..]].concat();
    if digits.is_empty() {
        return Some(0.0);
    }
    let scale = |kept: usize| i64::try_from(kept).ok()?.checked_sub(i64::try_from(zeros).ok()?);
    let fast = scale(whole.len())? - i64::try_from(digits.len().min(19)).ok()? + i64::from(exponent);
    let (digits, scale) = if (-348..=347).contains(&fast) {
        (&*digits, scale(whole.len())?)
    } else {
        (&digits[..digits.len().min(GO_DIGITS)], scale(whole.len().min(GO_DIGITS))?)
    };
    let digits = std::str::from_utf8(digits).ok()?;
    format!("0.{digits}e{}", scale + i64::from(exponent)).parse().ok()
}

/// Parses an exponent like Go, which ignores all digits after the fifth. This matters only for numbers with thousands
/// of zeros.
fn exponent(token: &[u8]) -> Option<i32> {
    let (negative, digits) = split_sign(token);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0, |sum, digit| if sum < 10_000 { sum * 10 + i32::from(digit - b'0') } else { sum });
    Some(if negative { -value } else { value })
}

/// Returns whether the server accepts `token` as a timestamp. Rust parses an `i64` by the same rules as Go's
/// `ParseInt(token, 10, 64)`.
pub(crate) fn is_timestamp(token: &[u8]) -> bool {
    std::str::from_utf8(token).is_ok_and(|text| text.parse::<i64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_go_accepts() {
        for token in [
            "0",
            "-0",
            "+1",
            "1.",
            ".5",
            "-.5e-3",
            "1e3",
            "1E+03",
            "inf",
            "+Inf",
            "-INFINITY",
            "nan",
            "NaN",
            "1e-999",
            "1.7976931348623157e308",
            "0e99999999999999999999",
            "1e-99999999999999999999",
            "00000000000000001",
            "179769313486231580793728971405301e276",
        ] {
            assert!(is_float(token.as_bytes()), "{token}");
            assert!(matches!(float(token.as_bytes()), Float::Value(_)), "{token}");
        }
    }

    #[test]
    fn rejects_what_go_rejects() {
        for token in [
            "",
            "+",
            "-",
            ".",
            "e",
            "e5",
            "1e",
            "1e+",
            "+nan",
            "-NaN",
            "infi",
            "infinit",
            "infinityy",
            "0x1F",
            "0x1p4",
            "1_000",
            "1,5",
            "1d",
            "1f",
            "--1",
            "1.2.3",
            "1e1.5",
            "٣",
            "1e1e1",
            ".e1",
        ] {
            assert_eq!(float(token.as_bytes()), Float::Invalid, "{token}");
            assert!(!is_float(token.as_bytes()), "{token}");
        }
        for token in ["1e999", "-1e309", "1.7976931348623159e308", "1e99999999999999999999"] {
            assert_eq!(float(token.as_bytes()), Float::OutOfRange, "{token}");
            assert!(!is_float(token.as_bytes()), "{token}");
        }
        assert!(!is_float("9".repeat(400).as_bytes()));
        assert!(is_float("9".repeat(308).as_bytes()));
    }

    #[test]
    fn short_decimals_are_rounded_as_by_rust() {
        for number in (0..100_000_000_000_000_u64).step_by(33_333_333_331).chain(0..1_000) {
            for point in 0..15 {
                let mut text = format!("{number:014}");
                text.insert(point, '.');
                let value = short_decimal(text.as_bytes()).map(f64::to_bits);
                assert_eq!(value, text.parse::<f64>().ok().map(f64::to_bits), "{text}");
            }
        }
        for token in ["", ".", "1.2.3", "1e3", "+1", "1234567890.12345"] {
            assert_eq!(short_decimal(token.as_bytes()), None, "{token}");
        }
    }

    #[test]
    fn digits_of_an_exponent_after_the_fifth_are_ignored() {
        assert_eq!(exponent(b"123456"), Some(12345));
        assert_eq!(exponent(b"-000099999"), Some(-99999));
        assert_eq!(exponent(b"10000"), Some(10000));
    }

    #[test]
    fn timestamps_are_64_bit_integers() {
        for token in ["0", "-1", "+5", "0009", "9223372036854775807", "-9223372036854775808"] {
            assert!(is_timestamp(token.as_bytes()), "{token}");
        }
        for token in ["", "-", "+", "1.5", "1e3", "9223372036854775808", "1_0", "0x1"] {
            assert!(!is_timestamp(token.as_bytes()), "{token}");
        }
    }
}
