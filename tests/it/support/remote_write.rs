//! A second remote-write encoder, which can also create requests that pushgw would not send.

/// A series with one sample. Names and values are bytes, because a request can have invalid ones.
#[derive(Clone, Debug)]
pub(crate) struct RawSeries {
    pub(crate) labels: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) value: f64,
    /// Time in milliseconds.
    pub(crate) timestamp: i64,
}

impl RawSeries {
    pub(crate) fn new<N: AsRef<[u8]>, V: AsRef<[u8]>>(labels: &[(N, V)], value: f64, timestamp: i64) -> Self {
        let labels = labels.iter().map(|(name, value)| (name.as_ref().to_vec(), value.as_ref().to_vec()));
        Self { labels: labels.collect(), value, timestamp }
    }

    /// Encodes a `Sample`, which is the same in both versions.
    fn sample(&self) -> Vec<u8> {
        let value = [&[1 << 3 | 1][..], &self.value.to_le_bytes()].concat();
        [value, number(2, self.timestamp.cast_unsigned())].concat()
    }
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

impl Version {
    pub(crate) fn headers(self) -> [(&'static str, &'static str); 3] {
        let (media_type, version) = match self {
            Self::V1 => ("application/x-protobuf", "0.1.0"),
            Self::V2 => ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0"),
        };
        [
            ("Content-Type", media_type),
            ("Content-Encoding", "snappy"),
            ("X-Prometheus-Remote-Write-Version", version),
        ]
    }

    /// Returns the body of a request with these series.
    pub(crate) fn body(self, series: &[RawSeries]) -> Vec<u8> {
        snappy(&match self {
            Self::V1 => write_request(series),
            Self::V2 => request(series),
        })
    }
}

/// Encodes a `prometheus.WriteRequest`.
fn write_request(series: &[RawSeries]) -> Vec<u8> {
    let one = |series: &RawSeries| {
        let mut fields = Vec::new();
        for (name, value) in &series.labels {
            fields.extend(bytes(1, &[bytes(1, name), bytes(2, value)].concat()));
        }
        fields.extend(bytes(2, &series.sample()));
        bytes(1, &fields)
    };
    series.iter().flat_map(one).collect()
}

/// Encodes an `io.prometheus.write.v2.Request`. Each name and value gets its own symbol, even if they are equal.
fn request(series: &[RawSeries]) -> Vec<u8> {
    let (mut symbols, mut encoded, mut count) = (bytes(4, b""), Vec::new(), 1);
    for one in series {
        let mut references = Vec::new();
        for symbol in one.labels.iter().flat_map(|(name, value)| [name, value]) {
            symbols.extend(bytes(4, symbol));
            references.extend(varint(count));
            count += 1;
        }
        encoded.extend(bytes(5, &[bytes(1, &references), bytes(2, &one.sample())].concat()));
    }
    [symbols, encoded].concat()
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
    bytes
}

/// Returns a Snappy block in which nothing is compressed.
fn snappy(content: &[u8]) -> Vec<u8> {
    let mut block = varint(content.len() as u64);
    for literal in content.chunks(1 << 16) {
        let [low, high, ..] = (literal.len() - 1).to_le_bytes();
        block.extend([61 << 2, low, high]);
        block.extend(literal);
    }
    block
}
