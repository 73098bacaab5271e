//! Finds values that are valid, but probably not what the user meant.

use crate::cli::{Command, GroupArgs, InputArgs, ListArgs};
use crate::env::{Environment, stdin_has_bytes};
use crate::error::Failure;
use crate::grouping::is_legacy_name;
use crate::secret::without_user;
use crate::shell::quote;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// A warning, and a hint with the option that was probably meant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Suspicion {
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// Returns warnings about suspicious values on the command line.
///
/// # Errors
///
/// Returns [`Failure::Usage`] if a value is almost certainly a mistake.
pub(crate) fn of_command(command: &Command, environment: &Environment) -> Result<Vec<Suspicion>, Failure> {
    // Without other input, a job that is a file must be a mistake.
    let has_files = |input: &InputArgs| !(input.files.is_empty() && input.metrics.is_empty());
    let (group, has_input) = match command {
        Command::Push(options) | Command::Add(options) => {
            let args = &options.args;
            (&args.group, args.producer.is_empty().then(|| has_files(&args.input)))
        }
        Command::Check(options) => (&options.args.group, Some(has_files(&options.args.input))),
        Command::Run(options) => (&options.args.group, None),
        Command::Delete(options) => (&options.args.group, None),
        Command::Show(options) => (&options.args.group, None),
        Command::List(options) => return Ok(of_list(&options.args)),
        Command::Status(_) | Command::Convert(_) | Command::Rules(_) | Command::Completions(_) => {
            return Ok(Vec::new());
        }
    };
    match command {
        Command::Push(_) | Command::Add(_) | Command::Check(_) => of_url_as_job(group)?,
        // The report fails, after the command.
        Command::Run(_) if of_url_as_job(group).is_err() => return Ok(Vec::new()),
        _ => {}
    }
    let mut found = of_group(group, matches!(command, Command::Delete(_) | Command::Show(_)));
    if let Some(has_input) = has_input {
        found.extend(of_file_name(group, has_input, environment)?);
    }
    Ok(found)
}

/// Returns an error if the job is a URL. It may contain a password, which must not be stored.
pub(super) fn of_url_as_job(group: &GroupArgs) -> Result<(), Failure> {
    match group.job.as_deref().and_then(OsStr::to_str).and_then(of_group_in_job) {
        Some((found, true)) => Err(Failure::usage_with_hint(found.message, found.hint)),
        _ => Ok(()),
    }
}

/// Returns warnings about `-j`, `-l` and `-i` of `list`, which select groups.
fn of_list(args: &ListArgs) -> Vec<Suspicion> {
    let (job, labels, instance) = (args.job.clone(), args.labels.clone(), args.instance.clone());
    of_group(&GroupArgs { job, labels, instance, url: None }, true)
}

/// Returns warnings about suspicious values of `-j`, `-l` and `-i`. If they select groups, several labels in one are
/// noticed later, when no group has this value.
fn of_group(args: &GroupArgs, selects: bool) -> Vec<Suspicion> {
    let mut found = Vec::new();
    let mut add = |option: &str, label: &str, value: &str| {
        let Some((what, meant)) = of_value(label, value) else { return };
        let name = if option == "-l" { format!("{label}=") } else { String::new() };
        let hint = match meant {
            Meant::Value(meant) if meant.is_empty() => "is a variable unset?".to_owned(),
            Meant::Value(meant) => format!("use {option} {}", quote(&format!("{name}{meant}"))),
            Meant::Labels(..) if selects => return,
            Meant::Labels(meant, labels) => {
                let meant = quote(&format!("{name}{meant}"));
                let options = labels.iter().map(|label| format!(" -l {}", quote(label)));
                format!("for several labels: {option} {meant}{}", options.collect::<String>())
            }
            Meant::Other(hint) => hint,
        };
        found
            .push(Suspicion { message: format!("the label `{label}` gets the value `{value}`{what}"), hint });
    };
    let job = args.job.as_deref().and_then(OsStr::to_str);
    let in_job = job.and_then(of_group_in_job);
    if let Some(job) = job.filter(|_| in_job.is_none()) {
        add("-j", "job", job);
    }
    for (label, value) in args.labels.iter().filter_map(|label| label.to_str()?.split_once('=')) {
        add("-l", label.trim(), value);
    }
    if let Some(instance) = args.instance.as_deref().and_then(OsStr::to_str) {
        add("-i", "instance", instance);
    }
    found.extend(in_job.map(|(found, _)| found));
    found
}

/// Returns a warning if the job is the path or URL of a group, a group as printed by `list`, or a URL, and
/// whether it is a URL.
fn of_group_in_job(job: &str) -> Option<(Suspicion, bool)> {
    let after = ["metrics/job/", "job/"].iter().find_map(|start| job.strip_prefix(start));
    let path = after.or_else(|| job.contains("/instance/").then_some(job));
    let path_hint = |path: &str| format!("for the group with this path: --url {}", quote(path));
    let (what, hint, is_url) = if job.contains("/metrics/job/") {
        ("group", path_hint(&without_user(job)), true)
    } else if job.contains("://") {
        ("URL", "for the gateway: -g URL".to_owned(), true)
    } else if let Some(path) = path {
        ("group", path_hint(&format!("/metrics/job/{path}")), false)
    } else if job.ends_with('}') && (job.starts_with("{job=") || job.contains("=\"")) {
        ("group", "for a group as printed by list: -j JOB -l NAME=VALUE".to_owned(), false)
    } else {
        return None;
    };
    Some((Suspicion { message: format!("the job looks like a {what}, not a job name"), hint }, is_url))
}

/// The value that the user probably meant.
enum Meant {
    Value(String),
    /// The value, followed by other labels in the form `NAME=VALUE`.
    Labels(String, Vec<String>),
    /// A value that is not known. The hint is a question or an instruction.
    Other(String),
}

/// Returns why the value of a label is suspicious, and what was probably meant.
fn of_value(label: &str, value: &str) -> Option<(&'static str, Meant)> {
    let mut quotes = [('"', '"'), ('\'', '\''), ('“', '”'), ('‘', '’')].into_iter();
    let unquoted = quotes.find_map(|(start, end)| value.strip_prefix(start)?.strip_suffix(end));
    if let Some(unquoted) = unquoted.filter(|unquoted| !unquoted.contains('"')) {
        return Some((", including the quotes", Meant::Value(unquoted.to_owned())));
    }
    let assigned = value.strip_prefix(label).unwrap_or(value).strip_prefix('=');
    let assigned = assigned.or_else(|| value.strip_prefix("job: ").filter(|_| label == "job"));
    if let Some(rest) = assigned {
        return Some(("", Meant::Value(rest.trim_matches(['"', ' ']).to_owned())));
    }
    let is_label = |part: &str| part.split_once('=').is_some_and(|(name, _)| is_legacy_name(name.trim()));
    for separator in [',', ';', ' ', '&'] {
        // The instance of a probe can be a URL with a query.
        if let Some((first, others)) = value.split_once(separator)
            && others.split(separator).all(is_label)
            && !first.contains('?')
        {
            let others = others.split(separator).map(|label| label.trim().replace('"', "")).collect();
            let meant = Meant::Labels(first.trim_matches(['"', '\'']).to_owned(), others);
            return Some((", including the separator", meant));
        }
    }
    if let Some(rest) = value.strip_suffix([',', ';']).filter(|rest| !rest.is_empty()) {
        return Some((", including the last character", Meant::Value(rest.trim_matches('"').to_owned())));
    }
    let is_blank = value.trim().is_empty() && !value.is_empty();
    let expand = "use double quotes, so that the shell expands it";
    let is_name = matches!(label, "job" | "instance");
    let has_option = is_name && (value.contains(" -l ") || value.contains(" -i "));
    // Other labels can have these values.
    let is_missing = is_name && ["null", "nil", "None", "undefined", "[object Object]"].contains(&value);
    for (found, what, hint) in [
        (is_missing || is_placeholder(value), ", which is a placeholder", "was a value meant to replace it?"),
        (is_variable(value), ", not the value of the variable", expand),
        (is_blank, ", which contains only whitespace", "is a variable unset?"),
        (has_option, ", including an option", "end the quotes before the option"),
    ] {
        if found {
            return Some((what, Meant::Other(hint.to_owned())));
        }
    }
    let trimmed = value.trim();
    let has_around = |c: char| value.matches(c).count() > trimmed.matches(c).count();
    let around = [
        (has_around('\r'), ", including the CR of a Windows line ending"),
        (has_around('\n'), ", including the newline"),
        (has_around('\t'), ", including the tab"),
        (trimmed != value, ", including the spaces"),
    ];
    let around = around.into_iter().find(|(found, _)| *found);
    around.map(|(_, what)| (what, Meant::Value(trimmed.to_owned())))
}

/// Returns true if a template or a CI system should have replaced `value`, or a part of it in `{{ }}`.
fn is_placeholder(value: &str) -> bool {
    let inside = |start: &str, end: &str| value.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    let is_name = |name: &str| is_legacy_name(&name.replace(['-', ' '], "_"));
    let marks = [("<", ">"), ("{", "}"), ("#{", "}"), ("@", "@"), ("%", "%")];
    marks.iter().any(|(start, end)| inside(start, end).is_some_and(is_name))
        || value.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"))
        || inside("$(", ")").is_some_and(|name| is_name(name) && name.to_ascii_uppercase() == name)
}

/// Returns true if a shell should have replaced `value`, which is `$name` or `$env:name`, or a part of it: `$NAME`,
/// `${name}`, `$(COMMAND)`, or a command in backquotes.
fn is_variable(value: &str) -> bool {
    let has = |start, end| value.split_once(start).is_some_and(|(_, rest)| rest.contains(end));
    // Other values can contain a dollar sign, too, but rarely before capitals.
    let is_upper = |text: &str| text.bytes().take(2).filter(u8::is_ascii_uppercase).count() == 2;
    value.strip_prefix('$').is_some_and(|name| is_legacy_name(name) || name.starts_with("env:"))
        || value.split('$').skip(1).any(is_upper)
        || has("${", '}')
        || has("$(", ')')
        || has("`", '`')
}

/// Returns a warning or an error if the job or the instance is the name of an existing file, because the variable in
/// `-j $JOB metrics.prom` may have been empty.
fn of_file_name(
    group: &GroupArgs,
    has_other_input: bool,
    environment: &Environment,
) -> Result<Option<Suspicion>, Failure> {
    let values = [("job", "-j JOB", &group.job), ("instance", "-i INSTANCE", &group.instance)];
    let is_file = |value: &OsString| !value.is_empty() && Path::new(value).is_file();
    let found = values.into_iter().find_map(|(label, option, value)| {
        value.as_ref().filter(|value| is_file(value)).map(|value| (label, option, value.to_string_lossy()))
    });
    let Some((label, option, name)) = found else { return Ok(None) };
    let message = format!("the {label} `{name}` is also the name of a file here: is a variable unset?");
    let hint = format!("use {option} {}", quote(&name));
    if has_other_input || environment.stdin_is_pipe || !environment.stdin_is_terminal && stdin_has_bytes() {
        return Ok(Some(Suspicion { message, hint }));
    }
    Err(Failure::usage_with_hint(message, hint))
}

/// Returns an error if a FILE of `command` does not exist. The hint names the option that was probably meant.
pub(super) fn of_missing_file(
    command: &str,
    args: &InputArgs,
    environment: &Environment,
) -> Result<(), Failure> {
    let is_missing = |path: &Path| path != Path::new("-") && !path.as_os_str().is_empty() && !path.exists();
    let Some((place, path)) = args.files.iter().enumerate().find(|(_, path)| is_missing(path)) else {
        return Ok(());
    };
    let Some(name) = path.to_str() else { return Ok(()) };
    // `convert` has neither -m nor -l.
    let has_options = command != "convert";
    let unfinished = args.metrics.last().and_then(|line| line.to_str()).filter(|line| !line.contains(' '));
    let value = args.files.get(place + 1).and_then(|next| next.to_str());
    let hint = if let Some(line) = unfinished.filter(|_| is_number(name)) {
        format!("quote the line as one word: -m {}", quote(&format!("{line} {name}")))
    } else if let Some(value) = value.filter(|value| has_options && is_number(value)) {
        format!("for a line of metrics: -m {}", quote(&format!("{name} {value}")))
    } else if has_options && is_sample(name) {
        format!("for a line of metrics: -m {}", quote(name))
    } else if has_options && let Some(url) = name.strip_prefix("PUSHGATEWAY_URL=") {
        format!("for the gateway: -g {}", quote(&without_user(url)))
    } else if has_options && name.split_once('=').is_some_and(|(label, _)| is_legacy_name(label)) {
        format!("for a label: -l {}", quote(name))
    } else if name == "metrics" && place == 0 && args.files.len() == 1 && !environment.stdin_is_terminal {
        "omit `metrics`: without a FILE, pushgw reads standard input".to_owned()
    } else if place == 0 && environment.is_program(name) {
        let words: Vec<_> = args.files.iter().map(|word| quote(&word.to_string_lossy())).collect();
        let line = words.join(" ");
        let line =
            if command == "push" { format!("-- {line}") } else { format!("{line} | pushgw {command}") };
        format!("for the output of a command: {line}")
    } else {
        return Ok(());
    };
    let message = format!("can't read {}: no such file or directory", without_user(name));
    Err(Failure::File { message, hint: Some(hint) })
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

/// Returns true if the text looks like a sample line, such as `a{b="c"} 1`.
fn is_sample(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':') && !name.contains('/')
    };
    text.rsplit_once([' ', '\t']).is_some_and(|(name, value)| is_name(name.trim()) && is_number(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(job: Option<&str>, labels: &[&str], instance: Option<&str>) -> GroupArgs {
        GroupArgs {
            job: job.map(Into::into),
            labels: labels.iter().map(Into::into).collect(),
            instance: instance.map(Into::into),
            url: None,
        }
    }

    #[test]
    fn suspicious_values_get_a_suggestion() {
        for (group, hint) in [
            (group(None, &["instance=\"web-1\""], None), "use -l instance=web-1"),
            (group(None, &["instance='web 1'"], None), "use -l 'instance=web 1'"),
            (group(None, &["a=b,c=d"], None), "for several labels: -l a=b -l c=d"),
            (group(None, &["a=b;c=d"], None), "for several labels: -l a=b -l c=d"),
            (group(None, &["a=b c=d"], None), "for several labels: -l a=b -l c=d"),
            (group(None, &["a = b"], None), "use -l a=b"),
            (group(None, &["a==b"], None), "use -l a=b"),
            (group(Some("=x"), &[], None), "use -j x"),
            (group(Some("job=x"), &[], None), "use -j x"),
            (group(Some("job=\"x\""), &[], None), "use -j x"),
            (group(Some("x,team=a"), &[], None), "for several labels: -j x -l team=a"),
            (group(None, &[], Some("instance=web1")), "use -i web1"),
            (group(None, &["team=team=a"], None), "use -l team=a"),
            (group(None, &[], Some("web1 ")), "use -i web1"),
            (group(Some("{job=\"x\"}"), &[], None), "for a group as printed by list: -j JOB -l NAME=VALUE"),
            (group(Some("/metrics/job/x"), &[], None), "for the group with this path: --url /metrics/job/x"),
            (group(Some("$JOB"), &[], None), "use double quotes, so that the shell expands it"),
            (group(None, &["a=$(hostname -f)"], None), "use double quotes, so that the shell expands it"),
            (group(Some("backup_${HOST}"), &[], None), "use double quotes, so that the shell expands it"),
            (group(None, &[], Some("$HOST:9100")), "use double quotes, so that the shell expands it"),
            (group(None, &[], Some("`hostname`")), "use double quotes, so that the shell expands it"),
            (group(Some("{{ job }}"), &[], None), "was a value meant to replace it?"),
            (group(Some("<JOB>"), &[], None), "was a value meant to replace it?"),
            (group(None, &[], Some("undefined")), "was a value meant to replace it?"),
            (
                group(Some("{job=\"x\",a=\"b\"}"), &[], None),
                "for a group as printed by list: -j JOB -l NAME=VALUE",
            ),
            (group(Some(" "), &[], None), "is a variable unset?"),
            (group(Some("x,"), &[], None), "use -j x"),
            (group(None, &["team=\"a\";"], None), "use -l team=a"),
            (group(Some("http://gw:9091"), &[], None), "for the gateway: -g URL"),
            (group(None, &["a=“b”"], None), "use -l a=b"),
            (group(None, &["a=\"b\",c=\"d\""], None), "for several labels: -l a=b -l c=d"),
            (group(None, &["a='b' c=d"], None), "for several labels: -l a=b -l c=d"),
            (group(None, &["a=b&c=d"], None), "for several labels: -l a=b -l c=d"),
            (group(Some("job: x"), &[], None), "use -j x"),
            (group(Some("="), &[], None), "is a variable unset?"),
            (group(Some("x -l a=b"), &[], None), "end the quotes before the option"),
            (group(Some("x{a=\"b\"}"), &[], None), "for a group as printed by list: -j JOB -l NAME=VALUE"),
            (group(Some("$env:JOB"), &[], None), "use double quotes, so that the shell expands it"),
            (group(Some("$(CI_JOB_NAME)"), &[], None), "was a value meant to replace it?"),
            (group(Some("%JOB%"), &[], None), "was a value meant to replace it?"),
            (group(Some("#{job}"), &[], None), "was a value meant to replace it?"),
            (group(Some("job/x"), &[], None), "for the group with this path: --url /metrics/job/x"),
            (
                group(Some("x/instance/a"), &[], None),
                "for the group with this path: --url /metrics/job/x/instance/a",
            ),
        ] {
            let found = of_group(&group, false);
            assert_eq!(
                found.iter().map(|found| found.hint.as_str()).collect::<Vec<_>>(),
                [hint],
                "{group:?}"
            );
        }
    }

    #[test]
    fn characters_around_a_value_are_named() {
        for (value, what) in [
            ("x\r", "including the CR of a Windows line ending"),
            ("x\r\n", "including the CR of a Windows line ending"),
            ("x\n", "including the newline"),
            ("\tx\ty", "including the tab"),
            ("x\ty ", "including the spaces"),
            ("\r", "which contains only whitespace"),
        ] {
            let found = of_group(&group(Some(value), &[], None), false);
            let messages: Vec<_> = found.iter().map(|found| found.message.as_str()).collect();
            assert_eq!(messages, [format!("the label `job` gets the value `{value}`, {what}")]);
        }
    }

    #[test]
    fn ordinary_values_are_not_suspicious() {
        let values =
            ["b", "", "\"", "a,b", "b=c", "50%", "$5", "a b", "x,y=z,w", "'s", "a$b", "a/b", "<", ","];
        for value in values {
            assert_eq!(of_group(&group(Some(value), &[], Some(value)), false), [], "{value}");
        }
        // The instance of a probe is a URL.
        assert_eq!(of_group(&group(None, &["path=~/a"], Some("https://x/%20?a=b&c=d")), false), []);
        let labels = ["version=~1.2", "command=ls -l /", "error=None"];
        assert_eq!(of_group(&group(Some("job:errors:rate5m"), &labels, None), false), []);
    }

    #[test]
    fn sample_lines_are_recognized() {
        for (text, expected) in [
            ("a 1", true),
            ("a{b=\"c d\"} 1.5e3", true),
            ("a NaN", true),
            ("a b", false),
            ("./a 1", false),
            ("a", false),
        ] {
            assert_eq!(is_sample(text), expected, "{text}");
        }
    }
}
