//! What is wrong with a gateway in a sentence, and the commands that heal it. Pure.
//!
//! A command is for a shell to be copied into, so it is whole: quoted, with the gateway's URL, and in characters that every terminal shows.

use super::store::Group;
use super::store::conflict::{Conflict, Conflicts};
use crate::grouping::{GroupingKey, LabelSet, is_legacy_name};
use crate::http::Header;
use crate::http::Route;
use crate::http::Scheme;
use crate::http::curl::quote;
use crate::http::{Connection, Login, Tls};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What, and in which groups.
    pub message: String,
    /// The groups that are to blame; none where the listing does not tell them.
    pub groups: Vec<LabelSet>,
    /// What heals it, one command after the other; none where no command is known.
    pub commands: Vec<String>,
}

/// ` -g URL` and the other options that lead there, to be appended to a command: what is run as it is printed may not
/// go to another gateway, or to nobody. Credentials are never printed, nor is a URL with them: see
/// [`lacks_credentials`].
#[must_use]
pub fn gateway_option(connection: &Connection) -> String {
    format!(" -g {}{}", quote(&connection.endpoint.to_string()), way(connection))
}

/// Whether a command lacks credentials that were given in this one.
#[must_use]
pub fn lacks_credentials(connection: &Connection) -> bool {
    let is_told = match connection.login {
        Login::User(_, Some(_)) | Login::TokenFile(_) => true,
        Login::User(_, None) | Login::NotReported => false,
    };
    let of_proxy = match &connection.route {
        Route::Forward(proxy) | Route::Tunnel(proxy) => proxy.credentials().is_some(),
        Route::Direct | Route::Unix(_) => false,
    };
    let untold = |header: &&Header| header.is_secret() && !(is_told && header.is("Authorization"));
    of_proxy || connection.headers.iter().any(|header| untold(&header))
}

/// What is said where a command lacks credentials.
pub const LACKS_CREDENTIALS: &str =
    "credentials are not printed: where they come from flags or a URL, add them to the command";

/// The options of the way to the gateway, but for its URL.
fn way(connection: &Connection) -> String {
    let mut options = String::new();
    let mut add = |option: &str, value: &str| {
        // By itself it would be an option.
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
        Login::NotReported => {}
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

/// The command that deletes this group; `None` where the listing does not tell its key.
#[must_use]
pub fn delete(group: &Group, connection: &Connection) -> Option<String> {
    let key = group.key.as_ref()?;
    if group.labels.iter().any(|(name, _)| name.starts_with("__")) {
        // No option takes such a name.
        return Some(delete_path(&key.path(), connection));
    }
    Some(format!("pushgw delete {}", named(&group.labels, key, connection)))
}

/// The command that pushes a group's metrics to it again, as far as the API tells them.
#[must_use]
pub fn push_again(group: &Group, connection: &Connection) -> Option<String> {
    let named = named(&group.labels, group.key.as_ref()?, connection);
    Some(format!("pushgw show {named} | pushgw push {named}"))
}

fn delete_path(path: &str, connection: &Connection) -> String {
    let url = quote(&connection.endpoint.join(path));
    format!("pushgw delete -f --url {url}{}", way(connection))
}

/// The options that name a group and its gateway. What a terminal is not sure to show as it is would be an escape when
/// it is copied: the URL has it in ASCII.
fn named(labels: &LabelSet, key: &GroupingKey, connection: &Connection) -> String {
    let is_shown = |text: &str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if labels.iter().all(|(name, value)| is_shown(name) && is_shown(value)) {
        return format!("{}{}", group_options(labels), gateway_option(connection));
    }
    let url = quote(&connection.endpoint.join(&key.path()));
    let names = if needs_utf8_names(labels) { " --utf8-names" } else { "" };
    format!("--url {url}{names}{}", way(connection))
}

fn needs_utf8_names(labels: &LabelSet) -> bool {
    labels.iter().any(|(name, _)| !is_legacy_name(name))
}

/// `-j x -l instance=`, quoted.
fn group_options(labels: &LabelSet) -> String {
    let mut options = Vec::new();
    for (name, value) in labels.iter() {
        match name {
            "job" if value.starts_with('-') => options.push(quote(&format!("--job={value}"))),
            "job" => options.extend(["-j".to_owned(), quote(value)]),
            _ if name.starts_with('-') => options.push(quote(&format!("--label={name}={value}"))),
            _ => options.extend(["-l".to_owned(), quote(&format!("{name}={value}"))]),
        }
    }
    if needs_utf8_names(labels) {
        options.push("--utf8-names".to_owned());
    }
    options.join(" ")
}

/// What among the groups themselves breaks the gateway.
#[must_use]
pub fn conflicts(groups: &[Group], conflicts: &Conflicts, connection: &Connection) -> Vec<Trouble> {
    const BROKEN: &str = "every push is refused and every scrape fails";
    let trouble = |conflict: &Conflict| match *conflict {
        Conflict::EmptyInstance { without, with_empty } => {
            let (kept, doomed) = (groups.get(without)?, groups.get(with_empty)?);
            Some(Trouble {
                message: format!(
                    "{} and {} are the same to the gateway: {BROKEN}",
                    kept.labels, doomed.labels
                ),
                groups: vec![kept.labels.clone(), doomed.labels.clone()],
                commands: delete(doomed, connection).into_iter().collect(),
            })
        }
        Conflict::NotUtf8 { group } => Some(Trouble {
            message: format!(
                "{} has bytes that are not UTF-8 in its key: {BROKEN}",
                groups.get(group)?.labels
            ),
            groups: vec![groups.get(group)?.labels.clone()],
            commands: Vec::new(),
        }),
        Conflict::ReservedName { group } => Some(Trouble {
            message: format!("{} has a label whose name begins with __: {BROKEN}", groups.get(group)?.labels),
            groups: vec![groups.get(group)?.labels.clone()],
            commands: delete(groups.get(group)?, connection).into_iter().collect(),
        }),
    };
    conflicts.broken.iter().filter_map(trouble).collect()
}

/// The commands that delete the groups whose keys are not UTF-8, from what the gateway says of a scrape that failed.
///
/// The API shows such bytes as U+FFFD, but the refusal quotes each series with all its labels, octal or hexadecimal
/// (seen on 1.5.1, 1.11.0 and 1.11.2; the blanks between them differ from build to build).
#[must_use]
pub fn not_utf8(words: &str, connection: &Connection) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for line in words.lines().filter(|line| line.contains("whose value is not utf8")) {
        // Each group has this metric, and nothing else in it has labels beside those of its key.
        if line.contains("\"push_time_seconds\"")
            && let Some(path) = quoted_labels(line).as_ref().and_then(raw_path)
        {
            commands.push(delete_path(&path, connection));
        }
    }
    commands.sort_unstable();
    commands.dedup();
    commands
}

/// The labels in a series that a refusal quotes: `{ label:{name:"job"  value:"x"} … }`.
fn quoted_labels(line: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut labels = BTreeMap::new();
    let mut rest = &line[..line.rfind("has a label named")?];
    while let Some(at) = rest.find("name:\"") {
        let (name, after) = unquote(&rest[at + "name:\"".len()..])?;
        let after = after.trim_start().strip_prefix("value:\"")?;
        let (value, after) = unquote(after)?;
        labels.insert(String::from_utf8(name).ok()?, value);
        rest = after;
    }
    Some(labels)
}

/// The bytes up to the closing quote, and what stands behind it: the escapes of a protobuf's text.
fn unquote(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        let at = rest.find(['"', '\\'])?;
        out.extend_from_slice(&rest.as_bytes()[..at]);
        if rest.as_bytes()[at] == b'"' {
            return Some((out, &rest[at + 1..]));
        }
        rest = &rest[at + 1..];
        let escape = rest.chars().next()?;
        let (digits, radix) = match escape {
            'x' => (rest.get(1..3)?, 16),
            '0'..='7' => (rest.get(..3)?, 8),
            _ => ("", 0),
        };
        if digits.is_empty() {
            let byte = match escape {
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                other => u8::try_from(other).ok()?,
            };
            out.push(byte);
            rest = &rest[escape.len_utf8()..];
        } else {
            out.push(u8::from_str_radix(digits, radix).ok()?);
            rest = &rest[3..];
        }
    }
}

/// The path of a group with any bytes. The quoted series have an empty `instance` that the key most likely has not.
fn raw_path(labels: &BTreeMap<String, Vec<u8>>) -> Option<String> {
    let mut path = String::from("/metrics");
    let job = labels.get_key_value("job")?;
    let others =
        labels.iter().filter(|(name, value)| *name != "job" && !(*name == "instance" && value.is_empty()));
    for (name, value) in std::iter::once(job).chain(others) {
        if !is_legacy_name(name) {
            return None;
        }
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_~".contains(byte);
        let _ = match std::str::from_utf8(value) {
            Ok(text) if !text.is_empty() && value.iter().all(plain) => {
                write!(path, "/{name}/{text}")
            }
            Ok("") => write!(path, "/{name}@base64/="),
            _ => write!(path, "/{name}@base64/{}", URL_SAFE_NO_PAD.encode(value)),
        };
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::store::api::from_api;
    use crate::gateway::store::conflict::find;
    use crate::grouping::Names;
    use proptest::prelude::*;

    fn gateway() -> Connection {
        Connection::direct("http://gw:9091/a")
    }

    /// The commands for groups by their labels as JSON.
    fn healing(labels: &[&str]) -> Vec<String> {
        let groups = labels.iter().map(|labels| format!(r#"{{"labels":{{{labels}}}}}"#));
        let json = format!(r#"{{"status":"success","data":[{}]}}"#, groups.collect::<Vec<_>>().join(","));
        let groups = from_api(json.as_bytes(), Names::Legacy).unwrap();
        conflicts(&groups, &find(&groups), &gateway()).into_iter().flat_map(|t| t.commands).collect()
    }

    #[test]
    fn the_command_names_the_whole_key_and_the_gateway() {
        assert_eq!(
            healing(&[r#""job":"-x","a":"1 2","instance":"""#, r#""job":"-x","a":"1 2""#]),
            ["pushgw delete --job=-x -l 'a=1 2' -l instance= -g http://gw:9091/a"]
        );
        assert_eq!(
            healing(&[r#""job":"x","a.b":"1","instance":"""#, r#""job":"x","a.b":"1""#]),
            ["pushgw delete -j x -l a.b=1 -l instance= --utf8-names -g http://gw:9091/a"]
        );
        assert_eq!(
            healing(&[r#""job":"x","-a":"1","instance":"""#, r#""job":"x","-a":"1""#]),
            ["pushgw delete -j x --label=-a=1 -l instance= --utf8-names -g http://gw:9091/a"]
        );
        // Seen on 1.11.2 with --push.enable-utf8-names, after a push to /metrics/job/x/U______x/v.
        assert_eq!(
            healing(&[r#""__x":"v\"","job":"x""#]),
            ["pushgw delete -f --url http://gw:9091/a/metrics/job/x/U______x/v%22"]
        );
        assert_eq!(healing(&[r#""job":"x","l":"\ufffd""#]), [""; 0]);
    }

    #[test]
    fn the_gateway_is_named_without_its_credentials() {
        assert_eq!(gateway_option(&Connection::direct("http://me:secret@gw:9091")), " -g http://gw:9091");
        let connection = Connection { route: Route::Unix("/run/a b".into()), ..gateway() };
        assert_eq!(gateway_option(&connection), " -g http://gw:9091/a --unix-socket '/run/a b'");
    }

    #[test]
    fn the_way_to_the_gateway_is_in_the_command() {
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

    #[test]
    fn what_a_terminal_may_not_show_is_in_a_url() {
        assert_eq!(
            healing(&[r#""job":"a\nb","l":"\u00e9","instance":"""#, r#""job":"a\nb","l":"\u00e9""#]),
            ["pushgw delete --url http://gw:9091/a/metrics/job/a%0Ab/instance@base64/=/l/%C3%A9"]
        );
    }

    #[test]
    fn the_bytes_of_a_key_are_in_the_refusal() {
        let seen = [
            // 1.5.1
            r#"* collected metric "push_time_seconds" { label:<name:"instance" value:"" > label:<name:"job" value:"a\377\"\nb" > label:<name:"l" value:"\377" > label:<name:"m" value:"\376" > gauge:<value:0 > } has a label named "job" whose value is not utf8: "a\xff\"\nb""#,
            // 1.11.2
            r#"* collected metric "push_time_seconds" { label:{name:"instance"  value:""}  label:{name:"job"  value:"a\xff\"\nb"}  label:{name:"l"  value:"\xff"}  label:{name:"m"  value:"\xfe"}  gauge:{value:0}} has a label named "job" whose value is not utf8: "a\xff\"\nb""#,
        ];
        for line in seen {
            let words = format!("2 error(s) occurred:\n{line}\n{line}\n");
            assert_eq!(
                not_utf8(&words, &gateway()),
                [
                    "pushgw delete -f --url http://gw:9091/a/metrics/job@base64/Yf8iCmI/l@base64/_w/m@base64/_g"
                ]
            );
        }
        let other = r#"* collected metric "a" { label:{name:"l"  value:"\xff"} } has a label named "l" whose value is not utf8: "\xff""#;
        assert_eq!(not_utf8(other, &gateway()), [""; 0]);
    }

    proptest! {
        #[test]
        fn no_words_make_it_panic(words in "(name:|value:|\"|\\\\|x|3|é|label|[a-f0-9]| ){0,40}") {
            let line = format!("\"push_time_seconds\" {words} has a label named x whose value is not utf8");
            let _ = not_utf8(&line, &gateway());
        }
    }
}
