//! What is generated from the options and checked in: completions and manual pages. To make them anew:
//! `SNAPSHOTS=overwrite cargo test --test it generated`.
//!
//! The manual pages are `clap_mangen`'s, and where that falls short, ours: sections for the examples and the exit
//! status, every diagnostic with its example, and a text that `mandoc -T lint` has nothing to say about.

use clap_mangen::Man;
use pushgw::exposition::{self, Code, Rules, Severity, Stage, Text};
use pushgw::grouping::{Emptiness, GroupingKey, KeyRules, Label, Names};
use snapbox::Data;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// The manual pages' date: that of their last change which a reader would notice.
const DATE: &str = "2026-11-23";

fn check(path: &str, made: Vec<u8>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if !file.exists() && std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(&file, &made).unwrap();
    }
    let made = String::from_utf8(made).unwrap();
    // snapbox names the command that regenerates where the two differ.
    snapbox::assert_data_eq!(made, Data::read_from(&file, None).raw());
}

#[test]
fn manual_pages() {
    for (name, page) in pages() {
        check(&format!("man/{name}.1"), page.into_bytes());
    }
}

#[test]
fn every_diagnostic_is_in_the_manual() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("man/pushgw-check.1"));
    let page = page.unwrap();
    for code in Code::ALL {
        assert!(page.contains(&format!("\\fB{}\\fR", escape(code.as_str()))), "{code:?}");
    }
}

#[test]
fn mandoc_has_nothing_to_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    for (name, _) in pages() {
        let page = folder.join(format!("{name}.1"));
        let Ok(done) = Command::new("mandoc").args(["-T", "lint"]).arg(page).output() else {
            eprintln!("skipped: there is no mandoc");
            return;
        };
        assert_eq!(String::from_utf8_lossy(&done.stdout), "");
    }
}

/// All manual pages by their names.
fn pages() -> Vec<(String, String)> {
    let mut command = pushgw::command_line();
    command.build();
    let commands: Vec<&clap::Command> = std::iter::once(&command).chain(command.get_subcommands()).collect();
    let name = |page: &&clap::Command| page.get_display_name().unwrap_or("pushgw").to_owned();
    let names: Vec<String> = commands.iter().map(name).collect();
    commands.iter().zip(&names).map(|(page, name)| (name.clone(), manual_page(page, name, &names))).collect()
}

fn manual_page(page: &clap::Command, name: &str, names: &[String]) -> String {
    // Leaked, because clap keeps names for the length of the program.
    let man = Man::new(page.clone().name(&*name.to_owned().leak()))
        .title(name.to_uppercase())
        .date(DATE)
        .source(concat!("pushgw ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    let mut made = Vec::new();
    man.render(&mut made).unwrap();
    let made = String::from_utf8(made).unwrap();
    // What clap calls extra is text that is laid out already.
    let (before, extra) = made.split_once(".SH EXTRA\n").unwrap_or((&made, ""));
    let behind = extra.find("\n.SH ").map_or("", |at| &extra[at + 1..]);
    let mut text = fill(before);
    if name == "pushgw-check" {
        text.push_str(&diagnostics());
    }
    if let Some(extra) = page.get_after_long_help() {
        text.push_str(&sections(&extra.to_string()));
    }
    text.push_str(&fill(behind));
    text.push_str(&see_also(name, names));
    text
}

/// The text without what has no effect, and with lines that fit a terminal.
fn fill(text: &str) -> String {
    let mut filled = String::new();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    for (at, line) in lines.iter().enumerate() {
        let near = |at: Option<usize>| at.and_then(|at| lines.get(at)).copied();
        let beside_blank = [at.checked_sub(1), at.checked_add(1)].map(near).contains(&Some(""));
        if *line == ".br" && beside_blank {
            continue;
        }
        if line.starts_with('.') || line.len() <= 80 {
            _ = writeln!(filled, "{line}");
            continue;
        }
        let mut width = 0;
        for word in line.split(' ') {
            // At the beginning of a line these would begin a request.
            let may_begin = !word.starts_with(['.', '\'']);
            if width > 0 && width + 1 + word.len() > 80 && may_begin {
                filled.push('\n');
                width = 0;
            } else if width > 0 {
                filled.push(' ');
                width += 1;
            }
            filled.push_str(word);
            width += word.len();
        }
        filled.push('\n');
    }
    filled
}

/// `Heading:` and what is indented below it, as sections.
fn sections(extra: &str) -> String {
    let mut text = String::new();
    let mut lines = extra.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(heading) = line.strip_suffix(':') else { continue };
        _ = writeln!(text, ".SH \"{}\"\n.nf", heading.to_uppercase());
        while let Some(line) = lines.next_if(|line| line.starts_with("  ") || line.is_empty()) {
            _ = writeln!(text, "{}", escape(line.strip_prefix("  ").unwrap_or(line)));
        }
        text.push_str(".fi\n");
    }
    text
}

fn see_also(name: &str, names: &[String]) -> String {
    let mut others: Vec<String> = names
        .iter()
        .filter(|other| *other != name)
        .map(|other| format!(".BR {} (1)", escape(other)))
        .collect();
    others.sort();
    format!(".SH \"SEE ALSO\"\n{}\n", others.join(",\n"))
}

/// Every rule with its sentence and its example.
fn diagnostics() -> String {
    let mut text = String::from(
        ".SH DIAGNOSTICS\nEach problem has a name, which stands in brackets behind the severity and never changes its \
         meaning.\nWhat is marked as repaired has the severity fixed: push and add mend it, unless told not to.\nThe \
         examples show what has no letter in angle brackets, such as <CR>.\n",
    );
    for (stage, heading) in [
        (Stage::Parse, "Refused by the gateway's parser"),
        (Stage::Store, "Refused by the gateway's store"),
        (Stage::Ours, "Refused by pushgw, because the gateway takes it and harm follows"),
        (Stage::Advice, "Warnings"),
        (Stage::Convention, "Warnings with --lint"),
    ] {
        _ = writeln!(text, ".SS \"{}\"", escape(heading));
        for code in Code::ALL.iter().filter(|code| code.stage() == stage) {
            let fixed = if severity(*code) == Severity::Fixed { " (repaired)" } else { "" };
            _ = writeln!(text, ".TP\n\\fB{}\\fR{fixed}\n{}", escape(code.as_str()), escape(code.summary()));
            if let Some(needed) = needed_label(*code) {
                _ = writeln!(text, "For example with \\fB{}\\fR:", escape(&format!("-l {needed}=x")));
            }
            _ = writeln!(text, ".nf\n{}\n.fi", example(*code));
        }
    }
    fill(&text)
}

/// The label that the group needs for a rule's example.
fn needed_label(code: Code) -> Option<&'static str> {
    match code {
        Code::QuantileLabel => Some("quantile"),
        Code::LeInKey => Some("le"),
        _ => None,
    }
}

/// How the checker judges a rule's example.
fn severity(code: Code) -> Severity {
    let labels = needed_label(code).map(|name| Label::new(name, "x"));
    let names = KeyRules { emptiness: Emptiness::Refuse, names: Names::Legacy };
    let key = GroupingKey::new("j", labels, names).unwrap();
    let rules = Rules {
        grouping: Some(&key),
        utf8_names: false,
        allow_empty: false,
        default_type: None,
        strip_timestamps: false,
        repair: true,
        lint: true,
        max_diagnostics: usize::MAX,
    };
    let report = exposition::check(Text { bytes: code.example(), starts: &[0] }, &rules);
    report.diagnostics.iter().find(|found| found.code == code).expect("an example of its rule").severity
}

/// The example's lines, with what can't be seen in angle brackets.
fn example(code: Code) -> String {
    let bytes = code.example();
    let mut text = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if at + 1 < bytes.len() => text.push('\n'),
            b'\n' => {}
            b'\r' => text.push_str("<CR>"),
            b' ' if bytes.get(at + 1).is_none_or(|next| *next == b'\n') => text.push_str("<blank>"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => _ = write!(text, "<{byte:02X}>"),
        }
    }
    if !bytes.ends_with(b"\n") {
        text.push_str("<end of the file>");
    }
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}

/// Text as roff shows it.
fn escape(text: &str) -> String {
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
            '.' if escaped.is_empty() => escaped.push_str("\\&."),
            other => escaped.push(other),
        }
    }
    escaped
}
