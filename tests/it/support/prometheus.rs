//! A real Prometheus that scrapes the test's gateways, on a free loopback port. It is stopped when the test ends.

use super::{Client, Program, TIMEOUT, fetch};
use serde_json::Value;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// One Prometheus of each available major version, oldest first.
#[track_caller]
pub(crate) fn prometheus_versions() -> &'static [Program] {
    static VERSIONS: LazyLock<Vec<Program>> = LazyLock::new(|| fetch("prometheus"));
    &VERSIONS
}

/// A running Prometheus.
#[derive(Debug)]
pub(crate) struct Prometheus {
    child: Child,
    address: SocketAddr,
    client: Mutex<Client>,
    directory: TempDir,
}

impl Prometheus {
    /// Starts a Prometheus that scrapes these servers every second with `honor_labels`, and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(program: &Program, targets: &[SocketAddr]) -> Self {
        Self::start_with_rules(program, targets, "groups: []\n")
    }

    /// Like [`Prometheus::start`], with this rule file, which is evaluated every second.
    #[track_caller]
    pub(crate) fn start_with_rules(program: &Program, targets: &[SocketAddr], rules: &str) -> Self {
        for _ in 0..10 {
            if let Some(prometheus) = Self::try_start(program, targets, rules) {
                return prometheus;
            }
        }
        panic!("Prometheus {} does not start", program.version)
    }

    /// Tries once; another process may have taken the port.
    fn try_start(program: &Program, targets: &[SocketAddr], rules: &str) -> Option<Self> {
        let directory = TempDir::new().expect("a temporary directory");
        let mut config = String::from(
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n- job_name: pushgateway\n  honor_labels: true\n  static_configs:\n  - targets:\n",
        );
        for target in targets {
            let _ = writeln!(config, "    - {target}");
        }
        std::fs::write(directory.path().join("prometheus.yml"), config).expect("a file in the directory");
        std::fs::write(directory.path().join("rules.yml"), rules).expect("a file in the directory");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        drop(listener);
        let data = directory.path().join("data");
        let child = Command::new(&program.path)
            .arg("--config.file=prometheus.yml")
            .arg(format!("--web.listen-address={address}"))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .env_clear()
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.path.display()));
        let mut prometheus = Self { child, address, client: Mutex::new(Client::new(address)), directory };
        let start = Instant::now();
        while start.elapsed() < TIMEOUT {
            if prometheus.child.try_wait().expect("try_wait succeeds").is_some() {
                return None;
            }
            let flags = prometheus.try_get("/api/v1/status/flags");
            // Another process may have taken the port: check that the data directory is ours.
            if let Some(flags) = flags {
                let is_ours = flags["data"]["storage.tsdb.path"].as_str() == data.to_str();
                return is_ours.then_some(prometheus);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn try_get(&self, path: &str) -> Option<Value> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = client.request("GET", path.as_bytes(), &[], b"").ok()?;
        serde_json::from_slice(&answer.body).ok()
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.try_get(path).unwrap_or_else(|| panic!("Prometheus at {} does not answer {path}", self.address))
    }

    /// The result of an instant query, sorted: labels, with `__name__`, and value.
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

    /// The result of the last scrape of this server: `None` before the first, an empty string if it succeeded, or the error.
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

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
