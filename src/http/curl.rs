//! The curl command that does what a request does, for those who want to see it or to go without pushgw. Pure.

use super::connection::Connection;
use super::header::REDACTED;
use super::proxy::Route;
use super::request::{Encoding, Request};
use crate::shell::quote;
use std::fmt;

/// The body can't be written down in a shell script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NulInBody;

impl fmt::Display for NulInBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body holds a NUL byte, which no shell command can carry; --dry-run prints it")
    }
}

impl std::error::Error for NulInBody {}

/// The command for a POSIX shell, with the body as a here-document: an argument has a length limit that bodies
/// reach, and a file would be sent without the repairs.
///
/// # Errors
///
/// [`NulInBody`].
pub fn command(request: &Request<'_>, connection: &Connection) -> Result<Vec<u8>, NulInBody> {
    let mut words = vec!["curl".to_owned()];
    // --path-as-is: curl would resolve dot segments of a prefix; --globoff: brackets and braces mean themselves.
    for flag in ["--silent", "--show-error", "--fail-with-body", "--path-as-is", "--globoff"] {
        words.push(flag.to_owned());
    }
    words.push(format!("--connect-timeout {}", connection.connect_timeout.as_secs_f64()));
    words.push(format!("--max-time {}", connection.timeout.as_secs_f64()));
    words.push(format!("--retry {}", connection.retries));
    words.extend(way(connection));
    words.push(format!("--request {}", request.method.as_str()));
    for header in request.headers(&connection.headers) {
        // curl counts the length itself, and accepts anything without being asked.
        let is_curl_s = header.is("Content-Length") || (header.is("Accept") && header.shown() == "*/*");
        if !is_curl_s {
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
            // A here-document belongs to the first command of the pipe.
            let mut packed = b"gzip --stdout".to_vec();
            here_document(&mut packed, body.text(), &[b" | ", command.as_slice()].concat())?;
            command = packed;
        } else {
            here_document(&mut command, body.text(), b"")?;
        }
    }
    command.push(b'\n');
    Ok(command)
}

/// The options that lead to the gateway.
fn way(connection: &Connection) -> Vec<String> {
    let mut words = Vec::new();
    match &connection.route {
        // curl would follow the proxy variables where pushgw does not.
        Route::Direct => words.extend(connection.passes_by_proxy.then(|| "--noproxy '*'".to_owned())),
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
        // curl reads a password after a colon.
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

/// `rest` stands on the line that begins it, behind the mark.
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
    use crate::gateway::Tls;

    #[test]
    fn a_colon_in_the_certificates_path_is_not_the_start_of_a_password() {
        let tls = Tls { cert: Some("/a:b.pem".into()), ..Tls::default() };
        let connection = Connection { tls, ..Connection::direct("https://gw") };
        assert_eq!(way(&connection), [r#"--cert '/a'"\\"':b.pem'"#]);
    }

    #[test]
    fn the_here_document_ends_where_the_body_does() {
        let mut command = Vec::new();
        here_document(&mut command, b"a 1\nEOF\nEOF_\n", b"").unwrap();
        assert_eq!(command, b" <<'EOF__'\na 1\nEOF\nEOF_\nEOF__");
        assert_eq!(here_document(&mut command, b"a{l=\"\0\"} 1\n", b""), Err(NulInBody));
    }
}
