//! Sends requests to a Pushgateway, detects responses from other servers, and adds hints to errors.

use super::hint;
use crate::http::{Client, Error, ErrorKind, Event, Method, Request, Response, page_name};

/// The media type of a push. A Pushgateway treats every type except protobuf as text, but other servers that
/// accept pushes may check the type.
pub(crate) const EXPOSITION_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

const IMPORT_PATH: &str = "an import endpoint, as in VictoriaMetrics, accepts pushes but has no groups";

/// Sends a request to a Pushgateway, with retries.
pub(crate) fn send(
    client: &Client,
    request: &Request<'_>,
    listener: &mut dyn FnMut(Event),
) -> Result<Response, Error> {
    check(client, request, client.send(request, listener))
}

/// Checks that a response came from a Pushgateway, and adds gateway-specific hints to errors.
pub(super) fn check(
    client: &Client,
    request: &Request<'_>,
    result: Result<Response, Error>,
) -> Result<Response, Error> {
    match result {
        // A GET outside the API is a scrape. The caller handles an HTML page as Prometheus does: it parses
        // the page as metrics or rejects the media type.
        Ok(response)
            if response.is_html() && (request.method != Method::Get || request.path.starts_with("/api/")) =>
        {
            Err(page(client, request, response))
        }
        Ok(mut response) => match foreign_success(request.method, &mut response) {
            Some(reason) => Err(not_a_pushgateway(request, reason)),
            None => Ok(response),
        },
        Err(error) => {
            let hint = hint::hint(&error.kind, request, client.connection()).or(error.hint);
            Err(Error { hint, ..error })
        }
    }
}

/// Creates the error for a 2xx response that did not come from a Pushgateway.
pub(super) fn not_a_pushgateway(request: &Request<'_>, reason: String) -> Error {
    let kind = ErrorKind::Unexpected { expected: "a Pushgateway", reason };
    Error { hint: Some(hint::of_page("").to_owned()), ..Error::new(request, kind) }
}

/// Returns the error for an HTML page, such as a login page. A Pushgateway has none at the requested paths.
fn page(client: &Client, request: &Request<'_>, response: Response) -> Error {
    let status = response.status;
    let title = client.page_title(response);
    let error = not_a_pushgateway(request, format!("it answered {status} with {}", page_name(&title)));
    Error { hint: Some(hint::of_page(&title).to_owned()), ..error }
}

/// Returns the reason why a 2xx response did not come from a Pushgateway, or `None` if it looks valid. For
/// example, VictoriaMetrics' import path responds to every method with 200 or 204 (seen with 1.112.0).
fn foreign_success(method: Method, response: &mut Response) -> Option<String> {
    let status = response.status;
    match method {
        Method::Delete if status != 202 => Some(format!(
            "it answered {status} to a deletion, but a Pushgateway answers 202; {IMPORT_PATH} to delete"
        )),
        Method::Get if status == 204 => Some(format!("it answered 204 with no body; {IMPORT_PATH} to show")),
        Method::Get => response.encoding().map(|encoding| {
            format!("the response is compressed ({encoding}), but pushgw requested `identity`")
        }),
        Method::Put | Method::Post | Method::Delete => {
            response.foreign_body().map(|body| format!("it answered {status} with {body}"))
        }
    }
}
