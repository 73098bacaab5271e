//! Tests `--remote-write` with scripted receivers, for behavior that real ones do not show on demand. `remote_write`
//! uses real receivers.

use crate::support::{Connection, Pushgw, Request, Server, pushgw};
use std::fmt::Write as _;

const STORED: &str = "X-Prometheus-Remote-Write-Samples-Written";

/// Returns the version of a request.
fn version(request: &Request) -> &'static str {
    let headers = ["content-encoding", "content-type", "x-prometheus-remote-write-version"];
    match headers.map(|name| request.header(name).unwrap_or_default()) {
        ["snappy", "application/x-protobuf", "0.1.0"] => "1.0",
        ["snappy", "application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0"] => "2.0",
        other => panic!("{other:?}"),
    }
}

/// Starts a receiver. `answer` gets the number of each request, starting from 0.
fn receiver(answer: impl Fn(&mut Connection, &str, usize) + Send + Sync + 'static) -> Server {
    let number = std::sync::atomic::AtomicUsize::new(0);
    Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            answer(connection, version(&request), number);
        }
    })
}

/// Returns a push of two samples.
fn push(server: &Server) -> Pushgw {
    pushgw().args(["push", "-j", "b", "-m", "a 1", "-m", "b 2", "--remote-write", &server.url()])
}

fn versions(server: &Server) -> Vec<&'static str> {
    server.requests().iter().map(version).collect()
}

#[test]
fn a_receiver_that_confirms_gets_one_request() {
    let server = receiver(|connection, _, _| connection.answer(204, &[(STORED, "2")], ""));
    push(&server).run();
    let place = format!("{}/api/v1/write", server.url());
    let said = format!("wrote 2 samples of {{job=\"b\"}} to {place} (remote write 2.0, confirmed)\n");
    push(&server).arg("-v").stderr(said).run();
    for request in server.requests() {
        assert_eq!((&*request.method, &*request.path), ("POST", "/api/v1/write"));
        assert!(request.header("user-agent").unwrap().starts_with("pushgw/"));
    }
    assert_eq!(versions(&server), ["2.0", "2.0"]);
}

#[test]
fn unconfirmed_samples_are_sent_again_as_version_1() {
    for status in [200, 204, 400, 405, 415, 422] {
        let server = receiver(move |connection, version, _| {
            connection.answer(if version == "2.0" { status } else { 204 }, &[], "");
        });
        let said = "(remote write 1.0, not confirmed by the receiver)\n";
        push(&server).arg("-v").stderr_has(said).run();
        assert_eq!(versions(&server), ["2.0", "1.0"], "{status}");
    }
}

#[test]
fn other_rejections_are_not_about_the_version() {
    for (status, code) in [(401, 4), (403, 4), (404, 4), (413, 4), (429, 5), (503, 5), (301, 4)] {
        let server = receiver(move |connection, _, _| connection.answer(status, &[], "no"));
        push(&server).args(["--retries", "0"]).code(code).any_stderr().run();
        assert_eq!(versions(&server), ["2.0"], "{status}");
    }
}

#[test]
fn a_chosen_version_is_the_only_one_used() {
    for (choice, status, code) in
        [("1.0", 204, 0), ("1.0", 415, 4), ("1.0", 400, 4), ("2.0", 415, 4), ("2.0", 400, 4)]
    {
        let server = receiver(move |connection, _, _| connection.answer(status, &[], "no"));
        push(&server).args(["--remote-write-version", choice]).code(code).any_stderr().run();
        assert_eq!(versions(&server), [choice], "{status}");
    }
    let server = receiver(|connection, _, _| connection.answer(204, &[], ""));
    push(&server)
        .args(["--remote-write-version", "2.0"])
        .stderr_has("warning: ")
        .stderr_has("/api/v1/write: not confirmed by the receiver: it may support only version 1.0")
        .stderr_has("hint: --remote-write-version auto sends version 1.0 to such a receiver\n")
        .run();
    pushgw().args(["push", "-j", "b", "--remote-write-version", "3", "-m", "a 1"]).code(2).any_stderr().run();
}

/// The OpenTelemetry collector supports only version 2.0.
#[test]
fn a_receiver_of_only_version_2_shows_its_first_error() {
    let server = receiver(|connection, version, _| match version {
        "2.0" => connection.answer(400, &[], "these samples are wrong"),
        _ => connection.answer(415, &[], "what is this?"),
    });
    push(&server).code(4).stderr_has("says: these samples are wrong\n").run();
    let server = receiver(|connection, version, _| {
        connection.answer(if version == "2.0" { 200 } else { 415 }, &[], "");
    });
    push(&server).stderr_has("warning: ").stderr_has("not confirmed by the receiver").run();
    assert_eq!(versions(&server), ["2.0", "1.0"]);
}

#[test]
fn samples_that_were_not_stored_are_an_error() {
    let server = receiver(|connection, _, _| {
        let words = "duplicate sample for timestamp 5\nand more\n";
        connection.answer(400, &[(STORED, "1")], words);
    });
    let output = push(&server)
        .code(4)
        .stderr_has("/api/v1/write: the receiver stored 1 of 2 samples: duplicate sample for timestamp 5\n")
        .stderr_has("and more\n")
        .stderr_has("hint: this receiver accepts only new samples: check the unit of the timestamps")
        .run();
    assert_eq!(output.stderr().matches("duplicate sample").count(), 1, "{output}");
    for answer in [200, 204] {
        let server = receiver(move |connection, _, _| connection.answer(answer, &[(STORED, "0")], ""));
        push(&server).code(4).stderr_has("the receiver stored 0 of 2 samples\n").run();
        assert_eq!(versions(&server), ["2.0"]);
    }
    // A temporary failure has nothing to do with the samples.
    let server = receiver(|connection, _, _| connection.answer(500, &[(STORED, "1")], "busy"));
    push(&server).args(["--retries", "1"]).code(5).stderr_has("(tried 2 times)").run();
}

#[test]
fn a_retry_sends_the_same_bytes() {
    let server = receiver(|connection, _, number| match number {
        0 | 1 => connection.answer(503, &[], ""),
        _ => connection.answer(204, &[(STORED, "2")], ""),
    });
    push(&server).run();
    let bodies: Vec<_> = server.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies.len(), 3);
    assert!(bodies[0] == bodies[1] && bodies[1] == bodies[2]);
}

/// Returns a text with this many samples.
fn text(samples: usize) -> String {
    let mut text = String::new();
    for number in 0..samples {
        let _ = writeln!(text, "a{{number=\"{number}\"}} {number}");
    }
    text
}

#[test]
fn a_large_text_is_sent_in_requests_of_10000_samples() {
    let push = |server: &Server| {
        pushgw()
            .args(["push", "-j", "b", "big.prom", "--remote-write", &server.url()])
            .file("big.prom", text(25_000).replace('\n', " 1700000000000\n"))
    };
    // The version is negotiated only once.
    let server = receiver(|connection, _, _| connection.answer(204, &[], ""));
    push(&server).arg("-v").stderr_has("wrote 25,000 samples of ").run();
    assert_eq!(versions(&server), ["2.0", "1.0", "1.0", "1.0"]);
    assert_eq!(server.connections(), 1);
    let other = receiver(|connection, _, _| connection.answer(204, &[], ""));
    push(&other).args(["--remote-write-version", "1.0"]).run();
    let bodies =
        |server: &Server| server.requests().into_iter().map(|request| request.body).collect::<Vec<_>>();
    assert!(bodies(&server)[1..] == bodies(&other), "each request is encoded as its version");
    let server = receiver(|connection, _, number| match number {
        0 => connection.answer(204, &[(STORED, "10000")], ""),
        _ => connection.answer(403, &[], "no"),
    });
    push(&server)
        .code(4)
        .stderr_has("/api/v1/write, request 2 of 3: requests without credentials are forbidden")
        .stderr_has("10,000 of 25,000 samples had already been sent; 5,000 were not sent\n")
        .run();
    let server = receiver(|connection, _, number| match number {
        0 => connection.answer(204, &[(STORED, "10000")], ""),
        _ => connection.answer(400, &[(STORED, "9999")], "out of bounds"),
    });
    push(&server)
        .code(4)
        .stderr_has(
            ", request 2 of 3: the receiver stored 9,999 of 10,000 samples (19,999 of 25,000 in total; 5,000 were not \
             sent): out of bounds\n",
        )
        .run();
}

#[test]
fn a_text_with_long_labels_is_sent_in_requests_of_8_mib() {
    let value = "x".repeat(1 << 20);
    let line = |number| format!("a{{number=\"{number}\",x=\"{value}\"}} 1\n");
    let text = (0..30).map(line).collect::<Vec<_>>().concat();
    let push = |server: &Server| {
        pushgw()
            .args(["push", "-j", "b", "long.prom", "-v", "--remote-write", &server.url()])
            .args(["--remote-write-version", "1.0"])
            .file("long.prom", &text)
    };
    let server = receiver(|connection, _, _| connection.answer(204, &[], ""));
    push(&server).stderr_has("wrote 30 samples of ").run();
    assert_eq!(server.requests().len(), 5);
    let server = receiver(|connection, _, number| {
        connection.answer(if number == 0 { 204 } else { 413 }, &[], "too large");
    });
    push(&server)
        .code(4)
        .stderr_has("/api/v1/write, request 2 of 5: the request body is too large")
        .stderr_has("7 of 30 samples had already been sent; 16 were not sent\n")
        .run();
}

#[test]
fn a_timestamp_in_another_unit_is_a_warning() {
    let server = receiver(|connection, _, _| connection.answer(204, &[(STORED, "1")], ""));
    let push = |text: &str, said: &[&str]| {
        let call = pushgw().args(["push", "-j", "b", "--remote-write", &server.url()]).stdin(text);
        said.iter().fold(call, Pushgw::stderr_has).run();
    };
    let now = "help: without a timestamp, the sample gets the current time\n";
    for (time, year, help) in [
        ("1700000000", 1970, "help: it looks like seconds: write `1700000000000`\n"),
        ("1700000000123456", 55840, "help: it looks like microseconds: write `1700000000123`\n"),
        ("1700000000123456789", 53_872_825, "help: it looks like nanoseconds: write `1700000000123`\n"),
        ("5", 1970, now),
        ("-9000000000000", 1684, now),
        ("4102444900000", 2100, now),
    ] {
        let year = format!("warning[timestamp]: `{time}` milliseconds since 1970 is in the year {year}\n");
        push(&format!("a 1 {time}\n"), &[&year, help]);
    }
    for (time, help) in [
        ("1700000000123", "help: it looks like milliseconds: write `1700000000.123`\n"),
        ("1700000000123456789", "help: it looks like nanoseconds: write `1700000000.123`\n"),
    ] {
        let words = format!("warning[timestamp]: `{time}` seconds since 1970 is in the year ");
        push(&format!("# TYPE a gauge\na 1 {time}\n# EOF\n"), &[&words, help]);
    }
    for text in ["a 1 1700000000123\n", "a 1 631152000000\n", "# TYPE a gauge\na 1 1700000000.5\n# EOF\n"] {
        push(text, &[]);
    }
    // This is one number and not a value with a timestamp.
    pushgw()
        .args(["push", "-j", "b", "-m", "a 12 345", "--remote-write", &server.url()])
        .code(3)
        .stderr_has("error[timestamp]: `12 345` contains spaces\n")
        .stderr_has("write `12345`")
        .run();
}

#[test]
fn the_url_is_used_as_given() {
    let server = receiver(|connection, _, _| connection.answer(204, &[(STORED, "1")], ""));
    let address = server.address();
    let call = || pushgw().args(["push", "-j", "b", "-m", "a 1"]);
    for url in ["http://{}", "http://{}/", "{}", "http://{}?tenant=x", "http://{}/a/push?token=hunter2&b"] {
        let url = url.replace("{}", &address.to_string());
        call().args(["--remote-write", &url]).run();
        call().env("PUSHGATEWAY_REMOTE_WRITE", &url).run();
    }
    let paths: Vec<_> = server.requests().into_iter().map(|request| request.path).collect();
    let expected = [
        "/api/v1/write",
        "/api/v1/write",
        "/api/v1/write",
        "/api/v1/write?tenant=x",
        "/a/push?token=hunter2&b",
    ];
    assert_eq!(paths, expected.map(|path| [path, path]).concat());
    let url = format!("http://{address}/a?token=hunter2&b");
    let shown = format!("http://{address}/a?token=REDACTED&REDACTED");
    let output = call().args(["-vv", "--remote-write", &url]).stderr_has(&shown).run();
    assert!(!output.stderr().contains("hunter2"), "{output}");
    call().args(["--remote-write", ""]).code(2).stderr_has("--remote-write is empty").run();
    call()
        .args(["--remote-write", "http://gw/#x"])
        .code(2)
        .stderr_has("--remote-write: unexpected `#`")
        .run();
}

#[test]
fn a_push_has_one_destination() {
    let call = |words: &str| {
        pushgw().args(words.split(' ')).args(["-j", "b", "-m", "a 1", "--retries", "0"]).any_code()
    };
    let gateway = ("PUSHGATEWAY_URL", "http://127.0.0.1:1");
    let receiver = ("PUSHGATEWAY_REMOTE_WRITE", "http://127.0.0.1:1");
    let directory = ("PUSHGATEWAY_TEXTFILE", ".");
    for (words, variables, both) in [
        ("push --remote-write a -g b", &[][..], "--gateway and --remote-write"),
        ("add --remote-write a --textfile .", &[], "--textfile and --remote-write"),
        ("push --remote-write a --url http://gw/metrics/job/x", &[], "--url and --remote-write"),
        ("push", &[gateway, receiver], "PUSHGATEWAY_URL and PUSHGATEWAY_REMOTE_WRITE"),
        ("add", &[directory, receiver], "PUSHGATEWAY_TEXTFILE and PUSHGATEWAY_REMOTE_WRITE"),
    ] {
        let call = if words.contains("--url") {
            pushgw().args(words.split(' ')).args(["-m", "a 1"])
        } else {
            call(words)
        };
        call.envs(variables).code(2).stderr_has(format!("error: {both} both set a destination\n")).run();
    }
    // A path identifies a group, but not a gateway.
    for (name, value) in [directory, receiver] {
        let call = || pushgw().args(["push", "--url", "/metrics/job/x", "-m", "a 1", "--retries", "0"]);
        let said =
            format!("error: --url and {name} both set a destination\nhint: choose one with -g URL or --");
        call().env(name, value).code(2).stderr_has(said).run();
        let place = "PUT http://127.0.0.1:1/metrics/job/x: ";
        call().env(name, value).args(["-g", "127.0.0.1:1"]).code(6).stderr_has(place).run();
    }
    // An option overrides all variables.
    let all = &[gateway, receiver, directory];
    let url = "http://127.0.0.1:1/api/v1/write";
    call("push --remote-write 127.0.0.1:1").envs(all).code(6).stderr_has(format!("POST {url}: ")).run();
    call("push -g 127.0.0.1:1").envs(all).code(6).stderr_has("PUT http://127.0.0.1:1/metrics/").run();
    call("push --textfile .").envs(all).code(0).run();
    call("push").envs(&[receiver]).code(6).stderr_has(format!("POST {url}: ")).run();
}

#[test]
fn a_receiver_has_no_groups() {
    for words in ["list", "show -j x", "show --all", "delete -j x", "delete --match job=x --yes"] {
        let call = || pushgw().args(words.split(' '));
        call()
            .args(["--remote-write", "http://127.0.0.1:1"])
            .code(2)
            .stderr_has("error: --remote-write: a remote-write receiver has no groups\n")
            .run();
        // The variable is ignored.
        call()
            .env("PUSHGATEWAY_REMOTE_WRITE", "http://127.0.0.1:1")
            .args(["-g", "http://127.0.0.1:1", "--retries", "0"])
            .code(6)
            .stderr_has("can't connect")
            .run();
        let help = pushgw().args([words.split(' ').next().unwrap(), "--help"]).any_stdout().run().stdout();
        assert!(!help.contains("--remote-write"), "{help}");
    }
}

#[test]
fn options_that_need_a_gateway_are_rejected() {
    for (words, message) in [
        (
            "push -j b -m 1 --as-curl",
            "--as-curl needs a gateway: the body of a remote-write request is binary",
        ),
        (
            "push -j b -m 1 --diff",
            "--diff needs a gateway or a directory: a remote-write receiver does not report its contents",
        ),
        (
            "push --groups -",
            "--remote-write works only with status, or with push, add and run for a single group",
        ),
        ("push -j b -m 1 --compress gzip", "--compress is for gateways: remote write always uses snappy"),
    ] {
        let call = pushgw().args(words.split(' ')).args(["--remote-write", "http://127.0.0.1:1"]);
        call.code(2).stderr_has(format!("error: {message}\n")).run();
    }
    pushgw()
        .args(["push", "-j", "b", "-m", "a 1", "--remote-write-version", "1.0"])
        .code(2)
        .stderr_has("error: --remote-write-version needs a remote-write receiver\n")
        .run();
}

#[test]
fn a_dry_run_prints_the_request_and_its_series() {
    let call =
        || pushgw().args(["push", "-j", "b", "-l", "A=1", "-n", "--remote-write", "http://me:pw@gw/w?t=x"]);
    let text = "# TYPE h histogram\nh_bucket{le=\"1\",e=\"\"} 2\nb{x=\"a\\n\\\"\"} 1e3 -5\n";
    let output = call().stdin(text).any_stdout().stderr_has("warning[timestamp]: `-5` milliseconds").run();
    let (head, body) = output.stdout().split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(head.starts_with("POST http://gw/w?t=REDACTED\nUser-Agent: pushgw/"), "{head}");
    for header in
        ["Content-Encoding: snappy", "X-Prometheus-Remote-Write-Version: 2.0.0", "Authorization: REDACTED"]
    {
        assert!(head.contains(&format!("\n{header}")), "{head}");
    }
    let series = "h_bucket{A=\"1\",job=\"b\",le=\"1\"} 2\nb{A=\"1\",job=\"b\",x=\"a\\n\\\"\"} 1e3 -5\n";
    assert_eq!(body, series);
    call().args(["--allow-empty"]).run();
    call().args(["--remote-write-version", "1.0", "-m", "a 1"]).stdout_has("Write-Version: 0.1.0\n").run();
}

#[test]
fn samples_that_a_receiver_would_silently_drop_are_errors() {
    for (text, code) in [
        (&b"a 1 1700000000005\na 2 1700000000006\n"[..], "duplicate-series"),
        (b"a{x=\"1\",x=\"2\"} 1\n", "duplicate-label"),
        (b"a{x=\"\xff\"} 1\n", "invalid-utf8"),
        (b"my-metric 1\n", "metric-name"),
        (b"{a=\"b\"} 1\n", "nameless-sample"),
    ] {
        let call = pushgw().args(["push", "-j", "b", "--remote-write", "http://127.0.0.1:1"]).stdin(text);
        call.code(3).stderr_has(format!("error[{code}]")).stderr_has("nothing was sent").run();
    }
    let call = |text: &str| {
        pushgw().args(["push", "-j", "b", "--remote-write", "http://127.0.0.1:1"]).stdin(text).code(3)
    };
    // In both formats, a text may have only one sample per series. Each additional sample is reported once.
    let help =
        "a receiver stores only one sample per series and timestamp; push samples with different timestamps";
    for text in
        ["a 1 1700000000005\na 2 1700000000006\n", "# TYPE a gauge\na 1 1700000005\na 1 1700000006\n# EOF\n"]
    {
        call(text).stderr_has(help).stderr_has("error: 1 error; nothing was sent\n").run();
    }
    for text in ["# TYPE a gauge\na 1\na 1\n# EOF\n", "# TYPE a gauge\na{x=\"\"} 1\na 1\n# EOF\n"] {
        call(text).stderr_has("the series `a` occurs twice\n").stderr_has("error: 1 error; nothing").run();
    }
    // Messages that apply only to a gateway must not be printed for a receiver.
    let output =
        call("# HELP a b\n").stderr_has("the text has no samples, so there is nothing to send").run();
    assert!(!output.stderr().contains("empty"), "{output}");
    let output = call("{\"a b\"} 1\n").stderr_has("use `--utf8-names` if the receiver accepts").run();
    assert!(!output.stderr().contains("gateway"), "{output}");
    let server = receiver(|connection, _, _| connection.answer(204, &[(STORED, "1")], ""));
    pushgw()
        .args(["push", "-j", "b", "-m", "a{job=\"x\"} 1 5", "--remote-write", &server.url()])
        .stderr_has("warning[overwritten-label]")
        .run();
}

#[test]
fn status_shows_whether_the_receiver_accepts_samples() {
    let status = |server: &Server| pushgw().args(["status", "--remote-write", &server.url()]);
    let server = receiver(|connection, _, _| connection.answer(204, &[(STORED, "0")], ""));
    status(&server)
        .stdout_has("OK: the receiver accepts samples and confirms how many it stored\n")
        .stdout_has("2.0, confirmed\n")
        .run();
    status(&server).args(["--format", "json"]).stdout_has("\"confirmed\": true").run();
    let server = receiver(|connection, _, _| connection.answer(204, &[], ""));
    status(&server)
        .stdout_has("OK: the receiver accepts samples, but does not confirm them\n")
        .stdout_has("1.0, not confirmed by the receiver\n")
        .run();
    assert_eq!(versions(&server), ["2.0", "1.0"]);
    let server = receiver(|connection, _, _| connection.answer(401, &[], "who are you?"));
    status(&server)
        .code(1)
        .stdout_has("BROKEN: the server requires a login (401 Unauthorized)\n")
        .stdout_has("who are you?\n")
        .any_stderr()
        .run();
    status(&server).args(["--format", "json"]).code(1).stdout_has("\"ok\": false").any_stderr().run();
    let server = receiver(|connection, _, _| connection.answer(503, &[], ""));
    status(&server).args(["--retries", "0"]).code(5).stderr_has("temporary server error").run();
    pushgw()
        .args(["status", "--remote-write", "127.0.0.1:1", "--retries", "0"])
        .code(6)
        .stderr_has("can't connect")
        .run();
}

#[test]
fn a_rejection_by_time_names_the_unit_of_timestamps() {
    for words in ["out of order sample", "out of bounds", "too far in the future", "duplicate sample for x"] {
        let server = receiver(move |connection, _, _| connection.answer(400, &[], words));
        push(&server)
            .code(4)
            .stderr_has("hint: this receiver accepts only new samples: check the unit of the timestamps")
            .stderr_has("the receiver may have rejected the whole request\n")
            .run();
    }
}

#[test]
fn a_redirect_names_the_url_to_use() {
    let server = receiver(|connection, _, _| connection.answer(307, &[("Location", "/write")], ""));
    let url = format!("{}/api/v1/write", server.url());
    pushgw()
        .args(["push", "-j", "b", "-m", "a 1", "--remote-write", &format!("{url}/")])
        .code(4)
        .stderr_has(format!("hint: use --remote-write {url}\n"))
        .run();
    for (location, hint) in [
        ("https://127.0.0.1/api/v1/write", "hint: use --remote-write https://127.0.0.1/api/v1/write\n"),
        ("https://127.0.0.1:1/api/v1/write", "hint: use --remote-write https://127.0.0.1:1/api/v1/write\n"),
        ("https://127.0.0.1.evil/api/v1/write", "hint: use the final URL if it is the right server\n"),
        ("/login", "hint: this is a login page"),
        ("/other", "hint: use the final URL if it is the right server\n"),
    ] {
        let server = receiver(move |connection, _, _| connection.answer(307, &[("Location", location)], ""));
        push(&server).code(4).stderr_has(hint).run();
    }
}

/// Paths such as `/metrics` and `/health` answer every request with a text.
#[test]
fn a_server_that_answers_with_a_text_is_not_a_receiver() {
    for body in ["OK", "a 1\n", "{\"status\":\"success\"}", "<html>"] {
        let server = receiver(move |connection, _, _| connection.answer(200, &[], body));
        let said = "did not answer like a remote-write receiver: it answered 200 with ";
        let hint = "hint: the URL must include the receiver's path: /api/v1/write for Prometheus";
        push(&server).code(1).stderr_has(said).stderr_has(hint).run();
        let status = || pushgw().args(["status", "--remote-write", &server.url()]);
        status().code(1).stdout_has("BROKEN: the server did not answer like").any_stderr().run();
        status().args(["--format", "json"]).code(1).stdout_has("\"ok\": false").any_stderr().run();
    }
    for (headers, body) in [(&[][..], " \r\n"), (&[(STORED, "2")], "{\"status\":\"success\"}")] {
        let server = receiver(move |connection, _, _| connection.answer(200, headers, body));
        push(&server).run();
    }
    pushgw()
        .args(["push", "-j", "b", "-m", "a 1", "--remote-write", "http://vm/api/v1/import/prometheus"])
        .code(2)
        .stderr_has("this path accepts the text format; the remote-write path is /api/v1/write\n")
        .run();
}

/// A receiver can't count samples in the empty request of `status`.
#[test]
fn a_complete_rejection_does_not_count_samples() {
    let answers = [(403, "who are you?", "0"), (400, "bad request", "0"), (400, "bad label", "2")];
    for (code, words, stored) in answers {
        let server = receiver(move |connection, _, _| connection.answer(code, &[(STORED, stored)], words));
        pushgw()
            .args(["status", "--remote-write", &server.url()])
            .code(1)
            .stdout_has("BROKEN: ")
            .stdout_has(words)
            .any_stderr()
            .run();
    }
    let server = receiver(|connection, _, _| connection.answer(400, &[(STORED, "2")], "bad label"));
    let output = push(&server).code(4).stderr_has("says: bad label\n").any_stderr().run();
    assert!(!output.stderr().contains("2 of 2"), "{output}");
}

#[test]
fn run_reports_by_remote_write() {
    let server = receiver(|connection, _, _| connection.answer(204, &[(STORED, "100")], ""));
    let run = |server: &Server| pushgw().args(["run", "-j", "b", "--remote-write", &server.url()]);
    run(&server).args(["--", "true"]).run();
    run(&server)
        .args(["-v", "-m", "rows 5 1700000000000", "--", "true"])
        .stderr_has(format!(
            "reported b to {{job=\"b\"}} at {}/api/v1/write (remote write 2.0, confirmed)",
            server.url()
        ))
        .run();
    assert_eq!(server.requests().len(), 2);
    // If the job's own metrics are rejected, the report is sent without them.
    let server = receiver(|connection, _, number| {
        connection.answer(if number == 0 { 400 } else { 204 }, &[(STORED, "9")], "out of bounds");
    });
    run(&server)
        .args(["--require-push", "-m", "rows 5 1", "--", "true"])
        .code(4)
        .stderr_has("b was reported without its metrics: ")
        .run();
    for (options, message) in [
        (&["-g", "gw"][..], "--gateway and --remote-write both set a destination"),
        (&["--compress", "gzip"], "--compress is for gateways: remote write always uses snappy"),
    ] {
        let call = run(&server).args(options).args(["--", "touch", "ran"]).code(125);
        let ran = call.directory().join("ran");
        call.stderr_has(message).run();
        assert!(!ran.exists());
    }
    for option in [["-g", "gw"], ["--textfile", "."]] {
        let call = pushgw().args(["run", "-j", "b", "--remote-write-version", "1.0"]).args(option);
        let call = call.args(["--", "touch", "ran"]).code(125);
        let ran = call.directory().join("ran");
        call.stderr_has("--remote-write-version needs a remote-write receiver").run();
        assert!(!ran.exists());
    }
}
