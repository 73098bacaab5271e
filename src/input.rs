//! The text to push, read whole: files, standard input and the command line's own lines, one behind the other.
//!
//! Whole, because a push that was cut is worse than none: nothing is sent unless everything was read. The place
//! where each source begins is kept, so that a message can name the file and its own line number.

use crate::error::Failure;
use crate::output::Source;
use anyhow::Context;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where a part of the text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// The `-m` options, each one or more whole lines.
    Metrics(Vec<String>),
}

/// The text of one push.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// All bytes.
    pub bytes: Vec<u8>,
    /// The sources in their order: name for messages, and where its bytes begin.
    pub sources: Vec<Source>,
}

/// Reads all of `origins`.
///
/// # Errors
///
/// [`Failure::Other`] with the name of the source that can't be read.
pub fn read(origins: &[Origin], stdin: &mut dyn Read) -> Result<Input, Failure> {
    let mut input = Input::default();
    for origin in origins {
        input.sources.push(Source { name: name(origin), start: input.bytes.len() });
        match origin {
            Origin::File(path) => read_file(path, &mut input.bytes)?,
            Origin::Stdin => {
                stdin.read_to_end(&mut input.bytes).context("can't read standard input")?;
            }
            Origin::Metrics(lines) => {
                for line in lines {
                    input.bytes.extend_from_slice(line.as_bytes());
                    input.bytes.push(b'\n');
                }
            }
        }
    }
    Ok(input)
}

fn name(origin: &Origin) -> String {
    match origin {
        Origin::File(path) => path.display().to_string(),
        Origin::Stdin => "<stdin>".to_owned(),
        Origin::Metrics(_) => "<metric>".to_owned(),
    }
}

fn read_file(path: &Path, bytes: &mut Vec<u8>) -> Result<(), Failure> {
    let mut read = || {
        let mut file = File::open(path)?;
        // The length is a hint alone: a pipe has none, and a file may grow or shrink while it is read.
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        bytes.try_reserve_exact(usize::try_from(length).unwrap_or(0)).map_err(std::io::Error::other)?;
        file.read_to_end(bytes)
    };
    match read() {
        Ok(_) => Ok(()),
        Err(_) if fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) => {
            Err(Failure::Other(anyhow::anyhow!("can't read {}: it is a directory", path.display())))
        }
        Err(error) => {
            Err(Failure::Other(anyhow::Error::new(error).context(format!("can't read {}", path.display()))))
        }
    }
}
