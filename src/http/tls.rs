//! TLS: whom to trust, who we are, and what went wrong, told so that a reader can act on it.
//!
//! Trusted is whom the system trusts and whom `--ca-cert` names. The system's store is read when the first secure
//! connection is made, never for plain HTTP: it takes longer than a whole push. A certificate that stands itself in
//! the `--ca-cert` file is trusted as it is, because that is how a gateway's self-signed certificate is used; its name
//! and its dates are still checked.

use super::certificate::Certificate;
use super::connection::Tls;
use super::error::TlsFault;
use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError,
    PeerIncompatible, RootCertStore, SignatureScheme,
};
use std::fmt;
use std::io;
use std::sync::Arc;

/// What `--ca-cert`, `--cert` and `--key` hold.
#[derive(Default)]
pub struct Material {
    authorities: Vec<CertificateDer<'static>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material").field("authorities", &self.authorities.len()).finish_non_exhaustive()
    }
}

/// Why a file is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterialError(String);

impl fmt::Display for MaterialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MaterialError {}

impl Material {
    /// Adds the authorities in a PEM file.
    ///
    /// # Errors
    ///
    /// A file without a certificate.
    pub fn add_authorities(&mut self, file: &[u8]) -> Result<(), MaterialError> {
        self.authorities = certificates(file)?;
        Ok(())
    }

    /// Sets the client's certificate, with those that lead to its authority, and its key, each as a PEM file.
    ///
    /// # Errors
    ///
    /// No certificate, no key, or a key that does not belong to the certificate.
    pub fn set_identity(&mut self, certificate: &[u8], key: &[u8]) -> Result<(), MaterialError> {
        let chain = certificates(certificate)?;
        let key = match PrivateKeyDer::from_pem_slice(key) {
            Ok(key) => key,
            Err(_) if key.windows(9).any(|bytes| bytes == b"ENCRYPTED") => {
                return Err(MaterialError(
                    "the key is encrypted, and nobody is there to be asked for its password".into(),
                ));
            }
            Err(_) => return Err(MaterialError("it holds no private key in PEM form".into())),
        };
        let pair =
            rustls::sign::CertifiedKey::from_der(chain.clone(), key.clone_key(), &ring::default_provider());
        pair.map_err(|error| match error {
            Error::InconsistentKeys(_) => MaterialError("the key does not belong to the certificate".into()),
            error => MaterialError(error.to_string()),
        })?;
        self.identity = Some((chain, key));
        Ok(())
    }
}

fn certificates(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, MaterialError> {
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(file).collect();
    match found {
        Ok(found) if found.is_empty() => Err(MaterialError("it holds no certificate in PEM form".into())),
        Ok(found) => Ok(found),
        Err(error) => Err(MaterialError(format!("it is no good PEM file: {error}"))),
    }
}

/// The configuration of the TLS library. Reads the system's trust store unless nobody needs to be trusted.
pub(super) fn configuration(tls: &Tls) -> Result<Arc<ClientConfig>, TlsFault> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        inner: if tls.insecure { None } else { authorities(&tls.material, &provider)? },
        insecure: tls.insecure,
        material: Arc::clone(&tls.material),
        provider: Arc::clone(&provider),
    };
    let other = |error: Error| TlsFault::Other(error.to_string());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(other)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let mut configuration = match &tls.material.identity {
        Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()).map_err(other)?,
        None => builder.with_no_client_auth(),
    };
    // A gateway speaks HTTP/2 where it is offered; ureq doesn't.
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(configuration))
}

/// The library's own verifier; `None` where there is nobody to trust.
fn authorities(
    material: &Material,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<WebPkiServerVerifier>>, TlsFault> {
    let mut store = RootCertStore::empty();
    // A system without a store, as a bare container is, still has --ca-cert; and one odd certificate among a hundred
    // is not ours to complain about.
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    store.add_parsable_certificates(material.authorities.iter().cloned());
    if store.is_empty() {
        return Ok(None);
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build();
    verifier.map(Some).map_err(|error| TlsFault::Other(error.to_string()))
}

/// The library's verifier, and a word on the certificate where it says no.
#[derive(Debug)]
struct Verifier {
    inner: Option<Arc<WebPkiServerVerifier>>,
    insecure: bool,
    material: Arc<Material>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.insecure {
            return Ok(ServerCertVerified::assertion());
        }
        if self.material.authorities.contains(certificate) {
            return verify_itself(certificate, name, now).map_err(told);
        }
        let Some(inner) = &self.inner else {
            return Err(told(TlsFault::Authority(
                "this system has no store of trusted authorities".to_owned(),
            )));
        };
        inner
            .verify_server_cert(certificate, intermediates, name, ocsp, now)
            .map_err(|error| explained(error, certificate))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A certificate that is trusted as it is, held to its dates and its names.
fn verify_itself(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, TlsFault> {
    let odd = || TlsFault::Other("the server's certificate can't be read".to_owned());
    let read = Certificate::read(certificate).ok_or_else(odd)?;
    let now = timestamp(now).ok_or_else(odd)?;
    if now > read.not_after {
        return Err(TlsFault::Expired(expired(&read)));
    }
    if now < read.not_before {
        return Err(TlsFault::NotYet(not_yet(&read)));
    }
    let parsed = ParsedCertificate::try_from(certificate).map_err(|_| odd())?;
    rustls::client::verify_server_name(&parsed, name).map_err(|error| tls_fault(&error, certificate))?;
    Ok(ServerCertVerified::assertion())
}

fn timestamp(time: UnixTime) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.as_secs()).ok()?).ok()
}

/// The library's error with our words in place of its own.
fn explained(error: Error, certificate: &CertificateDer<'_>) -> Error {
    match error {
        Error::InvalidCertificate(_) => told(tls_fault(&error, certificate)),
        error => error,
    }
}

fn tls_fault(error: &Error, certificate: &CertificateDer<'_>) -> TlsFault {
    let Error::InvalidCertificate(reason) = error else { return TlsFault::Other(error.to_string()) };
    let read = Certificate::read(certificate);
    let described = |describe: fn(&Certificate) -> String| read.as_ref().map(describe).unwrap_or_default();
    match reason {
        CertificateError::UnknownIssuer => TlsFault::Authority(described(signed_by)),
        // The library's word for an authority's certificate that a server uses as its own, which `openssl req -x509`
        // makes.
        CertificateError::Other(_) if read.as_ref().is_some_and(Certificate::is_self_signed) => {
            TlsFault::Authority(described(signed_by))
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            TlsFault::Expired(described(expired))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFault::NotYet(described(not_yet))
        }
        CertificateError::NotValidForName => TlsFault::Name(described(subject)),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            TlsFault::Name(if presented.is_empty() {
                format!("{expected} is wanted, and it names nobody")
            } else {
                format!("{expected} is wanted, and it names {}", presented.join(", "))
            })
        }
        reason => TlsFault::Other(format!("the server's certificate is not valid: {reason:?}")),
    }
}

fn signed_by(certificate: &Certificate) -> String {
    if certificate.is_self_signed() {
        format!("{} signed itself", subject(certificate))
    } else {
        format!("{} is signed by `{}`", subject(certificate), certificate.issuer)
    }
}

fn expired(certificate: &Certificate) -> String {
    format!("{} was valid until {}", subject(certificate), certificate.not_after)
}

fn not_yet(certificate: &Certificate) -> String {
    format!("{} is valid from {}", subject(certificate), certificate.not_before)
}

fn subject(certificate: &Certificate) -> String {
    format!("`{}`", certificate.subject)
}

/// Our own fault inside the library's error, so that it comes out again at the other end.
#[derive(Debug)]
struct Told(TlsFault);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Told {}

fn told(fault: TlsFault) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(Told(fault)))))
}

/// The fault behind an error of a secure stream; `None` where it is the socket's and not TLS's.
pub(super) fn fault(error: &io::Error) -> Option<TlsFault> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(other))) => {
            match other.downcast_ref::<Told>() {
                Some(Told(fault)) => fault.clone(),
                None => TlsFault::Other(format!("the server's certificate is not valid: {other}")),
            }
        }
        Error::AlertReceived(alert) => alerted(*alert),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => TlsFault::Version(String::new()),
        Error::InvalidMessage(_) => TlsFault::None,
        error => TlsFault::Other(error.to_string()),
    })
}

fn alerted(alert: AlertDescription) -> TlsFault {
    match alert {
        AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => {
            TlsFault::Version(String::new())
        }
        AlertDescription::CertificateRequired => TlsFault::Client("it wants one".to_owned()),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => TlsFault::Client(format!("its alert is {alert:?}")),
        alert => TlsFault::Other(format!("the server's alert is {alert:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    #[test]
    fn files_that_are_not_what_they_should_be_are_told() {
        let pair = || {
            let key = KeyPair::generate().unwrap();
            let certificate =
                CertificateParams::new(vec!["gw".to_owned()]).unwrap().self_signed(&key).unwrap();
            (certificate.pem(), key.serialize_pem())
        };
        let (certificate, key) = pair();
        let (_, other_key) = pair();
        let mut material = Material::default();
        let told = |result: Result<(), MaterialError>| result.unwrap_err().to_string();
        assert_eq!(told(material.add_authorities(b"")), "it holds no certificate in PEM form");
        assert_eq!(told(material.add_authorities(key.as_bytes())), "it holds no certificate in PEM form");
        assert_eq!(
            told(material.set_identity(certificate.as_bytes(), certificate.as_bytes())),
            "it holds no private key in PEM form"
        );
        assert_eq!(
            told(material.set_identity(certificate.as_bytes(), other_key.as_bytes())),
            "the key does not belong to the certificate"
        );
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert!(told(material.set_identity(certificate.as_bytes(), locked.as_bytes())).contains("encrypted"));
        let both = format!("{certificate}{key}");
        material.set_identity(both.as_bytes(), both.as_bytes()).unwrap();
        material.add_authorities(both.as_bytes()).unwrap();
        assert!(!format!("{material:?}").contains("key"));
    }
}
