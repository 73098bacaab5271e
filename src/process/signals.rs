//! Signals that end a process by default: who hears of them instead, and how the process ends after all.

use crate::os::{
    ReceivedSignal, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, end_by, heeded, on_signals,
};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a shell adds to a signal's number to make an exit status.
pub const SIGNAL_BASE: i32 = 128;

/// Signals this close together count as one: `timeout` signals its child and then the child's process group.
pub const BURST: Duration = Duration::from_millis(100);

/// Passes each signal that ends a process by default, and SIGCHLD, to `receive`, in a thread of its own that never ends.
/// A signal that was ignored when the process started stays ignored.
///
/// # Errors
///
/// If the handlers or the thread cannot be set up.
pub fn listen(receive: impl FnMut(ReceivedSignal) + Send + 'static) -> io::Result<()> {
    // If SIGCHLD is ignored, which is inherited, the exit status of a child is lost. A handler prevents that.
    let passed_on = ending().into_iter().chain(heeded(&[SIGUSR1, SIGUSR2])).chain([SIGCHLD]);
    on_signals(&passed_on.collect::<Vec<_>>(), receive)
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
        let signals: Vec<i32> = ending().into_iter().chain([SIGCHLD]).collect();
        let receiver: Arc<Mutex<Option<Receive>>> = Arc::new(Mutex::new(Some(Box::new(receive))));
        let shared = Arc::clone(&receiver);
        let mut quiet_until = None;
        on_signals(&signals, move |signal| {
            let signal = signal.number;
            match shared.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                Some(receive) => {
                    if signal != SIGCHLD {
                        quiet_until = Some(Instant::now() + BURST);
                    }
                    receive(signal);
                }
                None if signal == SIGCHLD => {}
                // The rest of a burst that was received.
                None if quiet_until.is_some_and(|time| Instant::now() < time) => {}
                None => {
                    before_end();
                    end_by(signal, SIGNAL_BASE + signal);
                }
            }
        })?;
        Ok(Self(receiver))
    }

    /// From now on, a signal does what it does by default.
    pub fn stop(self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Calls `before_end` before a signal ends this process.
    pub fn before_end(before_end: impl Fn() + Send + 'static) -> io::Result<()> {
        on_signals(&ending(), move |signal| {
            before_end();
            end_by(signal.number, SIGNAL_BASE + signal.number);
        })
    }
}

fn ending() -> Vec<i32> {
    heeded(&[SIGHUP, SIGINT, SIGQUIT, SIGTERM])
}
