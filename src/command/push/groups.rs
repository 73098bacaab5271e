//! Implements `push --groups FILE`: pushes each group in the output of `show` to its own path, to restore or move
//! groups.
//!
//! The whole file is checked before anything is sent. If the gateway rejects a group, the others are still pushed.

use crate::command::batch::BatchErrors;
use crate::command::show::GROUP_LINE;
use crate::command::{Context, check, plural};
use crate::config::PushGroups;
use crate::diagnose::refusal::RejectedPush;
use crate::error::Failure;
use crate::gateway::EXPOSITION_TEXT;
use crate::grouping::{EmptyValues, GroupingKey, KeyRules, Names};
use crate::http::{Body, Client, Request};
use crate::input::{self, Input};
use crate::output::{Printer, SourceFile};
use std::collections::BTreeSet;

/// A group in the `--groups` file.
struct Section {
    key: GroupingKey,
    /// The group's text, with its file name and line numbers.
    input: Input,
}

/// Reads and checks the whole file, then pushes each group.
pub(in crate::command) fn run(restore: &PushGroups, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let input = input::read(&restore.check.origins, context.stdin, context.printer.progress())?;
    let name = input.sources.first().map_or_else(String::new, |source| source.name.clone());
    let sections = sections(&input, &name, restore.check.options.utf8_names, context.printer)?;
    let printer = &mut *context.printer;
    let mut bodies = Vec::with_capacity(sections.len());
    let mut refused = 0;
    for section in &sections {
        match check::accept(&restore.check, Some(&section.key), &section.input, printer) {
            Ok(accepted) => bodies.push(accepted.body),
            Err(Failure::Input { .. }) => refused += 1,
            Err(failure) => return Err(failure),
        }
    }
    if refused > 0 {
        let message =
            format!("{refused} of {} can't be pushed; nothing was sent", plural(sections.len(), "group"));
        return Err(Failure::Input { message });
    }
    let client = Client::new(&restore.connection);
    let mut errors = BatchErrors::default();
    let mut unchecked = false;
    let mut tried = 0;
    for (section, body) in sections.iter().zip(&bodies) {
        tried += 1;
        printer.progress().begin(&format!("pushing {tried}/{}: {}", sections.len(), section.key));
        let sent = send(restore, &client, section, body, errors.count() == 0, printer)
            .map(|status| unchecked |= status == 202);
        if errors.add(sent, &section.key.to_string(), printer) {
            break;
        }
    }
    printer.progress().end();
    if unchecked {
        printer.warning(
            "the gateway answered 202: it runs without consistency checks, so the pushes were queued, not verified",
        );
    }
    let done = format!(
        "pushed {} of {} to {}",
        tried - errors.count(),
        plural(sections.len(), "group"),
        restore.connection.endpoint
    );
    if let Some(failure) = errors.failure() {
        printer.warning(&done);
        return Err(failure);
    }
    printer.success(&done);
    Ok(())
}

fn send(
    restore: &PushGroups,
    client: &Client,
    section: &Section,
    body: &[u8],
    explained: bool,
    printer: &mut Printer<'_>,
) -> Result<u16, Failure> {
    let (method, endpoint, key) = (restore.method, &restore.connection.endpoint, &section.key);
    let request = Request {
        method,
        endpoint,
        path: key.path(),
        body: Some(Body::new(body, EXPOSITION_TEXT, restore.connection.encoding)),
    };
    match crate::command::send(client, &request, printer) {
        Ok(answer) => Ok(answer.status),
        // Only the first rejection is explained, because later ones usually have the same cause.
        Err(error) if explained => {
            Err(crate::command::explain(error, &RejectedPush { method, key, body }, client, true, printer))
        }
        Err(error) => Err(error.into()),
    }
}

/// Splits the file into its groups.
fn sections(
    input: &Input,
    name: &str,
    utf8_names: bool,
    printer: &mut Printer<'_>,
) -> Result<Vec<Section>, Failure> {
    let mut sections: Vec<Section> = Vec::new();
    let mut known = BTreeSet::new();
    let mut errors = 0;
    let mut error = |printer: &mut Printer<'_>, line: usize, message: &str, hint: Option<&str>| {
        printer.error("input", &format!("{name}:{line}: {message}"), "", hint);
        errors += 1;
    };
    let mut is_lost = false;
    for (at, line) in input.bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if let Some(path) = line.strip_prefix(GROUP_LINE.as_bytes()) {
            is_lost = true;
            match key(path.trim_ascii(), utf8_names) {
                Ok(key) if !known.insert(key.clone()) => {
                    error(printer, at + 1, &format!("the group {key} occurs twice in the file"), None);
                }
                Ok(key) => {
                    is_lost = false;
                    let source = SourceFile { name: name.to_owned(), start: 0, first_line: at + 2 };
                    let input = Input { sources: vec![source], ..Input::default() };
                    sections.push(Section { key, input });
                }
                Err(message) => error(printer, at + 1, &message, None),
            }
        } else if line.trim_ascii_end() == b"# EOF" && !sections.is_empty() {
            let hint = "--groups reads the text format, as `pushgw show` prints it; push OpenMetrics to one group with -j JOB";
            error(
                printer,
                at + 1,
                "the file is in OpenMetrics format: it contains a `# EOF` line",
                Some(hint),
            );
            break;
        } else if let Some(section) = sections.last_mut() {
            if !is_lost {
                section.input.bytes.grow().extend_from_slice(line);
            }
        } else if !line.trim_ascii().is_empty() && !is_lost {
            let hint = "--groups reads the output of `pushgw show` for a selection, which has a line `# pushgw group /metrics/job/...` before each group";
            error(printer, at + 1, "this line does not belong to a group", Some(hint));
            break;
        }
    }
    match (errors, sections.is_empty()) {
        (0, false) => Ok(sections),
        (0, true) => {
            printer.error("input", &format!("{name} contains no group"), "", None);
            Err(Failure::Input { message: "nothing was sent".to_owned() })
        }
        (errors, _) => {
            Err(Failure::Input { message: format!("{}; nothing was sent", plural(errors, "error")) })
        }
    }
}

/// Parses the grouping key in a group line. Empty label values are accepted, because they do not come from unset shell
/// variables here. An empty `instance` is rejected, because it can break the gateway.
fn key(path: &[u8], utf8_names: bool) -> Result<GroupingKey, String> {
    let path = std::str::from_utf8(path).map_err(|_| "the group's path is not UTF-8".to_owned())?;
    let names = if utf8_names { Names::Utf8 } else { Names::Legacy };
    let rules = KeyRules { empty_values: EmptyValues::Allow, names };
    let key = GroupingKey::parse_path(path, rules).map_err(|error| error.to_string())?;
    if key.get("instance") == Some("") {
        return Err(format!(
            "the group {key} has an empty instance, which breaks a gateway that has the same group without `instance`: change the path or remove the group"
        ));
    }
    Ok(key)
}
