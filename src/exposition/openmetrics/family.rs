//! The current family and its metadata, and the rules for HELP, TYPE and UNIT lines.

use super::kind::{MetricType, Part};
use super::line::{Keyword, MetadataLine};
use super::names::NameClash;
use crate::exposition::code::Code;
use crate::exposition::context::Context;
use crate::exposition::findings::Message;
use crate::exposition::messages::quoted;
use crate::exposition::text::lines::line_from;
use crate::exposition::text::spans::name_at;
use crate::exposition::text::token::Token;
use std::ops::Range;

/// The family that is currently being read.
#[derive(Debug)]
pub(super) struct CurrentFamily<'a> {
    pub(super) name: Token<'a>,
    /// The type from the TYPE line.
    pub(super) declared: Option<MetricType>,
    pub(super) type_line: Option<MetadataLine<'a>>,
    pub(super) help: Option<MetadataLine<'a>>,
    pub(super) unit: Option<MetadataLine<'a>>,
    /// The start of the first sample line.
    pub(super) sample: Option<usize>,
    /// Number of samples in the input before the first sample of this family.
    pub(super) samples_before: usize,
    /// The samples that become separate gauges, each with its part and its converted line.
    pub(super) moved: Vec<(Part, Vec<u8>)>,
    /// Whether an error in the name or type was reported. If so, the samples are not checked further.
    pub(super) is_invalid: bool,
}

impl<'a> CurrentFamily<'a> {
    pub(super) fn new(name: Token<'a>) -> Self {
        Self {
            name,
            declared: None,
            type_line: None,
            help: None,
            unit: None,
            sample: None,
            samples_before: 0,
            moved: Vec::new(),
            is_invalid: false,
        }
    }

    pub(super) fn kind(&self) -> MetricType {
        self.declared.unwrap_or(MetricType::Unknown)
    }

    /// Returns the part of a sample with this name, or `None` if the sample belongs to another family.
    pub(super) fn part(&self, name: &Token<'_>) -> Option<Part> {
        if name.is_plain() && self.name.is_plain() {
            return self.kind().part(name.raw().strip_prefix(self.name.raw())?);
        }
        self.kind().part(name.text().strip_prefix(&*self.name.text())?)
    }

    /// Adds a metadata line. Must be called before the first sample.
    pub(super) fn add(&mut self, line: &MetadataLine<'a>, context: &mut Context<'_>) {
        let known = match line.keyword {
            Keyword::Type => &mut self.type_line,
            Keyword::Help => &mut self.help,
            Keyword::Unit => &mut self.unit,
        };
        if let Some(first) = known {
            repeated(line, first, context);
            return;
        }
        *known = Some(line.clone());
        match line.keyword {
            Keyword::Type => self.add_type(line, context),
            Keyword::Help => help_text(&line.text, context),
            Keyword::Unit => {}
        }
    }

    fn add_type(&mut self, line: &MetadataLine<'_>, context: &mut Context<'_>) {
        let text = &context.bytes[line.text.clone()];
        self.declared = MetricType::parse(text);
        if self.declared.is_none() {
            self.is_invalid = true;
            context.findings.error(Code::UnknownType, line.text.clone(), || unknown_type(text));
        }
    }

    /// Checks the unit. Must be called after the type is known.
    pub(super) fn check_unit(&self, context: &mut Context<'_>) {
        let Some(line) = &self.unit else { return };
        let unit = &context.bytes[line.text.clone()];
        let (name, kind) = (self.name.text(), self.kind());
        if unit.is_empty() {
            return;
        }
        if !name.strip_suffix(unit).is_some_and(|before| before.ends_with(b"_")) {
            context.findings.error(Code::Unit, line.text.clone(), || {
                Message::new(format!("the name {} does not end with its unit", quoted(&name)))
                    .help(format!("rename it so that it ends with `_{}`, or remove this line", lossy(unit)))
            });
        } else if matches!(kind, MetricType::Info | MetricType::StateSet) {
            context.findings.error(Code::Unit, line.text.clone(), || {
                Message::new(format!("{} cannot have a unit", kind.with_article())).help("remove this line")
            });
        }
    }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn repeated(line: &MetadataLine<'_>, first: &MetadataLine<'_>, context: &mut Context<'_>) {
    let code = match line.keyword {
        Keyword::Type => Code::DuplicateType,
        Keyword::Help => Code::DuplicateHelp,
        Keyword::Unit => Code::Unit,
    };
    let bytes = context.bytes;
    context.findings.error(code, line.name.span(), || {
        let keyword = line.keyword.as_str();
        Message::new(format!("duplicate {keyword} line for {}", quoted(&line.name.text())))
            .help("remove one of the two lines")
            .related(line_from(bytes, first.name.span().start), format!("first {keyword} line"))
    });
}

/// Reports a metadata line that comes after samples of its metric.
pub(super) fn after_samples(line: &MetadataLine<'_>, sample: usize, context: &mut Context<'_>) {
    let bytes = context.bytes;
    context.findings.error(Code::Metadata, line.name.span(), || {
        let keyword = line.keyword.as_str();
        Message::new(format!("the {keyword} line of {} comes after its samples", quoted(&line.name.text())))
            .help("move it before the samples")
            .related(line_from(bytes, sample), "first sample")
    });
}

fn help_text(text: &Range<usize>, context: &mut Context<'_>) {
    if let Err(error) = std::str::from_utf8(&context.bytes[text.clone()]) {
        let at = text.start + error.valid_up_to();
        let message = || Message::new("the HELP text is not valid UTF-8");
        context.findings.error(Code::HelpInvalidUtf8, at..at + 1, message);
    }
}

fn unknown_type(text: &[u8]) -> Message {
    const TYPES: &str = "the types are `counter`, `gauge`, `histogram`, `gaugehistogram`, `stateset`, `info`, `summary` and `unknown`";
    let message = Message::new(format!("{} is not an OpenMetrics type", quoted(text)));
    let lower = text.to_ascii_lowercase();
    if lower == b"untyped" {
        return message.help("write `unknown`");
    }
    // Computing the distance takes quadratic time, and no misspelled type is this long.
    if lower.len() > 32 {
        return message.help(TYPES);
    }
    let lower = lossy(&lower);
    let nearest = MetricType::NAMES.iter().map(|(name, _)| (strsim::osa_distance(&lower, name), *name)).min();
    match nearest {
        Some((distance, name)) if distance * 3 <= name.len() + 1 => {
            message.help(format!("did you mean `{name}`?"))
        }
        _ => message.help(TYPES),
    }
}

/// Reports a family whose name, or the name of one of its samples, is already in use.
pub(super) fn clash(name: &Token<'_>, kind: MetricType, clash: &NameClash, context: &mut Context<'_>) {
    let bytes = context.bytes;
    match clash {
        NameClash::SameFamily(first) => context.findings.error(Code::SplitMetric, name.span(), || {
            let name = quoted(&name.text());
            Message::new(format!("the lines of {name} are not consecutive"))
                .help("keep all lines of a metric together: its metadata, then its samples")
                .related(line_from(bytes, *first), format!("first line of {name}"))
        }),
        NameClash::Claimed(claimed, other) => context.findings.error(Code::NameClash, name.span(), || {
            let other_name = quoted(&bytes[name_at(bytes, *other)]);
            let (name, claimed) = (quoted(&name.text()), quoted(claimed));
            let what = kind.with_article();
            Message::new(format!("{name} ({what}) and {other_name} can both have a sample named {claimed}"))
                .help("rename one of the two metrics")
                .related(line_from(bytes, *other), format!("first line of {other_name}"))
        }),
    }
}

/// Reports a sample that has the same name as the current family if the type of the family requires a suffix. Returns
/// whether an error was reported.
pub(super) fn misnamed_sample(
    family: &CurrentFamily<'_>,
    name: &Token<'_>,
    context: &mut Context<'_>,
) -> bool {
    let (text, base, kind) = (name.text(), family.name.text(), family.kind());
    if family.is_invalid || text != base {
        return false;
    }
    let type_line = family.type_line.as_ref().map(|line| line_from(context.bytes, line.name.span().start));
    context.findings.error(Code::SampleName, name.span(), || {
        let text = lossy(&text);
        let short = ["_total", "_info"]
            .into_iter()
            .find_map(|suffix| text.strip_suffix(suffix).filter(|_| kind.text_suffix() == suffix));
        let help = if let Some(short) = short {
            let line = format!("# TYPE {short} {}", kind.as_str());
            format!("TYPE and HELP lines use the name without the suffix: write `{line}`")
        } else {
            let names = kind.parts().iter().map(|part| format!("`{text}{}`", part.suffix()));
            format!("its samples can be named {}", names.collect::<Vec<_>>().join(", "))
        };
        let (kind, text) = (kind.with_article(), quoted(text.as_bytes()));
        Message::new(format!("{kind} cannot have a sample named {text}"))
            .help(help)
            .related(type_line, "the type")
    });
    true
}
