//! The text to push: files, standard input, the output of a command and the lines of `-m`, one after the other.
//!
//! Everything is read before anything is sent, because a truncated push is worse than none. A file that changes meanwhile
//! is an error, and so is an input without end, before it fills the memory. The start of each source is kept, so that a
//! message can name the file and its own line number.

mod producer;

use crate::error::Failure;
use crate::os::reason;
use crate::output::{Progress, SourceFile};
use crate::secret::without_user;
use anyhow::Context;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, IsTerminal as _, Read, Seek as _};
use std::mem;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

/// Maximum size of a text in bytes: a gateway would work on more for minutes, and hold a multiple of it in memory.
const LIMIT: u64 = 1 << 30;
/// Maximum number of bytes read from a device, which may have no end, such as `/dev/zero`.
const DEVICE_LIMIT: u64 = 16 << 20;

/// From this size in bytes on, a second thread makes reading a file faster.
const LARGE: usize = 4 << 20;

/// Where a part of the text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// The `-m` options, each one or more whole lines.
    Metrics(Vec<String>),
    /// The output of a command, its program first.
    Command(Vec<OsString>),
}

/// The text of one push.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// All bytes.
    pub bytes: Vec<u8>,
    /// The sources in their order: name for messages, and where its bytes begin.
    pub sources: Vec<SourceFile>,
}

/// Reads all of `origins`, and shows on `progress` what it waits for.
///
/// # Errors
///
/// [`Failure::File`] and [`Failure::Other`] with the name of the source that can't be read; [`Failure::Producer`] for a
/// command that failed.
pub fn read(origins: &[Origin], stdin: &mut dyn Read, progress: &Progress) -> Result<Input, Failure> {
    let mut input = Input::default();
    for origin in origins {
        input.sources.push(SourceFile { name: name(origin), start: input.bytes.len(), first_line: 1 });
        let left = LIMIT.saturating_sub(u64::try_from(input.bytes.len()).unwrap_or(u64::MAX));
        match origin {
            Origin::File(path) => {
                let read = read_file(path, left, progress, &mut input.bytes);
                read.map_err(|error| unreadable(path, &error))?;
            }
            Origin::Stdin => {
                let stdin = progress.reading(&mut *stdin, "standard input");
                read_at_most(stdin, left, &mut input.bytes).context("can't read standard input")?;
            }
            Origin::Metrics(lines) => {
                for line in lines {
                    input.bytes.extend_from_slice(line.as_bytes());
                    input.bytes.push(b'\n');
                }
            }
            Origin::Command(command) => producer::run(command, left, progress, &mut input.bytes)?,
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
        Some("name the FILE without the `@` that curl needs")
    } else if name.contains("://") {
        Some("FILE cannot be a URL: use curl -s URL | pushgw ...")
    } else {
        None
    };
    Failure::File { message: format!("can't read {}: {error:#}", without_user(&name)), hint }
}

fn read_file(path: &Path, limit: u64, progress: &Progress, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut file = File::open(path).map_err(plain)?;
    let before = file.metadata().map_err(plain)?;
    let kind = before.file_type();
    if kind.is_dir() {
        anyhow::bail!("it is a directory");
    }
    if kind.is_block_device() {
        anyhow::bail!("it is a block device");
    }
    if kind.is_file() {
        if before.len() > limit {
            anyhow::bail!("it has more than {} MiB", limit >> 20);
        }
        let length = usize::try_from(before.len()).unwrap_or(usize::MAX);
        let start = bytes.len();
        // One spare byte lets the final read return 0 without growing the buffer.
        bytes.try_reserve_exact(length.saturating_add(1)).context("there is not enough memory")?;
        if length >= LARGE && start == 0 && file.stream_position().is_ok_and(|position| position == 0) {
            // Fresh memory is zero already. The kernel provides its pages only as the threads fill them.
            drop(mem::take(bytes));
            *bytes = vec![0; length];
            read_in_halves(&file, bytes).map_err(plain)?;
        } else {
            read_at_most(&mut file, limit, bytes)?;
        }
        let after = file.metadata().map_err(plain)?;
        return unchanged(&before, &after, bytes.len() - start);
    }
    if file.is_terminal() {
        // Who types knows what is waited for.
        return read_at_most(file, limit, bytes);
    }
    let limit = if kind.is_char_device() { limit.min(DEVICE_LIMIT) } else { limit };
    // Who writes to a pipe may take time.
    read_at_most(progress.reading(file, &path.to_string_lossy()), limit, bytes)
}

/// Fills `buffer` from the start of the file, with two threads: most of the time goes into page faults of the fresh
/// memory, and those run in parallel.
fn read_in_halves(file: &File, buffer: &mut [u8]) -> io::Result<()> {
    let (first, second) = buffer.split_at_mut(buffer.len() / 2);
    let middle = first.len() as u64;
    thread::scope(|scope| {
        let read_second = || file.read_exact_at(second, middle);
        let thread = thread::Builder::new().spawn_scoped(scope, read_second)?;
        file.read_exact_at(first, 0)?;
        thread.join().unwrap_or_else(|cause| resume_unwind(cause))
    })
}

/// Whether a file is the same after it was read, by its length and its time, so that what was read is one state of it
/// and not half of two.
fn unchanged(before: &Metadata, after: &Metadata, read: usize) -> anyhow::Result<()> {
    let lengths = [before.len(), after.len()];
    // The kernel's own files, as in /proc, have no length.
    let is_whole = lengths == [0, 0] || lengths.iter().all(|length| usize::try_from(*length) == Ok(read));
    if !is_whole || (before.len() > 0 && before.modified().ok() != after.modified().ok()) {
        anyhow::bail!(
            "it changed while it was read: write the text elsewhere and rename the file when it is done"
        );
    }
    Ok(())
}

/// Reads to the end, or fails where that is further off than `limit` bytes.
fn read_at_most(from: impl Read, limit: u64, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
    let read = from.take(limit.saturating_add(1)).read_to_end(bytes).map_err(plain)?;
    if u64::try_from(read).is_ok_and(|read| read > limit) {
        anyhow::bail!("it has more than {} MiB, and no end in sight", limit >> 20);
    }
    Ok(())
}

/// The operating system's reason without its number.
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
    fn what_has_no_end_is_given_up() {
        let mut bytes = b"before".to_vec();
        let told = read_at_most(io::repeat(b'x'), 3 << 20, &mut bytes).unwrap_err();
        assert_eq!(told.to_string(), "it has more than 3 MiB, and no end in sight");
        bytes.clear();
        read_at_most(io::repeat(b'x').take(1 << 20), 1 << 20, &mut bytes).unwrap();
        assert_eq!(bytes.len(), 1 << 20);
    }

    #[test]
    fn a_file_that_changes_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics");
        let state = |text: &[u8]| {
            let mut file = File::options().create(true).append(true).open(&path).unwrap();
            file.write_all(text).unwrap();
            file.metadata().unwrap()
        };
        let (empty, short, long) = (state(b""), state(b"a 1\n"), state(b"b 2\n"));
        assert!(unchanged(&empty, &empty, 0).is_ok());
        assert!(unchanged(&empty, &empty, 40).is_ok(), "a file of the kernel's");
        assert!(unchanged(&short, &short, 4).is_ok());
        assert!(unchanged(&short, &short, 3).is_err(), "it shrank and grew again");
        assert!(unchanged(&short, &long, 4).is_err(), "it grew after the reader");
        assert!(unchanged(&short, &long, 8).is_err(), "it grew before the reader");
        assert!(unchanged(&long, &short, 4).is_err(), "it shrank");
        assert!(unchanged(&empty, &short, 4).is_err(), "it came to be");
        File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        let touched = std::fs::metadata(&path).unwrap();
        assert!(unchanged(&long, &touched, 8).is_err(), "it was written with the same length");
    }
}
