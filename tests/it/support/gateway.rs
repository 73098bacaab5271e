//! Starts real Pushgateways, each on a free loopback port. They store nothing on disk and are stopped when the test
//! ends.
//!
//! A free port is found by binding and closing it. Another process, such as the gateway of another test, can bind the
//! port before the gateway does. To detect this, each gateway gets a unique persistence interval, which has no effect
//! without a persistence file, and must report that interval back.

use super::{Client, Program, Response, TIMEOUT, fetch, wait_until};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Selects the URL router of the official builds since 1.10.0, which Debian's builds use only if this variable is set.
const OFFICIAL_ROUTER: (&str, &str) = ("GODEBUG", "httpmuxgo121=0");

/// Returns every available Pushgateway version, oldest first. The newest version is included a second time, with the
/// URL router of the official builds.
#[track_caller]
pub(crate) fn gateways() -> &'static [Program] {
    static GATEWAYS: LazyLock<Vec<Program>> = LazyLock::new(|| {
        let mut programs = fetch("pushgateway");
        let newest = newest(&programs).clone();
        programs.push(Program { variable: Some(OFFICIAL_ROUTER), ..newest });
        programs
    });
    &GATEWAYS
}

/// Returns the newest available version.
#[track_caller]
pub(crate) fn newest_gateway() -> &'static Program {
    let (_official_router, programs) = gateways().split_last().expect("there is always one");
    newest(programs)
}

fn newest(programs: &[Program]) -> &Program {
    let number = |program: &&Program| -> Vec<u32> {
        program.version.split('.').filter_map(|part| part.parse().ok()).collect()
    };
    programs.iter().max_by_key(number).expect("tests/fetch.sh finds at least one")
}

/// Runs a test with an empty gateway of each version. The remaining versions are still tested after a failure, and all
/// failed versions are printed.
#[track_caller]
pub(crate) fn on_every_gateway(test: impl Fn(&Gateway)) {
    let run = |program: &Program| catch_unwind(AssertUnwindSafe(|| test(&Gateway::start(program, &[]))));
    let results: Vec<_> = gateways().iter().map(|program| (program, run(program))).collect();
    let failed: Vec<_> = results.iter().filter(|(_, result)| result.is_err()).collect();
    for (program, _) in &failed {
        eprintln!(
            "failed on Pushgateway {} {:?}, one of {}",
            program.version,
            program.variable,
            results.len()
        );
    }
    for (_, result) in results {
        result.unwrap_or_else(|panic| resume_unwind(panic));
    }
}

/// A running Pushgateway. Its log is printed if the test fails.
#[derive(Debug)]
pub(crate) struct Gateway {
    program: Program,
    flags: Vec<String>,
    address: SocketAddr,
    prefix: String,
    process: Process,
    client: Mutex<Client>,
}

/// A group from the API, without the gateway's own two metrics and without times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// The grouping key.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) last_push_successful: bool,
    /// Each metric family as returned by the API, by name.
    pub(crate) families: BTreeMap<String, Value>,
}

impl Gateway {
    /// Starts a gateway with these flags and with flags that all tests need, and waits until it is ready.
    ///
    /// These flags override the default ones. With `--web.config.file`, any response counts as ready, because TLS or a
    /// password can be required.
    #[track_caller]
    pub(crate) fn start(program: &Program, flags: &[&str]) -> Self {
        let mut log = String::new();
        for _ in 0..10 {
            match Self::try_start(program, flags) {
                Ok(gateway) => return gateway,
                Err(text) => log = text,
            }
        }
        panic!("Pushgateway {} does not start with {flags:?}; its log:\n{log}", program.version)
    }

    /// Kills the gateway with SIGKILL, and starts it again at the same address with the same flags.
    #[track_caller]
    pub(crate) fn restart(&mut self, between: impl FnOnce()) {
        self.process.kill();
        between();
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        let restarted = Self::start_at(&self.program, &flags, self.address);
        *self = restarted.unwrap_or_else(|log| panic!("the gateway does not start again; its log:\n{log}"));
    }

    /// Tries to start on a free port. The error is the gateway's log.
    fn try_start(program: &Program, flags: &[&str]) -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        drop(listener);
        Self::start_at(program, flags, address)
    }

    fn start_at(program: &Program, flags: &[&str], address: SocketAddr) -> Result<Self, String> {
        let interval = unique_interval();
        let given = |name: &str| flags.iter().find_map(|flag| flag.strip_prefix(name)?.strip_prefix('='));
        let mut process = Process::spawn(program, &flags_with_needed(flags, address, &interval));
        let prefix = given("--web.route-prefix").unwrap_or_default().trim_end_matches('/').to_owned();
        let protected = given("--web.config.file").is_some() || given("--persistence.interval").is_some();
        let start = Instant::now();
        while start.elapsed() < TIMEOUT {
            if process.has_ended() {
                break;
            }
            let mut client = Client::new(address);
            if is_ready(&mut client, &prefix, (!protected).then_some(&*interval)) {
                let client = Mutex::new(client);
                let flags = flags.iter().map(|&flag| flag.into()).collect();
                return Ok(Self { program: program.clone(), flags, address, prefix, process, client });
            }
            process.log.wait_for_line();
        }
        Err(process.log.text())
    }

    pub(crate) fn version(&self) -> &str {
        &self.program.version
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL for `--gateway`, with the route prefix, if any, and without a final slash.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.prefix)
    }

    pub(crate) fn log(&self) -> String {
        self.process.log.text()
    }

    /// Sends a request to this path below the route prefix.
    pub(crate) fn request(
        &self,
        method: &str,
        path: impl AsRef<[u8]>,
        body: impl AsRef<[u8]>,
    ) -> io::Result<Response> {
        let path = [self.prefix.as_bytes(), path.as_ref()].concat();
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        client.request(method, &path, &[], body.as_ref())
    }

    #[track_caller]
    fn expect_response(&self, method: &str, path: &[u8], body: &[u8]) -> Response {
        self.request(method, path, body).unwrap_or_else(|error| {
            panic!("Pushgateway {}: {method} {}: {error}", self.version(), String::from_utf8_lossy(path))
        })
    }

    #[track_caller]
    pub(crate) fn get(&self, path: impl AsRef<[u8]>) -> Response {
        self.expect_response("GET", path.as_ref(), b"")
    }

    #[track_caller]
    pub(crate) fn put(&self, path: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Response {
        self.expect_response("PUT", path.as_ref(), body.as_ref())
    }

    #[track_caller]
    pub(crate) fn post(&self, path: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Response {
        self.expect_response("POST", path.as_ref(), body.as_ref())
    }

    /// Returns true if a push is rejected, either with status 400 or by closing the connection, because 1.11.0 crashes
    /// without a logger.
    #[track_caller]
    pub(crate) fn rejects(&self, method: &str, path: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> bool {
        match self.request(method, path, body) {
            Ok(answer) => answer.status == 400,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => true,
            Err(error) => panic!("Pushgateway {}: {error}", self.version()),
        }
    }

    /// Sends a deletion. The gateway answers 202 and deletes later, so use [`wait_until`] to wait for the effect.
    #[track_caller]
    pub(crate) fn delete(&self, path: impl AsRef<[u8]>) -> Response {
        self.expect_response("DELETE", path.as_ref(), b"")
    }

    /// Returns the text that Prometheus would scrape.
    #[track_caller]
    pub(crate) fn metrics(&self) -> Response {
        self.get("/metrics")
    }

    /// Returns the pushed samples in `/metrics`, sorted, without comments and without the gateway's own metrics.
    #[track_caller]
    pub(crate) fn samples(&self) -> Vec<String> {
        const OWN: [&str; 6] =
            ["#", "go_", "process_", "pushgateway_", "push_time_seconds", "push_failure_time_seconds"];
        let metrics = self.metrics();
        assert_eq!(metrics.status, 200, "GET /metrics of Pushgateway {}: {}", self.version(), metrics.text());
        let text = metrics.text();
        let pushed = text.lines().filter(|line| !OWN.iter().any(|own| line.starts_with(own)));
        let mut lines: Vec<_> = pushed.map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Returns the data of `/api/v1/metrics`, sorted by group. If two snapshots are equal, nothing has changed, not
    /// even a push time.
    #[track_caller]
    pub(crate) fn snapshot(&self) -> Vec<Value> {
        let answer = self.get("/api/v1/metrics");
        let mut answer: Value = serde_json::from_slice(&answer.body).expect("the API answers in JSON");
        let Value::Array(mut groups) = answer["data"].take() else { panic!("the API lists no groups") };
        groups.sort_by_cached_key(|group| group["labels"].to_string());
        groups
    }

    /// Returns the groups with their metrics, sorted. Equal results mean equal contents.
    #[track_caller]
    pub(crate) fn groups(&self) -> Vec<Group> {
        self.snapshot().into_iter().map(group).collect()
    }

    /// Returns the sorted grouping keys.
    #[track_caller]
    pub(crate) fn keys(&self) -> Vec<BTreeMap<String, String>> {
        self.groups().into_iter().map(|group| group.labels).collect()
    }

    /// Deletes every group.
    #[track_caller]
    pub(crate) fn clear(&self) {
        for key in self.keys() {
            self.delete(base64_path(&key));
        }
        wait_until("an empty gateway", || self.keys().is_empty());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if thread::panicking() {
            let log = self.log();
            // A gateway prints a screenful of text for every panic.
            let lines: Vec<_> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(40)..].join("\n");
            eprintln!(
                "--- Pushgateway {} at {}, the end of its log:\n{last}\n---",
                self.version(),
                self.address
            );
        }
    }
}

/// Encodes a label value for use after `NAME@base64/`, which can be any text. The tests do not use pushgw's own
/// encoder, because they test it.
pub(crate) fn base64(value: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value) + "="
}

/// Returns the path of a group with all values in base64.
pub(crate) fn base64_path(key: &BTreeMap<String, String>) -> String {
    let part = |(name, value): (&String, &String)| format!("/{name}@base64/{}", base64(value));
    let labels = key.iter().filter(|(name, _)| *name != "job").map(part);
    format!("/metrics/job@base64/{}", base64(&key["job"])) + &labels.collect::<String>()
}

fn group(mut value: Value) -> Group {
    let object = value.as_object_mut().expect("a group is an object");
    let labels = object.remove("labels").expect("a group has labels");
    let successful = object.remove("last_push_successful").expect("a group has a state");
    let mut families: BTreeMap<_, _> = std::mem::take(object).into_iter().collect();
    families.remove("push_time_seconds");
    families.remove("push_failure_time_seconds");
    for family in families.values_mut().filter_map(Value::as_object_mut) {
        family.remove("time_stamp");
    }
    Group {
        labels: serde_json::from_value(labels).expect("labels are strings"),
        last_push_successful: successful.as_bool().expect("the state is a bool"),
        families,
    }
}

/// Returns a number of hours that no other running test uses, formatted like Go does.
fn unique_interval() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) % 1000;
    // Go's durations are limited to 2.5 million hours.
    let hours = 1 + std::process::id() % 2500 * 1000 + count;
    format!("{hours}h0m0s")
}

fn flags_with_needed(flags: &[&str], address: SocketAddr, interval: &str) -> Vec<String> {
    let needed = [
        ("--web.listen-address", address.to_string()),
        ("--persistence.file", String::new()),
        ("--persistence.interval", interval.to_owned()),
    ];
    let given = |name: &str| flags.iter().any(|flag| flag.split('=').next() == Some(name));
    let needed = needed.into_iter().filter(|(name, _)| !given(name));
    needed
        .map(|(name, value)| format!("{name}={value}"))
        .chain(flags.iter().map(|&flag| flag.into()))
        .collect()
}

/// Returns true if a gateway at this address is ready and reports the expected interval.
fn is_ready(client: &mut Client, prefix: &str, interval: Option<&str>) -> bool {
    let mut get = |path: &str| client.request("GET", format!("{prefix}{path}").as_bytes(), &[], b"");
    let Some(interval) = interval else { return get("/-/ready").is_ok() };
    let ready = get("/-/ready").is_ok_and(|answer| answer.status == 200);
    ready
        && get("/api/v1/status").is_ok_and(|answer| {
            let status: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            status["data"]["flags"]["persistence.interval"] == interval
        })
}

/// A child process and its log. The process is killed on drop.
#[derive(Debug)]
struct Process {
    child: Child,
    log: Log,
    _directory: TempDir,
}

impl Process {
    fn spawn(program: &Program, flags: &[String]) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let mut child = Command::new(&program.path)
            .args(flags)
            .env_clear()
            .envs(program.variable)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.path.display()));
        let log = Log::read(child.stderr.take().expect("stderr is a pipe"));
        Self { child, log, _directory: directory }
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The output of a process, read in its own thread.
#[derive(Debug)]
struct Log {
    text: Arc<Mutex<String>>,
    /// A channel with one message per line.
    lines: Receiver<()>,
}

impl Log {
    fn read(stream: impl io::Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let (sender, lines) = mpsc::channel();
        let into = Arc::clone(&text);
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                let mut text = into.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
                drop(text);
                let _ = sender.send(());
            }
        });
        Self { text, lines }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits briefly for the next line. The wait is short because a gateway becomes ready after its last line. Once the log
    /// has ended, this waits for the process to exit.
    fn wait_for_line(&self) {
        let pause = Duration::from_millis(20);
        if self.lines.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Disconnected) {
            thread::sleep(pause);
        }
    }
}
