//! Checks samples: the family, the labels, the value, and the text after the value.
//!
//! The rules match `prometheus/common expfmt/text_parse.go` (`startLabelName`, `startLabelValue`, `readingValue`,
//! `startTimestamp`). Where the order of checks matters, it follows the parser's states.

use super::code::Code;
use super::context::Context;
use super::family::{FamilyEntry, SampleFamily, Suffix};
use super::fast_path::FastPath;
use super::findings::{Message, QUOTED_NAME};
use super::hash;
use super::labels::{self, LabelRules, SeriesHash};
use super::messages::{self, quoted};
use super::model::kind::Kind;
use super::multiline;
use super::names::is_valid_name;
use super::options::CheckOptions;
use super::series::{Parts, SeriesTable};
use super::text::number::{self, Float};
use super::text::scan::SampleLine;
use super::text::token::{LabelPair, Token};
use crate::grouping::LegacyName;
use std::borrow::Cow;
use std::ops::Range;

/// The smallest number that does not fit in `uint64`, the type that Go uses for counts.
const COUNT_LIMIT: f64 = 18_446_744_073_709_551_616.0;

/// The table of series that a sample is added to.
#[derive(Clone, Copy)]
pub(super) enum SampleTable {
    Series,
    /// The caller has its own table.
    Openmetrics,
}

/// Checks samples and keeps state between them.
pub(super) struct SampleRules<'a> {
    pub(super) labels: LabelRules<'a>,
    pub(super) series: SeriesTable,
    pub(super) fast_path: FastPath<'a>,
    /// The name, family and suffix of the last sample. The next line usually has the same name.
    last_name: Option<(&'a [u8], usize, Suffix)>,
    /// Pairs of a family with a TYPE line, and a family without one whose first sample directly follows that line.
    pub(super) other_type_lines: Vec<(usize, usize)>,
    pub(super) count: usize,
    /// Number of invalid lines that may have been meant as samples.
    pub(super) unread: usize,
}

impl<'a> SampleRules<'a> {
    pub(super) fn new(bytes: &'a [u8], options: &'a CheckOptions<'a>) -> Self {
        let is_utf8 = std::str::from_utf8(bytes).is_ok();
        Self {
            labels: LabelRules::new(options, is_utf8),
            series: SeriesTable::new(bytes.len()),
            fast_path: FastPath::new(bytes, is_utf8),
            last_name: None,
            other_type_lines: Vec::new(),
            count: 0,
            unread: 0,
        }
    }

    /// Checks the first line of `rest` on the fast path, if possible. Returns the start of the next line.
    #[inline]
    pub(super) fn check_fast(&mut self, rest: Range<usize>, context: &mut Context<'a>) -> Option<usize> {
        let line = rest.start;
        let len = self.fast_path.accept(rest, &self.labels.overwrites)?;
        let (family, hash) = self.fast_path.last()?;
        self.count += 1;
        self.add_series(line, family, hash, context);
        Some(line + len)
    }

    /// Like [`check_fast`](Self::check_fast), but for OpenMetrics, which has its own table of series. Returns the
    /// length of the line including the newline, and the hash of its series.
    #[inline]
    pub(super) fn check_fast_openmetrics(&mut self, rest: Range<usize>) -> Option<(usize, SeriesHash)> {
        let len = self.fast_path.accept(rest, &self.labels.overwrites)?;
        Some((len, self.fast_path.last()?.1))
    }

    /// Checks an OpenMetrics sample against the gateway's rules. Returns the hash of its series, unless the line is
    /// invalid.
    pub(super) fn check_openmetrics(
        &mut self,
        line: usize,
        parts: (&SampleLine<'a>, &[LabelPair<'a>]),
        family: usize,
        context: &mut Context<'a>,
    ) -> Option<SeriesHash> {
        self.fast_path.end();
        self.check(line, parts, Some(family), SampleTable::Openmetrics, context)?.1
    }

    /// Checks the sample in the line that starts at `line`, and adds it to the series table unless `table` is that of
    /// OpenMetrics. Returns the number of its family, and the hash of its series if the line is valid. `previous` is the
    /// family that the server's parser read last.
    pub(super) fn check(
        &mut self,
        line: usize,
        (sample, labels): (&SampleLine<'a>, &[LabelPair<'a>]),
        previous: Option<usize>,
        table: SampleTable,
        context: &mut Context<'a>,
    ) -> Option<(usize, Option<SeriesHash>)> {
        let (family, hash) = self.check_line(line, (sample, labels), previous, context)?;
        let Some(hash) = hash else { return Some((family.number, None)) };
        let entry = &mut context.families[family.number];
        match table {
            SampleTable::Openmetrics => {}
            SampleTable::Series if is_pending(sample, labels, family, entry) => {
                entry.first_sample_pending = true;
                self.series.end_composite();
            }
            SampleTable::Series => self.add_series(line, family, hash, context),
        }
        if !sample.braced {
            self.fast_path.keep(line, sample, labels, family, hash, &self.labels);
        }
        Some((family.number, Some(hash)))
    }

    /// Checks a sample. Returns its family, and the hash of its series unless the line is invalid.
    fn check_line(
        &mut self,
        line: usize,
        (sample, labels): (&SampleLine<'a>, &[LabelPair<'a>]),
        mut previous: Option<usize>,
        context: &mut Context<'a>,
    ) -> Option<(SampleFamily, Option<SeriesHash>)> {
        let Some((number, suffix)) = self.family(line, (sample, labels), context) else {
            self.unread += 1;
            return None;
        };
        let kind = if let Some(kind) = context.families[number].kind {
            kind
        } else {
            if context.options.default_type.is_some() {
                // The added TYPE line is the last that the parser reads.
                previous = Some(number);
            } else if let Some(declared) = previous
                && context.families[declared].sample().is_none()
            {
                self.other_type_lines.push((declared, number));
            }
            set_kind(line, sample, number, context)
        };
        let family = SampleFamily { number, kind, suffix };
        let is_misread = sample.braced && self.is_misread(line, sample, family, previous, context);
        self.count += 1;

        let errors = context.findings.parse_errors;
        let hash = self.labels.check(labels, kind, &mut context.findings).filter(|_| !is_misread);
        let value = value(sample, !labels.is_empty(), context);
        if let Some(value) = value {
            if let Some(hash) = hash.filter(|_| kind.is_composite()) {
                check_part(sample, family, (&hash, value), context);
            }
            check_rest(sample, !labels.is_empty(), context);
        }
        let is_meant_as_number = || number::begins_like_number(&context.bytes[sample.value.clone()]);
        context.families[number].is_metric |=
            if value.is_some() { context.findings.parse_errors == errors } else { is_meant_as_number() };
        let hash = hash.filter(|_| value.is_some());
        if hash.is_none() {
            // The line may be part of a histogram or summary, so missing parts are not reported.
            self.unread += 1;
        }
        Some((family, hash))
    }

    fn family(
        &mut self,
        line: usize,
        (sample, labels): (&SampleLine<'a>, &[LabelPair<'a>]),
        context: &mut Context<'a>,
    ) -> Option<(usize, Suffix)> {
        let Some(name) = &sample.name else {
            if let Some(label) = labels.iter().find(|label| label.name.is(b"__name__")) {
                labels::check_reserved(label, &mut context.findings);
                return None;
            }
            // For a line such as `{a="b"} 1`, the server's parser reuses the last family and metric: it stores the
            // sample there, rejects the text, or crashes.
            context.findings.error(Code::NamelessSample, sample.series_span(context.bytes, line), || {
                Message::new("the metric name is missing; is a variable unset?")
                    .help("write the sample as `name{label=\"value\"} 1`")
            });
            return None;
        };
        if let Some((last, number, suffix)) = self.last_name
            && name.is_plain()
            && !sample.braced
            && name.raw() == last
        {
            return Some((number, suffix));
        }
        if !name.is_plain() && is_quoted_line(name, sample, context) {
            return None;
        }
        if !is_valid_name(name, LegacyName::Metric, context.options.utf8_names, &mut context.findings) {
            return None;
        }
        let (number, suffix) = context.families.get_or_add(name);
        context.families[number].add_sample(name);
        self.last_name = name.is_plain().then_some((name.raw(), number, suffix));
        Some((number, suffix))
    }

    /// Returns whether the server's parser misreads a line that begins with a brace. `readingLabels` starts with the
    /// family of the previous line and does not start over when it reaches the name. A histogram or summary then gets
    /// the labels of another one, or the parser crashes because there are none. If `le` or `quantile` comes before the
    /// name of another metric, it is lost. (Verified on Pushgateway 1.11.2.)
    #[cold]
    fn is_misread(
        &mut self,
        line: usize,
        sample: &SampleLine<'a>,
        family: SampleFamily,
        previous: Option<usize>,
        context: &mut Context<'a>,
    ) -> bool {
        let span = sample.series_span(context.bytes, line);
        let name = sample.name.map_or(span.clone(), |name| name.span());
        context.findings.older_gateways(QUOTED_NAME, name);
        let follows_own_family = previous == Some(family.number);
        let previous_kind = previous.and_then(|number| context.families[number].kind);
        let follows_composite = previous_kind.is_some_and(Kind::is_composite);
        let is_misread = !follows_own_family
            && (family.kind.is_composite() || sample.labels_before_name > 0 && follows_composite);
        if is_misread {
            self.unread += 1;
            context.findings.error(Code::ParserCrash, span, || {
                Message::new("the gateway's parser misreads this line, or crashes").help(
                    "write the name before the braces, or keep the lines of a histogram or summary right after its TYPE line",
                )
            });
        }
        is_misread
    }

    #[inline]
    fn add_series(&mut self, line: usize, family: SampleFamily, hash: SeriesHash, context: &mut Context<'a>) {
        let SampleFamily { number, kind, suffix } = family;
        let series = hash::series(number, hash.in_group);
        if !kind.is_composite() {
            if hash.in_group == 0 {
                add_pending(&mut self.series, &mut context.families[number], number);
            }
            self.series.add(series, line);
            return;
        }
        let bound = hash.bound.filter(|_| matches!(suffix, Suffix::None | Suffix::Bucket));
        let parts = match suffix {
            Suffix::Count => Parts::COUNT,
            Suffix::Sum => Parts::SUM,
            Suffix::None | Suffix::Bucket if bound == Some(f64::INFINITY) => Parts::INFINITY,
            Suffix::None | Suffix::Bucket => Parts::default(),
        };
        self.series.add_part((series, line), parts, bound, (number, hash.in_text));
    }
}

/// Checks the value of a histogram or summary sample, and whether the gateway stores the sample at all.
fn check_part(
    sample: &SampleLine<'_>,
    family: SampleFamily,
    (hash, value): (&SeriesHash, &[u8]),
    context: &mut Context<'_>,
) {
    let Float::Value(value) = number::float(value) else { return };
    let has_bound = hash.bound.is_some_and(|bound| !bound.is_nan());
    let span = sample.value.clone();
    match family.suffix {
        Suffix::Sum => {}
        Suffix::Count if family.kind == Kind::Summary => {
            if value.fract() != 0.0 || !(0.0..COUNT_LIMIT).contains(&value) {
                context.findings.warning(Code::SummaryCount, span, || {
                    Message::new(
                        "the count of a summary must be a whole number of at least 0; the gateway stores a different one",
                    )
                });
            }
        }
        Suffix::None | Suffix::Bucket if !has_bound => {
            // Only the first dropped sample of each family is reported, and none if its type is a guess.
            let is_first = context.families.with_dropped_sample.insert(family.number);
            if is_first && !context.families[family.number].kind_is_guessed {
                dropped(sample, family, context);
            }
        }
        Suffix::None if family.kind == Kind::Summary => {}
        Suffix::Count | Suffix::None | Suffix::Bucket if value < 0.0 => {
            context.findings.error(Code::NegativeCount, span, || {
                let what = if family.suffix == Suffix::Count { "count" } else { "bucket" };
                Message::new(format!("the {what} of a histogram is negative"))
            });
        }
        Suffix::Count | Suffix::None | Suffix::Bucket => {
            if value.fract() != 0.0 || value >= COUNT_LIMIT {
                let text = "older gateways, such as 1.5.1, store only the integer part of a bucket or count";
                context.findings.older_gateways(text, span);
            }
        }
    }
}

/// Reports a line that is entirely in quotes, as printed by `echo` in cmd.exe. The parser would read the text up to the
/// second quote as a name. Returns whether an error was reported.
#[cold]
fn is_quoted_line(name: &Token<'_>, sample: &SampleLine<'_>, context: &mut Context<'_>) -> bool {
    let span = name.span().start..sample.rest.end;
    let text = match &context.bytes[span.clone()] {
        _ if sample.value.is_empty() => name.text(),
        [b'"', text @ .., b'"'] => Cow::Borrowed(text),
        _ => return false,
    };
    let text = text.trim_ascii_end();
    let Some(space) = text.iter().rposition(|byte| *byte == b' ') else { return false };
    let is_line = !sample.braced && number::is_float(&text[space + 1..]);
    if is_line {
        context.findings.error(Code::MissingValue, span, || {
            let is_sample = multiline::is_valid(text) && text.len() <= 60;
            let sample = if is_sample { quoted(text) } else { "it without quotes".to_owned() };
            Message::new("the whole line is in shell quotes")
                .help(format!("write {sample}; in cmd.exe, `echo` prints the quotes"))
        });
    }
    is_line
}

/// Sets and returns the type of a family without a TYPE line. With a default type, adds a TYPE line to the text.
fn set_kind(line: usize, sample: &SampleLine<'_>, number: usize, context: &mut Context<'_>) -> Kind {
    let mut kind = Kind::Untyped;
    if let (Some(name), Some(default)) = (&sample.name, context.options.default_type) {
        let type_line = [b"# TYPE ", name.raw(), b" ", default.as_bytes(), b"\n"].concat();
        context.findings.splice(line..line, Cow::Owned(type_line));
        kind = Kind::parse(default.as_bytes()).unwrap_or(kind);
    }
    context.families[number].kind = Some(kind);
    kind
}

/// Returns the value if it is a number. Otherwise, reports an error.
fn value<'a>(sample: &SampleLine<'a>, has_labels: bool, context: &mut Context<'a>) -> Option<&'a [u8]> {
    let value = &context.bytes[sample.value.clone()];
    if number::is_float(value) {
        return Some(value);
    }
    let (code, span, message) = messages::value(context.bytes, sample, has_labels);
    context.findings.error(code, span, || message);
    None
}

/// Checks the text after the value, which must be empty or a timestamp.
fn check_rest(sample: &SampleLine<'_>, has_labels: bool, context: &mut Context<'_>) {
    if sample.rest.is_empty() {
        return;
    }
    let rest = &context.bytes[sample.rest.clone()];
    let (word, after) = messages::first_word(rest);
    let span = sample.rest.start..sample.rest.start + word.len();
    let after_span = sample.rest.end - after.len()..sample.rest.end;
    let is_timestamp = number::is_timestamp(word);
    if context.options.strip_timestamps && after.is_empty() && number::is_float(word) {
        strip_timestamp(sample.value.end..span.end, span, context);
    } else if let Some(joined) = messages::with_spaces(&context.bytes[sample.value.clone()], rest) {
        let code = match is_timestamp {
            false => Code::InvalidTimestamp,
            true if after.is_empty() => Code::Timestamp,
            true => Code::TrailingText,
        };
        let span = sample.value.start..sample.rest.end;
        let text = &context.bytes[span.clone()];
        context.findings.error(code, span, || {
            Message::new(format!("{} contains spaces", quoted(text))).help(format!(
                "write `{joined}` if the spaces separate thousands; otherwise remove the text after the value"
            ))
        });
    } else if !is_timestamp {
        let (code, message) = messages::rest(rest, has_labels);
        let span = if code == Code::Exemplar { sample.rest.clone() } else { span };
        if rest.starts_with(b"# {") {
            context.openmetrics_error(code, span, || message);
        } else {
            context.findings.error(code, span, || message);
        }
    } else if after.is_empty() {
        check_timestamp(span, ("milliseconds", 1e3), context);
    } else if after.starts_with(b"#") {
        let (code, message) = messages::rest(after, has_labels);
        context.findings.error(code, after_span, || message);
    } else {
        context.findings.error(Code::TrailingText, after_span, || {
            Message::new("unexpected text after the timestamp").help(if after[0].is_ascii_alphabetic() {
                messages::JOINED_LINES
            } else {
                "a sample has only one value; remove the rest, or choose one column"
            })
        });
    }
}

/// Unix times of the years 1990 to 2100, in seconds.
const TIMES: Range<f64> = 631_152_000.0..4_102_444_800.0;

/// Reports a timestamp that a gateway rejects, or that is probably not in `unit`. Some receivers silently drop such a
/// sample. `unit` contains the name of the unit, and how many of them make up a second.
pub(super) fn check_timestamp(span: Range<usize>, unit: (&str, f64), context: &mut Context<'_>) {
    const UNITS: [(&str, f64); 4] =
        [("seconds", 1.0), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9)];
    if !context.options.keeps_timestamps() {
        context.findings.error(Code::Timestamp, span, || {
            Message::new("Pushgateway and node_exporter reject timestamps")
                .help("remove it, or use `--strip-timestamps`; Prometheus sets the time when it scrapes")
        });
        return;
    }
    let (word, (unit, per_second)) = (&context.bytes[span.clone()], unit);
    let Float::Value(time) = number::float(word) else { return };
    if !context.options.remote_write || TIMES.contains(&(time / per_second)) {
        return;
    }
    context.findings.warning(Code::Timestamp, span, || {
        let year = (1970.0 + time / per_second / 31_556_952.0).floor();
        let help = match UNITS.iter().find(|(_, in_second)| TIMES.contains(&(time / in_second))) {
            Some((unit, in_second)) => {
                // Whole milliseconds, because receivers store nothing smaller.
                let time = (time / in_second * 1e3).trunc() / (1e3 / per_second);
                format!("it looks like {unit}: write `{time}`")
            }
            None => "without a timestamp, the sample gets the current time".to_owned(),
        };
        let word = quoted(word);
        Message::new(format!("{word} {unit} since 1970 is in the year {year}")).help(help)
    });
}

/// Removes a timestamp and the space before it. Warns if the number is probably not a timestamp but a part of the value
/// or a second value.
fn strip_timestamp(with_space: Range<usize>, span: Range<usize>, context: &mut Context<'_>) {
    let word = &context.bytes[span.clone()];
    context.stripped += 1;
    context.findings.splice(with_space, Cow::Borrowed(b""));
    if let Float::Value(time) = number::float(word)
        && !TIMES.contains(&time)
        && !TIMES.contains(&(time / 1_000.0))
    {
        context.findings.warning(Code::StrippedNumber, span, || {
            Message::new(format!(
                "{} is treated as a timestamp and removed, but it is probably not one",
                quoted(word)
            ))
            .help("is it part of the value? a value cannot contain spaces")
        });
    }
}

/// Adds the postponed first sample of a family to the series table, because the next sample may have the same series.
fn add_pending(series: &mut SeriesTable, family: &mut FamilyEntry, number: usize) {
    if family.first_sample_pending
        && let Some(first) = family.sample()
    {
        family.first_sample_pending = false;
        series.add(hash::series(number, 0), first);
    }
}

/// Returns whether adding this line to the series table can be postponed. This is the case for the first sample of a
/// family if it has no labels, because most such families have only one sample.
fn is_pending(
    sample: &SampleLine<'_>,
    labels: &[LabelPair<'_>],
    family: SampleFamily,
    entry: &FamilyEntry,
) -> bool {
    labels.is_empty()
        && !sample.braced
        && !family.kind.is_composite()
        && !entry.kind_is_guessed
        && sample.name.map(|name| name.span().start) == entry.sample()
}

/// Reports a sample of a histogram or summary that the gateway drops.
fn dropped(sample: &SampleLine<'_>, family: SampleFamily, context: &mut Context<'_>) {
    let name = context.families.name(family.number);
    let span = sample.name.map_or(sample.value.clone(), |name| name.span());
    context.findings.warning(Code::DroppedSample, span, || {
        let part = if family.kind == Kind::Summary {
            "the label `quantile`"
        } else {
            "the suffix `_bucket` and the label `le`"
        };
        Message::new(format!(
            "the gateway drops this sample, because it is not part of the {} {}",
            family.kind.as_str(),
            quoted(&name)
        ))
        .help(format!("its samples have {part}, or the suffix `_sum` or `_count`"))
    });
}
