//! Errors of TLS, with certificates made at test time.

use super::Case;
use crate::support::tls::{CertificateAuthority, Pair, Validity, self_signed, server};
use crate::support::{Connection, Server, pushgw};
use rustls::version::{TLS12, TLS13};
use rustls::{ALL_VERSIONS, ServerConfig};
use std::sync::{Arc, LazyLock};

static AUTHORITY: LazyLock<CertificateAuthority> = LazyLock::new(|| CertificateAuthority::new("Test CA"));

fn tls_server(config: Arc<ServerConfig>) -> impl Fn(&mut Connection, usize) + Send + Sync {
    move |connection, _| connection.serve_tls(&config)
}

fn serving(pair: &Pair) -> impl Fn(&mut Connection, usize) + Send + Sync + use<> {
    tls_server(server(pair, None, ALL_VERSIONS))
}

/// A case with a TLS server, where `AUTHORITY` is trusted.
fn case(
    name: &'static str,
    words: &'static str,
    handler: impl Fn(&mut Connection, usize) + Send + Sync + 'static,
) -> Case {
    let code = if words.is_empty() { 0 } else { 6 };
    Case::new(name, words, code, handler)
        .gateway("https://{}")
        .retries(2)
        .file("ca.pem", AUTHORITY.pem())
        .arg("--ca-cert=ca.pem")
        .after(|server| {
            // Nothing is sent to a server that is not trusted.
            let is_push = |method: &str| method == "PUT" || method == "POST";
            assert!(server.requests().iter().all(|request| is_push(&request.method)));
        })
}

pub(super) fn cases() -> Vec<Case> {
    [certificates(), protocols()].into_iter().flatten().collect()
}

/// Trusted and untrusted certificates.
fn certificates() -> Vec<Case> {
    let nothing: fn(&Server) = |server| assert!(server.requests().is_empty(), "something was sent");
    let here = AUTHORITY.server(&["127.0.0.1"], Validity::Now);
    let own = self_signed(&["127.0.0.1"], Validity::Now);
    let expired_own = self_signed(&["127.0.0.1"], Validity::Past);
    let other_name = self_signed(&["gw.example"], Validity::Now);
    let authority = "the server's certificate is not signed by a trusted CA";
    let expired = "the server's certificate has expired";
    let stranger = CertificateAuthority::new("Strange CA");
    vec![
        case("a good certificate", "", serving(&here)),
        case(
            "a certificate for another name",
            "the server's certificate is for a different host",
            serving(&AUTHORITY.server(&["gw.example"], Validity::Now)),
        )
        .says("expected 127.0.0.1")
        .says("gw.example")
        .after(nothing),
        case(
            "a certificate with many names",
            "the server's certificate is for a different host",
            serving(&AUTHORITY.server(&["a.gw", "*.b.gw", "10.0.0.1"], Validity::Now)),
        )
        .says("expected 127.0.0.1, but the certificate is for a.gw, *.b.gw, 10.0.0.1\n")
        .after(nothing),
        case(
            "a certificate with a common name only",
            "the server's certificate has no subject alternative name",
            serving(&AUTHORITY.server_without_names("127.0.0.1")),
        )
        .says("subjectAltName=DNS:")
        .after(nothing),
        case(
            "an expired intermediate",
            expired,
            serving(&AUTHORITY.server_below(&["127.0.0.1"], Validity::Past)),
        )
        .says("`Intermediate CA` was valid until 2001-01-01")
        .after(nothing),
        case("a valid intermediate", "", serving(&AUTHORITY.server_below(&["127.0.0.1"], Validity::Now))),
        case("expired", expired, serving(&AUTHORITY.server(&["127.0.0.1"], Validity::Past)))
            .says("`127.0.0.1` was valid until 2001-01-01")
            .after(nothing),
        case(
            "not yet valid",
            "the server's certificate is not valid yet",
            serving(&AUTHORITY.server(&["127.0.0.1"], Validity::Future)),
        )
        .says("is valid from 3000-01-01")
        .after(nothing),
        case("an unknown CA", authority, serving(&stranger.server(&["127.0.0.1"], Validity::Now)))
            .says("`127.0.0.1` is signed by `Strange CA`")
            .says("--ca-cert")
            .after(nothing),
        case("self-signed", authority, serving(&own)).says("`127.0.0.1` is self-signed").after(nothing),
        case("self-signed and trusted", "", serving(&own)).file("ca.pem", own.certificate.clone()),
        case("self-signed, trusted and expired", expired, serving(&expired_own))
            .file("ca.pem", expired_own.certificate.clone())
            .after(nothing),
        case(
            "self-signed, trusted, for another name",
            "the server's certificate is for a different host",
            serving(&other_name),
        )
        .file("ca.pem", other_name.certificate.clone())
        .after(nothing),
        case("insecure", "", serving(&stranger.server(&["gw.example"], Validity::Past))).arg("--insecure"),
        case("insecure by a variable", "", serving(&own)).env("PUSHGATEWAY_INSECURE", "1"),
    ]
}

/// TLS versions, client certificates, and servers without TLS.
fn protocols() -> Vec<Case> {
    let here = AUTHORITY.server(&["127.0.0.1"], Validity::Now);
    let client = "the server requires a valid client certificate";
    let nothing: fn(&Server) = |server| assert!(server.requests().is_empty(), "something was sent");
    let refused = |name, versions| {
        case(name, client, tls_server(server(&here, Some(&AUTHORITY), versions))).after(nothing)
    };
    let known = AUTHORITY.client("me");
    let unknown = CertificateAuthority::new("Strange CA").client("me");
    vec![
        case("an old version of TLS", "the server supports only an old version of TLS", |connection, _| {
            connection.read_bytes(100);
            // The alert `protocol_version`, in a record of TLS 1.0.
            connection.send([21, 3, 1, 0, 2, 2, 70]);
        }),
        case("TLS 1.2", "", tls_server(server(&here, None, &[&TLS12]))),
        case("TLS 1.3", "", tls_server(server(&here, None, &[&TLS13]))),
        refused("no client certificate, TLS 1.2", &[&TLS12]),
        refused("no client certificate, TLS 1.3", &[&TLS13]),
        refused("a client certificate from an unknown CA", &[&TLS13])
            .file("cert.pem", unknown.certificate.clone())
            .file("key.pem", unknown.key.clone())
            .arg("--cert=cert.pem")
            .arg("--key=key.pem"),
        case("a client certificate", "", tls_server(server(&here, Some(&AUTHORITY), ALL_VERSIONS)))
            .file("cert.pem", known.certificate.clone())
            .file("key.pem", known.key.clone())
            .env("PUSHGATEWAY_CERT", "cert.pem")
            .env("PUSHGATEWAY_KEY", "key.pem"),
        case(
            "certificate and key in one file",
            "",
            tls_server(server(&here, Some(&AUTHORITY), ALL_VERSIONS)),
        )
        .file("both.pem", known.certificate.clone() + &known.key)
        .arg("--cert=both.pem"),
        case("plain HTTP", "the server does not use TLS on this port", |connection, _| {
            connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            connection.hang();
        })
        .says("if the server does not use TLS: -g http://{}\n"),
        case(
            "no common algorithm",
            "the server and pushgw have no TLS algorithm in common",
            |connection, _| {
                connection.read_bytes(100);
                // The alert `handshake_failure`.
                connection.send([21, 3, 3, 0, 2, 2, 40]);
            },
        ),
        case("another alert", "the TLS handshake failed", |connection, _| {
            connection.read_bytes(100);
            // The alert `internal_error`.
            connection.send([21, 3, 3, 0, 2, 2, 80]);
        })
        .says("InternalError"),
        case(
            "closed during the handshake",
            "the connection broke during the TLS handshake",
            |connection, _| {
                connection.read_bytes(100);
            },
        )
        .connections(3)
        .says("(tried 3 times)"),
        case(
            "reset during the handshake",
            "the connection broke during the TLS handshake",
            |connection, _| {
                connection.read_bytes(100);
                connection.reset();
            },
        )
        .connections(3),
        case("hang during the handshake", "can't connect within", |connection, _| connection.hang())
            .arg("--connect-timeout=300ms")
            .retries(1)
            .connections(2)
            .says("within 300ms (tried 2 times)"),
        Case::new("TLS on a plain HTTP URL", "the response is not HTTP", 1, |connection, _| {
            connection.read_request();
            // The alert `unexpected_message`, as a server responds to plain text.
            connection.send([21, 3, 1, 0, 2, 2, 10]);
        })
        .says("if the server requires https://, use -g https://{}\n"),
    ]
}

#[test]
fn invalid_certificate_files_are_reported() {
    let server = Server::unused();
    let https = format!("https://{}", server.address());
    let pair = AUTHORITY.client("me");
    let other = AUTHORITY.client("other");
    let call = || {
        pushgw()
            .args(["push", "-j", "x", "-m", "a 1", "-g", &https])
            .file("cert.pem", &pair.certificate)
            .file("key.pem", &other.key)
            .file("empty.pem", "")
            .file("client.p12", b"\x30\x82\x0a\x1e\x02\x01\x03\x30\x82")
            .file("cert.der", b"\x30\x82\x03\x1e\x30\x82\x02\x06")
            .file("key.der", b"\x30\x81\x87\x02\x01\x00\x30")
    };
    for (args, code, message) in [
        (
            vec!["--ca-cert", "missing.pem"],
            1,
            "--ca-cert: can't read missing.pem: no such file or directory\n",
        ),
        (vec!["--ca-cert", "/dev/zero"], 1, "--ca-cert: can't read /dev/zero: it is larger than 16 MiB\n"),
        (vec!["--ca-cert", "empty.pem"], 2, "empty.pem: the file contains no certificate in PEM format"),
        (vec!["--cert", "cert.pem"], 2, "cert.pem: the file contains no private key in PEM format"),
        (vec!["--cert", "cert.pem", "--key", "key.pem"], 2, "the private key does not match the certificate"),
        (
            vec!["--cert", "client.p12", "--key", "key.pem"],
            2,
            "error: client.p12: the file is in PKCS#12 format, not in PEM format\n\
             hint: convert it: openssl pkcs12 -nodes -in client.p12 -out client.pem",
        ),
        (
            vec!["--cert", "cert.der", "--key", "key.pem"],
            2,
            "error: cert.der: the certificate is in DER format, not in PEM format\n\
             hint: convert it: openssl x509 -inform DER -in cert.der -out cert.pem",
        ),
        (
            vec!["--cert", "cert.pem", "--key", "key.der"],
            2,
            "error: key.der: the key is in DER format, not in PEM format\n\
             hint: convert it: openssl pkey -inform DER -in key.der -out key.pem",
        ),
        (vec!["--cert", "empty.pem", "--key", "key.pem"], 2, "error: empty.pem: the file contains no cert"),
        (vec!["--key", "key.pem"], 2, "--key needs a client certificate"),
    ] {
        call().args(args).code(code).stderr_has(message).run();
    }
}

#[test]
fn the_system_store_is_trusted_too() {
    let config = server(&AUTHORITY.server(&["127.0.0.1"], Validity::Now), None, ALL_VERSIONS);
    let server = Server::start(move |connection, _| connection.serve_tls(&config));
    let https = format!("https://{}", server.address());
    let other = CertificateAuthority::new("Another CA");
    // This variable names the system's certificate store.
    pushgw()
        .args(["push", "-j", "x", "-m", "a 1", "-g", &https])
        .file("store.pem", AUTHORITY.pem())
        .file("ca.pem", other.pem())
        .env("SSL_CERT_FILE", "store.pem")
        .args(["--ca-cert", "ca.pem"])
        .run();
}
