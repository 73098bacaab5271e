//! Tests common typing mistakes with a real gateway: no command does anything other than what was typed, and the
//! message shows what was probably meant.

use crate::support::{Gateway, Server, Tty, follow_hints, newest_gateway, pushgw, shell};

/// Starts a gateway for the commands below.
fn gateway() -> Gateway {
    Gateway::start(newest_gateway(), &[])
}

fn groups(gateway: &Gateway) -> Vec<String> {
    let line = |group: crate::support::Group| {
        let labels: Vec<String> =
            group.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        labels.join(",")
    };
    gateway.groups().into_iter().map(line).collect()
}

/// Runs a script with an empty gateway. `after` lists the groups that must exist afterwards.
#[track_caller]
fn typed(gateway: &Gateway, script: &str, code: i32, after: &[&str], says: &[&str]) {
    gateway.clear();
    let mut call = shell(script).on(gateway).file("f", "a 1\n").file("metrics.prom", "a 1\n").any_stdout();
    call = call.code(code).any_stderr();
    for part in says {
        call = call.stderr_has(part);
    }
    let said = call.run().stderr();
    assert_eq!(groups(gateway), after, "{script}");
    follow_hints(script, &said, gateway);
}

#[test]
#[ignore = "needs real servers"]
fn an_option_with_the_wrong_dash_is_an_error() {
    let gateway = gateway();
    for (script, says) in [
        ("pushgw push -job=x -instance=web1 f", "`-job` is read as `-j ob`\nhint: use --job=x"),
        (
            "pushgw push -j x -instance web1 f",
            "`-instance` is read as `-i nstance`\nhint: use --instance web1",
        ),
        ("pushgw push -j x -label=team=a f", "`-label` is read as `-l abel`\nhint: use --label=team=a"),
        ("pushgw push -j x -quiet f", "`-quiet` is not an option\nhint: use --quiet"),
        ("pushgw push -j x -user admin f", "`-user` is read as `-u ser`\nhint: use --user"),
        ("pushgw push -j x -metric='a 1'", "`-metric` is read as `-m etric`\nhint: use --metric"),
        ("pushgw push -j x -gateway=http://gw f", "`-gateway` is read as `-g ateway`\nhint: use --gateway"),
        (
            "pushgw list -json",
            "`-json` is read as `-j son`\nhint: use --format json for the results of list and status",
        ),
        ("pushgw delete -older-than 7d", "`-older-than` is"),
        ("pushgw delete -all --yes", "`-all` is not an option\nhint: use --all"),
        ("pushgw push –job x f", "begins with a long dash\nhint: type it with plain hyphens: --job"),
    ] {
        typed(&gateway, script, 2, &[], &[says]);
    }
}

#[test]
#[ignore = "needs real servers"]
fn a_suspicious_label_is_stored_as_typed_with_a_warning() {
    let gateway = gateway();
    for (script, after, says) in [
        ("pushgw push -j x -l 'instance=\"web-1\"' f", "instance=\"web-1\",job=x", "use -l instance=web-1"),
        ("pushgw push -j x -l a=b,c=d f", "a=b,c=d,job=x", "for several labels: -l a=b -l c=d"),
        ("pushgw push -j job=x f", "job=job=x", "use -j x"),
        ("pushgw push -j x -i instance=web1 f", "instance=instance=web1,job=x", "use -i web1"),
        ("pushgw push -j x -i 'web1 ' f", "instance=web1 ,job=x", "use -i web1"),
        ("pushgw push -j x -i '$HOSTNAME' f", "instance=$HOSTNAME,job=x", "use double quotes"),
        ("pushgw add -j 'db,team=a' f", "job=db,team=a", "for several labels: -j db -l team=a"),
    ] {
        typed(&gateway, script, 0, &[after], &["warning: ", says]);
        // The intended value gives no warning.
        typed(&gateway, &format!("{script} -q 2>&1"), 0, &[after], &[]);
    }
}

#[test]
#[ignore = "needs real servers"]
fn a_job_with_the_name_of_a_file_suggests_an_unset_variable() {
    let gateway = gateway();
    let says = "the job `metrics.prom` is also the name of a file here: is a variable unset?";
    let hint = "hint: use -j JOB metrics.prom";
    typed(&gateway, "pushgw push -j $UNSET metrics.prom </dev/null", 2, &[], &[says, hint]);
    typed(&gateway, "pushgw push -j $UNSET metrics.prom f", 0, &["job=metrics.prom"], &[says, hint]);
    typed(&gateway, "pushgw add -j $UNSET metrics.prom -m 'a 1'", 0, &["job=metrics.prom"], &[says, hint]);
    typed(&gateway, "echo a 1 | pushgw push -j metrics.prom", 0, &["job=metrics.prom"], &[says]);
    typed(&gateway, "pushgw push -j metrics.prom <f", 0, &["job=metrics.prom"], &[says]);
    // With a command after `--` there is no FILE, and its job may have its name.
    for call in ["push -j f -- cat f", "run -j f -- test -e f"] {
        shell(&format!("pushgw {call}")).on(&gateway).file("f", "a 1\n").run();
    }
    let says = "the instance `f` is also the name of a file here: is a variable unset?";
    typed(&gateway, "pushgw push -j x -i $UNSET f </dev/null", 2, &[], &[says, "hint: use -i INSTANCE f"]);
}

#[test]
#[ignore = "needs real servers"]
fn a_pipe_that_is_not_read_is_reported() {
    let gateway = gateway();
    let says = ["standard input has data that was not read", "add `-`"];
    let wait = "{ echo b 2; exec 3>&1; : >written; } | { while [ ! -e written ]; do :; done;";
    typed(&gateway, &format!("{wait} pushgw push -j x -m 'extra 1'; }}"), 0, &["job=x"], &says);
    typed(&gateway, &format!("{wait} pushgw push -n -j x f; }}"), 0, &[], &says);
    typed(&gateway, "pushgw push -j x -m 'extra 1' <f", 0, &["job=x"], &says);
    // There is no warning if the pipe is read, if it is empty, or if another program reads the file.
    for script in [
        "echo b 2 | pushgw push -j x -m 'extra 1' - 2>&1",
        "true | pushgw push -j x f 2>&1",
        "pushgw push -j x /dev/stdin <f 2>&1",
        "pushgw push -j x /dev/fd/0 <f 2>&1",
        "pushgw push -j x f -u me --password-file /dev/stdin <password 2>&1",
        "{ read -r _; pushgw push -j x -m 'extra 1' 2>&1; } <lines",
    ] {
        gateway.clear();
        shell(script).on(&gateway).file("f", "a 1\n").file("lines", "x\ny\n").file("password", "x\n").run();
    }
}

#[test]
#[ignore = "needs real servers"]
fn a_missing_file_suggests_the_intended_option() {
    let gateway = gateway();
    for (script, hint) in [
        ("pushgw push -j x -m a 1", "-m 'a 1'"),
        ("pushgw push -j x 'a 1'", "-m 'a 1'"),
        ("pushgw push -j x 'a{b=\"c d\"} 1'", "-m 'a{b=\"c d\"} 1'"),
        ("pushgw push -j x instance=a f", "-l instance=a"),
        ("pushgw push -j x echo 'a 1'", "-- echo 'a 1'"),
        ("pushgw check metrics < f", "omit `metrics`"),
        ("pushgw check cat f", "output of a command: cat f | pushgw check"),
        ("pushgw check -- cat 'a b'", "output of a command: cat 'a b' | pushgw check"),
        ("pushgw convert -- cat f", "output of a command: cat f | pushgw convert"),
    ] {
        typed(&gateway, script, 1, &[], &["no such file or directory\nhint: ", hint]);
    }
}

#[test]
#[ignore = "needs real servers"]
fn options_may_come_before_the_command() {
    let gateway = gateway();
    typed(&gateway, "pushgw -g $PUSHGATEWAY_URL -v push -j x f", 0, &["job=x"], &["pushed to"]);
    typed(&gateway, "unset PUSHGATEWAY_URL; pushgw --timeout 3s --gateway=http://[::1]:1 list", 6, &[], &[]);
    typed(&gateway, "pushgw -q -H 'X-Tenant: a' add -j x f", 0, &["job=x"], &[]);
    // The value of an option is not the command.
    typed(&gateway, "pushgw -g list list", 6, &[], &["list"]);
}

#[test]
#[ignore = "needs real servers"]
fn a_matcher_with_an_unknown_operator_is_an_error() {
    let gateway = gateway();
    for (matcher, meant) in
        [("job~=ci", "'job=~ci'"), ("job==ci", "job=ci"), ("job!==ci", "'job!=ci'"), ("job:=ci", "job=ci")]
    {
        let says = format!("--match: `{matcher}` has an unknown operator\nhint: use --match {meant}\n");
        typed(&gateway, &format!("pushgw list --match '{matcher}'"), 2, &[], &[&says]);
        typed(&gateway, &format!("pushgw delete --match '{matcher}' --yes"), 2, &[], &[&says]);
    }
    typed(
        &gateway,
        "pushgw list --match 'jo*=ci'",
        2,
        &[],
        &["`jo*` is not a valid label name", "hint: use --match '\"jo*\"=ci'"],
    );
}

#[test]
#[ignore = "needs real servers"]
fn a_wildcard_that_selects_nothing_is_reported() {
    let gateway = gateway();
    let push = "pushgw push -j db_a f;";
    let says =
        ["warning: 0 groups selected: `*` and `?` are not wildcards", "hint: use --match 'job=~db_.*'"];
    for call in
        ["list --match 'job=db_*'", "delete --yes --match 'job=db_*'", "delete -n --match 'job=~db_*'"]
    {
        typed(&gateway, &format!("{push} pushgw {call}"), 0, &["job=db_a"], &says);
    }
    let says = ["no group on", "hint: `*` and `?` are not wildcards: use --match 'job=~db_.*'"];
    typed(&gateway, &format!("{push} pushgw show --match 'job=db_*'"), 8, &["job=db_a"], &says);
    let says = ["must match the whole value", "hint: use --match 'job=~.*db.*'"];
    typed(&gateway, &format!("{push} pushgw list --match job=~db"), 0, &["job=db_a"], &says);
    let says = ["0 groups selected: a label has only one value", "hint: use --match 'job=~db_a|db-b'"];
    for call in ["list --match job=db_a --match job=db-b", "delete --yes --match '{job=db_a,job=db-b}'"] {
        typed(&gateway, &format!("{push} pushgw {call}"), 0, &["job=db_a"], &says);
    }
    let says = ["no group {job=\"db_*\"}", "are not wildcards: use --match 'job=~db_.*'"];
    typed(&gateway, &format!("{push} pushgw delete -j 'db_*'"), 8, &["job=db_a"], &says);
    for (call, meant) in [
        ("-j '~db'", "a regular expression needs `=~`: use --match 'job=~db'"),
        ("-j db_a -l 'repo=*'", "are not wildcards: use --match job=db_a --match 'repo=~.*'"),
        ("-j db_a -l 'repo=~.+'", "needs `=~`: use --match job=db_a --match 'repo=~.+'"),
        ("-j 'db_*' -l repo=a", "are not wildcards: use --match 'job=~db_.*' --match repo=a"),
    ] {
        typed(&gateway, &format!("{push} pushgw delete {call}"), 8, &["job=db_a"], &[meant]);
    }
}

#[test]
#[ignore = "needs real servers"]
fn a_missing_group_lists_the_existing_ones() {
    let gateway = gateway();
    let push = "for repo in a b; do pushgw push -j ci -l repo=$repo -l arch=x f; done;";
    let after = ["arch=x,job=ci,repo=a", "arch=x,job=ci,repo=b"];
    let says = ["2 groups have this job", "hint: to delete them: pushgw delete --match job=ci -g http://"];
    typed(&gateway, &format!("{push} pushgw delete -j ci"), 8, &after, &says);
    let says = ["hint: to delete them: pushgw delete --match job=ci --match repo=a -g http://"];
    typed(&gateway, &format!("{push} pushgw delete -j ci -l repo=a"), 8, &after, &says);
    let says = ["hint: to select them: pushgw delete --match job=ci -g http://", " --dry-run\n"];
    typed(&gateway, &format!("{push} pushgw delete -n -j ci"), 8, &after, &says);
    let both = "pushgw push -j a f; pushgw push -j b f;";
    let says = ["hint: a label has only one value: use --match 'job=~a|b'\n"];
    typed(&gateway, &format!("{both} pushgw delete -j a,b"), 8, &["job=a", "job=b"], &says);
    typed(&gateway, &format!("{both} pushgw show -j 'a, b'"), 8, &["job=a", "job=b"], &says);
    let says = ["hint: to show them: pushgw show --match job=ci -g http://"];
    typed(&gateway, &format!("{push} pushgw show -j ci"), 8, &after, &says);
    // A hint never deletes groups whose labels were not typed.
    let says = ["hint: to list them: pushgw list --match job=ci -g http://"];
    typed(&gateway, &format!("{push} pushgw delete -j ci -l repo=c"), 8, &after, &says);
    typed(
        &gateway,
        &format!("{push} pushgw delete -j cd"),
        8,
        &after,
        &["to list all groups: pushgw list -g http://"],
    );
    // The command in the hint works.
    let run = "$(pushgw delete -j ci 2>&1 | sed -n 's/^hint: to delete them: //p') --yes";
    typed(&gateway, &format!("{push} {run}"), 0, &[], &[]);
    typed(&gateway, "pushgw delete -f -v -j nobody", 0, &[], &["requested the deletion of {job=\"nobody\"}"]);
}

#[test]
#[ignore = "needs real servers"]
fn one_group_or_a_selection() {
    let gateway = gateway();
    let hint = |command: &str, more: &str| {
        format!(
            "hint: for all groups with these labels: pushgw {command} --match job=ci --match 'team=\"a b\"'{more}\n"
        )
    };
    for (call, command, more) in [
        ("delete -j ci -l 'team=a b' --older-than 1d", "delete", " --older-than 1d"),
        (
            "delete -n -j ci -l 'team=a b' --failed --match 'a=~x|y' -g 'http://gw/a b'",
            "delete",
            " --match 'a=~x|y' --failed -g 'http://gw/a b' --dry-run",
        ),
        ("delete -j ci -l 'team=a b' --all --yes -g u:secret@gw", "delete", " -g gw --yes"),
        ("show -j ci -l 'team=a b' --all", "show", ""),
    ] {
        typed(&gateway, &format!("pushgw {call}"), 2, &[], &[&hint(command, more)]);
    }
    // The command in the hint does what was meant.
    let push = "pushgw push -j ci -l team=a f; pushgw push -j ci -l team=b f;";
    let run = "$(pushgw delete -j ci --all --yes 2>&1 | sed -n 's/^hint: .*: pushgw/pushgw/p')";
    typed(&gateway, &format!("{push} {run}"), 0, &[], &[]);
    let push = "pushgw push -j a -l team=x -i 1 f; pushgw push -j b -l team=x f; pushgw push -j c f;";
    let after = ["instance=1,job=a,team=x", "job=b,team=x", "job=c"];
    for (call, lines) in [
        ("list -l team=x", 2),
        ("ls -l team=x -i 1", 1),
        ("list --match '{team=\"x\",job=\"b\"}'", 1),
        ("list -j c -o path", 1),
        ("-q list --match '{job=~\"a|b\"}'", 2),
    ] {
        let count = format!("test $(pushgw {call} -o path | wc -l) = {lines}");
        typed(&gateway, &format!("{push} {}", count.replace("-o path -o path", "-o path")), 0, &after, &[]);
    }
    // A path printed by `list` identifies the group.
    typed(&gateway, &format!("{push} pushgw rm --url $(pushgw list -j a -o path)"), 0, &after[1..], &[]);
    typed(&gateway, "pushgw push --url /metrics/job/y f", 0, &["job=y"], &[]);
}

#[test]
#[ignore = "needs real servers"]
fn a_mistyped_age_is_an_error() {
    let gateway = gateway();
    for (age, says) in [
        ("7", "`7` has no unit: write 7d for days, 7h for hours or 7s for seconds"),
        ("7D", "write 7d"),
        ("7days", "write 7d"),
        ("1week", "write 1w"),
        ("30sec", "write 30s"),
        ("1M", "m is minutes, and a month is 30d"),
        ("-1h", "`-1h` is negative: write 1h"),
        ("2020-01-01", "2020-01-01 is a time, not a duration: it was "),
        ("2020-01-01T10:00:00Z", "2020-01-01T10:00:00Z is a time, not a duration: it was "),
        ("1700000000", "1700000000 is a time, not a duration: it was "),
        ("1700000000000", "1700000000000 is a time, not a duration: it was "),
        ("'2 weeks'", "write 2w"),
        ("'1d ago'", "write 1d"),
        ("'2 weeks ago'", "write 2w"),
    ] {
        typed(
            &gateway,
            &format!("pushgw delete --yes --older-than={age}"),
            2,
            &[],
            &["--older-than: ", says],
        );
    }
    let says = "--older-than: `-1h` is negative: write 1h";
    typed(&gateway, "pushgw delete --older-than -1h --yes", 2, &[], &[says]);
    typed(&gateway, "pushgw list --timeout 7", 2, &[], &["--timeout: `7` has no unit: write 7s for seconds"]);
}

#[test]
#[ignore = "needs real servers"]
fn mistakes_in_variables_are_reported() {
    let gateway = gateway();
    for value in ["disabled", "n", "f", "none", "2"] {
        let says = format!("PUSHGATEWAY_INSECURE: invalid value `{value}`: use 1, true,");
        typed(&gateway, &format!("PUSHGATEWAY_INSECURE={value} pushgw push -j x f"), 2, &[], &[&says]);
    }
    for value in ["1", "TRUE", "yes", "on", "0", "False", "no", "off", "' on '"] {
        typed(&gateway, &format!("PUSHGATEWAY_INSECURE={value} pushgw push -j x f"), 0, &["job=x"], &[]);
    }
    let proxy = "http_proxy=http://[::1]:1 PUSHGATEWAY_URL=http://gw.corp";
    let says = ["PUSHGATEWAY_NO_PROXY: invalid value `gw2.corp`", "NO_PROXY=HOST"];
    typed(&gateway, &format!("{proxy} PUSHGATEWAY_NO_PROXY=gw2.corp pushgw push -j x f"), 2, &[], &says);
    typed(&gateway, "PUSHGATEWAY_NO_PROXY=gw2.corp pushgw push -j x f", 2, &[], &says);
    let nobody = "PUSHGATEWAY_URL=http://[::1]:1";
    let says = ["PUSHGATEWAY_ADDR is set, but pushgw does not read it: did you mean PUSHGATEWAY_URL?"];
    typed(&gateway, &format!("{nobody} PUSHGATEWAY_ADDR=x pushgw push -j x f"), 6, &[], &says);
    let says = ["did you mean PUSHGATEWAY_TIMEOUT?"];
    typed(&gateway, &format!("{nobody} PUSHGATEWAY_TIMOUT=1s pushgw list"), 6, &[], &says);
    let kubernetes = "PUSHGATEWAY_PORT=tcp://10.0.0.1:9091 PUSHGATEWAY_SERVICE_HOST=10.0.0.1";
    let output = shell(&format!("{nobody} {kubernetes} pushgw list")).code(6).any_stderr().run();
    assert!(!output.stderr().contains("is set"), "{}", output.stderr());
}

#[test]
fn unused_credentials_are_reported() {
    let server = Server::answering(401, "");
    for (variables, says) in [
        (
            "PUSHGATEWAY_PASSWORD=x",
            "PUSHGATEWAY_PASSWORD is set, but was not used: PUSHGATEWAY_USER must be set, too",
        ),
        ("PUSHGATEWAY_BEARER_TOKEN=", "PUSHGATEWAY_BEARER_TOKEN is set but empty, so it was not used"),
    ] {
        let call =
            shell(&format!("{variables} pushgw push -j x -m 'a 1'")).env("PUSHGATEWAY_URL", server.url());
        call.code(4).stderr_has(says).run();
    }
}

#[test]
fn a_password_in_a_variable_loses_its_line_break() {
    let server = Server::answering(200, "");
    let call = pushgw().args(["push", "-j", "x", "-m", "a 1"]).env("PUSHGATEWAY_URL", server.url());
    call.envs(&[("PUSHGATEWAY_USER", "u"), ("PUSHGATEWAY_PASSWORD", "secret\r\n")]).run();
    assert_eq!(server.request().header("authorization"), Some("Basic dTpzZWNyZXQ="));
    for secret in ["a\nb", "a\t", "a\n\n"] {
        for (name, says) in [
            ("PASSWORD", "PUSHGATEWAY_PASSWORD contains a"),
            ("BEARER_TOKEN", "PUSHGATEWAY_BEARER_TOKEN contains a"),
        ] {
            let call = pushgw().args(["push", "-j", "x", "-m", "a 1"]).env("PUSHGATEWAY_URL", server.url());
            let user = if name == "PASSWORD" { "u" } else { "" };
            let call = call.env("PUSHGATEWAY_USER", user).env(format!("PUSHGATEWAY_{name}"), secret);
            call.code(2).stderr_has(says).run();
        }
    }
}

#[test]
#[ignore = "needs real servers"]
fn a_dash_at_a_terminal_reads_what_is_typed() {
    let gateway = gateway();
    let call = pushgw().args(["push", "-j", "x", "-"]).on(&gateway).tty(&[Tty::Stdin, Tty::Stderr], 80);
    call.keys("a 1\n\x04").run();
    assert_eq!(groups(&gateway), ["job=x"]);
    typed(&gateway, "pushgw push -j x --diff f", 0, &[], &[]);
}

#[test]
fn a_command_line_in_one_word_is_split() {
    for (call, hint) in [
        (
            "run -j x -- 'echo hi'",
            "as separate words: -- echo hi\n      or use a shell: -- sh -c 'echo hi'\n",
        ),
        (
            "push -j x -- 'echo a 1'",
            "as separate words: -- echo a 1\n      or use a shell: -- sh -c 'echo a 1'\n",
        ),
        ("add -j x -- 'a | b'", "hint: to run it with a shell: -- sh -c 'a | b'\n"),
        ("push -j x -- 'cat  \"$HOME\"'", "hint: to run it with a shell: -- sh -c 'cat  \"$HOME\"'\n"),
        ("run -j x -- exit 3", "hint: to run it with a shell: -- sh -c 'exit 3'\n"),
        ("run -j x -- cd /", "hint: to run it with a shell: -- sh -c 'cd / && COMMAND'\n"),
    ] {
        let call = shell(&format!("pushgw {call}")).env("PUSHGATEWAY_URL", "http://[::1]:1");
        let output = call.any_code().any_stderr().run();
        assert_eq!(output.status.code(), Some(127), "{output}");
        assert!(output.stderr().contains(hint), "{output}");
    }
    for call in ["push -j x -- nothing", "push -j x -- 'no such' program"] {
        let output = shell(&format!("pushgw {call}")).code(127).any_stderr().run();
        assert!(!output.stderr().contains("hint"), "{output}");
    }
}

#[test]
fn a_number_of_days_or_hours_lacks_its_unit() {
    for (option, value) in [("--expect-every", "7"), ("--expect-within", "2")] {
        let says = format!("{option}: `{value}` has no unit: write {value}d for days, {value}h for hours");
        pushgw().args(["run", "-j", "x", option, value, "--", "true"]).code(125).stderr_has(&says).run();
    }
    let says = "--prefix: `a b` can't begin a metric name: use letters, digits and `_`, and do not start with a digit";
    pushgw().args(["rules", "--prefix", "a b"]).code(2).stderr_has(says).run();
}

#[test]
fn best_effort_ignores_only_temporary_failures() {
    let down = "PUSHGATEWAY_URL=http://[::1]:1";
    let server = Server::answering(503, "");
    let push = "pushgw push -j x --retries 0 --best-effort -m 'a 1'";
    shell(&format!("{down} {push}"))
        .stderr_has("connection refused (ignored because of --best-effort)")
        .run();
    let call = shell(push).env("PUSHGATEWAY_URL", server.url());
    call.stderr_has("503").stderr_has("(ignored because of --best-effort)").run();
    // All other errors are still errors.
    let rejects = Server::answering(400, "no");
    shell(push).env("PUSHGATEWAY_URL", rejects.url()).code(4).any_stderr().run();
    shell("pushgw push -j x --best-effort -m 'a x'").code(3).any_stderr().run();
    shell("pushgw push -j x --best-effort -- sh -c 'exit 6'").code(6).any_stderr().run();
    shell("pushgw push -j '' --best-effort -m 'a 1'").code(2).any_stderr().run();
}

#[test]
#[ignore = "needs real servers"]
fn an_empty_text_is_not_added() {
    let gateway = gateway();
    let says = ["the text has no samples, so there is nothing to add", "may be empty, use `--allow-empty`"];
    typed(&gateway, "true | pushgw add -j x", 3, &[], &says);
    // Nothing but push_time_seconds is set.
    let show = "pushgw push -j x f; true | pushgw add -j x --allow-empty; pushgw show -j x | grep '^a 1'";
    typed(&gateway, show, 0, &["job=x"], &[]);
}

#[test]
#[ignore = "needs real servers"]
fn mistakes_in_a_selection_are_reported() {
    let gateway = gateway();
    let push = "pushgw push -j x f;";
    for (call, code, says) in [
        ("list -j job=x", 0, "the label `job` gets the value `job=x`\nhint: use -j x"),
        ("list -l team=~x", 0, "hint: use --match 'team=~x'"),
        ("delete -l team=x", 2, "add -j JOB; to select groups by label: pushgw delete --match team=x"),
        ("show -l 'team=a b'", 2, "pushgw show --match 'team=\"a b\"'"),
        ("show -l team=~x", 2, "pushgw show --match 'team=\"~x\"'"),
        ("show -i web1", 2, "pushgw show --match instance=web1"),
        ("delete --match 'job=db_*'", 0, "0 groups selected: `*` and `?` are not wildcards"),
        ("delete --match job=x", 2, "deleting a selection needs confirmation, but there is no terminal"),
        ("delete --url '/metrics/job/*'", 8, "are not wildcards: use --match 'job=~.*'"),
    ] {
        typed(&gateway, &format!("{push} pushgw {call}"), code, &["job=x"], &[says]);
    }
    let says = "the job `metrics.prom` is also the name of a file here: is a variable unset?";
    typed(&gateway, "pushgw check -j $UNSET metrics.prom </dev/null", 2, &[], &[says]);
}

/// Failures of every command have the format that was asked for.
#[test]
fn every_command_reports_failures_in_each_format() {
    for command in ["list", "show -j x", "status", "delete -j x", "push -j x -m 'a 1'"] {
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let call = format!("pushgw {name} --message-format json -g http://[::1]:1 --retries 0 {rest}");
        let output = shell(&call).any_code().any_stdout().any_stderr().run();
        let line: serde_json::Value = serde_json::from_str(output.stderr().lines().next().unwrap()).unwrap();
        assert_eq!(line["code"], "unreachable", "{call}: {output}");
    }
    let call = "pushgw run --message-format json -g http://[::1]:1 --retries 0 -j x -- true";
    let output = shell(call).any_stderr().run();
    let line: serde_json::Value = serde_json::from_str(&output.stderr()).unwrap();
    assert_eq!(line["severity"], "warning", "{output}");
}

/// More mistakes of the same kinds: the command, its exit status, and a part of the message.
const VARIANTS: &[(&str, i32, &str)] = &[
    ("push -jobs=x f", 2, "`-jobs` is read as `-j obs`\nhint: use --job JOB"),
    ("push -j x -dry-run f", 2, "`-dry-run` is not an option\nhint: use --dry-run"),
    ("push -j x -timeout=3s f", 2, "hint: use --timeout"),
    ("push -j x -insecure f", 2, "`-insecure` is read as `-i nsecure`"),
    ("list -match job=x", 2, "`-match` is not an option\nhint: use --match"),
    ("list -format=json", 2, "hint: use --format"),
    ("list -failed", 2, "hint: use --failed"),
    ("show -all", 2, "hint: use --all"),
    ("delete -yes -all", 2, "`-yes` is not an option"),
    ("push -n -j x -i '${HOST}' f", 0, "gets the value `${HOST}`, not the value of the variable"),
    ("push -n -j x -i %HOST% f", 0, "gets the value `%HOST%`, which is a placeholder"),
    ("push -n -j x -l 'a=$(hostname)' f", 0, "hint: use double quotes"),
    ("push -j /metrics/job/x f", 2, "hint: for the group with this path: --url /metrics/job/x"),
    ("push -j http://u:p@gw/metrics/job/x f", 2, "--url http://gw/metrics/job/x\n"),
    ("push -n -j '{job=\"x\",a=\"b\"}' f", 0, "for a group as printed by list: -j JOB -l NAME=VALUE"),
    ("push -j x -l team:a f", 2, "`team:a` has no `=`: write labels as NAME=VALUE"),
    ("push -j x -l team f", 2, "`team` has no `=`"),
    ("push -j x -l =a f", 2, "`=a` has no name before the `=`"),
    ("push -j x -l '{team=\"a\"}' f", 2, "`{team` is not a valid label name"),
    ("list --match job", 2, "`job` is not a matcher: write NAME=VALUE"),
    ("list --match 'job like ci'", 2, "`job like ci` is not a matcher"),
    ("list --match ''", 2, "--match is empty: is a variable unset?\n"),
    ("list --match 'job=~('", 2, "`(` is not a valid regular expression: unclosed group"),
    ("list --match 'job=ci,team=a'", 0, "hint: use --match '{job=ci,team=a}'"),
    ("delete --match job=ci,team=~a --yes", 0, "several matchers in one argument need braces"),
    ("push '-j x -l a=b' f", 2, "`-j` and its value are one word\nhint: remove the quotes: -j x -l a=b"),
    ("list -l a!=b", 2, "`a!` is not a valid label name\nhint: use --match 'a!=b'"),
    ("list -l 'a = b'", 2, "hint: use --match a=b\n"),
    ("list -l 'a b=c'", 2, "`a b` is not a valid label name\nhint: use --match '\"a b\"=c'"),
    ("list -l 'a<=c'", 2, "hint: use --match a=c\n"),
    ("list --all", 2, "without a selection, list prints every group"),
    ("delete -i ''", 2, "the group's job is missing\nhint: add -j JOB\n"),
    ("delete -i '' --all", 2, "hint: use either one group or a selection\n"),
    ("list gw:9091", 2, "use -g for the URL of a gateway: pushgw list -g gw:9091"),
    ("delete --url /metrics/job/x/a/b/", 2, "the URL ends with a slash: remove it\n"),
    (
        "push -j x f PUSHGATEWAY_URL=http://u:p@gw",
        1,
        "=http://gw: no such file or directory\nhint: for the gateway: -g http://gw\n",
    ),
    ("push -j x -m @f", 2, "--metric needs a line of metrics, not a file\nhint: name a FILE without -m: f\n"),
    ("push -j x -m -", 2, "hint: name a FILE without -m: -\n"),
    ("push -j x --max-diagnostics all f", 2, "use a whole number such as 100"),
    ("push -job_name=x f", 2, "`-job_name` is read as `-j ob_name`\nhint: use --job JOB"),
    ("push -j x -label_name=a=b f", 2, "hint: use --label NAME=VALUE"),
    ("push -n -j x -l 'team=a,' f", 0, "hint: use -l team=a"),
    ("push -n -j 'x;' f", 0, "hint: use -j x"),
    (
        "push -n -j x -l 'team= ' f",
        0,
        "gets the value ` `, which contains only whitespace\nhint: is a variable unset?",
    ),
    ("push -n -j \"$UNSET \" f", 0, "which contains only whitespace"),
    ("push -n -j 'backup_${HOST}' f", 0, "hint: use double quotes"),
    ("push -n -j x -i '$HOSTNAME:9100' f", 0, "hint: use double quotes"),
    ("push -n -j x -i '`hostname`' f", 0, "hint: use double quotes"),
    ("push -n -j '{{ job }}' f", 0, "which is a placeholder\nhint: was a value meant to replace it?"),
    ("push -n -j '<JOB>' f", 0, "which is a placeholder"),
    (
        "push -j http://gw:9091 f",
        2,
        "the job looks like a URL, not a job name\nhint: for the gateway: -g URL",
    ),
    ("push -n -j job/x f", 0, "--url /metrics/job/x"),
    ("push -n -j metrics/job/x f", 0, "--url /metrics/job/x"),
    ("push -n -j x/instance/a f", 0, "--url /metrics/job/x/instance/a"),
    ("push -j x -- -l team=a f", 127, "hint: options of pushgw come before the `--`"),
    ("push -j x f -l -- team=a", 2, "a value is required for '--label <NAME=VALUE>'"),
    ("push -j $UNSET -l team=a f", 2, "a value is required for '--job <JOB>'"),
    ("push -j x -i '' f", 2, "label `instance` has an empty value: is a variable unset?"),
    ("push -j x -l team=$UNSET f", 2, "label `team` has an empty value: is a variable unset?"),
    ("push -j x -l $UNSET f", 2, "`f` has no `=`: write labels as NAME=VALUE"),
    ("push -j x -g '' f", 2, "--gateway is empty: is a variable unset?"),
    ("push -j x -g http://http://gw f", 2, "the scheme is malformed: write http://HOST:PORT"),
    ("push -j x -g http://gw?a=b f", 2, "remove it and the rest, or write %3F in a path"),
    ("push --url /metrics/job/x?a=b f", 2, "unexpected `?` in the URL"),
    ("push --url /metrics/job/x/instance/ f", 2, "label `instance` has an empty value"),
    ("push -j x -g http://a -g http://b f", 2, "'--gateway <URL>' cannot be used multiple times"),
    ("push -j x -j y f", 2, "'--job <JOB>' cannot be used multiple times"),
    ("push -j x -l a=1 -l a=2 f", 2, "label `a` is set twice"),
    ("push -j x --textfile . --remote-write http://gw f", 2, "both set a destination"),
    ("push -j x --dry-run=true f", 2, "unexpected value 'true' for '--dry-run'"),
    ("push -j x -H 'X-Scope: $UNSET' -m a=1", 3, "a metric name cannot contain `=`"),
    ("push -j x -H \"X-Scope: $UNSET\" f", 2, "the header X-Scope has no value: is a variable unset?"),
    ("push -j x --timeout ten f", 2, "`ten` is not a duration"),
    ("push -j x --retries 3s f", 2, "invalid number of retries `3s`"),
    ("list --match 'job!=~ci'", 2, "hint: use --match 'job!~ci'\n"),
    ("delete --match a=b --match 'job!=~ci' --yes", 2, "hint: use --match 'job!~ci'\n"),
    ("list --match 'job=!ci'", 2, "hint: use --match 'job!=ci'\n"),
    ("list --match 'job=!~ci'", 2, "hint: use --match 'job!~ci'\n"),
    ("list --match 'job=~~ci'", 2, "hint: use --match 'job=~ci'\n"),
    ("delete --match 'job=~~ci' --yes", 2, "hint: use --match 'job=~ci'\n"),
    ("list --match 'job<>ci'", 2, "is not a matcher"),
    ("list --match '{job=\"ci\"'", 2, "has an unclosed brace\nhint: use --match '{job=\"ci\"}'"),
    (
        "list --match 'up{job=\"ci\"}'",
        2,
        "has a metric name, but groups have only labels\nhint: use --match '{",
    ),
    ("list --match 'job=\"ci\",repo=\"a\"'", 2, "hint: use --match '{job=\"ci\",repo=\"a\"}'\n"),
    ("list --match 'job=ci or job=db'", 0, "a label has only one value\nhint: use --match 'job=~ci|db'"),
    ("list --match 'job=ci && repo=a'", 0, "hint: use --match '{job=ci,repo=a}'"),
    ("delete --match job=ci/repo=a --yes", 0, "hint: use --match '{job=ci,repo=a}'"),
    ("list --match 'instance=web-[12]'", 0, "hint: use --match 'instance=~web-[12]'"),
    ("list --match 'job=“ci”'", 0, "hint: use --match job=ci"),
    ("list --match a-b=c", 2, "if the gateway has UTF-8 names, quote it\nhint: use --match '\"a-b\"=c'"),
    ("list -l a-b=c", 2, "`a-b` is not a valid label name\nhint: use --match '\"a-b\"=c'"),
    ("list --match 'job=ci,'", 0, "hint: use --match job=ci"),
    ("list --match 'job=\"ci'", 2, "has an unclosed quote"),
    (
        "list --match 'job=ci}'",
        0,
        "0 groups selected: the value starts or ends with a space, quote, brace or comma\nhint: use --match job=ci",
    ),
    ("list --match '{job=ci}}'", 0, "hint: use --match job=ci"),
    ("list --match 'job= ci'", 0, "hint: use --match job=ci"),
    ("list --match 'job=ci and team=a'", 0, "hint: use --match '{job=ci,team=a}'"),
    ("delete --match 'job=ci;team=a' --yes", 0, "hint: use --match '{job=ci,team=a}'"),
    ("list --match 'job=ci|db'", 0, "a regular expression needs `=~`\nhint: use --match 'job=~ci|db'"),
    ("delete --match 'job=ci.*' --yes", 0, "hint: use --match 'job=~ci.*'"),
    ("list --match jobs=ci", 0, "the label for the job is `job`\nhint: use --match job=ci"),
    ("list --match job=", 2, "--match: the job is never empty: is a variable unset?"),
    ("show --match job=~$UNSET", 2, "the job is never empty: is a variable unset?"),
    ("delete --match job=$UNSET --yes", 2, "the job is never empty: is a variable unset?"),
    ("delete --match job=~\"$UNSET.*\" --yes", 2, "these matchers also match groups that lack the label"),
    ("delete --match job=ci --match '' --yes", 2, "--match is empty: is a variable unset?\n"),
    ("delete --older-than $UNSET --yes", 2, "a value is required for '--older-than <DURATION>'"),
    ("delete --older-than d --yes", 2, "`d` is not a duration"),
    ("delete --older-than 'seven days' --yes", 2, "`seven days` is not a duration"),
    ("delete --older-than P7D --yes", 2, "`P7D` is not a duration"),
    ("delete --older-than 1d ci --yes", 2, "select the job with --match job=ci"),
    ("delete --failed ci --yes", 2, "select the job with --match job=ci"),
    ("delete --older-than '7 d' --yes", 2, "write 7d"),
    ("delete --older-than=-7 --yes", 2, "`-7` has no unit: write 7d for days"),
    ("list --timeout -1s", 2, "--timeout: `-1s` is negative: write 1s"),
    ("push -j x --connect-timeout -5s f", 2, "--connect-timeout: `-5s` is negative: write 5s"),
    ("push -j x --retries -1 f", 2, "--retries: invalid number of retries `-1`"),
    ("run -j x --expect-every -1d -- true", 125, "--expect-every: `-1d` is negative: write 1d"),
    ("run -j x --expect-within -2h -- true", 125, "--expect-within: `-2h` is negative: write 2h"),
    ("run -j x --ok-status -1 -- true", 125, "--ok-status: "),
    ("list --watch -2", 2, "--watch: invalid number of seconds `-2`"),
    ("status --watch -2s", 2, "--watch: "),
    // An empty variable is not filled with the next argument.
    ("run -j x --timeout -- true", 125, "a value is required for '--timeout <DURATION>'"),
    ("delete --older-than --yes", 2, "a value is required for '--older-than <DURATION>'"),
    ("delete --older-than 2mo --yes", 2, "a month is 30d"),
    ("delete --older-than 1h30 --yes", 2, "ends in a number without a unit"),
    ("delete --older-than 1.5d --yes", 2, "has a fraction"),
    ("delete --older-than yesterday --yes", 2, "is not a duration"),
    ("delete --older-than '' --yes", 2, "--older-than is empty: is a variable unset?"),
    ("push -j x a 1", 1, "hint: for a line of metrics: -m 'a 1'"),
    ("push -j x a=1", 1, "hint: for a label: -l a=1"),
    ("push -j x metrics <f", 1, "omit `metrics`"),
    ("push -j x --", 2, "COMMAND is missing after `--`: is a variable unset?"),
    ("push -j x -m a=1", 3, "a metric name cannot contain `=`"),
    ("push -j x -m 'a 1;b 2'", 3, "a sample cannot end with `;`"),
    ("push -j x -m 'a 1\\nb 2'", 3, "`\\n` is not a line break here"),
    ("push -j x -m 'files 12 345'", 3, "write `12345` if the spaces separate thousands"),
    ("push f", 2, "the group's job is missing\nhint: add -j JOB"),
    ("delete x", 2, "use -j for the job: pushgw delete -j x"),
    ("rm -n x", 2, "use -j for the job: pushgw delete -j x --dry-run\n"),
    ("delete -n x", 2, "use -j for the job: pushgw delete -n -j x\n"),
    ("delete --dry-run job/x", 2, "use -j for the job: pushgw delete -j x --dry-run\n"),
    ("delete -n /metrics/job/x/a", 2, "pushgw delete --url URL --dry-run\n"),
    ("delete -n -i web1", 2, "by label: pushgw delete --dry-run --match instance=web1\n"),
    ("list x", 2, "use -j for the job: pushgw list -j x"),
    ("delete", 2, "no group is specified"),
    ("run -j x true", 2, "the command comes after `--`"),
    ("pus -j x f", 2, "a similar subcommand exists: 'push'"),
    ("push --instnace a -j x f", 2, "a similar argument exists: '--instance'"),
    ("push --url /metrics/x f", 2, "hint: use -g URL for the gateway and -j JOB for the group"),
    ("push --url /metrics/job f", 2, "the job is empty: is a variable unset?"),
    ("push --url /metrics/job/x/a f", 2, "label `a` in the URL has no value"),
    ("push -j x -g http://gw/metrics/job/x f", 2, "write http://gw, or use --url for the group"),
    ("push -n -j x -l 'a=b;c=d' f", 0, "for several labels: -l a=b -l c=d"),
    ("push -n --job =x f", 0, "hint: use -j x"),
    ("push -n -j x -l team==a f", 0, "hint: use -l team=a"),
    ("push -j x -l 'team = a' f", 2, "hint: use -l team=a"),
    ("push -j x -m '' f", 2, "--metric is empty: is a variable unset?"),
    ("add -j x -m ''", 2, "--metric is empty: is a variable unset?"),
    ("push --groups ''", 2, "--groups is empty: is a variable unset?"),
    ("push -j x -- f", 127, "hint: if this file contains the metrics, leave out the `--` before it"),
    ("add -j x -- LANG=C cat f", 127, "hint: to set a variable for the command: -- env NAME=VALUE COMMAND"),
    ("check http://u:secret@gw/metrics", 2, "error: FILE is a URL\nhint: use curl -s URL | pushgw check\n"),
    ("run -j x echo hi", 125, "comes after `--`: pushgw run -j x -- echo hi\n"),
    ("run ci -- echo hi", 125, "use -j for the job: pushgw run -j ci -- echo hi\n"),
    ("-version", 2, "use pushgw --version\n"),
    ("push --url metrics/job/x f", 2, "--url: a path begins with `/`\nhint: use --url /metrics/job/x\n"),
    (
        "push -g http://gw/metrics/job/x f",
        2,
        "this is the URL of a group, not of a gateway: write http://gw, or",
    ),
    (
        "check -j http://gw:9091 f",
        2,
        "the job looks like a URL, not a job name\nhint: for the gateway: -g URL\n",
    ),
    ("convert http://u:secret@gw/metrics", 2, "hint: use curl -s URL | pushgw convert"),
    ("convert -- cat f", 1, "hint: for the output of a command: cat f | pushgw convert"),
    ("convert 'a 1'", 1, "error: can't read a 1: no such file or directory\n"),
    ("list '{job=\"x\"}'", 2, "use --match: pushgw list --match '{job=\"x\"}'"),
    ("delete --newer-than 7d --yes", 2, "only --older-than selects by age"),
    ("delete --not-match job=x --yes", 2, "use --match 'NAME!=VALUE'"),
    ("delete --match 'job!=' --yes", 2, "so these matchers select every group: is a variable unset?"),
    ("delete --match 'job!~\"\"' --yes", 2, "hint: --all deletes every group"),
    ("push -j x -x proxy:3128 f", 2, "use --proxy URL"),
    ("push -j x -g ::1:19391 f", 2, "an IPv6 address needs brackets: write [::1]:19391\n"),
    ("push -j x -g url=http://u:p@gw f", 2, "the URL has an `@` after its host"),
    ("push -j x -g url=http://gw f", 2, "the URL is an assignment: write only the part after the `=`\n"),
    ("push '--job x' f", 2, "`--job` and its value are one word\nhint: remove the quotes: --job x\n"),
    ("push -j x --type '' f", 2, "tip: is a variable unset?"),
    ("push -j x --max-diagnostics '' f", 2, "tip: is a variable unset?"),
    ("list job/ci/repo/a", 2, "use -j for the job: pushgw list -j ci -l repo=a\n"),
    ("list /metrics/job/ci", 2, "use -j for the job: pushgw list -j ci\n"),
    ("delete job/ci", 2, "use -j for the job: pushgw delete -j ci\n"),
    ("list ci --user me:secret= team=a", 2, "use -j for the job: pushgw list -j ci -l team=a\n"),
    ("list ci --header=X:secret team=a", 2, "use -j for the job: pushgw list -j ci -l team=a\n"),
    ("list -j ci team=~a", 2, "use --match: pushgw list -j ci --match 'team=~a'\n"),
    ("delete --failed --no-prompt", 2, "only delete asks, unless --yes is given\n"),
    ("wipe", 2, "use pushgw delete -j JOB, or pushgw delete --all\n"),
    ("rules -o rules.yml", 2, "the result goes to standard output: pushgw rules > FILE"),
];

/// Nothing may be stored.
#[test]
#[ignore = "needs real servers"]
fn variants_of_the_known_mistakes() {
    let gateway = gateway();
    for (call, code, says) in VARIANTS.iter().copied() {
        let code = if call.starts_with("run") { 125 } else { code };
        typed(&gateway, &format!("pushgw {call}"), code, &[], &[says]);
    }
    // The URL may contain a password.
    let says = "warning: true exited with status 0, but the report failed: the job looks like a URL, not a job name\n";
    typed(&gateway, "pushgw run -j http://u:secret@gw -- true", 0, &[], &[says]);
    // A line of metrics that is empty does not hide how the job went.
    let says = "x was reported without its metrics: --metric is empty: is a variable unset?";
    typed(&gateway, "pushgw run -j x -m $UNSET'' -- true", 0, &["job=x"], &[says]);
    let says = "x was reported without its metrics: --metric needs a line of metrics, not a file: use --metrics FILE";
    typed(&gateway, "pushgw run -j x -m f -- true", 0, &["job=x"], &[says]);
    // Spaces around the operator do not count, as in a query.
    let push = "pushgw push -j y f; pushgw push -j x f;";
    typed(&gateway, &format!("{push} pushgw delete --match 'job = y' --yes"), 0, &["job=x"], &[]);
    for (variable, code, says) in [
        ("TIMEOUT=true", 2, "PUSHGATEWAY_TIMEOUT: `true` is not a duration"),
        ("TIMEOUT=0", 2, "PUSHGATEWAY_TIMEOUT must be greater than zero"),
        ("RETRIES=many", 2, "PUSHGATEWAY_RETRIES: invalid number of retries `many`"),
        ("URL=gw:99999", 2, "`99999` is not a valid port"),
        ("URL=htp://gw", 2, "unsupported scheme `htp`"),
        (
            "URL=http://gw/metrics/job/x",
            2,
            "PUSHGATEWAY_URL: this is the URL of a group, not of a gateway: write",
        ),
        ("URL=' '", 2, "PUSHGATEWAY_URL: the URL contains a space"),
        ("COMPRESS=zip", 2, "unknown compression `zip`: use none or gzip"),
        ("HOST=x PUSHGATEWAY_URL=[::1]:1", 6, "PUSHGATEWAY_HOST is set, but pushgw does not read it"),
        ("USERNAME=x PUSHGATEWAY_URL=[::1]:1", 6, "did you mean PUSHGATEWAY_USER?"),
    ] {
        let call = format!("PUSHGATEWAY_{variable} pushgw push -j x f");
        typed(&gateway, &call, code, &[], &[says]);
    }
}
