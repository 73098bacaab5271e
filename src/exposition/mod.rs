//! The exposition format (text, version 0.0.4) as the Pushgateway reads it. Pure: bytes in, data out.
//!
//! The verdict is that of the server's own code, and `tests/it/differential.rs` holds it to live gateways.
//! `text` cuts a text into lines and tokens. `check`, `sample` and `labels` have the rules of a line, with `family` for
//! what was declared before; `collisions`, `duplicates` and `series` those of the whole text, `overwrites` the labels of
//! the grouping key, `lint` the conventions. `messages` has the words.

mod check;
mod code;
mod collisions;
mod diagnostic;
mod duplicates;
mod family;
mod fast_path;
mod findings;
mod fix;
mod hash;
mod labels;
mod lint;
mod messages;
pub mod model;
mod overwrites;
mod sample;
mod series;
mod sniff;
#[cfg(test)]
mod tests;
mod text;

pub use check::check;
pub use code::{Code, Stage};
pub use diagnostic::{Diagnostic, Related, Severity};
pub use fix::apply;

use crate::grouping::GroupingKey;
use std::borrow::Cow;
use std::ops::Range;

/// A text to check: the bytes of one push, which several files may have made. It must have less than 2 GiB; `input` reads
/// no more than one.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// All bytes, one file behind the other.
    pub bytes: &'a [u8],
    /// Where each file begins in `bytes`, ascending; the first begins at 0.
    pub starts: &'a [usize],
}

/// What the text is held to.
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the command line")]
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The group that it will be pushed to: its labels overwrite the text's own.
    pub grouping: Option<&'a GroupingKey>,
    /// The gateway runs with `--push.enable-utf8-names`.
    pub utf8_names: bool,
    /// A text without samples is no error.
    pub allow_empty: bool,
    /// The type that metrics with samples and no TYPE line get: `gauge`, `counter` or `untyped`.
    pub default_type: Option<&'static str>,
    /// Timestamps are dropped instead of refused.
    pub strip_timestamps: bool,
    /// Harmless faults are repaired (severity `fixed`) instead of refused (severity `error`).
    pub repair: bool,
    /// The conventions of `promtool check metrics` are checked too (severity `warning`).
    pub lint: bool,
    /// How many diagnostics to keep; the rest is only counted.
    pub max_diagnostics: usize,
}

impl Rules<'static> {
    /// Those of a text without a group and without any option, with all findings kept.
    pub const PLAIN: Self = Self {
        grouping: None,
        utf8_names: false,
        allow_empty: false,
        default_type: None,
        strip_timestamps: false,
        repair: true,
        lint: false,
        max_diagnostics: usize::MAX,
    };
}

/// What the checker found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The findings in the order of their places, at most `Rules::max_diagnostics`.
    pub diagnostics: Vec<Diagnostic>,
    /// How many findings of severity `Error` there are, kept or not.
    pub errors: usize,
    /// The same for `Fixed`.
    pub fixed: usize,
    /// The same for `Warning`.
    pub warnings: usize,
    /// How many samples the text holds.
    pub samples: usize,
    /// How many metric families.
    pub families: usize,
    /// The repairs, in order, none overlapping another.
    pub splices: Vec<Splice>,
}

/// One repair: `range` of the text is replaced by `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The bytes that go; empty for an insertion.
    pub range: Range<usize>,
    /// The bytes that come.
    pub with: Cow<'static, [u8]>,
}
