//! Why the gateway refused a push: its words name a metric, its API tells which other group has it.
//!
//! One fetch, after the rejection. A broken gateway rejects good pushes too, and this push may have broken it, so that is
//! checked first.

use super::culprits::names;
use super::listener;
use crate::error::Failure;
use crate::gateway::store::collisions::{Collision, Collisions, Holder, colliding_names, own_families};
use crate::gateway::store::contents::Family;
use crate::gateway::store::pushed;
use crate::gateway::{self, Client, Fault, FaultKind, Group, Kind, Method, heal};
use crate::grouping::{GroupingKey, LabelSet};
use crate::output::Printer;

/// A push that was refused.
pub(super) struct Refused<'a> {
    pub method: Method,
    pub key: &'a GroupingKey,
    pub body: &'a [u8],
}

/// The failure, with what the gateway's groups tell about it.
pub(super) fn explain(
    fault: Fault,
    push: &Refused<'_>,
    client: &Client,
    printer: &mut Printer<'_>,
) -> Failure {
    // The words are the handler's own and the same on all versions; what follows them is not. Versions 1.11.0 and
    // 1.11.1 close the connection instead.
    const REFUSED: &str = "pushed metrics are invalid or inconsistent";
    let is_refusal = match &fault.kind {
        FaultKind::Closed => true,
        FaultKind::Status(answered) => answered.status == 400 && answered.words.starts_with(REFUSED),
        _ => false,
    };
    if !is_refusal {
        return fault.into();
    }
    match why(&fault, push, client, printer) {
        Some(why) if !why.is_empty() => Failure::Explained { fault: Box::new(fault), why },
        _ => fault.into(),
    }
}

/// A line for each reason; `None` where the gateway does not tell what it holds.
fn why(fault: &Fault, push: &Refused<'_>, client: &Client, printer: &mut Printer<'_>) -> Option<Vec<String>> {
    let endpoint = &client.connection().endpoint;
    let words = fault.kind.words().unwrap_or_default();
    let (own, pushed) = (own_families(words), pushed::families(push.body, push.key));
    let labels = LabelSet::from(push.key);
    let (mut collisions, names) = (Collisions::default(), colliding_names(&pushed));
    let add = |of: &LabelSet, mut families: Vec<Family>| {
        let owned = own.iter().filter(|own| families.iter().any(|family| family.name == **own));
        let owned: Vec<&String> = owned.collect();
        // What the push would have replaced does not count.
        match push.method {
            _ if *of != labels => {}
            Method::Post => families.retain(|held| pushed.iter().all(|new| new.name != held.name)),
            _ => families.clear(),
        }
        families.retain(|family| names.contains(&family.name));
        (collisions.add(&families), owned)
    };
    let snapshot = gateway::fetch_contents(client, endpoint, add, &mut listener(printer)).ok()?;
    if snapshot.from_text {
        return None;
    }
    let mut why: Vec<String> = Vec::new();
    let groups: Vec<&Group> = snapshot.groups.iter().map(|(group, _)| group).collect();
    for trouble in heal::conflicts(&groups, &snapshot.conflicts, client.connection()) {
        why.push(trouble.message);
        let option = heal::gateway_option(client.connection());
        match trouble.commands.as_slice() {
            [] => why.push(format!("`pushgw status{option}` names the command that heals it")),
            commands => why.extend(commands.iter().cloned()),
        }
    }
    if !why.is_empty() && heal::lacks_credentials(client.connection()) {
        why.push(heal::LACKS_CREDENTIALS.to_owned());
    }
    for family in &own {
        let others = snapshot.groups.iter().filter(|(_, (_, owned))| owned.contains(&family));
        let others: Vec<String> = others.map(|(group, _)| group.labels.to_string()).collect();
        why.push(match others.as_slice() {
            [] => format!("`{family}` is a metric of the gateway's own: push it by another name"),
            groups => {
                format!("`{family}` is a metric of the gateway's own, and {} has it too", groups.join(", "))
            }
        });
    }
    if why.is_empty() {
        collisions.add(&pushed);
        let found = collisions.find(snapshot.groups.iter().map(|(group, (number, _))| (group, *number)));
        let ours = found.iter().filter(|collision| collision.involves_push());
        why = ours.map(describe).collect();
    }
    Some(why)
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
            format!("`{family}` is {}, and {ours} here: one name has one type", theirs.join(" and "))
        }
        Collision::Twice { series, holders } if holders.iter().all(Option::is_none) => {
            format!("`{series}` is in the push twice")
        }
        Collision::Twice { series, holders } => {
            format!("`{series}` is in group {} already", groups(holders))
        }
        Collision::Suffix { family, holders, composite, kind, composites } => {
            let kind = kind.as_str();
            match (has_push(holders), has_push(composites)) {
                (true, true) => {
                    format!("`{family}` is a part of the {kind} `{composite}`, and here a metric of its own")
                }
                (true, false) => {
                    format!(
                        "`{family}` has the name of a part of the {kind} `{composite}` in group {}",
                        groups(composites)
                    )
                }
                (false, _) => {
                    format!(
                        "the {kind} `{composite}` has a part of the name `{family}`, a metric in group {}",
                        groups(holders)
                    )
                }
            }
        }
        Collision::Label { family, label, .. } => format!("`{family}` has the forbidden label `{label}`"),
    }
}

/// `a gauge`, `untyped`.
fn with_article(kind: Kind) -> String {
    if kind == Kind::Untyped { "untyped".to_owned() } else { format!("a {}", kind.as_str()) }
}
