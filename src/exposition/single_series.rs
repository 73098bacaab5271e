//! Checks series that are sent by remote write. Each sample is a separate series, in which a bucket bound or quantile
//! is an ordinary label. No series may occur twice. Labels with an empty value are ignored.
//!
//! If a series has two samples with the same timestamp, a receiver stores only one of them, often without reporting an
//! error. Samples with different timestamps would have to be sent in order, so they are rejected as well.

use super::code::Code;
use super::context::Context;
use super::duplicates::duplicate;
use super::findings::Message;
use super::hash;
use super::messages::quoted;
use super::overwrites::Overwrites;
use super::series::{CompareLines, Parts, Relation, SeriesTable};
use super::text::lines::{self, Text, line_in_file};
use super::text::scan::{self, Line, SampleLine};
use super::text::token::{LabelPair, Token, same_labels, sort_labels};

/// Reports repeated series, and samples with a repeated bucket bound or quantile.
pub(super) fn check(text: Text<'_>, overwrites: &Overwrites<'_>, context: &mut Context<'_>) {
    if context.findings.has_error(Code::DuplicateSeries) {
        // The OpenMetrics checks have already reported these lines.
        return;
    }
    let mut series = SeriesTable::new(text.bytes.len());
    let mut labels = Vec::new();
    for (_, file) in lines::files(text) {
        let mut start = file.start;
        while let Some(line) = lines::next(text.bytes, &file, start, &mut labels) {
            start = line.all.end + 1;
            let Ok(Line::Sample(SampleLine { name: Some(name), .. })) =
                scan::line(text.bytes, line.trimmed, &mut labels)
            else {
                continue;
            };
            bound_twice(&labels, context);
            let sum = labels.iter().filter(|label| is_sent(label, overwrites)).fold(0_u64, |sum, label| {
                sum.wrapping_add(hash::label(label.name.hash(), label.value.hash()))
            });
            series.add(hash::label(name.hash(), sum), line.all.start);
        }
    }
    let mut comparer =
        SampleComparer { text, overwrites, scratch: [Vec::new(), Vec::new()], duplicates: Vec::new() };
    series.compare(&mut comparer);
    let mut duplicates = comparer.duplicates;
    duplicates.sort_unstable();
    for (second, first) in duplicates {
        duplicate(first, second, context);
    }
}

/// Returns whether the label is sent unchanged.
fn is_sent(label: &LabelPair<'_>, overwrites: &Overwrites<'_>) -> bool {
    !label.value.raw().is_empty() && overwrites.keeps(label)
}

/// Reports a second `le` or `quantile` label. A gateway accepts it and uses the last one.
fn bound_twice(labels: &[LabelPair<'_>], context: &mut Context<'_>) {
    for bound in [&b"le"[..], b"quantile"] {
        let mut named = labels.iter().filter(|label| label.name.is(bound));
        if let (Some(first), Some(second)) = (named.next(), named.next()) {
            context.findings.error(Code::DuplicateLabel, second.name.span(), || {
                Message::new(format!("the label {} occurs twice", quoted(bound)))
                    .related(first.name.span(), "first occurrence")
            });
        }
    }
}

/// Compares lines that may contain the same series by parsing them again.
struct SampleComparer<'c, 'a> {
    text: Text<'a>,
    overwrites: &'c Overwrites<'a>,
    scratch: [Vec<LabelPair<'a>>; 2],
    /// Pairs of lines with the same series: the later line, then the earlier one.
    duplicates: Vec<(usize, usize)>,
}

impl<'a> SampleComparer<'_, 'a> {
    /// Parses the line that starts at `at`. Returns the name and stores the sorted labels in `scratch[slot]`.
    fn read(&mut self, at: usize, slot: usize) -> Option<Token<'a>> {
        let labels = &mut self.scratch[slot];
        let Ok(Line::Sample(SampleLine { name, .. })) =
            scan::line(self.text.bytes, line_in_file(self.text, at), labels)
        else {
            return None;
        };
        labels.retain(|label| is_sent(label, self.overwrites));
        sort_labels(labels);
        name
    }
}

impl CompareLines for SampleComparer<'_, '_> {
    fn compare(&mut self, first: usize, second: usize) -> Relation {
        let (Some(one), Some(other)) = (self.read(first, 0), self.read(second, 1)) else {
            return Relation::DifferentSeries;
        };
        let [first, second] = &self.scratch;
        let is_same = one.same(&other) && same_labels(first, second);
        if is_same { Relation::DuplicateSeries } else { Relation::DifferentSeries }
    }

    fn duplicate(&mut self, first: usize, second: usize) {
        self.duplicates.push((second, first));
    }

    fn composite(&mut self, _: usize, _: Parts) {}
}

#[cfg(test)]
mod tests {
    use crate::exposition::{CheckOptions, Code, Text, check};
    use crate::grouping::{GroupingKey, KeyRules, Label};

    #[test]
    fn samples_that_a_receiver_would_drop_are_errors() {
        let key = GroupingKey::new("b", [Label::new("k", "1")], KeyRules::default()).unwrap();
        for (text, expected) in [
            ("a 1\na{x=\"\"} 2\n", &[Code::DuplicateSeries][..]),
            ("a 1 1700000000005\na 1 1700000000006\n", &[Code::DuplicateSeries]),
            ("a 1 5\n", &[Code::Timestamp]),
            ("a 1 555\n", &[Code::Timestamp]),
            ("a{k=\"1\"} 1\na{job=\"b\"} 1\n", &[Code::DuplicateSeries]),
            ("a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n", &[Code::DuplicateSeries]),
            (
                "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\n",
                &[Code::DuplicateSeries],
            ),
            ("# TYPE h histogram\nh_sum 1\nh_sum 1\n", &[Code::DuplicateSeries]),
            ("# TYPE h histogram\nh_bucket{le=\"1\",le=\"2\"} 1\n", &[Code::DuplicateLabel]),
            ("a{x=\"1\",x=\"2\"} 1\n", &[Code::DuplicateLabel]),
            ("a{x=\"\u{fffd}\"} 1\n", &[]),
            ("a 1 now\n", &[Code::InvalidTimestamp]),
            ("{\"a b\"} 1\n", &[Code::Utf8Name]),
        ] {
            let options = CheckOptions { remote_write: true, grouping: Some(&key), ..CheckOptions::PLAIN };
            let report = check(Text { bytes: text.as_bytes(), starts: &[0] }, &options);
            let found: Vec<_> =
                report.counts.iter().filter(|(_, code, _)| *code != Code::OverwrittenLabel).collect();
            assert_eq!(found.iter().map(|(_, code, _)| *code).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn text_that_only_a_gateway_rejects_is_accepted() {
        for text in [
            "a 1 1700000000000\n",
            "a 1\na_b 1 1600000000000\n",
            "push_time_seconds 1\n# TYPE go_goroutines counter\ngo_goroutines 1\n",
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1.5\nh_bucket{le=\"1.0\"} 1\nh 1\n",
            "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count -1\n",
        ] {
            let options = CheckOptions { remote_write: true, ..CheckOptions::PLAIN };
            let report = check(Text { bytes: text.as_bytes(), starts: &[0] }, &options);
            assert!(report.diagnostics.is_empty(), "{text}{:#?}", report.diagnostics);
        }
    }
}
