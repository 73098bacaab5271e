//! Checks that no series occurs twice, and that histograms and summaries are complete.
//!
//! Series are compared after the grouping key has overwritten their labels (`sanitizeLabels`), because that is how the
//! gateway's store compares them (`checkMetricConsistency`).

use super::code::Code;
use super::context::Context;
use super::family::FamilyTable;
use super::findings::Message;
use super::messages::quoted;
use super::model::kind::Kind;
use super::overwrites::Overwrites;
use super::series::{CompareLines, Parts, Relation, SeriesTable};
use super::text::lines::{Text, line_in_file};
use super::text::scan::{self, Line, SampleLine};
use super::text::spans::series_at;
use super::text::token::{LabelPair, same_labels, sort_labels};
use std::collections::BTreeMap;

/// Reports series that occur twice, and histograms and summaries with a missing or repeated part. `is_complete` is true
/// if every line could be parsed.
pub(super) fn check(
    text: Text<'_>,
    series: SeriesTable,
    overwrites: &Overwrites<'_>,
    is_complete: bool,
    context: &mut Context<'_>,
) {
    let mut comparer = Comparer {
        text,
        overwrites,
        families: &context.families,
        scratch: Vec::new(),
        labels: [Vec::new(), Vec::new()],
        first: None,
        duplicates: Vec::new(),
        incomplete: BTreeMap::new(),
        repeated: BTreeMap::new(),
    };
    series.compare(&mut comparer);
    let Comparer { mut duplicates, incomplete, repeated, .. } = comparer;
    duplicates.sort_unstable();
    for (second, first) in duplicates {
        duplicate(first, second, context);
    }
    // The missing part may be in a line that could not be parsed.
    if is_complete {
        let incomplete =
            incomplete.into_iter().filter(|(family, _)| may_lack_parts(*family, &context.families));
        for (family, (line, parts)) in incomplete.collect::<Vec<_>>() {
            missing_parts(family, line, parts, context);
        }
    }
    for (family, line) in repeated {
        repeated_part(family, line, context);
    }
}

pub(super) fn duplicate(first: usize, second: usize, context: &mut Context<'_>) {
    let bytes = context.bytes;
    let remote_write = context.options.remote_write;
    context.findings.error_at(Code::DuplicateSeries, second, || {
        let (first, second) = (series_at(bytes, first), series_at(bytes, second));
        let (one, other) = (&bytes[first.clone()], &bytes[second.clone()]);
        let message = Message::new(format!("the series {} occurs twice", quoted(other)));
        let message = message.related(first, "first occurrence");
        let message = if one == other && remote_write {
            message.help(
                "a receiver stores only one sample per series and timestamp; push samples with different timestamps separately, oldest first",
            )
        } else if one == other {
            message
        } else {
            message.help("the order of labels does not matter, and the grouping key overwrites labels with the same name")
        };
        (second, message)
    });
}

/// Returns whether missing parts of the family should be reported. They are not reported if another diagnostic explains
/// them: the gateway drops a sample of the family, or the sample became a separate metric because it precedes the TYPE
/// line.
fn may_lack_parts(family: usize, families: &FamilyTable<'_>) -> bool {
    let name = families.name(family);
    let is_stray = |suffix: &[u8]| {
        let part = families.exact(&[&*name, suffix].concat());
        part.is_some_and(|part| families[part].sample().is_some())
    };
    !families.with_dropped_sample.contains(&family)
        && ![&b"_count"[..], b"_sum", b"_bucket"].into_iter().any(is_stray)
}

/// Warns about a histogram or summary with missing parts. The gateway exposes made-up values for them.
pub(super) fn missing_parts(family: usize, line: usize, parts: Parts, context: &mut Context<'_>) {
    let kind = context.families[family].kind;
    let (is_summary, is_gauge) = (kind == Some(Kind::Summary), kind == Some(Kind::GaugeHistogram));
    context.findings.warning(Code::MissingPart, series_at(context.bytes, line), || {
        let all = [
            (Parts::COUNT, "`_count`"),
            (Parts::SUM, "`_sum`"),
            (Parts::INFINITY, "the bucket with `le=\"+Inf\"`"),
        ];
        let missing: Vec<_> = all
            .into_iter()
            .filter(|(part, _)| !parts.has(*part) && (!is_summary || *part != Parts::INFINITY))
            .map(|(_, name)| name)
            .collect();
        let family = context.families.name(family);
        let (kind, name) = (if is_summary { "summary" } else { "histogram" }, quoted(&family));
        let (missing, values) = match missing.split_last() {
            Some((last, [])) => ((*last).to_owned(), "a value"),
            Some((last, others)) => (format!("{} and {last}", others.join(", ")), "values"),
            None => return Message::default(),
        };
        let message = Message::new(format!(
            "the {kind} {name} is missing {missing}; the gateway will make up {values}"
        ));
        // OpenMetrics uses these names for the parts of a gauge histogram.
        let is_stored = |suffix: &[u8]| context.families.exact(&[&*family, suffix].concat()).is_some();
        if is_gauge && is_stored(b"_gcount") && is_stored(b"_gsum") {
            return message
                .help("`_gcount` and `_gsum` become two untyped metrics; write `_count` and `_sum`");
        }
        message
    });
}

/// Warns about a histogram or summary with a repeated part. Pushgateway 1.11.2 stores only the last `_sum` or `_count`.
/// It exposes repeated buckets and quantiles, and Prometheus drops one of them.
fn repeated_part(family: usize, line: usize, context: &mut Context<'_>) {
    context.findings.warning(Code::DuplicatePart, series_at(context.bytes, line), || {
        let kind = context.families[family].kind.map_or("", Kind::as_str);
        let name = quoted(&context.families.name(family));
        Message::new(format!("a part of the {kind} {name} occurs twice; one of the two will be lost"))
            .help(format!("is the same {kind} written twice?"))
    });
}

/// Compares lines that may contain the same series by parsing them again.
struct Comparer<'c, 'a> {
    text: Text<'a>,
    overwrites: &'c Overwrites<'a>,
    families: &'c FamilyTable<'a>,
    scratch: Vec<LabelPair<'a>>,
    labels: [Vec<LabelPair<'a>>; 2],
    /// The line in `labels[0]` and its family, because all repetitions of a series are compared with the same line.
    first: Option<(usize, usize)>,
    /// Pairs of lines with the same series: the later line, then the earlier one.
    duplicates: Vec<(usize, usize)>,
    /// For each family, the first line of its first incomplete series.
    incomplete: BTreeMap<usize, (usize, Parts)>,
    /// For each family, the first line of its first series with a repeated part.
    repeated: BTreeMap<usize, usize>,
}

impl Comparer<'_, '_> {
    /// Parses the sample in the line that starts at `at`. Returns its family and stores its labels in `labels[slot]`,
    /// sorted and without bucket bounds or quantiles.
    fn read(&mut self, at: usize, slot: usize) -> Option<usize> {
        let line = line_in_file(self.text, at);
        let scratch = &mut self.scratch;
        let Ok(Line::Sample(SampleLine { name: Some(name), .. })) =
            scan::line(self.text.bytes, line, scratch)
        else {
            return None;
        };
        let family = self.families.of_sample(&name.text())?;
        let kind = self.families[family].kind.unwrap_or(Kind::Untyped);
        let labels = &mut self.labels[slot];
        labels.clear();
        labels.extend(scratch.iter().filter(|label| !kind.is_bound(&label.name)));
        sort_labels(labels);
        Some(family)
    }

    /// Parses a line into `labels[0]`, unless it is there already. Returns its family.
    fn read_first(&mut self, at: usize) -> Option<usize> {
        if self.first.is_none_or(|(line, _)| line != at) {
            self.first = Some((at, self.read(at, 0)?));
        }
        self.first.map(|(_, family)| family)
    }
}

impl CompareLines for Comparer<'_, '_> {
    fn compare(&mut self, first: usize, second: usize) -> Relation {
        let (Some(family), Some(other)) = (self.read_first(first), self.read(second, 1)) else {
            return Relation::DifferentSeries;
        };
        if family != other {
            return Relation::DifferentSeries;
        }
        let [first, second] = &self.labels;
        if self.families[family].kind.is_some_and(Kind::is_composite) && same_labels(first, second) {
            return Relation::SameComposite;
        }
        let [first, second] =
            [first, second].map(|labels| labels.iter().filter(|label| self.overwrites.keeps(label)));
        if same_labels(first, second) { Relation::DuplicateSeries } else { Relation::DifferentSeries }
    }

    fn duplicate(&mut self, first: usize, second: usize) {
        self.duplicates.push((second, first));
    }

    fn composite(&mut self, line: usize, parts: Parts) {
        let has_count_and_sum = parts.has(Parts::COUNT) && parts.has(Parts::SUM);
        if has_count_and_sum && parts.has(Parts::INFINITY) && !parts.has(Parts::REPEATED) {
            return;
        }
        let Some(family) = self.read_first(line) else { return };
        if parts.has(Parts::REPEATED) {
            let first = self.repeated.entry(family).or_insert(line);
            *first = line.min(*first);
        }
        let is_summary = self.families[family].kind == Some(Kind::Summary);
        if has_count_and_sum && (parts.has(Parts::INFINITY) || is_summary) {
            return;
        }
        let first = self.incomplete.entry(family).or_insert((line, parts));
        if line < first.0 {
            *first = (line, parts);
        }
    }
}
