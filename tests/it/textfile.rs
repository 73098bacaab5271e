//! Tests `--textfile DIR`, which writes a group to a file for `node_exporter`'s textfile collector. The file is always
//! complete, and never conflicts with another file in the directory.

use crate::support::{LocalServer, Program, Pushgw, fetch, program, pushgw, shell};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tempfile::TempDir;

/// Returns a call for the group `{job="x"}` in this directory.
fn call(command: &str, folder: &TempDir, args: &[&str]) -> Pushgw {
    pushgw().args([command, "-j", "x", "--textfile"]).arg(folder.path()).args(args)
}

fn folder() -> TempDir {
    TempDir::new().unwrap()
}

#[track_caller]
fn content(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

/// Returns the names of all files in the directory.
fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn push_writes_a_world_readable_file() {
    for umask in ["000", "077", "777"] {
        let folder = folder();
        // A killed process may have left this file.
        fs::write(folder.path().join(".pushgw.tmp"), "a").unwrap();
        let script = format!(
            "umask {umask}; pushgw push -j db_backup -l path=/var -i db1 --textfile {} -m 'a{{l=\"1\"}} 2'",
            folder.path().display()
        );
        shell(&script).run();
        let name = "pushgw_db_backup_instance=db1_path=%2Fvar.prom";
        assert_eq!(names(&folder), [name]);
        assert_eq!(
            content(&folder, name),
            "# TYPE a untyped\na{instance=\"db1\",job=\"db_backup\",l=\"1\",path=\"/var\"} 2\n"
        );
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o644, "umask {umask}");
    }
}

#[test]
fn the_labels_of_the_group_override_labels_in_the_text() {
    let folder = folder();
    call("push", &folder, &["-m", "a{job=\"other\"} 1"])
        .stderr_has("warning[overwritten-label]: the grouping key overwrites the label `job` with `x`")
        .run();
    assert_eq!(content(&folder, "pushgw_x.prom"), "# TYPE a untyped\na{job=\"x\"} 1\n");
}

#[test]
fn push_replaces_the_file_and_add_the_metrics_of_the_same_name() {
    let folder = folder();
    let path = folder.path().join("pushgw_x.prom").display().to_string();
    call("push", &folder, &["-m", "a{l=\"1\"} 1", "-m", "b 1", "-v"])
        .stderr(format!("pushed to {{job=\"x\"}} in {path}: 2 metrics, 2 samples\n"))
        .run();
    call("add", &folder, &["-m", "a{l=\"2\"} 2", "-m", "c 2", "-v"])
        .stderr(format!("added to {{job=\"x\"}} in {path}: 2 metrics, 2 samples\n"))
        .run();
    assert_eq!(
        content(&folder, "pushgw_x.prom"),
        "# TYPE a untyped\na{job=\"x\",l=\"2\"} 2\n# TYPE b untyped\nb{job=\"x\"} 1\n\
         # TYPE c untyped\nc{job=\"x\"} 2\n"
    );
    call("push", &folder, &["-m", "c 3"]).run();
    assert_eq!(content(&folder, "pushgw_x.prom"), "# TYPE c untyped\nc{job=\"x\"} 3\n");
    call("push", &folder, &["--allow-empty", "-m", ""]).run();
    assert_eq!(content(&folder, "pushgw_x.prom"), "");
}

#[test]
fn run_keeps_the_time_of_the_last_success() {
    let folder = folder();
    let options = ["--expect-within", "1h", "--", "sh", "-c"];
    call("run", &folder, &options).arg("echo 'files 1' >>$PUSHGW_METRICS").run();
    call("run", &folder, &options).arg("exit 3").code(3).run();
    let text = content(&folder, "pushgw_x.prom");
    for line in ["job_last_success_timestamp_seconds{job=\"x\"} 1", "job_last_exit_status{job=\"x\"} 3\n"] {
        assert!(text.contains(&format!("\n{line}")), "{text}");
    }
    assert!(text.contains("\nfiles{job=\"x\"} 1\n"), "{text}");
    assert_eq!(text.matches("job_expected_duration_seconds{").count(), 1, "{text}");
    assert_eq!(names(&folder), ["pushgw_x.prom"]);
}

#[test]
fn clashing_metrics_of_the_job_do_not_hide_its_result() {
    let folder = folder();
    fs::write(folder.path().join("other.prom"), "# TYPE files gauge\nfiles 1\n").unwrap();
    call("run", &folder, &["-m", "files 1", "--", "true"])
        .stderr_has("x was reported without its metrics: files is an untyped metric, but a gauge in ")
        .run();
    assert!(content(&folder, "pushgw_x.prom").contains("\njob_last_exit_status{job=\"x\"} 0\n"));
}

#[test]
fn delete_removes_the_file() {
    let folder = folder();
    let path = folder.path().join("pushgw_x.prom").display().to_string();
    call("push", &folder, &["-m", "a 1"]).run();
    call("delete", &folder, &["-n"]).stdout(format!("would delete {path}\n")).run();
    call("delete", &folder, &["-i", "db1"]).code(8).any_stderr().run();
    assert_eq!(names(&folder), ["pushgw_x.prom"]);
    call("delete", &folder, &["-v"]).stderr(format!("deleted {{job=\"x\"}}: {path}\n")).run();
    assert!(names(&folder).is_empty());
    let said = format!("error: no group {{job=\"x\"}} in {}\n", folder.path().display());
    call("delete", &folder, &[]).code(8).stderr(&said).run();
    call("delete", &folder, &["-n"]).code(8).stderr(&said).run();
    call("delete", &folder, &["-f"]).run();
}

#[test]
fn metrics_that_clash_with_another_file_are_rejected() {
    for (other, pushed, said) in [
        ("# TYPE a gauge\na{job=\"y\"} 1\n", "# TYPE a counter\na 1", "a is a counter, but a gauge in"),
        ("# HELP a b\na{job=\"y\"} 1\n", "# HELP a c\na 1", "a has a different HELP text in"),
        ("a{job=\"x\"} 1\n", "a 2", "the series a{job=\"x\"} is also in"),
        ("# TYPE h histogram\nh_sum 1\n", "h_sum 1", "h_sum is the name of a sample of the histogram h"),
    ] {
        let folder = folder();
        let path = folder.path().join("other.prom");
        fs::write(&path, other).unwrap();
        for command in ["push", "add"] {
            for options in [&["-m", pushed][..], &["-m", pushed, "-n"]] {
                call(command, &folder, options)
                    .code(3)
                    .stderr_has(format!("error: {said}"))
                    .stderr_has(format!("{}; nothing was written\n", path.display()))
                    .run();
            }
        }
        assert_eq!(names(&folder), ["other.prom"]);
        // node_exporter reads only *.prom.
        fs::rename(&path, folder.path().join("other.txt")).unwrap();
        call("push", &folder, &["-m", pushed]).run();
    }
}

#[test]
fn an_invalid_file_is_replaced_but_not_added_to() {
    let folder = folder();
    fs::write(folder.path().join("pushgw_x.prom"), "a 1\nb 1,5\n").unwrap();
    call("add", &folder, &["-m", "c 1"])
        .code(3)
        .stderr_has(
            "pushgw_x.prom is invalid: `1,5` has a decimal comma (pushgw push replaces the whole file)",
        )
        .run();
    assert_eq!(content(&folder, "pushgw_x.prom"), "a 1\nb 1,5\n");
    call("push", &folder, &["-m", "c 1"]).run();
    assert_eq!(content(&folder, "pushgw_x.prom"), "# TYPE c untyped\nc{job=\"x\"} 1\n");
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error() {
    for (directory, said) in [
        ("/nonexistent/folder", "can't open /nonexistent/folder: no such file or directory"),
        ("/dev/null", "can't open /dev/null: not a directory"),
        ("/proc", "can't write /proc/pushgw_x.prom: "),
    ] {
        for command in ["push", "add"] {
            let call = pushgw().args([command, "-j", "x", "-m", "a 1", "--textfile", directory]);
            call.code(1).stderr_has(format!("error: {said}")).run();
        }
        let call = pushgw().args(["run", "-j", "x", "--textfile", directory, "--require-push", "--", "true"]);
        call.code(1).stderr_has(format!("the report failed: {said}")).run();
    }
    let call =
        pushgw().args(["run", "-j", "x", "--textfile", "/nonexistent/folder", "--", "sh", "-c", "exit 3"]);
    call.code(3).stderr_has("warning: x exited with status 3, but the report failed: can't open").run();
}

#[test]
fn a_full_disk_does_not_change_the_file() {
    let unshare = ["--user", "--map-root-user", "--mount"];
    let mount = "mkdir full && mount -t tmpfs -o size=8k none full";
    let folder = folder();
    let tried = Command::new("unshare").args(unshare).args(["sh", "-c", mount]).current_dir(&folder).output();
    if !tried.is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: no file system can be mounted");
        return;
    }
    let push = format!("{} push -j x --textfile full -m", env!("CARGO_BIN_EXE_pushgw"));
    let script = format!(
        "{mount}; {push} 'a 1'; dd if=/dev/zero of=full/filler bs=4k count=2 2>dd.log; {push} 'a 2'; \
         echo $?; ls -A full; cat full/pushgw_x.prom"
    );
    program("unshare")
        .args(unshare)
        .args(["sh", "-c", &script])
        .stdout("1\nfiller\npushgw_x.prom\n# TYPE a untyped\na{job=\"x\"} 1\n")
        .stderr("error: can't write full/pushgw_x.prom: no space left on device\n")
        .run();
}

#[test]
fn the_wait_for_others_has_a_time_limit() {
    let folder = folder();
    let lock = File::open(folder.path()).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let said = format!("{} is still locked by another process after 100ms", folder.path().display());
    for command in ["push", "add"] {
        call(command, &folder, &["-m", "a 1", "--timeout", "100ms"])
            .code(1)
            .stderr(format!("error: {said}\n"))
            .run();
    }
    call("delete", &folder, &["--timeout", "100ms"]).code(1).stderr(format!("error: {said}\n")).run();
    call("run", &folder, &["--timeout", "100ms", "--", "sh", "-c", "exit 3"])
        .code(3)
        .stderr_has(format!("but the report failed: {said}"))
        .run();
    // These calls write nothing.
    call("push", &folder, &["-m", "a 1", "-n"]).any_stdout().run();
    call("push", &folder, &["-m", "a 1", "--diff"]).any_stdout().run();
    drop(lock);
    call("push", &folder, &["-m", "a 1"]).run();
}

#[test]
fn a_push_has_one_destination() {
    let folder = folder();
    let path = folder.path().to_str().unwrap();
    for (options, both) in [
        ("-j x -g gw:9091", "--gateway and --textfile"),
        ("--url http://gw/metrics/job/x", "--url and --textfile"),
    ] {
        let options: Vec<&str> = options.split(' ').collect();
        for command in [&["push", "-m", "a 1"][..], &["add", "-m", "a 1"], &["delete"]] {
            let call = pushgw().args(command).args(["--textfile", path]).args(&options);
            call.code(2).stderr_has(format!("error: {both} both set a destination\n")).run();
        }
        let call = pushgw().args(["run", "--textfile", path]).args(&options).args(["--", "touch", "ran"]);
        let ran = call.directory().join("ran");
        call.code(125).stderr_has(format!("{both} both set a destination")).run();
        assert!(!ran.exists());
    }
    let variables = [("PUSHGATEWAY_URL", "http://127.0.0.1:1"), ("PUSHGATEWAY_TEXTFILE", path)];
    let both = "PUSHGATEWAY_URL and PUSHGATEWAY_TEXTFILE both set a destination";
    for command in [&["push", "-m", "a 1"][..], &["add", "-m", "a 1"], &["delete"]] {
        pushgw().args(command).args(["-j", "x"]).envs(&variables).code(2).stderr_has(both).run();
    }
    pushgw().args(["run", "-j", "x", "--", "true"]).envs(&variables).stderr_has(both).run();
    assert!(names(&folder).is_empty());
    // A flag overrides all variables.
    let push = || pushgw().args(["push", "-j", "x", "-m", "a 1"]);
    push().args(["-g", "127.0.0.1:1", "--retries", "0"]).envs(&variables).code(6).any_stderr().run();
    push().args(["--textfile", path]).envs(&variables).run();
    assert_eq!(names(&folder), ["pushgw_x.prom"]);
    push().args(["-i", "i"]).envs(&variables[1..]).run();
    assert_eq!(names(&folder).len(), 2);
    push()
        .args(["--textfile", ""])
        .code(2)
        .stderr("error: --textfile is empty: is a variable unset?\n")
        .run();
    // An option may precede the command, for shell aliases.
    pushgw().args(["--textfile", path, "push", "-j", "y", "-m", "b 1"]).run();
}

#[test]
fn only_commands_for_one_group_use_a_directory() {
    for words in [
        "list",
        "show -j x",
        "show --all",
        "status",
        "delete --match job=x --yes",
        "push --groups groups.prom",
        "add --groups groups.prom",
    ] {
        let said = "works only with push, add, run and delete for a single group";
        let call = || pushgw().args(words.split(' ')).code(2);
        call().args(["--textfile", "."]).stderr_has(format!("error: --textfile {said}\n")).run();
        let variable = ("PUSHGATEWAY_TEXTFILE", ".");
        call().envs(&[variable]).stderr_has(format!("error: PUSHGATEWAY_TEXTFILE {said}\n")).run();
    }
    for command in ["list", "show", "status"] {
        let help = pushgw().args([command, "--help"]).any_stdout().run().stdout();
        assert!(!help.contains("--textfile"), "{help}");
    }
}

#[test]
fn dry_run_and_diff_show_what_would_be_written() {
    let folder = folder();
    let path = folder.path().join("pushgw_x.prom").display().to_string();
    call("push", &folder, &["-m", "a 1", "-m", "b 1"]).run();
    let before = content(&folder, "pushgw_x.prom");
    call("add", &folder, &["-m", "a 2", "-n"])
        .stdout(format!("{path}\n\n# TYPE a untyped\na{{job=\"x\"}} 2\n# TYPE b untyped\nb{{job=\"x\"}} 1\n"))
        .run();
    call("push", &folder, &["-m", "a 2", "--diff"]).stdout("~ a 1 -> 2\n- # TYPE b untyped\n- b 1\n").run();
    call("add", &folder, &["-m", "c 2", "--diff"]).stdout("+ # TYPE c untyped\n+ c 2\n").run();
    call("push", &folder, &["-m", "a 2", "--as-curl"])
        .code(2)
        .stderr_has("error: --as-curl needs a gateway, but the destination is a directory\n")
        .run();
    assert_eq!(content(&folder, "pushgw_x.prom"), before);
}

#[test]
fn a_group_whose_file_name_would_be_too_long_is_rejected() {
    let (folder, value) = (folder(), "v".repeat(244));
    call("push", &folder, &["-l", &format!("l={value}"), "-m", "a 1"])
        .code(2)
        .stderr_has("the file name would have 260 bytes, but the limit is 255")
        .run();
    call("push", &folder, &["-l", &format!("l={}", &value[5..]), "-m", "a 1"]).run();
    assert_eq!(names(&folder)[0].len(), 255);
}

/// Runs `call(n)` for each `n` below `amount`, in eight threads. Each call must succeed.
fn at_once(amount: usize, call: impl Fn(usize) -> Command + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= amount {
                        break;
                    }
                    let output = call(n).stdin(Stdio::null()).output().unwrap();
                    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                }
            });
        }
    });
}

/// Returns a call of the built program that writes to this directory.
fn writer(command: &str, directory: &Path, args: &[&str]) -> Command {
    let mut writer = Command::new(env!("CARGO_BIN_EXE_pushgw"));
    writer.args([command, "--textfile"]).arg(directory).args(args).env_clear();
    writer
}

#[test]
fn no_update_is_lost_if_many_write_at_once() {
    let folder = folder();
    at_once(48, |n| match n % 3 {
        0 => writer("run", folder.path(), &["-j", "x", "--prefix", &format!("job{n}"), "--", "true"]),
        _ => writer("add", folder.path(), &["-j", "x", "-m", &format!("added_{n} {n}")]),
    });
    assert_eq!(names(&folder), ["pushgw_x.prom"]);
    let text = content(&folder, "pushgw_x.prom");
    for n in 0..48 {
        let line = match n % 3 {
            0 => format!("job{n}_last_exit_status{{job=\"x\"}} 0\n"),
            _ => format!("added_{n}{{job=\"x\"}} {n}\n"),
        };
        assert!(text.contains(&line), "{line}");
    }
}

/// A `node_exporter` with only the textfile collector. It is stopped when the test ends.
struct NodeExporter(LocalServer);

impl NodeExporter {
    /// Starts `node_exporter`, and waits until it serves a file from this directory, which must contain one.
    fn start(program: &Program, directory: &Path) -> Self {
        let command = |address: SocketAddr, _: &Path| {
            let mut command = Command::new(&program.path);
            command
                .args(["--collector.disable-defaults", "--collector.textfile"])
                .arg(format!("--collector.textfile.directory={}", directory.display()))
                .arg(format!("--web.listen-address={address}"))
                .env_clear();
            command
        };
        // The metrics of a different server on this port would not contain the directory.
        let shows = |text: String| text.contains(&*directory.to_string_lossy());
        let is_ready = |server: &LocalServer| try_scrape(server).is_some_and(shows);
        Self(LocalServer::start(&format!("node_exporter {}", program.version), command, is_ready))
    }

    #[track_caller]
    fn scrape(&self) -> String {
        try_scrape(&self.0).expect("node_exporter answers with 200")
    }
}

fn try_scrape(server: &LocalServer) -> Option<String> {
    let answer = server.try_request("GET", "/metrics", &[], b"")?;
    (answer.status == 200).then(|| answer.text())
}

/// Returns the value of a series in a text.
fn value<'a>(text: &'a str, series: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

#[test]
#[ignore = "needs node_exporter (fetched on first use)"]
fn node_exporter_sees_only_whole_files_while_200_write() {
    for program in fetch("node-exporter") {
        let folder = folder();
        let path: PathBuf = folder.path().to_owned();
        let pair = |n: usize| {
            let lines = ["a", "b", "c"].map(|name| format!("pair_{name} {n}"));
            writer("push", &path, &["-j", "pair", "-m", &lines[0], "-m", &lines[1], "-m", &lines[2]])
        };
        assert!(pair(0).status().unwrap().success());
        let exporter = NodeExporter::start(&program, &path);
        let mut scrapes = 0;
        thread::scope(|scope| {
            let writers = scope.spawn(|| {
                at_once(200, |n| match n % 2 {
                    0 => pair(n),
                    _ => writer("add", &path, &["-j", "many", "-m", &format!("added_{n} {n}")]),
                });
            });
            while !writers.is_finished() {
                let text = exporter.scrape();
                assert_eq!(value(&text, "node_textfile_scrape_error"), Some("0"), "{text}");
                let of = |name| value(&text, &format!("pair_{name}{{job=\"pair\"}}"));
                assert!(of("a").is_some() && of("a") == of("b") && of("a") == of("c"), "{text}");
                scrapes += 1;
            }
        });
        let text = exporter.scrape();
        for n in (1..200).step_by(2) {
            let series = format!("added_{n}{{job=\"many\"}}");
            assert_eq!(value(&text, &series), Some(&*n.to_string()), "{series}");
        }
        eprintln!("node_exporter {}: {scrapes} scrapes", program.version);
        assert!(scrapes > 1);
    }
}

/// The rules of `clash` match `node_exporter`: pushgw rejects what it would drop or report.
#[test]
#[ignore = "needs node_exporter (fetched on first use)"]
fn node_exporter_has_problems_with_rejected_metrics() {
    for program in fetch("node-exporter") {
        for (first, second) in [
            ("# TYPE a gauge\na{job=\"y\"} 1\n", "# TYPE a counter\na{job=\"x\"} 1\n"),
            ("# HELP a b\n# TYPE a gauge\na{job=\"y\"} 1\n", "# HELP a c\n# TYPE a gauge\na{job=\"x\"} 1\n"),
            ("# TYPE a gauge\na{job=\"x\"} 1\n", "# TYPE a gauge\na{job=\"x\"} 2\n"),
        ] {
            let folder = folder();
            fs::write(folder.path().join("pushgw_y.prom"), first).unwrap();
            let exporter = NodeExporter::start(&program, folder.path());
            let alone = exporter.scrape();
            assert_eq!(value(&alone, "node_textfile_scrape_error"), Some("0"), "{first}");
            fs::write(folder.path().join("pushgw_x.prom"), second).unwrap();
            // Either the second file is read, or it makes the whole scrape fail.
            let both = try_scrape(&exporter.0).unwrap_or_default();
            let is_whole = both.contains("pushgw_x.prom")
                && value(&both, "node_textfile_scrape_error") == Some("0")
                && both.lines().filter(|line| line.starts_with("a{")).count() == 2;
            assert!(!is_whole, "node_exporter {}: {second}{both}", program.version);
        }
    }
}
