//! The destinations that are servers, so that a test of a connection is one test that runs for each of them.

use super::{Pushgw, pushgw};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Gateway,
    /// A receiver of remote write.
    Receiver,
}

impl Destination {
    pub(crate) const ALL: [Self; 2] = [Self::Gateway, Self::Receiver];

    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Gateway => "-g",
            Self::Receiver => "--remote-write",
        }
    }

    pub(crate) fn variable(self) -> &'static str {
        match self {
            Self::Gateway => "PUSHGATEWAY_URL",
            Self::Receiver => "PUSHGATEWAY_REMOTE_WRITE",
        }
    }

    /// A push of `a 1` for the job `x`, in one request: version 2.0 of remote write may need a second one.
    pub(crate) fn push(self) -> Pushgw {
        let call = pushgw().args(["push", "-j", "x", "-m", "a 1"]);
        if self == Self::Receiver { call.args(["--remote-write-version", "1.0"]) } else { call }
    }

    /// The same to this URL.
    pub(crate) fn push_to(self, url: &str) -> Pushgw {
        self.push().args([self.option(), url])
    }

    /// The method of such a push, and its path after that of the URL.
    pub(crate) fn request(self) -> (&'static str, &'static str) {
        match self {
            Self::Gateway => ("PUT", "/metrics/job/x"),
            Self::Receiver => ("POST", "/api/v1/write"),
        }
    }

    /// What the users of this destination read where those of a gateway read `words`.
    pub(crate) fn words(self, words: &str) -> String {
        if self == Self::Gateway {
            return words.to_owned();
        }
        let words = words
            .replace("PUSHGATEWAY_URL=", "PUSHGATEWAY_REMOTE_WRITE=")
            .replace("-g http", "--remote-write http")
            .replace("a Pushgateway", "a remote-write receiver");
        // A hint ends with a URL, which has a path.
        let of_line = |line: &str| {
            let has_url = line.contains("--remote-write http") || line.contains("REMOTE_WRITE=http");
            if has_url { line.replace('\n', "/api/v1/write\n") } else { line.to_owned() }
        };
        words.split_inclusive('\n').map(of_line).collect()
    }
}
