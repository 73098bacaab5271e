//! Writes the protobuf wire format. Pure.

#[derive(Debug, Default)]
pub(super) struct ProtobufMessage(Vec<u8>);

/// The encoding of a field value.
#[derive(Clone, Copy)]
enum WireType {
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
}

impl ProtobufMessage {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Writes a field that contains a string, bytes, a message, or packed numbers.
    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) {
        self.tag(field, WireType::Bytes);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    pub(super) fn uint(&mut self, field: u32, value: u64) {
        self.tag(field, WireType::Varint);
        self.varint(value);
    }

    pub(super) fn int(&mut self, field: u32, value: i64) {
        self.uint(field, value.cast_unsigned());
    }

    pub(super) fn double_bits(&mut self, field: u32, bits: u64) {
        self.tag(field, WireType::Fixed64);
        self.0.extend_from_slice(&bits.to_le_bytes());
    }

    /// Writes a number without a tag, as in a list of packed numbers.
    pub(super) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is less than 128")]
        self.0.push(value as u8);
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    fn tag(&mut self, field: u32, wire_type: WireType) {
        self.varint(u64::from(field << 3 | wire_type as u32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uses the examples from the protobuf encoding specification.
    #[test]
    fn fields_are_written_as_specified() {
        let mut message = ProtobufMessage::default();
        message.uint(1, 150);
        message.bytes(2, b"testing");
        message.int(3, -2);
        message.double_bits(4, 1f64.to_bits());
        let written = [
            &[0x08, 0x96, 0x01, 0x12, 0x07][..],
            b"testing",
            &[0x18, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            &[0x21, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
        ];
        assert_eq!(message.into_bytes(), written.concat());
    }
}
