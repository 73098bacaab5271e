//! Input from files, pipes, devices and commands: either all of it is pushed, or nothing.

use crate::support::{Pushgw, Server, pushgw, shell, with_default_signals};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

/// A call with a server that must not be called.
fn expecting_no_call(call: Pushgw) -> (Pushgw, Server) {
    let server = Server::unused();
    (call.env("PUSHGATEWAY_URL", server.url()), server)
}

/// A call with a server that accepts the push.
fn expecting_push(call: Pushgw) -> (Pushgw, Server) {
    let server = Server::answering(200, "");
    (call.env("PUSHGATEWAY_URL", server.url()), server)
}

#[track_caller]
fn body(server: &Server) -> String {
    String::from_utf8(server.request().body).unwrap()
}

#[test]
fn pipes_are_read_to_the_end() {
    let (call, server) = expecting_push(shell("(echo a 1; echo b 2) | pushgw push -j x /dev/stdin"));
    call.run();
    assert_eq!(body(&server), "a 1\nb 2\n");
    let (call, server) = expecting_push(shell("mkfifo pipe; (echo a 1 > pipe) & pushgw push -j x pipe"));
    call.run();
    assert_eq!(body(&server), "a 1\n");
}

#[test]
fn unreadable_input_is_reported() {
    for (script, message) in [
        (
            "pushgw push -j x -m 'a 1' -g https://gw --ca-cert no.pem",
            "--ca-cert: can't read no.pem: no such file or directory",
        ),
        ("pushgw push -j x missing.prom", "can't read missing.prom: no such file or directory"),
        ("pushgw push -j x .", "can't read .: it is a directory"),
        ("pushgw push -j x < .", "can't read standard input: is a directory"),
        ("pushgw push -j x /dev/zero", "can't read /dev/zero: it has more than 16 MiB, and no end in sight"),
        ("truncate -s 1073741825 big; pushgw push -j x big", "can't read big: it has more than 1024 MiB\n"),
        ("echo 'a 1' > one; pushgw push -j x one missing", "can't read missing: no such file or directory"),
        ("echo 'a 1' > one; ln -s one two; rm one; pushgw push -j x two", "can't read two: no such file"),
    ] {
        let (call, _server) = expecting_no_call(shell(script));
        call.code(1).stderr_has(message).run();
    }
}

#[test]
fn empty_input_is_not_pushed() {
    for script in [
        "pushgw push -j x < /dev/null",
        "pushgw push -j x /dev/null",
        "pushgw push -j x <&-",
        "false | pushgw push -j x",
        ": | pushgw push -j x -",
    ] {
        let (call, _server) = expecting_no_call(shell(script));
        call.code(3).stderr_has("nothing was sent").run();
    }
}

#[test]
fn a_deleted_file_that_is_still_open_is_read() {
    let (call, server) = expecting_push(shell("echo a 1 > f; exec 3< f; rm f; pushgw push -j x /dev/fd/3"));
    call.run();
    assert_eq!(body(&server), "a 1\n");
}

/// A unit test covers the rule, because the order of writes and reads can't be controlled here. This shows that it is
/// applied: another process writes to the file during the whole read.
#[test]
fn a_file_that_is_being_written_is_not_pushed() {
    let (call, _server) = expecting_no_call(shell(
        "head -c 60000000 /dev/zero | tr '\\0' '#' > f
         (while [ ! -e done ]; do printf '#' >> f; done) &
         pushgw push -j x f; code=$?
         touch done; wait; exit $code",
    ));
    call.code(1).stderr_has("it changed while it was read").run();
}

#[test]
fn the_output_of_a_successful_producer_is_pushed() {
    let (call, server) =
        expecting_push(pushgw().args(["push", "-j", "x", "--", "sh", "-c", "cat; echo b 2; echo said >&2"]));
    call.stdin("a 1\n").stderr("said\n").run();
    assert_eq!(body(&server), "a 1\nb 2\n");
}

#[test]
fn the_output_of_a_failed_producer_is_not_pushed() {
    for (script, code, message) in [
        ("echo a 1; exit 1", 1, "error: `sh` exited with status 1; nothing was sent\n"),
        ("echo a 1; exit 77", 77, "error: `sh` exited with status 77; nothing was sent\n"),
        ("echo a 1; kill -TERM $$", 143, "error: `sh` was ended by signal 15; nothing was sent\n"),
        ("echo a 1; kill -KILL $$", 137, "error: `sh` was ended by signal 9; nothing was sent\n"),
    ] {
        let (call, _server) = expecting_no_call(pushgw().args(["push", "-j", "x", "--", "sh", "-c", script]));
        call.code(code).stderr(message).run();
    }
}

#[test]
fn a_producer_that_can_not_be_run_has_the_exit_codes_of_a_shell() {
    let call = || pushgw().file("no-program", "x");
    let (missing, _server) = expecting_no_call(call().args(["push", "-j", "x", "--", "./missing"]));
    missing
        .code(127)
        .stderr("error: can't run `./missing`: no such file or directory; nothing was sent\n")
        .run();
    let (denied, _server) = expecting_no_call(call().args(["push", "-j", "x", "--", "./no-program"]));
    denied.code(126).stderr("error: can't run `./no-program`: permission denied; nothing was sent\n").run();
    let (empty, _server) = expecting_no_call(call().args(["push", "-j", "x", "--", ""]));
    empty.code(2).stderr_has("the COMMAND has an empty name: is the variable set?").run();
}

/// As in `-- $CMD` with an unset variable.
#[test]
fn a_separator_without_a_command_is_an_error() {
    for command in
        [&["push", "-j", "x", "--"][..], &["add", "-j", "x", "f", "--"], &["push", "--groups", "-", "--"]]
    {
        let (call, _server) = expecting_no_call(pushgw().args(command).stdin("a 1\n"));
        call.code(2).stderr_has("no COMMAND behind `--`: is the variable set?").run();
    }
}

#[test]
fn a_producer_excludes_other_input() {
    for other in [&["f.prom"][..], &["-m", "a 1"]] {
        let (call, _server) =
            expecting_no_call(pushgw().args(["push", "-j", "x"]).args(other).args(["--", "echo", "a 1"]));
        call.code(2).stderr_has("cannot be used with").run();
    }
    let (call, _server) = expecting_no_call(pushgw().args(["push", "--groups", "f", "--", "echo", "a 1"]));
    call.code(2).stderr_has("cannot be used with").run();
}

#[test]
fn problems_in_a_producers_output_have_line_numbers() {
    let (call, _server) = expecting_no_call(pushgw().args([
        "push",
        "-j",
        "x",
        "--message-format",
        "short",
        "--",
        "echo",
        "a b",
    ]));
    call.code(3).stderr_has("<command>:1:").run();
    let (call, _server) = expecting_no_call(pushgw().args(["push", "-j", "x", "--", "true"]));
    call.code(3).stderr_has("nothing was sent").run();
}

/// Starts a push of this script's output and sends the signal when the script prints `ready`. Standard input is closed
/// after the signal, or else after the exit. Returns the exit code and what follows `ready` on standard error.
fn signal_during_producer(url: &str, script: &str, signal: Signal, close_stdin: bool) -> (i32, String) {
    let mut child = with_default_signals(env!("CARGO_BIN_EXE_pushgw"))
        .args(["push", "-j", "x", "-g", url, "--", "sh", "-c", script])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // `wait` would close this pipe.
    let stdin = child.stdin.take();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    kill_process(Pid::from_child(&child), signal).unwrap();
    let stdin = stdin.filter(|_| !close_stdin);
    let status = child.wait().unwrap();
    drop(stdin);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    (status.code().unwrap_or_else(|| panic!("{status}: {rest}")), rest)
}

/// A signal to pushgw alone, as from a supervisor, also stops the producer.
#[test]
fn a_signal_reaches_the_producer() {
    let server = Server::unused();
    let script = "echo ready >&2; echo a 1; read line; echo never reached >&2";
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let (status, stderr) = signal_during_producer(&server.url(), script, signal, false);
        assert_eq!(status, code, "{stderr}");
        assert!(stderr.contains("nothing was sent"), "{stderr}");
    }
}

/// A producer that was asked to stop has not written everything, even if it exits with status 0.
#[test]
fn the_output_of_a_stopped_producer_is_not_pushed() {
    let server = Server::unused();
    let stopping = "trap 'kill $!; exit 0' TERM; sleep 60 >&2 & echo a 1; echo ready >&2; wait";
    // SIGINT is not forwarded, because a terminal sends it to the producer too. This producer ignores it.
    let ignoring = "trap '' INT; echo a 1; echo ready >&2; read line; exit 0";
    for (signal, script, code) in [(Signal::TERM, stopping, 143), (Signal::INT, ignoring, 130)] {
        let (status, stderr) = signal_during_producer(&server.url(), script, signal, script == ignoring);
        assert_eq!(status, code, "{stderr}");
        let number = code - 128;
        let message = format!("error: `sh` was told to stop by signal {number}; nothing was sent\n");
        assert_eq!(stderr, message);
    }
}

/// After the producer has exited, signals have their default action again.
#[test]
fn a_signal_kills_the_push_after_a_producer() {
    let (sender, received) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let server = Server::start(move |connection, _| {
        if connection.read_request().is_some() {
            sender.lock().unwrap().send(()).unwrap();
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
    received.recv_timeout(crate::support::TIMEOUT).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2));
}

/// As under `nohup`, for a push that must outlive its shell.
#[test]
fn an_ignored_signal_stays_ignored() {
    let (call, server) =
        expecting_push(shell("trap '' HUP; exec pushgw push -j x -- sh -c 'kill -HUP $PPID; echo a 1'"));
    call.run();
    assert_eq!(body(&server), "a 1\n");
}

/// The time limit applies to the request, not to the producer.
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
