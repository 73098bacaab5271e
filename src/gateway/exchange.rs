//! Requests to a Pushgateway: which responses only it gives, and what to do about errors that only it explains.

use crate::http::{Client, Error, ErrorKind, Event, Method, Request, Response};

/// The media type of a push. A Pushgateway reads any type but protobuf as text; other servers that accept pushes may
/// check it.
pub(crate) const EXPOSITION_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

const IMPORT_PATH: &str = "an import path like VictoriaMetrics' accepts pushes but has no groups";

/// Sends a request to a Pushgateway, with retries.
pub(crate) fn send(
    client: &Client,
    request: &Request<'_>,
    listener: &mut dyn FnMut(Event),
) -> Result<Response, Error> {
    check(request, client.send(request, listener))
}

/// Checks that a response came from a Pushgateway, and adds to an error what is known about gateways.
pub(super) fn check(request: &Request<'_>, result: Result<Response, Error>) -> Result<Response, Error> {
    match result {
        Ok(response) => match foreign_success(request.method, response.status, response.is_html()) {
            Some(reason) => Err(not_a_pushgateway(request, reason)),
            None => Ok(response),
        },
        Err(error) => {
            let hint = hint(&error.kind).or(error.hint);
            Err(Error { hint, ..error })
        }
    }
}

/// The error of a response with a status of 2xx that did not come from a Pushgateway.
pub(super) fn not_a_pushgateway(request: &Request<'_>, reason: String) -> Error {
    let kind = ErrorKind::Unexpected { expected: "a Pushgateway", reason };
    Error { hint: Some("is the URL that of the gateway?"), ..Error::new(request, kind) }
}

/// Why a success did not come from a gateway, so that nothing was done. Login pages are HTML, and VictoriaMetrics'
/// import path responds to every method with 200 or 204 (seen with 1.112.0).
fn foreign_success(method: Method, status: u16, html: bool) -> Option<String> {
    match method {
        Method::Delete if status != 202 => Some(format!(
            "it answers {status} to a deletion, and a Pushgateway answers 202; {IMPORT_PATH} to delete"
        )),
        Method::Get if status == 204 => Some(format!("it answers 204 without a body; {IMPORT_PATH} to show")),
        Method::Put | Method::Post | Method::Delete if html => {
            Some(format!("it answers {status} with an HTML page"))
        }
        Method::Get | Method::Put | Method::Post | Method::Delete => None,
    }
}

/// The hint for an error whose usual cause depends on the server being a Pushgateway.
fn hint(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Dns(_) | ErrorKind::Connect(_) => Some("set the gateway's URL with -g or PUSHGATEWAY_URL"),
        ErrorKind::Closed => Some(
            "Pushgateway 1.11.0 and 1.11.1 do this where other versions answer 400: the push is inconsistent with \
             the gateway's groups (`pushgw list` shows them)",
        ),
        ErrorKind::Status(rejection) => match rejection.status {
            300..=399 => Some("a redirect can lead to another group or server: set -g to the final URL"),
            404 => Some(
                "if the gateway has a path prefix (--web.route-prefix), add it to the URL: -g \
                 http://gateway:9091/prefix",
            ),
            405 => Some("is the URL that of the gateway, with no path but a prefix?"),
            413 => Some(
                "a proxy in front of the gateway limits the size: push smaller groups, or try --compress gzip",
            ),
            415 => Some("is it an aggregation gateway, or a gateway without gzip? try --compress none"),
            _ => None,
        },
        _ => None,
    }
}
