//! Checks the input as a whole. The gateway's store can reject a push even if its parser accepted every line.
//!
//! The store gathers all metrics as for a scrape, and rejects the push if that fails (`checkWriteRequest` in
//! `prometheus/pushgateway storage/diskmetricstore.go`; `Gatherers.Gather`, `checkSuffixCollisions` and
//! `checkMetricConsistency` in `prometheus/client_golang prometheus/registry.go`).

use super::code::Code;
use super::context::Context;
use super::family::{Suffix, split_suffix};
use super::findings::Message;
use super::messages::{EMPTY_VARIABLE, quoted};
use super::model::kind::Kind;
use super::overwrites::Overwrites;
use super::text::spans::name_at;

/// The gateway's own families and their types, as exposed by a newly started Pushgateway 1.11.2 on Linux. Version 1.5.1
/// has all but one of them. A push can add series to one of these families if the types match.
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

/// Returns whether the gateway adds a metric with this name to each group, or exposes it as its own metric. If such a
/// metric is pushed, the gateway responds with 200, but overwrites it or, in an existing group, records a push failure
/// that did not happen.
fn is_reserved(name: &[u8]) -> bool {
    matches!(name, b"push_time_seconds" | b"push_failure_time_seconds") || name.starts_with(b"pushgateway_")
}

pub(super) fn check<'a>(overwrites: &Overwrites<'a>, context: &mut Context<'a>) {
    let numbers = context.families.numbers();
    let mut rules = FamilyRules { overwrites, context };
    numbers.for_each(|number| rules.check(number));
}

/// Checks families one at a time. The input can have a million families, so messages are built only for diagnostics
/// that are kept.
struct FamilyRules<'c, 'a> {
    overwrites: &'c Overwrites<'a>,
    context: &'c mut Context<'a>,
}

impl FamilyRules<'_, '_> {
    fn check(&mut self, number: usize) {
        let name = self.context.families.name(number);
        let Some(at) = self.context.families[number].sample() else {
            self.openmetrics_counter(&name);
            return;
        };
        if self.context.options.convert_only {
            return;
        }
        let kind = self.context.families[number].kind.unwrap_or(Kind::Counter);
        if is_reserved(&name) {
            self.error(Code::ReservedName, at, || {
                Message::new(format!("the gateway itself uses the name {}", quoted(&name)))
                    .help("rename the metric")
            });
            return;
        }
        if name.ends_with(b":") && self.context.families[number].is_metric {
            self.colon(&name, at);
        }
        let type_line = self.context.families[number].type_line();
        self.own_families(&name, kind, (at, type_line));
        self.suffixes(&name, kind, (at, type_line));
        self.key_labels(&name, kind, at);
    }

    fn error(&mut self, code: Code, at: usize, message: impl FnOnce() -> Message) {
        let bytes = self.context.bytes;
        self.context.findings.error_at(code, at, || (name_at(bytes, at), message()));
    }

    /// Warns about a line such as `name: 1`, which is valid, but was probably meant as YAML.
    fn colon(&mut self, name: &[u8], at: usize) {
        self.context.findings.warning(Code::ColonName, name_at(self.context.bytes, at), || {
            let short = String::from_utf8_lossy(name).trim_end_matches(':').to_owned();
            let write = format!("write `{short}`, without the colon");
            Message::new(format!("the colon is part of the metric name {}", quoted(name)))
                .help(if short.is_empty() { EMPTY_VARIABLE.to_owned() } else { write })
        });
    }

    /// Checks that a metric has the same type as the gateway's own family of this name, and that its name is not that of
    /// a sample of one of the gateway's own summaries, such as `x_sum`.
    fn own_families(&mut self, name: &[u8], kind: Kind, (at, type_line): (usize, Option<usize>)) {
        let is_declared = kind != Kind::Untyped || !self.context.has_invalid_type_line;
        if let Some(own) = own_kind(name)
            && own != kind
            && is_declared
        {
            let openmetrics = self.openmetrics_type_line(name);
            self.context.openmetrics += usize::from(openmetrics.is_some());
            self.error(Code::GatewayTypeConflict, type_line.unwrap_or(at), || {
                let (name, text) = (quoted(name), String::from_utf8_lossy(name));
                let (article, own) = (own.with_article(), own.as_str());
                let message = format!(
                    "{name} is {} here, but the gateway's own metric is {article}",
                    kind.with_article()
                );
                Message::new(message).help(match openmetrics {
                    Some(_) => format!(
                        "OpenMetrics declares counters without `_total`; in the text format write `# TYPE {text} {own}`"
                    ),
                    None => {
                        format!("declare it as the gateway does: `# TYPE {text} {own}`; or rename the metric")
                    }
                })
            });
        }
        if let Some((base, Suffix::Count | Suffix::Sum)) = split_suffix(name)
            && own_kind(base) == Some(Kind::Summary)
            && !self.has_conflict(base)
        {
            self.error(Code::SuffixCollision, at, || {
                let (name, text) = (quoted(name), String::from_utf8_lossy(base));
                Message::new(format!("{name} is part of the gateway's own summary `{text}`")).help(format!(
                    "declare it as the gateway does: `# TYPE {text} summary`; or rename the metric"
                ))
            });
        }
    }

    /// Returns whether the input has samples of the gateway's own family `own` with another type. That is a separate
    /// error.
    fn has_conflict(&self, own: &[u8]) -> bool {
        self.context
            .families
            .exact(own)
            .map(|number| &self.context.families[number])
            .is_some_and(|family| family.sample().is_some() && family.kind != own_kind(own))
    }

    /// Returns the TYPE line of the counter `total` if the line omits the suffix `_total`, as in OpenMetrics.
    fn openmetrics_type_line(&self, total: &[u8]) -> Option<usize> {
        let families = &self.context.families;
        let total_family = &families[families.exact(total)?];
        let family = &families[families.exact(total.strip_suffix(b"_total")?)?];
        let is_untyped = total_family.kind == Some(Kind::Untyped) && total_family.type_line().is_none();
        let is_declared = family.kind == Some(Kind::Counter) && family.sample().is_none();
        family.type_line().filter(|_| is_untyped && is_declared && total_family.sample().is_some())
    }

    /// Rejects families that are named like a sample of this histogram or summary, such as `x_count`. Such a family can
    /// exist only if it precedes the TYPE line of the histogram or summary.
    fn suffixes(&mut self, name: &[u8], kind: Kind, (at, type_line): (usize, Option<usize>)) {
        let suffixes: &[&[u8]] = match kind {
            Kind::Summary => &[b"_count", b"_sum"],
            Kind::Histogram => &[b"_count", b"_sum", b"_bucket"],
            Kind::Counter | Kind::Gauge | Kind::Untyped | Kind::GaugeHistogram => &[],
        };
        for suffix in suffixes {
            let other = [name, suffix].concat();
            let families = &self.context.families;
            let Some(part) = families.exact(&other).map(|part| &families[part]) else { continue };
            let Some(other_at) = part.sample() else { continue };
            let span = name_at(self.context.bytes, at);
            let has_type = part.type_line().is_some();
            // A HELP line before the TYPE line makes the part a separate metric.
            let is_cause = |help: &usize| Some(*help) < type_line && type_line < Some(other_at);
            let help_line = part.help().filter(|help| !has_type && is_cause(help));
            self.error(Code::SuffixCollision, help_line.unwrap_or(other_at), || {
                let (kind, name, other) = (kind.as_str(), quoted(name), quoted(&other));
                let message = format!("{other} is a separate metric and also part of the {kind} {name}");
                let help = if help_line.is_some() {
                    "remove this line; a metric has only one HELP line, for all its samples".to_owned()
                } else if has_type {
                    format!("rename {other} or {name}; both have a TYPE line")
                } else {
                    format!("rename {other}, or write the TYPE line of {name} before it")
                };
                Message::new(message).help(help).related(span, format!("the {kind}"))
            });
        }
    }

    /// Rejects grouping-key labels that have a special meaning in a histogram or summary.
    fn key_labels(&mut self, name: &[u8], kind: Kind, at: usize) {
        if kind == Kind::Summary && self.overwrites.has(b"quantile") {
            self.error(Code::QuantileInKey, at, || {
                let name = quoted(name);
                Message::new(format!("the grouping key has a label `quantile`, and {name} is a summary"))
                    .help("rename the label of the grouping key")
            });
        }
        if kind.has_buckets() && self.overwrites.has(b"le") {
            self.error(Code::LeInKey, at, || {
                let name = quoted(name);
                Message::new(format!("the grouping key has a label `le`, and {name} is a histogram"))
                    .help("rename the label of the grouping key; the gateway would accept this, but then Prometheus could not scrape it")
            });
        }
    }

    /// Warns about a counter without samples if there is an untyped metric with the same name plus `_total`.
    /// OpenMetrics declares counters like this.
    fn openmetrics_counter(&mut self, name: &[u8]) {
        let total = [name, b"_total"].concat();
        let Some(at) = self.openmetrics_type_line(&total).filter(|_| own_kind(&total).is_none()) else {
            return;
        };
        self.context.openmetrics += 1;
        let has_help =
            self.context.families.exact(name).is_some_and(|own| self.context.families[own].help().is_some());
        self.context.findings.warning(Code::OpenmetricsCounter, name_at(self.context.bytes, at), || {
            let (name, quoted_total) = (quoted(name), quoted(&total));
            let total = String::from_utf8_lossy(&total);
            let also = if has_help { ", and use that name in the HELP line too" } else { "" };
            Message::new(format!("{quoted_total} is untyped: the TYPE line is for {name}")).help(format!(
                "OpenMetrics declares counters like this; in the text format write `# TYPE {total} counter`{also}"
            ))
        });
    }
}
