//! `--message-format human`: shows diagnostics in the style of a compiler.
//!
//! ```text
//! error[duplicate-series]: the series `up{a="b"}` occurs twice
//!   --> metrics.prom:12:1
//!    |
//! 12 | up{a="b"} 2
//!    | ^^^^^^^^^
//!    |
//!   ::: metrics.prom:3:1
//!    |
//!  3 | up{a="b"} 1
//!    | --------- first occurrence
//! ```
//!
//! This does not use a library, because a line is not shown exactly as it is in the file: control characters
//! and invalid bytes become escapes, and only part of a long line is shown. annotate-snippets 0.12 computes
//! the column in the `-->` line from the shown text, so it would be wrong. The frame is ASCII on every
//! terminal, because the output may be saved to a log.

use super::{Appearance, location_name, severity_name};
use crate::exposition::Diagnostic;
use crate::output::Style;
use crate::output::diagnostics::locate::{Location, Locator};
use crate::output::sanitize::{Unit, units};
use crate::output::width::{columns, wrap};
use memchr::memchr;
use std::fmt::Write as _;
use std::ops::Range;

/// Maximum width of a line if the output is not a terminal, such as a log.
const LOG_WIDTH: usize = 140;
/// Minimum number of columns to show of a line, even on a narrower terminal.
const MIN_COLUMNS: usize = 24;
/// The replacement for a tab.
const TAB: &str = "    ";

pub(super) fn render(diagnostic: &Diagnostic, locator: &mut Locator<'_>, look: Appearance) -> String {
    let location = locator.locate(&diagnostic.span);
    let related: Vec<_> = diagnostic
        .related
        .iter()
        .map(|related| Mark {
            location: locator.locate(&related.span),
            span: related.span.clone(),
            label: look.text(&related.message),
            style: Style::Strong,
            underline: '-',
        })
        .collect();
    let (severity, style) = severity_name(diagnostic.severity);
    let mark = Mark { location, span: diagnostic.span.clone(), label: String::new(), style, underline: '^' };

    let widest = related.iter().map(|mark| mark.location.line).max().unwrap_or(0).max(location.line);
    let mut canvas = Canvas { out: String::new(), gutter: widest.to_string().len(), look };
    canvas.title(severity, style, diagnostic);

    // A related position in the same line is marked below that line, if the window contains it.
    let window = Window::new(locator.bytes(), &mark, canvas.room(), look);
    let (same, other): (Vec<_>, Vec<_>) = related
        .into_iter()
        .partition(|mark| mark.location.line_start == location.line_start && window.has(mark.span.start));
    canvas.location("-->", location);
    canvas.snippet(&window, std::iter::once(&mark).chain(&same));
    for mark in &other {
        canvas.gutter_line("", Style::Plain, "");
        canvas.location(":::", mark.location);
        let window = Window::new(locator.bytes(), mark, canvas.room(), look);
        canvas.snippet(&window, std::iter::once(mark));
    }
    if let Some(help) = &diagnostic.help {
        canvas.help(help);
    }
    canvas.out.push('\n');
    canvas.out
}

/// A span to mark, and the style of the mark.
struct Mark<'a> {
    location: Location<'a>,
    span: Range<usize>,
    label: String,
    style: Style,
    underline: char,
}

/// The output. `gutter` is the width of the line numbers.
struct Canvas {
    out: String,
    gutter: usize,
    look: Appearance,
}

impl Canvas {
    /// Returns the number of columns available for a line of the file.
    fn room(&self) -> usize {
        let width = self.look.width.unwrap_or(LOG_WIDTH).min(LOG_WIDTH);
        width.saturating_sub(self.gutter + 3).max(MIN_COLUMNS)
    }

    fn title(&mut self, severity: &str, style: Style, diagnostic: &Diagnostic) {
        let severity = format!("{severity}[{}]", diagnostic.code.as_str());
        self.push(style, &severity);
        let message = format!(": {}", self.look.text(&diagnostic.message));
        self.push(Style::Strong, &wrap(&message, severity.len(), 2, self.look.width));
        self.out.push('\n');
    }

    fn location(&mut self, arrow: &str, location: Location<'_>) {
        let gutter = self.gutter;
        self.push(Style::Faint, &format!("{:gutter$}{arrow} ", ""));
        self.out.push_str(&location_name(location, self.look));
        self.out.push('\n');
    }

    /// Writes a line of the file and its marks. Writes no line for an empty file.
    fn snippet<'m>(&mut self, window: &Window, marks: impl Iterator<Item = &'m Mark<'m>>) {
        for (n, mark) in marks.enumerate() {
            if n == 0 {
                if window.is_empty_file {
                    return;
                }
                self.gutter_line("", Style::Plain, "");
                self.gutter_line(&mark.location.line.to_string(), Style::Plain, &window.text);
            }
            let marked = window.columns(&mark.span);
            let line: String = std::iter::repeat_n(mark.underline, marked.len()).collect();
            let line = format!("{:1$}{line}", "", marked.start);
            let (label, wide, room) = (&mark.label, columns(&mark.label), self.room());
            if label.is_empty() {
                self.gutter_line("", mark.style, &line);
            } else if marked.end + 1 + wide <= room {
                self.gutter_line("", mark.style, &format!("{line} {label}"));
            } else {
                let start = marked.start.min(room.saturating_sub(wide));
                self.gutter_line("", mark.style, &line);
                self.gutter_line("", mark.style, &format!("{:start$}{label}", ""));
            }
        }
    }

    fn help(&mut self, help: &str) {
        const LABEL: &str = "help:";
        let gutter = self.gutter;
        let before = gutter + 3 + LABEL.len() + 1;
        self.gutter_line("", Style::Plain, "");
        for (n, line) in help.lines().enumerate() {
            let line = self.look.text(line);
            let line = wrap(&line, before, before, self.look.width);
            self.push(Style::Faint, &format!("{:gutter$} {} ", "", if n == 0 { '=' } else { ' ' }));
            self.push(if n == 0 { Style::Hint } else { Style::Plain }, if n == 0 { LABEL } else { "     " });
            let _ = writeln!(self.out, " {line}");
        }
    }

    /// Writes `number | text`, without trailing spaces.
    fn gutter_line(&mut self, number: &str, style: Style, text: &str) {
        let gutter = self.gutter;
        self.push(Style::Faint, &format!("{number:>gutter$} |"));
        if !text.is_empty() {
            self.out.push(' ');
            self.push(style, text);
        }
        self.out.push('\n');
    }

    fn push(&mut self, style: Style, text: &str) {
        self.out.push_str(&style.paint(text, self.look.color));
    }
}

/// The part of a line that is shown, with escapes, and the position of each character in it.
struct Window {
    text: String,
    /// The start of each character, and the end of the shown part.
    chars: Vec<CharStart>,
    is_empty_file: bool,
}

#[derive(Clone, Copy)]
struct CharStart {
    /// The offset of the character in the whole text.
    offset: usize,
    /// The offset in the displayed text.
    shown: usize,
}

impl Window {
    /// Selects the part of a line around the start of `mark` that fits into the available columns.
    ///
    /// Only the bytes around the mark are read, because the line may be as long as the file.
    fn new(bytes: &[u8], mark: &Mark<'_>, room: usize, look: Appearance) -> Self {
        let Location { line_start, file_end, .. } = mark.location;
        let at = mark.span.start.clamp(line_start, file_end);
        // A character has at most four bytes, so this is enough to fill the columns on either side.
        let reach = 4 * room;
        let from = character_boundary(bytes, line_start.max(at.saturating_sub(reach)), at);
        let line_end = memchr(b'\n', &bytes[at..file_end.min(at + reach)]).map(|newline| at + newline);
        let to = line_end.unwrap_or_else(|| file_end.min(at + reach));
        let all = SafeLine::new(&bytes[from..to], from, look);

        let is_whole = from == line_start && (line_end.is_some() || to == file_end);
        let is_empty_file = is_whole && file_end == line_start && mark.location.line == 1;
        if is_whole && columns(&all.text) <= room {
            return Self { text: all.text, chars: all.chars, is_empty_file };
        }
        let ellipsis = look.charset.ellipsis();
        let shown = all.around(at, room.saturating_sub(2 * columns(ellipsis)));
        let (first, last) = (all.chars[shown.start], all.chars[shown.end]);
        let mut text = String::new();
        if first.offset > line_start {
            text.push_str(ellipsis);
        }
        let moved = text.len();
        text.push_str(&all.text[first.shown..last.shown]);
        let chars = all.chars[shown.start..=shown.end]
            .iter()
            .map(|char| CharStart { offset: char.offset, shown: char.shown - first.shown + moved })
            .collect();
        if last.offset < to || (line_end.is_none() && to < file_end) {
            text.push_str(ellipsis);
        }
        Self { text, chars, is_empty_file }
    }

    /// Returns true if the byte at `offset`, which must be in this line, is inside the window.
    fn has(&self, offset: usize) -> bool {
        let last = self.chars.len() - 1;
        self.chars[0].offset <= offset && offset <= self.chars[last].offset
    }

    /// Returns the columns of the mark, starting at 0. There is at least one, even if no part is shown.
    fn columns(&self, span: &Range<usize>) -> Range<usize> {
        let start = columns(&self.text[..self.shown(span.start)]);
        // The mark ends at the start of a character, so characters are always marked completely.
        let after = self.chars.partition_point(|char| char.offset < span.end).min(self.chars.len() - 1);
        let end = columns(&self.text[..self.chars[after].shown]);
        if end > start {
            return start..end;
        }
        // A zero-width character, such as a combining accent, is shown on the preceding character.
        let is_combining = !span.is_empty() && self.chars.last().is_some_and(|end| span.start < end.offset);
        let start = if is_combining { start.saturating_sub(1) } else { start };
        start..start + 1
    }

    /// Returns the position of the character at `offset` in the shown text.
    fn shown(&self, offset: usize) -> usize {
        let after = self.chars.partition_point(|char| char.offset <= offset);
        self.chars[after.saturating_sub(1)].shown
    }
}

/// A part of a line with escapes, before it is cut to the available columns.
struct SafeLine {
    text: String,
    /// The start of each character, and the end of the line.
    chars: Vec<CharStart>,
}

impl SafeLine {
    fn new(bytes: &[u8], start: usize, look: Appearance) -> Self {
        let mut text = String::with_capacity(bytes.len());
        let mut chars = Vec::new();
        let mut offset = start;
        for unit in units(bytes) {
            chars.push(CharStart { offset, shown: text.len() });
            match unit {
                Unit::Char('\t') => text.push_str(TAB),
                unit => unit.push_visible(&mut text, look.charset),
            }
            offset += unit.len();
        }
        chars.push(CharStart { offset, shown: text.len() });
        Self { text, chars }
    }

    /// Returns the range of characters to show. Up to two thirds of the columns are for characters starting
    /// at `at`, and the rest is for characters before it. Remaining columns show more characters after it.
    fn around(&self, at: usize, room: usize) -> Range<usize> {
        let last = self.chars.len() - 1;
        let pivot = self.chars.partition_point(|char| char.offset <= at).saturating_sub(1);
        let width = |range: Range<usize>| {
            columns(&self.text[self.chars[range.start].shown..self.chars[range.end].shown])
        };
        let (mut start, mut end, mut used) = (pivot, pivot, 0);
        while end < last && used + width(end..end + 1) <= room * 2 / 3 {
            used += width(end..end + 1);
            end += 1;
        }
        while start > 0 && used + width(start - 1..start) <= room {
            used += width(start - 1..start);
            start -= 1;
        }
        while end < last && used + width(end..end + 1) <= room {
            used += width(end..end + 1);
            end += 1;
        }
        start..end
    }
}

/// Returns the first offset between `from` and `to` that is at the start of a character.
fn character_boundary(bytes: &[u8], from: usize, to: usize) -> usize {
    (from..to).take(4).find(|&at| bytes[at] & 0xc0 != 0x80).unwrap_or(from)
}
