//! What a gateway that can't be scraped suffers from: which groups are to blame and which commands heal it.

use super::{listener, plural};
use crate::gateway::heal::{self, Trouble};
use crate::gateway::store::clash::{Clash, Clashes, Survey, collisions, own_families};
use crate::gateway::store::conflict::Conflict;
use crate::gateway::store::contents::Family;
use crate::gateway::store::scrape::{Fault, Reason};
use crate::gateway::{self, Client, Connection, FamilySize, Group, Snapshot};
use crate::grouping::LabelSet;
use crate::output::Printer;
use std::collections::BTreeSet;

/// Why a gateway answers a scrape with 500. `words` is what it says.
///
/// The groups' keys tell the most, the words tell what keys can't; where neither does, what the groups hold is read and
/// held to the gateway's own rules.
pub(super) fn of_refusal(
    words: &str,
    snapshot: &Snapshot,
    client: &Client,
    connection: &Connection,
    printer: &mut Printer<'_>,
) -> Result<Vec<Trouble>, gateway::Fault> {
    let mut troubles = of_keys(words, snapshot, connection);
    troubles.extend(of_own_families(words, client, connection, printer)?);
    if troubles.is_empty() {
        troubles = of_clashes(client, connection, printer)?;
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

/// Groups with a metric that is the gateway's own.
fn of_own_families(
    words: &str,
    client: &Client,
    connection: &Connection,
    printer: &mut Printer<'_>,
) -> Result<Vec<Trouble>, gateway::Fault> {
    let (own, pairs) = (own_families(words), collisions(words));
    if own.is_empty() && pairs.is_empty() {
        return Ok(Vec::new());
    }
    let is_named = |family: &FamilySize| {
        own.contains(&family.name) || pairs.iter().any(|(a, b)| *a == family.name || *b == family.name)
    };
    let snapshot = gateway::fetch_families(client, &connection.endpoint, &is_named, &mut listener(printer))?;
    let with = |family: &str| {
        groups(&snapshot, |group| group.families.iter().any(|held| held.name == family && held.series > 0))
    };
    let mut troubles = Vec::new();
    for family in &own {
        let message = format!("`{family}` is a metric of the gateway's own, and it clashes with");
        troubles.push(blame(&message, &with(family), connection));
    }
    for (a, b) in &pairs {
        let (pushed, own, groups) = match (with(a), with(b)) {
            (groups, others) if others.is_empty() => (a, b, groups),
            (groups, others) if groups.is_empty() => (b, a, others),
            // A clash among groups, of which more can be told.
            _ => continue,
        };
        let message = format!("`{pushed}` collides with `{own}`, a metric of the gateway's own; it is in");
        troubles.push(blame(&message, &groups, connection));
    }
    Ok(troubles)
}

/// What the groups hold that clashes. The store is looked at twice, because it can be too large to be held: what can
/// clash is found first, and then where it is.
fn of_clashes(
    client: &Client,
    connection: &Connection,
    printer: &mut Printer<'_>,
) -> Result<Vec<Trouble>, gateway::Fault> {
    let endpoint = &connection.endpoint;
    let mut survey = Survey::default();
    let add = |_: &LabelSet, families: Vec<Family>| survey.add(&families);
    gateway::fetch_contents(client, endpoint, add, &mut listener(printer))?;
    let suspects = survey.suspects();
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let mut clashes = Clashes::among(suspects);
    let add = |_: &LabelSet, families: Vec<Family>| clashes.add(&families);
    let snapshot = gateway::fetch_contents(client, endpoint, add, &mut listener(printer))?;
    let order: Vec<usize> = snapshot.groups.iter().map(|(_, number)| *number).collect();
    let groups: Vec<&Group> = snapshot.groups.iter().map(|(group, _)| group).collect();
    Ok(clashes.find(&order).iter().map(|clash| of_clash(clash, &groups, connection)).collect())
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

/// A clash among groups, which only a gateway without consistency checks takes. The side that was pushed to last is
/// what broke it; a type that most groups have stays.
fn of_clash(clash: &Clash, held: &[&Group], connection: &Connection) -> Trouble {
    let at =
        |places: &[usize]| places.iter().filter_map(|place| held.get(*place).copied()).collect::<Vec<_>>();
    let names = |places: &[usize]| names(&at(places));
    let last_push = |places: &[usize]| at(places).iter().filter_map(|group| group.last_push).max();
    let (message, groups): (String, Vec<usize>) = match clash {
        Clash::Types { family, kinds } => {
            let kept =
                kinds.iter().max_by_key(|(_, groups)| (groups.len(), std::cmp::Reverse(last_push(groups))));
            let kept = kept.map(|(kind, _)| *kind);
            let told: Vec<String> = kinds
                .iter()
                .map(|(kind, groups)| format!("{} in {}", kind.as_str(), names(groups)))
                .collect();
            let doomed = kinds.iter().filter(|(kind, _)| Some(**kind) != kept).flat_map(|(_, groups)| groups);
            (format!("`{family}` has several types: {}", told.join("; ")), doomed.copied().collect())
        }
        Clash::Twice { series, first, second } if first == second => {
            (format!("`{series}` is twice in {}", names(&[*first])), vec![*first])
        }
        Clash::Twice { series, first, second } => {
            let later = if last_push(&[*first]) > last_push(&[*second]) { first } else { second };
            (format!("`{series}` is in both {} and {}", names(&[*first]), names(&[*second])), vec![*later])
        }
        Clash::Suffix { family, groups, composite, kind, composites } => {
            let message = format!(
                "`{family}` in {} has the name of a part of the {} `{composite}` in {}",
                names(groups),
                kind.as_str(),
                names(composites)
            );
            let later = if last_push(composites) > last_push(groups) { composites } else { groups };
            (message, later.clone())
        }
        Clash::Label { family, label, group } => {
            (format!("`{family}` in {} has the forbidden label `{label}`", names(&[*group])), vec![*group])
        }
    };
    to_delete(message, &at(&groups), connection)
}
