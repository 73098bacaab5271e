//! The directory of the textfile collector. It is locked during each change, so that concurrent jobs neither lose data
//! nor write files that contradict each other.

use crate::os::{self, reason};
use anyhow::anyhow;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Name of the temporary file, which `node_exporter` does not read. One name is enough, because the directory is
/// locked. If a process is killed, the next one removes the file.
const TEMPORARY: &str = ".pushgw.tmp";

/// An open directory. Dropping it releases the lock, if there is one.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    handle: File,
}

impl Directory {
    /// Opens the directory for reading, without a lock.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let open = || {
            if !fs::metadata(path)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            File::open(path)
        };
        let handle = open().map_err(|error| failed("open", path, &error))?;
        Ok(Self { path: path.to_owned(), handle })
    }

    /// Opens and locks the directory. Waits at most `timeout` for other processes.
    pub fn lock(path: &Path, timeout: Duration) -> anyhow::Result<Self> {
        let directory = Self::open(path)?;
        let (sender, receiver) = channel();
        // The system call that waits for a lock has no time limit, so it runs in a thread that is abandoned after
        // `timeout`.
        let wait = move || {
            let locked = os::lock(&directory.handle).map(|()| directory);
            let _ = sender.send(locked);
        };
        thread::Builder::new().spawn(wait).map_err(|error| failed("lock", path, &error))?;
        match receiver.recv_timeout(timeout) {
            Ok(locked) => locked.map_err(|error| failed("lock", path, &error)),
            Err(_) => Err(anyhow!("{} is still locked by another process after {timeout:?}", path.display())),
        }
    }

    /// Returns the path of a file in the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Returns the content of a file, or `None` if it does not exist.
    pub fn read(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &path, &error)),
        }
    }

    /// Returns the paths and contents of the other files that `node_exporter` reads. Unreadable files are omitted,
    /// because `node_exporter` itself reports them.
    pub fn others(&self, name: &str) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
        let listed = fs::read_dir(&self.path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let listed = listed.map_err(|error| failed("read", &self.path, &error))?;
        let mut others = Vec::new();
        for entry in listed {
            let path = entry.path();
            let is_other =
                entry.file_name() != name && entry.file_name().as_encoded_bytes().ends_with(b".prom");
            // Reading from a pipe would block.
            if is_other
                && fs::metadata(&path).is_ok_and(|file| file.is_file())
                && let Ok(bytes) = fs::read(&path)
            {
                others.push((path, bytes));
            }
        }
        others.sort();
        Ok(others)
    }

    /// Replaces a file atomically, so a reader sees either the old or the new content. The file is readable by all
    /// users, because `node_exporter` usually runs as a different user.
    pub fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let (path, temporary) = (self.file(name), self.file(TEMPORARY));
        let write = || -> io::Result<()> {
            remove(&temporary)?;
            let mut file = File::create_new(&temporary)?;
            file.write_all(text.as_bytes())?;
            os::set_mode(&file, 0o644)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&temporary);
            failed("write", &path, &error)
        })?;
        self.sync();
        Ok(())
    }

    /// Removes a file. Returns false if it did not exist.
    pub fn remove(&self, name: &str) -> anyhow::Result<bool> {
        let path = self.file(name);
        let removed = remove(&path).map_err(|error| failed("remove", &path, &error))?;
        self.sync();
        Ok(removed)
    }

    /// Flushes the directory to disk, so that a change survives a crash. Errors are ignored, because not every file
    /// system supports this, and readers already see the change.
    fn sync(&self) {
        let _ = self.handle.sync_all();
    }
}

fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn failed(doing: &str, path: &Path, error: &io::Error) -> anyhow::Error {
    anyhow!("can't {doing} {}: {}", path.display(), reason(error))
}
