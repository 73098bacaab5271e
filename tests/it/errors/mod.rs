//! Tests everything that can go wrong between pushgw and a server. Scripted servers produce the errors, which are
//! compared with the program's error classes. Every class has at least one case. Each case checks the message, the exit
//! code, the number of connections and the time limit, and is run for each kind of server.

mod formats;
mod hints;
mod http;
mod network;
mod proxy;
mod tls;

use crate::support::{Connection, Destination, Gateway, Output, Pushgw, Server, newest_gateway, pushgw};
use pushgw::http::ERROR_CLASSES;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Extra time for starting and stopping a process on a loaded machine.
const MARGIN: Duration = Duration::from_secs(15);

/// A test case for an error.
struct Case {
    name: &'static str,
    /// The message of the expected class; empty for a success.
    message: &'static str,
    code: i32,
    /// The expected number of connections; `None` if it does not matter or can't be counted.
    connections: Option<usize>,
    /// Whether pushgw opens another connection to ask a gateway for the cause.
    is_explained: bool,
    /// Other text that standard error must contain.
    says: Vec<String>,
    /// Like `says`, but only for a gateway.
    gateway_says: Vec<String>,
    args: Vec<String>,
    env: BTreeMap<&'static str, String>,
    files: BTreeMap<&'static str, Vec<u8>>,
    /// The value of `--gateway`; `{}` is replaced by the server's address.
    gateway: &'static str,
    limit: Duration,
    handler: Arc<Handler>,
    /// Checks the server after the call.
    after: fn(&Server),
}

type Handler = Box<dyn Fn(&mut Connection, usize) + Send + Sync>;

impl Case {
    /// Creates a case with a server that runs `handler`. There are no retries by default.
    fn new(
        name: &'static str,
        message: &'static str,
        code: i32,
        handler: impl Fn(&mut Connection, usize) + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            message,
            code,
            connections: Some(1),
            is_explained: false,
            says: Vec::new(),
            gateway_says: Vec::new(),
            args: vec!["--retries=0".to_owned()],
            env: BTreeMap::new(),
            files: BTreeMap::new(),
            gateway: "http://{}",
            limit: Duration::from_secs(30),
            handler: Arc::new(Box::new(handler)),
            after: |_| {},
        }
    }

    fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    fn env(mut self, name: &'static str, value: &str) -> Self {
        self.env.insert(name, value.to_owned());
        self
    }

    fn file(mut self, name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(name, bytes.into());
        self
    }

    fn gateway(mut self, url: &'static str) -> Self {
        self.gateway = url;
        self
    }

    fn says(mut self, words: &str) -> Self {
        self.says.push(words.to_owned());
        self
    }

    fn gateway_says(mut self, words: &str) -> Self {
        self.gateway_says.push(words.to_owned());
        self
    }

    fn explained(mut self) -> Self {
        self.is_explained = true;
        self
    }

    fn connections(mut self, connections: usize) -> Self {
        self.connections = Some(connections);
        self
    }

    fn any_connections(mut self) -> Self {
        self.connections = None;
        self
    }

    fn retries(mut self, retries: usize) -> Self {
        self.args[0] = format!("--retries={retries}");
        self
    }

    /// Sets the time limit for the whole call.
    fn limit(mut self, millis: u64) -> Self {
        self.limit = Duration::from_millis(millis);
        self.args.push(format!("--timeout={millis}ms"));
        self
    }

    fn after(mut self, after: fn(&Server)) -> Self {
        self.after = after;
        self
    }

    fn run(&self, destination: Destination) {
        let handler = Arc::clone(&self.handler);
        let server = Server::start(move |connection, number| handler(connection, number));
        let address = server.address().to_string();
        let fill = |text: &str| text.replace("{}", &address);
        let is_gateway = destination == Destination::Gateway;
        let mut call = pushgw()
            .args(["push", "-j", "batch", "-l", "case=a b", destination.option(), &fill(self.gateway)])
            .args(self.args.iter().map(|arg| fill(arg)));
        if !is_gateway {
            call = call.args(["--remote-write-version", "1.0"]);
        }
        if !self.args.iter().any(|arg| arg == "large.prom") {
            call = call.args(["-m", "batch 1"]);
        }
        for (name, value) in &self.env {
            call = call.env(name, fill(value));
        }
        for (name, bytes) in &self.files {
            call = call.file(name, bytes);
        }
        let call = call.code(self.code).timeout(self.limit + MARGIN).stderr_has(self.message);
        let gateway_says = self.gateway_says.iter().filter(|_| is_gateway);
        let says = self.says.iter().chain(gateway_says);
        let output = says.fold(call, |call, words| call.stderr_has(fill(&destination.words(words)))).run();
        if self.code == 0 {
            assert_eq!(output.stderr(), "", "a success prints nothing\n{output}");
        }
        if let Some(connections) = self.connections {
            let expected = connections + usize::from(is_gateway && self.is_explained);
            assert_eq!(server.connections(), expected, "connections\n{output}");
        } else if server.connections() == 0 {
            // A server that is never called would fail the test, so call it here.
            drop(server.client().request("GET", b"/", &[], b""));
        }
        (self.after)(&server);
    }
}

fn cases(redirect_target: &str) -> Vec<Case> {
    [http::cases(redirect_target), network::cases(), proxy::cases(), tls::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// Runs all cases. Several run in parallel, because most of their time is spent waiting.
fn run_all(cases: &[Case], destinations: &[Destination]) {
    let names: BTreeSet<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "each case has a unique name");
    let runs: Vec<_> = destinations
        .iter()
        .flat_map(|destination| cases.iter().map(|case| (case, *destination)))
        // Remote write does not send comments, so its requests are never large.
        .filter(|(case, to)| *to == Destination::Gateway || !case.files.contains_key("large.prom"))
        // Responses of a receiver have no text.
        .filter(|(case, to)| {
            let has_text = [
                "a success in JSON",
                "a success in words",
                "closed in the body of a success",
                "a success of a gigabyte",
            ]
            .iter()
            .any(|name| case.name.starts_with(name));
            *to == Destination::Gateway || !has_text
        })
        .collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                while let Some((case, destination)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if catch_unwind(AssertUnwindSafe(|| case.run(*destination))).is_err() {
                        failed.lock().unwrap().push((case.name, *destination));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "these failed: {failed:#?}");
}

#[test]
fn each_error_has_its_message() {
    let cases = cases("http://127.0.0.1:9");
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    run_all(&cases, &Destination::ALL);
}

#[test]
fn each_error_class_has_a_case() {
    let cases = cases("http://127.0.0.1:9");
    for class in ERROR_CLASSES {
        let (message, code) = (class.message, i32::from(class.exit_code));
        let has_case = cases.iter().any(|case| case.message == message && case.code == code);
        assert!(has_case, "no case for: {message} (exit code {code})");
    }
    for case in &cases {
        let known = ERROR_CLASSES.iter().any(|class| class.message == case.message);
        assert!(known || case.message.is_empty(), "{}: no class for: {}", case.name, case.message);
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn redirects_do_not_change_the_target_gateway() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    gateway.put("/metrics/job/batch", "batch 7\n");
    gateway.put("/metrics/job/other", "batch 8\n");
    let before = gateway.snapshot();
    run_all(&cases(&gateway.url()), &[Destination::Gateway]);
    assert_eq!(gateway.snapshot(), before);
}

/// Returns a call that pushes to the server.
fn push(server: &Server) -> Pushgw {
    pushgw().args(["push", "-j", "batch", "-m", "batch 1", "-g", &server.url()])
}

/// Returns the method, path and body of each request that a server received.
fn received(server: &Server) -> Vec<(String, String, String)> {
    let request = |request: crate::support::Request| {
        (request.method, request.path, String::from_utf8_lossy(&request.body).into_owned())
    };
    server.requests().into_iter().map(request).collect()
}

fn all_output(output: &Output) -> String {
    output.stdout() + &output.stderr()
}
