//! Splits a Markdown page into text and fenced code blocks.

use std::fmt::Write as _;

pub(super) enum Piece<'a> {
    Text(&'a str),
    Block { kind: &'a str, body: &'a str },
}

pub(super) fn pieces(page: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = page;
    while let Some(begin) = rest.find("```") {
        let (before, fenced) = rest.split_at(begin);
        let (kind, fenced) = fenced[3..].split_once('\n').expect("a fence is a line");
        let (body, after) = fenced.split_once("```\n").expect("every block ends");
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Block { kind, body });
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// A command in a `console` block, and the output shown on the page.
pub(super) struct Step<'a> {
    pub(super) command: &'a str,
    pub(super) output: String,
}

pub(super) fn steps(body: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for line in body.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step { command, output: String::new() }),
            (None, Some(step)) => _ = writeln!(step.output, "{line}"),
            (None, None) => panic!("a console block starts with a command, not with {line:?}"),
        }
    }
    steps
}
