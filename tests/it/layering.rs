//! The architecture: which top-level modules may use each other, and what the pure ones must not use.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each top-level module and the ones that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("cli", &["output", "secret"]),
    ("duration", &[]),
    ("env", &[]),
    ("secret", &[]),
    ("os", &[]),
    ("shell", &[]),
    ("grouping", &[]),
    ("exposition", &["grouping"]),
    ("http", &["grouping", "os", "secret", "shell"]),
    ("gateway", &["exposition", "grouping", "http"]),
    ("diagnose", &["exposition", "gateway", "grouping", "shell"]),
    ("error", &["gateway", "os"]),
    ("input", &["error", "os", "output", "secret"]),
    ("output", &["exposition", "gateway", "os"]),
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
            "input",
            "os",
            "output",
            "secret",
        ],
    ),
    ("complete", &["cli", "config", "env", "gateway", "grouping", "output"]),
    (
        "command",
        &[
            "config",
            "diagnose",
            "env",
            "error",
            "exposition",
            "gateway",
            "grouping",
            "input",
            "os",
            "output",
            "secret",
        ],
    ),
];

/// The only exception: the match over the subcommands passes what clap parsed to `config`, without looking into it.
const DISPATCH: (&str, &str) = ("command/mod.rs", "use crate::cli::Command;\n");

/// The files of pure modules that do I/O.
const CLIENT: &[&str] = &[
    "gateway/look.rs",
    "http/buffers.rs",
    "http/client.rs",
    "http/connect.rs",
    "http/stream.rs",
    "http/tls.rs",
];

/// Modules without I/O: they only transform data.
const PURE: &[&str] =
    &["diagnose", "exposition", "grouping", "gateway", "http", "duration", "secret", "shell"];

/// Names that a pure file must not contain.
const IMPURE: &[&str] = &[
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "std::env",
    "std::process",
    "std::thread",
    "Instant",
    "SystemTime",
    "io::stdin",
    "io::stdout",
    "io::stderr",
    "clap::",
    "ureq::",
    "anyhow",
    "colored::",
    "rand::",
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "the sources were not found: {files:?}");
    files
        .into_iter()
        .map(|file| {
            let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            (name, code(&fs::read_to_string(&file).unwrap()))
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The file without its comments and its tests, which come last.
fn code(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod ").next().unwrap();
    product.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The top-level module of a file: `gateway` for `gateway/store/mod.rs`, `error` for `error.rs`.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

fn used_modules(code: &str) -> BTreeSet<String> {
    code.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect())
        .collect()
}

#[test]
fn modules_only_use_the_allowed_ones() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let module = module(&file);
        if matches!(module, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            panic!("{file} is in an unknown module: add it to ALLOWED and to lib.rs");
        };
        let code = if file == DISPATCH.0 { code.replacen(DISPATCH.1, "", 1) } else { code };
        for named in used_modules(&code) {
            if named != module && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{file} uses crate::{named}"));
            }
        }
    }
    assert!(wrong.is_empty(), "not allowed by the architecture:\n{}", wrong.join("\n"));
}

#[test]
fn pure_modules_do_no_io() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        if !PURE.contains(&module(&file)) || CLIENT.iter().any(|client| file.starts_with(client)) {
            continue;
        }
        wrong.extend(
            IMPURE.iter().filter(|word| code.contains(*word)).map(|word| format!("{file} names {word}")),
        );
    }
    assert!(wrong.is_empty(), "not allowed in a pure file:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_client_and_its_buffers_name_ureq() {
    for (file, code) in sources() {
        let is_client = ["http/client.rs", "http/buffers.rs"].contains(&file.as_str());
        assert!(is_client || !code.contains("ureq"), "{file} names ureq");
    }
}

#[test]
fn used_modules_are_found() {
    assert_eq!(used_modules(&code("use crate::cli;\n// crate::env\nlet x = crate::output::y();")).len(), 2);
    assert_eq!(module("gateway/store/mod.rs"), "gateway");
    assert_eq!(module("error.rs"), "error");
}
