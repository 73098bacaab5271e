//! The `completions` subcommand: prints a completion script that is embedded at build time.

use super::Context;
use crate::config::Shell;
use crate::error::Failure;

/// Prints the completion script for `shell`.
pub(super) fn run(shell: Shell, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let script = match shell {
        Shell::Bash => include_str!("../../completions/pushgw.bash"),
        Shell::Zsh => include_str!("../../completions/_pushgw"),
        Shell::Fish => include_str!("../../completions/pushgw.fish"),
    };
    context.printer.result(script.as_bytes()).map_err(Failure::output)
}
