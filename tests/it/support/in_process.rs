//! Runs `pushgw` inside the test process, for tests with thousands of calls, where starting processes would be too
//! slow. This does not cover what `main` does (arguments, streams, signals). Use `command` to test that.

use pushgw::Streams;
use pushgw::env::Environment;
use std::ffi::OsString;

/// The result of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InProcessOutput {
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl InProcessOutput {
    /// Asserts that the call succeeded without any output.
    #[track_caller]
    pub(crate) fn silent(&self) {
        assert_eq!((self.code, &*self.stdout, &*self.stderr), (0, "", ""));
    }
}

/// Runs `pushgw` with these arguments and standard input, and `url` as `PUSHGATEWAY_URL`.
pub(crate) fn in_process<A: Into<OsString>>(
    url: &str,
    stdin: &[u8],
    args: impl IntoIterator<Item = A>,
) -> InProcessOutput {
    let mut environment = Environment::default();
    environment.variables.insert("PUSHGATEWAY_URL".into(), url.into());
    in_process_with(&environment, stdin, args)
}

/// Like [`in_process`], but on a terminal of this width and with these variables.
pub(crate) fn in_process_at(
    url: &str,
    columns: usize,
    variables: &[(&str, &str)],
    stdin: &[u8],
    args: &[&str],
) -> InProcessOutput {
    let variables = [&[("PUSHGATEWAY_URL", url), ("NO_COLOR", "1")], variables].concat();
    let environment = Environment {
        variables: variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        stdin_is_terminal: false,
        stdin_is_pipe: false,
        stdout_is_terminal: true,
        stderr_is_terminal: true,
        width: Some(columns),
    };
    in_process_with(&environment, stdin, args)
}

/// Runs `pushgw` in this environment.
pub(crate) fn in_process_with<A: Into<OsString>>(
    environment: &Environment,
    mut stdin: &[u8],
    args: impl IntoIterator<Item = A>,
) -> InProcessOutput {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let streams = Streams { stdin: &mut stdin, stdout: &mut stdout, stderr: &mut stderr, progress: None };
    let args = std::iter::once("pushgw".into()).chain(args.into_iter().map(Into::into));
    let code = pushgw::run(args, environment, streams);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    InProcessOutput { code, stdout: text(&stdout), stderr: text(&stderr) }
}
