//! A real nginx in front of a real Pushgateway or receiver: its pages and rules are those that users meet. The pages of other servers
//! are scripted in `errors`.

use crate::authentication::RealServer;
use crate::support::{
    Destination, Gateway, LocalServer, Pushgw, fetch, newest_gateway, prometheus_versions, pushgw,
};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;

const CONFIG: &str = r#"
daemon off;
master_process off;
pid pid;
error_log log;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen ADDRESS;
        location = /ours { return 200 "TOKEN"; }
        location /push/ { proxy_pass http://GATEWAY/; }
        location /kept/ { proxy_pass http://GATEWAY; }
        location /stopped/ { proxy_pass http://STOPPED/; }
        location /small/ { client_max_body_size 10; proxy_pass http://GATEWAY/; }
        location /tls/ { return 301 https://$host$request_uri; }
        location /auth/ { auth_basic gateway; auth_basic_user_file users; proxy_pass http://GATEWAY/; }
        location /denied/ { deny all; }
        location /root/ { rewrite ^ / break; proxy_pass http://GATEWAY; }
        location /login/ { return 302 /sso?next=$request_uri; }
    }
}
"#;

fn start_nginx(gateway: SocketAddr) -> LocalServer {
    let program = fetch("nginx").pop().expect("tests/fetch.sh finds one");
    let command = |address: SocketAddr, directory: &Path| {
        // This port is closed again, so nothing listens on it.
        let closed = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let stopped = std::iter::repeat_with(closed).find(|stopped| *stopped != address).unwrap();
        let token = directory.display().to_string();
        let config = CONFIG
            .replace("ADDRESS", &address.to_string())
            .replace("GATEWAY", &gateway.to_string())
            .replace("STOPPED", &stopped.to_string())
            .replace("TOKEN", &token);
        std::fs::write(directory.join("nginx.conf"), config).unwrap();
        std::fs::write(directory.join("users"), "me:{PLAIN}secret\n").unwrap();
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let mut command = Command::new(&program.path);
        command.args(["-e", "stderr", "-p", &token, "-c", "nginx.conf", "-g", user]).env_clear();
        command
    };
    // If another server has bound the port, it does not answer with the directory.
    LocalServer::start("nginx", command, |server| {
        server.try_get("/ours").is_some_and(|answer| answer == server.directory().display().to_string())
    })
}

#[test]
#[ignore = "needs a real Pushgateway and nginx (fetched on first use)"]
fn error_pages_of_nginx_are_explained() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    let nginx = start_nginx(gateway.address());
    let call = |args: &[&str], path: &str| {
        let url = format!("http://{}{path}", nginx.address());
        pushgw().args(args).args(["--retries", "0", "-g", &url])
    };
    let push: &[&str] = &["push", "-j", "x", "-m", "a_metric 1"];
    call(push, "/push").run();
    call(&["list", "--format", "path"], "/push").stdout("/metrics/job/x\n").run();
    let no_answer =
        "hint: a proxy in front of the gateway gets no response from it: is the gateway running?\n";
    for (path, code, message, hint) in [
        ("/stopped", 5, "temporary server error (502 Bad Gateway), with an HTML page", no_answer),
        ("/kept", 4, "no such path (404 Not Found)", "hint: is the path `/kept` right?\n"),
        ("/small", 4, "too large (413", "hint: a proxy in front of the gateway limits the size"),
        (
            "/tls",
            4,
            "a redirect (301 Moved Permanently) to https://127.0.0.1/tls/",
            "hint: use -g https://127.0.0.1/tls\n",
        ),
        ("/root", 4, "does not allow this method on this path (405", "or rewrite every path to `/`?"),
        ("/wrong", 4, "does not allow this method on this path (405", "is the path `/wrong` right?"),
    ] {
        call(push, path).code(code).stderr_has(message).stderr_has(hint).run();
    }
    for command in [&["list"][..], &["status"], &["show", "-j", "x"], &["delete", "-j", "x"]] {
        call(command, "/stopped").code(5).stderr_has("502 Bad Gateway").stderr_has(no_answer).run();
        let wrong = "no such path (404 Not Found), with an HTML page\nhint: is the path `/wrong` right?\n";
        call(command, "/wrong").code(4).stderr_has(wrong).run();
    }
    logins_are_explained(&|path| call(push, path));
    assert_eq!(gateway.keys().len(), 1);
}

/// The rules that are about every server. Others are those of a path of a gateway.
#[test]
#[ignore = "needs a real Prometheus and nginx (fetched on first use)"]
fn responses_of_nginx_for_a_receiver_are_explained() {
    let program = prometheus_versions().last().expect("tests/fetch.sh finds one");
    let receiver = RealServer::start(Destination::Receiver, program, &[]);
    let nginx = start_nginx(receiver.address());
    let url = |path: &str| format!("http://{}{path}/api/v1/write", nginx.address());
    let push = |path: &str| Destination::Receiver.push_to(&url(path)).args(["--retries", "0"]);
    push("/push").run();
    let no_answer =
        "hint: a proxy in front of the receiver gets no response from it: is the receiver running?\n";
    let paths = "hint: the URL must include the receiver's path: /api/v1/write for Prometheus";
    for (path, code, message, hint) in [
        ("/stopped", 5, "temporary server error (502 Bad Gateway), with an HTML page", no_answer),
        ("/kept", 4, "(404 Not Found)", paths),
        (
            "/small",
            4,
            "too large (413",
            "hint: the receiver, or a proxy in front of it, limits the request size",
        ),
        (
            "/tls",
            4,
            "a redirect (301 Moved Permanently) to https://127.0.0.1/tls/api/v1/write",
            "hint: use --remote-write https://127.0.0.1/tls/api/v1/write\n",
        ),
        ("/wrong", 4, "(404 Not Found)", paths),
    ] {
        push(path).code(code).stderr_has(message).stderr_has(hint).run();
    }
    logins_are_explained(&push);
}

/// Tests pushes to the paths of nginx that require a login. The messages are the same for every destination.
fn logins_are_explained(push: &dyn Fn(&str) -> Pushgw) {
    for (path, message, hint) in [
        ("/auth", "requires a login (401 Unauthorized)", "hint: use -u USER"),
        ("/denied", "without credentials are forbidden (403 Forbidden)", "may require a login (-u,"),
        ("/login", "a redirect (302", "hint: this is a login page"),
    ] {
        push(path).code(4).stderr_has(message).stderr_has(hint).run();
    }
    let login = |password: &str| push("/auth").args(["-u", "me"]).env("PUSHGATEWAY_PASSWORD", password);
    login("secret").run();
    let hint = "hint: check the user `me` and the password in PUSHGATEWAY_PASSWORD\n";
    login("wrong").code(4).stderr_has(hint).run();
}
