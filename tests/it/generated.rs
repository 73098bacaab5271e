//! What is generated from the options and checked in: completions and manual pages. To make them anew:
//! `SNAPSHOTS=overwrite cargo test --test it generated`.

use clap_complete::Shell;
use clap_mangen::Man;
use snapbox::Data;
use std::path::Path;

fn check(path: &str, made: Vec<u8>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if !file.exists() && std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        std::fs::write(&file, &made).unwrap();
    }
    let made = String::from_utf8(made).unwrap();
    // snapbox names the command that regenerates where the two differ.
    snapbox::assert_data_eq!(made, Data::read_from(&file, None).raw());
}

#[test]
fn completions() {
    for (shell, path) in [
        (Shell::Bash, "completions/pushgw.bash"),
        (Shell::Zsh, "completions/_pushgw"),
        (Shell::Fish, "completions/pushgw.fish"),
    ] {
        let mut made = Vec::new();
        clap_complete::generate(shell, &mut pushgw::command_line(), "pushgw", &mut made);
        check(path, made);
    }
}

#[test]
fn manual_pages() {
    let mut command = pushgw::command_line();
    command.build();
    for page in std::iter::once(&command).chain(command.get_subcommands()) {
        // Leaked, because clap keeps names for the length of the program.
        let name: &str = page.get_display_name().unwrap_or("pushgw").to_owned().leak();
        let mut made = Vec::new();
        let man = Man::new(page.clone().name(name)).date("").manual("").render(&mut made);
        man.unwrap();
        check(&format!("man/{name}.1"), made);
    }
}
