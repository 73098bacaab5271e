//! Files for `node_exporter`'s textfile collector: one per group, in a directory that other programs may also write to.
//!
//! `node_exporter` skips a whole file if one line is invalid, and silently drops series if two files contradict each
//! other. So a file is replaced atomically, and only if its new content does not contradict the other files. Only
//! `directory` does I/O.

mod clash;
mod directory;
mod merge;
mod name;

pub use clash::{Clash, find_clash};
pub use directory::Directory;
pub use merge::{families, merge, text};
pub use name::{MAX_NAME, file_name};
