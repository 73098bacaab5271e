//! The series to send: each sample with all of its labels. Pure.

use crate::exposition::model::{FamilyMetadata, ParsedSample, Samples, sample_name};
use crate::grouping::GroupingKey;
use std::borrow::Cow;

/// Maximum number of samples in a request. Receivers limit the size of requests, and other senders usually send fewer
/// samples.
pub const MAX_SAMPLES: usize = 10_000;

/// Maximum size of a request in bytes before compression. A larger series is sent alone. Prometheus accepts 32 MiB, the
/// OpenTelemetry collector 20 MiB.
pub const MAX_BYTES: usize = 8 << 20;

/// Upper bounds, in bytes, of what the encoding adds to a label's name and value, and to a series' labels.
const LABEL_OVERHEAD: usize = 16;
const SERIES_OVERHEAD: usize = 48;

/// The samples to send in one write. All samples without a timestamp get the same one, so that a request can be
/// repeated.
#[derive(Debug)]
pub struct Payload<'a> {
    samples: Samples<'a>,
    key: &'a GroupingKey,
    /// Milliseconds since 1970.
    now: i64,
}

/// The name and value of a label, as UTF-8 bytes.
pub(super) type SentLabel<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// A series and its sample.
#[derive(Debug)]
pub struct TextSeries<'a, 's> {
    pub(super) sample: &'s ParsedSample<'a, 's>,
    /// All labels, including `__name__`, sorted by the bytes of their names.
    pub(super) labels: &'s [SentLabel<'a>],
    pub(super) metadata: Option<(usize, &'s FamilyMetadata<'a>)>,
    /// Milliseconds since 1970.
    pub(super) timestamp: i64,
}

impl TextSeries<'_, '_> {
    /// Appends the series as a line in the text format. The line has a timestamp only if the input line has one.
    pub fn print(&self, text: &mut Vec<u8>) {
        let labels = self.labels.iter().map(|(name, value)| (&**name, &**value));
        let labels = labels.filter(|(name, _)| *name != b"__name__");
        text.extend_from_slice(sample_name(&self.sample.name, labels).as_bytes());
        text.push(b' ');
        text.extend_from_slice(self.sample.written_value);
        if let Some(timestamp) = self.sample.timestamp {
            text.extend_from_slice(format!(" {timestamp}").as_bytes());
        }
        text.push(b'\n');
    }
}

impl<'a> Payload<'a> {
    /// Reads the samples in `text`, which the checker must have accepted. `now` is in milliseconds since 1970.
    pub fn new(text: &'a [u8], key: &'a GroupingKey, now: i64) -> Self {
        Self { samples: Samples::new(text), key, now }
    }

    pub fn samples(&self) -> usize {
        self.samples.count()
    }

    /// The number of samples in each request. This reads the whole text.
    pub fn requests(&self) -> Vec<usize> {
        let (mut requests, mut next) = (Vec::new(), Some(0));
        while let Some(start) = next {
            let mut samples = 0;
            next = self.series(start, &mut |_| samples += 1);
            requests.push(samples);
        }
        requests
    }

    pub fn key(&self) -> &GroupingKey {
        self.key
    }

    /// Calls `each` with all series of the request whose samples start at `start` in the text. Returns the start of the
    /// next request, if there is one. A request has the same series in both versions of the protocol.
    pub fn series(&self, start: usize, each: &mut dyn FnMut(&TextSeries<'a, '_>)) -> Option<usize> {
        let mut labels: Vec<SentLabel<'a>> = Vec::new();
        let (mut samples, mut bytes, mut last_family) = (0, 0, None);
        self.samples.read(start, &mut |sample| {
            labels.clear();
            labels.push((Cow::Borrowed(b"__name__"), sample.name.clone()));
            labels.extend(sample.labels().filter(|(name, _)| !self.is_in_key(name)));
            labels.extend(
                self.key.labels().map(|(name, value)| (name.as_bytes().into(), value.as_bytes().into())),
            );
            labels.retain(|(_, value)| !value.is_empty());
            labels.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            let metadata = sample.family.map(|family| (family, self.samples.metadata(family)));
            let sizes = labels.iter().map(|(name, value)| name.len() + value.len() + LABEL_OVERHEAD);
            bytes += sizes.sum::<usize>() + SERIES_OVERHEAD;
            if let Some((family, metadata)) = metadata
                && last_family.replace(family) != Some(family)
            {
                bytes += metadata.name.len() + metadata.help.len() + SERIES_OVERHEAD;
            }
            if samples == MAX_SAMPLES || samples > 0 && bytes > MAX_BYTES {
                return false;
            }
            samples += 1;
            let timestamp = sample.timestamp.unwrap_or(self.now);
            each(&TextSeries { sample, labels: &labels, metadata, timestamp });
            true
        })
    }

    fn is_in_key(&self, name: &[u8]) -> bool {
        self.key.labels().any(|(known, _)| known.as_bytes() == name)
    }
}
