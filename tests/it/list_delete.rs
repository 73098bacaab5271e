//! `list` and `delete` as an operator uses them: selections, ages, questions and answers.

use crate::support::{Gateway, Server, Tty, newest_gateway, on_every_gateway, pushgw, shell, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

/// A gateway's answer, with groups whose last push was so many seconds before the `Date` that it tells.
fn answer(groups: &[(&str, i64, i64)]) -> String {
    const NOW: i64 = 1_800_000_000;
    let gauge = |name: &str, seconds: i64| {
        let value = if seconds < 0 { 0 } else { NOW - seconds };
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

/// The time that [`answer`] counts from.
const DATE: (&str, &str) = ("Date", "Fri, 15 Jan 2027 08:00:00 GMT");

/// What a gateway says its metrics are.
const TEXT: (&str, &str) = ("Content-Type", "text/plain; version=0.0.4; charset=utf-8");

/// A server that gives each answer to a look once, in order; a DELETE gets a 202.
fn looks(answers: Vec<String>) -> Server {
    let answers = Mutex::new(answers.into_iter());
    Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            match request.method.as_str() {
                "DELETE" => connection.answer(202, &[], ""),
                _ if request.path != "/api/v1/metrics" => connection.answer(200, &[TEXT], "x 1\n"),
                _ => {
                    let body = answers.lock().unwrap().next().expect("no more looks than that");
                    connection.answer(200, &[DATE], body);
                }
            }
        }
    })
}

#[test]
fn ages_are_measured_by_the_gateways_clock() {
    let all = [
        (r#""job":"day""#, 86_400, -1),
        (r#""job":"failed""#, 7_200, 60),
        (r#""job":"never""#, -1, 90),
        (r#""job":"young""#, 5, -1),
    ];
    let list = |args: &[&str], expected: &str| {
        let server = looks(vec![answer(&all)]);
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
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn list_shows_what_a_gateway_holds() {
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
        // At a terminal the numbers go before the labels are cut; elsewhere nothing is.
        let screen =
            pushgw().arg("list").on(gateway).env("LANG", "C.UTF-8").tty(&[Tty::Stdout], 30).run().screen();
        assert!(screen.contains("{job=\"a\",path=\"…") && !screen.contains("SERIES"), "{screen}");
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn watching_looks_again_until_nobody_reads() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    gateway.put("/metrics/job/a", "m 1\n");
    // `head` goes away after the third look; the broken pipe is a clean end.
    let script = "pushgw list --watch 0.01 --format path | head -n 5; echo ${PIPESTATUS[0]}";
    let output = pushgw_bash(script, &gateway);
    assert_eq!(output, "/metrics/job/a\n\n/metrics/job/a\n\n/metrics/job/a\n0\n");
}

/// The output of a script for bash, in which `pushgw` is the built one.
fn pushgw_bash(script: &str, gateway: &Gateway) -> String {
    let built = std::path::Path::new(env!("CARGO_BIN_EXE_pushgw")).parent().unwrap();
    let path = format!("{}:{}", built.display(), std::env::var("PATH").unwrap());
    let output = std::process::Command::new("bash")
        .args(["-c", script])
        .env_clear()
        .env("PATH", path)
        .env("PUSHGATEWAY_URL", gateway.url())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn watching_outlives_a_gateway_that_goes_away_but_not_one_that_never_was() {
    let number = AtomicU32::new(1);
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            match number.fetch_add(1, Ordering::Relaxed) {
                2 => connection.answer(400, &[], "not now"),
                _ => connection.answer(200, &[DATE], answer(&[(r#""job":"a""#, 5, -1)])),
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

/// A person's Ctrl-C sends the signal; the terminal is as it was, but for what was painted, and the cursor stands at the
/// beginning of a line.
#[test]
fn watching_repaints_a_terminal_until_it_is_interrupted() {
    let call = shell("echo $$ >pid; exec env --default-signal=INT pushgw list --watch 0.01");
    let pid = call.directory().join("pid");
    let looks = AtomicU32::new(0);
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            let groups = match looks.fetch_add(1, Ordering::Relaxed) {
                0 => answer(&[(r#""job":"a""#, 5, -1)]),
                1 => answer(&[(r#""job":"a""#, 6, -1), (r#""job":"b""#, 900, 60)]),
                2 => answer(&[]),
                // What came before is painted: the next look comes after it.
                3 => {
                    let pid = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
                    kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
                    connection.hang();
                    return;
                }
                _ => unreachable!("it has ended"),
            };
            connection.answer(200, &[DATE], groups);
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
    let mut paints = screen.split("\x1b[H\x1b[2J");
    assert_eq!(paints.next(), Some(""), "it is cleared before the first");
    let head = "GROUP      METRICS  SERIES  LAST PUSH  STATE\n";
    let a = |age| format!("{{job=\"a\"}}        0       0         {age}  ok\n");
    let b = "{job=\"b\"}        0       0        15m  failed 1m ago\n";
    assert_eq!(
        paints.collect::<Vec<_>>(),
        [format!("{head}{}", a("5s")), format!("{head}{}{b}", a("6s")), format!("no groups on {url}\n")]
    );
}

/// A terminal here has 24 lines.
#[test]
fn watching_shows_what_goes_on_the_screen() {
    let labels: Vec<_> = (10..50).map(|number| format!(r#""job":"{number}""#)).collect();
    let groups = answer(&labels.iter().map(|labels| (labels.as_str(), 5, -1)).collect::<Vec<_>>());
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            connection.answer(200, &[DATE], &groups);
        }
    });
    let call = pushgw().args(["list", "--watch", "-g", &server.url()]).env("NO_COLOR", "1");
    let mut session = call.tty(&[Tty::Stdout], 80).session();
    session.wait_for("and 19 more");
    session.send_signal(Signal::TERM);
    let screen = session.end().screen;
    assert!(screen.contains(r#"{job="30"}"#) && !screen.contains(r#"{job="31"}"#), "{screen}");
    // Headings, 21 groups, the line that says how many more, and the cursor's.
    assert_eq!(screen.replace("\r\n", "\n").matches('\n').count(), 23, "{screen}");
}

/// The groups that were seen last stay on the screen, with one warning below them, and all of both is on it.
#[test]
fn looks_that_fail_while_watching_do_not_fill_the_screen() {
    let labels: Vec<_> = (10..50).map(|number| format!(r#""job":"{number}""#)).collect();
    let groups = answer(&labels.iter().map(|labels| (labels.as_str(), 5, -1)).collect::<Vec<_>>());
    let number = AtomicU32::new(0);
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            match number.fetch_add(1, Ordering::Relaxed) {
                0 => connection.answer(200, &[DATE], &groups),
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
    let paints: Vec<_> = screen.split("\x1b[H\x1b[2J").collect();
    let after_two = paints[3];
    assert!(after_two.starts_with("GROUP ") && after_two.contains(r#"{job="10"}"#), "{after_two}");
    assert_eq!(after_two.matches("warning: ").count(), 1, "{after_two}");
    assert!(after_two.matches('\n').count() < 24, "{after_two}");
}

#[test]
fn watching_takes_a_tenth_of_the_gateways_time_at_most() {
    let (sender, times) = mpsc::channel();
    let server = Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            let asked = Instant::now();
            std::thread::sleep(Duration::from_millis(50));
            let _ = sender.send((asked, Instant::now()));
            connection.answer(200, &[DATE], answer(&[(r#""job":"a""#, 5, -1)]));
        }
    });
    let output = std::process::Command::new("sh")
        .args(["-c", "\"$0\" list --watch 0.001 --format path -g \"$1\" | head -n 3"])
        .args([env!("CARGO_BIN_EXE_pushgw"), &server.url()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "/metrics/job/a\n\n/metrics/job/a\n");
    let times: Vec<_> = times.try_iter().collect();
    // The look as it sees it is longer than this, and the pause shorter, however slow the machine is.
    let (look, pause) = (times[0].1 - times[0].0, times[1].0 - times[0].1);
    assert!(pause >= look * 9, "a look of {look:?}, a pause of {pause:?}");
}

#[test]
fn an_empty_job_is_no_selection() {
    let told = "the job is empty: is the variable set? --job names the job";
    for command in ["list", "delete"] {
        pushgw().args([command, "-j", "", "-g", "127.0.0.1:1"]).code(2).stderr_has(told).run();
    }
}

#[test]
fn status_names_some_of_many_failed_groups_and_how_to_list_all() {
    let groups: Vec<String> = (0..22).map(|number| format!(r#""job":"{number}""#)).collect();
    let groups: Vec<_> = groups.iter().map(|labels| (labels.as_str(), 9, 5)).collect();
    let server = looks(vec![answer(&groups)]);
    pushgw()
        .args(["status", "-g", &server.url()])
        .stdout_has(format!("and 17 more (`pushgw list --failed -g {}`)", server.url()))
        .run();
}

#[test]
fn a_group_or_a_selection_and_not_both() {
    for args in [
        &["-j", "x", "--match", "job=x"][..],
        &["-j", "x", "--all"],
        &["-l", "a=b", "--older-than", "1d"],
        &["-i", "a", "--failed"],
        &["--url", "http://gw/metrics/job/x", "--all"],
        &["--all", "--match", "job=x"],
        &["--all", "--older-than", "1d"],
    ] {
        pushgw().arg("delete").args(args).arg("--yes").code(2).stderr_has("--match job=x").run();
        pushgw().arg("show").args(args).code(2).stderr_has("--match job=x").run();
    }
    for (args, complaint) in [
        (&[][..], "no group is named and none is selected"),
        (&["--match", "a="], "these matchers also match groups that lack the label"),
        (&["--match", "a!=x", "--match", "b=~.*"], "--all deletes every group"),
        (&["--match", "job"], "is not a matcher"),
        (&["--match", "job=~("], "is not a valid regular expression"),
        (&["--older-than", ""], "is the variable set?"),
        (&["--older-than", "7"], "has no unit: write 7s"),
        (&["-j", "x", "--format", "path"], "--format needs a selection"),
    ] {
        pushgw().arg("delete").args(args).arg("--yes").code(2).stderr_has(complaint).run();
    }
    for streams in [&[][..], &[Tty::Stdin], &[Tty::Stdout, Tty::Stderr]] {
        let call = pushgw().args(["delete", "--all", "-g", "127.0.0.1:1"]).code(2);
        let call =
            if streams.contains(&Tty::Stderr) { call.screen_has("--yes") } else { call.stderr_has("--yes") };
        call.tty(streams, 80).run();
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_person_is_asked() {
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
        assert!(screen.contains(&format!("delete 2 groups on {}? [y/N]", gateway.url())), "{screen}");
        assert!(screen.contains("nothing was deleted"), "{screen}");
        assert_eq!(gateway.snapshot(), before);
    }
    let screen = delete("Y\n");
    assert!(screen.contains("deleted 2 of 2 groups"), "{screen}");
    assert_eq!(gateway.samples(), [r#"c{instance="",job="c"} 1"#]);
    assert!(delete("").contains("no group to delete"), "nothing to ask about");
}

#[test]
fn what_was_pushed_to_while_a_person_thought_stays() {
    let (a, b, c) = (r#""job":"a""#, r#""job":"b""#, r#""job":"c""#);
    let server = looks(vec![
        answer(&[(a, 900, -1), (b, 900, -1), (c, 900, -1)]),
        answer(&[(a, 900, -1), (b, 1, -1)]),
        answer(&[(b, 1, -1)]),
    ]);
    let screen = pushgw()
        .args(["delete", "--older-than", "5m", "-g", &server.url()])
        .keys("y\n")
        .tty(&[Tty::Stdin, Tty::Stderr], 100)
        .run()
        .screen();
    assert!(screen.contains(r#"{job="b"} was pushed to meanwhile and stays"#), "{screen}");
    assert!(screen.contains("deleted 1 of 1 group"), "{screen}");
    let requests: Vec<_> = server.requests().iter().map(|r| format!("{} {}", r.method, r.path)).collect();
    let look = "GET /api/v1/metrics";
    // Three looks, and at what a scrape says and where it is served, for on a broken gateway age says nothing.
    assert_eq!(requests, [look, "GET /api/v1/status", "GET /metrics", look, "DELETE /metrics/job/a", look]);
}

#[test]
fn a_deletion_goes_on_after_a_failure_and_tells() {
    let all = [(r#""job":"a""#, 5, -1), (r#""job":"b""#, 5, -1), (r#""job":"c""#, 5, -1)];
    let looks = AtomicU32::new(0);
    let server = Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            match (request.method.as_str(), request.path.as_str()) {
                ("DELETE", "/metrics/job/a") => connection.answer(403, &[], "hands off"),
                ("DELETE", _) => connection.answer(202, &[], ""),
                _ => {
                    let is_first = looks.fetch_add(1, Ordering::Relaxed) == 0;
                    connection.answer(200, &[DATE], answer(if is_first { &all } else { &all[..1] }));
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
    assert_eq!((count("GET"), count("DELETE")), (2, 3), "nothing is to be waited for where all was refused");
}

/// Somebody else deleted one, or pushed to it: what was refused was not deleted by this.
#[test]
fn a_refused_deletion_is_never_counted() {
    let (a, b) = (r#""job":"a""#, r#""job":"b""#);
    for later in [vec![], vec![(a, 1, -1)]] {
        let looks = AtomicU32::new(0);
        let server = Server::start(move |connection, _| {
            while let Some(request) = connection.read_request() {
                match (request.method.as_str(), request.path.as_str()) {
                    ("DELETE", "/metrics/job/a") => connection.answer(403, &[], "hands off"),
                    ("DELETE", _) => connection.answer(202, &[], ""),
                    _ if looks.fetch_add(1, Ordering::Relaxed) == 0 => {
                        connection.answer(200, &[DATE], answer(&[(a, 5, -1), (b, 5, -1)]));
                    }
                    _ => connection.answer(200, &[DATE], answer(&later)),
                }
            }
        });
        let said = pushgw()
            .args(["delete", "--all", "--yes", "--format", "path", "-g", &server.url()])
            .code(4)
            .stdout("/metrics/job/b\n")
            .stderr_has("deleted 1 of 2 groups")
            .run()
            .stderr();
        assert!(!said.contains("is back"), "{said}");
    }
}

#[test]
fn a_slow_gateway_is_not_asked_for_long_whether_a_group_is_gone() {
    for args in [&["-j", "a"][..], &["--all", "--yes"]] {
        let server = Server::start(|connection, _| {
            while let Some(request) = connection.read_request() {
                if request.method == "DELETE" {
                    connection.answer(202, &[], "");
                } else {
                    std::thread::sleep(Duration::from_millis(300));
                    connection.answer(200, &[DATE], answer(&[(r#""job":"a""#, 5, -1)]));
                }
            }
        });
        let call = pushgw().arg("delete").args(args).args(["-g", &server.url()]);
        call.code(1).stderr_has("still lists").run();
        let looks = server.requests().iter().filter(|request| request.method == "GET").count();
        // One before, and those that begin within a second.
        assert!((2..=6).contains(&looks), "{looks} looks");
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn deleting_by_selection_in_a_script() {
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
        // Silent, even if nobody reads what it could say.
        pushgw().args(ab).args(["--yes", "--format", "json"]).on(gateway).closed_stdout().run();
        assert_eq!(gateway.samples(), [r#"c{instance="",job="c",l="1"} 1"#]);
        pushgw().args(["delete", "--all", "--yes"]).on(gateway).run();
        assert_eq!(gateway.keys().len(), 0);
    });
}

/// A value for each thing that a home-made cleaner gets wrong.
const ODD: [&str; 20] = [
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
fn the_cleaners_exam() {
    use base64::Engine as _;
    on_every_gateway(|gateway| {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text) + "=";
        let path = |number: usize| {
            let (value, other) = (ODD[number % ODD.len()], number / ODD.len());
            // Each value in the job too, where that can be.
            let job = if value.is_empty() { "job".to_owned() } else { format!("{value}{}", other % 2) };
            let mut path = format!("/metrics/job@base64/{}/l@base64/{}", encode(&job), encode(value));
            let _ = write!(path, "/n/{other}");
            // An empty `instance`, which no other group is equal to but for that.
            if number.is_multiple_of(3) {
                path.push_str("/instance@base64/=");
            }
            path
        };
        let push = |numbers: std::ops::Range<usize>| {
            for number in numbers {
                let answer = gateway.put(path(number), format!("m_{number} 1\n"));
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
        };
        push(0..100);
        let old: BTreeSet<_> = gateway.snapshot().iter().map(|group| group["labels"].to_string()).collect();
        // The `Date` of an answer has whole seconds, and so has the age: wait until the old ones are.
        let is_old = || {
            let listed = pushgw()
                .args(["list", "--older-than", "2s", "--format", "json"])
                .on(gateway)
                .any_stdout()
                .run();
            serde_json::from_slice::<Vec<Value>>(&listed.stdout).unwrap().len() == 100
        };
        wait_until("groups that are older than two seconds", is_old);
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

/// Groups of which one lacks the other's empty `instance`, at a server that takes their deletion.
fn broken(labels: &str) -> Server {
    let pair = answer(&[(&format!(r#"{labels},"instance":"""#), 5, -1), (labels, 5, -1)]);
    let deleted = AtomicU32::new(0);
    Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            if request.method == "DELETE" {
                deleted.store(1, Ordering::Relaxed);
                connection.answer(202, &[], "");
            } else if deleted.load(Ordering::Relaxed) == 1 {
                connection.answer(200, &[DATE], answer(&[]));
            } else {
                connection.answer(200, &[DATE], &pair);
            }
        }
    })
}

/// The commands that `pushgw list` prints.
fn fix_commands(url: &str) -> Vec<String> {
    let said = pushgw().args(["list", "-g", url]).any_stdout().any_stderr().run().stderr();
    let commands = said.lines().filter_map(|line| Some(line[line.find("pushgw delete")?..].to_owned()));
    commands.collect()
}

#[test]
fn a_fix_command_works_as_printed_for_any_key() {
    for (labels, path) in [
        (r#""job":"a b","l":"it's"#, "/metrics/job/a%20b/instance@base64/=/l/it%27s"),
        (r#""job":"a\nb"#, "/metrics/job/a%0Ab/instance@base64/="),
        (r#""job":"x","l":"\u00e9\u200b"#, "/metrics/job/x/instance@base64/=/l/%C3%A9%E2%80%8B"),
        (r#""job":"x","l":"\u001b[1m"#, "/metrics/job/x/instance@base64/=/l/%1B%5B1m"),
    ] {
        let server = broken(&format!("{labels}\""));
        let commands = fix_commands(&server.url());
        assert_eq!(commands.len(), 1, "{commands:?}");
        // Another shell, in another locale.
        shell(&commands[0]).env("LC_ALL", "C").run();
        let requests = server.requests();
        let deleted: Vec<_> = requests.iter().filter(|r| r.method == "DELETE").map(|r| &*r.path).collect();
        assert_eq!(deleted, [path], "{commands:?}");
    }
}

#[test]
fn a_fix_command_names_the_gateway_but_not_its_credentials() {
    let server = broken(r#""job":"x""#);
    let url = server.url();
    let with_credentials = url.replace("://", "://me:hunter2@");
    assert_eq!(fix_commands(&with_credentials), [format!("pushgw delete -j x -l instance= -g {url}")]);
}

/// Where groups turn old because every push is refused, age says nothing; where nobody can tell, neither.
#[test]
fn by_age_nothing_is_deleted_unless_a_scrape_succeeds_where_it_is_served() {
    for (status, code, told) in [(500, 1, "a scrape of the gateway fails"), (403, 4, "can't be told")] {
        let server = Server::start(move |connection, _| {
            while let Some(request) = connection.read_request() {
                match request.path.as_str() {
                    "/api/v1/metrics" => {
                        connection.answer(200, &[DATE], answer(&[(r#""job":"a""#, 900, -1)]));
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
        call.code(code).stderr_has(told).stderr_has("nothing was deleted (--force").run();
        assert!(server.requests().iter().all(|request| request.method == "GET"));
    }
}

/// A program that reads the JSON of what was deleted reads an array, also where that was nothing.
#[test]
fn nothing_that_is_deleted_is_an_empty_array() {
    let server = Server::answering(200, &answer(&[(r#""job":"a""#, 5, -1)]));
    let delete = ["delete", "--match", "job=b", "--format", "json", "-g", &server.url()];
    pushgw().args(delete).arg("--yes").stdout("[]\n").run();
    pushgw().args(delete).arg("--dry-run").stdout("[]\n").run();
}

/// Half of the groups have `m` as a counter, and the others as a gauge.
#[test]
fn of_many_problems_some_are_told_and_the_others_counted() {
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
                "/api/v1/metrics" => connection.answer(200, &[DATE], &api),
                "/metrics" => connection.answer(500, &[], "An error has occurred\n\n* no consistency\n"),
                "/-/healthy" | "/-/ready" => connection.answer(200, &[], "OK"),
                _ => connection.answer(404, &[], "404 page not found"),
            }
        }
    });
    let status = ["status", "-g", &server.url()];
    let said = pushgw().args(status).code(1).any_stdout().any_stderr().run().stdout();
    let all = format!("`pushgw status -g {} --format json` has all", server.url());
    assert_eq!(said.matches("problem: ").count(), 20, "{said}");
    // Those of `m`, and one for each of 19 others.
    assert_eq!(said.matches("fix: ").count(), 20 + 19, "{said}");
    assert!(said.contains(&format!("and 25 more commands: {all}\n")), "{said}");
    assert!(said.ends_with(&format!("and 26 more problems: {all}\n")), "{said}");
    let output = pushgw().args(status).args(["--format", "json"]).code(1).any_stdout().any_stderr().run();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let problems = report["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 46);
    let commands = problems.iter().map(|problem| problem["commands"].as_array().unwrap().len());
    assert_eq!(commands.sum::<usize>(), 45 + 45);
}
