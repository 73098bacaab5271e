//! Tests completion in real shells. A stand-in for `pushgw` calls the built program for completions, and otherwise
//! records its arguments, which show how a line was completed. So only the tests of candidate lists depend on how a
//! shell draws its prompt.

use crate::support::{
    Gateway, Server, Session, is_installed, newest_gateway, program, pushgw, read_repo_file, wait_until,
};
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::thread;
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    Bash,
    Zsh,
    /// zsh with the completion file from a package, which zsh loads by function name.
    PackagedZsh,
    Fish,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh | Self::PackagedZsh => "zsh",
            Self::Fish => "fish",
        }
    }

    /// Returns the arguments that start the shell with the completions of the `pushgw` in `PATH`, and without user
    /// configuration.
    fn arguments(self, home: &Path) -> Vec<String> {
        let (file, text) = match self {
            Self::Bash => (
                "rc",
                "PS1='READY> '\n\
                 bind 'set bell-style none'; bind 'set show-all-if-ambiguous on'\n\
                 bind 'set enable-bracketed-paste off'; source <(pushgw completions bash)\n",
            ),
            Self::Zsh => (
                ".zshrc",
                "PS1='READY> '; unsetopt beep; LISTMAX=1000; autoload -Uz compinit; compinit -u -D\n\
                 source <(pushgw completions zsh)\n",
            ),
            Self::PackagedZsh => (
                ".zshrc",
                concat!(
                    "PS1='READY> '; unsetopt beep; fpath=('",
                    env!("CARGO_MANIFEST_DIR"),
                    "/completions' $fpath)\nautoload -Uz compinit; compinit -u -D\n"
                ),
            ),
            Self::Fish => (
                "rc",
                "set -g fish_greeting; function fish_prompt; echo -n 'READY> '; end\n\
                 set -g fish_autosuggestion_enabled 0; pushgw completions fish | source\n",
            ),
        };
        let file = home.join(file);
        fs::write(&file, text).unwrap();
        let file = file.display();
        match self {
            Self::Bash => vec!["--rcfile".into(), file.to_string(), "-i".into()],
            Self::Zsh | Self::PackagedZsh => vec!["-i".into()],
            Self::Fish => {
                vec!["--no-config".into(), "-i".into(), "-C".into(), format!("source {file}")]
            }
        }
    }
}

/// An interactive shell.
struct Prompt {
    shell: Shell,
    session: Session,
    home: PathBuf,
}

impl Prompt {
    /// Starts the shell. Returns `None` if it is not installed.
    fn start(shell: Shell, variables: &[(&str, &str)]) -> Option<Self> {
        for program in [shell.name(), "setsid"] {
            if !is_installed(program) {
                return None;
            }
        }
        // A shell needs a controlling terminal to be interactive.
        let call = program(shell.name()).controlled(200);
        let home = call.directory().to_owned();
        let bin = home.join("bin");
        fs::create_dir(&bin).unwrap();
        write_stand_in(&bin.join("pushgw"));
        write_stand_in(&bin.join("backup-metrics"));
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let call = call.file("metrics.prom", "m 1\n").args(shell.arguments(&home));
        let call = call.env("HOME", &home).env("ZDOTDIR", &home).env("PATH", path);
        let session = call.envs(&[("TERM", "xterm"), ("LC_ALL", "C.UTF-8")]).envs(variables).session();
        let mut prompt = Self { shell, session, home };
        prompt.session.wait_for("READY> ");
        Some(prompt)
    }

    /// Types these keys and Return, and returns the arguments that `pushgw` was called with.
    #[track_caller]
    fn arguments(&mut self, keys: &str) -> Vec<String> {
        let called = self.home.join("called");
        let _ = fs::remove_file(&called);
        self.session.type_keys(keys);
        self.session.type_keys("\r");
        wait_until(&format!("{:?} to call pushgw for {keys:?}", self.shell), || called.exists());
        let arguments = fs::read_to_string(&called).unwrap();
        arguments.split_terminator('\0').map(str::to_owned).collect()
    }

    /// Asserts that completing the typed line results in these arguments.
    #[track_caller]
    fn completes(&mut self, keys: &str, arguments: &[&str]) {
        let seen = retry(|| self.arguments(keys), |seen| seen == arguments);
        assert_eq!(seen, arguments, "{:?}: {keys:?}", self.shell);
    }

    /// Waits until all of these candidates are shown, and clears the line.
    #[track_caller]
    fn offers(&mut self, keys: &str, candidates: &[&str]) {
        self.session.pass();
        self.session.type_keys(keys);
        self.session.wait_for_all(candidates);
        // This is Ctrl-U, because Ctrl-C would also discard the keys that are typed next.
        self.session.type_keys("\x15");
    }
}

/// A gateway has one second to respond to a completion. On a loaded machine that can be too short, so retry.
fn retry<T>(mut attempt: impl FnMut() -> T, is_right: impl Fn(&T) -> bool) -> T {
    (0..4).map(|_| attempt()).find(&is_right).unwrap_or_else(attempt)
}

/// Calls the built `pushgw` for completions, and otherwise records its arguments, atomically.
fn write_stand_in(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let built = env!("CARGO_BIN_EXE_pushgw");
    let script = format!(
        "#!/bin/sh\ncase $1 in __complete | completions) exec {built} \"$@\" ;; esac\n\
         printf '%s\\0' \"$@\" > \"$HOME/calling\"; mv \"$HOME/calling\" \"$HOME/called\"\n"
    );
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Tests completions that every shell must support, with a gateway from a variable.
fn completes_in(shell: Shell) {
    let gateway = Gateway::start(newest_gateway(), &[]);
    for path in [
        "/metrics/job/db%20it's%20%22%24x%22",
        "/metrics/job/nightly/instance/host:9100/zone/eu",
        "/metrics/job/nightly/instance/host:9200/zone/us%20east",
        "/metrics/job/line%0Abreak",
        "/metrics/job/Ünïcode",
    ] {
        assert_eq!(gateway.put(path, "m 1\n").status, 200);
    }
    let Some(mut prompt) = Prompt::start(shell, &[("PUSHGATEWAY_URL", &gateway.url())]) else {
        return;
    };
    prompt.completes("pushgw del\t", &["delete"]);
    prompt.completes("pushgw help sta\t", &["help", "status"]);
    prompt.completes("pushgw delete --ol\t7d", &["delete", "--older-than", "7d"]);
    prompt.completes("pushgw list --format ta\t", &["list", "--format", "table"]);
    prompt.completes("pushgw push -j x met\t", &["push", "-j", "x", "metrics.prom"]);
    prompt.completes("pushgw push -j x --ca-cert=met\t", &["push", "-j", "x", "--ca-cert=metrics.prom"]);
    prompt.completes("pushgw push -j x -- backup-met\t", &["push", "-j", "x", "--", "backup-metrics"]);
    prompt.completes("pushgw push -j x -- cat met\t", &["push", "-j", "x", "--", "cat", "metrics.prom"]);
    prompt.completes("pushgw delete -j db\t", &["delete", "-j", "db it's \"$x\""]);
    prompt.completes("pushgw delete --job=db\t", &["delete", "--job=db it's \"$x\""]);
    prompt.completes("pushgw delete -j Ün\t", &["delete", "-j", "Ünïcode"]);
    prompt.completes("pushgw delete -j 'ni\t", &["delete", "-j", "nightly"]);
    prompt.completes("pushgw delete -j nightly -l zo\teu", &["delete", "-j", "nightly", "-l", "zone=eu"]);
    prompt.completes(
        "pushgw delete -j nightly -l zone=us\\ \t-i \t",
        &["delete", "-j", "nightly", "-l", "zone=us east", "-i", "host:9200"],
    );
    prompt.completes("pushgw show -i host:92\t", &["show", "-i", "host:9200"]);
    prompt.completes("pushgw list --match zone=u\t", &["list", "--match", "zone=us east"]);
    prompt.completes("true x | pushgw delete -j db\t", &["delete", "-j", "db it's \"$x\""]);
    prompt.completes("true 'a; b'; X=1 pushgw del\t", &["delete"]);
    // No group matches, so the line does not change.
    prompt.completes("pushgw delete -j line\t", &["delete", "-j", "line"]);
    prompt.offers("pushgw list --format \t", &["table", "json", "path"]);
    prompt.offers("pushgw delete -j \t", &["nightly", "db"]);
    // The gateway on the line overrides the variable.
    prompt.completes(
        "pushgw delete -g http://127.0.0.1:1 -j db\t",
        &["delete", "-g", "http://127.0.0.1:1", "-j", "db"],
    );
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn in_bash() {
    completes_in(Shell::Bash);
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn in_zsh() {
    completes_in(Shell::Zsh);
}

/// bash does not tell a completion function about the variables before the command.
#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_gateway_of_a_variable_on_the_line_is_used() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    assert_eq!(gateway.put("/metrics/job/nightly", "m 1\n").status, 200);
    let url = gateway.url();
    for shell in [Shell::Zsh, Shell::Fish] {
        let variables = [("PUSHGATEWAY_URL", "http://127.0.0.1:1")];
        let Some(mut prompt) = Prompt::start(shell, &variables) else { continue };
        let line = format!("PUSHGATEWAY_URL={url} PUSHGATEWAY_TIMEOUT='5s' pushgw delete -j ni\t");
        prompt.completes(&line, &["delete", "-j", "nightly"]);
        prompt.completes(&format!("true; {line}"), &["delete", "-j", "nightly"]);
        // These variables are for another command.
        let line = format!("PUSHGATEWAY_URL={url} true; pushgw delete -j ni\t");
        prompt.completes(&line, &["delete", "-j", "ni"]);
    }
}

/// No message is printed either, because it would end up in the command line.
#[test]
fn without_a_thread_nothing_is_completed() {
    for words in [&["delete", "-j", ""][..], &["show", "-l", ""], &["list", "--match", "job="]] {
        pushgw()
            .args(["__complete", "zsh"])
            .args(words)
            // No machine has enough address space for a stack of this size.
            .env("RUST_MIN_STACK", (1_u64 << 46).to_string())
            .env("PUSHGATEWAY_URL", "http://127.0.0.1:1")
            .stdout("words\n")
            .run();
    }
}

#[test]
fn in_zsh_with_the_packaged_file() {
    let Some(mut prompt) = Prompt::start(Shell::PackagedZsh, &[]) else { return };
    prompt.completes("pushgw del\t", &["delete"]);
    prompt.completes("pushgw push -j x met\t", &["push", "-j", "x", "metrics.prom"]);
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn in_fish() {
    completes_in(Shell::Fish);
}

/// Returns the candidates for these words. The cursor is at the end of the last word.
fn offered(words: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
    let mut call = pushgw().args(["__complete", "fish"]).args(words).any_stdout();
    for (name, value) in variables {
        call = call.env(name, value);
    }
    let candidates = call.run().stdout();
    let candidates = candidates.lines().skip_while(|line| *line == "words");
    candidates.map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn printed_scripts_match_the_packaged_ones() {
    for (shell, path) in [("bash", "pushgw.bash"), ("zsh", "_pushgw"), ("fish", "pushgw.fish")] {
        pushgw().args(["completions", shell]).stdout(read_repo_file(&format!("completions/{path}"))).run();
    }
}

#[test]
fn every_command_and_every_shown_option_is_offered() {
    let mut program = pushgw::command_line();
    program.build();
    let commands: Vec<_> = program.get_subcommands().map(clap::Command::get_name).collect();
    assert_eq!(offered(&[""], &[]), commands);
    assert_eq!(offered(&["help", ""], &[]), commands);
    assert_eq!(offered(&["help", "push", ""], &[]), [""; 0]);
    for command in program.get_subcommands() {
        let mut options: Vec<_> = command
            .get_arguments()
            .filter(|o| !o.is_hide_set())
            .filter_map(|o| Some(format!("--{}", o.get_long()?)))
            .collect();
        let mut candidates = offered(&[command.get_name(), "-"], &[]);
        options.sort();
        candidates.sort();
        assert_eq!(candidates, options, "{command}");
    }
}

#[test]
fn given_and_excluded_options_are_not_offered() {
    let candidates = offered(&["push", "-jx", "--label", "a=b", "--as-curl", "--"], &[]);
    for absent in ["--job", "--url", "--groups", "--dry-run", "--as-curl"] {
        assert!(!candidates.contains(&absent.to_owned()), "{absent} in {candidates:?}");
    }
    assert!(
        candidates.contains(&"--label".to_owned()) && candidates.contains(&"--instance".to_owned()),
        "{candidates:?}"
    );
    for command in ["list", "show", "delete"] {
        let candidates = offered(&[command, "--"], &[]);
        assert!(!candidates.iter().any(|option| option.starts_with("--remote-write")), "{candidates:?}");
    }
    // A value that looks like an option is not an option.
    assert!(offered(&["push", "-m", "--job", "--jo"], &[]).contains(&"--job".to_owned()));
}

#[test]
fn values_and_files_are_offered() {
    assert_eq!(offered(&["list", "--sort", ""], &[]), ["group", "age", "series"]);
    assert_eq!(
        offered(&["list", "--color=", "--sort="], &[]),
        ["--sort=group", "--sort=age", "--sort=series"]
    );
    assert_eq!(offered(&["push", "--compress", ""], &[]), ["none", "gzip"]);
    assert_eq!(offered(&["completions", ""], &[]), ["bash", "zsh", "fish"]);
    assert_eq!(offered(&["-q", "completions", ""], &[]), ["bash", "zsh", "fish"]);
    for nothing in
        [&["push", "-u", ""][..], &["nonsense", ""], &["list", "--", ""], &["list", "--older-than", ""]]
    {
        assert_eq!(offered(nothing, &[]), [""; 0], "{nothing:?}");
    }
    let answer = |words: &[&str], candidates: &str| {
        pushgw().args(["__complete", "zsh"]).args(words).stdout(candidates).run()
    };
    answer(&["push", "-j", "x", ""], "file\t\n");
    answer(&["push", "--cert="], "file\t--cert=\n");
    answer(&["push", "--groups", ""], "file\t\n");
    answer(&["push", "-j", "x", "--", "a", "b", ""], "command\t2\n");
    pushgw().arg("__complete").run();
    pushgw().args(["__complete", "tcsh", "x"]).run();
}

const GROUPS: &str = r#"{"status":"success","data":[
    {"labels":{"job":"a","instance":"1","zone":"eu"}},
    {"labels":{"job":"a","instance":"2","path":"/x"}},
    {"labels":{"job":"b","instance":"3","zone":""}},
    {"labels":{"job":"-dash"}},
    {"labels":{"job":"two\nlines"}},
    {"labels":{"job":"not\ufffdutf8"}}
]}"#;

#[test]
fn values_from_the_gateway_match_the_rest_of_the_line() {
    let server = Server::answering(200, GROUPS);
    let url = server.url();
    let on = |words: &[&str], expected: &[&str]| {
        let ask = || offered(words, &[("PUSHGATEWAY_URL", &url)]);
        assert_eq!(retry(ask, |candidates| candidates == expected), expected, "{words:?}");
    };
    on(&["delete", "-j", ""], &["a", "b"]);
    // After `--job=`, a dash does not start an option.
    on(&["delete", "--job="], &["--job=-dash", "--job=a", "--job=b"]);
    on(&["delete", "-fj"], &["-fj"]);
    on(&["delete", "-ja"], &["-j-dash", "-ja", "-jb"]);
    on(&["push", "-j", "a", "-i", ""], &["1", "2"]);
    on(&["push", "-j", "a", "-l", ""], &["instance=", "path=", "zone="]);
    on(&["push", "-j", "a", "-i", "1", "-l", ""], &["zone="]);
    on(&["push", "-l", "zone=eu", "-j", ""], &["a"]);
    on(&["push", "-l", "zone="], &["zone=eu"]);
    on(&["push", "-l", "zone=eu", "-l", "instance="], &["instance=1"]);
    on(&["list", "--match", ""], &["instance=", "job=", "path=", "zone="]);
    on(&["list", "--match", "zone="], &["zone=eu"]);
    on(&["list", "--match", "job!=a", "--match", "job="], &["job=-dash", "job=b"]);
    on(&["list", "--match", "job=~"], &[]);
    on(&["list", "-j", "b", "--match=instance="], &["--match=instance=3"]);
    // With an invalid matcher, no group is known to match.
    on(&["list", "--match", "job=~(", "-j", ""], &[]);
}

#[test]
fn the_connection_options_of_the_line_are_used() {
    let server = Server::answering(200, GROUPS);
    let elsewhere = ("PUSHGATEWAY_URL", "http://127.0.0.1:1");
    let options = ["delete", "-H", "X-Scope: a", "--gateway", &server.url(), "-j", ""];
    let candidates = retry(|| offered(&options, &[elsewhere]), |candidates| !candidates.is_empty());
    assert_eq!(candidates, ["a", "b"]);
    assert!(server.requests().iter().all(|request| request.header("X-Scope") == Some("a")));
    // `check` has no gateway, and connection errors are not printed.
    for silent in [&["check", "-j", ""][..], &["delete", "-j", ""], &["delete", "--timeout", "x", "-j", ""]] {
        assert_eq!(offered(silent, &[elsewhere]), [""; 0], "{silent:?}");
    }
}

#[test]
fn the_unix_socket_of_the_line_is_used() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gw.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{GROUPS}", GROUPS.len()).unwrap();
    });
    assert_eq!(offered(&["delete", "--unix-socket", path.to_str().unwrap(), "-j", ""], &[]), ["a", "b"]);
    server.join().unwrap();
}

#[test]
fn a_gateway_that_does_not_answer_offers_nothing() {
    let hanging = Server::start(|connection, _| connection.hang());
    assert_eq!(offered(&["delete", "-j", ""], &[("PUSHGATEWAY_URL", &hanging.url())]), [""; 0]);
    let slow = Server::start(|connection, _| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"status\":\"success\",\"data\":[");
        connection.hang();
    });
    assert_eq!(offered(&["delete", "-j", ""], &[("PUSHGATEWAY_URL", &slow.url())]), [""; 0]);
}
