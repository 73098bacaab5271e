//! The options that say which gateway to use and how to reach it.

#![allow(
    clippy::doc_markdown,
    rustdoc::bare_urls,
    reason = "these comments are the help text, which is no Markdown"
)]

use clap::{Args, ValueHint};
use std::ffi::OsString;

/// Which gateway, and how it is reached. The manual's table of variables is made of what stands in `[env: ...]`.
#[derive(Args, Debug, Default)]
pub struct ConnectionArgs {
    /// The gateway [default: http://localhost:9091]
    ///
    /// The scheme may be left out, a path prefix is kept, and a trailing `/` or `/metrics` does no harm. A user and a
    /// password in it (http://USER:PASSWORD@HOST) are percent-decoded and never shown.
    ///
    /// [env: PUSHGATEWAY_URL]
    #[arg(short, long, value_name = "URL", value_hint = ValueHint::Url)]
    pub gateway: Option<OsString>,
    /// How long the request may take, all in all [default: 30s]
    ///
    /// Covers the look-up of the name, the connection, the request, the answer, and all tries and the waits between
    /// them; not the reading of the input. A number with a unit: ms, s, m, h, d, w, y; several may follow each other, as
    /// in 1m30s.
    ///
    /// [env: PUSHGATEWAY_TIMEOUT]
    #[arg(long, value_name = "DURATION", hide_short_help = true)]
    pub timeout: Option<OsString>,
    /// How long one try may take to connect [default: 5s]
    ///
    /// Covers the look-up of the name, the way through a proxy, and TLS.
    ///
    /// [env: PUSHGATEWAY_CONNECT_TIMEOUT]
    #[arg(long, value_name = "DURATION", hide_short_help = true)]
    pub connect_timeout: Option<OsString>,
    /// How often to try again [default: 2]
    ///
    /// Tried again is what another try can help: no connection, a connection that broke or was closed without an
    /// answer, and the answers 408, 425, 429, 500, 502, 503 and 504. The first wait is between 100 and 200 ms, each
    /// further one twice as long and at most 5 s; Retry-After is honoured. A wait that does not fit into --timeout is
    /// not begun.
    ///
    /// [env: PUSHGATEWAY_RETRIES]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub retries: Option<OsString>,
    /// The user, for basic authentication
    ///
    /// The password comes from --password-file or PUSHGATEWAY_PASSWORD: on the command line everybody on the machine
    /// could read it.
    ///
    /// [env: PUSHGATEWAY_USER]
    #[arg(short, long, value_name = "USER", hide_short_help = true)]
    pub user: Option<OsString>,
    /// The file with the password
    ///
    /// The variable PUSHGATEWAY_PASSWORD gives the password itself.
    ///
    /// [env: PUSHGATEWAY_PASSWORD_FILE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub password_file: Option<OsString>,
    /// The file with a bearer token
    ///
    /// The variable PUSHGATEWAY_BEARER_TOKEN gives the token itself.
    ///
    /// [env: PUSHGATEWAY_BEARER_TOKEN_FILE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "user", hide_short_help = true)]
    pub bearer_token_file: Option<OsString>,
    /// One more header; repeatable
    ///
    /// Its value is shown nowhere, unless it is one of the few that are known to be harmless. It is visible to others
    /// on this machine on the command line, and isn't in the variable, which has one header a line.
    ///
    /// [env: PUSHGATEWAY_HEADER]
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", hide_short_help = true)]
    pub headers: Vec<OsString>,
    /// Trust the authorities in this PEM file besides the system's
    ///
    /// A gateway's self-signed certificate can stand there itself.
    ///
    /// [env: PUSHGATEWAY_CA_CERT]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub ca_cert: Option<OsString>,
    /// The client's certificate, a PEM file
    ///
    /// [env: PUSHGATEWAY_CERT]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub cert: Option<OsString>,
    /// Its private key, a PEM file
    ///
    /// Without it the key is looked for in the file of --cert.
    ///
    /// [env: PUSHGATEWAY_KEY]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub key: Option<OsString>,
    /// Trust any server, whatever its certificate
    ///
    /// [env: PUSHGATEWAY_INSECURE]
    #[arg(long, hide_short_help = true)]
    pub insecure: bool,
    /// The proxy, such as http://proxy:3128
    ///
    /// Without it the variables http_proxy, HTTPS_PROXY, ALL_PROXY and NO_PROXY are read as curl reads them. A plain HTTP
    /// request is handed to the proxy with its whole URL. With https://, and where the request carries credentials, the
    /// proxy is asked for a tunnel (CONNECT) and never sees them. A gateway on this machine (localhost, 127.0.0.0/8, ::1)
    /// is never reached through a proxy.
    ///
    /// [env: PUSHGATEWAY_PROXY]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "no_proxy", hide_short_help = true)]
    pub proxy: Option<OsString>,
    /// Use no proxy, whatever the variables say
    ///
    /// [env: PUSHGATEWAY_NO_PROXY]
    #[arg(long, hide_short_help = true)]
    pub no_proxy: bool,
    /// Connect to this socket in the file system
    ///
    /// --gateway then gives what the server sees: the host and the path prefix.
    ///
    /// [env: PUSHGATEWAY_UNIX_SOCKET]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, conflicts_with = "proxy", hide_short_help = true)]
    pub unix_socket: Option<OsString>,
    /// How a push is packed: none or gzip [default: none]
    ///
    /// Pushgateways read gzip since 1.5.0; aggregation gateways do not.
    ///
    /// [env: PUSHGATEWAY_COMPRESS]
    #[arg(long, value_name = "ENCODING", hide_short_help = true)]
    pub compress: Option<OsString>,
}
