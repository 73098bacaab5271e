//! Parses metrics with the checker's scanner and family table, so that both interpret lines the same way.
//!
//! The text must have passed the checker. Lines that the checker rejects are skipped without an error.

use super::family::{Family, Labels, Sample, Series, Value, number, sort_parts};
use super::kind::Kind;
use super::metadata::MetadataTable;
use crate::exposition::family::Suffix;
use crate::exposition::text::lines::{self, Text};
use crate::exposition::text::scan::{self, Line, SampleLine};
use crate::exposition::text::token::LabelPair;
use std::collections::HashMap;

/// Returns the families that have samples, in order of first appearance.
pub fn read_families(text: &[u8]) -> Vec<Family> {
    let mut reader =
        Reader { text, table: MetadataTable::new(text), series: Vec::new(), composites: HashMap::new() };
    let mut labels = Vec::new();
    for (_, file) in lines::files(Text { bytes: text, starts: &[0] }) {
        let mut start = file.start;
        while let Some(place) = lines::next(text, &file, start, &mut labels) {
            start = place.all.end + 1;
            match scan::line(text, place.trimmed, &mut labels) {
                Ok(Line::Sample(sample)) => reader.sample(&sample, &labels),
                Ok(line) => reader.table.read(&line),
                Err(_) => {}
            }
        }
    }
    reader.finish()
}

pub fn read_sample(line: &[u8]) -> Option<Sample> {
    let mut labels = Vec::new();
    let Ok(Line::Sample(sample)) = scan::line(line, 0..line.len(), &mut labels) else { return None };
    Some(Sample {
        name: string(&sample.name?.text()),
        labels: labels
            .iter()
            .map(|label| (string(&label.name.text()), string(&label.value.text())))
            .collect(),
        value: string(&line[sample.value]),
    })
}

struct Reader<'a> {
    text: &'a [u8],
    table: MetadataTable<'a>,
    /// The series read so far, indexed by family number. May be shorter than the family table.
    series: Vec<Vec<Series>>,
    /// Index of each histogram and summary in the series of its family.
    composites: HashMap<(usize, Labels), usize>,
}

impl<'a> Reader<'a> {
    fn sample(&mut self, sample: &SampleLine<'a>, labels: &[LabelPair<'a>]) {
        let Some(name) = &sample.name else { return };
        let (number, part) = self.table.family(name);
        let kind = *self.table.families[number].kind.get_or_insert(Kind::Untyped);
        if number >= self.series.len() {
            self.series.resize_with(number + 1, Vec::new);
        }
        let value = string(&self.text[sample.value.clone()]);
        let (mut own, mut bound) = (Labels::new(), None);
        for label in labels {
            if kind.is_bound(&label.name) {
                bound = Some(string(&label.value.text()));
            } else {
                own.insert(string(&label.name.text()), string(&label.value.text()));
            }
        }
        if kind.is_composite() {
            self.part((number, own), part, bound, value);
        } else {
            self.series[number].push(Series { labels: own, value: Value::Number(value) });
        }
    }

    /// Adds a sample of a histogram or summary. As in the gateway, missing parts are 0.
    fn part(&mut self, of: (usize, Labels), part: Suffix, bound: Option<String>, value: String) {
        let all = &mut self.series[of.0];
        let place = *self.composites.entry(of).or_insert_with_key(|(_, labels)| {
            let [sum, count] = ["0", "0"].map(str::to_owned);
            let value = Value::Parts { parts: Vec::new(), sum, count };
            all.push(Series { labels: labels.clone(), value });
            all.len() - 1
        });
        let Value::Parts { parts, sum, count } = &mut all[place].value else { return };
        match (part, bound) {
            (Suffix::Sum, _) => *sum = value,
            (Suffix::Count, _) => *count = value,
            (Suffix::None | Suffix::Bucket, Some(bound)) => {
                if number(&bound).is_some_and(|bound| !bound.is_nan()) {
                    parts.push((bound, value));
                }
            }
            // The gateway drops all other samples.
            (Suffix::None | Suffix::Bucket, None) => {}
        }
    }

    fn finish(self) -> Vec<Family> {
        let families = self.table.metadata.iter().zip(self.series).enumerate();
        let families = families.filter(|(_, (_, series))| !series.is_empty());
        let families = families.map(|(number, (metadata, mut series))| {
            for series in &mut series {
                if let Value::Parts { parts, .. } = &mut series.value {
                    sort_parts(parts);
                }
            }
            Family {
                name: string(&metadata.name),
                kind: self.table.families[number].kind.unwrap_or_default(),
                help: string(&metadata.help),
                series,
                ..Family::default()
            }
        });
        families.collect()
    }
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::model::write_families;
    use crate::grouping::LabelSet;

    /// Parses text and writes it again.
    fn read(text: &str) -> String {
        let mut again = String::new();
        write_families(&mut again, &LabelSet::default(), &read_families(text.as_bytes()));
        again
    }

    #[test]
    fn a_text_is_read_as_the_gateway_does() {
        for (text, again) in [
            ("m\"x\" 1\n", "# TYPE mx untyped\nmx 1\n"),
            ("# TYPE a ga\\uge\na 1\n", "# TYPE a gauge\na 1\n"),
            ("#TYPE a GAUGE\n a{ b = \"1\" , }1\n", "# TYPE a gauge\na{b=\"1\"} 1\n"),
            ("{\"a.b\",\"c.d\"=\"1\"} 1\n", "# TYPE \"a.b\" untyped\n{\"a.b\",\"c.d\"=\"1\"} 1\n"),
            // A HELP line alone does not create a family. The first non-empty HELP text is used, including its quotes.
            (
                "# HELP b x\n# HELP a \n# HELP a \"x\" \\\\ \\n\na 1\n",
                "# HELP a \"x\" \\\\ \\n\n# TYPE a untyped\na 1\n",
            ),
            // A sample with a suffix, and its HELP line, belong to the histogram or summary that was declared before
            // them.
            ("h_sum 1\n# TYPE h histogram\nh_sum 2\n", "# TYPE h_sum untyped\nh_sum 1\nh_sum 2\n"),
            (
                "# TYPE s summary\n# HELP s_sum x\ns_sum 2\ns_bucket 1\n",
                "# HELP s x\n# TYPE s summary\ns_sum 2\ns_count 0\n# TYPE s_bucket untyped\ns_bucket 1\n",
            ),
            // If a part is repeated, the last one is kept. All other samples of the histogram are dropped.
            (
                "# TYPE h histogram\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"1.0\"} 2\nh_bucket{le=\"1\"} 3\nh 7\n\
                 h_bucket{le=\"NaN\"} 7\nh_sum 5\nh_sum 6\n",
                "# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"2\"} 1\nh_sum 6\nh_count 0\n",
            ),
        ] {
            assert_eq!(read(text), again, "{text}");
        }
    }

    #[test]
    fn a_single_line_is_parsed() {
        let sample = read_sample(b"a{b=\"x\\ny\",c=\"\"} 1e3 5").unwrap();
        let labels = [("b", "x\ny"), ("c", "")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(sample, Sample { name: "a".to_owned(), labels: labels.into(), value: "1e3".to_owned() });
        for line in ["", "# HELP a b", "{a=\"b\"} 1", "a{", "1a 1"] {
            assert_eq!(read_sample(line.as_bytes()), None, "{line}");
        }
    }
}
