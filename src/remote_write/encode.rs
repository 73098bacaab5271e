//! Encodes the series of a request as protobuf, in either version of the protocol. Pure.
//!
//! The field numbers are defined in `prometheus/prometheus prompb/remote.proto`, `prompb/types.proto` and
//! `prompb/io/prometheus/write/v2/types.proto`.

use super::protobuf::ProtobufMessage;
use super::series::{Payload, TextSeries};
use super::version::Version;
use crate::exposition::model::Kind;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// The NaN that Go and Prometheus write. A different NaN marks a series as stale.
const NORMAL_NAN: u64 = 0x7ff8_0000_0000_0001;

#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) samples: usize,
    /// The position in the text where the next request starts, if there is one.
    pub(super) next: Option<usize>,
}

/// Encodes the request whose samples start at `start` in the text.
pub(super) fn encode(payload: &Payload<'_>, start: usize, version: Version) -> Encoded {
    let mut samples = 0;
    let (bytes, next) = match version {
        Version::V1 => {
            let mut request = RequestV1::default();
            let next = payload.series(start, &mut |series| {
                samples += 1;
                request.add(series);
            });
            request.series.append(&request.metadata);
            (request.series.into_bytes(), next)
        }
        Version::V2 => {
            let mut request = RequestV2::default();
            let next = payload.series(start, &mut |series| {
                samples += 1;
                request.add(series);
            });
            (request.into_bytes(), next)
        }
    };
    Encoded { bytes, samples, next }
}

/// Returns an empty request, which stores nothing.
pub(super) fn empty(version: Version) -> Vec<u8> {
    match version {
        Version::V1 => Vec::new(),
        Version::V2 => RequestV2::default().into_bytes(),
    }
}

/// Replaces the contents of `message` with a `Sample`.
fn sample(message: &mut ProtobufMessage, series: &TextSeries<'_, '_>) {
    let value = series.sample.value;
    message.clear();
    message.double_bits(1, if value.is_nan() { NORMAL_NAN } else { value.to_bits() });
    message.int(2, series.timestamp);
}

/// Returns the number of the `MetricType`, which is the same in both versions.
fn metric_type(kind: Kind) -> u64 {
    match kind {
        Kind::Untyped => 0,
        Kind::Counter => 1,
        Kind::Gauge => 2,
        Kind::Histogram => 3,
        Kind::GaugeHistogram => 4,
        Kind::Summary => 5,
    }
}

/// A `WriteRequest`.
#[derive(Default)]
struct RequestV1 {
    series: ProtobufMessage,
    metadata: ProtobufMessage,
    /// The families whose metadata is already in this request.
    families: HashSet<usize>,
    last_family: Option<usize>,
    scratch: [ProtobufMessage; 2],
}

impl RequestV1 {
    fn add(&mut self, series: &TextSeries<'_, '_>) {
        let [timeseries, part] = &mut self.scratch;
        timeseries.clear();
        for (name, value) in series.labels {
            part.clear();
            part.bytes(1, name);
            part.bytes(2, value);
            timeseries.bytes(1, part.as_bytes());
        }
        sample(part, series);
        timeseries.bytes(2, part.as_bytes());
        self.series.bytes(1, timeseries.as_bytes());
        let Some((family, metadata)) = series.metadata else { return };
        if self.last_family != Some(family) && self.families.insert(family) {
            part.clear();
            part.uint(1, metric_type(metadata.kind));
            part.bytes(2, &metadata.name);
            part.bytes(4, &metadata.help);
            self.metadata.bytes(3, part.as_bytes());
        }
        self.last_family = Some(family);
    }
}

/// A `Request`, which consists of series and the strings that they refer to.
#[derive(Default)]
struct RequestV2<'a> {
    series: ProtobufMessage,
    scratch: [ProtobufMessage; 2],
    symbols: Symbols<'a>,
}

impl<'a> RequestV2<'a> {
    fn add(&mut self, series: &TextSeries<'a, '_>) {
        let [timeseries, part] = &mut self.scratch;
        timeseries.clear();
        part.clear();
        let texts = series.labels.iter().flat_map(|(name, value)| [name, value]);
        for (place, text) in texts.enumerate() {
            part.varint(self.symbols.number_at(place, text.clone()));
        }
        timeseries.bytes(1, part.as_bytes());
        sample(part, series);
        timeseries.bytes(2, part.as_bytes());
        if let Some((_, metadata)) = series.metadata {
            part.clear();
            part.uint(1, metric_type(metadata.kind));
            part.uint(3, self.symbols.number(metadata.help.clone()));
            timeseries.bytes(5, part.as_bytes());
        }
        self.series.bytes(5, timeseries.as_bytes());
    }

    /// Returns the request with the symbols first, because some receivers need them before the series.
    fn into_bytes(self) -> Vec<u8> {
        let mut message = self.symbols.message;
        message.append(&self.series);
        message.into_bytes()
    }
}

/// The numbered strings of a `Request`. String 0 is empty.
struct Symbols<'a> {
    numbers: HashMap<Cow<'a, [u8]>, u64>,
    message: ProtobufMessage,
    /// The strings of the last series. The next series usually has many of them in the same positions, and comparing is
    /// faster than hashing.
    last: Vec<(Cow<'a, [u8]>, u64)>,
}

impl Default for Symbols<'_> {
    fn default() -> Self {
        let mut symbols =
            Self { numbers: HashMap::new(), message: ProtobufMessage::default(), last: Vec::new() };
        symbols.number(Cow::Borrowed(&[]));
        symbols
    }
}

impl<'a> Symbols<'a> {
    fn number(&mut self, text: Cow<'a, [u8]>) -> u64 {
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        let number = self.numbers.len() as u64;
        self.message.bytes(4, &text);
        self.numbers.insert(text, number);
        number
    }

    /// Returns the number of the string, which is at position `place` in the series.
    fn number_at(&mut self, place: usize, text: Cow<'a, [u8]>) -> u64 {
        if let Some((last, number)) = self.last.get(place)
            && *last == text
        {
            return *number;
        }
        let number = self.number(text.clone());
        match self.last.get_mut(place) {
            Some(last) => *last = (text, number),
            None => self.last.push((text, number)),
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grouping::{GroupingKey, KeyRules, Label};
    use crate::remote_write::{MAX_BYTES, MAX_SAMPLES};

    /// Parses the fields of a message. Returns each with its field number and its value as a number or as bytes.
    fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
        fn varint(bytes: &mut &[u8]) -> u64 {
            let length = 1 + bytes.iter().take_while(|byte| **byte >= 0x80).count();
            let (number, rest) = bytes.split_at(length);
            *bytes = rest;
            number.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
        }
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let (number, value) = match tag & 7 {
                0 => (varint(&mut bytes), &[][..]),
                1 => {
                    let (number, rest) = bytes.split_first_chunk::<8>().unwrap();
                    bytes = rest;
                    (u64::from_le_bytes(*number), &[][..])
                }
                2 => {
                    let length = varint(&mut bytes);
                    let (value, rest) = bytes.split_at(usize::try_from(length).unwrap());
                    bytes = rest;
                    (length, value)
                }
                other => panic!("wire type {other}"),
            };
            fields.push((tag >> 3, number, value));
        }
        fields
    }

    /// Formats a sample of either version as `name=value,...: value @ time`.
    fn shown(labels: &[String], sample: &[u8]) -> String {
        let [(1, value, _), (2, time, _)] = fields(sample)[..] else { panic!("{sample:?}") };
        format!("{}: {} @ {}", labels.join(","), f64::from_bits(value), time.cast_signed())
    }

    fn string(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// Returns the series of a request and its metadata: type, name and help.
    fn read_v1(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
        let (mut series, mut metadata) = (Vec::new(), Vec::new());
        for (field, _, value) in fields(bytes) {
            let parts = fields(value);
            if field == 3 {
                let [(1, kind, _), (2, _, name), (4, _, help)] = parts[..] else { panic!("{parts:?}") };
                metadata.push(format!("{kind} {} {}", string(name), string(help)));
                continue;
            }
            let labels = parts.iter().filter(|(field, ..)| *field == 1);
            let labels: Vec<_> = labels
                .map(|(_, _, label)| {
                    let [(1, _, name), (2, _, value)] = fields(label)[..] else { panic!("{label:?}") };
                    format!("{}={}", string(name), string(value))
                })
                .collect();
            let sample = parts.iter().find(|(field, ..)| *field == 2).unwrap();
            series.push(shown(&labels, sample.2));
        }
        (series, metadata)
    }

    /// Returns the series of a request, each with its type and help.
    fn read_v2(bytes: &[u8]) -> Vec<String> {
        let all = fields(bytes);
        let symbols = all.iter().filter(|(field, ..)| *field == 4).map(|(_, _, text)| string(text));
        let symbols: Vec<_> = symbols.collect();
        assert_eq!(symbols[0], "");
        let symbol = |number: u64| &symbols[usize::try_from(number).unwrap()];
        let series = all.iter().filter(|(field, ..)| *field == 5).map(|(_, _, value)| {
            let parts = fields(value);
            let references: Vec<_> = parts[0].2.iter().map(|byte| symbol(u64::from(*byte))).collect();
            let labels: Vec<_> =
                references.chunks(2).map(|pair| format!("{}={}", pair[0], pair[1])).collect();
            let metadata = parts.get(2).map(|(_, _, metadata)| {
                let [(1, kind, _), (3, help, _)] = fields(metadata)[..] else { panic!("{metadata:?}") };
                format!(" ({kind} {})", symbol(help))
            });
            shown(&labels, parts[1].2) + &metadata.unwrap_or_default()
        });
        series.collect()
    }

    fn key() -> GroupingKey {
        GroupingKey::new("b", [Label::new("A", "1")], KeyRules::default()).unwrap()
    }

    const TEXT: &str = "# HELP h say \\n \\\\ \"x\"\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 3 -5\n\
        # HELP a text\na{z=\"\\n\",job=\"x\",e=\"\"} NaN\n\nb -0\n{\"c.d\",\"e.f\"=\"1\"} +Inf 7\n";

    #[test]
    fn version_1_has_all_labels_in_the_order_of_bytes() {
        let key = key();
        let request = encode(&Payload::new(TEXT.as_bytes(), &key, 1_000), 0, Version::V1);
        assert_eq!((request.samples, request.next), (5, None));
        let (series, metadata) = read_v1(&request.bytes);
        assert_eq!(
            series,
            [
                "A=1,__name__=h_bucket,job=b,le=1: 2 @ 1000",
                "A=1,__name__=h_sum,job=b: 3 @ -5",
                "A=1,__name__=a,job=b,z=\n: NaN @ 1000",
                "A=1,__name__=b,job=b: -0 @ 1000",
                "A=1,__name__=c.d,e.f=1,job=b: inf @ 7",
            ]
        );
        assert_eq!(metadata, ["3 h say \n \\ \"x\"", "0 a text"]);
    }

    #[test]
    fn version_2_has_the_type_and_the_help_of_each_series() {
        let key = key();
        let request = encode(&Payload::new(TEXT.as_bytes(), &key, 1_000), 0, Version::V2);
        assert_eq!(
            read_v2(&request.bytes),
            [
                "A=1,__name__=h_bucket,job=b,le=1: 2 @ 1000 (3 say \n \\ \"x\")",
                "A=1,__name__=h_sum,job=b: 3 @ -5 (3 say \n \\ \"x\")",
                "A=1,__name__=a,job=b,z=\n: NaN @ 1000 (0 text)",
                "A=1,__name__=b,job=b: -0 @ 1000",
                "A=1,__name__=c.d,e.f=1,job=b: inf @ 7",
            ]
        );
    }

    #[test]
    fn a_value_that_is_not_a_number_is_not_a_stale_marker() {
        let key = key();
        let payload = Payload::new(b"a NaN\n", &key, 0);
        let request = encode(&payload, 0, Version::V1);
        let is_normal = |bytes: &[u8]| bytes.windows(8).any(|word| word == NORMAL_NAN.to_le_bytes());
        assert!(is_normal(&request.bytes));
    }

    /// The samples of each request, which are the same in both versions, and the size of the largest.
    fn requests(text: &str) -> (Vec<usize>, usize) {
        let key = key();
        let payload = Payload::new(text.as_bytes(), &key, 0);
        let (mut next, mut samples, mut largest) = (Some(0), Vec::new(), 0);
        while let Some(start) = next {
            let [one, two] = [Version::V1, Version::V2].map(|version| encode(&payload, start, version));
            assert_eq!((one.samples, one.next), (two.samples, two.next));
            largest = largest.max(one.bytes.len()).max(two.bytes.len());
            samples.push(one.samples);
            next = one.next;
        }
        assert_eq!(samples, payload.requests());
        assert_eq!(samples.iter().sum::<usize>(), payload.samples());
        (samples, largest)
    }

    #[test]
    fn a_text_is_split_into_requests() {
        let text = |samples| "# a comment\na 1\n".repeat(samples) + "# the end";
        assert_eq!(requests(&text(2 * MAX_SAMPLES + 1)).0, [MAX_SAMPLES, MAX_SAMPLES, 1]);
        assert_eq!(requests(&text(2 * MAX_SAMPLES)).0, [MAX_SAMPLES, MAX_SAMPLES]);
    }

    #[test]
    fn a_request_is_not_larger_than_receivers_accept() {
        let long =
            |length: usize, count: usize| format!("a{{x=\"{}\"}} 1\n", "x".repeat(length)).repeat(count);
        let help = |count: usize| {
            let help = "x".repeat(5_000);
            let family = |n: usize| format!("# HELP a{n} {help}\na{n} 1\n");
            (0..count).map(family).collect::<Vec<_>>().concat()
        };
        let labels = (0..100).map(|n| format!("l{n}=\"{n}\",")).collect::<Vec<_>>().concat();
        for text in [long(5_000, 2_000), help(2_000), format!("a{{{labels}}} 1\n").repeat(5_000)] {
            let (samples, largest) = requests(&text);
            assert!(samples.len() == 2, "{samples:?}");
            assert!((MAX_BYTES / 4..=MAX_BYTES).contains(&largest), "{largest}");
        }
        // A series is never split.
        let large = long(MAX_BYTES, 1);
        assert_eq!(requests(&format!("a 1\n{large}a 2\na 3\n{large}{large}")).0, [1, 1, 2, 1, 1]);
    }

    #[test]
    fn the_empty_request_has_no_series() {
        assert!(empty(Version::V1).is_empty());
        assert_eq!(read_v2(&empty(Version::V2)), [""; 0]);
    }
}
