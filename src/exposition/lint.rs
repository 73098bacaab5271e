//! Checks the same conventions for names, units and HELP texts as `promtool check metrics` and suggests fixes.
//!
//! The rules match promtool's linter (`prometheus/client_golang prometheus/testutil/promlint/validations`). As in
//! promtool, metric families are checked after the whole input has been read. Labels need a second pass over the lines,
//! which is skipped without `--lint`.
//!
//! Promtool also reports duplicate metrics. Here they are `duplicate-series` errors, because the gateway rejects them.
//! Promtool 2 (verified with 2.42) does not have that rule. It also reports any type in a metric's name, not only the
//! type of the metric, and picks a random unit if a name contains several. Promtool repeats a message for each label or
//! unit. Here, each of them is reported at its position.

use super::code::Code;
use super::family::{FamilyEntry, FamilyTable};
use super::findings::{Findings, Message};
use super::messages::quoted;
use super::model::kind::Kind;
use super::text::lines::{self, Text};
use super::text::number::{self, is_timestamp};
use super::text::scan::{self, Line};
use super::text::spans::name_at;
use super::text::token::LabelPair;
use std::collections::HashSet;
use std::ops::Range;

/// The base units, each with the units that should be converted to it.
const UNITS: [(&str, &[&str]); 10] = [
    ("amperes", &[]),
    ("bytes", &["bits"]),
    ("celsius", &["fahrenheit", "rankine"]),
    ("grams", &["pounds", "ounces"]),
    ("joules", &["calories"]),
    ("kelvin", &["kelvins"]),
    ("meters", &["inches", "yards", "miles"]),
    ("metres", &[]),
    ("seconds", &["minutes", "hours", "days", "weeks"]),
    ("volts", &[]),
];

/// Unit prefixes (`mibi` is promtool's spelling). A unit with a prefix is not a base unit.
const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mibi",
    "giga", "gibi", "tera", "tebi", "peta", "pebi",
];

/// The units to use, each with the abbreviations that it should replace.
const ABBREVIATIONS: [(&str, &[&str]); 3] = [
    ("`seconds`", &["s", "ms", "us", "ns", "sec", "h", "d"]),
    ("`bytes`", &["b", "kb", "mb", "gb", "tb", "pb"]),
    ("`meters` or `seconds`", &["m"]),
];

/// Reports all violations of the conventions.
pub(super) fn check(text: Text<'_>, families: &FamilyTable<'_>, findings: &mut Findings) {
    for number in families.numbers() {
        let family = &families[number];
        if let Some(first_sample) = family.sample().filter(|_| family.is_metric) {
            let name = families.name(number);
            let at = family.type_line().unwrap_or(first_sample);
            let is_plain = text.bytes.get(at..at + name.len()) == Some(&*name);
            let span = if is_plain { at..at + name.len() } else { name_at(text.bytes, at) };
            let name = String::from_utf8_lossy(&name);
            NameLints { family, name: &name, span, is_plain, findings }.check();
        }
    }
    let mut lints = LabelLints { families, reported: HashSet::new() };
    let mut labels = Vec::new();
    for (_, file) in lines::files(text) {
        let mut start = file.start;
        while let Some(line) = lines::next(text.bytes, &file, start, &mut labels) {
            start = line.all.end + 1;
            if let Ok(Line::Sample(sample)) = scan::line(text.bytes, line.trimmed, &mut labels)
                && let Some(name) = sample.name
                && number::begins_like_number(&text.bytes[sample.value])
                && (sample.rest.is_empty() || is_timestamp(&text.bytes[sample.rest]))
            {
                // The parser assigns labels before the name to the metric of the preceding line.
                for label in labels.iter().skip(sample.labels_before_name) {
                    lints.check(label, || name.text(), findings);
                }
            }
        }
    }
}

/// Checks the name, the type and the HELP text of a family.
struct NameLints<'c> {
    family: &'c FamilyEntry,
    name: &'c str,
    /// Position of the name in the TYPE line, or in the first sample if there is no TYPE line.
    span: Range<usize>,
    /// Whether the name is written without quotes, so that a part of it can be highlighted.
    is_plain: bool,
    findings: &'c mut Findings,
}

impl NameLints<'_> {
    fn check(mut self) {
        self.help();
        self.units();
        self.colon();
        self.camel_case();
        // A guessed type may be wrong, so the name is not checked against it.
        if let Some(kind) = self.family.kind
            && kind != Kind::Untyped
            && !self.family.kind_is_guessed
        {
            self.total(kind);
            self.reserved_suffix(kind);
            self.type_in_name(kind);
        }
    }

    fn part(&self, part: Range<usize>) -> Range<usize> {
        if self.is_plain {
            self.span.start + part.start..self.span.start + part.end
        } else {
            self.span.clone()
        }
    }

    /// Implements `LintHelp`.
    fn help(&mut self) {
        if self.family.help().is_some() {
            return;
        }
        self.findings.warning(Code::LintNoHelp, self.span.clone(), || {
            Message::new(format!("the metric {} has no HELP text", quoted(self.name.as_bytes())))
                .help(format!("describe what it measures: `# HELP {} ...`", self.name))
        });
    }

    /// Implements `LintMetricUnits` and `LintUnitAbbreviations`.
    fn units(&mut self) {
        if let Some((part, base)) =
            parts(self.name).find_map(|part| Some((part.clone(), unit(&self.name[part])?)))
            && &self.name[part.clone()] != base
        {
            self.findings.warning(Code::LintBaseUnit, self.part(part.clone()), || {
                Message::new(format!("{} is not a base unit", quoted(self.name[part].as_bytes())))
                    .help(format!("use `{base}`, so that dashboards and queries need no conversion"))
            });
        }
        for part in parts(self.name).skip(1) {
            let word = self.name[part.clone()].to_lowercase();
            if let Some((full, _)) = ABBREVIATIONS.iter().find(|(_, short)| short.contains(&&*word)) {
                self.findings.warning(Code::LintUnitAbbreviation, self.part(part.clone()), || {
                    Message::new(format!("{} is an abbreviated unit", quoted(self.name[part].as_bytes())))
                        .help(format!("use a base unit and its full name: {full}"))
                });
            }
        }
    }

    /// Implements `LintReservedChars`.
    fn colon(&mut self) {
        if let Some(at) = self.name.find(':') {
            self.findings.warning(Code::LintColon, self.part(at..at + 1), || {
                Message::new(format!("the name {} contains a colon", quoted(self.name.as_bytes())))
                    .help("colons are for recording rules; use `_`")
            });
        }
    }

    /// Implements `LintCamelCase` for metric names.
    fn camel_case(&mut self) {
        if let Some(at) = find_camel_case(self.name.as_bytes()) {
            self.findings.warning(Code::LintCamelCase, self.part(at..at + 2), || {
                Message::new(format!("the name {} is in camelCase", quoted(self.name.as_bytes())))
                    .help(format!("use snake_case: {}", quoted(snake_case(self.name).as_bytes())))
            });
        }
    }

    /// Implements `LintCounter`.
    fn total(&mut self, kind: Kind) {
        let name = || quoted(self.name.as_bytes());
        match (kind == Kind::Counter, self.name.strip_suffix("_total")) {
            (true, None) => {
                self.findings.warning(Code::LintCounterSuffix, self.span.clone(), || {
                    Message::new(format!("the counter {} does not end with `_total`", name()))
                        .help(format!("rename it to `{}_total`", self.name))
                });
            }
            (false, Some(rest)) => {
                let suffix = self.part(rest.len()..self.name.len());
                self.findings.warning(Code::LintTotalSuffix, suffix, || {
                    Message::new(format!("{} ends with `_total`, but is {}", name(), kind.with_article()))
                        .help("`_total` is for counters: declare it as a counter, or remove the suffix")
                });
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// Implements `LintHistogramSummaryReserved` for metric names.
    fn reserved_suffix(&mut self, kind: Kind) {
        let is_histogram = kind == Kind::Histogram;
        let (suffix, owners) = if self.name.ends_with("_bucket") && !is_histogram {
            ("_bucket", "histograms")
        } else if self.name.ends_with("_count") && !is_histogram && kind != Kind::Summary {
            ("_count", "histograms and summaries")
        } else if self.name.ends_with("_sum") && !is_histogram && kind != Kind::Summary {
            ("_sum", "histograms and summaries")
        } else {
            return;
        };
        let part = self.part(self.name.len() - suffix.len()..self.name.len());
        self.findings.warning(Code::LintReservedSuffix, part, || {
            let name = quoted(self.name.as_bytes());
            Message::new(format!("{name} ends with `{suffix}`, but is {}", kind.with_article()))
                .help(format!("this suffix is for the samples of {owners}; rename the metric"))
        });
    }

    /// Implements `LintMetricTypeInName`.
    fn type_in_name(&mut self, kind: Kind) {
        let word = if kind == Kind::GaugeHistogram { "gauge_histogram" } else { kind.as_str() };
        let (lower, inner) = (self.name.to_lowercase(), format!("_{word}_"));
        let at = lower.find(&inner).or_else(|| lower.strip_suffix(&inner[..=word.len()]).map(str::len));
        // If the name is not ASCII, its lower-case form can have a different length.
        if let Some(at) = at {
            let part = if self.name.is_ascii() { at + 1..at + 1 + word.len() } else { 0..self.name.len() };
            self.findings.warning(Code::LintTypeInName, self.part(part), || {
                Message::new(format!("the name contains the type of the metric, `{word}`"))
                    .help("remove it from the name; the TYPE line already contains it")
            });
        }
    }
}

/// Checks labels. Each problem is reported only once per metric and label name.
struct LabelLints<'c, 'a> {
    families: &'c FamilyTable<'a>,
    reported: HashSet<(usize, Vec<u8>)>,
}

impl LabelLints<'_, '_> {
    /// Checks a label. `name` returns the name of the sample and is called only if there may be a problem.
    fn check<N: AsRef<[u8]>>(
        &mut self,
        label: &LabelPair<'_>,
        name: impl FnOnce() -> N,
        findings: &mut Findings,
    ) {
        let text = label.name.text();
        let camel_case = find_camel_case(&text);
        let is_reserved = matches!(text.as_ref(), b"le" | b"quantile");
        if camel_case.is_none() && !is_reserved {
            return;
        }
        let Some(number) = self.families.of_sample(name().as_ref()) else { return };
        if !self.reported.insert((number, text.to_vec())) {
            return;
        }
        let span = label.name.span();
        if let Some(at) = camel_case {
            let span = if label.name.is_plain() { span.start + at..span.start + at + 2 } else { span };
            findings.warning(Code::LintCamelCaseLabel, span, || {
                let snake = snake_case(&String::from_utf8_lossy(&text));
                Message::new(format!("the label {} is in camelCase", quoted(&text)))
                    .help(format!("use snake_case: {}", quoted(snake.as_bytes())))
            });
        } else {
            self.reserved_label(number, &text, span, findings);
        }
    }

    /// Implements `LintHistogramSummaryReserved` for labels.
    fn reserved_label(&self, number: usize, text: &[u8], span: Range<usize>, findings: &mut Findings) {
        let family = &self.families[number];
        let (owners, is_owner) = match (text, family.kind) {
            (_, None | Some(Kind::Untyped)) => return,
            (b"le", Some(kind)) => ("histograms", kind.has_buckets()),
            (_, Some(kind)) => ("summaries", kind == Kind::Summary),
        };
        if is_owner || family.kind_is_guessed {
            return;
        }
        let kind = family.kind.map_or("", Kind::as_str);
        findings.warning(Code::LintReservedLabel, span, || {
            let name = quoted(&self.families.name(number));
            Message::new(format!("the label {} is for {owners}, but {name} is a {kind}", quoted(text)))
                .help("rename the label")
        });
    }
}

/// Splits a name at underscores and returns the range of each word.
fn parts(name: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    name.split('_').map(move |part| {
        let range = start..start + part.len();
        start = range.end + 1;
        range
    })
}

/// Returns the base unit if the word is a unit, with or without a prefix.
fn unit(word: &str) -> Option<&'static str> {
    let base = |word: &str| {
        UNITS.iter().find(|(base, units)| *base == word || units.contains(&word)).map(|(base, _)| *base)
    };
    base(word).or_else(|| PREFIXES.iter().find_map(|prefix| base(word.strip_prefix(prefix)?)))
}

/// Returns the position of a lower-case letter that is followed by an upper-case letter.
fn find_camel_case(name: &[u8]) -> Option<usize> {
    name.windows(2).position(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

/// Converts `backupSizeGB` to `backup_size_gb`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut after_lower = false;
    for letter in name.chars() {
        if after_lower && letter.is_ascii_uppercase() {
            snake.push('_');
        }
        after_lower = letter.is_ascii_lowercase();
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use crate::exposition::{Category, CheckOptions, Severity, Text, check};
    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

    const RULES: CheckOptions<'_> =
        CheckOptions { utf8_names: true, allow_empty: true, lint: true, ..CheckOptions::PLAIN };

    /// Returns the code and the highlighted text of each lint diagnostic.
    fn lint(text: &str) -> Vec<(&'static str, &str)> {
        let report = check(Text { bytes: text.as_bytes(), starts: &[0] }, &RULES);
        let found = report.diagnostics.iter().filter(|found| found.code.category() == Category::Lint);
        found
            .inspect(|found| assert_eq!(found.severity, Severity::Warning))
            .map(|found| (found.code.as_str(), &text[found.span.clone()]))
            .collect()
    }

    #[test]
    fn a_good_text_has_no_diagnostics() {
        let good = "# HELP a_seconds x\n# TYPE a_seconds histogram\na_seconds_bucket{le=\"+Inf\"} 1\n\
            a_seconds_sum 1\na_seconds_count 1\n# HELP b_total x\n# TYPE b_total counter\nb_total{c_d=\"eF\"} 1\n";
        assert_eq!(lint(good), []);
    }

    #[test]
    fn a_part_of_the_name_is_marked() {
        let text = "# HELP a_kilobits_gauge_x x\n# TYPE a_kilobits_gauge_x gauge\na_kilobits_gauge_x 1\n";
        assert_eq!(lint(text), [("lint-base-unit", "kilobits"), ("lint-type-in-name", "gauge")]);
        let text = "# HELP a x\n# TYPE a:b_gauge GAUGE\na:b_gauge 1\n";
        assert_eq!(
            lint(text),
            [("lint-no-help", "a:b_gauge"), ("lint-colon", ":"), ("lint-type-in-name", "gauge")]
        );
        assert_eq!(
            lint("x_MB_total_d 1\n"),
            [
                ("lint-no-help", "x_MB_total_d"),
                ("lint-unit-abbreviation", "MB"),
                ("lint-unit-abbreviation", "d")
            ]
        );
    }

    #[test]
    fn a_quoted_name_is_marked_as_a_whole() {
        let text = "{\"fooBar_ms\",\"aB\"=\"x\"} 1\n";
        assert_eq!(
            lint(text),
            [
                ("lint-no-help", "\"fooBar_ms\""),
                ("lint-unit-abbreviation", "\"fooBar_ms\""),
                ("lint-camel-case", "\"fooBar_ms\""),
                ("lint-camel-case-label", "\"aB\"")
            ]
        );
    }

    #[test]
    fn the_first_unit_decides() {
        assert_eq!(lint("# HELP a_seconds_minutes x\na_seconds_minutes 1\n"), []);
        assert_eq!(lint("# HELP minutes x\nminutes 1\n"), [("lint-base-unit", "minutes")]);
        assert_eq!(lint("# HELP thermometers x\nthermometers 1\n"), []);
        assert_eq!(lint("# HELP s x\ns 1\n"), [], "a name that is an abbreviation only");
    }

    #[test]
    fn labels_are_reported_once_for_each_metric() {
        let text = "# HELP a x\n# TYPE a gauge\na{le=\"1\",cD=\"1\"} 1\na{le=\"2\",cD=\"2\"} 1\na{eF=\"x\"} 1\n\
            # HELP s x\n# TYPE s summary\ns{quantile=\"1\",le=\"1\"} 1\ns_sum{le=\"1\"} 1\ns_count{le=\"1\"} 1\n";
        assert_eq!(
            lint(text),
            [
                ("lint-reserved-label", "le"),
                ("lint-camel-case-label", "cD"),
                ("lint-camel-case-label", "eF"),
                ("lint-reserved-label", "le")
            ]
        );
    }

    #[test]
    fn a_guessed_type_is_not_checked() {
        let text = "# HELP a_total x\n# TYPE a_total guage\na_total{le=\"1\"} 1\n";
        assert_eq!(lint(text), []);
    }

    /// Generates sequences of valid and invalid pieces of text.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let pieces: &[&[u8]] = &[
            b"# TYPE ",
            b"# HELP ",
            b"aB",
            b"\"a\\\"\xc3\x9f\xe2\x84\xaa\"",
            b"_ms",
            b"_KB_",
            b"__",
            b"_gauge",
            b"_\xe2\x84\xaab",
            b"_gauge_histogram",
            b"seconds",
            b"kibibits",
            b"_total",
            b"_bucket",
            b"_count",
            b":",
            b" gauge\n",
            b" histogram\n",
            b" gaugehistogram\n",
            b" summary\n",
            b" counter\n",
            b"{",
            b"}",
            b"le=\"1\"",
            b"quantile=\"1\"",
            b",",
            b"\"cD\"=\"x\"",
            b" 1\n",
            b" 1",
            b"\r",
            b"\n",
            b" ",
            b"\xff",
            b"\"",
            b"\xef\xbb\xbf",
        ];
        proptest::collection::vec(proptest::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_can_be_checked(bytes in pieces(), file in 0..40_usize) {
            let text = Text { bytes: &bytes, starts: &[0, file.min(bytes.len())] };
            let report = check(text, &RULES);
            for found in &report.diagnostics {
                prop_assert!(found.span.start <= found.span.end && found.span.end <= bytes.len(), "{found:?}");
            }
            // Without `lint`, the report contains the same diagnostics except for the lint warnings.
            let plain = check(text, &CheckOptions { lint: false, ..RULES });
            let others = report.diagnostics.iter().filter(|found| found.code.category() != Category::Lint);
            prop_assert!(others.eq(&plain.diagnostics));
            prop_assert_eq!(&report.splices, &plain.splices);
        }
    }
}
