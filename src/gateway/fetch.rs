//! Fetches the groups from the gateway's API, or from the text of `/metrics` if the gateway has no API.

use super::conflict::{self, Conflicts};
use super::contents::{self, Family};
use super::server_status::ServerStatus;
use super::{FamilySize, Group, GroupsError, api, text};
use super::{exchange, hint};
use crate::grouping::{LabelSet, Names, depends_on_names};
use crate::http::{self, Client, Connection, ErrorKind, Event, Header, Method, Request, Response, Url};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use std::io::{self, Read};

/// The Accept header that requests unescaped label names, as sent by Prometheus 3. Older gateways ignore it.
const UNESCAPED: &str = "text/plain;version=1.0.0;escaping=allow-utf-8";

/// Maximum number of bytes to read from the status response.
const ABOUT_LIMIT: u64 = 1024 * 1024;

/// A callback for the events during a fetch.
pub type Listener<'a> = &'a mut dyn FnMut(Event);

/// The gateway's groups at one point in time. `G` is [`Group`], or a tuple of a [`Group`] and a value that
/// the caller computed from the group's contents.
#[derive(Debug)]
pub struct Snapshot<G = Group> {
    /// The groups, sorted by labels.
    pub groups: Vec<G>,
    /// Conflicts between these groups, including those that break the gateway.
    pub conflicts: Conflicts,
    /// The gateway's time when it responded, or the local time if the response has no Date header. Displayed
    /// ages are relative to this time.
    pub now: Timestamp,
    /// The local time when it responded.
    local: Timestamp,
    /// True if the groups are from the text of `/metrics`, which does not show an empty `instance`.
    pub from_text: bool,
    /// The gateway's rules for label names in a path. `None` if unknown or if no path depends on them.
    pub names: Option<Names>,
}

impl<G> Snapshot<G> {
    /// Returns the gateway's time and the local time if they differ by more than five minutes. Ages may then
    /// be wrong.
    pub fn different_clocks(&self) -> Option<(Timestamp, Timestamp)> {
        const MAX: SignedDuration = SignedDuration::from_mins(5);
        (self.now.duration_since(self.local).abs() > MAX).then_some((self.now, self.local))
    }
}

pub fn fetch_groups(
    client: &Client,
    endpoint: &Url,
    listener: Listener<'_>,
) -> Result<Snapshot, http::Error> {
    fetch_families(client, endpoint, &|_| false, listener)
}

/// Fetches the groups. Each group includes the families for which `wanted` returns true.
pub fn fetch_families(
    client: &Client,
    endpoint: &Url,
    wanted: &dyn Fn(&FamilySize) -> bool,
    listener: Listener<'_>,
) -> Result<Snapshot, http::Error> {
    let read = |answer: &mut dyn Read| api::read(answer, wanted, |_, _| ());
    let Snapshot { groups, conflicts, now, local, from_text, names } =
        fetch(client, endpoint, read, listener)?;
    let groups = groups.into_iter().map(|(group, ())| group).collect();
    Ok(Snapshot { groups, conflicts, now, local, from_text, names })
}

/// Fetches the groups and calls `make` with the families of each one, if the gateway has the API.
///
/// The labels passed to `make` may lack an empty `instance`.
pub fn fetch_contents<T: Default>(
    client: &Client,
    endpoint: &Url,
    mut make: impl FnMut(&LabelSet, Vec<Family>) -> T,
    listener: Listener<'_>,
) -> Result<Snapshot<(Group, T)>, http::Error> {
    let read = |answer: &mut dyn Read| {
        api::read(answer, &|_| false, |labels, json| make(labels, contents::families(json)))
    };
    fetch(client, endpoint, read, listener)
}

/// Sends a GET request to the gateway, with retries.
pub fn get(
    client: &Client,
    endpoint: &Url,
    path: &str,
    listener: Listener<'_>,
) -> Result<Response, http::Error> {
    exchange::send(client, &get_request(endpoint, path), listener)
}

/// Sends a GET request like [`get`], but without retries.
pub fn get_once(
    client: &Client,
    endpoint: &Url,
    path: &str,
    listener: Listener<'_>,
) -> Result<Response, http::Error> {
    let request = get_request(endpoint, path);
    exchange::check(client, &request, client.send_once(&request, listener))
}

/// Returns true if the response to a health check shows that the server is Prometheus.
pub fn is_prometheus(client: &Client, endpoint: &Url, listener: Listener<'_>) -> bool {
    const ANSWER: &[u8] = b"Prometheus Server";
    let Ok(response) = get_once(client, endpoint, "/-/healthy", listener) else { return false };
    let mut answer = Vec::new();
    let limit = u64::try_from(ANSWER.len()).unwrap_or_default();
    response.reader().take(limit).read_to_end(&mut answer).is_ok() && answer == ANSWER
}

/// Fetches the gateway's status. The result is empty if the gateway has no API.
pub fn fetch_status(
    client: &Client,
    endpoint: &Url,
    listener: Listener<'_>,
) -> Result<ServerStatus, http::Error> {
    const PATH: &str = "/api/v1/status";
    let answer = match get(client, endpoint, PATH, listener) {
        Err(http::Error { kind: ErrorKind::Status(answered), .. }) if answered.status == 404 => {
            return Ok(ServerStatus::default());
        }
        answer => answer?,
    };
    let mut json = Vec::new();
    let read = answer.reader().take(ABOUT_LIMIT).read_to_end(&mut json);
    read.map_err(|error| unread(client, endpoint, PATH, error))?;
    // Ignore an invalid response. The list of groups shows more reliably whether this is a gateway.
    Ok(ServerStatus::read(&json).unwrap_or_default())
}

fn get_request<'a>(endpoint: &'a Url, path: &str) -> Request<'a> {
    Request { method: Method::Get, endpoint, path: path.to_owned(), body: None }
}

/// Fetches the groups. `read` parses the API's response.
fn fetch<T: Default>(
    client: &Client,
    endpoint: &Url,
    read: impl FnOnce(&mut dyn Read) -> Result<Vec<(Group, T)>, GroupsError>,
    listener: Listener<'_>,
) -> Result<Snapshot<(Group, T)>, http::Error> {
    const API: &str = "/api/v1/metrics";
    const TEXT: &str = "/metrics";
    let ((now, local), from_text, groups) = match get(client, endpoint, API, listener) {
        // The gateway is older than 1.2.0, or a proxy allows only /metrics.
        Err(http::Error { kind: ErrorKind::Status(answered), .. }) if answered.status == 404 => {
            let answer = get(&unescaped(client), endpoint, TEXT, listener)?;
            let times = clocks(&answer);
            let groups =
                text::from_text(answer.reader()).map_err(|cause| error(client, endpoint, TEXT, cause))?;
            (times, true, groups.into_iter().map(|group| (group, T::default())).collect())
        }
        answer => {
            let answer = answer?;
            let times = clocks(&answer);
            (times, false, read(&mut answer.reader()).map_err(|cause| error(client, endpoint, API, cause))?)
        }
    };
    let mut groups: Vec<(Group, T)> = groups;
    let names = names(client, endpoint, &groups, listener);
    for (group, _) in &mut groups {
        group.resolve(names);
    }
    let conflicts = conflict::find(groups.iter().map(|(group, _)| group));
    Ok(Snapshot { groups, conflicts, now, local, from_text, names })
}

/// Returns a client that requests unescaped label names. By default, the gateway exposes `my.label` as
/// `my_label`, which could be a label of another group (seen on 1.11.2).
pub fn unescaped(client: &Client) -> Client {
    let mut headers = client.connection().headers.clone();
    headers.push(Header::new("Accept", UNESCAPED));
    Client::new(&Connection { headers, ..client.connection().clone() })
}

/// Returns the gateway's rules for label names. Fetches the status only if a group's path depends on them.
fn names<T>(client: &Client, endpoint: &Url, groups: &[(Group, T)], listener: Listener<'_>) -> Option<Names> {
    let mut names = groups.iter().flat_map(|(group, _)| group.labels.iter()).map(|(name, _)| name);
    if !names.any(depends_on_names) {
        return None;
    }
    // If the request fails, the groups can still be listed, but without the affected paths.
    fetch_status(client, endpoint, listener).ok()?.names()
}

/// Returns the server's time and the local time.
fn clocks(answer: &Response) -> (Timestamp, Timestamp) {
    let (local, date) = (Timestamp::now(), answer.header("date").and_then(|date| rfc2822::parse(date).ok()));
    (date.map_or(local, |date| date.timestamp()), local)
}

fn error(client: &Client, endpoint: &Url, path: &str, error: GroupsError) -> http::Error {
    match error {
        GroupsError::Read(error) => unread(client, endpoint, path, error),
        // The message may quote the server's response.
        error => {
            let reason = client.connection().without_secrets(&error.to_string()).into_owned();
            let other = exchange::not_a_pushgateway(&get_request(endpoint, path), reason);
            match error {
                GroupsError::OtherServer { server } if server == "Prometheus" => {
                    http::Error { hint: Some(hint::PROMETHEUS.to_owned()), ..other }
                }
                _ => other,
            }
        }
    }
}

/// Returns the error for a response to [`get`] whose body could not be read completely.
pub fn unread(client: &Client, endpoint: &Url, path: &str, error: io::Error) -> http::Error {
    client.body_error(&get_request(endpoint, path), error)
}
