//! Tests that no output of pushgw contains a secret, for every way to pass a secret and every kind of output.

use crate::support::{Output, Pushgw, Server, pushgw};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

const SECRET: &str = "hunter2-s3cr3t";
/// The percent-encoded secret, as in a URL.
const ESCAPED: &str = "hunter2%2Ds3cr3t";

/// The option and the variable that name a kind of server.
type Destination = (&'static str, &'static str);

const GATEWAY: Destination = ("-g", "PUSHGATEWAY_URL");
const RECEIVER: Destination = ("--remote-write", "PUSHGATEWAY_REMOTE_WRITE");

/// A way to pass a secret: adds it to a call, for a destination at this address.
type Give = fn(Pushgw, Destination, &str) -> Pushgw;

const WAYS: &[(&str, Give)] = &[
    ("password file", |call, (to, _), address| {
        call.file("secret", format!("{SECRET}\n")).args([
            to,
            address,
            "-u",
            "me",
            "--password-file",
            "secret",
        ])
    }),
    ("password variable", |call, (to, _), address| {
        call.args([to, address, "-u", "me"]).env("PUSHGATEWAY_PASSWORD", SECRET)
    }),
    ("password in the URL", |call, (to, _), address| {
        call.args([to, &format!("http://me:{ESCAPED}@{address}")])
    }),
    ("password in the URL's variable", |call, (_, variable), address| {
        call.env(variable, format!("http://me:{ESCAPED}@{address}"))
    }),
    ("token as the user in the URL", |call, (to, _), address| {
        call.args([to, &format!("http://{ESCAPED}@{address}")])
    }),
    ("token file", |call, (to, _), address| {
        call.file("secret", SECRET).args([to, address, "--bearer-token-file", "secret"])
    }),
    ("token variable", |call, (to, _), address| {
        call.args([to, address]).env("PUSHGATEWAY_BEARER_TOKEN", SECRET)
    }),
    ("header", |call, (to, _), address| call.args([to, address, "-H", &format!("X-Api-Key: {SECRET}")])),
    ("header variable", |call, (to, _), address| {
        call.args([to, address]).env("PUSHGATEWAY_HEADER", format!("Authorization: Own {SECRET}"))
    }),
    ("proxy", |call, (to, _), address| {
        call.args([to, "http://gateway.example"]).env("http_proxy", format!("http://me:{ESCAPED}@{address}"))
    }),
];

/// Ways that only a remote-write receiver supports.
const IN_QUERY: &[(&str, Give)] = &[
    ("query", |call, (to, _), address| {
        call.args([to, &format!("http://{address}/write?a=1&token={SECRET}")])
    }),
    ("escaped query", |call, (to, _), address| call.args([to, &format!("{address}?{ESCAPED}")])),
    ("query in the variable", |call, (_, variable), address| {
        call.env(variable, format!("{address}?token={SECRET}"))
    }),
];

/// Returns all ways to pass a secret to a push.
fn ways() -> impl Iterator<Item = (&'static str, Give, Destination)> {
    let to = |destination| WAYS.iter().map(move |(way, give)| (*way, *give, destination));
    let in_query = IN_QUERY.iter().map(|(way, give)| (*way, *give, RECEIVER));
    to(GATEWAY).chain(to(RECEIVER)).chain(in_query)
}

#[track_caller]
fn assert_hidden(way: &str, output: &Output) {
    let shown = [output.stdout(), output.stderr()].concat();
    let encoded = |text: String| STANDARD.encode(text);
    for hidden in [
        SECRET.to_owned(),
        ESCAPED.to_owned(),
        encoded(format!("me:{SECRET}")),
        encoded(format!("{SECRET}:")),
        encoded(SECRET.to_owned()),
    ] {
        assert!(!shown.contains(&hidden), "{way}: {hidden} is shown\n{output}");
    }
}

fn call(command: &[&str], give: Give, to: Destination, address: &str) -> Pushgw {
    let call = give(pushgw().args(command), to, address).args(["--retries", "1"]);
    call.any_code().any_stdout().any_stderr().env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace")
}

/// Starts a server that repeats the request's headers in its response, like a debugging page.
fn echo(status: u16) -> Server {
    Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            let shown: Vec<_> =
                request.head.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let shown = shown.join(" ");
            let location = format!("http://me:{SECRET}@other/?{shown}");
            connection.answer(
                status,
                &[("Location", &location), ("X-Seen", &shown), ("Set-Cookie", SECRET)],
                &shown,
            );
        }
    })
}

#[test]
fn a_push_shows_no_secret_for_any_response() {
    for (way, give, to) in ways() {
        for status in [200, 307, 400, 401, 503] {
            let server = echo(status);
            let address = server.address().to_string();
            let output = call(&["push", "-j", "x", "-m", "a 1", "-vv"], give, to, &address).run();
            assert_hidden(way, &output);
            let sent = server.requests();
            assert!(
                format!("{sent:?}").contains("uthorization") || way == "header" || way.contains("query"),
                "{way}: nothing was sent"
            );
        }
    }
}

#[test]
fn dry_runs_help_and_errors_show_no_secret() {
    for (way, give, to) in ways() {
        for command in [
            &["push", "-j", "x", "-m", "a 1", "--dry-run", "-vv"][..],
            &["push", "-j", "x", "-m", "a 1", "--as-curl", "-vv"],
            &["push", "-j", "x", "-m", "a 1", "--help"],
            &["push", "-j", "x", "-m", "a 1", "-vv", "--timeout", "never"],
            &["push", "-j", "x", "-m", "a 1", "-vv", "--no-such-option"],
            &["push", "-j", "x", "-m", "not metrics"],
        ] {
            let output = call(command, give, to, "127.0.0.1:1").run();
            assert_hidden(way, &output);
        }
        for printed in ["--dry-run", "--as-curl"] {
            if to == RECEIVER && printed == "--as-curl" {
                continue;
            }
            let output = call(&["push", "-j", "x", "-m", "a 1", printed], give, to, "127.0.0.1:1").run();
            assert!(output.stdout().contains("REDACTED") || way == "proxy", "{way}\n{output}");
        }
    }
}

#[test]
fn other_commands_show_no_secret() {
    let of_groups =
        [&["list", "-vv"][..], &["delete", "-j", "x", "-vv"], &["delete", "-f", "-j", "x", "-vv"]];
    let of_both = [&["status", "-vv"][..], &["add", "-j", "x", "-m", "a 1", "-vv"]];
    for (way, give, to) in ways() {
        for status in [200, 302, 500] {
            let server = echo(status);
            let address = server.address().to_string();
            let of_groups = of_groups.iter().filter(|_| to == GATEWAY);
            for command in of_groups.chain(&of_both) {
                let output = call(command, give, to, &address).run();
                assert_hidden(way, &output);
                let status_line = format!("< {status} ");
                assert!(output.stderr().contains(&status_line), "{way}: the exchange is not shown\n{output}");
            }
        }
    }
}

#[test]
fn a_connection_error_shows_no_secret() {
    for (way, give, to) in ways() {
        let output = call(&["push", "-j", "x", "-m", "a 1", "-vv"], give, to, "127.0.0.1:1").run();
        assert_eq!(output.status.code(), Some(6), "{way}\n{output}");
        assert_hidden(way, &output);
    }
}

/// Ways to pass a secret where a file name is expected.
const NOT_FILES: &[Give] = &[
    |call, _, _| call.args(["-u", "me", "--password-file", SECRET]),
    |call, _, _| call.args(["--bearer-token-file", SECRET]),
    |call, _, _| call.args(["--bearer-token-file", &format!("{SECRET}/{}", "x".repeat(5000))]),
    |call, _, _| call.env("PUSHGATEWAY_BEARER_TOKEN_FILE", SECRET),
    |call, _, _| call.env("PUSHGATEWAY_USER", "me").env("PUSHGATEWAY_PASSWORD_FILE", SECRET),
];

#[test]
fn a_misplaced_secret_is_not_shown() {
    let misplaced: [Give; 17] = [
        |call, _, _| call.args(["-u", &format!("me:{SECRET}")]),
        |call, _, _| call.args(["-H", SECRET]),
        |call, _, _| call.args(["-H", &format!("Content-Length: {SECRET}")]),
        |call, _, _| call.args(["-g", &format!("http://me:{SECRET}@gw:port")]),
        |call, _, _| call.args(["-g", &format!("http://me:{SECRET}/x@gw")]),
        |call, _, _| call.args(["--proxy", &format!("ftp://me:{SECRET}@gw"), "-g", "gw"]),
        |call, _, _| call.args(["-g", &format!("http//me:{SECRET}@gw")]),
        |call, _, _| call.args(["-g", &format!("http:/me:{SECRET}@gw")]),
        |call, _, _| call.args(["-g", &format!("gw//me:{SECRET}@gw")]),
        |call, _, _| call.args(["-g", &format!("http://me:a@{SECRET}/c@gw")]),
        |call, _, _| call.args(["-g", &format!("http://me:1/{SECRET}@gw")]),
        |call, _, _| call.args(["-g", &format!("http://me:a@b?{SECRET}#@gw")]),
        |call, _, _| call.args(["--proxy", &format!("http//me:{SECRET}@gw"), "-g", "gw"]),
        |call, _, _| call.args(["--remote-write", &format!("http://me:{SECRET}@gw:port")]),
        |call, _, _| call.args(["--remote-write", &format!("http://me:1/?{SECRET}@gw")]),
        |call, _, _| call.args(["--remote-write", &format!("http://gw/w?token={SECRET}#x")]),
        |call, _, _| call.args(["--remote-write", &format!("http://gw:9090?{SECRET}%zz")]),
    ];
    for give in misplaced {
        let output = call(&["push", "-j", "x", "-m", "a 1"], give, GATEWAY, "").run();
        assert_eq!(output.status.code(), Some(2), "{output}");
        assert_hidden("misplaced", &output);
    }
    for (give, (to, _)) in NOT_FILES.iter().flat_map(|give| [(give, GATEWAY), (give, RECEIVER)]) {
        let output = call(&["push", "-j", "x", "-m", "a 1", to, "[::1]:1"], *give, GATEWAY, "").run();
        assert!(output.stderr().contains("the value must be a file name, not the secret itself"), "{output}");
        assert_eq!(output.status.code(), Some(1), "{output}");
        assert_hidden("a secret in place of its file", &output);
    }
    let url = format!("http://me:{SECRET}@gw:9091");
    let with_query = format!("http://gw:9090/w?t={SECRET}");
    for call in [
        pushgw().args(["list", &url]).code(2),
        pushgw().args(["push", "-j", "x", &url]).code(2),
        pushgw().args(["check", &url]).code(2).stderr_has("curl -s URL | pushgw check"),
        pushgw().args(["list", "--format", &url]).code(2),
        pushgw().args(["push", "-j", "x", &format!("me:{SECRET}@gw:9091")]).code(1),
        pushgw().args(["push", "-j", "x", &format!("me:{SECRET}/x@gw:9091")]).code(1),
        pushgw().args(["push", "-j", "x", &format!("http//me:{SECRET}@gw:9091")]).code(1),
        pushgw().args(["push", "-j", "x", "--groups", &format!("me:{SECRET}@gw:9091")]).code(2),
        pushgw().args(["list", &format!("me:{SECRET}@gw:9091")]).code(2),
        pushgw().args([&format!("me:{SECRET}@gw:9091"), "list"]).code(2),
        pushgw().args(["check", &format!("me:{SECRET}@gw:9091")]).code(1),
        pushgw().args(["list", "--unix-socket", &format!("me:{SECRET}@gw"), "--retries", "0"]).code(6),
        pushgw().args(["list", "-g", "https://[::1]:1", "--ca-cert", &format!("me:{SECRET}@gw")]).code(1),
        pushgw().args(["rules", "--remote-write", &with_query]).code(2).stderr_has("/w?t=REDACTED"),
        pushgw().args(["rules", &format!("--remote-write={with_query}")]).code(2),
        pushgw().args(["push", "-j", "x", "--remote-write-version", &with_query]).code(2),
        pushgw().args(["push", "-j", "x", &with_query]).code(2),
        pushgw().args(["check", &with_query]).code(2),
        pushgw().args(["push", "--groups", &with_query]).code(1).stderr_has("/w?t=REDACTED"),
        pushgw().args(["status", &with_query]).code(2),
        pushgw().args(["list", &format!("gw:9090/w?{SECRET}&t={SECRET}")]).code(2),
        pushgw().args([&with_query, "list"]).code(2),
        pushgw().args(["check", "--url"]).arg(OsStr::from_bytes(&[url.as_bytes(), b"\xff"].concat())).code(2),
    ] {
        let output = call.any_stderr().run();
        assert_hidden("a URL in the wrong place", &output);
    }
}

#[test]
fn a_secret_in_a_malformed_url_or_in_place_of_a_file_is_not_shown() {
    let long = format!("{SECRET}{}", "x".repeat(300));
    let push = || pushgw().args(["push", "-j", "x", "--timeout", "2s", "--retries", "0"]);
    let with_metric = |args: &[&str]| push().args(["-m", "a 1"]).args(args);
    for url in ["http//me:{}@gw", "https//me:{}@gw/x", "http:/me:{}@gw", "//me:{}@gw//x", "me:{}@gw//x"] {
        let url = url.replace("{}", SECRET);
        for option in ["-g", "--proxy"] {
            let output = with_metric(&[option, &url]).any_code().any_stderr().run();
            assert_hidden(&url, &output);
        }
        for call in [
            push().arg(&url),
            pushgw().args(["check", &url]),
            pushgw().args(["push", "--url", &url, "-m", "a 1"]),
        ] {
            let output = call.any_code().any_stderr().run();
            assert_hidden(&url, &output);
        }
    }
    for secret in [SECRET, &long, &format!("me:{SECRET}"), &format!("/{SECRET}/x")] {
        for (option, variable) in [
            ("--password-file", "PUSHGATEWAY_PASSWORD_FILE"),
            ("--bearer-token-file", "PUSHGATEWAY_BEARER_TOKEN_FILE"),
        ] {
            let user: &[&str] = if option == "--password-file" { &["-u", "me"] } else { &[] };
            let message = "the value must be a file name, not the secret itself";
            for call in [with_metric(user).args([option, secret]), with_metric(user).env(variable, secret)] {
                let output = call.code(1).stderr_has(message).run();
                assert_hidden(option, &output);
            }
        }
    }
    let misplaced = format!("me:{SECRET}@gw:9091");
    for call in [
        push().arg(&misplaced),
        pushgw().args(["check", &misplaced]),
        with_metric(&["--unix-socket", &misplaced]),
        pushgw().args(["list", &misplaced]),
        pushgw().args(["push", "--groups", &misplaced]),
    ] {
        let output = call.any_code().any_stderr().run();
        assert_ne!(output.status.code(), Some(0), "{output}");
        assert_hidden("a user and a password", &output);
    }
}

#[test]
fn the_password_is_not_sent_to_a_redirect() {
    for (to, _) in [GATEWAY, RECEIVER] {
        let other = Server::unused();
        let location = format!("{}/metrics/job/x", other.url());
        let server = Server::start(move |connection, _| {
            connection.read_request();
            connection.answer(308, &[("Location", &location)], "");
        });
        pushgw()
            .args(["push", "-j", "x", "-m", "a 1", "-u", "me", to, &server.url()])
            .env("PUSHGATEWAY_PASSWORD", SECRET)
            .code(4)
            .stderr_has("redirects are not followed")
            .run();
    }
}
