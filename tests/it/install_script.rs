//! Tests `packaging/install.sh` in dash and busybox, as an ordinary user. The release comes from a local server, and
//! its archive contains a script as the program. `packaging/test` uses real archives in clean Debian systems.

use crate::support::release::{archive_name, output, write_program};
use crate::support::{Pushgw, Server, is_installed, program, read_repo_file};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::Command;

/// The user and group `nobody`.
const NOBODY: u32 = 65534;

const FILES: [&str; 3] = ["bin/pushgw", "share/doc/pushgw/LICENSE", "share/man/man1/pushgw.1"];

/// Returns the files of a release with a program that only prints its version.
fn release(version: &str, files: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let text = format!("#!/bin/sh\necho pushgw {version}\n");
    crate::support::release::release(version, files, &text)
}

/// An unprivileged user with an empty home folder, and a shell with the programs in PATH.
struct User {
    folder: tempfile::TempDir,
    shell: Vec<String>,
    path: String,
}

impl User {
    /// Returns a user of dash with the machine's programs, if dash is installed.
    fn with_dash() -> Option<Self> {
        let path = std::env::var("PATH").unwrap();
        is_installed("dash").then(|| Self::new(&["dash"], path))
    }

    /// Returns a user of busybox with only its own programs, if busybox is installed.
    fn with_busybox() -> Option<Self> {
        is_installed("busybox").then(|| {
            let user = Self::new(&["busybox", "sh"], String::new());
            let applets = user.folder.path().join("bin");
            fs::create_dir(&applets).unwrap();
            output(Command::new("busybox").args(["--install", "-s"]).arg(&applets));
            Self { path: applets.to_str().unwrap().to_owned(), ..user }
        })
    }

    fn new(shell: &[&str], path: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        fs::write(folder.path().join("install.sh"), read_repo_file("packaging/install.sh")).unwrap();
        if rustix::process::geteuid().is_root() {
            chown(folder.path().join("home"), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        Self { folder, shell: shell.iter().map(|&word| word.to_owned()).collect(), path }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Returns a call of the shell in the user's home folder.
    fn shell(&self, args: &[&str]) -> Pushgw {
        let mut call = program("env").arg("-C").arg(self.home());
        if rustix::process::geteuid().is_root() {
            call = call
                .args(["setpriv", "--clear-groups"])
                .args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
        }
        call.args(["env", "-i"])
            .arg(format!("HOME={}", self.home().display()))
            .arg(format!("PATH={}", self.path))
            .arg(which(&self.shell[0]))
            .args(&self.shell[1..])
            .args(args)
    }

    /// Returns a call of install.sh with `PUSHGW_DOWNLOAD_URL`.
    fn install(&self, from: &str, args: &[&str]) -> Pushgw {
        let script = format!("PUSHGW_DOWNLOAD_URL='{from}' && export PUSHGW_DOWNLOAD_URL && . ../install.sh");
        self.shell(&[&["-c", &script, "install.sh"], args].concat())
    }

    /// Returns all files and folders below the home folder, relative to it.
    fn files(&self) -> BTreeSet<String> {
        let list = output(Command::new("find").args([".", "-mindepth", "1"]).current_dir(self.home()));
        String::from_utf8(list).unwrap().lines().map(|line| line[2..].to_owned()).collect()
    }
}

/// Returns the path of a program, which may not be in the user's PATH.
fn which(name: &str) -> String {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.map_or_else(|| name.to_owned(), |file| file.to_str().unwrap().to_owned())
}

fn users() -> Vec<User> {
    [User::with_dash(), User::with_busybox()].into_iter().flatten().collect()
}

#[test]
fn installs_updates_and_removes() {
    let old = Server::serving(release("1.2.3", &[&FILES[..], &["share/old"]].concat()));
    let new = Server::serving(release("1.2.4", &FILES));
    for user in users() {
        let program_path = user.home().join(".local/bin/pushgw");
        let call = user.install(&old.url(), &[]);
        let done =
            call.stdout_has(format!("installed pushgw 1.2.3 to {}\n", program_path.display())).run().stdout();
        assert!(done.contains("/.local/bin is not in PATH"), "{done}");
        assert_eq!(output(&mut Command::new(&program_path)), b"pushgw 1.2.3\n");
        assert!(user.files().contains(".local/share/old"));

        user.install(&format!("{}/", new.url()), &[]).stdout_has("installed pushgw 1.2.4").run();
        assert_eq!(output(&mut Command::new(&program_path)), b"pushgw 1.2.4\n");
        let files = user.files();
        assert!(!files.contains(".local/share/old"), "{files:?}");
        for file in FILES {
            assert!(files.contains(&format!(".local/{file}")), "{file} in {files:?}");
        }

        // A folder that contains another file is not removed.
        let mine = user.home().join(".local/share/man/mine");
        fs::write(&mine, "").unwrap();
        let prefix = user.home().join(".local");
        user.install("", &["--uninstall"])
            .stdout(format!("install.sh: removed pushgw from {}\n", prefix.display()))
            .run();
        let left = [".local", ".local/share", ".local/share/man", ".local/share/man/mine"];
        assert_eq!(user.files(), left.map(str::to_owned).into());
        user.install("", &["--uninstall"]).code(1).stderr_has("install.sh did not install pushgw to").run();
    }
}

#[test]
fn installs_to_a_prefix_from_a_pipe() {
    let server = Server::serving(release("1.2.3", &FILES));
    for user in users() {
        let prefix = user.home().join("a b");
        user.shell(&["-s", "--", "--prefix", "a b"])
            .stdin(format!(
                "PUSHGW_DOWNLOAD_URL={}\n{}",
                server.url(),
                read_repo_file("packaging/install.sh")
            ))
            .stdout_has("installed pushgw 1.2.3 to a b/bin/pushgw\n")
            .run();
        assert_eq!(output(&mut Command::new(prefix.join("bin/pushgw"))), b"pushgw 1.2.3\n");
        user.install("", &["--uninstall", "--prefix=a b"]).any_stdout().run();
        assert_eq!(user.files(), ["a b".to_owned()].into());
    }
}

#[test]
fn installs_from_a_folder() {
    for user in users() {
        let folder = user.folder.path().join("release");
        fs::create_dir(&folder).unwrap();
        for (name, bytes) in release("1.2.3", &FILES) {
            fs::write(folder.join(&name[1..]), bytes).unwrap();
        }
        user.install(folder.to_str().unwrap(), &[]).stdout_has("installed pushgw 1.2.3").run();
    }
}

/// Asserts that installing from this server fails and changes nothing.
#[track_caller]
fn refuses(server: &Server, error: &str) {
    for user in users() {
        user.install(&server.url(), &[]).code(1).stderr_has(error).run();
        assert_eq!(user.files(), BTreeSet::new());
    }
}

#[test]
fn a_wrong_checksum_installs_nothing() {
    let mut files = release("1.2.3", &FILES);
    let archive = format!("/{}", archive_name("1.2.3"));
    *files.get_mut(&archive).unwrap().last_mut().unwrap() ^= 1;
    let error = format!("install.sh: error: {} does not have the checksum in SHA256SUMS", &archive[1..]);
    refuses(&Server::serving(files), &error);
}

#[test]
fn a_download_that_is_cut_off_installs_nothing() {
    let files = release("1.2.3", &FILES);
    let server = Server::start(move |connection, _| {
        while let Some(request) = connection.read_request() {
            let body = &files[&request.path];
            if request.path.ends_with("SUMS") {
                connection.answer(200, &[], body);
            } else {
                connection.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()));
                connection.send(&body[..body.len() / 2]);
                return;
            }
        }
    });
    // busybox's wget may not notice, but then the checksum differs.
    refuses(&server, "install.sh: error: ");
}

#[test]
fn a_script_that_is_cut_off_does_nothing() {
    let script = read_repo_file("packaging/install.sh");
    let server = Server::unused();
    let Some(user) = User::with_dash() else { return };
    let last_line = script.rfind("{ main").unwrap();
    // The script is cut before the closing brace in its last line.
    for end in (0..last_line).step_by(500).chain(last_line..script.len() - 1) {
        user.shell(&[])
            .stdin(format!("PUSHGW_DOWNLOAD_URL={}\n{}", server.url(), &script[..end]))
            .any_code()
            .any_stdout()
            .any_stderr()
            .run();
        assert_eq!(user.files(), BTreeSet::new(), "after {end} bytes of the script");
    }
}

#[test]
fn a_release_without_an_archive_for_this_machine_is_an_error() {
    let files = BTreeMap::from([("/SHA256SUMS".to_owned(), b"0  pushgw-1.2.3-vax.tar.gz\n".to_vec())]);
    let error = format!("/SHA256SUMS lists no archive for {}\n", std::env::consts::ARCH);
    refuses(&Server::serving(files), &error);
}

#[test]
fn an_unsupported_system_is_an_error_that_mentions_cargo() {
    for (system, machine) in [("Darwin", "arm64"), ("Linux", "vax")] {
        let Some(mut user) = User::with_dash() else { return };
        let uname = format!("#!/bin/sh\n[ $1 = -s ] && echo {system} || echo {machine}\n");
        write_program(&user.folder.path().join("fake/uname"), &uname);
        user.path = format!("{}:{}", user.folder.path().join("fake").display(), user.path);
        let expected = format!(
            "there is no archive for {}: build pushgw with cargo\n",
            if system == "Linux" { machine } else { system }
        );
        user.install("/nowhere", &[]).code(1).stderr(format!("install.sh: error: {expected}")).run();
    }
}

#[test]
fn invalid_calls_are_errors() {
    for user in users() {
        user.install("", &[]).code(1).stderr_has("error: set PUSHGW_DOWNLOAD_URL to the folder").run();
        user.install("", &["--prefix"]).code(1).stderr_has("error: --prefix needs a folder\n").run();
        user.install("", &["--purge"]).code(2).stderr_has("usage: sh install.sh").run();
        user.install("", &["--help"]).stdout_has("usage: sh install.sh").run();
        user.install("/nowhere", &[]).code(1).stderr_has("error: cannot read /nowhere/SHA256SUMS\n").run();
        let folder = user.folder.path().join("not-writable");
        fs::create_dir(&folder).unwrap();
        if rustix::process::geteuid().is_root() {
            let server = Server::serving(release("1.2.3", &FILES));
            user.install(&server.url(), &["--prefix", folder.to_str().unwrap()])
                .code(1)
                .stderr_has("error: cannot create ")
                .run();
        }
    }
}
