//! Linux, macOS and other Unix systems.

use rustix::fs::{FileType, FlockOperation, Mode, RawMode, fchmod, flock, fstat};
use rustix::io::{ioctl_fionread, retry_on_intr};
use rustix::process::{Pid, Signal, getpgrp, getpid, kill_process};
use rustix::termios::tcgetpgrp;
pub use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;
use std::os::unix::fs::FileTypeExt as _;
pub use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::{fs, io, thread};

pub fn stdin_is_pipe() -> bool {
    fstat(io::stdin()).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}

/// Whether standard input, a pipe, holds bytes that nobody has read.
pub fn stdin_has_bytes() -> bool {
    ioctl_fionread(io::stdin()).is_ok_and(|bytes| bytes > 0)
}

/// Whether the process is in the foreground of the terminal on standard error.
pub fn is_in_foreground() -> bool {
    // Without a controlling terminal there is no foreground.
    tcgetpgrp(io::stderr()).map_or(true, |group| group == getpgrp())
}

pub fn is_block_device(kind: fs::FileType) -> bool {
    kind.is_block_device()
}

pub fn is_char_device(kind: fs::FileType) -> bool {
    kind.is_char_device()
}

pub(super) fn on_signals(signals: &[i32], mut receive: Box<dyn FnMut(i32) + Send>) -> io::Result<()> {
    let mut signals = Signals::new(signals)?;
    thread::Builder::new().spawn(move || signals.forever().for_each(&mut *receive)).map(drop)
}

pub(super) fn end_by(signal: i32, status: i32) -> ! {
    if !getpid().is_init() {
        let _ = low_level::emulate_default_handler(signal);
    }
    low_level::exit(status)
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
