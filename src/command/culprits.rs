//! What a gateway that can't be scraped suffers from: which groups are to blame and which commands heal it.

use super::{listener, plural};
use crate::gateway::heal::{self, Trouble};
use crate::gateway::store::collisions::{Collision, Collisions, Holder, colliding_pairs, own_families};
use crate::gateway::store::conflict::Conflict;
use crate::gateway::store::contents::Family;
use crate::gateway::store::scrape::{Fault, Reason};
use crate::gateway::{self, Client, Connection, Group, Snapshot};
use crate::grouping::LabelSet;
use crate::output::Printer;
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Why a gateway answers a scrape with 500. `words` is what it says.
///
/// The groups' keys tell the most, the words tell what keys can't; where neither does, what the groups hold is held to the
/// gateway's own rules.
pub(super) fn of_refusal(
    words: &str,
    snapshot: &Snapshot,
    client: &Client,
    connection: &Connection,
    printer: &mut Printer<'_>,
) -> Result<Vec<Trouble>, gateway::Fault> {
    let mut troubles = of_keys(words, snapshot, connection);
    let (own, pairs) = (own_families(words), colliding_pairs(words));
    if troubles.is_empty() || !own.is_empty() || !pairs.is_empty() {
        let contents = Contents::fetch(&own, &pairs, client, connection, printer)?;
        troubles.extend(contents.of_own_families(&own, &pairs, connection));
        if troubles.is_empty() {
            troubles = contents.of_collisions(connection);
        }
    }
    if troubles.is_empty() {
        troubles.push(Trouble {
            message: "the gateway says why, but no group could be told by it".to_owned(),
            groups: Vec::new(),
            commands: Vec::new(),
        });
    }
    // One deletion can heal several things, and fails when it is done again.
    let mut told = BTreeSet::new();
    for trouble in &mut troubles {
        trouble.commands.retain(|command| told.insert(command.clone()));
    }
    Ok(troubles)
}

/// What matters of the groups' contents.
struct Contents {
    collisions: Collisions,
    snapshot: Snapshot<(Group, Content)>,
}

/// What matters of a group's contents.
#[derive(Default)]
struct Content {
    /// Its number among the collisions.
    number: usize,
    /// Those of its families that the gateway's words name.
    named: Vec<String>,
}

impl Contents {
    fn fetch(
        own: &[String],
        pairs: &[(String, String)],
        client: &Client,
        connection: &Connection,
        printer: &mut Printer<'_>,
    ) -> Result<Self, gateway::Fault> {
        let is_named =
            |name: &String| own.contains(name) || pairs.iter().any(|(a, b)| a == name || b == name);
        let mut collisions = Collisions::default();
        let add = |_: &LabelSet, families: Vec<Family>| {
            let number = collisions.add(&families);
            let exposed = families.into_iter().filter(|family| !family.series.is_empty());
            let named = exposed.map(|family| family.name).filter(is_named).collect();
            Content { number, named }
        };
        let snapshot = gateway::fetch_contents(client, &connection.endpoint, add, &mut listener(printer))?;
        Ok(Self { collisions, snapshot })
    }

    /// The groups with this family, which the gateway's words name.
    fn with(&self, family: &String) -> Vec<&Group> {
        let groups = self.snapshot.groups.iter();
        groups.filter(|(_, content)| content.named.contains(family)).map(|(group, _)| group).collect()
    }

    /// Groups with a metric that is the gateway's own.
    fn of_own_families(
        &self,
        own: &[String],
        pairs: &[(String, String)],
        connection: &Connection,
    ) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        for family in own {
            let message = format!("`{family}` is a metric of the gateway's own, and it clashes with");
            troubles.push(blame(&message, &self.with(family), connection));
        }
        for (a, b) in pairs {
            let (pushed, own, groups) = match (self.with(a), self.with(b)) {
                (groups, others) if others.is_empty() => (a, b, groups),
                (groups, others) if groups.is_empty() => (b, a, others),
                // A collision among groups, of which more can be told.
                _ => continue,
            };
            let message =
                format!("`{pushed}` collides with `{own}`, a metric of the gateway's own; it is in");
            troubles.push(blame(&message, &groups, connection));
        }
        troubles
    }

    /// What the groups hold that collides.
    fn of_collisions(&self, connection: &Connection) -> Vec<Trouble> {
        let groups = self.snapshot.groups.iter().map(|(group, content)| (group, content.number));
        self.collisions.find(groups).iter().map(|collision| of_collision(collision, connection)).collect()
    }
}

fn of_keys(words: &str, snapshot: &Snapshot, connection: &Connection) -> Vec<Trouble> {
    let mut troubles = heal::conflicts(&groups(snapshot, |_| true), &snapshot.conflicts, connection);
    // Which of these groups is which only the words tell, so the commands for all stand below the first.
    let of_bytes = |conflict: &Conflict| matches!(conflict, Conflict::NotUtf8 { .. });
    if let Some(first) = snapshot.conflicts.broken.iter().position(of_bytes)
        && let Some(trouble) = troubles.get_mut(first)
    {
        trouble.commands = heal::not_utf8(words, snapshot.names, connection);
    }
    troubles
}

/// Why Prometheus drops what it scrapes although the gateway answers 200.
pub(super) fn of_scrape(faults: &[Fault], snapshot: &Snapshot, connection: &Connection) -> Vec<Trouble> {
    let mut troubles = of_help(snapshot, connection);
    let is_help_told = !troubles.is_empty();
    let mut seen = BTreeSet::new();
    for fault in faults {
        let trouble = match &fault.reason {
            // Told already, with the groups that have such a text.
            Reason::HelpNotUtf8 { .. } if is_help_told => continue,
            Reason::HelpNotUtf8 { family } => {
                let message = format!("the HELP text of `{family}` is not UTF-8 (line {})", fault.line);
                Trouble { message, groups: Vec::new(), commands: Vec::new() }
            }
            Reason::LabelTwice { series, label, labels } => {
                let has = |group: &Group| {
                    let value = |(name, value): (&str, &str)| {
                        labels.get(name).is_some_and(|values| values.iter().any(|other| other == value))
                    };
                    group.labels.iter().all(value)
                };
                let by_key = groups(snapshot, |group| group.labels.get(label).is_some() && has(group));
                let groups = if by_key.is_empty() { groups(snapshot, has) } else { by_key };
                blame(
                    &format!(
                        "`{series}` has the label `{label}` twice: Prometheus drops the whole scrape; it is in"
                    ),
                    &groups,
                    connection,
                )
            }
            Reason::Syntax { expected } => Trouble {
                message: format!(
                    "line {} of the scrape is not what Prometheus reads: it expects {expected}",
                    fault.line
                ),
                groups: Vec::new(),
                commands: Vec::new(),
            },
        };
        // A histogram has the same fault in each of its lines; and where no group is told, the first fault is enough.
        if seen.insert((trouble.groups.clone(), trouble.commands.clone())) {
            troubles.push(trouble);
        }
    }
    troubles
}

/// Groups with a HELP text that is not UTF-8. Of several groups with the metric, the gateway picks any one's text at
/// each scrape, so that the target goes up and down: they are told even if this scrape was fine.
fn of_help(snapshot: &Snapshot, connection: &Connection) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    for group in &snapshot.groups {
        let cut: Vec<_> =
            group.families.iter().filter(|f| f.help_is_cut).map(|f| format!("`{}`", f.name)).collect();
        if !cut.is_empty() {
            troubles.push(Trouble {
                message: format!(
                    "the HELP text of {} in {} is not UTF-8: Prometheus drops a whole scrape for it",
                    cut.join(", "),
                    group.labels
                ),
                groups: vec![group.labels.clone()],
                commands: heal::push_again(group, connection).into_iter().collect(),
            });
        }
    }
    troubles
}

fn groups(snapshot: &Snapshot, of: impl Fn(&Group) -> bool) -> Vec<&Group> {
    snapshot.groups.iter().filter(|group| of(group)).collect()
}

/// These groups are to blame and go.
fn blame(message: &str, groups: &[&Group], connection: &Connection) -> Trouble {
    to_delete(format!("{message} {}", names(groups)), groups, connection)
}

fn to_delete(message: String, groups: &[&Group], connection: &Connection) -> Trouble {
    Trouble {
        message,
        groups: groups.iter().map(|group| group.labels.clone()).collect(),
        commands: groups.iter().filter_map(|group| heal::delete(group, connection)).collect(),
    }
}

/// `{job="a"}, {job="b"} and 7 others`.
pub(super) fn names(groups: &[&Group]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = groups.iter().take(NAMED).map(|group| group.labels.to_string()).collect();
    match groups.len().saturating_sub(NAMED) {
        0 if named.is_empty() => "no group that is listed".to_owned(),
        0 => named.join(", "),
        more => format!("{} and {}", named.join(", "), plural(more, "other")),
    }
}

/// A collision among groups, which only a gateway without consistency checks accepts. The side that was pushed to last is
/// what broke it; a type that most groups have stays.
fn of_collision(collision: &Collision<'_>, connection: &Connection) -> Trouble {
    let (message, doomed) = match collision {
        Collision::Types { family, kinds } => {
            let kinds = || kinds.iter().map(|(kind, holders)| (*kind, groups_of(holders)));
            let kept = kinds().max_by_key(|(_, groups)| (groups.len(), Reverse(last_push(groups))));
            let kept = kept.map(|(kind, _)| kind);
            let told = kinds().map(|(kind, groups)| format!("{} in {}", kind.as_str(), names(&groups)));
            let doomed = kinds().filter(|(kind, _)| Some(*kind) != kept).flat_map(|(_, groups)| groups);
            let message = format!("`{family}` has several types: {}", told.collect::<Vec<_>>().join("; "));
            (message, doomed.collect())
        }
        Collision::Twice { series, holders } => of_series(series, &groups_of(holders)),
        Collision::Suffix { family, holders, composite, kind, composites } => {
            let (groups, composites) = (groups_of(holders), groups_of(composites));
            let message = format!(
                "`{family}` in {} has the name of a part of the {} `{composite}` in {}",
                names(&groups),
                kind.as_str(),
                names(&composites)
            );
            (message, if last_push(&composites) > last_push(&groups) { composites } else { groups })
        }
        Collision::Label { family, label, holder } => {
            let groups = groups_of(&[*holder]);
            (format!("`{family}` in {} has the forbidden label `{label}`", names(&groups)), groups)
        }
    };
    to_delete(message, &doomed, connection)
}

/// A series that is there more than once: what is said, and which groups have to go so that it is there once.
fn of_series<'a>(series: &str, holders: &[&'a Group]) -> (String, Vec<&'a Group>) {
    // They are sorted.
    let by_group = || holders.chunk_by(|a, b| a == b);
    let mut groups: Vec<&Group> = by_group().map(|same| same[0]).collect();
    let message = match groups.as_slice() {
        [one] => format!("`{series}` is twice in {}", one.labels),
        [one, other] => format!("`{series}` is in both {} and {}", one.labels, other.labels),
        all => format!("`{series}` is in {}", names(all)),
    };
    let once = by_group().filter(|same| same.len() == 1).map(|same| same[0]);
    let kept = once.min_by_key(|group| group.last_push);
    groups.retain(|group| Some(*group) != kept);
    (message, groups)
}

fn groups_of<'a>(holders: &[Holder<'a>]) -> Vec<&'a Group> {
    holders.iter().copied().flatten().collect()
}

fn last_push(groups: &[&Group]) -> Option<Timestamp> {
    groups.iter().filter_map(|group| group.last_push).max()
}
