//! Integration tests, which run the built program with real Pushgateways and scripted servers. They are one crate, so
//! they are compiled and linked only once. `support` contains the shared tools.

#![allow(clippy::unwrap_used, reason = "clippy allows it only in functions marked as tests")]
#![allow(clippy::print_stderr, reason = "a test's standard error is shown when it fails")]

mod authentication;
mod check;
mod ci_examples;
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
mod install_script;
mod invalid_input;
mod layering;
mod lint;
mod list_delete;
mod man_pages;
mod memory;
mod messages;
mod mistakes;
mod openmetrics;
mod packaging;
mod problems;
mod producer;
mod prometheus;
mod quickstart;
mod readme;
mod recording;
mod remote_write;
mod remote_write_scripted;
mod round_trip;
mod rules;
mod run;
mod secrets;
mod shells;
mod show;
mod structure;
mod support;
mod terminal;
mod textfile;
mod unusual_gateways;
mod utf8_names;
mod victoriametrics;
mod web_servers;
mod words;
