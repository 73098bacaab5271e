//! Targets that the fuzzer (`fuzz/`) and the tests run with arbitrary bytes. A target panics if the program panics,
//! exits with an undocumented code, or violates a property that the target checks.
//!
//! The program runs in this process, with a server on a Unix socket, because a million TCP connections would need too
//! many ports. Only the standard library and `serde_json` are used, so that the fuzzer compiles quickly.

use pushgw::Streams;
use pushgw::env::Environment;
use serde_json::Value;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The way in which the server responds.
enum Answer {
    /// Sends these bytes and closes the connection.
    Bytes(Vec<u8>),
    /// Answers 202 to a push.
    Accept,
    /// Serves the API and `/metrics`. If `api` is `None`, the API's path is answered with 404.
    Gateway { api: Option<Vec<u8>>, metrics: Vec<u8> },
}

struct Shared {
    answer: Answer,
    /// The body of the last request.
    body: Vec<u8>,
}

/// A server on a Unix socket that runs until the process exits.
struct Server {
    socket: PathBuf,
    shared: Arc<Mutex<Shared>>,
}

impl Server {
    fn start() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("pushgw-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let socket = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&socket).expect("a socket in the temporary directory");
        let shared = Arc::new(Mutex::new(Shared { answer: Answer::Accept, body: Vec::new() }));
        let inner = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&inner);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { socket, shared }
    }

    fn set(&self, answer: Answer) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).answer = answer;
    }

    /// Takes the body of the last request.
    fn body(&self) -> Vec<u8> {
        std::mem::take(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner).body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Answers the requests of a connection.
fn serve(stream: UnixStream, shared: &Mutex<Shared>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok();
        let mut body = vec![0; head.lines().find_map(length).unwrap_or_default()];
        stream.read_exact(&mut body).ok()?;
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.body = body;
        let path = head.split(' ').nth(1)?;
        let (status, body): (_, &[u8]) = match &shared.answer {
            Answer::Bytes(bytes) => {
                stream.get_mut().write_all(bytes).ok()?;
                return stream.get_mut().shutdown(Shutdown::Both).ok();
            }
            Answer::Accept => (202, b""),
            Answer::Gateway { api: Some(api), .. } if path == "/api/v1/metrics" => (200, api),
            Answer::Gateway { metrics, .. } if path == "/metrics" => (200, metrics),
            Answer::Gateway { .. } if path.starts_with("/-/") => (200, b"OK"),
            Answer::Gateway { .. } => (404, b"404 page not found"),
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\nDate: Fri, 27 Nov 2026 20:00:00 GMT\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let answer = [head.as_bytes(), body].concat();
        drop(shared);
        stream.get_mut().write_all(&answer).ok()?;
    }
}

thread_local! {
    static SERVER: Server = Server::start();
}

#[derive(Debug)]
struct Output {
    code: u8,
    stdout: Vec<u8>,
}

/// Runs the program. Asserts that every error has a message, and that no message contains characters that a terminal
/// could interpret.
fn pushgw(args: &[&str], stdin: &[u8]) -> Output {
    let mut environment = Environment::default();
    environment.variables.insert("LANG".into(), "C.UTF-8".into());
    let (mut input, mut stdout, mut stderr) = (stdin, Vec::new(), Vec::new());
    let streams = Streams { stdin: &mut input, stdout: &mut stdout, stderr: &mut stderr, progress: None };
    let words = std::iter::once("pushgw").chain(args.iter().copied()).map(OsString::from);
    let code = pushgw::run(words, &environment, streams);
    assert!(code <= 8, "{args:?} exits with {code}");
    let message = visible(args, &stderr);
    assert!(code == 0 || !stdout.is_empty() || !message.is_empty(), "{args:?} exits with {code} silently");
    Output { code, stdout }
}

/// Runs the program with this server as the gateway.
fn against(server: &Server, args: &[&str], stdin: &[u8]) -> Output {
    let socket = server.socket.to_string_lossy();
    let connection = ["-g", "http://gw", "--unix-socket", &*socket, "--retries", "0", "--timeout", "9s"];
    pushgw(&[args, &connection].concat(), stdin)
}

/// Returns the text, after asserting that it contains no character that a terminal could interpret.
fn visible(args: &[&str], text: &[u8]) -> String {
    let text = String::from_utf8(text.to_vec()).expect("messages are UTF-8");
    let is_hidden = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}');
    assert!(!text.contains(is_hidden), "{args:?} prints a control character: {text:?}");
    text
}

/// Checks a text of metrics, with options from the first byte: `check` and `push` agree, and the pushed text needs no
/// repair.
pub(crate) fn checker(data: &[u8]) {
    let Some((&options, text)) = data.split_first() else { return };
    let format = ["human", "short", "json", "github"][usize::from(options & 3)];
    let mut args = vec!["--message-format", format, "-j", "x"];
    let switches = ["--strict", "--utf8-names", "--strip-timestamps", "--type=gauge", "--no-fix"];
    args.extend(
        switches.iter().enumerate().filter(|(i, _)| options & (4 << i) != 0).map(|(_, switch)| *switch),
    );
    let checked = pushgw(&[&["check", "--max-diagnostics", "0"], &*args].concat(), text);
    assert!(matches!(checked.code, 0 | 3), "{checked:?}");
    for line in visible(&args, &checked.stdout).lines() {
        let is_right = match format {
            "json" => serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()),
            "github" => {
                ["::error ", "::warning ", "::notice "].iter().any(|command| line.starts_with(command))
            }
            _ => true,
        };
        assert!(is_right, "{format}: {line}");
    }
    pushgw(&[&["check", "--lint"], &*args].concat(), text);
    SERVER.with(|server| {
        server.set(Answer::Accept);
        let pushed = against(server, &[&["push"], &*args].concat(), text);
        assert_eq!(pushed.code, checked.code);
        if pushed.code == 0 {
            let utf8_names = args.iter().filter(|arg| **arg == "--utf8-names");
            let args: Vec<&str> = ["check", "--no-fix"].iter().chain(utf8_names).copied().collect();
            let again = pushgw(&args, &server.body());
            assert_eq!(again.code, 0, "{}", String::from_utf8_lossy(&again.stdout));
        }
    });
}

/// Lists a gateway that answers with arbitrary bytes: every format shows the same groups, and `show` prints a line for
/// each one.
fn listing(answer: Answer) {
    SERVER.with(|server| {
        server.set(answer);
        let table = against(server, &["list", "--metrics"], b"");
        visible(&["list"], &table.stdout);
        let json = against(server, &["list", "--format", "json"], b"");
        assert_eq!(table.code, json.code);
        let status = against(server, &["status"], b"");
        visible(&["status"], &status.stdout);
        let shown = against(server, &["show", "--all"], b"");
        if json.code == 0 {
            let groups: Vec<Value> = serde_json::from_slice(&json.stdout).expect("a list in JSON");
            let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
            let lines = shown.lines().filter(|line| line.starts_with("# pushgw group ")).count();
            assert!(lines <= groups.len(), "{lines} of {}: {shown}", groups.len());
        }
        against(server, &["delete", "--all", "--dry-run"], b"");
    });
}

/// Uses the bytes as the response of the API.
pub(crate) fn api(data: &[u8]) {
    listing(Answer::Gateway { api: Some(data.to_vec()), metrics: Vec::new() });
}

/// Uses the bytes as the `/metrics` of a gateway without an API.
pub(crate) fn metrics(data: &[u8]) {
    listing(Answer::Gateway { api: None, metrics: data.to_vec() });
}

/// Uses the bytes as a URL: if the URL printed by `--dry-run` is parsed again, it does not change.
pub(crate) fn url(data: &[u8]) {
    let Some(url) = std::str::from_utf8(data).ok().filter(|url| !url.contains('\0')) else { return };
    let first_line = |args: &[&str]| {
        let args = [&["push", "-n", "-m", "a 1", "--utf8-names"], args].concat();
        let output = pushgw(&args, b"");
        let text = visible(&args, &output.stdout);
        (output.code == 0).then(|| text.lines().next().unwrap_or_default().to_owned())
    };
    for printed in
        [first_line(&["-j", "x", &format!("--gateway={url}")]), first_line(&[&format!("--url={url}")])]
            .into_iter()
            .flatten()
    {
        let again = printed.strip_prefix("PUT ").expect("the method is printed");
        assert_eq!(first_line(&[&format!("--url={again}")]), Some(printed.clone()), "{url}");
    }
}

/// Uses the bytes as the response to a request, which the first byte selects. Only a 2xx status is a success.
pub(crate) fn response(data: &[u8]) {
    let Some((&command, answer)) = data.split_first() else { return };
    let (args, stdin): (&[&str], &[u8]) = match command % 5 {
        0 => (&["push", "-j", "x"], b"a 1\n"),
        1 => (&["list"], b""),
        2 => (&["delete", "-f", "-j", "x"], b""),
        3 => (&["status"], b""),
        _ => (&["show", "--all", "-vv"], b""),
    };
    SERVER.with(|server| {
        server.set(Answer::Bytes(answer.to_vec()));
        let output = against(server, args, stdin);
        if output.code == 0 {
            let is_success =
                |line: &[u8]| line.starts_with(b"HTTP/1.") && line.get(8..10) == Some(b" 2".as_slice());
            assert!(answer.split(|byte| *byte == b'\n').any(is_success), "{:?}", answer.escape_ascii());
        }
    });
}
