//! Pushes to a receiver of remote write, for `push`, `add` and `run`.

use super::{Context, listener, plural};
use crate::config::{Action, Receiver};
use crate::error::Failure;
use crate::grouping::GroupingKey;
use crate::http::Client;
use crate::output::Printer;
use crate::remote_write::{Payload, RemoteWriter, WriteError, Written};
use jiff::Timestamp;

/// Sends the samples, or prints them.
pub(super) fn push(
    action: Action,
    receiver: &Receiver,
    key: &GroupingKey,
    body: &[u8],
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let client = Client::new(&receiver.connection);
    let mut sender = RemoteWriter::new(&client, receiver.version);
    let payload = payload(body, key);
    let printer = &mut *context.printer;
    if action != Action::Send {
        return print(&sender, &payload, printer);
    }
    if payload.requests() == 0 {
        printer.success("there are no samples, so nothing was sent");
        return Ok(());
    }
    printer.progress().on_interrupt("interrupted: some samples may have been stored");
    let written = sender.send(&payload, &mut listener(printer)).map_err(failure)?;
    if let Some(warning) = written.unconfirmed_warning() {
        printer.warning(&format!("{}: {warning}", receiver.connection.endpoint));
        printer.hint("--remote-write-version auto sends version 1.0 to such a receiver");
    }
    let samples = plural(payload.samples(), "sample");
    printer.success(&format!("wrote {samples} of {key} to {}", place(receiver, written)));
    Ok(())
}

/// The samples of a text that the checker accepts. Those without a timestamp get the present time.
pub(super) fn payload<'a>(body: &'a [u8], key: &'a GroupingKey) -> Payload<'a> {
    Payload::new(body, key, Timestamp::now().as_millisecond())
}

/// `http://prometheus:9090/api/v1/write (remote write 2.0, confirmed)`.
pub(super) fn place(receiver: &Receiver, written: Written) -> String {
    format!("{} (remote write {written})", receiver.connection.endpoint)
}

pub(super) fn failure(error: WriteError) -> Failure {
    let message = error.to_string();
    match error {
        WriteError::Exchange(error) => Failure::Exchange(error),
        WriteError::PartlyStored { words, .. } => {
            let details = Some(words).filter(|words| !words.is_empty());
            Failure::PartlyStored { message, details }
        }
    }
}

/// Prints each request: its head, and its series as text.
fn print(sender: &RemoteWriter<'_>, payload: &Payload<'_>, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut start = 0;
    for _ in 0..payload.requests() {
        let mut text = sender.head(payload, start).into_bytes();
        start = payload.series(start, &mut |series| series.print(&mut text));
        printer.result(&text).map_err(Failure::output)?;
    }
    Ok(())
}
