//! Follows the hints in a message as a person would: complete commands are copied into a shell, and options replace what
//! was typed.

use super::{Gateway, Output, Tty, shell};
use regex::{NoExpand, Regex};

/// Suggested commands that cannot exit with 0, each with its exit status and the reason.
const EXCEPTIONS: &[(&str, i32, &str)] = &[
    ("cat f | pushgw convert", 3, "the row's file is not OpenMetrics, but only the file can show that"),
    ("show -j '$HOME'", 8, "no group has this job, which is repeated as it was typed"),
    ("--remote-write ", 6, "there is no receiver"),
    ("delete --match 'job!=ci'", 2, "a deletion needs a matcher that requires a label"),
];

/// Words that stand for a user's value, and what the tests type instead.
const PLACEHOLDERS: &[(&str, &str)] = &[
    (r"pushgw COMMAND \[OPTIONS\]", "pushgw list"),
    (r"\[FILE\]|\bFILE\b", "f"),
    (r"--groups f\b", "--groups groups"),
    (r"\bJOB\b", "ci"),
    (r"--url URL", "--url $$PUSHGATEWAY_URL/metrics/job/ci"),
    (r"curl -s URL", "curl -s file://$$PWD/openmetrics"),
    (r"--remote-write (URL|'http://gw[^']*')", "--remote-write http://[::1]:1 --retries 0"),
    // These programs and gateways do not exist.
    (r"\btool\b|\./backup\.sh", "echo"),
    (r"-g (URL|gw\b(?::9091)?|http://gw\S*|'http://gw[^']*')", "-g $$PUSHGATEWAY_URL"),
    (r"--gateway=http://gw", "--gateway=$$PUSHGATEWAY_URL"),
    (r"\bNAME=VALUE", "team=x"),
    (r"-- COMMAND", "-- echo 'a 1'"),
    (r"\bCOMMAND\b", "push"),
    (r"--watch$", "--watch=0.01 | head -n 3"),
];

/// Groups that the suggested commands select.
const GROUPS: &[&str] = &["ci", "x", "db", "ci/team/a%20b", "x/team/~x", "x/team/x/instance/web1"];

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// Returns every complete `pushgw` command in a message, except in clap's usage.
fn commands(message: &str) -> Vec<String> {
    let start = regex(
        r"(?:^|[ `(])(pushgw (?:push|add|run|delete|list|show|status|check|convert|rules|completions|COMMAND|--?\w))",
    );
    let is_usage = |line: &&str| line.starts_with("Usage: ") || line.starts_with("       pushgw");
    let mut commands = Vec::new();
    for line in message.lines().filter(|line| !is_usage(line)) {
        for found in start.captures_iter(line) {
            let (before, rest) = line.split_at(found.get(1).unwrap().start());
            let end = if before.ends_with('`') { "`" } else { ", or " };
            let command = rest.split(end).next().unwrap();
            // In `use curl -s URL | pushgw check`, the command starts before `pushgw`.
            let piped = before.strip_suffix("| ").map_or("", |_| before.rsplit([':', '`']).next().unwrap());
            let piped = piped.trim_start().trim_start_matches("use ");
            commands.push(format!("{piped}{command}"));
        }
    }
    commands
}

/// Returns the script with the option or value from the hint, if the hint has only a part of the command.
fn corrected(script: &str, message: &str) -> Option<String> {
    const VALUE: &str = r#"(?:'[^']*'|"[^"]*"|\S+)"#;
    let find = |pattern: &str| {
        let found = regex(pattern).captures(message)?;
        Some((1..found.len()).map(|n| found.get(n).map_or("", |part| part.as_str())).collect::<Vec<_>>())
    };
    let replace = |typed: &str, meant: &str| {
        let (setup, call) = script.split_at(script.rfind("; ").unwrap_or(0));
        let corrected = format!("{setup}{}", regex(typed).replace(call, NoExpand(meant)));
        assert_ne!(corrected, script, "`{typed}` is not in the script, but the message is:\n{message}");
        Some(corrected)
    };
    if let Some(parts) =
        find(r"`(-\S+)` is (?:read as|not an option)[^\n]*\nhint: use (--format json|--[a-z-]+)")
    {
        return replace(&regex::escape(parts[0]), parts[1]);
    }
    if let Some(parts) = find(r"begins with a long dash\nhint: [^\n]*: (-\S+)") {
        return replace(r"[–—]\w+", parts[0]);
    }
    if let Some(parts) = find(r"gets the value [^\n]*\nhint: (?:use|for several labels:) (-[jli]) ([^\n]*)") {
        let long = [("-j", "--job"), ("-l", "--label"), ("-i", "--instance")];
        let long = long.iter().find(|(short, _)| *short == parts[0]).unwrap().1;
        return replace(&format!("(?:{}|{long}) {VALUE}", parts[0]), &parts.join(" "));
    }
    if let Some(parts) = find(r"hint: [^\n]*use (--match [^\n]*)") {
        return replace(&format!("(?:-[jl]|--url|--match) {VALUE}(?: (?:-l|--match) {VALUE})*"), parts[0]);
    }
    if let Some(parts) = find(r"(--[a-z-]+): [^\n]* write (\d+[a-z]+)") {
        return replace(&format!("{}[= ]{VALUE}", parts[0]), &parts.join("="));
    }
    if let Some(parts) = find(r"hint: for a l(?:abel|ine of metrics): (-[lm] '?([^'\n]*)'?)") {
        return replace(&format!("(?:-m )?'?{}'?", regex::escape(parts[1])), parts[0]);
    }
    None
}

/// Follows every hint in the message about `script`, which must then do what was meant.
#[track_caller]
pub(crate) fn follow_hints(script: &str, message: &str, gateway: &Gateway) {
    for command in commands(message) {
        let output = run(&command, "a 1\n", gateway);
        assert_eq!(
            output.status.code(),
            Some(exit_code(&command)),
            "after {script}\nthe hint is {command}\n{output}"
        );
    }
    let (mut typed, mut message) = (script.to_owned(), message.to_owned());
    // A call can have several mistakes, which are reported one after the other.
    for _ in 0..4 {
        let Some(corrected) = corrected(&typed, &message) else { return };
        let output = run(&corrected, "", gateway);
        // Standard input is a file, which is not read if there is other input.
        message = (output.stderr() + &output.screen()).replace("hint: add `-`", "add `-`");
        typed = corrected;
        if !message.contains("hint: ") || exit_code(&typed) != 0 {
            assert_eq!(
                output.status.code(),
                Some(exit_code(&typed)),
                "after {script}\nthe hint leads to {typed}\n{output}"
            );
            return;
        }
    }
    panic!("after {script}\nthe hints lead to {typed}\n{message}");
}

fn exit_code(command: &str) -> i32 {
    EXCEPTIONS.iter().find(|(text, ..)| command.contains(text)).map_or(0, |(_, code, _)| *code)
}

/// Runs a command on a gateway with some groups.
#[track_caller]
fn run(command: &str, stdin: &str, gateway: &Gateway) -> Output {
    let replaced =
        |text: String, (pattern, value): &(&str, &str)| regex(pattern).replace_all(&text, *value).into();
    let command: String = PLACEHOLDERS.iter().fold(command.to_owned(), replaced);
    for group in GROUPS {
        gateway.put(format!("/metrics/job/{group}"), "a 1\n");
    }
    let call = shell(&command).on(gateway).env("NO_COLOR", "1").any_code().any_stdout().any_stderr();
    let call = call.file("f", "a 1\n").file("a b", "a 1\n").file("openmetrics", "a 1\n# EOF\n");
    let call = call.file("groups", "# pushgw group /metrics/job/x\na 1\n");
    if command.contains("pushgw delete") {
        // A person confirms the deletion.
        return call.keys("y\n").tty(&[Tty::Stdin, Tty::Stderr], 80).run();
    }
    if stdin.is_empty() {
        // A regular file is read only if there is no other input.
        let path = call.directory().join("f");
        return call.stdin_from(path).run();
    }
    call.stdin(stdin).run()
}

#[test]
fn commands_in_a_message_are_found() {
    for (message, expected) in [
        ("hint: use curl -s URL | pushgw check\n", &["curl -s URL | pushgw check"][..]),
        ("hint: `pushgw status` checks it", &["pushgw status"]),
        (
            "tip: use pushgw delete -j JOB, or pushgw delete --older-than 7d",
            &["pushgw delete -j JOB", "pushgw delete --older-than 7d"],
        ),
        ("hint: without a FILE, pushgw reads standard input", &[]),
        ("Usage: pushgw push -j <JOB>\n       pushgw push --url <URL>", &[]),
    ] {
        assert_eq!(commands(message), expected);
    }
}
