//! Checks the order of samples. The samples of one histogram, summary or counter form a group. They must be consecutive
//! and sorted by timestamp. Samples with the same timestamp (a point) must be consistent.

use super::kind::{MetricType, Part};
use super::time::Time;
use crate::exposition::code::Code;
use crate::exposition::context::Context;
use crate::exposition::findings::Message;
use crate::exposition::labels::SeriesHash;
use crate::exposition::messages::quoted;
use crate::exposition::series::Parts;
use crate::exposition::text::number::{self, Float};
use crate::exposition::text::spans::series_at;
use std::ops::Range;

/// A valid sample.
#[derive(Clone, Debug)]
pub(super) struct PointSample<'a> {
    /// The start of the sample's line.
    pub(super) line: usize,
    pub(super) part: Part,
    pub(super) hash: SeriesHash,
    /// The hash of the labels that all samples of the group have in common.
    pub(super) group: u64,
    pub(super) timestamp: Option<(Range<usize>, Time)>,
    pub(super) value: &'a [u8],
}

/// The relation of a sample to the samples before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SamplePlace {
    /// The first sample of a group.
    NewGroup,
    SameGroup,
    /// A repeated series with the same timestamp. Client libraries ignore such samples.
    Ignored,
    /// An error in the sample was reported.
    Invalid,
}

/// The samples of one group with the same timestamp.
#[derive(Debug, Default)]
struct Point {
    /// The start of the first line.
    line: usize,
    /// The parts found so far, as a set of [`Part::bit`] bits.
    seen: u16,
    /// The quantiles of a summary, each with the start of its line.
    quantiles: Vec<(f64, usize)>,
    /// The bound and the value of the last bucket.
    bucket: Option<(f64, f64)>,
    bucket_line: usize,
    has_negative_bucket: bool,
    /// The value of the count and the start of its line.
    count: Option<(f64, usize)>,
    sum: Option<(f64, usize)>,
    /// Whether a sample may be missing because its line is invalid.
    has_invalid: bool,
}

/// The group that is currently being read.
#[derive(Debug, Default)]
pub(super) struct CurrentGroup {
    hash: Option<u64>,
    timestamp: Option<(Range<usize>, Time)>,
    point: Point,
    /// The first histogram or summary in the family that lacks `_count` or `_sum`: its parts and the start of its first
    /// line.
    pub(super) incomplete: Option<(Parts, usize)>,
    /// Whether an invalid line was read since the start of the current point. It may belong to the next group.
    is_next_invalid: bool,
}

impl CurrentGroup {
    /// Adds the next sample. `kind` is the type of its family.
    #[inline]
    pub(super) fn add(
        &mut self,
        kind: MetricType,
        sample: &PointSample<'_>,
        context: &mut Context<'_>,
    ) -> SamplePlace {
        let is_same = self.hash == Some(sample.group);
        if !is_same {
            self.finish(kind, context);
            self.hash = Some(sample.group);
            self.timestamp.clone_from(&sample.timestamp);
            self.start_point(sample.line);
        } else if !self.is_in_order(kind, sample, context) {
            return SamplePlace::Invalid;
        }
        let is_repeated = self.is_repeated(kind, sample.part);
        if is_repeated {
            return self.repeated(sample, context);
        }
        self.point.seen |= sample.part.bit();
        if !self.add_part(kind, sample, context) {
            return SamplePlace::Invalid;
        }
        if is_same { SamplePlace::SameGroup } else { SamplePlace::NewGroup }
    }

    fn start_point(&mut self, line: usize) {
        let has_invalid = std::mem::take(&mut self.is_next_invalid);
        self.point = Point { line, has_invalid, ..Point::default() };
    }

    /// Records that a line is invalid. After that, missing samples are not reported, because this line may be one of
    /// them.
    pub(super) fn add_invalid(&mut self) {
        self.point.has_invalid = true;
        self.is_next_invalid = true;
    }

    /// Returns whether the point already has this part and can have it only once.
    fn is_repeated(&self, kind: MetricType, part: Part) -> bool {
        let is_many = match kind {
            MetricType::Info | MetricType::StateSet => true,
            MetricType::Summary => part == Part::Value,
            _ => part == Part::Bucket,
        };
        !is_many && self.point.seen & part.bit() != 0
    }

    /// Checks the timestamp of the next sample in the group. Returns whether it is valid.
    fn is_in_order(&mut self, kind: MetricType, sample: &PointSample<'_>, context: &mut Context<'_>) -> bool {
        let (before, now) = match (&self.timestamp, &sample.timestamp) {
            (None, None) => return true,
            (Some(before), Some(now)) => (before, now),
            // If timestamps are stripped, only a repeated series is a problem.
            _ if context.options.strip_timestamps && !self.is_repeated(kind, sample.part) => {
                self.timestamp.clone_from(&sample.timestamp);
                return true;
            }
            _ => {
                let line = self.point.line;
                context.findings.error_at(Code::TimestampOrder, sample.line, || {
                    mixed_timestamps(context.bytes, line, sample)
                });
                return false;
            }
        };
        if before.1 > now.1 && kind != MetricType::Info {
            context.findings.error(Code::TimestampOrder, now.0.clone(), || {
                Message::new("the timestamp is earlier than that of the previous sample")
                    .help("sort the samples of a series by timestamp")
                    .related(before.0.clone(), "the later timestamp")
            });
            return false;
        }
        if before.1 != now.1 && kind != MetricType::Info {
            if context.options.strip_timestamps {
                repeated_in_point(self.point.line, sample.line, context);
                return false;
            }
            self.finish(kind, context);
            self.start_point(sample.line);
        }
        self.timestamp.clone_from(&sample.timestamp);
        true
    }

    /// Reports a repeated series. If the samples have timestamps, the second sample is ignored without an error,
    /// because both may have been taken within the resolution of the timestamp.
    #[cold]
    fn repeated(&self, sample: &PointSample<'_>, context: &mut Context<'_>) -> SamplePlace {
        if sample.timestamp.is_some() {
            return SamplePlace::Ignored;
        }
        repeated_in_point(self.point.line, sample.line, context);
        SamplePlace::Invalid
    }

    /// Adds the sample to the point. Returns whether its value and bound are consistent with the previous bucket.
    fn add_part(&mut self, kind: MetricType, sample: &PointSample<'_>, context: &mut Context<'_>) -> bool {
        match sample.part {
            Part::Bucket => return self.add_bucket(sample, context),
            Part::Count | Part::GaugeCount if kind.has_buckets() => {
                self.point.count = Some((float(sample.value), sample.line));
            }
            Part::Sum | Part::GaugeSum if kind.has_buckets() => {
                self.point.sum = Some((float(sample.value), sample.line));
            }
            Part::Value if kind == MetricType::Summary => {
                self.point.quantiles.extend(sample.hash.bound.map(|bound| (bound, sample.line)));
            }
            _ => {}
        }
        true
    }

    fn add_bucket(&mut self, sample: &PointSample<'_>, context: &mut Context<'_>) -> bool {
        let (Some(bound), value) = (sample.hash.bound, float(sample.value)) else { return false };
        let last = self.point.bucket.replace((bound, value));
        self.point.bucket_line = sample.line;
        self.point.has_negative_bucket |= bound < 0.0;
        let Some((last_bound, last_value)) = last else { return true };
        let text = if bound <= last_bound {
            "the bucket's bound is not greater than the previous bucket's bound"
        } else if value < last_value {
            "the bucket's value is less than the previous bucket's value"
        } else {
            return true;
        };
        let help = if bound <= last_bound {
            "sort the buckets by `le`, and write each bound once"
        } else {
            "buckets are cumulative: each one includes all buckets with smaller bounds"
        };
        let bytes = context.bytes;
        context.findings.error_at(Code::BucketOrder, sample.line, || {
            (series_at(bytes, sample.line), Message::new(text).help(help))
        });
        false
    }

    /// Checks the current point. Must be called before the next point starts, and at the end of the family.
    pub(super) fn finish(&mut self, kind: MetricType, context: &mut Context<'_>) {
        if self.hash.is_none() {
            return;
        }
        let is_valid = match kind {
            MetricType::Summary => self.point.repeated_quantile(context),
            _ if kind.has_buckets() => self.point.has_invalid || self.point.histogram(kind, context),
            _ => return,
        };
        let needed = Part::Count.bit() | Part::Sum.bit();
        if is_valid
            && !self.point.has_invalid
            && kind != MetricType::GaugeHistogram
            && self.point.seen & needed != needed
        {
            let parts = self.parts();
            self.incomplete.get_or_insert(parts);
        }
    }

    /// Returns the parts of the point and the start of its first line.
    fn parts(&self) -> (Parts, usize) {
        let mut parts = Parts::COMPOSITE;
        for (part, known) in
            [(Part::Count, Parts::COUNT), (Part::Sum, Parts::SUM), (Part::Bucket, Parts::INFINITY)]
        {
            if self.point.seen & part.bit() != 0 {
                parts = parts.and(known);
            }
        }
        (parts, self.point.line)
    }
}

impl Point {
    /// Reports repeated quantiles. Returns true if there are none.
    fn repeated_quantile(&mut self, context: &mut Context<'_>) -> bool {
        let quantiles = &mut self.quantiles;
        if quantiles.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return true;
        }
        quantiles.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        for pair in quantiles.windows(2).filter(|pair| pair[0].0 >= pair[1].0) {
            repeated_series(pair[0].1, pair[1].1, context);
        }
        quantiles.windows(2).all(|pair| pair[0].0 < pair[1].0)
    }

    /// Reports an inconsistency between the buckets, the count and the sum. Returns true if there is none.
    fn histogram(&self, kind: MetricType, context: &mut Context<'_>) -> bool {
        let (count, sum) = if kind == MetricType::Histogram {
            (Part::Count.suffix(), Part::Sum.suffix())
        } else {
            (Part::GaugeCount.suffix(), Part::GaugeSum.suffix())
        };
        let last_line = if self.bucket.is_some() { self.bucket_line } else { self.line };
        let is_gauge = kind == MetricType::GaugeHistogram;
        let problem = match (self.bucket, self.count, self.sum) {
            (bucket, ..) if bucket.is_none_or(|(bound, _)| bound != f64::INFINITY) => {
                Some((last_line, "the histogram has no bucket with `le=\"+Inf\"`".to_owned()))
            }
            (Some((_, value)), Some((number, line)), _) if (value - number).abs() > 0.0 => {
                Some((line, format!("`{count}` differs from the bucket with `le=\"+Inf\"`")))
            }
            (_, None, Some((_, line))) => Some((line, format!("the histogram has `{sum}` but no `{count}`"))),
            (_, Some((_, line)), None) => Some((line, format!("the histogram has `{count}` but no `{sum}`"))),
            (_, _, Some((_, line))) if self.has_negative_bucket && !is_gauge => {
                Some((line, format!("a histogram with negative buckets cannot have `{sum}`")))
            }
            (_, _, Some((sum_value, line))) if sum_value < 0.0 && !self.has_negative_bucket => {
                Some((line, format!("`{sum}` is negative, but no bucket has a negative bound")))
            }
            _ => None,
        };
        if let Some((line, text)) = problem {
            let bytes = context.bytes;
            context.findings.error_at(Code::IncompleteHistogram, line, || {
                let help = format!(
                    "a histogram has buckets up to `le=\"+Inf\"`, and either both `{count}` and `{sum}` or neither"
                );
                (series_at(bytes, line), Message::new(text).help(help))
            });
            return false;
        }
        true
    }
}

fn float(value: &[u8]) -> f64 {
    if let Float::Value(value) = number::float(value) { value } else { f64::NAN }
}

fn mixed_timestamps(bytes: &[u8], first: usize, sample: &PointSample<'_>) -> (Range<usize>, Message) {
    let span =
        sample.timestamp.as_ref().map_or_else(|| series_at(bytes, sample.line), |(span, _)| span.clone());
    let of = if bytes[series_at(bytes, first)] == bytes[series_at(bytes, sample.line)] {
        "series"
    } else {
        "metric"
    };
    let text = if sample.timestamp.is_some() {
        format!("this sample has a timestamp, but the previous sample of the same {of} has none")
    } else {
        format!("this sample has no timestamp, but the previous sample of the same {of} has one")
    };
    let message = Message::new(text).help(format!("give all samples of a {of} a timestamp, or none"));
    (span, message.related(series_at(bytes, first), format!("the {of}")))
}

/// Reports a series that occurs twice.
pub(super) fn repeated_series(first: usize, second: usize, context: &mut Context<'_>) {
    let bytes = context.bytes;
    context.findings.error_at(Code::DuplicateSeries, second, || {
        repeated(bytes, Some(series_at(bytes, first)), series_at(bytes, second))
    });
}

/// Reports a series that is repeated in the point that starts at `start`.
fn repeated_in_point(start: usize, second: usize, context: &mut Context<'_>) {
    let bytes = context.bytes;
    context.findings.error_at(Code::DuplicateSeries, second, || {
        let second = series_at(bytes, second);
        repeated(bytes, first_in_point(bytes, start, &second), second)
    });
}

fn repeated(bytes: &[u8], first: Option<Range<usize>>, second: Range<usize>) -> (Range<usize>, Message) {
    let message = Message::new(format!("the series {} occurs twice", quoted(&bytes[second.clone()])));
    (second, message.related(first, "first occurrence"))
}

/// Finds the first line at or after `start` that begins with the same series. Lines with a different label order are
/// not found.
fn first_in_point(bytes: &[u8], start: usize, second: &Range<usize>) -> Option<Range<usize>> {
    let series = &bytes[second.clone()];
    let mut line = start;
    while line < second.start {
        if bytes[line..].strip_prefix(series).is_some_and(|rest| rest.starts_with(b" ")) {
            return Some(line..line + series.len());
        }
        line += memchr::memchr(b'\n', &bytes[line..second.start])? + 1;
    }
    None
}
