//! The architecture, held by a test: which room uses which, and what the pure rooms may not touch.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may name. `gateway` and `http` stand for their pure files and the others alike.
const ARROWS: &[(&str, &[&str])] = &[
    ("cli", &[]),
    ("arguments", &["cli", "output", "secret"]),
    ("duration", &[]),
    ("env", &[]),
    ("secret", &[]),
    ("os", &[]),
    ("grouping", &[]),
    ("exposition", &["grouping"]),
    ("http", &["os", "secret"]),
    ("gateway", &["grouping", "http"]),
    ("error", &["http", "os"]),
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
            "http",
            "input",
            "os",
            "output",
            "secret",
        ],
    ),
    ("complete", &["cli", "config", "env", "gateway", "grouping", "http", "output"]),
    (
        "command",
        &[
            "config",
            "env",
            "error",
            "exposition",
            "gateway",
            "grouping",
            "http",
            "input",
            "os",
            "output",
            "secret",
        ],
    ),
];

/// The only line of a room that names one it has no arrow to: the match over the subcommands hands what clap read to
/// `config`, and looks into none of it.
const DISPATCH: (&str, &str) = ("command/mod.rs", "use crate::cli::Command;\n");

/// The files of pure rooms that do I/O.
const IO_FILES: &[&str] = &[
    "gateway/look.rs",
    "http/agent.rs",
    "http/buffers.rs",
    "http/client.rs",
    "http/connect.rs",
    "http/stream.rs",
    "http/tls.rs",
];

/// Rooms whose files know no world: bytes in, data out.
const PURE: &[&str] = &["exposition", "grouping", "gateway", "http", "duration", "secret"];

/// What a pure file does not name.
const WORLDLY: &[&str] = &[
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
    assert!(files.len() > 20, "the sources are not where this test looks: {files:?}");
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

/// The file without its comments and without its tests, which stand last.
fn code(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod ").next().unwrap();
    product.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// `gateway/store/mod.rs` is in the room `gateway`, `error.rs` is the room `error`.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

fn named_rooms(code: &str) -> BTreeSet<String> {
    code.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect())
        .collect()
}

#[test]
fn the_rooms_use_each_other_in_one_direction() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let room = room(&file);
        if matches!(room, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            panic!("{file} is in a room that this test doesn't know: add it to ARROWS and to lib.rs");
        };
        let code = if file == DISPATCH.0 { code.replacen(DISPATCH.1, "", 1) } else { code };
        for named in named_rooms(&code) {
            if named != room && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{file} uses crate::{named}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that the architecture doesn't have:\n{}", wrong.join("\n"));
}

#[test]
fn the_pure_rooms_know_no_world() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        if !PURE.contains(&room(&file)) || IO_FILES.contains(&file.as_str()) {
            continue;
        }
        wrong.extend(
            WORLDLY.iter().filter(|word| code.contains(*word)).map(|word| format!("{file} names {word}")),
        );
    }
    assert!(wrong.is_empty(), "a pure file reaches into the world:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_agent_and_its_buffers_name_ureq() {
    for (file, code) in sources() {
        let is_client = ["http/agent.rs", "http/buffers.rs"].contains(&file.as_str());
        assert!(is_client || !code.contains("ureq"), "{file} names ureq");
    }
}

#[test]
fn a_cut_line_is_seen_by_the_test_itself() {
    assert_eq!(named_rooms(&code("use crate::cli;\n// crate::env\nlet x = crate::output::y();")).len(), 2);
    assert_eq!(room("gateway/store/mod.rs"), "gateway");
    assert_eq!(room("error.rs"), "error");
}
