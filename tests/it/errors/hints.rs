//! Tests the hints for failed requests. For each kind of wrong server, the hint contains the option or URL that was
//! meant, with the values as typed.

use super::network::closed_port;
use crate::support::{Connection, Destination, Prometheus, Server, prometheus_versions, pushgw};

const PUSH: &[&str] = &["push", "-j", "x", "-m", "a 1", "--retries=0"];
const DELETE: &[&str] = &["delete", "-f", "-j", "x"];

/// Starts a server that answers every request with this status, headers and body.
fn answering(status: u16, headers: &'static [(&str, &str)], body: &'static str) -> Server {
    Server::start(move |connection, _| {
        while connection.read_request().is_some() {
            connection.answer(status, headers, body);
        }
    })
}

/// Runs a command. `{}` is replaced by the server's host and port.
#[track_caller]
fn says(server: &Server, args: &[&str], code: i32, parts: &[&str]) {
    let address = server.address().to_string();
    let fill = |text: &&str| text.replace("{}", &address);
    let mut call = pushgw().args(args.iter().map(fill)).code(code);
    if !args.iter().any(|arg| arg.starts_with("-g") || arg.starts_with("--url")) {
        call = call.env("PUSHGATEWAY_URL", server.url());
    }
    for part in parts.iter().map(fill) {
        call = call.stderr_has(&part);
    }
    call.run();
}

/// Runs a push to each destination, by its option if there is a URL, and else by its variable.
#[track_caller]
fn push_says(server: &Server, url: Option<&str>, code: i32, parts: &[&str]) {
    let fill = |text: &str| text.replace("{}", &server.address().to_string());
    for destination in Destination::ALL {
        let call = match url {
            Some(url) => destination.push_to(&fill(url)),
            None => destination.push().env(destination.variable(), server.url()),
        };
        let call = call.arg("--retries=0").code(code);
        parts.iter().fold(call, |call, part| call.stderr_has(fill(&destination.words(part)))).run();
    }
}

#[test]
fn plain_http_to_a_tls_port_names_the_https_url() {
    for (headers, body) in [
        (&[][..], "Client sent an HTTP request to an HTTPS server.\n"),
        (
            &[("Content-Type", "text/html")],
            "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
        ),
        (
            &[("Content-Type", "text/html; charset=iso-8859-1")],
            "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<title>400 Bad Request</title>\n<p>Reason: \
             You're speaking plain HTTP to an SSL-enabled server port.<br />",
        ),
        (&[], "Bad Request\r\nThis combination of host and port requires TLS.\r\n"),
    ] {
        let server = answering(400, headers, body);
        let hint = "hint: the server requires TLS: use -g https://{}/p\n";
        says(&server, &[PUSH, &["-g", "{}/p"]].concat(), 4, &[hint]);
        says(&server, &[DELETE, &["-g", "http://{}/p"]].concat(), 4, &[hint]);
        says(&server, &["list"], 4, &["hint: the server requires TLS: use PUSHGATEWAY_URL=https://{}\n"]);
        push_says(&server, None, 4, &["hint: the server requires TLS: use PUSHGATEWAY_URL=https://{}\n"]);
        push_says(&server, Some("{}"), 4, &["hint: the server requires TLS: use -g https://{}\n"]);
        let url = "--url=http://{}/metrics/job/x";
        says(&server, &["push", "-m", "a 1", url], 4, &["use --url https://{}/metrics/job/...\n"]);
        says(
            &server,
            &["show", "-j", "x", "-g", "http://me:pw@{}"],
            4,
            &["use -g https://USER:PASSWORD@{}\n"],
        );
    }
}

#[test]
fn tls_to_a_plain_port_names_the_http_url() {
    let server = Server::start(|connection, _| {
        connection.read_bytes(5);
        connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let hint = "if the server does not use TLS, use -g http://{}\n";
    push_says(&server, Some("https://{}"), 6, &[hint]);
}

#[test]
fn a_page_is_reduced_to_its_title() {
    let page = "<html><head><title>403 Access denied</title></head><body><h1>No</h1>Lorem ipsum</body>";
    for headers in
        [&[("Content-Type", "text/html")][..], &[("Content-Type", "TEXT/html; charset=utf-8")], &[]]
    {
        let server = answering(403, headers, page);
        for destination in Destination::ALL {
            let call = destination.push_to(&server.url()).code(4);
            let output = call.stderr_has("(403 Forbidden), with the HTML page `403 Access denied`\n").run();
            assert!(!output.stderr().contains("Lorem"), "{output}");
        }
    }
    let server = answering(502, &[("Content-Type", "text/html")], "<title>502 Bad Gateway</title>");
    says(&server, &["list", "--retries=0"], 5, &["(502 Bad Gateway), with an HTML page\n"]);
}

#[test]
fn a_login_page_is_recognized() {
    let page = "<!doctype html><title>Sign in - SSO</title>";
    let server = answering(200, &[("Content-Type", "text/html")], page);
    push_says(
        &server,
        None,
        1,
        &["with the HTML page `Sign in - SSO`\nhint: this is a login page", "-u USER"],
    );
    for command in [DELETE, &["list"], &["show", "--all"], &["status"]] {
        says(
            &server,
            command,
            1,
            &["with the HTML page `Sign in - SSO`\nhint: this is a login page", "-u USER"],
        );
    }
    for location in ["/login?rd=/metrics/job/x", "https://sso.corp/oauth2/authorize?state=1", "/auth/saml"] {
        let server = Server::start(move |connection, _| {
            connection.read_request();
            connection.answer(302, &[("Location", location)], "");
        });
        push_says(&server, None, 4, &["hint: this is a login page", "-u USER"]);
    }
}

#[test]
fn a_redirect_names_the_gateway_s_url() {
    let redirecting = |to: fn(&str, &str) -> String| {
        Server::start(move |connection: &mut Connection, _| {
            while let Some(request) = connection.read_request() {
                let location = to(request.header("host").unwrap(), &request.path);
                connection.answer(301, &[("Location", &location)], "");
            }
        })
    };
    let server = redirecting(|host, path| format!("https://{host}{path}"));
    says(&server, &[PUSH, &["-g", "{}"]].concat(), 4, &["hint: use -g https://{}\n"]);
    says(&server, &["list", "-g", "http://{}/p"], 4, &["hint: use -g https://{}/p\n"]);
    // The job name must not be mistaken for the path of a login page.
    let login = ["push", "-j", "oauth", "-m", "a 1", "-g", "{}"];
    says(&server, &login, 4, &["hint: use -g https://{}\n"]);
    let server = redirecting(|_, path| format!("http://other:9091/prefix{path}"));
    says(
        &server,
        &[PUSH, &["-g", "{}"]].concat(),
        4,
        &["hint: if other:9091 is your gateway, use -g http://other:9091/prefix\n"],
    );
    let server = redirecting(|_, path| format!("/prefix{path}"));
    says(&server, &[PUSH, &["-g", "{}"]].concat(), 4, &["hint: use -g http://{}/prefix\n"]);
    let server = redirecting(|host, _| format!("http://{host}/"));
    says(&server, PUSH, 4, &["hint: a redirect can lead to another group or server"]);
}

#[test]
fn a_missing_path_has_a_likely_cause() {
    let missing = answering(404, &[], "404 page not found\n");
    says(&missing, &[PUSH, &["-g", "{}/push"]].concat(), 4, &["hint: is the path `/push` right?\n"]);
    let prefix = "if the gateway has a path prefix (--web.route-prefix), add it: -g http://{}/prefix\n";
    let another = "hint: is it the right server? `pushgw status` checks it\n";
    says(&missing, &[PUSH, &["-g", "{}"]].concat(), 4, &[another, prefix]);
    says(&missing, &["list", "-g", "{}"], 4, &[&format!("hint: {prefix}")]);
    let ingress = answering(404, &[], "default backend - 404");
    for command in [PUSH, DELETE, &["list"]] {
        says(&ingress, command, 4, &["hint: this is the default backend of an ingress"]);
    }
    let method = answering(405, &[], "Method Not Allowed\n");
    says(&method, PUSH, 4, &["hint: does a proxy in front of the gateway reject PUT, or rewrite every path"]);
    let delete = [DELETE, &["-g", "{}/push"]].concat();
    says(&method, &delete, 4, &["reject DELETE, or rewrite", "is the path `/push` right?\n"]);
    for command in [&["list"][..], &["show", "-j", "x"], &["status"], &["delete", "-j", "x"]] {
        let says_proxy =
            "hint: does a proxy in front of the gateway reject GET, or rewrite every path to `/`? is";
        says(&method, command, 4, &[&format!("{says_proxy} this the gateway's URL?\n")]);
        let command = [command, &["-g", "{}/push"]].concat();
        says(&method, &command, 4, &[&format!("{says_proxy} the path `/push` right?\n")]);
    }
}

#[test]
fn metrics_identify_another_server() {
    let server = Server::start(|connection, _| {
        while let Some(request) = connection.read_request() {
            match request.path.as_str() {
                "/metrics" => connection.answer(200, &[], "node_exporter_build_info{version=\"1\"} 1\n"),
                _ => connection.answer(404, &[], "404 page not found\n"),
            }
        }
    });
    for command in [&["list"][..], &["status"], &["show", "--all"]] {
        says(&server, command, 1, &["this is a node_exporter server, not a Pushgateway\n"]);
    }
}

#[test]
#[ignore = "needs real servers"]
fn prometheus_is_recognized() {
    for program in prometheus_versions() {
        let server = Prometheus::start(program, &["127.0.0.1:1".parse().unwrap()]);
        let commands =
            [(PUSH, 4), (DELETE, 4), (&["list"][..], 1), (&["status"], 1), (&["delete", "-j", "x"], 1)];
        for (command, code) in commands {
            let call = pushgw().args(command).env("PUSHGATEWAY_URL", format!("http://{}", server.address()));
            call.code(code).stderr_has("this is a Prometheus server, not a Pushgateway\n").run();
        }
        let url = format!("http://{}", server.address());
        let hint = format!(
            "\nhint: this is a Prometheus server, not a Pushgateway\n      \
             if it runs with --web.enable-remote-write-receiver, use the same command with --remote-write {url} in place of -g\n"
        );
        pushgw().args(PUSH).args(["-g", &url]).code(4).stderr_has(&hint).run();
        let run = |options: &[&str]| {
            pushgw().args(["run", "-j", "x", "-g", &url]).args(options).args(["--", "true"])
        };
        run(&[]).stderr_has("warning: x exited with status 0, but").stderr_has(&hint).run();
        run(&["--require-push"]).code(4).stderr_has("error: x exited with status 0").stderr_has(&hint).run();
    }
}

/// Starts a server that answers pushgw's requests like Prometheus.
fn prometheus() -> Server {
    Server::start(|connection, _| {
        while let Some(request) = connection.read_request() {
            match request.path.as_str() {
                "/-/healthy" => connection.answer(200, &[], "Prometheus Server is Healthy.\n"),
                "/metrics" => connection.answer(200, &[], "prometheus_build_info{version=\"3\"} 1\n"),
                _ => connection.answer(404, &[], "404 page not found\n"),
            }
        }
    })
}

#[test]
fn a_push_to_prometheus_names_remote_write() {
    let server = prometheus();
    let what = "this is a Prometheus server, not a Pushgateway\n";
    let flag = "--web.enable-remote-write-receiver, use the same command with";
    let option = format!("{flag} --remote-write http://{{}} in place of -g\n");
    says(&server, &[PUSH, &["-g", "{}"]].concat(), 4, &[what, &option]);
    let with_login = option.replace("http://", "http://USER:PASSWORD@");
    says(&server, &[PUSH, &["-g", "http://me:pw@{}"]].concat(), 4, &[what, &with_login]);
    let variable = format!("{flag} PUSHGATEWAY_REMOTE_WRITE=http://{{}} in place of PUSHGATEWAY_URL\n");
    says(&server, PUSH, 4, &[what, &variable]);
    let groups = "# pushgw group /metrics/job/x\na 1\n";
    let call = pushgw().args(["push", "--groups", "f", "--retries=0"]).file("f", groups);
    let said = call.env("PUSHGATEWAY_URL", server.url()).code(4).stderr_has(what).run().stderr();
    assert!(!said.contains("remote-write"), "{said}");
    let reads = "hint: Prometheus has no groups. push, add and run can send to it with --remote-write URL, and \
                 `pushgw status --remote-write URL` checks it\n";
    for command in [&["list"][..], &["status"], &["delete", "-j", "x"]] {
        says(&server, command, 1, &[what, reads]);
    }
    says(&server, DELETE, 4, &[&format!("hint: {what}")]);
}

#[test]
fn a_remote_write_url_is_not_a_gateway_url() {
    for url in ["http://p:9090/api/v1/write", "p:9090/api/v1/write/", "http://p/api/v1/write?token=hunter2"] {
        for (origin, call) in [
            ("--gateway", pushgw().args(PUSH).args(["-g", url])),
            ("PUSHGATEWAY_URL", pushgw().arg("status").env("PUSHGATEWAY_URL", url)),
        ] {
            call.code(2)
                .stderr(format!(
                    "error: {origin}: this is a remote-write URL, not a gateway URL\n\
                     hint: use --remote-write URL or PUSHGATEWAY_REMOTE_WRITE\n"
                ))
                .run();
        }
    }
}

#[test]
fn a_rejected_body_names_the_compression() {
    let gzip = &["--compress", "gzip"][..];
    for (status, options, hint) in [
        (413, &[][..], "push smaller groups, or try --compress gzip\n"),
        (413, gzip, "limits the size: push smaller groups\n"),
        (415, &[], "hint: the body was text without compression: is the server a Pushgateway?"),
        (
            415,
            gzip,
            "hint: does this gateway accept gzip? aggregation gateways do not; try --compress none\n",
        ),
    ] {
        says(&answering(status, &[], ""), &[PUSH, options].concat(), 4, &[hint]);
    }
}

#[test]
fn a_wait_that_the_server_requests_is_named() {
    let server = answering(429, &[("Retry-After", "3600")], "");
    push_says(&server, None, 5, &["(429 Too Many Requests); the server asks to wait 3600s\nhint: increase "]);
}

#[test]
fn a_rejected_login_differs_from_a_missing_one() {
    let denied = answering(401, &[], "");
    push_says(&denied, None, 4, &["the server requires a login (401 Unauthorized)\nhint: use -u USER with"]);
    let forbidden = answering(403, &[], "");
    push_says(&forbidden, None, 4, &["requests without credentials are forbidden (403 Forbidden)\nhint: "]);
    for destination in Destination::ALL {
        let push = |server: &Server| destination.push_to(&server.url()).code(4).file("secret", "hunter2");
        let call = || push(&denied);
        let rejected = "the server rejected the credentials (401 Unauthorized)\nhint: check the ";
        let with_password = call().args(["-u", "me", "--password-file", "secret"]);
        with_password.stderr_has(rejected).stderr_has("user `me`").run();
        let token = format!("{rejected}token in secret\n");
        call().args(["--bearer-token-file", "secret"]).stderr_has(token).run();
        call().args(["-H", "X-Key: hunter2"]).stderr_has(format!("{rejected}user and password")).run();
        push(&forbidden)
            .args(["--bearer-token-file", "secret"])
            .stderr_has("the request is forbidden (403 Forbidden)\n")
            .run();
    }
}

#[test]
fn a_gateway_without_scheme_and_port_gets_the_default_port() {
    for (gateway, url) in [
        ("127.0.0.1", "http://127.0.0.1:9091"),
        ("gw", "http://gw:9091"),
        ("gw/prefix/", "http://gw:9091/prefix"),
        ("me:pw@gw", "http://gw:9091"),
        ("http://gw", "http://gw"),
        ("https://gw", "https://gw"),
        ("gw:80", "http://gw:80"),
    ] {
        let call = || pushgw().args(["push", "-n", "-j", "x", "-m", "a 1"]);
        call().args(["-g", gateway]).stdout_has(format!("PUT {url}/metrics/job/x\n")).run();
        call().env("PUSHGATEWAY_URL", gateway).stdout_has(format!("PUT {url}/metrics/job/x\n")).run();
    }
    // The default port is the same as in curl, because such URLs come from curl commands.
    let call = pushgw().args(["push", "-n", "-m", "a 1", "--url", "gw/metrics/job/x"]);
    call.stdout_has("PUT http://gw/metrics/job/x\n").run();
}

#[test]
fn a_path_for_url_keeps_the_credentials_of_the_gateway() {
    let server = answering(200, &[], "");
    let gateway = format!("http://me:pw@{}/prefix", server.address());
    pushgw().args(["push", "-m", "a 1", "--url", "/metrics/job/x", "-g", &gateway]).run();
    let request = server.request();
    assert_eq!(
        (request.path.as_str(), request.header("authorization")),
        ("/prefix/metrics/job/x", Some("Basic bWU6cHc="))
    );
}

#[test]
fn a_port_on_which_nothing_listens_has_a_hint() {
    let (_bound, port) = closed_port();
    let call = || pushgw().args(["list", "--retries=0"]).code(6);
    let named = "hint: is the gateway running, and is the port right? the default is 9091\n";
    call().args(["-g", &format!("localhost:{port}")]).stderr_has(named).run();
    call().env("PUSHGATEWAY_URL", format!("http://127.0.0.1:{port}")).stderr_has(named).run();
    let call = call().args(["--unix-socket", "http://me:hunter2@gw"]);
    let output = call.stderr_has("gw: no such file or directory\nhint: is the server running, and").run();
    assert!(!output.stderr().contains("hunter2"), "{output}");
}

#[test]
fn a_closed_connection_is_a_conflict_only_for_a_push() {
    let server = Server::start(|connection, _| {
        while connection.read_request().is_some_and(|request| request.method == "GET") {
            connection.answer(404, &[], "");
        }
    });
    says(&server, PUSH, 6, &["hint: Pushgateway 1.11.0"]);
    says(&server, DELETE, 6, &["hint: check the port; if the server requires TLS"]);
    let server = Server::start(|connection, _| {
        connection.read_request();
    });
    for command in [&PUSH[..5], &["list"], &["status"], &["show", "--all"], &["delete", "-j", "x"], DELETE] {
        let call = pushgw().args(command).args(["--retries=0", "-g", &server.address().to_string()]).code(6);
        let hint =
            format!("hint: check the port; if the server requires TLS, use -g https://{}", server.address());
        let output = call.stderr_has(&hint).run();
        assert!(!output.stderr().contains("1.11.0"), "{output}");
    }
}

#[test]
fn a_compressed_response_is_an_error() {
    let server = answering(200, &[("Content-Encoding", "gzip")], "\u{1f}\u{8b}");
    for command in [&["list"][..], &["show", "--all"]] {
        says(&server, command, 1, &["the response is compressed (gzip), but pushgw requested `identity`\n"]);
    }
    let asked = server.requests();
    assert!(asked.iter().all(|request| request.header("accept-encoding") == Some("identity")));
    // The text of a compressed error page is not shown, because it is unreadable.
    let server = answering(400, &[("Content-Encoding", "br")], "\u{1f}\u{8b}");
    let call = pushgw().args(PUSH).env("PUSHGATEWAY_URL", server.url()).code(4);
    let output = call.stderr_has("(400 Bad Request)").run();
    assert!(!output.stderr().contains("says"), "{output}");
}
