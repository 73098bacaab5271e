//! How the gateway is reached: each setting from its flag, else its variable, else its default; the rules between them;
//! and the files that they name, read here, so that behind this room a secret is a value and no place to look.
//!
//! A secret's text is in no message, not even where it is what is wrong.

mod authentication;

use self::authentication::behind_scheme;
use super::{empty, given, setting};
use crate::cli::ConnectionArgs;
use crate::duration;
use crate::env::Environment;
use crate::error::Failure;
use crate::gateway::{
    CaCertificates, ClientIdentity, Connection, Encoding, Endpoint, GatewayUrlError, GroupUrl, Header,
    PemError, Proxy, Route, Scheme, Tls, gateway_url, is_exempt,
};
use crate::os::reason;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const DEFAULT_GATEWAY: &str = "http://localhost:9091";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_RETRIES: u32 = 2;
/// No file with certificates, a password or a token has so much.
const FILE_LIMIT: u64 = 16 << 20;

/// The gateway and the path of `--url`, beside what else is said of the connection.
pub(super) fn group_url(url: &OsStr, args: &ConnectionArgs) -> Result<GroupUrl, Failure> {
    if args.gateway.is_some() {
        return Err(Failure::usage("--url names the gateway too: leave out --gateway"));
    }
    parsed_group_url(url)
}

/// The gateway and the path of `--url`.
pub(super) fn parsed_group_url(url: &OsStr) -> Result<GroupUrl, Failure> {
    GroupUrl::from_bytes(url.as_encoded_bytes()).map_err(|error| match error {
        GatewayUrlError::NoGroup => Failure::usage_with_hint(
            format!("--url: {error}"),
            "-g URL names the gateway alone, and -j JOB its group",
        ),
        error => Failure::usage(format!("--url: {error}")),
    })
}

/// The gateway of `--gateway`, its variable, or the default.
pub(super) fn endpoint(args: &ConnectionArgs, environment: &Environment) -> Result<Endpoint, Failure> {
    let (origin, url) = match private(args.gateway.as_ref(), "--gateway", "PUSHGATEWAY_URL", environment)? {
        Some((origin, url)) => (origin, url),
        None => ("the default", DEFAULT_GATEWAY),
    };
    gateway_url(url).map_err(|error| Failure::usage(format!("{origin}: {error}")))
}

/// The connection to the gateway of [`endpoint`].
pub(super) fn to_gateway(args: &ConnectionArgs, environment: &Environment) -> Result<Connection, Failure> {
    resolve(endpoint(args, environment)?, args, environment)
}

/// Everything else about the connection to `endpoint`.
pub(super) fn resolve(
    endpoint: Endpoint,
    args: &ConnectionArgs,
    environment: &Environment,
) -> Result<Connection, Failure> {
    let source = Source { args, environment };
    let timeout = source.limit(args.timeout.as_ref(), "--timeout", "PUSHGATEWAY_TIMEOUT")?;
    let connect_timeout =
        source.limit(args.connect_timeout.as_ref(), "--connect-timeout", "PUSHGATEWAY_CONNECT_TIMEOUT")?;
    let authentication = source.authentication(&endpoint)?;
    let (headers, login) = (authentication.headers, authentication.login);
    let has_credentials = headers.iter().any(Header::is_secret);
    let (route, bypasses_proxy) = source.route(&endpoint, has_credentials)?;
    let mut secrets = authentication.secrets;
    secrets.extend(headers.iter().filter(|header| header.is_secret()).map(|header| header.value().clone()));
    if let Route::Forward(proxy) | Route::Tunnel(proxy) = &route
        && let Some(header) = proxy.authorization()
    {
        secrets.extend(proxy.credentials().and_then(|credentials| credentials.password.clone()));
        secrets.extend(behind_scheme(&header));
    }
    Ok(Connection {
        route,
        bypasses_proxy,
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        connect_timeout: connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT),
        retries: source.retries()?,
        headers,
        login,
        encoding: source.encoding()?,
        tls: source.tls(endpoint.scheme())?,
        secrets,
        endpoint,
    })
}

/// Where the settings come from.
#[derive(Clone, Copy)]
struct Source<'a> {
    args: &'a ConnectionArgs,
    environment: &'a Environment,
}

impl<'a> Source<'a> {
    /// A time limit: a duration that isn't zero.
    fn limit(
        self,
        flag: Option<&'a OsString>,
        option: &'static str,
        variable: &'static str,
    ) -> Result<Option<Duration>, Failure> {
        let Some((origin, text)) = setting(flag, option, variable, self.environment)? else {
            return Ok(None);
        };
        match duration::parse(text) {
            Ok(Duration::ZERO) => {
                Err(Failure::usage(format!("{origin}: a limit of no time lets nothing happen")))
            }
            Ok(limit) => Ok(Some(limit)),
            Err(error) => Err(Failure::usage(format!("{origin}: {error}"))),
        }
    }

    fn retries(self) -> Result<u32, Failure> {
        let retries = self.args.retries.as_ref();
        match setting(retries, "--retries", "PUSHGATEWAY_RETRIES", self.environment)? {
            None => Ok(DEFAULT_RETRIES),
            Some((origin, text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_err(|_| Failure::usage(format!("{origin}: `{text}` is too many")))
            }
            Some((origin, text)) => {
                Err(Failure::usage(format!("{origin}: `{text}` is no number of retries")))
            }
        }
    }

    fn encoding(self) -> Result<Encoding, Failure> {
        match setting(self.args.compress.as_ref(), "--compress", "PUSHGATEWAY_COMPRESS", self.environment)? {
            None | Some((_, "none")) => Ok(Encoding::Identity),
            Some((_, "gzip")) => Ok(Encoding::Gzip),
            Some((origin, text)) => {
                Err(Failure::usage(format!("{origin}: `{text}` is neither none nor gzip")))
            }
        }
    }

    /// Whether a switch is on.
    fn switch(self, flag: bool, variable: &str) -> bool {
        let off =
            |value: &OsStr| ["0", "false", "no", "off"].iter().any(|word| value.eq_ignore_ascii_case(word));
        flag || self.environment.variable(variable).is_some_and(|value| !off(value))
    }

    /// A path, which need not be UTF-8.
    fn path(
        self,
        flag: Option<&'a OsString>,
        option: &'static str,
        variable: &'static str,
    ) -> Result<Option<PathBuf>, Failure> {
        Ok(given(flag, option, variable, self.environment)?.map(|(_, path)| PathBuf::from(path)))
    }

    /// The way to the gateway, and whether a proxy that is named somewhere is passed by.
    fn route(self, endpoint: &Endpoint, has_credentials: bool) -> Result<(Route, bool), Failure> {
        let args = self.args;
        if let Some(path) =
            self.path(args.unix_socket.as_ref(), "--unix-socket", "PUSHGATEWAY_UNIX_SOCKET")?
            && args.proxy.is_none()
        {
            return Ok((Route::Unix(path), false));
        }
        let Some((origin, url)) = self.proxy(endpoint)? else { return Ok((Route::Direct, false)) };
        let is_off = args.no_proxy || (args.proxy.is_none() && self.switch(false, "PUSHGATEWAY_NO_PROXY"));
        let no_proxy = self.variable(&["no_proxy", "NO_PROXY"])?;
        let is_exempt = args.proxy.is_none() && no_proxy.is_some_and(|(_, list)| is_exempt(list, endpoint));
        if is_off || is_exempt || endpoint.is_loopback() {
            return Ok((Route::Direct, true));
        }
        let proxy: Proxy = url.parse().map_err(|error| {
            Failure::usage_with_hint(format!("{origin}: {error}"), "--no-proxy goes without a proxy")
        })?;
        Ok((Route::through(proxy, endpoint, has_credentials), false))
    }

    /// The URL of the proxy that is named for this gateway, and who names it.
    fn proxy(self, endpoint: &Endpoint) -> Result<Option<(&'a str, &'a str)>, Failure> {
        let ours = private(self.args.proxy.as_ref(), "--proxy", "PUSHGATEWAY_PROXY", self.environment)?;
        if let Some(named) = ours {
            return Ok(Some(named));
        }
        self.variable(match endpoint.scheme() {
            // A web server sets HTTP_PROXY from a request's header `Proxy`, so nobody should believe it (httpoxy).
            Scheme::Http => &["http_proxy", "all_proxy", "ALL_PROXY"],
            Scheme::Https => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        })
    }

    /// The first of these variables that is set.
    fn variable(self, names: &[&'static str]) -> Result<Option<(&'a str, &'a str)>, Failure> {
        let found = names.iter().find_map(|name| Some((*name, self.environment.variable(name)?)));
        found.map(|(name, value)| Ok((name, private_text(name, value)?))).transpose()
    }

    fn tls(self, scheme: Scheme) -> Result<Tls, Failure> {
        let args = self.args;
        let ca_cert = self.path(args.ca_cert.as_ref(), "--ca-cert", "PUSHGATEWAY_CA_CERT")?;
        let cert = self.path(args.cert.as_ref(), "--cert", "PUSHGATEWAY_CERT")?;
        let key = self.path(args.key.as_ref(), "--key", "PUSHGATEWAY_KEY")?;
        if cert.is_none() && key.is_some() {
            return Err(Failure::usage_with_hint(
                "a key is given without a certificate",
                "--cert FILE names one",
            ));
        }
        let insecure = self.switch(args.insecure, "PUSHGATEWAY_INSECURE");
        let mut tls = Tls { ca_cert, cert, key, insecure, ..Tls::default() };
        if scheme == Scheme::Https {
            if let Some(path) = &tls.ca_cert {
                let cas = CaCertificates::from_pem(&read(path, "--ca-cert")?);
                tls.ca_certificates = cas.map_err(|error| bad(path, &error))?;
            }
            if let Some(path) = &tls.cert {
                let key = tls.key.as_ref().unwrap_or(path);
                let identity = ClientIdentity::from_pem(&read(path, "--cert")?, &read(key, "--key")?);
                tls.identity = Some(Arc::new(identity.map_err(|error| bad(key, &error))?));
            }
        }
        Ok(tls)
    }
}

/// As [`setting`], for a value that may hold a secret.
fn private<'a>(
    flag: Option<&'a OsString>,
    option: &'static str,
    variable: &'static str,
    environment: &'a Environment,
) -> Result<Option<(&'static str, &'a str)>, Failure> {
    let given = given(flag, option, variable, environment)?;
    given.map(|(origin, value)| Ok((origin, private_text(origin, value)?))).transpose()
}

/// The value as text, without a word of it in the message.
fn private_text<'a>(origin: &str, value: &'a OsStr) -> Result<&'a str, Failure> {
    value.to_str().ok_or_else(|| Failure::usage(format!("{origin}: the value is not UTF-8")))
}

/// A file that an option names. None of these is large, and what has no end, as `/dev/zero`, would fill the memory.
fn read(path: &Path, option: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_LIMIT).read_to_end(&mut bytes));
    let why = match read {
        Ok(read) if u64::try_from(read).is_ok_and(|read| read < FILE_LIMIT) => return Ok(bytes),
        Ok(_) => format!("it has more than {} MiB", FILE_LIMIT >> 20),
        Err(error) => reason(&error),
    };
    Err(Failure::Other(anyhow::anyhow!("{option}: can't read {}: {why}", path.display())))
}

fn bad(path: &Path, error: &PemError) -> Failure {
    Failure::usage(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
