//! Tests the test tools, because a bug in them could hide a bug in the program: expectations can fail, the terminal is
//! real, the scripted server fails as intended, and gateways start and stop.

use crate::support::{
    Gateway, Pushgw, Server, Tty, gateways, newest_gateway, on_every_gateway, pushgw, shell, wait_until,
};
use std::io::ErrorKind;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Returns the panic message of `run`.
#[track_caller]
fn panic_of<T>(run: impl FnOnce() -> T) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(run)) else { panic!("it did not fail") };
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| Some((*panic.downcast_ref::<&str>()?).to_owned()))
        .unwrap()
}

#[test]
fn a_failure_shows_the_command_and_its_output() {
    let message = panic_of(|| shell("echo out; echo err >&2; exit 3").env("A", "b c").run());
    for part in [
        "its exit code is not 0",
        "stdout is not empty",
        "stderr is not empty",
        r#"command: A="b c" "#,
        "sh \"-c\"",
        "exit code: 3",
        "--- stdout\nout\n",
        "--- stderr\nerr\n",
    ] {
        assert!(message.contains(part), "{part:?} is not in:\n{message}");
    }
}

#[test]
fn every_expectation_can_fail() {
    let run = |expect: fn(Pushgw) -> Pushgw| {
        panic_of(|| expect(shell("printf 'a\\nb\\n'; printf c >&2; exit 1")).run())
    };
    assert!(run(|call| call.code(0).any_stdout().any_stderr()).starts_with("its exit code is not 0\n"));
    assert!(run(|call| call.code(1).stdout("a\n").any_stderr()).starts_with("stdout is not exactly:\na\n"));
    assert!(
        run(|call| call.code(1).stdout_has("b").stdout_has("c").any_stderr())
            .starts_with("stdout does not contain: c\n")
    );
    assert!(run(|call| call.code(1).any_stdout().stderr("")).starts_with("stderr is not empty\n"));
    assert!(
        run(|call| call.code(1).any_stdout().stderr_has("d")).starts_with("stderr does not contain: d\n")
    );
    shell("printf 'a\\nb\\n'; printf c >&2; exit 1").code(1).stdout("a\nb\n").stderr_has("c").run();
}

#[test]
fn a_call_starts_with_an_empty_environment_and_directory() {
    shell("env | sed 's/=.*//' | grep -v '^PATH$\\|^PWD$\\|^SHLVL$\\|^OLDPWD$\\|^_$'; ls -A")
        .any_code()
        .run();
    shell("cat f; echo $V").file("f", "file ").env("V", "value").stdout("file value\n").run();
}

#[test]
fn the_built_program_is_found() {
    pushgw().arg("--version").any_code().any_stdout().any_stderr().run();
    shell("command -v pushgw").stdout(format!("{}\n", env!("CARGO_BIN_EXE_pushgw"))).run();
}

#[test]
fn standard_input_is_what_the_test_gives() {
    shell("cat").run();
    shell("cat").stdin("bytes").stdout("bytes").run();
    shell("cat").stdin_from("Cargo.toml").stdout(include_str!("../../Cargo.toml")).run();
    // The input is larger than a pipe's buffer, and the process does not read it.
    shell("true").stdin(vec![b'x'; 1 << 20]).run();
}

#[test]
fn a_program_that_hangs_is_killed() {
    let message = panic_of(|| shell("exec cat").silent_stdin().timeout(Duration::from_millis(200)).run());
    assert!(message.contains("did not exit") && message.contains("killed by signal Some(9)"), "{message}");
}

#[test]
fn standard_output_can_be_closed() {
    shell("trap '' PIPE; echo x || exit 9").closed_stdout().code(9).any_stderr().run();
}

#[test]
fn the_pseudo_terminal_is_a_terminal() {
    let all = [Tty::Stdin, Tty::Stdout, Tty::Stderr];
    let output =
        shell("test -t 0 && test -t 1 && test -t 2 && stty size && read -r answer && echo got $answer")
            .tty(&all, 72)
            .keys("yes\n")
            .screen_has("24 72\n")
            .screen_has("got yes\n")
            .run();
    assert!(output.screen().contains("yes\n"), "typed keys are echoed");
    shell("cat; test -t 1 && echo out; test -t 2 || echo err >&2")
        .tty(&[Tty::Stdin], 80)
        .keys("a\n\x04")
        .code(0)
        .stdout("a\n")
        .stderr("err\n")
        .run();
}

#[test]
fn the_server_records_requests() {
    let server = Server::answering(202, "fine");
    let mut client = server.client();
    for body in ["a 1\n", ""] {
        let answer = client.request("PUT", b"/metrics/../\xff", &[("X-Y", "z")], body.as_bytes()).unwrap();
        assert_eq!((answer.status, answer.text()), (202, "fine".to_owned()));
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].method, "PUT");
    assert_eq!(requests[0].path, "/metrics/../\u{fffd}");
    assert_eq!(requests[0].header("x-y"), Some("z"));
    assert_eq!((&*requests[0].body, &*requests[1].body), (&b"a 1\n"[..], &b""[..]));
    assert_eq!(server.connections(), 1);
}

#[test]
fn the_server_fails_as_scripted() {
    let server = Server::start(|connection, number| match number {
        0 => connection.reset(),
        1 => drop(connection.read_request()),
        2 => {
            connection.read_head();
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        }
        3 => {
            connection.read_request();
            connection.drip("HTTP/1.1 204 Slow\r\n\r\n", Duration::from_millis(1));
        }
        4 => connection.send("not HTTP\r\n\r\n"),
        _ => {
            connection.read_request();
            connection.reset();
        }
    });
    let result = || server.client().request("GET", b"/", &[], b"");
    assert!(matches!(result().unwrap_err().kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe));
    assert_eq!(result().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(result().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(result().unwrap().status, 204);
    assert_eq!(result().unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(result().unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn dropping_the_server_ends_a_hanging_connection() {
    let server = Server::start(|connection, _| connection.hang());
    let _client = TcpStream::connect(server.address()).unwrap();
    wait_until("a connection", || server.connections() == 1);
    drop(server);
}

#[test]
fn the_server_checks_that_it_was_called() {
    assert_eq!(panic_of(|| drop(Server::answering(200, ""))), "the server was never called");
    drop(Server::unused());
    let called = Server::unused();
    let _ = called.client().request("GET", b"/", &[], b"");
    assert!(panic_of(|| drop(called)).starts_with("the server was called"));
    let broken = Server::start(|_, _| panic!("on purpose"));
    let _ = broken.client().request("GET", b"/", &[], b"");
    assert!(panic_of(|| drop(broken)).starts_with("the server's handler panicked"));
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn gateways_store_what_is_pushed() {
    on_every_gateway(|gateway| {
        assert_eq!(gateway.snapshot(), Vec::<serde_json::Value>::new());
        assert_eq!(gateway.put("/metrics/job/a/l/1", "# TYPE m gauge\nm 1\nn 2\n").status, 200);
        assert!(gateway.rejects("POST", "/metrics/job/a/l/%C3%A9", "m 3\n"), "m is a gauge");
        assert_eq!(gateway.post("/metrics/job/b", "n 3\n").status, 200);
        let samples = [
            r#"m{instance="",job="a",l="1"} 1"#,
            r#"n{instance="",job="a",l="1"} 2"#,
            r#"n{instance="",job="b"} 3"#,
        ];
        assert_eq!(gateway.samples(), samples);
        let groups = gateway.groups();
        assert_eq!(groups.len(), 3);
        assert_eq!(groups[0].families["m"]["type"], "GAUGE");
        assert_eq!((groups[1].last_push_successful, groups[2].last_push_successful), (false, true));
        assert_eq!(groups[1].labels["l"], "é");
        assert_eq!(gateway.snapshot(), gateway.snapshot());
        assert_eq!(gateway.delete("/metrics/job/a/l/1").status, 202);
        wait_until("the deletion", || gateway.keys().len() == 2);
        gateway.clear();
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn gateways_accept_flags() {
    let gateway = Gateway::start(newest_gateway(), &["--web.route-prefix=/some/where"]);
    assert!(gateway.url().ends_with("/some/where"));
    assert_eq!(gateway.put("/metrics/job/a", "m 1\n").status, 200);
    assert_eq!(gateway.keys().len(), 1);
    let message = panic_of(|| Gateway::start(newest_gateway(), &["--no-such-flag"]));
    assert!(message.contains("no-such-flag") && message.contains("does not start"), "{message}");
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_gateway_stops_when_its_test_fails() {
    let mut address = None;
    panic_of(|| {
        let gateway = Gateway::start(&gateways()[0], &[]);
        address = Some(gateway.address());
        panic!("on purpose");
    });
    assert_eq!(TcpStream::connect(address.unwrap()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_last_gateway_has_the_other_url_router() {
    let status =
        |program| Gateway::start(program, &[]).put("/metrics/job/a/path/%2Fvar%2Ftmp", "m 1\n").status;
    assert_eq!([newest_gateway(), gateways().last().unwrap()].map(status), [301, 200]);
}
