//! Runs the built `pushgw` as a user does, with an empty environment and a temporary working directory.
//!
//! By default, a call is expected to exit with code 0 and to print nothing. If an expectation fails, the complete
//! output of the program is shown.

use super::session::Session;
use super::terminal::{Screen, Terminal};
use super::{Gateway, TIMEOUT};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// Returns a call of the built `pushgw` without arguments and with empty standard input.
#[track_caller]
pub(crate) fn pushgw() -> Pushgw {
    Pushgw::new(env!("CARGO_BIN_EXE_pushgw"))
}

/// Returns a call of another program in `PATH`.
#[track_caller]
pub(crate) fn program(name: &str) -> Pushgw {
    Pushgw::new(name)
}

/// Returns a call of a script for `sh`, with the built `pushgw` in `PATH`.
#[track_caller]
pub(crate) fn shell(script: &str) -> Pushgw {
    in_shell("sh", script)
}

/// Returns a call of a script for the given shell, with the built `pushgw` in `PATH` and without the user's shell
/// configuration.
#[track_caller]
pub(crate) fn in_shell(shell: &str, script: &str) -> Pushgw {
    let no_config = match shell {
        "zsh" => Some("--no-rcs"),
        "fish" => Some("--no-config"),
        _ => None,
    };
    let bin_dir = Path::new(env!("CARGO_BIN_EXE_pushgw")).parent().expect("a file has a directory");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin_dir.to_owned()).chain(std::env::split_paths(&path)));
    let path = path.expect("a PATH");
    Pushgw::new(shell).args(no_config).args(["-c", script]).env("PATH", path)
}

/// Returns a command with the default action for SIGHUP, SIGINT and SIGQUIT, because the tests may run with these
/// signals ignored, for example in a background job. `env` replaces itself with the program, so the process ID does not
/// change.
pub(crate) fn with_default_signals(program: impl AsRef<OsStr>) -> Command {
    let mut env = Command::new("env");
    env.arg("--default-signal=HUP,INT,QUIT").arg(program);
    env
}

/// A standard stream that can be a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tty {
    Stdin,
    Stdout,
    Stderr,
}

/// A builder for a call. Nothing runs before [`Pushgw::run`].
#[must_use = "it runs with `.run()`"]
#[derive(Debug)]
pub(crate) struct Pushgw {
    program: PathBuf,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    directory: TempDir,
    stdin: Stdin,
    stdout_closed: bool,
    ttys: Vec<Tty>,
    is_controlled: bool,
    columns: u16,
    keys: Vec<u8>,
    timeout: Duration,
    code: Option<i32>,
    stdout: Expected,
    stderr: Expected,
    screen: Expected,
}

#[derive(Debug)]
enum Stdin {
    /// Standard input that is already at its end.
    Empty,
    Bytes(Vec<u8>),
    /// A pipe that stays open but is never written to.
    Silent,
    /// An open file or directory.
    From(std::fs::File),
}

#[derive(Debug)]
enum Expected {
    Exactly(String),
    /// Text that contains each of these parts.
    Has(Vec<String>),
    Anything,
}

impl Expected {
    fn add(&mut self, part: &str) {
        match self {
            Self::Has(parts) => parts.push(part.to_owned()),
            Self::Exactly(_) | Self::Anything => *self = Self::Has(vec![part.to_owned()]),
        }
    }

    /// Returns the differences from the expectation.
    fn mismatches(&self, stream: &str, actual: &str) -> Vec<String> {
        match self {
            Self::Anything => Vec::new(),
            Self::Exactly(text) if text == actual => Vec::new(),
            Self::Exactly(text) if text.is_empty() => vec![format!("{stream} is not empty")],
            Self::Exactly(text) => vec![format!("{stream} is not exactly:\n{text}")],
            Self::Has(parts) => {
                let missing = parts.iter().filter(|part| !actual.contains(part.as_str()));
                missing.map(|part| format!("{stream} does not contain: {part}")).collect()
            }
        }
    }
}

impl Pushgw {
    #[track_caller]
    fn new(program: &str) -> Self {
        let empty = || Expected::Exactly(String::new());
        Self {
            program: program.into(),
            args: Vec::new(),
            // HOME, the locale, proxies and PUSHGATEWAY_* are unset. A test sets the variables that it needs.
            env: std::env::var_os("PATH").map(|path| ("PATH".into(), path)).into_iter().collect(),
            directory: TempDir::new().expect("a temporary directory"),
            stdin: Stdin::Empty,
            stdout_closed: false,
            ttys: Vec::new(),
            is_controlled: false,
            columns: 80,
            keys: Vec::new(),
            timeout: TIMEOUT,
            code: Some(0),
            stdout: empty(),
            stderr: empty(),
            screen: Expected::Anything,
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    pub(crate) fn envs(self, variables: &[(&str, &str)]) -> Self {
        variables.iter().fold(self, |call, (name, value)| call.env(name, value))
    }

    /// Sets `PUSHGATEWAY_URL` to this gateway.
    pub(crate) fn on(self, gateway: &Gateway) -> Self {
        self.env("PUSHGATEWAY_URL", gateway.url())
    }

    /// Returns the working directory, which is empty except for files created by [`Pushgw::file`].
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file in the working directory.
    #[track_caller]
    pub(crate) fn file(self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.directory().join(name), bytes).expect("a file in the temporary directory");
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = Stdin::Bytes(bytes.as_ref().to_owned());
        self
    }

    /// Sets standard input to a pipe that never gets any data.
    pub(crate) fn silent_stdin(mut self) -> Self {
        self.stdin = Stdin::Silent;
        self
    }

    /// Sets standard input to this file or directory.
    #[track_caller]
    pub(crate) fn stdin_from(mut self, path: impl AsRef<Path>) -> Self {
        self.stdin = Stdin::From(std::fs::File::open(path).expect("standard input can be opened"));
        self
    }

    /// Sets standard output to a pipe whose read end is already closed.
    pub(crate) fn closed_stdout(mut self) -> Self {
        self.stdout_closed = true;
        self
    }

    /// Connects these streams to one terminal of this width. Its output is in [`Output::screen`].
    pub(crate) fn tty(mut self, streams: &[Tty], columns: u16) -> Self {
        self.ttys = streams.to_vec();
        self.columns = columns;
        self
    }

    /// Connects all streams to a controlling terminal, so that Ctrl-C and Ctrl-Z send signals.
    pub(crate) fn controlled(self, columns: u16) -> Self {
        Self { is_controlled: true, ..self.tty(&[Tty::Stdin, Tty::Stdout, Tty::Stderr], columns) }
    }

    /// Types all of these keys at the terminal immediately. `\x04` ends the input.
    pub(crate) fn keys(mut self, keys: &str) -> Self {
        self.keys = keys.into();
        self
    }

    /// Kills the program after this time instead of [`TIMEOUT`], and fails.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Expects this exit code instead of 0.
    pub(crate) fn code(mut self, code: i32) -> Self {
        self.code = Some(code);
        self
    }

    /// Accepts any exit code or termination by a signal.
    pub(crate) fn any_code(mut self) -> Self {
        self.code = None;
        self
    }

    /// Expects exactly this text on standard output.
    pub(crate) fn stdout(mut self, text: impl Into<String>) -> Self {
        self.stdout = Expected::Exactly(text.into());
        self
    }

    /// Expects this text somewhere on standard output; can be repeated.
    pub(crate) fn stdout_has(mut self, part: impl AsRef<str>) -> Self {
        self.stdout.add(part.as_ref());
        self
    }

    pub(crate) fn any_stdout(mut self) -> Self {
        self.stdout = Expected::Anything;
        self
    }

    /// Expects exactly this text on standard error.
    pub(crate) fn stderr(mut self, text: impl Into<String>) -> Self {
        self.stderr = Expected::Exactly(text.into());
        self
    }

    /// Expects this text somewhere on standard error; can be repeated.
    pub(crate) fn stderr_has(mut self, part: impl AsRef<str>) -> Self {
        self.stderr.add(part.as_ref());
        self
    }

    pub(crate) fn any_stderr(mut self) -> Self {
        self.stderr = Expected::Anything;
        self
    }

    /// Expects this text somewhere on the terminal; can be repeated.
    pub(crate) fn screen_has(mut self, part: impl AsRef<str>) -> Self {
        self.screen.add(part.as_ref());
        self
    }

    /// Expects exactly this text on the terminal.
    pub(crate) fn screen_is(mut self, text: impl Into<String>) -> Self {
        self.screen = Expected::Exactly(text.into());
        self
    }

    /// Runs the program and checks all expectations.
    #[track_caller]
    pub(crate) fn run(self) -> Output {
        let (child, screen) = self.spawn();
        let mut output = collect(child, screen, &self.input());
        output.command = self.command_line();
        let mut mismatches = Vec::new();
        if output.timed_out {
            mismatches.push(format!("it did not exit within {:?} and was killed", self.timeout));
        }
        if let Some(code) = self.code.filter(|code| output.status.code() != Some(*code)) {
            mismatches.push(format!("its exit code is not {code}"));
        }
        mismatches.extend(self.stdout.mismatches("stdout", &output.stdout()));
        mismatches.extend(self.stderr.mismatches("stderr", &output.stderr()));
        mismatches.extend(self.screen.mismatches("the terminal", &output.screen()));
        assert!(mismatches.is_empty(), "{}\n{output}", mismatches.join("\n"));
        output
    }

    /// Starts the program in an interactive session.
    #[track_caller]
    pub(crate) fn session(self) -> Session {
        let (child, screen) = self.spawn();
        Session::new(child, screen.expect("a terminal"), self.directory)
    }

    #[track_caller]
    fn spawn(&self) -> (Child, Option<Screen>) {
        let terminal =
            (!self.ttys.is_empty()).then(|| Terminal::open(self.columns).expect("a pseudo-terminal"));
        let stream = |tty: Tty, other: Stdio| match &terminal {
            Some(terminal) if self.ttys.contains(&tty) => terminal.stream().expect("a terminal's end"),
            _ => other,
        };
        let stdin = match &self.stdin {
            Stdin::Empty => Stdio::null(),
            Stdin::Bytes(_) | Stdin::Silent => Stdio::piped(),
            Stdin::From(file) => file.try_clone().expect("a file's descriptor").into(),
        };
        let stdout = if self.stdout_closed {
            let (_reader, writer) = std::io::pipe().expect("a pipe");
            writer.into()
        } else {
            Stdio::piped()
        };
        let mut command = if self.is_controlled {
            // `setsid` replaces itself with the program, whose controlling terminal is standard input.
            let mut setsid = with_default_signals("setsid");
            setsid.arg("--ctty").arg(&self.program);
            setsid
        } else {
            Command::new(&self.program)
        };
        let child = command
            .args(&self.args)
            .env_clear()
            .envs(&self.env)
            .current_dir(self.directory())
            .stdin(stream(Tty::Stdin, stdin))
            .stdout(stream(Tty::Stdout, stdout))
            .stderr(stream(Tty::Stderr, Stdio::piped()))
            .spawn()
            .expect("pushgw starts");
        (child, terminal.map(Terminal::into_screen))
    }

    fn input(&self) -> Input {
        let stdin = match &self.stdin {
            Stdin::Bytes(bytes) => Some(bytes.clone()),
            Stdin::Empty | Stdin::Silent | Stdin::From(_) => None,
        };
        Input { stdin, keys: self.keys.clone(), timeout: self.timeout }
    }

    /// Use debug formatting, because an argument can contain arbitrary characters.
    #[allow(clippy::unnecessary_debug_formatting, reason = "the quotes and escapes are needed")]
    fn command_line(&self) -> String {
        let env = self.env.iter().filter(|(name, _)| *name != "PATH");
        let env = env.map(|(name, value)| format!("{}={value:?}", name.display()));
        let program = self.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let args = self.args.iter().map(|arg| format!("{arg:?}"));
        env.chain([program]).chain(args).collect::<Vec<_>>().join(" ")
    }
}

/// Input for a running process.
struct Input {
    /// Bytes for standard input. If `None`, a pipe stays open and empty until the process exits.
    stdin: Option<Vec<u8>>,
    keys: Vec<u8>,
    timeout: Duration,
}

/// Writes the input, reads the output and waits for the exit, each in its own thread so that nothing can deadlock.
/// Kills the process when the time is up.
fn collect(mut child: Child, screen: Option<Screen>, input: &Input) -> Output {
    let pid = Pid::from_child(&child);
    let mut stdin = child.stdin.take();
    if let (Some(bytes), Some(mut pipe)) = (input.stdin.clone(), stdin.take_if(|_| input.stdin.is_some())) {
        // A process may exit before it has read all of its input, so the error is ignored.
        thread::spawn(move || pipe.write_all(&bytes));
    }
    let stdout = child.stdout.take().map(reader);
    let stderr = child.stderr.take().map(reader);
    let screen = screen.map(|screen| {
        let (mut keyboard, keys) = (screen.keyboard().expect("a terminal's keyboard"), input.keys.clone());
        thread::spawn(move || keyboard.write_all(&keys));
        reader(screen)
    });
    let (sender, exited) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait()));
    let exit = exited.recv_timeout(input.timeout);
    let timed_out = exit.is_err();
    if timed_out {
        let _ = kill_process(pid, Signal::KILL);
    }
    let status = exit.unwrap_or_else(|_| exited.recv().expect("the waiting thread runs"));
    drop(stdin);
    let text = |stream: Option<Receiver<Vec<u8>>>| {
        stream
            .map(|stream| stream.recv_timeout(TIMEOUT).expect("its output ends when it exits"))
            .unwrap_or_default()
    };
    Output {
        command: String::new(),
        status: status.expect("waiting for a process succeeds"),
        stdout: text(stdout),
        stderr: text(stderr),
        screen: text(screen),
        timed_out,
    }
}

/// Reads a stream to its end in its own thread.
pub(super) fn reader(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        sender.send(bytes)
    });
    receiver
}

/// The result of a call.
#[derive(Debug)]
pub(crate) struct Output {
    command: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// The terminal's output, if there was a terminal. Lines end with CR LF, and typed keys are echoed.
    pub(crate) screen: Vec<u8>,
    timed_out: bool,
}

impl Output {
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Returns the terminal's output with LF line ends.
    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen).replace("\r\n", "\n")
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "command: {}", self.command)?;
        match (self.status.code(), self.status.signal()) {
            (Some(code), _) => writeln!(f, "exit code: {code}")?,
            (None, signal) => writeln!(f, "killed by signal {signal:?}")?,
        }
        for (name, text) in [("stdout", self.stdout()), ("stderr", self.stderr()), ("screen", self.screen())]
        {
            if !text.is_empty() {
                writeln!(f, "--- {name}\n{text}")?;
            }
        }
        write!(f, "---")
    }
}
