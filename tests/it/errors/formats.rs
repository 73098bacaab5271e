//! Tests failures in each `--message-format`. For programs, each failure is one line on standard error.

use crate::support::{Pushgw, Server, pushgw};
use serde_json::{Value, json};

/// A call that fails.
struct Failure {
    call: Box<dyn Fn() -> Pushgw>,
    code: i32,
    /// The value of `code` in JSON.
    word: &'static str,
    /// The start of the message.
    message: String,
    /// A part of the hint; empty if there is none.
    hint: String,
}

fn failure(
    (code, word): (i32, &'static str),
    message: &str,
    hint: &str,
    call: impl Fn() -> Pushgw + 'static,
) -> Failure {
    Failure { call: Box::new(call), code, word, message: message.to_owned(), hint: hint.to_owned() }
}

/// Returns one failure of each kind. `denying` and `rejecting` are the URLs of servers.
fn failures(denying: &str, rejecting: &str) -> Vec<Failure> {
    let push = |url: &str| {
        let url = url.to_owned();
        move || pushgw().args(["push", "-j", "x", "-m", "a 1", "--retries", "0", "-g", &url])
    };
    let url = |url: &str| format!("PUT {url}/metrics/job/x: ");
    vec![
        failure(
            (6, "unreachable"),
            &format!("{}can't connect: ", url("http://[::1]:1")),
            "is the gateway running",
            push("[::1]:1"),
        ),
        failure(
            (4, "rejected"),
            &format!("{}the server requires a login", url(denying)),
            "use -u USER",
            push(denying),
        ),
        failure(
            (4, "rejected"),
            &format!("{}the server rejected the request (400 Bad Request)\n", url(rejecting)),
            "",
            push(rejecting),
        ),
        failure(
            (2, "usage"),
            "unexpected argument '--jobb' found",
            "a similar argument exists: '--job'",
            || pushgw().args(["push", "--jobb", "x"]),
        ),
        failure((2, "usage"), "the group's job is missing", "add -j JOB", || {
            pushgw().args(["add", "-m", "a 1"])
        }),
        failure((2, "usage"), "`-job` is read as `-j ob`", "use --job=x", || {
            pushgw().args(["push", "-job=x", "-m", "a 1"])
        }),
        failure((2, "usage"), "--timeout must be greater than zero", "", || {
            pushgw().args(["push", "-j", "x", "-m", "a 1", "--timeout", "0s"])
        }),
        failure((1, "file"), "can't read missing.prom: no such file", "", || {
            pushgw().args(["check", "missing.prom"])
        }),
        failure((7, "command"), "`sh` exited with status 7", "", || pushgw().args(["push", "-j", "x"])),
    ]
}

/// Returns the call with this format inserted before a COMMAND.
fn with(failure: &Failure, format: &str) -> Pushgw {
    let call = (failure.call)().args(["--message-format", format]).code(failure.code);
    if failure.code == 7 { call.args(["--", "sh", "-c", "exit 7"]) } else { call }
}

#[test]
fn json_has_one_object_for_a_failure() {
    let (denying, rejecting) = (Server::answering(401, ""), Server::answering(400, "no\nsuch luck\n"));
    for failure in failures(&denying.url(), &rejecting.url()) {
        let output = with(&failure, "json").any_stderr().run();
        let object: Value =
            serde_json::from_str(&output.stderr()).unwrap_or_else(|e| panic!("{e}: {output}"));
        let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
        assert!(text("message").starts_with(&failure.message), "{output}");
        assert!(text("help").contains(&failure.hint), "{output}");
        assert_eq!(object["severity"], json!("error"), "{output}");
        assert_eq!(text("code"), failure.word, "{output}");
        for absent in ["file", "line", "column"] {
            assert_eq!(object[absent], Value::Null, "{output}");
        }
        assert_eq!(output.stderr().lines().count(), 1, "{output}");
    }
}

#[test]
fn github_has_one_command_for_a_failure() {
    let (denying, rejecting) =
        (Server::answering(401, ""), Server::answering(400, "no\n::stop-commands::x\n"));
    for failure in failures(&denying.url(), &rejecting.url()) {
        let output = with(&failure, "github").any_stderr().run();
        let message = format!("::error::{}", failure.message.replace('\n', "%0A"));
        assert!(output.stderr().starts_with(&message), "{output}");
        assert!(output.stderr().contains(&failure.hint), "{output}");
        assert_eq!(output.stderr().lines().count(), 1, "{output}");
    }
}

#[test]
fn human_and_short_formats_are_plain_text() {
    let (denying, rejecting) = (Server::answering(401, ""), Server::answering(400, "no\nsuch luck\n"));
    for failure in failures(&denying.url(), &rejecting.url()) {
        let [human, short] =
            ["human", "short"].map(|format| with(&failure, format).any_stderr().run().stderr());
        assert!(human.starts_with(&format!("error: {}", failure.message)), "{human}");
        assert_eq!(human, short);
    }
}

#[test]
fn warnings_also_have_the_format() {
    let call = || pushgw().args(["push", "-n", "-j", "job=x", "-m", "a 1"]).any_stdout();
    let output = call().args(["--message-format", "json"]).any_stderr().run();
    let severities: Vec<Value> = output
        .stderr()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["severity"].clone())
        .collect();
    assert_eq!(severities, ["warning", "note"]);
    call()
        .args(["--message-format", "github"])
        .stderr_has("::warning::the label `job`")
        .stderr_has("::notice::use -j x")
        .run();
}
