//! Human-readable tables.
//!
//! This does not use a table crate. Users process the tables with `grep` and `awk`, so each row is one line,
//! nothing is cut in a pipe, and no line ends with spaces. The only useful feature of such a crate would be
//! alignment, which `unicode-width` is enough for.

use super::line::{Appearance, StyledLine, StyledText};
use super::printer::{Channel, Printer};
use super::{Style, width};
use std::collections::HashSet;
use std::io;

/// Number of spaces between two columns.
const GAP: usize = 2;
/// Minimum width of a key, and of the first piece of a single-cell line.
const NARROWEST: usize = 16;

#[derive(Clone, Copy, Debug)]
pub struct Column {
    heading: &'static str,
    is_number: bool,
    /// The minimum width, if the column may be shortened.
    least: Option<usize>,
    is_key: bool,
    droppable: bool,
}

impl Column {
    pub fn text(heading: &'static str) -> Self {
        Self { heading, is_number: false, least: None, is_key: false, droppable: false }
    }

    /// Returns a right-aligned column of numbers.
    pub fn number(heading: &'static str) -> Self {
        Self { is_number: true, ..Self::text(heading) }
    }

    /// Allows the column to be shortened with an ellipsis if the table is wider than the terminal, but not
    /// below `least`. If several columns can be shortened, the first is shortened first.
    #[must_use]
    pub fn shrinkable(self, least: usize) -> Self {
        Self { least: Some(least), ..self }
    }

    /// Returns a column of grouping keys. If the table is wider than the terminal, label values are shortened
    /// in the middle. If two different keys would then look the same, the keys are wrapped instead.
    pub fn key(heading: &'static str) -> Self {
        Self { is_key: true, least: Some(NARROWEST), ..Self::text(heading) }
    }

    /// Allows the column to be omitted if the table is wider than the terminal, before any other is
    /// shortened. If several columns can be omitted, the first is omitted first.
    #[must_use]
    pub fn droppable(self) -> Self {
        Self { droppable: true, ..self }
    }
}

/// Rows of cells with headings. If all headings are empty, the table has no heading line, and each row
/// consists of a name and a text, which is wrapped on a narrow terminal.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<StyledLine>>,
    whole_keys: bool,
    is_wide: bool,
}

impl Table {
    /// Creates a table without rows, which prints nothing.
    pub fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self { columns: columns.into(), rows: Vec::new(), whole_keys: false, is_wide: false }
    }

    /// Wraps keys that are too wide instead of shortening them.
    #[must_use]
    pub fn with_whole_keys(self) -> Self {
        Self { whole_keys: true, ..self }
    }

    /// Disables shortening if `is_wide`, regardless of the terminal's width.
    #[must_use]
    pub fn wide(self, is_wide: bool) -> Self {
        Self { is_wide, ..self }
    }

    /// Adds a row. Missing cells are empty, and extra cells are ignored.
    pub fn row(&mut self, cells: impl Into<Vec<StyledLine>>) {
        self.rows.push(cells.into());
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn render(&self, mut look: Appearance) -> String {
        let mut out = String::new();
        if self.is_wide {
            look.width = None;
        }
        if self.is_empty() {
            return out;
        }
        let widths = self.widths(look);
        if self.has_headings() {
            let headings =
                self.columns.iter().map(|column| [StyledText::new(Style::Heading, column.heading)].into());
            self.push_row(&mut out, &headings.collect::<Vec<_>>(), &widths, look);
        }
        let mut keys = self.keys(&widths, look).into_iter();
        for row in &self.rows {
            let lines = if row.len() > 1 { keys.next() } else { None };
            let Some(mut lines) = lines else {
                self.push_row(&mut out, row, &widths, look);
                continue;
            };
            let mut row = row.clone();
            row[0] = lines.remove(0).into();
            self.push_row(&mut out, &row, &widths, look);
            for line in lines {
                out.extend([line.as_str(), "\n"]);
            }
        }
        out
    }

    /// Returns the wrapped key of each row that has several cells, if the first column contains keys.
    fn keys(&self, widths: &[Option<usize>], look: Appearance) -> Vec<Vec<String>> {
        let (Some(Column { is_key: true, .. }), Some(Some(limit))) = (self.columns.first(), widths.first())
        else {
            return Vec::new();
        };
        let rows = self.rows.iter().filter(|row| row.len() > 1);
        let keys: Vec<String> = rows.map(|row| row[0].plain(look)).collect();
        let shortened: Option<Vec<String>> =
            keys.iter().map(|key| width::shorten_values(key, *limit, look.charset)).collect();
        let different = |texts: &[String]| texts.iter().collect::<HashSet<_>>().len();
        match shortened {
            Some(shortened)
                if shortened == keys || (!self.whole_keys && different(&shortened) == different(&keys)) =>
            {
                shortened.into_iter().map(|key| vec![key]).collect()
            }
            _ => keys.iter().map(|key| width::fold(key, *limit)).collect(),
        }
    }

    fn has_headings(&self) -> bool {
        self.columns.iter().any(|column| !column.heading.is_empty())
    }

    /// Returns the width of each column, or `None` if the column is omitted. It is the width of the widest
    /// cell, unless the terminal is too narrow.
    fn widths(&self, look: Appearance) -> Vec<Option<usize>> {
        let mut widths: Vec<_> = self.columns.iter().map(|column| width::columns(column.heading)).collect();
        for row in &self.rows {
            // A row with a single cell continues the row above, and does not affect the widths.
            let cells = if row.len() == 1 && self.columns.len() > 1 { &[] } else { row.as_slice() };
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.columns(look).max(*width);
            }
        }
        let limit = look.width.unwrap_or(usize::MAX);
        let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let mut excess = total.saturating_sub(limit);
        let mut widths: Vec<_> = widths.into_iter().map(Some).collect();
        for (column, width) in self.columns.iter().zip(&mut widths) {
            if column.droppable && excess > 0 {
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

    fn push_row(&self, out: &mut String, cells: &[StyledLine], widths: &[Option<usize>], look: Appearance) {
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
        // Write spaces only if text follows.
        let mut spaces = 0;
        for ((column, width), cell) in self.columns.iter().zip(widths).zip(cells) {
            let Some(width) = *width else { continue };
            let mut text = String::new();
            // The text is one column narrower than `width` if the cut would split a wide character.
            let shown = cell.push_to(&mut text, look, width);
            let padding = width.saturating_sub(shown);
            if column.is_number {
                spaces += padding;
            }
            if shown > 0 {
                out.extend(std::iter::repeat_n(' ', std::mem::take(&mut spaces)));
                out.push_str(&text);
            }
            spaces += GAP + if column.is_number { 0 } else { padding };
        }
        out.push('\n');
    }
}

impl Printer<'_> {
    /// Writes a human-readable table: sanitized, colored if enabled, and fitted to the terminal's width.
    pub fn table(&mut self, channel: Channel, table: &Table) -> io::Result<()> {
        self.write(channel, &table.render(self.look(channel)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Charset;
    use proptest::prelude::*;

    const PIPE: Appearance = Appearance { color: false, width: None, charset: Charset::Unicode };

    #[test]
    fn a_line_of_one_cell_is_shortened_before_its_last_piece() {
        let shown = |width| {
            let mut table = Table::new([Column::text("A"), Column::text("B")]);
            let name = "a_metric_with_a_long_name";
            table.row([StyledLine::from(vec![
                StyledText::plain(name),
                StyledText::new(Style::Faint, "  gauge, 3 series"),
            ])]);
            table.render(Appearance { width, ..PIPE }).lines().nth(1).unwrap().to_owned()
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
        let shown = table.render(Appearance { width: Some(19), ..PIPE });
        assert_eq!(shown, "A                 B\na日本語日本語日…  b\n日本語日本語日…   b\n");
    }

    #[test]
    fn an_empty_table_and_a_table_without_headings() {
        assert_eq!(Table::new([Column::text("A")]).render(PIPE), "");
        let mut table = Table::new([Column::text(""), Column::text("")]);
        table.row(["version:".into(), "1.11.2".into()]);
        table.row(["up:".into(), [StyledText::new(Style::Good, "yes")].into()]);
        table.row(["nothing".into()]);
        assert_eq!(table.render(PIPE), "version:  1.11.2\nup:       yes\nnothing\n");
        let mut table = Table::new([Column::text(""), Column::text("")]);
        table.row([
            "features".into(),
            [StyledText::new(Style::Good, "no UTF-8 names"), StyledText::plain(", no admin API")].into(),
        ]);
        table.row(["".into(), "{job=\"one\"}".into()]);
        let narrow = Appearance { width: Some(30), ..PIPE };
        assert_eq!(
            table.render(narrow),
            "features  no UTF-8 names, no\n          admin API\n          {job=\"one\"}\n"
        );
    }

    proptest! {
        #[test]
        fn a_row_is_a_line_without_trailing_spaces(
            cells in prop::collection::vec(prop::collection::vec("[a日\u{301}\n\u{1b}]{0,40}", 0..4), 1..5),
            width in prop::option::of(0..120_usize),
        ) {
            let mut table = Table::new([Column::text("A").shrinkable(NARROWEST), Column::number("B"), Column::text("C")]);
            for row in &cells {
                table.row(row.iter().map(|cell| StyledLine::from(cell.as_str())).collect::<Vec<_>>());
            }
            let shown = table.render(Appearance { width, ..PIPE });
            prop_assert_eq!(shown.lines().count(), cells.len() + 1);
            for line in shown.lines() {
                prop_assert_eq!(line.trim_end(), line);
                prop_assert!(!line.contains('\x1b'));
            }
        }
    }
}
