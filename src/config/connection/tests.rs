use super::*;
use std::io::Write as _;
use tempfile::NamedTempFile;

/// Flags and variables of a test case.
struct Case {
    args: ConnectionArgs,
    environment: Environment,
}

fn given(variables: &[(&str, &str)], fill: impl FnOnce(&mut ConnectionArgs)) -> Case {
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let mut case = Case {
        args: ConnectionArgs::default(),
        environment: Environment { variables, ..Environment::default() },
    };
    fill(&mut case.args);
    case
}

impl Case {
    fn resolve(&self) -> Result<Connection, Failure> {
        resolve(endpoint(&self.args, &self.environment)?, &self.args, &self.environment)
    }

    #[track_caller]
    fn fine(&self) -> Connection {
        self.resolve().unwrap_or_else(|failure| panic!("{failure}"))
    }

    #[track_caller]
    fn usage(&self) -> String {
        let failure = self.resolve().unwrap_err();
        assert_eq!(failure.exit_code(), 2, "{failure}");
        failure.to_string()
    }

    /// Returns the headers as they are sent.
    #[track_caller]
    fn headers(&self) -> Vec<String> {
        let text = |header: &Header| format!("{}: {}", header.name(), header.value().expose());
        self.fine().headers.iter().map(text).collect()
    }

    #[track_caller]
    fn route(&self) -> String {
        match self.fine().route {
            Route::Direct => "direct".to_owned(),
            Route::Forward(proxy) => format!("forward {proxy}"),
            Route::Tunnel(proxy) => format!("tunnel {proxy}"),
            Route::Unix(path) => format!("unix {}", path.display()),
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the arguments are options")]
fn some(text: &str) -> Option<OsString> {
    Some(OsString::from(text))
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

type Fill = fn(&mut ConnectionArgs);

const NOTHING: &[(&str, &str)] = &[];

#[test]
fn a_flag_overrides_a_variable_and_a_variable_the_default() {
    let of = |connection: Connection| {
        (connection.timeout.as_millis(), connection.connect_timeout.as_millis(), connection.retries)
    };
    assert_eq!(of(given(NOTHING, |_| {}).fine()), (30_000, 5_000, 2));
    let variables = [
        ("PUSHGATEWAY_TIMEOUT", "1m"),
        ("PUSHGATEWAY_CONNECT_TIMEOUT", "700ms"),
        ("PUSHGATEWAY_RETRIES", "0"),
    ];
    assert_eq!(of(given(&variables, |_| {}).fine()), (60_000, 700, 0));
    let flags = given(&variables, |args| {
        args.timeout = some("2s");
        args.connect_timeout = some("1s");
        args.retries = some("7");
    });
    assert_eq!(of(flags.fine()), (2_000, 1_000, 7));
    let empty = given(&[("PUSHGATEWAY_TIMEOUT", ""), ("PUSHGATEWAY_RETRIES", "")], |_| {});
    assert_eq!(of(empty.fine()), (30_000, 5_000, 2));
}

#[test]
fn an_invalid_value_is_reported_with_its_option_or_variable() {
    for (variable, value, message) in [
        ("PUSHGATEWAY_TIMEOUT", "0", "PUSHGATEWAY_TIMEOUT must be greater than zero"),
        ("PUSHGATEWAY_TIMEOUT", "30", "PUSHGATEWAY_TIMEOUT: `30` has no unit: write 30s for seconds"),
        (
            "PUSHGATEWAY_RETRIES",
            "-1",
            "PUSHGATEWAY_RETRIES: invalid number of retries `-1`: use a whole number such as 3",
        ),
        ("PUSHGATEWAY_RETRIES", "99999999999", "PUSHGATEWAY_RETRIES: `99999999999` is too large"),
        (
            "PUSHGATEWAY_COMPRESS",
            "zstd",
            "PUSHGATEWAY_COMPRESS: unknown compression `zstd`: use none or gzip",
        ),
        ("PUSHGATEWAY_KEY", "/k", "PUSHGATEWAY_KEY needs a client certificate"),
    ] {
        assert_eq!(given(&[(variable, value)], |_| {}).usage(), message);
    }
    let empty: [(Fill, &str); 6] = [
        (|args| args.gateway = some(""), "--gateway is empty: is a variable unset?"),
        (|args| args.retries = some(""), "--retries is empty: is a variable unset?"),
        (|args| args.user = some(""), "--user is empty: is a variable unset?"),
        (|args| args.headers = vec![OsString::new()], "--header is empty: is a variable unset?"),
        (|args| args.unix_socket = some(""), "--unix-socket is empty: is a variable unset?"),
        (|args| args.ca_cert = some(""), "--ca-cert is empty: is a variable unset?"),
    ];
    for (fill, message) in empty {
        assert_eq!(given(NOTHING, fill).usage(), message);
    }
}

#[test]
fn the_url_of_a_group_in_the_variable_is_rejected() {
    let url = "http://gw:9091/metrics/job/x";
    let message = given(&[("PUSHGATEWAY_URL", url)], |_| {}).usage();
    assert!(message.starts_with("PUSHGATEWAY_URL: ") && message.contains("--url"), "{message}");
}

#[test]
fn a_switch_s_variable_is_off_for_the_usual_words() {
    for (value, on) in [
        ("1", true),
        ("true", true),
        (" ON ", true),
        ("0", false),
        ("false", false),
        ("No", false),
        ("", false),
    ] {
        let case = given(&[("PUSHGATEWAY_INSECURE", value)], |_| {});
        assert_eq!(case.fine().tls.insecure, on, "{value:?}");
    }
    assert!(given(&[("PUSHGATEWAY_INSECURE", "0")], |args| args.insecure = true).fine().tls.insecure);
    assert!(
        given(&[("PUSHGATEWAY_INSECURE", "x")], |_| {})
            .usage()
            .contains("invalid value `x`: use 1, true, yes, on")
    );
}

#[test]
fn a_password_comes_from_a_file_or_a_variable() {
    let secret = file("hunter2\n");
    let path = secret.path().to_str().unwrap();
    let expected = ["Authorization: Basic bWU6aHVudGVyMg=="];
    let by_file = given(NOTHING, |args| (args.user, args.password_file) = (some("me"), some(path)));
    assert_eq!(by_file.headers(), expected);
    let by_variable = given(&[("PUSHGATEWAY_PASSWORD", "hunter2")], |args| args.user = some("me"));
    assert_eq!(by_variable.headers(), expected);
    let variables = [("PUSHGATEWAY_USER", "me"), ("PUSHGATEWAY_PASSWORD_FILE", path)];
    assert_eq!(given(&variables, |_| {}).headers(), expected);
    let in_url = given(&[("PUSHGATEWAY_URL", "http://me:hunter%32@gw")], |_| {});
    assert_eq!(in_url.headers(), expected);
    let user_in_url =
        given(&[("PUSHGATEWAY_URL", "http://me@gw"), ("PUSHGATEWAY_PASSWORD", "hunter2")], |_| {});
    assert_eq!(user_in_url.headers(), expected);
    assert_eq!(
        given(&[("PUSHGATEWAY_URL", "http://token@gw")], |_| {}).headers(),
        ["Authorization: Basic dG9rZW46"]
    );
    assert!(given(&[("PUSHGATEWAY_PASSWORD", "hunter2")], |_| {}).headers().is_empty());
}

#[test]
fn a_password_is_never_shown() {
    let colon = given(NOTHING, |args| args.user = some("me:hunter2"));
    assert_eq!(colon.usage(), "--user contains a colon: set only the user, without the password");
    assert!(!given(&[("PUSHGATEWAY_USER", "me:hunter2")], |_| {}).usage().contains("hunter2"));
    assert!(!given(NOTHING, |args| args.headers = vec!["hunter2".into()]).usage().contains("hunter2"));
    assert!(!given(&[("PUSHGATEWAY_URL", "http://me:hunter2@gw:x")], |_| {}).usage().contains("hunter2"));
    let proxy = given(&[("PUSHGATEWAY_PROXY", "ftp://me:hunter2@p"), ("PUSHGATEWAY_URL", "gw")], |_| {});
    assert!(!proxy.usage().contains("hunter2"));
    let fine = given(&[("PUSHGATEWAY_PASSWORD", "hunter2")], |args| args.user = some("me")).fine();
    assert!(!format!("{fine:#?}").contains("hunter2"));
    assert_eq!(fine.without_secrets("hunter2 bWU6aHVudGVyMg=="), "REDACTED REDACTED");
}

#[test]
fn only_one_way_to_authenticate_is_used() {
    let token = file("abc.def\n");
    let path = token.path().to_str().unwrap();
    let bearer = |args: &mut ConnectionArgs| args.bearer_token_file = some(path);
    assert_eq!(given(NOTHING, bearer).headers(), ["Authorization: Bearer abc.def"]);
    let all = [
        ("PUSHGATEWAY_BEARER_TOKEN", "other"),
        ("PUSHGATEWAY_USER", "me"),
        ("PUSHGATEWAY_HEADER", "Authorization: Digest x\nX-Key: y"),
        ("PUSHGATEWAY_URL", "http://u:p@gw"),
    ];
    // A flag overrides the URL, which overrides the variables.
    assert_eq!(given(&all, bearer).headers(), ["Authorization: Bearer abc.def", "X-Key: y"]);
    assert_eq!(given(&all, |_| {}).headers(), ["Authorization: Basic dTpw", "X-Key: y"]);
    assert_eq!(
        given(&all, |args| args.headers = vec!["authorization: Own z".into()]).headers(),
        ["X-Key: y", "authorization: Own z"]
    );
    assert_eq!(
        given(&all[..3], |_| {}).usage(),
        "PUSHGATEWAY_USER and PUSHGATEWAY_BEARER_TOKEN and PUSHGATEWAY_HEADER (Authorization) are set: only one of \
         them can be used"
    );
    let both = given(NOTHING, |args| {
        bearer(args);
        args.headers = vec!["Authorization: Own z".into()];
    });
    assert_eq!(
        both.usage(),
        "--header with Authorization can't be combined with --user or --bearer-token-file"
    );
    let none = given(NOTHING, |args| args.user = some("me"));
    assert_eq!(none.usage(), "no password for the user `me`");
    let no_user = given(NOTHING, |args| args.password_file = some(path));
    assert_eq!(no_user.usage(), "--password-file needs a user");
}

#[test]
fn a_secret_in_a_file_is_one_line() {
    for (text, problem) in [("", "is empty"), ("\n", "is empty"), ("a\nb\n", "has more than one line")] {
        let file = file(text);
        let path = file.path().to_str().unwrap();
        let message = given(NOTHING, |args| args.bearer_token_file = some(path)).usage();
        assert!(message.ends_with(problem), "{message}");
    }
    let missing = given(NOTHING, |args| args.bearer_token_file = some("/nowhere/at/all"));
    assert_eq!(missing.resolve().unwrap_err().exit_code(), 1);
    let windows = file("hunter2\r\n");
    let path = windows.path().to_str().unwrap();
    let case = given(NOTHING, |args| args.bearer_token_file = some(path));
    assert_eq!(case.headers(), ["Authorization: Bearer hunter2"]);
}

#[test]
fn the_route_is_chosen_as_curl_chooses_it() {
    let proxies = [
        ("http_proxy", "plain:1"),
        ("HTTP_PROXY", "never:1"),
        ("HTTPS_PROXY", "secure:1"),
        ("ALL_PROXY", "all:1"),
        ("NO_PROXY", "direct.example, 10.0.0.0/8"),
    ];
    let to = |url: &str| given(&proxies, |args| args.gateway = some(url)).route();
    assert_eq!(to("http://gw"), "forward http://plain:1");
    assert_eq!(to("https://gw"), "tunnel http://secure:1");
    assert_eq!(to("http://u:p@gw"), "tunnel http://plain:1");
    for url in
        ["http://x.direct.example", "https://10.1.2.3", "localhost:9091", "http://127.9.9.9", "[::1]:9091"]
    {
        assert_eq!(to(url), "direct");
    }
    let only = |name: &str| given(&[(name, "p:1"), ("PUSHGATEWAY_URL", "http://gw")], |_| {}).route();
    assert_eq!(only("HTTP_PROXY"), "direct");
    assert_eq!(only("all_proxy"), "forward http://p:1");
    assert_eq!(only("PUSHGATEWAY_PROXY"), "forward http://p:1");
    let off = [("http_proxy", "p:1"), ("PUSHGATEWAY_NO_PROXY", "yes"), ("PUSHGATEWAY_URL", "http://gw")];
    assert_eq!(given(&off, |_| {}).route(), "direct");
    assert!(given(&off, |_| {}).fine().bypasses_proxy);
    assert_eq!(given(&off, |args| args.proxy = some("q:2")).route(), "forward http://q:2");
    assert_eq!(given(&proxies, |args| (args.gateway, args.no_proxy) = (some("gw"), true)).route(), "direct");
    // A flag overrides NO_PROXY, but a proxy is never used for a gateway on this machine.
    assert_eq!(
        given(&proxies, |args| (args.gateway, args.proxy) = (some("10.1.2.3"), some("q:2"))).route(),
        "forward http://q:2"
    );
    assert_eq!(given(NOTHING, |args| args.proxy = some("q:2")).route(), "direct");
    let socket =
        [("PUSHGATEWAY_UNIX_SOCKET", "/run/gw"), ("http_proxy", "p:1"), ("PUSHGATEWAY_URL", "http://gw")];
    assert_eq!(given(&socket, |_| {}).route(), "unix /run/gw");
    assert_eq!(given(&socket, |args| args.proxy = some("q:2")).route(), "forward http://q:2");
    let socks = [("ALL_PROXY", "socks5://p:1"), ("PUSHGATEWAY_URL", "http://gw")];
    assert!(given(&socks, |_| {}).usage().starts_with("ALL_PROXY: `socks5` proxies are not supported"));
}
