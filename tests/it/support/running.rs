//! A running call whose script has printed that it is ready, for tests that send signals.

use super::wait::wait_until;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};

/// A running call whose script has printed `ready` on standard error.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    stderr: BufReader<ChildStderr>,
}

impl Running {
    /// Adds `sh -c SCRIPT` to the command line and starts it.
    pub(crate) fn start(mut command: Command, script: &str) -> Self {
        let mut child = command
            .args(["sh", "-c", script])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self { child, stdin, stderr }
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the call to end, and returns its exit code and standard error. Processes that still read standard
    /// input end only afterwards.
    #[track_caller]
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        wait_until("the end of pushgw", || self.has_ended());
        let code = self.child.wait().unwrap().code();
        drop(self.stdin.take());
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (code, said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
