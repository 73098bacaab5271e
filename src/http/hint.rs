//! What to do about a failed request, whatever the server is. Pure.

use super::connection::{Connection, Login};
use super::error::{ErrorKind, Rejection, TlsError};
use super::url::Scheme;

/// What HTTPS servers answer to plain HTTP: those written in Go, nginx, Apache and Tomcat.
const NEEDS_TLS: &[&str] = &[
    "HTTP request to an HTTPS server",
    "plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
    "host and port requires TLS",
];

/// Parts of the URLs and titles of login pages, in lower case.
const LOGIN: &[&str] =
    &["login", "log in", "signin", "sign in", "sign_in", "sign-in", "sso", "oauth", "/auth", "saml"];

/// The hint for a page with this title or URL if it is a login page.
pub(crate) fn login_hint(page: &str) -> Option<&'static str> {
    let page = page.to_lowercase();
    LOGIN.iter().any(|word| page.contains(word)).then_some(
        "this is a login page: does a proxy in front of the server require credentials? use -u USER, \
         --bearer-token-file FILE or -H HEADER",
    )
}

/// The hint for an error that names the user's own options, if there is one.
pub(crate) fn hint(kind: &ErrorKind, connection: &Connection) -> Option<String> {
    let is_plain = connection.endpoint.scheme() == Scheme::Http;
    match kind {
        ErrorKind::NotHttp(_) if is_plain => Some(format!(
            "check the port; if the server requires https://, use {}",
            connection.option_with_scheme(Scheme::Https)
        )),
        ErrorKind::Tls(TlsError::NotTls) => {
            Some(format!("if the server does not use TLS: {}", connection.option_with_scheme(Scheme::Http)))
        }
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

/// Which credentials were sent.
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
