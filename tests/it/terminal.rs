//! Tests output on a terminal and in a pipe: progress, colors, widths, characters, and questions.

use crate::support::{Pushgw, Server, Tty, clock, date, in_process_at, pushgw, shell, shown};
use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};

const STDERR: &[Tty] = &[Tty::Stderr];
const ALL: &[Tty] = &[Tty::Stdin, Tty::Stdout, Tty::Stderr];

/// Groups that are hard to display: long values, wide characters, control characters, failures.
const GROUPS: &str = r#"{"status":"success","data":[
{"labels":{"job":"db_backup"},"last_push_successful":true,
 "push_time_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"1799999800"}]},
 "push_failure_time_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"0"}]},
 "a_metric_with_a_name_that_is_longer_than_a_terminal_is_wide":{"type":"GAUGE","metrics":[{"labels":{},"value":"1"}]}},
{"labels":{"job":"video_processing_in_the_cloud","instance":"mp4_node1.example.internal"},"last_push_successful":false,
 "push_time_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"1799990000"}]},
 "push_failure_time_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"1799999900"}]}},
{"labels":{"job":"日本語\u001b[2J\u202e","instance":""},"last_push_successful":true,
 "push_time_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"1700000000"}]},
 "push_failure_time_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"0"}]}},
{"labels":{"job":"日本語\u001b[2J\u202e"},"last_push_successful":false,
 "push_time_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"0"}]},
 "push_failure_time_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"1799999900"}]}}]}"#;

/// One group with one metric.
const ONE: &str = r#"{"status":"success","data":[{"labels":{"job":"a"},"last_push_successful":true,"push_time_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"1"}]},"m":{"type":"GAUGE","metrics":[{"labels":{},"value":"1"}]}}]}"#;

/// Returns [`GROUPS`] with the same ages at the time of [`date`].
fn groups() -> String {
    let times = ["1799999800", "1799990000", "1799999900", "1700000000"];
    times.into_iter().fold(GROUPS.to_owned(), |groups, time| {
        let age = 1_800_000_000 - time.parse::<i64>().unwrap();
        groups.replace(time, &(clock() - age).to_string())
    })
}

/// Starts a gateway with [`GROUPS`] that accepts every request.
fn gateway() -> Server {
    Server::start(|connection, _| {
        while let Some(request) = connection.read_request() {
            match (request.method.as_str(), request.path.as_str()) {
                ("DELETE", _) => connection.answer(202, &[], ""),
                (_, "/api/v1/metrics") => connection.answer(200, &[date()], groups()),
                (_, "/metrics") => connection.answer(500, &[], "An error has occurred: ü\n\n2 errors\n"),
                _ => connection.answer(200, &[], ""),
            }
        }
    })
}

/// Starts a gateway that sends a response only when the test releases it.
fn delayed(answer: impl Fn(&str) -> (u16, &'static str) + Send + Sync + 'static) -> (Server, Sender<()>) {
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let server = Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            let _ = released.lock().unwrap().recv();
            let (status, body) = answer(&request.method);
            connection.answer(status, &[date()], body);
        }
    });
    (server, release)
}

fn push(server: &Server) -> Pushgw {
    pushgw().args(["push", "-j", "x", "-m", "a 1", "-g", &server.url()])
}

#[test]
fn progress_is_shown_until_there_is_a_result() {
    let (server, release) = delayed(|_| (200, ""));
    let mut session = push(&server).tty(STDERR, 80).session();
    session.wait_for(&format!("\rwaiting for {} (", server.url()));
    session.wait_for("s)\x1b[K");
    release.send(()).unwrap();
    let ended = session.end();
    assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(0), ""));
    let done = format!("pushed to {{job=\"x\"}} on {}: 1 metric, 1 sample", server.url());
    assert_eq!(shown(&ended.screen), [&done, ""]);
}

#[test]
fn the_result_is_not_mixed_with_progress() {
    for (command, result) in [
        (["list", "--format=path"], "/metrics/job/a\n"),
        (["show", "--all"], "# pushgw group /metrics/job/a\n# TYPE m gauge\nm 1\n"),
        (["delete", "-nj=a"], "would delete {job=\"a\"}\n"),
    ] {
        let (server, release) = delayed(|_| (200, ONE));
        for ttys in [STDERR, ALL] {
            let mut session = pushgw().args(command).args(["-g", &server.url()]).tty(ttys, 80).session();
            session.wait_for("waiting for ");
            release.send(()).unwrap();
            let ended = session.end();
            assert_eq!(ended.status.code(), Some(0), "{ended:?}");
            let (stdout, lines) = (ended.stdout.as_str(), shown(&ended.screen));
            if ttys == ALL {
                assert_eq!(lines.join("\n"), result, "{command:?}");
            } else {
                assert_eq!((stdout, lines.concat().as_str()), (result, ""), "{command:?}");
            }
        }
    }
}

/// The sessions that must not show progress start first, so they wait at least as long as the session that shows it.
#[test]
fn no_progress_when_quiet_dumb_redirected_or_in_the_background() {
    let (server, release) = delayed(|_| (200, ""));
    let quiet = [
        push(&server).arg("-q").tty(STDERR, 80).session(),
        push(&server).env("TERM", "dumb").tty(STDERR, 80).session(),
        push(&server).tty(&[Tty::Stdin, Tty::Stdout], 80).session(),
        // This push runs in the background of the terminal.
        shell(&format!("set -m; pushgw push -j x -m 'a 1' -g {} & wait; set +m", server.url()))
            .controlled(80)
            .session(),
    ];
    let mut visible = push(&server).tty(STDERR, 80).session();
    // The second update comes a second after the first.
    visible.wait_for("s)\x1b[K");
    visible.wait_for("s)\x1b[K");
    for _ in 0..=quiet.len() {
        release.send(()).unwrap();
    }
    visible.end();
    for session in quiet {
        let ended = session.end();
        assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        assert!(!ended.screen.contains("waiting"), "{ended:?}");
    }
}

#[test]
fn progress_shows_how_much_standard_input_was_read() {
    let server = Server::answering(200, "");
    let push = || pushgw().args(["push", "-j", "x", "-g", &server.url()]).silent_stdin();
    let mut session = push().tty(STDERR, 80).session();
    session.wait_for("\rreading standard input (");
    session.write("a 1\n");
    session.wait_for("\rreading standard input (0.0 MiB, ");
    let ended = session.end();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(
        shown(&ended.screen)[0],
        format!("pushed to {{job=\"x\"}} on {}: 1 metric, 1 sample", server.url())
    );
    assert_eq!(server.request().body, b"a 1\n");
}

/// A FIFO can't even be opened before another process opens it for writing.
#[test]
fn progress_is_shown_while_a_fifo_has_no_writer() {
    let server = Server::answering(200, "");
    let push = |script: &str| shell(&format!("mkfifo pipe; {script}")).env("PUSHGATEWAY_URL", server.url());
    let commands = ["push -j x pipe", "check pipe", "push --groups pipe"];
    for command in commands {
        let mut session = push(&format!("exec pushgw {command}")).controlled(80).session();
        session.wait_for("\rreading pipe (1s)\x1b[K");
        session.type_keys("\x03");
        let ended = session.end();
        assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()), "{command}: {ended:?}");
        assert_eq!(shown(&ended.screen), [""], "{command}");
    }
    // The time continues after a writer has opened the FIFO.
    let mut session =
        push("pushgw push -j x pipe & read line; exec 3>pipe; read line; echo a 1 >&3; exec 3>&-; wait")
            .tty(STDERR, 80)
            .silent_stdin()
            .session();
    session.wait_for("\rreading pipe (1s)");
    session.write("\n");
    session.wait_for("\rreading pipe (2s)");
    session.write("\n");
    let ended = session.end();
    assert_eq!(
        shown(&ended.screen)[0],
        format!("pushed to {{job=\"x\"}} on {}: 1 metric, 1 sample", server.url())
    );
    assert_eq!(server.request().body, b"a 1\n");
}

#[test]
fn progress_shows_the_command_that_runs() {
    let server = Server::answering(200, "");
    let push = |command: &[&str]| {
        pushgw().args(["push", "-j", "x", "-g", &server.url(), "--"]).args(command).tty(STDERR, 80)
    };
    // A password prompt is not overwritten. Echo stays off, so that nothing is shown afterwards either.
    let ask = "stty -echo; printf 'password: ' >&2; read -r secret; echo a 1";
    let mut asking = push(&["sh", "-c", ask]).controlled(80).session();
    asking.wait_for("password: ");
    let mut session = push(&["cat"]).silent_stdin().session();
    session.wait_for("\rrunning cat (1s)");
    session.wait_for("\rrunning cat (2s)");
    session.write("a 1\n");
    let ended = session.end();
    assert_eq!(ended.status.code(), Some(0));
    let done = format!("pushed to {{job=\"x\"}} on {}: 1 metric, 1 sample", server.url());
    assert_eq!(shown(&ended.screen), [&done, ""]);
    asking.type_keys("secret\n");
    let ended = asking.end();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(ended.screen.trim_end(), format!("password: {done}"));
    // Ctrl-C ends the command, and pushgw says so.
    let mut session = push(&["sleep", "600"]).controlled(80).session();
    session.wait_for("\rrunning sleep (");
    session.type_keys("\x03");
    let ended = session.end();
    assert_eq!(ended.status.code(), Some(130));
    let lines = shown(&ended.screen);
    assert!(lines.concat().ends_with(" `sleep` was killed by SIGINT; nothing was sent"), "{lines:?}");
}

#[test]
fn an_interrupted_deletion_shows_how_many_groups_are_gone() {
    let groups: Vec<String> = (0..60).map(|job| format!(r#"{{"labels":{{"job":"{job}"}}}}"#)).collect();
    let groups = format!(r#"{{"status":"success","data":[{}]}}"#, groups.join(","));
    let (tell, told) = mpsc::channel();
    let state = Mutex::new((0, tell));
    let server = Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            if request.method == "GET" {
                connection.answer(200, &[date()], &groups);
                continue;
            }
            let mut state = state.lock().unwrap();
            state.0 += 1;
            if state.0 % 3 == 0 {
                state.1.send(()).unwrap();
                drop(state);
                return connection.hang();
            }
            connection.answer(202, &[], "");
        }
    });
    let delete = || pushgw().args(["delete", "--all", "--yes", "-g", &server.url()]);
    let third = || told.recv_timeout(crate::support::TIMEOUT).unwrap();
    let text = "interrupted: 2 of 60 groups deleted";
    let mut session = delete().controlled(80).session();
    third();
    session.type_keys("\x03");
    let ended = session.end();
    assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()));
    assert!(shown(&ended.screen).iter().any(|line| line.ends_with(text)), "{ended:?}");
    // The session needs a terminal, but standard error is a pipe. JSON output has no such line.
    for (args, stderr) in [(&[][..], format!("{text}\n")), (&["--message-format=json"], String::new())] {
        let session = delete().args(args).tty(&[Tty::Stdout], 80).session();
        third();
        session.send_signal(Signal::TERM);
        let ended = session.end();
        assert_eq!((ended.status.signal(), ended.stderr), (Some(Signal::TERM.as_raw()), stderr));
    }
}

#[test]
fn progress_shows_each_step_and_attempt() {
    let three = r#"{"status":"success","data":[{"labels":{"job":"a"}},{"labels":{"job":"b"}}]}"#;
    let (server, release) = delayed(move |method| if method == "DELETE" { (202, "") } else { (200, three) });
    let delete = ["delete", "--all", "--yes", "--retries=0", "-g", &server.url()];
    // A narrow terminal always shows the end of the line.
    let mut session = pushgw().args(delete).tty(STDERR, 24).session();
    (0..2).for_each(|_| release.send(()).unwrap());
    session.wait_for("\rdeleting 2/2: {... (");
    drop(session);

    let file = "# pushgw group /metrics/job/a\na 1\n# pushgw group /metrics/job/b\na 1\n";
    let (server, release) = delayed(|_| (200, ""));
    let restore = ["push", "--groups", "f", "-g", &server.url()];
    let mut session = pushgw().args(restore).file("f", file).tty(STDERR, 80).session();
    release.send(()).unwrap();
    session.wait_for("\rpushing 2/2: {job=\"b\"} (");
    release.send(()).unwrap();
    let ended = session.end();
    assert_eq!(shown(&ended.screen), [format!("pushed 2 of 2 groups to {}", server.url()), String::new()]);

    let busy = Server::start(|connection, number| {
        if connection.read_request().is_some() {
            if number == 0 {
                connection.answer(503, &[("Retry-After", "2")], "");
            } else {
                connection.answer(200, &[], "");
            }
        }
    });
    let mut session = push(&busy).tty(STDERR, 80).session();
    session.wait_for("\rwaiting 2s, as the server requested (1s)");
    assert_eq!(session.end().status.code(), Some(0));

    let statuses = Mutex::new([503, 200].into_iter());
    let (server, release) = delayed(move |_| (statuses.lock().unwrap().next().unwrap(), ""));
    let mut session = push(&server).tty(STDERR, 80).session();
    release.send(()).unwrap();
    session.wait_for("(attempt 2, ");
    release.send(()).unwrap();
    assert_eq!(session.end().status.code(), Some(0));
}

#[test]
fn a_signal_erases_the_progress_line_and_kills_the_program() {
    let (server, release) = delayed(|_| (200, ""));
    let mut session = push(&server).controlled(80).session();
    session.wait_for("waiting for ");
    session.type_keys("\x03");
    let ended = session.end();
    assert_eq!(ended.status.signal(), Some(Signal::INT.as_raw()));
    assert_eq!(shown(&ended.screen), ["interrupted: the push may have been stored", ""]);
    // A signal from another process has the same effect, and so has hanging up.
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM] {
        let mut session = push(&server).controlled(80).session();
        session.wait_for("waiting for ");
        session.send_signal(signal);
        let ended = session.end();
        assert_eq!(ended.status.signal(), Some(signal.as_raw()), "{ended:?}");
        assert_eq!(shown(&ended.screen), ["interrupted: the push may have been stored", ""], "{signal:?}");
    }
    let mut session = push(&server).controlled(80).session();
    session.wait_for("waiting for ");
    session.type_keys("\x1c");
    let ended = session.end();
    assert_eq!(ended.status.signal(), Some(Signal::QUIT.as_raw()));
    assert_eq!(shown(&ended.screen), ["interrupted: the push may have been stored", ""]);
    // An ignored signal stays ignored, even if there is a progress line to erase.
    let url = server.url();
    let script = format!("trap '' INT; exec pushgw push -j x -m 'a 1' -g {url}");
    let mut session = shell(&script).controlled(80).session();
    session.wait_for("s)\x1b[K");
    session.type_keys("\x03");
    session.wait_for("^C");
    session.wait_for("s)\x1b[K");
    (0..10).for_each(|_| release.send(()).unwrap());
    let ended = session.end();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
}

#[test]
fn only_yes_confirms_a_deletion() {
    let server = gateway();
    let delete = || pushgw().args(["delete", "--match", "job=db_backup", "-g", &server.url()]).controlled(80);
    let question = format!("Delete 1 of 4 groups on {}? [y/N] ", server.url());
    for no in ["n\n", "\n", "yess\n", "ja\n", "\x04", "y\x04\x04"] {
        let mut session = delete().session();
        session.wait_for(&question);
        session.type_keys(no);
        let ended = session.end();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        // The result is on its own line, even if Enter was not pressed.
        let last_lines: Vec<_> = shown(&ended.screen).into_iter().rev().take(2).collect();
        assert_eq!(last_lines, ["", "nothing was deleted"], "{no:?}: {ended:?}");
    }
    let mut session = delete().session();
    session.wait_for(&question);
    session.type_keys("\x03");
    assert_eq!(session.end().status.signal(), Some(Signal::INT.as_raw()));
    assert!(server.requests().iter().all(|request| request.method == "GET"));
    // The question is asked even with -q, because the program waits for the answer.
    let mut session = delete().arg("-q").session();
    session.wait_for("{job=\"db_backup\"}");
    session.wait_for(&question);
    session.type_keys("YES\n");
    // The scripted gateway still lists the group.
    assert_eq!(session.end().status.code(), Some(1));
    assert_eq!(server.requests().iter().filter(|request| request.method == "DELETE").count(), 1);
}

#[test]
fn watch_uses_the_new_width_after_a_resize() {
    let server = gateway();
    let list = ["list", "--watch=0.05", "-j", "video_processing_in_the_cloud", "-g", &server.url()];
    let mut session = pushgw().args(list).env("LANG", "C.UTF-8").tty(&[Tty::Stdout], 40).session();
    session.wait_for("\x1b[H\x1b[2J");
    session.wait_for("{job=\"video_proc ");
    session.resize(120);
    session.wait_for("\x1b[H\x1b[2J");
    session.wait_for("instance=\"mp4_node1.example.internal\"}");
    session.send_signal(Signal::TERM);
    assert_eq!(session.end().status.signal(), Some(Signal::TERM.as_raw()));
    // A dumb terminal can't be cleared.
    let mut session = pushgw().args(list).env("TERM", "dumb").tty(&[Tty::Stdout], 120).session();
    session.wait_for("failed 1m ago");
    session.wait_for("failed 1m ago");
    session.send_signal(Signal::TERM);
    assert!(!session.end().screen.contains('\x1b'));
}

/// Standard output and standard error are checked separately.
#[test]
fn color_is_decided_for_each_stream() {
    // Each row shows whether standard output, standard error and the terminal get colors if neither stream is a
    // terminal, only standard output, only standard error, or both.
    const NEVER: [[bool; 3]; 4] = [[false; 3]; 4];
    const AT_THE_TERMINAL: [[bool; 3]; 4] =
        [[false; 3], [false, false, true], [false, false, true], [false, false, true]];
    const ALWAYS: [[bool; 3]; 4] =
        [[true, true, false], [false, true, true], [true, false, true], [false, false, true]];
    let server = gateway();
    for (variables, args, expected) in [
        (&[][..], &[][..], AT_THE_TERMINAL),
        (&[("NO_COLOR", "1")], &[], NEVER),
        (&[("NO_COLOR", "")], &[], AT_THE_TERMINAL),
        (&[("CLICOLOR_FORCE", "1")], &[], ALWAYS),
        (&[("CLICOLOR_FORCE", "0")], &[], AT_THE_TERMINAL),
        (&[("FORCE_COLOR", "1")], &[], ALWAYS),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[], NEVER),
        (&[("TERM", "dumb")], &[], NEVER),
        (&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], &["--color=auto"], ALWAYS),
        (&[("NO_COLOR", "1"), ("TERM", "dumb")], &["--color=always"], ALWAYS),
        (&[("CLICOLOR_FORCE", "1")], &["--color", "never"], NEVER),
    ] {
        for (ttys, expected) in [&[][..], &[Tty::Stdout], STDERR, ALL].into_iter().zip(expected) {
            let call = pushgw().args(["list", "-g", &server.url()]).args(args).tty(ttys, 80);
            let output = call.envs(variables).any_stdout().any_stderr().run();
            let colored = [&output.stdout, &output.stderr, &output.screen].map(|bytes| bytes.contains(&0x1b));
            assert_eq!(colored, expected, "{variables:?} {args:?} {ttys:?}");
        }
    }
}

#[test]
fn color_options_apply_to_help_and_usage_errors() {
    // Returns true if anything is colored.
    let help = |args: &[&str], ttys: &[Tty], variables: &[(&str, &str)]| {
        let output =
            pushgw().args(args).envs(variables).any_code().any_stdout().any_stderr().tty(ttys, 80).run();
        [&*output.stdout, &*output.stderr, &*output.screen].concat().contains(&0x1b)
    };
    for args in [&["--help"][..], &["push", "-h"], &["push", "--nonsense"], &["puhs"], &[]] {
        let with = |color: &'static [&'static str]| [args, color].concat();
        let is_help = args.iter().any(|arg| ["-h", "--help"].contains(arg));
        let (own, other) = if is_help { (Tty::Stdout, Tty::Stderr) } else { (Tty::Stderr, Tty::Stdout) };
        assert!(help(args, &[own], &[]), "{args:?}");
        assert!(!help(args, &[other], &[]), "{args:?}");
        assert!(!help(args, &[own], &[("NO_COLOR", "1")]), "{args:?}");
        assert!(!help(args, &[own], &[("TERM", "dumb")]), "{args:?}");
        assert!(help(args, &[], &[("CLICOLOR_FORCE", "1")]), "{args:?}");
        assert!(!help(&with(&["--color=never"]), &[own], &[("CLICOLOR_FORCE", "1")]), "{args:?}");
        assert!(!help(&with(&["--color", "never"]), &[own], &[]), "{args:?}");
        if !args.is_empty() {
            assert!(help(&with(&["--color", "always"]), &[], &[("NO_COLOR", "1")]), "{args:?}");
        }
    }
    // After `--`, options belong to the producer.
    assert!(help(&["push", "--nonsense", "--", "ls", "--color=never"], STDERR, &[]));
    // An unknown option is escaped in the message, because it may be untrusted text.
    let typed = ["push", "--non\u{1b}[2Jsenseü"];
    pushgw().args(typed).code(2).stderr_has(r"'--non\x1b[2Jsense\u{fc}'").run();
    pushgw().args(typed).code(2).env("LANG", "C.UTF-8").stderr_has(r"'--non\x1b[2Jsenseü'").run();
}

/// Commands with human-readable output. None of them exits with 2.
const COMMANDS: &[&[&str]] = &[
    &["list"],
    &["list", "--metrics"],
    &["list", "--sort=age", "-v"],
    &["status"],
    &["delete", "--all", "-n"],
    &["delete", "-j", "日本語", "-n"],
    &["delete", "-j", "db_backup", "-n"],
    &["check", "-v", "--lint"],
    &["check", "--message-format=short"],
    &["push", "-j", "é", "-v"],
    &["push", "-j", "é", "-m", "a 1", "-vv"],
    &["push", "-j", "é", "-m", "a 1", "--diff", "-n"],
];
/// Invalid text with long lines, wide characters and invisible characters.
const TEXT: &str = "# HELP b ü\u{200b}\na{l=\"日本語日本語日本語日本語日本語日本語\u{202e}\"} 1 5\nb_total{l=\"long enough for any terminal that is eighty columns wide, and wider than that\"} 1\nb_total{l=\"long enough for any terminal that is eighty columns wide, and wider than that\"} 2\nc 3";

#[test]
fn output_is_ascii_without_a_utf8_locale() {
    let server = gateway();
    let ascii_outputs = |variables: &[(&str, &str)]| {
        let all = COMMANDS.iter().map(|args| {
            let output = in_process_at(&server.url(), 80, variables, TEXT.as_bytes(), args);
            assert!(output.code < 8 && output.code != 2 || args.contains(&"日本語"), "{args:?}: {output:?}");
            (output.stdout.is_ascii() && output.stderr.is_ascii(), format!("{args:?}: {output:?}"))
        });
        all.collect::<Vec<_>>()
    };
    for variables in [
        &[][..],
        &[("LANG", "C")],
        &[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")],
        &[("LC_CTYPE", "POSIX"), ("LANG", "C.UTF-8")],
        &[("LANG", "de_DE.ISO-8859-1")],
    ] {
        for (is_ascii, output) in ascii_outputs(variables) {
            assert!(is_ascii, "{variables:?} {output}");
        }
    }
    for variables in [
        &[("LANG", "C.UTF-8")][..],
        &[("LC_CTYPE", "de_DE.utf8"), ("LANG", "C")],
        &[("LC_ALL", "de_DE.UTF-8"), ("LC_CTYPE", "C")],
    ] {
        let all = ascii_outputs(variables);
        assert!(
            all.iter().filter(|(is_ascii, _)| !is_ascii).count() > COMMANDS.len() / 2,
            "{variables:?} {all:#?}"
        );
    }
    let help = in_process_at(&server.url(), 80, &[], b"", &["push", "--help"]);
    assert!(help.stdout.is_ascii() && help.stdout.len() > 1000);
}

/// All output fits, except long words, commands to copy, and formats with one line per item.
#[test]
fn output_fits_any_width() {
    let server = gateway();
    for columns in (1..=44).chain([60, 80, 100, 200]) {
        let output = |args: &[&str]| {
            in_process_at(&server.url(), columns, &[("LANG", "C.UTF-8")], TEXT.as_bytes(), args)
        };
        for args in COMMANDS.iter().filter(|args| args.last() != Some(&"--message-format=short")) {
            let output = output(args);
            let lines = output.stdout.lines().chain(output.stderr.lines());
            let fits = |line: &str| {
                let is_long = |word: &str| unicode_width(word) > 25 && !line.contains(" | ");
                unicode_width(line) <= columns || line.contains("pushgw ") || line.split(' ').any(is_long)
            };
            for line in lines.filter(|_| columns >= 40) {
                assert!(fits(line), "{columns} columns, {args:?}: {line}\n{output:?}");
            }
        }
        for args in [&["-h"][..], &["push", "--help"], &["list", "-h"], &["delete", "--help"]] {
            let output = output(args);
            assert_eq!(output.code, 0);
            // clap does not break long words, and keeps the usage and each example on one line.
            let can_be_wrapped = |line: &&str| line.trim().contains(' ') && !line.contains("pushgw ");
            let lines = output.stdout.lines().filter(can_be_wrapped);
            let widest = lines.map(str::len).max().unwrap();
            assert!(
                columns < 40 || widest <= columns.min(100),
                "{columns} columns, {args:?}: {}",
                output.stdout
            );
        }
    }
}

/// Returns the display width of a text, for the characters in these tests.
fn unicode_width(text: &str) -> usize {
    text.chars().map(|c| if ('\u{1100}'..'\u{a000}').contains(&c) && c != '…' { 2 } else { 1 }).sum()
}

#[test]
fn quiet_shows_only_results_and_errors() {
    let server = gateway();
    let quiet = |args: &[&str]| {
        let output = in_process_at(&server.url(), 80, &[], TEXT.as_bytes(), &[args, &["-q"]].concat());
        (output.code, output.stdout, output.stderr)
    };
    // The requested result is not suppressed.
    let (code, stdout, stderr) = quiet(&["list"]);
    assert!(
        code == 0 && stdout.starts_with("GROUP") && stderr.is_empty(),
        "no warning of the conflict: {stderr}"
    );
    let (code, stdout, stderr) = quiet(&["status"]);
    assert!(code == 1 && stdout.contains("problem: "), "{stdout}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    // Only errors are shown; warnings and repairs still count.
    let (code, stdout, stderr) = quiet(&["check", "--lint", "--message-format=short"]);
    assert_eq!(code, 3);
    assert!(stdout.lines().count() > 0 && stdout.lines().all(|line| line.contains(": error: ")), "{stdout}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let (code, stdout, stderr) = quiet(&["push", "-j", "x", "-m", "a 1", "-m", "# TYPE q counter"]);
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "", ""));
    let (code, stdout, stderr) = quiet(&["delete", "-fj", "x"]);
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "", ""));
    let (code, stdout, stderr) = quiet(&["delete", "-j", "x"]);
    assert!(code == 8 && stdout.is_empty() && stderr.starts_with("error: no group"), "{stderr}");
}

#[test]
fn success_prints_one_line_at_a_terminal_and_none_in_a_pipe() {
    let server = gateway();
    for args in
        [&["push", "-j", "x", "-m", "a 1"][..], &["add", "-j", "x", "-m", "a 1"], &["delete", "-fj", "x"]]
    {
        let call = || pushgw().args(args).args(["-g", &server.url()]);
        call().run();
        call().tty(&[Tty::Stdin, Tty::Stdout], 80).screen_is("").run();
        call().arg("-v").stderr_has("{job=\"x\"} on http://").run();
        let screen = call().tty(STDERR, 80).run().screen();
        assert_eq!(screen.lines().count(), 1, "{screen}");
        assert!(screen.contains("{job=\"x\"} on http://"), "{screen}");
    }
    pushgw().arg("check").stdin("a 1\n").run();
    pushgw().arg("check").stdin("a 1\n").tty(STDERR, 80).screen_is("1 metric, 1 sample; no problems\n").run();
}

#[test]
fn success_is_one_line_in_ci() {
    let server = Server::answering(200, "");
    let push = || pushgw().args(["push", "-j", "ci", "-m", "ci 1", "-g", &server.url()]);
    let done = format!("pushed to {{job=\"ci\"}} on {}: 1 metric, 1 sample\n", server.url());
    for variable in ["CI", "GITHUB_ACTIONS"] {
        push().env(variable, "true").stderr(&done).run();
        push().env(variable, "true").args(["--message-format", "github"]).stderr(&done).run();
        push().env(variable, "true").arg("-q").run();
        push().env(variable, "true").args(["--message-format", "json"]).run();
        push().env(variable, "false").run();
        push().env(variable, "").run();
    }
}
