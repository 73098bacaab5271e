//! Tests with `examples/cluster.sh` that nothing is lost when a server is killed and restarted.

use crate::support::{Client, Stored, exported, fetch, in_process, wait_until, with_default_signals};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

const GROUPS: usize = 300;

/// The running example.
struct Cluster {
    script: Child,
    lines: BufReader<ChildStdout>,
    agent: SocketAddr,
    stores: [SocketAddr; 3],
    directory: TempDir,
}

impl Cluster {
    #[track_caller]
    fn start() -> Self {
        for _ in 0..5 {
            let mut cluster = Self::try_start();
            if cluster.wait_for_line("ready: ") {
                return cluster;
            }
        }
        panic!("examples/cluster.sh does not start");
    }

    /// Starts the example. This can fail, because another process can bind a port before the servers do.
    fn try_start() -> Self {
        let store = fetch("victoria-metrics").pop().unwrap().path;
        let listeners = [(); 4].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let [agent, stores @ ..] = listeners.each_ref().map(|listener| listener.local_addr().unwrap());
        drop(listeners);
        let ports = [agent, stores[0], stores[1], stores[2]].map(|address| address.port().to_string());
        let directory = TempDir::new().unwrap();
        let mut script = with_default_signals(example())
            .arg(directory.path())
            .env("VMAGENT", store.with_file_name("vmagent"))
            .env("VICTORIA_METRICS", store)
            .env("PORTS", ports.join(" "))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(script.stdout.take().unwrap());
        Self { script, lines, agent, stores, directory }
    }

    /// Reads the output of the script up to a line with this text. Returns false if the output ends first.
    fn wait_for_line(&mut self, part: &str) -> bool {
        let mut line = String::new();
        while !line.contains(part) {
            line.clear();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return false;
            }
        }
        true
    }

    fn push(&self, groups: Range<usize>) {
        let url = format!("http://{}", self.agent);
        for number in groups {
            let (job, sample) = (format!("job-{number}"), format!("pushed{{a=\"b c\"}} {number}"));
            in_process("", b"", ["push", "-j", &job, "-m", &sample, "--remote-write", &url]).silent();
        }
    }

    fn pid(&self, name: &str) -> Pid {
        let text = std::fs::read_to_string(self.directory.path().join(name).with_extension("pid")).unwrap();
        Pid::from_raw(text.trim().parse().unwrap()).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.script), Signal::TERM);
        let _ = self.script.wait();
    }
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/cluster.sh")
}

/// Sends a GET request. Returns `None` if the server is not running.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    Some(Client::new(address).request("GET", path.as_bytes(), &[], b"").ok()?.text())
}

/// Returns the pushed samples that a query finds.
fn found(store: SocketAddr) -> BTreeSet<Stored> {
    get(store, "/internal/force_flush");
    let samples = get(store, "/api/v1/export?match[]=pushed").map(|text| exported(&text));
    samples.unwrap_or_default().into_iter().collect()
}

/// Returns true if all data of a store is on disk.
fn is_on_disk(store: SocketAddr) -> bool {
    let metrics = get(store, "/metrics").unwrap_or_default();
    let rows = |kind: &str| {
        let start = format!("vm_rows{{type=\"{kind}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&*start)?.parse::<u64>().ok())
    };
    rows("storage/inmemory") == Some(0)
        && rows("indexdb/inmemory") == Some(0)
        && rows("storage/small") > Some(0)
}

/// Returns the numbers of the groups whose sample was stored as it was pushed.
fn groups<'a>(samples: impl Iterator<Item = &'a Stored>) -> BTreeSet<usize> {
    let number = |sample: &Stored| {
        let number: usize = sample.labels.get("job")?.strip_prefix("job-")?.parse().ok()?;
        let labels = [("__name__", "pushed"), ("a", "b c"), ("job", &*format!("job-{number}"))];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        (sample.labels == labels && sample.value == format!("{number}.0")).then_some(number)
    };
    samples.filter_map(number).collect()
}

#[test]
#[ignore = "needs a real vmagent and VictoriaMetrics (fetched on first use)"]
fn nothing_is_lost_when_a_store_is_killed_in_mid_push() {
    let mut cluster = Cluster::start();
    let stores = cluster.stores;
    cluster.push(0..100);
    let copies = || stores.iter().map(|store| found(*store).len()).sum::<usize>();
    wait_until("two copies of each sample", || copies() == 200);
    wait_until("the samples to be on disk", || is_on_disk(stores[0]));
    kill_process(cluster.pid("store-1"), Signal::KILL).unwrap();
    cluster.push(100..200);
    assert!(cluster.wait_for_line("store-1 ended"));
    cluster.push(200..GROUPS);

    wait_until("two copies of each sample", || copies() == 2 * GROUPS);
    let found = stores.map(found);
    assert!(found.iter().all(|samples| samples.len() > GROUPS / 3), "all stores have a part");
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let groups = groups(found[one].union(&found[other]));
        assert_eq!(groups.len(), GROUPS, "stores {} and {}", one + 1, other + 1);
    }
}

#[test]
#[ignore = "needs a real vmagent and VictoriaMetrics (fetched on first use)"]
fn the_example_stops_everything_that_it_started() {
    let cluster = Cluster::start();
    let processes = ["vmagent", "store-1", "store-2", "store-3"].map(|name| cluster.pid(name));
    for process in processes {
        test_kill_process(process).unwrap();
    }
    drop(cluster);
    for process in processes {
        wait_until("the end of a process", || test_kill_process(process).is_err());
    }
}

#[test]
fn the_example_reports_a_missing_program() {
    let output = Command::new(example())
        .args([TempDir::new().unwrap().path()])
        .env("VICTORIA_METRICS", "/nowhere")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr, "cluster.sh: VictoriaMetrics is not installed: see the first lines of this script\n");
}
