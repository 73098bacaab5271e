//! What people type by mistake, on a real gateway: nothing succeeds with another meaning than was typed, and the message
//! has what was meant.

use crate::support::{Gateway, newest_gateway, shell};

/// A gateway with the groups that the mistakes below could hit.
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

/// Runs a script on an empty gateway. `after` are the groups that it leaves, without any if nothing may be stored.
#[track_caller]
fn typed(gateway: &Gateway, script: &str, code: i32, after: &[&str], says: &[&str]) {
    gateway.clear();
    let mut call = shell(script).on(gateway).file("f", "a 1\n").file("metrics.prom", "a 1\n").any_stdout();
    call = call.code(code).any_stderr();
    for part in says {
        call = call.stderr_has(part);
    }
    call.run();
    assert_eq!(groups(gateway), after, "{script}");
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
        ("pushgw list -json", "`-json` is read as `-j son`\nhint: list and status have --format json"),
        ("pushgw delete -older-than 7d", "`-older-than` is"),
        ("pushgw delete -all --yes", "`-all` is not an option\nhint: use --all"),
        ("pushgw push –job x f", "begins with a long dash\nhint: use --job"),
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
        // Without a warning, with what was meant.
        typed(&gateway, &format!("{script} -q 2>&1"), 0, &[after], &[]);
    }
}

#[test]
#[ignore = "needs real servers"]
fn a_job_with_the_name_of_a_file_is_an_unset_variable() {
    let gateway = gateway();
    let says = "the job `metrics.prom` has the name of a file here: is the variable set?";
    let hint = "hint: use -j JOB metrics.prom";
    typed(&gateway, "pushgw push -j $UNSET metrics.prom </dev/null", 2, &[], &[says, hint]);
    typed(&gateway, "pushgw push -j $UNSET metrics.prom f", 0, &["job=metrics.prom"], &[says, hint]);
    typed(&gateway, "pushgw add -j $UNSET metrics.prom -m 'a 1'", 0, &["job=metrics.prom"], &[says, hint]);
    typed(&gateway, "echo a 1 | pushgw push -j metrics.prom", 0, &["job=metrics.prom"], &[says]);
}

#[test]
#[ignore = "needs real servers"]
fn a_pipe_that_is_not_read_is_reported() {
    let gateway = gateway();
    let says = ["standard input holds data that was not read", "add `-`"];
    let wait = "{ echo b 2; exec 3>&1; : >written; } | { while [ ! -e written ]; do :; done;";
    typed(&gateway, &format!("{wait} pushgw push -j x -m 'extra 1'; }}"), 0, &["job=x"], &says);
    typed(&gateway, &format!("{wait} pushgw push -n -j x f; }}"), 0, &[], &says);
    // No warning: it is read, it is empty, or it is not a pipe.
    for script in [
        "echo b 2 | pushgw push -j x -m 'extra 1' - 2>&1",
        "true | pushgw push -j x f 2>&1",
        "pushgw push -j x -m 'extra 1' <f 2>&1",
    ] {
        gateway.clear();
        shell(script).on(&gateway).file("f", "a 1\n").run();
    }
}

#[test]
#[ignore = "needs real servers"]
fn a_missing_file_gets_the_option_that_was_meant() {
    let gateway = gateway();
    for (script, hint) in [
        ("pushgw push -j x -m a 1", "-m 'a 1'"),
        ("pushgw push -j x 'a 1'", "-m 'a 1'"),
        ("pushgw push -j x 'a{b=\"c d\"} 1'", "-m 'a{b=\"c d\"} 1'"),
        ("pushgw push -j x instance=a f", "-l instance=a"),
        ("pushgw push -j x echo 'a 1'", "-- echo 'a 1'"),
        ("pushgw check metrics < f", "leave out `metrics`"),
        ("pushgw check cat f", "-- cat f"),
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
