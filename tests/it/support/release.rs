//! Creates a release with one archive for this machine, like `packaging/release`, but with a script as the program.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

pub(crate) fn archive_name(version: &str) -> String {
    format!("pushgw-{version}-{}-unknown-linux-musl.tar.gz", std::env::consts::ARCH)
}

/// Runs a command that must succeed, and returns its output.
#[track_caller]
pub(crate) fn output(command: &mut Command) -> Vec<u8> {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

pub(crate) fn write_program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Returns the files of a release, by path on the server. Each file in the archive contains this text.
pub(crate) fn release(version: &str, files: &[&str], text: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive_name(version);
    let name = archive.trim_end_matches(".tar.gz");
    for file in files {
        write_program(&folder.path().join(name).join(file), text);
    }
    output(Command::new("tar").args(["-czf", &archive, name]).current_dir(&folder));
    let sums = output(Command::new("sha256sum").arg(&archive).current_dir(&folder));
    let bytes = fs::read(folder.path().join(&archive)).unwrap();
    BTreeMap::from([("/SHA256SUMS".to_owned(), sums), (format!("/{archive}"), bytes)])
}
