//! Hints for failed requests that apply only to Pushgateways.

use super::group_url::DEFAULT_PORT;
use crate::http::{self, Connection, Encoding, ErrorKind, Method, Rejection, Request, Route, Scheme, Url};

/// The hint for a command that tried to read groups from Prometheus.
pub(super) const PROMETHEUS: &str = "Prometheus has no groups. push, add and run can send to it with --remote-write \
                                     URL, and `pushgw status --remote-write URL` checks it";

const CLASH: &str = "Pushgateway 1.11.0 and 1.11.1 close the connection where other versions answer 400: the push is \
                                inconsistent with the gateway's groups (`pushgw list` shows them)";

/// Returns a hint that is more specific than the default hint of the error's class, or `None`.
pub(super) fn hint(kind: &ErrorKind, request: &Request<'_>, connection: &Connection) -> Option<String> {
    if let Some(hint) = http::hint(kind, connection) {
        return Some(hint);
    }
    match kind {
        ErrorKind::Dns(_) => {
            Some("check the host name: -g or PUSHGATEWAY_URL sets the gateway's URL".to_owned())
        }
        ErrorKind::Connect(_) => Some(not_listening(connection)),
        ErrorKind::Closed => Some(match request.method {
            Method::Put | Method::Post => CLASH.to_owned(),
            Method::Get | Method::Delete if connection.endpoint.scheme() == Scheme::Http => {
                let option = connection.option_with_scheme(Scheme::Https);
                format!("check the port; if the server requires TLS, use {option}")
            }
            Method::Get | Method::Delete => "check the port".to_owned(),
        }),
        ErrorKind::Status(rejection) => of_status(rejection, request, connection),
        _ => None,
    }
}

/// Returns the hint for an HTML page that a server sent instead of the expected response.
pub(super) fn of_page(title: &str) -> &'static str {
    http::login_hint(title).unwrap_or("is this the gateway's URL?")
}

fn not_listening(connection: &Connection) -> String {
    let hint = match (&connection.route, connection.url_from) {
        (Route::Unix(_), _) => "is the server running, and is the socket path right?",
        (_, None) => "is a gateway running on this machine? to use another one, set -g or PUSHGATEWAY_URL",
        _ if connection.endpoint.port() == DEFAULT_PORT => "is the gateway running, and is the host right?",
        _ => "is the gateway running, and is the port right? the default is 9091",
    };
    hint.to_owned()
}

fn of_status(rejection: &Rejection, request: &Request<'_>, connection: &Connection) -> Option<String> {
    let prefix = connection.endpoint.path();
    let is_gzip = connection.encoding == Encoding::Gzip;
    let hint = match rejection.status {
        300..=399 => return Some(redirect(rejection.location.as_deref(), request, connection)),
        404 if rejection.words.contains("default backend") => {
            "this is the default backend of an ingress, which has no rule for this host and path"
        }
        404 if !prefix.is_empty() => return Some(format!("is the path `{prefix}` right?")),
        404 => {
            let with_prefix = connection.url_option(&connection.endpoint.join("/prefix"));
            let is_read = request.method == Method::Get;
            let another = if is_read { "" } else { "is it the right server? `pushgw status` checks it\n" };
            return Some(format!(
                "{another}if the gateway has a path prefix (--web.route-prefix), add it: {with_prefix}"
            ));
        }
        405 => {
            let method = request.method.as_str();
            let path = match request.method {
                _ if !prefix.is_empty() => format!(" is the path `{prefix}` right?"),
                Method::Get => " is this the gateway's URL?".to_owned(),
                _ => String::new(),
            };
            return Some(format!(
                "does a proxy in front of the gateway reject {method}, or rewrite every path to `/`?{path}"
            ));
        }
        413 if is_gzip => "a proxy in front of the gateway limits the size: push smaller groups",
        413 => "a proxy in front of the gateway limits the size: push smaller groups, or try --compress gzip",
        502 | 504 => "a proxy in front of the gateway gets no response from it: is the gateway running?",
        503 if rejection.page.is_some() => {
            "this page is from a proxy in front of the gateway: is the gateway running?"
        }
        415 if is_gzip => "does this gateway accept gzip? aggregation gateways do not; try --compress none",
        415 => {
            "the body was text without compression: is the server a Pushgateway? `pushgw status` checks it"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn redirect(location: Option<&str>, request: &Request<'_>, connection: &Connection) -> String {
    let location = location.unwrap_or_default();
    // The part before the group's path is the gateway's URL, or only its path if the server is the same.
    let gateway: Option<Url> =
        location.strip_suffix(&request.path).and_then(|url| match url.split_once("://") {
            Some(_) => url.parse().ok(),
            None if url.starts_with('/') && !url.contains(['?', '#']) && !url.starts_with("//") => {
                Some(connection.endpoint.clone().with_path(url))
            }
            None => None,
        });
    if let Some(url) = gateway {
        let option = connection.url_option(&url.to_string());
        return if url.host() == connection.endpoint.host() {
            format!("use {option}")
        } else {
            format!("if {} is your gateway, use {option}", url.authority())
        };
    }
    let other = "a redirect can lead to another group or server: set -g to the final URL";
    http::login_hint(location.split('?').next().unwrap_or_default()).unwrap_or(other).to_owned()
}
