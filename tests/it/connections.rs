//! The operators' commands over every kind of connection to a real gateway: with a password, over TLS, with a client
//! certificate, through a proxy, over a Unix socket. The printed fix commands are run as they are, in a shell whose
//! environment holds only the secrets.

use crate::authentication::{HASH, PASSWORD, ProtectedGateway, USERS};
use crate::support::tls::{CertificateAuthority, Validity};
use crate::support::{Gateway, Pushgw, Server, newest_gateway, pushgw, shell, wait_until};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixListener;
use std::thread;
use tempfile::TempDir;

/// Without the consistency check, a push can break the gateway.
const NO_CHECKS: &str = "--push.disable-consistency-check";

const TLS: &str = "tls_server_config:\n  cert_file: DIR/server.pem\n  key_file: DIR/server.key\n";

/// A kind of connection.
struct Route<'a> {
    url: &'a str,
    /// The options that it needs.
    options: &'a [&'a str],
    /// Secrets, as variables. They must not appear in printed commands.
    secrets: &'a [(&'a str, &'a str)],
}

impl Route<'_> {
    fn call(&self, args: &[&str]) -> Pushgw {
        let call = pushgw().args(args).args(self.options).args(["-g", self.url]);
        self.secrets.iter().fold(call, |call, (name, value)| call.env(name, value))
    }

    fn paths(&self) -> String {
        self.call(&["list", "--format", "path"]).any_stdout().any_stderr().run().stdout()
    }

    /// Breaks the gateway, runs the printed fix command, and deletes everything.
    #[track_caller]
    fn test_all_commands(&self) {
        self.call(&["push", "-j", "a", "-m", "m 1"]).any_stderr().run();
        wait_until("the first push", || self.paths() == "/metrics/job/a\n");
        self.call(&["push", "-j", "b", "-m", "m 1", "--type", "gauge"]).any_stderr().run();
        wait_until("the second push", || self.paths() == "/metrics/job/a\n/metrics/job/b\n");
        self.call(&["show", "-j", "b"]).stdout("# TYPE m gauge\nm 1\n").run();

        let status = self.call(&["status"]).code(1).stdout_has("`m` has several types").any_stderr().run();
        let warned = status.stderr().contains("credentials are not printed");
        assert_eq!(warned, !self.secrets.is_empty(), "{status}");
        let commands: Vec<_> =
            status.stdout().lines().filter_map(|l| Some(l.strip_prefix("fix:")?.trim().to_owned())).collect();
        assert_eq!(commands.len(), 1, "{status}");
        for (_, secret) in self.secrets {
            assert!(!commands[0].contains(secret), "{commands:?}");
        }
        let fix = shell(&commands[0]);
        self.secrets.iter().fold(fix, |fix, (name, value)| fix.env(name, value)).run();
        self.call(&["status"]).stdout_has("OK: Prometheus can scrape the gateway").run();

        self.call(&["delete", "--match", "job=a", "-n", "--format", "path"]).stdout("/metrics/job/a\n").run();
        self.call(&["delete", "--all", "--yes"]).run();
        assert_eq!(self.paths(), "");
    }
}

/// Copies in both directions until both sides are done.
fn relay(client: impl Read + Send, answers: impl Write, gateway: SocketAddr) {
    fn copy(mut from: impl Read, mut to: impl Write) {
        let _ = io::copy(&mut from, &mut to);
    }
    let upstream = TcpStream::connect(gateway).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            copy(client, &upstream);
            let _ = upstream.shutdown(Shutdown::Write);
        });
        copy(&upstream, answers);
    });
}

/// A proxy that connects every host name to this gateway.
fn proxy(gateway: SocketAddr) -> Server {
    Server::start(move |connection, _| {
        let stream = connection.socket().try_clone().unwrap();
        let mut first = [0; 8];
        // The first bytes of a request arrive together, so one peek is enough.
        let _ = stream.peek(&mut first);
        if &first == b"CONNECT " {
            connection.read_head();
            connection.send("HTTP/1.1 200 OK\r\n\r\n");
        }
        relay(&stream, &stream, gateway);
    })
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn with_a_password() {
    let authority = CertificateAuthority::new("Test CA");
    let server = authority.server(&["localhost"], Validity::Now);
    let gateway = ProtectedGateway::start(
        newest_gateway(),
        &format!("{USERS}{HASH}\n"),
        &[NO_CHECKS],
        &authority,
        &server,
    );
    let url = gateway.url("http");
    let in_variable = [("PUSHGATEWAY_PASSWORD", PASSWORD)];
    Route { url: &url, options: &["--user", "me"], secrets: &in_variable }.test_all_commands();
    let file = gateway.write("password", &format!("{PASSWORD}\n"));
    Route { url: &url, options: &["-u", "me", "--password-file", &file], secrets: &[] }.test_all_commands();
    // A header counts as a secret, so the printed command lacks it and says so. The user has to add it.
    let header = "Authorization: Basic bWU6VSpV";
    let variable = [("PUSHGATEWAY_HEADER", header)];
    Route { url: &url, options: &[], secrets: &variable }.test_all_commands();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn over_tls() {
    let authority = CertificateAuthority::new("Test CA");
    let server = authority.server(&["localhost"], Validity::Now);
    let gateway = ProtectedGateway::start(newest_gateway(), TLS, &[NO_CHECKS], &authority, &server);
    let (url, ca) = (gateway.url("https"), gateway.path("ca.pem"));
    Route { url: &url, options: &["--ca-cert", ca.to_str().unwrap()], secrets: &[] }.test_all_commands();
    Route { url: &url, options: &["--insecure"], secrets: &[] }.test_all_commands();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn with_a_client_certificate_and_through_a_proxy() {
    let authority = CertificateAuthority::new("Test CA");
    let server = authority.server(&["localhost", "gw.example"], Validity::Now);
    let config =
        format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: DIR/ca.pem\n");
    let gateway = ProtectedGateway::start(newest_gateway(), &config, &[NO_CHECKS], &authority, &server);
    let ca = gateway.path("ca.pem").to_str().unwrap().to_owned();
    let client = authority.client("me");
    let (cert, key) = (gateway.write("cert.pem", &client.certificate), gateway.write("key.pem", &client.key));
    let files = ["--ca-cert", &ca, "--cert", &cert, "--key", &key];
    Route { url: &gateway.url("https"), options: &files, secrets: &[] }.test_all_commands();
    // Local addresses are never proxied, so the gateway gets a name that only the proxy knows.
    let proxy = proxy(gateway.address());
    let proxy_url = proxy.url();
    let options = [&files[..], &["--proxy", &proxy_url]].concat();
    Route { url: "https://gw.example", options: &options, secrets: &[] }.test_all_commands();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn through_a_proxy() {
    let gateway = Gateway::start(newest_gateway(), &[NO_CHECKS]);
    let proxy = proxy(gateway.address());
    let url = "http://gw.example:9091";
    Route { url, options: &["--proxy", &proxy.url()], secrets: &[] }.test_all_commands();
    // A proxy's password is not printed either.
    let with_password = proxy.url().replace("//", "//me:hunter2@");
    Route { url, options: &[], secrets: &[("PUSHGATEWAY_PROXY", &with_password)] }.test_all_commands();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn over_a_unix_socket() {
    let gateway = Gateway::start(newest_gateway(), &[NO_CHECKS]);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("it's a socket");
    let listener = UnixListener::bind(&path).unwrap();
    let address = gateway.address();
    // This thread runs until the test process exits: only a connection or a closed listener would wake it.
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || relay(&stream, &stream, address));
        }
    });
    let path = path.to_str().unwrap();
    Route { url: "http://gw.example", options: &["--unix-socket", path], secrets: &[] }.test_all_commands();
}
