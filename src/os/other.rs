//! Systems other than Unix. Unsupported features return an error or a harmless default.

use super::{ChildrenUsage, FileState, ReceivedSignal};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;
use std::{fs, process};

// These numbers are the same as on Linux. No signal is ever received here.
pub const SIGHUP: i32 = 1;
pub const SIGINT: i32 = 2;
pub const SIGQUIT: i32 = 3;
pub const SIGTERM: i32 = 15;
pub const SIGUSR1: i32 = 10;
pub const SIGUSR2: i32 = 12;
pub const SIGCHLD: i32 = 17;

pub fn file_state(file: &fs::Metadata) -> FileState {
    ((0, file.len()), file.modified().ok(), (0, 0))
}

/// Returns `None`, which keeps the system's default permissions.
pub fn only_owner() -> Option<fs::Permissions> {
    None
}

pub fn is_unknown_format(_: &io::Error) -> bool {
    false
}

pub(super) fn reap(_: &Child) -> io::Result<Option<ExitStatus>> {
    Err(missing("commands after `--`"))
}

pub(super) fn children_usage() -> io::Result<ChildrenUsage> {
    Err(missing("commands after `--`"))
}

/// Returns false, because the type of standard input is unknown.
pub fn stdin_is_pipe() -> bool {
    false
}

pub fn stdin_has_bytes() -> bool {
    false
}

/// Returns true, because this system has no background jobs.
pub fn owns_terminal() -> bool {
    true
}

pub fn is_block_device(_: fs::FileType) -> bool {
    false
}

pub fn is_char_device(_: fs::FileType) -> bool {
    false
}

pub(super) fn on_signals(_: &[i32], _: Box<dyn FnMut(ReceivedSignal) + Send>) -> io::Result<()> {
    Err(missing("signals (and therefore commands after `--`)"))
}

pub(super) fn exit_on_abort(_: i32) {}

pub(super) fn end_by(_: i32, status: i32) -> ! {
    process::exit(status)
}

pub fn replace(_: &mut Command) -> io::Error {
    missing("commands after `--`")
}

pub(super) fn signal_name(_: i32) -> Option<&'static str> {
    None
}

pub(super) fn killed_by(_: ExitStatus) -> Option<i32> {
    None
}

pub(super) fn send_signal(_: &Child, _: i32) {}

pub(super) fn lock(_: &fs::File) -> io::Result<()> {
    Err(missing("locks of directories"))
}

pub(super) fn set_mode(_: &fs::File, _: u32) -> io::Result<()> {
    Ok(())
}

fn missing(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("{what} are not supported on this system"))
}

/// A connection that can never be opened.
#[derive(Debug)]
pub enum UnixStream {}

impl UnixStream {
    pub fn connect(_: impl AsRef<Path>) -> io::Result<Self> {
        Err(missing("Unix sockets"))
    }

    pub fn set_read_timeout(&self, _: Option<Duration>) -> io::Result<()> {
        match *self {}
    }

    pub fn set_write_timeout(&self, _: Option<Duration>) -> io::Result<()> {
        match *self {}
    }
}

impl Read for UnixStream {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }
}

impl Write for UnixStream {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match *self {}
    }
}
