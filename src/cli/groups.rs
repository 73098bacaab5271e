//! The options of the commands for groups that a gateway holds: `delete`, `list`, `show` and `status`.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the help text, which is no Markdown"
)]

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
  pushgw delete -f -j ci -l run=\"$RUN\"     # no look-up: for batch jobs
  pushgw delete --older-than 7d --dry-run
  pushgw delete --match job=ci --older-than 1d --yes

Exit status: 0 done, 8 no such group; the others are in `pushgw --help`.";

pub(super) const LIST_USAGE: &str = "pushgw list [SELECTION] [OPTIONS]";

pub(super) const LIST_EXAMPLES: &str = "\
Examples:
  pushgw list
  pushgw list -j video_processing
  pushgw list --match 'instance=~mp4_.*' --format json
  pushgw list --older-than 1d --sort age
  pushgw list --failed --metrics --watch

Exit status: 0 done, also where no group is listed; the others are in `pushgw --help`.";

pub(super) const SHOW_USAGE: &str = "pushgw show <GROUP | SELECTION> [OPTIONS]";

pub(super) const SHOW_EXAMPLES: &str = "\
Examples:
  pushgw show -j video_processing -i mp4_node1
  pushgw show -j db_backup | pushgw push -j db_backup -g http://new:9091
  pushgw show --all > groups.prom
  pushgw push --groups groups.prom

Exit status: 0 done, 8 no such group; the others are in `pushgw --help`.";

pub(super) const STATUS_USAGE: &str = "pushgw status [OPTIONS]";

pub(super) const STATUS_EXAMPLES: &str = "\
Examples:
  pushgw status
  pushgw status --format json | jq .scrape

Exit status: 0 healthy, 1 not healthy; the others are in `pushgw --help`.";

/// `delete`.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, taken down as given"
)]
pub struct DeleteArgs {
    /// The group.
    #[command(flatten, next_help_heading = GROUP)]
    pub group: GroupArgs,
    /// Delete without looking whether the group is there
    ///
    /// Without it, a group that is not there is an error (exit status 8) that names the groups of that job which
    /// do exist. The look reads the gateway's whole store, so batch jobs want this option. The gateway itself
    /// answers 202 to the deletion of anything, whether it was there or not.
    ///
    /// With --older-than or --failed: delete although the gateway refuses all pushes, which makes groups old and
    /// failed whose metrics are good.
    #[arg(short, long, help_heading = GROUP)]
    pub force: bool,
    /// The gateway runs with --push.enable-utf8-names
    ///
    /// -l then takes names with other characters than letters, digits and `_`.
    #[arg(long, help_heading = GROUP, hide_short_help = true)]
    pub utf8_names: bool,
    /// The groups.
    #[command(flatten, next_help_heading = SELECTION_INSTEAD)]
    pub selection: SelectionArgs,
    /// Every group
    #[arg(long, help_heading = SELECTION_INSTEAD)]
    pub all: bool,
    /// Delete the selected groups without asking
    #[arg(short, long, help_heading = SELECTION_INSTEAD)]
    pub yes: bool,
    /// Say what would be deleted and delete nothing
    #[arg(short = 'n', long, help_heading = SELECTION_INSTEAD)]
    pub dry_run: bool,
    /// How to reach the gateway.
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
    /// Print the selected groups: table, json or path
    ///
    /// With --dry-run those that would be deleted (as a table, unless told otherwise), else those that were (not at all,
    /// unless told). The formats are those of `pushgw list`.
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, help_heading = OUTPUT, hide_short_help = true)]
    pub format: Option<ListFormat>,
}

/// `list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Groups of this job; short for --match job=JOB
    #[arg(short, long, value_name = "JOB", help_heading = SELECTION)]
    pub job: Option<OsString>,
    /// The groups.
    #[command(flatten, next_help_heading = SELECTION)]
    pub selection: SelectionArgs,
    /// How to reach the gateway.
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
    /// Sort by group, age or series
    ///
    /// `group` is by job, then by the other labels. `age` has the oldest push first, and before it the groups that never had
    /// one. `series` has the group with most series first.
    #[arg(long, value_name = "KEY", default_value = "group", hide_possible_values = true, help_heading = OUTPUT)]
    pub sort: ListSort,
    /// Show each group's metrics, with type and series
    #[arg(long, help_heading = OUTPUT)]
    pub metrics: bool,
    /// TextStyle again every so many seconds [default: 2]
    ///
    /// Until it is interrupted. A gateway that answers slowly is asked less often, so that looking takes at most a tenth of
    /// the time.
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "2",
        help_heading = OUTPUT
    )]
    pub watch: Option<OsString>,
    /// Print as table, json or path
    ///
    /// `json` is one array of objects, with times in RFC 3339. `path` is a group's
    /// path as in its URL, /metrics/job/..., a line each. `table` is for people.
    #[arg(long, value_name = "FORMAT", default_value = "table", hide_possible_values = true, help_heading = OUTPUT)]
    pub format: ListFormat,
}

/// `show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The group.
    #[command(flatten, next_help_heading = GROUP)]
    pub group: GroupArgs,
    /// The gateway runs with --push.enable-utf8-names
    ///
    /// -l then takes names with other characters than letters, digits and `_`.
    #[arg(long, help_heading = GROUP, hide_short_help = true)]
    pub utf8_names: bool,
    /// The groups.
    #[command(flatten, next_help_heading = SELECTION_INSTEAD)]
    pub selection: SelectionArgs,
    /// Every group
    #[arg(long, help_heading = SELECTION_INSTEAD)]
    pub all: bool,
    /// How to reach the gateway.
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
}

/// `status`.
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// How to reach the gateway.
    #[command(flatten, next_help_heading = CONNECTION)]
    pub connection: ConnectionArgs,
    /// Print as table or json
    ///
    /// `json` is one object. `table` is for people.
    #[arg(long, value_name = "FORMAT", default_value = "table", hide_possible_values = true, help_heading = OUTPUT)]
    pub format: StatusFormat,
}

/// Which group.
#[derive(Args, Debug)]
pub struct GroupArgs {
    /// The group's job
    #[arg(short, long, value_name = "JOB")]
    pub job: Option<OsString>,
    /// One more label of the group's key; repeatable
    #[arg(short, long = "label", value_name = "NAME=VALUE")]
    pub labels: Vec<OsString>,
    /// Short for -l instance=VALUE
    #[arg(short, long, value_name = "VALUE")]
    pub instance: Option<OsString>,
    /// A whole group URL, as in a curl script
    ///
    /// For example http://gateway:9091/metrics/job/db_backup/instance/a. It names the gateway too, so it goes with
    /// none of -j, -l, -i and -g.
    #[arg(long, value_name = "URL", conflicts_with_all = ["job", "labels", "instance"])]
    pub url: Option<OsString>,
}

/// Which groups of those that are there.
#[derive(Args, Debug)]
pub struct SelectionArgs {
    /// By a label: NAME=VALUE, !=, =~REGEX or !~
    ///
    /// NAME=VALUE, NAME!=VALUE, NAME=~REGEX or NAME!~REGEX. Repeatable; all must hold. As in PromQL a regular expression
    /// fits the whole value, and a label that the group does not have is the empty string.
    #[arg(long = "match", value_name = "MATCHER")]
    pub matchers: Vec<OsString>,
    /// Last successful push older than this, or none
    ///
    /// Such as 90s, 2h, 7d. The gateway's clock decides.
    #[arg(long, value_name = "DURATION")]
    pub older_than: Option<OsString>,
    /// Last push failed
    #[arg(long)]
    pub failed: bool,
}

/// `list --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Table,
    /// One array.
    Json,
    /// One path a line.
    Path,
}

/// `list --sort`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListSort {
    /// By job, then by the other labels.
    Group,
    /// Oldest push first; those that never had one come before.
    Age,
    /// Most series first.
    Series,
}

/// `status --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// For people.
    Table,
    /// One object.
    Json,
}
