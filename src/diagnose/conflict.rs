//! Reports groups whose keys break a gateway.

use super::{Problem, delete};
use crate::gateway::Group;
use crate::gateway::conflict::{Conflict, Conflicts};
use crate::http::Connection;

/// Returns the problems that the grouping keys cause, with the commands that fix them.
pub fn conflicts(groups: &[&Group], conflicts: &Conflicts, connection: &Connection) -> Vec<Problem> {
    const BROKEN: &str = "every push is rejected and every scrape fails";
    let problem = |conflict: &Conflict| match *conflict {
        Conflict::EmptyInstance { without, with_empty } => {
            let (kept, extra) = (groups.get(without)?, groups.get(with_empty)?);
            Some(Problem {
                message: format!(
                    "{} and {} are the same to the gateway: {BROKEN}",
                    kept.labels, extra.labels
                ),
                groups: vec![kept.labels.clone(), extra.labels.clone()],
                commands: delete(extra, connection).into_iter().collect(),
            })
        }
        Conflict::NotUtf8 { group } => {
            let labels = &groups.get(group)?.labels;
            let message = format!("the grouping key of {labels} contains invalid UTF-8: {BROKEN}");
            Some(Problem { groups: vec![labels.clone()], ..Problem::new(message) })
        }
        Conflict::ReservedName { group } => {
            let group = groups.get(group)?;
            Some(Problem {
                message: format!("{} has a label whose name starts with `__`: {BROKEN}", group.labels),
                groups: vec![group.labels.clone()],
                commands: delete(group, connection).into_iter().collect(),
            })
        }
    };
    conflicts.broken.iter().filter_map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::api::from_api;
    use crate::gateway::conflict::find;
    use crate::grouping::Names;

    #[test]
    fn the_group_with_the_empty_instance_is_deleted() {
        let json =
            br#"{"status":"success","data":[{"labels":{"job":"x"}},{"labels":{"job":"x","instance":""}}]}"#;
        let groups = from_api(json.as_slice(), Names::Legacy).unwrap();
        let listed: Vec<&Group> = groups.iter().collect();
        let problems = conflicts(&listed, &find(&groups), &Connection::direct("http://gw:9091"));
        let commands: Vec<&String> = problems.iter().flat_map(|problem| &problem.commands).collect();
        assert_eq!(commands, ["pushgw delete -j x -l instance= -g http://gw:9091"]);
    }
}
