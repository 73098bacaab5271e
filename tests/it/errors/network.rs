//! Errors before a request can be sent: host names, addresses, and Unix sockets.

use super::{Case, push};
use crate::support::{Server, newest_gateway, pushgw};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

/// A name that is too long for DNS.
fn unknown_host() -> String {
    let part = |letter: &str, length| letter.repeat(length);
    format!("http://{}.{}.{}.{}", part("a", 63), part("b", 63), part("c", 63), part("d", 62))
}

/// A port on which nothing listens. It is kept bound so that no other process can listen on it.
pub(super) fn closed_port() -> (rustix::fd::OwnedFd, u16) {
    let bound = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&bound, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = SocketAddr::try_from(rustix::net::getsockname(&bound).unwrap()).unwrap().port();
    (bound, port)
}

pub(super) fn cases() -> Vec<Case> {
    let unused = |_: &mut crate::support::Connection, _: usize| {};
    let unknown_host: &'static str = unknown_host().leak();
    vec![
        Case::new("a name without an address", "DNS lookup failed", 6, unused)
            .gateway(unknown_host)
            .any_connections()
            .gateway_says("-g or PUSHGATEWAY_URL"),
        Case::new("nothing listens", "can't connect", 6, unused)
            .gateway("http://127.0.0.1:1")
            .any_connections()
            .says("127.0.0.1:1: connection refused"),
        Case::new("no address accepts connections", "can't connect", 6, unused)
            .gateway("http://localhost:1")
            .any_connections()
            .retries(1)
            .says("[::1]:1: ")
            .says("; 127.0.0.1:1: connection refused (tried 2 times)"),
        Case::new("no such Unix socket", "can't connect", 6, unused)
            .arg("--unix-socket=nowhere.sock")
            .any_connections()
            .says("nowhere.sock: no such file or directory"),
    ]
}

#[test]
fn a_refused_connection_is_retried() {
    let (_bound, port) = closed_port();
    let output = pushgw()
        .args(["push", "-j", "x", "-m", "a 1", "-v", "-g", &format!("127.0.0.1:{port}")])
        .code(6)
        .stderr_has("(tried 3 times)")
        .run();
    assert_eq!(output.stderr().matches("note: attempt ").count(), 2, "{output}");
}

/// A listener whose queue is full and never emptied: further connections get no response at all.
#[test]
fn connecting_to_a_silent_address_times_out() {
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&listener, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    listen(&listener, 0).unwrap();
    let address = SocketAddr::try_from(rustix::net::getsockname(&listener).unwrap()).unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queue.push(stream);
        assert!(queue.len() < 100, "the queue never fills");
    }
    let push = || pushgw().args(["push", "-j", "x", "-m", "a 1", "-g", &format!("http://{address}")]);
    push()
        .args(["--connect-timeout", "200ms", "--retries", "1"])
        .code(6)
        .stderr_has("can't connect within 200ms (tried 2 times)")
        .run();
    // The limit for the whole call has the same effect: nothing can have been stored.
    push().args(["--timeout", "200ms"]).code(6).stderr_has("can't connect within 200ms").run();
}

#[test]
fn localhost_tries_ipv4_and_ipv6() {
    for host in ["127.0.0.1", "::1"] {
        let Ok(listener) = TcpListener::bind((host, 0)) else {
            assert_eq!(host, "::1", "no IPv4 on this machine");
            continue;
        };
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"a 1\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        });
        pushgw().args(["push", "-j", "x", "-m", "a 1", "-g", &format!("localhost:{port}")]).run();
        server.join().unwrap();
    }
}

#[test]
fn a_push_goes_through_a_unix_socket() {
    let call = pushgw();
    let path = call.directory().join("gw.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"a 1\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8(request).unwrap()
    });
    // The host name is not resolved, and no proxy is used.
    call.args(["push", "-j", "x", "-m", "a 1", "-g", "http://gw.example/prefix", "--unix-socket", "gw.sock"])
        .env("http_proxy", "http://127.0.0.1:1")
        .run();
    let request = server.join().unwrap().to_lowercase();
    assert!(request.starts_with("put /prefix/metrics/job/x http/1.1\r\nhost: gw.example\r\n"), "{request}");
}

#[test]
fn a_silent_unix_socket_times_out() {
    let call = pushgw();
    let listener = UnixListener::bind(call.directory().join("gw.sock")).unwrap();
    call.args(["push", "-j", "x", "-m", "a 1", "--unix-socket", "gw.sock", "--timeout", "300ms"])
        .code(7)
        .stderr_has("no response within 300ms")
        .run();
    drop(listener);
}

#[test]
fn connecting_to_a_full_unix_socket_times_out() {
    let call = pushgw();
    let path = call.directory().join("gw.sock");
    let server = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    bind(&server, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    listen(&server, 0).unwrap();
    // One connection fits into the queue; the next one would wait forever.
    let first = UnixStream::connect(&path).unwrap();
    call.args(["push", "-j", "x", "-m", "a 1", "--unix-socket", "gw.sock", "--timeout", "200ms"])
        .code(6)
        .stderr_has("can't connect within 200ms")
        .run();
    drop((first, server));
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let server = Server::answering(200, "");
    let names = [
        "TIMEOUT",
        "CONNECT_TIMEOUT",
        "RETRIES",
        "USER",
        "PASSWORD",
        "PASSWORD_FILE",
        "BEARER_TOKEN",
        "BEARER_TOKEN_FILE",
        "HEADER",
        "CA_CERT",
        "CERT",
        "KEY",
        "INSECURE",
        "PROXY",
        "NO_PROXY",
        "UNIX_SOCKET",
        "COMPRESS",
        "URL",
        "REMOTE_WRITE",
    ];
    let call = names.iter().fold(push(&server), |call, name| call.env(format!("PUSHGATEWAY_{name}"), ""));
    ["http_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]
        .iter()
        .fold(call, |call, name| call.env(name, ""))
        .run();
}

#[test]
fn a_group_url_in_pushgateway_url_is_rejected() {
    pushgw()
        .args(["push", "-j", "x", "-m", "a 1"])
        .env("PUSHGATEWAY_URL", "http://gw:9091/metrics/job/x")
        .code(2)
        .stderr_has("PUSHGATEWAY_URL: ")
        .stderr_has("--url")
        .run();
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn every_form_of_a_gateway_url_works() {
    let gateway = crate::support::Gateway::start(newest_gateway(), &[]);
    let port = gateway.address().port();
    for url in [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}/"),
        format!("http://LOCALHOST.:{port}/metrics"),
    ] {
        gateway.clear();
        pushgw().args(["push", "-j", "x", "-m", "a 1", "-g", &url]).run();
        assert_eq!(gateway.keys().len(), 1, "{url}");
    }
}
