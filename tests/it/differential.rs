//! Compares the checker with real gateways on generated input: both must give the same verdict.
//!
//! The oracle is the newest Pushgateway, with and without UTF-8 names and with both URL routers. All cases of a run are
//! pushed to the same group with PUT, which replaces the group, so every case starts with an almost empty store. Texts
//! that would affect later pushes (`push_failure_time_seconds`) are not pushed.
//!
//! Samples without a name, and samples that the server's parser assigns to the previous metric (`nameless-sample`,
//! `parser-crash`), are only counted, because pushgw always rejects them, no matter what the gateway does.
//!
//! A run is deterministic. `PUSHGW_TEST_SEED` and `PUSHGW_TEST_CASES` set the seed and the number of cases. A failure
//! prints both, together with the smallest case that still fails.

mod generate;
mod oracle;

use crate::support::{Gateway, Program, Random, gateways, newest_gateway};
pub(crate) use generate::text;
use oracle::{Case, Disagreement, Oracle, Tally};
use pushgw::exposition::{Code, Text, apply, check};
use std::path::{Path, PathBuf};
use std::thread;

/// Total number of cases in a run, for all gateways together.
const CASES: u64 = 24_000;
pub(crate) const SEED: u64 = 0x7075_7368_6777;

pub(crate) fn setting(name: &str, default: u64) -> u64 {
    let Ok(value) = std::env::var(name) else { return default };
    value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}"))
}

/// Runs this many cases on one gateway.
fn run(program: &Program, utf8_names: bool, seed: u64, cases: u64) -> Result<Tally, Box<Disagreement>> {
    let flags: &[&str] = if utf8_names { &["--push.enable-utf8-names"] } else { &[] };
    let gateway = Gateway::start(program, flags);
    let mut oracle = Oracle::new(gateway.address());
    let mut random = Random::with_seed(seed);
    let mut tally = Tally::default();
    for _ in 0..cases {
        let case = Case::generate(&mut random, utf8_names);
        oracle.judge(&case, &mut tally).map_err(|disagreement| oracle.shrink(disagreement))?;
    }
    Ok(tally)
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_checker_agrees_with_the_gateway() {
    let programs = [newest_gateway(), gateways().last().unwrap()];
    let (seed, cases) = (setting("PUSHGW_TEST_SEED", SEED), setting("PUSHGW_TEST_CASES", CASES));
    let results: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = [(false, 0_u64), (true, 1), (false, 2), (true, 3)]
            .into_iter()
            .map(|(utf8_names, offset)| {
                let program = programs[usize::from(offset >= 2)];
                scope.spawn(move || {
                    (
                        utf8_names,
                        run(
                            program,
                            utf8_names,
                            seed.wrapping_mul(4).wrapping_add(offset),
                            cases.div_ceil(4),
                        ),
                    )
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let mut total = Tally::default();
    for (utf8_names, result) in results {
        match result {
            Ok(tally) => total.add(&tally),
            Err(disagreement) => panic!(
                "Pushgateway {}, UTF-8 names: {utf8_names}, PUSHGW_TEST_SEED={seed} PUSHGW_TEST_CASES={cases}\n{disagreement}",
                programs[0].version
            ),
        }
    }
    eprintln!("Pushgateway {}, seed {seed}: {total}", programs[0].version);
    let accepted = total.accepted * 100 / total.judged();
    assert!((35..=65).contains(&accepted), "about half should be accepted: {total}");
}

/// Tests minimized cases that once had a wrong verdict, and edge cases that random texts rarely hit.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn edge_cases() {
    let cases: &[&[u8]] = &[
        // The second HELP line is rejected only if the first one is not empty.
        b"#HELP a \r\n#HELP a \r",
        b"# HELP a \t\r\n# HELP a x\r\na 1\n",
        b"# HELP a x\n# HELP a \r\n# HELP a \r\na 1\n",
        // This is not a binary file, although it contains a NUL. The store rejects its first line.
        b"a 1 5\nb{c=\"\x00\"} 1\n",
        // The name is in braces, before or after the labels, after a line of the same or another metric.
        b"# TYPE h histogram\n{\"h_bucket\",le=\"1\",a=\"x\"} 1\n{a=\"x\",\"h_bucket\",le=\"2\"} 1\n{a=\"x\",h_sum} 1\n",
        b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\n{\"a\",le=\"1\"} 1\n{le=\"1\",b} 1\n{b} 2\n",
        b"a 1\n{le=\"1\",b} 1\n{b,le=\"1\"} 2\n",
        // `s_bucket` is not part of a summary.
        b"# TYPE s summary\ns_sum 1\ns_bucket 1\n",
        // Go reads only the first digits of a long exponent.
        b"a 1e-1234567890\na{b=\"x\"} 0e1234567890\n",
        // Two tools may each have added a byte-order mark.
        b"\xef\xbb\xbf\xef\xbb\xbfa 1\n",
    ];
    for utf8_names in [false, true] {
        let cases = cases.iter().map(|case| case.to_vec());
        judge_all(cases.chain(long_numbers()).chain(many_labels()), utf8_names);
    }
}

/// Returns numbers whose exponent Go misreads, because it ignores digits after the fifth.
fn long_numbers() -> impl Iterator<Item = Vec<u8>> {
    let zeros = |count: usize| "0".repeat(count);
    [
        format!("a 0.{}1e20001\n", zeros(20_000)),
        format!("a 1{}e-20000\n", zeros(20_000)),
        format!("a 0.{}1e150001\n", zeros(150_000)),
        format!("a 1{}e-150000\n", zeros(150_000)),
        // This number is 1e111156, but Go reads it as 1e45.
        format!("a 0.{}1e123456\n", zeros(12_300)),
        format!("a {}.{}\n", zeros(1_000), zeros(1_000)),
        format!("a {}1\n", zeros(1_000)),
        format!("a 1{}\n", zeros(1_000)),
        format!("a 1{}e-900\n", zeros(1_000)),
    ]
    .into_iter()
    .map(String::into_bytes)
}

/// Returns texts with enough labels to make the checker switch to its other algorithm for duplicates.
fn many_labels() -> impl Iterator<Item = Vec<u8>> {
    ["le=\"1\",le=\"2\"", "l7=\"x\"", "a=\"1\",a=\"1\"", ""].into_iter().map(|more| {
        let mut labels: Vec<_> = (0..100).map(|number| format!("l{number}=\"{number}\"")).collect();
        labels.push(more.to_owned());
        format!("# TYPE h histogram\nh_bucket{{{}}} 1\n", labels.join(",")).into_bytes()
    })
}

/// With several grouping keys, each example in the manual page gets the verdict that its rule's category predicts.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn examples_of_the_rules() {
    for utf8_names in [false, true] {
        judge_all(Code::ALL.iter().map(|code| code.example().to_vec()), utf8_names);
    }
}

/// If a text has no warning about older gateways, the oldest gateway also accepts it.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn an_older_gateway_accepts_texts_without_a_warning() {
    let program = &gateways()[0];
    let gateway = Gateway::start(program, &[]);
    let mut oracle = Oracle::new(gateway.address());
    let mut random = Random::with_seed(setting("PUSHGW_TEST_SEED", SEED));
    let mut accepted = 0;
    for _ in 0..setting("PUSHGW_TEST_CASES", CASES) / 4 {
        let case = Case::generate(&mut random, false);
        accepted += u64::from(oracle.is_accepted_too(&case).unwrap_or_else(|message| {
            panic!("Pushgateway {}: {message}\n{case}", program.version);
        }));
    }
    assert!(accepted > 0);
}

/// Tests pushes to the gateway's own families. The gateway accepts more samples of the same type, but no other type.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_gateways_own_families() {
    let metrics = Gateway::start(newest_gateway(), &[]).metrics().text();
    let own = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let own: Vec<_> = own.filter(|(name, _)| !name.starts_with("pushgateway_")).collect();
    assert!(own.len() > 20, "{metrics}");
    let texts = own.iter().flat_map(|(name, kind)| {
        ["counter", "gauge", "summary"]
            .map(|other| {
                let name = if other == "summary" { format!("{name}_sum") } else { (*name).to_owned() };
                format!("# TYPE {} {other}\n{name} 1\n", name.trim_end_matches("_sum")).into_bytes()
            })
            .into_iter()
            .chain([format!("# TYPE {name}_count {kind}\n{name}_count 1\n").into_bytes()])
    });
    judge_all(texts, false);
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn texts_from_public_test_suites() {
    let texts = corpus();
    for utf8_names in [false, true] {
        judge_all(texts.iter().cloned(), utf8_names);
    }
}

/// Returns texts from public test suites and other real-world texts. The result is empty if they are not available next
/// to this repository.
pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let corpus = std::env::var_os("PUSHGW_TEST_CORPUS").map_or(corpus, PathBuf::from);
    texts_below(&corpus).unwrap_or_else(|_| {
        eprintln!("no texts in {}", corpus.display());
        Vec::new()
    })
}

fn texts_below(directory: &Path) -> std::io::Result<Vec<Vec<u8>>> {
    let mut texts = Vec::new();
    let mut directories: Vec<PathBuf> = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                texts.push(std::fs::read(path)?);
            }
        }
    }
    Ok(texts)
}

fn judge_all(texts: impl Iterator<Item = Vec<u8>>, utf8_names: bool) {
    let program = newest_gateway();
    let flags: &[&str] = if utf8_names { &["--push.enable-utf8-names"] } else { &[] };
    let gateway = Gateway::start(program, flags);
    let mut oracle = Oracle::new(gateway.address());
    for text in texts {
        for case in Case::all_of(&text, utf8_names) {
            if let Err(disagreement) = oracle.judge(&case, &mut Tally::default()) {
                panic!("Pushgateway {}, UTF-8 names: {utf8_names}\n{disagreement}", program.version);
            }
        }
    }
}

/// The checker does not panic, repaired text needs no second repair, and no span is out of bounds.
#[test]
fn repairs_are_stable() {
    let mut random = Random::with_seed(setting("PUSHGW_TEST_SEED", SEED));
    for _ in 0..setting("PUSHGW_TEST_CASES", 5_000) {
        let utf8_names = random.chance(50);
        let case = Case::generate(&mut random, utf8_names);
        let rules = case.options();
        let report = case.check();
        for diagnostic in &report.diagnostics {
            let span = &diagnostic.span;
            assert!(span.start <= span.end && span.end <= case.text.len(), "{diagnostic:?}\n{case}");
        }
        let counted = report.errors + report.fixed + report.warnings;
        assert_eq!(report.diagnostics.len(), counted, "{case}");
        let repaired = apply(&case.text, &report.splices);
        let again = check(Text { bytes: &repaired, starts: &[0] }, &rules);
        // In case of several files, an error may end the check of its file early.
        if report.errors == 0 || case.starts.len() == 1 {
            assert_eq!((again.fixed, &*again.splices), (0, &[][..]), "{case}\n{}", repaired.escape_ascii());
        }
        assert_eq!(report.errors == 0, again.errors == 0, "{case}\n{report:#?}\n{again:#?}");
    }
}
