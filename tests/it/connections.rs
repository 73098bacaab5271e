//! Tests the operators' commands over every kind of connection to a real gateway or receiver: with a password, over TLS,
//! with a client certificate, through a proxy, and over a Unix socket. The printed fix commands are run unchanged, in a
//! shell whose environment contains only the secrets.

use crate::authentication::{HASH, PASSWORD, ProtectedServer, RealServer, USERS, wait_for_receiver};
use crate::support::tls::{CertificateAuthority, Validity};
use crate::support::{
    Destination, Program, Pushgw, Server, newest_gateway, prometheus_versions, pushgw, shell, wait_until,
};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixListener;
use std::thread;
use tempfile::TempDir;

const TLS: &str = "tls_server_config:\n  cert_file: DIR/server.pem\n  key_file: DIR/server.key\n";

/// A kind of connection.
struct Route<'a> {
    destination: Destination,
    url: &'a str,
    /// The required options.
    options: &'a [&'a str],
    /// Secrets, passed as variables. They must not appear in printed commands.
    secrets: &'a [(&'a str, &'a str)],
}

impl Route<'_> {
    fn call(&self, args: &[&str]) -> Pushgw {
        let call = pushgw().args(args).args(self.options).args([self.destination.option(), self.url]);
        self.secrets.iter().fold(call, |call, (name, value)| call.env(name, value))
    }

    fn paths(&self) -> String {
        self.call(&["list", "--format", "path"]).any_stdout().any_stderr().run().stdout()
    }

    #[track_caller]
    fn test_all_commands(&self) {
        match self.destination {
            Destination::Gateway => self.test_gateway(),
            Destination::Receiver => self.test_receiver(),
        }
    }

    #[track_caller]
    fn test_receiver(&self) {
        wait_for_receiver(|| self.call(&[]));
        let confirmed = "/api/v1/write (remote write 2.0, confirmed)\n";
        for command in ["push", "add"] {
            self.call(&[command, "-j", "a", "-m", "m 1", "-v"]).stderr_has(confirmed).run();
        }
        let status = self.call(&["status", "-vv"]).stdout_has("OK: the receiver").any_stderr().run();
        for (_, secret) in self.secrets {
            assert!(!(status.stdout() + &status.stderr()).contains(secret), "{status}");
        }
    }

    /// Breaks the gateway, runs the printed fix command, and deletes everything.
    #[track_caller]
    fn test_gateway(&self) {
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
fn relay(client: impl Read + Send, answers: impl Write, server: SocketAddr) {
    fn copy(mut from: impl Read, mut to: impl Write) {
        let _ = io::copy(&mut from, &mut to);
    }
    let upstream = TcpStream::connect(server).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            copy(client, &upstream);
            let _ = upstream.shutdown(Shutdown::Write);
        });
        copy(&upstream, answers);
    });
}

/// Starts a proxy that connects every host name to this server.
fn proxy(server: SocketAddr) -> Server {
    Server::start(move |connection, _| {
        let stream = connection.socket().try_clone().unwrap();
        let mut first = [0; 8];
        // The first bytes of a request arrive together, so one peek is enough.
        let _ = stream.peek(&mut first);
        if &first == b"CONNECT " {
            connection.read_head();
            connection.send("HTTP/1.1 200 OK\r\n\r\n");
        }
        relay(&stream, &stream, server);
    })
}

/// Returns the newest server for this destination.
fn newest(destination: Destination) -> &'static Program {
    match destination {
        Destination::Gateway => newest_gateway(),
        Destination::Receiver => prometheus_versions().last().expect("tests/fetch.sh finds one"),
    }
}

/// Runs a test with a server of each destination that has this `--web.config.file`.
fn on_each_protected(config: &str, names: &[&str], test: impl Fn(&ProtectedServer, &CertificateAuthority)) {
    for destination in Destination::ALL {
        let authority = CertificateAuthority::new("Test CA");
        let server = authority.server(names, Validity::Now);
        let program = newest(destination);
        test(&ProtectedServer::start(destination, program, config, &authority, &server), &authority);
    }
}

/// Runs a test with a server of each destination.
fn on_each(test: impl Fn(Destination, SocketAddr)) {
    for destination in Destination::ALL {
        let server = RealServer::start(destination, newest(destination), &[]);
        test(destination, server.address());
    }
}

#[test]
#[ignore = "needs a real Pushgateway and Prometheus (fetched on first use)"]
fn with_a_password() {
    on_each_protected(&format!("{USERS}{HASH}\n"), &["localhost"], |server, _| {
        let (destination, url) = (server.destination(), &server.url("http"));
        let in_variable = [("PUSHGATEWAY_PASSWORD", PASSWORD)];
        let options = &["--user", "me"];
        Route { destination, url, options, secrets: &in_variable }.test_all_commands();
        let file = server.write("password", &format!("{PASSWORD}\n"));
        let options = &["-u", "me", "--password-file", &*file];
        Route { destination, url, options, secrets: &[] }.test_all_commands();
        // A header counts as a secret, so the printed command lacks it and says so. The user has to add it.
        let header = "Authorization: Basic bWU6VSpV";
        let variable = [("PUSHGATEWAY_HEADER", header)];
        Route { destination, url, options: &[], secrets: &variable }.test_all_commands();
    });
}

#[test]
#[ignore = "needs a real Pushgateway and Prometheus (fetched on first use)"]
fn over_tls() {
    on_each_protected(TLS, &["localhost"], |server, _| {
        let (destination, url, ca) = (server.destination(), &server.url("https"), server.path("ca.pem"));
        let options = &["--ca-cert", ca.to_str().unwrap()];
        Route { destination, url, options, secrets: &[] }.test_all_commands();
        Route { destination, url, options: &["--insecure"], secrets: &[] }.test_all_commands();
    });
}

#[test]
#[ignore = "needs a real Pushgateway and Prometheus (fetched on first use)"]
fn with_a_client_certificate_and_through_a_proxy() {
    let config =
        format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: DIR/ca.pem\n");
    on_each_protected(&config, &["localhost", "gw.example"], |server, authority| {
        let destination = server.destination();
        let ca = server.path("ca.pem").to_str().unwrap().to_owned();
        let client = authority.client("me");
        let (cert, key) =
            (server.write("cert.pem", &client.certificate), server.write("key.pem", &client.key));
        let options = &["--ca-cert", &*ca, "--cert", &*cert, "--key", &*key];
        Route { destination, url: &server.url("https"), options, secrets: &[] }.test_all_commands();
        // Local addresses are never proxied, so the server gets a name that only the proxy knows.
        let proxy = proxy(server.address());
        let proxy_url = proxy.url();
        let options = &[&options[..], &["--proxy", &proxy_url]].concat();
        Route { destination, url: "https://gw.example", options, secrets: &[] }.test_all_commands();
    });
}

#[test]
#[ignore = "needs a real Pushgateway and Prometheus (fetched on first use)"]
fn through_a_proxy() {
    on_each(|destination, address| {
        let proxy = proxy(address);
        let url = "http://gw.example:9091";
        Route { destination, url, options: &["--proxy", &proxy.url()], secrets: &[] }.test_all_commands();
        // A proxy's password is not printed either.
        let with_password = proxy.url().replace("//", "//me:hunter2@");
        let secrets = &[("PUSHGATEWAY_PROXY", &*with_password)];
        Route { destination, url, options: &[], secrets }.test_all_commands();
    });
}

#[test]
#[ignore = "needs a real Pushgateway and Prometheus (fetched on first use)"]
fn over_a_unix_socket() {
    on_each(|destination, address| {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("it's a socket");
        let listener = UnixListener::bind(&path).unwrap();
        // This thread runs until the test process exits, because only a connection or a closed listener would wake it.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || relay(&stream, &stream, address));
            }
        });
        let options = &["--unix-socket", path.to_str().unwrap()];
        Route { destination, url: "http://gw.example", options, secrets: &[] }.test_all_commands();
    });
}
