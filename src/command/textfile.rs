//! Writes and deletes group files in the `--textfile` directory, for `push`, `add`, `run` and `delete`.

use super::Context;
use crate::config::Textfile;
use crate::error::Failure;
use crate::exposition::model::{Family, read_families};
use crate::exposition::{self, CheckOptions, Severity, Text};
use crate::gateway::diff::Replaces;
use crate::grouping::GroupingKey;
use crate::output::Printer;
use crate::textfile::{self, Directory, file_name, find_clash};
use std::path::{Path, PathBuf};

/// The change that a push makes to a group's file.
pub(super) struct Update {
    pub(super) path: PathBuf,
    pub(super) before: Option<Vec<Family>>,
    /// The pushed families, with the group's labels added.
    pub(super) pushed: Vec<Family>,
    /// The new content of the file.
    text: String,
}

/// Writes the metrics in `body` to the group's file, and returns its path.
pub(super) fn write(
    textfile: &Textfile,
    key: &GroupingKey,
    body: &[u8],
    replaces: Replaces,
) -> Result<PathBuf, Failure> {
    let directory = Directory::lock(&textfile.directory, textfile.timeout)?;
    let update = Update::new(&directory, key, body, replaces)?;
    directory.write(&file_name(key), &update.text)?;
    Ok(update.path)
}

/// Removes a group's file, or only prints its path if `dry_run` is true.
pub(super) fn delete(
    textfile: &Textfile,
    key: &GroupingKey,
    (force, dry_run): (bool, bool),
    context: &mut Context<'_, '_>,
) -> Result<(), Failure> {
    let name = file_name(key);
    let directory = if dry_run {
        Directory::open(&textfile.directory)?
    } else {
        Directory::lock(&textfile.directory, textfile.timeout)?
    };
    let path = directory.file(&name);
    let existed = if dry_run { directory.read(&name)?.is_some() } else { directory.remove(&name)? };
    if !existed && !force {
        let place = format!("in {}", textfile.directory.display());
        return Err(Failure::NoSuchGroup { group: key.to_string(), place, others: Vec::new(), hint: None });
    }
    if dry_run {
        return context.printer.line(format!("would delete {}", path.display())).map_err(Failure::output);
    }
    context.printer.success(&format!("deleted {key}: {}", path.display()));
    Ok(())
}

impl Update {
    /// Computes the change without locking the directory.
    pub(super) fn preview(
        textfile: &Textfile,
        key: &GroupingKey,
        body: &[u8],
        replaces: Replaces,
    ) -> Result<Self, Failure> {
        Self::new(&Directory::open(&textfile.directory)?, key, body, replaces)
    }

    /// Prints the path of the file and its new content.
    pub(super) fn print(&self, printer: &mut Printer<'_>) -> Result<(), Failure> {
        let head = format!("{}\n\n", self.path.display());
        printer.result(head.as_bytes()).map_err(Failure::output)?;
        printer.result(self.text.as_bytes()).map_err(Failure::output)
    }

    fn new(
        directory: &Directory,
        key: &GroupingKey,
        body: &[u8],
        replaces: Replaces,
    ) -> Result<Self, Failure> {
        let name = file_name(key);
        let path = directory.file(&name);
        let pushed = textfile::families(body, key);
        let held = directory.read(&name)?;
        let before = held.as_deref().map(read_families);
        let families = match (&held, &before, replaces) {
            (Some(text), Some(held), Replaces::Families) => {
                let hint = "pushgw push replaces the whole file";
                require_valid(text, key, &format!("{} is invalid", path.display()), Some(hint))?;
                textfile::merge(held.clone(), pushed.clone())
            }
            _ => pushed.clone(),
        };
        let text = textfile::text(&families);
        require_valid(text.as_bytes(), key, "the metrics with the labels of the group are invalid", None)?;
        for (other, text) in directory.others(&name)? {
            require_fit(&families, &text, &other)?;
        }
        Ok(Self { path, before, pushed, text })
    }
}

/// Returns an error if the text is invalid, because `node_exporter` skips a whole file if one line is invalid.
fn require_valid(text: &[u8], key: &GroupingKey, what: &str, hint: Option<&str>) -> Result<(), Failure> {
    let options =
        CheckOptions { grouping: Some(key), utf8_names: true, allow_empty: true, ..CheckOptions::PLAIN };
    let report = exposition::check(Text { bytes: text, starts: &[0] }, &options);
    let error = report.diagnostics.iter().find(|found| found.severity == Severity::Error);
    let Some(error) = error else { return Ok(()) };
    let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
    Err(Failure::Input { message: format!("{what}: {}{hint}; nothing was written", error.message) })
}

fn require_fit(families: &[Family], other: &[u8], path: &Path) -> Result<(), Failure> {
    match find_clash(families, &read_families(other)) {
        None => Ok(()),
        Some(clash) => {
            let message = format!("{clash} {}; nothing was written", path.display());
            Err(Failure::Input { message })
        }
    }
}
