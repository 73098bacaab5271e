//! The command line as clap reads it: structs and help text, nothing else. Of a line that clap refuses, `mistake` tells
//! what was meant; of a line that is still being typed, `line` tells what can follow.
//!
//! Conventions: every option has a one-line summary, a blank line, then the details with the default and what it
//! goes with; a value's name is an upper-case noun; what is given is only taken down here, and everything that
//! needs the environment, a file or another option is decided in `config`. No option uses clap's `env`: a variable
//! would count as "given" in conflicts; the help names the variables and `config` reads them.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the help text, which is no Markdown"
)]

pub mod deferred;
pub mod parse;
pub mod suggest;

use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use deferred::Deferred;
use std::ffi::OsString;
use std::path::PathBuf;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const CONNECTION: &str = "Connection";
const GROUP: &str = "Group";
const INPUT: &str = "Input";
const OUTPUT: &str = "Output";
const SELECTION: &str = "Selection";
const SELECTION_INSTEAD: &str = "Selection (in place of a group)";

const SHORT_EXAMPLES: &str = "\
Examples:
  backup-metrics | pushgw push -j db_backup
  pushgw push -j db_backup metrics.prom
  pushgw list --older-than 1d
  pushgw delete -j db_backup

More: pushgw COMMAND -h, pushgw COMMAND --help, pushgw --help, pushgw(1)";

/// Also the source of the table in the manual pages.
const LONG_EXAMPLES: &str = "\
Examples:
  backup-metrics | pushgw push -j db_backup       # push what a program prints
  pushgw push -j db_backup -i db1 metrics.prom    # push a file, as instance db1
  pushgw check metrics.prom                       # would the gateway take it?
  pushgw list                                     # what the gateway holds
  pushgw list --older-than 1d                     # what nobody pushes any more
  pushgw delete -j db_backup -i db1               # delete one group
  pushgw delete --older-than 7d                   # delete stale groups; asks first

Exit status:
  0  done
  1  anything else: an unreadable file, another server's answer, status of an unhealthy gateway
  2  usage: every fault of the group, the selection, the URL, a duration or an option
  3  the input is not what a gateway accepts; nothing was sent
  4  the gateway refused: any 3xx, any other 4xx
  5  failed for now: 5xx, 408, 425, 429
  6  unreachable: name look-up, connect, TLS, reset, closed without an answer
  7  timed out: it may have been stored
  8  no such group

The exit status of a COMMAND that fails is passed on (push, add).";

/// Push metrics to a Prometheus Pushgateway, checked before they are sent
///
/// A Pushgateway keeps what jobs push until Prometheus fetches it, and after. It keeps it in groups: a job (-j) and any
/// labels (-l NAME=VALUE) name one, and what is pushed there stays until it is replaced or deleted. The gateway is
/// http://localhost:9091, or the one that -g or PUSHGATEWAY_URL names.
///
/// `pushgw COMMAND -h` shows the options of a command that are used most, `pushgw COMMAND --help` explains all of them.
#[derive(Debug, Parser)]
#[command(name = "pushgw", version, styles = STYLES)]
#[command(after_help = SHORT_EXAMPLES, after_long_help = LONG_EXAMPLES)]
#[command(override_usage = "pushgw <COMMAND> [OPTIONS]")]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to say it.
    #[command(flatten, next_help_heading = OUTPUT)]
    pub output: OutputArgs,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = OUTPUT, hide_short_help = true,
          display_order = 905)]
    pub version: Option<bool>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replace a group's metrics (HTTP PUT)
    ///
    /// What the group held before is gone; a group that isn't there is made. All that the gateway would refuse, or take
    /// with harm to follow, is told before anything is sent. A text that only lacks its last newline, or has line ends of
    /// Windows or blanks at the ends of lines, is repaired.
    #[command(override_usage = PUSH_USAGE, after_help = PUSH_SHORT, after_long_help = PUSH_EXAMPLES)]
    Push(Deferred<PushArgs>),
    /// Replace only those metrics of a group that are pushed (HTTP POST)
    ///
    /// The group's metrics of other names stay as they are; a group that isn't there is made. Of a metric that is pushed
    /// all series are replaced, not only those with the same labels. Otherwise it is like push.
    #[command(override_usage = ADD_USAGE, after_help = ADD_SHORT, after_long_help = ADD_EXAMPLES)]
    Add(Deferred<PushArgs>),
    /// Delete one group, or all groups of a selection (HTTP DELETE)
    ///
    /// -j, -l and -i name one group by all of its labels: `pushgw delete -j ci` deletes the group that has the job alone,
    /// and no other group of that job. For several groups there is the selection: `pushgw delete --match job=ci`. On a
    /// terminal a selection is shown first, and deleted after a yes; elsewhere it needs --yes.
    #[command(override_usage = DELETE_USAGE, after_help = "All options: pushgw delete --help, pushgw-delete(1)")]
    #[command(after_long_help = DELETE_EXAMPLES)]
    Delete(Deferred<DeleteArgs>),
    /// List the gateway's groups: how large, how old, in which state
    ///
    /// LAST PUSH is the time since the last push that was taken, by the gateway's clock, or `never`. STATE is `ok` where the
    /// last push was taken, and `failed` where it was refused.
    #[command(override_usage = LIST_USAGE, after_help = "All options: pushgw list --help, pushgw-list(1)")]
    #[command(after_long_help = LIST_EXAMPLES)]
    List(Deferred<ListArgs>),
    /// Print groups' metrics as text that can be pushed again
    ///
    /// A group that is named is printed as it is. Groups of a selection are each preceded by a line that names the group,
    /// which `pushgw push --groups` reads: a backup, or the way to another gateway.
    #[command(override_usage = SHOW_USAGE, after_help = "All options: pushgw show --help, pushgw-show(1)")]
    #[command(after_long_help = SHOW_EXAMPLES)]
    Show(Deferred<ShowArgs>),
    /// Tell whether the gateway works, and how to heal it if not
    ///
    /// Asks whether it is a Pushgateway, whether it is healthy and ready, and whether Prometheus can scrape it. Where a
    /// group makes scrapes or pushes fail, it is named with the command that heals it, and the exit status is 1.
    #[command(override_usage = STATUS_USAGE, after_help = "All options: pushgw status --help, pushgw-status(1)")]
    #[command(after_long_help = STATUS_EXAMPLES)]
    Status(Deferred<StatusArgs>),
    /// Check metrics without sending them; needs no gateway
    ///
    /// Gives the verdict of a Pushgateway on the text, with every fault at its place, its reason and its cure, and not the
    /// first fault alone. Unlike `promtool check metrics` it knows the rules of the gateway, which refuses timestamps,
    /// series given twice and names that clash; --lint adds the conventions that promtool checks.
    ///
    /// The problems are the result, on standard output; a last line on standard error counts them if one is an error, and
    /// with -v or on a terminal. An `error` is refused by the gateway, or taken with harm to follow. What is `fixed` is refused as written, and push and add
    /// repair it without changing what it means. A `warning` is taken, but something else is stored than was written, or
    /// it harms later. The exit status is 0 where there is no error and 3 where there is one. pushgw-check(1) explains
    /// each problem by the name in its brackets.
    #[command(override_usage = CHECK_USAGE, after_help = CHECK_SHORT, after_long_help = CHECK_EXAMPLES)]
    Check(Deferred<CheckArgs>),
    /// Print the completion script of a shell
    ///
    /// The tab key then completes commands, options, values and file names, and jobs and labels from the gateway, which is
    /// given a second to answer. Packages install the scripts for everybody.
    #[command(override_usage = "pushgw completions <bash|zsh|fish>", after_long_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell: bash, zsh or fish
        #[arg(value_name = "SHELL", help_heading = INPUT, hide_possible_values = true)]
        shell: Shell,
    },
}

// The usages are also the synopses of the manual pages. Continuation lines stand below the text behind `Usage: `.
const PUSH_USAGE: &str = "\
pushgw push -j <JOB> [-l <NAME=VALUE>]... [OPTIONS] [FILE]...
       pushgw push -j <JOB> [-l <NAME=VALUE>]... [OPTIONS] -- <COMMAND>...
       pushgw push --groups <FILE> [OPTIONS]";

const ADD_USAGE: &str = "\
pushgw add -j <JOB> [-l <NAME=VALUE>]... [OPTIONS] [FILE]...
       pushgw add -j <JOB> [-l <NAME=VALUE>]... [OPTIONS] -- <COMMAND>...
       pushgw add --groups <FILE> [OPTIONS]";

const DELETE_USAGE: &str = "pushgw delete <GROUP | SELECTION> [OPTIONS]";

const LIST_USAGE: &str = "pushgw list [SELECTION] [OPTIONS]";

const SHOW_USAGE: &str = "pushgw show <GROUP | SELECTION> [OPTIONS]";

const STATUS_USAGE: &str = "pushgw status [OPTIONS]";

const CHECK_USAGE: &str = "pushgw check [GROUP] [OPTIONS] [FILE]...";

const PUSH_SHORT: &str = "\
Examples:
  backup-metrics | pushgw push -j db_backup
  pushgw push -j db_backup -i db1 metrics.prom

All options: pushgw push --help, pushgw-push(1)";

const PUSH_EXAMPLES: &str = "\
Examples:
  backup-metrics | pushgw push -j db_backup
  pushgw push -j db_backup -- backup-metrics        # only if it exits 0
  pushgw push -j ci -l repo=\"$REPO\" metrics.prom
  pushgw push -j db_backup -i db1 -m 'backup_seconds 12.5' --type gauge
  pushgw push -j db_backup --dry-run metrics.prom
  pushgw push -j db_backup --dry-run --diff metrics.prom
  pushgw push --groups groups.prom          # what `pushgw show --all` printed

Exit status: 0 done, 3 the input is at fault; the others are in `pushgw --help`.";

const ADD_SHORT: &str = "\
Examples:
  echo \"example_metric 4421\" | pushgw add -j db_backup
  pushgw add -j db_backup -i db1 metrics.prom

All options: pushgw add --help, pushgw-add(1)";

const ADD_EXAMPLES: &str = "\
Examples:
  echo \"example_metric 4421\" | pushgw add -j db_backup
  pushgw add -j ci -l branch=main metrics.prom more.prom

Exit status: 0 done, 3 the input is at fault; the others are in `pushgw --help`.";

const DELETE_EXAMPLES: &str = "\
Examples:
  pushgw delete -j db_backup
  pushgw delete -j video_processing -i mp4_node1
  pushgw delete -f -j ci -l run=\"$RUN\"     # no look-up: for batch jobs
  pushgw delete --older-than 7d --dry-run
  pushgw delete --match job=ci --older-than 1d --yes

Exit status: 0 done, 8 no such group; the others are in `pushgw --help`.";

const LIST_EXAMPLES: &str = "\
Examples:
  pushgw list
  pushgw list -j video_processing
  pushgw list --match 'instance=~mp4_.*' --format json
  pushgw list --older-than 1d --sort age
  pushgw list --failed --metrics --watch

Exit status: 0 done, also where no group is listed; the others are in `pushgw --help`.";

const SHOW_EXAMPLES: &str = "\
Examples:
  pushgw show -j video_processing -i mp4_node1
  pushgw show -j db_backup | pushgw push -j db_backup -g http://new:9091
  pushgw show --all > groups.prom
  pushgw push --groups groups.prom

Exit status: 0 done, 8 no such group; the others are in `pushgw --help`.";

const STATUS_EXAMPLES: &str = "\
Examples:
  pushgw status
  pushgw status --format json | jq .scrape

Exit status: 0 healthy, 1 not healthy; the others are in `pushgw --help`.";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(pushgw completions bash)         # in ~/.bashrc
  source <(pushgw completions zsh)          # in ~/.zshrc, behind compinit
  pushgw completions fish > ~/.config/fish/completions/pushgw.fish";

const CHECK_SHORT: &str = "\
Examples:
  pushgw check metrics.prom
  curl -s http://localhost:8080/metrics | pushgw check --lint

All options: pushgw check --help, pushgw-check(1)";

const CHECK_EXAMPLES: &str = "\
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
    /// Look again every so many seconds [default: 2]
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

/// Which gateway, and how it is reached. The manual's table of variables is made of what stands in `[env: ...]`.
#[derive(Args, Debug, Default)]
pub struct ConnectionArgs {
    /// The gateway [default: http://localhost:9091]
    ///
    /// The scheme may be left out, a path prefix is kept, and a trailing `/` or `/metrics` does no harm. A user and a
    /// password in it (http://USER:PASSWORD@HOST) are percent-decoded and never shown.
    ///
    /// [env: PUSHGATEWAY_URL]
    #[arg(short, long, value_name = "URL", value_hint = ValueHint::Url)]
    pub gateway: Option<OsString>,
    /// How long the request may take, all in all [default: 30s]
    ///
    /// Covers the look-up of the name, the connection, the request, the answer, and all tries and the waits between
    /// them; not the reading of the input. A number with a unit: ms, s, m, h, d, w, y; several may follow each other, as
    /// in 1m30s.
    ///
    /// [env: PUSHGATEWAY_TIMEOUT]
    #[arg(long, value_name = "DURATION", hide_short_help = true)]
    pub timeout: Option<OsString>,
    /// How long one try may take to connect [default: 5s]
    ///
    /// Covers the look-up of the name, the way through a proxy, and TLS.
    ///
    /// [env: PUSHGATEWAY_CONNECT_TIMEOUT]
    #[arg(long, value_name = "DURATION", hide_short_help = true)]
    pub connect_timeout: Option<OsString>,
    /// How often to try again [default: 2]
    ///
    /// Tried again is what another try can help: no connection, a connection that broke or was closed without an
    /// answer, and the answers 408, 425, 429, 500, 502, 503 and 504. The first wait is between 100 and 200 ms, each
    /// further one twice as long and at most 5 s; Retry-After is honoured. A wait that does not fit into --timeout is
    /// not begun.
    ///
    /// [env: PUSHGATEWAY_RETRIES]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub retries: Option<OsString>,
    /// The user, for basic authentication
    ///
    /// The password comes from --password-file or PUSHGATEWAY_PASSWORD: on the command line everybody on the machine
    /// could read it.
    ///
    /// [env: PUSHGATEWAY_USER]
    #[arg(short, long, value_name = "USER", hide_short_help = true)]
    pub user: Option<OsString>,
    /// The file with the password
    ///
    /// The variable PUSHGATEWAY_PASSWORD gives the password itself.
    ///
    /// [env: PUSHGATEWAY_PASSWORD_FILE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub password_file: Option<OsString>,
    /// The file with a bearer token
    ///
    /// The variable PUSHGATEWAY_BEARER_TOKEN gives the token itself.
    ///
    /// [env: PUSHGATEWAY_BEARER_TOKEN_FILE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "user", hide_short_help = true)]
    pub bearer_token_file: Option<OsString>,
    /// One more header; repeatable
    ///
    /// Its value is shown nowhere, unless it is one of the few that are known to be harmless. It is visible to others
    /// on this machine on the command line, and isn't in the variable, which has one header a line.
    ///
    /// [env: PUSHGATEWAY_HEADER]
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", hide_short_help = true)]
    pub headers: Vec<OsString>,
    /// Trust the authorities in this PEM file besides the system's
    ///
    /// A gateway's self-signed certificate can stand there itself.
    ///
    /// [env: PUSHGATEWAY_CA_CERT]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub ca_cert: Option<OsString>,
    /// The client's certificate, a PEM file
    ///
    /// [env: PUSHGATEWAY_CERT]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub cert: Option<OsString>,
    /// Its private key, a PEM file
    ///
    /// Without it the key is looked for in the file of --cert.
    ///
    /// [env: PUSHGATEWAY_KEY]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub key: Option<OsString>,
    /// Trust any server, whatever its certificate
    ///
    /// [env: PUSHGATEWAY_INSECURE]
    #[arg(long, hide_short_help = true)]
    pub insecure: bool,
    /// The proxy, such as http://proxy:3128
    ///
    /// Without it the variables http_proxy, HTTPS_PROXY, ALL_PROXY and NO_PROXY are read as curl reads them. A plain HTTP
    /// request is handed to the proxy with its whole URL. With https://, and where the request carries credentials, the
    /// proxy is asked for a tunnel (CONNECT) and never sees them. A gateway on this machine (localhost, 127.0.0.0/8, ::1)
    /// is never reached through a proxy.
    ///
    /// [env: PUSHGATEWAY_PROXY]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "no_proxy", hide_short_help = true)]
    pub proxy: Option<OsString>,
    /// Use no proxy, whatever the variables say
    ///
    /// [env: PUSHGATEWAY_NO_PROXY]
    #[arg(long, hide_short_help = true)]
    pub no_proxy: bool,
    /// Connect to this socket in the file system
    ///
    /// --gateway then gives what the server sees: the host and the path prefix.
    ///
    /// [env: PUSHGATEWAY_UNIX_SOCKET]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, conflicts_with = "proxy", hide_short_help = true)]
    pub unix_socket: Option<OsString>,
    /// How a push is packed: none or gzip [default: none]
    ///
    /// Pushgateways read gzip since 1.5.0; aggregation gateways do not.
    ///
    /// [env: PUSHGATEWAY_COMPRESS]
    #[arg(long, value_name = "ENCODING", hide_short_help = true)]
    pub compress: Option<OsString>,
}

/// What is said, and how.
#[derive(Args, Debug)]
pub struct OutputArgs {
    /// When to color: auto (on a terminal), always or never
    ///
    /// NO_COLOR, CLICOLOR_FORCE and TERM=dumb are honoured under auto.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        global = true,
        hide_possible_values = true,
        hide_short_help = true,
        display_order = 901
    )]
    pub color: ColorWhen,
    /// Say nothing but errors
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        hide_short_help = true,
        display_order = 902
    )]
    pub quiet: bool,
    /// Say what was done and repaired; twice: the exchange as well
    #[arg(short, long, global = true, action = ArgAction::Count, hide_short_help = true, display_order = 903)]
    pub verbose: u8,
    /// Print help: -h the options that are used most, --help all of them
    #[arg(short, long, global = true, action = ArgAction::Help, hide_short_help = true, display_order = 904)]
    pub help: Option<bool>,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal.
    Auto,
    /// Also in a pipe or a file.
    Always,
    /// Nowhere.
    Never,
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

/// `--message-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// With the line and a mark under the fault.
    Human,
    /// `file:line:column: severity: message`.
    Short,
    /// One object a line.
    Json,
    /// Workflow commands of GitHub Actions.
    Github,
}

/// The shells that have a completion script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU bash.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

#[cfg(test)]
mod tests {
    #[test]
    fn clap_finds_no_fault() {
        crate::command_line().debug_assert();
    }
}
