//! A limit for the strings in the API's answer, which are held in memory.

use memchr::{memchr, memchr2};
use std::io::{self, Read};

/// The longest string. A line of `/metrics` has about the same limit.
pub(super) const STRING_LIMIT: usize = 4 * 1024 * 1024;

/// Reads JSON, and fails at a string that is longer than [`STRING_LIMIT`].
pub(super) struct LimitedStrings<R> {
    inner: R,
    place: Place,
    /// The bytes of the current string.
    length: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Inside,
    /// After a backslash.
    Escaped,
}

#[derive(Debug, thiserror::Error)]
#[error("a string is too long")]
pub(super) struct StringTooLong;

impl<R> LimitedStrings<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, place: Place::Outside, length: 0 }
    }

    fn check(&mut self, mut bytes: &[u8]) -> Result<(), StringTooLong> {
        while !bytes.is_empty() {
            let at = match self.place {
                Place::Outside => memchr(b'"', bytes),
                Place::Inside => memchr2(b'"', b'\\', bytes),
                Place::Escaped => Some(0),
            };
            let passed = at.map_or(bytes.len(), |at| at + 1);
            self.length = if self.place == Place::Outside { 0 } else { self.length + passed };
            if self.length > STRING_LIMIT {
                return Err(StringTooLong);
            }
            self.place = match (self.place, at) {
                (Place::Outside, Some(_)) | (Place::Escaped, _) => Place::Inside,
                (Place::Inside, Some(at)) if bytes[at] == b'"' => Place::Outside,
                (Place::Inside, Some(_)) => Place::Escaped,
                (place, None) => place,
            };
            bytes = &bytes[passed..];
        }
        Ok(())
    }
}

impl<R: Read> Read for LimitedStrings<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.check(&buffer[..count]).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_string_fails() {
        let long = |length: usize| "x".repeat(length);
        let table = [
            (format!(r#"["{}"]"#, long(STRING_LIMIT - 1)), true),
            (format!(r#"["{}"]"#, long(STRING_LIMIT)), false),
            (format!(r#"{{"{}":1}}"#, long(STRING_LIMIT)), false),
            (format!(r#"["{}"]"#, r#"\""#.repeat(STRING_LIMIT / 2)), false),
            (format!(r#"["\\","{}"]"#, long(STRING_LIMIT)), false),
            (format!(r#"["{0}\\","{0}\"{0}"]"#, long(STRING_LIMIT / 2 - 9)), true),
            (format!(r#"["", {}1]"#, " ".repeat(2 * STRING_LIMIT)), true),
        ];
        for (json, succeeds) in table {
            for chunk in [1024, 64 * 1024] {
                let mut reader = LimitedStrings::new(json.as_bytes());
                let mut buffer = vec![0; chunk];
                let result = loop {
                    match reader.read(&mut buffer) {
                        Ok(0) => break true,
                        Ok(_) => {}
                        Err(_) => break false,
                    }
                };
                assert_eq!(result, succeeds, "{}...", &json[..20]);
            }
        }
    }
}
