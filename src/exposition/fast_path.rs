//! A fast path for lines that differ from the previous line only in their values.
//!
//! Most lines of a large input differ only in this way. The two lines are compared eight bytes at a time, and equal
//! parts are not parsed again. If a label value differs, only the hash of that label is replaced in the series hash.
//! Anything unusual (a backslash, an empty value, a different name, a timestamp) ends the fast path, and the line gets
//! the full check. The fast path therefore never reports diagnostics.

use super::family::{SampleFamily, Suffix};
use super::hash;
use super::labels::{LabelRules, Role, SeriesHash};
use super::overwrites::Overwrites;
use super::text::number::{self, Float};
use super::text::scan::{self, SampleLine};
use super::text::token::LabelPair;
use std::ops::Range;

/// The state of the previous line, for comparison with the next line.
#[derive(Debug, Default)]
pub(super) struct FastPath<'a> {
    bytes: &'a [u8],
    /// Whether the whole input is valid UTF-8.
    is_utf8: bool,
    /// The family of the previous sample, or `None` if the next line needs the full check.
    family: Option<SampleFamily>,
    /// The previous line up to its value, plus eight more bytes if the input has them.
    line: &'a [u8],
    /// Length of the previous line up to its value.
    head_len: usize,
    values: Vec<ValueSlot>,
    hash: SeriesHash,
    /// Whether the value of the sample must be an integer.
    is_count: bool,
    /// The sample value in the last accepted line.
    value: &'a [u8],
}

/// A label value in the previous line.
#[derive(Debug)]
struct ValueSlot {
    /// Range of the value in the line.
    span: Range<usize>,
    name_hash: u64,
    role: Role,
    /// Contributions of the label to the two hashes of the series.
    in_text: u64,
    in_group: u64,
}

const WORD: usize = 8;

impl<'a> FastPath<'a> {
    pub(super) fn new(bytes: &'a [u8], is_utf8: bool) -> Self {
        Self { bytes, is_utf8, ..Self::default() }
    }

    /// Accepts the first line of `rest` if it differs from the previous line only in its values. Returns its length
    /// including the newline. Otherwise, ends the fast path and returns `None`.
    #[inline]
    pub(super) fn accept(&mut self, rest: Range<usize>, overwrites: &Overwrites<'_>) -> Option<usize> {
        self.family?;
        let len = self.bytes.get(rest).and_then(|text| self.follow(text, overwrites));
        if len.is_none() {
            self.family = None;
        }
        len
    }

    /// Ends the fast path, so that the next line gets the full check.
    pub(super) fn end(&mut self) {
        self.family = None;
    }

    /// Returns the sample value in the last accepted line.
    #[inline]
    pub(super) fn value(&self) -> &'a [u8] {
        self.value
    }

    /// Returns the bucket bound or quantile in the last accepted line, as written.
    pub(super) fn bound_text(&self) -> Option<&'a [u8]> {
        let bound = self.values.iter().find(|value| matches!(value.role, Role::Bound))?;
        self.line.get(bound.span.clone())
    }

    /// Returns the family and the series hash of the previous line, unless the fast path has ended.
    #[inline]
    pub(super) fn last(&self) -> Option<(SampleFamily, SeriesHash)> {
        Some((self.family?, self.hash))
    }

    /// Stores a valid line, which starts at `line`, for comparison with the next line. `rules` must contain its label
    /// names.
    pub(super) fn keep(
        &mut self,
        line: usize,
        sample: &SampleLine<'a>,
        labels: &[LabelPair<'a>],
        family: SampleFamily,
        hash: SeriesHash,
        rules: &LabelRules<'a>,
    ) {
        let Some(names) = rules.names.of_kind(family.kind) else { return };
        if !self.is_utf8 || self.bytes.get(sample.value.end) != Some(&b'\n') {
            return;
        }
        self.family = Some(family);
        self.line = &self.bytes[line..self.bytes.len().min(sample.value.start + WORD)];
        self.head_len = sample.value.start - line;
        self.hash = hash;
        self.is_count =
            family.suffix == Suffix::Count || family.kind.has_buckets() && family.suffix != Suffix::Sum;
        self.values.clear();
        for (label, name) in labels.iter().zip(names) {
            if !label.value.is_plain() {
                self.family = None;
            }
            let in_text = match name.role {
                Role::Bound => 0,
                Role::Own | Role::Overwritten(_) => hash::label(name.hash, label.value.hash()),
            };
            let is_kept = matches!(name.role, Role::Own) && !rules.overwrites.would_add(label);
            let span = label.value.span();
            self.values.push(ValueSlot {
                span: span.start - line..span.end - line,
                name_hash: name.hash,
                role: name.role,
                in_text,
                in_group: if is_kept { in_text } else { 0 },
            });
        }
    }

    /// Compares the first line of `text` with the stored line. Stores the new line and returns its length including the
    /// newline, or returns `None` if it needs the full check.
    #[inline]
    fn follow(&mut self, text: &'a [u8], overwrites: &Overwrites<'_>) -> Option<usize> {
        // The lines have been compared up to `old` and `new`, and the next `same` bytes are equal.
        let (mut old, mut new) = (0, 0);
        let mut same = common_prefix(self.line, text);
        for value in &mut self.values {
            let start = value.span.start - old + new;
            if old + same > value.span.end {
                value.span = start..value.span.end - old + new;
                continue;
            }
            if old + same < value.span.start {
                return None;
            }
            let end = closing_quote(text, new + same)?;
            value.change(&text[start..end], &mut self.hash, overwrites)?;
            old = value.span.end;
            new = end;
            value.span = start..end;
            same = common_prefix(&self.line[old..], &text[new..]);
        }
        if old + same < self.head_len {
            return None;
        }
        let at = self.head_len - old + new;
        let number = &text[at..];
        let length = self.value_len(number)?;
        self.line = &text[..text.len().min(at + WORD)];
        self.head_len = at;
        self.value = &number[..length];
        Some(at + length + 1)
    }

    /// Returns the length of the sample value at the start of `text`, or `None` if it needs the full check.
    #[inline]
    fn value_len(&self, text: &[u8]) -> Option<usize> {
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if (1..=19).contains(&digits) && text.get(digits) == Some(&b'\n') {
            return Some(digits);
        }
        let length = text.iter().position(|byte| *byte <= b' ')?;
        let is_valid = text[length] == b'\n' && !self.is_count && number::is_float(&text[..length]);
        is_valid.then_some(length)
    }
}

impl ValueSlot {
    /// Replaces a label value in the hash of the series. Returns `None` if the line needs a full check.
    #[inline]
    fn change(&mut self, text: &[u8], hash: &mut SeriesHash, overwrites: &Overwrites<'_>) -> Option<()> {
        match self.role {
            Role::Bound => {
                let Float::Value(bound) = number::float(text) else { return None };
                hash.bound = Some(bound).filter(|bound| !bound.is_nan());
                return hash.bound.map(|_| ());
            }
            Role::Overwritten(index) if !overwrites.is_reported(index) => return None,
            // An empty label may be the `instance` label that the gateway would add.
            _ if text.is_empty() => return None,
            Role::Own | Role::Overwritten(_) => {}
        }
        let label_hash = hash::label(self.name_hash, hash::bytes(text));
        hash.in_text = hash.in_text.wrapping_sub(self.in_text).wrapping_add(label_hash);
        self.in_text = label_hash;
        if let Role::Own = self.role {
            hash.in_group = hash.in_group.wrapping_sub(self.in_group).wrapping_add(label_hash);
            self.in_group = label_hash;
        }
        Some(())
    }
}

/// Returns the length of the common prefix of two byte strings.
#[inline]
fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (one.as_chunks::<WORD>().0, other.as_chunks::<WORD>().0);
    for (index, (one, other)) in ones.iter().zip(others).enumerate() {
        let difference = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if difference != 0 {
            return index * WORD + difference.trailing_zeros() as usize / 8;
        }
    }
    let done = ones.len().min(others.len()) * WORD;
    done + one[done..].iter().zip(&other[done..]).take_while(|(one, other)| one == other).count()
}

/// Returns the position of the first closing quote after `from`, or `None` if a backslash or the end of the line comes
/// first.
#[inline]
fn closing_quote(text: &[u8], from: usize) -> Option<usize> {
    let rest = &text[from..];
    let is_end = |byte| matches!(byte, b'"' | b'\\' | b'\n');
    let found = scan::near(rest, is_end, |rest| memchr::memchr3(b'"', b'\\', b'\n', rest))?;
    (rest[found] == b'"').then_some(from + found)
}

#[cfg(test)]
mod tests {
    use crate::exposition::{CheckOptions, Report, Text, check};
    use crate::grouping::{GroupingKey, KeyRules};
    use proptest::prelude::*;

    fn report(text: &[u8], options: &CheckOptions<'_>) -> String {
        let Report { diagnostics, samples, families, splices, .. } =
            check(Text { bytes: text, starts: &[0] }, options);
        format!("{diagnostics:#?}\n{splices:?}\n{samples} samples, {families} families")
    }

    /// Generates input in which many lines differ from the previous line only in their values. Each `@` is replaced by
    /// a value.
    fn texts() -> impl Strategy<Value = String> {
        let head = prop::sample::select(vec![
            "a{x=@,y=@} ",
            "a{x=@, y=@ }  ",
            "a{x=@,x=@} ",
            "a{job=@,instance=@} ",
            "a ",
            "{a,x=@} ",
            "\"a\"{x=@} ",
            "h_bucket{x=@,le=@} ",
            "h_bucket{le=@} ",
            "h_sum{x=@} ",
            "h_count{x=@} ",
            "s{x=@,quantile=@} ",
            "s_count{x=@} ",
            "# TYPE h histogram\n# ",
            "# TYPE s summary\n# ",
            "# HELP a text ",
        ]);
        let common = ["\"1\"", "\"2\"", "\"v\"", "\"value\"", "\"value 2\"", "\"+Inf\"", "\"ä\""];
        let odd =
            ["\"\"", "\"NaN\"", "\"\\n\"", "\"\\x\"", "\"\"\"", "\"v", "", "\"longer than three words are\""];
        let value =
            prop_oneof![8 => prop::sample::select(common.to_vec()), 1 => prop::sample::select(odd.to_vec())];
        let number = prop_oneof![
            8 => prop::sample::select(vec!["1", "22", "3.5"]),
            1 => prop::sample::select(vec!["-1", "1e3", "NaN", "x", "", "99999999999999999999"]),
        ];
        let end = prop_oneof![
            8 => Just("\n"),
            1 => prop::sample::select(vec!["\r\n", " \n", " 5\n", "\n\n"]),
        ];
        let line = (value.clone(), value, number, end);
        let run = (head, prop::collection::vec(line, 1..6)).prop_map(|(head, lines)| {
            let line = |(first, second, number, end)| {
                head.replacen('@', first, 1).replacen('@', second, 1) + number + end
            };
            lines.into_iter().map(line).collect::<String>()
        });
        prop::collection::vec(run, 1..8).prop_map(|runs| runs.concat())
    }

    proptest! {
        // The environment variable `PROPTEST_CASES` scales the number of cases.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(ProptestConfig::default().cases * 8) })]
        /// A comment that is not valid UTF-8 disables the fast path and changes nothing else.
        #[test]
        fn the_fast_path_and_the_full_check_give_the_same_report(text in texts()) {
            let key = GroupingKey::new("v", [], KeyRules::default()).unwrap();
            let [fast, full] = [b"#.\n", b"#\xff\n"].map(|end| [text.as_bytes(), end].concat());
            for grouping in [None, Some(&key)] {
                let rules = CheckOptions { grouping, ..CheckOptions::PLAIN };
                prop_assert_eq!(report(&fast, &rules), report(&full, &rules));
            }
        }
    }
}
