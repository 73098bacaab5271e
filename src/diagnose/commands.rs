//! Builds the commands that pushgw prints for the user to run.
//!
//! Commands can be pasted as is: they are quoted for any shell and include the options for the gateway.

use crate::gateway::Group;
use crate::grouping::{EmptyValues, GroupingKey, KeyRules, LabelSet, Names, is_legacy_name};
use crate::http::{Connection, Header, Login, Route, Scheme, Tls};
use crate::shell::{is_plain, quote};
use std::fmt::Write as _;

/// Returns ` -g URL` and the other options that a command needs to reach this gateway. Secrets are omitted
/// (see [`lacks_credentials`]). A URL without its credentials would override the variable that has them.
pub fn gateway_option(connection: &Connection) -> String {
    if variable_has_credentials(connection) {
        return way(connection);
    }
    let mut url = connection.endpoint.to_string();
    if connection.endpoint.path().ends_with("/metrics") {
        // pushgw removes one `/metrics` from the end of a URL.
        url.push_str("/metrics");
    }
    format!(" -g {}{}", quote(&url), way(connection))
}

/// Returns true if the gateway's URL has credentials and comes from a variable.
fn variable_has_credentials(connection: &Connection) -> bool {
    connection.endpoint.credentials().is_some()
        && connection.url_from.is_some_and(|origin| !origin.starts_with('-'))
}

/// Returns true if this process was given credentials that a printed command does not contain.
pub fn lacks_credentials(connection: &Connection) -> bool {
    let is_printed = match connection.login {
        Login::User(_, Some(_)) | Login::TokenFile(_) => true,
        Login::User(_, None) | Login::Unknown => variable_has_credentials(connection),
    };
    let of_proxy = match &connection.route {
        Route::Forward(proxy) | Route::Tunnel(proxy) => proxy.credentials().is_some(),
        Route::Direct | Route::Unix(_) => false,
    };
    let is_missing = |header: &Header| header.is_secret() && !(is_printed && header.is("Authorization"));
    of_proxy || connection.headers.iter().any(is_missing)
}

/// The hint that is printed with a command that lacks credentials.
pub const LACKS_CREDENTIALS: &str =
    "credentials are not printed: if they come from options or a URL, add them to the command";

/// Returns the options that a command needs to reach the gateway, except for its URL.
fn way(connection: &Connection) -> String {
    let mut options = String::new();
    let mut add = |option: &str, value: &str| {
        // A separate word that starts with `-` would be parsed as an option.
        let _ = if value.starts_with('-') {
            write!(options, " {}", quote(&format!("{option}={value}")))
        } else {
            write!(options, " {option} {}", quote(value))
        };
    };
    match &connection.route {
        Route::Unix(path) => add("--unix-socket", &path.to_string_lossy()),
        Route::Forward(proxy) | Route::Tunnel(proxy) => add("--proxy", &proxy.to_string()),
        Route::Direct => {}
    }
    let Tls { ca_cert, cert, key, insecure, .. } = &connection.tls;
    let is_secure = connection.endpoint.scheme() == Scheme::Https;
    for (option, path) in [("--ca-cert", ca_cert), ("--cert", cert), ("--key", key)] {
        if let Some(path) = path.as_ref().filter(|_| is_secure) {
            add(option, &path.to_string_lossy());
        }
    }
    match &connection.login {
        Login::User(user, file) => {
            add("--user", user);
            if let Some(file) = file {
                add("--password-file", &file.to_string_lossy());
            }
        }
        Login::TokenFile(file) => add("--bearer-token-file", &file.to_string_lossy()),
        Login::Unknown => {}
    }
    for header in connection.headers.iter().filter(|header| !header.is_secret()) {
        add("-H", &format!("{}: {}", header.name(), header.shown()));
    }
    if *insecure && is_secure {
        options.push_str(" --insecure");
    }
    if matches!(connection.route, Route::Direct)
        && connection.bypasses_proxy
        && !connection.endpoint.is_loopback()
    {
        options.push_str(" --no-proxy");
    }
    options
}

/// Returns the command that deletes this group, or `None` if its key is unknown.
pub fn delete(group: &Group, connection: &Connection) -> Option<String> {
    let key = group.key.as_ref().ok()?;
    Some(match named(&group.labels, key, EmptyValues::Allow, connection) {
        Some(named) => format!("pushgw delete {named}"),
        None => delete_path(&key.path(), connection),
    })
}

/// Returns the command that pushes a group's metrics to the same group again, or `None` if `push` rejects its
/// key. The command drops metrics that the API does not report.
pub fn push_again(group: &Group, connection: &Connection) -> Option<String> {
    let named = named(&group.labels, group.key.as_ref().ok()?, EmptyValues::Reject, connection)?;
    Some(format!("pushgw show {named} | pushgw push {named}"))
}

/// Describes how to push to this server by remote write. The description covers only the URL options, because
/// the metrics may come from standard input, a file or a command.
pub fn write_instead(connection: &Connection) -> String {
    let login = if connection.endpoint.credentials().is_some() { "://USER:PASSWORD@" } else { "://" };
    let url = quote(&connection.endpoint.to_string().replacen("://", login, 1));
    match connection.url_from {
        Some("--url") => {
            format!("the same command with -j, -l and --remote-write {url} in place of --url")
        }
        Some(variable) if !variable.starts_with('-') => {
            format!("the same command with PUSHGATEWAY_REMOTE_WRITE={url} in place of {variable}")
        }
        _ => format!("the same command with --remote-write {url} in place of -g"),
    }
}

/// Returns the command that deletes the group with this path. It uses `--force`, because pushgw would
/// otherwise reject some of these paths.
pub(super) fn delete_path(path: &str, connection: &Connection) -> String {
    format!("pushgw delete -f --url {}{}", quote(&group_url(path, connection)), way(connection))
}

/// Returns the options that specify a group and its gateway, or `None` if pushgw rejects this key.
///
/// If a shell could change a label, or a terminal could interpret it as an escape sequence, the group is
/// given as a percent-encoded URL, which needs no quotes in any shell.
fn named(
    labels: &LabelSet,
    key: &GroupingKey,
    empty_values: EmptyValues,
    connection: &Connection,
) -> Option<String> {
    let needs_utf8_names = labels.iter().any(|(name, _)| !is_legacy_name(name));
    let (names, utf8_names) =
        if needs_utf8_names { (Names::Utf8, " --utf8-names") } else { (Names::Legacy, "") };
    let path = key.path();
    let read_back = GroupingKey::parse_path(&path, KeyRules { names, empty_values }).ok()?;
    if LabelSet::from(&read_back) != *labels {
        return None;
    }
    let is_safe = |text: &str| is_plain(text) && !text.starts_with('-');
    if labels.iter().all(|(name, value)| is_safe(name) && is_safe(value)) {
        return Some(format!("{}{utf8_names}{}", group_options(labels), gateway_option(connection)));
    }
    let url = quote(&group_url(&path, connection));
    Some(format!("--url {url}{utf8_names}{}", way(connection)))
}

/// Returns the URL of a group, or only its path if the URL in a variable has credentials. A `~` is also
/// percent-encoded, because a shell may expand it.
fn group_url(path: &str, connection: &Connection) -> String {
    let path = path.replace('~', "%7E");
    if variable_has_credentials(connection) { path } else { connection.endpoint.join(&path) }
}

/// Formats labels that need no quotes as options: `-j x -l instance=`.
fn group_options(labels: &LabelSet) -> String {
    let option = |(name, value): (&str, &str)| match name {
        "job" => format!("-j {value}"),
        _ => format!("-l {name}={value}"),
    };
    labels.iter().map(option).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::api::from_api;

    fn gateway() -> Connection {
        Connection::direct("http://gw:9091/a")
    }

    /// Creates a group from its labels as JSON.
    fn group(labels: &str) -> Group {
        let json = format!(r#"{{"status":"success","data":[{{"labels":{{{labels}}}}}]}}"#);
        from_api(json.as_bytes(), Names::Utf8).unwrap().remove(0)
    }

    fn delete_command(labels: &str) -> Option<String> {
        delete(&group(labels), &gateway())
    }

    #[test]
    fn the_command_has_the_whole_key_and_the_gateway() {
        for (labels, options) in [
            (r#""job":"x","a":"1/b","instance":"""#, "-j x -l a=1/b -l instance= -g http://gw:9091/a"),
            (r#""job":"x","a.b":"1""#, "-j x -l a.b=1 --utf8-names -g http://gw:9091/a"),
            // Seen on 1.11.2 with --push.enable-utf8-names, after a push to /metrics/job/x/U______x/v.
            (r#""__x":"v\"","job":"x""#, "-f --url http://gw:9091/a/metrics/job/x/U______x/v%22"),
        ] {
            assert_eq!(delete_command(labels), Some(format!("pushgw delete {options}")));
        }
        assert_eq!(delete_command(r#""job":"x","l":"\ufffd""#), None);
    }

    /// Returns the delete command for a group that has this label in addition to `job`.
    fn with_label(name: &str, value: &str) -> String {
        let [name, value] = [name, value].map(|text| serde_json::to_string(text).unwrap());
        delete_command(&format!(r#""job":"x",{name}:{value}"#)).unwrap()
    }

    #[test]
    fn a_label_that_a_shell_could_change_is_in_a_url() {
        let url = "http://gw:9091/a/metrics/job/x";
        for (value, path) in [
            ("~/data", "a@base64/fi9kYXRh"),
            ("~root", "a/%7Eroot"),
            ("b:~", "a/b%3A%7E"),
            (r"\';touch x;#", "a/%5C%27%3Btouch%20x%3B%23"),
            ("=ls", "a/%3Dls"),
            ("%self", "a/%25self"),
            ("-x", "a/-x"),
            ("a\nb", "a/a%0Ab"),
            ("é", "a/%C3%A9"),
        ] {
            assert_eq!(with_label("a", value), format!("pushgw delete --url {url}/{path}"));
        }
        for (name, path) in [("a=b", "U__a_3d_b/v"), ("=a", "U___3d_a/v"), ("-a", "U___2d_a/v")] {
            let command = with_label(name, "v");
            assert_eq!(command, format!("pushgw delete --url {url}/{path} --utf8-names"));
        }
    }

    #[test]
    fn a_name_that_pushgw_rejects_is_deleted_by_its_path() {
        assert_eq!(
            with_label("U__x", "v"),
            "pushgw delete -f --url http://gw:9091/a/metrics/job/x/U__U____x/v"
        );
    }

    #[test]
    fn a_group_that_push_rejects_is_not_pushed_again() {
        let again = |labels: &str| push_again(&group(labels), &gateway());
        let named = "-j x -l a=1 -g http://gw:9091/a";
        let command = format!("pushgw show {named} | pushgw push {named}");
        assert_eq!(again(r#""job":"x","a":"1""#), Some(command));
        let named = "--url http://gw:9091/a/metrics/job/x/a/%7E";
        let command = format!("pushgw show {named} | pushgw push {named}");
        assert_eq!(again(r#""job":"x","a":"~""#), Some(command));
        assert_eq!(again(r#""job":"x","a":"""#), None);
        assert_eq!(again(r#""job":"x","U__x":"1""#), None);
    }

    #[test]
    fn the_gateway_is_named_without_its_credentials() {
        assert_eq!(gateway_option(&Connection::direct("http://me:secret@gw:9091")), " -g http://gw:9091");
        let connection = Connection { route: Route::Unix("/run/a b".into()), ..gateway() };
        assert_eq!(gateway_option(&connection), " -g http://gw:9091/a --unix-socket '/run/a b'");
        let from_variable =
            Connection { url_from: Some("PUSHGATEWAY_URL"), ..Connection::direct("http://me:secret@gw") };
        assert_eq!(gateway_option(&from_variable), "");
        assert_eq!(delete_path("/metrics/job/x", &from_variable), "pushgw delete -f --url /metrics/job/x");
        let prefix = Connection::direct("http://gw:9091/metrics");
        assert_eq!(gateway_option(&prefix), " -g http://gw:9091/metrics/metrics");
    }

    #[test]
    fn remote_write_replaces_the_option_or_the_variable() {
        let from = |url_from| Connection { url_from, ..Connection::direct("http://me:secret@p:9090") };
        let url = "http://USER:PASSWORD@p:9090";
        for (url_from, expected) in [
            ("--gateway", format!("--remote-write {url} in place of -g")),
            ("--url", format!("-j, -l and --remote-write {url} in place of --url")),
            ("PUSHGATEWAY_URL", format!("PUSHGATEWAY_REMOTE_WRITE={url} in place of PUSHGATEWAY_URL")),
        ] {
            assert_eq!(write_instead(&from(Some(url_from))), format!("the same command with {expected}"));
        }
    }

    #[test]
    fn the_command_has_the_connection_options() {
        let tls = Tls { ca_cert: Some("/ca 1".into()), insecure: true, ..Tls::default() };
        let plain = Connection { tls: tls.clone(), bypasses_proxy: true, ..Connection::direct("http://gw") };
        assert_eq!(gateway_option(&plain), " -g http://gw --no-proxy", "nothing of TLS");
        let header = |text: &str| text.parse::<Header>().unwrap();
        let secure = Connection {
            tls,
            login: Login::User("me".into(), Some("/pw".into())),
            headers: vec![header("Authorization: x"), header("X-Scope-OrgID: a")],
            bypasses_proxy: true,
            ..Connection::direct("https://localhost")
        };
        assert_eq!(
            gateway_option(&secure),
            " -g https://localhost --ca-cert '/ca 1' --user me --password-file /pw -H 'X-Scope-OrgID: a' --insecure"
        );
        let odd = Connection { login: Login::User("-u".into(), Some("-f".into())), ..gateway() };
        assert_eq!(gateway_option(&odd), " -g http://gw:9091/a --user=-u --password-file=-f");
        assert!(!lacks_credentials(&secure));
        let token = Connection { login: Login::TokenFile("/t".into()), ..secure.clone() };
        assert!(gateway_option(&token).contains(" --bearer-token-file /t "));
        assert!(lacks_credentials(&Connection { login: Login::User("me".into(), None), ..secure.clone() }));
        assert!(lacks_credentials(&Connection { headers: vec![header("X-Key: k")], ..token }));
        let proxy = "http://me:pw@p:1".parse().unwrap();
        let through = Connection { route: Route::Forward(proxy), ..gateway() };
        assert_eq!(gateway_option(&through), " -g http://gw:9091/a --proxy http://p:1");
        assert!(lacks_credentials(&through));
    }
}
