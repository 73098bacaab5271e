//! Limits the length of tokens in the API's response, mainly strings, because each token is held in memory.

use memchr::memchr2;
use std::io::{self, Read};

/// Maximum length of a token in bytes. The limit for a line of `/metrics` is similar.
pub(super) const TOKEN_LIMIT: usize = 4 * 1024 * 1024;

/// Reads JSON, and fails at a token that is longer than [`TOKEN_LIMIT`].
pub(super) struct LimitedTokens<R> {
    inner: R,
    place: Place,
    /// Number of bytes in the current string, or since the last punctuation character.
    length: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Inside,
    /// After a backslash in a string.
    Escaped,
}

#[derive(Debug, thiserror::Error)]
#[error("a token is too long")]
pub(super) struct TokenTooLong;

impl<R> LimitedTokens<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, place: Place::Outside, length: 0 }
    }

    fn check(&mut self, mut bytes: &[u8]) -> Result<(), TokenTooLong> {
        while !bytes.is_empty() {
            let at = match self.place {
                Place::Outside => bytes.iter().position(|byte| br#"",:[]{}"#.contains(byte)),
                Place::Inside => memchr2(b'"', b'\\', bytes),
                Place::Escaped => Some(0),
            };
            let passed = at.map_or(bytes.len(), |at| at + 1);
            self.length += passed;
            if self.length > TOKEN_LIMIT {
                return Err(TokenTooLong);
            }
            if self.place == Place::Outside && at.is_some() {
                self.length = 0;
            }
            self.place = match (self.place, at) {
                (Place::Outside, Some(at)) if bytes[at] != b'"' => Place::Outside,
                (Place::Outside, Some(_)) | (Place::Escaped, _) => Place::Inside,
                (Place::Inside, Some(at)) if bytes[at] == b'"' => {
                    self.length = 0;
                    Place::Outside
                }
                (Place::Inside, Some(_)) => Place::Escaped,
                (place, None) => place,
            };
            bytes = &bytes[passed..];
        }
        Ok(())
    }
}

impl<R: Read> Read for LimitedTokens<R> {
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
    fn only_a_long_token_fails() {
        let long = |length: usize| "x".repeat(length);
        let table = [
            (format!(r#"["{}"]"#, long(TOKEN_LIMIT - 1)), true),
            (format!(r#"["{}"]"#, long(TOKEN_LIMIT)), false),
            (format!(r#"{{"{}":1}}"#, long(TOKEN_LIMIT)), false),
            (format!(r#"["{}"]"#, r#"\""#.repeat(TOKEN_LIMIT / 2)), false),
            (format!(r#"["\\","{}"]"#, long(TOKEN_LIMIT)), false),
            (format!(r#"["{0}\\","{0}\"{0}"]"#, long(TOKEN_LIMIT / 2 - 9)), true),
            (format!(r#"["", {}1]"#, " ".repeat(TOKEN_LIMIT)), false),
            (format!(r#"["", {}]"#, "1".repeat(TOKEN_LIMIT)), false),
            (format!("[{}1]", "1,".repeat(TOKEN_LIMIT)), true),
        ];
        for (json, succeeds) in table {
            for chunk in [1024, 64 * 1024] {
                let mut reader = LimitedTokens::new(json.as_bytes());
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
