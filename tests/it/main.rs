//! The tests of the program as it is used: the built binary, against real Pushgateways and a server that misbehaves.
//! One crate for all of them, so that they compile and link once. `support` is what they share.

#![allow(clippy::unwrap_used, reason = "clippy's own exception ends at the functions marked as tests")]
#![allow(clippy::print_stderr, reason = "a test's standard error is shown when it fails")]

mod authentication;
mod check;
mod complete;
mod concurrency;
mod connections;
mod diagnostics;
mod differential;
mod dry_run;
mod errors;
mod examples;
mod exit_status;
mod fetch;
mod fuzz;
mod grouping_keys;
mod harness;
mod help;
mod input;
mod invalid_input;
mod layering;
mod lint;
mod list_delete;
mod man_pages;
mod memory;
mod packaging;
mod problems;
mod producer;
mod prometheus;
mod quickstart;
mod readme;
mod recording;
mod round_trip;
mod secrets;
mod shells;
mod show;
mod structure;
mod support;
mod terminal;
mod unusual_gateways;
mod utf8_names;
mod victoriametrics;
mod words;
