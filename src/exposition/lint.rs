//! The conventions of names, units and help texts: what `promtool check metrics` checks, with the place and the cure.
//!
//! They are those of promtool's own linter (`prometheus/client_golang prometheus/testutil/promlint/validations`), which
//! sees a text's metric families as its parser has read them; so does this one, once the checker is through. Of the
//! lines only labels are wanted again, so that who does not ask for conventions pays nothing for them.
//!
//! Promtool's one other rule, that a metric is unique, is the checker's `duplicate-series`: an error, for the gateway
//! refuses it, and found in any order of labels. Promtool 2 (seen with 2.42) lacks that rule, takes any type's name in a
//! metric's name for a fault, not only the metric's own, and judges one unit of a name with several at random. Where it
//! repeats a sentence for each label or unit, each gets its own place here.

use super::Code;
use super::check::Checker;
use super::collisions::name_at;
use super::family::{Families, Family, Kind, Mention};
use super::findings::{Detail, Findings};
use super::messages::quoted;
use super::text::lines;
use super::text::scan::{self, Line};
use super::text::token::{self, Label};
use std::collections::HashSet;
use std::ops::Range;

/// Units and the base units that they are measured in. A base unit is its own, and ends the search for others.
const UNITS: [(&str, &str); 24] = [
    ("amperes", "amperes"),
    ("bytes", "bytes"),
    ("celsius", "celsius"),
    ("grams", "grams"),
    ("joules", "joules"),
    ("kelvin", "kelvin"),
    ("meters", "meters"),
    ("metres", "metres"),
    ("seconds", "seconds"),
    ("volts", "volts"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("kelvins", "kelvin"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("yards", "meters"),
    ("miles", "meters"),
    ("bits", "bytes"),
    ("calories", "joules"),
    ("pounds", "grams"),
    ("ounces", "grams"),
];

/// What may stand before a unit (`mibi` is promtool's spelling), and makes it no base unit.
const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mibi",
    "giga", "gibi", "tera", "tebi", "peta", "pebi",
];

/// Short forms of units, and what to write.
const ABBREVIATIONS: [(&str, &str); 14] = [
    ("s", "`seconds`"),
    ("ms", "`seconds`"),
    ("us", "`seconds`"),
    ("ns", "`seconds`"),
    ("sec", "`seconds`"),
    ("b", "`bytes`"),
    ("kb", "`bytes`"),
    ("mb", "`bytes`"),
    ("gb", "`bytes`"),
    ("tb", "`bytes`"),
    ("pb", "`bytes`"),
    ("m", "`meters` or `seconds`"),
    ("h", "`seconds`"),
    ("d", "`seconds`"),
];

impl Checker<'_> {
    /// Adds what departs from the conventions.
    pub(super) fn lint(&mut self) {
        for number in 0..self.families.len() {
            if let Some(first_sample) = self.families.place(number, Mention::Sample) {
                let (family, name) = (&self.families[number], self.families.name(number));
                let at = self.families.place(number, Mention::Type).unwrap_or(first_sample);
                let place = Place::new(self.text.bytes, at, &name);
                let name = String::from_utf8_lossy(&name);
                Names { family, name: &name, place, findings: &mut self.findings }.lint();
            }
        }
        let mut labels = Labels::new(&self.families);
        let mut scratch = token::Labels::new(self.text.bytes);
        for (_, file) in lines::files(self.text) {
            let mut start = file.start;
            while let Some(line) = lines::next(self.text.bytes, &file, start, &mut scratch) {
                start = line.all.end + 1;
                if let Ok(Line::Sample(sample)) = scan::line(self.text.bytes, line.trimmed, &mut scratch)
                    && let Some(name) = sample.name
                {
                    // Those before the name belong to whatever the parser has read before.
                    for label in scratch.iter().skip(sample.labels_before_name) {
                        labels.lint(&label, || name.text(), &mut self.findings);
                    }
                }
            }
        }
    }
}

/// Where a family's name stands: in its TYPE line or else in its first sample.
struct Place {
    span: Range<usize>,
    /// It is written as it is meant, so that a part of it has a place too.
    plain: bool,
}

impl Place {
    fn new(bytes: &[u8], at: usize, name: &[u8]) -> Self {
        let end = at + name.len();
        if bytes.get(at..end) == Some(name) {
            Self { span: at..end, plain: true }
        } else {
            Self { span: name_at(bytes, at), plain: false }
        }
    }

    fn whole(&self) -> Range<usize> {
        self.span.clone()
    }

    fn part(&self, part: Range<usize>) -> Range<usize> {
        if self.plain { self.span.start + part.start..self.span.start + part.end } else { self.whole() }
    }
}

/// The rules on a family's name, type and help.
struct Names<'c> {
    family: &'c Family,
    name: &'c str,
    place: Place,
    findings: &'c mut Findings,
}

impl Names<'_> {
    fn lint(mut self) {
        self.help();
        self.units();
        self.colon();
        self.camel_case();
        // A type that could only be guessed says nothing about the name.
        if let Some(kind) = self.family.kind
            && kind != Kind::Untyped
            && !self.family.guessed
        {
            self.total(kind);
            self.reserved_suffix(kind);
            self.type_in_name(kind);
        }
    }

    fn quoted(&self) -> String {
        quoted(self.name.as_bytes())
    }

    /// `LintHelp`.
    fn help(&mut self) {
        if self.family.has(Mention::Help) {
            return;
        }
        let (name, text) = (self.quoted(), self.name);
        self.findings.warning(Code::LintNoHelp, self.place.whole(), || {
            Detail::new(format!("the metric {name} has no HELP text"))
                .help(format!("say what it measures: `# HELP {text} ...`"))
        });
    }

    /// `LintMetricUnits` and `LintUnitAbbreviations`.
    fn units(&mut self) {
        if let Some((part, base)) =
            parts(self.name).find_map(|part| Some((part.clone(), unit(&self.name[part])?)))
            && &self.name[part.clone()] != base
        {
            let unit = quoted(self.name[part.clone()].as_bytes());
            self.findings.warning(Code::LintBaseUnit, self.place.part(part), || {
                Detail::new(format!("{unit} is no base unit"))
                    .help(format!("measure in `{base}`: dashboards and queries then need no conversion"))
            });
        }
        for part in parts(self.name).skip(1) {
            let word = self.name[part.clone()].to_lowercase();
            if let Some((_, full)) = ABBREVIATIONS.iter().find(|(short, _)| *short == word) {
                let unit = quoted(self.name[part.clone()].as_bytes());
                self.findings.warning(Code::LintUnitAbbreviation, self.place.part(part), || {
                    Detail::new(format!("{unit} abbreviates a unit"))
                        .help(format!("measure in a base unit and write it in full: {full}"))
                });
            }
        }
    }

    /// `LintReservedChars`.
    fn colon(&mut self) {
        if let Some(at) = self.name.find(':') {
            let name = self.quoted();
            self.findings.warning(Code::LintColon, self.place.part(at..at + 1), || {
                Detail::new(format!("the name {name} holds a colon"))
                    .help("colons are for the names of recording rules; use `_`")
            });
        }
    }

    /// `LintCamelCase`, as far as it is about the name of the metric.
    fn camel_case(&mut self) {
        if let Some(at) = hump(self.name.as_bytes()) {
            let (name, snake) = (self.quoted(), snake_case(self.name));
            self.findings.warning(Code::LintCamelCase, self.place.part(at..at + 2), || {
                Detail::new(format!("the name {name} is in camelCase"))
                    .help(format!("write it in snake_case: {}", quoted(snake.as_bytes())))
            });
        }
    }

    /// `LintCounter`.
    fn total(&mut self, kind: Kind) {
        let name = self.quoted();
        match (kind == Kind::Counter, self.name.strip_suffix("_total")) {
            (true, None) => {
                let help = format!("name it `{}_total`", self.name);
                self.findings.warning(Code::LintCounterSuffix, self.place.whole(), || {
                    Detail::new(format!("the counter {name} does not end with `_total`")).help(help)
                });
            }
            (false, Some(rest)) => {
                let suffix = self.place.part(rest.len()..self.name.len());
                self.findings.warning(Code::LintTotalSuffix, suffix, || {
                    Detail::new(format!("{name} ends with `_total`, but is a {}", kind.as_str()))
                        .help("`_total` is for counters: declare it as one, or leave the ending out")
                });
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// `LintHistogramSummaryReserved`, as far as it is about the name.
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
        let (name, start) = (self.quoted(), self.name.len() - suffix.len());
        self.findings.warning(Code::LintReservedSuffix, self.place.part(start..self.name.len()), || {
            Detail::new(format!("{name} ends with `{suffix}`, but is a {}", kind.as_str()))
                .help(format!("the ending is for the samples of {owners}; give the metric another name"))
        });
    }

    /// `LintMetricTypeInName`.
    fn type_in_name(&mut self, kind: Kind) {
        let word = if kind == Kind::GaugeHistogram { "gauge_histogram" } else { kind.as_str() };
        let (lower, inner) = (self.name.to_lowercase(), format!("_{word}_"));
        let at = lower.find(&inner).or_else(|| lower.strip_suffix(&inner[..=word.len()]).map(str::len));
        // Lower case can have another length; a name in ASCII keeps its.
        if let Some(at) = at {
            let part = if self.name.is_ascii() { at + 1..at + 1 + word.len() } else { 0..self.name.len() };
            self.findings.warning(Code::LintTypeInName, self.place.part(part), || {
                Detail::new(format!("the name holds the metric's type, `{word}`"))
                    .help("the TYPE line says it; leave it out of the name")
            });
        }
    }
}

/// The rules on labels; each is told once for each metric and name of a label.
struct Labels<'c, 'a> {
    families: &'c Families<'a>,
    said: HashSet<(usize, Vec<u8>)>,
}

impl<'c, 'a> Labels<'c, 'a> {
    fn new(families: &'c Families<'a>) -> Self {
        Self { families, said: HashSet::new() }
    }

    /// Checks the label of a sample. `name` is the sample's, which is only wanted where something seems to be wrong.
    fn lint<N: AsRef<[u8]>>(&mut self, label: &Label<'_>, name: impl FnOnce() -> N, findings: &mut Findings) {
        let text = label.name.text();
        let camel_case = hump(&text);
        let reserved = matches!(text.as_ref(), b"le" | b"quantile");
        if camel_case.is_none() && !reserved {
            return;
        }
        let Some((number, _)) = self.families.lookup(name().as_ref()) else { return };
        if !self.said.insert((number, text.to_vec())) {
            return;
        }
        let span = label.name.span();
        if let Some(at) = camel_case {
            let span = if label.name.is_plain() { span.start + at..span.start + at + 2 } else { span };
            findings.warning(Code::LintCamelCaseLabel, span, || {
                let snake = snake_case(&String::from_utf8_lossy(&text));
                Detail::new(format!("the label {} is in camelCase", quoted(&text)))
                    .help(format!("write it in snake_case: {}", quoted(snake.as_bytes())))
            });
        } else {
            self.reserved(number, &text, span, findings);
        }
    }

    /// `LintHistogramSummaryReserved`, as far as it is about labels.
    fn reserved(&self, number: usize, text: &[u8], span: Range<usize>, findings: &mut Findings) {
        let family = &self.families[number];
        let (owners, owned) = match (text, family.kind) {
            (_, None | Some(Kind::Untyped)) => return,
            (b"le", Some(kind)) => ("histograms", kind.has_buckets()),
            (_, Some(kind)) => ("summaries", kind == Kind::Summary),
        };
        if owned || family.guessed {
            return;
        }
        let kind = family.kind.map_or("", Kind::as_str);
        findings.warning(Code::LintReservedLabel, span, || {
            let name = quoted(&self.families.name(number));
            Detail::new(format!("the label {} is for {owners}, but {name} is a {kind}", quoted(text)))
                .help("give the label another name")
        });
    }
}

/// The places of the words between underscores.
fn parts(name: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    name.split('_').map(move |part| {
        let range = start..start + part.len();
        start = range.end + 1;
        range
    })
}

/// The base unit of a word that is a unit, perhaps with a prefix.
fn unit(word: &str) -> Option<&'static str> {
    let base = |word: &str| UNITS.iter().find(|(unit, _)| *unit == word).map(|(_, base)| *base);
    base(word).or_else(|| PREFIXES.iter().find_map(|prefix| base(word.strip_prefix(prefix)?)))
}

/// Where a capital follows a small letter.
fn hump(name: &[u8]) -> Option<usize> {
    name.windows(2).position(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

/// `backupSizeGB` as `backup_size_gb`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut after_small = false;
    for letter in name.chars() {
        if after_small && letter.is_ascii_uppercase() {
            snake.push('_');
        }
        after_small = letter.is_ascii_lowercase();
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::super::{Rules, Severity, Stage, Text, check};
    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

    const RULES: Rules<'_> = Rules { utf8_names: true, allow_empty: true, lint: true, ..Rules::PLAIN };

    /// Code and marked text of all findings on conventions.
    fn lint(text: &str) -> Vec<(&'static str, &str)> {
        let report = check(Text { bytes: text.as_bytes(), starts: &[0] }, &RULES);
        let found = report.diagnostics.iter().filter(|found| found.code.stage() == Stage::Convention);
        found
            .inspect(|found| assert_eq!(found.severity, Severity::Warning))
            .map(|found| (found.code.as_str(), &text[found.span.clone()]))
            .collect()
    }

    #[test]
    fn a_good_text_has_nothing() {
        let good = "# HELP a_seconds x\n# TYPE a_seconds histogram\na_seconds_bucket{le=\"+Inf\"} 1\n\
            a_seconds_sum 1\na_seconds_count 1\n# HELP b_total x\n# TYPE b_total counter\nb_total{c_d=\"eF\"} 1\n";
        assert_eq!(lint(good), []);
    }

    #[test]
    fn marks_stand_under_the_part_of_the_name() {
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
    fn quoted_names_are_marked_as_a_whole() {
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
    fn labels_are_told_once_for_each_metric() {
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
    fn what_is_only_guessed_is_not_judged() {
        let text = "# HELP a_total x\n# TYPE a_total guage\na_total{le=\"1\"} 1\n";
        assert_eq!(lint(text), []);
    }

    /// Pieces of texts, good and bad, of which any sequence is a text.
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
        fn any_text_can_be_judged(bytes in pieces(), file in 0..40_usize) {
            let text = Text { bytes: &bytes, starts: &[0, file.min(bytes.len())] };
            let report = check(text, &RULES);
            for found in &report.diagnostics {
                prop_assert!(found.span.start <= found.span.end && found.span.end <= bytes.len(), "{found:?}");
            }
            // The verdict is the same, and so is all but the conventions.
            let plain = check(text, &Rules { lint: false, ..RULES });
            let others = report.diagnostics.iter().filter(|found| found.code.stage() != Stage::Convention);
            prop_assert!(others.eq(&plain.diagnostics));
            prop_assert_eq!(&report.splices, &plain.splices);
        }
    }
}
