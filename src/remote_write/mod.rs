//! Remote write: the samples of a text as requests for Prometheus, Mimir, VictoriaMetrics and other receivers.
//!
//! `series` reads the series of a text, `encode` writes them as protobuf, and `receipt` reads how many samples a
//! receiver has stored. These are pure. Only `exchange` uses the client of [`crate::http`].

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
