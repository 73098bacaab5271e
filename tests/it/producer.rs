//! Tests that `push … -- COMMAND` always ends, no matter how the command handles signals and which processes it leaves
//! running.
//!
//! In these tests, a `cat` of standard input keeps the output open. It ends when the test closes its standard input.

use crate::support::{
    Pushgw, Running, Server, is_installed, program, pushgw, wait_until, with_default_signals,
};
use rustix::process::Signal;
use std::process::{Child, Command, Stdio};

const HELD: &str =
    "error: `sh` exited, but a background process still holds its output open; nothing was sent\n";

/// Returns a push whose COMMAND is `sh -c` with this script, and a server that must not be called.
fn refused(script: &str) -> (Pushgw, Server) {
    let server = Server::unused();
    let call = pushgw().args(["push", "-j", "x", "-g", &server.url(), "--", "sh", "-c", script]);
    (call.silent_stdin(), server)
}

/// Starts the same push, and waits until the script has printed that it is ready.
fn start(script: &str) -> (Running, Server) {
    let server = Server::unused();
    let mut command = with_default_signals(env!("CARGO_BIN_EXE_pushgw"));
    command.args(["push", "-j", "x", "-g", &server.url(), "--"]);
    (Running::start(command, script), server)
}

/// SIGTERM ends the shell, but not the processes that it has started.
#[test]
fn a_signal_ends_the_push_although_a_grandchild_keeps_the_output_open() {
    for (signal, code, name) in [(Signal::TERM, 143, "SIGTERM"), (Signal::HUP, 129, "SIGHUP")] {
        for script in [
            "exec 3<&0; echo a 1; cat <&3 & echo ready >&2; wait",
            "exec 3<&0; echo a 1; cat <&3 & exec sh -c 'echo ready >&2; read line <&3'",
        ] {
            let (running, _server) = start(script);
            running.send(signal);
            let said = format!("error: `sh` was killed by {name}; nothing was sent\n");
            assert_eq!(running.end(), (Some(code), said), "{script}");
        }
    }
    // The shell exits normally, but its child keeps running.
    let (running, _server) = start("trap 'exit 0' TERM; exec 3<&0; cat <&3 & echo ready >&2; wait");
    running.send(Signal::TERM);
    let said = "error: stopped by SIGTERM before the output of `sh` was complete; nothing was sent\n";
    assert_eq!(running.end(), (Some(143), said.to_owned()));
    // The shell's own exit status is passed on.
    let (running, _server) = start("trap 'exit 3' TERM; exec 3<&0; cat <&3 & echo ready >&2; wait");
    running.send(Signal::TERM);
    assert_eq!(running.end(), (Some(3), "error: `sh` exited with status 3; nothing was sent\n".to_owned()));
}

#[test]
fn a_second_signal_does_not_wait_for_the_command() {
    for (signal, code, name) in
        [(Signal::TERM, 143, "SIGTERM"), (Signal::INT, 130, "SIGINT"), (Signal::QUIT, 131, "SIGQUIT")]
    {
        let (mut running, _server) =
            start("trap '' TERM INT QUIT; exec 3<&0; cat <&3 & echo ready >&2; read line <&3");
        // Signals that arrive close together count as one.
        wait_until("the end of pushgw", || {
            running.has_ended() || {
                running.send(signal);
                false
            }
        });
        let said =
            format!("error: stopped by {name} before the output of `sh` was complete; nothing was sent\n");
        assert_eq!(running.end(), (Some(code), said));
    }
    // The first SIGINT was for pushgw only; the second one also stops the command.
    let (mut running, _server) =
        start("trap '' INT; trap 'echo stopped >&2; exit' TERM; exec 3<&0; cat <&3 & echo ready >&2; wait");
    wait_until("the end of pushgw", || {
        running.has_ended() || {
            running.send(Signal::INT);
            false
        }
    });
    let (code, said) = running.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("stopped\n"), "{said}");
}

#[test]
fn output_that_stays_open_after_the_command_is_an_error() {
    let (call, _server) = refused("exec 3<&0; echo a 1; cat <&3 2>/dev/null &");
    call.code(1)
        .stderr(format!(
            "{HELD}hint: redirect the output of background processes: start-daemon >/dev/null &\n"
        ))
        .run();
    // pushgw does not wait for a daemon that never stops writing either.
    let (call, _server) = refused("while echo a 1; do :; done 2>/dev/null &");
    call.code(1).stderr_has(HELD).run();
    // If the command has failed, pushgw does not wait for anything else.
    let (call, _server) = refused("exec 3<&0; echo a 1; cat <&3 2>/dev/null & exit 7");
    call.code(7).stderr("error: `sh` exited with status 7; nothing was sent\n").run();
    let (call, _server) = refused("exec 3<&0; echo a 1; cat <&3 2>/dev/null & kill -KILL $$");
    call.code(137).stderr("error: `sh` was killed by SIGKILL; nothing was sent\n").run();
}

/// Tests output from processes that the shell does not wait for, as in bash's `> >(sed …)`, and a daemon whose output
/// is redirected properly.
#[test]
fn output_of_short_lived_background_processes_is_pushed() {
    for (script, body) in [
        ("echo a 1; { while kill -0 $$ 2>/dev/null; do :; done; echo b 2; } &", "a 1\nb 2\n"),
        ("exec 3<&0; echo a 1; cat <&3 >/dev/null 2>&1 &", "a 1\n"),
        // The command closes its output before it exits.
        ("echo a 1; exec >&-; sh -c :", "a 1\n"),
    ] {
        let server = Server::answering(200, "");
        pushgw()
            .args(["push", "-j", "x", "-g", &server.url(), "--", "sh", "-c", script])
            .silent_stdin()
            .run();
        assert_eq!(server.request().body, body.as_bytes(), "{script}");
    }
}

#[test]
fn ctrl_c_ends_the_push_although_a_grandchild_keeps_the_output_open() {
    for (script, said) in [
        // A shell lets its background processes ignore Ctrl-C.
        ("exec 3<&0; cat <&3 & echo ready >&2; wait", "`sh` was killed by SIGINT; nothing was sent"),
        (
            "trap 'exit 0' INT; exec 3<&0; cat <&3 & echo ready >&2; wait",
            "stopped by SIGINT before the output of `sh` was complete; nothing was sent",
        ),
    ] {
        let (call, _server) = refused(script);
        let mut session = call.controlled(120).session();
        session.wait_for("ready");
        session.type_keys("\x03");
        session.wait_for(said);
        assert_eq!(session.end().status.code(), Some(130), "{script}");
    }
}

/// Tests how `timeout` ends pushgw: the script makes its time run out when it is ready.
#[test]
fn timeout_ends_the_push() {
    const RUN_OUT: &str = "read -r _ _ _ timeout _ </proc/$PPID/stat; kill -ALRM $timeout";
    let built = env!("CARGO_BIN_EXE_pushgw");
    let server = Server::unused();
    let push = |options: &[&str], script: &str| {
        let script = script.replace("RUN_OUT", RUN_OUT);
        program("timeout")
            .args(options)
            .args(["600", built, "push", "-j", "x", "-g", &server.url(), "--", "sh", "-c", &script])
            .silent_stdin()
            .code(124)
    };
    // The signal is sent only to pushgw.
    push(&["--foreground"], "exec 3<&0; echo a 1; cat <&3 2>/dev/null & RUN_OUT; wait")
        .stderr("error: `sh` was killed by SIGTERM; nothing was sent\n")
        .run();
    // The signal is sent to pushgw, and then to its process group. This counts as one signal, so pushgw waits for a
    // command that cleans up.
    push(
        &[],
        "trap 'echo cleaned >&2; exit 0' TERM; exec 3<&0; echo a 1; cat <&3 2>/dev/null & RUN_OUT; wait",
    )
    .stderr("cleaned\nerror: stopped by SIGTERM before the output of `sh` was complete; nothing was sent\n")
    .run();
}

/// Signals that it does not handle can't kill the first process of a container.
#[test]
fn a_signal_ends_process_1_of_a_container() {
    const UNSHARE: [&str; 4] = ["--user", "--map-root-user", "--pid", "--fork"];
    let can =
        || Command::new("unshare").args(UNSHARE).arg("true").output().is_ok_and(|it| it.status.success());
    if !is_installed("unshare") || !can() {
        eprintln!("skipped: no PID namespace can be made");
        return;
    }
    let (tell, told) = std::sync::mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    let server = Server::start(move |connection, _| {
        if connection.read_request().is_some() {
            tell.lock().unwrap().send(()).unwrap();
            connection.hang();
        }
    });
    let start = |script: &str| {
        Command::new("unshare")
            .args(UNSHARE)
            .arg(env!("CARGO_BIN_EXE_pushgw"))
            .args(["push", "-j", "x", "-g", &server.url(), "--", "sh", "-c", script])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let end = |mut child: Child| {
        wait_until("the end of pushgw", || child.try_wait().unwrap().is_some());
        child.wait().unwrap().code()
    };
    let mut child = start("exec 3<&0; cat <&3 & kill -TERM 1; read line <&3");
    let stdin = child.stdin.take();
    assert_eq!(end(child), Some(143));
    drop(stdin);
    // This signal arrives during the request.
    let mut child = start("exec 3<&0; { cat <&3; kill -TERM 1; } >/dev/null & echo a 1");
    let stdin = child.stdin.take();
    told.recv_timeout(crate::support::TIMEOUT).unwrap();
    drop(stdin);
    assert_eq!(end(child), Some(143));
}

#[test]
fn the_producer_does_not_get_the_secrets() {
    let script =
        "echo \"${PUSHGATEWAY_PASSWORD:-none} ${PUSHGATEWAY_BEARER_TOKEN:-none} $OTHER\" >&2; exit 3";
    for secret in ["PUSHGATEWAY_PASSWORD", "PUSHGATEWAY_BEARER_TOKEN"] {
        let (call, _server) = refused(script);
        call.env(secret, "hunter2")
            .env("OTHER", "kept")
            .code(3)
            .stderr("none none kept\nerror: `sh` exited with status 3; nothing was sent\n")
            .run();
    }
}

#[test]
fn the_producer_does_not_get_a_url_with_a_secret() {
    let script = "echo \"${PUSHGATEWAY_URL:-none} ${PUSHGATEWAY_REMOTE_WRITE:-none}\" >&2; exit 3";
    for (variable, url, passed_on) in [
        ("PUSHGATEWAY_URL", "http://me:hunter2@[::1]:1", "none none"),
        ("PUSHGATEWAY_URL", "http://[::1]:1", "http://[::1]:1 none"),
        ("PUSHGATEWAY_REMOTE_WRITE", "http://[::1]:1/write?token=hunter2", "none none"),
        ("PUSHGATEWAY_REMOTE_WRITE", "http://token@[::1]:1/write", "none none"),
        ("PUSHGATEWAY_REMOTE_WRITE", "http://[::1]:1/write", "none http://[::1]:1/write"),
    ] {
        let call = |args: &[&str]| pushgw().args(args).args(["--", "sh", "-c", script]).env(variable, url);
        call(&["push", "-j", "x"]).code(3).stderr_has(format!("{passed_on}\n")).run();
        call(&["run", "-j", "x", "--timeout", "2s", "--retries", "0"])
            .code(3)
            .stderr_has(format!("{passed_on}\n"))
            .run();
    }
}

#[test]
fn without_threads_a_push_fails_with_a_message() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let without_threads = |args: &[&str]| {
        pushgw().args(["push", "-j", "x"]).args(args).env("RUST_MIN_STACK", "99999999999").code(1)
    };
    let cause = "resource temporarily unavailable";
    without_threads(&["-g", "127.0.0.1:1", "--", "echo", "a 1"])
        .stderr(format!("error: can't handle signals: {cause}\n"))
        .run();
    without_threads(&["-m", "a 1", "--textfile", "."])
        .stderr(format!("error: can't lock .: {cause}\n"))
        .run();
}
