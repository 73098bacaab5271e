//! Tests proxy errors, and the requests that are sent to a proxy.

use super::{Case, Handler, all_output, received};
use crate::support::tls::{CertificateAuthority, Validity, server};
use crate::support::{Connection, Destination, Pushgw, Server};
use rustls::ALL_VERSIONS;
use std::time::Duration;

const THROUGH: &str = "can't use the proxy";

/// Returns a handler that sends these bytes in response to CONNECT.
fn connect(answer: impl Into<Vec<u8>>) -> impl Fn(&mut Connection, usize) + Send + Sync {
    let answer = answer.into();
    move |connection, _| {
        connection.read_request();
        connection.send(&answer);
    }
}

fn reject(status: u16) -> impl Fn(&mut Connection, usize) + Send + Sync {
    connect(format!("HTTP/1.1 {status} X\r\nContent-Length: 9\r\n\r\nno tunnel"))
}

pub(super) fn cases() -> Vec<Case> {
    let tunnel = |name, words, code, handler: Handler| {
        Case::new(name, words, code, handler)
            .gateway("https://gateway.example:9091")
            .arg("--proxy=http://{}")
            .after(|server| {
                for (method, path, body) in received(server) {
                    assert_eq!((&*method, &*path, &*body), ("CONNECT", "gateway.example:9091", ""));
                }
            })
    };
    vec![
        tunnel(
            "the proxy requires a password",
            "the proxy requires authentication",
            4,
            Box::new(reject(407)),
        )
        .retries(2)
        .says("http://USER:PASSWORD@PROXY:PORT")
        .says("the proxy says: no tunnel"),
        tunnel("the proxy rejects the tunnel", "the proxy rejected the request", 4, Box::new(reject(403)))
            .retries(2)
            .says("(403 Forbidden)"),
        tunnel(
            "the proxy rejects with a page",
            "the proxy rejected the request",
            4,
            Box::new(connect(
                "HTTP/1.1 403 X\r\nContent-Length: 49\r\n\r\n<html><title>ERROR: Access Denied.</title></html>",
            )),
        )
        .says("(403 Forbidden): http://{}, with the HTML page `ERROR: Access Denied.`"),
        tunnel("the proxy redirects", "the proxy rejected the request", 4, Box::new(reject(302))),
        tunnel("the proxy can't connect", "temporary proxy error", 5, Box::new(reject(502)))
            .retries(1)
            .connections(2)
            .says("(tried 2 times)"),
        tunnel("the proxy hangs", THROUGH, 6, Box::new(|connection, _| connection.hang()))
            .arg("--connect-timeout=300ms")
            .says("can't connect within 300ms"),
        tunnel("the proxy hangs until the timeout", THROUGH, 6, Box::new(|connection, _| connection.hang()))
            .limit(300),
        tunnel(
            "the proxy sends a byte every 50 ms",
            THROUGH,
            6,
            Box::new(|connection, _| {
                connection.read_request();
                connection.drip(
                    "HTTP/1.1 200 OK\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
                    Duration::from_millis(50),
                );
                connection.hang();
            }),
        )
        .limit(500),
        tunnel("the proxy closes", THROUGH, 6, Box::new(connect("")))
            .says("closed the connection without a response"),
        tunnel("the proxy closes in the headers", THROUGH, 6, Box::new(connect("HTTP/1.1 200 OK\r\n")))
            .says("the response is incomplete"),
        tunnel("the proxy speaks another protocol", THROUGH, 6, Box::new(connect("SSH-2.0-x\r\n\r\n")))
            .retries(2)
            .says("the response is not HTTP"),
        tunnel("the proxy sends endless headers", THROUGH, 6, Box::new(connect(vec![b'x'; 100_000])))
            .says("the headers are larger than 16 KiB"),
        Case::new("nothing listens at the proxy's address", THROUGH, 6, |_, _| {})
            .gateway("http://gateway.example:9091")
            .arg("--proxy=http://127.0.0.1:1")
            .any_connections()
            .says("http://127.0.0.1:1: can't connect: 127.0.0.1:1: connection refused")
            .says("--no-proxy"),
        Case::new(
            "a forwarding proxy requires a password",
            "the proxy requires authentication",
            4,
            reject(407),
        )
        .gateway("http://gateway.example:9091")
        .env("http_proxy", "{}"),
    ]
}

fn push_through(server: &Server, destination: Destination, url: &str) -> Pushgw {
    destination.push_to(url).args(["--retries", "0"]).env("all_proxy", server.url())
}

#[test]
fn a_plain_request_has_an_absolute_url() {
    for destination in Destination::ALL {
        let proxy = Server::answering(200, "");
        let with_password = format!("http://me:pass@{}", proxy.address());
        let url = "http://gateway.example:9091/prefix";
        let (method, path) = match destination {
            Destination::Gateway => ("PUT", "/metrics/job/x"),
            // Its URL is used as it is given.
            Destination::Receiver => ("POST", ""),
        };
        push_through(&proxy, destination, url).env("all_proxy", with_password).run();
        let request = proxy.request();
        assert_eq!((&*request.method, &*request.path), (method, &*format!("{url}{path}")));
        assert_eq!(request.header("host"), Some("gateway.example:9091"));
        assert_eq!(request.header("proxy-authorization"), Some("Basic bWU6cGFzcw=="));
        assert!(!request.body.is_empty());
        if destination == Destination::Gateway {
            assert_eq!(request.body, b"a 1\n");
        }
    }
}

/// Starts a proxy that opens a tunnel and then acts as the server.
fn tunneling_proxy() -> Server {
    Server::start(|connection, _| {
        if connection.read_request().is_some() {
            connection.send("HTTP/1.1 200 Connection established\r\n\r\n");
            while connection.read_request().is_some() {
                connection.answer(200, &[], "");
            }
        }
    })
}

#[test]
fn credentials_of_the_server_are_not_sent_to_the_proxy() {
    for destination in Destination::ALL {
        for (name, args) in [("URL", vec![]), ("header", vec!["-H", "X-Api-Key: hunter2"])] {
            let proxy = tunneling_proxy();
            let url =
                if name == "URL" { "http://me:hunter2@gateway.example" } else { "http://gateway.example" };
            let with_password = format!("http://it:proxypass@{}", proxy.address());
            push_through(&proxy, destination, url).args(args).env("all_proxy", with_password).run();
            let requests = proxy.requests();
            let [connect, push] = &requests[..] else { panic!("{name}: {requests:#?}") };
            assert_eq!((&*connect.method, &*connect.path), ("CONNECT", "gateway.example:80"));
            assert_eq!(connect.header("authorization"), None);
            assert_eq!(connect.header("x-api-key"), None);
            assert_eq!(connect.header("proxy-authorization"), Some("Basic aXQ6cHJveHlwYXNz"));
            assert_eq!((&*push.method, &*push.path), destination.request());
            assert_eq!(
                push.header("proxy-authorization"),
                None,
                "the proxy's password is not sent to the server"
            );
            assert!(push.header("authorization").is_some() || push.header("x-api-key").is_some());
        }
    }
}

#[test]
fn tls_uses_a_tunnel() {
    let authority = CertificateAuthority::new("Test CA");
    for destination in Destination::ALL {
        let config = server(&authority.server(&["gateway.example"], Validity::Now), None, ALL_VERSIONS);
        let proxy = Server::start(move |connection, _| {
            if connection.read_request().is_some() {
                connection.send("HTTP/1.1 200 OK\r\n\r\n");
                connection.serve_tls(&config);
            }
        });
        push_through(&proxy, destination, "https://me:hunter2@gateway.example")
            .file("ca.pem", authority.pem())
            .args(["--ca-cert", "ca.pem"])
            .run();
        let requests = proxy.requests();
        let paths: Vec<_> = requests.iter().map(|request| (&*request.method, &*request.path)).collect();
        assert_eq!(paths, [("CONNECT", "gateway.example:443"), destination.request()]);
    }
}

#[test]
fn a_local_server_is_never_reached_through_a_proxy() {
    for destination in Destination::ALL {
        let (server, proxy) = (Server::answering(200, ""), Server::unused());
        let port = server.address().port();
        for host in ["127.0.0.1", "localhost"] {
            let url = format!("http://{host}:{port}");
            push_through(&proxy, destination, &url).env("http_proxy", proxy.url()).run();
            push_through(&proxy, destination, &url).args(["--proxy", &proxy.url()]).run();
        }
        assert_eq!(server.requests().len(), 4);
    }
}

#[test]
fn no_proxy_hosts_are_reached_directly() {
    let proxy = Server::unused();
    // The host does not exist, so the error shows whether the proxy or the server was contacted.
    let direct = |no_proxy: (&str, &str)| {
        for destination in Destination::ALL {
            let output = push_through(&proxy, destination, "http://x.gateway.invalid")
                .env(no_proxy.0, no_proxy.1)
                .code(6)
                .stderr_has("DNS lookup failed")
                .run();
            assert!(!all_output(&output).contains("proxy"), "{output}");
        }
    };
    direct(("NO_PROXY", "other, gateway.invalid"));
    direct(("no_proxy", "*"));
    direct(("PUSHGATEWAY_NO_PROXY", "1"));
}
