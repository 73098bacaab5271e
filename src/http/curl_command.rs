//! Formats a request as a curl command.

use super::connection::Connection;
use super::proxy::Route;
use super::request::{Encoding, Request};
use crate::secret::REDACTED;
use crate::shell::quote;
use thiserror::Error;

/// The error for a body that can't be part of a shell script.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the body contains a NUL byte, which a shell command cannot contain; --dry-run prints it")]
pub(crate) struct NulInBody;

/// Returns the command for a POSIX shell. The body is a here-document, because it may be too long for an
/// argument and may differ from the input file, which pushgw fixes before sending.
pub(crate) fn command(request: &Request<'_>, connection: &Connection) -> Result<Vec<u8>, NulInBody> {
    let mut words = vec!["curl".to_owned()];
    // Without --path-as-is, curl resolves dot segments. Without --globoff, it expands brackets and braces.
    for flag in ["--silent", "--show-error", "--fail-with-body", "--path-as-is", "--globoff"] {
        words.push(flag.to_owned());
    }
    words.push(format!("--connect-timeout {}", connection.connect_timeout.as_secs_f64()));
    words.push(format!("--max-time {}", connection.timeout.as_secs_f64()));
    words.push(format!("--retry {}", connection.retries));
    words.extend(route_options(connection));
    words.push(format!("--request {}", request.method.as_str()));
    for header in request.headers(&connection.headers) {
        // curl sends these by default.
        let is_default = header.is("Content-Length") || (header.is("Accept") && header.shown() == "*/*");
        if !is_default {
            words.push(format!("--header {}", quote(&format!("{}: {}", header.name(), header.shown()))));
        }
    }
    if request.body.is_some() {
        words.push("--data-binary @-".to_owned());
    }
    words.push(quote(&request.url()));
    let mut command = words.join(" ").into_bytes();
    if let Some(body) = &request.body {
        if body.encoding() == Encoding::Gzip {
            // The here-document must be attached to the first command of the pipeline.
            let mut pipe = b"gzip --stdout".to_vec();
            here_document(&mut pipe, body.text(), &[b" | ", command.as_slice()].concat())?;
            command = pipe;
        } else {
            here_document(&mut command, body.text(), b"")?;
        }
    }
    command.push(b'\n');
    Ok(command)
}

fn route_options(connection: &Connection) -> Vec<String> {
    let mut words = Vec::new();
    match &connection.route {
        // Without --noproxy, curl would use the proxy variables.
        Route::Direct => words.extend(connection.bypasses_proxy.then(|| "--noproxy '*'".to_owned())),
        Route::Unix(path) => words.push(format!("--unix-socket {}", quote(&path.to_string_lossy()))),
        Route::Forward(proxy) | Route::Tunnel(proxy) => {
            words.push(format!("--proxy {}", quote(&proxy.to_string())));
            if proxy.credentials().is_some() {
                words.push(format!("--proxy-user {REDACTED}"));
            }
        }
    }
    if matches!(connection.route, Route::Tunnel(_)) {
        words.push("--proxytunnel".to_owned());
    }
    let tls = &connection.tls;
    if let Some(path) = &tls.cert {
        // curl treats the text after a colon as a password.
        let path = path.to_string_lossy().replace('\\', r"\\").replace(':', r"\:");
        words.push(format!("--cert {}", quote(&path)));
    }
    for (flag, path) in [("--cacert", &tls.ca_cert), ("--key", &tls.key)] {
        words.extend(path.as_ref().map(|path| format!("{flag} {}", quote(&path.to_string_lossy()))));
    }
    if tls.insecure {
        words.push("--insecure".to_owned());
    }
    words
}

/// Appends the body as a here-document. `rest` is added to the first line, after the delimiter.
fn here_document(command: &mut Vec<u8>, body: &[u8], rest: &[u8]) -> Result<(), NulInBody> {
    if body.contains(&0) {
        return Err(NulInBody);
    }
    let mut end = "EOF".to_owned();
    while body.split(|byte| *byte == b'\n').any(|line| line == end.as_bytes()) {
        end.push('_');
    }
    command.extend_from_slice(format!(" <<'{end}'").as_bytes());
    command.extend_from_slice(rest);
    command.push(b'\n');
    command.extend_from_slice(body);
    if body.last().is_some_and(|last| *last != b'\n') {
        command.push(b'\n');
    }
    command.extend_from_slice(end.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Tls;

    #[test]
    fn a_colon_in_the_certificates_path_is_not_the_start_of_a_password() {
        let tls = Tls { cert: Some("/a:b.pem".into()), ..Tls::default() };
        let connection = Connection { tls, ..Connection::direct("https://gw") };
        assert_eq!(route_options(&connection), [r#"--cert '/a'"\\"':b.pem'"#]);
    }

    #[test]
    fn the_delimiter_is_not_in_the_body() {
        let mut command = Vec::new();
        here_document(&mut command, b"a 1\nEOF\nEOF_\n", b"").unwrap();
        assert_eq!(command, b" <<'EOF__'\na 1\nEOF\nEOF_\nEOF__");
        assert_eq!(here_document(&mut command, b"a{l=\"\0\"} 1\n", b""), Err(NulInBody));
    }
}
