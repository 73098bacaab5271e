//! What a text is checked against.

use crate::grouping::GroupingKey;

/// What a text is checked against: one field for each option of the command line.
#[expect(clippy::struct_excessive_bools, reason = "each is one flag of the command line")]
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The group that the text is for. Its labels overwrite those of the text.
    pub grouping: Option<&'a GroupingKey>,
    /// The gateway runs with `--push.enable-utf8-names`.
    pub utf8_names: bool,
    /// Accept a text without samples.
    pub allow_empty: bool,
    /// The type of metrics without a TYPE line: `gauge`, `counter` or `untyped`.
    pub default_type: Option<&'static str>,
    /// Drop timestamps instead of rejecting them.
    pub strip_timestamps: bool,
    /// Repair harmless problems (severity `fixed`) instead of rejecting them (severity `error`).
    pub repair: bool,
    /// Check the conventions of `promtool check metrics` too (severity `warning`).
    pub lint: bool,
    /// How many diagnostics to keep. The others are only counted.
    pub max_diagnostics: usize,
}

impl Rules<'static> {
    /// The rules without a group and without any option. All diagnostics are kept.
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
