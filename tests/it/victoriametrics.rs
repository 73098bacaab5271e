//! A real VictoriaMetrics: it accepts pushes but is not a Pushgateway.

use crate::support::{Client, Pushgw, TIMEOUT, fetch, pushgw, wait_until};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

struct VictoriaMetrics {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl VictoriaMetrics {
    fn start() -> Self {
        let program = fetch("victoria-metrics").pop().expect("tests/fetch.sh finds one");
        for _ in 0..10 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            let folder = TempDir::new().unwrap();
            let process = Command::new(&program.path)
                .arg(format!("-httpListenAddr={address}"))
                .arg(format!("-storageDataPath={}", folder.path().display()))
                .env_clear()
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut server = Self { process, address, _folder: folder };
            let mut ended = false;
            wait_until("VictoriaMetrics", || {
                ended = server.process.try_wait().unwrap().is_some();
                ended || server.get("/health").is_some_and(|health| health == "OK")
            });
            // Another process may have taken the port.
            if !ended {
                return server;
            }
        }
        panic!("VictoriaMetrics does not start");
    }

    fn get(&self, path: &str) -> Option<String> {
        let answer = Client::new(self.address).request("GET", path.as_bytes(), &[], b"").ok()?;
        Some(answer.text())
    }

    /// All pushed series, sorted, once there are at least `count`.
    fn series(&self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        wait_until("the pushed series", || {
            self.get("/internal/force_flush");
            let text = self.get("/api/v1/export?match[]=%7B__name__=~%22pushed.*%22%7D").unwrap_or_default();
            lines = text.lines().map(series).collect();
            lines.len() >= count
        });
        lines.sort();
        lines
    }

    fn call(&self, args: &[&str]) -> Pushgw {
        let url = format!("http://{}/api/v1/import/prometheus", self.address);
        pushgw().args(args).env("PUSHGATEWAY_URL", url).timeout(TIMEOUT)
    }
}

impl Drop for VictoriaMetrics {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `labels = values` for a line of the export.
fn series(line: &str) -> String {
    let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
    format!("{} = {}", line["metric"], line["values"])
}

#[test]
#[ignore = "needs a real VictoriaMetrics (fetched on first use)"]
fn push_works_and_other_commands_report_an_import_path() {
    let server = VictoriaMetrics::start();
    server.call(&["push", "-j", "vm", "-l", "a=b c", "-m", "pushed_one{x=\"y\"} 1"]).run();
    // The slash makes the path use base64, to which VictoriaMetrics answers 204.
    server.call(&["add", "-j", "vm/2", "-m", "pushed_two 2", "--compress", "gzip"]).run();
    assert_eq!(
        server.series(2),
        [
            r#"{"__name__":"pushed_one","a":"b c","job":"vm","x":"y"} = [1]"#,
            r#"{"__name__":"pushed_two","job":"vm/2"} = [2]"#,
        ]
    );
    let no_groups = "an import path like VictoriaMetrics' accepts pushes but has no groups";
    for args in [&["delete", "-j", "vm"][..], &["delete", "-f", "-j", "vm"], &["list"]] {
        server
            .call(args)
            .code(1)
            .stderr_has("the server did not answer like a Pushgateway")
            .stderr_has(no_groups)
            .run();
    }
}
