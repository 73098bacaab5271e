//! The tests of the program as it is used: the built binary, against real Pushgateways and a server that misbehaves.
//! One crate for all of them, so that they compile and link once. `support` is what they share.

#![allow(clippy::unwrap_used, reason = "clippy's own exception ends at the functions marked as tests")]
#![allow(clippy::print_stderr, reason = "a test's standard error is shown when it fails")]

mod fetch;
mod generated;
mod harness;
mod heal;
mod layering;
mod operators;
mod prometheus;
mod readme;
mod scale;
mod show;
mod support;
mod vectors;
