//! Tests that the gateway lists every accepted grouping key byte for byte, and that `delete` removes exactly that
//! group. Thousands of random keys are built from error-prone text and tested with every Pushgateway version.
//!
//! The batches are small, because listing reads all groups, and the gateway checks all of them on every push. Most keys
//! are tested inside this process, and some with the real program.

use crate::support::{Gateway, Random, Server, in_process, on_every_gateway, pushgw, wait_until};
use pushgw::grouping::{EmptyValues, GroupingKey, KeyRules, Label};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Keys per version, inside this process and with the program.
const IN_PROCESS: usize = 1500;
const WITH_PROGRAM: usize = 50;

type Key = BTreeMap<String, String>;

/// Values and parts of values that are easily misread.
const UNUSUAL: [&str; 44] = [
    ".",
    "..",
    "...",
    "./",
    "../..",
    "/",
    "//",
    "/metrics/job/x",
    "a/b",
    "/a",
    "a/",
    "+",
    "a+b",
    "%",
    "%2F",
    "%2f",
    "%252F",
    "%00",
    "%zz",
    "?",
    "?a=b",
    "#",
    ";",
    "&a;b=c",
    "=",
    "==",
    "@",
    "@base64",
    "job@base64",
    "Lg",
    "Li4=",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\u{1b}[31m",
    "\u{7f}",
    "\\n\"{}",
    "$(id) `id` '",
    "\u{fffd}",
    "\u{10ffff}",
    "𝕬🦀",
    "e\u{301}\u{202e}",
    "\u{feff}",
];

fn value(random: &mut Random, length: usize) -> String {
    match random.below(8) {
        0..3 => (random.pick(&UNUSUAL)).to_owned(),
        3 | 4 => {
            let parts = 1 + random.below(4);
            (0..parts).map(|_| random.pick(&UNUSUAL)).collect()
        }
        _ => {
            let chars = 1 + random.below(length);
            random.text(chars)
        }
    }
}

fn name(random: &mut Random) -> String {
    const FIRST: &[u8] = b"abcxyzABCXYZ_";
    const REST: &[u8] = b"abcxyzABCXYZ_0189";
    if random.once_in(3) {
        return (random.pick(&["instance", "a", "b", "metrics", "le", "labels", "base64", "_"])).to_owned();
    }
    let length = random.below(20);
    let name: String = std::iter::once(random.pick(FIRST))
        .chain((0..length).map(|_| random.pick(REST)))
        .map(char::from)
        .collect();
    // These prefixes are reserved.
    if name.starts_with("__") || name.starts_with("U__") { format!("a{name}") } else { name }
}

fn key(random: &mut Random) -> Key {
    let mut key = Key::from([("job".to_owned(), value(random, 12))]);
    match random.below(100) {
        0 => {
            let long = long_value(random);
            key.insert(name(random), long);
        }
        1 => _ = key.insert("job".to_owned(), long_value(random)),
        2 => (0..30).for_each(|i| _ = key.insert(format!("l{i}"), value(random, 3))),
        _ => (0..random.below(4)).for_each(|_| _ = key.insert(name(random), value(random, 12))),
    }
    key
}

/// Returns about 4 KiB of random characters.
fn long_value(random: &mut Random) -> String {
    let mut value = if random.once_in(2) { "/".to_owned() } else { String::new() };
    while value.len() < 4092 {
        value.push(random.char());
    }
    value
}

/// Returns a key that is similar to the given one.
fn similar_key(random: &mut Random, key: &Key) -> Key {
    let mut key = key.clone();
    let job = key["job"].clone();
    match random.below(6) {
        0 => _ = key.insert("job".to_owned(), format!("{job} ")),
        1 => _ = key.insert("job".to_owned(), format!("{job}/")),
        2 => _ = key.insert("job".to_owned(), job.to_uppercase() + "."),
        3 => _ = key.insert("zz".to_owned(), value(random, 3)),
        4 => key.retain(|name, _| name == "job"),
        _ => _ = key.insert("Instance".to_owned(), job),
    }
    key
}

/// Returns different keys that also result in different series. An empty value counts as a label of a group, but not of
/// a series.
fn batch(random: &mut Random, count: usize, empty: bool) -> Vec<Key> {
    let mut keys: BTreeMap<Key, Key> = BTreeMap::new();
    while keys.len() < count {
        let mut key = match keys.values().next() {
            Some(other) if random.once_in(3) => similar_key(random, other),
            _ => key(random),
        };
        if empty {
            key.insert(name(random), String::new());
        }
        // A job that is a URL or the path of a group is rejected as a mistake.
        if let Some(job) = key.get_mut("job") {
            *job = job.replace("://", ":/").replace("/metrics/job/", "/job/");
        }
        // If a group has a label `metrics`, its U+FFFD could be invalid UTF-8, so `list` prints no path.
        if let Some(value) = key.get_mut("metrics") {
            *value = value.replace('\u{fffd}', "?");
        }
        let full = key.iter().filter(|(_, value)| !value.is_empty());
        keys.insert(full.map(|(name, value)| (name.clone(), value.clone())).collect(), key);
    }
    // Put the longest keys first, so that later listings are shorter.
    let mut keys: Vec<Key> = keys.into_values().collect();
    keys.sort_by_cached_key(|key| Reverse(key.values().map(String::len).sum::<usize>()));
    keys
}

/// Returns the key as options, in a random notation.
fn flags(key: &Key, random: &mut Random) -> Vec<String> {
    let mut flags = Vec::new();
    for (name, value) in key {
        // A value that starts with a dash needs `=`, so that in `-j $UNSET -l a=b` the job does not become `-l`.
        let short = random.once_in(2) && !value.starts_with('-');
        match (name.as_str(), short) {
            ("job", true) => flags.extend(["-j".to_owned(), value.clone()]),
            ("job", false) => flags.push(format!("--job={value}")),
            ("instance", true) => flags.extend(["-i".to_owned(), value.clone()]),
            ("instance", false) => flags.push(format!("--instance={value}")),
            (_, true) => flags.extend(["-l".to_owned(), format!("{name}={value}")]),
            (_, false) => flags.push(format!("--label={name}={value}")),
        }
    }
    flags
}

/// A function that runs pushgw with a gateway, in this process or as a program.
type Run = fn(&Gateway, &[String]);

fn run_in_process(gateway: &Gateway, args: &[String]) {
    // -q suppresses the warnings about unusual values.
    in_process(&gateway.url(), b"", args.iter().map(String::as_str).chain(["-q"])).silent();
}

fn run_program(gateway: &Gateway, args: &[String]) {
    pushgw().args(args).arg("-q").on(gateway).run();
}

/// Pushes these keys with `run`, then lists and deletes them.
fn push_and_delete(gateway: &Gateway, random: &mut Random, keys: &[Key], run: Run) {
    for key in keys {
        let verb = random.pick(&["push", "add"]);
        let command: Vec<_> =
            [verb, "-m", "m 1"].map(str::to_owned).into_iter().chain(flags(key, random)).collect();
        run(gateway, &command);
    }
    list_and_delete(gateway, random, keys, run);
}

/// Checks that the gateway has exactly these keys, and that `delete` removes each of them and nothing else.
fn list_and_delete(gateway: &Gateway, random: &mut Random, keys: &[Key], run: Run) {
    let mut expected = keys.to_vec();
    expected.sort();
    let mut stored = gateway.keys();
    stored.sort();
    assert_eq!(stored, expected);
    let listed = in_process(&gateway.url(), b"", ["list", "--format", "json"]);
    let listed: Vec<serde_json::Value> = serde_json::from_str(&listed.stdout).unwrap();
    let paths: BTreeMap<Key, &str> = listed
        .iter()
        .map(|group| {
            let key = serde_json::from_value(group["labels"].clone()).unwrap();
            (key, group["path"].as_str().unwrap_or_else(|| panic!("no path for {group}")))
        })
        .collect();
    assert!(paths.keys().eq(&expected), "{paths:?}");

    let mut left = gateway.snapshot();
    for key in keys {
        let mut command = vec!["delete".to_owned()];
        if random.once_in(4) {
            command.push(format!("--url={}{}", gateway.url(), paths[key]));
        } else {
            command.extend(flags(key, random));
        }
        run(gateway, &command);
        let labels = serde_json::to_value(key).unwrap();
        left.retain(|group| group["labels"] != labels);
        assert_eq!(gateway.snapshot(), left, "after the deletion of {key:?}");
    }
    assert_eq!(left, Vec::<serde_json::Value>::new());
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn any_key_can_be_pushed_and_deleted() {
    const BATCH: usize = 5;
    on_every_gateway(|gateway| {
        let mut random = Random::new();
        for _ in 0..IN_PROCESS / BATCH {
            let keys = batch(&mut random, BATCH, false);
            push_and_delete(gateway, &mut random, &keys, run_in_process);
        }
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn any_key_can_be_pushed_and_deleted_with_the_program() {
    const BATCH: usize = 10;
    on_every_gateway(|gateway| {
        let mut random = Random::new();
        for _ in 0..WITH_PROGRAM / BATCH {
            let mut keys = batch(&mut random, BATCH, false);
            // An argument can't contain NUL.
            keys.iter_mut().flat_map(Key::values_mut).for_each(|value| *value = value.replace('\0', "\u{1}"));
            push_and_delete(gateway, &mut random, &keys, run_program);
        }
    });
}

/// pushgw does not push such groups, but it must be able to delete them.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn keys_with_empty_values_can_be_deleted() {
    use base64::Engine as _;
    const BATCH: usize = 5;
    // Build the path without pushgw's own encoder.
    let path = |key: &Key| {
        let base64 = |text: &String| base64::engine::general_purpose::URL_SAFE.encode(text);
        let part = |(name, value): (&String, &String)| format!("/{name}@base64/{}=", base64(value));
        let labels = key.iter().filter(|(name, _)| *name != "job").map(part);
        ["/metrics".to_owned(), part((&"job".to_owned(), &key["job"]))]
            .into_iter()
            .chain(labels)
            .collect::<String>()
    };
    on_every_gateway(|gateway| {
        let mut random = Random::new();
        for _ in 0..40 {
            let keys = batch(&mut random, BATCH, true);
            for key in &keys {
                assert_eq!(gateway.put(path(key), "m 1\n").status, 200, "{key:?}");
            }
            list_and_delete(gateway, &mut random, &keys, run_in_process);
        }
    });
}

/// A gateway that an empty `instance` broke works again after that group is deleted.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn deleting_an_empty_instance_fixes_the_gateway() {
    on_every_gateway(|gateway| {
        assert_eq!(gateway.put("/metrics/job/x", "m 1\n").status, 200);
        assert!(gateway.rejects("PUT", "/metrics/job/x/instance/", "m 1\n"));
        wait_until("a broken gateway", || gateway.metrics().status == 500);
        pushgw().args(["delete", "-j", "x", "-i", ""]).on(gateway).run();
        assert_eq!(gateway.samples(), [r#"m{instance="",job="x"} 1"#]);
        pushgw().args(["push", "-j", "x", "-m", "m 2"]).on(gateway).run();
    });
}

#[test]
fn the_path_of_a_deletion_is_sent_unchanged() {
    let server = Server::answering(202, "");
    let mut random = Random::new();
    let keys = batch(&mut random, 300, true);
    let mut expected = Vec::new();
    for (i, key) in keys.iter().enumerate() {
        let labels =
            key.iter().filter(|(name, _)| *name != "job").map(|(name, value)| Label::new(name, value));
        let rules = KeyRules { empty_values: EmptyValues::Allow, ..KeyRules::default() };
        let prefix = random.pick(&["", "/prefix", "/a%2e/~b/%5Bc%5D@"]);
        let path = GroupingKey::new(key["job"].clone(), labels, rules).unwrap().path();
        let mut args = flags(key, &mut random);
        // `delete -f` accepts any key and does not list the groups.
        args.splice(0..0, ["delete", "-f"].map(str::to_owned));
        args.push("-q".to_owned());
        in_process(&format!("{}{prefix}", server.url()), b"", args).silent();
        expected.push(format!("{prefix}{path}"));
        assert_eq!(server.requests()[i].path, expected[i], "{key:?}");
    }
    assert_eq!(server.requests().len(), keys.len());
}

#[test]
fn the_path_of_a_push_is_sent_unchanged() {
    let server = Server::answering(200, "");
    let mut random = Random::new();
    for (i, key) in batch(&mut random, 100, false).iter().enumerate() {
        let labels =
            key.iter().filter(|(name, _)| *name != "job").map(|(name, value)| Label::new(name, value));
        let path = GroupingKey::new(key["job"].clone(), labels, KeyRules::default()).unwrap().path();
        for (j, verb) in ["push", "add"].into_iter().enumerate() {
            let mut args = flags(key, &mut random);
            args.splice(0..0, [verb, "-m", "m 1"].map(str::to_owned));
            args.push("-q".to_owned());
            in_process(&server.url(), b"", args).silent();
            let request = &server.requests()[2 * i + j];
            assert_eq!((&*request.method, &*request.path), (["PUT", "POST"][j], &*path), "{key:?}");
        }
    }
}

/// A URL from an old script is sent unchanged, because some groups can't be identified by a key.
#[test]
fn a_url_to_delete_is_sent_unchanged() {
    let server = Server::answering(202, "");
    let paths = [
        "/metrics/job/a/l/%ff",
        "/metrics/job/a/./l/..",
        "/metrics/job/a//l/x",
        "/p/metrics/job/a/l/x/",
        "/metrics/job/a;b",
    ];
    for (i, path) in paths.into_iter().enumerate() {
        pushgw().args(["delete", "-f", "--url", &format!("{}{path}", server.url())]).run();
        assert_eq!(server.requests()[i].path, path);
    }
}

#[test]
fn the_vectors_match_the_shared_file() {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors/grouping.tsv");
    // The shared file is not part of this repository.
    if let Ok(shared) = std::fs::read_to_string(shared) {
        assert_eq!(shared, include_str!("../data/grouping.tsv"), "copy {shared} to tests/data/");
    }
}
