//! Pushes to a remote-write receiver, for `push`, `add` and `run`.

use super::{Context, listener, plural, thousands};
use crate::config::{Action, Receiver};
use crate::error::Failure;
use crate::grouping::GroupingKey;
use crate::http::Client;
use crate::output::Printer;
use crate::remote_write::{Payload, RemoteWriter, Totals, WriteError, Written};
use jiff::Timestamp;

/// Sends or prints the samples.
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
    if payload.samples() == 0 {
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

/// Builds the payload from text that has passed the check. Samples without a timestamp get the current time.
pub(super) fn payload<'a>(body: &'a [u8], key: &'a GroupingKey) -> Payload<'a> {
    Payload::new(body, key, Timestamp::now().as_millisecond())
}

/// Formats the destination, such as `http://prometheus:9090/api/v1/write (remote write 2.0, confirmed)`.
pub(super) fn place(receiver: &Receiver, written: Written) -> String {
    format!("{} (remote write {written})", receiver.connection.endpoint)
}

pub(super) fn failure(error: WriteError) -> Failure {
    match error {
        WriteError::Exchange(mut error, totals) => {
            if totals.all > 0 {
                let sent =
                    format!("{} of {} had already been sent", thousands(totals.before), samples(totals.all));
                let sent = format!("{sent}{}", not_sent(totals));
                error.hint = Some(error.hint.map_or(sent.clone(), |hint| format!("{hint}\n{sent}")));
            }
            Failure::Exchange(error)
        }
        WriteError::PartlyStored { request, stored, sent, words, hint, totals } => {
            let in_all = if totals.all > 0 {
                let stored = thousands(totals.before + stored);
                format!(" ({stored} of {} in total{})", thousands(totals.all), not_sent(totals))
            } else {
                String::new()
            };
            let stored = format!("the receiver stored {} of {}{in_all}", thousands(stored), samples(sent));
            let (first, rest) = words.split_once('\n').unwrap_or((&words, ""));
            let reason = if first.is_empty() { String::new() } else { format!(": {}", first.trim_end()) };
            Failure::PartlyStored {
                message: format!("{request}: {stored}{reason}"),
                details: Some(rest.to_owned()).filter(|rest| !rest.is_empty()),
                hint: hint.map(str::to_owned),
            }
        }
    }
}

fn samples(count: usize) -> String {
    plural(count, "sample")
}

fn not_sent(totals: Totals) -> String {
    if totals.after == 0 { String::new() } else { format!("; {} were not sent", thousands(totals.after)) }
}

/// Prints the head of each request, followed by its series as text.
fn print(sender: &RemoteWriter<'_>, payload: &Payload<'_>, printer: &mut Printer<'_>) -> Result<(), Failure> {
    let mut next = Some(0).filter(|_| payload.samples() > 0);
    while let Some(start) = next {
        let mut text = sender.head(payload, start).into_bytes();
        next = payload.series(start, &mut |series| series.print(&mut text));
        printer.result(&text).map_err(Failure::output)?;
    }
    Ok(())
}
