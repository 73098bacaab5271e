//! The TLS configuration: trusted CAs, the client certificate, and errors that users can act on.
//!
//! The system's CAs and the CAs from `--ca-cert` are trusted. The system's CA store is read only for TLS
//! connections, because reading it takes longer than a whole push. A server certificate that is in the
//! `--ca-cert` file is trusted without a CA, because self-signed certificates are commonly used that way. Its
//! name and dates are still checked.

use super::certificate::Certificate;
use super::connection::Tls;
use super::error::TlsError;
use super::identity::CaCertificates;
use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError,
    PeerIncompatible, RootCertStore, SignatureScheme,
};
use std::io;
use std::sync::Arc;

/// Creates the TLS library's configuration. This reads the system's CAs, unless `--insecure` was used.
pub(super) fn configuration(tls: &Tls) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        inner: if tls.insecure { None } else { ca_verifier(&tls.ca_certificates, &provider)? },
        insecure: tls.insecure,
        ca_certificates: tls.ca_certificates.clone(),
        provider: Arc::clone(&provider),
    };
    let other = |error: Error| TlsError::Other(error.to_string());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(other)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let mut configuration = match &tls.identity {
        Some(identity) => {
            let (chain, key) = identity.chain_and_key();
            builder.with_client_auth_cert(chain, key).map_err(other)?
        }
        None => builder.with_no_client_auth(),
    };
    // Without this, a server could choose HTTP/2, which ureq does not support.
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(configuration))
}

/// Creates the TLS library's verifier. Returns `None` if there are no CAs.
fn ca_verifier(
    ca_certificates: &CaCertificates,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<WebPkiServerVerifier>>, TlsError> {
    let mut store = RootCertStore::empty();
    // Ignore errors. A minimal container may have no CA store but use --ca-cert, and one invalid CA
    // certificate must not break all connections.
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    store.add_parsable_certificates(ca_certificates.iter().cloned());
    if store.is_empty() {
        return Ok(None);
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build();
    verifier.map(Some).map_err(|error| TlsError::Other(error.to_string()))
}

/// Wraps the TLS library's verifier and returns errors that describe the certificate.
#[derive(Debug)]
struct Verifier {
    inner: Option<Arc<WebPkiServerVerifier>>,
    insecure: bool,
    ca_certificates: CaCertificates,
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
        if self.ca_certificates.iter().any(|trusted| trusted == certificate) {
            return verify_without_ca(certificate, name, now).map_err(wrapped);
        }
        let Some(inner) = &self.inner else {
            return Err(wrapped(TlsError::Untrusted("this system has no trusted CAs".to_owned())));
        };
        inner.verify_server_cert(certificate, intermediates, name, ocsp, now).map_err(|error| match error {
            Error::InvalidCertificate(reason) => {
                wrapped(certificate_error(&reason, certificate, intermediates))
            }
            error => error,
        })
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

/// Checks the dates and names of a certificate that is trusted without a CA.
fn verify_without_ca(
    certificate: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, TlsError> {
    let odd = || TlsError::Other("can't parse the server's certificate".to_owned());
    let read = Certificate::read(certificate).ok_or_else(odd)?;
    let now = timestamp(now).ok_or_else(odd)?;
    if now > read.not_after {
        return Err(TlsError::Expired(expired(&read)));
    }
    if now < read.not_before {
        return Err(TlsError::NotYetValid(not_yet(&read)));
    }
    let parsed = ParsedCertificate::try_from(certificate).map_err(|_| odd())?;
    rustls::client::verify_server_name(&parsed, name).map_err(|error| match error {
        Error::InvalidCertificate(reason) => certificate_error(&reason, certificate, &[]),
        error => TlsError::Other(error.to_string()),
    })?;
    Ok(ServerCertVerified::assertion())
}

fn timestamp(time: UnixTime) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(time.as_secs()).ok()?).ok()
}

fn certificate_error(
    reason: &CertificateError,
    certificate: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> TlsError {
    let read = Certificate::read(certificate);
    let described = |describe: fn(&Certificate) -> String| read.as_ref().map(describe).unwrap_or_default();
    // The error contains only a date, so find the certificate in the chain that has this date.
    let dated = |describe: fn(&Certificate) -> String, is_dated: &dyn Fn(&Certificate) -> bool| {
        let intermediates = intermediates.iter().filter_map(|der| Certificate::read(der));
        let mut chain = read.iter().cloned().chain(intermediates);
        chain.find(is_dated).as_ref().or(read.as_ref()).map(describe).unwrap_or_default()
    };
    match reason {
        CertificateError::UnknownIssuer => TlsError::Untrusted(described(signed_by)),
        // `openssl req -x509` creates a CA certificate, which the library rejects for servers.
        CertificateError::Other(_) if read.as_ref().is_some_and(Certificate::is_self_signed) => {
            TlsError::Untrusted(described(signed_by))
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            TlsError::Expired(dated(expired, &|read| Some(read.not_after) == timestamp(*not_after)))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            TlsError::NotYetValid(dated(not_yet, &|read| Some(read.not_before) == timestamp(*not_before)))
        }
        CertificateError::Expired => TlsError::Expired(described(expired)),
        CertificateError::NotValidYet => TlsError::NotYetValid(described(not_yet)),
        CertificateError::NotValidForName => TlsError::Name(described(subject)),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            if presented.is_empty() {
                return TlsError::NoNames(format!("expected {expected}, found CN {}", described(subject)));
            }
            TlsError::Name(format!(
                "expected {expected}, but the certificate is for {}",
                listed_names(presented)
            ))
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            TlsError::Unsupported(format!("{} is signed with an unsupported algorithm", described(subject)))
        }
        reason => TlsError::Other(format!("the server's certificate is not valid: {reason:?}")),
    }
}

/// Lists the first names of a certificate, which can have thousands. The `DnsName("...")` that the library
/// puts around each name is removed.
fn listed_names(presented: &[String]) -> String {
    const SHOWN: usize = 5;
    let plain = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, name)| name.strip_suffix(')'));
        inner.unwrap_or(name).trim_matches('"').to_owned()
    };
    let mut names: Vec<String> = presented.iter().take(SHOWN).map(plain).collect();
    if presented.len() > SHOWN {
        names.push(format!("and {} more", presented.len() - SHOWN));
    }
    names.join(", ")
}

fn signed_by(certificate: &Certificate) -> String {
    if certificate.is_self_signed() {
        format!("{} is self-signed", subject(certificate))
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

/// Wraps our error in the library's error type, so that [`error_of`] can recover it.
fn wrapped(error: TlsError) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

/// Returns the TLS error that caused an I/O error, or `None` if the cause is the socket.
pub(super) fn error_of(error: &io::Error) -> Option<TlsError> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(other))) => {
            match other.downcast_ref::<TlsError>() {
                Some(error) => error.clone(),
                None => TlsError::Other(format!("the server's certificate is not valid: {other}")),
            }
        }
        Error::AlertReceived(alert) => alert_error(*alert),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => TlsError::Version,
        Error::PeerIncompatible(reason) => TlsError::Unsupported(format!("{reason:?}")),
        Error::InvalidMessage(_) => TlsError::NotTls,
        error => TlsError::Other(error.to_string()),
    })
}

fn alert_error(alert: AlertDescription) -> TlsError {
    match alert {
        AlertDescription::ProtocolVersion | AlertDescription::InsufficientSecurity => TlsError::Version,
        AlertDescription::CertificateRequired => TlsError::Client("no certificate was sent".to_owned()),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => TlsError::Client(format!("TLS alert {alert:?}")),
        AlertDescription::HandshakeFailure => TlsError::Unsupported("TLS alert HandshakeFailure".to_owned()),
        alert => TlsError::Other(format!("TLS alert {alert:?}")),
    }
}
