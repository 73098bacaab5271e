//! Sends requests to a Pushgateway, detects responses from other servers, and adds hints to errors.

use crate::http::{Client, Error, ErrorKind, Event, Method, Request, Response};

/// The media type of a push. A Pushgateway treats every type except protobuf as text, but other servers that accept
/// pushes may check it.
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

/// Checks that a response came from a Pushgateway, and adds a Pushgateway-specific hint to an error.
pub(super) fn check(request: &Request<'_>, result: Result<Response, Error>) -> Result<Response, Error> {
    match result {
        Ok(mut response) => match foreign_success(request.method, &mut response) {
            Some(reason) => Err(not_a_pushgateway(request, reason)),
            None => Ok(response),
        },
        Err(error) => {
            let hint = hint(&error.kind).or(error.hint);
            Err(Error { hint, ..error })
        }
    }
}

/// The error for a 2xx response that did not come from a Pushgateway.
pub(super) fn not_a_pushgateway(request: &Request<'_>, reason: String) -> Error {
    let kind = ErrorKind::Unexpected { expected: "a Pushgateway", reason };
    Error { hint: Some("is this the gateway's URL?"), ..Error::new(request, kind) }
}

/// Returns the reason why a 2xx response did not come from a Pushgateway, so the request had no effect. Login pages are
/// HTML, and VictoriaMetrics' import path responds to every method with 200 or 204 (seen with 1.112.0).
fn foreign_success(method: Method, response: &mut Response) -> Option<String> {
    let status = response.status;
    match method {
        Method::Delete if status != 202 => Some(format!(
            "it answers {status} to a deletion, and a Pushgateway answers 202; {IMPORT_PATH} to delete"
        )),
        Method::Get if status == 204 => Some(format!("it answers 204 without a body; {IMPORT_PATH} to show")),
        Method::Get => None,
        Method::Put | Method::Post | Method::Delete => {
            foreign_body(response).map(|body| format!("it answers {status} with {body}"))
        }
    }
}

/// Describes a body that shows that nothing was stored or deleted. A Pushgateway sends no body.
fn foreign_body(response: &mut Response) -> Option<&'static str> {
    const LIMIT: u64 = 64 * 1024;
    let body = response.start(LIMIT);
    let is_page = response.header("content-type").is_none() && body.trim_ascii_start().starts_with(b"<");
    if response.is_html() || is_page {
        return Some("an HTML page");
    }
    let json: serde_json::Value = serde_json::from_slice(&body).ok()?;
    let has_error =
        ["error", "errors"].iter().any(|name| json.get(name).is_some_and(|value| !value.is_null()));
    (has_error || json["status"] == "error").then_some("an error in JSON")
}

/// The hint for an error whose usual cause is specific to Pushgateways.
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
            405 => Some("is this the gateway's URL, with no path except a prefix?"),
            413 => Some(
                "a proxy in front of the gateway limits the size: push smaller groups, or try --compress gzip",
            ),
            415 => Some("is it an aggregation gateway, or a gateway without gzip? try --compress none"),
            _ => None,
        },
        _ => None,
    }
}
