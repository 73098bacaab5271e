//! Fetches what the gateway holds: from the API where there is one, else from the text of `/metrics`.

use super::conflict::{self, Conflicts};
use super::contents::{self, Family};
use super::exchange;
use super::server_status::ServerStatus;
use super::{FamilySize, Group, GroupsError, api, text};
use crate::grouping::{LabelSet, Names, depends_on_names};
use crate::http::{self, Client, Connection, ErrorKind, Event, Header, Method, Request, Response, Url};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::io::{self, Read};

/// How label names come as they are and not with underscores: for Prometheus 3 and for us. Older gateways answer as ever.
const UNESCAPED: &str = "text/plain;version=1.0.0;escaping=allow-utf-8";

/// Cap on how much of a gateway's description of itself is read.
const ABOUT_LIMIT: u64 = 1024 * 1024;

/// Who hears what happens during a fetch.
pub type Listener<'a> = &'a mut dyn FnMut(Event);

/// What the gateway held when it was asked. `G` is a [`Group`], alone or with what was made of its contents.
#[derive(Debug)]
pub struct Snapshot<G = Group> {
    /// The groups, sorted.
    pub groups: Vec<G>,
    /// What among them breaks the gateway.
    pub conflicts: Conflicts,
    /// The gateway's clock at the time of its answer, or this machine's if the answer has no date. Ages that are shown
    /// are measured with it.
    pub now: Timestamp,
    /// The groups were read from the text of `/metrics`, which can't tell an empty `instance` from none.
    pub from_text: bool,
    /// How the gateway reads names in a path; `None` where no group's path depends on that, and where it is not known.
    pub names: Option<Names>,
}

impl<G> Snapshot<G> {
    /// The time for a selection by age: the earlier one of both clocks, so that no wrong clock makes a group old.
    pub fn selection_time(&self) -> Timestamp {
        self.now.min(Timestamp::now())
    }
}

/// Asks the gateway for its groups.
pub fn fetch_groups(
    client: &Client,
    endpoint: &Url,
    listener: Listener<'_>,
) -> Result<Snapshot, http::Error> {
    fetch_families(client, endpoint, &|_| false, listener)
}

/// Asks the gateway for its groups and those families of each that are wanted.
pub fn fetch_families(
    client: &Client,
    endpoint: &Url,
    wanted: &dyn Fn(&FamilySize) -> bool,
    listener: Listener<'_>,
) -> Result<Snapshot, http::Error> {
    let read = |answer: &mut dyn Read| api::read(answer, wanted, |_, _| ());
    let Snapshot { groups, conflicts, now, from_text, names } = fetch(client, endpoint, read, listener)?;
    let groups = groups.into_iter().map(|(group, ())| group).collect();
    Ok(Snapshot { groups, conflicts, now, from_text, names })
}

/// Asks the gateway for its groups, each with what `make` makes of its families. Without the API the contents are not
/// known, and `make` is not called.
///
/// The labels that `make` gets may lack an empty `instance`.
pub fn fetch_contents<T: Default>(
    client: &Client,
    endpoint: &Url,
    mut make: impl FnMut(&LabelSet, Vec<Family>) -> T,
    listener: Listener<'_>,
) -> Result<Snapshot<(Group, T)>, http::Error> {
    let read = |answer: &mut dyn Read| {
        api::read(answer, &|_| false, |labels, raw| make(labels, contents::families(raw)))
    };
    fetch(client, endpoint, read, listener)
}

/// Asks the gateway for something.
pub fn get(
    client: &Client,
    endpoint: &Url,
    path: &str,
    listener: Listener<'_>,
) -> Result<Response, http::Error> {
    exchange::send(client, &get_request(endpoint, path), listener)
}

/// Like [`get`], without retries.
pub fn get_once(
    client: &Client,
    endpoint: &Url,
    path: &str,
    listener: Listener<'_>,
) -> Result<Response, http::Error> {
    let request = get_request(endpoint, path);
    exchange::check(client, &request, client.send_once(&request, listener))
}

/// Whether the server is Prometheus itself, by its answer to a health check.
pub fn is_prometheus(client: &Client, endpoint: &Url, listener: Listener<'_>) -> bool {
    const ANSWER: &[u8] = b"Prometheus Server";
    let Ok(response) = get_once(client, endpoint, "/-/healthy", listener) else { return false };
    let mut answer = Vec::new();
    let limit = u64::try_from(ANSWER.len()).unwrap_or_default();
    response.reader().take(limit).read_to_end(&mut answer).is_ok() && answer == ANSWER
}

/// Asks the gateway what it says of itself; nothing, where it has no API.
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
    // Whether it is a gateway at all, the answer with its groups shows better.
    Ok(ServerStatus::read(&json).unwrap_or_default())
}

fn get_request<'a>(endpoint: &'a Url, path: &str) -> Request<'a> {
    Request { method: Method::Get, endpoint, path: path.to_owned(), body: None }
}

/// Asks for the groups, which `read` reads from the API's answer.
fn fetch<T: Default>(
    client: &Client,
    endpoint: &Url,
    read: impl FnOnce(&mut dyn Read) -> Result<Vec<(Group, T)>, GroupsError>,
    listener: Listener<'_>,
) -> Result<Snapshot<(Group, T)>, http::Error> {
    const API: &str = "/api/v1/metrics";
    const TEXT: &str = "/metrics";
    let (now, from_text, groups) = match get(client, endpoint, API, listener) {
        // A gateway before 1.2.0, or a proxy that lets only /metrics through.
        Err(http::Error { kind: ErrorKind::Status(answered), .. }) if answered.status == 404 => {
            let answer = get(&unescaped(client), endpoint, TEXT, listener)?;
            let now = clock(&answer);
            let groups =
                text::from_text(answer.reader()).map_err(|cause| error(client, endpoint, TEXT, cause))?;
            (now, true, groups.into_iter().map(|group| (group, T::default())).collect())
        }
        answer => {
            let answer = answer?;
            let now = clock(&answer);
            (now, false, read(&mut answer.reader()).map_err(|cause| error(client, endpoint, API, cause))?)
        }
    };
    let mut groups: Vec<(Group, T)> = groups;
    let names = names(client, endpoint, &groups, listener);
    for (group, _) in &mut groups {
        group.resolve(names);
    }
    let conflicts = conflict::find(groups.iter().map(|(group, _)| group));
    Ok(Snapshot { groups, conflicts, now, from_text, names })
}

/// A client that is shown label names as they are: without that, `my.label` is shown as `my_label`, which is another
/// group's label (seen on 1.11.2).
pub fn unescaped(client: &Client) -> Client {
    let mut headers = client.connection().headers.clone();
    headers.push(Header::new("Accept", UNESCAPED));
    Client::new(&Connection { headers, ..client.connection().clone() })
}

/// How the gateway reads names in a path. It is only asked where that matters to a group.
fn names<T>(client: &Client, endpoint: &Url, groups: &[(Group, T)], listener: Listener<'_>) -> Option<Names> {
    let mut names = groups.iter().flat_map(|(group, _)| group.labels.iter()).map(|(name, _)| name);
    if !names.any(depends_on_names) {
        return None;
    }
    // Without an answer, the groups can still be listed; these have no path then.
    fetch_status(client, endpoint, listener).ok()?.names()
}

fn clock(answer: &Response) -> Timestamp {
    let date = answer.header("date").and_then(|date| rfc2822::parse(date).ok());
    date.map_or_else(Timestamp::now, |date| date.timestamp())
}

fn error(client: &Client, endpoint: &Url, path: &str, error: GroupsError) -> http::Error {
    match error {
        GroupsError::Read(error) => unread(client, endpoint, path, error),
        // One of them quotes the server.
        error => {
            let reason = client.connection().without_secrets(&error.to_string()).into_owned();
            exchange::not_a_pushgateway(&get_request(endpoint, path), reason)
        }
    }
}

/// The error of an answer to [`get`] that cannot be read to its end.
pub fn unread(client: &Client, endpoint: &Url, path: &str, error: io::Error) -> http::Error {
    client.body_error(&get_request(endpoint, path), error)
}
