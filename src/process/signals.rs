//! Handlers for signals that terminate a process by default.

use crate::os::{
    ReceivedSignal, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, end_by, heeded, on_signals,
};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The number that shells add to a signal number for the exit status of a process killed by that signal.
pub const SIGNAL_BASE: i32 = 128;

/// Maximum time between signals that count as one. `timeout` signals its child and the process group.
pub const BURST: Duration = Duration::from_millis(100);

/// Passes SIGCHLD, and each signal that terminates a process by default, to `receive` in a thread that never
/// ends. Signals that were ignored when the process started stay ignored.
///
/// # Errors
///
/// Returns an error if the handlers or the thread cannot be set up.
pub fn listen(receive: impl FnMut(ReceivedSignal) + Send + 'static) -> io::Result<()> {
    // If SIGCHLD is inherited as ignored, a child's exit status is lost. A handler prevents that.
    let passed_on = ending().into_iter().chain(heeded(&[SIGUSR1, SIGUSR2])).chain([SIGCHLD]);
    on_signals(&passed_on.collect::<Vec<_>>(), receive)
}

type Receive = Box<dyn FnMut(i32) + Send>;

/// Handles SIGHUP, SIGINT, SIGQUIT and SIGTERM in a separate thread. Signals that were ignored when the
/// process started, as with `nohup`, stay ignored.
pub struct SignalListener(Arc<Mutex<Option<Receive>>>);

impl SignalListener {
    /// Passes each signal, and SIGCHLD, to `receive`. After [`Self::stop`], a signal terminates this process
    /// as it does by default, but `before_end` is called first.
    pub fn start(
        before_end: impl Fn() + Send + 'static,
        receive: impl FnMut(i32) + Send + 'static,
    ) -> io::Result<Self> {
        // If SIGCHLD is inherited as ignored, a child's exit status is lost. A handler prevents that.
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
                // This signal is part of a burst whose first signal was received.
                None if quiet_until.is_some_and(|time| Instant::now() < time) => {}
                None => {
                    before_end();
                    end_by(signal, SIGNAL_BASE + signal);
                }
            }
        })?;
        Ok(Self(receiver))
    }

    /// Stops calling `receive`. From now on, the signals have their default effect again.
    pub fn stop(self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Calls `before_end` before a signal terminates this process.
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
