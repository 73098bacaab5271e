//! Reports the start and the end of a run. Each report is sent from a separate thread, so that signals are still
//! handled and a slow gateway does not delay the command.

use super::RunEvent;
use super::own_metrics::OwnMetrics;
use crate::command::check;
use crate::command::{prometheus_hint, remote_write, textfile};
use crate::config::{Destination, Run};
use crate::error::Failure;
use crate::gateway::diff::Replaces;
use crate::gateway::{self, EXPOSITION_TEXT};
use crate::grouping::GroupingKey;
use crate::http::{Body, Client, ErrorKind, Event, Method, Request};
use crate::job::JobRun;
use crate::output::Printer;
use crate::remote_write::RemoteWriter;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

/// A report about the end of the command that has not been sent yet.
pub(super) struct Report {
    key: GroupingKey,
    /// The metrics of `run` itself.
    text: String,
    /// The metrics of `run` and the job's own metrics; `None` if the latter are missing or omitted.
    with_own: Option<Vec<u8>>,
    /// The reason why the job's own metrics are omitted; `None` if they are not.
    left_out: Option<Failure>,
}

/// A report that was stored.
pub(super) struct Reported {
    /// The group and its destination, such as `{job="x"} on http://gw:9091`.
    pub(super) place: String,
    /// The reason why the job's own metrics were omitted; `None` if they were not.
    pub(super) left_out: Option<Failure>,
}

impl Report {
    /// Creates the report. Adds the job's own metrics if they are valid, and prints their problems otherwise.
    pub(super) fn new(
        settings: &Run,
        run: &JobRun,
        own: &OwnMetrics,
        printer: &mut Printer<'_>,
    ) -> Result<Self, Failure> {
        let key = settings.key()?;
        // If the grouping key contains `mode`, the gateway overwrites that label in both CPU series, which makes them
        // duplicates.
        let run = JobRun { cpu: run.cpu.filter(|_| key.get("mode").is_none()), ..*run };
        let text = run.text(&settings.prefix, &settings.expectations);
        let (mut with_own, mut left_out) = (None, None);
        if run.is_success || settings.metrics_always {
            match with_own_metrics(settings, &key, &text, own, printer) {
                Ok(body) => with_own = body,
                Err(failure) => left_out = Some(failure),
            }
        }
        Ok(Self { key, text, with_own, left_out })
    }

    /// Sends the report. If it is rejected because of the job's own metrics, sends it again without them.
    fn send(
        mut self,
        settings: &Run,
        deadline: Instant,
        listener: &mut dyn FnMut(Event),
    ) -> Result<Reported, Failure> {
        let mut destination = settings.destination()?;
        if let Some(body) = &self.with_own {
            match add(&destination, &self.key, body, listener) {
                Ok(place) => return Ok(Reported { place, left_out: None }),
                Err(failure) if may_be_the_metrics(&failure) => {
                    self.left_out = Some(failure);
                    let left = deadline.saturating_duration_since(Instant::now()).as_millis();
                    let left = Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX).max(1));
                    destination = destination.with_timeout(left);
                }
                Err(failure) => return Err(failure),
            }
        }
        let place = add(&destination, &self.key, self.text.as_bytes(), listener)?;
        Ok(Reported { place, left_out: self.left_out })
    }

    /// Sends the report in a separate thread, which delivers the result as an event.
    pub(super) fn send_in_background(
        self,
        settings: &Arc<Run>,
        deadline: Instant,
        events: Sender<RunEvent>,
    ) -> io::Result<()> {
        let settings = Arc::clone(settings);
        let send = move || {
            let result = self.send(&settings, deadline, &mut |event| forward(&events, event));
            let _ = events.send(RunEvent::Reported(result));
        };
        thread::Builder::new().spawn(send).map(drop)
    }
}

/// Reports the start of the job in a separate thread, which delivers the result as an event.
pub(super) fn send_start(settings: &Arc<Run>, start: Duration, events: Sender<RunEvent>) -> io::Result<()> {
    let settings = Arc::clone(settings);
    let send = move || {
        let push = || -> Result<(), Failure> {
            let (key, destination) = (settings.key()?, settings.destination()?);
            let text = settings.expectations.start_text(&settings.prefix, start);
            add(&destination, &key, text.as_bytes(), &mut |event| forward(&events, event)).map(drop)
        };
        let result = push();
        let _ = events.send(RunEvent::StartReported(result));
    };
    thread::Builder::new().spawn(send).map(drop)
}

/// Appends the job's own metrics to `text` and checks everything together, because the two parts could conflict.
fn with_own_metrics(
    settings: &Run,
    key: &GroupingKey,
    text: &str,
    own: &OwnMetrics,
    printer: &mut Printer<'_>,
) -> Result<Option<Vec<u8>>, Failure> {
    let Some(input) = own.read(settings, text, printer)? else { return Ok(None) };
    let accepted = check::accept_or(&settings.check(), Some(key), &input, None, printer)?;
    Ok(Some(accepted.body.into_owned()))
}

/// Returns true if the report may be accepted without the job's own metrics. Pushgateway 1.11.0 and 1.11.1 close the
/// connection instead of answering 400.
fn may_be_the_metrics(failure: &Failure) -> bool {
    match failure {
        Failure::Input { .. } | Failure::PartlyStored { .. } => true,
        Failure::Exchange(error) => match &error.kind {
            ErrorKind::Closed => true,
            ErrorKind::Status(rejection) => matches!(rejection.status, 400 | 409 | 413 | 422),
            _ => false,
        },
        _ => false,
    }
}

/// Adds the metrics to the group, and returns the value for [`Reported::place`].
fn add(
    destination: &Destination,
    key: &GroupingKey,
    body: &[u8],
    listener: &mut dyn FnMut(Event),
) -> Result<String, Failure> {
    let connection = match destination {
        Destination::Gateway(connection) => connection,
        Destination::RemoteWrite(receiver) => {
            let (client, payload) = (Client::new(&receiver.connection), remote_write::payload(body, key));
            let written = RemoteWriter::new(&client, receiver.version).send(&payload, listener);
            let written = written.map_err(remote_write::failure)?;
            return Ok(format!("{key} at {}", remote_write::place(receiver, written)));
        }
        Destination::Textfile(textfile) => {
            let path = textfile::write(textfile, key, body, Replaces::Families)?;
            return Ok(format!("{key} in {}", path.display()));
        }
    };
    let request = Request {
        method: Method::Post,
        endpoint: &connection.endpoint,
        path: key.path(),
        body: Some(Body::new(body, EXPOSITION_TEXT, connection.encoding)),
    };
    let client = Client::new(connection);
    gateway::send(&client, &request, listener).map_err(|error| {
        let client = client.with_time_left(error.elapsed);
        match client.and_then(|client| prometheus_hint(&error, &client, false, listener)) {
            Some(hint) => Failure::Explained { error: Box::new(error), why: vec![hint] },
            None => error.into(),
        }
    })?;
    Ok(format!("{key} on {}", connection.endpoint))
}

fn forward(events: &Sender<RunEvent>, event: Event) {
    // The receiver no longer exists after a second signal.
    let _ = events.send(RunEvent::Exchange(event));
}
