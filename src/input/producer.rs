//! The command whose output is pushed (`push … -- COMMAND…`).
//!
//! A pipe can't tell a producer that is done from one that died half way. So the command runs as our child, all of its
//! output is read, and only an exit with 0 makes it a text to push. Its standard input and error are ours.
//!
//! A signal for the whole process group, such as Ctrl-C, reaches the command by itself; one that ends us alone is
//! handed on, so that a supervisor that stops us stops the command too. Either way we wait for it and end as it did.

use super::read_at_most;
use crate::error::Failure;
use anyhow::Context as _;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What a shell exits with for a command that is there and can't be run, and for one that is not there.
const NOT_RUNNABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
/// What a shell adds to the number of the signal that ended a command.
const SIGNALLED: i32 = 128;

/// Runs `command`, the program first, and appends what it writes to `output`, at most `limit` bytes.
pub(super) fn run(command: &[OsString], limit: u64, output: &mut Vec<u8>) -> Result<(), Failure> {
    let [program, args @ ..] = command else { return Ok(()) };
    let name = program.to_string_lossy().into_owned();
    let relay = Relay::start().context("can't listen for signals")?;
    let mut child = {
        let mut running = relay.lock();
        let child = Command::new(program).args(args).stdout(Stdio::piped()).spawn();
        let child = child.map_err(|error| not_started(&name, &error))?;
        *running = Some(Pid::from_child(&child));
        child
    };
    let read = child.stdout.take().map_or(Ok(()), |stdout| read_at_most(stdout, limit, output));
    if read.is_err() {
        // It would go on writing, or wait for a reader.
        let _ = child.kill();
    }
    let status = end(&mut child, &relay);
    read.with_context(|| format!("can't read what `{name}` writes"))?;
    judge(&name, status.with_context(|| format!("can't wait for `{name}`"))?)
}

/// Waits for the end. The number of the process is given up before it can be another's.
fn end(child: &mut Child, relay: &Relay) -> io::Result<ExitStatus> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let pid = Pid::from_child(child);
    while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == Errno::INTR) {}
    *relay.lock() = None;
    child.wait()
}

fn not_started(name: &str, error: &io::Error) -> Failure {
    let code = if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_RUNNABLE };
    let text = error.to_string();
    let reason = text.split(" (os error").next().unwrap_or_default().to_lowercase();
    Failure::Producer { code, message: format!("can't run `{name}`: {reason}; nothing was sent") }
}

fn judge(name: &str, status: ExitStatus) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    let (code, what) = match (status.code(), status.signal().unwrap_or_default()) {
        (Some(code), _) => (code, format!("exited with status {code}")),
        (None, signal) => (SIGNALLED + signal, format!("was ended by signal {signal}")),
    };
    let message = format!("`{name}` {what}; nothing was sent");
    Err(Failure::Producer { code: u8::try_from(code).unwrap_or(u8::MAX), message })
}

/// Hands signals on to the command while it runs; without one they do what they always do.
struct Relay {
    running: Arc<Mutex<Option<Pid>>>,
}

impl Relay {
    fn start() -> io::Result<Self> {
        let running = Arc::new(Mutex::new(None));
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        let shared = Arc::clone(&running);
        // The thread ends with the process: once it is there, the signals come to it alone.
        thread::Builder::new().spawn(move || {
            for signal in signals.forever() {
                let running = lock(&shared);
                match (*running, signal) {
                    (Some(pid), SIGTERM) => _ = kill_process(pid, Signal::TERM),
                    (Some(pid), SIGHUP) => _ = kill_process(pid, Signal::HUP),
                    // A terminal sends these to the whole group, and to some programs twice is more than once.
                    (Some(_), _) => {}
                    (None, signal) => _ = emulate_default_handler(signal),
                }
            }
        })?;
        Ok(Self { running })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Pid>> {
        lock(&self.running)
    }
}

fn lock(running: &Mutex<Option<Pid>>) -> MutexGuard<'_, Option<Pid>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}
