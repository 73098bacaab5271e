//! Tests basic authentication, TLS and client certificates (`--web.config.file`) with every version of Pushgateway and
//! of Prometheus as a receiver.

use crate::support::tls::{CertificateAuthority, Pair, Validity};
use crate::support::{
    Destination, Gateway, Program, Prometheus, Pushgw, gateways, prometheus_versions, pushgw, wait_until,
};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A test vector of `crypt_blowfish`: `U*U` at the lowest cost.
pub(crate) const HASH: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
pub(crate) const PASSWORD: &str = "U*U";

pub(crate) const USERS: &str = "basic_auth_users:\n  me: ";

/// A real server of a destination.
pub(crate) enum RealServer {
    Gateway(Gateway),
    Receiver(Prometheus),
}

impl RealServer {
    /// Starts this version. A gateway checks no pushes, so that one can break it.
    pub(crate) fn start(destination: Destination, program: &Program, flags: &[&str]) -> Self {
        let flags = |first| [&[first], flags].concat();
        match destination {
            Destination::Gateway => {
                Self::Gateway(Gateway::start(program, &flags("--push.disable-consistency-check")))
            }
            Destination::Receiver => {
                let flags = flags("--web.enable-remote-write-receiver");
                Self::Receiver(Prometheus::start_with_flags(program, &flags))
            }
        }
    }

    pub(crate) fn destination(&self) -> Destination {
        match self {
            Self::Gateway(_) => Destination::Gateway,
            Self::Receiver(_) => Destination::Receiver,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Gateway(gateway) => gateway.address(),
            Self::Receiver(prometheus) => prometheus.address(),
        }
    }
}

/// Waits until a receiver has opened its database: before, it answers 503. `call` is a call without a command.
pub(crate) fn wait_for_receiver(call: impl Fn() -> Pushgw) {
    wait_until("the receiver", || {
        let output = call().args(["status", "--timeout", "5s"]).any_code().any_stdout().any_stderr().run();
        output.status.code() == Some(0)
    });
}

/// A server with a `--web.config.file`.
pub(crate) struct ProtectedServer {
    server: RealServer,
    folder: TempDir,
}

impl ProtectedServer {
    /// Starts a server with this configuration. `DIR` is replaced by a folder with the certificates of the server and
    /// the CA.
    pub(crate) fn start(
        destination: Destination,
        program: &Program,
        config: &str,
        authority: &CertificateAuthority,
        server: &Pair,
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let directory = folder.path().to_str().unwrap();
        write("ca.pem", &authority.pem());
        write("server.pem", &server.certificate);
        write("server.key", &server.key);
        write("web.yml", &config.replace("DIR", directory));
        let flag = format!("--web.config.file={directory}/web.yml");
        Self { server: RealServer::start(destination, program, &[&flag]), folder }
    }

    /// Returns the path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in the folder and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn destination(&self) -> Destination {
        self.server.destination()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Asserts that every command works with these options.
    fn accepts(&self, scheme: &str, options: impl Fn(Pushgw) -> Pushgw) {
        let variable = self.destination().variable();
        let call = |args: &[&str]| options(pushgw().args(args)).env(variable, self.url(scheme));
        if self.destination() == Destination::Receiver {
            wait_for_receiver(|| call(&[]));
            call(&["push", "-j", "guarded", "-m", "a 1", "-v"]).stderr_has("wrote 1 sample of").run();
            call(&["add", "-j", "guarded", "-m", "b 2"]).run();
            call(&["run", "-j", "guarded", "--require-push"]).args(["--", "true"]).run();
            call(&["status"]).stdout_has("OK: the receiver accepts samples").run();
            return;
        }
        call(&["push", "-j", "guarded", "-m", "a 1"]).run();
        call(&["add", "-j", "guarded", "-m", "b 2", "--compress", "gzip"]).run();
        call(&["list", "--format", "path"]).stdout("/metrics/job/guarded\n").run();
        call(&["show", "-j", "guarded"]).stdout("# TYPE a untyped\na 1\n# TYPE b untyped\nb 2\n").run();
        call(&["status"]).stdout_has("OK: Prometheus can scrape the gateway").run();
        call(&["delete", "-j", "guarded"]).run();
        call(&["push", "-j", "guarded", "-m", "a 1"]).run();
        call(&["delete", "--match", "job=guarded", "--yes"]).run();
        call(&["list", "--format", "path"]).run();
    }

    fn rejects(&self, scheme: &str, options: impl Fn(Pushgw) -> Pushgw, code: i32, message: &str) {
        let destination = self.destination();
        let call = options(pushgw().args(["push", "-j", "guarded", "-m", "a 1", "--retries", "0"]));
        let call = call.env(destination.variable(), self.url(scheme));
        call.code(code).stderr_has(destination.words(message)).run();
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        // Use a host name, because certificates for IP addresses are rare.
        format!("{scheme}://localhost:{}", self.address().port())
    }
}

fn on_each(config: &str, test: impl Fn(&ProtectedServer, &CertificateAuthority)) {
    let authority = CertificateAuthority::new("Test CA");
    let certificate = authority.server(&["localhost"], Validity::Now);
    let gateways = gateways().iter().map(|program| (Destination::Gateway, program));
    let receivers = prometheus_versions().iter().map(|program| (Destination::Receiver, program));
    for (destination, program) in gateways.chain(receivers) {
        eprintln!("{destination:?} {}", program.version);
        let server = ProtectedServer::start(destination, program, config, &authority, &certificate);
        test(&server, &authority);
    }
}

fn with_password(call: Pushgw) -> Pushgw {
    call.args(["--user", "me"]).env("PUSHGATEWAY_PASSWORD", PASSWORD)
}

fn trusting(ca: &Path) -> impl Fn(Pushgw) -> Pushgw {
    move |call| call.arg("--ca-cert").arg(ca)
}

#[test]
#[ignore = "needs real Pushgateways and Prometheus (fetched on first use)"]
fn basic_authentication() {
    on_each(&format!("{USERS}{HASH}\n"), |server, _| {
        server.accepts("http", with_password);
        server.accepts("http", |call| {
            call.file("secret", format!("{PASSWORD}\n")).args(["-u", "me", "--password-file", "secret"])
        });
        let in_url = server.url("http").replace("//", "//me:U%2AU@");
        server.destination().push_to(&in_url).run();
        server.rejects("http", |call| call, 4, "the server requires a login (401 Unauthorized)");
        let wrong = |call: Pushgw| call.args(["-u", "me"]).env("PUSHGATEWAY_PASSWORD", "wrong");
        let words = format!("{} says: Unauthorized", server.url("http").replace("http://", ""));
        server.rejects("http", wrong, 4, &words);
        let rejected = "the server rejected the credentials (401 Unauthorized)";
        server.rejects("http", wrong, 4, rejected);
    });
}

/// The gateway rejects the push after reading its headers, before the 30 MB body has been sent.
#[test]
#[ignore = "needs real Pushgateways and Prometheus (fetched on first use)"]
fn a_large_push_without_a_password_gets_the_error() {
    on_each(&format!("{USERS}{HASH}\n"), |server, _| {
        let text = [vec![b'#'; 30 << 20], b"\na 1\n".to_vec()].concat();
        let call = |call: Pushgw| call.file("large.prom", &text).arg("large.prom");
        let push = pushgw().args(["push", "-j", "guarded", "--retries", "0"]);
        call(push)
            .env(server.destination().variable(), server.url("http"))
            .code(4)
            .stderr_has("the server requires a login (401 Unauthorized)")
            .run();
    });
}

#[test]
#[ignore = "needs real Pushgateways and Prometheus (fetched on first use)"]
fn tls() {
    let config = format!(
        "tls_server_config:\n  cert_file: DIR/server.pem\n  key_file: DIR/server.key\n{USERS}{HASH}\n"
    );
    on_each(&config, |server, _| {
        let ca = server.path("ca.pem");
        server.accepts("https", |call| trusting(&ca)(with_password(call)));
        server.accepts("https", |call| with_password(call).arg("--insecure"));
        let stranger = "is not signed by a trusted CA: `localhost` is signed by `Test CA`";
        let others = server.write("others.pem", &CertificateAuthority::new("Another CA").pem());
        let trusting_others = |call| with_password(call).env("SSL_CERT_FILE", &others);
        server.rejects("https", trusting_others, 6, stranger);
        server.rejects("https", trusting(&ca), 4, "the server requires a login (401 Unauthorized)");
        // A TLS server responds to plain HTTP with 400 and this message.
        server.rejects("http", with_password, 4, "Client sent an HTTP request to an HTTPS server");
        let use_https = format!("the server requires TLS: use PUSHGATEWAY_URL={}\n", server.url("https"));
        server.rejects("http", with_password, 4, &use_https);
        let by_address = format!("https://{}", server.address());
        server
            .destination()
            .push_to(&by_address)
            .arg("--ca-cert")
            .arg(&ca)
            .code(6)
            .stderr_has("the server's certificate is for a different host: expected 127.0.0.1")
            .run();
    });
}

#[test]
#[ignore = "needs real Pushgateways and Prometheus (fetched on first use)"]
fn client_certificates() {
    let config = "tls_server_config:\n  cert_file: DIR/server.pem\n  key_file: DIR/server.key\n  \
                  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: DIR/ca.pem\n";
    on_each(config, |server, authority| {
        let ca = server.path("ca.pem");
        let present = |pair: Pair| {
            let ca = ca.clone();
            move |call: Pushgw| {
                trusting(&ca)(call)
                    .file("cert.pem", &pair.certificate)
                    .file("key.pem", &pair.key)
                    .args(["--cert", "cert.pem", "--key", "key.pem"])
            }
        };
        server.accepts("https", present(authority.client("me")));
        let refused = "the server requires a valid client certificate";
        server.rejects("https", trusting(&ca), 6, refused);
        server.rejects("https", present(CertificateAuthority::new("Strange CA").client("me")), 6, refused);
    });
}
