//! Reads the groups from the JSON of the gateway's API, `/api/v1/metrics`.
//!
//! The API sends the whole store at once, with every sample, and a store can be large. So the JSON is read as a stream that
//! keeps a few words for each group: memory grows with the groups and not with the samples.
//!
//! Each group is one flat object, with the metrics next to `labels` and `last_push_successful`. A metric of one of these
//! names replaces the original (`pushgateway api/v1/api.go`, seen on 1.5.1, 1.11.0 and 1.11.2). So only the shape of a
//! member shows whether it is a metric, not its name.

use super::group::{FAILURE_TIME, FamilySize, Group, GroupsError, Kind, PUSH_TIME, Size, Times};
use crate::grouping::{GroupingKey, LabelSet, Names, NoKey};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::{BufReader, Read};

/// What to keep of the answer of `/api/v1/metrics` besides the groups and their sizes.
enum Keep<'a> {
    /// The sizes of the wanted families.
    Families(&'a dyn Fn(&FamilySize) -> bool),
    /// Nothing. The labels and the raw JSON of each group are passed on as they are read.
    Contents(&'a mut dyn FnMut(&LabelSet, &RawValue)),
}

/// Reads the answer of `/api/v1/metrics`. The groups are sorted by job and labels; `names` decides their paths.
///
/// # Errors
///
/// If the answer cannot be read to its end or is not from a Pushgateway.
pub fn from_api(reader: impl Read, names: Names) -> Result<Vec<Group>, GroupsError> {
    let mut groups = read_groups(reader, &|_| false)?;
    for group in &mut groups {
        group.resolve(Some(names));
    }
    Ok(groups)
}

/// Reads the groups and the sizes of the wanted families. Keys that depend on how the gateway reads names are not known
/// yet.
pub fn read_groups(
    reader: impl Read,
    wanted: &dyn Fn(&FamilySize) -> bool,
) -> Result<Vec<Group>, GroupsError> {
    let mut groups = read(reader, Keep::Families(wanted))?;
    groups.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(groups)
}

/// Like [`read_groups`], with what `make` returns for the raw JSON of each group. The labels that `make` gets may lack an
/// empty `instance`.
pub fn read_contents<T>(
    reader: impl Read,
    mut make: impl FnMut(&LabelSet, &RawValue) -> T,
) -> Result<Vec<(Group, T)>, GroupsError> {
    let mut contents = Vec::new();
    let groups = read(reader, Keep::Contents(&mut |labels, raw| contents.push(make(labels, raw))))?;
    let mut groups: Vec<(Group, T)> = groups.into_iter().zip(contents).collect();
    groups.sort_by(|(a, _), (b, _)| a.labels.cmp(&b.labels));
    Ok(groups)
}

/// The groups in the order of the answer.
fn read(reader: impl Read, keep: Keep<'_>) -> Result<Vec<Group>, GroupsError> {
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(reader));
    let answer = AnswerVisitor(keep).deserialize(&mut json).map_err(GroupsError::from_json)?;
    json.end().map_err(GroupsError::from_json)?;
    match (answer.status.as_deref(), answer.groups) {
        (Some("success"), Some(groups)) => Ok(finish(groups)),
        (Some("error"), _) => Err(GroupsError::Failed { reason: answer.error.unwrap_or_default() }),
        _ => Err(GroupsError::NotGroups),
    }
}

/// Gives each group its key.
///
/// If a metric called `labels` hides the key, the labels of `push_time_seconds` replace it. These have an `instance=""`
/// that the key may not have. If another group has the key without it, this one has it. If two groups are hidden in this
/// way, it is not known which has it, and neither gets a key. Otherwise the key is assumed not to have it; at worst, a
/// deletion by that key finds no group.
fn finish(mut listed: Vec<Listed>) -> Vec<Group> {
    let unclear = |group: &Listed| group.hidden && group.labels.map.get("instance").is_none();
    let (mut known, mut hidden) = (HashSet::new(), HashMap::<LabelSet, u32>::new());
    for group in &listed {
        let labels = group.labels.map.clone();
        if unclear(group) {
            *hidden.entry(labels).or_default() += 1;
        } else {
            known.insert(labels);
        }
    }
    let mut seen = HashSet::new();
    for group in listed.iter_mut().filter(|group| unclear(group)) {
        let labels = group.labels.map.clone();
        group.labels.exact &= hidden.get(&labels) == Some(&1);
        if known.contains(&labels) || !seen.insert(labels) {
            group.labels.map.0.insert("instance".to_owned(), String::new());
        }
    }
    listed.into_iter().map(Listed::finish).collect()
}

/// One group as it is listed.
#[derive(Debug, Default)]
struct Listed {
    labels: ExactLabels,
    /// A metric called `labels` hides the labels.
    hidden: bool,
    successful: Option<bool>,
    times: Times,
    size: Size,
    families: Vec<FamilySize>,
}

impl Listed {
    fn finish(self) -> Group {
        let Self { labels, successful, times, size, mut families, .. } = self;
        let key =
            if labels.exact { GroupingKey::from_listing(&labels.map, None) } else { Err(NoKey::Inexact) };
        families.sort_unstable();
        Group { families, ..times.group(labels.map, key, Some(size), successful) }
    }
}

/// The labels of a group, and whether they are exact.
#[derive(Debug)]
struct ExactLabels {
    map: LabelSet,
    exact: bool,
}

impl Default for ExactLabels {
    fn default() -> Self {
        Self { map: LabelSet::default(), exact: true }
    }
}

/// The whole answer: `{"status":…,"data":[…]}`.
#[derive(Default)]
struct ApiAnswer {
    status: Option<String>,
    groups: Option<Vec<Listed>>,
    error: Option<String>,
}

/// A member of a group.
enum Member {
    ExactLabels(ExactLabels),
    Family { kind: Kind, help_is_cut: bool, series: u64, first: Option<(ExactLabels, f64)> },
    Bool(bool),
    Other,
}

/// Makes a seed of a visitor. `deserialize_any` lets the visitor see the type.
macro_rules! seed {
    ($visitor:ty $(, $life:lifetime)?) => {
        impl<'de $(, $life)?> DeserializeSeed<'de> for $visitor {
            type Value = <Self as Visitor<'de>>::Value;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_any(self)
            }
        }
    };
}

/// Skips the rest of a list.
fn skip_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads the whole answer.
struct AnswerVisitor<'a>(Keep<'a>);
seed!(AnswerVisitor<'a>, 'a);

impl<'de> Visitor<'de> for AnswerVisitor<'_> {
    type Value = ApiAnswer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer of a Pushgateway's API")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<ApiAnswer, A::Error> {
        let mut answer = ApiAnswer::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "status" => answer.status = Some(map.next_value()?),
                "data" => answer.groups = Some(map.next_value_seed(ListVisitor(&mut self.0))?),
                "error" => answer.error = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(answer)
    }
}

/// Reads the list of groups.
struct ListVisitor<'a, 'k>(&'a mut Keep<'k>);

impl<'de> DeserializeSeed<'de> for ListVisitor<'_, '_> {
    type Value = Vec<Listed>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ListVisitor<'_, '_> {
    type Value = Vec<Listed>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of groups")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Listed>, A::Error> {
        let mut groups = Vec::new();
        match self.0 {
            Keep::Families(wanted) => {
                while let Some(group) = seq.next_element_seed(GroupVisitor { wanted: *wanted })? {
                    groups.push(group);
                }
            }
            Keep::Contents(each) => {
                // One group at a time is in memory and is read twice, because its labels may be at its end.
                while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
                    let mut json = serde_json::Deserializer::from_str(raw.get());
                    let group = GroupVisitor { wanted: &|_| false }
                        .deserialize(&mut json)
                        .map_err(A::Error::custom)?;
                    each(&group.labels.map, &raw);
                    groups.push(group);
                }
            }
        }
        Ok(groups)
    }
}

/// Reads one group.
struct GroupVisitor<'a> {
    /// Which families to keep.
    wanted: &'a dyn Fn(&FamilySize) -> bool,
}
seed!(GroupVisitor<'a>, 'a);

impl<'de> Visitor<'de> for GroupVisitor<'_> {
    type Value = Listed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a group")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listed, A::Error> {
        let mut group = Listed::default();
        let (mut labels, mut exposed) = (None, None);
        while let Some(name) = map.next_key::<String>()? {
            let own = matches!(name.as_str(), PUSH_TIME | FAILURE_TIME);
            let member = match name.as_str() {
                "labels" => map.next_value_seed(LabelsVisitor)?,
                _ => map.next_value_seed(MemberVisitor { keep_first: own })?,
            };
            match member {
                Member::ExactLabels(found) => labels = Some(found),
                Member::Family { first, .. } if own => {
                    if let Some((labels, value)) = first {
                        let times = &mut group.times;
                        let time = if name == PUSH_TIME { &mut times.push } else { &mut times.failure };
                        *time = Some(value);
                        // Users can push the other of the two metrics, with other labels.
                        if name == PUSH_TIME || exposed.is_none() {
                            exposed = Some(labels);
                        }
                    }
                }
                Member::Family { kind, help_is_cut, series, .. } => {
                    group.size.metrics += 1;
                    group.size.series += series;
                    let family = FamilySize { name, kind, series, help_is_cut };
                    if (self.wanted)(&family) {
                        group.families.push(family);
                    }
                }
                Member::Bool(successful) if name == "last_push_successful" => {
                    group.successful = Some(successful);
                }
                Member::Bool(_) | Member::Other => {}
            }
        }
        group.hidden = labels.is_none();
        group.labels = labels.or(exposed).ok_or_else(|| A::Error::custom("not a group"))?;
        if group.hidden && group.labels.map.get("instance") == Some("") {
            group.labels.map.0.remove("instance");
        }
        Ok(group)
    }
}

/// Reads any member but `labels`: a metric, whose values are skipped, or something else.
struct MemberVisitor {
    /// Keep the labels and the value of the first series.
    keep_first: bool,
}
seed!(MemberVisitor);

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a metric")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
        let (mut member, mut kind, mut help_is_cut) = (Member::Other, Kind::default(), false);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "metrics" => {
                    member = map.next_value_seed(SeriesVisitor { keep_first: self.keep_first })?;
                }
                "type" => kind = map.next_value_seed(KindVisitor)?,
                "help" => help_is_cut = has_escaped_replacement(map.next_value::<Box<RawValue>>()?.get()),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(member.declared(kind, help_is_cut))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Member, E> {
        Ok(Member::Bool(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Member, A::Error> {
        skip_seq(seq).map(|()| Member::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::Other)
    }
}

impl Member {
    fn declared(self, kind: Kind, help_is_cut: bool) -> Self {
        match self {
            Self::Family { series, first, .. } => Self::Family { kind, help_is_cut, series, first },
            other => other,
        }
    }
}

/// Reads the name of a type.
struct KindVisitor;

impl<'de> DeserializeSeed<'de> for KindVisitor {
    type Value = Kind;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        let name: Box<RawValue> = serde::Deserialize::deserialize(deserializer)?;
        Ok(Kind::parse(name.get().trim_matches('"').as_bytes()).unwrap_or_default())
    }
}

/// Reads the member `labels`: the labels, or a metric of that name. All values of labels are strings, and only a metric
/// has a list, under `metrics`. A label may be called `metrics` too.
struct LabelsVisitor;
seed!(LabelsVisitor);

impl<'de> Visitor<'de> for LabelsVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
        let mut labels = ExactLabels::default();
        let mut metric = None;
        while let Some(name) = map.next_key::<String>()? {
            // Raw, because that distinguishes an escape from the character.
            let raw: Box<RawValue> = map.next_value()?;
            if name == "metrics" && !raw.get().starts_with('"') {
                let mut json = serde_json::Deserializer::from_str(raw.get());
                let series = SeriesVisitor { keep_first: false }.deserialize(&mut json);
                metric = Some(series.map_err(A::Error::custom)?);
                continue;
            }
            let value: String = serde_json::from_str(raw.get()).map_err(A::Error::custom)?;
            labels.exact &= !has_escaped_replacement(raw.get());
            labels.map.0.insert(name, value);
        }
        let kind = labels.map.get("type").and_then(|kind| Kind::parse(kind.as_bytes())).unwrap_or_default();
        // If this is a metric, the exactness is that of its HELP text.
        let help_is_cut = !labels.exact;
        Ok(metric.map_or(Member::ExactLabels(labels), |metric| metric.declared(kind, help_is_cut)))
    }
}

/// Whether a JSON string has the *escape* of U+FFFD. Go writes it for a byte that is not UTF-8, and the three bytes of
/// the character for the character itself (seen on 1.5.1 and 1.11.2).
pub(super) fn has_escaped_replacement(raw: &str) -> bool {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        let escape = &rest.as_bytes()[at + 1..];
        if escape.len() >= 5 && escape[..5].eq_ignore_ascii_case(b"ufffd") {
            return true;
        }
        // The JSON was parsed, so an ASCII character follows the backslash.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

/// Reads the list under `metrics`.
struct SeriesVisitor {
    keep_first: bool,
}
seed!(SeriesVisitor);

impl<'de> Visitor<'de> for SeriesVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Member, A::Error> {
        let (mut series, mut first) = (0, None);
        let mut keep = self.keep_first;
        while let Some(metric) = seq.next_element_seed(MetricVisitor { keep })? {
            series += metric.series;
            first = first.or(metric.kept);
            keep = false;
        }
        Ok(Member::Family { kind: Kind::default(), help_is_cut: false, series, first })
    }
}

/// One element of a metric's list.
#[derive(Default)]
struct Metric {
    series: u64,
    kept: Option<(ExactLabels, f64)>,
}

struct MetricVisitor {
    /// Whether to keep the labels and the value.
    keep: bool,
}
seed!(MetricVisitor);

impl<'de> Visitor<'de> for MetricVisitor {
    type Value = Metric;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metric, A::Error> {
        let mut metric = Metric { series: 1, kept: None };
        let (mut labels, mut value) = (None, None);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "labels" if self.keep => labels = Some(map.next_value_seed(LabelsVisitor)?),
                // Go's spelling of a number, in quotes.
                "value" if self.keep => value = map.next_value::<String>()?.parse().ok(),
                "buckets" | "quantiles" => metric.series = map.next_value_seed(PartsVisitor { of: &name })?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if let (Some(Member::ExactLabels(labels)), Some(value)) = (labels, value) {
            metric.kept = Some((labels, value));
        }
        Ok(metric)
    }
}

/// Counts the series of a histogram or summary.
struct PartsVisitor<'a> {
    of: &'a str,
}

impl<'de> DeserializeSeed<'de> for PartsVisitor<'_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PartsVisitor<'_> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.of)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        // `_sum` and `_count`, and the bucket that the gateway adds if it was not pushed.
        let (mut parts, mut has_last) = (2, self.of == "quantiles");
        while let Some((bound, _)) = map.next_entry::<String, IgnoredAny>()? {
            parts += 1;
            has_last |= bound == "+Inf";
        }
        Ok(parts + u64::from(!has_last))
    }

    /// A native histogram: in text it has the `+Inf` bucket, `_sum` and `_count`.
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<u64, A::Error> {
        skip_seq(seq).map(|()| 3)
    }
}
