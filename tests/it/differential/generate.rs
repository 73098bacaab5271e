//! Generates well-formed texts, random sequences of lines, and mutations of both.
//!
//! The tokens come from small sets, so that names collide: a family and its parts, labels of the text and the key,
//! names with and without quotes. Most tokens are valid, so that about half of the texts are accepted, and errors also
//! occur late in a text.

use crate::support::Random;
use pushgw::exposition::Code;

/// Creates a table of byte strings of different lengths.
macro_rules! bytes {
    ($($token:expr),* $(,)?) => { &[$($token as &[u8]),*] };
}

#[rustfmt::skip]
const NAMES: &[&[u8]] = bytes![
    b"a", b"b", b"c_total", b"h", b"s", b"g", b"h_count", b"h_sum", b"h_bucket", b"s_count", b"s_sum",
    b"a:b", b"_x9",
];
#[rustfmt::skip]
const RARE_NAMES: &[&[u8]] = bytes![
    b"s_bucket", b"h_count_sum", b"_count", b"x_count", b"x_sum", b"go_goroutines", b"go_threads",
    b"go_info", b"go_gc_duration_seconds", b"go_gc_duration_seconds_count",
    b"go_gc_duration_seconds_bucket", b"process_cpu_seconds_total", b"process_max_fds",
    b"push_time_seconds", b"pushgateway_x", b"\"a\"", b"\"h_bucket\"", b"\"s_sum\"", b"\"a b\"", b"\"x.y\"",
    b"\"a\\\"b\"", b"\"a\\nb\"", b"\"a\\\\b\"", b"a\"b\"", b"a\"b c\"", b"\"\xc3\xa9\"", b"\"\xff\"",
    b"\"\"", b"\"a", b"a\"", b"\"a\\x\"", b"9a", b"a-b", b"a.b", b"\xc3\xa9", b":", b"-", b"",
    b"\"h\"_bucket", b"\"a\"b", b"h\"_bucket\"", b"\"{\"", b"\"a,b\"",
];
#[rustfmt::skip]
const LABELS: &[&[u8]] = bytes![
    b"a", b"b", b"c", b"d", b"le", b"quantile", b"instance", b"job",
];
#[rustfmt::skip]
const RARE_LABELS: &[&[u8]] = bytes![
    b"__name__", b"__x", b"_", b"\"a\"", b"\"le\"", b"\"quantile\"", b"\"x.y\"", b"\"a b\"", b"\"\"",
    b"\"\xff\"", b"\"__y\"", b"a\"b\"", b"9", b"a-b", b"a:b", b"\xc3\xa9", b"", b"\"a\\\"\"", b"\"a\\q\"",
    b"\"a",
];
#[rustfmt::skip]
const LABEL_VALUES: &[&[u8]] =
    bytes![b"", b"1", b"2", b"x", b"y", b"0.5", b"+Inf", b"NaN", b"1e3", b"\xc3\xa9\xf0\x9f\x98\x80"];
#[rustfmt::skip]
const RARE_LABEL_VALUES: &[&[u8]] = bytes![
    b"a\\\"b", b"\\\\", b"\\n", b"\\t", b"}", b"{", b",", b"=", b" ", b"\t", b"\r", b"\x00", b"\xff",
    b"\xed\xa0\x80", b"#", b"\\", b"1_0", b"0x1p4", b"+nan", b"1e999", b"inf", b"-1", b" 1", b"a\nb",
];
#[rustfmt::skip]
const VALUES: &[&[u8]] = bytes![
    b"0", b"1", b"2", b"-1", b"-0.25", b"1.5", b"1e3", b"+1", b".5", b"5.", b"NaN", b"nan", b"+Inf", b"-inf",
    b"Infinity", b"-0", b"1e-999", b"3", b"18446744073709551615", b"18446744073709551616", b"1E+2", b"007",
];
#[rustfmt::skip]
const RARE_VALUES: &[&[u8]] = bytes![
    b"", b"1,5", b"1_000", b"0x1F", b"0x1p4", b"1e999", b"+nan", b"1foo", b"1n", b"true", b"1.2.3", b"--1",
    b"1e", b"e5", b"infi", b"\"1\"", b"1\r", b"1e+", b".", b"+", b"\xd9\xa3", b"1.7976931348623159e308",
    b"1.7976931348623157e308", b"0x", b"1}", b"{", b"1#", b"1\\",
    b"0.0000000000000000000000000000000000000000000001e60", b"1e0000000000000000000001",
    b"1e-99999999999999999",
];
#[rustfmt::skip]
const TYPES: &[&[u8]] = bytes![
    b"counter", b"gauge", b"histogram", b"summary", b"untyped",
];
#[rustfmt::skip]
const RARE_TYPES: &[&[u8]] = bytes![
    b"GAUGE", b"Counter", b"gaugehistogram", b"gauge_histogram", b"GaugeHistogram", b"\xc5\xbfummary",
    b"h\xc4\xb1\xc5\xbftogram", b"hi\xcc\x87stogram", b"ga\\uge", b"unknown", b"info", b"bogus", b"gauge ",
    b"gauge\r", b"", b"gauge x", b"\\counter\\", b"\xff", b"stateset", b"untyped\t", b"gauge\x00",
];
#[rustfmt::skip]
const SPACES: &[&[u8]] = bytes![
    b" ",
];
#[rustfmt::skip]
const RARE_SPACES: &[&[u8]] = bytes![
    b"  ", b"\t", b" \t ", b"", b"\r", b"\x0b", b"\xc2\xa0",
];
#[rustfmt::skip]
const HELPS: &[&[u8]] = bytes![
    b"x", b"some help", b"a\\\\b\\nc", b"trailing ", b"", b"x\r",
];
#[rustfmt::skip]
const RARE_HELPS: &[&[u8]] = bytes![
    b"say \\\"x\\\"", b"\\x", b"\\", b"\xff", b"\\\r", b"\"", b"\\\\\\", b"{}", b"\r", b"\\\xc3\xa9",
    b" \t\r",
];
#[rustfmt::skip]
const ENDS: &[&[u8]] = bytes![
    b"\n",
];
#[rustfmt::skip]
const RARE_ENDS: &[&[u8]] = bytes![
    b"\r\n", b" \n", b"\t\n", b" \r\n", b"\r\r\n", b"\n\n", b"", b"\n \n", b"\n\r\n", b"\n\t \r \n",
    b"\r \n",
];
#[rustfmt::skip]
const COMMENTS: &[&[u8]] = bytes![
    b"#", b"# x", b"# EOF", b"# UNIT a seconds", b"#HELP", b"# TYPE", b"# TYPE ", b"# HELP a", b"# TYPE a",
    b"# TYPE a ", b"# HELP b ", b"#\t#", b"# HELPa b", b"# \xff", b"# TYPE \"\"", b"# TYPE \"a\"",
    b"# HELP \"a b\"", b"# type a gauge", b"# TYPE {", b"# HELP 9 x", b"# TYPE \"\" gauge",
    b"# TYPE h_count \r", b"# HELP s_sum\r", b"  # x",
];
#[rustfmt::skip]
const OTHER_FORMATS: &[&[u8]] = bytes![
    b"<html>\n<body>\n", b"{\"a\": 1}\n", b"{\n  \"a\": 1\n}\n", b"[1]\n", b"\x1f\x8b\x08\x00\n",
    b"\xff\xfea\x00 \x001\x00\n\x00", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbfa 1\n", b"\xfe\xff",
    b"\x0a\x0a\x01a\x18\x01\x22\x02\x12\x00", b"PK\x03\x04", b"\x00", b"\n\n\x00",
];

/// Generates the text for one case.
pub(crate) fn text(random: &mut Random) -> Vec<u8> {
    let mut text = match random.below(20) {
        0..=11 => well_formed(random),
        12..=14 => random_lines(random),
        15..=17 => composites(random),
        18 => random.pick(Code::ALL).example().to_vec(),
        _ => random.pick(OTHER_FORMATS).to_vec(),
    };
    let mutations = match random.below(10) {
        0..=7 => 0,
        8 => 1,
        _ => 1 + random.below(4),
    };
    for _ in 0..mutations {
        mutate(random, &mut text);
    }
    if random.chance(1) {
        text.splice(0..0, *b"\xef\xbb\xbf");
    }
    text
}

/// Generates families like a well-behaved exporter. Half of the texts have a few errors.
fn well_formed(random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    let error_percent = if random.chance(50) { 2 } else { 0 };
    for family in 0..=random.below(4) {
        let kind =
            random.pick(&["counter", "gauge", "histogram", "summary", "untyped", "gaugehistogram", ""]);
        let name = format!("{}{family}", random.pick(&["a", "b:c", "http_requests", "x_count", "y_sum"]));
        if random.chance(50) {
            text.extend_from_slice(format!("# HELP {name} ").as_bytes());
            text.extend_from_slice(random.mostly(error_percent, HELPS, RARE_HELPS));
            text.push(b'\n');
        }
        if !kind.is_empty() {
            text.extend_from_slice(format!("# TYPE {name} {kind}").as_bytes());
            text.extend_from_slice(random.mostly(error_percent, ENDS, RARE_ENDS));
        }
        for series in 0..=random.below(3) {
            let label = format!("z=\"{series}\"");
            match kind {
                "histogram" | "gaugehistogram" => {
                    for le in ["0.5", "1", "+Inf"] {
                        well_formed_sample(
                            random,
                            &mut text,
                            error_percent,
                            &format!("{name}_bucket"),
                            &format!("{label},le=\"{le}\""),
                        );
                    }
                    well_formed_sample(random, &mut text, error_percent, &format!("{name}_sum"), &label);
                    well_formed_sample(random, &mut text, error_percent, &format!("{name}_count"), &label);
                }
                "summary" => {
                    well_formed_sample(
                        random,
                        &mut text,
                        error_percent,
                        &name,
                        &format!("{label},quantile=\"0.9\""),
                    );
                    well_formed_sample(random, &mut text, error_percent, &format!("{name}_sum"), &label);
                    well_formed_sample(random, &mut text, error_percent, &format!("{name}_count"), &label);
                }
                _ => well_formed_sample(random, &mut text, error_percent, &name, &label),
            }
        }
    }
    text
}

fn well_formed_sample(
    random: &mut Random,
    text: &mut Vec<u8>,
    error_percent: usize,
    name: &str,
    labels: &str,
) {
    if random.chance(2 * error_percent) {
        return;
    }
    let labels =
        if random.chance(error_percent) { format!("{labels},job=\"other\"") } else { labels.to_owned() };
    let line = match random.below(30) {
        0 => format!("{{\"{name}\",{labels}}}"),
        1 => format!("{name} {{ {labels} , }}"),
        2 => format!("{name}{{{labels},a=\"1\"}}"),
        _ => format!("{name}{{{labels}}}"),
    };
    text.extend_from_slice(line.as_bytes());
    text.extend_from_slice(random.mostly(error_percent, SPACES, bytes![b"\t", b"  "]));
    let positive = bytes![b"1", b"2.5", b"0", b"1e3", b"+Inf", b"17"];
    text.extend_from_slice(random.mostly(error_percent, positive, VALUES));
    if random.chance(error_percent / 2) {
        text.extend_from_slice(b" 1700000000000");
    }
    text.extend_from_slice(random.mostly(error_percent, ENDS, RARE_ENDS));
}

/// Generates a few random lines.
fn random_lines(random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..=random.below(6) {
        match random.below(100) {
            0..=54 => sample(random, &mut text),
            55..=68 => braced(random, &mut text),
            69..=84 => comment(random, &mut text, b"TYPE"),
            85..=92 => comment(random, &mut text, b"HELP"),
            93..=97 => {
                text.extend_from_slice(random.pick(COMMENTS));
                text.push(b'\n');
            }
            _ => text.extend_from_slice(random.mostly(50, bytes![b"\n", b" \n"], RARE_ENDS)),
        }
    }
    text
}

/// Generates parts of histograms and summaries in random order, with and without `le` and `quantile`, mixed with lines
/// of other families and lines in which the name comes late or is missing.
fn composites(random: &mut Random) -> Vec<u8> {
    const FAMILIES: &[&str] = &["h", "h", "h", "i", "s", "t", "g"];
    let mut text = Vec::new();
    let mut types = vec!["h histogram", "i histogram", "s summary", "t summary", "g gaugehistogram"];
    types.retain(|_| random.chance(70));
    for kind in &types {
        text.extend_from_slice(format!("# TYPE {kind}\n").as_bytes());
    }
    for _ in 0..=random.below(6) {
        let family = random.pick(FAMILIES);
        let name = format!("{family}{}", random.pick(&["", "_bucket", "_bucket", "_count", "_sum"]));
        if random.chance(15) {
            let line = random.pick(&[
                "# HELP NAME x\n",
                "# HELP NAME\n",
                "# TYPE NAME \n",
                "# HELP NAME \n",
                "a 1\n",
                "a{b=\"c\"} 1\n",
            ]);
            text.extend_from_slice(line.replace("NAME", &name).as_bytes());
            continue;
        }
        let mut labels: Vec<_> =
            ["le=\"1\"", "le=\"NaN\"", "le=\"+Inf\"", "quantile=\"0.5\"", "a=\"1\"", "b=\"2\"", "a=\"2\""]
                .into();
        labels.retain(|_| random.chance(18));
        let mut labels: Vec<_> = labels.into_iter().map(str::to_owned).collect();
        let braced = random.chance(35);
        if braced && random.chance(85) {
            let at = if random.chance(70) { 0 } else { random.below(labels.len() + 1) };
            labels.insert(at, format!("\"{name}\""));
        }
        let labels = labels.join(",");
        let value = random.pick(&["1", "1", "2", "0.5", "-0", "-1", "-0.25", "NaN", "-Inf"]);
        let line =
            if braced { format!("{{{labels}}} {value}\n") } else { format!("{name}{{{labels}}} {value}\n") };
        text.extend_from_slice(line.as_bytes());
    }
    text
}

fn sample(random: &mut Random, text: &mut Vec<u8>) {
    if random.chance(2) {
        text.extend_from_slice(random.pick(RARE_SPACES));
    }
    text.extend_from_slice(random.mostly(5, NAMES, RARE_NAMES));
    text.extend_from_slice(random.mostly(3, bytes![b""], RARE_SPACES));
    if random.chance(60) {
        text.push(b'{');
        labels(random, text);
        text.push(b'}');
    }
    tail(random, text);
}

/// Generates a line that starts with a brace. The name is first, last, in between, or missing.
fn braced(random: &mut Random, text: &mut Vec<u8>) {
    text.push(b'{');
    let shape = random.below(10);
    if matches!(shape, 4 | 5) {
        labels(random, text);
        text.push(b',');
    }
    if shape < 7 {
        let plain = random.chance(40);
        let name = random.mostly(8, NAMES, RARE_NAMES);
        if plain || name.contains(&b'"') {
            text.extend_from_slice(name);
        } else {
            text.push(b'"');
            text.extend_from_slice(name);
            text.push(b'"');
        }
        if random.chance(60) {
            text.push(b',');
            labels(random, text);
        }
    } else if shape < 9 {
        labels(random, text);
    }
    text.push(b'}');
    tail(random, text);
}

fn labels(random: &mut Random, text: &mut Vec<u8>) {
    if random.chance(2) {
        // With this many labels, the checker switches to its other algorithm for duplicates.
        let (count, names) = (20 + random.below(20), 1_000 + random.below(2_000));
        for _ in 0..count {
            text.extend_from_slice(format!("l{}=\"{}\",", random.below(names), random.below(2)).as_bytes());
        }
    }
    for index in 0..random.below(4) {
        if index > 0 {
            text.extend_from_slice(random.mostly(
                2,
                bytes![b","],
                bytes![b" , ", b" ", b",,", b";", b"", b"}"],
            ));
        }
        text.extend_from_slice(random.mostly(3, LABELS, RARE_LABELS));
        text.extend_from_slice(random.mostly(
            2,
            bytes![b"=\""],
            bytes![b" = \"", b"=", b"='", b":\"", b"=~\"", b"=\t\""],
        ));
        text.extend_from_slice(random.mostly(4, LABEL_VALUES, RARE_LABEL_VALUES));
        text.extend_from_slice(random.mostly(1, bytes![b"\""], bytes![b"", b"'", b"\" ", b"\"x"]));
    }
    if random.chance(8) {
        text.extend_from_slice(random.mostly(15, bytes![b","], bytes![b" ,", b", ", b",,"]));
    }
}

fn tail(random: &mut Random, text: &mut Vec<u8>) {
    text.extend_from_slice(random.mostly(4, SPACES, RARE_SPACES));
    if random.chance(4) {
        number(random, text);
    } else {
        text.extend_from_slice(random.mostly(5, VALUES, RARE_VALUES));
    }
    if random.chance(3) {
        let invalid = bytes![
            b" 1.5",
            b" # {a=\"b\"} 1",
            b" x",
            b" 1 2",
            b" 1 # {} 1",
            b" 1_0",
            b" ",
            b" 0x1",
            b" 9223372036854775808"
        ];
        let good = bytes![
            b" 1",
            b" -5",
            b"  1700000000000",
            b" +3",
            b" 9223372036854775807",
            b" -9223372036854775808",
            b"\t007"
        ];
        text.extend_from_slice(random.mostly(50, good, invalid));
    }
    text.extend_from_slice(random.mostly(4, ENDS, RARE_ENDS));
}

/// Generates a valid number, often near the limits of 64 bits.
fn number(random: &mut Random, text: &mut Vec<u8>) {
    let digits = |random: &mut Random, text: &mut Vec<u8>| {
        let count = if random.chance(5) { random.below(1_500) } else { random.below(6) };
        let zeros = random.chance(50);
        text.extend((0..count).map(|_| if zeros { b'0' } else { random.pick(b"0123456789") }));
    };
    text.extend_from_slice(random.pick(bytes![b"", b"", b"-", b"+"]));
    let start = text.len();
    digits(random, text);
    digits(random, text);
    if random.chance(60) {
        text.push(b'.');
        digits(random, text);
        digits(random, text);
    }
    if text.len() == start {
        text.push(b'1');
    }
    if random.chance(70) {
        text.extend_from_slice(random.pick(bytes![b"e", b"E", b"e+", b"e-", b"e-"]));
        let exponent = match random.below(4) {
            0 => random.below(400),
            1 => 290 + random.below(40),
            2 => random.below(3_000),
            _ => random.below(1_000_000),
        };
        text.extend_from_slice(exponent.to_string().as_bytes());
    }
}

fn comment(random: &mut Random, text: &mut Vec<u8>, keyword: &[u8]) {
    text.extend_from_slice(random.mostly(5, bytes![b"# "], bytes![b"#", b"#\t", b" # ", b"##"]));
    text.extend_from_slice(keyword);
    text.extend_from_slice(random.mostly(4, SPACES, RARE_SPACES));
    text.extend_from_slice(random.mostly(8, NAMES, RARE_NAMES));
    text.extend_from_slice(random.mostly(4, SPACES, RARE_SPACES));
    if keyword == b"TYPE" {
        text.extend_from_slice(random.mostly(15, TYPES, RARE_TYPES));
    } else {
        text.extend_from_slice(random.mostly(15, HELPS, RARE_HELPS));
    }
    text.extend_from_slice(random.mostly(4, ENDS, RARE_ENDS));
}

/// Makes random changes: flips, removes, duplicates or inserts bytes, and moves or duplicates tokens and lines.
fn mutate(random: &mut Random, text: &mut Vec<u8>) {
    if text.is_empty() {
        return;
    }
    let at = random.below(text.len());
    match random.below(9) {
        0 => text[at] ^= 1 << random.below(8),
        1 => drop(text.remove(at)),
        2 => text.insert(at, text[at]),
        3 => text[at] = random.pick(b"\"\\{}=,# \t\r\n\x00\xff:_-+.eE1an"),
        4 => text.insert(at, random.pick(b"\"\\{}=,# \t\r\n\x00\xff:_-+.eE1an")),
        5 => text.truncate(at),
        6 => {
            let other = random.below(text.len());
            text.swap(at, other);
        }
        kind => {
            let mut lines: Vec<Vec<u8>> =
                text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let from = random.below(lines.len());
            let line = if kind == 7 { lines.remove(from) } else { lines[from].clone() };
            lines.insert(random.below(lines.len() + 1), line);
            *text = lines.concat();
        }
    }
}
