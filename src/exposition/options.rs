//! The options of a check.

use crate::grouping::GroupingKey;

/// Most fields correspond to a command-line option.
#[expect(clippy::struct_excessive_bools, reason = "each is a command-line option")]
#[derive(Clone, Copy, Debug)]
pub struct CheckOptions<'a> {
    /// The grouping key of the push. Its labels overwrite labels in the text.
    pub grouping: Option<&'a GroupingKey>,
    /// Whether the gateway runs with `--push.enable-utf8-names`.
    pub utf8_names: bool,
    /// Whether the text is sent by remote write. If so, each sample is a separate series and can have a timestamp, and
    /// the rules of the gateway's store do not apply.
    pub remote_write: bool,
    /// Whether the text is added to its group, so that a text without samples does not empty the group.
    pub adds: bool,
    /// Whether to accept input without samples.
    pub allow_empty: bool,
    /// Type for metrics without a TYPE line: `gauge`, `counter` or `untyped`.
    pub default_type: Option<&'static str>,
    /// Whether to drop timestamps instead of rejecting them.
    pub strip_timestamps: bool,
    /// Whether to repair harmless problems (severity `fixed`) instead of rejecting them (severity `error`).
    pub repair: bool,
    /// Whether to check the conventions of `promtool check metrics` as well (severity `warning`).
    pub lint: bool,
    /// Maximum number of diagnostics to keep. Further diagnostics are only counted.
    pub max_diagnostics: usize,
    /// Whether the report includes the edits that repair and convert the text. They can use more memory than the text
    /// itself.
    pub edits: bool,
    pub format: TextFormat,
    /// The indexes of files that are always in the Prometheus format, regardless of `format`. They contain metrics
    /// given as command-line options.
    pub prometheus_files: &'a [usize],
    /// Whether the input is only converted to the text format, so that the gateway's rules do not apply.
    pub convert_only: bool,
}

/// The format of the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextFormat {
    /// OpenMetrics if the last line is `# EOF`, otherwise the Prometheus format.
    #[default]
    Auto,
    /// The Prometheus text format 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.
    Openmetrics,
}

impl CheckOptions<'_> {
    /// Returns whether timestamps are kept. They are errors only if the text is sent to a gateway.
    pub(super) fn keeps_timestamps(&self) -> bool {
        self.convert_only || self.remote_write
    }
}

impl CheckOptions<'static> {
    /// The default options, without a group. All diagnostics are kept.
    pub const PLAIN: Self = Self {
        grouping: None,
        utf8_names: false,
        remote_write: false,
        adds: false,
        allow_empty: false,
        default_type: None,
        strip_timestamps: false,
        repair: true,
        lint: false,
        max_diagnostics: usize::MAX,
        edits: true,
        format: TextFormat::Prometheus,
        prometheus_files: &[],
        convert_only: false,
    };
}
