//! Facts from the operating system: the reason of an error, and which signals are not ignored.

use std::{fs, io};

/// The reason of an error, without the number that the standard library appends.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Those of `signals` that were not ignored when the process started. A signal that `nohup` or `trap '' INT` ignores must
/// not get a handler. On systems other than Linux, all of them.
pub fn heeded(signals: &[i32]) -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = ignored(&status);
    signals.iter().copied().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
}

/// The mask of ignored signals: bit 0 is signal 1.
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
    fn a_signal_that_is_not_ignored_is_heeded() {
        // SIGTERM; whatever runs the tests may ignore others.
        assert_eq!(heeded(&[15]), [15]);
    }
}
