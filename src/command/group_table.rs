//! The table of groups shown by `list`, and by `delete` before it deletes them.

use crate::gateway::{FamilySize, State};
use crate::output::{Column, Style, StyledLine, StyledText, Table};
use std::time::Duration;

/// Minimum width of the state column. With this width, a row of group, age and state fits in 40 columns.
const NARROWEST_STATE: usize = 11;

#[derive(Clone, Debug)]
pub(super) struct GroupRow {
    pub(super) group: String,
    /// `None` if the server does not report the number.
    pub(super) metrics: Option<u64>,
    pub(super) series: Option<u64>,
    /// Time since the last successful push; `None` if there never was one.
    pub(super) age: Option<Duration>,
    pub(super) state: State,
    /// Time since the last rejected push, which is shown only if no push has succeeded since.
    pub(super) failed: Option<Duration>,
    /// Whether the group breaks the gateway, alone or together with another group.
    pub(super) conflict: bool,
    /// Families listed below the group, one per line.
    pub(super) families: Vec<FamilySize>,
}

/// Builds the table from one row per group.
pub(super) fn groups(rows: impl IntoIterator<Item = GroupRow>) -> Table {
    let mut table = Table::new([
        Column::key("GROUP"),
        Column::number("METRICS").droppable(),
        Column::number("SERIES").droppable(),
        Column::number("LAST PUSH"),
        Column::text("STATE").shrinkable(NARROWEST_STATE),
    ]);
    for row in rows {
        let number = |number: Option<u64>| {
            StyledLine::from(number.map_or("?".to_owned(), |number| number.to_string()))
        };
        let pushed = row.age.map_or("never".to_owned(), age);
        let state = state(row.state, row.failed, row.conflict);
        table.row([row.group.into(), number(row.metrics), number(row.series), pushed.into(), state]);
        for FamilySize { name, kind, series, .. } in row.families {
            table.row([StyledLine::from(vec![
                StyledText::plain(format!("  {name}")),
                StyledText::plain("  "),
                StyledText::new(Style::Faint, format!("{}, {series} series", kind.as_str())),
            ])]);
        }
    }
    table
}

fn state(state: State, failed: Option<Duration>, conflict: bool) -> StyledLine {
    let ago = failed.map_or(String::new(), |failed| format!(" {} ago", age(failed)));
    let mut spans = match state {
        State::Ok => vec![StyledText::new(Style::Good, "ok")],
        // The LAST PUSH column already shows whether a push has ever succeeded.
        State::Failed | State::Never => vec![StyledText::new(Style::Bad, "failed"), StyledText::plain(ago)],
    };
    if conflict {
        spans.extend([StyledText::plain(", "), StyledText::new(Style::Bad, "conflict")]);
    }
    spans.into()
}

/// Formats an age, rounded down: seconds, minutes, hours and minutes, or days.
pub(super) fn age(age: Duration) -> String {
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
    use crate::output::{Appearance, Charset, take_over};
    use snapbox::{IntoData, assert_data_eq, str};

    const PIPE: Appearance = Appearance { color: false, width: None, charset: Charset::Unicode };

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
            row("{job=\"db_backup\"}", Some(1), Some(1), Some(200), State::Ok, false),
            row("{job=\"動画\",instance=\"🎉\"}", Some(12), Some(48_000), Some(7_500), State::Failed, true),
            row("{job=\"x\x1b[2J\",instance=\"\"}", None, None, None, State::Never, true),
            row(
                "{job=\"video_processing\",instance=\"mp4_node1\"}",
                Some(3),
                Some(3),
                Some(400_000),
                State::Ok,
                false,
            ),
        ])
    }

    #[test]
    fn a_pipe_gets_everything() {
        assert_data_eq!(
            rows().render(PIPE),
            str![[r#"
GROUP                                          METRICS  SERIES  LAST PUSH  STATE
{job="db_backup"}                                    1       1         3m  ok
{job="動画",instance="🎉"}                          12   48000      2h 5m  failed 1m ago, conflict
{job="x\x1b[2J",instance=""}                         ?       ?      never  failed 1m ago, conflict
{job="video_processing",instance="mp4_node1"}        3       3         4d  ok

"#]]
            .raw()
        );
    }

    #[test]
    fn a_terminal_gets_what_fits() {
        let shown = rows().render(Appearance { width: Some(60), ..PIPE });
        assert_data_eq!(
            shown,
            str![[r#"
GROUP                     LAST PUSH  STATE
{job="db_backup"}                3m  ok
{job="動画",instance="🎉      2h 5m  failed 1m ago, conflict
"}
{job="x\x1b[2J",instance      never  failed 1m ago, conflict
=""}
{job="video_processing",         4d  ok
instance="mp4_node1"}

"#]]
            .raw()
        );
        // The table fits the narrowest terminal, and numbers are never truncated.
        let narrow = rows().render(Appearance { width: Some(40), charset: Charset::Ascii, ..PIPE });
        assert!(narrow.lines().all(|line| line.len() <= 40), "{narrow}");
        let shown = rows().render(Appearance { width: Some(10), charset: Charset::Ascii, ..PIPE });
        assert_eq!(narrow, shown);
        assert_data_eq!(
            shown,
            str![[r#"
GROUP             LAST PUSH  STATE
{job="db_backup"         3m  ok
}
{job="\u{52d5}\u      2h 5m  failed 1...
{753b}",instance
="\u{1f389}"}
{job="x\x1b[2J",      never  failed 1...
instance=""}
{job="video_proc         4d  ok
essing",instance
="mp4_node1"}

"#]]
            .raw()
        );
    }

    #[test]
    fn color_does_not_change_the_width() {
        take_over();
        let shown = rows().render(Appearance { color: true, ..PIPE });
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
}
