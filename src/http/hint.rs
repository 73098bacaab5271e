//! Hints for failed requests that apply to any type of server.

use super::connection::{Connection, Login};
use super::error::{ErrorKind, Rejection, TlsError};
use super::url::Scheme;

/// Error messages that HTTPS servers (Go, nginx, Apache and Tomcat) send in response to plain HTTP.
const NEEDS_TLS: &[&str] = &[
    "HTTP request to an HTTPS server",
    "plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
    "host and port requires TLS",
];

/// Lowercase words that occur in the URLs and titles of login pages.
const LOGIN: &[&str] =
    &["login", "log in", "signin", "sign in", "sign_in", "sign-in", "sso", "oauth", "/auth", "saml"];

/// Returns a hint if the title or URL suggests a login page.
pub(crate) fn login_hint(page: &str) -> Option<&'static str> {
    let page = page.to_lowercase();
    LOGIN.iter().any(|word| page.contains(word)).then_some(
        "this is a login page: does a proxy in front of the server require credentials? use -u USER, \
         --bearer-token-file FILE or -H HEADER",
    )
}

/// Returns a hint that includes the options to use, or `None` if there is no such hint for this error.
pub(crate) fn hint(kind: &ErrorKind, connection: &Connection) -> Option<String> {
    let is_plain = connection.endpoint.scheme() == Scheme::Http;
    match kind {
        ErrorKind::NotHttp(_) if is_plain => Some(format!(
            "check the port; if the server requires https://, use {}",
            connection.option_with_scheme(Scheme::Https)
        )),
        ErrorKind::Tls(TlsError::NotTls) => Some(format!(
            "if the server does not use TLS, use {}",
            connection.option_with_scheme(Scheme::Http)
        )),
        ErrorKind::Status(rejection) if is_plain && needs_tls(rejection) => {
            Some(format!("the server requires TLS: use {}", connection.option_with_scheme(Scheme::Https)))
        }
        ErrorKind::Status(rejection) if rejection.status == 401 && rejection.had_credentials => {
            credentials(&connection.login)
        }
        _ => None,
    }
}

fn needs_tls(rejection: &Rejection) -> bool {
    rejection.status == 400 && NEEDS_TLS.iter().any(|words| rejection.words.contains(words))
}

/// Returns a hint to check the rejected credentials, if their source is known.
fn credentials(login: &Login) -> Option<String> {
    match login {
        Login::User(user, Some(file)) => {
            Some(format!("check the user `{user}` and the password in {}", file.display()))
        }
        Login::User(user, None) => {
            Some(format!("check the user `{user}` and the password in PUSHGATEWAY_PASSWORD"))
        }
        Login::TokenFile(file) => Some(format!("check the token in {}", file.display())),
        Login::Unknown => None,
    }
}
