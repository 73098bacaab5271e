//! Tests label names in a path. Only a gateway with `--push.enable-utf8-names` decodes names that start with `U__`. So
//! the same path can identify different groups, depending on the gateway's flag.

use crate::support::{
    Client, Gateway, Program, Request, Server, gateways, newest_gateway, pushgw, shell, wait_until,
};
use std::collections::BTreeSet;
use std::sync::Mutex;
use tempfile::TempDir;

const FLAG: &str = "--push.enable-utf8-names";

/// Label names, and their encoding in a path with UTF-8 names. Every other name is a wrong decoding of one of them.
/// They are encoded by hand, and not with the code under test.
const NAMES: [(&str, &str); 13] = [
    ("x", "x"),
    ("U__x", "U__U____x"),
    ("U__U____x", "U__U____U________x"),
    ("my_label", "my_label"),
    ("my.label", "U__my_2e_label"),
    ("U__my_2e_label", "U__U____my__2e__label"),
    // These only look like escapes.
    ("U__", "U__U____"),
    ("U__a_", "U__U____a__"),
    ("u__x", "u__x"),
    ("1a", "U___31_a"),
    ("_31_a", "_31_a"),
    ("a/b", "U__a_2f_b"),
    ("x@base64", "U__x_40_base64"),
];

/// A gateway with or without UTF-8 names, which has a group of the job `victim` for each name that it accepts.
struct NamedGroups {
    gateway: Gateway,
    /// Label names and the paths of their groups.
    groups: Vec<(&'static str, String)>,
}

impl NamedGroups {
    fn start(program: &Program, utf8: bool, more: &[&str]) -> Self {
        let flags = [&[FLAG][..usize::from(utf8)], more].concat();
        let gateway = Gateway::start(program, &flags);
        let is_legacy = |name: &str| name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
        let names = NAMES.iter().filter(|(name, _)| utf8 || (is_legacy(name) && *name != "1a"));
        let path = |(name, escaped): &(&'static str, &'static str)| {
            (*name, format!("/metrics/job/victim/{}/v", if utf8 { escaped } else { name }))
        };
        let victims = Self { gateway, groups: names.map(path).collect() };
        victims.fill();
        victims
    }

    fn fill(&self) {
        for (name, path) in &self.groups {
            assert_eq!(self.gateway.put(path, "# TYPE m gauge\nm 1\n").status, 200, "{name}");
        }
        assert_eq!(self.names(), self.groups.iter().map(|(name, _)| (*name).to_owned()).collect());
    }

    /// Returns the names that the gateway lists.
    fn names(&self) -> BTreeSet<String> {
        let keys = self.gateway.keys();
        let names: Vec<_> =
            keys.into_iter().flat_map(|key| key.into_keys().filter(|name| name != "job")).collect();
        names.into_iter().collect()
    }

    fn without(&self, gone: &str) -> BTreeSet<String> {
        self.groups.iter().map(|(name, _)| (*name).to_owned()).filter(|name| name != gone).collect()
    }

    /// Replaces this group with one that never had a successful push, so that `--failed` and `--older-than` select it.
    fn fail(&self, name: &str, path: &str) {
        self.gateway.delete(path);
        wait_until("a deletion", || !self.names().contains(name));
        assert!(self.gateway.rejects("PUT", path, "# TYPE m counter\nm 1\n"), "the type differs");
    }
}

/// Runs a test on every gateway, without UTF-8 names and, if supported, with them.
fn on_each_gateway(test: impl Fn(&NamedGroups)) {
    for program in gateways() {
        for utf8 in [false, true] {
            if !(utf8 && program.version == "1.5.1") {
                eprintln!("Pushgateway {}, UTF-8 names: {utf8}", program.version);
                test(&NamedGroups::start(program, utf8, &[]));
            }
        }
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_selection_deletes_only_the_selected_group() {
    on_each_gateway(|victims| {
        for (name, path) in &victims.groups {
            let matcher = format!("\"{name}\"=v");
            for selection in [&["--match", &*matcher][..], &["--older-than=1h"], &["--failed"]] {
                victims.fail(name, path);
                pushgw().arg("delete").args(selection).arg("--yes").on(&victims.gateway).run();
                assert_eq!(victims.names(), victims.without(name), "{name} {selection:?}");
            }
            victims.gateway.put(path, "# TYPE m gauge\nm 1\n");
        }
        pushgw().args(["delete", "--all", "--yes"]).on(&victims.gateway).run();
        assert_eq!(victims.names(), BTreeSet::new());
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn list_prints_the_path_as_the_gateway_decodes_it() {
    on_each_gateway(|victims| {
        let printed =
            pushgw().args(["list", "--format", "path"]).on(&victims.gateway).any_stdout().run().stdout();
        let mut printed: Vec<&str> = printed.lines().collect();
        printed.sort_unstable();
        let mut paths: Vec<&str> = victims.groups.iter().map(|(_, path)| path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(printed, paths);
        let json =
            pushgw().args(["list", "--format", "json"]).on(&victims.gateway).any_stdout().run().stdout();
        assert!(paths.iter().all(|path| json.contains(&format!("\"path\": \"{path}\""))), "{json}");
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn groups_are_restored_with_their_names() {
    for program in gateways().iter().filter(|program| program.version != "1.5.1") {
        let victims = NamedGroups::start(program, true, &[]);
        let before = victims.gateway.groups();
        let saved = pushgw().args(["show", "--all"]).on(&victims.gateway).any_stdout().run().stdout();
        pushgw().args(["delete", "--all", "--yes"]).on(&victims.gateway).run();
        let restore = || pushgw().args(["push", "--groups", "-"]).on(&victims.gateway).stdin(&saved);
        // Without the option, the groups would become different groups.
        restore().code(3).stderr_has("--utf8-names").run();
        assert!(victims.gateway.keys().is_empty());
        restore().arg("--utf8-names").run();
        assert_eq!(victims.gateway.groups(), before);
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn fix_commands_delete_no_other_group() {
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
            let victims = NamedGroups::start(program, true, &[]);
            // Pushes that break a gateway are rejected, but stored.
            for path in paths {
                let _ = victims.gateway.request("PUT", path, "# TYPE m gauge\nm 1\n");
            }
            assert_eq!(victims.gateway.metrics().status, 500, "{paths:?} break the gateway");
            let status =
                pushgw().arg("status").on(&victims.gateway).code(1).any_stdout().any_stderr().run().stdout();
            let commands: Vec<&str> = status.lines().filter_map(|line| line.strip_prefix("fix:")).collect();
            assert_eq!(commands.len(), 1, "{status}");
            assert!(!commands[0].contains(decoy), "{status}");
            shell(commands[0]).any_stderr().run();
            wait_until("a gateway that serves", || victims.gateway.metrics().status == 200);
            let names = victims.groups.iter().map(|(name, _)| *name);
            assert!(
                names.eq(NAMES.map(|(name, _)| name)) && victims.names().len() >= NAMES.len(),
                "{:?}",
                victims.names()
            );
        }
    }
}

/// Labels as printed by `list` and in hints select the group, even if they contain escapes.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn printed_labels_select_their_group() {
    let gateway = Gateway::start(newest_gateway(), &[FLAG]);
    let names =
        ["a", "a-b", "a b", "ünï", "jo*", "k8s.io/name", "1a", "{x}", "“x”", "a\"b", "a,b", "a!", "a\u{1b}b"];
    let values = [
        "v",
        "zero\u{200b}width",
        "\u{1b}[31mred",
        "\\x1b",
        "\u{85}\u{ad}",
        "##[debug]",
        "é\r\n\t'",
        "a,b",
        "~x",
    ];
    let labels = names.map(|name| (name, "v")).into_iter().chain(values.map(|value| ("a", value)));
    for (number, (name, value)) in labels.enumerate() {
        let job = format!("j{number}");
        gateway.put(format!("/metrics/job/{job}/a/other"), "m 1\n");
        let label = format!("{name}={value}");
        let push = ["push", "--utf8-names", "-j", &job, "-m", "m 1", "-l", &label];
        pushgw().args(push).on(&gateway).any_stderr().run();
        for locale in ["C", "C.UTF-8"] {
            let args = ["delete", "-j", &job, "-l", &label, "--failed"];
            let call = pushgw().args(args).on(&gateway).env("LC_ALL", locale).code(2);
            let said = call.any_stderr().run().stderr();
            let (_, options) = said.split_once("these labels: pushgw delete ").unwrap();
            let options = options.trim().replace(" --failed", "");
            let call = shell(&format!("pushgw list -o json {options}")).on(&gateway).any_stdout().run();
            let groups: Vec<serde_json::Value> = serde_json::from_slice(&call.stdout).unwrap();
            assert!(groups.len() == 1 && groups[0]["labels"][name] == value, "{options}: {groups:?}");
            let list = || {
                pushgw().args(["list", "--wide", "-j", &job]).on(&gateway).env("LC_ALL", locale).any_stdout()
            };
            let table = list().run().stdout();
            let row = table.lines().find(|line| !line.contains("other") && line.starts_with('{')).unwrap();
            let selector = &row[..=row.rfind('}').unwrap()];
            let shown = list().args(["--match", selector]).run().stdout();
            assert!(shown.lines().count() == 2 && shown.contains(selector), "{selector}: {shown}");
        }
    }
}

/// A gateway keeps its groups when it is restarted without the flag. Only the flag determines how it decodes a path.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_flag_decides_how_a_path_is_read() {
    for program in gateways().iter().filter(|program| program.version != "1.5.1") {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("store");
        let flags =
            [format!("--persistence.file={}", file.display()), "--persistence.interval=10ms".to_owned()];
        let flags = [&*flags[0], &*flags[1]];
        let victims = NamedGroups::start(program, true, &flags);
        let last = "the_last_group";
        let is_in = |bytes: &[u8]| bytes.windows(last.len()).any(|part| part == last.as_bytes());
        wait_until("all of it on disk", || {
            // A push that arrives while the gateway writes its file is written only after the next push.
            victims.gateway.put(format!("/metrics/job/{last}"), "m2 1\n");
            std::fs::read(&file).is_ok_and(|bytes| is_in(&bytes))
        });
        drop(victims);

        let gateway = Gateway::start(program, &flags);
        let count = NAMES.len() + 1;
        assert_eq!(gateway.keys().len(), count);
        let no_path = "no URL path can address it while the gateway runs without --push.enable-utf8-names";
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
        // Such groups break 1.11.0, but not 1.11.2.
        pushgw().arg("status").on(&gateway).any_code().stdout_has(no_path).any_stderr().run();
        // This is the path for a gateway with UTF-8 names.
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

/// Returns the listing of a gateway with a group for each of these label names.
fn listing(names: &[&str]) -> String {
    let group = |name: &&str| {
        format!(
            r#"{{"labels":{{"job":"j","{name}":"v"}},"last_push_successful":true,
            "push_time_seconds":{{"type":"GAUGE","metrics":[{{"labels":{{"job":"j"}},"value":"1e9"}}]}}}}"#
        )
    };
    format!(r#"{{"status":"success","data":[{}]}}"#, names.iter().map(group).collect::<Vec<_>>().join(","))
}

/// Starts a server with a group for each of these names. `status` is its response to a status request, and `None`
/// closes the connection.
fn server(names: &'static [&'static str], status: Option<(u16, &'static str)>) -> Server {
    let stored = Mutex::new(names.to_vec());
    Server::start(move |connection, _| {
        while let Some(Request { method, path, .. }) = connection.read_request() {
            match (method.as_str(), path.as_str(), status) {
                ("DELETE", ..) => {
                    stored.lock().unwrap().retain(|name| !path.contains(&format!("/{name}/")));
                    connection.answer(202, &[], "");
                }
                (_, "/api/v1/metrics", _) => {
                    let listing = listing(&stored.lock().unwrap());
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
fn an_unknown_flag_makes_ambiguous_groups_undeletable() {
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
        let unknown = format!("{{job=\"j\",U__x=\"v\"}} is left out: {WHY}");
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

/// 1.5.1 does not have the flag, but reports its other flags.
#[test]
fn a_gateway_without_the_flag_decodes_nothing() {
    const FLAGS: &str = r#"{"status":"success","data":{"flags":{"push.disable-consistency-check":"false"}}}"#;
    let server = server(&["U__x", "x"], Some((200, FLAGS)));
    pushgw().args(["delete", "--match", "U__x=v", "--yes", "-g", &server.url()]).run();
    let requests = server.requests();
    let deletions = requests.iter().filter(|request| request.method == "DELETE");
    assert_eq!(deletions.map(|request| request.path.as_str()).collect::<Vec<_>>(), ["/metrics/job/j/U__x/v"]);
}

#[test]
fn flags_are_not_requested_for_ordinary_names() {
    let server = server(&["x", "_x", "u__x", "U_x", "xU__", "a1"], None);
    for args in [&["list"][..], &["show", "--all"], &["delete", "--all", "--yes"]] {
        pushgw().args(args).args(["-g", &server.url()]).any_stdout().run();
    }
    assert!(server.requests().iter().all(|request| request.path != "/api/v1/status"));
}

/// A proxy may serve only the metrics. Unless the client accepts UTF-8 names, `my.label` is shown as `my_label`, which
/// is a different group.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn without_the_api_no_other_group_is_deleted() {
    for program in gateways().iter().filter(|program| program.version != "1.5.1") {
        let victims = NamedGroups::start(program, true, &[]);
        let address = victims.gateway.address();
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
        assert_eq!(victims.names(), victims.without(""));
        pushgw().args(["delete", "--yes", "--match", "my_label=v", "-g", &server.url()]).any_stderr().run();
        assert_eq!(victims.names(), victims.without("my_label"));
    }
}
