//! The part of the operators' commands: `list`, `show`, `delete`, `status`, and pushing a file of groups.

use super::connection::{self, endpoint, group_url};
use super::{Check, check_of, empty, key, names, unicode};
use crate::cli::{self, ListFormat, ListSort, StatusFormat};
use crate::duration;
use crate::env::Environment;
use crate::error::Failure;
use crate::gateway::{Connection, Endpoint, Method, Selection};
use crate::grouping::{Emptiness, GroupingKey, KeyError, KeyRules, Matcher, PathError};
use crate::input::Origin;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// `delete`, ready to be done.
#[derive(Clone, Debug)]
pub struct Delete {
    /// What is to go.
    pub doomed: Doomed,
    /// Delete without looking; or although the gateway refuses all pushes.
    pub force: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// How the selected groups are printed; `None` says nothing where they are deleted.
    pub format: Option<ListFormat>,
    /// How to reach the gateway.
    pub connection: Connection,
}

/// What `delete` deletes.
#[derive(Clone, Debug)]
pub enum Doomed {
    /// One group, named whole.
    Group {
        /// Its path: built from its key, or as `--url` has it.
        path: String,
        /// Its key; `None` where `--url` names bytes that no key can hold.
        key: Option<GroupingKey>,
    },
    /// All groups of a selection.
    Selection {
        /// Which.
        selection: Selection,
        /// Nobody is asked.
        confirmed: bool,
    },
}

/// `list`, ready to be done.
#[derive(Clone, Debug)]
pub struct List {
    /// Which groups.
    pub selection: Selection,
    /// In which order.
    pub sort: ListSort,
    /// With their families.
    pub metrics: bool,
    /// Again and again, with at least this pause between.
    pub watch: Option<Duration>,
    /// How they are printed.
    pub format: ListFormat,
    /// How to reach the gateway.
    pub connection: Connection,
}

/// `show`, ready to be done.
#[derive(Clone, Debug)]
pub struct Show {
    /// What is shown.
    pub shown: Shown,
    /// How to reach the gateway.
    pub connection: Connection,
}

/// What `show` shows.
#[derive(Clone, Debug)]
pub enum Shown {
    /// One group, named whole.
    Group(GroupingKey),
    /// All groups of a selection.
    Selection(Selection),
}

/// `status`, ready to be done.
#[derive(Clone, Debug)]
pub struct Status {
    /// How it is printed.
    pub format: StatusFormat,
    /// How to reach the gateway.
    pub connection: Connection,
}

/// `push --groups` or `add --groups`, ready to be done.
#[derive(Clone, Debug)]
pub struct Restore {
    /// PUT or POST.
    pub method: Method,
    /// The text and what it is held to.
    pub check: Check,
    /// How to reach the gateway.
    pub connection: Connection,
}

/// For what looks up or deletes: such groups exist.
fn lenient(utf8_names: bool) -> KeyRules {
    KeyRules { emptiness: Emptiness::Allow, names: names(utf8_names) }
}

impl Delete {
    /// Resolves `delete`.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`].
    pub fn resolve(args: &cli::DeleteArgs, environment: &Environment) -> Result<Self, Failure> {
        let selection = selection(&args.selection)?;
        if let Some(selected) = one_of(&args.group, &selection, args.all)? {
            if !args.all && !selected.is_specific() {
                return Err(Failure::usage_with_hint(
                    "every matcher matches the empty string, and so groups for what they lack",
                    "add one that doesn't, such as --match job=x, or --older-than; --all deletes every group",
                ));
            }
            let asks = environment.stdin_is_terminal && environment.stderr_is_terminal;
            if !(args.yes || args.dry_run || asks) {
                return Err(Failure::usage_with_hint(
                    "deleting a selection asks first, and there is no terminal to ask on",
                    "--yes deletes without asking, --dry-run shows what would be deleted",
                ));
            }
            return Ok(Self {
                doomed: Doomed::Selection { selection: selected, confirmed: args.yes },
                force: args.force,
                dry_run: args.dry_run,
                format: args.format,
                connection: connection::to_gateway(&args.connection, environment)?,
            });
        }
        if args.format.is_some() {
            return Err(Failure::usage(
                "--format goes with a selection: --match, --older-than, --failed or --all",
            ));
        }
        let (path, key, endpoint) = named(args, environment)?;
        let connection = connection::resolve(endpoint, &args.connection, environment)?;
        let doomed = Doomed::Group { path, key };
        Ok(Self { doomed, force: args.force, dry_run: args.dry_run, format: None, connection })
    }
}

/// The one group that `delete` names.
fn named(
    args: &cli::DeleteArgs,
    environment: &Environment,
) -> Result<(String, Option<GroupingKey>, Endpoint), Failure> {
    let rules = lenient(args.utf8_names);
    let Some(url) = &args.group.url else {
        let key = key(&args.group, rules)?;
        return Ok((key.path(), Some(key), endpoint(&args.connection, environment)?));
    };
    let url = group_url(url, &args.connection)?;
    let key = match (url.key(rules), args.force) {
        (Ok(key), _) => Some(key),
        (Err(_), true) => None,
        (Err(error), false) => return Err(unreadable(&error)),
    };
    Ok((url.path, key, url.endpoint))
}

fn unreadable(error: &PathError) -> Failure {
    Failure::usage_with_hint(
        format!("--url: {error}"),
        "--force deletes the path as it is written, without looking for the group",
    )
}

impl List {
    /// Resolves `list`.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`].
    pub fn resolve(args: &cli::ListArgs, environment: &Environment) -> Result<Self, Failure> {
        let mut selection = selection(&args.selection)?;
        if let Some(job) = &args.job {
            if job.is_empty() {
                return Err(Failure::usage(KeyError::EmptyJob.to_string()));
            }
            selection.matchers.insert(0, Matcher::equal("job", unicode("--job", job)?));
        }
        if args.metrics && args.format == ListFormat::Path {
            return Err(Failure::usage("--metrics goes with --format table or json: a path has no metrics"));
        }
        let watch = args.watch.as_ref().map(pause).transpose()?;
        let connection = connection::to_gateway(&args.connection, environment)?;
        let (sort, metrics, format) = (args.sort, args.metrics, args.format);
        Ok(Self { selection, sort, metrics, watch, format, connection })
    }
}

/// The pause between two looks: seconds as `watch -n` takes them, or a duration.
fn pause(text: &OsString) -> Result<Duration, Failure> {
    let text = unicode("--watch", text)?;
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let pause = match seconds {
        Some(pause) => pause,
        None => duration::parse(text).map_err(|_| {
            Failure::usage(format!("--watch: `{text}` is no number of seconds, such as 2 or 0.5"))
        })?,
    };
    if pause.is_zero() {
        return Err(Failure::usage("--watch: looking without a pause would keep the gateway from its work"));
    }
    Ok(pause)
}

impl Show {
    /// Resolves `show`.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`].
    pub fn resolve(args: &cli::ShowArgs, environment: &Environment) -> Result<Self, Failure> {
        let selection = selection(&args.selection)?;
        let rules = lenient(args.utf8_names);
        let (shown, endpoint) = match (one_of(&args.group, &selection, args.all)?, &args.group.url) {
            (Some(selection), _) => (Shown::Selection(selection), endpoint(&args.connection, environment)?),
            (None, Some(url)) => {
                let url = group_url(url, &args.connection)?;
                (Shown::Group(url.key(rules).map_err(super::in_url)?), url.endpoint)
            }
            (None, None) => {
                (Shown::Group(key(&args.group, rules)?), endpoint(&args.connection, environment)?)
            }
        };
        let connection = connection::resolve(endpoint, &args.connection, environment)?;
        Ok(Self { shown, connection })
    }
}

impl Status {
    /// Resolves `status`.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`].
    pub fn resolve(args: &cli::StatusArgs, environment: &Environment) -> Result<Self, Failure> {
        let connection = connection::to_gateway(&args.connection, environment)?;
        Ok(Self { format: args.format, connection })
    }
}

impl Restore {
    /// Resolves `push --groups` or `add --groups`; `None` where there is no such option.
    ///
    /// # Errors
    ///
    /// [`Failure::Usage`].
    pub fn resolve(
        method: Method,
        args: &cli::PushArgs,
        environment: &Environment,
    ) -> Result<Option<Self>, Failure> {
        let Some(file) = &args.groups else { return Ok(None) };
        let origin = match file.as_path() {
            path if path == Path::new("-") => Origin::Stdin,
            path if path.as_os_str().is_empty() => {
                return Err(empty("--groups"));
            }
            path => Origin::File(path.to_owned()),
        };
        if origin == Origin::Stdin && environment.stdin_is_terminal {
            return Err(Failure::usage("--groups: standard input is a terminal"));
        }
        let mut check = check_of(&args.input, &args.report, vec![origin]);
        // A group can be empty, and was so when it was shown.
        check.rules.allow_empty = true;
        let connection = connection::to_gateway(&args.connection, environment)?;
        Ok(Some(Self { method, check, connection }))
    }
}

fn selection(args: &cli::SelectionArgs) -> Result<Selection, Failure> {
    let mut matchers = Vec::new();
    for matcher in &args.matchers {
        let matcher = unicode("--match", matcher)?;
        matchers.push(matcher.parse().map_err(|error| Failure::usage(format!("--match: {error}")))?);
    }
    let mut older_than = None;
    if let Some(text) = &args.older_than {
        if text.is_empty() {
            return Err(empty("--older-than"));
        }
        let text = unicode("--older-than", text)?;
        let age = duration::parse(text).map_err(|error| Failure::usage(format!("--older-than: {error}")))?;
        older_than = Some(age);
    }
    Ok(Selection { matchers, older_than, failed: args.failed })
}

/// Either one group or a selection: the selection, if it is that.
fn one_of(group: &cli::GroupArgs, selection: &Selection, all: bool) -> Result<Option<Selection>, Failure> {
    let grouped =
        group.job.is_some() || group.instance.is_some() || !group.labels.is_empty() || group.url.is_some();
    let selected = !selection.is_empty();
    match (grouped, selected, all) {
        (true, true, _) | (true, _, true) => Err(Failure::usage_with_hint(
            "-j, -l, -i and --url name one group, and --match, --older-than, --failed and --all select several",
            "for the groups of a job use --match job=x",
        )),
        (false, true, true) => Err(Failure::usage_with_hint(
            "--all selects every group, so it goes with no other selection",
            "for the groups of a job use --match job=x",
        )),
        (false, false, false) => Err(Failure::usage_with_hint(
            "no group is named and none selected",
            "-j JOB and -l NAME=VALUE name one group; --match job=x, --older-than, --failed or --all select several",
        )),
        (true, false, false) => Ok(None),
        (false, true, false) | (false, false, true) => Ok(Some(selection.clone())),
    }
}
