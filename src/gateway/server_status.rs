//! The version, flags and start time that a gateway reports in `/api/v1/status`.

use crate::grouping::Names;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerStatus {
    pub version: Option<String>,
    pub started: Option<Timestamp>,
    /// The command-line flags, without the leading dashes.
    pub flags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    build_information: BTreeMap<String, String>,
    flags: BTreeMap<String, String>,
    #[serde(default)]
    start_time: Option<String>,
}

impl ServerStatus {
    /// Parses the response. Returns `None` if it is not from a Pushgateway.
    pub fn read(json: &[u8]) -> Option<Self> {
        let Answer { data } = serde_json::from_slice(json).ok()?;
        Some(Self {
            version: data.build_information.get("version").cloned(),
            started: data.start_time.and_then(|time| time.parse().ok()),
            flags: data.flags,
        })
    }

    /// Returns whether a boolean flag is on, or `None` if the gateway does not report the flag.
    pub fn is_on(&self, flag: &str) -> Option<bool> {
        self.flags.get(flag).map(|value| value == "true")
    }

    /// Returns the gateway's rules for label names in a path, or `None` if they are unknown.
    pub fn names(&self) -> Option<Names> {
        match self.flags.get("push.enable-utf8-names").map(String::as_str) {
            Some("true") => Some(Names::Utf8),
            Some("false") => Some(Names::Legacy),
            Some(_) => None,
            // The flag was added in 1.11.0. A gateway that reports only the consistency check flag, which
            // every version with the API has, is older.
            None => self.flags.contains_key("push.disable-consistency-check").then_some(Names::Legacy),
        }
    }

    /// Returns the path of the gateway's metrics. Ignores a path that could change the host of the URL.
    pub fn telemetry_path(&self) -> &str {
        let is_path = |path: &&String| {
            path.starts_with('/')
                && !path.contains("//")
                && path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\".contains(&byte))
        };
        self.flags.get("web.telemetry-path").filter(is_path).map_or("/metrics", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_of_gateways_are_parsed() {
        let json = br#"{"status":"success","data":{"build_information":{"branch":"debian/sid","version":"1.11.2"},"flags":{"push.disable-consistency-check":"false","push.enable-utf8-names":"true","web.telemetry-path":"/m"},"start_time":"2026-11-23T15:37:13.596471905Z"}}"#;
        let status = ServerStatus::read(json).unwrap();
        assert_eq!(status.version.as_deref(), Some("1.11.2"));
        assert_eq!(status.started.unwrap().as_second(), 1_795_448_233);
        assert_eq!(status.is_on("push.enable-utf8-names"), Some(true));
        assert_eq!(status.is_on("push.disable-consistency-check"), Some(false));
        assert_eq!(status.is_on("web.enable-admin-api"), None);
        assert_eq!(status.telemetry_path(), "/m");
        assert_eq!(status.names(), Some(Names::Utf8));
        for other in ["", "OK", "{}", r#"{"status":"success","data":[]}"#] {
            assert_eq!(ServerStatus::read(other.as_bytes()), None);
        }
    }

    #[test]
    fn a_telemetry_path_that_could_name_another_host_is_ignored() {
        let path = |path: &str| {
            let flags = [("web.telemetry-path".to_owned(), path.to_owned())].into();
            ServerStatus { flags, ..ServerStatus::default() }.telemetry_path().to_owned()
        };
        assert_eq!(path("/a/b-c_d.e"), "/a/b-c_d.e");
        for odd in [
            "",
            "@evil.example/metrics",
            ".evil.example/",
            ":1/m",
            "//evil.example/m",
            "/a//b",
            "/a?b",
            "/a#b",
            "/\\evil",
            "/a b",
            "/a\r\nX: y",
            "/é",
        ] {
            assert_eq!(path(odd), "/metrics", "{odd}");
        }
    }

    #[test]
    fn the_rules_for_names_are_known_only_from_the_flags() {
        let names = |flags: &str| {
            ServerStatus::read(format!(r#"{{"status":"success","data":{{"flags":{{{flags}}}}}}}"#).as_bytes())
                .unwrap()
                .names()
        };
        assert_eq!(names(r#""push.enable-utf8-names":"true""#), Some(Names::Utf8));
        assert_eq!(names(r#""push.enable-utf8-names":"false""#), Some(Names::Legacy));
        // Pushgateway 1.5.1 does not have the UTF-8 flag.
        assert_eq!(names(r#""push.disable-consistency-check":"true""#), Some(Names::Legacy));
        for odd in [
            "",
            r#""a":"b""#,
            r#""push.enable-utf8-names":"""#,
            r#""push.enable-utf8-names":"1","push.disable-consistency-check":"false""#,
        ] {
            assert_eq!(names(odd), None, "{odd}");
        }
    }
}
