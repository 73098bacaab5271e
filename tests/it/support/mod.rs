//! What every integration test builds on: `pushgw` as a user runs it (`command`), the real Pushgateways (`gateway`), a
//! server that misbehaves as told (`server`), and the plain HTTP beneath them (`http`).
//!
//! Two habits hold throughout. Nothing outlives its owner: processes, threads and directories end in `Drop`, also when
//! a test panics. And every wait has an end, so that a hang is a failure with a message.

#![allow(
    dead_code,
    unused_imports,
    reason = "no test needs all of it, and what is missing here would be written twice there"
)]

mod command;
mod fetch;
mod gateway;
mod http;
mod in_process;
mod installed;
mod prometheus;
mod random;
mod server;
mod session;
mod terminal;
pub(crate) mod tls;
mod wait;

pub(crate) use command::{Output, Pushgw, Tty, heeding, in_shell, program, pushgw, shell};
pub(crate) use fetch::{Program, fetch};
pub(crate) use gateway::{Gateway, Group, gateways, newest_gateway, on_every_gateway};
pub(crate) use http::{Client, Response};
pub(crate) use in_process::{InProcess, in_process, in_process_at};
pub(crate) use installed::is_installed;
pub(crate) use prometheus::{Prometheus, prometheuses};
pub(crate) use random::Random;
pub(crate) use server::{Connection, Request, Server};
pub(crate) use session::{Session, shown};
pub(crate) use wait::{PATIENCE, wait_until};
