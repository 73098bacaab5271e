//! The options that select the gateway and define how to reach it.

use clap::{Args, ValueEnum, ValueHint};
use std::ffi::OsString;

// The table of variables in the manual is generated from the `[env: ...]` lines.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub struct ConnectionArgs {
    /// URL of the gateway [default: http://localhost:9091]
    ///
    /// Without a scheme, http:// is used, and the default port is 9091. A path prefix is kept, and a trailing `/` or `/metrics`
    /// is ignored. A user and a password (http://USER:PASSWORD@HOST) are percent-decoded and never shown.
    ///
    /// [env: PUSHGATEWAY_URL]
    #[arg(short, long, value_name = "URL", value_hint = ValueHint::Url)]
    pub gateway: Option<OsString>,
    /// Write a file for node_exporter to DIR, without a gateway
    ///
    /// DIR is the directory of node_exporter's textfile collector (--collector.textfile.directory). Each group is one file in
    /// it, such as pushgw_db_backup_instance=db1.prom, which is replaced in one step. The labels of the group are added to each
    /// sample. Prometheus sets its own `job` and `instance` on all metrics of a node_exporter, so the labels of the group arrive
    /// as `exported_job` and `exported_instance`, unless the scrape has honor_labels. Metrics that conflict with another file in
    /// the directory are rejected (exit status 3). --timeout limits the wait for other jobs that write to the directory.
    ///
    /// [env: PUSHGATEWAY_TEXTFILE]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, hide_short_help = true)]
    pub textfile: Option<OsString>,
    /// Send the samples to a remote-write receiver
    ///
    /// For Prometheus (with --web.enable-remote-write-receiver), Mimir, Thanos, Cortex, VictoriaMetrics and others, in place of
    /// a gateway. The URL is used as given; the default path is /api/v1/write, the default scheme http://. Values in the query
    /// string are never shown. Each sample becomes a series with the labels of the group added, and gets the time of the push
    /// unless it has a timestamp. push and add do the same, since a receiver has no groups: nothing is replaced, and list, show
    /// and delete can't use a receiver. Queries find a sample for only five minutes: use `last_over_time(METRIC[1d])`.
    ///
    /// [env: PUSHGATEWAY_REMOTE_WRITE]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, hide_short_help = true)]
    pub remote_write: Option<OsString>,
    /// Remote-write version: auto, 1.0 or 2.0 [default: auto]
    ///
    /// `auto` sends version 2.0, in which a receiver confirms how many samples it has stored. A receiver that does not confirm
    /// this may have stored nothing, so the same samples are then sent again as 1.0. Without a confirmation, exit status 0
    /// means only that the receiver reported success.
    #[arg(long, value_name = "VERSION", hide_possible_values = true, hide_short_help = true)]
    pub remote_write_version: Option<RemoteWriteVersion>,
    /// Total time limit for the request, including retries [default: 30s]
    ///
    /// Covers DNS lookup, connecting, the request, the response, all retries and the waits between them, but not reading the
    /// input. A command that sends several requests, such as status, or push of a large text by remote write, has this limit
    /// for each request. A number with a unit: ms, s, m, h, d, w or y. Units can be combined, as in 1m30s. For run, the
    /// default is 10s and starts when the command ends.
    ///
    /// [env: PUSHGATEWAY_TIMEOUT]
    #[arg(long, value_name = "DURATION", hide_short_help = true)]
    pub timeout: Option<OsString>,
    /// Time limit for each attempt to connect [default: 5s]
    ///
    /// Covers DNS lookup, the connection through a proxy, and TLS.
    ///
    /// [env: PUSHGATEWAY_CONNECT_TIMEOUT]
    #[arg(long, value_name = "DURATION", hide_short_help = true)]
    pub connect_timeout: Option<OsString>,
    /// Maximum number of retries [default: 2]
    ///
    /// Only temporary failures are retried: no connection, a connection that broke or was closed without a response, and the
    /// status codes 408, 425, 429, 500, 502, 503 and 504. The first wait is between 100 and 200 ms. Each further wait is
    /// twice as long, up to 5 s. Retry-After is respected. There is no retry if the wait would exceed --timeout.
    ///
    /// [env: PUSHGATEWAY_RETRIES]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub retries: Option<OsString>,
    /// User for basic authentication
    ///
    /// The password comes from --password-file or PUSHGATEWAY_PASSWORD. Other users of the machine could read it on the
    /// command line.
    ///
    /// [env: PUSHGATEWAY_USER]
    #[arg(short, long, value_name = "USER", hide_short_help = true)]
    pub user: Option<OsString>,
    /// File with the password
    ///
    /// The variable PUSHGATEWAY_PASSWORD can contain the password itself.
    ///
    /// [env: PUSHGATEWAY_PASSWORD_FILE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub password_file: Option<OsString>,
    /// File with a bearer token
    ///
    /// The variable PUSHGATEWAY_BEARER_TOKEN can contain the token itself.
    ///
    /// [env: PUSHGATEWAY_BEARER_TOKEN_FILE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "user", hide_short_help = true)]
    pub bearer_token_file: Option<OsString>,
    /// Additional request header; repeatable
    ///
    /// The value is printed only for a few headers that never contain a secret. Other users of the machine can read the
    /// command line, but not the variable, which has one header per line.
    ///
    /// [env: PUSHGATEWAY_HEADER]
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", hide_short_help = true)]
    pub headers: Vec<OsString>,
    /// PEM file with CAs to trust, in addition to the system's
    ///
    /// The file can also contain the self-signed certificate of the gateway.
    ///
    /// [env: PUSHGATEWAY_CA_CERT]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub ca_cert: Option<OsString>,
    /// PEM file with the client certificate
    ///
    /// [env: PUSHGATEWAY_CERT]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub cert: Option<OsString>,
    /// PEM file with the private key of --cert
    ///
    /// Without this option the key is read from the --cert file.
    ///
    /// [env: PUSHGATEWAY_KEY]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub key: Option<OsString>,
    /// Accept any server certificate
    ///
    /// [env: PUSHGATEWAY_INSECURE]
    #[arg(long, hide_short_help = true)]
    pub insecure: bool,
    /// Proxy to use, such as http://proxy:3128
    ///
    /// Without this option the variables http_proxy, HTTPS_PROXY, ALL_PROXY and NO_PROXY are read as in curl. A plain
    /// HTTP request is sent to the proxy with its absolute URL. For https:// and for requests with credentials, the proxy
    /// opens a tunnel (CONNECT) and never sees the credentials. A gateway on this machine (localhost, 127.0.0.0/8, ::1) is
    /// never reached through a proxy.
    ///
    /// [env: PUSHGATEWAY_PROXY]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "no_proxy", hide_short_help = true)]
    pub proxy: Option<OsString>,
    /// Do not use a proxy, even if a variable sets one
    ///
    /// [env: PUSHGATEWAY_NO_PROXY]
    #[arg(long, hide_short_help = true)]
    pub no_proxy: bool,
    /// Connect through this Unix socket
    ///
    /// The host and the path prefix of --gateway are still sent to the server.
    ///
    /// [env: PUSHGATEWAY_UNIX_SOCKET]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, conflicts_with = "proxy", hide_short_help = true)]
    pub unix_socket: Option<OsString>,
    /// Compression of the request body: none or gzip [default: none]
    ///
    /// Pushgateways accept gzip since 1.5.0; aggregation gateways do not.
    ///
    /// [env: PUSHGATEWAY_COMPRESS]
    #[arg(long, value_name = "ENCODING", hide_short_help = true)]
    pub compress: Option<OsString>,
}

/// Values of `--remote-write-version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RemoteWriteVersion {
    /// 2.0, and 1.0 if the receiver does not confirm it
    #[default]
    Auto,
    /// Supported by every receiver except the OpenTelemetry collector
    #[value(name = "1.0")]
    V1,
    /// With a confirmation from the receiver
    #[value(name = "2.0")]
    V2,
}
