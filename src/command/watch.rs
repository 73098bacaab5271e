//! Implements `--watch`: fetches and prints repeatedly until interrupted.

use super::Context;
use crate::env;
use crate::error::Failure;
use crate::http::Url;
use crate::output::Printer;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// Fetching takes at most `1 / FETCH_SHARE` of the total time.
const FETCH_SHARE: u32 = 10;

/// Number of lines reserved for the warning about a failed fetch. A very narrow terminal needs more.
const WARNING: usize = 3;

/// Repeatedly calls `fetch`, then `show` with the result and the number of lines to leave free. New output replaces the
/// previous output.
///
/// Returns the error if the first fetch fails. Later errors are only warnings, because the gateway may recover.
pub(super) fn repeat<T>(
    pause: Duration,
    context: &mut Context<'_, '_>,
    fetch: impl Fn(&mut Context<'_, '_>) -> Result<T, Failure>,
    show: impl Fn(&T, usize, &mut Context<'_, '_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut seen = None;
    loop {
        let begin = Instant::now();
        let fetched = fetch(context);
        let took = begin.elapsed();
        match (fetched, &seen) {
            (Err(failure), None) => return Err(failure),
            (Err(failure), Some(last)) => {
                // Repeats the last output, so that warnings about failed fetches do not pile up below it.
                if context.printer.terminal.stdout.moves_cursor {
                    context.printer.repaint(env::width()).map_err(Failure::output)?;
                    show(last, WARNING, context)?;
                }
                context.printer.warning(&failure.to_string());
            }
            (Ok(new), _) => {
                context.printer.repaint(env::width()).map_err(Failure::output)?;
                show(&new, 0, context)?;
                seen = Some(new);
            }
        }
        context.printer.flush().map_err(Failure::output)?;
        thread::sleep(rest(pause, took));
    }
}

/// Prints the status of a server: once, or repeatedly with `--watch`.
///
/// # Errors
///
/// Without `--watch`, returns [`Failure::Unhealthy`] if the server is not healthy, even if standard output was closed.
pub(super) fn report_status<T>(
    (pause, server): (Option<Duration>, &Url),
    context: &mut Context<'_, '_>,
    fetch: impl Fn(&mut Context<'_, '_>) -> Result<T, Failure>,
    print: impl Fn(&T, &mut Printer<'_>) -> io::Result<()>,
    is_healthy: impl Fn(&T) -> bool,
) -> Result<(), Failure> {
    if let Some(pause) = pause {
        return repeat(pause, context, fetch, |status, _, context| {
            print(status, context.printer).map_err(Failure::output)
        });
    }
    let status = fetch(context)?;
    let printed = print(&status, context.printer);
    if !is_healthy(&status) {
        return Err(Failure::Unhealthy { gateway: server.to_string() });
    }
    printed.map_err(Failure::output)
}

/// Returns how long to wait after a fetch that took `took`.
fn rest(pause: Duration, took: Duration) -> Duration {
    pause.max(took * (FETCH_SHARE - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetching_takes_a_tenth_of_the_time_at_most() {
        let seconds = Duration::from_secs_f64;
        assert_eq!(rest(seconds(2.0), seconds(0.1)), seconds(2.0));
        assert_eq!(rest(seconds(2.0), seconds(3.0)), seconds(27.0));
    }
}
