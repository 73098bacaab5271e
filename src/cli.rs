//! The command line as clap reads it: structs and help text, nothing else.
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

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit status:
  0  done
  1  anything else: a local file that can't be read, an answer that is no Pushgateway's
  2  usage: a fault of the group, the selection, the URL, a duration or an option
  3  the input is not what a gateway accepts; nothing was sent
  4  the gateway refused: any 3xx, any other 4xx
  5  failed for now: 5xx, 408, 425, 429
  6  unreachable: name look-up, connect, TLS, reset, closed without an answer
  7  timed out: it may have been stored
  8  no such group";

/// Push metrics to a Prometheus Pushgateway, checked before they are sent
#[derive(Debug, Parser)]
#[command(name = "pushgw", version, styles = STYLES, after_long_help = EXIT_CODES, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to say it.
    #[command(flatten, next_help_heading = "Output")]
    pub output: OutputArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replace the group's metrics (HTTP PUT)
    #[command(after_long_help = PUSH_EXAMPLES)]
    Push(PushArgs),
    /// Replace only the group's metrics of the same name (HTTP POST)
    #[command(after_long_help = ADD_EXAMPLES)]
    Add(PushArgs),
    /// Delete a group, or all groups of a selection (HTTP DELETE)
    #[command(after_long_help = DELETE_EXAMPLES)]
    Delete(DeleteArgs),
    /// Print the gateway's current groups
    #[command(after_long_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// Print groups' metrics as text that can be pushed again
    #[command(after_long_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Tell whether the gateway is healthy and Prometheus can scrape it, and how to heal it if not
    #[command(after_long_help = STATUS_EXAMPLES)]
    Status(StatusArgs),
    /// Validate metrics without sending them; needs no gateway
    #[command(after_long_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
}

const PUSH_EXAMPLES: &str = "\
Examples:
  backup-metrics | pushgw push -j db_backup
  pushgw push -j ci -l repo=\"$REPO\" metrics.prom
  pushgw push -j db_backup -i db1 -m 'backup_seconds 12.5' --type gauge
  pushgw push -j db_backup --dry-run metrics.prom
  pushgw push -j db_backup --dry-run --diff metrics.prom
  pushgw push --groups groups.prom          # what `pushgw show --all` printed";

const ADD_EXAMPLES: &str = "\
Examples:
  echo \"example_metric 4421\" | pushgw add -j db_backup
  pushgw add -j ci -l branch=main metrics.prom more.prom";

const DELETE_EXAMPLES: &str = "\
Examples:
  pushgw delete -j db_backup
  pushgw delete -j video_processing -i mp4_node1
  pushgw delete -f -j ci -l run=\"$RUN\"     # no look-up: for batch jobs
  pushgw delete --older-than 7d --dry-run
  pushgw delete --match job=ci --older-than 1d --yes";

const LIST_EXAMPLES: &str = "\
Examples:
  pushgw list
  pushgw list -j video_processing
  pushgw list --match 'instance=~mp4_.*' --format json
  pushgw list --older-than 1d --sort age
  pushgw list --failed --metrics --watch";

const SHOW_EXAMPLES: &str = "\
Examples:
  pushgw show -j video_processing -i mp4_node1
  pushgw show -j db_backup | pushgw push -j db_backup -g http://new:9091
  pushgw show --all > groups.prom
  pushgw push --groups groups.prom";

const STATUS_EXAMPLES: &str = "\
Examples:
  pushgw status
  pushgw status --format json | jq .scrape";

const CHECK_EXAMPLES: &str = "\
Examples:
  pushgw check metrics.prom
  backup-metrics | pushgw check -j db_backup
  pushgw check --message-format github *.prom";

/// `push` and `add`.
#[derive(Args, Debug)]
pub struct PushArgs {
    /// The group.
    #[command(flatten, next_help_heading = "Group")]
    pub group: GroupArgs,
    /// The text.
    #[command(flatten, next_help_heading = "Input")]
    pub input: InputArgs,
    /// Print the request and send nothing
    ///
    /// Prints the method, the URL, the headers, a blank line and the body as it would be sent, repairs included.
    #[arg(short = 'n', long, help_heading = "Output")]
    pub dry_run: bool,
    /// With --dry-run: print what the push would add, change and remove instead
    ///
    /// Compares with the group as the gateway has it now, in one look at the gateway's whole store.
    #[arg(long, requires = "dry_run", help_heading = "Output")]
    pub diff: bool,
    /// Push each group of a file that `pushgw show` printed
    ///
    /// Such a file has a line `# pushgw group /metrics/job/...` before each group's metrics; `-` is standard input.
    /// All of it is checked before anything is sent; a group that the gateway refuses stops none of the others.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["job", "labels", "instance", "url", "files", "metrics", "dry_run", "as_curl"],
        help_heading = "Group"
    )]
    pub groups: Option<PathBuf>,
    /// Print the curl command that does the same and send nothing
    ///
    /// The command is quoted for a POSIX shell and carries the body as it would be sent, repairs included.
    #[arg(long, conflicts_with = "dry_run", help_heading = "Output")]
    pub as_curl: bool,
    /// How to reach the gateway.
    #[command(flatten, next_help_heading = "Connection")]
    pub connection: ConnectionArgs,
}

/// `delete`.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, taken down as given"
)]
pub struct DeleteArgs {
    /// The group.
    #[command(flatten, next_help_heading = "Group")]
    pub group: GroupArgs,
    /// Delete without looking whether the group is there
    ///
    /// Without it, a group that is not there is an error (exit status 8) that names the groups of that job which
    /// do exist. The look reads the gateway's whole store, so batch jobs want this option. The gateway itself
    /// answers 202 to the deletion of anything, whether it was there or not.
    ///
    /// With --older-than or --failed: delete although the gateway refuses all pushes, which makes groups old and
    /// failed whose metrics are good.
    #[arg(short, long, help_heading = "Group")]
    pub force: bool,
    /// The gateway runs with --push.enable-utf8-names
    #[arg(long, help_heading = "Group")]
    pub utf8_names: bool,
    /// The groups.
    #[command(flatten, next_help_heading = "Selection (in place of a group)")]
    pub selection: SelectionArgs,
    /// Every group
    #[arg(long, help_heading = "Selection (in place of a group)")]
    pub all: bool,
    /// Delete the selected groups without asking
    #[arg(short, long, help_heading = "Selection (in place of a group)")]
    pub yes: bool,
    /// Say what would be deleted and delete nothing
    #[arg(short = 'n', long, help_heading = "Output")]
    pub dry_run: bool,
    /// Print the selected groups as a table, as one JSON array, or as one path a line
    ///
    /// With --dry-run those that would be deleted (default: table), else those that were (default: none).
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub format: Option<ListFormat>,
    /// How to reach the gateway.
    #[command(flatten, next_help_heading = "Connection")]
    pub connection: ConnectionArgs,
}

/// `list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only groups of this job; short for --match job=JOB
    #[arg(short, long, value_name = "JOB", help_heading = "Selection")]
    pub job: Option<OsString>,
    /// The groups.
    #[command(flatten, next_help_heading = "Selection")]
    pub selection: SelectionArgs,
    /// Sort by group, by age (oldest first) or by series (most first)
    #[arg(long, value_name = "KEY", default_value = "group", help_heading = "Output")]
    pub sort: ListSort,
    /// Show each group's metrics too: name, type, number of series
    #[arg(long, help_heading = "Output")]
    pub metrics: bool,
    /// Look again every so many seconds until interrupted [default: 2]
    ///
    /// A gateway that answers slowly is asked less often, so that looking takes at most a tenth of the time.
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "2",
        help_heading = "Output"
    )]
    pub watch: Option<OsString>,
    /// As a table, as one JSON array, or as one `/metrics/job/...` path a line
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub format: ListFormat,
    /// How to reach the gateway.
    #[command(flatten, next_help_heading = "Connection")]
    pub connection: ConnectionArgs,
}

/// `show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The group.
    #[command(flatten, next_help_heading = "Group")]
    pub group: GroupArgs,
    /// The gateway runs with --push.enable-utf8-names
    #[arg(long, help_heading = "Group")]
    pub utf8_names: bool,
    /// The groups.
    #[command(flatten, next_help_heading = "Selection (in place of a group)")]
    pub selection: SelectionArgs,
    /// Every group
    #[arg(long, help_heading = "Selection (in place of a group)")]
    pub all: bool,
    /// How to reach the gateway.
    #[command(flatten, next_help_heading = "Connection")]
    pub connection: ConnectionArgs,
}

/// `status`.
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// For people, or as one JSON object
    #[arg(long, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub format: StatusFormat,
    /// How to reach the gateway.
    #[command(flatten, next_help_heading = "Connection")]
    pub connection: ConnectionArgs,
}

/// Which groups of those that are there.
#[derive(Args, Debug)]
pub struct SelectionArgs {
    /// Groups whose label fits: NAME=VALUE, NAME!=VALUE, NAME=~REGEX or NAME!~REGEX
    ///
    /// Repeatable; all must hold. As in PromQL a regular expression fits the whole value, and a label that the
    /// group does not have is the empty string.
    #[arg(long = "match", value_name = "MATCHER")]
    pub matchers: Vec<OsString>,
    /// Groups whose last successful push is older than that, or that never had one
    ///
    /// Such as 90s, 2h, 7d. The gateway's clock decides.
    #[arg(long, value_name = "DURATION")]
    pub older_than: Option<OsString>,
    /// Groups whose last push failed
    #[arg(long)]
    pub failed: bool,
}

/// `check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The group whose labels the text would meet.
    #[command(
        flatten,
        next_help_heading = "Group (optional: for the rules on labels that the group overwrites)"
    )]
    pub group: GroupArgs,
    /// The text.
    #[command(flatten, next_help_heading = "Input")]
    pub input: InputArgs,
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
    /// A whole group URL as it stands in a curl script
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
    /// Files of exposition text; `-` is standard input, which is also read when no FILE is given
    ///
    /// Several files make one push. Nothing is sent unless all of it was read and is in order. Reading waits for
    /// the producer as long as it takes: --timeout covers the request alone.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Exposition text on the command line, such as 'example_metric 4421'; repeatable
    ///
    /// Standard input is then read only for a FILE of `-`. The lines come behind the files.
    #[arg(short, long = "metric", value_name = "LINE")]
    pub metrics: Vec<OsString>,
    /// Declare the type of every metric that has samples but no TYPE line
    #[arg(long = "type", value_name = "TYPE")]
    pub default_type: Option<DefaultType>,
    /// Drop timestamps, which the gateway refuses
    #[arg(long)]
    pub strip_timestamps: bool,
    /// Take input without samples
    ///
    /// Without it such input is an error (exit status 3), because pushing nothing empties the group: a producer
    /// that failed would wipe what the last good run left.
    #[arg(long)]
    pub allow_empty: bool,
    /// Do not repair: what would have been repaired is an error
    ///
    /// The repairs are a missing final newline, CRLF, a byte-order mark and trailing blanks.
    #[arg(long)]
    pub no_fix: bool,
    /// Warnings are errors
    #[arg(long)]
    pub strict: bool,
    /// The gateway runs with --push.enable-utf8-names
    #[arg(long)]
    pub utf8_names: bool,
    /// Show at most this many problems; the rest is counted
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = "Output")]
    pub max_diagnostics: usize,
    /// How problems are told: for people, as file:line:column, as JSON lines, or for GitHub Actions
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub message_format: MessageFormat,
}

/// Which gateway, and how long to try.
#[derive(Args, Debug)]
pub struct ConnectionArgs {
    /// The gateway [env: PUSHGATEWAY_URL] [default: http://localhost:9091]
    ///
    /// The scheme may be left out, a path prefix is kept, and a trailing `/` or `/metrics` does no harm.
    #[arg(short, long, value_name = "URL")]
    pub gateway: Option<OsString>,
    /// How long the request may take, all in all [env: PUSHGATEWAY_TIMEOUT] [default: 30s]
    ///
    /// A number with a unit: ms, s, m, h, d, w; several may follow each other, as in 1m30s.
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<OsString>,
}

/// What is said, and how.
#[derive(Args, Debug)]
pub struct OutputArgs {
    /// When to colour: auto (on a terminal), always or never
    ///
    /// NO_COLOR, CLICOLOR_FORCE and TERM=dumb are honoured under auto.
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: ColorWhen,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: what was done, and each repair; twice for the exchange with the gateway
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
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
