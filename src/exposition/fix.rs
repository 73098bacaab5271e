//! Repairs, which are small edits to the text. The rest of the text is sent unchanged.

use std::borrow::Cow;
use std::ops::Range;

/// A repair that replaces the bytes in `range` with `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// The range to remove. Empty for an insertion.
    pub range: Range<usize>,
    /// The bytes to insert.
    pub with: Cow<'static, [u8]>,
}

/// Returns the repaired text. It is borrowed if there is nothing to repair.
///
/// `splices` must come from the [`Report`](super::diagnostic::Report) for this text, so they are in order and do not
/// overlap.
pub fn apply<'a>(bytes: &'a [u8], splices: &[Splice]) -> Cow<'a, [u8]> {
    if splices.is_empty() {
        return Cow::Borrowed(bytes);
    }
    let (removed, inserted) = splices.iter().fold((0, 0), |(removed, inserted), splice| {
        (removed + splice.range.len(), inserted + splice.with.len())
    });
    let mut repaired = Vec::with_capacity((bytes.len() + inserted).saturating_sub(removed));
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

    fn splice(range: Range<usize>, with: &'static str) -> Splice {
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
