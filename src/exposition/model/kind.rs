//! The metric types of the text format.

use crate::exposition::text::token::Token;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Counter,
    Gauge,
    Summary,
    Histogram,
    GaugeHistogram,
    #[default]
    Untyped,
}

impl Kind {
    /// All types, with their names in a TYPE line.
    pub(crate) const NAMES: [(&'static str, Self); 7] = [
        ("counter", Self::Counter),
        ("gauge", Self::Gauge),
        ("untyped", Self::Untyped),
        ("summary", Self::Summary),
        ("histogram", Self::Histogram),
        ("gaugehistogram", Self::GaugeHistogram),
        ("gauge_histogram", Self::GaugeHistogram),
    ];

    /// Returns the name used in a TYPE line.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Returns the name with an article, such as `a counter`.
    pub(crate) fn with_article(self) -> String {
        if self == Self::Untyped { "an untyped metric".to_owned() } else { format!("a {}", self.as_str()) }
    }

    /// Parses the type from a TYPE line or from the gateway's API. Like the server, drops backslashes and ignores case
    /// according to Unicode, which also maps `ı` and `ſ` to ASCII letters.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut letters = [0; 16];
        let mut length = 0;
        let mut rest = text;
        loop {
            let (letter, used) = match rest {
                [] => break,
                [b'\\', ..] => (None, 1),
                [0xc4, 0xb1, ..] => (Some(b'i'), 2),
                [0xc5, 0xbf, ..] => (Some(b's'), 2),
                [byte, ..] => (Some(byte.to_ascii_lowercase()), 1),
            };
            if let Some(letter) = letter {
                *letters.get_mut(length)? = letter;
                length += 1;
            }
            rest = &rest[used..];
        }
        Self::NAMES.iter().find(|(name, _)| name.as_bytes() == &letters[..length]).map(|(_, kind)| *kind)
    }

    pub fn has_buckets(self) -> bool {
        matches!(self, Self::Histogram | Self::GaugeHistogram)
    }

    /// Returns whether a series of this type consists of several samples.
    pub fn is_composite(self) -> bool {
        self == Self::Summary || self.has_buckets()
    }

    /// Returns whether a label with this name is a bucket bound or a quantile rather than a label of the series.
    pub(crate) fn is_bound(self, name: &Token<'_>) -> bool {
        match self {
            Self::Summary => name.is(b"quantile"),
            Self::Histogram | Self::GaugeHistogram => name.is(b"le"),
            Self::Counter | Self::Gauge | Self::Untyped => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_the_server_does() {
        for (text, kind) in [
            ("counter", Kind::Counter),
            ("GAUGE", Kind::Gauge),
            ("unTyped", Kind::Untyped),
            ("ſummary", Kind::Summary),
            ("hıſtogram", Kind::Histogram),
            ("gauge_histogram", Kind::GaugeHistogram),
            ("GaugeHistogram", Kind::GaugeHistogram),
            ("\\ga\\uge\\", Kind::Gauge),
        ] {
            assert_eq!(Kind::parse(text.as_bytes()), Some(kind), "{text}");
        }
        for text in
            ["", "gauge ", "counter\r", "info", "gauge__histogram", "counters", "a very long word indeed"]
        {
            assert_eq!(Kind::parse(text.as_bytes()), None, "{text}");
        }
    }
}
