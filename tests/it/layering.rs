//! Checks the architecture: which top-level modules may use which, which files inside a module may use which, and what
//! the pure modules must not use. Imports are followed through re-exports to the file that defines the item.

use crate::structure::dependencies;
use crate::structure::source::{SourceFile, files};
use std::collections::BTreeSet;

/// Each top-level module, and the modules that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("cli", &["output", "secret", "shell"]),
    (
        "command",
        &[
            "cli",
            "config",
            "diagnose",
            "env",
            "error",
            "exposition",
            "gateway",
            "grouping",
            "http",
            "input",
            "job",
            "os",
            "output",
            "process",
            "remote_write",
            "shell",
            "textfile",
        ],
    ),
    ("complete", &["cli", "config", "env", "gateway", "grouping", "http", "output"]),
    (
        "config",
        &[
            "cli",
            "duration",
            "env",
            "error",
            "exposition",
            "gateway",
            "grouping",
            "http",
            "input",
            "job",
            "os",
            "output",
            "remote_write",
            "secret",
            "shell",
            "textfile",
        ],
    ),
    ("diagnose", &["exposition", "gateway", "grouping", "http", "shell"]),
    ("duration", &[]),
    ("env", &["os"]),
    ("error", &["http", "os"]),
    ("exposition", &["grouping"]),
    ("gateway", &["exposition", "grouping", "http"]),
    ("grouping", &[]),
    ("http", &["os", "secret", "shell"]),
    ("input", &["error", "os", "output", "process", "secret"]),
    ("job", &[]),
    ("os", &[]),
    ("output", &["exposition", "process"]),
    ("process", &["os", "secret", "shell"]),
    ("remote_write", &["exposition", "grouping", "http"]),
    ("secret", &[]),
    ("shell", &[]),
    ("textfile", &["exposition", "grouping", "os"]),
];

/// Restrictions inside a module: files whose path starts with the first prefix may use only files of their module whose
/// path starts with one of the others.
const RESTRICTIONS: &[(&str, &[&str])] = &[
    ("exposition/text/", &["exposition/text/", "exposition/hash"]),
    ("exposition/model/", &["exposition/model/", "exposition/text/", "exposition/family"]),
    ("gateway/fetch", &["gateway/"]),
    ("http/client", &["http/"]),
    ("http/url", &[]),
    ("http/header", &[]),
    ("http/proxy", &["http/url", "http/header"]),
    ("http/request", &["http/url", "http/header"]),
    ("http/error", &["http/request"]),
    ("http/retry", &["http/error"]),
    ("http/curl_command", &["http/connection", "http/header", "http/proxy", "http/request"]),
    ("http/stream", &[]),
    ("http/certificate", &[]),
    ("http/identity", &[]),
    ("http/connection", &["http/header", "http/identity", "http/proxy", "http/request", "http/url"]),
    ("output/sanitize", &[]),
    ("output/width", &["output/sanitize"]),
    ("output/line", &["output/color", "output/sanitize", "output/width"]),
];

/// Files of pure modules that do I/O. No other file of these modules may use them, except their `mod.rs`.
const IMPURE: &[&str] = &[
    "gateway/exchange.rs",
    "gateway/fetch.rs",
    "http/agent.rs",
    "http/buffers.rs",
    "http/client.rs",
    "http/connect.rs",
    "http/stream.rs",
    "http/tls.rs",
    "remote_write/exchange.rs",
    "textfile/directory.rs",
];

/// Modules that use no I/O, clock or environment.
const PURE: &[&str] = &[
    "diagnose",
    "duration",
    "exposition",
    "gateway",
    "grouping",
    "http",
    "job",
    "remote_write",
    "secret",
    "shell",
    "textfile",
];

/// Paths that pure files must not use.
const IMPURITIES: &[&str] = &[
    "anyhow",
    "clap",
    "colored",
    "jiff::Timestamp::now",
    "rustls_native_certs",
    "std::env",
    "std::fs",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::os::unix::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "ureq",
];

/// The only files that may use ureq.
const UREQ: &[&str] = &["http/agent.rs", "http/buffers.rs"];

/// The only file that may use items that exist only on Unix.
const UNIX: &str = "os/unix.rs";

/// Returns the top-level module of a file: `http` for `http/client.rs`, and `error` for `error.rs`.
fn top_module(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Returns the top-level modules that a file uses: the ones that it names, and the ones that define what it uses.
fn used_modules(file: &SourceFile, used: impl Iterator<Item = String>) -> BTreeSet<String> {
    let named = file.paths.iter().filter_map(|(_, path)| match path.as_slice() {
        [first, module, _, ..] if first == "crate" => Some(module.clone()),
        _ => None,
    });
    named.chain(used).collect()
}

#[test]
fn modules_use_each_other_in_one_direction() {
    let files = files();
    let mut wrong = Vec::new();
    for (file, used) in files.iter().zip(dependencies(&files)) {
        let module = top_module(&file.name);
        if module == "lib" {
            continue;
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            panic!("{} is in an unknown module: add it to ALLOWED and to lib.rs", file.name);
        };
        let used = used.iter().map(|used| top_module(&files[*used].name).to_owned());
        let used = used_modules(file, used);
        let surplus = used.iter().filter(|used| *used != module && !allowed.contains(&used.as_str()));
        wrong.extend(surplus.map(|used| format!("{} uses {used}", file.name)));
    }
    assert!(wrong.is_empty(), "dependencies that are not allowed:\n{}", wrong.join("\n"));
}

#[test]
fn imports_respect_the_restrictions_inside_modules() {
    let files = files();
    let mut wrong = Vec::new();
    for (file, used) in files.iter().zip(dependencies(&files)) {
        let others = used.iter().map(|used| files[*used].name.as_str());
        for other in others.filter(|other| top_module(other) == top_module(&file.name)) {
            let restrictions = RESTRICTIONS.iter().filter(|(from, _)| file.name.starts_with(from));
            let closed = restrictions.into_iter().any(|(_, to)| !to.iter().any(|to| other.starts_with(to)));
            let is_impure = |name: &str| IMPURE.contains(&name) || name.ends_with("/mod.rs");
            if closed || (IMPURE.contains(&other) && !is_impure(&file.name)) {
                wrong.push(format!("{} uses {other}", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that are not allowed:\n{}", wrong.join("\n"));
}

#[test]
fn pure_modules_do_no_io() {
    let files = files();
    let pure =
        files.iter().filter(|file| PURE.contains(&top_module(&file.name)) && !IMPURE.contains(&&*file.name));
    let wrong: Vec<_> = pure
        .flat_map(|file| {
            let used = IMPURITIES.iter().filter(|impurity| names(file, impurity));
            used.map(|impurity| format!("{} uses {impurity}", file.name)).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "a pure file does I/O:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_agent_uses_ureq() {
    for file in files() {
        assert!(UREQ.contains(&&*file.name) || !names(&file, "ureq"), "{} names ureq", file.name);
    }
}

#[test]
fn only_one_file_uses_unix_only_items() {
    for file in files() {
        for path in ["rustix", "signal_hook", "std::os"] {
            assert!(file.name == UNIX || !names(&file, path), "{} names {path}: use os", file.name);
        }
    }
}

/// Returns true if a file names this path or an item below it.
fn names(file: &SourceFile, path: &str) -> bool {
    let path: Vec<&str> = path.split("::").collect();
    file.paths
        .iter()
        .any(|(_, named)| named.len() >= path.len() && named.iter().zip(&path).all(|(a, b)| a == b))
}
