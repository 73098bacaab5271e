//! The command whose output is pushed (`push … -- COMMAND…`).
//!
//! A pipe can't tell a producer that is done from one that died half way. So the command runs as our child, all of its
//! output is read, and only an exit with 0 makes it a text to push. Its standard input and error are ours.
//!
//! A signal for the whole process group, such as Ctrl-C, reaches the command by itself; one that ends us alone is
//! handed on, so that a supervisor that stops us stops the command too. Either way we wait for it and end as it did; if
//! it ends with 0 all the same, what it wrote is not known to be all of it, and we end as for the signal. A signal that
//! was ignored when we began, as under `nohup`, stays so.

use super::read_at_most;
use crate::error::Failure;
use crate::os::{heeded, reason};
use crate::output::Progress;
use anyhow::Context as _;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What a shell exits with for a command that is there and can't be run, and for one that is not there.
const NOT_RUNNABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
/// What a shell adds to the number of the signal that ended a command.
const SIGNALLED: i32 = 128;

/// Runs `command`, the program first, and appends what it writes to `output`, at most `limit` bytes.
pub(super) fn run(
    command: &[OsString],
    limit: u64,
    progress: &Progress,
    output: &mut Vec<u8>,
) -> Result<(), Failure> {
    let [program, args @ ..] = command else { return Ok(()) };
    let name = program.to_string_lossy().into_owned();
    let relay = Relay::start(progress.clone()).context("can't listen for signals")?;
    let mut child = {
        let mut state = relay.lock();
        let child = Command::new(program).args(args).stdout(Stdio::piped()).spawn();
        let child = child.map_err(|error| not_started(&name, &error))?;
        *state = State::Running(Pid::from_child(&child));
        child
    };
    let read = child.stdout.take().map_or(Ok(()), |stdout| read_at_most(stdout, limit, output));
    if read.is_err() {
        // It would go on writing, or wait for a reader.
        let _ = child.kill();
    }
    let (status, told) = end(&mut child, &relay);
    read.with_context(|| format!("can't read what `{name}` writes"))?;
    judge(&name, status.with_context(|| format!("can't wait for `{name}`"))?, told)
}

/// Waits for the end, and tells the signal that came before it. The number of the process is given up before it can be
/// another's.
fn end(child: &mut Child, relay: &Relay) -> (io::Result<ExitStatus>, Option<i32>) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let pid = Pid::from_child(child);
    while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == Errno::INTR) {}
    let told = relay.end();
    (child.wait(), told)
}

fn not_started(name: &str, error: &io::Error) -> Failure {
    let code = if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_RUNNABLE };
    Failure::Producer { code, message: format!("can't run `{name}`: {}; nothing was sent", reason(error)) }
}

/// `told` is the signal that came while it ran.
fn judge(name: &str, status: ExitStatus, told: Option<i32>) -> Result<(), Failure> {
    let (code, what) = match (status.code(), status.signal().unwrap_or_default()) {
        (Some(0), _) => match told {
            Some(signal) => (SIGNALLED + signal, format!("was told to stop by signal {signal}")),
            None => return Ok(()),
        },
        (Some(code), _) => (code, format!("exited with status {code}")),
        (None, signal) => (SIGNALLED + signal, format!("was ended by signal {signal}")),
    };
    let message = format!("`{name}` {what}; nothing was sent");
    Err(Failure::Producer { code: u8::try_from(code).unwrap_or(u8::MAX), message })
}

/// What a signal does.
enum State {
    /// What it always does.
    Idle,
    /// It is for the command.
    Running(Pid),
    /// Nothing more: one came while the command ran, and we are about to end for it.
    Ending,
}

/// Hands signals on to the command while it runs; without one they do what they always do.
struct Relay {
    state: Arc<Mutex<State>>,
    /// The last signal that came, or 0. The handler itself notes it: the thread could be told only after the command,
    /// which may have got the signal too, has ended.
    came: Arc<AtomicUsize>,
}

impl Relay {
    fn start(progress: Progress) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State::Idle));
        let came = Arc::new(AtomicUsize::new(0));
        let all = heeded(&[SIGHUP, SIGINT, SIGQUIT, SIGTERM]);
        for &signal in &all {
            flag::register_usize(signal, Arc::clone(&came), usize::try_from(signal).unwrap_or_default())?;
        }
        let mut signals = Signals::new(all)?;
        let shared = Arc::clone(&state);
        // The thread ends with the process: once it is there, the signals come to it alone.
        thread::Builder::new().spawn(move || {
            for signal in signals.forever() {
                let state = lock(&shared);
                match (&*state, signal) {
                    (State::Running(pid), SIGTERM) => _ = kill_process(*pid, Signal::TERM),
                    (State::Running(pid), SIGHUP) => _ = kill_process(*pid, Signal::HUP),
                    // A terminal sends these to the whole group, and to some programs twice is more than once.
                    (State::Running(_) | State::Ending, _) => {}
                    (State::Idle, signal) => {
                        progress.abandon();
                        let _ = emulate_default_handler(signal);
                    }
                }
            }
        })?;
        Ok(Self { state, came })
    }

    /// The command has ended: the signal that came until then, if one did.
    fn end(&self) -> Option<i32> {
        let mut state = self.lock();
        let came = i32::try_from(self.came.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0);
        *state = if came.is_some() { State::Ending } else { State::Idle };
        came
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
