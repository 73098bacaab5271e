//! Label names, and their escaped form in the paths of gateways with UTF-8 names.
//!
//! A gateway with UTF-8 names decodes a name that starts with `U__` before it checks whether the name is
//! allowed. So the escaped form can contain names that the plain form can't. This module both escapes and
//! unescapes names, because both must match the server exactly.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The prefix of names that are reserved for Prometheus.
pub(super) const RESERVED_PREFIX: &str = "__";

/// The prefix of escaped names. A gateway with UTF-8 names decodes them.
pub(super) const ESCAPED_PREFIX: &str = "U__";

/// The label names that a gateway accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Names {
    /// `[a-zA-Z_][a-zA-Z0-9_]*`: every gateway accepts these.
    #[default]
    Legacy,
    /// Any UTF-8 text: only a gateway with `--push.enable-utf8-names` accepts these (since 1.11.0).
    Utf8,
}

/// The kinds of names that every gateway accepts and that need no quotes in the text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegacyName {
    /// A label name: `[a-zA-Z_][a-zA-Z0-9_]*`.
    Label,
    /// A metric name, which can also contain colons: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    Metric,
}

impl LegacyName {
    /// The bytes that are allowed in each kind of name, as a lookup table for the text scanner.
    const ALLOWED: [[bool; 256]; 2] = {
        let mut tables = [[false; 256]; 2];
        let mut byte = 0;
        while byte < 256 {
            #[expect(clippy::cast_possible_truncation, reason = "below 256")]
            let letter = byte as u8;
            tables[Self::Label as usize][byte] = letter.is_ascii_alphanumeric() || letter == b'_';
            tables[Self::Metric as usize][byte] = tables[Self::Label as usize][byte] || letter == b':';
            byte += 1;
        }
        tables
    };

    /// Returns the length of the name at the start of `text`, or 0 if there is none.
    #[inline]
    pub fn length(self, text: &[u8]) -> usize {
        let allowed = &Self::ALLOWED[self as usize];
        match text.first() {
            Some(b'0'..=b'9') => 0,
            _ => text.iter().position(|byte| !allowed[usize::from(*byte)]).unwrap_or(text.len()),
        }
    }

    /// Returns true if all of `text` is a name of this kind.
    pub fn is(self, text: &[u8]) -> bool {
        !text.is_empty() && self.length(text) == text.len()
    }
}

/// Returns true if every gateway accepts this as a label name.
pub fn is_legacy_name(name: &str) -> bool {
    LegacyName::Label.is(name.as_bytes())
}

/// Returns a label name in the form used in a path, or `None` if it has no such form.
///
/// A gateway with UTF-8 names decodes `U__` names and accepts non-legacy names only in that form. It also
/// accepts `__x` only in that form. A gateway without UTF-8 names decodes nothing, so the `U__` form would be
/// a different label. Both were seen on Pushgateway 1.11.2.
pub fn in_path(name: &str, names: Names) -> Option<Cow<'_, str>> {
    let is_plain = is_legacy_name(name) && !name.starts_with(RESERVED_PREFIX);
    match names {
        Names::Legacy => is_plain.then_some(Cow::Borrowed(name)),
        Names::Utf8 if is_plain && !name.starts_with(ESCAPED_PREFIX) => Some(Cow::Borrowed(name)),
        Names::Utf8 => escape(name).map(Cow::Owned),
    }
}

/// Returns true if the form of this label name in a path depends on whether the gateway has UTF-8 names.
pub fn depends_on_names(name: &str) -> bool {
    in_path(name, Names::Legacy) != in_path(name, Names::Utf8)
}

/// Returns the `U__` form of a name, like `prometheus/common model.EscapeName` with `ValueEncodingEscaping`.
/// A colon is also escaped, so the result consists only of `[a-zA-Z0-9_]`.
///
/// Returns `None` for an empty name, and for characters above U+FFFFF, because the server's `UnescapeName`
/// reads at most five digits.
fn escape(name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let mut out = String::from(ESCAPED_PREFIX);
    for (i, c) in name.char_indices() {
        match c {
            '_' => out.push_str("__"),
            'a'..='z' | 'A'..='Z' => out.push(c),
            '0'..='9' if i > 0 => out.push(c),
            '\u{100000}'.. => return None,
            _ => {
                let _ = write!(out, "_{:x}_", u32::from(c));
            }
        }
    }
    Some(out)
}

/// Decodes a name from a path as a gateway with UTF-8 names does: `prometheus/common model.UnescapeName` with
/// `ValueEncodingEscaping`. A name that is not escaped, or not escaped correctly, is returned unchanged.
pub(super) fn unescape(name: &str) -> Cow<'_, str> {
    match name.strip_prefix(ESCAPED_PREFIX).and_then(unescape_rest) {
        Some(plain) => Cow::Owned(plain),
        None => Cow::Borrowed(name),
    }
}

fn unescape_rest(mut rest: &str) -> Option<String> {
    let mut out = String::new();
    while let Some(at) = rest.find('_') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('_') {
            out.push('_');
            rest = after;
            continue;
        }
        let (digits, after) = rest.split_once('_')?;
        let hex = (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let code = hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()?;
        out.push(char::from_u32(code)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn legacy_names() {
        for good in ["a", "_", "A1", "_1", "instance", "__x", "U__x"] {
            assert!(is_legacy_name(good), "{good}");
        }
        for bad in ["", "1a", "a-b", "a.b", "a:b", "a b", "é", "a\n"] {
            assert!(!is_legacy_name(bad), "{bad}");
            assert_eq!(LegacyName::Metric.is(bad.as_bytes()), bad == "a:b", "{bad}");
        }
        assert_eq!(LegacyName::Metric.length(b":a1:{"), 4);
        assert_eq!(LegacyName::Label.length(b"a1:"), 2);
    }

    #[test]
    fn escaping_matches_the_server() {
        let table = [
            ("foo", "foo"),
            ("foo.bar", "U__foo_2e_bar"),
            ("foo.bar_baz", "U__foo_2e_bar__baz"),
            ("1l", "U___31_l"),
            ("a1-", "U__a1_2d_"),
            ("l:x", "U__l_3a_x"),
            ("a/b", "U__a_2f_b"),
            ("Π", "U___3a0_"),
            ("😀", "U___1f600_"),
            ("__x", "U______x"),
            ("U__x", "U__U____x"),
            ("x@base64", "U__x_40_base64"),
            ("\0", "U___0_"),
        ];
        for (plain, escaped) in table {
            assert_eq!(in_path(plain, Names::Utf8).unwrap(), escaped, "{plain}");
            assert_eq!(unescape(escaped), plain, "{escaped}");
        }
    }

    #[test]
    fn a_gateway_without_utf8_names_decodes_nothing() {
        for (name, path, depends) in [
            ("x", Some("x"), false),
            ("_x", Some("_x"), false),
            ("u__x", Some("u__x"), false),
            ("U_x", Some("U_x"), false),
            ("U__x", Some("U__x"), true),
            ("U__", Some("U__"), true),
            ("a.b", None, true),
            ("__x", None, true),
            // No gateway accepts these in a path.
            ("\u{100000}", None, false),
            ("", None, false),
        ] {
            assert_eq!(in_path(name, Names::Legacy).as_deref(), path, "{name}");
            assert_eq!(depends_on_names(name), depends, "{name}");
        }
    }

    #[test]
    fn a_name_that_the_server_cannot_unescape_has_no_path() {
        assert_eq!(in_path("\u{fffff}", Names::Utf8).as_deref(), Some("U___fffff_"));
        assert_eq!(in_path("\u{100000}", Names::Utf8), None);
        assert_eq!(in_path("", Names::Utf8), None);
    }

    #[test]
    fn invalid_escapes_are_returned_unchanged() {
        for name in ["U__a_", "U__a_2e", "U__a_zz_", "U__a_d800_", "U__a_10ffff_", "U__a_é_", "u__a_2e_b"] {
            assert_eq!(unescape(name), name);
        }
    }

    proptest! {
        #[test]
        fn unescape_undoes_escape(name in "\\PC{1,20}|[a-z_.:]{1,8}") {
            if let Some(escaped) = escape(&name) {
                prop_assert_eq!(unescape(&escaped), name);
                prop_assert!(is_legacy_name(&escaped));
            }
        }

        #[test]
        fn unescape_never_panics(name in "U__[a-f0-9_é]{0,12}") {
            let _ = unescape(&name);
        }
    }
}
