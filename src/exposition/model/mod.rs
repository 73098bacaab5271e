//! Metrics as values that can be parsed, compared and written as text. `samples` reads them one at a time.

mod family;
pub(super) mod kind;
mod metadata;
mod read;
mod samples;
mod write;

pub use family::{Family, Labels, Sample, Series, Value, number, sort_parts};
pub use kind::Kind;
pub use metadata::FamilyMetadata;
pub use read::{read_families, read_sample};
pub use samples::{ParsedSample, Samples};
pub use write::{metric_name, sample_name, series_name, write_families};
