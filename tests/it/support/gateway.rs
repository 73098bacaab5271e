//! Real Pushgateways, each on a free loopback port, with nothing on disk, and gone with the test.
//!
//! A free port can only be found by binding it and letting it go again, so another process may get it first, even
//! another test's gateway, which would then answer in place of ours. So every gateway is started with a flag value of
//! its own (a persistence interval, without meaning where nothing is persisted), and is ours if it reports that one.

use super::{Client, PATIENCE, Program, Response, fetch, wait_until};
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

/// Every Pushgateway that this machine can have, oldest release first.
#[track_caller]
pub(crate) fn gateways() -> &'static [Program] {
    static GATEWAYS: LazyLock<Vec<Program>> = LazyLock::new(|| fetch("pushgateway"));
    &GATEWAYS
}

/// The newest of them.
#[track_caller]
pub(crate) fn newest_gateway() -> &'static Program {
    let number = |program: &&Program| -> Vec<u32> {
        program.version.split('.').filter_map(|part| part.parse().ok()).collect()
    };
    gateways().iter().max_by_key(number).expect("tests/fetch.sh finds at least one")
}

/// Runs a test on an empty gateway of each version, on all of them even if one fails, and names those that failed.
#[track_caller]
pub(crate) fn on_every_gateway(test: impl Fn(&Gateway)) {
    let run = |program: &Program| catch_unwind(AssertUnwindSafe(|| test(&Gateway::start(program, &[]))));
    let results: Vec<_> = gateways().iter().map(|program| (program, run(program))).collect();
    let failed: Vec<_> =
        results.iter().filter(|(_, result)| result.is_err()).map(|(program, _)| &*program.version).collect();
    if !failed.is_empty() {
        eprintln!("failed on Pushgateway {}, of {} versions", failed.join(", "), results.len());
    }
    for (_, result) in results {
        result.unwrap_or_else(|panic| resume_unwind(panic));
    }
}

/// A running Pushgateway. Its log is printed if the test that owns it fails.
#[derive(Debug)]
pub(crate) struct Gateway {
    program: Program,
    address: SocketAddr,
    prefix: String,
    process: Process,
    client: Mutex<Client>,
}

/// A group as the API has it, without the gateway's own two metrics and without times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// The grouping key.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) last_push_successful: bool,
    /// What the API says of each metric family, by name.
    pub(crate) families: BTreeMap<String, Value>,
}

impl Gateway {
    /// Starts it with these flags besides the needed ones, and waits until it is ready.
    ///
    /// A flag that is needed but given replaces the needed one. With `--web.config.file` any answer means ready, for
    /// TLS or a password may stand before it.
    #[track_caller]
    pub(crate) fn start(program: &Program, flags: &[&str]) -> Self {
        let mut log = String::new();
        for _ in 0..10 {
            match Self::try_start(program, flags) {
                Ok(gateway) => return gateway,
                Err(words) => log = words,
            }
        }
        panic!("Pushgateway {} does not start with {flags:?}; its last words:\n{log}", program.version)
    }

    /// One attempt; the error is the log.
    fn try_start(program: &Program, flags: &[&str]) -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        drop(listener);
        let mark = mark();
        let given = |name: &str| flags.iter().find_map(|flag| flag.strip_prefix(name)?.strip_prefix('='));
        let mut process = Process::spawn(program, &flags_with_needed(flags, address, &mark));
        let prefix = given("--web.route-prefix").unwrap_or_default().trim_end_matches('/').to_owned();
        let guarded = given("--web.config.file").is_some() || given("--persistence.interval").is_some();
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if process.has_ended() {
                break;
            }
            let mut client = Client::new(address);
            if is_ready(&mut client, &prefix, (!guarded).then_some(&*mark)) {
                let client = Mutex::new(client);
                return Ok(Self { program: program.clone(), address, prefix, process, client });
            }
            process.log.await_line();
        }
        Err(process.log.text())
    }

    pub(crate) fn version(&self) -> &str {
        &self.program.version
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a user gives to `--gateway`: with the route prefix, if it has one, and no final slash.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.prefix)
    }

    /// What it has written to its log.
    pub(crate) fn log(&self) -> String {
        self.process.log.text()
    }

    /// Sends a request whose path, after the route prefix, is these bytes.
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
    fn must(&self, method: &str, path: &[u8], body: &[u8]) -> Response {
        self.request(method, path, body).unwrap_or_else(|error| {
            panic!("Pushgateway {}: {method} {}: {error}", self.version(), String::from_utf8_lossy(path))
        })
    }

    #[track_caller]
    pub(crate) fn get(&self, path: impl AsRef<[u8]>) -> Response {
        self.must("GET", path.as_ref(), b"")
    }

    #[track_caller]
    pub(crate) fn put(&self, path: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Response {
        self.must("PUT", path.as_ref(), body.as_ref())
    }

    #[track_caller]
    pub(crate) fn post(&self, path: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Response {
        self.must("POST", path.as_ref(), body.as_ref())
    }

    /// Whether it refuses this: with a 400 or, as 1.11.0 does for want of a logger, by closing without an answer.
    #[track_caller]
    pub(crate) fn refuses(&self, method: &str, path: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> bool {
        match self.request(method, path, body) {
            Ok(answer) => answer.status == 400,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => true,
            Err(error) => panic!("Pushgateway {}: {error}", self.version()),
        }
    }

    /// The answer, 202, means queued: look with [`wait_until`].
    #[track_caller]
    pub(crate) fn delete(&self, path: impl AsRef<[u8]>) -> Response {
        self.must("DELETE", path.as_ref(), b"")
    }

    /// What Prometheus would scrape.
    #[track_caller]
    pub(crate) fn metrics(&self) -> Response {
        self.get("/metrics")
    }

    /// The lines of `/metrics` that come from pushes: sorted, no comments, nothing of the gateway's own.
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

    /// The data of `/api/v1/metrics`: everything that it holds, its groups in a stable order. Equal before and after
    /// means that nothing was touched, not even a time.
    #[track_caller]
    pub(crate) fn snapshot(&self) -> Vec<Value> {
        let answer = self.get("/api/v1/metrics");
        let mut answer: Value = serde_json::from_slice(&answer.body).expect("the API answers in JSON");
        let Value::Array(mut groups) = answer["data"].take() else { panic!("the API lists no groups") };
        groups.sort_by_cached_key(|group| group["labels"].to_string());
        groups
    }

    /// The groups with their metrics, in a stable order. Equal before and after means that the same is stored.
    #[track_caller]
    pub(crate) fn groups(&self) -> Vec<Group> {
        self.snapshot().into_iter().map(group).collect()
    }

    /// The grouping keys, in a stable order.
    #[track_caller]
    pub(crate) fn keys(&self) -> Vec<BTreeMap<String, String>> {
        self.groups().into_iter().map(|group| group.labels).collect()
    }

    /// Empties it by deleting each group by the whole of its key.
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
            // A gateway that panics says a screenful each time.
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

/// The path of a group with all values in base64, which can say any value. Not our own encoder, which is what the
/// tests are about.
fn base64_path(key: &BTreeMap<String, String>) -> String {
    use base64::Engine as _;
    let part = |name: &str, value: &str| {
        format!("/{name}@base64/{}=", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value))
    };
    let labels = key.iter().filter(|(name, _)| *name != "job").map(|(name, value)| part(name, value));
    std::iter::once("/metrics".to_owned()).chain([part("job", &key["job"])]).chain(labels).collect()
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

/// A number of hours that no other gateway of any running test has, as Go prints it.
fn mark() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) % 1000;
    // Go's durations end at 2.5 million hours.
    let hours = 1 + std::process::id() % 2500 * 1000 + count;
    format!("{hours}h0m0s")
}

fn flags_with_needed(flags: &[&str], address: SocketAddr, mark: &str) -> Vec<String> {
    let needed = [
        ("--web.listen-address", address.to_string()),
        ("--persistence.file", String::new()),
        ("--persistence.interval", mark.to_owned()),
    ];
    let given = |name: &str| flags.iter().any(|flag| flag.split('=').next() == Some(name));
    let needed = needed.into_iter().filter(|(name, _)| !given(name));
    needed
        .map(|(name, value)| format!("{name}={value}"))
        .chain(flags.iter().map(|&flag| flag.into()))
        .collect()
}

/// Whether the gateway at the other end is ready, and is the one with that mark.
fn is_ready(client: &mut Client, prefix: &str, mark: Option<&str>) -> bool {
    let mut get = |path: &str| client.request("GET", format!("{prefix}{path}").as_bytes(), &[], b"");
    let Some(mark) = mark else { return get("/-/ready").is_ok() };
    let ready = get("/-/ready").is_ok_and(|answer| answer.status == 200);
    ready
        && get("/api/v1/status").is_ok_and(|answer| {
            let status: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            status["data"]["flags"]["persistence.interval"] == mark
        })
}

/// A child process and its log; killed when dropped.
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
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.path.display()));
        let log = Log::read(child.stderr.take().expect("stderr is a pipe"));
        Self { child, log, _directory: directory }
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process writes, read in a thread of its own.
#[derive(Debug)]
struct Log {
    text: Arc<Mutex<String>>,
    /// One message a line.
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

    /// Waits for the next line, but not long: a gateway becomes ready after its last line. Once the log has ended,
    /// this is the wait for the process to end too.
    fn await_line(&self) {
        let pause = Duration::from_millis(20);
        if self.lines.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Disconnected) {
            thread::sleep(pause);
        }
    }
}
