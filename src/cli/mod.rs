//! The command line: options and their help as clap structs, parsing, and the output of clap itself.
//!
//! Conventions for an option: a one-line summary, an empty line, then the details, the default and the variable. The
//! placeholder of its value is an upper-case noun. Values that depend on the environment, a file or another option are
//! interpreted in `config`. No option uses clap's `env`, because clap would treat a variable like a flag when options
//! conflict. The help names the variable, and `config` reads it.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the help text, which is not Markdown"
)]

mod connection;
mod deferred;
mod groups;
mod mistakes;
pub(crate) mod parse;
mod push;
mod run;
mod tips;
mod words;

use crate::output::{ColorChoice, MessageFormat};
use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
pub use connection::{ConnectionArgs, RemoteWriteVersion};
use deferred::Deferred;
pub use groups::{
    DeleteArgs, GroupArgs, ListArgs, ListFormat, ListSort, SelectionArgs, ShowArgs, StatusArgs, StatusFormat,
};
pub use push::{CheckArgs, ConvertArgs, DefaultType, InputArgs, InputFormat, PushArgs, ReportArgs};
pub use run::{RulesArgs, RunArgs};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const CONNECTION: &str = "Connection";
const GROUP: &str = "Group";
const INPUT: &str = "Input";
const OUTPUT: &str = "Output";

const SHORT_EXAMPLES: &str = "\
Examples:
  backup-metrics | pushgw push -j db_backup
  pushgw run -j db_backup -- backup
  pushgw list --older-than 1d

More: pushgw COMMAND -h, pushgw COMMAND --help, pushgw --help, pushgw(1)";

/// The table of exit statuses in the manual pages is generated from this text.
const LONG_EXAMPLES: &str = "\
Examples:
  backup-metrics | pushgw push -j db_backup       # push the output of a program
  pushgw push -j db_backup -i db1 metrics.prom    # push a file, as instance db1
  pushgw run -j db_backup -- backup               # run a job, report how it went
  pushgw check metrics.prom                       # would the gateway accept it?
  pushgw list                                     # all groups of the gateway
  pushgw list --older-than 1d                     # groups without recent pushes
  pushgw delete -j db_backup -i db1               # delete one group
  pushgw delete --older-than 7d                   # delete old groups; asks first

Exit status:
  0  success
  1  other error: unreadable file, not a Pushgateway, unhealthy gateway (status)
  2  usage error: invalid option, group, selection, URL or duration
  3  the input has errors; nothing was sent
  4  rejected by the server: any 3xx, any other 4xx; or stored only in part
  5  temporary failure of the gateway: 5xx, 408, 425, 429
  6  unreachable: DNS lookup, connection, TLS, reset, closed without an answer
  7  timed out; the metrics may have been stored
  8  no such group

If a COMMAND fails, push and add exit with its status, and run always does. The
status is 126 or 127 if it can't be started, and 128 plus the signal number if a
signal killed it. run exits with 125 if pushgw can't run it.";

/// Push metrics to a Prometheus Pushgateway, checked before they are sent
///
/// A Pushgateway stores the metrics of jobs in groups, and Prometheus scrapes them. A job (-j) and any number of labels
/// (-l NAME=VALUE) identify a group. Its metrics stay until they are replaced or deleted. The gateway is
/// http://localhost:9091, unless -g or PUSHGATEWAY_URL sets another one. --textfile writes for node_exporter instead, and
/// --remote-write sends to Prometheus or another receiver.
///
/// `pushgw COMMAND -h` shows the common options of a command, `pushgw COMMAND --help` explains all of them.
#[derive(Debug, Parser)]
#[command(name = "pushgw", version, styles = STYLES)]
#[command(after_help = SHORT_EXAMPLES, after_long_help = LONG_EXAMPLES)]
#[command(override_usage = "pushgw <COMMAND> [OPTIONS]")]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// For the help. If these options precede the command, they are moved to the place after it before parsing.
    #[command(flatten, next_help_heading = OUTPUT)]
    output: OutputArgs,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = OUTPUT, hide_short_help = true,
          display_order = 905)]
    pub version: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replace a group's metrics (HTTP PUT)
    ///
    /// To report how a job went, instead of the metrics that it prints, use `pushgw run`.
    ///
    /// All previous metrics of the group are removed. A group that does not exist is created. Anything the gateway
    /// would reject, or accept and then break on, is reported before anything is sent. A missing final newline, Windows
    /// line endings and trailing spaces are repaired.
    #[command(override_usage = push::PUSH_USAGE, after_help = push::PUSH_SHORT, after_long_help = push::PUSH_EXAMPLES)]
    Push(Deferred<PushArgs>),
    /// Replace only the pushed metrics of a group (HTTP POST)
    ///
    /// Metrics of the group with other names are kept. A group that does not exist is created. A pushed metric replaces
    /// all series of that name, not only those with the same labels. Everything else works as in push.
    #[command(override_usage = push::ADD_USAGE, after_help = push::ADD_SHORT, after_long_help = push::ADD_EXAMPLES)]
    Add(Deferred<PushArgs>),
    /// Run a job and report how it went (HTTP POST)
    ///
    /// To push the metrics that a command prints, use `pushgw push -- COMMAND`. `run` reports the command itself: when it
    /// started and ended, its exit status, its duration, CPU time and memory, and when it last succeeded.
    ///
    /// The command always runs, and its input, output, signals and exit status are the same as without pushgw. Nothing is
    /// printed on success. If the report fails, a warning says so. `pushgw rules` prints the alerting rules.
    #[command(override_usage = run::RUN_USAGE, after_help = run::RUN_SHORT, after_long_help = run::RUN_EXAMPLES)]
    Run(Deferred<RunArgs>),
    /// Delete one group or a selection of groups (HTTP DELETE)
    ///
    /// -j, -l and -i name one group by all of its labels: `pushgw delete -j ci` deletes the group that has only the job label,
    /// and no other group of that job. A selection deletes several groups: `pushgw delete --match job=ci`. On a terminal
    /// the selected groups are shown and deleted after a confirmation. Without a terminal --yes is required.
    #[command(alias = "rm", override_usage = groups::DELETE_USAGE, after_long_help = groups::DELETE_EXAMPLES)]
    #[command(after_help = "All options: pushgw delete --help, pushgw-delete(1)")]
    Delete(Deferred<DeleteArgs>),
    /// List the gateway's groups with size, age and state
    ///
    /// LAST PUSH is the time since the last successful push, by the gateway's clock, or `never`. STATE is `ok` if the last
    /// push succeeded and `failed` if the gateway rejected it.
    #[command(alias = "ls", override_usage = groups::LIST_USAGE, after_long_help = groups::LIST_EXAMPLES)]
    #[command(after_help = "All options: pushgw list --help, pushgw-list(1)")]
    List(Deferred<ListArgs>),
    /// Print the metrics of groups as text that can be pushed
    ///
    /// For a single group, only its metrics are printed. For a selection, a line before each group names it. `pushgw push --groups`
    /// reads such a file, as a backup or to move groups to another gateway.
    #[command(override_usage = groups::SHOW_USAGE, after_long_help = groups::SHOW_EXAMPLES)]
    #[command(after_help = "All options: pushgw show --help, pushgw-show(1)")]
    Show(Deferred<ShowArgs>),
    /// Show whether the gateway works, and how to fix it
    ///
    /// Checks whether the server is a Pushgateway, whether it is healthy and ready, and whether Prometheus can scrape it. If
    /// a group breaks scrapes or pushes, status names it, prints the command that fixes it, and exits with 1.
    #[command(override_usage = groups::STATUS_USAGE, after_long_help = groups::STATUS_EXAMPLES)]
    #[command(after_help = "All options: pushgw status --help, pushgw-status(1)")]
    Status(Deferred<StatusArgs>),
    /// Check metrics without sending them; needs no gateway
    ///
    /// Applies the rules of a Pushgateway and reports every problem, not only the first one, with its location, the reason
    /// and a fix. Unlike `promtool check metrics` it knows that the gateway rejects timestamps, duplicate series and names that
    /// collide. --lint adds the conventions that promtool checks.
    ///
    /// The problems are printed to standard output. If there are errors, with -v, or on a terminal, a final line on
    /// standard error has the number of problems. An `error` is either rejected by the gateway, or accepted but causes
    /// problems later. A `fixed` problem would be rejected as written; push and add repair it without changing its meaning.
    /// A `warning` is accepted, but the gateway stores something other than what was written, or it causes problems later.
    /// The exit status is 0 without errors and 3 with errors. pushgw-check(1) explains each problem under the name in
    /// brackets.
    #[command(override_usage = push::CHECK_USAGE, after_help = push::CHECK_SHORT, after_long_help = push::CHECK_EXAMPLES)]
    Check(Deferred<CheckArgs>),
    /// Print OpenMetrics as Prometheus text; needs no gateway
    ///
    /// Reads OpenMetrics 1.0, checks it strictly, and prints it in the text format 0.0.4, for example for the textfile
    /// collector of node_exporter. push, add and run convert in the same way, so they do not need this command.
    ///
    /// A text whose last line is not `# EOF` was cut off: nothing is printed, and the exit status is 3. Units and exemplars
    /// are left out, because the text format has none; -v prints how many.
    #[command(override_usage = push::CONVERT_USAGE, after_long_help = push::CONVERT_EXAMPLES)]
    #[command(after_help = "All options: pushgw convert --help, pushgw-convert(1)")]
    Convert(Deferred<ConvertArgs>),
    /// Print the alerting rules for jobs reported by run
    ///
    /// One rule file for Prometheus covers all jobs: JobFailed, JobOverdue, JobNeverSucceeded and JobHung.
    #[command(override_usage = "pushgw rules [OPTIONS]", after_long_help = run::RULES_EXAMPLES)]
    #[command(after_help = "All options: pushgw rules --help, pushgw-rules(1)")]
    Rules(Deferred<RulesArgs>),
    /// Print the completion script for a shell
    ///
    /// The tab key then completes commands, options, values and file names. It also completes jobs and labels from the
    /// gateway, which gets one second to answer. Packages install the scripts for all users.
    #[command(override_usage = "pushgw completions <bash|zsh|fish>", after_long_help = COMPLETIONS_EXAMPLES)]
    Completions(Deferred<CompletionsArgs>),
}

impl Command {
    /// Returns the options that all commands share.
    pub fn output(&self) -> &OutputArgs {
        match self {
            Self::Push(options) | Self::Add(options) => &options.output,
            Self::Run(options) => &options.output,
            Self::Delete(options) => &options.output,
            Self::List(options) => &options.output,
            Self::Show(options) => &options.output,
            Self::Status(options) => &options.output,
            Self::Check(options) => &options.output,
            Self::Convert(options) => &options.output,
            Self::Rules(options) => &options.output,
            Self::Completions(options) => &options.output,
        }
    }

    /// Returns the connection options, or `None` for a command that needs no gateway.
    pub fn connection(&self) -> Option<&ConnectionArgs> {
        match self {
            Self::Push(options) | Self::Add(options) => Some(&options.args.connection),
            Self::Delete(options) => Some(&options.args.connection),
            Self::List(options) => Some(&options.args.connection),
            Self::Show(options) => Some(&options.args.connection),
            Self::Status(options) => Some(&options.args.connection),
            Self::Run(options) => Some(&options.args.connection),
            Self::Check(_) | Self::Convert(_) | Self::Rules(_) | Self::Completions(_) => None,
        }
    }
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(pushgw completions bash)         # in ~/.bashrc
  source <(pushgw completions zsh)          # in ~/.zshrc, after compinit
  pushgw completions fish > ~/.config/fish/completions/pushgw.fish";

#[derive(Args, Debug)]
#[group(skip)]
pub struct CompletionsArgs {
    /// Shell: bash, zsh or fish
    #[arg(value_name = "SHELL", help_heading = INPUT, hide_possible_values = true)]
    pub shell: Shell,
}

#[derive(Args, Debug)]
#[group(skip)]
pub struct OutputArgs {
    /// Format of problems and errors: human, short, json or github
    ///
    /// `human` shows the line with a mark under the problem. `short` prints file:line:column: severity: message, as compilers
    /// do. `json` prints one object per line, with severity, code, file, line, column, message and help. `github` prints
    /// workflow commands of GitHub Actions. Errors and warnings without a location are also printed in `json` and `github`. The
    /// code of such an error is usage, file, input, command, rejected, unavailable, unreachable, timeout, bad-response or other.
    /// Lines and columns count from 1, columns in characters. The file is `<stdin>` for standard input and `<metric>` for -m.
    ///
    /// [default: human]
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        hide_possible_values = true,
        hide_default_value = true,
        hide_short_help = true,
        display_order = 900
    )]
    pub message_format: MessageFormat,
    /// Use color: auto, always or never
    ///
    /// `auto` uses color on a terminal, unless NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR or TERM=dumb overrides it.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        hide_short_help = true,
        display_order = 901
    )]
    pub color: ColorChoice,
    /// Print only errors
    #[arg(short, long, conflicts_with = "verbose", hide_short_help = true, display_order = 902)]
    pub quiet: bool,
    /// Print what was done; -vv shows the HTTP exchange, too
    ///
    /// -v reports what was done, repaired and retried. -vv also shows the requests and responses, without secrets.
    #[arg(short, long, action = ArgAction::Count, hide_short_help = true, display_order = 903)]
    pub verbose: u8,
    /// Print help: -h for common options, --help for all
    #[arg(short, long, action = ArgAction::Help, hide_short_help = true, display_order = 904)]
    pub help: Option<bool>,
}

/// Shells with a completion script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

#[cfg(test)]
mod tests {
    #[test]
    fn clap_accepts_the_definition() {
        crate::command_line().debug_assert();
    }
}
