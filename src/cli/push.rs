//! The options of `push`, `add` and `check`.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the help text, which is no Markdown"
)]

use super::connection::ConnectionArgs;
use super::groups::GroupArgs;
use super::{CONNECTION, GROUP, INPUT, OUTPUT};
use crate::output::MessageFormat;
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
  pushgw push -j db_backup -- backup-metrics        # only if it exits 0
  pushgw push -j ci -l repo=\"$REPO\" metrics.prom
  pushgw push -j db_backup -i db1 -m 'backup_seconds 12.5' --type gauge
  pushgw push -j db_backup --dry-run metrics.prom
  pushgw push -j db_backup --dry-run --diff metrics.prom
  pushgw push --groups groups.prom          # what `pushgw show --all` printed

Exit status: 0 done, 3 the input is at fault; the others are in `pushgw --help`.";

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

Exit status: 0 done, 3 the input is at fault; the others are in `pushgw --help`.";

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

Exit status: 0 no error, 3 an error; the others are in `pushgw --help`.";

/// `push` and `add`.
#[derive(Args, Debug)]
pub struct PushArgs {
    /// The group.
    #[command(flatten, next_help_heading = GROUP)]
    pub group: GroupArgs,
    /// Push each group of a file that `pushgw show` printed
    ///
    /// Such a file has a line `# pushgw group /metrics/job/...` before each group's metrics; `-` is standard input.
    /// All of it is checked before anything is sent; a group that the gateway refuses stops none of the others.
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        conflicts_with_all = ["job", "labels", "instance", "url", "files", "metrics", "producer", "dry_run", "diff", "as_curl"],
        help_heading = GROUP
    )]
    pub groups: Option<PathBuf>,
    /// The text.
    #[command(flatten, next_help_heading = INPUT)]
    pub input: InputArgs,
    /// Run this and push what it writes, if it exits 0
    ///
    /// A pipe can't tell a producer that is done from one that died half way; this can. If the command fails, nothing
    /// is sent, and pushgw exits as the command did (128 and the signal's number where one ended it).
    #[arg(last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments,
          conflicts_with_all = ["files", "metrics"], help_heading = INPUT, display_order = 1)]
    pub producer: Vec<OsString>,
    /// How to reach the gateway.
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
    /// Print the request and send nothing
    ///
    /// Prints the method, the URL, the headers, a blank line and the body, repairs included. Secrets are shown as
    /// REDACTED, and the body as it is before --compress.
    #[arg(short = 'n', long, help_heading = OUTPUT)]
    pub dry_run: bool,
    /// With -n: print what would change in the group
    ///
    /// Tells what the push would add, change and remove, compared with the group as the gateway has it now. It is one look
    /// at the gateway's whole store.
    #[arg(long, requires = "dry_run", help_heading = OUTPUT)]
    pub diff: bool,
    /// Print the curl command instead; send nothing
    ///
    /// It does the same, is quoted for a POSIX shell and carries the body as it would be sent, repairs included. Secrets are
    /// shown as REDACTED.
    #[arg(long, conflicts_with_all = ["dry_run", "diff"], help_heading = OUTPUT)]
    pub as_curl: bool,
    /// How problems are told.
    #[command(flatten, next_help_heading = OUTPUT)]
    pub report: ReportArgs,
}

/// `check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The group whose labels the text would meet.
    #[command(flatten, next_help_heading = "Group it would go to (optional)")]
    pub group: GroupArgs,
    /// Also check the conventions of promtool check metrics
    ///
    /// They are a HELP text for each metric, base units in full, `_total` for counters and for them alone, `le`, `_bucket`
    /// and their like for histograms alone, names in snake_case without a colon or the metric's type. What departs from
    /// them is a warning, and an error with --strict.
    #[arg(long, help_heading = INPUT)]
    pub lint: bool,
    /// The text.
    #[command(flatten, next_help_heading = INPUT)]
    pub input: InputArgs,
    /// How problems are told.
    #[command(flatten, next_help_heading = OUTPUT)]
    pub report: ReportArgs,
}

/// Which text, and how it is read.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, taken down as given"
)]
pub struct InputArgs {
    /// Files of metrics; none, or `-`: standard input
    ///
    /// Several files make one push. Nothing is sent unless all of it was read and is in order. Reading waits for
    /// the producer as long as it takes: --timeout covers the request alone.
    // clap's own reader of paths has an empty one refused in its words, without ours on unset variables.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, display_order = 0,
          value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub files: Vec<PathBuf>,
    /// A line of metrics, as 'example_metric 4421'
    ///
    /// Repeatable. Standard input is then read only for a FILE of `-`. The lines come behind the files.
    #[arg(short, long = "metric", value_name = "LINE")]
    pub metrics: Vec<OsString>,
    /// Type where there is none: gauge, counter or untyped
    ///
    /// Declares the type of every metric that has samples but no TYPE line: a line is put before the first sample of each.
    /// Without it the gateway stores such metrics as untyped.
    #[arg(long = "type", value_name = "TYPE", hide_possible_values = true)]
    pub default_type: Option<DefaultType>,
    /// Drop timestamps, which the gateway refuses
    ///
    /// Without it a timestamp is an error. What was pushed counts from when Prometheus fetches it.
    #[arg(long)]
    pub strip_timestamps: bool,
    /// Take input without samples, which empties the group
    ///
    /// Without it such input is an error (exit status 3): a producer that failed would wipe what the last good run left.
    #[arg(long)]
    pub allow_empty: bool,
    /// Do not repair: what would have been repaired is an error
    ///
    /// The repairs are those of a missing final newline, CRLF, a byte-order mark and trailing blanks. No other byte is ever
    /// changed; -v tells each of them.
    #[arg(long, hide_short_help = true)]
    pub no_fix: bool,
    /// Warnings are errors
    ///
    /// A text with a warning is refused then (exit status 3) instead of pushed.
    #[arg(long)]
    pub strict: bool,
    /// The gateway runs with --push.enable-utf8-names
    ///
    /// Only such a gateway takes names in quotes with other characters than letters, digits and `_`, as in
    /// {"my.metric","my.label"="x"} 1. Without this option they are errors.
    #[arg(long, hide_short_help = true)]
    pub utf8_names: bool,
}

/// How problems of the text are told.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// Show at most this many problems; the rest is counted
    ///
    /// Errors go before repairs, and repairs before warnings.
    #[arg(long, value_name = "N", default_value_t = 20, hide_short_help = true)]
    pub max_diagnostics: usize,
    /// Problems: human, short, json or github
    ///
    /// `human` shows the line with a mark under the fault. `short` is file:line:column: severity: message, as compilers
    /// print it. `json` is one object a line, with severity, code, file, line, column, message and help. `github` is the
    /// workflow commands of GitHub Actions. Lines and columns count from 1, columns in characters; the file is `<stdin>`
    /// for standard input and `<metric>` for -m.
    ///
    /// [default: human]
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub message_format: MessageFormat,
}

/// `--type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DefaultType {
    /// A value that goes up and down.
    Gauge,
    /// A value that only goes up.
    Counter,
    /// A value of which nothing is known.
    Untyped,
}
