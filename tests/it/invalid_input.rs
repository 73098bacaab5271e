//! Tests `push` and `add` with every known kind of invalid input: the complete message, the exit code, and that nothing
//! changes on the gateway.
//!
//! The gateway is real, and has the groups that a wrong request would change.

use crate::support::{Gateway, Pushgw, Random, Server, Tty, on_every_gateway, pushgw};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

/// A description, the call, the exit code, and the text on standard error.
type Case = (&'static str, fn(Pushgw) -> Pushgw, i32, &'static str);

/// Adds valid input, so that the error is in the group or the URL.
fn valid(call: Pushgw) -> Pushgw {
    call.stdin("m 1\n")
}

/// Usage errors.
const USAGE: &[Case] = &[
    ("no job", valid, 2, "error: the group's job is missing\nhint: add -j JOB\n"),
    (
        "an empty job",
        |call| valid(call).args(["-j", ""]),
        2,
        "error: the job is empty: is a variable unset? set the job with --job\n",
    ),
    (
        "an empty instance",
        |call| valid(call).args(["-j", "x", "-l", "instance="]),
        2,
        "error: label `instance` has an empty value: is a variable unset? (if the same group exists without \
         `instance`, every push to the gateway then fails)\n",
    ),
    (
        "an empty instance by its own flag",
        |call| valid(call).args(["-j", "x", "-i", ""]),
        2,
        "error: label `instance` has an empty value: is a variable unset? (if the same group exists without \
         `instance`, every push to the gateway then fails)\n",
    ),
    (
        "another empty value",
        |call| valid(call).args(["-j", "x", "-l", "host="]),
        2,
        "error: label `host` has an empty value: is a variable unset? If not, omit --label host=...\n",
    ),
    (
        "no equals sign",
        |call| valid(call).args(["-j", "x", "-l", "a"]),
        2,
        "error: `a` has no `=`: write labels as NAME=VALUE\n",
    ),
    (
        "no name",
        |call| valid(call).args(["-j", "x", "-l", "=b"]),
        2,
        "error: `=b` has no name before the `=`: write labels as NAME=VALUE\n",
    ),
    (
        "a name that begins with a digit",
        |call| valid(call).args(["-j", "x", "-l", "1a=b"]),
        2,
        "error: `1a` is not a valid label name: use letters, digits and `_`, and do not start with a digit \
         (--utf8-names is for gateways that accept other names)\n",
    ),
    (
        "a reserved name",
        |call| valid(call).args(["-j", "x", "-l", "__a=b"]),
        2,
        "error: label `__a` starts with `__`, which is reserved for Prometheus: choose another name\n",
    ),
    (
        "an escaped name",
        |call| valid(call).args(["-j", "x", "-l", "U______a=b"]),
        2,
        "error: label `U______a` starts with `U__`, which a gateway with UTF-8 names decodes: choose another name, or \
         use the decoded one with --utf8-names\n",
    ),
    (
        "job as a label",
        |call| valid(call).args(["-j", "x", "-l", "job=x"]),
        2,
        "error: `job` is not allowed as a label: use --job only\n",
    ),
    (
        "the same label twice",
        |call| valid(call).args(["-j", "x", "-l", "a=b", "-l", "a=b"]),
        2,
        "error: label `a` is set twice: use --label a=... only once\n",
    ),
    (
        "the instance twice",
        |call| valid(call).args(["-j", "x", "-i", "b", "-l", "instance=b"]),
        2,
        "error: label `instance` is set twice (--instance also sets it): set it only once\n",
    ),
    (
        "a value that is not UTF-8",
        |call| valid(call).args(["-j", "x", "-l"]).arg(OsStr::from_bytes(b"a=\xff")),
        2,
        "error: --label: the value is not UTF-8: a=\\xff\n",
    ),
    (
        "a job that is not UTF-8",
        |call| valid(call).arg("-j").arg(OsStr::from_bytes(b"\xff")),
        2,
        "error: --job: the value is not UTF-8: \\xff\n",
    ),
    (
        "a value that is too long",
        |call| valid(call).args(["-j", "x", "-l", &format!("a={}", "x".repeat(60_000))]),
        2,
        "error: the path of this group would have 60017 bytes, but the limit is 60000: use fewer or shorter --label values\n",
    ),
    (
        "another scheme",
        |call| valid(call).args(["-j", "x", "-g", "ftp://x"]),
        2,
        "error: --gateway: unsupported scheme `ftp`: use http:// or https://\n",
    ),
    (
        "another scheme in the variable",
        |call| valid(call).args(["-j", "x"]).env("PUSHGATEWAY_URL", "ftp://x"),
        2,
        "error: PUSHGATEWAY_URL: unsupported scheme `ftp`: use http:// or https://\n",
    ),
    (
        "no host",
        |call| valid(call).args(["-j", "x", "-g", "http://"]),
        2,
        "error: --gateway: the URL has no host: write http://HOST:PORT\n",
    ),
    (
        "an empty gateway",
        |call| valid(call).args(["-j", "x", "-g", ""]),
        2,
        "error: --gateway is empty: is a variable unset?\n",
    ),
    (
        "a gateway beside a URL",
        |call| valid(call).args(["--url", "http://h/metrics/job/x", "-g", "http://h"]),
        2,
        "error: --url already names the gateway\nhint: remove --gateway, or give only the path in --url: /metrics/job/...\n",
    ),
    (
        "a URL without a group",
        |call| valid(call).args(["--url", "http://h/metrics"]),
        2,
        "error: --url: the URL does not name a group: it must end with /metrics/job/JOB or /metrics/job/JOB/NAME/VALUE\n\
         hint: use -g URL for the gateway and -j JOB for the group\n",
    ),
    (
        "a time of zero",
        |call| valid(call).args(["-j", "x", "--timeout", "0"]),
        2,
        "error: --timeout must be greater than zero\n",
    ),
    (
        "an invalid time",
        |call| valid(call).args(["-j", "x", "--timeout", "abc"]),
        2,
        "error: --timeout: `abc` is not a duration: write it like 90s, 2h or 1h30m\n",
    ),
    (
        "an empty time",
        |call| valid(call).args(["-j", "x", "--timeout", ""]),
        2,
        "error: --timeout is empty: is a variable unset?\n",
    ),
    (
        "standard input twice",
        |call| valid(call).args(["-j", "x", "-", "-"]),
        2,
        "error: standard input (`-`) can be read only once\n",
    ),
    (
        "a file without a name",
        |call| valid(call).args(["-j", "x", ""]),
        2,
        "error: FILE is empty: is a variable unset?\n",
    ),
    (
        "a terminal",
        |call| call.args(["-j", "x"]).tty(&[Tty::Stdin], 80),
        2,
        "error: standard input is a terminal\n\
         hint: pipe the metrics in, name a FILE, or give a line with -m 'name value'\n",
    ),
    (
        "an unknown option",
        |call| valid(call).args(["-j", "x", "--jbo", "y"]),
        2,
        "error: unexpected argument '--jbo' found",
    ),
];

/// Input that can't be read, or that a gateway would reject.
const INPUT: &[Case] = &[
    (
        "no such file",
        |call| call.args(["-j", "x", "nowhere.prom"]),
        1,
        "error: can't read nowhere.prom: no such file or directory\n",
    ),
    (
        "no such file after a valid one",
        |call| valid(call).args(["-j", "x", "-", "nowhere.prom"]),
        1,
        "error: can't read nowhere.prom: no such file or directory\n",
    ),
    (
        "curl's @ before a file",
        |call| call.file("metrics.prom", "m 1\n").args(["-j", "x", "@metrics.prom"]),
        1,
        "error: can't read @metrics.prom: no such file or directory\n\
         hint: remove the `@` from the file name: only curl needs it\n",
    ),
    (
        "a URL as a file",
        |call| call.args(["-j", "x", "http://me:hunter2@gw:9091"]),
        2,
        "error: FILE is a URL\n\
         hint: use --url URL for the URL of a group, -g URL for the URL of a gateway\n",
    ),
    ("a directory", |call| call.args(["-j", "x", "/"]), 1, "error: can't read /: it is a directory\n"),
    (
        "a directory as standard input",
        |call| call.args(["-j", "x"]).stdin_from("/"),
        1,
        "error: can't read standard input: is a directory\n",
    ),
    (
        "nothing",
        |call| call.args(["-j", "x"]),
        3,
        "error[no-samples]: the text has no samples; pushing it would empty the group\n --> <stdin>:1:1\n  |\n  \
         = help: did the command that writes the metrics fail? to empty the group on purpose, use `--allow-empty`\n\n\
         error: 1 error; nothing was sent\n",
    ),
    (
        "comments alone",
        |call| call.args(["-j", "x"]).stdin("# HELP m text\n"),
        3,
        "error[no-samples]: the text has no samples; pushing it would empty the group\n --> <stdin>:2:1\n  |\n2 |\n  \
         | ^\n  |\n  = help: did the command that writes the metrics fail? to empty the group on purpose, use `--allow-empty`\n\n\
         error: 1 error; nothing was sent\n",
    ),
    (
        "a program",
        |call| call.args(["-j", "x"]).stdin(b"\x7fELF\x02\x01\x01\n\0\n\0\n"),
        3,
        "error[wrong-format]: the input is binary data, not metrics in the text format\n --> <stdin>:1:1\n  |\n\
         1 | \\x7fELF\\x02\\x01\\x01\n  | ^^^^\n  |\n  \
         = help: the Pushgateway accepts the Prometheus text format: a name, a space and a value on each line\n\n\
         error: 1 error; nothing was sent\n",
    ),
    (
        "an unknown type",
        |call| call.args(["-j", "x"]).stdin("# TYPE x bogus\n"),
        3,
        "error[unknown-type]: `bogus` is not a valid type in the text format\n --> <stdin>:1:10\n  |\n1 | # TYPE x bogus\n  \
         |          ^^^^^\n  |\n  = help: the types are `counter`, `gauge`, `histogram`, `summary` and `untyped`\n\n\
         error: 1 error; nothing was sent\n",
    ),
    (
        "a timestamp",
        |call| call.args(["-j", "x"]).stdin("m 1 1700000000000\n"),
        3,
        "error[timestamp]: Pushgateway and node_exporter reject timestamps\n --> <stdin>:1:5\n  |\n1 | m 1 1700000000000\n  \
         |     ^^^^^^^^^^^^^\n  |\n  \
         = help: remove it, or use `--strip-timestamps`; Prometheus sets the time when it scrapes\n\n\
         error: 1 error; nothing was sent\n",
    ),
    (
        "an invalid line after a valid one",
        |call| call.args(["-j", "x", "-m", "m 1", "-m", "m{ 2"]),
        3,
        "error[label-name]: a label name cannot begin with a digit\n --> <metric>:2:4",
    ),
];

/// Creates the groups that a wrong request would overwrite.
fn fill(gateway: &Gateway) {
    for path in ["/metrics/job/x", "/metrics/job/x/a/b", "/metrics/job/y"] {
        assert_eq!(gateway.put(path, "m 1\nn 1\n").status, 200);
    }
}

/// Asserts that standard error is this text. Without a final newline, it is only the start of a longer message.
#[track_caller]
fn assert_stderr(what: &str, stderr: &str, expected: &str) {
    if expected.ends_with('\n') {
        assert_eq!(stderr, expected, "{what}");
    } else {
        assert!(stderr.starts_with(expected), "{what}: {stderr}");
        assert_eq!(
            stderr.matches("error").count(),
            stderr.matches("\nerror: 1 error").count() * 2 + 1,
            "{what}: {stderr}"
        );
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn invalid_input_has_one_message_and_changes_nothing() {
    on_every_gateway(|gateway| {
        fill(gateway);
        let before = gateway.snapshot();
        for (what, call, code, expected) in USAGE.iter().chain(INPUT) {
            for verb in ["push", "add"] {
                let stderr = call(pushgw().arg(verb).on(gateway)).code(*code).any_stderr().run().stderr();
                let mut expected = (*expected).to_owned();
                if verb == "add" {
                    // Adding nothing does not empty the group.
                    let nothing = ("; pushing it would empty the group", ", so there is nothing to add");
                    let allow = ("to empty the group on purpose", "if the text may be empty");
                    expected = expected.replace(nothing.0, nothing.1).replace(allow.0, allow.1);
                }
                assert_stderr(what, &stderr, &expected);
                assert_eq!(gateway.snapshot(), before, "{what}");
            }
        }
    });
}

/// These errors do not depend on the gateway, so no gateway is running.
#[test]
fn quiet_shows_errors() {
    for (what, call, code, expected) in USAGE.iter().chain(INPUT) {
        let stderr = call(pushgw().args(["push", "-q"])).code(*code).any_stderr().run().stderr();
        assert_stderr(what, &stderr, expected);
    }
}

#[test]
fn delete_and_list_check_arguments_before_connecting() {
    let reject = |args: &[&str], stderr: &str| {
        pushgw().args(args).env("PUSHGATEWAY_URL", "http://127.0.0.1:1").code(2).stderr(stderr).run();
    };
    reject(
        &["delete"],
        "error: no group is specified\n\
         hint: -j JOB and -l NAME=VALUE name one group; --match job=x, --older-than, --failed or --all select \
         several\n",
    );
    reject(&["delete", "-j", ""], "error: the job is empty: is a variable unset? set the job with --job\n");
    reject(&["delete", "-j", "x", "-l", "a"], "error: `a` has no `=`: write labels as NAME=VALUE\n");
    reject(&["delete", "-j", "x", "-l", "job=y"], "error: `job` is not allowed as a label: use --job only\n");
    reject(&["list", "-g", ""], "error: --gateway is empty: is a variable unset?\n");
    reject(&["list", "--timeout", "0s"], "error: --timeout must be greater than zero\n");
    reject(
        &["list", "--match", "job"],
        "error: --match: `job` is not a matcher: write NAME=VALUE, NAME!=VALUE, NAME=~REGEX or NAME!~REGEX\n",
    );
    reject(
        &["list", "--match", "job=~("],
        "error: --match: `(` is not a valid regular expression: unclosed group\n",
    );
}

/// Tests binary input of any size.
#[test]
fn binary_input_has_one_message() {
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x54\x30\xe4\x02\x00".to_vec();
    let noise = [&[0xc3, 0x28][..], &Random::new().bytes(5_000)].concat();
    for input in [gzip, std::fs::read("/bin/sh").unwrap(), noise] {
        let stderr = pushgw()
            .args(["push", "-j", "x", "-n", "--message-format", "short"])
            .stdin(input)
            .code(3)
            .any_stderr()
            .run()
            .stderr();
        assert!(stderr.starts_with("<stdin>:1:1: error: the input is "), "{stderr}");
        assert!(stderr.lines().next().unwrap().ends_with(", not metrics in the text format"), "{stderr}");
        assert_eq!(stderr.lines().count(), 2, "{stderr}");
    }
}

/// The HTTP library has a buffer of fixed size for the head of a request.
#[test]
fn headers_and_urls_that_are_too_long_are_not_sent() {
    let long = "x".repeat(100_000);
    let header = format!("X: {long}");
    let reject = |args: &[&str], variables: &[(&str, &str)], message: String| {
        pushgw()
            .args(["push", "-m", "a 1"])
            .args(args)
            .envs(variables)
            .file("big", "x".repeat(200_000))
            .code(2)
            .stderr_has(message)
            .run();
    };
    for (args, variables, name) in [
        (&["--bearer-token-file", "big"][..], &[][..], "--bearer-token-file: big"),
        (&["-u", "me", "--password-file", "big"], &[], "--password-file: big"),
        (&["-u", &long], &[("PUSHGATEWAY_PASSWORD", "x")], "--user"),
        (&["-H", &header], &[], "--header"),
        (&[], &[("PUSHGATEWAY_HEADER", &*header)], "PUSHGATEWAY_HEADER"),
        (&[], &[("PUSHGATEWAY_BEARER_TOKEN", &long)], "PUSHGATEWAY_BEARER_TOKEN"),
        (&[], &[("PUSHGATEWAY_BEARER_TOKEN_FILE", "big")], "PUSHGATEWAY_BEARER_TOKEN_FILE: big"),
        (&[], &[("PUSHGATEWAY_USER", &long), ("PUSHGATEWAY_PASSWORD", "x")], "PUSHGATEWAY_USER"),
        (&["-u", "me"], &[("PUSHGATEWAY_PASSWORD", &long)], "PUSHGATEWAY_PASSWORD"),
        (&["-u", "me"], &[("PUSHGATEWAY_PASSWORD_FILE", "big")], "PUSHGATEWAY_PASSWORD_FILE: big"),
    ] {
        let message = format!("error: {name} is too long: the limit is 24000 bytes\n");
        reject(&[&["-j", "x"], args].concat(), variables, message);
    }
    let in_user = format!("http://{long}:x@127.0.0.1:1");
    let in_path = format!("http://127.0.0.1:1/{long}");
    let in_query = format!("http://127.0.0.1:1/write?x={long}");
    let of_group = format!("{in_path}/metrics/job/x");
    for (args, variables, name) in [
        (&["-j", "x", "-g", &in_user][..], &[][..], "--gateway"),
        (&["-j", "x", "-g", &in_path], &[], "--gateway"),
        (&["-j", "x", "--remote-write", &in_user], &[], "--remote-write"),
        (&["-j", "x", "--remote-write", &in_query], &[], "--remote-write"),
        (&["-j", "x", "-g", "gw", "--proxy", &in_user], &[], "--proxy"),
        (&["-j", "x"], &[("PUSHGATEWAY_URL", &*in_user)], "PUSHGATEWAY_URL"),
        (&["--url", &of_group], &[], "--url"),
    ] {
        let limit = "the URL is too long: its user, host and path can have up to 5000 bytes";
        reject(args, variables, format!("error: {name}: {limit}\n"));
    }
}

#[test]
fn the_longest_headers_and_urls_are_sent() {
    let server = Server::answering(200, "");
    let (longest, prefix) = ("x".repeat(24_000), "p".repeat(4_999));
    let label = format!("a={}", "v".repeat(60_000 - "/metrics/job/x/a/".len()));
    pushgw()
        .args(["push", "-j", "x", "-l", &label, "-m", "a 1", "-g", &format!("{}/{prefix}", server.url())])
        .args(["-H", &format!("X: {}", &longest[3..]), "-H", &format!("Y: {}", &longest[3..])])
        .args(["-u", &longest])
        .env("PUSHGATEWAY_PASSWORD", &longest)
        .run();
    let request = server.request();
    assert_eq!(request.path.len(), 65_000);
    assert_eq!(request.header("y").map(str::len), Some(23_997));
    assert_eq!(
        request.header("authorization").map(str::len),
        Some("Basic ".len() + 48_001_usize.div_ceil(3) * 4)
    );
}
