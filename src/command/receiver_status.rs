//! Implements `status` for a remote-write receiver by sending an empty request, which stores nothing.

use super::remote_write::failure;
use super::{Context, listener, print_json, watch};
use crate::config::{Receiver, Status, StatusFormat};
use crate::error::Failure;
use crate::http::{Client, Error, ErrorKind};
use crate::output::{Channel, Column, Printer, Style, StyledLine, StyledText, Table};
use crate::remote_write::{RemoteWriter, WriteError, Written};
use serde::Serialize;
use std::io;

/// The receiver's response to an empty request.
struct Probe {
    receiver: String,
    answer: Result<Written, Box<Error>>,
}

/// Sends an empty request to the receiver and prints the result.
pub(super) fn run(
    receiver: &Receiver,
    status: &Status,
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let client = Client::new(&receiver.connection);
    watch::report_status(
        (status.watch, &receiver.connection.endpoint),
        context,
        |context| Probe::send(&client, receiver, context.printer),
        |probe, printer| match status.format {
            StatusFormat::Table => probe.table(printer),
            StatusFormat::Json => probe.json(printer),
        },
        |probe| probe.answer.is_ok(),
    )
}

impl Probe {
    fn send(client: &Client, receiver: &Receiver, printer: &mut Printer<'_>) -> Result<Self, Failure> {
        let answer = match RemoteWriter::new(client, receiver.version).probe(&mut listener(printer)) {
            Ok(written) => Ok(written),
            Err(WriteError::Exchange(error, _)) if is_rejection(&error) => Err(error),
            Err(error) => return Err(failure(error)),
        };
        Ok(Self { receiver: receiver.connection.endpoint.to_string(), answer })
    }

    fn table(&self, printer: &mut Printer<'_>) -> io::Result<()> {
        let (style, word, why) = match &self.answer {
            Ok(written) if written.confirmed => {
                (Style::Good, "OK", "the receiver accepts samples and confirms how many it stored".to_owned())
            }
            Ok(_) => {
                (Style::Good, "OK", "the receiver accepts samples, but does not confirm them".to_owned())
            }
            Err(error) => (Style::Bad, "BROKEN", error.kind.message()),
        };
        printer.line([StyledText::new(style, format!("{word}: ")), StyledText::plain(why)])?;
        let mut table = Table::new([Column::text(""), Column::text("")]);
        let mut row = |name: &str, text: &str| table.row([StyledLine::from(name), text.into()]);
        row("receiver", &self.receiver);
        match &self.answer {
            Ok(written) => row("remote write", &written.to_string()),
            Err(error) => row("response", error.kind.words().unwrap_or("empty")),
        }
        printer.table(Channel::Result, &table)?;
        match &self.answer {
            Ok(written) => {
                if let Some(warning) = written.unconfirmed_warning() {
                    let line = [StyledText::new(Style::Warning, "warning: "), StyledText::plain(warning)];
                    printer.line(line)?;
                }
            }
            Err(error) => error.hint.iter().for_each(|hint| printer.hint(hint)),
        }
        Ok(())
    }

    fn json(&self, printer: &mut Printer<'_>) -> io::Result<()> {
        let written = self.answer.as_ref().ok();
        let report = ReceiverReport {
            receiver: &self.receiver,
            ok: written.is_some(),
            version: written.map(|written| written.version.as_str()),
            confirmed: written.map(|written| written.confirmed),
            reason: self.answer.as_ref().err().map(|error| error.kind.message()),
            answer: self.answer.as_ref().err().and_then(|error| error.kind.words()),
        };
        print_json(&report, printer)
    }
}

/// Returns true if the server permanently rejected the request, or is not a receiver.
fn is_rejection(error: &Error) -> bool {
    match &error.kind {
        ErrorKind::Status(rejection) => rejection.status < 500 && !error.kind.is_retried(),
        ErrorKind::Unexpected { .. } => true,
        _ => false,
    }
}

/// The output of `--format json`. Scripts depend on these fields.
#[derive(Serialize)]
struct ReceiverReport<'a> {
    receiver: &'a str,
    ok: bool,
    version: Option<&'static str>,
    /// Whether the receiver confirms how many samples it has stored.
    confirmed: Option<bool>,
    reason: Option<String>,
    answer: Option<&'a str>,
}
