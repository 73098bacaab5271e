//! Writes the series of a request as protobuf, in both versions of the protocol. Pure.
//!
//! The numbers of the fields are those of `prometheus/prometheus prompb/remote.proto`, `prompb/types.proto` and
//! `prompb/io/prometheus/write/v2/types.proto`.

use super::protobuf::Message;
use super::series::{Payload, TextSeries};
use crate::exposition::model::Kind;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What Go and Prometheus write for NaN. Another NaN marks a series as stale.
const NORMAL_NAN: u64 = 0x7ff8_0000_0000_0001;

/// A version of the remote-write protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V1,
    V2,
}

impl Version {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }

    /// The value of `Content-Type`.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::V1 => "application/x-protobuf",
            Self::V2 => "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        }
    }

    /// The value of `X-Prometheus-Remote-Write-Version`.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::V1 => "0.1.0",
            Self::V2 => "2.0.0",
        }
    }
}

/// A request as protobuf.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    pub(super) samples: usize,
    /// Where the text of the next request starts.
    pub(super) next: usize,
}

/// Encodes the request whose text starts at `start`.
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
            let mut symbols = Symbols::new();
            let next = payload.series(start, &mut |series| {
                samples += 1;
                request.add(series, &mut symbols);
            });
            // Some receivers need the symbols before the series.
            symbols.message.append(&request.series);
            (symbols.message.into_bytes(), next)
        }
    };
    Encoded { bytes, samples, next }
}

/// The empty request, which stores nothing.
pub(super) fn empty(version: Version) -> Vec<u8> {
    match version {
        Version::V1 => Vec::new(),
        Version::V2 => Symbols::new().message.into_bytes(),
    }
}

/// A `Sample`.
fn sample(message: &mut Message, series: &TextSeries<'_, '_>) {
    let value = series.sample.value;
    message.clear();
    message.double_bits(1, if value.is_nan() { NORMAL_NAN } else { value.to_bits() });
    message.int(2, series.timestamp);
}

/// A `MetricType`, which both versions number alike.
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
    series: Message,
    metadata: Message,
    /// The families with metadata in this request.
    families: HashSet<usize>,
    last_family: Option<usize>,
    scratch: [Message; 2],
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

/// The series of a `Request`.
#[derive(Default)]
struct RequestV2 {
    series: Message,
    scratch: [Message; 2],
}

impl RequestV2 {
    fn add<'a>(&mut self, series: &TextSeries<'a, '_>, symbols: &mut Symbols<'a>) {
        let [timeseries, part] = &mut self.scratch;
        timeseries.clear();
        part.clear();
        for text in series.labels.iter().flat_map(|(name, value)| [name, value]) {
            part.varint(symbols.get_or_add(text));
        }
        timeseries.bytes(1, part.as_bytes());
        sample(part, series);
        timeseries.bytes(2, part.as_bytes());
        if let Some((_, metadata)) = series.metadata {
            part.clear();
            part.uint(1, metric_type(metadata.kind));
            part.uint(3, symbols.get_or_add(&metadata.help));
            timeseries.bytes(5, part.as_bytes());
        }
        self.series.bytes(5, timeseries.as_bytes());
    }
}

/// All strings of a `Request`, by their number. The first one is empty.
struct Symbols<'a> {
    numbers: HashMap<Cow<'a, [u8]>, u64>,
    message: Message,
}

impl<'a> Symbols<'a> {
    fn new() -> Self {
        let mut symbols = Self { numbers: HashMap::new(), message: Message::default() };
        symbols.get_or_add(&Cow::Borrowed(&[]));
        symbols
    }

    fn get_or_add(&mut self, text: &Cow<'a, [u8]>) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.numbers.len() as u64;
        self.message.bytes(4, text);
        self.numbers.insert(text.clone(), number);
        number
    }
}
