//! Tests `tests/fetch.sh` without packages. It downloads release archives, here from a local server with a stand-in
//! archive, or uses programs named by variables. Tests with a gateway show that it fetches the real programs.

use crate::support::{Pushgw, Server, shell};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fetch.sh");

/// Returns the Pushgateway versions listed in the script.
fn versions() -> Vec<String> {
    let script = std::fs::read_to_string(SCRIPT).unwrap();
    let (_, rest) = script.split_once("repository=prometheus/pushgateway releases='").expect("the list");
    rest.split('\'').next().unwrap().split(' ').map(str::to_owned).collect()
}

/// Returns a script that prints its version like a Pushgateway.
fn stand_in(version: &str) -> String {
    format!("#!/bin/sh\necho 'pushgateway, version {version} (branch: HEAD)'\n")
}

#[track_caller]
fn write_executable(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Returns the platform as it appears in archive names, taken from the script's output.
fn platform(directory: &Path) -> String {
    let output = script(directory).env("FETCH_RELEASES_URL", "http://127.0.0.1:9").code(1).any_stderr().run();
    let stderr = output.stderr();
    let first = format!("downloading pushgateway-{}.", versions()[0]);
    let name = stderr.split(&first).nth(1).expect("it says what it downloads");
    name.lines().next().unwrap().to_owned()
}

/// Returns a call of the script with releases as the only source, and with this directory for the results.
fn script(target: &Path) -> Pushgw {
    shell("exec \"$SCRIPT\" pushgateway")
        .env("SCRIPT", SCRIPT)
        .env("CARGO_TARGET_DIR", target)
        .env("FETCH_FROM", "release")
        // Exclude any gateway that is installed on this machine.
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
}

/// Returns the archive and checksum file of each version, by path on the release server.
fn releases(platform: &str) -> BTreeMap<String, Vec<u8>> {
    let directory = TempDir::new().unwrap();
    let mut files = BTreeMap::new();
    for version in versions() {
        let name = format!("pushgateway-{version}.{platform}");
        write_executable(&directory.path().join(&name).join("pushgateway"), &stand_in(&version));
        let tar =
            Command::new("tar").args(["-czf", "-", &name]).current_dir(directory.path()).output().unwrap();
        assert!(tar.status.success());
        std::fs::write(directory.path().join("archive"), &tar.stdout).unwrap();
        let sum = Command::new("sha256sum").arg("archive").current_dir(directory.path()).output().unwrap();
        let sum = String::from_utf8(sum.stdout).unwrap();
        let sum = sum.split(' ').next().unwrap();
        let base = format!("/prometheus/pushgateway/releases/download/v{version}");
        let sums =
            format!("{}  pushgateway-{version}.plan9-386.tar.gz\n{sum}  {name}.tar.gz\n", "0".repeat(64));
        files.insert(format!("{base}/sha256sums.txt"), sums.into_bytes());
        files.insert(format!("{base}/{name}.tar.gz"), tar.stdout);
    }
    files
}

#[test]
fn release_archives_are_verified_and_kept() {
    let target = TempDir::new().unwrap();
    let platform = platform(target.path());
    let server = Server::serving(releases(&platform));
    let place = |version: &str| target.path().join("fetched/pushgateway").join(version).join("pushgateway");
    let lines = versions().into_iter().map(|version| format!("{version} {}\n", place(&version).display()));
    let expected = lines.collect::<String>();
    let run = || {
        script(target.path()).env("FETCH_RELEASES_URL", server.url()).stdout(&*expected).any_stderr().run()
    };
    run();
    let requests = server.requests().len();
    assert_eq!(requests, 2 * versions().len());
    assert_eq!(run().stderr(), "", "nothing is downloaded twice");
    assert_eq!(server.requests().len(), requests);
    std::fs::remove_file(place("1.11.0")).unwrap();
    run();
    assert!(place("1.11.0").exists(), "a missing file is downloaded again");
}

#[test]
fn an_archive_with_a_wrong_checksum_is_rejected() {
    let target = TempDir::new().unwrap();
    let platform = platform(target.path());
    let mut files = releases(&platform);
    let archive =
        files.iter_mut().find(|(path, _)| path.ends_with(&format!("1.11.0.{platform}.tar.gz"))).unwrap().1;
    *archive.last_mut().unwrap() ^= 1;
    let server = Server::serving(files);
    script(target.path())
        .env("FETCH_RELEASES_URL", server.url())
        .code(1)
        .stderr_has("does not match its sha256sums.txt: not used")
        .stderr_has("pushgateway is not available: install it")
        .run();
    assert!(!target.path().join("fetched/pushgateway/1.11.0").exists());
}

#[test]
fn a_named_program_is_the_only_one_used() {
    let target = TempDir::new().unwrap();
    let own = target.path().join("my pushgateway");
    write_executable(&own, &stand_in("9.8.7"));
    script(target.path()).env("PUSHGATEWAY_BIN", &own).stdout(format!("9.8.7 {}\n", own.display())).run();
    script(target.path())
        .env("PUSHGATEWAY_BIN", "/nowhere")
        .code(1)
        .stderr("tests/fetch.sh: PUSHGATEWAY_BIN=/nowhere does not run\n")
        .run();
}

#[test]
fn a_program_in_path_is_used_if_nothing_can_be_downloaded() {
    let target = TempDir::new().unwrap();
    let own = target.path().join("prometheus-pushgateway");
    write_executable(&own, &stand_in("9.8.7"));
    script(target.path())
        .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", target.path().display()))
        .env("FETCH_RELEASES_URL", "http://127.0.0.1:9")
        .stdout(format!("9.8.7 {}\n", own.display()))
        .any_stderr()
        .run();
}

#[test]
fn without_a_program_the_script_prints_what_to_install() {
    let target = TempDir::new().unwrap();
    let none = script(target.path()).env("FETCH_RELEASES_URL", "http://127.0.0.1:9").code(1);
    none.stderr_has("apt-get install prometheus-pushgateway) or set PUSHGATEWAY_BIN to its path\n").run();
}
