//! Completion in real shells. A stand-in for `pushgw` gets its completions from the built program; for every other call
//! it records its arguments, which show what the line was completed to. Only the tests of the list of candidates depend on
//! what a shell draws.

use crate::support::{Gateway, Server, Session, is_installed, newest_gateway, program, pushgw, wait_until};
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
    /// As a package installs it: zsh loads the function by its name.
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

    /// Its arguments, which load only the completions of the `pushgw` on the path.
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
struct Typist {
    shell: Shell,
    session: Session,
    home: PathBuf,
}

impl Typist {
    /// `None` if the shell is not installed.
    fn start(shell: Shell, variables: &[(&str, &str)]) -> Option<Self> {
        for program in [shell.name(), "setsid"] {
            if !is_installed(program) {
                return None;
            }
        }
        // A shell completes only on a terminal.
        let call = program(shell.name()).controlled(200);
        let home = call.directory().to_owned();
        let bin = home.join("bin");
        fs::create_dir(&bin).unwrap();
        stand_in(&bin.join("pushgw"));
        stand_in(&bin.join("backup-metrics"));
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let call = call.file("metrics.prom", "m 1\n").args(shell.arguments(&home));
        let call = call.env("HOME", &home).env("ZDOTDIR", &home).env("PATH", path);
        let session = call.envs(&[("TERM", "xterm"), ("LC_ALL", "C.UTF-8")]).envs(variables).session();
        let mut typist = Self { shell, session, home };
        typist.session.wait_for("READY> ");
        Some(typist)
    }

    /// The arguments of `pushgw` after these keys and Return are typed.
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

    /// Asserts the arguments after these keys are typed.
    #[track_caller]
    fn becomes(&mut self, keys: &str, arguments: &[&str]) {
        let seen = several_times(|| self.arguments(keys), |seen| seen == arguments);
        assert_eq!(seen, arguments, "{:?}: {keys:?}", self.shell);
    }

    /// Waits until all candidates are offered, and clears the line.
    #[track_caller]
    fn offers(&mut self, keys: &str, candidates: &[&str]) {
        self.session.pass();
        self.session.type_keys(keys);
        self.session.wait_for_all(candidates);
        // Ctrl-U. Ctrl-C would also discard what is typed next.
        self.session.type_keys("\x15");
    }
}

/// The gateway has one second to answer, which can be too short once on a busy machine.
fn several_times<T>(mut see: impl FnMut() -> T, is_right: impl Fn(&T) -> bool) -> T {
    (0..4).map(|_| see()).find(&is_right).unwrap_or_else(see)
}

/// Passes completions to the built `pushgw`. Otherwise it writes its arguments to a file, in one step.
fn stand_in(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let built = env!("CARGO_BIN_EXE_pushgw");
    let script = format!(
        "#!/bin/sh\ncase $1 in __complete | completions) exec {built} \"$@\" ;; esac\n\
         printf '%s\\0' \"$@\" > \"$HOME/calling\"; mv \"$HOME/calling\" \"$HOME/called\"\n"
    );
    fs::write(path, script).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// What every shell must complete, with a gateway that is set by a variable.
fn in_shell(shell: Shell) {
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
    let Some(mut typist) = Typist::start(shell, &[("PUSHGATEWAY_URL", &gateway.url())]) else { return };
    typist.becomes("pushgw del\t", &["delete"]);
    typist.becomes("pushgw delete --ol\t7d", &["delete", "--older-than", "7d"]);
    typist.becomes("pushgw list --format ta\t", &["list", "--format", "table"]);
    typist.becomes("pushgw push -j x met\t", &["push", "-j", "x", "metrics.prom"]);
    typist.becomes("pushgw push -j x --ca-cert=met\t", &["push", "-j", "x", "--ca-cert=metrics.prom"]);
    typist.becomes("pushgw push -j x -- backup-met\t", &["push", "-j", "x", "--", "backup-metrics"]);
    typist.becomes("pushgw push -j x -- cat met\t", &["push", "-j", "x", "--", "cat", "metrics.prom"]);
    typist.becomes("pushgw delete -j db\t", &["delete", "-j", "db it's \"$x\""]);
    typist.becomes("pushgw delete --job=db\t", &["delete", "--job=db it's \"$x\""]);
    typist.becomes("pushgw delete -j Ün\t", &["delete", "-j", "Ünïcode"]);
    typist.becomes("pushgw delete -j 'ni\t", &["delete", "-j", "nightly"]);
    typist.becomes("pushgw delete -j nightly -l zo\teu", &["delete", "-j", "nightly", "-l", "zone=eu"]);
    typist.becomes(
        "pushgw delete -j nightly -l zone=us\\ \t-i \t",
        &["delete", "-j", "nightly", "-l", "zone=us east", "-i", "host:9200"],
    );
    typist.becomes("pushgw show -i host:92\t", &["show", "-i", "host:9200"]);
    typist.becomes("pushgw list --match zone=u\t", &["list", "--match", "zone=us east"]);
    typist.becomes("true x | pushgw delete -j db\t", &["delete", "-j", "db it's \"$x\""]);
    typist.becomes("true 'a; b'; X=1 pushgw del\t", &["delete"]);
    // No group matches, so the line does not change.
    typist.becomes("pushgw delete -j line\t", &["delete", "-j", "line"]);
    typist.offers("pushgw list --format \t", &["table", "json", "path"]);
    typist.offers("pushgw delete -j \t", &["nightly", "db"]);
    // The gateway on the line beats the variable.
    typist.becomes(
        "pushgw delete -g http://127.0.0.1:1 -j db\t",
        &["delete", "-g", "http://127.0.0.1:1", "-j", "db"],
    );
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn in_bash() {
    in_shell(Shell::Bash);
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn in_zsh() {
    in_shell(Shell::Zsh);
}

#[test]
fn in_zsh_from_a_package() {
    let Some(mut typist) = Typist::start(Shell::PackagedZsh, &[]) else { return };
    typist.becomes("pushgw del\t", &["delete"]);
    typist.becomes("pushgw push -j x met\t", &["push", "-j", "x", "metrics.prom"]);
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn in_fish() {
    in_shell(Shell::Fish);
}

/// What `pushgw` offers for these words. The last one is at the cursor.
fn offered(words: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
    let mut call = pushgw().args(["__complete", "fish"]).args(words).any_stdout();
    for (name, value) in variables {
        call = call.env(name, value);
    }
    let said = call.run().stdout();
    let candidates = said.lines().skip_while(|line| *line == "words");
    candidates.map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_scripts_that_are_printed_are_those_that_are_packaged() {
    for (shell, path) in [("bash", "pushgw.bash"), ("zsh", "_pushgw"), ("fish", "pushgw.fish")] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(path);
        pushgw().args(["completions", shell]).stdout(fs::read_to_string(file).unwrap()).run();
    }
}

#[test]
fn every_command_and_every_option_is_offered() {
    let mut program = pushgw::command_line();
    program.build();
    let commands: Vec<_> = program.get_subcommands().map(clap::Command::get_name).collect();
    assert_eq!(offered(&[""], &[]), commands);
    for command in program.get_subcommands() {
        let mut options: Vec<_> =
            command.get_arguments().filter_map(|o| Some(format!("--{}", o.get_long()?))).collect();
        let mut said = offered(&[command.get_name(), "-"], &[]);
        options.sort();
        said.sort();
        assert_eq!(said, options, "{command}");
    }
}

#[test]
fn what_was_given_or_is_excluded_is_not_offered_again() {
    let said = offered(&["push", "-jx", "--label", "a=b", "--as-curl", "--"], &[]);
    for absent in ["--job", "--url", "--groups", "--dry-run", "--as-curl"] {
        assert!(!said.contains(&absent.to_owned()), "{absent} in {said:?}");
    }
    assert!(said.contains(&"--label".to_owned()) && said.contains(&"--instance".to_owned()), "{said:?}");
    // Not for a value in the place of an option.
    assert!(offered(&["push", "-m", "--job", "--jo"], &[]).contains(&"--job".to_owned()));
}

#[test]
fn values_and_files_are_offered_in_their_places() {
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
    let answer =
        |words: &[&str], said: &str| pushgw().args(["__complete", "zsh"]).args(words).stdout(said).run();
    answer(&["push", "-j", "x", ""], "file\t\n");
    answer(&["push", "--cert="], "file\t--cert=\n");
    answer(&["push", "--groups", ""], "file\t\n");
    answer(&["push", "-j", "x", "--", "a", "b", ""], "command\t2\n");
    pushgw().arg("__complete").run();
    pushgw().args(["__complete", "tcsh", "x"]).run();
}

const STORE: &str = r#"{"status":"success","data":[
    {"labels":{"job":"a","instance":"1","zone":"eu"}},
    {"labels":{"job":"a","instance":"2","path":"/x"}},
    {"labels":{"job":"b","instance":"3","zone":""}},
    {"labels":{"job":"-dash"}},
    {"labels":{"job":"two\nlines"}},
    {"labels":{"job":"not\ufffdutf8"}}
]}"#;

#[test]
fn labels_that_match_the_rest_of_the_line_come_from_the_gateway() {
    let server = Server::answering(200, STORE);
    let url = server.url();
    let on = |words: &[&str], expected: &[&str]| {
        let ask = || offered(words, &[("PUSHGATEWAY_URL", &url)]);
        assert_eq!(several_times(ask, |said| said == expected), expected, "{words:?}");
    };
    on(&["delete", "-j", ""], &["a", "b"]);
    // After an option's name a dash does not begin an option.
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
    // Incomplete: nothing matches for certain.
    on(&["list", "--match", "job=~(", "-j", ""], &[]);
}

#[test]
fn the_connection_of_the_line_is_used() {
    let server = Server::answering(200, STORE);
    let elsewhere = ("PUSHGATEWAY_URL", "http://127.0.0.1:1");
    let options = ["delete", "-H", "X-Scope: a", "--gateway", &server.url(), "-j", ""];
    let said = several_times(|| offered(&options, &[elsewhere]), |said| !said.is_empty());
    assert_eq!(said, ["a", "b"]);
    assert!(server.requests().iter().all(|request| request.header("X-Scope") == Some("a")));
    // check has no gateway. An invalid connection gives no message.
    for silent in [&["check", "-j", ""][..], &["delete", "-j", ""], &["delete", "--timeout", "x", "-j", ""]] {
        assert_eq!(offered(silent, &[elsewhere]), [""; 0], "{silent:?}");
    }
}

#[test]
fn the_socket_of_the_line_is_used() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gw.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{STORE}", STORE.len()).unwrap();
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
