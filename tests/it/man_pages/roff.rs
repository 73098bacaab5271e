//! Converts the Markdown used in the prose of the pages to roff:
//!
//! - `# Heading`, `## Lower heading`
//! - paragraphs, with `code`, *emphasis* and **strong**
//! - a term, and a line `: what it means` after it
//! - text indented by four spaces, which is printed as it is

use std::fmt::Write as _;

/// Converts prose to roff.
pub(super) fn from_markdown(text: &str) -> String {
    let mut out = String::new();
    // A paragraph after a heading needs no break.
    let mut after_heading = false;
    for block in text.split("\n\n").map(|block| block.trim_matches('\n')).filter(|block| !block.is_empty()) {
        let lines: Vec<&str> = block.lines().collect();
        let is_heading = block.starts_with('#');
        if let Some(heading) = block.strip_prefix("## ") {
            _ = writeln!(out, ".SS \"{}\"", escape(heading));
        } else if let Some(heading) = block.strip_prefix("# ") {
            _ = writeln!(out, ".SH \"{}\"", escape(&heading.to_uppercase()));
        } else if block.starts_with("    ") {
            out.push_str(&literal(lines.iter().map(|line| line.strip_prefix("    ").unwrap_or(line))));
        } else if let Some((term, meaning)) = block.split_once("\n: ") {
            _ = write!(out, ".TP\n{}\n{}", inline(term), filled(&inline(&meaning.replace('\n', " "))));
        } else {
            if !after_heading {
                out.push_str(".PP\n");
            }
            out.push_str(&filled(&inline(&lines.join(" "))));
        }
        after_heading = is_heading;
    }
    out
}

/// Formats lines that are printed unchanged.
pub(super) fn literal<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines: Vec<String> = lines.map(escape).collect();
    format!(".PP\n.nf\n.RS 4\n{}\n.RE\n.fi\n", lines.join("\n"))
}

/// Converts the markup in a paragraph to fonts.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*']) {
        out.push_str(&escape_at(&rest[..at], out.is_empty()));
        let (mark, font) = match &rest[at..] {
            strong if strong.starts_with("**") => ("**", 'B'),
            code if code.starts_with('`') => ("`", 'B'),
            _ => ("*", 'I'),
        };
        let inside = &rest[at + mark.len()..];
        let end = inside.find(mark).unwrap_or_else(|| panic!("the mark is not closed: {text}"));
        _ = write!(out, "\\f{font}{}\\fR", escape_at(&inside[..end], false));
        rest = &inside[end + mark.len()..];
    }
    out.push_str(&escape_at(rest, out.is_empty()));
    out
}

/// Wraps the text to the width of a terminal.
pub(super) fn filled(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        // At the start of a line, these would be a roff request.
        let may_begin = !word.starts_with(['.', '\'']);
        if width > 0 && width + 1 + word.len() > 80 && may_begin {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += word.len();
    }
    out.push('\n');
    out
}

/// Escapes text for roff, at the start of a line or elsewhere.
pub(super) fn escape(text: &str) -> String {
    escape_at(text, true)
}

fn escape_at(text: &str, begins_line: bool) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '\\' => escaped.push_str("\\e"),
            '-' => escaped.push_str("\\-"),
            '\'' => escaped.push_str("\\(aq"),
            '`' => escaped.push_str("\\(ga"),
            '^' => escaped.push_str("\\(ha"),
            '~' => escaped.push_str("\\(ti"),
            '"' => escaped.push_str("\\(dq"),
            '.' if escaped.is_empty() && begins_line => escaped.push_str("\\&."),
            other => escaped.push(other),
        }
    }
    escaped
}
