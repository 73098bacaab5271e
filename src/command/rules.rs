//! The `rules` subcommand: prints the alerting rules for the metrics of `run`.

use super::Context;
use crate::config::AlertingRules;
use crate::error::Failure;
use crate::job;

pub(super) fn run(rules: &AlertingRules, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    let text = job::rules(&rules.prefix, rules.selector);
    context.printer.result(text.as_bytes()).map_err(Failure::output)
}
