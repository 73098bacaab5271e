//! The metric types of OpenMetrics, and the names of their samples.

use crate::exposition::model::kind::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MetricType {
    Counter,
    Gauge,
    Histogram,
    GaugeHistogram,
    StateSet,
    Info,
    Summary,
    Unknown,
}

/// The role of a sample in its family, which is indicated by the suffix of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// No suffix.
    Value,
    Total,
    Created,
    Count,
    Sum,
    Bucket,
    GaugeCount,
    GaugeSum,
    Info,
}

impl Part {
    pub(super) const ALL: [Self; 9] = [
        Self::Value,
        Self::Total,
        Self::Created,
        Self::Count,
        Self::Sum,
        Self::Bucket,
        Self::GaugeCount,
        Self::GaugeSum,
        Self::Info,
    ];

    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Value => "",
            Self::Total => "_total",
            Self::Created => "_created",
            Self::Count => "_count",
            Self::Sum => "_sum",
            Self::Bucket => "_bucket",
            Self::GaugeCount => "_gcount",
            Self::GaugeSum => "_gsum",
            Self::Info => "_info",
        }
    }

    /// Returns whether the text format lacks such samples, so that they become a separate gauge.
    pub(super) fn is_own_gauge(self) -> bool {
        matches!(self, Self::Created | Self::GaugeCount | Self::GaugeSum)
    }

    /// Returns whether a sample can have an exemplar.
    pub(super) fn allows_exemplar(self) -> bool {
        matches!(self, Self::Total | Self::Bucket)
    }

    /// Returns the bit that represents the part in a bit set.
    pub(super) fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl MetricType {
    /// All types, with their names in a TYPE line.
    pub(super) const NAMES: [(&'static str, Self); 8] = [
        ("counter", Self::Counter),
        ("gauge", Self::Gauge),
        ("histogram", Self::Histogram),
        ("gaugehistogram", Self::GaugeHistogram),
        ("stateset", Self::StateSet),
        ("info", Self::Info),
        ("summary", Self::Summary),
        ("unknown", Self::Unknown),
    ];

    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        Self::NAMES.iter().find(|(name, _)| name.as_bytes() == text).map(|(_, kind)| *kind)
    }

    pub(super) fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Returns the name with an article, such as `a counter`.
    pub(super) fn with_article(self) -> &'static str {
        match self {
            Self::Counter => "a counter",
            Self::Gauge => "a gauge",
            Self::Histogram => "a histogram",
            Self::GaugeHistogram => "a gauge histogram",
            Self::StateSet => "a state set",
            Self::Info => "an info metric",
            Self::Summary => "a summary",
            Self::Unknown => "an unknown metric",
        }
    }

    /// Returns the parts that a family of this type can have.
    pub(super) fn parts(self) -> &'static [Part] {
        match self {
            Self::Counter => &[Part::Total, Part::Created],
            Self::Gauge | Self::StateSet | Self::Unknown => &[Part::Value],
            Self::Histogram => &[Part::Bucket, Part::Count, Part::Sum, Part::Created],
            Self::GaugeHistogram => &[Part::Bucket, Part::GaugeCount, Part::GaugeSum],
            Self::Info => &[Part::Info],
            Self::Summary => &[Part::Value, Part::Count, Part::Sum, Part::Created],
        }
    }

    /// Returns the part with this suffix.
    pub(super) fn part(self, suffix: &[u8]) -> Option<Part> {
        self.parts().iter().copied().find(|part| part.suffix().as_bytes() == suffix)
    }

    /// Returns the type in the text format for all parts except those that become separate gauges.
    pub(super) fn text_kind(self) -> Kind {
        match self {
            Self::Counter => Kind::Counter,
            Self::Gauge | Self::StateSet | Self::Info => Kind::Gauge,
            Self::Histogram | Self::GaugeHistogram => Kind::Histogram,
            Self::Summary => Kind::Summary,
            Self::Unknown => Kind::Untyped,
        }
    }

    /// Returns the suffix that is appended to the family name in the text format.
    pub(super) fn text_suffix(self) -> &'static str {
        match self {
            Self::Counter => Part::Total.suffix(),
            Self::Info => Part::Info.suffix(),
            _ => "",
        }
    }

    pub(super) fn has_buckets(self) -> bool {
        matches!(self, Self::Histogram | Self::GaugeHistogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_lower_case() {
        assert_eq!(MetricType::parse(b"stateset"), Some(MetricType::StateSet));
        for text in ["", "Counter", "untyped", "counter ", "gauge_histogram"] {
            assert_eq!(MetricType::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_sample_belongs_to_a_type_by_its_suffix() {
        assert_eq!(MetricType::Counter.part(b"_total"), Some(Part::Total));
        assert_eq!(MetricType::Counter.part(b""), None);
        assert_eq!(MetricType::Summary.part(b""), Some(Part::Value));
        assert_eq!(MetricType::GaugeHistogram.part(b"_count"), None);
    }
}
