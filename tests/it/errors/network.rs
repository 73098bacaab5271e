//! Tests errors that occur before a request can be sent: host names, addresses, and Unix sockets.

use super::{Case, push};
use crate::support::{Destination, Server, newest_gateway, pushgw};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

/// Returns a host name that is too long for DNS.
fn unknown_host() -> String {
    let part = |letter: &str, length| letter.repeat(length);
    format!("http://{}.{}.{}.{}", part("a", 63), part("b", 63), part("c", 63), part("d", 62))
}

/// Returns a port on which nothing listens. The socket stays bound, so that no other process can listen on the port.
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
    for destination in Destination::ALL {
        let output = destination
            .push_to(&format!("127.0.0.1:{port}"))
            .arg("-v")
            .code(6)
            .stderr_has("(tried 3 times)")
            .run();
        assert_eq!(output.stderr().matches("note: attempt ").count(), 2, "{output}");
    }
}

/// Uses a listener with a full queue that never accepts, so further connections get no response.
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
    for destination in Destination::ALL {
        let push = || destination.push_to(&format!("http://{address}"));
        push()
            .args(["--connect-timeout", "200ms", "--retries", "1"])
            .code(6)
            .stderr_has("can't connect within 200ms (tried 2 times)")
            .run();
        // The total time limit has the same effect, because nothing can have been stored.
        push().args(["--timeout", "200ms"]).code(6).stderr_has("can't connect within 200ms").run();
    }
}

/// Reads one request, answers it with a success, and returns its head.
fn answer_one(mut stream: impl Read + Write) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let (_, length) = head.split_once("\r\ncontent-length: ").unwrap();
    let length = length.split_once("\r\n").unwrap().0.parse().unwrap();
    stream.read_exact(&mut vec![0; length]).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    head
}

#[test]
fn localhost_tries_ipv4_and_ipv6() {
    for (destination, host) in Destination::ALL.into_iter().flat_map(|one| [(one, "127.0.0.1"), (one, "::1")])
    {
        let Ok(listener) = TcpListener::bind((host, 0)) else {
            assert_eq!(host, "::1", "no IPv4 on this machine");
            continue;
        };
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            answer_one(stream);
        });
        destination.push_to(&format!("localhost:{port}")).run();
        server.join().unwrap();
    }
}

#[test]
fn a_push_goes_through_a_unix_socket() {
    for destination in Destination::ALL {
        let (method, path) = destination.request();
        let url = match destination {
            Destination::Gateway => "http://gw.example/prefix",
            Destination::Receiver => "http://gw.example/prefix/api/v1/write",
        };
        let call = destination.push_to(url).args(["--unix-socket", "gw.sock"]);
        let listener = UnixListener::bind(call.directory().join("gw.sock")).unwrap();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            answer_one(stream)
        });
        // The host name is not resolved, and no proxy is used.
        call.env("http_proxy", "http://127.0.0.1:1").run();
        let head = server.join().unwrap();
        let start = format!("{} /prefix{path} http/1.1\r\nhost: gw.example\r\n", method.to_lowercase());
        assert!(head.starts_with(&start), "{head}");
    }
}

#[test]
fn a_silent_unix_socket_times_out() {
    for destination in Destination::ALL {
        let call = destination.push_to("http://gw.example");
        let listener = UnixListener::bind(call.directory().join("gw.sock")).unwrap();
        call.args(["--unix-socket", "gw.sock", "--timeout", "300ms"])
            .code(7)
            .stderr_has("no response within 300ms")
            .run();
        drop(listener);
    }
}

#[test]
fn connecting_to_a_full_unix_socket_times_out() {
    for destination in Destination::ALL {
        let call = destination.push_to("http://gw.example");
        let path = call.directory().join("gw.sock");
        let server = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        bind(&server, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        listen(&server, 0).unwrap();
        // One connection fits into the queue; the next one would wait forever.
        let first = UnixStream::connect(&path).unwrap();
        call.args(["--unix-socket", "gw.sock", "--timeout", "200ms"])
            .code(6)
            .stderr_has("can't connect within 200ms")
            .run();
        drop((first, server));
    }
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
