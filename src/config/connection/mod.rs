//! Resolves the settings for the connection to the gateway, and reads the files that they name, so that other modules
//! get secrets as values.
//!
//! Messages never show a secret, even if it is invalid.

mod authentication;

use self::authentication::after_scheme;
use super::{empty, utf8};
use crate::cli::ConnectionArgs;
use crate::duration;
use crate::env::Environment;
use crate::error::Failure;
use crate::gateway::{GatewayUrlError, GroupUrl, gateway_url};
use crate::http::{
    CaCertificates, ClientIdentity, Connection, Encoding, Header, PemError, PemFile, Proxy, Route, Scheme,
    Tls, Url, is_exempt,
};
use crate::os::reason;
use crate::secret::without_user;
use crate::shell::quote;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

pub(super) const DEFAULT_GATEWAY: &str = "http://localhost:9091";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_RETRIES: u32 = 2;
/// Maximum size of a file with certificates or a secret. Without a limit, `/dev/zero` would use up all memory.
const FILE_LIMIT: u64 = 16 << 20;

/// Returns the gateway and the path from `--url`, which is an absolute URL or a path as printed by `list --format
/// path`.
pub(super) fn group_url(
    url: &OsStr,
    args: &ConnectionArgs,
    environment: &Environment,
) -> Result<GroupUrl, Failure> {
    if url.as_encoded_bytes().starts_with(b"/") {
        let gateway = endpoint(args, environment)?;
        // Formatting the URL drops its credentials, so only the parsed path is used.
        let GroupUrl { path, .. } = parsed_group_url(url, &gateway.to_string())?;
        return Ok(GroupUrl { endpoint: gateway, path });
    }
    if args.gateway.is_some() {
        return Err(Failure::usage_with_hint(
            "--url already names the gateway",
            "remove --gateway, or give only the path in --url: /metrics/job/...",
        ));
    }
    parsed_group_url(url, DEFAULT_GATEWAY)
}

/// Parses `--url` into a gateway and a path. If `--url` is only a path, `gateway` is used.
pub(super) fn parsed_group_url(url: &OsStr, gateway: &str) -> Result<GroupUrl, Failure> {
    let url = url.as_encoded_bytes();
    let prefix = if url.starts_with(b"/") { gateway.as_bytes() } else { b"" };
    GroupUrl::from_bytes(&[prefix, url].concat()).map_err(|error| match error {
        GatewayUrlError::NoGroup if url.starts_with(b"metrics/job") => Failure::usage_with_hint(
            "--url: a path begins with `/`",
            format!("use --url {}", quote(&format!("/{}", String::from_utf8_lossy(url)))),
        ),
        GatewayUrlError::NoGroup => Failure::usage_with_hint(
            format!("--url: {error}"),
            "use -g URL for the gateway and -j JOB for the group",
        ),
        error => Failure::usage(format!("--url: {error}")),
    })
}

/// Returns the gateway from `--gateway` or its variable, or the default gateway.
pub(super) fn endpoint(args: &ConnectionArgs, environment: &Environment) -> Result<Url, Failure> {
    let given = Settings { args, environment }.gateway()?;
    let (origin, url) = given.unwrap_or(("the default", DEFAULT_GATEWAY));
    let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    if path.ends_with("/api/v1/write") {
        return Err(Failure::usage_with_hint(
            format!("{origin}: this is a remote-write URL, not a gateway URL"),
            "use --remote-write URL or PUSHGATEWAY_REMOTE_WRITE",
        ));
    }
    gateway_url(url).map_err(|error| Failure::usage(format!("{origin}: {error}")))
}

/// Returns the total time limit for a request, including retries.
pub(super) fn timeout(args: &ConnectionArgs, environment: &Environment) -> Result<Duration, Failure> {
    let settings = Settings { args, environment };
    let timeout = settings.limit(args.timeout.as_ref(), ["--timeout", "PUSHGATEWAY_TIMEOUT"])?;
    Ok(timeout.unwrap_or(DEFAULT_TIMEOUT))
}

/// Resolves the other settings of the connection to `endpoint`.
pub(super) fn resolve(
    endpoint: Url,
    args: &ConnectionArgs,
    environment: &Environment,
) -> Result<Connection, Failure> {
    let settings = Settings { args, environment };
    let connect_timeout = settings
        .limit(args.connect_timeout.as_ref(), ["--connect-timeout", "PUSHGATEWAY_CONNECT_TIMEOUT"])?;
    let authentication = settings.authentication(&endpoint)?;
    let (headers, login) = (authentication.headers, authentication.login);
    let has_credentials = headers.iter().any(Header::is_secret);
    let (route, bypasses_proxy) = settings.route(&endpoint, has_credentials)?;
    let mut secrets = authentication.secrets;
    secrets.extend(headers.iter().filter(|header| header.is_secret()).map(|header| header.value().clone()));
    secrets.extend(endpoint.query_values());
    if let Route::Forward(proxy) | Route::Tunnel(proxy) = &route
        && let Some(header) = proxy.authorization()
    {
        secrets.extend(proxy.credentials().and_then(|credentials| credentials.password.clone()));
        secrets.extend(after_scheme(&header));
    }
    Ok(Connection {
        route,
        bypasses_proxy,
        timeout: timeout(args, environment)?,
        connect_timeout: connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT),
        retries: settings.retries()?,
        headers,
        login,
        encoding: settings.encoding()?,
        tls: settings.tls(endpoint.scheme())?,
        secrets,
        url_from: settings.url_from(&endpoint)?,
        endpoint,
    })
}

/// The names of the option and the variable for a setting.
type SettingNames = [&'static str; 2];

/// The value of a setting, with the name of the option or variable that it comes from.
type Given<T> = Result<Option<(&'static str, T)>, Failure>;

/// The command-line options and environment variables that settings are read from.
#[derive(Clone, Copy)]
struct Settings<'a> {
    args: &'a ConnectionArgs,
    environment: &'a Environment,
}

impl<'a> Settings<'a> {
    /// Returns the value of a setting. An empty variable counts as unset, but an empty flag is an error.
    fn value(self, flag: Option<&'a OsString>, [option, variable]: SettingNames) -> Given<&'a OsStr> {
        match flag {
            Some(value) if value.is_empty() => Err(empty(option)),
            Some(value) => Ok(Some((option, value))),
            None => Ok(self.environment.variable(variable).map(|value| (variable, value))),
        }
    }

    fn text(self, flag: Option<&'a OsString>, names: SettingNames) -> Given<&'a str> {
        let value = self.value(flag, names)?;
        value.map(|(origin, value)| Ok((origin, utf8(origin, value)?))).transpose()
    }

    /// Like [`Settings::text`], but error messages do not show the value, because it may contain a secret.
    fn private_text(self, flag: Option<&'a OsString>, names: SettingNames) -> Given<&'a str> {
        let value = self.value(flag, names)?;
        value.map(|(origin, value)| Ok((origin, private_utf8(origin, value)?))).transpose()
    }

    /// Returns the value of `--gateway` or its variable.
    fn gateway(self) -> Given<&'a str> {
        self.private_text(self.args.gateway.as_ref(), ["--gateway", "PUSHGATEWAY_URL"])
    }

    /// Returns the option or variable that sets this endpoint, or `None` if it is the default.
    fn url_from(self, endpoint: &Url) -> Result<Option<&'static str>, Failure> {
        let given = self.gateway()?;
        let url = given.map_or(DEFAULT_GATEWAY, |(_, url)| url);
        let is_given = gateway_url(url).is_ok_and(|url| url.to_string() == endpoint.to_string());
        Ok(if is_given { given.map(|(origin, _)| origin) } else { Some("--url") })
    }

    /// Returns the name and the value of the first of these variables that is set.
    fn variable(self, names: &[&'static str]) -> Result<Option<(&'a str, &'a str)>, Failure> {
        let found = names.iter().find_map(|name| Some((*name, self.environment.variable(name)?)));
        found.map(|(name, value)| Ok((name, private_utf8(name, value)?))).transpose()
    }

    /// Reads a time limit, which must not be zero.
    fn limit(self, flag: Option<&'a OsString>, names: SettingNames) -> Result<Option<Duration>, Failure> {
        let Some((origin, text)) = self.text(flag, names)? else {
            return Ok(None);
        };
        match duration::parse(text) {
            Ok(Duration::ZERO) => Err(Failure::usage(format!("{origin} must be greater than zero"))),
            Ok(limit) => Ok(Some(limit)),
            Err(error) => Err(Failure::usage(format!("{origin}: {error}"))),
        }
    }

    fn retries(self) -> Result<u32, Failure> {
        let retries = self.args.retries.as_ref();
        match self.text(retries, ["--retries", "PUSHGATEWAY_RETRIES"])? {
            None => Ok(DEFAULT_RETRIES),
            Some((origin, text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_err(|_| Failure::usage(format!("{origin}: `{text}` is too large")))
            }
            Some((origin, text)) => Err(Failure::usage(format!(
                "{origin}: invalid number of retries `{text}`: use a whole number such as 3"
            ))),
        }
    }

    fn encoding(self) -> Result<Encoding, Failure> {
        match self.text(self.args.compress.as_ref(), ["--compress", "PUSHGATEWAY_COMPRESS"])? {
            None | Some((_, "none")) => Ok(Encoding::Identity),
            Some((_, "gzip")) => Ok(Encoding::Gzip),
            Some((origin, text)) => {
                Err(Failure::usage(format!("{origin}: unknown compression `{text}`: use none or gzip")))
            }
        }
    }

    /// Returns true if a switch is turned on by its flag or its variable.
    fn switch(self, flag: bool, variable: &str) -> Result<bool, Failure> {
        let Some(value) = self.environment.variable(variable).filter(|_| !flag) else { return Ok(flag) };
        let text = value.to_string_lossy();
        match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => {
                let hint = if variable == "PUSHGATEWAY_NO_PROXY" {
                    "to exclude hosts from the proxy: NO_PROXY=HOST,..."
                } else {
                    "unset the variable, or set it to false"
                };
                let message =
                    format!("{variable}: invalid value `{text}`: use 1, true, yes, on, 0, false, no or off");
                Err(Failure::usage_with_hint(message, hint))
            }
        }
    }

    /// Returns the route to the gateway, and whether it bypasses a configured proxy.
    fn route(self, endpoint: &Url, has_credentials: bool) -> Result<(Route, bool), Failure> {
        let args = self.args;
        // Read even if there is no proxy, so that an invalid value is always reported.
        let is_off = self.switch(false, "PUSHGATEWAY_NO_PROXY")?;
        if let Some((_, path)) =
            self.value(args.unix_socket.as_ref(), ["--unix-socket", "PUSHGATEWAY_UNIX_SOCKET"])?
            && args.proxy.is_none()
        {
            return Ok((Route::Unix(path.into()), false));
        }
        let Some((origin, url)) = self.proxy(endpoint)? else { return Ok((Route::Direct, false)) };
        let is_off = args.no_proxy || (args.proxy.is_none() && is_off);
        let no_proxy = self.variable(&["no_proxy", "NO_PROXY"])?;
        let is_exempt = args.proxy.is_none() && no_proxy.is_some_and(|(_, list)| is_exempt(list, endpoint));
        if is_off || is_exempt || endpoint.is_loopback() {
            return Ok((Route::Direct, true));
        }
        let proxy: Proxy = url.parse().map_err(|error| {
            Failure::usage_with_hint(
                format!("{origin}: {error}"),
                "use --no-proxy to connect without a proxy",
            )
        })?;
        Ok((Route::through(proxy, endpoint, has_credentials), false))
    }

    /// Returns the proxy URL for this gateway, and the option or variable that it comes from.
    fn proxy(self, endpoint: &Url) -> Result<Option<(&'a str, &'a str)>, Failure> {
        let ours = self.private_text(self.args.proxy.as_ref(), ["--proxy", "PUSHGATEWAY_PROXY"])?;
        if ours.is_some() {
            return Ok(ours);
        }
        self.variable(match endpoint.scheme() {
            // HTTP_PROXY is not used, because a client of a CGI script can set it with a `Proxy` header (httpoxy).
            Scheme::Http => &["http_proxy", "all_proxy", "ALL_PROXY"],
            Scheme::Https => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        })
    }

    fn tls(self, scheme: Scheme) -> Result<Tls, Failure> {
        let args = self.args;
        let ca_cert = self.value(args.ca_cert.as_ref(), ["--ca-cert", "PUSHGATEWAY_CA_CERT"])?;
        let cert = self.value(args.cert.as_ref(), ["--cert", "PUSHGATEWAY_CERT"])?;
        let key = self.value(args.key.as_ref(), ["--key", "PUSHGATEWAY_KEY"])?;
        if let (None, Some((origin, _))) = (&cert, &key) {
            return Err(Failure::usage_with_hint(
                format!("{origin} needs a client certificate"),
                "add --cert FILE",
            ));
        }
        let insecure = self.switch(args.insecure, "PUSHGATEWAY_INSECURE")?;
        let mut tls = Tls { insecure, ..Tls::default() };
        if scheme == Scheme::Https {
            if let Some((origin, path)) = ca_cert {
                let cas = CaCertificates::from_pem(&read(path, origin)?);
                tls.ca_certificates = cas.map_err(|error| invalid(path, &error))?;
            }
            if let Some(cert) = cert {
                let key = key.unwrap_or(cert);
                let identity = ClientIdentity::from_pem(&read(cert.1, cert.0)?, &read(key.1, key.0)?);
                let identity = identity.map_err(|(file, error)| match file {
                    PemFile::Certificate => invalid(cert.1, &error),
                    PemFile::Key => invalid(key.1, &error),
                });
                tls.identity = Some(Arc::new(identity?));
            }
        }
        let path = |setting: Option<(_, &OsStr)>| setting.map(|(_, path)| path.into());
        (tls.ca_cert, tls.cert, tls.key) = (path(ca_cert), path(cert), path(key));
        Ok(tls)
    }
}

/// Converts a value to UTF-8. The error message does not show the value.
pub(super) fn private_utf8<'a>(origin: &str, value: &'a OsStr) -> Result<&'a str, Failure> {
    value.to_str().ok_or_else(|| Failure::usage(format!("{origin}: the value is not UTF-8")))
}

/// Reads a file named by the option or variable `origin`.
fn read(path: &OsStr, origin: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_LIMIT).read_to_end(&mut bytes));
    let why = match read {
        Ok(read) if u64::try_from(read).is_ok_and(|read| read < FILE_LIMIT) => return Ok(bytes),
        Ok(_) => format!("it is larger than {} MiB", FILE_LIMIT >> 20),
        Err(error) => reason(&error),
    };
    let path = without_user(&path.to_string_lossy());
    Err(Failure::Other(anyhow::anyhow!("{origin}: can't read {path}: {why}")))
}

fn invalid(path: &OsStr, error: &PemError) -> Failure {
    let message = format!("{}: {error}", path.display());
    match error.hint(&quote(&path.to_string_lossy())) {
        Some(hint) => Failure::usage_with_hint(message, hint),
        None => Failure::usage(message),
    }
}

#[cfg(test)]
mod tests;
