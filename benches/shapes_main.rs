//! Writes a text of the given shape to standard output: `shapes NAME SERIES`. Lists the shapes if called without
//! arguments.

#[path = "shapes.rs"]
mod shapes;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut stdout = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let written = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            shapes::SHAPES.iter().try_for_each(|shape| writeln!(stdout, "{:15} {}", shape.name, shape.about))
        }
        [name, series] => match (shapes::named(name), series.parse()) {
            (Some(shape), Ok(series)) => shape.write(&mut stdout, series),
            _ => return ExitCode::from(2),
        },
        _ => return ExitCode::from(2),
    };
    if written.and_then(|()| stdout.flush()).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
