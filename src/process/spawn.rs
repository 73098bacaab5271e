//! Starts a command, waits for it, and passes signals on to it, as a shell does.

use super::{SIGNAL_BASE, command};
use crate::os::reason;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

/// The shell's exit statuses for a command that exists but cannot run, and for one that does not exist.
const NOT_RUNNABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// A command that could not be started.
#[derive(Debug)]
pub struct SpawnError {
    /// The exit status that a shell reports.
    pub status: u8,
    pub message: String,
}

/// Starts `line`, the program first, after `prepare` has set its streams and variables.
///
/// # Errors
///
/// If the program does not exist or cannot run.
pub fn spawn(line: &[OsString], prepare: impl Fn(&mut Command)) -> Result<Child, SpawnError> {
    let [program, args @ ..] = line else {
        return Err(SpawnError { status: NOT_FOUND, message: "the command is missing".to_owned() });
    };
    let start = |mut command: Command| {
        prepare(command.args(args));
        command.spawn()
    };
    let child = start(command(program)).or_else(|error| match find(program) {
        // A script without `#!`. Shells, and cron through them, run it with sh.
        Some(script) if error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) => {
            let mut shell = command(OsStr::new("sh"));
            shell.arg(script);
            start(shell)
        }
        _ => Err(error),
    });
    child.map_err(|error| SpawnError {
        status: if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_RUNNABLE },
        message: format!("can't run `{}`: {}", program.to_string_lossy(), reason(&error)),
    })
}

/// The file that the shell runs for this name.
fn find(program: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Some(Path::new(program).to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The status of `child` if it has ended. Also reaps other children: the first process of a container inherits orphans.
///
/// # Errors
///
/// If `child` has been waited for already.
pub fn reap(child: &Child) -> io::Result<Option<ExitStatus>> {
    while let Some((pid, status)) = wait(WaitOptions::NOHANG)? {
        if pid == Pid::from_child(child) {
            return Ok(Some(ExitStatus::from_raw(status.as_raw())));
        }
    }
    Ok(None)
}

/// Sends a signal to `child`, which must not have been waited for.
pub fn send_signal(child: &Child, signal: i32) {
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _ = kill_process(Pid::from_child(child), signal);
    }
}

/// The exit status that a shell reports.
pub fn shell_status(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| SIGNAL_BASE + status.signal().unwrap_or_default());
    u8::try_from(code).unwrap_or(u8::MAX)
}
