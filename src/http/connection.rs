//! Connection settings from options and variables: the URL, the route, time limits, and common headers.

use super::header::Header;
use super::identity::{CaCertificates, ClientIdentity};
use super::proxy::Route;
use super::request::Encoding;
use super::url::{Scheme, Url};
use crate::secret::{REDACTED, Secret};
use crate::shell::quote;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Minimum length of secrets redacted in responses. Shorter ones would match unrelated text too often.
const MIN_REDACTED_LENGTH: usize = 4;

#[derive(Clone, Debug)]
pub struct Connection {
    /// The base URL of all requests.
    pub endpoint: Url,
    /// The option or variable that set the URL, or `None` for the default URL.
    pub url_from: Option<&'static str>,
    pub route: Route,
    /// True if a proxy is configured but not used for this server.
    pub bypasses_proxy: bool,
    /// Total time limit for a request, including retries.
    pub timeout: Duration,
    /// Time limit for one attempt to connect.
    pub connect_timeout: Duration,
    /// Maximum number of retries after temporary failures.
    pub retries: u32,
    /// Headers that are added to every request, including credentials.
    pub headers: Vec<Header>,
    pub login: Login,
    pub encoding: Encoding,
    pub tls: Tls,
    /// Secrets that are never printed, even if a server echoes them.
    pub secrets: Vec<Secret>,
}

impl Connection {
    /// Formats `url` for a hint, with the option or variable that set the server's URL: `-g https://gw`.
    pub(crate) fn url_option(&self, url: &str) -> String {
        let login = if self.endpoint.credentials().is_some() { "://USER:PASSWORD@" } else { "://" };
        let url = quote(&url.replacen("://", login, 1));
        match self.url_from {
            Some(option @ "--url") => format!("{option} {url}/metrics/job/..."),
            Some(variable) if !variable.starts_with('-') => format!("{variable}={url}"),
            Some(option @ "--remote-write") => format!("{option} {url}"),
            _ => format!("-g {url}"),
        }
    }

    /// Formats the server's URL with another scheme, like [`Self::url_option`].
    pub(crate) fn option_with_scheme(&self, scheme: Scheme) -> String {
        self.url_option(&self.endpoint.clone().with_scheme(scheme).to_string())
    }

    /// Redacts secrets in text from a server.
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

/// The source of the credentials, for commands that are printed for the user to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// There are no credentials, or their source must not be shown: a header, a URL, or a variable with a
    /// token.
    #[default]
    Unknown,
    /// The user name, and the password file if the password comes from a file.
    User(String, Option<PathBuf>),
    /// The file that contains the bearer token.
    TokenFile(PathBuf),
}

/// TLS options. The paths are kept for use in printed commands.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    pub ca_cert: Option<PathBuf>,
    pub cert: Option<PathBuf>,
    /// `None` if the certificate file also contains the key.
    pub key: Option<PathBuf>,
    /// True if any certificate is accepted.
    pub insecure: bool,
    /// The CAs from the `ca_cert` file. Empty for plain HTTP.
    pub ca_certificates: CaCertificates,
    /// The certificate and key from the `cert` and `key` files. `None` for plain HTTP.
    pub identity: Option<Arc<ClientIdentity>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Connection {
        /// Creates the settings for a direct connection to this URL.
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
    fn secrets_are_redacted_in_responses() {
        let connection = Connection {
            headers: vec![Header::bearer(&Secret::new("hunter2"))],
            secrets: vec![Secret::new("hunter2"), Secret::new("abc"), Secret::new("")],
            ..Connection::direct("http://gw")
        };
        assert_eq!(connection.without_secrets("your token hunter2 abc"), "your token REDACTED abc");
        assert!(!format!("{connection:#?}").contains("hunter2"));
    }
}
