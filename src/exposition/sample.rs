//! The rules of one sample: its family, its labels, its value and what follows it.
//!
//! They are those of `prometheus/common expfmt/text_parse.go` (`startLabelName`, `startLabelValue`, `readingValue`,
//! `startTimestamp`), in the order of its states where that shows.

use super::Code;
use super::check::{Checker, Older};
use super::family::{Kind, Mention, Note, Part};
use super::findings::Detail;
use super::hash;
use super::labels::Sums;
use super::messages::{self, quoted};
use super::series::Parts;
use super::text::number::{self, Float};
use super::text::scan;
use super::text::scan::Sample;
use super::text::token::Labels;
use std::borrow::Cow;
use std::ops::Range;

impl<'a> Checker<'a> {
    /// Checks the sample of the line that begins at `line`.
    pub(super) fn sample(&mut self, sample: &Sample<'a>, labels: &Labels<'a>, line: usize) {
        let before = self.current;
        let inserted = self.splices.len();
        let Some((number, part)) = self.family_of(sample, line) else {
            self.unread += 1;
            return;
        };
        let kind = self.families[number].kind.unwrap_or(Kind::Counter);
        // A TYPE line that is put before the sample is what the server's parser then reads last.
        let before = if self.splices.len() > inserted { self.current } else { before };
        let is_misread = sample.braced && self.braced(sample, line, (number, kind), before);
        self.samples += 1;

        let sums = if self.shape.fits(labels, kind) {
            self.labels_as_before(labels)
        } else {
            self.labels(labels, kind)
        };
        let value = self.value(sample);
        if let Some(value) = value {
            if kind.is_composite() && sums.good && !is_misread {
                self.part(sample, (number, kind, part), &sums, value);
            }
            self.rest(sample);
        }
        if is_misread || !sums.good || value.is_none() && !kind.is_composite() {
            return;
        }
        let family = (number, kind, part);
        if self.is_alone(sample, labels, family) {
            self.families[number].note = Note::Alone;
            self.series.interrupt();
        } else {
            self.enter(line, family, &sums);
        }
        if value.is_some() && self.shape.is_of(kind) && !sample.braced {
            self.keep_pattern(line, sample, labels, family, sums);
        }
    }

    /// Whether a line need not be entered yet: the first of a family that may have no other without labels.
    fn is_alone(
        &self,
        sample: &Sample<'a>,
        labels: &Labels<'a>,
        (number, kind, _): (usize, Kind, Part),
    ) -> bool {
        labels.is_empty()
            && !sample.braced
            && !kind.is_composite()
            && !self.families[number].guessed
            && sample.name.map(|name| name.span().start) == self.families.place(number, Mention::Sample)
    }

    /// Enters a line among the series.
    #[inline]
    pub(super) fn enter(&mut self, line: usize, (number, kind, part): (usize, Kind, Part), sums: &Sums) {
        let hash = hash::series(number, sums.kept);
        if !kind.is_composite() {
            if sums.kept == 0 {
                self.enter_alone(number);
            }
            self.series.simple(hash, line);
            return;
        }
        let position = sums.position.filter(|_| matches!(part, Part::Whole | Part::Bucket));
        let parts = match part {
            Part::Count => Parts::COUNT,
            Part::Sum => Parts::SUM,
            Part::Whole | Part::Bucket if position == Some(f64::INFINITY) => Parts::INFINITY,
            Part::Whole | Part::Bucket => Parts::default(),
        };
        self.series.part((hash, line), parts, position, (number, sums.all));
    }

    /// Enters the first sample of a family, if that was put off: another may be the same.
    fn enter_alone(&mut self, number: usize) {
        let first = self.families.place(number, Mention::Sample);
        let note = &mut self.families[number].note;
        if let (Note::Alone, Some(first)) = (*note, first) {
            *note = Note::Nothing;
            self.series.simple(hash::series(number, 0), first);
        }
    }

    /// The family of a sample, which is then the current one; a first sample without a TYPE line fixes its type.
    fn family_of(&mut self, sample: &Sample<'a>, line: usize) -> Option<(usize, Part)> {
        let Some(name) = &sample.name else {
            self.nameless(sample, line);
            return None;
        };
        if let Some((last, number, part)) = self.last
            && name.is_plain()
            && !sample.braced
            && name.raw() == last
        {
            self.current = Some((number, part));
            return self.current;
        }
        if !self.metric_name(name) {
            return None;
        }
        let (number, part) = self.families.resolve(name);
        let insert_type = self.families[number].kind.is_none().then_some(self.rules.default_type).flatten();
        if let Some(type_name) = insert_type {
            let declaration = [b"# TYPE ", name.raw(), b" ", type_name.as_bytes(), b"\n"].concat();
            self.splices.push(super::Splice { range: line..line, with: Cow::Owned(declaration) });
        }
        let family = &mut self.families[number];
        if family.kind.is_none() {
            family.kind = insert_type.and_then(|name| Kind::parse(name.as_bytes())).or(Some(Kind::Untyped));
        }
        self.families.mention(number, Mention::Sample, name.span().start);
        self.current = Some((number, part));
        self.last = name.is_plain().then_some((name.raw(), number, part));
        self.current
    }

    /// What stands before the value in a line that begins with a brace.
    fn braces(&self, sample: &Sample<'a>, line: usize) -> Range<usize> {
        let head = &self.text.bytes[line..sample.value.start];
        let blanks = head.len() - head.trim_ascii_start().len();
        line + blanks..line + head.trim_ascii_end().len()
    }

    /// A line such as `{a="b"} 1`. The server's parser goes on with the family and the metric that it read last: it
    /// stores the sample there, or refuses the text, or crashes.
    #[cold]
    fn nameless(&mut self, sample: &Sample<'a>, line: usize) {
        self.findings.error(Code::NamelessSample, self.braces(sample, line), || {
            Detail::new("the metric name is missing; is the variable set?")
                .help("write the sample as `name{label=\"value\"} 1`")
        });
    }

    /// A line that begins with a brace; `before` is what the server's parser read last. Returns whether it misreads the
    /// line: `readingLabels` prepares for the family of the line before and does not start again at the name, so that a
    /// histogram or summary keeps the labels of another, or crashes for having none, and `le` or `quantile` before the
    /// name of another metric is lost (seen on Pushgateway 1.11.2).
    #[cold]
    fn braced(
        &mut self,
        sample: &Sample<'a>,
        line: usize,
        (number, kind): (usize, Kind),
        before: Option<(usize, Part)>,
    ) -> bool {
        let span = self.braces(sample, line);
        self.older(Older::QuotedName, sample.name.map_or(span.clone(), |name| name.span()));
        let before = before.map(|(number, _)| number);
        let kind_before = before.and_then(|number| self.families[number].kind);
        let is_misread = before != Some(number)
            && (kind.is_composite()
                || sample.labels_before_name > 0 && kind_before.is_some_and(Kind::is_composite));
        if is_misread {
            self.unread += 1;
            self.findings.error(Code::ParserCrash, span, || {
                Detail::new("the gateway's parser mixes this line up with the metric before it, or crashes").help(
                    "write the name before the braces, or keep the lines of a histogram or summary right after its TYPE line",
                )
            });
        }
        is_misread
    }

    /// The value, if it is a number.
    fn value(&mut self, sample: &Sample<'a>) -> Option<&'a [u8]> {
        let value = &self.text.bytes[sample.value.clone()];
        if number::is_float(value) {
            return Some(value);
        }
        let behind_name = sample.name.filter(|name| name.span().end == sample.value.start && name.is_plain());
        let (code, detail) =
            messages::value(value, behind_name.map(|name| name.raw()), !sample.rest.is_empty());
        let span = if value.is_empty() {
            sample.value.clone()
        } else if code == Code::MetricName {
            sample.value.start..sample.value.start + scan::character(value)
        } else {
            sample.value.clone()
        };
        self.findings.error(code, span, || detail);
        None
    }

    /// A sample of a histogram or summary: its number, and whether the gateway stores it at all.
    fn part(
        &mut self,
        sample: &Sample<'a>,
        (number, kind, part): (usize, Kind, Part),
        sums: &Sums,
        value: &[u8],
    ) {
        let Float::Value(value) = number::float(value) else { return };
        let placed = sums.position.is_some_and(|position| !position.is_nan());
        let span = sample.value.clone();
        match part {
            Part::Sum => {}
            Part::Count if kind == Kind::Summary => {
                if value.fract() != 0.0 || !(0.0..18_446_744_073_709_551_616.0).contains(&value) {
                    self.findings.warning(Code::BrokenCount, span, || {
                        Detail::new(
                            "a summary's count is a whole number, and the gateway stores another one for it",
                        )
                    });
                }
            }
            Part::Whole | Part::Bucket if !placed => self.stray(sample, number, kind),
            Part::Whole if kind == Kind::Summary => {}
            Part::Count | Part::Whole | Part::Bucket if value < 0.0 => {
                self.findings.error(Code::NegativeCount, span, || {
                    let what = if part == Part::Count { "count" } else { "bucket" };
                    Detail::new(format!("the {what} of a histogram is negative"))
                });
            }
            Part::Count | Part::Whole | Part::Bucket => {
                if value.fract() != 0.0 || value >= 18_446_744_073_709_551_616.0 {
                    self.older(Older::FloatCount, span);
                }
            }
        }
    }

    /// A sample of a histogram or summary that is no part of it; said once for each family.
    fn stray(&mut self, sample: &Sample<'a>, number: usize, kind: Kind) {
        let family = &mut self.families[number];
        if family.note == Note::Stray {
            return;
        }
        family.note = Note::Stray;
        let name = self.families.name(number);
        let span = sample.name.map_or(sample.value.clone(), |name| name.span());
        self.findings.warning(Code::StraySample, span, || {
            let (label, endings) = if kind == Kind::Summary {
                ("quantile", "`_sum` and `_count`")
            } else {
                ("le", "`_bucket`, `_sum` and `_count`")
            };
            Detail::new(format!("the gateway drops this sample: {} is a {}", quoted(&name), kind.as_str()))
                .help(format!("its samples end with {endings}, or have the label `{label}`"))
        });
    }

    /// What follows the value: nothing, or a timestamp.
    fn rest(&mut self, sample: &Sample<'a>) {
        if sample.rest.is_empty() {
            return;
        }
        let rest = &self.text.bytes[sample.rest.clone()];
        let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
        let (word, behind) = (&rest[..end], rest[end..].trim_ascii());
        let span = sample.rest.start..sample.rest.start + end;
        let strip = self.rules.strip_timestamps;
        if strip && behind.is_empty() && number::is_float(word) {
            self.splices.push(super::Splice { range: sample.value.end..span.end, with: Cow::Borrowed(b"") });
        } else if !number::is_timestamp(word) {
            let (code, detail) = messages::rest(rest);
            let span = if code == Code::Exemplar { sample.rest.clone() } else { span };
            self.findings.error(code, span, || detail);
        } else if behind.is_empty() {
            self.findings.error(Code::Timestamp, span, || {
                Detail::new("the gateway takes no timestamps")
                    .help("leave it out, or give `--strip-timestamps`; a sample counts from when Prometheus fetches it")
            });
        } else if behind.starts_with(b"#") {
            let (code, detail) = messages::rest(behind);
            self.findings.error(code, sample.rest.end - behind.len()..sample.rest.end, || detail);
        } else {
            self.findings.error(Code::TrailingText, sample.rest.end - behind.len()..sample.rest.end, || {
                Detail::new("something follows the timestamp").help(
                    "does the next line begin here? `curl -d` removes newlines; `--data-binary` keeps them",
                )
            });
        }
    }
}
