//! Sends samples to Prometheus, Mimir, VictoriaMetrics and other remote-write receivers.
//!
//! `series` reads the series from the input, `encode` encodes them as protobuf, and `receipt` determines how many
//! samples a receiver has stored. These modules are pure. Only `exchange` uses the client of [`crate::http`].

mod encode;
mod exchange;
mod hint;
mod protobuf;
mod receipt;
mod series;
mod version;

pub use exchange::{RemoteWriter, Totals, WriteError, Written};
pub use series::{MAX_BYTES, MAX_SAMPLES, Payload, TextSeries};
pub use version::{Version, VersionChoice};
