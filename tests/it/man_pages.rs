//! Generates the manual pages, which are checked in. To update them:
//! `SNAPSHOTS=overwrite cargo test --test it man_pages`.
//!
//! The text about options comes from `src/cli/` (see `options`), and the text about problems from the checker (see
//! `diagnostics`). The rest is written by hand in `man/prose/`, with the syntax described in `roff`. Lines at its start
//! that begin with `> ` replace the usage as the synopsis. A line `{name}` is replaced by generated text (see
//! [`Page::part`]).

mod diagnostics;
mod options;
mod roff;

use crate::support::is_installed;
use pushgw::exposition::Code;
use snapbox::Data;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The date in the manual pages, on which their text last changed.
const DATE: &str = "2026-11-27";

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn check(path: &str, made: String) {
    let file = file(path);
    if !file.exists() && std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(&file, &made).unwrap();
    }
    // If the two differ, snapbox prints the command that updates the file.
    snapbox::assert_data_eq!(made, Data::read_from(&file, None).raw());
}

#[test]
fn manual_pages() {
    for (name, page) in pages() {
        check(&format!("man/{name}.1"), page);
    }
}

#[test]
fn every_diagnostic_is_in_the_manual() {
    let page = std::fs::read_to_string(file("man/pushgw-check.1")).unwrap();
    for code in Code::ALL {
        assert!(page.contains(&format!("\\fB{}\\fR", roff::escape(code.as_str()))), "{code:?}");
    }
}

#[test]
fn every_variable_that_is_read_is_in_the_manual() {
    let code = ["src/config/connection/mod.rs", "src/config/connection/authentication.rs"]
        .map(|name| std::fs::read_to_string(file(name)).unwrap())
        .concat();
    let page = std::fs::read_to_string(file("man/pushgw.1")).unwrap();
    let read: Vec<&str> =
        code.split('"').filter(|text| text.starts_with("PUSHGATEWAY_") && !text.contains(' ')).collect();
    assert!(read.len() > 15, "{read:?}");
    for variable in read {
        assert!(page.contains(&format!("\n\\fB{variable}\\fR\n")), "{variable}");
    }
}

#[test]
fn mandoc_and_groff_report_no_problems() {
    for (name, _) in pages() {
        let page = file(&format!("man/{name}.1"));
        for (program, args) in
            [("mandoc", &["-T", "lint"][..]), ("man", &["--warnings", "-l", "-E", "UTF-8", "-Tutf8"])]
        {
            if !is_installed(program) {
                continue;
            }
            let done = Command::new(program)
                .args(args)
                .arg(&page)
                .env("MANPAGER", "cat")
                .env("MANWIDTH", "80")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(if program == "man" { &done.stderr } else { &done.stdout })
                .into_owned();
            assert_eq!(said, "", "{program} on {}", page.display());
        }
    }
}

/// Returns all manual pages with their names.
fn pages() -> Vec<(String, String)> {
    let mut program = pushgw::command_line();
    program.build();
    let name = |command: &clap::Command| command.get_display_name().unwrap_or("pushgw").to_owned();
    let commands: Vec<&clap::Command> = std::iter::once(&program).chain(program.get_subcommands()).collect();
    let names: Vec<String> = commands.iter().map(|command| name(command)).collect();
    let page = |(command, name): (&&clap::Command, &String)| {
        let prose = std::fs::read_to_string(file(&format!("man/prose/{name}.md")))
            .unwrap_or_else(|error| panic!("the page needs its prose, man/prose/{name}.md: {error}"));
        let page = Page { program: &program, command, name, names: &names };
        (name.clone(), page.made(&prose))
    };
    commands.iter().zip(&names).map(page).collect()
}

/// A page, and the parts of the program that it describes.
struct Page<'a> {
    program: &'a clap::Command,
    command: &'a clap::Command,
    name: &'a str,
    names: &'a [String],
}

impl Page<'_> {
    fn made(&self, prose: &str) -> String {
        let title = self.name.to_uppercase().replace('-', "\\-");
        let mut text = format!(
            ".\\\" Generated from src/cli and man/prose/{}.md: change it there.\n\
             .TH {title} 1 {DATE} \"pushgw {}\" \"User Commands\"\n",
            self.name,
            env!("CARGO_PKG_VERSION")
        );
        let about = self.command.get_about().map(ToString::to_string).unwrap_or_default();
        let summary = about.split(". ").next().unwrap_or_default();
        let (first, rest) = summary.split_at(1);
        let summary = format!("{}{rest}", first.to_lowercase());
        _ = writeln!(text, ".SH NAME\n{} \\- {}", roff::escape(self.name), roff::escape(&summary));
        let usages = prose.lines().map_while(|line| line.strip_prefix("> ")).map(str::to_owned);
        let usages: Vec<String> = usages.collect();
        let usages = if usages.is_empty() { options::usages(self.command) } else { usages };
        _ = write!(text, ".SH SYNOPSIS\n{}", options::synopsis(&usages));
        let mut written = String::new();
        for line in prose.lines().skip_while(|line| line.starts_with("> ")) {
            match line.strip_prefix('{').and_then(|line| line.strip_suffix('}')) {
                Some(wanted) => {
                    text.push_str(&roff::from_markdown(&std::mem::take(&mut written)));
                    text.push_str(&self.part(wanted));
                }
                None => _ = writeln!(written, "{line}"),
            }
        }
        text.push_str(&roff::from_markdown(&written));
        text.push_str(&self.see_also());
        text
    }

    /// Returns the text that replaces `{wanted}`.
    fn part(&self, wanted: &str) -> String {
        match wanted.split_once(' ').unwrap_or((wanted, "")) {
            ("commands", _) => options::commands(self.program),
            ("options", _) => options::options(self.command),
            ("exit-status", codes) => options::exit_status(self.program, codes),
            // The variables are the same for all commands that need a gateway.
            ("environment", _) => options::environment(self.program.find_subcommand("push").unwrap()),
            ("variables", _) => roff::from_markdown(
                "Each option below Connection names its variable. A flag beats the variable, and the variable beats the \
                 default. pushgw(1) lists all variables, including those for passwords, tokens, proxies and color.",
            )
            .replacen(".PP\n", "", 1),
            ("diagnostics", _) => diagnostics::diagnostics(),
            ("examples", _) => {
                let lines = options::examples(self.command);
                roff::literal(lines.iter().map(String::as_str)).replacen(".PP\n", "", 1)
            }
            _ => panic!("{}: unknown part {{{wanted}}}", self.name),
        }
    }

    fn see_also(&self) -> String {
        let mut others: Vec<String> = self
            .names
            .iter()
            .filter(|other| other.as_str() != self.name)
            .map(|other| format!(".BR {} (1)", roff::escape(other)))
            .collect();
        others.sort();
        format!(".SH \"SEE ALSO\"\n{}\n", others.join(",\n"))
    }
}
