//! The manual pages are generated and checked in. To regenerate them:
//! `SNAPSHOTS=overwrite cargo test --test it man_pages`.
//!
//! Options are described in `src/cli/mod.rs`, and problems in the checker; the pages include both (`options`,
//! `diagnostics`). The rest is written by hand in `man/prose/`, in the Markdown of `roff`. Lines at the start of a
//! file that begin with `> ` replace the usage as the synopsis. A line `{name}` is replaced by a generated part: see
//! [`Page::part`].

mod diagnostics;
mod options;
mod roff;

use crate::support::{assert_snapshot, is_installed, read_repo_file, repo_file};
use pushgw::exposition::Code;
use std::fmt::Write as _;
use std::process::Command;

/// The date of the last change that readers would notice.
const DATE: &str = "2026-11-24";

#[test]
fn manual_pages() {
    for (name, page) in pages() {
        assert_snapshot(&format!("man/{name}.1"), page);
    }
}

#[test]
fn every_diagnostic_is_in_the_manual() {
    let page = read_repo_file("man/pushgw-check.1");
    for code in Code::ALL {
        assert!(page.contains(&format!("\\fB{}\\fR", roff::escape(code.as_str()))), "{code:?}");
    }
}

#[test]
fn every_variable_is_in_the_manual() {
    let code = ["src/config/connection/mod.rs", "src/config/connection/authentication.rs"]
        .map(read_repo_file)
        .concat();
    let page = read_repo_file("man/pushgw.1");
    let read: Vec<&str> =
        code.split('"').filter(|text| text.starts_with("PUSHGATEWAY_") && !text.contains(' ')).collect();
    assert!(read.len() > 15, "{read:?}");
    for variable in read {
        assert!(page.contains(&format!("\n\\fB{variable}\\fR\n")), "{variable}");
    }
}

#[test]
fn mandoc_and_groff_report_nothing() {
    for (name, _) in pages() {
        let page = repo_file(&format!("man/{name}.1"));
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
            let messages =
                String::from_utf8_lossy(if program == "man" { &done.stderr } else { &done.stdout })
                    .into_owned();
            assert_eq!(messages, "", "{program} on {}", page.display());
        }
    }
}

/// All manual pages, by name.
fn pages() -> Vec<(String, String)> {
    let mut program = pushgw::command_line();
    program.build();
    let name = |command: &clap::Command| command.get_display_name().unwrap_or("pushgw").to_owned();
    let commands: Vec<&clap::Command> = std::iter::once(&program).chain(program.get_subcommands()).collect();
    let names: Vec<String> = commands.iter().map(|command| name(command)).collect();
    let page = |(command, name): (&&clap::Command, &String)| {
        let prose = read_repo_file(&format!("man/prose/{name}.md"));
        let page = Page { program: &program, command, name, names: &names };
        (name.clone(), page.render(&prose))
    };
    commands.iter().zip(&names).map(page).collect()
}

/// A page and the parts of the program that it describes.
struct Page<'a> {
    program: &'a clap::Command,
    command: &'a clap::Command,
    name: &'a str,
    names: &'a [String],
}

impl Page<'_> {
    fn render(&self, prose: &str) -> String {
        let title = self.name.to_uppercase().replace('-', "\\-");
        let mut text = format!(
            ".\\\" Made from src/cli/mod.rs and man/prose/{}.md: change it there.\n\
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

    /// The generated part for `{wanted}`.
    fn part(&self, wanted: &str) -> String {
        match wanted.split_once(' ').unwrap_or((wanted, "")) {
            ("commands", _) => options::commands(self.program),
            ("options", _) => options::options(self.command),
            ("exit-status", codes) => options::exit_status(self.program, codes),
            // Every command that has a gateway has the same variables as push.
            ("environment", _) => options::environment(self.program.find_subcommand("push").unwrap()),
            ("variables", _) => roff::from_markdown(
                "Each option of Connection has a variable, which is named with it. A flag beats the variable, and the variable \
                 beats the default. pushgw(1) lists them all, with those for passwords, tokens, proxies and color.",
            )
            .replacen(".PP\n", "", 1),
            ("diagnostics", _) => diagnostics::diagnostics(),
            ("examples", _) => {
                let lines = options::examples(self.command);
                roff::literal(lines.iter().map(String::as_str)).replacen(".PP\n", "", 1)
            }
            _ => panic!("{}: there is no part {{{wanted}}}", self.name),
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
