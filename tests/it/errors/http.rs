//! Tests errors of the HTTP exchange: wrong responses, missing responses, and broken connections.

use super::{Case, MARGIN, push, received};
use crate::support::{Connection, Destination, Server, pushgw};
use std::time::Duration;

const WAITING: &str = "no response within";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Returns a handler that reads the request and then calls `handler`.
fn then(
    handler: impl Fn(&mut Connection) + Send + Sync + 'static,
) -> impl Fn(&mut Connection, usize) + Send + Sync {
    move |connection, _| {
        if connection.read_request().is_some() {
            handler(connection);
        }
    }
}

/// Returns a handler that sends these bytes and closes the connection.
fn answer(bytes: impl Into<Vec<u8>>) -> impl Fn(&mut Connection, usize) + Send + Sync {
    let bytes = bytes.into();
    then(move |connection| connection.send(&bytes))
}

/// Returns a text that is quick to check and larger than all network buffers.
fn large() -> Vec<u8> {
    [b"# ".to_vec(), vec![b'x'; 24 << 20], b"\nfault 1\n".to_vec()].concat()
}

pub(super) fn cases(redirect_target: &str) -> Vec<Case> {
    let mut cases = timeouts();
    cases.extend(broken_connections());
    cases.extend(unusual_responses());
    cases.extend(redirects(redirect_target));
    cases.extend(error_statuses());
    cases.extend(early_responses());
    cases.extend(retries());
    cases
}

fn timeouts() -> Vec<Case> {
    let may = "the request may still take effect";
    vec![
        Case::new("accept and hang", WAITING, 7, |connection, _| connection.hang())
            .limit(300)
            .says("within 300ms"),
        Case::new("hang after the request", WAITING, 7, then(Connection::hang)).limit(300).says(may),
        Case::new("a hang is not retried", WAITING, 7, then(Connection::hang)).limit(300).retries(5),
        Case::new(
            "hang in the headers",
            WAITING,
            7,
            then(|connection| {
                connection.send("HTTP/1.1 200 OK\r\nContent-");
                connection.hang();
            }),
        )
        .limit(300),
        Case::new(
            "a byte every 50 ms",
            WAITING,
            7,
            then(|connection| {
                connection.drip(
                    "HTTP/1.1 200 OK\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
                    Duration::from_millis(50),
                );
                connection.hang();
            }),
        )
        .limit(600),
        Case::new("a body that is not read", "the request could not be sent within", 7, |connection, _| {
            connection.read_head();
            std::thread::sleep(Duration::from_secs(2));
        })
        .file("large.prom", large())
        .arg("large.prom")
        .limit(500)
        .says("within 500ms"),
        Case::new(
            "hang after a success",
            "",
            0,
            then(|connection| {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n \r\n");
                connection.hang();
            }),
        ),
        Case::new(
            "an endless error message",
            "temporary server error",
            5,
            then(|connection| {
                connection.send("HTTP/1.1 500 X\r\nContent-Length: 1000\r\n\r\nbusy");
                connection.drip("x".repeat(100), Duration::from_millis(500));
            }),
        ),
    ]
}

fn broken_connections() -> Vec<Case> {
    vec![
        Case::new(
            "closed without a response",
            "the server closed the connection without a response",
            6,
            then(|_| {}),
        )
        // A second request lists the groups that may conflict with the push. Its connection is also closed.
        .gateway_says("check the port; if the server requires TLS, use -g https://{}\n")
        .explained(),
        Case::new(
            "reset after the request",
            "the connection was lost before a response arrived",
            6,
            then(Connection::reset),
        )
        .says("connection reset"),
        Case::new(
            "reset during the request",
            "the connection was lost while sending the request",
            6,
            |connection, _| {
                connection.read_head();
                connection.read_bytes(1 << 20);
                connection.reset();
            },
        )
        .file("large.prom", large())
        .arg("large.prom"),
        Case::new(
            "reset during the response",
            "the connection was lost while reading the response",
            6,
            then(|connection| {
                connection.send("HTTP/1.1 200 OK\r\nContent-Le");
                // A reset discards unread data, so let the client read it first.
                std::thread::sleep(Duration::from_millis(300));
                connection.reset();
            }),
        ),
        Case::new("closed in the status line", "the response is incomplete", 6, answer("HTTP/1.1 2")),
        Case::new(
            "closed in the headers",
            "the response is incomplete",
            6,
            answer("HTTP/1.1 200 OK\r\nA: b\r\n"),
        ),
        Case::new(
            "closed in the body of a success",
            "",
            0,
            answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
        ),
        Case::new(
            "closed in the body of an error",
            "the server rejected the request (400 Bad Request)",
            4,
            answer("HTTP/1.1 400 X\r\nContent-Length: 1000\r\n\r\nno such luck"),
        )
        .says("no such luck"),
    ]
}

fn unusual_responses() -> Vec<Case> {
    let not_http = "the response is not HTTP";
    let none = "unexpected status";
    let endless = |line: &'static str| {
        then(move |connection| {
            connection.send("HTTP/1.1 200 OK\r\n");
            for _ in 0..100_000 {
                connection.send(line);
            }
        })
    };
    let huge = |status: &'static str| {
        then(move |connection: &mut Connection| {
            connection.send(format!("HTTP/1.1 {status} X\r\nContent-Length: 1073741824\r\n\r\n"));
            for _ in 0..16_384 {
                connection.send(vec![b'x'; 65_536]);
            }
        })
    };
    vec![
        Case::new("another protocol", not_http, 1, answer("SSH-2.0-OpenSSH_9.2p1\r\n")),
        Case::new("garbage", not_http, 1, answer(vec![0xff; 100])),
        Case::new("an unknown version of HTTP", not_http, 1, answer("HTTP/3.0 200 OK\r\n\r\n")),
        Case::new("endless headers", not_http, 1, endless("X: 0123456789012345678901234567890123456789\r\n")),
        Case::new("an endless header", not_http, 1, endless("0123456789012345678901234567890123456789")),
        Case::new("two lengths", not_http, 1,
            answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")),
        Case::new("a header without a colon", not_http, 1, answer("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")),
        Case::new("a success of a gigabyte", "", 0, huge("200")),
        Case::new("an error of a gigabyte", "the server rejected the request (400 Bad Request)", 4, huge("400")),
        Case::new("an unknown status", none, 1, answer("HTTP/1.1 700 X\r\nContent-Length: 0\r\n\r\n")).says("(700)"),
        Case::new("100 Continue, then success", "", 0, answer(format!("HTTP/1.1 100 Continue\r\n\r\n{OK}"))),
        Case::new("100 Continue with a header", "", 0,
            answer(format!("HTTP/1.1 100 Continue\r\nX: y\r\n\r\n{OK}"))),
        Case::new("several interim responses", "", 0,
            answer(format!("HTTP/1.1 103 X\r\nA: b\r\n\r\nHTTP/1.1 100 X\r\nC: d\r\nE:f\r\n\r\nHTTP/1.1 102 X\r\n\r\n{OK}"))),
        Case::new("100 Continue with a header, in pieces", "", 0,
            then(|connection| connection.drip(format!("HTTP/1.1 100 C\r\nX: y\r\n\r\n{OK}"), Duration::from_millis(1)))),
        Case::new("100 Continue with a header, in lines that end with LF", "", 0,
            answer(format!("HTTP/1.1 100 C\nX: y\n\n{OK}"))),
        Case::new("100 Continue with a header, then an error", "the server rejected the request (400 Bad Request)", 4,
            answer("HTTP/1.1 100 C\r\nX: y\r\n\r\nHTTP/1.1 400 X\r\nContent-Length: 2\r\n\r\nno"))
        .says("{} says: no"),
        Case::new("100 Continue with a header, then nothing", "the server closed the connection without a response", 6,
            answer("HTTP/1.1 100 C\r\nX: y\r\n\r\n")).explained(),
        Case::new("100 Continue with endless headers", "the response is not HTTP", 1,
            answer(format!("HTTP/1.1 100 C\r\n{}", "X: yyyyyyyyyyyyyyyy\r\n".repeat(10_000)))),
        Case::new("a success with an HTML page", "the server did not answer like", 1,
            answer("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 13\r\n\r\n<h1>Login</h1>"))
        .says("a Pushgateway: it answered 200 with the HTML page `Login`"),
        foreign("a media type in capitals", "Content-Type: Text/HTML\r\n", "Login", "an HTML page"),
        foreign("a space before the parameters", "Content-Type: TEXT/html ; charset=x\r\n", "", "an HTML page"),
        foreign("XHTML", "Content-Type: application/xhtml+xml\r\n", "Login", "an HTML page"),
        foreign("a page without a media type", "", "\n <!doctype html><title>Login</title>", "an HTML page"),
        foreign("a JSON error", "Content-Type: application/json\r\n", r#"{"error":"no"}"#, "a JSON error"),
        foreign("errors in JSON", "Content-Type: application/json\r\n", r#"{"errors":[1]}"#, "a JSON error"),
        foreign("a status in JSON", "", r#"{"status":"error","data":{}}"#, "a JSON error"),
        success("a success in JSON", "Content-Type: application/json\r\n", r#"{"status":"success","error":null}"#),
        success("a success in words", "Content-Type: text/plain\r\n", "<ok>"),
        success("a success in words without a media type", "", "ok"),
        Case::new("an error with an HTML page", "the server has no such path", 4,
            answer("HTTP/1.1 404 X\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<h1>404</h1>"))
        .says("with the HTML page `404`").explained(),
        Case::new("any success", "", 0, answer("HTTP/1.1 204 X\r\n\r\n")),
        Case::new("a chunked success", "", 0,
            answer("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n")),
        Case::new("an error with invalid chunks", "the server rejected the request (400 Bad Request)", 4,
            answer("HTTP/1.1 400 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\nzz\r\n")),
        Case::new("a success in HTTP/1.0", "", 0, answer("HTTP/1.0 200 OK\r\n\r\n")),
    ]
}

fn redirects(redirect_target: &str) -> Vec<Case> {
    [300, 301, 302, 303, 304, 307, 308]
        .into_iter()
        .zip(["300", "301", "302", "303", "304", "307", "308"])
        .map(|(status, name)| {
            let location = format!("{redirect_target}/metrics/job/other");
            let says = format!("({status} ");
            let to = format!("to {location}; redirects are not followed");
            let head = format!("HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            Case::new(name, "the server sent a redirect", 4, answer(head)).says(&says).says(&to)
        })
        .chain([
            Case::new(
                "a redirect without a location",
                "the server sent a redirect",
                4,
                answer("HTTP/1.1 301 X\r\nContent-Length: 0\r\n\r\n"),
            )
            .says("redirects are not followed"),
            Case::new(
                "a redirect with a password",
                "the server sent a redirect",
                4,
                answer("HTTP/1.1 302 X\r\nLocation: http://u:hunter2@other/\r\nContent-Length: 0\r\n\r\n"),
            )
            .says("to http://other/"),
        ])
        .collect()
}

fn error_statuses() -> Vec<Case> {
    let table = [
        ("400", "the server rejected the request (400 Bad Request)", 4),
        ("401", "the server requires a login", 4),
        ("402", "the server rejected the request", 4),
        ("403", "requests without credentials are forbidden", 4),
        ("404", "the server has no such path", 4),
        ("405", "the server does not allow this method on this path", 4),
        ("407", "the proxy requires authentication", 4),
        ("408", "temporary server error", 5),
        ("409", "the server rejected the request", 4),
        ("410", "the server rejected the request", 4),
        ("411", "the server rejected the request", 4),
        ("413", "the request body is too large", 4),
        ("414", "the server rejected the request", 4),
        ("415", "the server does not accept this type of body", 4),
        ("418", "the server rejected the request", 4),
        ("421", "the server rejected the request", 4),
        ("425", "temporary server error", 5),
        ("429", "the server limits the request rate", 5),
        ("431", "the server rejected the request", 4),
        ("451", "the server rejected the request", 4),
        ("500", "temporary server error", 5),
        ("501", "server error", 5),
        ("502", "temporary server error", 5),
        ("503", "temporary server error", 5),
        ("504", "temporary server error", 5),
        ("505", "server error", 5),
        ("511", "server error", 5),
    ];
    let case = |(status, words, code): (&'static str, &'static str, i32)| {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 18\r\n\r\nthe server's words");
        // Only temporary errors are retried.
        let attempts =
            if matches!(status, "408" | "425" | "429" | "500" | "502" | "503" | "504") { 3 } else { 1 };
        let case = Case::new(status, words, code, answer(head)).retries(2).connections(attempts);
        let case = if attempts == 3 { case.says("(tried 3 times)") } else { case };
        let speaker = if status == "407" { "the proxy" } else { "{}" };
        // If the path is missing, a second request checks whether the server is Prometheus.
        let case = if status == "404" { case.explained() } else { case };
        case.says(&format!("({status}")).says(&format!("{speaker} says: the server's words"))
    };
    let with_credentials = |name, status: &str, message| {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
        Case::new(name, message, 4, answer(head)).arg("--header=X-Key: hunter2")
    };
    let with_credentials = [
        with_credentials("401 with credentials", "401", "the server rejected the credentials"),
        with_credentials("403 with credentials", "403", "the request is forbidden"),
    ];
    table.into_iter().map(case).chain(with_credentials).collect()
}

/// Responses that are sent before the whole request was read. Returns a case with a success that does not come from a
/// gateway.
fn foreign(name: &'static str, header: &str, body: &str, says: &str) -> Case {
    let head = format!("HTTP/1.1 200 OK\r\n{header}Content-Length: {}\r\n\r\n", body.len());
    Case::new(name, "the server did not answer like", 1, answer(head + body))
        .says(&format!("a Pushgateway: it answered 200 with {says}"))
}

/// Returns a case with a success that has a body.
fn success(name: &'static str, header: &str, body: &str) -> Case {
    let head = format!("HTTP/1.1 200 OK\r\n{header}Content-Length: {}\r\n\r\n", body.len());
    Case::new(name, "", 0, answer(head + body))
}

fn early_responses() -> Vec<Case> {
    let early = |status: &'static str| {
        move |connection: &mut Connection, _: usize| {
            connection.read_head();
            connection
                .send(format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"));
            connection.read_bytes(1 << 20);
        }
    };
    let lost = "the connection was lost while sending the request";
    let large_push = |case: Case| case.file("large.prom", large()).arg("large.prom");
    let early_success = |name, status| large_push(Case::new(name, lost, 6, early(status)));
    let early_bytes = |bytes: &'static str| {
        move |connection: &mut Connection, _: usize| {
            connection.read_head();
            connection.send(bytes);
            connection.read_bytes(1 << 20);
        }
    };
    let continued = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n";
    let redirect = "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n";
    vec![
        early_success("an early 200", "200"),
        early_success("an early 202", "202"),
        early_success("an early 201", "201"),
        early_success("an early 204", "204"),
        large_push(Case::new("an early 200 in chunks", lost, 6, early_bytes(chunked))),
        large_push(Case::new("an early 200 in HTTP/1.0", lost, 6, early_bytes("HTTP/1.0 200 OK\r\n\r\n"))),
        large_push(Case::new("an early 100 with a header, then 200", lost, 6, early_bytes(continued))),
        large_push(Case::new("an early 200, and nothing is read", lost, 6, |connection, _| {
            connection.read_head();
            connection.send(OK);
        })),
        large_push(Case::new("an early 307", "the server sent a redirect", 4, early_bytes(redirect))),
        large_push(Case::new("an early 503", "temporary server error", 5, early("503"))).says("{} says: no"),
        early_success("a retried early 200", "200").retries(2).connections(3),
        large_push(Case::new("an early 413", "the request body is too large", 4, early("413")))
            .says("{} says: no"),
        large_push(Case::new("an early 401", "the server requires a login", 4, early("401"))),
        Case::new(
            "control characters in the message",
            "the server rejected the request (400 Bad Request)",
            4,
            answer("HTTP/1.1 400 X\r\nContent-Length: 12\r\n\r\n\x1b[2J\x1b]0;x\x07ok"),
        )
        .says(r"\x1b[2J\x1b]0;x\x07ok"),
        Case::new(
            "workflow commands in the message",
            "the server rejected the request (400 Bad Request)",
            4,
            answer("HTTP/1.1 400 X\r\nContent-Length: 30\r\n\r\nno\n::stop-commands::x\n##[a]b\n"),
        )
        .says("  \\x3a:stop-commands::x\n  ##\\x5ba]b\n"),
    ]
}

fn retries() -> Vec<Case> {
    let first = |first: &'static str| {
        move |connection: &mut Connection, number: usize| {
            if connection.read_request().is_some() {
                connection.send(if number == 0 { first } else { OK });
            }
        }
    };
    let busy = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n";
    let later = "HTTP/1.1 503 X\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n";
    let never = "HTTP/1.1 429 X\r\nRetry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n";
    let at_once = "HTTP/1.1 429 X\r\nRetry-After: Fri, 01 Jan 1999 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n";
    let soon = "HTTP/1.1 503 X\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
    let slow = "HTTP/1.1 503 X\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n";
    // A date in Retry-After is compared with the server's own clock.
    let by_its_clock = "HTTP/1.1 503 X\r\nDate: Thu, 31 Dec 2099 23:59:59 GMT\r\n\
                        Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n";
    vec![
        Case::new("busy, then success", "", 0, first(busy)).retries(2).connections(2),
        Case::new("closed, then success", "", 0, first("")).retries(2).connections(2),
        Case::new("cut off, then success", "", 0, first("HTTP/1.1 2")).retries(2).connections(2),
        Case::new("reset, then success", "", 0, |connection, number| {
            if connection.read_request().is_some() && number > 0 {
                connection.send(OK);
            } else {
                connection.reset();
            }
        })
        .retries(2)
        .connections(2),
        Case::new("Retry-After a second", "", 0, first(soon)).retries(1).connections(2),
        Case::new("Retry-After a date", "", 0, first(by_its_clock)).retries(1).connections(2),
        Case::new("Retry-After a past date", "", 0, first(at_once)).retries(1).connections(2),
        Case::new("Retry-After an hour", "temporary server error", 5, first(later)).retries(5),
        Case::new("Retry-After a far date", "the server limits the request rate", 5, first(never)).retries(5),
        // The attempts start after 0 and 2 seconds. A third one after 4 seconds would exceed the limit.
        Case::new("busy for longer than the limit", "temporary server error", 5, answer(slow))
            .retries(1000)
            .limit(4000)
            .connections(2),
    ]
}

#[test]
fn every_attempt_sends_the_same_request() {
    let server = Server::start(|connection, number| {
        connection.read_request();
        if number == 2 {
            connection.send(OK);
        }
    });
    push(&server).run();
    let request = || ("PUT".to_owned(), "/metrics/job/batch".to_owned(), "batch 1\n".to_owned());
    assert_eq!(received(&server), [request(), request(), request()]);
}

/// Each group is a request of its own.
#[test]
fn an_early_response_decides_about_one_group() {
    let lost = "the connection was lost while sending the request";
    for (answer, message, code) in [
        (OK, lost, 6),
        ("HTTP/1.1 201 X\r\nContent-Length: 0\r\n\r\n", lost, 6),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", lost, 6),
        ("HTTP/1.0 200 OK\r\n\r\n", lost, 6),
        ("HTTP/1.1 100 C\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", lost, 6),
        ("HTTP/1.1 307 X\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "the server sent a redirect", 4),
        ("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", "temporary server error", 5),
    ] {
        let server = Server::start(move |connection, number| {
            if number == 0 {
                connection.read_head();
                connection.send(answer);
                connection.read_bytes(1 << 20);
            } else {
                while connection.read_request().is_some() {
                    connection.send(OK);
                }
            }
        });
        let group =
            |job: &str, text: &[u8]| [b"# pushgw group /metrics/job/", job.as_bytes(), b"\n", text].concat();
        pushgw()
            .args(["push", "--groups", "groups.prom", "--retries=0", "-g", &server.url()])
            .file("groups.prom", [group("a", &large()), group("b", b"b 1\n")].concat())
            .code(code)
            .stderr_has(format!("/metrics/job/a: {message}"))
            .stderr_has("pushed 1 of 2 groups to")
            .run();
    }
}

#[test]
fn verbose_reports_retries() {
    let server = Server::answering(503, "busy\n");
    for destination in Destination::ALL {
        destination
            .push_to(&server.url())
            .args(["--retries", "1", "-v"])
            .code(5)
            .stderr_has(
                "note: attempt 1 failed: temporary server error (503 Service Unavailable); retrying in 1",
            )
            .stderr_has("(tried 2 times)")
            .run();
    }
}

#[test]
fn debug_output_shows_the_exchange() {
    let server = Server::answering(200, "");
    let output = push(&server).arg("-vv").any_stderr().run();
    let address = server.address();
    for line in [
        format!("> PUT http://{address}/metrics/job/batch"),
        "> Content-Length: 8".to_owned(),
        format!("connected to {address}"),
        "< 200 OK".to_owned(),
        "< content-length: 0".to_owned(),
    ] {
        assert!(output.stderr().contains(&format!("debug: {line}\n")), "{line}\n{output}");
    }
}

#[test]
fn a_push_is_one_complete_request() {
    let server = Server::answering(200, "");
    push(&server).args(["-H", "X-Scope-OrgID: team", "-H", "Host: gw.example", "-H", "X-Note: naïve"]).run();
    let request = server.request();
    assert_eq!(received(&server), [("PUT".into(), "/metrics/job/batch".into(), "batch 1\n".into())]);
    let header = |name| request.header(name).unwrap_or_else(|| panic!("no {name}: {request:#?}"));
    assert_eq!(header("host"), "gw.example");
    assert_eq!(header("x-scope-orgid"), "team");
    assert_eq!(header("x-note"), "naïve");
    assert_eq!(header("content-length"), "8");
    assert_eq!(header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(header("user-agent").starts_with("pushgw/"));
    for absent in ["transfer-encoding", "accept-encoding", "expect", "authorization", "content-encoding"] {
        assert_eq!(request.header(absent), None);
    }
}

#[test]
fn a_compressed_push_has_a_content_encoding() {
    use std::io::Read as _;
    let server = Server::answering(200, "");
    push(&server).args(["--compress", "gzip"]).run();
    let request = server.request();
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(request.body.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!(text, "batch 1\n");
}

#[test]
fn every_command_ends_within_its_time_limit() {
    let server = Server::start(|connection, _| connection.hang());
    for (command, method) in [
        (&["status"][..], "GET"),
        (&["list"], "GET"),
        (&["show", "--all"], "GET"),
        (&["delete", "-j", "x"], "GET"),
        (&["delete", "-f", "-j", "x"], "DELETE"),
        (&["delete", "--all", "--yes"], "GET"),
        (&["push", "-j", "x", "-m", "a 1", "--diff"], "GET"),
        (&["add", "-j", "x", "-m", "a 1", "--diff"], "GET"),
        (&["add", "-j", "x", "-m", "a 1"], "POST"),
    ] {
        let before = server.connections();
        pushgw()
            .args(command)
            .args(["--timeout", "300ms", "--retries", "5", "-g", &server.url()])
            .timeout(Duration::from_millis(300) + MARGIN)
            .code(7)
            .stderr_has(format!("error: {method} {}", server.url()))
            .stderr_has("no response within 300ms")
            .run();
        assert_eq!(server.connections(), before + 1, "{command:?}: a second request has its own limit");
    }
}
