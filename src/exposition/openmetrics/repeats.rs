//! Finds repeated series, and groups whose samples are not consecutive, after the whole input has been read.

use super::kind::MetricType;
use super::names::ClaimedNames;
use super::points::repeated_series;
use super::reader::OpenmetricsTables;
use crate::exposition::code::Code;
use crate::exposition::context::Context;
use crate::exposition::duplicates;
use crate::exposition::findings::Message;
use crate::exposition::messages::quoted;
use crate::exposition::overwrites::Overwrites;
use crate::exposition::series::{CompareLines, Parts, Relation};
use crate::exposition::text::lines::{Text, line_in_file};
use crate::exposition::text::scan;
use crate::exposition::text::spans::{name_at, series_at};
use crate::exposition::text::token::{LabelPair, same_labels, sort_labels};

/// Reports repeated series, and groups whose samples are not consecutive.
pub(in crate::exposition) fn check(
    text: Text<'_>,
    tables: OpenmetricsTables<'_>,
    overwrites: &Overwrites<'_>,
    context: &mut Context<'_>,
) {
    let OpenmetricsTables { names, series, states, .. } = tables;
    for (table, are_states) in [(series, false), (states, true)] {
        let mut comparer = GroupComparer {
            text,
            names: &names,
            overwrites,
            are_states,
            scratch: Vec::new(),
            labels: [Vec::new(), Vec::new()],
            is_exact: false,
            found: Vec::new(),
        };
        table.compare(&mut comparer);
        let mut found = comparer.found;
        found.sort_unstable();
        for (second, first, is_exact) in found {
            let kind = names.of_line(second).map_or(MetricType::Unknown, |(_, kind)| kind);
            report(first, second, (kind, are_states, is_exact), context);
        }
    }
}

fn report(
    first: usize,
    second: usize,
    (kind, are_states, is_exact): (MetricType, bool, bool),
    context: &mut Context<'_>,
) {
    let bytes = context.bytes;
    let is_single = !are_states
        && match kind {
            MetricType::Gauge | MetricType::Unknown | MetricType::Info | MetricType::StateSet => true,
            MetricType::Counter => bytes[name_at(bytes, first)] == bytes[name_at(bytes, second)],
            _ => false,
        };
    if !is_exact {
        duplicates::duplicate(first, second, context);
    } else if is_single {
        repeated_series(first, second, context);
    } else {
        context.findings.error_at(Code::SplitMetric, second, || {
            let span = series_at(bytes, second);
            let text = format!("the samples of series {} are not consecutive", quoted(&bytes[span.clone()]));
            let message = Message::new(text)
                .help("write all samples with the same labels one after the other")
                .related(series_at(bytes, first), "the other samples");
            (span, message)
        });
    }
}

/// Compares lines that may be in the same group by parsing them again.
struct GroupComparer<'c, 'a> {
    text: Text<'a>,
    names: &'c ClaimedNames<'a>,
    overwrites: &'c Overwrites<'a>,
    /// Whether to compare the groups of state sets. If so, the label that contains the state is ignored.
    are_states: bool,
    scratch: Vec<LabelPair<'a>>,
    labels: [Vec<LabelPair<'a>>; 2],
    /// Whether the last two compared lines are equal even before the grouping key overwrites labels.
    is_exact: bool,
    /// The later line, the earlier line, and whether they are equal even before the grouping key overwrites labels.
    found: Vec<(usize, usize, bool)>,
}

impl GroupComparer<'_, '_> {
    /// Returns the family of the line that starts at `at`. Stores the sorted labels of its group in `labels[slot]`.
    fn read(&mut self, at: usize, slot: usize) -> Option<usize> {
        let (number, kind) = self.names.of_line(at)?;
        let line = line_in_file(self.text, at);
        scan::openmetrics_sample(self.text.bytes, line, &mut self.scratch).ok()?;
        let state = self.names.name(number);
        let labels = &mut self.labels[slot];
        labels.clear();
        labels.extend(self.scratch.iter().filter(|label| match kind {
            MetricType::StateSet => !self.are_states || !label.name.same(&state),
            kind => !kind.text_kind().is_bound(&label.name),
        }));
        sort_labels(labels);
        Some(number)
    }
}

impl CompareLines for GroupComparer<'_, '_> {
    fn compare(&mut self, first: usize, second: usize) -> Relation {
        let (Some(family), Some(other)) = (self.read(first, 0), self.read(second, 1)) else {
            return Relation::DifferentSeries;
        };
        if family != other {
            return Relation::DifferentSeries;
        }
        let [first, second] = &self.labels;
        self.is_exact = same_labels(first, second);
        let [first, second] =
            [first, second].map(|labels| labels.iter().filter(|label| self.overwrites.keeps(label)));
        let is_same = self.is_exact || same_labels(first, second);
        if is_same { Relation::DuplicateSeries } else { Relation::DifferentSeries }
    }

    fn duplicate(&mut self, first: usize, second: usize) {
        self.found.push((second, first, self.is_exact));
    }

    fn composite(&mut self, _line: usize, _parts: Parts) {}
}
