//! Many at once, and a gateway that is killed under them: what was said to be stored is, and nobody waits for ever.

use crate::support::{Gateway, newest_gateway, on_every_gateway, pushgw, wait_until};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use tempfile::TempDir;

/// The values of the label `n` of the groups that a gateway holds.
fn numbers(gateway: &Gateway) -> BTreeSet<usize> {
    gateway.keys().iter().map(|key| key["n"].parse().unwrap()).collect()
}

#[test]
#[ignore = "needs a Pushgateway"]
fn a_gateway_is_killed_in_the_middle_of_a_thousand_pushes() {
    const PUSHES: usize = 1000;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("store");
    let flags = [format!("--persistence.file={}", file.display()), "--persistence.interval=100ms".to_owned()];
    let flags = [&*flags[0], &*flags[1]];
    let program = newest_gateway();
    let gateway = Gateway::start(program, &flags);
    let url = gateway.url();

    let next = AtomicUsize::new(0);
    let is_dead = AtomicBool::new(false);
    let stored = Mutex::new(BTreeSet::new());
    let refused_later = Mutex::new(Vec::new());
    let surely_kept = thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= PUSHES {
                        break;
                    }
                    let began_dead = is_dead.load(Ordering::SeqCst);
                    let push = pushgw()
                        .args(["push", "-j", "crash", "-l", &format!("n={n}"), "-m", &format!("number {n}")])
                        .args(["-g", &url, "--retries", "0", "--timeout", "20s"])
                        .any_code()
                        .any_stderr();
                    let code = push.run().status.code();
                    if code == Some(0) {
                        stored.lock().unwrap().insert(n);
                    } else {
                        assert_eq!(code, Some(6), "a push to a killed gateway can't connect, or is cut off");
                    }
                    if began_dead {
                        refused_later.lock().unwrap().push(code);
                    }
                }
            });
        }
        // What is stored now, and was written to disk by a write that began after that.
        wait_until("300 pushes", || stored.lock().unwrap().len() >= 300);
        let stored_now = stored.lock().unwrap().clone();
        wait_for_writes(&file, 2);
        drop(gateway);
        is_dead.store(true, Ordering::SeqCst);
        stored_now
    });

    let stored = stored.into_inner().unwrap();
    assert!(stored.len() < PUSHES, "the gateway was killed too late");
    let refused_later = refused_later.into_inner().unwrap();
    assert!(!refused_later.is_empty() && refused_later.iter().all(|code| *code != Some(0)));

    let revived = Gateway::start(program, &flags);
    let kept = numbers(&revived);
    assert!(surely_kept.is_subset(&kept), "lost: {:?}", surely_kept.difference(&kept));
    // A push that failed may be there all the same (the answer was lost), but only one that was under way at the end.
    let unsaid = kept.difference(&stored).count();
    assert!(unsaid <= 8, "{unsaid} groups are there that nobody was told of");
}

/// Waits until the file was replaced so often.
fn wait_for_writes(file: &Path, times: usize) {
    let identity = || std::fs::metadata(file).map(|metadata| (metadata.ino(), metadata.mtime_nsec())).ok();
    for _ in 0..times {
        let before = identity();
        wait_until("the gateway writes its store to disk", || identity() != before);
    }
}

#[test]
#[ignore = "needs Pushgateways"]
fn five_hundred_push_at_once() {
    const PUSHES: usize = 500;
    on_every_gateway(|gateway| {
        let start = |n: usize| -> Child {
            Command::new(env!("CARGO_BIN_EXE_pushgw"))
                .args(["push", "-j", "crowd", "-l", &format!("n={n}"), "-m", &format!("number {n}")])
                .env_clear()
                .env("PUSHGATEWAY_URL", gateway.url())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let pushes: Vec<Child> = (0..PUSHES).map(start).collect();
        let failed: Vec<String> = pushes
            .into_iter()
            .map(|push| push.wait_with_output().unwrap())
            .filter(|output| !output.status.success() || !output.stderr.is_empty())
            .map(|output| format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
            .collect();
        assert!(failed.is_empty(), "{} failed, among them:\n{}", failed.len(), failed[0]);
        assert_eq!(numbers(gateway), (0..PUSHES).collect());
        let mut expected: Vec<String> =
            (0..PUSHES).map(|n| format!("number{{instance=\"\",job=\"crowd\",n=\"{n}\"}} {n}")).collect();
        expected.sort();
        assert_eq!(gateway.samples(), expected);
    });
}
