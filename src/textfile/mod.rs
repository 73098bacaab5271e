//! The files of `node_exporter`'s textfile collector: one per group, in a directory that other programs write to as well.
//!
//! `node_exporter` skips a whole file for one invalid line, and drops series without an error if two files contradict each
//! other. So a file is only replaced by a complete one, and only by one that fits the other files. Pure, but for
//! `directory`, which locks, reads and writes.

mod clash;
mod directory;
mod merge;
mod name;

pub use clash::{Clash, find_clash};
pub use directory::Directory;
pub use merge::{families, merge, text};
pub use name::{MAX_NAME, file_name};
