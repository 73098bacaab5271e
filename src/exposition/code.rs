//! The rules by name: what the man page lists and what a user searches for. The names are part of the command line's
//! contract and never change their meaning.

/// By whom, and when, a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The gateway's parser refuses it and names the line.
    Parse,
    /// The gateway's store refuses it and names no line.
    Store,
    /// The gateway may answer 200, and harm follows, so pushgw rejects it.
    Ours,
    /// Nothing is refused.
    Advice,
    /// Nothing is refused, and only who asks with `--lint` hears of it.
    Convention,
}

macro_rules! codes {
    ($($variant:ident $name:literal $stage:ident $summary:literal $example:literal;)*) => {
        /// The rules by name. The names are part of the command line's contract.
        #[allow(clippy::doc_markdown, reason = "the summaries are plain text, for the man page too")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $summary] $variant,)*
        }

        impl Code {
            /// All rules, in the order of the man page.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name that a user sees, such as `no-samples`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What the rule finds, in one sentence.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$variant => $summary,)*
                }
            }

            /// A text in which the rule finds something. `quantile-label` and `le-in-key` also need a grouping key
            /// with the label that they are about, and those of [`Stage::Convention`] the rule `lint`.
            #[must_use]
            pub fn example(self) -> &'static [u8] {
                match self {
                    $(Self::$variant => $example,)*
                }
            }

            /// By whom, and when, the text is refused.
            #[must_use]
            pub fn stage(self) -> Stage {
                match self {
                    $(Self::$variant => Stage::$stage,)*
                }
            }
        }
    };
}

codes! {
    WrongFormat "wrong-format" Parse
        "The input is something else: HTML, JSON, compressed, UTF-16 or protobuf."
        b"<html><body>502 Bad Gateway</body></html>\n";
    ByteOrderMark "byte-order-mark" Parse
        "A file begins with a byte-order mark."
        b"\xef\xbb\xbfa 1\n";
    CarriageReturn "carriage-return" Parse
        "A line ends with a carriage return, as on Windows."
        b"a 1\r\n";
    TrailingBlank "trailing-blank" Parse
        "A blank stands behind a value, a timestamp or a type."
        b"a 1 \n";
    MissingNewline "missing-newline" Parse
        "The last line does not end with a newline."
        b"a 1";
    MetricName "metric-name" Parse
        "A line does not begin with a metric name, or the name holds a character that none may have."
        b"my-metric 1\n";
    LabelName "label-name" Parse
        "A label name is missing or holds a character that none may have."
        b"a{my-label=\"x\"} 1\n";
    Utf8Name "utf8-name" Parse
        "A quoted name that only a gateway with UTF-8 names takes."
        b"{\"my.metric\"} 1\n";
    SecondName "second-name" Parse
        "Two metric names stand between the braces."
        b"{\"a\",\"b\"} 1\n";
    NamelessSample "nameless-sample" Ours
        "A sample has no metric name; the gateway adds it to the metric before it, or refuses it."
        b"{a=\"x\"} 1\n";
    ParserCrash "parser-crash" Ours
        "The gateway's parser mixes a line that begins with a brace up with the metric before it, or crashes."
        b"# TYPE h histogram\na 1\n{\"h_bucket\",a=\"x\",le=\"1\"} 1\n";
    LabelValue "label-value" Parse
        "A label value is not quoted."
        b"a{b=x} 1\n";
    LabelSeparator "label-separator" Parse
        "Neither a comma nor a closing brace follows a label value."
        b"a{b=\"x\" c=\"y\"} 1\n";
    UnclosedBrace "unclosed-brace" Parse
        "The labels are not closed before the line ends."
        b"a{b=\"x\"\n";
    UnclosedQuote "unclosed-quote" Parse
        "A quote is not closed before the line ends."
        b"a{b=\"x} 1\n";
    Escape "escape" Parse
        "A backslash stands before something else than a backslash, a quote or an n."
        b"a{path=\"C:\\temp\"} 1\n";
    NotUtf8 "not-utf8" Parse
        "A label value is not UTF-8."
        b"a{b=\"\xff\"} 1\n";
    DuplicateLabel "duplicate-label" Parse
        "A sample has the same label twice."
        b"a{b=\"x\",b=\"y\"} 1\n";
    ReservedLabel "reserved-label" Store
        "A label begins with two underscores, which Prometheus keeps to itself."
        b"a{__b=\"x\"} 1\n";
    NameLabel "name-label" Parse
        "The label __name__ is given: the name stands before the braces."
        b"a{__name__=\"x\"} 1\n";
    Value "value" Parse
        "The value is no number."
        b"a 1,5\n";
    MissingValue "missing-value" Parse
        "A sample has no value."
        b"a\n";
    JoinedLines "joined-lines" Parse
        "Several lines have become one, as curl -d makes them."
        b"a 1b 2\n";
    BadTimestamp "bad-timestamp" Parse
        "What follows the value is no timestamp."
        b"a 1 now\n";
    Exemplar "exemplar" Parse
        "An OpenMetrics exemplar follows the value."
        b"a_bucket{le=\"1\"} 5 # {trace=\"x\"} 0.5\n";
    TrailingText "trailing-text" Parse
        "Something follows the timestamp."
        b"a 1 1700000000000 x\n";
    UnknownType "unknown-type" Parse
        "A TYPE line names no type of the text format."
        b"# TYPE a conter\n";
    SecondType "second-type" Parse
        "A family has a second TYPE line."
        b"# TYPE a gauge\n# TYPE a gauge\n";
    LateType "late-type" Parse
        "A TYPE line comes after samples of its family."
        b"a 1\n# TYPE a gauge\n";
    SecondHelp "second-help" Parse
        "A family has a second HELP line."
        b"# HELP a x\n# HELP a y\n";
    Position "position" Parse
        "The le of a bucket or the quantile of a summary is no number."
        b"# TYPE h histogram\nh_bucket{le=\"fast\"} 1\n";
    NegativeCount "negative-count" Parse
        "A bucket or a count of a histogram is negative."
        b"# TYPE h histogram\nh_count -1\n";
    Timestamp "timestamp" Store
        "A sample has a timestamp, which the gateway refuses."
        b"a 1 1700000000000\n";
    DuplicateSeries "duplicate-series" Store
        "The same series is given twice, perhaps only after the grouping key has overwritten labels."
        b"a{b=\"x\"} 1\na{b=\"x\"} 2\n";
    SuffixCollision "suffix-collision" Store
        "A metric has the name of a part of a histogram or summary."
        b"h_count 1\n# TYPE h histogram\nh_sum 1\n";
    GatewayFamily "gateway-family" Store
        "A metric has the name of one of the gateway's own, but another type."
        b"# TYPE go_goroutines counter\ngo_goroutines 1\n";
    QuantileLabel "quantile-label" Store
        "The grouping key has a label quantile beside a summary."
        b"# TYPE s summary\ns_sum 1\n";
    NoSamples "no-samples" Ours
        "The text holds no sample; a PUT of it would empty the group."
        b"# nothing\n";
    ReservedName "reserved-name" Ours
        "The metric's name belongs to the gateway, which would overwrite it or break."
        b"push_time_seconds 1\n";
    HelpNotUtf8 "help-not-utf8" Ours
        "A HELP text is not UTF-8, which makes Prometheus refuse all that the gateway holds."
        b"# HELP a \xff\na 1\n";
    LeInKey "le-in-key" Ours
        "The grouping key has a label le beside a histogram, which makes Prometheus refuse all that the gateway holds."
        b"# TYPE h histogram\nh_sum 1\n";
    HelpCarriageReturn "help-carriage-return" Advice
        "A HELP text ends with a carriage return, which would be stored with it."
        b"# HELP a x\r\na 1\n";
    OverwrittenLabel "overwritten-label" Advice
        "The grouping key has another value for a label of the text, and wins."
        b"a{job=\"x\"} 1\n";
    MissingPart "missing-part" Advice
        "A histogram or summary lacks its _count or its _sum, or a histogram its bucket for +Inf."
        b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\n";
    RepeatedPart "repeated-part" Advice
        "A histogram or summary has a part twice, such as two _sum or two buckets with the same le."
        b"# TYPE s summary\ns_sum 1\ns_count 1\ns_sum 2\n";
    StraySample "stray-sample" Advice
        "The gateway drops a sample that fits no part of its histogram or summary."
        b"# TYPE h histogram\nh 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n";
    BrokenCount "broken-count" Advice
        "The gateway stores another number for the count of a summary that is no whole number."
        b"# TYPE s summary\ns_count -1\n";
    OpenmetricsCounter "openmetrics-counter" Advice
        "A counter is declared as in OpenMetrics, without the _total of its sample, which is then stored untyped."
        b"# TYPE a counter\na_total 1\n";
    OlderGateway "older-gateway" Advice
        "Older gateways, such as 1.5.1, refuse it or store something else."
        b"# HELP a say \\\"x\\\"\na 1\n";
    LintNoHelp "lint-no-help" Convention
        "A metric has no HELP text."
        b"a 1\n";
    LintBaseUnit "lint-base-unit" Convention
        "A metric's name holds a unit that is no base unit."
        b"# HELP a_milliseconds x\na_milliseconds 1\n";
    LintUnitAbbreviation "lint-unit-abbreviation" Convention
        "A metric's name holds an abbreviated unit."
        b"# HELP a_ms x\na_ms 1\n";
    LintCounterSuffix "lint-counter-suffix" Convention
        "A counter's name does not end with _total."
        b"# HELP a x\n# TYPE a counter\na 1\n";
    LintTotalSuffix "lint-total-suffix" Convention
        "A name ends with _total, but the metric is no counter."
        b"# HELP a_total x\n# TYPE a_total gauge\na_total 1\n";
    LintReservedSuffix "lint-reserved-suffix" Convention
        "A name ends as the samples of histograms or summaries do, but the metric is neither."
        b"# HELP a_count x\n# TYPE a_count gauge\na_count 1\n";
    LintReservedLabel "lint-reserved-label" Convention
        "A metric has the label le but is no histogram, or the label quantile but is no summary."
        b"# HELP a x\n# TYPE a gauge\na{le=\"1\"} 1\n";
    LintTypeInName "lint-type-in-name" Convention
        "A metric's name holds its type."
        b"# HELP a_gauge x\n# TYPE a_gauge gauge\na_gauge 1\n";
    LintColon "lint-colon" Convention
        "A metric's name holds a colon, which is for recording rules."
        b"# HELP a:b x\na:b 1\n";
    LintCamelCase "lint-camel-case" Convention
        "A metric's name is written in camelCase."
        b"# HELP aB x\naB 1\n";
    LintCamelCaseLabel "lint-camel-case-label" Convention
        "A label's name is written in camelCase."
        b"# HELP a x\na{bC=\"x\"} 1\n";
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
