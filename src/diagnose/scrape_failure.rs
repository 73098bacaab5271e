//! Finds the groups that make a scrape fail, and the commands that delete them.

use super::scrape::{LineError, Reason};
use super::{Problem, commands, conflicts, names, not_utf8};
use crate::diagnose::collisions::{Collision, Collisions, Holder, colliding_pairs, own_families};
use crate::gateway::conflict::Conflict;
use crate::gateway::contents::Family;
use crate::gateway::{Group, Snapshot};
use crate::grouping::LabelSet;
use crate::http::Connection;
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A callback that receives the contents of each group and returns the relevant part.
pub type ReadContent<'a> = &'a mut dyn FnMut(&LabelSet, Vec<Family>) -> Content;

/// Explains why a gateway responds to a scrape with 500. `words` is the response. `fetch` reads all groups.
///
/// Most problems are visible in the grouping keys, and some only in the response. If neither explains the
/// error, the contents of the groups are checked with the gateway's own rules.
pub fn of_refusal<E>(
    words: &str,
    snapshot: &Snapshot,
    connection: &Connection,
    fetch: impl FnOnce(ReadContent<'_>) -> Result<Snapshot<(Group, Content)>, E>,
) -> Result<Vec<Problem>, E> {
    let mut problems = of_keys(words, snapshot, connection);
    let (own, pairs) = (own_families(words), colliding_pairs(words));
    if problems.is_empty() || !own.is_empty() || !pairs.is_empty() {
        let contents = Contents::fetch(&own, &pairs, fetch)?;
        problems.extend(contents.of_own_families(&own, &pairs, connection));
        if problems.is_empty() {
            problems = contents.of_collisions(connection);
        }
    }
    if problems.is_empty() {
        problems.push(Problem::new("the gateway's response does not show which groups are the cause"));
    }
    // One deletion can fix several problems, but would fail if run twice.
    let mut printed = BTreeSet::new();
    for problem in &mut problems {
        problem.commands.retain(|command| printed.insert(command.clone()));
    }
    Ok(problems)
}

/// The relevant contents of all groups.
struct Contents {
    collisions: Collisions,
    snapshot: Snapshot<(Group, Content)>,
}

/// The relevant contents of a group.
#[derive(Debug, Default)]
pub struct Content {
    /// The group's number in [`Collisions`].
    number: usize,
    /// The group's families that are named in the gateway's response.
    named: Vec<String>,
}

impl Contents {
    fn fetch<E>(
        own: &[String],
        pairs: &[(String, String)],
        fetch: impl FnOnce(ReadContent<'_>) -> Result<Snapshot<(Group, Content)>, E>,
    ) -> Result<Self, E> {
        let is_named =
            |name: &String| own.contains(name) || pairs.iter().any(|(a, b)| a == name || b == name);
        let mut collisions = Collisions::default();
        let mut add = |_: &LabelSet, families: Vec<Family>| {
            let number = collisions.add(&families);
            let exposed = families.into_iter().filter(|family| !family.series.is_empty());
            let named = exposed.map(|family| family.name).filter(is_named).collect();
            Content { number, named }
        };
        let snapshot = fetch(&mut add)?;
        Ok(Self { collisions, snapshot })
    }

    /// Returns the groups that contain this family.
    fn with(&self, family: &String) -> Vec<&Group> {
        let groups = self.snapshot.groups.iter();
        groups.filter(|(_, content)| content.named.contains(family)).map(|(group, _)| group).collect()
    }

    /// Returns the problems with groups that contain one of the gateway's own metrics.
    fn of_own_families(
        &self,
        own: &[String],
        pairs: &[(String, String)],
        connection: &Connection,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        for family in own {
            let message = format!("`{family}` is one of the gateway's own metrics, but it is also in");
            problems.push(caused_by(&message, &self.with(family), connection));
        }
        for (a, b) in pairs {
            let (pushed, own, groups) = match (self.with(a), self.with(b)) {
                (groups, others) if others.is_empty() => (a, b, groups),
                (groups, others) if groups.is_empty() => (b, a, others),
                // This is a collision between groups, which is reported separately.
                _ => continue,
            };
            let message = format!("`{pushed}` collides with the gateway's own metric `{own}` and is in");
            problems.push(caused_by(&message, &groups, connection));
        }
        problems
    }

    /// Returns the problems with metrics that collide between groups.
    fn of_collisions(&self, connection: &Connection) -> Vec<Problem> {
        let groups = self.snapshot.groups.iter().map(|(group, content)| (group, content.number));
        self.collisions.find(groups).iter().map(|collision| of_collision(collision, connection)).collect()
    }
}

fn of_keys(words: &str, snapshot: &Snapshot, connection: &Connection) -> Vec<Problem> {
    let mut problems = conflicts(&groups(snapshot, |_| true), &snapshot.conflicts, connection);
    // The response contains the invalid bytes, but its series can't be matched to the listed groups. So the
    // first problem gets all the commands.
    let of_bytes = |conflict: &Conflict| matches!(conflict, Conflict::NotUtf8 { .. });
    if let Some(first) = snapshot.conflicts.broken.iter().position(of_bytes)
        && let Some(problem) = problems.get_mut(first)
    {
        problem.commands = not_utf8(words, snapshot.names, connection);
    }
    problems
}

/// Returns the problems that make Prometheus drop the scrape although the gateway responds with 200.
pub fn of_scrape(errors: &[LineError], snapshot: &Snapshot, connection: &Connection) -> Vec<Problem> {
    let mut problems = of_help(snapshot, connection);
    let has_help = !problems.is_empty();
    let mut seen = BTreeSet::new();
    for error in errors {
        let problem = match &error.reason {
            // These HELP texts were already reported by `of_help`, with their groups.
            Reason::HelpNotUtf8 { .. } if has_help => continue,
            Reason::HelpNotUtf8 { family } => {
                Problem::new(format!("the HELP text of `{family}` is not UTF-8 (line {})", error.line))
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
                caused_by(
                    &format!(
                        "Prometheus drops the whole scrape, because `{series}` has the label `{label}` twice in"
                    ),
                    &groups,
                    connection,
                )
            }
            Reason::Syntax { expected } => Problem::new(format!(
                "Prometheus can't parse line {} of the scrape: it expects {expected}",
                error.line
            )),
        };
        // Report the same groups only once, because a histogram has the same error in each of its lines.
        if seen.insert((problem.groups.clone(), problem.commands.clone())) {
            problems.push(problem);
        }
    }
    problems
}

/// Finds groups with a HELP text that is not valid UTF-8. If several groups contain the metric, each scrape
/// exposes the HELP text of only one of them. So these groups are reported even if this scrape succeeded.
fn of_help(snapshot: &Snapshot, connection: &Connection) -> Vec<Problem> {
    let mut problems = Vec::new();
    for group in &snapshot.groups {
        let cut: Vec<_> =
            group.families.iter().filter(|f| f.help_is_cut).map(|f| format!("`{}`", f.name)).collect();
        if !cut.is_empty() {
            problems.push(Problem {
                message: format!(
                    "the HELP text of {} in {} is not UTF-8, so Prometheus drops the whole scrape",
                    cut.join(", "),
                    group.labels
                ),
                groups: vec![group.labels.clone()],
                commands: commands::push_again(group, connection).into_iter().collect(),
            });
        }
    }
    problems
}

fn groups(snapshot: &Snapshot, of: impl Fn(&Group) -> bool) -> Vec<&Group> {
    snapshot.groups.iter().filter(|group| of(group)).collect()
}

/// Creates a problem that is caused by these groups.
fn caused_by(message: &str, groups: &[&Group], connection: &Connection) -> Problem {
    to_delete(format!("{message} {}", names(groups)), groups, connection)
}

fn to_delete(message: String, groups: &[&Group], connection: &Connection) -> Problem {
    Problem {
        message,
        groups: groups.iter().map(|group| group.labels.clone()).collect(),
        commands: groups.iter().filter_map(|group| commands::delete(group, connection)).collect(),
    }
}

/// Reports a collision between groups, which only a gateway without consistency checks accepts. The groups
/// that were pushed to last are considered the cause. If a family has several types, the type that most
/// groups have is kept.
fn of_collision(collision: &Collision<'_>, connection: &Connection) -> Problem {
    let (message, deleted) = match collision {
        Collision::Types { family, kinds } => {
            let kinds = || kinds.iter().map(|(kind, holders)| (*kind, groups_of(holders)));
            let kept = kinds().max_by_key(|(_, groups)| (groups.len(), Reverse(last_push(groups))));
            let kept = kept.map(|(kind, _)| kind);
            let described = kinds().map(|(kind, groups)| format!("{} in {}", kind.as_str(), names(&groups)));
            let deleted = kinds().filter(|(kind, _)| Some(*kind) != kept).flat_map(|(_, groups)| groups);
            let message =
                format!("`{family}` has several types: {}", described.collect::<Vec<_>>().join("; "));
            (message, deleted.collect())
        }
        Collision::Twice { series, holders } => of_series(series, &groups_of(holders)),
        Collision::Suffix { family, holders, composite, kind, composites } => {
            let (groups, composites) = (groups_of(holders), groups_of(composites));
            let message = format!(
                "`{family}` in {} is the name of a sample of the {} `{composite}` in {}",
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
    to_delete(message, &deleted, connection)
}

/// Returns a message about a series that exists more than once, and the groups to delete so that it exists
/// only once.
fn of_series<'a>(series: &str, holders: &[&'a Group]) -> (String, Vec<&'a Group>) {
    // The holders are sorted, so equal groups are neighbors.
    let by_group = || holders.chunk_by(|a, b| a == b);
    let mut groups: Vec<&Group> = by_group().map(|same| same[0]).collect();
    let message = match groups.as_slice() {
        [one] => format!("`{series}` occurs twice in {}", one.labels),
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
