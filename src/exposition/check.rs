//! The checker's way through a text: file by file, line by line, and then the text as a whole.
//!
//! Every fault is reported, not the first alone: after a fault the next line is read as if nothing had been wrong, and
//! what only follows from a fault is kept quiet. The rules of samples are in `sample`, those of the whole in `store`.

use super::family::{Families, Kind, Mention, Part};
use super::fast_path::Pattern;
use super::findings::{Detail, Findings};
use super::labels::Shape;
use super::messages::{self, quoted};
use super::overwrites::Key;
use super::series::Series;
use super::sniff::Foreign;
use super::text::lines::{self, Place};
use super::text::scan::{self, Fault, FaultKind, Line, Meta};
use super::text::token::{Labels, Token};
use super::{Code, Report, Rules, Splice, Text};
use std::borrow::Cow;
use std::ops::Range;

/// Gives the gateway's verdict on a text, with the reasons and the repairs.
///
/// The verdict is that of a Pushgateway 1.11 whose store is empty: without an error of
/// [`Stage::Ours`](super::Stage::Ours), the gateway refuses the text exactly if the report has another error or a repair.
#[must_use]
pub fn check(text: Text<'_>, rules: &Rules<'_>) -> Report {
    let mut checker = Checker::new(text, rules);
    for (mark, file) in lines::files(text) {
        checker.file(mark, &file);
    }
    if rules.lint {
        checker.lint();
    }
    checker.finish()
}

/// What is known so far about a text.
pub(super) struct Checker<'a> {
    pub(super) text: Text<'a>,
    pub(super) rules: &'a Rules<'a>,
    pub(super) key: Key<'a>,
    pub(super) families: Families<'a>,
    pub(super) series: Series,
    pub(super) findings: Findings,
    pub(super) splices: Vec<Splice>,
    /// How many samples were read, and how many lines seem to be samples but could not be.
    pub(super) samples: usize,
    pub(super) unread: usize,
    /// The family of the last line that named one: the server's parser begins a line with `{` as a line of that family.
    pub(super) current: Option<(usize, Part)>,
    /// A quote was not closed in the last line, so that the next may go on with it.
    open_quote: bool,
    /// What older gateways would refuse and the reader knows by now.
    pub(super) said_of_older: Vec<Older>,
    /// All of the text is UTF-8.
    pub(super) is_utf8: bool,
    /// The names of the last sample's labels, which the next one mostly has too.
    pub(super) shape: Shape<'a>,
    /// The name of the last sample, whose family the next line's mostly is too.
    pub(super) last: Option<(&'a [u8], usize, Part)>,
    /// The last line, where it is good.
    pub(super) pattern: Pattern<'a>,
}

/// What older gateways do not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Older {
    QuotedName,
    QuoteInHelp,
    GaugeHistogram,
    FloatCount,
}

impl<'a> Checker<'a> {
    fn new(text: Text<'a>, rules: &'a Rules<'a>) -> Self {
        Self {
            text,
            rules,
            key: Key::new(rules.grouping),
            families: Families::new(text.bytes),
            series: Series::new(text.bytes.len()),
            findings: Findings::new(rules),
            splices: Vec::new(),
            samples: 0,
            unread: 0,
            current: None,
            open_quote: false,
            said_of_older: Vec::new(),
            is_utf8: std::str::from_utf8(text.bytes).is_ok(),
            shape: Shape::default(),
            last: None,
            pattern: Pattern::default(),
        }
    }

    fn file(&mut self, mark: Range<usize>, file: &Range<usize>) {
        if !mark.is_empty() {
            let detail = || Detail::new("the file begins with a byte-order mark");
            self.repair(Code::ByteOrderMark, mark, "", detail);
        }
        let mut start = file.start;
        let mut labels = Labels::new(self.text.bytes);
        let mut begun = false;
        loop {
            while let Some(next) = self.line_as_before(start..file.end) {
                start = next;
                begun = true;
            }
            let Some(place) = lines::next(self.text.bytes, file, start, &mut labels) else { break };
            start = place.all.end + 1;
            let before = (self.findings.counts(), self.splices.len());
            let faults = self.findings.parse_faults();
            let content = self.line(&place, &mut labels);
            if content && !begun && self.findings.parse_faults() > faults && self.is_foreign(&place, before) {
                return;
            }
            begun |= content;
            if !place.ended && content {
                let end = place.all.end;
                let detail = || Detail::new("the last line does not end with a newline");
                self.repair(Code::MissingNewline, end..end, "\n", detail);
            }
        }
    }

    /// Whether the file, of which the first line can't be read, is something else altogether. That is then all that is said
    /// of it.
    fn is_foreign(&mut self, first: &Place, (counts, splices): ([usize; 3], usize)) -> bool {
        let Some(foreign) = Foreign::recognise(&self.text.bytes[first.file.clone()]) else { return false };
        self.findings.take_back(counts, first.all.start);
        self.splices.truncate(splices);
        let at = first.trimmed.start;
        let span = at..at + scan::character(&self.text.bytes[at..]);
        let (what, help) = foreign.describe();
        self.findings.error(Code::WrongFormat, span, || {
            Detail::new(format!("the input is no metrics text; it is {what}")).help(help)
        });
        true
    }

    /// Checks one line and returns whether anything is in it.
    fn line(&mut self, place: &Place, labels: &mut Labels<'a>) -> bool {
        let Place { all, trimmed, .. } = place;
        let result = scan::line(self.text.bytes, trimmed.clone(), labels);
        let content = !matches!(result, Ok(Line::Blank));
        let continues = std::mem::replace(&mut self.open_quote, false);
        let behind = trimmed.end..all.end;
        match result {
            Ok(Line::Sample(sample)) => {
                self.sample(&sample, labels, all.start);
                if !behind.is_empty() && !sample.value.is_empty() {
                    self.trailing(behind);
                }
            }
            Ok(Line::Blank | Line::Comment) if !behind.is_empty() => self.trailing(behind),
            Ok(Line::Help(meta)) => self.help(&meta, behind),
            Ok(Line::Type(meta)) => self.type_of(&meta, behind),
            // The rest of a label value with a line break in it.
            Err(_) if continues => self.open_quote = !self.text.bytes[trimmed.clone()].contains(&b'"'),
            Err(fault) => self.fault(&fault, place),
            Ok(Line::Blank | Line::Comment) => {}
        }
        content
    }

    /// Something behind a line that the server does not take there.
    fn trailing(&mut self, span: Range<usize>) {
        let bytes = &self.text.bytes[span.clone()];
        if bytes.contains(&b'\r') {
            self.repair(Code::CarriageReturn, span, "", || {
                Detail::new("the line ends with a carriage return")
            });
        } else {
            self.repair(Code::TrailingBlank, span, "", || Detail::new("a blank ends the line"));
        }
    }

    /// Reports a repair, and makes it unless the rules forbid it.
    fn repair(
        &mut self,
        code: Code,
        span: Range<usize>,
        with: &'static str,
        detail: impl FnOnce() -> Detail,
    ) {
        self.splice(span.clone(), Cow::Borrowed(with.as_bytes()));
        self.findings.fixed(code, span, detail);
    }

    /// Makes a repair unless the rules forbid it.
    pub(super) fn splice(&mut self, range: Range<usize>, with: Cow<'static, [u8]>) {
        if self.rules.repair {
            self.splices.push(Splice { range, with });
        }
    }

    /// Reports a line that the grammar does not take.
    fn fault(&mut self, fault: &Fault, place: &Place) {
        self.unread += 1;
        self.open_quote = fault.kind == FaultKind::OpenValue;
        let (bytes, line) = (self.text.bytes, place.trimmed.clone());
        self.findings.parse_fault(fault.span.start, || messages::fault(bytes, line, fault));
    }

    /// `# HELP name text`.
    fn help(&mut self, meta: &Meta<'a>, behind: Range<usize>) {
        if !behind.is_empty() {
            self.trailing(behind);
        }
        let Some((name, number, _)) = self.meta(meta) else { return };
        let Some(text) = meta.text.clone() else { return };
        let bytes = &self.text.bytes[text.clone()];
        if !self.only_help(&name, number, bytes) {
            return;
        }
        let mut escapes = bytes.iter().enumerate();
        while let Some((at, byte)) = escapes.next() {
            if *byte != b'\\' {
                continue;
            }
            match escapes.next() {
                Some((_, b'\\' | b'n')) => {}
                Some((_, b'"')) => {
                    let at = text.start + at;
                    self.older(Older::QuoteInHelp, at..at + 2);
                }
                _ => {
                    let end = at + 1 + scan::character(&bytes[at + 1..]);
                    let span = text.start + at..text.start + end;
                    self.findings.error(Code::Escape, span, || messages::escape(&bytes[at..end]));
                    return;
                }
            }
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            let at = text.start + error.valid_up_to();
            self.findings.error(Code::HelpNotUtf8, at..at + 1, || {
                Detail::new("the HELP text is not UTF-8")
                    .help("the gateway would take it, and Prometheus then refuse all that the gateway holds")
            });
        }
        let returns = bytes.iter().rev().take_while(|byte| **byte == b'\r').count();
        if returns > 0 {
            let span = text.end - returns..text.end;
            self.splice(span.clone(), Cow::Borrowed(b""));
            self.findings.warning(Code::HelpCarriageReturn, span, || {
                Detail::new(
                    "the HELP text ends with a carriage return, which the gateway would store with it",
                )
                .help("end lines with a newline alone")
            });
        }
    }

    /// Whether a HELP text is the first of its family. The repairs leave nothing of a text that is nothing but carriage
    /// returns, so that two lines of which one has no other text are mended by them.
    fn only_help(&mut self, name: &Token<'a>, number: usize, text: &[u8]) -> bool {
        let blank = text.iter().all(|byte| *byte == b'\r');
        let first = self.families.place(number, Mention::Help);
        let again = first.is_some() || self.families[number].has(Mention::BlankHelp);
        let mention = if blank { Mention::BlankHelp } else { Mention::Help };
        self.families.mention(number, mention, name.span().start);
        if !again {
            return true;
        }
        let (bytes, family) = (self.text.bytes, self.families.name(number));
        let detail = || {
            let detail = Detail::new(format!("a second HELP line for {}", quoted(&family)));
            match first {
                Some(first) => detail.related(line_of(bytes, first), "the first one"),
                None => detail,
            }
        };
        let mended = blank || first.is_none();
        if mended {
            self.findings.fixed(Code::SecondHelp, name.span(), detail);
        } else {
            self.findings.error(Code::SecondHelp, name.span(), detail);
        }
        mended
    }

    /// `# TYPE name type`.
    fn type_of(&mut self, meta: &Meta<'a>, behind: Range<usize>) {
        if !behind.is_empty() {
            self.trailing(behind);
        }
        let Some((name, number, part)) = self.meta(meta) else { return };
        let Some(text) = meta.text.clone() else { return };
        let family = &self.families[number];
        if family.kind.is_some() && !family.guessed {
            self.type_again(&name, number, part);
            return;
        }
        let bytes = &self.text.bytes[text.clone()];
        let trimmed = lines::trimmed(bytes);
        let span = text.start..text.start + trimmed;
        let kind = Kind::parse(&bytes[..trimmed]);
        let family = &mut self.families[number];
        family.guessed = kind.is_none() && trimmed > 0;
        family.kind = kind;
        self.families.mention(number, Mention::Type, name.span().start);
        match kind {
            Some(Kind::GaugeHistogram) => self.older(Older::GaugeHistogram, span.clone()),
            None if trimmed > 0 => {
                let (detail, guess) = messages::unknown_type(&bytes[..trimmed]);
                self.families[number].kind = Some(guess.unwrap_or(Kind::Untyped));
                self.findings.error(Code::UnknownType, span.clone(), || detail);
                return;
            }
            Some(_) | None => {}
        }
        if span.end < text.end {
            self.trailing(span.end..text.end);
        }
    }

    /// A TYPE line of a family whose type is fixed: by a TYPE line or by a first sample.
    fn type_again(&mut self, name: &Token<'a>, number: usize, part: Part) {
        let bytes = self.text.bytes;
        let text = self.families.name(number);
        let family_name = quoted(&text);
        if let Some(first) = self.families.place(number, Mention::Type) {
            self.findings.error(Code::SecondType, name.span(), || {
                let message = if part == Part::Whole {
                    format!("a second TYPE line for {family_name}")
                } else {
                    format!("{} is a part of {family_name}, whose type is given already", quoted(name.raw()))
                };
                Detail::new(message).related(line_of(bytes, first), "the first one")
            });
        } else {
            let first = self.families.place(number, Mention::Sample);
            self.findings.error(Code::LateType, name.span(), || {
                let detail =
                    Detail::new(format!("the TYPE line of {family_name} comes after its first sample"))
                        .help("move it before the samples");
                match first {
                    Some(first) => detail.related(line_of(bytes, first), "the first sample"),
                    None => detail,
                }
            });
        }
    }

    /// What HELP and TYPE have in common: their name, and its family, which becomes the current one.
    fn meta(&mut self, meta: &Meta<'a>) -> Option<(Token<'a>, usize, Part)> {
        if let Some(idle) = meta.idle.filter(|name| !name.is_plain()) {
            self.older(Older::QuotedName, idle.span());
        }
        let name = meta.name?;
        if !self.metric_name(&name) {
            return None;
        }
        let (number, part) = self.families.resolve(&name);
        self.current = Some((number, part));
        Some((name, number, part))
    }

    /// Whether the gateway takes the name of a metric.
    #[inline]
    pub(super) fn metric_name(&mut self, name: &Token<'a>) -> bool {
        name.is_plain() || self.quoted_name(name, Code::MetricName)
    }

    /// Whether the gateway takes a quoted name; `code` is what to say where no gateway does.
    #[cold]
    pub(super) fn quoted_name(&mut self, name: &Token<'a>, code: Code) -> bool {
        let text = name.text();
        if text.is_empty() || std::str::from_utf8(&text).is_err() {
            self.findings.error(code, name.span(), || {
                Detail::new(if text.is_empty() { "the name is empty" } else { "the name is not UTF-8" })
            });
            return false;
        }
        let plain = |byte: u8| {
            byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':' && code == Code::MetricName
        };
        let legacy = text.iter().all(|&byte| plain(byte)) && !text[0].is_ascii_digit();
        if !legacy && !self.rules.utf8_names {
            self.findings.error(Code::Utf8Name, name.span(), || {
                Detail::new(format!("the gateway takes a name such as {} only with UTF-8 names", quoted(&text)))
                    .help("use letters, digits and `_`, or start the gateway with `--push.enable-utf8-names` and give `--utf8-names`")
            });
            return false;
        }
        self.older(Older::QuotedName, name.span());
        true
    }

    /// Says once what older gateways do with something.
    pub(super) fn older(&mut self, what: Older, span: Range<usize>) {
        if self.said_of_older.contains(&what) {
            return;
        }
        self.said_of_older.push(what);
        self.findings.warning(Code::OlderGateway, span, || {
            Detail::new(match what {
                Older::QuotedName => "gateways before 1.10 refuse names in quotes or between braces",
                Older::QuoteInHelp => {
                    "older gateways, such as 1.5.1, refuse `\\\"` in a HELP text; a plain `\"` will do"
                }
                Older::GaugeHistogram => {
                    "gateways before 1.11.2 know no gauge histograms and refuse or misread them"
                }
                Older::FloatCount => {
                    "older gateways, such as 1.5.1, store only the whole part of a bucket or count"
                }
            })
        });
    }
}

/// From `at` to the end of its line.
pub(super) fn line_of(bytes: &[u8], at: usize) -> Range<usize> {
    at..memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end)
}
