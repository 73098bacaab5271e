//! Tests of the output of diagnostics in every format, for normal and hostile text.

#![allow(clippy::needless_raw_string_hashes, reason = "snapbox writes them so")]
#![allow(clippy::unicode_not_nfc, reason = "the combining accent is tested")]
#![allow(clippy::single_range_in_vec_init, reason = "a list of one span is meant")]

use super::*;
use crate::exposition::{Code, Related};
use crate::output::Charset;
use crate::output::{OutputStream, Terminal};
use snapbox::{IntoData, assert_data_eq, str};
use std::ops::Range;

const LOG: Terminal = Terminal {
    stdout: OutputStream { is_terminal: false, moves_cursor: false, color: false },
    stderr: OutputStream { is_terminal: false, moves_cursor: false, color: false },
    width: None,
    charset: Charset::Unicode,
};

fn diagnostic(severity: Severity, span: Range<usize>, message: &str) -> Diagnostic {
    Diagnostic {
        severity,
        code: Code::NoSamples,
        span,
        message: message.to_owned(),
        help: None,
        related: Vec::new(),
    }
}

fn error(span: Range<usize>) -> Diagnostic {
    diagnostic(Severity::Error, span, "it is so")
}

fn report(diagnostics: Vec<Diagnostic>) -> Report {
    let count = |severity| diagnostics.iter().filter(|found| found.severity == severity).count();
    Report {
        errors: count(Severity::Error),
        fixed: count(Severity::Fixed),
        warnings: count(Severity::Warning),
        diagnostics,
        ..Report::default()
    }
}

struct Shown {
    terminal: Terminal,
    verbosity: Verbosity,
    channel: Channel,
    format: MessageFormat,
}

impl Shown {
    fn as_(format: MessageFormat) -> Self {
        Self { terminal: LOG, verbosity: Verbosity::Normal, channel: Channel::Result, format }
    }

    /// Returns the contents of standard output and standard error.
    fn streams(&self, files: &[(&str, &[u8])], report: &Report) -> (String, String) {
        let (mut bytes, mut sources) = (Vec::new(), Vec::new());
        for (name, content) in files {
            sources.push(SourceFile { name: (*name).to_owned(), start: bytes.len(), first_line: 1 });
            bytes.extend_from_slice(content);
        }
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let printer = Printer::new(&mut stdout, &mut stderr, self.terminal, self.verbosity);
        let mut printer = printer.with_format(self.format);
        let sources = SourceText { bytes: &bytes, files: &sources };
        printer.diagnostics(self.channel, sources, report).unwrap();
        printer.flush().unwrap();
        drop(printer);
        (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    fn stdout(&self, files: &[(&str, &[u8])], diagnostics: Vec<Diagnostic>) -> String {
        let (stdout, stderr) = self.streams(files, &report(diagnostics));
        assert_eq!(stderr, "");
        stdout
    }
}

/// Returns the human format of errors at these spans of a file.
fn human(text: impl AsRef<[u8]>, spans: &[Range<usize>]) -> String {
    human_on(LOG, text, spans)
}

fn human_on(terminal: Terminal, text: impl AsRef<[u8]>, spans: &[Range<usize>]) -> String {
    let stdout = OutputStream { is_terminal: terminal.width.is_some(), ..terminal.stdout };
    let shown = Shown { terminal: Terminal { stdout, ..terminal }, ..Shown::as_(MessageFormat::Human) };
    shown.stdout(&[("m.prom", text.as_ref())], spans.iter().cloned().map(error).collect())
}

/// Returns hostile text for the formats with one line per diagnostic: two files, one of which has a name that
/// needs escaping, and messages with all characters that must be escaped.
fn hostile() -> (Vec<(&'static str, &'static [u8])>, Vec<Diagnostic>) {
    let files: Vec<(&str, &[u8])> =
        vec![("a,b:\x1b[1m%.prom", b"up 1\nd\xc3\xa9j\xc3\xa0 \xff 1\r\n"), ("<stdin>", b"x 1")];
    let mut found = vec![
        diagnostic(Severity::Warning, 0..2, "100% of it:\r\n::error::forged, \u{202e}\x1b[2J"),
        diagnostic(Severity::Error, 14..15, "a byte that is not UTF-8"),
        diagnostic(Severity::Fixed, 17..18, "CR"),
        diagnostic(Severity::Fixed, 22..22, "the last line has no newline"),
    ];
    found[1].help = Some("write \"UTF-8\"\nor nothing".to_owned());
    (files, found)
}

#[test]
fn short() {
    let (files, found) = hostile();
    assert_data_eq!(
        Shown::as_(MessageFormat::Short).stdout(&files, found),
        str![[r#"
a,b:\x1b[1m%.prom:1:1: warning: 100% of it:\r\n::error::forged, \u{202e}\x1b[2J
a,b:\x1b[1m%.prom:2:8: error: a byte that is not UTF-8
<stdin>:1:1: fixed: CR
<stdin>:1:4: fixed: the last line has no newline

"#]]
        .raw()
    );
}

#[test]
fn json() {
    let (files, found) = hostile();
    let stdout = Shown::as_(MessageFormat::Json).stdout(&files, found);
    for line in stdout.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 7);
    }
    // The compiler does not accept this character in a literal.
    assert_data_eq!(stdout.replace('\u{202e}', "<RLO>"), str![[r#"
{"severity":"warning","code":"no-samples","file":"a,b:\u001b[1m%.prom","line":1,"column":1,"message":"100% of it:\r\n::error::forged, <RLO>\u001b[2J","help":null}
{"severity":"error","code":"no-samples","file":"a,b:\u001b[1m%.prom","line":2,"column":8,"message":"a byte that is not UTF-8","help":"write \"UTF-8\"\nor nothing"}
{"severity":"fixed","code":"no-samples","file":"<stdin>","line":1,"column":1,"message":"CR","help":null}
{"severity":"fixed","code":"no-samples","file":"<stdin>","line":1,"column":4,"message":"the last line has no newline","help":null}

"#]].raw());
}

#[test]
fn github() {
    let (files, found) = hostile();
    assert_data_eq!(Shown::as_(MessageFormat::Github).stdout(&files, found), str![[r#"
::warning file=a%2Cb%3A\x1b[1m%25.prom,line=1,col=1,title=no-samples::a,b:\x1b[1m%25.prom:1:1: 100%25 of it:\r\n::error::forged, \u{202e}\x1b[2J
::error file=a%2Cb%3A\x1b[1m%25.prom,line=2,col=8,title=no-samples::a,b:\x1b[1m%25.prom:2:8: a byte that is not UTF-8%0Ahelp: write "UTF-8"%0Aor nothing
::notice file=<stdin>,line=1,col=1,title=no-samples::<stdin>:1:1: CR
::notice file=<stdin>,line=1,col=4,title=no-samples::<stdin>:1:4: the last line has no newline

"#]].raw());
}

#[test]
fn human_with_help_and_related_positions() {
    let text = b"up{a=\"b\"} 1\n# a comment\n# another\nup{a=\"b\",a=\"c\"} 2\n";
    let mut found = diagnostic(Severity::Error, 43..44, "this label was given before");
    found.help = Some("drop one of them\nor give it another name".to_owned());
    let place = |span, message: &str| Related { span, message: message.to_owned() };
    found.related =
        vec![place(37..38, "first given here"), place(0..9, "so was this"), place(61..61, "there")];
    let files: &[(&str, &[u8])] = &[("one.prom", text), ("two.prom", b"up 3\n# x\n")];
    assert_data_eq!(
        Shown::as_(MessageFormat::Human).stdout(files, vec![found]),
        str![[r#"
error[no-samples]: this label was given before
 --> one.prom:4:10
  |
4 | up{a="b",a="c"} 2
  |          ^
  |    - first given here
  |
 ::: one.prom:1:1
  |
1 | up{a="b"} 1
  | --------- so was this
  |
 ::: two.prom:3:1
  |
3 |
  | - there
  |
  = help: drop one of them
          or give it another name


"#]]
        .raw()
    );
}

#[test]
fn human_marks_positions_without_a_character() {
    assert_data_eq!(
        human("up 1\nup 2", &[9..9, 4..5, 5..5]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:2:5
  |
2 | up 2
  |     ^

error[no-samples]: it is so
 --> m.prom:1:5
  |
1 | up 1
  |     ^

error[no-samples]: it is so
 --> m.prom:2:1
  |
2 | up 2
  | ^


"#]]
        .raw()
    );
    assert_data_eq!(
        human("", &[0..0]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:1


"#]]
        .raw()
    );
    assert_data_eq!(
        human("\nup 1\n", &[0..0, 6..6]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:1
  |
1 |
  | ^

error[no-samples]: it is so
 --> m.prom:3:1
  |
3 |
  | ^


"#]]
        .raw()
    );
}

#[test]
fn human_escapes_control_characters_and_invalid_bytes() {
    assert_data_eq!(
        human("up 1\r\n", &[4..5]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:5
  |
1 | up 1\r
  |     ^^


"#]]
        .raw()
    );
    assert_data_eq!(
        human("\tup\t1 \t\n", &[5..7]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:6
  |
1 |     up    1     
  |            ^^^^^


"#]]
        .raw()
    );
    assert_data_eq!(
        human("a\x1b[31m{l=\"\u{202e}\"} 1x\n", &[1..2, 10..13, 17..18]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:2
  |
1 | a\x1b[31m{l="\u{202e}"} 1x
  |  ^^^^

error[no-samples]: it is so
 --> m.prom:1:11
  |
1 | a\x1b[31m{l="\u{202e}"} 1x
  |              ^^^^^^^^

error[no-samples]: it is so
 --> m.prom:1:16
  |
1 | a\x1b[31m{l="\u{202e}"} 1x
  |                          ^


"#]]
        .raw()
    );
    assert_data_eq!(
        human(b"a{l=\"\xff\xfe\"} 1 2\n", &[6..7, 11..12]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:7
  |
1 | a{l="\xff\xfe"} 1 2
  |          ^^^^

error[no-samples]: it is so
 --> m.prom:1:12
  |
1 | a{l="\xff\xfe"} 1 2
  |                  ^


"#]]
        .raw()
    );
    assert_data_eq!(
        human("\u{feff}up 1\n", &[0..3]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:1
  |
1 | \u{feff}up 1
  | ^^^^^^^^


"#]]
        .raw()
    );
}

#[test]
fn human_counts_columns_of_wide_and_combining_characters() {
    let text = "a{l=\"日本🎉e\u{301}\"} 1 2\n";
    let at = text.find('2').unwrap();
    let accent = text.find('\u{301}').unwrap();
    let wide = text.find('本').unwrap();
    assert_data_eq!(
        human(text, &[at..at + 1, accent..accent + 2, wide..wide + 3]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:16
  |
1 | a{l="日本🎉é"} 1 2
  |                  ^

error[no-samples]: it is so
 --> m.prom:1:10
  |
1 | a{l="日本🎉é"} 1 2
  |            ^

error[no-samples]: it is so
 --> m.prom:1:7
  |
1 | a{l="日本🎉é"} 1 2
  |        ^^


"#]]
        .raw()
    );
    // A span that starts inside a character marks the whole character.
    assert_data_eq!(
        human(text, &[wide + 1..wide + 2]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:7
  |
1 | a{l="日本🎉é"} 1 2
  |        ^^


"#]]
        .raw()
    );
}

#[test]
fn human_in_ascii() {
    let terminal = Terminal { charset: Charset::Ascii, ..LOG };
    let text = format!("métric{{l=\"日\"}} 1 2 {}\n", "é".repeat(100));
    let at = text.find('2').unwrap();
    let shown = human_on(terminal, &text, &[at..at + 1]);
    assert!(shown.is_ascii());
    assert_data_eq!(shown, str![[r#"
error[no-samples]: it is so
 --> m.prom:1:17
  |
1 | m\u{e9}tric{l="\u{65e5}"} 1 2 \u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}...
  |                             ^


"#]].raw());
}

#[test]
fn human_shows_a_part_of_a_long_line() {
    let terminal = Terminal { width: Some(60), ..LOG };
    let mut text = format!("a{{l=\"{}\"}} 1\n", "0123456789".repeat(100_000));
    let end = text.len() - 2;
    text.push_str("up 1\n");
    let shown = human_on(terminal, &text, &[0..1, 3..4, 500_007..500_012, 7..500_000, end..end + 1]);
    assert!(shown.lines().all(|line| crate::output::width::columns(line) <= 60), "{shown}");
    assert_data_eq!(
        shown,
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:1
  |
1 | a{l="0123456789012345678901234567890123456789012345678…
  | ^

error[no-samples]: it is so
 --> m.prom:1:4
  |
1 | a{l="0123456789012345678901234567890123456789012345678…
  |    ^

error[no-samples]: it is so
 --> m.prom:1:500008
  |
1 | …456789012345678901234567890123456789012345678901234567…
  |                    ^^^^^

error[no-samples]: it is so
 --> m.prom:1:8
  |
1 | a{l="0123456789012345678901234567890123456789012345678…
  |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

error[no-samples]: it is so
 --> m.prom:1:1000009
  |
1 | …01234567890123456789012345678901234567890123456789"} 1
  |                                                       ^


"#]]
        .raw()
    );

    let wide = format!("a{{l=\"{}\"}} 1\n", "日\u{1b}\u{ff}".repeat(1_000));
    let at = wide.char_indices().nth(1_500).unwrap().0;
    assert_data_eq!(
        human_on(terminal, &wide, &[at..at + 1]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:1501
  |
1 | …ÿ日\x1bÿ日\x1bÿ日\x1bÿ日\x1bÿ日\x1bÿ日\x1bÿ日\x1bÿ日…
  |                   ^^^^


"#]]
        .raw()
    );
    // Every width works, even 0.
    let terminal = Terminal { width: Some(0), ..LOG };
    assert_data_eq!(
        human_on(terminal, "metric_name{label=\"value\"} 1 2\n", &[29..30]),
        str![[r#"
error[no-samples]: it is so
 --> m.prom:1:30
  |
1 | …ame{label="value"} 1 2
  |                       ^


"#]]
        .raw()
    );
}

#[test]
fn human_in_color() {
    let mut terminal = LOG;
    terminal.stdout.color = true;
    let shown = Shown { terminal, ..Shown::as_(MessageFormat::Human) };
    let mut found = error(3..4);
    found.help = Some("help".to_owned());
    found.related = vec![Related { span: 0..2, message: "and here".to_owned() }];
    let stdout = shown.stdout(&[("m.prom", b"up x\n")], vec![found]);
    assert_data_eq!(
        stdout.replace('\x1b', "ESC"),
        str![[r#"
ESC[1;31merror[no-samples]ESC[0mESC[1m: it is soESC[0m
ESC[2m --> ESC[0mm.prom:1:4
ESC[2m  |ESC[0m
ESC[2m1 |ESC[0m up x
ESC[2m  |ESC[0m ESC[1;31m   ^ESC[0m
ESC[2m  |ESC[0m ESC[1m-- and hereESC[0m
ESC[2m  |ESC[0m
ESC[2m  = ESC[0mESC[1;36mhelp:ESC[0m help


"#]]
        .raw()
    );
}

#[test]
fn hidden_diagnostics_are_counted() {
    let mut report = report(vec![error(0..1)]);
    report.errors = 3;
    report.warnings = 10;
    let (stdout, stderr) = Shown::as_(MessageFormat::Short).streams(&[("m.prom", b"up x\n")], &report);
    assert_eq!(stdout.lines().count(), 1);
    assert_eq!(stderr, "warning: 12 more problems not shown (--max-diagnostics)\n");
    assert_eq!(summary(&report), "3 errors, 10 warnings");
    report.counts = vec![
        (Severity::Error, Code::Timestamp, 2),
        (Severity::Error, Code::Value, 1),
        (Severity::Warning, Code::MissingPart, 10),
    ];
    assert_eq!(summary(&report), "3 errors (2 timestamp, 1 value), 10 warnings");
    assert_eq!(summary(&Report { fixed: 1, ..Report::default() }), "1 repair");
    assert_eq!(summary(&Report::default()), "no problems");
}

#[test]
fn the_channel_format_and_verbosity_decide_what_is_shown() {
    use Channel::{Message, Result};
    use MessageFormat::{Github, Human, Json, Short};
    use Verbosity::{Normal, Quiet, Verbose};
    let found = || {
        vec![
            error(0..1),
            diagnostic(Severity::Warning, 1..2, "it is so"),
            diagnostic(Severity::Fixed, 2..3, "it is so"),
        ]
    };
    // The columns are the channel, the format, the verbosity, and the number of diagnostics shown.
    let table = [
        (Result, Human, Quiet, 1),
        (Result, Human, Normal, 3),
        (Result, Short, Normal, 3),
        (Message, Human, Quiet, 1),
        (Message, Human, Normal, 2),
        (Message, Short, Normal, 2),
        (Message, Human, Verbose, 3),
        (Message, Json, Quiet, 1),
        (Message, Json, Normal, 3),
        (Message, Github, Normal, 3),
    ];
    for (channel, format, verbosity, expected) in table {
        let shown = Shown { terminal: LOG, verbosity, channel, format };
        let (stdout, stderr) = shown.streams(&[("m.prom", b"up 1\n")], &report(found()));
        let (full, empty) = if channel == Result { (stdout, stderr) } else { (stderr, stdout) };
        assert_eq!(empty, "", "{channel:?} {format:?} {verbosity:?}");
        assert_eq!(full.matches("it is so").count(), expected, "{channel:?} {format:?} {verbosity:?}");
    }
}

proptest::proptest! {
    /// Checks that no bytes, spans or terminals cause a panic, a control character, or a line that is too
    /// wide.
    #[test]
    fn any_text_is_shown_safely(
        text in proptest::collection::vec(
            proptest::prop_oneof![
                4 => proptest::sample::select(b"a1 {}\"=\n\r\t\x1b".to_vec()),
                2 => proptest::sample::select("日e\u{301}\u{202e}".as_bytes().to_vec()),
                1 => proptest::num::u8::ANY,
            ],
            0..300,
        ),
        spans in proptest::collection::vec((0..320_usize, 0..40_usize), 1..6),
        cut in 0..300_usize,
        width in proptest::option::of(0..200_usize),
        ascii in proptest::bool::ANY,
    ) {
        let charset = if ascii { Charset::Ascii } else { Charset::Unicode };
        let stdout = OutputStream { is_terminal: true, moves_cursor: true, color: false };
        let terminal = Terminal { stdout, width, charset, ..LOG };
        let (one, two) = text.split_at(cut.min(text.len()));
        let mut found = error(spans[0].0..spans[0].0 + spans[0].1);
        found.related = spans[1..]
            .iter()
            .map(|&(start, len)| Related { span: start..start + len, message: String::new() })
            .collect();
        for format in [MessageFormat::Human, MessageFormat::Short, MessageFormat::Json, MessageFormat::Github] {
            let shown = Shown { terminal, ..Shown::as_(format) };
            let stdout = shown.stdout(&[("one", one), ("two", two)], vec![found.clone()]);
            assert!(!stdout.contains(['\r', '\t', '\x1b', '\u{202e}']));
            assert!(!ascii || stdout.is_ascii());
            assert!(stdout.lines().count() < 100);
            for line in stdout.lines() {
                let limit = width.unwrap_or(usize::MAX).clamp(40, 140) + 2;
                assert!(format != MessageFormat::Human || crate::output::width::columns(line) <= limit, "{line}");
            }
        }
    }
}
