//! Reads the groups from the JSON of the gateway's API, `/api/v1/metrics`.
//!
//! The response contains every sample of every group, so it can be large. Only the JSON of one group at a
//! time is in memory, and the data that is kept does not grow with the number of samples.
//!
//! Each group is one flat object, with the metrics next to `labels` and `last_push_successful`. A metric with
//! one of these names replaces the original member (`pushgateway api/v1/api.go`, seen on 1.5.1, 1.11.0 and
//! 1.11.2). So a metric is recognized by the shape of the member, not by its name.

use super::contents::{RawFamily, has_escaped_replacement};
use super::group::{FAILURE_TIME, FamilySize, Group, GroupsError, PUSH_TIME, Size, Times};
use super::json_stream::{JsonStream, TOKEN_LIMIT};
use crate::grouping::{GroupingKey, LabelSet, Names, NoKey};
use serde::Deserialize;
use serde::de::{Error as _, IgnoredAny};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;

/// Maximum size of the JSON of one group, enough for about three million short series.
const GROUP_LIMIT: usize = 512 * 1024 * 1024;

/// Parses the response of `/api/v1/metrics`. The groups are sorted by job and labels.
pub fn from_api(reader: impl Read, names: Names) -> Result<Vec<Group>, GroupsError> {
    let groups = read(reader, &|_| false, |_, _| ())?;
    let resolved = groups.into_iter().map(|(mut group, ())| {
        group.resolve(Some(names));
        group
    });
    Ok(resolved.collect())
}

/// Reads the groups with the sizes of the wanted families, and calls `make` with the JSON of each group. The
/// labels passed to `make` may lack an empty `instance`. Keys that depend on the rules for label names are
/// left unresolved.
pub(super) fn read<T>(
    reader: impl Read,
    wanted: &dyn Fn(&FamilySize) -> bool,
    mut make: impl FnMut(&LabelSet, &str) -> T,
) -> Result<Vec<(Group, T)>, GroupsError> {
    let mut listed = Vec::new();
    let answer = read_answer(&mut JsonStream::new(reader), &mut |json| {
        let group = Listed::read(json, wanted)?;
        let contents = make(&group.group.labels, json);
        listed.push((group, contents));
        Ok(())
    })?;
    match (answer.status.as_deref(), answer.has_data) {
        (Some("success"), true) => {}
        (Some("error"), _) => {
            return Err(GroupsError::Failed { reason: answer.error.unwrap_or_default() });
        }
        _ => return Err(GroupsError::NotGroups),
    }
    find_hidden_keys(&mut listed);
    let mut groups: Vec<_> = listed.into_iter().map(|(listed, contents)| (listed.group, contents)).collect();
    groups.sort_by(|(a, _), (b, _)| a.labels.cmp(&b.labels));
    Ok(groups)
}

/// Reconstructs the grouping keys that are hidden by a metric called `labels`.
///
/// The labels of `push_time_seconds` are used instead. Their `instance=""` may not be part of the key:
/// - If another group has the same key without `instance`, this group's key must include it.
/// - If two hidden groups have the same labels, it is unknown which key includes it, so neither gets a key.
/// - Otherwise, the key is assumed not to include it. If this is wrong, a deletion finds no group.
fn find_hidden_keys<T>(listed: &mut [(Listed, T)]) {
    let mut hidden = HashMap::<LabelSet, u32>::new();
    for (Listed { group, .. }, _) in listed.iter().filter(|(listed, _)| listed.may_lack_instance) {
        *hidden.entry(group.labels.clone()).or_default() += 1;
    }
    let known = listed.iter().filter(|(listed, _)| !listed.may_lack_instance);
    let known = known.map(|(listed, _)| &listed.group.labels).filter(|labels| hidden.contains_key(labels));
    let known: HashSet<LabelSet> = known.cloned().collect();
    let mut seen = HashSet::new();
    for (Listed { group, .. }, _) in listed.iter_mut().filter(|(listed, _)| listed.may_lack_instance) {
        let labels = group.labels.clone();
        let is_exact = group.key != Err(NoKey::Inexact) && hidden.get(&labels) == Some(&1);
        if known.contains(&labels) || !seen.insert(labels) {
            group.labels.0.insert("instance".to_owned(), String::new());
        }
        group.key = key(&group.labels, is_exact);
    }
}

fn key(labels: &LabelSet, is_exact: bool) -> Result<GroupingKey, NoKey> {
    if is_exact { GroupingKey::from_listing(labels, None) } else { Err(NoKey::Inexact) }
}

/// A group as listed by the API.
struct Listed {
    group: Group,
    /// True if the key is hidden and may include an empty `instance`.
    may_lack_instance: bool,
}

impl Listed {
    fn read(json: &str, wanted: &dyn Fn(&FamilySize) -> bool) -> serde_json::Result<Self> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(json)?;
        let (mut labels, mut exposed, mut successful) = (None, None, None);
        let (mut times, mut size, mut families) = (Times::default(), Size::default(), Vec::new());
        for (name, raw) in members {
            let family = serde_json::from_str::<RawFamily<'_, SeriesSize<'_>>>(raw.get());
            match (name.as_str(), family) {
                (PUSH_TIME | FAILURE_TIME, Ok(family)) => {
                    let Some((labels, value)) = family.metrics.first().and_then(SeriesSize::value) else {
                        continue;
                    };
                    let time = if name == PUSH_TIME { &mut times.push } else { &mut times.failure };
                    *time = Some(value);
                    // Users can push the failure metric with other labels, but `push_time_seconds` comes
                    // later and overwrites them.
                    exposed = Some(labels);
                }
                (_, Ok(family)) => {
                    let series = family.metrics.iter().map(SeriesSize::count).sum();
                    size.metrics += 1;
                    size.series += series;
                    let (kind, help_is_cut) = (family.kind(), family.help_is_cut());
                    families.push(FamilySize { name, kind, series, help_is_cut });
                }
                ("labels", Err(_)) => labels = Some(exact_labels(raw)?),
                ("last_push_successful", Err(_)) => successful = serde_json::from_str(raw.get()).ok(),
                (_, Err(_)) => {}
            }
        }
        families.retain(wanted);
        let is_hidden = labels.is_none();
        let no_group = || serde_json::Error::custom("not a group");
        let (mut labels, is_exact) = labels.or(exposed).ok_or_else(no_group)?;
        if is_hidden && labels.get("instance") == Some("") {
            labels.0.remove("instance");
        }
        let may_lack_instance = is_hidden && labels.get("instance").is_none();
        let key = key(&labels, is_exact);
        let group = Group { families, ..times.group(labels, key, Some(size), successful) };
        Ok(Self { group, may_lack_instance })
    }
}

/// Parses labels. The boolean is true if they are exact, without replaced bytes.
fn exact_labels(raw: &RawValue) -> serde_json::Result<(LabelSet, bool)> {
    Ok((LabelSet(serde_json::from_str(raw.get())?), !has_escaped_replacement(raw.get())))
}

/// The fields of a metric that are needed to count the series that `/metrics` exposes for it.
#[derive(Deserialize)]
struct SeriesSize<'a> {
    #[serde(borrow)]
    labels: Option<&'a RawValue>,
    value: Option<&'a RawValue>,
    quantiles: Option<&'a RawValue>,
    buckets: Option<&'a RawValue>,
}

impl SeriesSize<'_> {
    /// Returns the labels, whether they are exact, and the value.
    fn value(&self) -> Option<((LabelSet, bool), f64)> {
        // The API formats numbers as strings.
        let value: String = serde_json::from_str(self.value?.get()).ok()?;
        Some((exact_labels(self.labels?).ok()?, value.parse().ok()?))
    }

    /// Returns the number of series that `/metrics` exposes for this metric.
    fn count(&self) -> u64 {
        let Some(parts) = self.quantiles.or(self.buckets) else { return 1 };
        let Ok(parts) = serde_json::from_str::<BTreeMap<&str, &RawValue>>(parts.get()) else {
            // A native histogram has a list of buckets. `/metrics` exposes `+Inf`, `_sum` and `_count`.
            return 3;
        };
        // Count `_sum`, `_count`, and the `+Inf` bucket that the gateway adds if it was not pushed.
        let has_last = self.quantiles.is_some() || parts.contains_key("+Inf");
        parts.len() as u64 + 2 + u64::from(!has_last)
    }
}

/// The response without its groups.
#[derive(Default)]
struct Answer {
    status: Option<String>,
    has_data: bool,
    error: Option<String>,
}

/// Reads the whole response, `{"status":...,"data":[...]}`, and calls `add` with each group.
fn read_answer(
    json: &mut JsonStream<impl Read>,
    add: &mut dyn FnMut(&str) -> serde_json::Result<()>,
) -> Result<Answer, GroupsError> {
    let mut answer = Answer::default();
    match json.peek()? {
        Some(b'{') => {}
        Some(_) => return Err(not_an_object(json.buffer()?)),
        None => return Err(GroupsError::Empty),
    }
    json.items(*b"{}", |json| {
        let name: String = parse(json.value("value", TOKEN_LIMIT)?)?;
        json.expect(b':')?;
        match name.as_str() {
            "status" => answer.status = Some(parse(json.value("value", TOKEN_LIMIT)?)?),
            "error" => answer.error = Some(parse(json.value("value", TOKEN_LIMIT)?)?),
            "data" if json.peek()? == Some(b'[') => {
                answer.has_data = true;
                json.items(*b"[]", |json| {
                    add(json.value("group", GROUP_LIMIT)?).map_err(|error| GroupsError::from_json(&error))
                })?;
            }
            _ => drop(parse::<IgnoredAny>(json.value("value", GROUP_LIMIT)?)?),
        }
        Ok(())
    })?;
    if json.peek()?.is_some() { Err(GroupsError::NotJson) } else { Ok(answer) }
}

/// Returns the error for a response that does not start with an object.
fn not_an_object(start: &[u8]) -> GroupsError {
    match IgnoredAny::deserialize(&mut serde_json::Deserializer::from_slice(start)) {
        Err(error) if error.is_syntax() => GroupsError::NotJson,
        _ => GroupsError::NotGroups,
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, GroupsError> {
    serde_json::from_str(json).map_err(|error| GroupsError::from_json(&error))
}
