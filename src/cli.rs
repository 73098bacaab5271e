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
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
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
#[derive(Debug, Parser)]
#[command(name = "pushgw", version, styles = STYLES, after_long_help = EXIT_CODES)]
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
  pushgw push -j db_backup -- backup-metrics        # only if it exits 0
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
  curl -s http://localhost:8080/metrics | pushgw check --lint
  pushgw check --lint --strict --message-format github *.prom";

/// `push` and `add`.
#[derive(Args, Debug)]
pub struct PushArgs {
    /// The group.
    #[command(flatten, next_help_heading = "Group")]
    pub group: GroupArgs,
    /// The text.
    #[command(flatten, next_help_heading = "Input")]
    pub input: InputArgs,
    /// Run this command and push what it writes, if it exits 0
    ///
    /// A pipe can't tell a producer that is done from one that died half way; this can. If the command fails, nothing
    /// is sent, and pushgw exits as the command did (128 and the signal's number where one ended it).
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["files", "metrics"], help_heading = "Input")]
    pub producer: Vec<OsString>,
    /// Print the request and send nothing
    ///
    /// Prints the method, the URL, the headers, a blank line and the body, repairs included. Secrets are shown as
    /// REDACTED, and the body as it is before --compress.
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
        conflicts_with_all = ["job", "labels", "instance", "url", "files", "metrics", "producer", "dry_run", "diff", "as_curl"],
        help_heading = "Group"
    )]
    pub groups: Option<PathBuf>,
    /// Print the curl command that does the same and send nothing
    ///
    /// The command is quoted for a POSIX shell and carries the body as it would be sent, repairs included. Secrets are
    /// shown as REDACTED.
    #[arg(long, conflicts_with_all = ["dry_run", "diff"], help_heading = "Output")]
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
    #[command(flatten, next_help_heading = "Group it would go to (optional)")]
    pub group: GroupArgs,
    /// Check the conventions too that `promtool check metrics` checks
    ///
    /// They are a HELP text for each metric, base units in full, `_total` for counters and for them alone, `le`, `_bucket`
    /// and their like for histograms alone, names in snake_case without a colon or the metric's type. What departs from
    /// them is a warning, and an error with --strict.
    #[arg(long, help_heading = "Input")]
    pub lint: bool,
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
    // clap's own reader of paths has an empty one refused in its words, without ours on unset variables.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath,
          value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub files: Vec<PathBuf>,
    /// Exposition text on the command line, such as 'example_metric 4421'; repeatable
    ///
    /// Standard input is then read only for a FILE of `-`. The lines come behind the files.
    #[arg(short, long = "metric", value_name = "LINE")]
    pub metrics: Vec<OsString>,
    /// Declare the type of every metric that has samples but no TYPE line
    ///
    /// Without it the gateway stores such metrics as untyped. A TYPE line is put before the first sample of each.
    #[arg(long = "type", value_name = "TYPE")]
    pub default_type: Option<DefaultType>,
    /// Drop timestamps, which the gateway refuses
    ///
    /// Without it a timestamp is an error. What was pushed counts from when Prometheus fetches it.
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
    /// The repairs are those of a missing final newline, CRLF, a byte-order mark and trailing blanks. No other byte is ever
    /// changed; -v tells each of them.
    #[arg(long)]
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
    #[arg(long)]
    pub utf8_names: bool,
    /// Show at most this many problems; the rest is counted
    ///
    /// Errors go before repairs, and repairs before warnings.
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = "Output")]
    pub max_diagnostics: usize,
    /// How problems are told: for people, as file:line:column, as JSON lines, or for GitHub Actions
    ///
    /// Lines and columns count from 1, columns in characters. A JSON object has severity, code, file, line, column,
    /// message and help. The file is `<stdin>` for standard input and `<metric>` for -m.
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub message_format: MessageFormat,
}

/// Which gateway, and how it is reached.
#[derive(Args, Debug, Default)]
pub struct ConnectionArgs {
    /// The gateway [env: PUSHGATEWAY_URL] [default: http://localhost:9091]
    ///
    /// The scheme may be left out, a path prefix is kept, and a trailing `/` or `/metrics` does no harm. A user and a
    /// password in it (http://USER:PASSWORD@HOST) are percent-decoded and never shown.
    #[arg(short, long, value_name = "URL")]
    pub gateway: Option<OsString>,
    /// How long the request may take, all in all [env: PUSHGATEWAY_TIMEOUT] [default: 30s]
    ///
    /// Covers the look-up of the name, the connection, the request, the answer, and all tries and the waits between
    /// them; not the reading of the input. A number with a unit: ms, s, m, h, d, w; several may follow each other, as
    /// in 1m30s.
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<OsString>,
    /// How long one try may take to connect [env: PUSHGATEWAY_CONNECT_TIMEOUT] [default: 5s]
    ///
    /// Covers the look-up of the name, the way through a proxy, and TLS.
    #[arg(long, value_name = "DURATION")]
    pub connect_timeout: Option<OsString>,
    /// How often to try again [env: PUSHGATEWAY_RETRIES] [default: 2]
    ///
    /// Tried again is what another try can help: no connection, a connection that broke or was closed without an
    /// answer, and the answers 408, 425, 429, 500, 502, 503 and 504. The first wait is between 100 and 200 ms, each
    /// further one twice as long and at most 5 s; Retry-After is honoured. A wait that does not fit into --timeout is
    /// not begun.
    #[arg(long, value_name = "N")]
    pub retries: Option<OsString>,
    /// The user, for basic authentication [env: PUSHGATEWAY_USER]
    ///
    /// The password comes from --password-file or PUSHGATEWAY_PASSWORD: on the command line everybody on the machine
    /// could read it.
    #[arg(short, long, value_name = "USER")]
    pub user: Option<OsString>,
    /// The file with the password [env: PUSHGATEWAY_PASSWORD_FILE, or the password itself: PUSHGATEWAY_PASSWORD]
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<OsString>,
    /// The file with a bearer token [env: PUSHGATEWAY_BEARER_TOKEN_FILE, or the token: PUSHGATEWAY_BEARER_TOKEN]
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    pub bearer_token_file: Option<OsString>,
    /// One more header; repeatable [env: PUSHGATEWAY_HEADER, one a line]
    ///
    /// Its value is shown nowhere, unless it is one of the few that are known to be harmless. It is visible to others
    /// on this machine on the command line, and isn't in the variable.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<OsString>,
    /// Trust the authorities in this PEM file besides the system's [env: PUSHGATEWAY_CA_CERT]
    ///
    /// A gateway's self-signed certificate can stand there itself.
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<OsString>,
    /// The client's certificate, a PEM file [env: PUSHGATEWAY_CERT]
    #[arg(long, value_name = "FILE")]
    pub cert: Option<OsString>,
    /// Its private key, a PEM file [env: PUSHGATEWAY_KEY] [default: in the file of --cert]
    #[arg(long, value_name = "FILE")]
    pub key: Option<OsString>,
    /// Trust any server, whatever its certificate [env: PUSHGATEWAY_INSECURE]
    #[arg(long)]
    pub insecure: bool,
    /// The proxy [env: PUSHGATEWAY_PROXY, else http_proxy, HTTPS_PROXY, ALL_PROXY and NO_PROXY as curl reads them]
    ///
    /// A plain HTTP request is handed to the proxy with its whole URL. With https://, and where the request carries
    /// credentials, the proxy is asked for a tunnel (CONNECT) and never sees them. A gateway on this machine
    /// (localhost, 127.0.0.0/8, ::1) is never reached through a proxy.
    #[arg(long, value_name = "URL", conflicts_with = "no_proxy")]
    pub proxy: Option<OsString>,
    /// Use no proxy, whatever the variables say [env: PUSHGATEWAY_NO_PROXY]
    #[arg(long)]
    pub no_proxy: bool,
    /// Connect to this socket in the file system [env: PUSHGATEWAY_UNIX_SOCKET]
    ///
    /// --gateway then gives what the server sees: the host and the path prefix.
    #[arg(long, value_name = "PATH", conflicts_with = "proxy")]
    pub unix_socket: Option<OsString>,
    /// How a push is packed: none or gzip [env: PUSHGATEWAY_COMPRESS] [default: none]
    ///
    /// Pushgateways read gzip since 1.5.0; aggregation gateways do not.
    #[arg(long, value_name = "ENCODING")]
    pub compress: Option<OsString>,
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
