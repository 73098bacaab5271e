//! Reads samples one at a time, for remote write. Samples are not stored, so memory use does not grow with their
//! number.
//!
//! The text must have passed the checker, so each line is valid.

use super::metadata::{FamilyMetadata, MetadataTable};
use crate::exposition::text::lines;
use crate::exposition::text::number::{self, Float};
use crate::exposition::text::scan::{self, Line};
use crate::exposition::text::token::LabelPair;
use std::borrow::Cow;

/// The samples in the input, with the type and HELP text of each family.
#[derive(Debug)]
pub struct Samples<'a> {
    text: &'a [u8],
    table: MetadataTable<'a>,
    count: usize,
}

/// A sample parsed from one line.
#[derive(Clone, Debug)]
pub struct ParsedSample<'a, 's> {
    pub name: Cow<'a, [u8]>,
    labels: &'s [LabelPair<'a>],
    pub value: f64,
    /// The value as written.
    pub written_value: &'a [u8],
    /// The timestamp in milliseconds since 1970, if the line has one.
    pub timestamp: Option<i64>,
    /// The number of the family, if it has a HELP or TYPE line.
    pub family: Option<usize>,
}

impl<'a> ParsedSample<'a, '_> {
    /// Returns the labels in the order in which they are written.
    pub fn labels(&self) -> impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)> {
        self.labels.iter().map(|label| (label.name.text(), label.value.text()))
    }
}

impl<'a> Samples<'a> {
    /// Reads the HELP and TYPE lines and counts the samples.
    pub fn new(text: &'a [u8]) -> Self {
        let mut samples = Self { text, table: MetadataTable::new(text), count: 0 };
        let mut labels = Vec::new();
        let mut start = 0;
        while let Some(line) = lines::next(text, &(0..text.len()), start, &mut labels) {
            start = line.all.end + 1;
            match text[line.all].trim_ascii_start() {
                [] => {}
                [b'#', ..] => {
                    if let Ok(line) = scan::line(text, line.trimmed, &mut labels) {
                        samples.table.read(&line);
                    }
                }
                _ => samples.count += 1,
            }
        }
        samples
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the metadata of the family with this number.
    pub fn metadata(&self, family: usize) -> &FamilyMetadata<'a> {
        &self.table.metadata[family]
    }

    /// Calls `each` with each sample, beginning with the line at `start`, until it returns false. Returns the start of
    /// that sample's line, or `None` at the end of the text.
    pub fn read(
        &self,
        mut start: usize,
        each: &mut dyn FnMut(&ParsedSample<'a, '_>) -> bool,
    ) -> Option<usize> {
        let mut labels = Vec::new();
        let mut last: Option<(&[u8], Option<usize>)> = None;
        while let Some(line) = lines::next(self.text, &(0..self.text.len()), start, &mut labels) {
            let this = std::mem::replace(&mut start, line.all.end + 1);
            let Ok(Line::Sample(sample)) = scan::line(self.text, line.trimmed, &mut labels) else { continue };
            let Some(name) = sample.name else { continue };
            let family = match last {
                Some((last, family)) if name.raw() == last => family,
                _ => self.table.families.of_sample(&name.text()),
            };
            last = Some((name.raw(), family));
            let written_value = &self.text[sample.value.clone()];
            let Float::Value(value) = number::float(written_value) else { continue };
            let timestamp = std::str::from_utf8(&self.text[sample.rest.clone()]).unwrap_or_default();
            let timestamp = timestamp.trim_ascii().parse().ok();
            let name = name.text();
            if !each(&ParsedSample { name, labels: &labels, value, written_value, timestamp, family }) {
                return Some(this);
            }
        }
        None
    }
}
