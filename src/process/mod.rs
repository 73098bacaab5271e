//! Child processes and signals.

mod signals;
mod spawn;

pub use signals::{BURST, SIGNAL_BASE, SignalListener, listen};
pub use spawn::{NOT_FOUND, SpawnError, replace_process, shell_status, spawn};

use crate::secret::{SECRET_VARIABLES, URL_VARIABLES, may_have_secret};
use std::ffi::OsStr;
use std::process::Command;

/// Creates a command to run as a child process, without the variables that contain pushgw's own secrets.
pub fn command(program: &OsStr) -> Command {
    let mut command = Command::new(program);
    for variable in SECRET_VARIABLES {
        command.env_remove(variable);
    }
    for variable in URL_VARIABLES {
        if std::env::var_os(variable).is_some_and(|url| may_have_secret(&url.to_string_lossy())) {
            command.env_remove(variable);
        }
    }
    command
}
