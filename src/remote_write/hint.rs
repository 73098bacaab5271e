//! Hints for failed requests to a remote-write receiver. Pure.

use super::version::{Version, VersionChoice};
use crate::http::{self, Connection, ErrorKind, Rejection, Scheme};

/// The start of the response from Prometheus if its remote-write receiver is disabled. The rest of the response names a
/// flag, which depends on the version.
const IS_OFF: &str = "remote write receiver needs to be enabled";

/// Hint for a URL that does not point to a receiver.
pub(super) const PATHS: &str = "the URL must include the receiver's path: /api/v1/write for Prometheus and \
     VictoriaMetrics, /api/v1/push for Mimir and Cortex, /api/v1/receive for Thanos; for a Pushgateway use -g URL";

/// Returns a hint for a failed request, or `None` if there is no specific hint for it.
pub(super) fn hint(
    kind: &ErrorKind,
    choice: VersionChoice,
    version: Version,
    connection: &Connection,
) -> Option<String> {
    if let Some(hint) = http::hint(kind, connection) {
        return Some(hint);
    }
    let ErrorKind::Status(rejection) = kind else { return None };
    let hint = match rejection.status {
        300..=399 => return redirect(rejection, connection),
        400 => {
            let hint = of_samples(&rejection.words)?;
            let whole = "\nversion 1.0 does not report how many samples were stored: the receiver may have rejected the whole request";
            return Some(format!("{hint}{}", if version == Version::V1 { whole } else { "" }));
        }
        404 if rejection.words.contains(IS_OFF) => {
            "start this Prometheus with --web.enable-remote-write-receiver"
        }
        404 | 405 => PATHS,
        413 => "the receiver, or a proxy in front of it, limits the request size",
        502 | 504 => "a proxy in front of the receiver gets no response from it: is the receiver running?",
        415 if choice != VersionChoice::Auto => {
            "the receiver does not support this version: use --remote-write-version auto"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// Returns a hint for samples that the receiver rejects because of their timestamps.
pub(super) fn of_samples(words: &str) -> Option<&'static str> {
    let words = words.to_ascii_lowercase();
    let is_about_time =
        ["out of order", "out of bounds", "too far in the future", "duplicate sample", "too old"];
    is_about_time.iter().any(|reason| words.contains(reason)).then_some(
        "this receiver accepts only new samples: check the unit of the timestamps (milliseconds in the Prometheus \
         format, seconds in OpenMetrics), or use --strip-timestamps to send the current time",
    )
}

/// Returns a hint for a redirect to the same path without a trailing slash, or to HTTPS.
fn redirect(rejection: &Rejection, connection: &Connection) -> Option<String> {
    let endpoint = &connection.endpoint;
    let path = endpoint.path().trim_end_matches('/');
    if path.len() < endpoint.path().len() {
        let url = endpoint.clone().with_path(path).to_string();
        return Some(format!("use {}", connection.url_option(&url)));
    }
    let host = format!("https://{}", endpoint.host());
    let is_https =
        rejection.location.as_deref().and_then(|url| url.strip_prefix(&host)).is_some_and(|rest| {
            // The URL must have the same path and no query. Any port is accepted.
            rest.strip_suffix(path).is_some_and(|port| port.is_empty() || port.starts_with(':'))
        });
    let location = rejection.location.as_deref().unwrap_or_default();
    if endpoint.scheme() == Scheme::Http && is_https {
        return Some(format!("use {}", connection.url_option(location)));
    }
    http::login_hint(location.split('?').next().unwrap_or_default()).map(str::to_owned)
}
