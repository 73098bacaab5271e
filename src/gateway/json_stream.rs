//! Reads a large JSON document one value at a time, so that only one value is in memory.
//!
//! This is much faster than `serde_json` with a reader, which reads byte by byte. This module only finds the
//! end of each value, and `serde_json` parses the value.

use super::group::GroupsError;
use memchr::memchr2;
use std::io::{self, BufRead as _, BufReader, Read};

/// Maximum length of a string, name or number. Lines of `/metrics` have a similar limit.
pub(super) const TOKEN_LIMIT: usize = 4 * 1024 * 1024;

pub(super) struct JsonStream<R> {
    reader: BufReader<R>,
    value: Vec<u8>,
}

impl<R: Read> JsonStream<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(64 * 1024, reader), value: Vec::new() }
    }

    /// Returns the buffered bytes, after reading more if there are none. Empty at the end of the input.
    pub(super) fn buffer(&mut self) -> Result<&[u8], GroupsError> {
        loop {
            match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(GroupsError::Read(error)),
                Ok(_) => return Ok(self.reader.buffer()),
            }
        }
    }

    /// Skips whitespace and returns the next byte without consuming it, or `None` at the end of the input.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, GroupsError> {
        while let &[first, ..] = self.buffer()? {
            if !first.is_ascii_whitespace() {
                return Ok(Some(first));
            }
            self.reader.consume(1);
        }
        Ok(None)
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), GroupsError> {
        let next = self.peek()?.ok_or(GroupsError::Incomplete)?;
        self.reader.consume(1);
        if next == byte { Ok(()) } else { Err(GroupsError::NotJson) }
    }

    /// Reads an array or an object. `item` is called to read each element or member.
    pub(super) fn items(
        &mut self,
        [open, close]: [u8; 2],
        mut item: impl FnMut(&mut Self) -> Result<(), GroupsError>,
    ) -> Result<(), GroupsError> {
        self.expect(open)?;
        if self.peek()? != Some(close) {
            item(self)?;
            while self.peek()? == Some(b',') {
                self.reader.consume(1);
                item(self)?;
            }
        }
        self.expect(close)
    }

    /// Returns the text of the next value. If it is longer than `limit`, the error calls it `what`.
    pub(super) fn value(&mut self, what: &'static str, limit: usize) -> Result<&str, GroupsError> {
        self.peek()?;
        self.value.clear();
        let mut scanner = Scanner::default();
        loop {
            let bytes = self.buffer()?;
            if bytes.is_empty() {
                return Err(GroupsError::Incomplete);
            }
            let end = scanner.end(bytes)?;
            let count = end.unwrap_or(bytes.len());
            if self.value.len() + count > limit {
                return Err(GroupsError::TooLong { what, limit });
            }
            self.value.extend_from_slice(&self.reader.buffer()[..count]);
            self.reader.consume(count);
            if end.is_some() {
                return std::str::from_utf8(&self.value).map_err(|_| GroupsError::NotJson);
            }
        }
    }
}

/// Finds the end of a JSON value.
#[derive(Default)]
struct Scanner {
    place: JsonPlace,
    /// The number of open brackets and braces.
    depth: usize,
    /// The length of the current string, or the number of bytes since the last punctuation character.
    token: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum JsonPlace {
    #[default]
    Outside,
    InString,
    /// In a string, after a backslash.
    Escaped,
}

impl Scanner {
    /// Returns the position after the value, or `None` if the value does not end in these bytes.
    fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, GroupsError> {
        let mut start = 0;
        while start < bytes.len() {
            let rest = &bytes[start..];
            let found = match self.place {
                JsonPlace::Outside => rest
                    .iter()
                    .position(|byte| matches!(byte, b'"' | b',' | b':' | b'[' | b']' | b'{' | b'}')),
                JsonPlace::InString => memchr2(b'"', b'\\', rest),
                JsonPlace::Escaped => Some(0),
            };
            let passed = found.map_or(rest.len(), |at| at + 1);
            self.token += passed;
            if self.token > TOKEN_LIMIT {
                return Err(GroupsError::TooLong { what: "value", limit: TOKEN_LIMIT });
            }
            start += passed;
            let Some(at) = found else { break };
            match (self.place, rest[at]) {
                (JsonPlace::Escaped, _) | (JsonPlace::Outside, b'"') => self.place = JsonPlace::InString,
                (JsonPlace::InString, b'\\') => self.place = JsonPlace::Escaped,
                (JsonPlace::InString, _) => {
                    (self.place, self.token) = (JsonPlace::Outside, 0);
                    if self.depth == 0 {
                        return Ok(Some(start));
                    }
                }
                (JsonPlace::Outside, b'[' | b'{') => (self.depth, self.token) = (self.depth + 1, 0),
                // A number or literal ends before the punctuation.
                (JsonPlace::Outside, _) if self.depth == 0 => return Ok(Some(start - 1)),
                (JsonPlace::Outside, byte) => {
                    self.token = 0;
                    self.depth -= usize::from(matches!(byte, b']' | b'}'));
                    if self.depth == 0 {
                        return Ok(Some(start));
                    }
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the values of an array.
    fn values(json: &str, limit: usize) -> Result<Vec<String>, GroupsError> {
        let mut stream = JsonStream::new(json.as_bytes());
        let mut values = Vec::new();
        stream.items(*b"[]", |stream| {
            values.push(stream.value("group", limit)?.to_owned());
            Ok(())
        })?;
        Ok(values)
    }

    #[test]
    fn the_end_of_each_value_is_found() {
        for value in
            ["1", "null", "-1e5", "\"\"", r#""a,]\"\\""#, "[]", "{}", r#"{"a":[{"b":"}"}],"c":1}"#, "[[1],2]"]
        {
            let json = format!(" [{value},\n{value} , {value}]");
            let found = values(&json, 100).unwrap();
            assert_eq!(found.iter().map(|found| found.trim()).collect::<Vec<_>>(), [value; 3], "{json}");
        }
        assert!(values("[ ]", 100).unwrap().is_empty());
        for (json, error) in [
            ("[1", "the response is incomplete"),
            (r#"["a\"]"#, "the response is incomplete"),
            ("[[1]", "the response is incomplete"),
            ("[1}", "the response is not JSON"),
            ("{}", "the response is not JSON"),
        ] {
            assert_eq!(values(json, 100).unwrap_err().to_string(), error, "{json}");
        }
    }

    #[test]
    fn the_size_of_a_group_is_limited() {
        assert_eq!(values("[[1,2],[1]]", 5).unwrap(), ["[1,2]", "[1]"]);
        let json = format!("[[1],[{}]]", "1,".repeat(1 << 19));
        let error = values(&json, 1 << 20).unwrap_err();
        assert_eq!(error.to_string(), "the response has a group that is longer than 1 MiB");
    }

    #[test]
    fn only_a_long_token_fails() {
        let long = |length: usize| "x".repeat(length);
        let table = [
            (format!(r#"["{}"]"#, long(TOKEN_LIMIT - 2)), true),
            (format!(r#"["{}"]"#, long(TOKEN_LIMIT)), false),
            (format!(r#"[{{"{}":1}}]"#, long(TOKEN_LIMIT)), false),
            (format!(r#"["{}"]"#, r#"\""#.repeat(TOKEN_LIMIT / 2)), false),
            (format!(r#"["\\","{}"]"#, long(TOKEN_LIMIT)), false),
            (format!(r#"["{0}\\","{0}\"{0}"]"#, long(TOKEN_LIMIT / 2 - 9)), true),
            (format!(r#"[["", {}1]]"#, " ".repeat(TOKEN_LIMIT)), false),
            (format!(r#"["", {}]"#, "1".repeat(TOKEN_LIMIT + 1)), false),
            (format!("[[{}1]]", "1,".repeat(TOKEN_LIMIT)), true),
        ];
        for (json, succeeds) in table {
            let result = values(&json, usize::MAX);
            assert_eq!(result.is_ok(), succeeds, "{}...", &json[..20]);
            assert!(succeeds || matches!(result, Err(GroupsError::TooLong { what: "value", .. })));
        }
    }
}
