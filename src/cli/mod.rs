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

mod connection;
mod deferred;
mod groups;
pub mod parse;
mod push;
mod suggest;

use crate::output::ColorChoice;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
pub use connection::ConnectionArgs;
use deferred::Deferred;
pub use groups::{
    DeleteArgs, GroupArgs, ListArgs, ListFormat, ListSort, SelectionArgs, ShowArgs, StatusArgs, StatusFormat,
};
pub use push::{CheckArgs, DefaultType, InputArgs, PushArgs, ReportArgs};

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
    #[command(override_usage = push::PUSH_USAGE, after_help = push::PUSH_SHORT, after_long_help = push::PUSH_EXAMPLES)]
    Push(Deferred<PushArgs>),
    /// Replace only those metrics of a group that are pushed (HTTP POST)
    ///
    /// The group's metrics of other names stay as they are; a group that isn't there is made. Of a metric that is pushed
    /// all series are replaced, not only those with the same labels. Otherwise it is like push.
    #[command(override_usage = push::ADD_USAGE, after_help = push::ADD_SHORT, after_long_help = push::ADD_EXAMPLES)]
    Add(Deferred<PushArgs>),
    /// Delete one group, or all groups of a selection (HTTP DELETE)
    ///
    /// -j, -l and -i name one group by all of its labels: `pushgw delete -j ci` deletes the group that has the job alone,
    /// and no other group of that job. For several groups there is the selection: `pushgw delete --match job=ci`. On a
    /// terminal a selection is shown first, and deleted after a yes; elsewhere it needs --yes.
    #[command(override_usage = groups::DELETE_USAGE, after_help = "All options: pushgw delete --help, pushgw-delete(1)")]
    #[command(after_long_help = groups::DELETE_EXAMPLES)]
    Delete(Deferred<DeleteArgs>),
    /// List the gateway's groups: how large, how old, in which state
    ///
    /// LAST PUSH is the time since the last push that was taken, by the gateway's clock, or `never`. STATE is `ok` where the
    /// last push was taken, and `failed` where it was refused.
    #[command(override_usage = groups::LIST_USAGE, after_help = "All options: pushgw list --help, pushgw-list(1)")]
    #[command(after_long_help = groups::LIST_EXAMPLES)]
    List(Deferred<ListArgs>),
    /// Print groups' metrics as text that can be pushed again
    ///
    /// A group that is named is printed as it is. Groups of a selection are each preceded by a line that names the group,
    /// which `pushgw push --groups` reads: a backup, or the way to another gateway.
    #[command(override_usage = groups::SHOW_USAGE, after_help = "All options: pushgw show --help, pushgw-show(1)")]
    #[command(after_long_help = groups::SHOW_EXAMPLES)]
    Show(Deferred<ShowArgs>),
    /// Tell whether the gateway works, and how to heal it if not
    ///
    /// Asks whether it is a Pushgateway, whether it is healthy and ready, and whether Prometheus can scrape it. Where a
    /// group makes scrapes or pushes fail, it is named with the command that heals it, and the exit status is 1.
    #[command(override_usage = groups::STATUS_USAGE, after_help = "All options: pushgw status --help, pushgw-status(1)")]
    #[command(after_long_help = groups::STATUS_EXAMPLES)]
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
    #[command(override_usage = push::CHECK_USAGE, after_help = push::CHECK_SHORT, after_long_help = push::CHECK_EXAMPLES)]
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
const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(pushgw completions bash)         # in ~/.bashrc
  source <(pushgw completions zsh)          # in ~/.zshrc, behind compinit
  pushgw completions fish > ~/.config/fish/completions/pushgw.fish";

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
    pub color: ColorChoice,
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
