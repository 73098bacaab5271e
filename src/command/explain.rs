//! Why the gateway refused a push: its words name a metric, its API tells which other group has it.
//!
//! One look, after the refusal. A push without fault is refused too where the gateway is broken, and may itself have
//! completed what breaks it, so that is looked for first.

use super::culprits::names;
use super::listener;
use crate::error::Failure;
use crate::gateway::clash::{Clash, Clashes, own_families};
use crate::gateway::contents::Family;
use crate::gateway::{self, Client, Endpoint, Fault, FaultKind, Kind, Method, Store, heal, pushed};
use crate::grouping::{GroupingKey, LabelSet};
use crate::output::Printer;
use std::collections::BTreeSet;

/// A push that was refused.
pub(super) struct Refused<'a> {
    pub method: Method,
    pub key: &'a GroupingKey,
    pub body: &'a [u8],
    pub endpoint: &'a Endpoint,
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
    let words = fault.kind.words().unwrap_or_default();
    let (own, pushed) = (own_families(words), pushed::families(push.body, push.key));
    // Memory grows with what can clash with the push, not with the store.
    let names = pushed.iter().map(|family| &*family.name).chain(own.iter().map(|name| &**name));
    let stems: BTreeSet<&str> = names.map(stem).collect();
    let relevant = |_: &LabelSet, mut families: Vec<Family>| {
        families.retain(|family| stems.contains(stem(&family.name)));
        families
    };
    let (store, held) = gateway::look_inside(client, push.endpoint, relevant, &mut listener(printer)).ok()?;
    if store.from_text {
        return None;
    }
    let mut why: Vec<String> = Vec::new();
    for trouble in heal::conflicts(&store.groups, &store.conflicts, client.connection()) {
        why.push(trouble.message);
        let option = heal::gateway_option(client.connection());
        match trouble.commands.as_slice() {
            [] => why.push(format!("`pushgw status{option}` names the command that heals it")),
            commands => why.extend(commands.iter().cloned()),
        }
    }
    for family in own {
        let others = store.groups.iter().zip(&held);
        let others = others.filter(|(_, families)| families.iter().any(|held| held.name == family));
        let others: Vec<String> = others.map(|(group, _)| group.labels.to_string()).collect();
        why.push(match others.as_slice() {
            [] => format!("`{family}` is a metric of the gateway's own: push it by another name"),
            groups => {
                format!("`{family}` is a metric of the gateway's own, and {} has it too", groups.join(", "))
            }
        });
    }
    if why.is_empty() {
        why = clashes(push, &pushed, &store, held);
    }
    Some(why)
}

/// A family's name without the ending of a histogram's or summary's part, under which two families can clash.
fn stem(name: &str) -> &str {
    ["_count", "_sum", "_bucket"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// What of the push clashes with what is there.
fn clashes(push: &Refused<'_>, pushed: &[Family], store: &Store, held: Vec<Vec<Family>>) -> Vec<String> {
    // Places of the groups that are there end where this begins.
    let here = store.groups.len();
    let labels = LabelSet::from(push.key);
    let mut all = Clashes::default();
    for (place, (group, mut families)) in store.groups.iter().zip(held).enumerate() {
        if group.labels == labels {
            // What the push would have replaced does not count.
            match push.method {
                Method::Post => families.retain(|held| pushed.iter().all(|new| new.name != held.name)),
                _ => families.clear(),
            }
        }
        all.add(place, &families);
    }
    all.add(here, pushed);
    let found = all.find();
    found.iter().filter(|clash| clash.involves(here)).map(|clash| describe(clash, here, store)).collect()
}

fn describe(clash: &Clash, here: usize, store: &Store) -> String {
    let groups = |places: &[usize]| {
        let others: Vec<usize> = places.iter().copied().filter(|place| *place != here).collect();
        names(&others, store)
    };
    match clash {
        Clash::Types { family, kinds } => {
            let ours = kinds.iter().find(|(_, places)| places.contains(&here));
            let ours = ours.map_or(String::new(), |(kind, _)| with_article(*kind));
            let theirs = kinds.iter().filter(|(_, places)| !places.contains(&here));
            let theirs: Vec<String> = theirs
                .map(|(kind, places)| format!("{} in group {}", with_article(*kind), groups(places)))
                .collect();
            format!("`{family}` is {}, and {ours} here: one name has one type", theirs.join(" and "))
        }
        Clash::Twice { series, first, second } if first == second => {
            format!("`{series}` is in the push twice")
        }
        Clash::Twice { series, first, .. } => {
            format!("`{series}` is in group {} already", groups(&[*first]))
        }
        Clash::Suffix { family, groups: plain, composite, kind, composites } => {
            let kind = kind.as_str();
            match (plain.contains(&here), composites.contains(&here)) {
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
                        groups(plain)
                    )
                }
            }
        }
        Clash::Label { family, label, .. } => format!("`{family}` has the forbidden label `{label}`"),
    }
}

/// `a gauge`, `untyped`.
fn with_article(kind: Kind) -> String {
    if kind == Kind::Untyped { "untyped".to_owned() } else { format!("a {}", kind.as_str()) }
}
