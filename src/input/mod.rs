//! Reads and concatenates the text to push: files, standard input, the output of a command, and `-m` lines.
//!
//! Everything is read before anything is sent, because a truncated push is worse than no push. It is an error
//! if a file changes while it is read. Endless input is rejected before it fills the memory. The start of
//! each source is recorded, so that messages can show the file name and the line number in that file.

mod bytes;
mod producer;

use crate::error::Failure;
use crate::os::{is_block_device, is_char_device, reason};
use crate::output::{Progress, SourceFile};
use crate::secret::without_user_and_query;
use anyhow::Context;
pub use bytes::Bytes;
use bytes::HUGE_PAGE;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

/// Maximum size of the input in bytes. A gateway would need minutes and much more memory for larger input.
const LIMIT: u64 = 1 << 30;
/// Maximum number of bytes read from a device, which may be endless, such as `/dev/zero`.
const DEVICE_LIMIT: u64 = 16 << 20;

const CHANGED: &str = "the file changed while it was being read: write a temporary file, then rename it";

/// Where a part of the input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    File(PathBuf),
    Stdin,
    /// The values of the `-m` options. Each contains one or more complete lines.
    Metrics(Vec<String>),
    /// The output of a command, given as the program and its arguments.
    Command(Vec<OsString>),
}

/// The complete input of a push.
#[derive(Debug, Default)]
pub struct Input {
    /// The bytes of all sources.
    pub bytes: Bytes,
    /// The sources in order. Each has its name for messages and the position of its first byte.
    pub sources: Vec<SourceFile>,
    /// The indexes in `sources` of lines from the command line.
    pub option_lines: Vec<usize>,
}

/// Reads and concatenates all `origins`. `progress` shows the source being read.
///
/// # Errors
///
/// Returns [`Failure::File`] or [`Failure::Other`] with the name of the source if it can't be read, or
/// [`Failure::Producer`] if a command failed.
pub fn read(origins: &[Origin], stdin: &mut dyn Read, progress: &Progress) -> Result<Input, Failure> {
    let mut input = Input::default();
    for (number, origin) in origins.iter().enumerate() {
        input.sources.push(SourceFile { name: name(origin), start: input.bytes.len(), first_line: 1 });
        let left = LIMIT.saturating_sub(u64::try_from(input.bytes.len()).unwrap_or(u64::MAX));
        match origin {
            Origin::File(path) => {
                // Opening a FIFO waits for a process that writes to it.
                progress.begin(&format!("reading {}", path.display()));
                let read = read_file(path, left, progress, &mut input.bytes);
                progress.end();
                read.map_err(|error| unreadable(path, &error))?;
            }
            Origin::Stdin => {
                let stdin = progress.reading(&mut *stdin, "standard input");
                read_at_most(stdin, left, input.bytes.grow()).context("can't read standard input")?;
            }
            Origin::Metrics(lines) => {
                input.option_lines.push(number);
                for line in lines {
                    input.bytes.grow().extend_from_slice(line.as_bytes());
                    input.bytes.grow().push(b'\n');
                }
            }
            Origin::Command(command) => producer::run(command, left, progress, input.bytes.grow())?,
        }
    }
    Ok(input)
}

fn name(origin: &Origin) -> String {
    match origin {
        Origin::File(path) => path.display().to_string(),
        Origin::Stdin => "<stdin>".to_owned(),
        Origin::Metrics(_) => "<metric>".to_owned(),
        Origin::Command(_) => "<command>".to_owned(),
    }
}

fn unreadable(path: &Path, error: &anyhow::Error) -> Failure {
    let name = path.to_string_lossy();
    let hint = if path.exists() {
        None
    } else if name.starts_with('@') {
        Some("remove the `@` from the file name: only curl needs it")
    } else if name.contains("://") {
        Some("FILE cannot be a URL: use curl -s URL | pushgw ...")
    } else {
        None
    };
    Failure::File {
        message: format!("can't read {}: {error:#}", without_user_and_query(&name)),
        hint: hint.map(str::to_owned),
    }
}

fn read_file(path: &Path, limit: u64, progress: &Progress, bytes: &mut Bytes) -> anyhow::Result<()> {
    let mut file = File::open(path).map_err(plain)?;
    let before = file.metadata().map_err(plain)?;
    let kind = before.file_type();
    if kind.is_dir() {
        anyhow::bail!("it is a directory");
    }
    if is_block_device(kind) {
        anyhow::bail!("it is a block device");
    }
    if kind.is_file() {
        if before.len() > limit {
            anyhow::bail!("it is larger than {} MiB", limit >> 20);
        }
        let length = usize::try_from(before.len()).unwrap_or(usize::MAX);
        let start = bytes.len();
        if length >= HUGE_PAGE && start == 0 {
            *bytes = Bytes::for_file(length).context("not enough memory")?;
            if let Err(error) = file.read_exact(bytes.file()) {
                anyhow::ensure!(error.kind() != io::ErrorKind::UnexpectedEof, CHANGED);
                return Err(plain(error));
            }
        } else {
            // One spare byte lets the final read return 0 without growing the buffer.
            let spare = length.saturating_add(1);
            bytes.grow().try_reserve_exact(spare).context("not enough memory")?;
            read_at_most(&mut file, limit, bytes.grow())?;
        }
        let after = file.metadata().map_err(plain)?;
        let is_at_end = file.read(&mut [0]).map_err(plain)? == 0;
        return unchanged(&before, &after, bytes.len() - start, is_at_end);
    }
    if file.is_terminal() {
        // No progress line is needed: the user at the terminal knows what to type.
        progress.end();
        return read_at_most(file, limit, bytes.grow());
    }
    let limit = if is_char_device(kind) { limit.min(DEVICE_LIMIT) } else { limit };
    // The progress line is useful here, because the process that writes to a pipe may be slow.
    read_at_most(progress.reading(file, &path.to_string_lossy()), limit, bytes.grow())
}

/// Checks the length and modification time, because the bytes could be a mix of two file versions.
fn unchanged(before: &Metadata, after: &Metadata, read: usize, is_at_end: bool) -> anyhow::Result<()> {
    let length = usize::try_from(before.len());
    // Files in /proc report a length of 0. Files in /sys report the size of a page and have fewer bytes.
    let is_virtual = length.is_ok_and(|length| length == 0 || (read < length && is_at_end));
    let is_whole = before.len() == after.len() && (length == Ok(read) || is_virtual);
    if !is_whole || (before.len() > 0 && before.modified().ok() != after.modified().ok()) {
        anyhow::bail!(CHANGED);
    }
    Ok(())
}

/// Reads to the end. Fails if there are more than `limit` bytes.
fn read_at_most(from: impl Read, limit: u64, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
    let read = from.take(limit.saturating_add(1)).read_to_end(bytes).map_err(plain)?;
    if u64::try_from(read).is_ok_and(|read| read > limit) {
        anyhow::bail!("the input exceeds the limit of {} MiB", limit >> 20);
    }
    Ok(())
}

/// Converts an error to the operating system's error message, without the error number.
fn plain(error: io::Error) -> anyhow::Error {
    if error.raw_os_error().is_none() {
        return anyhow::Error::new(error);
    }
    anyhow::Error::msg(reason(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn endless_input_is_rejected() {
        let mut bytes = b"before".to_vec();
        let told = read_at_most(io::repeat(b'x'), 3 << 20, &mut bytes).unwrap_err();
        assert_eq!(told.to_string(), "the input exceeds the limit of 3 MiB");
        bytes.clear();
        read_at_most(io::repeat(b'x').take(1 << 20), 1 << 20, &mut bytes).unwrap();
        assert_eq!(bytes.len(), 1 << 20);
    }

    #[test]
    fn a_file_that_changes_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics");
        let state = |text: &[u8]| {
            let mut file = File::options().create(true).append(true).open(&path).unwrap();
            file.write_all(text).unwrap();
            file.metadata().unwrap()
        };
        let (empty, short, long) = (state(b""), state(b"a 1\n"), state(b"b 2\n"));
        assert!(unchanged(&empty, &empty, 0, true).is_ok());
        assert!(unchanged(&empty, &empty, 40, true).is_ok(), "a file in /proc");
        assert!(unchanged(&short, &short, 4, true).is_ok());
        assert!(unchanged(&short, &short, 3, true).is_ok(), "a file in /sys");
        assert!(unchanged(&short, &short, 3, false).is_err(), "it shrank and grew again");
        assert!(unchanged(&short, &long, 4, true).is_err(), "it grew after the reader");
        assert!(unchanged(&short, &long, 8, true).is_err(), "it grew before the reader");
        assert!(unchanged(&long, &short, 4, true).is_err(), "it shrank");
        assert!(unchanged(&empty, &short, 4, true).is_err(), "it was created");
        File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        let touched = std::fs::metadata(&path).unwrap();
        assert!(unchanged(&long, &touched, 8, true).is_err(), "it was written with the same length");
    }
}
