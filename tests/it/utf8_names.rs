//! Label names in a path: a gateway with `--push.enable-utf8-names` decodes those that begin with `U__`, and one without
//! it does not. So the same path names different groups, and only the gateway's own flag says which.

use crate::support::{Client, Gateway, Program, Request, Server, gateways, pushgw, shell, wait_until};
use std::collections::BTreeSet;
use std::sync::Mutex;
use tempfile::TempDir;

const FLAG: &str = "--push.enable-utf8-names";

/// Each label name, and how it is written in a path with UTF-8 names. Every other name is what a wrong reading makes of
/// one of them. Escaped by hand, and not by what is tested.
const NAMES: [(&str, &str); 13] = [
    ("x", "x"),
    ("U__x", "U__U____x"),
    ("U__U____x", "U__U____U________x"),
    ("my_label", "my_label"),
    ("my.label", "U__my_2e_label"),
    ("U__my_2e_label", "U__U____my__2e__label"),
    // No escapes, though they look like some.
    ("U__", "U__U____"),
    ("U__a_", "U__U____a__"),
    ("u__x", "u__x"),
    ("1a", "U___31_a"),
    ("_31_a", "_31_a"),
    ("a/b", "U__a_2f_b"),
    ("x@base64", "U__x_40_base64"),
];

/// A gateway with or without UTF-8 names, and a group of the job `victim` for each name that it can hold.
struct Held {
    gateway: Gateway,
    /// Names and paths.
    groups: Vec<(&'static str, String)>,
}

impl Held {
    fn start(program: &Program, utf8: bool, more: &[&str]) -> Self {
        let flags = [&[FLAG][..usize::from(utf8)], more].concat();
        let gateway = Gateway::start(program, &flags);
        let is_legacy = |name: &str| name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
        let names = NAMES.iter().filter(|(name, _)| utf8 || (is_legacy(name) && *name != "1a"));
        let path = |(name, escaped): &(&'static str, &'static str)| {
            (*name, format!("/metrics/job/victim/{}/v", if utf8 { escaped } else { name }))
        };
        let held = Self { gateway, groups: names.map(path).collect() };
        held.fill();
        held
    }

    fn fill(&self) {
        for (name, path) in &self.groups {
            assert_eq!(self.gateway.put(path, "# TYPE m gauge\nm 1\n").status, 200, "{name}");
        }
        assert_eq!(self.names(), self.groups.iter().map(|(name, _)| (*name).to_owned()).collect());
    }

    /// The names that the gateway lists.
    fn names(&self) -> BTreeSet<String> {
        let keys = self.gateway.keys();
        let names: Vec<_> =
            keys.into_iter().flat_map(|key| key.into_keys().filter(|name| name != "job")).collect();
        names.into_iter().collect()
    }

    fn without(&self, gone: &str) -> BTreeSet<String> {
        self.groups.iter().map(|(name, _)| (*name).to_owned()).filter(|name| name != gone).collect()
    }

    /// The group of this name is there, and never had a successful push: what `--failed` and `--older-than` select.
    fn fail(&self, name: &str, path: &str) {
        self.gateway.delete(path);
        wait_until("a deletion", || !self.names().contains(name));
        assert!(self.gateway.rejects("PUT", path, "# TYPE m counter\nm 1\n"), "another type");
    }
}

/// Every gateway, without UTF-8 names and, where it has them, with them.
fn each_kind(test: impl Fn(&Held)) {
    for program in gateways() {
        for utf8 in [false, true] {
            if !(utf8 && program.version == "1.5.1") {
                eprintln!("Pushgateway {}, UTF-8 names: {utf8}", program.version);
                test(&Held::start(program, utf8, &[]));
            }
        }
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_selection_deletes_the_group_that_it_selects_and_no_other() {
    each_kind(|held| {
        for (name, path) in &held.groups {
            let matcher = format!("\"{name}\"=v");
            for selection in [&["--match", &*matcher][..], &["--older-than=1h"], &["--failed"]] {
                held.fail(name, path);
                pushgw().arg("delete").args(selection).arg("--yes").on(&held.gateway).run();
                assert_eq!(held.names(), held.without(name), "{name} {selection:?}");
            }
            held.gateway.put(path, "# TYPE m gauge\nm 1\n");
        }
        pushgw().args(["delete", "--all", "--yes"]).on(&held.gateway).run();
        assert_eq!(held.names(), BTreeSet::new());
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn list_prints_the_path_that_the_gateway_reads() {
    each_kind(|held| {
        let printed =
            pushgw().args(["list", "--format", "path"]).on(&held.gateway).any_stdout().run().stdout();
        let mut printed: Vec<&str> = printed.lines().collect();
        printed.sort_unstable();
        let mut paths: Vec<&str> = held.groups.iter().map(|(_, path)| path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(printed, paths);
        let json = pushgw().args(["list", "--format", "json"]).on(&held.gateway).any_stdout().run().stdout();
        assert!(paths.iter().all(|path| json.contains(&format!("\"path\": \"{path}\""))), "{json}");
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn what_show_prints_goes_back_to_where_it_was() {
    for program in gateways().iter().filter(|program| program.version != "1.5.1") {
        let held = Held::start(program, true, &[]);
        let before = held.gateway.groups();
        let saved = pushgw().args(["show", "--all"]).on(&held.gateway).any_stdout().run().stdout();
        pushgw().args(["delete", "--all", "--yes"]).on(&held.gateway).run();
        let restore = || pushgw().args(["push", "--groups", "-"]).on(&held.gateway).stdin(&saved);
        // To a gateway that decodes nothing they would be other groups.
        restore().code(3).stderr_has("--utf8-names").run();
        assert!(held.gateway.keys().is_empty());
        restore().arg("--utf8-names").run();
        assert_eq!(held.gateway.groups(), before);
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_commands_that_status_prints_leave_other_groups_alone() {
    let broken: [(&[&str], &str); 3] = [
        (&["/metrics/job/j/U______r/1/U__U____x/v"], "/metrics/job/j/U______r/1/x/v"),
        (&["/metrics/job/j/U__U____x@base64/_w"], "/metrics/job/j/x@base64/_w"),
        (
            &["/metrics/job/j/U__my_2e_label/v/instance/", "/metrics/job/j/U__my_2e_label/v"],
            "/metrics/job/j/my_label/v",
        ),
    ];
    for program in gateways().iter().filter(|program| program.version != "1.5.1") {
        for (paths, decoy) in broken {
            let held = Held::start(program, true, &[]);
            // What breaks a gateway is rejected, and stored.
            for path in paths {
                let _ = held.gateway.request("PUT", path, "# TYPE m gauge\nm 1\n");
            }
            assert_eq!(held.gateway.metrics().status, 500, "{paths:?} break it");
            let status =
                pushgw().arg("status").on(&held.gateway).code(1).any_stdout().any_stderr().run().stdout();
            let commands: Vec<&str> = status.lines().filter_map(|line| line.strip_prefix("heal:")).collect();
            assert_eq!(commands.len(), 1, "{status}");
            assert!(!commands[0].contains(decoy), "{status}");
            shell(commands[0]).any_stderr().run();
            wait_until("a gateway that serves", || held.gateway.metrics().status == 200);
            let names = held.groups.iter().map(|(name, _)| *name);
            assert!(
                names.eq(NAMES.map(|(name, _)| name)) && held.names().len() >= NAMES.len(),
                "{:?}",
                held.names()
            );
        }
    }
}

/// A gateway keeps its groups when it is started again with the other setting. Only the flag says how it reads a path.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_flag_decides_and_not_what_is_listed() {
    for program in gateways().iter().filter(|program| program.version != "1.5.1") {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("store");
        let flags =
            [format!("--persistence.file={}", file.display()), "--persistence.interval=10ms".to_owned()];
        let flags = [&*flags[0], &*flags[1]];
        let held = Held::start(program, true, &flags);
        let last = "the_last_group";
        held.gateway.put(format!("/metrics/job/{last}"), "m2 1\n");
        let is_in = |bytes: &[u8]| bytes.windows(last.len()).any(|part| part == last.as_bytes());
        wait_until("all of it on disk", || std::fs::read(&file).is_ok_and(|bytes| is_in(&bytes)));
        drop(held);

        let gateway = Gateway::start(program, &flags);
        let count = NAMES.len() + 1;
        assert_eq!(gateway.keys().len(), count);
        let no_path = "no path can name it while the gateway runs without --push.enable-utf8-names";
        for name in ["my.label", "1a", "a/b", "x@base64"] {
            let matcher = format!("\"{name}\"=v");
            pushgw()
                .args(["delete", "--yes", "--match", &matcher])
                .on(&gateway)
                .code(1)
                .stderr_has(no_path)
                .run();
            let label = format!("{name}=v");
            pushgw()
                .args(["delete", "--utf8-names", "-j", "victim", "-l", &label])
                .on(&gateway)
                .code(1)
                .stderr_has(no_path)
                .run();
        }
        assert_eq!(gateway.keys().len(), count);
        // 1.11.0 is broken by such groups, 1.11.2 is not.
        pushgw().arg("status").on(&gateway).any_code().stdout_has(no_path).any_stderr().run();
        // As another would write it who thinks that this gateway has UTF-8 names.
        let url = format!("{}/metrics/job/victim/U__U____x/v", gateway.url());
        pushgw().args(["delete", "--utf8-names", "--url", &url]).run();
        pushgw().args(["delete", "--yes", "--match", "U__my_2e_label=v"]).on(&gateway).run();
        let names: Vec<_> =
            gateway.keys().into_iter().flat_map(std::collections::BTreeMap::into_keys).collect();
        for (name, _) in NAMES {
            let is_gone = ["U__x", "U__my_2e_label"].contains(&name);
            assert_eq!(names.iter().any(|other| other == name), !is_gone, "{name}");
        }
    }
}

/// The answer to a look, with these names as a label of a group each.
fn listing(names: &[&str]) -> String {
    let group = |name: &&str| {
        format!(
            r#"{{"labels":{{"job":"j","{name}":"v"}},"last_push_successful":true,
            "push_time_seconds":{{"type":"GAUGE","metrics":[{{"labels":{{"job":"j"}},"value":"1e9"}}]}}}}"#
        )
    };
    format!(r#"{{"status":"success","data":[{}]}}"#, names.iter().map(group).collect::<Vec<_>>().join(","))
}

/// A server that holds a group for each of these names, and says this of itself; `None` closes the connection.
fn server(names: &'static [&'static str], status: Option<(u16, &'static str)>) -> Server {
    let held = Mutex::new(names.to_vec());
    Server::start(move |connection, _| {
        while let Some(Request { method, path, .. }) = connection.read_request() {
            match (method.as_str(), path.as_str(), status) {
                ("DELETE", ..) => {
                    held.lock().unwrap().retain(|name| !path.contains(&format!("/{name}/")));
                    connection.answer(202, &[], "");
                }
                (_, "/api/v1/metrics", _) => {
                    let listing = listing(&held.lock().unwrap());
                    connection.answer(200, &[], listing);
                }
                (_, "/api/v1/status", None) => return,
                (_, "/api/v1/status", Some((code, body))) => connection.answer(code, &[], body),
                _ => connection.answer(200, &[("Content-Type", "text/plain")], "m 1\n"),
            }
        }
    })
}

#[test]
fn a_gateway_that_does_not_report_its_flag_loses_no_group_by_it() {
    const WHY: &str =
        "the path depends on --push.enable-utf8-names, which the gateway's /api/v1/status does not report";
    for status in [
        None,
        Some((404, "404 page not found\n")),
        Some((403, "no")),
        Some((500, "no")),
        Some((200, "")),
        Some((200, "OK")),
        Some((200, "{}")),
        Some((200, r#"{"status":"error","error":"no"}"#)),
        Some((200, r#"{"status":"success","data":{"flags":{}}}"#)),
        Some((200, r#"{"status":"success","data":{"flags":{"web.listen-address":":9091"}}}"#)),
        Some((200, r#"{"status":"success","data":{"flags":{"push.enable-utf8-names":""}}}"#)),
        Some((200, r#"{"status":"success","data":{"flags":{"push.enable-utf8-names":"maybe"}}}"#)),
        Some((200, r#"{"status":"success","data":{"flags":{"push.enable-utf8-names":true}}}"#)),
    ] {
        let server = server(&["U__x", "my.label", "x"], status);
        let call = |args: &[&str]| pushgw().args(args).args(["-g", &server.url(), "--retries", "0"]);
        let unknown = format!("{{job=\"j\",U__x=\"v\"}}: {WHY}");
        call(&["list", "--format", "path"]).stdout("/metrics/job/j/x/v\n").stderr_has(&unknown).run();
        call(&["list", "--format", "json"]).stdout_has("\"path\": null").run();
        let left_out = format!("{{job=\"j\",\"my.label\"=\"v\"}} is left out: {WHY}");
        call(&["show", "--all"]).stdout("# pushgw group /metrics/job/j/x/v\n").stderr_has(left_out).run();
        for selection in [&["--match", "U__x=v"][..], &["--match", "\"my.label\"=v"]] {
            let kept = format!("not deleted: {WHY}");
            call(&[&["delete", "--yes"], selection].concat()).code(1).stderr_has(kept).run();
        }
        for selection in ["--all", "--older-than=1h"] {
            let call = call(&["delete", "--yes", "--force", selection]);
            call.code(1).stderr_has("U__x").stderr_has("my.label").stderr_has(WHY).run();
        }
        let requests = server.requests();
        let deletions: Vec<&str> =
            requests.iter().filter(|r| r.method == "DELETE").map(|r| r.path.as_str()).collect();
        assert_eq!(deletions, ["/metrics/job/j/x/v"], "{status:?}");
    }
}

/// 1.5.1 has no such flag, and reports others.
#[test]
fn a_gateway_that_reports_other_flags_decodes_nothing() {
    const FLAGS: &str = r#"{"status":"success","data":{"flags":{"push.disable-consistency-check":"false"}}}"#;
    let server = server(&["U__x", "x"], Some((200, FLAGS)));
    pushgw().args(["delete", "--match", "U__x=v", "--yes", "-g", &server.url()]).run();
    let requests = server.requests();
    let deletions = requests.iter().filter(|request| request.method == "DELETE");
    assert_eq!(deletions.map(|request| request.path.as_str()).collect::<Vec<_>>(), ["/metrics/job/j/U__x/v"]);
}

#[test]
fn a_gateway_with_ordinary_names_is_not_asked_for_its_flags() {
    let server = server(&["x", "_x", "u__x", "U_x", "xU__", "a1"], None);
    for args in [&["list"][..], &["show", "--all"], &["delete", "--all", "--yes"]] {
        pushgw().args(args).args(["-g", &server.url()]).any_stdout().run();
    }
    assert!(server.requests().iter().all(|request| request.path != "/api/v1/status"));
}

/// As a proxy that lets nothing but the metrics through. In these, names are escaped unless asked for as they are:
/// `my.label` as `my_label`, which is another group's.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn without_the_api_no_other_group_is_named() {
    for program in gateways().iter().filter(|program| program.version != "1.5.1") {
        let held = Held::start(program, true, &[]);
        let address = held.gateway.address();
        let server = Server::start(move |connection, _| {
            let mut client = Client::new(address);
            while let Some(request) = connection.read_request() {
                if request.path.starts_with("/api/") {
                    connection.answer(404, &[], "404 page not found\n");
                    continue;
                }
                let accept = request.header("accept").unwrap().to_owned();
                let headers = [("Accept", accept.as_str())];
                let path = request.path.as_bytes();
                let answer = client.request(&request.method, path, &headers, &request.body).unwrap();
                connection.answer(answer.status, &[("Content-Type", "text/plain")], answer.body);
            }
        });
        let matcher = "\"my.label\"=v";
        let delete = pushgw().args(["delete", "--yes", "--match", matcher, "-g", &server.url()]);
        delete.code(1).stderr_has("\"my.label\"=\"v\"").stderr_has("does not report").run();
        assert_eq!(held.names(), held.without(""));
        pushgw().args(["delete", "--yes", "--match", "my_label=v", "-g", &server.url()]).any_stderr().run();
        assert_eq!(held.names(), held.without("my_label"));
    }
}
