//! The repairs: small cuts into the user's bytes, which are otherwise sent as they are.

use super::Splice;
use std::borrow::Cow;

/// The text with the repairs made. One that needs none is given back as it is.
///
/// `splices` are a [`Report`](super::Report)'s: in order, within the text, none overlapping another.
#[must_use]
pub fn apply<'a>(bytes: &'a [u8], splices: &[Splice]) -> Cow<'a, [u8]> {
    if splices.is_empty() {
        return Cow::Borrowed(bytes);
    }
    let (cut, put) =
        splices.iter().fold((0, 0), |(cut, put), splice| (cut + splice.range.len(), put + splice.with.len()));
    let mut repaired = Vec::with_capacity((bytes.len() + put).saturating_sub(cut));
    let mut done = 0;
    for splice in splices {
        repaired.extend_from_slice(bytes.get(done..splice.range.start).unwrap_or_default());
        repaired.extend_from_slice(&splice.with);
        done = splice.range.end;
    }
    repaired.extend_from_slice(bytes.get(done..).unwrap_or_default());
    Cow::Owned(repaired)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splice(range: std::ops::Range<usize>, with: &'static str) -> Splice {
        Splice { range, with: Cow::Borrowed(with.as_bytes()) }
    }

    #[test]
    fn a_text_without_repairs_is_borrowed() {
        assert!(matches!(apply(b"a 1\n", &[]), Cow::Borrowed(b"a 1\n")));
    }

    #[test]
    fn splices_cut_and_insert() {
        let splices = [splice(0..3, ""), splice(6..7, ""), splice(7..7, "\n")];
        assert_eq!(apply(b"\xef\xbb\xbfa 1 ", &splices).as_ref(), b"a 1\n");
    }
}
