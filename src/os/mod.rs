//! Functions that depend on the operating system, reasons for I/O errors, and ignored signals.
//!
//! Only this module uses Unix-specific APIs. On other systems, `other` defines the same names, but does not
//! support Unix sockets, commands after `--`, or hiding the progress line in the background.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use other as system;
use std::ffi::OsStr;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::time::{Duration, SystemTime};
use std::{fs, io};
#[cfg(unix)]
use unix as system;

pub use system::{
    SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, UnixStream, file_state, is_block_device,
    is_char_device, is_unknown_format, only_owner, owns_terminal, replace, stdin_has_bytes, stdin_is_pipe,
};

/// Finds the file that a shell would run for a name without `/`.
pub fn find_in_path(path: &OsStr, name: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The identity of a version of a file: inode and size, modification time, and inode change time. Comparing
/// times with the local clock would not work on a file server with a different clock.
pub type FileState = ((u64, u64), Option<SystemTime>, (i64, i64));

#[derive(Clone, Copy, Debug)]
pub struct ReceivedSignal {
    pub number: i32,
    /// True if a process sent the signal. False if the kernel sent it, for example after Ctrl-C.
    pub is_from_process: bool,
}

/// Resources used by child processes that have ended and been reaped.
#[derive(Clone, Copy, Debug)]
pub struct ChildrenUsage {
    pub user: Duration,
    pub system: Duration,
    /// Largest resident memory of any one child.
    pub max_resident_bytes: u64,
}

/// Passes each of `signals` to `receive`, in a thread that runs until the process ends.
pub fn on_signals(signals: &[i32], receive: impl FnMut(ReceivedSignal) + Send + 'static) -> io::Result<()> {
    system::on_signals(signals, Box::new(receive))
}

/// Returns the status of `child` if it has ended. Also reaps other children, because the first process of a
/// container inherits orphans.
///
/// # Errors
///
/// Returns an error if `child` has already been reaped.
pub fn reap(child: &Child) -> io::Result<Option<ExitStatus>> {
    system::reap(child)
}

pub fn children_usage() -> io::Result<ChildrenUsage> {
    system::children_usage()
}

/// Terminates the process as the signal does by default. Signals have no default effect in the first process
/// of a container, so that process exits with `status` instead.
pub fn end_by(signal: i32, status: i32) -> ! {
    system::end_by(signal, status)
}

/// Makes an abort exit with `status` instead of a signal and a core dump. The standard library aborts when
/// memory runs out, after printing `memory allocation of 33554432 bytes failed`.
pub fn exit_on_abort(status: u8) {
    system::exit_on_abort(status.into());
}

/// Returns the name of a signal, such as `SIGTERM`.
pub fn signal_name(signal: i32) -> String {
    system::signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned)
}

/// Returns the signal that killed a process.
pub fn killed_by(status: ExitStatus) -> Option<i32> {
    system::killed_by(status)
}

/// Sends a signal to a child that has not been reaped.
pub fn send_signal(child: &Child, signal: i32) {
    system::send_signal(child, signal);
}

/// Locks an open file or directory. Waits for other processes, without a time limit.
pub fn lock(file: &File) -> io::Result<()> {
    system::lock(file)
}

/// Sets the permissions of a file, regardless of the umask.
pub fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    system::set_mode(file, mode)
}

/// Returns the reason for an error, without the number that the standard library appends.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Returns the `signals` that were not ignored when the process started. A signal that was ignored by `nohup`
/// or `trap '' INT` must not get a handler. On systems other than Linux, returns all `signals`.
pub fn heeded(signals: &[i32]) -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored(&status);
    signals.iter().copied().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
}

/// Parses the mask of ignored signals. Bit 0 is signal 1.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_no_number() {
        assert_eq!(reason(&io::Error::from_raw_os_error(2)), "no such file or directory");
        assert_eq!(reason(&io::ErrorKind::TimedOut.into()), "timed out");
    }

    #[test]
    fn the_mask_is_found() {
        assert_eq!(ignored("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001003\nSigCgt:\t0\n"), 0x1003);
        assert_eq!(ignored(""), 0);
        assert_eq!(ignored("SigIgn:\tx\n"), 0);
    }

    #[test]
    fn a_signal_that_is_not_ignored_is_heeded() {
        // This is SIGTERM. Other signals may be ignored by the program that runs the tests.
        assert_eq!(heeded(&[15]), [15]);
    }
}
