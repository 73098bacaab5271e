//! The `convert` subcommand: converts OpenMetrics to the Prometheus text format.

use super::{Context, check};
use crate::config::Check;
use crate::error::Failure;
use crate::input;

/// Reads and checks the input, then prints it in the text format.
pub(super) fn run(settings: &Check, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let input = input::read(&settings.origins, context.stdin, context.printer.progress())?;
    let accepted = check::accept_or(settings, None, &input, Some("nothing was printed"), context.printer)?;
    context.printer.result(&accepted.body).map_err(Failure::output)?;
    context.printer.success(&format!("converted: {}", accepted.amount));
    Ok(())
}
