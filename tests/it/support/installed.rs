//! Programs that a test needs but a contributor's machine may not have. `.ci/run` installs all of them.

use std::process::{Command, Stdio};

/// Returns true if the program can be started. Otherwise prints that the test is skipped.
pub(crate) fn is_installed(program: &str) -> bool {
    let started = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if started.is_err() {
        eprintln!("skipped: {program} is not installed");
    }
    started.is_ok()
}
