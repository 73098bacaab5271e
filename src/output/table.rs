//! Tables for people, and the one that `list` shows.
//!
//! Made by hand: what is wanted of a table crate is alignment by the width that a terminal gives a character,
//! which is one call of `unicode-width`. What such crates add (borders, wrapped cells) would have to be turned
//! off, because the lines of these tables go through `grep` and `awk`: one row is one line, nothing is cut in a
//! pipe, and no line ends in blanks.

use super::line::{Line, Look, Span};
use super::printer::{Channel, Printer};
use super::{Style, width};
use crate::gateway::State;
use std::io;
use std::time::Duration;

/// What stands between two columns.
const GAP: usize = 2;
/// As many columns of the terminal a group's name keeps, and a line before its last piece.
const NARROWEST: usize = 16;
/// As many the state keeps. With the name and an age it makes 40: no terminal is narrower.
const NARROWEST_STATE: usize = 11;
/// As long as it has this many, other columns stay.
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
    /// What it keeps where it is shortened.
    gives_way: Option<usize>,
    goes: bool,
}

impl Column {
    /// A column of text.
    #[must_use]
    pub fn text(heading: &'static str) -> Self {
        Self { heading, align: Align::Left, gives_way: None, goes: false }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(heading: &'static str) -> Self {
        Self { heading, align: Align::Right, gives_way: None, goes: false }
    }

    /// The column is shortened, with an ellipsis, where the table is wider than the terminal, the first of such columns
    /// first; but not below `narrowest`.
    #[must_use]
    pub fn giving_way(self, narrowest: usize) -> Self {
        Self { gives_way: Some(narrowest), ..self }
    }

    /// The column is left out where the table is wider than the terminal, the first of such columns first: before
    /// any other is shortened.
    #[must_use]
    pub fn going(self) -> Self {
        Self { goes: true, ..self }
    }
}

/// Rows of cells below headings. A table whose headings are all empty has no line of them: its rows are names and what
/// stands behind them, which is wrapped where the terminal is narrow.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Line>>,
}

impl Table {
    /// A table without rows; a table that stays so prints nothing.
    #[must_use]
    pub fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self { columns: columns.into(), rows: Vec::new() }
    }

    /// Adds a row. Cells that are missing at its end are empty, those that are too many are not shown.
    pub fn row(&mut self, cells: impl Into<Vec<Line>>) {
        self.rows.push(cells.into());
    }

    /// Whether there is nothing to print.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn render(&self, look: Look) -> String {
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

    /// How wide each column is: as its widest cell, unless it gives way to the terminal's width; `None` is not shown.
    fn widths(&self, look: Look) -> Vec<Option<usize>> {
        let mut widths: Vec<_> = self.columns.iter().map(|column| width::columns(column.heading)).collect();
        for row in &self.rows {
            // A row of one cell is a line below the row before it, and no column is made for it.
            let cells = if row.len() == 1 && self.columns.len() > 1 { &[] } else { row.as_slice() };
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.columns(look).max(*width);
            }
        }
        let limit = look.width.unwrap_or(usize::MAX);
        let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let mut excess = total.saturating_sub(limit);
        // Nothing goes for the sake of a name that can be told from the others without its end.
        let yields = |(column, width): (&Column, &usize)| {
            column.gives_way.map_or(0, |_| width.saturating_sub(COMFORTABLE))
        };
        let can_yield: usize = self.columns.iter().zip(&widths).map(yields).sum();
        let mut widths: Vec<_> = widths.into_iter().map(Some).collect();
        for (column, width) in self.columns.iter().zip(&mut widths) {
            if column.goes && excess > can_yield {
                excess = excess.saturating_sub(width.take().unwrap_or_default() + GAP);
            }
        }
        for (column, width) in self.columns.iter().zip(&mut widths) {
            if let (Some(width), Some(narrowest)) = (width.as_mut(), column.gives_way) {
                let narrow = width.saturating_sub(excess).max(narrowest.min(*width));
                excess -= *width - narrow;
                *width = narrow;
            }
        }
        widths
    }

    fn push_row(&self, out: &mut String, cells: &[Line], widths: &[Option<usize>], look: Look) {
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
        // Blanks that are owed: they are only written when something follows.
        let mut blanks = 0;
        for ((column, width), cell) in self.columns.iter().zip(widths).zip(cells) {
            let Some(width) = *width else { continue };
            let mut text = String::new();
            // Fewer than `width` where half of a wide character would have been left.
            let shown = cell.push_to(&mut text, look, width);
            let padding = width.saturating_sub(shown);
            if column.align == Align::Right {
                blanks += padding;
            }
            if shown > 0 {
                out.extend(std::iter::repeat_n(' ', std::mem::take(&mut blanks)));
                out.push_str(&text);
            }
            if column.align == Align::Left {
                blanks += padding;
            }
            blanks += GAP;
        }
        out.push('\n');
    }
}

impl Printer<'_> {
    /// Writes a table, for people: made safe, colored where the stream is, and fitted to a terminal's width.
    ///
    /// # Errors
    ///
    /// As [`Printer::result`], for [`Channel::Result`]; never for [`Channel::Message`].
    pub fn table(&mut self, channel: Channel, table: &Table) -> io::Result<()> {
        let text = table.render(self.look(channel));
        if text.is_empty() { Ok(()) } else { self.write(channel, &text) }
    }
}

/// What the table of groups shows of one.
#[derive(Clone, Debug)]
pub struct GroupRow {
    /// The grouping key, as text.
    pub group: String,
    /// How many metrics it holds; `None` where the server does not say.
    pub metrics: Option<u64>,
    /// How many series.
    pub series: Option<u64>,
    /// How long ago the last push was stored; `None` if none ever was.
    pub age: Option<Duration>,
    /// How the last push ended.
    pub state: State,
    /// How long ago a push was refused for the last time; shown where that was the last push.
    pub failed: Option<Duration>,
    /// With another group it breaks the gateway.
    pub conflict: bool,
    /// The families, a line each below the group: name, type and series.
    pub families: Vec<(String, &'static str, u64)>,
}

/// The table that `list` shows, and `delete` before it deletes.
#[must_use]
pub fn groups(rows: impl IntoIterator<Item = GroupRow>) -> Table {
    let mut table = Table::new([
        Column::text("GROUP").giving_way(NARROWEST),
        Column::number("METRICS").going(),
        Column::number("SERIES").going(),
        Column::number("LAST PUSH"),
        Column::text("STATE").giving_way(NARROWEST_STATE),
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
        // Whether one was ever taken, the age of the last push says.
        State::Failed | State::Never => vec![Span::new(Style::Bad, "failed"), Span::plain(ago)],
    };
    if conflict {
        spans.extend([Span::plain(", "), Span::new(Style::Bad, "conflict")]);
    }
    spans.into()
}

/// An age as people say it, rounded down: seconds, minutes, hours and minutes, from a day on days alone.
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

    const PIPE: Look = Look { color: false, width: None, charset: Charset::Unicode };

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
        let shown = rows().render(Look { width: Some(60), ..PIPE });
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
        // As narrow as a terminal is, all of it fits; the columns of numbers are never cut.
        let narrow = rows().render(Look { width: Some(40), charset: Charset::Ascii, ..PIPE });
        assert!(narrow.lines().all(|line| line.len() <= 40), "{narrow}");
        let shown = rows().render(Look { width: Some(10), charset: Charset::Ascii, ..PIPE });
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
    fn the_end_of_a_line_of_one_cell_outlasts_its_beginning() {
        let shown = |width| {
            let mut table = Table::new([Column::text("A"), Column::text("B")]);
            let name = "a_metric_with_a_long_name";
            table.row([Line::from(vec![Span::plain(name), Span::new(Style::Faint, "  gauge, 3 series")])]);
            table.render(Look { width, ..PIPE }).lines().nth(1).unwrap().to_owned()
        };
        assert_eq!(shown(None), "a_metric_with_a_long_name  gauge, 3 series");
        assert_eq!(shown(Some(42)), "a_metric_with_a_long_name  gauge, 3 series");
        assert_eq!(shown(Some(33)), "a_metric_with_a…  gauge, 3 series");
        assert_eq!(shown(Some(32)), "a_metric_with_a_long_name  gaug…");
    }

    #[test]
    fn a_wide_character_that_is_cut_moves_nothing() {
        let mut table = Table::new([Column::text("A").giving_way(NARROWEST), Column::text("B")]);
        table.row(["a日本語日本語日本語".into(), "b".into()]);
        table.row(["日本語日本語日本語".into(), "b".into()]);
        let shown = table.render(Look { width: Some(19), ..PIPE });
        assert_eq!(shown, "A                 B\na日本語日本語日…  b\n日本語日本語日…   b\n");
    }

    #[test]
    fn color_takes_no_room() {
        crate::output::color::take_over();
        let shown = rows().render(Look { color: true, ..PIPE });
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
    fn no_rows_no_table_and_no_headings_no_line() {
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
        let narrow = Look { width: Some(30), ..PIPE };
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
        fn rows_are_lines_that_fit_and_end_in_no_blank(
            cells in prop::collection::vec(prop::collection::vec("[a日\u{301}\n\u{1b}]{0,40}", 0..4), 1..5),
            width in prop::option::of(0..120_usize),
        ) {
            let mut table = Table::new([Column::text("A").giving_way(NARROWEST), Column::number("B"), Column::text("C")]);
            for row in &cells {
                table.row(row.iter().map(|cell| Line::from(cell.as_str())).collect::<Vec<_>>());
            }
            let shown = table.render(Look { width, ..PIPE });
            prop_assert_eq!(shown.lines().count(), cells.len() + 1);
            for line in shown.lines() {
                prop_assert_eq!(line.trim_end(), line);
                prop_assert!(!line.contains('\x1b'));
            }
        }
    }
}
