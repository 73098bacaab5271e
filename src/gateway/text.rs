//! Reads the groups from the text of `/metrics`, for gateways without the API.

use super::group::{FAILURE_TIME, Group, GroupsError, PUSH_TIME, Times};
use crate::exposition::model::{number, read_sample};
use crate::grouping::{GroupingKey, LabelSet, NoKey};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};

/// Maximum number of bytes of a `/metrics` line that are kept in memory.
pub(super) const LINE_LIMIT: u64 = 1024 * 1024;

/// Reads the groups from the text of `/metrics`, using the two metrics that the gateway adds to each group.
///
/// In the text, an empty `instance` label looks like a missing one. It is treated as missing, because a
/// gateway with both groups can't serve `/metrics`. Keys that depend on the rules for label names are left
/// unresolved.
pub(super) fn from_text(reader: impl Read) -> Result<Vec<Group>, GroupsError> {
    let mut reader = BufReader::new(reader);
    let mut by_labels: BTreeMap<LabelSet, (bool, Times)> = BTreeMap::new();
    let (mut is_gateway, mut server) = (false, None);
    let mut line = Vec::new();
    let mut at_start = true;
    loop {
        line.clear();
        if reader.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line).map_err(GroupsError::Read)? == 0 {
            break;
        }
        // No grouping key is this long. Skip the rest of the line, which could look like a new line.
        if !std::mem::replace(&mut at_start, line.pop_if(|byte| *byte == b'\n').is_some()) {
            continue;
        }
        // A Pushgateway without groups is still recognized by its own metrics.
        is_gateway |= line.starts_with(b"pushgateway_");
        server = server.or_else(|| server_name(&line));
        if !line.starts_with(b"push_") {
            continue;
        }
        let exact = std::str::from_utf8(&line).is_ok();
        let Some(sample) = text_sample(&line) else { continue };
        is_gateway = true;
        let (known_exact, times) = by_labels.entry(sample.labels).or_insert((true, Times::default()));
        *known_exact &= exact;
        let time = if sample.failure { &mut times.failure } else { &mut times.push };
        *time = Some(sample.value);
    }
    if !is_gateway {
        return Err(server.map_or(GroupsError::NoGateway, |server| GroupsError::OtherServer { server }));
    }
    let groups = by_labels.into_iter().map(|(labels, (exact, times))| {
        let key = if exact { GroupingKey::from_listing(&labels, None) } else { Err(NoKey::Inexact) };
        times.group(labels, key, None, None)
    });
    Ok(groups.collect())
}

/// Returns the server's name from the build information that Prometheus and its exporters expose:
/// `prometheus_build_info{...} 1`.
fn server_name(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let name = line.split_once('{')?.0.strip_suffix("_build_info").filter(|name| *name != "go")?;
    Some(if name == "prometheus" { "Prometheus".to_owned() } else { name.to_owned() })
}

/// A sample of one of the two metrics that the gateway adds to each group.
struct TextSample {
    failure: bool,
    labels: LabelSet,
    value: f64,
}

/// Parses a line such as `push_time_seconds{instance="",job="x"} 1.7e+09`. Returns `None` for any other line.
fn text_sample(line: &[u8]) -> Option<TextSample> {
    let sample = read_sample(line).filter(|sample| !sample.labels.is_empty())?;
    let failure = match sample.name.as_str() {
        PUSH_TIME => false,
        FAILURE_TIME => true,
        _ => return None,
    };
    let mut labels: LabelSet = sample.labels.into_iter().collect();
    if labels.get("instance") == Some("") {
        labels.0.remove("instance");
    }
    Some(TextSample { failure, labels, value: number(&sample.value)? })
}
