//! The groups that a gateway holds, read from its API's JSON, or from the text of `/metrics` where there is no API.
//!
//! The API sends the whole store at once, with every sample, and a store can be large: the JSON is read as a stream
//! that keeps a few words for each group and skips the rest, so memory grows with the groups and not with the samples.
//!
//! In that JSON each group is one flat object in which the metrics stand beside `labels` and `last_push_successful`, and
//! a metric of one of these names takes its place (`pushgateway api/v1/api.go`, seen on 1.5.1, 1.11.0 and 1.11.2).
//! So nothing is believed by its name: whether a member is a metric is seen by its shape.

use crate::grouping::{GroupingKey, LabelSet, Names};
use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

/// When a group was changed for the last time; each group has it.
pub(super) const PUSH_TIME: &str = "push_time_seconds";

/// When a change was refused for the last time; each group has it.
pub(super) const FAILURE_TIME: &str = "push_failure_time_seconds";

/// As much of a line of `/metrics` is held at a time.
const LINE_LIMIT: u64 = 1024 * 1024;

/// How the last push to a group went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It was taken.
    Ok,
    /// It was refused, and an earlier one was taken.
    Failed,
    /// None was ever taken: the gateway makes a group for a push that it refuses.
    Never,
}

impl State {
    /// `ok`, `failed` or `never`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Never => "never",
        }
    }
}

/// How much a group holds, without the two metrics that the gateway itself puts into each group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Metric families: names that a TYPE line would declare.
    pub metrics: u64,
    /// Series as `/metrics` exposes them and Prometheus stores them: every bucket, every quantile, `_sum` and `_count`
    /// count, and so does the `+Inf` bucket that the gateway adds. This is the number that storage and scrapes pay for.
    pub series: u64,
}

/// What kind of metric a family is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A value that only goes up.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// A distribution by quantiles.
    Summary,
    /// A distribution by buckets.
    Histogram,
    /// A distribution by buckets that can go down; the API does not tell its values.
    GaugeHistogram,
    /// A value of which nothing is known.
    #[default]
    Untyped,
}

impl Kind {
    /// As a TYPE line has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Summary => "summary",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Untyped => "untyped",
        }
    }

    /// As a TYPE line or the API has it, in any case of letters; what is not known is untyped.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let known = [Self::Counter, Self::Gauge, Self::Summary, Self::Histogram, Self::GaugeHistogram];
        let name = name.replace('_', "");
        known.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(&name)).unwrap_or_default()
    }
}

/// One metric family of a group, counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FamilySize {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// How many series it is exposed as.
    pub series: u64,
    /// Its HELP text has bytes that are not UTF-8.
    pub help_is_cut: bool,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The grouping key as the gateway shows it: U+FFFD stands for bytes that are not UTF-8.
    pub labels: LabelSet,
    /// The key itself; `None` where the listing does not tell it exactly, so that nothing is done to a group by a key
    /// that may be another's.
    pub key: Option<GroupingKey>,
    /// How much it holds; the text of `/metrics` does not tell.
    pub size: Option<Size>,
    /// What it holds, by name; empty unless it was asked for.
    pub families: Vec<FamilySize>,
    /// When a push was taken for the last time, in microseconds, as exact as the gateway tells it.
    pub last_push: Option<Timestamp>,
    /// When one was refused for the last time.
    pub last_failure: Option<Timestamp>,
    /// How the last push went.
    pub state: State,
}

impl Group {
    /// The group's path, if the listing tells its key.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        self.key.as_ref().map(GroupingKey::path)
    }
}

/// How much of the answer of `/api/v1/metrics` is kept.
pub enum Keep<'a> {
    /// The groups and how much they hold.
    Sizes,
    /// Of the families of each those that are wanted, too.
    Families(&'a dyn Fn(&FamilySize) -> bool),
    /// The groups; the raw JSON of each is handed over as it comes in, with its place among them and with the labels
    /// that it has as far as that is known so early: whether there is an empty `instance` may turn out later.
    Contents(&'a mut dyn FnMut(usize, &LabelSet, &RawValue)),
}

/// Reads the answer of `/api/v1/metrics`; the groups come sorted by job and labels.
///
/// # Errors
///
/// An answer that can't be read to its end or is no Pushgateway's.
pub fn from_api(reader: impl Read, names: Names) -> Result<Vec<Group>, GroupsError> {
    Ok(read_api(reader, names, Keep::Sizes)?.into_iter().map(|(_, group)| group).collect())
}

/// Reads the answer of `/api/v1/metrics`; the groups come sorted by job and labels, each with its place in the answer.
///
/// # Errors
///
/// As [`from_api`].
pub fn read_api(reader: impl Read, names: Names, keep: Keep<'_>) -> Result<Vec<(usize, Group)>, GroupsError> {
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(reader));
    let answer = AnswerVisitor(keep).deserialize(&mut json).map_err(GroupsError::from_json)?;
    json.end().map_err(GroupsError::from_json)?;
    match (answer.status.as_deref(), answer.groups) {
        (Some("success"), Some(groups)) => Ok(finish(groups, names)),
        (Some("error"), _) => Err(GroupsError::Refused { reason: answer.error.unwrap_or_default() }),
        _ => Err(GroupsError::NotGroups),
    }
}

/// Reads the groups from the text of `/metrics`, by the two series that each group has there.
///
/// The text can't tell an empty `instance` from none; none is assumed, since a gateway that held both would not answer.
///
/// # Errors
///
/// An answer that can't be read to its end or is no Pushgateway's.
pub fn from_text(reader: impl Read, names: Names) -> Result<Vec<Group>, GroupsError> {
    let mut reader = BufReader::new(reader);
    let mut by_labels: BTreeMap<LabelSet, (bool, Times)> = BTreeMap::new();
    let mut is_gateway = false;
    let mut line = Vec::new();
    let mut at_start = true;
    loop {
        line.clear();
        if reader.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line).map_err(GroupsError::Read)? == 0 {
            break;
        }
        // The rest of a line that is longer than any key can make it could look like another's beginning.
        if !std::mem::replace(&mut at_start, line.ends_with(b"\n")) {
            continue;
        }
        // Without groups, these of its own still tell a Pushgateway.
        is_gateway |= line.starts_with(b"pushgateway_");
        if !line.starts_with(b"push_") {
            continue;
        }
        let exact = std::str::from_utf8(&line).is_ok();
        let Some(sample) = text_sample(&String::from_utf8_lossy(&line)) else { continue };
        is_gateway = true;
        let (known_exact, times) = by_labels.entry(sample.labels).or_insert((true, Times::default()));
        *known_exact &= exact;
        let time = if sample.failure { &mut times.failure } else { &mut times.push };
        *time = Some(sample.value);
    }
    if !is_gateway {
        return Err(GroupsError::NoGateway);
    }
    let groups = by_labels.into_iter().map(|(labels, (exact, times))| {
        let key = if exact { GroupingKey::from_listing(&labels, names) } else { None };
        times.group(labels, key, None, None)
    });
    Ok(groups.collect())
}

/// Why an answer tells no groups.
#[derive(Debug)]
pub enum GroupsError {
    /// It can't be read to its end.
    Read(io::Error),
    /// It is empty; `VictoriaMetrics` answers so.
    Empty,
    /// It ends in the middle.
    Cut,
    /// It is no JSON, but a web page, say.
    NotJson,
    /// It is JSON, but no list of groups.
    NotGroups,
    /// The API says that it failed.
    Refused {
        /// What it says.
        reason: String,
    },
    /// It is a text without any metric of a Pushgateway.
    NoGateway,
}

impl GroupsError {
    fn from_json(error: serde_json::Error) -> Self {
        use serde_json::error::Category;
        match error.classify() {
            Category::Io => Self::Read(error.into()),
            Category::Eof if (error.line(), error.column()) == (1, 0) => Self::Empty,
            Category::Eof => Self::Cut,
            Category::Syntax => Self::NotJson,
            Category::Data => Self::NotGroups,
        }
    }
}

impl fmt::Display for GroupsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "the answer can't be read: {error}"),
            Self::Empty => f.write_str("the answer is empty, so this is no Pushgateway"),
            Self::Cut => f.write_str("the answer ends in the middle"),
            Self::NotJson => {
                f.write_str("the answer is not JSON, so this is no Pushgateway: is --gateway right?")
            }
            Self::NotGroups => {
                f.write_str("the answer is no list of groups, so this is no Pushgateway: is --gateway right?")
            }
            Self::Refused { reason } => write!(f, "the gateway's API failed: {reason}"),
            Self::NoGateway => f.write_str(
                "there is no metric of a Pushgateway in the answer, so this is none: is --gateway right?",
            ),
        }
    }
}

impl std::error::Error for GroupsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            _ => None,
        }
    }
}

/// The values of the two series of each group, in seconds; 0 stands for never.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    push: Option<f64>,
    failure: Option<f64>,
}

impl Times {
    /// `successful` is what the API itself says, if no metric stands in its place.
    fn group(
        self,
        labels: LabelSet,
        key: Option<GroupingKey>,
        size: Option<Size>,
        successful: Option<bool>,
    ) -> Group {
        let (last_push, last_failure) = (self.push.and_then(timestamp), self.failure.and_then(timestamp));
        // The server's own rule, `pushgateway storage/interface.go LastPushSuccess`.
        let successful = successful.unwrap_or(last_failure <= last_push);
        let state = match last_push {
            None => State::Never,
            Some(_) if successful => State::Ok,
            Some(_) => State::Failed,
        };
        Group { labels, key, size, families: Vec::new(), last_push, last_failure, state }
    }
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    if seconds <= 0.0 {
        return None;
    }
    let since_epoch = SignedDuration::try_from_secs_f64(seconds).ok()?;
    let exact = Timestamp::from_duration(since_epoch).ok()?;
    exact.round(TimestampRound::new().smallest(Unit::Microsecond)).ok()
}

/// Gives each group its key, and sorts.
///
/// Where a metric called `labels` hides the key, it is taken from the labels of `push_time_seconds`, which have an
/// `instance=""` that the key may have or not. If another group has the key without it, this one has it. If two groups
/// are so hidden, one has it and the other not, and nothing tells which: neither gets a key. Else it is taken to have
/// none, which is what is pushed; at worst, a deletion by that key finds no group.
fn finish(mut listed: Vec<Listed>, names: Names) -> Vec<(usize, Group)> {
    let unclear = |group: &Listed| group.hidden && group.labels.map.get("instance").is_none();
    let (mut told, mut hidden) = (HashSet::new(), HashMap::<LabelSet, u32>::new());
    for group in &listed {
        let labels = group.labels.map.clone();
        if unclear(group) {
            *hidden.entry(labels).or_default() += 1;
        } else {
            told.insert(labels);
        }
    }
    let mut seen = HashSet::new();
    for group in listed.iter_mut().filter(|group| unclear(group)) {
        let labels = group.labels.map.clone();
        group.labels.exact &= hidden.get(&labels) == Some(&1);
        if told.contains(&labels) || !seen.insert(labels) {
            group.labels.map.0.insert("instance".to_owned(), String::new());
        }
    }
    let mut groups: Vec<(usize, Group)> =
        listed.into_iter().map(|group| group.finish(names)).enumerate().collect();
    groups.sort_by(|(_, a), (_, b)| a.labels.cmp(&b.labels));
    groups
}

/// One group as it is listed.
#[derive(Debug, Default)]
struct Listed {
    labels: Labels,
    /// A metric called `labels` stands in the labels' place.
    hidden: bool,
    successful: Option<bool>,
    times: Times,
    size: Size,
    families: Vec<FamilySize>,
}

impl Listed {
    fn finish(self, names: Names) -> Group {
        let Self { labels, successful, times, size, mut families, .. } = self;
        let key = if labels.exact { GroupingKey::from_listing(&labels.map, names) } else { None };
        families.sort_unstable();
        Group { families, ..times.group(labels.map, key, Some(size), successful) }
    }
}

/// Labels, and whether the text tells them exactly.
#[derive(Debug)]
struct Labels {
    map: LabelSet,
    exact: bool,
}

impl Default for Labels {
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

/// What stands under a name in a group.
enum Member {
    Labels(Labels),
    Family { kind: Kind, help_is_cut: bool, series: u64, first: Option<(Labels, f64)> },
    Bool(bool),
    Other,
}

/// Makes a seed of a visitor: `deserialize_any` lets the visitor see what is there.
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

/// Skips what is left of a list.
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
            Keep::Sizes => {
                while let Some(group) = seq.next_element_seed(GroupVisitor { wanted: &|_| false })? {
                    groups.push(group);
                }
            }
            Keep::Families(wanted) => {
                while let Some(group) = seq.next_element_seed(GroupVisitor { wanted: *wanted })? {
                    groups.push(group);
                }
            }
            Keep::Contents(each) => {
                // One group at a time is in memory, and is read twice: what it holds depends on its labels, which may
                // stand at its end.
                while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
                    let mut json = serde_json::Deserializer::from_str(raw.get());
                    let group = GroupVisitor { wanted: &|_| false }
                        .deserialize(&mut json)
                        .map_err(A::Error::custom)?;
                    each(groups.len(), &group.labels.map, &raw);
                    groups.push(group);
                }
            }
        }
        Ok(groups)
    }
}

/// Reads one group.
struct GroupVisitor<'a> {
    /// Which families are kept by name, type and size.
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
        let (mut told, mut exposed) = (None, None);
        while let Some(name) = map.next_key::<String>()? {
            let own = matches!(name.as_str(), PUSH_TIME | FAILURE_TIME);
            let member = match name.as_str() {
                "labels" => map.next_value_seed(LabelsVisitor)?,
                _ => map.next_value_seed(MemberVisitor { keep_first: own })?,
            };
            match member {
                Member::Labels(labels) => told = Some(labels),
                Member::Family { first, .. } if own => {
                    if let Some((labels, value)) = first {
                        let times = &mut group.times;
                        let time = if name == PUSH_TIME { &mut times.push } else { &mut times.failure };
                        *time = Some(value);
                        // Users can push to the other metric of the two, with labels of their own.
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
        group.hidden = told.is_none();
        group.labels = told.or(exposed).ok_or_else(|| A::Error::custom("an object that is no group"))?;
        if group.hidden && group.labels.map.get("instance") == Some("") {
            group.labels.map.0.remove("instance");
        }
        Ok(group)
    }
}

/// Reads what stands under any name but `labels`: a metric, whose values are skipped, or something else.
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

/// Reads the name of a type, wherever the text of it lies.
struct KindVisitor;

impl<'de> DeserializeSeed<'de> for KindVisitor {
    type Value = Kind;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        let name: Box<RawValue> = serde::Deserialize::deserialize(deserializer)?;
        Ok(Kind::parse(name.get().trim_matches('"')))
    }
}

/// Reads what stands under `labels`: the labels, or a metric of that name. All values of labels are texts, and only a
/// metric has a list, under `metrics`; a label may be called `metrics` too.
struct LabelsVisitor;
seed!(LabelsVisitor);

impl<'de> Visitor<'de> for LabelsVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
        let mut labels = Labels::default();
        let mut metric = None;
        while let Some(name) = map.next_key::<String>()? {
            // Text, because it tells an escape from the character; the list of a metric is one family's.
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
        let kind = Kind::parse(labels.map.get("type").unwrap_or_default());
        // The exactness that was taken down is that of a HELP text, if this is a metric.
        let help_is_cut = !labels.exact;
        Ok(metric.map_or(Member::Labels(labels), |metric| metric.declared(kind, help_is_cut)))
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
        // Behind the backslash stands an ASCII character, since the JSON was read.
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
    kept: Option<(Labels, f64)>,
}

struct MetricVisitor {
    /// Keep labels and value.
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
        if let (Some(Member::Labels(labels)), Some(value)) = (labels, value) {
            metric.kept = Some((labels, value));
        }
        Ok(metric)
    }
}

/// Counts the series that a histogram or summary is exposed as.
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
        // `_sum` and `_count`, and the bucket that the gateway adds where it was not pushed.
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

/// One line about a group in the text of `/metrics`.
struct TextSample {
    failure: bool,
    labels: LabelSet,
    value: f64,
}

/// Reads a line such as `push_time_seconds{instance="",job="x"} 1.7e+09`; `None` for every other line.
fn text_sample(line: &str) -> Option<TextSample> {
    let (name, mut rest) = line.split_once('{')?;
    let failure = match name {
        PUSH_TIME => false,
        FAILURE_TIME => true,
        _ => return None,
    };
    let mut labels = LabelSet::default();
    while !rest.starts_with('}') {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (name, after) = text_quoted(quoted)?;
                (name, after.strip_prefix('=')?)
            }
            None => rest.split_once('=').map(|(name, after)| (name.to_owned(), after))?,
        };
        let (value, after) = text_quoted(after.strip_prefix('"')?)?;
        labels.0.insert(name, value);
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    if labels.get("instance") == Some("") {
        labels.0.remove("instance");
    }
    let value = rest.strip_prefix('}')?.split_ascii_whitespace().next()?.parse().ok()?;
    Some(TextSample { failure, labels, value })
}

/// The text up to the closing quote, and what stands behind that.
fn text_quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                c => out.push(c),
            },
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What gateways answered; each was given the same groups.
    macro_rules! seen {
        ($version:literal) => {
            (
                include_str!(concat!("../../tests/data/groups/", $version, ".json")),
                include_str!(concat!("../../tests/data/groups/", $version, ".txt")),
            )
        };
    }
    const SEEN: [(&str, &str); 3] = [seen!("1.5.1"), seen!("1.11.0"), seen!("1.11.2")];

    fn read(json: &str) -> Result<Vec<Group>, GroupsError> {
        from_api(json.as_bytes(), Names::Legacy)
    }

    fn line(group: &Group) -> String {
        let size = group.size.map_or("?".to_owned(), |size| format!("{}/{}", size.metrics, size.series));
        let path = group.path().unwrap_or_else(|| "no path".to_owned());
        format!("{} {path} {size} {}", group.labels, group.state.as_str())
    }

    #[test]
    fn the_groups_of_real_gateways_are_read() {
        for (json, _) in SEEN {
            let groups = read(json).unwrap();
            // 1.5.1 knows no native histograms.
            let lines: Vec<String> =
                groups.iter().filter(|g| g.labels.get("job") != Some("native")).map(line).collect();
            let expected = [
                r#"{job="a�b",l="\\ufffd"} /metrics/job/a%EF%BF%BDb/l/%5Cufffd 1/1 ok"#,
                r#"{job="bytes",l="�"} no path 0/0 never"#,
                r#"{job="c"} /metrics/job/c 0/0 never"#,
                r#"{job="c",instance=""} /metrics/job/c/instance@base64/= 0/0 never"#,
                r#"{job="d",l="1"} /metrics/job/d/l/1 0/0 never"#,
                r#"{job="d",l="1",m=""} /metrics/job/d/l/1/m@base64/= 0/0 never"#,
                r#"{job="empty"} /metrics/job/empty 0/0 ok"#,
                r#"{job="flag",instance="i"} /metrics/job/flag/instance/i 1/1 ok"#,
                r#"{job="hidden"} /metrics/job/hidden 2/2 ok"#,
                r#"{job="names",metrics="foo",time_stamp="1",type="GAUGE"} /metrics/job/names/metrics/foo/time_stamp/1/type/GAUGE 1/1 ok"#,
                r#"{job="never"} /metrics/job/never 0/0 never"#,
                r#"{job="slash",path="/var",q="\"<>&"} /metrics/job/slash/path@base64/L3Zhcg/q/%22%3C%3E%26 1/1 ok"#,
                r#"{job="types"} /metrics/job/types 5/15 failed"#,
            ];
            assert_eq!(lines, expected);
        }
    }

    #[test]
    fn a_native_histogram_counts_as_it_is_exposed() {
        let groups = read(SEEN[2].0).unwrap();
        let native = groups.iter().find(|g| g.labels.get("job") == Some("native")).unwrap();
        assert_eq!(line(native), r#"{job="native"} /metrics/job/native 1/3 ok"#);
    }

    #[test]
    fn families_are_told_when_asked_for() {
        for (json, _) in SEEN {
            let groups = read_api(json.as_bytes(), Names::Legacy, Keep::Families(&|_| true)).unwrap();
            let of = |job: &str| {
                let (_, group) = groups.iter().find(|(_, g)| g.labels.get("job") == Some(job)).unwrap();
                let lines =
                    group.families.iter().map(|f| format!("{} {} {}", f.name, f.kind.as_str(), f.series));
                lines.collect::<Vec<_>>()
            };
            assert_eq!(
                of("types"),
                ["bare summary 2", "c counter 2", "h histogram 4", "no_inf histogram 4", "s summary 3"]
            );
            assert_eq!(of("hidden"), ["labels gauge 1", "x untyped 1"]);
            assert_eq!(of("flag"), ["last_push_successful untyped 1"]);
        }
        assert_eq!(Kind::parse("GAUGE_HISTOGRAM"), Kind::GaugeHistogram);
    }

    #[test]
    fn contents_are_handed_over_with_their_place() {
        for (json, _) in SEEN {
            let mut handed = Vec::new();
            let mut each = |place: usize, labels: &LabelSet, raw: &RawValue| {
                assert_eq!(place, handed.len());
                assert!(raw.get().starts_with('{') && raw.get().contains(PUSH_TIME));
                handed.push(labels.get("job").unwrap_or_default().to_owned());
            };
            let groups = read_api(json.as_bytes(), Names::Legacy, Keep::Contents(&mut each)).unwrap();
            assert_eq!(groups.len(), handed.len());
            for (place, group) in groups {
                assert_eq!(group.labels.get("job"), Some(&*handed[place]));
            }
        }
    }

    #[test]
    fn series_are_counted_as_the_text_has_them() {
        for (json, text) in SEEN {
            for group in read(json).unwrap().iter().filter(|g| g.labels.iter().count() == 1) {
                let job = format!("job=\"{}\"", group.labels.get("job").unwrap());
                let own = |line: &&str| line.starts_with("push_") || line.starts_with('#');
                let lines = text.lines().filter(|l| l.contains(&job) && !own(l)).count();
                // What came after the text was read is not in it.
                let series = usize::try_from(group.size.unwrap().series).unwrap();
                if lines > 0 {
                    assert_eq!(series, lines, "{job}");
                }
            }
        }
    }

    #[test]
    fn times_are_told_to_the_microsecond() {
        let groups = read(SEEN[2].0).unwrap();
        let times = |job: &str| {
            let group = groups.iter().find(|g| g.labels.get("job") == Some(job)).unwrap();
            (group.last_push.map(|t| t.to_string()), group.last_failure.map(|t| t.to_string()))
        };
        let (push, failure) = times("types");
        assert!(push.unwrap().starts_with("2026-11-23T15:23:"));
        assert!(failure.unwrap().starts_with("2026-11-23T15:23:"));
        assert_eq!(times("never").0, None);
        assert_eq!(times("empty").1, None);
        assert_eq!(timestamp(1.795_447_432_316_465_9e9).unwrap().to_string(), "2026-11-23T15:23:52.316466Z");
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(timestamp(odd), None);
        }
    }

    /// A group whose `labels` are hidden by a metric of that name.
    fn hidden(job: &str, instance: &str) -> String {
        format!(
            r#"{{"labels":{{"time_stamp":"t","type":"GAUGE","metrics":[{{"labels":{{"instance":"","job":"{job}"}},"value":"5"}}]}},
            "last_push_successful":true,
            "push_time_seconds":{{"type":"GAUGE","metrics":[{{"labels":{{"instance":"{instance}","job":"{job}"}},"value":"1"}}]}}}}"#
        )
    }

    fn told(job: &str, more: &str) -> String {
        format!(r#"{{"labels":{{"job":"{job}"{more}}},"last_push_successful":true}}"#)
    }

    fn paths(groups: &[String]) -> Vec<String> {
        let json = format!(r#"{{"status":"success","data":[{}]}}"#, groups.join(","));
        let groups = read(&json).unwrap();
        groups.iter().map(|g| format!("{} {}", g.labels, g.path().unwrap_or_default())).collect()
    }

    #[test]
    fn a_hidden_key_is_found_by_what_the_other_groups_have() {
        assert_eq!(paths(&[hidden("x", "i")]), [r#"{job="x",instance="i"} /metrics/job/x/instance/i"#]);
        assert_eq!(paths(&[hidden("x", "")]), [r#"{job="x"} /metrics/job/x"#]);
        for groups in [[hidden("x", ""), told("x", "")], [told("x", ""), hidden("x", "")]] {
            assert_eq!(
                paths(&groups),
                [r#"{job="x"} /metrics/job/x"#, r#"{job="x",instance=""} /metrics/job/x/instance@base64/="#]
            );
        }
        assert_eq!(
            paths(&[hidden("x", ""), told("x", r#","instance":"""#)]),
            [r#"{job="x"} /metrics/job/x"#, r#"{job="x",instance=""} /metrics/job/x/instance@base64/="#]
        );
        assert_eq!(
            paths(&[hidden("x", ""), hidden("x", "")]),
            [r#"{job="x"} "#, r#"{job="x",instance=""} "#],
            "nothing tells which is which"
        );
    }

    #[test]
    fn the_escape_of_a_replacement_character_is_a_byte_that_is_not_utf8() {
        for (raw, escaped) in [
            (r#""a\ufffdb""#, true),
            (r#""\uFFFD""#, true),
            (r#""\\\ufffd""#, true),
            (r#""\\ufffd""#, false),
            (r#""�""#, false),
            (r#""\u003c\n""#, false),
            (r#""""#, false),
        ] {
            assert_eq!(has_escaped_replacement(raw), escaped, "{raw}");
        }
        assert_eq!(paths(&[told("x", r#","metrics":"\ufffd""#)]), [r#"{job="x",metrics="�"} "#]);
        assert_eq!(
            paths(&[told("x", r#","metrics":"�""#)]),
            [r#"{job="x",metrics="�"} /metrics/job/x/metrics/%EF%BF%BD"#]
        );
    }

    #[test]
    fn what_is_no_list_of_groups_is_told() {
        let table = [
            ("", "the answer is empty, so this is no Pushgateway"),
            ("<!doctype html>", "the answer is not JSON, so this is no Pushgateway: is --gateway right?"),
            ("OK", "the answer is not JSON, so this is no Pushgateway: is --gateway right?"),
            (r#"{"status":"success","data":[{"labels":{"job":"x"#, "the answer ends in the middle"),
            (
                r#"{"status":"success","data":[]} x"#,
                "the answer is not JSON, so this is no Pushgateway: is --gateway right?",
            ),
            (
                r#"{"status":"error","errorType":"bad_data","error":"json: unsupported value"}"#,
                "the gateway's API failed: json: unsupported value",
            ),
        ];
        for (json, expected) in table {
            assert_eq!(read(json).unwrap_err().to_string(), expected, "{json}");
        }
        let others = [
            "404 page not found",
            "[]",
            "null",
            "{}",
            r#"{"status":"success"}"#,
            r#"{"status":"success","data":null}"#,
            r#"{"status":"success","data":{"flags":{},"start_time":"t"}}"#,
            r#"{"status":"success","data":["__name__","job"]}"#,
            r#"{"status":"success","data":[{"name":"x"}]}"#,
            r#"{"data":[]}"#,
        ];
        for json in others {
            assert!(matches!(read(json), Err(GroupsError::NotGroups)), "{json}");
        }
        assert!(read(r#"{"status":"success","data":[]}"#).unwrap().is_empty());
    }

    #[test]
    fn a_reader_that_fails_is_told_from_a_wrong_answer() {
        struct Reset;
        impl Read for Reset {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let start = || br#"{"status":"success","data":["#.as_slice();
        let reset = |error: GroupsError| matches!(error, GroupsError::Read(e) if e.kind() == io::ErrorKind::ConnectionReset);
        assert!(reset(from_api(start().chain(Reset), Names::Legacy).unwrap_err()));
        assert!(reset(from_text(start().chain(Reset), Names::Legacy).unwrap_err()));
    }

    #[test]
    fn the_rest_of_a_long_line_is_no_line_of_its_own() {
        let padding = "x".repeat(usize::try_from(LINE_LIMIT).unwrap() - "# HELP ".len());
        let text = format!("pushgateway_x 1\n# HELP {padding}push_time_seconds{{job=\"x\"}} 1\n");
        assert_eq!(from_text(text.as_bytes(), Names::Legacy).unwrap(), []);
    }

    #[test]
    fn the_text_tells_the_same_groups() {
        for (json, text) in SEEN {
            let by_text = from_text(text.as_bytes(), Names::Legacy).unwrap();
            assert!(by_text.len() >= 8);
            let by_api = read(json).unwrap();
            for group in by_text {
                let twin = by_api.iter().find(|g| g.labels == group.labels);
                let expected = twin.map(|twin| Group { size: None, ..twin.clone() });
                assert_eq!(Some(group), expected);
            }
        }
    }

    #[test]
    fn the_text_tells_a_gateway_without_groups_from_another_server() {
        let read = |text: &str| from_text(text.as_bytes(), Names::Legacy);
        assert!(read("# HELP x y\npushgateway_build_info{version=\"1.0.0\"} 1\n").unwrap().is_empty());
        for text in [
            "",
            "<html>",
            "up 1\n",
            "push_time_seconds\n",
            "push_time_seconds{job=\"x\n",
            "push_time_seconds{",
        ] {
            assert!(matches!(read(text), Err(GroupsError::NoGateway)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(
            version in 0_usize..3,
            at in 0_usize..9000,
            with in proptest::collection::vec(any::<u8>(), 0..6),
            cut in 0_usize..6,
        ) {
            let (json, text) = SEEN[version];
            for answer in [json, text] {
                let mut bytes = answer.as_bytes().to_vec();
                let at = at.min(bytes.len());
                bytes.splice(at..(at + cut).min(answer.len()), with.clone());
                let _ = from_api(bytes.as_slice(), Names::Legacy);
                let _ = from_text(bytes.as_slice(), Names::Utf8);
            }
        }
    }
}
