//! Real Pushgateways of each version with basic authentication, TLS and client certificates (`--web.config.file`).

use crate::support::tls::{CertificateAuthority, Pair, Validity};
use crate::support::{Gateway, Program, Pushgw, gateways, pushgw};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A test vector of `crypt_blowfish`: `U*U` at the lowest cost.
pub(crate) const HASH: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
pub(crate) const PASSWORD: &str = "U*U";

pub(crate) const USERS: &str = "basic_auth_users:\n  me: ";

/// A gateway with a `--web.config.file`.
pub(crate) struct ProtectedGateway {
    gateway: Gateway,
    folder: TempDir,
}

impl ProtectedGateway {
    /// Starts a gateway with this configuration. `DIR` is replaced by a folder with the server's certificate and the CA's.
    pub(crate) fn start(
        program: &Program,
        config: &str,
        flags: &[&str],
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
        Self { gateway: Gateway::start(program, &[flags, &[&flag]].concat()), folder }
    }

    /// The path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in the folder and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Asserts that every command works with these options.
    fn accepts(&self, scheme: &str, options: impl Fn(Pushgw) -> Pushgw) {
        let call = |args: &[&str]| options(pushgw().args(args)).env("PUSHGATEWAY_URL", self.url(scheme));
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
        let call = pushgw().args(["push", "-j", "guarded", "-m", "a 1", "--retries", "0"]);
        options(call).env("PUSHGATEWAY_URL", self.url(scheme)).code(code).stderr_has(message).run();
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        // By name, because certificates for addresses are rare.
        format!("{scheme}://localhost:{}", self.gateway.address().port())
    }
}

fn on_each(config: &str, test: impl Fn(&ProtectedGateway, &CertificateAuthority)) {
    let authority = CertificateAuthority::new("Test CA");
    let server = authority.server(&["localhost"], Validity::Now);
    for program in gateways() {
        eprintln!("Pushgateway {}", program.version);
        test(&ProtectedGateway::start(program, config, &[], &authority, &server), &authority);
    }
}

fn with_password(call: Pushgw) -> Pushgw {
    call.args(["--user", "me"]).env("PUSHGATEWAY_PASSWORD", PASSWORD)
}

fn trusting(ca: &Path) -> impl Fn(Pushgw) -> Pushgw {
    move |call| call.arg("--ca-cert").arg(ca)
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn basic_authentication() {
    on_each(&format!("{USERS}{HASH}\n"), |gateway, _| {
        gateway.accepts("http", with_password);
        gateway.accepts("http", |call| {
            call.file("secret", format!("{PASSWORD}\n")).args(["-u", "me", "--password-file", "secret"])
        });
        let in_url = gateway.url("http").replace("//", "//me:U%2AU@");
        pushgw().args(["push", "-j", "guarded", "-m", "a 1", "-g", &in_url]).run();
        gateway.rejects("http", |call| call, 4, "the server requires a login (401 Unauthorized)");
        let wrong = |call: Pushgw| call.args(["-u", "me"]).env("PUSHGATEWAY_PASSWORD", "wrong");
        let words = format!("{} says: Unauthorized", gateway.url("http").replace("http://", ""));
        gateway.rejects("http", wrong, 4, &words);
        let rejected = "the server rejected the credentials (401 Unauthorized)";
        gateway.rejects("http", wrong, 4, rejected);
    });
}

/// The push is rejected after its headers, while 30 MB of it have not been sent yet.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn a_large_push_without_a_password_gets_the_error() {
    on_each(&format!("{USERS}{HASH}\n"), |gateway, _| {
        let text = [vec![b'#'; 30 << 20], b"\na 1\n".to_vec()].concat();
        let call = |call: Pushgw| call.file("large.prom", &text).arg("large.prom");
        let push = pushgw().args(["push", "-j", "guarded", "--retries", "0"]);
        call(push)
            .env("PUSHGATEWAY_URL", gateway.url("http"))
            .code(4)
            .stderr_has("the server requires a login (401 Unauthorized)")
            .run();
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn tls() {
    let config = format!(
        "tls_server_config:\n  cert_file: DIR/server.pem\n  key_file: DIR/server.key\n{USERS}{HASH}\n"
    );
    on_each(&config, |gateway, _| {
        let ca = gateway.path("ca.pem");
        gateway.accepts("https", |call| trusting(&ca)(with_password(call)));
        gateway.accepts("https", |call| with_password(call).arg("--insecure"));
        let stranger = "is not signed by a trusted CA: `localhost` is signed by `Test CA`";
        let others = gateway.write("others.pem", &CertificateAuthority::new("Another CA").pem());
        let trusting_others = |call| with_password(call).env("SSL_CERT_FILE", &others);
        gateway.rejects("https", trusting_others, 6, stranger);
        gateway.rejects("https", trusting(&ca), 4, "the server requires a login (401 Unauthorized)");
        // A TLS server responds to plain HTTP with 400 and this message.
        gateway.rejects("http", with_password, 4, "Client sent an HTTP request to an HTTPS server");
        let use_https = format!("the server requires TLS: use PUSHGATEWAY_URL={}", gateway.url("https"));
        gateway.rejects("http", with_password, 4, &use_https);
        let by_address = format!("https://{}", gateway.gateway.address());
        pushgw()
            .args(["push", "-j", "guarded", "-m", "a 1", "-g", &by_address])
            .arg("--ca-cert")
            .arg(&ca)
            .code(6)
            .stderr_has("the server's certificate is for a different host: expected 127.0.0.1")
            .run();
    });
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn client_certificates() {
    let config = "tls_server_config:\n  cert_file: DIR/server.pem\n  key_file: DIR/server.key\n  \
                  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: DIR/ca.pem\n";
    on_each(config, |gateway, authority| {
        let ca = gateway.path("ca.pem");
        let present = |pair: Pair| {
            let ca = ca.clone();
            move |call: Pushgw| {
                trusting(&ca)(call)
                    .file("cert.pem", &pair.certificate)
                    .file("key.pem", &pair.key)
                    .args(["--cert", "cert.pem", "--key", "key.pem"])
            }
        };
        gateway.accepts("https", present(authority.client("me")));
        let refused = "the server requires a valid client certificate";
        gateway.rejects("https", trusting(&ca), 6, refused);
        gateway.rejects("https", present(CertificateAuthority::new("Strange CA").client("me")), 6, refused);
    });
}
