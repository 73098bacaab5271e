//! Options of `push`, `add` and `check`.

use super::connection::ConnectionArgs;
use super::groups::GroupArgs;
use super::{CONNECTION, GROUP, INPUT, OUTPUT};
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

pub(super) const PUSH_USAGE: &str = "\
pushgw push -j <JOB> [-l <NAME=VALUE>]... [OPTIONS] [FILE]...
       pushgw push -j <JOB> [-l <NAME=VALUE>]... [OPTIONS] -- <COMMAND>...
       pushgw push --groups <FILE> [OPTIONS]";

pub(super) const PUSH_SHORT: &str = "\
Examples:
  backup-metrics | pushgw push -j db_backup
  pushgw push -j db_backup -i db1 metrics.prom

All options: pushgw push --help, pushgw-push(1)";

pub(super) const PUSH_EXAMPLES: &str = "\
Examples:
  backup-metrics | pushgw push -j db_backup
  pushgw push -j db_backup -- backup-metrics        # only if it exits with 0
  pushgw push -j ci -l repo=\"$REPO\" metrics.prom
  pushgw push -j db_backup -i db1 -m 'backup_seconds 12.5' --type gauge
  pushgw push -j db_backup --dry-run metrics.prom
  pushgw push -j db_backup --diff metrics.prom
  pushgw push --groups groups.prom            # from pushgw show --all

Exit status: 0 success, 3 errors in the input; `pushgw --help` lists the others.";

pub(super) const ADD_USAGE: &str = "\
pushgw add -j <JOB> [-l <NAME=VALUE>]... [OPTIONS] [FILE]...
       pushgw add -j <JOB> [-l <NAME=VALUE>]... [OPTIONS] -- <COMMAND>...
       pushgw add --groups <FILE> [OPTIONS]";

pub(super) const ADD_SHORT: &str = "\
Examples:
  echo \"example_metric 4421\" | pushgw add -j db_backup
  pushgw add -j db_backup -i db1 metrics.prom

All options: pushgw add --help, pushgw-add(1)";

pub(super) const ADD_EXAMPLES: &str = "\
Examples:
  echo \"example_metric 4421\" | pushgw add -j db_backup
  pushgw add -j ci -l branch=main metrics.prom more.prom

Exit status: 0 success, 3 errors in the input; `pushgw --help` lists the others.";

pub(super) const CHECK_USAGE: &str = "pushgw check [GROUP] [OPTIONS] [FILE]...";

pub(super) const CHECK_SHORT: &str = "\
Examples:
  pushgw check metrics.prom
  curl -s http://localhost:8080/metrics | pushgw check --lint

All options: pushgw check --help, pushgw-check(1)";

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  pushgw check metrics.prom
  backup-metrics | pushgw check -j db_backup
  curl -s http://localhost:8080/metrics | pushgw check --lint
  pushgw check --lint --strict --message-format github *.prom

Exit status: 0 no errors, 3 errors; `pushgw --help` lists the others.";

pub(super) const CONVERT_USAGE: &str = "pushgw convert [OPTIONS] [FILE]...";

pub(super) const CONVERT_EXAMPLES: &str = "\
Examples:
  pushgw convert metrics.om > metrics.prom
  curl -s -H 'Accept: application/openmetrics-text' http://localhost:8080/metrics | pushgw convert

Exit status: 0 success, 3 errors in the input; `pushgw --help` lists the others.";

#[derive(Args, Debug)]
#[group(skip)]
#[expect(clippy::struct_excessive_bools, reason = "each is a command-line option")]
#[command(mut_arg("remote_write", |option| option.hide_short_help(false)))]
pub struct PushArgs {
    #[command(flatten, next_help_heading = GROUP)]
    pub group: GroupArgs,
    /// Push all groups of a file written by `pushgw show`
    ///
    /// In such a file a line `# pushgw group /metrics/job/...` comes before the metrics of each group; `-` is standard input.
    /// The whole file is checked before anything is sent. If the gateway rejects a group, the others are still pushed.
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        value_parser = OsStringValueParser::new().map(PathBuf::from),
        conflicts_with_all = ["job", "labels", "instance", "url", "files", "metrics", "producer", "dry_run", "diff", "as_curl"],
        help_heading = GROUP
    )]
    pub groups: Option<PathBuf>,
    #[command(flatten, next_help_heading = INPUT)]
    pub input: InputArgs,
    /// Run this command; push its output if it exits with 0
    ///
    /// A pipe can't tell whether its producer finished or failed halfway; this option can. If the command fails, nothing is sent,
    /// and pushgw exits with the command's status (128 plus the signal number if a signal killed it).
    #[arg(last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments,
          conflicts_with_all = ["files", "metrics"], help_heading = INPUT, display_order = 1)]
    pub producer: Vec<OsString>,
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
    /// Exit with 0 if the gateway cannot be reached
    ///
    /// A temporary failure, an unreachable gateway and a timeout (exit status 5, 6 and 7) become a warning, for jobs that
    /// must not fail because of their monitoring.
    #[arg(long, help_heading = CONNECTION, hide_short_help = true)]
    pub best_effort: bool,
    /// Print the request and send nothing
    ///
    /// Prints the method, the URL, the headers, an empty line and the body, after repairs and before --compress. Secrets are
    /// shown as REDACTED.
    #[arg(short = 'n', long, help_heading = OUTPUT)]
    pub dry_run: bool,
    /// Print what would change and send nothing
    ///
    /// Prints what the push would add, change and remove, compared with the group as it is on the gateway now. This
    /// fetches the gateway's whole store once.
    #[arg(long, help_heading = OUTPUT)]
    pub diff: bool,
    /// Print a curl command and send nothing
    ///
    /// The command sends the same request. It is quoted for a POSIX shell and contains the body as it would be sent, after
    /// repairs. Secrets are shown as REDACTED.
    #[arg(long, conflicts_with_all = ["dry_run", "diff"], help_heading = OUTPUT)]
    pub as_curl: bool,
    #[command(flatten, next_help_heading = OUTPUT)]
    pub report: ReportArgs,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct CheckArgs {
    #[command(flatten, next_help_heading = "Group to check against (optional)")]
    pub group: GroupArgs,
    /// Also check the conventions of promtool check metrics
    ///
    /// Each metric should have a HELP text and base units, written in full. `_total` is for counters only; `le`, `_bucket` and
    /// the like are for histograms only. Names should be in snake_case, without a colon and without the metric's type. A violation is
    /// a warning, or an error with --strict.
    #[arg(long, help_heading = INPUT)]
    pub lint: bool,
    #[command(flatten, next_help_heading = INPUT)]
    pub input: InputArgs,
    #[command(flatten, next_help_heading = OUTPUT)]
    pub report: ReportArgs,
}

#[derive(Args, Debug)]
#[group(skip)]
#[expect(clippy::struct_excessive_bools, reason = "each is a command-line option")]
pub struct InputArgs {
    /// Files to read; none, or `-`, means standard input
    ///
    /// Several files make one push. Nothing is sent unless all files were read and have no errors. Reading has no
    /// time limit: --timeout covers only the request.
    // clap's path parser rejects an empty path with a message that does not mention unset variables.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, display_order = 0,
          value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub files: Vec<PathBuf>,
    /// A line of metrics, such as 'backup_seconds 12.5'
    ///
    /// Repeatable. Standard input is then read only if a FILE is `-`. The lines come after the files.
    #[arg(short, long = "metric", value_name = "LINE")]
    pub metrics: Vec<OsString>,
    /// Format of the input: auto, prometheus or openmetrics
    ///
    /// `auto` reads a file as OpenMetrics if its last line is `# EOF`, and otherwise in the Prometheus text format.
    /// OpenMetrics 1.0 is checked strictly and converted as pushgw-convert(1) describes. With `openmetrics`, input that does
    /// not end with `# EOF` is an error: it was cut off. The lines of -m are always in the Prometheus format.
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "auto",
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub format: InputFormat,
    /// Type for metrics without a TYPE line, such as gauge
    ///
    /// One of gauge, counter and untyped. Adds a TYPE line before the first sample of each metric that has none. Without
    /// this option the gateway stores such metrics as untyped.
    #[arg(long = "type", value_name = "TYPE", hide_possible_values = true)]
    pub default_type: Option<DefaultType>,
    /// Remove timestamps, which a gateway rejects
    ///
    /// Without this option a timestamp is an error. Prometheus uses the time of the scrape for pushed metrics. With
    /// --remote-write timestamps are sent; this option sends the time of the push instead.
    #[arg(long)]
    pub strip_timestamps: bool,
    /// Accept input without samples; push empties the group
    ///
    /// Without this option such input is an error (exit status 3), because a producer that failed would delete the metrics
    /// of the last good run. With such input, add changes only push_time_seconds. With --remote-write nothing is sent, and nothing is deleted.
    #[arg(long)]
    pub allow_empty: bool,
    /// Report errors instead of repairing them
    ///
    /// Repairs are: adding the final newline, and removing CRs before newlines, a byte-order mark, trailing spaces, and
    /// repeated HELP and TYPE lines. No other byte is ever changed. -v reports each repair.
    #[arg(long, hide_short_help = true)]
    pub no_fix: bool,
    /// Treat warnings as errors
    ///
    /// Input with a warning is then rejected (exit status 3) and not pushed.
    #[arg(long)]
    pub strict: bool,
    /// Allow UTF-8 names, for gateways that accept them
    ///
    /// Only a gateway with --push.enable-utf8-names accepts quoted names with characters other than letters, digits and `_`,
    /// as in {"my.metric","my.label"="x"} 1. Without this option they are errors.
    #[arg(long, hide_short_help = true)]
    pub utf8_names: bool,
}

/// Options that control how problems in the text are reported.
#[derive(Args, Debug)]
#[group(skip)]
pub struct ReportArgs {
    /// Maximum number of problems to show
    ///
    /// The others are counted. Errors are shown before repairs, and repairs before warnings.
    #[arg(long, value_name = "N", default_value_t = 20, hide_short_help = true,
          value_parser = |text: &str| text.parse::<usize>().map_err(|_| "use a whole number such as 100"))]
    pub max_diagnostics: usize,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct ConvertArgs {
    /// Files to read; none, or `-`, means standard input
    ///
    /// Each file must be a complete text that ends with `# EOF`. The results are printed one after the other.
    // clap's path parser rejects an empty path with a message that does not mention unset variables.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, display_order = 0, help_heading = INPUT,
          value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub files: Vec<PathBuf>,
    /// Format of the input: openmetrics, auto or prometheus
    ///
    /// With `auto`, a file whose last line is not `# EOF` is in the Prometheus text format. It is checked and printed with
    /// the repairs that push would make.
    ///
    /// [default: openmetrics]
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "openmetrics",
        hide_possible_values = true,
        hide_default_value = true,
        help_heading = INPUT,
        display_order = 1
    )]
    pub format: InputFormat,
    /// Type for metrics without a TYPE line, such as gauge
    ///
    /// One of gauge, counter and untyped. Without this option such metrics get the type untyped.
    #[arg(long = "type", value_name = "TYPE", hide_possible_values = true, help_heading = INPUT, display_order = 2)]
    pub default_type: Option<DefaultType>,
    /// Remove timestamps
    ///
    /// A Pushgateway and the textfile collector of node_exporter reject timestamps. Without this option they are printed in
    /// milliseconds, as the text format requires.
    #[arg(long, help_heading = INPUT, display_order = 3)]
    pub strip_timestamps: bool,
    #[command(flatten, next_help_heading = OUTPUT)]
    pub report: ReportArgs,
}

/// Values of `--format` for input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// OpenMetrics if the last line is `# EOF`
    #[default]
    Auto,
    /// The Prometheus text format 0.0.4
    Prometheus,
    /// OpenMetrics 1.0
    Openmetrics,
}

/// Values of `--type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DefaultType {
    /// A value that can go up and down
    Gauge,
    /// A value that only goes up
    Counter,
    /// No type
    Untyped,
}
