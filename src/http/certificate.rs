//! Parses the fields of a certificate that are shown in messages: subject, issuer and validity.
//!
//! Only these fields are parsed from the DER encoding of X.509 (RFC 5280, section 4.1). The TLS library
//! verifies certificates, but `tls` uses these dates for a certificate that is trusted without a CA.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;

/// The object IDs of `commonName`, `organizationalUnitName` and `organizationName`, in order of preference.
const NAMES: [&[u8]; 3] = [&[0x55, 4, 3], &[0x55, 4, 11], &[0x55, 4, 10]];

impl Certificate {
    /// Parses a DER certificate. Returns `None` if a field is missing or malformed.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (certificate, _) = element(der, SEQUENCE)?;
        let (mut fields, _) = element(certificate, SEQUENCE)?;
        if let Some((_, rest)) = element(fields, VERSION) {
            fields = rest;
        }
        let (_, rest) = element(fields, INTEGER)?;
        let (_, rest) = element(rest, SEQUENCE)?;
        let (issuer, rest) = element(rest, SEQUENCE)?;
        let (validity, rest) = element(rest, SEQUENCE)?;
        let (subject, _) = element(rest, SEQUENCE)?;
        let (not_before, rest) = time(validity)?;
        let (not_after, _) = time(rest)?;
        Some(Self { subject: name(subject), issuer: name(issuer), not_before, not_after })
    }

    /// Returns true if the subject and the issuer have the same name.
    pub(super) fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

/// Returns the contents of the first element, which must have this tag, and the bytes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = any_element(der)?;
    (found == tag).then_some((content, rest))
}

fn any_element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.len() > 3 {
            return None;
        }
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// Parses a time such as `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`, and returns it with the bytes after it.
fn time(der: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (tag, content, rest) = any_element(der)?;
    let digits = content.strip_suffix(b"Z")?;
    let (year, digits) = match tag {
        UTC_TIME => {
            let (year, digits) = number(digits, 2)?;
            // RFC 5280, section 4.1.2.5.1: 50 means 1950, and 49 means 2049.
            (if year < 50 { 2000 + year } else { 1900 + year }, digits)
        }
        GENERALIZED_TIME => number(digits, 4)?,
        _ => return None,
    };
    let mut parts = [0_i8; 5];
    let mut digits = digits;
    for part in &mut parts {
        let (number, rest) = number(digits, 2)?;
        *part = i8::try_from(number).ok()?;
        digits = rest;
    }
    let [month, day, hour, minute, second] = parts;
    let time = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some((Offset::UTC.to_timestamp(time).ok()?, rest))
}

/// Parses the first `count` digits as a number, and returns it with the bytes after them.
fn number(digits: &[u8], count: usize) -> Option<(i16, &[u8])> {
    let (digits, rest) = digits.split_at_checked(count)?;
    let all = digits.iter().all(u8::is_ascii_digit);
    let number = digits.iter().fold(0, |number, digit| number * 10 + i16::from(digit & 0x0f));
    all.then_some((number, rest))
}

/// Returns the part of a distinguished name that is shown, or an empty string if it has none of [`NAMES`].
fn name(der: &[u8]) -> String {
    let mut parts = Vec::new();
    let mut rest = der;
    while let Some((set, after)) = element(rest, SET) {
        rest = after;
        if let Some((pair, _)) = element(set, SEQUENCE)
            && let Some((id, value)) = element(pair, OBJECT_ID)
            && let Some((_, text, _)) = any_element(value)
        {
            parts.push((id, text));
        }
    }
    let found = NAMES.iter().find_map(|name| parts.iter().find(|(id, _)| id == name));
    found.map_or_else(String::new, |(_, text)| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair, date_time_ymd};

    fn der() -> Vec<u8> {
        let named = |name: &str| {
            let mut params = CertificateParams::new(vec!["gw.example".to_owned()]).unwrap();
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::OrganizationName, "Some Company");
            params.distinguished_name.push(DnType::CommonName, name);
            params.not_before = date_time_ymd(2020, 1, 2);
            params.not_after = date_time_ymd(2051, 3, 4);
            params
        };
        let issuer = Issuer::new(named("Our CA ☃"), KeyPair::generate().unwrap());
        named("gw.example").signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().to_vec()
    }

    #[test]
    fn subject_issuer_and_dates_are_read() {
        let read = Certificate::read(&der()).unwrap();
        assert_eq!(read.subject, "gw.example");
        assert_eq!(read.issuer, "Our CA ☃");
        assert_eq!(read.not_before.to_string(), "2020-01-02T00:00:00Z");
        assert_eq!(read.not_after.to_string(), "2051-03-04T00:00:00Z");
        assert!(!read.is_self_signed());
    }

    #[test]
    fn a_truncated_certificate_is_not_read() {
        let der = der();
        for length in 0..der.len() {
            assert_eq!(Certificate::read(&der[..length]), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_causes_a_panic(at in any::<prop::sample::Index>(), byte: u8, noise: Vec<u8>) {
            let mut der = der();
            let at = at.index(der.len());
            der[at] = byte;
            let _ = Certificate::read(&der);
            let _ = Certificate::read(&noise);
        }
    }
}
