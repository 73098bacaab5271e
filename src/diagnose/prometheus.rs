//! Checks whether Prometheus can parse the response to a scrape.

use super::Problem;
use crate::http::ErrorKind;

/// The media types that Prometheus 3 accepts (`prometheus/prometheus model/textparse/interface.go`, seen on
/// 3.5.3). Version 2 parses any type as text.
const MEDIA_TYPES: [&str; 3] =
    ["text/plain", "application/openmetrics-text", "application/vnd.google.protobuf"];

/// Returns a problem if Prometheus 3 rejects this media type, for example because a proxy changed it.
pub fn unreadable_media_type(content_type: Option<&str>) -> Option<Problem> {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if MEDIA_TYPES.iter().any(|known| media_type.eq_ignore_ascii_case(known)) {
        return None;
    }
    let shown = match media_type {
        "" => "without a Content-Type".to_owned(),
        other => format!("with the Content-Type `{other}`"),
    };
    Some(Problem::new(format!(
        "the metrics arrive {shown}, but the gateway sends `text/plain`: Prometheus 3 rejects the whole scrape unless fallback_scrape_protocol is set"
    )))
}

/// Returns true if the gateway itself reports that its metrics are inconsistent.
pub fn is_inconsistent(error: &ErrorKind) -> bool {
    matches!(error, ErrorKind::Status(answered) if answered.status == 500)
}

/// Describes in one sentence why a scrape failed.
pub fn reason(error: &ErrorKind) -> String {
    // The first line is fixed. The second line is the error, or the number of errors if there are several.
    let words = error.words().filter(|_| is_inconsistent(error)).unwrap_or_default();
    match words.lines().map(str::trim).filter(|line| !line.is_empty()).nth(1) {
        Some(reason) => format!("scrapes fail with status 500: {}", reason.trim_end_matches(':')),
        None => error.message(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_that_prometheus_accepts() {
        for known in ["text/plain", "TEXT/Plain; version=0.0.4", "application/openmetrics-text;version=1.0.0"]
        {
            assert_eq!(unreadable_media_type(Some(known)), None, "{known}");
        }
        for (unknown, part) in [
            (None, "without a Content-Type"),
            (Some(""), "without a Content-Type"),
            (Some("text/html; charset=utf-8"), "with the Content-Type `text/html`"),
        ] {
            assert!(unreadable_media_type(unknown).unwrap().message.contains(part), "{unknown:?}");
        }
    }
}
