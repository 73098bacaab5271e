//! The rules of series: none twice, and each histogram and summary whole.
//!
//! Whether two series are the same is asked after the gateway has written its grouping key over their labels
//! (`sanitizeLabels`), as its store asks it (`checkMetricConsistency`).

use super::check::{Checker, line_of};
use super::family::{Families, Kind};
use super::findings::Detail;
use super::messages::quoted;
use super::overwrites::Key;
use super::series::{Parts, Relation, Verdict};
use super::text::scan::{self, Line, Sample};
use super::text::token::{Label, Labels};
use super::{Code, Text};
use std::collections::BTreeMap;
use std::ops::Range;

impl Checker<'_> {
    /// Finds series that are given twice and those that lack a part.
    pub(super) fn series(&mut self) {
        let bytes = self.text.bytes;
        let mut resolver = Resolver::new(self.text, &self.key, &self.families);
        self.series.resolve(&mut resolver);
        let Resolver { mut duplicates, incomplete, repeated, .. } = resolver;
        duplicates.sort_unstable();
        for (second, first) in duplicates {
            self.findings.error_found(second, || {
                let (first, second) = (sample_at(bytes, first), sample_at(bytes, second));
                let (one, other) = (&bytes[first.clone()], &bytes[second.clone()]);
                let detail = Detail::new(format!("the series {} is given twice", quoted(other)));
                let detail = detail.related(first, "the first one");
                let detail = if one == other {
                    detail
                } else {
                    detail.help("the order of labels means nothing, and the grouping key overwrites labels of its names")
                };
                (Code::DuplicateSeries, second, detail)
            });
        }
        // What is missing may stand in a line that could not be read.
        if self.unread == 0 {
            for (family, (line, parts)) in incomplete {
                self.incomplete(family, line, parts);
            }
        }
        for (family, line) in repeated {
            self.repeated(family, line);
        }
    }

    /// A histogram or summary without all its parts. The gateway makes up what is missing.
    fn incomplete(&mut self, family: usize, line: usize, parts: Parts) {
        let name = self.families.name(family);
        let family = &self.families[family];
        let summary = family.kind == Some(Kind::Summary);
        let missing: Vec<_> = [
            (Parts::COUNT, "`_count`"),
            (Parts::SUM, "`_sum`"),
            (Parts::INFINITY, "the bucket with `le=\"+Inf\"`"),
        ]
        .into_iter()
        .filter(|(part, _)| !parts.has(*part) && (!summary || *part != Parts::INFINITY))
        .map(|(_, name)| name)
        .collect();
        self.findings.warning(Code::MissingPart, sample_at(self.text.bytes, line), || {
            let (kind, missing) = (if summary { "summary" } else { "histogram" }, missing.join(" and "));
            Detail::new(format!("the {kind} {} lacks {missing}; the gateway makes it up", quoted(&name)))
        });
    }

    /// A histogram or summary with a part twice (seen on Pushgateway 1.11.2: of `_sum` and `_count` the last one stays, and
    /// buckets and quantiles are exposed twice, so that Prometheus drops one).
    fn repeated(&mut self, family: usize, line: usize) {
        let (name, kind) = (self.families.name(family), self.families[family].kind.map_or("", Kind::as_str));
        self.findings.warning(Code::RepeatedPart, sample_at(self.text.bytes, line), || {
            Detail::new(format!("the {kind} {} has a part twice, of which one will be lost", quoted(&name)))
                .help("was the same histogram or summary written twice?")
        });
    }
}

/// The name and the labels of the sample in the line that begins at `line`.
pub(super) fn sample_at(bytes: &[u8], line: usize) -> Range<usize> {
    let line = line_of(bytes, line);
    let mut labels = Labels::new(bytes);
    match scan::line(bytes, line.clone(), &mut labels) {
        Ok(Line::Sample(sample)) => {
            let head = bytes[line.start..sample.value.start].trim_ascii();
            let start =
                line.start + bytes[line.clone()].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            start..start + head.len()
        }
        _ => line,
    }
}

/// Reads lines again whose series may be the same.
struct Resolver<'c, 'a> {
    text: Text<'a>,
    key: &'c Key<'a>,
    families: &'c Families<'a>,
    scratch: Labels<'a>,
    labels: [Vec<Label<'a>>; 2],
    /// The second line with a series, and the first.
    duplicates: Vec<(usize, usize)>,
    /// By family: the first line of its first series that lacks a part.
    incomplete: BTreeMap<usize, (usize, Parts)>,
    /// By family: the first line of its first series that has a part twice.
    repeated: BTreeMap<usize, usize>,
}

impl<'c, 'a> Resolver<'c, 'a> {
    fn new(text: Text<'a>, key: &'c Key<'a>, families: &'c Families<'a>) -> Self {
        Self {
            text,
            key,
            families,
            scratch: Labels::new(text.bytes),
            labels: [Vec::new(), Vec::new()],
            duplicates: Vec::new(),
            incomplete: BTreeMap::new(),
            repeated: BTreeMap::new(),
        }
    }

    /// The family of the sample in the line that begins at `at`. Its labels, sorted and without those that are no
    /// labels of the series, go to `labels[slot]`.
    fn read(&mut self, at: usize, slot: usize) -> Option<usize> {
        let file = self.text.starts.partition_point(|start| *start <= at);
        let file_end = self.text.starts.get(file).copied().unwrap_or(self.text.bytes.len());
        let end = line_of(self.text.bytes, at).end.min(file_end);
        let scratch = &mut self.scratch;
        let Ok(Line::Sample(Sample { name: Some(name), .. })) = scan::line(self.text.bytes, at..end, scratch)
        else {
            return None;
        };
        let (family, _) = self.families.lookup(&name.text())?;
        let kind = self.families[family].kind.unwrap_or(Kind::Untyped);
        let labels = &mut self.labels[slot];
        labels.clear();
        labels.extend(scratch.iter().filter(|label| !kind.is_position(&label.name)));
        labels.sort_unstable_by(|a, b| a.name.text().cmp(&b.name.text()));
        Some(family)
    }
}

impl Verdict for Resolver<'_, '_> {
    fn relation(&mut self, first: usize, second: usize) -> Relation {
        let (Some(family), Some(other)) = (self.read(first, 0), self.read(second, 1)) else {
            return Relation::Different;
        };
        if family != other {
            return Relation::Different;
        }
        let same = |(a, b): (&Label<'_>, &Label<'_>)| a.name.same(&b.name) && a.value.same(&b.value);
        let [first, second] = &self.labels;
        if self.families[family].kind.is_some_and(Kind::is_composite)
            && first.len() == second.len()
            && first.iter().zip(second).all(same)
        {
            return Relation::Together;
        }
        let [mut first, mut second] =
            [first, second].map(|labels| labels.iter().filter(|label| self.key.keeps(label)));
        loop {
            match (first.next(), second.next()) {
                (None, None) => return Relation::Duplicate,
                (Some(a), Some(b)) if same((a, b)) => {}
                _ => return Relation::Different,
            }
        }
    }

    fn duplicate(&mut self, first: usize, second: usize) {
        self.duplicates.push((second, first));
    }

    fn composite(&mut self, line: usize, parts: Parts) {
        let complete = parts.has(Parts::COUNT) && parts.has(Parts::SUM);
        if complete && parts.has(Parts::INFINITY) && !parts.has(Parts::REPEATED) {
            return;
        }
        let Some(family) = self.read(line, 0) else { return };
        if parts.has(Parts::REPEATED) {
            let first = self.repeated.entry(family).or_insert(line);
            *first = line.min(*first);
        }
        if complete && (parts.has(Parts::INFINITY) || self.families[family].kind == Some(Kind::Summary)) {
            return;
        }
        let first = self.incomplete.entry(family).or_insert((line, parts));
        if line < first.0 {
            *first = (line, parts);
        }
    }
}
