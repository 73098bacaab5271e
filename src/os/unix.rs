//! Implementation for Linux, macOS and other Unix systems.

use super::{ChildrenUsage, FileState, ReceivedSignal};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{self, SigSet};
use nix::sys::time::TimeVal;
use rustix::fs::{FileType, FlockOperation, Mode, RawMode, fchmod, flock, fstat, tell};
use rustix::io::{Errno, ioctl_fionread, retry_on_intr};
use rustix::process::{Pid, Signal, WaitOptions, getpgrp, getpid, kill_process, wait};
use rustix::termios::{LocalModes, tcgetattr, tcgetpgrp};
use signal_hook::consts::SIGABRT;
pub use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level;
use signal_hook::low_level::siginfo::{Cause, Origin};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
pub use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use std::{fs, io, thread};

pub fn stdin_is_pipe() -> bool {
    fstat(io::stdin()).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}

/// Returns true if standard input is a pipe that contains unread bytes, or a file from which nothing was read yet. In
/// `while read`, the rest of the file is meant for the loop.
pub fn stdin_has_bytes() -> bool {
    (stdin_is_pipe() || tell(io::stdin()) == Ok(0))
        && ioctl_fionread(io::stdin()).is_ok_and(|bytes| bytes > 0)
}

/// Returns true if the process is in the foreground of the terminal on standard error, and no other program asks for
/// a password there.
pub fn owns_terminal() -> bool {
    // A process without a controlling terminal counts as being in the foreground.
    tcgetpgrp(io::stderr()).map_or(true, |group| group == getpgrp())
        && tcgetattr(io::stderr()).map_or(true, |state| state.local_modes.contains(LocalModes::ECHO))
}

pub fn is_block_device(kind: fs::FileType) -> bool {
    kind.is_block_device()
}

pub fn is_char_device(kind: fs::FileType) -> bool {
    kind.is_char_device()
}

pub fn file_state(file: &fs::Metadata) -> FileState {
    let numbers = (file.ino(), file.size());
    (numbers, file.modified().ok(), (file.ctime(), file.ctime_nsec()))
}

/// Returns permissions that allow access only to the owner.
pub fn only_owner() -> Option<fs::Permissions> {
    Some(fs::Permissions::from_mode(0o700))
}

pub(super) fn on_signals(
    signals: &[i32],
    mut receive: Box<dyn FnMut(ReceivedSignal) + Send>,
) -> io::Result<()> {
    let mut signals = SignalsInfo::<WithOrigin>::new(signals)?;
    // If the parent process blocked SIGCHLD, the exit of a child would go unnoticed.
    SigSet::from(signal::SIGCHLD).thread_unblock()?;
    let forward = move |origin: Origin| {
        let is_from_process = matches!(origin.cause, Cause::Sent(_));
        receive(ReceivedSignal { number: origin.signal, is_from_process });
    };
    thread::Builder::new().spawn(move || signals.forever().for_each(forward)).map(drop)
}

pub(super) fn exit_on_abort(status: i32) {
    let always = Arc::new(AtomicBool::new(true));
    // Without the handler, an abort would kill the process with SIGABRT.
    let _ = signal_hook::flag::register_conditional_shutdown(SIGABRT, status, always);
}

pub(super) fn reap(child: &Child) -> io::Result<Option<ExitStatus>> {
    while let Some((pid, status)) = wait(WaitOptions::NOHANG)? {
        if pid == Pid::from_child(child) {
            return Ok(Some(ExitStatus::from_raw(status.as_raw())));
        }
    }
    Ok(None)
}

/// Returns true if the system cannot execute a file because of its format, such as a script without `#!`.
pub fn is_unknown_format(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error())
}

pub(super) fn children_usage() -> io::Result<ChildrenUsage> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    // The unit is bytes on macOS and KiB elsewhere.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    Ok(ChildrenUsage {
        user: time(usage.user_time()),
        system: time(usage.system_time()),
        max_resident_bytes: u64::try_from(usage.max_rss()).unwrap_or_default() * unit,
    })
}

fn time(value: TimeVal) -> Duration {
    let seconds = Duration::from_secs(u64::try_from(value.tv_sec()).unwrap_or_default());
    seconds + Duration::from_micros(u64::try_from(value.tv_usec()).unwrap_or_default())
}

pub(super) fn end_by(signal: i32, status: i32) -> ! {
    if !getpid().is_init() {
        let _ = low_level::emulate_default_handler(signal);
    }
    low_level::exit(status)
}

/// Replaces this process with the command. Returns only if that fails.
pub fn replace(command: &mut Command) -> io::Error {
    command.exec()
}

pub(super) fn signal_name(signal: i32) -> Option<&'static str> {
    low_level::signal_name(signal)
}

pub(super) fn killed_by(status: ExitStatus) -> Option<i32> {
    status.signal()
}

pub(super) fn send_signal(child: &Child, signal: i32) {
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _ = kill_process(Pid::from_child(child), signal);
    }
}

pub(super) fn lock(file: &fs::File) -> io::Result<()> {
    Ok(retry_on_intr(|| flock(file, FlockOperation::LockExclusive))?)
}

pub(super) fn set_mode(file: &fs::File, mode: u32) -> io::Result<()> {
    Ok(fchmod(file, Mode::from_raw_mode(mode as RawMode))?)
}
