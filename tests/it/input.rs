//! What is pushed is all of it, or nothing: files, pipes, devices and commands, and what becomes of them on the way.

use crate::support::{Pushgw, Running, Server, pushgw, shell, with_default_signals};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

/// A push to a server that must not be called.
fn refused(call: Pushgw) -> (Pushgw, Server) {
    let server = Server::unused();
    (call.env("PUSHGATEWAY_URL", server.url()), server)
}

/// A push to a server that takes all.
fn taken(call: Pushgw) -> (Pushgw, Server) {
    let server = Server::answering(200, "");
    (call.env("PUSHGATEWAY_URL", server.url()), server)
}

#[track_caller]
fn body(server: &Server) -> String {
    String::from_utf8(server.request().body).unwrap()
}

#[test]
fn pipes_are_read_to_their_end() {
    let (call, server) = taken(shell("(echo a 1; echo b 2) | pushgw push -j x /dev/stdin"));
    call.run();
    assert_eq!(body(&server), "a 1\nb 2\n");
    let (call, server) = taken(shell("mkfifo pipe; (echo a 1 > pipe) & pushgw push -j x pipe"));
    call.run();
    assert_eq!(body(&server), "a 1\n");
}

#[test]
fn input_that_is_not_text_is_an_error() {
    for (script, told) in [
        (
            "pushgw push -j x -m 'a 1' -g https://gw --ca-cert no.pem",
            "--ca-cert: can't read no.pem: no such file or directory",
        ),
        ("pushgw push -j x missing.prom", "can't read missing.prom: no such file or directory"),
        ("pushgw push -j x .", "can't read .: it is a directory"),
        ("pushgw push -j x < .", "can't read standard input: is a directory"),
        ("pushgw push -j x /dev/zero", "can't read /dev/zero: the input exceeds the limit of 16 MiB"),
        ("truncate -s 1073741825 big; pushgw push -j x big", "can't read big: it is larger than 1024 MiB\n"),
        ("echo 'a 1' > one; pushgw push -j x one missing", "can't read missing: no such file or directory"),
        ("echo 'a 1' > one; ln -s one two; rm one; pushgw push -j x two", "can't read two: no such file"),
    ] {
        let (call, _server) = refused(shell(script));
        call.code(1).stderr_has(told).run();
    }
}

#[test]
fn nothing_at_all_is_not_pushed() {
    for script in [
        "pushgw push -j x < /dev/null",
        "pushgw push -j x /dev/null",
        "pushgw push -j x <&-",
        "false | pushgw push -j x",
        ": | pushgw push -j x -",
    ] {
        let (call, _server) = refused(shell(script));
        call.code(3).stderr_has("nothing was sent").run();
    }
}

#[test]
fn a_file_that_is_gone_once_it_is_open_is_read() {
    let (call, server) = taken(shell("echo a 1 > f; exec 3< f; rm f; pushgw push -j x /dev/fd/3"));
    call.run();
    assert_eq!(body(&server), "a 1\n");
}

/// Other processes change files in no order that a test could fix; the rule itself has a unit test. This shows that it
/// is applied: somebody writes to the file as long as it is read.
#[test]
fn a_file_that_is_being_written_is_not_pushed() {
    let (call, _server) = refused(shell(
        "head -c 60000000 /dev/zero | tr '\\0' '#' > f
         (while [ ! -e done ]; do printf '#' >> f; done) &
         pushgw push -j x f; code=$?
         touch done; wait; exit $code",
    ));
    call.code(1).stderr_has("the file changed while it was read").run();
}

#[test]
fn a_producer_that_succeeds_is_pushed() {
    let (call, server) =
        taken(pushgw().args(["push", "-j", "x", "--", "sh", "-c", "cat; echo b 2; echo said >&2"]));
    call.stdin("a 1\n").stderr("said\n").run();
    assert_eq!(body(&server), "a 1\nb 2\n");
}

#[test]
fn a_producer_that_fails_is_not() {
    for (script, code, told) in [
        ("echo a 1; exit 1", 1, "error: `sh` exited with status 1; nothing was sent\n"),
        ("echo a 1; exit 77", 77, "error: `sh` exited with status 77; nothing was sent\n"),
        ("echo a 1; kill -TERM $$", 143, "error: `sh` was killed by SIGTERM; nothing was sent\n"),
        ("echo a 1; kill -KILL $$", 137, "error: `sh` was killed by SIGKILL; nothing was sent\n"),
    ] {
        let (call, _server) = refused(pushgw().args(["push", "-j", "x", "--", "sh", "-c", script]));
        call.code(code).stderr(told).run();
    }
}

#[test]
fn a_producer_that_cannot_run_has_the_status_of_a_shell() {
    let call = || pushgw().file("no-program", "x");
    let (missing, _server) = refused(call().args(["push", "-j", "x", "--", "./missing"]));
    missing
        .code(127)
        .stderr("error: can't run `./missing`: no such file or directory; nothing was sent\n")
        .run();
    let (denied, _server) = refused(call().args(["push", "-j", "x", "--", "./no-program"]));
    denied.code(126).stderr("error: can't run `./no-program`: permission denied; nothing was sent\n").run();
    let (empty, _server) = refused(call().args(["push", "-j", "x", "--", ""]));
    empty.code(2).stderr_has("COMMAND is empty: is the variable set?").run();
}

/// As `-- $CMD` has it where the variable is not set.
#[test]
fn a_separator_without_a_command_is_not_standard_input() {
    for command in
        [&["push", "-j", "x", "--"][..], &["add", "-j", "x", "f", "--"], &["push", "--groups", "-", "--"]]
    {
        let (call, _server) = refused(pushgw().args(command).stdin("a 1\n"));
        call.code(2).stderr_has("COMMAND is missing after `--`: is the variable set?").run();
    }
}

#[test]
fn a_producer_takes_the_place_of_other_input() {
    for other in [&["f.prom"][..], &["-m", "a 1"]] {
        let (call, _server) =
            refused(pushgw().args(["push", "-j", "x"]).args(other).args(["--", "echo", "a 1"]));
        call.code(2).stderr_has("cannot be used with").run();
    }
    let (call, _server) = refused(pushgw().args(["push", "--groups", "f", "--", "echo", "a 1"]));
    call.code(2).stderr_has("cannot be used with").run();
}

#[test]
fn the_lines_of_a_producer_are_checked() {
    let (call, _server) =
        refused(pushgw().args(["push", "-j", "x", "--message-format", "short", "--", "echo", "a b"]));
    call.code(3).stderr_has("<command>:1:").run();
    let (call, _server) = refused(pushgw().args(["push", "-j", "x", "--", "true"]));
    call.code(3).stderr_has("nothing was sent").run();
}

/// What stops us alone, as a supervisor does, stops the producer too, and its end is ours.
#[test]
fn a_signal_reaches_the_producer() {
    let server = Server::unused();
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut child = with_default_signals(env!("CARGO_BIN_EXE_pushgw"))
            .args(["push", "-j", "x", "-g", &server.url(), "--", "sh", "-c"])
            .arg("echo ready >&2; echo a 1; read line; echo never reached >&2")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // `wait` would close it, and the producer go on.
        let _stdin = child.stdin.take();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut stderr, &mut rest).unwrap();
        assert_eq!(status.code(), Some(code), "{rest}");
        assert!(rest.contains("nothing was sent"), "{rest}");
    }
}

/// A producer told to stop that ends in good order is not done, and what it wrote is not all of it.
#[test]
fn the_output_of_a_stopped_producer_is_not_pushed() {
    let server = Server::unused();
    let orderly = "trap 'kill $!; exit 0' TERM; sleep 60 >&2 & echo a 1; echo ready >&2; wait";
    // Not passed on, because a terminal sends it to the producer too. This producer ignores it.
    let deaf = "trap '' INT; echo a 1; echo ready >&2; read line; exit 0";
    for (signal, script, code) in [(Signal::TERM, orderly, 143), (Signal::INT, deaf, 130)] {
        let mut command = with_default_signals(env!("CARGO_BIN_EXE_pushgw"));
        command.args(["push", "-j", "x", "-g", &server.url(), "--"]);
        let mut running = Running::start(command, script);
        running.send(signal);
        if script == deaf {
            drop(running.stdin.take());
        }
        let (ended, rest) = running.end();
        assert_eq!(ended, Some(code), "{rest}");
        let name = if signal == Signal::TERM { "SIGTERM" } else { "SIGINT" };
        let told =
            format!("error: stopped by {name} before the output of `sh` was complete; nothing was sent\n");
        assert_eq!(rest, told);
    }
}

/// After the producer a signal does again what it always does.
#[test]
fn a_signal_ends_the_push_after_the_producer() {
    let (tell, told) = std::sync::mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    let server = Server::start(move |connection, _| {
        if connection.read_request().is_some() {
            tell.lock().unwrap().send(()).unwrap();
            connection.hang();
        }
    });
    let mut child = with_default_signals(env!("CARGO_BIN_EXE_pushgw"))
        .args(["push", "-j", "x", "-g", &server.url(), "--", "echo", "a 1"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    told.recv_timeout(crate::support::TIMEOUT).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2));
}

/// As with `nohup`, which is what a push that shall outlive its shell is run with.
#[test]
fn a_signal_that_was_to_be_ignored_is() {
    let (call, server) =
        taken(shell("trap '' HUP; exec pushgw push -j x -- sh -c 'kill -HUP $PPID; echo a 1'"));
    call.run();
    assert_eq!(body(&server), "a 1\n");
}

/// The time limit is for the request: a producer takes as long as it takes.
#[test]
fn the_time_limit_does_not_cover_the_producer() {
    let server = Server::answering(200, "");
    let mut child = Command::new(env!("CARGO_BIN_EXE_pushgw"))
        .args(["push", "-j", "x", "--timeout", "3s", "-g", &server.url(), "-v"])
        .env_clear()
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"a 1\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(3200));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(body(&server), "a 1\n");
}
