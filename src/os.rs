//! What the operating system tells: its reasons in words, and which signals this process heeds.

use std::{fs, io};

/// Why something failed, without the number that the standard library puts behind it.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Those of `signals` that were not to be ignored when the process started, as under `nohup` or behind `trap '' INT`: with
/// a handler it would obey what it was told to ignore. Only Linux tells; elsewhere it is all of them.
#[must_use]
pub fn heeded(signals: &[i32]) -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored(&status);
    signals.iter().copied().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
}

/// A bit a signal, the first one being the lowest.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_no_number() {
        assert_eq!(reason(&io::Error::from_raw_os_error(2)), "no such file or directory");
        assert_eq!(reason(&io::ErrorKind::TimedOut.into()), "timed out");
    }

    #[test]
    fn the_mask_is_found() {
        assert_eq!(ignored("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001003\nSigCgt:\t0\n"), 0x1003);
        assert_eq!(ignored(""), 0);
        assert_eq!(ignored("SigIgn:\tx\n"), 0);
    }

    #[test]
    fn what_is_not_ignored_is_heeded() {
        // SIGTERM; whatever runs the tests may ignore others.
        assert_eq!(heeded(&[15]), [15]);
    }
}
