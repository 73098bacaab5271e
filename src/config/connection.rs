//! How the gateway is reached: each setting from its flag, else its variable, else its default; the rules between them;
//! and the files that they name, read here, so that behind this room a secret is a value and no place to look.
//!
//! A secret's text is in no message, not even where it is what is wrong.

use super::{setting, unicode};
use crate::cli::ConnectionArgs;
use crate::duration;
use crate::env::Environment;
use crate::error::Failure;
use crate::gateway::{
    Connection, Credentials, Encoding, Endpoint, GroupUrl, Header, Material, MaterialError, Proxy, Route,
    Scheme, Tls, UrlError, is_exempt,
};
use crate::secret::Secret;
use anyhow::Context as _;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const DEFAULT_GATEWAY: &str = "http://localhost:9091";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_RETRIES: u32 = 2;

/// The gateway and the path of `--url`.
pub(super) fn group_url(url: &OsStr, args: &ConnectionArgs) -> Result<GroupUrl, Failure> {
    if args.gateway.is_some() {
        return Err(Failure::usage("--url names the gateway too: leave out --gateway"));
    }
    GroupUrl::from_bytes(url.as_encoded_bytes()).map_err(|error| match error {
        UrlError::NoGroup => Failure::usage_with_hint(
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
    url.parse().map_err(|error| Failure::usage(format!("{origin}: {error}")))
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
    let headers = authentication.headers;
    let has_credentials = headers.iter().any(Header::is_secret);
    let (route, passes_by_proxy) = source.route(&endpoint, has_credentials)?;
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
        passes_by_proxy,
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
        connect_timeout: connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT),
        retries: source.retries()?,
        headers,
        encoding: source.encoding()?,
        tls: source.tls(endpoint.scheme())?,
        secrets,
        endpoint,
    })
}

/// What is sent to be let in, and what of it must not be seen.
struct Authentication {
    headers: Vec<Header>,
    secrets: Vec<Secret>,
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
    fn path(self, flag: Option<&OsString>, option: &str, variable: &str) -> Result<Option<PathBuf>, Failure> {
        match flag {
            Some(path) if path.is_empty() => Err(empty(option)),
            Some(path) => Ok(Some(PathBuf::from(path))),
            None => Ok(self.environment.variable(variable).map(PathBuf::from)),
        }
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
        let mut material = Material::default();
        if scheme == Scheme::Https {
            if let Some(path) = &ca_cert {
                material.add_authorities(&read(path, "--ca-cert")?).map_err(|error| bad(path, &error))?;
            }
            if let Some(path) = &cert {
                let key = key.as_ref().unwrap_or(path);
                let (certificate, private) = (read(path, "--cert")?, read(key, "--key")?);
                material.set_identity(&certificate, &private).map_err(|error| bad(key, &error))?;
            }
        }
        Ok(Tls { ca_cert, cert, key, insecure, material: Arc::new(material) })
    }

    /// Flags beat the URL, and the URL beats variables; among equals only one can be.
    fn authentication(self, endpoint: &Endpoint) -> Result<Authentication, Failure> {
        let (flags, variables) = self.headers()?;
        let is_own = |header: &&Header| header.is("Authorization");
        let own_flag = flags.iter().any(|header| header.is("Authorization"));
        let (header, mut secrets) = match (&self.args.user, &self.args.bearer_token_file) {
            (Some(_), _) | (_, Some(_)) if own_flag => {
                return Err(Failure::usage(
                    "--header gives an Authorization beside --user or --bearer-token-file",
                ));
            }
            (Some(user), _) => self.basic(&name("--user", user)?)?,
            (None, Some(path)) => bearer(read_secret(Path::new(path), "--bearer-token-file")?)?,
            (None, None) if own_flag => (None, Vec::new()),
            (None, None) => match endpoint.credentials() {
                Some(credentials) => self.of_url(credentials)?,
                None => self.of_variables(variables.iter().any(|header| is_own(&header)))?,
            },
        };
        if self.args.password_file.is_some() && header.is_none() {
            return Err(Failure::usage_with_hint(
                "--password-file is given without a user",
                "-u USER names one",
            ));
        }
        let takes_place = |variable: &Header| {
            flags.iter().any(|flag| flag.is(variable.name()))
                || (variable.is("Authorization") && (header.is_some() || own_flag))
        };
        let variables = variables.into_iter().filter(|variable| !takes_place(variable)).collect::<Vec<_>>();
        let headers: Vec<Header> = header.into_iter().chain(variables).chain(flags).collect();
        secrets.extend(headers.iter().filter(is_own).filter_map(behind_scheme));
        Ok(Authentication { headers, secrets })
    }

    /// The user's headers: those of the flags, and those of the variable.
    fn headers(self) -> Result<(Vec<Header>, Vec<Header>), Failure> {
        let parse = |origin: &str, text: &str| {
            text.parse::<Header>().map_err(|error| Failure::usage(format!("{origin}: {error}")))
        };
        let mut flags = Vec::new();
        for header in &self.args.headers {
            if header.is_empty() {
                return Err(empty("--header"));
            }
            flags.push(parse("--header", private_text("--header", header)?)?);
        }
        let mut variables = Vec::new();
        if let Some((name, lines)) = self.variable(&["PUSHGATEWAY_HEADER"])? {
            for line in lines.lines().filter(|line| !line.trim().is_empty()) {
                variables.push(parse(name, line)?);
            }
        }
        for headers in [&flags, &variables] {
            for once in ["Authorization", "Host", "User-Agent", "Accept"] {
                if headers.iter().filter(|header| header.is(once)).count() > 1 {
                    return Err(Failure::usage(format!("the header {once} is given twice")));
                }
            }
        }
        Ok((flags, variables))
    }

    fn basic(self, user: &str) -> Result<(Option<Header>, Vec<Secret>), Failure> {
        let Some(password) = self.password()? else {
            return Err(Failure::usage_with_hint(
                format!("there is no password for the user `{user}`"),
                "--password-file FILE or PUSHGATEWAY_PASSWORD gives it",
            ));
        };
        Ok((Some(Header::basic(user, &password)), vec![password]))
    }

    fn of_url(self, credentials: &Credentials) -> Result<(Option<Header>, Vec<Secret>), Failure> {
        let Credentials { user, password } = credentials;
        if user.contains(':') {
            // RFC 7617 ends the user at the first colon.
            return Err(Failure::usage(
                "the user in the URL has a colon in it, which basic authentication can't send",
            ));
        }
        // A user alone may be a token.
        let mut secrets = if password.is_none() { vec![Secret::new(user.as_str())] } else { Vec::new() };
        let password = match password {
            Some(password) => password.clone(),
            None => self.password()?.unwrap_or_else(|| Secret::new("")),
        };
        let header = Header::basic(user, &password);
        secrets.push(password);
        Ok((Some(header), secrets))
    }

    fn of_variables(self, has_own: bool) -> Result<(Option<Header>, Vec<Secret>), Failure> {
        const USER: &str = "PUSHGATEWAY_USER";
        const TOKEN: &str = "PUSHGATEWAY_BEARER_TOKEN";
        const FILE: &str = "PUSHGATEWAY_BEARER_TOKEN_FILE";
        let set: Vec<&str> = [USER, TOKEN, FILE]
            .into_iter()
            .filter(|name| self.environment.variable(name).is_some())
            .collect();
        match (set.as_slice(), has_own) {
            ([], _) => Ok((None, Vec::new())),
            (&[USER], false) => {
                let user = self.environment.variable(USER).unwrap_or_default();
                self.basic(&name(USER, user)?)
            }
            (&[TOKEN], false) => {
                let token = self.environment.variable(TOKEN).unwrap_or_default();
                bearer(Secret::new(private_text(TOKEN, token)?))
            }
            (&[FILE], false) => {
                let path = self.environment.variable(FILE).unwrap_or_default();
                bearer(read_secret(Path::new(path), FILE)?)
            }
            (several, _) => {
                let header = if has_own { " and PUSHGATEWAY_HEADER (Authorization)" } else { "" };
                let several = several.join(" and ");
                Err(Failure::usage(format!("{several}{header} are set: only one of them can be sent")))
            }
        }
    }

    fn password(self) -> Result<Option<Secret>, Failure> {
        const PASSWORD: &str = "PUSHGATEWAY_PASSWORD";
        const FILE: &str = "PUSHGATEWAY_PASSWORD_FILE";
        let variable = |name| self.environment.variable(name);
        match (&self.args.password_file, variable(PASSWORD), variable(FILE)) {
            (Some(path), ..) if path.is_empty() => Err(empty("--password-file")),
            (Some(path), ..) => read_secret(Path::new(path), "--password-file").map(Some),
            (None, Some(_), Some(_)) => Err(Failure::usage(format!(
                "{PASSWORD} and {FILE} are both set: only one of them can be meant"
            ))),
            (None, Some(password), None) => Ok(Some(Secret::new(private_text(PASSWORD, password)?))),
            (None, None, Some(path)) => read_secret(Path::new(path), FILE).map(Some),
            (None, None, None) => Ok(None),
        }
    }
}

/// What stands behind the scheme of an `Authorization` is the secret itself.
fn behind_scheme(header: &Header) -> Option<Secret> {
    header.value().expose().split_once(' ').map(|(_, secret)| Secret::new(secret.trim()))
}

fn empty(option: &str) -> Failure {
    Failure::usage(format!("{option} is empty: is the variable set?"))
}

/// As [`setting`], for a value that may hold a secret.
fn private<'a>(
    flag: Option<&'a OsString>,
    option: &'static str,
    variable: &'static str,
    environment: &'a Environment,
) -> Result<Option<(&'a str, &'a str)>, Failure> {
    let (origin, value) = match (flag, environment.variable(variable)) {
        (Some(value), _) if value.is_empty() => return Err(empty(option)),
        (Some(value), _) => (option, value.as_os_str()),
        (None, Some(value)) => (variable, value),
        (None, None) => return Ok(None),
    };
    Ok(Some((origin, private_text(origin, value)?)))
}

/// The value as text, without a word of it in the message.
fn private_text<'a>(origin: &str, value: &'a OsStr) -> Result<&'a str, Failure> {
    value.to_str().ok_or_else(|| Failure::usage(format!("{origin}: the value is not UTF-8")))
}

/// A user's name. What is behind a colon may be a password, so the value is not shown.
fn name(origin: &str, user: &OsStr) -> Result<String, Failure> {
    if user.is_empty() {
        return Err(empty(origin));
    }
    let user = private_text(origin, user)?;
    if user.contains(':') {
        return Err(Failure::usage_with_hint(
            format!("{origin} has a colon in it: a password does not belong there"),
            "--password-file FILE or PUSHGATEWAY_PASSWORD gives the password",
        ));
    }
    if user.chars().any(char::is_control) {
        return Err(Failure::usage(format!("{origin} has a control character in it")));
    }
    unicode(origin, OsStr::new(user)).map(str::to_owned)
}

fn bearer(token: Secret) -> Result<(Option<Header>, Vec<Secret>), Failure> {
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::usage("the bearer token has a blank or a character in it that is not ASCII"));
    }
    Ok((Some(Header::bearer(&token)), vec![token]))
}

fn read(path: &Path, option: &str) -> Result<Vec<u8>, Failure> {
    let file = fs::read(path).with_context(|| format!("{option}: can't read {}", path.display()));
    file.map_err(Failure::Other)
}

fn bad(path: &Path, error: &MaterialError) -> Failure {
    Failure::usage(format!("{}: {error}", path.display()))
}

/// The secret in a file, without the line break that editors put behind it.
fn read_secret(path: &Path, option: &str) -> Result<Secret, Failure> {
    let bytes = read(path, option)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("{option}: {} is not UTF-8", path.display())))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Failure::usage(format!("{option}: {} is empty", path.display())));
    }
    if text.chars().any(char::is_control) {
        return Err(Failure::usage(format!("{option}: {} has more than one line", path.display())));
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests;
