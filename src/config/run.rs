//! Settings of `run` and `rules`. The command of `run` always runs, unless the arguments themselves are wrong. Anything
//! that can change between runs, such as a variable, a URL or a file, is resolved only for the report.

use super::groups::age;
use super::{
    Destination, Use, connection, destination, empty, file_key, grouping_key, in_url, mistakes, names, push,
    utf8,
};
use crate::cli;
use crate::duration;
use crate::env::Environment;
use crate::error::Failure;
use crate::exposition::{CheckOptions, TextFormat};
use crate::gateway::GroupUrl;
use crate::grouping::{EmptyValues, GroupingKey, KeyRules};
use crate::job::{Expectations, MetricPrefix, Selector};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum number of problems shown for the job's metrics.
const MAX_DIAGNOSTICS: usize = 20;

#[expect(clippy::struct_excessive_bools, reason = "each is a command-line option")]
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) command: Vec<OsString>,
    pub(crate) expectations: Expectations,
    pub(crate) prefix: MetricPrefix,
    /// File with metrics that the command writes.
    pub(crate) metrics: Option<PathBuf>,
    /// Whether to push the command's metrics even after a failure.
    pub(crate) metrics_always: bool,
    /// Whether a failed report changes the exit status.
    pub(crate) require_push: bool,
    /// Time limit for the report, starting when the command ends.
    pub(crate) timeout: Duration,
    ok_statuses: Vec<u8>,
    metric_lines: Vec<OsString>,
    format: TextFormat,
    strip_timestamps: bool,
    group: cli::GroupArgs,
    utf8_names: bool,
    connection: cli::ConnectionArgs,
    environment: Environment,
    /// Name of the first option with an empty value, if any.
    empty: Option<&'static str>,
}

impl Run {
    /// Resolves the settings of `run` before the command starts.
    pub(crate) fn resolve(args: cli::RunArgs, environment: &Environment) -> Result<Self, Failure> {
        if args.command.first().is_none_or(|program| program.is_empty()) {
            return Err(empty("COMMAND"));
        }
        let group = &args.group;
        destination::agree(group.url.as_deref(), &args.connection)?;
        match (&group.url, &group.job) {
            (Some(_), _) if args.connection.gateway.is_some() => {
                return Err(Failure::usage("--url already names the gateway: remove --gateway"));
            }
            (None, None) => {
                return Err(Failure::usage_with_hint("the group's job is missing", "add -j JOB"));
            }
            _ => {}
        }
        let mut values = Values::default();
        let every = values.age("--expect-every", args.expect_every.as_deref())?;
        let within = values.age("--expect-within", args.expect_within.as_deref())?;
        let timeout = values.duration("--timeout", args.connection.timeout.as_deref())?;
        values.duration("--connect-timeout", args.connection.connect_timeout.as_deref())?;
        let ok_statuses = values.statuses(&args.ok_status)?;
        let prefix = values.prefix(&args.prefix)?;
        let variable = environment.variable("PUSHGATEWAY_TIMEOUT").and_then(OsStr::to_str);
        let variable = variable.and_then(|text| duration::parse(text).ok()).filter(|time| !time.is_zero());
        Ok(Self {
            command: args.command,
            expectations: Expectations { every, within },
            prefix,
            metrics: args.metrics,
            metrics_always: args.metrics_always,
            require_push: args.require_push,
            timeout: timeout.or(variable).unwrap_or(DEFAULT_TIMEOUT),
            ok_statuses,
            metric_lines: args.metric_lines,
            format: push::format(args.format),
            strip_timestamps: args.strip_timestamps,
            group: args.group,
            utf8_names: args.utf8_names,
            connection: args.connection,
            environment: environment.clone(),
            empty: values.empty,
        })
    }

    /// Returns the job's name for messages.
    pub(crate) fn name(&self) -> String {
        let job = self.group.job.as_deref().map(|job| job.to_string_lossy().into_owned());
        let named = job.filter(|job| !job.is_empty() && mistakes::of_url_as_job(&self.group).is_ok());
        let named = named.or_else(|| self.key().ok().map(|key| key.job().to_owned()));
        let program = || self.command.first().map(|program| program.to_string_lossy().into_owned());
        named.or_else(program).unwrap_or_default()
    }

    pub(crate) fn is_success(&self, status: u8) -> bool {
        status == 0 || self.ok_statuses.contains(&status)
    }

    /// Returns the key of the group to push to.
    pub(crate) fn key(&self) -> Result<GroupingKey, Failure> {
        if let Some(option) = self.empty {
            return Err(empty(option));
        }
        mistakes::of_url_as_job(&self.group)?;
        match self.url()? {
            Some(url) => url.key(self.key_rules()).map_err(in_url),
            None => grouping_key(&self.group, self.key_rules()),
        }
    }

    fn key_rules(&self) -> KeyRules {
        KeyRules { empty_values: EmptyValues::Reject, names: names(self.utf8_names) }
    }

    /// Returns the destination of the report. This reads the files with secrets and certificates.
    pub(crate) fn destination(&self) -> Result<Destination, Failure> {
        let url = self.group.url.as_deref();
        let other = destination::without_gateway(url, &self.connection, &self.environment, Use::Write)?;
        if let Some(destination) = other {
            if let Destination::Textfile(_) = destination {
                file_key(&self.group, self.key_rules())?;
            }
            return Ok(destination.with_timeout(self.timeout));
        }
        let endpoint = match self.url()? {
            Some(url) => url.endpoint,
            None => connection::endpoint(&self.connection, &self.environment)?,
        };
        let connection = connection::resolve(endpoint, &self.connection, &self.environment)?;
        Ok(Destination::Gateway(connection).with_timeout(self.timeout))
    }

    fn url(&self) -> Result<Option<GroupUrl>, Failure> {
        self.group
            .url
            .as_deref()
            .map(|url| connection::group_url(url, &self.connection, &self.environment))
            .transpose()
    }

    /// Returns the lines from `-m`.
    pub(crate) fn metric_lines(&self) -> Result<Vec<String>, Failure> {
        let line = |line: &OsString| match utf8("--metric", line)? {
            "" => Err(empty("--metric")),
            _ if push::file_in_line(line).is_some() => {
                Err(Failure::usage("--metric needs a line of metrics, not a file: use --metrics FILE"))
            }
            line => Ok(line.to_owned()),
        };
        self.metric_lines.iter().map(line).collect()
    }

    /// Returns the settings for checking the command's metrics.
    pub(crate) fn check(&self) -> super::Check {
        let url = self.group.url.as_deref();
        let options = CheckOptions {
            utf8_names: self.utf8_names,
            max_diagnostics: MAX_DIAGNOSTICS,
            remote_write: destination::is_remote_write(url, &self.connection, &self.environment),
            format: self.format,
            strip_timestamps: self.strip_timestamps,
            ..CheckOptions::PLAIN
        };
        super::Check { origins: Vec::new(), options, strict: false }
    }
}

/// Reads option values. An empty value usually comes from an unset variable, and must not prevent the command from
/// running.
#[derive(Default)]
struct Values {
    empty: Option<&'static str>,
}

impl Values {
    fn text<'a>(
        &mut self,
        option: &'static str,
        value: Option<&'a OsStr>,
    ) -> Result<Option<&'a str>, Failure> {
        let Some(value) = value else { return Ok(None) };
        if value.is_empty() {
            self.empty = self.empty.or(Some(option));
            return Ok(None);
        }
        utf8(option, value).map(Some)
    }

    fn duration(&mut self, option: &'static str, value: Option<&OsStr>) -> Result<Option<Duration>, Failure> {
        self.parsed(option, value, |text| {
            duration::parse(text).map_err(|error| Failure::usage(format!("{option}: {error}")))
        })
    }

    /// Parses a duration that users rarely mean in seconds.
    fn age(&mut self, option: &'static str, value: Option<&OsStr>) -> Result<Option<Duration>, Failure> {
        self.parsed(option, value, |text| age(option, text))
    }

    fn parsed(
        &mut self,
        option: &'static str,
        value: Option<&OsStr>,
        parse: impl Fn(&str) -> Result<Duration, Failure>,
    ) -> Result<Option<Duration>, Failure> {
        let Some(text) = self.text(option, value)? else { return Ok(None) };
        let time = parse(text)?;
        if time.is_zero() {
            return Err(Failure::usage(format!("{option} must be greater than zero")));
        }
        Ok(Some(time))
    }

    /// Parses the exit statuses in `--ok-status`.
    fn statuses(&mut self, values: &[OsString]) -> Result<Vec<u8>, Failure> {
        let mut statuses = Vec::new();
        for value in values {
            let Some(text) = self.text("--ok-status", Some(value))? else { continue };
            for number in text.split(',') {
                let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
                let status = number.parse().ok().filter(|_| is_number);
                let wrong = || format!("--ok-status: `{number}` is not an exit status from 0 to 255");
                statuses.push(status.ok_or_else(|| Failure::usage(wrong()))?);
            }
        }
        Ok(statuses)
    }

    fn prefix(&mut self, value: &OsStr) -> Result<MetricPrefix, Failure> {
        match self.text("--prefix", Some(value))? {
            None => Ok(MetricPrefix::default()),
            Some(text) => text.parse().map_err(|error| Failure::usage(format!("--prefix: {error}"))),
        }
    }
}

#[derive(Debug)]
pub(crate) struct AlertingRules {
    pub(crate) prefix: MetricPrefix,
    pub(crate) selector: Selector,
}

impl AlertingRules {
    pub(crate) fn resolve(args: &cli::RulesArgs) -> Result<Self, Failure> {
        let mut values = Values::default();
        let prefix = values.prefix(&args.prefix)?;
        if let Some(option) = values.empty {
            return Err(empty(option));
        }
        let selector = if args.remote_write { Selector::Received } else { Selector::Scraped };
        Ok(Self { prefix, selector })
    }
}
