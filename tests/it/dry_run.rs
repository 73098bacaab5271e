//! Tests that `--dry-run` prints the exact request that `push` and `add` send, and that `--as-curl` prints a command
//! that stores the same metrics when a real shell and curl run it.

use crate::support::{Pushgw, Server, is_installed, on_every_gateway, pushgw, shell, wait_until};

/// Input and groups with characters that are special in a shell, in curl or in a here-document.
const SPECIAL: [(&str, &[&str]); 8] = [
    ("m 1\n", &["-j", "x"]),
    ("m 1", &["-j", "a b+c%20&d?e#f", "-l", "q='\"'"]),
    (
        "# a comment $(touch pwned) `touch pwned` ${HOME} \\ \\\\ !! ' \" \nm{a=\"$HOME 'x' \\\\ \\n\"} 1\n",
        &["-j", "$HOME"],
    ),
    ("#EOF\n# EOF\nEOF 1\n# HELP EOF EOF\nEOF_ 2\n", &["-j", "EOF"]),
    ("\u{feff}m 1 \r\n# HELP n x\r\nn 2\r\n", &["-j", "..", "-l", "l=/", "-l", "m=."]),
    ("m{l=\"\u{81}\u{88}áÁ日本🎉\u{202e}\u{1b}[31m\u{7f}\"} 1\n", &["-j", "日本/🎉", "-i", "\u{1}\n\t"]),
    ("\n\n   \n\tm  1\n\n", &["-j", "@base64", "-l", "a=~", "-l", "b=-", "-l", "c=[a-z]{1,2}"]),
    ("m{a=\"\u{7f}\\\"\"} 1\nm{a=\"}\"} 2\nm{a=\"{,}\"} NaN\n", &["-j", "-", "-l", "b={x,y}", "-l", "Z=\\"]),
];

fn special(call: Pushgw, (stdin, group): (&str, &[&str])) -> Pushgw {
    // -q suppresses warnings, which do not matter here.
    call.args(group).arg("-q").stdin(stdin)
}

#[test]
fn a_dry_run_prints_what_is_sent() {
    let server = Server::answering(200, "");
    let mut count = 0;
    for (verb, method) in [("push", "PUT"), ("add", "POST")] {
        for case in SPECIAL {
            let call = || special(pushgw().args([verb, "-g", &format!("{}/pre/fix/", server.url())]), case);
            let printed = call().arg("--dry-run").any_stdout().run().stdout;
            assert_eq!(server.requests().len(), count, "a dry run sends nothing");
            call().run();
            count += 1;
            let requests = server.requests();
            assert_eq!(requests.len(), count);
            let request = &requests[count - 1];

            let end = printed.windows(2).position(|two| two == b"\n\n").unwrap();
            let head = String::from_utf8(printed[..end].to_vec()).unwrap();
            let (first, headers) = head.split_once('\n').unwrap();
            assert_eq!(first, format!("{method} {}{}", server.url(), request.path));
            assert_eq!(request.method, method);
            for header in headers.lines() {
                let (name, value) = header.split_once(": ").unwrap();
                assert_eq!(request.header(name), Some(value), "{case:?}");
            }
            // Headers that only the connection needs are not printed.
            let mut sent: Vec<_> = request.head.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
            sent.retain(|name| !["host", "accept"].contains(&name.as_str()));
            sent.sort();
            assert_eq!(sent, ["content-length", "content-type", "user-agent"]);
            assert_eq!(printed[end + 2..], request.body, "{case:?}");
        }
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_curl_command_stores_the_same_as_push() {
    if !is_installed("curl") {
        return;
    }
    let shells: Vec<&str> = ["sh", "bash", "dash", "zsh"]
        .into_iter()
        .filter(|name| {
            std::process::Command::new(name).args(["-c", ":"]).status().is_ok_and(|status| status.success())
        })
        .collect();
    on_every_gateway(|gateway| {
        for verb in ["push", "add"] {
            for case in SPECIAL {
                special(pushgw().arg(verb), case).on(gateway).run();
                let groups = gateway.groups();
                let exposed = gateway.samples();
                let script =
                    special(pushgw().args([verb, "--as-curl"]), case).on(gateway).any_stdout().run().stdout;
                assert_eq!(gateway.groups(), groups);
                for name in &shells {
                    gateway.clear();
                    let ran = shell(&format!("{name} ./script")).file("script", &script).run();
                    assert_eq!(ran.stdout, b"", "curl prints nothing");
                    assert_eq!(gateway.groups(), groups, "{case:?} with {name}");
                    assert_eq!(gateway.samples(), exposed);
                }
                gateway.clear();
            }
        }
    });
}

/// Users pipe the command into a shell, so it must fail if the push is rejected.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_curl_command_fails_when_push_fails() {
    if !is_installed("curl") {
        return;
    }
    on_every_gateway(|gateway| {
        assert_eq!(gateway.put("/metrics/job/x", "# TYPE m gauge\nm 1\n").status, 200);
        let before = gateway.groups();
        let script = "pushgw push -j y -m '# TYPE m counter' -m 'm 1' --as-curl | sh";
        // curl exits with 22 for an error status, and with 52 for an empty response, which Pushgateway 1.11.0 sends.
        let ran = shell(script).on(gateway).any_code().any_stdout().any_stderr().run();
        assert!(matches!(ran.status.code(), Some(22 | 52)), "{ran}");
        let groups = gateway.groups();
        assert_eq!(groups.iter().find(|group| group.labels["job"] == "x"), before.first());
    });
}

#[test]
fn dry_run_and_as_curl_send_nothing_and_hide_passwords() {
    let server = Server::unused();
    let url = format!("http://me:hunter2@{}", server.address());
    for flag in ["--dry-run", "--as-curl"] {
        let output = pushgw()
            .args(["push", "-j", "x", "-m", "m 1", "-vv", "-g", &url, flag])
            .any_stdout()
            .any_stderr()
            .run();
        for text in [output.stdout(), output.stderr()] {
            assert!(!text.contains("hunter2") && !text.contains("bWU6aHVudGVyMg"), "{text}");
        }
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_curl_command_of_a_deletion_deletes_the_same_group() {
    on_every_gateway(|gateway| {
        for path in ["/metrics/job/a", "/metrics/job/a/l@base64/YS8nIGI", "/metrics/job/b"] {
            assert_eq!(gateway.put(path, "m 1\n").status, 200);
        }
        for call in ["-j a -l \"l=a/' b\"", "--url $PUSHGATEWAY_URL/metrics/job/b", "-j nobody"] {
            shell(&format!("pushgw delete {call} --as-curl | sh")).on(gateway).run();
        }
        wait_until("the deletions", || gateway.keys().len() == 1);
        assert!(gateway.keys()[0].values().eq(["a"]));
    });
}

#[test]
fn the_curl_command_of_a_deletion_is_for_one_group() {
    let server = Server::unused();
    let call = |args: &[&str]| pushgw().args(["delete", "--as-curl", "-g", &server.url()]).args(args);
    let path = format!(" {}/metrics/job/x\n", server.url());
    call(&["-j", "x"]).stdout_has("curl ").stdout_has("--request DELETE ").stdout_has(&path).run();
    let hint =
        "hint: pushgw list --format path prints the path of each group, to use with --as-curl --url PATH\n";
    call(&["--older-than", "1d", "--yes"]).code(2).stderr_has(hint).run();
    call(&["-j", "x", "-n"]).code(2).stderr_has("cannot be used with '--dry-run'").run();
}

#[test]
fn as_curl_rejects_nul_bytes() {
    pushgw()
        .args(["push", "-j", "x", "--as-curl"])
        .stdin("m{l=\"\0\"} 1\n")
        .code(1)
        .stderr("error: the body contains a NUL byte, which a shell command cannot contain; --dry-run prints it\n")
        .run();
    pushgw()
        .args(["push", "-j", "x", "--dry-run"])
        .stdin("m{l=\"\0\"} 1\n")
        .stdout_has("\n\nm{l=\"\0\"} 1\n")
        .run();
}

#[test]
fn removed_timestamps_are_counted_with_v() {
    pushgw()
        .args(["push", "-j", "x", "--dry-run", "--strip-timestamps", "-v"])
        .stdin("a 1 1700000000000\nb 2 1700000000.5\nc 3\n")
        .any_stdout()
        .stderr_has("note: removed 2 timestamps\n")
        .run();
}
