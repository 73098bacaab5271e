//! Generates valid OpenMetrics texts with every feature of the format, and mutations of them.
//!
//! Numbers, label values and help texts come from small sets of common and unusual ones. The name of a family can be
//! another family's name with a suffix, unless OpenMetrics considers that a clash. Each series has one sample.

use crate::support::Random;
use std::collections::HashSet;
use std::fmt::Write as _;

const NAMES: &[&str] = &[
    "a",
    "a_b",
    "b",
    "job_duration_seconds",
    "http_requests",
    "queue_size_bytes",
    "x:y",
    "disk_ratio",
    "go_goroutines_x",
    "A9",
];
/// Names as they are written between quotes.
const UTF8_NAMES: &[&str] = &["http.requests", "é", "a b", "a\\\"b", "{}", "9", "\\\\", "# EOF", "a,b=\\n"];
const SUFFIXES: &[&str] = &["", "", "", "", "_total", "_info", "_created", "_x", "_seconds"];
const LABELS: &[&str] = &["a", "b", "l", "job", "instance", "x_y", "_z", "L9"];
const LABEL_VALUES: &[&str] = &[
    "",
    "x",
    "GET",
    "/var/lib",
    "é😀",
    "a\\\\b",
    "\\\"quoted\\\"",
    "line\\nbreak",
    "\\d+",
    "\\\\n",
    " # ",
    "} 1 # {",
    "# EOF",
    "a=\\\"b\\\",c",
    "{}",
    ",",
    " ",
    "tab\there",
    "nul\0",
    "\u{a0}",
    "+Inf",
];
const HELPS: &[&str] = &[
    "Help",
    "Total seconds, in all.",
    "",
    "é😀",
    "a \\\"quoted\\\" word",
    "a \"bare\" word",
    "two\\nlines",
    "\\\\backslash\\\\",
    "\\d+ \\x",
    "\\\\\\\"",
    "# TYPE a gauge",
    "# EOF",
    "{a=\"b\"} 1",
    "tab\there",
    "nul\0",
    "two  spaces",
    "x ",
];
const VALUES: &[&str] = &["0", "1", "17", "2.5", "1e3", "0.000001", "42", "1.0", "+1", "1234567.5"];
const ODD_VALUES: &[&str] = &[
    "+Inf",
    "Inf",
    "inf",
    "INFINITY",
    "007",
    ".5",
    "5.",
    "1E+2",
    "1e-999",
    "9007199254740993",
    "18446744073709551616",
    "1.7976931348623157e308",
    "4.9e-324",
    "0.1",
    "0.30000000000000004",
    "123456789012345678901234567890.5e-10",
];
const SIGNED_VALUES: &[&str] = &["-1", "-0", "-0.0", "-2.5e-3", "-Inf", "-inf", "NaN", "nan"];
const TIMESTAMPS: &[&str] =
    &["0", "1732748400", "1732748400.123", "1520879607.123456789", "-1", "1.5e9", "000"];
const BOUNDS: &[(&str, f64)] = &[
    ("-2.5", -2.5),
    ("-1", -1.0),
    ("0.0", 0.0),
    ("1e-05", 1e-5),
    ("0.005", 0.005),
    ("0.1", 0.1),
    ("1.0", 1.0),
    ("2", 2.0),
    ("10.0", 10.0),
    ("1e+06", 1e6),
    ("1e+23", 1e23),
];
const QUANTILES: &[&str] = &["0", "0.5", "0.9", "0.99", "1.0", "1e-3"];
const TYPES: &[&str] =
    &["counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown"];

/// Generates a valid text. With `utf8_names`, some names are in quotes.
pub(super) fn text(random: &mut Random, utf8_names: bool) -> Vec<u8> {
    let mut writer = Writer { random, utf8_names, text: String::new(), taken: HashSet::new() };
    for _ in 0..=writer.random.below(5) {
        writer.family();
    }
    writer.text.push_str(writer.random.pick(&["# EOF\n", "# EOF\n", "# EOF\n", "# EOF"]));
    writer.text.into_bytes()
}

/// Returns the suffixes of a type's samples. An empty suffix means the name itself.
fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "counter" => &["", "_total", "_created"],
        "summary" => &["", "_count", "_sum", "_created"],
        "histogram" => &["", "_count", "_sum", "_bucket", "_created"],
        // A gauge histogram becomes a histogram, which also has _count and _sum.
        "gaugehistogram" => &["", "_gcount", "_gsum", "_bucket", "_count", "_sum"],
        "info" => &["", "_info"],
        _ => &[""],
    }
}

struct Writer<'a> {
    random: &'a mut Random,
    utf8_names: bool,
    text: String,
    /// Names of families and samples that are already used.
    taken: HashSet<String>,
}

/// Properties that all samples of a metric share.
struct Metric {
    labels: Vec<String>,
    timestamp: String,
}

impl Writer<'_> {
    fn family(&mut self) {
        let kind = self.random.pick(TYPES);
        let names = if self.utf8_names && self.random.chance(30) { UTF8_NAMES } else { NAMES };
        let name = format!("{}{}", self.random.pick(names), self.random.pick(SUFFIXES));
        let names: Vec<_> = suffixes(kind).iter().map(|suffix| format!("{name}{suffix}")).collect();
        // The states of a stateset are in a label with the family's name, and a label name can't contain a colon.
        if names.iter().any(|name| self.taken.contains(name))
            || (kind == "stateset" && name.contains(':') && !self.utf8_names)
        {
            return;
        }
        self.taken.extend(names);
        self.metadata(&name, kind);
        let metrics = self.random.below(4);
        for number in 0..metrics {
            let mut metric = self.metric(&name, (metrics > 1).then_some(number));
            if kind == "info" {
                // client_python treats all samples of an info family as one metric, whose samples must have the same
                // timestamp.
                metric.timestamp.clear();
            }
            match kind {
                "counter" => self.counter(&name, &metric),
                "histogram" => self.histogram(&name, &metric, false),
                "gaugehistogram" => self.histogram(&name, &metric, true),
                "summary" => self.summary(&name, &metric),
                "info" => self.sample(&format!("{name}_info"), &metric, None, "1", false),
                "stateset" => self.states(&name, &metric),
                _ => {
                    let value = self.value(true);
                    self.sample(&name, &metric, None, value, false);
                }
            }
        }
    }

    /// Returns the name, in quotes if it needs them.
    fn name(&mut self, name: &str, is_legacy: impl Fn(char) -> bool) -> String {
        let needs = name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_legacy);
        if needs || (self.utf8_names && self.random.chance(3)) {
            format!("\"{name}\"")
        } else {
            name.to_owned()
        }
    }

    fn metric_name(&mut self, name: &str) -> String {
        self.name(name, |c| matches!(c, '_' | ':') || c.is_ascii_alphanumeric())
    }

    fn metadata(&mut self, name: &str, kind: &str) {
        let unit = name.rsplit_once('_').filter(|_| !matches!(kind, "info" | "stateset"));
        let unit = unit.map_or("", |(_, unit)| unit);
        let mut lines = Vec::new();
        let name = self.metric_name(name);
        // client_python can't parse a quoted name without metadata.
        if kind != "unknown" || name.starts_with('"') || self.random.chance(50) {
            lines.push(format!("# TYPE {name} {kind}\n"));
        }
        if self.random.chance(60) {
            lines.push(format!("# HELP {name} {}\n", self.random.pick(HELPS)));
        }
        if self.random.chance(40) {
            lines.push(format!("# UNIT {name} {unit}\n"));
        }
        while !lines.is_empty() {
            let at = if self.random.chance(70) { 0 } else { self.random.below(lines.len()) };
            self.text.push_str(&lines.remove(at));
        }
    }

    /// Generates the labels and the timestamp of a metric. The number makes it different from the family's other
    /// metrics.
    fn metric(&mut self, family: &str, number: Option<usize>) -> Metric {
        let mut names = LABELS.to_vec();
        if self.utf8_names {
            names.extend(["x.y", "é", "a\\\"b"]);
        }
        names.retain(|name| *name != family && self.random.chance(20));
        let mut labels: Vec<_> = names.iter().map(|name| self.label(name)).collect();
        if let Some(number) = number {
            labels.insert(self.random.below(labels.len() + 1), format!("n=\"{number}\""));
        }
        let timestamp =
            if self.random.chance(15) { format!(" {}", self.random.pick(TIMESTAMPS)) } else { String::new() };
        Metric { labels, timestamp }
    }

    fn label(&mut self, name: &str) -> String {
        let name = self.name(name, |c| c == '_' || c.is_ascii_alphanumeric());
        format!("{name}=\"{}\"", self.random.pick(LABEL_VALUES))
    }

    fn value(&mut self, signed: bool) -> &'static str {
        if signed && self.random.chance(20) {
            self.random.pick(SIGNED_VALUES)
        } else {
            self.random.mostly(20, VALUES, ODD_VALUES)
        }
    }

    fn count(&mut self, count: usize) -> String {
        match self.random.below(8) {
            0 => format!("{count}.0"),
            1 => format!("{count}e0"),
            2 => format!("0{count}"),
            _ => count.to_string(),
        }
    }

    fn sample(&mut self, name: &str, metric: &Metric, label: Option<String>, value: &str, exemplar: bool) {
        let mut labels = metric.labels.clone();
        if let Some(label) = label {
            let at = if self.random.chance(60) { labels.len() } else { self.random.below(labels.len() + 1) };
            labels.insert(at, label);
        }
        let name = self.metric_name(name);
        if name.starts_with('"') {
            labels.insert(0, name);
        } else {
            self.text.push_str(&name);
        }
        if !labels.is_empty() || self.random.chance(10) {
            let _ = write!(self.text, "{{{}}}", labels.join(","));
        }
        let _ = write!(self.text, " {value}{}", metric.timestamp);
        if exemplar && self.random.chance(30) {
            let bound = labels.iter().find_map(|label| label.strip_prefix("le=\"")?.strip_suffix('"'));
            let value = bound.map_or("0.67", |bound| if bound == "+Inf" { "1e+30" } else { bound });
            self.exemplar(value);
        }
        self.text.push('\n');
    }

    fn exemplar(&mut self, value: &str) {
        let labels = match self.random.below(4) {
            0 => String::new(),
            1 => format!("trace_id=\"{}\"", "é".repeat(self.random.below(120))),
            2 => format!("{},trace_id=\"KOO5S4vxi0o\"", self.label("a")),
            _ => self.label("b"),
        };
        let _ = write!(self.text, " # {{{labels}}} {value}");
        if self.random.chance(50) {
            let _ = write!(self.text, " {}", self.random.pick(TIMESTAMPS));
        }
    }

    fn created(&mut self, name: &str, metric: &Metric) {
        let value = self.random.pick(&["1520430000.123", "1.520430000123e+09", "0", "1520430000"]);
        self.sample(&format!("{name}_created"), metric, None, value, false);
    }

    fn counter(&mut self, name: &str, metric: &Metric) {
        let created = self.random.below(6);
        if created == 0 {
            self.created(name, metric);
        }
        let value = self.value(false);
        self.sample(&format!("{name}_total"), metric, None, value, true);
        if created == 1 {
            self.created(name, metric);
        }
    }

    fn histogram(&mut self, name: &str, metric: &Metric, gauge: bool) {
        let mut bounds = BOUNDS.to_vec();
        bounds.retain(|(_, bound)| self.random.chance(if *bound < 0.0 { 10 } else { 40 }));
        let negative = bounds.first().is_some_and(|(_, bound)| *bound < 0.0);
        let mut counts = Vec::new();
        let mut total = 0;
        for _ in 0..=bounds.len() {
            total += self.random.below(4);
            counts.push(total);
        }
        let sums = self.random.chance(70) && (gauge || !negative);
        let first = sums && self.random.chance(30);
        let (count, sum) = if gauge { ("_gcount", "_gsum") } else { ("_count", "_sum") };
        let mut parts = [(count, self.count(total)), (sum, self.value(false).to_owned())];
        if gauge && negative && self.random.chance(50) {
            "-2.5".clone_into(&mut parts[1].1);
        }
        if self.random.chance(40) {
            parts.swap(0, 1);
        }
        for when in [true, false] {
            if sums && first == when {
                for (suffix, value) in &parts {
                    self.sample(&format!("{name}{suffix}"), metric, None, value, false);
                }
            }
            if when {
                for ((bound, _), count) in bounds.iter().chain(&[("+Inf", f64::INFINITY)]).zip(&counts) {
                    let count = self.count(*count);
                    let label = format!("le=\"{bound}\"");
                    self.sample(&format!("{name}_bucket"), metric, Some(label), &count, true);
                }
            }
        }
        if !gauge && self.random.chance(30) {
            self.created(name, metric);
        }
    }

    fn summary(&mut self, name: &str, metric: &Metric) {
        let mut parts = Vec::new();
        for quantile in QUANTILES {
            if self.random.chance(30) {
                let value = if self.random.chance(20) { "NaN" } else { self.value(false) };
                parts.push(("", Some(format!("quantile=\"{quantile}\"")), value.to_owned()));
            }
        }
        if self.random.chance(60) {
            let count = self.random.below(1_000);
            parts.push(("_count", None, self.count(count)));
        }
        if self.random.chance(60) {
            parts.push(("_sum", None, self.value(false).to_owned()));
        }
        while !parts.is_empty() {
            let at = if self.random.chance(70) { 0 } else { self.random.below(parts.len()) };
            let (suffix, label, value) = parts.remove(at);
            self.sample(&format!("{name}{suffix}"), metric, label, &value, false);
        }
        if self.random.chance(30) {
            self.created(name, metric);
        }
    }

    fn states(&mut self, name: &str, metric: &Metric) {
        for state in ["on", "off", "é", "\\\"\\n\\\\"] {
            if self.random.chance(60) {
                let value = self.random.pick(&["0", "1", "1.0", "0.0"]);
                let label = self.name(name, |c| c == '_' || c.is_ascii_alphanumeric());
                self.sample(name, metric, Some(format!("{label}=\"{state}\"")), value, false);
            }
        }
    }
}

/// Changes a text in one place: a byte, a token or a line.
pub(super) fn mutate(random: &mut Random, text: &[u8]) -> Vec<u8> {
    const BYTES: &[u8] = b"\"\\{}=,# \t\r\n\x00\xff:_-+.eE1an";
    const TOKENS: &[&[u8]] = &[
        b"NaN",
        b"-1",
        b"1_0",
        b"0x1",
        b"+Inf",
        b"Inf",
        b"1.5",
        b"",
        b"x",
        b"counter",
        b"histogram",
        b"untyped",
        b"# EOF",
        b"#",
        b"{}",
        b"a",
        b"0",
        b"seconds",
        b"le=\"1\"",
        b"TYPE",
        b"UNIT",
        b"-0.5",
        b"2",
    ];
    let mut text = text.to_vec();
    let at = random.below(text.len());
    let line_count = text.split_inclusive(|byte| *byte == b'\n').count();
    let (from, to) = (random.below(line_count), random.below(line_count));
    match random.below(10) {
        0 => drop(text.remove(at)),
        1 => text[at] = random.pick(BYTES),
        2 => text.insert(at, random.pick(BYTES)),
        3 => text.insert(at, text[at]),
        4 | 5 => {
            let is_end = |byte: &u8| matches!(byte, b' ' | b'\n' | b'{' | b'}' | b',' | b'"' | b'=');
            let start = text[..at].iter().rposition(is_end).map_or(0, |before| before + 1);
            let end = text[at..].iter().position(is_end).map_or(text.len(), |after| at + after);
            text.splice(start..end.max(start), random.pick(TOKENS).iter().copied());
        }
        kind => {
            let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
            match kind {
                6 => drop(lines.remove(from)),
                7 => lines.insert(to, lines[from]),
                8 => lines.swap(from, to),
                _ => {
                    let line = lines.remove(from);
                    lines.insert(to, line);
                }
            }
            text = lines.concat();
        }
    }
    text
}
