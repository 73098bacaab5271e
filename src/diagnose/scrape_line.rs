//! Parses a sample line as Prometheus does, which is stricter than the gateway.

use crate::exposition::resolve_escapes;
use crate::grouping::LegacyName;
use std::borrow::Cow;

type LabelBytes<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScrapedSample<'a> {
    pub(super) name: Cow<'a, [u8]>,
    /// The labels in the order in which they appear. A name can appear twice.
    pub(super) labels: Vec<LabelBytes<'a>>,
    pub(super) value: &'a str,
    pub(super) timestamp: Option<&'a str>,
}

/// Parses a line that is neither empty nor a comment. The error describes what was expected.
pub(super) fn sample(line: &[u8]) -> Result<ScrapedSample<'_>, &'static str> {
    let mut rest = skip_spaces(line);
    let (mut name, mut labels) = (None, Vec::new());
    let (token, after) = take_name(rest);
    if !token.is_empty() {
        name = Some(Cow::Borrowed(token));
        rest = skip_spaces(after);
    }
    if let Some(after) = rest.strip_prefix(b"{") {
        let (quoted_name, list, after) = label_list(after)?;
        if name.is_some() && quoted_name.is_some() {
            return Err("one metric name, not two");
        }
        name = name.or(quoted_name);
        labels = list;
        rest = skip_spaces(after);
    }
    let name = name.ok_or("a metric name")?;
    let mut words = rest.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    let mut word = || words.next().map(|word| std::str::from_utf8(word).map_err(|_| "a value"));
    let value = word().ok_or("a value")??;
    let timestamp = word().transpose()?;
    if word().is_some() {
        Err("the end of the line")
    } else {
        Ok(ScrapedSample { name, labels, value, timestamp })
    }
}

/// The quoted name, the labels, and the text after the closing brace.
type LabelList<'a> = (Option<Cow<'a, [u8]>>, Vec<LabelBytes<'a>>, &'a [u8]);

fn label_list(text: &[u8]) -> Result<LabelList<'_>, &'static str> {
    let (mut metric, mut labels) = (None, Vec::new());
    let mut rest = skip_spaces(text);
    loop {
        if let Some(after) = rest.strip_prefix(b"}") {
            return Ok((metric, labels, after));
        }
        let (name, after, is_quoted) = if let Some(text) = rest.strip_prefix(b"\"") {
            quoted(text).map(|(name, after)| (name, after, true))?
        } else {
            let (token, after) = take_name(rest);
            (Cow::Borrowed(token), after, false)
        };
        if name.is_empty() && !is_quoted {
            return Err("a label name");
        }
        rest = skip_spaces(after);
        if let Some(after) = rest.strip_prefix(b"=") {
            let text = skip_spaces(after).strip_prefix(b"\"").ok_or("a label value in quotes")?;
            let (value, after) = quoted(text)?;
            labels.push((name, value));
            rest = skip_spaces(after);
        } else if is_quoted && metric.is_none() {
            metric = Some(name);
        } else {
            return Err("`=` after a label name");
        }
        match rest.first() {
            Some(b',') => rest = skip_spaces(&rest[1..]),
            Some(b'}') => {}
            _ => return Err("`,` or `}` after a label"),
        }
    }
}

/// Splits the text at the closing quote and resolves the escapes in the quoted part.
fn quoted(text: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), &'static str> {
    let mut end = 0;
    let mut escaped = false;
    loop {
        match text.get(end) {
            None => return Err("a closing quote"),
            Some(b'"') => break,
            Some(b'\\') => {
                escaped = true;
                end += 2;
            }
            Some(_) => end += 1,
        }
    }
    let raw = &text[..end];
    let value = if escaped { Cow::Owned(resolve_escapes(raw, false)) } else { Cow::Borrowed(raw) };
    Ok((value, &text[end + 1..]))
}

pub(super) fn skip_spaces(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[spaces..]
}

/// Splits off an unquoted name.
fn take_name(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(LegacyName::Metric.length(text))
}

/// Splits off the metric name of a comment, which may be quoted.
pub(super) fn take_metric_name(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    match text.strip_prefix(b"\"") {
        Some(text) => quoted(text).ok(),
        None => Some(take_name(text)).filter(|(name, _)| !name.is_empty()).map(|(n, rest)| (n.into(), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(line: &str) -> Result<String, &'static str> {
        let sample = sample(line.as_bytes())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let labels = sample.labels.iter().map(|(n, v)| format!("{}={}", text(n), text(v)));
        let labels = labels.collect::<Vec<_>>().join("|");
        Ok(format!("{}[{labels}]{}{:?}", text(&sample.name), sample.value, sample.timestamp))
    }

    #[test]
    fn lines_are_parsed() {
        for (line, expected) in [
            ("a 1", "a[]1None"),
            (" a:b{}\t+Inf  12 ", "a:b[]+InfSome(\"12\")"),
            (r#"a{l="x y}\",\\\n",m="",} 1"#, "a[l=x y}\",\\\n|m=]1None"),
            (r#"a{l="1",l="2"}1"#, "a[l=1|l=2]1None"),
            (r#"{"a.b",l="1","m.n"="2"} 1"#, "a.b[l=1|m.n=2]1None"),
            (r#"a { l = "1" , m = "2" } 1"#, "a[l=1|m=2]1None"),
        ] {
            assert_eq!(parts(line).as_deref(), Ok(expected), "{line}");
        }
        for (line, expected) in [
            ("a", "a value"),
            ("{} 1", "a metric name"),
            ("1a 1", "a metric name"),
            ("a{l} 1", "`=` after a label name"),
            ("a{l=1} 1", "a label value in quotes"),
            ("a{l=\"1} 1", "a closing quote"),
            ("a{l=\"1\"", "`,` or `}` after a label"),
            ("a{=\"1\"} 1", "a label name"),
            ("a{\"b\"} 1", "one metric name, not two"),
            ("a 1 2 3", "the end of the line"),
        ] {
            assert_eq!(parts(line), Err(expected), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_line_causes_a_panic(line in "[a{}=\",\\\\n 1é]{0,24}") {
            let _ = sample(line.as_bytes());
        }
    }
}
