//! Options of the commands for existing groups: `delete`, `list`, `show` and `status`.

use super::connection::ConnectionArgs;
use super::{CONNECTION, GROUP, OUTPUT};
use clap::{Args, ValueEnum};
use std::ffi::OsString;

const SELECTION: &str = "Selection";
const SELECTION_INSTEAD: &str = "Selection (in place of a group)";

pub(super) const DELETE_USAGE: &str = "pushgw delete <GROUP | SELECTION> [OPTIONS]";

pub(super) const DELETE_EXAMPLES: &str = "\
Examples:
  pushgw delete -j db_backup
  pushgw delete -j video_processing -i mp4_node1
  pushgw delete -f -j ci -l run=\"$RUN\"     # no query first: for batch jobs
  pushgw delete --older-than 7d --dry-run
  pushgw delete --match job=ci --older-than 1d --yes

Exit status: 0 success, 8 no such group; `pushgw --help` lists the others.";

pub(super) const LIST_USAGE: &str = "pushgw list [SELECTION] [OPTIONS]";

pub(super) const LIST_EXAMPLES: &str = "\
Examples:
  pushgw list
  pushgw list -j video_processing
  pushgw list --match 'instance=~mp4_.*' --format json
  pushgw list --older-than 1d --sort age
  pushgw list --failed --metrics --watch

Exit status: 0 success, even if no group is listed; `pushgw --help` lists the others.";

pub(super) const SHOW_USAGE: &str = "pushgw show <GROUP | SELECTION> [OPTIONS]";

pub(super) const SHOW_EXAMPLES: &str = "\
Examples:
  pushgw show -j video_processing -i mp4_node1
  pushgw show -j db_backup | pushgw push -j db_backup -g http://new:9091
  pushgw show --all > groups.prom
  pushgw push --groups groups.prom

Exit status: 0 success, 8 no such group; `pushgw --help` lists the others.";

pub(super) const STATUS_USAGE: &str = "pushgw status [OPTIONS]";

pub(super) const STATUS_EXAMPLES: &str = "\
Examples:
  pushgw status
  pushgw status --format json | jq .scrape

Exit status: 0 healthy, 1 not healthy; `pushgw --help` lists the others.";

#[derive(Args, Debug)]
#[group(skip)]
#[command(mut_arg("remote_write", |option| option.hide(true)))]
#[command(mut_arg("remote_write_version", |option| option.hide(true)))]
#[expect(clippy::struct_excessive_bools, reason = "each is a command-line option")]
pub struct DeleteArgs {
    #[command(flatten, next_help_heading = GROUP)]
    pub group: GroupArgs,
    /// Delete without checking that the group exists
    ///
    /// Without this option a group that does not exist is an error (exit status 8), which lists the existing groups of that
    /// job. The check reads the gateway's whole store, so batch jobs should use this option. The gateway itself answers 202
    /// to every deletion, whether the group exists or not.
    ///
    /// With --older-than or --failed: delete even if the gateway rejects every push, which makes healthy groups look old or
    /// failed. With --older-than: also delete even if the gateway's clock differs from this machine's.
    #[arg(short, long, help_heading = GROUP)]
    pub force: bool,
    /// Allow UTF-8 label names, for gateways that accept them
    ///
    /// For a gateway with --push.enable-utf8-names: -l then accepts names with characters other than letters, digits and
    /// `_`.
    #[arg(long, help_heading = GROUP, hide_short_help = true)]
    pub utf8_names: bool,
    #[command(flatten, next_help_heading = SELECTION_INSTEAD)]
    pub selection: SelectionArgs,
    /// All groups
    #[arg(long, help_heading = SELECTION_INSTEAD)]
    pub all: bool,
    /// Delete the selected groups without asking
    #[arg(short, long, help_heading = SELECTION_INSTEAD)]
    pub yes: bool,
    /// Print what would be deleted and delete nothing
    #[arg(short = 'n', long, help_heading = SELECTION_INSTEAD)]
    pub dry_run: bool,
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
    /// Print a curl command for one group and delete nothing
    ///
    /// The command sends the same request, without a check that the group exists. It is quoted for a POSIX shell. Secrets
    /// are shown as REDACTED.
    #[arg(long, conflicts_with = "dry_run", help_heading = OUTPUT, hide_short_help = true)]
    pub as_curl: bool,
    /// Print the selected groups as table, json or path
    ///
    /// Without --dry-run, prints the groups that were deleted; by default none are printed. With --dry-run, prints the groups
    /// that would be deleted; by default as a table. The formats are the same as in `pushgw list`.
    #[arg(short = 'o', long, value_name = "FORMAT", hide_possible_values = true, help_heading = OUTPUT, hide_short_help = true)]
    pub format: Option<ListFormat>,
}

#[derive(Args, Debug)]
#[group(skip)]
#[command(mut_arg("textfile", |option| option.hide(true)))]
#[command(mut_arg("remote_write", |option| option.hide(true)))]
#[command(mut_arg("remote_write_version", |option| option.hide(true)))]
pub struct ListArgs {
    /// Groups of this job; short for --match job=JOB
    #[arg(short, long, value_name = "JOB", help_heading = SELECTION)]
    pub job: Option<OsString>,
    /// Groups with this label; repeatable
    #[arg(short, long = "label", value_name = "NAME=VALUE", help_heading = SELECTION)]
    pub labels: Vec<OsString>,
    /// Short for -l instance=VALUE
    #[arg(short, long, value_name = "VALUE", help_heading = SELECTION)]
    pub instance: Option<OsString>,
    #[command(flatten, next_help_heading = SELECTION)]
    pub selection: SelectionArgs,
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
    /// Sort by group, age or series
    ///
    /// `group` sorts by job, then by the other labels. `age` lists groups that never had a successful push first, then the
    /// oldest push. `series` lists the group with the most series first.
    #[arg(long, value_name = "KEY", default_value = "group", hide_possible_values = true, help_heading = OUTPUT)]
    pub sort: ListSort,
    /// Print each group's metrics, with type and series
    #[arg(long, help_heading = OUTPUT)]
    pub metrics: bool,
    /// Do not shorten anything, even on a narrow terminal
    #[arg(long, help_heading = OUTPUT, hide_short_help = true)]
    pub wide: bool,
    /// Repeat the list every SECONDS [default: 2]
    ///
    /// Runs until interrupted. A slow gateway is queried less often, so that queries take at most a tenth of the time.
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "2",
        help_heading = OUTPUT
    )]
    pub watch: Option<OsString>,
    /// Output format: table, json or path
    ///
    /// `table` is for people. `json` is an array of objects, with times in RFC 3339. `path` is one line per group: the path
    /// of its URL, such as /metrics/job/ci.
    #[arg(short = 'o', long, value_name = "FORMAT", default_value = "table", hide_possible_values = true, help_heading = OUTPUT)]
    pub format: ListFormat,
}

#[derive(Args, Debug)]
#[group(skip)]
#[command(mut_arg("textfile", |option| option.hide(true)))]
#[command(mut_arg("remote_write", |option| option.hide(true)))]
#[command(mut_arg("remote_write_version", |option| option.hide(true)))]
pub struct ShowArgs {
    #[command(flatten, next_help_heading = GROUP)]
    pub group: GroupArgs,
    /// Allow UTF-8 label names, for gateways that accept them
    ///
    /// For a gateway with --push.enable-utf8-names: -l then accepts names with characters other than letters, digits and
    /// `_`.
    #[arg(long, help_heading = GROUP, hide_short_help = true)]
    pub utf8_names: bool,
    #[command(flatten, next_help_heading = SELECTION_INSTEAD)]
    pub selection: SelectionArgs,
    /// All groups
    #[arg(long, help_heading = SELECTION_INSTEAD)]
    pub all: bool,
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
}

const CHECK_RECEIVER: &str = "Check a remote-write receiver";
const CHECK_RECEIVER_LONG: &str = "Check a remote-write receiver

Sends a request without samples, which stores nothing, instead of querying a gateway. Shows whether the receiver accepts \
it, and in which version. The URL is used as given; the default path is /api/v1/write, the default scheme http://. Values \
in the query string are never shown.

[env: PUSHGATEWAY_REMOTE_WRITE]";

#[derive(Args, Debug)]
#[group(skip)]
#[command(mut_arg("textfile", |option| option.hide(true)))]
#[command(mut_arg("remote_write", |option| option.help(CHECK_RECEIVER).long_help(CHECK_RECEIVER_LONG)))]
pub struct StatusArgs {
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
    /// Repeat the check every SECONDS [default: 2]
    ///
    /// Runs until interrupted. A slow gateway is queried less often, so that queries take at most a tenth of the time.
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "2",
        help_heading = OUTPUT
    )]
    pub watch: Option<OsString>,
    /// Output format: table or json
    ///
    /// `table` is for people. `json` is one object.
    #[arg(short = 'o', long, value_name = "FORMAT", default_value = "table", hide_possible_values = true, help_heading = OUTPUT)]
    pub format: StatusFormat,
}

/// Options that identify one group by its job and other labels.
#[derive(Args, Debug)]
#[group(skip)]
pub struct GroupArgs {
    /// The group's job
    #[arg(short, long, value_name = "JOB")]
    pub job: Option<OsString>,
    /// Another label of the group; repeatable
    #[arg(short, long = "label", value_name = "NAME=VALUE")]
    pub labels: Vec<OsString>,
    /// Short for -l instance=VALUE
    #[arg(short, long, value_name = "VALUE")]
    pub instance: Option<OsString>,
    /// URL of the group, as in a curl command, or its path
    ///
    /// For example http://gateway:9091/metrics/job/db_backup/instance/a, which includes the gateway. A path, as printed by
    /// list --format path, is a group on the gateway of -g. This option can't be combined with -j, -l or -i.
    #[arg(long, value_name = "URL", conflicts_with_all = ["job", "labels", "instance"])]
    pub url: Option<OsString>,
}

/// Conditions for groups, all of which must hold.
#[derive(Args, Debug)]
#[group(skip)]
pub struct SelectionArgs {
    /// Groups by label: NAME=VALUE, !=, =~REGEX or !~
    ///
    /// NAME=VALUE, NAME!=VALUE, NAME=~REGEX or NAME!~REGEX. Repeatable: a group must match all of them. As in PromQL, a
    /// regular expression must match the whole value, and a label that the group does not have is the empty string. Several
    /// matchers can be written in braces, as list prints them: '{job="ci",repo="a"}'. In a script, quote a
    /// variable, as in --match "job=\"$JOB\"": if its value begins with `~`, job=$JOB would be a regular expression.
    #[arg(long = "match", value_name = "MATCHER")]
    pub matchers: Vec<OsString>,
    /// Groups without a successful push for this long
    ///
    /// Groups whose last successful push is older than this, such as 90s, 2h or 7d, or that never had one. Ages are
    /// measured by the gateway's clock. If it differs from this machine's by more than five minutes, delete requires --force.
    #[arg(long, value_name = "DURATION")]
    pub older_than: Option<OsString>,
    /// Groups whose last push failed
    #[arg(long)]
    pub failed: bool,
}

/// The values of `list --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Table,
    /// One array
    Json,
    /// One path per line
    Path,
}

/// The values of `list --sort`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListSort {
    /// By job, then by the other labels
    Group,
    /// Groups without a successful push first, then the oldest push
    Age,
    /// The most series first
    Series,
}

/// The values of `status --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// For people
    Table,
    /// One object
    Json,
}
