//! Parses a file with prometheus-parse, for `compare.py`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else { return ExitCode::from(2) };
    let Ok(text) = std::fs::read_to_string(path) else { return ExitCode::FAILURE };
    let lines = text.lines().map(|line| Ok(line.to_owned()));
    match prometheus_parse::Scrape::parse(lines) {
        Ok(scrape) if !scrape.samples.is_empty() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
