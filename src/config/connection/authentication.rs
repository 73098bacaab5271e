//! Who we are to the gateway: the user's headers, and the one that lets us in, from flags, the URL, variables and files.

use super::{Source, empty, private_text, read};
use crate::config::unicode;
use crate::error::Failure;
use crate::gateway::{Credentials, Endpoint, Header, Login};
use crate::secret::Secret;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What is sent to be let in, and what of it must not be seen.
pub(super) struct Authentication {
    pub(super) headers: Vec<Header>,
    pub(super) login: Login,
    pub(super) secrets: Vec<Secret>,
}

/// The same, of one way to say who one is: the header, where it comes from, and the secrets in it.
type Identity = (Option<Header>, Login, Vec<Secret>);

impl Source<'_> {
    /// Flags beat the URL, and the URL beats variables; among equals only one can be.
    pub(super) fn authentication(self, endpoint: &Endpoint) -> Result<Authentication, Failure> {
        let (flags, variables) = self.headers()?;
        let is_own = |header: &&Header| header.is("Authorization");
        let own_flag = flags.iter().any(|header| header.is("Authorization"));
        let (header, login, mut secrets) = match (&self.args.user, &self.args.bearer_token_file) {
            (Some(_), _) | (_, Some(_)) if own_flag => {
                return Err(Failure::usage(
                    "--header gives an Authorization beside --user or --bearer-token-file",
                ));
            }
            (Some(user), _) => self.basic(&name("--user", user)?)?,
            (None, Some(path)) => token_file(path, "--bearer-token-file")?,
            (None, None) if own_flag => (None, Login::NotReported, Vec::new()),
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
        Ok(Authentication { headers, login, secrets })
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

    fn basic(self, user: &str) -> Result<Identity, Failure> {
        let Some((password, file)) = self.password()? else {
            return Err(Failure::usage_with_hint(
                format!("there is no password for the user `{user}`"),
                "--password-file FILE or PUSHGATEWAY_PASSWORD gives it",
            ));
        };
        Ok((Some(Header::basic(user, &password)), Login::User(user.to_owned(), file), vec![password]))
    }

    fn of_url(self, credentials: &Credentials) -> Result<Identity, Failure> {
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
            None => self.password()?.map_or_else(|| Secret::new(""), |(password, _)| password),
        };
        let header = Header::basic(user, &password);
        secrets.push(password);
        Ok((Some(header), Login::NotReported, secrets))
    }

    fn of_variables(self, has_own: bool) -> Result<Identity, Failure> {
        const USER: &str = "PUSHGATEWAY_USER";
        const TOKEN: &str = "PUSHGATEWAY_BEARER_TOKEN";
        const FILE: &str = "PUSHGATEWAY_BEARER_TOKEN_FILE";
        let set: Vec<&str> = [USER, TOKEN, FILE]
            .into_iter()
            .filter(|name| self.environment.variable(name).is_some())
            .collect();
        match (set.as_slice(), has_own) {
            ([], _) => Ok((None, Login::NotReported, Vec::new())),
            (&[USER], false) => {
                let user = self.environment.variable(USER).unwrap_or_default();
                self.basic(&name(USER, user)?)
            }
            (&[TOKEN], false) => {
                let token = self.environment.variable(TOKEN).unwrap_or_default();
                bearer(Secret::new(private_text(TOKEN, token)?), Login::NotReported)
            }
            (&[FILE], false) => token_file(self.environment.variable(FILE).unwrap_or_default(), FILE),
            (several, _) => {
                let header = if has_own { " and PUSHGATEWAY_HEADER (Authorization)" } else { "" };
                let several = several.join(" and ");
                Err(Failure::usage(format!("{several}{header} are set: only one of them can be sent")))
            }
        }
    }

    /// The password, and the file that it is in.
    fn password(self) -> Result<Option<(Secret, Option<PathBuf>)>, Failure> {
        const PASSWORD: &str = "PUSHGATEWAY_PASSWORD";
        const FILE: &str = "PUSHGATEWAY_PASSWORD_FILE";
        let variable = |name| self.environment.variable(name);
        let of_file = |path: &OsStr, origin| {
            read_secret(Path::new(path), origin).map(|secret| Some((secret, Some(PathBuf::from(path)))))
        };
        match (&self.args.password_file, variable(PASSWORD), variable(FILE)) {
            (Some(path), ..) if path.is_empty() => Err(empty("--password-file")),
            (Some(path), ..) => of_file(path, "--password-file"),
            (None, Some(_), Some(_)) => Err(Failure::usage(format!(
                "{PASSWORD} and {FILE} are both set: only one of them can be meant"
            ))),
            (None, Some(password), None) => Ok(Some((Secret::new(private_text(PASSWORD, password)?), None))),
            (None, None, Some(path)) => of_file(path, FILE),
            (None, None, None) => Ok(None),
        }
    }
}

/// What stands behind the scheme of an `Authorization` is the secret itself.
pub(super) fn behind_scheme(header: &Header) -> Option<Secret> {
    header.value().expose().split_once(' ').map(|(_, secret)| Secret::new(secret.trim()))
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

fn token_file(path: &OsStr, origin: &str) -> Result<Identity, Failure> {
    bearer(read_secret(Path::new(path), origin)?, Login::TokenFile(path.into()))
}

fn bearer(token: Secret, login: Login) -> Result<Identity, Failure> {
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::usage("the bearer token has a blank or a character in it that is not ASCII"));
    }
    Ok((Some(Header::bearer(&token)), login, vec![token]))
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
