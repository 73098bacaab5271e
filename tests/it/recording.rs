//! The picture at the top of README: the real program at a terminal, in front of a real gateway, drawn as SVG from what
//! it wrote. To draw it anew: `SNAPSHOTS=overwrite cargo test --test it recording -- --include-ignored`.
//!
//! What is shown is the same in every run but for the gateway's port and the ages, which are written as README has them.

use crate::readme::{CALLED, timeless};
use crate::support::{Gateway, Tty, lacks, newest_gateway, shell};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const FILE: &str = "examples/recording.svg";
const COLUMNS: u16 = 96;

/// What is typed. `backup.prom` lies there, with a decimal comma; `HOST_NAME` is unset.
const TYPED: &[&str] = &[
    "pushgw push -j db_backup backup.prom",
    "sed -i s/12,5/12.5/ backup.prom && pushgw push -j db_backup backup.prom",
    "pushgw push -j db_backup -i \"$HOST_NAME\" backup.prom",
    "curl -so /dev/null -w '%{http_code}\\n' --data-binary @backup.prom \\\n    localhost:9091/metrics/job/db_backup/instance/$HOST_NAME",
    "pushgw list",
    "pushgw delete -j db_backup -l instance= && pushgw list",
];

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_picture_in_readme_is_what_the_terminal_shows() {
    if lacks("curl") {
        return;
    }
    let gateway = Gateway::start(newest_gateway(), &[]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("backup.prom"), "backup_seconds 12,5\nbackup_size_bytes 3e9\n").unwrap();
    let address = gateway.address().to_string();
    let mut seen = String::new();
    for typed in TYPED {
        let script = format!("cd '{}'; {}", folder.path().display(), typed.replace(CALLED, &address));
        let ran = shell(&script)
            .on(&gateway)
            .env("LC_ALL", "C.UTF-8")
            // Colours, but no line of progress, which a machine that is slow today would show.
            .env("CLICOLOR_FORCE", "1")
            .env("TERM", "dumb")
            .tty(&[Tty::Stdin, Tty::Stdout, Tty::Stderr], COLUMNS)
            .any_code()
            .run();
        let screen = ran.screen().replace(&address, CALLED);
        _ = write!(seen, "\x1b[2m$\x1b[0m \x1b[1m{typed}\x1b[0m\n{}", timeless(&screen));
    }
    let drawn = draw(&lines(&seen));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(&file, &drawn).unwrap();
    }
    snapbox::assert_data_eq!(drawn, snapbox::Data::read_from(&file, None).raw());
}

/// A piece of a line, where it begins, and how it looks: the classes of the drawing.
#[derive(Debug, PartialEq)]
struct Piece {
    column: usize,
    text: String,
    style: String,
}

/// What the terminal shows, line by line, broken at its width.
fn lines(seen: &str) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let (mut column, mut style) = (0, String::new());
    let mut rest = seen.chars();
    while let Some(letter) = rest.next() {
        if letter == '\x1b' {
            assert_eq!(rest.next(), Some('['), "an escape sequence that is not drawn");
            let code: String = rest.by_ref().take_while(|letter| *letter != 'm').collect();
            style = class(&code);
        } else if letter == '\n' {
            lines.push(Vec::new());
            column = 0;
        } else {
            assert!(!letter.is_control(), "a control character that is not drawn: {letter:?}");
            if column == usize::from(COLUMNS) {
                lines.push(Vec::new());
                column = 0;
            }
            let line = lines.last_mut().unwrap();
            match line.last_mut() {
                Some(piece) if piece.style == style => piece.text.push(letter),
                _ => line.push(Piece { column, text: letter.into(), style: style.clone() }),
            }
            column += 1;
        }
    }
    lines.pop_if(|last| last.is_empty());
    lines
}

/// The classes of a colour code; one that the drawing doesn't know fails the test.
fn class(code: &str) -> String {
    let class = |part| match part {
        "" | "0" => "",
        "1" => "bold",
        "2" => "dim",
        "31" => "red",
        "32" => "green",
        "33" => "yellow",
        "36" => "cyan",
        other => panic!("the drawing lacks the colour code {other}"),
    };
    code.split(';').map(class).filter(|class| !class.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The drawing. Each piece says where it begins and how wide it is, so that it fits whatever font the reader has.
fn draw(lines: &[Vec<Piece>]) -> String {
    // In tenths of a pixel, so that no figure depends on how a machine rounds.
    const CELL: usize = 84;
    const LINE: usize = 190;
    const MARGIN: usize = 160;
    let pixels = |tenths: usize| format!("{}.{}", tenths / 10, tenths % 10);
    let width = pixels(usize::from(COLUMNS) * CELL + 2 * MARGIN);
    let height = pixels(lines.len() * LINE + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" width=\"{width}\" height=\"{height}\">\n{STYLE}\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>\n"
    );
    for (number, line) in lines.iter().enumerate() {
        for piece in line.iter().filter(|piece| !piece.text.trim().is_empty()) {
            _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" textLength=\"{}\" class=\"{}\">{}</text>",
                pixels(MARGIN + piece.column * CELL),
                pixels(MARGIN + number * LINE + 140),
                pixels(piece.text.chars().count() * CELL),
                piece.style,
                piece.text.replace('&', "&amp;").replace('<', "&lt;"),
            );
        }
    }
    svg + "</svg>\n"
}

const STYLE: &str = "\
<!-- Drawn by tests/it/recording.rs from what pushgw wrote to a terminal. -->
<style>
text { font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #d0d7de }
.bold { font-weight: bold } .dim { fill: #8b949e } .red { fill: #ff7b72 } .green { fill: #56d364 }
.yellow { fill: #e3b341 } .cyan { fill: #76e3ea }
</style>
";

#[test]
fn a_line_is_broken_at_the_terminals_width_and_colours_end_where_they_end() {
    let piece = |column, text: &str, style: &str| Piece { column, text: text.into(), style: style.into() };
    let long = "x".repeat(usize::from(COLUMNS) + 1);
    let drawn = lines(&format!("\x1b[1;31ma\x1b[0m b\n{long}\n"));
    assert_eq!(drawn[0], [piece(0, "a", "bold red"), piece(1, " b", "")]);
    assert_eq!(drawn[1], [piece(0, &long[1..], "")]);
    assert_eq!(drawn[2], [piece(0, "x", "")]);
}
