//! Checks the values and labels of samples according to the type of the family.

use super::kind::{MetricType, Part};
use super::line::SampleTokens;
use crate::exposition::code::Code;
use crate::exposition::context::Context;
use crate::exposition::findings::Message;
use crate::exposition::messages::quoted;
use crate::exposition::text::number::{self, Float};
use crate::exposition::text::token::{LabelPair, Token};

/// The values that a sample can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AllowedValues {
    Any,
    /// Any number except NaN.
    Number,
    /// Any non-negative number except NaN.
    NotNegative,
    /// NaN or any non-negative number.
    NotNegativeOrNan,
    /// A non-negative integer.
    Count,
    ZeroOrOne,
    One,
}

fn values(kind: MetricType, part: Part) -> AllowedValues {
    match (kind, part) {
        (MetricType::StateSet, _) => AllowedValues::ZeroOrOne,
        (MetricType::Info, _) => AllowedValues::One,
        (MetricType::Summary, Part::Value) => AllowedValues::NotNegativeOrNan,
        (_, Part::Bucket | Part::Count | Part::GaugeCount) => AllowedValues::Count,
        (_, Part::Total | Part::Sum) => AllowedValues::NotNegative,
        (_, Part::GaugeSum) => AllowedValues::Number,
        (_, Part::Value | Part::Created | Part::Info) => AllowedValues::Any,
    }
}

/// Returns whether a value is obviously allowed. If not, [`check_value`] decides. The value must be a number.
#[inline]
pub(super) fn is_unremarkable(kind: MetricType, part: Part, value: &[u8]) -> bool {
    match values(kind, part) {
        AllowedValues::Any => true,
        AllowedValues::Number | AllowedValues::NotNegative | AllowedValues::NotNegativeOrNan => {
            value.first().is_some_and(u8::is_ascii_digit)
        }
        AllowedValues::Count => value.iter().all(u8::is_ascii_digit),
        AllowedValues::ZeroOrOne => matches!(value, b"0" | b"1"),
        AllowedValues::One => value == b"1",
    }
}

/// Checks that the type of the metric allows the value, which must be a number.
pub(super) fn check_value(
    kind: MetricType,
    tokens: &SampleTokens<'_>,
    part: Part,
    context: &mut Context<'_>,
) -> bool {
    let text = &context.bytes[tokens.sample.value.clone()];
    let Float::Value(value) = number::float(text) else { return true };
    let (is_allowed, rule) = match values(kind, part) {
        AllowedValues::Any => (true, ""),
        AllowedValues::Number => (!value.is_nan(), "a number"),
        AllowedValues::NotNegative => (value >= 0.0, "a non-negative number"),
        AllowedValues::NotNegativeOrNan => (value.is_nan() || value >= 0.0, "NaN or a non-negative number"),
        AllowedValues::Count => (value >= 0.0 && value.fract() == 0.0, "a non-negative whole number"),
        AllowedValues::ZeroOrOne => (value == 0.0 || value - 1.0 == 0.0, "0 or 1"),
        AllowedValues::One => (value - 1.0 == 0.0, "1"),
    };
    if is_allowed {
        return true;
    }
    context.findings.error(Code::ValueRange, tokens.sample.value.clone(), || {
        let what = match part {
            Part::Value => format!("the value of {}", kind.with_article()),
            Part::Info => "the value of an info metric".to_owned(),
            Part::Bucket => "a bucket".to_owned(),
            _ => format!("the `{}` of {}", part.suffix(), kind.with_article()),
        };
        let message = Message::new(format!("{what} cannot be {}", quoted(text)));
        let help = format!("it must be {rule}");
        if kind == MetricType::Counter {
            message.help(format!("{help}; use a gauge for a value that can go down"))
        } else {
            message.help(help)
        }
    });
    false
}

/// Checks the labels that the type requires.
pub(super) fn check_labels(
    kind: MetricType,
    (family, part): (&Token<'_>, Part),
    tokens: &SampleTokens<'_>,
    labels: &[LabelPair<'_>],
    context: &mut Context<'_>,
) -> bool {
    let family = family.text();
    let needed: &[u8] = match (kind, part) {
        (MetricType::StateSet, _) => &family,
        (MetricType::Summary, Part::Value) => b"quantile",
        (_, Part::Bucket) => b"le",
        _ => return true,
    };
    let mut found = labels.iter().filter(|label| label.name.is(needed));
    let Some(label) = found.next() else {
        let span = tokens.sample.name.map_or(tokens.sample.value.clone(), |name| name.span());
        context.findings.error(Code::SampleLabel, span, || missing_label(kind, part, needed));
        return false;
    };
    if let Some(second) = found.next() {
        let message = || Message::new(format!("the label {} occurs twice", quoted(needed)));
        context.findings.error(Code::DuplicateLabel, second.name.span(), message);
        return false;
    }
    if kind == MetricType::StateSet {
        return true;
    }
    check_bound(part, label, context)
}

fn missing_label(kind: MetricType, part: Part, needed: &[u8]) -> Message {
    let needed = String::from_utf8_lossy(needed);
    match (kind, part) {
        (MetricType::StateSet, _) => Message::new("the sample of a state set has no state")
            .help(format!("add the state as a label named after the metric: `{needed}=\"state\"`")),
        (MetricType::Summary, _) => Message::new("the sample of a summary has no label `quantile`")
            .help("add a label such as `quantile=\"0.5\"`, or the suffix `_sum` or `_count` to the name"),
        _ => Message::new("the bucket has no label `le`")
            .help("add the bucket's upper bound as a label: `le=\"1\"`"),
    }
}

/// Checks a bucket bound or a quantile. Invalid numbers are reported elsewhere, together with errors in other labels.
fn check_bound(part: Part, label: &LabelPair<'_>, context: &mut Context<'_>) -> bool {
    let text = label.value.text();
    let Float::Value(bound) = number::float(&text) else { return true };
    if part != Part::Bucket {
        if (0.0..=1.0).contains(&bound) {
            return true;
        }
        context.findings.error(Code::Quantile, label.value.span(), || {
            Message::new(format!("the quantile {} is not between 0 and 1", quoted(&text)))
                .help("write a percentile as a fraction: the 99th is `quantile=\"0.99\"`")
        });
        return false;
    }
    let help = if bound.is_nan() {
        "write the bucket's upper bound as a number, or `+Inf`"
    } else if bound == f64::INFINITY && *text != *b"+Inf" {
        "write `le=\"+Inf\"`"
    } else {
        return true;
    };
    context.findings.error(Code::BucketBound, label.value.span(), || {
        Message::new(format!("the bucket bound {} is not valid in OpenMetrics", quoted(&text))).help(help)
    });
    false
}

/// Reports an exemplar on a sample that cannot have one.
pub(super) fn check_exemplar(part: Part, tokens: &SampleTokens<'_>, context: &mut Context<'_>) -> bool {
    let Some(exemplar) = &tokens.exemplar else { return true };
    if part.allows_exemplar() {
        return true;
    }
    context.findings.error(Code::InvalidExemplar, exemplar.clone(), || {
        Message::new("this sample cannot have an exemplar")
            .help("only the `_total` of a counter and the buckets of a histogram can have one")
    });
    false
}
