//! `--message-format human`: a diagnostic as compilers show it.
//!
//! ```text
//! error[duplicate-series]: this series was given before
//!   --> metrics.prom:12:1
//!    |
//! 12 | up{a="b"} 2
//!    | ^^^^^^^^^
//!    |
//!   ::: metrics.prom:3:1
//!    |
//!  3 | up{a="b"} 1
//!    | --------- first given here
//!    |
//!    = help: drop one of them
//! ```
//!
//! No library draws this, because a line is not shown as it is in the file: control characters and invalid bytes become
//! escapes, and a long line is cut to a window. A library such as annotate-snippets 0.12 takes the columns of the `-->`
//! line from the text that it draws, so they would be wrong. The frame is ASCII on every terminal, for logs.

use super::{Appearance, place_name, severity_name, severity_style};
use crate::exposition::Diagnostic;
use crate::output::Style;
use crate::output::diagnostics::locate::{Locator, Place};
use crate::output::sanitize::{Unit, units};
use crate::output::width::{columns, wrap};
use memchr::memchr;
use std::fmt::Write as _;
use std::ops::Range;

/// The width without a terminal: lines in a log may be longer than on a screen, but not by a megabyte.
const WIDTH_OF_A_LOG: usize = 140;
/// Least number of columns that are shown of a line.
const NARROWEST: usize = 24;
/// How a tab is shown. The position does not matter, since a tab is valid in this format.
const TAB: &str = "    ";

pub(super) fn render(diagnostic: &Diagnostic, locator: &mut Locator<'_>, look: Appearance) -> String {
    let place = locator.locate(&diagnostic.span);
    let related: Vec<_> = diagnostic
        .related
        .iter()
        .map(|related| Mark {
            place: locator.locate(&related.span),
            span: related.span.clone(),
            label: look.text(&related.message),
            style: Style::Strong,
            line: '-',
        })
        .collect();
    let style = severity_style(diagnostic.severity);
    let mark = Mark { place, span: diagnostic.span.clone(), label: String::new(), style, line: '^' };

    let widest = related.iter().map(|mark| mark.place.line).max().unwrap_or(0).max(place.line);
    let mut page = Page { out: String::new(), gutter: widest.to_string().len(), look };
    page.title(diagnostic);

    // What is related on the same line is marked below it, if the part of the line that is shown has it.
    let window = Window::new(locator.bytes(), &mark, page.room(), look);
    let (same, other): (Vec<_>, Vec<_>) = related
        .into_iter()
        .partition(|mark| mark.place.line_start == place.line_start && window.has(mark.span.start));
    page.place("-->", place);
    page.snippet(&window, std::iter::once(&mark).chain(&same));
    for mark in &other {
        page.gutter_line("", Style::Plain, "");
        page.place(":::", mark.place);
        let window = Window::new(locator.bytes(), mark, page.room(), look);
        page.snippet(&window, std::iter::once(mark));
    }
    if let Some(help) = &diagnostic.help {
        page.help(help);
    }
    page.out.push('\n');
    page.out
}

/// A place to show, and how.
struct Mark<'a> {
    place: Place<'a>,
    span: Range<usize>,
    label: String,
    style: Style,
    line: char,
}

/// The text that is being made; `gutter` is the width of the line numbers.
struct Page {
    out: String,
    gutter: usize,
    look: Appearance,
}

impl Page {
    /// The columns that are left for a line of the file.
    fn room(&self) -> usize {
        let width = self.look.width.unwrap_or(WIDTH_OF_A_LOG).min(WIDTH_OF_A_LOG);
        width.saturating_sub(self.gutter + 3).max(NARROWEST)
    }

    fn title(&mut self, diagnostic: &Diagnostic) {
        let severity = format!("{}[{}]", severity_name(diagnostic.severity), diagnostic.code.as_str());
        self.push(severity_style(diagnostic.severity), &severity);
        let message = format!(": {}", self.look.text(&diagnostic.message));
        self.push(Style::Strong, &wrap(&message, severity.len(), 2, self.look.width));
        self.out.push('\n');
    }

    fn place(&mut self, arrow: &str, place: Place<'_>) {
        let gutter = self.gutter;
        self.push(Style::Faint, &format!("{:gutter$}{arrow} ", ""));
        self.out.push_str(&place_name(place, self.look));
        self.out.push('\n');
    }

    /// A line of the file and what is marked in it. A file without a byte has no line to show.
    fn snippet<'m>(&mut self, window: &Window, marks: impl Iterator<Item = &'m Mark<'m>>) {
        for (n, mark) in marks.enumerate() {
            if n == 0 {
                if window.is_empty_file {
                    return;
                }
                self.gutter_line("", Style::Plain, "");
                self.gutter_line(&mark.place.line.to_string(), Style::Plain, &window.text);
            }
            let marked = window.columns(&mark.span);
            let line: String = std::iter::repeat_n(mark.line, marked.len()).collect();
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

    /// `number | text`, without a blank at the end.
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

/// What is shown of a line: safe text, and for each byte where in it it went.
struct Window {
    text: String,
    /// The first byte of each character and where it begins in `text`; at the end, where the line or the
    /// window ends.
    cells: Vec<Cell>,
    is_empty_file: bool,
}

#[derive(Clone, Copy)]
struct Cell {
    /// The offset of the character in the whole text.
    offset: usize,
    /// Where what is shown of it begins in the text that is shown.
    shown: usize,
}

impl Window {
    /// The part of the line of `mark` that has the mark's beginning, and of the rest what there is room for.
    ///
    /// Only the bytes around the mark are looked at: the line may be as long as the file.
    fn new(bytes: &[u8], mark: &Mark<'_>, room: usize, look: Appearance) -> Self {
        let Place { line_start, file_end, .. } = mark.place;
        let at = mark.span.start.clamp(line_start, file_end);
        // No character takes more than four bytes, so that this is enough to fill the room from either side.
        let reach = 4 * room;
        let from = character_boundary(bytes, line_start.max(at.saturating_sub(reach)), at);
        let line_end = memchr(b'\n', &bytes[at..file_end.min(at + reach)]).map(|newline| at + newline);
        let to = line_end.unwrap_or_else(|| file_end.min(at + reach));
        let all = Cells::new(&bytes[from..to], from, look);

        let is_whole = from == line_start && (line_end.is_some() || to == file_end);
        let is_empty_file = is_whole && file_end == line_start && mark.place.line == 1;
        if is_whole && columns(&all.text) <= room {
            return Self { text: all.text, cells: all.cells, is_empty_file };
        }
        let ellipsis = look.charset.ellipsis();
        let shown = all.around(at, room.saturating_sub(2 * columns(ellipsis)));
        let (first, last) = (all.cells[shown.start], all.cells[shown.end]);
        let mut text = String::new();
        if first.offset > line_start {
            text.push_str(ellipsis);
        }
        let moved = text.len();
        text.push_str(&all.text[first.shown..last.shown]);
        let cells = all.cells[shown.start..=shown.end]
            .iter()
            .map(|cell| Cell { offset: cell.offset, shown: cell.shown - first.shown + moved })
            .collect();
        if last.offset < to || (line_end.is_none() && to < file_end) {
            text.push_str(ellipsis);
        }
        Self { text, cells, is_empty_file }
    }

    /// Whether a byte of this line is among what is shown.
    fn has(&self, offset: usize) -> bool {
        let last = self.cells.len() - 1;
        self.cells[0].offset <= offset && offset <= self.cells[last].offset
    }

    /// The columns below which the mark goes, from 0: at least one, also where nothing is shown of the span.
    fn columns(&self, span: &Range<usize>) -> Range<usize> {
        let start = columns(&self.text[..self.shown(span.start)]);
        // The end is the start of the first character behind the span: all of one that it cuts is marked.
        let behind = self.cells.partition_point(|cell| cell.offset < span.end).min(self.cells.len() - 1);
        let end = columns(&self.text[..self.cells[behind].shown]);
        if end > start {
            return start..end;
        }
        // A character without a width of its own, such as an accent, is shown on the one before it.
        let is_combining = !span.is_empty() && self.cells.last().is_some_and(|end| span.start < end.offset);
        let start = if is_combining { start.saturating_sub(1) } else { start };
        start..start + 1
    }

    /// Where in the text the character at `offset` begins.
    fn shown(&self, offset: usize) -> usize {
        let after = self.cells.partition_point(|cell| cell.offset <= offset);
        self.cells[after.saturating_sub(1)].shown
    }
}

/// A part of a line made safe, before it is cut to what there is room for.
struct Cells {
    text: String,
    /// One a character, and one for the end.
    cells: Vec<Cell>,
}

impl Cells {
    fn new(bytes: &[u8], start: usize, look: Appearance) -> Self {
        let mut text = String::with_capacity(bytes.len());
        let mut cells = Vec::new();
        let mut offset = start;
        for unit in units(bytes) {
            cells.push(Cell { offset, shown: text.len() });
            match unit {
                Unit::Char('\t') => text.push_str(TAB),
                unit => unit.push_visible(&mut text, look.charset),
            }
            offset += unit.len();
        }
        cells.push(Cell { offset, shown: text.len() });
        Self { text, cells }
    }

    /// The cells to show, as many as there is room for: first those from `at` on, up to two thirds of the room;
    /// then what is before; then again what is behind.
    fn around(&self, at: usize, room: usize) -> Range<usize> {
        let last = self.cells.len() - 1;
        let pivot = self.cells.partition_point(|cell| cell.offset <= at).saturating_sub(1);
        let width = |range: Range<usize>| {
            columns(&self.text[self.cells[range.start].shown..self.cells[range.end].shown])
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

/// The first offset from `from` on that does not lie within a character; `to` at the latest.
fn character_boundary(bytes: &[u8], from: usize, to: usize) -> usize {
    (from..to).take(4).find(|&at| bytes[at] & 0xc0 != 0x80).unwrap_or(from)
}
