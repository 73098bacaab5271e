//! Tests random arguments, variables, texts and responses, most of which are almost valid. Nothing may panic, and every
//! exit code must be documented. A fuzzer also runs the `targets` (`tests/fuzz.sh`).

mod targets;

use crate::support::{InProcessOutput, Random, Server, in_process_with, pushgw, repo_file};
use pushgw::env::Environment;
use pushgw::exposition::Code;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

const COMMANDS: [&str; 8] = ["push", "add", "delete", "list", "check", "completions", "help", "psuh"];

/// Options with a value. They are written as `--option=value`, so that random text is never used as a gateway's host
/// name, which would cause a DNS lookup.
const VALUED: [&str; 12] = [
    "--job",
    "--label",
    "--instance",
    "--metric",
    "--type",
    "--match",
    "--format",
    "--timeout",
    "--color",
    "--max-diagnostics",
    "--message-format",
    "-l",
];

/// All switches except `--`, because the words after it would be run as a command.
const SWITCHES: [&str; 16] = [
    "-n",
    "--dry-run",
    "--as-curl",
    "-q",
    "-v",
    "-vv",
    "-f",
    "--force",
    "--allow-empty",
    "--strip-timestamps",
    "--no-fix",
    "--strict",
    "--utf8-names",
    "-h",
    "--help",
    "-V",
];

const VALUES: [&str; 30] = [
    "",
    "x",
    "a=b",
    "a=",
    "=",
    "=b",
    "job=x",
    "job=~x.*",
    "job!=",
    "job!~(",
    "instance=~[",
    "U__a_2e_b=c",
    "a.b=c",
    "gauge",
    "counter",
    "json",
    "path",
    "table",
    "human",
    "short",
    "github",
    "always",
    "never",
    "5s",
    "0",
    "1h30m",
    "99999999999999999999d",
    "18446744073709551616",
    "-1",
    "m 1",
];

/// Arguments that are valid for each of the [`COMMANDS`], in the same order.
const FITTING: [&[&str]; 5] = [PUSH, PUSH, &["-f", "-f", "-n", "-lb=c", "-v"], LIST, CHECK];
const PUSH: &[&str] =
    &["--metric=m 1", "--type=gauge", "-la=b", "-n", "--as-curl", "-v", "--color=always", "-"];
const LIST: &[&str] =
    &["--match=job=~x.*", "--match=a!=", "--format=json", "--format=path", "-vv", "--timeout=5s"];
const CHECK: &[&str] =
    &["--metric=m 1", "--type=counter", "--strict", "--max-diagnostics=0", "Cargo.toml", "-"];

/// Generates URLs of gateways and groups that do not need a DNS query.
fn url(random: &mut Random, server: &str) -> Vec<u8> {
    let base = random.pick(&[
        server,
        server,
        server,
        "",
        "http://",
        "//",
        "ftp://x",
        "http://127.0.0.1:99999",
        "127.0.0.1:0",
        "[::1",
        "http://[::g]",
        "http://u:p@127.0.0.1:1",
        "http://127.0.0.1:1:1",
    ]);
    let mut url = base.as_bytes().to_vec();
    if random.once_in(2) {
        let path = random.pick(&[
            "/",
            "/metrics",
            "/metrics/job/x",
            "/p/metrics/job@base64/Lg/a/b",
            "/%",
            "/%zz/..//",
            "?x#y",
        ]);
        url.extend_from_slice(path.as_bytes());
    }
    // Append after a slash, so that the text does not become part of the host name.
    if random.once_in(4) && base == server {
        url.push(b'/');
        let count = random.below(8);
        url.extend(random.bytes(count));
    }
    url
}

fn argument(random: &mut Random, server: &str) -> OsString {
    let text = |text: &str| OsString::from(text);
    match random.below(10) {
        0..4 => {
            let option = random.pick(&VALUED);
            let mut bytes = if option == "-l" { b"-l".to_vec() } else { format!("{option}=").into_bytes() };
            bytes.extend(value(random));
            OsString::from_vec(bytes)
        }
        4 | 5 => text(random.pick(&SWITCHES)),
        6 => {
            let mut bytes = random.pick(&["--url=", "--gateway="]).as_bytes().to_vec();
            bytes.extend(url(random, server));
            OsString::from_vec(bytes)
        }
        7 => text(random.pick(&["-", ".", "/", "nowhere", "Cargo.toml"])),
        // Text that starts with a dash could be an option that consumes the next argument.
        8 => OsString::from_vec([b"x".to_vec(), value(random)].concat()),
        _ => text(random.pick(&COMMANDS)),
    }
}

fn value(random: &mut Random) -> Vec<u8> {
    match random.below(4) {
        0 => {
            let count = random.below(12);
            random.bytes(count)
        }
        1 => {
            let chars = random.below(12);
            random.text(chars).into_bytes()
        }
        _ => random.pick(&VALUES).as_bytes().to_vec(),
    }
}

/// Generates an almost valid text.
fn text(random: &mut Random) -> Vec<u8> {
    const PARTS: [&str; 32] = [
        "m",
        "m_total",
        "1",
        " ",
        "\n",
        "\n",
        "\r\n",
        "{",
        "}",
        "a",
        "=",
        "\"",
        "\\",
        ",",
        "\"b\"",
        "# TYPE ",
        "# HELP ",
        "gauge",
        "counter",
        "histogram",
        "summary",
        "le",
        "quantile",
        "+Inf",
        "NaN",
        "1e999",
        "1700000000000",
        "\t",
        "\u{feff}",
        "日🎉",
        "_bucket",
        "_count",
    ];
    let mut text = if random.once_in(2) {
        b"# TYPE m gauge\nm{a=\"b\"} 1\nh_bucket{le=\"1\"} 1\n".to_vec()
    } else {
        Vec::new()
    };
    let parts = random.pick(&[0, 1, 4, 30]);
    for _ in 0..random.below(parts + 1) {
        if random.once_in(8) {
            let count = random.below(4);
            text.extend(random.bytes(count));
        } else {
            text.extend_from_slice(random.pick(&PARTS).as_bytes());
        }
    }
    if !text.is_empty() && random.once_in(5) {
        text.truncate(random.below(text.len()));
    }
    text
}

fn environment(random: &mut Random, server: &str) -> Environment {
    let mut environment = Environment {
        stdin_is_terminal: random.once_in(10),
        stdout_is_terminal: random.once_in(2),
        stderr_is_terminal: random.once_in(2),
        width: random.once_in(2).then(|| random.below(200)),
        ..Environment::default()
    };
    let gateway = if random.once_in(3) { url(random, server) } else { server.as_bytes().to_vec() };
    environment.variables.insert("PUSHGATEWAY_URL".into(), OsString::from_vec(gateway));
    for name in ["PUSHGATEWAY_TIMEOUT", "NO_COLOR", "CLICOLOR_FORCE", "TERM", "LC_ALL", "LANG"] {
        if random.once_in(6) {
            environment.variables.insert(name.into(), OsString::from_vec(value(random)));
        }
    }
    if random.once_in(2) {
        environment.variables.insert("LANG".into(), "C.UTF-8".into());
    }
    environment
}

/// Runs `pushgw`. If it panics or exits with an undocumented code, the failure shows all of its input.
#[track_caller]
fn run(environment: &Environment, args: &[OsString], stdin: &[u8]) -> InProcessOutput {
    let input = || format!("{args:?}\n{environment:?}\nstdin: \"{}\"", stdin.escape_ascii());
    let output = catch_unwind(AssertUnwindSafe(|| in_process_with(environment, stdin, args)))
        .unwrap_or_else(|_| panic!("it panicked: {}", input()));
    let code = output.code;
    assert!(code <= 8, "exit code {code}: {}", input());
    assert!(code == 0 || !output.stderr.is_empty(), "it failed without a message: {}", input());
    output
}

#[test]
fn random_arguments_do_not_panic() {
    let server = Server::answering(202, "");
    let mut random = Random::new();
    let mut codes = [0; 9];
    for _ in 0..1500 {
        let command = random.below(FITTING.len());
        let mut args = vec![OsString::from(COMMANDS[command])];
        if command != 3 || random.once_in(2) {
            args.extend(["-j", "x"].map(OsString::from));
        }
        args.extend((0..random.below(3)).map(|_| OsString::from(random.pick(FITTING[command]))));
        if random.once_in(2) {
            args.extend((0..random.below(4)).map(|_| argument(&mut random, &server.url())));
            let at = random.below(args.len());
            args.rotate_left(if random.once_in(8) { at } else { 0 });
        }
        let environment = environment(&mut random, &server.url());
        let stdin = text(&mut random);
        codes[usize::from(run(&environment, &args, &stdin).code)] += 1;
    }
    // Otherwise, all calls would fail at the same early check, and nothing after it would be tested.
    assert!(codes[0] > 50 && codes[2] > 50 && codes[3] > 50, "{codes:?}");
}

#[test]
fn random_arguments_do_not_crash_the_program() {
    let server = Server::answering(202, "");
    let mut random = Random::new();
    // The server must be called at least once, even if none of the random calls does.
    pushgw().args(["delete", "-fj", "x", "-g", &server.url()]).run();
    for _ in 0..60 {
        let mut call = pushgw().env("PUSHGATEWAY_URL", server.url()).arg(random.pick(&COMMANDS[..5]));
        for _ in 0..random.below(5) {
            let argument = argument(&mut random, &server.url()).into_vec();
            // An argument can't contain NUL.
            call = call.arg(OsString::from_vec(argument.into_iter().filter(|byte| *byte != 0).collect()));
        }
        let done = call.stdin(text(&mut random)).any_code().any_stdout().any_stderr().run();
        assert!(done.status.code().is_some_and(|code| (0..=8).contains(&code)), "{done}");
        assert!(!done.stderr().contains("panicked"), "{done}");
    }
}

/// `check` and `push` must agree on any text, in every message format.
#[test]
fn random_texts_do_not_panic() {
    let mut random = Random::new();
    let mut verdicts = [0; 2];
    for _ in 0..1500 {
        let stdin = text(&mut random);
        let environment = environment(&mut random, "http://127.0.0.1:1");
        let environment =
            Environment { stdin_is_terminal: false, variables: environment.variables, ..environment };
        let format = random.pick(&["human", "short", "json", "github"]);
        let mut options: Vec<OsString> = ["-j", "x", "--message-format", format].map(OsString::from).to_vec();
        for switch in
            ["--allow-empty", "--strip-timestamps", "--no-fix", "--strict", "--utf8-names", "--type=gauge"]
        {
            if random.once_in(4) {
                options.push(switch.into());
            }
        }
        let call = |first: &[&str]| {
            let args: Vec<OsString> = first.iter().map(Into::into).chain(options.iter().cloned()).collect();
            run(&environment, &args, &stdin)
        };
        let checked = call(&["check"]);
        let pushed = call(&["push", "-n", "--timeout=5s", "-g=http://127.0.0.1:1"]);
        assert_eq!(checked.code, pushed.code, "{options:?}: \"{}\"\n{}", stdin.escape_ascii(), pushed.stderr);
        assert!(matches!(checked.code, 0 | 3), "{checked:?}");
        verdicts[usize::from(checked.code == 0)] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 100), "{verdicts:?}");
}

/// Tests listings of a gateway with random changes.
#[test]
fn random_listings_do_not_panic() {
    const ANSWERS: [&str; 6] = [
        include_str!("../data/groups/1.5.1.json"),
        include_str!("../data/groups/1.11.0.json"),
        include_str!("../data/groups/1.11.2.json"),
        include_str!("../data/groups/1.5.1.txt"),
        include_str!("../data/groups/1.11.2.txt"),
        "{\"status\":\"success\",\"data\":[]}",
    ];
    // The next response. The status applies only to the API's path, the body to every path.
    let next = Arc::new(Mutex::new((200, Vec::new())));
    let current = Arc::clone(&next);
    let server = Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            let (status, body) = current.lock().unwrap().clone();
            let status = if request.path == "/api/v1/metrics" { status } else { 200 };
            connection.answer(status, &[("Date", "Mon, 23 Nov 2026 09:20:36 GMT")], body);
        }
    });
    let mut random = Random::new();
    for _ in 0..300 {
        let mut body = random.pick(&ANSWERS).as_bytes().to_vec();
        for _ in 0..random.below(4) {
            let at = random.below(body.len());
            let count = random.below(6);
            let end = (at + random.below(12)).min(body.len());
            let with = if random.once_in(2) { random.bytes(count) } else { b"\"},[{:0".to_vec() };
            body.splice(at..end, with);
            if body.is_empty() {
                break;
            }
        }
        *next.lock().unwrap() = (random.pick(&[200, 200, 404, 400, 301]), body);
        let environment = environment(&mut random, "http://127.0.0.1:1");
        let format = format!("--format={}", random.pick(&["table", "json", "path"]));
        let args = ["list".to_owned(), format, format!("--gateway={}", server.url())].map(OsString::from);
        run(&environment, &args, b"");
    }
}

/// Changes a few bytes.
fn change(random: &mut Random, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(8)).min(bytes.len());
    let count = random.below(4);
    let with = match random.below(3) {
        0 => random.bytes(count),
        1 => random
            .pick(&["\"", "\n", "{", "}", "0", "-", ",", "\\", "\r\n", ":", "/", "%"])
            .as_bytes()
            .to_vec(),
        _ => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            other[from..].iter().copied().take(random.below(60)).collect()
        }
    };
    bytes.splice(at..end, with);
}

/// Runs a target with the seeds in these folders or files, and with random changes to them.
#[track_caller]
fn try_target(target: fn(&[u8]), mut seeds: Vec<Vec<u8>>, files: &[&str]) {
    for file in files {
        let path = repo_file(file);
        if path.is_dir() {
            seeds.extend(path.read_dir().unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap()));
        } else {
            seeds.push(std::fs::read(path).unwrap());
        }
    }
    seeds.sort();
    let mut random = Random::new();
    let changed: Vec<Vec<u8>> = (0..50)
        .map(|_| {
            let mut input = seeds[random.below(seeds.len())].clone();
            (0..=random.below(4)).for_each(|_| change(&mut random, &mut input, &seeds));
            input
        })
        .collect();
    for input in seeds.iter().chain(&changed) {
        let run = catch_unwind(AssertUnwindSafe(|| target(input)));
        assert!(run.is_ok(), "the target fails for: \"{}\"", input.escape_ascii());
    }
}

#[test]
fn the_fuzz_targets_pass_for_changed_seeds() {
    let examples = Code::ALL.iter().map(|code| [b" ", code.example()].concat());
    try_target(targets::checker, examples.collect(), &["fuzz/seeds/checker"]);
    let groups = ["1.5.1", "1.11.0", "1.11.2"].map(|version| format!("tests/data/groups/{version}"));
    for (target, extension) in [(targets::api as fn(&[u8]), "json"), (targets::metrics, "txt")] {
        let files = groups.clone().map(|file| format!("{file}.{extension}"));
        try_target(target, Vec::new(), &files.each_ref().map(String::as_str));
    }
    try_target(targets::url, Vec::new(), &["fuzz/seeds/url"]);
    try_target(targets::response, Vec::new(), &["fuzz/seeds/response"]);
}
