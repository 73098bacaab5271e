//! Passes the arguments, the environment and the streams to the library, and returns its exit code.

use pushgw::env::{Environment, Foreground};
use pushgw::error::exit_code;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    pushgw::os::exit_on_abort(exit_code::OTHER);
    let (mut stdin, mut stdout, mut stderr) = (io::stdin(), io::stdout(), io::stderr());
    let progress = Some(Box::new(Foreground) as Box<_>);
    let streams = pushgw::Streams { stdin: &mut stdin, stdout: &mut stdout, stderr: &mut stderr, progress };
    pushgw::run(std::env::args_os(), &Environment::capture(), streams).into()
}
