//! Programs of the machine that a test can do without, in that it does not run: a newcomer's machine may have little.

use std::process::{Command, Stdio};

/// Whether there is no such program here; says then that a test is skipped. `.ci/run` installs them all.
pub(crate) fn lacks(program: &str) -> bool {
    let started = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if started.is_err() {
        eprintln!("skipped: there is no {program}");
    }
    started.is_err()
}
