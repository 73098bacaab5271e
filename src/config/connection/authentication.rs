//! Resolves the request headers and credentials from flags, the URL, variables and files.

use super::{Settings, empty, private_utf8, read};
use crate::error::Failure;
use crate::http::{Credentials, Header, Login, MAX_HEADER, Url};
use crate::secret::Secret;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The headers to send, and the secrets in them that must not be printed.
#[derive(Default)]
pub(super) struct Authentication {
    pub(super) headers: Vec<Header>,
    pub(super) login: Login,
    pub(super) secrets: Vec<Secret>,
}

impl Settings<'_> {
    /// Resolves headers and credentials. Flags override the URL, which overrides variables. Two credentials from the
    /// same kind of source are an error.
    pub(super) fn authentication(self, endpoint: &Url) -> Result<Authentication, Failure> {
        let (flags, variables) = self.headers()?;
        let has_own_flag = flags.iter().any(is_authorization);
        let Authentication { headers, login, mut secrets } =
            match (&self.args.user, &self.args.bearer_token_file) {
                (Some(_), _) | (_, Some(_)) if has_own_flag => {
                    return Err(Failure::usage(
                        "--header with Authorization can't be combined with --user or --bearer-token-file",
                    ));
                }
                (Some(user), _) => self.basic(&user_name("--user", user)?)?,
                (None, Some(path)) => token_file(path, "--bearer-token-file")?,
                (None, None) if has_own_flag => Authentication::default(),
                (None, None) => match endpoint.credentials() {
                    Some(credentials) => self.of_url(credentials)?,
                    None => self.of_variables(variables.iter().any(is_authorization))?,
                },
            };
        if self.args.password_file.is_some() && headers.is_empty() {
            return Err(Failure::usage_with_hint("--password-file needs a user", "add -u USER"));
        }
        let is_replaced = |variable: &Header| {
            flags.iter().any(|flag| flag.is(variable.name()))
                || (is_authorization(variable) && (!headers.is_empty() || has_own_flag))
        };
        let variables = variables.into_iter().filter(|variable| !is_replaced(variable)).collect::<Vec<_>>();
        let headers: Vec<Header> = headers.into_iter().chain(variables).chain(flags).collect();
        secrets.extend(headers.iter().filter(|header| is_authorization(header)).filter_map(after_scheme));
        Ok(Authentication { headers, login, secrets })
    }

    /// Returns the headers set by flags and the headers set by the variable.
    fn headers(self) -> Result<(Vec<Header>, Vec<Header>), Failure> {
        let parse = |origin: &str, text: &str| {
            check_length(origin, text)?;
            text.parse::<Header>().map_err(|error| Failure::usage(format!("{origin}: {error}")))
        };
        let mut flags = Vec::new();
        for header in &self.args.headers {
            if header.is_empty() {
                return Err(empty("--header"));
            }
            flags.push(parse("--header", private_utf8("--header", header)?)?);
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
                    return Err(Failure::usage(format!("the header {once} is set twice")));
                }
            }
        }
        Ok((flags, variables))
    }

    fn basic(self, user: &str) -> Result<Authentication, Failure> {
        let Some((password, file)) = self.password()? else {
            return Err(Failure::usage_with_hint(
                format!("no password for the user `{user}`"),
                "use --password-file FILE or PUSHGATEWAY_PASSWORD",
            ));
        };
        Ok(Authentication {
            headers: vec![Header::basic(user, &password)],
            login: Login::User(user.to_owned(), file),
            secrets: vec![password],
        })
    }

    fn of_url(self, credentials: &Credentials) -> Result<Authentication, Failure> {
        let Credentials { user, password } = credentials;
        if user.contains(':') {
            // In basic authentication, the user ends at the first colon (RFC 7617).
            return Err(Failure::usage(
                "the user in the URL contains a colon, which basic authentication does not allow",
            ));
        }
        // A user without a password may be a token.
        let mut secrets = if password.is_none() { vec![Secret::new(user.as_str())] } else { Vec::new() };
        let password = match password {
            Some(password) => password.clone(),
            None => self.password()?.map_or_else(|| Secret::new(""), |(password, _)| password),
        };
        let headers = vec![Header::basic(user, &password)];
        secrets.push(password);
        Ok(Authentication { headers, secrets, ..Authentication::default() })
    }

    fn of_variables(self, has_own_header: bool) -> Result<Authentication, Failure> {
        const USER: &str = "PUSHGATEWAY_USER";
        const TOKEN: &str = "PUSHGATEWAY_BEARER_TOKEN";
        const FILE: &str = "PUSHGATEWAY_BEARER_TOKEN_FILE";
        let set: Vec<&str> = [USER, TOKEN, FILE]
            .into_iter()
            .filter(|name| self.environment.variable(name).is_some())
            .collect();
        match (set.as_slice(), has_own_header) {
            ([], _) => Ok(Authentication::default()),
            (&[USER], false) => {
                let user = self.environment.variable(USER).unwrap_or_default();
                self.basic(&user_name(USER, user)?)
            }
            (&[TOKEN], false) => {
                let token = self.environment.variable(TOKEN).unwrap_or_default();
                bearer(secret(TOKEN, token)?, Login::default())
            }
            (&[FILE], false) => token_file(self.environment.variable(FILE).unwrap_or_default(), FILE),
            (several, _) => {
                let header = if has_own_header { " and PUSHGATEWAY_HEADER (Authorization)" } else { "" };
                let several = several.join(" and ");
                Err(Failure::usage(format!("{several}{header} are set: only one of them can be used")))
            }
        }
    }

    /// Returns the password, and the file that it was read from, if any.
    fn password(self) -> Result<Option<(Secret, Option<PathBuf>)>, Failure> {
        const PASSWORD: &str = "PUSHGATEWAY_PASSWORD";
        const FILE: &str = "PUSHGATEWAY_PASSWORD_FILE";
        let variable = |name| self.environment.variable(name);
        let of_file = |path: &OsStr, origin| {
            read_secret(path, origin).map(|secret| Some((secret, Some(PathBuf::from(path)))))
        };
        match (&self.args.password_file, variable(PASSWORD), variable(FILE)) {
            (Some(path), ..) if path.is_empty() => Err(empty("--password-file")),
            (Some(path), ..) => of_file(path, "--password-file"),
            (None, Some(_), Some(_)) => Err(Failure::usage(format!(
                "{PASSWORD} and {FILE} are both set: only one of them can be used"
            ))),
            (None, Some(password), None) => Ok(Some((secret(PASSWORD, password)?, None))),
            (None, None, Some(path)) => of_file(path, FILE),
            (None, None, None) => Ok(None),
        }
    }
}

fn is_authorization(header: &Header) -> bool {
    header.is("Authorization")
}

/// Returns the part of an `Authorization` header after the scheme, which is a secret even without the scheme.
pub(super) fn after_scheme(header: &Header) -> Option<Secret> {
    header.value().expose().split_once(' ').map(|(_, secret)| Secret::new(secret.trim()))
}

/// Checks a user name. Messages don't show it, because text after a colon may be a password.
fn user_name(origin: &str, user: &OsStr) -> Result<String, Failure> {
    if user.is_empty() {
        return Err(empty(origin));
    }
    let user = private_utf8(origin, user)?;
    if user.contains(':') {
        return Err(Failure::usage_with_hint(
            format!("{origin} contains a colon: set only the user, without the password"),
            "use --password-file FILE or PUSHGATEWAY_PASSWORD for the password",
        ));
    }
    if user.chars().any(char::is_control) {
        return Err(Failure::usage(format!("{origin} contains a control character")));
    }
    check_length(origin, user)?;
    Ok(user.to_owned())
}

fn token_file(path: &OsStr, origin: &str) -> Result<Authentication, Failure> {
    bearer(read_secret(path, origin)?, Login::TokenFile(path.into()))
}

fn bearer(token: Secret, login: Login) -> Result<Authentication, Failure> {
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::usage(
            "the bearer token contains a space or a character that is not printable ASCII",
        ));
    }
    Ok(Authentication { headers: vec![Header::bearer(&token)], login, secrets: vec![token] })
}

/// Returns the secret in a variable, without the trailing newline that a secret store or an editor may add.
fn secret(variable: &str, value: &OsStr) -> Result<Secret, Failure> {
    let text = private_utf8(variable, value)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.chars().any(char::is_control) {
        return Err(Failure::usage(format!("{variable} contains a control character")));
    }
    check_length(variable, text)?;
    Ok(Secret::new(text))
}

/// Reads a secret from a file, without the trailing newline that editors add.
fn read_secret(path: &OsStr, origin: &str) -> Result<Secret, Failure> {
    if !Path::new(path).exists() {
        // The path is not shown, because it may be the secret itself, given by mistake.
        return Err(Failure::File {
            message: format!("{origin}: no such file"),
            hint: Some("the value must be a file name, not the secret itself".to_owned()),
        });
    }
    let bytes = read(path, origin)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("{origin}: {} is not UTF-8", path.display())))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Failure::usage(format!("{origin}: {} is empty", path.display())));
    }
    if text.chars().any(char::is_control) {
        return Err(Failure::usage(format!("{origin}: {} has more than one line", path.display())));
    }
    check_length(&format!("{origin}: {}", path.display()), text)?;
    Ok(Secret::new(text))
}

/// Checks that the HTTP library can send a header with this value.
fn check_length(origin: &str, value: &str) -> Result<(), Failure> {
    if value.len() <= MAX_HEADER {
        return Ok(());
    }
    Err(Failure::usage(format!("{origin} is too long: the limit is {MAX_HEADER} bytes")))
}
