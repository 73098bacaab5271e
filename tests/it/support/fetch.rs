//! Asks `tests/fetch.sh` for the foreign programs. The script does the work and knows the order of preference, so that
//! a person, the tests and the example all get the same ones.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that `tests/fetch.sh` found or fetched.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) version: String,
    pub(crate) path: PathBuf,
}

/// The programs of that name, as `tests/fetch.sh` lists them.
#[track_caller]
pub(crate) fn fetch(what: &str) -> Vec<Program> {
    try_fetch(what).unwrap_or_else(|words| panic!("tests/fetch.sh {what}: {words}"))
}

/// The same, with the script's words where there are none to be had. Inherits the environment: proxies,
/// `PUSHGATEWAY_BIN` and the package tools' own configuration are the script's business.
#[track_caller]
pub(crate) fn try_fetch(what: &str) -> Result<Vec<Program>, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fetch.sh");
    let output =
        Command::new(&script).arg(what).stdin(Stdio::null()).output().expect("tests/fetch.sh starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("{}\n{stdout}{stderr}", output.status));
    }
    let program = |line: &str| {
        let (version, path) = line.split_once(' ').expect("tests/fetch.sh prints `<version> <path>`");
        Program { version: version.to_owned(), path: path.into() }
    };
    Ok(stdout.lines().map(program).collect())
}
