//! Compares `check --lint` with `promtool check metrics`. Both must find the same problems in the same metrics, in
//! generated texts and in the test data of other projects.
//!
//! pushgw follows promtool 3. `Promtool::is_comparable` lists where promtool 2 differs.

use crate::support::{Program, Random, prometheus_versions, pushgw};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Metrics and their problems, as worded by promtool.
type Findings = BTreeSet<(String, String)>;

struct Promtool {
    version: String,
    path: PathBuf,
}

impl Promtool {
    /// Returns one promtool of each major version.
    fn all() -> Vec<Self> {
        let promtool = |program: &Program| Self {
            version: program.version.clone(),
            path: program.path.with_file_name("promtool"),
        };
        prometheus_versions().iter().map(promtool).collect()
    }

    fn is_old(&self) -> bool {
        self.version.starts_with("2.")
    }

    /// Returns promtool's findings, or `None` if it can't parse the text.
    fn findings(&self, text: &[u8]) -> Option<Findings> {
        let mut child = Command::new(&self.path)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        let (mut stdin, text) = (child.stdin.take().unwrap(), text.to_owned());
        let writer = std::thread::spawn(move || stdin.write_all(&text));
        let done = child.wait_with_output().unwrap();
        // promtool may stop reading at an error.
        let _ = writer.join().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr);
        match done.status.code() {
            Some(0 | 3) => Some(
                stderr
                    .lines()
                    .filter_map(|line| line.split_once(' '))
                    .map(|(metric, message)| (metric.to_owned(), message.to_owned()))
                    .collect(),
            ),
            Some(1) => None,
            other => panic!("promtool {}: {other:?}: {stderr}", self.version),
        }
    }

    /// Returns true if this version checks the same rule. Promtool 2 looks for all types in a metric's name and not
    /// only for the metric's own type, and does not check that metrics are unique.
    fn is_comparable(&self, message: &str) -> bool {
        !(self.is_old() && message.starts_with("metric name should not include type"))
    }
}

/// Returns the text between the first pair of backticks.
fn quoted(text: &str) -> &str {
    text.split('`').nth(1).expect("a quoted text")
}

/// Converts a finding of pushgw to promtool's message.
fn as_promtool_message(code: &str, message: &str, help: &str) -> Option<String> {
    Some(match code {
        "lint-no-help" => "no help text".to_owned(),
        "lint-base-unit" => format!("use base unit {:?} instead of {:?}", quoted(help), quoted(message)),
        "lint-unit-abbreviation" => "metric names should not contain abbreviated units".to_owned(),
        "lint-counter-suffix" => "counter metrics should have \"_total\" suffix".to_owned(),
        "lint-total-suffix" => "non-counter metrics should not have \"_total\" suffix".to_owned(),
        "lint-reserved-suffix" => {
            let suffix = message.split('`').nth(3).unwrap();
            let except = if suffix == "_bucket" { "non-histogram" } else { "non-histogram and non-summary" };
            format!("{except} metrics should not have {suffix:?} suffix")
        }
        "lint-reserved-label" => {
            let label = quoted(message);
            let except = if label == "le" { "non-histogram" } else { "non-summary" };
            format!("{except} metrics should not have {label:?} label")
        }
        "lint-type-in-name" => format!("metric name should not include type '{}'", quoted(message)),
        "lint-colon" => "metric names should not contain ':'".to_owned(),
        "lint-camel-case" => "metric names should be written in 'snake_case' not 'camelCase'".to_owned(),
        "lint-camel-case-label" => "label names should be written in 'snake_case' not 'camelCase'".to_owned(),
        "duplicate-series" => "metric not unique".to_owned(),
        _ => {
            assert!(!code.starts_with("lint-"), "{code} has no equivalent here");
            return None;
        }
    })
}

/// Returns pushgw's findings. The metric is taken from the line of each finding.
fn findings(text: &[u8]) -> Findings {
    let run = pushgw()
        .args(["check", "--lint", "--message-format", "json", "--max-diagnostics", "1000000"])
        .stdin(text)
        .any_code()
        .any_stderr()
        .any_stdout()
        .run();
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let composites: BTreeSet<String> = lines.iter().filter_map(|line| composite(line)).collect();
    let metric_of = |number: u64| {
        let line = String::from_utf8_lossy(lines[usize::try_from(number).unwrap() - 1]).into_owned();
        let name = match line.trim_start().strip_prefix('#') {
            Some(comment) => comment.split_whitespace().nth(1).unwrap().to_owned(),
            None => name_of(&line),
        };
        let mut whole = ["_bucket", "_sum", "_count"].iter().filter_map(|suffix| name.strip_suffix(suffix));
        whole.find(|whole| composites.contains(*whole)).unwrap_or(&name).to_owned()
    };
    run.stdout()
        .lines()
        .filter_map(|line| {
            let found: serde_json::Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
            let message = as_promtool_message(&field("code"), &field("message"), &field("help"))?;
            Some((metric_of(found["line"].as_u64().unwrap()), message))
        })
        .collect()
}

/// Returns the metric name in a sample line.
fn name_of(line: &str) -> String {
    let line = line.trim_start();
    match line.strip_prefix("{\"") {
        Some(rest) => rest.split('"').next().unwrap().to_owned(),
        None => line.split(['{', ' ', '\t']).next().unwrap().to_owned(),
    }
}

/// Returns the name of the histogram or summary that a line declares.
fn composite(line: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(line).into_owned();
    let mut words = line.trim_start().strip_prefix('#')?.split_whitespace();
    let (keyword, name, kind) = (words.next()?, words.next()?, words.next()?.to_lowercase());
    let composite = ["histogram", "summary", "gaugehistogram"].contains(&kind.as_str());
    (keyword == "TYPE" && composite).then(|| name.to_owned())
}

/// Compares the findings. Returns their number, or `None` if promtool can't parse the text.
fn compare(promtool: &Promtool, name: &str, text: &[u8]) -> Option<usize> {
    let theirs = promtool.findings(text)?;
    let ours = findings(text);
    let unique = "metric not unique";
    let wrong: Vec<_> = theirs
        .symmetric_difference(&ours)
        .filter(|(_, message)| promtool.is_comparable(message))
        // pushgw finds equal series even if their labels have a different order, but promtool does not.
        .filter(|finding| finding.1 != unique || theirs.contains(*finding))
        .map(|finding| {
            let who = if ours.contains(finding) { "pushgw" } else { "promtool" };
            format!("only {who} finds: {} {}", finding.0, finding.1)
        })
        .collect();
    if !wrong.is_empty() {
        let saved = std::env::temp_dir().join(format!("pushgw-lint-{}.prom", std::process::id()));
        std::fs::write(&saved, text).unwrap();
        panic!("{name}, promtool {}, saved in {}:\n{}", promtool.version, saved.display(), wrong.join("\n"));
    }
    Some(theirs.len())
}

const UNITS: &[&str] = &[
    "seconds",
    "milliseconds",
    "bytes",
    "kibibytes",
    "mibibytes",
    "mebibytes",
    "minutes",
    "days",
    "weeks",
    "bits",
    "megabits",
    "celsius",
    "fahrenheit",
    "kelvin",
    "kelvins",
    "rankine",
    "meters",
    "metres",
    "millimetres",
    "inches",
    "miles",
    "yards",
    "grams",
    "pounds",
    "ounces",
    "joules",
    "calories",
    "volts",
    "amperes",
    "thermometers",
    "hours",
    "hectometers",
    "Seconds",
    "xbytes",
    "picoseconds",
    "tebibits",
    "kilo",
];
const WORDS: &[&str] = &[
    "s",
    "ms",
    "MS",
    "us",
    "ns",
    "sec",
    "b",
    "KB",
    "mb",
    "gb",
    "tb",
    "pb",
    "m",
    "h",
    "d",
    "D",
    "kbs",
    "mss",
    "",
    "total",
    "count",
    "sum",
    "bucket",
    "gauge",
    "Counter",
    "histogram",
    "summary",
    "untyped",
    "gauge_histogram",
    "fooBar",
    "FOO",
    "fOO",
    "a:b",
    "b9C",
    "plain",
    "le",
];
const TYPES: &[&str] = &[
    "counter",
    "gauge",
    "histogram",
    "summary",
    "untyped",
    "Counter",
    "GAUGE",
    "counter",
    "gauge",
    "gaugehistogram",
];
const LABELS: &[&str] =
    &["a", "le", "quantile", "aB", "fooBar", "Le", "LE", "snake_case", "x9Y", "quantileX"];

/// Generates a metric name, which the number makes unique.
fn name(random: &mut Random, number: usize, units: usize) -> String {
    let mut parts: Vec<&str> = (0..random.below(4)).map(|_| random.pick(WORDS)).collect();
    for _ in 0..random.below(units + 1) {
        let place = random.below(parts.len() + 1);
        parts.insert(place, random.pick(UNITS));
    }
    let unique = format!("n{number}");
    parts.insert(random.below(parts.len() + 1), &unique);
    let name = parts.join("_");
    // A name such as `_count` could be part of the previous metric.
    if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') { name } else { format!("x{name}") }
}

fn labels(random: &mut Random, position: Option<&str>) -> String {
    let mut names = BTreeSet::new();
    for _ in 0..random.below(3) {
        names.insert(random.pick(LABELS));
    }
    names.extend(position);
    let pairs: Vec<String> =
        names.iter().map(|name| format!("{name}=\"{}\"", random.pick(&["1", "2", "0.5", "+Inf"]))).collect();
    if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) }
}

/// Generates a metric with comments and samples.
fn family(random: &mut Random, number: usize, old: bool) -> String {
    // If a name has several units, promtool 2 picks one of them at random.
    let name = name(random, number, if old { 1 } else { 3 });
    let kind =
        (!random.once_in(4)).then(|| random.pick(TYPES)).filter(|kind| !old || *kind != "gaugehistogram");
    let help = match random.below(6) {
        0 | 1 => String::new(),
        2 => format!("# HELP {name}\n"),
        _ => format!("# HELP {name} says something\n"),
    };
    let declaration = kind.map(|kind| format!("# TYPE {name} {kind}\n")).unwrap_or_default();
    let mut samples = String::new();
    for _ in 0..random.below(4) {
        let (suffix, position) = match kind.map(str::to_lowercase).as_deref() {
            Some("histogram" | "gaugehistogram") => {
                let suffix = random.pick(&["_bucket", "_sum", "_count", ""]);
                (suffix, (suffix == "_bucket").then_some("le"))
            }
            Some("summary") => {
                let suffix = random.pick(&["", "_sum", "_count"]);
                (suffix, suffix.is_empty().then_some("quantile"))
            }
            _ => ("", None),
        };
        let labels = labels(random, position);
        if !old && suffix.is_empty() && labels.is_empty() && random.once_in(4) && !name.contains(':') {
            _ = writeln!(samples, "{{\"{name}\"}} 1");
        } else {
            _ = writeln!(samples, "{name}{suffix}{labels} {}", random.below(9));
        }
    }
    match random.below(3) {
        0 => [help, declaration, samples].concat(),
        1 => [declaration, help, samples].concat(),
        _ => [declaration, samples, help].concat(),
    }
}

#[test]
#[ignore = "needs a real promtool (fetched on first use)"]
fn promtool_agrees_on_generated_texts() {
    const TEXTS: usize = 40;
    const METRICS: usize = 60;
    for promtool in Promtool::all() {
        let mut random = Random::with_seed(0x2545_f491_4f6c_dd1d);
        let (mut read, mut findings) = (0, 0);
        for text in 0..TEXTS {
            let bytes: String =
                (0..METRICS).map(|number| family(&mut random, number, promtool.is_old())).collect();
            if let Some(count) = compare(&promtool, &format!("generated text {text}"), bytes.as_bytes()) {
                read += 1;
                findings += count;
            }
        }
        eprintln!("promtool {}: {read} of {TEXTS} texts, {findings} findings", promtool.version);
        assert!(read > TEXTS / 2, "promtool {} reads only {read} of the texts", promtool.version);
        assert!(findings > 20 * TEXTS, "only {findings} findings were compared");
    }
}

#[test]
#[ignore = "needs a real promtool (fetched on first use)"]
fn promtool_agrees_on_texts_of_other_projects() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    // The corpus is not part of this repository.
    let Ok(folder) = std::fs::read_dir(&corpus) else { return };
    let expfmt = std::fs::read_dir(corpus.join("expfmt")).unwrap();
    let mut files: Vec<PathBuf> = folder.chain(expfmt).map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file() && path.extension().is_none_or(|extension| extension != "md"));
    files.sort();
    for promtool in Promtool::all() {
        let texts = files.iter().filter_map(|path| {
            compare(&promtool, &path.display().to_string(), &std::fs::read(path).unwrap())
        });
        let counts: Vec<usize> = texts.collect();
        eprintln!(
            "promtool {}: {} texts, {} findings",
            promtool.version,
            counts.len(),
            counts.iter().sum::<usize>()
        );
        assert!(counts.len() >= 5, "promtool {} reads only {} of the texts", promtool.version, counts.len());
    }
}
