//! Explains why the gateway rejected a push. The response contains the name of a metric, and the API shows
//! which other group contains the metric.
//!
//! A broken gateway rejects every push, and the push itself may have broken it. So this is checked first.

use super::commands::{LACKS_CREDENTIALS, gateway_option, lacks_credentials};
use super::{conflicts, names};
use crate::diagnose::collisions::{Collision, Collisions, Holder, colliding_names, own_families};
use crate::gateway::contents::Family;
use crate::gateway::pushed;
use crate::gateway::{Group, Kind, Snapshot};
use crate::grouping::{GroupingKey, LabelSet};
use crate::http::{Connection, ErrorKind, Method};

#[derive(Clone, Copy, Debug)]
pub struct RejectedPush<'a> {
    pub method: Method,
    pub key: &'a GroupingKey,
    pub body: &'a [u8],
}

/// The data kept for each group: its number in [`Collisions`], and any of the gateway's own metrics in it.
pub type Held = (usize, Vec<String>);

/// A callback for the labels and families of each group.
pub type Read<'a> = &'a mut dyn FnMut(&LabelSet, Vec<Family>) -> Held;

/// Returns one line for each reason found in the groups. `fetch` reads all groups, or returns `None`.
pub fn explain(
    error: &ErrorKind,
    push: &RejectedPush<'_>,
    connection: &Connection,
    fetch: impl FnOnce(Read<'_>) -> Option<Snapshot<(Group, Held)>>,
) -> Vec<String> {
    if !is_inconsistent(error) {
        return Vec::new();
    }
    let own = own_families(error.words().unwrap_or_default());
    let pushed = pushed::families(push.body, push.key);
    let (mut collisions, names) = (Collisions::default(), colliding_names(&pushed));
    let labels = LabelSet::from(push.key);
    let mut read = |of: &LabelSet, mut families: Vec<Family>| {
        let owned = own.iter().filter(|own| families.iter().any(|family| family.name == **own));
        let owned = owned.cloned().collect();
        // Ignore the families that the push would have replaced.
        match push.method {
            _ if *of != labels => {}
            Method::Post => families.retain(|held| pushed.iter().all(|new| new.name != held.name)),
            _ => families.clear(),
        }
        families.retain(|family| names.contains(&family.name));
        (collisions.add(&families), owned)
    };
    let Some(snapshot) = fetch(&mut read).filter(|snapshot| !snapshot.from_text) else {
        return Vec::new();
    };
    let mut reasons = broken(&snapshot, &labels, connection);
    reasons.extend(own.iter().map(|family| own_metric(family, &snapshot)));
    if reasons.is_empty() {
        collisions.add(&pushed);
        let found = collisions.find(snapshot.groups.iter().map(|(group, (number, _))| (group, *number)));
        reasons = found.iter().filter(|collision| collision.involves_push()).map(describe).collect();
    }
    reasons
}

/// Returns true if the gateway may have rejected a push because of other metrics. Pushgateway 1.11.0 and
/// 1.11.1 close the connection in this case, and all other versions send this message.
fn is_inconsistent(error: &ErrorKind) -> bool {
    const WORDS: &str = "pushed metrics are invalid or inconsistent";
    match error {
        ErrorKind::Closed => true,
        ErrorKind::Status(answered) => answered.status == 400 && answered.words.starts_with(WORDS),
        _ => false,
    }
}

/// Returns the reasons why the gateway rejects every push, and the commands that fix them. `pushed` is the group of
/// the rejected push.
fn broken(snapshot: &Snapshot<(Group, Held)>, pushed: &LabelSet, connection: &Connection) -> Vec<String> {
    let mut lines = Vec::new();
    let groups: Vec<&Group> = snapshot.groups.iter().map(|(group, _)| group).collect();
    let problems = conflicts(&groups, &snapshot.conflicts, connection);
    let mut involved = problems.iter().flat_map(|problem| &problem.groups).peekable();
    if involved.peek().is_some() && involved.all(|group| group != pushed) {
        lines.push("other groups broke the gateway, so it rejects every push, not only this one".to_owned());
    }
    for problem in problems {
        lines.push(problem.message);
        if problem.commands.is_empty() {
            lines.push(format!(
                "`pushgw status{}` prints the command that fixes it",
                gateway_option(connection)
            ));
        }
        lines.extend(problem.commands);
    }
    if !lines.is_empty() && lacks_credentials(connection) {
        lines.push(LACKS_CREDENTIALS.to_owned());
    }
    lines
}

fn own_metric(family: &String, snapshot: &Snapshot<(Group, Held)>) -> String {
    let others = snapshot.groups.iter().filter(|(_, (_, owned))| owned.contains(family));
    let others: Vec<String> = others.map(|(group, _)| group.labels.to_string()).collect();
    if others.is_empty() {
        return format!("`{family}` is one of the gateway's own metrics: push it under another name");
    }
    format!("`{family}` is one of the gateway's own metrics, but it is also in {}", others.join(", "))
}

fn describe(collision: &Collision<'_>) -> String {
    let has_push = |holders: &[Holder<'_>]| holders.iter().any(Option::is_none);
    let groups = |holders: &[Holder<'_>]| names(&holders.iter().copied().flatten().collect::<Vec<_>>());
    match collision {
        Collision::Types { family, kinds } => {
            let ours = kinds.iter().find(|(_, holders)| has_push(holders));
            let ours = ours.map_or(String::new(), |(kind, _)| with_article(*kind));
            let theirs = kinds.iter().filter(|(_, holders)| !has_push(holders));
            let theirs: Vec<String> = theirs
                .map(|(kind, holders)| format!("{} in group {}", with_article(*kind), groups(holders)))
                .collect();
            format!(
                "`{family}` is {}, but {ours} in this push: a metric can have only one type",
                theirs.join(" and ")
            )
        }
        Collision::Twice { series, holders } if holders.iter().all(Option::is_none) => {
            format!("the push contains `{series}` twice")
        }
        Collision::Twice { series, holders } => {
            format!("`{series}` already exists in group {}", groups(holders))
        }
        Collision::Suffix { family, holders, composite, kind, composites } => {
            let kind = kind.as_str();
            match (has_push(holders), has_push(composites)) {
                (true, true) => {
                    format!(
                        "`{family}` is part of the {kind} `{composite}`, but also a separate metric in this push"
                    )
                }
                (true, false) => {
                    format!(
                        "`{family}` is the name of a sample of the {kind} `{composite}` in group {}",
                        groups(composites)
                    )
                }
                (false, _) => {
                    format!(
                        "the {kind} `{composite}` has a sample named `{family}`, which is a separate metric in group {}",
                        groups(holders)
                    )
                }
            }
        }
        Collision::Label { family, label, .. } => format!("`{family}` has the forbidden label `{label}`"),
    }
}

/// Formats a type with its article, such as `a gauge`. `untyped` gets no article.
fn with_article(kind: Kind) -> String {
    if kind == Kind::Untyped { "untyped".to_owned() } else { format!("a {}", kind.as_str()) }
}
