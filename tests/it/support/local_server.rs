//! A server on a free loopback port, with its own directory. It is killed when the test ends.
//!
//! A free port is found by binding and closing it, so another process can bind it before the server does. In that case,
//! the server exits and a different one answers. To detect this, the directory or process ID that a server reports is
//! checked.

use super::{Client, Response, TIMEOUT};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

#[derive(Debug)]
pub(crate) struct LocalServer {
    child: Child,
    address: SocketAddr,
    client: Mutex<Client>,
    directory: TempDir,
}

impl LocalServer {
    /// Starts the command for an address and an empty directory, which is also its working directory, and waits until
    /// this server is ready.
    #[track_caller]
    pub(crate) fn start(
        name: &str,
        command: impl Fn(SocketAddr, &Path) -> Command,
        is_ready: impl Fn(&Self) -> bool,
    ) -> Self {
        for _ in 0..10 {
            if let Some(server) = Self::try_start(&command, &is_ready) {
                return server;
            }
        }
        panic!("{name} does not start")
    }

    fn try_start(
        command: impl Fn(SocketAddr, &Path) -> Command,
        is_ready: impl Fn(&Self) -> bool,
    ) -> Option<Self> {
        let directory = TempDir::new().expect("a temporary directory");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        drop(listener);
        let mut command = command(address, directory.path());
        let child = command
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        let mut server = Self { child, address, client: Mutex::new(Client::new(address)), directory };
        let start = Instant::now();
        while start.elapsed() < TIMEOUT {
            if server.child.try_wait().expect("try_wait succeeds").is_some() {
                return None;
            }
            if is_ready(&server) {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the response to a request, or `None` if the server does not answer.
    pub(crate) fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Response> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        client.request(method, path.as_bytes(), headers, body).ok()
    }

    /// Returns the body of the response to a GET request, or `None` if the server does not answer.
    pub(crate) fn try_get(&self, path: &str) -> Option<String> {
        self.try_request("GET", path, &[], b"").map(|response| response.text())
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> String {
        self.try_get(path).unwrap_or_else(|| panic!("{} does not answer {path}", self.address))
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Percent-encodes everything except ASCII letters and digits.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
