//! Tests the parts of a release other than the programs: licences, the list of crates, and the image.
//! `packaging/release` builds all files and `packaging/test` uses them, but both take minutes and are not part of
//! `.ci/run`.
//!
//! `packaging/debian/copyright` lists every crate in the binary with its licence and copyright holders, as Debian requires. The
//! licence texts come from `packaging/debian/licences`, which is written by hand; the rest is generated from `Cargo.lock` and the
//! crates' own files. To regenerate it: `SNAPSHOTS=overwrite cargo test --test it packaging`.
//!
//! Read a new licence before you add it to `ACCEPTED` and `deny.toml`.

use crate::support::{assert_snapshot, is_installed, read_repo_file, repo_file};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
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

Files: musl/*
Copyright: 2005-2020 Rich Felker, et al.
License: MIT
Comment: The C library of the release programs, https://musl.libc.org
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
    let texts = read_repo_file("packaging/debian/licences");
    for licence in ACCEPTED {
        assert!(
            texts.contains(&format!("License: {licence}\n")),
            "packaging/debian/licences does not contain {licence}"
        );
    }
    _ = write!(made, "\n{texts}");
    assert_snapshot("packaging/debian/copyright", made);
}

/// Returns the dependencies for the platform of the packages. This works offline, because building this test has
/// already downloaded them.
fn metadata() -> Value {
    let done = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(["--filter-platform", "x86_64-unknown-linux-musl"])
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

/// Returns the packages in the binary, without dev-dependencies and build-dependencies, sorted by name.
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

/// Returns the licence chosen from the ones a crate offers, such as `A and C` for `(A OR B) AND C`.
fn chosen(name: &str, offered: &str) -> String {
    let parts = offered.split(" AND ").map(|part| {
        let options = part.trim_matches(['(', ')']).replace('/', " OR ");
        let options: Vec<&str> = options.split(" OR ").collect();
        let accepted = ACCEPTED.iter().find(|licence| options.contains(licence));
        *accepted.unwrap_or_else(|| panic!("{name} is under {offered}: read it, then add it to ACCEPTED"))
    });
    parts.collect::<Vec<_>>().join(" and ")
}

/// Returns the copyright holders from the crate's licence files, or from its manifest if there are none.
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

/// Returns `2015 Danny Guo` for `Copyright (c) 2015 Danny Guo`, and `None` for other lines that contain the word.
fn owner(line: &str) -> Option<String> {
    let line = line.trim_start_matches(['/', '*', ' ']).trim();
    let marked = line.strip_prefix("Copyright ").or_else(|| line.strip_prefix("(C) "))?;
    let marked = marked.trim_start_matches("(c) ").trim_start_matches("(C) ").trim_start_matches("© ");
    let template = marked.contains("[yyyy]") || marked.contains("{yyyy}") || marked.starts_with("(c)");
    let prose = marked.chars().next().is_none_or(char::is_lowercase) && !marked.starts_with("the ");
    // Some authors keep the brackets of the licence template.
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

/// Runs a script in `packaging/`, which must succeed, and returns its output.
fn packaging(script: &str, args: &[&str]) -> Vec<u8> {
    let done = Command::new("python3")
        .arg(repo_file("packaging").join(script))
        .args(args)
        .env("CARGO_NET_OFFLINE", "true")
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .unwrap();
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

#[test]
fn the_list_of_crates_has_every_crate_in_the_program() {
    if !is_installed("python3") {
        return;
    }
    let bom: Value = serde_json::from_slice(&packaging("sbom.py", &[])).unwrap();
    let name = |component: &Value| text(&component["name"]).to_owned();
    let made: BTreeSet<_> = list(&bom["components"]).iter().map(name).collect();
    let metadata = metadata();
    let packages = list(&metadata["packages"]).iter();
    let by_id: BTreeMap<_, _> = packages.map(|package| (text(&package["id"]), package)).collect();
    let is_macro = |package: &Value| {
        list(&package["targets"]).iter().any(|target| list(&target["kind"]).contains(&"proc-macro".into()))
    };
    let crates = linked(&metadata).into_iter().map(|id| by_id[id]);
    let below_macros = ["proc-macro2", "quote", "syn", "unicode-ident", "heck"];
    let expected: BTreeSet<_> = crates
        .filter(|package| !is_macro(package) && package["name"] != "pushgw")
        .map(name)
        .filter(|name| !below_macros.contains(&name.as_str()))
        .chain(["musl", "rust-std"].map(str::to_owned))
        .collect();
    assert_eq!(made, expected);
    for component in list(&bom["components"]) {
        assert!(component["licenses"][0].is_object(), "{component}");
        let is_crate = text(&component["bom-ref"]).starts_with("pkg:cargo/");
        assert!(!is_crate || text(&component["hashes"][0]["content"]).len() == 64, "{component}");
    }
    assert_eq!(bom["metadata"]["component"]["version"], env!("CARGO_PKG_VERSION"));
}

/// Creates an image for two architectures in `folder`, and returns the folder of the OCI layout.
fn image(folder: &Path) -> String {
    let root = folder.join("pushgw-1.2.3-x");
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::create_dir_all(root.join("share/man/man1")).unwrap();
    fs::write(root.join("bin/pushgw"), "#!/bin/sh\n").unwrap();
    fs::write(root.join("share/man/man1/pushgw.1"), "").unwrap();
    let archive = folder.join("archive.tar.gz");
    let done =
        Command::new("tar").arg("-C").arg(folder).arg("-czf").arg(&archive).arg("pushgw-1.2.3-x").status();
    assert!(done.unwrap().success());
    let certificates = folder.join("certificates.crt");
    fs::write(&certificates, "the CAs\n").unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (layout, archive) = (path(&folder.join("oci")), path(&archive));
    let images = [format!("amd64={archive}"), format!("arm64={archive}")];
    packaging("oci.py", &[&layout, "1.2.3", &path(&certificates), &images[0], &images[1]]);
    layout
}

#[test]
fn the_image_has_the_same_digest_in_every_folder() {
    if !is_installed("python3") {
        return;
    }
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let index = |folder: &tempfile::TempDir| {
        let index = fs::read_to_string(Path::new(&image(folder.path())).join("index.json")).unwrap();
        serde_json::from_str::<Value>(&index).unwrap()
    };
    let [one, two] = folders.each_ref().map(index);
    assert_eq!(one, two);
    let tag = |image: &Value| text(&image["annotations"]["org.opencontainers.image.ref.name"]).to_owned();
    let tags: Vec<_> = list(&one["manifests"]).iter().map(tag).collect();
    assert_eq!(tags, ["1.2.3", "1.2.3-amd64", "1.2.3-arm64"]);
}

#[test]
fn other_tools_read_the_image() {
    if !is_installed("python3") || !is_installed("skopeo") || !is_installed("umoci") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let layout = image(folder.path());
    for architecture in ["amd64", "arm64"] {
        let inspect = Command::new("skopeo")
            .args(["--override-arch", architecture, "inspect", "--config"])
            .arg(format!("oci:{layout}:1.2.3"))
            .output()
            .unwrap();
        assert!(inspect.status.success(), "{}", String::from_utf8_lossy(&inspect.stderr));
        let config: Value = serde_json::from_slice(&inspect.stdout).unwrap();
        assert_eq!(config["architecture"], architecture);
        assert_eq!(config["config"]["User"], "65534:65534");
        assert_eq!(config["config"]["Entrypoint"][0], "/usr/bin/pushgw");
    }
    let bundle = folder.path().join("bundle");
    let unpack = Command::new("umoci")
        .args(["unpack", "--rootless", "--image", &format!("{layout}:1.2.3-arm64")])
        .arg(&bundle)
        .output()
        .unwrap();
    assert!(unpack.status.success(), "{}", String::from_utf8_lossy(&unpack.stderr));
    let root = bundle.join("rootfs");
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    assert_eq!(read("usr/bin/pushgw"), "#!/bin/sh\n");
    assert_eq!(read("etc/ssl/certs/ca-certificates.crt"), "the CAs\n");
    assert!(read("etc/passwd").contains("nobody:x:65534:65534:"));
    assert!(!root.join("usr/share/man").exists());
}
