//! Explains bucket bounds and quantiles that are not numbers.

use super::{number, quoted};
use crate::exposition::findings::Message;
use crate::exposition::text::number::is_float;

/// Explains a value of `le` or `quantile` that is not a number.
pub(in crate::exposition) fn bound(value: &[u8], is_bucket: bool) -> Message {
    let text = std::str::from_utf8(value).unwrap_or_default().trim();
    let name = if is_bucket { "bucket bound" } else { "quantile" };
    let message = Message::new(format!("the {name} {} is not a number", quoted(value)));
    let meant = if is_bucket { upper_bound(text) } else { quantile(text) };
    let decimal = || number::separators(text).filter(|_| is_bucket || text.starts_with('0'));
    let help = meant.map(|number| format!("write `{number}`")).or_else(|| Some(decimal()?.help));
    message.help(match (help, is_bucket) {
        (Some(help), true) => help,
        (Some(help), false) => format!("a quantile is between 0 and 1; {help}"),
        (None, true) => "write a number without a unit, or `+Inf` for the last bucket".to_owned(),
        (None, false) => "a quantile is a number between 0 and 1, such as `0.5`".to_owned(),
    })
}

fn upper_bound(text: &str) -> Option<String> {
    let is_last =
        ["infinite", "max", "\u{221e}", "+\u{221e}", "inf."].contains(&text.to_lowercase().as_str());
    let trimmed = text.trim_start_matches(['<', '=', ' ']);
    if is_last { Some("+Inf".to_owned()) } else { is_float(trimmed.as_bytes()).then(|| trimmed.to_owned()) }
}

/// Converts a quantile that is written as a percentile or as a word, such as `p99` or `median`.
fn quantile(text: &str) -> Option<String> {
    match text.to_ascii_lowercase().as_str() {
        "min" => return Some("0".to_owned()),
        "max" => return Some("1".to_owned()),
        "median" => return Some("0.5".to_owned()),
        _ => {}
    }
    if text.parse().is_ok_and(|number: f64| (0.0..=1.0).contains(&number)) {
        return Some(text.to_owned());
    }
    let percent = text
        .strip_prefix(['p', 'P'])
        .or_else(|| text.strip_suffix("th"))
        .or_else(|| text.strip_suffix('%'))?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = percent.trim().split_once('.').unwrap_or((percent.trim(), ""));
    // `p999` means 99.9%, but `150%` is not a quantile.
    let is_percent = digits(whole) && (whole.len() < 3 || text.starts_with(['p', 'P']));
    match whole {
        "100" if fraction.bytes().all(|digit| digit == b'0') => Some("1".to_owned()),
        _ if is_percent && (fraction.is_empty() || digits(fraction)) => {
            let digits = format!("{whole:0>2}{fraction}");
            let digits = digits.trim_end_matches('0');
            Some(if digits.is_empty() { "0".to_owned() } else { format!("0.{digits}") })
        }
        _ => None,
    }
}
