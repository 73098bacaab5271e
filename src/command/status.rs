//! `status`: is it a gateway, is it healthy, can Prometheus scrape it; and if not, which groups break it and what heals
//! it.
//!
//! The gateway's own health checks say OK on a gateway that refuses every push and every scrape, so what counts is a
//! scrape: fetched as Prometheus does, and held to Prometheus' rules.

use super::scraped::Scraped;
use super::selected::age;
use super::{Context, culprits, listener, plural};
use crate::config::{Status, StatusFormat};
use crate::error::Failure;
use crate::gateway::about::About;
use crate::gateway::heal::{self, Trouble};
use crate::gateway::{self, Client, Connection, Endpoint, FamilySize, FaultKind, Group, State, Store};
use crate::output::{self, Channel, Column, Line, Printer, Span, Style, Table};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read as _};

/// As many failed groups are named in the table; JSON has all.
const NAMED: usize = 5;
/// As many problems are told in the table, and as many commands of each; JSON has all.
const TOLD: usize = 20;
/// As much of the gateway's description of itself is read.
const ABOUT_LIMIT: u64 = 1024 * 1024;

/// Asks, judges and prints.
pub(super) fn run(status: &Status, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let endpoint = &status.connection.endpoint;
    let client = Client::new(&status.connection);
    let about = about(&client, endpoint, context.printer)?;
    let is_cut = |family: &FamilySize| family.help_is_cut;
    let found = Found {
        connection: &status.connection,
        healthy: probe(&client, endpoint, "/-/healthy", context.printer),
        ready: probe(&client, endpoint, "/-/ready", context.printer),
        store: gateway::look_at_families(&client, endpoint, &is_cut, &mut listener(context.printer))?,
        about,
    };
    let scraped = Scraped::new(&client, &found.about, &found.store, context.printer)?;
    let is_healthy =
        found.healthy.is_ok() && found.ready.is_ok() && scraped.troubles.is_empty() && scraped.ok();
    let printed = match status.format {
        StatusFormat::Table => table(&found, &scraped, context.printer),
        StatusFormat::Json => json(&found, &scraped, is_healthy, context.printer),
    };
    // A reader that went away does not make it healthy.
    if !is_healthy {
        return Err(Failure::Unhealthy { gateway: endpoint.to_string() });
    }
    printed.map_err(Failure::output)
}

/// What the gateway said.
struct Found<'a> {
    connection: &'a Connection,
    about: About,
    healthy: Result<(), String>,
    ready: Result<(), String>,
    store: Store,
}

/// What the gateway says of itself; nothing, where it has no API.
pub(super) fn about(
    client: &Client,
    endpoint: &Endpoint,
    printer: &mut Printer<'_>,
) -> Result<About, Failure> {
    let answer = match gateway::get(client, endpoint, "/api/v1/status", &mut listener(printer)) {
        Err(fault) if matches!(&fault.kind, FaultKind::Status(answered) if answered.status == 404) => {
            return Ok(About::default());
        }
        answer => answer?,
    };
    let mut json = Vec::new();
    let read = answer.reader().take(ABOUT_LIMIT).read_to_end(&mut json);
    read.map_err(|error| gateway::unread(client, endpoint, "/api/v1/status", error))?;
    // Whether it is a gateway at all, the look at its groups tells better.
    Ok(About::read(&json).unwrap_or_default())
}

/// The answer is what is asked for, a 500 too: trying again would only take time.
fn probe(client: &Client, endpoint: &Endpoint, path: &str, printer: &mut Printer<'_>) -> Result<(), String> {
    gateway::get_once(client, endpoint, path, &mut listener(printer)).map(drop).map_err(|fault| {
        match fault.kind.words() {
            Some(words) => format!("{}: {words}", fault.kind.message()),
            None => fault.kind.message(),
        }
    })
}

/// Groups whose last push failed.
fn failed(store: &Store) -> impl Iterator<Item = &Group> {
    store.groups.iter().filter(|group| group.state != State::Ok)
}

fn series(store: &Store) -> Option<u64> {
    store.groups.iter().map(|group| group.size.map(|size| size.series)).sum()
}

fn oldest(store: &Store) -> Option<Timestamp> {
    store.groups.iter().filter_map(|group| group.last_push).min()
}

/// What is no fault and should be known all the same.
fn warnings(found: &Found<'_>, scraped: &Scraped) -> Vec<String> {
    let mut warnings = scraped.warnings.clone();
    if found.about.is_on("push.disable-consistency-check") == Some(true) {
        warnings.push("consistency checks are off: any push can make every scrape fail".to_owned());
    }
    for duplicates in &found.store.conflicts.duplicates {
        warnings.push(format!(
            "{} differ in empty labels alone: Prometheus drops the samples of all but one",
            culprits::names(&duplicates.groups, &found.store)
        ));
    }
    if found.store.from_text {
        warnings.push(
            "the gateway has no API: the groups are read from /metrics, which does not tell all".to_owned(),
        );
    }
    warnings
}

fn yes_or(verdict: &Result<(), String>) -> Line {
    match verdict {
        Ok(()) => [Span::new(Style::Good, "yes")].into(),
        Err(why) => [Span::new(Style::Bad, "no"), Span::plain(format!(": {why}"))].into(),
    }
}

fn table(found: &Found<'_>, scraped: &Scraped, printer: &mut Printer<'_>) -> io::Result<()> {
    let Found { connection, about, healthy, ready, store } = found;
    let mut table = Table::new([Column::text(""), Column::text("")]);
    let mut row = |name: &str, line: Line| table.row([Line::from(name), line]);
    row("gateway", connection.endpoint.to_string().into());
    let up = about.started.map(|started| format!(", up {}", output::age(age(store.now, started))));
    let version = about.version.clone().unwrap_or_else(|| "not told".to_owned());
    row("version", format!("{version}{}", up.unwrap_or_default()).into());
    row("healthy", yes_or(healthy));
    row("ready", yes_or(ready));
    row("features", features(about));
    row("groups", amount(store).into());
    for (at, group) in failed(store).enumerate() {
        let name = if at == 0 { "failed" } else { "" };
        if at == NAMED {
            row(
                name,
                format!(
                    "and {} more (`pushgw list --failed{}`)",
                    failed(store).count() - NAMED,
                    heal::gateway_option(connection)
                )
                .into(),
            );
            break;
        }
        let ago = group.last_failure.map(|failure| format!(" {} ago", output::age(age(store.now, failure))));
        row(name, format!("{}{}", group.labels, ago.unwrap_or_default()).into());
    }
    let verdict = match &scraped.refusal {
        None if scraped.troubles.is_empty() => Ok(()),
        None => Err("the gateway answers, but Prometheus drops the answer".to_owned()),
        Some(why) => Err(why.clone()),
    };
    let scrape = match verdict {
        Ok(()) => {
            let amount = format!(", {}", plural(scraped.samples, "sample"));
            [Span::new(Style::Good, "yes"), Span::plain(amount)].into()
        }
        verdict => yes_or(&verdict),
    };
    row("scrape", scrape);
    printer.table(Channel::Result, &table)?;
    for warning in warnings(found, scraped) {
        printer.line([Span::new(Style::Warning, "warning: "), Span::plain(warning)])?;
    }
    problems(&scraped.troubles, connection, printer)
}

/// What is wrong, and what heals it. On a large store that can be thousands of lines, of which nobody reads the first.
fn problems(troubles: &[Trouble], connection: &Connection, printer: &mut Printer<'_>) -> io::Result<()> {
    let more = |count: usize, noun: &str| {
        let all = format!("pushgw status{} --format json", heal::gateway_option(connection));
        format!("and {}: `{all}` has all", plural(count, noun))
    };
    for trouble in troubles.iter().take(TOLD) {
        printer.line([Span::new(Style::Bad, "problem: "), Span::plain(trouble.message.clone())])?;
        for command in trouble.commands.iter().take(TOLD) {
            printer.line([Span::new(Style::Hint, "heal:    "), Span::plain(command.clone())])?;
        }
        if trouble.commands.len() > TOLD {
            printer.line(format!("         {}", more(trouble.commands.len() - TOLD, "more command")))?;
        }
    }
    if troubles.len() > TOLD {
        printer.line(more(troubles.len() - TOLD, "more problem"))?;
    }
    if troubles.iter().any(|trouble| !trouble.commands.is_empty()) && heal::lacks_credentials(connection) {
        printer.hint(heal::LACKS_CREDENTIALS);
    }
    Ok(())
}

fn features(about: &About) -> Line {
    let told = |flag: &str, name: &str, wanted: bool| {
        about.is_on(flag).map(|is_on| if is_on == wanted { name.to_owned() } else { format!("no {name}") })
    };
    let features = [
        told("push.disable-consistency-check", "consistency checks", false),
        told("push.enable-utf8-names", "UTF-8 names", true),
        told("web.enable-admin-api", "admin API", true),
    ];
    let features: Vec<String> = features.into_iter().flatten().collect();
    if features.is_empty() { "not told".into() } else { features.join(", ").into() }
}

fn amount(store: &Store) -> String {
    let mut amount = store.groups.len().to_string();
    if let Some(series) = series(store).filter(|_| !store.groups.is_empty()) {
        let _ = write!(amount, ", {series} series");
    }
    if let Some(oldest) = oldest(store) {
        let _ = write!(amount, ", oldest push {} ago", output::age(age(store.now, oldest)));
    }
    amount
}

/// `--format json`: part of the command line's contract.
#[derive(Serialize)]
struct Report<'a> {
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
    problems: Vec<Problem<'a>>,
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
    labels: &'a BTreeMap<String, String>,
    path: Option<String>,
    last_failure: Option<String>,
}

#[derive(Serialize)]
struct ScrapeRow<'a> {
    ok: bool,
    samples: u64,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Problem<'a> {
    message: &'a str,
    groups: Vec<&'a BTreeMap<String, String>>,
    commands: &'a [String],
}

fn json(found: &Found<'_>, scraped: &Scraped, ok: bool, printer: &mut Printer<'_>) -> io::Result<()> {
    let Found { connection, about, healthy, ready, store } = found;
    let failed = failed(store).map(|group| FailedRow {
        labels: &group.labels.0,
        path: group.path(),
        last_failure: group.last_failure.map(|time| time.to_string()),
    });
    let problems = scraped.troubles.iter().map(|trouble| Problem {
        message: &trouble.message,
        groups: trouble.groups.iter().map(|labels| &labels.0).collect(),
        commands: &trouble.commands,
    });
    let report = Report {
        gateway: connection.endpoint.to_string(),
        ok,
        version: about.version.as_deref(),
        started: about.started.map(|time| time.to_string()),
        healthy: healthy.is_ok(),
        ready: ready.is_ok(),
        features: Features {
            consistency_checks: about.is_on("push.disable-consistency-check").map(|off| !off),
            utf8_names: about.is_on("push.enable-utf8-names"),
            admin_api: about.is_on("web.enable-admin-api"),
        },
        groups: store.groups.len(),
        series: series(store),
        oldest_push: oldest(store).map(|time| time.to_string()),
        failed: failed.collect(),
        scrape: ScrapeRow {
            ok: scraped.ok() && scraped.troubles.is_empty(),
            samples: scraped.samples,
            reason: scraped.refusal.as_deref(),
        },
        problems: problems.collect(),
        warnings: warnings(found, scraped),
    };
    let mut text = serde_json::to_vec_pretty(&report)?;
    text.push(b'\n');
    printer.result(&text)
}
