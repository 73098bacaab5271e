//! Parses PEM files: the CAs from `--ca-cert`, and the client certificate with its key.

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use thiserror::Error;

/// CAs that are trusted in addition to the system's CAs.
#[derive(Clone, Default)]
pub struct CaCertificates(Vec<CertificateDer<'static>>);

impl CaCertificates {
    pub(crate) fn from_pem(file: &[u8]) -> Result<Self, PemError> {
        certificates(file).map(Self)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.0.iter()
    }
}

impl fmt::Debug for CaCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaCertificates({})", self.0.len())
    }
}

/// The certificate and key that identify this client to a server.
pub struct ClientIdentity {
    /// The client certificate, followed by the certificates of its CAs.
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientIdentity {
    /// Parses the two files. The error includes which file is invalid.
    pub(crate) fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, (PemFile, PemError)> {
        let chain = certificates(certificate).map_err(|error| (PemFile::Certificate, error))?;
        let key = private_key(key).map_err(|error| (PemFile::Key, error))?;
        rustls::sign::CertifiedKey::from_der(chain.clone(), key.clone_key(), &ring::default_provider())
            .map_err(|error| (PemFile::Key, error.into()))?;
        Ok(Self { chain, key })
    }

    /// Returns copies of the certificates and the key, because the TLS library takes ownership of them.
    pub(super) fn chain_and_key(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.chain.clone(), self.key.clone_key())
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity").finish_non_exhaustive()
    }
}

fn certificates(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(file).collect();
    match found {
        Ok(found) if found.is_empty() => Err(other_format(file).unwrap_or(PemError::NoCertificate)),
        Ok(found) => Ok(found),
        Err(error) => Err(other_format(file).unwrap_or_else(|| PemError::Malformed(error.to_string()))),
    }
}

fn private_key(file: &[u8]) -> Result<PrivateKeyDer<'static>, PemError> {
    PrivateKeyDer::from_pem_slice(file).map_err(|_| {
        if file.windows(9).any(|bytes| bytes == b"ENCRYPTED") {
            PemError::EncryptedKey
        } else {
            other_format(file).unwrap_or(PemError::NoKey)
        }
    })
}

/// Returns the error for a file in a binary format, or `None` if the format is unknown.
fn other_format(file: &[u8]) -> Option<PemError> {
    // These formats are DER sequences that start with a version number or the body of a certificate.
    let [0x30, length, rest @ ..] = file else { return None };
    let length_bytes = if *length < 0x80 { 0 } else { usize::from(*length & 0x7f) };
    match rest.get(length_bytes..)? {
        [2, 1, 3, ..] => Some(PemError::Pkcs12),
        [2, 1, 0 | 1, ..] => Some(PemError::DerKey),
        [0x30, ..] => Some(PemError::DerCertificate),
        _ => None,
    }
}

/// One of the two files of a client identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PemFile {
    Certificate,
    Key,
}

/// An error for a PEM file that can't be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PemError {
    #[error("the file contains no certificate in PEM format")]
    NoCertificate,
    #[error("the file contains no private key in PEM format")]
    NoKey,
    #[error("the private key is encrypted, and pushgw cannot ask for the password")]
    EncryptedKey,
    #[error("the private key does not match the certificate")]
    WrongKey,
    #[error("the file is in PKCS#12 format, not in PEM format")]
    Pkcs12,
    #[error("the certificate is in DER format, not in PEM format")]
    DerCertificate,
    #[error("the key is in DER format, not in PEM format")]
    DerKey,
    #[error("the file is not a valid PEM file: {0}")]
    Malformed(String),
    #[error("the private key is of a type that pushgw does not support")]
    UnsupportedKey,
    #[error("{0}")]
    Unusable(String),
}

impl PemError {
    /// Returns a hint, such as the command that converts the file to PEM. `file` must be quoted for a shell.
    pub(crate) fn hint(&self, file: &str) -> Option<String> {
        match self {
            Self::Pkcs12 => Some(format!("convert it: openssl pkcs12 -nodes -in {file} -out client.pem")),
            Self::DerCertificate => {
                Some(format!("convert it: openssl x509 -inform DER -in {file} -out cert.pem"))
            }
            Self::DerKey => Some(format!("convert it: openssl pkey -inform DER -in {file} -out key.pem")),
            Self::UnsupportedKey => Some(
                "use a key of type ECDSA (P-256, P-384), Ed25519, or RSA with at least 2048 bits".to_owned(),
            ),
            _ => None,
        }
    }
}

impl From<rustls::Error> for PemError {
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InconsistentKeys(_) => Self::WrongKey,
            // The library tried all types that it knows.
            rustls::Error::General(_) => Self::UnsupportedKey,
            error => Self::Unusable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    #[test]
    fn files_without_what_is_needed_are_rejected() {
        let pair = || {
            let key = KeyPair::generate().unwrap();
            let certificate =
                CertificateParams::new(vec!["gw".to_owned()]).unwrap().self_signed(&key).unwrap();
            (certificate.pem(), key.serialize_pem())
        };
        let (certificate, key) = pair();
        let (_, other_key) = pair();
        let cas = |file: &str| CaCertificates::from_pem(file.as_bytes()).unwrap_err();
        let client = |certificate: &str, key: &str| {
            ClientIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap_err().1
        };
        assert_eq!(cas(""), PemError::NoCertificate);
        assert_eq!(cas(&key), PemError::NoCertificate);
        assert_eq!(client(&certificate, &certificate), PemError::NoKey);
        assert_eq!(client(&certificate, &other_key), PemError::WrongKey);
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert_eq!(client(&certificate, encrypted), PemError::EncryptedKey);
        let both = format!("{certificate}{key}");
        let identity = ClientIdentity::from_pem(both.as_bytes(), both.as_bytes()).unwrap();
        assert_eq!(CaCertificates::from_pem(both.as_bytes()).unwrap().iter().count(), 1);
        assert!(!format!("{identity:?}").contains("key"));
    }
}
