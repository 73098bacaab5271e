//! A real Prometheus that scrapes the test's gateways, on a free loopback port. It is stopped when the test ends.

use super::local_server::{LocalServer, encode};
use super::{Program, fetch};
use serde_json::Value;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

/// Returns one Prometheus of each available major version, oldest first.
#[track_caller]
pub(crate) fn prometheus_versions() -> &'static [Program] {
    static VERSIONS: LazyLock<Vec<Program>> = LazyLock::new(|| fetch("prometheus"));
    &VERSIONS
}

/// A running Prometheus.
#[derive(Debug)]
pub(crate) struct Prometheus(LocalServer);

impl Prometheus {
    /// Starts a Prometheus that scrapes these servers every second with `honor_labels`, and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(program: &Program, targets: &[SocketAddr]) -> Self {
        Self::start_with_rules(program, targets, "groups: []\n")
    }

    /// Like [`Prometheus::start`], but with this rule file, which is evaluated every second.
    #[track_caller]
    pub(crate) fn start_with_rules(program: &Program, targets: &[SocketAddr], rules: &str) -> Self {
        Self::start_with(program, targets, rules, &[])
    }

    /// Starts a Prometheus that scrapes nothing, with these flags. With `--web.config.file`, any response counts as ready,
    /// because TLS or a password can be required.
    #[track_caller]
    pub(crate) fn start_with_flags(program: &Program, flags: &[&str]) -> Self {
        Self::start_with(program, &[], "groups: []\n", flags)
    }

    fn start_with(program: &Program, targets: &[SocketAddr], rules: &str, flags: &[&str]) -> Self {
        let mut config = String::from(
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n- job_name: pushgateway\n  honor_labels: true\n  static_configs:\n  - targets:\n",
        );
        for target in targets {
            let _ = writeln!(config, "    - {target}");
        }
        let command = |address: SocketAddr, directory: &Path| {
            std::fs::write(directory.join("prometheus.yml"), &config).expect("a file in the directory");
            std::fs::write(directory.join("rules.yml"), rules).expect("a file in the directory");
            let mut command = Command::new(&program.path);
            command
                .env_clear()
                .arg("--config.file=prometheus.yml")
                .arg(format!("--web.listen-address={address}"))
                .arg(format!("--storage.tsdb.path={}", directory.join("data").display()))
                .args(flags);
            command
        };
        let protected = flags.iter().any(|flag| flag.starts_with("--web.config.file"));
        let is_ready = |server: &LocalServer| {
            if protected {
                return server.try_request("GET", "/-/ready", &[], b"").is_some();
            }
            let ready =
                server.try_request("GET", "/-/ready", &[], b"").is_some_and(|answer| answer.status == 200);
            let flags =
                server.try_get("/api/v1/status/flags").and_then(|text| serde_json::from_str(&text).ok());
            let data = server.directory().join("data");
            ready
                && flags
                    .is_some_and(|flags: Value| flags["data"]["storage.tsdb.path"].as_str() == data.to_str())
        };
        Self(LocalServer::start(&format!("Prometheus {}", program.version), command, is_ready))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    pub(crate) fn server(&self) -> &LocalServer {
        &self.0
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let text = self.0.get(path);
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"))
    }

    /// Returns the sorted result of an instant query: labels, including `__name__`, and values.
    #[track_caller]
    pub(crate) fn query(&self, query: &str) -> Vec<(Value, String)> {
        let answer = self.get(&format!("/api/v1/query?query={}", encode(query)));
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        let results = answer["data"]["result"].as_array().expect("a vector");
        let one = |result: &Value| {
            (result["metric"].clone(), result["value"][1].as_str().expect("a value").to_owned())
        };
        let mut results: Vec<_> = results.iter().map(one).collect();
        results.sort_by_key(|(labels, _)| labels.to_string());
        results
    }

    /// Returns the result of the last scrape of this server: `None` before the first scrape, an empty string if it
    /// succeeded, and the error otherwise.
    #[track_caller]
    pub(crate) fn scrape_error(&self, target: SocketAddr) -> Option<String> {
        let answer = self.get("/api/v1/targets?state=active");
        let targets = answer["data"]["activeTargets"].as_array().expect("targets");
        let url = format!("http://{target}/metrics");
        let target = targets.iter().find(|target| target["scrapeUrl"] == url.as_str())?;
        match target["health"].as_str() {
            Some("up") => Some(String::new()),
            Some("down") => target["lastError"].as_str().map(str::to_owned),
            _ => None,
        }
    }
}
