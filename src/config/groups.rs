//! Settings of `list`, `show`, `delete` and `status`, and the groups that they apply to.

use super::connection::{self, endpoint, group_url};
use super::destination::{self, Destination, Receiver, Textfile, Use};
use super::{empty, file_key, gateway_connection, grouping_key, in_url, labels, named_group, names, utf8};
use crate::cli::{self, ListFormat, ListSort, StatusFormat};
use crate::duration::{self, DurationError};
use crate::env::Environment;
use crate::error::Failure;
use crate::gateway::Selection;
use crate::grouping::{
    EmptyValues, GroupingKey, KeyError, KeyRules, Label, Matcher, PathError, is_bare_name, parse_matchers,
};
use crate::http::{Connection, Url};
use crate::secret::without_user;
use crate::shell::quote;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use std::ffi::{OsStr, OsString};
use std::time::Duration;

#[derive(Clone, Debug)]
pub(crate) struct Delete {
    pub(crate) target: DeleteTarget,
    /// For one group: delete it without checking that it exists. For a selection: delete even if the gateway rejects
    /// every push.
    pub(crate) force: bool,
    pub(crate) dry_run: bool,
    /// Whether to print a curl command for the group instead of deleting it.
    pub(crate) as_curl: bool,
    /// The output format for the deleted groups; `None` prints nothing.
    pub(crate) format: Option<ListFormat>,
}

#[derive(Clone, Debug)]
pub(crate) enum DeleteTarget {
    Group {
        /// The path, built from the key or copied unchanged from `--url`.
        path: String,
        key: GroupingKey,
        connection: Connection,
    },
    /// A group's file in the `--textfile` directory.
    File {
        key: GroupingKey,
        textfile: Textfile,
    },
    /// A path from `--url` that is not a valid key, which requires `--force`.
    Path {
        path: String,
        connection: Connection,
    },
    Selection {
        selection: Selection,
        confirmation: Confirmation,
        connection: Connection,
    },
}

/// How the deletion of a selection is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// `--yes` was given.
    Given,
    /// The user is asked at a terminal.
    Asked,
    /// There is no terminal.
    Missing,
}

#[derive(Clone, Debug)]
pub struct List {
    pub selection: Selection,
    pub sort: ListSort,
    /// Whether to also print each group's metrics.
    pub metrics: bool,
    /// Whether to print full names.
    pub wide: bool,
    /// Minimum time between two queries with `--watch`.
    pub watch: Option<Duration>,
    pub format: ListFormat,
    pub connection: Connection,
}

#[derive(Clone, Debug)]
pub(crate) struct Show {
    pub(crate) target: ShowTarget,
    pub(crate) connection: Connection,
}

#[derive(Clone, Debug)]
pub(crate) enum ShowTarget {
    Group(GroupingKey),
    Selection(Selection),
}

#[derive(Clone, Debug)]
pub(crate) struct Status {
    /// Minimum time between two checks with `--watch`.
    pub(crate) watch: Option<Duration>,
    pub(crate) format: StatusFormat,
    pub(crate) target: StatusTarget,
}

#[derive(Clone, Debug)]
pub(crate) enum StatusTarget {
    Gateway(Connection),
    Receiver(Receiver),
}

/// Returns the rules for the key of a group that is read or deleted. Empty label values are allowed, because the
/// gateway may have such groups.
fn key_rules(utf8_names: bool) -> KeyRules {
    KeyRules { empty_values: EmptyValues::Allow, names: names(utf8_names) }
}

impl Delete {
    pub(crate) fn resolve(args: &cli::DeleteArgs, environment: &Environment) -> Result<Self, Failure> {
        let selection = selection(&args.selection)?;
        let instead = |labels: &[Label]| {
            let flags = [(args.dry_run, " --dry-run"), (args.yes, " --yes")];
            let flags: String = flags.into_iter().filter_map(|(given, flag)| given.then_some(flag)).collect();
            selecting("delete", labels, &args.selection, &args.connection) + &flags
        };
        let Some(selection) = selected(&args.group, selection, args.all, instead)? else {
            return Self::group(args, environment);
        };
        if args.as_curl {
            return Err(Failure::usage_with_hint(
                "--as-curl prints the request for one group, but this command selects several",
                "pushgw list --format path prints the path of each group, to use with --as-curl --url PATH",
            ));
        }
        if !args.all && selection.is_every_group() {
            return Err(Failure::usage_with_hint(
                "the job is never empty, so these matchers select every group: is a variable unset?",
                "--all deletes every group",
            ));
        }
        if !args.all && !selection.is_specific() {
            return Err(Failure::usage_with_hint(
                "these matchers also match groups that lack the label, so they could select almost every group",
                "add a matcher that requires a label, such as --match job=x, or --older-than; --all deletes every group",
            ));
        }
        let connection = gateway_connection(&args.connection, environment, Use::Groups)?;
        let confirmation = match (args.yes, environment.stdin_is_terminal && environment.stderr_is_terminal) {
            (true, _) => Confirmation::Given,
            (false, true) => Confirmation::Asked,
            (false, false) => Confirmation::Missing,
        };
        let target = DeleteTarget::Selection { selection, confirmation, connection };
        Ok(Self { target, force: args.force, dry_run: args.dry_run, as_curl: false, format: args.format })
    }

    fn group(args: &cli::DeleteArgs, environment: &Environment) -> Result<Self, Failure> {
        if args.format.is_some() {
            return Err(Failure::usage(
                "--format needs a selection: --match, --older-than, --failed or --all",
            ));
        }
        let url = args.group.url.as_deref();
        let other = destination::without_gateway(url, &args.connection, environment, Use::Groups)?;
        let target = if let Some(Destination::Textfile(textfile)) = other {
            if args.as_curl {
                return Err(Failure::usage("--as-curl needs a gateway, but the destination is a directory"));
            }
            DeleteTarget::File { key: file_key(&args.group, key_rules(args.utf8_names))?, textfile }
        } else {
            let (path, key, endpoint) = delete_path(args, environment)?;
            let connection = connection::resolve(endpoint, &args.connection, environment)?;
            match key {
                Some(key) => DeleteTarget::Group { path, key, connection },
                None => DeleteTarget::Path { path, connection },
            }
        };
        let (force, dry_run, as_curl) = (args.force, args.dry_run, args.as_curl);
        Ok(Self { target, force, dry_run, as_curl, format: None })
    }
}

/// Returns the path, the key and the gateway of the group to delete. With `--force`, an invalid key is returned as
/// `None`.
fn delete_path(
    args: &cli::DeleteArgs,
    environment: &Environment,
) -> Result<(String, Option<GroupingKey>, Url), Failure> {
    let rules = key_rules(args.utf8_names);
    let Some(url) = &args.group.url else {
        let command = if args.dry_run { "delete --dry-run" } else { "delete" };
        job_or_selection(command, &args.group, &args.selection, &args.connection)?;
        let endpoint = endpoint(&args.connection, environment)?;
        let key = grouping_key(&args.group, rules)?;
        return Ok((key.path(), Some(key), endpoint));
    };
    let url = group_url(url, &args.connection, environment)?;
    let key = match (url.key(rules), args.force) {
        (Ok(key), _) => Some(key),
        (Err(error @ PathError::FinalSlash), false) => return Err(in_url(error)),
        (Err(_), true) => None,
        (Err(error), false) => {
            return Err(Failure::usage_with_hint(
                format!("--url: {error}"),
                "--match selects groups by their labels; --force deletes the path as it is written, without checking that the group exists",
            ));
        }
    };
    Ok((url.path, key, url.endpoint))
}

impl List {
    pub fn resolve(args: &cli::ListArgs, environment: &Environment) -> Result<Self, Failure> {
        let mut selection = selection(&args.selection)?;
        if args.job.as_ref().is_some_and(|job| job.is_empty()) {
            return Err(Failure::usage(KeyError::EmptyJob.to_string()));
        }
        let labels = labels(&args.labels, args.instance.as_deref())?;
        if let Some(Label { name, value }) = labels.iter().find(|label| !is_bare_name(&label.name)) {
            let typed = format!("{}={}", name.trim(), value.trim());
            let meant =
                typed.parse::<Matcher>().map_or_else(|error| error.meant(&typed), |_| Some(typed.clone()));
            let message = format!("--label: `{name}` is not a valid label name");
            return Err(Failure::Usage { message, hint: meant.as_deref().map(matching) });
        }
        let mut named: Vec<Matcher> =
            labels.into_iter().map(|label| Matcher::equal(label.name, label.value)).collect();
        if let Some(job) = &args.job {
            named.insert(0, Matcher::equal("job", utf8("--job", job)?));
        }
        selection.matchers.splice(0..0, named);
        if args.metrics && args.format == ListFormat::Path {
            return Err(Failure::usage("--metrics needs --format table or json"));
        }
        let watch = args.watch.as_deref().map(interval).transpose()?;
        let connection = gateway_connection(&args.connection, environment, Use::Groups)?;
        let (sort, metrics, wide, format) = (args.sort, args.metrics, args.wide, args.format);
        Ok(Self { selection, sort, metrics, wide, watch, format, connection })
    }
}

/// Parses `--watch`: a number of seconds, as in `watch -n`, or a duration.
fn interval(text: &OsStr) -> Result<Duration, Failure> {
    let text = utf8("--watch", text)?;
    let number = text.strip_suffix('s').unwrap_or(text);
    let seconds = number.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let interval = match seconds {
        Some(interval) => interval,
        None => duration::parse(text).map_err(|_| {
            Failure::usage(format!(
                "--watch: invalid number of seconds `{text}`: use a number such as 2 or 0.5"
            ))
        })?,
    };
    if interval.is_zero() {
        return Err(Failure::usage("--watch must be greater than zero"));
    }
    Ok(interval)
}

impl Show {
    pub(crate) fn resolve(args: &cli::ShowArgs, environment: &Environment) -> Result<Self, Failure> {
        let url = args.group.url.as_deref();
        destination::require_gateway(url, &args.connection, environment, Use::Groups)?;
        let selection = selection(&args.selection)?;
        let rules = key_rules(args.utf8_names);
        let instead = |labels: &[Label]| selecting("show", labels, &args.selection, &args.connection);
        let selected = selected(&args.group, selection, args.all, instead)?;
        let (target, endpoint) = if let Some(selection) = selected {
            (ShowTarget::Selection(selection), endpoint(&args.connection, environment)?)
        } else {
            job_or_selection("show", &args.group, &args.selection, &args.connection)?;
            let (key, endpoint) = named_group(&args.group, &args.connection, rules, environment)?;
            (ShowTarget::Group(key), endpoint)
        };
        let connection = connection::resolve(endpoint, &args.connection, environment)?;
        Ok(Self { target, connection })
    }
}

impl Status {
    pub(crate) fn resolve(args: &cli::StatusArgs, environment: &Environment) -> Result<Self, Failure> {
        let watch = args.watch.as_deref().map(interval).transpose()?;
        let target = match destination::without_gateway(None, &args.connection, environment, Use::Write)? {
            Some(Destination::RemoteWrite(receiver)) => StatusTarget::Receiver(receiver),
            _ => StatusTarget::Gateway(gateway_connection(&args.connection, environment, Use::Write)?),
        };
        Ok(Self { watch, format: args.format, target })
    }
}

/// Returns an error if there are labels but no job. The hint is the command that selects groups by these labels.
fn job_or_selection(
    command: &str,
    group: &cli::GroupArgs,
    selection: &cli::SelectionArgs,
    connection: &cli::ConnectionArgs,
) -> Result<(), Failure> {
    let Some(labels) = named_labels(group).filter(|_| group.job.is_none()) else { return Ok(()) };
    let instead = selecting(command, &labels, selection, connection);
    Err(Failure::usage_with_hint(
        "the group's job is missing",
        format!("add -j JOB; to select groups by label: {instead}"),
    ))
}

fn selection(args: &cli::SelectionArgs) -> Result<Selection, Failure> {
    let mut matchers = Vec::new();
    for matcher in &args.matchers {
        if matcher.is_empty() {
            return Err(empty("--match"));
        }
        let matcher = utf8("--match", matcher)?;
        matchers.extend(parse_matchers(matcher).map_err(|error| Failure::Usage {
            message: format!("--match: {error}"),
            hint: error.meant(matcher).as_deref().map(matching),
        })?);
    }
    if matchers.iter().any(Matcher::requires_no_job) {
        return Err(Failure::usage("--match: the job is never empty: is a variable unset?"));
    }
    let age_of = |text: &OsString| {
        if text.is_empty() {
            return Err(empty("--older-than"));
        }
        let text = utf8("--older-than", text)?;
        age("--older-than", text)
    };
    let older_than = args.older_than.as_ref().map(age_of).transpose()?;
    Ok(Selection { matchers, older_than, failed: args.failed })
}

fn matching(matcher: &str) -> String {
    format!("use --match {}", quote(matcher))
}

/// Parses an age. Errors suggest days, because users usually mean days rather than seconds.
pub(super) fn age(option: &str, text: &str) -> Result<Duration, Failure> {
    let days_ago = || {
        let then = match text.trim_start_matches('@').parse::<i64>() {
            Ok(millis @ 1_000_000_000_000..) => millis / 1000,
            Ok(seconds @ 1_000_000_000..) => seconds,
            Ok(_) => return None,
            Err(_) => {
                let (year, rest) = text.split(['T', ' ']).next()?.split_once('-')?;
                let (month, day) = rest.split_once('-')?;
                let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
                Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_second()
            }
        };
        let seconds = u64::try_from(Timestamp::now().as_second() - then).ok()?;
        // Rounded up, so that no group is selected that was pushed after this time.
        let days = seconds / (24 * 60 * 60) + 1;
        Some(format!("{text} is a time, not a duration: it was up to {days}d ago, so write {days}d"))
    };
    duration::parse(text).map_err(|error| {
        let message = days_ago().unwrap_or_else(|| match error {
            DurationError::OnlyNumber(number) => format!(
                "`{text}` has no unit: write {number}d for days, {number}h for hours or {number}s for seconds"
            ),
            error => error.to_string(),
        });
        Failure::usage(format!("{option}: {message}"))
    })
}

/// Returns the selection, or `None` if the options name a single group. Giving both or neither is an error. If both are
/// given, the hint shows the result of `instead`, a command that selects all groups with the given labels.
fn selected(
    group: &cli::GroupArgs,
    selection: Selection,
    all: bool,
    instead: impl Fn(&[Label]) -> String,
) -> Result<Option<Selection>, Failure> {
    let names_group =
        group.job.is_some() || group.instance.is_some() || !group.labels.is_empty() || group.url.is_some();
    match (names_group, !selection.is_empty(), all) {
        (true, true, _) | (true, _, true) => Err(Failure::usage_with_hint(
            "-j, -l, -i and --url name one group, but --match, --older-than, --failed and --all select several",
            named_labels(group).map_or_else(
                || "use either one group or a selection".to_owned(),
                |labels| format!("for all groups with these labels: {}", instead(&labels)),
            ),
        )),
        (false, true, true) => Err(Failure::usage_with_hint(
            "--all selects every group and can't be combined with --match, --older-than or --failed",
            "to select the groups of a job: --match job=x",
        )),
        (false, false, false) => Err(Failure::usage_with_hint(
            "no group is specified",
            "-j JOB and -l NAME=VALUE name one group; --match job=x, --older-than, --failed or --all select several",
        )),
        (true, false, false) => Ok(None),
        (false, true, false) | (false, false, true) => Ok(Some(selection)),
    }
}

/// Returns the labels from `-j`, `-l` and `-i`, or `None` if they can't select groups because they are invalid or empty.
fn named_labels(group: &cli::GroupArgs) -> Option<Vec<Label>> {
    let mut labels = labels(&group.labels, group.instance.as_deref()).ok()?;
    labels.splice(0..0, group.job.as_deref().and_then(OsStr::to_str).map(|job| Label::new("job", job)));
    let has_job = group.job.as_ref().is_none_or(|job| !job.is_empty());
    Some(labels).filter(|labels| has_job && labels.iter().any(|label| !label.value.is_empty()))
}

/// Returns a command that selects the groups with these labels, and repeats the selection and the gateway as typed.
fn selecting(
    command: &str,
    labels: &[Label],
    selection: &cli::SelectionArgs,
    connection: &cli::ConnectionArgs,
) -> String {
    let option = |name: &str, value: &OsString| format!(" {name} {}", quote(&value.to_string_lossy()));
    let mut text = format!("pushgw {command} {}", matchers(labels));
    text.extend(selection.matchers.iter().map(|matcher| option("--match", matcher)));
    text.extend(selection.older_than.iter().map(|age| option("--older-than", age)));
    text.extend(selection.failed.then_some(" --failed"));
    let gateway = connection.gateway.as_ref().map(|url| without_user(&url.to_string_lossy()).into());
    text.extend(gateway.map(|url| option("-g", &url)));
    text
}

/// Returns the options that select the groups with these labels.
pub(crate) fn matchers(labels: &[Label]) -> String {
    let matchers = labels.iter().map(|label| format!("--match {}", quote(&label.matcher())));
    matchers.collect::<Vec<_>>().join(" ")
}
