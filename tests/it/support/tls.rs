//! Generates certificates, and implements the server's side of TLS on a [`Connection`].

use super::server::Connection;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use std::io::BufReader;
use std::sync::Arc;

/// A certificate and its key, as PEM.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Pair {
    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// The validity period of a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Validity {
    Now,
    Past,
    Future,
}

/// A CA created by a test.
pub(crate) struct CertificateAuthority(CertifiedIssuer<'static, KeyPair>);

impl CertificateAuthority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(&[], name, Validity::Now);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Returns a server certificate for these names.
    pub(crate) fn server(&self, names: &[&str], validity: Validity) -> Pair {
        self.sign(params(names, names[0], validity), ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// Returns a server certificate that has only a common name.
    pub(crate) fn server_without_names(&self, common_name: &str) -> Pair {
        self.sign(params(&[], common_name, Validity::Now), ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// Returns a server certificate issued by an intermediate CA, followed by the certificate of that CA.
    pub(crate) fn server_below(&self, names: &[&str], intermediate: Validity) -> Pair {
        let mut params = params(&[], "Intermediate CA", intermediate);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &self.0).unwrap();
        let chain = issuer.pem();
        let pair = CertificateAuthority(issuer).server(names, Validity::Now);
        Pair { certificate: pair.certificate + &chain, ..pair }
    }

    pub(crate) fn client(&self, name: &str) -> Pair {
        self.sign(params(&[name], name, Validity::Now), ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(&self, mut params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> Pair {
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        Pair::new(&params.signed_by(&key, &self.0).unwrap(), &key)
    }
}

/// Returns a self-signed certificate that is also a CA, like the ones created by `openssl req -x509`.
pub(crate) fn self_signed(names: &[&str], validity: Validity) -> Pair {
    let mut params = params(names, names[0], validity);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    Pair::new(&params.self_signed(&key).unwrap(), &key)
}

fn params(names: &[&str], common_name: &str, validity: Validity) -> CertificateParams {
    let mut params =
        CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let (from, to) = match validity {
        Validity::Now => (2000, 4000),
        Validity::Past => (2000, 2001),
        Validity::Future => (3000, 4000),
    };
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

/// Returns the configuration of a server. With `clients`, the server requires a client certificate from that CA.
pub(crate) fn server(
    pair: &Pair,
    clients: Option<&CertificateAuthority>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions).unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = CertificateDer::pem_slice_iter(pair.certificate.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

impl Connection {
    /// Does the TLS handshake and answers each request with 200 until the client closes the connection.
    pub(crate) fn serve_tls(&mut self, config: &Arc<ServerConfig>) {
        let Ok(socket) = self.socket().try_clone() else { return };
        let tls = ServerConnection::new(Arc::clone(config)).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(tls, socket));
        while self.serve_on(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_some() {}
        stream.get_mut().conn.send_close_notify();
        let StreamOwned { conn, sock } = stream.get_mut();
        let _ = conn.write_tls(sock);
    }
}
