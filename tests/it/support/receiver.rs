//! Real remote-write receivers. Each one is started for a single test, and its samples are read through its query API.

use super::local_server::{LocalServer, encode};
use super::remote_write::{RawSeries, Version};
use super::{Program, Prometheus, Response, fetch, prometheus_versions, wait_until};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the current time in milliseconds, as in a sample.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right");
    i64::try_from(now.as_millis()).expect("a time fits")
}

/// Returns the available VictoriaMetrics, which includes vmagent.
#[track_caller]
fn victoria_metrics() -> &'static Program {
    static PROGRAM: LazyLock<Program> =
        LazyLock::new(|| fetch("victoria-metrics").pop().expect("tests/fetch.sh finds one"));
    &PROGRAM
}

/// A sample that a receiver stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stored {
    /// All labels, including `__name__`.
    pub(crate) labels: BTreeMap<String, String>,
    /// Time in milliseconds.
    pub(crate) timestamp: i64,
    /// The value in Rust's `Debug` format, which is different for each number and for -0.
    pub(crate) value: String,
}

impl Stored {
    pub(crate) fn new(labels: BTreeMap<String, String>, timestamp: i64, value: f64) -> Self {
        Self { labels, timestamp, value: format!("{value:?}") }
    }

    pub(crate) fn name(&self) -> &str {
        self.labels.get("__name__").map_or("", String::as_str)
    }
}

/// Parses a number in JSON, with or without quotes. `serde_json` may round a float incorrectly, but `str::parse` does
/// not.
#[track_caller]
fn float(json: &RawValue) -> f64 {
    let text = json.get().trim_matches('"');
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

#[derive(Debug)]
pub(crate) enum Receiver {
    Prometheus {
        version: String,
        server: Prometheus,
    },
    VictoriaMetrics(VictoriaMetrics),
    /// A vmagent that forwards to a VictoriaMetrics.
    Vmagent {
        agent: LocalServer,
        store: VictoriaMetrics,
    },
    InfluxDb(InfluxDb),
}

impl Receiver {
    /// Returns a Prometheus 3, the only receiver that supports version 2.0.
    #[track_caller]
    pub(crate) fn newest_prometheus() -> Self {
        Self::of_prometheus(prometheus_versions().last().expect("tests/fetch.sh finds one"))
    }

    #[track_caller]
    pub(crate) fn oldest_prometheus() -> Self {
        Self::of_prometheus(&prometheus_versions()[0])
    }

    #[track_caller]
    fn of_prometheus(program: &Program) -> Self {
        let server = Prometheus::start_with_flags(program, &["--web.enable-remote-write-receiver"]);
        Self::Prometheus { version: program.version.clone(), server }
    }

    #[track_caller]
    pub(crate) fn victoria_metrics() -> Self {
        Self::VictoriaMetrics(VictoriaMetrics::start())
    }

    #[track_caller]
    pub(crate) fn vmagent() -> Self {
        let store = VictoriaMetrics::start();
        let agent = vmagent(&store);
        Self::Vmagent { agent, store }
    }

    #[track_caller]
    pub(crate) fn influx_db() -> Self {
        Self::InfluxDb(InfluxDb::start())
    }

    /// Returns one receiver of each kind.
    #[track_caller]
    pub(crate) fn all() -> Vec<Self> {
        let prometheus = [Self::oldest_prometheus(), Self::newest_prometheus()];
        let others = [Self::victoria_metrics(), Self::vmagent(), Self::influx_db()];
        prometheus.into_iter().chain(others).collect()
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Prometheus { version, .. } => format!("Prometheus {version}"),
            Self::VictoriaMetrics(_) => "VictoriaMetrics".to_owned(),
            Self::Vmagent { .. } => "vmagent".to_owned(),
            Self::InfluxDb(_) => "InfluxDB".to_owned(),
        }
    }

    /// Returns true if the receiver accepts version 2.0 and confirms what it stored.
    pub(crate) fn confirms(&self) -> bool {
        matches!(self, Self::Prometheus { version, .. } if !version.starts_with("2."))
    }

    pub(crate) fn is_prometheus(&self) -> bool {
        matches!(self, Self::Prometheus { .. })
    }

    /// Returns true if the receiver stores repeated samples, and several values for the same time.
    pub(crate) fn keeps_duplicates(&self) -> bool {
        matches!(self, Self::VictoriaMetrics(_) | Self::Vmagent { .. })
    }

    fn server(&self) -> &LocalServer {
        match self {
            Self::Prometheus { server, .. } => server.server(),
            Self::VictoriaMetrics(store) => &store.0,
            Self::Vmagent { agent, .. } => agent,
            Self::InfluxDb(server) => &server.0,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server().address()
    }

    /// Returns the path to which samples are written.
    fn path(&self) -> &'static str {
        match self {
            Self::InfluxDb(_) => "/api/v1/prom/write?db=pushed",
            _ => "/api/v1/write",
        }
    }

    /// Returns the value for `--remote-write`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address(), self.path())
    }

    /// Sends a request that was not created by pushgw.
    #[track_caller]
    pub(crate) fn write(&self, version: Version, series: &[RawSeries]) -> Response {
        let response =
            self.server().try_request("POST", self.path(), &version.headers(), &version.body(series));
        response.unwrap_or_else(|| panic!("{} does not answer", self.name()))
    }

    /// Returns all stored samples, sorted.
    #[track_caller]
    pub(crate) fn stored(&self) -> Vec<Stored> {
        let mut stored = match self {
            Self::Prometheus { server, .. } => of_prometheus(server.server()),
            Self::VictoriaMetrics(store) | Self::Vmagent { store, .. } => self.stored_in(store),
            Self::InfluxDb(server) => server.stored(),
        };
        stored.retain(|sample| !sample.name().starts_with(LAST));
        stored.sort();
        stored
    }

    /// Sends a last sample and waits until it is visible. `VictoriaMetrics` makes samples visible in order, but only
    /// after its response, and vmagent has a single queue.
    #[track_caller]
    fn stored_in(&self, store: &VictoriaMetrics) -> Vec<Stored> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{LAST}{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let last = RawSeries::new(&[("__name__", &*name), ("job", "last")], 1.0, now());
        let answer = self.write(Version::V1, &[last]);
        assert_eq!(answer.status, 204, "{}", answer.text());
        let mut stored = Vec::new();
        wait_until("the last sample", || {
            stored = exported(&store.export("{job!=\"\"}"));
            stored.iter().any(|sample| sample.name() == name)
        });
        stored
    }
}

/// Prefix of the names of samples that are hidden from the tests. A number follows.
const LAST: &str = "the_last_sample_";

/// Returns all samples in a Prometheus, from several hours ago to one hour in the future.
#[track_caller]
fn of_prometheus(server: &LocalServer) -> Vec<Stored> {
    #[derive(Deserialize)]
    struct Answer {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        result: Vec<Series>,
    }
    #[derive(Deserialize)]
    struct Series {
        metric: BTreeMap<String, String>,
        values: Vec<(f64, Box<RawValue>)>,
    }
    let query = encode("{job!=\"\"}[5h]");
    let text = server.get(&format!("/api/v1/query?query={query}&time={}", now() / 1000 + 3600));
    let answer: Answer = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let samples = |series: Series| {
        let sample = |(time, value): &(f64, Box<RawValue>)| {
            // Whole milliseconds are well within the limits of both types.
            #[allow(clippy::cast_possible_truncation, reason = "it is rounded")]
            Stored::new(series.metric.clone(), (time * 1000.0).round() as i64, float(value))
        };
        series.values.iter().map(sample).collect::<Vec<_>>()
    };
    answer.data.result.into_iter().flat_map(samples).collect()
}

/// A VictoriaMetrics.
#[derive(Debug)]
pub(crate) struct VictoriaMetrics(LocalServer);

impl VictoriaMetrics {
    #[track_caller]
    pub(crate) fn start() -> Self {
        let program = victoria_metrics();
        let command = |address: SocketAddr, directory: &Path| {
            let mut command = Command::new(&program.path);
            command.env_clear().arg(format!("-httpListenAddr={address}"));
            command.arg(format!("-storageDataPath={}", directory.display()));
            command
        };
        Self(LocalServer::start("VictoriaMetrics", command, has_directory_in_flags))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Returns one line of JSON for each series that matches this selector, from several hours ago to one hour in the
    /// future.
    #[track_caller]
    pub(crate) fn export(&self, selector: &str) -> String {
        self.0.get("/internal/force_flush");
        let end = now() / 1000 + 3600;
        self.0.get(&format!("/api/v1/export?match[]={}&end={end}", encode(selector)))
    }
}

/// Parses the samples in an export of VictoriaMetrics.
#[track_caller]
pub(crate) fn exported(text: &str) -> Vec<Stored> {
    #[derive(Deserialize)]
    struct Line {
        metric: BTreeMap<String, String>,
        values: Vec<Box<RawValue>>,
        timestamps: Vec<i64>,
    }
    let mut samples = Vec::new();
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for (value, timestamp) in line.values.iter().zip(line.timestamps) {
            samples.push(Stored::new(line.metric.clone(), timestamp, float(value)));
        }
    }
    samples
}

/// Starts a vmagent that forwards to this store.
#[track_caller]
fn vmagent(store: &VictoriaMetrics) -> LocalServer {
    let program = victoria_metrics().path.with_file_name("vmagent");
    let command = |address: SocketAddr, directory: &Path| {
        let mut command = Command::new(&program);
        command.env_clear().args(["-remoteWrite.queues=1"]).args([
            format!("-httpListenAddr={address}"),
            format!("-remoteWrite.tmpDataPath={}", directory.display()),
            format!("-remoteWrite.url=http://{}/api/v1/write", store.address()),
        ]);
        command
    };
    LocalServer::start("vmagent", command, has_directory_in_flags)
}

fn has_directory_in_flags(server: &LocalServer) -> bool {
    let directory = server.directory().display().to_string();
    server.try_get("/flags").is_some_and(|flags| flags.contains(&directory))
}

/// An `InfluxDB` 1 with a database `pushed`.
#[derive(Debug)]
pub(crate) struct InfluxDb(LocalServer);

impl InfluxDb {
    #[track_caller]
    pub(crate) fn start() -> Self {
        let program = fetch("influxdb").pop().expect("tests/fetch.sh finds one");
        let command = |address: SocketAddr, directory: &Path| {
            let mut command = Command::new(&program.path);
            command
                .env_clear()
                .args(["run", "-config", "/dev/null"])
                .arg("-pidfile")
                .arg(directory.join("pid"));
            command.env("INFLUXDB_REPORTING_DISABLED", "true");
            command.env("INFLUXDB_BIND_ADDRESS", "127.0.0.1:0");
            command.env("INFLUXDB_HTTP_BIND_ADDRESS", address.to_string());
            for (name, folder) in [("META_DIR", "meta"), ("DATA_DIR", "data"), ("DATA_WAL_DIR", "wal")] {
                command.env(format!("INFLUXDB_{name}"), directory.join(folder));
            }
            command
        };
        let is_ready = |server: &LocalServer| {
            let text = query(server, "SHOW DIAGNOSTICS").unwrap_or_default();
            text.contains(&format!("[[{},", server.pid()))
        };
        let server = LocalServer::start("InfluxDB", command, is_ready);
        let created = query(&server, "CREATE DATABASE pushed").expect("an answer");
        assert!(!created.contains("error"), "{created}");
        Self(server)
    }

    #[track_caller]
    fn stored(&self) -> Vec<Stored> {
        #[derive(Deserialize)]
        struct Answer {
            results: Vec<Series>,
        }
        #[derive(Deserialize)]
        struct Series {
            #[serde(default)]
            series: Vec<Measurement>,
        }
        #[derive(Deserialize)]
        struct Measurement {
            tags: BTreeMap<String, String>,
            values: Vec<(i64, Box<RawValue>)>,
        }
        let text = query(&self.0, "SELECT value FROM /.*/ GROUP BY *").expect("an answer");
        let answer: Answer = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let mut samples = Vec::new();
        for mut series in answer.results.into_iter().flat_map(|result| result.series) {
            // The tags of the measurement's other series are listed as empty.
            series.tags.retain(|_, value| !value.is_empty());
            for (timestamp, value) in series.values {
                samples.push(Stored::new(series.tags.clone(), timestamp, float(&value)));
            }
        }
        samples
    }
}

fn query(server: &LocalServer, query: &str) -> Option<String> {
    let path = format!("/query?db=pushed&epoch=ms&q={}", encode(query));
    server.try_request("POST", &path, &[], b"").map(|response| response.text())
}
