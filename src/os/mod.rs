//! What differs between operating systems, and facts from them: the reason of an error, and which signals are not ignored.
//!
//! Only this folder uses what exists on Unix alone. On other systems, `other` has the same names and says what is missing:
//! Unix sockets, commands after `--`, and a progress line that keeps quiet in the background.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use other as system;
use std::fs::File;
use std::process::{Child, ExitStatus};
use std::time::{Duration, SystemTime};
use std::{fs, io};
#[cfg(unix)]
use unix as system;

pub use system::{
    SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, UnixStream, file_state, is_block_device,
    is_char_device, is_in_foreground, is_unknown_format, only_owner, stdin_has_bytes, stdin_is_pipe,
};

/// What changes when a file is written: inode and size, the time of the content, and the time of the inode. A comparison
/// with the clock would fail on a file server with another clock.
pub type FileState = ((u64, u64), Option<SystemTime>, (i64, i64));

/// A signal that this process received.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedSignal {
    pub number: i32,
    /// A process sent it. Otherwise the kernel did, as for Ctrl-C, which goes to the whole foreground process group.
    pub is_from_process: bool,
}

/// What the children used that have ended and were waited for.
#[derive(Clone, Copy, Debug)]
pub struct ChildrenUsage {
    pub user: Duration,
    pub system: Duration,
    /// The most that one of them had in memory.
    pub max_resident_bytes: u64,
}

/// Passes each of `signals` to `receive`, in a thread that ends with the process.
pub fn on_signals(signals: &[i32], receive: impl FnMut(ReceivedSignal) + Send + 'static) -> io::Result<()> {
    system::on_signals(signals, Box::new(receive))
}

/// The status of `child` if it has ended. Also reaps other children: the first process of a container inherits orphans.
///
/// # Errors
///
/// If `child` has been waited for already.
pub fn reap(child: &Child) -> io::Result<Option<ExitStatus>> {
    system::reap(child)
}

pub fn children_usage() -> io::Result<ChildrenUsage> {
    system::children_usage()
}

/// Ends the process as the signal does by default. The first process of a container has no default; it exits with
/// `status`.
pub fn end_by(signal: i32, status: i32) -> ! {
    system::end_by(signal, status)
}

/// `SIGTERM`.
pub fn signal_name(signal: i32) -> String {
    system::signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned)
}

/// The signal that killed a process.
pub fn killed_by(status: ExitStatus) -> Option<i32> {
    system::killed_by(status)
}

/// Sends a signal to a child that has not been waited for.
pub fn send_signal(child: &Child, signal: i32) {
    system::send_signal(child, signal);
}

/// Locks an open file or directory. Waits for other processes, without a time limit.
pub fn lock(file: &File) -> io::Result<()> {
    system::lock(file)
}

/// Sets the permissions of a file, whatever the umask.
pub fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    system::set_mode(file, mode)
}

/// The reason of an error, without the number that the standard library appends.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Those of `signals` that were not ignored when the process started. A signal that `nohup` or `trap '' INT` ignores must
/// not get a handler. On systems other than Linux, all of them.
pub fn heeded(signals: &[i32]) -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored(&status);
    signals.iter().copied().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
}

/// The mask of ignored signals: bit 0 is signal 1.
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
        // SIGTERM; whatever runs the tests may ignore others.
        assert_eq!(heeded(&[15]), [15]);
    }
}
