//! The data model of metrics, which can be parsed from text, compared, and written as text.

mod family;
pub(super) mod kind;
mod read;
mod write;

pub use family::{Family, Labels, Sample, Series, Value, number, sort_parts};
pub use kind::Kind;
pub use read::{read_families, read_sample};
pub use write::{metric_name, series_name, write_families};
