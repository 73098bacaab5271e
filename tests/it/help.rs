//! Tests the help: it fits the screen, its headings have a consistent order, its defaults and variables are correct,
//! and a wrong command line gets a suggestion.

use crate::support::{Gateway, follow_hints, newest_gateway, pushgw};
use clap::Parser as _;
use pushgw::cli::{Cli, Command};
use pushgw::config;
use pushgw::env::Environment;
use pushgw::http::Connection;

const COMMANDS: [&str; 11] =
    ["push", "add", "run", "delete", "list", "show", "status", "check", "convert", "rules", "completions"];

fn help(command: &str, flag: &str) -> String {
    pushgw().args(command.split_whitespace()).arg(flag).any_stdout().run().stdout()
}

/// Returns every subcommand, and the program itself.
fn command_lines() -> Vec<clap::Command> {
    let mut program = pushgw::command_line();
    program.build();
    let commands: Vec<clap::Command> = program.get_subcommands().cloned().collect();
    std::iter::once(program).chain(commands).collect()
}

#[test]
fn the_short_help_fits_a_screen() {
    for command in COMMANDS.into_iter().chain([""]) {
        // One of the 24 lines is needed for the prompt.
        let limit = if ["push", "add", "run", "check"].contains(&command) { 39 } else { 23 };
        let text = help(command, "-h");
        assert!(text.lines().count() <= limit, "{command} -h has {} lines", text.lines().count());
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{command} -h is too wide for 80 columns: {wide:#?}");
        let last = text.lines().last().unwrap();
        assert!(command == "completions" || last.contains("--help") && last.contains("(1)"), "{last}");
    }
}

#[test]
fn the_headings_have_a_consistent_order() {
    let order = ["Group", "Job", "Selection", "Input", "Connection", "Output", "Examples", "Exit status"];
    for command in COMMANDS {
        let text = help(command, "--help");
        let headings = text.lines().filter_map(|line| line.strip_suffix(':')).filter(|l| !l.starts_with(' '));
        let places: Vec<_> =
            headings.map(|heading| order.iter().position(|known| heading.starts_with(known))).collect();
        assert!(places.is_sorted() && !places.contains(&None), "{command}: {places:?}");
    }
}

#[test]
fn every_command_has_examples_and_every_option_a_summary() {
    for command in command_lines() {
        let text = command.get_after_long_help().unwrap_or_else(|| panic!("{command}")).to_string();
        assert!(text.starts_with("Examples:\n  "), "{command}: {text}");
        let exit_status = text.split_once("Exit status:\n").map_or("", |(_, text)| text);
        assert!(exit_status.lines().all(|line| line.len() <= 80), "{exit_status}");
        for option in command.get_arguments() {
            let summary = option.get_help().unwrap_or_else(|| panic!("{command} {option}")).to_string();
            assert!(!summary.contains('\n') && !summary.ends_with('.'), "{command} {option}: {summary}");
            // --help indents the summary by ten columns.
            assert!(summary.chars().count() <= 70, "{command} {option}: {summary}");
            let words = summary.split(" [default: ").next().unwrap();
            assert!(words.chars().count() <= 60, "{command} {option}: {words}");
        }
    }
}

/// Returns the text of `[key: …]` in an option's help.
fn named(option: &clap::Arg, key: &str) -> Option<String> {
    let help = option.get_long_help().or(option.get_help())?.to_string();
    let (_, rest) = help.split_once(&format!("[{key}: "))?;
    Some(rest.split_once(']')?.0.to_owned())
}

/// Environment variables, as names and values.
type Variables = &'static [(&'static str, &'static str)];

/// Returns the connection that `list` resolves from these arguments and variables, or the error.
fn connection(args: &[&str], variables: &[(&str, &str)]) -> String {
    let environment = Environment {
        variables: variables.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        ..Environment::default()
    };
    let cli = Cli::try_parse_from(["pushgw", "list"].iter().chain(args)).unwrap();
    let Command::List(list) = cli.command else { panic!("not list") };
    let connection = config::List::resolve(&list.args, &environment).map(|list| list.connection);
    // Ignore the origin of the URL, which may differ.
    format!("{:#?}", connection.map(|connection| Connection { url_from: None, ..connection }))
}

#[test]
fn connection_options_have_the_variables_and_defaults_in_their_help() {
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&password, "secret\n").unwrap();
    let password = password.path().to_str().unwrap();
    // A non-default value for each option, and the variables that it requires.
    let mut samples: Vec<(&str, &str, Variables)> = vec![
        ("gateway", "http://gw:1/x", &[]),
        ("timeout", "7s", &[]),
        ("connect-timeout", "3s", &[]),
        ("retries", "9", &[]),
        ("user", "me", &[("PUSHGATEWAY_PASSWORD", "x")]),
        ("password-file", password, &[("PUSHGATEWAY_USER", "me")]),
        ("bearer-token-file", password, &[]),
        ("header", "X-Scope: a", &[]),
        ("ca-cert", "ca.pem", &[]),
        ("cert", "cert.pem", &[]),
        ("key", "key.pem", &[("PUSHGATEWAY_CERT", "cert.pem")]),
        ("insecure", "", &[]),
        ("proxy", "http://proxy:3128", &[("PUSHGATEWAY_URL", "http://gw")]),
        ("no-proxy", "", &[("PUSHGATEWAY_URL", "http://gw"), ("http_proxy", "http://proxy:3128")]),
        ("unix-socket", "/run/gateway", &[]),
        ("compress", "gzip", &[]),
    ];
    let list = command_lines().into_iter().find(|command| command.get_name() == "list").unwrap();
    let is_shown = |option: &&clap::Arg| !option.is_hide_set();
    let options = list.get_arguments().filter(|option| option.get_help_heading() == Some("Connection"));
    for option in options.filter(is_shown) {
        let name = option.get_long().unwrap();
        let Some(at) = samples.iter().position(|(sampled, ..)| *sampled == name) else {
            panic!("--{name} has no sample here: add one");
        };
        let (_, value, base) = samples.swap_remove(at);
        let variable = named(option, "env").unwrap_or_else(|| panic!("--{name} names no variable"));
        let flag = if value.is_empty() { format!("--{name}") } else { format!("--{name}={value}") };
        let by_flag = connection(&[&flag], base);
        let set = (variable.as_str(), if value.is_empty() { "1" } else { value });
        let by_variable = connection(&[], &[base, &[set]].concat());
        assert_eq!(by_flag, by_variable, "--{name} and {variable}");
        assert!(by_flag.starts_with("Ok"), "{by_flag}");
        assert_ne!(by_flag, connection(&[], base), "--{name} changes nothing");
        if let Some(default) = named(option, "default") {
            assert_eq!(connection(&[&format!("--{name}={default}")], &[]), connection(&[], &[]), "--{name}");
        }
    }
    assert!(samples.is_empty(), "no options: {samples:?}");
}

#[test]
fn other_defaults_in_the_help_are_correct() {
    for command in command_lines() {
        for option in command.get_arguments() {
            let of_clap: Vec<_> = option.get_default_values().iter().map(|v| v.to_str().unwrap()).collect();
            let Some(default) = named(option, "default") else {
                let is_shown = of_clap.is_empty() || !option.is_hide_default_value_set();
                assert!(
                    is_shown || option.get_action().takes_values() && of_clap == ["0"],
                    "{command} {option}"
                );
                continue;
            };
            match (option.get_help_heading(), option.get_long()) {
                (Some("Connection"), _) => {}
                (_, Some("watch")) => {
                    let watch = |arg: &str| {
                        let cli = Cli::try_parse_from(["pushgw", "list", arg]).unwrap();
                        let Command::List(list) = cli.command else { panic!("not list") };
                        config::List::resolve(&list.args, &Environment::default()).unwrap().watch
                    };
                    assert_eq!(watch("--watch"), watch(&format!("--watch={default}")));
                }
                _ => assert_eq!(of_clap, [default], "{command} {option}"),
            }
        }
    }
}

#[test]
fn help_is_also_a_command() {
    pushgw().arg("help").stdout(help("", "--help")).run();
    pushgw().args(["help", "push"]).stdout(help("push", "--help")).run();
    pushgw().args(["help", "puhs"]).code(2).stderr_has("'push'").run();
    pushgw().code(2).stderr(help("", "-h")).run();
}

/// Command lines, each with text that the message must contain.
const MISTAKES: &[(&str, &str)] = &[
    ("puhs", "'push'"),
    ("lsit", "'list'"),
    ("push --lable a=b", "'--label'"),
    ("push --dryrun", "'--dry-run'"),
    ("post", "pushgw add"),
    ("PUT", "pushgw push"),
    ("remove", "pushgw delete -j JOB"),
    ("groups", "pushgw list"),
    ("pushadd", "use pushgw add"),
    ("push-add", "use pushgw add"),
    ("update", "use pushgw add"),
    ("describe", "use pushgw show"),
    ("update -j backup f", "use pushgw add -j backup f\n"),
    ("pushadd -i 1 --job=a f", "use pushgw add -i 1 --job=a f\n"),
    ("put f", "use pushgw push -j JOB f\n"),
    ("exec -j backup -- tool -x", "use pushgw run -j backup -- tool -x\n"),
    ("time ./backup.sh a", "use pushgw run -j JOB -- ./backup.sh a\n"),
    ("cron nightly -- true", "use pushgw run -j nightly -- true\n"),
    ("describe db", "use pushgw show -j db\n"),
    ("get -j $HOME", "use pushgw show -j '$HOME'\n"),
    ("remove --older-than 7d", "use pushgw delete --older-than 7d\n"),
    ("restore -g gw f", "use pushgw push -g gw --groups f\n"),
    ("complete zsh", "use pushgw completions zsh\n"),
    ("watch -j x", "use pushgw list -j x --watch\n"),
    // The words do not fit the other command, or can't be printed.
    ("remove a b", "use pushgw delete -j JOB, or"),
    ("update -j x --nonsense", "use pushgw add -j JOB [FILE]\n"),
    ("update -j \u{1b}[2J", "use pushgw add -j JOB [FILE]\n"),
    // A secret is not repeated.
    ("update -u me:hunter2 -j x f", "use pushgw add -j x f\n"),
    ("update -uhunter2 -qu hunter2 --user=hunter2 -j x f", "use pushgw add -j x f\n"),
    ("update -HX:hunter2 --header hunter2 -j x f", "use pushgw add -j x f\n"),
    ("update -g http://me:hunter2@gw -j x f", "use pushgw add -g http://gw -j x f\n"),
    ("rw -j x http://gw/w?t=hunter2", "push -j x --remote-write 'http://gw/w?t=REDACTED'\n"),
    ("exec -j x -- curl -u me:hunter2 gw", "use pushgw run -j x -- COMMAND\n"),
    ("exec -j x -- curl http://me:hunter2@gw", "use pushgw run -j x -- COMMAND\n"),
    ("version", "use pushgw --version"),
    ("man", "use pushgw COMMAND --help, or man pushgw"),
    ("push --allow", "'--allow-empty'"),
    ("push --allow_empty", "'--allow-empty'"),
    ("push --dry", "'--dry-run'"),
    ("push --inst web1", "'--instance'"),
    ("push --job_name x", "'--job'"),
    ("list --gate http://gw", "'--gateway'"),
    ("watch", "use pushgw list --watch"),
    ("push --format json", "--message-format json"),
    ("list team=x", "use --match: pushgw list --match team=x"),
    ("delete team=x", "pushgw delete --match team=x"),
    ("delete --match job=x a=b -n", "use --match: pushgw delete --match job=x --match a=b -n\n"),
    ("list -j ci a=b -g http://me:hunter2@gw", "use --match: pushgw list -j ci --match a=b -g http://gw\n"),
    ("delete -u me:hunter2 a=b b=c", "use --match: pushgw delete --match NAME=VALUE\n"),
    ("exec", "pushgw run -j JOB -- COMMAND"),
    ("time", "pushgw run -j JOB -- COMMAND"),
    ("wrap", "pushgw run -j JOB -- COMMAND"),
    ("cron", "pushgw run -j JOB -- COMMAND"),
    ("monitor", "pushgw run -j JOB -- COMMAND"),
    ("alerts", "pushgw rules"),
    ("run -j x echo hi", "the command comes after `--`"),
    ("list instance=web1:9100", "use --match: pushgw list --match instance=web1:9100\n"),
    ("show x team=x instance=web1", "use -j for the job: pushgw show -j x -l team=x -l instance=web1\n"),
    ("list -j x team=~a", "use --match: pushgw list -j x --match 'team=~a'\n"),
    ("run job/ci/repo/a -- true", "pushgw run -j ci -l repo=a -- COMMAND\n"),
    ("run nightly -- true", "use -j for the job: pushgw run -j nightly -- true"),
    ("get", "pushgw show"),
    ("http://gw:9091/metrics/job/x", "pushgw push --url URL"),
    ("push --data x", "-m 'name value'"),
    ("push -d x", "-m 'name value'"),
    ("push -X POST", "add sends POST"),
    ("push --host x", "use -g URL"),
    ("push --password=x", "PUSHGATEWAY_PASSWORD"),
    ("list --older 7d", "--older-than 7d"),
    ("list http://gw:9091", "pushgw list -g http://gw:9091"),
    ("delete http://gw:9091/metrics/job/x", "pushgw delete --url URL"),
    ("delete db", "pushgw delete -j db"),
    ("delete \u{1b}[2J", "pushgw delete -j JOB"),
    ("-g http://gw:9091", "the command comes first"),
    ("-j x", "the command comes first"),
    ("push --url http://gw:9091 -j x", "-g URL names only the gateway"),
    ("push --url http://gw:9091 -m a", "use -g URL for the gateway"),
    ("delete --url http://gw:9091", "use -g URL for the gateway"),
    (
        "check -g http://gw:9091 m.prom",
        "check does not have this option, unlike push, add, run, delete, list, show, status",
    ),
    ("push -j x --force", "push does not have this option, unlike delete"),
    ("push -f m.prom", "a FILE needs no option"),
    ("status x", "Usage: pushgw status"),
    ("rules --remote-write http://p:9090", "rules --remote-write does not accept a URL"),
    ("rules --remote-write=http://p:9090", "rules --remote-write does not accept a URL"),
    ("status http://gw:9091", "use -g for the URL of a gateway: pushgw status -g"),
    ("delete -j x m.prom", "Usage: pushgw delete"),
    ("push http://gw:9091/metrics/job/x m.prom", "use --url URL for the URL of a group"),
];

#[test]
fn a_wrong_command_line_gets_a_suggestion() {
    for (typed, meant) in MISTAKES {
        let code = if typed.starts_with("run ") { 125 } else { 2 };
        let said = pushgw().args(typed.split_whitespace()).code(code).stderr_has(meant).run().stderr();
        assert!(!said.contains("as a value") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn suggested_commands_work() {
    let gateway = Gateway::start(newest_gateway(), &[]);
    for (typed, _) in MISTAKES {
        let said = pushgw().args(typed.split_whitespace()).any_code().any_stderr().run().stderr();
        follow_hints(typed, &said, &gateway);
    }
}

#[test]
fn dangerous_or_dissimilar_options_are_not_suggested() {
    for (typed, unlike) in [
        ("list --since 1d", "--insecure"),
        ("list --reverse", "--verbose"),
        ("push --junit", "--quiet"),
        ("delete --forced", "--force'"),
        ("completions --shell bash", "exists: '--help'"),
        ("delete --alll", "--all'"),
        // Not even an abbreviation proposes these.
        ("push -j x --insec f", "insecure"),
        ("push -j x --insecure_skip_verify f", "insecure'"),
        ("push -j x --ins f", "similar"),
        ("delete -j x --forc", "--force"),
        ("delete --al", "--all"),
        ("delete --al", "--allow-empty"),
        ("push -j x --allow-emty f", "--allow-empty"),
    ] {
        let said = pushgw().args(typed.split_whitespace()).code(2).any_stderr().run().stderr();
        assert!(!said.contains(unlike), "{typed}: {said}");
    }
}

/// Splits an example line into words. Operators between commands are separate words.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            ('#', None) if word.is_none() => break,
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[test]
fn every_example_is_a_valid_command_line() {
    let mut lines: Vec<String> = Vec::new();
    for command in COMMANDS.into_iter().chain([""]) {
        for flag in ["-h", "--help"] {
            let text = help(command, flag);
            let examples = text.split_once("Examples:\n").map_or("", |(_, examples)| examples);
            lines.extend(examples.lines().map_while(|line| line.strip_prefix("  ")).map(str::to_owned));
        }
    }
    for page in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/man/prose")).unwrap() {
        let text = std::fs::read_to_string(page.unwrap().path()).unwrap();
        lines.extend(text.lines().filter_map(|line| line.strip_prefix("    ")).map(str::to_owned));
    }
    let mut seen = 0;
    for line in lines {
        let words = shell_words(&line);
        for call in words.split(|word| ["|", "&&", ">"].contains(&word.as_str())) {
            // In `source <(pushgw completions bash)`, the call is inside another word.
            let call: Vec<&str> =
                call.iter().map(|word| word.trim_start_matches("<(").trim_end_matches(')')).collect();
            let Some(at) = call.iter().position(|word| *word == "pushgw") else { continue };
            if let Err(error) = Cli::try_parse_from(&call[at..]) {
                panic!("{line}\n{error}");
            }
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}
