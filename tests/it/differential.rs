//! The checker against live gateways: on generated input, what it says must be what they do.
//!
//! The oracle is the newest Pushgateway, with and without UTF-8 names. All cases of a run go to one group with PUT, which
//! replaces what the group held, and a refused push is judged against what would have replaced it; so each case meets a
//! store that is as good as fresh. What could outlive a PUT (`push_failure_time_seconds`) is not pushed.
//!
//! One kind of text is not judged: with a sample without a name, or one that the server's parser mixes up with the metric
//! before it (`nameless-sample`, `parser-crash`). pushgw rejects these whatever the gateway would do, and they are counted.
//!
//! A run is deterministic. `PUSHGW_TEST_SEED` and `PUSHGW_TEST_CASES` set its seed and its length; a failure prints both
//! and a case that was made as small as it gets.

mod generate;
mod oracle;

use crate::support::{Gateway, Program, gateways, newest_gateway};
pub(crate) use generate::{Random, text};
use oracle::{Case, Disagreement, Oracle, Tally};
use pushgw::exposition::{Code, Text, apply, check};
use std::path::{Path, PathBuf};
use std::thread;

/// How many cases a run has by default, over all gateways.
const CASES: u64 = 24_000;
pub(crate) const SEED: u64 = 0x7075_7368_6777;

pub(crate) fn setting(name: &str, default: u64) -> u64 {
    let Ok(value) = std::env::var(name) else { return default };
    value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}"))
}

/// Runs `cases` cases on a gateway of its own.
fn run(program: &Program, utf8_names: bool, seed: u64, cases: u64) -> Result<Tally, Box<Disagreement>> {
    let flags: &[&str] = if utf8_names { &["--push.enable-utf8-names"] } else { &[] };
    let gateway = Gateway::start(program, flags);
    let mut oracle = Oracle::new(gateway.address());
    let mut random = Random::new(seed);
    let mut tally = Tally::default();
    for _ in 0..cases {
        let case = Case::generate(&mut random, utf8_names);
        oracle.judge(&case, &mut tally).map_err(|disagreement| oracle.shrink(disagreement))?;
    }
    Ok(tally)
}

#[test]
#[ignore = "needs a real Pushgateway: tests/fetch.sh gets one"]
fn the_verdict_is_the_gateways() {
    let program = newest_gateway();
    let (seed, cases) = (setting("PUSHGW_TEST_SEED", SEED), setting("PUSHGW_TEST_CASES", CASES));
    let results: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = [(false, 0), (true, 1), (false, 2), (true, 3)]
            .into_iter()
            .map(|(utf8_names, offset)| {
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
                program.version
            ),
        }
    }
    eprintln!("Pushgateway {}, seed {seed}: {total}", program.version);
    let accepted = total.accepted * 100 / total.judged();
    assert!((35..=65).contains(&accepted), "about half should be accepted: {total}");
}

/// Cases that once were judged wrongly, made small, and close calls that random texts seldom hit.
#[test]
#[ignore = "needs a real Pushgateway: tests/fetch.sh gets one"]
fn close_calls() {
    let cases: &[&[u8]] = &[
        // The second HELP line is refused only as long as the first one says something.
        b"#HELP a \r\n#HELP a \r",
        b"# HELP a \t\r\n# HELP a x\r\na 1\n",
        b"# HELP a x\n# HELP a \r\n# HELP a \r\na 1\n",
        // A text, though it holds a NUL and its first line is refused: by the store.
        b"a 1 5\nb{c=\"\x00\"} 1\n",
        // The name between braces, after and before labels, in a line after another of the metric and of others.
        b"# TYPE h histogram\n{\"h_bucket\",le=\"1\",a=\"x\"} 1\n{a=\"x\",\"h_bucket\",le=\"2\"} 1\n{a=\"x\",h_sum} 1\n",
        b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\n{\"a\",le=\"1\"} 1\n{le=\"1\",b} 1\n{b} 2\n",
        b"a 1\n{le=\"1\",b} 1\n{b,le=\"1\"} 2\n",
        // No part of a summary.
        b"# TYPE s summary\ns_sum 1\ns_bucket 1\n",
        // Go stops counting an exponent's digits, so that these are infinite and zero to it.
        b"a 1e-1234567890\na{b=\"x\"} 0e1234567890\n",
        // Tools that write a byte-order mark each.
        b"\xef\xbb\xbf\xef\xbb\xbfa 1\n",
    ];
    for utf8_names in [false, true] {
        let cases = cases.iter().map(|case| case.to_vec());
        judge_all(cases.chain(long_numbers()).chain(many_labels()), utf8_names);
    }
}

/// Numbers of which Go reads the exponent wrongly: it stops counting at five digits.
fn long_numbers() -> impl Iterator<Item = Vec<u8>> {
    let zeros = |count: usize| "0".repeat(count);
    [
        format!("a 0.{}1e20001\n", zeros(20_000)),
        format!("a 1{}e-20000\n", zeros(20_000)),
        format!("a 0.{}1e150001\n", zeros(150_000)),
        format!("a 1{}e-150000\n", zeros(150_000)),
        // 1e111156, and 1e45 to Go.
        format!("a 0.{}1e123456\n", zeros(12_300)),
        format!("a {}.{}\n", zeros(1_000), zeros(1_000)),
        format!("a {}1\n", zeros(1_000)),
        format!("a 1{}\n", zeros(1_000)),
        format!("a 1{}e-900\n", zeros(1_000)),
    ]
    .into_iter()
    .map(String::into_bytes)
}

/// So many labels that duplicates are looked for in another way.
fn many_labels() -> impl Iterator<Item = Vec<u8>> {
    ["le=\"1\",le=\"2\"", "l7=\"x\"", "a=\"1\",a=\"1\"", ""].into_iter().map(|more| {
        let mut labels: Vec<_> = (0..100).map(|number| format!("l{number}=\"{number}\"")).collect();
        labels.push(more.to_owned());
        format!("# TYPE h histogram\nh_bucket{{{}}} 1\n", labels.join(",")).into_bytes()
    })
}

/// The examples of the man page get the verdict that their code announces, with each of several grouping keys.
#[test]
#[ignore = "needs a real Pushgateway: tests/fetch.sh gets one"]
fn the_examples_of_the_codes() {
    for utf8_names in [false, true] {
        judge_all(Code::ALL.iter().map(|code| code.example().to_vec()), utf8_names);
    }
}

/// What is accepted without a warning about older gateways is taken by the oldest at hand too.
#[test]
#[ignore = "needs a real Pushgateway: tests/fetch.sh gets one"]
fn an_older_gateway_takes_what_has_no_warning() {
    let program = &gateways()[0];
    let gateway = Gateway::start(program, &[]);
    let mut oracle = Oracle::new(gateway.address());
    let mut random = Random::new(setting("PUSHGW_TEST_SEED", SEED));
    let mut taken = 0;
    for _ in 0..setting("PUSHGW_TEST_CASES", CASES) / 4 {
        let case = Case::generate(&mut random, false);
        taken += u64::from(oracle.is_taken_as_well(&case).unwrap_or_else(|words| {
            panic!("Pushgateway {}: {words}\n{case}", program.version);
        }));
    }
    assert!(taken > 0);
}

/// The gateway's own families, as a fresh one exposes them: more samples of the same type are taken, others not.
#[test]
#[ignore = "needs a real Pushgateway: tests/fetch.sh gets one"]
fn the_gateways_own_families() {
    let exposed = Gateway::start(newest_gateway(), &[]).metrics().text();
    let own = exposed.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let own: Vec<_> = own.filter(|(name, _)| !name.starts_with("pushgateway_")).collect();
    assert!(own.len() > 20, "{exposed}");
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

/// Texts from public test suites.
#[test]
#[ignore = "needs a real Pushgateway: tests/fetch.sh gets one"]
fn the_public_corpora() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(texts) = texts_below(&corpus) else {
        eprintln!("skipped: no texts in {}", corpus.display());
        return;
    };
    for utf8_names in [false, true] {
        judge_all(texts.iter().cloned(), utf8_names);
    }
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

/// Without any gateway: nothing panics, a repaired text needs no second repair, and no span is out of bounds.
#[test]
fn repairs_are_stable() {
    let mut random = Random::new(setting("PUSHGW_TEST_SEED", SEED));
    for _ in 0..setting("PUSHGW_TEST_CASES", 5_000) {
        let utf8_names = random.chance(50);
        let case = Case::generate(&mut random, utf8_names);
        let rules = case.rules();
        let report = case.check();
        for diagnostic in &report.diagnostics {
            let span = &diagnostic.span;
            assert!(span.start <= span.end && span.end <= case.text.len(), "{diagnostic:?}\n{case}");
        }
        let counted = report.errors + report.fixed + report.warnings;
        assert_eq!(report.diagnostics.len(), counted, "{case}");
        let repaired = apply(&case.text, &report.splices);
        let again = check(Text { bytes: &repaired, starts: &[0] }, &rules);
        // In one of several files a fault may end the reading of that file.
        if report.errors == 0 || case.starts.len() == 1 {
            assert_eq!((again.fixed, &*again.splices), (0, &[][..]), "{case}\n{}", repaired.escape_ascii());
        }
        assert_eq!(report.errors == 0, again.errors == 0, "{case}\n{report:#?}\n{again:#?}");
    }
}
