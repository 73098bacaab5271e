//! How a gateway is reached, resolved and ready: where it is, the way there, the time limits, and what is added to
//! every request. Pure.

use super::header::{Header, REDACTED};
use super::proxy::Route;
use super::request::Encoding;
use super::tls::Material;
use super::url::Url;
use crate::secret::Secret;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A secret shorter than this is not looked for in what a server says: it would be found everywhere.
const SHORTEST_SECRET: usize = 4;

/// How to reach the gateway.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Where it is.
    pub endpoint: Url,
    /// The way there.
    pub route: Route,
    /// A proxy is named somewhere, and not used.
    pub passes_by_proxy: bool,
    /// For the whole exchange with all its tries.
    pub timeout: Duration,
    /// For the connection of one try.
    pub connect_timeout: Duration,
    /// The tries after the first.
    pub retries: u32,
    /// What is added to every request, the credentials among it.
    pub headers: Vec<Header>,
    /// Where the credentials come from.
    pub login: Login,
    /// How a push is packed.
    pub encoding: Encoding,
    /// Whom to trust, and who we are.
    pub tls: Tls,
    /// What must not be shown even where a server says it back.
    pub secrets: Vec<Secret>,
}

impl Connection {
    /// What a server said, with the secrets in it made unreadable.
    #[must_use]
    pub fn without_secrets<'a>(&self, said: &'a str) -> Cow<'a, str> {
        let mut said = Cow::Borrowed(said);
        for secret in &self.secrets {
            if secret.expose().len() >= SHORTEST_SECRET && said.contains(secret.expose()) {
                said = Cow::Owned(said.replace(secret.expose(), REDACTED));
            }
        }
        said
    }
}

/// Where credentials come from, as far as that is no secret itself: for commands that somebody is to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// From nowhere, or from what must not be shown: a header, a URL, a variable with a token.
    #[default]
    Unknown,
    /// A user; the password is in a file, or in a variable.
    User(String, Option<PathBuf>),
    /// A file with a token.
    TokenFile(PathBuf),
}

/// Whom to trust, and who we are. The files by their names, for those who want to see them, and read.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// More authorities than the system's.
    pub ca_cert: Option<PathBuf>,
    /// The client's certificate.
    pub cert: Option<PathBuf>,
    /// Its key, where it is not in the same file.
    pub key: Option<PathBuf>,
    /// Trust anybody.
    pub insecure: bool,
    /// What the files hold; empty where the connection is not secure anyway.
    pub material: Arc<Material>,
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Connection {
        /// Straight to the gateway of this URL.
        pub(crate) fn direct(url: &str) -> Self {
            Self {
                endpoint: url.parse().unwrap(),
                route: Route::Direct,
                passes_by_proxy: false,
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
    fn a_secret_is_not_said_back() {
        let connection = Connection {
            headers: vec![Header::bearer(&Secret::new("hunter2"))],
            secrets: vec![Secret::new("hunter2"), Secret::new("abc"), Secret::new("")],
            ..Connection::direct("http://gw")
        };
        assert_eq!(connection.without_secrets("your token hunter2 abc"), "your token REDACTED abc");
        assert!(!format!("{connection:#?}").contains("hunter2"));
    }
}
