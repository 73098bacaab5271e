//! The `status` subcommand: checks whether the server is a Pushgateway, whether it is healthy, and whether Prometheus
//! can scrape it. If not, shows which groups break it and which commands fix it.
//!
//! The gateway's own health checks pass even when it rejects every push and every scrape. So `status` scrapes it as
//! Prometheus does and applies the rules of Prometheus to the result.

use super::group_output::{age, different_clocks};
use super::group_table;
use super::scrape::Scraped;
use super::{Context, listener, plural, print_json, receiver_status, watch};
use crate::config::{Status, StatusFormat, StatusTarget};
use crate::diagnose::commands::{LACKS_CREDENTIALS, gateway_option, lacks_credentials};
use crate::diagnose::{self, Problem};
use crate::error::Failure;
use crate::gateway::{self, FamilySize, Group, ServerStatus, Snapshot, State};
use crate::grouping::{LabelSet, NoKey};
use crate::http::{Client, Connection, Url};
use crate::output::{Channel, Column, Printer, Style, StyledLine, StyledText, Table};
use jiff::Timestamp;
use serde::Serialize;
use std::fmt::Write as _;
use std::io;

/// Maximum number of failed groups named in the table. JSON output includes all of them.
const NAMED: usize = 5;
/// Maximum number of problems in the table, and of commands for each problem. JSON output includes all of them.
const SHOWN: usize = 20;

/// Queries the gateway and prints the findings.
pub(super) fn run(status: &Status, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let connection = match &status.target {
        StatusTarget::Gateway(connection) => connection,
        StatusTarget::Receiver(receiver) => return receiver_status::run(receiver, status, context),
    };
    let client = Client::new(connection);
    watch::report_status(
        (status.watch, &connection.endpoint),
        context,
        |context| Found::fetch(&client, context.printer),
        |found, printer| print(found, status.format, printer),
        |found| found.verdict().is_ok(),
    )
}

fn print(found: &Found<'_>, format: StatusFormat, printer: &mut Printer<'_>) -> io::Result<()> {
    match format {
        StatusFormat::Table => table(found, printer),
        StatusFormat::Json => json(found, printer),
    }
}

/// The results of all queries.
struct Found<'a> {
    connection: &'a Connection,
    about: ServerStatus,
    healthy: Result<(), String>,
    ready: Result<(), String>,
    snapshot: Snapshot,
    scraped: Scraped,
}

impl<'a> Found<'a> {
    fn fetch(client: &'a Client, printer: &mut Printer<'_>) -> Result<Self, Failure> {
        let connection = client.connection();
        let endpoint = &connection.endpoint;
        let about = gateway::fetch_status(client, endpoint, &mut listener(printer))?;
        let is_cut = |family: &FamilySize| family.help_is_cut;
        let healthy = probe(client, endpoint, "/-/healthy", printer);
        let ready = probe(client, endpoint, "/-/ready", printer);
        let snapshot = gateway::fetch_families(client, endpoint, &is_cut, &mut listener(printer))?;
        let scraped = Scraped::new(client, &about, &snapshot, printer)?;
        Ok(Self { connection, about, healthy, ready, snapshot, scraped })
    }

    /// Summarizes in a few words whether the gateway works.
    fn verdict(&self) -> Result<&'static str, &'static str> {
        let Self { about, healthy, ready, scraped, .. } = self;
        if scraped.rejects_pushes && about.is_on("push.disable-consistency-check") != Some(true) {
            Err("every push is rejected and every scrape fails")
        } else if !scraped.ok() {
            Err("scrapes fail")
        } else if !scraped.problems.is_empty() {
            Err("Prometheus drops the scraped metrics")
        } else if healthy.is_err() || ready.is_err() {
            Err("the gateway's health checks fail")
        } else {
            Ok("Prometheus can scrape the gateway")
        }
    }
}

/// Requests a health check. An error status is a valid result, so nothing is retried.
fn probe(client: &Client, endpoint: &Url, path: &str, printer: &mut Printer<'_>) -> Result<(), String> {
    gateway::get_once(client, endpoint, path, &mut listener(printer)).map(drop).map_err(|error| {
        match error.kind.words() {
            Some(words) => format!("{}: {words}", error.kind.message()),
            None => error.kind.message(),
        }
    })
}

/// Returns the groups whose last push failed.
fn failed(snapshot: &Snapshot) -> impl Iterator<Item = &Group> {
    snapshot.groups.iter().filter(|group| group.state != State::Ok)
}

fn series(snapshot: &Snapshot) -> Option<u64> {
    snapshot.groups.iter().map(|group| group.size.map(|size| size.series)).sum()
}

fn oldest(snapshot: &Snapshot) -> Option<Timestamp> {
    snapshot.groups.iter().filter_map(|group| group.last_push).min()
}

/// Returns findings that are not errors, but that the user should know about.
fn warnings(found: &Found<'_>) -> Vec<String> {
    let groups = &found.snapshot.groups;
    let at = |places: &[usize]| places.iter().filter_map(|place| groups.get(*place)).collect::<Vec<_>>();
    let mut warnings = found.scraped.warnings.clone();
    warnings.extend(different_clocks(&found.snapshot));
    if found.about.is_on("push.disable-consistency-check") == Some(true) {
        warnings.push("consistency checks are off: any push can make every scrape fail".to_owned());
    }
    for duplicates in &found.snapshot.conflicts.duplicates {
        warnings.push(format!(
            "{} differ only in empty labels: Prometheus drops the samples of all but one",
            diagnose::names(&at(&duplicates.groups))
        ));
    }
    for why in [NoKey::UnknownNames, NoKey::NeedsUtf8Names] {
        let unnamed: Vec<&Group> = groups.iter().filter(|group| group.key == Err(why)).collect();
        if !unnamed.is_empty() {
            warnings.push(format!("{}: {why}", diagnose::names(&unnamed)));
        }
    }
    if found.snapshot.from_text {
        warnings.push(
            "the gateway has no API: the groups were read from /metrics, which does not show everything"
                .to_owned(),
        );
    }
    warnings
}

fn probe_result(path: &str, result: &Result<(), String>) -> Vec<StyledText> {
    match result {
        Ok(()) => vec![StyledText::plain(format!("{path} ")), StyledText::new(Style::Good, "OK")],
        Err(why) => vec![
            StyledText::plain(format!("{path} ")),
            StyledText::new(Style::Bad, "fails"),
            StyledText::plain(format!(": {why}")),
        ],
    }
}

fn table(found: &Found<'_>, printer: &mut Printer<'_>) -> io::Result<()> {
    let Found { connection, about, healthy, ready, snapshot, scraped } = found;
    let (style, word, why) = match found.verdict() {
        Ok(why) => (Style::Good, "OK", why),
        Err(why) => (Style::Bad, "BROKEN", why),
    };
    printer.line([StyledText::new(style, format!("{word}: ")), StyledText::plain(why)])?;
    problems(&scraped.problems, connection, printer)?;
    let mut table = Table::new([Column::text(""), Column::text("")]);
    let mut row = |name: &str, line: StyledLine| table.row([StyledLine::from(name), line]);
    row("gateway", connection.endpoint.to_string().into());
    let ago = |time| group_table::age(age(snapshot.now, time));
    let up = about.started.map(|started| format!(", up {}", ago(started)));
    let version = about.version.clone().unwrap_or_else(|| "unknown".to_owned());
    row("version", format!("{version}{}", up.unwrap_or_default()).into());
    let mut probes = probe_result("/-/healthy", healthy);
    probes.push(StyledText::plain(", "));
    probes.extend(probe_result("/-/ready", ready));
    row("probes", probes.into());
    row("features", features(about));
    row("groups", amount(snapshot).into());
    for (at, group) in failed(snapshot).enumerate() {
        let name = if at == 0 { "failed" } else { "" };
        if at == NAMED {
            let (more, option) = (failed(snapshot).count() - NAMED, gateway_option(connection));
            row(name, format!("and {more} more (`pushgw list --failed{option}`)").into());
            break;
        }
        let failed = group.last_failure.map(|failure| format!(" {} ago", ago(failure)));
        row(name, format!("{}{}", group.labels, failed.unwrap_or_default()).into());
    }
    let scrape = match &scraped.refusal {
        None if scraped.problems.is_empty() => plural(scraped.samples, "sample"),
        None => "the gateway responds, but Prometheus drops the response".to_owned(),
        Some(why) => format!("fails: {why}"),
    };
    row("scrape", scrape.into());
    printer.table(Channel::Result, &table)?;
    for warning in warnings(found) {
        printer.line([StyledText::new(Style::Warning, "warning: "), StyledText::plain(warning)])?;
    }
    let failed = failed(snapshot).count();
    if failed > 0 && found.verdict().is_ok() {
        let (groups, option) = (plural(failed, "failed group"), gateway_option(connection));
        printer.line([
            StyledText::plain(format!("{groups}: ")),
            StyledText::plain(format!("pushgw delete --failed{option}")),
        ])?;
    }
    Ok(())
}

/// Prints the problems and the commands that fix them, up to a limit, because a large gateway can have thousands.
fn problems(problems: &[Problem], connection: &Connection, printer: &mut Printer<'_>) -> io::Result<()> {
    let more = |count: usize, noun: &str| {
        let all = format!("pushgw status{} --format json", gateway_option(connection));
        format!("and {}; to see all: {all}", plural(count, noun))
    };
    for problem in problems.iter().take(SHOWN) {
        printer
            .line([StyledText::new(Style::Bad, "problem: "), StyledText::plain(problem.message.clone())])?;
        for command in problem.commands.iter().take(SHOWN) {
            printer.line([StyledText::new(Style::Hint, "fix:     "), StyledText::plain(command.clone())])?;
        }
        if problem.commands.len() > SHOWN {
            printer.line(format!("         {}", more(problem.commands.len() - SHOWN, "more command")))?;
        }
    }
    if problems.len() > SHOWN {
        printer.line(more(problems.len() - SHOWN, "more problem"))?;
    }
    if problems.iter().any(|problem| !problem.commands.is_empty()) && lacks_credentials(connection) {
        printer.hint(LACKS_CREDENTIALS);
    }
    Ok(())
}

fn features(about: &ServerStatus) -> StyledLine {
    let shown = |flag: &str, name: &str, wanted: bool| {
        about.is_on(flag).map(|is_on| if is_on == wanted { name.to_owned() } else { format!("no {name}") })
    };
    let features = [
        shown("push.disable-consistency-check", "consistency checks", false),
        shown("push.enable-utf8-names", "UTF-8 names", true),
        shown("web.enable-admin-api", "admin API", true),
    ];
    let features: Vec<String> = features.into_iter().flatten().collect();
    if features.is_empty() { "unknown".into() } else { features.join(", ").into() }
}

fn amount(snapshot: &Snapshot) -> String {
    let mut amount = snapshot.groups.len().to_string();
    if let Some(series) = series(snapshot).filter(|_| !snapshot.groups.is_empty()) {
        let _ = write!(amount, ", {series} series");
    }
    if let Some(oldest) = oldest(snapshot) {
        let _ = write!(amount, ", oldest push {} ago", group_table::age(age(snapshot.now, oldest)));
    }
    amount
}

/// The output of `--format json`. Scripts depend on these fields.
#[derive(Serialize)]
struct StatusReport<'a> {
    gateway: String,
    ok: bool,
    version: Option<&'a str>,
    started: Option<String>,
    healthy: bool,
    ready: bool,
    features: Features,
    groups: usize,
    series: Option<u64>,
    oldest_push: Option<String>,
    failed: Vec<FailedRow<'a>>,
    scrape: ScrapeRow<'a>,
    problems: &'a [Problem],
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Features {
    consistency_checks: Option<bool>,
    utf8_names: Option<bool>,
    admin_api: Option<bool>,
}

#[derive(Serialize)]
struct FailedRow<'a> {
    labels: &'a LabelSet,
    path: Option<String>,
    last_failure: Option<String>,
}

#[derive(Serialize)]
struct ScrapeRow<'a> {
    ok: bool,
    samples: u64,
    reason: Option<&'a str>,
}

fn json(found: &Found<'_>, printer: &mut Printer<'_>) -> io::Result<()> {
    let Found { connection, about, healthy, ready, snapshot, scraped } = found;
    let failed = failed(snapshot).map(|group| FailedRow {
        labels: &group.labels,
        path: group.path().ok(),
        last_failure: group.last_failure.map(|time| time.to_string()),
    });
    let report = StatusReport {
        gateway: connection.endpoint.to_string(),
        ok: found.verdict().is_ok(),
        version: about.version.as_deref(),
        started: about.started.map(|time| time.to_string()),
        healthy: healthy.is_ok(),
        ready: ready.is_ok(),
        features: Features {
            consistency_checks: about.is_on("push.disable-consistency-check").map(|off| !off),
            utf8_names: about.is_on("push.enable-utf8-names"),
            admin_api: about.is_on("web.enable-admin-api"),
        },
        groups: snapshot.groups.len(),
        series: series(snapshot),
        oldest_push: oldest(snapshot).map(|time| time.to_string()),
        failed: failed.collect(),
        scrape: ScrapeRow {
            ok: scraped.ok() && scraped.problems.is_empty(),
            samples: scraped.samples,
            reason: scraped.refusal.as_deref(),
        },
        problems: &scraped.problems,
        warnings: warnings(found),
    };
    print_json(&report, printer)
}
