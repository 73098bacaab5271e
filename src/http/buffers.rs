//! The buffers of a connection. ureq's own buffers write zeros to all of their memory, which took an eighth of the
//! instructions of a small push. The system maps large zeroed memory only where it is used.

use ureq::unversioned::transport::Buffers;

/// ureq reads a request body in pieces of at least this size.
const MIN_FREE: usize = 10 * 1024;

#[derive(Debug)]
pub(super) struct ConnectionBuffers {
    output: Vec<u8>,
    input: Vec<u8>,
    /// `input[start..end]` was received and is not consumed yet.
    start: usize,
    end: usize,
    /// Whether the last call of `input_consume` consumed anything. If not, ureq needs more input to continue.
    progress: bool,
}

impl ConnectionBuffers {
    pub(super) fn new(input: usize, output: usize) -> Self {
        Self { output: vec![0; output], input: vec![0; input], start: 0, end: 0, progress: false }
    }

    /// Moves the input, or grows the buffer, so that at least `MIN_FREE` bytes are free.
    fn make_room(&mut self) {
        if self.input.len() - self.end < MIN_FREE {
            self.input.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.input.len() - self.end < MIN_FREE {
            self.input.resize(self.end + MIN_FREE, 0);
        }
    }
}

impl Buffers for ConnectionBuffers {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.make_room();
        &mut self.input[self.end..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.end += amount;
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.start += amount;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.make_room();
        (&mut self.input[self.end..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.start < self.end && self.progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(buffers: &mut ConnectionBuffers, text: &[u8]) {
        buffers.input_append_buf()[..text.len()].copy_from_slice(text);
        buffers.input_appended(text.len());
    }

    #[test]
    fn input_is_returned_in_the_order_in_which_it_was_received() {
        let mut buffers = ConnectionBuffers::new(MIN_FREE + 8, 4);
        receive(&mut buffers, b"abcdefghijkl");
        assert!(!buffers.can_use_input(), "nothing was consumed");
        buffers.input_consume(11);
        assert!(buffers.can_use_input());
        receive(&mut buffers, b"mnopq");
        assert_eq!(buffers.input(), b"lmnopq");
        assert_eq!((buffers.start, buffers.input.len()), (0, MIN_FREE + 8), "moved, but did not grow");
        buffers.input_consume(6);
        assert!(!buffers.can_use_input(), "nothing is left");
        assert_eq!((buffers.input_append_buf().len(), buffers.output().len()), (MIN_FREE + 8, 4));
    }

    #[test]
    fn the_buffer_grows_if_no_input_is_consumed() {
        let mut buffers = ConnectionBuffers::new(4, 4);
        for text in [b"abcd".as_slice(), b"e", b"f"] {
            receive(&mut buffers, text);
        }
        assert_eq!(buffers.input(), b"abcdef");
        assert!(buffers.tmp_and_output().0.len() >= MIN_FREE);
        assert_eq!(buffers.input(), b"abcdef");
    }
}
