//! The rules of a text as a whole: what the gateway's store would say once the parser has taken every line.
//!
//! The store gathers all metrics as a scrape would and refuses the push if that fails (`checkWriteRequest` in
//! `prometheus/pushgateway storage/diskmetricstore.go`; `Gatherers.Gather`, `checkSuffixCollisions` and
//! `checkMetricConsistency` in `prometheus/client_golang prometheus/registry.go`).

use super::check::{Checker, line_of};
use super::explain::quoted;
use super::family::{Families, Family, Kind, Part, split};
use super::findings::{Detail, Findings};
use super::key::Key;
use super::scan::{self, Line, Sample};
use super::series::{Parts, Relation, Series, Verdict};
use super::token::Label;
use super::{Code, Report, Text};
use std::collections::BTreeMap;
use std::ops::Range;

/// The gateway's own families, which a fresh one exposes, with their types (seen on Pushgateway 1.11.2 for Linux; those
/// of 1.5.1 are among them but for one). A push may add to one of them if the type is the same.
const OWN_FAMILIES: [(&str, Kind); 38] = [
    ("go_gc_duration_seconds", Kind::Summary),
    ("go_gc_gogc_percent", Kind::Gauge),
    ("go_gc_gomemlimit_bytes", Kind::Gauge),
    ("go_goroutines", Kind::Gauge),
    ("go_info", Kind::Gauge),
    ("go_memstats_alloc_bytes", Kind::Gauge),
    ("go_memstats_alloc_bytes_total", Kind::Counter),
    ("go_memstats_buck_hash_sys_bytes", Kind::Gauge),
    ("go_memstats_frees_total", Kind::Counter),
    ("go_memstats_gc_sys_bytes", Kind::Gauge),
    ("go_memstats_heap_alloc_bytes", Kind::Gauge),
    ("go_memstats_heap_idle_bytes", Kind::Gauge),
    ("go_memstats_heap_inuse_bytes", Kind::Gauge),
    ("go_memstats_heap_objects", Kind::Gauge),
    ("go_memstats_heap_released_bytes", Kind::Gauge),
    ("go_memstats_heap_sys_bytes", Kind::Gauge),
    ("go_memstats_last_gc_time_seconds", Kind::Gauge),
    ("go_memstats_mallocs_total", Kind::Counter),
    ("go_memstats_mcache_inuse_bytes", Kind::Gauge),
    ("go_memstats_mcache_sys_bytes", Kind::Gauge),
    ("go_memstats_mspan_inuse_bytes", Kind::Gauge),
    ("go_memstats_mspan_sys_bytes", Kind::Gauge),
    ("go_memstats_next_gc_bytes", Kind::Gauge),
    ("go_memstats_other_sys_bytes", Kind::Gauge),
    ("go_memstats_stack_inuse_bytes", Kind::Gauge),
    ("go_memstats_stack_sys_bytes", Kind::Gauge),
    ("go_memstats_sys_bytes", Kind::Gauge),
    ("go_sched_gomaxprocs_threads", Kind::Gauge),
    ("go_threads", Kind::Gauge),
    ("process_cpu_seconds_total", Kind::Counter),
    ("process_max_fds", Kind::Gauge),
    ("process_network_receive_bytes_total", Kind::Counter),
    ("process_network_transmit_bytes_total", Kind::Counter),
    ("process_open_fds", Kind::Gauge),
    ("process_resident_memory_bytes", Kind::Gauge),
    ("process_start_time_seconds", Kind::Gauge),
    ("process_virtual_memory_bytes", Kind::Gauge),
    ("process_virtual_memory_max_bytes", Kind::Gauge),
];

fn own_kind(name: &[u8]) -> Option<Kind> {
    OWN_FAMILIES.iter().find(|(own, _)| own.as_bytes() == name).map(|(_, kind)| *kind)
}

/// Names that the gateway gives to what it adds itself to a group or exposes about itself. It answers 200 to a push of
/// them and overwrites them, or, in an existing group, stores a failure that never was.
fn is_reserved(name: &[u8]) -> bool {
    matches!(name, b"push_time_seconds" | b"push_failure_time_seconds") || name.starts_with(b"pushgateway_")
}

impl Checker<'_> {
    /// Checks the text as a whole and hands out the report.
    pub(super) fn finish(mut self) -> Report {
        if self.borrowing {
            self.replay();
        }
        for family in self.families.iter() {
            Rules {
                families: &self.families,
                key: &self.key,
                bytes: self.text.bytes,
                findings: &mut self.findings,
            }
            .family(family);
        }
        if !self.borrowing {
            let series = std::mem::take(&mut self.series);
            self.series(series);
        }
        if self.samples == 0 && self.unread == 0 && self.findings.errors() == 0 && !self.rules.allow_empty {
            let end = self.text.bytes.len();
            self.findings.error(Code::NoSamples, end..end, || {
                Detail::new("the text holds no sample; a push of it would empty the group")
                    .help("if that is what you want, give `--allow-empty`")
            });
        }
        let families = self.families.iter().filter(|family| family.first_sample.is_some()).count();
        Report { samples: self.samples, families, splices: self.splices, ..self.findings.into_report() }
    }

    fn series(&mut self, series: Series) {
        let bytes = self.text.bytes;
        let mut resolver = Resolver::new(self.text, &self.key, &self.families);
        series.resolve(&mut resolver);
        let Resolver { mut duplicates, incomplete, .. } = resolver;
        duplicates.sort_unstable();
        for (second, first) in duplicates {
            let (second, first) = (sample_at(bytes, second), sample_at(bytes, first));
            self.findings.error(Code::DuplicateSeries, second.clone(), || {
                let overwritten = bytes[first.clone()] != bytes[second.clone()];
                let detail = Detail::new(format!("the series {} is given twice", quoted(&bytes[second])))
                    .related(first, "the first one");
                if overwritten {
                    detail.help("they are the same but for the order of labels, or once the grouping key has overwritten some")
                } else {
                    detail
                }
            });
        }
        // What is missing may stand in a line that could not be read.
        if self.unread == 0 {
            for (family, (line, parts)) in incomplete {
                self.incomplete(family, line, parts);
            }
        }
    }

    /// A histogram or summary without all its parts. The gateway makes up what is missing.
    fn incomplete(&mut self, family: usize, line: usize, parts: Parts) {
        let family = &self.families[family];
        let name = family.name.text();
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
}

/// The name and the labels of the sample in the line that begins at `line`.
pub(super) fn sample_at(bytes: &[u8], line: usize) -> Range<usize> {
    let line = line_of(bytes, line);
    let mut labels = Vec::new();
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

/// The rules of the families.
struct Rules<'c, 'a> {
    families: &'c Families<'a>,
    key: &'c Key<'a>,
    bytes: &'a [u8],
    findings: &'c mut Findings,
}

impl Rules<'_, '_> {
    fn family(&mut self, family: &Family<'_>) {
        let text = family.name.text();
        let Some(at) = family.first_sample else {
            self.openmetrics_counter(family, &text);
            return;
        };
        let kind = family.kind.unwrap_or(Kind::Counter);
        let (name, span) = (quoted(&text), name_at(self.bytes, at));
        if is_reserved(&text) {
            self.findings.error(Code::ReservedName, span, || {
                Detail::new(format!("the gateway keeps the name {name} to itself"))
                    .help("give the metric another name")
            });
            return;
        }
        if let Some(own) = own_kind(&text)
            && own != kind
        {
            self.findings.error(Code::GatewayFamily, span.clone(), || {
                let message =
                    format!("{name} is a {} here, but the gateway's own is a {}", kind.name(), own.name());
                Detail::new(message).help("give the metric another name")
            });
        }
        if let Some((base, part)) = split(&text)
            && own_kind(base) == Some(Kind::Summary)
            && part != Part::Bucket
        {
            self.findings.error(Code::SuffixCollision, span.clone(), || {
                Detail::new(format!("{name} is a part of the gateway's own summary {}", quoted(base)))
                    .help("give the metric another name")
            });
        }
        self.suffixes(&text, kind, &span);
        if kind == Kind::Summary && self.key.has(b"quantile") {
            self.findings.error(Code::QuantileLabel, span.clone(), || {
                Detail::new(format!(
                    "the grouping key's label `quantile` can't stand beside the summary {name}"
                ))
                .help("give the label of the grouping key another name")
            });
        }
        if kind.has_buckets() && self.key.has(b"le") {
            self.findings.error(Code::LeInKey, span, || {
                Detail::new(format!("the grouping key's label `le` can't stand beside the histogram {name}"))
                    .help("the gateway would take it, and Prometheus then refuse all that the gateway holds")
            });
        }
    }

    /// Families that have the names of this one's parts: they were there before its TYPE line.
    fn suffixes(&mut self, text: &[u8], kind: Kind, span: &Range<usize>) {
        let endings: &[&[u8]] = match kind {
            Kind::Summary => &[b"_count", b"_sum"],
            Kind::Histogram => &[b"_count", b"_sum", b"_bucket"],
            Kind::Counter | Kind::Gauge | Kind::Untyped | Kind::GaugeHistogram => &[],
        };
        for ending in endings {
            let part = [text, ending].concat();
            let Some(at) = self.families.exact(&part).and_then(|number| self.families[number].first_sample)
            else {
                continue;
            };
            self.findings.error(Code::SuffixCollision, name_at(self.bytes, at), || {
                let message =
                    format!("{} is a metric of its own and a part of {}", quoted(&part), quoted(text));
                Detail::new(message)
                    .help(format!("write the TYPE line of {} before its samples", quoted(text)))
                    .related(span.clone(), format!("the {}", kind.name()))
            });
        }
    }

    /// A counter without samples beside a `_total` without a type, as in the other text format.
    fn openmetrics_counter(&mut self, family: &Family<'_>, text: &[u8]) {
        let (Some(Kind::Counter), Some(at)) = (family.kind, family.declared) else { return };
        let total = [text, b"_total"].concat();
        let Some(number) = self.families.exact(&total) else { return };
        if self.families[number].first_sample.is_some() && self.families[number].declared.is_none() {
            self.findings.warning(Code::OpenmetricsCounter, at..at + family.name.raw().len(), || {
                Detail::new(format!(
                    "the gateway stores {} untyped: the TYPE line names {}",
                    quoted(&total),
                    quoted(text)
                ))
                .help(format!(
                    "OpenMetrics writes it so; here it is `# TYPE {} counter`",
                    String::from_utf8_lossy(&total)
                ))
            });
        }
    }
}

/// The name that begins at `at`.
fn name_at(bytes: &[u8], at: usize) -> Range<usize> {
    let rest = &bytes[line_of(bytes, at)];
    let quote = usize::from(rest.first() == Some(&b'"'));
    let ends = |byte: &u8| {
        if quote == 1 { *byte == b'"' } else { matches!(byte, b'{' | b' ' | b'\t' | b',' | b'}') }
    };
    let length = rest[quote..].iter().position(ends).map_or(rest.len(), |length| length + 2 * quote);
    at..at + length
}

/// Reads lines again whose series may be the same.
struct Resolver<'c, 'a> {
    text: Text<'a>,
    key: &'c Key<'a>,
    families: &'c Families<'a>,
    labels: [Vec<Label<'a>>; 2],
    /// The second line with a series, and the first.
    duplicates: Vec<(usize, usize)>,
    /// By family: the first line of its first series that lacks a part.
    incomplete: BTreeMap<usize, (usize, Parts)>,
}

impl<'c, 'a> Resolver<'c, 'a> {
    fn new(text: Text<'a>, key: &'c Key<'a>, families: &'c Families<'a>) -> Self {
        Self {
            text,
            key,
            families,
            labels: [Vec::new(), Vec::new()],
            duplicates: Vec::new(),
            incomplete: BTreeMap::new(),
        }
    }

    /// The family of the sample in the line that begins at `at`. Its labels, sorted and without those that are no
    /// labels of the series, go to `labels[slot]`.
    fn read(&mut self, at: usize, slot: usize) -> Option<usize> {
        let file = self.text.starts.partition_point(|start| *start <= at);
        let file_end = self.text.starts.get(file).copied().unwrap_or(self.text.bytes.len());
        let end = line_of(self.text.bytes, at).end.min(file_end);
        let labels = &mut self.labels[slot];
        let Ok(Line::Sample(Sample { name: Some(name), .. })) = scan::line(self.text.bytes, at..end, labels)
        else {
            return None;
        };
        let (family, _) = self.families.lookup(&name.text())?;
        let kind = self.families[family].kind.unwrap_or(Kind::Untyped);
        labels.retain(|label| !kind.is_position(&label.name));
        labels.sort_by(|a, b| a.name.text().cmp(&b.name.text()));
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
        if complete && parts.has(Parts::INFINITY) {
            return;
        }
        let Some(family) = self.read(line, 0) else { return };
        if complete && self.families[family].kind == Some(Kind::Summary) {
            return;
        }
        let first = self.incomplete.entry(family).or_insert((line, parts));
        if line < first.0 {
            *first = (line, parts);
        }
    }
}
