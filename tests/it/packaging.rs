//! The files in `.ci/debian/` are up to date. `tests/package.sh` builds and tests the package.
//!
//! `.ci/debian/copyright` lists every crate in the binary with its licence and copyright holders, as Debian requires. The
//! licence texts come from `.ci/debian/licences`, which is written by hand; the rest is generated from `Cargo.lock` and the
//! crates' own files. To regenerate it: `SNAPSHOTS=overwrite cargo test --test it packaging`.
//!
//! Before a new licence is added to `ACCEPTED` and `deny.toml`, a person has to read it.

use crate::support::{assert_snapshot, read_repo_file, repo_file};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Licences that may be linked into a program under Apache-2.0. If a crate offers several, the first of these is chosen.
const ACCEPTED: &[&str] = &["Apache-2.0", "MIT", "ISC", "BSD-3-Clause", "MPL-2.0", "Zlib", "Unicode-3.0"];

const HEAD: &str = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: pushgw
Comment:
 The program is linked statically with the crates below, listed by name and version. If a crate offers several
 licences, the one listed is the one chosen. Macros, which run only at build time, are listed too.

Files: *
Copyright: the pushgw authors
License: Apache-2.0

Files: rust-std/*
Copyright: the Rust Project Developers
License: Apache-2.0
Comment: The standard library of Rust, https://github.com/rust-lang/rust
";

#[test]
fn the_copyright_file_names_every_crate() {
    let metadata = metadata();
    let mut made = HEAD.to_owned();
    for id in linked(&metadata) {
        let package = list(&metadata["packages"]).iter().find(|package| package["id"] == *id).unwrap();
        if package["name"] != "pushgw" {
            made.push_str(&paragraph(package));
        }
    }
    let texts = read_repo_file(".ci/debian/licences");
    for licence in ACCEPTED {
        assert!(
            texts.contains(&format!("License: {licence}\n")),
            ".ci/debian/licences does not contain {licence}"
        );
    }
    _ = write!(made, "\n{texts}");
    assert_snapshot(".ci/debian/copyright", made);
}

/// The dependencies for the platform of the packages. Works offline, because this test was built with them.
fn metadata() -> Value {
    let done = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(repo_file("."))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The packages in the binary, without dev- and build-dependencies, sorted by name.
fn linked(metadata: &Value) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![text(&metadata["resolve"]["root"])];
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = list(&metadata["resolve"]["nodes"]).iter().find(|node| node["id"] == *id).unwrap();
        let normal = |dep: &&Value| list(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        open.extend(list(&node["deps"]).iter().filter(normal).map(|dep| text(&dep["pkg"])));
    }
    seen
}

fn paragraph(package: &Value) -> String {
    let (name, version) = (text(&package["name"]), text(&package["version"]));
    let owners = owners(package);
    let licence = chosen(name, text(&package["license"]));
    let source = text(&package["repository"]);
    format!(
        "\nFiles: {name}-{version}/*\nCopyright: {}\nLicense: {licence}\nComment: {source}\n",
        owners.join("\n ")
    )
}

/// The licence chosen from those a crate offers: `A and C` for `(A OR B) AND C`.
fn chosen(name: &str, offered: &str) -> String {
    let parts = offered.split(" AND ").map(|part| {
        let options = part.trim_matches(['(', ')']).replace('/', " OR ");
        let options: Vec<&str> = options.split(" OR ").collect();
        let accepted = ACCEPTED.iter().find(|licence| options.contains(licence));
        *accepted.unwrap_or_else(|| panic!("{name} is under {offered}: read it, then add it to ACCEPTED"))
    });
    parts.collect::<Vec<_>>().join(" and ")
}

/// The copyright holders, from the crate's licence files, or else from its manifest.
fn owners(package: &Value) -> Vec<String> {
    let folder = Path::new(text(&package["manifest_path"])).parent().unwrap();
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut owners: Vec<String> = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().to_lowercase();
        if ["license", "licence", "copying", "copyright"].iter().any(|word| name.starts_with(word)) {
            for owner in fs::read_to_string(file).unwrap_or_default().lines().filter_map(owner) {
                if !owners.contains(&owner) {
                    owners.push(owner);
                }
            }
        }
    }
    if owners.is_empty() {
        owners = list(&package["authors"]).iter().map(|author| text(author).to_owned()).collect();
    }
    if owners.is_empty() {
        owners.push(format!("the authors of {}", text(&package["name"])));
    }
    owners
}

/// `2015 Danny Guo` for `Copyright (c) 2015 Danny Guo`; nothing for other lines that contain the word.
fn owner(line: &str) -> Option<String> {
    let line = line.trim_start_matches(['/', '*', ' ']).trim();
    let marked = line.strip_prefix("Copyright ").or_else(|| line.strip_prefix("(C) "))?;
    let marked = marked.trim_start_matches("(c) ").trim_start_matches("(C) ").trim_start_matches("© ");
    let template = marked.contains("[yyyy]") || marked.contains("{yyyy}") || marked.starts_with("(c)");
    let prose = marked.chars().next().is_none_or(char::is_lowercase) && !marked.starts_with("the ");
    // Some authors keep the brackets of the licence's template.
    (!template && !prose).then(|| marked.trim_end_matches('.').replace(['[', ']'], ""))
}

#[test]
fn the_first_accepted_licence_is_chosen() {
    assert_eq!(chosen("x", "Unlicense OR MIT"), "MIT");
    assert_eq!(chosen("x", "MIT/Apache-2.0"), "Apache-2.0");
    assert_eq!(chosen("x", "(MIT OR Apache-2.0) AND Unicode-3.0"), "Apache-2.0 and Unicode-3.0");
    assert_eq!(chosen("x", "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT"), "Apache-2.0");
    assert_eq!(owner("Copyright (c) 2015 Danny Guo").as_deref(), Some("2015 Danny Guo"));
    assert_eq!(owner("// Copyright 2015 Brian Smith.").as_deref(), Some("2015 Brian Smith"));
    assert_eq!(owner("   Copyright [2015] [Dan Burkert]").as_deref(), Some("2015 Dan Burkert"));
    assert_eq!(owner("   Copyright [yyyy] [name of copyright owner]"), None);
    assert_eq!(owner("copyright notice and this permission notice appear in all copies."), None);
}

#[test]
fn the_debian_changelog_begins_with_this_version() {
    let changelog = read_repo_file(".ci/debian/changelog");
    assert!(changelog.starts_with(concat!("pushgw (", env!("CARGO_PKG_VERSION"), "-1) ")), "{changelog}");
}
