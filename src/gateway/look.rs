//! A look at what the gateway holds: the API where there is one, else the text of `/metrics`.

use super::store::conflict::{self, Conflicts};
use super::store::contents::{self, Family};
use super::store::{self, FamilySize, Group, GroupsError, Keep};
use super::{Answer, Client, Endpoint, Event, Fault, FaultKind, exchange};
use crate::grouping::{LabelSet, Names};
use crate::http::{Method, Request};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::io;

/// Who hears what happens during a look.
pub type Listener<'a> = &'a mut dyn FnMut(Event);

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
pub fn look(client: &Client, endpoint: &Endpoint, listener: Listener<'_>) -> Result<Store, Fault> {
    look_closer(client, endpoint, Keep::Sizes, listener).map(|(store, _)| store)
}

/// Asks the gateway for its groups and those families of each that are wanted.
///
/// # Errors
///
/// As [`look`].
pub fn look_at_families(
    client: &Client,
    endpoint: &Endpoint,
    wanted: &dyn Fn(&FamilySize) -> bool,
    listener: Listener<'_>,
) -> Result<Store, Fault> {
    look_closer(client, endpoint, Keep::Families(wanted), listener).map(|(store, _)| store)
}

/// Asks the gateway for its groups and makes something of what each holds. What comes out is in the order of the
/// groups; there is nothing where there is no API.
///
/// `make` may see an `instance` less than the group has, if it is empty: see [`Keep::Contents`].
///
/// # Errors
///
/// As [`look`].
pub fn look_inside<T: Default>(
    client: &Client,
    endpoint: &Endpoint,
    mut make: impl FnMut(&LabelSet, Vec<Family>) -> T,
    listener: Listener<'_>,
) -> Result<(Store, Vec<T>), Fault> {
    let mut results = Vec::new();
    let mut each = |_, labels: &LabelSet, raw: &_| results.push(make(labels, contents::families(raw)));
    let (store, places) = look_closer(client, endpoint, Keep::Contents(&mut each), listener)?;
    let in_order =
        places.into_iter().map(|place| results.get_mut(place).map(std::mem::take).unwrap_or_default());
    Ok((store, in_order.collect()))
}

/// Asks the gateway for something.
///
/// # Errors
///
/// Every fault of the exchange.
pub fn get(
    client: &Client,
    endpoint: &Endpoint,
    path: &str,
    listener: Listener<'_>,
) -> Result<Answer, Fault> {
    exchange::send(client, &get_request(endpoint, path), listener)
}

/// Like [`get`], without retries.
///
/// # Errors
///
/// As for [`get`].
pub fn get_once(
    client: &Client,
    endpoint: &Endpoint,
    path: &str,
    listener: Listener<'_>,
) -> Result<Answer, Fault> {
    exchange::send_once(client, &get_request(endpoint, path), listener)
}

fn get_request<'a>(endpoint: &'a Endpoint, path: &str) -> Request<'a> {
    Request { method: Method::Get, endpoint, path: path.to_owned(), body: None }
}

/// The look, and for each group its place in the gateway's answer.
fn look_closer(
    client: &Client,
    endpoint: &Endpoint,
    keep: Keep<'_>,
    listener: Listener<'_>,
) -> Result<(Store, Vec<usize>), Fault> {
    match get(client, endpoint, "/api/v1/metrics", listener) {
        // A gateway before 1.2.0, or a proxy that lets only /metrics through.
        Err(Fault { kind: FaultKind::Status(answered), .. }) if answered.status == 404 => {
            let answer = get(client, endpoint, "/metrics", listener)?;
            let now = clock(&answer);
            let groups = store::from_text(answer.reader(), Names::Legacy);
            let groups = groups.map_err(|error| fault(client, endpoint, "/metrics", error))?;
            Ok((store(groups, now, true), Vec::new()))
        }
        Err(fault) => Err(fault),
        Ok(answer) => {
            let now = clock(&answer);
            let groups = store::api::read_api(answer.reader(), Names::Legacy, keep);
            let groups = groups.map_err(|error| fault(client, endpoint, "/api/v1/metrics", error))?;
            let (places, groups) = groups.into_iter().unzip();
            Ok((store(groups, now, false), places))
        }
    }
}

fn store(groups: Vec<Group>, now: Timestamp, from_text: bool) -> Store {
    Store { conflicts: conflict::find(&groups), groups, now, from_text }
}

fn clock(answer: &Answer) -> Timestamp {
    let date = answer.header("date").and_then(|date| rfc2822::parse(date).ok());
    date.map_or_else(Timestamp::now, |date| date.timestamp())
}

fn fault(client: &Client, endpoint: &Endpoint, path: &str, error: GroupsError) -> Fault {
    match error {
        GroupsError::Read(error) => unread(client, endpoint, path, error),
        // One of them quotes the server.
        error => {
            let reason = client.connection().without_secrets(&error.to_string()).into_owned();
            exchange::not_a_pushgateway(&get_request(endpoint, path), reason)
        }
    }
}

/// The fault of an answer to [`get`] that can't be read to its end.
#[must_use]
pub fn unread(client: &Client, endpoint: &Endpoint, path: &str, error: io::Error) -> Fault {
    client.body_error(&get_request(endpoint, path), error)
}
