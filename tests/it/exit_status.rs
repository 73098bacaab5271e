//! Tests the exit codes: the documented tables agree, every failure has the right code, and a closed output is not an
//! error. Also tests the check after a deletion, which determines whether it failed.

use crate::support::{Gateway, Server, newest_gateway, on_every_gateway, pushgw, shell};
use pushgw::error::{Failure, exit_code};
use pushgw::http::Error;
use pushgw::http::{ErrorKind, Method, Rejection, Request};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

type Table = BTreeMap<u8, String>;

/// Returns the meaning of an exit code without the markup of its table.
fn meaning(text: &str) -> String {
    let text = text.trim().trim_end_matches('.').replace('`', "");
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Returns the table rows that `read` finds in the text.
fn table(text: &str, read: impl Fn(&str) -> Option<(&str, &str)>) -> Table {
    text.lines()
        .filter_map(read)
        .filter_map(|(code, text)| Some((code.trim().parse().ok()?, meaning(text))))
        .collect()
}

#[test]
fn the_tables_agree() {
    let readme =
        table(&file("README.md"), |line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let help = pushgw().arg("--help").any_stdout().run().stdout();
    let (_, help) = help.split_once("\nExit status:\n").unwrap();
    let help = table(help, |line| line.trim_start().split_once("  "));
    let man = file("man/pushgw.1").replace("\\-", "-").replace("\\*(Aq", "'").replace("\\(aq", "'");
    // In the code, the comment comes before the number.
    let code = file("src/error.rs");
    let mut comment = String::new();
    let mut constants = Table::new();
    for line in code.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            comment = meaning(text);
        } else if let Some((_, number)) =
            line.strip_prefix("pub const ").and_then(|line| line.split_once(": u8 = "))
        {
            constants.insert(number.trim_end_matches(';').parse().unwrap(), comment.clone());
        }
    }
    assert_eq!(constants.keys().copied().collect::<Vec<_>>(), (0..=8).collect::<Vec<u8>>());
    assert_eq!(readme, constants);
    assert_eq!(help, constants);
    for text in constants.values() {
        assert!(man.replace('\n', " ").contains(text.as_str()), "man/pushgw.1 lacks: {text}");
    }
}

/// Returns every HTTP error status with its exit code. `errors` tests the other request errors.
fn statuses() -> impl Iterator<Item = (ErrorKind, u8)> {
    let code = |status: u16| match status {
        408 | 425 | 429 | 500..=599 => exit_code::UNAVAILABLE,
        300..=499 => exit_code::REJECTED,
        _ => exit_code::OTHER,
    };
    (100..200).chain(300..700).map(move |status| {
        let rejection = Rejection { status, ..Rejection::default() };
        (ErrorKind::Status(Box::new(rejection)), code(status))
    })
}

#[test]
fn every_failure_has_its_exit_code() {
    let mut failures: Vec<(Failure, u8)> = vec![
        (Failure::usage("x"), exit_code::USAGE),
        (Failure::Input { message: String::new() }, exit_code::INPUT),
        (Failure::Producer { code: 9, message: String::new(), hint: None }, 9),
        (
            Failure::NoSuchGroup {
                group: String::new(),
                place: String::new(),
                others: Vec::new(),
                hint: None,
            },
            exit_code::NO_SUCH_GROUP,
        ),
        (Failure::File { message: String::new(), hint: None }, exit_code::OTHER),
        (Failure::Other(std::io::Error::other("x").into()), exit_code::OTHER),
        (Failure::NothingSelected { gateway: String::new(), hint: None }, exit_code::NO_SUCH_GROUP),
        (Failure::Unhealthy { gateway: String::new() }, exit_code::OTHER),
        (Failure::PartlyStored { message: String::new(), details: None, hint: None }, exit_code::REJECTED),
        (Failure::Several { count: 2, worst: Box::new(Failure::usage("x")) }, exit_code::USAGE),
        (Failure::OutputClosed, exit_code::DONE),
        (Failure::CommandStatus(9), 9),
        (Failure::NotRun(Box::new(Failure::usage("x"))), 125),
    ];
    let endpoint = "http://gw".parse().unwrap();
    let request = Request { method: Method::Get, endpoint: &endpoint, path: String::new(), body: None };
    failures.extend(statuses().map(|(kind, code)| (Error::new(&request, kind).into(), code)));
    for (failure, code) in failures {
        // If this does not compile, add the new variant to the list above as well.
        match failure {
            Failure::Usage { .. }
            | Failure::Input { .. }
            | Failure::Exchange(_)
            | Failure::NoSuchGroup { .. }
            | Failure::Producer { .. }
            | Failure::Explained { .. }
            | Failure::PartlyStored { .. }
            | Failure::Several { .. }
            | Failure::NothingSelected { .. }
            | Failure::Unhealthy { .. }
            | Failure::File { .. }
            | Failure::Other(_)
            | Failure::NotRun(_)
            | Failure::CommandStatus(_)
            | Failure::OutputClosed => assert_eq!(failure.exit_code(), code, "{failure:?}"),
        }
    }
}

/// Pushes one line to this URL, and asserts the exit code and that there is a single error.
#[track_caller]
fn ends(url: &str, code: i32) -> String {
    let said = pushgw()
        .args(["push", "-j", "x", "-m", "m 1", "--timeout", "20s", "-g", url])
        .code(code)
        .any_stderr()
        .run()
        .stderr();
    assert_eq!(said.matches("error: ").count(), usize::from(code != 0), "{said}");
    said
}

#[test]
fn responses_have_their_exit_codes() {
    for (status, code) in [
        (200, 0),
        (202, 0),
        (204, 0),
        (301, 4),
        (307, 4),
        (400, 4),
        (401, 4),
        (404, 4),
        (405, 4),
        (413, 4),
        (408, 5),
        (429, 5),
        (500, 5),
        (503, 5),
    ] {
        let server = Server::answering(status, if status == 204 { "" } else { "words\n" });
        let said = ends(&server.url(), code);
        assert_eq!(said.contains(&status.to_string()), code != 0, "{said}");
    }
}

#[test]
fn servers_that_do_not_answer_have_their_exit_codes() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    ends(&format!("http://{nobody}"), 6);

    let server = Server::start(|connection, _| {
        connection.read_request();
    });
    ends(&server.url(), 6);
    let server = Server::start(|connection, _| {
        connection.read_head();
        connection.reset();
    });
    ends(&server.url(), 6);
    let server = Server::start(|connection, _| {
        connection.read_request();
        connection.send("not HTTP\r\n\r\n");
    });
    ends(&server.url(), 1);
    let server = Server::start(|connection, _| {
        connection.read_bytes(1);
        connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    ends(&server.url().replace("http:", "https:"), 6);
    let server = Server::start(|connection, _| connection.hang());
    pushgw()
        .args(["push", "-j", "x", "-m", "m 1", "--timeout", "300ms", "-g", &server.url()])
        .code(7)
        .stderr_has("no response within 300ms")
        .run();
}

#[test]
fn a_server_that_is_not_a_gateway_is_an_error() {
    let server = Server::answering(200, "<html>hello</html>");
    let url = server.url();
    pushgw().args(["list", "-g", &url]).code(1).stderr_has("like a Pushgateway").run();
    pushgw().args(["delete", "-j", "x", "-g", &url]).code(1).stderr_has("like a Pushgateway").run();
    pushgw()
        .args(["delete", "-f", "-j", "x", "-g", &url])
        .code(1)
        .stderr(format!(
            "error: DELETE {url}/metrics/job/x: the server did not answer like a Pushgateway: it answered 200 to a \
             deletion, but a Pushgateway answers 202; an import endpoint, as in VictoriaMetrics, accepts pushes \
             but has no groups to delete\nhint: is this the gateway's URL?\n"
        ))
        .run();
}

/// Starts a gateway with a listing that is larger than a pipe's buffer.
fn full_gateway() -> Gateway {
    let gateway = Gateway::start(newest_gateway(), &["--push.disable-consistency-check"]);
    for i in 0..100 {
        let path = format!("/metrics/job/x/i/{i}/l/{}", "y".repeat(1000));
        assert_eq!(gateway.put(path, "m 1\n").status, 202);
    }
    gateway
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_closed_output_is_not_an_error() {
    let gateway = full_gateway();
    for format in ["table", "json", "path"] {
        pushgw().args(["list", "--format", format]).on(&gateway).closed_stdout().run();
        for reader in ["head -0", "head -1", "true"] {
            let script = format!("(pushgw list --format {format}; echo $? >&2) | {reader}");
            shell(&script).on(&gateway).any_stdout().stderr("0\n").run();
        }
    }
}

#[test]
fn a_closed_output_is_not_an_error_without_a_gateway() {
    for args in [
        &["--help"][..],
        &["-h"],
        &["--version"],
        &["push", "--help"],
        &["list", "-h"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["completions", "fish"],
        &["push", "-j", "x", "-m", "m 1", "--dry-run"],
        &["add", "-j", "x", "-m", "m 1", "--as-curl"],
        &["delete", "-fnj", "x"],
        &["check", "-m", "m 1"],
    ] {
        pushgw().args(args).closed_stdout().run();
    }
    let many = "m 1\n".repeat(50_000);
    pushgw()
        .args(["push", "-j", "x", "-n"])
        .stdin(many.replace("m 1", "m{l=\"$\"} 1"))
        .closed_stdout()
        .code(3)
        .any_stderr()
        .run();
    // A closed output does not change the result of the check.
    for format in ["human", "short", "json", "github"] {
        pushgw()
            .args(["check", "--message-format", format, "--max-diagnostics", "100000"])
            .stdin(&many)
            .closed_stdout()
            .code(3)
            .any_stderr()
            .run();
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_closed_output_does_not_stop_a_deletion() {
    on_every_gateway(|gateway| {
        assert_eq!(gateway.put("/metrics/job/x", "m 1\n").status, 200);
        pushgw().args(["delete", "-vj", "x"]).on(gateway).closed_stdout().any_stderr().run();
        assert!(gateway.keys().is_empty());
        shell("echo 'm 1' | pushgw push -j x -v 2>&-; echo $?").on(gateway).stdout("0\n").run();
        assert_eq!(gateway.keys().len(), 1);
    });
}

#[test]
fn an_output_error_is_reported() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    for call in
        ["completions bash", "--help", "push --help", "--version", "push -j x -m 'm 1' -n", "delete -fnj x"]
    {
        shell(&format!("pushgw {call} >/dev/full"))
            .code(1)
            .stderr("error: can't write to standard output: no space left on device\n")
            .run();
    }
}

/// Returns the JSON response of a gateway with these groups of the job `x`.
fn store(instances: &[&str]) -> String {
    let mut groups = String::new();
    for instance in instances {
        let comma = if groups.is_empty() { "" } else { "," };
        let _ = write!(
            groups,
            r#"{comma}{{"labels":{{"instance":"{instance}","job":"x"}},"last_push_successful":true}}"#
        );
    }
    format!(r#"{{"status":"success","data":[{groups}]}}"#)
}

/// Starts a gateway that stops listing `a` only in the given listing after its deletion.
fn slow_to_delete(looks: usize) -> Server {
    let deleted = Arc::new(AtomicBool::new(false));
    let since = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            if request.method == "DELETE" {
                deleted.store(true, Ordering::SeqCst);
                connection.answer(202, &[], "");
            } else if deleted.load(Ordering::SeqCst) && since.fetch_add(1, Ordering::SeqCst) + 1 >= looks {
                connection.answer(200, &[], store(&["b"]));
            } else {
                connection.answer(200, &[], store(&["a", "b"]));
            }
        }
    })
}

#[test]
fn delete_waits_for_the_deletion() {
    for looks in [1, 2, 5] {
        let server = slow_to_delete(looks);
        pushgw().args(["delete", "-j", "x", "-i", "a", "-g", &server.url()]).run();
        let methods: Vec<_> = server.requests().into_iter().map(|request| request.method).collect();
        let expected = ["GET", "DELETE"].into_iter().chain(std::iter::repeat_n("GET", looks));
        assert!(methods.iter().map(String::as_str).eq(expected), "{methods:?}");
    }
    let server = slow_to_delete(usize::MAX);
    pushgw()
        .args(["delete", "-j", "x", "-i", "a", "-g", &server.url()])
        .code(1)
        .stderr_has("still lists the group after")
        .run();
    assert_eq!(server.requests().iter().filter(|request| request.method == "DELETE").count(), 1);
}

/// Other pushes keep the gateway's queue busy, so a deletion is often not processed immediately.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_group_is_gone_when_delete_exits() {
    on_every_gateway(|gateway| {
        let url = gateway.url();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let pusher = scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let pushed = crate::support::in_process(&url, b"n 1\n", ["push", "-j", "other"]);
                    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
                }
            });
            let deletions = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                for _ in 0..100 {
                    assert_eq!(gateway.put("/metrics/job/x", "m 1\n").status, 200);
                    crate::support::in_process(&url, b"", ["delete", "-j", "x"]).silent();
                    assert!(gateway.keys().iter().all(|key| key["job"] == "other"));
                }
            }));
            stop.store(true, Ordering::SeqCst);
            pusher.join().unwrap();
            deletions.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
    });
}

#[test]
fn retries_of_list_and_delete_are_reported() {
    for command in
        [&["list"][..], &["show", "--all"], &["status"], &["delete", "-j", "x"], &["delete", "-fj", "x"]]
    {
        pushgw()
            .args(command)
            .args(["-v", "--retries", "1", "-g", "127.0.0.1:1"])
            .code(6)
            .stderr_has("attempt 1 failed: ")
            .run();
    }
}
