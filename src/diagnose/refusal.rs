//! Why the gateway rejected a push. Its answer names a metric, and its API shows which other group has it. Pure.
//!
//! A broken gateway rejects healthy pushes too, and the push may itself be what broke it, so that is looked for first.

use super::commands::{LACKS_CREDENTIALS, gateway_option, lacks_credentials};
use super::{conflicts, names};
use crate::gateway::store::clash::{Clash, Clashes, Suspects, own_families};
use crate::gateway::store::contents::Family;
use crate::gateway::store::pushed;
use crate::gateway::{Connection, FaultKind, Kind, Method, Store};
use crate::grouping::{GroupingKey, LabelSet};

/// A push that was rejected.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    /// PUT or POST.
    pub method: Method,
    /// The group.
    pub key: &'a GroupingKey,
    /// The text.
    pub body: &'a [u8],
}

/// What is kept of a group: its number among the clashes, and which of the gateway's own metrics it has.
pub type Held = (usize, Vec<String>);

/// Is called for each group with its labels and what it holds.
pub type Read<'a> = &'a mut dyn FnMut(&LabelSet, Vec<Family>) -> Held;

/// A line for each reason that the groups show. `fetch` reads all groups; it returns `None` if it can't.
pub fn explain(
    error: &FaultKind,
    push: &Push<'_>,
    connection: &Connection,
    fetch: impl FnOnce(Read<'_>) -> Option<(Store, Vec<Held>)>,
) -> Vec<String> {
    if !is_inconsistent(error) {
        return Vec::new();
    }
    let own = own_families(error.words().unwrap_or_default());
    let pushed = pushed::families(push.body, push.key);
    // Memory grows with the push and the number of groups, not with what they hold.
    let mut clashes = Clashes::among(Suspects::of(&pushed));
    let labels = LabelSet::from(push.key);
    let mut read = |of: &LabelSet, mut families: Vec<Family>| {
        let owned = own.iter().filter(|own| families.iter().any(|family| family.name == **own));
        let owned = owned.cloned().collect();
        // What the push would have replaced does not count.
        match push.method {
            _ if *of != labels => {}
            Method::Post => families.retain(|held| pushed.iter().all(|new| new.name != held.name)),
            _ => families.clear(),
        }
        (clashes.add(&families), owned)
    };
    let Some((store, held)) = fetch(&mut read).filter(|(store, _)| !store.from_text) else {
        return Vec::new();
    };
    let mut reasons = broken(&store, connection);
    reasons.extend(own.iter().map(|family| own_metric(family, &store, &held)));
    if reasons.is_empty() {
        // Its number is the first that no group has.
        let here = clashes.add(&pushed);
        let order: Vec<usize> = held.iter().map(|(number, _)| *number).collect();
        let found = clashes.find(&order);
        let ours = found.iter().filter(|clash| clash.involves(here));
        reasons = ours.map(|clash| describe(clash, here, &store)).collect();
    }
    reasons
}

/// Whether the gateway rejected a push because of other metrics. These words are the same on all versions; 1.11.0 and
/// 1.11.1 close the connection instead.
fn is_inconsistent(error: &FaultKind) -> bool {
    const WORDS: &str = "pushed metrics are invalid or inconsistent";
    match error {
        FaultKind::Closed => true,
        FaultKind::Status(answered) => answered.status == 400 && answered.words.starts_with(WORDS),
        _ => false,
    }
}

/// What makes the gateway reject every push, and the commands that fix it.
fn broken(store: &Store, connection: &Connection) -> Vec<String> {
    let mut lines = Vec::new();
    for problem in conflicts(&store.groups, &store.conflicts, connection) {
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

fn own_metric(family: &String, store: &Store, held: &[Held]) -> String {
    let others = store.groups.iter().zip(held).filter(|(_, (_, owned))| owned.contains(family));
    let others: Vec<String> = others.map(|(group, _)| group.labels.to_string()).collect();
    if others.is_empty() {
        return format!("`{family}` is a metric of the gateway's own: push it under another name");
    }
    format!("`{family}` is a metric of the gateway's own, and {} has it too", others.join(", "))
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
