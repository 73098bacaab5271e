//! Tests `pushgw run`: the job runs as it would without pushgw, and its result is reported, no matter how the gateway
//! behaves.

use crate::support::{
    Connection, Gateway, Prometheus, Pushgw, Request, Running, Server, TIMEOUT, is_installed, newest_gateway,
    on_every_gateway, program, prometheus_versions, pushgw, wait_until, with_default_signals,
};
use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

/// Returns a call of `pushgw run -j x` with these options and a script for `sh`.
fn run_script(url: &str, options: &[&str], script: &str) -> Pushgw {
    pushgw().args(["run", "-j", "x", "-g", url]).args(options).args(["--", "sh", "-c", script])
}

/// Returns the value of a series in a pushed text.
fn sample(request: &Request, series: &str) -> Option<f64> {
    let text = String::from_utf8(request.body.clone()).unwrap();
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// Starts a server that hangs on requests that contain this text, and accepts all others. The receiver gets every
/// request.
fn hanging_for(text: &'static str) -> (Server, Receiver<String>) {
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let server = Server::start(move |connection: &mut Connection, _| {
        while let Some(request) = connection.read_request() {
            let body = String::from_utf8(request.body).unwrap();
            let hangs = body.contains(text);
            let _ = sender.lock().unwrap().send(body);
            if hangs {
                connection.hang();
            } else {
                connection.answer(200, &[], "");
            }
        }
    });
    (server, receiver)
}

#[test]
fn a_success_is_one_post_with_all_metrics_and_prints_nothing() {
    let server = Server::answering(200, "");
    let options = ["-i", "db1", "--expect-every", "26h"];
    run_script(&server.url(), &options, "echo out; echo err >&2; cat")
        .stdin("typed\n")
        .stdout("out\ntyped\n")
        .stderr("err\n")
        .run();
    let request = server.request();
    assert_eq!((&*request.method, &*request.path), ("POST", "/metrics/job/x/instance/db1"));
    let of = |name: &str| sample(&request, name).unwrap_or_else(|| panic!("no {name}"));
    let (start, end) = (of("job_last_start_timestamp_seconds"), of("job_last_completion_timestamp_seconds"));
    assert!(start <= end && start > 1.7e9, "{start} {end}");
    assert_eq!(of("job_last_success_timestamp_seconds").to_bits(), end.to_bits());
    assert!(of("job_last_duration_seconds") > 0.0);
    assert_eq!(sample(&request, "job_last_exit_status"), Some(0.0));
    assert!(of("job_last_cpu_seconds{mode=\"user\"}") + of("job_last_cpu_seconds{mode=\"system\"}") > 0.0);
    assert!(of("job_last_max_resident_memory_bytes") > 100_000.0);
    assert_eq!(sample(&request, "job_expected_interval_seconds"), Some(93_600.0));
    assert_eq!(sample(&request, "job_expected_duration_seconds"), None);
    let text = String::from_utf8(request.body).unwrap();
    for name in text.lines().filter(|line| !line.starts_with('#')) {
        let name = name.split(['{', ' ']).next().unwrap();
        assert!(
            text.contains(&format!("# TYPE {name} gauge\n")) && text.contains(&format!("# HELP {name} "))
        );
    }
}

#[test]
fn the_exit_status_is_passed_on_and_pushed() {
    let killed = ["sh", "-c", "kill -TERM $$"];
    for (command, code, said) in [
        (&["sh", "-c", "exit 3"][..], 3, ""),
        (&["sh", "-c", "exit 255"], 255, ""),
        (&killed, 143, ""),
        (&["/nonexistent/x"], 127, "error: can't run `/nonexistent/x`: no such file or directory\n"),
        (&["/"], 126, "error: can't run `/`: permission denied\n"),
    ] {
        let server = Server::answering(200, "");
        let call = pushgw().args(["run", "-j", "x", "--prefix", "nightly", "-g", &server.url(), "--"]);
        call.args(command).code(code).stderr(said).run();
        let request = server.request();
        assert_eq!(sample(&request, "nightly_last_exit_status"), Some(f64::from(code)), "{command:?}");
        assert_eq!(sample(&request, "nightly_last_success_timestamp_seconds"), None, "{command:?}");
    }
}

#[test]
fn other_exit_statuses_can_count_as_success() {
    for (option, code, is_success) in [("24,25", 25, true), ("24,25", 3, false), ("24", 0, true)] {
        let server = Server::answering(200, "");
        let script = format!("exit {code}");
        run_script(&server.url(), &["--ok-status", option], &script).code(code).run();
        let success = sample(&server.request(), "job_last_success_timestamp_seconds");
        assert_eq!(success.is_some(), is_success, "{option} {code}");
    }
}

#[test]
fn only_invalid_arguments_keep_the_command_from_running() {
    for words in [
        "-j x --unknown -- touch ran",
        "-j x --",
        "-j x touch ran",
        "-- touch ran",
        "-j x --expect-every 5 -- touch ran",
        "-j x --expect-within soon -- touch ran",
        "-j x --timeout 0s -- touch ran",
        "-j x --ok-status 256 -- touch ran",
        "-j x --ok-status 1, -- touch ran",
        "-j x --prefix 9a -- touch ran",
        "-g http://gw --url http://gw/metrics/job/x -- touch ran",
    ] {
        let call = pushgw().arg("run").args(words.split(' ')).code(125);
        let ran = call.directory().join("ran");
        call.stderr_has("error: ").run();
        assert!(!ran.exists(), "{words}");
    }
    pushgw().args(["run", "-j", "x", "--", ""]).code(125).stderr_has("COMMAND is empty").run();
    pushgw().args(["--color", "never", "run", "--no"]).code(125).any_stderr().run();
    pushgw().args(["run", "--help"]).stdout_has("Usage: pushgw run").run();
    pushgw().args(["run", "-j", "x", "sleep", "5"]).code(125).stderr_has("comes after `--`").run();
}

/// Each problem is reported in one line, and the command still runs.
#[test]
fn other_problems_are_reported_after_the_command() {
    let (url, missing) = ("http://127.0.0.1:1", "/nonexistent/file");
    for (name, options, said) in [
        ("sh", &["-j", ""][..], "the job is empty"),
        ("x", &["-j", "x", "-l", "host="], "`host` has an empty value"),
        ("x", &["-j", "x", "-l", "host"], "host"),
        ("x", &["-j", "x", "-g", ""], "--gateway is empty"),
        ("x", &["-j", "x", "-g", "ftp://gw"], "--gateway: "),
        ("x", &["-j", "x", "--expect-every", ""], "--expect-every is empty"),
        ("x", &["-j", "x", "-u", "me", "--password-file", missing], "--password-file: no such file"),
        ("x", &["-j", "x", "-g", "https://127.0.0.1:1", "--ca-cert", missing], missing),
        ("x", &["-j", "x", "-g", url, "--retries", "0"], "can't connect"),
        ("x", &["--url", "http://127.0.0.1:1/metrics/job/x", "--retries", "0"], "can't connect"),
    ] {
        let call = |more: &[&str]| {
            let call = pushgw().arg("run").args(options).args(more);
            call.args(["--", "sh", "-c", "echo ran; exit 3"]).code(3).stdout("ran\n")
        };
        let start = format!("warning: {name} exited with status 3, but the report failed: ");
        let told = call(&[]).stderr_has(&start).stderr_has(said).run().stderr();
        assert_eq!(told.lines().count(), 1, "{told}");
        call(&["-q"]).run();
    }
}

#[test]
fn a_report_can_be_required() {
    let call = |script: &str, code: i32| {
        let options = ["--require-push", "--retries", "0", "-q", "--ok-status", "24"];
        run_script("http://127.0.0.1:1", &options, script)
            .code(code)
            .stderr_has("error: x exited with status ")
    };
    call("exit 0", 6).run();
    call("exit 24", 6).run();
    call("exit 3", 3).run();
    let server = Server::answering(403, "");
    run_script(&server.url(), &["--require-push"], "exit 0").code(4).any_stderr().run();
}

#[test]
fn verbose_shows_what_was_pushed() {
    let server = Server::answering(200, "");
    let place = format!("{{job=\"x\"}} on {}", server.url());
    run_script(&server.url(), &["-v"], "exit 3")
        .code(3)
        .stderr_has(format!("reported x to {place}: exit status 3 after "))
        .run();
}

#[test]
fn a_gateway_that_hangs_or_breaks_causes_only_a_warning() {
    let call = |url: &str, timeout: &str| {
        let start = "warning: x exited with status 3, but the report failed: ";
        run_script(url, &["--timeout", timeout], "echo ran; exit 3").code(3).stdout("ran\n").stderr_has(start)
    };
    let (server, _) = hanging_for("job_");
    call(&server.url(), "300ms").stderr_has("no response within 300ms").run();
    // Reading a file named by an option can also hang.
    let hangs = call("http://127.0.0.1:1", "300ms").stderr_has("not finished within --timeout");
    let fifo = hangs.directory().join("password");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    hangs.env("PUSHGATEWAY_USER", "me").env("PUSHGATEWAY_PASSWORD_FILE", &fifo).run();
    call("http://name.invalid", "300ms").run();
    let server = Server::start(|connection, _| {
        connection.read_head();
        connection.reset();
    });
    call(&server.url(), "50s").stderr_has("the connection was lost").run();
    let server = Server::answering(500, "no\nspace");
    let told = call(&server.url(), "50s").stderr_has("says: no space").run().stderr();
    assert_eq!(told.lines().count(), 1, "{told}");
}

/// The request for the start is never answered, but the request for the end is.
#[test]
fn a_slow_start_push_delays_nothing() {
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let server = Server::start(move |connection: &mut Connection, _| {
        while let Some(request) = connection.read_request() {
            let is_end = sample(&request, "job_last_completion_timestamp_seconds").is_some();
            sender.lock().unwrap().send(request).unwrap();
            if is_end {
                connection.answer(200, &[], "");
            } else {
                connection.hang();
            }
        }
    });
    let options = ["--expect-within", "2h", "--expect-every", "26h", "--timeout", "50s"];
    // The command waits until the request for the start has arrived.
    let mut session = run_script(&server.url(), &options, "read line").controlled(80).session();
    let start = receiver.recv_timeout(TIMEOUT).unwrap();
    session.type_keys("\n");
    let end = receiver.recv_timeout(TIMEOUT).unwrap();
    assert_eq!(session.end().status.code(), Some(0));
    let lines = |request: &Request| String::from_utf8(request.body.clone()).unwrap();
    let (start, end) = (lines(&start), lines(&end));
    assert_eq!(start.lines().filter(|line| !line.starts_with('#')).count(), 3, "{start}");
    assert!(start.lines().all(|line| end.lines().any(|other| other == line)), "{start}{end}");
}

#[test]
fn the_command_can_push_its_own_metrics() {
    let write = "echo 'files 12' >>\"$PUSHGW_METRICS\"";
    for (options, script, files) in [
        (&[][..], write.to_owned(), Some(12.0)),
        (&[], format!("{write}; exit 1"), None),
        (&["--metrics-always"], format!("{write}; exit 1"), Some(12.0)),
        (&["--ok-status", "1"], format!("{write}; exit 1"), Some(12.0)),
        (&["-m", "files 13"], String::new(), Some(13.0)),
        (&["-m", "files 13"], "exit 1".to_owned(), None),
        (&["--metrics", "own.prom"], "echo files 14 >own.prom".to_owned(), Some(14.0)),
        (&["--metrics", "", "-m", "files 15"], String::new(), Some(15.0)),
    ] {
        let server = Server::answering(200, "");
        let said =
            if options.contains(&"") { "warning: --metrics is empty: is a variable unset?\n" } else { "" };
        run_script(&server.url(), options, &script).any_code().stderr(said).run();
        let request = server.request();
        assert_eq!(sample(&request, "files"), files, "{options:?} {script}");
        assert!(sample(&request, "job_last_exit_status").is_some());
    }
}

#[test]
fn the_metrics_file_is_private_and_temporary() {
    let server = Server::answering(200, "");
    let script = "cd \"${PUSHGW_METRICS%/*}\" && pwd && stat -c '%a %s' . \"$PUSHGW_METRICS\" | head -1";
    let call = run_script(&server.url(), &[], script);
    let folder = call.directory().to_owned();
    let said = call.env("TMPDIR", &folder).stdout_has("\n700 ").run().stdout();
    assert!(said.starts_with(folder.to_str().unwrap()), "{said}");
    assert!(!std::path::Path::new(said.lines().next().unwrap()).exists(), "{said}");
    // A job that uses the variable also works without the file.
    let server = Server::answering(200, "");
    run_script(&server.url(), &[], "set -e; echo 'files 1' >>\"$PUSHGW_METRICS\"; echo ran")
        .env("TMPDIR", "/nonexistent")
        .stdout("ran\n")
        .stderr("warning: can't create the file for $PUSHGW_METRICS: no such file or directory\n")
        .run();
    assert_eq!(sample(&server.request(), "files"), None);
}

#[test]
fn a_full_disk_for_metrics_does_not_affect_the_job() {
    let unshare = ["--user", "--map-root-user", "--mount"];
    // Mount a file system that has no room for another file.
    let mount = "mkdir full && mount -t tmpfs -o nr_inodes=1 none full";
    let folder = tempfile::tempdir().unwrap();
    let tried = Command::new("unshare").args(unshare).args(["sh", "-c", mount]).current_dir(&folder).output();
    if !tried.is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: no file system can be mounted");
        return;
    }
    let server = Server::answering(200, "");
    let run = format!("{} run -j x -g {} -- sh -c", env!("CARGO_BIN_EXE_pushgw"), server.url());
    let job = "echo files 1 >>$PUSHGW_METRICS; echo ran";
    program("unshare")
        .args(unshare)
        .args(["sh", "-c", &format!("{mount}; TMPDIR=$PWD/full {run} '{job}'")])
        .stdout("ran\n")
        .stderr_has("can't create the file for $PUSHGW_METRICS: no space left on device")
        .run();
    server.request();
}

#[test]
fn a_file_that_the_command_did_not_write_is_ignored() {
    for (script, why) in [
        ("true", "the command did not write it"),
        ("rm own.prom", "no such file or directory"),
        ("rm own.prom; mkdir own.prom", "it is not a regular file"),
    ] {
        let server = Server::answering(200, "");
        run_script(&server.url(), &["--metrics", "own.prom"], script)
            .file("own.prom", "files 1\n")
            .stderr(format!("warning: --metrics: own.prom is ignored: {why}\n"))
            .run();
        assert_eq!(sample(&server.request(), "files"), None, "{script}");
    }
    let server = Server::answering(200, "");
    run_script(&server.url(), &["--metrics", "own.prom"], "echo files 2 >own.prom")
        .file("own.prom", "files 1\n")
        .run();
    assert_eq!(sample(&server.request(), "files"), Some(2.0));
}

#[test]
fn invalid_metrics_are_shown_and_the_run_is_reported_without_them() {
    let warning = "warning: x was reported without its metrics: 1 error\n";
    for (line, said) in [
        ("files 1,2", "error[value]: `1,2` has a decimal comma\n --> $PUSHGW_METRICS:1:7\n"),
        ("job_last_exit_status 1", "error[duplicate-series]: "),
        ("push_time_seconds 1", "error[reserved-name]: "),
    ] {
        let server = Server::answering(200, "");
        run_script(&server.url(), &[], &format!("echo {line} >>\"$PUSHGW_METRICS\""))
            .stderr_has(said)
            .stderr_has(warning)
            .run();
        assert_eq!(sample(&server.request(), "job_last_exit_status"), Some(0.0), "{line}");
    }
    let server = Server::answering(200, "");
    run_script(&server.url(), &["--require-push", "-m", "a b"], "").code(3).stderr_has("error: x was").run();
    server.request();
}

#[test]
fn metrics_that_the_gateway_rejects_are_omitted() {
    let server = Server::start(|connection, _| {
        while let Some(request) = connection.read_request() {
            if sample(&request, "files").is_some() {
                connection.answer(400, &[], "files is a counter");
            } else {
                connection.answer(200, &[], "");
            }
        }
    });
    let url = server.url();
    run_script(&url, &["-m", "files 12"], "")
        .stderr(format!(
            "warning: x was reported without its metrics: POST {url}/metrics/job/x: the server rejected the request \
             (400 Bad Request); {} says: files is a counter\n",
            server.address()
        ))
        .run();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(sample(&requests[1], "job_last_success_timestamp_seconds").is_some());
}

#[test]
fn a_script_without_an_interpreter_runs_as_in_a_shell() {
    let server = Server::answering(200, "");
    let call = pushgw().args(["run", "-j", "x", "-g", &server.url(), "--", "./job", "an argument"]);
    let script = call.directory().join("job");
    std::fs::write(&script, "echo \"$1\"; exit 3\n").unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&script).status().unwrap().success());
    call.code(3).stdout("an argument\n").run();
}

#[test]
fn the_command_does_not_get_the_secrets() {
    let server = Server::answering(200, "");
    run_script(&server.url(), &[], "env | grep -c -e hunter2 -e PUSHGATEWAY_USER")
        .envs(&[
            ("PUSHGATEWAY_PASSWORD", "hunter2"),
            ("PUSHGATEWAY_HEADER", "X-Token: hunter2"),
            ("PUSHGATEWAY_USER", "me"),
        ])
        .stdout("1\n")
        .run();
    let request = server.request();
    assert_eq!(request.header("x-token"), Some("hunter2"));
    assert!(request.header("authorization").is_some());
}

#[test]
fn the_command_has_the_terminal() {
    let server = Server::answering(200, "");
    run_script(&server.url(), &[], "test -t 0 && test -t 1 && test -t 2 && echo all")
        .controlled(80)
        .screen_is("all\n")
        .run();
}

fn run_command(url: &str) -> Command {
    let mut command = with_default_signals(env!("CARGO_BIN_EXE_pushgw"));
    command.args(["run", "-j", "x", "-g", url, "--"]);
    command
}

/// Waits for the end of standard input. A trap can interrupt the wait.
const WAIT: &str = "exec 3<&0; cat <&3 & echo ready >&2; wait";

#[test]
fn a_signal_is_passed_on_and_the_end_is_reported() {
    for (signal, name) in [
        (Signal::TERM, "TERM"),
        (Signal::HUP, "HUP"),
        (Signal::INT, "INT"),
        (Signal::QUIT, "QUIT"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
    ] {
        let killed = u8::try_from(128 + signal.as_raw()).unwrap();
        for (script, code) in
            [(WAIT.to_owned(), killed), (format!("trap 'echo caught {name} >&2; exit 5' {name}; {WAIT}"), 5)]
        {
            let server = Server::answering(200, "");
            let running = Running::start(run_command(&server.url()), &script);
            running.send(signal);
            let (ended, said) = running.end();
            assert_eq!(ended, Some(i32::from(code)), "{name} {script} {said}");
            assert_eq!(said.contains("caught"), code == 5, "{said}");
            assert_eq!(sample(&server.request(), "job_last_exit_status"), Some(f64::from(code)));
        }
    }
}

/// `timeout` and systemd also send signals to the whole group.
#[test]
fn a_signal_to_the_group_ends_the_command_and_is_reported() {
    for signal in ["TERM", "HUP", "INT"] {
        let server = Server::answering(200, "");
        let code = match signal {
            "HUP" => 129,
            "INT" => 130,
            _ => 143,
        };
        let script = format!("kill -{signal} 0; exec cat <&3");
        let mut command = Command::new("setsid");
        command.args(["--wait", "env", "--default-signal=HUP,INT,QUIT", env!("CARGO_BIN_EXE_pushgw")]);
        command.args(["run", "-j", "x", "-g", &server.url(), "--"]);
        let running = Running::start(command, &format!("exec 3<&0; echo ready >&2; {script}"));
        assert_eq!(running.end(), (Some(code), String::new()), "{signal}");
        assert_eq!(sample(&server.request(), "job_last_exit_status"), Some(f64::from(code)));
    }
}

/// The terminal sends SIGINT to the whole process group. pushgw does not forward it, and keeps running until the
/// command ends.
#[test]
fn ctrl_c_reaches_the_command_once() {
    let server = Server::answering(200, "");
    let script = "trap 'echo caught' INT; echo ready; read line; echo got \"$line\"; exit 7";
    let call = run_script(&server.url(), &[], script);
    let mut session = call.controlled(120).session();
    session.wait_for("ready");
    session.type_keys("\x03");
    session.wait_for("caught");
    session.type_keys("line\n");
    session.wait_for("got");
    let ended = session.end();
    assert_eq!(ended.status.code(), Some(7));
    assert_eq!(ended.screen.matches("caught").count(), 1, "{}", ended.screen);
    assert_eq!(sample(&server.request(), "job_last_exit_status"), Some(7.0));
}

#[test]
fn a_second_signal_ends_the_report_immediately() {
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT"), (Signal::HUP, "SIGHUP")] {
        let (server, requests) = hanging_for("job_last_completion");
        let mut running = Running::start(run_command(&server.url()), "echo ready >&2; exit 4");
        requests.recv_timeout(TIMEOUT).unwrap();
        // Signals that arrive close together count as one.
        wait_until("the end of pushgw", || {
            running.has_ended() || {
                running.send(signal);
                false
            }
        });
        let said = format!("warning: x exited with status 4, but the report failed: interrupted by {name}\n");
        assert_eq!(running.end(), (Some(4), said));
    }
}

/// Only a second signal stops the report.
#[test]
fn a_signal_during_the_report_does_not_stop_it() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::USR1] {
        let (answer, answered) = channel::<()>();
        let (ask, asked) = channel();
        let (answered, ask) = (Mutex::new(answered), Mutex::new(ask));
        let server = Server::start(move |connection, _| {
            if connection.read_request().is_some() {
                ask.lock().unwrap().send(()).unwrap();
                answered.lock().unwrap().recv().unwrap();
                connection.answer(200, &[], "");
            }
        });
        let running = Running::start(run_command(&server.url()), "echo ready >&2; exit 4");
        asked.recv_timeout(TIMEOUT).unwrap();
        running.send(signal);
        answer.send(()).unwrap();
        assert_eq!(running.end(), (Some(4), String::new()), "{signal:?}");
    }
}

#[test]
fn an_ignored_or_blocked_sigchld_has_no_effect() {
    for state in ["--ignore-signal=CHLD", "--block-signal=CHLD"] {
        let server = Server::answering(200, "");
        let call = || program("env").args([state, env!("CARGO_BIN_EXE_pushgw")]);
        let run = ["run", "-j", "x", "-g", &server.url(), "--", "sh", "-c", "exit 3"];
        call().args(run).code(3).run();
        assert_eq!(sample(&server.request(), "job_last_exit_status"), Some(3.0));
        let push =
            |script: &str| call().args(["push", "-j", "x", "-g", &server.url(), "--", "sh", "-c", script]);
        push("exit 7").code(7).stderr_has("`sh` exited with status 7; nothing was sent").run();
        push("kill -KILL $$").code(137).stderr_has("killed by SIGKILL").run();
        push("echo a 1; exec >&-; exit 0").run();
    }
}

#[test]
fn run_works_as_process_1_of_a_container() {
    const UNSHARE: [&str; 6] =
        ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let can =
        || Command::new("unshare").args(UNSHARE).arg("true").output().is_ok_and(|it| it.status.success());
    if !is_installed("unshare") || !can() {
        eprintln!("skipped: no PID namespace can be made");
        return;
    }
    for (script, code) in [
        ("exit 3", 3),
        ("kill -TERM 1; read line", 143),
        // Orphans become children of process 1, which must reap them while the command runs.
        (
            "(sh -c 'exit 0' &); i=0; while grep -qs '^State:.Z' /proc/[0-9]*/status; do i=$((i+1)); \
             [ $i -lt 100000 ] || exit 9; done; exit 5",
            5,
        ),
    ] {
        let server = Server::answering(200, "");
        let call = program("unshare").args(UNSHARE).arg(env!("CARGO_BIN_EXE_pushgw"));
        let call = call.args(["run", "-j", "x", "-g", &server.url(), "--", "sh", "-c", script]);
        call.silent_stdin().code(code).any_stderr().run();
        assert_eq!(sample(&server.request(), "job_last_exit_status"), Some(f64::from(code)), "{script}");
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_failure_keeps_the_last_success_on_every_gateway() {
    on_every_gateway(|gateway| {
        let run = |script: &str, code| run_script(&gateway.url(), &["-m", "files 12"], script).code(code);
        run("", 0).run();
        let names = |gateway: &Gateway| gateway.groups()[0].families.keys().cloned().collect::<Vec<_>>();
        let all = [
            "files",
            "job_last_completion_timestamp_seconds",
            "job_last_cpu_seconds",
            "job_last_duration_seconds",
            "job_last_exit_status",
            "job_last_max_resident_memory_bytes",
            "job_last_start_timestamp_seconds",
            "job_last_success_timestamp_seconds",
        ];
        assert_eq!(names(gateway), all);
        let success = |gateway: &Gateway| {
            let samples = gateway.samples();
            samples.into_iter().find(|line| line.starts_with("job_last_success")).unwrap()
        };
        let before = success(gateway);
        run("exit 3", 3).run();
        assert_eq!(success(gateway), before);
        assert_eq!(names(gateway), all);
        // The group's label would replace the `mode` label of the CPU times.
        run_script(&gateway.url(), &["-l", "mode=full"], "").run();
        let full = gateway.groups().into_iter().find(|group| group.labels.contains_key("mode")).unwrap();
        assert!(!full.families.contains_key("job_last_cpu_seconds"));
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn metrics_that_contradict_another_group_are_omitted_on_every_gateway() {
    on_every_gateway(|gateway| {
        gateway.put("/metrics/job/other", "# TYPE files counter\nfiles 1\n");
        run_script(&gateway.url(), &["-m", "# TYPE files gauge", "-m", "files 12"], "")
            .stderr_has("warning: x was reported without its metrics: POST ")
            .run();
        let samples = gateway.samples();
        let is_success = |line: &String| line.starts_with("job_last_success_timestamp_seconds{");
        assert!(samples.iter().any(is_success), "{samples:?}");
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn two_hundred_runs_at_once_are_all_reported() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    let start = |i: usize| {
        Command::new(env!("CARGO_BIN_EXE_pushgw"))
            .args(["run", "-j", "x", "-i", &i.to_string(), "--timeout", "50s", "-g", &gateway.url(), "--"])
            .args(["sh", "-c", &format!("exit {}", i % 200)])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running: Vec<Child> = (0..200).map(start).collect();
    for (i, child) in running.into_iter().enumerate() {
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), i32::try_from(i).ok());
        assert_eq!(String::from_utf8_lossy(&done.stderr), "");
    }
    let samples = gateway.samples();
    for i in 0..200 {
        let status = format!("job_last_exit_status{{instance=\"{i}\",job=\"x\"}} {i}");
        assert!(samples.contains(&status), "{status}");
    }
}

/// The limit of processes also counts threads. If pushgw itself reaches it, the command takes the place of pushgw.
#[test]
fn the_command_runs_even_if_no_thread_or_process_can_be_started() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let server = Server::unused();
    let url = server.url();
    let warning = "warning: x will not be reported: can't start a thread or a process: \
                   resource temporarily unavailable\n";
    let without_threads = |call: Pushgw| call.env("RUST_MIN_STACK", "99999999999");
    without_threads(run_script(&url, &[], "cat; [ -e \"$PUSHGW_METRICS\" ]; exit 3"))
        .stdin("typed\n")
        .code(3)
        .stdout("typed\n")
        .stderr(warning)
        .run();
    without_threads(run_script(&url, &[], "kill -TERM $$")).any_code().stderr(warning).run();
    without_threads(pushgw().args(["run", "-j", "x", "-g", &url, "--", "./missing"]))
        .code(127)
        .stderr(format!(
            "{warning}error: can't run `./missing`: no such file or directory\n\
             warning: x exited with status 127, but the report failed: can't start a thread: \
             resource temporarily unavailable\n"
        ))
        .run();
    // The limit does not apply to root, so use a user without any process.
    let user = ["--reuid=61234", "--regid=61234", "--clear-groups"];
    let is_root = rustix::process::getuid().is_root();
    let can_change =
        || program("setpriv").args(user).arg("true").any_code().any_stderr().run().status.success();
    if !is_installed("prlimit") || is_root && !(is_installed("setpriv") && can_change()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("pushgw");
    std::fs::copy(env!("CARGO_BIN_EXE_pushgw"), &copy).unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // The second limit leaves room for the thread, but not for the command.
    for limit in if is_root { &["--nproc=1", "--nproc=2"][..] } else { &["--nproc=1"] } {
        let call = if is_root { program("setpriv").args(user).arg("prlimit") } else { program("prlimit") };
        call.arg(limit)
            .arg(&copy)
            .args(["run", "-j", "x", "-g", &url, "--", "sh", "-c", "echo ran; exit 3"])
            .code(3)
            .stdout("ran\n")
            .stderr(warning)
            .run();
    }
}

/// A power failure or the kernel's OOM killer has the same effect.
#[test]
#[ignore = "needs a real Pushgateway and Prometheus (fetched on first use)"]
fn a_killed_run_is_an_alert_in_prometheus() {
    let rules = pushgw().arg("rules").any_stdout().run().stdout();
    for program in prometheus_versions() {
        let gateway = Gateway::start(newest_gateway(), &[]);
        let mut command = with_default_signals(env!("CARGO_BIN_EXE_pushgw"));
        command.args(["run", "-j", "nightly", "--expect-within", "1s", "-g", &gateway.url(), "--"]);
        let mut running = Running::start(command, WAIT);
        wait_until("the start to be reported", || !gateway.groups().is_empty());
        running.child.kill().unwrap();
        assert_eq!(running.child.wait().unwrap().signal(), Some(9));
        // A job that ends in time does not cause an alert.
        run_script(&gateway.url(), &["--expect-within", "1s", "--expect-every", "1h"], "").run();
        let prometheus = Prometheus::start_with_rules(program, &[gateway.address()], &rules);
        let alerts = || prometheus.query("ALERTS{alertstate=\"firing\"}");
        wait_until("the alert JobHung", || !alerts().is_empty());
        let alerts: Vec<_> = alerts().into_iter().map(|(labels, _)| labels).collect();
        let named: Vec<_> =
            alerts.iter().map(|alert| (alert["alertname"].as_str(), alert["job"].as_str())).collect();
        assert_eq!(named, [(Some("JobHung"), Some("nightly"))], "Prometheus {}", program.version);
    }
}
