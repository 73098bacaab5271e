//! Micro benchmarks of the most expensive parts: the checker, its search for duplicates, grouping keys, and the parser
//! for a gateway's listing.
//!
//!     cargo bench --bench micro [FILTER]
//!
//! They show where the time is spent and whether a change helps. `compare.py` compares pushgw with other programs. The
//! benchmarks use divan, which prints bytes per second by input and size, and adds only three crates (criterion adds
//! about twenty).

mod shapes;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use pushgw::exposition::{CheckOptions, Report, Text, check};
use pushgw::gateway::api;
use pushgw::grouping::{GroupingKey, KeyRules, Names};
use std::fmt::Write as _;

fn main() {
    divan::main();
}

const SIZES: [usize; 3] = [3, 10_000, 1_000_000];

const OPTIONS: CheckOptions<'static> = CheckOptions { max_diagnostics: 20, ..CheckOptions::PLAIN };

fn report(text: &[u8], options: &CheckOptions<'_>) -> Report {
    check(Text { bytes: black_box(text), starts: &[0] }, options)
}

fn checked(bencher: Bencher, text: &[u8], options: &CheckOptions<'_>) {
    bencher.counter(BytesCount::of_slice(text)).bench_local(|| report(text, options));
}

/// The checker with each shape.
mod shape {
    use super::{Bencher, OPTIONS, SIZES, checked, shapes};

    fn shape(bencher: Bencher, name: &str, series: usize) {
        checked(bencher, &shapes::named(name).expect("a name of SHAPES").text(series), &OPTIONS);
    }

    macro_rules! shape {
        ($($function:ident: $name:literal, $sizes:expr;)*) => {
            $(#[divan::bench(args = $sizes)]
            fn $function(bencher: Bencher, series: usize) {
                shape(bencher, $name, series);
            })*
        };
    }

    shape! {
        series: "series", SIZES;
        bare: "bare", SIZES;
        short: "short", SIZES;
        families: "families", SIZES;
        small_families: "small-families", SIZES;
        histograms: "histograms", SIZES;
        wide: "wide", [3, 10_000, 100_000];
        long_values: "long-values", [3, 10_000];
        one_line: "one-line", SIZES;
    }
}

/// Slower cases: lint, duplicate series, and repairs.
mod way {
    use super::{Bencher, CheckOptions, OPTIONS, checked, shapes};

    const SERIES: usize = 100_000;

    fn text() -> Vec<u8> {
        shapes::named("series").expect("a name of SHAPES").text(SERIES)
    }

    #[divan::bench]
    fn lint(bencher: Bencher) {
        checked(bencher, &text(), &CheckOptions { lint: true, ..OPTIONS });
    }

    #[divan::bench]
    fn all_twice(bencher: Bencher) {
        let text = text();
        let samples = text.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        checked(bencher, &[&text, &text[samples..]].concat(), &OPTIONS);
    }

    #[divan::bench]
    fn carriage_returns(bencher: Bencher) {
        let text = String::from_utf8(text()).expect("shapes are ASCII").replace('\n', "\r\n");
        checked(bencher, text.as_bytes(), &OPTIONS);
    }
}

/// Parses and formats a group's path.
#[divan::bench(args = [
    "/metrics/job/backup",
    "/metrics/job/backup/instance/web-01/disk/WD%20Blue%204",
    "/metrics/job@base64/YS9i/instance/web-01/dc/eu/rack/17/disk@base64/L2Rldi9zZGE",
])]
fn grouping_key(path: &str) -> String {
    GroupingKey::parse_path(black_box(path), KeyRules::default()).expect("a good path").path()
}

/// Parses a response of `/api/v1/metrics` with this many groups of ten series.
#[divan::bench(args = [3, 1_000, 10_000])]
fn listing(bencher: Bencher, groups: usize) {
    let json = listing_of(groups);
    bencher
        .counter(ItemsCount::new(groups))
        .counter(BytesCount::of_str(&json))
        .bench_local(|| api::from_api(black_box(json.as_bytes()), Names::Legacy).map(|groups| groups.len()));
}

fn listing_of(groups: usize) -> String {
    let mut json = String::from(r#"{"status":"success","data":["#);
    for group in 0..groups {
        let comma = if group == 0 { "" } else { "," };
        let time = r#"{"type":"GAUGE","metrics":[{"labels":{},"value":"1.7e+09"}]}"#;
        let _ = write!(
            json,
            r#"{comma}{{"labels":{{"job":"batch","instance":"web-{group}"}},"last_push_successful":true,"#
        );
        let _ = write!(
            json,
            r#""push_time_seconds":{time},"push_failure_time_seconds":{time},"requests":{{"type":"COUNTER","metrics":["#
        );
        for series in 0..10 {
            let comma = if series == 0 { "" } else { "," };
            let _ = write!(
                json,
                r#"{comma}{{"labels":{{"instance":"web-{group}","job":"batch","path":"/p/{series}"}},"value":"{series}"}}"#
            );
        }
        json.push_str("]}}");
    }
    json.push_str("]}");
    json
}
