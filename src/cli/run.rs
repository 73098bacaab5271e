//! Options of `run` and `rules`.

use super::connection::ConnectionArgs;
use super::groups::GroupArgs;
use super::push::InputFormat;
use super::{CONNECTION, GROUP};
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

const JOB: &str = "Job";

pub(super) const RUN_USAGE: &str = "\
pushgw run -j <JOB> [-l <NAME=VALUE>]... [OPTIONS] -- <COMMAND>...";

pub(super) const RUN_SHORT: &str = "\
Examples:
  pushgw run -j db_backup -- backup
  pushgw run -j db_backup --expect-every 26h --expect-within 2h -- backup

All options: pushgw run --help, pushgw-run(1)";

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  pushgw run -j db_backup -- backup
  pushgw run -j db_backup --expect-every 26h --expect-within 2h -- backup
  pushgw run -j sync --ok-status 24 -- rsync -a /srv/ backup:/srv/
  pushgw run -j report -- sh -c 'echo \"rows 12\" >>\"$PUSHGW_METRICS\"'
  pushgw run -j db_backup -- timeout 2h nice backup
  pushgw rules > /etc/prometheus/rules/jobs.yml

Exit status: the status of COMMAND; 125 if pushgw can't run it, 126 or 127 if it can't start.";

pub(super) const RULES_EXAMPLES: &str = "\
Examples:
  pushgw rules > /etc/prometheus/rules/jobs.yml
  pushgw rules --remote-write | promtool check rules

All options: pushgw rules --help, pushgw-rules(1)";

#[derive(Args, Debug)]
#[group(skip)]
#[expect(clippy::struct_excessive_bools, reason = "each is a command-line option")]
pub struct RunArgs {
    #[command(flatten, next_help_heading = GROUP)]
    pub group: GroupArgs,
    /// Allow UTF-8 names, for gateways that accept them
    ///
    /// For a gateway with --push.enable-utf8-names: names of labels and metrics can then have characters other than letters,
    /// digits and `_`.
    #[arg(long, help_heading = GROUP, hide_short_help = true)]
    pub utf8_names: bool,
    /// Command to run, with its arguments
    ///
    /// It gets the standard input, output and error of pushgw, and the signals that pushgw receives. It does not get
    /// the variables PUSHGATEWAY_PASSWORD, PUSHGATEWAY_BEARER_TOKEN and PUSHGATEWAY_HEADER, nor PUSHGATEWAY_URL and
    /// PUSHGATEWAY_REMOTE_WRITE if their URL has a user or a query.
    #[arg(last = true, required = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments,
          help_heading = JOB)]
    pub command: Vec<OsString>,
    /// Maximum time between successes, such as 26h
    ///
    /// Pushed as job_expected_interval_seconds, for the alert JobOverdue of `pushgw rules`.
    #[arg(long, value_name = "DURATION", help_heading = JOB)]
    pub expect_every: Option<OsString>,
    /// Maximum duration of a run, such as 2h
    ///
    /// Pushed as job_expected_duration_seconds, for the alert JobHung of `pushgw rules`. The start is then pushed too, while
    /// the command runs, so that a run that never ends is noticed.
    #[arg(long, value_name = "DURATION", help_heading = JOB)]
    pub expect_within: Option<OsString>,
    /// Other statuses that mean success, such as 24
    ///
    /// Separated by commas, or repeated. pushgw still exits with the status of the command.
    #[arg(long, value_name = "N[,N]...", help_heading = JOB)]
    pub ok_status: Vec<OsString>,
    /// File with metrics that the command writes
    ///
    /// They are pushed with the report if the command succeeds. A file that the command did not write is ignored, with a warning.
    /// A command can also append metrics to the file that the variable PUSHGW_METRICS names.
    // clap's path parser rejects an empty path with a message that does not mention unset variables.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = JOB,
          value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub metrics: Option<PathBuf>,
    /// Format of the metrics: auto, prometheus or openmetrics
    ///
    /// Applies to the files of --metrics and PUSHGW_METRICS. `auto` is OpenMetrics if the last line is `# EOF`.
    #[arg(long, value_name = "FORMAT", default_value = "auto", hide_possible_values = true, hide_short_help = true,
          help_heading = JOB)]
    pub format: InputFormat,
    /// Remove timestamps, which the gateway rejects
    ///
    /// Without this option, a timestamp in the metrics of the command is an error, and only the report is pushed.
    #[arg(long, hide_short_help = true, help_heading = JOB)]
    pub strip_timestamps: bool,
    /// Push the command's metrics after failures, too
    #[arg(long, help_heading = JOB)]
    pub metrics_always: bool,
    /// A line of metrics, such as 'backup_files 12'
    ///
    /// Repeatable. The lines are pushed together with the metrics of the command.
    #[arg(short, long = "metric", value_name = "LINE", help_heading = JOB)]
    pub metric_lines: Vec<OsString>,
    /// Prefix of metric names
    ///
    /// With `--prefix nightly` the metrics are nightly_last_exit_status and so on. `pushgw rules` has the same option.
    #[arg(long, value_name = "PREFIX", default_value = "job", help_heading = JOB)]
    pub prefix: OsString,
    /// If only the push fails, exit with its status
    ///
    /// Without this option pushgw always exits with the status of the command, and a failed report is a warning.
    #[arg(long, help_heading = JOB)]
    pub require_push: bool,
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct RulesArgs {
    /// Prefix of metric names
    ///
    /// The same value as --prefix of `pushgw run`. The names of the alerts do not change.
    #[arg(long, value_name = "PREFIX", default_value = "job", help_heading = JOB)]
    pub prefix: OsString,
    /// Rules for metrics that arrive by remote write
    ///
    /// Wraps each metric in last_over_time over 14 days, because a sample disappears from queries after 5 minutes.
    #[arg(long, help_heading = JOB)]
    pub remote_write: bool,
}
