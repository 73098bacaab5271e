//! Makes the release build smaller. It aborts on a panic, so nothing looks up the tables for unwinding by their index.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=packaging/build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    }
}
