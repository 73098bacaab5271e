//! An interactive program on a terminal. A test waits for the program's output before it types the next keys, so it
//! does not depend on timing.

use super::TIMEOUT;
use super::command::reader;
use super::terminal::Screen;
use super::wait::wait_until;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, ExitStatus};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use tempfile::TempDir;

/// A running program and its terminal.
#[derive(Debug)]
pub(crate) struct Session {
    child: Child,
    screen: Screen,
    seen: Arc<Seen>,
    /// The end of the output that has already been waited for.
    passed: usize,
    watcher: Option<JoinHandle<()>>,
    stdin: Option<ChildStdin>,
    stdout: Option<Receiver<Vec<u8>>>,
    stderr: Option<Receiver<Vec<u8>>>,
    _directory: TempDir,
}

#[derive(Debug, Default)]
struct Seen {
    bytes: Mutex<Vec<u8>>,
    more: Condvar,
}

/// The result of a session.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Everything the terminal received.
    pub(crate) screen: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Session {
    pub(super) fn new(mut child: Child, screen: Screen, directory: TempDir) -> Self {
        let seen = Arc::new(Seen::default());
        let (inner, mut output) = (Arc::clone(&seen), screen.try_clone().expect("a terminal's screen"));
        let watcher = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                inner.bytes.lock().unwrap().extend_from_slice(&buffer[..read]);
                inner.more.notify_all();
            }
        });
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().map(reader));
        let stderr = child.stderr.take().map(reader);
        let watcher = Some(watcher);
        Self { child, screen, seen, passed: 0, watcher, stdin, stdout, stderr, _directory: directory }
    }

    /// Waits until `text` appears after the text of the previous wait.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_for_all(&[text]);
    }

    /// Waits until all of these texts appear, in any order, after the text of the previous wait.
    #[track_caller]
    pub(crate) fn wait_for_all(&mut self, texts: &[&str]) {
        let end = Instant::now() + TIMEOUT;
        let mut seen = self.seen.bytes.lock().unwrap();
        loop {
            let new = &seen[self.passed..];
            let ends = texts.iter().map(|text| Some(find(new, text.as_bytes())? + text.len()));
            if let Some(ends) = ends.collect::<Option<Vec<usize>>>() {
                self.passed += ends.into_iter().max().unwrap_or(0);
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{texts:?} was not printed, only: {:?}", String::from_utf8_lossy(&seen));
            seen = self.seen.more.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Ignores everything that has been printed so far.
    pub(crate) fn pass(&mut self) {
        self.passed = self.seen.bytes.lock().unwrap().len();
    }

    /// Types these keys. `\x03` is Ctrl-C, and `\x04` ends the input.
    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.screen.keyboard().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn resize(&self, columns: u16) {
        self.screen.resize(columns).unwrap();
    }

    pub(crate) fn send_signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Writes to standard input, which must be [`Pushgw::silent_stdin`](super::Pushgw::silent_stdin).
    pub(crate) fn write(&mut self, text: &str) {
        self.stdin.as_mut().expect("a silent standard input").write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the program exits. If standard input is a pipe, it is closed first.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        drop(self.stdin.take());
        // The reader sees the end of the output when the program exits.
        wait_until("the program to exit", || self.watcher.as_ref().is_none_or(JoinHandle::is_finished));
        let status = self.child.wait().unwrap();
        let text = |stream: Option<Receiver<Vec<u8>>>| {
            let bytes = stream.map(|stream| stream.recv_timeout(TIMEOUT).expect("its output ends"));
            String::from_utf8(bytes.unwrap_or_default()).unwrap()
        };
        let (stdout, stderr) = (text(self.stdout.take()), text(self.stderr.take()));
        let screen = String::from_utf8_lossy(&self.seen.bytes.lock().unwrap()).into_owned();
        Ended { status, screen, stdout, stderr }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let seen = self.seen.bytes.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("--- the screen:\n{}\n---", String::from_utf8_lossy(&seen));
        }
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// Returns the lines that a person sees after this terminal output, without text that was overwritten or erased. Lines
/// are not wrapped.
pub(crate) fn shown(screen: &str) -> Vec<String> {
    let (mut lines, mut column) = (vec![Vec::new()], 0);
    let mut rest = screen;
    while let Some(c) = rest.chars().next() {
        let line: &mut Vec<char> = lines.last_mut().unwrap();
        if let Some(after) = rest.strip_prefix("\x1b[K") {
            line.truncate(column);
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\r' => column = 0,
            '\n' => {
                lines.push(Vec::new());
                column = 0;
            }
            c => {
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
    }
    lines.into_iter().map(String::from_iter).collect()
}
