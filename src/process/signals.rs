//! Signals that end a process by default: who hears of them instead, and how the process ends after all.

use crate::os::heeded;
use rustix::process::getpid;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::{Signals, SignalsInfo};
use signal_hook::low_level::siginfo::{Cause, Origin};
use signal_hook::low_level::{self, emulate_default_handler};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What a shell adds to a signal's number to make an exit status.
pub const SIGNAL_BASE: i32 = 128;

/// Signals this close together count as one: `timeout` signals its child and then the child's process group.
pub const BURST: Duration = Duration::from_millis(100);

/// A signal that this process received.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedSignal {
    pub number: i32,
    /// A process sent it. Otherwise the kernel did, as for Ctrl-C, which goes to the whole foreground process group.
    pub is_from_process: bool,
}

/// Passes each signal that ends a process by default, and SIGCHLD, to `receive`, in a thread of its own that never ends.
/// A signal that was ignored when the process started stays ignored.
///
/// # Errors
///
/// If the handlers or the thread cannot be set up.
pub fn listen(mut receive: impl FnMut(ReceivedSignal) + Send + 'static) -> io::Result<()> {
    let passed_on = ending().into_iter().chain(heeded(&[SIGUSR1, SIGUSR2]));
    // If SIGCHLD is ignored, which is inherited, the exit status of a child is lost. A handler prevents that.
    let mut signals = SignalsInfo::<WithOrigin>::new(passed_on.chain([SIGCHLD]))?;
    let forward = move |origin: Origin| {
        let is_from_process = matches!(origin.cause, Cause::Sent(_));
        receive(ReceivedSignal { number: origin.signal, is_from_process });
    };
    thread::Builder::new().spawn(move || signals.forever().for_each(forward)).map(drop)
}

type Receive = Box<dyn FnMut(i32) + Send>;

/// Receives SIGHUP, SIGINT, SIGQUIT and SIGTERM in a thread of its own. A signal that was ignored when the process
/// started, as under `nohup`, stays ignored.
pub struct SignalListener(Arc<Mutex<Option<Receive>>>);

impl SignalListener {
    /// Passes each signal to `receive`, and SIGCHLD too. After [`Self::stop`], a signal ends this process as it does by
    /// default, after `before_end`.
    pub fn start(
        before_end: impl Fn() + Send + 'static,
        receive: impl FnMut(i32) + Send + 'static,
    ) -> io::Result<Self> {
        // If SIGCHLD is ignored, which is inherited, the exit status of a child is lost. A handler prevents that.
        let signals = Signals::new(ending().into_iter().chain([SIGCHLD]))?;
        let receiver: Arc<Mutex<Option<Receive>>> = Arc::new(Mutex::new(Some(Box::new(receive))));
        let shared = Arc::clone(&receiver);
        let mut quiet_until = None;
        spawn(signals, move |signal| match shared.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(receive) => {
                if signal != SIGCHLD {
                    quiet_until = Some(Instant::now() + BURST);
                }
                receive(signal);
            }
            None if signal == SIGCHLD => {}
            // The rest of a burst that was received.
            None if quiet_until.is_some_and(|time| Instant::now() < time) => {}
            None => end_by(signal, &before_end),
        })?;
        Ok(Self(receiver))
    }

    /// From now on, a signal does what it does by default.
    pub fn stop(self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Calls `before_end` before a signal ends this process.
    pub fn before_end(before_end: impl Fn() + Send + 'static) -> io::Result<()> {
        spawn(Signals::new(ending())?, move |signal| end_by(signal, &before_end))
    }
}

fn ending() -> Vec<i32> {
    heeded(&[SIGHUP, SIGINT, SIGQUIT, SIGTERM])
}

/// The thread ends with the process.
fn spawn(mut signals: Signals, mut receive: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    thread::Builder::new().spawn(move || signals.forever().for_each(&mut receive)).map(drop)
}

/// Ends the process as the signal does by default. The first process of a container has no default and exits.
fn end_by(signal: i32, before_end: &dyn Fn()) {
    before_end();
    if !getpid().is_init() {
        let _ = emulate_default_handler(signal);
    }
    low_level::exit(SIGNAL_BASE + signal);
}

/// `SIGTERM`.
pub fn signal_name(signal: i32) -> String {
    low_level::signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned)
}
