//! Tables for people, and the one that `list` shows.
//!
//! There is no table crate here: these tables go through `grep` and `awk`, so one row is one line, nothing is cut in a
//! pipe, and no line ends in spaces. Of what such a crate offers, only alignment by `unicode-width` would be left.

use super::line::{Line, Span, TextStyle};
use super::printer::{Channel, Printer};
use super::{Style, width};
use crate::gateway::State;
use std::io;
use std::time::Duration;

/// Spaces between two columns.
const GAP: usize = 2;
/// Least width, in terminal columns, of a group's name and of a line before its last piece.
const NARROWEST: usize = 16;
/// Least width of the state. With the name and an age that makes 40: no terminal is narrower.
const NARROWEST_STATE: usize = 11;
/// While a column can keep this width, no other column is left out for it.
const COMFORTABLE: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

/// A column of a [`Table`].
#[derive(Clone, Copy, Debug)]
pub struct Column {
    heading: &'static str,
    align: Align,
    /// Its least width, if it may be shortened.
    least: Option<usize>,
    droppable: bool,
}

impl Column {
    /// A column of text.
    #[must_use]
    pub fn text(heading: &'static str) -> Self {
        Self { heading, align: Align::Left, least: None, droppable: false }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(heading: &'static str) -> Self {
        Self { heading, align: Align::Right, least: None, droppable: false }
    }

    /// In a table wider than the terminal, the column is shortened with an ellipsis, but not below `least`. Of several
    /// such columns the first is shortened first.
    #[must_use]
    pub fn shrinkable(self, least: usize) -> Self {
        Self { least: Some(least), ..self }
    }

    /// In a table wider than the terminal, the column is left out before any other is shortened. Of several such columns
    /// the first is left out first.
    #[must_use]
    pub fn droppable(self) -> Self {
        Self { droppable: true, ..self }
    }
}

/// Rows of cells below headings. A table whose headings are all empty has no heading line. Its rows are a name and a
/// text, which is wrapped on a narrow terminal.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Line>>,
}

impl Table {
    /// A table without rows, which prints nothing.
    #[must_use]
    pub fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self { columns: columns.into(), rows: Vec::new() }
    }

    /// Adds a row. Missing cells are empty, and surplus ones are not shown.
    pub fn row(&mut self, cells: impl Into<Vec<Line>>) {
        self.rows.push(cells.into());
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn render(&self, look: TextStyle) -> String {
        let mut out = String::new();
        if self.is_empty() {
            return out;
        }
        let widths = self.widths(look);
        if self.has_headings() {
            let headings =
                self.columns.iter().map(|column| [Span::new(Style::Heading, column.heading)].into());
            self.push_row(&mut out, &headings.collect::<Vec<_>>(), &widths, look);
        }
        for row in &self.rows {
            self.push_row(&mut out, row, &widths, look);
        }
        out
    }

    fn has_headings(&self) -> bool {
        self.columns.iter().any(|column| !column.heading.is_empty())
    }

    /// The width of each column: that of its widest cell, unless the terminal is too narrow; `None` if it is left out.
    fn widths(&self, look: TextStyle) -> Vec<Option<usize>> {
        let mut widths: Vec<_> = self.columns.iter().map(|column| width::columns(column.heading)).collect();
        for row in &self.rows {
            // A row of one cell is a line below the row before it and widens no column.
            let cells = if row.len() == 1 && self.columns.len() > 1 { &[] } else { row.as_slice() };
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.columns(look).max(*width);
            }
        }
        let limit = look.width.unwrap_or(usize::MAX);
        let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let mut excess = total.saturating_sub(limit);
        // Shortening a very long name comes before leaving out a column.
        let surplus = |(column, width): (&Column, &usize)| {
            column.least.map_or(0, |_| width.saturating_sub(COMFORTABLE))
        };
        let can_shrink: usize = self.columns.iter().zip(&widths).map(surplus).sum();
        let mut widths: Vec<_> = widths.into_iter().map(Some).collect();
        for (column, width) in self.columns.iter().zip(&mut widths) {
            if column.droppable && excess > can_shrink {
                excess = excess.saturating_sub(width.take().unwrap_or_default() + GAP);
            }
        }
        for (column, width) in self.columns.iter().zip(&mut widths) {
            if let (Some(width), Some(least)) = (width.as_mut(), column.least) {
                let narrow = width.saturating_sub(excess).max(least.min(*width));
                excess -= *width - narrow;
                *width = narrow;
            }
        }
        widths
    }

    fn push_row(&self, out: &mut String, cells: &[Line], widths: &[Option<usize>], look: TextStyle) {
        if let ([cell], 2..) = (cells, self.columns.len()) {
            cell.push_with_end(out, look, look.width.unwrap_or(usize::MAX), NARROWEST);
            out.push('\n');
            return;
        }
        if let (false, [name, what], [Some(width), _]) = (self.has_headings(), cells, widths) {
            let (before, shown) = (width + GAP, name.push_to(out, look, *width));
            if what.columns(look) > 0 {
                out.extend(std::iter::repeat_n(' ', before - shown));
                what.push_wrapped(out, look, before, before);
            }
            out.push('\n');
            return;
        }
        // Spaces are only written when something follows.
        let mut spaces = 0;
        for ((column, width), cell) in self.columns.iter().zip(widths).zip(cells) {
            let Some(width) = *width else { continue };
            let mut text = String::new();
            // Narrower than `width` if half of a wide character would be left.
            let shown = cell.push_to(&mut text, look, width);
            let padding = width.saturating_sub(shown);
            if column.align == Align::Right {
                spaces += padding;
            }
            if shown > 0 {
                out.extend(std::iter::repeat_n(' ', std::mem::take(&mut spaces)));
                out.push_str(&text);
            }
            if column.align == Align::Left {
                spaces += padding;
            }
            spaces += GAP;
        }
        out.push('\n');
    }
}

impl Printer<'_> {
    /// Writes a table for people: sanitized, colored if the stream is, and fitted to the terminal's width.
    ///
    /// # Errors
    ///
    /// As [`Printer::result`], for [`Channel::Result`]; never for [`Channel::Message`].
    pub fn table(&mut self, channel: Channel, table: &Table) -> io::Result<()> {
        let text = table.render(self.look(channel));
        if text.is_empty() { Ok(()) } else { self.write(channel, &text) }
    }
}

/// A group in the table that `list` shows.
#[derive(Clone, Debug)]
pub struct GroupRow {
    /// The grouping key, as text.
    pub group: String,
    /// How many metrics it holds; `None` if the server does not report it.
    pub metrics: Option<u64>,
    /// How many series.
    pub series: Option<u64>,
    /// Time since the last successful push; `None` if there never was one.
    pub age: Option<Duration>,
    /// How the last push ended.
    pub state: State,
    /// Time since the last rejected push; shown if that was the last push.
    pub failed: Option<Duration>,
    /// It breaks the gateway, alone or with another group.
    pub conflict: bool,
    /// The metric families, one line each below the group: name, type and number of series.
    pub families: Vec<(String, &'static str, u64)>,
}

/// The table that `list` shows, and `delete` before it deletes.
#[must_use]
pub fn groups(rows: impl IntoIterator<Item = GroupRow>) -> Table {
    let mut table = Table::new([
        Column::text("GROUP").shrinkable(NARROWEST),
        Column::number("METRICS").droppable(),
        Column::number("SERIES").droppable(),
        Column::number("LAST PUSH"),
        Column::text("STATE").shrinkable(NARROWEST_STATE),
    ]);
    for row in rows {
        let number =
            |number: Option<u64>| Line::from(number.map_or("?".to_owned(), |number| number.to_string()));
        let pushed = row.age.map_or("never".to_owned(), age);
        let state = state(row.state, row.failed, row.conflict);
        table.row([row.group.into(), number(row.metrics), number(row.series), pushed.into(), state]);
        for (name, kind, series) in row.families {
            table.row([Line::from(vec![
                Span::plain(format!("  {name}")),
                Span::plain("  "),
                Span::new(Style::Faint, format!("{kind}, {series} series")),
            ])]);
        }
    }
    table
}

fn state(state: State, failed: Option<Duration>, conflict: bool) -> Line {
    let ago = failed.map_or(String::new(), |failed| format!(" {} ago", age(failed)));
    let mut spans = match state {
        State::Ok => vec![Span::new(Style::Good, "ok")],
        // The age of the last push shows whether one ever succeeded.
        State::Failed | State::Never => vec![Span::new(Style::Bad, "failed"), Span::plain(ago)],
    };
    if conflict {
        spans.extend([Span::plain(", "), Span::new(Style::Bad, "conflict")]);
    }
    spans.into()
}

/// An age for people, rounded down: seconds, minutes, hours and minutes, or days.
#[must_use]
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m"),
        (0, _, _) if minutes % 60 == 0 => format!("{hours}h"),
        (0, _, _) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::needless_raw_string_hashes, reason = "snapbox writes them so")]

    use super::*;
    use crate::output::Charset;
    use proptest::prelude::*;
    use snapbox::{IntoData, assert_data_eq, str};

    const PIPE: TextStyle = TextStyle { color: false, width: None, charset: Charset::Unicode };

    fn rows() -> Table {
        let row = |group: &str, metrics, series, age: Option<u64>, state, conflict| GroupRow {
            group: group.to_owned(),
            metrics,
            series,
            age: age.map(Duration::from_secs),
            state,
            failed: (state != State::Ok).then_some(Duration::from_secs(70)),
            conflict,
            families: Vec::new(),
        };
        groups([
            row("job=db_backup", Some(1), Some(1), Some(200), State::Ok, false),
            row("job=動画 instance=🎉", Some(12), Some(48_000), Some(7_500), State::Failed, true),
            row("job=x\x1b[2J instance=", None, None, None, State::Never, true),
            row("job=video_processing instance=mp4_node1", Some(3), Some(3), Some(400_000), State::Ok, false),
        ])
    }

    #[test]
    fn a_pipe_gets_everything() {
        assert_data_eq!(
            rows().render(PIPE),
            str![[r#"
GROUP                                    METRICS  SERIES  LAST PUSH  STATE
job=db_backup                                  1       1         3m  ok
job=動画 instance=🎉                          12   48000      2h 5m  failed 1m ago, conflict
job=x\x1b[2J instance=                         ?       ?      never  failed 1m ago, conflict
job=video_processing instance=mp4_node1        3       3         4d  ok

"#]]
            .raw()
        );
    }

    #[test]
    fn a_terminal_gets_what_fits() {
        let shown = rows().render(TextStyle { width: Some(60), ..PIPE });
        assert_data_eq!(
            shown,
            str![[r#"
GROUP                     LAST PUSH  STATE
job=db_backup                    3m  ok
job=動画 instance=🎉          2h 5m  failed 1m ago, conflict
job=x\x1b[2J instance=        never  failed 1m ago, conflict
job=video_processing in…         4d  ok

"#]]
            .raw()
        );
        // The narrowest terminal still fits all of it. Numbers are never cut.
        let narrow = rows().render(TextStyle { width: Some(40), charset: Charset::Ascii, ..PIPE });
        assert!(narrow.lines().all(|line| line.len() <= 40), "{narrow}");
        let shown = rows().render(TextStyle { width: Some(10), charset: Charset::Ascii, ..PIPE });
        assert_eq!(narrow, shown);
        assert_data_eq!(
            shown,
            str![[r#"
GROUP             LAST PUSH  STATE
job=db_backup            3m  ok
job=\u{52d5}\...      2h 5m  failed 1...
job=x\x1b[2J ...      never  failed 1...
job=video_pro...         4d  ok

"#]]
            .raw()
        );
    }

    #[test]
    fn a_line_of_one_cell_is_shortened_before_its_last_piece() {
        let shown = |width| {
            let mut table = Table::new([Column::text("A"), Column::text("B")]);
            let name = "a_metric_with_a_long_name";
            table.row([Line::from(vec![Span::plain(name), Span::new(Style::Faint, "  gauge, 3 series")])]);
            table.render(TextStyle { width, ..PIPE }).lines().nth(1).unwrap().to_owned()
        };
        assert_eq!(shown(None), "a_metric_with_a_long_name  gauge, 3 series");
        assert_eq!(shown(Some(42)), "a_metric_with_a_long_name  gauge, 3 series");
        assert_eq!(shown(Some(33)), "a_metric_with_a…  gauge, 3 series");
        assert_eq!(shown(Some(32)), "a_metric_with_a_long_name  gaug…");
    }

    #[test]
    fn cutting_a_wide_character_keeps_the_alignment() {
        let mut table = Table::new([Column::text("A").shrinkable(NARROWEST), Column::text("B")]);
        table.row(["a日本語日本語日本語".into(), "b".into()]);
        table.row(["日本語日本語日本語".into(), "b".into()]);
        let shown = table.render(TextStyle { width: Some(19), ..PIPE });
        assert_eq!(shown, "A                 B\na日本語日本語日…  b\n日本語日本語日…   b\n");
    }

    #[test]
    fn color_does_not_change_the_width() {
        crate::output::color::take_over();
        let shown = rows().render(TextStyle { color: true, ..PIPE });
        assert!(shown.contains("\x1b[1;31mfailed\x1b[0m 1m ago, "), "{shown:?}");
        let mut plain = String::new();
        let mut rest = shown.as_str();
        while let Some((before, code)) = rest.split_once('\x1b') {
            plain.push_str(before);
            rest = code.split_once('m').unwrap().1;
        }
        plain.push_str(rest);
        assert_eq!(plain, rows().render(PIPE));
    }

    #[test]
    fn an_empty_table_and_a_table_without_headings() {
        assert_eq!(groups([]).render(PIPE), "");
        let mut table = Table::new([Column::text(""), Column::text("")]);
        table.row(["version:".into(), "1.11.2".into()]);
        table.row(["up:".into(), [Span::new(Style::Good, "yes")].into()]);
        table.row(["nothing".into()]);
        assert_eq!(table.render(PIPE), "version:  1.11.2\nup:       yes\nnothing\n");
        let mut table = Table::new([Column::text(""), Column::text("")]);
        table.row([
            "features".into(),
            [Span::new(Style::Good, "no UTF-8 names"), Span::plain(", no admin API")].into(),
        ]);
        table.row(["".into(), "{job=\"one\"}".into()]);
        let narrow = TextStyle { width: Some(30), ..PIPE };
        assert_eq!(
            table.render(narrow),
            "features  no UTF-8 names, no\n          admin API\n          {job=\"one\"}\n"
        );
    }

    #[test]
    fn ages() {
        let table = [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (200, "3m"),
            (3_599, "59m"),
            (3_600, "1h"),
            (7_500, "2h 5m"),
            (86_399, "23h 59m"),
            (86_400, "1d"),
            (400_000, "4d"),
            (u64::MAX, "213503982334601d"),
        ];
        for (seconds, expected) in table {
            assert_eq!(age(Duration::from_secs(seconds)), expected);
        }
    }

    proptest! {
        #[test]
        fn a_row_is_a_line_without_trailing_spaces(
            cells in prop::collection::vec(prop::collection::vec("[a日\u{301}\n\u{1b}]{0,40}", 0..4), 1..5),
            width in prop::option::of(0..120_usize),
        ) {
            let mut table = Table::new([Column::text("A").shrinkable(NARROWEST), Column::number("B"), Column::text("C")]);
            for row in &cells {
                table.row(row.iter().map(|cell| Line::from(cell.as_str())).collect::<Vec<_>>());
            }
            let shown = table.render(TextStyle { width, ..PIPE });
            prop_assert_eq!(shown.lines().count(), cells.len() + 1);
            for line in shown.lines() {
                prop_assert_eq!(line.trim_end(), line);
                prop_assert!(!line.contains('\x1b'));
            }
        }
    }
}
