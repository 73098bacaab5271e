//! Tests of `--remote-write` with real receivers.

mod cluster;
mod generate;
mod receivers;
mod round_trip;
