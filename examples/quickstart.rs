//! A tour of pushgw with a real Pushgateway. Each step prints a command, its output, and the metrics on the gateway.
//! Run it with `cargo run --example quickstart`. The gateway is stopped at the end.
//!
//! The commands run in this process, through the same function as the binary.

#![allow(clippy::print_stdout, reason = "the tour is printed")]
#![allow(clippy::unwrap_used, reason = "a failed step ends the tour")]

use pushgw::Streams;
use pushgw::env::Environment;
use std::process::Command;
use support::{Gateway, newest_gateway, try_fetch};

/// Starts the real gateways of the tests.
#[path = "../tests/it/support"]
mod support {
    #![allow(dead_code, reason = "the tour needs only some of it")]
    #![allow(clippy::print_stderr, reason = "downloads report their progress")]

    mod fetch;
    mod gateway;
    mod http;
    mod wait;

    pub(crate) use fetch::{Program, fetch, try_fetch};
    pub(crate) use gateway::{Gateway, newest_gateway};
    pub(crate) use http::{Client, Response};
    pub(crate) use wait::{TIMEOUT, wait_until};
}

fn main() {
    println!("Starting a Pushgateway (the first run downloads it) ...");
    let lab = Lab { gateway: Gateway::start(newest_gateway(), &[]) };
    println!("Pushgateway {} is listening on {}.", lab.gateway.version(), lab.gateway.url());
    lab.one_metric();
    lab.two_groups();
    lab.add();
    lab.push();
    lab.delete();
    lab.python();
    lab.mistakes();
    println!("\nEnd of the tour. The gateway is stopped. For more, see README.md.");
}

struct Lab {
    gateway: Gateway,
}

impl Lab {
    fn one_metric(&self) {
        title("1. One metric");
        self.pipe("example_metric 4421", &["add", "-j", "db_backup"]);
        self.holds();
        println!("\nWithout a TYPE line it is untyped. --type sets the type:");
        self.pipe("example_metric 4421", &["add", "-j", "db_backup", "--type", "gauge"]);
        self.holds_lines(&["# TYPE example_metric", "example_metric"]);
    }

    fn two_groups(&self) {
        title("2. Two groups of one job");
        self.push_videos("mp4_node1", [120, 10, 4400]);
        self.push_videos("mov_node1", [400, 250, 96_000]);
        self.holds();
        self.pushgw(&["list", "--match", "job=video_processing"]);
    }

    fn push_videos(&self, instance: &str, [seconds, videos, bytes]: [u32; 3]) {
        let seconds = format!("processing_time_seconds{{quality=\"hd\"}} {seconds}");
        let videos = format!("processed_videos_total{{quality=\"hd\"}} {videos}");
        let bytes = format!("processed_bytes_total{{quality=\"hd\"}} {bytes}");
        self.pushgw(&[
            "push",
            "-j",
            "video_processing",
            "-i",
            instance,
            "--type",
            "gauge",
            "-m",
            &seconds,
            "-m",
            &videos,
            "-m",
            &bytes,
        ]);
    }

    fn add(&self) {
        title("3. add replaces metrics of the same name");
        let line = "processing_time_seconds{quality=\"hd\"} 999";
        self.pipe(line, &["add", "-j", "video_processing", "-i", "mp4_node1", "--type", "gauge"]);
        self.holds();
    }

    fn push(&self) {
        title("4. push replaces the whole group");
        let line = "processing_time_seconds{quality=\"hd\"} 666";
        self.pipe(line, &["push", "-j", "video_processing", "-i", "mp4_node1", "--type", "gauge"]);
        self.holds();
    }

    fn delete(&self) {
        title("5. delete removes one group");
        self.pushgw(&["delete", "-j", "video_processing", "-i", "mp4_node1"]);
        self.holds();
        println!("\nThe group no longer exists, so the same command now fails:");
        self.pushgw(&["delete", "-j", "video_processing", "-i", "mp4_node1"]);
    }

    fn python(&self) {
        title("6. push and pushadd of the client libraries are push and add");
        let library = match try_fetch("prometheus-client") {
            Ok(programs) => programs.into_iter().next().unwrap(),
            Err(words) => {
                return println!("Skipped: Python's prometheus-client is not available: {}", words.trim());
            }
        };
        let script = format!(
            "from prometheus_client import CollectorRegistry, Gauge, push_to_gateway\n\
             registry = CollectorRegistry()\n\
             Gauge('last_success_unixtime', 'Last time it worked', registry=registry).set(1700000000)\n\
             push_to_gateway('{}', job='example_job', registry=registry)\n",
            self.gateway.address()
        );
        println!(
            "\n$ python3 -c \"... push_to_gateway('{}', job='example_job', ...)\"",
            self.gateway.address()
        );
        assert!(Command::new(library.path).args(["-c", &script]).status().unwrap().success());
        self.pushgw(&["list", "-j", "example_job"]);
        self.pushgw(&["delete", "-j", "example_job"]);
        self.holds();
    }

    fn mistakes(&self) {
        title("7. What curl lets through");
        let before = self.gateway.groups();
        println!("A missing final newline, which the gateway rejects and pushgw fixes:");
        self.raw("runs 1", &["push", "-j", "cleaner", "--dry-run"]);
        println!("\nAn unset variable, as in -i \"$HOST\", which would break the gateway for everybody:");
        self.pipe("runs 1", &["push", "-j", "cleaner", "-i", ""]);
        println!("\nA job named `..`, which curl sends to another group:");
        self.pipe("runs 1", &["push", "-j", "..", "--dry-run"]);
        println!("\nNo input, because the program before the pipe failed:");
        self.raw("", &["push", "-j", "db_backup"]);
        println!("\nInvalid metrics, reported before they are sent:");
        self.raw("# TYPE runs conter\nruns 1,5\n", &["push", "-j", "db_backup"]);
        assert_eq!(self.gateway.groups(), before);
        println!("\nThe gateway is unchanged.");
        self.holds();
    }

    /// Runs `echo line | pushgw args`.
    fn pipe(&self, line: &str, args: &[&str]) {
        println!("\n$ echo {} | pushgw {}", quoted(line), words(args));
        self.run(&format!("{line}\n"), args);
    }

    /// Runs `printf text | pushgw args`.
    fn raw(&self, text: &str, args: &[&str]) {
        println!("\n$ printf {} | pushgw {}", quoted(text), words(args));
        self.run(text, args);
    }

    fn pushgw(&self, args: &[&str]) {
        println!("\n$ pushgw {}", words(args));
        self.run("", args);
    }

    fn run(&self, stdin: &str, args: &[&str]) {
        let mut environment = Environment::default();
        environment.variables.insert("PUSHGATEWAY_URL".into(), self.gateway.url().into());
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let streams = Streams {
            stdin: &mut stdin.as_bytes(),
            stdout: &mut stdout,
            stderr: &mut stderr,
            progress: None,
        };
        let args = std::iter::once("pushgw").chain(args.iter().copied()).map(Into::into);
        let code = pushgw::run(args, &environment, streams);
        print!("{}{}", String::from_utf8_lossy(&stderr), String::from_utf8_lossy(&stdout));
        if code != 0 {
            println!("(exit status {code})");
        }
    }

    /// Prints the pushed samples as Prometheus would scrape them.
    fn holds(&self) {
        println!("\nThe gateway holds:");
        for line in self.gateway.samples() {
            println!("  {line}");
        }
    }

    fn holds_lines(&self, starts: &[&str]) {
        println!("\nThe gateway holds:");
        let metrics = self.gateway.metrics();
        for line in metrics.text().lines().filter(|line| starts.iter().any(|start| line.starts_with(start))) {
            println!("  {line}");
        }
    }
}

fn title(text: &str) {
    println!("\n\n{text}\n{}", "=".repeat(text.len()));
}

fn words(args: &[&str]) -> String {
    args.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    pushgw::shell::quote(&word.replace('\n', "\\n"))
}
