//! Finds or downloads the servers and tools that tests need, with `tests/fetch.sh`. A person, the tests and the
//! quickstart example all get the same programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program that `tests/fetch.sh` found or downloaded.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) version: String,
    pub(crate) path: PathBuf,
    /// An environment variable to set for the program.
    pub(crate) variable: Option<(&'static str, &'static str)>,
}

/// Returns the versions of this program, as listed by `tests/fetch.sh`.
#[track_caller]
pub(crate) fn fetch(what: &str) -> Vec<Program> {
    try_fetch(what).unwrap_or_else(|error| panic!("tests/fetch.sh {what}: {error}"))
}

/// Like [`fetch`], but returns the script's output as an error. The script inherits the environment, because it reads
/// `PUSHGATEWAY_BIN`, proxy settings and the configuration of package tools.
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
        Program { version: version.to_owned(), path: path.into(), variable: None }
    };
    Ok(stdout.lines().map(program).collect())
}
