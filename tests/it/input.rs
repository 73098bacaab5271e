//! Tests that pushgw pushes either the complete input or nothing, with files, pipes, devices and commands as input.

use crate::support::{Pushgw, Running, Server, pushgw, shell, with_default_signals};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

/// Returns the call with a server that must not be called.
fn refused(call: Pushgw) -> (Pushgw, Server) {
    let server = Server::unused();
    (call.env("PUSHGATEWAY_URL", server.url()), server)
}

/// Returns the call with a server that accepts every request.
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
fn empty_input_is_not_pushed() {
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
fn an_open_file_is_read_after_its_deletion() {
    let (call, server) = taken(shell("echo a 1 > f; exec 3< f; rm f; pushgw push -j x /dev/fd/3"));
    call.run();
    assert_eq!(body(&server), "a 1\n");
}

/// These files have fewer bytes than their length says.
#[test]
fn a_file_in_sys_is_read_to_its_end() {
    for (path, code) in [
        ("/sys/devices/system/node/node0/numastat", 0),
        ("/sys/class/net/lo/mtu", 3),
        ("/sys/kernel/mm/transparent_hugepage/enabled", 3),
    ] {
        if std::fs::read(path).is_ok_and(|text| !text.is_empty()) {
            pushgw().args(["check", path]).code(code).any_stdout().any_stderr().run();
        }
    }
}

/// Another process writes to the file while pushgw reads it. A unit test covers the exact rule, because the timing here
/// is not deterministic.
#[test]
fn a_file_that_is_being_written_is_not_pushed() {
    let (call, _server) = refused(shell(
        "head -c 60000000 /dev/zero | tr '\\0' '#' > f
         (while [ ! -e done ]; do printf '#' >> f; done) &
         pushgw push -j x f; code=$?
         touch done; wait; exit $code",
    ));
    call.code(1).stderr_has("the file changed while it was being read").run();
}

#[test]
fn the_output_of_a_successful_producer_is_pushed() {
    let (call, server) =
        taken(pushgw().args(["push", "-j", "x", "--", "sh", "-c", "cat; echo b 2; echo said >&2"]));
    call.stdin("a 1\n").stderr("said\n").run();
    assert_eq!(body(&server), "a 1\nb 2\n");
}

#[test]
fn the_output_of_a_failed_producer_is_not_pushed() {
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
fn a_producer_that_cannot_run_has_the_same_status_as_in_a_shell() {
    let call = || pushgw().file("no-program", "x");
    let (missing, _server) = refused(call().args(["push", "-j", "x", "--", "./missing"]));
    missing
        .code(127)
        .stderr("error: can't run `./missing`: no such file or directory; nothing was sent\n")
        .run();
    let (denied, _server) = refused(call().args(["push", "-j", "x", "--", "./no-program"]));
    denied
        .code(126)
        .stderr(
            "error: can't run `./no-program`: permission denied; nothing was sent\n\
             hint: to make it executable: chmod +x ./no-program\n",
        )
        .run();
    let (empty, _server) = refused(call().args(["push", "-j", "x", "--", ""]));
    empty.code(2).stderr_has("COMMAND is empty: is a variable unset?").run();
}

/// Such a command line is the result of `-- $CMD` if the variable is unset.
#[test]
fn a_separator_without_a_command_is_an_error() {
    for command in
        [&["push", "-j", "x", "--"][..], &["add", "-j", "x", "f", "--"], &["push", "--groups", "-", "--"]]
    {
        let (call, _server) = refused(pushgw().args(command).stdin("a 1\n"));
        call.code(2).stderr_has("COMMAND is missing after `--`: is a variable unset?").run();
    }
}

#[test]
fn a_producer_excludes_other_input() {
    for other in [&["f.prom"][..], &["-m", "a 1"]] {
        let (call, _server) =
            refused(pushgw().args(["push", "-j", "x"]).args(other).args(["--", "echo", "a 1"]));
        call.code(2).stderr_has("cannot be used with").run();
    }
    let (call, _server) = refused(pushgw().args(["push", "--groups", "f", "--", "echo", "a 1"]));
    call.code(2).stderr_has("cannot be used with").run();
}

#[test]
fn the_output_of_a_producer_is_checked() {
    let (call, _server) =
        refused(pushgw().args(["push", "-j", "x", "--message-format", "short", "--", "echo", "a b"]));
    call.code(3).stderr_has("<command>:1:").run();
    let (call, _server) = refused(pushgw().args(["push", "-j", "x", "--", "true"]));
    call.code(3).stderr_has("nothing was sent").run();
}

/// A signal that only pushgw receives, for example from a supervisor, also stops the producer.
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
        // `wait` would close standard input, and the producer would continue.
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

/// A producer that exits with 0 after a signal has not finished, so its output is incomplete.
#[test]
fn the_output_of_a_stopped_producer_is_not_pushed() {
    let server = Server::unused();
    let orderly = "trap 'kill $!; exit 0' TERM; sleep 60 >&2 & echo a 1; echo ready >&2; wait";
    // pushgw does not forward SIGINT, because a terminal also sends it to the producer. This producer ignores it.
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

/// After the producer has ended, signals have their default effect again.
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

/// `nohup` ignores SIGHUP in this way, so that a push outlives its shell.
#[test]
fn an_ignored_signal_stays_ignored() {
    let (call, server) =
        taken(shell("trap '' HUP; exec pushgw push -j x -- sh -c 'kill -HUP $PPID; echo a 1'"));
    call.run();
    assert_eq!(body(&server), "a 1\n");
}

/// The time limit applies only to the request, and not to the producer of the input.
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
