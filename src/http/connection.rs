//! How to reach a server, as resolved from options and variables: the URL, the route, the time limits, and what is
//! added to every request. Pure.

use super::header::{Header, REDACTED};
use super::identity::{CaCertificates, ClientIdentity};
use super::proxy::Route;
use super::request::Encoding;
use super::url::Url;
use crate::secret::Secret;
use crate::shell::quote;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Shorter secrets are not redacted in what a server sends: the text would be full of accidental matches.
const MIN_REDACTED_LENGTH: usize = 4;

#[derive(Clone, Debug)]
pub struct Connection {
    /// Requests are sent to this URL and the paths below it.
    pub endpoint: Url,
    /// The option or variable that the URL comes from; `None` for the default.
    pub url_from: Option<&'static str>,
    pub route: Route,
    /// A proxy is configured but not used.
    pub bypasses_proxy: bool,
    /// Limits the request with all its retries.
    pub timeout: Duration,
    /// The time limit for one attempt to connect.
    pub connect_timeout: Duration,
    /// How often a temporary failure is retried.
    pub retries: u32,
    /// Headers of every request, with the credentials.
    pub headers: Vec<Header>,
    pub login: Login,
    pub encoding: Encoding,
    pub tls: Tls,
    /// What is never shown, even if a server repeats it.
    pub secrets: Vec<Secret>,
}

impl Connection {
    /// How to write another URL in place of that of the server: `-g https://gw`.
    pub(crate) fn url_option(&self, url: &str) -> String {
        let login = if self.endpoint.credentials().is_some() { "://USER:PASSWORD@" } else { "://" };
        let url = quote(&url.replacen("://", login, 1));
        match self.url_from {
            Some(option @ "--url") => format!("{option} {url}/metrics/job/..."),
            Some(variable) if !variable.starts_with('-') => format!("{variable}={url}"),
            _ => format!("-g {url}"),
        }
    }

    /// Text from a server with the secrets in it redacted.
    pub(crate) fn without_secrets<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.secrets {
            if secret.expose().len() >= MIN_REDACTED_LENGTH && text.contains(secret.expose()) {
                text = Cow::Owned(text.replace(secret.expose(), REDACTED));
            }
        }
        text
    }
}

/// Where the credentials come from, for commands that are printed for the user to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// There are none, or their source must not be shown: a header, a URL, a variable with a token.
    #[default]
    Unknown,
    /// A user; the password is in this file, or in a variable.
    User(String, Option<PathBuf>),
    /// A file with a token.
    TokenFile(PathBuf),
}

/// The paths are kept for printed commands.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    pub ca_cert: Option<PathBuf>,
    pub cert: Option<PathBuf>,
    /// `None` if the key is in the file of the certificate.
    pub key: Option<PathBuf>,
    /// Accept any certificate.
    pub insecure: bool,
    /// The content of `ca_cert`; empty for plain HTTP.
    pub ca_certificates: CaCertificates,
    /// The content of `cert` and `key`; `None` for plain HTTP.
    pub identity: Option<Arc<ClientIdentity>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Connection {
        /// A direct connection to this URL.
        pub(crate) fn direct(url: &str) -> Self {
            Self {
                endpoint: url.parse().unwrap(),
                url_from: Some("--gateway"),
                route: Route::Direct,
                bypasses_proxy: false,
                timeout: Duration::from_secs(30),
                connect_timeout: Duration::from_secs(5),
                retries: 2,
                headers: Vec::new(),
                login: Login::default(),
                encoding: Encoding::Identity,
                tls: Tls::default(),
                secrets: Vec::new(),
            }
        }
    }

    #[test]
    fn secrets_are_redacted_in_what_a_server_sends() {
        let connection = Connection {
            headers: vec![Header::bearer(&Secret::new("hunter2"))],
            secrets: vec![Secret::new("hunter2"), Secret::new("abc"), Secret::new("")],
            ..Connection::direct("http://gw")
        };
        assert_eq!(connection.without_secrets("your token hunter2 abc"), "your token REDACTED abc");
        assert!(!format!("{connection:#?}").contains("hunter2"));
    }
}
