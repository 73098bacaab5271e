//! The rules of a text as a whole: what the gateway's store would say once the parser has taken every line.
//!
//! The store gathers all metrics as a scrape would and refuses the push if that fails (`checkWriteRequest` in
//! `prometheus/pushgateway storage/diskmetricstore.go`; `Gatherers.Gather`, `checkSuffixCollisions` and
//! `checkMetricConsistency` in `prometheus/client_golang prometheus/registry.go`).

use super::check::{Checker, line_of};
use super::family::{Families, Kind, Mention, Part, split};
use super::findings::{Detail, Findings};
use super::messages::quoted;
use super::overwrites::Key;
use super::{Code, Report};
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
    if !name.starts_with(b"go_") && !name.starts_with(b"process_") {
        return None;
    }
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
        let Self { text, families, key, findings, .. } = &mut self;
        let mut rules = FamilyRules { families, key, bytes: text.bytes, findings };
        (0..families.len()).for_each(|number| rules.check(number));
        self.series();
        if self.samples == 0 && self.unread == 0 && self.findings.errors() == 0 && !self.rules.allow_empty {
            let end = self.text.bytes.len();
            self.findings.error(Code::NoSamples, end..end, || {
                Detail::new("the text holds no sample; a push of it would empty the group")
                    .help("if that is what you want, give `--allow-empty`")
            });
        }
        let with_samples = |number: &usize| self.families[*number].has(Mention::Sample);
        let families = (0..self.families.len()).filter(with_samples).count();
        Report { samples: self.samples, families, splices: self.splices, ..self.findings.into_report() }
    }
}

/// The rules of the families. Each finding is made up lazily: a text may have a million families.
struct FamilyRules<'c, 'a> {
    families: &'c Families<'a>,
    key: &'c Key<'a>,
    bytes: &'a [u8],
    findings: &'c mut Findings,
}

impl FamilyRules<'_, '_> {
    fn check(&mut self, number: usize) {
        let name = self.families.name(number);
        let Some(at) = self.families.place(number, Mention::Sample) else {
            self.openmetrics_counter(number, &name);
            return;
        };
        let kind = self.families[number].kind.unwrap_or(Kind::Counter);
        if is_reserved(&name) {
            self.error(Code::ReservedName, at, || {
                let message = format!("the gateway keeps the name {} to itself", quoted(&name));
                Detail::new(message).help("give the metric another name")
            });
            return;
        }
        self.own_families(&name, kind, at);
        self.parts(&name, kind, at);
        self.key(&name, kind, at);
    }

    fn error(&mut self, code: Code, at: usize, detail: impl FnOnce() -> Detail) {
        let bytes = self.bytes;
        self.findings.error_found(at, || (code, name_at(bytes, at), detail()));
    }

    /// The gateway's own families keep their types, and their summary its parts.
    fn own_families(&mut self, name: &[u8], kind: Kind, at: usize) {
        if let Some(own) = own_kind(name)
            && own != kind
        {
            self.error(Code::GatewayFamily, at, || {
                let (name, kind, own) = (quoted(name), kind.as_str(), own.as_str());
                Detail::new(format!("{name} is a {kind} here, but the gateway's own is a {own}"))
                    .help("give the metric another name")
            });
        }
        if let Some((base, Part::Count | Part::Sum)) = split(name)
            && own_kind(base) == Some(Kind::Summary)
        {
            self.error(Code::SuffixCollision, at, || {
                let (name, base) = (quoted(name), quoted(base));
                Detail::new(format!("{name} is a part of the gateway's own summary {base}"))
                    .help("give the metric another name")
            });
        }
    }

    /// No family has the name of another one's part. It can only be one that was there before the TYPE line.
    fn parts(&mut self, name: &[u8], kind: Kind, at: usize) {
        let endings: &[&[u8]] = match kind {
            Kind::Summary => &[b"_count", b"_sum"],
            Kind::Histogram => &[b"_count", b"_sum", b"_bucket"],
            Kind::Counter | Kind::Gauge | Kind::Untyped | Kind::GaugeHistogram => &[],
        };
        for ending in endings {
            let part = [name, ending].concat();
            let number = self.families.exact(&part);
            let Some(part_at) = number.and_then(|number| self.families.place(number, Mention::Sample)) else {
                continue;
            };
            let whole = name_at(self.bytes, at);
            self.error(Code::SuffixCollision, part_at, || {
                let (name, part) = (quoted(name), quoted(&part));
                Detail::new(format!("{part} is a metric of its own and a part of {name}"))
                    .help(format!("write the TYPE line of {name} before its samples"))
                    .related(whole, format!("the {}", kind.as_str()))
            });
        }
    }

    /// Labels of the grouping key that mean something else in a histogram or summary.
    fn key(&mut self, name: &[u8], kind: Kind, at: usize) {
        if kind == Kind::Summary && self.key.has(b"quantile") {
            self.error(Code::QuantileLabel, at, || {
                let name = quoted(name);
                Detail::new(format!(
                    "the grouping key's label `quantile` can't stand beside the summary {name}"
                ))
                .help("give the label of the grouping key another name")
            });
        }
        if kind.has_buckets() && self.key.has(b"le") {
            self.error(Code::LeInKey, at, || {
                let name = quoted(name);
                Detail::new(format!("the grouping key's label `le` can't stand beside the histogram {name}"))
                    .help("the gateway would take it, and Prometheus then refuse all that the gateway holds")
            });
        }
    }

    /// A counter without samples beside a `_total` without a type, as in the other text format.
    fn openmetrics_counter(&mut self, number: usize, name: &[u8]) {
        let declared = self.families.place(number, Mention::Type);
        let (Some(Kind::Counter), Some(at)) = (self.families[number].kind, declared) else { return };
        let total = [name, b"_total"].concat();
        let Some(number) = self.families.exact(&total) else { return };
        let family = &self.families[number];
        if family.has(Mention::Sample) && !family.has(Mention::Type) {
            self.findings.warning(Code::OpenmetricsCounter, name_at(self.bytes, at), || {
                let (name, quoted_total) = (quoted(name), quoted(&total));
                let total = String::from_utf8_lossy(&total);
                Detail::new(format!("the gateway stores {quoted_total} untyped: the TYPE line names {name}"))
                    .help(format!("OpenMetrics writes it so; here it is `# TYPE {total} counter`"))
            });
        }
    }
}

/// The name that begins at `at`.
pub(super) fn name_at(bytes: &[u8], at: usize) -> Range<usize> {
    let rest = &bytes[line_of(bytes, at)];
    let quote = usize::from(rest.first() == Some(&b'"'));
    let ends = |byte: &u8| {
        if quote == 1 { *byte == b'"' } else { matches!(byte, b'{' | b' ' | b'\t' | b',' | b'}') }
    };
    let length = rest[quote..].iter().position(ends).map_or(rest.len(), |length| length + 2 * quote);
    at..at + length
}
