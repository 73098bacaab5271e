//! The verdict on texts with lines that lean on what the server's parser read before them.
//!
//! A line may begin with `{`. If a name comes first between the braces, the line stands for itself. If not, the parser
//! works with leftovers: `{a="b"} 1` goes on with the family of the line before, be it a comment, and with the *metric* of
//! the last sample, whose labels then grow and which may come to be in two families; and a histogram's name found late
//! finds the labels of another one. The gateway takes some of these and crashes on others (seen on Pushgateway 1.11.2).
//!
//! Nobody writes such lines on purpose, so the checker keeps no such state on its way. A text that has one is gone
//! through once more, with a model of the parser's objects: metrics that are shared and change. It is slower and takes
//! more memory, and it is exact.

use super::check::Checker;
use super::duplicates::sample_at;
use super::family::{Families, Kind, Part};
use super::findings::Detail;
use super::messages::quoted;
use super::overwrites::{Key, Pair};
use super::text::lines;
use super::text::number::{self, Float};
use super::text::scan::{self, Line, Sample};
use super::text::token::{Label, Labels};
use super::{Code, Text};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

type Bytes<'a> = Cow<'a, [u8]>;

/// By what the parser knows a histogram or summary: a family, and the labels that it has gathered. None of either before
/// the first line of a histogram or summary.
type Signature<'a> = Option<(usize, BTreeMap<Bytes<'a>, Bytes<'a>>)>;

/// What the parser makes of a sample. Lines may share one.
#[derive(Debug)]
struct Metric<'a> {
    labels: Vec<Pair<'a>>,
    /// The types of which it has a value: one, unless it is shared between families.
    kinds: Vec<Kind>,
    /// Where its first line begins.
    line: usize,
    /// Where the last line without a name of its own begins that has changed it.
    borrower: Option<usize>,
}

/// The parser's state.
struct Model<'c, 'a> {
    families: &'c Families<'a>,
    default_kind: Option<Kind>,
    /// The types of the families so far, and their metrics.
    kinds: Vec<Option<Kind>>,
    members: Vec<Vec<usize>>,
    metrics: Vec<Metric<'a>>,
    /// `summaries` and `histograms`.
    composites: [HashMap<Signature<'a>, usize>; 2],
    /// `currentMF` and what its name's ending said.
    family: Option<(usize, Part)>,
    /// `currentMetric`.
    metric: Option<usize>,
    /// `currentLabels`.
    gathered: Signature<'a>,
    /// Whether `currentBucket` and `currentQuantile` are numbers.
    has_bucket: bool,
    /// Where lines begin that the server takes but that have no name of their own.
    borrowers: Vec<usize>,
}

/// Why the parser does not take a line that it could take elsewhere.
enum Refusal {
    Crash,
    Negative,
}

impl Checker<'_> {
    /// Judges a text with lines that borrow.
    pub(super) fn replay(&mut self) {
        let mut model = Model::new(&self.families, self.rules.default_type);
        let mut labels = Labels::new(self.text.bytes);
        let mut refused = Vec::new();
        for (_, file) in lines::files(self.text) {
            let mut start = file.start;
            while let Some(place) = lines::next(self.text.bytes, &file, start, &mut labels) {
                start = place.all.end + 1;
                if let Err(refusal) = model.line(self.text, place.trimmed.clone(), &mut labels) {
                    refused.push((place.trimmed, refusal));
                }
            }
        }
        let clashes = model.clashes(&self.key);
        let Model { members, borrowers, .. } = model;
        for (number, members) in members.iter().enumerate() {
            if members.is_empty() {
                self.families.forget_samples(number);
            }
        }
        self.tell(refused, clashes, &borrowers);
    }

    fn tell(&mut self, refused: Vec<(Range<usize>, Refusal)>, clashes: Vec<Clash>, borrowers: &[usize]) {
        let bytes = self.text.bytes;
        for (line, refusal) in refused {
            match refusal {
                Refusal::Crash => self.findings.error(Code::ParserCrash, line, || {
                    Detail::new("the gateway's parser crashes on this line").help(
                        "write a TYPE line of the metric right before it, or the name before the braces",
                    )
                }),
                Refusal::Negative => self.findings.error(Code::NegativeCount, line, || {
                    Detail::new("the bucket or count of a histogram is negative")
                }),
            }
        }
        let quiet = self.findings.errors() > 0 || !clashes.is_empty();
        for Clash { line, first, borrowed } in clashes {
            let span = sample_at(bytes, line);
            let series = quoted(&bytes[span.clone()]);
            let related = first.map(|first| sample_at(bytes, first));
            let code = if borrowed { Code::BorrowedClash } else { Code::DuplicateSeries };
            self.findings.error(code, span, || {
                let detail = Detail::new(if borrowed {
                    format!("a sample without a name of its own makes {series} clash")
                } else {
                    format!("the series {series} is given twice")
                });
                match related {
                    Some(related) => detail.related(related, "the first one"),
                    None => detail,
                }
            });
        }
        if let Some(first) = borrowers.first()
            && !quiet
        {
            self.findings.warning(Code::BorrowedName, sample_at(bytes, *first), || {
                Detail::new(
                    "the name does not come first, and the gateway's parser goes on with what it read before",
                )
                .help("write the name first: `name{label=\"value\"} 1`")
            });
        }
    }
}

/// Two series that are the same, or one that the store refuses for itself.
struct Clash {
    line: usize,
    first: Option<usize>,
    borrowed: bool,
}

impl<'c, 'a> Model<'c, 'a> {
    fn new(families: &'c Families<'a>, default_type: Option<&str>) -> Self {
        let count = families.len();
        Self {
            families,
            default_kind: default_type.and_then(|name| Kind::parse(name.as_bytes())),
            kinds: vec![None; count],
            members: vec![Vec::new(); count],
            metrics: Vec::new(),
            composites: [HashMap::new(), HashMap::new()],
            family: None,
            metric: None,
            gathered: None,
            has_bucket: false,
            borrowers: Vec::new(),
        }
    }

    fn line(&mut self, text: Text<'a>, line: Range<usize>, labels: &mut Labels<'a>) -> Result<(), Refusal> {
        match scan::line(text.bytes, line.clone(), labels) {
            Ok(Line::Help(meta)) => {
                self.turn_to(meta.name.and_then(|name| self.families.lookup(&name.text())));
                Ok(())
            }
            Ok(Line::Type(meta)) => {
                let family = meta.name.and_then(|name| self.families.lookup(&name.text()));
                self.turn_to(family);
                if let (Some((number, _)), Some(text_of_type)) = (family, meta.text)
                    && self.kinds[number].is_none()
                {
                    self.kinds[number] = {
                        let name = &text.bytes[text_of_type];
                        Kind::parse(&name[..lines::trimmed(name)])
                    };
                }
                Ok(())
            }
            Ok(Line::Sample(sample)) => match number::float(&text.bytes[sample.value.clone()]) {
                Float::Value(value) => self.sample(&sample, labels, value, line.start),
                Float::OutOfRange | Float::Invalid => Ok(()),
            },
            Ok(Line::Blank | Line::Comment) | Err(_) => Ok(()),
        }
    }

    fn turn_to(&mut self, family: Option<(usize, Part)>) {
        self.family = family.or(self.family);
    }

    fn kind(&self) -> Kind {
        self.family.and_then(|(number, _)| self.kinds[number]).unwrap_or(Kind::Counter)
    }

    fn sample(
        &mut self,
        sample: &Sample<'a>,
        labels: &Labels<'a>,
        value: f64,
        line: usize,
    ) -> Result<(), Refusal> {
        let named = match &sample.name {
            Some(name) => match self.families.lookup(&name.text()) {
                Some(family) => Some(family),
                None => return Ok(()), // refused for its name
            },
            None => None,
        };
        if let Some((number, _)) = named
            && self.kinds[number].is_none()
            && self.default_kind.is_some()
        {
            // As the TYPE line does that is put before the sample.
            self.kinds[number] = self.default_kind;
            self.turn_to(named);
        }
        let before = self.family.map(|(number, _)| number);
        if !sample.braced {
            self.begin(named, line);
        }
        if self.kind().is_composite() {
            self.gathered = self.family.map(|(number, _)| (number, BTreeMap::new()));
            self.has_bucket = false;
        }
        let mut pairs = Vec::new();
        for (index, label) in labels.iter().enumerate() {
            if sample.braced && index == sample.labels_before_name {
                self.begin(named, line);
            }
            self.label(&label, &mut pairs)?;
        }
        if sample.braced && labels.len() == sample.labels_before_name {
            self.begin(named, line);
        }
        let leans = sample.braced
            && (named.is_none()
                || sample.labels_before_name > 0
                || self.kind().is_composite() && before != self.family.map(|(number, _)| number));
        if leans {
            self.borrowers.push(line);
        }
        self.store(pairs, value, named.is_none().then_some(line))
    }

    /// `setOrCreateCurrentMF`, and a new metric.
    fn begin(&mut self, family: Option<(usize, Part)>, line: usize) {
        let Some((number, _)) = family else { return };
        self.family = family;
        self.kinds[number].get_or_insert(Kind::Untyped);
        self.metric = Some(self.metrics.len());
        self.metrics.push(Metric { labels: Vec::new(), kinds: Vec::new(), line, borrower: None });
    }

    fn label(&mut self, label: &Label<'a>, pairs: &mut Vec<Pair<'a>>) -> Result<(), Refusal> {
        let kind = self.kind();
        if kind.is_position(&label.name) {
            if let Float::Value(value) = number::float(&label.value.text())
                && kind.has_buckets()
            {
                self.has_bucket = !value.is_nan();
            }
            return Ok(());
        }
        let pair = (label.name.text(), label.value.text());
        if kind.is_composite() {
            let Some((_, labels)) = &mut self.gathered else { return Err(Refusal::Crash) };
            labels.insert(pair.0.clone(), pair.1.clone());
        }
        pairs.push(pair);
        Ok(())
    }

    /// `readingValue`.
    fn store(&mut self, pairs: Vec<Pair<'a>>, value: f64, borrower: Option<usize>) -> Result<(), Refusal> {
        let (Some(mut metric), Some((number, part))) = (self.metric, self.family) else {
            return Err(Refusal::Crash);
        };
        let kind = self.kind();
        self.metrics[metric].labels.extend(pairs);
        self.metrics[metric].borrower = borrower.or(self.metrics[metric].borrower);
        if kind.is_composite() {
            let known = &mut self.composites[usize::from(kind.has_buckets())];
            if let Some(found) = known.get(&self.gathered) {
                metric = *found;
                self.metric = Some(metric);
            } else {
                known.insert(self.gathered.clone(), metric);
                self.members[number].push(metric);
            }
        } else {
            self.members[number].push(metric);
        }
        if kind.has_buckets() && value < 0.0 && (part == Part::Count || part != Part::Sum && self.has_bucket)
        {
            return Err(Refusal::Negative);
        }
        let kinds = &mut self.metrics[metric].kinds;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
        Ok(())
    }

    /// `checkMetricConsistency`, for all metrics of all families.
    fn clashes(&self, key: &Key<'a>) -> Vec<Clash> {
        let mut clashes = Vec::new();
        let mut seen: HashMap<(usize, Vec<Pair<'a>>), &Metric<'a>> = HashMap::new();
        for (number, members) in self.members.iter().enumerate() {
            let kind = self.kinds[number].unwrap_or(Kind::Counter);
            for metric in members.iter().map(|metric| &self.metrics[*metric]) {
                let labels = key.written_over(&metric.labels);
                if metric.clashes_alone(kind, &labels) {
                    let line = metric.borrower.unwrap_or(metric.line);
                    clashes.push(Clash { line, first: None, borrowed: true });
                } else if let Some(earlier) = seen.insert((number, labels), metric) {
                    let (first, second) = (earlier.line.min(metric.line), earlier.line.max(metric.line));
                    let borrower = metric.borrower.or(earlier.borrower);
                    clashes.push(Clash {
                        line: borrower.unwrap_or(second),
                        first: Some(first),
                        borrowed: borrower.is_some(),
                    });
                }
            }
        }
        clashes.sort_by_key(|clash| clash.line);
        clashes
    }
}

impl Metric<'_> {
    /// Whether the store refuses it for itself: a label twice, no value of its family's type, or a summary's `quantile` as a
    /// label.
    fn clashes_alone(&self, kind: Kind, labels: &[Pair<'_>]) -> bool {
        let twice = labels.windows(2).any(|pair| pair[0].0 == pair[1].0);
        let typeless = kind != Kind::GaugeHistogram && !self.kinds.contains(&kind);
        let quantile = self.kinds.contains(&Kind::Summary)
            && labels.iter().any(|(name, _)| name.as_ref() == b"quantile");
        twice || typeless || quantile
    }
}
