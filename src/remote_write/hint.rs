//! What to do about a failed request, if that depends on the server being a receiver of remote write. Pure.

use super::version::VersionChoice;
use crate::http::{self, Connection, ErrorKind};

/// What Prometheus answers if the receiver is off. Version 2 goes on with an older flag.
const IS_OFF: &str = "remote write receiver needs to be enabled";

/// What to do if the URL is not that of a receiver.
pub(super) const PATHS: &str = "the URL includes the receiver's path: /api/v1/write for Prometheus and VictoriaMetrics, /api/v1/push for Mimir \
     and Cortex, /api/v1/receive for Thanos; for a Pushgateway use -g URL";

/// The hint for an error, if there is a better one than that of its class.
pub(super) fn hint(kind: &ErrorKind, choice: VersionChoice, connection: &Connection) -> Option<String> {
    if let Some(hint) = http::hint(kind, connection) {
        return Some(hint);
    }
    let ErrorKind::Status(rejection) = kind else { return None };
    let hint = match rejection.status {
        404 if rejection.words.contains(IS_OFF) => {
            "start this Prometheus with --web.enable-remote-write-receiver"
        }
        404 | 405 => PATHS,
        413 => "the receiver, or a proxy in front of it, limits the size of a request",
        415 if choice != VersionChoice::Auto => {
            "the receiver does not know this version: use --remote-write-version auto"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}
