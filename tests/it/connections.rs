//! The operators' commands on every way to a real gateway: with a password, over TLS, with a client's certificate,
//! through a proxy, over a socket. The commands that fix it are run as they are printed, in a shell that has the
//! secrets in its variables and nothing else.

use crate::authentication::{HASH, PASSWORD, SecuredGateway, USERS};
use crate::support::tls::{Authority, Validity};
use crate::support::{Gateway, Pushgw, Server, newest_gateway, pushgw, shell, wait_until};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixListener;
use std::thread;
use tempfile::TempDir;

/// Without checks a gateway can be broken by pushes alone, on whatever way they come.
const NO_CHECKS: &str = "--push.disable-consistency-check";

const TLS: &str = "tls_server_config:\n  cert_file: DIR/server.pem\n  key_file: DIR/server.key\n";

/// A way to a gateway.
struct Way<'a> {
    url: &'a str,
    /// The options of the way.
    options: &'a [&'a str],
    /// What is secret, and so in no command.
    secrets: &'a [(&'a str, &'a str)],
}

impl Way<'_> {
    fn call(&self, args: &[&str]) -> Pushgw {
        let call = pushgw().args(args).args(self.options).args(["-g", self.url]);
        self.secrets.iter().fold(call, |call, (name, value)| call.env(name, value))
    }

    fn paths(&self) -> String {
        self.call(&["list", "--format", "path"]).any_stdout().any_stderr().run().stdout()
    }

    /// Breaks the gateway, has it fixed, and empties it.
    #[track_caller]
    fn is_operated(&self) {
        self.call(&["push", "-j", "a", "-m", "m 1"]).any_stderr().run();
        wait_until("the first push", || self.paths() == "/metrics/job/a\n");
        self.call(&["push", "-j", "b", "-m", "m 1", "--type", "gauge"]).any_stderr().run();
        wait_until("the second push", || self.paths() == "/metrics/job/a\n/metrics/job/b\n");
        self.call(&["show", "-j", "b"]).stdout("# TYPE m gauge\nm 1\n").run();

        let status = self.call(&["status"]).code(1).stdout_has("`m` has several types").any_stderr().run();
        let told = status.stderr().contains("credentials are not printed");
        assert_eq!(told, !self.secrets.is_empty(), "{status}");
        let commands: Vec<_> =
            status.stdout().lines().filter_map(|l| Some(l.strip_prefix("fix:")?.trim().to_owned())).collect();
        assert_eq!(commands.len(), 1, "{status}");
        for (_, secret) in self.secrets {
            assert!(!commands[0].contains(secret), "{commands:?}");
        }
        let fix = shell(&commands[0]);
        self.secrets.iter().fold(fix, |fix, (name, value)| fix.env(name, value)).run();
        self.call(&["status"]).stdout_has("scrape    yes").run();

        self.call(&["delete", "--match", "job=a", "-n", "--format", "path"]).stdout("/metrics/job/a\n").run();
        self.call(&["delete", "--all", "--yes"]).run();
        assert_eq!(self.paths(), "");
    }
}

/// Copies both ways until both sides are done.
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

/// A proxy for whatever name, to this gateway.
fn proxy(gateway: SocketAddr) -> Server {
    Server::start(move |connection, _| {
        let stream = connection.socket().try_clone().unwrap();
        let mut first = [0; 8];
        // The rest of a request to be forwarded comes together with its first bytes.
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
    let authority = Authority::new("Test CA");
    let server = authority.server(&["localhost"], Validity::Now);
    let guarded = SecuredGateway::start(
        newest_gateway(),
        &format!("{USERS}{HASH}\n"),
        &[NO_CHECKS],
        &authority,
        &server,
    );
    let url = guarded.url("http");
    let in_variable = [("PUSHGATEWAY_PASSWORD", PASSWORD)];
    Way { url: &url, options: &["--user", "me"], secrets: &in_variable }.is_operated();
    let file = guarded.write("password", &format!("{PASSWORD}\n"));
    Way { url: &url, options: &["-u", "me", "--password-file", &file], secrets: &[] }.is_operated();
    // A header is a secret, so the command is not whole, and says so: the user adds what was left out.
    let header = "Authorization: Basic bWU6VSpV";
    let variable = [("PUSHGATEWAY_HEADER", header)];
    Way { url: &url, options: &[], secrets: &variable }.is_operated();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn over_tls() {
    let authority = Authority::new("Test CA");
    let server = authority.server(&["localhost"], Validity::Now);
    let guarded = SecuredGateway::start(newest_gateway(), TLS, &[NO_CHECKS], &authority, &server);
    let (url, ca) = (guarded.url("https"), guarded.path("ca.pem"));
    Way { url: &url, options: &["--ca-cert", ca.to_str().unwrap()], secrets: &[] }.is_operated();
    Way { url: &url, options: &["--insecure"], secrets: &[] }.is_operated();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn with_a_certificate_and_through_a_proxy() {
    let authority = Authority::new("Test CA");
    let server = authority.server(&["localhost", "gw.example"], Validity::Now);
    let config =
        format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: DIR/ca.pem\n");
    let guarded = SecuredGateway::start(newest_gateway(), &config, &[NO_CHECKS], &authority, &server);
    let ca = guarded.path("ca.pem").to_str().unwrap().to_owned();
    let client = authority.client("me");
    let (cert, key) = (guarded.write("cert.pem", &client.certificate), guarded.write("key.pem", &client.key));
    let files = ["--ca-cert", &ca, "--cert", &cert, "--key", &key];
    Way { url: &guarded.url("https"), options: &files, secrets: &[] }.is_operated();
    // Loopback is never proxied, so the gateway has a name that only the proxy knows.
    let proxy = proxy(guarded.address());
    let proxy_url = proxy.url();
    let options = [&files[..], &["--proxy", &proxy_url]].concat();
    Way { url: "https://gw.example", options: &options, secrets: &[] }.is_operated();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn through_a_proxy() {
    let gateway = Gateway::start(newest_gateway(), &[NO_CHECKS]);
    let proxy = proxy(gateway.address());
    let url = "http://gw.example:9091";
    Way { url, options: &["--proxy", &proxy.url()], secrets: &[] }.is_operated();
    // One that wants a password: that of the proxy is no more printed than one of the gateway.
    let with_password = proxy.url().replace("//", "//me:hunter2@");
    Way { url, options: &[], secrets: &[("PUSHGATEWAY_PROXY", &with_password)] }.is_operated();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn over_a_socket() {
    let gateway = Gateway::start(newest_gateway(), &[NO_CHECKS]);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("it's a socket");
    let listener = UnixListener::bind(&path).unwrap();
    let address = gateway.address();
    // Ends with the process of the tests: nothing but a closed listener would wake it.
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || relay(&stream, &stream, address));
        }
    });
    let path = path.to_str().unwrap();
    Way { url: "http://gw.example", options: &["--unix-socket", path], secrets: &[] }.is_operated();
}
