//! The tests of the program as it is used: the built binary, against real Pushgateways and a server that misbehaves.
//! One crate for all of them, so that they compile and link once. `support` is what they share.

#![allow(clippy::unwrap_used, reason = "clippy's own exception ends at the functions marked as tests")]
#![allow(clippy::print_stderr, reason = "a test's standard error is shown when it fails")]

mod check;
mod complete;
mod crash;
mod diagnostics;
mod differential;
mod examples;
mod faults;
mod fetch;
mod fuzz;
mod generated;
mod guarded;
mod harness;
mod help;
mod input;
mod keys;
mod lab;
mod layering;
mod lint;
mod odd;
mod operators;
mod packaging;
mod printed;
mod problems;
mod producer;
mod prometheus;
mod reach;
mod readme;
mod recording;
mod refusals;
mod scale;
mod secrets;
mod shells;
mod show;
mod statuses;
mod stored;
mod structure;
mod support;
mod terminal;
mod utf8_names;
mod vectors;
mod victoriametrics;
mod words;
