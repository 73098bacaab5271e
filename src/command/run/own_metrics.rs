//! Reads the job's own metrics from the file named by `$PUSHGW_METRICS`, from `--metrics` and from `-m`.

use crate::config::Run;
use crate::env::Environment;
use crate::error::Failure;
use crate::input::{self, Input, Origin};
use crate::os::{FileState, file_state, only_owner, reason};
use crate::output::{Printer, Progress};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Environment variable with the path of a file to which the command can write metrics.
pub(super) const VARIABLE: &str = "PUSHGW_METRICS";
/// Value of the variable if the temporary folder can't be created. If it were unset, `>>"$PUSHGW_METRICS"` would make
/// the job fail.
const NOWHERE: &str = "/dev/null";
const NAME: &str = "metrics.prom";

/// The files for the job's own metrics, prepared before the command starts.
pub(super) struct OwnMetrics {
    /// The temporary folder, which is removed when this value is dropped.
    folder: io::Result<TempDir>,
    /// State of the `--metrics` file before the command started; `None` if the file did not exist.
    before: Option<FileState>,
}

impl OwnMetrics {
    pub(super) fn prepare(settings: &Run, environment: &Environment) -> Self {
        let parent = environment.variable("TMPDIR").unwrap_or(OsStr::new("/tmp"));
        let before = settings.metrics.as_deref().and_then(|path| fs::metadata(path).ok());
        Self { folder: private_folder(Path::new(parent)), before: before.as_ref().map(file_state) }
    }

    /// Returns the value of [`VARIABLE`].
    pub(super) fn path(&self) -> PathBuf {
        self.folder.as_ref().map_or_else(|_| NOWHERE.into(), |folder| folder.path().join(NAME))
    }

    /// Returns `report` followed by the job's metrics, or `None` if the job has none.
    pub(super) fn read(
        &self,
        settings: &Run,
        report: &str,
        printer: &mut Printer<'_>,
    ) -> Result<Option<Input>, Failure> {
        let mut origins = vec![Origin::Metrics(vec![report.trim_end().to_owned()])];
        let mut names = vec!["<run>".to_owned()];
        match &self.folder {
            Ok(folder) => {
                let path = folder.path().join(NAME);
                if fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() > 0) {
                    origins.push(Origin::File(path));
                    names.push(format!("${VARIABLE}"));
                }
            }
            Err(error) => {
                printer.warning(&format!("can't create the file for ${VARIABLE}: {}", reason(error)));
            }
        }
        if let Some(path) = &settings.metrics {
            match self.unusable(path) {
                _ if path.as_os_str().is_empty() => {
                    printer.warning("--metrics is empty: is a variable unset?");
                }
                None => {
                    origins.push(Origin::File(path.clone()));
                    names.push(path.display().to_string());
                }
                Some(why) => printer.warning(&format!("--metrics: {} is ignored: {why}", path.display())),
            }
        }
        let lines = settings.metric_lines()?;
        if !lines.is_empty() {
            origins.push(Origin::Metrics(lines));
            names.push("<metric>".to_owned());
        }
        if origins.len() == 1 {
            return Ok(None);
        }
        let mut input = input::read(&origins, &mut io::empty(), &Progress::default())?;
        for (source, name) in input.sources.iter_mut().zip(names) {
            source.name = name;
        }
        Ok(Some(input))
    }

    /// Returns the reason why the `--metrics` file can't be used, or `None` if it can.
    fn unusable(&self, path: &Path) -> Option<String> {
        match fs::metadata(path) {
            Err(error) => Some(reason(&error)),
            // Reading from a pipe could block forever.
            Ok(file) if !file.is_file() => Some("it is not a regular file".to_owned()),
            Ok(file) if self.before == Some(file_state(&file)) => {
                Some("the command did not write it".to_owned())
            }
            Ok(_) => None,
        }
    }
}

fn private_folder(parent: &Path) -> io::Result<TempDir> {
    // The path must stay valid if the command changes its working directory.
    let parent = std::path::absolute(parent)?;
    let mut builder = tempfile::Builder::new();
    if let Some(permissions) = only_owner() {
        builder.permissions(permissions);
    }
    let folder = builder.prefix("pushgw-").tempdir_in(parent)?;
    File::create(folder.path().join(NAME))?;
    Ok(folder)
}
