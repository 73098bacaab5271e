//! The room that a connection gives ureq for what it sends and receives.
//!
//! It must be wide, for the longest path and the longest headers, and is hardly used by a small push. ureq's own
//! buffers write zeros over all of it first, which was a sixth of the instructions of such a push, and made the system
//! find the memory; what is asked for as zeros (`vec![0; n]`) costs nothing until it is written to.

use ureq::unversioned::transport::Buffers;

/// As much of a request's body is read at once, at least.
const LEAST: usize = 10 * 1024;

/// The buffers of one connection.
#[derive(Debug)]
pub(super) struct Room {
    output: Vec<u8>,
    input: Vec<u8>,
    /// What was received and not consumed is `input[consumed..filled]`.
    consumed: usize,
    filled: usize,
    /// Something was consumed since ureq last looked at the input: the rest can be read without receiving more.
    progress: bool,
}

impl Room {
    pub(super) fn new(input: usize, output: usize) -> Self {
        Self { output: vec![0; output], input: vec![0; input], consumed: 0, filled: 0, progress: false }
    }

    /// The free part of the input, which has at least `least` bytes.
    fn free(&mut self, least: usize) -> &mut [u8] {
        if self.consumed > 0 && self.input.len() - self.filled < least.max(self.consumed) {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.filled -= self.consumed;
            self.consumed = 0;
        }
        if self.input.len() - self.filled < least {
            self.input.resize(self.filled + least, 0);
        }
        &mut self.input[self.filled..]
    }
}

impl Buffers for Room {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.free(1)
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.consumed += amount;
        if self.consumed == self.filled {
            (self.consumed, self.filled) = (0, 0);
        }
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.free(LEAST);
        (&mut self.input[self.filled..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.consumed < self.filled && self.progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(room: &mut Room, text: &[u8]) {
        room.input_append_buf()[..text.len()].copy_from_slice(text);
        room.input_appended(text.len());
    }

    #[test]
    fn what_is_received_comes_out_in_its_order() {
        let mut room = Room::new(8, 4);
        receive(&mut room, b"abcdef");
        assert!(!room.can_use_input(), "nothing was consumed");
        room.input_consume(5);
        assert!(room.can_use_input());
        receive(&mut room, b"ghijk");
        assert_eq!(room.input(), b"fghijk");
        room.input_consume(6);
        assert!(!room.can_use_input(), "nothing is left");
        assert_eq!((room.input_append_buf().len(), room.output().len()), (8, 4));
    }

    #[test]
    fn there_is_always_room() {
        let mut room = Room::new(4, 4);
        for text in [b"abcd".as_slice(), b"e", b"f"] {
            receive(&mut room, text);
        }
        assert_eq!(room.input(), b"abcdef");
        assert!(room.tmp_and_output().0.len() >= LEAST);
        assert_eq!(room.input(), b"abcdef");
    }
}
