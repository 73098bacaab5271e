//! Starts commands as a shell does, and converts their exit status.

use super::{SIGNAL_BASE, command};
use crate::os::{find_in_path, is_unknown_format, killed_by, reason, replace};
use crate::shell::{is_plain, quote};
use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

/// The exit statuses that a shell reports if a command exists but cannot be run, and if it does not exist.
const NOT_RUNNABLE: u8 = 126;
pub const NOT_FOUND: u8 = 127;

/// A command that could not be started.
#[derive(Debug)]
pub struct SpawnError {
    /// The exit status that a shell would report.
    pub status: u8,
    pub message: String,
    pub hint: Option<String>,
    /// The operating system's error.
    pub error: io::Error,
}

/// Starts `line`, which is the program and its arguments. `prepare` sets the streams and variables first.
///
/// # Errors
///
/// Returns an error if the program does not exist or cannot be run.
pub fn spawn(line: &[OsString], prepare: impl Fn(&mut Command)) -> Result<Child, SpawnError> {
    start_with(line, prepare, Command::spawn)
}

/// Replaces this process with `line`, like [`spawn`] without a child process. Returns only if that fails.
pub fn replace_process(line: &[OsString], prepare: impl Fn(&mut Command)) -> SpawnError {
    let Err(error) = start_with::<Infallible>(line, prepare, |command| Err(replace(command)));
    error
}

fn start_with<T>(
    line: &[OsString],
    prepare: impl Fn(&mut Command),
    start: impl Fn(&mut Command) -> io::Result<T>,
) -> Result<T, SpawnError> {
    let [program, args @ ..] = line else {
        return Err(SpawnError {
            status: NOT_FOUND,
            message: "the command is missing".to_owned(),
            hint: None,
            error: io::ErrorKind::NotFound.into(),
        });
    };
    let start = |mut command: Command| {
        prepare(command.args(args));
        start(&mut command)
    };
    let child = start(command(program)).or_else(|error| match find(program) {
        // This is a script without `#!`. Shells, and therefore cron, run it with sh.
        Some(script) if is_unknown_format(&error) => {
            let mut shell = command(OsStr::new("sh"));
            shell.arg(script);
            start(shell)
        }
        _ => Err(error),
    });
    child.map_err(|error| SpawnError {
        status: if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_RUNNABLE },
        message: format!("can't run `{}`: {}", program.to_string_lossy(), reason(&error)),
        hint: program.to_str().and_then(|program| match error.kind() {
            io::ErrorKind::PermissionDenied if Path::new(program).is_file() => {
                Some(format!("to make it executable: chmod +x {}", quote(program)))
            }
            _ if program.contains('=') && !args.is_empty() => {
                Some("to set a variable for the command: -- env NAME=VALUE COMMAND".to_owned())
            }
            _ => for_shell(program, args),
        }),
        error,
    })
}

/// Returns the hint for a command and its arguments in one word, `-- 'echo hi'`, and for a command of the shell itself.
fn for_shell(program: &str, args: &[OsString]) -> Option<String> {
    // These have no effect unless a command follows in the same shell.
    let is_setting = matches!(program, "cd" | "export" | "set" | "ulimit");
    let is_builtin = is_setting || matches!(program, "eval" | "exec" | "exit");
    if !is_builtin && (!args.is_empty() || !program.trim().contains(' ')) {
        return None;
    }
    let args = args.iter().map(|arg| quote(&arg.to_string_lossy()));
    let mut line = [program.trim().to_owned()].into_iter().chain(args).collect::<Vec<_>>().join(" ");
    if is_setting {
        line.push_str(" && COMMAND");
    }
    let shell = format!("sh -c {}", quote(&line));
    Some(if !is_builtin && line.split(' ').all(is_plain) {
        format!(
            "write the program and its arguments as separate words: -- {line}\nor use a shell: -- {shell}"
        )
    } else {
        format!("to run it with a shell: -- {shell}")
    })
}

/// Finds the file that a shell would run for this name.
fn find(program: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Some(Path::new(program).to_owned());
    }
    find_in_path(&std::env::var_os("PATH")?, program)
}

/// Returns the exit status that a shell would report.
pub fn shell_status(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| SIGNAL_BASE + killed_by(status).unwrap_or_default());
    u8::try_from(code).unwrap_or(u8::MAX)
}
