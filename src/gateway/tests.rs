//! Tests the parsers with responses of real gateways and with handwritten ones.

use super::api::{self, from_api};
use super::contents::has_escaped_replacement;
use super::group::{PUSH_TIME, timestamp};
use super::text::{LINE_LIMIT, from_text};
use super::*;
use crate::grouping::{LabelSet, Names};
use proptest::prelude::*;
use std::io::{self, Read};

/// The responses of real gateways as (JSON, text). All gateways had the same groups.
macro_rules! seen {
    ($version:literal) => {
        (
            include_str!(concat!("../../tests/data/groups/", $version, ".json")),
            include_str!(concat!("../../tests/data/groups/", $version, ".txt")),
        )
    };
}
const SEEN: [(&str, &str); 3] = [seen!("1.5.1"), seen!("1.11.0"), seen!("1.11.2")];

fn read(json: &str) -> Result<Vec<Group>, GroupsError> {
    from_api(json.as_bytes(), Names::Legacy)
}

fn line(group: &Group) -> String {
    let size = group.size.map_or("?".to_owned(), |size| format!("{}/{}", size.metrics, size.series));
    let path = group.path().unwrap_or_else(|_| "no path".to_owned());
    format!("{} {path} {size} {}", group.labels, group.state.as_str())
}

#[test]
fn the_groups_of_real_gateways_are_read() {
    for (json, _) in SEEN {
        let groups = read(json).unwrap();
        // 1.5.1 does not support native histograms.
        let lines: Vec<String> =
            groups.iter().filter(|g| g.labels.get("job") != Some("native")).map(line).collect();
        let expected = [
            r#"{job="a�b",l="\\ufffd"} /metrics/job/a%EF%BF%BDb/l/%5Cufffd 1/1 ok"#,
            r#"{job="bytes",l="�"} no path 0/0 never"#,
            r#"{job="c"} /metrics/job/c 0/0 never"#,
            r#"{job="c",instance=""} /metrics/job/c/instance@base64/= 0/0 never"#,
            r#"{job="d",l="1"} /metrics/job/d/l/1 0/0 never"#,
            r#"{job="d",l="1",m=""} /metrics/job/d/l/1/m@base64/= 0/0 never"#,
            r#"{job="empty"} /metrics/job/empty 0/0 ok"#,
            r#"{job="flag",instance="i"} /metrics/job/flag/instance/i 1/1 ok"#,
            r#"{job="hidden"} /metrics/job/hidden 2/2 ok"#,
            r#"{job="names",metrics="foo",time_stamp="1",type="GAUGE"} /metrics/job/names/metrics/foo/time_stamp/1/type/GAUGE 1/1 ok"#,
            r#"{job="never"} /metrics/job/never 0/0 never"#,
            r#"{job="slash",path="/var",q="\"<>&"} /metrics/job/slash/path@base64/L3Zhcg/q/%22%3C%3E%26 1/1 ok"#,
            r#"{job="types"} /metrics/job/types 5/15 failed"#,
        ];
        assert_eq!(lines, expected);
    }
}

#[test]
fn a_native_histogram_is_counted_as_exposed() {
    let groups = read(SEEN[2].0).unwrap();
    let native = groups.iter().find(|g| g.labels.get("job") == Some("native")).unwrap();
    assert_eq!(line(native), r#"{job="native"} /metrics/job/native 1/3 ok"#);
}

#[test]
fn wanted_families_are_returned() {
    for (json, _) in SEEN {
        let groups = api::read(json.as_bytes(), &|_| true, |_, _| ()).unwrap();
        let of = |job: &str| {
            let (group, ()) = groups.iter().find(|(g, ())| g.labels.get("job") == Some(job)).unwrap();
            let lines = group.families.iter().map(|f| format!("{} {} {}", f.name, f.kind.as_str(), f.series));
            lines.collect::<Vec<_>>()
        };
        assert_eq!(
            of("types"),
            ["bare summary 2", "c counter 2", "h histogram 4", "no_inf histogram 4", "s summary 3"]
        );
        assert_eq!(of("hidden"), ["labels gauge 1", "x untyped 1"]);
        assert_eq!(of("flag"), ["last_push_successful untyped 1"]);
    }
}

#[test]
fn the_value_made_from_the_contents_stays_with_its_group() {
    for (json, _) in SEEN {
        let make = |labels: &LabelSet, json: &str| {
            assert!(json.starts_with('{') && json.contains(PUSH_TIME));
            labels.get("job").unwrap_or_default().to_owned()
        };
        let groups = api::read(json.as_bytes(), &|_| false, make).unwrap();
        assert!(groups.is_sorted_by(|(a, _), (b, _)| a.labels <= b.labels));
        for (group, job) in groups {
            assert_eq!(group.labels.get("job"), Some(&*job));
        }
    }
}

#[test]
fn series_are_counted_as_in_the_text() {
    for (json, text) in SEEN {
        for group in read(json).unwrap().iter().filter(|g| g.labels.iter().count() == 1) {
            let job = format!("job=\"{}\"", group.labels.get("job").unwrap());
            let own = |line: &&str| line.starts_with("push_") || line.starts_with('#');
            let lines = text.lines().filter(|l| l.contains(&job) && !own(l)).count();
            // Some groups were pushed after the text was fetched, so it does not contain them.
            let series = usize::try_from(group.size.unwrap().series).unwrap();
            if lines > 0 {
                assert_eq!(series, lines, "{job}");
            }
        }
    }
}

#[test]
fn times_have_microseconds() {
    let groups = read(SEEN[2].0).unwrap();
    let times = |job: &str| {
        let group = groups.iter().find(|g| g.labels.get("job") == Some(job)).unwrap();
        (group.last_push.map(|t| t.to_string()), group.last_failure.map(|t| t.to_string()))
    };
    let (push, failure) = times("types");
    assert!(push.unwrap().starts_with("2026-11-23T15:23:"));
    assert!(failure.unwrap().starts_with("2026-11-23T15:23:"));
    assert_eq!(times("never").0, None);
    assert_eq!(times("empty").1, None);
    assert_eq!(timestamp(1.795_447_432_316_465_9e9).unwrap().to_string(), "2026-11-23T15:23:52.316466Z");
    for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        assert_eq!(timestamp(odd), None);
    }
}

/// Returns the JSON of a group whose `labels` member is hidden by a metric called `labels`.
fn hidden(job: &str, instance: &str) -> String {
    format!(
        r#"{{"labels":{{"time_stamp":"t","type":"GAUGE","metrics":[{{"labels":{{"instance":"","job":"{job}"}},"value":"5"}}]}},
        "last_push_successful":true,
        "push_time_seconds":{{"type":"GAUGE","metrics":[{{"labels":{{"instance":"{instance}","job":"{job}"}},"value":"1"}}]}}}}"#
    )
}

fn told(job: &str, more: &str) -> String {
    format!(r#"{{"labels":{{"job":"{job}"{more}}},"last_push_successful":true}}"#)
}

fn paths(groups: &[String]) -> Vec<String> {
    let json = format!(r#"{{"status":"success","data":[{}]}}"#, groups.join(","));
    let groups = read(&json).unwrap();
    groups.iter().map(|g| format!("{} {}", g.labels, g.path().unwrap_or_default())).collect()
}

#[test]
fn a_hidden_key_is_found_by_comparing_it_with_other_groups() {
    assert_eq!(paths(&[hidden("x", "i")]), [r#"{job="x",instance="i"} /metrics/job/x/instance/i"#]);
    assert_eq!(paths(&[hidden("x", "")]), [r#"{job="x"} /metrics/job/x"#]);
    for groups in [[hidden("x", ""), told("x", "")], [told("x", ""), hidden("x", "")]] {
        assert_eq!(
            paths(&groups),
            [r#"{job="x"} /metrics/job/x"#, r#"{job="x",instance=""} /metrics/job/x/instance@base64/="#]
        );
    }
    assert_eq!(
        paths(&[hidden("x", ""), told("x", r#","instance":"""#)]),
        [r#"{job="x"} /metrics/job/x"#, r#"{job="x",instance=""} /metrics/job/x/instance@base64/="#]
    );
    assert_eq!(
        paths(&[hidden("x", ""), hidden("x", "")]),
        [r#"{job="x"} "#, r#"{job="x",instance=""} "#],
        "it is not known which is which"
    );
}

#[test]
fn the_escape_of_a_replacement_character_is_a_byte_that_is_not_utf8() {
    for (raw, escaped) in [
        (r#""a\ufffdb""#, true),
        (r#""\uFFFD""#, true),
        (r#""\\\ufffd""#, true),
        (r#""\\ufffd""#, false),
        (r#""�""#, false),
        (r#""\u003c\n""#, false),
        (r#""""#, false),
    ] {
        assert_eq!(has_escaped_replacement(raw), escaped, "{raw}");
    }
    assert_eq!(paths(&[told("x", r#","metrics":"\ufffd""#)]), [r#"{job="x",metrics="�"} "#]);
    assert_eq!(
        paths(&[told("x", r#","metrics":"�""#)]),
        [r#"{job="x",metrics="�"} /metrics/job/x/metrics/%EF%BF%BD"#]
    );
}

#[test]
fn a_response_without_groups_is_an_error() {
    let table = [
        ("", "the response is empty"),
        ("<!doctype html>", "the response is not JSON"),
        ("OK", "the response is not JSON"),
        (r#"{"status":"success","data":[{"labels":{"job":"x"#, "the response is incomplete"),
        (r#"{"status":"success","data":[]} x"#, "the response is not JSON"),
        (
            r#"{"status":"error","errorType":"bad_data","error":"json: unsupported value"}"#,
            "the gateway's API failed: json: unsupported value",
        ),
    ];
    for (json, expected) in table {
        assert_eq!(read(json).unwrap_err().to_string(), expected, "{json}");
    }
    let others = [
        "404 page not found",
        "[]",
        "null",
        "{}",
        r#"{"status":"success"}"#,
        r#"{"status":"success","data":null}"#,
        r#"{"status":"success","data":{"flags":{},"start_time":"t"}}"#,
        r#"{"status":"success","data":["__name__","job"]}"#,
        r#"{"status":"success","data":[{"name":"x"}]}"#,
        r#"{"data":[]}"#,
    ];
    for json in others {
        assert!(matches!(read(json), Err(GroupsError::NotGroups)), "{json}");
    }
    assert!(read(r#"{"status":"success","data":[]}"#).unwrap().is_empty());
}

#[test]
fn a_read_error_is_not_an_invalid_response() {
    struct Reset;
    impl Read for Reset {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let start = || br#"{"status":"success","data":["#.as_slice();
    let reset = |error: GroupsError| matches!(error, GroupsError::Read(e) if e.kind() == io::ErrorKind::ConnectionReset);
    assert!(reset(from_api(start().chain(Reset), Names::Legacy).unwrap_err()));
    assert!(reset(from_text(start().chain(Reset)).unwrap_err()));
}

#[test]
fn the_rest_of_a_long_line_is_skipped() {
    let padding = "x".repeat(usize::try_from(LINE_LIMIT).unwrap() - "# HELP ".len());
    let text = format!("pushgateway_x 1\n# HELP {padding}push_time_seconds{{job=\"x\"}} 1\n");
    assert_eq!(from_text(text.as_bytes()).unwrap(), []);
}

#[test]
fn the_text_has_the_same_groups() {
    for (json, text) in SEEN {
        let by_text = from_text(text.as_bytes()).unwrap();
        assert!(by_text.len() >= 8);
        let by_api = read(json).unwrap();
        for group in by_text {
            let twin = by_api.iter().find(|g| g.labels == group.labels);
            let expected = twin.map(|twin| Group { size: None, ..twin.clone() });
            assert_eq!(Some(group), expected);
        }
    }
}

#[test]
fn a_gateway_without_groups_is_recognized_by_its_text() {
    let read = |text: &str| from_text(text.as_bytes());
    assert!(read("# HELP x y\npushgateway_build_info{version=\"1.0.0\"} 1\n").unwrap().is_empty());
    for text in
        ["", "<html>", "up 1\n", "push_time_seconds\n", "push_time_seconds{job=\"x\n", "push_time_seconds{"]
    {
        assert!(matches!(read(text), Err(GroupsError::NoGateway)), "{text}");
    }
}

proptest! {
    #[test]
    fn no_answer_causes_a_panic(
        version in 0_usize..3,
        at in 0_usize..9000,
        with in proptest::collection::vec(any::<u8>(), 0..6),
        cut in 0_usize..6,
    ) {
        let (json, text) = SEEN[version];
        for answer in [json, text] {
            let mut bytes = answer.as_bytes().to_vec();
            let at = at.min(bytes.len());
            bytes.splice(at..(at + cut).min(answer.len()), with.clone());
            let _ = from_api(bytes.as_slice(), Names::Legacy);
            let _ = from_text(bytes.as_slice());
        }
    }
}
