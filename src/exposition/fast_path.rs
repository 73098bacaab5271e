//! The fast way through a line that differs from the line before it in its values alone.
//!
//! Nearly all lines of a large text are such. Both lines are walked at once, eight bytes a step, from one difference to
//! the next; what lies between need not be read. A difference must lie in a label value, of which the hash is then
//! changed in the sums of the last line. Whatever is unusual about a line (a backslash, an empty value, another name, a
//! timestamp) ends the pattern, and the line goes the long way, by which alone anything is ever found wrong with it.

use super::check::Checker;
use super::family::{Kind, Part};
use super::hash;
use super::labels::{Role, Sums};
use super::overwrites::Key;
use super::text::number::{self, Float};
use super::text::scan::{self, Sample};
use super::text::token::Labels;
use std::ops::Range;

/// The last line, if the next may be like it.
#[derive(Debug, Default)]
pub(super) struct Pattern<'a> {
    /// What its series belongs to; `None` where the next line has no pattern.
    family: Option<(usize, Kind, Part)>,
    /// From its start to its value, and a word more where the text has it.
    line: &'a [u8],
    /// How long it is up to its value.
    head: usize,
    values: Vec<Value>,
    sums: Sums,
    /// Its value must be a whole number.
    counts: bool,
}

/// A label value.
#[derive(Debug)]
struct Value {
    /// Where it stands in the line.
    span: Range<usize>,
    name: u64,
    role: Role,
    /// What it adds to the sums.
    all: u64,
    kept: u64,
}

const WORD: usize = 8;

impl<'a> Checker<'a> {
    /// Checks the line with which `rest` begins if it is like the last one, and returns where the next one begins.
    #[inline]
    pub(super) fn line_as_before(&mut self, rest: Range<usize>) -> Option<usize> {
        let pattern = &mut self.pattern;
        let family = pattern.family?;
        let start = rest.start;
        let Some(length) = self.text.bytes.get(rest).and_then(|text| pattern.follow(text, &self.key)) else {
            pattern.family = None;
            return None;
        };
        let sums = pattern.sums;
        self.samples += 1;
        self.enter(start, family, &sums);
        Some(start + length)
    }

    /// Keeps the good line that begins at `start` as the pattern of the next one; its labels have the last shape.
    pub(super) fn keep_pattern(
        &mut self,
        start: usize,
        sample: &Sample<'a>,
        labels: &Labels<'a>,
        family: (usize, Kind, Part),
        sums: Sums,
    ) {
        let bytes = self.text.bytes;
        if !self.is_utf8 || bytes.get(sample.value.end) != Some(&b'\n') {
            return;
        }
        let (_, kind, part) = family;
        let pattern = &mut self.pattern;
        pattern.family = Some(family);
        pattern.line = &bytes[start..bytes.len().min(sample.value.start + WORD)];
        pattern.head = sample.value.start - start;
        pattern.sums = sums;
        pattern.counts = part == Part::Count || kind.has_buckets() && part != Part::Sum;
        pattern.values.clear();
        for (label, (name, role)) in labels.iter().zip(self.shape.roles()) {
            if !label.value.is_plain() {
                pattern.family = None;
            }
            let all = if let Role::Position = role { 0 } else { hash::pair(name, label.value.hash()) };
            let is_kept = matches!(role, Role::Own) && !self.key.would_add(&label);
            let kept = if is_kept { all } else { 0 };
            let span = label.value.span();
            pattern.values.push(Value { span: span.start - start..span.end - start, name, role, all, kept });
        }
    }
}

impl<'a> Pattern<'a> {
    /// Goes through a line, whose first byte is that of `text`, and takes it for the pattern; returns its length with its
    /// newline. `None` where it is not like the last one, and then there is no pattern any more.
    #[inline]
    fn follow(&mut self, text: &'a [u8], key: &Key<'_>) -> Option<usize> {
        // Up to where both lines are through, and how many bytes are equal from there on.
        let (mut old, mut new) = (0, 0);
        let mut same = common(self.line, text);
        for value in &mut self.values {
            let begin = value.span.start - old + new;
            if old + same > value.span.end {
                value.span = begin..value.span.end - old + new;
                continue;
            }
            if old + same < value.span.start {
                return None;
            }
            let end = closing_quote(text, new + same)?;
            value.change(&text[begin..end], &mut self.sums, key)?;
            old = value.span.end;
            new = end;
            value.span = begin..end;
            same = common(&self.line[old..], &text[new..]);
        }
        if old + same < self.head {
            return None;
        }
        let at = self.head - old + new;
        let number = &text[at..];
        let length = number.iter().position(|byte| *byte <= b' ')?;
        if number[length] != b'\n' || !self.takes(&number[..length]) {
            return None;
        }
        self.line = &text[..text.len().min(at + WORD)];
        self.head = at;
        Some(at + length + 1)
    }

    /// Whether nothing is to be said about a value.
    #[inline]
    fn takes(&self, value: &[u8]) -> bool {
        if self.counts {
            (1..=19).contains(&value.len()) && value.iter().all(u8::is_ascii_digit)
        } else {
            number::is_float(value)
        }
    }
}

impl Value {
    /// Puts another text into the sums; `None` if that is not all there is to do.
    #[inline]
    fn change(&mut self, text: &[u8], sums: &mut Sums, key: &Key<'_>) -> Option<()> {
        match self.role {
            Role::Position => {
                let Float::Value(position) = number::float(text) else { return None };
                sums.position = Some(position).filter(|position| !position.is_nan());
                return sums.position.map(|_| ());
            }
            Role::Overwritten(label) if !key.labels[label].said => return None,
            // It may be one that the gateway would add.
            _ if text.is_empty() => return None,
            Role::Own | Role::Overwritten(_) => {}
        }
        let all = hash::pair(self.name, hash::bytes(text));
        sums.all = sums.all.wrapping_sub(self.all).wrapping_add(all);
        self.all = all;
        if let Role::Own = self.role {
            sums.kept = sums.kept.wrapping_sub(self.kept).wrapping_add(all);
            self.kept = all;
        }
        Some(())
    }
}

/// How many bytes both begin with.
#[inline]
fn common(one: &[u8], other: &[u8]) -> usize {
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

/// Where the value ends of which `text[from..]` is the rest; `None` if a backslash or the line's end comes first.
#[inline]
fn closing_quote(text: &[u8], from: usize) -> Option<usize> {
    let rest = &text[from..];
    let is_end = |byte| matches!(byte, b'"' | b'\\' | b'\n');
    let found = scan::near(rest, is_end, |rest| memchr::memchr3(b'"', b'\\', b'\n', rest))?;
    (rest[found] == b'"').then_some(from + found)
}

#[cfg(test)]
mod tests {
    use super::super::{Report, Rules, Text, check};
    use crate::grouping::{GroupingKey, KeyRules};
    use proptest::prelude::*;

    fn report(text: &[u8], rules: &Rules<'_>) -> String {
        let Report { diagnostics, samples, families, splices, .. } =
            check(Text { bytes: text, starts: &[0] }, rules);
        format!("{diagnostics:#?}\n{splices:?}\n{samples} samples, {families} families")
    }

    /// Lines of which many differ from the one before in values alone; `@` stands for those.
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
        // `PROPTEST_CASES` sets how many.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(ProptestConfig::default().cases * 8) })]
        /// A byte that is not UTF-8, in a comment, sends every line the long way and changes nothing else.
        #[test]
        fn the_fast_way_and_the_long_way_say_the_same(text in texts()) {
            let key = GroupingKey::new("v", [], KeyRules::default()).unwrap();
            let [fast, long] = [b"#.\n", b"#\xff\n"].map(|end| [text.as_bytes(), end].concat());
            for grouping in [None, Some(&key)] {
                let rules = Rules { grouping, ..Rules::PLAIN };
                prop_assert_eq!(report(&fast, &rules), report(&long, &rules));
            }
        }
    }
}
