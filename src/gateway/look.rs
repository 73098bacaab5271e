//! A look at what the gateway holds: the API where there is one, else the text of `/metrics`.

use super::Endpoint;
use super::client::Client;
use super::conflict::{self, Conflicts};
use super::fault::{Fault, FaultKind};
use super::groups::{self, Group, GroupsError};
use super::request::{Method, Request};
use crate::grouping::Names;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// What a look saw.
#[derive(Debug)]
pub struct Store {
    /// The groups, sorted.
    pub groups: Vec<Group>,
    /// What among them breaks the gateway.
    pub conflicts: Conflicts,
    /// The gateway's clock at the time of its answer, or ours where it told none: ages are measured against it, so
    /// that a wrong clock here makes no group old.
    pub now: Timestamp,
    /// The groups were read from the text of `/metrics`, which can't tell an empty `instance` from none.
    pub from_text: bool,
}

/// Asks the gateway for its groups.
///
/// # Errors
///
/// Every fault of the exchange, and an answer that is no Pushgateway's.
pub fn look(client: &Client, endpoint: &Endpoint) -> Result<Store, Fault> {
    match ask(client, endpoint, Source::Api) {
        // A gateway before 1.2.0, or a proxy that lets only /metrics through.
        Err(Fault { kind: FaultKind::Status(answered), .. }) if answered.status == 404 => {
            ask(client, endpoint, Source::Text)
        }
        looked => looked,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Api,
    Text,
}

fn ask(client: &Client, endpoint: &Endpoint, source: Source) -> Result<Store, Fault> {
    let path = match source {
        Source::Api => "/api/v1/metrics",
        Source::Text => "/metrics",
    };
    let request = Request { method: Method::Get, endpoint, path: path.to_owned(), body: None };
    let answer = client.send(&request)?;
    let date = answer.date.as_deref().and_then(|date| rfc2822::parse(date).ok());
    let now = date.map_or_else(Timestamp::now, |date| date.timestamp());
    let groups = match source {
        Source::Api => groups::from_api(answer.reader(), Names::Legacy),
        Source::Text => groups::from_text(answer.reader(), Names::Legacy),
    };
    let groups = groups.map_err(|error| {
        let kind = match error {
            GroupsError::Read(error) => client.classify_read(error),
            error => FaultKind::NotAPushgateway(error.to_string()),
        };
        Fault::new(request.name(), kind)
    })?;
    Ok(Store { conflicts: conflict::find(&groups), groups, now, from_text: source == Source::Text })
}
