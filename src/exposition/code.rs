//! Diagnostic codes. Users look them up in the man page. They are part of the command-line interface, so the meaning of
//! a released code never changes.

/// The effect of a problem on a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// The gateway's parser rejects the text. Its error message names the line.
    Parser,
    /// The gateway's store rejects the text. Its error message does not name a line.
    Store,
    /// The gateway may respond with 200 and break later, so pushgw rejects the text.
    Pushgw,
    /// The text is not valid OpenMetrics, so pushgw does not convert it.
    Openmetrics,
    /// The text is accepted.
    Advice,
    /// The text is accepted. Reported only with `--lint`.
    Lint,
}

macro_rules! codes {
    ($($variant:ident $name:literal $category:ident $summary:literal $example:literal;)*) => {
        /// The code of a diagnostic, such as `no-samples`.
        #[allow(clippy::doc_markdown, reason = "the summaries are plain text, for the man page too")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $summary] $variant,)*
        }

        impl Code {
            /// All codes, in the order of the man page.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the code as shown to users, such as `no-samples`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Returns a one-sentence description of the problem.
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$variant => $summary,)*
                }
            }

            /// Returns an example input with this problem. `quantile-in-key` and `le-in-key` also need a grouping key
            /// with the label `quantile` or `le`, `stripped-number` needs
            /// [`CheckOptions::strip_timestamps`](super::options::CheckOptions::strip_timestamps), and the codes of
            /// [`Category::Lint`] need [`CheckOptions::lint`](super::options::CheckOptions::lint). `missing-eof` needs
            /// [`TextFormat::Openmetrics`](super::options::TextFormat::Openmetrics), and the other codes of
            /// [`Category::Openmetrics`] need that format or [`TextFormat::Auto`](super::options::TextFormat::Auto).
            pub fn example(self) -> &'static [u8] {
                match self {
                    $(Self::$variant => $example,)*
                }
            }

            /// Returns the effect of the problem on a push.
            pub fn category(self) -> Category {
                match self {
                    $(Self::$variant => Category::$category,)*
                }
            }
        }
    };
}

codes! {
    WrongFormat "wrong-format" Parser
        "The input is in another format: HTML, JSON, compressed, UTF-16, protobuf or OpenMetrics."
        b"<html><body>502 Bad Gateway</body></html>\n";
    ByteOrderMark "byte-order-mark" Parser
        "A file begins with a byte-order mark."
        b"\xef\xbb\xbfa 1\n";
    CarriageReturn "carriage-return" Parser
        "A line ends with a carriage return, as on Windows."
        b"a 1\r\n";
    TrailingWhitespace "trailing-whitespace" Parser
        "There is a space or tab after a value, a timestamp or a type."
        b"a 1 \n";
    MissingNewline "missing-newline" Parser
        "The last line does not end with a newline."
        b"a 1";
    MetricName "metric-name" Parser
        "A metric name is missing or contains a character that is not allowed."
        b"my-metric 1\n";
    LabelName "label-name" Parser
        "A label name is missing or contains a character that is not allowed."
        b"a{my-label=\"x\"} 1\n";
    Utf8Name "utf8-name" Parser
        "A quoted name is accepted only by a gateway with UTF-8 names enabled."
        b"{\"my.metric\"} 1\n";
    MultipleMetricNames "multiple-metric-names" Parser
        "There are two metric names in the braces."
        b"{\"a\",\"b\"} 1\n";
    NamelessSample "nameless-sample" Pushgw
        "A sample has no metric name; the gateway adds it to the previous metric, or rejects it."
        b"{a=\"x\"} 1\n";
    ParserCrash "parser-crash" Pushgw
        "The gateway's parser misreads a line that begins with a brace, or crashes."
        b"# TYPE h histogram\na 1\n{\"h_bucket\",a=\"x\",le=\"1\"} 1\n";
    LabelValue "label-value" Parser
        "A label value is missing or not quoted."
        b"a{b=x} 1\n";
    MissingComma "missing-comma" Parser
        "A label value is followed by neither a comma nor a closing brace."
        b"a{b=\"x\" c=\"y\"} 1\n";
    UnclosedBrace "unclosed-brace" Parser
        "The labels are not closed before the line ends."
        b"a{b=\"x\"\n";
    UnclosedQuote "unclosed-quote" Parser
        "A quote is not closed before the line ends."
        b"a{b=\"x} 1\n";
    Escape "escape" Parser
        "A backslash is followed by something other than a backslash, a quote or an n."
        b"a{path=\"C:\\temp\"} 1\n";
    InvalidUtf8 "invalid-utf8" Parser
        "A label value is not valid UTF-8."
        b"a{b=\"\xff\"} 1\n";
    DuplicateLabel "duplicate-label" Parser
        "A sample has the same label twice."
        b"a{b=\"x\",b=\"y\"} 1\n";
    ReservedLabel "reserved-label" Store
        "A label name begins with two underscores; Prometheus reserves such names."
        b"a{__b=\"x\"} 1\n";
    NameLabel "name-label" Parser
        "The metric name is given as the label __name__ instead of before the braces."
        b"a{__name__=\"x\"} 1\n";
    Value "value" Parser
        "The value is not a number."
        b"a 1,5\n";
    MissingValue "missing-value" Parser
        "A sample has no value."
        b"a\n";
    JoinedLines "joined-lines" Parser
        "Several lines were joined into one, as with curl -d."
        b"a 1b 2\n";
    InvalidTimestamp "invalid-timestamp" Parser
        "The text after the value is not a timestamp."
        b"a 1 now\n";
    Exemplar "exemplar" Parser
        "An OpenMetrics exemplar follows the value."
        b"a_bucket{le=\"1\"} 5 # {trace=\"x\"} 0.5\n";
    TrailingText "trailing-text" Parser
        "There is text after the timestamp."
        b"a 1 1700000000000 x\n";
    UnknownType "unknown-type" Parser
        "A TYPE line has a type that the format does not define."
        b"# TYPE a conter\n";
    DuplicateType "duplicate-type" Parser
        "A metric has a second TYPE line."
        b"# TYPE a gauge\n# TYPE a counter\n";
    TypeAfterSamples "type-after-samples" Parser
        "A TYPE line comes after samples of its metric."
        b"a 1\n# TYPE a gauge\n";
    DuplicateHelp "duplicate-help" Parser
        "A metric has a second HELP line."
        b"# HELP a x\n# HELP a y\n";
    BucketBound "bucket-bound" Parser
        "A bucket bound (the label le) is not a number."
        b"# TYPE h histogram\nh_bucket{le=\"fast\"} 1\n";
    Quantile "quantile" Parser
        "The quantile of a summary is not a number."
        b"# TYPE s summary\ns{quantile=\"p99\"} 1\n";
    NegativeCount "negative-count" Parser
        "A bucket or a count of a histogram is negative."
        b"# TYPE h histogram\nh_count -1\n";
    Timestamp "timestamp" Store
        "A sample has a timestamp, which the gateway rejects; or, with --remote-write, a timestamp in the wrong unit."
        b"a 1 1700000000000\n";
    DuplicateSeries "duplicate-series" Store
        "The same series occurs twice, perhaps only after the grouping key has overwritten labels."
        b"a{b=\"x\"} 1\na{b=\"x\"} 2\n";
    SuffixCollision "suffix-collision" Store
        "A metric has the same name as a sample of a histogram or summary."
        b"h_count 1\n# TYPE h histogram\nh_sum 1\n";
    GatewayTypeConflict "gateway-type-conflict" Store
        "A metric has the name of one of the gateway's own metrics, but a different type."
        b"# TYPE go_goroutines counter\ngo_goroutines 1\n";
    QuantileInKey "quantile-in-key" Store
        "The grouping key has a label quantile, and the text contains a summary."
        b"# TYPE s summary\ns_sum 1\n";
    NoSamples "no-samples" Pushgw
        "The text has no samples; pushing it would empty the group."
        b"# nothing\n";
    ReservedName "reserved-name" Pushgw
        "The gateway itself uses this metric name: it would overwrite the metric, or record a failed push."
        b"push_time_seconds 1\n";
    HelpInvalidUtf8 "help-invalid-utf8" Pushgw
        "A HELP text is not valid UTF-8, so Prometheus could not scrape the gateway."
        b"# HELP a \xff\na 1\n";
    LeInKey "le-in-key" Pushgw
        "The grouping key has a label le, and the text contains a histogram, so Prometheus could not scrape the gateway."
        b"# TYPE h histogram\nh_sum 1\n";
    MissingEof "missing-eof" Openmetrics
        "The last line of an OpenMetrics text is not `# EOF`, so the text was cut off."
        b"# TYPE a gauge\na 1\n";
    TextAfterEof "text-after-eof" Openmetrics
        "There is text after the line `# EOF`, which ends an OpenMetrics text."
        b"a 1\n# EOF\nb 1\n# EOF\n";
    Spacing "spacing" Openmetrics
        "A space is missing, or there is a space, tab or empty line that OpenMetrics does not allow."
        b"a  1\n# EOF\n";
    InvalidComment "invalid-comment" Openmetrics
        "A line begins with # but is neither metadata nor `# EOF`; OpenMetrics does not allow comments."
        b"# made by hand\na 1\n# EOF\n";
    Metadata "metadata" Openmetrics
        "A HELP, TYPE or UNIT line is incomplete, or comes after samples of its metric."
        b"a 1\n# HELP a x\n# EOF\n";
    Unit "unit" Openmetrics
        "The name of a metric does not end with its unit, the unit is given twice, or the type cannot have a unit."
        b"# UNIT a seconds\na 1\n# EOF\n";
    SplitMetric "split-metric" Openmetrics
        "The lines of a metric, or of one of its histograms or summaries, are not consecutive."
        b"a 1\nb 1\na{c=\"x\"} 1\n# EOF\n";
    NameClash "name-clash" Openmetrics
        "Two metrics can have a sample with the same name."
        b"# TYPE a counter\n# TYPE a_created gauge\na_created 1\n# EOF\n";
    SampleName "sample-name" Openmetrics
        "The name of a sample does not match the type of its metric."
        b"# TYPE a counter\na 1\n# EOF\n";
    SampleLabel "sample-label" Openmetrics
        "A sample lacks the le, quantile or state label that its type requires."
        b"# TYPE a stateset\na 1\n# EOF\n";
    ValueRange "value-range" Openmetrics
        "A value is not allowed for the type of its metric, such as a negative counter."
        b"# TYPE a counter\na_total -1\n# EOF\n";
    BucketOrder "bucket-order" Openmetrics
        "The buckets of a histogram are not sorted, or their values decrease."
        b"# TYPE h histogram\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\n# EOF\n";
    IncompleteHistogram "incomplete-histogram" Openmetrics
        "A histogram has no bucket for +Inf, or its count and sum do not match its buckets."
        b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\n# EOF\n";
    InvalidExemplar "invalid-exemplar" Openmetrics
        "An exemplar is invalid or too long, or its sample cannot have one."
        b"# TYPE a counter\na_total 1 # 0.5\n# EOF\n";
    TimestampOrder "timestamp-order" Openmetrics
        "The samples of a series are not sorted by timestamp, or only some have one."
        b"a 1\na 1 2\n# EOF\n";
    HelpCarriageReturn "help-carriage-return" Advice
        "A HELP text ends with a carriage return, which the gateway would store."
        b"# HELP a x\r\na 1\n";
    OverwrittenLabel "overwritten-label" Advice
        "A sample has a label that the grouping key overwrites with a different value."
        b"a{job=\"x\"} 1\n";
    MissingPart "missing-part" Advice
        "A histogram or summary has no _count or _sum, or a histogram has no bucket for +Inf."
        b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\n";
    DuplicatePart "duplicate-part" Advice
        "A part of a histogram or summary occurs twice, such as _sum or a bucket with the same le."
        b"# TYPE s summary\ns_sum 1\ns_count 1\ns_sum 2\n";
    DroppedSample "dropped-sample" Advice
        "The gateway drops a sample that is not part of its histogram or summary."
        b"# TYPE h histogram\nh 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
    SummaryCount "summary-count" Advice
        "The count of a summary is not a whole number, so the gateway stores a different one."
        b"# TYPE s summary\ns_count -1\n";
    OpenmetricsCounter "openmetrics-counter" Advice
        "A counter is declared without the suffix _total of its samples, as in OpenMetrics, so it is stored as untyped."
        b"# TYPE a counter\na_total 1\n";
    Openmetrics "openmetrics" Advice
        "The text is in the OpenMetrics format, which the gateway supports only partly."
        b"# TYPE a counter\na_total 1\n# EOF\n";
    OtherTypeLine "other-type-line" Advice
        "A TYPE line has no samples and is followed by a sample of another metric."
        b"# TYPE job_ok_total counter\njob_done_total 1\n";
    IgnoredTypeLine "ignored-type-line" Advice
        "A comment looks like a TYPE or HELP line, but the gateway ignores it."
        b"# type a gauge\na 1\n";
    ColonName "colon-name" Advice
        "A metric name ends with a colon, as in YAML."
        b"a: 1\n";
    WindowsPath "windows-path" Advice
        "A label value looks like a Windows path, but \\n in it is a line break."
        b"a{path=\"C:\\new\"} 1\n";
    StrippedNumber "stripped-number" Advice
        "--strip-timestamps removes a number that is probably not a timestamp."
        b"a 1 234\n";
    OlderGateway "older-gateway" Advice
        "Older gateways, such as 1.5.1, reject this syntax or store something different."
        b"# HELP a say \\\"x\\\"\na 1\n";
    LintNoHelp "lint-no-help" Lint
        "A metric has no HELP text."
        b"a 1\n";
    LintBaseUnit "lint-base-unit" Lint
        "A metric's name contains a unit that is not a base unit."
        b"# HELP a_milliseconds x\na_milliseconds 1\n";
    LintUnitAbbreviation "lint-unit-abbreviation" Lint
        "A metric's name contains an abbreviated unit."
        b"# HELP a_ms x\na_ms 1\n";
    LintCounterSuffix "lint-counter-suffix" Lint
        "A counter's name does not end with _total."
        b"# HELP a x\n# TYPE a counter\na 1\n";
    LintTotalSuffix "lint-total-suffix" Lint
        "A name ends with _total, but the metric is not a counter."
        b"# HELP a_total x\n# TYPE a_total gauge\na_total 1\n";
    LintReservedSuffix "lint-reserved-suffix" Lint
        "A name ends with a suffix for histograms or summaries, but the metric is neither."
        b"# HELP a_count x\n# TYPE a_count gauge\na_count 1\n";
    LintReservedLabel "lint-reserved-label" Lint
        "A metric has the label le but is not a histogram, or the label quantile but is not a summary."
        b"# HELP a x\n# TYPE a gauge\na{le=\"1\"} 1\n";
    LintTypeInName "lint-type-in-name" Lint
        "A metric's name contains its type."
        b"# HELP a_gauge x\n# TYPE a_gauge gauge\na_gauge 1\n";
    LintColon "lint-colon" Lint
        "A metric's name contains a colon, which is for recording rules."
        b"# HELP a:b x\na:b 1\n";
    LintCamelCase "lint-camel-case" Lint
        "A metric's name is in camelCase."
        b"# HELP aB x\naB 1\n";
    LintCamelCaseLabel "lint-camel-case-label" Lint
        "A label's name is in camelCase."
        b"# HELP a x\na{bC=\"x\"} 1\n";
}

impl Code {
    /// Returns whether the problem affects only gateways. A remote-write receiver stores each sample unchanged.
    pub(super) fn needs_gateway(self) -> bool {
        matches!(
            self,
            Self::GatewayTypeConflict
                | Self::ReservedName
                | Self::MissingPart
                | Self::DuplicatePart
                | Self::DroppedSample
                | Self::SummaryCount
                | Self::OlderGateway
        )
    }

    /// Returns whether the warning is about a lost type or number, which also matters if the input is only converted.
    /// The other warnings are about the gateway.
    pub(super) fn is_about_content(self) -> bool {
        matches!(
            self,
            Self::OpenmetricsCounter
                | Self::Openmetrics
                | Self::OtherTypeLine
                | Self::IgnoredTypeLine
                | Self::StrippedNumber
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_kebab_case_and_unique() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
        }
    }

    #[test]
    fn summaries_are_sentences() {
        for code in Code::ALL {
            assert!(code.summary().ends_with('.'), "{code:?}");
            assert_eq!(code.summary().matches(". ").count(), 0, "{code:?}");
        }
    }
}
