//! Runs the command whose output is pushed (`push ... -- COMMAND...`).
//!
//! A pipe does not show whether a producer finished or failed halfway. So the command runs as a child
//! process that inherits standard input and standard error. Its output is pushed if the exit status is 0.
//!
//! A signal sent to the whole process group, such as by Ctrl-C, reaches the command as well. SIGTERM and
//! SIGHUP may be sent only to pushgw, so pushgw forwards them, and a supervisor that stops pushgw also stops
//! the command. Then pushgw waits for the command and exits with the same status. If that status is 0, the
//! output may still be incomplete, so pushgw exits as if killed by the signal. A second signal ends pushgw
//! without waiting. Signals that were ignored when pushgw started stay ignored.
//!
//! The pipe can stay open after the command has exited, if a process started by the command still has it
//! open. So the wait for the end of the output is limited.

use super::read_at_most;
use crate::error::{Failure, exit_code};
use crate::os::{SIGCHLD, SIGHUP, SIGTERM, killed_by, reason, send_signal, signal_name};
use crate::output::Progress;
use crate::process::{self, BURST, NOT_FOUND, SIGNAL_BASE, SignalListener, SpawnError};
use anyhow::Context as _;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use std::{mem, thread};

/// Maximum time that the output may stay open after the command has exited. Filters such as bash's `> >(sed
/// ...)` exit slightly later.
const GRACE: Duration = Duration::from_secs(1);

/// Runs `command` (the program and its arguments) and appends at most `limit` bytes of output to `output`.
pub(super) fn run(
    command: &[OsString],
    limit: u64,
    progress: &Progress,
    output: &mut Vec<u8>,
) -> Result<(), Failure> {
    let [program, ..] = command else { return Ok(()) };
    let name = program.to_string_lossy().into_owned();
    let (sender, events) = channel();
    let (line, signals) = (progress.clone(), sender.clone());
    let listener = SignalListener::start(
        move || line.abandon(),
        move |signal| {
            let _ = signals.send(if signal == SIGCHLD {
                ProducerEvent::Child
            } else {
                ProducerEvent::Signal(signal)
            });
        },
    );
    let listener = listener.map_err(|error| anyhow::anyhow!("can't handle signals: {}", reason(&error)))?;
    progress.leave_signals();
    let child = process::spawn(command, |command| {
        command.stdout(Stdio::piped());
    });
    let mut child = child.map_err(|error| not_started(error, program))?;
    progress.begin(&format!("running {name}"));
    let end = read_in_background(child.stdout.take(), limit, mem::take(output), sender)
        .and_then(|()| wait(&mut child, &events));
    progress.end();
    if !matches!(end, Ok(End { text: None | Some(Ok(_)), .. })) {
        // Otherwise the command would keep writing, or block because nobody reads its output.
        let _ = child.kill();
    }
    let mut end = end.map_err(|error| anyhow::anyhow!("can't wait for `{name}`: {}", reason(&error)))?;
    listener.stop();
    // A signal may have arrived after `wait` returned.
    let late = events
        .try_iter()
        .find_map(|event| if let ProducerEvent::Signal(signal) = event { Some(signal) } else { None });
    end.signal = end.signal.or(late);
    *output = judge(&name, end)?;
    Ok(())
}

fn not_started(error: SpawnError, program: &OsStr) -> Failure {
    let message = format!("{}; nothing was sent", error.message);
    // With any other status, the program was found but could not be run.
    let is_file = error.status == NOT_FOUND && Path::new(program).is_file();
    let of_file = "if this file contains the metrics, leave out the `--` before it";
    let is_option = program.as_encoded_bytes().starts_with(b"-");
    let of_option = "options of pushgw come before the `--`";
    let own = if is_option { Some(of_option) } else { is_file.then_some(of_file) };
    let hint = error.hint.or_else(|| own.map(str::to_owned));
    Failure::Producer { code: error.status, message, hint }
}

/// Events that occur while the command runs.
enum ProducerEvent {
    Signal(i32),
    /// The command may have exited.
    Child,
    /// The output has ended, or reading it failed.
    Read(anyhow::Result<Vec<u8>>),
}

/// Reads the output to its end in a separate thread, because it may never end.
fn read_in_background(
    stdout: Option<ChildStdout>,
    limit: u64,
    mut bytes: Vec<u8>,
    events: Sender<ProducerEvent>,
) -> io::Result<()> {
    let read = move || {
        let read = stdout.map_or(Ok(()), |stdout| read_at_most(stdout, limit, &mut bytes));
        // After a second signal, the receiver no longer exists.
        let _ = events.send(ProducerEvent::Read(read.map(|()| bytes)));
    };
    thread::Builder::new().spawn(read).map(drop)
}

/// The state of the command when the wait ends.
#[derive(Default)]
struct End {
    /// `None` if the command is still running.
    status: Option<ExitStatus>,
    /// `None` if the output is still open.
    text: Option<anyhow::Result<Vec<u8>>>,
    /// The first signal that arrived.
    signal: Option<i32>,
}

impl End {
    /// Returns true if no further event can change the outcome.
    fn is_final(&self) -> bool {
        match (self.status, &self.text) {
            (_, Some(Err(_))) => true,
            (None, _) => false,
            (Some(status), text) => !status.success() || text.is_some() || self.signal.is_some(),
        }
    }
}

/// Waits until the outcome is known, the output stays open for too long, or a second signal arrives.
fn wait(child: &mut Child, events: &Receiver<ProducerEvent>) -> io::Result<End> {
    let mut end = End::default();
    let (mut deadline, mut patient_until) = (None, None);
    while !end.is_final() {
        let event = match deadline {
            None => events.recv().ok(),
            Some(deadline) => {
                events.recv_timeout(Instant::saturating_duration_since(&deadline, Instant::now())).ok()
            }
        };
        match event {
            None => break,
            Some(ProducerEvent::Read(text)) => end.text = Some(text),
            Some(ProducerEvent::Child) => {
                end.status = child.try_wait()?;
                // Set the deadline only once. The first process of a container also gets SIGCHLD for orphans.
                deadline = deadline.or_else(|| end.status.map(|_| Instant::now() + GRACE));
            }
            Some(ProducerEvent::Signal(signal)) => {
                let now = Instant::now();
                end.signal.get_or_insert(signal);
                let is_second = now >= *patient_until.get_or_insert(now + BURST);
                // Once the command has been reaped, its process ID may have been reused.
                if end.status.is_none() {
                    pass_on(child, if is_second { SIGTERM } else { signal });
                }
                if is_second {
                    break;
                }
            }
        }
    }
    Ok(end)
}

/// Forwards a signal to the command, which must not have been reaped.
fn pass_on(child: &Child, signal: i32) {
    // A terminal sends other signals to the whole process group, and a second signal can have another effect.
    if matches!(signal, SIGTERM | SIGHUP) {
        send_signal(child, signal);
    }
}

/// Returns the output if it is complete.
fn judge(name: &str, end: End) -> Result<Vec<u8>, Failure> {
    let text = end.text.transpose().with_context(|| format!("can't read the output of `{name}`"))?;
    let mut hint = None;
    let failed = end.status.filter(|status| !status.success());
    let (code, what) = match (failed, end.signal, text) {
        (None, None, Some(text)) => return Ok(text),
        (None, None, None) => {
            hint = Some("redirect the output of background processes: start-daemon >/dev/null &");
            let what = format!("`{name}` exited, but a background process still holds its output open");
            (i32::from(exit_code::OTHER), what)
        }
        (None, Some(signal), _) => {
            let what =
                format!("stopped by {} before the output of `{name}` was complete", signal_name(signal));
            (SIGNAL_BASE + signal, what)
        }
        (Some(status), ..) => match (status.code(), killed_by(status).unwrap_or_default()) {
            (Some(code), _) => (code, format!("`{name}` exited with status {code}")),
            (None, signal) => {
                (SIGNAL_BASE + signal, format!("`{name}` was killed by {}", signal_name(signal)))
            }
        },
    };
    let message = format!("{what}; nothing was sent");
    let hint = hint.map(str::to_owned);
    Err(Failure::Producer { code: u8::try_from(code).unwrap_or(u8::MAX), message, hint })
}
