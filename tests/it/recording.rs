//! Tests that the picture in README, `examples/recording.svg`, shows what the program prints on a terminal, with a real
//! gateway. To update it: `SNAPSHOTS=overwrite cargo test --test it recording -- --include-ignored`.

use crate::readme::{GATEWAY_NAME, timeless};
use crate::support::{Gateway, Tty, is_installed, newest_gateway, repo_file, shell};
use snapbox::data::{Data, DataFormat};
use std::fmt::Write as _;
use std::fs;

/// `backup.prom` has a decimal comma, and `HOST_NAME` is unset.
const COMMANDS: &[&str] = &[
    "pushgw push -j db_backup backup.prom",
    "sed -i s/12,5/12.5/ backup.prom && pushgw push -j db_backup backup.prom",
    "pushgw push -j db_backup -i \"$HOST_NAME\" backup.prom",
    "curl -so /dev/null -w '%{http_code}\\n' --data-binary @backup.prom \\\n    localhost:9091/metrics/job/db_backup/instance/$HOST_NAME",
    "pushgw list",
    "pushgw delete -j db_backup -l instance= && pushgw list",
];

#[test]
#[ignore = "needs a real Pushgateway (fetched on first use)"]
fn the_picture_in_readme_is_what_a_terminal_shows() {
    if !is_installed("curl") {
        return;
    }
    let gateway = Gateway::start(newest_gateway(), &[]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("backup.prom"), "backup_seconds 12,5\nbackup_size_bytes 3e9\n").unwrap();
    let address = gateway.address().to_string();
    let mut seen = String::new();
    for command in COMMANDS {
        let script = format!("cd '{}'; {}", folder.path().display(), command.replace(GATEWAY_NAME, &address));
        let ran = shell(&script)
            .on(&gateway)
            .env("LC_ALL", "C.UTF-8")
            // Use colors, but no progress line, which would appear only on a slow machine.
            .env("CLICOLOR_FORCE", "1")
            .env("TERM", "dumb")
            .tty(&[Tty::Stdin, Tty::Stdout, Tty::Stderr], 96)
            .any_code()
            .run();
        let screen = ran.screen().replace(&address, GATEWAY_NAME);
        _ = write!(seen, "\x1b[2m$\x1b[0m \x1b[1m{command}\x1b[0m\n{}", timeless(&screen));
    }
    let picture = repo_file("examples/recording.svg");
    snapbox::assert_data_eq!(seen, Data::read_from(&picture, Some(DataFormat::TermSvg)).raw());
}
