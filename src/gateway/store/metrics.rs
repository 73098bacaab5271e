//! The groups from the text of `/metrics`, where there is no API.

use super::group::{FAILURE_TIME, Group, GroupsError, PUSH_TIME, Times};
use crate::grouping::{GroupingKey, LabelSet, Names};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};

/// As much of a line of `/metrics` is held at a time.
pub(super) const LINE_LIMIT: u64 = 1024 * 1024;

/// Reads the groups from the text of `/metrics`, by the two series that each group has there.
///
/// The text can't tell an empty `instance` from none; none is assumed, since a gateway that held both would not answer.
///
/// # Errors
///
/// An answer that can't be read to its end or is no Pushgateway's.
pub fn from_text(reader: impl Read, names: Names) -> Result<Vec<Group>, GroupsError> {
    let mut reader = BufReader::new(reader);
    let mut by_labels: BTreeMap<LabelSet, (bool, Times)> = BTreeMap::new();
    let mut is_gateway = false;
    let mut line = Vec::new();
    let mut at_start = true;
    loop {
        line.clear();
        if reader.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line).map_err(GroupsError::Read)? == 0 {
            break;
        }
        // The rest of a line that is longer than any key can make it could look like another's beginning.
        if !std::mem::replace(&mut at_start, line.ends_with(b"\n")) {
            continue;
        }
        // Without groups, these of its own still tell a Pushgateway.
        is_gateway |= line.starts_with(b"pushgateway_");
        if !line.starts_with(b"push_") {
            continue;
        }
        let exact = std::str::from_utf8(&line).is_ok();
        let Some(sample) = text_sample(&String::from_utf8_lossy(&line)) else { continue };
        is_gateway = true;
        let (known_exact, times) = by_labels.entry(sample.labels).or_insert((true, Times::default()));
        *known_exact &= exact;
        let time = if sample.failure { &mut times.failure } else { &mut times.push };
        *time = Some(sample.value);
    }
    if !is_gateway {
        return Err(GroupsError::NoGateway);
    }
    let groups = by_labels.into_iter().map(|(labels, (exact, times))| {
        let key = if exact { GroupingKey::from_listing(&labels, names) } else { None };
        times.group(labels, key, None, None)
    });
    Ok(groups.collect())
}

/// One line about a group in the text of `/metrics`.
struct TextSample {
    failure: bool,
    labels: LabelSet,
    value: f64,
}

/// Reads a line such as `push_time_seconds{instance="",job="x"} 1.7e+09`; `None` for every other line.
fn text_sample(line: &str) -> Option<TextSample> {
    let (name, mut rest) = line.split_once('{')?;
    let failure = match name {
        PUSH_TIME => false,
        FAILURE_TIME => true,
        _ => return None,
    };
    let mut labels = LabelSet::default();
    while !rest.starts_with('}') {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (name, after) = text_quoted(quoted)?;
                (name, after.strip_prefix('=')?)
            }
            None => rest.split_once('=').map(|(name, after)| (name.to_owned(), after))?,
        };
        let (value, after) = text_quoted(after.strip_prefix('"')?)?;
        labels.0.insert(name, value);
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    if labels.get("instance") == Some("") {
        labels.0.remove("instance");
    }
    let value = rest.strip_prefix('}')?.split_ascii_whitespace().next()?.parse().ok()?;
    Some(TextSample { failure, labels, value })
}

/// The text up to the closing quote, and what stands behind that.
fn text_quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                c => out.push(c),
            },
            c => out.push(c),
        }
    }
    None
}
