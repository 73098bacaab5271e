//! Tests two properties of the checker's messages with mutated texts: applying the suggested fix removes the problem,
//! and one mistake results in one message.
//!
//! A run is deterministic. `PUSHGW_TEST_SEED` and `PUSHGW_TEST_CASES` set the seed and the number of cases.

mod applied;

use crate::differential::{SEED, corpus, setting};
use crate::support::Random;
use applied::edits;
use pushgw::exposition::{CheckOptions, Code, Diagnostic, Report, Text, check};
use std::collections::BTreeMap;

/// Texts without diagnostics.
const CLEAN: &[&str] = &[
    "# HELP backup_size_bytes Size of the last backup.\n# TYPE backup_size_bytes gauge\nbackup_size_bytes{host=\"web-1\",path=\"/var/lib\"} 1.5e+09\n",
    "# TYPE jobs_total counter\njobs_total{queue=\"a\"} 3\njobs_total{queue=\"b\"} 17\n# TYPE up untyped\nup 1\n",
    "# HELP request_seconds Time of a request.\n# TYPE request_seconds histogram\nrequest_seconds_bucket{le=\"0.1\"} 2\nrequest_seconds_bucket{le=\"1\"} 5\nrequest_seconds_bucket{le=\"+Inf\"} 6\nrequest_seconds_sum 3.25\nrequest_seconds_count 6\n",
    "# TYPE rpc_seconds summary\nrpc_seconds{quantile=\"0.5\"} 0.01\nrpc_seconds{quantile=\"0.99\"} 0.5\nrpc_seconds_sum 12.5\nrpc_seconds_count 2693\n",
    "temperature_celsius{room=\"kitchen\"} 21.5\ntemperature_celsius{room=\"cellar\"} -3\nlast_success_timestamp_seconds 1700000000\n",
    "# TYPE process_open_fds gauge\nprocess_open_fds{app=\"x\"} 7\nerrors_total{message=\"a \\\"quoted\\\" word\\nand a line\"} 0\n",
];

fn report(text: &[u8]) -> Report {
    check(Text { bytes: text, starts: &[0] }, &CheckOptions::PLAIN)
}

/// Returns the built-in texts, and the texts in the corpus that have no diagnostics. Long texts are cut at a line
/// break.
fn clean_texts() -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = CLEAN.iter().map(|text| text.as_bytes().to_vec()).collect();
    for mut text in corpus() {
        if text.len() > 4_000 {
            let end = text[..4_000].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            text.truncate(end);
        }
        texts.push(text);
    }
    texts.retain(|text| report(text).diagnostics.is_empty() && text.len() > 20);
    assert!(texts.len() >= CLEAN.len());
    texts
}

/// Tokens that people write instead of a name, a value, a label or a type.
const TOKENS: &[&str] = &[
    "1,5",
    "12,345",
    "1.234,56",
    "1,234,567",
    "0,52,",
    "3.2GiB",
    "45C",
    "1m30s",
    "00:01:23",
    "0b101",
    "0x1F",
    "1_000",
    "1'234",
    "true",
    "no",
    "null",
    "-nan",
    "1e999",
    "\"1\"",
    "'x'",
    "$value",
    "my-metric",
    "my.metric",
    "a:b",
    "9a",
    "é",
    "job=1",
    "rows,12",
    "rows;12",
    "rows|3",
    "info",
    "conter",
    "unknown",
    "stateset",
    "gauge x",
    "process_open_fds",
    "go_gc_duration_seconds",
    "push_time_seconds",
    "# TYPE up gauge",
    "# HELP up x",
    "1 1700000000",
    "1 now",
    "1 2 3",
    "1 # {a=\"b\"} 1",
    "1\\nb 2",
    "\"C:\\new\\temp\"",
    "\"C:\\\"",
    "p99",
    "50%",
    "max",
    "1s",
    "“x”",
    "‘x’",
    "a b",
    "",
    "[x]",
    "2026-01-01",
    "HELP",
    "TYPE",
    "{a=\"b\"}",
    "\u{a0}1",
    "__name__",
    "le",
    "quantile",
    "backup_size: 12",
];

/// Replaces one token of the text.
fn with_other_token(random: &mut Random, text: &[u8]) -> Vec<u8> {
    let is_token = |byte: &u8| !b" \n{}=,".contains(byte);
    let mut starts = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        if is_token(byte) && (at == 0 || !is_token(&text[at - 1])) {
            starts.push(at);
        }
    }
    let start = random.pick(&starts);
    let len = text[start..].iter().take_while(|byte| is_token(byte)).count();
    [&text[..start], random.pick(TOKENS).as_bytes(), &text[start + len..]].concat()
}

/// Returns a message with the diagnostic if applying its help does not remove the problem.
fn wrong_help(text: &[u8], found: &Diagnostic) -> Option<String> {
    edits(text, found).into_iter().find_map(|edit| {
        let edited = edit.apply(text);
        let place = edit.range.start..=edit.range.start + edit.with.len();
        let same = |again: &&Diagnostic| again.code == found.code && place.contains(&again.span.start);
        let again = report(&edited);
        let again = again.diagnostics.iter().find(same)?;
        Some(format!(
            "{found:#?}\n{}\nbecomes\n{}\n{again:#?}",
            String::from_utf8_lossy(text),
            String::from_utf8_lossy(&edited)
        ))
    })
}

/// After the help has been applied, the text no longer has the problem.
#[test]
#[ignore = "takes long"]
fn applying_the_help_fixes_the_problem() {
    let mut random = Random::with_seed(setting("PUSHGW_TEST_SEED", SEED));
    let clean = clean_texts();
    let cases = setting("PUSHGW_TEST_CASES", 2_000);
    let mutated: Vec<_> = (0..cases)
        .map(|_| {
            // Prefer the built-in texts, because most of their tokens matter.
            let texts = if random.chance(50) { CLEAN.len() } else { clean.len() };
            let at = random.below(texts);
            with_other_token(&mut random, &clean[at])
        })
        .collect();
    let examples = Code::ALL.iter().map(|code| code.example().to_vec());
    let (mut applied, mut wrong) = (BTreeMap::<&str, usize>::new(), Vec::new());
    for text in corpus().into_iter().chain(examples).chain(mutated) {
        for found in report(&text).diagnostics.iter().take(40) {
            *applied.entry(found.code.as_str()).or_default() += usize::from(!edits(&text, found).is_empty());
            wrong.extend(wrong_help(&text, found));
        }
    }
    eprintln!("applied: {applied:?}");
    assert!(applied.values().sum::<usize>() > 200, "{applied:?}");
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n\n"));
}

/// Changes, adds or removes one byte.
fn with_other_byte(random: &mut Random, text: &[u8]) -> Vec<u8> {
    const BYTES: &[u8] = b"\n\t \"#'+,-./0159:;=ABCabcmsx_{}\\\xff|%";
    let mut text = text.to_vec();
    let at = random.below(text.len());
    match random.below(3) {
        0 => text[at] = random.pick(BYTES),
        1 => text.insert(at, random.pick(BYTES)),
        _ => _ = text.remove(at),
    }
    text
}

#[test]
#[ignore = "takes long"]
fn one_mistake_results_in_one_message() {
    let mut random = Random::with_seed(setting("PUSHGW_TEST_SEED", SEED));
    let clean = clean_texts();
    let cases = setting("PUSHGW_TEST_CASES", 5_000);
    let mut cascades = BTreeMap::<Vec<&str>, (usize, String)>::new();
    for _ in 0..cases {
        let at = random.below(clean.len());
        let text = with_other_byte(&mut random, &clean[at]);
        let found = report(&text).diagnostics;
        if found.len() > 1 && !are_both_right(&text, &found) {
            let codes: Vec<_> = found.iter().map(|found| found.code.as_str()).collect();
            let shown = || format!("{}\n{found:#?}", String::from_utf8_lossy(&text));
            cascades.entry(codes).or_insert_with(|| (0, shown())).0 += 1;
        }
    }
    let total: usize = cascades.values().map(|(count, _)| count).sum();
    let mut shown: Vec<_> =
        cascades.iter().map(|(codes, (count, example))| (*count, codes, example)).collect();
    shown.sort_by_key(|(count, ..)| usize::MAX - count);
    let list =
        |(count, codes, example): &(usize, &Vec<&str>, &String)| format!("{count} {codes:?}\n{example}");
    let shown: Vec<_> = shown.iter().take(12).map(list).collect();
    let allowed = usize::try_from(cases / 50).unwrap();
    assert!(total <= allowed, "{total} of {cases} have more than one message:\n{}", shown.join("\n"));
}

/// Returns true if two messages are right for one changed byte. If the last newline was replaced by another byte, that
/// byte is invalid and the newline is missing as well.
fn are_both_right(text: &[u8], found: &[Diagnostic]) -> bool {
    found.len() == 2 && found[1].code == Code::MissingNewline && !text.ends_with(b"\n")
}
