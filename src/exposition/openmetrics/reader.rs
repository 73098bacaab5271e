//! Reads an OpenMetrics file line by line.

use super::family::{self, CurrentFamily};
use super::kind::{MetricType, Part};
use super::line::{self, GrammarError, HashLine, MetadataLine, SampleTokens};
use super::names::ClaimedNames;
use super::points::{CurrentGroup, PointSample, SamplePlace};
use super::{EOF, convert, messages, sample};
use crate::exposition::code::Code;
use crate::exposition::context::Context;
use crate::exposition::duplicates;
use crate::exposition::family::Suffix;
use crate::exposition::findings::Message;
use crate::exposition::hash;
use crate::exposition::labels::SeriesHash;
use crate::exposition::messages::{quoted, value as value_error};
use crate::exposition::model::kind::Kind;
use crate::exposition::names::is_valid_name;
use crate::exposition::sample::{SampleRules, check_timestamp};
use crate::exposition::series::SeriesTable;
use crate::exposition::text::number::is_float;
use crate::exposition::text::token::{LabelPair, Token};
use crate::grouping::LegacyName;
use std::borrow::Cow;
use std::ops::Range;

/// The state shared by all OpenMetrics files in the input.
pub(in crate::exposition) struct OpenmetricsTables<'a> {
    pub(super) names: ClaimedNames<'a>,
    /// The first line of each series or group of samples.
    pub(super) series: SeriesTable,
    /// The first line of each group of state-set samples.
    pub(super) states: SeriesTable,
    pub(in crate::exposition) exemplars: usize,
    pub(in crate::exposition) units: usize,
}

impl<'a> OpenmetricsTables<'a> {
    pub(in crate::exposition) fn new(bytes: &'a [u8]) -> Self {
        Self {
            names: ClaimedNames::new(bytes),
            series: SeriesTable::new(bytes.len()),
            states: SeriesTable::new(bytes.len()),
            exemplars: 0,
            units: 0,
        }
    }
}

/// Checks the lines of `file` and adds the edits that convert it.
pub(in crate::exposition) fn read_file<'a>(
    file: &Range<usize>,
    samples: &mut SampleRules<'a>,
    context: &mut Context<'a>,
    tables: &mut OpenmetricsTables<'a>,
) {
    let mut reader = FileReader {
        samples,
        context,
        tables,
        family: None,
        numbers: Vec::new(),
        group: CurrentGroup::default(),
        labels: Vec::new(),
        scratch: Vec::new(),
        fast: None,
        first_group: FirstGroup::None,
    };
    reader.read(file);
}

struct FileReader<'r, 'a> {
    samples: &'r mut SampleRules<'a>,
    context: &'r mut Context<'a>,
    tables: &'r mut OpenmetricsTables<'a>,
    family: Option<CurrentFamily<'a>>,
    /// The numbers of the families that the current family becomes in the text format. This list is not part of
    /// `family`, so that it is allocated only once.
    numbers: Vec<(Part, usize)>,
    group: CurrentGroup,
    labels: Vec<LabelPair<'a>>,
    scratch: Vec<LabelPair<'a>>,
    /// The type and the part of the last sample, if the next line can use the fast path.
    fast: Option<(MetricType, Part)>,
    first_group: FirstGroup,
}

/// The first group of a family. It is added to the table only if there is a second group.
enum FirstGroup {
    None,
    /// The hash of the group and the start of its first line.
    Pending(u64, usize),
    Added,
}

impl<'a> FileReader<'_, 'a> {
    fn read(&mut self, file: &Range<usize>) {
        let bytes = self.context.bytes;
        let mut start = file.start;
        let mut is_reported = false;
        while start < file.end {
            if let Some(next) = self.similar_line(start..file.end) {
                start = next;
                continue;
            }
            let newline = memchr::memchr(b'\n', &bytes[start..file.end]);
            let line = start..newline.map_or(file.end, |at| start + at);
            // A line without a newline may be truncated, so errors about its content would be confusing.
            if newline.is_none() && !bytes[line.clone()].starts_with(EOF) {
                break;
            }
            start = line.end + 1;
            if bytes.get(line.start) != Some(&b'#') {
                self.sample_line(&line);
                continue;
            }
            match line::hash_line(bytes, line.clone()) {
                Ok(HashLine::Eof) => return self.end(&line, file),
                Ok(HashLine::Metadata(metadata)) => self.metadata(&metadata, line.start),
                Err(error) => {
                    is_reported = bytes[line.clone()].starts_with(EOF);
                    self.line_error(&error, &line);
                }
            }
        }
        if !is_reported {
            self.missing_eof(file);
        }
    }

    /// Removes the `# EOF` line and reports any text after it.
    fn end(&mut self, line: &Range<usize>, file: &Range<usize>) {
        self.finish_family(line.start);
        convert::splice(line.start..file.end, Cow::Borrowed(b""), self.context);
        if line.end + 1 < file.end {
            let next = line.end + 1..file.end;
            let end = memchr::memchr(b'\n', &self.context.bytes[next.clone()]);
            let span = next.start..end.map_or(next.end, |at| next.start + at);
            self.context.findings.error(Code::TextAfterEof, span, || {
                Message::new("there is another line after `# EOF`")
                    .help("`# EOF` must be the last line; does another exposition begin here?")
                    .related(line.clone(), "the end")
            });
        }
    }

    fn missing_eof(&mut self, file: &Range<usize>) {
        self.samples.unread += 1;
        self.context.findings.error(Code::MissingEof, file.end..file.end, || {
            Message::new("the text is cut off: its last line is not `# EOF`").help(
                "did the program that writes it fail or not finish? if this is not OpenMetrics, use `--format prometheus`",
            )
        });
    }

    fn line_error(&mut self, error: &GrammarError, line: &Range<usize>) {
        self.samples.unread += 1;
        let bytes = self.context.bytes;
        let code = messages::code(bytes, line, error);
        self.context.findings.error_at(code, error.span.start, || messages::message(bytes, line, error));
    }

    fn metadata(&mut self, line: &MetadataLine<'a>, start: usize) {
        if let Some(family) = self.family.as_mut().filter(|family| family.name.same(&line.name)) {
            match family.sample {
                Some(sample) => family::after_samples(line, sample, self.context),
                None => family.add(line, self.context),
            }
            return;
        }
        self.finish_family(start);
        let mut family = CurrentFamily::new(line.name);
        let hash = line.name.hash();
        self.tables.names.prefetch(hash);
        self.context.families.prefetch(hash);
        let utf8_names = self.context.options.utf8_names;
        let is_valid = is_valid_name(&line.name, LegacyName::Metric, utf8_names, &mut self.context.findings);
        family.add(line, self.context);
        family.is_invalid |= !is_valid;
        self.family = Some(family);
    }

    /// Ends the current family before the line that starts at `end`.
    fn finish_family(&mut self, end: usize) {
        self.samples.fast_path.end();
        self.fast = None;
        self.first_group = FirstGroup::None;
        let mut group = std::mem::take(&mut self.group);
        let Some(mut family) = self.family.take() else { return };
        if family.sample.is_none() {
            self.claim(&mut family);
        }
        group.finish(family.kind(), self.context);
        let number = self.numbers.iter().find(|(part, _)| *part == Part::Value).map(|(_, number)| *number);
        self.numbers.clear();
        // OpenMetrics allows a histogram or summary without `_count` and `_sum`, but the gateway makes them up.
        if let (Some(number), Some((parts, line))) = (number, group.incomplete) {
            duplicates::missing_parts(number, line, parts, self.context);
        }
        self.tables.units += usize::from(family.unit.is_some());
        convert::family(&family, self.samples.count - family.samples_before, end, self.context);
    }

    /// Claims the names of the family. Must be called after the type is known.
    fn claim(&mut self, family: &mut CurrentFamily<'a>) {
        family.check_unit(self.context);
        if let Err(clash) = self.tables.names.add(&family.name, family.kind()) {
            if !family.is_invalid {
                family::clash(&family.name, family.kind(), &clash, self.context);
            }
            family.is_invalid = true;
        }
    }

    /// Checks the next line on the fast path, if possible. Returns the start of the line after it.
    #[inline]
    fn similar_line(&mut self, rest: Range<usize>) -> Option<usize> {
        let (kind, part) = self.fast?;
        let line = rest.start;
        let (length, hash) = self.samples.check_fast_openmetrics(rest)?;
        let value = self.samples.fast_path.value();
        let is_bound_valid = match (part, hash.bound) {
            (Part::Bucket, Some(bound)) => {
                bound != f64::INFINITY || self.samples.fast_path.bound_text() == Some(b"+Inf")
            }
            (_, Some(bound)) => (0.0..=1.0).contains(&bound),
            (_, None) => true,
        };
        if !is_bound_valid || !sample::is_unremarkable(kind, part, value) {
            return None;
        }
        let group = if kind == MetricType::Info { 0 } else { hash.in_text };
        self.samples.count += 1;
        let end = line + length - 1;
        self.place(kind, &PointSample { line, part, hash, group, timestamp: None, value }, end);
        Some(line + length)
    }

    fn sample_line(&mut self, line: &Range<usize>) {
        let mut labels = std::mem::take(&mut self.labels);
        if !self.check_sample(line, &mut labels) {
            self.samples.unread += 1;
            self.group.add_invalid();
        }
        self.labels = labels;
    }

    /// Checks a sample line. Returns whether it is valid.
    fn check_sample(&mut self, line: &Range<usize>, labels: &mut Vec<LabelPair<'a>>) -> bool {
        let bytes = self.context.bytes;
        let mut tokens = match line::sample(bytes, line.clone(), labels, &mut self.scratch) {
            Ok(tokens) => tokens,
            Err(error) => {
                self.line_error(&error, line);
                return false;
            }
        };
        let Some(name) = tokens.sample.name else { return false };
        if !is_float(&bytes[tokens.sample.value.clone()]) {
            let (code, span, message) = value_error(bytes, &tokens.sample, !labels.is_empty());
            self.context.findings.error(code, span, || message);
            return false;
        }
        // The text after the value has been checked.
        tokens.sample.rest = tokens.sample.value.end..tokens.sample.value.end;
        let Some((kind, part)) = self.family_of(&name, line.start) else { return false };
        let Some(family) = &self.family else { return false };
        if family.is_invalid
            || !sample::check_labels(kind, (&family.name, part), &tokens, labels, self.context)
            || !sample::check_value(kind, &tokens, part, self.context)
        {
            return false;
        }
        let is_valid = sample::check_exemplar(part, &tokens, self.context);
        let Some(number) = self.number_of(kind, part, &name) else { return false };
        let checked =
            self.samples.check_openmetrics(line.start, (&tokens.sample, labels), number, self.context);
        let Some(hash) = checked.filter(|_| is_valid) else { return false };
        let may_repeat = kind != MetricType::StateSet && !part.is_own_gauge() && tokens.timestamp.is_none();
        self.fast = may_repeat.then_some((kind, part));
        let group = self.group_hash(kind, hash, labels);
        let value = &bytes[tokens.sample.value.clone()];
        let timestamp = tokens.timestamp.clone();
        let place = PointSample { line: line.start, part, hash, group, timestamp, value };
        if self.place(kind, &place, line.end) == SamplePlace::Ignored {
            return true;
        }
        self.timestamp(&tokens);
        self.edit(part, &tokens, labels, line);
        true
    }

    /// Returns the type and the part of a sample with this name. Starts a new family if necessary.
    fn family_of(&mut self, name: &Token<'a>, line: usize) -> Option<(MetricType, Part)> {
        let known = self.family.as_ref().and_then(|family| Some((family.kind(), family.part(name)?)));
        if known.is_none() {
            if let Some(family) = &self.family
                && family::misnamed_sample(family, name, self.context)
            {
                return None;
            }
            self.finish_family(line);
            self.family = Some(CurrentFamily::new(*name));
        }
        let mut family = self.family.take()?;
        if family.sample.is_none() {
            family.sample = Some(line);
            family.samples_before = self.samples.count;
            self.claim(&mut family);
        }
        self.family = Some(family);
        Some(known.unwrap_or((MetricType::Unknown, Part::Value)))
    }

    /// Returns the number of the family that a sample belongs to in the text format.
    fn number_of(&mut self, kind: MetricType, part: Part, name: &Token<'a>) -> Option<usize> {
        let family = self.family.as_mut()?;
        let class = if part.is_own_gauge() { part } else { Part::Value };
        if let Some((_, number)) = self.numbers.iter().find(|(of, _)| *of == class) {
            return Some(*number);
        }
        let is_part = !convert::is_renamed(kind, part) && part != Part::Value;
        let token = match part.suffix().len() {
            _ if !is_part => *name,
            length if name.is_plain() => {
                Token::plain(&name.raw()[..name.raw().len() - length], name.span().start)
            }
            _ => family.name,
        };
        let default = self.context.options.default_type.filter(|_| family.type_line.is_none());
        let text_kind = match default.and_then(|kind| Kind::parse(kind.as_bytes())) {
            _ if part.is_own_gauge() => Kind::Gauge,
            default => default.unwrap_or(kind.text_kind()),
        };
        let (number, suffix) = self.context.families.get_or_add(&token);
        let entry = &mut self.context.families[number];
        if suffix != Suffix::None || entry.kind.is_some() {
            family.is_invalid = true;
            taken(&token, number, text_kind, self.context);
            return None;
        }
        entry.kind = Some(text_kind);
        if let Some(line) = &family.type_line {
            entry.add_type_line(&line.name);
        }
        if let Some(line) = family.help.as_ref().filter(|line| !line.text.is_empty()) {
            entry.add_help(&line.name);
        }
        self.numbers.push((class, number));
        Some(number)
    }

    /// Returns the hash of the labels that all samples of a group have in common.
    fn group_hash(&self, kind: MetricType, hash: SeriesHash, labels: &[LabelPair<'_>]) -> u64 {
        match (kind, &self.family) {
            (MetricType::Info, _) => 0,
            (MetricType::StateSet, Some(family)) => {
                let states = labels.iter().filter(|label| label.name.same(&family.name));
                states.fold(hash.in_text, |sum, label| {
                    sum.wrapping_sub(hash::label(label.name.hash(), label.value.hash()))
                })
            }
            _ => hash.in_text,
        }
    }

    /// Checks the order of a sample, whose line ends at `end`, and adds it to the tables.
    #[inline]
    fn place(&mut self, kind: MetricType, sample: &PointSample<'_>, end: usize) -> SamplePlace {
        let place = self.group.add(kind, sample, self.context);
        let family = self.tables.names.len();
        match place {
            SamplePlace::Ignored => {
                self.samples.count -= 1;
                convert::cut_line(&(sample.line..end), self.context);
            }
            SamplePlace::NewGroup | SamplePlace::SameGroup if kind == MetricType::Info => {
                self.add_group(hash::series(family, sample.hash.in_group), sample.line);
            }
            SamplePlace::NewGroup | SamplePlace::SameGroup if kind == MetricType::StateSet => {
                self.tables.series.add(hash::series(family, sample.hash.in_group), sample.line);
                if place == SamplePlace::NewGroup {
                    self.tables.states.add(hash::series(family, sample.group), sample.line);
                }
            }
            SamplePlace::NewGroup => self.add_group(hash::series(family, sample.hash.in_group), sample.line),
            SamplePlace::Invalid | SamplePlace::SameGroup => {}
        }
        place
    }

    /// Adds a group to the table. The first group of a family is added only if there is a second group.
    #[inline]
    fn add_group(&mut self, hash: u64, line: usize) {
        match std::mem::replace(&mut self.first_group, FirstGroup::Added) {
            FirstGroup::None => {
                self.first_group = FirstGroup::Pending(hash, line);
                return;
            }
            FirstGroup::Pending(first, first_line) => self.tables.series.add(first, first_line),
            FirstGroup::Added => {}
        }
        self.tables.series.add(hash, line);
    }

    fn timestamp(&mut self, tokens: &SampleTokens<'_>) {
        let Some((span, _)) = &tokens.timestamp else { return };
        if self.context.options.strip_timestamps {
            self.context.stripped += 1;
        } else {
            check_timestamp(span.clone(), ("seconds", 1.0), self.context);
        }
    }

    /// Converts a valid sample line.
    fn edit(&mut self, part: Part, tokens: &SampleTokens<'_>, labels: &[LabelPair<'_>], line: &Range<usize>) {
        self.tables.exemplars += usize::from(tokens.exemplar.is_some());
        if !self.context.options.edits {
            return;
        }
        let edits = convert::sample(tokens, labels, line.end, self.context);
        if part.is_own_gauge() {
            let text = convert::edited(line.start..line.end + 1, edits, self.context.bytes);
            convert::cut_line(line, self.context);
            if let Some(family) = &mut self.family {
                family.moved.push((part, text));
            }
            return;
        }
        for edit in edits {
            convert::splice(edit.range, edit.with, self.context);
        }
    }
}

/// Reports a family whose name in the text format is already used by another metric or by one of its samples.
fn taken(name: &Token<'_>, number: usize, kind: Kind, context: &mut Context<'_>) {
    let other = &context.families[number];
    let first = other.type_line().or(other.sample());
    let other_name = context.families.name(number);
    let bytes = context.bytes;
    // If the types differ, reordering the files does not help.
    let help = if other.type_line().is_some() && other.kind != Some(kind) {
        "push the files to different groups"
    } else {
        "put the OpenMetrics file first, or push the files to different groups"
    };
    context.findings.error(Code::NameClash, name.span(), || {
        let text = name.text();
        let message = if text == other_name {
            Message::new(format!("the metric {} is already in another file", quoted(&text))).help(help)
        } else {
            let (name, other) = (quoted(&text), quoted(&other_name));
            Message::new(format!("in the text format, {name} is a sample of {other}"))
                .help("rename one of the two metrics")
        };
        message.related(first.map(|at| crate::exposition::text::spans::name_at(bytes, at)), "the other one")
    });
}
