//! Tools shared by the integration tests: `pushgw` as a user runs it (`command`), real Pushgateways (`gateway`), a
//! scripted server (`server`), and plain HTTP (`http`).
//!
//! Processes, threads and directories are cleaned up on drop, even if a test panics. Every wait has a time limit, so a
//! test that hangs fails with a message.

#![allow(
    dead_code,
    unused_imports,
    reason = "no test needs all of it, and the quickstart example uses only a part"
)]

mod clock;
mod command;
mod destination;
mod fetch;
mod gateway;
mod hints;
mod http;
mod in_process;
mod installed;
mod local_server;
mod prometheus;
mod random;
mod receiver;
pub(crate) mod release;
mod remote_write;
mod repository;
mod running;
mod server;
mod session;
mod terminal;
pub(crate) mod tls;
mod wait;

pub(crate) use clock::{clock, date};
pub(crate) use command::{Output, Pushgw, Tty, in_shell, program, pushgw, shell, with_default_signals};
pub(crate) use destination::Destination;
pub(crate) use fetch::{Program, fetch};
pub(crate) use gateway::{Gateway, Group, base64, base64_path, gateways, newest_gateway, on_every_gateway};
pub(crate) use hints::follow_hints;
pub(crate) use http::{Client, Response};
pub(crate) use in_process::{InProcessOutput, in_process, in_process_at, in_process_with};
pub(crate) use installed::is_installed;
pub(crate) use local_server::LocalServer;
pub(crate) use prometheus::{Prometheus, prometheus_versions};
pub(crate) use random::Random;
pub(crate) use receiver::{Receiver, Stored, VictoriaMetrics, exported, now};
pub(crate) use remote_write::{RawSeries, Version};
pub(crate) use repository::{assert_snapshot, overwrites_snapshots, read_repo_file, repo_file};
pub(crate) use running::Running;
pub(crate) use server::{Connection, Request, Server};
pub(crate) use session::{Session, shown};
pub(crate) use wait::{TIMEOUT, wait_until};
