//! Any grouping key that is accepted is the one that the gateway then lists, byte for byte, and `delete` removes that
//! group and no other. Thousands of random keys, made of what is known to go wrong on the way, on every Pushgateway.
//!
//! In small batches, because every look reads the whole store and every push has the gateway check all of it again;
//! and the mass of them inside this process. A sample goes through the real program and its arguments.

use crate::support::{Gateway, Random, Server, in_process, on_every_gateway, pushgw, wait_until};
use pushgw::grouping::{EmptyValues, GroupingKey, KeyRules, Label};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Keys a version through the library, and through the program.
const MASS: usize = 2000;
const SAMPLE: usize = 50;

type Key = BTreeMap<String, String>;

/// Values, and parts of values, that one layer or another on the way could take for something else.
const ODD: [&str; 44] = [
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
        0..3 => (*random.choose(&ODD)).to_owned(),
        3 | 4 => {
            let parts = 1 + random.below(4);
            (0..parts).map(|_| *random.choose(&ODD)).collect()
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
        return (*random.choose(&["instance", "a", "b", "metrics", "le", "labels", "base64", "_"]))
            .to_owned();
    }
    let length = random.below(20);
    let name: String = std::iter::once(*random.choose(FIRST))
        .chain((0..length).map(|_| *random.choose(REST)))
        .map(char::from)
        .collect();
    // Reserved, and the mark of an escaped name.
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

/// 4 KiB of any characters, or as near as they come.
fn long_value(random: &mut Random) -> String {
    let mut value = if random.once_in(2) { "/".to_owned() } else { String::new() };
    while value.len() < 4092 {
        value.push(random.char());
    }
    value
}

/// A key that is nearly the other.
fn twin(random: &mut Random, key: &Key) -> Key {
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

/// As many different keys, no two of which the gateway would take for the same series: an empty value is one to a
/// group, but none to a series.
fn batch(random: &mut Random, count: usize, empty: bool) -> Vec<Key> {
    let mut keys: BTreeMap<Key, Key> = BTreeMap::new();
    while keys.len() < count {
        let mut key = match keys.values().next() {
            Some(other) if random.once_in(3) => twin(random, other),
            _ => key(random),
        };
        if empty {
            key.insert(name(random), String::new());
        }
        // There a listing's U+FFFD can't be told from a byte that is not UTF-8, so that the group has no path.
        if let Some(value) = key.get_mut("metrics") {
            *value = value.replace('\u{fffd}', "?");
        }
        let full = key.iter().filter(|(_, value)| !value.is_empty());
        keys.insert(full.map(|(name, value)| (name.clone(), value.clone())).collect(), key);
    }
    // The longest first, so that the looks after its deletion have less to read.
    let mut keys: Vec<Key> = keys.into_values().collect();
    keys.sort_by_cached_key(|key| Reverse(key.values().map(String::len).sum::<usize>()));
    keys
}

/// The key as flags, in any of the ways to give it.
fn flags(key: &Key, random: &mut Random) -> Vec<String> {
    let mut flags = Vec::new();
    for (name, value) in key {
        // A value that begins with a dash needs the `=`: after `-j $UNSET -l a=b` the job must not be `-l`.
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

/// A way to run pushgw on a gateway: in this process, or the program.
type Run = fn(&Gateway, &[String]);

fn run_in_process(gateway: &Gateway, args: &[String]) {
    in_process(&gateway.url(), b"", args).silent();
}

fn as_program(gateway: &Gateway, args: &[String]) {
    pushgw().args(args).on(gateway).run();
}

/// Keys that `run` pushes, lists and deletes.
fn come_back(gateway: &Gateway, random: &mut Random, keys: &[Key], run: Run) {
    for key in keys {
        let verb = *random.choose(&["push", "add"]);
        let command: Vec<_> =
            [verb, "-m", "m 1"].map(str::to_owned).into_iter().chain(flags(key, random)).collect();
        run(gateway, &command);
    }
    go(gateway, random, keys, run);
}

/// The gateway holds these keys and no others; `delete` then removes each and only it.
fn go(gateway: &Gateway, random: &mut Random, keys: &[Key], run: Run) {
    let mut expected = keys.to_vec();
    expected.sort();
    let mut held = gateway.keys();
    held.sort();
    assert_eq!(held, expected);
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
fn any_key_comes_back_and_goes() {
    const BATCH: usize = 5;
    on_every_gateway(|gateway| {
        let mut random = Random::new();
        for _ in 0..MASS / BATCH {
            let keys = batch(&mut random, BATCH, false);
            come_back(gateway, &mut random, &keys, run_in_process);
        }
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn any_key_comes_back_and_goes_through_the_program() {
    const BATCH: usize = 10;
    on_every_gateway(|gateway| {
        let mut random = Random::new();
        for _ in 0..SAMPLE / BATCH {
            let mut keys = batch(&mut random, BATCH, false);
            // No argument of a program can hold a NUL.
            keys.iter_mut().flat_map(Key::values_mut).for_each(|value| *value = value.replace('\0', "\u{1}"));
            come_back(gateway, &mut random, &keys, as_program);
        }
    });
}

/// Such groups can't be pushed, but whoever meets them must be able to delete them.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn keys_with_empty_values_go() {
    use base64::Engine as _;
    const BATCH: usize = 5;
    // Not our own encoder.
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
            go(gateway, &mut random, &keys, run_in_process);
        }
    });
}

/// A gateway that an empty `instance` has broken is whole again when that group is gone.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_broken_gateway_is_fixed() {
    on_every_gateway(|gateway| {
        assert_eq!(gateway.put("/metrics/job/x", "m 1\n").status, 200);
        assert!(gateway.refuses("PUT", "/metrics/job/x/instance/", "m 1\n"));
        wait_until("a broken gateway", || gateway.metrics().status == 500);
        pushgw().args(["delete", "-j", "x", "-i", ""]).on(gateway).run();
        assert_eq!(gateway.samples(), [r#"m{instance="",job="x"} 1"#]);
        pushgw().args(["push", "-j", "x", "-m", "m 2"]).on(gateway).run();
    });
}

#[test]
fn the_path_reaches_the_socket_as_it_was_built() {
    let server = Server::answering(202, "");
    let mut random = Random::new();
    let keys = batch(&mut random, 300, true);
    let mut expected = Vec::new();
    for (i, key) in keys.iter().enumerate() {
        let labels =
            key.iter().filter(|(name, _)| *name != "job").map(|(name, value)| Label::new(name, value));
        let rules = KeyRules { empty_values: EmptyValues::Allow, ..KeyRules::default() };
        let prefix = *random.choose(&["", "/prefix", "/a%2e/~b/%5Bc%5D@"]);
        let path = GroupingKey::new(key["job"].clone(), labels, rules).unwrap().path();
        let mut args = flags(key, &mut random);
        // `delete -f` alone takes any key and looks at nothing.
        args.splice(0..0, ["delete", "-f"].map(str::to_owned));
        in_process(&format!("{}{prefix}", server.url()), b"", args).silent();
        expected.push(format!("{prefix}{path}"));
        assert_eq!(server.requests()[i].path, expected[i], "{key:?}");
    }
    assert_eq!(server.requests().len(), keys.len());
}

#[test]
fn the_path_of_a_push_reaches_the_socket_as_it_was_built() {
    let server = Server::answering(200, "");
    let mut random = Random::new();
    for (i, key) in batch(&mut random, 100, false).iter().enumerate() {
        let labels =
            key.iter().filter(|(name, _)| *name != "job").map(|(name, value)| Label::new(name, value));
        let path = GroupingKey::new(key["job"].clone(), labels, KeyRules::default()).unwrap().path();
        for (j, verb) in ["push", "add"].into_iter().enumerate() {
            let mut args = flags(key, &mut random);
            args.splice(0..0, [verb, "-m", "m 1"].map(str::to_owned));
            in_process(&server.url(), b"", args).silent();
            let request = &server.requests()[2 * i + j];
            assert_eq!((&*request.method, &*request.path), (["PUT", "POST"][j], &*path), "{key:?}");
        }
    }
}

/// An old script's URL is sent as it is written, whatever it says: only so can a group be named that no key can hold.
#[test]
fn a_url_to_delete_reaches_the_socket_as_it_was_written() {
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
fn the_grouping_keys_are_the_shared_ones() {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/vectors/grouping.tsv");
    // Whoever has only this repository has nothing to compare with.
    if let Ok(shared) = std::fs::read_to_string(shared) {
        assert_eq!(shared, include_str!("../data/grouping.tsv"), "copy {shared} to tests/data/");
    }
}
