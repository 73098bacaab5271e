//! Files of the repository, and snapshots: generated files that are checked in.

use snapbox::Data;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the absolute path of a file in the repository.
pub(crate) fn repo_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[track_caller]
pub(crate) fn read_repo_file(name: &str) -> String {
    fs::read_to_string(repo_file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns true if snapshots are overwritten instead of compared.
pub(crate) fn overwrites_snapshots() -> bool {
    std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite")
}

/// Asserts that the file has this text. If not, snapbox prints the command that overwrites it.
#[track_caller]
pub(crate) fn assert_snapshot(name: &str, text: String) {
    let file = repo_file(name);
    if !file.exists() && overwrites_snapshots() {
        fs::write(&file, &text).unwrap();
    }
    snapbox::assert_data_eq!(text, Data::read_from(&file, None).raw());
}
