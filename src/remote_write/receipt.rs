//! Parses a receiver's receipt, which contains the number of samples that it stored. Pure.
//!
//! A receiver that supports version 2.0 reports in headers what it has stored. A receiver that supports only version
//! 1.0 may respond to a version 2.0 request with 204 and store nothing (seen with Prometheus 2.42, VictoriaMetrics
//! 1.145 and `InfluxDB` 1.6). A successful response without these headers therefore proves nothing.

/// The number of samples that the receiver has stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) stored: usize,
}

const SAMPLES: &str = "x-prometheus-remote-write-samples-written";
const OTHERS: [&str; 2] =
    ["x-prometheus-remote-write-histograms-written", "x-prometheus-remote-write-exemplars-written"];

impl Receipt {
    /// Reads the receipt from the headers of a response. `header` looks up a header by its lower-case name.
    pub(super) fn read<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let samples = header(SAMPLES);
        if samples.is_none() && OTHERS.iter().all(|other| header(other).is_none()) {
            return None;
        }
        Some(Self { stored: samples.and_then(|samples| samples.trim().parse().ok()).unwrap_or(0) })
    }
}

/// Returns whether this status, in response to a version 2.0 request, may mean that the receiver supports only version
/// 1.0.
pub(super) fn may_need_version_1(status: u16) -> bool {
    // The excluded statuses have other causes: credentials, URL, size, or a temporary failure (408, 425 and 429).
    matches!(status, 400..=499) && !matches!(status, 401 | 403 | 404 | 408 | 413 | 425 | 429)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_headers_makes_a_receipt() {
        let read = |headers: &[(&str, &'static str)]| {
            let find = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            Receipt::read(find).map(|receipt| receipt.stored)
        };
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("content-length", "3")]), None);
        assert_eq!(read(&[(SAMPLES, "12")]), Some(12));
        assert_eq!(read(&[(SAMPLES, "x")]), Some(0));
        assert_eq!(read(&[(OTHERS[0], "1")]), Some(0));
    }
}
