//! The `run` subcommand: runs a job and reports how it went. Monitoring must never delay, break or kill the job. So the
//! command runs even if the report cannot be sent, and pushgw exits with the command's exit status.
//!
//! Everything that happens is an event. One loop handles events while the command runs, another while the report is
//! sent. Only the first forwards signals: once the command has ended, its process ID may have been reused.

mod own_metrics;
mod report;

use super::{Context, retry_note};
use crate::config::Run;
use crate::error::{Failure, exit_code};
use crate::http::Event;
use crate::job::{CpuTime, JobRun};
use crate::os::{self, ReceivedSignal, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, reason, signal_name};
use crate::output::{Printer, Verbosity};
use crate::process::{self, BURST, SpawnError};
use anyhow::Context as _;
use own_metrics::OwnMetrics;
use report::{Report, Reported};
use std::io;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

/// Extra time to wait for the report after the deadline. Normally the client itself times out first, with a better
/// error.
const SPARE: Duration = Duration::from_millis(500);

/// An event during a run.
enum RunEvent {
    Signal(ReceivedSignal),
    /// An event of a request in flight.
    Exchange(Event),
    StartReported(Result<(), Failure>),
    Reported(Result<Reported, Failure>),
}

/// Runs the command and sends the report.
pub(super) fn run(settings: Run, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let settings = Arc::new(settings);
    let (sender, receiver) = channel();
    let signals = sender.clone();
    let listening = process::listen(move |signal| {
        let _ = signals.send(RunEvent::Signal(signal));
    });
    let own = OwnMetrics::prepare(&settings, context.environment);
    let mut running = Running { settings, sender, receiver, first_signal: None, printer: context.printer };
    let run = running.run_command(&own, listening).context("can't wait for the command").map_err(not_run)?;
    let deadline = Instant::now() + running.settings.timeout;
    let report = Report::new(&running.settings, &run, &own, running.printer);
    // Removes the temporary folder now, because a signal could kill pushgw while it sends the report.
    drop(own);
    let reported = report.and_then(|report| running.send(report, deadline));
    match running.finish(&run, reported) {
        exit_code::DONE => Ok(()),
        status => Err(Failure::CommandStatus(status)),
    }
}

fn not_run(error: anyhow::Error) -> Failure {
    Failure::NotRun(Box::new(error.into()))
}

struct Running<'a, 'out> {
    settings: Arc<Run>,
    sender: Sender<RunEvent>,
    receiver: Receiver<RunEvent>,
    /// The time at which the first termination signal arrived.
    first_signal: Option<Instant>,
    printer: &'a mut Printer<'out>,
}

impl Running<'_, '_> {
    /// Runs the command and waits for it to exit. `listening` is the result of starting to listen for signals.
    fn run_command(&mut self, own: &OwnMetrics, listening: io::Result<()>) -> io::Result<JobRun> {
        let (start, started) = (since_1970(), Instant::now());
        let exit_status = match self.start_command(own, listening) {
            Ok(child) => {
                if self.settings.expectations.within.is_some()
                    && let Err(error) = report::send_start(&self.settings, start, self.sender.clone())
                {
                    self.printer.note(&format!("the start was not reported: {}", reason(&error)));
                }
                self.wait(&child)?
            }
            Err(error) => {
                self.printer.error("command", &error.message, "", error.hint.as_deref());
                error.status
            }
        };
        let duration = started.elapsed();
        let usage = os::children_usage()?;
        Ok(JobRun {
            start,
            // If the clock was set back, the run must not look unfinished.
            completion: since_1970().max(start),
            duration,
            exit_status,
            is_success: self.settings.is_success(exit_status),
            cpu: Some(CpuTime { user: usage.user, system: usage.system }),
            max_resident_bytes: usage.max_resident_bytes,
        })
    }

    /// Starts the command. If the system has no thread or process left for monitoring, replaces pushgw with the command.
    fn start_command(&mut self, own: &OwnMetrics, listening: io::Result<()>) -> Result<Child, SpawnError> {
        let prepare = |command: &mut Command| {
            command.env(own_metrics::VARIABLE, own.path());
        };
        let error = match listening {
            Ok(()) => match process::spawn(&self.settings.command, prepare) {
                // The limit of processes or of memory was reached.
                Err(SpawnError { error, .. })
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory) =>
                {
                    error
                }
                result => return result,
            },
            Err(error) => error,
        };
        let (name, cause) = (self.settings.name(), reason(&error));
        let message = format!("{name} will not be reported: can't start a thread or a process: {cause}");
        self.printer.warning(&message);
        Err(process::replace_process(&self.settings.command, prepare))
    }

    /// Forwards signals to the command until it exits, and returns its exit status.
    fn wait(&mut self, child: &Child) -> io::Result<u8> {
        while let Ok(event) = self.receiver.recv() {
            let Some(signal) = self.handle(event) else { continue };
            if signal.number == SIGCHLD {
                if let Some(status) = os::reap(child)? {
                    return Ok(process::shell_status(status));
                }
                continue;
            }
            self.is_second(signal);
            // The terminal already sends Ctrl-C to the command, and some programs react differently to a second one.
            if signal.is_from_process || !matches!(signal.number, SIGINT | SIGQUIT) {
                os::send_signal(child, signal.number);
            }
        }
        Err(io::ErrorKind::BrokenPipe.into())
    }

    /// Sends the report and waits for the result, until the deadline or a second signal.
    fn send(&mut self, report: Report, deadline: Instant) -> Result<Reported, Failure> {
        report
            .send_in_background(&self.settings, deadline, self.sender.clone())
            .map_err(|error| anyhow::anyhow!("can't start a thread: {}", reason(&error)))?;
        loop {
            let left = (deadline + SPARE).saturating_duration_since(Instant::now());
            match self.receiver.recv_timeout(left) {
                Ok(RunEvent::Reported(result)) => return result,
                Ok(event) => {
                    if let Some(signal) = self.handle(event).filter(|signal| self.is_second(*signal)) {
                        let name = signal_name(signal.number);
                        return Err(anyhow::anyhow!("interrupted by {name}").into());
                    }
                }
                Err(_) => {
                    return Err(anyhow::anyhow!("not finished within --timeout").into());
                }
            }
        }
    }

    /// Handles an event, or returns it if it is a signal.
    fn handle(&mut self, event: RunEvent) -> Option<ReceivedSignal> {
        match event {
            RunEvent::Signal(signal) => return Some(signal),
            RunEvent::Exchange(Event::Exchange(line)) => self.printer.debug(line),
            RunEvent::Exchange(Event::Retry { tries, reason, wait, .. }) => {
                self.printer.note(&retry_note(tries, &reason, wait));
            }
            RunEvent::StartReported(Ok(())) => {
                self.printer.note(&format!("reported the start of {}", self.settings.name()));
            }
            RunEvent::StartReported(Err(failure)) => {
                self.printer.note(&format!("the start was not reported: {}", in_one_line(&failure)));
            }
            // Nothing is printed on success, so there is no progress line either.
            RunEvent::Exchange(Event::Waiting { .. }) | RunEvent::Reported(_) => {}
        }
        None
    }

    /// Returns true if an earlier termination signal was received. Signals that arrive close together count as one.
    fn is_second(&mut self, signal: ReceivedSignal) -> bool {
        let now = Instant::now();
        matches!(signal.number, SIGHUP | SIGINT | SIGQUIT | SIGTERM)
            && now >= *self.first_signal.get_or_insert(now) + BURST
    }

    /// Prints the outcome of the report, and returns the exit status.
    fn finish(&mut self, run: &JobRun, reported: Result<Reported, Failure>) -> u8 {
        let (name, status) = (self.settings.name(), run.exit_status);
        let failed = match reported {
            Ok(Reported { place, left_out }) => {
                if self.printer.verbosity >= Verbosity::Verbose {
                    let seconds = run.duration.as_secs_f64();
                    let done =
                        format!("reported {name} to {place}: exit status {status} after {seconds:.3} s");
                    self.printer.success(&done);
                }
                let Some(failure) = left_out else { return status };
                let cause = in_one_line(&failure);
                self.complain(&format!("{name} was reported without its metrics: {cause}"), &failure);
                failure
            }
            Err(failure) => {
                let cause = in_one_line(&failure);
                let message = format!("{name} exited with status {status}, but the report failed: {cause}");
                self.complain(&message, &failure);
                failure
            }
        };
        if self.settings.require_push && run.is_success { failed.exit_code() } else { status }
    }

    /// Prints why the report failed: as an error with `--require-push`, otherwise as a warning. It is one line, because
    /// cron mails it. Only an explanation from the server itself is added as a hint.
    fn complain(&mut self, message: &str, failure: &Failure) {
        let hint = Some(failure).filter(|failure| matches!(failure, Failure::Explained { .. }));
        let hint = hint.and_then(Failure::hint);
        if self.settings.require_push {
            self.printer.error("other", message, "", hint.as_deref());
            return;
        }
        self.printer.warning(message);
        if let Some(hint) = hint {
            self.printer.hint(&hint);
        }
    }
}

/// Formats an error and the response on one line, because cron mails the output.
fn in_one_line(failure: &Failure) -> String {
    let details = failure.details().map(|details| format!("; {details}")).unwrap_or_default();
    format!("{failure}{details}").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
