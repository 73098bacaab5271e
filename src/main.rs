//! The process's edge: arguments, surroundings and streams go in, an exit code comes out.

use pushgw::env::Environment;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut stdin, mut stdout, mut stderr) = (io::stdin(), io::stdout(), io::stderr());
    let streams = pushgw::Streams { stdin: &mut stdin, stdout: &mut stdout, stderr: &mut stderr };
    pushgw::run(std::env::args_os(), &Environment::capture(), streams).into()
}
