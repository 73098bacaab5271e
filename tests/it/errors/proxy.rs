//! Errors of a proxy, and what a proxy gets to see.

use super::{Case, Part, got, shown};
use crate::support::tls::{CertificateAuthority, Validity, server};
use crate::support::{Connection, Server, pushgw};
use rustls::ALL_VERSIONS;
use std::time::Duration;

const THROUGH: &str = "can't use the proxy";

/// Answers CONNECT with these bytes.
fn connect(answer: impl Into<Vec<u8>>) -> impl Fn(&mut Connection, usize) + Send + Sync {
    let answer = answer.into();
    move |connection, _| {
        connection.read_request();
        connection.send(&answer);
    }
}

fn refuse(status: u16) -> impl Fn(&mut Connection, usize) + Send + Sync {
    connect(format!("HTTP/1.1 {status} X\r\nContent-Length: 9\r\n\r\nno tunnel"))
}

pub(super) fn cases() -> Vec<Case> {
    let tunnel = |name, words, code, part: Part| {
        Case::new(name, words, code, part)
            .gateway("https://gateway.example:9091")
            .arg("--proxy=http://{}")
            .after(|server| {
                for (method, path, body) in got(server) {
                    assert_eq!((&*method, &*path, &*body), ("CONNECT", "gateway.example:9091", ""));
                }
            })
    };
    vec![
        tunnel("the proxy needs a password", "the proxy requires authentication", 4, Box::new(refuse(407)))
            .retries(2)
            .says("http://USER:PASSWORD@PROXY:PORT")
            .says("the proxy says: no tunnel"),
        tunnel("the proxy forbids", "the proxy rejected the request", 4, Box::new(refuse(403)))
            .retries(2)
            .says("(403 Forbidden)"),
        tunnel("the proxy redirects", "the proxy rejected the request", 4, Box::new(refuse(302))),
        tunnel("the proxy finds nobody", "temporary failure of the proxy", 5, Box::new(refuse(502)))
            .retries(1)
            .connections(2)
            .says("(tried 2 times)"),
        tunnel("the proxy hangs", THROUGH, 6, Box::new(|connection, _| connection.hang()))
            .arg("--connect-timeout=300ms")
            .says("no connection within 300ms"),
        tunnel("the proxy hangs for too long", THROUGH, 6, Box::new(|connection, _| connection.hang()))
            .limit(300),
        tunnel(
            "the proxy drips",
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
        tunnel("the proxy breaks off", THROUGH, 6, Box::new(connect("HTTP/1.1 200 OK\r\n")))
            .says("the response is incomplete"),
        tunnel("the proxy is none", THROUGH, 6, Box::new(connect("SSH-2.0-x\r\n\r\n")))
            .retries(2)
            .says("the response is not HTTP"),
        tunnel("the proxy talks on", THROUGH, 6, Box::new(connect(vec![b'x'; 100_000])))
            .says("the headers are longer than 16 KiB"),
        Case::new("nobody is the proxy", THROUGH, 6, |_, _| {})
            .gateway("http://gateway.example:9091")
            .arg("--proxy=http://127.0.0.1:1")
            .any_connections()
            .says("http://127.0.0.1:1: can't connect: 127.0.0.1:1: connection refused")
            .says("--no-proxy"),
        Case::new(
            "the forwarding proxy needs a password",
            "the proxy requires authentication",
            4,
            refuse(407),
        )
        .gateway("http://gateway.example:9091")
        .env("http_proxy", "{}"),
    ]
}

fn proxied(server: &Server, gateway: &str) -> crate::support::Pushgw {
    pushgw()
        .args(["push", "-j", "x", "-m", "a 1", "-g", gateway, "--retries", "0"])
        .env("all_proxy", server.url())
}

#[test]
fn a_plain_request_is_forwarded_with_its_whole_url() {
    let proxy = Server::answering(200, "");
    let with_password = format!("http://me:pass@{}", proxy.address());
    proxied(&proxy, "http://gateway.example:9091/prefix").env("all_proxy", with_password).run();
    let request = proxy.request();
    assert_eq!(request.method, "PUT");
    assert_eq!(request.path, "http://gateway.example:9091/prefix/metrics/job/x");
    assert_eq!(request.header("host"), Some("gateway.example:9091"));
    assert_eq!(request.header("proxy-authorization"), Some("Basic bWU6cGFzcw=="));
    assert_eq!(request.body, b"a 1\n");
}

/// A proxy that grants a tunnel, and the gateway at its end.
fn tunnelling() -> Server {
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
fn credentials_for_the_gateway_are_not_handed_to_a_proxy() {
    for (name, args) in [("URL", vec![]), ("header", vec!["-H", "X-Api-Key: hunter2"])] {
        let proxy = tunnelling();
        let url = if name == "URL" { "http://me:hunter2@gateway.example" } else { "http://gateway.example" };
        let with_password = format!("http://it:proxypass@{}", proxy.address());
        proxied(&proxy, url).args(args).env("all_proxy", with_password).run();
        let requests = proxy.requests();
        let [connect, push] = &requests[..] else { panic!("{name}: {requests:#?}") };
        assert_eq!((&*connect.method, &*connect.path), ("CONNECT", "gateway.example:80"));
        assert_eq!(connect.header("authorization"), None);
        assert_eq!(connect.header("x-api-key"), None);
        assert_eq!(connect.header("proxy-authorization"), Some("Basic aXQ6cHJveHlwYXNz"));
        assert_eq!((&*push.method, &*push.path), ("PUT", "/metrics/job/x"));
        assert_eq!(push.header("proxy-authorization"), None, "nor the proxy's to the gateway");
        assert!(push.header("authorization").is_some() || push.header("x-api-key").is_some());
    }
}

#[test]
fn tls_goes_through_a_tunnel() {
    let authority = CertificateAuthority::new("Test CA");
    let config = server(&authority.server(&["gateway.example"], Validity::Now), None, ALL_VERSIONS);
    let proxy = Server::start(move |connection, _| {
        if connection.read_request().is_some() {
            connection.send("HTTP/1.1 200 OK\r\n\r\n");
            connection.serve_tls(&config);
        }
    });
    proxied(&proxy, "https://me:hunter2@gateway.example")
        .file("ca.pem", authority.pem())
        .args(["--ca-cert", "ca.pem"])
        .run();
    let paths: Vec<_> = proxy.requests().into_iter().map(|request| (request.method, request.path)).collect();
    let expected = [("CONNECT", "gateway.example:443"), ("PUT", "/metrics/job/x")];
    assert_eq!(paths, expected.map(|(method, path)| (method.to_owned(), path.to_owned())));
}

#[test]
fn a_gateway_on_this_machine_is_never_reached_through_a_proxy() {
    let (gateway, proxy) = (Server::answering(200, ""), Server::unused());
    let port = gateway.address().port();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{port}");
        proxied(&proxy, &url).env("http_proxy", proxy.url()).run();
        proxied(&proxy, &url).args(["--proxy", &proxy.url()]).run();
    }
    assert_eq!(gateway.requests().len(), 4);
}

#[test]
fn no_proxy_names_who_is_reached_straight() {
    let proxy = Server::unused();
    // Nobody is there; what matters is who is asked.
    let straight = |no_proxy: (&str, &str)| {
        let output = proxied(&proxy, "http://x.gateway.invalid")
            .env(no_proxy.0, no_proxy.1)
            .code(6)
            .stderr_has("DNS lookup failed")
            .run();
        assert!(!shown(&output).contains("proxy"), "{output}");
    };
    straight(("NO_PROXY", "other, gateway.invalid"));
    straight(("no_proxy", "*"));
    straight(("PUSHGATEWAY_NO_PROXY", "1"));
}
