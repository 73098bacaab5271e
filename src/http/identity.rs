//! Certificates and keys from PEM files: the CAs from `--ca-cert`, and the client certificate. Pure.

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use thiserror::Error;

/// CAs that are trusted in addition to those of the system.
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
    /// The client certificate, followed by those of its CAs.
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientIdentity {
    pub(crate) fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, PemError> {
        let chain = certificates(certificate)?;
        let key = match PrivateKeyDer::from_pem_slice(key) {
            Ok(key) => key,
            Err(_) if key.windows(9).any(|bytes| bytes == b"ENCRYPTED") => {
                return Err(PemError::EncryptedKey);
            }
            Err(_) => return Err(PemError::NoKey),
        };
        rustls::sign::CertifiedKey::from_der(chain.clone(), key.clone_key(), &ring::default_provider())?;
        Ok(Self { chain, key })
    }

    /// Returns copies for the TLS library.
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
        Ok(found) if found.is_empty() => Err(PemError::NoCertificate),
        Ok(found) => Ok(found),
        Err(error) => Err(PemError::Malformed(error.to_string())),
    }
}

/// Why a PEM file can't be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PemError {
    #[error("the file contains no certificate in PEM format")]
    NoCertificate,
    #[error("the file contains no private key in PEM format")]
    NoKey,
    #[error("the private key is encrypted, and pushgw cannot ask for its password")]
    EncryptedKey,
    #[error("the key does not belong to the certificate")]
    WrongKey,
    #[error("the file is not a valid PEM file: {0}")]
    Malformed(String),
    #[error("{0}")]
    Unusable(String),
}

impl From<rustls::Error> for PemError {
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InconsistentKeys(_) => Self::WrongKey,
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
            ClientIdentity::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap_err()
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
