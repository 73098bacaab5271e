//! Tests `list` and `delete` as operators use them: selections, ages, confirmation and `--watch`.

use crate::support::{
    Gateway, Server, Tty, base64, clock, date, in_shell, newest_gateway, on_every_gateway, pushgw, shell,
    wait_until,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

/// Returns a gateway's listing. Each group has the ages of its last successful and last failed push in seconds, or -1
/// for never.
fn listing(groups: &[(&str, i64, i64)]) -> String {
    listing_at(clock(), groups)
}

/// Returns a listing at this Unix time.
fn listing_at(now: i64, groups: &[(&str, i64, i64)]) -> String {
    let gauge = |name: &str, seconds: i64| {
        let value = if seconds < 0 { 0 } else { now - seconds };
        format!(
            r#""{name}":{{"type":"GAUGE","metrics":[{{"labels":{{"instance":"","job":"x"}},"value":"{value}"}}]}}"#
        )
    };
    let groups = groups.iter().map(|(labels, pushed, failed)| {
        format!(
            r#"{{"labels":{{{labels}}},"last_push_successful":{},{},{}}}"#,
            *pushed >= 0 && (*failed < 0 || failed >= pushed),
            gauge("push_time_seconds", *pushed),
            gauge("push_failure_time_seconds", *failed)
        )
    });
    format!(r#"{{"status":"success","data":[{}]}}"#, groups.collect::<Vec<_>>().join(","))
}

/// The content type of a gateway's metrics.
const TEXT: (&str, &str) = ("Content-Type", "text/plain; version=0.0.4; charset=utf-8");

/// Starts a server that returns the listings in order and accepts every DELETE.
fn serving(listings: Vec<String>) -> Server {
    let listings = Mutex::new(listings.into_iter());
    Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            match request.method.as_str() {
                "DELETE" => connection.answer(202, &[], ""),
                _ if request.path != "/api/v1/metrics" => connection.answer(200, &[TEXT], "x 1\n"),
                _ => {
                    let body = listings.lock().unwrap().next().expect("a listing for each request");
                    connection.answer(200, &[date()], body);
                }
            }
        }
    })
}

#[test]
fn ages_use_the_gateways_clock() {
    let all = [
        (r#""job":"day""#, 86_400, -1),
        (r#""job":"failed""#, 7_200, 60),
        (r#""job":"never""#, -1, 90),
        (r#""job":"young""#, 5, -1),
    ];
    let list = |args: &[&str], expected: &str| {
        let server = serving(vec![listing(&all)]);
        pushgw().arg("list").args(args).args(["-g", &server.url()]).stdout(expected).run();
    };
    let table = "\
GROUP           METRICS  SERIES  LAST PUSH  STATE
{job=\"day\"}           0       0         1d  ok
{job=\"failed\"}        0       0         2h  failed 1m ago
{job=\"never\"}         0       0      never  failed 1m ago
{job=\"young\"}         0       0         5s  ok
";
    list(&[], table);
    let paths = |names: &[&str]| {
        names.iter().map(|n| ["/metrics/job/", *n, "\n"].concat()).collect::<Vec<_>>().concat()
    };
    let path = ["--format", "path"];
    list(&[&path[..], &["--sort", "age"]].concat(), &paths(&["never", "day", "failed", "young"]));
    list(&[&path[..], &["--older-than", "2h"]].concat(), &paths(&["day", "never"]));
    list(&[&path[..], &["--older-than", "1h59m59s"]].concat(), &paths(&["day", "failed", "never"]));
    list(&[&path[..], &["--failed"]].concat(), &paths(&["failed", "never"]));
    list(&[&path[..], &["--failed", "--older-than", "1d", "--match", "job!=x"]].concat(), &paths(&["never"]));
}

#[test]
fn a_gateway_with_another_clock_is_reported() {
    let server = Server::start(|connection, _| {
        while let Some(request) = connection.read_request() {
            if request.method == "DELETE" {
                connection.answer(202, &[], "");
                continue;
            }
            let listing = listing_at(clock(), &[(r#""job":"a""#, 60, -1)]);
            connection.answer(200, &[("Date", "Fri, 15 Jan 2100 08:00:00 GMT")], listing);
        }
    });
    let url = server.url();
    let warning = "the gateway's clock says 2100-01-15T08:00:00Z, but this machine's says 20";
    pushgw().args(["list", "-g", &url]).any_stdout().stderr_has(warning).run();
    pushgw().args(["status", "-g", &url]).stdout_has(warning).code(1).any_stderr().run();
    let old = ["delete", "--older-than", "2h", "-g", &url];
    for more in ["--yes", "--dry-run"] {
        let says = "nothing was deleted: the gateway's clock says 2100-01-15T08:00:00Z";
        pushgw().args(old).arg(more).code(1).stderr_has(says).stderr_has("use --force").run();
    }
    let forced = ["--force", "--dry-run", "--format", "path"];
    pushgw().args(old).args(forced).stdout("/metrics/job/a\n").run();
    assert!(server.requests().iter().all(|request| request.method != "DELETE"));
}

#[test]
fn list_prints_the_commands_of_20_conflicts_and_counts_the_others() {
    let pairs = (0..20_023).map(|n| {
        let labels = [format!(r#""job":"x{n}""#), format!(r#""job":"x{n}","instance":"""#)];
        labels.map(|labels| format!(r#"{{"labels":{{{labels}}}}}"#)).join(",")
    });
    let api = format!(r#"{{"status":"success","data":[{}]}}"#, pairs.collect::<Vec<_>>().join(","));
    let server = Server::answering(200, &api);
    let list = ["list", "--match", "job=x1", "-g", &server.url()];
    let output =
        pushgw().args(list).any_stdout().stderr_has("20003 more conflicts break the gateway\n").run();
    let lines = output.stderr();
    let count = |start: &str| lines.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("warning: {job="), count("hint: pushgw delete ")), (20, 20), "{output}");
    assert!(lines.ends_with(&format!("hint: to see all: pushgw status -g {} --format json\n", server.url())));
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn list_shows_the_groups_of_a_gateway() {
    on_every_gateway(|gateway| {
        gateway.put(
            "/metrics/job/a/path@base64/L3Zhcg",
            "# TYPE m gauge\nm 1\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_count 1\n",
        );
        gateway.put(
            "/metrics/job/b",
            "m2 1\nm2{l=\"1\"} 1\nm2{l=\"2\"} 1\nm3 1\nm3{l=\"2\"} 1\nm3{l=\"3\"} 1\n",
        );
        let shown = pushgw().args(["list", "--metrics"]).on(gateway).any_stdout().run().stdout();
        let shown: Vec<_> = shown
            .lines()
            .map(|line| line.split("  ").next().unwrap().to_owned() + line.rsplit("  ").next().unwrap())
            .collect();
        assert_eq!(shown[1], "{job=\"a\",path=\"/var\"}ok");
        assert_eq!(shown[2..4], ["histogram, 4 series", "gauge, 1 series"]);
        pushgw()
            .args(["list", "--sort", "series", "--format", "path"])
            .on(gateway)
            .stdout("/metrics/job/b\n/metrics/job/a/path@base64/L3Zhcg\n")
            .run();
        let json = pushgw()
            .args(["list", "--metrics", "--format", "json", "-j", "b"])
            .on(gateway)
            .any_stdout()
            .run();
        let json: Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(json[0]["families"][1], serde_json::json!({"name": "m3", "type": "untyped", "series": 3}));
        assert_eq!(json[0]["state"], "ok");
        assert!(json[0]["last_push"].as_str().unwrap().ends_with('Z'));
        pushgw().args(["list", "--metrics", "--format", "path"]).on(gateway).code(2).any_stderr().run();
        // On a narrow terminal, the number columns are dropped first. If that is not enough, keys are wrapped.
        let screen =
            pushgw().arg("list").on(gateway).env("LANG", "C.UTF-8").tty(&[Tty::Stdout], 30).run().screen();
        assert!(screen.contains("{job=\"a\",path=\"/ ") && screen.contains("\nvar\"}"), "{screen}");
        assert!(!screen.contains("SERIES"), "{screen}");
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn watch_ends_when_its_output_is_closed() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    gateway.put("/metrics/job/a", "m 1\n");
    // `head` exits after the third listing. The broken pipe is not an error.
    let script = "pushgw list --watch 0.01 --format path | head -n 5; echo ${PIPESTATUS[0]}";

    in_shell("bash", script)
        .on(&gateway)
        .stdout("/metrics/job/a\n\n/metrics/job/a\n\n/metrics/job/a\n0\n")
        .run();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn status_watch_ends_when_its_output_is_closed() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    let status = "pushgw status --watch 0.01s | head -n 3; echo ${PIPESTATUS[0]}";
    let output = in_shell("bash", status).on(&gateway).any_stdout().run().stdout();
    let lines: Vec<_> = output.lines().collect();
    assert!(lines.len() == 4 && lines[0].contains("Prometheus can scrape") && lines[3] == "0", "{output}");
}

/// Each report replaces the previous one.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn status_watch_redraws_the_terminal() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    let status = pushgw().args(["status", "--watch", "0.01s"]).on(&gateway).env("NO_COLOR", "1");
    let mut session = status.tty(&[Tty::Stdout, Tty::Stderr], 80).session();
    session.wait_for("groups    0");
    gateway.put("/metrics/job/a", "m 1\n");
    session.wait_for("groups    1");
    session.send_signal(Signal::TERM);
    let ended = session.end();
    assert_eq!(ended.status.signal(), Some(Signal::TERM.as_raw()));
    let screens: Vec<_> = ended.screen.split("\x1b[H\x1b[2J").collect();
    assert_eq!(screens[0], "", "the screen is cleared first");
    // Only the last report may be cut off by the signal.
    for screen in &screens[1..screens.len() - 1] {
        assert_eq!(screen.matches("Prometheus can scrape the gateway").count(), 1, "{screen}");
    }
}

#[test]
fn watch_survives_a_failing_gateway_unless_the_first_request_fails() {
    let number = AtomicU32::new(1);
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            match number.fetch_add(1, Ordering::Relaxed) {
                2 => connection.answer(400, &[], "not now"),
                _ => connection.answer(200, &[date()], listing(&[(r#""job":"a""#, 5, -1)])),
            }
        }
    });
    let script = format!(
        "{} list --watch 0.01 --format path -g {} | head -n 3",
        env!("CARGO_BIN_EXE_pushgw"),
        server.url()
    );
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "/metrics/job/a\n\n/metrics/job/a\n");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.starts_with("warning: ") && stderr.contains("400"), "{stderr}");
    pushgw().args(["list", "--watch", "-g", "127.0.0.1:1"]).code(6).any_stderr().run();
}

/// Ctrl-C at the terminal sends this signal. The screen keeps what was printed, and the cursor is at the start of a line.
#[test]
fn watch_redraws_the_terminal_until_interrupted() {
    let call = shell("echo $$ >pid; exec env --default-signal=INT pushgw list --watch 0.01");
    let pid = call.directory().join("pid");
    let requests = AtomicU32::new(0);
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            let groups = match requests.fetch_add(1, Ordering::Relaxed) {
                0 => listing(&[(r#""job":"a""#, 5, -1)]),
                1 => listing(&[(r#""job":"a""#, 6, -1), (r#""job":"b""#, 900, 60)]),
                2 => listing(&[]),
                // The previous listing is already on the screen, because it is printed before the next request.
                3 => {
                    let pid = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
                    kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
                    connection.hang();
                    return;
                }
                _ => unreachable!("it was interrupted"),
            };
            connection.answer(200, &[date()], groups);
        }
    });
    let url = server.url();
    let output = call
        .env("PUSHGATEWAY_URL", &url)
        .env("NO_COLOR", "1")
        .tty(&[Tty::Stdout, Tty::Stderr], 80)
        .any_code();
    let output = output.run();
    assert_eq!(output.status.signal(), Some(2), "{output}");
    let screen = output.screen();
    let mut screens = screen.split("\x1b[H\x1b[2J");
    assert_eq!(screens.next(), Some(""), "the screen is cleared first");
    let head = "GROUP      METRICS  SERIES  LAST PUSH  STATE\n";
    let a = |age| format!("{{job=\"a\"}}        0       0         {age}  ok\n");
    let b = "{job=\"b\"}        0       0        15m  failed 1m ago\n";
    assert_eq!(
        screens.collect::<Vec<_>>(),
        [format!("{head}{}", a("5s")), format!("{head}{}{b}", a("6s")), format!("no groups on {url}\n")]
    );
}

/// The test terminal has 24 lines.
#[test]
fn watch_shows_as_many_groups_as_fit_the_screen() {
    let labels: Vec<_> = (10..50).map(|number| format!(r#""job":"{number}""#)).collect();
    let groups = listing(&labels.iter().map(|labels| (labels.as_str(), 5, -1)).collect::<Vec<_>>());
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            connection.answer(200, &[date()], &groups);
        }
    });
    let call = pushgw().args(["list", "--watch", "-g", &server.url()]).env("NO_COLOR", "1");
    let mut session = call.tty(&[Tty::Stdout], 80).session();
    session.wait_for("and 19 more");
    session.send_signal(Signal::TERM);
    let screen = session.end().screen;
    assert!(screen.contains(r#"{job="30"}"#) && !screen.contains(r#"{job="31"}"#), "{screen}");
    // The screen has the headings, 21 groups, and a line with the number of other groups. The last line is for the
    // cursor.
    assert_eq!(screen.replace("\r\n", "\n").matches('\n').count(), 23, "{screen}");
}

/// The last listing stays on the screen with one warning below it, and both fit.
#[test]
fn failures_during_watch_do_not_fill_the_screen() {
    let labels: Vec<_> = (10..50).map(|number| format!(r#""job":"{number}""#)).collect();
    let groups = listing(&labels.iter().map(|labels| (labels.as_str(), 5, -1)).collect::<Vec<_>>());
    let number = AtomicU32::new(0);
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            match number.fetch_add(1, Ordering::Relaxed) {
                0 => connection.answer(200, &[date()], &groups),
                _ => connection.answer(400, &[], "not now"),
            }
        }
    });
    let call = pushgw().args(["list", "--watch=0.01", "-g", &server.url()]).env("NO_COLOR", "1");
    let mut session = call.tty(&[Tty::Stdout, Tty::Stderr], 120).session();
    for _ in 0..3 {
        session.wait_for("400 Bad Request");
    }
    session.send_signal(Signal::TERM);
    let screen = session.end().screen.replace("\r\n", "\n");
    let screens: Vec<_> = screen.split("\x1b[H\x1b[2J").collect();
    let after_two_failures = screens[3];
    assert!(
        after_two_failures.starts_with("GROUP ") && after_two_failures.contains(r#"{job="10"}"#),
        "{after_two_failures}"
    );
    assert_eq!(after_two_failures.matches("warning: ").count(), 1, "{after_two_failures}");
    assert!(after_two_failures.matches('\n').count() < 24, "{after_two_failures}");
}

#[test]
fn watch_uses_at_most_a_tenth_of_the_gateways_time() {
    let (sender, times) = mpsc::channel();
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            let asked = Instant::now();
            std::thread::sleep(Duration::from_millis(50));
            let _ = sender.send((asked, Instant::now()));
            connection.answer(200, &[date()], listing(&[(r#""job":"a""#, 5, -1)]));
        }
    });
    let output = std::process::Command::new("sh")
        .args(["-c", "\"$0\" list --watch 0.001 --format path -g \"$1\" | head -n 3"])
        .args([env!("CARGO_BIN_EXE_pushgw"), &server.url()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "/metrics/job/a\n\n/metrics/job/a\n");
    let times: Vec<_> = times.try_iter().collect();
    // On any machine, the program measures a longer request and a shorter pause than this test.
    let (request, pause) = (times[0].1 - times[0].0, times[1].0 - times[0].1);
    assert!(pause >= request * 9, "a request of {request:?}, a pause of {pause:?}");
}

#[test]
fn an_empty_job_is_rejected() {
    let message = "the job is empty: is a variable unset? set the job with --job";
    for command in ["list", "delete"] {
        pushgw().args([command, "-j", "", "-g", "127.0.0.1:1"]).code(2).stderr_has(message).run();
    }
}

#[test]
fn status_names_some_failed_groups_and_the_command_to_list_all() {
    let groups: Vec<String> = (0..22).map(|number| format!(r#""job":"{number}""#)).collect();
    let groups: Vec<_> = groups.iter().map(|labels| (labels.as_str(), 9, 5)).collect();
    let server = serving(vec![listing(&groups)]);
    pushgw()
        .args(["status", "-g", &server.url()])
        .stdout_has(format!("and 17 more (`pushgw list --failed -g {}`)", server.url()))
        .run();
}

#[test]
fn a_group_and_a_selection_exclude_each_other() {
    for (args, hint) in [
        (&["-j", "x", "--match", "job=x"][..], "--match job=x"),
        (&["-j", "x", "--all"], "--match job=x"),
        (&["-l", "a=b", "--older-than", "1d"], "--match a=b"),
        (&["-i", "a", "--failed"], "--match instance=a"),
        (&["--url", "http://gw/metrics/job/x", "--all"], "use either one group or a selection"),
        (&["--all", "--match", "job=x"], "--match job=x"),
        (&["--all", "--older-than", "1d"], "--match job=x"),
    ] {
        pushgw().arg("delete").args(args).arg("--yes").code(2).stderr_has(hint).run();
        pushgw().arg("show").args(args).code(2).stderr_has(hint).run();
    }
    for (args, message) in [
        (&[][..], "no group is specified"),
        (&["--match", "a="], "these matchers also match groups that lack the label"),
        (&["--match", "a!=x", "--match", "b=~.*"], "--all deletes every group"),
        (&["--match", "job"], "is not a matcher"),
        (&["--match", "job=~("], "is not a valid regular expression"),
        (&["--older-than", ""], "is a variable unset?"),
        (&["--older-than", "7"], "has no unit: write 7d for days"),
        (&["-j", "x", "--format", "path"], "--format needs a selection"),
    ] {
        pushgw().arg("delete").args(args).arg("--yes").code(2).stderr_has(message).run();
    }
    let server = Server::answering(200, &listing(&[(r#""job":"a""#, 5, -1)]));
    for streams in [&[][..], &[Tty::Stdin], &[Tty::Stdout, Tty::Stderr]] {
        let call = pushgw().args(["delete", "--all", "-g", &server.url()]).code(2);
        let call =
            if streams.contains(&Tty::Stderr) { call.screen_has("--yes") } else { call.stderr_has("--yes") };
        call.tty(streams, 80).run();
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn delete_asks_for_confirmation_at_a_terminal() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    let delete = |keys: &str| {
        let call = pushgw().args(["delete", "--match", "job=~a|b"]).on(&gateway).keys(keys);
        call.tty(&[Tty::Stdin, Tty::Stderr], 80).run().screen()
    };
    for job in ["a", "b", "c"] {
        gateway.put(format!("/metrics/job/{job}"), "m 1\n".replace('m', job));
    }
    let before = gateway.snapshot();
    for no in ["n\n", "\n", "yess\n", "\u{4}"] {
        let screen = delete(no);
        assert!(screen.contains("{job=\"a\"}") && screen.contains("{job=\"b\"}"), "{screen}");
        assert!(screen.contains(&format!("Delete 2 of 3 groups on {}? [y/N]", gateway.url())), "{screen}");
        assert!(screen.contains("nothing was deleted"), "{screen}");
        assert_eq!(gateway.snapshot(), before);
    }
    let screen = delete("Y\n");
    assert!(screen.contains("deleted 2 of 2 groups"), "{screen}");
    assert_eq!(gateway.samples(), [r#"c{instance="",job="c"} 1"#]);
    assert!(delete("").contains("no group to delete"), "without groups there is no question");
}

/// Sixty groups of sixty jobs are too many for one screen.
#[test]
fn a_large_deletion_is_summarized_by_job_before_the_question() {
    let labels: Vec<String> = (10..70).map(|number| format!(r#""job":"job{number}","l":"a""#)).collect();
    let groups = listing(&labels.iter().map(|labels| (labels.as_str(), 5, -1)).collect::<Vec<_>>());
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            connection.answer(200, &[date()], &groups);
        }
    });
    let question = format!("Delete 60 of 60 groups on {}? [y/N] ", server.url());
    let delete = ["delete", "--all", "-g", &server.url()];
    for (verbose, shown, hidden) in [
        (&[][..], ["JOB", "\njob59 ", "and 10 more jobs", "hint: -v shows every group"], ["job60", "{job="]),
        (
            &["-v"],
            ["GROUP", "{job=\"job10\",l=\"a\"}", "{job=\"job60\"", "{job=\"job69\""],
            ["more jobs", "hint: "],
        ),
    ] {
        let call = pushgw().args(delete).args(verbose).env("NO_COLOR", "1");
        let mut session = call.tty(&[Tty::Stdin, Tty::Stderr], 80).session();
        session.wait_for(&question);
        session.type_keys("n\n");
        let ended = session.end();
        let screen = ended.screen.replace("\r\n", "\n");
        assert_eq!(ended.status.code(), Some(0), "{screen}");
        assert!(shown.iter().all(|text| screen.contains(text)), "{screen}");
        assert!(!hidden.iter().any(|text| screen.contains(text)), "{screen}");
        assert!(screen.ends_with("nothing was deleted\n"), "{screen}");
    }
    assert!(server.requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn a_group_pushed_to_before_confirmation_is_kept() {
    let (a, b, c) = (r#""job":"a""#, r#""job":"b""#, r#""job":"c""#);
    let server = serving(vec![
        listing(&[(a, 900, -1), (b, 900, -1), (c, 900, -1)]),
        listing(&[(a, 900, -1), (b, 1, -1)]),
        listing(&[(b, 1, -1)]),
    ]);
    let screen = pushgw()
        .args(["delete", "--older-than", "5m", "-g", &server.url()])
        .keys("y\n")
        .tty(&[Tty::Stdin, Tty::Stderr], 100)
        .run()
        .screen();
    assert!(
        screen.contains(r#"{job="b"} was not deleted, because it was pushed again in the meantime"#),
        "{screen}"
    );
    assert!(screen.contains("deleted 1 of 1 group"), "{screen}");
    let requests: Vec<_> = server.requests().iter().map(|r| format!("{} {}", r.method, r.path)).collect();
    let listing = "GET /api/v1/metrics";
    // There are three listings and a scrape, because on a broken gateway the age of a group is meaningless.
    assert_eq!(
        requests,
        [listing, "GET /api/v1/status", "GET /metrics", listing, "DELETE /metrics/job/a", listing]
    );
}

#[test]
fn delete_continues_after_a_failure_and_reports_it() {
    let all = [(r#""job":"a""#, 5, -1), (r#""job":"b""#, 5, -1), (r#""job":"c""#, 5, -1)];
    let requests = AtomicU32::new(0);
    let server = Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            match (request.method.as_str(), request.path.as_str()) {
                ("DELETE", "/metrics/job/a") => connection.answer(403, &[], "hands off"),
                ("DELETE", _) => connection.answer(202, &[], ""),
                _ => {
                    let is_first = requests.fetch_add(1, Ordering::Relaxed) == 0;
                    connection.answer(200, &[date()], listing(if is_first { &all } else { &all[..1] }));
                }
            }
        }
    });
    pushgw()
        .args(["delete", "--match", "job=~.+", "--yes", "--format", "path", "-g", &server.url()])
        .code(4)
        .stdout("/metrics/job/b\n/metrics/job/c\n")
        .stderr_has("{job=\"a\"}: DELETE")
        .stderr_has("hands off")
        .stderr_has("deleted 2 of 3 groups")
        .run();
    let count = |method: &str| server.requests().iter().filter(|request| request.method == method).count();
    assert_eq!((count("GET"), count("DELETE")), (2, 3), "only one request checks for the remaining group");
}

/// If a deletion is rejected and another client deletes the group or pushes to it, the group does not count as deleted.
#[test]
fn a_rejected_deletion_is_never_counted() {
    let (a, b) = (r#""job":"a""#, r#""job":"b""#);
    for later in [vec![], vec![(a, 1, -1)]] {
        let requests = AtomicU32::new(0);
        let server = Server::start(move |connection, _| {
            while let Some(request) = connection.read_request() {
                match (request.method.as_str(), request.path.as_str()) {
                    ("DELETE", "/metrics/job/a") => connection.answer(403, &[], "hands off"),
                    ("DELETE", _) => connection.answer(202, &[], ""),
                    _ if requests.fetch_add(1, Ordering::Relaxed) == 0 => {
                        connection.answer(200, &[date()], listing(&[(a, 5, -1), (b, 5, -1)]));
                    }
                    _ => connection.answer(200, &[date()], listing(&later)),
                }
            }
        });
        let output = pushgw()
            .args(["delete", "--all", "--yes", "--format", "path", "-g", &server.url()])
            .code(4)
            .stdout("/metrics/job/b\n")
            .stderr_has("deleted 1 of 2 groups")
            .run()
            .stderr();
        assert!(!output.contains("is back"), "{output}");
    }
}

#[test]
fn polling_a_slow_gateway_after_a_deletion_is_limited() {
    for args in [&["-j", "a"][..], &["--all", "--yes"]] {
        let server = Server::start(|connection, _| {
            while let Some(request) = connection.read_request() {
                if request.method == "DELETE" {
                    connection.answer(202, &[], "");
                } else {
                    std::thread::sleep(Duration::from_millis(300));
                    connection.answer(200, &[date()], listing(&[(r#""job":"a""#, 5, -1)]));
                }
            }
        });
        let call = pushgw().arg("delete").args(args).args(["-g", &server.url()]);
        call.code(1).stderr_has("still lists").run();
        let listings = server.requests().iter().filter(|request| request.method == "GET").count();
        // One listing is before the deletion. The others start within a second after it.
        assert!((2..=6).contains(&listings), "{listings} listings");
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn delete_by_selection_in_a_script() {
    on_every_gateway(|gateway| {
        for job in ["a", "b", "c"] {
            gateway.put(format!("/metrics/job/{job}/l/1"), format!("{job} 1\n"));
        }
        let before = gateway.snapshot();
        let ab = ["delete", "--match", "job=~a|b"];
        pushgw()
            .args(ab)
            .args(["-n", "--format", "path"])
            .on(gateway)
            .stdout("/metrics/job/a/l/1\n/metrics/job/b/l/1\n")
            .run();
        pushgw().args(ab).arg("-n").on(gateway).stdout_has("{job=\"b\",l=\"1\"}").run();
        pushgw().args(["delete", "--older-than", "1d", "--yes"]).on(gateway).run();
        pushgw().args(["delete", "--match", "job=x", "--yes", "-v"]).on(gateway).stderr_has("no group").run();
        assert_eq!(gateway.snapshot(), before);
        // Nothing is printed, so a closed standard output is not an error.
        pushgw().args(ab).args(["--yes", "--format", "json"]).on(gateway).closed_stdout().run();
        assert_eq!(gateway.samples(), [r#"c{instance="",job="c",l="1"} 1"#]);
        pushgw().args(["delete", "--all", "--yes"]).on(gateway).run();
        assert_eq!(gateway.keys().len(), 0);
    });
}

/// Label values that hand-written cleanup scripts get wrong.
const UNUSUAL: [&str; 20] = [
    "",
    "/",
    "//",
    ".",
    "..",
    "a/b",
    "a b",
    "a+b",
    "%2F",
    "λ",
    "日本語",
    "\"",
    "a\",b=\"c",
    ",",
    "}",
    "{",
    "\\",
    "\n",
    "'",
    "?#&=;@base64",
];

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn delete_older_than_handles_every_label_value() {
    on_every_gateway(|gateway| {
        let path = |number: usize| {
            let (value, other) = (UNUSUAL[number % UNUSUAL.len()], number / UNUSUAL.len());
            // Each value is also used in the job, unless it is empty.
            let job = if value.is_empty() { "job".to_owned() } else { format!("{value}{}", other % 2) };
            let mut path = format!("/metrics/job@base64/{}/l@base64/{}", base64(&job), base64(value));
            let _ = write!(path, "/n/{other}");
            // Prometheus treats an empty `instance` like a missing one, but no other group has the same labels.
            if number.is_multiple_of(3) {
                path.push_str("/instance@base64/=");
            }
            path
        };
        let push = |numbers: std::ops::Range<usize>| {
            for number in numbers {
                let response = gateway.put(path(number), format!("m_{number} 1\n"));
                assert_eq!(response.status, 200, "{}", response.text());
            }
        };
        push(0..100);
        let old: BTreeSet<_> = gateway.snapshot().iter().map(|group| group["labels"].to_string()).collect();
        // The `Date` header has a resolution of one second, and so do ages. Wait until all of these groups count as
        // old.
        let all_old = || {
            let listed = pushgw()
                .args(["list", "--older-than", "2s", "--format", "json"])
                .on(gateway)
                .any_stdout()
                .run();
            serde_json::from_slice::<Vec<Value>>(&listed.stdout).unwrap().len() == 100
        };
        wait_until("groups that are older than two seconds", all_old);
        push(100..200);
        let young: Vec<_> = gateway
            .snapshot()
            .into_iter()
            .filter(|group| !old.contains(&group["labels"].to_string()))
            .collect();
        assert_eq!((old.len(), young.len()), (100, 100));
        pushgw()
            .args(["delete", "--older-than", "2s", "--yes", "-v"])
            .on(gateway)
            .stderr_has("deleted 100 of 100 groups")
            .run();
        assert_eq!(gateway.snapshot(), young, "the old half is gone, and nothing else was touched");
    });
}

/// Starts a server with two groups that differ only in an empty `instance`. It accepts their deletion.
fn duplicate_instances(labels: &str) -> Server {
    let pair = listing(&[(&format!(r#"{labels},"instance":"""#), 5, -1), (labels, 5, -1)]);
    let deleted = AtomicU32::new(0);
    Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            if request.method == "DELETE" {
                deleted.store(1, Ordering::Relaxed);
                connection.answer(202, &[], "");
            } else if deleted.load(Ordering::Relaxed) == 1 {
                connection.answer(200, &[date()], listing(&[]));
            } else {
                connection.answer(200, &[date()], &pair);
            }
        }
    })
}

/// Returns the fix commands printed by `pushgw list`.
fn fix_commands(url: &str) -> Vec<String> {
    let output = pushgw().args(["list", "-g", url]).any_stdout().any_stderr().run().stderr();
    let commands = output.lines().filter_map(|line| Some(line[line.find("pushgw delete")?..].to_owned()));
    commands.collect()
}

#[test]
fn a_fix_command_works_as_printed_for_any_grouping_key() {
    for (labels, path) in [
        (r#""job":"a b","l":"it's"#, "/metrics/job/a%20b/instance@base64/=/l/it%27s"),
        (r#""job":"a\nb"#, "/metrics/job/a%0Ab/instance@base64/="),
        (r#""job":"x","l":"\u00e9\u200b"#, "/metrics/job/x/instance@base64/=/l/%C3%A9%E2%80%8B"),
        (r#""job":"x","l":"\u001b[1m"#, "/metrics/job/x/instance@base64/=/l/%1B%5B1m"),
    ] {
        let server = duplicate_instances(&format!("{labels}\""));
        let commands = fix_commands(&server.url());
        assert_eq!(commands.len(), 1, "{commands:?}");
        // The command must also work in another locale.
        shell(&commands[0]).env("LC_ALL", "C").run();
        let requests = server.requests();
        let deleted: Vec<_> = requests.iter().filter(|r| r.method == "DELETE").map(|r| &*r.path).collect();
        assert_eq!(deleted, [path], "{commands:?}");
    }
}

#[test]
fn a_fix_command_names_the_gateway_but_not_its_credentials() {
    let server = duplicate_instances(r#""job":"x""#);
    let url = server.url();
    let with_credentials = url.replace("://", "://me:hunter2@");
    assert_eq!(fix_commands(&with_credentials), [format!("pushgw delete -j x -l instance= -g {url}")]);
}

/// If every push is rejected, healthy groups look old. If the scrape fails, that is unknown. In both cases, nothing may
/// be deleted.
#[test]
fn delete_by_age_requires_a_successful_scrape() {
    for (status, code, message) in [
        (500, 1, "scraping the gateway fails"),
        (403, 4, "can't tell whether this gateway rejects every push"),
    ] {
        let server = Server::start(move |connection, _| {
            while let Some(request) = connection.read_request() {
                match request.path.as_str() {
                    "/api/v1/metrics" => {
                        connection.answer(200, &[date()], listing(&[(r#""job":"a""#, 900, -1)]));
                    }
                    "/api/v1/status" => {
                        let flags = r#"{"data":{"flags":{"web.telemetry-path":"/telemetry"}}}"#;
                        connection.answer(200, &[], flags);
                    }
                    "/telemetry" => connection.answer(status, &[], "no"),
                    _ => connection.answer(404, &[], "404 page not found"),
                }
            }
        });
        let call = pushgw().args(["delete", "--older-than", "5m", "--yes", "-g", &server.url()]);
        call.code(code).stderr_has(message).stderr_has("nothing was deleted: ").stderr_has("--force").run();
        assert!(server.requests().iter().all(|request| request.method == "GET"));
    }
}

/// A program that reads the JSON output always gets an array.
#[test]
fn deleting_nothing_prints_an_empty_array() {
    let server = Server::answering(200, &listing(&[(r#""job":"a""#, 5, -1)]));
    let delete = ["delete", "--match", "job=b", "--format", "json", "-g", &server.url()];
    pushgw().args(delete).arg("--yes").stdout("[]\n").run();
    pushgw().args(delete).arg("--dry-run").stdout("[]\n").run();
}

/// Half of the groups have `m` as a counter, and the others as a gauge.
#[test]
fn status_shows_20_problems_and_counts_the_others() {
    let mut groups = Vec::new();
    for (number, family) in (0..90).flat_map(|number| [(number, "m"), (number, "one")]) {
        let kind = if number < 45 { "COUNTER" } else { "GAUGE" };
        let name = if family == "m" { "m".to_owned() } else { format!("m{}", number % 45) };
        let labels = format!(r#"{{"job":"{family}{number}","instance":""}}"#);
        groups.push(format!(
            r#"{{"labels":{labels},"{name}":{{"type":"{kind}","metrics":[{{"labels":{labels},"value":"1"}}]}}}}"#
        ));
    }
    let api = format!(r#"{{"status":"success","data":[{}]}}"#, groups.join(","));
    let server = Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            match request.path.as_str() {
                "/api/v1/metrics" => connection.answer(200, &[date()], &api),
                "/metrics" => connection.answer(500, &[], "An error has occurred\n\n* no consistency\n"),
                "/-/healthy" | "/-/ready" => connection.answer(200, &[], "OK"),
                _ => connection.answer(404, &[], "404 page not found"),
            }
        }
    });
    let status = ["status", "-g", &server.url()];
    let output = pushgw().args(status).code(1).any_stdout().any_stderr().run().stdout();
    let all = format!("to see all: pushgw status -g {} --format json", server.url());
    assert_eq!(output.matches("problem: ").count(), 20, "{output}");
    // `m` has 20 commands, and each of the 19 other metrics has one.
    assert_eq!(output.matches("fix: ").count(), 20 + 19, "{output}");
    assert!(output.contains(&format!("and 25 more commands; {all}\n")), "{output}");
    assert!(output.contains(&format!("and 26 more problems; {all}\n")), "{output}");
    let output = pushgw().args(status).args(["--format", "json"]).code(1).any_stdout().any_stderr().run();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let problems = report["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 46);
    let commands = problems.iter().map(|problem| problem["commands"].as_array().unwrap().len());
    assert_eq!(commands.sum::<usize>(), 45 + 45);
}
